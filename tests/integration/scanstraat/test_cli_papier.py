"""On the command line: a besluit from a file to the batches under it, boxes, exceptions and stops."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from scanstraat import db
from scanstraat.bootstrap import open_basis
from scanstraat.config import read_config
from scanstraat.zaaksysteem import register
from tests import builders
from tests.cliproef import BEHEERDER, Cliproef
from tests.vijandig import build_pdf

ARIE, DIRK, AUDITOR = "Arie Archivaris", "Dirk Divmedewerker", "Anna Auditor"
ZAAK = "ZAAK-2026-000123"
VOORBEELD = Path(__file__).resolve().parents[3] / "docs" / "voorbeelden" / "besluit.toml"


class Papierproef(Cliproef):
    """People, and two batches: of two documents (sheets 1 to 7) and of one (sheets 1 and 2)."""

    def __init__(self, map_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(map_, monkeypatch)
        self.add_beheerder()
        self.add_persoon(ARIE, "archivaris")
        self.add_persoon(DIRK, "div_medewerker")
        with open_basis(read_config(self.config)) as basis:
            register.save_zaken(basis.engine, [register.NieuweZaak(ZAAK, "Bezwaar", "")], gebruiker="proef")
            with db.begin(basis.engine) as session:
                een = builders.build_batch(session, paginas=(3, 2), zaak=ZAAK)
                twee = builders.build_batch(session, paginas=(1,), zaak=ZAAK)
        self.documenten = [str(document) for document in (*een.documenten, *twee.documenten)]

    def write_besluit(self, **anders: object) -> Path:
        """Write the example with the fingerprint of now and a day of validity that has passed."""
        tekst = VOORBEELD.read_text(encoding="utf-8")
        vingerafdruk = self.load("besluit", "profielen")["standaard"]
        tekst = tekst.replace("0123456789abcdef" * 4, vingerafdruk)
        for sleutel, waarde in {"geldig_van": "2026-01-01", "informatieobjecttypen": "[]", **anders}.items():
            regels = [f"{sleutel} = {waarde}" if r.startswith(f"{sleutel} =") else r for r in tekst.splitlines()]
            tekst = "\n".join(regels)
        pad = self.map / "besluit.toml"
        pad.write_text(tekst.replace('onderdelen = ["Klantcontact", "Vergunningen"]', "onderdelen = []"), "utf-8")
        return pad

    def add_besluit(self, **anders: object) -> str:
        """Record handboek and besluit; return what the second command said."""
        handboek = self.map / "handboek.pdf"
        handboek.write_bytes(build_pdf(1, deterministic_id=True))
        self.say_als(BEHEERDER, "handboek", "voegtoe", "2.1", str(handboek))
        return self.say_als(ARIE, "besluit", "voegtoe", str(self.write_besluit(**anders)))

    def make_doos(self, plaats: str = "stelling 4") -> str:
        gezegd = self.say("doos", "maak", "--plaats", plaats, "--door", DIRK)
        return gezegd.split()[1]


@pytest.fixture(scope="module")
def sjabloon(tmp_path_factory: pytest.TempPathFactory) -> Papierproef:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return Papierproef(tmp_path_factory.mktemp("sjabloon"), monkeypatch)


@pytest.fixture
def proef(sjabloon: Papierproef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Papierproef:
    for naam in ("SCANSTRAAT_ALS", "SCANSTRAAT_DOOR"):
        monkeypatch.delenv(naam, raising=False)
    proef = sjabloon.copy(tmp_path, monkeypatch)
    proef.sign_in_to_work(DIRK, monkeypatch)
    monkeypatch.delenv("SCANSTRAAT_DOOR")  # every command names him
    return proef


# --- besluit ------------------------------------------------------------------------------------------------------


def test_a_besluit_is_recorded_shown_and_bound(proef: Papierproef) -> None:
    gezegd = proef.add_besluit()
    assert "Besluit 2026-VB-01 versie 1 is vastgelegd" in gezegd and "Let op" not in gezegd
    assert "handboek.pdf" in proef.say("handboek", "lijst")
    gezegd = proef.say("besluit", "toon", "2026-VB-01")
    for deel in (
        "Bedenktijd in dagen",
        "DIN-niveau",
        "P-4",
        "Controletermijn: eenheid",
        "Steekproef: AQL van ernstige fouten",
        "zaaktype Aankoop onroerend goed: De notariële akte",
        "01-01-2026",
        "Profiel standaard",
        ARIE,
    ):
        assert deel in gezegd, gezegd
    assert proef.load("besluit", "toon", "2026-VB-01")["inhoud"]["nummer"] == "2026-VB-01"
    gezegd = proef.say_als(ARIE, "besluit", "bind", "1")
    assert "Batch B-2026-0001 valt onder besluit 2026-VB-01 versie 1." in gezegd and "uitzondering" not in gezegd
    assert "Batch B-2026-0002 valt onder" in proef.say_als(BEHEERDER, "besluit", "bind", "--alle")
    assert "geen batch die nog gebonden" in proef.say_als(BEHEERDER, "besluit", "bind", "--alle")
    (rij,) = proef.load("besluit", "lijst")
    assert (rij["nummer"], rij["batches"], rij["handboek"]) == ("2026-VB-01", 2, "2.1")
    assert "01-01-2026" in proef.say("besluit", "lijst")


def test_a_later_besluit_takes_older_batches_and_says_what_falls_outside(proef: Papierproef) -> None:
    proef.add_besluit()
    proef.say_als(ARIE, "besluit", "bind", "--alle")
    proef.add_besluit(nummer='"2027-VB-01"', zaaktypen='["Vergunning"]')
    gezegd = proef.say_als(ARIE, "besluit", "bind", "--alle", "--besluit", "2027-VB-01")
    assert "Batch B-2026-0001 valt onder besluit 2027-VB-01" in gezegd
    assert "2 documenten vallen buiten de reikwijdte en zijn nu een uitzondering" in gezegd
    assert "1 document valt buiten de reikwijdte en is nu een uitzondering" in gezegd
    assert all(document[:8] in gezegd for document in proef.documenten)
    assert {rij["toelichting"] for rij in proef.load("uitzondering", "lijst")} == {
        "Het zaaktype Bezwaar staat niet in het besluit."
    }
    assert [rij["batches"] for rij in proef.load("besluit", "lijst")] == [2, 0]


def test_of_two_besluiten_one_must_be_named(proef: Papierproef) -> None:
    bind = ("besluit", "bind", "1", "2")
    uitslag = proef.run_als(ARIE, *bind)
    gezegd = proef.refuse(uitslag, 5, "batch B-2026-0001 is gescand, geldt geen besluit of meer dan een")
    assert "B-2026-0002" in gezegd  # the second one was tried as well
    proef.add_besluit()
    proef.add_besluit(nummer='"B-2"')
    proef.refuse(proef.run_als(ARIE, *bind), 5, "Noem er een met --besluit")
    assert "versie 1" in proef.say_als(ARIE, *bind, "--besluit", "B-2")


@pytest.mark.parametrize(
    ("wie", "woorden", "exitcode", "zin"),
    [
        (ARIE, ("besluit", "bind"), 2, "Noem batches, of geef --alle"),
        (ARIE, ("besluit", "bind", "1", "--alle"), 2, "Noem batches, of geef --alle"),
        (ARIE, ("besluit", "bind", "99"), 3, "Batch 99 bestaat niet"),
        (ARIE, ("besluit", "bind", "1", "--besluit", "X"), 3, "Besluit X bestaat niet"),
        (DIRK, ("besluit", "bind", "1"), 6, "geen mandaat als functioneel beheerder of archivaris"),
        (ARIE, ("besluit", "voegtoe", "weg.toml"), 2, "weg.toml is niet te lezen"),
        (ARIE, ("besluit", "voegtoe", str(VOORBEELD)), 5, "Handboek 2.1 is nog niet vastgelegd"),
        (DIRK, ("besluit", "voegtoe", str(VOORBEELD)), 6, "geen mandaat"),
        (ARIE, ("handboek", "voegtoe", "2.1", "weg.pdf"), 2, "'weg.pdf' bestaat niet"),
        (DIRK, ("handboek", "voegtoe", "2.1", str(VOORBEELD)), 5, "is geen PDF, TIFF, JPEG of PNG"),
        (ARIE, ("besluit", "verleng", "1", "--tot", "2020-01-01", "--reden", "bezwaar"), 5, "al voorbij"),
        (ARIE, ("besluit", "verleng", "1", "--tot", "volgend jaar", "--reden", "bezwaar"), 2, "is geen datum"),
        (DIRK, ("besluit", "verleng", "1", "--tot", "2099-01-01", "--reden", "bezwaar"), 6, "geen mandaat"),
    ],
)
def test_what_cannot_be_is_refused(
    proef: Papierproef, wie: str, woorden: tuple[str, ...], exitcode: int, zin: str
) -> None:
    proef.refuse(proef.run_als(wie, *woorden), exitcode, zin)
    assert proef.load("besluit", "lijst") == proef.load("handboek", "lijst") == []


def test_a_wrong_besluit_names_every_wrong_key_before_anybody_signs_in(proef: Papierproef) -> None:
    pad = proef.write_besluit(versie="0", datum='"gisteren"', din_niveau='"P-9"')
    gezegd = proef.refuse(proef.run("besluit", "voegtoe", str(pad), "--als", ARIE), 2, "klopt niet")
    assert all(sleutel in gezegd for sleutel in ("versie", "datum", "din_niveau"))


def test_what_was_recorded_does_not_change(proef: Papierproef) -> None:
    proef.add_besluit()
    proef.add_besluit()  # the same again is no news
    uitslag = proef.run_als(ARIE, "besluit", "voegtoe", str(proef.write_besluit(bedenktijd_dagen="0")))
    proef.refuse(uitslag, 5, "is al vastgelegd en zegt iets anders", "verhoog het versienummer")
    proef.add_besluit(versie="2", bedenktijd_dagen="0")
    assert proef.load("besluit", "toon", "2026-VB-01")["inhoud"]["versie"] == 2
    assert proef.load("besluit", "toon", "2026-VB-01", "--versie", "1")["inhoud"]["versie"] == 1
    proef.refuse(proef.run("besluit", "toon", "2026-VB-01", "--versie", "3"), 3, "2026-VB-01 versie 3 bestaat niet")
    (proef.map / "handboek.pdf").write_bytes(build_pdf(2))
    uitslag = proef.run_als(ARIE, "handboek", "voegtoe", "2.1", str(proef.map / "handboek.pdf"))
    proef.refuse(uitslag, 5, "Handboek 2.1 is er al, met een ander bestand")


def test_fingerprints_can_be_pasted_and_another_one_is_said(proef: Papierproef) -> None:
    with proef.config.open("a", encoding="utf-8") as bestand:
        bestand.write('[profiel."A3 \\"kleur\\""]\nnakijken = "altijd"\n')
    gezegd = proef.run("besluit", "profielen").stdout
    profielen = tomllib.loads(gezegd)["profielen"]
    assert profielen == proef.load("besluit", "profielen")
    assert set(profielen) == {"standaard", 'A3 "kleur"'} and {len(waarde) for waarde in profielen.values()} == {64}
    gezegd = proef.add_besluit(gepubliceerd_op="2026-03-18")
    assert 'Let op: Het scanprofiel A3 "kleur" is niet vrijgegeven in besluit 2026-VB-01' in gezegd


def test_paper_is_kept_longer(proef: Papierproef) -> None:
    verleng = ("besluit", "verleng", "1", "--reden", "onderzoek", "--tot")
    gezegd = proef.say_als(ARIE, *verleng, "02-03-2099")
    assert "Het papier van batch B-2026-0001 blijft in elk geval tot en met 02-03-2099." in gezegd
    proef.refuse(proef.run_als(ARIE, *verleng, "2099-03-01"), 5, "Verkorten kan niet")


# --- boxes --------------------------------------------------------------------------------------------------------


def test_a_doos_from_empty_to_closed(proef: Papierproef) -> None:
    assert "Er zijn nog geen dozen" in proef.say("doos", "lijst")
    doos = proef.make_doos()
    door = ("--door", DIRK)
    assert "0 bladen" in proef.say("doos", "toon", doos)
    assert f"4 bladen erbij in doos {doos}. Er liggen nu 4 bladen in." in proef.say(
        "doos", "vul", "1", "B-2026-0001", "--bladen", "1-4", *door
    )
    assert "2 bladen erbij" in proef.say("doos", "vul", doos, "2", *door)
    assert "1 blad uit doos" in proef.say("doos", "neem-uit", doos, "1", "--bladen", "4", *door)
    assert f"Doos {doos} is dicht, met 5 bladen." in proef.say("doos", "sluit", doos, *door)
    proef.say("doos", "verplaats", doos, "--plaats", "kelder, rek 2", *door)
    gezegd = proef.say("doos", "toon", doos)
    assert "dicht, 5 bladen" in gezegd and "1-3" in gezegd and "kelder, rek 2" in gezegd and "stelling 4" in gezegd
    (rij,) = proef.load("doos", "lijst")
    assert (rij["bladen"], [deel["batch"] for deel in rij["inhoud"]]) == (5, ["B-2026-0001", "B-2026-0002"])
    assert rij == proef.load("doos", "toon", doos)
    assert "kelder, rek 2" in proef.say("doos", "lijst") and "dicht" in proef.say("doos", "lijst")
    proef.refuse(proef.run("doos", "vul", doos, "1", *door), 5, "is dicht", f"doos open {doos}")
    assert "is weer open" in proef.say("doos", "open", doos, *door)
    assert "4 bladen erbij" in proef.say("doos", "vul", doos, "1", *door)


@pytest.mark.parametrize(
    ("woorden", "exitcode", "zin"),
    [
        (("vul", "9", "1"), 3, "Doos 9 bestaat niet"),
        (("vul", "1", "99"), 3, "Batch 99 bestaat niet"),
        (("vul", "1", "1", "--bladen", "5-9"), 3, "heeft 7 bladen. Daar is 8-9 niet bij"),
        (("vul", "1", "1", "--bladen", "vier"), 5, "vier is geen reeks bladen. Schrijf bijvoorbeeld: 1-40,43"),
        (("neem-uit", "1", "1"), 3, "liggen niet in doos"),
        (("sluit", "1"), 5, "is leeg"),
        (("open", "1"), 5, "is al open"),
        (("verplaats", "1", "--plaats", " "), 5, "Zeg waar de doos staat"),
        (("maak", "--plaats", ""), 5, "Zeg waar de doos staat"),
        (("maak",), 2, "Deze optie is nodig: '--plaats'"),
    ],
)
def test_a_doos_refuses_what_cannot_be(proef: Papierproef, woorden: tuple[str, ...], exitcode: int, zin: str) -> None:
    proef.make_doos()
    proef.refuse(proef.run("doos", *woorden, "--door", DIRK), exitcode, zin)


def test_a_sheet_lies_in_one_doos(proef: Papierproef) -> None:
    een, twee = proef.make_doos(), proef.make_doos()
    proef.say("doos", "vul", een, "1", "--bladen", "1-3,6", "--door", DIRK)
    uitslag = proef.run("doos", "vul", twee, "1", "--door", DIRK)
    proef.refuse(uitslag, 5, "Blad 1-3,6 van batch B-2026-0001 ligt al in een andere doos")
    assert proef.load("doos", "toon", twee)["bladen"] == 0


def test_a_document_is_fetched_sheet_by_sheet_in_the_order_of_the_walk(proef: Papierproef) -> None:
    een, twee = proef.make_doos("zolder"), proef.make_doos("kelder")
    proef.say("doos", "vul", een, "1", "--bladen", "1-3", "--door", DIRK)
    proef.say("doos", "vul", twee, "2", "--door", DIRK)
    eerste, _, laatste = proef.documenten
    rijen = proef.load("doos", "haal", eerste[:8], laatste)
    assert [(rij["plaats"], rij["doos"], rij["batch"], rij["blad"]) for rij in rijen] == [
        (None, None, "B-2026-0001", 4),
        ("kelder", twee, "B-2026-0002", 2),
        ("zolder", een, "B-2026-0001", 2),
        ("zolder", een, "B-2026-0001", 3),
    ]
    assert "ligt niet in een doos" in proef.say("doos", "haal", eerste)
    proef.refuse(proef.run("doos", "haal", "ffff"), 3, "ffff is niet het id van een document")
    proef.refuse(proef.run("doos", "haal"), 2, "Er ontbreekt een gegeven")


# --- uitzonderingen -----------------------------------------------------------------------------------------------


def test_an_uitzondering_is_made_shown_and_taken_back(proef: Papierproef) -> None:
    assert "Er zijn geen uitzonderingen" in proef.say("uitzondering", "lijst")
    een, twee, _ = proef.documenten
    doos = proef.make_doos()
    proef.say("doos", "vul", doos, "1", "--bladen", "2-3", "--door", DIRK)
    voegtoe = ("--reden", "Zegel-of-handtekening", "--toelichting", "lakzegel van 1820")
    gezegd = proef.say_als(DIRK, "uitzondering", "voegtoe", een[:8], *voegtoe)
    assert "het papier blijft het origineel" in gezegd and f"doos haal {een[:8]}" in gezegd
    proef.say_als(DIRK, "uitzondering", "voegtoe", twee, *voegtoe, "--vindplaats", "depot, la 3")
    rijen = {rij["document"]: rij for rij in proef.load("uitzondering", "lijst")}
    assert rijen[een]["vindplaats"] == f"doos {doos} (stelling 4), blad 2-3; niet in een doos, blad 4"
    assert (rijen[twee]["vindplaats"], rijen[twee]["door"]) == ("depot, la 3", DIRK)
    gezegd = proef.say("uitzondering", "lijst")
    assert "zegel, watermerk, natte handtekening" in gezegd and "lakzegel van 1820" in gezegd and ZAAK in gezegd
    proef.refuse(proef.run_als(DIRK, "uitzondering", "voegtoe", een, *voegtoe), 5, "al een uitzondering")
    trek_in = ("uitzondering", "trek-in", een, "--toelichting", "het zegel is een afdruk")
    proef.refuse(proef.run_als(DIRK, *trek_in), 6, "geen mandaat als archivaris of functioneel beheerder")
    assert "is geen uitzondering meer" in proef.say_als(ARIE, *trek_in)
    proef.refuse(proef.run_als(ARIE, *trek_in), 3, "Dit document is geen uitzondering")
    assert [rij["document"] for rij in proef.load("uitzondering", "lijst")] == [twee]
    (ingetrokken,) = [rij for rij in proef.load("uitzondering", "lijst", "--alles") if rij["ingetrokken_op"]]
    assert (ingetrokken["document"], ingetrokken["ingetrokken_door"]) == (een, ARIE)


def test_an_uitzondering_has_a_known_reason_words_and_somebody_who_may(proef: Papierproef) -> None:
    proef.add_persoon(AUDITOR, "auditor")
    voegtoe = ("uitzondering", "voegtoe", proef.documenten[0], "--toelichting", "oud", "--reden")
    proef.refuse(proef.run_als(DIRK, *voegtoe, "mooi"), 2, "De reden 'mooi' bestaat niet. Kies uit: buiten_reikwijdte")
    proef.refuse(proef.run_als(AUDITOR, *voegtoe, "erfgoed"), 6, f"{AUDITOR} heeft vandaag geen mandaat")
    leeg = ("uitzondering", "voegtoe", proef.documenten[0], "--toelichting", " ", "--reden", "erfgoed")
    proef.refuse(proef.run_als(DIRK, *leeg), 5, "Leg uit waarom het papier blijft")
    proef.refuse(proef.run_als(DIRK, "uitzondering", "voegtoe", "ffff", *voegtoe[3:], "erfgoed"), 3, "niet het id")
    assert proef.load("uitzondering", "lijst", "--alles") == []


# --- stops --------------------------------------------------------------------------------------------------------


def test_a_stop_stands_on_what_people_call_it(proef: Papierproef) -> None:
    proef.add_besluit()
    doos = proef.make_doos()
    assert "Er staan geen stops" in proef.say("stop", "lijst")
    reden = ("--reden", "WOO-2026-4", "--door", DIRK)
    for over, wat, gezien in (
        ("document", proef.documenten[0][:8], proef.documenten[0]),
        ("zaak", ZAAK.lower(), ZAAK.lower()),
        ("doos", "1", doos),
        ("besluit", "2026-VB-01", "2026-VB-01"),
        ("persoon", "dirk divmedewerker", DIRK),
    ):
        gezegd = proef.say("stop", "plaats", "woo_verzoek", over, wat, *reden)
        assert f"Woo-verzoek op {over} {gezien}." in gezegd
    assert [(rij["over"], rij["reden"]) for rij in proef.load("stop", "lijst")] == [
        (over, "WOO-2026-4") for over in ("document", "zaak", "doos", "besluit", "persoon")
    ]
    assert f"doos {doos}" in proef.say("stop", "lijst")


def test_a_stop_is_lifted_with_a_reason_and_the_other_one_still_stands(proef: Papierproef) -> None:
    plaats = ("stop", "plaats", "bezwaar", "zaak", ZAAK, "--reden", "BZW-1", "--door", DIRK)
    proef.say(*plaats)
    proef.say(*plaats)
    een, twee = (rij["id"] for rij in proef.load("stop", "lijst"))
    hef = ("stop", "hef-op", een[:8])
    proef.refuse(proef.run(*hef, "--als", BEHEERDER), 2, "Deze optie is nodig: '--reden'")
    proef.refuse(proef.run(*hef, "--als", BEHEERDER, "--reden", ""), 5, "Zeg waarom de stop wordt opgeheven")
    gelukt = proef.run_als(BEHEERDER, *hef, "--reden", "ingetrokken door de indiener")
    assert gelukt.exit_code == 0, gelukt.output
    gezegd = " ".join(gelukt.output.split())
    assert f"op zaak {ZAAK} is opgeheven. Let op: stop {twee[:8]} staat er nog op." in gezegd
    proef.refuse(proef.run_als(BEHEERDER, *hef, "--reden", "nog eens"), 3, "bestaat niet of is al opgeheven")
    assert [rij["id"] for rij in proef.load("stop", "lijst")] == [twee]
    assert "ingetrokken door de indiener" in proef.say("stop", "lijst", "--alles")


def test_a_stop_on_a_zaak_that_nobody_knows_stands_and_warns(proef: Papierproef) -> None:
    gezegd = proef.say("stop", "plaats", "onderzoek", "zaak", "ZAAK-1", "--reden", "onderzoek", "--door", DIRK)
    assert "Let op: Zaak ZAAK-1 staat niet in het zaaksysteem" in gezegd
    assert len(proef.load("stop", "lijst")) == 1


@pytest.mark.parametrize(
    ("woorden", "exitcode", "zin"),
    [
        (("zomaar", "zaak", ZAAK), 2, "'zomaar' is geen van deze"),
        (("bezwaar", "kast", "1"), 2, "'kast' is geen van deze"),
        (("bezwaar", "doos", "9"), 3, "Doos 9 bestaat niet"),
        (("bezwaar", "document", "ffff"), 3, "niet het id van een document"),
        (("bezwaar", "besluit", "9"), 3, "Besluit 9 bestaat niet"),
        (("bezwaar", "persoon", "Niemand"), 3, "Niemand heet hier Niemand"),
        (("bezwaar", "zaak", " "), 5, "noem het nummer van de zaak"),
        (("bezwaar", "zaak"), 2, "Er ontbreekt een gegeven"),
    ],
)
def test_a_stop_on_what_is_not_there_is_refused(
    proef: Papierproef, woorden: tuple[str, ...], exitcode: int, zin: str
) -> None:
    proef.refuse(proef.run("stop", "plaats", *woorden, "--reden", "x", "--door", DIRK), exitcode, zin)
    assert proef.load("stop", "lijst", "--alles") == []
