"""A scanner that deals sheets from a stack, with the faults and the look of a real one. Serves the demo and the tests.

The same seed gives the same bytes on one machine. Sheets are drawn when they are fed, so memory stays flat.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from hardware.errors import HardwareError, PapierVastgelopenError
from hardware.naamvolgorde import natural_key
from hardware.papier import A4_PX, DPI, Vel, Zijde
from hardware.post import Poststuk, draw_post
from hardware.scanbestand import Tiffcompressie, render_pdf, render_tiff, write_atomic
from hardware.scanner import Kant, Kleurmodus, Scanbeeld, Scanprofiel

PLAATJES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})
SCHEEF_GRADEN = 0.7  # a sheet lies at most this much askew
PAPIERSOORTEN = 3
DOORSCHIJNEN = 0.93  # how light the back shines through at its darkest


class Storing(Enum):
    """What can go wrong at a sheet."""

    VASTGELOPEN = "vastgelopen"  # the sheet does not get through; the next call goes on with it
    DUBBEL = "dubbel"  # this sheet and the next go through as one: two sides are never seen


class Simulator:
    """A `Scanner` over a stack of sheets."""

    def __init__(
        self,
        vellen: Sequence[Vel],
        *,
        seed: int = 1,
        naam: str = "Simulator",
        storingen: Mapping[int, Storing] | None = None,
    ) -> None:
        """Put `vellen` in the feeder. `storingen` says what happens at which sheet of the stack, counted from 1."""
        self._vellen = list(vellen)
        self._naam = naam
        self._seed = seed
        self._storingen = dict(storingen or {})
        self._volgende = 0  # index of the sheet that is fed next
        self._blad = 0
        self._volgnummer = 0

    @property
    def naam(self) -> str:
        """What people call it."""
        return self._naam

    def scan(self, profiel: Scanprofiel) -> Iterator[Scanbeeld]:
        """Feed every sheet left; see `Scanner.scan`."""
        while self._volgende < len(self._vellen):
            storing = self._storingen.pop(self._volgende + 1, None)
            if storing is Storing.VASTGELOPEN:
                raise PapierVastgelopenError(self._blad + 1)
            boven = self._vellen[self._volgende]
            onder = boven
            if storing is Storing.DUBBEL and self._volgende + 1 < len(self._vellen):
                onder = self._vellen[self._volgende + 1]
            zaad = self._seed * 100_003 + self._volgende
            self._volgende += 1 if onder is boven else 2
            self._blad += 1
            yield self._expose(boven.voor, boven.achter, Kant.VOOR, profiel, zaad * 2)
            if profiel.duplex:
                yield self._expose(onder.achter, onder.voor, Kant.ACHTER, profiel, zaad * 2 + 1)

    def _expose(
        self, zijde: Zijde | None, andere: Zijde | None, kant: Kant, profiel: Scanprofiel, zaad: int
    ) -> Scanbeeld:
        beeld = age_beeld(None if zijde is None else zijde(), None if andere is None else andere(), zaad)
        inhoud, mediatype, (breedte, hoogte) = encode_beeld(beeld, profiel)
        self._volgnummer += 1
        return Scanbeeld(self._volgnummer, self._blad, kant, inhoud, mediatype, breedte, hoogte, profiel.dpi)


def age_beeld(druk: Image.Image | None, andere: Image.Image | None, zaad: int) -> Image.Image:
    """Turn a clean print at 300 dpi into what a scanner sees of it, of the same size.

    Args:
        druk: the side, mode RGB, white paper; None for an empty side of the size of the other, or A4.
        andere: what is printed on the other side and shines through; None for nothing.
        zaad: decides skew, paper tone, fold, shadow and noise.
    """
    hoek = random.Random(zaad).uniform(-SCHEEF_GRADEN, SCHEEF_GRADEN)  # noqa: S311 - deals demo post, guards nothing
    omvang = next((zijde.size for zijde in (druk, andere) if zijde is not None), A4_PX)
    papier = _paper(omvang, zaad % PAPIERSOORTEN)
    if druk is not None:
        papier = ImageChops.multiply(_skew(druk, hoek), papier)
    return papier if andere is None else ImageChops.multiply(papier, _shine_through(andere, hoek))


@lru_cache(maxsize=PAPIERSOORTEN)
def _paper(omvang: tuple[int, int], soort: int) -> Image.Image:
    """An empty sheet as the scanner sees it: tone, grain, light. A few kinds, kept: each costs as much as a page."""
    kans = random.Random(soort)  # noqa: S311 - deals demo post
    wit = kans.randint(245, 252)
    tint = (wit, wit - kans.randint(0, 2), wit - kans.randint(2, 9))  # paper is never bluer than it is red
    ruis = np.random.default_rng(soort).normal(250.0, 1.6, omvang[::-1])
    korrel = Image.fromarray(np.clip(ruis, 0, 255).astype(np.uint8))
    grijs = ImageChops.multiply(_draw_licht(omvang, kans), korrel)
    return Image.merge("RGB", tuple(grijs.point([round(v * deel / 255) for v in range(256)]) for deel in tint))


def _skew(druk: Image.Image, hoek: float) -> Image.Image:
    """Turn what is printed by `hoek` degrees; the white around it needs no work."""
    vak = ImageChops.invert(druk).getbbox()
    if vak is None:
        return druk
    rand = 30  # px; more than a corner moves
    vak = (vak[0] - rand, vak[1] - rand, vak[2] + rand, vak[3] + rand)
    if vak[0] < 0 or vak[1] < 0 or vak[2] > druk.width or vak[3] > druk.height:
        return druk.rotate(hoek, Image.Resampling.BILINEAR, fillcolor="white")
    uit = Image.new("RGB", druk.size, "white")
    uit.paste(druk.crop(vak).rotate(hoek, Image.Resampling.BILINEAR, fillcolor="white"), vak)
    return uit


def _shine_through(andere: Image.Image, hoek: float) -> Image.Image:
    """What is printed on the other side, mirrored, soft and faint."""
    klein = andere.reduce(6).transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(0.8))
    klein = klein.rotate(hoek, Image.Resampling.BILINEAR, fillcolor="white")
    zwak = klein.point([round(255 - (255 - v) * (1 - DOORSCHIJNEN)) for v in range(256)] * 3)
    return zwak.resize(andere.size, Image.Resampling.BILINEAR)


def _draw_licht(omvang: tuple[int, int], kans: random.Random) -> Image.Image:
    """The light on the page as a factor: a soft shadow along one edge and two folds of a letter in an envelope."""
    breedte, hoogte = omvang
    y = np.full(hoogte // 4, 1.0)
    x = np.full(breedte // 4, 1.0)
    rand = np.exp(-np.arange(x.size) / kans.uniform(8, 22)) * kans.uniform(0.10, 0.22)
    x -= rand if kans.random() < 0.5 else rand[::-1]
    for deel in (1 / 3, 2 / 3):
        plek = y.size * deel + kans.uniform(-6, 6)
        afstand = np.arange(y.size) - plek
        y -= 0.045 * np.exp(-((afstand / 1.6) ** 2)) + kans.uniform(0.008, 0.02) * np.exp(-np.abs(afstand) / 30.0)
    licht = np.clip(np.outer(y, x) * 255, 0, 255).astype(np.uint8)
    return Image.fromarray(licht).resize(omvang, Image.Resampling.BILINEAR)


def encode_beeld(beeld: Image.Image, profiel: Scanprofiel) -> tuple[bytes, str, tuple[int, int]]:
    """Return bytes, media type and size in px of a 300 dpi page at the resolution and colour of `profiel`."""
    if profiel.dpi != DPI:
        schaal = profiel.dpi / DPI
        beeld = beeld.resize((round(beeld.width * schaal), round(beeld.height * schaal)), Image.Resampling.BOX)
    uit = io.BytesIO()
    dpi = (profiel.dpi, profiel.dpi)
    if profiel.kleurmodus is Kleurmodus.ZWARTWIT:
        beeld.convert("L").point([0] * 160 + [255] * 96).convert("1").save(uit, "PNG", dpi=dpi)
        return uit.getvalue(), "image/png", beeld.size
    if profiel.kleurmodus is Kleurmodus.GRIJS:
        beeld = beeld.convert("L")
    beeld.save(uit, "JPEG", quality=profiel.jpeg_kwaliteit, dpi=dpi)
    return uit.getvalue(), "image/jpeg", beeld.size


def load_vellen(map_: Path, *, duplex: bool = False) -> tuple[Vel, ...]:
    """Return the page images of a folder, in order of name, as sheets at 300 dpi; duplex takes them two by two.

    Raises:
        HardwareError: the folder holds no page images.
    """
    plaatjes = (pad for pad in map_.iterdir() if pad.suffix.lower() in PLAATJES)
    paden = sorted(plaatjes, key=lambda pad: natural_key(pad.name))
    if not paden:
        raise HardwareError(f"In de map {map_} staan geen plaatjes (jpg, png of tif). Kies een andere map.")
    zijden = [partial(_open_pagina, pad) for pad in paden]
    if not duplex:
        return tuple(Vel(zijde) for zijde in zijden)
    return tuple(Vel(zijden[i], zijden[i + 1] if i + 1 < len(zijden) else None) for i in range(0, len(zijden), 2))


def _open_pagina(pad: Path) -> Image.Image:
    with Image.open(pad) as beeld:
        return beeld.convert("RGB")


@dataclass(frozen=True)
class Scheidingsverzoek:
    """A separator sheet that the simulator wants to lay between the post; whoever calls it draws the sheet."""

    soort: str  # "batchblad", "documentblad", "bijlageblad", "eindblad"
    zaak: str = ""
    bladen: int | None = None  # sheets that follow, without separator sheets
    scanoperator: str = ""
    batch: str = ""


@dataclass(frozen=True)
class Levering:
    """One file or folder the simulator left in a scanmap, and what a correct line must make of it."""

    pad: Path
    duplex: bool
    beelden: int  # page images inside; 0 for the damaged file
    documenten: int
    scheidingsbladen: int  # sides
    zaken: tuple[str, ...]  # of each document; "" when the post does not say it surely enough
    beschadigd: bool = False


Scheidingsbladtekenaar = Callable[[Sequence[Scheidingsverzoek]], Sequence[Image.Image]]


def deal_post(
    enkelzijdig: Path,
    dubbelzijdig: Path,
    render_scheidingsbladen: Scheidingsbladtekenaar,
    *,
    seed: int = 1,
    mappen: Path | None = None,
) -> tuple[Levering, ...]:
    """Deal the post of one morning into scanmappen.

    Args:
        enkelzijdig: scanmap for files with one side per sheet: a loose JPEG, a G4 TIFF, a damaged PDF.
        dubbelzijdig: scanmap for a PDF with both sides of every sheet, cut by scheidingsbladen.
        render_scheidingsbladen: draws scheidingsbladen as A4 at 300 dpi, mode RGB; called once.
        mappen: scanmap in which every folder is a batch; gets a folder of JPEGs with an index file.
    """
    bezwaar, folder, formulier, bouw, zienswijze, melding = draw_post(seed)
    leveringen = [
        _deal_balie(dubbelzijdig, (bezwaar, folder, formulier), render_scheidingsbladen, seed),
        _deal_los(enkelzijdig, bouw, seed),
        _deal_zwartwit(enkelzijdig, zienswijze, seed),
        _deal_beschadigd(enkelzijdig, melding, seed),
    ]
    if mappen is not None:
        leveringen.append(_deal_map(mappen, (bouw, melding), seed))
    return tuple(leveringen)


def _deal_balie(map_: Path, stukken: Sequence[Poststuk], render: Scheidingsbladtekenaar, seed: int) -> Levering:
    """Batchblad; bezwaarschrift; form on another zaak with the leaflet as its attachment; Eindblad."""
    bezwaar, folder, formulier = stukken
    bladen = [len(stuk.vellen) for stuk in (bezwaar, formulier, folder)]
    verzoeken = (
        Scheidingsverzoek("batchblad", bladen=sum(bladen), scanoperator="balie", batch="ochtendpost"),
        Scheidingsverzoek("documentblad", bezwaar.zaak, bladen[0]),
        Scheidingsverzoek("documentblad", formulier.zaak, bladen[1]),
        Scheidingsverzoek("bijlageblad", "", bladen[2]),
        Scheidingsverzoek("eindblad"),
    )
    batch, eerste, tweede, bijlage, einde = (Vel(beeld.copy) for beeld in render(verzoeken))
    stapel = (batch, eerste, *bezwaar.vellen, tweede, *formulier.vellen, bijlage, *folder.vellen, einde)
    beelden = tuple(Simulator(stapel, seed=seed).scan(Scanprofiel(duplex=True)))
    pad = map_ / "balie-ochtendpost.pdf"
    write_atomic(pad, render_pdf(beelden))
    return Levering(pad, True, len(beelden), 3, 2 * len(verzoeken), (bezwaar.zaak, formulier.zaak, formulier.zaak))


def _deal_los(map_: Path, stuk: Poststuk, seed: int) -> Levering:
    """One loose JPEG that carries the number of its zaak in its name."""
    beeld = next(Simulator(stuk.vellen[:1], seed=seed + 1).scan(Scanprofiel()))
    pad = map_ / f"{stuk.zaak} {stuk.titel}.jpg"
    write_atomic(pad, beeld.inhoud)
    return Levering(pad, False, 1, 1, 0, (stuk.zaak,))


def _deal_zwartwit(map_: Path, stuk: Poststuk, seed: int) -> Levering:
    """A black and white TIFF without any separator: the number of the zaak only stands in the letter."""
    beelden = tuple(Simulator(stuk.vellen, seed=seed + 2).scan(Scanprofiel(kleurmodus=Kleurmodus.GRIJS)))
    pad = map_ / "scan0042.tif"
    write_atomic(pad, render_tiff(beelden, compressie=Tiffcompressie.G4))
    return Levering(pad, False, len(beelden), 1, 0, ("",))


def _deal_beschadigd(map_: Path, stuk: Poststuk, seed: int) -> Levering:
    """A PDF of which the last third never arrived."""
    beelden = tuple(Simulator(stuk.vellen, seed=seed + 3).scan(Scanprofiel()))
    heel = render_pdf(beelden)
    pad = map_ / "scan0043.pdf"
    write_atomic(pad, heel[: len(heel) * 2 // 3])
    return Levering(pad, False, 0, 0, 0, (), beschadigd=True)


def _deal_map(map_: Path, stukken: Sequence[Poststuk], seed: int) -> Levering:
    """A folder of JPEGs with an index file that names the zaak of each."""
    doel = map_ / "wijkpost"
    doel.mkdir(parents=True, exist_ok=True)
    regels = ["bestand;zaak;titel;bladen;scanoperator"]
    for nummer, stuk in enumerate(stukken, start=1):
        naam = f"{nummer:04d}.jpg"
        beeld = next(Simulator(stuk.vellen[:1], seed=seed + 3 + nummer).scan(Scanprofiel()))
        write_atomic(doel / naam, beeld.inhoud)
        regels.append(f"{naam};{stuk.zaak};{stuk.titel};1;wijkteam")
    write_atomic(doel / "index.csv", ("\r\n".join(regels) + "\r\n").encode("utf-8"))
    return Levering(doel, False, len(stukken), len(stukken), 0, tuple(stuk.zaak for stuk in stukken))
