"""What one page image of a delivered file is: its facts, its exact pixels, and its streams as they stand in the file.

A reader per kind of file (jpegbeelden, pngbeelden, tiffbeelden, pdfbeelden) makes these; `beelden.open_bron` chooses.
"""

from __future__ import annotations

import io
import os
import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol

import numpy as np
from PIL import Image, UnidentifiedImageError

from scanstraat.errors import InvoerError, OnvolledigError

ZLIB_NIVEAU = 1  # with the predictor: the size of level 6 without it, at a third of its CPU time
RESOLUTIE_MINIMAAL_DPI = 10.0  # a "resolution" below this is an aspect ratio or a leftover, not a scanner's setting


class Fdlezer(io.RawIOBase):
    """Read an open file by descriptor with a position of its own.

    `os.pread` leaves the descriptor's shared offset alone, so several libraries can read one file at a time. The
    descriptor is duplicated: closing this reader leaves the caller's open. `begin` and `lengte` (bytes) show a part of
    the file as if it were all of it.
    """

    def __init__(self, fd: int, begin: int = 0, lengte: int | None = None) -> None:
        self._fd = os.dup(fd)
        self._begin = begin
        self._lengte = lengte
        self._plaats = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Return the descriptor: libtiff reads through it, so a frame is decoded without copying the file."""
        return self._fd

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        ruimte = memoryview(buffer)
        if self._lengte is not None:
            ruimte = ruimte[: max(0, self._lengte - self._plaats)]
        gelezen = os.preadv(self._fd, [ruimte], self._begin + self._plaats)
        self._plaats += gelezen
        return gelezen

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        einde = self._lengte if self._lengte is not None else os.fstat(self._fd).st_size - self._begin
        basis = {os.SEEK_SET: 0, os.SEEK_CUR: self._plaats, os.SEEK_END: einde}[whence]
        if basis + offset < 0:
            raise OSError("seek before the start of the file")
        self._plaats = basis + offset
        return self._plaats

    def tell(self) -> int:
        return self._plaats

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()


def open_fd(fd: int) -> io.BufferedReader:
    """Return a buffered reader over a descriptor, with its own position; the caller closes it."""
    return io.BufferedReader(Fdlezer(fd), buffer_size=64 * 1024)


@dataclass(frozen=True)
class Beelddeel:
    """One image stream as it goes into a PDF: the whole page, or one horizontal strip of it.

    Strips of one page stack from top to bottom. `gegevens` are the encoded bytes for `filter`.
    """

    gegevens: bytes = field(repr=False)
    filter: (
        str  # name of a PDF filter without the slash: DCTDecode, CCITTFaxDecode, FlateDecode, JPXDecode, JBIG2Decode
    )
    breedte_px: int
    hoogte_px: int
    bits: int  # per component: 1, 2, 4 or 8
    kleuren: int  # components of the colour space: 1 grey, 3 colour; with a palette those of the palette's entries
    parms: dict[str, int | bool] = field(default_factory=dict)  # DecodeParms
    omgekeerd: bool = False  # Decode [1 0 ...]: the highest sample is black
    palet: bytes | None = None  # samples are indices into these entries of `kleuren` bytes each
    ruimte: bytes | None = None  # a calibrated colour space (CalGray, CalRGB) in PDF syntax, from a delivered PDF
    jbig2_globaal: bytes | None = field(default=None, repr=False)
    onveranderd: bool = True  # False: encoded again by `encode_verliesvrij`


class Pixelbron(Protocol):
    """Where the samples of one page image come from."""

    def decode(self) -> Image.Image: ...
    def decode_grijs(self) -> Image.Image: ...
    def delen(self) -> tuple[Beelddeel, ...] | None: ...


Modus = Literal["1", "L", "RGB"]


@dataclass(frozen=True)
class Masterbeeld:
    """One page image, the n-th of its file.

    breedte_px, hoogte_px: as stored, before any turn.
    dpi: horizontal and vertical resolution; None when the file does not say it.
    modus: mode of what `decode` returns: "1" (black and white), "L" (grey) or "RGB" (palettes are expanded).
    compressie: as in the file: jpeg, g4, g3, lzw, deflate, packbits, jbig2, jpeg2000, png, geen, of "pagina" for a
        page that is not a scan.
    icc: the embedded colour profile, when it fits the image's colours.
    draai_pdf: degrees clockwise (0, 90, 180, 270) the file itself says the image must be turned to be shown (the
        PDF's /Rotate and placement, EXIF or TIFF orientation).
    is_scan: False for a page of a PDF that is not exactly one scanned image; `reden` says in Dutch what else is on it,
        and `decode` renders the page.
    gelaagd: such a page, and it is built of layers over each other (MRC): a scanner's setting can change that.
    """

    n: int
    breedte_px: int
    hoogte_px: int
    dpi: tuple[float, float] | None
    modus: Modus
    compressie: str
    icc: bytes | None = field(repr=False)
    pixels: Pixelbron = field(repr=False, compare=False)
    draai_pdf: int = 0
    is_scan: bool = True
    reden: str | None = None
    gelaagd: bool = False

    def decode(self) -> Image.Image:
        """Return the exact samples, in `modus`, not turned.

        Raises:
            OnvolledigError: the data ends before the image does.
            InvoerError: the data is damaged or in a form that is not taken in.
        """
        with image_errors(self.n):
            beeld = self.pixels.decode()
        if beeld.mode != self.modus or beeld.size != (self.breedte_px, self.hoogte_px):
            raise InvoerError(
                "onleesbaar", f"Pagina {self.n} is niet te lezen: het beeld is anders dan het bestand zegt."
            )
        return beeld

    def decode_grijs(self) -> Image.Image:
        """Return the page in mode "L", for recognition and measuring; errors as `decode`."""
        with image_errors(self.n):
            return self.pixels.decode_grijs()

    def delen(self) -> tuple[Beelddeel, ...]:
        """Return the streams for a PDF: those of the file where that is possible, else re-encoded without loss."""
        with image_errors(self.n):
            eigen = self.pixels.delen()
        return eigen if eigen is not None else (encode_verliesvrij(self.decode()),)

    def stromen(self) -> tuple[bytes, ...]:
        """Return the encoded bytes that stand in the archive file unchanged; empty when they are re-encoded there."""
        with image_errors(self.n):
            return tuple(deel.gegevens for deel in self.pixels.delen() or ())


class Bronlezer(ABC):
    """An open delivered file, page image by page image. A context manager: closing it frees the file."""

    soort: str
    aantal: int

    @abstractmethod
    def beeld(self, n: int) -> Masterbeeld:
        """Return the n-th page image (from 1)."""

    def beelden(self, vanaf: int = 1) -> Iterator[Masterbeeld]:
        """Yield the page images in order; memory does not grow with their number."""
        for n in range(vanaf, self.aantal + 1):
            yield self.beeld(n)

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Bronlezer:
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, spoor: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def image_errors(n: int) -> Iterator[None]:
    """Turn what an image library raises about page `n` into errors of ours."""
    try:
        yield
    except InvoerError:
        raise
    except Image.DecompressionBombError as exc:
        raise InvoerError("te_groot", f"Pagina {n} is te groot om te lezen. Scan met een lagere resolutie.") from exc
    except UnidentifiedImageError as exc:
        raise InvoerError("onleesbaar", f"Pagina {n} is geen beeld dat te lezen is. Scan opnieuw.") from exc
    except (OSError, SyntaxError, ValueError, EOFError, zlib.error, ArithmeticError, LookupError, TypeError) as exc:
        # Pillow raises all of these on damaged data; a truncated stream is told apart by its words.
        if "truncated" in str(exc).lower() or isinstance(exc, EOFError):
            raise OnvolledigError(
                "onvolledig",
                f"Pagina {n} is niet compleet: het beeld houdt halverwege op. Scan opnieuw als dat zo blijft.",
            ) from exc
        raise InvoerError("onleesbaar", f"Pagina {n} is beschadigd en niet te lezen. Scan opnieuw.") from exc


_STDERR = threading.Lock()


@contextmanager
def libtiff_errors(n: int) -> Iterator[None]:
    """Raise InvoerError when libtiff complains while it decodes page `n`.

    libtiff fills a damaged G4 or JPEG strip with whatever comes out and reports success; all it does is write to the
    standard error descriptor. So that is where we listen. Process-wide, hence the lock; decoding happens in a child.
    """
    with _STDERR, open(os.memfd_create("libtiff"), "r+b") as klachten:  # noqa: PTH123 - a descriptor, not a path
        eigen = os.dup(2)
        os.dup2(klachten.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(eigen, 2)
            os.close(eigen)
        if os.fstat(klachten.fileno()).st_size:
            raise InvoerError(
                "onleesbaar", f"Pagina {n} is beschadigd: het beeld is niet foutloos te lezen. Scan opnieuw."
            )


def turn_clockwise(beeld: Image.Image, graden: int) -> Image.Image:
    """Return the image turned clockwise by 0, 90, 180 or 270 degrees; its pixels are only moved."""
    return beeld if graden == 0 else beeld.transpose(DRAAIEN[graden])


DRAAIEN = {  # Pillow's names count anticlockwise
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def check_omvang(n: int, breedte_px: int, hoogte_px: int, maximaal_pixels: int) -> None:
    """Raise InvoerError "te_groot" before a single pixel is decoded."""
    if breedte_px < 1 or hoogte_px < 1:
        raise InvoerError("onleesbaar", f"Pagina {n} heeft geen beeldpunten. Scan opnieuw.")
    if breedte_px * hoogte_px > maximaal_pixels:
        raise InvoerError(
            "te_groot",
            f"Pagina {n} is {breedte_px} x {hoogte_px} beeldpunten; er mogen er {maximaal_pixels} in. "
            "Scan met een lagere resolutie, of verhoog maximaal_megapixels in het profiel.",
        )


def refuse_cmyk(n: int) -> InvoerError:
    """Say that four printing colours are not taken in: no scanner makes them, and what they look like is a guess."""
    return InvoerError(
        "cmyk", f"Pagina {n} heeft vier drukkleuren (CMYK). Stel de scanner in op kleur (RGB) of grijs en scan opnieuw."
    )


def refuse_bits(n: int, bits: int) -> InvoerError:
    """Say that more than 8 bits per colour are not taken in."""
    return InvoerError(
        "te_veel_bits",
        f"Pagina {n} heeft {bits} bits per kleur. Stel de scanner in op 8 bits per kleur en scan opnieuw.",
    )


def refuse_alpha(n: int) -> InvoerError:
    """Say that transparency is not taken in: what stands behind it would be a guess."""
    return InvoerError(
        "doorzichtig", f"Pagina {n} heeft doorzichtige delen (alfakanaal). Zet dat uit in de scanner en scan opnieuw."
    )


def refuse_mirror(n: int) -> InvoerError:
    """Say that a mirrored page is not taken in."""
    return InvoerError("gespiegeld", f"Pagina {n} staat gespiegeld in het bestand. Zet spiegelen uit en scan opnieuw.")


# EXIF and TIFF orientation: how far clockwise the stored image must be turned to be shown.
ORIENTATIE_DRAAI = {1: 0, 3: 180, 6: 90, 8: 270}


def turn_of_orientation(n: int, orientatie: int | None) -> int:
    """Return the clockwise turn that an EXIF or TIFF orientation asks for; 0 when it is absent or undefined."""
    if orientatie in {2, 4, 5, 7}:
        raise refuse_mirror(n)
    return ORIENTATIE_DRAAI.get(orientatie or 1, 0)


def fitting_icc(icc: bytes | None, kleuren: int) -> bytes | None:
    """Return the profile when its colour space has as many components as the image; else None.

    A grey image with an RGB profile in it has no usable profile: the standard tells readers to ignore such a one.
    Source: ICC.1:2022 7.2.8 (bytes 16 to 19 are the data colour space), ISO 32000-1 8.6.5.5.
    """
    if not icc or len(icc) < 132 or icc[36:40] != b"acsp":
        return None
    return icc if {b"GRAY": 1, b"RGB ": 3}.get(icc[16:20]) == kleuren else None


def resolution(x: float, y: float) -> tuple[float, float] | None:
    """Return a stated resolution in dpi, or None when the numbers cannot be one."""
    return (float(x), float(y)) if min(x, y) >= RESOLUTIE_MINIMAAL_DPI else None


def encode_verliesvrij(beeld: Image.Image) -> Beelddeel:
    """Encode the pixels of a "1", "L" or "RGB" image without loss: G4 for black and white, else Flate.

    Flate gets the TIFF predictor (each sample minus its left neighbour): scans become smaller and zlib faster.
    """
    breedte, hoogte = beeld.size
    if beeld.mode == "1":
        parms: dict[str, int | bool] = {"K": -1, "Columns": breedte, "Rows": hoogte, "BlackIs1": True}
        return Beelddeel(
            _encode_g4(beeld), "CCITTFaxDecode", breedte, hoogte, bits=1, kleuren=1, parms=parms, onveranderd=False
        )
    punten = np.asarray(beeld)
    kleuren = 1 if punten.ndim == 2 else punten.shape[2]
    verschil = punten.copy()
    verschil[:, 1:] -= punten[:, :-1]  # modulo 256, as the predictor is defined
    return Beelddeel(
        zlib.compress(verschil.data, ZLIB_NIVEAU),
        "FlateDecode",
        breedte,
        hoogte,
        bits=8,
        kleuren=kleuren,
        parms={"Predictor": 2, "Colors": kleuren, "BitsPerComponent": 8, "Columns": breedte},
        onveranderd=False,
    )


def _encode_g4(beeld: Image.Image) -> bytes:
    uit = io.BytesIO()
    beeld.save(uit, "TIFF", compression="group4", tiffinfo={278: beeld.height})  # RowsPerStrip: one strip
    with Image.open(uit) as tiff:
        begin, lengte, photometric = tiff.tag_v2[273], tiff.tag_v2[279], tiff.tag_v2[262]  # type: ignore[attr-defined]
    if len(begin) != 1 or photometric != 1:
        raise AssertionError("Pillow wrote another kind of G4 than asked for")
    return uit.getvalue()[begin[0] : begin[0] + lengte[0]]
