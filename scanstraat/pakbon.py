"""The pakbon of a transfer: from whom it is, what is in it, and how to see that nothing is missing. Pure.

Source: MDTO-SIP-specificatie, "Pakbon". It prescribes what stands in it and prefers XML, but no schema.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from lxml import etree

from scanstraat.errors import MdtoError

SCHEMA = "scanstraat.pakbon/1"
_MEESTE_TEKENS = 80  # of a name that we make: with what comes behind it, far under the 255 of a transfer


@dataclass(frozen=True)
class Pakbon:
    """What a receiver must be able to see of a transfer."""

    kenmerk: str
    titel: str
    doellocatie: str
    hashalgoritme: str
    hashwaarde: str
    hashbestand: str  # the file whose digest it is: it lists the digest of every file
    gemaakt_op: str
    organisatie: str
    rsin: str
    contact: str
    aantal_informatieobjecten: int
    aantal_bestanden: int
    aantal_geen_mdto: int
    omvang_geen_mdto_bytes: int
    bijzonderheden: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"schema": SCHEMA, **asdict(self), "bijzonderheden": list(self.bijzonderheden)}


def render_pakbon_json(pakbon: Pakbon) -> bytes:
    """Return the pakbon for programs."""
    return json.dumps(pakbon.to_json(), ensure_ascii=False, indent=1).encode() + b"\n"


def render_pakbon_xml(pakbon: Pakbon) -> bytes:
    """Return the pakbon as XML.

    Raises:
        MdtoError: it holds a character that cannot stand in XML.
    """
    wortel = etree.Element("pakbon", schema=SCHEMA)
    try:
        for naam, waarde in pakbon.to_json().items():
            if naam == "schema":
                continue
            for deel in waarde if isinstance(waarde, list) else [waarde]:
                etree.SubElement(wortel, "bijzonderheid" if naam == "bijzonderheden" else naam).text = str(deel)
    except ValueError as exc:
        raise MdtoError("In de pakbon staat een teken dat niet in XML mag.") from exc
    xml: bytes = etree.tostring(wortel, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


def build_naam(tekst: str, bezet: Iterable[str]) -> str:
    """Return a name for a folder or file in a transfer: letters, digits, - and _, and not one of `bezet`.

    A transfer forbids < > : " / \\ | ? * # & and space, and dots beside that of the extension. Names that differ in
    capitals alone would fall together on many disks, so they count as the same.
    """
    kaal = unicodedata.normalize("NFKD", tekst).encode("ascii", "ignore").decode()
    naam = re.sub(r"[^0-9A-Za-z_-]+", "-", kaal)[:_MEESTE_TEKENS].strip("-") or "zonder-naam"
    al = {ander.casefold() for ander in bezet}
    if naam.casefold() not in al:
        return naam
    nummer = 2
    while f"{naam}-{nummer}".casefold() in al:
        nummer += 1
    return f"{naam}-{nummer}"
