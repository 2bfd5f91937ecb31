"""Where a TIFF keeps its pages: a walk over its directories, apart from any image library. Pure.

The second opinion on what libtiff says: how many frames there are, and whether all the bytes they name are there.

Source: TIFF 6.0 section 2; BigTIFF (2011).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scanstraat.errors import InvoerError, OnvolledigError

Lees = Callable[[int, int], bytes]  # (offset, length) -> at most that many bytes

COMPRESSIE, STRIPS, LENGTES, SUBMAPPEN, TEGELS, TEGELLENGTES = 259, 273, 279, 330, 324, 325
JPEG_OUD = 6
MAX_TAGS = 4096  # of one frame; a scanner writes about 20
MAX_WAARDEN = 4_000_000  # strips of one frame: more than a page of 1-row strips ever has
_MATEN = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_GETALLEN = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True)
class Frame:
    """One page: its compression, and where its strips or tiles lie (offset, bytes)."""

    compressie: int
    stukken: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Vorm:
    """Byte order and word size: a BigTIFF has 8-byte addresses."""

    volgorde: str
    groot: bool

    @property
    def woord(self) -> int:
        return 8 if self.groot else 4

    def number(self, gegevens: bytes, soort: str) -> int:
        return int(struct.unpack(self.volgorde + soort, gegevens)[0])

    def address(self, gegevens: bytes) -> int:
        return self.number(gegevens, "Q" if self.groot else "I")


def walk_tiff(lees: Lees, omvang: int, *, maximaal_paginas: int) -> Iterator[Frame]:
    """Yield every frame after checking that all of it lies inside the file.

    Raises:
        OnvolledigError: something lies past the end: the file may still be growing.
        InvoerError: not a TIFF, a circle of directories, or more frames than allowed.
    """
    kop = _read(lees, 0, 8, omvang)
    volgorde = {b"II": "<", b"MM": ">"}.get(kop[:2], "<")
    vorm = _Vorm(volgorde, groot=struct.unpack(volgorde + "H", kop[2:4])[0] == 43)
    plaats = vorm.address(_read(lees, 8, 8, omvang) if vorm.groot else kop[4:8])
    gezien: set[int] = set()
    while plaats:
        if plaats in gezien:
            raise _damaged()
        if len(gezien) >= maximaal_paginas:
            raise too_many_paginas(maximaal_paginas)
        gezien.add(plaats)
        frame, plaats = _read_frame(lees, plaats, omvang, vorm)
        yield frame
    if not gezien:
        raise OnvolledigError("onvolledig", "In deze TIFF staat nog geen pagina. Scan opnieuw als dat zo blijft.")


def _read_frame(lees: Lees, plaats: int, omvang: int, vorm: _Vorm) -> tuple[Frame, int]:
    breedte = 8 if vorm.groot else 2
    aantal = vorm.number(_read(lees, plaats, breedte, omvang), "Q" if vorm.groot else "H")
    if not 0 < aantal <= MAX_TAGS:
        raise _damaged()
    regel = 4 + 2 * vorm.woord
    regels = _read(lees, plaats + breedte, aantal * regel + vorm.woord, omvang)
    tags = {}
    for i in range(aantal):
        tag = regels[i * regel : (i + 1) * regel]
        tags[vorm.number(tag[:2], "H")] = _read_values(lees, tag, omvang, vorm)
    frame = Frame((tags.get(COMPRESSIE) or (1,))[0], _pieces(tags, omvang))
    return frame, vorm.address(regels[-vorm.woord :])


def _read_values(lees: Lees, tag: bytes, omvang: int, vorm: _Vorm) -> tuple[int, ...]:
    """Return the numbers of a tag; () for a tag of another type. Its bytes must lie inside the file all the same."""
    soort = vorm.number(tag[2:4], "H")
    aantal = vorm.address(tag[4 : 4 + vorm.woord])
    lengte = _MATEN.get(soort, 1) * aantal
    waarde = tag[4 + vorm.woord :]
    if lengte > vorm.woord:
        begin = vorm.address(waarde)
        if begin + lengte > omvang:
            raise cut_off()
        if soort not in _GETALLEN or vorm.number(tag[:2], "H") not in {STRIPS, LENGTES, TEGELS, TEGELLENGTES}:
            return ()
        if aantal > MAX_WAARDEN:
            raise _damaged()
        waarde = _read(lees, begin, lengte, omvang)
    if soort not in _GETALLEN:
        return ()
    return struct.unpack(f"{vorm.volgorde}{aantal}{_GETALLEN[soort]}", waarde[:lengte])


def _pieces(tags: dict[int, tuple[int, ...]], omvang: int) -> tuple[tuple[int, int], ...]:
    begin = tags.get(TEGELS) or tags.get(STRIPS) or ()
    lengtes = tags.get(TEGELLENGTES) or tags.get(LENGTES) or ()
    if not begin or len(begin) != len(lengtes):
        raise _damaged()
    stukken = tuple(zip(begin, lengtes, strict=True))
    if any(plaats + lengte > omvang for plaats, lengte in stukken):
        raise cut_off()
    if any(plaats == 0 or lengte == 0 for plaats, lengte in stukken):
        raise OnvolledigError(
            "onvolledig",
            "Deze TIFF is niet compleet: een deel van een pagina is er nog niet. Scan opnieuw als dat zo blijft.",
        )
    return stukken


def _read(lees: Lees, begin: int, lengte: int, omvang: int) -> bytes:
    if begin + lengte > omvang:
        raise cut_off()
    gegevens = lees(begin, lengte)
    if len(gegevens) != lengte:
        raise cut_off()
    return gegevens


def cut_off() -> OnvolledigError:
    """Return the error of a TIFF that stops halfway."""
    return OnvolledigError(
        "onvolledig", "Deze TIFF is niet compleet: hij houdt halverwege op. Scan opnieuw als dat zo blijft."
    )


def _damaged() -> InvoerError:
    return InvoerError("beschadigd", "Deze TIFF is beschadigd: zijn pagina's zijn niet te vinden. Scan opnieuw.")


def too_many_paginas(maximaal_paginas: int) -> InvoerError:
    """Say that a file has more pages than the profile allows."""
    return InvoerError(
        "te_veel_paginas",
        f"Dit bestand heeft meer dan {maximaal_paginas} pagina's. Scan de stapel in kleinere delen, "
        "of verhoog maximaal_paginas in het profiel.",
    )
