"""Does every page of an archive file show exactly the master it was made from? Fails closed.

Runs in the sandbox. A way of its own: it opens the finished file itself and shares no code with what
built it. Per page:

1. *Samples.* The image streams of the page hold the master's samples. A JPEG stream that is byte for byte the master's
   own needs no decoding; anything else is decoded and compared sample by sample. The colour profile is the master's,
   byte for byte; without one the space is sRGB.
2. *Page.* The image fills the page whole: not cropped, not moved, not turned but for the recorded turn. Beside it there
   is only text that is not painted.
3. *Two renders.* pdfium and poppler each draw the page, and what they draw lies within `GRENS` of the master.

How the bound was found: docs/decisions/0007-getrouwheid-grens.md.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self

import numpy as np
import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from kwaliteitscontrole.getrouwheidsoordeel import GRENS, Afwijking, Getrouwheidsoordeel, Paginaoordeel
from kwaliteitscontrole.paginastructuur import SPELING_PT, Plaatsing, fills, read_pagina, resources_of
from kwaliteitscontrole.pdfbeeld import (
    components,
    decode_beeld,
    decode_pillow,
    device_space,
    filters_of,
    is_calibrated,
    is_srgb,
    samples,
)
from kwaliteitscontrole.weergave import (
    KRIMP,
    PDFIUM,
    POPPLER,
    Tekenopdracht,
    Weergaven,
    measure_verschil,
    open_pdfium,
    render_paginas,
)

__all__ = ["GRENS", "Afwijking", "Getrouwheidsoordeel", "Paginaoordeel", "Verwacht", "check_getrouwheid"]

SPELING_MAAT = 0.001  # of the page's size against its resolution: 0.3 mm on A4
_GROEP_PAGINAS = 6  # rendered at a time: memory stays flat
_GROEP_PX = 16_000_000
_MAX_RENDER_PX = 120_000_000


@dataclass(frozen=True)
class Verwacht:
    """What one page of the archive file must show.

    beeld: gives the master's exact samples, mode "1", "L" or "RGB" (palettes expanded), not turned.
    icc: the master's colour profile; None means sRGB.
    draai_graden: the recorded turn, clockwise: 0, 90, 180 or 270.
    stromen: the encoded bytes of the master, one per strip from the top, where they go into the file unchanged.
    dpi: resolution of the page, across and down where they differ; None when the size on paper is not known.
    stroom_is_bron: `stromen` is the delivered file itself (a loose JPEG): it need not be decoded in full.
    ruimte: a calibrated colour space (CalGray, CalRGB) of the master in PDF syntax, instead of a profile.
    geen_scan: the page is not a scan; only what it shows is compared, with page `bron_pdf[1]` (from 1) of the PDF open
        at descriptor `bron_pdf[0]`. `draai_graden` then comes on top of how that page turns itself.
    """

    beeld: Callable[[], Image.Image] | None = field(default=None, repr=False)
    icc: bytes | None = field(default=None, repr=False)
    draai_graden: int = 0
    stromen: tuple[bytes, ...] = field(default=(), repr=False)
    dpi: float | tuple[float, float] | None = None
    stroom_is_bron: bool = False
    ruimte: bytes | None = None
    geen_scan: bool = False
    bron_pdf: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.geen_scan != (self.bron_pdf is not None) or self.geen_scan == (self.beeld is not None):
            raise ValueError("a page is a scan with a beeld, or not a scan with a bron_pdf")
        if self.draai_graden not in {0, 90, 180, 270}:
            raise ValueError(f"no such turn: {self.draai_graden}")


def check_getrouwheid(pdf_fd: int, paginas: Iterable[Verwacht], *, render_dpi: int = 150) -> Getrouwheidsoordeel:
    """Compare the archive file open at `pdf_fd` with the masters, page by page; memory does not grow with their number.

    Args:
        pdf_fd: open for reading; stays open.
        paginas: what each page must show, in order.
        render_dpi: resolution of the renders; what is used is the page's own divided by a whole number.

    Raises:
        GereedschapError: a renderer is missing or does not answer. That is never a pass.
    """
    try:
        with _Archiefbestand(pdf_fd) as archief:
            return _check(archief, iter(paginas), render_dpi)
    except (pikepdf.PdfError, pypdfium2.PdfiumError):
        onleesbaar = Paginaoordeel(1, (Afwijking.ONLEESBAAR,), "weergave")
        return Getrouwheidsoordeel(sum(1 for _ in paginas) or 1, 0, (onleesbaar,))


# --- the whole file --------------------------------------------------------------------------------------------------


class _Archiefbestand:
    """The archive file, open in both parsers."""

    def __init__(self, fd: int) -> None:
        # By way of /proc the renderers open the same file anew: a descriptor's offset is shared, theirs is their own.
        # pdftoppm is a process of its own, so the path names our process.
        self.pad = f"/proc/{os.getpid()}/fd/{fd}"
        with ExitStack() as stapel:
            bestand = stapel.enter_context(open(self.pad, "rb"))  # noqa: PTH123 - a descriptor, not a path
            self.is_afgesloten = _has_start_and_end(bestand)
            self.pdf = stapel.enter_context(pikepdf.open(bestand, suppress_warnings=True))
            with open_pdfium(self.pad) as tweede:
                self.aantal_volgens_pdfium = len(tweede)
            self._sluiten = stapel.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sluiten.close()

    @property
    def aantal(self) -> int:
        return len(self.pdf.pages)

    @property
    def is_heel(self) -> bool:
        """Whether both parsers read the file without repairing it, agree, and it has no layers to switch on and off."""
        return (
            self.is_afgesloten
            and not self.pdf.get_warnings()
            and self.aantal_volgens_pdfium == self.aantal
            and "/OCProperties" not in self.pdf.Root
            and "/AcroForm" not in self.pdf.Root
        )


def _has_start_and_end(bestand: BinaryIO) -> bool:
    """Whether nothing is cut off: parsers forgive a missing end mark without a word."""
    begin = bestand.read(5)
    bestand.seek(max(0, bestand.seek(0, os.SEEK_END) - 16))
    return begin == b"%PDF-" and bestand.read().rstrip(b"\r\n").endswith(b"%%EOF")


def _check(archief: _Archiefbestand, verwacht: Iterator[Verwacht], render_dpi: int) -> Getrouwheidsoordeel:
    heel = archief.is_heel
    oordelen: list[Paginaoordeel] = []
    for groep in _groups(archief, verwacht, render_dpi):
        _compare_weergaven(archief, groep)
        oordelen.extend(pagina.build_oordeel() for pagina in groep)
    aantal_verwacht = len(oordelen)
    if archief.pdf.get_warnings() or not heel:  # qpdf may warn only when it reads a stream
        eerste = oordelen[0] if oordelen else Paginaoordeel(1, (), "weergave")
        afwijkingen = (*eerste.afwijkingen, Afwijking.ONLEESBAAR)
        oordelen[:1] = [Paginaoordeel(1, afwijkingen, eerste.bewijs, eerste.verschil_pdfium, eerste.verschil_poppler)]
    for nummer in range(aantal_verwacht + 1, archief.aantal + 1):
        oordelen.append(Paginaoordeel(nummer, (Afwijking.PAGINA_TE_VEEL,), "weergave"))
    return Getrouwheidsoordeel(aantal_verwacht, archief.aantal, tuple(oordelen))


def _groups(archief: _Archiefbestand, verwacht: Iterator[Verwacht], render_dpi: int) -> Iterator[list[_Pagina]]:
    """Yield the pages, checked but not yet rendered, a few at a time."""
    groep: list[_Pagina] = []
    punten = 0
    for index, eis in enumerate(verwacht):
        pagina = _check_pagina(archief, index, eis, render_dpi)
        groep.append(pagina)
        punten += pagina.render_px
        if len(groep) == _GROEP_PAGINAS or punten >= _GROEP_PX:
            yield groep
            groep, punten = [], 0
    if groep:
        yield groep


# --- one page: samples and structure ---------------------------------------------------------------------------------


@dataclass
class _Pagina:
    """One page on its way to a verdict."""

    index: int
    eis: Verwacht
    afwijkingen: list[Afwijking]
    bewijs: str = "weergave"
    bestaat: bool = True
    plaatsingen: tuple[Plaatsing, ...] = ()
    kader: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # MediaBox, in pt
    maat_px: tuple[int, int] = (0, 0)  # of the master, not turned
    dpi: float = 0.0  # of the render
    factor: int = 0  # master pixels per rendered pixel, both ways; 0: no such number
    platen: Weergaven | None = None  # what must be drawn, when the master was decoded anyway
    verschillen: dict[str, int] = field(default_factory=dict)

    @property
    def draai(self) -> int:
        return self.eis.draai_graden

    @property
    def render_maat(self) -> tuple[int, int]:
        """Size of the rendered page in px: what both renderers make of it."""
        x0, y0, x1, y1 = self.kader
        schaal = self.dpi * (1 - KRIMP) / 72
        maat = math.ceil((x1 - x0) * schaal), math.ceil((y1 - y0) * schaal)
        return maat if self.draai in {0, 180} else maat[::-1]

    @property
    def render_px(self) -> int:
        breedte, hoogte = self.render_maat
        return breedte * hoogte

    @property
    def rest(self) -> tuple[int, int]:
        """How many pixels the master lacks, across and down, to be a whole number of rendered pixels."""
        return (-self.maat_px[0] % self.factor, -self.maat_px[1] % self.factor) if self.factor else (0, 0)

    @property
    def opdracht(self) -> tuple[float, tuple[int, int]]:
        """At what resolution it is drawn; pdfium draws at the master's own in a direction that does not divide."""
        fijner = tuple(self.factor if rest else 1 for rest in self.rest)
        return self.dpi, (fijner[0], fijner[1]) if self.draai in {0, 180} else (fijner[1], fijner[0])

    @property
    def is_gekleurd(self) -> bool:
        """Whether an image on it is in another colour space than that of the device."""
        ruimten = [plaatsing.beeld.get("/ColorSpace") for plaatsing in self.plaatsingen]
        return any(isinstance(ruimte, Array) and is_calibrated(ruimte) for ruimte in ruimten)

    @property
    def is_te_tekenen(self) -> bool:
        return self.bestaat and self.dpi > 0 and 0 < self.render_px <= _MAX_RENDER_PX

    def mark(self, *afwijkingen: Afwijking) -> None:
        self.afwijkingen.extend(afwijking for afwijking in afwijkingen if afwijking not in self.afwijkingen)

    def note(self, programma: str, verschil: int) -> None:
        """Keep the smallest difference with any faithful picture of the master."""
        self.verschillen[programma] = min(verschil, self.verschillen.get(programma, 255))

    @property
    def is_gelijk_getekend(self) -> bool:
        return all(self.verschillen.get(programma, 255) <= GRENS for programma in (PDFIUM, POPPLER))

    def build_oordeel(self) -> Paginaoordeel:
        for programma, afwijking in ((PDFIUM, Afwijking.WEERGAVE_PDFIUM), (POPPLER, Afwijking.WEERGAVE_POPPLER)):
            if programma in self.verschillen and self.verschillen[programma] > GRENS:
                self.mark(afwijking)
        return Paginaoordeel(
            pagina=self.index + 1,
            afwijkingen=tuple(self.afwijkingen),
            bewijs=self.bewijs,
            verschil_pdfium=self.verschillen.get(PDFIUM),
            verschil_poppler=self.verschillen.get(POPPLER),
        )


