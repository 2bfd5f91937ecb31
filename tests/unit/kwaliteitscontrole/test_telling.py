"""What the counts of a batch must say, and never say by accident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.telling import CODES, Geteldbeeld, Telling, Tellingbevinding, find_tellingbevindingen

NAMEN = UUID(int=7)
BRON, LATER = uuid5(NAMEN, "bron"), uuid5(NAMEN, "later")


def doc(naam: str) -> UUID:
    return uuid5(NAMEN, f"document {naam}")


def leg(
    *waar: str, zijden: int = 1, los: bool = False, bladen: dict[str, int] | None = None, batch: int | None = None
) -> Telling:
    """Return a batch, one word per beeld: "a" is a page of document a, "S" a scheidingsblad, "-a" a blank side left out
    of a, "=" one that was replaced, "x" one left out otherwise; "+" before any of these: scanned later.
    """
    beelden = []
    for plek, gezegd in enumerate(waar):
        later, woord = gezegd.startswith("+"), gezegd.removeprefix("+")
        bron = LATER if later else uuid5(BRON, str(plek)) if los else BRON
        beeld = Geteldbeeld(uuid5(NAMEN, f"{plek}"), bron, plek // zijden + 1, later=later)
        if woord == "S":
            beeld = replace(beeld, scheidingsblad=True)
        elif woord.startswith("-"):
            beeld = replace(beeld, blanco_uit=doc(woord[1:]))
        elif woord == "=":
            beeld = replace(beeld, vervangen=True)
        elif woord != "x":
            beeld = replace(beeld, document=doc(woord))
        beelden.append(beeld)
    in_documenten = sum(beeld.document is not None for beeld in beelden)
    scheidingsbladen = waar.count("S")
    return Telling(
        beelden=beelden,
        geteld=(len(waar), in_documenten, scheidingsbladen, len(waar) - in_documenten - scheidingsbladen),
        zijden_per_blad=zijden,
        bladen_van_document={doc(naam): aantal for naam, aantal in (bladen or {}).items()},
        bladen_van_batch=batch,
    )


def find(telling: Telling) -> list[Tellingbevinding]:
    bevindingen = list(find_tellingbevindingen(telling))
    assert {gevonden.bevinding.code for gevonden in bevindingen} <= CODES
    return bevindingen


def codes(telling: Telling) -> list[str]:
    return [gevonden.bevinding.code for gevonden in find(telling)]


def test_a_batch_that_adds_up_has_no_findings() -> None:
    assert codes(leg("S", "S", "a", "a", "a", "-a", "b", "b", zijden=2, bladen={"a": 2, "b": 1}, batch=3)) == []


@pytest.mark.parametrize("welke", range(4))
@pytest.mark.parametrize("te_veel", [-1, 1])
def test_one_beeld_too_many_or_too_few_in_what_the_database_keeps_is_critical(welke: int, te_veel: int) -> None:
    telling = leg("S", "a", "b", "x")
    geteld = list(telling.geteld)
    geteld[welke] += te_veel
    (gevonden,) = find(replace(telling, geteld=(geteld[0], geteld[1], geteld[2], geteld[3])))
    bevinding = gevonden.bevinding
    assert (bevinding.code, bevinding.ernst, bevinding.vervangbaar) == ("telling_sluit_niet", Ernst.KRITIEK, False)


@pytest.mark.parametrize(("waar", "los", "oneven"), [
    (("a", "a", "a"), False, True),
    (("a", "a", "a"), True, True),
    (("S", "a", "a"), False, True),  # a side of a scheidingsblad came through the scanner as well
    (("a", "a", "-a"), False, True),  # left out, but scanned
    (("a", "=", "+a", "a", "a"), False, False),  # replaced: the new side counts for the old
    (("a", "a", "+x"), False, False),  # an insert that was undone
    (("a", "a", "+a"), False, True),  # a sheet of which one side came
])  # fmt: skip
def test_an_odd_number_of_sides_is_found_in_duplex_only(waar: tuple[str, ...], los: bool, oneven: bool) -> None:
    assert codes(leg(*waar, zijden=2, los=los)) == (["oneven_beelden"] if oneven else [])
    assert codes(leg(*waar, zijden=1, los=los)) == []


def test_every_file_of_more_pages_is_looked_at_by_itself() -> None:
    telling = leg("a", "a", "a", "b", "b", "b")
    eerste = telling.beelden[:3]
    tweede = [replace(beeld, bron=LATER, blad=beeld.blad + 10) for beeld in telling.beelden[3:]]
    gevonden = find(replace(telling, beelden=(*eerste, *tweede), zijden_per_blad=2))
    assert [g.beeld for g in gevonden if g.bevinding.code == "oneven_beelden"] == [eerste[-1].id, tweede[-1].id]


def test_front_and_back_in_two_documents_are_found_once_and_where() -> None:
    telling = leg("a", "a", "a", "b", zijden=2)
    (gevonden,) = find(telling)
    assert (gevonden.bevinding.code, gevonden.beeld) == ("blad_in_twee_documenten", telling.beelden[3].id)


@pytest.mark.parametrize("waar", [("a", "x", "-a", "b"), ("S", "S", "a", "a")])
def test_a_side_that_is_left_out_is_no_division(waar: tuple[str, ...]) -> None:
    assert codes(leg(*waar, zijden=2)) == []


@pytest.mark.parametrize(("waar", "bladen", "zijden", "klopt"), [
    ("aaaa", 2, 2, True), ("aaaaaa", 2, 2, False), ("aa", 2, 2, False), ("aa", 2, 1, True), ("a", 2, 1, False),
])  # fmt: skip
def test_declared_sheets_times_sides_must_be_the_beelden(waar: str, bladen: int, zijden: int, klopt: bool) -> None:
    assert ("aantal_wijkt_af" in codes(leg(*waar, zijden=zijden, bladen={"a": bladen}))) is not klopt


@pytest.mark.parametrize(("waar", "klopt"), [
    (("a", "a", "a"), True),
    (("a", "a", "-a"), True),  # blank, left out: its sheet is there
    (("a", "=", "+a", "a"), True),  # replaced: still three sheets
    (("a", "a", "+a"), True),  # a forgotten page that came later
    (("a", "a", "x"), False),  # left out for another reason: a declared sheet is not in the document
    (("a", "a", "a", "+x"), True),  # an insert that was undone
    (("S", "a", "a"), False),
    (("S", "S", "a", "a", "a"), True),
])  # fmt: skip
def test_a_document_and_its_batch_are_counted_by_one_rule(waar: tuple[str, ...], klopt: bool) -> None:
    assert ("aantal_wijkt_af" not in codes(leg(*waar, bladen={"a": 3}))) is klopt
    assert ("batchaantal_wijkt_af" not in codes(leg(*waar, batch=3))) is klopt


@pytest.mark.parametrize(("waar", "klopt"), [
    (("a", "a", "a"), True), (("a", "b", "b"), True), (("a", "=", "+a", "a"), True), (("a", "a", "+a"), True),
    (("+a", "a", "a"), True), (("a", "a"), False), (("a", "a", "a", "+a"), False), (("S", "S"), False),
])  # fmt: skip
def test_a_line_of_an_index_counts_its_file_and_what_was_put_between_its_pages(
    waar: tuple[str, ...], klopt: bool
) -> None:
    telling = replace(leg(*waar), bladen_van_bron={BRON: 3})
    gevonden = [g for g in find(telling) if g.bevinding.code == "aantal_wijkt_af"]
    assert (gevonden == []) is klopt
    for bevinding in gevonden:
        assert bevinding.bevinding.tekst.startswith("Het indexbestand noemt 3 bladen.")
        assert bevinding.beeld == next(beeld.id for beeld in telling.beelden if not beeld.later)


@pytest.mark.parametrize("waar", [("=", "+a", "a"), ("a", "=", "+a"), ("=", "+a", "=", "+a"), ("=", "+=", "+a", "a")])
def test_a_sheet_of_which_a_side_was_scanned_again_is_whole(waar: tuple[str, ...]) -> None:
    """Beside another file of two sides: each of the two is even."""
    telling = leg(*waar, zijden=2)
    ander = [Geteldbeeld(uuid5(NAMEN, f"ander {n}"), uuid5(NAMEN, "ander"), 99, document=doc("b")) for n in range(2)]
    beelden = (*telling.beelden, *ander)
    assert list(find_tellingbevindingen(replace(telling, beelden=beelden, geteld=_balance(beelden)))) == []


def _balance(beelden: Sequence[Geteldbeeld]) -> tuple[int, int, int, int]:
    in_documenten = sum(beeld.document is not None for beeld in beelden)
    return len(beelden), in_documenten, 0, len(beelden) - in_documenten


@pytest.mark.parametrize("waar", [
    ("=", "+a"), ("=", "+=", "+a"), ("a", "=", "+a"), ("=", "+a", "a"), ("=", "+a", "=", "+a"), ("a", "=", "+=", "+a"),
])  # fmt: skip
def test_a_herscan_counts_for_the_file_of_the_page_whose_place_it_took(waar: tuple[str, ...]) -> None:
    """Also when that was the only page of its document, or each page is a file with a line of its own."""
    telling = leg(*waar, los=True)
    regels = {beeld.bron: 1 for beeld in telling.beelden if not beeld.later}
    assert [g for g in find(replace(telling, bladen_van_bron=regels)) if g.bevinding.code == "aantal_wijkt_af"] == []


def test_a_document_without_pages_is_not_asked_for_its_sheets() -> None:
    assert codes(leg("b", bladen={"a": 3})) == []


@pytest.mark.parametrize(("waar", "bladen", "tekst"), [
    ("aaa", 1, "Voor dit document is 1 blad opgegeven. Dat is 1 bladzijde, gescand: 3. Tel het papier na."),
    ("a", 2, "Voor dit document zijn 2 bladen opgegeven. Dat zijn 2 bladzijden, gescand: 1. "
             "Tel het papier na en scan wat ontbreekt."),
])  # fmt: skip
def test_a_message_says_who_declared_what_and_what_to_do(waar: str, bladen: int, tekst: str) -> None:
    (gevonden,) = find(leg(*waar, bladen={"a": bladen}))
    assert (gevonden.bevinding.tekst, gevonden.document) == (tekst, doc("a"))


def test_the_message_about_the_batch_says_that_scheidingsbladen_are_not_counted() -> None:
    (gevonden,) = find(leg("S", "a", batch=2))
    assert (gevonden.document, gevonden.beeld) == (None, None)
    assert gevonden.bevinding.tekst == (
        "Het Batchblad noemt 2 bladen, scheidingsbladen niet meegeteld. Dat zijn 2 bladzijden, gescand: 1. "
        "Tel het papier na en scan wat ontbreekt."
    )


@given(st.lists(st.sampled_from(["a", "b", "S", "-a", "=", "x", "+a", "+x"]), max_size=12), st.integers(-2, 2))
def test_the_balance_is_found_broken_exactly_when_it_is(waar: list[str], mis: int) -> None:
    telling = leg(*waar)
    ontvangen, *rest = telling.geteld
    telling = replace(telling, geteld=(ontvangen + mis, rest[0], rest[1], rest[2]))
    assert ("telling_sluit_niet" in codes(telling)) is (mis != 0)
