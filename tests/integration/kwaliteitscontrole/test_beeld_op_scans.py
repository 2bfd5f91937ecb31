"""The measurements on real scans: no false alarms, and known changes come back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from kwaliteitscontrole.beeld import (
    Beeldgrenzen,
    Blanco,
    check_blanco,
    find_bevindingen,
    measure_beeld,
    measure_scheefstand,
    measure_scherpte,
)

GRENZEN = Beeldgrenzen(minimale_dpi=150)
NAMEN = [
    *("bljd-01", "bljd-04", "bljd-07"),
    *("gallica-a-01", "gallica-a-05", "gallica-b-02", "gallica-b-07"),
    *("journaal-01", "journaal-06"),
]


def open_scan(gedeeld: Path, naam: str) -> tuple[Image.Image, float]:
    with Image.open(gedeeld / "corpus" / "scans" / f"{naam}.jpg") as beeld:
        beeld.load()
        return beeld, 150 if naam.startswith("journaal") else 300


@pytest.mark.parametrize("naam", NAMEN)
def test_a_real_scan_gives_no_false_alarm(gedeeld: Path, naam: str) -> None:
    beeld, dpi = open_scan(gedeeld, naam)
    metingen = measure_beeld(beeld, dpi=dpi)
    assert find_bevindingen(metingen, grenzen=GRENZEN) == ()
    assert check_blanco(metingen, GRENZEN) is Blanco.NEE


@pytest.mark.groot
def test_no_real_scan_gives_a_false_alarm(gedeeld: Path) -> None:
    for pad in sorted((gedeeld / "corpus" / "scans").glob("*.jpg")):
        beeld, dpi = open_scan(gedeeld, pad.stem)
        assert find_bevindingen(measure_beeld(beeld, dpi=dpi), grenzen=GRENZEN) == (), pad.stem


@pytest.mark.parametrize("naam", ["bljd-07", "gallica-a-05", "gallica-b-02", "journaal-06"])
def test_a_scan_turned_by_hand_comes_back_within_a_tenth_of_a_degree(gedeeld: Path, naam: str) -> None:
    beeld, dpi = open_scan(gedeeld, naam)
    grijs = beeld.convert("L")
    eigen = measure_scheefstand(grijs, dpi=dpi)
    assert eigen is not None
    for graden in (-4.1, 0.3, 2.6):
        gedraaid = grijs.rotate(-graden, Image.Resampling.BICUBIC, fillcolor=200)
        assert measure_scheefstand(gedraaid, dpi=dpi) == pytest.approx(eigen + graden, abs=0.1)


@pytest.mark.parametrize("naam", ["bljd-07", "gallica-a-05", "gallica-b-02", "journaal-06"])
def test_a_blurred_scan_is_found(gedeeld: Path, naam: str) -> None:
    beeld, dpi = open_scan(gedeeld, naam)
    onscherp = beeld.filter(ImageFilter.GaussianBlur(2.5 * dpi / 300))
    scherpte = measure_scherpte(onscherp.convert("L"), dpi=dpi)
    assert scherpte is not None
    assert scherpte < GRENZEN.minimale_scherpte


@pytest.mark.parametrize(
    ("naam", "kader"), [("bljd-05", (500, 2200, 2200, 3000)), ("gallica-b-07", (300, 1700, 2300, 3000))]
)
def test_blank_paper_of_a_real_scan_is_blank(gedeeld: Path, naam: str, kader: tuple[int, int, int, int]) -> None:
    beeld, dpi = open_scan(gedeeld, naam)
    assert check_blanco(measure_beeld(beeld.crop(kader), dpi=dpi), GRENZEN) is Blanco.JA


def test_paper_with_show_through_of_the_next_page_is_blank_with_doubt(gedeeld: Path) -> None:
    beeld, dpi = open_scan(gedeeld, "gallica-a-01")
    assert check_blanco(measure_beeld(beeld.crop((700, 1900, 2300, 2900)), dpi=dpi), GRENZEN) is Blanco.TWIJFEL
