"""Two programs draw a page, pdfium and poppler, and a number says how far what they draw is from what it must be."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pdf2image
import pdf2image.exceptions
import pypdfium2
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageChops

from kwaliteitscontrole.errors import GereedschapError

TEGEL_PX = 4  # grey: at 150 dpi 0.7 mm, about the width of a pen stroke
KLEURTEGEL_PX = 16  # colour: 2.7 mm; JPEG stores colour at half size, so single pixels differ between decoders

# Both renderers widen an image to whole pixels. A page a touch smaller than a whole number of pixels is widened to
# exactly that number, and then each pixel they draw is the mean of k x k samples and nothing else.
KRIMP = 1e-4
_SCHUIF_PX = 0.05
_POPPLER_S = 120
POPPLER, PDFIUM = "poppler", "pdfium"

Weergaven = dict[str, Image.Image]  # what each program drew


@dataclass(frozen=True)
class Tekenopdracht:
    """Draw page `index` (from 0) at `dpi`; pdfium so many times finer, across and down the page as it is shown."""

    index: int
    dpi: float
    fijner: tuple[int, int] = (1, 1)


def measure_verschil(weergave: Image.Image, verwacht: Image.Image) -> int:
    """Return the difference of the tile that differs most, in levels: 0 is equal, 255 is black against white.

    Grey is compared in tiles of `TEGEL_PX`, each of the three colours in tiles of `KLEURTEGEL_PX`: of a tile it is the
    mean of the absolute differences, so a fault cannot hide by being dark on one side and light on the other. Both are
    RGB; images of different size give 255.
    """
    if weergave.size != verwacht.size:
        return 255
    kleur = ImageChops.difference(weergave, verwacht).reduce(KLEURTEGEL_PX)
    grijs = ImageChops.difference(weergave.convert("L"), verwacht.convert("L")).reduce(TEGEL_PX)
    return int(max(np.asarray(kleur).max(), np.asarray(grijs).max()))


def render_paginas(pad: str, document: Any, werk: Sequence[Tekenopdracht]) -> list[Weergaven]:
    """Draw pages with both programs.

    Args:
        pad: of the PDF, as this process can open it.
        document: the same PDF, open in pdfium.

    Returns: per page, in the order of `werk`, what each program drew, in RGB.

    Raises:
        GereedschapError: poppler is missing, does not answer in time or cannot draw the pages.
        pypdfium2.PdfiumError: pdfium cannot load a page.
    """
    weergaven: list[Weergaven] = [{PDFIUM: _render_pdfium(document, opdracht)} for opdracht in werk]
    begin = 0
    while begin < len(werk):
        einde = _find_einde(werk, begin)
        getekend = _render_poppler(pad, werk[begin].index, einde - begin, werk[begin].dpi)
        for plaats, beeld in enumerate(getekend, start=begin):
            weergaven[plaats][POPPLER] = beeld
        begin = einde
    return weergaven


def _find_einde(werk: Sequence[Tekenopdracht], begin: int) -> int:
    """Return where the run of neighbouring pages of one resolution ends: one start of poppler for all of them."""
    eerste, einde = werk[begin], begin + 1
    while einde < len(werk) and werk[einde].index == eerste.index + einde - begin and werk[einde].dpi == eerste.dpi:
        einde += 1
    return einde


def open_pdfium(pad: str) -> Any:
    """Open a PDF by a path of /proc; closing the document closes the file."""
    bestand = open(pad, "rb")  # noqa: PTH123, SIM115 - not by its path: pypdfium2 resolves that, and a memfd has none
    try:
        return pypdfium2.PdfDocument(bestand, autoclose=True)
    except BaseException:
        bestand.close()
        raise


def _render_pdfium(document: Any, opdracht: Tekenopdracht) -> Image.Image:
    pagina = document[opdracht.index]
    schaal_x, schaal_y = (opdracht.dpi * (1 - KRIMP) / 72 * fijner for fijner in opdracht.fijner)
    breedte_pt, hoogte_pt = pagina.get_size()
    breedte, hoogte = math.ceil(breedte_pt * schaal_x), math.ceil(hoogte_pt * schaal_y)
    bitmap = pypdfium2.PdfBitmap.new_native(breedte, hoogte, pdfium_c.FPDFBitmap_BGR)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, breedte, hoogte)
    matrix = pdfium_c.FS_MATRIX(schaal_x, 0, 0, schaal_y, _SCHUIF_PX, _SCHUIF_PX)
    uitsnede = pdfium_c.FS_RECTF(0, 0, breedte, hoogte)
    pdfium_c.FPDF_RenderPageBitmapWithMatrix(bitmap, pagina, matrix, uitsnede, pdfium_c.FPDF_ANNOT)
    beeld: Image.Image = bitmap.to_pil()
    bitmap.close()
    pagina.close()
    return beeld


@contextmanager
def _as_stdin(pad: str) -> Iterator[str]:
    """Make a file the standard input of the programs started inside, and yield the path by which they find it.

    A sandboxed process may not open the descriptors of another, so pdftoppm cannot use a path of /proc that is ours.
    """
    try:
        was = os.dup(0)
    except OSError:  # started without a standard input
        was = None
    try:
        with open(pad, "rb") as bestand:  # noqa: PTH123 - a descriptor, not a path
            os.dup2(bestand.fileno(), 0)
        yield "/proc/self/fd/0"
    finally:
        if was is None:
            os.close(0)
        else:
            os.dup2(was, 0)
            os.close(was)


def _render_poppler(pad: str, index: int, aantal: int, dpi: float) -> list[Image.Image]:
    try:
        with _as_stdin(pad) as eigen_pad:
            beelden: list[Image.Image] = pdf2image.convert_from_path(
                eigen_pad,
                dpi=dpi * (1 - KRIMP),  # type: ignore[arg-type]  # pdftoppm takes a fraction
                first_page=index + 1,
                last_page=index + aantal,
                use_cropbox=True,  # as pdfium does
                timeout=_POPPLER_S,
            )
    except pdf2image.exceptions.PDFPopplerTimeoutError as exc:
        raise GereedschapError(POPPLER, "antwoordt niet op tijd") from exc
    except pdf2image.exceptions.PDFInfoNotInstalledError as exc:
        raise GereedschapError(POPPLER, "het programma pdftoppm ontbreekt (pakket poppler-utils)") from exc
    except (pdf2image.exceptions.PDFPageCountError, pdf2image.exceptions.PDFSyntaxError, OSError) as exc:
        raise GereedschapError(POPPLER, "het kan het archiefbestand niet lezen") from exc
    if len(beelden) != aantal:
        raise GereedschapError(POPPLER, f"{len(beelden)} van de {aantal} pagina's getekend")
    return beelden
