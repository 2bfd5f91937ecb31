"""The sealer as a service of a user of its own: the line seals with it, and cannot reach its keys."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scanstraat.config import build_config
from scanstraat.errors import NietMogelijkError
from scanstraat.logboek import serve
from tests.integration.scanstraat.test_start import read_until

WORTEL = Path(__file__).resolve().parents[3]
LIJN, VERZEGELAAR, GROEP = (1, "daemon"), (65534, "nobody"), 1  # users that every Debian has
LIJNWERK = """
import sys
from pathlib import Path
from uuid import uuid4
from scanstraat import db, logboek, papier, storage
from scanstraat.bootstrap import open_basis
from scanstraat.config import read_config
with open_basis(read_config(Path(sys.argv[1]))) as basis:
    with db.begin(basis.engine) as session:
        dirk = storage.load_actor(session, "Dirk", "persoon")
        papier.make_doos(session, "kast 4", door=dirk)
        bestand = basis.opslag.bewaar_bytes(b"handboek")  # the sealer reads it before it signs
        storage.append_gebeurtenis(
            session, "handboek.vastgelegd", actor=dirk, onderwerp=uuid4(), bestand=bestand.sha256
        )
    print(logboek.seal_waiting(basis, logboek.open_klant(basis.config)).omvang)
    sleutels = Path(basis.config.logboek.verzegelaar)
    for naam in ("ed25519.pem", "ml-dsa-44.pem"):
        try:
            (sleutels / naam).read_bytes()
        except PermissionError:
            print("dicht")
    try:
        (sleutels / "stand.json").unlink()
    except PermissionError:
        print("dicht")
"""


def is_open(pad: Path) -> bool:
    """Whether everybody may go into a folder."""
    return all(deel.stat().st_mode & 0o001 for deel in (pad, *pad.parents))


@pytest.fixture
def thuis() -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("alleen root kan dit als twee andere gebruikers proberen")
    if not is_open(WORTEL) or not is_open(Path(sys.prefix)):
        pytest.skip("de map van de scanstraat is hier niet open voor andere gebruikers")
    with tempfile.TemporaryDirectory(prefix="eigen-gebruiker-", dir="/tmp") as naam:
        map_ = Path(naam)
        map_.chmod(0o755)
        for deel, eigenaar, modus in (
            ("data", LIJN, 0o750), ("logboek", LIJN, 0o2770), ("sleutels", VERZEGELAAR, 0o750), ("opslag", LIJN, 0o750),
        ):  # fmt: skip
            (map_ / deel).mkdir()
            os.chown(map_ / deel, eigenaar[0], GROEP)
            (map_ / deel).chmod(modus)
        (map_ / "config.toml").write_text(
            f'[algemeen]\ngegevensmap = "data"\n[gezondheid]\npoort = 0\n[opslag]\nmap = "{map_}/opslag"\n'
            f'[logboek]\nmap = "{map_}/logboek"\nverzegelaar = "{map_}/sleutels"\ngebruiker = "{VERZEGELAAR[1]}"\n'
        )
        yield map_


def act_as(gebruiker: tuple[int, str], *woorden: str) -> list[str]:
    return [
        *("setpriv", f"--reuid={gebruiker[0]}", f"--regid={GROEP}", "--clear-groups", "--no-new-privs"),
        *(sys.executable, *woorden),
    ]


@contextmanager
def running(gebruiker: tuple[int, str], thuis: Path, opdracht: str) -> Iterator[subprocess.Popen[str]]:
    woorden = act_as(gebruiker, "-m", "scanstraat.cli", "--config", str(thuis / "config.toml"), opdracht)
    proces = subprocess.Popen(woorden, cwd=WORTEL, stderr=subprocess.PIPE, text=True)
    try:
        yield proces
    finally:
        proces.terminate()
        proces.communicate(timeout=60)


def wait_for(pad: Path, proces: subprocess.Popen[str]) -> None:
    while not pad.exists():
        assert proces.poll() is None
        os.sched_yield()


def test_the_line_seals_with_a_sealer_of_another_user_and_cannot_reach_its_keys(thuis: Path) -> None:
    with running(VERZEGELAAR, thuis, "verzegelaar") as dienst:
        wait_for(thuis / "sleutels" / "verzegelaar.sock", dienst)
        for omvang in ("3", "6"):
            uitslag = subprocess.run(
                act_as(LIJN, "-c", LIJNWERK, str(thuis / "config.toml")),
                cwd=WORTEL, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert uitslag.stdout.split() == [omvang, "dicht", "dicht", "dicht"], uitslag.stderr
    assert {pad.stat().st_uid for pad in (thuis / "sleutels").iterdir()} == {VERZEGELAAR[0]}


def test_start_leaves_the_sealer_to_its_own_service(thuis: Path) -> None:
    with running(LIJN, thuis, "start") as lijn:
        gezegd = read_until(lijn, "eigen dienst")
        assert "De verzegelaar heeft een eigen dienst, van gebruiker nobody." in gezegd
    assert not (thuis / "sleutels" / "verzegelaar.sock").exists()


def test_another_user_is_no_sealer(thuis: Path) -> None:
    with running(LIJN, thuis, "verzegelaar") as dienst:
        assert dienst.wait(60) == 5
        assert dienst.stderr is not None
        gezegd = " ".join(dienst.stderr.read().split())
    assert "draait als gebruiker nobody, en dit is gebruiker daemon" in gezegd and "sudo -u nobody" in gezegd


def test_a_user_without_a_name_is_said_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = build_config({"logboek": {"gebruiker": "verzegelaar"}}, basis=tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(NietMogelijkError, match="dit is gebruiker 54321"):
        serve(config, threading.Event())
