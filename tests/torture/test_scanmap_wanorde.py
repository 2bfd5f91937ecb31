"""A scanmap in disorder: files arrive, grow, shrink, get other names and vanish, and the watcher is cut off anywhere.

After every look: each name in the scanmap is accounted for, nothing is taken in twice, and nothing is gone that nobody
took away. At the end, with peace restored, every whole scan that was left alone is taken in exactly once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session

from scanstraat import db
from scanstraat.errors import ScanstraatError
from scanstraat.intake import scanmap_eigen, scanmap_inname, watcher
from scanstraat.intake.opslag import Opslag
from scanstraat.intake.scanmap_bestanden import build_ingang, move_bestand
from scanstraat.intake.scanmap_regels import encode_pad, is_in_eigen_map
from tests.scanmapproef import Proef, build_proef

NAMEN = st.sampled_from(["a.pdf", "b.jpg", "b.jpg.part", ".c", "m/1.jpg", "m/2.jpg", "m/é\n.png", "index.csv", "x.txt"])
EIGEN = st.sampled_from(["verwerkt", "quarantaine", "verwerkt/m"])
SOORTEN = st.sampled_from(["heel", "heel", "half", "kapot", "anders", "crash"])
# Power is cut by an exception here, so a disk in memory does as well, and is much quicker.
SCHIJF = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
PUNTEN = ["voor commit", "na commit", "voor verplaatsen", "na verplaatsen", "na opslag", "bij innemen"]


class PowerCut(BaseException):
    """The machine stops here."""


class Faults:
    """Cuts the power the n-th time that a point is passed, or makes the scanmap read-only."""

    def __init__(self) -> None:
        self.punt = ""
        self.nog = 0
        self.alleen_lezen = False

    def arm(self, punt: str, nog: int) -> None:
        self.punt, self.nog = punt, nog

    def disarm(self) -> None:
        self.punt, self.alleen_lezen = "", False

    def passed(self, punt: str) -> None:
        if punt == self.punt:
            self.nog -= 1
            if self.nog <= 0:
                self.punt = ""
                raise PowerCut


FAULTS = Faults()


def install_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the points where power may be cut around the steps that change something outside memory."""
    echte_begin, echte_move = db.begin, move_bestand

    @contextmanager
    def begin(engine: Any) -> Iterator[Session]:
        with echte_begin(engine) as session:
            yield session
            FAULTS.passed("voor commit")
        FAULTS.passed("na commit")

    def move(*feiten: Any) -> bool:
        if FAULTS.alleen_lezen:
            raise OSError(30, "Read-only file system")
        FAULTS.passed("voor verplaatsen")
        gelukt = echte_move(*feiten)
        FAULTS.passed("na verplaatsen")
        return gelukt

    monkeypatch.setattr(watcher, "begin", begin)
    monkeypatch.setattr(scanmap_inname, "begin", begin)
    monkeypatch.setattr(scanmap_eigen, "begin", begin)
    monkeypatch.setattr(watcher, "move_bestand", move)


class CutOffOpslag(Opslag):
    """A store after which the power may go."""

    def bewaar(self, *feiten: Any, **anders: Any) -> Any:
        afdruk = super().bewaar(*feiten, **anders)
        FAULTS.passed("na opslag")
        return afdruk


class CutOffProef(Proef):
    """An intake during which the power may go."""

    def neem_in(self, session: Session, aanlevering: Any) -> Any:
        batch = super().neem_in(session, aanlevering)
        FAULTS.passed("bij innemen")
        return batch


