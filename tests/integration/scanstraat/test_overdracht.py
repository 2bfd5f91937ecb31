"""What is handed over says what happened, nothing that did not happen, and is whole or not there."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import etree
from typer.testing import CliRunner

from scanstraat import afronding, besluiten, db, overdracht, papier, personen, stops, storage, vernietigen
from scanstraat.bootstrap import Basis
from scanstraat.cli import app
from scanstraat.config import Config
from scanstraat.documentfeiten import Documentfeiten
from scanstraat.errors import NietMogelijkError, OpslagBeschadigdError
from scanstraat.intake.opslag import Opslag
from scanstraat.mdto import NAMESPACE, build_document_mdto, verify_mdto
from scanstraat.overdracht import Naslag, build_document, render_metagegevens, write_mdto
from scanstraat.sip import make_sip
from scanstraat.stops import Over, Stopsoort
from scanstraat.tables import BatchRow, DocumentRow
from scanstraat.transfervermerk import build_transfervermerk, render_tekst, say_overeenstemming
from scanstraat.uitvoermap import copy_object
from tests.afrondproef import CONTROLEUR, DIV, EEN, SCANOPERATOR, TWEE, Afrondproef, open_afrondproef, zwijg
from tests.overdrachtproef import Overdrachtproef, destroy, open_overdrachtproef

NS = {"m": NAMESPACE}
REDEN = next(iter(besluiten.UITZONDERINGEN))


@pytest.fixture(scope="module")
def proef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overdrachtproef]:
    with open_overdrachtproef(tmp_path_factory.mktemp("proef")) as gemaakt:
        yield gemaakt


@pytest.fixture
def vers(tmp_path: Path) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path / "vers") as gemaakt:
        yield gemaakt


@pytest.fixture(scope="module")
def xsd(gedeeld: Path) -> Path:
    pad = gedeeld / "mdto" / "MDTO-XML1.0.1.xsd"
    if not pad.is_file():
        pytest.skip("the schema of MDTO is not in ../shared/mdto")
    return pad


def with_xsd(basis: Basis, xsd: Path) -> Basis:
    config: Config = basis.config
    return replace(basis, config=config.model_copy(update={"mdto": config.mdto.model_copy(update={"xsd": xsd})}))


def load(basis: Basis, document_id: UUID) -> Documentfeiten:
    with db.read(basis.engine) as session:
        feiten = Naslag(basis, session).load_feiten(session.get_one(DocumentRow, document_id))
    assert feiten is not None
    return feiten


def find(xml: bytes, pad: str) -> list[str]:
    return [str(tekst) for tekst in etree.fromstring(xml).xpath(pad, namespaces=NS)]


def mdto_of(basis: Basis, document_id: UUID) -> bytes:
    return build_document_mdto(build_document(load(basis, document_id), basis.config))


EVENTS = "//m:event/m:eventType/m:begripLabel/text()"
RELATIES = "//m:gerelateerdInformatieobjectTypeRelatie/m:begripLabel/text()"


# --- MDTO ---------------------------------------------------------------------------------------------------------


def test_paper_that_is_there_is_not_replaced(proef: Overdrachtproef) -> None:
    xml = mdto_of(proef.proef.basis, proef.papier.documenten[0])
    assert find(xml, EVENTS) == ["Digitalisering"]
    assert find(xml, RELATIES) == []


def test_paper_that_is_gone_is_replaced_and_the_verklaring_is_named(proef: Overdrachtproef) -> None:
    for document_id in proef.weg.documenten:
        xml = mdto_of(proef.proef.basis, document_id)
        assert find(xml, EVENTS) == ["Digitalisering", "Vervanging"]
        assert find(xml, RELATIES) == ["Vervangt"]
        assert proef.verklaring in find(xml, "//m:event[2]/m:eventResultaat/text()")[0]
        assert "doos D-" in find(xml, "//m:gerelateerdInformatieobject//m:verwijzingNaam/text()")[0]


def test_a_document_that_is_half_in_a_destroyed_doos_is_not_replaced(vers: Afrondproef) -> None:
    batch = vers.add_batch(2)
    vers.add_besluit()
    vers.approve(batch.batch)
    with db.begin(vers.basis.engine) as session:
        div = personen.actor_of(session, vers.mensen[DIV])
        rij = storage.load_batch(session, batch.batch)
        dozen = [papier.make_doos(session, "stelling 4", door=div) for _ in range(2)]
        for doos, bladen in zip(dozen, ((range(1, 3),), (range(3, 4),)), strict=True):
            papier.fill_doos(session, doos, rij, bladen, door=div)
            papier.close_doos(session, doos, door=div)
    lijst = vers.propose(*dozen)
    for doos in dozen:
        vers.look(lijst, doos)
    vers.back_up()
    for naam in (EEN, TWEE):
        vers.release(lijst, naam)
    vers.anchor()
    opdracht = vers.order(lijst, *dozen)
    vers.execute(opdracht, dozen[0])
    assert find(mdto_of(vers.basis, batch.documenten[0]), EVENTS) == ["Digitalisering"]
    vers.execute(opdracht, dozen[1])
    xml = mdto_of(vers.basis, batch.documenten[0])
    assert find(xml, EVENTS) == ["Digitalisering", "Vervanging"]
    assert "Een verklaring is nog niet opgemaakt" in find(xml, "//m:event[2]/m:eventResultaat/text()")[0]


def test_paper_that_went_without_grounds_is_not_called_replaced(vers: Afrondproef, tmp_path: Path) -> None:
    batch = vers.add_batch(2)
    vers.add_besluit()
    vers.approve(batch.batch)
    doos = vers.box(batch.batch)
    lijst = vers.propose(doos)
    opdracht = vers.bring_to_order(lijst, doos)
    with db.begin(vers.basis.engine) as session:
        door = storage.load_actor(session, "proef")
        stops.place_stop(session, Stopsoort.BEZWAAR, Over.DOOS, str(doos.id), "bezwaar 4", door=door)
    feiten = vernietigen.Uitvoeringsfeiten(
        datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", vers.save_certificaat()
    )
    afronding.meld_zonder_grond(vers.basis, opdracht.id, [(doos, feiten)], vers.wie(DIV), meld=zwijg)
    xml = mdto_of(vers.basis, batch.documenten[0])
    assert find(xml, EVENTS) == ["Digitalisering", "Papier vernietigd zonder grond"] and find(xml, RELATIES) == []
    assert "geen vervanging" in find(xml, "//m:event[2]/m:eventResultaat/text()")[0]
    vermerk = build_transfervermerk(load(vers.basis, batch.documenten[0]), organisatie="Gemeente", met_naam=False)
    assert "bezwaar" in vermerk["papier_zonder_grond"]
    with db.read(vers.basis.engine) as session:
        nummer = storage.load_batch(session, batch.batch).nummer
    make_sip(vers.basis, [nummer], tmp_path / "sip", meld=zwijg)
    pakbon = json.loads((tmp_path / "sip" / "pakbon.json").read_bytes())
    assert any("1 document is papier vernietigd zonder grond: dat is geen" in een for een in pakbon["bijzonderheden"])
    assert vermerk["controle"]["keuring"]["uitslag"] == "goedgekeurd"  # it stood, and the paper went all the same
    with db.begin(vers.basis.engine) as session:
        rij = storage.load_batch(session, batch.batch)
        storage.void_verzegeling(session, rij, "gewijzigd", actor=storage.load_actor(session, "proef"))
    feiten_nu = load(vers.basis, batch.documenten[0])
    assert feiten_nu.gekeurd is None
    tekst = render_tekst(build_transfervermerk(feiten_nu, organisatie="Gemeente", met_naam=False), feiten_nu).decode()
    assert "ZONDER GROND. Dit stond in de weg: " in tekst and "Niets." not in tekst


def test_the_event_says_how_it_was_scanned_and_checked(proef: Overdrachtproef) -> None:
    xml = mdto_of(proef.proef.basis, proef.weg.documenten[0])
    (resultaat,) = find(xml, "//m:event[1]/m:eventResultaat/text()")
    for woord in ("2 pagina's", "300 dpi", "PDF/A-2b", "profiel standaard", "controle goedgekeurd"):
        assert woord in resultaat
    assert find(xml, "//m:waardering/m:begripCode/text()") == ["N"]
    assert find(xml, "//m:beperkingGebruikType/m:begripLabel/text()") == ["Nader te bepalen"]
    assert find(xml, "//m:archiefvormer/m:verwijzingNaam/text()") == ["Gemeente Voorbeeld"]


def test_what_was_delivered_as_a_file_was_not_digitised(proef: Overdrachtproef) -> None:
    feiten = load(proef.proef.basis, proef.papier.documenten[0])
    feiten = replace(feiten, scan=replace(feiten.scan, is_scan=False))
    xml = build_document_mdto(build_document(feiten, proef.proef.basis.config))
    assert find(xml, EVENTS) == ["Ontvangst"]
    assert "geen papier" in say_overeenstemming(feiten)


def test_everything_is_mdto_by_its_schema(proef: Overdrachtproef, xsd: Path) -> None:
    basis = with_xsd(proef.proef.basis, xsd)
    for document_id in (*proef.weg.documenten, *proef.papier.documenten):
        for bestand in render_metagegevens(load(basis, document_id), basis.config):
            if bestand.naam.endswith(".xml"):
                verify_mdto(bestand.inhoud, xsd)


def test_a_title_with_strange_signs_does_not_break_the_xml(proef: Overdrachtproef, xsd: Path) -> None:
    feiten = replace(load(proef.proef.basis, proef.papier.documenten[0]), titel="a\x00b\ud800 <é> &\x1b")
    xml = build_document_mdto(build_document(feiten, proef.proef.basis.config))
    verify_mdto(xml, xsd)
    assert find(xml, "/m:MDTO/m:informatieobject/m:naam/text()") == ["a b  <é> &"]


def test_a_file_that_is_no_pdfa_or_shows_something_else_is_not_described(proef: Overdrachtproef) -> None:
    feiten, config = load(proef.proef.basis, proef.papier.documenten[0]), proef.proef.basis.config
    for anders in ({"conform": False}, {"getrouw": False}, {"vervallen": True}):
        with pytest.raises(NietMogelijkError):
            render_metagegevens(replace(feiten, **anders), config)  # type: ignore[arg-type]


# --- transfervermerk ----------------------------------------------------------------------------------------------


def read_vermerk(proef: Overdrachtproef, document_id: UUID, map_: Path, *, met_naam: bool = False) -> dict[str, Any]:
    basis = proef.proef.basis
    with db.read(basis.engine) as session:
        document = session.get_one(DocumentRow, document_id)
        paden = write_mdto(basis, session, document, map_, met_naam=met_naam)
    assert len(paden) == 4
    (json_,) = map_.glob("*-transfervermerk.json")
    vermerk: dict[str, Any] = json.loads(json_.read_bytes())
    return vermerk


def test_a_transfervermerk_names_functions_and_ids_and_people_only_when_asked(
    proef: Overdrachtproef, tmp_path: Path
) -> None:
    vermerk = read_vermerk(proef, proef.weg.documenten[0], tmp_path / "zonder")
    alles = "".join(pad.read_text(encoding="utf-8") for pad in (tmp_path / "zonder").iterdir())
    for naam in (SCANOPERATOR, CONTROLEUR):
        assert naam not in alles
    assert vermerk["gemaakt_door"]["functie"] == "scanoperator"
    assert UUID(vermerk["gemaakt_door"]["log_id"])
    assert vermerk["controle"]["keuring"]["uitslag"] == "goedgekeurd"
    assert vermerk["controle"]["keuring"]["getrokken_paginas"] == [1, 2]
    assert vermerk["tijden"]["papier_vernietigd_op"]
    met = read_vermerk(proef, proef.weg.documenten[0], tmp_path / "met", met_naam=True)
    assert met["gemaakt_door"]["naam"] == SCANOPERATOR
    assert met["controle"]["keuring"]["door"]["naam"] == CONTROLEUR


def test_agreement_is_stated_only_when_a_person_found_it(vers: Afrondproef) -> None:
    batch = vers.add_batch(1)
    vers.add_besluit()
    feiten = load(vers.basis, batch.documenten[0])
    assert "niet door een mens vastgesteld" in say_overeenstemming(feiten)
    vers.approve(batch.batch)
    feiten = load(vers.basis, batch.documenten[0])
    assert "komen overeen met het papier" in say_overeenstemming(feiten)
    assert "NIET precies de scan" in say_overeenstemming(replace(feiten, getrouw=False))
    add_versie(vers, batch.documenten[0])  # the approval was of what it was
    assert "niet door een mens vastgesteld" in say_overeenstemming(load(vers.basis, batch.documenten[0]))


def test_an_approval_that_was_voided_by_another_document_of_the_batch_is_not_stated(vers: Afrondproef) -> None:
    batch = vers.add_batch(1, 1)
    vers.add_besluit()
    vers.approve(batch.batch)
    add_versie(vers, batch.documenten[1])
    feiten = load(vers.basis, batch.documenten[0])
    assert feiten.versie == 1
    assert feiten.gekeurd is None


def test_the_approval_on_which_paper_went_is_not_that_of_a_later_versie(vers: Afrondproef) -> None:
    batch = vers.add_batch(1, 1)
    vers.add_besluit()
    vers.approve(batch.batch)
    destroy(vers, batch.batch)
    add_versie(vers, batch.documenten[1])
    eerste, tweede = (load(vers.basis, document_id) for document_id in batch.documenten)
    assert eerste.gekeurd is not None  # what was approved then is what went
    assert (tweede.versie, tweede.gekeurd) == (2, None)
    assert eerste.is_vervangen
    assert tweede.is_vervangen


def add_versie(vers: Afrondproef, document_id: UUID) -> None:
    with db.begin(vers.basis.engine) as session:
        document = session.get_one(DocumentRow, document_id)
        versie = storage.add_versie(session, document, reden="draai", actor=storage.load_actor(session, "proef"))
        vers._archive(session, versie.id)


def test_metadata_is_never_written_over_or_beside_a_damaged_file(proef: Overdrachtproef, tmp_path: Path) -> None:
    read_vermerk(proef, proef.papier.documenten[0], tmp_path / "map")
    with pytest.raises(NietMogelijkError, match="staan deze bestanden al"):
        read_vermerk(proef, proef.papier.documenten[0], tmp_path / "map")
    basis = proef.proef.basis
    pdf = basis.opslag.pad(load(basis, proef.papier.documenten[0]).pdf.sha256)
    goed = pdf.read_bytes()
    pdf.chmod(0o600)
    pdf.write_bytes(b"x" + goed[1:])
    try:
        with pytest.raises(OpslagBeschadigdError):
            read_vermerk(proef, proef.papier.documenten[0], tmp_path / "ander")
        assert not (tmp_path / "ander").exists()
    finally:
        pdf.write_bytes(goed)


# --- the SIP ------------------------------------------------------------------------------------------------------


def sip_of(proef: Overdrachtproef, doel: Path, *nummers: str, basis: Basis | None = None) -> dict[str, Any]:
    verslag = make_sip(basis or proef.proef.basis, nummers or proef.numbers(), doel, meld=zwijg)
    pakbon: dict[str, Any] = json.loads((doel / "pakbon.json").read_bytes())
    assert pakbon["kenmerk"] == verslag.kenmerk
    return pakbon


def test_a_sip_is_what_its_pakbon_says(proef: Overdrachtproef, xsd: Path, tmp_path: Path) -> None:
    doel = tmp_path / "sip"
    pakbon = sip_of(proef, doel, basis=with_xsd(proef.proef.basis, xsd))
    bestanden = [pad for pad in (doel / "sip").rglob("*") if pad.is_file()]
    inhoud = [pad for pad in bestanden if not pad.name.endswith(".MDTO.xml")]
    assert pakbon["aantal_bestanden"] == len(bestanden)
    assert pakbon["aantal_geen_mdto"] == len(inhoud) == 3 * 3
    assert pakbon["omvang_geen_mdto_bytes"] == sum(pad.stat().st_size for pad in inhoud)
    assert pakbon["aantal_informatieobjecten"] == 1 + 3  # a zaak and its documents
    assert hashlib.sha256((doel / pakbon["hashbestand"]).read_bytes()).hexdigest() == pakbon["hashwaarde"]
    nagerekend = subprocess.run(["sha256sum", "--check", "--quiet", "inhoud.sha256"], cwd=doel, check=False)
    assert nagerekend.returncode == 0
    assert any("1 document is het papier (nog) niet vernietigd" in een for een in pakbon["bijzonderheden"])
    xml = etree.fromstring((doel / "pakbon.xml").read_bytes())
    assert xml.findtext("hashwaarde") == pakbon["hashwaarde"]
    for pad in bestanden:
        if pad.name.endswith(".xml"):
            verify_mdto(pad.read_bytes(), xsd)


def test_everything_in_a_sip_has_its_sidecar_and_a_name_that_is_allowed(proef: Overdrachtproef, tmp_path: Path) -> None:
    sip_of(proef, tmp_path / "sip")
    sip = tmp_path / "sip" / "sip"
    namen = [pad.name for pad in sip.rglob("*")]
    assert len(namen) == len({naam.casefold() for naam in namen})
    for pad in sip.rglob("*"):
        assert len(pad.name) <= 255
        assert not set(pad.name) & set('<>:"/\\|?*#& ')
        if pad.is_dir():
            assert (pad / f"{pad.name}.MDTO.xml").is_file()
        elif not pad.name.endswith(".MDTO.xml"):
            assert (pad.parent / f"{pad.name}.bestand.MDTO.xml").is_file()
    zaak, *_ = sip.iterdir()
    dossier = (zaak / f"{zaak.name}.MDTO.xml").read_bytes()
    assert find(dossier, "//m:aggregatieniveau/m:begripLabel/text()") == ["Dossier"]
    delen = set(find(dossier, "//m:bevatOnderdeel//m:identificatieKenmerk/text()"))
    assert delen == {str(d) for d in (*proef.weg.documenten, *proef.papier.documenten)}
    for document in (pad for pad in zaak.iterdir() if pad.is_dir()):
        xml = (document / f"{document.name}.MDTO.xml").read_bytes()
        boven = find(xml, "//m:isOnderdeelVan//m:identificatieKenmerk/text()")
        assert boven == find(dossier, "/m:MDTO/m:informatieobject/m:identificatie/m:identificatieKenmerk/text()")
        bestand = (document / f"{document.name}.pdf.bestand.MDTO.xml").read_bytes()
        pdf = (document / f"{document.name}.pdf").read_bytes()
        assert find(bestand, "//m:checksumWaarde/text()") == [
            hashlib.sha256(pdf).hexdigest(),
            hashlib.sha512(pdf).hexdigest(),
        ]
        assert find(bestand, "//m:bestandsformaat/m:begripCode/text()") == ["fmt/477"]


def test_the_settings_say_how_a_sip_is_named_and_hashed(proef: Overdrachtproef, tmp_path: Path) -> None:
    basis = proef.proef.basis
    sip = basis.config.sip.model_copy(
        update={"hashalgoritme": "SHA-512", "doellocatie": "Archief 2020", "contact": "DIV"}
    )
    mdto = basis.config.mdto.model_copy(update={"sidecar": "mdto"})
    config = basis.config.model_copy(update={"sip": sip, "mdto": mdto})
    pakbon = sip_of(proef, tmp_path / "sip", basis=replace(basis, config=config))
    assert pakbon["hashwaarde"] == hashlib.sha512((tmp_path / "sip" / "inhoud.sha512").read_bytes()).hexdigest()
    assert (pakbon["doellocatie"], pakbon["contact"]) == ("Archief 2020", "DIV")
    assert pakbon["aantal_geen_mdto"] == 9
    (dossier,) = (tmp_path / "sip" / "sip").glob("*/*.mdto.xml")
    assert find(dossier.read_bytes(), "//m:isOnderdeelVan/m:verwijzingNaam/text()") == ["Archief 2020"]


def test_a_damaged_byte_never_goes_along_and_the_second_copy_repairs_it(proef: Overdrachtproef, tmp_path: Path) -> None:
    basis = proef.proef.basis
    sha256 = load(basis, proef.weg.documenten[0]).pdf.sha256
    paden = [basis.opslag.pad(sha256), proef.proef.map / "kopie" / sha256[:2] / sha256[2:4] / sha256]
    goed = paden[0].read_bytes()
    for pad in paden:
        pad.chmod(0o600)
    paden[0].write_bytes(goed[:-1] + b"!")
    sip_of(proef, tmp_path / "hersteld")
    assert paden[0].read_bytes() == goed
    for pad in paden:
        pad.chmod(0o600)
        pad.write_bytes(goed[:-1] + b"!")
    try:
        with pytest.raises(OpslagBeschadigdError):
            sip_of(proef, tmp_path / "niet")
        assert [pad.name for pad in tmp_path.iterdir()] == ["hersteld"]
    finally:
        for pad in paden:
            pad.write_bytes(goed)


def test_a_copy_that_is_not_what_was_recorded_is_refused(tmp_path: Path) -> None:
    opslag = Opslag(tmp_path / "opslag")
    goed = opslag.bewaar_bytes(b"inhoud")
    copy_object(opslag, goed, tmp_path / "goed")
    assert (tmp_path / "goed").read_bytes() == b"inhoud"
    for anders in (replace(goed, sha512="0" * 128), replace(goed, omvang_bytes=7)):
        with pytest.raises(OpslagBeschadigdError):
            copy_object(opslag, anders, tmp_path / "fout")
    opslag.pad(goed.sha256).chmod(0o600)
    opslag.pad(goed.sha256).write_bytes(b"Inhoud")
    with pytest.raises(OpslagBeschadigdError):  # also when one digest is all that is known
        copy_object(opslag, replace(goed, sha512=""), tmp_path / "fout")
    assert not (tmp_path / "fout").exists()


def test_a_sip_that_is_interrupted_leaves_nothing(proef: Overdrachtproef, tmp_path: Path) -> None:
    def stop(_gedaan: int, _totaal: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_sip(proef.proef.basis, proef.numbers(), tmp_path / "sip", meld=stop)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_where_it_would_be_taken_in_or_stored(proef: Overdrachtproef) -> None:
    basis = proef.proef.basis
    for map_ in (basis.config.opslag.map / "sip", basis.config.backup.map, basis.config.logboek.map / "diep" / "er"):
        with pytest.raises(NietMogelijkError, match="Kies een map daarbuiten"):
            sip_of(proef, map_)


def test_what_a_power_cut_left_is_cleared_and_a_full_folder_is_refused(proef: Overdrachtproef, tmp_path: Path) -> None:
    (tmp_path / ".sip.bezig" / "oud").mkdir(parents=True)
    (tmp_path / ".sip.bezig" / "oud" / "rest").write_text("half")
    sip_of(proef, tmp_path / "sip")
    assert sorted(pad.name for pad in (tmp_path / "sip").iterdir()) == [
        "inhoud.sha256", "pakbon.json", "pakbon.xml", "sip",
    ]  # fmt: skip
    with pytest.raises(NietMogelijkError, match="niet leeg"):
        sip_of(proef, tmp_path / "sip")


def test_a_batch_that_is_not_ready_is_refused_with_every_reason(vers: Afrondproef, tmp_path: Path) -> None:
    batch = vers.add_batch(1, 1)
    with db.begin(vers.basis.engine) as session:
        document = session.get_one(DocumentRow, batch.documenten[1])
        document.koppelstatus, document.zaakidentificatie = "te_koppelen", None
        session.add(document)
        nummer = session.get_one(BatchRow, batch.batch).nummer
    with pytest.raises(NietMogelijkError, match=rf"{str(batch.documenten[1])[:8]}.*nog aan geen zaak"):
        make_sip(vers.basis, [nummer], tmp_path / "sip", meld=zwijg)
    assert not (tmp_path / "sip").exists()


def test_a_document_whose_paper_stays_is_left_out_and_named(vers: Afrondproef, tmp_path: Path) -> None:
    batch = vers.add_batch(1, 1)
    with db.begin(vers.basis.engine) as session:
        document = session.get_one(DocumentRow, batch.documenten[0])
        div = personen.actor_of(session, vers.mensen[DIV])
        besluiten.add_uitzondering(session, document, REDEN, "lakzegel", "kluis 2", actor=div)
        nummer = session.get_one(BatchRow, batch.batch).nummer
    verslag = make_sip(vers.basis, [nummer], tmp_path / "sip", meld=zwijg)
    assert verslag.documenten == 1
    assert any("lakzegel" in een for een in verslag.opmerkingen)
    assert overdracht.NIET_GECONTROLEERD in verslag.opmerkingen


# --- the commands -------------------------------------------------------------------------------------------------


def run(proef: Overdrachtproef, *woorden: str) -> tuple[int, str]:
    config = proef.proef.map / "config.toml"
    config.write_text('opslag.kopie = "kopie"\n', encoding="utf-8")
    uitslag = CliRunner().invoke(app, ["--config", str(config), *woorden])
    return uitslag.exit_code, uitslag.output


def test_the_commands_write_and_say_that_the_schema_was_not_named(proef: Overdrachtproef, tmp_path: Path) -> None:
    exitcode, uitvoer = run(proef, "mdto", str(proef.weg.documenten[0])[:8], "-o", str(tmp_path / "mdto"))
    assert exitcode == 0, uitvoer
    assert "niet tegen het schema gecontroleerd: noem het bij [mdto] xsd" in uitvoer
    assert len(list((tmp_path / "mdto").iterdir())) == 4
    exitcode, uitvoer = run(proef, "sip", *proef.numbers(), "-o", str(tmp_path / "sip"), "--titel", "Proef")
    assert exitcode == 0, uitvoer
    assert "3 documenten uit 1 zaak" in uitvoer
    assert "noem het bij [mdto] xsd" in uitvoer
    assert json.loads((tmp_path / "sip" / "pakbon.json").read_bytes())["titel"] == "Proef"
    exitcode, uitvoer = run(proef, "sip", "B-1999-0001", "-o", str(tmp_path / "ander"))
    assert exitcode == 3
    assert not (tmp_path / "ander").exists()
