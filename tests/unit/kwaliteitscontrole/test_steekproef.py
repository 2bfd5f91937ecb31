"""The sample is as large as the standard says, drawn as described, and no softer than the besluit allows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import comb
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.errors import SteekproefError
from kwaliteitscontrole.steekproef import (
    GEEN_FOUT,
    Grens,
    Lotuitslag,
    Niveau,
    Steekproefplan,
    Strengheid,
    Trekkingsplan,
    Uitslag,
    build_trekkingsplan,
    build_zaad,
    draw_steekproef,
    find_strengheid,
    is_gestaakt,
    measure_keurkromme,
    read_codeletter,
    read_enkelvoudig,
)
from kwaliteitscontrole.steekproeftabel import AQLS, CODELETTERS, HOOFDTABELLEN, TABEL

NORMAAL, VERSCHERPT, VERLICHT = Strengheid.NORMAAL, Strengheid.VERSCHERPT, Strengheid.VERLICHT
KRITIEK, ERNSTIG, LICHT = Ernst.KRITIEK, Ernst.ERNSTIG, Ernst.LICHT
LETTERS = "ABCDEFGHJKLMNPQR"
REEKS = {  # the plans of a column from its smallest sample on (MIL-STD-105E, tables II-A, II-B, II-C)
    NORMAAL: ["0/1", "1/2", "2/3", "3/4", "5/6", "7/8", "10/11", "14/15", "21/22"],
    VERSCHERPT: ["0/1", "1/2", "2/3", "3/4", "5/6", "8/9", "12/13", "18/19"],
    VERLICHT: ["0/1", "0/2", "1/3", "1/4", "2/5", "3/6", "5/8", "7/10", "10/13"],
}
GEWOON = Steekproefplan(Niveau.II, Decimal("0.10"), Decimal("1.0"), Decimal("4.0"), verlicht_toegestaan=True)

aantallen = st.one_of(st.integers(1, 300), st.integers(1, 600_000))
strengheden = st.sampled_from(Strengheid)
aql_drietallen = st.lists(st.sampled_from(AQLS), min_size=3, max_size=3).map(sorted)
steekproefplannen = st.builds(
    lambda niveau, aqls: Steekproefplan(niveau, aqls[0], aqls[1], aqls[2], verlicht_toegestaan=True),
    st.sampled_from(Niveau),
    aql_drietallen,
)


def cel(strengheid: Strengheid, letter: str, aql: str) -> str:
    (rij,) = (rij for rij in HOOFDTABELLEN[strengheid] if rij.letter == letter)
    return rij.cellen[AQLS.index(Decimal(aql))]


def kolom(strengheid: Strengheid, plek: int) -> list[tuple[int, str]]:
    return [(rij.n, rij.cellen[plek]) for rij in HOOFDTABELLEN[strengheid]]


def plannen(strengheid: Strengheid) -> list[tuple[int, Decimal, Grens]]:
    return [
        (rij.n, aql, Grens(*map(int, inhoud.split("/"))))
        for rij in HOOFDTABELLEN[strengheid]
        for aql, inhoud in zip(AQLS, rij.cellen, strict=True)
        if "/" in inhoud
    ]


# The tables.


def test_a_changed_value_needs_another_version() -> None:
    inhoud = repr((AQLS, CODELETTERS, HOOFDTABELLEN)).encode()
    assert (TABEL, hashlib.sha256(inhoud).hexdigest()[:16]) == ("MIL-STD-105E/1", "a6b526a1f3ee1dfd")


@pytest.mark.parametrize(
    ("van", "tot", "letter", "n"),
    [
        (2, 8, "A", 2),
        (9, 15, "B", 3),
        (16, 25, "C", 5),
        (26, 50, "D", 8),
        (51, 90, "E", 13),
        (91, 150, "F", 20),
        (151, 280, "G", 32),
        (281, 500, "H", 50),
        (501, 1_200, "J", 80),
        (1_201, 3_200, "K", 125),
        (3_201, 10_000, "L", 200),
        (10_001, 35_000, "M", 315),
        (35_001, 150_000, "N", 500),
        (150_001, 500_000, "P", 800),
        (500_001, 10**9, "Q", 1250),
    ],
)
def test_level_two_has_the_letters_and_samples_of_the_standard(van: int, tot: int, letter: str, n: int) -> None:
    assert read_codeletter(Niveau.II, van) == read_codeletter(Niveau.II, tot) == letter
    assert [rij.n for rij in HOOFDTABELLEN[NORMAAL] if rij.letter == letter] == [n]


def test_level_three_is_one_letter_above_level_two() -> None:
    for _, letters in CODELETTERS:
        assert letters["III"] == LETTERS[LETTERS.index(letters["II"]) + 1]


@pytest.mark.parametrize(
    ("niveau", "letters"),
    [
        ("S-1", "AAAABBBBCCCCDDD"),
        ("S-2", "AAABBBCCCDDDEEE"),
        ("S-3", "AABBCCDDEEFFGGH"),
        ("S-4", "AABCCDEEFGGHJJK"),
        ("I", "AABCCDEFGHJKLMN"),
    ],
)
def test_the_other_levels_have_the_letters_of_table_one(niveau: str, letters: str) -> None:
    assert "".join(rij[niveau] for _, rij in CODELETTERS) == letters


def test_levels_never_ask_less_for_a_larger_lot_nor_for_a_higher_level() -> None:
    for niveau in Niveau:
        reeks = [LETTERS.index(letters[niveau]) for _, letters in CODELETTERS]
        assert reeks == sorted(reeks)
    for _, letters in CODELETTERS:
        rij = [letters[niveau] for niveau in ("S-1", "S-2", "S-3", "S-4", "I", "II", "III")]
        assert rij == sorted(rij)


def test_sample_sizes_are_those_of_the_standard() -> None:
    normaal = [2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000]
    assert [rij.n for rij in HOOFDTABELLEN[NORMAAL]] == normaal
    assert [rij.n for rij in HOOFDTABELLEN[VERSCHERPT]] == [*normaal, 3150]
    assert [rij.n for rij in HOOFDTABELLEN[VERLICHT]] == [2, 2, *normaal[:-2]]  # two letters smaller, never below 2
    for strengheid in Strengheid:
        assert "".join(rij.letter for rij in HOOFDTABELLEN[strengheid])[:16] == LETTERS


@pytest.mark.parametrize("strengheid", Strengheid)
@pytest.mark.parametrize("plek", range(16))
def test_a_column_holds_the_series_of_the_standard_from_its_first_plan_on(strengheid: Strengheid, plek: int) -> None:
    inhoud = [waarde for _, waarde in kolom(strengheid, plek) if "/" in waarde]
    reeks = REEKS[strengheid]
    begin = reeks.index(inhoud[0])
    # Only AQL 10 misses its plan for Ac 0: that sample would be smaller than 2.
    assert begin == (1 if AQLS[plek] == 10 else 0)
    assert inhoud == reeks[begin : begin + len(inhoud)]


@pytest.mark.parametrize("strengheid", Strengheid)
def test_one_letter_further_and_one_aql_stricter_is_the_same_plan(strengheid: Strengheid) -> None:
    rijen = HOOFDTABELLEN[strengheid][:16]
    for boven, onder in pairwise(rijen):
        for rechts in range(1, 16):
            if "/" in boven.cellen[rechts]:
                assert onder.cellen[rechts - 1] == boven.cellen[rechts], (boven.letter, AQLS[rechts])


@pytest.mark.parametrize("strengheid", [NORMAAL, VERLICHT])
def test_between_the_first_two_plans_stands_an_arrow_up_and_then_one_down(strengheid: Strengheid) -> None:
    for plek in range(15):
        inhoud = [waarde for _, waarde in kolom(strengheid, plek)]
        eerste = inhoud.index("0/1")
        assert set(inhoud[:eerste]) <= {"v"}
        tweede = [waarde for waarde in inhoud[eerste + 1 :] if "/" in waarde][:1]
        verwacht = ["^", "v", *tweede] if tweede else ["^"] * len(inhoud[eerste + 1 :])
        assert inhoud[eerste + 1 : eerste + 1 + len(verwacht)] == verwacht


def test_tightened_goes_down_after_its_first_plan_and_never_back_up_to_a_smaller_sample() -> None:
    for plek in range(2, 15):
        inhoud = [waarde for _, waarde in kolom(VERSCHERPT, plek)]
        eerste = inhoud.index("0/1")
        assert inhoud[eerste : eerste + 4] == ["0/1", "v", "v", "1/2"]


@pytest.mark.parametrize("strengheid", Strengheid)
@pytest.mark.parametrize("plek", range(16))
def test_under_the_last_plan_of_a_column_every_arrow_points_up(strengheid: Strengheid, plek: int) -> None:
    inhoud = [waarde for _, waarde in kolom(strengheid, plek)]
    laatste = max(rij for rij, waarde in enumerate(inhoud) if "/" in waarde)
    assert set(inhoud[laatste + 1 :]) <= {"^", "."}


def test_tightened_is_the_normal_plan_of_one_aql_stricter_up_to_five() -> None:
    gelijk = {"0/1", "1/2", "2/3", "3/4", "5/6"}
    for normaal, verscherpt in zip(HOOFDTABELLEN[NORMAAL], HOOFDTABELLEN[VERSCHERPT][:16], strict=True):
        for plek in range(1, 16):
            if normaal.letter == "A" and AQLS[plek] == 10:
                assert verscherpt.cellen[plek] == "v"  # the one plan that tightened leaves out
            elif normaal.cellen[plek - 1] in gelijk:
                assert verscherpt.cellen[plek] == normaal.cellen[plek - 1]
            else:
                assert verscherpt.cellen[plek] not in gelijk


def test_reduced_stands_where_normal_stands() -> None:
    vertaling = dict(zip(REEKS[NORMAAL], REEKS[VERLICHT], strict=True)) | {"v": "v", "^": "^"}
    for normaal, verlicht in zip(HOOFDTABELLEN[NORMAAL], HOOFDTABELLEN[VERLICHT], strict=True):
        assert [vertaling[waarde] for waarde in normaal.cellen] == list(verlicht.cellen)


def test_only_reduced_has_a_gap_and_never_at_the_first_plan() -> None:
    for strengheid in (NORMAAL, VERSCHERPT):
        assert all(grens.afkeurgetal == grens.goedkeurgetal + 1 for _, _, grens in plannen(strengheid))
    for _, aql, grens in plannen(VERLICHT):
        assert (grens.afkeurgetal - grens.goedkeurgetal > 1) == (grens != GEEN_FOUT), aql


@pytest.mark.parametrize(
    ("strengheid", "letter", "aql", "inhoud"),
    [
        (NORMAAL, "J", "0.65", "1/2"),  # domein, point 41
        (NORMAAL, "K", "0.65", "2/3"),
        (NORMAAL, "L", "0.65", "3/4"),
        (NORMAAL, "J", "1.0", "2/3"),
        (NORMAAL, "K", "1.0", "3/4"),
        (NORMAAL, "L", "1.0", "5/6"),
        (NORMAAL, "J", "1.5", "3/4"),
        (NORMAAL, "L", "2.5", "10/11"),
        (NORMAAL, "A", "6.5", "0/1"),
        (NORMAAL, "Q", "0.010", "0/1"),
        (VERSCHERPT, "F", "1.0", "0/1"),
        (VERSCHERPT, "J", "1.0", "1/2"),
        (VERSCHERPT, "K", "0.65", "1/2"),
        (VERSCHERPT, "K", "6.5", "12/13"),
        (VERSCHERPT, "S", "0.025", "1/2"),
        (VERLICHT, "H", "1.0", "0/2"),
        (VERLICHT, "K", "1.0", "1/4"),
        (VERLICHT, "K", "10", "10/13"),
    ],
)
def test_known_plans(strengheid: Strengheid, letter: str, aql: str, inhoud: str) -> None:
    assert cel(strengheid, letter, aql) == inhoud


@pytest.mark.parametrize(
    ("letter", "aql", "strengheid", "n", "grens"),
    [
        ("B", "1.5", NORMAAL, 8, Grens(0, 1)),  # down past C
        ("F", "1.0", NORMAAL, 13, Grens(0, 1)),  # up to E
        ("G", "1.0", NORMAAL, 50, Grens(1, 2)),  # down to H
        ("A", "10", NORMAAL, 5, Grens(1, 2)),  # above it there is no plan
        ("R", "10", NORMAAL, 125, Grens(21, 22)),  # up from the end of the column
        ("G", "1.0", VERSCHERPT, 80, Grens(1, 2)),  # tightened never goes back up to F
        ("R", "0.025", VERSCHERPT, 3150, Grens(1, 2)),
        ("G", "1.0", VERLICHT, 20, Grens(0, 2)),
    ],
)
def test_an_arrow_brings_its_own_sample_size(
    letter: str, aql: str, strengheid: Strengheid, n: int, grens: Grens
) -> None:
    assert read_enkelvoudig(letter, Decimal(aql), strengheid) == (n, grens)


def test_no_arrow_points_out_of_the_table() -> None:
    for strengheid in Strengheid:
        assert "^" not in HOOFDTABELLEN[strengheid][0].cellen
        assert "v" not in HOOFDTABELLEN[strengheid][-1].cellen
    *_, letter_s = HOOFDTABELLEN[VERSCHERPT]
    assert letter_s.cellen == (".", ".", "1/2", *["."] * 13)  # there for one plan only


@pytest.mark.parametrize("strengheid", Strengheid)
@pytest.mark.parametrize("letter", LETTERS)
def test_every_arrow_ends_at_a_plan(strengheid: Strengheid, letter: str) -> None:
    for aql in AQLS:
        n, grens = read_enkelvoudig(letter, aql, strengheid)
        assert (n, aql, grens) in plannen(strengheid)


@pytest.mark.parametrize(("letter", "aql"), [("I", "1.0"), ("A", "0.5"), ("", "1.0"), ("A", "15")])
def test_what_is_not_in_the_table_is_refused(letter: str, aql: str) -> None:
    with pytest.raises(SteekproefError):
        read_enkelvoudig(letter, Decimal(aql), NORMAAL)


def test_a_lot_at_its_aql_is_accepted_as_often_as_the_standard_promises() -> None:
    grenzen = {  # goedkeurgetal: the least and the most often that a lot at its AQL may pass, normal inspection
        0: (0.87, 0.89),
        1: (0.90, 0.92),
        2: (0.95, 0.97),
        3: (0.95, 0.97),
        5: (0.98, 0.99),
        7: (0.98, 0.99),
        10: (0.98, 0.995),
        14: (0.98, 0.995),
        21: (0.98, 0.995),
    }
    for n, aql, grens in plannen(NORMAAL):
        laagst, hoogst = grenzen[grens.goedkeurgetal]
        assert laagst <= measure_keurkromme(n, grens.goedkeurgetal, float(aql) / 100) <= hoogst, (n, aql)


def test_tightened_passes_less_than_normal_and_reduced_more() -> None:
    for letter in LETTERS:
        for aql in AQLS:
            p = float(aql) / 100
            kansen = []
            for strengheid in (VERSCHERPT, NORMAAL, VERLICHT):
                n, grens = read_enkelvoudig(letter, aql, strengheid)
                kansen.append(measure_keurkromme(n, grens.afkeurgetal - 1, 4 * p))
            assert kansen == sorted(kansen), (letter, aql)


# The operating characteristic.


@pytest.mark.parametrize(
    ("ac", "np_95", "np_10"),
    [  # unity values: n x p at which a lot passes 95 % and 10 % of the time (Cameron, 1952)
        (0, 0.0513, 2.303),
        (1, 0.355, 3.890),
        (2, 0.818, 5.322),
        (3, 1.366, 6.681),
        (5, 2.613, 9.275),
        (7, 3.981, 11.771),
        (10, 6.169, 15.407),
        (14, 9.246, 20.128),
    ],
)
def test_the_curve_passes_through_the_published_points(ac: int, np_95: float, np_10: float) -> None:
    n = 1_000_000
    assert measure_keurkromme(n, ac, np_95 / n) == pytest.approx(0.95, abs=5e-4)
    assert measure_keurkromme(n, ac, np_10 / n) == pytest.approx(0.10, abs=5e-4)


@given(st.integers(1, 60), st.integers(0, 60), st.fractions(0, 1, max_denominator=40))
def test_the_curve_is_the_exact_binomial_sum(n: int, ac: int, p: Fraction) -> None:
    kans = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(min(ac, n) + 1))
    assert measure_keurkromme(n, ac, float(p)) == pytest.approx(float(kans), abs=1e-10)


@pytest.mark.parametrize(("n", "ac", "p"), [(0, 0, 0.5), (5, -1, 0.5), (5, 0, -0.1), (5, 0, 1.1), (5, 0, float("nan"))])
def test_no_curve_for_what_is_no_sample(n: int, ac: int, p: float) -> None:
    with pytest.raises(SteekproefError):
        measure_keurkromme(n, ac, p)


# The plan of a lot.


def test_one_sample_size_serves_all_classes() -> None:
    plan = build_trekkingsplan(GEWOON, 2_000, NORMAAL)
    assert (plan.n, plan.alles, plan.tabel) == (125, False, "MIL-STD-105E/1")
    assert plan.grenzen == {KRITIEK: Grens(0, 1), ERNSTIG: Grens(3, 4), LICHT: Grens(10, 11)}


def test_the_largest_sample_wins_and_the_other_classes_are_judged_by_its_row() -> None:
    plan = build_trekkingsplan(GEWOON, 600, NORMAAL)  # J is 80, but AQL 0.10 points down to K: 125
    assert (plan.n, plan.grenzen[ERNSTIG]) == (125, Grens(3, 4))


@pytest.mark.parametrize(("kritiek", "n"), [("0.65", 20), ("0.40", 32)])
def test_an_arrow_at_the_row_of_the_sample_never_softens_a_class(kritiek: str, n: int) -> None:
    plan = Steekproefplan(Niveau.II, Decimal(kritiek), Decimal("1.0"), Decimal("1.0"))
    gebouwd = build_trekkingsplan(plan, 80, NORMAAL)  # letter E: ernstig has 13 and 0/1 of its own
    assert (gebouwd.n, gebouwd.grenzen[ERNSTIG]) == (n, Grens(0, 1))


def test_below_the_end_of_a_column_the_aql_itself_is_the_limit() -> None:
    plan = Steekproefplan(Niveau.II, Decimal("0.010"), Decimal("1.0"), Decimal("4.0"))
    gebouwd = build_trekkingsplan(plan, 5_000, NORMAAL)
    assert gebouwd.n == 1250
    assert gebouwd.grenzen[ERNSTIG] == Grens(21, 22)  # the column of 1.0 reaches this row
    assert gebouwd.grenzen[LICHT] == Grens(50, 51)  # that of 4.0 ended at 315 with 21/22


@pytest.mark.parametrize("strengheid", Strengheid)
def test_when_the_sample_reaches_the_lot_all_is_looked_at_and_no_more_may_be_wrong_than_the_aql(
    strengheid: Strengheid,
) -> None:
    plan = replace(GEWOON, aql_kritiek=Decimal("0.010"), aql_ernstig=Decimal("2.5"), aql_licht=Decimal("10"))
    gebouwd = build_trekkingsplan(plan, 119, strengheid)
    assert gebouwd.alles
    assert gebouwd.grenzen == {KRITIEK: Grens(0, 1), ERNSTIG: Grens(2, 3), LICHT: Grens(11, 12)}


def test_a_lot_of_exactly_the_sample_is_looked_at_whole_and_one_page_more_is_not() -> None:
    assert build_trekkingsplan(GEWOON, 125, NORMAAL).alles
    assert not build_trekkingsplan(GEWOON, 126, NORMAAL).alles


@given(aantallen)
def test_a_besluit_that_asks_all_gets_all_and_forgives_nothing(aantal: int) -> None:
    gebouwd = build_trekkingsplan(Steekproefplan(), aantal, NORMAAL)
    assert gebouwd.n == aantal
    assert set(gebouwd.grenzen.values()) == {GEEN_FOUT}


def test_a_besluit_that_asks_all_may_give_light_faults_a_share() -> None:
    gebouwd = build_trekkingsplan(Steekproefplan(aql_licht=Decimal("2.5")), 200, NORMAAL)
    assert (gebouwd.grenzen[ERNSTIG], gebouwd.grenzen[LICHT]) == (Grens(0, 1), Grens(5, 6))


@given(steekproefplannen, aantallen, strengheden)
def test_no_class_gets_a_smaller_sample_than_its_own_plan_or_a_kritieke_fout(
    plan: Steekproefplan, aantal: int, strengheid: Strengheid
) -> None:
    gebouwd = build_trekkingsplan(plan, aantal, strengheid)
    assert plan.niveau is not None
    letter = read_codeletter(plan.niveau, aantal)
    eigen = [read_enkelvoudig(letter, aql, strengheid)[0] for aql in map(plan.aql, Ernst) if aql is not None]
    assert gebouwd.n == min(aantal, max(eigen))
    assert gebouwd.grenzen[KRITIEK] == GEEN_FOUT
    assert gebouwd.grenzen[ERNSTIG].goedkeurgetal <= gebouwd.grenzen[LICHT].goedkeurgetal
    gat = any(grens.afkeurgetal > grens.goedkeurgetal + 1 for grens in gebouwd.grenzen.values())
    assert not gat or (strengheid is VERLICHT and not gebouwd.alles)


@settings(max_examples=400)
@given(steekproefplannen, aantallen, strengheden, st.sampled_from([ERNSTIG, LICHT]))
def test_a_bad_lot_passes_no_easier_than_under_the_own_plan_of_the_class(
    plan: Steekproefplan, aantal: int, strengheid: Strengheid, ernst: Ernst
) -> None:
    gebouwd = build_trekkingsplan(plan, aantal, strengheid)
    aql = plan.aql(ernst)
    assert aql is not None
    assert plan.niveau is not None
    if gebouwd.alles:  # nothing is estimated: the whole lot is at most as bad as its AQL
        assert gebouwd.grenzen[ernst].goedkeurgetal * 100 <= aql * aantal
        return
    # In table II-C itself the plans of 3 and 5 are milder than that of 2: its samples do not shrink below 2.
    assume(strengheid is not VERLICHT or gebouwd.n >= 8)
    n, grens = read_enkelvoudig(read_codeletter(plan.niveau, aantal), aql, strengheid)
    slecht = find_foutaandeel(n, grens.afkeurgetal - 1, kans=0.10)
    assert measure_keurkromme(gebouwd.n, gebouwd.grenzen[ernst].afkeurgetal - 1, slecht) <= 0.10 + 1e-6


def find_foutaandeel(n: int, ac: int, *, kans: float) -> float:
    """Return the share of faulty items at which a lot passes with this probability."""
    laag, hoog = 0.0, 1.0
    for _ in range(60):
        midden = (laag + hoog) / 2
        laag, hoog = (midden, hoog) if measure_keurkromme(n, ac, midden) > kans else (laag, midden)
    return hoog


@pytest.mark.parametrize(
    "delen",
    [
        {"niveau": Niveau.II},
        {"niveau": Niveau.II, "aql_kritiek": Decimal("0.10"), "aql_ernstig": Decimal("1.0")},
        {"niveau": Niveau.II, "aql_ernstig": Decimal("1.0"), "aql_licht": Decimal("4.0")},
        {"aql_kritiek": Decimal("0.10")},
        {"aql_licht": Decimal("0.5")},
        {"aql_licht": Decimal("15")},
        {"aql_ernstig": Decimal("4.0"), "aql_licht": Decimal("1.0")},
        {"verlicht_toegestaan": True},
    ],
)
def test_a_besluit_that_contradicts_itself_is_refused(delen: dict[str, Any]) -> None:
    with pytest.raises(SteekproefError):
        Steekproefplan(**delen)


def test_a_kritieke_fout_may_not_have_a_wider_aql_than_an_ernstige() -> None:
    with pytest.raises(SteekproefError, match="zwaardere fout"):
        Steekproefplan(Niveau.II, Decimal("4.0"), Decimal("1.0"), Decimal("6.5"))


@pytest.mark.parametrize("aantal", [0, -1])
def test_an_empty_lot_has_no_plan(aantal: int) -> None:
    with pytest.raises(SteekproefError, match="geen pagina's"):
        build_trekkingsplan(GEWOON, aantal, NORMAAL)


def test_reduced_inspection_needs_the_permission_of_the_besluit() -> None:
    with pytest.raises(SteekproefError, match="vervangingsbesluit"):
        build_trekkingsplan(replace(GEWOON, verlicht_toegestaan=False), 2_000, VERLICHT)
    assert build_trekkingsplan(GEWOON, 2_000, VERLICHT).n == 50


@pytest.mark.parametrize(
    ("n", "grenzen"),
    [
        (0, dict.fromkeys(Ernst, GEEN_FOUT)),
        (11, dict.fromkeys(Ernst, GEEN_FOUT)),
        (5, {KRITIEK: GEEN_FOUT, ERNSTIG: GEEN_FOUT}),
        (5, {KRITIEK: Grens(1, 2), ERNSTIG: GEEN_FOUT, LICHT: GEEN_FOUT}),
        (5, {KRITIEK: Grens(0, 2), ERNSTIG: GEEN_FOUT, LICHT: GEEN_FOUT}),
    ],
)
def test_no_plan_exists_that_accepts_a_kritieke_fout_or_forgets_a_class(n: int, grenzen: dict[Ernst, Grens]) -> None:
    with pytest.raises(SteekproefError):
        Trekkingsplan(10, n, NORMAAL, grenzen)


@pytest.mark.parametrize(("ac", "re"), [(-1, 0), (1, 1), (2, 1)])
def test_a_limit_that_accepts_and_rejects_the_same_count_does_not_exist(ac: int, re: int) -> None:
    with pytest.raises(SteekproefError):
        Grens(ac, re)


# The draw. The vectors were made by a program in another language, written from the docstring alone.

ZAAD = bytes(range(32))


@pytest.mark.parametrize(
    ("aantal", "n", "zaad", "getrokken"),
    [
        (10, 3, bytes(32), (1, 3, 8)),
        (10, 3, ZAAD, (1, 3, 5)),
        (1000, 13, ZAAD, (68, 145, 163, 221, 310, 327, 346, 508, 908, 963, 966, 993, 995)),
        (2, 1, bytes(32), (0,)),
        (  # here a word is thrown away: without that step other numbers come out
            2**63 + 1,
            5,
            ZAAD,
            (
                914834928846711298,
                4092613261126186783,
                4202670891352354797,
                4463564261069157587,
                6945047847015946123,
            ),
        ),
        (2**64, 2, ZAAD, (4092613261126186784, 12238220826280364221)),
    ],
)
def test_the_draw_can_be_done_again_elsewhere(aantal: int, n: int, zaad: bytes, getrokken: tuple[int, ...]) -> None:
    assert draw_steekproef(aantal, n, zaad) == getrokken


def redo(aantal: int, n: int, zaad: bytes) -> tuple[int, ...]:
    """The docstring, step by step, with the whole row written out."""
    woorden = [
        int.from_bytes(hashlib.sha256(zaad + k.to_bytes(8, "big")).digest()[plek : plek + 8], "big")
        for k in range(n)
        for plek in (0, 8, 16, 24)
    ]
    rij = list(range(aantal))
    for i in range(n):
        m = aantal - i
        while (woord := woorden.pop(0)) >= 2**64 - 2**64 % m:
            pass
        j = woord % m
        rij[i], rij[i + j] = rij[i + j], rij[i]
    return tuple(sorted(rij[:n]))


@given(st.integers(1, 400), st.integers(1, 400), st.binary(min_size=32, max_size=32))
def test_a_draw_is_n_different_places_of_the_lot_in_order(aantal: int, n: int, zaad: bytes) -> None:
    getrokken = draw_steekproef(aantal, n, zaad)
    assert len(getrokken) == min(aantal, n)
    assert list(getrokken) == sorted(set(getrokken))
    assert set(getrokken) <= set(range(aantal))
    if n < aantal:
        assert getrokken == redo(aantal, n, zaad)


@pytest.mark.parametrize("n", [7, 8, 1000])
def test_a_sample_that_reaches_the_lot_is_the_lot(n: int) -> None:
    assert draw_steekproef(7, n, ZAAD) == (0, 1, 2, 3, 4, 5, 6)


def test_every_set_of_pages_is_equally_likely() -> None:
    keer = 12_000
    geteld = Counter(draw_steekproef(6, 3, hashlib.sha256(b"%d" % k).digest()) for k in range(keer))
    assert len(geteld) == comb(6, 3)
    verwacht = keer / comb(6, 3)
    chi_kwadraat = sum((aantal - verwacht) ** 2 / verwacht for aantal in geteld.values())
    assert chi_kwadraat < 43.8  # 19 degrees of freedom, 1 in 1,000; the seeds are fixed, so this never flickers


def test_no_page_of_a_batch_is_out_of_reach() -> None:
    gezien = {plek for k in range(2_000) for plek in draw_steekproef(126, 13, hashlib.sha256(b"%d" % k).digest())}
    assert gezien == set(range(126))


@pytest.mark.parametrize(
    ("aantal", "n", "zaad"),
    [
        (10, 3, b""),
        (10, 3, bytes(31)),
        (10, 3, bytes(33)),
        (5, 9, b"kort"),
        (10, 0, ZAAD),
        (0, 1, ZAAD),
        (-1, 1, ZAAD),
        (2**64 + 1, 1, ZAAD),
    ],
)
def test_no_draw_without_a_whole_seed_and_a_lot(aantal: int, n: int, zaad: bytes) -> None:
    with pytest.raises(SteekproefError):
        draw_steekproef(aantal, n, zaad)


def test_the_seed_is_what_its_docstring_says() -> None:
    batch = UUID("01234567-89ab-4cde-8f01-23456789abcd")
    zaad = build_zaad(b"\xab" * 32, batch)
    assert zaad.hex() == "578142c0e3904737e2d08ba82f79f7d1c22513906b33b3a343ce2db91d876ca6"


@given(st.binary(min_size=32, max_size=32), st.uuids(), st.integers(0, 255))
def test_another_root_or_batch_gives_another_seed(wortel: bytes, batch: UUID, bit: int) -> None:
    zaad = build_zaad(wortel, batch)
    ander = bytearray(wortel)
    ander[bit // 8] ^= 1 << bit % 8
    assert build_zaad(bytes(ander), batch) != zaad
    assert build_zaad(wortel, UUID(int=batch.int ^ (1 << bit % 128))) != zaad


@pytest.mark.parametrize("lengte", [0, 31, 33, 64])
def test_a_root_that_is_no_root_gives_no_seed(lengte: int) -> None:
    with pytest.raises(SteekproefError):
        build_zaad(bytes(lengte), UUID(int=1))


# Switching.


def leg(tekst: str) -> list[Lotuitslag]:
    """Return a history, one word per lot: n(ormaal), v(erscherpt) or l(icht), then + accepted, - rejected, ~ in the
    gap; "h" behind it: a herkeuring. "v+*5" is five of them.
    """
    historie = []
    for woord in tekst.split():
        lot, _, keer = woord.partition("*")
        strengheid = {"n": NORMAAL, "v": VERSCHERPT, "l": VERLICHT}[lot[0]]
        uitslag = Uitslag.AFGEKEURD if lot[1] == "-" else Uitslag.GOEDGEKEURD
        historie += [Lotuitslag(uitslag, strengheid, lot[1] == "~", lot.endswith("h"))] * int(keer or 1)
    return historie


@pytest.mark.parametrize(
    ("historie", "strengheid"),
    [
        ("", NORMAAL),
        ("n-", NORMAAL),
        ("n- n-", VERSCHERPT),
        ("n- n+*3 n-", VERSCHERPT),  # 2 of 5
        ("n- n+*4 n-", NORMAAL),  # 2 of 6
        ("n+*9 n- n-", VERSCHERPT),
        ("n- n-h", NORMAAL),  # a herkeuring does not count, in either direction
        ("n- n+h*4 n-", VERSCHERPT),
        ("n- n- v+*4", VERSCHERPT),
        ("n- n- v+*5", NORMAAL),
        ("n- n- v+*4 v- v+*4", VERSCHERPT),
        ("n- n- v+*4 v- v+*5", NORMAAL),
        ("n- n- v+*5 n-", NORMAAL),  # counting starts afresh
        ("n- n- v+*5 n- n-", VERSCHERPT),
        ("n- n- n+*5", VERSCHERPT),  # drawn before the switch: not in favour
        ("n- n- v+*4 n- v+", VERSCHERPT),  # but a rejection breaks the row
        ("n- l+*4 n-", VERSCHERPT),  # accepted under another strengheid thins nothing out
        ("n+*100", NORMAAL),
    ],
)
def test_without_permission_only_normal_and_tightened_follow_each_other(historie: str, strengheid: Strengheid) -> None:
    assert find_strengheid(leg(historie)) is strengheid


@pytest.mark.parametrize(
    ("historie", "strengheid"),
    [
        ("n+*9", NORMAAL),
        ("n+*10", VERLICHT),
        ("n+*9 n+h", NORMAAL),
        ("n+*9 n- n+*9", NORMAAL),
        ("n+*9 n- n+*10", VERLICHT),
        ("n+*5 v+*5", NORMAAL),  # ten accepted, but not on normal
        ("n+*10 l+*50", VERLICHT),
        ("n+*10 l-", NORMAAL),
        ("n+*10 l~", NORMAAL),
        ("n+*10 n-", NORMAAL),  # an overlapping lot, rejected
        ("n+*10 l- n+*9", NORMAAL),
        ("n+*10 l- n+*10", VERLICHT),
        ("n+*10 l~ n- n-", VERSCHERPT),
        ("n- n- v+*5 n+*10", VERLICHT),
        ("n- n- v+*10", NORMAAL),  # never from tightened to reduced at once
    ],
)
def test_with_permission_ten_good_lots_lead_to_reduced_and_the_first_doubt_back(
    historie: str, strengheid: Strengheid
) -> None:
    assert find_strengheid(leg(historie), verlicht_toegestaan=True) is strengheid


@pytest.mark.parametrize(
    ("historie", "gestaakt"),
    [
        ("n-*2 v-*4", False),
        ("n-*2 v-*5", True),
        ("n-*2 v- v+*4 v- v+*4 v- v+*4 v- v+*4 v-", True),  # five in one stretch, not five in a row
        ("n-*2 v-*4 v+*5 n-*2 v-", False),  # back on normal between: a new stretch
        ("n-*2 v-*4 v-h", False),
        ("n-*2 v-*5 v+*5", True),  # it stays so until people act
        ("n-*6", False),
        ("n-*7", True),  # rejected lots that overlapped the switch count against
    ],
)
def test_five_rejected_on_tightened_stop_the_work(historie: str, gestaakt: bool) -> None:
    assert is_gestaakt(leg(historie)) is gestaakt
    if gestaakt:
        assert find_strengheid(leg(historie)) is VERSCHERPT


def test_after_a_standstill_work_begins_tightened() -> None:
    assert find_strengheid(leg("v+*4"), begin=VERSCHERPT) is VERSCHERPT
    assert find_strengheid(leg("v+*5"), begin=VERSCHERPT) is NORMAAL
    assert not is_gestaakt(leg("v-*4"), begin=VERSCHERPT)
    assert is_gestaakt(leg("v-*5"), begin=VERSCHERPT)


@st.composite
def historieen(draw: st.DrawFn) -> Sequence[Lotuitslag]:
    woorden = st.sampled_from(["n+", "n+*5", "n+*10", "n-", "v+", "v+*5", "v-", "l+", "l-", "l~"])
    return leg(" ".join(draw(st.lists(woorden, max_size=25))))


@given(historieen(), st.booleans(), st.data())
def test_a_herkeuring_anywhere_changes_nothing(
    historie: Sequence[Lotuitslag], verlicht: bool, data: st.DataObject
) -> None:
    herkeurd = leg(data.draw(st.sampled_from(["n+h*10", "n-h*2", "v+h*5", "v-h*5", "l-h", "l~h"])))
    plek = data.draw(st.integers(0, len(historie)))
    met = [*historie[:plek], *herkeurd, *historie[plek:]]
    assert find_strengheid(met, verlicht_toegestaan=verlicht) is find_strengheid(historie, verlicht_toegestaan=verlicht)
    assert is_gestaakt(met, verlicht_toegestaan=verlicht) is is_gestaakt(historie, verlicht_toegestaan=verlicht)


@given(historieen())
def test_reduced_never_follows_without_permission_nor_after_a_doubtful_lot(historie: Sequence[Lotuitslag]) -> None:
    assert find_strengheid(historie) is not VERLICHT
    assert find_strengheid(historie, begin=VERLICHT) is not VERLICHT  # the permission was withdrawn
    for slecht in leg("n- v- l-"):
        assert find_strengheid([*historie, slecht], verlicht_toegestaan=True) is not VERLICHT
    assert find_strengheid([*historie, *leg("l~")], verlicht_toegestaan=True) is not VERLICHT


@given(historieen(), st.booleans())
def test_a_standstill_is_never_lifted_by_later_lots(historie: Sequence[Lotuitslag], verlicht: bool) -> None:
    stil = [is_gestaakt(historie[:tot], verlicht_toegestaan=verlicht) for tot in range(len(historie) + 1)]
    assert stil == sorted(stil)


@pytest.mark.parametrize(("uitslag", "strengheid"), [(Uitslag.AFGEKEURD, VERLICHT), (Uitslag.GOEDGEKEURD, NORMAAL)])
def test_a_gap_exists_only_for_an_accepted_lot_under_reduced(uitslag: Uitslag, strengheid: Strengheid) -> None:
    with pytest.raises(SteekproefError):
        Lotuitslag(uitslag, strengheid, gat=True)
