"""The invisible text: where its words go, and a font that is a font."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanstraat.ocrpagina import Regel, Woord
from scanstraat.tekstlaag import (
    KOLOMAFSTAND,
    KRAPSTE_REGEL,
    build_glyphless_font,
    build_text,
    find_basislijn,
    find_kolommen,
    find_krimp,
    find_letters,
)


def build_regel(x: int, y: int, tekst: str = "een twee drie", *, helling: int = 0, breedte: int = 300) -> Regel:
    delen = tekst.split()
    stap = breedte // len(delen)
    woorden = tuple(
        Woord(deel, (x + i * stap, y, x + (i + 1) * stap - 10, y + 30), 90.0) for i, deel in enumerate(delen)
    )
    return Regel((x, y, x + breedte, y + 30), (x, y + 25, x + breedte, y + 25 + helling), woorden)


def placed(uit: bytes) -> list[tuple[str, tuple[float, ...]]]:
    """Return every word with the matrix it is drawn with."""
    gevonden = re.findall(rb"([-\d. ]+) Tm <([0-9a-f]*)0020> Tj", uit)
    return [
        (bytes.fromhex(code.decode()).decode("utf-16-be"), tuple(float(getal) for getal in matrix.split()[-6:]))
        for matrix, code in gevonden
    ]


def test_words_stand_in_reading_order_at_their_place_in_points() -> None:
    uit = build_text([build_regel(100, 200)], breedte_pt=500, hoogte_pt=700, punt_per_px=(0.5, 0.5), draai_graden=0)
    woorden = placed(uit)
    assert [woord for woord, _ in woorden] == ["een", "twee", "drie"]
    assert [matrix[4] for _, matrix in woorden] == [50, 100, 150]
    assert {matrix[5] for _, matrix in woorden} == {700 - 225 * 0.5}
    assert b"3 Tr" in uit, "the text is invisible"


def test_every_word_is_stretched_over_exactly_its_own_place() -> None:
    uit = build_text([build_regel(0, 0)], breedte_pt=500, hoogte_pt=700, punt_per_px=(1, 1), draai_graden=0).decode()
    letters = float(re.findall(r"/F ([\d.]+) Tf", uit)[0])
    for (rek, code), woord in zip(
        re.findall(r"([\d.]+) Tz .* <([0-9a-f]*)0020> Tj", uit), build_regel(0, 0).woorden, strict=True
    ):
        breedte = float(rek) / 100 * len(code) / 4 * letters / 2
        assert breedte == pytest.approx(woord.kader[2] - woord.kader[0], rel=1e-3)


def test_a_page_without_words_has_no_text_layer() -> None:
    assert build_text([], breedte_pt=1, hoogte_pt=1, punt_per_px=(1, 1), draai_graden=0) == b""


@pytest.mark.parametrize(("draai", "verwacht"), [(0, (50, 600)), (90, (100, 50)), (180, (450, 100)), (270, (400, 650))])
def test_text_of_a_turned_page_is_laid_where_the_stored_image_has_it(draai: int, verwacht: tuple[int, int]) -> None:
    regel = Regel((50, 90, 80, 105), (50, 100, 80, 100), (Woord("x", (50, 90, 80, 105), 90.0),))
    uit = build_text([regel], breedte_pt=500, hoogte_pt=700, punt_per_px=(1, 1), draai_graden=draai)
    (_, (_, _, _, _, x, y)) = placed(uit)[0]
    cm = re.match(rb"q ([-\d. ]+) cm", uit)
    a, b, c, d, e, f = (float(getal) for getal in cm[1].split()) if cm else (1, 0, 0, 1, 0, 0)
    assert (a * x + c * y + e, b * x + d * y + f) == pytest.approx(verwacht)


def test_a_line_that_hardly_rises_is_level_and_a_steep_one_keeps_its_slope() -> None:
    assert find_basislijn(build_regel(0, 100, helling=10)) == (130.0, 0.0)
    y, helling = find_basislijn(build_regel(0, 100, helling=90))
    assert y == 125
    assert helling == pytest.approx(0.3)
    staand = replace(build_regel(0, 100), basislijn=(0, 0, 1, 300))
    assert find_basislijn(staand) == (130.0, 0.0)


def test_letters_grow_with_the_distance_between_lines_within_bounds() -> None:
    assert find_letters([build_regel(0, 100)]) == 1.5 * 30
    assert find_letters([build_regel(0, y) for y in (100, 140, 180)]) == 1.5 * 30
    assert find_letters([build_regel(0, y) for y in (100, 175, 250)]) == pytest.approx(0.7 * 75)
    assert find_letters([build_regel(0, y) for y in (100, 300, 500)]) == 2.0 * 30


def test_columns_begin_where_the_reading_order_jumps_up() -> None:
    regels = [build_regel(x, y) for x in (0, 400) for y in (100, 160, 220)]
    assert find_kolommen(regels) == [0, 0, 0, 1, 1, 1]
    assert find_kolommen(regels[:2]) == [0, 0]


def test_columns_that_nearly_touch_are_kept_apart() -> None:
    regels = [build_regel(x, y) for x in (0, 310) for y in (100, 160, 220)]
    krimp = find_krimp(regels, 20)
    assert krimp[:3] == [pytest.approx((310 - KOLOMAFSTAND * 20) / 300)] * 3
    assert krimp[3:] == [1.0] * 3
    assert find_krimp(regels[:3], 20) == [1.0] * 3, "one column is never narrowed"


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3000), st.integers(1, 900)), max_size=30), st.floats(1, 90)
)
def test_no_line_is_narrowed_beyond_what_a_reader_would_notice(
    plaatsen: list[tuple[int, int, int]], letters: float
) -> None:
    regels = [build_regel(x, y, "woord", breedte=breedte) for x, y, breedte in plaatsen]
    assert all(KRAPSTE_REGEL <= krimp <= 1 for krimp in find_krimp(regels, letters))


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=20))
def test_any_text_comes_back_from_the_drawn_codes(tekst: str) -> None:
    regel = Regel((0, 0, 90, 30), (0, 25, 90, 25), (Woord(tekst, (0, 0, 90, 30), 90.0),))
    uit = build_text([regel], breedte_pt=100, hoogte_pt=100, punt_per_px=(1, 1), draai_graden=0)
    assert placed(uit)[0][0] == tekst


def test_the_font_is_a_truetype_font_with_right_checksums() -> None:
    font = build_glyphless_font()
    assert len(font) < 1000
    (aantal,) = struct.unpack(">H", font[4:6])
    namen = []
    for i in range(aantal):
        naam, som, plaats, lengte = struct.unpack(">4sIII", font[12 + 16 * i : 28 + 16 * i])
        tabel = font[plaats : plaats + lengte]
        if naam == b"head":
            tabel = tabel[:8] + b"\0\0\0\0" + tabel[12:]
        gevuld = tabel + b"\0" * (-lengte % 4)
        assert sum(struct.unpack(f">{len(gevuld) // 4}I", gevuld)) % 2**32 == som
        namen.append(naam)
    assert namen == sorted(namen)
    assert sum(struct.unpack(f">{len(font) // 4}I", font)) % 2**32 == 0xB1B0AFBA
