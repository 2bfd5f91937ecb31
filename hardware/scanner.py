"""What any scanner promises: settings in, page images out, in the order the sheets left the feeder. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kleurmodus(StrEnum):
    """How a scanner records colour."""

    KLEUR = "kleur"  # 24 bits, sRGB unless a profile is embedded
    GRIJS = "grijs"  # 8 bits
    ZWARTWIT = "zwartwit"  # 1 bit


class Kant(StrEnum):
    """Which side of a sheet."""

    VOOR = "voor"
    ACHTER = "achter"


@dataclass(frozen=True)
class Scanprofiel:
    """Settings a scanner is told to use.

    Args:
        dpi: optical resolution in dots per inch, the same in both directions.
        duplex: both sides of every sheet, front before back.
        jpeg_kwaliteit: 1 to 95; only for KLEUR and GRIJS.
    Source of the defaults: handboeken vervanging (300 dpi, colour, both sides).
    """

    dpi: int = 300
    kleurmodus: Kleurmodus = Kleurmodus.KLEUR
    duplex: bool = False
    jpeg_kwaliteit: int = 85


@dataclass(frozen=True)
class Scanbeeld:
    """One side of one sheet, encoded as the scanner made it: JPEG, or PNG when it is black and white."""

    volgnummer: int  # of the side, from 1, over the whole stack
    blad: int  # of the sheet, from 1; a double feed makes one sheet of two
    kant: Kant
    inhoud: bytes
    mediatype: str  # "image/jpeg" or "image/png"
    breedte_px: int
    hoogte_px: int
    dpi: int


class Scanner(Protocol):
    """A device with a feeder."""

    @property
    def naam(self) -> str:
        """What people call it."""

    def scan(self, profiel: Scanprofiel) -> Iterator[Scanbeeld]:
        """Feed every sheet that lies in the feeder and yield its sides.

        Raises:
            PapierVastgelopenError: a sheet got stuck. What was yielded before stays valid, and a new call goes on
                with the sheet that got stuck.
        """
