"""CPU time per page of the measurements, beside their target, and of the proof of getrouwheid, on given scans.

    python bench/metingen.py [SCAN.jpg ...] [--dpi 300] [--keer 3]

CPU is user + system of this process and its children, per page; the lowest of `--keer` runs counts: a shared machine
only ever adds. Beside the proof stand its parts by themselves: decoding a page once, and each renderer alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kwaliteitscontrole.beeld import measure_beeld
from kwaliteitscontrole.getrouwheid import Verwacht, check_getrouwheid
from kwaliteitscontrole.weergave import Tekenopdracht, open_pdfium, render_paginas
from scanstraat.intake.beelden import open_bron
from scanstraat.intake.jpegbeelden import JpegBron
from scanstraat.pdfa import Metadata, PaginaBron, build_pdfa

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "scans"
DOEL_METINGEN_MS = 150
META = Metadata("bench", "B-0000-0000", "bench", "bench", "bench", "2026-01-01T00:00:00Z", {})
MAX_PIXELS = 200_000_000


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its ended children."""
    delen = (resource.getrusage(wie) for wie in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(deel.ru_utime + deel.ru_stime for deel in delen)


def least(keer: int, werk: Callable[[], Any]) -> float:
    """Return the CPU seconds of the cheapest of `keer` runs."""
    tijden = []
    for _ in range(keer):
        begin = cpu_s()
        werk()
        tijden.append(cpu_s() - begin)
    return min(tijden)


def measure_metingen(scans: Sequence[Path], dpi: float, keer: int) -> list[tuple[str, float]]:
    """Return (scan, ms) of all measurements together; the page is decoded already, as on the line."""
    rijen = []
    for scan in scans:
        with Image.open(scan) as beeld:
            beeld.load()
            grijs = beeld.convert("L")
            rijen.append((scan.name, 1000 * least(keer, partial(measure_beeld, beeld, dpi=dpi, grijs=grijs))))
    return rijen


def build_archief(scans: Sequence[Path], dpi: float) -> tuple[int, list[JpegBron]]:
    """Return a descriptor of an archive file of these scans, made by the product, and the open masters."""
    lezers: list[Any] = []
    for scan in scans:
        fd = os.open(scan, os.O_RDONLY)
        lezers.append(open_bron(fd, "jpeg", maximaal_pixels=MAX_PIXELS))
        os.close(fd)
    uit = os.memfd_create("archief")
    build_pdfa((PaginaBron(lezer, 1, 0, None, dpi) for lezer in lezers), uit, META, ("nld",))
    return uit, lezers


def expect(lezers: Iterable[JpegBron], dpi: float) -> Iterable[Verwacht]:
    """Yield what each page must show, as the line does."""
    for lezer in lezers:
        beeld = lezer.beeld(1)
        yield Verwacht(
            beeld=beeld.decode, icc=beeld.icc, stromen=beeld.stromen(), dpi=beeld.dpi or dpi, stroom_is_bron=True
        )


def measure_getrouwheid(scans: Sequence[Path], dpi: float, keer: int) -> tuple[float, float, float]:
    """Return ms per page: the whole proof, and pdfium and poppler alone on the same pages at the same resolution."""
    archief, lezers = build_archief(scans, dpi)
    factor = max(1, round(dpi / 150))

    def prove() -> None:
        oordeel = check_getrouwheid(archief, expect(lezers, dpi))
        if not oordeel.gelijk:
            raise SystemExit(f"a clean file fails: {oordeel.meldingen}")

    def render() -> None:
        pad = f"/proc/{os.getpid()}/fd/{archief}"
        with open_pdfium(pad) as document:
            for begin in range(0, len(scans), 6):
                werk = [Tekenopdracht(i, dpi / factor) for i in range(begin, min(begin + 6, len(scans)))]
                render_paginas(pad, document, werk)

    bewijs, kaal = least(keer, prove), least(keer, render)
    decode = least(keer, lambda: [lezer.beeld(1).decode() for lezer in lezers])
    os.close(archief)
    return tuple(1000 * deel / len(scans) for deel in (bewijs, kaal, decode))  # type: ignore[return-value]


def say(naam: str, gemeten: float, doel: float | None) -> None:
    """Print one line: what, ms per page, and the target."""
    oordeel = "" if doel is None else f"   target {doel:.0f}   {'held' if gemeten <= doel else 'NOT HELD'}"
    print(f"{naam:<58} {gemeten:8.0f} ms{oordeel}")


def main() -> None:
    """Measure and print."""
    uitleg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    uitleg.add_argument("scans", nargs="*", type=Path, help="JPEG scans; by default ../shared/corpus/scans")
    uitleg.add_argument("--dpi", type=float, default=300, help="resolution of scans that state none")
    uitleg.add_argument("--keer", type=int, default=3, help="runs of each; the cheapest counts")
    keuze = uitleg.parse_args()
    scans = keuze.scans or sorted(CORPUS.glob("*.jpg"))
    if not scans:
        raise SystemExit("no scans: name some JPEG files")
    rijen = measure_metingen(scans, keuze.dpi, keuze.keer)
    for naam, ms in rijen:
        print(f"  {naam:<56} {ms:8.0f} ms")
    say("all measurements, median page", statistics.median(ms for _, ms in rijen), DOEL_METINGEN_MS)
    say("all measurements, dearest page", max(ms for _, ms in rijen), DOEL_METINGEN_MS)
    groepen: dict[str, Callable[[Any], bool]] = {
        "without a profile, sizes that divide": lambda b: b.icc is None and _divides(b, keuze.dpi),
        "with a profile, sizes that divide": lambda b: b.icc is not None and _divides(b, keuze.dpi),
        "sizes that do not divide": lambda b: not _divides(b, keuze.dpi),
    }
    for naam, hoort in groepen.items():
        deel = [scan for scan in scans if hoort(_facts(scan))][:20]
        if deel:
            bewijs, kaal, decode = measure_getrouwheid(deel, keuze.dpi, keuze.keer)
            say(f"getrouwheid, {len(deel)} pages {naam}", bewijs, None)
            say("  of that: both renderers alone, profile applied", kaal, None)
            say("  beside it: decoding the page once", decode, None)
    enkel = scans[:6]
    tijden = [measure_getrouwheid([scan], keuze.dpi, keuze.keer)[0] for scan in enkel]
    say(f"getrouwheid, {len(enkel)} documents of one page, median", statistics.median(tijden), None)


def _facts(scan: Path) -> Any:
    with scan.open("rb") as bestand, open_bron(bestand.fileno(), "jpeg", maximaal_pixels=MAX_PIXELS) as lezer:
        return lezer.beeld(1)


def _divides(beeld: Any, dpi: float) -> bool:
    factor = max(1, round((beeld.dpi[0] if beeld.dpi else dpi) / 150))
    return bool(beeld.breedte_px % factor == beeld.hoogte_px % factor == 0)


if __name__ == "__main__":
    main()
