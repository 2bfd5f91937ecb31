"""Which coding a JBIG2 stream uses: reads the headers of its segments, decodes nothing. Pure.

Symbol coding replaces each letter by a look-alike from a dictionary, and halftone coding each grey patch by a pattern;
an encoder that errs there swaps digits without a trace (the Xerox case, 2013). BSI TR-03138 A.SC.12 forbids it for
scans that take the place of paper. Generic coding keeps every pixel.

Source: ITU-T T.88 clause 7.2 (segment headers), 7.3 (segment types), annex D (file organisation); ISO 32000-1 7.4.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

BESTANDSKOP = b"\x97JB2\r\n\x1a\n"
LENGTE_ONBEKEND = 0xFFFFFFFF
_DIRECT_GENERIEK = 38  # the only type whose length may be unknown (7.2.7)
_EINDE_BESTAND = 51


class Jbig2soort(StrEnum):
    """How pixels are coded. Only GENERIEK and VERFIJNING keep every pixel as scanned."""

    SYMBOOL = "symbool"
    HALFTOON = "halftoon"
    GENERIEK = "generiek"
    VERFIJNING = "verfijning"
    ONBEKEND = "onbekend"


VERVANGBAAR = frozenset({Jbig2soort.GENERIEK, Jbig2soort.VERFIJNING})
_SOORTEN = (
    dict.fromkeys((0, 4, 6, 7), Jbig2soort.SYMBOOL)
    | dict.fromkeys((16, 20, 22, 23), Jbig2soort.HALFTOON)
    | dict.fromkeys((36, 38, 39), Jbig2soort.GENERIEK)
    | dict.fromkeys((40, 42, 43), Jbig2soort.VERFIJNING)
)
_ZONDER_PIXELS = frozenset({48, 49, 50, 51, 52, 53, 54, 62})


class _StukError(ValueError):
    """The bytes are not a row of segments."""


def classify_jbig2(gegevens: bytes, globaal: bytes = b"") -> frozenset[Jbig2soort]:
    """Return every kind of coding in a stream; ONBEKEND when (part of) it cannot be read or is no known kind.

    Args:
        gegevens: the stream of a PDF's JBIG2Decode image, or a whole .jb2 file.
        globaal: the PDF's JBIG2Globals stream.
    """
    gevonden: set[Jbig2soort] = set()
    for deel in (globaal, gegevens):
        try:
            gevonden.update(_kind(soort) for soort in _iterate_types(deel) if soort not in _ZONDER_PIXELS)
        except _StukError:
            gevonden.add(Jbig2soort.ONBEKEND)
    return frozenset(gevonden) or frozenset({Jbig2soort.ONBEKEND})


def _kind(soort: int) -> Jbig2soort:
    return _SOORTEN.get(soort, Jbig2soort.ONBEKEND)


def _iterate_types(gegevens: bytes) -> Iterator[int]:
    """Yield the type of every segment; _StukError when the bytes do not add up."""
    plaats, achteraf = 0, False
    if gegevens.startswith(BESTANDSKOP):
        vlaggen = _number(gegevens, 8, 1)
        plaats = 9 if vlaggen & 2 else 13  # bit 1: the number of pages is not known, so it is not there
        achteraf = not vlaggen & 1  # random-access: all headers first, then all data
    lengtes = 0
    while plaats < len(gegevens):
        soort, lengte, plaats = _read_header(gegevens, plaats)
        yield soort
        if lengte == LENGTE_ONBEKEND:
            if achteraf or soort != _DIRECT_GENERIEK:
                raise _StukError
            lengte = _find_length(gegevens, plaats)
        if achteraf:
            lengtes += lengte
            if soort == _EINDE_BESTAND:
                plaats += lengtes
                break
        else:
            plaats += lengte
    if plaats != len(gegevens):
        raise _StukError


def _read_header(gegevens: bytes, plaats: int) -> tuple[int, int, int]:
    """Return (type, data length, offset after the header) of the segment at `plaats`."""
    nummer = _number(gegevens, plaats, 4)
    vlaggen = _number(gegevens, plaats + 4, 1)
    plaats += 5
    aantal = _number(gegevens, plaats, 1) >> 5
    if aantal == 7:
        aantal = _number(gegevens, plaats, 4) & 0x1FFFFFFF
        plaats += 4 + (aantal + 8) // 8
    else:
        plaats += 1
    plaats += aantal * (1 if nummer <= 256 else 2 if nummer <= 65536 else 4)
    plaats += 4 if vlaggen & 0x40 else 1  # the page it belongs to
    return vlaggen & 0x3F, _number(gegevens, plaats, 4), plaats + 4


def _find_length(gegevens: bytes, plaats: int) -> int:
    """Return the length of a generic region whose header does not say it: it ends in a marker and a row count."""
    mmr = _number(gegevens, plaats + 17, 1) & 1
    einde = gegevens.find(b"\x00\x00" if mmr else b"\xff\xac", plaats + 18)
    if einde < 0:
        raise _StukError
    return einde + 6 - plaats


def _number(gegevens: bytes, plaats: int, lengte: int) -> int:
    deel = gegevens[plaats : plaats + lengte]
    if len(deel) != lengte:
        raise _StukError
    return int.from_bytes(deel, "big")
