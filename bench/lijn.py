"""The whole line, from intake to delivered, beside ocrmypdf; veraPDF warm beside cold; memory; two workers beside one.

    python bench/lijn.py SCANS [--taal fra] [--dpi 'journaal-*=150'] [--paginas 20] [--keer 3] [--json]
    python bench/lijn.py SCANS --geheugen 10,200,2000     memory only: as many pages of one G4 scan in a PDF
    python bench/lijn.py SCANS --werkers 8                throughput only: as many documents of four pages

The line is the real one: a PDF in a scanmap, the watcher, a worker, the built-in zaaksysteem, both proofs, bytes read
back. CPU is user + system of this process and of everything under it, read from /proc while all of it still lives, and
given per part: a busy machine changes the ratios little. veraPDF and the OCR child are warm, as in a line that runs.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import img2pdf
import pikepdf
from PIL import Image
from sqlalchemy import Engine, func
from sqlmodel import col, select

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.ocr_pdfa import Bench, Page, Verdicts, Way, decode_grijs, find_pages, spread, wrap_jpegs
from kwaliteitscontrole.verapdf import Verapdf
from scanstraat import db
from scanstraat.bootstrap import build_werker, find_verapdf_jar, open_basis, open_lijn
from scanstraat.config import read_config
from scanstraat.intake.dienst import open_wachters
from scanstraat.tables import AfleveringRow, StapRow
from scanstraat.technisch_log import configure_log
from scanstraat.zaaksysteem import register

ZAAK = "ZAAK-2026-000123"
TIK_S = 1 / os.sysconf("SC_CLK_TCK")
# What a process is for, by what stands on its command line; the rest is this process itself.
ROLLEN = {"scanstraat.ocr": "ocr", "zandbaktaken": "zandbak", "GreenfieldCliWrapper": "verapdf"}
CONFIG = """
[werk]
ocr_kinderen = 1
[profiel.standaard]
nakijken = "nooit"
talen = ["{taal}"]
minimale_dpi = 50
[[scanmap]]
naam = "post"
map = "scanmap"
rusttijd_s = 0.2
"""


def find_processen(wortel: int) -> Iterator[tuple[int, str]]:
    """Yield every process under `wortel`, itself included, with its role."""
    ouders: dict[int, list[int]] = {}
    for map_ in Path("/proc").iterdir():
        if map_.name.isdigit():
            try:
                velden = (map_ / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            ouders.setdefault(int(velden[1]), []).append(int(map_.name))
    wachtrij = [(wortel, "hoofdproces")]
    while wachtrij:
        pid, rol = wachtrij.pop()
        try:
            woorden = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        rol = next((naam for deel, naam in ROLLEN.items() if deel in woorden), rol)
        yield pid, rol
        wachtrij += [(kind, rol) for kind in ouders.get(pid, [])]


def cpu_per_rol() -> dict[str, float]:
    """Return the CPU seconds used so far, per role; what ended counts with the parent that waited for it."""
    verbruikt: dict[str, float] = {}
    for pid, rol in find_processen(os.getpid()):
        try:
            velden = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        verbruikt[rol] = verbruikt.get(rol, 0.0) + sum(int(tikken) for tikken in velden[11:15]) * TIK_S
    return verbruikt


class Geheugenmeter:
    """Looks at the memory of every process under this one, and keeps the highest per role.

    hoogst: all that is resident, in MB. eigen: of that, what is no file: pages of a file that is read through a mapping
    are counted with the process, but the system takes them back when it needs them.
    """

    def __init__(self) -> None:
        self.hoogst: dict[str, float] = {}
        self.eigen: dict[str, float] = {}
        self._stop = threading.Event()
        self._draad = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> Geheugenmeter:
        self._draad.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._draad.join()

    def _loop(self) -> None:
        while not self._stop.wait(0.2):
            for pid, rol in find_processen(os.getpid()):
                try:
                    regels = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
                except OSError:
                    continue
                for naam, waarden in (("VmRSS:", self.hoogst), ("RssAnon:", self.eigen)):
                    mb = next((int(regel.split()[1]) / 1024 for regel in regels if regel.startswith(naam)), 0.0)
                    waarden[rol] = max(waarden.get(rol, 0.0), mb)


class Proeflijn:
    """A line of its own in a folder of its own."""

    def __init__(self, map_: Path, engine: Engine) -> None:
        self._scanmap = map_ / "scanmap"
        self._engine = engine
        self._nummer = 0

    def lever(self, *pdfs: bytes) -> None:
        """Put documents in the scanmap, and return when all are delivered."""
        self.lever_met(*(partial(write_bytes, pdf) for pdf in pdfs))

    def lever_met(self, *schrijvers: Callable[[Path], None]) -> None:
        """The same, with functions that write a document at a path."""
        for schrijf in schrijvers:
            self._nummer += 1
            tijdelijk = self._scanmap / f"{self._nummer}.part"
            schrijf(tijdelijk)
            tijdelijk.rename(self._scanmap / f"{ZAAK} {self._nummer}.pdf")
        while self._count_geleverd() < self._nummer:
            time.sleep(0.25)
            with db.read(self._engine) as session:
                mislukt = session.exec(select(StapRow.fout).where(StapRow.status == "mislukt")).first()
            if mislukt is not None:
                raise RuntimeError(mislukt)

    def _count_geleverd(self) -> int:
        with db.read(self._engine) as session:
            vraag = select(func.count()).where(col(AfleveringRow.bevestigd_op).is_not(None))
            return session.exec(vraag).one()


def write_bytes(inhoud: bytes, pad: Path) -> None:
    pad.write_bytes(inhoud)


def write_config(map_: Path, taal: str) -> Path:
    """Write the settings of a line in this folder; return the file."""
    (map_ / "scanmap").mkdir(parents=True)
    pad = map_ / "config.toml"
    pad.write_text(CONFIG.format(taal=taal), encoding="utf-8")
    return pad


@contextmanager
def open_proeflijn(map_: Path, taal: str) -> Iterator[Proeflijn]:
    """Open a line with a watcher and one worker in this process, warmed up."""
    config = read_config(write_config(map_, taal))
    configure_log(map_ / "log.jsonl")
    with open_lijn(config) as lijn, open_wachters(lijn) as wachters, build_werker(lijn, "bench"):
        register.save_zaken(lijn.engine, [register.NieuweZaak(ZAAK, "Bench", "Bench")], gebruiker="bench")
        stop = threading.Event()
        draden = [threading.Thread(target=wachter.loop, args=(stop,), daemon=True) for wachter in wachters]
        for draad in draden:
            draad.start()
        proeflijn = Proeflijn(map_, lijn.engine)
        try:
            proeflijn.lever(build_g4(1, "opwarmen"))
            yield proeflijn
        finally:
            stop.set()
            for draad in draden:
                draad.join()


def build_g4(aantal: int, tekst: str, scan: Path | None = None) -> bytes:
    """Return a PDF of that many black and white pages: of a scan, or with one line of text."""
    if scan is None:
        from PIL import ImageDraw  # noqa: PLC0415

        beeld = Image.new("L", (2480, 3508), 255)
        ImageDraw.Draw(beeld).text((300, 300), tekst, fill=0, font_size=60)
    else:
        beeld = decode_grijs(scan)
    with tempfile.NamedTemporaryFile(suffix=".tif") as tiff:
        beeld.point(lambda grijs: 255 if grijs > 127 else 0).convert("1").save(
            tiff.name, "TIFF", compression="group4", dpi=(300, 300)
        )
        return bytes(img2pdf.convert([tiff.name] * aantal))


def write_in_child(aantal: int, scan: Path, pad: Path) -> None:
    """Write a long document from a process of its own: what making it takes is not the line's memory."""
    kind = multiprocessing.get_context("spawn").Process(target=_write_g4, args=(aantal, scan, pad))
    kind.start()
    kind.join()
    if kind.exitcode:
        raise RuntimeError(f"the document could not be made: {kind.exitcode}")


