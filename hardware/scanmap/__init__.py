"""What scanners and capture software write beside their scans: one small parser per index format.

Bytes in, values out. An index file is text of somebody else: sizes are limited, every value is only text or a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from hardware.errors import IndexbestandError
from hardware.scanmap.csvindex import parse_csv
from hardware.scanmap.indexregel import KOLOMMEN, MAXIMALE_OMVANG_BYTES, Indexregel
from hardware.scanmap.jsonindex import parse_json
from hardware.scanmap.kodak import parse_kodak
from hardware.scanmap.ricoh import parse_ricoh

__all__ = ["KOLOMMEN", "IndexbestandError", "Indexregel", "is_index", "parse_index"]

Lezer = Callable[[bytes, str, Mapping[str, str]], tuple[Indexregel, ...]]

# The first pattern that fits the name in small letters decides; "*.index.xml" goes before anything wider.
_LEZERS: tuple[tuple[str, Lezer], ...] = (
    ("*.index.xml", parse_ricoh),
    ("*.json", parse_json),
    ("*index.dat", parse_kodak),
    ("*idx.dat", parse_kodak),
    ("*.csv", parse_csv),
    ("*.tsv", parse_csv),
)


def is_index(naam: str) -> bool:
    """True when a file of this name is an index file and no scan."""
    return _find_lezer(naam) is not None


def parse_index(inhoud: bytes, naam: str, kolommen: Mapping[str, str]) -> tuple[Indexregel, ...]:
    """Read an index file.

    Args:
        inhoud: the whole file, at most `MAXIMALE_OMVANG_BYTES`.
        naam: its name, also with a folder; it decides the format, and for a sidecar which scan it is about.
        kolommen: what the profile says: the field of an `Indexregel` -> its column or key, and for CSV also
            "scheidingsteken" and "codering". What is left out has its usual name.
    Raises:
        IndexbestandError: unreadable; the message names the line.
    """
    lezer = _find_lezer(naam)
    if lezer is None:
        raise IndexbestandError("Dit soort indexbestand is niet bekend. Lever een CSV-bestand of een JSON-bestand aan.")
    if len(inhoud) > MAXIMALE_OMVANG_BYTES:
        raise IndexbestandError(f"Het indexbestand is groter dan {MAXIMALE_OMVANG_BYTES // 1_000_000} MB.")
    return lezer(inhoud, naam, kolommen)


def _find_lezer(naam: str) -> Lezer | None:
    kaal = naam.replace("\\", "/").rsplit("/", 1)[-1].lower()
    return next((lezer for patroon, lezer in _LEZERS if fnmatchcase(kaal, patroon)), None)