class Wanorde(RuleBasedStateMachine):
    """What people, scanners and power cuts do to a scanmap."""

    def __init__(self) -> None:
        super().__init__()
        self.map = Path(tempfile.mkdtemp(prefix="wanorde-", dir=SCHIJF))
        self.nummer = 0
        self.geleverd: Counter[bytes] = Counter()  # how often each content was delivered
        self.aanwezig: dict[str, bytes] = {}  # what people left alone, by the path where they left it
        FAULTS.disarm()

    @initialize(batch=st.sampled_from(["bestand", "map", "los"]))
    def open_scanmap(self, batch: str) -> None:
        self.proef = build_cut_off_proef(self.map, batch)

    # what happens in the folder

    def _pad(self, naam: str) -> Path:
        return self.proef.inbak / naam

    def _is_there(self, naam: str) -> bool:
        return self._pad(naam).is_file() and not self._pad(naam).is_symlink()

    def _forget(self, naam: str) -> None:
        """Somebody destroys what is at this path now; what was put away from there is no longer theirs to destroy."""
        if os.path.lexists(self._pad(naam)):
            self.aanwezig.pop(naam, None)

    def _note(self, naam: str, inhoud: bytes) -> None:
        self.geleverd[inhoud] += 1
        self.aanwezig[naam] = inhoud

    @rule(naam=NAMEN, soort=SOORTEN, anders=st.booleans())
    def arrive(self, naam: str, soort: str, anders: bool) -> None:
        self.nummer += 1
        teken = b"%06d" % (self.nummer if anders else self.nummer - 1)  # sometimes the bytes of the one before
        inhoud = {
            "heel": b"SCAN" + teken + b"EINDE",
            "half": b"SCAN" + teken,
            "kapot": b"KAPOT" + teken,
            "anders": b"ANDERS" + teken,
            "crash": b"CRASH" + teken,
        }[soort]
        pad = self._pad(naam)
        pad.parent.mkdir(exist_ok=True)
        self._forget(naam)
        if pad.is_symlink():
            pad.unlink()
        pad.write_bytes(inhoud)
        self._note(naam, inhoud)

    @rule(naam=NAMEN)
    def grow(self, naam: str) -> None:
        if self._is_there(naam):
            self._forget(naam)
            with self._pad(naam).open("ab") as bestand:
                bestand.write(b"EINDE")
            self._note(naam, self._pad(naam).read_bytes())

    @rule(naam=NAMEN)
    def shrink(self, naam: str) -> None:
        if self._is_there(naam):
            inhoud = self._pad(naam).read_bytes()[:-3]
            self._forget(naam)
            self._pad(naam).write_bytes(inhoud)
            self._note(naam, inhoud)

    @rule(van=NAMEN, naar=NAMEN)
    def rename(self, van: str, naar: str) -> None:
        if van != naar and self._is_there(van):
            inhoud = self._pad(van).read_bytes()
            self._forget(naar)
            self._forget(van)
            self._pad(naar).parent.mkdir(exist_ok=True)
            self._pad(van).replace(self._pad(naar))
            self.aanwezig[naar] = inhoud  # not a new delivery: the same file under another name

    @rule(naam=NAMEN)
    def delete(self, naam: str) -> None:
        if self._is_there(naam):
            self._forget(naam)
            self._pad(naam).unlink()

    @rule(naam=NAMEN)
    def swap_for_link(self, naam: str) -> None:
        if self._is_there(naam):
            self._forget(naam)
            self._pad(naam).unlink()
            self._pad(naam).symlink_to("/etc/hostname")

    @rule(naam=NAMEN, eigen=EIGEN, heel=st.booleans())
    def arrive_in_our_own_folder(self, naam: str, eigen: str, heel: bool) -> None:
        self.nummer += 1
        plek = f"{eigen}/{self.nummer}-{naam.replace('/', '-')}"
        self._pad(plek).parent.mkdir(parents=True, exist_ok=True)
        inhoud = b"SCAN%06d" % self.nummer + (b"EINDE" if heel else b"")
        self._pad(plek).write_bytes(inhoud)
        self._note(plek, inhoud)

    @rule(naam=NAMEN, eigen=EIGEN)
    def move_into_our_own_folder(self, naam: str, eigen: str) -> None:
        if self._is_there(naam):
            self.nummer += 1
            plek = f"{eigen}/{self.nummer}-{naam.replace('/', '-')}"
            inhoud = self._pad(naam).read_bytes()
            self._forget(naam)
            self._pad(plek).parent.mkdir(parents=True, exist_ok=True)
            self._pad(naam).replace(self._pad(plek))
            self.aanwezig[plek] = inhoud

    @rule(naam=NAMEN, kies=st.integers(0, 5))
    def move_out_of_our_own_folder(self, naam: str, kies: int) -> None:
        plekken = sorted(plek for plek in self.aanwezig if is_in_eigen_map(plek) and self._is_there(plek))
        if plekken:
            plek = plekken[kies % len(plekken)]
            inhoud = self.aanwezig.pop(plek)
            self._forget(naam)
            self._pad(naam).parent.mkdir(exist_ok=True)
            self._pad(plek).replace(self._pad(naam))
            self._note(naam, inhoud)  # it may have been taken in before it went there, so this is another delivery

    @rule(leeg_koppelpunt=st.booleans(), andere_start=st.booleans())
    def lose_scanmap_for_a_while(self, leeg_koppelpunt: bool, andere_start: bool) -> None:
        self.proef.inbak.rename(self.map / "weg")
        was_gebruikt = bool(self.proef.rijen())  # before the first file an empty folder is just an empty scanmap
        if andere_start:
            self.proef.restart()
        if leeg_koppelpunt and was_gebruikt:
            self.proef.inbak.mkdir()
        self.peil(4, 11.0)
        if leeg_koppelpunt and was_gebruikt:
            self.proef.inbak.rmdir()  # and nothing was made in it
        (self.map / "weg").rename(self.proef.inbak)

    @rule(naam=NAMEN)
    def take_in_while_it_may_only_be_read(self, naam: str) -> None:
        FAULTS.alleen_lezen = True
        self.arrive(naam, "heel", True)
        self.peil(6, 11.0)
        FAULTS.alleen_lezen = False

    # what the watcher does

    @rule(keer=st.integers(1, 6), na_s=st.sampled_from([0.5, 4.0, 11.0, 40.0]))
    def peil(self, keer: int, na_s: float) -> None:
        try:
            self.proef.peil(keer, na_s=na_s)
        except PowerCut:
            self.proef.restart()

    @rule(punt=st.sampled_from(PUNTEN), nog=st.integers(1, 4), naam=NAMEN)
    def cut_power(self, punt: str, nog: int, naam: str) -> None:
        self.arrive(naam, "heel", True)
        FAULTS.arm(punt, nog)
        for _ in range(5):
            self.peil(1, 11.0)
        FAULTS.punt = ""

    @rule()
    def restart(self) -> None:
        self.proef.restart()

    @rule(kies=st.integers(0, 5))
    def offer_again(self, kies: int) -> None:
        rijen = [rij for rij in self.proef.rijen() if rij.status in ("quarantaine", "geweigerd")]
        if rijen:
            with suppress(ScanstraatError):
                self.proef.wachter.opnieuw(rijen[kies % len(rijen)].id, "Proef")

    # what must hold

    @invariant()
    def nothing_is_taken_in_twice(self) -> None:
        if not hasattr(self, "proef"):
            return
        self.proef.tel()
        bronnen = self.proef.bronnen()
        ingenomen = [rij for rij in self.proef.rijen() if rij.status == "ingenomen" and rij.rol == "scan"]
        assert sorted(str(bron.id) for bron in bronnen) == sorted(str(rij.bron_id) for rij in ingenomen)
        hashes = Counter(bron.sha256 for bron in bronnen)
        mogelijk = Counter({hashlib.sha256(inhoud).hexdigest(): n for inhoud, n in self.geleverd.items()})
        assert not hashes - mogelijk, "taken in more often than delivered"
        for bron in bronnen:
            assert self.proef.opslag.controleer(bron.sha256).in_orde
            assert self.proef.opslag.pad(bron.sha256).read_bytes().endswith(b"EINDE")

    @invariant()
    def nothing_disappears(self) -> None:
        if not hasattr(self, "proef"):
            return
        gewoon = (pad for pad in self.proef.inbak.rglob("*") if pad.is_file() and not pad.is_symlink())
        op_schijf = Counter(pad.read_bytes() for pad in gewoon)
        assert not Counter(self.aanwezig.values()) - op_schijf, "a file that nobody took away is gone"

    def every_name_is_accounted_for(self) -> None:
        rijen = self.proef.rijen()
        wacht = {rij.pad for rij in rijen if rij.status == "wacht"}
        liggend = {
            (rij.pad, rij.inode, rij.omvang_bytes, rij.mtime_ns)
            for rij in rijen
            if rij.status != "wacht" and rij.verplaatst_naar is None
        }
        weggezet = {rij.verplaatst_naar or rij.pad for rij in rijen if rij.status != "wacht"}
        for pad in self.proef.inbak.rglob("*"):
            naam = encode_pad(str(pad.relative_to(self.proef.inbak)))
            if pad.is_dir() and not pad.is_symlink():
                continue
            if is_in_eigen_map(naam):
                assert naam in weggezet, naam
                continue
            kenmerk = build_ingang(pad.lstat()).kenmerk
            assert naam in wacht or (naam, kenmerk.inode, kenmerk.omvang_bytes, kenmerk.mtime_ns) in liggend, naam

    def teardown(self) -> None:
        try:
            if hasattr(self, "proef"):
                self.restore_peace()
        finally:
            if hasattr(self, "proef"):
                self.proef.close()
            shutil.rmtree(self.map)

    def restore_peace(self) -> None:
        FAULTS.disarm()
        self.proef.restart()
        self.proef.peil(8, na_s=40.0)
        self.every_name_is_accounted_for()
        self.nothing_is_taken_in_twice()
        self.nothing_disappears()
        rijen = self.proef.rijen()
        for rij in rijen:  # rows tell the truth about where a file was put
            if rij.verplaatst_naar is not None:
                assert rij.verplaatst_naar.split("/")[0] == {"ingenomen": "verwerkt"}.get(rij.status, "quarantaine")
        namen = [rij.verplaatst_naar for rij in rijen if rij.verplaatst_naar is not None]
        assert len(set(namen)) == len(namen)
        hashes = {bron.sha256 for bron in self.proef.bronnen()}
        for naam, inhoud in self.aanwezig.items():
            whole = inhoud.startswith(b"SCAN") and inhoud.endswith(b"EINDE")
            if whole and naam.endswith((".pdf", ".jpg", ".png")) and not is_in_eigen_map(naam):
                assert hashlib.sha256(inhoud).hexdigest() in hashes, f"{naam!r} was never taken in"


