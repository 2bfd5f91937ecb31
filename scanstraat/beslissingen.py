"""A decision carries a mark that only this installation can make: with the key that lies beside the database.

Whoever may write in the database, but has not the files of this machine, can add a row and its event; without the mark
the poort does not believe them. The mark is made from the event itself, so that it fits no other.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from scanstraat import personen, storage
from scanstraat.bootstrap import Basis
from scanstraat.tables import ActorRow, GebeurtenisRow
from vernietiging.gebeurtenis import canonical_json

_DOEL = b"scanstraat/beslissing/v1\n"
_LENGTE = 48  # hex: 192 bits


def append_beslissing(
    basis: Basis, session: Session, soort: str, /, *, actor: ActorRow, onderwerp: UUID, **gegevens: Any
) -> UUID:
    """Record a decision of somebody who just proved who they are; return the id of its event."""
    merk = _build_merk(basis, soort, actor.log_id, onderwerp, gegevens)
    return storage.append_gebeurtenis(
        session,
        soort,
        actor=actor,
        onderwerp=onderwerp,
        herbevestigd=f"{personen.HERBEVESTIGD}.{merk}",
        **gegevens,
    )


def is_eigen(basis: Basis, session: Session, gebeurtenis_id: UUID) -> bool:
    """Whether this installation made the mark of a decision, for this event alone."""
    rij = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.id == gebeurtenis_id)).first()
    if rij is None:  # a row that names an event which is not there
        return False
    gegevens = dict(rij.gegevens)
    gezegd = str(gegevens.pop("herbevestigd", ""))
    merk = _build_merk(basis, rij.soort, rij.actor_log_id, rij.onderwerp_log_id, gegevens)
    zelfde = session.exec(
        select(GebeurtenisRow.gegevens).where(
            GebeurtenisRow.soort == rij.soort, GebeurtenisRow.onderwerp_log_id == rij.onderwerp_log_id
        )
    )
    eenmaal = sum(ander.get("herbevestigd") == gezegd for ander in zelfde) == 1  # copied from one that was taken back
    return eenmaal and hmac.compare_digest(gezegd, f"{personen.HERBEVESTIGD}.{merk}")


def _build_merk(basis: Basis, soort: str, actor: UUID, onderwerp: UUID, gegevens: dict[str, Any]) -> str:
    sleutel = hashlib.sha256(_DOEL + personen.read_sleutel(basis.config.algemeen.gegevensmap)).digest()
    inhoud = {"soort": soort, "actor": str(actor), "onderwerp": str(onderwerp), "gegevens": gegevens}
    return hmac.digest(sleutel, canonical_json(inhoud), "sha256").hex()[:_LENGTE]