def _check_pagina(archief: _Archiefbestand, index: int, eis: Verwacht, render_dpi: int) -> _Pagina:
    pagina = _Pagina(index, eis, [])
    if index >= archief.aantal:
        pagina.bestaat = False
        pagina.mark(Afwijking.PAGINA_ONTBREEKT)
        return pagina
    bron = archief.pdf.pages[index]
    try:
        if eis.geen_scan:
            _prepare_geen_scan(pagina, bron, render_dpi)
        else:
            _check_scan(pagina, bron, archief, render_dpi)
    except (pikepdf.PdfError, pikepdf.DependencyError, KeyError, ValueError, TypeError, IndexError, AttributeError):
        pagina.mark(Afwijking.ONLEESBAAR)  # a page tree, content stream or image that is not what it should be
    return pagina


def _check_scan(pagina: _Pagina, bron: pikepdf.Page, archief: _Archiefbestand, render_dpi: int) -> None:
    eis = pagina.eis
    structuur = read_pagina(bron)
    pagina.kader, pagina.plaatsingen = structuur.kader, structuur.plaatsingen
    pagina.mark(*structuur.afwijkingen)
    if structuur.draai != eis.draai_graden:
        pagina.mark(Afwijking.DRAAI)
    master = _Master(eis)
    pagina.maat_px = master.maat
    if not pagina.plaatsingen:
        pagina.mark(Afwijking.BEELDPUNTEN)
    else:
        pagina.bewijs = _check_beeldpunten(pagina, master)
        _check_kleur(pagina, bron, archief)
        if not fills(pagina.plaatsingen, structuur.kader):
            pagina.mark(Afwijking.UITSNEDE)
    _plan_weergave(pagina, render_dpi)
    if master.is_decoded and pagina.factor:
        pagina.platen = _reduce(master.beeld, pagina)  # it will be needed, and decoding costs as much as rendering