def _write_g4(aantal: int, scan: Path, pad: Path) -> None:
    pad.write_bytes(build_g4(aantal, "", scan))


def stamp(pdf: bytes, nummer: int) -> bytes:
    """Return the same pages in other bytes: the same ones again would be said to be a double."""
    with pikepdf.open(io.BytesIO(pdf)) as bestand:
        bestand.docinfo["/Subject"] = str(nummer)
        uit = io.BytesIO()
        bestand.save(uit)
        return uit.getvalue()


def compare_lijn(bench: Bench, document: Sequence[Page], taal: str, keer: int, verdicts: Verdicts) -> None:
    """Compare the whole line with ocrmypdf on one document, in turns."""
    pdf = wrap_jpegs(document)
    verhoudingen, lijn_s = [], []
    delen: list[dict[str, float]] = []
    ocrmypdf = Way()
    with open_proeflijn(bench.werkmap / "lijn", taal) as lijn:
        for nummer in range(keer):
            begin = cpu_per_rol()
            lijn.lever(stamp(pdf, nummer))
            beurt = {rol: verbruikt - begin.get(rol, 0.0) for rol, verbruikt in cpu_per_rol().items()}
            delen.append(beurt)
            lijn_s.append(sum(beurt.values()) / len(document))
            bench.ocrmypdf(document, ocrmypdf)
            verhoudingen.append(lijn_s[-1] / ocrmypdf.cpu[-1])
    print(f"\nwhole line, one document of {len(document)} pages")
    for naam, waarde in (("line", statistics.median(lijn_s)), ("ocrmypdf", ocrmypdf.median)):
        print(f"  {naam:<20} {waarde:6.2f} CPU-s a page {60 / waarde:6.0f} pages a core-minute")
    for rol in delen[0]:
        deel_s = statistics.median(beurt.get(rol, 0.0) for beurt in delen) / len(document)
        print(f"    of the line: {rol:<14} {deel_s:6.3f} CPU-s a page")
    verdicts.at_most("whole line against ocrmypdf", statistics.median(verhoudingen), 1 / 3)


