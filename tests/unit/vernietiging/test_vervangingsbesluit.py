"""What a vervangingsbesluit covers, until when the paper must stay, and that its stored form is one form alone."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernietiging.errors import VervangingsbesluitError
from vernietiging.gebeurtenis import canonical_json
from vernietiging.vervangingsbesluit import (
    LANGSTE_TERMIJN,
    REGELS,
    Aql,
    Aspecten,
    Controletermijn,
    DinNiveau,
    Eenheid,
    Keuringsniveau,
    Regime,
    Reikwijdte,
    Start,
    Steekproefvoorschrift,
    Termijnfeiten,
    Uitsluiting,
    Uitsluitingsoort,
    Vervangingsbesluit,
    find_fouten,
    is_weekdag,
)

ASPECTEN = Aspecten(**{veld.name: f"Handboek, {veld.name}" for veld in fields(Aspecten)})


def build_besluit(**anders: Any) -> Vervangingsbesluit:
    waarden: dict[str, Any] = {
        "nummer": "VB-1",
        "versie": 1,
        "datum": date(2025, 12, 1),
        "gepubliceerd_op": date(2025, 12, 10),
        "publicatie": "Gemeenteblad 2025, 1",
        "organisatie": "Gemeente Voorbeeld",
        "regime": Regime.ARCHIEFWET_1995,
        "geldig_van": date(2026, 1, 1),
        "handboekversie": "2.1",
        "grondslag": "Archiefwet 1995, artikel 7",
        "erfgoedwaarde": "Geen.",
        "belangen": "Gewogen.",
        "ondertekenaar": "teamleider",
        "vernietigingswijze": "versnipperen",
        "din_niveau": "P-4",
        "reikwijdte": Reikwijdte(),
        "controletermijn": Controletermijn(60, "dagen"),
        "steekproef": Steekproefvoorschrift(alles=True),
        "aspecten": ASPECTEN,
        "profielen": {"standaard": "a" * 64},
    }
    return Vervangingsbesluit(**{**waarden, **anders})


# --- controletermijn -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("termijn", "begin", "einde"),
    [
        # as seen in handboeken: BZ 60 days, Financiën 90, BZK 180, OCW scan month + 1, RCE scan month + 3
        (Controletermijn(60, "dagen"), date(2026, 1, 1), date(2026, 3, 2)),
        (Controletermijn(90, "dagen"), date(2026, 1, 1), date(2026, 4, 1)),
        (Controletermijn(180, "dagen"), date(2026, 1, 1), date(2026, 6, 30)),
        (Controletermijn(1, "scanmaand"), date(2026, 1, 1), date(2026, 2, 28)),
        (Controletermijn(3, "scanmaand"), date(2026, 1, 31), date(2026, 4, 30)),  # destroyed early in May
        # ends of years and leap days
        (Controletermijn(1, "dagen"), date(2026, 12, 31), date(2027, 1, 1)),
        (Controletermijn(60, "dagen"), date(2027, 12, 31), date(2028, 2, 29)),
        (Controletermijn(1, "scanmaand"), date(2028, 1, 5), date(2028, 2, 29)),
        (Controletermijn(1, "scanmaand"), date(2026, 12, 15), date(2027, 1, 31)),
        (Controletermijn(3, "scanmaand"), date(2026, 11, 1), date(2027, 2, 28)),
        (Controletermijn(12, "scanmaand"), date(2028, 2, 29), date(2029, 2, 28)),
        (Controletermijn(1, "maanden"), date(2026, 1, 31), date(2026, 2, 28)),
        (Controletermijn(1, "maanden"), date(2028, 1, 31), date(2028, 2, 29)),
        (Controletermijn(1, "maanden"), date(2026, 2, 28), date(2026, 3, 28)),
        (Controletermijn(12, "maanden"), date(2028, 2, 29), date(2029, 2, 28)),
        (Controletermijn(48, "maanden"), date(2028, 2, 29), date(2032, 2, 29)),
        (Controletermijn(1, "maanden"), date(2026, 12, 31), date(2027, 1, 31)),
        (Controletermijn(2, "maanden"), date(2026, 12, 31), date(2027, 2, 28)),
        # a term of nothing ends on the day it starts, also on a Saturday
        (Controletermijn(0, "dagen"), date(2026, 1, 10), date(2026, 1, 10)),
        (Controletermijn(0, "werkdagen"), date(2026, 1, 10), date(2026, 1, 10)),
        (Controletermijn(0, "maanden"), date(2026, 1, 10), date(2026, 1, 10)),
        (Controletermijn(0, "scanmaand"), date(2026, 1, 10), date(2026, 1, 31)),
        # werkdagen: Friday + 1 is Monday, and a day in the weekend is none
        (Controletermijn(1, "werkdagen"), date(2026, 1, 9), date(2026, 1, 12)),
        (Controletermijn(5, "werkdagen"), date(2026, 1, 10), date(2026, 1, 16)),
        (Controletermijn(20, "werkdagen"), date(2026, 1, 5), date(2026, 2, 2)),
    ],
)
def test_a_term_ends_where_the_besluit_says(termijn: Controletermijn, begin: date, einde: date) -> None:
    assert termijn.find_einde(begin) == einde


def test_werkdagen_are_what_the_caller_says() -> None:
    besluit = build_besluit(controletermijn=Controletermijn(2, "werkdagen"))
    vrij = date(2026, 1, 13)
    feiten = Termijnfeiten(gescand_op=date(2026, 1, 12), geleverd_op=date(2026, 1, 12))
    assert besluit.einde_controletermijn(feiten) == date(2026, 1, 14)
    einde = besluit.einde_controletermijn(feiten, is_werkdag=lambda dag: is_weekdag(dag) and dag != vrij)
    assert einde == date(2026, 1, 15)


def test_twenty_werkdagen_from_six_weeks_after_publication() -> None:
    """IND: 4x5 working days, starting 6 weeks after publication (Wednesday 10 December 2025: 21 January 2026)."""
    besluit = build_besluit(controletermijn=Controletermijn(20, "werkdagen", "publicatie", extra_dagen=42))
    assert besluit.einde_controletermijn(Termijnfeiten(date(2025, 12, 11), date(2025, 12, 11))) == date(2026, 2, 18)
    # what is scanned later does not get a term that was over before the scan
    assert besluit.einde_controletermijn(Termijnfeiten(date(2026, 6, 1), date(2026, 6, 1))) == date(2026, 6, 29)


def test_the_term_starts_at_the_scan_or_at_the_approval() -> None:
    feiten = Termijnfeiten(date(2026, 1, 5), date(2026, 1, 6), goedgekeurd_op=date(2026, 1, 20))
    van_scan = build_besluit(controletermijn=Controletermijn(10, "dagen", "scan"))
    van_goedkeuring = build_besluit(controletermijn=Controletermijn(10, "dagen", "goedkeuring"))
    assert van_scan.einde_controletermijn(feiten) == date(2026, 1, 15)
    assert van_goedkeuring.einde_controletermijn(feiten) == date(2026, 1, 30)


def test_an_approval_from_before_the_herscan_does_not_start_its_term() -> None:
    besluit = build_besluit(controletermijn=Controletermijn(10, "dagen", "goedkeuring"))
    feiten = Termijnfeiten(date(2026, 3, 1), date(2026, 3, 2), goedgekeurd_op=date(2026, 1, 20))
    assert besluit.einde_controletermijn(feiten) == date(2026, 3, 11)


@pytest.mark.parametrize(
    ("besluit", "feiten"),
    [
        (build_besluit(), Termijnfeiten(date(2026, 1, 5))),
        (build_besluit(), Termijnfeiten(date(2026, 1, 5), None, date(2026, 1, 6), date(2026, 9, 1))),
        (
            build_besluit(controletermijn=Controletermijn(0, "dagen", "goedkeuring")),
            Termijnfeiten(date(2026, 1, 5), date(2026, 1, 5), verlengd_tot=date(2026, 9, 1)),
        ),
        *(
            (
                build_besluit(gepubliceerd_op=None, publicatie="", controletermijn=Controletermijn(0, "dagen", start)),
                Termijnfeiten(date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 5)),
            )
            for start in get_args(Start)
        ),
    ],
)
def test_the_end_is_not_known_before_delivery_approval_and_publication(
    besluit: Vervangingsbesluit, feiten: Termijnfeiten
) -> None:
    assert besluit.einde_controletermijn(feiten) is None


def test_the_term_never_ends_before_delivery_extension_or_publication() -> None:
    besluit = build_besluit(controletermijn=Controletermijn(0, "dagen"), geldig_van=date(2022, 1, 1))
    feiten = Termijnfeiten(date(2026, 1, 5), date(2026, 2, 1))
    assert besluit.einde_controletermijn(feiten) == date(2026, 2, 1)
    assert besluit.einde_controletermijn(replace(feiten, verlengd_tot=date(2026, 5, 1))) == date(2026, 5, 1)
    assert besluit.einde_controletermijn(replace(feiten, verlengd_tot=date(2026, 1, 6))) == date(2026, 2, 1)
    # a besluit that works back: nothing was replaceable before it was published
    assert besluit.einde_controletermijn(Termijnfeiten(date(2022, 3, 1), date(2022, 3, 1))) == date(2025, 12, 10)


dagen = st.dates(date(1996, 1, 1), date(2100, 1, 1))
termijnen = st.one_of(
    st.builds(Controletermijn, st.integers(0, 400), st.sampled_from(get_args(Eenheid))),
    st.builds(
        Controletermijn,
        st.integers(0, 400),
        st.sampled_from(["dagen", "werkdagen", "maanden"]),
        st.just("publicatie"),
        st.integers(0, 400),
    ),
)


@given(termijnen, dagen, st.integers(0, 500), st.none() | dagen)
def test_no_term_ends_before_any_day_it_depends_on(
    termijn: Controletermijn, gescand: date, later: int, verlengd: date | None
) -> None:
    besluit = build_besluit(controletermijn=termijn)
    geleverd = gescand + timedelta(days=later)
    einde = besluit.einde_controletermijn(Termijnfeiten(gescand, geleverd, None, verlengd))
    assert einde is not None
    assert einde >= max(gescand, geleverd, verlengd or geleverd, date(2025, 12, 10))


@given(dagen, st.integers(0, 300), st.sampled_from(get_args(Eenheid)))
def test_a_longer_term_or_a_later_scan_never_ends_earlier(begin: date, aantal: int, eenheid: Eenheid) -> None:
    einde = Controletermijn(aantal, eenheid).find_einde(begin)
    assert Controletermijn(aantal + 1, eenheid).find_einde(begin) > einde
    assert Controletermijn(aantal, eenheid).find_einde(begin + timedelta(days=1)) >= einde


# --- validity, scope, profiles ---------------------------------------------------------------------------------------


def test_it_holds_from_its_first_day_until_the_day_it_ends() -> None:
    besluit = build_besluit(geldig_van=date(2026, 1, 1), geldig_tot=date(2027, 1, 1))
    geldig = [date(2026, 1, 1), date(2026, 12, 31)]
    ongeldig = [date(2025, 12, 31), date(2027, 1, 1)]
    assert [besluit.is_geldig_op(dag) for dag in (*geldig, *ongeldig)] == [True, True, False, False]
    assert build_besluit(geldig_tot=None).is_geldig_op(date(2099, 1, 1))


def test_it_may_work_back_but_not_before_it_is_published() -> None:
    terug = {"geldig_van": date(2022, 1, 1)}
    assert build_besluit(**terug).is_geldig_op(date(2022, 1, 1))
    assert not build_besluit(**terug, gepubliceerd_op=None, publicatie="").is_geldig_op(date(2022, 1, 1))


REIKWIJDTE = Reikwijdte(
    onderdelen=("Klantcontact",),
    zaaktypen=("Bezwaar", "Melding café"),
    informatieobjecttypen=(),
    uitsluitingen=(
        Uitsluiting("informatieobjecttype", "Akte", "de akte blijft het origineel"),
        Uitsluiting("zaaktype", "BEZWAAR", "loopt nog"),
        Uitsluiting("anders", "Lakzegel", "vorm gaat verloren"),
    ),
)


@pytest.mark.parametrize(
    ("document", "redenen"),
    [
        (("Klantcontact", "Melding café", "Brief"), []),
        (("  klantCONTACT ", "MELDING CAFÉ", "Lakzegel"), []),  # "anders" is for people
        (("Klantcontact", unicodedata.normalize("NFD", "Melding café"), "Brief"), []),
        (("Belastingen", "Melding café", "Brief"), ["Het onderdeel Belastingen staat niet in het besluit."]),
        (("Klantcontact", "Bezwaar", "Brief"), ["Het zaaktype Bezwaar is uitgesloten: loopt nog"]),
        (
            ("Belastingen", "Aanslag", "AKTE"),
            [
                "Het onderdeel Belastingen staat niet in het besluit.",
                "Het zaaktype Aanslag staat niet in het besluit.",
                "Het informatieobjecttype AKTE is uitgesloten: de akte blijft het origineel",
            ],
        ),
        (
            ("", "Melding café", " "),
            [
                "Het onderdeel is niet bekend, en het besluit maakt daarin onderscheid.",
                "Het informatieobjecttype is niet bekend, en het besluit maakt daarin onderscheid.",
            ],
        ),
    ],
)
def test_every_reason_why_a_document_is_out_of_scope_is_named(
    document: tuple[str, str, str], redenen: list[str]
) -> None:
    assert list(build_besluit(reikwijdte=REIKWIJDTE).find_buiten_reikwijdte(*document)) == redenen


def test_an_empty_scope_covers_everything_also_what_is_not_known() -> None:
    assert Reikwijdte().find_buiten_reikwijdte("Klantcontact", "Bezwaar", "Brief") == ()
    assert Reikwijdte().find_buiten_reikwijdte("", "", "") == ()


def test_a_profile_that_is_not_released_or_was_changed_is_said() -> None:
    besluit = build_besluit(profielen={"standaard": "a" * 64, "kleur": "b" * 64})
    assert besluit.find_afwijkingen_profiel("standaard", "a" * 64) == ()
    (gewijzigd,) = besluit.find_afwijkingen_profiel("standaard", "b" * 64)
    (onbekend,) = besluit.find_afwijkingen_profiel("Standaard", "a" * 64)
    assert "anders ingesteld dan in besluit VB-1, versie 1" in gewijzigd
    assert "niet vrijgegeven in besluit VB-1, versie 1" in onbekend


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bouw", "sleutel", "zin"),
    [
        (lambda: build_besluit(geldig_tot=date(2026, 1, 1)), "geldig_tot", "moet na geldig_van liggen"),
        (lambda: build_besluit(gepubliceerd_op=date(2025, 11, 30)), "gepubliceerd_op", "ligt voor de datum"),
        (lambda: build_besluit(publicatie=" "), "publicatie", "mag niet leeg zijn als gepubliceerd_op"),
        (lambda: build_besluit(gepubliceerd_op=None), "publicatie", "hoort leeg te zijn"),
        (lambda: build_besluit(regime=Regime.ARCHIEFWET_2026), "beheerregels", "onder de Archiefwet 2026"),
        (lambda: build_besluit(nummer="  "), "nummer", "mag niet leeg zijn"),
        (lambda: build_besluit(nummer="a\x00b"), "nummer", "stuurtekens"),
        (lambda: build_besluit(grondslag="\ud800"), "grondslag", "stuurtekens"),
        (lambda: build_besluit(belangen="cafe\u0301"), "belangen", "accent los"),
        (lambda: build_besluit(versie=0), "versie", "moet van 1 tot en met 9999 zijn"),
        (lambda: build_besluit(bedenktijd_dagen=-1), "bedenktijd_dagen", "moet van 0 tot en met 365"),
        (lambda: build_besluit(laatste_blik_documenten=0), "laatste_blik_documenten", "moet van 1 tot"),
        (lambda: build_besluit(systemen=("DMS", "")), "systemen", "mag niet leeg zijn (nummer 2)"),
        (lambda: build_besluit(profielen={}), "profielen", "minstens een"),
        (lambda: build_besluit(profielen={"a": "A" * 64}), "profielen", "vingerafdruk van a is geen SHA-256"),
        (lambda: build_besluit(profielen={"a": "a" * 63}), "profielen", "vingerafdruk van a is geen SHA-256"),
        (lambda: build_besluit(profielen={"a": "a" * 64 + "\n"}), "profielen", "vingerafdruk van a"),
        (lambda: build_besluit(profielen={"": "a" * 64}), "profielen", "de naam van een profiel mag niet leeg"),
        (lambda: Controletermijn(-1, "dagen"), "aantal", "moet van 0 tot"),
        (lambda: Controletermijn(LANGSTE_TERMIJN + 1, "dagen"), "aantal", "moet van 0 tot"),
        (lambda: Controletermijn(1, "scanmaand", "goedkeuring"), "start", 'moet "scan" zijn'),
        (lambda: Controletermijn(1, "dagen", "scan", 7), "extra_dagen", 'als de start "publicatie" is'),
        (lambda: Controletermijn(1, "dagen", "publicatie", -7), "extra_dagen", "moet van 0 tot"),
        (lambda: Steekproefvoorschrift(False, aql_kritiek="0.65"), "aql_kritiek", 'moet "0" zijn'),
        (lambda: Reikwijdte(zaaktypen=("Bezwaar", "")), "zaaktypen", "(nummer 2)"),
        (lambda: Uitsluiting("zaaktype", "Bezwaar", ""), "reden", "mag niet leeg zijn"),
        (lambda: replace(ASPECTEN, apparatuur=""), "apparatuur", "mag niet leeg zijn"),
    ],
)
def test_a_besluit_that_contradicts_itself_cannot_be_made(bouw: Callable[[], object], sleutel: str, zin: str) -> None:
    with pytest.raises(VervangingsbesluitError) as gevangen:
        bouw()
    ((wie, wat),) = gevangen.value.fouten
    assert wie == sleutel
    assert zin in wat
    assert f"{sleutel}: {wat}" in str(gevangen.value)


def test_all_contradictions_are_named_at_once() -> None:
    with pytest.raises(VervangingsbesluitError) as gevangen:
        build_besluit(nummer="", versie=0, geldig_tot=date(2020, 1, 1))
    assert [sleutel for sleutel, _ in gevangen.value.fouten] == ["nummer", "versie", "geldig_tot"]


def test_a_rule_is_about_fields_that_exist_and_is_not_asked_without_them() -> None:
    for soort, regels in REGELS.items():
        namen = {veld.name for veld in fields(soort)}
        assert {sleutel for regel in regels for sleutel in regel.sleutels} <= namen
    assert find_fouten(Vervangingsbesluit, {"geldig_tot": date(2020, 1, 1)}) == ()


def test_every_text_and_every_list_of_texts_has_a_rule() -> None:
    for soort, regels in REGELS.items():
        teksten = {veld.name for veld in fields(soort) if veld.type in {"str", "tuple[str, ...]"}}
        assert teksten - {regel.sleutels[0] for regel in regels} == set()


# --- stored form -----------------------------------------------------------------------------------------------------

tekst = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).map(
    lambda waarde: "x" + unicodedata.normalize("NFC", waarde)
)
teksten = st.lists(tekst, max_size=3).map(tuple)
besluiten = st.builds(
    build_besluit,
    nummer=tekst.map(lambda waarde: unicodedata.normalize("NFC", waarde)),
    versie=st.integers(1, 9999),
    gepubliceerd_op=st.dates(date(2025, 12, 1), date(2100, 1, 1)),
    regime=st.just(Regime.ARCHIEFWET_1995) | st.just(Regime.ARCHIEFWET_2026),
    geldig_van=st.dates(date(1996, 1, 1), date(2026, 1, 1)),
    geldig_tot=st.none() | st.dates(date(2026, 1, 2), date(2100, 1, 1)),
    beheerregels=st.just("Beheerregels 2027"),
    din_niveau=st.sampled_from(get_args(DinNiveau)),
    bedenktijd_dagen=st.integers(0, 365),
    systemen=teksten,
    artikelen_selectiebesluit=teksten,
    reikwijdte=st.builds(
        Reikwijdte,
        teksten,
        teksten,
        teksten,
        st.lists(st.builds(Uitsluiting, st.sampled_from(get_args(Uitsluitingsoort)), tekst, tekst), max_size=3).map(
            tuple
        ),
    ),
    controletermijn=termijnen,
    steekproef=st.builds(
        Steekproefvoorschrift,
        st.booleans(),
        st.sampled_from(get_args(Keuringsniveau)),
        st.just("0"),
        st.sampled_from(get_args(Aql)),
        st.sampled_from(get_args(Aql)),
        st.booleans(),
    ),
    profielen=st.dictionaries(tekst, st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1, max_size=3),
)


@given(besluiten)
def test_what_is_stored_is_read_back_the_same(besluit: Vervangingsbesluit) -> None:
    bewaard = canonical_json(besluit.to_json())  # refuses floats, nulls and other types
    gelezen = Vervangingsbesluit.from_json(json.loads(bewaard))
    assert gelezen == besluit
    assert canonical_json(gelezen.to_json()) == bewaard


def test_one_besluit_has_one_form_whatever_the_order_of_its_profiles() -> None:
    een = build_besluit(profielen={"a": "a" * 64, "b": "b" * 64})
    ander = build_besluit(profielen={"b": "b" * 64, "a": "a" * 64})
    assert canonical_json(een.to_json()) == canonical_json(ander.to_json())


VOL = build_besluit(
    geldig_tot=date(2031, 1, 1),
    reikwijdte=REIKWIJDTE,
    controletermijn=Controletermijn(20, "werkdagen", "publicatie", 42),
    steekproef=Steekproefvoorschrift(False),
    systemen=("DMS",),
)


def find_plaatsen(waarde: Any, hier: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return where every value inside stands."""
    if isinstance(waarde, dict):
        binnen = [plek for naam, deel in waarde.items() for plek in find_plaatsen(deel, (*hier, naam))]
    elif isinstance(waarde, list):
        binnen = [plek for nummer, deel in enumerate(waarde) for plek in find_plaatsen(deel, (*hier, nummer))]
    else:
        binnen = []
    return [hier, *binnen]


