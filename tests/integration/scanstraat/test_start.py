"""`scanstraat start` itself, as processes: one line at a time on the same data."""

from __future__ import annotations

import subprocess
import sys
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
