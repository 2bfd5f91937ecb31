"""The archive file: images as delivered, text that reads in order, the same bytes twice, and PDF/A by veraPDF."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image

from kwaliteitscontrole.verapdf import Verapdf
from scanstraat.errors import InvoerError
from scanstraat.intake.beelden import turn_clockwise
from scanstraat.ocr import TesserocrMotor
from scanstraat.ocrmypdf_route import build_via_ocrmypdf
from scanstraat.ocrpagina import OcrPagina
from scanstraat.pdfa import Bouwverslag, Metadata, PaginaBron, build_pdfa
from scanstraat.zandbaktaken import bouw_archiefbestand, toets_getrouwheid
from tests.masters import ADOBE_ACHTIG, TEKST, build_masters, build_pdf, draw_pagina, kleur, opened, save
from tests.vijandig import build_mrc_pdf

MASTERS = build_masters()
METADATA = Metadata(
    titel="Brief over “de vergunning” – één",
    batch="B-2026-0142",
    organisatie="Gemeente Voorbeeld",
    scanprofiel="standaard",
    scanner="Testscanner",
    datum="2026-03-02T14:05:11Z",
    software={"scanstraat": "0.1.0", "tesseract": "5.5.4"},
)
WOORDEN = " ".join(TEKST).split()


@pytest.fixture(scope="module")
def motor() -> TesserocrMotor:
    return TesserocrMotor(("nld",))


@pytest.fixture(scope="module")
def verapdf(verapdf_jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verapdf]:
    uit = tmp_path_factory.mktemp("uit")
    with Verapdf(verapdf_jar, werkmap=tmp_path_factory.mktemp("verapdf"), leesmappen=[uit]) as verapdf:
        yield verapdf


def build(
    bronnen: Sequence[tuple[str, bytes]], *, draai: int = 0, ocr: OcrPagina | None = None, ocr_draai: int | None = None
) -> tuple[bytes, Bouwverslag]:
    """Return the archive file of every page of these files, with the same turn and text for each."""
    with ExitStack() as stapel, tempfile.TemporaryFile() as uit:
        lezers = [stapel.enter_context(opened(soort, gegevens)) for soort, gegevens in bronnen]
        paginas = (
            PaginaBron(lezer, n, draai, ocr, 300, ocr_draai) for lezer in lezers for n in range(1, lezer.aantal + 1)
        )
        verslag = build_pdfa(paginas, uit.fileno(), METADATA, ["nld"])
        uit.seek(0)
        return uit.read(), verslag


def read_page(motor: TesserocrMotor, beeld: Image.Image) -> OcrPagina:
    grijs = beeld.convert("L")
    return motor.lees(grijs.tobytes(), grijs.width, grijs.height, 300, 2 / 3)


def pdftotext(pdf: bytes, *opties: str) -> str:
    return subprocess.run(["pdftotext", *opties, "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def images(pdf: pikepdf.Pdf) -> list[pikepdf.Object]:
    return [beeld for pagina in pdf.pages for _, beeld in sorted(pagina.obj.Resources.XObject.items())]


@pytest.mark.parametrize("naam", MASTERS)
def test_every_kind_of_master_becomes_pdfa_with_its_own_streams_and_pixels(
    naam: str, verapdf: Verapdf, tmp_path_factory: pytest.TempPathFactory
) -> None:
    master = MASTERS[naam]
    pdf, verslag = build([(master.soort, master.gegevens)])
    pad = tmp_path_factory.getbasetemp() / "uit0" / f"{naam}.pdf"
    pad.write_bytes(pdf)
    assert verapdf.check_pdfa(pad).conform
    assert (verslag.paginas, verslag.onveranderd, verslag.omvang_bytes) == (1, int(master.onveranderd), len(pdf))
    with opened(master.soort, master.gegevens) as bron, opened("pdf", pdf) as archief:
        beeld = archief.beeld(1)
        assert beeld.decode().convert("RGB").tobytes() == master.pixels.convert("RGB").tobytes()
        assert not bron.beeld(1).stromen() or beeld.stromen() == bron.beeld(1).stromen()
        assert beeld.icc == bron.beeld(1).icc
        assert beeld.dpi == pytest.approx(bron.beeld(1).dpi or (300, 300), rel=1e-3)


@pytest.mark.parametrize("naam", [naam for naam in MASTERS if MASTERS[naam].soort != "pdf"])
def test_another_renderer_shows_the_page_as_the_master_is(naam: str) -> None:
    pdf, _ = build([(MASTERS[naam].soort, MASTERS[naam].gegevens)])
    with pypdfium2.PdfDocument(pdf) as document:
        getoond = np.asarray(document[0].render(scale=150 / 72).to_pil().convert("RGB"), int)
    maten = (getoond.shape[1], getoond.shape[0])
    master = MASTERS[naam].pixels.convert("RGB").resize(maten, Image.Resampling.BOX)
    assert np.abs(getoond - np.asarray(master, int)).mean() < 6, "black is black, and red is not blue"


def test_a_loose_jpeg_stands_in_the_file_byte_for_byte() -> None:
    pdf, _ = build([("jpeg", MASTERS["jpeg"].gegevens)])
    assert MASTERS["jpeg"].gegevens in pdf


def test_the_colour_profile_of_the_master_is_that_of_the_image() -> None:
    pdf, _ = build([("jpeg", MASTERS["jpeg"].gegevens), ("jpeg", MASTERS["jpeg"].gegevens)])
    with pikepdf.open(io.BytesIO(pdf)) as document:
        een, ander = images(document)
        assert een.ColorSpace[0] == "/ICCBased"
        assert een.ColorSpace[1].read_bytes() == ADOBE_ACHTIG
        assert een.ColorSpace[1].objgen == ander.ColorSpace[1].objgen, "pages share one copy"


def test_plain_pdftotext_reads_the_page_in_order(motor: TesserocrMotor) -> None:
    beeld = draw_pagina()
    pdf, verslag = build([("jpeg", save(beeld, "JPEG"))], ocr=read_page(motor, beeld))
    assert pdftotext(pdf).split() == WOORDEN
    assert verslag.woorden == len(WOORDEN)


def test_two_columns_read_one_after_the_other(motor: TesserocrMotor) -> None:
    beeld = Image.new("L", (2200, 900), 250)
    beeld.paste(draw_pagina(letters=36, maten=(1000, 900)), (0, 0))
    beeld.paste(draw_pagina(TEKST[::-1], letters=36, maten=(1000, 900)), (980, 0))
    ocr = read_page(motor, beeld)
    pdf, _ = build([("png", save(beeld, "PNG"))], ocr=ocr)
    assert pdftotext(pdf).split() == ocr.tekst.split() == WOORDEN + " ".join(TEKST[::-1]).split()


def test_letters_of_every_language_come_back() -> None:
    woorden = "ĳsje coöperatie façade € ﬁ Žižek ελληνικά 漢字"
    from scanstraat.ocrpagina import Regel, Woord  # noqa: PLC0415

    delen = [Woord(w, (100 + 130 * i, 100, 220 + 130 * i, 130), 90.0) for i, w in enumerate(woorden.split())]
    regel = Regel((100, 100, 1200, 130), (100, 128, 1200, 128), tuple(delen))
    pdf, _ = build([("png", save(draw_pagina(()), "PNG"))], ocr=OcrPagina((regel,), 1.0, 1240, 900))
    assert pdftotext(pdf, "-raw").strip() == woorden


@pytest.mark.parametrize("gedraaid", [90, 180, 270])
def test_a_turned_page_shows_upright_and_its_text_lies_on_its_words(gedraaid: int, motor: TesserocrMotor) -> None:
    beeld = draw_pagina()
    ocr = read_page(motor, beeld)
    recht, _ = build([("png", save(beeld, "PNG"))], ocr=ocr)
    opgeslagen = turn_clockwise(beeld, gedraaid)
    pdf, _ = build([("png", save(opgeslagen, "PNG"))], draai=360 - gedraaid, ocr=ocr)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.pages[0].Rotate == 360 - gedraaid
    with opened("pdf", pdf) as archief:
        assert archief.beeld(1).decode().tobytes() == opgeslagen.tobytes(), "the pixels are not touched"
    woord = re.compile(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)<')
    plaatsen, verwacht = (woord.findall(pdftotext(inhoud, "-bbox")) for inhoud in (pdf, recht))
    assert [plaats[4] for plaats in plaatsen] == WOORDEN
    for plaats, was in zip(plaatsen, verwacht, strict=True):
        assert [float(x) for x in plaats[:4]] == pytest.approx([float(x) for x in was[:4]], abs=0.5)


def test_a_page_that_a_person_turned_after_reading_keeps_its_text_on_its_words(motor: TesserocrMotor) -> None:
    beeld = draw_pagina()
    ocr = read_page(motor, beeld)
    pdf, _ = build([("png", save(beeld, "PNG"))], draai=90, ocr=ocr, ocr_draai=0)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.pages[0].Rotate == 90
        del document.pages[0].obj["/Rotate"]
        uit = io.BytesIO()
        document.save(uit)
    assert pdftotext(uit.getvalue()).split() == WOORDEN


def test_text_of_an_image_of_another_size_is_refused(motor: TesserocrMotor) -> None:
    ocr = read_page(motor, draw_pagina(maten=(1240, 950)))
    with pytest.raises(ValueError, match="another size"):
        build([("png", save(draw_pagina(), "PNG"))], ocr=ocr)


def test_the_same_input_gives_the_same_bytes(motor: TesserocrMotor) -> None:
    bronnen = [(MASTERS[naam].soort, MASTERS[naam].gegevens) for naam in ("jpeg", "tiff-g4", "tiff-lzw")]
    ocr = read_page(motor, draw_pagina())
    assert build(bronnen, ocr=ocr) == build(bronnen, ocr=ocr)


def test_the_file_says_what_it_is_and_how_it_was_made() -> None:
    pdf, _ = build([("jpeg", MASTERS["jpeg"].gegevens)])
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.Root.Lang == "nl"
        with document.open_metadata() as xmp:
            assert xmp["dc:title"] == METADATA.titel
            assert xmp["dc:creator"] == ["Gemeente Voorbeeld"]
            assert xmp["dc:identifier"] == "B-2026-0142"
            assert "scanprofiel=standaard" in xmp["pdf:Keywords"]
            assert "tesseract 5.5.4" in xmp["dc:description"]
            assert xmp["xmp:CreateDate"] == xmp["xmp:MetadataDate"] == METADATA.datum


def test_a_title_with_characters_that_xml_forbids_does_no_harm() -> None:
    with opened("jpeg", MASTERS["jpeg"].gegevens) as lezer, tempfile.TemporaryFile() as uit:
        metadata = Metadata("a\x00b\x1b<&>", "B-1", "x", "p", "s", METADATA.datum)
        build_pdfa([PaginaBron(lezer, 1, 0, None, 300)], uit.fileno(), metadata, ["nld"])
        with pikepdf.open(uit) as document, document.open_metadata() as xmp:
            assert xmp["dc:title"] == "a b <&>"


def test_a_document_without_pages_is_refused() -> None:
    with pytest.raises(InvoerError) as fout:
        build([])
    assert fout.value.code == "geen_paginas"


def test_a_page_of_metres_wide_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvoerError, match="resolutie") as fout:
        build([("png", save(Image.new("1", (3000, 20)), "PNG", dpi=(10, 10)))])
    assert fout.value.code == "paginamaat"


def test_a_broken_colour_profile_never_becomes_an_archive_file() -> None:
    kapot = bytearray(ADOBE_ACHTIG)
    kapot[8] = 9  # a version of the standard that does not exist
    with pytest.raises(InvoerError) as fout:
        build([("jpeg", save(kleur(draw_pagina()), "JPEG", icc_profile=bytes(kapot)))])
    assert fout.value.code == "geen_pdfa"


PROEF = """
import os, sys
from scanstraat.intake.beelden import open_bron
from scanstraat.ocrpagina import OcrPagina, Regel, Woord
from scanstraat.pdfa import Metadata, PaginaBron, build_pdfa
regel = Regel((0, 0, 900, 30), (0, 25, 900, 25), tuple(Woord("woord", (90*i, 0, 90*i+80, 30), 90.0) for i in range(10)))
ocr = OcrPagina((regel,) * 30, 1.0, 1240, 900)
bron, soort = os.open(sys.argv[1], os.O_RDONLY), sys.argv[2]
uit, werk = (os.open(sys.argv[1] + naam, os.O_RDWR | os.O_CREAT) for naam in (".uit", ".werk"))
with open_bron(bron, soort, maximaal_pixels=10**8) as lezer:
    paginas = (PaginaBron(lezer, n, 0, ocr, 300) for n in range(1, lezer.aantal + 1))
    metadata = Metadata("t", "B-1", "o", "p", "s", "2026-03-02T14:05:11Z")
    verslag = build_pdfa(paginas, uit, metadata, ["nld"], werk_fd=werk)
