"""What is read on a page as a value, and the decisions about reading again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from PIL import Image

from scanstraat.errors import InstellingError, InvoerError
from scanstraat.ocr import (
    OTSU,
    SAUVOLA,
    Motor,
    OcrMislukt,
    check_talen,
    find_leesrichting,
    kies_drempel,
    lines_from_table,
    ocr_schaal,
)
from scanstraat.ocrpagina import OcrPagina, Regel, Woord


def build_regels(zekerheid: float, woorden: int = 10, *, staand: bool = False) -> tuple[Regel, ...]:
    if staand:
        kaders = [(50, 40 * i, 70, 40 * i + 30) for i in range(woorden)]
    else:
        kaders = [(60 * i, 10, 60 * i + 50, 30) for i in range(woorden)]
    kader = (kaders[0][0], kaders[0][1], kaders[-1][2], kaders[-1][3])
    return (
        Regel(kader, (kader[0], kader[3], kader[2], kader[3]), tuple(Woord("woord", k, zekerheid) for k in kaders)),
    )


@dataclass
class Verteller(Motor):
    """An engine whose readings are told beforehand, per size of the image and threshold; it notes what it was asked."""

    lezingen: dict[tuple[int, int], tuple[Regel, ...]]  # (width, threshold)
    osd: tuple[int, float] | None = None
    gevraagd: list[tuple[tuple[int, int], int]] = field(default_factory=list)
    mislukt: bool = False

    def herken(self, grijs: Image.Image, dpi: float, drempel: int) -> tuple[Regel, ...]:
        self.gevraagd.append((grijs.size, drempel))
        if self.mislukt:
            raise OcrMislukt
        return self.lezingen.get((grijs.width, drempel), ())

    def orientatie(self, grijs: Image.Image, dpi: float) -> tuple[int, float] | None:
        return self.osd


def lees(motor: Motor, *, orientatie: bool = True, drempel: int = OTSU) -> OcrPagina:
    return motor.lees(bytes(30 * 20), 30, 20, 200, 1.0, orientatie=orientatie, drempel=drempel)


def test_a_page_that_reads_well_is_read_once() -> None:
    motor = Verteller({(30, OTSU): build_regels(90)})
    assert lees(motor).woordzekerheid == 90
    assert motor.gevraagd == [((30, 20), OTSU)]


def test_a_page_that_reads_badly_gets_a_second_try_and_the_better_one_counts() -> None:
    motor = Verteller({(30, OTSU): build_regels(50, 3), (30, SAUVOLA): build_regels(55, 9)})
    assert (lees(motor).woorden, len(motor.gevraagd)) == (9, 2)
    motor = Verteller({(30, OTSU): build_regels(50, 9), (30, SAUVOLA): build_regels(55, 3)})
    assert lees(motor).woorden == 9


@pytest.mark.parametrize(
    ("zekerheid", "pogingen"),
    [(90, [SAUVOLA]), (50, [SAUVOLA]), (30, [SAUVOLA, OTSU])],
)
def test_a_page_tried_with_sauvola_first_is_read_again_only_when_hardly_a_word_came_out(
    zekerheid: float, pogingen: list[int]
) -> None:
    motor = Verteller({(30, SAUVOLA): build_regels(zekerheid, 3), (30, OTSU): build_regels(60, 9)})
    pagina = lees(motor, drempel=SAUVOLA)
    assert [drempel for _, drempel in motor.gevraagd] == pogingen
    assert pagina.drempel == pogingen[-1]


def test_sauvola_goes_first_after_a_page_that_needed_it_and_still_read_badly() -> None:
    moeizaam = lees(Verteller({(30, OTSU): build_regels(30, 3), (30, SAUVOLA): build_regels(50, 9)}))
    goed = lees(Verteller({(30, OTSU): build_regels(30, 3), (30, SAUVOLA): build_regels(80, 9)}))
    slecht = lees(Verteller({(30, OTSU): build_regels(50, 9)}))
    assert [kies_drempel(vorige) for vorige in (None, moeizaam, goed, slecht)] == [OTSU, SAUVOLA, OTSU, OTSU]


def test_a_page_on_its_head_is_turned_only_when_that_reads_much_better() -> None:
    class Kantelend(Verteller):
        def herken(self, grijs: Image.Image, dpi: float, drempel: int) -> tuple[Regel, ...]:
            super().herken(grijs, dpi, drempel)
            return build_regels(20 if len(self.gevraagd) == 1 else self.goed, 20)

        goed = 88.0

    assert lees(Kantelend({}, osd=(180, 5.0))).draai_graden == 180
    twijfel = Kantelend({}, osd=(180, 5.0))
    twijfel.goed = 25.0
    assert lees(twijfel).draai_graden == 0
    assert lees(Kantelend({}, osd=(180, 0.1))).draai_graden == 0
    assert lees(Kantelend({}, osd=(180, 5.0)), orientatie=False).draai_graden == 0


def test_a_page_on_its_side_is_recognised_by_text_that_runs_down() -> None:
    motor = Verteller({(30, OTSU): build_regels(90, staand=True), (20, OTSU): build_regels(91)})
    pagina = lees(motor)
    assert (pagina.draai_graden, pagina.breedte_px, pagina.hoogte_px) == (270, 20, 30)


def test_a_page_tesseract_gives_up_on_goes_on_without_text() -> None:
    pagina = lees(Verteller({}, mislukt=True))
    assert (pagina.mislukt, pagina.woorden, pagina.woordzekerheid) == (True, 0, None)


def test_pixels_that_do_not_fill_the_page_are_refused() -> None:
    with pytest.raises(InvoerError):
        Verteller({}).lees(b"\0" * 10, 30, 20, 200, 1.0)


def test_the_reading_direction_is_that_of_most_text() -> None:
    assert find_leesrichting(build_regels(90)) == 0
    assert find_leesrichting(build_regels(90, staand=True)) == 270
    omhoog = tuple(Regel(r.kader, r.basislijn, r.woorden[::-1]) for r in build_regels(90, staand=True))
    assert find_leesrichting(omhoog) == 90
    assert find_leesrichting(()) == 0


@pytest.mark.parametrize(("dpi", "maat"), [(150, 1), (289, 1), (300, 2 / 3), (299.9, 2 / 3), (400, 0.5), (600, 1 / 3)])
def test_every_page_of_300_dpi_and_up_is_read_at_the_same_fineness(dpi: float, maat: float) -> None:
    assert ocr_schaal(2 / 3, dpi) == pytest.approx(maat)


def test_a_page_survives_json() -> None:
    pagina = OcrPagina(build_regels(71.5), 0.5, 300, 400, 90, drempel=SAUVOLA)
    assert OcrPagina.from_json(json.loads(json.dumps(pagina.to_json()))) == pagina


def test_tesseracts_table_becomes_lines_in_order() -> None:
    kolommen: dict[str, Sequence[object]] = {
        "level": [1, 2, 3, 4, 5, 5, 5, 4, 5],
        "page_num": [1] * 9,
        "block_num": [0, 1, 1, 1, 1, 1, 1, 2, 2],
        "par_num": [0, 0, 1, 1, 1, 1, 1, 1, 1],
        "line_num": [0, 0, 0, 1, 1, 1, 1, 1, 1],
        "left": [0, 0, 0, 10, 10, 60, 90, 10, 10],
        "top": [0, 0, 0, 20, 20, 20, 20, 80, 80],
        "width": [200, 200, 200, 100, 40, 40, 5, 40, 40],
        "height": [200, 200, 200, 30, 30, 30, 5, 30, 30],
        "conf": [-1, -1, -1, -1, 95.5, 90, 10, -1, 80],
        "text": ["", "", "", "", "Geachte", "heer,", "  ", "", "Met"],
    }
    regels = lines_from_table({naam: list(waarden) for naam, waarden in kolommen.items()})
    assert [[woord.tekst for woord in regel.woorden] for regel in regels] == [["Geachte", "heer,"], ["Met"]]
    assert (regels[0].kader, regels[0].basislijn, regels[1].blok) == ((10, 20, 110, 50), (10, 50, 110, 50), 2)


@pytest.mark.parametrize("talen", [(), ("../etc",), ("nl",), ("NLD",), ("nld+fra",)])
def test_language_codes_that_are_none_are_refused(talen: tuple[str, ...]) -> None:
    with pytest.raises(InstellingError, match="drie letters"):
        check_talen(talen)


def test_a_page_with_hardly_a_word_gets_another_threshold_before_it_is_turned() -> None:
    class Verbleekt(Verteller):
        def orientatie(self, grijs: Image.Image, dpi: float) -> tuple[int, float] | None:
            raise AssertionError("the second reading was good enough")

    motor = Verbleekt({(30, OTSU): build_regels(20, 3), (30, SAUVOLA): build_regels(48, 12)})
    assert (lees(motor).woorden, [drempel for _, drempel in motor.gevraagd]) == (12, [OTSU, SAUVOLA])
