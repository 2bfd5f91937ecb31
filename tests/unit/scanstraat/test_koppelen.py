"""To which zaak a document goes: what is enough alone, and what leaves the choice to a person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanstraat.domain import Koppelreden, Koppelstatus
from scanstraat.intake.koppelen import Koppeling, Zaakstand, bepaal_koppeling

VERTROUWD = ("scheidingsblad", "index", "naam")
ZAAK, ANDERE = "ZAAK-2026-000123", "ZAAK-2026-000999"


def zegt(bron: str, zaak: str = ZAAK) -> Koppelreden:
    return Koppelreden(bron, zaak, f"zaaknummer volgens {bron}")


def alles_open(zaak: str) -> Zaakstand:
    return Zaakstand.OPEN


def is_(stand: Zaakstand) -> Callable[[str], Zaakstand]:
    return lambda zaak: stand


def codes(koppeling: Koppeling) -> list[str]:
    return [bevinding.code for bevinding in koppeling.bevindingen]


@pytest.mark.parametrize("bron", VERTROUWD)
def test_a_trusted_source_is_enough_alone(bron: str) -> None:
    koppeling = bepaal_koppeling([zegt(bron)], VERTROUWD, alles_open)
    assert (koppeling.zaak, koppeling.status) == (ZAAK, Koppelstatus.GEKOPPELD)
    assert koppeling.redenen == (zegt(bron),)


@pytest.mark.parametrize("bron", [*VERTROUWD, "tekst"])
def test_a_source_that_is_not_trusted_is_a_candidate_only(bron: str) -> None:
    koppeling = bepaal_koppeling([zegt(bron)], (), alles_open)
    assert (koppeling.zaak, koppeling.status) == (None, Koppelstatus.TE_KOPPELEN)
    assert koppeling.redenen == (zegt(bron),)


def test_a_number_that_was_read_is_never_enough_alone_even_when_the_profile_says_so() -> None:
    assert bepaal_koppeling([zegt("tekst")], ("tekst",), alles_open).zaak is None


@pytest.mark.parametrize("tweede", ["index", "naam", "afzender", "zaaktype"])
def test_a_number_that_was_read_links_with_a_second_fact(tweede: str) -> None:
    assert bepaal_koppeling([zegt("tekst"), zegt(tweede)], (), alles_open).zaak == ZAAK


def test_the_same_number_read_twice_is_one_fact() -> None:
    dubbel = [zegt("tekst"), Koppelreden("tekst", ZAAK, "in een streepjescode")]
    assert bepaal_koppeling(dubbel, VERTROUWD, alles_open).zaak is None


def test_a_number_that_was_read_and_that_the_zaaksysteem_does_not_know_is_no_candidate() -> None:
    def stand(zaak: str) -> Zaakstand:
        return Zaakstand.OPEN if zaak == ZAAK else Zaakstand.ONBEKEND

    koppeling = bepaal_koppeling([zegt("scheidingsblad"), zegt("tekst", ANDERE)], VERTROUWD, stand)
    assert koppeling.zaak == ZAAK
    assert koppeling.redenen == (zegt("scheidingsblad"),)


@pytest.mark.parametrize("tweede", ["index", "naam", "tekst"])
def test_sources_that_disagree_wait_for_a_person_with_all_of_them_shown(tweede: str) -> None:
    kandidaten = [zegt("scheidingsblad"), zegt(tweede, ANDERE)]
    koppeling = bepaal_koppeling(kandidaten, VERTROUWD, alles_open)
    assert (koppeling.zaak, koppeling.status) == (None, Koppelstatus.TE_KOPPELEN)
    assert koppeling.redenen == tuple(kandidaten)
    assert codes(koppeling) == ["bronnen_spreken_tegen"]
    assert ZAAK in koppeling.bevindingen[0].tekst
    assert ANDERE in koppeling.bevindingen[0].tekst


def test_a_letter_that_names_a_second_zaak_as_well_agrees_with_the_sheet() -> None:
    kandidaten = [zegt("scheidingsblad"), zegt("tekst"), zegt("tekst", ANDERE)]
    assert bepaal_koppeling(kandidaten, VERTROUWD, alles_open).zaak == ZAAK


def test_one_source_with_two_numbers_decides_nothing() -> None:
    koppeling = bepaal_koppeling([zegt("naam"), zegt("naam", ANDERE)], VERTROUWD, alles_open)
    assert koppeling.zaak is None
    assert codes(koppeling) == ["bronnen_spreken_tegen"]


@pytest.mark.parametrize(
    ("stand", "code"), [(Zaakstand.ONBEKEND, "zaak_onbekend"), (Zaakstand.GESLOTEN, "zaak_gesloten")]
)
def test_a_sheet_for_a_zaak_that_takes_nothing_waits_and_says_why(stand: Zaakstand, code: str) -> None:
    koppeling = bepaal_koppeling([zegt("scheidingsblad")], VERTROUWD, is_(stand))
    assert (koppeling.zaak, codes(koppeling)) == (None, [code])


def test_a_silent_zaaksysteem_does_not_hold_up_what_is_trusted() -> None:
    stand = is_(Zaakstand.NIET_BEREIKBAAR)
    assert bepaal_koppeling([zegt("scheidingsblad")], VERTROUWD, stand).zaak == ZAAK
    assert bepaal_koppeling([zegt("tekst"), zegt("afzender")], VERTROUWD, stand).zaak is None


def test_without_a_reason_there_is_no_zaak_and_no_complaint() -> None:
    assert bepaal_koppeling([], VERTROUWD, alles_open) == Koppeling(None, Koppelstatus.TE_KOPPELEN, ())


def test_a_document_that_must_wait_waits_with_its_candidates() -> None:
    koppeling = bepaal_koppeling([zegt("naam")], VERTROUWD, alles_open, wacht_omdat="achter een Eindblad")
    assert (koppeling.zaak, koppeling.redenen) == (None, (zegt("naam"),))


REDENEN = st.lists(
    st.builds(zegt, st.sampled_from([*VERTROUWD, "tekst", "afzender"]), st.sampled_from([ZAAK, ANDERE])), max_size=6
)
STANDEN = st.fixed_dictionaries(dict.fromkeys((ZAAK, ANDERE), st.sampled_from(list(Zaakstand))))


@given(REDENEN, st.sets(st.sampled_from([*VERTROUWD, "tekst"])), STANDEN)
def test_a_link_is_only_made_to_a_zaak_that_every_source_names(
    kandidaten: list[Koppelreden], vertrouwd: set[str], standen: dict[str, Zaakstand]
) -> None:
    koppeling = bepaal_koppeling(kandidaten, vertrouwd, standen.__getitem__)
    assert set(koppeling.redenen) <= set(kandidaten)
    assert (koppeling.zaak is not None) == (koppeling.status is Koppelstatus.GEKOPPELD)
    if koppeling.zaak is None:
        return
    assert standen[koppeling.zaak] in (Zaakstand.OPEN, Zaakstand.NIET_BEREIKBAAR)
    bronnen = {reden.bron for reden in koppeling.redenen}
    assert all(zegt(bron, koppeling.zaak) in koppeling.redenen for bron in bronnen)
    assert bronnen & vertrouwd - {"tekst"} or ("tekst" in bronnen and len(bronnen) > 1)
