"""What is wrong with a TOML file that people write, in Dutch: every problem at once, with the key they meant. Pure.

Shared by config.toml and besluit.toml. A file is bytes here; who reads it, says how it is called and which error to
raise.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

from kwaliteitscontrole.woorden import count_words
from scanstraat.errors import ScanstraatError

MEESTE_FOUTEN = 40  # more do not help anybody; the rest is counted
MEESTE_PUNTEN = 200  # in one line: the memory that tomllib needs grows with the square of a dotted key


def parse_toml(ruw: bytes, wat: str, fout: type[ScanstraatError]) -> dict[str, Any]:
    """Read TOML; `wat` is how a sentence about the file begins ("Het instellingenbestand config.toml").

    Raises:
        fout: not UTF-8 or not TOML, with the place in the file.
    """
    try:
        tekst = ruw.decode("utf-8-sig")  # Kladblok writes a byte order mark
        _check_punten(tekst, wat, fout)
        return tomllib.loads(tekst)
    except UnicodeDecodeError as exc:
        raise fout(f"{wat} is geen UTF-8. Bewaar het opnieuw als UTF-8.") from exc
    except tomllib.TOMLDecodeError as exc:
        plek = re.search(r"line (\d+), column (\d+)", str(exc))
        waar = f"fout op regel {plek[1]}, teken {plek[2]}" if plek else "er houdt iets te vroeg op"
        raise fout(
            f"{wat} is geen geldige TOML: {waar}. Kijk of daar een haakje, een aanhalingsteken "
            "of een is-teken ontbreekt, of een sleutel twee keer staat."
        ) from exc
    except (RecursionError, ValueError) as exc:  # ValueError: an integer of thousands of digits
        raise fout(f"{wat} is geen geldige TOML: er staat een te lang getal in of te veel haakjes in elkaar.") from exc


def _check_punten(tekst: str, wat: str, fout: type[ScanstraatError]) -> None:
    for nummer, regel in enumerate(tekst.split("\n"), start=1):
        if regel.count(".") > MEESTE_PUNTEN:
            raise fout(f"{wat}: regel {nummer} heeft te veel punten. Zet een lange tekst op meer regels.")


def explain_invoer(exc: ValidationError, model: type[BaseModel], inhoud: Mapping[str, Any]) -> str:
    """Return every problem that `model` found in `inhoud`, as the rest of a sentence, with its full stop."""
    fouten = exc.errors(include_url=False)
    regels = []
    for fout in fouten[:MEESTE_FOUTEN]:
        plaats = tuple(str(deel) for deel in fout["loc"])
        sleutel = _say_plaats(fout["loc"], inhoud)
        if fout["type"] == "extra_forbidden":
            bekend = known_keys(model, plaats[:-1])
            lijkt = difflib.get_close_matches(plaats[-1][:80], bekend, n=1, cutoff=0.0)
            regels.append(f"{sleutel} is onbekend; bedoelt u {lijkt[0]}?" if lijkt else f"{sleutel} is onbekend")
        else:
            regels.append(f"{sleutel}: {_dutch(fout)}" if sleutel else _dutch(fout))
    if len(fouten) > MEESTE_FOUTEN:
        regels.append(f"en nog {count_words(len(fouten) - MEESTE_FOUTEN, 'fout', 'fouten')}")
    return f"{'; '.join(regels)}{'' if regels[-1].endswith('?') else '.'}"


def _say_plaats(plaats: tuple[int | str, ...], inhoud: Mapping[str, Any]) -> str:
    """Name a key as people find it: "profiel.a.talen", and in a list by the name of its part: "scanmap post: map"."""
    tekst, waarde = "", cast("Any", inhoud)
    for deel in plaats:
        try:
            waarde = waarde[deel]
        except (KeyError, IndexError, TypeError):
            waarde = None
        if isinstance(deel, int):
            heet = waarde.get("naam") if isinstance(waarde, dict) else None
            tekst += f" {heet if isinstance(heet, str) and heet else f'nummer {deel + 1}'}: "
        else:
            kort = "".join(teken if teken.isprintable() else "?" for teken in deel[:80])
            tekst += kort if not tekst or tekst.endswith(": ") else f".{kort}"
    return tekst.removesuffix(": ")


def _dutch(fout: Any) -> str:
    soort, context = fout["type"], fout.get("ctx", {})
    teksten = {
        "greater_than": "moet groter zijn dan {gt}",
        "greater_than_equal": "moet minstens {ge} zijn",
        "less_than_equal": "mag hoogstens {le} zijn",
        "missing": "ontbreekt",
        "less_than": "moet kleiner zijn dan {lt}",
        "literal_error": "moet een van deze waarden zijn: {expected}",
        "enum": "moet een van deze waarden zijn: {expected}",
        "int_parsing": "moet een heel getal zijn",
        "int_type": "moet een heel getal zijn",
        "int_from_float": "moet een heel getal zijn",
        "float_parsing": "moet een getal zijn",
        "float_type": "moet een getal zijn",
        "bool_parsing": "moet true of false zijn",
        "bool_type": "moet true of false zijn",
        "date_type": "moet een datum zijn zonder aanhalingstekens, zoals 2026-03-31",
        "string_type": "moet tekst tussen aanhalingstekens zijn",
        "string_too_short": "is te kort: minstens {min_length} teken(s)",
        "string_too_long": "is te lang: hoogstens {max_length} teken(s)",
        # the one pattern there is: the name of a scanmap
        "string_pattern_mismatch": "mag alleen kleine letters, cijfers en streepjes hebben, hoogstens 40",
        "tuple_type": 'moet een lijst zijn: ["...", "..."]',
        "path_type": "moet een map zijn, als tekst tussen aanhalingstekens",
        "dict_type": "moet een onderdeel met sleutels zijn",
        "model_type": "moet een onderdeel met sleutels zijn",
        "value_error": "{error}",
    }
    return teksten.get(soort, "heeft een waarde die niet mag").format(**context).replace(" or ", " of ")


def known_keys(model: type[BaseModel], pad: tuple[str, ...] = ()) -> list[str]:
    """Return the keys allowed at `pad` in the file (list positions and profile names are skipped)."""
    for deel in pad:
        veld = model.model_fields.get(deel)
        if veld is None:
            continue  # a list index, or the free name of a profile
        binnen = _models_in(veld.annotation)
        if not binnen:
            return []
        model = binnen[0]
    return list(model.model_fields)


def _models_in(annotatie: Any) -> list[type[BaseModel]]:
    if isinstance(annotatie, type) and issubclass(annotatie, BaseModel):
        return [annotatie]
    return [model for deel in get_args(annotatie) for model in _models_in(deel)]
