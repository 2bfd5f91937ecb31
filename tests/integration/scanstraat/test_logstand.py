"""What was put back or changed is noticed before anything is written, and put right it goes on by itself."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import Connection
from sqlmodel import Session, col, select
from typer.testing import CliRunner, Result

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import (
    besluiten,
    bewerken,
    db,
    herstel,
    logboek,
    logstand,
    onderhoud,
    papier,
    personen,
    pipeline,
    stops,
    storage,
    verankering,
)
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli import app
from scanstraat.config import Config, read_config
from scanstraat.demo_ankers import serve
from scanstraat.domain import Fase, Stapstatus
from scanstraat.errors import AlleenLezenError, DatabaseError, GeenMandaatError, NietGevondenError, NietMogelijkError
from scanstraat.export import make_export
from scanstraat.exportcontrole import check_export
from scanstraat.gezondheid import build_gezondheid
from scanstraat.intake.watcher import Scanmapwachter
from scanstraat.merk import SLEUTEL
from scanstraat.personen import Aangemeld, Rol
from scanstraat.stops import Over, Stopsoort
from scanstraat.tables import BatchRow, GebeurtenisRow, ObjectRow, OpruimingRow, ScanmapBestandRow, StapRow
from scanstraat.tables_bewijs import StopRow
from scanstraat.werk import Voortgang, Werkbank, wacht_tot_leeg
from scanstraat.werker import Werker
from tests.builders import save_batch
from tests.cliproef import BEHEERDER as CLI_BEHEERDER
from tests.cliproef import WACHTWOORD, Cliproef
from tests.scanmapproef import Gevonden, build_scan, investigate
from tests.werkproef import SNEL
from vernietiging.__main__ import main as verifier
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.getuige import Getuige, build_server
from vernietiging.notitie import Sleutel
from vernietiging.tegels import REGELS, build_pad
from vernietiging.verzegeldienst import Verzegelklant

OORSPRONG = "gemeente.example/vernietiging/1"
DATABASE, LOG, VERZEGELAAR = "scanstraat.db", "logboek", "verzegelaar"


@dataclass
class Proef:
    """An installation of which parts can be put back to how they were. Nothing runs while that is done."""

    map: Path

    @property
    def pad(self) -> Path:
        return self.map / "config.toml"

    @property
    def config(self) -> Config:
        return read_config(self.pad)

    @contextmanager
    def sealing(self) -> Iterator[None]:
        stop, config = threading.Event(), self.config
        dienst = threading.Thread(target=logboek.serve, args=(config, stop))
        dienst.start()
        try:
            while not logstand.find_adres(config).exists():
                stop.wait(0.01)
            yield
        finally:
            stop.set()
            dienst.join()

    def write(self, aantal: int) -> int:
        """Write events, seal them, and return how many are sealed."""
        with self.sealing(), open_basis(self.config) as basis:
            for _ in range(aantal):
                make_doos(basis)
            return logboek.seal_waiting(basis, logboek.open_klant(basis.config)).omvang

    def keep(self, naam: str) -> None:
        shutil.copytree(self.map / "data", self.map / naam)

    def put_back(self, naam: str, *delen: str) -> None:
        for deel in delen:
            doel, bron = self.map / "data" / deel, self.map / naam / deel
            if bron.is_dir():
                shutil.rmtree(doel, ignore_errors=True)
                shutil.copytree(bron, doel)
            else:
                shutil.copyfile(bron, doel)

    def find_omvang(self) -> int:
        omvang = logstand.read_omvang(self.config)
        assert omvang is not None
        return omvang

    def find_reden(self) -> str:
        with open_basis(self.config) as basis:
            return logstand.find_reden(basis.engine, basis.config, logboek.open_klant(basis.config))

    def run(self, *woorden: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(self.pad), *woorden])


def make_doos(basis: Basis) -> None:
    with db.begin(basis.engine) as session:
        papier.make_doos(session, "kast 4", door=storage.load_actor(session, "Dirk", "persoon"))


@pytest.fixture
def proef(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proef:
    monkeypatch.setattr(logstand, "KIJK_S", 0.0)  # every transaction looks
    (tmp_path / "scans").mkdir()
    (tmp_path / "config.toml").write_text(
        f'[algemeen]\ngegevensmap = "data"\n[logboek]\noorsprong = "{OORSPRONG}"\n'
        '[[scanmap]]\nnaam = "post"\nmap = "scans"\n',
        encoding="utf-8",
    )
    return Proef(tmp_path)


@pytest.fixture
def oud(proef: Proef) -> Proef:
    """An installation with `toen`, a copy of everything as it was, and `nu`, as it is."""
    assert proef.write(2) == 4
    proef.keep("toen")
    assert proef.write(2) == 8
    proef.keep("nu")
    return proef


def test_a_log_that_may_not_be_read_stops_no_command(oud: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    echt = Path.exists

    def refuse(self: Path, **opties: bool) -> bool:
        if self.name == "checkpoint":
            raise PermissionError(13, "geen rechten", str(self))
        return echt(self, **opties)

    monkeypatch.setattr(Path, "exists", refuse)
    assert oud.run("batches").exit_code == 0


def test_a_database_that_is_gone_is_not_taken_for_a_new_one(oud: Proef) -> None:
    """Not once an empty one stands there either: it would say that nothing ever came in."""
    for bestand in (oud.map / "data").glob(f"{DATABASE}*"):
        bestand.unlink()
    for _ in range(2):
        uitkomst = oud.run("batches")
        assert uitkomst.exit_code == DatabaseError.exitcode, uitkomst.output
        assert "de database is weg" in " ".join(uitkomst.output.split())
    oud.put_back("nu", DATABASE)
    assert oud.run("batches").exit_code == 0


@pytest.mark.parametrize(
    ("delen", "zin"),
    [
        ((DATABASE,), "de database is teruggezet of veranderd"),
        ((LOG,), "Logboek en verzegelaar horen niet bij elkaar"),
        ((VERZEGELAAR,), "zijn stand is teruggezet"),
        ((LOG, VERZEGELAAR), "De database kent 8 regels van het logboek, de verzegelaar 4"),
        ((DATABASE, LOG), "Logboek en verzegelaar horen niet bij elkaar"),
        ((DATABASE, VERZEGELAAR), "zijn stand is teruggezet"),
    ],
)
def test_every_part_that_is_put_back_alone_or_with_another_is_noticed(
    oud: Proef, delen: tuple[str, ...], zin: str
) -> None:
    with oud.sealing():
        assert oud.find_reden() == ""
    oud.put_back("toen", *delen)
    with oud.sealing(), open_basis(oud.config) as basis:
        reden = logstand.find_reden(basis.engine, basis.config, logboek.open_klant(basis.config))
        assert zin in reden, reden
        assert "vernietig geen papier" in reden
        with pytest.raises(AlleenLezenError) as fout:
            make_doos(basis)
        assert str(fout.value) == reden
    oud.put_back("nu", *delen)
    assert oud.write(1) == 10  # by itself


@pytest.mark.parametrize(
    ("delen", "zin"), [((DATABASE,), "database is teruggezet of veranderd"), ((LOG,), "De database kent 8 regels")]
)
def test_it_is_noticed_without_a_sealer_as_well(oud: Proef, delen: tuple[str, ...], zin: str) -> None:
    assert oud.find_reden() == ""
    oud.put_back("toen", *delen)
    assert zin in oud.find_reden()


def test_a_log_that_was_put_back_while_the_sealer_ran_is_noticed(oud: Proef) -> None:
    with oud.sealing(), open_basis(oud.config) as basis:
        klant = logboek.open_klant(basis.config)
        assert klant.stand().omvang == 8  # from here on the sealer knows what it has signed by heart
        oud.put_back("toen", LOG)
        reden = logstand.find_reden(basis.engine, basis.config, klant)
    assert "map is teruggezet of weg" in reden and str(oud.config.logboek.map) in reden


def test_a_sealer_that_does_not_answer_holds_nothing_up(proef: Proef) -> None:
    with open_basis(proef.config) as basis:
        with pytest.raises(NietVastTeStellenError):
            logstand.verify_stand(basis.engine, basis.config, logboek.open_klant(basis.config))
        make_doos(basis)
    assert proef.write(1) == 4
    assert proef.run("doos", "maak", "--plaats", "kast 4", "--door", "Dirk").exit_code == 0


def test_a_line_that_is_missing_in_between_is_a_change(oud: Proef) -> None:
    with open_basis(oud.config) as basis, basis.engine.begin() as verbinding:
        drop_guards(verbinding)
        verbinding.exec_driver_sql("delete from logregel where nummer = 3")
    assert "ontbreken regels van het logboek" in oud.find_reden()
    with open_basis(oud.config) as basis:
        assert not logstand._is_verklaard(basis.engine, basis.config)


def drop_guards(verbinding: Connection) -> None:
    for naam in list(verbinding.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars()):
        verbinding.exec_driver_sql(f"drop trigger {naam}")


def test_a_checkpoint_that_is_none_is_a_change(oud: Proef) -> None:
    (oud.config.logboek.map / "checkpoint").write_bytes(b"iets anders")
    assert "vernietig geen papier" in oud.find_reden()


def test_a_folder_that_may_not_be_read_is_no_rollback(oud: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_config: Config) -> int:
        raise PermissionError

    monkeypatch.setattr(logstand, "find_elders", refuse)
    assert oud.find_reden() == ""


# --- everything put back together ---------------------------------------------------------------------------------


def test_own_anchors_beside_the_log_say_that_everything_went_back(oud: Proef) -> None:
    (oud.map / "toen" / LOG / "tijdstempels" / "8").mkdir(parents=True)  # the stamps lie elsewhere and came back later
    oud.put_back("toen", DATABASE, LOG, VERZEGELAAR)
    with oud.sealing(), open_basis(oud.config) as basis:
        with pytest.raises(AlleenLezenError, match=r"het logboek 8 regels had, nu zijn het er 4"):
            make_doos(basis)
        with pytest.raises(LogboekGewijzigdError, match="samen teruggezet"):
            logboek.seal_waiting(basis, logboek.open_klant(basis.config))


@contextmanager
def witness(proef: Proef) -> Iterator[None]:
    """Run a witness elsewhere, which the settings name."""
    logboeken: dict[str, tuple[Sleutel, ...]] = {}
    getuige = Getuige(proef.map / "elders", "archief.example/getuige", Ed25519PrivateKey.generate(), logboeken)
    with serve(build_server(getuige, ("127.0.0.1", 0))) as adres:
        with proef.pad.open("a", encoding="utf-8") as bestand:
            bestand.write(
                f'[[logboek.getuige]]\nnaam = "archief"\nsleutel = "{getuige.publiek.to_vkey()}"\nurl = "{adres}"\n'
            )
        with proef.sealing():
            logboeken[OORSPRONG] = logboek.open_klant(proef.config).sleutels()
        yield


def loop_once(proef: Proef) -> None:
    """Run the part of the service that seals and anchors, until it has looked once."""
    stop = threading.Event()
    with proef.sealing(), open_basis(proef.config) as basis:

        class Stop(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                self.set()
                return True

        logboek.loop(basis, Stop())
    assert not stop.is_set()


def test_a_witness_says_that_everything_went_back_and_that_it_is_here_again(oud: Proef) -> None:
    with witness(oud):
        loop_once(oud)  # anchors what there is
        oud.keep("verankerd")
        omvang = oud.write(0)
        oud.put_back("toen", DATABASE, LOG, VERZEGELAAR)
        with oud.sealing():
            assert oud.find_reden() == ""  # nobody here can know
        loop_once(oud)
        with oud.sealing():
            assert "samen teruggezet" in oud.find_reden()
        for _ in range(2):  # asked once more it says the same, and nothing was sealed on it
            loop_once(oud)
        with oud.sealing():
            assert logboek.open_klant(oud.config).stand().omvang == 4
        oud.put_back("verankerd", DATABASE, LOG, VERZEGELAAR)
        assert oud.write(1) >= omvang + 2


def test_a_witness_that_is_away_or_knows_nothing_holds_nothing_up(oud: Proef) -> None:
    with witness(oud):
        verankering.ask_getuigen(oud.config)  # it never heard of this log
        assert oud.write(1) == 10
    verankering.ask_getuigen(oud.config)  # it is gone
    assert oud.write(1) == 12


def test_asking_for_an_older_checkpoint_keeps_what_the_witness_says(oud: Proef) -> None:
    with witness(oud):
        assert verankering.anchor(oud.config, 8).in_orde
        shutil.rmtree(oud.config.logboek.map / "getuigen")
        oud.put_back("toen", DATABASE, LOG, VERZEGELAAR)
        assert "al 8 gebeurtenissen" in verankering.anchor(oud.config, 4).fouten[0]
        assert logstand.find_elders(oud.config) == 8
        logstand.save_elders(oud.config.logboek.map, 5)
        assert logstand.find_elders(oud.config) == 8  # it never goes down


# --- what stops, and what goes on ---------------------------------------------------------------------------------


def test_commands_that_write_refuse_and_those_that_look_do_not(oud: Proef) -> None:
    assert oud.run("doos", "maak", "--plaats", "kast 4", "--door", "Dirk").exit_code == 0
    oud.put_back("toen", DATABASE)
    with oud.sealing():
        for schrijf in (
            ("doos", "maak", "--plaats", "kast 4", "--door", "Dirk"),
            ("stop", "plaats", "bezwaar", "zaak", "ZAAK-1", "--reden", "bezwaar 4", "--door", "Dirk"),
            ("zaken", "voegtoe", "ZAAK-1", "--door", "Dirk"),
            ("besluit", "bind", "--alle", "--als", "Fleur", "--geheim-fd", "0"),
            ("logboek", "verzegel"),
        ):
            uitslag = oud.run(*schrijf)
            gezegd = " ".join(uitslag.output.split())
            assert uitslag.exit_code in {1, 5} and "teruggezet of veranderd" in gezegd, (schrijf, gezegd)
            assert "Traceback" not in gezegd
            if schrijf[0] != "logboek":
                assert uitslag.exit_code == 5 and "Waarschuw de functioneel beheerder" in gezegd, gezegd
        for lees in (
            ("logboek",), ("batches",), ("doos", "lijst"), ("stop", "lijst"), ("instellingen",), ("scanmap",),
            ("back-up", "maak"), ("back-up", "controleer"), ("back-up",), ("opslag", "controleer"),
        ):  # fmt: skip
            uitslag = oud.run(*lees)
            assert uitslag.exit_code == 0, (lees, uitslag.output)
        uitslag = oud.run("gezondheid")
        assert uitslag.exit_code == 1 and "teruggezet of veranderd" in " ".join(uitslag.output.split())
        uitslag = oud.run("logboek", "controleer")
        assert uitslag.exit_code == 1 and "kent 4 regels" in " ".join(uitslag.output.split())


def test_the_watcher_leaves_every_file_where_it_is(oud: Proef) -> None:
    oud.put_back("toen", DATABASE)
    scan = oud.map / "scans" / "brief.pdf"
    scan.write_bytes(build_scan("brief"))
    with oud.sealing():
        with open_basis(oud.config) as basis:
            wachter = build_wachter(basis)
            for _ in range(4):
                verslag = wachter.peil()
                assert "wordt niets ingenomen" in verslag.problemen[0] and verslag.wachtend == 0
            with db.read(basis.engine) as session:
                assert session.exec(select(ScanmapBestandRow.id)).all() == []
        assert scan.exists()
    oud.put_back("nu", DATABASE)
    with oud.sealing(), open_basis(oud.config) as basis:
        wachter = build_wachter(basis)
        batches = [batch for _ in range(10) for batch in wachter.peil().batches]
    assert len(batches) == 1 and not scan.exists()


def test_a_rollback_that_is_found_in_the_middle_of_a_look_is_not_the_fault_of_the_file(oud: Proef) -> None:
    scan = oud.map / "scans" / "brief.pdf"
    scan.write_bytes(build_scan("brief"))
    keren: list[int] = []

    def guard() -> None:
        if keren == [1]:
            keren.append(2)
            raise AlleenLezenError("Er is iets teruggezet.")

    def investigate_and_flip(fd: int, suffix: str) -> Gevonden:
        keren.append(1)  # from here on, in the same look
        return investigate(fd, suffix)

    with open_basis(oud.config) as basis:
        db.set_wacht(basis.engine, guard)
        wachter = build_wachter(basis, investigate_and_flip)
        verslagen = [wachter.peil() for _ in range(12)]
        with db.read(basis.engine) as session:
            (rij,) = session.exec(select(ScanmapBestandRow)).all()
    stil = [plek for plek, verslag in enumerate(verslagen) if "wordt niets ingenomen" in " ".join(verslag.problemen)]
    assert len(stil) == 1 and verslagen[stil[0] + 1].problemen == ()
    assert (rij.status, scan.exists(), sum(len(verslag.batches) for verslag in verslagen)) == ("ingenomen", False, 1)


def build_wachter(basis: Basis, onderzoek: Callable[[int, str], Gevonden] = investigate) -> Scanmapwachter:
    (scanmap,) = basis.config.scanmap
    return Scanmapwachter(
        scanmap.model_copy(update={"rusttijd_s": 0.0, "peiling_s": 0.0}),
        basis.config.profiel["standaard"],
        basis.engine,
        onderzoek=onderzoek,
        opslag=basis.opslag,
        neem_in=lambda session, aanlevering: pipeline.neem_in(basis, session, aanlevering),
        klok=itertools.count(time.time(), 60.0).__next__,
    )


def test_no_step_begins_until_it_is_put_right_and_then_it_goes_on(oud: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real rollback of a file under a running process is no use to anybody: what is found is played here."""
    gedaan, mag = threading.Event(), threading.Event()

    def guard() -> None:
        if not mag.is_set():
            gevraagd.set()
            raise AlleenLezenError("Er is iets teruggezet.")

    def phase(_item: UUID, _voortgang: Voortgang) -> None:
        gedaan.set()

    gevraagd = threading.Event()
    with open_basis(oud.config) as basis:
        werkbank = Werkbank(basis.engine)
        with db.begin(basis.engine) as session:
            batch = save_batch(session)
            werkbank.enqueue(session, Fase.ONTLEED, item_id=uuid4(), batch_id=batch.id)
        db.set_wacht(basis.engine, guard)
        with Werker(basis.engine, executor_id="w0", fasen={Fase.ONTLEED: phase}, gelijktijdig={}, config=SNEL):
            assert gevraagd.wait(60)
            with db.read(basis.engine) as session:
                assert session.exec(select(StapRow.status)).one() == Stapstatus.WACHT
            assert not gedaan.is_set()
            mag.set()
            assert wacht_tot_leeg(basis.engine, 60)
        assert gedaan.is_set()
        werkbank.close()


