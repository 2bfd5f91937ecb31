"""Each measurement against pages whose answer is known, and the findings against generated faults."""

from __future__ import annotations

import itertools
import json
import math
import random
from functools import lru_cache

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from kwaliteitscontrole import beeld as meten
from kwaliteitscontrole.beeld import Beeldgrenzen, Blanco, Kleurmodus, Metingen, check_blanco, find_bevindingen
from kwaliteitscontrole.errors import BeeldError

DPI = 150
A5 = (874, 1240)  # px at 150 dpi
GRENZEN = Beeldgrenzen()


def draw_papier(wit: int = 238, *, korrel: float = 3.0, maat: tuple[int, int] = A5, zaad: int = 1) -> Image.Image:
    """Return a blank sheet with the grain that paper has."""
    toeval = np.random.default_rng(zaad)
    return Image.fromarray(np.clip(toeval.normal(wit, korrel, maat[::-1]), 0, 255).astype(np.uint8))


def draw_regels(
    papier: Image.Image, *, donker: float = 0.7, regels: int = 22, letter: int = 24, dpi: int = DPI
) -> Image.Image:
    """Return the sheet with lines of words on it; `donker` is how much of the light the ink takes."""
    toeval = random.Random(4)
    masker = Image.new("L", papier.size, 0)
    pen, soort = ImageDraw.Draw(masker), ImageFont.load_default(letter)
    rand = round(0.6 * dpi)
    for regel in range(regels):
        y = rand + regel * letter * 1.7
        woorden = " ".join("".join(toeval.choices("adefhiklmnorstuvwz", k=toeval.randint(2, 9))) for _ in range(7))
        pen.text((rand, y), woorden, fill=round(255 * donker), font=soort)
    return ImageChops.multiply(papier, ImageChops.invert(masker))


def turn(beeld: Image.Image, graden: float, vulling: int = 238) -> Image.Image:
    """Turn clockwise."""
    return beeld.rotate(-graden, Image.Resampling.BICUBIC, fillcolor=vulling)


def codes(beeld: Image.Image, *, dpi: float = DPI, grenzen: Beeldgrenzen = GRENZEN) -> set[str]:
    soepel = Beeldgrenzen(**{**grenzen.__dict__, "minimale_dpi": 100})
    return {b.code for b in find_bevindingen(meten.measure_beeld(beeld, dpi=dpi), grenzen=soepel)}


def blanco(beeld: Image.Image, *, dpi: float = DPI) -> Blanco:
    return check_blanco(meten.measure_beeld(beeld, dpi=dpi), GRENZEN)


TEKST = draw_regels(draw_papier())


# --- a good page, and the value itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("wit", [255, 238, 200, 150])
def test_a_good_page_has_no_findings_on_any_paper(wit: int) -> None:
    assert codes(draw_regels(draw_papier(wit))) == set()


def test_a_good_page_in_black_and_white_has_no_findings() -> None:
    assert codes(TEKST.point(lambda w: 255 if w > 128 else 0).convert("1", dither=Image.Dither.NONE)) == set()


def test_measurements_survive_json() -> None:
    metingen = meten.measure_beeld(TEKST, dpi=DPI)
    assert Metingen.from_json(json.loads(json.dumps(metingen.to_json()))) == metingen


def test_all_at_once_gives_what_each_function_gives() -> None:
    kleur = Image.merge("RGB", (TEKST, TEKST, TEKST))
    metingen = meten.measure_beeld(kleur, dpi=DPI, grijs=TEKST)
    assert metingen.inktdekking == meten.measure_inktdekking(TEKST, dpi=DPI)
    assert metingen.zwakke_dekking == meten.measure_zwakke_dekking(TEKST, dpi=DPI)
    assert metingen.scheefstand_graden == meten.measure_scheefstand(TEKST, dpi=DPI)
    assert metingen.contrast == meten.measure_contrast(TEKST, dpi=DPI)
    assert metingen.scherpte == meten.measure_scherpte(TEKST, dpi=DPI)
    assert (metingen.uitbijting_wit, metingen.uitbijting_zwart) == meten.measure_uitbijting(TEKST, dpi=DPI)
    assert metingen.papierwit == meten.measure_papierwit(TEKST, dpi=DPI)
    assert metingen.kleuraandeel == meten.measure_kleuraandeel(kleur, dpi=DPI)