@pytest.fixture
def snelle_map() -> Iterator[Path]:
    map = Path(tempfile.mkdtemp(prefix="wanorde-", dir=SCHIJF))
    yield map
    shutil.rmtree(map)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    install_faults(monkeypatch)
    FAULTS.disarm()
    yield FAULTS
    FAULTS.disarm()


def build_cut_off_proef(map: Path, batch: str) -> CutOffProef:
    gewoon = build_proef(map, batch=batch, peiling_s=4.0)
    gewoon.close()
    proef = CutOffProef(map, gewoon.scanmap)
    proef.opslag = CutOffOpslag(map / "opslag")
    proef.restart()
    return proef


@pytest.mark.parametrize("batch", ["bestand", "map", "los"])
@pytest.mark.parametrize("punt", PUNTEN)
def test_a_power_cut_at_every_step_in_turn_takes_everything_in_once(
    snelle_map: Path, faults: Faults, batch: str, punt: str
) -> None:
    for nog in range(1, 30):
        map = snelle_map / str(nog)
        map.mkdir()
        proef = build_cut_off_proef(map, batch)
        inhouden = {naam: f"SCAN{naam}EINDE".encode() for naam in ("m/1.jpg", "m/2.jpg", "m/10.jpg", "los.pdf")}
        for naam, inhoud in [*inhouden.items(), ("m/kapot.jpg", b"KAPOT"), ("m/index.csv", b"bestand;zaak")]:
            proef.put(naam, inhoud)
        faults.arm(punt, nog)
        gekapt = False
        for _ in range(16):
            try:
                proef.peil(1, na_s=8.0)
            except PowerCut:
                gekapt = True
                proef.restart()
        bronnen = Counter(bron.sha256 for bron in proef.bronnen())
        assert bronnen == Counter(hashlib.sha256(inhoud).hexdigest() for inhoud in inhouden.values()), f"{punt} {nog}"
        assert {rij.verplaatst_naar for rij in proef.rijen()} == {
            *(f"verwerkt/{naam}" for naam in (*inhouden, "m/index.csv")),
            "quarantaine/m/kapot.jpg",
        }, f"{punt} {nog}"
        assert all((proef.inbak / str(rij.verplaatst_naar)).is_file() for rij in proef.rijen())
        proef.close()
        if not gekapt:
            assert nog > 1, "this point was never passed"
            return


@pytest.mark.usefixtures("faults")
def test_whatever_happens_in_a_scanmap_nothing_is_lost_or_doubled(groot: bool) -> None:
    run_state_machine_as_test(
        Wanorde,
        settings=settings(
            max_examples=2_000 if groot else 25,
            stateful_step_count=40 if groot else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
