"""OCRmyPDF with our own engine in it: no tesseract program, no Ghostscript, no PNG on the way.

Used for a PDF that may pass but is not made of scanned pages: OCRmyPDF is the widest-tried way to lay text over a PDF
one did not make. It finds this module by name (`plugins=["scanstraat.ocrmypdf_plugin"]`).
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pypdfium2
import tesserocr
from ocrmypdf import BoundingBox, OcrClass, OcrElement, OcrEngine, OrientationConfidence, hookimpl
from ocrmypdf.builtin_plugins.ghostscript import GhostscriptOptions
from ocrmypdf.builtin_plugins.tesseract_ocr import TesseractOptions
from ocrmypdf.models.ocr_element import Baseline
from PIL import Image

from scanstraat.ocr import find_tessdata, warm_motor
from scanstraat.ocrpagina import OcrPagina, Regel

SCHAAL = 2 / 3  # of a 300 dpi page for reading; the profile's own value is for scans
_PDFIUM = threading.Lock()  # pdfium is not thread-safe


@hookimpl
def initialize(plugin_manager: Any) -> None:
    """Take away what would ask for other programs: Ghostscript is never called, even where it is installed."""
    plugin_manager.set_blocked("ocrmypdf.builtin_plugins.tesseract_ocr")
    plugin_manager.set_blocked("ocrmypdf.builtin_plugins.ghostscript")


@hookimpl
def register_options() -> dict[str, Any]:
    """Keep the option groups of the blocked parts: OCRmyPDF's own checks read them."""
    return {"tesseract": TesseractOptions, "ghostscript": GhostscriptOptions}


@hookimpl
def rasterize_pdf_page(
    input_file: Path, output_file: Path, raster_dpi: Any, pageno: int, page_dpi: Any, rotation: int | None
) -> Path:
    """Render a page in grey for reading, as an uncompressed TIFF (under a .png name; it is opened by content)."""
    with _PDFIUM, pypdfium2.PdfDocument(input_file) as document:
        pagina = document[pageno - 1]
        pagina.set_cropbox(*pagina.get_mediabox())
        breedte, hoogte = (round(maat * dpi / 72) for maat, dpi in zip(pagina.get_size(), raster_dpi, strict=True))
        if rotation:
            pagina.set_rotation(-rotation % 360)  # OCRmyPDF counts anticlockwise
            breedte, hoogte = (hoogte, breedte) if rotation % 180 else (breedte, hoogte)
        gemaakt = pagina.render(scale=raster_dpi.to_scalar() / 72, grayscale=True).to_pil()
        beeld = Image.new("L", (breedte, hoogte), 255)
        beeld.paste(gemaakt.convert("L"), (0, 0))  # copies: pdfium frees its own pixels
    dpi = page_dpi or raster_dpi
    beeld.save(output_file, "TIFF", dpi=(float(dpi.x), float(dpi.y)))
    return output_file


@hookimpl
def get_ocr_engine(options: Any) -> OcrEngine:
    """Return our engine."""
    return ScanstraatEngine()


class ScanstraatEngine(OcrEngine):
    """Our engine behind OCRmyPDF's interface."""

    @staticmethod
    def version() -> str:
        """Return Tesseract's version."""
        return str(tesserocr.tesseract_version().split()[1])

    @staticmethod
    def creator_tag(options: Any) -> str:
        """Return what OCRmyPDF notes about the engine."""
        return f"Tesseract {ScanstraatEngine.version()}"

    def __str__(self) -> str:
        return self.creator_tag(None)

    @staticmethod
    def languages(options: Any) -> set[str]:
        """Return the languages this machine can read."""
        return {model.stem for model in find_tessdata().glob("*.traineddata")}

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        """Return upright: a page that was not scanned is not turned."""
        return OrientationConfidence(angle=0, confidence=0.0)

    @staticmethod
    def supports_generate_ocr() -> bool:
        """Say that words come as values, not as hOCR."""
        return True

    @staticmethod
    def generate_ocr(input_file: Path, options: Any, page_number: int = 0) -> tuple[OcrElement, str]:
        """Read one rendered page."""
        with Image.open(input_file) as beeld:
            grijs, dpi = beeld.convert("L"), float(beeld.info["dpi"][0])
        motor = warm_motor(tuple(options.languages))
        pagina = motor.lees(grijs.tobytes(), grijs.width, grijs.height, dpi, SCHAAL)
        return build_element(pagina, grijs.size, dpi, page_number), pagina.tekst

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        """Not used: see `supports_generate_ocr`."""
        raise NotImplementedError

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        """Not used: see `supports_generate_ocr`."""
        raise NotImplementedError


def build_element(pagina: OcrPagina, maten: tuple[int, int], dpi: float, nummer: int) -> OcrElement:
    """Return the words as OCRmyPDF wants them, in pixels of the image it gave."""
    return OcrElement(
        ocr_class=OcrClass.PAGE,
        bbox=BoundingBox(0, 0, *maten),
        dpi=dpi,
        page_number=nummer,
        children=[_line(regel, pagina.schaal) for regel in pagina.regels],
    )


def _line(regel: Regel, schaal: float) -> OcrElement:
    x1, y1, x2, y2 = regel.basislijn
    helling = (y2 - y1) / (x2 - x1) if abs(x2 - x1) > abs(y2 - y1) else 0.0
    links, _, _, onder = regel.kader
    return OcrElement(
        ocr_class=OcrClass.LINE,
        bbox=_box(regel.kader, schaal),
        baseline=Baseline(slope=helling, intercept=(y1 + helling * (links - x1) - onder) / schaal),
        children=[
            OcrElement(
                ocr_class=OcrClass.WORD,
                bbox=_box(woord.kader, schaal),
                text=woord.tekst,
                confidence=woord.zekerheid / 100,
            )
            for woord in regel.woorden
        ],
    )


def _box(kader: tuple[int, int, int, int], schaal: float) -> BoundingBox:
    return BoundingBox(*(rand / schaal for rand in kader))
