"""Attack the proof that an archive file shows exactly its masters: every seeded fault is found, no clean file fails."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from kwaliteitscontrole.errors import GereedschapError
from kwaliteitscontrole.getrouwheid import GRENS, Afwijking, Getrouwheidsoordeel, Verwacht, check_getrouwheid
from tests.archiefproef import (
    ADOBE_ACHTIG,
    FOUTEN,
    SOORTEN,
    Proefpagina,
    build_archief,
    build_pagina,
    draw_tekstpagina,
    embed,
    read_scan,
    repaint_digit,
    save,
)

WORTEL = Path(__file__).resolve().parents[3]
KLEIN = (413, 584)  # A5 at 71 dpi: what is tested does not depend on the number of pixels
KLEIN_DPI = 71


def check(pdf: bytes, paginas: Sequence[Proefpagina | Verwacht]) -> Getrouwheidsoordeel:
    fd = os.memfd_create("archief")
    try:
        os.write(fd, pdf)
        eisen = (pagina if isinstance(pagina, Verwacht) else pagina.verwacht() for pagina in paginas)
        return check_getrouwheid(fd, eisen)
    finally:
        os.close(fd)


def small(soort: str, zaad: int = 1, *, draai: int = 0, icc: bytes | None = None) -> Proefpagina:
    return build_pagina(soort, zaad, maat=KLEIN, dpi=KLEIN_DPI, draai=draai, icc=icc)


def afwijkingen(oordeel: Getrouwheidsoordeel) -> set[Afwijking]:
    return {afwijking for pagina in oordeel.paginas for afwijking in pagina.afwijkingen}


# --- clean files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soort", SOORTEN)
def test_every_kind_of_page_in_every_turn_is_equal(soort: str) -> None:
    paginas = [small(soort, draai=draai) for draai in (0, 90, 180, 270)]
    oordeel = check(build_archief(paginas), paginas)
    assert oordeel.gelijk, oordeel.meldingen
    assert max(p.verschil_pdfium or 0 for p in oordeel.paginas) <= 1
    assert max(p.verschil_poppler or 0 for p in oordeel.paginas) <= 1


@pytest.mark.parametrize("soort", ["jpeg", "flate", "palet"])
def test_a_page_with_its_colour_profile_is_equal(soort: str) -> None:
    pagina = small(soort, icc=ADOBE_ACHTIG)
    oordeel = check(build_archief([pagina]), [pagina])
    assert oordeel.gelijk, oordeel.meldingen


@pytest.mark.parametrize(("maat", "dpi"), [
    ((826, 1168), 100), ((827, 1169), 100), ((1654, 2338), 200), ((1984, 2806), 240), ((2480, 3508), 300),
    ((2481, 3507), 300), ((1654, 2340), 400), ((1655, 2341), 400), ((2480, 3508), 600),
])  # fmt: skip
def test_every_resolution_odd_sizes_too_is_equal(maat: tuple[int, int], dpi: float) -> None:
    pagina = build_pagina("jpeg_grijs", 3, maat=maat, dpi=dpi)
    oordeel = check(build_archief([pagina]), [pagina])
    assert oordeel.gelijk, oordeel.meldingen


@pytest.mark.parametrize("decimalen", [2, 3, 6])
def test_numbers_rounded_in_the_file_are_no_fault(decimalen: int) -> None:
    paginas = [build_pagina(soort, 1, maat=(827, 1171), dpi=100) for soort in ("jpeg", "g4_strips")]
    oordeel = check(build_archief(paginas, decimalen=decimalen), paginas)
    assert oordeel.gelijk, oordeel.meldingen


def test_colours_that_a_reduced_decode_gets_wrong_are_no_fault() -> None:
    """Thin coloured lines in a JPEG with halved colour: decoded at half size they differ by 30 levels."""
    beeld, _ = draw_tekstpagina(1, maat=(1240, 880), dpi=300)
    for x in range(60, 500, 9):
        beeld.paste((255, 0, 0) if x % 2 else (0, 0, 255), (x, 50, x + 1 + x // 200, 300))
    pagina = embed(beeld, "jpeg", dpi=300)
    assert check(build_archief([pagina]), [pagina]).gelijk


def test_a_master_that_is_no_jpeg_file_is_compared_by_its_samples_even_when_the_stream_is_the_same() -> None:
    """A stream that the reader took from the wrong page fits the file, but not the master."""
    een, ander = small("jpeg", 1), small("jpeg", 2)
    eis = replace(een.verwacht(), beeld=ander.master.copy, stroom_is_bron=False)
    oordeel = check(build_archief([een]), [eis])
    assert {Afwijking.WEERGAVE_PDFIUM, Afwijking.WEERGAVE_POPPLER} <= afwijkingen(oordeel)


def test_a_calibrated_colour_space_must_be_the_masters_own() -> None:
    pagina = small("flate_grijs")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        ruimte = Array([Name.CalGray, Dictionary(WhitePoint=Array([0.9505, 1, 1.089]), Gamma=2.2)])
        pdf.pages[0].obj.Resources.XObject.I0.ColorSpace = ruimte
        syntaxis = ruimte.unparse(resolved=True)
        bestand = save(pdf)
    eis = replace(pagina.verwacht(), ruimte=syntaxis)
    assert check(bestand, [eis]).gelijk
    assert Afwijking.KLEURPROFIEL in afwijkingen(check(bestand, [pagina]))
    assert Afwijking.KLEURPROFIEL in afwijkingen(check(build_archief([pagina]), [eis]))


# --- seeded faults ---------------------------------------------------------------------------------------------------


def _seeded(zaad: int, voorraad: Sequence[Proefpagina]) -> tuple[str, bytes, list[Proefpagina]]:
    toeval = random.Random(zaad)
    naam = list(FOUTEN)[zaad % len(FOUTEN)]
    if naam == "kleurprofiel":  # black and white has no profile to lose
        voorraad = [pagina for pagina in voorraad if pagina.master.mode == "RGB"]
    paginas = toeval.sample(list(voorraad), 2)
    return naam, FOUTEN[naam](paginas, toeval), paginas


@pytest.fixture(scope="module")
def voorraad() -> list[Proefpagina]:
    """Pages of every kind, some turned, some with a colour profile; the same size, so that size gives nothing away."""
    draaien = [0, 0, 90, 0, 180, 0, 270]
    paginas = [small(soort, i, draai=draaien[i % 7]) for i, soort in enumerate(SOORTEN * 2)]
    return [*paginas, *(small(soort, 40 + i, icc=ADOBE_ACHTIG) for i, soort in enumerate(("jpeg", "flate", "palet")))]


REEKSEN = [*range(10), *(pytest.param(reeks, marks=pytest.mark.groot) for reeks in range(10, 100))]


@pytest.mark.parametrize("reeks", REEKSEN)
def test_two_hundred_seeded_faults_are_all_found(voorraad: list[Proefpagina], reeks: int) -> None:
    """Twenty a go; two thousand in all with --groot."""
    for zaad in range(reeks * 20, (reeks + 1) * 20):
        naam, pdf, paginas = _seeded(zaad, voorraad)
        oordeel = check(pdf, paginas)
        assert not oordeel.gelijk, (naam, zaad)
        assert oordeel.meldingen, (naam, zaad)


@pytest.mark.parametrize("soort", ["jpeg", "flate", "g4"])
@pytest.mark.parametrize("zaad", range(3))
def test_a_repainted_digit_is_found_by_each_renderer_alone(soort: str, zaad: int) -> None:
    """The bound lies below the smallest fault that can be seen: ink 30 levels from its paper."""
    inkt = (200, 192, 170) if soort != "g4" else (70, 66, 62)
    pagina = build_pagina(soort, zaad, maat=(1240, 1754), dpi=150, inkt=inkt)
    anders = repaint_digit(pagina, random.Random(zaad))
    (verdict,) = check(build_archief([anders]), [pagina]).paginas
    assert verdict.verschil_pdfium is not None
    assert verdict.verschil_pdfium > GRENS
    assert verdict.verschil_poppler is not None
    assert verdict.verschil_poppler > GRENS


@pytest.mark.parametrize("afgeknipt", range(1, 16))
def test_every_byte_cut_off_a_jpeg_is_found(afgeknipt: int) -> None:
    pagina = small("jpeg_grijs")
    kapot = replace(pagina, stromen=(pagina.stromen[0][:-afgeknipt],))
    assert not check(build_archief([kapot]), [pagina]).gelijk


def test_a_stream_that_decodes_to_the_same_pixels_but_is_not_the_masters_is_found() -> None:
    pagina = small("jpeg_grijs")
    anders = replace(pagina, stromen=(pagina.stromen[0] + b"\0",))
    oordeel = check(build_archief([anders]), [pagina])
    assert afwijkingen(oordeel) == {Afwijking.STROOM}


@pytest.mark.parametrize(
    ("sleutel", "waarde"),
    [
        ("/Decode", Array([1, 0])),
        ("/ImageMask", True),
        ("/Mask", Array([0, 10])),
        ("/Intent", None),
    ],
)
def test_an_image_that_is_shown_otherwise_is_found(sleutel: str, waarde: object) -> None:
    pagina = small("flate_grijs")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        if waarde is not None:
            pdf.pages[0].obj.Resources.XObject.I0[sleutel] = waarde
        bestand = save(pdf)
    assert check(bestand, [pagina]).gelijk is (waarde is None)


def test_a_default_colour_space_that_changes_device_colours_is_found() -> None:
    pagina = small("flate")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        profiel = pdf.make_stream(ADOBE_ACHTIG, N=3)
        pdf.pages[0].obj.Resources.ColorSpace = Dictionary(DefaultRGB=Array([Name.ICCBased, profiel]))
        bestand = save(pdf)
    assert Afwijking.KLEURPROFIEL in afwijkingen(check(bestand, [pagina]))


def test_another_output_intent_is_found() -> None:
    pagina = small("flate")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        pdf.Root.OutputIntents[0].DestOutputProfile = pdf.make_stream(ADOBE_ACHTIG, N=3)
        bestand = save(pdf)
    assert afwijkingen(check(bestand, [pagina])) == {Afwijking.KLEURPROFIEL}


def test_a_page_at_another_size_on_paper_is_found() -> None:
    pagina = small("jpeg")
    assert Afwijking.MAAT in afwijkingen(check(build_archief([replace(pagina, dpi=72)]), [pagina]))


@pytest.mark.parametrize(
    ("inhoud", "gelijk"),
    [
        (b"2 J 0.5 w BT 3 Tr /F 11 Tf 90 200 Td (tekst) Tj ET", True),
        (b"BT 0 Tr /F 11 Tf 90 200 Td (tekst) Tj ET", False),
        (b"0 0 40 40 re f", False),
        (b"q 30 0 0 30 0 0 cm /I0 Do Q", False),
        (b"/V Do", False),
    ],
)
def test_a_form_may_hold_text_that_is_not_painted_and_nothing_else(inhoud: bytes, gelijk: bool) -> None:
    pagina = small("jpeg_grijs")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        bronnen = pdf.pages[0].obj.Resources
        vorm = pdf.make_stream(inhoud, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 420, 600]))
        vorm.Resources = Dictionary(Font=bronnen.Font, XObject=Dictionary(I0=bronnen.XObject.I0, V=vorm))
        bronnen.XObject.V = vorm
        pdf.pages[0].contents_add(b"q /V Do Q")
        bestand = save(pdf)
    assert check(bestand, [pagina]).gelijk is gelijk


def test_a_page_as_large_as_a_house_is_refused_without_rendering_it() -> None:
    pagina = small("jpeg_grijs")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        pdf.pages[0].obj.MediaBox = Array([0, 0, 14000, 14000])
        bestand = save(pdf)
    (verdict,) = check(bestand, [pagina]).paginas
    assert verdict.verschil_pdfium is None
    assert not verdict.gelijk


@pytest.mark.parametrize("sleutel", ["/OCProperties", "/AcroForm"])
def test_a_file_with_layers_or_a_form_is_found(sleutel: str) -> None:
    pagina = small("jpeg_grijs")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        pdf.Root[sleutel] = Dictionary(OCGs=Array(), D=Dictionary(), Fields=Array())
        bestand = save(pdf)
    assert not check(bestand, [pagina]).gelijk


def test_a_strip_out_of_place_is_found() -> None:
    pagina = small("g4_strips")
    with pikepdf.open(io.BytesIO(build_archief([pagina]))) as pdf:
        beelden = pdf.pages[0].obj.Resources.XObject
        beelden.I1, beelden.I2 = beelden.I2, beelden.I1
        bestand = save(pdf)
    assert not check(bestand, [pagina]).gelijk


# --- damaged files and missing programs ------------------------------------------------------------------------------


@pytest.mark.parametrize("inhoud", [b"", b"%PDF-1.7\n", b"geen pdf"])
def test_what_is_no_pdf_is_unreadable(inhoud: bytes) -> None:
    oordeel = check(inhoud, [small("jpeg_grijs")])
    assert not oordeel.gelijk
    assert afwijkingen(oordeel) == {Afwijking.ONLEESBAAR}


def test_a_file_that_had_to_be_repaired_is_not_equal() -> None:
    pagina = small("jpeg_grijs")
    heel = build_archief([pagina])
    for afgeknipt in (2, 7, 15, 40):
        assert not check(heel[:-afgeknipt], [pagina]).gelijk


def test_a_file_without_pages_or_without_expected_pages_is_not_equal() -> None:
    pagina = small("jpeg_grijs")
    assert not check(build_archief([pagina]), []).gelijk
    assert not check(build_archief([]), [pagina]).gelijk


def test_without_poppler_there_is_no_verdict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    pagina = small("jpeg_grijs")
    with pytest.raises(GereedschapError, match="poppler"):
        check(build_archief([pagina]), [pagina])


def test_the_descriptor_stays_open_and_is_only_read(tmp_path: Path) -> None:
    pagina = small("jpeg_grijs")
    pad = tmp_path / "archief.pdf"
    pad.write_bytes(build_archief([pagina]))
    with pad.open("rb") as bestand:
        assert check_getrouwheid(bestand.fileno(), [pagina.verwacht()]).gelijk
        assert check_getrouwheid(bestand.fileno(), [pagina.verwacht()]).gelijk


# --- pages that are not scans ----------------------------------------------------------------------------------------


def _born_digital(tekst: str) -> bytes:
    with pikepdf.Pdf.new() as pdf:
        blad = pdf.add_blank_page(page_size=(300, 400))
        lettertype = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        blad.obj.Resources = Dictionary(Font=Dictionary(F=lettertype))
        blad.obj.Contents = pdf.make_stream(f"BT /F 20 Tf 40 300 Td ({tekst}) Tj ET".encode())
        return save(pdf)


def test_a_page_that_is_not_a_scan_must_look_like_its_source() -> None:
    bron = os.memfd_create("bron")
    try:
        os.write(bron, _born_digital("Bedrag 1300"))
        eis = Verwacht(geen_scan=True, bron_pdf=(bron, 1))
        assert check(_born_digital("Bedrag 1300"), [eis]).gelijk
        assert not check(_born_digital("Bedrag 1800"), [eis]).gelijk
    finally:
        os.close(bron)


# --- real scans ------------------------------------------------------------------------------------------------------


def _scans(gedeeld: Path) -> list[Proefpagina]:
    paden = sorted((gedeeld / "corpus" / "scans").glob("*.jpg"))
    return [read_scan(pad, 150 if pad.name.startswith("journaal") else 300) for pad in paden]


def test_the_real_scans_are_equal_and_far_below_the_bound(gedeeld: Path) -> None:
    scans = _scans(gedeeld)[::3]
    oordeel = check(build_archief(scans), scans)
    assert oordeel.gelijk, oordeel.meldingen
    assert max(p.verschil_poppler or 0 for p in oordeel.paginas) <= GRENS


@pytest.mark.parametrize(
    "naam", ["verwisseld", "cijfer", "hergecomprimeerd", "bijgesneden", "kleurprofiel", "afgekapt"]
)
def test_a_fault_in_a_real_scan_is_found(gedeeld: Path, naam: str) -> None:
    scans = [_scans(gedeeld)[i] for i in (3, 12, 30)]
    assert not check(FOUTEN[naam](scans, random.Random(naam)), scans).gelijk


@pytest.mark.groot
def test_every_kind_of_fault_in_every_real_scan_is_found(gedeeld: Path) -> None:
    scans = _scans(gedeeld)
    for naam, fout in FOUTEN.items():
        for i in range(0, len(scans) - 1, 2):
            paginas = scans[i : i + 2]
            assert not check(fout(paginas, random.Random(i)), paginas).gelijk, (naam, i)


# --- memory ----------------------------------------------------------------------------------------------------------

MEET_GEHEUGEN = """
import io, resource, sys
from PIL import Image
from kwaliteitscontrole.getrouwheid import Verwacht, check_getrouwheid

