"""`Bevinding` and `Ernst`: the vocabulary of a verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ernst(StrEnum):
    """How much a finding weighs (domein: classes of error in a handboek vervanging)."""

    LICHT = "licht"
    ERNSTIG = "ernstig"
    KRITIEK = "kritiek"


@dataclass(frozen=True)
class Plaats:
    """A rectangle on a beeld, in px from the upper left corner of the master."""

    x: int
    y: int
    breedte: int
    hoogte: int

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.breedte},{self.hoogte}"


@dataclass(frozen=True)
class Bevinding:
    """One finding. `code` is for programs (`scheef`, `blanco`), `tekst` a Dutch sentence that says what to do.

    `vervangbaar` False means: the scan may go to its zaak, but its paper may not be destroyed as long as this stands.
    """

    code: str
    ernst: Ernst
    tekst: str
    plaats: Plaats | None = None
    vervangbaar: bool = True