print(verslag.paginas, next(int(r.split()[1]) // 1024 for r in open("/proc/self/status") if r.startswith("VmHWM")))
"""


def measure_memory(pad: Path, soort: str) -> tuple[int, int]:
    """Build in a process of its own; return its number of pages and the most memory it had, in MB."""
    uit = subprocess.run([sys.executable, "-c", PROEF, str(pad), soort], capture_output=True, check=True, text=True)
    paginas, mb = uit.stdout.split()
    return int(paginas), int(mb)


def build_many(aantal: int, pad: Path) -> None:
    """Write a PDF of this many grey pages of about 200 kB, each stream different."""
    blad = draw_pagina()
    jpeg = save(blad, "JPEG", quality=97) + bytes(100_000)  # bytes after the end belong to the stream too
    een = build_pdf(
        jpeg, blad.size, Filter=pikepdf.Name.DCTDecode, ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8
    )
    with pikepdf.open(io.BytesIO(een)) as bron, pikepdf.Pdf.new() as pdf:
        for i in range(aantal):
            pdf.pages.extend(bron.pages)
            stroom = pdf.make_stream(jpeg + b"%d" % i, bron.pages[0].obj.Resources.XObject.I.stream_dict)
            pdf.pages[-1].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=stroom))
        pdf.save(pad)


def test_memory_does_not_grow_with_the_number_of_pages(tmp_path: Path, groot: bool) -> None:
    metingen = []
    for aantal in (10, 2000 if groot else 120):
        build_many(aantal, tmp_path / "veel.pdf")
        paginas, mb = measure_memory(tmp_path / "veel.pdf", "pdf")
        assert paginas == aantal
        metingen.append(mb)
    assert (tmp_path / "veel.pdf").stat().st_size > 150_000 * aantal, "too much to keep in memory unseen"
    assert metingen[1] - metingen[0] < (60 if groot else 15)
    assert max(metingen) < 600


# --- other PDFs, by way of OCRmyPDF ----------------------------------------------------------------------------------


def via_ocrmypdf(gegevens: bytes, tmp_path: Path, naam: str = "uit.pdf", *, draai: int = 0) -> Path:
    """Lay the text of every page over a delivered PDF; the pages are read here as the line reads them."""
    (tmp_path / "bron.pdf").write_bytes(gegevens)
    bron = os.open(tmp_path / "bron.pdf", os.O_RDONLY)
    uit = os.open(tmp_path / naam, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    motor = TesserocrMotor(("nld",))
    try:
        with opened("pdf", gegevens) as lezer:
            paginas = []
            for beeld in lezer.beelden():
                totaal = (beeld.draai_pdf + draai) % 360
                ocr = read_page(motor, turn_clockwise(beeld.decode_grijs(), totaal))
                paginas.append(PaginaBron(lezer, beeld.n, totaal, ocr, 300))
            build_via_ocrmypdf(paginas, uit, METADATA, ["nld"], bron_fds=[bron] * len(paginas))
    finally:
        os.close(bron)
        os.close(uit)
    return tmp_path / naam


def build_lagen() -> bytes:
    """Return a page of a coloured ground with a picture of text over it: layers, of which no single one is the page."""
    tekst = draw_pagina()
    grond = save(kleur(Image.new("L", (310, 225), 240)), "JPEG")
    kaal = build_pdf(
        grond,
        (310, 225),
        dpi=75,
        inhoud="q {b} 0 0 {h} 0 0 cm /I Do Q q 260 0 0 190 10 10 cm /J Do Q",
        Filter=pikepdf.Name.DCTDecode,
        ColorSpace=pikepdf.Name.DeviceRGB,
        BitsPerComponent=8,
    )
    with pikepdf.open(io.BytesIO(kaal)) as pdf:
        boven = pdf.make_stream(save(tekst, "JPEG"))
        for naam, waarde in {
            "Type": pikepdf.Name.XObject, "Subtype": pikepdf.Name.Image, "Width": tekst.width, "Height": tekst.height,
            "ColorSpace": pikepdf.Name.DeviceGray, "BitsPerComponent": 8, "Filter": pikepdf.Name.DCTDecode,
        }.items():  # fmt: skip
            boven["/" + naam] = waarde
        pdf.pages[0].obj.Resources.XObject.J = boven
        uit = io.BytesIO()
        pdf.save(uit)
        return uit.getvalue()


def test_a_layered_page_gets_text_and_keeps_its_images(tmp_path: Path, verapdf_jar: Path) -> None:
    gegevens = build_lagen()
    uit = via_ocrmypdf(gegevens, tmp_path)
    assert " ".join(WOORDEN[:5]) in " ".join(pdftotext(uit.read_bytes(), "-raw").split())
    with pikepdf.open(uit) as archief, pikepdf.open(io.BytesIO(gegevens)) as bron:
        streams = {bytes(b.read_raw_bytes()) for b in archief.objects if isinstance(b, pikepdf.Stream)}
        assert all(bytes(beeld.read_raw_bytes()) in streams for beeld in images(bron))
    with Verapdf(verapdf_jar, werkmap=tmp_path, leesmappen=[tmp_path]) as verapdf:
        assert verapdf.check_pdfa(uit).conform


def test_a_layered_page_of_a_scanner_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    een, ander = (via_ocrmypdf(build_mrc_pdf(masker=True), tmp_path, naam) for naam in ("1.pdf", "2.pdf"))
    assert een.read_bytes() == ander.read_bytes()


@pytest.mark.parametrize("eigen", [0, 90])
@pytest.mark.parametrize("gemeld", [0, 90])
def test_a_recorded_turn_comes_on_top_of_the_turn_of_the_page_itself(eigen: int, gemeld: int, tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(build_lagen())) as pdf:
        pdf.pages[0].obj.Rotate = eigen
        uit = io.BytesIO()
        pdf.save(uit)
    with pikepdf.open(via_ocrmypdf(uit.getvalue(), tmp_path, draai=gemeld)) as archief:
        assert archief.pages[0].obj.get("/Rotate", 0) == eigen + gemeld


def test_no_other_program_is_started_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tesseract and a gs on PATH that fail show themselves: neither is called."""
    for naam in ("gs", "tesseract", "unpaper", "jbig2", "pngquant"):
        (tmp_path / naam).write_text("#!/bin/sh\ntouch " + str(tmp_path / "geroepen") + "\nexit 1\n")
        (tmp_path / naam).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    via_ocrmypdf(build_mrc_pdf(masker=False), tmp_path)
    assert not (tmp_path / "geroepen").exists()


def test_a_pdf_that_cannot_become_pdfa_is_refused_in_dutch(tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(build_lagen())) as pdf:
        inhoud = pdf.pages[0].obj.Contents
        inhoud.write(inhoud.read_bytes() + b" 0 0 0 1 k 10 10 20 20 re f")  # printing colours without a profile
        uit = io.BytesIO()
        pdf.save(uit)
    with pytest.raises(InvoerError) as fout:
        via_ocrmypdf(uit.getvalue(), tmp_path)
    assert (fout.value.code, "PDF/A" in fout.value.melding) == ("geen_pdfa", True)


@pytest.mark.parametrize("draai", [0, 90, 180, 270])
def test_pages_of_several_files_in_another_order_and_turned_are_proved_equal(draai: int, tmp_path: Path) -> None:
    """As the line does it after people split, moved and turned pages, through the tasks of the sandbox."""
    for naam, gegevens in (("a.pdf", build_lagen()), ("b.pdf", build_mrc_pdf(masker=True))):
        with pikepdf.open(io.BytesIO(gegevens)) as pdf:
            pdf.pages.append(pdf.pages[0])
            pdf.pages[1].obj.Rotate = 90
            pdf.save(tmp_path / naam)
    (tmp_path / "c.jpg").write_bytes(save(draw_pagina(), "JPEG", dpi=(300, 300)))
    keuze = [(1, 2, draai), (0, 1, draai), (2, 1, draai), (0, 2, (draai + 90) % 360)]
    with ExitStack() as stapel:
        fds = [os.open(tmp_path / naam, os.O_RDONLY) for naam in ("a.pdf", "b.pdf", "c.jpg")]
        uit, werk = (os.open(tmp_path / naam, os.O_RDWR | os.O_CREAT) for naam in ("uit.pdf", "werk"))
        (tmp_path / "tekst").write_text('{"ocr": null}\n' * len(keuze))
        tekst = os.open(tmp_path / "tekst", os.O_RDONLY)
        for fd in (*fds, uit, werk, tekst):
            stapel.callback(os.close, fd)
        paginas = [
            {"nummer": i, "bron": bron, "n": n, "dpi": 300, "draai_graden": graden}
            for i, (bron, n, graden) in enumerate(keuze, start=1)
        ]
        vraag = {"soorten": ["pdf", "pdf", "jpeg"], "maximaal_pixels": 10**8, "paginas": paginas}
        opdracht = {**vraag, "is_scan": False, "metadata": asdict(METADATA), "talen": ["nld"]}
        bouw_archiefbestand(opdracht, [uit, werk, tekst, *fds])
        oordeel = toets_getrouwheid(vraag, [uit, *fds])
        assert oordeel["gelijk"], oordeel["rapport"]["paginas"]
        paginas[0], paginas[1] = {**paginas[0], "bron": 0, "n": 1}, {**paginas[1], "bron": 1, "n": 2}
        assert not toets_getrouwheid(vraag, [uit, *fds])["gelijk"]
