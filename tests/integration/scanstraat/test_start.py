"""`scanstraat start` itself, as processes: one line at a time on the same data."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scanstraat.config import build_config
from scanstraat.errors import NietMogelijkError
from scanstraat.toezicht import hold_startslot

WORTEL = Path(__file__).resolve().parents[3]


def write_config(map_: Path) -> Path:
    pad = map_ / "config.toml"
    pad.write_text('[algemeen]\ngegevensmap = "data"\n[gezondheid]\npoort = 0\n')
    return pad


@contextmanager
def started(config: Path) -> Iterator[subprocess.Popen[str]]:
    proces = subprocess.Popen(
        [sys.executable, "-m", "scanstraat.cli", "--config", str(config), "start"],
        cwd=WORTEL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield proces
    finally:
        proces.terminate()
        proces.communicate(timeout=60)


def read_until(proces: subprocess.Popen[str], woord: str) -> str:
    assert proces.stderr is not None
    gelezen = ""
    for regel in proces.stderr:
        gelezen += regel
        if woord in regel:
            break
    return gelezen


def test_a_second_start_on_the_same_data_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with started(config) as eerste:
        assert "loopt" in read_until(eerste, "De scanstraat loopt.")
        with started(config) as tweede:
            gezegd = read_until(tweede, "dienst")
            assert tweede.wait(60) == 5
        assert "loopt al op deze machine" in gezegd and "Traceback" not in gezegd
        assert eerste.poll() is None
    with started(config) as derde:  # the lock went with the first
        assert "loopt" in read_until(derde, "De scanstraat loopt.")


def test_with_postgresql_every_machine_has_a_lock_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://scanstraat@server/scanstraat"
    config = build_config({"algemeen": {"gegevensmap": str(tmp_path)}, "database": {"url": url}}, basis=tmp_path)
    with hold_startslot(config):
        with pytest.raises(NietMogelijkError), hold_startslot(config):
            pass
        monkeypatch.setattr("socket.gethostname", lambda: "andere-machine")
        with hold_startslot(config):
            pass


def test_it_starts_and_says_that_it_only_reads_when_the_database_was_put_back(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    gegevens = tmp_path / "data"
    (tmp_path / "scans").mkdir()
    with config.open("a") as bestand:
        bestand.write('[[scanmap]]\nnaam = "post"\nmap = "scans"\npeiling_s = 0.1\nrusttijd_s = 0.1\n')
    with started(config) as eerste:
        read_until(eerste, "De scanstraat loopt.")
        settle(config, "doos", "maak", "--plaats", "kast 4", "--door", "Dirk")
        settle(config, "logboek", "verzegel")
    oud = (gegevens / "scanstraat.db").read_bytes()
    with started(config) as tweede:
        read_until(tweede, "De scanstraat loopt.")
        settle(config, "doos", "maak", "--plaats", "kast 5", "--door", "Dirk")
        settle(config, "logboek", "verzegel")
    (gegevens / "scanstraat.db").write_bytes(oud)
    with started(config) as derde:
        gezegd = " ".join(read_until(derde, "De scanstraat loopt.").split())
        assert "Let op: de scanstraat leest alleen nog" in gezegd and "database is teruggezet" in gezegd
        (tmp_path / "scans" / "brief.pdf").write_bytes(b"%PDF-1.4 geen echte scan")
        assert run(config, "doos", "maak", "--plaats", "kast 6", "--door", "Dirk").returncode == 5
        assert "wordt niets ingenomen" in " ".join(read_health(config, "wordt niets ingenomen").split())
        assert (tmp_path / "scans" / "brief.pdf").exists()
        assert json.loads(run(config, "scanmap", "--json").stdout) == []


def run(config: Path, *woorden: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scanstraat.cli", "--config", str(config), *woorden],
        cwd=WORTEL,
        capture_output=True,
        text=True,
        check=False,
    )


def settle(config: Path, *woorden: str) -> None:
    """Do so; the sealer may only just be there."""
    for _ in range(60):
        uitslag = run(config, *woorden)
        if uitslag.returncode == 0:
            return
        time.sleep(0.5)
    raise AssertionError(uitslag.stderr)


def read_health(config: Path, zin: str) -> str:
    """Return what the health says, once it says this as well."""
    for _ in range(60):
        gezegd = run(config, "gezondheid").stdout
        if zin in " ".join(gezegd.split()):
            break
        time.sleep(0.5)
    return gezegd
