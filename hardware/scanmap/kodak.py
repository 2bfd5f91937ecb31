"""Kodak Capture Software: INDEX.DAT beside a batch, IDX.DAT in the folder of a document.

A line per document, fields between double quotes with ";" between them, a quote in a value doubled:

    "I04t";"01";"0000000001";"0000000004";"C12345";;"12201997"

The first field says the kind of line; after the document number come the counts of that kind, then the index values.
Source: Kodak Capture Software user's guide A-63054 (2004), pp. 4-40, 4-65, 4-72 and 4-73.

The index values have no names. Here they are called veld1, veld2 and so on: a profile says `zaak = "veld1"`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from hardware.errors import IndexbestandError
from hardware.scanmap.csvindex import decode_tekst
from hardware.scanmap.indexregel import Indexregel, build_regel, check_aantal

# Kind of line -> names of the numbers between the document number and the index values
_GETALLEN = {
    "I01q": ("paginas", "beelden"),  # one document per folder, its own IDX.DAT in it
    "I02r": ("eerste", "laatste"),  # one file per image, numbered through the batch
    "I04t": ("beelden",),  # one multi-page file per document
    "I05u": (),  # one folder per document
}


def parse_kodak(inhoud: bytes, naam: str, kolommen: Mapping[str, str]) -> tuple[Indexregel, ...]:
    """Read an INDEX.DAT. Names of scans come without extension, or as "00000001/*" for all scans of a folder.

    Raises:
        IndexbestandError: another kind of line, or numbers that cannot be right.
    """
    lezer = csv.reader(io.StringIO(decode_tekst(inhoud, kolommen), newline=""), delimiter=";", strict=True)
    regels: list[Indexregel] = []
    try:
        for cellen in lezer:
            if any(cel.strip() for cel in cellen):
                regels.extend(_parse_regel(cellen, naam, kolommen, f"regel {lezer.line_num}"))
                check_aantal(len(regels))
    except csv.Error as exc:
        raise IndexbestandError(f"Het indexbestand is op regel {lezer.line_num} niet te lezen.") from exc
    if not regels:
        raise IndexbestandError("Het indexbestand is leeg.")
    return tuple(regels)


def _parse_regel(cellen: list[str], naam: str, kolommen: Mapping[str, str], plek: str) -> list[Indexregel]:
    soort = cellen[0].strip()
    namen = _GETALLEN.get(soort)
    if namen is None or len(cellen) < 3 + len(namen) or cellen[1].strip() != "01":
        raise IndexbestandError(f"Het indexbestand heeft op {plek} niet de vorm van Kodak (I01q, I02r, I04t of I05u).")
    document, *getallen = (_parse_getal(cel, plek) for cel in cellen[2 : 3 + len(namen)])
    waarden = {f"veld{nummer}": waarde for nummer, waarde in enumerate(cellen[3 + len(namen) :], start=1)}
    waarden[kolommen.get("document", "document")] = str(document)
    if soort == "I02r":
        eerste, laatste = getallen
        check_aantal(laatste - eerste)
        bestanden = [f"{nummer:08d}" for nummer in range(eerste, laatste + 1)]
    else:
        waarden |= {telling: str(getal) for telling, getal in zip(namen, getallen, strict=True)}
        map_ = naam.replace("\\", "/").rpartition("/")[0]
        eigen_map = f"{map_}/*" if map_ else "*"
        bestanden = [{"I01q": eigen_map, "I04t": f"{document:08d}"}.get(soort, f"{document:08d}/*")]
    kolom = kolommen.get("bestand", "bestand")
    return [build_regel({**waarden, kolom: bestand}, kolommen, plek) for bestand in bestanden]


def _parse_getal(cel: str, plek: str) -> int:
    getal = cel.strip()
    if not (getal.isascii() and getal.isdigit() and len(getal) <= 10):
        raise IndexbestandError(f"Het indexbestand heeft op {plek} tekst waar een getal hoort.")
    return int(getal)
