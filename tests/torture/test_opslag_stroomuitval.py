"""The store under a fault at every system call, and under a power cut at the worst moment.

A child keeps an object while strace lets one of its calls fail, or kills it there. Whatever happens: what was
acknowledged is there and right, what is visible is whole, and the next try works. A power cut is judged from the trace:
what the disk promises to remember is only what was brought there by fsync, file and folder each for itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scanstraat.errors import OpslagError, OpslagVolError
from scanstraat.intake import opslag as opslagmodule
from scanstraat.intake.opslag import Opslag

EERDER = b"eerder bewaard" * 100
NIEUW = b"nieuw" * 60_000
GERAAKT = ("openat", "write", "fsync", "linkat", "rename", "close", "mkdir", "fchmod", "pread64", "unlink")
_PR_SET_PTRACER = 0x59616D61

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def build_opslag(map: Path) -> Opslag:
    return Opslag(map / "opslag", map / "kopie")


def keep(map: Path) -> None:
    build_opslag(map).bewaar(NIEUW)


def keep_werkbestand(map: Path) -> None:
    opslag = build_opslag(map)
    with opslag.nieuw_werkbestand() as werk:
        os.writev(werk.fd, [NIEUW])
        opslag.bewaar_werkbestand(werk)


def repair(map: Path) -> None:
    """Two places are damaged before: see `damage`."""
    build_opslag(map).herstel(hashlib.sha256(EERDER).hexdigest())


@dataclass
class Uitkomst:
    """What the child said before it ended, and how it ended."""

    bevestigd: bool
    fout: str  # class of the error, "" for none
    gedood: bool
    spoor: str


def run_under_strace(werk: Callable[[Path], None], map: Path, *opties: str) -> Uitkomst:
    """Run `werk` in a child that starts once strace holds it, and return what became of it."""
    uit_lees, uit_schrijf = os.pipe()
    start_lees, start_schrijf = os.pipe()
    kind = os.fork()
    if kind == 0:
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1 & 0xFFFFFFFFFFFFFFFF), 0, 0, 0)
            os.read(start_lees, 1)
            werk(map)
            os.writev(uit_schrijf, [b"BEVESTIGD"])  # a call that the store does not make, so no fault hits it
        except BaseException as exc:
            naam = type(exc).__name__
            if not isinstance(exc, OpslagError):
                naam += " " + "|".join(traceback.format_exception(exc)[-4:])
            os.writev(uit_schrijf, [f"FOUT {naam}".encode()])
        finally:
            os._exit(0)
    os.close(uit_schrijf)
    os.close(start_lees)
    spoor = map / "spoor.txt"
    try:
        strace = subprocess.Popen(
            ["strace", "-f", "-y", "-s", "16", "-o", str(spoor), *opties, "-p", str(kind)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert strace.stderr is not None
        if "attached" not in strace.stderr.readline():
            pytest.skip("strace may not attach here")
        os.write(start_schrijf, b"x")
        with os.fdopen(uit_lees, "rb") as pijp:
            gezegd = pijp.read().decode()
        _, status = os.waitpid(kind, 0)
        strace.wait(timeout=20)
        strace.stderr.close()
    finally:
        os.close(start_schrijf)
    gedood = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return Uitkomst(gezegd == "BEVESTIGD", gezegd.removeprefix("FOUT "), gedood, spoor.read_text())


def prepare(map: Path) -> Path:
    """A store with one object, in a folder that is copied for every fault."""
    map.mkdir()
    build_opslag(map).bewaar(EERDER)
    return map


def damage(map: Path) -> None:
    pad = build_opslag(map).pad(hashlib.sha256(EERDER).hexdigest())
    pad.chmod(0o600)
    pad.write_bytes(b"kapot")


def count_calls(werk: Callable[[Path], None], map: Path) -> Counter[str]:
    uitkomst = run_under_strace(werk, map, "-e", "trace=" + ",".join(GERAAKT))
    assert uitkomst.bevestigd, uitkomst.fout
    return Counter(re.findall(r"^\d+ +(\w+)\(", uitkomst.spoor, re.MULTILINE))


def check_promises(map: Path, uitkomst: Uitkomst, inhoud: bytes, plaats: str) -> None:
    """What was acknowledged is there; what is visible is whole; the next try works."""
    opslag = build_opslag(map)
    eerder, nieuw = hashlib.sha256(EERDER).hexdigest(), hashlib.sha256(inhoud).hexdigest()
    assert opslag.controleer(eerder).herstelbaar, plaats
    if inhoud != EERDER:
        assert opslag.controleer(eerder).in_orde, plaats
    if uitkomst.bevestigd:
        assert opslag.controleer(nieuw).in_orde, plaats
    for sha256 in opslag.alle():
        staat = opslag.controleer(sha256)
        for deel in (staat.origineel, staat.kopie):
            assert sha256 == eerder or deel in ("in_orde", "ontbreekt"), f"{plaats}: half object visible"
    opslag.bewaar(inhoud)
    assert opslag.controleer(nieuw).in_orde, plaats


@pytest.mark.parametrize(
    ("werk", "inhoud"),
    [(keep, NIEUW), (keep_werkbestand, NIEUW), (repair, EERDER)],
    ids=["keep", "werkbestand", "repair"],
)
def test_a_fault_at_every_system_call_loses_nothing(
    tmp_path: Path, groot: bool, werk: Callable[[Path], None], inhoud: bytes
) -> None:
    begin = prepare(tmp_path / "begin")
    if werk is repair:
        damage(begin)
    shutil.copytree(begin, tmp_path / "telling")
    aantallen = count_calls(werk, tmp_path / "telling")
    assert aantallen["fsync"] >= 4 and aantallen["linkat"] >= 1
    plaatsen = [(naam, nummer) for naam, aantal in sorted(aantallen.items()) for nummer in range(1, aantal + 1)]
    gevolgen = ("error=EIO", "error=ENOSPC", "signal=KILL")
    # Every call is hit; without --groot in one of three ways, in turn, and in another one per kind of work.
    punten = [
        (naam, nummer, gevolg)
        for teller, (naam, nummer) in enumerate(plaatsen, start=len(werk.__name__))
        for gevolg in (gevolgen if groot else (gevolgen[teller % 3],))
    ]
    for naam, nummer, gevolg in punten:
        plaats = f"{naam} {nummer} {gevolg}"
        map = tmp_path / "proef"
        shutil.copytree(begin, map)
        uitkomst = run_under_strace(werk, map, "-e", f"trace={naam}", "-e", f"inject={naam}:{gevolg}:when={nummer}")
        assert uitkomst.gedood == (gevolg == "signal=KILL"), plaats
        if not uitkomst.gedood:
            assert uitkomst.bevestigd or uitkomst.fout.split()[0].startswith("Opslag"), f"{plaats}: {uitkomst.fout}"
            if gevolg == "error=ENOSPC" and naam in ("write", "fsync", "linkat", "mkdir") and uitkomst.fout:
                assert uitkomst.fout == OpslagVolError.__name__, plaats
            if naam != "unlink":
                over = [pad for pad in map.rglob("tmp/*") if pad.is_file()]
                assert over == [], f"{plaats}: temporary file left"
        check_promises(map, uitkomst, inhoud, plaats)
        shutil.rmtree(map)
    print(f"{len(punten)} faults")


# --- power cut --------------------------------------------------------------------------------------------------


@dataclass
class Schijf:
    """What a disk promises to remember, from the calls in a trace.

    A file's bytes count from the fsync after their last write; a name from the fsync of its folder after it was made.
    A name may always be on the disk sooner: so it may only be given to bytes that are there.
    """

    inhoud_vast: dict[str, bool] = field(default_factory=dict)  # path -> are its bytes on the disk
    los: dict[str, set[str]] = field(default_factory=dict)  # folder -> names made since its last fsync
    half_zichtbaar: list[str] = field(default_factory=list)

    def apply(self, regel: str) -> None:
        aanroep = re.match(r"^\d+ +(\w+)\((.*)\) += (-?\d+)", regel)
        if aanroep is None or int(aanroep[3]) < 0:
            return
        naam, rest = aanroep[1], aanroep[2]
        paden = [] if naam in ("write", "writev") else re.findall(r'"([^"]*)"', rest)  # plain names in these tests
        fd_pad = re.match(r"\d+<([^>]*)>", rest)
        if naam == "openat" and "O_CREAT" in rest:
            self.inhoud_vast[paden[0]] = False
            self._made(paden[0])
        elif naam == "write" and fd_pad:
            self.inhoud_vast[fd_pad[1]] = False
        elif naam == "fsync" and fd_pad:
            if fd_pad[1] in self.inhoud_vast:
                self.inhoud_vast[fd_pad[1]] = True
            self.los.pop(fd_pad[1], None)
        elif naam == "mkdir":
            self._made(paden[0])
        elif naam in ("linkat", "link", "rename"):
            van, naar = paden
            if not self.inhoud_vast.get(van, True):
                self.half_zichtbaar.append(naar)
            self.inhoud_vast[naar] = self.inhoud_vast.get(van, True)
            self._made(naar)

    def _made(self, pad: str) -> None:
        self.los.setdefault(str(Path(pad).parent), set()).add(Path(pad).name)

    def survives(self, pad: Path) -> bool:
        """Would this object be there, whole, after a power cut now?"""
        namen_vast = all(
            deel.name not in self.los.get(str(deel.parent), ()) for deel in (pad, *pad.parents) if deel != deel.parent
        )
        return namen_vast and self.inhoud_vast.get(str(pad), True)


def cut_power_at_the_end(werk: Callable[[Path], None], map: Path) -> Schijf:
    uitkomst = run_under_strace(
        werk, map, "-s", "4096", "-e", "trace=openat,write,writev,fsync,link,linkat,rename,mkdir"
    )
    assert uitkomst.bevestigd, uitkomst.fout
    schijf = Schijf()
    for regel in uitkomst.spoor.splitlines():
        if "BEVESTIGD" in regel:
            break
        schijf.apply(regel)
    return schijf


@pytest.mark.parametrize("werk", [keep, keep_werkbestand])
@pytest.mark.parametrize("nieuwe_opslag", [True, False])
def test_what_was_acknowledged_survives_a_power_cut(
    tmp_path: Path, werk: Callable[[Path], None], nieuwe_opslag: bool
) -> None:
    map = tmp_path / "map"
    if nieuwe_opslag:
        map.mkdir()
    else:
        prepare(map)
    schijf = cut_power_at_the_end(werk, map)
    sha256 = hashlib.sha256(NIEUW).hexdigest()
    assert schijf.survives(Opslag(map / "opslag").pad(sha256))
    assert schijf.survives(Opslag(map / "kopie").pad(sha256))
    assert schijf.half_zichtbaar == []


def test_repaired_bytes_survive_a_power_cut(tmp_path: Path) -> None:
    map = prepare(tmp_path / "map")
    damage(map)
    schijf = cut_power_at_the_end(repair, map)
    assert schijf.survives(build_opslag(map).pad(hashlib.sha256(EERDER).hexdigest()))
    assert schijf.half_zichtbaar == []


def test_leaving_out_the_fsync_of_a_folder_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opslagmodule, "_fsync_map", lambda map: None)
    map = prepare(tmp_path / "map")
    schijf = cut_power_at_the_end(keep, map)
    assert not schijf.survives(build_opslag(map).pad(hashlib.sha256(NIEUW).hexdigest()))


def test_leaving_out_the_fsync_of_a_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    map = prepare(tmp_path / "map")
    echte_fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: echte_fsync(fd) if Path(f"/proc/self/fd/{fd}").is_dir() else None)
    schijf = cut_power_at_the_end(keep, map)
    assert schijf.half_zichtbaar != []


def test_of_many_flipped_bits_every_one_is_found_and_good_bytes_are_never_called_bad(
    tmp_path: Path, groot: bool
) -> None:
    opslag = Opslag(tmp_path / "opslag")
    kans = random.Random(20260302)
    inhoud = kans.randbytes(3_000)
    vingerafdruk = opslag.bewaar(inhoud)
    pad = opslag.pad(vingerafdruk.sha256)
    pad.chmod(0o600)
    with pad.open("r+b") as bestand:
        for _ in range(10_000 if groot else 300):
            bit = kans.randrange(len(inhoud) * 8)
            gewijzigd = bytes([inhoud[bit // 8] ^ (1 << bit % 8)])
            for waarde, goed in ((gewijzigd, False), (inhoud[bit // 8 : bit // 8 + 1], True)):
                os.pwrite(bestand.fileno(), waarde, bit // 8)
                assert opslag.controleer(vingerafdruk.sha256).in_orde is goed
