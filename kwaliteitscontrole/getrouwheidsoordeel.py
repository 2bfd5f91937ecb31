"""The verdict of getrouwheid: what deviates, in words a person reads and values a program keeps. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

GRENS = 4
"""Largest allowed difference of one tile between a render and the master, in levels of 0 to 255.

Measured with `measure_verschil` on the 34 corpus scans and on generated pages (150 to 600 dpi; JPEG, Flate, G4; every
turn): clean pages stay at 1 or below. The smallest seeded fault, one stroke of a faint digit (0.25 mm x 1.5 mm, 30
levels from its paper), gives 7 or more. See docs/decisions/0007-getrouwheid-grens.md.
"""


class Afwijking(StrEnum):
    """What is not the same; `TEKSTEN` says it to people."""

    ONLEESBAAR = "onleesbaar"
    PAGINA_ONTBREEKT = "pagina_ontbreekt"
    PAGINA_TE_VEEL = "pagina_te_veel"
    BEELDPUNTEN = "beeldpunten"
    STROOM = "stroom"
    KLEURPROFIEL = "kleurprofiel"
    DRAAI = "draai"
    MAAT = "maat"
    UITSNEDE = "uitsnede"
    EXTRA_INHOUD = "extra_inhoud"
    TEKST_ZICHTBAAR = "tekst_zichtbaar"
    WEERGAVE_PDFIUM = "weergave_pdfium"
    WEERGAVE_POPPLER = "weergave_poppler"


TEKSTEN = {
    Afwijking.ONLEESBAAR: "is beschadigd en niet te lezen",
    Afwijking.PAGINA_ONTBREEKT: "ontbreekt in het archiefbestand",
    Afwijking.PAGINA_TE_VEEL: "staat in het archiefbestand, maar hoort er niet in",
    Afwijking.BEELDPUNTEN: "heeft niet dezelfde beeldpunten als de scan",
    Afwijking.STROOM: "heeft het beeld niet zoals het is aangeleverd",
    Afwijking.KLEURPROFIEL: "heeft niet het kleurprofiel van de scan",
    Afwijking.DRAAI: "is anders gedraaid dan is vastgelegd",
    Afwijking.MAAT: "heeft niet de ware grootte",
    Afwijking.UITSNEDE: "toont niet het hele beeld",
    Afwijking.EXTRA_INHOUD: "toont meer dan alleen de scan",
    Afwijking.TEKST_ZICHTBAAR: "heeft een tekstlaag die zichtbaar is",
    Afwijking.WEERGAVE_PDFIUM: "ziet er op het scherm (pdfium) anders uit dan de scan",
    Afwijking.WEERGAVE_POPPLER: "ziet er op het scherm (poppler) anders uit dan de scan",
}


@dataclass(frozen=True)
class Paginaoordeel:
    """The verdict on one page, from 1.

    bewijs: "stroom" (the master's own bytes), "beeldpunten" (decoded and compared) or "weergave" (renders only).
    verschil_pdfium, verschil_poppler: `measure_verschil` of the renders, 0 to 255; None when nothing was rendered.
    """

    pagina: int
    afwijkingen: tuple[Afwijking, ...]
    bewijs: str
    verschil_pdfium: int | None = None
    verschil_poppler: int | None = None

    @property
    def gelijk(self) -> bool:
        """True when nothing deviates and both renders were made and lie within the bound."""
        verschillen = (self.verschil_pdfium, self.verschil_poppler)
        return not self.afwijkingen and all(v is not None and v <= GRENS for v in verschillen)

    @property
    def melding(self) -> str:
        """A Dutch sentence, or "" when the page is equal."""
        if not self.afwijkingen:
            return "" if self.gelijk else f"Pagina {self.pagina} is niet te vergelijken."
        return f"Pagina {self.pagina} " + "; ".join(TEKSTEN[afwijking] for afwijking in self.afwijkingen) + "."

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        return {
            "pagina": self.pagina,
            "gelijk": self.gelijk,
            "afwijkingen": [afwijking.value for afwijking in self.afwijkingen],
            "bewijs": self.bewijs,
            "verschil_pdfium": self.verschil_pdfium,
            "verschil_poppler": self.verschil_poppler,
        }

    @classmethod
    def from_json(cls, gegevens: dict[str, Any]) -> Self:
        """Read what `to_json` gave."""
        return cls(
            pagina=gegevens["pagina"],
            afwijkingen=tuple(Afwijking(code) for code in gegevens["afwijkingen"]),
            bewijs=gegevens["bewijs"],
            verschil_pdfium=gegevens["verschil_pdfium"],
            verschil_poppler=gegevens["verschil_poppler"],
        )


@dataclass(frozen=True)
class Getrouwheidsoordeel:
    """The verdict on one archive file."""

    paginas_verwacht: int
    paginas_gevonden: int
    paginas: tuple[Paginaoordeel, ...]
    grens: ClassVar[int] = GRENS

    @property
    def gelijk(self) -> bool:
        """True when there is at least one page and every expected page is there, equal, and nothing else is."""
        aantallen = {self.paginas_verwacht, self.paginas_gevonden, len(self.paginas)}
        return len(aantallen) == 1 and self.paginas_verwacht > 0 and all(pagina.gelijk for pagina in self.paginas)

    @property
    def meldingen(self) -> tuple[str, ...]:
        """Dutch sentences, one per page that deviates."""
        return tuple(pagina.melding for pagina in self.paginas if not pagina.gelijk)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        return {
            "gelijk": self.gelijk,
            "paginas_verwacht": self.paginas_verwacht,
            "paginas_gevonden": self.paginas_gevonden,
            "grens": self.grens,
            "paginas": [pagina.to_json() for pagina in self.paginas],
        }

    @classmethod
    def from_json(cls, gegevens: dict[str, Any]) -> Self:
        """Read what `to_json` gave."""
        paginas = tuple(Paginaoordeel.from_json(pagina) for pagina in gegevens["paginas"])
        return cls(gegevens["paginas_verwacht"], gegevens["paginas_gevonden"], paginas)
