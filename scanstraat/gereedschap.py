"""Which programs and versions touch a scan; stored with every batch and archive file (Archiefregeling 26b c)."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from types import MappingProxyType

from kwaliteitscontrole.verapdf import VERAPDF_VERSIE
from scanstraat import __version__

_BIBLIOTHEKEN = ("ocrmypdf", "pdf2image", "pikepdf", "pillow", "pypdfium2", "pytesseract", "tesserocr", "zxing-cpp")

# What makes an archive file out of page images. Pages that are no scan also go through OCRmyPDF and what draws for it.
_MAKERS = frozenset({"scanstraat", "python", "pikepdf", "qpdf", "pillow", "tesserocr", "tesseract"})
_MAKERS_GEEN_SCAN = _MAKERS | {"ocrmypdf", "pypdfium2"}


def select_makers(versies: Mapping[str, str], *, is_scan: bool) -> dict[str, str]:
    """Return of all programs those that make the archive file itself, as its metadata names them."""
    makers = _MAKERS if is_scan else _MAKERS_GEEN_SCAN
    return {naam: versie for naam, versie in versies.items() if naam in makers}


@cache
def find_versies() -> MappingProxyType[str, str]:
    """Return program -> version of everything that decodes, measures, reads, builds or judges a page."""
    import pikepdf  # noqa: PLC0415  the CLI must start fast; only work asks for versions
    import tesserocr  # noqa: PLC0415

    return MappingProxyType(
        {
            "scanstraat": __version__,
            "python": platform.python_version(),
            **{naam: version(naam) for naam in _BIBLIOTHEKEN},
            "qpdf": pikepdf.__libqpdf_version__,
            "tesseract": tesserocr.tesseract_version().split()[1],
            "poppler": _program_version("pdftoppm", "-v"),
            "verapdf": VERAPDF_VERSIE,
        }
    )


def _program_version(programma: str, vlag: str) -> str:
    try:
        uitvoer = subprocess.run([programma, vlag], capture_output=True, timeout=10, check=False, text=True)
    except (OSError, subprocess.TimeoutExpired):
        return "ontbreekt"
    gevonden = re.search(r"\d+(\.\d+)+", uitvoer.stdout + uitvoer.stderr)
    return gevonden.group() if gevonden else "onbekend"
