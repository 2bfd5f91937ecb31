"""What the counts of a batch must say, and never say by accident."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.telling import Getelddocument, Telling, find_tellingbevindingen

DUPLEX = Telling(
    ontvangen=8,
    scheidingsbladen=2,
    weggelaten=1,
    documenten=(Getelddocument(3), Getelddocument(2)),
    zijden_per_blad=2,
    bladen=((None, None), ("a", "a"), ("a", None), ("b", "b")),
)


def codes(telling: Telling) -> list[str]:
    return [bevinding.code for bevinding in find_tellingbevindingen(telling)]


def test_a_batch_that_adds_up_has_no_findings() -> None:
    assert codes(DUPLEX) == []


@pytest.mark.parametrize("veld", ["ontvangen", "scheidingsbladen", "weggelaten"])
@pytest.mark.parametrize("te_veel", [-1, 1])
def test_one_beeld_too_many_or_too_few_is_critical(veld: str, te_veel: int) -> None:
    telling = replace(DUPLEX, **{veld: getattr(DUPLEX, veld) + te_veel}, zijden_per_blad=1)
    (bevinding,) = find_tellingbevindingen(telling)
    assert (bevinding.code, bevinding.ernst, bevinding.vervangbaar) == ("telling_sluit_niet", Ernst.KRITIEK, False)


def test_an_odd_number_of_sides_is_found_in_duplex_only() -> None:
    oneven = replace(DUPLEX, ontvangen=9, weggelaten=2)
    assert codes(oneven) == ["oneven_duplex"]
    assert codes(replace(oneven, zijden_per_blad=1)) == []


def test_front_and_back_in_two_documents_are_found_and_named() -> None:
    verdeeld = replace(DUPLEX, bladen=((None, None), ("a", "a"), ("a", "b"), ("b", None)))
    (bevinding,) = find_tellingbevindingen(verdeeld)
    assert bevinding.code == "blad_verdeeld"
    assert "blad 3" in bevinding.tekst


def test_a_blank_back_that_is_left_out_is_no_division() -> None:
    assert codes(replace(DUPLEX, bladen=(("a", None), (None, "b")))) == []


@pytest.mark.parametrize(("beelden", "bladen", "zijden", "klopt"), [
    (4, 2, 2, True), (3, 2, 2, False), (5, 2, 2, False), (2, 2, 1, True), (1, 2, 1, False), (0, 1, 1, False),
])  # fmt: skip
def test_declared_sheets_times_sides_must_be_the_beelden(beelden: int, bladen: int, zijden: int, klopt: bool) -> None:
    telling = Telling(beelden, 0, 0, (Getelddocument(beelden, bladen),), zijden)
    assert ("bladen_wijken_af" in codes(telling)) is not klopt


def test_a_declared_number_for_the_batch_counts_everything_received() -> None:
    assert codes(replace(DUPLEX, bladen_opgegeven=4)) == []
    for te_weinig_of_te_veel in (5, 3):
        assert codes(replace(DUPLEX, bladen_opgegeven=te_weinig_of_te_veel)) == ["bladen_wijken_af"]


def test_a_message_says_who_declared_what_and_what_to_do() -> None:
    telling = Telling(3, 0, 0, (Getelddocument(3, 1, wie="Het scheidingsblad"),), 1)
    (bevinding,) = find_tellingbevindingen(telling)
    assert bevinding.tekst == (
        "Het scheidingsblad noemt voor document 1 1 blad. Dat is 1 beeld, maar er zijn er 3. "
        "Tel het papier na en scan wat ontbreekt."
    )


@given(st.lists(st.integers(1, 9), max_size=6), st.integers(0, 6), st.integers(0, 6), st.integers(-3, 3))
def test_the_balance_is_found_broken_exactly_when_it_is(
    documenten: list[int], scheidingsbladen: int, weggelaten: int, mis: int
) -> None:
    ontvangen = sum(documenten) + scheidingsbladen + weggelaten + mis
    telling = Telling(ontvangen, scheidingsbladen, weggelaten, tuple(map(Getelddocument, documenten)), 1)
    assert ("telling_sluit_niet" in codes(telling)) is (mis != 0)
