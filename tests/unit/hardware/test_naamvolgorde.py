"""The pages of a folder lie as people see its files, and always the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.naamvolgorde import natural_key

NAMEN = [
    "scan2",
    "scan10",
    "scan02",
    "Scan2",
    "scan",
    "2",
    "10",
    "a1b10",
    "a1b2",
    "é3",
    "e3",
    "E3",
    "brief één",
    "ß",
    "²",
]


@pytest.mark.parametrize("namen", [
    ["scan1.jpg", "scan2.jpg", "scan10.jpg"],
    ["brief één.pdf", "brief twee.pdf"],
    ["brief een 1", "brief één 2", "Brief EEN 3"],
    ["Coördinatie", "coördinatie", "coordinatie b"],
    ["e.jpg", "é.jpg", "f.jpg"],
    ["blad 9", "blad 010", "blad 10", "blad 11"],
    ["map 2/10", "map 10/2"],
])  # fmt: skip
def test_names_come_in_the_order_of_a_file_manager(namen: list[str]) -> None:
    andersom = namen[::-1]
    andersom.sort(key=natural_key)
    assert andersom == namen


@given(st.permutations(NAMEN))
def test_the_order_is_the_same_however_files_are_listed(namen: list[str]) -> None:
    assert sorted(namen, key=natural_key) == sorted(NAMEN, key=natural_key)


@given(st.text(), st.text())
def test_no_two_names_are_equal_and_every_two_can_be_compared(een: str, ander: str) -> None:
    assert (natural_key(een) == natural_key(ander)) == (een == ander)
    assert natural_key(een) < natural_key(ander) or natural_key(ander) < natural_key(een) or een == ander


@given(st.sampled_from(["één", "coördinatie", "façade", "Ünal"]))
def test_how_an_accent_is_stored_does_not_move_a_page(naam: str) -> None:
    for vorm in ("NFC", "NFD"):
        assert sorted(["zz", unicodedata.normalize(vorm, naam), "aa"], key=natural_key)[1] not in ("aa", "zz")
