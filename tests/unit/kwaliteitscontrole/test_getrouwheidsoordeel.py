"""The verdict fails closed, and the measure behind it sees what it must."""

from __future__ import annotations

import json

import pytest
from PIL import Image, ImageDraw

from kwaliteitscontrole.getrouwheid import GRENS, Afwijking, Getrouwheidsoordeel, Paginaoordeel, Verwacht
from kwaliteitscontrole.getrouwheidsoordeel import TEKSTEN
from kwaliteitscontrole.weergave import measure_verschil

GOED = Paginaoordeel(1, (), "stroom", verschil_pdfium=GRENS, verschil_poppler=0)


def test_an_equal_page_is_equal() -> None:
    assert GOED.gelijk
    assert Getrouwheidsoordeel(1, 1, (GOED,)).gelijk


@pytest.mark.parametrize(
    "pagina",
    [
        Paginaoordeel(1, (Afwijking.DRAAI,), "stroom", 0, 0),
        Paginaoordeel(1, (), "stroom", None, 0),
        Paginaoordeel(1, (), "stroom", 0, None),
        Paginaoordeel(1, (), "stroom", GRENS + 1, 0),
        Paginaoordeel(1, (), "stroom", 0, GRENS + 1),
    ],
)
def test_a_page_with_one_thing_wrong_or_unknown_is_not_equal(pagina: Paginaoordeel) -> None:
    assert not pagina.gelijk
    assert pagina.melding
    assert not Getrouwheidsoordeel(1, 1, (pagina,)).gelijk


@pytest.mark.parametrize(
    ("verwacht", "gevonden", "paginas"), [(0, 0, ()), (2, 1, (GOED,)), (1, 2, (GOED,)), (1, 1, ())]
)
def test_counts_that_do_not_agree_are_never_equal(
    verwacht: int, gevonden: int, paginas: tuple[Paginaoordeel, ...]
) -> None:
    assert not Getrouwheidsoordeel(verwacht, gevonden, paginas).gelijk


def test_a_verdict_survives_json() -> None:
    oordeel = Getrouwheidsoordeel(2, 2, (GOED, Paginaoordeel(2, (Afwijking.UITSNEDE, Afwijking.DRAAI), "beeldpunten")))
    assert Getrouwheidsoordeel.from_json(json.loads(json.dumps(oordeel.to_json()))) == oordeel


def test_every_deviation_has_words() -> None:
    assert set(TEKSTEN) == set(Afwijking)


def test_a_message_names_the_page_and_every_deviation() -> None:
    pagina = Paginaoordeel(7, (Afwijking.UITSNEDE, Afwijking.DRAAI), "stroom")
    assert pagina.melding == "Pagina 7 toont niet het hele beeld; is anders gedraaid dan is vastgelegd."


@pytest.mark.parametrize("draai", [45, -90, 360])
def test_a_turn_that_is_no_quarter_is_refused(draai: int) -> None:
    with pytest.raises(ValueError, match="turn"):
        Verwacht(beeld=lambda: Image.new("L", (1, 1)), draai_graden=draai)


def test_equal_pictures_differ_by_nothing() -> None:
    beeld = Image.effect_noise((200, 300), 60).convert("RGB")
    assert measure_verschil(beeld, beeld.copy()) == 0


def test_pictures_of_different_size_differ_by_everything() -> None:
    assert measure_verschil(Image.new("RGB", (10, 10)), Image.new("RGB", (10, 11))) == 255


def test_a_faint_stroke_of_a_pen_differs_by_more_than_the_bound() -> None:
    """0.25 mm wide, 1.5 mm high, 30 levels from its paper, at 150 dpi: wherever it falls on the tiles."""
    papier = Image.new("RGB", (64, 64), (220, 214, 200))
    for x in range(20, 24):
        for y in range(20, 24):
            met = papier.copy()
            ImageDraw.Draw(met).rectangle((x, y, x, y + 8), fill=(190, 184, 170))
            ImageDraw.Draw(met).rectangle((x + 1, y, x + 1, y + 8), fill=(205, 199, 185))  # half a pixel
            assert measure_verschil(met, papier) > GRENS


def test_another_colour_of_the_same_lightness_is_seen() -> None:
    een, ander = Image.new("RGB", (64, 64), (200, 90, 90)), Image.new("RGB", (64, 64), (90, 146, 90))
    assert abs(een.convert("L").getpixel((0, 0)) - ander.convert("L").getpixel((0, 0))) <= 1  # type: ignore[operator]
    assert measure_verschil(een, ander) > 50
