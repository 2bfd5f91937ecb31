"""Numbers and lists as they stand in a Dutch sentence."""

from __future__ import annotations

import pytest

from kwaliteitscontrole.woorden import count_bestanden, count_words, format_getal, format_mb, join_words, name_lijst


def test_a_number_agrees_with_its_noun() -> None:
    assert [count_words(n, "stap is", "stappen zijn") for n in (0, 1, 2)] == [
        "0 stappen zijn",
        "1 stap is",
        "2 stappen zijn",
    ]
    assert [count_bestanden(n) for n in (1, 2)] == ["1 bestand", "2 bestanden"]


@pytest.mark.parametrize("naam", ["Lijst twee", "lijst", "2026-01", "Lijstje"])
def test_the_name_of_a_list_is_in_quotes_so_that_it_may_say_list_itself(naam: str) -> None:
    assert name_lijst(naam) == f'de lijst "{naam}"'
    assert name_lijst(naam, "De vernietigingslijst") == f'De vernietigingslijst "{naam}"'


@pytest.mark.parametrize(("getal", "tekst"), [(0.0, "0,0"), (-0.01, "0,0"), (3.55, "3,5"), (-2.0, "-2,0")])
def test_a_decimal_has_a_comma_and_zero_no_sign(getal: float, tekst: str) -> None:
    assert format_getal(getal) == tekst


def test_bytes_are_said_in_megabytes_of_a_million() -> None:
    assert format_mb(37_149_000) == "37,1 MB"


@pytest.mark.parametrize(
    ("woorden", "zin"), [([], ""), (["a"], "a"), (["a", "b"], "a en b"), (["a", "b", "c"], "a, b en c")]
)
def test_a_list_ends_in_en(woorden: list[str], zin: str) -> None:
    assert join_words(woorden) == zin
