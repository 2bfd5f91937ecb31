"""What rows are held against: the events as they were recorded, and how a difference is said."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from scanstraat import logstand
from scanstraat.tables import (
    ActorRow,
    BatchRow,
    GebeurtenisRow,
)
from scanstraat.tables_bewijs import (
    DoosRow,
    PersoonRow,
    VerklaringRow,
    VerpaktRow,
)
from vernietiging.errors import GebeurtenisError
from vernietiging.gebeurtenis import canonical_json, verpak

# What of the events that came back from the log (`herstel`) holds all the same: what forbids, and what was done to
# paper. `herstelrijen` makes their rows again as far as it can. What the others allowed is not there any more.
BLIJFT = (
    *("stop.geplaatst", "stop.opgeheven", "mandaat.ingetrokken", "termijn.verlengd"),
    *("uitzondering.vastgelegd", "uitzondering.ingetrokken", "batch.gebonden", "documentversie.gearchiveerd"),
    *("doos.gemaakt", "doos.verplaatst", "doos.gevuld", "doos.geleegd", "doos.gesloten", "doos.geopend"),
    *("lijst.ingetrokken", "vrijgave.ingetrokken", "vernietiging.opgedragen"),
    *("vernietiging.uitgevoerd", "vernietiging.zonder_grond", "vernietiging.mislukt"),
)


SPELING = timedelta(hours=1)  # between the time in a row and that of its event
UIT_LOGBOEK = "teruggehaald uit het logboek; de woorden zijn verloren"


BEKEND = (
    "De database is teruggezet; dit ging daarbij verloren, en het logboek weet het nog. Wat u doet staat in de "
    'handleiding van de beheerder bij "Na het herstel".'
)


SLEUTELS = "sleutels"  # in the info of a session: which of the commitments in it can be made again


class Sleutels(StrEnum):
    """Which keys of commitments must be there; one that need not be there is not compared."""

    ALLE = "alle"  # of the record itself
    OF_GEWIST = "of gewist"  # one that says it was erased is not compared: elsewhere it is for others to judge
    GEEN = "geen"  # they were all left out


class Wat(StrEnum):
    """What a difference is about."""

    GEBEURTENIS = "gebeurtenis"
    RIJ = "rij"
    BATCH = "batch"
    SCANOPERATOR = "scanoperator"
    DUBBEL = "dubbel"
    BEWERKING = "bewerking"
    PAGINA = "pagina"
    AFLEVERING = "aflevering"
    PERSOON = "persoon"
    MANDAAT = "mandaat"
    STOP = "stop"
    BESLUIT = "besluit"
    BINDING = "binding"
    TERMIJN = "termijn"
    UITZONDERING = "uitzondering"
    DOOS = "doos"
    DOCUMENT = "document"
    ZAAK = "zaak"
    BEVINDING = "bevinding"
    VERZEGELING = "verzegeling"
    OORDEEL = "oordeel"
    LIJST = "lijst"
    LAATSTE_BLIK = "laatste blik"
    VRIJGAVE = "vrijgave"
    OPDRACHT = "opdracht"
    UITVOERING = "uitvoering"
    VERKLARING = "verklaring"
    BACKUP = "back-up"


@dataclass(frozen=True)
class Verschil:
    """One thing of which the database says something else than the events."""

    wat: Wat
    tekst: str  # a Dutch sentence, without names or numbers of zaken
    bekend: bool = False  # the row was lost with the database, as two people declared; its event came back from the log


@dataclass(frozen=True)
class Vastgelegd:
    """An event as it is needed here, with the keys of what it holds a commitment to."""

    id: UUID
    soort: str
    actor: UUID
    onderwerp: UUID
    gegevens: Mapping[str, Any]
    sleutels: Mapping[str, str | None]
    op: str
    is_terug: bool = False  # came back from the log after a rollback: nobody has its keys any more
    nodig: Sleutels = Sleutels.ALLE

    def holds(self, veld: str, inhoud: Any) -> bool:
        """Whether the commitment in this field is one to `inhoud`; no when its key is gone, unless that may be."""
        if (
            self.is_terug
            or self.nodig is Sleutels.GEEN
            or (self.nodig is Sleutels.OF_GEWIST and veld in self.sleutels and self.sleutels[veld] is None)
        ):
            return True
        sleutel = self.sleutels.get(veld)
        try:
            return sleutel is not None and verpak(bytes.fromhex(sleutel), inhoud) == self.gegevens[veld]
        except (GebeurtenisError, ValueError):
            return False


# --- loading ------------------------------------------------------------------------------------------------------


def load_vastgelegd(session: Session, *soorten: str, ids: Collection[UUID] | Any | None = None) -> list[Vastgelegd]:
    """Return the events of these kinds in the order in which they were written, of these subjects only if given."""
    kolommen = (
        GebeurtenisRow.id, GebeurtenisRow.soort, GebeurtenisRow.actor_log_id, GebeurtenisRow.onderwerp_log_id,
        GebeurtenisRow.gegevens, GebeurtenisRow.volgnummer, GebeurtenisRow.op, VerpaktRow.veld, VerpaktRow.sleutel,
    )  # fmt: skip
    vraag = (
        sa.select(*(col(kolom) for kolom in kolommen))
        .outerjoin(VerpaktRow, col(VerpaktRow.gebeurtenis_id) == GebeurtenisRow.id)
        .where(col(GebeurtenisRow.soort).in_(soorten))
        .order_by(col(GebeurtenisRow.volgnummer))
    )
    if ids is not None:
        vraag = vraag.where(col(GebeurtenisRow.onderwerp_log_id).in_(ids))
    terug = find_teruggebracht(session)
    for van, tot in terug:
        uit_het_logboek = col(GebeurtenisRow.volgnummer).between(van, tot - 1)
        vraag = vraag.where(sa.or_(~uit_het_logboek, col(GebeurtenisRow.soort).in_(BLIJFT)))
    nodig = session.info.get(SLEUTELS, Sleutels.ALLE)
    sleutels: dict[UUID, dict[str, str | None]] = defaultdict(dict)
    gevonden: dict[UUID, Vastgelegd] = {}
    for id_, soort, actor, onderwerp, gegevens, nummer, op, veld, sleutel in session.execute(vraag):
        if veld is not None:
            sleutels[id_][veld] = sleutel
        is_terug = any(van <= nummer < tot for van, tot in terug)
        gevonden[id_] = Vastgelegd(id_, soort, actor, onderwerp, gegevens, sleutels[id_], op, is_terug, nodig)
    return list(gevonden.values())


def find_teruggebracht(session: Session) -> list[tuple[int, int]]:
    """Return the numbers (from, up to) of events that came back from the log after a rollback, without their rows."""
    rijen = session.exec(select(GebeurtenisRow.volgnummer, GebeurtenisRow.gegevens).where(logstand.IS_HERSTEL))
    return [
        (volgnummer - gegevens["ingevoegd"], volgnummer)
        for volgnummer, gegevens in rijen
        if volgnummer is not None and gegevens["volgnummer"] == 1
    ]


def group_per(gebeurtenissen: Iterable[Vastgelegd], veld: str = "") -> dict[UUID, list[Vastgelegd]]:
    """Return the events by their subject, or by the id in one of their fields."""
    per: dict[UUID, list[Vastgelegd]] = defaultdict(list)
    for gebeurtenis in gebeurtenissen:
        per[UUID(gebeurtenis.gegevens[veld]) if veld else gebeurtenis.onderwerp].append(gebeurtenis)
    return per


def load_wie(session: Session) -> dict[UUID | None, UUID]:
    """Return the id in the log of everybody, by the id that rows have of the actor or of the persoon."""
    personen_ = sa.select(col(PersoonRow.id), col(ActorRow.log_id)).join(
        ActorRow, col(ActorRow.id) == PersoonRow.actor_id
    )
    actoren = sa.select(col(ActorRow.id), col(ActorRow.log_id))
    return dict([*session.execute(actoren).all(), *session.execute(personen_).all()])


def is_gedaan(gebeurtenis: Vastgelegd, wie: UUID | None, op: str | None) -> bool:
    """Whether a row says of who did it (by the log) and when what the event says; its row may have come back anew."""
    return gebeurtenis.is_terug or (gebeurtenis.actor == wie and is_zelfde_tijd(op, gebeurtenis.op))


def say_anders(wat: Wat, wie: str, *, bekend: bool = False) -> Verschil:
    return Verschil(wat, f"{wie} staat anders in de database dan is vastgelegd.", bekend)


def say_weg(wat: Wat, wie: str, *, bekend: bool = False) -> Verschil:
    return Verschil(wat, f"{wie} is vastgelegd, maar staat niet meer in de database.", bekend)


def say_nooit(wat: Wat, wie: str) -> Verschil:
    return Verschil(wat, f"{wie} staat in de database, maar is nooit vastgelegd.")


def shorten(id_: UUID) -> str:
    return str(id_)[:8]


def digest_json(inhoud: Any) -> str:
    try:
        return hashlib.sha256(canonical_json(inhoud)).hexdigest()
    except GebeurtenisError:
        return ""


def say_batch(session: Session, log_id: UUID) -> str:
    return session.exec(select(BatchRow.nummer).where(BatchRow.log_id == log_id)).first() or shorten(log_id)


def say_wat(session: Session, log_id: UUID) -> str:
    """Return what people call a batch, a doos or a verklaring, or else the number that the log has for it."""
    for tabel in (BatchRow, DoosRow, VerklaringRow):
        nummer = session.exec(select(tabel.nummer).where(tabel.log_id == log_id)).first()
        if nummer is not None:
            return nummer
    return shorten(log_id)


def is_zelfde_tijd(een: str | None, ander: str) -> bool:
    try:
        return abs(datetime.fromisoformat(str(een)) - datetime.fromisoformat(ander)) <= SPELING
    except (TypeError, ValueError):  # no time at all, or one without a zone
        return False
