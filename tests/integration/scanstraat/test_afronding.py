"""From delivered to destroyed: every step, who may take it, and everything that closes the way."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.oordeel import Paginaoordeel
from scanstraat import (
    afronding,
    backup,
    backup_database,
    batchstatus,
    besluiten,
    bewerken,
    bewijzen,
    db,
    herstel,
    keuren,
    logboek,
    papier,
    personen,
    poort,
    rapport,
    rijcontrole,
    stops,
    storage,
    vernietigen,
    verzegelen,
)
from scanstraat import opstelling as o
from scanstraat.bootstrap import Basis
from scanstraat.domain import Batchstatus, Bewerkingsoort, Weglaatreden
from scanstraat.errors import (
    GeenMandaatError,
    NietMogelijkError,
    ZaaksysteemNietBereikbaarError,
)
from scanstraat.gezondheid import build_gezondheid
from scanstraat.intake.opslag import Opslag
from scanstraat.onderhoud import BACKUP_OBJECTEN
from scanstraat.personen import Aangemeld, Rol
from scanstraat.stops import Over, Stopsoort
from scanstraat.tables import BatchRow, DocumentRow, DocumentversieRow, GebeurtenisRow, StapRow
from scanstraat.tables_bewijs import (
    BesluitRow,
    BindingRow,
    DoosbladRow,
    DoosRow,
    LijstdoosRow,
    OpdrachtRow,
    StopRow,
    UitvoeringRow,
    UitzonderingRow,
    VernietigingslijstRow,
    VrijgaveRow,
)
from scanstraat.verklaren import Selectie
from scanstraat.zaaksysteem import register
from tests.afrondproef import (
    ARCHIVARIS,
    BEHEERDER,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    SCANOPERATOR,
    TWEE,
    ZAAK,
    Afrondproef,
    open_afrondproef,
    zwijg,
)
from tests.builders import Batchproef, forging
from vernietiging.__main__ import BEWEZEN, GEWIJZIGD
from vernietiging.__main__ import main as verifier
from vernietiging.beleid import parse_beleid
from vernietiging.errors import LogboekGewijzigdError, NietVrijgegevenError
from vernietiging.gebeurtenis import NIEUWSTE
from vernietiging.tegels import Tegelmap
from vernietiging.verificatie import verify_logboek
from vernietiging.verklaring import Verklaringsoort
from vernietiging.vervangingsbesluit import Controletermijn, Reikwijdte

EERST = {"laatste_blik", "vrijgegeven", "verankerd"}  # what a new list still lacks
_nummers = iter(range(1, 10_000))
deels_regels = import_module("scanstraat.migrations.versions.0012_deels").REGELS


@pytest.fixture(params=["sqlite", "postgresql"])
def eigen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Afrondproef]:
    """An installation of a test alone, on either database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_afrondproef(tmp_path, url) as gemaakt:
        yield gemaakt


@pytest.fixture(scope="module")
def proef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    """One installation for all tests that only add to it."""
    with open_afrondproef(tmp_path_factory.mktemp("afronding")) as gemaakt:
        gemaakt.add_batch(1)
        gemaakt.add_besluit()
        gemaakt.add_besluit(nummer="veertig", controletermijn=Controletermijn(40, "dagen"))
        gemaakt.add_besluit(nummer="bedenk", bedenktijd_dagen=3)
        gemaakt.add_besluit(nummer="meldingen", reikwijdte=Reikwijdte(zaaktypen=("Melding",)))
        yield gemaakt


class Stapel:
    """A batch on its way: approved and on a list, further when asked."""

    def __init__(self, proef: Afrondproef, *paginas: int, besluit: str = "2026-17", keur: bool = True, **batch: Any):
        self.proef = proef
        self.batch: Batchproef = proef.add_batch(*(paginas or (1,)), **batch)
        proef.bind(self.batch.batch, besluit)
        if keur:
            proef.approve(self.batch.batch)
        self.doos: DoosRow = proef.box(self.batch.batch)
        self.naam = f"Lijst {next(_nummers):04d}"
        self.lijst: VernietigingslijstRow = proef.propose(self.doos, naam=self.naam)

    def release(self) -> None:
        self.proef.look(self.lijst, self.doos)
        self.proef.back_up()
        self.proef.release(self.lijst, EEN)
        self.proef.release(self.lijst, TWEE)
        self.proef.anchor()

    @property
    def redenen(self) -> dict[str, str]:
        return {feit: " ".join(redenen) for feit, redenen in self.proef.find_redenen(self.lijst).items()}

    def rij(self, session: Any) -> BatchRow:
        return storage.lock_batch(session, self.batch.batch)

    def versie(self, plek: int = 0) -> DocumentversieRow:
        with db.read(self.proef.basis.engine) as session:
            return storage.latest_versie(session, self.batch.documenten[plek])


@pytest.fixture(scope="module")
def klaar(proef: Afrondproef) -> Stapel:
    """A list of which all fourteen facts hold; tests break one and mend it again."""
    stapel = Stapel(proef, 2, 1)
    stapel.release()
    assert stapel.redenen == {}
    return stapel


def refuse(stapel: Stapel, feit: str, zin: str) -> None:
    """Say that only this fact is closed, why, and that it closes the order too."""
    redenen = stapel.redenen
    assert set(redenen) == {feit} and zin in redenen[feit], redenen
    with pytest.raises(NietVrijgegevenError, match="mag nog niet weg"):
        stapel.proef.order(stapel.lijst, stapel.doos)


def find_status(proef: Afrondproef, batch_id: object) -> Batchstatus:
    with db.read(proef.basis.engine) as session:
        return batchstatus.find_batchstatus(session, session.get_one(BatchRow, batch_id))


def test_paper_goes_when_everything_is_in_order(eigen: Afrondproef) -> None:
    batch = eigen.add_batch()
    eigen.add_besluit()
    assert find_status(eigen, batch.batch) is Batchstatus.GELEVERD
    eigen.show(batch.batch)
    assert find_status(eigen, batch.batch) is Batchstatus.IN_CONTROLE
    eigen.approve(batch.batch)
    assert find_status(eigen, batch.batch) is Batchstatus.GOEDGEKEURD
    doos = eigen.box(batch.batch)
    lijst = eigen.propose(doos)
    assert set(eigen.find_redenen(lijst)) == EERST | {"in_backup"}
    eigen.look(lijst, doos)
    eigen.back_up()
    eigen.release(lijst, EEN)
    eigen.release(lijst, TWEE)
    assert find_status(eigen, batch.batch) is Batchstatus.PAPIER_MAG_WEG
    assert set(eigen.find_redenen(lijst)) == {"verankerd"}
    eigen.anchor()
    assert eigen.find_redenen(lijst) == {}
    opdracht = eigen.order(lijst, doos)
    eigen.execute(opdracht, doos)
    assert find_status(eigen, batch.batch) is Batchstatus.VERNIETIGD
    with pytest.raises(NietMogelijkError, match="vernietigd"):
        eigen.execute(opdracht, doos)


# --- 1 to 4: the bytes --------------------------------------------------------------------------------------------


@contextmanager
def damaged(bestand: Path) -> Iterator[None]:
    inhoud = bestand.read_bytes()
    bestand.chmod(0o640)
    bestand.write_bytes(inhoud[:-1] + bytes([inhoud[-1] ^ 1]))
    yield
    bestand.write_bytes(inhoud)
    bestand.chmod(0o440)


def find_bestanden(stapel: Stapel) -> list[str]:
    with db.read(stapel.proef.basis.engine) as session:
        dossier = poort.load_dossier(session, stapel.lijst.id)
    return sorted(dossier.objecten)


@pytest.mark.parametrize("plek", range(9))  # a scan; and of two documents archive file, manifest and both reports
def test_a_damaged_file_keeps_the_paper(klaar: Stapel, plek: int) -> None:
    bestanden = find_bestanden(klaar)
    assert len(bestanden) == 9
    with damaged(klaar.proef.basis.opslag.pad(bestanden[plek])):
        redenen = klaar.redenen
        assert "1 bewaard bestand is beschadigd" in redenen["origineel_gelijk"]
        assert set(redenen) <= {"origineel_gelijk", "getrouw"}  # a manifest is read for the count as well


def test_a_damaged_copy_keeps_the_paper(klaar: Stapel) -> None:
    sha256 = find_bestanden(klaar)[0]
    with damaged(klaar.proef.map / "kopie" / sha256[:2] / sha256[2:4] / sha256):
        refuse(klaar, "kopie_gelijk", "tweede kopie beschadigd")


def test_without_a_second_copy_paper_stays(klaar: Stapel) -> None:
    config = klaar.proef.basis.config
    zonder = config.model_copy(update={"opslag": config.opslag.model_copy(update={"kopie": None})})
    _dossier, aanvraag = afronding.onderzoek(replace(klaar.proef.basis, config=zonder), klaar.lijst.id, meld=zwijg)
    dicht = {f.value: a.redenen for f, a in aanvraag.antwoorden.items() if a.waar is not True}
    assert set(dicht) == {"kopie_gelijk"} and "[opslag]" in dicht["kopie_gelijk"][0]


def test_other_bytes_in_the_zaaksysteem_keep_the_paper(klaar: Stapel) -> None:
    sha256 = str(klaar.versie().pdf_sha256)
    map_ = klaar.proef.basis.config.algemeen.gegevensmap / "zaaksysteem"
    (bestand,) = [pad for pad in map_.rglob(sha256) if pad.is_file()]
    with damaged(bestand):
        refuse(klaar, "zaaksysteem_gelijk", "andere bytes")


class Onbereikbaar:
    """A zaaksysteem that does not answer."""

    naam = "onbereikbaar"

    def __getattr__(self, naam: str) -> Callable[..., Any]:
        def fail(*_wat: object, **_hoe: object) -> Any:
            raise ZaaksysteemNietBereikbaarError("Het zaaksysteem antwoordt niet. Het wordt later opnieuw geprobeerd.")

        return fail


def test_a_zaaksysteem_that_does_not_answer_keeps_the_paper(klaar: Stapel) -> None:
    stil: Basis = replace(klaar.proef.basis, zaaksysteem=cast(Any, Onbereikbaar()))
    _dossier, aanvraag = afronding.onderzoek(stil, klaar.lijst.id, meld=zwijg)
    dicht = {f.value: a.redenen for f, a in aanvraag.antwoorden.items() if a.waar is not True}
    assert set(dicht) == {"zaaksysteem_gelijk", "binnen_besluit"}
    assert all("antwoordt niet" in redenen[0] for redenen in dicht.values())


