"""The poort: of all combinations of facts exactly one opens it, and no error, silence or old answer does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from vernietiging.errors import NietVrijgegevenError
from vernietiging.grondslag import (
    ALLE,
    GELDIG,
    OMSCHRIJVING,
    VOOR_VRIJGAVE,
    Aanvraag,
    Antwoord,
    Feit,
    Vrijgave,
    find_belemmeringen,
    grant_vrijgave,
)

NU = datetime(2026, 3, 2, 14, 5, 11, tzinfo=UTC)
JA = Antwoord(True, NU)
NEE = Antwoord(False, NU, redenen=("Nee.",))


def build_aanvraag(**anders: Antwoord) -> Aanvraag:
    """Return a request of which every fact holds, but for those that are named."""
    return Aanvraag("ab" * 32, {feit: anders.get(feit.value, JA) for feit in ALLE})


@pytest.mark.parametrize("feiten", [VOOR_VRIJGAVE, ALLE], ids=["2^11", "2^14"])
def test_of_all_combinations_exactly_one_opens_the_poort(feiten: tuple[Feit, ...]) -> None:
    open_ = []
    for combinatie in product((True, False), repeat=len(feiten)):
        antwoorden = dict(zip(feiten, (JA if waar else NEE for waar in combinatie), strict=True))
        gevonden = find_belemmeringen(Aanvraag("ab" * 32, antwoorden), feiten=feiten, peilmoment=NU)
        assert [b.feit for b in gevonden] == [f for f, waar in zip(feiten, combinatie, strict=True) if not waar]
        if not gevonden:
            open_.append(combinatie)
    assert open_ == [(True,) * len(feiten)]


def test_there_are_fourteen_facts_and_eleven_before_a_release() -> None:
    assert (len(ALLE), len(VOOR_VRIJGAVE)) == (14, 11)
    assert ALLE[:11] == VOOR_VRIJGAVE
    assert set(OMSCHRIJVING) == set(ALLE)


@pytest.mark.parametrize("feit", ALLE)
@pytest.mark.parametrize(
    "antwoord",
    [
        NEE,
        Antwoord(False, NU),
        Antwoord(None, NU),
        Antwoord(None, NU, redenen=("De database antwoordt niet.",)),
        Antwoord(1, NU),  # type: ignore[arg-type]  # nor anything else that is nearly true
        Antwoord("ja", NU),  # type: ignore[arg-type]
        Antwoord(True, NU, redenen=("Toch niet.",)),
        Antwoord(True, NU - GELDIG - timedelta(seconds=1)),
        Antwoord(True, NU + timedelta(seconds=1)),
        None,
    ],
)
def test_any_other_answer_than_a_fresh_yes_closes_it(feit: Feit, antwoord: Antwoord | None) -> None:
    aanvraag = build_aanvraag()
    antwoorden = {f: a for f, a in aanvraag.antwoorden.items() if f is not feit}
    if antwoord is not None:
        antwoorden[feit] = antwoord
    gevonden = find_belemmeringen(replace(aanvraag, antwoorden=antwoorden), peilmoment=NU)
    assert [b.feit for b in gevonden] == [feit]
    assert all(b.tekst.endswith(".") for b in gevonden)
    with pytest.raises(NietVrijgegevenError):
        grant_vrijgave(replace(aanvraag, antwoorden=antwoorden), peilmoment=NU)


def test_the_last_three_facts_do_not_hinder_a_release() -> None:
    aanvraag = build_aanvraag(laatste_blik=NEE, vrijgegeven=NEE, verankerd=NEE)
    assert find_belemmeringen(aanvraag, feiten=VOOR_VRIJGAVE, peilmoment=NU) == ()
    assert len(find_belemmeringen(aanvraag, peilmoment=NU)) == 3


def test_an_answer_counts_until_its_time_is_up() -> None:
    aanvraag = build_aanvraag()
    assert find_belemmeringen(aanvraag, peilmoment=NU + GELDIG) == ()
    assert len(find_belemmeringen(aanvraag, peilmoment=NU + GELDIG + timedelta(microseconds=1))) == 14


def test_a_vrijgave_is_only_made_by_the_poort() -> None:
    vrijgave = grant_vrijgave(build_aanvraag(), peilmoment=NU)
    assert vrijgave.op == NU
    with pytest.raises(NietVrijgegevenError):
        Vrijgave(vrijgave.aanvraag, NU, object())
    with pytest.raises(NietVrijgegevenError):
        replace(vrijgave, _sleutel=None)


def test_every_reason_of_a_fact_is_said() -> None:
    gevonden = find_belemmeringen(
        build_aanvraag(geen_stop=Antwoord(False, NU, redenen=("Er loopt bezwaar.", "Er loopt een Woo-verzoek."))),
        peilmoment=NU,
    )
    assert [b.tekst for b in gevonden] == ["Er loopt bezwaar.", "Er loopt een Woo-verzoek."]