def _plan_weergave(pagina: _Pagina, render_dpi: int) -> None:
    """Check the size on paper, and choose the resolution of the render: the page's own, divided by a whole number."""
    x0, y0, x1, y1 = pagina.kader
    breedte, hoogte = pagina.maat_px
    dpi_x, dpi_y = breedte * 72 / (x1 - x0), hoogte * 72 / (y1 - y0)
    if pagina.eis.dpi is not None:
        dpi_x, dpi_y = pagina.eis.dpi if isinstance(pagina.eis.dpi, tuple) else (pagina.eis.dpi, pagina.eis.dpi)
        maten = (x1 - x0, breedte * 72 / dpi_x), (y1 - y0, hoogte * 72 / dpi_y)
        if any(abs(is_ - hoort) > SPELING_PT + SPELING_MAAT * hoort for is_, hoort in maten):
            pagina.mark(Afwijking.MAAT)
            return  # a page of another size is not rendered: it could be as large as a house
    factor = max(1, round(dpi_x / render_dpi))
    pagina.dpi = dpi_x / factor
    if math.isclose(dpi_x, dpi_y, rel_tol=1e-4) and len(pagina.plaatsingen) == 1:
        pagina.factor = factor


def _prepare_geen_scan(pagina: _Pagina, bron: pikepdf.Page, render_dpi: int) -> None:
    x0, y0, x1, y1 = (float(getal) for getal in bron.cropbox)
    pagina.kader = (x0, y0, x1, y1)
    vlak = (x1 - x0) * (y1 - y0) / 72**2  # square inches; a poster is rendered coarser
    pagina.dpi = min(float(render_dpi), math.sqrt(_GROEP_PX / max(vlak, 1e-6)))


