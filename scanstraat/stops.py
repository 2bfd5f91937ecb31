"""Stops: nothing goes while one stands on a document, its zaak, its doos, its besluit or somebody who had a part in it.

A stop is read in the transaction of the release, the order and the execution, so that none slips in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from scanstraat import db, papier, storage
from scanstraat.domain import ONBEKEND
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.rijen import find_teruggebracht
from scanstraat.tables import ActorRow, BeeldRow, DocumentRow, DocumentversieRow, GebeurtenisRow, PaginaRow
from scanstraat.tables_bewijs import BesluitRow, DoosbladRow, DoosRow, PersoonRow, StopRow


class Stopsoort(StrEnum):
    """Why paper is held."""

    BEZWAAR = "bezwaar"
    RECHTSZAAK = "rechtszaak"
    WOO_VERZOEK = "woo_verzoek"
    ONDERZOEK = "onderzoek"
    KWALITEITSTWIJFEL = "kwaliteitstwijfel"


class Over(StrEnum):
    """What a stop is on."""

    DOCUMENT = "document"
    ZAAK = "zaak"
    DOOS = "doos"
    BESLUIT = "besluit"
    PERSOON = "persoon"


_OVER_PAPIER = (Over.DOCUMENT, Over.ZAAK)  # of which only the record knows where the paper is

SOORTEN: Mapping[Stopsoort, str] = {
    Stopsoort.BEZWAAR: "bezwaar",
    Stopsoort.RECHTSZAAK: "rechtszaak",
    Stopsoort.WOO_VERZOEK: "Woo-verzoek",
    Stopsoort.ONDERZOEK: "onderzoek",
    Stopsoort.KWALITEITSTWIJFEL: "twijfel over de kwaliteit",
}


def place_stop(
    session: Session, soort: Stopsoort, over: Over, onderwerp: str, reden: str, *, door: ActorRow
) -> StopRow:
    """Hold everything of `onderwerp`: the id of what it is on, or the number of a zaak.

    A zaak need not be known: a stop may come before its paper does.

    Raises:
        NietMogelijkError: no reason, or nothing to hold.
        NietGevondenError: there is no such document, doos, besluit or persoon.
    """
    onderwerp = onderwerp.strip()
    if not onderwerp:
        raise NietMogelijkError("Zeg waarop de stop is: noem het nummer van de zaak.")
    if not reden.strip():
        raise NietMogelijkError("Zeg waarom: noem bijvoorbeeld het nummer van het verzoek. Noem geen namen.")
    storage.hold_beslissing(session)
    stop = StopRow(
        soort=soort.value,
        over=over.value,
        onderwerp=onderwerp,
        reden=reden.strip(),
        geplaatst_op=db.now_text(),
        geplaatst_door=door.id,
    )
    betreft = _find_betreft(session, stop)
    session.add(stop)
    storage.append_gebeurtenis(
        session,
        "stop.geplaatst",
        actor=door,
        onderwerp=stop.log_id,
        soort=soort.value,
        over=over.value,
        betreft=str(betreft),
        verpakt={"kenmerk": {"onderwerp": onderwerp, "reden": stop.reden}},
    )
    session.flush()
    _follow(session, stop, door)
    return stop


def follow_stops(session: Session) -> None:
    """Record where the paper went that a stop on a document or a zaak holds: the log then knows it without the record.

    Placing a stop does it at once. Later a document may get the zaak, or its paper another doos.
    """
    if any(Over(stop.over) in _OVER_PAPIER for stop in find_stops(session)):
        storage.hold_beslissing(session)
        actor = storage.load_actor(session, "stops")
        for stop in find_stops(session):  # asked again: one may have been lifted before we held them
            _follow(session, stop, actor)


def _follow(session: Session, stop: StopRow, door: ActorRow) -> None:
    if Over(stop.over) not in _OVER_PAPIER:
        return  # the log knows a doos, a besluit and a person as they are
    nu = _find_gehouden(session, stop)
    bekend, blijft = _load_gehouden(session, stop)
    for doos in sorted((nu ^ bekend) - blijft):
        storage.append_gebeurtenis(
            session, "stop.houdt", actor=door, onderwerp=stop.log_id, doos=str(doos), houdt=doos in nu
        )


def _find_gehouden(session: Session, stop: StopRow) -> set[UUID]:
    ids = {UUID(wat) for over, wat in find_geraakt(session, stop) if over is Over.DOOS}
    dozen = [session.get_one(DoosRow, id_) for id_ in ids]
    return {doos.log_id for doos in dozen if papier.find_vernietigd_op(session, doos.id) is None}


def _load_gehouden(session: Session, stop: StopRow) -> tuple[set[UUID], set[UUID]]:
    """Return the dozen that a stop holds by the log, and those of them that it holds until it is lifted.

    What came back from the log after a rollback is held for good: the rows do not say any more what lies in the doos.
    """
    gehouden: set[UUID] = set()
    blijft: set[UUID] = set()
    terug = find_teruggebracht(session)
    for nummer, gegevens in session.exec(
        select(GebeurtenisRow.volgnummer, GebeurtenisRow.gegevens)
        .where(GebeurtenisRow.soort == "stop.houdt", GebeurtenisRow.onderwerp_log_id == stop.log_id)
        .order_by(col(GebeurtenisRow.volgnummer))
    ):
        doos = UUID(gegevens["doos"])
        gehouden = gehouden | {doos} if gegevens["houdt"] else gehouden - {doos}
        is_terug = any(van <= (nummer or 0) < tot for van, tot in terug)
        blijft = blijft | {doos} if gegevens["houdt"] and is_terug else blijft - {doos}
    return gehouden, blijft


def _find_betreft(session: Session, stop: StopRow) -> UUID:
    """Return what the log knows that a stop is on; of a zaak the log knows nothing but the stop itself."""
    over = Over(stop.over)
    return stop.log_id if over is Over.ZAAK else _find_log_id(session, over, UUID(stop.onderwerp))


def find_onderwerp(session: Session, over: Over, betreft: UUID) -> str:
    """Return what a stop is on as its row says it, from what the log says; ONBEKEND for a zaak."""
    if over is Over.ZAAK:
        return ONBEKEND
    tabellen: Mapping[Over, Any] = {
        Over.DOOS: sa.select(col(DoosRow.id)).where(col(DoosRow.log_id) == betreft),
        Over.BESLUIT: sa.select(col(BesluitRow.id)).where(col(BesluitRow.log_id) == betreft),
        Over.PERSOON: sa.select(col(PersoonRow.id))
        .join(ActorRow, col(ActorRow.id) == PersoonRow.actor_id)
        .where(col(ActorRow.log_id) == betreft),
    }
    gevonden = session.execute(tabellen[over]).scalar() if over in tabellen else None
    return str(gevonden or betreft)


def _find_log_id(session: Session, over: Over, id_: UUID) -> UUID:
    log_id: UUID | None = None
    if over is Over.DOCUMENT and (document := session.get(DocumentRow, id_)) is not None:
        log_id = document.id
    elif over is Over.DOOS and (doos := session.get(DoosRow, id_)) is not None:
        log_id = doos.log_id
    elif over is Over.BESLUIT and (besluit := session.get(BesluitRow, id_)) is not None:
        log_id = besluit.log_id
    elif over is Over.PERSOON and (persoon := session.get(PersoonRow, id_)) is not None:
        log_id = session.get_one(ActorRow, persoon.actor_id).log_id
    if log_id is None:
        raise NietGevondenError(f"Dit {over.value} bestaat niet: er is niets om stil te zetten.")
    return log_id


def lift_stop(session: Session, stop_id: UUID, reden: str, *, door: ActorRow) -> StopRow:
    """End a stop, for a reason.

    Raises:
        NietGevondenError: there is no such stop that stands.
    """
    storage.hold_beslissing(session)
    stop = verify_opheffing(session.get(StopRow, stop_id), reden)
    stop.opgeheven_op, stop.opgeheven_door, stop.opheffingsreden = db.now_text(), door.id, reden.strip()
    session.add(stop)
    storage.append_gebeurtenis(
        session,
        "stop.opgeheven",
        actor=door,
        onderwerp=stop.log_id,
        verpakt={"toelichting": {"reden": stop.opheffingsreden}},
    )
    return stop


def verify_opheffing(stop: StopRow | None, reden: str) -> StopRow:
    """Return a stop that stands and can be lifted for this reason.

    Raises:
        NietGevondenError: there is no such stop that stands.
        NietMogelijkError: no reason.
    """
    if stop is None or stop.opgeheven_op is not None:
        raise NietGevondenError(
            "Deze stop bestaat niet of is al opgeheven. `scanstraat stop lijst` toont welke er staan."
        )
    if not reden.strip():
        raise NietMogelijkError("Zeg waarom de stop wordt opgeheven.")
    return stop


def find_stops(
    session: Session,
    onderwerpen: Iterable[tuple[Over, str]] | None = None,
    *,
    alles: bool = False,
    sinds: str | None = None,
) -> list[StopRow]:
    """Return the stops that hold any of these, oldest first; without `onderwerpen`: all that stand.

    A stop was lifted when an event says so: a database in which somebody changed its row only lets no paper go.

    Args:
        alles: those that were lifted too.
        sinds: those that were lifted at this moment or later too, by the event.
    """
    vraag = select(StopRow).order_by(col(StopRow.geplaatst_op))
    if not alles:
        later = sa.false() if sinds is None else _is_vastgelegd("stop.opgeheven", col(GebeurtenisRow.op) >= sinds)
        vraag = vraag.where(sa.or_(col(StopRow.opgeheven_op).is_(None), ~_is_vastgelegd("stop.opgeheven"), later))
    rijen = list(session.exec(vraag))  # few stand at a time, and what they may be on is many
    if onderwerpen is None:
        return rijen
    gezocht = set(onderwerpen)
    return [rij for rij in rijen if not gezocht.isdisjoint(find_geraakt(session, rij))]


def count_verdwenen(session: Session) -> int:
    """Return how many stops were placed, by the events, of which there is no row, or one on something else."""
    rijen = session.exec(
        select(GebeurtenisRow.gegevens, StopRow)
        .outerjoin(StopRow, col(StopRow.log_id) == GebeurtenisRow.onderwerp_log_id)
        .where(GebeurtenisRow.soort == "stop.geplaatst")
    )
    return sum(stop is None or not _is_zoals_geplaatst(session, stop, gegevens) for gegevens, stop in rijen)


def _is_zoals_geplaatst(session: Session, stop: StopRow, gegevens: Mapping[str, Any]) -> bool:
    if (stop.soort, stop.over) != (gegevens["soort"], gegevens["over"]):
        return False
    try:
        return _find_betreft(session, stop) == UUID(gegevens["betreft"])
    except (NietGevondenError, ValueError):
        return False


def _is_vastgelegd(soort: str, *en: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        col(GebeurtenisRow.soort) == soort, col(GebeurtenisRow.onderwerp_log_id) == col(StopRow.log_id), *en
    )


def find_geraakt(session: Session, stop: StopRow) -> set[tuple[Over, str]]:
    """Return everything that a stop holds: what it is on, and wherever the paper of that went since."""
    over = Over(stop.over)
    geraakt = {(over, stop.onderwerp)}
    documenten: list[UUID] = []
    if over is Over.BESLUIT:  # of whichever version: a batch may be bound to an older or a newer one
        nummer = session.get_one(BesluitRow, UUID(stop.onderwerp)).nummer
        versies = session.exec(select(BesluitRow.id).where(BesluitRow.nummer == nummer))
        geraakt |= {(Over.BESLUIT, str(versie)) for versie in versies}
    elif over is Over.ZAAK:  # however its number was typed
        zaak = select(DocumentRow.id, DocumentRow.zaakidentificatie).where(
            sa.func.lower(DocumentRow.zaakidentificatie) == stop.onderwerp.lower()
        )
        for document_id, identificatie in session.exec(zaak):
            documenten.append(document_id)
            geraakt.add((Over.ZAAK, str(identificatie)))
    elif over is Over.DOCUMENT:
        documenten.append(UUID(stop.onderwerp))
    for document_id in documenten:
        geraakt |= _find_papier(session, document_id, stop.geplaatst_op)
    ook = {UUID(wat) for over, wat in geraakt if over is Over.DOCUMENT}.union(documenten)
    return geraakt | {(Over.DOOS, str(id_)) for id_ in papier.find_dozen_van(session, ook)}


def _find_papier(session: Session, document_id: UUID, sinds: str) -> set[tuple[Over, str]]:
    """Return where the sheets of a document are: those it had at a moment, and those it got after.

    Its pages may have gone to another document, or to none; a stop is on the paper.
    """
    toen = (
        select(sa.func.max(DocumentversieRow.n))
        .where(DocumentversieRow.document_id == document_id, DocumentversieRow.gemaakt_op < sinds)
        .scalar_subquery()
    )
    beelden = (
        select(PaginaRow.beeld_id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
        .where(DocumentversieRow.document_id == document_id, DocumentversieRow.n >= sa.func.coalesce(toen, 1))
    )
    nu = select(BeeldRow.document_id).where(col(BeeldRow.id).in_(beelden), col(BeeldRow.document_id).is_not(None))
    dozen = (
        select(DoosbladRow.doos_id)
        .join(BeeldRow, col(BeeldRow.blad_id) == DoosbladRow.blad_id)
        .where(col(BeeldRow.id).in_(beelden), col(DoosbladRow.uit_op).is_(None))
    )
    return {
        *((Over.DOCUMENT, str(id_)) for id_ in session.exec(nu.distinct())),
        *((Over.DOOS, str(id_)) for id_ in session.exec(dozen.distinct())),
    }


def build_stop(session: Session, stop: StopRow) -> dict[str, Any]:
    """Return a stop as plain values, with names and numbers as people say them."""

    def name(actor_id: UUID | None) -> str | None:
        return None if actor_id is None else session.get_one(ActorRow, actor_id).naam

    return {
        "id": str(stop.id),
        "soort": stop.soort,
        "over": stop.over,
        "wat": _say_onderwerp(session, stop),
        "reden": stop.reden,
        "geplaatst_op": stop.geplaatst_op,
        "geplaatst_door": name(stop.geplaatst_door),
        "opgeheven_op": stop.opgeheven_op,
        "opgeheven_door": name(stop.opgeheven_door),
        "opheffingsreden": stop.opheffingsreden,
    }


def _say_onderwerp(session: Session, stop: StopRow) -> str:
    over = Over(stop.over)
    if over is Over.DOOS:
        return session.get_one(DoosRow, UUID(stop.onderwerp)).nummer
    if over is Over.BESLUIT:
        return session.get_one(BesluitRow, UUID(stop.onderwerp)).nummer
    if over is Over.PERSOON:
        return session.get_one(PersoonRow, UUID(stop.onderwerp)).naam
    return stop.onderwerp


def say_stop_op(session: Session, stop: StopRow) -> str:
    """Say in Dutch that a stop stands, with the number of the doos or the besluit it is on."""
    if Over(stop.over) in (Over.DOOS, Over.BESLUIT):
        return say_stop(stop, f"{stop.over} {_say_onderwerp(session, stop)}")
    return say_stop(stop)


def say_stop(stop: StopRow, op: str = "") -> str:
    """Say in Dutch that a stop stands, which one and on what, without its words.

    Args:
        op: what it is on, when a reader would not know.
    """
    waarop = {
        Over.DOOS: "deze doos", Over.ZAAK: f"zaak {stop.onderwerp}", Over.PERSOON: "iemand die eraan werkte",
        Over.DOCUMENT: f"document {stop.onderwerp[:8]}", Over.BESLUIT: "dit besluit",
    }  # fmt: skip
    op = op or waarop[Over(stop.over)]
    zin = f"Er loopt een stop ({SOORTEN[Stopsoort(stop.soort)]}) op {op}: stop {str(stop.id)[:8]}."
    if stop.opgeheven_op is None:
        return zin
    return (
        f"{zin} In de database staat dat hij is opgeheven, maar dat is niet vastgelegd: iemand heeft de database "
        "buiten de scanstraat om gewijzigd. Meld dit bij de archivaris."
    )
