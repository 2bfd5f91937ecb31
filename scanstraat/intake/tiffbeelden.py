"""TIFF as a delivered file: every frame a page image.

Which streams go into a PDF unchanged: CCITT G3 and G4 strips, JPEG strips with their shared tables merged in, and a
one-strip Deflate frame. Everything else is decoded by libtiff and encoded again without loss.

Source: TIFF 6.0; TIFF Technical Note 2 (JPEG); ISO 32000-1 7.4.6 (CCITTFaxDecode), 7.4.4.4 (Predictor 2).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from scanstraat.errors import InvoerError, OnvolledigError
from scanstraat.intake.jpegbeelden import JpegPixels, jpeg_deel, parse_jpeg, with_adobe_marker
from scanstraat.intake.masterbeeld import (
    ORIENTATIE_DRAAI,
    Beelddeel,
    Bronlezer,
    Masterbeeld,
    Modus,
    check_omvang,
    fitting_icc,
    image_errors,
    libtiff_errors,
    open_fd,
    refuse_alpha,
    refuse_bits,
    refuse_cmyk,
    resolution,
    turn_clockwise,
    turn_of_orientation,
)
from scanstraat.intake.tiffopbouw import cut_off

(SOORT, BREEDTE, HOOGTE, BITS, COMPRESSIE, FOTOMETRIE, FILLORDER, STRIPS, ORIENTATIE, MONSTERS, RIJEN, LENGTES) = (
    254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279,
)  # fmt: skip
(X_RES, Y_RES, PLANAR, T4_OPTIES, RES_EENHEID, PREDICTOR, KLEURKAART, TEGELS, TEGELLENGTES, EXTRA, MONSTERFORMAAT) = (
    282, 283, 284, 292, 296, 317, 320, 324, 325, 338, 339,
)  # fmt: skip
JPEG_TABELLEN, ICC = 347, 34675

WIT_IS_NUL, ZWART_IS_NUL, RGB, PALET, MASKER, CMYK, YCBCR = 0, 1, 2, 3, 4, 5, 6
G3, G4, JPEG = 3, 4, 7
DEFLATE = {8, 32946}
COMPRESSIES = {
    1: "geen", 2: "g3", 3: "g3", 4: "g4", 5: "lzw", 6: "jpeg", 7: "jpeg", 8: "deflate", 32773: "packbits",
    32946: "deflate",
}  # fmt: skip
TIFF, BIGTIFF = 42, 43
TAGMATEN = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
CM_PER_INCH = 2.54
BITS_OMGEKEERD = bytes(int(f"{waarde:08b}"[::-1], 2) for waarde in range(256))


@dataclass(frozen=True)
class Framefeiten:
    """The tags of one frame that matter here. `strips` are (offset, bytes) in the file, of strips or tiles."""

    breedte_px: int
    hoogte_px: int
    bits: int
    monsters: int
    compressie: int
    fotometrie: int
    fillorder: int
    rijen_per_strip: int
    strips: tuple[tuple[int, int], ...]
    tegels: bool
    aaneen: bool  # samples of a pixel lie together (PlanarConfiguration 1)
    predictor: int
    t4_opties: int
    kleurkaart: bytes | None
    jpeg_tabellen: bytes | None


def count_frames(bestand: BinaryIO, bestand_bytes: int) -> int:
    """Walk the chain of frames and return their number; every directory and value must lie inside the file.

    Raises:
        OnvolledigError: a directory or value lies past the end: the file may still be growing.
        InvoerError: not a TIFF, or its chain of frames runs in a circle.
    """
    kop = _read_at(bestand, 0, 8, bestand_bytes)
    volgorde = {b"II": "<", b"MM": ">"}.get(kop[:2])
    if volgorde is None or struct.unpack(volgorde + "H", kop[2:4])[0] not in {TIFF, BIGTIFF}:
        raise InvoerError("onleesbaar", "Dit bestand is geen TIFF. Scan opnieuw.")
    groot = struct.unpack(volgorde + "H", kop[2:4])[0] == BIGTIFF
    adres = volgorde + ("Q" if groot else "I")
    begin = struct.unpack(adres, _read_at(bestand, 8, 8, bestand_bytes) if groot else kop[4:8])[0]
    gezien: set[int] = set()
    while begin:
        if begin in gezien:
            raise InvoerError("onleesbaar", "Deze TIFF verwijst in een kringetje naar zijn pagina's. Scan opnieuw.")
        gezien.add(begin)
        begin = _next_frame(bestand, begin, adres, bestand_bytes)
    if not gezien:
        raise InvoerError("onleesbaar", "In deze TIFF zit geen pagina. Scan opnieuw.")
    return len(gezien)


def _next_frame(bestand: BinaryIO, begin: int, adres: str, bestand_bytes: int) -> int:
    """Check the directory at `begin` and return where the next one is; 0 after the last."""
    woord = struct.calcsize(adres)  # 4 in a TIFF, 8 in a BigTIFF
    telling = "Q" if woord == 8 else "H"
    aantal = struct.unpack(adres[0] + telling, _read_at(bestand, begin, struct.calcsize(telling), bestand_bytes))[0]
    regel = 4 + 2 * woord
    begin += struct.calcsize("=" + telling)
    regels = _read_at(bestand, begin, aantal * regel + woord, bestand_bytes)
    for i in range(aantal):
        tag = regels[i * regel : (i + 1) * regel]
        soort, aantal_waarden = struct.unpack(adres[0] + "H" + adres[1], tag[2 : 4 + woord])
        lengte = TAGMATEN.get(soort, 1) * aantal_waarden
        if lengte > woord and struct.unpack(adres, tag[4 + woord :])[0] + lengte > bestand_bytes:
            raise cut_off()
    return int(struct.unpack(adres, regels[-woord:])[0])


def _read_at(bestand: BinaryIO, begin: int, lengte: int, bestand_bytes: int) -> bytes:
    if begin + lengte > bestand_bytes:
        raise cut_off()
    bestand.seek(begin)
    return bestand.read(lengte)


def read_frame(tags: Any, n: int, bestand_bytes: int) -> Framefeiten:
    """Read and check the tags of frame `n`: every strip or tile must lie inside the file.

    Raises:
        OnvolledigError: a strip or tile lies (partly) past the end of the file.
        InvoerError: a kind of image that is not taken in.
    """
    bits = _numbers(tags, BITS) or (1,)
    tegels = TEGELS in tags
    offsets = _numbers(tags, TEGELS if tegels else STRIPS)
    lengtes = _numbers(tags, TEGELLENGTES if tegels else LENGTES)
    if not offsets or len(offsets) != len(lengtes):
        raise InvoerError("onleesbaar", f"Pagina {n} is een beschadigde TIFF: het beeld ontbreekt. Scan opnieuw.")
    if any(begin + lengte > bestand_bytes for begin, lengte in zip(offsets, lengtes, strict=True)):
        raise OnvolledigError.of_pagina(n, "de TIFF")
    feiten = Framefeiten(
        breedte_px=int(tags.get(BREEDTE, 0)),
        hoogte_px=int(tags.get(HOOGTE, 0)),
        bits=max(bits),
        monsters=int(tags.get(MONSTERS, 1)),
        compressie=int(tags.get(COMPRESSIE, 1)),
        fotometrie=int(tags.get(FOTOMETRIE, WIT_IS_NUL)),
        fillorder=int(tags.get(FILLORDER, 1)),
        rijen_per_strip=min(int(tags.get(RIJEN, 2**32 - 1)), int(tags.get(HOOGTE, 0))),
        strips=tuple(zip(offsets, lengtes, strict=True)),
        tegels=tegels,
        aaneen=int(tags.get(PLANAR, 1)) == 1,
        predictor=int(tags.get(PREDICTOR, 1)),
        t4_opties=int(tags.get(T4_OPTIES, 0)),
        kleurkaart=_palette(_numbers(tags, KLEURKAART)) if tags.get(FOTOMETRIE) == PALET else None,
        jpeg_tabellen=tags.get(JPEG_TABELLEN),
    )
    _check_frame(feiten, int(tags.get(SOORT, 0)), _numbers(tags, EXTRA), max(_numbers(tags, MONSTERFORMAAT) or (1,)), n)
    return feiten


def _check_frame(feiten: Framefeiten, soort: int, extra: Sequence[int], formaat: int, n: int) -> None:
    if feiten.fotometrie == CMYK:
        raise refuse_cmyk(n)
    if feiten.bits > 8 or formaat != 1:
        raise refuse_bits(n, feiten.bits)
    if extra or feiten.monsters not in {1, 3}:
        raise refuse_alpha(n)
    if soort & 1:
        raise InvoerError(
            "voorbeeldplaatje",
            f"Beeld {n} in deze TIFF is een verkleind voorbeeld van een andere pagina. "
            "Zet voorbeeldplaatjes (thumbnails) uit in de scanner en scan opnieuw.",
        )
    if soort & 4 or feiten.fotometrie not in {WIT_IS_NUL, ZWART_IS_NUL, RGB, PALET, YCBCR}:
        raise InvoerError(
            "kleurruimte",
            f"Pagina {n} heeft een kleurruimte die niet wordt ingenomen. Stel de scanner in op RGB of grijs.",
        )
    if feiten.compressie not in COMPRESSIES:
        raise InvoerError(
            "compressie",
            f"Pagina {n} heeft een compressie die niet wordt ingenomen. Stel de scanner in op G4, LZW of JPEG.",
        )


def _numbers(tags: Any, tag: int) -> tuple[int, ...]:
    waarde = tags.get(tag)
    if waarde is None:
        return ()
    return tuple(int(getal) for getal in waarde) if isinstance(waarde, tuple) else (int(waarde),)


def _palette(kaart: Sequence[int]) -> bytes:
    """Turn TIFF's palette (all reds, all greens, all blues, 16 bits each) into RGB triples, as Pillow does."""
    aantal = len(kaart) // 3
    return bytes(kaart[kleur * aantal + i] // 256 for i in range(aantal) for kleur in range(3))


def _read_strips(fd_lezer: Any, strips: Sequence[tuple[int, int]]) -> list[bytes]:
    gelezen = []
    for begin, lengte in strips:
        fd_lezer.seek(begin)
        gelezen.append(fd_lezer.read(lengte))
    return gelezen


def _strip_heights(feiten: Framefeiten) -> list[int]:
    hoogten = [feiten.rijen_per_strip] * (len(feiten.strips) - 1)
    return [*hoogten, feiten.hoogte_px - sum(hoogten)]


def build_delen(feiten: Framefeiten, strips: Sequence[bytes], n: int) -> tuple[Beelddeel, ...] | None:
    """Return the strips as PDF image streams, or None when this frame cannot be embedded without decoding it."""
    hoogten = _strip_heights(feiten)
    if feiten.tegels or not feiten.aaneen or min(hoogten) < 1:
        return None
    if feiten.compressie in {G3, G4} and feiten.bits == feiten.monsters == 1:
        return _ccitt_delen(feiten, strips, hoogten)
    if feiten.compressie == JPEG:
        return _jpeg_delen(feiten, strips, hoogten, n)
    if feiten.compressie in DEFLATE and len(strips) == 1:
        return _deflate_deel(feiten, strips[0])
    return None


def _ccitt_delen(feiten: Framefeiten, strips: Sequence[bytes], hoogten: list[int]) -> tuple[Beelddeel, ...]:
    k = -1 if feiten.compressie == G4 else 1 if feiten.t4_opties & 1 else 0
    delen = []
    for strip, hoogte in zip(strips, hoogten, strict=True):
        parms: dict[str, int | bool] = {"K": k, "Columns": feiten.breedte_px, "Rows": hoogte}
        if feiten.fotometrie == ZWART_IS_NUL:
            parms["BlackIs1"] = True
        if k >= 0:
            parms["EndOfLine"] = True  # TIFF's G3 begins every row with an end-of-line code
        gegevens = strip if feiten.fillorder == 1 else strip.translate(BITS_OMGEKEERD)
        delen.append(Beelddeel(gegevens, "CCITTFaxDecode", feiten.breedte_px, hoogte, bits=1, kleuren=1, parms=parms))
    return tuple(delen)


def _jpeg_delen(
    feiten: Framefeiten, strips: Sequence[bytes], hoogten: list[int], n: int
) -> tuple[Beelddeel, ...] | None:
    delen = []
    for strip, hoogte in zip(strips, hoogten, strict=True):
        stroom = merge_jpeg(strip, feiten.jpeg_tabellen, feiten.fotometrie)
        if stroom is None:
            return None
        kop = parse_jpeg(stroom, n)
        if (kop.breedte_px, kop.hoogte_px) != (feiten.breedte_px, hoogte) or len(kop.componenten) != feiten.monsters:
            return None  # padded or odd strips: let libtiff decode them
        if kop.bits != 8 or kop.tegenstrijdig or (feiten.monsters == 3 and kop.ycc != (feiten.fotometrie == YCBCR)):
            return None
        delen.append(jpeg_deel(stroom, kop))
    return tuple(delen)


def merge_jpeg(strip: bytes, tabellen: bytes | None, fotometrie: int) -> bytes | None:
    """Join the shared tables (SOI, tables, EOI) and a strip's abbreviated stream into one complete JPEG.

    TIFF says in its tags whether three components are RGB or YCbCr; a JPEG by itself says it with Adobe's marker.
    Returns None when the parts are not what Technical Note 2 describes.
    """
    if strip[:2] != b"\xff\xd8":
        return None
    stroom = strip
    if tabellen:
        if tabellen[:2] != b"\xff\xd8" or tabellen[-2:] != b"\xff\xd9":
            return None
        stroom = tabellen[:-2] + strip[2:]
    if fotometrie in {RGB, YCBCR} and b"Adobe" not in stroom[:4096] and b"JFIF\0" not in stroom[:4096]:
        stroom = with_adobe_marker(stroom, 1 if fotometrie == YCBCR else 0)
    return stroom


def _deflate_deel(feiten: Framefeiten, strip: bytes) -> tuple[Beelddeel, ...] | None:
    if feiten.predictor not in {1, 2} or (feiten.predictor == 2 and feiten.bits != 8) or feiten.fillorder != 1:
        return None
    if feiten.fotometrie == YCBCR or feiten.monsters != (3 if feiten.fotometrie == RGB else 1):
        return None
    parms: dict[str, int | bool] = {}
    if feiten.predictor == 2:
        parms = {
            "Predictor": 2,
            "Colors": feiten.monsters,
            "BitsPerComponent": feiten.bits,
            "Columns": feiten.breedte_px,
        }
    return (
        Beelddeel(
            strip,
            "FlateDecode",
            feiten.breedte_px,
            feiten.hoogte_px,
            bits=feiten.bits,
            kleuren=3 if feiten.fotometrie in {RGB, PALET} else 1,
            parms=parms,
            omgekeerd=feiten.fotometrie == WIT_IS_NUL,
            palet=feiten.kleurkaart,
        ),
    )


class TiffBron(Bronlezer):
    """A TIFF file. One open image walks over the frames; asking for frames in order is cheapest."""

    soort = "tiff"

    def __init__(self, fd: int, maximaal_pixels: int) -> None:
        self._bestand = open_fd(fd)
        self._bytes = self._bestand.seek(0, 2)
        self._maximaal_pixels = maximaal_pixels
        self._orientatie: dict[int, int] = {}  # as stored; Pillow drops the tag once it has turned a decoded frame
        try:
            self.aantal = count_frames(self._bestand, self._bytes)
            self._tiff = self._open()
        except BaseException:
            self._bestand.close()
            raise

    def _open(self) -> TiffImageFile:
        with image_errors(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about odd tags; what matters is checked here
            self._bestand.seek(0)
            tiff = TiffImageFile(self._bestand)
            if tiff.n_frames != self.aantal:
                raise InvoerError(
                    "onleesbaar", "Deze TIFF is beschadigd: haar pagina's zijn niet te tellen. Scan opnieuw."
                )
            return tiff

    def beeld(self, n: int) -> Masterbeeld:
        if not 1 <= n <= self.aantal:
            raise IndexError(n)
        with image_errors(n):
            tags = self._seek(n)
            feiten = read_frame(tags, n, self._bytes)
        check_omvang(n, feiten.breedte_px, feiten.hoogte_px, self._maximaal_pixels)
        kleuren = 3 if feiten.fotometrie in {RGB, PALET, YCBCR} else 1
        modus: Modus = "RGB" if kleuren == 3 else "1" if feiten.bits == 1 else "L"
        return Masterbeeld(
            n=n,
            breedte_px=feiten.breedte_px,
            hoogte_px=feiten.hoogte_px,
            dpi=_stated_dpi(tags),
            modus=modus,
            compressie=COMPRESSIES[feiten.compressie],
            icc=fitting_icc(tags.get(ICC), kleuren),
            pixels=_TiffPixels(self, n, feiten),
            draai_pdf=turn_of_orientation(n, self._orientatie[n]),
        )

    def decode(self, n: int) -> Image.Image:
        """Decode frame `n` through libtiff, as stored: Pillow's own turn by the orientation tag is taken back."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._seek(n)
            with libtiff_errors(n):
                self._tiff.load()
        draai = ORIENTATIE_DRAAI.get(self._orientatie[n], 0)
        beeld: Image.Image = self._tiff.convert("RGB") if self._tiff.mode in {"P", "YCbCr"} else self._tiff.copy()
        return turn_clockwise(beeld, (360 - draai) % 360)

    def strips(self, feiten: Framefeiten) -> list[bytes]:
        """Read the encoded bytes of every strip of a frame."""
        assert not self._bestand.closed, "page images are read while their file is open"
        return _read_strips(self._bestand, feiten.strips)

    def _seek(self, n: int) -> Any:
        assert not self._bestand.closed, "page images are read while their file is open"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._tiff.seek(n - 1)
        self._orientatie.setdefault(n, int(self._tiff.tag_v2.get(ORIENTATIE, 1)))
        return self._tiff.tag_v2

    def close(self) -> None:
        self._tiff.close()
        self._bestand.close()


@dataclass(frozen=True)
class _TiffPixels:
    bron: TiffBron
    n: int
    feiten: Framefeiten

    def decode(self) -> Image.Image:
        return self.bron.decode(self.n)

    def decode_grijs(self) -> Image.Image:
        delen = self.delen() if self.feiten.compressie == JPEG and len(self.feiten.strips) == 1 else None
        if delen is not None:
            return JpegPixels(delen[0].gegevens, delen[0]).decode_grijs()
        return self.decode().convert("L")

    def delen(self) -> tuple[Beelddeel, ...] | None:
        if self.feiten.compressie not in {G3, G4, JPEG} and len(self.feiten.strips) > 1:
            return None  # not worth reading the strips
        return build_delen(self.feiten, self.bron.strips(self.feiten), self.n)


def _stated_dpi(tags: Any) -> tuple[float, float] | None:
    """Return the stated resolution. Unit 1 is an aspect ratio; the values are rationals, possibly with a zero below."""
    eenheid = int(tags.get(RES_EENHEID, 2))
    x, y = tags.get(X_RES), tags.get(Y_RES)
    if eenheid not in {2, 3} or not x or not y or x != x or y != y:  # noqa: PLR0124 - not a number equals nothing
        return None
    factor = 1.0 if eenheid == 2 else CM_PER_INCH
    return resolution(float(x) * factor, float(y) * factor)
