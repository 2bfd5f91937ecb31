"""The OCR and PDF/A step beside ocrmypdf, the tesseract program and bare tesserocr, in one run, on given scans.

    python bench/ocr_pdfa.py SCANS [--taal fra] [--dpi 'journaal-*=150'] [--keer 5] [--snel] [--json]

SCANS is a folder of JPEGs, each with its text beside it as .txt. Everything is CPU time (user + system, children
included) per page, so that a busy machine changes the ratios little; the ways are taken in turns and the median of
`--keer` turns counts. "bare" is a warm tesserocr on the grey page of full size, decoding not counted: the limit.
Our step is decoding, reading and building, in a warm process, as the line's children do it; "one try" leaves out the
second tries on pages of which hardly a word was read.

Character error rates are counted over all pages together, white space as one space, without the marks ~ ^ _ that stand
in the .txt files. What must hold stands beside each figure.
"""

from __future__ import annotations

import argparse
import fnmatch
import io
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import img2pdf
import numpy as np
import tesserocr
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scanstraat.intake.beelden import open_bron, turn_clockwise
from scanstraat.ocr import TesserocrMotor, find_tessdata, kies_drempel
from scanstraat.ocrpagina import OcrPagina
from scanstraat.pdfa import Metadata, PaginaBron, build_pdfa

MARKS = re.compile("[~^_]")
META = Metadata("bench", "B-0000-0000", "bench", "bench", "bench", "2026-01-01T00:00:00Z", {})
MAX_PIXELS = 200_000_000
SCHAAL = 2 / 3


@dataclass(frozen=True)
class Page:
    """One scan, its resolution and its text."""

    pad: Path
    dpi: float
    tekst: str


@dataclass
class Way:
    """What one way of doing it cost (CPU seconds per page, one per turn) and read."""

    cpu: list[float] = field(default_factory=list)
    engine: list[str] = field(default_factory=list)  # text per page
    pdftotext: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.cpu)


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its ended children."""
    delen = (resource.getrusage(wie) for wie in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(deel.ru_utime + deel.ru_stime for deel in delen)


def normalize(tekst: str) -> str:
    return " ".join(MARKS.sub("", tekst).split())


def distance(een: str, ander: str) -> int:
    """Return the Levenshtein distance, a row at a time."""
    if not een or not ander:
        return max(len(een), len(ander))
    codes = np.frombuffer(ander.encode("utf-32-le"), np.uint32)
    plaats = np.arange(len(ander) + 1)
    rij = plaats.copy()
    for i, teken in enumerate(een, 1):
        nieuw = np.empty_like(rij)
        nieuw[0] = i
        nieuw[1:] = np.minimum(rij[1:] + 1, rij[:-1] + (codes != ord(teken)))
        rij = np.minimum.accumulate(nieuw - plaats) + plaats
    return int(rij[-1])


def error_rate(gelezen: Sequence[str], paginas: Sequence[Page]) -> float:
    """Return the character errors over all pages per character of their text."""
    fouten = sum(distance(normalize(p.tekst), normalize(tekst)) for tekst, p in zip(gelezen, paginas, strict=True))
    return fouten / sum(len(normalize(p.tekst)) for p in paginas)


def page_texts(pdf: Path) -> list[str]:
    """Return plain pdftotext's text of each page."""
    uit = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    return uit.split("\f")[:-1]