def decode():
    beeld = Image.open(io.BytesIO(stroom))
    beeld.load()
    return beeld

pad, stroompad, icc, aantal = sys.argv[1:]
stroom = open(stroompad, "rb").read()
icc = open(icc, "rb").read() if icc else None
eisen = (
    Verwacht(beeld=decode, stromen=(bytes(stroom),), icc=icc, dpi=150, stroom_is_bron=True) for _ in range(int(aantal))
)
with open(pad, "rb") as bestand:
    assert check_getrouwheid(bestand.fileno(), eisen).gelijk
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("icc", [None, ADOBE_ACHTIG])
def test_memory_does_not_grow_with_the_number_of_pages(tmp_path: Path, icc: bytes | None) -> None:
    """Both parsers keep what they read unless they are told not to: 60 pages more, of 0.4 MB each, would be 24 MB."""
    pagina = build_pagina("jpeg", 1, maat=(1240, 1754), dpi=150, icc=icc)
    stroompad, iccpad = tmp_path / "stroom.jpg", tmp_path / "profiel.icc"
    stroompad.write_bytes(pagina.stromen[0])
    iccpad.write_bytes(icc or b"")
    pieken = []
    for aantal in (12, 72):
        pad = tmp_path / f"{aantal}.pdf"
        pad.write_bytes(build_archief([pagina] * aantal))
        opdracht = [
            sys.executable,
            "-c",
            MEET_GEHEUGEN,
            str(pad),
            str(stroompad),
            str(iccpad) if icc else "",
            str(aantal),
        ]
        uitvoer = subprocess.run(opdracht, check=True, capture_output=True, cwd=WORTEL, text=True).stdout
        pieken.append(int(uitvoer))
    assert pieken[1] - pieken[0] < 10, pieken
