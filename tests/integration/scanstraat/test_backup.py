"""A back-up is only in order when it was put back and every byte of it is right; half a one is none."""

from __future__ import annotations

import errno
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from scanstraat import backup, backup_database, db
from scanstraat.bootstrap import open_basis
from scanstraat.cli import app
from scanstraat.config import read_config
from scanstraat.errors import BackupError, NietGevondenError, NietMogelijkError
from scanstraat.gezondheid import build_gezondheid
from scanstraat.intake.opslag import Opslag
from scanstraat.onderhoud import check_objecten, clear_tekstlagen, hold_slot
from scanstraat.tables import BackupRow, GebeurtenisRow, ObjectRow
from tests.backupproef import Proefinstallatie, flip, keep, open_installatie, write_config
from tests.databanken import fresh_postgres

WORTEL = Path(__file__).resolve().parents[3]


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Proefinstallatie]:
    with open_installatie(tmp_path) as installatie:
        yield installatie


def make(proef: Proefinstallatie) -> Path:
    return Path(backup.make_backup(proef.basis, meld=proef.niets).map)


def check(proef: Proefinstallatie, map_: Path | None = None) -> backup.Controleverslag:
    return backup.check_backup(proef.basis, map_, meld=proef.niets)


def events(proef: Proefinstallatie) -> list[bool]:
    with db.read(proef.basis.engine) as session:
        rijen = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "backup.gecontroleerd")).all()
    return [rij.gegevens["in_orde"] for rij in rijen]


def test_a_back_up_is_in_order_after_a_check_and_that_is_in_the_record(proef: Proefinstallatie) -> None:
    map_ = make(proef)
    with db.read(proef.basis.engine) as session:
        rij = session.exec(select(BackupRow)).one()
    assert (rij.map, rij.in_orde, rij.gecontroleerd_op) == (str(map_), None, None)
    assert rij.inhoud_sha256 == hashlib.sha256((map_ / "inhoud.json").read_bytes()).hexdigest()
    verslag = check(proef)
    assert verslag.in_orde, verslag.say()
    with db.read(proef.basis.engine) as session:
        rij = session.exec(select(BackupRow)).one()
    assert (rij.in_orde, rij.gecontroleerd_op) == (True, verslag.gecontroleerd_op)
    assert events(proef) == [True]
    assert list((proef.map / "data").glob("back-up-klad-*")) == []


def test_the_list_names_every_file_with_two_digests(proef: Proefinstallatie) -> None:
    map_ = make(proef)
    inhoud = json.loads((map_ / "inhoud.json").read_text())
    objecten = {ding["pad"]: ding for ding in inhoud["bestanden"] if "waar" in ding}
    losse = {ding["pad"]: ding for ding in inhoud["bestanden"] if "waar" not in ding}
    assert set(losse) | {"inhoud.json", "inhoud.json.sha256"} == {pad.name for pad in map_.iterdir()}
    echt = {pad for pad in (map_.parent / "objecten").rglob("*") if len(pad.name) == 64}
    assert {map_.parent / pad for pad in objecten} == echt
    for pad, ding in [*objecten.items(), *losse.items()]:
        bytes_ = ((map_.parent if "waar" in ding else map_) / pad).read_bytes()
        assert ding["sha256"] == hashlib.sha256(bytes_).hexdigest()
        assert ding["sha512"] == hashlib.sha512(bytes_).hexdigest()
        assert ding["omvang_bytes"] == len(bytes_)
    assert [ding["waar"] for ding in objecten.values() if ding["sha256"] == proef.pdf.sha256] == [
        ["opslag", "zaaksysteem"]
    ]


def test_every_changed_file_of_a_back_up_is_found(proef: Proefinstallatie) -> None:
    goed = make(proef)
    objecten = [pad for pad in (goed.parent / "objecten").rglob("*") if len(pad.name) == 64]
    assert {pad.name for pad in goed.iterdir()} == {
        "scanstraat.db",
        "instellingen.json",
        "opslag-kenmerk.json",
        "zaaksysteem-kenmerk.json",
        "inhoud.json",
        "inhoud.json.sha256",
    }
    for pad in [*sorted(goed.iterdir()), *objecten]:
        flip(pad)
        verslag = check(proef, goed)
        assert not verslag.in_orde, pad
        flip(pad)
        assert check(proef, goed).in_orde, pad


