"""A JSON sidecar: `scan.pdf.json` beside `scan.pdf`, one object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from hardware.errors import IndexbestandError
from hardware.scanmap.indexregel import KOLOMMEN, Indexregel, build_regel

ACHTERVOEGSEL = ".json"


def parse_json(inhoud: bytes, naam: str, kolommen: Mapping[str, str]) -> tuple[Indexregel, ...]:
    """Read a sidecar. It is about the file that it is named after, whatever "bestand" inside says.

    Values are text, numbers or true and false; lists and objects are refused, except under keys we do not use.

    Raises:
        IndexbestandError: no JSON, no object, or a value that cannot be right.
    """
    try:
        gegevens = json.loads(inhoud.decode("utf-8-sig"), object_pairs_hook=_refuse_doubles, parse_constant=_refuse)
    except json.JSONDecodeError as exc:
        raise IndexbestandError(f"Het indexbestand is op regel {exc.lineno} geen geldige JSON.") from exc
    except (UnicodeDecodeError, RecursionError) as exc:
        raise IndexbestandError("Het indexbestand is geen geldige JSON in UTF-8.") from exc
    if not isinstance(gegevens, dict):
        raise IndexbestandError("Het indexbestand moet een JSON-object zijn: { ... }.")
    namen = {kolommen.get(veld, kolom) for veld, kolom in KOLOMMEN.items()}
    waarden = {
        sleutel: _to_text(waarde, sleutel)
        for sleutel, waarde in gegevens.items()
        if sleutel in namen or not isinstance(waarde, dict | list)
    }
    kaal = naam.replace("\\", "/").rsplit("/", 1)[-1]
    waarden[kolommen.get("bestand", KOLOMMEN["bestand"])] = kaal[: -len(ACHTERVOEGSEL)]
    return (build_regel(waarden, kolommen, "regel 1"),)


def _to_text(waarde: Any, sleutel: str) -> str:
    if waarde is None:
        return ""
    if isinstance(waarde, bool):
        return "ja" if waarde else "nee"
    if isinstance(waarde, str | int | float):
        return str(waarde)
    raise IndexbestandError(f"De waarde van {sleutel!r} in het indexbestand moet tekst of een getal zijn.")


def _refuse_doubles(paren: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({sleutel for sleutel, _ in paren}) != len(paren):
        raise IndexbestandError("Het indexbestand noemt dezelfde sleutel twee keer. Laat er een weg.")
    return dict(paren)


def _refuse(constante: str) -> NoReturn:
    raise IndexbestandError(f"Het indexbestand bevat {constante}; dat is geen getal.")
