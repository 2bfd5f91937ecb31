"""Scheidingsbladen survive the scanner: printed, bent out of shape, and read back."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from typer.testing import CliRunner

from kwaliteitscontrole.verapdf import Verapdf
from scanstraat.cli import app
from scanstraat.drukwerk import measure_code_mm
from scanstraat.errors import ScheidingsbladError
from scanstraat.intake.codes import Code, find_codes
from scanstraat.scheidingsblad import render_scheidingsblad_beelden, render_scheidingsbladen
from scanstraat.scheidingscode import Bladsoort, Scheidingsblad, build_code, parse_code

BLADEN = (
    Scheidingsblad(
        Bladsoort.BATCHBLAD, batch="ochtendpost", bladen=12, scanoperator="S. van Bedachten", profiel="standaard"
    ),
    Scheidingsblad(Bladsoort.DOCUMENTBLAD, zaak="ZAAK-2026-000123", bladen=3),
    Scheidingsblad(Bladsoort.DOCUMENTBLAD, zaak="gemeente/voorbeeld/2026/zaak_00001234567", bladen=1),
    Scheidingsblad(Bladsoort.BIJLAGEBLAD),
    Scheidingsblad(Bladsoort.EINDBLAD),
)
DPI = 200
# WeasyPrint leaves the file of its colour profile to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def spoil(druk: Image.Image, kans: random.Random) -> Image.Image:
    """Scan a sheet badly: askew, turned, blurred, pale, noisy, and half of the times in black and white."""
    beeld = druk.rotate(kans.uniform(-4, 4), Image.Resampling.BILINEAR, fillcolor=255)
    beeld = beeld.rotate(kans.choice((0, 90, 180, 270)), expand=True)
    beeld = beeld.filter(ImageFilter.GaussianBlur(kans.uniform(0, 1.3)))
    inkt, bereik = kans.uniform(0, 40), 255 * kans.uniform(0.55, 0.84)  # grey of the ink, and from there to the paper
    pixels = np.asarray(beeld, dtype=np.float32) * (bereik / 255) + inkt
    veld = (
        make_noise()
    )  # one large field, looked at from elsewhere every time: drawing it costs more than reading codes
    begin = kans.randrange(veld.size - pixels.size)
    pixels += veld[begin : begin + pixels.size].reshape(pixels.shape) * kans.uniform(0, 14)
    grijs = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if kans.random() < 0.5:
        drempel = round(inkt + bereik * kans.uniform(0.35, 0.7))  # between ink and paper, as a scanner sets it
        grijs = grijs.point([0] * drempel + [255] * (256 - drempel))
    return grijs


@lru_cache(maxsize=1)
def make_noise() -> NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal(12_000_000, dtype=np.float32)


def teksten(codes: Sequence[Code]) -> set[str]:
    """What can be read; of the two codes on a sheet one may stay unreadable."""
    return {code.tekst for code in codes if code.leesbaar}


def test_every_badly_scanned_sheet_of_25_mm_at_200_dpi_is_read(groot: bool) -> None:
    drukken = [beeld.convert("L") for beeld in render_scheidingsblad_beelden(BLADEN, dpi=DPI)]
    gemist = []
    for seed in range(1000 if groot else 200):
        blad = BLADEN[seed % len(BLADEN)]
        codes = find_codes(spoil(drukken[seed % len(BLADEN)], random.Random(seed)))
        if teksten(codes) != {build_code(blad)}:
            gemist.append((seed, blad.soort, teksten(codes)))
    assert gemist == []


def test_at_300_dpi_the_first_look_at_half_size_is_enough() -> None:
    drukken = [beeld.convert("L") for beeld in render_scheidingsblad_beelden(BLADEN)]
    for seed, (blad, druk) in enumerate(zip(BLADEN, drukken, strict=True)):
        codes = find_codes(spoil(druk, random.Random(seed)).reduce(2))
        assert teksten(codes) == {build_code(blad)}


@pytest.mark.parametrize("graden", [0, 90, 180, 270])
def test_both_codes_are_found_with_their_place_and_turn(graden: int) -> None:
    druk = render_scheidingsblad_beelden(BLADEN[1:2])[0].convert("L")
    codes = find_codes(druk.rotate(-graden, expand=True))
    assert [code.hoek_graden for code in codes] == [graden, graden]
    assert {code.tekst for code in codes} == {build_code(BLADEN[1])}
    for code in codes:
        assert abs(code.plaats.breedte - 25 / 25.4 * 300) < 10  # 25 mm
    boven, onder = (code.plaats for code in codes)
    assert onder.y - boven.y > druk.width / 2 if graden % 180 else onder.y - boven.y > druk.height / 2


def test_one_code_is_enough_when_the_other_is_torn_off() -> None:
    druk = render_scheidingsblad_beelden(BLADEN[1:2])[0].convert("L")
    druk.paste(255, (0, 0, 500, 500))
    assert teksten(find_codes(druk)) == {build_code(BLADEN[1])}


def test_a_code_that_was_written_over_is_reported_as_unreadable() -> None:
    druk = render_scheidingsblad_beelden(BLADEN[1:2])[0].convert("L")
    onder, boven = (2044, 3070, 2340, 3366), (142, 142, 438, 438)
    for links, top, rechts, bodem in (onder, boven):  # the three large corners stay, what is between them goes
        druk.paste(90, (links + 100, top + 100, rechts, bodem))
    codes = find_codes(druk)
    assert codes
    assert not any(code.leesbaar for code in codes)


def test_codes_survive_json() -> None:
    codes = find_codes(render_scheidingsblad_beelden(BLADEN[:1])[0].convert("L"))
    assert tuple(Code.from_json(json.loads(json.dumps(code.to_json()))) for code in codes) == codes


def test_a_code_is_never_smaller_than_25_mm_and_grows_with_what_it_holds() -> None:
    assert measure_code_mm(21) == measure_code_mm(37) == 25.0
    assert measure_code_mm(49) == pytest.approx(33.1, abs=0.1)


def test_a_zaaknummer_of_40_characters_fits_in_25_mm_and_a_fuller_sheet_prints_larger() -> None:
    vol = Scheidingsblad(Bladsoort.BATCHBLAD, batch="é" * 40, bladen=9999, scanoperator="ü" * 40, profiel="ö" * 40)
    veertig = Scheidingsblad(Bladsoort.DOCUMENTBLAD, zaak="z" * 40, bladen=9999)
    groot_beeld, gewoon_beeld = (beeld.convert("L") for beeld in render_scheidingsblad_beelden([vol, veertig]))
    assert find_codes(gewoon_beeld)[0].plaats.breedte == pytest.approx(25 / 25.4 * 300, abs=4)
    for seed in range(5):
        codes = find_codes(spoil(groot_beeld, random.Random(seed)))
        assert [parse_code(code.tekst) for code in codes] == [vol, vol]


def test_the_text_for_people_is_dutch_and_complete() -> None:
    document = pypdfium2.PdfDocument(render_scheidingsbladen(BLADEN))
    tekst = [pagina.get_textpage().get_text_range() for pagina in document]
    assert len(tekst) == len(BLADEN)
    for deel in ("Batchblad", "ochtendpost", "12 (zonder scheidingsbladen)", "S. van Bedachten", "standaard"):
        assert deel in tekst[0]
    assert "ZAAK-2026-000123" in tekst[1]
    assert build_code(BLADEN[1]) in tekst[1]
    assert "zaak van het document" in tekst[3].replace("\r\n", " ")
    document.close()


def test_what_is_written_on_a_sheet_is_text_and_never_markup() -> None:
    blad = Scheidingsblad(Bladsoort.BATCHBLAD, batch='<img src="file:///etc/passwd">', scanoperator="$code & <b>")
    document = pypdfium2.PdfDocument(render_scheidingsbladen([blad]))
    tekst = document[0].get_textpage().get_text_range()
    document.close()
    assert "$code & <b>" in tekst
    assert parse_code(find_codes(render_scheidingsblad_beelden([blad])[0].convert("L"))[0].tekst) == blad


@pytest.mark.parametrize("aantal", [0, 2001])
def test_no_sheets_or_too_many_are_refused(aantal: int) -> None:
    with pytest.raises(ScheidingsbladError):
        render_scheidingsbladen([BLADEN[-1]] * aantal)


def test_the_pdf_is_an_archive_file_with_its_data_inside(verapdf_jar: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "vel.pdf"
    pdf.write_bytes(render_scheidingsbladen(BLADEN))
    with pikepdf.open(io.BytesIO(pdf.read_bytes())) as open_pdf:
        bijlage = json.loads(open_pdf.attachments["scheidingsbladen.json"].get_file().read_bytes())
    assert [blad["code"] for blad in bijlage["bladen"]] == [build_code(blad) for blad in BLADEN]
    with Verapdf(verapdf_jar, werkmap=tmp_path, leesmappen=[tmp_path]) as verapdf:
        assert verapdf.check_pdfa(pdf, profiel="3b").conform


# What the sheets of other products hold, rasterised as a scanner would: per page the texts on it.
VREEMD = {
    "barcode-39-asn-123.pdf": [["ASN00123"]],
    "barcode-128-asn-too-large.pdf": [["ASN4294967296"]],
    "barcode-qr-custom.pdf": [["CUSTOM BARCODE"]],
    "barcode-fax-image.pdf": [[], ["PATCHT"], []],
    "patch-code-t-middle-alpha.tiff": [[], ["PATCHT"], []],
    "patch-code-t-middle-fuzzy.pdf": [[], ["PATCHT"], []],
    "patch-code-t-middle-unreadable.pdf": [[], [], []],  # grey bars without a code: nobody can read it
    "patch-code-t-qr.pdf": [["PATCHT"]],
    "several-patcht-codes.pdf": [[], [], ["PATCHT"], [], [], ["PATCHT"], []],
    "split-by-asn-2.pdf": [
        ["ASN00123"], [], ["PATCHT"], [], ["ASN00124"], ["ASN00125"], [], [], ["ASN00126"], [], ["ASN00127"], [],
    ],
    "split-by-tag-mixed-asn.pdf": [
        ["ASN12345"], [], ["TAG:personal"], [], ["ASN13456"], [], ["TAG:business"], [],
    ],
}  # fmt: skip


@pytest.mark.parametrize("naam", VREEMD)
def test_sheets_of_other_products_are_read(gedeeld: Path, naam: str) -> None:
    paginas = _rasterise(gedeeld / "corpus" / "scheidingsbladen" / naam)
    assert [[code.tekst for code in find_codes(pagina)] for pagina in paginas] == VREEMD[naam]


def _rasterise(pad: Path) -> list[Image.Image]:
    if pad.suffix == ".pdf":
        document = pypdfium2.PdfDocument(pad)
        paginas = [pagina.render(scale=300 / 72).to_pil().convert("L") for pagina in document]
        document.close()
        return paginas
    paginas = []
    with Image.open(pad) as tiff:
        for n in range(getattr(tiff, "n_frames", 1)):
            tiff.seek(n)
            vel = tiff.convert("RGBA")
            paginas.append(Image.alpha_composite(Image.new("RGBA", vel.size, "white"), vel).convert("L"))
    return paginas


def test_real_scans_hold_no_codes_that_are_not_there(gedeeld: Path) -> None:
    for pad in sorted((gedeeld / "corpus" / "scans").glob("*.jpg"))[::4]:
        with Image.open(pad) as scan:
            assert find_codes(scan.convert("L")) == ()


@pytest.mark.parametrize(
    ("woorden", "bladen"),
    [
        (["ZAAK-2026-000123"], [Scheidingsblad(Bladsoort.DOCUMENTBLAD, zaak="ZAAK-2026-000123")]),
        (["--eindblad"], [Scheidingsblad(Bladsoort.EINDBLAD)]),
        (["--bijlage", "--bladen", "2"], [Scheidingsblad(Bladsoort.BIJLAGEBLAD, bladen=2)]),
        (["--batchblad", "--scanoperator", "jan"], [Scheidingsblad(Bladsoort.BATCHBLAD, scanoperator="jan")]),
        (
            [
                *("ZAAK-2026-000123", "--bladen", "3", "--eindblad", "--batch", "ochtendpost", "--bladen-batch", "12"),
                *("--profiel", "standaard", "--scanoperator", "S. van Bedachten"),
            ],
            [BLADEN[0], BLADEN[1], BLADEN[4]],
        ),
    ],
)
def test_every_kind_of_sheet_comes_out_of_the_command_in_the_order_of_the_stack(
    tmp_path: Path, woorden: list[str], bladen: list[Scheidingsblad]
) -> None:
    uit = tmp_path / "vel.pdf"
    uitslag = CliRunner().invoke(app, ["scheidingsbladen", *woorden, "-o", str(uit)])
    assert uitslag.exit_code == 0, uitslag.output
    with pypdfium2.PdfDocument(uit) as pdf:
        beelden = [pagina.render(scale=200 / 72).to_pil().convert("L") for pagina in pdf]
    gelezen = [{code.tekst for code in find_codes(beeld)} for beeld in beelden]
    assert gelezen == [{build_code(blad)} for blad in bladen]


@pytest.mark.parametrize(
    ("woorden", "zin"), [([], "Noem een zaaknummer"), (["--batchblad"], "Zeg wat er op het batchblad moet staan")]
)
def test_a_sheet_that_would_say_nothing_is_not_printed(tmp_path: Path, woorden: list[str], zin: str) -> None:
    uitslag = CliRunner().invoke(app, ["scheidingsbladen", *woorden, "-o", str(tmp_path / "vel.pdf")])
    assert uitslag.exit_code != 0 and zin in " ".join(uitslag.output.split())
    assert not (tmp_path / "vel.pdf").exists()
