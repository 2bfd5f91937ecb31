"""What one page of a finished archive file paints, read from its dictionary and content stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Stream

from kwaliteitscontrole.getrouwheidsoordeel import Afwijking

SPELING_PT = 0.05  # rounding of numbers in the file: 0.2 px at 300 dpi


@dataclass(frozen=True)
class Plaatsing:
    """An image and where it is painted: `kader` is left, bottom, right, top in points."""

    beeld: Stream
    matrix: tuple[float, ...]

    @property
    def kader(self) -> tuple[float, float, float, float]:
        a, _, _, d, e, f = self.matrix
        return (e, f, e + a, f + d)


@dataclass(frozen=True)
class Paginastructuur:
    """What one page holds, read from its dictionary and content stream. `draai` as /Rotate; `kader` the MediaBox."""

    kader: tuple[float, float, float, float]
    draai: int
    plaatsingen: tuple[Plaatsing, ...]
    afwijkingen: tuple[Afwijking, ...]


_TEKST = {"BT", "ET", "Tf", "Tz", "Tc", "Tw", "TL", "Ts", "Td", "TD", "Tm", "T*"}
_TEKST_TONEN = {"Tj", "TJ", "'", '"'}
_MERKEN = {"BMC", "EMC", "MP"}
_STAND = {  # lines and colours: they change how a later stroke would look, and strokes are not allowed
    "w", "J", "j", "M", "d", "i", "ri", "g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN",
}  # fmt: skip
_DIEPTE = 4  # of forms in forms
_ONZICHTBAAR = 3  # text rendering mode: neither fill nor stroke nor clip
_BEELD_VREEMD = ("/SMask", "/Mask", "/ImageMask", "/OC", "/Alternates", "/OPI", "/SMaskInData")


def read_pagina(bron: pikepdf.Page) -> Paginastructuur:
    """Read what a page paints. Anything but upright images and text that is not painted is an Afwijking."""
    afwijkingen: list[Afwijking] = []
    if len(bron.obj.get("/Annots", Array())) or "/AA" in bron.obj:
        afwijkingen.append(Afwijking.EXTRA_INHOUD)
    if _has_type3(resources_of(bron)):
        afwijkingen.append(Afwijking.EXTRA_INHOUD)
    kader = _box(bron.mediabox)
    eenheid = float(bron.obj.get("/UserUnit", 1))
    if eenheid != 1 or any(abs(x - y) > SPELING_PT for x, y in zip(_box(bron.cropbox), kader, strict=True)):
        afwijkingen.append(Afwijking.UITSNEDE)
    plaatsingen = tuple(_walk(bron, afwijkingen))
    if any(sleutel in plaatsing.beeld for plaatsing in plaatsingen for sleutel in _BEELD_VREEMD):
        afwijkingen.append(Afwijking.EXTRA_INHOUD)
    return Paginastructuur(kader, int(_inherited(bron, "/Rotate", 0)) % 360, plaatsingen, tuple(afwijkingen))


def _walk(bron: pikepdf.Page, afwijkingen: list[Afwijking]) -> Iterator[Plaatsing]:
    """Yield the images painted, in order; note everything else that can be seen."""
    bronnen = resources_of(bron)
    beelden = bronnen.get("/XObject", Dictionary())
    stapel: list[tuple[pikepdf.Matrix, int]] = []
    matrix, tekststand = pikepdf.Matrix(), 0
    for stap in pikepdf.parse_content_stream(bron):
        op, waarden = str(stap.operator), stap.operands
        if op == "q":
            stapel.append((matrix, tekststand))
        elif op == "Q":
            matrix, tekststand = stapel.pop()
        elif op == "cm":
            matrix = pikepdf.Matrix(*(float(getal) for getal in waarden)) @ matrix
        elif op == "Tr":
            tekststand = int(waarden[0])
        elif op == "Do" and str(beelden[str(waarden[0])].Subtype) == "/Image":
            yield Plaatsing(beelden[str(waarden[0])], matrix.shorthand)
        elif op == "Do":
            afwijkingen.extend(_find_in_form(beelden[str(waarden[0])], bronnen, tekststand, _DIEPTE))
        else:
            afwijkingen.extend(_find_visible(op, waarden, tekststand))


def _find_in_form(vorm: Any, bronnen: Any, tekststand: int, diepte: int) -> list[Afwijking]:
    """Return what can be seen of a form XObject: it may hold text that is not painted, and nothing else."""
    if diepte == 0 or str(vorm.Subtype) != "/Form" or "/OC" in vorm:
        return [Afwijking.EXTRA_INHOUD]
    bronnen = vorm.get("/Resources", bronnen)
    afwijkingen = [Afwijking.EXTRA_INHOUD] if _has_type3(bronnen) else []
    stapel: list[int] = []
    for stap in pikepdf.parse_content_stream(vorm):
        op, waarden = str(stap.operator), stap.operands
        if op == "q":
            stapel.append(tekststand)
        elif op == "Q":
            tekststand = stapel.pop()
        elif op == "Tr":
            tekststand = int(waarden[0])
        elif op == "Do":
            afwijkingen += _find_in_form(bronnen.XObject[str(waarden[0])], bronnen, tekststand, diepte - 1)
        elif op != "cm":
            afwijkingen += _find_visible(op, waarden, tekststand)
    return afwijkingen


def _find_visible(op: str, waarden: Any, tekststand: int) -> list[Afwijking]:
    if op in _TEKST_TONEN:
        return [] if tekststand == _ONZICHTBAAR else [Afwijking.TEKST_ZICHTBAAR]
    if op in _TEKST or op in _MERKEN or op in _STAND or (op in {"BDC", "DP"} and str(waarden[0]) != "/OC"):
        return []
    return [Afwijking.EXTRA_INHOUD]


def _has_type3(bronnen: Any) -> bool:
    """Whether a font is of Type 3: its glyphs are painted whatever the rendering mode."""
    return any(str(soort.get("/Subtype")) == "/Type3" for _, soort in bronnen.get("/Font", Dictionary()).items())


def fills(plaatsingen: Sequence[Plaatsing], kader: tuple[float, float, float, float]) -> bool:
    """Whether the images, from top to bottom in the order of their rows, fill the page and nothing falls off it."""
    links, onder, rechts, boven = kader
    rijen = sum(int(plaatsing.beeld.Height) for plaatsing in plaatsingen)
    gedaan = 0
    for plaatsing in plaatsingen:
        a, b, c, d, _, _ = plaatsing.matrix
        if abs(b) > 1e-9 or abs(c) > 1e-9 or a <= 0 or d <= 0:
            return False
        bovenkant = boven - (boven - onder) * gedaan / rijen
        gedaan += int(plaatsing.beeld.Height)
        hoort = (links, boven - (boven - onder) * gedaan / rijen, rechts, bovenkant)
        if any(abs(x - y) > SPELING_PT for x, y in zip(plaatsing.kader, hoort, strict=True)):
            return False
    return True


def _box(waarde: Any) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(getal) for getal in waarde)
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def resources_of(bron: pikepdf.Page) -> Any:
    """Return the resources of a page, its own or inherited."""
    return _inherited(bron, "/Resources", Dictionary())


def _inherited(bron: pikepdf.Page, sleutel: str, anders: Any) -> Any:
    knoop: Any = bron.obj
    for _ in range(64):  # no page tree of ours is that deep; a loop in one must end
        if sleutel in knoop:
            return knoop[sleutel]
        if "/Parent" not in knoop:
            return anders
        knoop = knoop["/Parent"]
    raise ValueError("a page tree without an end")