@pytest.mark.parametrize(("modus", "dpi"), [("RGBA", 150.0), ("I;16", 150.0), ("CMYK", 150.0), ("L", 0.0), ("L", -1.0)])
def test_what_cannot_be_measured_is_refused(modus: str, dpi: float) -> None:
    with pytest.raises(BeeldError):
        meten.measure_beeld(Image.new(modus, (400, 400)), dpi=dpi)


@pytest.mark.parametrize("maat", [(1, 1), (20, 900), (60, 60)])
def test_a_page_that_is_all_margin_is_refused(maat: tuple[int, int]) -> None:
    with pytest.raises(BeeldError):
        meten.measure_beeld(Image.new("L", maat, 255), dpi=150)


@pytest.mark.parametrize("dpi", [72, 100, 150, 200, 240, 300, 400, 600])
def test_every_usual_resolution_can_be_measured(dpi: int) -> None:
    maat = (round(4.1 * dpi), round(5.8 * dpi))
    beeld = draw_regels(draw_papier(maat=maat), letter=round(12 * dpi / 72), dpi=dpi, regels=12)
    metingen = meten.measure_beeld(beeld, dpi=dpi)
    assert check_blanco(metingen, GRENZEN) is Blanco.NEE
    assert metingen.scheefstand_graden == pytest.approx(0, abs=0.15)
    assert metingen.breedte_mm == pytest.approx(104, abs=1)


# --- size and colour -------------------------------------------------------------------------------------------------


def test_a_resolution_under_the_minimum_is_found() -> None:
    metingen = meten.measure_beeld(TEKST, dpi=150)
    assert {b.code for b in find_bevindingen(metingen, grenzen=GRENZEN)} == {"lage_resolutie"}


def test_an_impossible_size_on_paper_is_found() -> None:
    metingen = meten.measure_beeld(TEKST, dpi=24)
    assert "vreemde_maat" in {b.code for b in find_bevindingen(metingen, grenzen=GRENZEN)}


def test_the_colour_of_paper_is_no_colour_on_the_page() -> None:
    geel = Image.merge("RGB", (TEKST, TEKST.point(lambda w: w * 0.95), TEKST.point(lambda w: w * 0.75)))
    assert meten.measure_kleurmodus(geel) is Kleurmodus.KLEUR
    assert meten.measure_kleuraandeel(geel, dpi=DPI) < 0.01


def test_a_stamp_is_colour_on_the_page() -> None:
    kleur = Image.merge("RGB", (TEKST, TEKST, TEKST))
    ImageDraw.Draw(kleur).ellipse((500, 900, 700, 1000), outline=(190, 40, 60), width=8)
    assert meten.measure_kleuraandeel(kleur, dpi=DPI) > 0.001


# --- blank -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wit", [255, 247, 220, 165])
@pytest.mark.parametrize("korrel", [0.0, 2.0, 5.0])
def test_a_blank_sheet_is_blank_on_any_paper(wit: int, korrel: float) -> None:
    papier = draw_papier(wit, korrel=korrel)
    assert blanco(papier) is Blanco.JA
    assert codes(papier) == {"blanco"}


def test_punch_holes_and_dark_edges_do_not_make_a_page() -> None:
    papier = draw_papier()
    pen = ImageDraw.Draw(papier)
    for y in (380, 850):
        pen.ellipse((53, y, 88, y + 35), fill=20)  # 6 mm, 12 mm from the edge
    pen.rectangle((0, 0, 873, 40), fill=25)
    pen.polygon([(873, 0), (830, 0), (860, 1240), (873, 1240)], fill=35)
    assert blanco(papier.filter(ImageFilter.GaussianBlur(1))) is Blanco.JA


def test_dust_does_not_make_a_page() -> None:
    papier = draw_papier()
    pen, toeval = ImageDraw.Draw(papier), random.Random(3)
    for _ in range(50):
        x, y = toeval.randint(40, 830), toeval.randint(40, 1190)
        pen.ellipse((x, y, x + 1, y + 1), fill=70)
    assert blanco(papier) is Blanco.JA


