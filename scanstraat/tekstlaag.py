"""The invisible text over a page image: its font and its drawing instructions. Pure.

Plain `pdftotext` must read it in order, since people search and copy with such tools: hence one size of letters per
page, a space after each word, and every word stretched over exactly its place on the image.

Source: ISO 32000-1 9.3.6 (text rendering mode 3), 9.7 (composite fonts); Apple TrueType reference manual (tables).
"""

from __future__ import annotations

import statistics
import struct
from collections.abc import Sequence
from functools import cache

import pikepdf

from scanstraat.ocr import Regel

LETTERNAAM = "GlyphLessFont"
EENHEDEN_PER_EM = 1000
TEKENBREEDTE = 500  # every character is half as wide as the letters are high
LETTERHOOGTE = 1.6  # size of the letters, in median line heights: with this, plain pdftotext keeps lines together
VAST_MOMENT = 3786912000  # 2024-01-01 in seconds since 1904, as TrueType counts

# Where a turned page's text lies: from upright points to those of the page as stored (width W, height H in points).
DRAAIMATRICES = {
    0: (1, 0, 0, 1, 0, 0),
    90: (0, 1, -1, 0, 1, 0),  # e = W
    180: (-1, 0, 0, -1, 1, 1),  # e = W, f = H
    270: (0, -1, 1, 0, 0, 1),  # f = H
}


def build_text(
    regels: Sequence[Regel], *, breedte_pt: float, hoogte_pt: float, punt_per_px: tuple[float, float], draai_graden: int
) -> bytes:
    """Return PDF operators that draw the words invisibly with the font /F.

    Args:
        regels: lines in OCR pixels of the upright page.
        breedte_pt, hoogte_pt: size of the page as stored (before /Rotate), in points.
        punt_per_px: points per OCR pixel, horizontally and vertically, on the upright page.
        draai_graden: how far clockwise the stored page is turned (/Rotate) to stand upright.
    """
    if not regels:
        return b""
    kx, ky = punt_per_px
    hoogte = breedte_pt if draai_graden in {90, 270} else hoogte_pt
    letters = LETTERHOOGTE * ky * statistics.median([r.kader[3] - r.kader[1] for r in regels])
    a, b, c, d, e, f = DRAAIMATRICES[draai_graden]
    uit = [f"q {a} {b} {c} {d} {e * breedte_pt:.2f} {f * hoogte_pt:.2f} cm" if draai_graden else "q"]
    uit.append(f"BT 3 Tr /F {letters:.2f} Tf")
    for regel in regels:
        uit += _line(regel, letters, kx, ky, hoogte)
    uit.append("ET Q")
    return "\n".join(uit).encode("ascii")


def _line(regel: Regel, letters: float, kx: float, ky: float, hoogte: float) -> list[str]:
    x1, y1, x2, y2 = regel.basislijn
    helling = (y2 - y1) * ky / ((x2 - x1) * kx) if x2 != x1 else 0.0
    if abs(helling) >= 1:
        helling = 0.0  # text that runs down the page: Tesseract's baseline says nothing about its slope
    cos = (1 + helling * helling) ** -0.5
    sin = -helling * cos  # y runs down in pixels and up in points
    regels = []
    for woord in regel.woorden:
        code = woord.tekst.encode("utf-16-be")
        breedte = max((woord.kader[2] - woord.kader[0]) * kx, 0.1)
        rek = 100 * breedte / (len(code) / 2 * letters * TEKENBREEDTE / EENHEDEN_PER_EM)
        x, y = woord.kader[0] * kx, hoogte - (y1 + helling * (woord.kader[0] - x1) * kx / ky) * ky
        regels.append(f"{rek:.2f} Tz {cos:.5f} {sin:.5f} {-sin:.5f} {cos:.5f} {x:.2f} {y:.2f} Tm <{code.hex()}0020> Tj")
    return regels


def add_font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """Add the invisible font to a document: a character's code is its Unicode number, so no language needs another."""
    lettertype = pdf.make_stream(build_glyphless_font())
    kaart = pdf.make_stream(b"\x00\x01" * 65536)  # every character shows glyph 1, which is empty
    beschrijving = pikepdf.Dictionary(
        Type=pikepdf.Name.FontDescriptor,
        FontName=pikepdf.Name("/" + LETTERNAAM),
        Flags=5,  # fixed pitch, symbolic
        FontBBox=[0, 0, TEKENBREEDTE, EENHEDEN_PER_EM],
        ItalicAngle=0,
        Ascent=EENHEDEN_PER_EM,
        Descent=0,
        CapHeight=EENHEDEN_PER_EM,
        StemV=80,
        FontFile2=lettertype,
    )
    cid = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType2,
        BaseFont=pikepdf.Name("/" + LETTERNAAM),
        CIDSystemInfo=pikepdf.Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=pdf.make_indirect(beschrijving),
        DW=TEKENBREEDTE,
        CIDToGIDMap=kaart,
    )
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type0,
            BaseFont=pikepdf.Name("/" + LETTERNAAM),
            Encoding=pikepdf.Name("/Identity-H"),
            DescendantFonts=[pdf.make_indirect(cid)],
            ToUnicode=pdf.make_stream(TO_UNICODE),
        )
    )


