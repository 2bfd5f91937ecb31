"""The technical log says enough to find a bug, and nothing of what stood in a document."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from scanstraat.technisch_log import describe_fout
from scanstraat.zandbak.zandbak import KindError

GEHEIM = "Mevrouw De Wit, BSN 123456782"


def catch(doe: Callable[[], Any]) -> BaseException:
    with pytest.raises(BaseException) as gevangen:
        doe()
    return gevangen.value


def test_a_name_that_does_not_exist_is_named_with_its_place() -> None:
    beschreven = describe_fout(catch(lambda: onbekende_functie(GEHEIM)))  # type: ignore[name-defined]  # noqa: F821
    assert (beschreven["fout"], beschreven["naam"]) == ("NameError", "onbekende_functie")
    assert beschreven["plaats"][-1].startswith("scanstraat/test_technisch_log.py:")


def test_a_missing_attribute_and_a_missing_module_are_named() -> None:
    beschreven = describe_fout(catch(lambda: GEHEIM.kwijt))  # type: ignore[attr-defined]
    assert (beschreven["naam"], beschreven["van"]) == ("kwijt", "str")
    assert describe_fout(catch(lambda: __import__("bestaat_niet_hier")))["naam"] == "bestaat_niet_hier"


def test_the_cause_is_described_as_well() -> None:
    leeg: dict[str, str] = {}

    def wrap() -> None:
        try:
            leeg[GEHEIM]
        except KeyError as exc:
            raise ValueError(GEHEIM) from exc

    beschreven = describe_fout(catch(wrap))
    assert (beschreven["fout"], beschreven["oorzaak"]["fout"]) == ("ValueError", "KeyError")


@pytest.mark.parametrize(
    "fout",
    [
        ValueError(GEHEIM),
        KeyError(GEHEIM),
        FileNotFoundError(2, "weg", f"/scans/{GEHEIM}.pdf"),
        OperationalError(f"insert into bron values ('{GEHEIM}')", {"naam": GEHEIM}, ValueError(GEHEIM)),
        KindError(f"KeyError {GEHEIM} ontleden.py:33"),
        AttributeError(GEHEIM, name=GEHEIM, obj=GEHEIM),
    ],
)
def test_nothing_of_the_text_of_an_error_is_in_it(fout: Exception) -> None:
    def fail() -> None:
        raise fout

    beschreven = json.dumps(describe_fout(catch(fail)))
    assert type(fout).__name__ in beschreven
    assert "Wit" not in beschreven and "123456782" not in beschreven
