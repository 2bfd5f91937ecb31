"""Health is what the database says: a part that does not run is told, by whatever process is asked."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session
from typer.testing import CliRunner

from scanstraat import db, gezondheid, storage
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli import app
from scanstraat.config import Config, Scanprofiel, build_config
from scanstraat.domain import Fase
from scanstraat.gezondheid import Melding, build_gezondheid
from scanstraat.gezondheidspagina import create_app
from scanstraat.hartslag import Hartslag
from scanstraat.intake.dienst import run_wachters
from scanstraat.intake.opslag import Opslag
from scanstraat.intake.scanmap_regels import Aanlevering
from scanstraat.intake.watcher import Scanmapwachter
from scanstraat.tables import OpruimingRow, UitvoerderRow, WachterRow
from tests.builders import build_persoon
from tests.scanmapproef import build_scan, investigate

START = "scanstraat start"


@pytest.fixture
def basis(tmp_path: Path) -> Iterator[Basis]:
    """An installation with one scanmap, in which nothing was started."""
    (tmp_path / "scans").mkdir()
    (tmp_path / "config.toml").write_text(
        '[algemeen]\ngegevensmap = "data"\n[werk]\nhartslag_s = 0.1\ndood_na_s = 2\n'
        '[[scanmap]]\nnaam = "post"\nmap = "scans"\npeiling_s = 0.1\n'
    )
    inhoud = {
        "algemeen": {"gegevensmap": "data"},
        "werk": {"hartslag_s": 0.1, "dood_na_s": 2},
        "scanmap": [{"naam": "post", "map": "scans", "peiling_s": 0.1}],
    }
    with open_basis(build_config(inhoud, basis=tmp_path)) as open_:
        yield open_


def refuse(_session: Session, _aanlevering: Aanlevering) -> None:
    raise AssertionError("nothing is taken in by these tests")


@contextmanager
def running_watcher(basis: Basis) -> Iterator[None]:
    """The watcher of the scanmap as `intern-wachter` runs it, with a sandbox of our own."""
    (scanmap,) = basis.config.scanmap
    profiel = basis.config.profiel[scanmap.profiel]
    wachter = Scanmapwachter(
        scanmap,
        profiel,
        basis.engine,
        onderzoek=investigate,
        opslag=Opslag(basis.config.opslag.map),
        neem_in=refuse,  # type: ignore[arg-type]
    )
    stop = threading.Event()
    draad = threading.Thread(target=run_wachters, args=(basis, [wachter], stop))
    draad.start()
    try:
        yield
    finally:
        stop.set()
        draad.join()


@contextmanager
def running_worker(basis: Basis) -> Iterator[None]:
    """The heartbeat of a worker."""
    hartslag = Hartslag(basis.engine, basis.werkbank, "w0", hartslag_s=0.1, dood_na_s=2, find_active=frozenset)
    hartslag.start()
    try:
        yield
    finally:
        hartslag.stop()


def ask(basis: Basis, wat: str, *, gestart: bool = False) -> list[Melding]:
    return [melding for melding in build_gezondheid(basis, gestart=gestart).meldingen if melding.wat == wat]


def wait_for(vraag: Callable[[], bool]) -> None:
    einde = time.monotonic() + 20
    while not vraag():
        assert time.monotonic() < einde, "it did not happen in time"
        time.sleep(0.05)


def test_that_nothing_was_started_is_said_with_the_command_that_starts_it(basis: Basis) -> None:
    for wat in ("wachter", "werkers"):
        (melding,) = ask(basis, wat)
        assert melding.ernst == "let op" and START in melding.tekst
    config = basis.config.scanmap[0].map.parent / "config.toml"
    uitslag = CliRunner().invoke(app, ["--config", str(config), "gezondheid", "--json"])
    assert [deel["tekst"] for deel in json.loads(uitslag.output)["meldingen"] if START in deel["tekst"]]
    uitslag = CliRunner().invoke(app, ["--config", str(config), "gezondheid"])
    assert "Alles is in orde" not in uitslag.output and str(config) in uitslag.output.replace("\n", "")


def test_scans_that_nobody_looks_at_are_a_fout(basis: Basis) -> None:
    (basis.config.scanmap[0].map / "notitie.txt").write_text("geen scan")
    assert ask(basis, "wachter")[0].ernst == "let op"
    (basis.config.scanmap[0].map / "brief.pdf").write_bytes(build_scan())
    (melding,) = ask(basis, "wachter")
    assert melding.ernst == "fout" and "daar liggen scans" in melding.tekst and START in melding.tekst


def test_work_without_a_worker_is_a_fout(basis: Basis) -> None:
    with db.begin(basis.engine) as session:
        basis.werkbank.enqueue(session, Fase.ONTLEED, item_id=uuid4(), batch_id=uuid4())
    (melding,) = ask(basis, "werkers")
    assert melding.ernst == "fout" and START in melding.tekst


def test_a_line_with_a_part_missing_is_not_in_order(basis: Basis) -> None:
    with running_worker(basis):
        assert ask(basis, "werkers") == []
        assert [melding.ernst for melding in ask(basis, "wachter")] == ["fout"]
    with running_watcher(basis):
        wait_for(lambda: ask(basis, "wachter") == [])
        assert [melding.ernst for melding in ask(basis, "werkers")] == ["fout"]


def test_a_database_that_was_not_checked_for_days_is_a_fout_while_the_line_runs(basis: Basis) -> None:
    def keep(dagen: int) -> OpruimingRow:
        op = db.format_time(datetime.now(UTC) - timedelta(days=dagen))
        return OpruimingRow(op=op, soort="werkstaat", aantal=0, omvang_bytes=0)

    with db.begin(basis.engine) as session:
        session.add(keep(5))
    assert ask(basis, "database") == []  # it was off: the check comes with the start
    with running_worker(basis):
        (melding,) = ask(basis, "database")
        assert melding.ernst == "fout" and "5 dagen" in melding.tekst
        with db.begin(basis.engine) as session:
            session.add(keep(1))
        assert ask(basis, "database") == []


def test_rows_that_differ_from_the_log_are_a_fout_also_when_nothing_runs(basis: Basis) -> None:
    def keep(dagen: float, aantal: int) -> None:
        op = db.format_time(datetime.now(UTC) - timedelta(days=dagen))
        with db.begin(basis.engine) as session:
            session.add(OpruimingRow(op=op, soort="rijen", aantal=aantal, omvang_bytes=0))

    keep(1, 2)
    (melding,) = ask(basis, "database")
    assert melding.ernst == "fout" and "2 gegevens in de database zijn anders" in melding.tekst
    assert "Vernietig geen papier" in melding.tekst and melding.tekst.endswith("scanstraat logboek controleer")
    keep(0.5, 1)
    (melding,) = ask(basis, "database")
    assert "1 gegeven in de database is anders" in melding.tekst
    keep(0, 0)
    assert ask(basis, "database") == []


def test_rows_that_were_not_held_against_the_log_for_days_are_a_fout_while_the_line_runs(basis: Basis) -> None:
    def keep(dagen: int) -> None:
        op = db.format_time(datetime.now(UTC) - timedelta(days=dagen))
        with db.begin(basis.engine) as session:
            session.add(OpruimingRow(op=op, soort="rijen", aantal=0, omvang_bytes=0))

    with running_worker(basis):
        assert ask(basis, "database") == []  # it has only just begun
        with db.begin(basis.engine) as session:
            lang = db.format_time(datetime.now(UTC) - timedelta(days=4))
            session.connection().execute(sa.update(UitvoerderRow).values(gestart_op=lang))
        (melding,) = ask(basis, "database")
        assert melding.ernst == "fout" and "al 4 dagen niet met het logboek vergeleken" in melding.tekst
        keep(3)
        (melding,) = ask(basis, "database")
        assert "al 3 dagen" in melding.tekst and "scanstraat logboek controleer" in melding.tekst
        keep(2)
        assert ask(basis, "database") == []
    keep(1)
    assert ask(basis, "database") == []


def test_events_that_are_not_sealed_while_the_line_runs_are_a_fout(
    basis: Basis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.begin(basis.engine) as session:
        storage.append_gebeurtenis(
            session, "batch.klaargemeld", actor=build_persoon(session), onderwerp=uuid4(), ontvangen=1
        )
    with running_worker(basis):
        assert ask(basis, "logboek") == []  # it gets some minutes
        monkeypatch.setattr(gezondheid, "MAXIMALE_VERZEGELTIJD_S", -1.0)
        basis = replace(basis, config=_hurry(basis.config))
        (melding,) = ask(basis, "logboek")
        assert melding.ernst == "fout" and "scanstraat logboek verzegel" in melding.tekst
    assert ask(basis, "logboek") == []  # nothing runs: that is said already


def _hurry(config: Config) -> Config:
    return config.model_copy(update={"logboek": config.logboek.model_copy(update={"interval_s": -1.0})})


def test_a_language_that_is_not_installed_is_said_before_a_scan_meets_it(basis: Basis) -> None:
    assert ask(basis, "talen") == []
    basis.config.profiel["vreemd"] = Scanprofiel(talen=("nld", "zzz"))
    (melding,) = ask(basis, "talen")
    assert melding.ernst == "fout" and "vreemd" in melding.tekst and "tesseract-ocr-zzz" in melding.tekst


def test_the_page_of_a_running_line_answers_503_while_a_part_does_not_run(basis: Basis) -> None:
    async def ask_page() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(basis)), base_url="http://lijn"
        ) as client:
            return await client.get("/gezondheid")

    antwoord = asyncio.run(ask_page())
    assert antwoord.status_code == 503
    assert {m["wat"] for m in antwoord.json()["meldingen"] if m["ernst"] == "fout"} >= {"wachter", "werkers"}


def test_a_part_that_was_killed_is_told_as_soon_as_its_heart_is_silent(basis: Basis) -> None:
    with running_worker(basis), running_watcher(basis):
        wait_for(lambda: ask(basis, "wachter") == [] and ask(basis, "werkers") == [])
    with db.begin(basis.engine) as session:  # as a kill leaves it: no goodbye
        session.connection().execute(sa.update(WachterRow).values(gestopt_op=None))
        session.connection().execute(sa.update(UitvoerderRow).values(gestopt_op=None))
    wait_for(lambda: ask(basis, "wachter") != [] and ask(basis, "werkers") != [])


def test_what_the_watcher_could_not_do_is_told_by_another_process(basis: Basis) -> None:
    scans = basis.config.scanmap[0].map
    with running_watcher(basis):
        wait_for(lambda: (scans / "verwerkt").is_dir() and ask(basis, "scanmap") == [])
        scans.rename(scans.with_name("weg"))
        wait_for(lambda: ask(basis, "scanmap") != [])
        with open_basis(basis.config) as ander:
            (melding,) = ask(ander, "scanmap")
        assert melding.ernst == "fout"
        assert "niet bereikbaar" in melding.tekst and "netwerkmap is verbonden" in melding.tekst
        scans.with_name("weg").rename(scans)
        wait_for(lambda: ask(basis, "scanmap") == [])


def test_an_unreachable_scanmap_is_told_also_when_no_watcher_runs(basis: Basis) -> None:
    basis.config.scanmap[0].map.rmdir()
    (melding,) = ask(basis, "scanmap")
    assert melding.ernst == "fout" and "niet bereikbaar" in melding.tekst


def test_a_look_that_does_not_end_is_told(basis: Basis) -> None:
    with running_watcher(basis):
        wait_for(lambda: ask(basis, "wachter") == [])
    with db.begin(basis.engine) as session:
        nu = db.database_now(session)
        session.connection().execute(
            sa.update(WachterRow).values(gestopt_op=None, hartslag_op=nu, bekeken_op="2026-01-02T03:04:05.678Z")
        )
    assert "minuten bezig" in ask(basis, "wachter")[0].tekst
