"""The one row of the migrations themselves."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class MotorRow(SQLModel, table=True):
    """Which version of the work engine last brought its own tables up to date; saves importing it to find out."""

    __tablename__ = "motor"
    naam: str = Field(primary_key=True)
    versie: str
