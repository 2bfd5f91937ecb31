"""Who scanned a batch, by its row and by the log: the one must not change without the other.

The log has a line when a batch was split, with whoever the delivery named, and one for every statement since. Everybody
who was ever named keeps a part in the batch: whoever may free themselves by naming another, would be two pairs of eyes.
"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from scanstraat import storage
from scanstraat.domain import ONBEKEND
from scanstraat.tables import ActorRow, BatchRow, GebeurtenisRow

SOORT = "batch.scanoperator"
MET_WIE = 2  # from this version on the event says who


def save_scanoperator(session: Session, batch: BatchRow, naam: str, wie: ActorRow | None, *, door: ActorRow) -> None:
    """Put down who scanned a batch.

    Args:
        wie: the actor of that name; None when it is not known who scanned.
    """
    batch.scanoperator = naam
    session.add(batch)
    storage.append_gebeurtenis(
        session,
        SOORT,
        actor=door,
        onderwerp=batch.log_id,
        bekend=wie is not None,
        wie=str(batch.log_id if wie is None else wie.log_id),
    )


def find_genoemden(session: Session, batch: BatchRow) -> list[ActorRow]:
    """Return every person who was ever named as who scanned a batch, and whoever stated so."""
    ids = {
        id_
        for notitie in _load_notities(session, batch)
        for id_ in (notitie.actor_log_id, UUID(notitie.gegevens["wie"]))
    }
    rijen = session.exec(select(ActorRow).where(col(ActorRow.log_id).in_(ids), ActorRow.soort == "persoon"))
    return sorted(rijen, key=lambda actor: actor.naam)


def find_laatste(session: Session, batch: BatchRow) -> str | None:
    """Return the name that the newest event has for who scanned a batch; None: no event says so."""
    notities = _load_notities(session, batch)
    if not notities:
        return None
    if not notities[-1].gegevens["bekend"]:
        return ONBEKEND
    wie = session.exec(select(ActorRow).where(ActorRow.log_id == UUID(notities[-1].gegevens["wie"]))).first()
    return None if wie is None else wie.naam


def _load_notities(session: Session, batch: BatchRow) -> list[GebeurtenisRow]:
    return list(
        session.exec(
            select(GebeurtenisRow)
            .where(
                GebeurtenisRow.onderwerp_log_id == batch.log_id,
                GebeurtenisRow.soort == SOORT,
                GebeurtenisRow.schema_versie >= MET_WIE,
            )
            .order_by(col(GebeurtenisRow.volgnummer))
        )
    )
