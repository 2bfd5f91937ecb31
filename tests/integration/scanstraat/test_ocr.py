"""Tesseract itself: both engines read the same words, turned pages are found, and a child that dies is replaced."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from scanstraat.errors import InstellingError, InvoerError
from scanstraat.intake.beelden import turn_clockwise
from scanstraat.ocr import OcrGroep, PytesseractMotor, TesserocrMotor, check_talen, find_tessdata, kies_motor
from scanstraat.ocrpagina import OcrPagina
from scanstraat.zandbak import Grenzen, build_memfd
from tests.masters import TEKST, draw_pagina

WOORDEN = " ".join(TEKST).split()
GRENZEN = Grenzen(geheugen_mb=2048, cpu_s=60, klok_s=60, bestand_mb=64)


@pytest.fixture(scope="module")
def motor() -> TesserocrMotor:
    return TesserocrMotor(("nld",))


@pytest.fixture(scope="module")
def groep() -> Iterator[OcrGroep]:
    with OcrGroep(1, GRENZEN) as groep:
        yield groep


def words(pagina: OcrPagina) -> list[str]:
    return pagina.tekst.split()


def lees(motor: TesserocrMotor | PytesseractMotor, beeld: Image.Image, *, orientatie: bool = False) -> OcrPagina:
    return motor.lees(beeld.tobytes(), beeld.width, beeld.height, 300, 2 / 3, orientatie=orientatie)


def test_a_clean_dutch_page_is_read_without_a_fault(motor: TesserocrMotor) -> None:
    pagina = lees(motor, draw_pagina())
    assert words(pagina) == WOORDEN
    assert pagina.woordzekerheid is not None
    assert pagina.woordzekerheid > 80


def test_words_lie_where_the_ink_is(motor: TesserocrMotor) -> None:
    beeld = draw_pagina()
    pagina = lees(motor, beeld)
    for regel in pagina.regels:
        for woord in regel.woorden:
            links, boven, rechts, onder = (round(rand / pagina.schaal) for rand in woord.kader)
            donkerst, _ = beeld.crop((links, boven, rechts, onder)).getextrema()
            assert not isinstance(donkerst, tuple), "a grey image has one band"
            assert donkerst < 60, "there is ink in the box"
    assert abs(pagina.breedte_px - beeld.width * pagina.schaal) <= 1


def test_both_engines_read_the_same_words(motor: TesserocrMotor) -> None:
    assert words(lees(PytesseractMotor(("nld",)), draw_pagina())) == words(lees(motor, draw_pagina()))


def test_the_fast_engine_is_chosen_where_it_is_installed() -> None:
    assert kies_motor() is TesserocrMotor


@pytest.mark.parametrize("gedraaid", [0, 90, 180, 270])
@pytest.mark.parametrize("klasse", [TesserocrMotor, PytesseractMotor])
def test_a_page_scanned_the_wrong_way_up_is_turned(
    klasse: type[TesserocrMotor] | type[PytesseractMotor], gedraaid: int, motor: TesserocrMotor
) -> None:
    gebruikt = motor if klasse is TesserocrMotor else PytesseractMotor(("nld",))
    pagina = lees(gebruikt, turn_clockwise(draw_pagina(TEKST * 2, maten=(1240, 1400)), gedraaid), orientatie=True)
    assert (pagina.draai_graden + gedraaid) % 360 == 0
    assert words(pagina) == WOORDEN * 2


def test_the_same_page_reads_the_same_before_and_after_a_bad_one(motor: TesserocrMotor) -> None:
    eerst = lees(motor, draw_pagina())
    lees(motor, Image.effect_noise((1240, 900), 120).convert("L"), orientatie=True)
    assert lees(motor, draw_pagina()) == eerst


def test_a_blank_page_has_no_words(motor: TesserocrMotor) -> None:
    pagina = lees(motor, Image.new("L", (1240, 900), 255), orientatie=True)
    assert (pagina.woorden, pagina.woordzekerheid, pagina.mislukt) == (0, None, False)


def test_a_missing_language_is_named_with_its_debian_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nld.traineddata").symlink_to(find_tessdata() / "nld.traineddata")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(InstellingError, match="apt-get install tesseract-ocr-chi-sim tesseract-ocr-osd"):
        check_talen(("nld", "chi_sim"))
    check_talen(("nld",), orientatie=False)


def read_in(groep: OcrGroep, beeld: Image.Image) -> OcrPagina:
    fd = build_memfd(beeld.tobytes())
    try:
        return groep.lees(fd, breedte=beeld.width, hoogte=beeld.height, dpi=300, schaal=2 / 3, talen=("nld",))
    finally:
        os.close(fd)


def test_a_sandboxed_child_reads_what_this_process_reads(groep: OcrGroep, motor: TesserocrMotor) -> None:
    assert read_in(groep, draw_pagina()) == lees(motor, draw_pagina(), orientatie=True)


def test_a_page_whose_child_is_killed_is_read_by_the_next(groep: OcrGroep) -> None:
    (kind,) = groep._alle
    read_in(groep, draw_pagina())
    killer = threading.Timer(0.05, os.kill, (kind.pid, signal.SIGKILL))
    killer.start()
    druk = draw_pagina(TEKST * 6, maten=(1240, 3600))
    pagina = read_in(groep, druk)
    killer.join()
    assert (pagina.mislukt, words(pagina)) == (False, WOORDEN * 6)


def test_a_page_that_takes_too_long_goes_on_without_text_and_the_child_is_replaced() -> None:
    krap = Grenzen(geheugen_mb=2048, cpu_s=60, klok_s=0.05, bestand_mb=64)
    with OcrGroep(1, krap) as groep:
        begin = time.monotonic()
        pagina = read_in(groep, draw_pagina(TEKST * 6, maten=(1240, 3600)))
        assert time.monotonic() - begin < 20
    assert (pagina.mislukt, pagina.regels, pagina.breedte_px) == (True, (), round(1240 * 2 / 3))


def test_pixels_that_are_not_all_there_are_refused_and_the_child_reads_on(groep: OcrGroep) -> None:
    fd = build_memfd(b"\xff" * 1000)
    with pytest.raises(InvoerError, match="niet compleet"):
        groep.lees(fd, breedte=1240, hoogte=900, dpi=300, schaal=1, talen=("nld",))
    os.close(fd)
    assert read_in(groep, draw_pagina()).woorden == len(WOORDEN)