def test_without_a_checked_back_up_paper_stays(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        proef.approve(batch.batch)
        lijst = proef.propose(proef.box(batch.batch))
        assert "Er is geen back-up" in " ".join(proef.find_redenen(lijst)["in_backup"])


def test_what_is_newer_than_the_back_up_keeps_its_paper(klaar: Stapel) -> None:
    nieuw = Stapel(klaar.proef)
    assert set(nieuw.redenen) == EERST | {"in_backup"}
    assert "nog niet in een gecontroleerde back-up" in nieuw.redenen["in_backup"]


def find_backup(proef: Afrondproef) -> Path:
    return backup.find_backups(proef.basis.config.backup.map)[-1]


@pytest.mark.parametrize("plek", range(9))  # as above: every file of two documents
def test_a_file_that_is_not_whole_in_the_back_up_keeps_its_paper(klaar: Stapel, plek: int) -> None:
    sha256 = find_bestanden(klaar)[plek]
    bestand = Opslag(find_backup(klaar.proef).parent / BACKUP_OBJECTEN).pad(sha256)
    weg = bestand.with_name("weg")
    assert "in_backup" not in klaar.redenen
    with damaged(bestand):
        assert klaar.redenen["in_backup"].startswith("1 bestand is in de back-up beschadigd of weg.")
    bestand.rename(weg)
    try:
        assert "scanstraat back-up controleer, scanstraat back-up maak" in klaar.redenen["in_backup"]
    finally:
        weg.rename(bestand)
    assert "in_backup" not in klaar.redenen


def test_a_back_up_that_was_emptied_keeps_the_paper_until_there_is_a_new_one(eigen: Afrondproef) -> None:
    batch = eigen.add_batch(1)
    eigen.add_besluit()
    eigen.approve(batch.batch)
    lijst = eigen.propose(eigen.box(batch.batch))
    eigen.back_up()
    assert "in_backup" not in eigen.find_redenen(lijst)
    objecten = Opslag(find_backup(eigen).parent / BACKUP_OBJECTEN)
    for sha256 in objecten.alle():
        objecten.pad(sha256).chmod(0o640)
        objecten.pad(sha256).write_bytes(b"leeg")
    dump = find_backup(eigen) / backup_database.BESTAND[eigen.basis.engine.dialect.name]
    dump.unlink()
    redenen = eigen.find_redenen(lijst)["in_backup"]
    assert "bestanden zijn in de back-up beschadigd of weg" in redenen[0]
    assert f"Het bestand {dump.name} ontbreekt." in redenen[1]
    assert not backup.check_backup(eigen.basis, meld=zwijg).in_orde  # as the poort says: check, make and check
    eigen.back_up()
    assert "in_backup" not in eigen.find_redenen(lijst)


def test_a_changed_database_in_the_back_up_keeps_the_paper(klaar: Stapel) -> None:
    with damaged(find_backup(klaar.proef) / "scanstraat.db"):
        assert "Het bestand scanstraat.db is veranderd of beschadigd." in klaar.redenen["in_backup"]
    assert "in_backup" not in klaar.redenen


@pytest.mark.parametrize(
    ("wijziging", "zegt"),
    [
        ("update backup set in_orde = true, gecontroleerd_op = gemaakt_op where in_orde is null", "nooit vastgelegd"),
        ("update backup set in_orde = true where not in_orde", "staat anders"),
        ("update backup set gecontroleerd_op = '2026-01-02T00:00:00.000Z' where in_orde", "staat anders"),
        ("update backup set inhoud_sha256 = 'ab' where not in_orde", "staat anders"),
        ("delete from backup where not in_orde", "niet meer in de database"),
    ],
)
def test_a_verdict_on_a_back_up_is_what_was_recorded(eigen: Afrondproef, wijziging: str, zegt: str) -> None:
    batch = eigen.add_batch(1)
    eigen.add_besluit()
    eigen.approve(batch.batch)
    lijst = eigen.propose(eigen.box(batch.batch))
    eigen.back_up()
    backup.make_backup(eigen.basis, meld=zwijg)  # is not checked
    slecht = Path(backup.make_backup(eigen.basis, meld=zwijg).map)
    (slecht / backup.INSTELLINGEN).unlink()
    assert not backup.check_backup(eigen.basis, slecht, meld=zwijg).in_orde
    assert "in_backup" not in eigen.find_redenen(lijst) and logboek.find_verschillen(eigen.basis) == []
    with eigen.basis.engine.begin() as verbinding:
        assert verbinding.exec_driver_sql(wijziging).rowcount == 1
    assert any(zegt in reden and "archivaris" in reden for reden in eigen.find_redenen(lijst)["in_backup"])
    assert any("back-up" in v.tekst and zegt in v.tekst for v in logboek.find_verschillen(eigen.basis))


def test_the_master_of_a_herscan_is_read_too_though_it_has_no_sheet_in_the_doos(klaar: Stapel) -> None:
    proef = klaar.proef
    batch = proef.add_batch(1)
    doos = proef.box(batch.batch)
    proef.herscan(batch.documenten[0], 1)
    proef.bind(batch.batch, "2026-17")
    proef.approve(batch.batch)
    lijst = proef.propose(doos, naam=f"Lijst {next(_nummers):04d}")
    with db.read(proef.basis.engine) as session:
        dossier = poort.load_dossier(session, lijst.id)
        versie = storage.load_versie(session, storage.latest_versie(session, batch.documenten[0]).id)
        assert [d.document.id for d in dossier.documenten] == list(batch.documenten)
        assert versie.paginas[0].bron_sha256 in dossier.objecten
        assert [d.id for d in papier.find_documenten(session, doos.id)] == list(batch.documenten)
        assert doos.nummer in {plek.doos for plek in papier.find_vindplaatsen(session, batch.documenten[0])}
    with damaged(proef.basis.opslag.pad(versie.paginas[0].bron_sha256)):
        assert "origineel_gelijk" in proef.find_redenen(lijst)


# --- 5 to 7: the proofs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kolom", "feit", "zin"), [
    ("pdfa_conform", "pdfa_conform", "geen geldig PDF/A-bestand"),
    ("pdfa_rapport_sha256", "pdfa_conform", "geen geldig PDF/A-bestand"),
    ("getrouw", "getrouw", "het bewijs dat het archiefbestand de scans toont ontbreekt"),
    ("getrouwheid_rapport_sha256", "getrouw", "het bewijs dat het archiefbestand de scans toont ontbreekt"),
])  # fmt: skip
def test_a_proof_that_is_gone_keeps_the_paper(proef: Afrondproef, kolom: str, feit: str, zin: str) -> None:
    stapel = Stapel(proef)
    with unguarded(proef, "documentversie"), db.begin(proef.basis.engine) as session:
        versie = session.get_one(DocumentversieRow, stapel.batch.versies[0])
        setattr(versie, kolom, None)
        session.add(versie)
    redenen = stapel.redenen
    assert feit in redenen and zin in redenen[feit]


@contextmanager
def unguarded(proef: Afrondproef, tabel: str) -> Iterator[None]:
    """Take the rules of the database off a table, as somebody might who has its file."""
    with proef.basis.engine.begin() as verbinding:
        rijen = verbinding.exec_driver_sql(
            "select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?", (tabel,)
        ).all()
        for naam, _ in rijen:
            verbinding.exec_driver_sql(f"drop trigger {naam}")
    yield
    with proef.basis.engine.begin() as verbinding:
        for _, opdracht in rijen:
            verbinding.exec_driver_sql(opdracht)


@pytest.mark.parametrize("archief", [{"conform": False}, {"getrouw": False}])
def test_what_is_not_proven_is_not_sealed(proef: Afrondproef, archief: dict[str, Any]) -> None:
    batch = proef.add_batch(1, **archief)
    with pytest.raises(NietMogelijkError, match="niet bewezen dat het archiefbestand goed is"):
        afronding.trek(proef.basis, batch.batch)


def test_a_manifest_with_another_number_of_pages_keeps_the_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 2, te_weinig=1)
    redenen = stapel.redenen
    assert set(redenen) - EERST - {"in_backup"} == {"getrouw"}
    assert "het aantal pagina's klopt niet met het manifest" in redenen["getrouw"]


@pytest.mark.parametrize(("bevinding", "zin"), [
    (Bevinding("kleur", Ernst.ERNSTIG, "De kleur klopt niet."), "nog iets niet afgehandeld: De kleur klopt niet."),
    (Bevinding("jpeg", Ernst.LICHT, "Te sterk verkleind.", vervangbaar=False), "nog niet vervangbaar: Te sterk"),
])  # fmt: skip
def test_a_finding_keeps_the_paper(proef: Afrondproef, bevinding: Bevinding, zin: str) -> None:
    stapel = Stapel(proef)
    with db.begin(proef.basis.engine) as session:
        storage.save_bevindingen(session, [bevinding], batch_id=stapel.batch.batch, beeld_id=stapel.batch.beelden[0])
    redenen = stapel.redenen
    assert set(redenen) - EERST - {"in_backup"} == {"beeld_in_orde"}
    assert zin in redenen["beeld_in_orde"]


def test_nobody_knows_who_scanned(klaar: Stapel) -> None:
    with db.begin(klaar.proef.basis.engine) as session:
        batch = klaar.rij(session)
        batch.scanoperator = "onbekend"
        session.add(batch)
    try:
        refuse(klaar, "beeld_in_orde", "niet bekend wie haar scande")
    finally:
        with db.begin(klaar.proef.basis.engine) as session:
            batch = klaar.rij(session)
            batch.scanoperator = SCANOPERATOR
            session.add(batch)


def note_bewerking(stapel: Stapel, naam: str) -> None:
    with db.begin(stapel.proef.basis.engine) as session:
        actor = storage.load_actor(session, naam, "persoon")
        storage.add_bewerking(session, stapel.rij(session), actor, Bewerkingsoort.DRAAI, {}, {})


