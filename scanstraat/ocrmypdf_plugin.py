"""OCRmyPDF's way to our text: a plugin that hands it what our own Tesseract children read already.

OCRmyPDF lays the text on pages that are not one scanned image. Nothing is recognised here, and no other program is
started: the parts that would look for Tesseract and Ghostscript are taken out. Loaded by OCRmyPDF by name.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pypdfium2
from ocrmypdf import hookimpl
from ocrmypdf.builtin_plugins.ghostscript import GhostscriptOptions
from ocrmypdf.builtin_plugins.tesseract_ocr import TesseractOptions
from ocrmypdf.models.ocr_element import Baseline, BoundingBox, OcrClass, OcrElement
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence
from PIL import Image

from scanstraat.ocrpagina import OcrPagina

# Page from 0 -> what was read on it. OCRmyPDF calls the engine in threads of its own and hands it nothing of ours; a
# sandboxed child makes one document: so this is a value of the process.
TEKSTEN: dict[int, OcrPagina] = {}


_PDFIUM = threading.Lock()  # pdfium is not thread-safe


@hookimpl
def initialize(plugin_manager: Any) -> None:
    """Take out what would call other programs: Ghostscript has altered images silently, and is never used."""
    plugin_manager.set_blocked("ocrmypdf.builtin_plugins.tesseract_ocr")
    plugin_manager.set_blocked("ocrmypdf.builtin_plugins.ghostscript")


@hookimpl
def register_options() -> dict[str, Any]:
    """Keep the option groups of the parts that were taken out: OCRmyPDF's own checks read them."""
    return {"tesseract": TesseractOptions, "ghostscript": GhostscriptOptions}


@hookimpl
def rasterize_pdf_page(
    input_file: Path, output_file: Path, raster_dpi: Any, pageno: int, page_dpi: Any, rotation: int | None
) -> Path:
    """Give OCRmyPDF an image of the page without a PNG on the way: an uncompressed TIFF, which it opens by content."""
    with _PDFIUM, pypdfium2.PdfDocument(input_file) as document:
        pagina = document[pageno - 1]
        pagina.set_cropbox(*pagina.get_mediabox())
        breedte, hoogte = (round(maat * dpi / 72) for maat, dpi in zip(pagina.get_size(), raster_dpi, strict=True))
        if rotation:
            pagina.set_rotation(-rotation % 360)  # OCRmyPDF counts anticlockwise
            breedte, hoogte = (hoogte, breedte) if rotation % 180 else (breedte, hoogte)
        beeld = Image.new("L", (breedte, hoogte), 255)
        beeld.paste(pagina.render(scale=raster_dpi.to_scalar() / 72, grayscale=True).to_pil().convert("L"), (0, 0))
    dpi = page_dpi or raster_dpi
    beeld.save(output_file, "TIFF", dpi=(float(dpi.x), float(dpi.y)))
    return output_file


@hookimpl
def get_ocr_engine(options: Any) -> OcrEngine:
    """Return the engine that has read the pages already."""
    del options
    return GelezenTekst()


class GelezenTekst(OcrEngine):
    """An engine without an engine: it gives the words that stand in `TEKSTEN`."""

    @staticmethod
    def version() -> str:
        """Return a version; the text has that of Tesseract, which stands in the manifest."""
        return "1"

    @staticmethod
    def creator_tag(options: Any) -> str:
        """Return what OCRmyPDF writes behind its own name; our own metadata takes its place later."""
        del options
        return "Scanstraat"

    def __str__(self) -> str:
        return "Scanstraat"

    @staticmethod
    def languages(options: Any) -> set[str]:
        """Return the languages asked for: they were checked when the page was read."""
        return set(options.languages)

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        """Return "upright": pages were turned before."""
        del input_file, options
        return OrientationConfidence(angle=0, confidence=0.0)

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        """Never called: `supports_generate_ocr` says so."""
        raise AssertionError("generate_ocr is supported")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        """Never called: `supports_generate_ocr` says so."""
        raise AssertionError("generate_ocr is supported")

    @staticmethod
    def supports_generate_ocr() -> bool:
        """Return True: words come as values, without files in between."""
        return True

    @staticmethod
    def generate_ocr(input_file: Path, options: Any, page_number: int = 0) -> tuple[OcrElement, str]:
        """Return the words of a page, at the size of the image that OCRmyPDF made of it."""
        del options
        with Image.open(input_file) as beeld:
            breedte, hoogte = beeld.size
        pagina = OcrElement(OcrClass.PAGE, bbox=BoundingBox(0, 0, breedte, hoogte), page_number=page_number)
        ocr = TEKSTEN.get(page_number)
        if ocr is None:
            return pagina, ""
        schaal = breedte / ocr.breedte_px
        for regel in ocr.regels:
            links, boven, rechts, onder = (getal * schaal for getal in regel.kader)
            x1, y1, x2, y2 = (getal * schaal for getal in regel.basislijn)
            helling = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
            lijn = OcrElement(
                OcrClass.LINE,
                bbox=BoundingBox(links, boven, rechts, onder),
                baseline=Baseline(helling, y1 + helling * (links - x1) - onder),
            )
            for woord in regel.woorden:
                kader = BoundingBox(*(getal * schaal for getal in woord.kader))
                lijn.children.append(
                    OcrElement(OcrClass.WORD, bbox=kader, text=woord.tekst, confidence=woord.zekerheid / 100)
                )
            pagina.children.append(lijn)
        return pagina, ocr.tekst
