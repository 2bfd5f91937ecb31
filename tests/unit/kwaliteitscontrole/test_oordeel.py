"""Nothing is approved unseen, and no fault is talked away."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.errors import OordeelError
from kwaliteitscontrole.oordeel import FOUTEN, Item, Oordeel, Paginaoordeel, check_batch
from kwaliteitscontrole.steekproef import GEEN_FOUT, Grens, Strengheid, Trekkingsplan, Uitslag

KRITIEK, ERNSTIG, LICHT = Ernst.KRITIEK, Ernst.ERNSTIG, Ernst.LICHT
DOCUMENT = UUID(int=1)
GOEDGEKEURD, AFGEKEURD = Uitslag.GOEDGEKEURD, Uitslag.AFGEKEURD

foutenlijsten = st.lists(st.sampled_from(sorted(FOUTEN)), max_size=4).map(tuple)


EEN, TWEE = Grens(1, 2), Grens(2, 3)


def plan(n: int, *, ernstig: Grens = EEN, licht: Grens = TWEE) -> Trekkingsplan:
    return Trekkingsplan(100, n, Strengheid.NORMAAL, {KRITIEK: GEEN_FOUT, ERNSTIG: ernstig, LICHT: licht})


def verlicht(n: int) -> Trekkingsplan:
    grenzen = {KRITIEK: GEEN_FOUT, ERNSTIG: Grens(1, 4), LICHT: Grens(2, 5)}
    return Trekkingsplan(100, n, Strengheid.VERLICHT, grenzen)


def items(*paginas: int) -> list[Item]:
    return [Item(DOCUMENT, pagina) for pagina in paginas]


def beoordeel(*fouten: str | tuple[str, ...], vanaf: int = 1) -> list[Paginaoordeel]:
    """Return a judgement per page, from page `vanaf` on: one code, several, or "" for a good page."""
    codes = [(fout,) if isinstance(fout, str) and fout else tuple(fout) for fout in fouten]
    return [Paginaoordeel(DOCUMENT, pagina, code) for pagina, code in enumerate(codes, start=vanaf)]


def check(
    welk: Trekkingsplan, *fouten: str | tuple[str, ...], gemarkeerd: Sequence[str | tuple[str, ...]] = ()
) -> Oordeel:
    """Judge pages 1 to n as drawn, and flagged pages from 51 on."""
    vlaggen = beoordeel(*gemarkeerd, vanaf=51)
    getrokken = beoordeel(*fouten)
    return check_batch(
        welk, [pagina.item for pagina in getrokken], [vlag.item for vlag in vlaggen], [*getrokken, *vlaggen]
    )


def test_every_fault_has_its_class_and_a_label() -> None:
    per_ernst = {ernst: {code for code, fout in FOUTEN.items() if fout.ernst is ernst} for ernst in Ernst}
    assert per_ernst == {
        KRITIEK: {
            "ontbrekende_pagina",
            "verkeerde_volgorde",
            "onleesbaar",
            "verkeerd_gesplitst",
            "verkeerde_zaak",
            "bestand_ongeldig",
        },
        ERNSTIG: {"afgesneden", "verkeerde_kleurmodus", "streep_over_tekst", "verkeerde_metagegevens"},
        LICHT: {"scheef", "randschaduw", "blanco_bewaard"},
    }
    assert len({fout.label for fout in FOUTEN.values()}) == len(FOUTEN)
    assert all(fout.code == code and fout.label for code, fout in FOUTEN.items())


def test_a_batch_without_faults_is_approved_without_reasons() -> None:
    assert check(plan(3), "", "", "") == Oordeel(GOEDGEKEURD, {KRITIEK: 0, ERNSTIG: 0, LICHT: 0}, (), gat=False)


@pytest.mark.parametrize("code", [code for code, fout in FOUTEN.items() if fout.ernst is KRITIEK])
def test_one_kritieke_fout_rejects(code: str) -> None:
    oordeel = check(plan(3), "", code, "")
    assert (oordeel.uitslag, oordeel.aantallen[KRITIEK]) == (AFGEKEURD, 1)
    assert oordeel.redenen == (
        "In de steekproef van 3 is op 1 pagina een kritieke fout gevonden; vanaf 1 wordt de batch afgekeurd.",
    )


@pytest.mark.parametrize(
    ("fouten", "uitslag"),
    [
        (["afgesneden", "", "", ""], GOEDGEKEURD),
        (["afgesneden", "streep_over_tekst", "", ""], AFGEKEURD),
        (["scheef", "randschaduw", "", ""], GOEDGEKEURD),
        (["scheef", "randschaduw", "blanco_bewaard", ""], AFGEKEURD),
        (["afgesneden", "scheef", "scheef", ""], GOEDGEKEURD),  # classes are counted apart
    ],
)
def test_each_class_has_its_own_limit(fouten: list[str], uitslag: Uitslag) -> None:
    assert check(plan(4), *fouten).uitslag is uitslag


def test_one_page_counts_once_per_class() -> None:
    oordeel = check(plan(2), ("afgesneden", "streep_over_tekst", "afgesneden", "scheef", "randschaduw"), "")
    assert oordeel.aantallen == {KRITIEK: 0, ERNSTIG: 1, LICHT: 1}
    assert oordeel.uitslag is GOEDGEKEURD


def test_all_reasons_are_given_heaviest_first() -> None:
    pagina = ("onleesbaar", "afgesneden", "scheef")
    redenen = check(plan(3), pagina, pagina, pagina, gemarkeerd=[pagina]).redenen
    assert [next(ernst for ernst in Ernst if f"{ernst}e fout" in reden) for reden in redenen] == [
        KRITIEK,
        ERNSTIG,
        LICHT,
        KRITIEK,
        ERNSTIG,
    ]
    assert [reden.startswith("In de steekproef") for reden in redenen] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("fouten", "uitslag", "gat"),
    [
        (["afgesneden"], GOEDGEKEURD, False),
        (["afgesneden"] * 2, GOEDGEKEURD, True),
        (["afgesneden"] * 3, GOEDGEKEURD, True),
        (["afgesneden"] * 4, AFGEKEURD, False),
        (["scheef"] * 3, GOEDGEKEURD, True),
        (["onleesbaar"], AFGEKEURD, False),  # a kritieke fout knows no gap
        (["afgesneden", "afgesneden", "onleesbaar"], AFGEKEURD, False),
    ],
)
def test_the_gap_of_reduced_accepts_the_lot_and_says_so(fouten: list[str], uitslag: Uitslag, gat: bool) -> None:
    oordeel = check(verlicht(6), *fouten, *[""] * (6 - len(fouten)))
    assert (oordeel.uitslag, oordeel.gat, bool(oordeel.redenen)) == (uitslag, gat, uitslag is AFGEKEURD)


@pytest.mark.parametrize(
    ("code", "reden"),
    [
        ("onleesbaar", "Op 1 gemarkeerde pagina is een kritieke fout gevonden. Die moet eerst worden hersteld."),
        ("afgesneden", "Op 1 gemarkeerde pagina is een ernstige fout gevonden. Die moet eerst worden hersteld."),
    ],
)
def test_a_flagged_page_that_must_be_scanned_again_rejects_though_it_is_not_counted(code: str, reden: str) -> None:
    oordeel = check(plan(3), "", "", "", gemarkeerd=[code])
    assert (oordeel.uitslag, oordeel.redenen) == (AFGEKEURD, (reden,))
    assert set(oordeel.aantallen.values()) == {0}


def test_a_page_flagged_twice_is_one_page() -> None:
    oordeel = check_batch(plan(1), items(1), items(2, 2), beoordeel("", "afgesneden"))
    assert oordeel.redenen[0].startswith("Op 1 gemarkeerde pagina ")


def test_light_faults_on_flagged_pages_are_settled_by_looking() -> None:
    oordeel = check(plan(3), "scheef", "scheef", "", gemarkeerd=["scheef"] * 5)
    assert (oordeel.uitslag, oordeel.aantallen[LICHT]) == (GOEDGEKEURD, 2)


def test_a_page_both_drawn_and_flagged_is_judged_in_both_ways() -> None:
    oordeel = check_batch(plan(2), items(1, 2), items(2), beoordeel("", "afgesneden"))
    assert oordeel.aantallen[ERNSTIG] == 1  # the random draw stays random
    assert (oordeel.uitslag, len(oordeel.redenen)) == (AFGEKEURD, 1)


@pytest.mark.parametrize(
    ("getrokken", "gemarkeerd", "beoordeeld", "melding"),
    [
        ((1, 2, 3), (), (), "3 pagina's zijn nog niet beoordeeld"),
        ((1, 2, 3), (), (1, 3), "1 pagina is nog niet beoordeeld"),
        ((1, 2, 3), (7,), (1, 2, 3), "1 pagina is nog niet beoordeeld"),
        ((1, 2, 3), (3, 7, 8, 8), (1, 2), "3 pagina's zijn nog niet beoordeeld"),
    ],
)
def test_nothing_is_approved_unseen(
    getrokken: tuple[int, ...], gemarkeerd: tuple[int, ...], beoordeeld: tuple[int, ...], melding: str
) -> None:
    with pytest.raises(OordeelError, match=melding):
        check_batch(
            plan(3), items(*getrokken), items(*gemarkeerd), [Paginaoordeel(DOCUMENT, pagina) for pagina in beoordeeld]
        )


def test_the_same_page_of_another_documentversie_is_another_page() -> None:
    with pytest.raises(OordeelError, match="1 pagina is nog niet beoordeeld"):
        check_batch(plan(1), items(1), (), [Paginaoordeel(UUID(int=2), 1)])


def test_a_page_that_nobody_asked_for_is_refused() -> None:
    with pytest.raises(OordeelError, match="1 beoordeelde pagina hoort niet"):
        check_batch(plan(1), items(1), items(2), beoordeel("", "", "onleesbaar"))


def test_two_judgements_of_one_page_are_refused() -> None:
    with pytest.raises(OordeelError, match="twee oordelen"):
        check_batch(plan(1), items(1), (), [*beoordeel("onleesbaar"), *beoordeel("")])


@pytest.mark.parametrize("getrokken", [(), (1,), (1, 2, 3), (1, 1), (1, 2, 2)])
def test_a_draw_of_another_size_than_the_plan_is_refused(getrokken: tuple[int, ...]) -> None:
    oordelen = [Paginaoordeel(DOCUMENT, pagina) for pagina in set(getrokken)]
    with pytest.raises(OordeelError, match="Het plan vraagt 2"):
        check_batch(plan(2), items(*getrokken), (), oordelen)


@pytest.mark.parametrize("code", ["", "Scheef", "goed", "kritiek"])
def test_an_unknown_fault_is_refused(code: str) -> None:
    with pytest.raises(OordeelError, match="bestaat niet"):
        Paginaoordeel(DOCUMENT, 1, ("scheef", code))


@pytest.mark.parametrize("pagina", [0, -1])
def test_pages_count_from_one(pagina: int) -> None:
    with pytest.raises(OordeelError, match="vanaf 1"):
        Paginaoordeel(DOCUMENT, pagina)


@given(
    st.lists(foutenlijsten, min_size=1, max_size=8),
    st.lists(foutenlijsten, max_size=5),
    st.integers(0, 4),
    st.integers(1, 3),
)
def test_a_batch_is_approved_exactly_when_no_limit_is_reached_and_no_flag_is_left(
    getrokken: list[tuple[str, ...]], gemarkeerd: list[tuple[str, ...]], ac: int, ruimte: int
) -> None:
    grens = Grens(ac, ac + ruimte)
    oordeel = check(plan(len(getrokken), ernstig=grens, licht=grens), *getrokken, gemarkeerd=gemarkeerd)
    geteld = {ernst: sum(any(FOUTEN[c].ernst is ernst for c in codes) for codes in getrokken) for ernst in Ernst}
    open_vlag = any(FOUTEN[code].ernst is not LICHT for codes in gemarkeerd for code in codes)
    goed = geteld[KRITIEK] == 0 and max(geteld[ERNSTIG], geteld[LICHT]) < ac + ruimte and not open_vlag
    assert oordeel.aantallen == geteld
    assert (oordeel.uitslag is GOEDGEKEURD) == goed == (not oordeel.redenen)
    assert oordeel.gat == (goed and max(geteld[ERNSTIG], geteld[LICHT]) > ac)


@given(st.lists(foutenlijsten, min_size=2, max_size=8), st.data())
def test_one_fault_more_never_turns_a_rejection_into_an_approval(
    fouten: list[tuple[str, ...]], data: st.DataObject
) -> None:
    plek = data.draw(st.integers(0, len(fouten) - 1))
    slechter = [*fouten]
    slechter[plek] = (*fouten[plek], data.draw(st.sampled_from(sorted(FOUTEN))))
    voor, na = check(plan(len(fouten)), *fouten), check(plan(len(fouten)), *slechter)
    assert (voor.uitslag, na.uitslag) != (AFGEKEURD, GOEDGEKEURD)


@given(st.lists(foutenlijsten, min_size=1, max_size=6), st.data())
def test_without_one_judgement_there_is_no_verdict(fouten: list[tuple[str, ...]], data: st.DataObject) -> None:
    oordelen = beoordeel(*fouten)
    weg = data.draw(st.integers(0, len(oordelen) - 1))
    with pytest.raises(OordeelError):
        check_batch(
            plan(len(fouten)), [gezien.item for gezien in oordelen], (), [*oordelen[:weg], *oordelen[weg + 1 :]]
        )
