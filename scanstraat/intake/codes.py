"""Codes on a page, read by zxing-cpp. Runs in the sandbox, on decoded pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import zxingcpp
from PIL import Image

from kwaliteitscontrole.bevinding import Plaats
from scanstraat.scheidingscode import is_scheidingscode

SOORTEN = {
    zxingcpp.BarcodeFormat.QRCode: "qr",
    zxingcpp.BarcodeFormat.DataMatrix: "datamatrix",
    zxingcpp.BarcodeFormat.Code128: "code128",
    zxingcpp.BarcodeFormat.Code39: "code39",
}
LANGE_ZIJDE_PX = 2600  # largest page that is looked at whole: A4 up to 220 dpi. A larger one is halved first
FORMATEN = zxingcpp.BarcodeFormats(list(SOORTEN))
MAXIMALE_LENGTE_TEKST = 4296  # characters; the most a QR code can hold


@dataclass(frozen=True)
class Code:
    """One code on a page. `tekst` is "" when the code was found but cannot be read."""

    soort: str  # "qr", "datamatrix", "code128", "code39"
    tekst: str
    plaats: Plaats  # in px of the page
    hoek_graden: int  # how far the code is turned clockwise

    @property
    def leesbaar(self) -> bool:
        """True when the text could be read."""
        return self.tekst != ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, gegevens: dict[str, Any]) -> Code:
        """Read what `to_json` gave."""
        return cls(
            str(gegevens["soort"]),
            str(gegevens["tekst"]),
            Plaats(**{naam: int(waarde) for naam, waarde in gegevens["plaats"].items()}),
            int(gegevens["hoek_graden"]),
        )


def find_codes(grijs: Image.Image, *, verwacht: bool = False) -> tuple[Code, ...]:
    """Return the codes on a page, from top to bottom.

    A first look is at a reduced page. The whole page follows when that look left doubt: a QR code that was seen but not
    read, or a scheidingsblad that was expected and not found.

    Args:
        grijs: mode "L", 0 is black.
        verwacht: this page should be a scheidingsblad.
    """
    factor = 1
    while max(grijs.size) > LANGE_ZIJDE_PX * factor:
        factor *= 2
    codes = _read(grijs.reduce(factor) if factor > 1 else grijs, factor)
    while factor > 1 and _is_doubtful(codes, verwacht=verwacht):
        factor //= 2
        codes = _merge(_read(grijs.reduce(factor) if factor > 1 else grijs, factor), codes)
    return tuple(sorted(codes, key=lambda code: (code.plaats.y, code.plaats.x)))


def _is_doubtful(codes: list[Code], *, verwacht: bool) -> bool:
    gevonden = any(is_scheidingscode(code.tekst) for code in codes)
    return not gevonden and (verwacht or any(not code.leesbaar for code in codes))


def _read(grijs: Image.Image, factor: int) -> list[Code]:
    gevonden = zxingcpp.read_barcodes(grijs, formats=FORMATEN, try_invert=False, return_errors=True)
    return [_to_code(code, factor) for code in gevonden if code.valid or code.format == zxingcpp.BarcodeFormat.QRCode]


def _to_code(code: zxingcpp.Barcode, factor: int) -> Code:
    hoeken = (code.position.top_left, code.position.top_right, code.position.bottom_right, code.position.bottom_left)
    xs, ys = [hoek.x * factor for hoek in hoeken], [hoek.y * factor for hoek in hoeken]
    return Code(
        SOORTEN[code.format],
        code.text[:MAXIMALE_LENGTE_TEKST] if code.valid else "",
        Plaats(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)),
        round(code.orientation) % 360,
    )


def _merge(scherp: list[Code], grof: list[Code]) -> list[Code]:
    """Keep what either look has read; a code that stayed unreadable is kept when nothing was read in its place."""
    codes = list(scherp)
    for code in grof:
        gelijk = (ander for ander in codes if _overlap(ander.plaats, code.plaats))
        ander = next(gelijk, None)
        if ander is None:
            codes.append(code)
        elif code.leesbaar and not ander.leesbaar:
            codes[codes.index(ander)] = code
    return codes


def _overlap(een: Plaats, ander: Plaats) -> bool:
    return (
        een.x < ander.x + ander.breedte
        and ander.x < een.x + een.breedte
        and een.y < ander.y + ander.hoogte
        and ander.y < een.y + een.hoogte
    )
