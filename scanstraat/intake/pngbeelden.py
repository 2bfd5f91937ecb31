"""PNG as a delivered file: its compressed rows go into a PDF unchanged (Flate with the PNG predictors).

Source: PNG (W3C, third edition) chapters 5, 11; ISO 32000-1 7.4.4.4 (Predictor 15).
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

from PIL import Image

from scanstraat.errors import InvoerError, OnvolledigError
from scanstraat.intake.masterbeeld import (
    Beelddeel,
    Bronlezer,
    Masterbeeld,
    check_omvang,
    fitting_icc,
    image_errors,
    open_fd,
    refuse_alpha,
    refuse_bits,
    resolution,
)

HANDTEKENING = b"\x89PNG\r\n\x1a\n"
GRIJS, KLEUR, PALET = 0, 2, 3
INCH_PER_M = 0.0254
MAX_ICC_BYTES = 8 * 2**20  # no scanner's profile comes near; a compressed one could inflate without end


@dataclass(frozen=True)
class Pngfeiten:
    """What the chunks of one PNG say."""

    breedte_px: int
    hoogte_px: int
    bits: int
    kleursoort: int
    verweven: bool
    doorzichtig: bool
    palet: bytes | None
    dpi: tuple[float, float] | None
    icc: bytes | None
    idat: tuple[bytes, ...]


def parse_png(gegevens: bytes, n: int) -> Pngfeiten:
    """Walk the chunks to IEND, checking each CRC. Bytes after IEND are ignored.

    Raises:
        OnvolledigError: the bytes end before IEND.
        InvoerError: not a PNG, or a damaged one.
    """
    if gegevens[:8] != HANDTEKENING:
        raise InvoerError("onleesbaar", f"Pagina {n} is geen PNG. Scan opnieuw.")
    delen: dict[bytes, bytes] = {}
    idat: list[bytes] = []
    plaats, soort = 8, b""
    while soort != b"IEND":
        lengte, soort = int.from_bytes(gegevens[plaats : plaats + 4], "big"), gegevens[plaats + 4 : plaats + 8]
        inhoud = gegevens[plaats + 8 : plaats + 8 + lengte]
        som = gegevens[plaats + 8 + lengte : plaats + 12 + lengte]
        if len(som) != 4:
            raise OnvolledigError(
                "onvolledig",
                f"Pagina {n} is niet compleet: de PNG houdt halverwege op. Scan opnieuw als dat zo blijft.",
            )
        if int.from_bytes(som, "big") != zlib.crc32(soort + inhoud):
            raise _damaged(n)
        if soort == b"IDAT":
            idat.append(inhoud)
        else:
            delen.setdefault(soort, inhoud)
        plaats += 12 + lengte
    return _facts(delen, tuple(idat), n)


def _facts(delen: dict[bytes, bytes], idat: tuple[bytes, ...], n: int) -> Pngfeiten:
    kop, palet = delen.get(b"IHDR", b""), delen.get(b"PLTE")
    if len(kop) != 13 or not idat or (kop[9] == PALET and not palet):
        raise _damaged(n)
    fysiek = delen.get(b"pHYs", b"")
    dpi = None
    if len(fysiek) == 9 and fysiek[8] == 1:  # unit 1: pixels per metre; 0 is an aspect ratio
        dpi = resolution(*(int.from_bytes(fysiek[i : i + 4], "big") * INCH_PER_M for i in (0, 4)))
    return Pngfeiten(
        breedte_px=int.from_bytes(kop[0:4], "big"),
        hoogte_px=int.from_bytes(kop[4:8], "big"),
        bits=kop[8],
        kleursoort=kop[9],
        verweven=kop[12] != 0,
        doorzichtig=kop[9] in {4, 6} or b"tRNS" in delen,
        palet=palet if kop[9] == PALET else None,
        dpi=dpi,
        icc=_inflate_icc(delen.get(b"iCCP"), n),
        idat=idat,
    )


def _inflate_icc(inhoud: bytes | None, n: int) -> bytes | None:
    if inhoud is None:
        return None
    begin = inhoud.find(b"\0") + 2  # name, null, method 0
    lezer = zlib.decompressobj()
    try:
        profiel = lezer.decompress(inhoud[begin:], MAX_ICC_BYTES)
    except zlib.error as exc:
        raise _damaged(n) from exc
    if not lezer.eof:
        raise _damaged(n)
    return profiel


def _damaged(n: int) -> InvoerError:
    return InvoerError("onleesbaar", f"Pagina {n} is een beschadigde PNG. Scan opnieuw.")


@dataclass(frozen=True)
class PngPixels:
    """The samples of one PNG file."""

    gegevens: bytes
    feiten: Pngfeiten

    def decode(self) -> Image.Image:
        with Image.open(io.BytesIO(self.gegevens), formats=("PNG",)) as beeld:
            return beeld.convert("RGB") if beeld.mode == "P" else beeld.copy()

    def decode_grijs(self) -> Image.Image:
        return self.decode().convert("L")

    def delen(self) -> tuple[Beelddeel, ...] | None:
        feiten = self.feiten
        if feiten.verweven:
            return None  # the rows are out of order: a PDF cannot say that
        monsters = 3 if feiten.kleursoort == KLEUR else 1
        return (
            Beelddeel(
                b"".join(feiten.idat),
                "FlateDecode",
                feiten.breedte_px,
                feiten.hoogte_px,
                bits=feiten.bits,
                kleuren=1 if feiten.kleursoort == GRIJS else 3,
                parms={
                    "Predictor": 15,
                    "Colors": monsters,
                    "BitsPerComponent": feiten.bits,
                    "Columns": feiten.breedte_px,
                },
                palet=feiten.palet,
            ),
        )


class PngBron(Bronlezer):
    """A loose PNG file: one page image."""

    soort = "png"
    aantal = 1

    def __init__(self, fd: int, maximaal_pixels: int) -> None:
        with open_fd(fd) as bestand:
            self._gegevens = bestand.read()
        self._maximaal_pixels = maximaal_pixels

    def beeld(self, n: int) -> Masterbeeld:
        if n != 1:
            raise IndexError(n)
        feiten = parse_png(self._gegevens, n)
        check_omvang(n, feiten.breedte_px, feiten.hoogte_px, self._maximaal_pixels)
        if feiten.doorzichtig:
            raise refuse_alpha(n)
        if feiten.bits > 8:
            raise refuse_bits(n, feiten.bits)
        with image_errors(n), Image.open(io.BytesIO(self._gegevens), formats=("PNG",)) as kop:
            modus = kop.mode
        if modus not in {"1", "L", "P", "RGB"}:
            raise _damaged(n)
        return Masterbeeld(
            n=n,
            breedte_px=feiten.breedte_px,
            hoogte_px=feiten.hoogte_px,
            dpi=feiten.dpi,
            modus="1" if modus == "1" else "L" if modus == "L" else "RGB",
            compressie="png",
            icc=fitting_icc(feiten.icc, 1 if feiten.kleursoort == GRIJS else 3),
            pixels=PngPixels(self._gegevens, feiten),
        )

    def close(self) -> None:
        self._gegevens = b""