def test_somebody_edited_who_is_nobody_here(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    note_bewerking(stapel, "Piet van de Inhuur")
    redenen = stapel.redenen
    assert set(redenen) - EERST - {"in_backup"} == {"beeld_in_orde", "goedgekeurd"}  # an edit voids the approval too
    assert "Piet van de Inhuur" in redenen["beeld_in_orde"] and "scanstraat persoon" in redenen["beeld_in_orde"]


# --- 8 and 11: approved -------------------------------------------------------------------------------------------


def test_a_batch_that_nobody_judged_keeps_its_paper(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    proef.bind(batch.batch, "2026-17")
    doos = proef.box(batch.batch)
    naam = f"Lijst {next(_nummers):04d}"
    with pytest.raises(NietMogelijkError, match="nog niet gekeurd zoals zij nu is"):
        proef.propose(doos, naam=naam)
    afronding.trek(proef.basis, batch.batch)
    redenen = proef.find_redenen(proef.propose(doos, naam=naam))
    assert "nog niet gekeurd" in redenen["goedgekeurd"][0]


def test_a_rejected_batch_keeps_its_paper(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    proef.bind(batch.batch, "2026-17")
    pagina = proef.show(batch.batch).paginas[0]
    proef.approve(batch.batch, Paginaoordeel(pagina.log_id, pagina.pagina, ("onleesbaar",)))
    redenen = proef.find_redenen(proef.propose(proef.box(batch.batch), naam=f"Lijst {next(_nummers):04d}"))
    assert "is afgekeurd" in redenen["goedgekeurd"][0] and "niet hersteld" in redenen["geen_uitzondering"][0]


def test_what_changed_after_the_approval_keeps_its_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 2)
    stapel.release()
    assert find_status(proef, stapel.batch.batch) is Batchstatus.PAPIER_MAG_WEG
    proef.herscan(stapel.batch.documenten[0], 2)
    assert "niet verzegeld" in stapel.redenen["goedgekeurd"]
    assert find_status(proef, stapel.batch.batch) is Batchstatus.GELEVERD  # and not: Papier mag weg
    proef.approve(stapel.batch.batch)
    redenen = stapel.redenen  # approved again, but the list was made and released before
    assert "niet meer zoals toen" in redenen["goedgekeurd"]
    assert find_status(proef, stapel.batch.batch) is not Batchstatus.VERNIETIGD


def test_a_page_that_was_left_out_after_the_approval_keeps_the_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 1, 1)
    with db.begin(proef.basis.engine) as session:
        actor = storage.load_actor(session, DIV, "persoon")
        bewerken.bewerk(
            session, proef.basis.werkbank, stapel.rij(session), actor, Bewerkingsoort.WEGLATEN, {},
            lambda opstelling: o.leave_out(opstelling, [stapel.batch.beelden[0]], Weglaatreden.DUBBEL, ""),
        )  # fmt: skip
    assert "goedgekeurd" in stapel.redenen


def test_an_approval_by_who_turns_out_to_have_scanned_does_not_count(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    with db.begin(proef.basis.engine) as session:
        batch = stapel.rij(session)
        batch.scanoperator = CONTROLEUR  # as somebody states afterwards
        session.add(batch)
    assert "goedgekeurd door iemand die haar scande of bewerkte" in stapel.redenen["goedgekeurd"]


def test_an_uitzondering_in_the_doos_keeps_all_of_it(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 1, 1)
    add_uitzondering(stapel)
    redenen = stapel.redenen
    assert "is een uitzondering" in redenen["geen_uitzondering"]
    assert "niet verzegeld" in redenen["goedgekeurd"]


def add_uitzondering(stapel: Stapel) -> None:
    with db.begin(stapel.proef.basis.engine) as session:
        document = storage.load_document(session, stapel.batch.documenten[1])
        actor = storage.load_actor(session, ARCHIVARIS, "persoon")
        besluiten.add_uitzondering(session, document, "erfgoed", "een oude kaart", "kluis", actor=actor)


def join(stapel: Stapel) -> None:
    """Join both documents of a batch; the second one has no pages any more."""
    een, twee = stapel.batch.documenten
    with db.begin(stapel.proef.basis.engine) as session:
        actor = storage.load_actor(session, DIV, "persoon")
        bewerken.bewerk(
            session, stapel.proef.basis.werkbank, stapel.rij(session), actor, Bewerkingsoort.VOEGSAMEN, {},
            lambda opstelling: o.join_documents(opstelling, een, twee),
        )  # fmt: skip
    stapel.proef.finish_werk(een)


def test_joining_does_not_get_an_uitzondering_out_of_the_way(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 1, 1)
    add_uitzondering(stapel)
    join(stapel)
    assert "is een uitzondering" in stapel.redenen["geen_uitzondering"]


def test_an_empty_doos_is_not_proposed(proef: Afrondproef) -> None:
    with db.begin(proef.basis.engine) as session:
        doos = papier.make_doos(session, "hier", door=storage.load_actor(session, DIV, "persoon"))
    for zin in ("staat nog open", "is leeg"):
        with pytest.raises(NietMogelijkError, match=zin):
            proef.propose(doos, naam=f"Lijst {next(_nummers):04d}")
        with db.begin(proef.basis.engine) as session:
            doos.gesloten_op = db.now_text()
            session.merge(doos)


# --- 9: the besluit -----------------------------------------------------------------------------------------------


def test_without_a_besluit_paper_stays(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    with db.begin(proef.basis.engine) as session:
        binding = session.exec(select(BindingRow).where(BindingRow.batch_id == stapel.batch.batch)).one()
        binding.vervallen_op = db.now_text()
        session.add(binding)
    assert "valt nog onder geen besluit" in stapel.redenen["binnen_besluit"]


def rebind(stapel: Stapel, besluit_id: UUID) -> None:
    """Let a batch fall under a besluit that would refuse it, past `besluiten.bind`."""
    with db.begin(stapel.proef.basis.engine) as session:
        binding = session.exec(
            select(BindingRow).where(BindingRow.batch_id == stapel.batch.batch, BindingRow.vervallen_op == None)  # noqa: E711
        ).one()
        binding.vervallen_op = db.now_text()
        session.add(binding)
        session.flush()
        actor = storage.load_actor(session, "proef")
        session.add(BindingRow(batch_id=stapel.batch.batch, besluit_id=besluit_id, op=db.now_text(), actor_id=actor.id))


@pytest.mark.parametrize(("anders", "zin"), [
    ({"gepubliceerd_op": None, "publicatie": ""}, "gold niet op"),
    ({"geldig_van": date(2026, 1, 1), "geldig_tot": date(2026, 1, 5)}, "gold niet op"),
    ({"profielen": {"standaard": "0" * 64}}, "is anders ingesteld dan in besluit"),
    ({"profielen": {"ander": "0" * 64}}, "is niet vrijgegeven in besluit"),
])  # fmt: skip
def test_a_batch_that_was_not_scanned_as_the_besluit_says_keeps_its_paper(
    tmp_path: Path, anders: dict[str, Any], zin: str
) -> None:
    with open_afrondproef(tmp_path) as proef:
        proef.add_batch(1)
        proef.add_besluit()
        stapel = Stapel(proef)
        proef.add_besluit(nummer="anders", **anders)
        with db.read(proef.basis.engine) as session:
            ander = session.exec(select(BesluitRow).where(BesluitRow.nummer == "anders")).one()
        rebind(stapel, ander.id)
        assert zin in stapel.redenen["binnen_besluit"]
        with pytest.raises(NietVrijgegevenError):
            proef.release(stapel.lijst, EEN)


def test_a_zaaktype_outside_the_scope_keeps_the_paper(proef: Afrondproef) -> None:
    zaak = f"ZAAK-{next(_nummers)}"
    register.save_zaken(proef.basis.engine, [register.NieuweZaak(zaak, "Melding", "")], gebruiker="proef")
    stapel = Stapel(proef, besluit="meldingen", zaak=zaak)
    assert "binnen_besluit" not in stapel.redenen
    register.save_zaken(proef.basis.engine, [register.NieuweZaak(zaak, "Bezwaar", "")], gebruiker="proef")
    assert "Het zaaktype Bezwaar staat niet in het besluit" in stapel.redenen["binnen_besluit"]


def test_the_controletermijn_runs(proef: Afrondproef) -> None:
    stapel = Stapel(proef, besluit="veertig")
    vanaf = datetime.now(UTC).date() + timedelta(days=41)
    assert "controletermijn loopt nog" in stapel.redenen["binnen_besluit"]
    assert str(vanaf.year) in stapel.redenen["binnen_besluit"]


def test_an_extension_keeps_the_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    tot = datetime.now(UTC).date() + timedelta(days=9)
    with db.begin(proef.basis.engine) as session:
        besluiten.extend_termijn(session, stapel.rij(session), tot, "onderzoek", proef.wie(ARCHIVARIS))
    assert "controletermijn loopt nog" in stapel.redenen["binnen_besluit"]


def test_paper_stays_until_the_last_of_its_terms_is_over(proef: Afrondproef, monkeypatch: pytest.MonkeyPatch) -> None:
    stapel = Stapel(proef, 1, 1)
    vandaag = datetime.now(UTC).date()
    for dagen in ([0, 9], [9, 0]):
        termijnen = iter([vandaag + timedelta(days=aantal) for aantal in dagen])
        with monkeypatch.context() as anders:
            anders.setattr(besluiten, "find_vrij_vanaf", lambda *_, termijnen=termijnen: next(termijnen))
            assert "controletermijn loopt nog" in stapel.redenen["binnen_besluit"]


def test_a_batch_that_is_not_what_was_approved_keeps_the_paper(
    proef: Afrondproef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when every row and event about it says that it is: the manifest is made again."""
    stapel = Stapel(proef)
    echt = verzegelen.build_zegel
    with monkeypatch.context() as anders:
        anders.setattr(verzegelen, "build_zegel", lambda *a: replace(echt(*a), manifest=b"iets anders"))
        assert "is veranderd sinds zij is goedgekeurd" in stapel.redenen["goedgekeurd"]
    assert "goedgekeurd" not in stapel.redenen


# --- 10: stops ----------------------------------------------------------------------------------------------------


def find_onderwerp(stapel: Stapel, over: Over, wie: str) -> str:
    proef = stapel.proef
    with db.read(proef.basis.engine) as session:
        binding = besluiten.find_binding(session, stapel.batch.batch)
    assert binding is not None
    return {
        Over.DOCUMENT: str(stapel.batch.documenten[1]),
        Over.ZAAK: f" {ZAAK.lower()} ",  # as somebody copies it from a letter
        Over.DOOS: str(stapel.doos.id),
        Over.BESLUIT: str(binding.rij.id),
        Over.PERSOON: str(proef.mensen.get(wie)),
    }[over]


@contextmanager
def stopped(stapel: Stapel, soort: Stopsoort, over: Over, onderwerp: str) -> Iterator[None]:
    with db.begin(stapel.proef.basis.engine) as session:
        door = storage.load_actor(session, ARCHIVARIS, "persoon")
        stop = stops.place_stop(session, soort, over, onderwerp, "verzoek 12", door=door)
    yield
    with db.begin(stapel.proef.basis.engine) as session:
        door = storage.load_actor(session, ARCHIVARIS, "persoon")
        stops.lift_stop(session, stop.id, "afgehandeld", door=door)


@pytest.mark.parametrize(
    ("soort", "over", "wie"),
    [
        *((soort, Over.ZAAK, "") for soort in Stopsoort),
        *((Stopsoort.ONDERZOEK, over, "") for over in (Over.DOCUMENT, Over.DOOS, Over.BESLUIT)),
        *((Stopsoort.KWALITEITSTWIJFEL, Over.PERSOON, wie) for wie in (SCANOPERATOR, CONTROLEUR, EEN, TWEE, DIV)),
    ],
)
def test_a_stop_keeps_the_paper_until_it_is_lifted(klaar: Stapel, soort: Stopsoort, over: Over, wie: str) -> None:
    with stopped(klaar, soort, over, find_onderwerp(klaar, over, wie)):
        zin = f"Er loopt een stop ({stops.SOORTEN[soort]})"
        refuse(klaar, "geen_stop", zin)
        assert find_status(klaar.proef, klaar.batch.batch) is Batchstatus.GOEDGEKEURD  # and not: Papier mag weg
        with db.read(klaar.proef.basis.engine) as session:
            houdt = rapport.build_batch(
                session, session.get_one(BatchRow, klaar.batch.batch), klaar.proef.basis.opslag.pad
            )["stops"]
        assert len(houdt) == 1 and zin in houdt[0] and (over is not Over.DOOS or klaar.doos.nummer in houdt[0])
    assert klaar.redenen == {}
    assert find_status(klaar.proef, klaar.batch.batch) is Batchstatus.PAPIER_MAG_WEG


@pytest.mark.parametrize(
    ("opdracht", "zin"),
    [
        ("update stop set opgeheven_op = '2026-01-02T00:00:00.000Z', opheffingsreden = 'x'", "maar dat is niet vast"),
        ("delete from stop", "1 stop zoals geplaatst, staat niet meer"),
        ("update stop set onderwerp = '{ander}'", "1 stop zoals geplaatst, staat niet meer"),
        ("update stop set over = 'zaak', onderwerp = 'ZAAK-1'", "1 stop zoals geplaatst, staat niet meer"),
    ],
)
def test_a_stop_that_only_the_database_lost_keeps_the_paper(tmp_path: Path, opdracht: str, zin: str) -> None:
    with open_afrondproef(tmp_path) as proef:
        proef.add_batch(1)
        proef.add_besluit()
        stapel = Stapel(proef, 1, 1)
        een, ander = stapel.batch.documenten
        with stopped(stapel, Stopsoort.ONDERZOEK, Over.DOCUMENT, str(een)):
            with db.read(proef.basis.engine) as session:
                was = session.exec(select(StopRow)).one().model_dump()
            with unguarded(proef, "stop"), db.begin(proef.basis.engine) as session:
                session.execute(sa.text(opdracht.format(ander=ander)))
            assert zin in stapel.redenen["geen_stop"]
            with unguarded(proef, "stop"), db.begin(proef.basis.engine) as session:
                session.execute(sa.delete(StopRow))
                session.add(StopRow(**was))
        assert "geen_stop" not in stapel.redenen


def test_an_uitzondering_that_only_the_database_lost_keeps_the_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 1, 1)
    with db.begin(proef.basis.engine) as session:
        document = storage.load_document(session, stapel.batch.documenten[0])
        door = storage.load_actor(session, ARCHIVARIS, "persoon")
        besluiten.add_uitzondering(session, document, "buiten_reikwijdte", "lakzegel", "", actor=door)
    assert "is een uitzondering" in stapel.redenen["geen_uitzondering"]
    with unguarded(proef, "uitzondering"), db.begin(proef.basis.engine) as session:
        session.execute(sa.delete(UitzonderingRow))
    assert "is een uitzondering" in stapel.redenen["geen_uitzondering"]


def test_what_was_written_here_between_two_sealings_is_no_difference_and_no_ground(
    klaar: Stapel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tegels = Tegelmap(klaar.proef.basis.config.logboek.map)
    engine, wat = klaar.proef.basis.engine, str(klaar.doos.id)
    with stopped(klaar, Stopsoort.ONDERZOEK, Over.DOOS, wat), db.read(engine) as session:
        assert list(rijcontrole.find_andere_regels(session, tegels, {klaar.lijst.log_id})) == []
    monkeypatch.setattr(storage, "find_logregel", lambda *_: None)
    assert "Een vrijgave staat nog niet in het logboek" in klaar.redenen["vrijgegeven"]


def test_a_stop_on_who_proposed_the_list_holds_it(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 1)  # proposed by DIV, who has no other part in it
    proef.look(stapel.lijst, stapel.doos, naam=ARCHIVARIS)
    with stopped(stapel, Stopsoort.ONDERZOEK, Over.PERSOON, str(proef.mensen[DIV])):
        assert "Er loopt een stop (onderzoek)" in stapel.redenen["geen_stop"]
    assert "geen_stop" not in stapel.redenen


def test_a_document_goes_on_one_list_with_all_its_sheets(proef: Afrondproef) -> None:
    batch = proef.add_batch(3)
    proef.bind(batch.batch, "2026-17")
    proef.approve(batch.batch)
    dozen = proef.box_parts(batch.batch, "1-2", "3-4")
    for doos in dozen:
        with pytest.raises(NietMogelijkError, match="niet in een doos van deze lijst"):
            proef.propose(doos, naam=f"Lijst {next(_nummers):04d}")
    assert proef.propose(*dozen, naam=f"Lijst {next(_nummers):04d}").inhoud_sha256


def test_a_stop_on_somebody_else_holds_nothing(klaar: Stapel) -> None:
    with stopped(klaar, Stopsoort.ONDERZOEK, Over.PERSOON, str(klaar.proef.mensen[CONTROLEUR_2])):
        assert klaar.redenen == {}
        assert find_status(klaar.proef, klaar.batch.batch) is Batchstatus.PAPIER_MAG_WEG


def test_joining_does_not_get_a_stop_out_of_the_way(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 1, 1)
    with stopped(stapel, Stopsoort.BEZWAAR, Over.DOCUMENT, str(stapel.batch.documenten[1])):
        join(stapel)
        assert "bezwaar" in stapel.redenen["geen_stop"]
    assert "geen_stop" not in stapel.redenen


def test_a_stop_does_not_hold_paper_that_had_left_its_document_before(proef: Afrondproef) -> None:
    stapel = Stapel(proef, 1, 1)
    join(stapel)
    with stopped(stapel, Stopsoort.BEZWAAR, Over.DOCUMENT, str(stapel.batch.documenten[0])):
        assert "geen_stop" in stapel.redenen


# --- 12 to 14: the last look, the releases, the anchor --------------------------------------------------------------


def test_a_last_look_that_failed_keeps_the_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    assert "nog geen laatste blik" in stapel.redenen["laatste_blik"]
    with pytest.raises(NietMogelijkError, match="nog niets getrokken"):
        afronding.doe_blik(proef.basis, stapel.lijst.id, stapel.doos.id, proef.wie(DIV), geslaagd=True, toelichting="")
    trekking = afronding.trek_blik(proef.basis, stapel.lijst.id, stapel.doos.id)
    for geslaagd in (True, False):
        with pytest.raises(NietMogelijkError, match=f'nog niet bekeken.*{stapel.doos.nummer} --lijst "{stapel.naam}"'):
            afronding.doe_blik(
                proef.basis, stapel.lijst.id, stapel.doos.id, proef.wie(DIV), geslaagd=geslaagd, toelichting="anders"
            )
    with db.begin(proef.basis.engine) as session:
        keuren.mark_seen(session, trekking, proef.wie(DIV))
    with pytest.raises(NietMogelijkError, match="Zeg wat er niet klopt"):
        afronding.doe_blik(
            proef.basis, stapel.lijst.id, stapel.doos.id, proef.wie(DIV), geslaagd=False, toelichting=" "
        )
    proef.look(stapel.lijst, stapel.doos, geslaagd=False)
    assert "niet geslaagd" in stapel.redenen["laatste_blik"]
    with pytest.raises(NietMogelijkError, match="al gedaan"):
        proef.look(stapel.lijst, stapel.doos)


def test_who_had_a_part_does_not_look(proef: Afrondproef) -> None:
    stapel = Stapel(proef, scanoperator=DIV)
    afronding.trek_blik(proef.basis, stapel.lijst.id, stapel.doos.id)
    for naam, zin in ((DIV, "scande of bewerkte"), (CONTROLEUR, "keurde batch"), (SCANOPERATOR, "geen mandaat")):
        with pytest.raises(GeenMandaatError, match=zin):
            proef.look(stapel.lijst, stapel.doos, naam=naam)
    proef.look(stapel.lijst, stapel.doos, naam=EEN)  # who releases may look


def test_paper_needs_two_releases_by_two_people(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    proef.look(stapel.lijst, stapel.doos)
    proef.back_up()
    proef.release(stapel.lijst, EEN)
    assert "is 1 vrijgave van de twee" in stapel.redenen["vrijgegeven"]
    with pytest.raises(GeenMandaatError, match="U gaf deze lijst al vrij"):
        proef.release(stapel.lijst, EEN)
    for getypt in ("", stapel.naam.lower(), "Lijst"):
        with pytest.raises(NietMogelijkError, match="Typ de naam"):
            afronding.geef_vrij(proef.basis, stapel.lijst.id, proef.wie(TWEE), getypt, meld=zwijg)
    proef.release(stapel.lijst, TWEE)
    with db.begin(proef.basis.engine) as session:
        derde = personen.add_persoon(session, "Greet Gemandateerde", door=proef.wie(BEHEERDER))
        grant(proef, session, derde)
    with pytest.raises(NietMogelijkError, match="al twee keer"):
        afronding.geef_vrij(
            proef.basis, stapel.lijst.id, Aangemeld(derde.id, derde.naam, datetime.now(UTC)), stapel.naam, meld=zwijg
        )


def grant(proef: Afrondproef, session: Any, persoon: Any, **anders: Any) -> None:
    waarden = {"van": date(2026, 1, 1), "tot": None, "grondslag": "mandaatbesluit 2026-3", **anders}
    personen.grant_mandaat(session, persoon, Rol.GEMANDATEERDE, door=proef.wie(BEHEERDER), **waarden)


@pytest.mark.parametrize("naam", [SCANOPERATOR, DIV, CONTROLEUR, CONTROLEUR_2, ARCHIVARIS, BEHEERDER])
def test_who_is_no_gemandateerde_does_not_release(klaar: Stapel, naam: str) -> None:
    with pytest.raises(GeenMandaatError, match="geen mandaat als gemandateerde"):
        klaar.proef.release(klaar.lijst, naam)


def test_who_had_a_part_does_not_release_with_a_mandaat_either(proef: Afrondproef) -> None:
    with db.begin(proef.basis.engine) as session:
        persoon = personen.add_persoon(session, "Bas Beide", door=proef.wie(BEHEERDER))
        grant(proef, session, persoon)
    stapel = Stapel(proef, scanoperator="Bas Beide")
    with pytest.raises(GeenMandaatError, match="scande of bewerkte"):
        afronding.geef_vrij(
            proef.basis, stapel.lijst.id, Aangemeld(persoon.id, persoon.naam, datetime.now(UTC)), "", meld=zwijg
        )


@pytest.mark.parametrize(("van", "tot"), [(-30, -2), (2, None), (2, 30)])
def test_a_mandaat_of_another_day_does_not_count(proef: Afrondproef, klaar: Stapel, van: int, tot: int | None) -> None:
    vandaag = datetime.now(UTC).date()
    with db.begin(proef.basis.engine) as session:
        persoon = personen.add_persoon(session, f"Tijdelijk {uuid4()}", door=proef.wie(BEHEERDER))
        einde = None if tot is None else vandaag + timedelta(days=tot)
        grant(proef, session, persoon, van=vandaag + timedelta(days=van), tot=einde)
    with pytest.raises(GeenMandaatError, match="vandaag geen mandaat"):
        afronding.geef_vrij(
            proef.basis, klaar.lijst.id, Aangemeld(persoon.id, persoon.naam, datetime.now(UTC)), "", meld=zwijg
        )


def test_a_withdrawn_release_keeps_the_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    stapel.release()
    with pytest.raises(NietMogelijkError, match="Zeg waarom"):
        afronding.trek_vrijgave_in(proef.basis, stapel.lijst.id, " ", proef.wie(EEN))
    with pytest.raises(GeenMandaatError):
        afronding.trek_vrijgave_in(proef.basis, stapel.lijst.id, "twijfel", proef.wie(CONTROLEUR))
    assert afronding.trek_vrijgave_in(proef.basis, stapel.lijst.id, "twijfel", proef.wie(EEN)) == 2
    refuse(stapel, "vrijgegeven", "nog geen vrijgaven")
    assert find_status(proef, stapel.batch.batch) is Batchstatus.GOEDGEKEURD
    with pytest.raises(NietMogelijkError, match="niet vrijgegeven"):
        afronding.trek_vrijgave_in(proef.basis, stapel.lijst.id, "nog eens", proef.wie(EEN))


def test_bedenktijd_runs(proef: Afrondproef) -> None:
    stapel = Stapel(proef, besluit="bedenk")
    stapel.release()
    refuse(stapel, "vrijgegeven", "bedenktijd loopt nog tot")


def test_what_is_not_anchored_keeps_its_paper(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    proef.look(stapel.lijst, stapel.doos)
    proef.back_up()
    proef.release(stapel.lijst, EEN)
    proef.anchor()
    proef.release(stapel.lijst, TWEE)  # after the anchor
    refuse(stapel, "verankerd", "scanstraat logboek veranker")


def test_what_was_stated_about_a_batch_after_the_anchor_must_be_anchored_as_well(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    stapel.release()
    with db.begin(proef.basis.engine) as session:
        actor = storage.load_actor(session, BEHEERDER, "persoon")
        personen.save_scanoperator(session, stapel.rij(session), SCANOPERATOR, door=actor)
    proef.seal()
    refuse(stapel, "verankerd", "nog geen verankerd checkpoint")
    proef.anchor()
    assert stapel.redenen == {}


def test_an_anchor_with_our_own_word_alone_is_none(klaar: Stapel) -> None:
    config = klaar.proef.basis.config
    niemand = config.model_copy(
        update={"logboek": config.logboek.model_copy(update={"getuige": [], "tijdstempel": []})}
    )
    _dossier, aanvraag = afronding.onderzoek(replace(klaar.proef.basis, config=niemand), klaar.lijst.id, meld=zwijg)
    dicht = {f.value: a.redenen for f, a in aanvraag.antwoorden.items() if a.waar is not True}
    assert set(dicht) == {"verankerd"} and "niemand buiten de organisatie" in dicht["verankerd"][0]


def test_a_lost_stamp_keeps_the_paper(klaar: Stapel) -> None:
    stempels = sorted((klaar.proef.basis.config.logboek.map / "tijdstempels").rglob("*.tsr"))
    inhoud = {pad: pad.read_bytes() for pad in stempels}
    for pad in stempels:
        pad.unlink()
    try:
        refuse(klaar, "verankerd", "nog geen verankerd checkpoint")
    finally:
        for pad, stempel in inhoud.items():
            pad.write_bytes(stempel)
    assert klaar.redenen == {}


# --- the list -----------------------------------------------------------------------------------------------------


def test_a_list_of_a_batch_that_is_not_ready_says_what_it_waits_for_and_where_to_look(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    proef.bind(batch.batch, "2026-17")
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    proef.herscan(batch.documenten[0], 1)

    def propose() -> str:
        with pytest.raises(NietMogelijkError) as fout:
            proef.propose(doos, naam=f"Lijst {next(_nummers):04d}")
        return str(fout.value)

    with db.read(proef.basis.engine) as session:
        nummer = storage.load_batch(session, batch.batch).nummer
        versie = storage.latest_versie(session, batch.documenten[0]).id
    assert propose() == (
        f"Batch {nummer} is geleverd, maar nog niet gekeurd zoals zij nu is. Laat haar eerst keuren: "
        f"scanstraat keur {nummer}"
    )
    for status, zin in (
        ("mislukt", "(nu: Stilgezet). Zij gaat niet vanzelf verder: `scanstraat stappen` zegt welke stap is mislukt"),
        ("wacht", "(nu: Wordt verwerkt). De scanstraat is er nog mee bezig: `scanstraat stappen` toont wat er loopt"),
    ):
        with db.begin(proef.basis.engine) as session:
            stap = StapRow(
                item_id=versie, batch_id=batch.batch, fase="lever_af", generatie=9, status=status,
                aangemaakt_op=db.now_text(),
            )  # fmt: skip
            session.add(stap)
        assert f"Batch {nummer} is nog niet geleverd {zin}" in propose()
        with db.begin(proef.basis.engine) as session:
            session.delete(session.get_one(StapRow, stap.id))
    with db.begin(proef.basis.engine) as session:
        document = storage.load_document(session, batch.documenten[0])
        document.koppelstatus, document.zaakidentificatie = "te_koppelen", None
        session.add(document)
    assert (
        f"Een document heeft nog geen zaak: `scanstraat batch {nummer}` toont welk. Laat haar daarna keuren"
        in propose()
    )
    with db.begin(proef.basis.engine) as session:
        document = storage.load_document(session, batch.documenten[0])
        document.vervallen_op = db.now_text()
        session.add(document)
    assert "staat nog in zijn zaak: haal het eruit met `scanstraat ontkoppel`" in propose()


def test_a_changed_doos_voids_the_list(proef: Afrondproef) -> None:
    stapel, ander = Stapel(proef), proef.add_batch(1)
    proef.bind(ander.batch, "2026-17")
    proef.approve(ander.batch)
    with db.begin(proef.basis.engine) as session:  # past `papier.fill_doos`, which refuses a closed doos
        (blad, *_) = papier._find_bladen(session, storage.load_batch(session, ander.batch), None)
        actor = storage.load_actor(session, DIV, "persoon")
        session.add(DoosbladRow(doos_id=stapel.doos.id, blad_id=blad.id, op=db.now_text(), actor_id=actor.id))
    assert "niet meer zoals toen" in stapel.redenen["goedgekeurd"]


@pytest.mark.parametrize("naam", ["x", "Lijst/../../etc", "  Lijst", "L" * 61, "Lijst\n2", ""])
def test_a_name_that_cannot_be_typed_again_is_no_name(proef: Afrondproef, klaar: Stapel, naam: str) -> None:
    with pytest.raises(NietMogelijkError, match="naam van een lijst"):
        proef.propose(klaar.doos, naam=naam)


def test_a_doos_is_on_one_list_and_once(proef: Afrondproef, klaar: Stapel) -> None:
    with pytest.raises(NietMogelijkError, match="staat op een vernietigingslijst"):
        proef.propose(klaar.doos, naam="Lijst dubbel")
    with pytest.raises(NietMogelijkError, match="bestaat al"):
        proef.propose(klaar.doos, naam=klaar.naam.upper())
    stapel = Stapel(proef)
    afronding.trek_lijst_in(proef.basis, stapel.lijst.id, "verkeerde doos", proef.wie(DIV))
    with pytest.raises(NietMogelijkError, match="twee keer genoemd"):
        proef.propose(stapel.doos, stapel.doos, naam="Lijst dubbel")
    proef.propose(stapel.doos, naam=f"Lijst {next(_nummers):04d}")  # free again
    with pytest.raises(NietMogelijkError, match="ingetrokken"):
        proef.look(stapel.lijst, stapel.doos)
    with pytest.raises(NietMogelijkError, match="ingetrokken"):
        proef.release(stapel.lijst, EEN)
    with pytest.raises(NietMogelijkError, match="ingetrokken"):
        afronding.trek_lijst_in(proef.basis, stapel.lijst.id, "nog eens", proef.wie(DIV))


# --- order and execution ------------------------------------------------------------------------------------------


def test_a_container_and_a_seal_are_named_once(proef: Afrondproef) -> None:
    een, twee = Stapel(proef), Stapel(proef)
    dozen = [een.doos.nummer, twee.doos.nummer]
    for stapel in (een, twee):
        afronding.trek_lijst_in(proef.basis, stapel.lijst.id, "samen", proef.wie(DIV))
    lijst = proef.propose(een.doos, twee.doos, naam=f"Lijst {next(_nummers):04d}")
    for (nummer, zegel), zin in ((("c-1 ", "Z-2"), "Container c-1"), (("C-2", "z-1"), "Zegel z-1")):
        containers = [
            vernietigen.Container("C-1", "Z-1", (dozen[0],)), vernietigen.Container(nummer, zegel, (dozen[1],)),
        ]  # fmt: skip
        with pytest.raises(NietMogelijkError, match=f"{zin} staat er twee keer"):
            afronding.draag_op(proef.basis, lijst.id, proef.wie(DIV), "Versnipper BV", containers, meld=zwijg)


def test_every_doos_goes_in_one_container(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    stapel.release()
    nummer = stapel.doos.nummer
    for containers, zin in (
        ([], "In containers: geen"),
        ([("C-1", "Z-1", ())], "precies één container"),
        ([("C-1", "Z-1", (nummer,)), ("C-2", "Z-2", (nummer,))], "precies één container"),
        ([("C-1", "Z-1", (nummer, "D-2020-00001"))], "precies één container"),
        ([("C-1", " ", (nummer,))], "het nummer en het zegel"),
    ):
        with pytest.raises(NietMogelijkError, match=zin):
            draag_op(stapel, *containers)
    with pytest.raises(NietMogelijkError, match="Noem het bedrijf"):
        draag_op(stapel, ("C-1", "Z-1", (nummer,)), bedrijf=" ")
    with pytest.raises(GeenMandaatError):
        draag_op(stapel, ("C-1", "Z-1", (nummer,)), wie=CONTROLEUR)
    draag_op(stapel, ("C-1", "Z-1", (nummer,)))
    with pytest.raises(NietMogelijkError, match="al opdracht gegeven"):
        draag_op(stapel, ("C-1", "Z-1", (nummer,)))
    with pytest.raises(NietMogelijkError, match="Zet dan een stop"):
        afronding.trek_lijst_in(proef.basis, stapel.lijst.id, "spijt", proef.wie(DIV))
    with pytest.raises(NietMogelijkError, match="Zet dan een stop"):
        afronding.trek_vrijgave_in(proef.basis, stapel.lijst.id, "spijt", proef.wie(EEN))


def draag_op(
    stapel: Stapel, *containers: tuple[str, str, tuple[str, ...]], bedrijf: str = "BV", wie: str = DIV
) -> None:
    gevuld = [vernietigen.Container(*container) for container in containers]
    afronding.draag_op(stapel.proef.basis, stapel.lijst.id, stapel.proef.wie(wie), bedrijf, gevuld, meld=zwijg)


def test_what_the_company_says_must_be_what_was_ordered(proef: Afrondproef) -> None:
    stapel, ander = Stapel(proef), Stapel(proef)
    stapel.release()
    opdracht = proef.order(stapel.lijst, stapel.doos)
    certificaat = proef.save_certificaat()
    goed = vernietigen.Uitvoeringsfeiten(datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", certificaat)

    def voer_uit(feiten: vernietigen.Uitvoeringsfeiten, doos: DoosRow = stapel.doos, wie: str = DIV) -> None:
        afronding.voer_uit(proef.basis, opdracht.id, [(doos, feiten)], proef.wie(wie), meld=zwijg)

    for feiten, zin in (
        (replace(goed, container="C-2"), "noemt container C-2"),
        (replace(goed, zegel="Z-9"), "met zegel Z-9"),
        (replace(goed, niveau="P-3"), "opgedragen is P-4"),
        (replace(goed, niveau="p-1"), "bestaat niet"),  # small letters come after capitals
        (replace(goed, niveau="Z-9"), "bestaat niet"),
        (replace(goed, certificaatnummer=" "), "nummer van het vernietigingsbewijs"),
        (replace(goed, wijze=""), "hoe het papier is vernietigd"),
        (replace(goed, uitgevoerd_op=datetime.now(UTC) + timedelta(minutes=5)), "ligt na nu"),
        (replace(goed, uitgevoerd_op=datetime.fromisoformat(opdracht.op) - timedelta(minutes=5)), "de opdracht is van"),
    ):
        with pytest.raises(NietMogelijkError, match=zin):
            voer_uit(feiten)
    with pytest.raises(NietMogelijkError, match="hoort niet bij opdracht"):
        voer_uit(goed, ander.doos)
    with pytest.raises(GeenMandaatError):
        voer_uit(goed, wie=CONTROLEUR)
    with stopped(stapel, Stopsoort.BEZWAAR, Over.ZAAK, ZAAK), pytest.raises(NietVrijgegevenError, match="bezwaar"):
        voer_uit(goed)
    assert find_status(proef, stapel.batch.batch) is Batchstatus.PAPIER_MAG_WEG
    voer_uit(replace(goed, niveau="P-5", uitgevoerd_op=datetime.now(UTC)))
    assert find_status(proef, stapel.batch.batch) is Batchstatus.VERNIETIGD
    with pytest.raises(NietMogelijkError, match="is vernietigd"):
        afronding.meld_mislukt(proef.basis, opdracht.id, [stapel.doos], "toch niet", proef.wie(DIV), deels=False)


def test_who_records_second_what_somebody_recorded_meanwhile_is_told_so(
    proef: Afrondproef, monkeypatch: pytest.MonkeyPatch
) -> None:
    stapel = Stapel(proef, 1)
    stapel.release()
    opdracht = proef.order(stapel.lijst, stapel.doos)
    proef.pick_up(opdracht)
    lees = poort.ask_bytes

    def read_slowly(*args: Any, **opties: Any) -> Any:
        monkeypatch.undo()
        proef.execute(opdracht, stapel.doos)
        return lees(*args, **opties)

    monkeypatch.setattr(poort, "ask_bytes", read_slowly)
    with pytest.raises(NietMogelijkError, match="is vernietigd"):
        proef.execute(opdracht, stapel.doos)
    assert find_status(proef, stapel.batch.batch) is Batchstatus.VERNIETIGD
    with stopped(stapel, Stopsoort.BEZWAAR, Over.DOOS, str(stapel.doos.id)), db.read(proef.basis.engine) as session:
        assert batchstatus.find_stops(session, session.get_one(BatchRow, stapel.batch.batch)) == []  # no paper is left


def test_a_stop_that_was_lifted_after_the_paper_went_did_not_allow_it(proef: Afrondproef) -> None:
    stapel, later = Stapel(proef), Stapel(proef)
    for een in (stapel, later):
        een.release()
    opdracht, opdracht_later = (proef.order(een.lijst, een.doos) for een in (stapel, later))
    certificaat = proef.save_certificaat()

    def build(op: datetime) -> vernietigen.Uitvoeringsfeiten:
        return vernietigen.Uitvoeringsfeiten(op, "versnipperd", "P-4", "C-1", "Z-1", "VB-1", certificaat)

    toen = datetime.now(UTC)
    with stopped(stapel, Stopsoort.RECHTSZAAK, Over.DOOS, str(stapel.doos.id)):
        pass
    with stopped(later, Stopsoort.RECHTSZAAK, Over.DOOS, str(later.doos.id)):
        pass
    with pytest.raises(NietMogelijkError, match="pas is opgeheven nadat het papier was vernietigd"):
        afronding.voer_uit(proef.basis, opdracht.id, [(stapel.doos, build(toen))], proef.wie(DIV), meld=zwijg)
    (rij,) = afronding.meld_zonder_grond(
        proef.basis, opdracht.id, [(stapel.doos, build(toen))], proef.wie(DIV), meld=zwijg
    )
    assert "een stop (rechtszaak)" in rij.belemmeringen and "pas is opgeheven" in rij.belemmeringen
    nu = datetime.now(UTC)
    afronding.voer_uit(proef.basis, opdracht_later.id, [(later.doos, build(nu))], proef.wie(DIV), meld=zwijg)


def test_paper_that_was_gone_when_a_stop_came_is_recorded_as_that(
    eigen: Afrondproef, capsys: pytest.CaptureFixture[str]
) -> None:
    eigen.add_batch(1)
    eigen.add_besluit()
    stapel = Stapel(eigen)
    stapel.release()
    opdracht = eigen.order(stapel.lijst, stapel.doos)
    certificaat = eigen.save_certificaat()
    feiten = vernietigen.Uitvoeringsfeiten(datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", certificaat)

    def meld(feiten: vernietigen.Uitvoeringsfeiten, wie: str = DIV) -> UitvoeringRow:
        return afronding.meld_zonder_grond(
            eigen.basis, opdracht.id, [(stapel.doos, feiten)], eigen.wie(wie), meld=zwijg
        )[0]

    with pytest.raises(NietMogelijkError, match="mocht weg"):
        meld(feiten)
    with pytest.raises(GeenMandaatError):
        meld(feiten, CONTROLEUR)
    with stopped(stapel, Stopsoort.BEZWAAR, Over.ZAAK, ZAAK):
        with pytest.raises(NietVrijgegevenError, match="bezwaar"):
            afronding.voer_uit(eigen.basis, opdracht.id, [(stapel.doos, feiten)], eigen.wie(DIV), meld=zwijg)
        rij = meld(replace(feiten, niveau="P-3", container="C-9"))
    assert rij.uitkomst == "vernietigd zonder grond" and rij.certificaat_sha256 == certificaat
    assert [deel in rij.belemmeringen for deel in ("bezwaar", "container C-9", "niveau P-3")] == [True] * 3
    assert find_status(eigen, stapel.batch.batch) is Batchstatus.ZONDER_GROND
    with db.read(eigen.basis.engine) as session:
        lijst = session.get_one(VernietigingslijstRow, stapel.lijst.id)
        assert vernietigen.find_stand(session, lijst) == "vernietigd zonder grond"
    with pytest.raises(NietMogelijkError, match="is vernietigd"):
        meld(feiten)
    with pytest.raises(NietMogelijkError, match="niets vernietigd op goede gronden"):
        afronding.verklaar(eigen.basis, Verklaringsoort.VERNIETIGING, Selectie(stapel.lijst.id), eigen.wie(DIV))
    eigen.anchor()
    beleid = eigen.map / "beleid.txt"
    logboek.write_beleid(eigen.basis.config, beleid)
    assert verifier([str(eigen.basis.config.logboek.map), "--beleid", str(beleid)]) == GEWIJZIGD
    assert capsys.readouterr().out.startswith("ZONDER GROND. ")
    assert logboek.check_record(eigen.basis, logboek.open_klant(eigen.basis.config), meld=zwijg) > 0
    bewijzen.write_bewijs(eigen.basis, stapel.batch.documenten[0], eigen.map / "bewijs")
    assert verifier([str(eigen.map / "bewijs"), "--beleid", str(beleid)]) == GEWIJZIGD
    gezegd = capsys.readouterr().out
    assert gezegd.startswith("ZONDER GROND. ") and gezegd.count("terwijl er iets in de weg stond") == 2


def forge(
    verbinding: Connection, soort: str, actor: UUID, onderwerp: UUID, gegevens: dict[str, Any], merk: str | None
) -> UUID:
    """Add an event as somebody who may write in the database, and has no file of the machine."""
    rij = GebeurtenisRow(
        id=uuid4(), soort=soort, schema_versie=NIEUWSTE.get(soort, 1), actor_log_id=actor, onderwerp_log_id=onderwerp,
        op=db.now_text(), gegevens=gegevens, merk=merk,
    )  # fmt: skip
    verbinding.execute(sa.insert(GebeurtenisRow), [rij.model_dump(exclude={"volgnummer"})])
    return rij.id


def test_a_decision_that_nobody_took_is_never_sealed(tmp_path: Path) -> None:
    """Somebody who writes in the database adds a row and its event, or copies those of one that was given."""
    with open_afrondproef(tmp_path) as proef:
        proef.add_batch(1)
        proef.add_besluit()
        stapel = Stapel(proef)
        proef.look(stapel.lijst, stapel.doos)
        proef.back_up()
        proef.release(stapel.lijst, EEN)
        with db.begin(proef.basis.engine) as session:
            door = storage.load_actor(session, "proef")
            stop = stops.place_stop(
                session, Stopsoort.ONDERZOEK, Over.DOOS, str(stapel.doos.id), "dossier 1", door=door
            )
        proef.anchor()
        with db.read(proef.basis.engine) as session:
            een = session.exec(select(VrijgaveRow)).one()
            twee = personen.actor_of(session, proef.mensen[TWEE])
            mandaat = personen.find_mandaat(session, proef.mensen[TWEE], (Rol.GEMANDATEERDE,), datetime.now(UTC))
            echt = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.id == een.gebeurtenis_id)).one()
        assert mandaat is not None and echt.merk is not None and set(stapel.redenen) >= {"geen_stop", "vrijgegeven"}

        def refuse_all() -> None:
            stappen: tuple[Callable[[], object], ...] = (
                proef.seal, lambda: stapel.redenen, lambda: proef.order(stapel.lijst, stapel.doos)
            )  # fmt: skip
            for stap in stappen:
                with pytest.raises(LogboekGewijzigdError, match="niet door deze scanstraat"):
                    stap()
            tegels = Tegelmap(proef.basis.config.logboek.map)
            with db.read(proef.basis.engine) as session:  # who asks between two sealings
                (verschil,) = rijcontrole.find_andere_regels(session, tegels, {stapel.lijst.log_id})
            assert "niet door deze scanstraat vastgelegd" in verschil.tekst
            assert any("Gebeurtenis" in m.tekst and "wacht" in m.tekst for m in build_gezondheid(proef.basis).meldingen)

        for merk in (None, "", "5a" * 32, echt.merk):
            with proef.basis.engine.begin() as verbinding, forging(verbinding, "gebeurtenis", "vrijgave"):
                gebeurtenis = forge(
                    verbinding, "vrijgave", twee.log_id, stapel.lijst.log_id, echt.gegevens | {"volgnummer": 2}, merk
                )
                verbinding.execute(sa.insert(VrijgaveRow), [een.model_dump() | {
                    "id": uuid4(), "volgnummer": 2, "persoon_id": proef.mensen[TWEE], "mandaat_id": mandaat.id,
                    "op": db.now_text(), "gebeurtenis_id": gebeurtenis,
                }])  # fmt: skip
            refuse_all()
            with proef.basis.engine.begin() as verbinding, forging(verbinding, "gebeurtenis", "vrijgave"):
                verbinding.execute(sa.delete(VrijgaveRow).where(col(VrijgaveRow.gebeurtenis_id) == gebeurtenis))
                verbinding.execute(sa.delete(GebeurtenisRow).where(col(GebeurtenisRow.id) == gebeurtenis))
            proef.seal()
        with proef.basis.engine.begin() as verbinding, forging(verbinding, "stop"):
            forge(verbinding, "stop.opgeheven", twee.log_id, stop.log_id, {"toelichting": "5a" * 32}, "5a" * 32)
            verbinding.execute(sa.update(StopRow).values(
                opgeheven_op=db.now_text(), opgeheven_door=twee.id, opheffingsreden="klaar"
            ))  # fmt: skip
        refuse_all()


@pytest.mark.parametrize("wat", ["gebonden", "gekeurd", "uitzondering"])
def test_after_a_rollback_a_batch_is_sealed_and_judged_anew_and_the_log_stays_good(tmp_path: Path, wat: str) -> None:
    """What the log has of the batch and the record lost may not be written as if it had not been."""
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1, 1)
        proef.add_besluit()
        if wat != "gebonden":
            proef.show(batch.batch)
        proef.anchor()
        database = proef.basis.config.algemeen.gegevensmap / "scanstraat.db"
        proef.basis.engine.dispose()
        shutil.copy(database, tmp_path / "toen.db")
        if wat != "uitzondering":
            proef.approve(batch.batch)
        else:
            with db.begin(proef.basis.engine) as session:
                document = session.get_one(DocumentRow, batch.documenten[0])
                actor = personen.actor_of(session, proef.mensen[ARCHIVARIS])
                besluiten.add_uitzondering(session, document, "erfgoed", "oude kaart", "kluis", actor=actor)
        proef.anchor()
        proef.basis.engine.dispose()
        for bij in ("-wal", "-shm"):
            Path(f"{database}{bij}").unlink(missing_ok=True)
        shutil.copy(tmp_path / "toen.db", database)
        herstel.declare(proef.basis, proef.wie(BEHEERDER), proef.wie(ARCHIVARIS), "oude database")
        proef.approve(batch.batch)
        proef.anchor()
        beleid = tmp_path / "beleid.txt"
        logboek.write_beleid(proef.basis.config, beleid)
        assert verifier([str(proef.basis.config.logboek.map), "--beleid", str(beleid)]) == BEWEZEN
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        if wat == "uitzondering":  # what keeps paper came back
            with pytest.raises(NietVrijgegevenError, match="uitzondering"):
                proef.bring_to_order(lijst, doos)
            return
        proef.execute(proef.bring_to_order(lijst, doos), doos)
        proef.anchor()
        assert verifier([str(proef.basis.config.logboek.map), "--beleid", str(beleid)]) == BEWEZEN


def test_a_document_that_was_wiped_keeps_all_paper_also_when_the_rest_is_judged_anew(tmp_path: Path) -> None:
    """Its page image is said to be blank, the count is made right: what is left is whole, its paper goes nowhere."""
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1, 1)
        proef.add_besluit()
        proef.approve(batch.batch)
        weg = batch.documenten[0].hex
        versies = f"select id from documentversie where document_id = '{weg}'"
        tabellen = ("pagina", "aflevering", "documentversie", "document", "beeld", "batch", "bevinding")
        with proef.basis.engine.begin() as verbinding, forging(verbinding, *tabellen):
            for opdracht in (
                "pragma defer_foreign_keys = on",
                f"delete from pagina where documentversie_id in ({versies})",
                f"delete from aflevering where documentversie_id in ({versies})",
                f"delete from documentversie where document_id = '{weg}'",
                "update batch set in_documenten = in_documenten - 1, weggelaten = weggelaten + 1",
                "update beeld set bestemming = 'weggelaten', weglaatreden = 'blanco', document_id = null "
                f"where document_id = '{weg}'",
                f"delete from document where id = '{weg}'",
            ):
                verbinding.exec_driver_sql(opdracht)
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        proef.look(lijst, doos)
        proef.back_up()
        redenen = proef.find_redenen(lijst)
        assert "is vastgelegd, maar staat niet meer in de database" in " ".join(redenen["pdfa_conform"])
        with pytest.raises(NietVrijgegevenError):
            proef.release(lijst, EEN)
        beleid = proef.map / "beleid.txt"
        logboek.write_beleid(proef.basis.config, beleid)
        proef.anchor()
        assert verifier([str(proef.basis.config.logboek.map), "--beleid", str(beleid)]) == GEWIJZIGD


def test_rows_that_cannot_be_compared_close_the_poort(klaar: Stapel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise PermissionError(13, "tile")

    with monkeypatch.context() as anders:
        anders.setattr(rijcontrole, "find_andere_regels", fail)
        redenen = klaar.redenen
        assert {"goedgekeurd", "laatste_blik", "vrijgegeven"} <= set(redenen)
        assert "kon niet worden onderzocht" in redenen["vrijgegeven"]
        with pytest.raises(NietVrijgegevenError):
            klaar.proef.order(klaar.lijst, klaar.doos)
    assert klaar.redenen == {}


def test_what_was_destroyed_already_leaves_no_more(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    stapel.release()
    opdracht = proef.order(stapel.lijst, stapel.doos)
    proef.execute(opdracht, stapel.doos)
    time.sleep(0.01)  # times are kept in milliseconds
    with pytest.raises(NietMogelijkError, match=r"volgens het bewijs vernietigd op .* dus voor deze tijd van ophalen"):
        proef.pick_up(opdracht)


def test_a_container_leaves_once_with_its_own_seal(proef: Afrondproef) -> None:
    stapel = Stapel(proef)
    stapel.release()
    opdracht = proef.order(stapel.lijst, stapel.doos)

    def geef_mee(
        container: str = "C-1", zegel: str = "Z-1", wie: str = DIV, door: str = "Vervoer BV", uren: int = 0
    ) -> None:
        op = datetime.now(UTC) + timedelta(hours=uren)
        afronding.geef_mee(proef.basis, opdracht.id, [(container, zegel)], door, op, proef.wie(wie))

    pogingen: tuple[tuple[dict[str, Any], str], ...] = (
        ({"container": "C-9"}, "hoort niet bij opdracht"), ({"zegel": "Z-9"}, "hoort zegel Z-1 te zitten"),
        ({"door": " "}, "wie de container meenam"), ({"uren": 1}, "niet na nu"), ({"uren": -1}, "na de opdracht"),
    )  # fmt: skip
    for poging, zin in pogingen:
        with pytest.raises(NietMogelijkError, match=zin):
            geef_mee(**poging)
    with pytest.raises(GeenMandaatError):
        geef_mee(wie=CONTROLEUR)
    voor = datetime.now(UTC)
    time.sleep(0.01)  # times are kept in milliseconds
    geef_mee()
    with pytest.raises(NietMogelijkError, match="al vastgelegd dat zij is opgehaald"):
        geef_mee()
    feiten = vernietigen.Uitvoeringsfeiten(voor, "versnipperd", "P-4", "C-1", "Z-1", "VB-1", proef.save_certificaat())
    with pytest.raises(NietMogelijkError, match="voordat de container is opgehaald"):
        afronding.voer_uit(proef.basis, opdracht.id, [(stapel.doos, feiten)], proef.wie(DIV), meld=zwijg)
    proef.execute(opdracht, stapel.doos)
    with db.read(proef.basis.engine) as session:
        (vervoer,) = vernietigen.build_opdracht(session, opdracht)["vervoer"]
        assert (vervoer["container"], vervoer["vervoerder"], vervoer["door"]) == ("C-1", "Vervoer BV", DIV)


def order_dozen(proef: Afrondproef, aantal: int = 1) -> tuple[list[Batchproef], list[DoosRow], OpdrachtRow]:
    """Bring batches, each in a doos of its own, on one list to the order."""
    batches = [proef.add_batch(1) for _ in range(aantal)]
    for batch in batches:
        proef.bind(batch.batch, "2026-17")
        proef.approve(batch.batch)
    dozen = [proef.box(batch.batch) for batch in batches]
    lijst = proef.propose(*dozen, naam=f"Lijst {next(_nummers):04d}")
    for doos in dozen:
        proef.look(lijst, doos)
    proef.back_up()
    proef.release(lijst, EEN)
    proef.release(lijst, TWEE)
    proef.anchor()
    return batches, dozen, proef.order(lijst, *dozen)


def test_a_doos_that_failed_goes_on_a_new_list(proef: Afrondproef) -> None:
    (een, twee), dozen, opdracht = order_dozen(proef, 2)
    with pytest.raises(NietMogelijkError, match="waar het papier nu is"):
        afronding.meld_mislukt(proef.basis, opdracht.id, dozen[:1], "", proef.wie(DIV), deels=False)
    afronding.meld_mislukt(proef.basis, opdracht.id, dozen[:1], "container viel", proef.wie(DIV), deels=False)
    for deels in (False, True):
        with pytest.raises(NietMogelijkError, match="al als mislukt vastgelegd"):
            afronding.meld_mislukt(proef.basis, opdracht.id, dozen[:1], "weer", proef.wie(DIV), deels=deels)
    with pytest.raises(NietMogelijkError, match="al als mislukt vastgelegd"):
        proef.execute(opdracht, dozen[0])
    assert find_status(proef, een.batch) is Batchstatus.GOEDGEKEURD
    proef.execute(opdracht, dozen[1])  # the other one went
    assert find_status(proef, twee.batch) is Batchstatus.VERNIETIGD
    nieuw = proef.propose(dozen[0], naam=f"Lijst {next(_nummers):04d}")
    proef.look(nieuw, dozen[0])
    proef.back_up()
    proef.release(nieuw, EEN)
    proef.release(nieuw, TWEE)
    proef.anchor()
    proef.execute(proef.order(nieuw, dozen[0]), dozen[0])
    assert find_status(proef, een.batch) is Batchstatus.VERNIETIGD


def test_what_is_left_of_a_doos_stays_with_its_order(proef: Afrondproef) -> None:
    (een, _twee), dozen, opdracht = order_dozen(proef, 2)
    doos, begin = dozen[0], datetime.fromisoformat(opdracht.op)

    def meld(*, deels: bool = True, uren: int | None = None) -> None:
        op = None if uren is None else begin + timedelta(hours=uren)
        afronding.meld_mislukt(proef.basis, opdracht.id, [doos], "molen vast", proef.wie(DIV), deels=deels, op=op)

    for uren in (-1, 1):
        with pytest.raises(NietMogelijkError, match="niet tussen de opdracht"):
            meld(uren=uren)
    meld(uren=0)
    for deels in (False, True):
        with pytest.raises(NietMogelijkError, match="al vastgelegd dat een deel is vernietigd"):
            meld(deels=deels)
    with db.begin(proef.basis.engine) as session:
        rij, batch = session.get_one(DoosRow, doos.id), storage.load_batch(session, een.batch)
        door = storage.load_actor(session, "proef")
        for doe in (
            lambda: papier.open_doos(session, rij, door=door),
            lambda: papier.close_doos(session, rij, door=door),
            lambda: papier.fill_doos(session, rij, batch, None, door=door),
            lambda: papier.empty_doos(session, rij, batch, None, door=door),
        ):
            with pytest.raises(NietMogelijkError, match=f"een deel vernietigd onder opdracht {opdracht.nummer}"):
                doe()
        papier.move_doos(session, rij, "kelder", door=door)  # what is left may come back
        assert papier.has_vernietigd(session, een.batch)
        assert {plek.deels for plek in papier.find_vindplaatsen(session, een.documenten[0])} == {opdracht.nummer}
        assert vernietigen.find_stand(session, session.get_one(VernietigingslijstRow, opdracht.lijst_id)) == (
            "deels vernietigd"
        )
    with pytest.raises(NietMogelijkError, match="komt niet op een nieuwe lijst"):
        proef.propose(doos, naam=f"Lijst {next(_nummers):04d}")
    assert find_status(proef, een.batch) is Batchstatus.PAPIER_MAG_WEG
    with db.begin(proef.basis.engine) as session:
        stop = stops.place_stop(
            session, Stopsoort.BEZWAAR, Over.DOOS, str(doos.id), "bezwaar 7", door=storage.load_actor(session, "proef")
        )
    with pytest.raises(NietVrijgegevenError, match="bezwaar"):  # every fact is asked again for the rest
        proef.execute(opdracht, doos)
    afronding.hef_stop_op(proef.basis, stop.id, "ingetrokken", proef.wie(ARCHIVARIS))
    proef.execute(opdracht, *dozen)
    assert find_status(proef, een.batch) is Batchstatus.VERNIETIGD
    with db.read(proef.basis.engine) as session:
        assert papier.find_deels(session, doos.id) is None
        lijst = session.get_one(VernietigingslijstRow, opdracht.lijst_id)
        assert vernietigen.find_stand(session, lijst) == "vernietigd"
        assert vernietigen.build_opdracht(session, opdracht)["deels_vernietigd"] == []
    with pytest.raises(NietMogelijkError, match="is vernietigd"):
        meld()


def test_what_came_back_leaves_again_in_a_container_of_its_own(proef: Afrondproef) -> None:
    _, (doos,), opdracht = order_dozen(proef)
    certificaat = proef.save_certificaat()

    def geef_mee(container: str = "C-9") -> None:
        afronding.geef_mee(
            proef.basis, opdracht.id, [(container, "Z-9")], "Vervoer BV", datetime.now(UTC), proef.wie(DIV)
        )

    def voer_uit(container: str, zegel: str, op: datetime) -> None:
        feiten = vernietigen.Uitvoeringsfeiten(op, "versnipperd", "P-4", container, zegel, "VB-1", certificaat)
        afronding.voer_uit(proef.basis, opdracht.id, [(doos, feiten)], proef.wie(DIV), meld=zwijg)

    proef.pick_up(opdracht)
    with pytest.raises(NietMogelijkError, match="hoort niet bij opdracht"):
        geef_mee()
    afronding.meld_mislukt(proef.basis, opdracht.id, [doos], "molen vast", proef.wie(DIV), deels=True)
    with pytest.raises(NietMogelijkError, match="noemt container C-9"):
        voer_uit("C-9", "Z-9", datetime.now(UTC))
    voor = datetime.now(UTC)
    time.sleep(0.01)  # times are kept in milliseconds
    geef_mee()
    with pytest.raises(NietMogelijkError, match="al vastgelegd dat zij is opgehaald"):
        geef_mee()
    with pytest.raises(NietMogelijkError, match="hoort zegel Z-1"):
        geef_mee("C-1")
    with pytest.raises(NietMogelijkError, match="met zegel Z-8"):
        voer_uit("C-9", "Z-8", datetime.now(UTC))
    with pytest.raises(NietMogelijkError, match="voordat de container is opgehaald"):
        voer_uit("C-9", "Z-9", voor)
    voer_uit("C-9", "Z-9", datetime.now(UTC))
    with pytest.raises(NietMogelijkError, match="hoort niet bij opdracht"):  # nothing is left to leave
        geef_mee("C-8")


def test_paper_of_which_part_went_well_and_the_rest_did_not_is_told_as_both(
    eigen: Afrondproef, capsys: pytest.CaptureFixture[str]
) -> None:
    eigen.add_batch(1)
    eigen.add_besluit()
    (een,), (doos,), opdracht = order_dozen(eigen)
    afronding.meld_mislukt(eigen.basis, opdracht.id, [doos], "molen vast", eigen.wie(DIV), deels=True)
    beleid = eigen.map / "beleid.txt"
    logboek.write_beleid(eigen.basis.config, beleid)
    eigen.anchor()
    assert verifier([str(eigen.basis.config.logboek.map), "--beleid", str(beleid)]) == 0
    with db.begin(eigen.basis.engine) as session:
        door = storage.load_actor(session, "proef")
        stops.place_stop(session, Stopsoort.BEZWAAR, Over.DOOS, str(doos.id), "bezwaar 7", door=door)
    feiten = vernietigen.Uitvoeringsfeiten(
        datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", eigen.save_certificaat()
    )
    afronding.meld_zonder_grond(eigen.basis, opdracht.id, [(doos, feiten)], eigen.wie(DIV), meld=zwijg)
    eigen.anchor()
    assert logboek.check_record(eigen.basis, logboek.open_klant(eigen.basis.config), meld=zwijg) > 0
    bewijzen.write_bewijs(eigen.basis, een.documenten[0], eigen.map / "bewijs")
    capsys.readouterr()
    assert verifier([str(eigen.map / "bewijs"), "--beleid", str(beleid)]) == GEWIJZIGD
    gezegd = capsys.readouterr().out
    assert gezegd.startswith("ZONDER GROND. ") and "maar voor een deel is vernietigd" in gezegd
    assert re.search(r"Wanneer ging het papier weg: doos \S+ voor een deel \(vastgelegd op [^)]+\), doos ", gezegd)


def test_part_of_the_paper_that_went_under_a_stop_is_recorded_with_it(
    eigen: Afrondproef, capsys: pytest.CaptureFixture[str]
) -> None:
    eigen.add_batch(1)
    eigen.add_besluit()
    _, (doos,), opdracht = order_dozen(eigen)
    with db.begin(eigen.basis.engine) as session:
        door = storage.load_actor(session, "proef")
        stop = stops.place_stop(session, Stopsoort.BEZWAAR, Over.DOOS, str(doos.id), "bezwaar 7", door=door)
    (rij,) = afronding.meld_mislukt(eigen.basis, opdracht.id, [doos], "molen vast", eigen.wie(DIV), deels=True)
    assert rij.uitkomst == "deels vernietigd zonder grond" and "bezwaar" in rij.belemmeringen
    beleid = eigen.map / "beleid.txt"
    logboek.write_beleid(eigen.basis.config, beleid)
    eigen.anchor()
    assert logboek.find_verschillen(eigen.basis) == []
    assert verifier([str(eigen.basis.config.logboek.map), "--beleid", str(beleid)]) == GEWIJZIGD
    gezegd = capsys.readouterr().out
    assert gezegd.startswith("ZONDER GROND. ") and "1 doos is voor een deel vernietigd" in gezegd
    afronding.hef_stop_op(eigen.basis, stop.id, "ingetrokken", eigen.wie(ARCHIVARIS))
    with pytest.raises(NietMogelijkError, match=r"Een deel van doos .* in de weg stond: .*bezwaar"):
        eigen.execute(opdracht, doos)


def test_a_doos_of_which_part_went_before_this_version_comes_back_under_its_order(tmp_path: Path) -> None:
    """Not one that went on a new list since: that one is as people said then."""
    with open_afrondproef(tmp_path) as proef:
        proef.add_batch(1)
        proef.add_besluit()
        _, (een, twee), opdracht = order_dozen(proef, 2)
        afronding.meld_mislukt(proef.basis, opdracht.id, [een, twee], "molen vast", proef.wie(DIV), deels=True)
        with proef.basis.engine.begin() as verbinding:  # as it was written before
            verbinding.execute(sa.update(LijstdoosRow).values(eraf_op=db.now_text()))
            for naam, *_ in deels_regels:
                verbinding.exec_driver_sql(f"drop trigger {naam}")
            verbinding.exec_driver_sql("drop index gebeurtenis_herstel")
            verbinding.exec_driver_sql("update alembic_version set version_num = '0011'")
        with db.begin(proef.basis.engine) as session:
            ander = session.get_one(VernietigingslijstRow, opdracht.lijst_id).model_dump() | {
                "id": uuid4(), "log_id": uuid4(), "naam": "Lijst later", "op": db.now_text()
            }  # fmt: skip
            session.add(VernietigingslijstRow(**ander))
            session.flush()
            session.add(LijstdoosRow(lijst_id=ander["id"], doos_id=twee.id))
        db.migrate(proef.basis.engine)
        with db.read(proef.basis.engine) as session:
            assert [papier.find_deels(session, doos.id) for doos in (een, twee)] == [opdracht.nummer, None]
            staat = [session.get_one(LijstdoosRow, (opdracht.lijst_id, doos.id)).eraf_op for doos in (een, twee)]
            assert staat[0] is None and staat[1] is not None
        with pytest.raises(IntegrityError, match="beeindigd"), proef.basis.engine.begin() as verbinding:
            verbinding.execute(sa.update(LijstdoosRow).values(eraf_op=None))
        proef.execute(opdracht, een)


def test_a_stop_on_the_zaak_of_paper_that_went_without_grounds_leaves_the_log_whole(eigen: Afrondproef) -> None:
    """The line follows the stop after it: there is no paper any more to hold, and that is no change."""
    eigen.add_batch(1)
    eigen.add_besluit()
    _, (doos,), opdracht = order_dozen(eigen)
    with db.begin(eigen.basis.engine) as session:
        door = storage.load_actor(session, "proef")
        stops.place_stop(session, Stopsoort.WOO_VERZOEK, Over.ZAAK, ZAAK, "Woo-verzoek 7", door=door)
    feiten = vernietigen.Uitvoeringsfeiten(
        datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", eigen.save_certificaat()
    )
    afronding.meld_zonder_grond(eigen.basis, opdracht.id, [(doos, feiten)], eigen.wie(DIV), meld=zwijg)
    eigen.seal()
    with db.begin(eigen.basis.engine) as session:
        stops.follow_stops(session)
    eigen.anchor()
    beleid = eigen.map / "beleid.txt"
    logboek.write_beleid(eigen.basis.config, beleid)
    verslag = verify_logboek(eigen.basis.config.logboek.map, parse_beleid(beleid.read_text(encoding="utf-8")))
    assert len(verslag.zonder_grond) == 1
