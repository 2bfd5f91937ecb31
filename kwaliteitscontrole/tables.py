"""Rows of kwaliteitscontrole; decisions are taken on `bevinding.Bevinding`."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel


class BevindingRow(SQLModel, table=True):
    """A finding as stored, on a beeld, a documentversie or a whole batch (the ids belong to scanstraat)."""

    __tablename__ = "bevinding"
    __table_args__ = (
        CheckConstraint("ernst in ('licht', 'ernstig', 'kritiek')", name="ernst"),
        CheckConstraint("afgehandeld_op is null or afgehandeld_door is not null", name="afgehandeld_door_iemand"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(index=True)
    beeld_id: UUID | None = Field(default=None, index=True)
    documentversie_id: UUID | None = Field(default=None, index=True)
    code: str
    ernst: str
    tekst: str
    plaats: str | None = None  # on the master: "x,y,breedte,hoogte" in px; None is all of it
    vervangbaar: bool = True
    gevonden_op: str  # RFC 3339: "2026-03-02T14:05:11Z"
    afgehandeld_op: str | None = None
    afgehandeld_door: str | None = None
    vervallen_op: str | None = None  # what it says is no longer so; it is then settled as well
