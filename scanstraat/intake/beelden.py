"""Open a delivered file as page images: the masters, with their exact pixels and their streams as they stand in it.

Runs inside the sandbox: these are bytes from outside. Nothing is guessed: what cannot be read exactly is refused with
a reason in Dutch.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from scanstraat.errors import AnderSoortError
from scanstraat.intake.jpegbeelden import JpegBron
from scanstraat.intake.masterbeeld import Beelddeel, Bronlezer, Masterbeeld, turn_clockwise
from scanstraat.intake.pdfbeelden import PdfBron
from scanstraat.intake.pngbeelden import PngBron
from scanstraat.intake.tiffbeelden import TiffBron

__all__ = ["Beelddeel", "Bronlezer", "Masterbeeld", "open_bron", "turn_clockwise"]

LEZERS: dict[str, Callable[[int, int], Bronlezer]] = {
    "jpeg": JpegBron,
    "png": PngBron,
    "tiff": TiffBron,
    "pdf": PdfBron,
}


def open_bron(fd: int, soort: str, *, maximaal_pixels: int) -> Bronlezer:
    """Open the file behind a descriptor (which stays the caller's) as `soort`: jpeg, tiff, png or pdf.

    Args:
        fd: open for reading, a regular file or memfd; its offset is neither used nor moved.
        maximaal_pixels: most pixels one page may have; checked before any is decoded.

    Raises:
        AnderSoortError: another `soort`.
        OnvolledigError, InvoerError: the file cannot be opened; also raised later, by the page that is not in order.
    """
    if soort not in LEZERS:
        raise AnderSoortError("ander_soort", "Dit is geen JPEG, TIFF, PNG of PDF. Lever een van deze soorten aan.")
    Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit only warns; ours is checked for every page before it is decoded
    return LEZERS[soort](fd, maximaal_pixels)