def compare_verapdf(bench: Bench, document: Sequence[Page], keer: int, verdicts: Verdicts) -> None:
    """Compare a warm veraPDF with a start per file, in CPU and in time."""
    bench.ours(document, Way(), schaal=2 / 3, helemaal=True)
    pdf = bench.werkmap / "ons.pdf"
    jar = find_verapdf_jar()
    warm, koud = [], []
    (bench.werkmap / "verapdf").mkdir()
    with Verapdf(jar, werkmap=bench.werkmap / "verapdf", leesmappen=[bench.werkmap]) as verapdf:
        for _ in range(10):
            verapdf.check_pdfa(pdf)
        for _ in range(keer):
            begin = time.perf_counter()
            for _ in range(10):
                assert verapdf.check_pdfa(pdf).conform
            warm.append((time.perf_counter() - begin) / 10)
            begin = time.perf_counter()
            argv = ["java", "-cp", str(jar), "org.verapdf.apps.GreenfieldCliWrapper", "-f", "2b", str(pdf)]
            subprocess.run(argv, check=True, capture_output=True)
            koud.append(time.perf_counter() - begin)
    print(f"\nveraPDF, a document of {len(document)} pages, seconds")
    print(f"  warm {statistics.median(warm):.3f}   a start per file {statistics.median(koud):.3f}")
    verhouding = statistics.median(w / k for w, k in zip(warm, koud, strict=True))
    verdicts.at_most("veraPDF warm against a start per file", verhouding, 1 / 10)


def measure_geheugen(map_: Path, scan: Path, aantallen: Sequence[int], taal: str, verdicts: Verdicts) -> None:
    """Take documents of so many pages through the line and print the highest memory of each kind of process.

    Each in a line and a process of its own: what an earlier line left behind is not counted with the next.
    """
    context = multiprocessing.get_context("spawn")
    hoogste: dict[int, dict[str, tuple[float, float]]] = {}
    print("\nhighest memory of a process: RSS, and of that what is no file, MB")
    for aantal in aantallen:
        pdf = map_ / f"{aantal}.pdf"
        write_in_child(aantal, scan, pdf)
        antwoord = context.SimpleQueue()
        begin = time.monotonic()
        kind = context.Process(target=_measure_one, args=(map_ / str(aantal), pdf, taal, antwoord))
        kind.start()
        kind.join()
        if kind.exitcode:
            raise RuntimeError(f"the line of {aantal} pages ended with {kind.exitcode}")
        hoogste[aantal] = antwoord.get()
        delen = "  ".join(f"{rol} {mb:.0f} / {eigen:.0f}" for rol, (mb, eigen) in sorted(hoogste[aantal].items()))
        print(f"  {aantal:>5} pages: {delen}   ({time.monotonic() - begin:.0f} s)", flush=True)
    for rol in ("hoofdproces", "ocr", "zandbak"):
        verdicts.at_most(f"memory of {rol}, MB", max(mb[rol][0] for mb in hoogste.values()), 600)
        eerste, laatste = hoogste[aantallen[0]][rol][1], hoogste[aantallen[-1]][rol][1]
        verdicts.at_most(f"memory of {rol} that is no file: most pages against fewest", laatste / eerste, 1.25)


def _measure_one(map_: Path, pdf: Path, taal: str, antwoord: SimpleQueue[dict[str, tuple[float, float]]]) -> None:
    with open_proeflijn(map_, taal) as lijn, Geheugenmeter() as meter:
        lijn.lever_met(partial(_move, pdf))
    antwoord.put({rol: (mb, meter.eigen[rol]) for rol, mb in meter.hoogst.items()})


def _move(van: Path, naar: Path) -> None:
    van.rename(naar)


