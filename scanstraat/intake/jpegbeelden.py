"""JPEG: the structure of a stream, as far as embedding it byte for byte needs, and a loose JPEG as a delivered file.

Source: ITU-T T.81 annex B (markers), JFIF 1.02, Adobe TN 5116 (APP14), ISO 32000-1 7.4.8 (DCTDecode).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageOps

from scanstraat.errors import InvoerError, OnvolledigError
from scanstraat.intake.masterbeeld import (
    Beelddeel,
    Bronlezer,
    Masterbeeld,
    Modus,
    check_omvang,
    fitting_icc,
    image_errors,
    open_fd,
    refuse_bits,
    refuse_cmyk,
    resolution,
    turn_of_orientation,
)

SOI = b"\xff\xd8"
EOI = 0xD9
SOS = 0xDA
APP0 = 0xE0
APP14 = 0xEE
SOF_HUFFMAN = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what DCTDecode may hold
SOF_ANDERS = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}  # lossless, hierarchical, arithmetic
ZONDER_LENGTE = {0x01, *range(0xD0, 0xD8)}
# Ends entropy-coded data: not stuffing, not a restart. Fill bytes before it are left out: a search that begins with one
# certain byte is eleven times as fast (0.8 against 8.6 ms a page, and it is done several times a page).
MARKER_NA_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
EXIF_ORIENTATIE, EXIF_X, EXIF_Y, EXIF_EENHEID = 274, 282, 283, 296
CM_PER_INCH = 2.54


@dataclass(frozen=True)
class Jpegfeiten:
    """What the markers of one JPEG stream say. Sizes in px; `einde` is the offset just past EOI."""

    breedte_px: int
    hoogte_px: int
    componenten: tuple[int, ...]  # their ids
    bits: int
    jfif: bool
    adobe_transform: int | None
    einde: int

    @property
    def ycc(self) -> bool:
        """True when three components are YCbCr by the rules of libjpeg, which every renderer follows.

        Source: libjpeg jdapimin.c, default_decompress_parms.
        """
        if self.jfif:
            return True
        if self.adobe_transform is not None:
            return self.adobe_transform == 1
        return self.componenten != (0x52, 0x47, 0x42)  # the letters R, G, B

    @property
    def tegenstrijdig(self) -> bool:
        """True when JFIF says YCbCr and Adobe says RGB: decoders disagree about such a file's colours."""
        return len(self.componenten) == 3 and self.jfif and self.adobe_transform == 0


def parse_jpeg(gegevens: bytes, n: int) -> Jpegfeiten:
    """Walk the markers of a JPEG stream to its end-of-image marker. Bytes after that are ignored.

    Raises:
        OnvolledigError: the bytes end before EOI.
        InvoerError: not a JPEG, or a kind that a PDF cannot hold unchanged (lossless, arithmetic coding).
    """
    if gegevens[:2] != SOI:
        raise InvoerError("onleesbaar", f"Pagina {n} is geen JPEG. Scan opnieuw.")
    lezer = _Markerlezer(gegevens, n)
    while not lezer.klaar:
        lezer.step()
    return lezer.feiten()


class _Markerlezer:
    def __init__(self, gegevens: bytes, n: int) -> None:
        self.gegevens, self.n, self.plaats, self.klaar = gegevens, n, 2, False
        self.jfif = False
        self.adobe: int | None = None
        self.sof: tuple[int, int, int, tuple[int, ...]] | None = None
        self.scans = 0

    def step(self) -> None:
        marker = self._next_marker()
        if marker == EOI:
            self.klaar = True
        elif marker not in ZONDER_LENGTE:
            self._segment(marker)

    def feiten(self) -> Jpegfeiten:
        if self.sof is None or not self.scans:
            raise InvoerError("onleesbaar", f"Pagina {self.n} is een JPEG zonder beeld. Scan opnieuw.")
        bits, hoogte, breedte, ids = self.sof
        return Jpegfeiten(breedte, hoogte, ids, bits, self.jfif, self.adobe, self.plaats)

    def _next_marker(self) -> int:
        if self.plaats >= len(self.gegevens):
            raise self._cut_off()
        if self.gegevens[self.plaats] != 0xFF:
            raise InvoerError("onleesbaar", f"Pagina {self.n} is een beschadigde JPEG. Scan opnieuw.")
        while self.plaats < len(self.gegevens) and self.gegevens[self.plaats] == 0xFF:
            self.plaats += 1
        if self.plaats >= len(self.gegevens):
            raise self._cut_off()
        self.plaats += 1
        return self.gegevens[self.plaats - 1]

    def _segment(self, marker: int) -> None:
        lengte = int.from_bytes(self.gegevens[self.plaats : self.plaats + 2], "big")
        inhoud = self.gegevens[self.plaats + 2 : self.plaats + lengte]
        if lengte < 2 or len(inhoud) != lengte - 2:
            raise self._cut_off()
        self.plaats += lengte
        if marker in SOF_ANDERS:
            raise InvoerError(
                "jpeg_soort", f"Pagina {self.n} is een bijzondere JPEG-soort. Stel de scanner in op gewone JPEG."
            )
        if marker in SOF_HUFFMAN:
            self._frame(inhoud)
        elif marker == APP0 and inhoud[:5] == b"JFIF\0":
            self.jfif = True
        elif marker == APP14 and inhoud[:5] == b"Adobe" and len(inhoud) >= 12:
            self.adobe = inhoud[11]
        elif marker == SOS:
            self.scans += 1
            volgende = MARKER_NA_SCAN.search(self.gegevens, self.plaats)
            if volgende is None:
                raise self._cut_off()
            self.plaats = volgende.start()

    def _frame(self, inhoud: bytes) -> None:
        if self.sof is not None or len(inhoud) < 6 or len(inhoud) < 6 + 3 * inhoud[5]:
            raise InvoerError("onleesbaar", f"Pagina {self.n} is een beschadigde JPEG. Scan opnieuw.")
        ids = tuple(inhoud[6 + 3 * i] for i in range(inhoud[5]))
        self.sof = (inhoud[0], int.from_bytes(inhoud[1:3], "big"), int.from_bytes(inhoud[3:5], "big"), ids)

    def _cut_off(self) -> OnvolledigError:
        return OnvolledigError(
            "onvolledig",
            f"Pagina {self.n} is niet compleet: de JPEG houdt halverwege op. Scan opnieuw als dat zo blijft.",
        )