class _Master:
    """The master of one page: its size and mode without decoding it where that is possible."""

    def __init__(self, eis: Verwacht) -> None:
        self._eis = eis
        self._beeld: Image.Image | None = None
        self.jpeg = bool(eis.stromen) and all(stroom[:2] == b"\xff\xd8" for stroom in eis.stromen)
        if self.jpeg:
            with Image.open(io.BytesIO(eis.stromen[0]), formats=("JPEG",)) as kop:
                self.modus, breedte, hoogte = kop.mode, kop.width, kop.height
            for stroom in eis.stromen[1:]:
                with Image.open(io.BytesIO(stroom), formats=("JPEG",)) as kop:
                    hoogte += kop.height
            self.maat = breedte, hoogte
        else:
            self.modus, self.maat = self.beeld.mode, self.beeld.size

    @property
    def is_decoded(self) -> bool:
        return self._beeld is not None

    @property
    def beeld(self) -> Image.Image:
        if self._beeld is None:
            if self._eis.beeld is None:
                raise ValueError("a page that is not a scan has no master")
            self._beeld = self._eis.beeld()
        return self._beeld


def _check_beeldpunten(pagina: _Pagina, master: _Master) -> str:
    beelden = [plaatsing.beeld for plaatsing in pagina.plaatsingen]
    maten = [(int(beeld.Width), int(beeld.Height)) for beeld in beelden]
    if {breedte for breedte, _ in maten} != {master.maat[0]} or sum(h for _, h in maten) != master.maat[1]:
        pagina.mark(Afwijking.BEELDPUNTEN)
        return "beeldpunten"
    stromen = pagina.eis.stromen
    if stromen and [beeld.read_raw_bytes() for beeld in beelden] != list(stromen):
        pagina.mark(Afwijking.STROOM)
    elif master.jpeg and _is_verbatim(beelden, stromen):
        return "stroom"
    boven = 0
    for beeld, (breedte, hoogte) in zip(beelden, maten, strict=True):
        deel = master.beeld if len(beelden) == 1 else master.beeld.crop((0, boven, breedte, boven + hoogte))
        boven += hoogte
        if not np.array_equal(samples(deel), decode_beeld(beeld)):
            pagina.mark(Afwijking.BEELDPUNTEN)
            break
    return "beeldpunten"


