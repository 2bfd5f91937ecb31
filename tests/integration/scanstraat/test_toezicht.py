"""The supervisor with real processes: it starts the dead again, stops all in order, and leaves none behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanstraat.errors import InstellingError
from scanstraat.toezicht import Herstart, check_poort

WORTEL = Path(__file__).resolve().parents[3]

TOEZICHT = """
import sys
from scanstraat.toezicht import Herstart, Toezicht
map = sys.argv[1]
kinderen = [(naam, [sys.executable, "-S", "-c", sys.argv[2], map, naam]) for naam in ("een", "twee")]
Toezicht(kinderen, geduld_s=float(sys.argv[3]), herstart=Herstart(0.1, 0.4, 60)).draai()
"""
KIND = """
import os, signal, sys, time
map, naam = sys.argv[1:]
def netjes(*_):
    open(f"{map}/{naam}.gestopt", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, netjes)
with open(f"{map}/{naam}.pids", "a") as bestand:
    bestand.write(f"{os.getpid()}\\n")
while True:
    time.sleep(60)
"""
DOOF = KIND.replace("signal.signal(signal.SIGTERM, netjes)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
STERFT = KIND.replace("while True:\n    time.sleep(60)", "sys.exit(3)")


def pids_of(map: Path, naam: str) -> list[int]:
    bestand = map / f"{naam}.pids"
    return [int(regel) for regel in bestand.read_text().split()] if bestand.exists() else []


def is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(waar: Callable[[], bool], timeout_s: float = 30) -> None:
    einde = time.monotonic() + timeout_s
    while not waar():
        assert time.monotonic() < einde, "it did not happen in time"
        time.sleep(0.02)


class Proef:
    """A supervisor in a process of its own."""

    def __init__(self, map: Path) -> None:
        self.map = map
        self.proces: subprocess.Popen[bytes] | None = None

    def start(self, kind: str, geduld_s: float = 10) -> subprocess.Popen[bytes]:
        self.proces = subprocess.Popen([sys.executable, "-c", TOEZICHT, str(self.map), kind, str(geduld_s)], cwd=WORTEL)
        wait_until(lambda: all(pids_of(self.map, naam) for naam in ("een", "twee")))
        return self.proces

    def close(self) -> None:
        if self.proces is not None:
            self.proces.kill()
            self.proces.wait()


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Proef]:
    zelf = Proef(tmp_path)
    yield zelf
    zelf.close()


@pytest.mark.parametrize("signaal", [signal.SIGTERM, signal.SIGINT])
def test_all_processes_are_stopped_in_good_order(proef: Proef, tmp_path: Path, signaal: signal.Signals) -> None:
    toezicht = proef.start(KIND)
    toezicht.send_signal(signaal)
    assert toezicht.wait(30) == 0
    assert (tmp_path / "een.gestopt").exists()
    assert (tmp_path / "twee.gestopt").exists()
    assert not any(is_running(pid) for naam in ("een", "twee") for pid in pids_of(tmp_path, naam))


def test_a_process_that_dies_is_started_again_and_the_others_are_left_alone(proef: Proef, tmp_path: Path) -> None:
    proef.start(KIND)
    (eerste,) = pids_of(tmp_path, "een")
    os.kill(eerste, signal.SIGKILL)
    wait_until(lambda: len(pids_of(tmp_path, "een")) == 2)
    assert is_running(pids_of(tmp_path, "een")[1])
    assert len(pids_of(tmp_path, "twee")) == 1


def test_a_process_that_cannot_start_is_tried_slower_and_slower(proef: Proef, tmp_path: Path) -> None:
    proef.start(STERFT)
    time.sleep(3)
    assert 2 <= len(pids_of(tmp_path, "een")) <= 9  # 0.1, 0.2, then every 0.4 s and the time to notice


def test_no_process_outlives_a_supervisor_that_is_killed(proef: Proef, tmp_path: Path) -> None:
    toezicht = proef.start(KIND)
    toezicht.kill()
    toezicht.wait()
    pids = [*pids_of(tmp_path, "een"), *pids_of(tmp_path, "twee")]
    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_a_process_that_will_not_stop_is_killed(proef: Proef, tmp_path: Path) -> None:
    toezicht = proef.start(DOOF, geduld_s=0.5)
    toezicht.terminate()
    assert toezicht.wait(30) == 0
    assert not any(is_running(pid) for naam in ("een", "twee") for pid in pids_of(tmp_path, naam))


def test_the_wait_doubles_up_to_its_maximum() -> None:
    assert [Herstart(1, 10).after(keer) for keer in (1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 10, 10]


def test_a_port_that_is_taken_is_said_before_anything_starts() -> None:
    with socket.socket() as ander:
        ander.bind(("127.0.0.1", 0))
        ander.listen()
        poort = ander.getsockname()[1]
        with pytest.raises(InstellingError, match=f"poort {poort} wordt al door een ander programma gebruikt"):
            check_poort("127.0.0.1", poort)
    assert check_poort("127.0.0.1", poort) == poort
    assert check_poort("127.0.0.1", 0) > 0
    with pytest.raises(InstellingError, match="niet te gebruiken"):
        check_poort("192.0.2.1", poort)
