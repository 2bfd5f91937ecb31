"""What one line of an index file says about one scan, whatever the format. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.errors import IndexbestandError

MAXIMALE_OMVANG_BYTES = 4_000_000
MAXIMAAL_REGELS = 20_000
MAXIMALE_LENGTE_VELD = 1_000  # characters
MAXIMAAL_EXTRA = 50  # other columns that are kept
MAXIMAAL_BLADEN = 9_999

KOLOMMEN: Mapping[str, str] = {
    "bestand": "bestand",
    "zaak": "zaak",
    "titel": "titel",
    "bladen": "bladen",
    "scanoperator": "scanoperator",
    "document": "document",
}


@dataclass(frozen=True)
class Indexregel:
    """One scan in an index file. "" and None mean "not said".

    Args:
        bestand: name of the scan, as the file says it: with or without extension, with any kind of slash, and
            "folder/*" for every scan in a folder.
        bladen: sheets of paper.
        document: lines with the same value are one document; "" is "this scan is a document".
        extra: the other columns.
    """

    bestand: str
    zaak: str = ""
    titel: str = ""
    bladen: int | None = None
    scanoperator: str = ""
    document: str = ""
    extra: dict[str, str] = field(default_factory=dict, hash=False)


def build_regel(waarden: Mapping[str, str], kolommen: Mapping[str, str], plek: str) -> Indexregel:
    """Make a line from named values.

    Args:
        plek: where it stands, for the message: "regel 3".
    Raises:
        IndexbestandError: no name of a scan, or a value that cannot be right.
    """
    schoon = {naam.strip(): _clean(waarde, naam, plek) for naam, waarde in waarden.items()}
    namen = {**KOLOMMEN, **{veld: kolommen[veld] for veld in KOLOMMEN if veld in kolommen}}
    velden = {veld: schoon.pop(kolom, "") for veld, kolom in namen.items()}
    if not velden["bestand"]:
        raise IndexbestandError(f"Het indexbestand noemt op {plek} geen bestand (kolom {namen['bestand']!r}).")
    if len(schoon) > MAXIMAAL_EXTRA:
        raise IndexbestandError(f"Het indexbestand heeft op {plek} meer dan {MAXIMAAL_EXTRA} kolommen.")
    return Indexregel(
        bestand=velden["bestand"],
        zaak=velden["zaak"],
        titel=velden["titel"],
        bladen=parse_bladen(velden["bladen"], plek),
        scanoperator=velden["scanoperator"],
        document=velden["document"],
        extra={naam: waarde for naam, waarde in schoon.items() if naam and waarde},
    )


def parse_bladen(tekst: str, plek: str) -> int | None:
    """Read a number of sheets; "" is "not said"."""
    if not tekst:
        return None
    if not (tekst.isascii() and tekst.isdigit() and len(tekst) <= 4 and int(tekst) > 0):
        raise IndexbestandError(
            f"Het aantal bladen op {plek} van het indexbestand is geen getal van 1 tot {MAXIMAAL_BLADEN}."
        )
    return int(tekst)


def check_aantal(aantal: int) -> None:
    """Refuse more lines than any batch has."""
    if aantal > MAXIMAAL_REGELS:
        raise IndexbestandError(f"Het indexbestand heeft meer dan {MAXIMAAL_REGELS} regels.")


def _clean(waarde: str, naam: str, plek: str) -> str:
    waarde = waarde.strip()
    if len(waarde) > MAXIMALE_LENGTE_VELD:
        raise IndexbestandError(
            f"Een waarde op {plek} van het indexbestand is langer dan {MAXIMALE_LENGTE_VELD} tekens."
        )
    if not waarde.isprintable():
        raise IndexbestandError(
            f"Een waarde op {plek} van het indexbestand bevat stuurtekens. Maak het bestand opnieuw."
        )
    return waarde