def test_nothing_is_cleared_away(oud: Proef) -> None:
    oud.put_back("toen", DATABASE)
    with oud.sealing(), open_basis(oud.config) as basis:
        onderhoud.do_due(basis)
        with db.read(basis.engine) as session:
            assert session.exec(select(OpruimingRow.id)).all() == []


def test_what_a_check_found_and_how_the_line_runs_is_still_recorded(oud: Proef) -> None:
    oud.put_back("toen", DATABASE)
    with oud.sealing(), open_basis(oud.config) as basis:
        with db.begin(basis.engine, altijd=True) as session:
            storage.load_actor(session, "proef")
        melding = next(m for m in build_gezondheid(basis).meldingen if m.wat == "logboek")
        assert melding.ernst == "fout" and "leest alleen nog" in melding.tekst


def test_an_answer_holds_for_a_while(oud: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    gevraagd: list[int] = []

    def ask(*_: object) -> str:
        gevraagd.append(1)
        return ""

    monkeypatch.setattr(logstand, "find_reden", ask)
    monkeypatch.setattr(logstand, "KIJK_S", 3600.0)
    with open_basis(oud.config) as basis:
        for _ in range(5):
            make_doos(basis)
        with db.read(basis.engine) as session:
            assert len(session.exec(select(GebeurtenisRow.id)).all()) == 18
    assert len(gevraagd) == 1


# --- going on when what was put back is all there is --------------------------------------------------------------

FLEUR, ARIE, KARIN = "Fleur Beheerder", "Arie Archivaris", "Karin Controleur"


@pytest.mark.parametrize("delen", [(DATABASE,), (LOG,), (VERZEGELAAR,), (LOG, VERZEGELAAR), (DATABASE, LOG)])
def test_an_export_is_made_all_the_same_and_proves_nothing(oud: Proef, delen: tuple[str, ...]) -> None:
    oud.put_back("toen", *delen)
    doel = oud.map / "export"
    with oud.sealing(), open_basis(oud.config) as basis:
        verslag = make_export(basis, doel, meld=lambda _gedaan, _totaal: None)
    assert "deze export bewijst niets" in verslag.say()
    controle = check_export(doel, meld=lambda _gedaan, _totaal: None)
    assert not controle.in_orde
    assert "was er iets teruggezet" in controle.say() and "bestanden heel" not in controle.say()


@pytest.fixture
def bemand(proef: Proef) -> Proef:
    """The same as `oud`, with people in it from the first day on."""
    with open_basis(proef.config) as basis, db.begin(basis.engine) as session:
        fleur = personen.add_persoon(session, FLEUR, door=None)
        door = Aangemeld(fleur.id, FLEUR, datetime.now(UTC))
        for naam, rol in ((ARIE, Rol.ARCHIVARIS), (KARIN, Rol.CONTROLEUR)):
            persoon = personen.add_persoon(session, naam, door=door)
            personen.grant_mandaat(
                session, persoon, rol, van=date(2026, 1, 1), tot=None, grondslag="mandaatbesluit 3", door=door
            )
    proef.write(2)
    proef.keep("toen")
    proef.write(3)
    proef.keep("nu")
    return proef


def sign_in(basis: Basis, naam: str) -> Aangemeld:
    with db.read(basis.engine) as session:
        return Aangemeld(personen.load_persoon(session, naam).id, naam, datetime.now(UTC))


def declare(basis: Basis, een: str = FLEUR, twee: str = ARIE, reden: str = "schijf stuk") -> herstel.Herstel:
    return herstel.declare(basis, sign_in(basis, een), sign_in(basis, twee), reden)


def count_events(basis: Basis) -> int:
    with db.read(basis.engine) as session:
        return len(session.exec(select(GebeurtenisRow.id)).all())


def test_two_people_bring_back_what_the_log_still_knows(bemand: Proef) -> None:
    bemand.put_back("toen", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        with pytest.raises(AlleenLezenError):
            make_doos(basis)
        toen = count_events(basis)
        gedaan = declare(basis)
        assert (gedaan.bekend, gedaan.omvang, gedaan.ingevoegd) == (toen, toen + 6, 6)
        assert count_events(basis) == toen + 8  # and that two people said so
        assert "6 gebeurtenissen uit het logboek teruggezet" in gedaan.say()
        make_doos(basis)
        klant = logboek.open_klant(basis.config)
        assert logboek.seal_waiting(basis, klant).omvang == toen + 10
        assert logboek.check_record(basis, klant, meld=lambda _a, _b: None) == toen + 10
        assert logboek.find_verschillen(basis) == []
        beleid = bemand.map / "beleid"
        logboek.write_beleid(basis.config, beleid)
        assert verifier([str(basis.config.logboek.map), "--beleid", str(beleid), "--zonder-ankers"]) == 0
        with pytest.raises(NietMogelijkError, match="niets te herstellen"):
            declare(basis)


def test_files_that_the_log_speaks_of_are_known_again_when_they_are_whole(bemand: Proef) -> None:
    def keep(basis: Basis, inhoud: bytes) -> str:
        with db.begin(basis.engine) as session:
            afdruk = basis.opslag.bewaar_bytes(inhoud)
            storage.save_object(session, afdruk, "handboek")
            actor = storage.load_actor(session, "proef")
            storage.append_gebeurtenis(
                session, "handboek.vastgelegd", actor=actor, onderwerp=uuid4(), bestand=afdruk.sha256
            )
        return afdruk.sha256

    with bemand.sealing(), open_basis(bemand.config) as basis:
        heel, stuk, weg, bekend = (keep(basis, naam) for naam in (b"heel", b"stuk", b"weg", b"bekend"))
        logboek.seal_waiting(basis, logboek.open_klant(basis.config))
        basis.opslag.pad(stuk).chmod(0o600)
        basis.opslag.pad(stuk).write_bytes(b"anders")
        basis.opslag.pad(weg).unlink()
    bemand.put_back("toen", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        with db.begin(basis.engine, altijd=True) as session:
            storage.save_object(session, basis.opslag.bewaar_bytes(b"bekend"), "pdfa")
        declare(basis)
        with db.read(basis.engine) as session:
            anders = hashlib.sha256(b"anders").hexdigest()
            shas = (heel, stuk, weg, bekend, anders)
            soorten = {sha: rij.soort for sha in shas if (rij := session.get(ObjectRow, sha))}
    assert soorten == {heel: "hersteld", bekend: "pdfa"}


def test_what_waited_in_the_back_up_is_not_brought_back_twice(bemand: Proef) -> None:
    with open_basis(bemand.config) as basis:
        make_doos(basis)
    bemand.keep("wachtend")
    bemand.write(1)
    bemand.put_back("wachtend", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        assert declare(basis).ingevoegd == 2
        assert logboek.find_verschillen(basis) == []


def test_it_takes_two_people_who_may_with_a_reason(bemand: Proef) -> None:
    bemand.put_back("toen", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        with pytest.raises(NietMogelijkError, match="twee verschillende mensen"):
            declare(basis, FLEUR, FLEUR)
        with pytest.raises(NietMogelijkError, match="Zeg waarom"):
            declare(basis, reden=" ")
        with pytest.raises(GeenMandaatError):
            declare(basis, FLEUR, KARIN)
        with pytest.raises(AlleenLezenError):
            make_doos(basis)


def test_a_change_is_not_declared_away_and_the_sealer_must_answer(bemand: Proef) -> None:
    bemand.put_back("toen", DATABASE)
    with open_basis(bemand.config) as basis, pytest.raises(NietVastTeStellenError):
        declare(basis)
    bundel = bemand.config.logboek.map / build_pad(REGELS, 0, bemand.find_omvang())
    bundel.chmod(0o644)
    tijd = re.search(rb'"op":"(\d{4})', bundel.read_bytes())
    assert tijd is not None  # an event that is one still, at another time
    bundel.write_bytes(bundel.read_bytes().replace(tijd[0], b'"op":"2025', 1))
    with bemand.sealing(), open_basis(bemand.config) as basis:
        toen = count_events(basis)
        with pytest.raises(VernietigingError):
            declare(basis)
        assert count_events(basis) == toen


def test_an_event_that_was_changed_before_it_was_sealed_is_not_declared_away(bemand: Proef) -> None:
    with open_basis(bemand.config) as basis:
        make_doos(basis)
    bemand.keep("wachtend")
    bemand.write(0)
    bemand.put_back("wachtend", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        with basis.engine.begin() as verbinding:
            drop_guards(verbinding)
            verbinding.exec_driver_sql(
                "update gebeurtenis set op = '2026-01-01T00:00:00.000Z'"
                " where volgnummer = (select max(volgnummer) from gebeurtenis)"
            )
        with pytest.raises(LogboekGewijzigdError):
            declare(basis)


def test_with_the_log_and_the_sealer_lost_scans_go_on_and_nothing_is_sealed(bemand: Proef) -> None:
    for deel in (LOG, VERZEGELAAR):
        shutil.rmtree(bemand.map / "data" / deel)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        klant = logboek.open_klant(basis.config)
        assert "De database kent" in logstand.find_reden(basis.engine, basis.config, klant)
        gedaan = declare(basis)
        assert (gedaan.omvang, gedaan.ingevoegd) == (0, 0) and "het papier blijft" in gedaan.say()
        make_doos(basis)
        with pytest.raises(LogboekGewijzigdError):
            logboek.seal_waiting(basis, klant)
    bemand.put_back("nu", VERZEGELAAR, LOG)  # found in the vault after all
    assert bemand.write(0) == bemand.find_omvang()
    with bemand.sealing(), open_basis(bemand.config) as basis:
        assert logboek.check_record(basis, logboek.open_klant(basis.config), meld=lambda _a, _b: None)


def test_with_everything_put_back_scans_go_on_and_the_witness_signs_no_more(bemand: Proef) -> None:
    with witness(bemand):
        loop_once(bemand)
        bemand.put_back("toen", DATABASE, LOG, VERZEGELAAR)
        loop_once(bemand)
        with bemand.sealing(), open_basis(bemand.config) as basis:
            gedaan = declare(basis)
            assert gedaan.elders > gedaan.omvang == gedaan.bekend and "Een getuige tekent" in gedaan.say()
            make_doos(basis)
            omvang = logboek.seal_waiting(basis, logboek.open_klant(basis.config)).omvang
            assert omvang == gedaan.omvang + 4
            assert not verankering.anchor(basis.config, omvang).in_orde
            make_doos(basis)


def test_half_a_declaration_counts_for_nothing_nor_one_of_somebody_else(bemand: Proef) -> None:
    def say(basis: Basis, volgnummer: int) -> None:
        with db.begin(basis.engine) as session:
            actor = storage.load_actor(session, "iemand")
            storage.append_gebeurtenis(
                session, "herstel.verklaard", actor=actor, onderwerp=uuid4(), volgnummer=volgnummer, bekend=1, omvang=1,
                elders=99, ingevoegd=0, overgenomen=0, herbevestigd="wachtwoord-totp",
                verpakt={"toelichting": {"reden": "x"}},
            )  # fmt: skip

    with open_basis(bemand.config) as basis:
        assert logstand.load_verklaard(basis.engine) is None
        say(basis, 1)
        assert logstand.load_verklaard(basis.engine) is None
        say(basis, 2)
        assert logstand.load_verklaard(basis.engine) is not None
        with basis.engine.begin() as verbinding:
            verbinding.execute(sa.update(GebeurtenisRow).values(merk="5a" * 32))
        assert logstand.load_verklaard(basis.engine) is None


def test_two_people_take_over_what_waits_when_the_key_is_lost(bemand: Proef, tmp_path: Path) -> None:
    with bemand.sealing(), open_basis(bemand.config) as basis:
        klant = logboek.open_klant(basis.config)
        make_doos(basis)
        (basis.config.algemeen.gegevensmap / SLEUTEL).unlink()
        make_doos(basis)
        with pytest.raises(LogboekGewijzigdError, match="niet door deze scanstraat"):
            logboek.seal_waiting(basis, klant)
        vreemde = herstel.load_vreemde(basis)
        assert {(v.soort, v.wie) for v in vreemde} == {("doos.gemaakt", "Dirk"), ("doos.verplaatst", "Dirk")}
        wie = sign_in(basis, FLEUR), sign_in(basis, ARIE)
        with pytest.raises(NietMogelijkError, match="niets te herstellen"):
            herstel.declare(basis, *wie, "sleutel kwijt")  # they were shown nothing
        gedaan = herstel.declare(basis, *wie, "sleutel kwijt", vreemd={v.id for v in vreemde})
        assert (gedaan.ingevoegd, gedaan.overgenomen) == (0, 2)
        assert gedaan.say() == "2 wachtende gebeurtenissen overgenomen. Er wordt weer verzegeld."
        logboek.seal_waiting(basis, klant)
        assert logboek.find_verschillen(basis) == [] and herstel.load_vreemde(basis) == []
        beleid = tmp_path / "beleid"
        logboek.write_beleid(basis.config, beleid)
        assert verifier([str(basis.config.logboek.map), "--beleid", str(beleid), "--zonder-ankers"]) == 0


def test_what_was_put_back_and_what_waits_are_mended_together(bemand: Proef) -> None:
    bemand.put_back("toen", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        (basis.config.algemeen.gegevensmap / SLEUTEL).unlink(missing_ok=True)
        with db.begin(basis.engine, altijd=True) as session:
            storage.append_gebeurtenis(
                session, "logboek.gecontroleerd", actor=(actor := storage.load_actor(session, "iemand")),
                onderwerp=actor.log_id, omvang=1, in_orde=True,
            )  # fmt: skip
        (basis.config.algemeen.gegevensmap / SLEUTEL).unlink()
        (vreemd,) = herstel.load_vreemde(basis)
        wie = sign_in(basis, FLEUR), sign_in(basis, ARIE)
        gedaan = herstel.declare(basis, *wie, "schijf stuk", vreemd={vreemd.id})
        assert gedaan.ingevoegd and gedaan.overgenomen == 1
        assert "teruggezet in de database" in gedaan.say() and "1 wachtende gebeurtenis overgenomen." in gedaan.say()
        logboek.seal_waiting(basis, logboek.open_klant(basis.config))


def test_a_finding_that_was_lost_holds_the_paper_until_people_looked_again(bemand: Proef) -> None:
    def find(basis: Basis, *bevindingen: Bevinding, batch: int) -> None:
        with db.begin(basis.engine) as session:
            rij = session.exec(select(BatchRow).order_by(col(BatchRow.nummer))).all()[batch]
            storage.save_bevindingen(session, bevindingen, batch_id=rij.id)

    kleur = Bevinding("kleur", Ernst.ERNSTIG, "De kleur klopt niet.")
    jpeg = Bevinding("jpeg", Ernst.LICHT, "Te sterk verkleind.", vervangbaar=False)
    licht = Bevinding("scheef", Ernst.LICHT, "Het blad ligt scheef.")
    with bemand.sealing(), open_basis(bemand.config) as basis:
        with db.begin(basis.engine) as session:
            for _ in range(3):
                save_batch(session).ontleed_op = db.now_text()
        logboek.seal_waiting(basis, logboek.open_klant(basis.config))
    bemand.keep("vlak_voor")
    with bemand.sealing(), open_basis(bemand.config) as basis:
        with db.begin(basis.engine) as session:
            weg = save_batch(session)
            storage.save_bevindingen(session, [kleur], batch_id=weg.id)
        find(basis, kleur, batch=0)
        find(basis, jpeg, batch=1)
        find(basis, licht, batch=2)
        logboek.seal_waiting(basis, logboek.open_klant(basis.config))
    bemand.put_back("vlak_voor", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        declare(basis)
        with db.begin(basis.engine) as session:
            een, twee, drie = session.exec(select(BatchRow).order_by(col(BatchRow.nummer))).all()
            tellingen = [storage.count_bevindingen(session, batch.id) for batch in (een, twee, drie)]
            assert [(t["houdt_papier"], t["open_ernstig"]) for t in tellingen] == [(0, 1), (1, 1), (0, 0)]
            arie = storage.load_actor(session, ARIE, "persoon")
            for batch in (een, twee):
                bewerken.report_ready(session, basis.werkbank, batch, arie)
        assert logboek.find_verschillen(basis) == []
        with db.read(basis.engine) as session:
            tellingen = [storage.count_bevindingen(session, batch.id) for batch in (een, twee)]
            assert [(t["houdt_papier"], t["open_ernstig"]) for t in tellingen] == [(0, 0), (1, 0)]


def test_what_forbids_holds_after_it_came_back_and_people_can_end_it(bemand: Proef) -> None:
    def place(session: Session, over: Over, wat: str) -> StopRow:
        door = storage.load_actor(session, "Dirk", "persoon")
        return stops.place_stop(session, Stopsoort.BEZWAAR, over, wat, "bezwaar 4", door=door)

    with bemand.sealing(), open_basis(bemand.config) as basis:
        with db.begin(basis.engine) as session:
            eerder = place(session, Over.ZAAK, "ZAAK-1")
            doos = papier.find_doos(session, "1")
            persoon = personen.load_persoon(session, KARIN)
            batch = save_batch(session)
        logboek.seal_waiting(basis, logboek.open_klant(basis.config))
    bemand.keep("vlak_voor")
    with bemand.sealing(), open_basis(bemand.config) as basis:
        with db.begin(basis.engine) as session:
            place(session, Over.ZAAK, "ZAAK-2")
            place(session, Over.DOOS, str(doos.id))
            place(session, Over.PERSOON, str(persoon.id))
            weer_weg = place(session, Over.ZAAK, "ZAAK-3")
            for stop in (eerder, weer_weg):
                stops.lift_stop(session, stop.id, "klaar", door=storage.load_actor(session, ARIE, "persoon"))
            fleur = sign_in(basis, FLEUR)
            personen.revoke_mandaat(session, persoon, Rol.CONTROLEUR, door=fleur)
            besluiten.extend_termijn(session, batch, date(2039, 1, 1), "onderzoek", sign_in(basis, ARIE))
        logboek.seal_waiting(basis, logboek.open_klant(basis.config))
    bemand.put_back("vlak_voor", DATABASE)
    with bemand.sealing(), open_basis(bemand.config) as basis:
        declare(basis)
        with db.read(basis.engine) as session:
            assert stops.count_verdwenen(session) == 0
            staand = {stop.over: stop for stop in stops.find_stops(session)}
            assert set(staand) == {"zaak", "doos", "persoon"} and len(stops.find_stops(session)) == 3
            assert [stop.over for stop in stops.find_stops(session, [(Over.DOOS, str(doos.id))])] == ["doos"]
            assert [stop.over for stop in stops.find_stops(session, [(Over.PERSOON, str(persoon.id))])] == ["persoon"]
        verschillen = logboek.find_verschillen(basis)
        assert ["Plaats hem opnieuw op de goede zaak" in v.tekst for v in verschillen] == [True], verschillen
        assert verschillen[0].bekend
        with db.begin(basis.engine) as session:
            place(session, Over.ZAAK, "ZAAK-2")
            door = storage.load_actor(session, ARIE, "persoon")
            stops.lift_stop(session, staand["zaak"].id, "staat opnieuw", door=door)
            with pytest.raises(NietGevondenError):  # it was revoked already
                personen.revoke_mandaat(session, persoon, Rol.CONTROLEUR, door=sign_in(basis, FLEUR))
            besluiten.extend_termijn(session, batch, date(2040, 1, 1), "onderzoek", sign_in(basis, ARIE))
        assert logboek.find_verschillen(basis) == []
        logboek.seal_waiting(basis, logboek.open_klant(basis.config))
        beleid = bemand.map / "beleid"
        logboek.write_beleid(basis.config, beleid)
        assert verifier([str(basis.config.logboek.map), "--beleid", str(beleid), "--zonder-ankers"]) == 0
        with basis.engine.begin() as verbinding:  # somebody says that the lost stop was on something harmless
            drop_guards(verbinding)
            verbinding.exec_driver_sql("update stop set onderwerp = 'ZAAK-7' where reden like 'teruggehaald%'")
        assert any(v.tekst.startswith("Stop") for v in logboek.find_verschillen(basis))
        with db.read(basis.engine) as session:
            nergens = uuid4()
            assert stops.find_onderwerp(session, Over.DOCUMENT, nergens) == str(nergens)
            assert stops.find_onderwerp(session, Over.BESLUIT, nergens) == str(nergens)


def test_the_command_asks_both_people(
    proef: Proef, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cliproef(proef.map, monkeypatch)
    cli.config.write_text(f'[algemeen]\ngegevensmap = "data"\n[logboek]\noorsprong = "{OORSPRONG}"\n')
    cli.add_beheerder()
    cli.add_persoon(ARIE, "archivaris")
    with open_basis(proef.config) as basis, db.begin(basis.engine) as session:
        batch = save_batch(session)
        for _ in range(2):
            storage.add_blad(session, batch.id)
    proef.write(1)
    proef.keep("toen")
    proef.write(1)
    with open_basis(proef.config) as basis, db.begin(basis.engine) as session:
        dirk = storage.load_actor(session, "Dirk", "persoon")
        papier.fill_doos(session, papier.find_doos(session, "2"), batch, papier.parse_bladen("1"), door=dirk)
    proef.write(0)
    proef.put_back("toen", DATABASE)
    with proef.sealing():
        assert "nooit een database teruggezet" in cli.run("logboek", "teruggehaald").output
        opdracht = ("logboek", "herstel", "--reden", "schijf stuk", "--tweede", ARIE)
        cli.refuse(cli.run_als(CLI_BEHEERDER, *opdracht), 6, "te weinig")
        regels = [WACHTWOORD, "", WACHTWOORD, ""]
        cli.stap += 1
        regels[1], regels[3] = cli.code(CLI_BEHEERDER), cli.code(ARIE)
        with open_basis(proef.config) as basis, db.begin(basis.engine, altijd=True) as session:
            actor = storage.load_actor(session, "iemand")
            storage.append_gebeurtenis(
                session, "logboek.gecontroleerd", actor=actor, onderwerp=actor.log_id, omvang=1, in_orde=True
            )
            kies = sa.update(GebeurtenisRow).where(col(GebeurtenisRow.soort) == "logboek.gecontroleerd")
            session.execute(kies.values(merk="5a" * 32))
        uitslag = cli.run(*opdracht, "--als", CLI_BEHEERDER, "--geheim-fd", "FD", regels=tuple(regels))
        assert uitslag.exit_code == 0, uitslag.output
        gezegd = " ".join(uitslag.output.split())
        assert "zijn niet door deze scanstraat vastgelegd" in gezegd and "logboek.gecontroleerd" in gezegd
        assert "1 wachtende gebeurtenis overgenomen" in gezegd
        assert "3 gebeurtenissen uit het logboek teruggezet" in gezegd
        assert "Dit is na de back-up gedaan" in gezegd and "doos verplaats" in gezegd
        (_, _, gevuld) = json.loads(cli.run("logboek", "teruggehaald", "--json").stdout)
        assert (gevuld["wat"], gevuld["waarover"]) == (
            "doos gevuld",
            f"D-{datetime.now(UTC).year}-00002, {batch.nummer} (1 blad)",
        )
        assert cli.run("doos", "maak", "--plaats", "kast 4", "--door", "Dirk").exit_code == 0
        assert cli.run("logboek", "verzegel").exit_code == 0
        uitslag = cli.run("logboek", "controleer")
        gezegd = " ".join(uitslag.output.split())
        assert uitslag.exit_code == 0 and "Bekend sinds het herstel (1)." in gezegd, gezegd
        assert (
            f"in doos D-{datetime.now(UTC).year}-00002 liggen" in gezegd
            and "De rest van wat in de database staat" in gezegd
        )


def test_with_the_key_lost_two_people_get_in_and_take_over_what_waits(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cliproef(proef.map, monkeypatch)
    cli.config.write_text(f'[algemeen]\ngegevensmap = "data"\n[logboek]\noorsprong = "{OORSPRONG}"\n')
    cli.add_beheerder()
    cli.add_persoon(ARIE, "archivaris")
    with proef.sealing():
        (proef.map / "data" / SLEUTEL).unlink()
        assert "persoon nieuwe-code" in " ".join(cli.run("gezondheid").output.split())
        cli.stap += 1
        cli.refuse(
            cli.run_als(CLI_BEHEERDER, "persoon", "wachtwoord", ARIE, nieuw=WACHTWOORD), 2, "persoon nieuwe-code"
        )
        opdracht = ("persoon", "nieuwe-code", CLI_BEHEERDER, "--tweede", ARIE, "--geheim-fd", "FD")
        cli.refuse(cli.run(*opdracht, regels=(WACHTWOORD, "iets anders")), 6, "klopt niet")
        uitslag = cli.run(*opdracht, "--json", regels=(WACHTWOORD, WACHTWOORD))
        cli.geheimen = {een["naam"]: een["geheim"] for een in json.loads(uitslag.stdout)}
        cli.stap += 2
        herstel_ = ("logboek", "herstel", "--reden", "sleutel kwijt", "--tweede", ARIE, "--als", CLI_BEHEERDER)
        regels = (WACHTWOORD, cli.code(CLI_BEHEERDER), WACHTWOORD, cli.code(ARIE))
        uitslag = cli.run(*herstel_, "--geheim-fd", "FD", regels=regels)
        assert uitslag.exit_code == 0 and "Er wordt weer verzegeld" in uitslag.output, uitslag.output
        assert cli.run("logboek", "verzegel").exit_code == 0
        assert cli.run("logboek", "controleer").exit_code == 0
        assert "nieuwe-code" not in cli.run("gezondheid").output


def test_a_log_that_is_shorter_than_the_sealer_says_is_not_declared_away(
    bemand: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    bemand.put_back("toen", DATABASE)
    echt = Verzegelklant.stand
    with bemand.sealing(), open_basis(bemand.config) as basis:
        wie = sign_in(basis, FLEUR), sign_in(basis, ARIE)
        monkeypatch.setattr(Verzegelklant, "stand", lambda klant: replace(echt(klant), omvang=bemand.find_omvang() + 1))
        with pytest.raises(LogboekGewijzigdError, match="korter"):
            herstel.declare(basis, *wie, "schijf stuk")


def test_on_postgresql_two_people_bring_it_back_as_well(proef: Proef, postgres_url: str) -> None:
    with proef.pad.open("a", encoding="utf-8") as bestand:
        bestand.write(f'[database]\nurl = "{postgres_url}"\n')
    with proef.sealing(), open_basis(proef.config) as basis:
        with db.begin(basis.engine) as session:
            fleur = personen.add_persoon(session, FLEUR, door=None)
            door = Aangemeld(fleur.id, FLEUR, datetime.now(UTC))
            arie = personen.add_persoon(session, ARIE, door=door)
            personen.grant_mandaat(
                session, arie, Rol.ARCHIVARIS, van=date(2026, 1, 1), tot=None, grondslag="mandaat 3", door=door
            )
        make_doos(basis)
        klant = logboek.open_klant(basis.config)
        omvang = logboek.seal_waiting(basis, klant).omvang
        with basis.engine.begin() as verbinding:
            verbinding.exec_driver_sql("set session_replication_role = replica")
            for tabel in ("doosplaats", "doos"):
                verbinding.exec_driver_sql(f"delete from {tabel}")
            verbinding.exec_driver_sql(f"delete from logregel where nummer >= {omvang - 2}")
            weg = "select id from gebeurtenis where soort like 'doos.%%'"
            verbinding.exec_driver_sql(f"delete from verpakt where gebeurtenis_id in ({weg})")
            verbinding.exec_driver_sql("delete from gebeurtenis where soort like 'doos.%%'")
        with pytest.raises(AlleenLezenError):
            make_doos(basis)
        assert declare(basis).ingevoegd == 2
        assert logboek.seal_waiting(basis, klant).omvang == omvang + 2
        assert logboek.find_verschillen(basis) == []
