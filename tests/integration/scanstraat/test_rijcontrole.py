"""Who changes a row that paper goes on is found out by the events; what the product itself does is no difference."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import (
    bewerken,
    db,
    logboek,
    onderhoud,
    personen,
    rijcontrole,
    storage,
)
from scanstraat.cli import app
from scanstraat.config import build_config
from scanstraat.gezondheid import build_gezondheid
from scanstraat.intake import ontleden
from scanstraat.intake.opslag import Opslag
from scanstraat.intake.scanmap_boek import find_eerste_bronnen
from scanstraat.intake.scanmap_regels import AangeleverdBestand, Aanlevering
from scanstraat.rijen import Wat
from scanstraat.tables import BatchRow, GebeurtenisRow, OpruimingRow
from scanstraat.tables_bewijs import DoosRow
from tests.afrondproef import (
    DIV,
    EEN,
    OORSPRONG,
    SCANOPERATOR,
    TWEE,
    Afrondproef,
    open_afrondproef,
)
from tests.afrondverhaal import Verhaal, own_database, tell
from tests.builders import build_batch, open_database
from vernietiging.errors import NietVrijgegevenError
from vernietiging.tegels import Tegelmap


@pytest.fixture(scope="module")
def verhaal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verhaal]:
    with open_afrondproef(tmp_path_factory.mktemp("rijen")) as proef:
        yield tell(proef)


@pytest.fixture
def als_eigenaar(verhaal: Verhaal) -> Iterator[Session]:
    with own_database(verhaal.proef) as verbinding, Session(verbinding) as session:
        yield session


def test_what_the_product_does_is_never_a_difference(verhaal: Verhaal) -> None:
    with db.read(verhaal.proef.basis.engine) as session:
        assert verhaal.find(session) == []


def test_a_few_documents_at_a_time_are_compared_as_all_at_once(
    verhaal: Verhaal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.read(verhaal.proef.basis.engine) as session:
        alles = list(rijcontrole._list_batches(session))
        monkeypatch.setattr(rijcontrole, "SAMEN", 2)
        delen = list(rijcontrole._list_batches(session))
        assert len(delen) > len(alles) == 1
        assert sorted(map(str, alles[0])) == sorted(str(id_) for deel in delen for id_ in deel)
        assert verhaal.find(session) == []


def test_a_manifest_that_is_gone_is_for_the_check_of_the_store_to_say(verhaal: Verhaal, tmp_path: Path) -> None:
    with db.read(verhaal.proef.basis.engine) as session:
        assert list(rijcontrole.find_verschillen(session, None, Opslag(tmp_path))) == []


def test_on_postgresql_neither(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_afrondproef(tmp_path_factory.mktemp("rijen_pg"), postgres_url) as proef:
        verhaal = tell(proef)
        with db.read(proef.basis.engine) as session:
            assert verhaal.find(session) == []
            doos = session.get_one(DoosRow, verhaal.doos.id)
            doos.gesloten_op = None
            assert [v.wat for v in verhaal.find(session)] == [Wat.DOOS]


PERSOON = "(select id from persoon where naam = 'Karin Controleur')"
WIJZIGINGEN = [
    (Wat.RIJ, "delete from object where sha256 = (select pdf_sha256 from verklaring limit 1)"),
    (Wat.RIJ, "delete from document where id = (select document_id from documentversie limit 1)"),
    (Wat.BACKUP, "update backup set in_orde = 1 - in_orde"),
    (Wat.BACKUP, "delete from backup"),
    (Wat.PERSOON, "update persoon set naam = 'Iemand Anders' where naam = 'Karin Controleur'"),
    (Wat.PERSOON, "update persoon set naam = 'e' || char(769) where naam = 'Karin Controleur'"),
    (Wat.PERSOON, "update persoonsnaam set naam = 'balie-8' where naam = 'balie-9'"),
    (Wat.PERSOON, "delete from persoonsnaam where naam = 'balie-9'"),
    (Wat.PERSOON, f"insert into persoonsnaam (id, naam, persoon_id) values ('{'0' * 32}', 'balie-7', {PERSOON})"),
    (Wat.PERSOON, "update actor set log_id = id where naam = 'Karin Controleur'"),
    (Wat.PERSOON, "update verpakt set sleutel = null, inhoud = null, gewist_op = '2026-01-01' where veld = 'naam'"),
    (Wat.MANDAAT, "update mandaat set rol = 'gemandateerde' where rol = 'controleur'"),
    (Wat.MANDAAT, "update mandaat set tot = '2039-01-01' where tot is not null"),
    (Wat.MANDAAT, "update mandaat set van = '2020-01-01' where rol = 'controleur'"),
    (Wat.MANDAAT, f"update mandaat set persoon_id = {PERSOON} where rol = 'archivaris'"),
    (Wat.MANDAAT, f"update mandaat set verleend_door = {PERSOON} where rol = 'archivaris'"),
    (Wat.MANDAAT, "update mandaat set ingetrokken_op = null, ingetrokken_door = null"),
    (Wat.MANDAAT, "update mandaat set ingetrokken_op = '2026-01-01' where rol = 'archivaris'"),
    (Wat.MANDAAT, "update mandaat set log_id = id where rol = 'controleur'"),
    (Wat.MANDAAT, "delete from mandaat where rol = 'archivaris'"),
    (Wat.STOP, "update stop set onderwerp = 'ZAAK-7' where onderwerp = 'ZAAK-8'"),
    (Wat.STOP, "update stop set reden = 'iets anders'"),
    (Wat.STOP, "update stop set soort = 'rechtszaak'"),
    (Wat.STOP, "update stop set opgeheven_op = '2026-01-01', opheffingsreden = 'x' where onderwerp = 'ZAAK-8'"),
    (Wat.STOP, "update stop set opheffingsreden = 'iets anders' where onderwerp = 'ZAAK-9'"),
    (Wat.STOP, "delete from stop where onderwerp = 'ZAAK-8'"),
    (Wat.STOP, "update stop set log_id = id where onderwerp = 'ZAAK-8'"),
    (Wat.BESLUIT, "update besluit set inhoud = json_set(inhoud, '$.bedenktijd_dagen', 1)"),
    (Wat.BESLUIT, "update besluit set versie = 7"),
    (Wat.BESLUIT, "update besluit set nummer = nummer || 'x'"),
    (Wat.BESLUIT, "update besluit set log_id = id"),
    (Wat.BESLUIT, "update handboek set bestand_sha256 = (select inhoud_sha256 from besluit limit 1)"),
    (Wat.BESLUIT, "delete from handboek"),
    (Wat.BINDING, "update binding set vervallen_op = '2026-01-01' where vervallen_op is null"),
    (Wat.BINDING, "update binding set besluit_id = (select id from besluit where nummer = 'tweede')"),
    (Wat.BINDING, "delete from binding"),
    (Wat.TERMIJN, "update termijnverlenging set tot = '2026-01-01'"),
    (Wat.TERMIJN, "update termijnverlenging set reden = 'iets anders'"),
    (Wat.TERMIJN, "delete from termijnverlenging"),
    (Wat.UITZONDERING, "update uitzondering set toelichting = 'iets anders'"),
    (Wat.UITZONDERING, "update uitzondering set reden = 'overig'"),
    (Wat.UITZONDERING, "update uitzondering set ingetrokken_op = '2026-01-01' where ingetrokken_op is null"),
    (Wat.UITZONDERING, "delete from uitzondering"),
    (Wat.DOOS, "update doos set nummer = 'D-2020-00001' where gesloten_op is null"),
    (Wat.DOOS, "update doos set gesloten_op = null"),
    (Wat.DOOS, "update doos set log_id = id"),
    (Wat.DOOS, "update doosplaats set plaats = 'kast 3' where plaats = 'kast 2'"),
    (Wat.DOOS, "delete from doosplaats where plaats = 'kast 2'"),
    (Wat.DOOS, "delete from doosblad where id in (select id from doosblad where uit_op is null limit 1)"),
    (Wat.DOCUMENT, "update documentversie set pdf_sha256 = manifest_sha256"),
    (Wat.DOCUMENT, "update documentversie set getrouw = 0"),
    (Wat.DOCUMENT, "delete from gebeurtenis where soort = 'documentversie.gearchiveerd'"),
    *(
        (Wat.BEVINDING, f"update bevinding set {kolom} = {waarde}")
        for kolom, waarde in (
            ("vervangbaar", "1"),
            ("ernst", "'licht'"),
            ("afgehandeld_op", "'2026-01-01', afgehandeld_door = 'iemand'"),
            ("vervallen_op", "'2026-01-01'"),
            ("tekst", "'iets anders'"),
            ("plaats", "'e' || char(769)"),
            ("beeld_id", "null"),
        )
    ),
    (Wat.BATCH, "update batch set momentopname = json_set(momentopname, '$.onderdeel', 'ander')"),
    (Wat.BATCH, "update batch set momentopname_sha256 = 'aa'"),
    (Wat.BATCH, "update batch set nakijken = 'altijd'"),
    (Wat.SCANOPERATOR, f"update batch set scanoperator = '{EEN}' where scanoperator = '{SCANOPERATOR}'"),
    (Wat.BATCH, "update batch set klaargemeld_op = null, klaargemeld_door = null"),
    (Wat.BATCH, "update batch set ontleed_op = '2026-01-02T00:00:00.000Z'"),
    (Wat.DUBBEL, "update batch set dubbel_van = null"),
    (Wat.DUBBEL, "update bron set dubbel_van = null"),
    (Wat.BEWERKING, "update bewerking set actor_id = (select actor_id from persoon order by naam limit 1)"),
    (Wat.BEWERKING, "update bewerking set soort = 'draai'"),
    (Wat.BEWERKING, "update bewerking set nummer = nummer + 7"),
    (Wat.BEWERKING, "delete from bewerking"),
    (Wat.PERSOON, "update persoon set aangemaakt_op = '2026-01-02T00:00:00.000Z'"),
    (Wat.MANDAAT, "update mandaat set ingetrokken_op = '2026-01-02T00:00:00.000Z' where ingetrokken_op is not null"),
    (Wat.STOP, "update stop set opgeheven_op = '2026-01-02T00:00:00.000Z' where opgeheven_op is not null"),
    (Wat.LIJST, "delete from lijstdoos"),
    (Wat.PAGINA, "update bron set ontvangen_op = '2026-01-02T00:00:00.000Z'"),
    (Wat.PAGINA, "update bron set sha256 = (select inhoud_sha256 from besluit limit 1)"),
    (Wat.PAGINA, "update object set sha512 = 'aa' where sha256 in (select sha256 from bron)"),
    (Wat.PAGINA, "update batch set ontvangen = ontvangen + 1, in_documenten = in_documenten + 1"),
    (Wat.PAGINA, "update batch set scheidingsbladen = scheidingsbladen + 1, in_documenten = in_documenten - 1"),
    (
        Wat.PAGINA,
        "update blad set nummer = 1000 + rowid, batch_id = (select id from batch order by nummer desc limit 1)",
    ),
    (Wat.PAGINA, "update beeld set draai_graden = 90"),
    (
        Wat.PAGINA,
        "update beeld set bestemming = 'weggelaten', document_id = null, weglaatreden = 'blanco'"
        " where bestemming = 'document'",
    ),
    (Wat.PAGINA, "update beeld set n = n + 100"),
    (Wat.PAGINA, "update pagina set draai_graden = 180"),
    (Wat.PAGINA, "update pagina set nummer = nummer + 1000"),
    (Wat.PAGINA, "update document set vervallen_op = '2026-01-01'"),
    (Wat.PAGINA, "update documentversie set n = n + 1000"),
    (Wat.PAGINA, "update documentversie set pdfa_rapport_sha256 = pdf_sha256"),
    (Wat.PAGINA, "delete from pagina"),
    (Wat.AFLEVERING, "update aflevering set zaakidentificatie = 'ZAAK-7'"),
    (Wat.AFLEVERING, "update aflevering set teruggelezen_sha256 = null"),
    (Wat.AFLEVERING, "update aflevering set gelijk = 0"),
    (Wat.AFLEVERING, "update aflevering set ontkoppeld_op = '2026-01-02T00:00:00.000Z' where ontkoppeld_op is null"),
    (Wat.AFLEVERING, "update aflevering set ontkoppeld_op = null where ontkoppeld_op is not null"),
    (Wat.AFLEVERING, "delete from aflevering"),
    (Wat.LIJST, "update vernietigingslijst set naam = naam || ' b'"),
    (Wat.BESLUIT, "update handboek set versie = '9'"),
    (Wat.STOP, "update stop set geplaatst_op = '2026-01-02T00:00:00.000Z'"),
    (Wat.BINDING, "update binding set op = '2026-01-02T00:00:00.000Z'"),
    (Wat.VRIJGAVE, "update vrijgave set mandaat_id = (select id from mandaat where rol = 'archivaris')"),
    (Wat.VERKLARING, "update verklaringscan set bestand_sha256 = (select pdf_sha256 from verklaring limit 1)"),
    (Wat.VERKLARING, "delete from verklaringscan"),
    (Wat.BEVINDING, "update bevinding set batch_id = (select id from batch order by nummer desc limit 1)"),
    (Wat.BEVINDING, "delete from bevinding"),
    (Wat.ZAAK, "update document set zaakidentificatie = 'ZAAK-7'"),
    (Wat.ZAAK, "update batch set nummer = nummer || '9'"),
    (Wat.VERZEGELING, "update verzegeling set vervallen_op = '2026-01-01'"),
    (Wat.VERZEGELING, "update verzegeling set paginas = paginas + 1"),
    (Wat.OORDEEL, "update oordeel set uitslag = 'afgekeurd'"),
    (Wat.OORDEEL, f"update oordeel set persoon_id = (select id from persoon where naam = '{EEN}')"),
    (Wat.OORDEEL, "update oordeel set oordeel = json_set(oordeel, '$.uitslag', 'afgekeurd')"),
    (Wat.OORDEEL, "delete from oordeel"),
    (Wat.OORDEEL, "update oordeel set gebeurtenis_id = (select id from gebeurtenis where soort = 'doos.gemaakt')"),
    (Wat.OORDEEL, "update trekking set trekking = json_set(trekking, '$.extra', 1.5)"),
    (Wat.OORDEEL, "update trekking set zaad = 'aa' where verzegeling_id is not null"),
    (Wat.OORDEEL, "update trekking set trekking = json_set(trekking, '$.getrokken', json('[]'))"),
    (Wat.LIJST, "update vernietigingslijst set inhoud = json_set(inhoud, '$.dozen', json('[]'))"),
    (Wat.LIJST, "update vernietigingslijst set ingetrokken_op = null, ingetrokken_door = null"),
    (Wat.LAATSTE_BLIK, "update laatste_blik set geslaagd = not geslaagd"),
    (Wat.LAATSTE_BLIK, f"update laatste_blik set persoon_id = {PERSOON}"),
    (Wat.LAATSTE_BLIK, "update trekking set checkpoint = 1 where doos_id is not null"),
    (Wat.VRIJGAVE, "update vrijgave set ingetrokken_op = '2026-01-01' where ingetrokken_op is null"),
    (Wat.VRIJGAVE, f"update vrijgave set persoon_id = {PERSOON} where volgnummer = 2"),
    (Wat.VRIJGAVE, "delete from vrijgave"),
    (Wat.OPDRACHT, "update opdracht set checkpoint = 1"),
    (Wat.TERMIJN, "update documentversie set gemaakt_op = '2026-01-02T00:00:00.000Z'"),
    (Wat.TERMIJN, "update aflevering set bevestigd_op = '2026-01-02T00:00:00.000Z'"),
    (Wat.TERMIJN, "update aflevering set bevestigd_op = 'gisteren'"),
    (Wat.OORDEEL, "update oordeel set op = '2026-01-02T00:00:00.000Z'"),
    (Wat.VRIJGAVE, "update vrijgave set op = '2026-01-02T00:00:00.000Z'"),
    *(
        (Wat.OPDRACHT, f"update opdracht set {kolom} = {waarde}")
        for kolom, waarde in (
            ("bedrijf", "'Andere BV'"),
            ("wijze", "'verbranden'"),
            ("niveau", "'P-5'"),
            ("nummer", "nummer || 'x'"),
            ("containers", "replace(containers, 'Z-1', 'Z-9')"),
        )
    ),
    *(
        (Wat.UITVOERING, f"update uitvoering set {kolom} = 'iets anders' where uitslag = 'vernietigd'")
        for kolom in ("container", "zegel", "wijze", "certificaatnummer")
    ),
    (Wat.OPDRACHT, "update vervoer set vervoerder = 'iemand anders'"),
    (Wat.OPDRACHT, "update vervoer set opgehaald_op = '2026-01-02T00:00:00.000Z'"),
    (Wat.OPDRACHT, "delete from vervoer"),
    (Wat.UITVOERING, "update uitvoering set uitslag = 'mislukt', toelichting = 'x' where uitslag = 'deels'"),
    (Wat.UITVOERING, "update uitvoering set toelichting = 'iets anders' where uitslag = 'deels'"),
    (Wat.UITVOERING, "update uitvoering set uitgevoerd_op = null where uitslag = 'deels'"),
    (Wat.UITVOERING, "update uitvoering set toelichting = 'iets anders' where uitslag = 'mislukt'"),
    (Wat.UITVOERING, "update uitvoering set uitslag = 'deels' where uitslag = 'mislukt'"),
    (Wat.UITVOERING, "update uitvoering set niveau = 'P-7' where uitslag = 'vernietigd'"),
    (Wat.UITVOERING, "delete from uitvoering where uitslag = 'vernietigd'"),
    (Wat.VERKLARING, "update verklaring set pdf_sha256 = gegevens_sha256"),
    (Wat.VERKLARING, f"update ondertekening set persoon_id = {PERSOON}"),
]


@pytest.mark.parametrize(("wat", "opdracht"), WIJZIGINGEN)
def test_a_change_of_a_row_is_found(als_eigenaar: Session, verhaal: Verhaal, wat: Wat, opdracht: str) -> None:
    uitkomst = als_eigenaar.connection().exec_driver_sql(opdracht)
    assert uitkomst.rowcount > 0
    gevonden = verhaal.find(als_eigenaar)
    assert wat in {verschil.wat for verschil in gevonden}, gevonden
    for verschil in gevonden:
        assert verschil.tekst.endswith(".") and "Karin" not in verschil.tekst and "ZAAK-" not in verschil.tekst


def test_every_kind_of_difference_is_tried() -> None:
    assert {wat for wat, _ in WIJZIGINGEN} == set(Wat) - {Wat.GEBEURTENIS}


# --- who says so --------------------------------------------------------------------------------------------------


def change(proef: Afrondproef, opdracht: str) -> None:
    """Do so for good, as somebody who owns the database."""
    with proef.basis.engine.begin() as verbinding:
        for naam in list(verbinding.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars()):
            verbinding.exec_driver_sql(f"drop trigger {naam}")
        assert verbinding.exec_driver_sql(opdracht).rowcount > 0


@pytest.fixture
def eigen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path_factory.mktemp("eigen")) as proef:
        yield proef


def test_the_poort_holds_the_paper_and_the_command_says_why(eigen: Afrondproef) -> None:
    batch = eigen.add_batch(1)
    eigen.add_besluit()
    eigen.approve(batch.batch)
    doos = eigen.box(batch.batch)
    lijst = eigen.propose(doos)
    eigen.look(lijst, doos)
    eigen.back_up()
    eigen.release(lijst, EEN)
    eigen.release(lijst, TWEE)
    eigen.anchor()
    assert eigen.find_redenen(lijst) == {}
    config = eigen.map / "config.toml"
    config.write_text(
        f'database.url = "{eigen.basis.config.database.url}"\nlogboek.oorsprong = "{OORSPRONG}"\n', encoding="utf-8"
    )
    eigen.seal()
    uitslag = CliRunner().invoke(app, ["--config", str(config), "logboek", "controleer"])
    assert uitslag.exit_code == 0 and "is gelijk aan die gebeurtenissen" in uitslag.output, uitslag.output
    for wat, opdracht, terug in (
        ("goedgekeurd", "update doos set nummer = nummer || '9'", "update doos set nummer = rtrim(nummer, '9')"),
        ("binnen_besluit", "update document set zaakidentificatie = 'ZAAK-7'", ""),
        ("goedgekeurd", "update persoonsnaam set naam = naam || 'x' where naam = 'Karin Controleur'", ""),
    ):
        change(eigen, opdracht)
        redenen = eigen.find_redenen(lijst)
        assert any("buiten de scanstraat om gewijzigd" in reden for reden in redenen[wat]), redenen
        uitslag = CliRunner().invoke(app, ["--config", str(config), "logboek", "controleer"])
        gezegd = " ".join(uitslag.output.split())
        assert uitslag.exit_code == 1 and "Vernietig geen papier" in gezegd and "Traceback" not in gezegd, gezegd
        if terug:
            change(eigen, terug)
            assert eigen.find_redenen(lijst) == {}
    with pytest.raises(NietVrijgegevenError):
        eigen.order(lijst, doos)


def test_a_finding_that_was_settled_in_the_database_alone_still_holds_the_paper(eigen: Afrondproef) -> None:
    batch = eigen.add_batch(1)
    eigen.add_besluit()
    with db.begin(eigen.basis.engine) as session:
        bevinding = Bevinding("jpeg", Ernst.ERNSTIG, "Te sterk verkleind.", vervangbaar=False)
        storage.save_bevindingen(session, [bevinding], batch_id=batch.batch)
    eigen.approve(batch.batch)
    lijst = eigen.propose(eigen.box(batch.batch))
    assert "Te sterk verkleind" in eigen.find_redenen(lijst)["beeld_in_orde"][0]
    change(eigen, "update bevinding set vervangbaar = 1, afgehandeld_op = 'toen', afgehandeld_door = 'iemand'")
    redenen = eigen.find_redenen(lijst)["beeld_in_orde"]
    assert len(redenen) == 1 and "buiten de scanstraat om gewijzigd" in redenen[0], redenen


def test_of_a_step_that_finds_much_there_is_one_event(eigen: Afrondproef) -> None:
    batch = eigen.add_batch(1)
    bevindingen = [Bevinding("kleur", Ernst.ERNSTIG, f"Streep {n}.", vervangbaar=n > 0) for n in range(50)]

    def find_standen(session: Session) -> list[Mapping[str, Any]]:
        vraag = select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "batch.bevindingen")
        return list(session.exec(vraag.order_by(col(GebeurtenisRow.volgnummer))))

    for _ in range(2):  # a step may run twice
        with db.begin(eigen.basis.engine) as session:
            for bevinding in bevindingen:
                storage.save_bevindingen(session, [bevinding], batch_id=batch.batch)
    with db.begin(eigen.basis.engine) as session:
        assert [g["houdt_papier"] for g in find_standen(session)] == [1]
        rij = storage.load_batch(session, batch.batch)
        bewerken.report_ready(session, eigen.basis.werkbank, rij, personen.actor_of(session, eigen.mensen[DIV]))
    with db.read(eigen.basis.engine) as session:
        standen = find_standen(session)
        assert [(g["aantal"], g["houdt_papier"], g["open_ernstig"]) for g in standen] == [(50, 1, 50), (50, 1, 0)]
        assert list(rijcontrole.find_verschillen(session)) == []


def test_a_delivery_with_bytes_of_an_earlier_one_is_known_as_such_also_behind_bytes_that_came_twice(
    eigen: Afrondproef,
) -> None:
    scanmap = {"naam": "post", "map": str(eigen.map / "post"), "profiel": "standaard"}
    basis = replace(eigen.basis, config=build_config({"scanmap": [scanmap]}, basis=eigen.map))

    def take_in(*inhouden: bytes) -> BatchRow:
        with db.begin(basis.engine) as session:
            afdrukken, bestanden = [basis.opslag.bewaar_bytes(inhoud) for inhoud in inhouden], []
            eerste = find_eerste_bronnen(session, [afdruk.sha256 for afdruk in afdrukken])
            for afdruk in afdrukken:
                van = eerste.get(afdruk.sha256)
                bestand = AangeleverdBestand(uuid4(), uuid4(), "a.jpg", afdruk, "jpeg", 1, True, (), van)
                eerste.setdefault(afdruk.sha256, bestand.bron_id)
                bestanden.append(bestand)
            return ontleden.save_batch(basis, session, Aanlevering("post", "", tuple(bestanden)))

    een, twee, drie = take_in(b"a"), take_in(b"b", b"b", b"a"), take_in(b"c", b"c")
    assert (een.dubbel_van, twee.dubbel_van, drie.dubbel_van) == (None, een.id, None)
    with db.read(basis.engine) as session:
        assert list(rijcontrole.find_verschillen(session, None, basis.opslag)) == []


def test_of_two_that_find_something_at_once_the_second_waits_and_counts_both(postgres_url: str) -> None:
    def find(session: Session, tekst: str) -> None:
        bevinding = Bevinding("kleur", Ernst.ERNSTIG, tekst)
        storage.save_bevindingen(session, [bevinding], batch_id=batch.batch)

    def find_too() -> None:
        with db.begin(engine) as session:
            find(session, "Twee.")

    wacht = sa.text(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    with open_database(postgres_url) as engine:
        with db.begin(engine) as session:
            batch = build_batch(session)
        ander = threading.Thread(target=find_too)
        with db.begin(engine) as session:
            find(session, "Een.")
            ander.start()
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as kijker:
                while kijker.execute(wacht).scalar_one() == 0:
                    assert ander.is_alive()
        ander.join()
        with db.read(engine) as session:
            vraag = select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "batch.bevindingen")
            standen = session.exec(vraag.order_by(col(GebeurtenisRow.volgnummer))).all()
            assert [stand["aantal"] for stand in standen] == [1, 2]
            assert Wat.BEVINDING not in {v.wat for v in rijcontrole.find_verschillen(session)}


def test_the_poort_holds_the_paper_when_row_and_event_were_changed_together(eigen: Afrondproef) -> None:
    """The rows agree with the events then, but these are not what was sealed."""
    batch = eigen.add_batch(1)
    eigen.add_besluit()
    eigen.approve(batch.batch)
    lijst = eigen.propose(eigen.box(batch.batch))
    eigen.seal()
    change(eigen, "update mandaat set van = '2020-01-01' where rol = 'gemandateerde'")
    change(
        eigen,
        "update gebeurtenis set gegevens = json_set(gegevens, '$.van', '2020-01-01')"
        " where soort = 'mandaat.verleend' and json_extract(gegevens, '$.rol') = 'gemandateerde'",
    )
    with db.read(eigen.basis.engine) as session:
        assert list(rijcontrole.find_verschillen(session)) == []
    redenen = eigen.find_redenen(lijst)["goedgekeurd"]
    assert any("staat anders in de database dan in het logboek" in reden for reden in redenen), redenen


def test_an_event_that_can_no_longer_be_read_or_has_no_line_is_a_difference(eigen: Afrondproef) -> None:
    eigen.seal()
    change(eigen, "update gebeurtenis set gegevens = json_set(gegevens, '$.x', 1.5) where soort = 'mandaat.verleend'")
    tegels = Tegelmap(eigen.basis.config.logboek.map)
    with db.read(eigen.basis.engine) as session:
        assert {v.wat for v in rijcontrole.find_andere_regels(session, tegels, [])} == {Wat.GEBEURTENIS}
        leeg = Tegelmap(eigen.map / "nergens")
        assert {v.wat for v in rijcontrole.find_andere_regels(session, leeg, [])} == {Wat.GEBEURTENIS}


def test_it_is_done_every_day_and_every_time_while_something_differs(eigen: Afrondproef) -> None:
    basis, nu = eigen.basis, datetime.now(UTC)

    def find_uitslagen() -> list[int]:
        with db.read(basis.engine) as session:
            vraag = select(OpruimingRow.aantal).where(OpruimingRow.soort == onderhoud.RIJEN)
            return list(session.exec(vraag.order_by(col(OpruimingRow.op))))

    def find_fouten() -> list[str]:
        return [melding.tekst for melding in build_gezondheid(basis).meldingen if melding.wat == "database"]

    onderhoud.do_due(basis, nu=nu)
    assert (find_uitslagen(), find_fouten()) == ([0], [])
    change(eigen, "update mandaat set van = '2020-01-01' where rol = 'controleur'")
    onderhoud.do_due(basis, nu=nu + timedelta(hours=23))
    assert find_uitslagen() == [0]
    onderhoud.do_due(basis, nu=nu + timedelta(hours=25))
    assert find_uitslagen() == [0, 2]
    assert len(find_fouten()) == 1 and "scanstraat logboek controleer" in find_fouten()[0]
    change(eigen, "update mandaat set van = '2026-01-01' where rol = 'controleur'")
    onderhoud.do_due(basis)
    assert (find_uitslagen(), find_fouten()) == ([0, 2, 0], [])
    change(eigen, "update actor set log_id = 'niemand' where naam = 'Karin Controleur'")
    onderhoud.do_due(basis, nu=nu + timedelta(hours=25))
    assert find_uitslagen() == [0, 2, 0, 1]
    assert "niet te lezen" in logboek.find_verschillen(basis)[0].tekst


def test_what_cannot_be_compared_holds_the_paper(eigen: Afrondproef, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = eigen.add_batch(1)
    eigen.add_besluit()
    eigen.approve(batch.batch)
    lijst = eigen.propose(eigen.box(batch.batch))

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(rijcontrole, "find_verschillen", fail)
    redenen = eigen.find_redenen(lijst)
    assert all("kon niet worden onderzocht" in " ".join(redenen[feit]) for feit in ("goedgekeurd", "geen_stop"))