def _is_verbatim(beelden: Sequence[Stream], stromen: Sequence[bytes]) -> bool:
    """Whether nothing around these JPEG streams, which are the master's own, changes what they decode to."""
    for beeld, stroom in zip(beelden, stromen, strict=True):
        if filters_of(beeld) != ["/DCTDecode"] or "/Decode" in beeld or "/DecodeParms" in beeld:
            return False
        with Image.open(io.BytesIO(stroom), formats=("JPEG",)) as kop:
            maat, kleuren = kop.size, len(kop.getbands())
        if maat != (int(beeld.Width), int(beeld.Height)) or int(beeld.BitsPerComponent) != 8:
            return False
        if kleuren != components(beeld.ColorSpace):
            return False
    return True


# --- colour ----------------------------------------------------------------------------------------------------------


def _check_kleur(pagina: _Pagina, bron: pikepdf.Page, archief: _Archiefbestand) -> None:
    ruimten = resources_of(bron).get("/ColorSpace", Dictionary())
    if any(naam in ruimten for naam in ("/DefaultGray", "/DefaultRGB", "/DefaultCMYK")):
        pagina.mark(Afwijking.KLEURPROFIEL)  # a device space that secretly means another
    for plaatsing in pagina.plaatsingen:
        ruimte = plaatsing.beeld.ColorSpace
        while isinstance(ruimte, Array) and str(ruimte[0]) == "/Indexed":
            ruimte = ruimte[1]
        if not _is_expected_space(ruimte, pagina.eis, archief):
            pagina.mark(Afwijking.KLEURPROFIEL)