class Bench:
    """The ways, each over a document: a list of pages."""

    def __init__(self, taal: str, werkmap: Path) -> None:
        self.taal = taal
        self.werkmap = werkmap
        self.motor = TesserocrMotor((taal,))
        self.kaal = tesserocr.PyTessBaseAPI(
            path=str(find_tessdata()), lang=taal, psm=tesserocr.PSM.AUTO, oem=tesserocr.OEM.LSTM_ONLY
        )
        self.omgeving = os.environ | {"OMP_THREAD_LIMIT": "1"}

    def bare(self, document: Sequence[Page], way: Way) -> None:
        """Read the grey pages of full size with a warm engine; decoding is not counted."""
        verbruikt = 0.0
        for pagina in document:
            grijs = decode_grijs(pagina.pad)
            begin = cpu_s()
            self.kaal.SetImageBytes(grijs.tobytes(), grijs.width, grijs.height, 1, grijs.width)
            self.kaal.SetSourceResolution(round(pagina.dpi))
            way.engine.append(self.kaal.GetUTF8Text())
            verbruikt += cpu_s() - begin
        way.cpu.append(verbruikt / len(document))

    def ours(self, document: Sequence[Page], way: Way, *, schaal: float, helemaal: bool, soort: str = "jpeg") -> None:
        """Decode, read and build. `helemaal`: with finding turned pages and second tries, as the line does."""
        uit = self.werkmap / "ons.pdf"
        vorige: OcrPagina | None = None
        begin = cpu_s()
        with ExitStack() as stapel, uit.open("w+b") as bestand:

            def make(pagina: Page) -> PaginaBron:
                nonlocal vorige
                with pagina.pad.open("rb") as scan:
                    lezer = stapel.enter_context(open_bron(scan.fileno(), soort, maximaal_pixels=MAX_PIXELS))
                beeld = lezer.beeld(1)
                grijs = turn_clockwise(beeld.decode_grijs(), beeld.draai_pdf)
                ocr = vorige = self.motor.lees(
                    grijs.tobytes(),
                    *grijs.size,
                    pagina.dpi,
                    schaal,
                    orientatie=helemaal,
                    opnieuw=helemaal,
                    drempel=kies_drempel(vorige),
                )
                way.engine.append(ocr.tekst)
                return PaginaBron(lezer, 1, (beeld.draai_pdf + ocr.draai_graden) % 360, ocr, pagina.dpi)

            build_pdfa((make(pagina) for pagina in document), bestand.fileno(), META, (self.taal,))
        way.cpu.append((cpu_s() - begin) / len(document))
        way.pdftotext += page_texts(uit)

    def ocrmypdf(self, document: Sequence[Page], way: Way, *, bron: Path | None = None) -> None:
        """Run the ocrmypdf command on a PDF that holds the same JPEGs (or on `bron`)."""
        invoer, uit, tekst = (self.werkmap / naam for naam in ("in.pdf", "uit.pdf", "uit.txt"))
        if bron is None:
            invoer.write_bytes(wrap_jpegs(document))
        opdracht = ["ocrmypdf", "-q", "-l", self.taal, "--output-type", "pdfa-2", "--pdfa-backend", "internal"]
        begin = cpu_s()
        self.run([*opdracht, "--sidecar", str(tekst), str(bron or invoer), str(uit)])
        way.cpu.append((cpu_s() - begin) / len(document))
        way.engine += (tekst.read_text().split("\f") + [""] * len(document))[: len(document)]
        way.pdftotext += page_texts(uit)

    def tesseract(self, document: Sequence[Page], way: Way) -> None:
        """Run the tesseract command on each JPEG."""
        begin = cpu_s()
        for pagina in document:
            opdracht = ["tesseract", str(pagina.pad), "stdout", "-l", self.taal, "--dpi", str(round(pagina.dpi))]
            way.engine.append(self.run(opdracht))
        way.cpu.append((cpu_s() - begin) / len(document))

    def run(self, opdracht: list[str]) -> str:
        """Run a command of this environment, one thread; return its standard output."""
        programma = Path(sys.executable).parent / opdracht[0]
        argv = [str(programma) if programma.exists() else opdracht[0], *opdracht[1:]]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env=self.omgeving).stdout


def decode_grijs(pad: Path) -> Image.Image:
    with Image.open(pad) as beeld:
        beeld.draft("L", beeld.size)
        return beeld.convert("L")


def wrap_jpegs(document: Sequence[Page]) -> bytes:
    """Return a PDF of the JPEGs as they are, each at its resolution."""
    delen = [img2pdf.convert(str(p.pad), layout_fun=img2pdf.get_fixed_dpi_layout_fun((p.dpi, p.dpi))) for p in document]
    if len(delen) == 1:
        return bytes(delen[0])
    import pikepdf  # noqa: PLC0415

    with ExitStack() as stapel, pikepdf.Pdf.new() as samen:
        for deel in delen:
            samen.pages.extend(stapel.enter_context(pikepdf.open(io.BytesIO(deel))).pages)
        uit = io.BytesIO()
        samen.save(uit)
        return uit.getvalue()


