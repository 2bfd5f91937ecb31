"""kill -9 of workers and enqueuers at random moments: nothing lost, nothing done twice under one key."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import select

from scanstraat import db
from scanstraat.domain import Fase, Stapstatus
from scanstraat.motor import MAXIMUM_HERSTARTS
from scanstraat.tables import StapRow, UitvoerderRow
from scanstraat.werk import Werkbank, wacht_tot_leeg
from tests.databanken import sqlite_url
from tests.werkproef import (
    Dienst,
    add_item,
    end_process,
    find_counters,
    find_statuses,
    start_process,
    teller_of,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return sqlite_url(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    motor = db.create_engine(url)
    db.migrate(motor)
    yield motor
    motor.dispose()


def wait_for(bestand: Path, timeout_s: float = 60) -> None:
    einde = time.monotonic() + timeout_s
    while not bestand.exists():
        assert time.monotonic() < einde, f"{bestand.name} did not come"
        time.sleep(0.02)


def add_items(engine: Engine, aantal: int) -> None:
    werkbank = Werkbank(engine)
    with db.begin(engine) as session:
        for _ in range(aantal):
            add_item(session, werkbank)
    werkbank.close()


def check_all_done_once(engine: Engine, map: Path, aantal: int) -> None:
    """Every item went through both phases, each under its own key, and was counted exactly once in each."""
    tellers = find_counters(engine)
    assert len(tellers) == aantal
    assert set(tellers.values()) == {2}
    assert find_statuses(engine) == [Stapstatus.KLAAR.value] * 2 * aantal
    dienst = Dienst(map)
    assert dienst.keys() == len(set(dienst.requests())) == 2 * aantal


def test_killed_workers_lose_nothing_and_do_nothing_twice(
    engine: Engine, url: str, tmp_path: Path, groot: bool
) -> None:
    kills, per_ronde, zaad = (300, 6, 7) if groot else (10, 6, 7)
    loterij = random.Random(zaad)
    add_items(engine, per_ronde)
    werkers = {naam: start_process("werker", url, tmp_path, naam) for naam in ("w0", "w1")}
    try:
        for _ in range(kills):
            naam = loterij.choice(sorted(werkers))
            wait_for(tmp_path / f"klaar-{naam}")
            time.sleep(loterij.uniform(0.0, 0.6))
            end_process(werkers[naam])
            (tmp_path / f"klaar-{naam}").unlink()
            add_items(engine, per_ronde)
            werkers[naam] = start_process("werker", url, tmp_path, naam)
        assert wacht_tot_leeg(engine, 120)
    finally:
        for proces in werkers.values():
            end_process(proces)
    check_all_done_once(engine, tmp_path, per_ronde * (kills + 1))


def test_a_killed_enqueuer_leaves_no_item_without_work_and_no_work_without_item(
    engine: Engine, url: str, tmp_path: Path, groot: bool
) -> None:
    loterij = random.Random(11)
    for _ in range(40 if groot else 3):
        proces = start_process("gever", url, tmp_path)
        begin = len(find_counters(engine))
        einde = time.monotonic() + 60
        while len(find_counters(engine)) == begin and time.monotonic() < einde:
            time.sleep(0.01)
        time.sleep(loterij.uniform(0.0, 0.3))
        end_process(proces)
    tabel = "workflow_status" if engine.dialect.name == "sqlite" else "dbos.workflow_status"
    with db.read(engine) as session:
        stappen = session.exec(select(StapRow)).all()
        werk = set(session.connection().execute(sa.text(f"select workflow_uuid from {tabel}")).scalars())
    assert len(stappen) > 3
    assert {teller_of(stap.item_id) for stap in stappen} == set(find_counters(engine))
    assert werk == {f"{stap.item_id}:{stap.fase}:1" for stap in stappen}


def test_the_work_of_a_worker_that_never_comes_back_is_taken_over(engine: Engine, url: str, tmp_path: Path) -> None:
    add_items(engine, 12)
    dood = start_process("werker", url, tmp_path, "w0", "0.8")
    ander = None
    try:
        wait_for(tmp_path / "verzoeken")
        end_process(dood)
        with db.read(engine) as session:
            assert session.exec(select(StapRow).where(StapRow.status == "bezig")).first() is not None
        ander = start_process("werker", url, tmp_path, "w1")
        assert wacht_tot_leeg(engine, 60)
    finally:
        end_process(dood)
        if ander is not None:
            end_process(ander)
    check_all_done_once(engine, tmp_path, 12)


def test_a_worker_that_was_frozen_and_given_up_wakes_up_harmlessly(engine: Engine, url: str, tmp_path: Path) -> None:
    add_items(engine, 6)
    bevroren = start_process("werker", url, tmp_path, "w0", "0.8")
    ander = None
    try:
        wait_for(tmp_path / "verzoeken")
        bevroren.send_signal(signal.SIGSTOP)
        with db.read(engine) as session:
            assert session.exec(select(StapRow).where(StapRow.status == "bezig")).first() is not None
        ander = start_process("werker", url, tmp_path, "w1")
        if engine.dialect.name == "postgresql":
            assert wacht_tot_leeg(engine, 60)
        else:  # frozen in the middle of a write it would hold the file; no other process can help that
            wacht_tot_leeg(engine, 10)
        bevroren.send_signal(signal.SIGCONT)
        add_items(engine, 6)
        assert wacht_tot_leeg(engine, 60)
        assert bevroren.poll() is None
    finally:
        for proces in (bevroren, ander):
            if proces is not None:
                end_process(proces)
    check_all_done_once(engine, tmp_path, 12)


def test_waiting_and_running_work_survives_an_upgrade(engine: Engine, url: str, tmp_path: Path) -> None:
    """The engine's default, a version made from the source, would leave all of it lying for ever."""
    add_items(engine, 10)
    oud = start_process("werker", url, tmp_path, "w0", "0.8")
    try:
        wait_for(tmp_path / "verzoeken")
    finally:
        end_process(oud)
    tabel = "workflow_status" if engine.dialect.name == "sqlite" else "dbos.workflow_status"
    with db.read(engine) as session:
        versies = set(
            session.connection().execute(sa.text(f"select distinct application_version from {tabel}")).scalars()
        )
    assert versies <= {"1", None}
    assert "1" in versies
    nieuw = start_process("werker", url, tmp_path, "w0")
    try:
        assert wacht_tot_leeg(engine, 60)
    finally:
        end_process(nieuw)
    check_all_done_once(engine, tmp_path, 10)


