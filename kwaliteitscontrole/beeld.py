"""Measure one scanned page: resolution, size, colour, skew, ink, sharpness, contrast, clipping. Pure.

Every measurement is a function of its own over the grey page and its resolution. `measure_beeld` takes them all at once
over one reduced picture (about 100 dpi, `_Vlak`): the costly part is done once.

Everything is relative to the paper, found per place on the page: scans are of grey, yellow and unevenly lit paper.
Why these measures and how the limits were found: docs/decisions/0008-beeldmetingen.md.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np
from PIL import Image, ImageFilter

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.errors import BeeldError
from kwaliteitscontrole.woorden import format_getal

MM_PER_INCH = 25.4
MARGE_MM = 5.0  # border left out: the scanner's shadow lives there
INKT = 0.16  # this much darker than its paper is ink; show-through of print stays under it, a pencil comes above
ZWAK = 0.05  # this much darker may be something: show-through, a very light pencil, a stain
_RUIS_INKT, _RUIS_ZWAK = 4.5, 4.0  # times the paper's own grain, where that is coarser
_KLEIN_DPI = 100
_VLEK_MM2 = 0.8  # less ink than this within 3 mm x 3 mm is a speck of dust
_RAND_MM = 15  # how far a dark edge (the scanner's bed, a shadow) may reach into the page
_GAT_MM = (4, 10)  # smallest and largest punch hole
_GAT_ZONE_MM = 25  # holes are punched this near to an edge (ISO 838: 12 mm)
_HOEK_GRADEN = 10.0  # how far skew is looked for
_HOEK_PUNTEN = 200  # fewer line ends than this say nothing about a direction
_HOEK_ZEKER = 1.5  # how much better the best angle must fit than most; noise reaches 1.1, typed text 1.7 to 5
_RAND_ZOEK_MM = 0.8  # an edge wider than this is no edge
_RANDEN = 50  # fewer edges say nothing about sharpness
_RANDEN_MEEST = 20_000
_LICHT_DEEL = 0.6  # paper is at least this part as light as the lightest twentieth of the page
_KLEUR = 12  # chroma away from the paper's own tint, in levels of 255

Getallen = np.ndarray[Any, np.dtype[Any]]


class Kleurmodus(StrEnum):
    """How the page was scanned."""

    ZWARTWIT = "zwart-wit"
    GRIJS = "grijs"
    KLEUR = "kleur"


class Blanco(StrEnum):
    """Is there anything on this page?"""

    JA = "ja"
    TWIJFEL = "twijfel"  # something very light: show-through, or a very light pencil
    NEE = "nee"


@dataclass(frozen=True)
class Beeldgrenzen:
    """What a page must meet; the same names as in a profile in config.toml."""

    minimale_dpi: float = 200
    maximale_scheefstand_graden: float = 3.0
    minimale_scherpte: float = 2.3
    minimaal_contrast: float = 0.22
    maximale_uitbijting: float = 0.5
    blanco_inktdekking: float = 0.00003


@dataclass(frozen=True)
class Metingen:
    """What was measured on one page; the functions below say what each number means. None: not to be measured here."""

    breedte_px: int
    hoogte_px: int
    dpi: float
    breedte_mm: float
    hoogte_mm: float
    kleurmodus: Kleurmodus
    kleuraandeel: float
    papierwit: float
    inktdekking: float
    zwakke_dekking: float
    scheefstand_graden: float | None
    contrast: float | None
    scherpte: float | None
    uitbijting_wit: float
    uitbijting_zwart: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        return asdict(self) | {"kleurmodus": self.kleurmodus.value}

    @classmethod
    def from_json(cls, gegevens: dict[str, Any]) -> Self:
        """Read what `to_json` gave."""
        return cls(**{**gegevens, "kleurmodus": Kleurmodus(gegevens["kleurmodus"])})


# --- all at once -----------------------------------------------------------------------------------------------------


def measure_beeld(beeld: Image.Image, *, dpi: float, grijs: Image.Image | None = None) -> Metingen:
    """Take every measurement of one decoded page.

    Args:
        beeld: mode "1", "L" or "RGB".
        dpi: resolution in dots per inch, the same in both directions.
        grijs: the same page in mode "L", when the caller has it already.

    Raises:
        BeeldError: a mode or size that cannot be measured.
    """
    grijs = _grey_of(beeld) if grijs is None else grijs
    vlak = _Vlak(grijs, dpi)
    toon = beeld.mode != "1"  # black and white has no tones, so nothing to lose in them
    breedte_mm, hoogte_mm = measure_formaat(beeld, dpi=dpi)
    contrast = _contrast(vlak) if toon else None
    wit, zwart = _uitbijting(vlak) if toon else (0.0, 0.0)
    return Metingen(
        breedte_px=beeld.width,
        hoogte_px=beeld.height,
        dpi=float(dpi),
        breedte_mm=breedte_mm,
        hoogte_mm=hoogte_mm,
        kleurmodus=measure_kleurmodus(beeld),
        kleuraandeel=measure_kleuraandeel(beeld, dpi=dpi),
        papierwit=vlak.papier / 255,
        inktdekking=vlak.inktdekking,
        zwakke_dekking=vlak.zwakke_dekking,
        scheefstand_graden=_scheefstand(vlak),
        contrast=contrast,
        scherpte=None if contrast is None else _scherpte(vlak, contrast),
        uitbijting_wit=wit,
        uitbijting_zwart=zwart,
    )


# --- one by one ------------------------------------------------------------------------------------------------------


def measure_formaat(beeld: Image.Image, *, dpi: float) -> tuple[float, float]:
    """Return the size of the page on paper, width and height in mm. Source: domein, "Settings"; A4 is 210 x 297."""
    if dpi <= 0 or min(beeld.size) < 1:
        raise BeeldError(f"Beeld van {beeld.width}x{beeld.height} px met {dpi} dpi is niet te meten.")
    return beeld.width * MM_PER_INCH / dpi, beeld.height * MM_PER_INCH / dpi


def measure_kleurmodus(beeld: Image.Image) -> Kleurmodus:
    """Return how the page was scanned. Source: Archiefregeling art. 26b d (criteria for colour, grey, black and white).

    Raises:
        BeeldError: another mode than "1", "L" or "RGB".
    """
    modi = {"1": Kleurmodus.ZWARTWIT, "L": Kleurmodus.GRIJS, "RGB": Kleurmodus.KLEUR}
    if beeld.mode not in modi:
        raise BeeldError(f"Een beeld in mode {beeld.mode} is niet te meten.")
    return modi[beeld.mode]


def measure_kleuraandeel(beeld: Image.Image, *, dpi: float) -> float:
    """Return the share of the page that has a colour of its own: 0.0 none, 1.0 all. Yellow paper alone is 0.

    A page scanned in colour may hold none; then grey would have done. What differs in chroma from the page's commonest
    tint counts: a stamp, a marker, blue ink.
    """
    if beeld.mode != "RGB":
        return 0.0
    stap = max(1, round(dpi / 75))
    klein = beeld.resize((max(2, beeld.width // stap), max(2, beeld.height // stap)), Image.Resampling.NEAREST).reduce(
        2
    )
    marge = round(MARGE_MM / MM_PER_INCH * dpi / stap / 2)
    if min(klein.size) <= 2 * marge:
        return 0.0
    kleur = np.asarray(klein.convert("YCbCr"))[marge : klein.height - marge, marge : klein.width - marge, 1:]
    tint = np.median(kleur.reshape(-1, 2), axis=0)
    return float((np.abs(kleur.astype(np.int16) - tint.astype(np.int16)).max(axis=2) > _KLEUR).mean())


def measure_papierwit(beeld: Image.Image, *, dpi: float) -> float:
    """Return how light the paper is: 0.0 black, 1.0 white. It is the commonest light grey inside the margins."""
    return _Vlak(beeld, dpi).papier / 255


def measure_inktdekking(beeld: Image.Image, *, dpi: float, marge_mm: float = MARGE_MM) -> float:
    """Return the share of the page that is ink inside the margins: 0.0 is blank, 1.0 all ink.

    Ink is what is clearly darker than the paper around it (`INKT`), whatever the paper's own grey. Specks of dust,
    punch holes and dark edges are left out.

    Args:
        beeld: one page, mode "L", 0 is black, 255 white.
        dpi: scan resolution in dots per inch, the same in both directions.
        marge_mm: border left out, in mm; the scanner's shadow lives there.

    Raises:
        BeeldError: not mode "L", or nothing left inside the margins.

    Source: handboek vervanging, "Lege pagina's"; the values in use stand in config.toml.
    """
    return _Vlak(beeld, dpi, marge_mm).inktdekking


def measure_zwakke_dekking(beeld: Image.Image, *, dpi: float, marge_mm: float = MARGE_MM) -> float:
    """Return the share that is darker than its paper by as little as `ZWAK`, ink included: 0.0 to 1.0.

    Where there is no ink, this is show-through of the other side, or writing so light that only a person can tell.
    """
    return _Vlak(beeld, dpi, marge_mm).zwakke_dekking


def measure_scheefstand(beeld: Image.Image, *, dpi: float) -> float | None:
    """Return how far the text is turned, in degrees, clockwise is positive; -10 to 10. None: no lines to go by.

    Good to 0.1 degree within 5 degrees on pages of text, also when the page lies on its side: of all angles, the one
    under which the undersides of the letters fall together in the fewest lines.

    Source: W. Postl (1986), projection profiles; handboek RCE: at most 1 degree (bound) or 3 (loose).
    """
    return _scheefstand(_Vlak(beeld, dpi))


def measure_contrast(beeld: Image.Image, *, dpi: float) -> float | None:
    """Return the difference between paper and the darkest tenth of the ink: 0.0 to 1.0. None: there is no ink."""
    return _contrast(_Vlak(beeld, dpi))


def measure_scherpte(beeld: Image.Image, *, dpi: float) -> float | None:
    """Return how sharp the edges of the ink are: 1 / the width of the median edge, in 1/mm. None: too few edges.

    It does not depend on resolution, contrast or amount of text. A page at d dpi can reach d / 25.4; real scans of
    typewriting have 3.2 to 4.8, and at 2.0 an edge is 0.5 mm wide. Both directions are measured and the worst counts:
    paper that jerks in the feeder blurs one of them.

    Source: ISO 12233 edge width, taken on the page's own edges; handboek RCE: the smallest detail is 0.2 mm.
    """
    vlak = _Vlak(beeld, dpi)
    contrast = _contrast(vlak)
    return None if contrast is None else _scherpte(vlak, contrast)


def measure_uitbijting(beeld: Image.Image, *, dpi: float) -> tuple[float, float]:
    """Return the shares of the page that are wholly white and wholly black, where no tone is left: 0.0 to 1.0 each.

    White paper made wholly white is no loss by itself (most office scanners do that); `find_bevindingen` looks at what
    became of the ink. Source: FADGI 2023, clipping.
    """
    return _uitbijting(_Vlak(beeld, dpi))


def check_blanco(metingen: Metingen, grenzen: Beeldgrenzen) -> Blanco:
    """Say whether the page is blank. A page with one digit on it is not, if the digit is as dark as a pencil."""
    if metingen.inktdekking >= grenzen.blanco_inktdekking or metingen.papierwit < _DONKER_PAPIER:
        return Blanco.NEE
    zwak = metingen.zwakke_dekking >= _TWIJFEL_ZWAK or metingen.kleuraandeel >= _TWIJFEL_KLEUR
    return Blanco.TWIJFEL if zwak else Blanco.JA


_TWIJFEL_ZWAK = 0.0008  # blank sheets of textured paper stay under it; two lines of show-through do not
_TWIJFEL_KLEUR = 0.002  # a stroke of a marker: light, but of a colour


# --- findings --------------------------------------------------------------------------------------------------------


def find_bevindingen(metingen: Metingen, *, grenzen: Beeldgrenzen) -> tuple[Bevinding, ...]:
    """Return everything about the page that is outside the limits; empty is good."""
    bevindingen = list(_find_maat(metingen, grenzen))
    blanco = check_blanco(metingen, grenzen)
    if blanco is Blanco.NEE:
        bevindingen += _find_beeldfouten(metingen, grenzen)
    elif blanco is Blanco.JA:
        bevindingen.append(Bevinding("blanco", Ernst.LICHT, "Deze pagina is waarschijnlijk leeg. Ze blijft bewaard."))
    else:
        tekst = (
            "Deze pagina is waarschijnlijk leeg, maar er is iets heel lichts te zien: tekst van de andere kant, of "
            "heel licht schrift. Bekijk haar. Staat er iets op, scan dan opnieuw met meer contrast."
        )
        bevindingen.append(Bevinding("blanco", Ernst.ERNSTIG, tekst))
    return tuple(bevindingen)


def _find_maat(metingen: Metingen, grenzen: Beeldgrenzen) -> list[Bevinding]:
    bevindingen = []
    if metingen.dpi < grenzen.minimale_dpi - 0.5:
        tekst = (
            f"De resolutie is {metingen.dpi:.0f} dpi; minstens {grenzen.minimale_dpi:.0f} is nodig. "
            "Stel de scanner in en scan opnieuw."
        )
        bevindingen.append(Bevinding("lage_resolutie", Ernst.ERNSTIG, tekst))
    maten = sorted((metingen.breedte_mm, metingen.hoogte_mm))
    if maten[0] < 40 or maten[1] > 1200:
        tekst = (
            f"Deze pagina zou {metingen.breedte_mm:.0f} x {metingen.hoogte_mm:.0f} mm zijn. "
            "Kijk of de resolutie klopt die de scanner in het bestand zet."
        )
        bevindingen.append(Bevinding("vreemde_maat", Ernst.LICHT, tekst))
    return bevindingen


def _find_beeldfouten(metingen: Metingen, grenzen: Beeldgrenzen) -> list[Bevinding]:
    bevindingen = []
    scheef, scherpte, contrast = metingen.scheefstand_graden, metingen.scherpte, metingen.contrast
    if scheef is not None and abs(scheef) > grenzen.maximale_scheefstand_graden:
        tekst = f"De pagina staat {format_getal(abs(scheef))} graden scheef. Leg het papier recht en scan opnieuw."
        bevindingen.append(Bevinding("scheef", Ernst.ERNSTIG, tekst))
    if scherpte is not None and scherpte < grenzen.minimale_scherpte:
        tekst = "De pagina is onscherp. Maak de glasplaat en de rollen schoon en scan opnieuw."
        bevindingen.append(Bevinding("onscherp", Ernst.ERNSTIG, tekst))
    if _is_flets(metingen) or (contrast is not None and contrast < grenzen.minimaal_contrast):
        tekst = "Er is weinig verschil tussen papier en inkt. Scan opnieuw met meer contrast."
        bevindingen.append(Bevinding("weinig_contrast", Ernst.ERNSTIG, tekst))
    if contrast is not None and metingen.uitbijting_wit > grenzen.maximale_uitbijting:
        inkt = metingen.papierwit - contrast
        if inkt > _LICHTE_INKT:
            tekst = (
                "De pagina is overbelicht: het papier is helemaal wit en de inkt verbleekt. Scan opnieuw, donkerder."
            )
            bevindingen.append(Bevinding("uitgebeten", Ernst.ERNSTIG, tekst))
    if metingen.uitbijting_zwart > grenzen.maximale_uitbijting or metingen.papierwit < _DONKER_PAPIER:
        tekst = "De pagina is erg donker. Scan opnieuw, lichter; is het papier zelf donker, dan is dit in orde."
        bevindingen.append(Bevinding("te_donker", Ernst.ERNSTIG, tekst))
    return bevindingen


_LICHTE_INKT = 0.5  # the darkest tenth of the ink lighter than this, on paper gone wholly white: ink was lost too
_DONKER_PAPIER = 0.35  # the darkest paper among the corpus scans has 0.63


def _is_flets(metingen: Metingen) -> bool:
    """Whether nearly all of a page full of marks is too light to be called ink."""
    return metingen.zwakke_dekking >= _VEEL_ZWAK and metingen.inktdekking < _WEINIG_INKT * metingen.zwakke_dekking


_VEEL_ZWAK, _WEINIG_INKT = 0.01, 0.02


# --- the reduced picture, shared by the measurements -----------------------------------------------------------------


class _Vlak:
    """The grey page, reduced, and how much darker than its own paper each point of it is.

    Cells are squares of about 1 mm: ink is counted in them, and what is too small, too near the edge or too round to be
    writing is left out by whole cells.
    """

    def __init__(self, grijs: Image.Image, dpi: float, marge_mm: float = MARGE_MM) -> None:
        if grijs.mode != "L" or dpi <= 0 or min(grijs.size) <= 2 * marge_mm / MM_PER_INCH * dpi + 8:
            raise BeeldError(f"Beeld van {grijs.width}x{grijs.height} px (mode {grijs.mode}) is niet te meten.")
        self.grijs, self.dpi = grijs, float(dpi)
        self.factor = max(1, int(dpi / _KLEIN_DPI + 0.25))
        klein = grijs.reduce(self.factor) if self.factor > 1 else grijs
        self.klein_dpi = dpi / self.factor
        self.cel = max(1, round(self.klein_dpi / MM_PER_INCH))
        self.mm = self.cel * MM_PER_INCH / self.klein_dpi  # of one cell
        rijen, kolommen = klein.height // self.cel, klein.width // self.cel
        self.klein = np.asarray(klein)[: rijen * self.cel, : kolommen * self.cel]
        self.rijen, self.kolommen = rijen, kolommen
        marge = max(0, round(marge_mm / self.mm))
        self.binnen = np.zeros((rijen, kolommen), bool)
        self.binnen[marge : rijen - marge, marge : kolommen - marge] = True
        if not self.binnen.any():
            raise BeeldError(f"Van een beeld van {grijs.width}x{grijs.height} px blijft binnen de marges niets over.")

    @cached_property
    def punten(self) -> Getallen:
        """The full-size grey values."""
        return np.asarray(self.grijs)

    @cached_property
    def papier(self) -> float:
        """The commonest grey of the page's lighter part, 0 to 255."""
        marge = round(MARGE_MM / MM_PER_INCH * self.klein_dpi)
        midden = self.klein[marge:-marge, marge:-marge] if min(self.klein.shape) > 3 * marge > 0 else self.klein
        telling = np.convolve(np.bincount(midden.ravel(), minlength=256).astype(np.float64), np.ones(9), "same")
        licht = int(np.percentile(midden[::4, ::4], 95))
        telling[: round(_LICHT_DEEL * licht)] = 0  # a photo that fills the page is not its paper
        return float(telling.argmax())

    @cached_property
    def donker(self) -> Getallen:
        """How much darker than the paper around it each point is: 0 is paper, 1 black; a little below 0 occurs."""
        papier = self._local_papier()
        donker = 1 - self.klein.astype(np.float32) / np.maximum(papier, 1)
        gewoon = float(np.median(donker[::4, ::4]))  # the local paper is a maximum, so ordinary paper lies a bit below
        return 1 - (1 - donker) / (1 - min(max(gewoon, 0.0), 0.08))

    def _local_papier(self) -> Getallen:
        """The lightest millimetre within 9 mm x 9 mm, held near the page's own: a dark area has its paper."""
        cellen = np.asarray(Image.fromarray(self.klein).reduce(self.cel))
        papier = np.clip(_slide(cellen, 4, np.maximum), 0.6 * self.papier, 1.05 * self.papier + 1)
        glad = Image.fromarray(np.clip(papier, 0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(3))
        return np.asarray(glad.resize(self.klein.shape[::-1], Image.Resampling.BILINEAR), np.float32)

    @cached_property
    def ruis(self) -> float:
        """The grain of the paper: a robust standard deviation of `donker`."""
        return 1.4826 * float(np.median(np.abs(self.donker[::4, ::4])))

    @cached_property
    def is_inkt(self) -> Getallen:
        """Per point: clearly darker than its paper."""
        return self.donker > min(max(INKT, _RUIS_INKT * self.ruis), 0.25)

    def _per_cel(self, masker: Getallen) -> Getallen:
        """How many points of a mask each cell holds. (Pillow's mean of 8 bits is exact enough for cells this small.)"""
        gemiddeld = np.asarray(Image.fromarray(masker.view(np.uint8) * np.uint8(255)).reduce(self.cel))
        telling: Getallen = np.rint(gemiddeld.astype(np.float32) * (self.cel**2 / 255)).astype(np.int32)
        return telling

    def _count(self, masker: Getallen) -> Getallen:
        """Points per cell, without specks and what lies outside the page's writing."""
        telling = self._per_cel(masker)
        rond = _slide(_slide(telling, 1, np.add, assen=(0,)), 1, np.add, assen=(1,))
        genoeg = _VLEK_MM2 * (self.klein_dpi / MM_PER_INCH) ** 2
        return np.where((rond >= genoeg) & ~self.vreemd & self.binnen, telling, 0)

    @cached_property
    def inkt_per_cel(self) -> Getallen:
        return self._count(self.is_inkt)

    @property
    def inktdekking(self) -> float:
        return self._share(self.inkt_per_cel)

    @cached_property
    def zwakke_dekking(self) -> float:
        return self._share(self._count(self.donker > min(max(ZWAK, _RUIS_ZWAK * self.ruis), 0.15)))

    def _share(self, telling: Getallen) -> float:
        return float(telling.sum()) / (float(self.binnen.sum()) * self.cel**2)

    @cached_property
    def schrift(self) -> Getallen:
        """Per point: ink that counts."""
        cellen = np.repeat(np.repeat(self.inkt_per_cel > 0, self.cel, axis=0), self.cel, axis=1)
        return self.is_inkt & cellen

    @cached_property
    def vreemd(self) -> Getallen:
        """Cells that are no writing: a dark edge that comes in from outside the page, and punch holes near an edge."""
        vol = self._per_cel(self.is_inkt) >= 0.6 * self.cel**2
        rand = np.zeros_like(vol)
        rand[:2], rand[-2:], rand[:, :2], rand[:, -2:] = vol[:2], vol[-2:], vol[:, :2], vol[:, -2:]
        if rand.any():
            for _ in range(round(_RAND_MM / self.mm)):
                rand = _slide(rand, 1, np.logical_or) & vol
        klein, groot = (max(1, round(maat / self.mm)) for maat in _GAT_MM)
        gaten = np.zeros_like(vol)
        if vol.any():
            gaten = _open(vol, klein) & ~_open(vol, groot) & self._zone(_GAT_ZONE_MM)
        if gaten.any():  # their rims are soft, and there are six or so of them
            gaten = _slide(gaten, 1, np.logical_or)
        vreemd = rand | gaten
        return _slide(vreemd, 1, np.logical_or) if vreemd.any() else vreemd

    def _zone(self, mm: float) -> Getallen:
        zone = np.ones((self.rijen, self.kolommen), bool)
        breed = round(mm / self.mm)
        zone[breed:-breed, breed:-breed] = False
        return zone


def _slide(waarden: Getallen, straal: int, samen: np.ufunc, assen: tuple[int, ...] = (0, 1)) -> Getallen:
    """Combine each value with its neighbours within `straal`, along each axis in turn; edges repeat."""
    for as_ in assen:
        breed = [(0, 0), (0, 0)]
        breed[as_] = (straal, straal)
        ruim = np.pad(waarden, breed, mode="edge")
        lengte = waarden.shape[as_]
        delen = [ruim[i : i + lengte] if as_ == 0 else ruim[:, i : i + lengte] for i in range(2 * straal + 1)]
        waarden = delen[0]
        for deel in delen[1:]:
            waarden = samen(waarden, deel)
    return waarden


def _open(masker: Getallen, maat: int) -> Getallen:
    """Keep the parts in which a square of `maat` cells fits."""
    if min(masker.shape) < maat:
        return np.zeros_like(masker)
    hoog, breed = masker.shape[0] - maat + 1, masker.shape[1] - maat + 1
    past = np.ones((hoog, breed), bool)
    for i in range(maat):
        past &= masker[i : i + hoog, :breed]
    alles = past.copy()
    for i in range(1, maat):
        smal = np.zeros_like(past)
        smal[:, : breed - i] = past[:, i:]
        alles &= smal
    uit = np.zeros_like(masker)
    for i in range(maat):
        for j in range(maat):
            uit[i : i + hoog, j : j + breed] |= alles
    return uit


# --- skew ------------------------------------------------------------------------------------------------------------


def _scheefstand(vlak: _Vlak) -> float | None:
    donker, schrift = vlak.donker, vlak.schrift
    liggend = _find_hoek(*_undersides(donker, schrift))
    staand = _find_hoek(*_undersides(donker.T[::-1], schrift.T[::-1]))  # a page on its side, turned back
    hoek, zeker = max((liggend, staand), key=lambda gevonden: gevonden[1])
    return hoek if zeker >= _HOEK_ZEKER else None


def _undersides(donker: Getallen, schrift: Getallen) -> tuple[Getallen, Getallen, Getallen]:
    """Return x, y and weight of the points where ink stands above paper; the weight tells where between two rows."""
    stap = np.minimum(donker[:-1] - donker[1:], 0.6)
    rijen, kolommen = np.nonzero((stap > 0.06) & (schrift[:-1] | schrift[1:]))
    return kolommen.astype(np.float32), rijen.astype(np.float32), stap[rijen, kolommen]


def _find_hoek(x: Getallen, y: Getallen, gewicht: Getallen) -> tuple[float, float]:
    """Return the angle under which points fall into the fewest lines, and how much better it fits than most angles."""
    if len(x) < _HOEK_PUNTEN:
        return 0.0, 0.0
    x, y = x - x.mean(), y - y.mean()
    stap = -(-len(x) // 6_000)
    grof = np.arange(-_HOEK_GRADEN, _HOEK_GRADEN + 0.1, 0.5)
    passing = [_fit(x[::stap], y[::stap], gewicht[::stap], hoek, 2.0) for hoek in grof]
    hoek, zeker = float(grof[int(np.argmax(passing))]), max(passing) / float(np.median(passing))
    if zeker < _HOEK_ZEKER:
        return hoek, zeker
    stap = -(-len(x) // 15_000)
    x, y, gewicht = x[::stap], y[::stap], gewicht[::stap]
    hoeken = hoek + np.arange(-6, 7) * 0.1
    hoek = float(hoeken[int(np.argmax([_fit(x, y, gewicht, h, 2.0) for h in hoeken]))])
    # The top itself jumps with the rows of pixels; the middle of the upper half of the peak does not.
    hoeken = hoek + np.arange(-15, 16) * 0.04
    fijn = np.array([_fit(x, y, gewicht, h, 1.5) for h in hoeken])
    boven = np.maximum(fijn - (fijn.min() + fijn.max()) / 2, 0)
    return round(float((hoeken * boven).sum() / boven.sum()), 2), zeker


def _fit(x: Getallen, y: Getallen, gewicht: Getallen, hoek: float, breed: float) -> float:
    """Sum the squares of what falls into each line `breed` points high, under this angle in degrees."""
    t = math.radians(hoek)
    plaats = y * np.float32(math.cos(t) / breed) - x * np.float32(math.sin(t) / breed)
    plaats -= plaats.min()
    lijn = plaats.astype(np.int32)
    deel = gewicht * (plaats - lijn)  # between two lines it counts for both
    lengte = int(lijn.max()) + 2
    telling = np.bincount(lijn, gewicht - deel, lengte) + np.bincount(lijn + 1, deel, lengte)
    return float(telling @ telling)


# --- tones and edges -------------------------------------------------------------------------------------------------


def _contrast(vlak: _Vlak) -> float | None:
    """At full size, along lines 1 mm apart: in the reduced picture a thin stroke is paler than it is."""
    stap = max(1, round(vlak.dpi / MM_PER_INCH))
    hoogte, breedte = np.minimum(np.array(vlak.schrift.shape) * vlak.factor, vlak.punten.shape)
    rijen = np.arange(0, hoogte, stap)
    masker = np.repeat(vlak.schrift[rijen // vlak.factor], vlak.factor, axis=1)[:, :breedte]
    inkt = vlak.punten[rijen, :breedte][masker]
    if inkt.size < 20:
        return None
    return max(0.0, vlak.papier - float(np.percentile(inkt, 10))) / 255


def _uitbijting(vlak: _Vlak) -> tuple[float, float]:
    marge = round(MARGE_MM / MM_PER_INCH * vlak.dpi)
    stap = max(1, round(vlak.dpi / _KLEIN_DPI))
    midden = vlak.punten[marge:-marge:stap, marge:-marge:stap] if marge else vlak.punten[::stap, ::stap]
    return float((midden == 255).mean()), float((midden == 0).mean())


def _scherpte(vlak: _Vlak, contrast: float) -> float | None:
    """Measure edge widths along lines 1 mm apart, in both directions; the worst direction counts."""
    punten_per_mm = vlak.dpi / MM_PER_INCH
    marge, stap = round(MARGE_MM * punten_per_mm), max(1, round(punten_per_mm))
    midden = vlak.punten[marge:-marge, marge:-marge] if marge else vlak.punten
    straal = max(3, round(_RAND_ZOEK_MM * punten_per_mm))
    breedten = [
        _edge_widths(lijnen, straal, 0.5 * contrast * 255)
        for lijnen in (midden[::stap], np.ascontiguousarray(midden[:, ::stap].T))
    ]
    gemeten = [punten_per_mm / float(np.median(breedte)) for breedte in breedten if len(breedte) >= _RANDEN]
    return min(gemeten) if gemeten else None


def _edge_widths(lijnen: Getallen, straal: int, hoogte: float) -> Getallen:
    """Return the widths, in px, of the edges along rows of grey values.

    An edge is where the grey changes fastest within `straal` px; its height is the range of grey there, at least
    `hoogte`, and its width that height divided by the steepest step.
    """
    if lijnen.shape[1] <= 2 * straal + 2:
        return np.empty(0)
    waarden = lijnen.astype(np.int16)
    stappen = np.abs(waarden[:, 1:] - waarden[:, :-1])
    steil = stappen[:, straal:-straal] >= max(3.0, hoogte / (1.5 * straal))
    rijen, kolommen = np.nonzero(steil)
    if len(rijen) > _RANDEN_MEEST:
        over = -(-len(rijen) // _RANDEN_MEEST)
        rijen, kolommen = rijen[::over], kolommen[::over]
    rond = stappen[rijen[:, None], kolommen[:, None] + np.arange(2 * straal + 1)]
    top = rond[:, straal] == rond.max(axis=1)
    rijen, kolommen, helling = rijen[top], kolommen[top], rond[top, straal]
    venster = waarden[rijen[:, None], kolommen[:, None] + np.arange(2 * straal + 2)]
    omvang = venster.max(axis=1) - venster.min(axis=1)
    echt = omvang >= hoogte
    breedten: Getallen = omvang[echt] / helling[echt]
    return breedten


def _grey_of(beeld: Image.Image) -> Image.Image:
    measure_kleurmodus(beeld)
    return beeld if beeld.mode == "L" else beeld.convert("L")
