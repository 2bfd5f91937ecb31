"""The log: what it costs to append, seal, verify and prove, per so many events.

    python bench/logboek.py [--aantal 1000000]

Figures to hold: verifying 1,000,000 events takes at most 30 s, of which hashing alone is printed beside it, and memory
does not grow with the log.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from vernietiging.beleid import Beleid, render_beleid
from vernietiging.boom import build_inclusiebewijs, hash_blad, verify_inclusie
from vernietiging.gebeurtenis import Gebeurtenis
from vernietiging.tegels import Tegelmap
from vernietiging.verzegelaar import MEESTE_BLADEN, Verzegelaar

OORSPRONG = "bench.example/vernietiging/1"


def build_blad(nummer: int) -> bytes:
    """Return the leaf of a usual event."""
    return Gebeurtenis(
        id=UUID(int=nummer + 1),
        soort="documentversie.gearchiveerd",
        versie=1,
        actor=UUID(int=7),
        onderwerp=UUID(int=nummer + 9),
        op="2026-03-02T14:05:11.123Z",
        gegevens={"pdf": "ab" * 32, "manifest": "cd" * 32, "bytes": nummer, "conform": True, "getrouw": True},
    ).to_bytes()


def seal(map: Path, aantal: int) -> float:
    """Seal so many events; return the seconds that sealing took."""
    verzegelaar = Verzegelaar(map / "eigen", map / "log", OORSPRONG)
    duur = 0.0
    for vanaf in range(0, aantal, MEESTE_BLADEN):
        bladen = [build_blad(i) for i in range(vanaf, min(vanaf + MEESTE_BLADEN, aantal))]
        begin = time.perf_counter()
        verzegelaar.append(vanaf, bladen)
        duur += time.perf_counter() - begin
    beleid = Beleid(verzegelaar.sleutels, {}, {}, "none", {}, 0)
    (map / "beleid").write_text(render_beleid(beleid), encoding="utf-8")
    return duur


def verify(map: Path) -> tuple[float, float]:
    """Verify in a process of its own; return seconds and its highest memory in MB."""
    voor = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    begin = time.perf_counter()
    opdracht = [
        sys.executable,
        "-m",
        "vernietiging",
        str(map / "log"),
        "--beleid",
        str(map / "beleid"),
        "--zonder-ankers",
    ]
    subprocess.run(opdracht, cwd=Path(__file__).resolve().parents[1], check=True, stdout=subprocess.DEVNULL)
    duur = time.perf_counter() - begin
    return duur, max(voor, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def hash_alone(aantal: int) -> float:
    """Return the seconds that the hashes of so many leaves and nodes take, and nothing else."""
    blad, knoop = b"\x00" + build_blad(1), b"\x01" + bytes(64)
    begin = time.perf_counter()
    for _ in range(aantal):
        hashlib.sha256(blad).digest()
        hashlib.sha256(knoop).digest()
    return time.perf_counter() - begin


def prove(map: Path, aantal: int) -> tuple[float, int]:
    """Return the seconds that one proof of a leaf takes, and how many hashes it has."""
    tegels, index = Tegelmap(map / "log"), aantal // 3
    begin = time.perf_counter()
    bewijs = build_inclusiebewijs(tegels.knoop, index, aantal)
    duur = time.perf_counter() - begin
    wortel = Verzegelaar(map / "eigen", map / "log", OORSPRONG).stand.rand.wortel
    verify_inclusie(index, aantal, hash_blad(build_blad(index)), bewijs, wortel)
    return duur, len(bewijs)


def main() -> None:
    lezer = argparse.ArgumentParser()
    lezer.add_argument("--aantal", type=int, default=1_000_000)
    aantal = lezer.parse_args().aantal
    with tempfile.TemporaryDirectory() as tijdelijk:
        for deel in (aantal // 10, aantal):
            map = Path(tijdelijk) / str(deel)
            verzegeld = seal(map, deel)
            gecontroleerd, geheugen = verify(map)
            bewezen, hashes = prove(map, deel)
            print(f"{deel:>9} events: seal {verzegeld:.1f} s, verify {gecontroleerd:.1f} s, at most {geheugen:.0f} MB")
            print(f"{'':>9} hashing alone {hash_alone(deel):.1f} s, a proof {bewezen * 1000:.1f} ms ({hashes} hashes)")


if __name__ == "__main__":
    main()