def test_uneven_light_does_not_make_a_page() -> None:
    verloop = np.linspace(0.75, 1, A5[0])
    papier = Image.fromarray((np.asarray(draw_papier()) * verloop).astype(np.uint8))
    assert blanco(papier) is Blanco.JA


@pytest.mark.parametrize("donker", [0.1, 0.14])
def test_show_through_of_the_other_side_is_blank_with_doubt(donker: float) -> None:
    achter = draw_regels(draw_papier(255, korrel=0), donker=donker).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    doorschijn = ImageChops.multiply(draw_papier(), achter.filter(ImageFilter.GaussianBlur(1)))
    assert blanco(doorschijn) is Blanco.TWIJFEL
    assert codes(doorschijn) == {"blanco"}


@pytest.mark.parametrize("donker", [0.25, 0.35])
def test_a_page_in_faint_pencil_is_not_blank(donker: float) -> None:
    assert blanco(draw_regels(draw_papier(), donker=donker)) is Blanco.NEE


def test_one_digit_is_not_blank() -> None:
    papier = draw_papier()
    ImageDraw.Draw(papier).text((430, 1140), "3", fill=50, font=ImageFont.load_default(22))
    assert blanco(papier) is Blanco.NEE


def test_a_photo_without_text_is_not_blank() -> None:
    papier = draw_papier()
    ImageDraw.Draw(papier).rectangle((60, 60, 810, 1180), fill=60)
    assert blanco(papier) is Blanco.NEE


def test_a_page_that_is_dark_all_over_is_not_blank_but_dark() -> None:
    assert blanco(draw_papier(40)) is Blanco.NEE
    assert codes(draw_papier(40)) == {"te_donker"}


def test_a_stroke_of_a_marker_is_at_least_a_doubt() -> None:
    papier = draw_papier()
    kleur = Image.merge("RGB", (papier, papier, papier))
    ImageDraw.Draw(kleur).rectangle((200, 300, 500, 325), fill=(250, 245, 120))
    assert blanco(kleur) is not Blanco.JA


# --- skew ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("graden", [-5.0, -3.3, -1.0, -0.4, 0.0, 0.2, 0.7, 1.5, 2.9, 4.2, 5.0])
def test_skew_is_good_to_a_tenth_of_a_degree_and_clockwise_is_positive(graden: float) -> None:
    assert meten.measure_scheefstand(turn(TEKST, graden), dpi=DPI) == pytest.approx(graden, abs=0.1)


@pytest.mark.parametrize("kwart", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270])
@pytest.mark.parametrize("graden", [-2.0, 1.0])
def test_a_page_on_its_side_is_measured_too(kwart: Image.Transpose, graden: float) -> None:
    beeld = turn(TEKST.transpose(kwart), graden)
    assert meten.measure_scheefstand(beeld, dpi=DPI) == pytest.approx(graden, abs=0.15)


def test_a_page_without_lines_has_no_skew() -> None:
    assert meten.measure_scheefstand(draw_papier(), dpi=DPI) is None
    spikkels = draw_papier()
    pen, toeval = ImageDraw.Draw(spikkels), random.Random(5)
    for _ in range(400):
        x, y = toeval.randint(40, 820), toeval.randint(40, 1180)
        pen.ellipse((x, y, x + 9, y + 9), fill=40)
    assert meten.measure_scheefstand(spikkels, dpi=DPI) is None


def test_skew_beyond_the_limit_is_found_and_said_in_dutch() -> None:
    metingen = meten.measure_beeld(turn(TEKST, 4), dpi=300)
    (bevinding,) = find_bevindingen(metingen, grenzen=GRENZEN)
    assert bevinding.code == "scheef"
    assert "4,0 graden scheef" in bevinding.tekst