def check_jpeg(feiten: Jpegfeiten, n: int) -> Modus:
    """Return the mode of a JPEG that may pass: grey or three colours of 8 bits; InvoerError for any other."""
    if feiten.bits != 8:
        raise refuse_bits(n, feiten.bits)
    if len(feiten.componenten) == 4:
        raise refuse_cmyk(n)
    if len(feiten.componenten) not in {1, 3} or feiten.tegenstrijdig:
        raise InvoerError(
            "kleuren_onduidelijk",
            f"Pagina {n} zegt niet eenduidig welke kleuren erin staan. Stel de scanner in op gewone JPEG.",
        )
    return "L" if len(feiten.componenten) == 1 else "RGB"


def jpeg_deel(gegevens: bytes, feiten: Jpegfeiten) -> Beelddeel:
    """Return the whole JPEG as one stream for a PDF.

    A PDF reader takes three components without an Adobe marker for YCbCr; where libjpeg knows better (components
    named R, G, B) the ColorTransform entry says so.
    """
    parms: dict[str, int | bool] = {}
    if len(feiten.componenten) == 3 and feiten.adobe_transform is None and not feiten.ycc:
        parms["ColorTransform"] = 0
    return Beelddeel(
        gegevens, "DCTDecode", feiten.breedte_px, feiten.hoogte_px, bits=8, kleuren=len(feiten.componenten), parms=parms
    )


def with_adobe_marker(gegevens: bytes, transform: Literal[0, 1]) -> bytes:
    """Return the stream with an APP14 marker that says whether its three components are RGB (0) or YCbCr (1)."""
    return SOI + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) + gegevens[2:]


@dataclass(frozen=True)
class JpegPixels:
    """The samples of one JPEG stream. `omgekeerd`: a PDF's Decode array turns the values round."""

    gegevens: bytes
    deel: Beelddeel
    omgekeerd: bool = False

    def decode(self) -> Image.Image:
        with Image.open(io.BytesIO(self.gegevens), formats=("JPEG",)) as beeld:
            beeld.load()
            return ImageOps.invert(beeld) if self.omgekeerd else beeld

    def decode_grijs(self) -> Image.Image:
        with Image.open(io.BytesIO(self.gegevens), formats=("JPEG",)) as beeld:
            beeld.draft("L", beeld.size)  # libjpeg then leaves the colour out: half the time
            grijs = beeld.convert("L")
            return ImageOps.invert(grijs) if self.omgekeerd else grijs

    def delen(self) -> tuple[Beelddeel, ...]:
        return (self.deel,)


class JpegBron(Bronlezer):
    """A loose JPEG file: one page image, the whole file its stream."""

    soort = "jpeg"
    aantal = 1

    def __init__(self, fd: int, maximaal_pixels: int) -> None:
        with open_fd(fd) as bestand:
            self._gegevens = bestand.read()
        self._maximaal_pixels = maximaal_pixels

    def beeld(self, n: int) -> Masterbeeld:
        if n != 1:
            raise IndexError(n)
        feiten = parse_jpeg(self._gegevens, n)
        check_omvang(n, feiten.breedte_px, feiten.hoogte_px, self._maximaal_pixels)
        modus = check_jpeg(feiten, n)
        with image_errors(n), Image.open(io.BytesIO(self._gegevens), formats=("JPEG",)) as kop:
            dpi, icc = _stated_dpi(kop), kop.info.get("icc_profile")
            draai = turn_of_orientation(n, kop.getexif().get(EXIF_ORIENTATIE))
        return Masterbeeld(
            n=n,
            breedte_px=feiten.breedte_px,
            hoogte_px=feiten.hoogte_px,
            dpi=dpi,
            modus=modus,
            compressie="jpeg",
            icc=fitting_icc(icc, len(feiten.componenten)),
            pixels=JpegPixels(self._gegevens, jpeg_deel(self._gegevens, feiten)),
            draai_pdf=draai,
        )

    def close(self) -> None:
        self._gegevens = b""


def _stated_dpi(kop: Image.Image) -> tuple[float, float] | None:
    """Return the resolution that JFIF or EXIF states. JFIF density unit 0 is an aspect ratio, not a resolution."""
    eenheid, dichtheid = kop.info.get("jfif_unit"), kop.info.get("jfif_density")
    if eenheid in {1, 2} and dichtheid:
        factor = 1.0 if eenheid == 1 else CM_PER_INCH
        return resolution(dichtheid[0] * factor, dichtheid[1] * factor)
    exif = kop.getexif()
    x, y, eenheid = exif.get(EXIF_X), exif.get(EXIF_Y), exif.get(EXIF_EENHEID, 2)
    if eenheid not in {2, 3} or not x or not y:
        return None
    factor = 1.0 if eenheid == 2 else CM_PER_INCH
    return resolution(float(x) * factor, float(y) * factor)