def test_every_missing_file_of_a_back_up_is_found(proef: Proefinstallatie) -> None:
    goed = make(proef)
    for pad in [*sorted(goed.iterdir()), *[p for p in (goed.parent / "objecten").rglob("*") if len(p.name) == 64]]:
        weg = proef.map / "weg"
        shutil.move(pad, weg)
        assert not check(proef, goed).in_orde, pad
        shutil.move(weg, pad)
    assert check(proef).in_orde
    (goed / "erbij.txt").write_text("x")
    assert not check(proef).in_orde


def rewrite_list(map_: Path, wijzig: Callable[[list[str]], list[str]]) -> None:
    """Change the list and write its sum anew, as somebody would who knows how it works."""
    regels = wijzig((map_ / "inhoud.json").read_text().splitlines(keepends=True))
    (map_ / "inhoud.json").write_text("".join(regels))
    som = hashlib.sha256((map_ / "inhoud.json").read_bytes()).hexdigest()
    (map_ / "inhoud.json.sha256").write_text(f"{som}  inhoud.json\n")


def test_a_list_that_was_written_anew_is_found_by_the_record(proef: Proefinstallatie) -> None:
    map_ = make(proef)
    rewrite_list(map_, lambda regels: [*regels[:-2], regels[-2].replace('"sha512": "', '"sha512": "0'), regels[-1]])
    assert not check(proef).in_orde