# --- sharpness, contrast, clipping -----------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def draw_scherp(dpi: int) -> Image.Image:
    """Return text as a sharp scanner sees it at `dpi`: drawn at 600 dpi, blurred by its optics, reduced."""
    fijn = draw_regels(draw_papier(maat=(1800, 1500), korrel=0), letter=100, dpi=600, regels=5)
    return fijn.filter(ImageFilter.GaussianBlur(2)).reduce(600 // dpi)


def test_sharpness_does_not_depend_on_resolution_or_contrast() -> None:
    maten = [meten.measure_scherpte(draw_scherp(dpi), dpi=dpi) for dpi in (200, 300)]
    assert all(maat is not None for maat in maten)
    assert maten[0] == pytest.approx(maten[1], rel=0.25)
    flets = draw_scherp(300).point(lambda w: 120 + w * 0.4)
    assert meten.measure_scherpte(flets, dpi=300) == pytest.approx(maten[1], rel=0.15)


def test_the_more_blur_the_less_sharp() -> None:
    maten = [meten.measure_scherpte(draw_scherp(300).filter(ImageFilter.GaussianBlur(s)), dpi=300) for s in range(5)]
    assert all(een is not None and ander is not None and een > ander for een, ander in itertools.pairwise(maten))


@pytest.mark.parametrize("straal", [2.5, 4])
def test_a_blurred_page_is_found(straal: float) -> None:
    assert codes(draw_scherp(300).filter(ImageFilter.GaussianBlur(straal)), dpi=300) == {"onscherp"}


@pytest.mark.parametrize("as_", [0, 1])
def test_paper_that_jerked_in_the_feeder_is_found(as_: int) -> None:
    punten = np.asarray(draw_scherp(300)).astype(np.float32)
    bewogen = sum(np.roll(punten, stap, axis=as_) for stap in range(-6, 7)) / 13
    assert "onscherp" in codes(Image.fromarray(np.asarray(bewogen).astype(np.uint8)), dpi=300)


@pytest.mark.parametrize(("donker", "verwacht"), [(0.3, 0.28), (0.5, 0.47), (0.8, 0.75)])
def test_contrast_is_paper_minus_ink(donker: float, verwacht: float) -> None:
    beeld = draw_regels(draw_papier(korrel=0), donker=donker, letter=60, regels=6)
    assert meten.measure_contrast(beeld, dpi=DPI) == pytest.approx(verwacht, abs=0.03)


def test_a_faded_page_is_found() -> None:
    assert codes(draw_regels(draw_papier(), donker=0.2)) == {"weinig_contrast"}


def test_a_page_of_hardly_visible_text_with_one_dark_spot_is_found() -> None:
    flets = draw_regels(draw_papier(korrel=1), donker=0.12)
    ImageDraw.Draw(flets).rectangle((400, 600, 408, 606), fill=60)
    assert blanco(flets) is Blanco.NEE
    assert codes(flets) == {"weinig_contrast"}


def test_an_overexposed_page_is_found_but_white_paper_is_not() -> None:
    assert codes(draw_regels(draw_papier(255, korrel=0))) == set()
    grijs_schrift = draw_regels(draw_papier(170), donker=0.45)
    assert "uitgebeten" in codes(grijs_schrift.point(lambda w: min(255, w * 1.7)))


def test_an_underexposed_page_is_found() -> None:
    assert "te_donker" in codes(TEKST.point(lambda w: w * 0.3))


def test_clipping_counts_what_is_wholly_white_and_wholly_black() -> None:
    half = Image.new("L", (600, 600), 128)
    half.paste(255, (0, 0, 300, 600))
    half.paste(0, (300, 300, 600, 600))
    wit, zwart = meten.measure_uitbijting(half, dpi=100)
    assert wit == pytest.approx(0.5, abs=0.01)
    assert zwart == pytest.approx(0.25, abs=0.01)


def test_every_finding_says_what_to_do() -> None:
    fouten = [turn(TEKST, 6), TEKST.filter(ImageFilter.GaussianBlur(4)), draw_papier(), TEKST.point(lambda w: w * 0.3)]
    for fout in fouten:
        for bevinding in find_bevindingen(meten.measure_beeld(fout, dpi=72), grenzen=GRENZEN):
            assert bevinding.tekst.endswith(".")
            assert bevinding.vervangbaar


def test_no_measurement_is_nan() -> None:
    toeval = np.random.default_rng(0)
    for beeld in (toeval.integers(0, 256, (700, 500)), np.zeros((700, 500)), np.full((700, 500), 255)):
        for waarde in meten.measure_beeld(Image.fromarray(beeld.astype(np.uint8)), dpi=100).to_json().values():
            assert not isinstance(waarde, float) or math.isfinite(waarde)
