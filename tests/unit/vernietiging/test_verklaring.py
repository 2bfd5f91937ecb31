"""A verklaring says everything the law asks and nothing that its specification does not bear out."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verklaringproef import build_logverwijzing, build_verklaring
from vernietiging import verklaring as module
from vernietiging.errors import VerklaringError
from vernietiging.gebeurtenis import canonical_json
from vernietiging.verklaring import (
    Bladreeks,
    Documentregel,
    Doosregel,
    Logverwijzing,
    Periode,
    Tellingen,
    Verklaring,
    Verklaringsoort,
    build_bladreeksen,
    build_tellingen,
    find_gebreken,
    format_nummer,
)

VERVANGING, VERNIETIGING = Verklaringsoort
GOED = build_verklaring()


def wijzig_document(verklaring: Verklaring, **anders: Any) -> Verklaring:
    """Change the first document, and count again so that only that change is left to find."""
    doos, *rest = verklaring.specificatie
    document, *andere = doos.documenten
    specificatie = (replace(doos, documenten=(replace(document, **anders), *andere)), *rest)
    return replace(verklaring, specificatie=specificatie, tellingen=build_tellingen(specificatie))


def wijzig(veld: str, **anders: Any) -> Callable[[Verklaring], Verklaring]:
    """Change a part, or the first of the parts, in this field."""

    def change(verklaring: Verklaring) -> Verklaring:
        deel = getattr(verklaring, veld)
        nieuw: Any = (replace(deel[0], **anders), *deel[1:]) if isinstance(deel, tuple) else replace(deel, **anders)
        return replace(verklaring, **{veld: nieuw})

    return change


def zet(**anders: Any) -> Callable[[Verklaring], Verklaring]:
    return lambda verklaring: replace(verklaring, **anders)


def document(**anders: Any) -> Callable[[Verklaring], Verklaring]:
    return lambda verklaring: wijzig_document(verklaring, **anders)


@pytest.mark.parametrize("soort", Verklaringsoort)
@pytest.mark.parametrize("regime", ["1995", "2026"])
@pytest.mark.parametrize("documenten", [1, 100])
def test_a_complete_verklaring_may_be_made(soort: Verklaringsoort, regime: str, documenten: int) -> None:
    assert find_gebreken(build_verklaring(soort, documenten=documenten, regime=regime)) == ()


# Each takes one thing away from a complete verklaring, and names the one sentence that must follow.
GEBREKEN: list[tuple[Callable[[Verklaring], Verklaring], str]] = [
    (zet(nummer="VN-2026-0001"), "past niet bij deze verklaring"),
    (zet(nummer=""), "past niet bij deze verklaring"),
    (zet(vervangt="iets", reden="telfout"), "die hiermee vervalt, past niet"),
    (zet(vervangt="VV-2026-0001", reden="telfout"), "kan zichzelf niet vervangen"),
    (zet(vervangt="VV-2025-0009"), "Zeg waarom"),
    (zet(reden="telfout"), "niet welke verklaring vervalt"),
    (zet(opgemaakt_op="2026-11-20T10:20:00+01:00"), "opmaken is geen tijd in UTC"),
    (zet(opgemaakt_op="2026-13-20T10:20:00Z"), "opmaken is geen tijd in UTC"),
    (zet(regime="1962"), "regime '1962' is onbekend"),
    (zet(organisatie=" "), "organisatie ontbreekt"),
    (zet(zorgdrager=""), "zorgdrager ontbreekt"),
    (zet(periode=Periode("", "2026-10-31")), "periode heeft geen begin of einde"),
    (zet(periode=Periode("2026-02-30", "2026-10-31")), "periode heeft geen begin of einde"),
    (zet(periode=Periode("2026-11-20", "2026-11-01")), "eindigt voor zij begint"),
    (zet(periode=Periode("2026-02-01", "2026-11-22")), "tot na het opmaken"),
    (zet(periode=Periode("2026-02-01", "2026-11-17")), "niet uitgevoerd in de periode"),
    (zet(periode=Periode("2026-11-21", "2026-11-21")), "niet uitgevoerd in de periode"),
    (zet(grondslag=()), "De grond ontbreekt"),
    (zet(grondslag=("artikel 7", " ")), "De grond ontbreekt"),
    (wijzig("besluit", nummer=""), "nummer van het besluit"),
    (wijzig("besluit", datum="13-1-2026"), "datum van het besluit"),
    (wijzig("besluit", datum="2026-12-24"), "van na het opmaken"),
    (wijzig("besluit", publicatie=""), "bekendgemaakt"),
    (wijzig("besluit", handboekversie=""), "versie van het handboek"),
    (wijzig("besluit", sha256="AB" * 32), "hash van het besluit"),
    (zet(wijze_van_vervanging="  "), "wijze van vervanging ontbreekt"),
    (wijzig("uitvoeringen", lijst=""), "geen nummer van de lijst"),
    (wijzig("uitvoeringen", dozen=()), "de dozen ontbreken"),
    (wijzig("uitvoeringen", dozen=()), "Niet vernietigd volgens de uitvoering: doos 'D-2026-0001'"),
    (wijzig("uitvoeringen", dozen=("D-2026-0001", "D-1")), "Vernietigd maar niet in de specificatie: doos 'D-1'"),
    (wijzig("uitvoeringen", dozen=("D-2026-0001",) * 2), "Meer dan eens vernietigd: doos 'D-2026-0001'"),
    (wijzig("uitvoeringen", eerder_deels=("D-1",)), "eerder voor een deel is vernietigd, hoort er niet bij"),
    (wijzig("uitvoeringen", methode=""), "methode ontbreekt"),
    (wijzig("uitvoeringen", niveau="P-8"), "DIN 66399"),
    (wijzig("uitvoeringen", niveau="P-0"), "DIN 66399"),
    (wijzig("uitvoeringen", bedrijf=""), "wie haar uitvoerde"),
    (wijzig("uitvoeringen", zegel=""), "container en zegel allebei"),
    (wijzig("uitvoeringen", certificaat=""), "vernietigingsbewijs ontbreekt"),
    (wijzig("uitvoeringen", certificaat_sha256=""), "hash van het vernietigingsbewijs"),
    (wijzig("uitvoeringen", uitgevoerd_op=""), "wanneer zij is uitgevoerd"),
    (wijzig("uitvoeringen", uitgevoerd_op="2026-11-20T10:20:01Z"), "na het opmaken"),
    (document(batch=""), "Zonder batch"),
    (document(zaak=" "), "Zonder zaak"),
    (document(paginas=0), "Zonder pagina's"),
    (document(bladen=()), "bladen die ontbreken of door elkaar lopen"),
    (document(bladen=(Bladreeks(3, 2),)), "bladen die ontbreken of door elkaar lopen"),
    (document(bladen=(Bladreeks(0, 2),)), "bladen die ontbreken of door elkaar lopen"),
    (document(bladen=(Bladreeks(1, 4), Bladreeks(4, 5))), "bladen die ontbreken of door elkaar lopen"),
    (document(pdf_sha256=""), "Zonder geldige hash"),
    (document(versie=0), "Zonder versie"),
    (document(formaat=""), "Zonder formaat"),
    (document(bewaartermijn=""), "Zonder bewaartermijn"),
    (document(id=GOED.specificatie[0].documenten[1].id), "Meer dan eens in de specificatie: document"),
    (document(id=""), "document heeft geen kenmerk"),
    (wijzig("specificatie", doosnummer=""), "doos heeft geen nummer"),
    (zet(specificatie=(*GOED.specificatie, Doosregel("D-9", ()))), "Zonder documenten: doos 'D-9'"),
    (zet(specificatie=GOED.specificatie * 2), "Meer dan eens in de specificatie: doos 'D-2026-0001'"),
    (zet(controle=()), "Zonder controle: batch 'B-2026-0001'"),
    (wijzig("controle", batch="B-9"), "Gecontroleerd maar niet in de specificatie: batch 'B-9'"),
    (zet(controle=GOED.controle * 2), "Meer dan eens bij de controle"),
    (wijzig("controle", uitslag="afgekeurd"), "Niet goedgekeurd"),
    (wijzig("controle", paginas=31), "Met een steekproef die niet kan kloppen"),
    (wijzig("controle", plan=""), "Zonder steekproefplan"),
    (wijzig("controle", getrokken=0), "steekproef die niet kan kloppen"),
    (wijzig("controle", fouten=33), "steekproef die niet kan kloppen"),
    (wijzig("controle", functie=""), "Zonder controleur"),
    (zet(vrijgaven=GOED.vrijgaven[:1]), "Niet door twee verschillende mensen"),
    (wijzig("vrijgaven", naam=" b.  El Idrissi"), "Niet door twee verschillende mensen"),
    (wijzig("vrijgaven", lijst="VL-9"), "Wel vrijgegeven, niet uitgevoerd: lijst 'VL-9'"),
    (wijzig("vrijgaven", mandaat=""), "Vrijgegeven zonder naam, functie of mandaat"),
    (wijzig("vrijgaven", op="gisteren"), "Vrijgegeven op een tijdstip"),
    (wijzig("vrijgaven", op="2026-11-19T13:40:00.001Z"), "Pas vrijgegeven na de vernietiging"),
    (zet(ondertekenaars=()), "Niemand ondertekent"),
    (wijzig("ondertekenaars", mandaat=""), "ontbreekt naam, functie of mandaat"),
    (wijzig("ondertekenaars", naam="B. EL IDRISSI"), "ondertekent twee keer"),
    (wijzig("ondertekenaars", akkoord_op="ja"), "akkoord is geen tijd"),
    (wijzig("logboek", oorsprong=""), "oorsprong van het logboek"),
    (wijzig("logboek", omvang=0), "logboek is leeg"),
    (wijzig("logboek", wortel="00"), "wortel van het logboek"),
    (wijzig("logboek", wortel="00" * 32), "checkpoint is niet dat van"),
    (wijzig("logboek", omvang=1_235), "checkpoint is niet dat van"),
    (wijzig("logboek", checkpoint=""), "checkpoint is niet dat van"),
    (wijzig("logboek", sleutels=()), "sleutels van het logboek"),
    (wijzig("logboek", tijdstempels=(replace(build_logverwijzing().tijdstempels[0], tijd="nu"),)), "Een tijdstempel"),
    (
        wijzig("logboek", tijdstempels=(replace(GOED.logboek.tijdstempels[0], naam=""), *GOED.logboek.tijdstempels)),
        "Een t",
    ),
    (zet(organisatie="Gemeente\u202eVoorbeeld"), "In organisatie staat een teken"),
    (zet(organisatie="Gemeente\nVoorbeeld"), "In organisatie staat een teken"),
    (wijzig("ondertekenaars", naam="Rene\u0301"), "De tekst in ondertekenaars 1.naam staat niet in de vorm NFC"),
]


@pytest.mark.parametrize(("verander", "melding"), GEBREKEN)
def test_whatever_is_missing_or_wrong_is_said(verander: Callable[[Verklaring], Verklaring], melding: str) -> None:
    assert [gebrek for gebrek in find_gebreken(verander(GOED)) if melding in gebrek]


GRENZEN: list[Callable[[Verklaring], Verklaring]] = [
    zet(periode=Periode("2026-11-19", "2026-11-19")),
    zet(periode=Periode("2026-11-20", "2026-11-20")),  # it may be tomorrow there already when it was done
    zet(periode=Periode("2026-02-01", "2026-11-21")),  # it may be tomorrow already in local time
    zet(opgemaakt_op="2026-11-20T10:20:00.5Z"),
    wijzig("besluit", datum="2026-11-20"),
    wijzig("uitvoeringen", uitgevoerd_op="2026-11-20T10:20:00Z"),
    wijzig("uitvoeringen", niveau="P-1"),
    wijzig("uitvoeringen", niveau="P-7"),
    wijzig("uitvoeringen", container="", zegel=""),
    wijzig("vrijgaven", op="2026-11-19T13:40:00Z"),
    wijzig("controle", getrokken=1, fouten=1),
    zet(logboek=build_logverwijzing(1)),
    wijzig("logboek", tijdstempels=(), getuigen=()),  # how many there must be is for the policy of the verifier
    document(paginas=1, bladen=(Bladreeks(1, 1), Bladreeks(2, 2))),
    zet(organisatie="Gemeente\u00a0Voorbeeldstad"),
]


@pytest.mark.parametrize("verander", GRENZEN)
def test_what_is_just_allowed_is_allowed(verander: Callable[[Verklaring], Verklaring]) -> None:
    assert find_gebreken(verander(GOED)) == ()


def test_one_box_without_a_number_among_others_is_seen() -> None:
    groot = build_verklaring(documenten=100)
    eerste, tweede, derde = groot.specificatie
    kapot = replace(groot, specificatie=(eerste, replace(tweede, doosnummer=" "), derde))
    assert "Een doos heeft geen nummer." in find_gebreken(kapot)


def test_of_many_the_first_in_order_is_named() -> None:
    groot = build_verklaring(documenten=800)
    gebreken = find_gebreken(replace(groot, controle=(), uitvoeringen=()))
    assert "Niet vernietigd volgens de uitvoering: 20 dozen, de eerste is 'D-2026-0001'." in gebreken
    assert "Zonder controle: 20 batches, de eerste is 'B-2026-0001'." in gebreken
    leeg = replace(
        groot, specificatie=(), vrijgaven=tuple(replace(GOED.vrijgaven[0], lijst=f"{n:02}") for n in range(30))
    )
    assert "Vernietigd maar niet in de specificatie: 20 dozen, de eerste is 'D-2026-0001'." in find_gebreken(leeg)
    assert "Gecontroleerd maar niet in de specificatie: 20 batches, de eerste is 'B-2026-0001'." in find_gebreken(leeg)
    assert "Wel vrijgegeven, niet uitgevoerd: 30 lijsten, de eerste is '00'." in find_gebreken(leeg)


def test_a_vernietiging_under_the_new_law_names_systems_and_articles() -> None:
    zonder = build_verklaring(VERNIETIGING, regime="2026", systemen=(), artikelen=())
    gebreken = find_gebreken(zonder)
    assert ["systemen" in gebreken[0], "artikelen" in gebreken[1], len(gebreken)] == [True, True, 2]
    assert find_gebreken(replace(zonder, regime="1995")) == ()


def test_without_an_executed_destruction_there_is_no_verklaring_of_either_kind() -> None:
    for soort in Verklaringsoort:
        gebreken = find_gebreken(build_verklaring(soort, uitvoeringen=(), vrijgaven=()))
        assert "De vernietiging ontbreekt: er is niets uitgevoerd." in gebreken


def test_only_a_vervanging_needs_its_manner_of_replacing() -> None:
    assert find_gebreken(build_verklaring(VERNIETIGING, wijze_van_vervanging="")) == ()


@pytest.mark.parametrize("veld", [veld.name for veld in fields(Tellingen)])
@pytest.mark.parametrize("verschil", [-1, 1])
def test_every_count_must_add_up_with_the_specification(veld: str, verschil: int) -> None:
    geteld = getattr(GOED.tellingen, veld)
    (gebrek,) = find_gebreken(replace(GOED, tellingen=replace(GOED.tellingen, **{veld: geteld + verschil})))
    assert gebrek == f"Het aantal {veld} is {geteld + verschil}, in de specificatie staan er {geteld}."


def test_without_a_specification_that_comes_first_and_the_counts_fail_too() -> None:
    gebreken = find_gebreken(replace(GOED, specificatie=()))
    assert "De specificatie ontbreekt." in gebreken
    assert sum(gebrek.startswith("Het aantal") for gebrek in gebreken) == 5


def test_one_sheet_cannot_lie_in_two_boxes_but_its_sides_may_be_two_documents() -> None:
    eerste, tweede, *_ = GOED.specificatie[0].documenten
    tweede = replace(tweede, bladen=eerste.bladen)
    samen = (Doosregel("D-2026-0001", (eerste, tweede)),)
    assert build_tellingen(samen).bladen == 1
    assert find_gebreken(replace(GOED, specificatie=samen, tellingen=build_tellingen(samen))) == ()
    los = (Doosregel("D-2026-0001", (eerste,)), Doosregel("D-2026-0002", (tweede,)))
    uitvoering = replace(GOED.uitvoeringen[0], dozen=("D-2026-0001", "D-2026-0002"))
    verklaring = replace(GOED, specificatie=los, tellingen=build_tellingen(los), uitvoeringen=(uitvoering,))
    assert find_gebreken(verklaring) == ("In meer dan een doos: blad 'B-2026-0001, blad 1'.",)


def test_two_thousand_equal_faults_are_one_sentence() -> None:
    groot = build_verklaring(documenten=2_000)
    leeg = tuple(
        replace(doos, documenten=tuple(replace(document, zaak="") for document in doos.documenten))
        for doos in groot.specificatie
    )
    (gebrek,) = find_gebreken(replace(groot, specificatie=leeg))
    assert gebrek.startswith("Zonder zaak: 2000 documenten, de eerste is ")


def test_every_list_is_released_by_two_people_of_its_own() -> None:
    tweede = replace(GOED.uitvoeringen[0], lijst="VL-2026-0002", dozen=())
    gebreken = find_gebreken(replace(GOED, uitvoeringen=(*GOED.uitvoeringen, tweede)))
    assert "Niet door twee verschillende mensen vrijgegeven: lijst 'VL-2026-0002'." in gebreken


@given(st.sets(st.integers(1, 300)))
def test_ranges_of_sheets_hold_exactly_the_sheets(bladen: set[int]) -> None:
    reeksen = build_bladreeksen(bladen)
    assert [blad for reeks in reeksen for blad in range(reeks.van, reeks.tot + 1)] == sorted(bladen)
    assert all(volgende.van - reeks.tot > 1 for reeks, volgende in pairwise(reeksen))


def test_the_number_tells_the_kind() -> None:
    assert [format_nummer(soort, 2026, 12) for soort in Verklaringsoort] == ["VV-2026-0012", "VN-2026-0012"]


# --- JSON ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soort", Verklaringsoort)
def test_json_gives_back_the_same_verklaring_and_the_same_bytes(soort: Verklaringsoort) -> None:
    verklaring = build_verklaring(soort, documenten=100, organisatie='Gemeente "Ée" <b> & Zn.', demonstratie=True)
    inhoud = verklaring.to_bytes()
    assert Verklaring.from_json(json.loads(inhoud)) == verklaring
    assert Verklaring.from_bytes(inhoud).to_bytes() == inhoud


def test_what_was_stored_before_a_field_came_keeps_its_bytes() -> None:
    assert "versie" not in GOED.to_json()["besluit"] and not {"afgekeurd", "paginas"} & set(
        GOED.to_json()["controle"][0]
    )
    nieuw = replace(
        GOED,
        besluit=replace(GOED.besluit, versie=2),
        controle=tuple(replace(c, afgekeurd=1, paginas=32) for c in GOED.controle),
    )
    assert Verklaring.from_bytes(nieuw.to_bytes()) == nieuw
    inhoud = GOED.to_json()
    inhoud["besluit"]["versie"] = 0  # one form for one value
    with pytest.raises(VerklaringError):
        Verklaring.from_bytes(canonical_json(inhoud))


def test_other_bytes_for_the_same_verklaring_are_refused() -> None:
    for anders in (GOED.to_bytes() + b"\n", json.dumps(GOED.to_json()).encode(), b"{", b"\xff"):
        with pytest.raises(VerklaringError):
            Verklaring.from_bytes(anders)


def _find_plekken(waarde: Any, pad: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    delen = waarde.items() if isinstance(waarde, dict) else enumerate(waarde) if isinstance(waarde, list) else ()
    return [pad, *(plek for naam, deel in delen for plek in _find_plekken(deel, (*pad, naam)))]


PLEKKEN = [plek for plek in _find_plekken(build_verklaring(documenten=1).to_json()) if plek]
WEG = "weg"
ANDERE: tuple[Any, ...] = (None, 1.5, {}, WEG)


@pytest.mark.parametrize(
    ("plek", "anders"),
    [
        (plek, anders)
        for plek in PLEKKEN
        for anders in ANDERE
        if anders != WEG or isinstance(plek[-1], str)  # a list may be shorter
    ],
    ids=str,
)
def test_a_value_of_another_type_is_refused_wherever_it_stands(plek: tuple[Any, ...], anders: Any) -> None:
    inhoud = build_verklaring(documenten=1).to_json()
    *weg, laatste = plek
    ouder: Any = inhoud
    for stap in weg:
        ouder = ouder[stap]
    if anders == WEG:
        del ouder[laatste]
    else:
        ouder[laatste] = anders
    with pytest.raises(VerklaringError):
        Verklaring.from_json(inhoud)


def test_an_unknown_field_another_schema_or_a_yes_for_a_number_is_refused() -> None:
    inhoud = GOED.to_json()
    for anders in ({"extra": ""}, {"schema": "scanstraat.verklaring/2"}, {"tellingen": {"dozen": True}}):
        with pytest.raises(VerklaringError):
            Verklaring.from_json({**inhoud, **anders})
    inhoud["tellingen"]["dozen"] = True
    with pytest.raises(VerklaringError):
        Verklaring.from_json(inhoud)


def test_a_document_has_no_title_and_nothing_can_be_changed_afterwards() -> None:
    assert "titel" not in {veld.name for veld in fields(Documentregel)}
    klassen = [k for k in vars(module).values() if isinstance(k, type) and is_dataclass(k)]
    assert {Verklaring, Logverwijzing, Documentregel} <= set(klassen)
    assert all(k.__dataclass_params__.frozen for k in klassen)  # type: ignore[attr-defined]


def test_the_module_needs_the_standard_library_and_its_own_package_only() -> None:
    assert module.__file__ is not None
    boom = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    namen = {knoop.module for knoop in ast.walk(boom) if isinstance(knoop, ast.ImportFrom)}
    namen |= {naam.name for knoop in ast.walk(boom) if isinstance(knoop, ast.Import) for naam in knoop.names}
    vreemd = {str(naam) for naam in namen if str(naam).partition(".")[0] not in sys.stdlib_module_names}
    assert vreemd == {"vernietiging.errors", "vernietiging.gebeurtenis"}
