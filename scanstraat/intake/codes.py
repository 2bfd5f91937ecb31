"""Codes on a page, read by zxing-cpp. Runs in the sandbox, on decoded pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import zxingcpp
from PIL import Image, ImageFilter

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
RUIS_VANAF = 6  # unreadable matrix codes on one page
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

    The first look at a large page is at half its size. A second look follows when that left doubt: a QR code that was
    seen but not read, speckle all over, or a scheidingsblad that was expected and not found. A large page is then read
    whole; a small one, read whole at first, is smoothed.

    Args:
        grijs: mode "L", 0 is black.
        verwacht: this page should be a scheidingsblad.
    """
    factor = 1
    while max(grijs.size) > LANGE_ZIJDE_PX * factor:
        factor *= 2
    codes, twijfel = _read(grijs.reduce(factor) if factor > 1 else grijs, factor)
    if (twijfel or verwacht) and not any(is_scheidingscode(code.tekst) for code in codes):
        kleiner = factor // 2
        anders = grijs.filter(ImageFilter.BoxBlur(1)) if kleiner == 0 else grijs.reduce(kleiner)
        opnieuw, _ = _read(anders, max(1, kleiner))
        codes = _merge(opnieuw, codes)
    return tuple(sorted(codes, key=lambda code: (code.plaats.y, code.plaats.x)))


def _read(grijs: Image.Image, factor: int) -> tuple[list[Code], bool]:
    """Return codes, with places in px of the whole page, and whether this look left doubt."""
    gevonden = zxingcpp.read_barcodes(grijs, formats=FORMATEN, try_invert=False, return_errors=True)
    qr = zxingcpp.BarcodeFormat.QRCode
    codes = [_to_code(code, factor) for code in gevonden if code.valid or code.format == qr]
    # a Data Matrix that is not one is seen in noise and now and then in small print; a page full of them is speckled
    ruis = sum(not code.valid and code.format != qr for code in gevonden) >= RUIS_VANAF
    return codes, ruis or any(not code.leesbaar for code in codes)


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