PLAATSEN = find_plaatsen(VOL.to_json())


@pytest.mark.parametrize("plaats", PLAATSEN, ids=lambda plaats: ".".join(map(str, plaats)) or "besluit")
def test_stored_bytes_with_a_value_of_another_type_are_refused(plaats: tuple[str | int, ...]) -> None:
    onzin: tuple[Any, ...] = (None, 1.5, "\x00", [None], {"x": 1}, [[]])
    for verkeerd in onzin:
        bewaard = {"alles": VOL.to_json()}
        houder: Any = bewaard
        for deel in ("alles", *plaats)[:-1]:
            houder = houder[deel]
        houder[("alles", *plaats)[-1]] = verkeerd
        with pytest.raises(VervangingsbesluitError):
            Vervangingsbesluit.from_json(bewaard["alles"])


@pytest.mark.parametrize("plaats", [plek for plek in PLAATSEN if plek and isinstance(plek[-1], str)])
def test_stored_bytes_without_a_key_or_with_one_more_are_refused(plaats: tuple[str, ...]) -> None:
    minder, meer = VOL.to_json(), VOL.to_json()
    for bewaard in (minder, meer):
        houder: Any = bewaard
        for deel in plaats[:-1]:
            houder = houder[deel]
        if bewaard is meer:
            houder["erbij"] = "x"
        else:
            del houder[plaats[-1]]
    if plaats == ("geldig_tot",):  # without an end is a besluit too, but another one
        assert Vervangingsbesluit.from_json(minder) == replace(VOL, geldig_tot=None)
    else:
        with pytest.raises(VervangingsbesluitError):
            Vervangingsbesluit.from_json(minder)
    with pytest.raises(VervangingsbesluitError):
        Vervangingsbesluit.from_json(meer)


@pytest.mark.parametrize(
    "anders",
    [
        {"vorm": 2},
        {"vorm": True},
        {"versie": True},
        {"datum": "20251201"},  # a date, but not in the one form
        {"datum": "2025-02-30"},
        {"geldig_van": "2026-W01-4"},
        {"din_niveau": "P-8"},
        {"regime": "1962"},
        {"profielen": [{"naam": "b", "vingerafdruk": "b" * 64}, {"naam": "a", "vingerafdruk": "a" * 64}]},
        {"profielen": [{"naam": "a", "vingerafdruk": "a" * 64}] * 2},
        {"geldig_tot": "2020-01-01"},
    ],
)
def test_stored_bytes_in_another_form_are_refused(anders: dict[str, Any]) -> None:
    with pytest.raises(VervangingsbesluitError):
        Vervangingsbesluit.from_json({**VOL.to_json(), **anders})
