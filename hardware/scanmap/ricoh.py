"""Ricoh and Fujitsu (N7100E): `scan.pdf.index.xml` beside `scan.pdf`.

    <root><page><item name="Document No." value="1"/><item name="Page Number in Document" value="1"/>
    <item name="Barcode" value="ZAAK-2026-000123"/><item name="User name" value="balie"/></page> ... </root>

Source: manual of the N7100E, p. 303: UTF-8, one `page` per page image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from hardware.errors import IndexbestandError
from hardware.scanmap.indexregel import Indexregel, build_regel, check_aantal

ACHTERVOEGSEL = ".index.xml"
BARCODE, GEBRUIKER, DOCUMENT = "Barcode", "User name", "Document No."


def parse_ricoh(inhoud: bytes, naam: str, kolommen: Mapping[str, str]) -> tuple[Indexregel, ...]:
    """Read the index of one scan: the barcode of its first page that has one is its zaak.

    Pages of one file with different barcodes say nothing about the file as a whole: then no zaak is given, and the
    codes on the pages decide.

    Raises:
        IndexbestandError: no XML of this shape. Entities and document types are refused.
    """
    del kolommen  # the names of the items are fixed
    try:
        wortel: Element = fromstring(inhoud, forbid_dtd=True)
    except ParseError as exc:
        raise IndexbestandError(f"Het indexbestand is op regel {exc.position[0]} geen geldige XML.") from exc
    except (DefusedXmlException, ValueError) as exc:
        raise IndexbestandError("Het indexbestand bevat XML die niet is toegestaan (DTD of entiteit).") from exc
    paginas = wortel.findall("page")
    if wortel.tag != "root" or not paginas:
        raise IndexbestandError("Het indexbestand heeft niet de vorm van Ricoh: <root> met <page> daarin.")
    check_aantal(len(paginas))
    items = [_read_items(pagina) for pagina in paginas]
    kaal = naam.replace("\\", "/").rsplit("/", 1)[-1]
    waarden = {
        "bestand": kaal[: -len(ACHTERVOEGSEL)],
        "zaak": _only(item.get(BARCODE, "") for item in items),
        "scanoperator": _only(item.get(GEBRUIKER, "") for item in items),
    }
    return (build_regel(waarden, {}, "pagina 1"),)


def _read_items(pagina: Element) -> dict[str, str]:
    return {item.get("name", "").strip(): item.get("value", "") for item in pagina.findall("item")}


def _only(waarden: Iterable[str]) -> str:
    verschillend = {waarde.strip() for waarde in waarden if waarde.strip()}
    return verschillend.pop() if len(verschillend) == 1 else ""