def test_a_worker_that_is_asked_to_stop_leaves_its_work_to_the_next(engine: Engine, url: str, tmp_path: Path) -> None:
    add_items(engine, 8)
    eerste = start_process("werker", url, tmp_path, "w0")
    try:
        wait_for(tmp_path / "verzoeken")
        eerste.terminate()
        assert eerste.wait(30) == 0
        with db.read(engine) as session:
            assert session.get_one(UitvoerderRow, "w0").gestopt_op is not None
        assert "bezig" not in find_statuses(engine)
        tweede = start_process("werker", url, tmp_path, "w1")
        try:
            assert wacht_tot_leeg(engine, 60)
        finally:
            end_process(tweede)
    finally:
        end_process(eerste)
    check_all_done_once(engine, tmp_path, 8)


@pytest.mark.groot
def test_work_that_kills_every_worker_is_parked_in_the_end_and_the_rest_is_done(
    engine: Engine, url: str, tmp_path: Path
) -> None:
    gif = uuid4()
    (tmp_path / f"gif-{gif}").touch()
    werkbank = Werkbank(engine)
    with db.begin(engine) as session:
        add_item(session, werkbank, gif)
    add_items(engine, 6)
    einde = time.monotonic() + 400
    proces = start_process("werker", url, tmp_path, "w0")
    herstarts = 0
    try:
        while not wacht_tot_leeg(engine, 0.2) and time.monotonic() < einde:
            if proces.poll() is not None:
                herstarts += 1
                proces = start_process("werker", url, tmp_path, "w0")
            if herstarts > MAXIMUM_HERSTARTS:  # from here on the comparison, once a minute, must see it
                time.sleep(1)
    finally:
        end_process(proces)
    with db.read(engine) as session:
        stap = session.exec(select(StapRow).where(StapRow.item_id == gif, StapRow.fase == Fase.ARCHIVEER.value)).one()
    assert (stap.status, stap.fout_code) == ("mislukt", "vastgelopen")
    assert sorted(find_counters(engine).values()) == [1, 2, 2, 2, 2, 2, 2]


@pytest.mark.groot
def test_a_worker_without_work_costs_next_to_nothing(engine: Engine, url: str, tmp_path: Path) -> None:
    """At the intervals that ship; on a machine that is otherwise quiet."""
    proces = start_process("rustig", url, tmp_path, "w0")

    def cpu_s() -> float:
        velden = (Path("/proc") / str(proces.pid) / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(velden[11]) + int(velden[12])) / os.sysconf("SC_CLK_TCK")

    try:
        wait_for(tmp_path / "klaar-w0")
        time.sleep(3)
        begin = cpu_s()
        time.sleep(20)
        deel = (cpu_s() - begin) / 20
    finally:
        end_process(proces)
    assert deel < (0.04 if engine.dialect.name == "sqlite" else 0.07)
