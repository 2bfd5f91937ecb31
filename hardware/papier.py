"""A sheet of paper to draw on: measures in mm from the upper left corner, text in points. Serves the simulator.

Fonts come from Debian (fonts-noto-core); DejaVu is the second choice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from hardware.errors import HardwareError

DPI = 300
MM_PER_INCH = 25.4
A4_PX = (2480, 3508)
ZWART = (38, 36, 40)  # toner on paper, as a scanner sees it
GRIJS = (110, 110, 112)
BLAUWE_INKT = (32, 52, 140)
ROOD_STEMPEL = (178, 40, 52)

Tint = tuple[int, int, int]
Zijde = Callable[[], Image.Image]  # draws one clean printed side, mode RGB, when it is needed

_LETTERMAPPEN = (Path("/usr/share/fonts/truetype/noto"), Path("/usr/share/fonts/noto"))
_RESERVE = Path("/usr/share/fonts/truetype/dejavu")
_BESTANDEN = {
    "schreefloos": ("NotoSans-Regular.ttf", "DejaVuSans.ttf"),
    "schreefloos-vet": ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf"),
    "schreef": ("NotoSerif-Regular.ttf", "DejaVuSerif.ttf"),
    "schreef-vet": ("NotoSerif-Bold.ttf", "DejaVuSerif-Bold.ttf"),
    "schreef-cursief": ("NotoSerif-Italic.ttf", "DejaVuSerif-Italic.ttf"),
    "hand": ("NotoSansDisplay-Italic.ttf", "DejaVuSans-Oblique.ttf"),
}


@dataclass(frozen=True)
class Vel:
    """One physical sheet; `achter` None means nothing is printed there."""

    voor: Zijde
    achter: Zijde | None = None


def px(mm: float) -> int:
    """Return a length in px at 300 dpi."""
    return round(mm / MM_PER_INCH * DPI)


def find_lettertype(naam: str) -> Path:
    """Return the file of a typeface.

    Raises:
        HardwareError: neither Noto nor DejaVu is installed.
    """
    eerste, reserve = _BESTANDEN[naam]
    for pad in (*(map_ / eerste for map_ in _LETTERMAPPEN), _RESERVE / reserve):
        if pad.is_file():
            return pad
    raise HardwareError(
        f"Het lettertype {eerste} staat niet op deze computer. Installeer het met: apt-get install fonts-noto-core"
    )


@lru_cache(maxsize=64)
def load_lettertype(naam: str, punten: float) -> ImageFont.FreeTypeFont:
    """Return a typeface at a size in points. Basic layout: Dutch needs no shaping, and it is faster."""
    return ImageFont.truetype(
        str(find_lettertype(naam)), round(punten / 72 * DPI), layout_engine=ImageFont.Layout.BASIC
    )


class Papier:
    """A white A4 at 300 dpi, mode RGB. Every x, y and width is in mm."""

    def __init__(self) -> None:
        self.beeld = Image.new("RGB", A4_PX, "white")
        self._pen = ImageDraw.Draw(self.beeld)

    def write_tekst(
        self,
        x: float,
        y: float,
        tekst: str,
        *,
        letter: str = "schreefloos",
        punten: float = 10.5,
        tint: Tint = ZWART,
        anker: str = "la",
    ) -> None:
        """Write one line; `anker` as Pillow names it ("ra" ends at x)."""
        self._pen.text((px(x), px(y)), tekst, font=load_lettertype(letter, punten), fill=tint, anchor=anker)

    def write_regels(
        self,
        x: float,
        y: float,
        regels: Sequence[str],
        *,
        regelhoogte: float = 5.0,
        letter: str = "schreefloos",
        punten: float = 10.5,
        tint: Tint = ZWART,
    ) -> float:
        """Write lines as they are and return the y below the last one."""
        for regel in regels:
            self.write_tekst(x, y, regel, letter=letter, punten=punten, tint=tint)
            y += regelhoogte
        return y

    def draw_vlak(
        self,
        x: float,
        y: float,
        breedte: float,
        hoogte: float,
        *,
        tint: Tint | None = None,
        rand: Tint | None = None,
        dikte: int = 3,
    ) -> None:
        """Draw a filled or outlined rectangle; `dikte` in px."""
        self._pen.rectangle((px(x), px(y), px(x + breedte), px(y + hoogte)), fill=tint, outline=rand, width=dikte)

    def draw_rond(self, x: float, y: float, straal: float, tint: Tint) -> None:
        """Draw a filled disc around (x, y)."""
        self._pen.ellipse((px(x - straal), px(y - straal), px(x + straal), px(y + straal)), fill=tint)

    def draw_lijn(self, punten: Sequence[tuple[float, float]], *, tint: Tint = ZWART, dikte: int = 3) -> None:
        """Draw a line through points; `dikte` in px."""
        self._pen.line([(px(x), px(y)) for x, y in punten], fill=tint, width=dikte, joint="curve")

    def draw_veelhoek(self, punten: Sequence[tuple[float, float]], tint: Tint) -> None:
        """Draw a filled polygon."""
        self._pen.polygon([(px(x), px(y)) for x, y in punten], fill=tint)

    def paste_masker(self, masker: Image.Image, x: float, y: float, tint: Tint) -> None:
        """Put ink of one colour on the paper where a mask of mode "L" is not 0."""
        self.beeld.paste(tint, (px(x), px(y)), masker)


def wrap_tekst(tekst: str, breedte_mm: float, *, letter: str = "schreefloos", punten: float = 10.5) -> list[str]:
    """Break a paragraph into lines that fit."""
    meter, grens = load_lettertype(letter, punten), px(breedte_mm)
    regels, regel = [], ""
    for woord in tekst.split():
        langer = f"{regel} {woord}".strip()
        if regel and meter.getlength(langer) > grens:
            regels.append(regel)
            regel = woord
        else:
            regel = langer
    return [*regels, regel] if regel else regels


def write_handschrift(
    papier: Papier,
    x: float,
    y: float,
    tekst: str,
    kans: random.Random,
    *,
    punten: float = 15.0,
    tint: Tint = BLAUWE_INKT,
) -> None:
    """Write as a hand does: every letter a little higher, turned or larger than the one before. `y` is the baseline."""
    plek, deining = float(px(x)), 0.0
    for teken in tekst:
        letter = load_lettertype("hand", punten + kans.choice((-0.8, -0.3, 0.0, 0.3, 0.8)))
        breedte = letter.getlength(teken)
        if teken != " ":
            deining = 0.7 * deining + kans.uniform(-2.2, 2.2)
            vak = Image.new("L", (int(breedte) + 50, round(letter.size * 1.7)), 0)
            ImageDraw.Draw(vak).text((25, letter.size * 1.2), teken, font=letter, fill=235, anchor="ls")
            vak = vak.rotate(kans.uniform(-5.0, 7.0), Image.Resampling.BICUBIC, center=(25 + breedte / 2, letter.size))
            papier.beeld.paste(tint, (round(plek) - 25, round(px(y) - letter.size * 1.2 + deining)), vak)
        plek += breedte * kans.uniform(0.88, 1.0)


def draw_krabbel(
    papier: Papier, x: float, y: float, kans: random.Random, *, breedte: float = 42.0, tint: Tint = BLAUWE_INKT
) -> None:
    """Draw a signature: one pen stroke of loops that get smaller, and a line under it."""
    lussen = kans.randint(5, 8)
    punten, stap = [], 0.02
    hoogte, fase, helling = kans.uniform(5.0, 7.5), kans.uniform(0.0, 1.5), kans.uniform(-0.10, -0.03)
    for i in range(int(1 / stap) * lussen + 1):
        t = i * stap
        voortgang = t / lussen
        uitslag = hoogte * (1 - 0.75 * voortgang) * (0.55 + 0.45 * _wave(t * 0.63 + fase))
        punten.append(
            (x + breedte * voortgang + 3.4 * _wave(t + 0.25), y + helling * breedte * voortgang - uitslag * _wave(t))
        )
    papier.draw_lijn(punten, tint=tint, dikte=5)
    papier.draw_lijn(
        [(x + 4, y + 4.5), (x + breedte * 0.6, y + 2.4), (x + breedte * 1.05, y + helling * breedte + 1.0)],
        tint=tint,
        dikte=4,
    )


def _wave(t: float) -> float:
    """A sine with period 1 by parabolas: close enough for a pen, equal on every machine."""
    t %= 1.0
    return 16 * t * (0.5 - t) if t < 0.5 else -16 * (t - 0.5) * (1.0 - t)


def draw_stempel(
    papier: Papier, x: float, y: float, regels: Sequence[str], kans: random.Random, *, tint: Tint = ROOD_STEMPEL
) -> None:
    """Stamp a framed text, a little turned, with the uneven ink of a rubber stamp."""
    breedte, hoogte = px(58), px(11 + 6.2 * (len(regels) - 1))
    masker = Image.new("L", (breedte, hoogte), 0)
    pen = ImageDraw.Draw(masker)
    pen.rounded_rectangle((6, 6, breedte - 7, hoogte - 7), radius=18, outline=215, width=7)
    for nummer, regel in enumerate(regels):
        letter = load_lettertype("schreefloos-vet", 15 if nummer == 0 else 10.5)
        pen.text((breedte / 2, px(5.6 + 6.1 * nummer)), regel, font=letter, fill=215, anchor="mm")
    klein = Image.new("L", (breedte // 40 + 1, hoogte // 40 + 1))
    klein.putdata([kans.choice((130, 190, 225, 255, 255)) for _ in range(klein.width * klein.height)])
    inkt = klein.resize(masker.size, Image.Resampling.BICUBIC)
    masker = Image.composite(masker, Image.new("L", masker.size, 0), inkt)
    masker = masker.rotate(kans.uniform(-4.5, 3.0), Image.Resampling.BICUBIC, expand=True)
    papier.paste_masker(masker, x, y, tint)


def draw_vinkje(papier: Papier, x: float, y: float, kans: random.Random, *, tint: Tint = BLAUWE_INKT) -> None:
    """Cross a box of 4 mm at (x, y) by hand."""

    def beef() -> float:
        return kans.uniform(-0.5, 0.5)

    papier.draw_lijn([(x - 0.3 + beef(), y + beef()), (x + 4.3 + beef(), y + 4.2 + beef())], tint=tint, dikte=6)
    papier.draw_lijn([(x + 4.4 + beef(), y - 0.4 + beef()), (x - 0.2 + beef(), y + 4.3 + beef())], tint=tint, dikte=6)