def _is_expected_space(ruimte: Any, eis: Verwacht, archief: _Archiefbestand) -> bool:
    naam = str(ruimte[0]) if isinstance(ruimte, Array) else str(ruimte)
    if eis.ruimte is not None:
        return bool(isinstance(ruimte, Array) and ruimte.unparse(resolved=True) == eis.ruimte)
    if naam == "/ICCBased":
        profiel = ruimte[1].read_bytes()
        return bool(profiel == eis.icc) if eis.icc is not None else is_srgb(profiel)
    if eis.icc is not None or naam not in {"/DeviceRGB", "/DeviceGray"}:
        return False
    intenties = archief.pdf.Root.get("/OutputIntents", Array())
    profielen = [intentie.DestOutputProfile.read_bytes() for intentie in intenties]
    return bool(profielen) and all(is_srgb(profiel) for profiel in profielen)


# --- renders ---------------------------------------------------------------------------------------------------------


def _compare_weergaven(archief: _Archiefbestand, groep: Sequence[_Pagina]) -> None:
    """Render the pages of a group with both programs and keep how far each is from its master."""
    te_tekenen = [pagina for pagina in groep if pagina.is_te_tekenen]
    if not te_tekenen:
        return
    weergaven = _render_archief(archief, te_tekenen)
    twijfel = []
    for pagina in te_tekenen:
        for platen in _pictures(pagina):
            for programma, verwacht in platen.items():
                if pagina.verschillen.get(programma, 255) > GRENS:
                    pagina.note(programma, measure_verschil(weergaven[pagina.index][programma], verwacht))
            if pagina.is_gelijk_getekend:
                break
        else:
            twijfel.append(pagina)
    if twijfel:
        _compare_with_voorbeeld(archief, twijfel, weergaven)


