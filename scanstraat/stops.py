"""Stops: nothing goes while one stands on a document, its zaak, its doos, its besluit or somebody who had a part in it.

A stop is read in the transaction of the release, the order and the execution, so that none slips in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from scanstraat import db, storage
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.tables import ActorRow, DocumentRow
from scanstraat.tables_bewijs import BesluitRow, DoosRow, PersoonRow, StopRow


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
        NietMogelijkError: no reason.
        NietGevondenError: there is no such document, doos, besluit or persoon.
    """
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
    betreft = stop.log_id if over is Over.ZAAK else _find_log_id(session, over, UUID(onderwerp))
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
    return stop


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
    stop = session.get(StopRow, stop_id)
    if stop is None or stop.opgeheven_op is not None:
        raise NietGevondenError(
            "Deze stop bestaat niet of is al opgeheven. `scanstraat stop lijst` toont welke er staan."
        )
    if not reden.strip():
        raise NietMogelijkError("Zeg waarom de stop wordt opgeheven.")
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


def find_stops(
    session: Session, onderwerpen: Iterable[tuple[Over, str]] | None = None, *, alles: bool = False
) -> list[StopRow]:
    """Return the stops on any of these, oldest first; without `onderwerpen`: on anything. `alles`: lifted ones too."""
    vraag = select(StopRow).order_by(col(StopRow.geplaatst_op))
    if not alles:
        vraag = vraag.where(col(StopRow.opgeheven_op).is_(None))
    rijen = list(session.exec(vraag))  # few stand at a time, and what they may be on is many
    if onderwerpen is None:
        return rijen
    gezocht = {(over.value, onderwerp) for over, onderwerp in onderwerpen}
    return [rij for rij in rijen if (rij.over, rij.onderwerp) in gezocht]


def say_stop(stop: StopRow) -> str:
    """Say in Dutch that a stop stands, without its words."""
    waarop = {"doos": "deze doos", "zaak": "deze zaak", "persoon": "iemand die eraan werkte"}
    return f"Er loopt een stop ({SOORTEN[Stopsoort(stop.soort)]}) op {waarop.get(stop.over, f'dit {stop.over}')}."