def compare_werkers(bench: Bench, paginas: Sequence[Page], aantal: int, taal: str, verdicts: Verdicts) -> None:
    """Compare what a second worker gains with what a second bare tesserocr process gains, in time."""
    pdf = wrap_jpegs(paginas[:4])
    duur = {}
    for werkers in (1, 2):
        map_ = bench.werkmap / f"werkers{werkers}"
        config = write_config(map_, taal)
        argv = [sys.executable, "-m", "scanstraat.cli", "--config", str(config)]
        with open_basis(read_config(config)) as basis:
            register.save_zaken(basis.engine, [register.NieuweZaak(ZAAK, "Bench", "Bench")], gebruiker="bench")
            opdrachten = [["intern-wachter"], *(["intern-werker", f"w{n}"] for n in range(werkers))]
            with (map_ / "log.txt").open("wb") as log:
                wortel = Path(__file__).resolve().parents[1]
                lopend = [subprocess.Popen([*argv, *op], cwd=wortel, stdout=log, stderr=log) for op in opdrachten]
            try:
                lijn = Proeflijn(map_, basis.engine)
                lijn.lever(*(stamp(pdf, n) for n in range(2 * werkers)))  # every worker and child is warm
                begin = time.monotonic()
                lijn.lever(*(stamp(pdf, 100 + n) for n in range(aantal)))
                duur[werkers] = time.monotonic() - begin
            finally:
                for proces in lopend:
                    proces.terminate()
                for proces in lopend:
                    proces.wait(60)
    kaal = {processen: measure_kaal(paginas[:4], aantal, processen, taal) for processen in (1, 2)}
    print(f"\n{aantal} documents of 4 pages, seconds: one worker {duur[1]:.1f}, two {duur[2]:.1f}")
    print(f"the same pages by bare tesserocr:      one process {kaal[1]:.1f}, two {kaal[2]:.1f}")
    winst, kale_winst = duur[1] / duur[2], kaal[1] / kaal[2]
    verdicts.at_most("gain of two bare processes against gain of two workers", kale_winst / winst, 1 / 0.95)


def measure_kaal(paginas: Sequence[Page], aantal: int, processen: int, taal: str) -> float:
    """Return the seconds that so many processes need to read so many documents, engines warm."""
    werk = aantal // processen
    code = (
        "import sys; from bench.lijn import *; from bench.ocr_pdfa import *\n"
        "b = Bench(sys.argv[1], Path('/nonexistent')); p = [Page(Path(x), 300, '') for x in sys.argv[3:]]\n"
        "b.bare(p[:1], Way()); print(flush=True); input()\n"
        "[b.bare(p, Way()) for _ in range(int(sys.argv[2]))]"
    )
    argv = [sys.executable, "-c", code, taal, str(werk), *(str(pagina.pad) for pagina in paginas)]
    omgeving = os.environ | {"OMP_THREAD_LIMIT": "1"}
    wortel = Path(__file__).resolve().parents[1]
    lopend = [
        subprocess.Popen(argv, cwd=wortel, env=omgeving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processen)
    ]
    for proces in lopend:
        assert proces.stdout is not None
        proces.stdout.readline()
    begin = time.monotonic()
    for proces in lopend:
        proces.communicate("\n")
    return time.monotonic() - begin


def main() -> int:
    """Run what was asked for and return 1 when a figure does not hold."""
    lezer = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    lezer.add_argument("scans", type=Path)
    lezer.add_argument("--taal", default="fra")
    lezer.add_argument("--dpi", action="append", default=[], help="PATTERN=DPI for files that do not say it")
    lezer.add_argument("--paginas", type=int, default=20)
    lezer.add_argument("--keer", type=int, default=3)
    lezer.add_argument("--geheugen", help="page counts, with commas")
    lezer.add_argument("--werkers", type=int, help="number of documents")
    lezer.add_argument("--json", action="store_true", help="the figures as one JSON object at the end")
    opties = lezer.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a run takes minutes: show as it goes
    paginas = find_pages(opties.scans, opties.dpi)
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory(prefix="bench-") as map_:
        bench = Bench(opties.taal, Path(map_))
        taken: list[Callable[[], None]] = []
        if opties.geheugen:
            aantallen = [int(deel) for deel in opties.geheugen.split(",")]
            taken.append(lambda: measure_geheugen(bench.werkmap, paginas[0].pad, aantallen, opties.taal, verdicts))
        if opties.werkers:
            taken.append(lambda: compare_werkers(bench, paginas, opties.werkers, opties.taal, verdicts))
        if not taken:
            document = spread(paginas, opties.paginas)
            taken.append(lambda: compare_lijn(bench, document, opties.taal, opties.keer, verdicts))
            taken.append(lambda: compare_verapdf(bench, document[:1], opties.keer, verdicts))
        for taak in taken:
            taak()
    if opties.json:
        print(json.dumps({"cijfers": verdicts.rijen}, ensure_ascii=False))
    return 0 if all(rij["houdt"] for rij in verdicts.rijen) else 1


if __name__ == "__main__":
    sys.exit(main())