def _pictures(pagina: _Pagina) -> Iterator[Weergaven]:
    """Yield what each program must draw, cheapest first: the master, each pixel the mean of factor x factor samples.

    A JPEG can be decoded at half size in a third of the time, but its colours then differ by a few levels where they
    change sharply; pdfium does just that for some pages. So a difference is final only against the full decode.
    """
    if pagina.factor == 0:
        return
    eis = pagina.eis
    if eis.stroom_is_bron and len(eis.stromen) == 1 and pagina.factor in {2, 4, 8} and pagina.rest == (0, 0):
        with Image.open(io.BytesIO(eis.stromen[0]), formats=("JPEG",)) as beeld:
            beeld.draft("RGB", (beeld.width // pagina.factor, beeld.height // pagina.factor))
            plaat = _turn(beeld.convert("RGB"), pagina.draai)
            yield {PDFIUM: plaat, POPPLER: plaat}
    if pagina.platen is not None:
        yield pagina.platen
    elif eis.beeld is not None:
        yield _reduce(eis.beeld(), pagina)


def _reduce(beeld: Image.Image, pagina: _Pagina) -> Weergaven:
    """Return what each program makes of the master.

    Where the pixels do not divide, pdfium is asked for all of them, and poppler gives the first row and column, which
    lack one pixel, a pixel of their own (Splash::scaleImage carries the error from the start). What poppler makes of
    other remainders, or of a turned page, is left to `_compare_with_voorbeeld`.
    """
    beeld = beeld.convert("L") if beeld.mode == "1" else beeld
    factor, (rest_x, rest_y) = pagina.factor, pagina.rest
    fijn = beeld.reduce((1 if rest_x else factor, 1 if rest_y else factor)) if factor > 1 else beeld
    platen = {PDFIUM: _turn(fijn.convert("RGB"), pagina.draai)}
    if rest_x == rest_y == 0:
        platen[POPPLER] = platen[PDFIUM]
    elif max(rest_x, rest_y) == 1 and pagina.draai == 0:
        ruim = Image.new(beeld.mode, (beeld.width + rest_x, beeld.height + rest_y))
        ruim.paste(beeld.crop((0, 0, 1, 1)), (0, 0))
        ruim.paste(beeld.crop((0, 0, beeld.width, 1)), (rest_x, 0))
        ruim.paste(beeld.crop((0, 0, 1, beeld.height)), (0, rest_y))
        ruim.paste(beeld, (rest_x, rest_y))
        platen[POPPLER] = ruim.reduce(factor).convert("RGB")
    return platen


def _turn(beeld: Image.Image, draai: int) -> Image.Image:
    if draai == 0:
        return beeld
    return beeld.transpose(
        {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}[draai]
    )


def _render_archief(archief: _Archiefbestand, paginas: Sequence[_Pagina]) -> dict[int, Weergaven]:
    """Render pages of the archive file: per page index and program what it drew.

    Pages in a device colour space are drawn from the file itself. Of a page with a colour profile the page as it stands
    in the file is drawn with its samples taken as they are: renderers convert a profile's colours at full resolution,
    each in its own way, at three to six times the cost, and the profile is already compared byte for byte.
    """
    direct = [pagina for pagina in paginas if not pagina.is_gekleurd]
    gekleurd = [pagina for pagina in paginas if pagina.is_gekleurd]
    weergaven = _render(archief.pad, direct, [pagina.index for pagina in direct])
    if gekleurd:
        # Opened anew for each group: qpdf keeps the streams that were copied from a document, in that document.
        with open(archief.pad, "rb") as bestand, pikepdf.open(bestand) as bron, pikepdf.Pdf.new() as kopie:  # noqa: PTH123
            for pagina in gekleurd:
                kopie.pages.append(bron.pages[pagina.index])
                _use_device_colours(kopie.pages[-1])
            weergaven |= _render_pdf(kopie, gekleurd)
    return weergaven


def _use_device_colours(bron: pikepdf.Page) -> None:
    for _, beeld in resources_of(bron).get("/XObject", Dictionary()).items():
        if str(beeld.get("/Subtype")) == "/Image" and "/ColorSpace" in beeld:
            beeld.ColorSpace = device_space(beeld.ColorSpace)


def _compare_with_voorbeeld(
    archief: _Archiefbestand, paginas: Sequence[_Pagina], weergaven: dict[int, Weergaven]
) -> None:
    """Compare with what the same program draws of an example page: the master alone, at the page's own place.

    For pages whose images a renderer rounds in a way of its own (strips), and as the last word where the direct
    comparison failed: the example is rounded exactly as the page is.
    """
    scans = [pagina for pagina in paginas if not pagina.eis.geen_scan]
    voorbeelden: dict[int, Weergaven] = {}
    if scans:
        with pikepdf.Pdf.new() as voorbeeld:
            for pagina in scans:
                _add_voorbeeld(voorbeeld, pagina)
            voorbeelden |= _render_pdf(voorbeeld, scans)
    for pagina in paginas:
        if pagina.eis.bron_pdf is not None:
            voorbeelden |= _render_bron(pagina, *pagina.eis.bron_pdf)
    for pagina in paginas:
        for programma, weergave in weergaven[pagina.index].items():
            pagina.note(programma, measure_verschil(weergave, voorbeelden[pagina.index][programma]))


def _render_bron(pagina: _Pagina, fd: int, n: int) -> dict[int, Weergaven]:
    """Render page `n` of the source of a page that is not a scan, turned as recorded."""
    pad = f"/proc/{os.getpid()}/fd/{fd}"
    if pagina.draai == 0:
        return _render(pad, [pagina], [n - 1])
    with open(pad, "rb") as bestand, pikepdf.open(bestand) as bron, pikepdf.Pdf.new() as gedraaid:  # noqa: PTH123
        gedraaid.pages.append(bron.pages[n - 1])
        gedraaid.pages[0].rotate(pagina.draai, relative=True)
        return _render_pdf(gedraaid, [pagina])


def _add_voorbeeld(pdf: pikepdf.Pdf, pagina: _Pagina) -> None:
    links, onder, rechts, boven = pagina.kader
    klopt = not {Afwijking.UITSNEDE, Afwijking.BEELDPUNTEN} & set(pagina.afwijkingen)
    plaatsen = [plaatsing.matrix for plaatsing in pagina.plaatsingen] if klopt else []
    hoogten = [int(plaatsing.beeld.Height) for plaatsing in pagina.plaatsingen] if klopt else []
    if not plaatsen:
        plaatsen, hoogten = [(rechts - links, 0, 0, boven - onder, links, onder)], [pagina.maat_px[1]]
    blad = pdf.add_blank_page(page_size=(100, 100))
    blad.obj.MediaBox = Array([links, onder, rechts, boven])
    blad.obj.Rotate = pagina.draai
    beelden = {f"/B{i}": beeld for i, beeld in enumerate(_master_images(pdf, pagina.eis, hoogten))}
    blad.obj.Resources = Dictionary(XObject=Dictionary(beelden))
    inhoud = [
        f"q {' '.join(f'{getal:.8f}' for getal in matrix)} cm {naam} Do Q"
        for naam, matrix in zip(beelden, plaatsen, strict=True)
    ]
    blad.obj.Contents = pdf.make_stream("\n".join(inhoud).encode())


def _master_images(pdf: pikepdf.Pdf, eis: Verwacht, hoogten: Sequence[int]) -> Iterator[Stream]:
    """Yield the master as PDF images of these heights: its JPEG where that is proven to be the master, else samples."""
    master = _Master(eis)
    if master.jpeg and len(eis.stromen) == len(hoogten) == 1 and _is_master(eis, master):
        kleur = Name.DeviceGray if master.modus == "L" else Name.DeviceRGB
        yield _image(pdf, eis.stromen[0], master.maat, 8, kleur, Name.DCTDecode)
        return
    beeld, boven = master.beeld, 0
    kleur = Name.DeviceRGB if beeld.mode == "RGB" else Name.DeviceGray
    for hoogte in hoogten:
        strip = beeld.crop((0, boven, beeld.width, boven + hoogte))
        boven += hoogte
        yield _image(pdf, strip.tobytes(), strip.size, 1 if beeld.mode == "1" else 8, kleur, None)


def _is_master(eis: Verwacht, master: _Master) -> bool:
    return eis.stroom_is_bron or np.array_equal(decode_pillow(eis.stromen[0], "JPEG"), samples(master.beeld))


def _image(
    pdf: pikepdf.Pdf, gegevens: bytes, maat: tuple[int, int], bits: int, kleur: Name, filter_: Name | None
) -> Stream:
    beeld = Stream(pdf, gegevens, Type=Name.XObject, Subtype=Name.Image, Width=maat[0], Height=maat[1])
    beeld.BitsPerComponent, beeld.ColorSpace = bits, kleur
    if filter_ is not None:
        beeld.Filter = filter_
    return beeld


def _render_pdf(pdf: pikepdf.Pdf, paginas: Sequence[_Pagina]) -> dict[int, Weergaven]:
    """Render a PDF of our own, whose n-th page belongs to the n-th of `paginas`; it never touches a disk."""
    with os.fdopen(os.memfd_create("voorbeeld"), "w+b") as bestand:
        pdf.save(bestand, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        bestand.flush()
        return _render(f"/proc/{os.getpid()}/fd/{bestand.fileno()}", paginas, range(len(paginas)))


def _render(pad: str, paginas: Sequence[_Pagina], indexen: Sequence[int]) -> dict[int, Weergaven]:
    """Render the pages that stand at these places in a PDF; the result is by the place in the archive file.

    pdfium keeps every stream it has read, so a document is opened for one group of pages only.
    """
    werk = [Tekenopdracht(index, *pagina.opdracht) for index, pagina in zip(indexen, paginas, strict=True)]
    with open_pdfium(pad) as document:
        getekend = render_paginas(pad, document, werk)
    return {pagina.index: weergaven for pagina, weergaven in zip(paginas, getekend, strict=True)}
