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
from itertools import pairwise

import pikepdf

from scanstraat.ocrpagina import Regel

LETTERNAAM = "GlyphLessFont"
EENHEDEN_PER_EM = 1000
TEKENBREEDTE = 500  # every character is half as wide as the letters are high
# How plain pdftotext (poppler) puts words in order depends on the size of the letters: words within half a size of each
# other vertically are one line, lines within one and a half sizes are one block, and what stands closer than one size
# sideways may join it. The values below were found on real scans (docs/prestaties.md).
LETTERHOOGTE = 1.5  # size of the letters, in median heights of a line's box; at least
GROOTSTE_LETTERHOOGTE = 2.0  # at most
LETTERS_PER_REGELAFSTAND = 0.7  # in between: this share of the distance between lines, so that 1.5 sizes bridge it
KOLOMAFSTAND = 1.2  # least space between two columns, in sizes of the letters
KRAPSTE_REGEL = 0.7  # a line is never narrowed to less than this share of its width to keep columns apart
STEILSTE_REGEL = 1.5  # a line that rises at most this many line heights is drawn level, so that it stays one line
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
    letters_px = find_letters(regels)
    letters = letters_px * ky
    a, b, c, d, e, f = DRAAIMATRICES[draai_graden]
    uit = [f"q {a} {b} {c} {d} {e * breedte_pt:.2f} {f * hoogte_pt:.2f} cm" if draai_graden else "q"]
    uit.append(f"BT 3 Tr /F {letters:.2f} Tf")
    for regel, krimp in zip(regels, find_krimp(regels, letters_px), strict=True):
        uit += _line(regel, krimp, letters, kx, ky, hoogte)
    uit.append("ET Q")
    return "\n".join(uit).encode("ascii")


def _line(regel: Regel, krimp: float, letters: float, kx: float, ky: float, hoogte: float) -> list[str]:
    links = regel.kader[0]
    y1, helling = find_basislijn(regel)
    cos = (1 + (helling * ky / kx) ** 2) ** -0.5
    sin = -helling * ky / kx * cos  # y runs down in pixels and up in points
    regels = []
    for woord in regel.woorden:
        code = woord.tekst.encode("utf-16-be")
        breedte = max((woord.kader[2] - woord.kader[0]) * krimp * kx, 0.1)
        rek = 100 * breedte / (len(code) / 2 * letters * TEKENBREEDTE / EENHEDEN_PER_EM)
        van_links = (woord.kader[0] - links) * krimp
        x, y = (links + van_links) * kx, hoogte - (y1 + helling * van_links) * ky
        regels.append(f"{rek:.2f} Tz {cos:.5f} {sin:.5f} {-sin:.5f} {cos:.5f} {x:.2f} {y:.2f} Tm <{code.hex()}0020> Tj")
    return regels


def find_letters(regels: Sequence[Regel]) -> float:
    """Return the one size of letters for a page, in OCR pixels: lines far apart need larger ones to stay a block."""
    hoogte = statistics.median([regel.kader[3] - regel.kader[1] for regel in regels])
    kolommen = find_kolommen(regels)
    afstanden = [
        onder.kader[3] - boven.kader[3]
        for (boven, kolom), (onder, volgende) in pairwise(zip(regels, kolommen, strict=True))
        if kolom == volgende and onder.kader[3] - boven.kader[3] > hoogte / 2
    ]
    gewenst = LETTERS_PER_REGELAFSTAND * statistics.median(afstanden) if afstanden else 0.0
    return min(GROOTSTE_LETTERHOOGTE * hoogte, max(LETTERHOOGTE * hoogte, gewenst))


def find_basislijn(regel: Regel) -> tuple[float, float]:
    """Return where the letters stand: y at the left end of the line, and its slope, in OCR pixels (y runs down).

    A line that hardly rises is made level at its middle: pdftotext would see the words of a slanting line as standing
    on lines of their own. Its words are then drawn at most half of STEILSTE_REGEL from their place.
    """
    x1, y1, x2, y2 = regel.basislijn
    if abs(y2 - y1) >= abs(x2 - x1):  # text that runs down the page: Tesseract's baseline says nothing about its slope
        return float(regel.kader[3]), 0.0
    if abs(y2 - y1) <= STEILSTE_REGEL * (regel.kader[3] - regel.kader[1]):
        return (y1 + y2) / 2, 0.0
    helling = (y2 - y1) / (x2 - x1)
    return y1 + helling * (regel.kader[0] - x1), helling


def find_kolommen(regels: Sequence[Regel]) -> list[int]:
    """Number the columns: in reading order a line that stands clearly above the one before it begins a new one."""
    kolommen: list[int] = []
    for vorige, regel in zip([None, *regels], regels, strict=False):
        hoger = vorige is not None and regel.kader[1] < vorige.kader[1] - 2 * (vorige.kader[3] - vorige.kader[1])
        kolommen.append((kolommen[-1] if kolommen else 0) + hoger)
    return kolommen


def find_krimp(regels: Sequence[Regel], letters_px: float) -> list[float]:
    """Return how much each line is narrowed (1.0 is not at all) so that the column to its right stays apart from it."""
    kolommen = find_kolommen(regels)
    if len(set(kolommen)) < 2:
        return [1.0] * len(regels)
    alle = list(zip(regels, kolommen, strict=True))
    return [_krimp(regel, kolom, alle, letters_px) for regel, kolom in alle]


def _krimp(regel: Regel, kolom: int, alle: list[tuple[Regel, int]], letters_px: float) -> float:
    links, boven, rechts, onder = regel.kader
    bereik = 1.5 * letters_px
    buren = [
        ander.kader[0]
        for ander, nummer in alle
        if nummer != kolom
        and ander.kader[1] < onder + bereik
        and ander.kader[3] > boven - bereik
        and ander.kader[0] > links + KRAPSTE_REGEL * (rechts - links)
    ]
    grens = min(buren, default=rechts + KOLOMAFSTAND * letters_px) - KOLOMAFSTAND * letters_px
    return max(KRAPSTE_REGEL, (grens - links) / (rechts - links)) if grens < rechts else 1.0


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
