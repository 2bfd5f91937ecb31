"""A list of dozen on its way to the shredder: proposed, looked at once more, released by two, ordered, carried out.

Each function is one step in the transaction of the caller, and refers to the lines of the log that it rests on. Who may
take a step is asked here; the database asks again (migration 0007).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.steekproef import build_zaad, draw_steekproef
from kwaliteitscontrole.woorden import count_words, name_lijst
from scanstraat import batchstatus, besluiten, db, keuren, logboek, papier, personen, poort, stops, storage
from scanstraat.bootstrap import Basis
from scanstraat.domain import Stuk, to_local
from scanstraat.errors import GeenMandaatError, NietGevondenError, NietMogelijkError
from scanstraat.personen import Aangemeld, Rol
from scanstraat.stops import Stopsoort
from scanstraat.tables import BatchRow, BeeldRow, BladRow, BronRow
from scanstraat.tables_bewijs import (
    DoosRow,
    LaatsteblikRow,
    LijstdoosRow,
    MandaatRow,
    OpdrachtRow,
    StopRow,
    TrekkingRow,
    UitvoeringRow,
    VernietigingslijstRow,
    VervoerRow,
    VrijgaveRow,
)
from vernietiging.errors import NietVrijgegevenError
from vernietiging.gebeurtenis import canonical_json
from vernietiging.grondslag import (
    VOOR_VRIJGAVE,
    Aanvraag,
    Feit,
    Vrijgave,
    find_belemmeringen,
    say_belemmeringen,
)
from vernietiging.vervangingsbesluit import DinNiveau

DEELS = "deels vernietigd"
KIJKERS = (Rol.DIV_MEDEWERKER, Rol.CONTROLEUR, Rol.GEMANDATEERDE, Rol.ARCHIVARIS)
UITVOERDERS = (Rol.DIV_MEDEWERKER, Rol.FUNCTIONEEL_BEHEERDER, Rol.GEMANDATEERDE)  # order, and record what came of it
_NAAM = re.compile(r"[0-9A-Za-z][0-9A-Za-z .,_-]{2,58}[0-9A-Za-z]")


@dataclass(frozen=True)
class Container:
    """A container of the destruction company, its seal, and the dozen that go into it."""

    nummer: str
    zegel: str
    dozen: tuple[str, ...]


@dataclass(frozen=True)
class Uitvoeringsfeiten:
    """What the company says of one doos that was destroyed."""

    uitgevoerd_op: datetime
    wijze: str
    niveau: str
    container: str
    zegel: str
    certificaatnummer: str
    certificaat_sha256: str

    @property
    def kenmerk(self) -> dict[str, str]:
        """How the certificate names it; the log holds a commitment to this."""
        return {
            "container": self.container,
            "zegel": self.zegel,
            "wijze": self.wijze,
            "certificaatnummer": self.certificaatnummer,
        }


# --- the list -----------------------------------------------------------------------------------------------------


def propose(
    basis: Basis, session: Session, naam: str, dozen: Sequence[DoosRow], wie: Aangemeld
) -> VernietigingslijstRow:
    """Put closed dozen on a new list, with everything in them as it is now.

    Raises:
        NietMogelijkError: a doos is open, empty, gone (wholly or in part), or on another list; or its batches are not
            sealed.
    """
    personen.verify_mandaat(session, wie, Rol.DIV_MEDEWERKER, Rol.FUNCTIONEEL_BEHEERDER, Rol.ARCHIVARIS)
    if not _NAAM.fullmatch(naam):
        raise NietMogelijkError(
            "De naam van een lijst heeft 4 tot 60 letters, cijfers, spaties, punten of streepjes, zoals: Lijst "
            "2026-01. Wie de tweede vrijgave doet, typt hem over."
        )
    if session.exec(select(VernietigingslijstRow.id).where(_is_naam(naam))).first() is not None:
        raise NietMogelijkError(f"{name_lijst(naam, 'De lijst')} bestaat al. Kies een andere naam.")
    if not dozen:
        raise NietMogelijkError("Noem minstens een doos.")
    for doos in dozen:
        if sum(ander.id == doos.id for ander in dozen) > 1:
            raise NietMogelijkError(f"Doos {doos.nummer} is twee keer genoemd. Noem elke doos een keer.")
        papier.verify_heel(session, doos)
        papier.verify_vrij(session, doos)
    _verify_hele_documenten(session, dozen)
    log_id = uuid4()
    inhoud = poort.build_inhoud(session, log_id, sorted(dozen, key=lambda doos: doos.nummer))
    vingerafdruk = basis.opslag.bewaar_bytes(canonical_json(inhoud))
    storage.save_object(session, vingerafdruk, "vernietigingslijst")
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "lijst.voorgesteld",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=log_id,
        inhoud=vingerafdruk.sha256,
        dozen=len(dozen),
        verpakt={"naam": {"naam": naam}},
    )
    lijst = VernietigingslijstRow(
        log_id=log_id,
        naam=naam,
        inhoud=inhoud,
        inhoud_sha256=vingerafdruk.sha256,
        op=db.now_text(),
        persoon_id=wie.persoon_id,
        gebeurtenis_id=gebeurtenis,
    )
    session.add(lijst)
    session.flush()
    session.add_all(LijstdoosRow(lijst_id=lijst.id, doos_id=doos.id) for doos in dozen)
    session.flush()
    return lijst


def _verify_hele_documenten(session: Session, dozen: Sequence[DoosRow]) -> None:
    """Return when every document goes as a whole: all its sheets lie in dozen of this list."""
    nummers = {doos.nummer for doos in dozen}
    for doos in dozen:
        for document in papier.find_documenten(session, doos.id):
            elders = [plek for plek in papier.find_vindplaatsen(session, document.id) if plek.doos not in nummers]
            if elders:
                raise NietMogelijkError(
                    f"Van document {str(document.id)[:8]} ligt blad {papier.format_bladen(p.blad for p in elders)} "
                    "niet in een doos van deze lijst. Leg het hele document in dozen van deze lijst, of neem het uit "
                    f"doos {doos.nummer}."
                )


def _is_naam(naam: str) -> Any:
    return sa.func.lower(VernietigingslijstRow.naam) == sa.func.lower(naam)


def lock_lijst(session: Session, lijst_id: UUID) -> VernietigingslijstRow:
    """Return a list and hold it until the end of the transaction: two steps on one list never cross."""
    return session.exec(
        select(VernietigingslijstRow).where(VernietigingslijstRow.id == lijst_id).with_for_update()
    ).one()


def withdraw_lijst(session: Session, lijst: VernietigingslijstRow, reden: str, wie: Aangemeld) -> None:
    """Take a list back; its dozen are free again.

    Raises:
        NietMogelijkError: it was ordered already, or there is no reason.
    """
    storage.hold_beslissing(session)
    personen.verify_mandaat(
        session, wie, Rol.DIV_MEDEWERKER, Rol.FUNCTIONEEL_BEHEERDER, Rol.ARCHIVARIS, Rol.GEMANDATEERDE
    )
    _verify_open(session, lijst)
    if not reden.strip():
        raise NietMogelijkError("Zeg waarom de lijst wordt ingetrokken.")
    for vrijgave in poort.find_vrijgaven(session, lijst.id):
        _end_vrijgave(session, lijst, vrijgave, reden, wie)
    lijst.ingetrokken_op, lijst.ingetrokken_door = db.now_text(), wie.persoon_id
    session.add(lijst)
    for rij in session.exec(
        select(LijstdoosRow).where(LijstdoosRow.lijst_id == lijst.id, col(LijstdoosRow.eraf_op).is_(None))
    ):
        rij.eraf_op = db.now_text()
        session.add(rij)
    storage.append_gebeurtenis(
        session,
        "lijst.ingetrokken",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=lijst.log_id,
        verpakt={"toelichting": {"reden": reden.strip()}},
    )


def _verify_open(session: Session, lijst: VernietigingslijstRow) -> None:
    if lijst.ingetrokken_op is not None:
        raise NietMogelijkError(f"{name_lijst(lijst.naam, 'De lijst')} is ingetrokken.")
    if find_opdracht(session, lijst.id) is not None:
        raise NietMogelijkError(
            f"Voor {name_lijst(lijst.naam)} is al opdracht gegeven. Moet het papier blijven? Zet dan een stop op de "
            "doos en bel het bedrijf."
        )


def find_opdracht(session: Session, lijst_id: UUID) -> OpdrachtRow | None:
    """Return the order of a list, if it was given."""
    return session.exec(select(OpdrachtRow).where(OpdrachtRow.lijst_id == lijst_id)).first()


# --- the last look ------------------------------------------------------------------------------------------------


def draw_blik(basis: Basis, session: Session, lijst: VernietigingslijstRow, doos: DoosRow) -> TrekkingRow:
    """Draw documents of a doos to lay beside the screen; what was drawn before for this list is returned.

    Of the sheets that belong to no document as many are drawn as of documents at most, from the same seed. That seed
    comes from the first checkpoint that covers the list.

    Raises:
        NietMogelijkError: the doos is not on the list, the list is closed, or there is no document in the doos.
    """
    _verify_open(session, lijst)
    bestaand = find_bliktrekking(session, lijst, doos)
    if bestaand is not None:
        return bestaand
    if doos.id not in {d.id for d in poort.load_dozen(session, lijst.id)}:
        raise NietMogelijkError(f"Doos {doos.nummer} staat niet op {name_lijst(lijst.naam)}.")
    voorgesteld = storage.load_logregel(session, lijst.gebeurtenis_id)
    documenten = papier.find_documenten(session, doos.id)
    if not documenten:
        raise NietMogelijkError(f"In doos {doos.nummer} zit geen enkel document. Haal haar van de lijst.")
    checkpoint, wortel = logboek.find_eerste_checkpoint(basis.config, voorgesteld)
    zaad = build_zaad(wortel, doos.log_id)
    aantal = _find_blikaantal(session, [inhoud[0] for inhoud in papier.load_inhoud(session, doos.id)])
    ids = [str(document.id) for document in documenten]
    bladen = [[str(batch.log_id), blad.nummer] for batch, blad in papier.find_losse_bladen(session, doos.id)]
    trekking = {
        "schema": "scanstraat.laatste_blik/2",
        "lijst": str(lijst.log_id),
        "doos": str(doos.log_id),
        "aantal": aantal,
        "documenten": ids,
        "getrokken": _draw(ids, aantal, zaad),
        "bladen": bladen,
        "getrokken_bladen": _draw(bladen, aantal, zaad),
    }
    return storage.save_trekking(
        session,
        basis.opslag,
        "laatste_blik.getrokken",
        doos.log_id,
        trekking,
        checkpoint=checkpoint,
        zaad=zaad,
        van={"doos_id": doos.id, "lijst_id": lijst.id},
        lijst=str(lijst.log_id),
        voorgesteld=voorgesteld,
    )


def _draw(waaruit: Sequence[Any], aantal: int, zaad: bytes) -> list[Any]:
    return [waaruit[plek] for plek in draw_steekproef(len(waaruit), aantal, zaad)] if waaruit else []


def is_hertrokken(trekking: TrekkingRow) -> bool:
    """Say whether the seed gives again what was drawn for a last look; an auditor asks this."""
    inhoud, zaad = trekking.trekking, bytes.fromhex(trekking.zaad)
    aantal = inhoud.get("aantal", max(1, len(inhoud["getrokken"])))  # the first version of this does not say
    return all(
        _draw(inhoud.get(waaruit, ()), aantal, zaad) == list(inhoud.get(getrokken, ()))
        for waaruit, getrokken in (("documenten", "getrokken"), ("bladen", "getrokken_bladen"))
    )


def find_bliktrekking(session: Session, lijst: VernietigingslijstRow, doos: DoosRow) -> TrekkingRow | None:
    """Return what was drawn of a doos for a list, if it was."""
    return session.exec(
        select(TrekkingRow).where(TrekkingRow.lijst_id == lijst.id, TrekkingRow.doos_id == doos.id)
    ).first()


def _find_blikaantal(session: Session, batches: Sequence[BatchRow]) -> int:
    bindingen = (besluiten.find_binding(session, batch.id) for batch in batches)
    return max((b.besluit.laatste_blik_documenten for b in bindingen if b is not None), default=5)


def record_blik(
    session: Session,
    lijst: VernietigingslijstRow,
    doos: DoosRow,
    wie: Aangemeld,
    *,
    geslaagd: bool,
    toelichting: str,
) -> LaatsteblikRow:
    """Record whether the drawn paper is what the screen shows.

    Raises:
        GeenMandaatError: somebody who scanned, edited or checked this; or without a mandaat.
        NietMogelijkError: nothing was drawn, they were not shown it, it was done already, or it failed without words.
    """
    verify_kijker(session, lijst, doos, wie)
    trekking = find_bliktrekking(session, lijst, doos)
    if trekking is None:
        raise NietMogelijkError(f"Voor doos {doos.nummer} is nog niets getrokken. Vraag eerst wat u moet bekijken.")
    if poort.find_laatste_blik(session, lijst.id, doos.id) is not None:
        raise NietMogelijkError(f"De laatste blik op doos {doos.nummer} is al gedaan.")
    if not keuren.has_seen(session, trekking, wie):
        raise NietMogelijkError(
            f"{wie.naam} heeft de documenten van doos {doos.nummer} nog niet bekeken. Vraag ze op met: scanstraat "
            f'laatste-blik {doos.nummer} --lijst "{lijst.naam}" --toon MAP'
        )
    if not geslaagd and not toelichting.strip():
        raise NietMogelijkError("Zeg wat er niet klopt, zonder namen.")
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "laatste_blik.gedaan",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=doos.log_id,
        lijst=str(lijst.log_id),
        getrokken=storage.load_logregel(session, trekking.gebeurtenis_id),
        geslaagd=geslaagd,
        herbevestigd=personen.HERBEVESTIGD,
    )
    blik = LaatsteblikRow(
        trekking_id=trekking.id,
        lijst_id=lijst.id,
        doos_id=doos.id,
        persoon_id=wie.persoon_id,
        geslaagd=geslaagd,
        toelichting=toelichting.strip(),
        op=db.now_text(),
        gebeurtenis_id=gebeurtenis,
    )
    session.add(blik)
    session.flush()
    return blik


def find_zonder_blik(session: Session, lijst: VernietigingslijstRow) -> list[str]:
    """Return the numbers of the dozen of a list at which nobody took the last look yet."""
    dozen = poort.load_dozen(session, lijst.id)
    return [doos.nummer for doos in dozen if poort.find_laatste_blik(session, lijst.id, doos.id) is None]


def verify_kijker(session: Session, lijst: VernietigingslijstRow, doos: DoosRow, wie: Aangemeld) -> None:
    """Return when somebody may do the last look at a doos of an open list.

    Raises:
        GeenMandaatError: somebody who scanned, edited or checked this; or without a mandaat.
        NietMogelijkError: the list is withdrawn or ordered.
    """
    personen.verify_mandaat(session, wie, *KIJKERS)
    _verify_open(session, lijst)
    _verify_buitenstaander(session, lijst, wie, alleen=doos)


def _verify_buitenstaander(
    session: Session, lijst: VernietigingslijstRow, wie: Aangemeld, *, alleen: DoosRow | None = None
) -> None:
    """Return when somebody has no part in what the list (or one doos of it) would destroy."""
    dozen = poort.load_dozen(session, lijst.id) if alleen is None else (alleen,)
    ogen = personen.find_ogen(session, wie.persoon_id)
    for doos in dozen:
        for batch, _ in papier.load_inhoud(session, doos.id):
            deel = personen.say_deelname(session, batch, ogen)
            if deel is not None:
                raise GeenMandaatError(f"{wie.naam} {deel} batch {batch.nummer} en mag dit niet beslissen.")


# --- two releases -------------------------------------------------------------------------------------------------


def release(
    basis: Basis, session: Session, dossier: poort.Dossier, aanvraag: Aanvraag, wie: Aangemeld, overgetypt: str
) -> VrijgaveRow:
    """Release a list: the first or the second time, by two different people.

    Args:
        overgetypt: the name of the list; the second releaser types it, so that nobody releases without looking.
    Raises:
        NietVrijgegevenError: one of the first eleven facts does not hold.
        GeenMandaatError: no mandaat, or a part in what would be destroyed, or the same person twice.
    """
    lijst = dossier.lijst
    mandaat = verify_vrijgever(session, lijst, wie)
    vrijgaven = poort.find_vrijgaven(session, lijst.id)
    if vrijgaven and overgetypt.strip() != lijst.naam:
        raise NietMogelijkError("Typ de naam van de lijst precies over: daarmee bevestigt u dat u deze lijst bedoelt.")
    belemmeringen = find_belemmeringen(aanvraag, feiten=VOOR_VRIJGAVE, peilmoment=datetime.now(UTC))
    if belemmeringen:
        raise NietVrijgegevenError(say_belemmeringen(belemmeringen))
    feiten = basis.opslag.bewaar_bytes(poort.build_feiten(aanvraag, lijst))
    storage.save_object(session, feiten, "feiten")
    volgnummer = len(vrijgaven) + 1
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "vrijgave",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=lijst.log_id,
        voorgesteld=storage.load_logregel(session, lijst.gebeurtenis_id),
        inhoud=lijst.inhoud_sha256,
        volgnummer=volgnummer,
        feiten=feiten.sha256,
        herbevestigd=personen.HERBEVESTIGD,
    )
    rij = VrijgaveRow(
        lijst_id=lijst.id,
        volgnummer=volgnummer,
        persoon_id=wie.persoon_id,
        mandaat_id=mandaat.id,
        inhoud_sha256=lijst.inhoud_sha256,
        feiten_sha256=feiten.sha256,
        op=db.now_text(),
        gebeurtenis_id=gebeurtenis,
    )
    session.add(rij)
    session.flush()
    return rij


def verify_vrijgever(session: Session, lijst: VernietigingslijstRow, wie: Aangemeld) -> MandaatRow:
    """Return the mandaat on which somebody may release a list now; asked before the poort reads everything, and after.

    Raises:
        GeenMandaatError: no mandaat, or a part in what would be destroyed, or the same person twice.
        NietMogelijkError: it is withdrawn, ordered, or released twice already.
    """
    mandaat = personen.verify_mandaat(session, wie, Rol.GEMANDATEERDE)
    _verify_open(session, lijst)
    _verify_buitenstaander(session, lijst, wie)
    vrijgaven = poort.find_vrijgaven(session, lijst.id)
    if len(vrijgaven) == 2:
        raise NietMogelijkError(f"{name_lijst(lijst.naam, 'De lijst')} is al twee keer vrijgegeven.")
    ogen = personen.find_ogen(session, wie.persoon_id)
    if any(ogen & personen.find_ogen(session, v.persoon_id, v.gebeurtenis_id) for v in vrijgaven):
        raise GeenMandaatError("U gaf deze lijst al vrij. De tweede vrijgave is van een andere gemandateerde.")
    return mandaat


def withdraw_release(session: Session, lijst: VernietigingslijstRow, reden: str, wie: Aangemeld) -> int:
    """Take back the releases of a list, during bedenktijd and until it is ordered; return how many.

    One of the releasers may, and so may an archivaris or functioneel beheerder: stopping is easier than going on.
    """
    storage.hold_beslissing(session)
    vrijgaven = poort.find_vrijgaven(session, lijst.id)
    if not vrijgaven:
        raise NietMogelijkError(f"{name_lijst(lijst.naam, 'De lijst')} is niet vrijgegeven.")
    personen.verify_vers(wie)
    if all(v.persoon_id != wie.persoon_id for v in vrijgaven):
        personen.verify_mandaat(session, wie, Rol.ARCHIVARIS, Rol.FUNCTIONEEL_BEHEERDER, Rol.GEMANDATEERDE)
    _verify_open(session, lijst)
    if not reden.strip():
        raise NietMogelijkError("Zeg waarom de vrijgave wordt ingetrokken.")
    for vrijgave in vrijgaven:
        _end_vrijgave(session, lijst, vrijgave, reden, wie)
    return len(vrijgaven)


def _end_vrijgave(
    session: Session, lijst: VernietigingslijstRow, vrijgave: VrijgaveRow, reden: str, wie: Aangemeld
) -> None:
    vrijgave.ingetrokken_op, vrijgave.ingetrokken_door = db.now_text(), wie.persoon_id
    session.add(vrijgave)
    storage.append_gebeurtenis(
        session,
        "vrijgave.ingetrokken",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=lijst.log_id,
        vrijgave=storage.load_logregel(session, vrijgave.gebeurtenis_id),
        verpakt={"toelichting": {"reden": reden.strip()}},
    )


# --- order and execution ------------------------------------------------------------------------------------------


def order(
    basis: Basis,
    session: Session,
    dossier: poort.Dossier,
    vrijgave: Vrijgave,
    wie: Aangemeld,
    *,
    bedrijf: str,
    containers: Sequence[Container],
    wortel: str,
) -> OpdrachtRow:
    """Order the destruction of a list: which doos goes into which container, under which seal.

    Args:
        vrijgave: the answer of the poort over all fourteen facts.
        wortel: root of the checkpoint that the facts rest on, hex; it stands on the container sheet.
    Raises:
        NietMogelijkError: a doos is in no container or in two, or something is not filled in.
    """
    lijst = dossier.lijst
    verify_opdrachtgever(session, lijst, wie, bedrijf, containers)
    wijze, niveau = _find_wijze(session, dossier)
    anker = read_anker(vrijgave)
    nummer = _next_nummer(session)
    in_containers = [{**asdict(c), "dozen": list(c.dozen)} for c in containers]
    opdracht = {
        "schema": "scanstraat.opdracht/1",
        "nummer": nummer,
        "lijst": str(lijst.log_id),
        "inhoud": lijst.inhoud_sha256,
        "bedrijf": bedrijf.strip(),
        "wijze": wijze,
        "niveau": niveau,
        "containers": in_containers,
        "checkpoint": anker,
        "wortel": wortel,
    }
    feiten = basis.opslag.bewaar_bytes(poort.build_feiten(vrijgave.aanvraag, lijst))
    bewaard = basis.opslag.bewaar_bytes(canonical_json(opdracht))
    storage.save_object(session, feiten, "feiten")
    storage.save_object(session, bewaard, "opdracht")
    een, twee = poort.find_vrijgaven(session, lijst.id)
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "vernietiging.opgedragen",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=lijst.log_id,
        vrijgave_1=storage.load_logregel(session, een.gebeurtenis_id),
        vrijgave_2=storage.load_logregel(session, twee.gebeurtenis_id),
        checkpoint=anker,
        feiten=feiten.sha256,
        opdracht=bewaard.sha256,
    )
    rij = OpdrachtRow(
        nummer=nummer,
        lijst_id=lijst.id,
        bedrijf=bedrijf.strip(),
        wijze=wijze,
        niveau=niveau,
        containers=in_containers,
        checkpoint=anker,
        opdracht_sha256=bewaard.sha256,
        feiten_sha256=feiten.sha256,
        op=db.now_text(),
        persoon_id=wie.persoon_id,
        gebeurtenis_id=gebeurtenis,
    )
    session.add(rij)
    session.flush()
    return rij


def read_anker(vrijgave: Vrijgave) -> int:
    """Return the size of the anchored checkpoint that the facts rest on."""
    return int(vrijgave.aanvraag.antwoorden[Feit.VERANKERD].bewijs["checkpoint"])


def verify_opdrachtgever(
    session: Session, lijst: VernietigingslijstRow, wie: Aangemeld, bedrijf: str, containers: Sequence[Container]
) -> None:
    """Return when somebody may order this; asked before the poort reads everything, and after.

    Raises:
        GeenMandaatError: no mandaat.
        NietMogelijkError: the list is withdrawn or ordered, a doos is in no container or in two, or a field is empty.
    """
    personen.verify_mandaat(session, wie, *UITVOERDERS)
    _verify_open(session, lijst)
    if not bedrijf.strip():
        raise NietMogelijkError("Noem het bedrijf dat vernietigt.")
    nodig = sorted(doos.nummer for doos in poort.load_dozen(session, lijst.id))
    genoemd = sorted(nummer for container in containers for nummer in container.dozen)
    if nodig != genoemd:
        raise NietMogelijkError(
            f"Elke doos van de lijst gaat in precies één container. Op de lijst: {', '.join(nodig)}. In containers: "
            f"{', '.join(genoemd) or 'geen'}."
        )
    if any(not c.nummer.strip() or not c.zegel.strip() for c in containers):
        raise NietMogelijkError("Noem van elke container het nummer en het zegel.")
    for wat, namen in (("Container", [c.nummer for c in containers]), ("Zegel", [c.zegel for c in containers])):
        dubbel = _find_dubbel(namen)
        if dubbel is not None:  # who picks it up, and the certificate, name it by this
            raise NietMogelijkError(
                f"{wat} {dubbel} staat er twee keer. Noem elke container een keer, met haar eigen nummer en zegel en "
                "al haar dozen."
            )


def _find_dubbel(namen: Iterable[str]) -> str | None:
    """Return the first name that was there before, whether in capitals or not."""
    gezien: set[str] = set()
    for naam in namen:
        if naam.strip().casefold() in gezien:
            return naam.strip()
        gezien.add(naam.strip().casefold())
    return None


def _find_wijze(session: Session, dossier: poort.Dossier) -> tuple[str, str]:
    """Return how the besluiten of a list ask to destroy, and the strictest DIN 66399 level among them."""
    bindingen = [b for b in (besluiten.find_binding(session, d.batch.id) for d in dossier.batches) if b is not None]
    niveau = max(b.besluit.din_niveau for b in bindingen)
    return "; ".join(sorted({b.besluit.vernietigingswijze for b in bindingen})), niveau


def _next_nummer(session: Session) -> str:
    jaar = datetime.now(UTC).year
    hoogste = session.exec(
        select(sa.func.max(OpdrachtRow.nummer)).where(col(OpdrachtRow.nummer).startswith(f"O-{jaar}-"))
    ).one()
    gebruikt = 0 if hoogste is None else int(str(hoogste).rpartition("-")[2])
    return f"O-{jaar}-{max(gebruikt, storage.count_vastgelegd(session, 'vernietiging.opgedragen', jaar)) + 1:04d}"


def find_order(session: Session, nummer: str) -> OpdrachtRow:
    """Return an order by its number.

    Raises:
        NietGevondenError: there is none.
    """
    rij = session.exec(select(OpdrachtRow).where(OpdrachtRow.nummer == nummer.strip().upper())).first()
    if rij is None:
        raise NietGevondenError(
            f"Opdracht {nummer} bestaat niet. `scanstraat lijst toon` toont de lijsten met hun opdracht."
        )
    return rij


def record_pickup(
    basis: Basis,
    session: Session,
    opdracht: OpdrachtRow,
    nummer: str,
    zegel: str,
    vervoerder: str,
    opgehaald_op: datetime,
    wie: Aangemeld,
) -> VervoerRow:
    """Record that a container of an order left the building: with which seal, with whom and when.

    What is left of a doos of which part was destroyed may leave again, in another container.

    Raises:
        GeenMandaatError: no mandaat.
        NietMogelijkError: another container or seal, it left already, nobody is named, or the time is impossible.
    """
    storage.hold_beslissing(session)
    personen.verify_mandaat(session, wie, *UITVOERDERS)
    container = next((c for c in opdracht.containers if c["nummer"] == nummer), None)
    if container is None and not _has_rest(session, opdracht):  # what came back goes along in another one
        bekend = ", ".join(c["nummer"] for c in opdracht.containers)
        raise NietMogelijkError(
            f"Container {nummer} hoort niet bij opdracht {opdracht.nummer}. Daarin staan: {bekend}."
        )
    if container is not None and zegel != container["zegel"]:
        raise NietMogelijkError(
            f"Op container {nummer} hoort zegel {container['zegel']} te zitten, niet {zegel}. Geef haar niet mee voor "
            "u weet wat er is gebeurd."
        )
    if any(rij.container == nummer for rij in load_vervoer(session, opdracht)):
        raise NietMogelijkError(f"Van container {nummer} is al vastgelegd dat zij is opgehaald.")
    if not vervoerder.strip():
        raise NietMogelijkError("Noem wie de container meenam.")
    moment = db.format_time(opgehaald_op)
    if not opdracht.op <= moment <= db.now_text():
        hier = to_local(opdracht.op, basis.config.algemeen.tijdzone)
        raise NietMogelijkError(f"De container is opgehaald na de opdracht ({hier:%d-%m-%Y %H:%M:%S}) en niet na nu.")
    for doos in _find_in_container(session, opdracht, nummer):
        weg_op = papier.find_vernietigd_op(session, doos.id)
        if weg_op is not None and weg_op < moment:
            raise NietMogelijkError(
                f"Doos {doos.nummer} is volgens het bewijs vernietigd op "
                f"{to_local(weg_op, basis.config.algemeen.tijdzone):%d-%m-%Y %H:%M:%S}, dus voor deze tijd van "
                "ophalen. Neem de tijd over van het containerblad."
            )
    vervoerder = vervoerder.strip()
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "container.opgehaald",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=session.get_one(VernietigingslijstRow, opdracht.lijst_id).log_id,
        opgedragen=storage.load_logregel(session, opdracht.gebeurtenis_id),
        opgehaald_op=moment,
        verpakt={"vervoer": {"container": nummer, "zegel": zegel, "vervoerder": vervoerder}},
    )
    rij = VervoerRow(
        opdracht_id=opdracht.id,
        container=nummer,
        zegel=zegel,
        vervoerder=vervoerder,
        opgehaald_op=moment,
        op=db.now_text(),
        persoon_id=wie.persoon_id,
        gebeurtenis_id=gebeurtenis,
    )
    session.add(rij)
    session.flush()
    return rij


def _find_in_container(session: Session, opdracht: OpdrachtRow, nummer: str) -> list[DoosRow]:
    nummers = [
        doos for container in opdracht.containers if container["nummer"] == nummer for doos in container["dozen"]
    ]
    return list(session.exec(select(DoosRow).where(col(DoosRow.nummer).in_(nummers))))


def _has_rest(session: Session, opdracht: OpdrachtRow) -> bool:
    dozen = poort.load_dozen(session, opdracht.lijst_id)
    return any(papier.find_deels(session, doos.id) == opdracht.nummer for doos in dozen)


def load_vervoer(session: Session, opdracht: OpdrachtRow) -> Sequence[VervoerRow]:
    """Return which containers of an order left the building, first one first."""
    return session.exec(
        select(VervoerRow).where(VervoerRow.opdracht_id == opdracht.id).order_by(col(VervoerRow.opgehaald_op))
    ).all()


def execute(
    basis: Basis,
    session: Session,
    dossier: poort.Dossier,
    opdracht: OpdrachtRow,
    doos: DoosRow,
    vrijgave: Vrijgave,
    feiten: Uitvoeringsfeiten,
    wie: Aangemeld,
) -> UitvoeringRow:
    """Record that the paper of a doos is destroyed. Only the poort can give the `vrijgave` that this asks for.

    Raises:
        NietMogelijkError: the certificate does not fit the order, or the time is impossible.
    """
    verify_uitvoering(basis, session, opdracht, doos, feiten, wie)
    actor = personen.actor_of(session, wie.persoon_id)
    inhoud = papier.load_inhoud(session, doos.id)
    documenten = Counter(document.batch_id for document in papier.find_documenten(session, doos.id))
    for batch, bladen in inhoud:
        _reden, goedgekeurd = poort.find_goedkeuring(session, batch)
        if goedgekeurd is None:
            raise NietMogelijkError(f"De goedkeuring van batch {batch.nummer} staat niet in het logboek.")
        storage.append_gebeurtenis(
            session,
            "vernietiging.batch",
            actor=actor,
            onderwerp=batch.log_id,
            doos=str(doos.log_id),
            goedgekeurd=goedgekeurd,
            bladen=len(bladen),
            documenten=documenten[batch.id],
        )
    blik = poort.find_laatste_blik(session, dossier.lijst.id, doos.id)
    if blik is None:
        raise NietMogelijkError(f"Op doos {doos.nummer} is geen laatste blik gedaan.")
    bewijs = _save_feiten(basis, session, vrijgave.aanvraag, dossier.lijst)
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "vernietiging.uitgevoerd",
        actor=actor,
        onderwerp=doos.log_id,
        opgedragen=storage.load_logregel(session, opdracht.gebeurtenis_id),
        laatste_blik=storage.load_logregel(session, blik.gebeurtenis_id),
        batches=len(inhoud),
        bladen=sum(len(bladen) for _, bladen in inhoud),
        uitgevoerd_op=db.format_time(feiten.uitgevoerd_op),
        niveau=feiten.niveau.lower(),
        certificaat=feiten.certificaat_sha256,
        feiten=bewijs,
        verpakt={"kenmerk": feiten.kenmerk},
    )
    return _save_vernietigd(session, opdracht, doos, feiten, bewijs, wie, gebeurtenis)


def record_ungrounded(
    basis: Basis,
    session: Session,
    opdracht: OpdrachtRow,
    doos: DoosRow,
    aanvraag: Aanvraag,
    feiten: Uitvoeringsfeiten,
    wie: Aangemeld,
) -> UitvoeringRow:
    """Record that the paper of a doos is gone while something stood in the way: as that, never as an execution.

    The time that the company gives does not decide: who destroys after a stop could say that it was before.

    Raises:
        NietMogelijkError: nothing stands in the way, or what the company says is not complete.
    """
    verify_bewijs(session, opdracht, doos, feiten, wie)
    tegen = [b.tekst for b in find_belemmeringen(aanvraag, peilmoment=datetime.now(UTC))]
    tegen = [*_find_afwijkingen(basis, session, opdracht, doos, feiten), *tegen]
    if not tegen:
        raise NietMogelijkError(
            f"Het papier in doos {doos.nummer} mocht weg. Leg het vast met dezelfde opdracht, zonder --zonder-grond."
        )
    bewijs = _save_feiten(basis, session, aanvraag, session.get_one(VernietigingslijstRow, opdracht.lijst_id))
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "vernietiging.zonder_grond",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=doos.log_id,
        opgedragen=storage.load_logregel(session, opdracht.gebeurtenis_id),
        bladen=papier.count_bladen(session, doos.id),
        uitgevoerd_op=db.format_time(feiten.uitgevoerd_op),
        niveau=feiten.niveau.lower(),
        certificaat=feiten.certificaat_sha256,
        feiten=bewijs,
        verpakt={"belemmeringen": {"reden": " ".join(tegen)}, "kenmerk": feiten.kenmerk},
    )
    return _save_vernietigd(session, opdracht, doos, feiten, bewijs, wie, gebeurtenis, tegen=" ".join(tegen))


def _save_feiten(basis: Basis, session: Session, aanvraag: Aanvraag, lijst: VernietigingslijstRow) -> str:
    bewijs = basis.opslag.bewaar_bytes(poort.build_feiten(aanvraag, lijst))
    storage.save_object(session, bewijs, "feiten")
    return bewijs.sha256


def _save_vernietigd(
    session: Session,
    opdracht: OpdrachtRow,
    doos: DoosRow,
    feiten: Uitvoeringsfeiten,
    bewijs: str,
    wie: Aangemeld,
    gebeurtenis: UUID,
    *,
    tegen: str = "",
) -> UitvoeringRow:
    rij = UitvoeringRow(
        opdracht_id=opdracht.id,
        doos_id=doos.id,
        uitslag="vernietigd",
        uitgevoerd_op=db.format_time(feiten.uitgevoerd_op),
        wijze=feiten.wijze,
        niveau=feiten.niveau,
        container=feiten.container,
        zegel=feiten.zegel,
        certificaatnummer=feiten.certificaatnummer,
        certificaat_sha256=feiten.certificaat_sha256,
        feiten_sha256=bewijs,
        op=db.now_text(),
        persoon_id=wie.persoon_id,
        gebeurtenis_id=gebeurtenis,
        belemmeringen=tegen,
    )
    session.add(rij)
    session.flush()
    return rij


def verify_uitvoering(
    basis: Basis, session: Session, opdracht: OpdrachtRow, doos: DoosRow, feiten: Uitvoeringsfeiten, wie: Aangemeld
) -> None:
    """Return when what the company says is what was ordered: this doos, that container and seal, that level.

    Asked before the poort reads everything, and after.

    Raises:
        GeenMandaatError: no mandaat.
        NietMogelijkError: the certificate does not fit the order, or the time is impossible.
    """
    verify_bewijs(session, opdracht, doos, feiten, wie)
    for afwijking in _find_afwijkingen(basis, session, opdracht, doos, feiten):
        raise NietMogelijkError(
            f"{afwijking} Zoek uit wat er is gebeurd voor u dit vastlegt. Is het papier zo vernietigd, geef dan "
            "dezelfde opdracht met --zonder-grond."
        )


def verify_bewijs(
    session: Session, opdracht: OpdrachtRow, doos: DoosRow, feiten: Uitvoeringsfeiten, wie: Aangemeld
) -> None:
    """Return when the certificate says all that it must, of a doos of this order whose paper was still there.

    Raises:
        GeenMandaatError: no mandaat.
        NietMogelijkError: something is missing or impossible, or the doos is of another order, or gone already.
    """
    personen.verify_mandaat(session, wie, *UITVOERDERS)
    _find_container(session, opdracht, doos)
    if feiten.niveau not in get_args(DinNiveau):
        raise NietMogelijkError(
            f"Niveau {feiten.niveau} bestaat niet. Neem het over van het vernietigingsbewijs: "
            f"{', '.join(get_args(DinNiveau))}."
        )
    if not feiten.certificaatnummer.strip():
        raise NietMogelijkError("Noem het nummer van het vernietigingsbewijs.")
    if not feiten.wijze.strip():
        raise NietMogelijkError("Noem hoe het papier is vernietigd, zoals het op het vernietigingsbewijs staat.")
    if db.format_time(feiten.uitgevoerd_op) > db.now_text():
        raise NietMogelijkError("De tijd van de vernietiging ligt na nu. Neem haar over van het vernietigingsbewijs.")


def _find_afwijkingen(
    basis: Basis, session: Session, opdracht: OpdrachtRow, doos: DoosRow, feiten: Uitvoeringsfeiten
) -> list[str]:
    """Return, in Dutch, where what the company says it did is not what was ordered."""
    container, afwijkingen = _find_container(session, opdracht, doos), []
    vervoer = {(rij.container, rij.zegel): rij for rij in load_vervoer(session, opdracht)}
    opgedragen, genoemd = (container["nummer"], container["zegel"]), (feiten.container, feiten.zegel)
    eigen = {c["nummer"] for c in opdracht.containers}
    is_rest = papier.find_deels(session, doos.id) is not None and genoemd in vervoer and genoemd[0] not in eigen
    if genoemd != opgedragen and not is_rest:
        afwijkingen.append(
            f"Het bewijs noemt container {feiten.container} met zegel {feiten.zegel}; doos {doos.nummer} ging in "
            f"container {container['nummer']} met zegel {container['zegel']}."
        )
    if feiten.niveau < opdracht.niveau:
        afwijkingen.append(f"Het bewijs noemt niveau {feiten.niveau}; opgedragen is {opdracht.niveau} of fijner.")
    vervoerd = vervoer.get(genoemd if is_rest else opgedragen)
    if vervoerd is not None and db.format_time(feiten.uitgevoerd_op) < vervoerd.opgehaald_op:
        afwijkingen.append("Het papier is volgens het bewijs vernietigd voordat de container is opgehaald.")
    if db.format_time(feiten.uitgevoerd_op) < opdracht.op:

        def say(tijd: str) -> str:
            return f"{to_local(tijd, basis.config.algemeen.tijdzone):%d-%m-%Y %H:%M:%S}"

        afwijkingen.append(
            f"Het papier is volgens het bewijs vernietigd op {say(db.format_time(feiten.uitgevoerd_op))}; de opdracht "
            f"is van {say(opdracht.op)}."
        )
    if eerder := papier.find_belemmeringen(session, doos.id):
        afwijkingen.append(f"Een deel van doos {doos.nummer} is vernietigd terwijl dit in de weg stond: {eerder}")
    return [*afwijkingen, *_find_opgeheven(session, opdracht, doos, db.format_time(feiten.uitgevoerd_op))]


def _find_onderwerpen(session: Session, opdracht: OpdrachtRow, doos: DoosRow) -> list[tuple[stops.Over, str]]:
    lijst = session.get_one(VernietigingslijstRow, opdracht.lijst_id)
    batches = [batch for batch, _ in papier.load_inhoud(session, doos.id)]
    return list(batchstatus.find_onderwerpen(session, [lijst], [doos], batches))


def _find_opgeheven(session: Session, opdracht: OpdrachtRow, doos: DoosRow, moment: str) -> Iterator[str]:
    """Yield, in Dutch, which stops on this paper were lifted after it was destroyed, and so did not allow it.

    Those that still stand are for the poort.
    """
    onderwerpen = _find_onderwerpen(session, opdracht, doos)
    lopend = {stop.id for stop in stops.find_stops(session, onderwerpen)}
    for stop in stops.find_stops(session, onderwerpen, sinds=moment):
        if stop.id not in lopend:
            yield (
                f"Op doos {doos.nummer} liep een stop ({stops.SOORTEN[Stopsoort(stop.soort)]}) die pas is opgeheven "
                "nadat het papier was vernietigd."
            )


def _find_container(session: Session, opdracht: OpdrachtRow, doos: DoosRow) -> dict[str, Any]:
    """Return the container in which a doos went under an order that still stands for it.

    Raises:
        NietMogelijkError: another order, destroyed already, or it failed under this order.
    """
    container = next((c for c in opdracht.containers if doos.nummer in c["dozen"]), None)
    if container is None:
        raise NietMogelijkError(f"Doos {doos.nummer} hoort niet bij opdracht {opdracht.nummer}.")
    papier.verify_niet_vernietigd(session, doos)
    if doos.id not in {d.id for d in poort.load_dozen(session, opdracht.lijst_id)}:
        raise NietMogelijkError(
            f"Doos {doos.nummer} is onder opdracht {opdracht.nummer} al als mislukt vastgelegd. Zet haar op een nieuwe "
            "lijst: scanstraat lijst maak"
        )
    return container


def record_failure(
    basis: Basis,
    session: Session,
    opdracht: OpdrachtRow,
    doos: DoosRow,
    toelichting: str,
    wie: Aangemeld,
    *,
    deels: bool,
    op: datetime | None = None,
) -> UitvoeringRow:
    """Record that a doos was not destroyed, and is free for a new list; or only in part, and stays with this order.

    What is left of it goes under the same order, or stays: nobody can look at a doos of which part is gone as it was.

    Args:
        op: when part of it was destroyed, if that is known.
    Raises:
        GeenMandaatError: no mandaat.
        NietMogelijkError: another order, gone already (wholly or in part), no words, or the time is impossible.
    """
    storage.hold_beslissing(session)
    personen.verify_mandaat(session, wie, *UITVOERDERS)
    _find_container(session, opdracht, doos)
    if papier.find_deels(session, doos.id) is not None:
        raise NietMogelijkError(
            f"Van doos {doos.nummer} is al vastgelegd dat een deel is vernietigd. Is de rest nu ook vernietigd? Leg "
            f"dat vast met het bewijs van het bedrijf: scanstraat uitvoering {opdracht.nummer} {doos.nummer}. Stond er "
            "iets in de weg, doe dat dan met --zonder-grond. Is de rest er nog? Dan hoeft u niets vast te leggen."
        )
    if not toelichting.strip():
        raise NietMogelijkError("Zeg wat er is gebeurd en waar het papier nu is.")
    moment = None if op is None else db.format_time(op)
    if moment is not None and not opdracht.op <= moment <= db.now_text():
        hier = to_local(opdracht.op, basis.config.algemeen.tijdzone)
        raise NietMogelijkError(
            f"De tijd van de vernietiging ligt niet tussen de opdracht ({hier:%d-%m-%Y %H:%M:%S}) en nu. Vraag het "
            "bedrijf wanneer het was, of laat --op weg en zeg in de toelichting wat u weet."
        )
    tegen = _find_stops(session, opdracht, doos, moment) if deels else []
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "vernietiging.mislukt",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=doos.log_id,
        opgedragen=storage.load_logregel(session, opdracht.gebeurtenis_id),
        deels=deels,
        in_orde=not tegen,
        verpakt={"toelichting": papier.build_toelichting(toelichting.strip(), moment, " ".join(tegen))},
    )
    rij = UitvoeringRow(
        opdracht_id=opdracht.id,
        doos_id=doos.id,
        uitslag="deels" if deels else "mislukt",
        uitgevoerd_op=moment,
        toelichting=toelichting.strip(),
        op=db.now_text(),
        persoon_id=wie.persoon_id,
        gebeurtenis_id=gebeurtenis,
        belemmeringen=" ".join(tegen),
    )
    session.add(rij)
    if not deels:
        op_lijst = session.get_one(LijstdoosRow, (opdracht.lijst_id, doos.id))
        op_lijst.eraf_op = db.now_text()  # free for a new list; this order no longer covers it
        session.add(op_lijst)
    session.flush()
    return rij


def _find_stops(session: Session, opdracht: OpdrachtRow, doos: DoosRow, moment: str | None) -> list[str]:
    """Return, in Dutch, which stops are on the paper of a doos, and which were until after a moment."""
    onderwerpen = _find_onderwerpen(session, opdracht, doos)
    lopend = [stops.say_stop(stop) for stop in stops.find_stops(session, onderwerpen)]
    return lopend if moment is None else [*lopend, *_find_opgeheven(session, opdracht, doos, moment)]


# --- a stop that comes after the order ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Onderweg:
    """A doos that a stop is on while its paper is on its way to the shredder, or gone."""

    doos: str
    stand: str  # opgedragen, opgehaald, deels vernietigd, or what became of all of it
    opdracht: str
    bedrijf: str
    container: str
    zegel: str
    opgehaald_op: str | None
    vervoerder: str | None
    vernietigd_op: str | None

    @property
    def is_weg(self) -> bool:
        """Whether all of its paper is gone."""
        return self.vernietigd_op is not None and not self.stand.startswith(DEELS)

    def say(self) -> str:
        """Say in Dutch how far it is, and what to do now."""
        bij = f"opdracht {self.opdracht} aan {self.bedrijf}"
        in_ = f"container {self.container}, zegel {self.zegel}"
        wanneer = "" if self.vernietigd_op is None else f" op {self.vernietigd_op}"
        if self.is_weg:
            return (
                f"Doos {self.doos} is al {self.stand}{wanneer} ({bij}). De stop houdt dat papier niet meer tegen. Meld "
                "het bij de archivaris, en bij wie om de stop vroeg."
            )
        terug = f"scanstraat uitvoering {self.opdracht} {self.doos} --mislukt"
        if self.stand.startswith(DEELS):
            return (
                f"Van doos {self.doos} is een deel al vernietigd{wanneer} ({bij}; {in_}). Bel het bedrijf nu: de rest "
                f"moet blijven. Haal die terug en leg vast waar zij staat: scanstraat doos verplaats {self.doos}"
            )
        if self.opgehaald_op is not None:
            return (
                f"Doos {self.doos} is al opgehaald op {self.opgehaald_op} door {self.vervoerder} ({bij}; {in_}). Bel "
                f"het bedrijf nu: het papier moet blijven. Haal het terug en leg dat vast: {terug}"
            )
        return (
            f"Voor doos {self.doos} is al opdracht gegeven ({bij}; {in_}). Dat zij is opgehaald, is niet vastgelegd. "
            f"Geef de container niet mee en bel het bedrijf. Hebt u de doos nog of is zij terug, leg dat vast: {terug}"
        )


def find_onderweg(session: Session, stop: StopRow) -> list[Onderweg]:
    """Return the dozen that a stop is on for which an order was given: first what is not gone, newest order first."""
    geraakt = stops.find_geraakt(session, stop)
    gevonden = []
    for opdracht in session.exec(select(OpdrachtRow).order_by(col(OpdrachtRow.nummer).desc())):
        lijst = session.get_one(VernietigingslijstRow, opdracht.lijst_id)
        uitkomsten = load_uitkomsten(session, opdracht)
        vervoer = {rij.container: rij for rij in load_vervoer(session, opdracht)}
        for doos in poort.load_dozen(session, lijst.id):  # of those that left the list nothing went
            if _is_geraakt(session, geraakt, stop, lijst, doos):
                uitkomst = uitkomsten.get(doos.id)
                container = next(c for c in opdracht.containers if doos.nummer in c["dozen"])
                mee = vervoer.get(container["nummer"])
                gevonden.append(
                    Onderweg(
                        doos=doos.nummer,
                        stand=uitkomst.uitkomst if uitkomst is not None else "opgehaald" if mee else "opgedragen",
                        opdracht=opdracht.nummer,
                        bedrijf=opdracht.bedrijf,
                        container=container["nummer"],
                        zegel=container["zegel"],
                        opgehaald_op=None if mee is None else mee.opgehaald_op,
                        vervoerder=None if mee is None else mee.vervoerder,
                        vernietigd_op=None if uitkomst is None else uitkomst.uitgevoerd_op,
                    )
                )
    return sorted(gevonden, key=lambda deel: deel.is_weg)


def _is_geraakt(
    session: Session,
    geraakt: set[tuple[stops.Over, str]],
    stop: StopRow,
    lijst: VernietigingslijstRow,
    doos: DoosRow,
) -> bool:
    if stops.Over(stop.over) not in (stops.Over.BESLUIT, stops.Over.PERSOON):
        return (stops.Over.DOOS, str(doos.id)) in geraakt  # the paper says it all; there may be very many dozen
    batches = [batch for batch, _ in papier.load_inhoud(session, doos.id)]
    return not geraakt.isdisjoint(batchstatus.find_onderwerpen(session, [lijst], [doos], batches))


# --- as plain values ----------------------------------------------------------------------------------------------


def save_certificaat(session: Session, stuk: Stuk) -> str:
    """Keep the certificate of the company; return its SHA-256."""
    storage.save_object(session, stuk.vingerafdruk, "certificaat")
    return stuk.vingerafdruk.sha256


def load_lijsten(session: Session) -> Sequence[VernietigingslijstRow]:
    """Return every list, newest first."""
    return session.exec(select(VernietigingslijstRow).order_by(col(VernietigingslijstRow.op).desc())).all()


def find_stand(session: Session, lijst: VernietigingslijstRow) -> str:
    """Say in Dutch how far a list is."""
    if lijst.ingetrokken_op is not None:
        return "ingetrokken"
    opdracht = find_opdracht(session, lijst.id)
    if opdracht is None:
        return ("voorgesteld", "een keer vrijgegeven", "vrijgegeven")[len(poort.find_vrijgaven(session, lijst.id))]
    dozen = session.exec(select(LijstdoosRow).where(LijstdoosRow.lijst_id == lijst.id)).all()
    vast = load_uitkomsten(session, opdracht)
    if any(rij.uitslag == "deels" for rij in vast.values()):
        return DEELS
    if len(vast) < len(dozen):
        return "opgedragen"
    uitkomsten = {rij.uitkomst for rij in vast.values()}
    return uitkomsten.pop() if len(uitkomsten) == 1 and "mislukt" not in uitkomsten else "niet alles vernietigd"


def load_uitkomsten(session: Session, opdracht: OpdrachtRow) -> dict[UUID, UitvoeringRow]:
    """Return what became of each doos of an order, as far as it was recorded: of two rows the last one."""
    rijen = session.exec(
        select(UitvoeringRow)
        .where(UitvoeringRow.opdracht_id == opdracht.id)
        .order_by(col(UitvoeringRow.op), col(UitvoeringRow.uitslag))  # at one moment: in part, and then the rest
    )
    return {rij.doos_id: rij for rij in rijen}


def build_lijstregel(session: Session, lijst: VernietigingslijstRow) -> dict[str, Any]:
    """Return a list as one line of plain values."""
    opdracht = find_opdracht(session, lijst.id)
    return {
        "naam": lijst.naam,
        "stand": find_stand(session, lijst),
        "op": lijst.op,
        "door": personen.name_of(session, lijst.persoon_id),
        "dozen": len(lijst.inhoud["dozen"]),
        "batches": len({batch["batch"] for doos in lijst.inhoud["dozen"] for batch in doos["batches"]}),
        "opdracht": None if opdracht is None else opdracht.nummer,
    }


def build_lijst(session: Session, lijst: VernietigingslijstRow) -> dict[str, Any]:
    """Return a list as plain values: its dozen, last looks, releases, bedenktijd, order and executions."""
    dossier = poort.load_dossier(session, lijst.id)
    einde = poort.find_einde_bedenktijd(session, dossier)
    vrijgaven = session.exec(
        select(VrijgaveRow).where(VrijgaveRow.lijst_id == lijst.id).order_by(col(VrijgaveRow.op))
    ).all()
    dozen = session.exec(
        select(DoosRow, LijstdoosRow.eraf_op)
        .join(LijstdoosRow, col(LijstdoosRow.doos_id) == DoosRow.id)
        .where(LijstdoosRow.lijst_id == lijst.id)
        .order_by(col(DoosRow.nummer))
    ).all()
    opdracht = find_opdracht(session, lijst.id)
    return {
        **build_lijstregel(session, lijst),
        "inhoud_sha256": lijst.inhoud_sha256,
        "documenten": len(dossier.documenten),
        "ingetrokken_op": lijst.ingetrokken_op,
        "bedenktijd_tot": None if einde is None else db.format_time(einde),
        "dozen": [_build_doos(session, lijst, doos, eraf_op) for doos, eraf_op in dozen],
        "vrijgaven": [
            {
                "volgnummer": vrijgave.volgnummer,
                "door": personen.name_of(session, vrijgave.persoon_id),
                "op": vrijgave.op,
                "ingetrokken_op": vrijgave.ingetrokken_op,
            }
            for vrijgave in vrijgaven
        ],
        "opdracht": None if opdracht is None else build_opdracht(session, opdracht),
    }


def _build_doos(session: Session, lijst: VernietigingslijstRow, doos: DoosRow, eraf_op: str | None) -> dict[str, Any]:
    blik = poort.find_laatste_blik(session, lijst.id, doos.id)
    plaats = papier.find_plaats(session, doos.id)
    inhoud = papier.load_inhoud(session, doos.id)
    return {
        "nummer": doos.nummer,
        "plaats": None if plaats is None else plaats.plaats,
        "bladen": sum(len(bladen) for _, bladen in inhoud),
        "batches": [batch.nummer for batch, _ in inhoud],
        "documenten": len(papier.find_documenten(session, doos.id)),
        "eraf_op": eraf_op,
        "laatste_blik": None
        if blik is None
        else {
            "geslaagd": blik.geslaagd,
            "door": personen.name_of(session, blik.persoon_id),
            "op": blik.op,
            "toelichting": blik.toelichting,
        },
    }


def build_opdracht(session: Session, opdracht: OpdrachtRow) -> dict[str, Any]:
    """Return an order as plain values, with what became of each doos."""
    uitvoeringen = session.exec(
        select(UitvoeringRow, DoosRow.nummer)
        .join(DoosRow, col(DoosRow.id) == UitvoeringRow.doos_id)
        .where(UitvoeringRow.opdracht_id == opdracht.id)
        .order_by(col(UitvoeringRow.op), col(DoosRow.nummer))
    )
    dozen = poort.load_dozen(session, opdracht.lijst_id)
    return {
        "nummer": opdracht.nummer,
        "bedrijf": opdracht.bedrijf,
        "wijze": opdracht.wijze,
        "niveau": opdracht.niveau,
        "containers": opdracht.containers,
        "checkpoint": opdracht.checkpoint,
        "sha256": opdracht.opdracht_sha256,
        "op": opdracht.op,
        "door": personen.name_of(session, opdracht.persoon_id),
        "vervoer": [
            {
                "container": rij.container,
                "zegel": rij.zegel,
                "vervoerder": rij.vervoerder,
                "opgehaald_op": rij.opgehaald_op,
                "door": personen.name_of(session, rij.persoon_id),
            }
            for rij in load_vervoer(session, opdracht)
        ],
        "uitvoeringen": [
            {
                "doos": nummer,
                "uitslag": rij.uitkomst,
                "uitgevoerd_op": rij.uitgevoerd_op,
                "wijze": rij.wijze,
                "niveau": rij.niveau,
                "container": rij.container,
                "zegel": rij.zegel,
                "certificaatnummer": rij.certificaatnummer,
                "certificaat_sha256": rij.certificaat_sha256,
                "toelichting": rij.toelichting or rij.belemmeringen,
                "op": rij.op,
                "door": personen.name_of(session, rij.persoon_id),
            }
            for rij, nummer in uitvoeringen
        ],
        "deels_vernietigd": [doos.nummer for doos in dozen if papier.find_deels(session, doos.id) == opdracht.nummer],
    }


def build_blik(session: Session, lijst: VernietigingslijstRow, doos: DoosRow, trekking: TrekkingRow) -> dict[str, Any]:
    """Return what must be taken from a doos for the last look, as plain values.

    Of each document: its sheets by number, and their places in the doos when it lies in order, counted from the top.
    Of each sheet without a document: its place, why it was left out, and which scans show it.
    """
    inhoud = papier.load_inhoud(session, doos.id)
    op_volgorde = [(batch.id, blad.nummer) for batch, bladen in inhoud for blad in bladen]
    plek = {blad: nummer for nummer, blad in enumerate(op_volgorde, start=1)}
    plaats = papier.find_plaats(session, doos.id)
    documenten = []
    for id_ in trekking.trekking["getrokken"]:
        document = storage.load_document(session, UUID(id_))
        versie = storage.latest_versie(session, document.id)
        batch = storage.load_batch(session, document.batch_id)
        bladen = [v.blad for v in papier.find_vindplaatsen(session, document.id) if v.doos == doos.nummer]
        documenten.append(
            {
                "document": id_,
                "batch": batch.nummer,
                "bladen": papier.format_bladen(bladen),
                "vellen": papier.format_bladen(plek[batch.id, blad] for blad in bladen),
                "paginas": len(storage.load_versie(session, versie.id).paginas),
                "sha256": versie.pdf_sha256,
            }
        )
    per_log_id = {str(batch.log_id): (batch, bladen) for batch, bladen in inhoud}
    losse = []
    for log_id, nummer in trekking.trekking.get("getrokken_bladen", ()):
        batch, in_doos = per_log_id[log_id]
        (blad,) = (een for een in in_doos if een.nummer == nummer)
        kanten = _build_kanten(session, blad)
        losse.append({"batch": batch.nummer, "blad": nummer, "vel": plek[batch.id, nummer], "beelden": kanten})
    return {
        "lijst": lijst.naam,
        "doos": doos.nummer,
        "plaats": None if plaats is None else plaats.plaats,
        "vellen": len(op_volgorde),
        "documenten": documenten,
        "bladen": losse,
        "bladen_zonder_document": len(trekking.trekking.get("bladen", ())),
    }


def _build_kanten(session: Session, blad: BladRow) -> list[dict[str, Any]]:
    """Return each side of a sheet: where it went, why it was left out, and which file shows it."""
    rijen = session.exec(
        select(BeeldRow, BronRow)
        .join(BronRow, col(BronRow.id) == BeeldRow.bron_id)
        .where(BeeldRow.blad_id == blad.id)
        .order_by(col(BeeldRow.kant).desc())
    )
    return [
        {
            "kant": beeld.kant,
            "bestemming": beeld.bestemming,
            "reden": beeld.weglaatreden,
            "toelichting": beeld.weglaattekst,
            "sha256": bron.sha256,
            "soort": bron.soort,
            "pagina": beeld.n,
        }
        for beeld, bron in rijen
    ]


def say_lijst(dossier: poort.Dossier) -> str:
    """Say in Dutch how much a list holds."""
    bladen = sum(len(b.documenten) for b in dossier.batches)
    return (
        f"{count_words(len(dossier.dozen), 'doos', 'dozen')}, {count_words(len(dossier.batches), 'batch', 'batches')}, "
        f"{count_words(bladen, 'document', 'documenten')}"
    )