def find_pages(map_: Path, dpi: Sequence[str]) -> list[Page]:
    """Return the scans that have text, with their resolution: as told, else as the file says, else 300."""
    regels = [regel.rsplit("=", 1) for regel in dpi]
    paginas = []
    for pad in sorted(map_.glob("*.jpg")):
        tekst = pad.with_suffix(".txt").read_text(encoding="utf-8")
        gezegd = next((float(waarde) for patroon, waarde in regels if fnmatch.fnmatch(pad.name, patroon)), None)
        if gezegd is None:
            with pad.open("rb") as scan, open_bron(scan.fileno(), "jpeg", maximaal_pixels=MAX_PIXELS) as lezer:
                gezegd = (lezer.beeld(1).dpi or (300.0, 300.0))[0]
        if tekst.strip():
            paginas.append(Page(pad, gezegd, tekst))
    return paginas


def spread(paginas: Sequence[Page], aantal: int) -> list[Page]:
    """Return this many pages, spread evenly over all."""
    aantal = min(aantal, len(paginas))
    return [paginas[i * len(paginas) // aantal] for i in range(aantal)]


Ways = dict[str, Way]


def compare(bench: Bench, documenten: Sequence[Sequence[Page]], keer: int, *, tesseract: bool = True) -> Ways:
    """Take the ways in turns over these documents; the figures are per page, the texts those of the first turn."""
    ways = {naam: Way() for naam in ("bare", "ours", "ours, one try", "ours, same settings", "ocrmypdf", "tesseract")}
    doen: dict[str, Callable[[Sequence[Page], Way], None]] = {
        "bare": bench.bare,
        "ours": lambda document, way: bench.ours(document, way, schaal=SCHAAL, helemaal=True),
        "ours, one try": lambda document, way: bench.ours(document, way, schaal=SCHAAL, helemaal=False),
        "ours, same settings": lambda document, way: bench.ours(document, way, schaal=1, helemaal=False),
        "ocrmypdf": bench.ocrmypdf,
    }
    if tesseract:
        doen["tesseract"] = bench.tesseract
    else:
        del ways["tesseract"]
    for _ in range(keer):
        beurt = {naam: Way() for naam in ways}
        for document in documenten:
            for naam, werk in doen.items():
                werk(document, beurt[naam])
        for naam, way in ways.items():
            paginas = [len(document) for document in documenten]
            way.cpu.append(float(np.average(beurt[naam].cpu, weights=paginas)))
            way.engine = way.engine or beurt[naam].engine
            way.pdftotext = way.pdftotext or beurt[naam].pdftotext
    return ways


def compare_lzw(bench: Bench, paginas: Sequence[Page], keer: int) -> Ways:
    """Compare our step with ocrmypdf on colour TIFFs with LZW, one page each."""
    ways = {"ours": Way(), "ocrmypdf": Way()}
    for _ in range(keer):
        beurt = {naam: Way() for naam in ways}
        for pagina in paginas:
            tiff = bench.werkmap / "in.tif"
            with Image.open(pagina.pad) as beeld:
                beeld.save(tiff, "TIFF", compression="tiff_lzw", dpi=(pagina.dpi, pagina.dpi))
            bench.ours([Page(tiff, pagina.dpi, "")], beurt["ours"], schaal=SCHAAL, helemaal=True, soort="tiff")
            bench.ocrmypdf([pagina], beurt["ocrmypdf"], bron=tiff)
        for naam, way in ways.items():
            way.cpu.append(statistics.mean(beurt[naam].cpu))
    return ways


def report(titel: str, ways: Ways) -> None:
    """Print the CPU of each way."""
    print(f"\n{titel}")
    for naam, way in ways.items():
        bereik = f"({min(way.cpu):.2f}-{max(way.cpu):.2f})"
        print(f"  {naam:<20} {way.median:6.2f} CPU-s a page {bereik} {60 / way.median:6.0f} pages a core-minute")


class Verdicts:
    """Figures beside what must hold; collected for --json and the exit status."""

    def __init__(self) -> None:
        self.rijen: list[dict[str, Any]] = []

    def at_most(self, wat: str, waarde: float, doel: float) -> None:
        houdt = waarde <= doel
        self.rijen.append({"wat": wat, "waarde": round(waarde, 4), "hoogstens": round(doel, 4), "houdt": houdt})
        print(f"  {'holds' if houdt else 'DOES NOT HOLD':<14} {wat}: {waarde:.3f} (at most {doel:.3f})")


def judge(verdicts: Verdicts, titel: str, ways: Ways, deel: float | None) -> None:
    """Print the ratios of one size of document."""
    ours, ocrmypdf, bare = ways["ours"], ways["ocrmypdf"], ways["bare"]
    if deel is not None:
        verdicts.at_most(f"{titel}: our step against ocrmypdf", median_ratio(ours, ocrmypdf), deel)
    verdicts.at_most(f"{titel}: our step against bare tesserocr", median_ratio(ours, bare), 0.95)
    gelijk = ways["ours, same settings"]
    verdicts.at_most(f"{titel}: the same with the same settings", median_ratio(gelijk, bare), 1.15)


def median_ratio(een: Way, ander: Way) -> float:
    """Return the median of the ratios per turn: both were measured beside each other."""
    return statistics.median(a / b for a, b in zip(een.cpu, ander.cpu, strict=True))


def judge_text(verdicts: Verdicts, ways: Ways, paginas: Sequence[Page]) -> None:
    """Print the character error rates."""
    fout = {naam: error_rate(way.engine, paginas) for naam, way in ways.items()}
    los = {naam: error_rate(way.pdftotext, paginas) for naam, way in ways.items() if way.pdftotext}
    print(f"\ncharacter error rate over {len(paginas)} pages: engine's text, plain pdftotext of the file")
    for naam in ways:
        print(f"  {naam:<20} {fout[naam]:.4f}  {f'{los[naam]:.4f}' if naam in los else '-'}")
    verdicts.at_most("engine's error rate above that of ocrmypdf", fout["ours"] - fout["ocrmypdf"], 0.005)
    verdicts.at_most("plain pdftotext's error rate above the engine's", los["ours"] - fout["ours"], 0.01)


def main() -> int:
    """Run the comparison and return 1 when a figure does not hold."""
    lezer = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    lezer.add_argument("scans", type=Path)
    lezer.add_argument("--taal", default="fra")
    lezer.add_argument("--dpi", action="append", default=[], help="PATTERN=DPI for files that do not say it")
    lezer.add_argument("--keer", type=int, default=5)
    lezer.add_argument("--snel", action="store_true", help="one turn over few pages: to see that it works")
    lezer.add_argument("--json", action="store_true", help="the figures as one JSON object at the end")
    opties = lezer.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a run takes minutes: show as it goes
    alle = find_pages(opties.scans, opties.dpi)
    keer = 1 if opties.snel else opties.keer
    groot, klein, lzw = (4, 2, 1) if opties.snel else (20, 8, 3)
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory(prefix="bench-") as map_:
        bench = Bench(opties.taal, Path(map_))
        bench.ours(alle[:1], Way(), schaal=SCHAAL, helemaal=True)  # warm, as the line's children are
        bench.bare(alle[:1], Way())
        lang = compare(bench, [spread(alle, groot)], keer)
        report(f"one document of {len(spread(alle, groot))} pages", lang)
        judge(verdicts, "20 pages", lang, 1 / 5)
        judge_text(verdicts, lang, spread(alle, groot))
        vier = compare(bench, [spread(alle, klein)[i : i + 4] for i in range(0, klein, 4)], keer, tesseract=False)
        report("documents of 4 pages", vier)
        judge(verdicts, "4 pages", vier, None)
        kort = compare(bench, [[pagina] for pagina in spread(alle, klein)], keer, tesseract=False)
        report("documents of 1 page", kort)
        judge(verdicts, "1 page", kort, 1 / 8)
        tiff = compare_lzw(bench, spread(alle, lzw), keer)
        report("colour TIFF with LZW, documents of 1 page", tiff)
        verdicts.at_most("LZW: our step against ocrmypdf", median_ratio(tiff["ours"], tiff["ocrmypdf"]), 1 / 3)
    if opties.json:
        print(json.dumps({"cijfers": verdicts.rijen}, ensure_ascii=False))
    return 0 if all(rij["houdt"] for rij in verdicts.rijen) else 1


if __name__ == "__main__":
    sys.exit(main())
