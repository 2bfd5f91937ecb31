"""What was read on a page: words, their places and how sure they are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Kader = tuple[int, int, int, int]  # left, top, right, bottom in OCR pixels


@dataclass(frozen=True)
class Woord:
    """One word. `zekerheid` is Tesseract's confidence, 0 to 100."""

    tekst: str
    kader: Kader
    zekerheid: float


@dataclass(frozen=True)
class Regel:
    """One line of text. `basislijn`: x, y of its left end and x, y of its right end. `blok`: which column or
    paragraph it belongs to, counted from 0 in reading order.
    """

    kader: Kader
    basislijn: Kader
    woorden: tuple[Woord, ...]
    blok: int = 0


@dataclass(frozen=True)
class OcrPagina:
    """What was read on one page.

    Places are in OCR pixels: those of the page image after turning it `draai_graden` clockwise, times `schaal`.
    `breedte_px` and `hoogte_px` are its size in OCR pixels. `mislukt`: Tesseract failed on this page; it has no text.
    `drempel`: the way ink was told from paper (Tesseract's thresholding_method).
    """

    regels: tuple[Regel, ...]
    schaal: float
    breedte_px: int
    hoogte_px: int
    draai_graden: int = 0
    mislukt: bool = False
    drempel: int = 0

    @property
    def woorden(self) -> int:
        """Number of words."""
        return sum(len(regel.woorden) for regel in self.regels)

    @property
    def woordzekerheid(self) -> float | None:
        """Mean confidence of the words, longer words weighing more (0 to 100); None without words."""
        gewicht = sum(len(woord.tekst) for woord in self._all())
        return sum(woord.zekerheid * len(woord.tekst) for woord in self._all()) / gewicht if gewicht else None

    @property
    def opbrengst(self) -> float:
        """How much was read and how surely: the sum of confidences over characters. For comparing readings."""
        return sum(woord.zekerheid * len(woord.tekst) for woord in self._all())

    @property
    def tekst(self) -> str:
        """The text, line by line."""
        return "\n".join(" ".join(woord.tekst for woord in regel.woorden) for regel in self.regels)

    def _all(self) -> Iterator[Woord]:
        return (woord for regel in self.regels for woord in regel.woorden)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `from_json` reads them back."""
        return {
            "schaal": self.schaal,
            "breedte_px": self.breedte_px,
            "hoogte_px": self.hoogte_px,
            "draai_graden": self.draai_graden,
            "mislukt": self.mislukt,
            "drempel": self.drempel,
            "woorden": self.woorden,
            "woordzekerheid": self.woordzekerheid,
            "regels": [
                [
                    list(regel.kader),
                    list(regel.basislijn),
                    [[w.tekst, *w.kader, w.zekerheid] for w in regel.woorden],
                    regel.blok,
                ]
                for regel in self.regels
            ],
        }

    @classmethod
    def from_json(cls, gegevens: dict[str, Any]) -> OcrPagina:
        """Read what `to_json` made."""
        regels = tuple(
            Regel(
                build_kader(kader),
                build_kader(lijn),
                tuple(Woord(w[0], build_kader(w[1:5]), float(w[5])) for w in woorden),
                int(blok),
            )
            for kader, lijn, woorden, blok in gegevens["regels"]
        )
        return cls(
            regels=regels,
            schaal=float(gegevens["schaal"]),
            breedte_px=int(gegevens["breedte_px"]),
            hoogte_px=int(gegevens["hoogte_px"]),
            draai_graden=int(gegevens["draai_graden"]),
            mislukt=bool(gegevens["mislukt"]),
            drempel=int(gegevens["drempel"]),
        )


def build_kader(getallen: Sequence[Any]) -> Kader:
    """Return four numbers as a box."""
    links, boven, rechts, onder = (int(getal) for getal in getallen)
    return links, boven, rechts, onder
