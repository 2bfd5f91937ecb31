"""Which verklaring is on a scan: by the code that is printed on it, and else by its number in the text.

Like every file that comes from outside the scan is opened in the sandbox alone.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal

from scanstraat.bootstrap import Basis, open_ocr, open_zandbak
from scanstraat.domain import Stuk
from scanstraat.intake.bestandsoort import BEGIN_BYTES, find_soort
from scanstraat.stukken import MEESTE_PIXELS
from vernietiging.verklaring import VOORVOEGSELS

CODES_OP = 20  # pages: the code is on the first one and above the signatures, before the specification
TEKST_OP = 4
_TAAK = "scanstraat.zandbaktaken:lees_stuk"
_NUMMER = re.compile(rf"\b(?:{'|'.join(VOORVOEGSELS.values())})-\d{{4}}-\d{{4,}}\b", re.ASCII)


@dataclass(frozen=True)
class Gelezen:
    """The numbers of verklaringen that were found on a scan, and how; `hoe` is a word for the log."""

    hoe: Literal["code", "tekst", "niet"]
    nummers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Bladzijde:
    memfd: int
    breedte: int
    hoogte: int
    dpi: float


def read_nummers(basis: Basis, stuk: Stuk) -> Gelezen:
    """Look for numbers of verklaringen on the first pages of a scan.

    Raises:
        InvoerError: a page cannot be drawn.
    """
    bladzijden: list[_Bladzijde] = []
    try:
        codes = _read_codes(basis, stuk, bladzijden)
        if codes:
            return Gelezen("code", codes)
        tekst = _read_tekst(basis, bladzijden)
    finally:
        for bladzijde in bladzijden:
            os.close(bladzijde.memfd)
    return Gelezen("tekst", tekst) if tekst else Gelezen("niet")


def _read_codes(basis: Basis, stuk: Stuk, bladzijden: list[_Bladzijde]) -> frozenset[str]:
    """Return the numbers in codes, and keep the first pages for when there are none."""
    nummers: set[str] = set()
    fd = basis.opslag.open_fd(stuk.vingerafdruk.sha256)
    try:
        gegevens = {
            "soort": find_soort(os.pread(fd, BEGIN_BYTES, 0)),
            "paginas": CODES_OP,
            "maximaal_pixels": MEESTE_PIXELS,
        }
        with open_zandbak(basis.config) as zandbak:
            grenzen = zandbak.grenzen.for_paginas(CODES_OP)
            for bericht in zandbak.stroom(_TAAK, gegevens, [fd], grenzen):
                with bericht:
                    nummers.update(code for code in bericht.gegevens["codes"] if _NUMMER.fullmatch(code))
                    if len(bladzijden) < TEKST_OP:
                        maat = {naam: bericht.gegevens[naam] for naam in ("breedte", "hoogte", "dpi")}
                        bladzijden.append(_Bladzijde(os.dup(bericht.bestanden[0]), **maat))
    finally:
        os.close(fd)
    return frozenset(nummers)


def _read_tekst(basis: Basis, bladzijden: list[_Bladzijde]) -> frozenset[str]:
    """Return the numbers in the text: every page has its own at the head and the foot."""
    nummers: set[str] = set()
    with open_ocr(basis.config, 1) as ocr:
        for b in bladzijden:
            pagina = ocr.lees(b.memfd, breedte=b.breedte, hoogte=b.hoogte, dpi=b.dpi, schaal=1.0, talen=("nld",))
            for regel in pagina.regels:
                nummers.update(_NUMMER.findall(" ".join(woord.tekst for woord in regel.woorden)))
    return frozenset(nummers)