TO_UNICODE = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
1 beginbfrange
<0000> <FFFF> <0000>
endbfrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


@cache
def build_glyphless_font() -> bytes:
    """Return a TrueType font of two empty glyphs, each half an em wide: the least a PDF reader accepts as a font."""
    hoofd = struct.pack(
        ">IIIIHHqqhhhhHHhhh",
        0x00010000,  # version
        0x00010000,  # revision
        0,  # checksum of the whole, filled in below
        0x5F0F3CF5,
        0b1011,  # flags: baseline at 0, left side bearing at 0, integer scaling
        EENHEDEN_PER_EM,
        VAST_MOMENT,  # created; no clock, so that the same page gives the same bytes
        VAST_MOMENT,  # modified
        0,
        0,
        TEKENBREEDTE,
        EENHEDEN_PER_EM,
        0,
        8,  # smallest readable size
        2,
        0,  # short offsets in loca
        0,
    )
    horizontaal = struct.pack(
        ">IhhhHhhhhhhhhhhhH", 0x00010000, EENHEDEN_PER_EM, 0, 0, TEKENBREEDTE, *[0] * 3, 1, *[0] * 7, 1
    )
    karakters = struct.pack(">HHHHI", 0, 1, 3, 1, 12)  # one table of format 4: the space is glyph 1
    karakters += struct.pack(">7H", 4, 32, 0, 4, 4, 1, 0) + struct.pack(
        ">HHHHHhHHH", 0x20, 0xFFFF, 0, 0x20, 0xFFFF, -0x1F, 1, 0, 0
    )
    maxima = struct.pack(">IHHHHHHHHHHHHHH", 0x00010000, 2, 0, 0, 0, 0, 1, *[0] * 8)
    namen = "".join((LETTERNAAM, "Regular", LETTERNAAM, LETTERNAAM)).encode("utf-16-be")
    plaats, regels = 0, b""
    for nummer, tekst in ((1, LETTERNAAM), (2, "Regular"), (4, LETTERNAAM), (6, LETTERNAAM)):
        regels += struct.pack(">HHHHHH", 3, 1, 0x0409, nummer, 2 * len(tekst), plaats)
        plaats += 2 * len(tekst)
    tabellen = {
        b"cmap": karakters,
        b"glyf": b"",
        b"head": hoofd,
        b"hhea": horizontaal,
        b"hmtx": struct.pack(">Hhh", TEKENBREEDTE, 0, 0),
        b"loca": struct.pack(">HHH", 0, 0, 0),
        b"maxp": maxima,
        b"name": struct.pack(">HHH", 0, 4, 6 + 12 * 4) + regels + namen,
        b"post": struct.pack(">IIhhIIIII", 0x00030000, 0, 0, 0, 1, 0, 0, 0, 0),
    }
    return _assemble(tabellen)


def _assemble(tabellen: dict[bytes, bytes]) -> bytes:
    """Put TrueType tables behind a directory, each at a multiple of four bytes, with their checksums."""
    aantal = len(tabellen)
    macht = 2 ** (aantal.bit_length() - 1)
    kop = struct.pack(">IHHHH", 0x00010000, aantal, 16 * macht, macht.bit_length() - 1, 16 * (aantal - macht))
    plaats, lijst, inhoud = len(kop) + 16 * aantal, b"", b""
    hoofd = 0
    for naam, tabel in sorted(tabellen.items()):
        gevuld = tabel + b"\0" * (-len(tabel) % 4)
        if naam == b"head":
            hoofd = plaats + len(inhoud)
        lijst += struct.pack(">4sIII", naam, _checksum(gevuld), plaats + len(inhoud), len(tabel))
        inhoud += gevuld
    font = bytearray(kop + lijst + inhoud)
    font[hoofd + 8 : hoofd + 12] = struct.pack(">I", (0xB1B0AFBA - _checksum(bytes(font))) % 2**32)
    return bytes(font)


def _checksum(gegevens: bytes) -> int:
    woorden: tuple[int, ...] = struct.unpack(f">{len(gegevens) // 4}I", gegevens)
    return sum(woorden) % 2**32
