"""What people did after a back-up that was put back: only the log knows it, and they must know what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_words
from scanstraat import backup
from scanstraat.bootstrap import Basis
from scanstraat.rijen import find_teruggebracht, shorten
from scanstraat.tables import ActorRow, BatchRow, DocumentRow, GebeurtenisRow, LogregelRow
from scanstraat.tables_bewijs import DoosRow, OpdrachtRow, StopRow, VerklaringRow, VernietigingslijstRow

_KEUR = "Keur de batch opnieuw."
_DOOS = "Kijk na of haar inhoud klopt, en leg opnieuw vast waar zij staat: scanstraat doos verplaats"
_WEG = "Het papier is weg. Bewaar het bewijs van het bedrijf; het logboek bewijst de rest."
_VERZEGELD = "documentversie.verzegeld"
# What each of these was, and what to do now; what is not here needs nothing of people.
_SOORTEN: Mapping[str, tuple[str, str]] = {
    "batch.ontvangen": (
        "ingenomen",
        "Staat de batch niet bij `batches`? Is haar papier er nog, scan het dan opnieuw. Is het vernietigd, dan staan "
        "de scans nog in hun zaak en in de opslag.",
    ),
    _VERZEGELD: (
        "document van een verloren batch",
        "Zijn archiefbestand staat onder deze SHA-256 in de opslag, en in zijn zaak. Is het papier vernietigd, dan "
        "vervangt dit bestand het papier. Noteer bij de zaak deze SHA-256 en het nummer van de regel.",
    ),
    "batch.klaargemeld": ("klaargemeld", "Kijk de batch opnieuw na en meld haar klaar."),
    "bewerking": ("bewerkt", "Kijk de batch na en bewerk haar opnieuw."),
    "document.gekoppeld": ("document gekoppeld", "Kijk na of het document aan de goede zaak hangt."),
    "document.ontkoppeld": ("document ontkoppeld", "Kijk na of het document aan de goede zaak hangt."),
    "batch.goedgekeurd": ("goedgekeurd", _KEUR),
    "batch.afgekeurd": ("afgekeurd", f"{_KEUR} Kijk na wat er toen mis was."),
    "persoon.vastgelegd": ("persoon vastgelegd", "Leg deze persoon opnieuw vast, als die nog nodig is."),
    "aanmelding.gewijzigd": (
        "aanmelding gewijzigd",
        "Het wachtwoord en de code van voor de back-up gelden weer. Geef zo nodig een nieuw wachtwoord.",
    ),
    "mandaat.verleend": ("mandaat verleend", "Het geldt niet. Verleen het opnieuw, als het nog nodig is."),
    "besluit.vastgelegd": ("besluit vastgelegd", "Leg het opnieuw vast."),
    "handboek.vastgelegd": ("handboek vastgelegd", "Leg het opnieuw vast."),
    "uitzondering.vastgelegd": (
        "uitzondering vastgelegd",
        "Het papier blijft. Waar het ligt is verloren: trek de uitzondering in en leg haar opnieuw vast.",
    ),
    "doos.gemaakt": ("doos gemaakt", _DOOS),
    "doos.gevuld": ("doos gevuld", _DOOS),
    "doos.geleegd": ("papier uit een doos gehaald", _DOOS),
    "doos.verplaatst": ("doos verplaatst", _DOOS),
    "stop.geplaatst": (
        "stop geplaatst",
        "De stop geldt. Op een zaak: plaats hem opnieuw op de goede zaak en hef deze op.",
    ),
    "stop.opgeheven": ("stop opgeheven", "De stop is weer opgeheven."),
    "lijst.ingetrokken": ("vernietigingslijst ingetrokken", "Zij blijft ingetrokken."),
    "vrijgave.ingetrokken": ("vrijgave ingetrokken", "Die blijft ingetrokken."),
    "laatste_blik.gedaan": ("laatste blik", "De lijst is ingetrokken. Maak haar opnieuw, met een nieuwe blik."),
    "lijst.voorgesteld": ("vernietigingslijst gemaakt", "Maak haar opnieuw, als het papier er nog is."),
    "vrijgave": ("vrijgave", "Die geldt niet meer."),
    "vernietiging.opgedragen": (
        "opdracht tot vernietiging",
        "De opdracht geldt niet meer. Bel het bedrijf: is het papier er nog, haal het dan terug.",
    ),
    "container.opgehaald": ("container opgehaald", "Zoek uit waar zij is, en haal terug wat er nog is."),
    "vernietiging.uitgevoerd": ("vernietigd", _WEG),
    "vernietiging.zonder_grond": ("vernietigd zonder grond", _WEG),
    "vernietiging.mislukt": ("niet of niet helemaal vernietigd", "Zoek uit wat er nog is, en bewaar dat bij elkaar."),
    "verklaring.opgemaakt": (
        "verklaring opgemaakt",
        "Haar nummer wordt niet opnieuw gebruikt. Bewaar wat is getekend.",
    ),
    "verklaring.ondertekend": ("verklaring ondertekend", "Bewaar wat is getekend."),
}


@dataclass(frozen=True)
class Teruggehaald:
    """One event that came back from the log, and what it means for the people who go on."""

    regel: int | None
    op: str
    wat: str
    waarover: str
    wie: str
    doe: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def load_teruggehaald(basis: Basis, session: Session) -> list[Teruggehaald]:
    """Return, oldest first, what came back from the log at every rollback and what people must know of."""
    nummer_ = col(GebeurtenisRow.volgnummer)
    # what came back at one rollback may come back again at a later one
    terug = sa.or_(sa.false(), *(nummer_.between(van, tot - 1) for van, tot in find_teruggebracht(session)))
    rijen = session.execute(
        sa.select(GebeurtenisRow, col(LogregelRow.nummer), col(ActorRow.naam))
        .outerjoin(LogregelRow, col(LogregelRow.gebeurtenis) == nummer_)
        .outerjoin(ActorRow, col(ActorRow.log_id) == GebeurtenisRow.actor_log_id)
        .where(terug, col(GebeurtenisRow.soort).in_(_SOORTEN))
        .order_by(nummer_)
    ).all()
    return [
        Teruggehaald(
            nummer,
            rij.op,
            _SOORTEN[rij.soort][0],
            ", ".join(_say_waarover(basis, session, rij)),
            naam or "niet meer bekend",
            _say_doe(basis, rij),
        )
        for rij, nummer, naam in rijen
        if _is_te_melden(session, rij)
    ]


def _is_te_melden(session: Session, rij: GebeurtenisRow) -> bool:
    """Of a document that is lost with its batch only what was sealed is told; of another only what people decided."""
    if rij.soort == _VERZEGELD:
        batch = UUID(rij.gegevens["batch"])
        bekend = sa.select(sa.exists().where(col(BatchRow.log_id) == batch))
        later = sa.select(sa.func.count()).where(
            col(GebeurtenisRow.soort) == "batch.verzegeld",
            col(GebeurtenisRow.onderwerp_log_id) == batch,
            col(GebeurtenisRow.volgnummer) > rij.volgnummer,
        )
        # only as it was sealed last: its own sealing is written after its documents
        return not session.execute(bekend).scalar_one() and session.execute(later).scalar_one() <= 1
    return not rij.soort.startswith("document.") or (
        session.get(DocumentRow, UUID(rij.gegevens["document"])) is not None
    )


def _say_waarover(basis: Basis, session: Session, rij: GebeurtenisRow) -> Iterator[str]:
    gegevens = rij.gegevens
    if rij.soort == "vernietiging.opgedragen":
        yield _say_opdracht(basis, gegevens["opdracht"])
    elif rij.soort == "container.opgehaald":
        yield _find_opdracht(session, rij.onderwerp_log_id)
    elif rij.soort == _VERZEGELD:
        paginas = count_words(gegevens["paginas"], "pagina", "pagina's")
        yield f"{paginas} van {_name(session, UUID(gegevens['batch']))}"
        yield f"SHA-256 {gegevens['pdf']}"
    elif rij.soort == "verklaring.opgemaakt":
        yield str(gegevens["nummer"]).upper()
    else:
        yield _name(session, rij.onderwerp_log_id)
    if "bladen" in gegevens and "batch" in gegevens:
        aantal = count_words(gegevens["bladen"], "blad", "bladen")
        yield f"{_name(session, UUID(gegevens['batch']))} ({aantal})"
    if "document" in gegevens:
        document = session.get(DocumentRow, UUID(gegevens["document"]))
        yield f"document {gegevens['document'][:8]}{' (verloren)' if document is None else ''}"
    if "rol" in gegevens:
        yield str(gegevens["rol"])


def _say_doe(basis: Basis, rij: GebeurtenisRow) -> str:
    if rij.soort == _VERZEGELD and not basis.opslag.heeft(rij.gegevens["pdf"]):
        return (
            "Zijn archiefbestand is niet in deze opslag. Zoek het in de back-up en in zijn zaak: dat met deze SHA-256."
        )
    return _SOORTEN[rij.soort][1]


def _say_opdracht(basis: Basis, sha256: str) -> str:
    """Say which order it was: of what is in the store, when that is what the log means."""
    with suppress(OSError, ValueError, LookupError):
        if backup.fingerprint(basis.opslag.pad(sha256)).sha256 == sha256:
            opdracht = json.loads(basis.opslag.pad(sha256).read_bytes())
            dozen = sorted(doos for container in opdracht["containers"] for doos in container["dozen"])
            return f"{opdracht['nummer']} aan {opdracht['bedrijf']}: {', '.join(dozen)}"
    return f"opdracht {sha256[:8]}"


def _find_opdracht(session: Session, lijst: UUID) -> str:
    nummer = session.exec(
        select(OpdrachtRow.nummer)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == OpdrachtRow.lijst_id)
        .where(VernietigingslijstRow.log_id == lijst)
    ).first()
    return f"{shorten(lijst)} (verloren)" if nummer is None else f"opdracht {nummer}"


def _name(session: Session, log_id: UUID) -> str:
    """Return what people call something that the log has a number for."""
    for tabel, naam in (
        (BatchRow, BatchRow.nummer),
        (DoosRow, DoosRow.nummer),
        (ActorRow, ActorRow.naam),
        (VernietigingslijstRow, VernietigingslijstRow.naam),
        (VerklaringRow, VerklaringRow.nummer),
    ):
        gevonden = session.exec(select(naam).where(tabel.log_id == log_id)).first()
        if gevonden is not None:
            return gevonden
    stop = session.exec(select(StopRow).where(StopRow.log_id == log_id)).first()
    return f"{shorten(log_id)} (verloren)" if stop is None else f"stop {shorten(stop.id)} op {stop.over}"