def test_a_record_with_another_sha512_than_the_list_is_found(
    proef: Proefinstallatie, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(proef)
    echt = backup.record_objecten

    def tamper(session: Session) -> Iterator[backup.Ingang]:
        for ingang in echt(session):
            yield replace(ingang, sha512="0" * 128) if ingang.sha256 == proef.bron.sha256 else ingang

    monkeypatch.setattr(backup, "record_objecten", tamper)
    verslag = check(proef)
    assert verslag.problemen == (f"Object {proef.bron.sha256}: de inhoudsopgave en de database zeggen niet hetzelfde.",)


def test_an_object_left_out_of_list_and_folder_is_found_by_the_restored_database(proef: Proefinstallatie) -> None:
    map_ = make(proef)
    with db.begin(proef.basis.engine) as session:
        session.delete(session.exec(select(BackupRow)).one())  # so that only the back-up itself can tell

    def leave_out(regels: list[str]) -> list[str]:
        return [
            regels[0].replace('"objecten": 6', '"objecten": 5'),
            *[r for r in regels[1:] if proef.bron.sha256 not in r],
        ]

    rewrite_list(map_, leave_out)
    verslag = check(proef)
    assert not verslag.in_orde
    assert any(proef.bron.sha256 in probleem for probleem in verslag.problemen)


def test_a_text_layer_that_was_cleared_away_is_not_missed(proef: Proefinstallatie) -> None:
    with db.begin(proef.basis.engine) as session:
        session.get_one(ObjectRow, proef.tekstlaag.sha256).opgeruimd_op = db.now_text()
    proef.basis.opslag.pad(proef.tekstlaag.sha256).unlink()
    map_ = make(proef)
    assert check(proef).in_orde
    assert proef.tekstlaag.sha256 not in (map_ / "inhoud.json").read_text()


def test_an_object_that_is_damaged_in_the_store_is_said_and_never_copied(proef: Proefinstallatie) -> None:
    flip(proef.basis.opslag.pad(proef.bron.sha256))
    verslag = backup.make_backup(proef.basis, meld=proef.niets)
    assert verslag.ontbreekt == (proef.bron.sha256,)
    assert not Opslag(proef.map / "back-up" / "objecten").heeft(proef.bron.sha256)
    assert not check(proef).in_orde


def test_a_damaged_pdf_in_the_store_is_taken_from_the_register(proef: Proefinstallatie) -> None:
    flip(proef.basis.opslag.pad(proef.pdf.sha256))
    assert backup.make_backup(proef.basis, meld=proef.niets).in_orde
    assert check(proef).in_orde


def test_the_next_back_up_copies_only_what_is_new_and_the_old_one_stays_good(proef: Proefinstallatie) -> None:
    eerste = make(proef)
    inodes = {pad.name: pad.stat().st_ino for pad in (eerste.parent / "objecten").rglob("*") if len(pad.name) == 64}
    with db.begin(proef.basis.engine) as session:
        keep(proef.basis, session, "bron")
    verslag = backup.make_backup(proef.basis, meld=proef.niets)
    assert (verslag.objecten, verslag.nieuw) == (7, 1)
    nu = {pad.name: pad.stat().st_ino for pad in (eerste.parent / "objecten").rglob("*") if len(pad.name) == 64}
    assert inodes.items() <= nu.items()
    bron = proef.basis.opslag.pad(proef.bron.sha256).stat()
    assert nu[proef.bron.sha256] != bron.st_ino  # a hard link would be damaged together with the store
    assert check(proef, eerste).in_orde
    assert check(proef).in_orde
    assert backup.find_backups(eerste.parent) == [eerste, Path(verslag.map)]


def test_after_a_check_that_was_not_in_order_the_next_back_up_repairs_the_shared_objects(
    proef: Proefinstallatie,
) -> None:
    map_ = make(proef)
    flip(Opslag(map_.parent / "objecten").pad(proef.bron.sha256))
    assert not check(proef).in_orde
    assert any("niet in orde" in melding.tekst for melding in build_gezondheid(proef.basis).meldingen)
    make(proef)
    assert check(proef).in_orde
    assert check(proef, map_).in_orde
    assert events(proef) == [False, True, True]


def test_half_a_back_up_is_not_listed_as_one(proef: Proefinstallatie) -> None:
    goed = make(proef)
    gezien = []

    def stop(gedaan: int, _totaal: int) -> None:
        gezien.append(backup.find_backups(goed.parent))
        if gedaan == 2:
            raise OSError(errno.EIO, "stuk")

    with pytest.raises(BackupError, match="lukt niet"):
        backup.make_backup(proef.basis, meld=stop)
    assert gezien == [[goed], [goed]]
    assert sorted(pad.name for pad in goed.parent.iterdir()) == sorted([goed.name, "objecten"])
    (goed.parent / ".bezig-20260101T000000000Z").mkdir()  # what a power cut leaves
    assert backup.find_backups(goed.parent) == [goed]
    with pytest.raises(NietGevondenError):
        backup.find_backup(goed.parent, Path(".bezig-20260101T000000000Z"))
    make(proef)
    assert not list(goed.parent.glob(".bezig-*"))


def test_a_killed_back_up_leaves_nothing_under_a_name(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with open_installatie(tmp_path) as proef:
        doel = proef.basis.config.backup.map
    moord = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom scanstraat import backup\n"
        "from scanstraat.bootstrap import open_basis\nfrom scanstraat.config import read_config\n"
        "with open_basis(read_config(Path(sys.argv[1]))) as basis:\n"
        "    backup.make_backup(basis, meld=lambda n, _: n == 3 and os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    assert subprocess.run([sys.executable, "-c", moord, str(config)], cwd=WORTEL, check=False).returncode == -9
    assert list(doel.glob(".bezig-*")), "the kill came too early to prove anything"
    assert backup.find_backups(doel) == []


def test_two_back_ups_at_once_and_clearing_during_one_are_refused(proef: Proefinstallatie) -> None:
    with hold_slot(proef.basis.config):
        with pytest.raises(NietMogelijkError, match="paar minuten"):
            make(proef)
        with pytest.raises(NietMogelijkError):
            clear_tekstlagen(proef.basis)


def test_no_password_is_in_a_back_up(tmp_path: Path, postgres_url: str) -> None:
    with open_installatie(tmp_path, url=postgres_url.replace("postgres@", "postgres:geheim123@")) as proef:
        map_ = make(proef)
        assert "geheim123" not in (map_ / "instellingen.json").read_text()


def test_a_back_up_of_postgresql_is_put_back_in_a_scratch_database(tmp_path: Path, postgres_url: str) -> None:
    with open_installatie(tmp_path, url=postgres_url) as proef:
        map_ = make(proef)
        with db.begin(proef.basis.engine) as session:
            keep(proef.basis, session, "bron")  # of another moment than the database now
        verslag = check(proef)
        assert verslag.in_orde, verslag.say()
        with proef.basis.engine.connect() as verbinding:
            over = verbinding.exec_driver_sql(
                "select datname from pg_database where datname like 'scanstraat_proef_%%'"
            )
            assert over.all() == []
        flip(map_ / "scanstraat.dump")
        assert not check(proef).in_orde
        flip(map_ / "scanstraat.dump")
        flip(Opslag(map_.parent / "objecten").pad(proef.bron.sha256))
        assert not check(proef).in_orde


def test_the_line_that_a_restore_prints_brings_a_postgresql_database_back(
    tmp_path: Path, postgres_cluster: str
) -> None:
    with fresh_postgres(postgres_cluster) as url, open_installatie(tmp_path, url=url) as proef:
        map_ = make(proef)
        with db.read(proef.basis.engine) as session:
            objecten = {rij.sha256 for rij in session.exec(select(ObjectRow))}
    verslag = backup.restore_backup(map_, tmp_path / "terug", meld=proef.niets)
    (regel,) = (regel for regel in verslag.say().splitlines() if regel.lstrip().startswith("pg_restore"))
    with fresh_postgres(postgres_cluster) as leeg:
        opdracht = [leeg.replace("+psycopg", "") if woord == "NAAM" else woord for woord in shlex.split(regel)]
        subprocess.run(opdracht, check=True)
        (tmp_path / "nieuw.toml").write_text(
            f'[algemeen]\ngegevensmap = "{verslag.map}"\n[database]\nurl = "{leeg}"\n'
            '[[scanmap]]\nnaam = "post"\nmap = "scans"\n'
        )
        with open_basis(read_config(tmp_path / "nieuw.toml")) as basis:
            with db.read(basis.engine) as session:
                assert {rij.sha256 for rij in session.exec(select(ObjectRow))} == objecten
            assert check_objecten(basis, meld=proef.niets).in_orde


def test_without_the_right_to_restore_a_back_up_of_postgresql_is_not_in_order(
    tmp_path: Path, postgres_url: str
) -> None:
    naam = "kaal" + tmp_path.name.replace("-", "_")
    with open_installatie(tmp_path, url=postgres_url) as proef:
        make(proef)
        with proef.basis.engine.begin() as verbinding:
            verbinding.exec_driver_sql(f'create role "{naam}" login')
            verbinding.exec_driver_sql(f'grant pg_read_all_data, pg_write_all_data to "{naam}"')
            for schema in ("public", "dbos"):
                verbinding.exec_driver_sql(f'grant all on schema {schema} to "{naam}"')
                verbinding.exec_driver_sql(f'grant all on all sequences in schema {schema} to "{naam}"')
        engine = db.create_engine(postgres_url.replace("postgres@", f"{naam}@"))
        try:
            verslag = backup.check_backup(replace(proef.basis, engine=engine), None, meld=proef.niets)
        finally:
            engine.dispose()
            with proef.basis.engine.begin() as verbinding:
                verbinding.exec_driver_sql(f'drop owned by "{naam}"')
                verbinding.exec_driver_sql(f'drop role "{naam}"')
        assert not verslag.in_orde
        assert "NIET gecontroleerd" in verslag.say()


def test_a_missing_pg_dump_is_said_in_dutch(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_installatie(tmp_path, url=postgres_url) as proef:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(BackupError, match="postgresql-client"):
            make(proef)
        assert backup.find_backups(proef.basis.config.backup.map) == []


def test_a_back_up_of_a_busy_database_is_one_moment(proef: Proefinstallatie, tmp_path: Path) -> None:
    """What is committed while the copy is read is in both the file and the list, or in neither."""
    kopie = tmp_path / "kopie.db"
    gezien = backup_database.dump_database(
        proef.basis.engine, kopie, lambda session: len(list(backup.record_objecten(session)))
    )
    with db.begin(proef.basis.engine) as session:
        keep(proef.basis, session, "bron")
    engine = db.create_engine(f"sqlite:///{kopie}")
    with db.read(engine) as session:
        assert len(list(backup.record_objecten(session))) == gezien == 6
    engine.dispose()


def texts(proef: Proefinstallatie) -> str:
    return "\n".join(melding.tekst for melding in build_gezondheid(proef.basis).meldingen)


def test_the_health_says_when_there_is_no_good_back_up_that_is_new_enough(proef: Proefinstallatie) -> None:
    assert "nog geen gecontroleerde back-up" in texts(proef)
    map_ = make(proef)
    assert "nog geen gecontroleerde back-up" in texts(proef)  # made is not checked
    check(proef)
    assert "gecontroleerde back-up" not in texts(proef)
    assert "dezelfde schijf" in texts(proef)
    with db.begin(proef.basis.engine) as session:
        session.exec(select(BackupRow)).one().gemaakt_op = db.format_time(datetime.now(UTC) - timedelta(days=8))
    assert "is 8 dagen oud" in texts(proef)
    map_.rename(proef.map / "elders")
    assert "staat niet meer in" in texts(proef)


def test_the_health_says_when_bubblewrap_cannot_start(
    proef: Proefinstallatie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "veraPDF draait zonder afscherming" not in texts(proef) or shutil.which("bwrap") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    gezegd = texts(proef)
    assert "veraPDF draait zonder afscherming" in gezegd
    assert "Landlock" in gezegd or "geen zandbak" in gezegd


# --- putting back -----------------------------------------------------------------------------------------------------


def scanstraat(config: Path, *opdracht: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(config), *opdracht])


def test_a_restored_folder_works_as_gegevensmap(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with open_installatie(tmp_path) as proef:
        nummer = proef.batchnummer
    gemaakt = scanstraat(config, "back-up", "maak", "--json")
    assert gemaakt.exit_code == 0, gemaakt.stderr
    map_ = json.loads(gemaakt.stdout)["map"]
    gecontroleerd = scanstraat(config, "back-up", "controleer")
    assert gecontroleerd.exit_code == 0, gecontroleerd.stdout + gecontroleerd.stderr
    assert "is in orde" in gecontroleerd.stdout
    assert json.loads(scanstraat(config, "back-up", "--json").stdout)[0]["in_orde"] is True

    shutil.rmtree(tmp_path / "data")  # the disk is gone
    hersteld = scanstraat(tmp_path / "geen.toml", "back-up", "herstel", map_, "--naar", str(tmp_path / "data"))
    assert hersteld.exit_code == 0, hersteld.stdout + hersteld.stderr
    batches = scanstraat(config, "batches", "--json")
    assert batches.exit_code == 0, batches.stderr
    assert nummer in batches.stdout
    with open_basis(read_config(config)) as basis, db.read(basis.engine) as session:
        (teruggezet,) = session.exec(
            select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "backup.teruggezet")
        ).all()
    assert teruggezet == {"inhoud": hashlib.sha256((Path(map_) / "inhoud.json").read_bytes()).hexdigest()}
    assert scanstraat(config, "opslag", "controleer").exit_code == 0
    weer = scanstraat(config, "back-up", "herstel", map_, "--naar", str(tmp_path / "data"))
    assert weer.exit_code == 5
    assert "niet leeg" in weer.stderr


def test_a_check_that_finds_damage_exits_with_1(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with open_installatie(tmp_path) as proef:
        map_ = make(proef)
    flip(map_ / "scanstraat.db")
    uitkomst = scanstraat(config, "back-up", "controleer", map_.name)
    assert uitkomst.exit_code == 1
    assert "NIET in orde" in uitkomst.stdout


def test_a_damaged_back_up_is_not_put_back_as_if_it_were_whole(proef: Proefinstallatie) -> None:
    map_ = make(proef)
    for nummer, pad in enumerate([*sorted(map_.iterdir()), Opslag(map_.parent / "objecten").pad(proef.bron.sha256)]):
        flip(pad)
        naar = proef.map / f"naar-{nummer}"
        with pytest.raises(BackupError):
            backup.restore_backup(map_, naar, meld=proef.niets)
        assert not (naar / "scanstraat.db").exists(), pad
        flip(pad)
    assert backup.restore_backup(map_, proef.map / "goed", meld=proef.niets).objecten == 6


def test_the_store_that_was_put_back_knows_its_second_copy(tmp_path: Path) -> None:
    with open_installatie(tmp_path, kopie=True) as proef:
        map_ = make(proef)
        backup.restore_backup(map_, tmp_path / "nieuw", meld=proef.niets)
        opslag = Opslag(tmp_path / "nieuw" / "opslag", tmp_path / "kopie")
        assert opslag.controleer(proef.bron.sha256, proef.bron).in_orde
        assert [p for p in opslag.find_opslag_problemen() if "andere opslag" in p] == []
