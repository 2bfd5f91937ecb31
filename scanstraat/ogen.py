"""Whose eyes are behind an account: its own, and those of whoever set it again for another while nobody confirmed that.

Who gives somebody else a new password may know it. So that account decides nothing until another functioneel beheerder
confirms that it is in the right hands, or a waiting time is over; and until it is confirmed, what it decides counts as
decided by both. Read from the events, as the verifier does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from scanstraat.tables import GebeurtenisRow

INGESTELD, BEVESTIGD = "aanmelding.gewijzigd", "aanmelding.bevestigd"
MET_WACHTTIJD = 2  # from this version on the event says how long the account waits


@dataclass(frozen=True)
class Ingesteld:
    """An account that another set again, and that nobody confirmed since.

    Args:
        door: actors of whoever did, as the log knows them.
        beslist_vanaf: when the waiting time is over.
    """

    sinds: datetime
    door: frozenset[UUID]
    beslist_vanaf: datetime


def find_ingesteld(session: Session, log_id: UUID, tot: int | None = None) -> Ingesteld | None:
    """Return how the account of an actor was set by another and not confirmed; None: nothing of the kind.

    Args:
        tot: as it was when the event of this number was written; None: as it is now.
    """
    vraag = select(GebeurtenisRow).where(
        GebeurtenisRow.onderwerp_log_id == log_id, col(GebeurtenisRow.soort).in_((INGESTELD, BEVESTIGD))
    )
    if tot is not None:
        vraag = vraag.where(col(GebeurtenisRow.volgnummer) < tot)
    stand: Ingesteld | None = None
    had_er_een = False
    for rij in session.exec(vraag.order_by(col(GebeurtenisRow.volgnummer))).all():
        if rij.soort == BEVESTIGD:
            stand = None
            continue
        if had_er_een and rij.actor_log_id != log_id and rij.schema_versie >= MET_WACHTTIJD:
            sinds = datetime.fromisoformat(rij.op)
            vanaf = sinds + timedelta(days=rij.gegevens["wacht_dagen"])
            door = {rij.actor_log_id, *find_lenenden(session, [(rij.actor_log_id, rij.volgnummer)])}
            stand = Ingesteld(
                sinds,
                frozenset(door) if stand is None else stand.door | door,
                vanaf if stand is None else max(stand.beslist_vanaf, vanaf),
            )
        had_er_een = True
    return stand


def find_lenenden(session: Session, regels: Iterable[tuple[UUID, int | None]]) -> frozenset[UUID]:
    """Return the actors who may have written these events with the account of another.

    Args:
        regels: who wrote each by its own word, and its number; None: what is about to be written.
    """
    gevonden: set[UUID] = set()
    for log_id, nummer in regels:
        stand = find_ingesteld(session, log_id, nummer)
        if stand is not None:
            gevonden |= stand.door
    return frozenset(gevonden)
