"""The simulated scanner behaves like one: order, both sides, jams, double feeds. Small sheets, so that it is quick."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial

import pytest
from PIL import Image

from hardware.errors import PapierVastgelopenError
from hardware.papier import Vel
from hardware.scanner import Kant, Kleurmodus, Scanbeeld, Scanner, Scanprofiel
from hardware.simulator import Simulator, Storing

MAAT = (240, 340)


def teken(grijs: int) -> Image.Image:
    """A sheet that is known by its shade."""
    return Image.new("RGB", MAAT, (grijs, grijs, grijs))


def stapel(aantal: int) -> list[Vel]:
    return [Vel(partial(teken, 20 * n), partial(teken, 20 * n + 10)) for n in range(1, aantal + 1)]


def tint(beeld: Scanbeeld) -> int:
    """The shade in the middle; paper tone and grain take a little off."""
    with Image.open(io.BytesIO(beeld.inhoud)) as open_beeld:
        midden = open_beeld.convert("L").crop((MAAT[0] // 2, MAAT[1] // 2, MAAT[0] // 2 + 1, MAAT[1] // 2 + 1))
    return midden.tobytes()[0]


def kanten(beelden: Sequence[Scanbeeld]) -> list[tuple[int, Kant]]:
    return [(beeld.blad, beeld.kant) for beeld in beelden]


def test_it_is_a_scanner() -> None:
    scanner: Scanner = Simulator(stapel(1), naam="Baliescanner")
    assert scanner.naam == "Baliescanner"


def test_sheets_come_in_order_front_before_back() -> None:
    beelden = list(Simulator(stapel(2)).scan(Scanprofiel(duplex=True)))
    assert kanten(beelden) == [(1, Kant.VOOR), (1, Kant.ACHTER), (2, Kant.VOOR), (2, Kant.ACHTER)]
    assert [beeld.volgnummer for beeld in beelden] == [1, 2, 3, 4]
    tinten = [tint(beeld) for beeld in beelden]
    assert tinten == sorted(tinten)


def test_one_side_gives_one_image_per_sheet() -> None:
    assert kanten(list(Simulator(stapel(2)).scan(Scanprofiel()))) == [(1, Kant.VOOR), (2, Kant.VOOR)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    een, twee, anders = (list(Simulator(stapel(2), seed=seed).scan(Scanprofiel())) for seed in (7, 7, 8))
    assert een == twee
    assert een != anders


def test_a_jam_keeps_what_is_in_and_goes_on_with_the_sheet_that_got_stuck() -> None:
    scanner = Simulator(stapel(3), storingen={2: Storing.VASTGELOPEN})
    beelden = []
    with pytest.raises(PapierVastgelopenError, match="blad 2") as fout:
        for beeld in scanner.scan(Scanprofiel()):
            beelden.append(beeld)  # one by one: what came before the jam must be kept
    assert fout.value.blad == 2
    beelden.extend(scanner.scan(Scanprofiel()))
    assert [beeld.blad for beeld in beelden] == [1, 2, 3]


def test_a_double_feed_hides_the_inner_sides() -> None:
    enkel = [tint(beeld) for beeld in Simulator(stapel(3)).scan(Scanprofiel(duplex=True))]
    scanner = Simulator(stapel(3), storingen={1: Storing.DUBBEL})
    beelden = list(scanner.scan(Scanprofiel(duplex=True)))
    assert kanten(beelden) == [(1, Kant.VOOR), (1, Kant.ACHTER), (2, Kant.VOOR), (2, Kant.ACHTER)]
    gezien = [tint(beeld) for beeld in beelden]
    assert abs(gezien[0] - enkel[0]) <= 3  # the front of the first sheet
    assert abs(gezien[1] - enkel[3]) <= 3  # the back of the second
    assert abs(gezien[2] - enkel[4]) <= 3


@pytest.mark.parametrize(
    ("profiel", "mediatype", "modus", "breedte"),
    [
        (Scanprofiel(), "image/jpeg", "RGB", 240),
        (Scanprofiel(kleurmodus=Kleurmodus.GRIJS), "image/jpeg", "L", 240),
        (Scanprofiel(kleurmodus=Kleurmodus.ZWARTWIT), "image/png", "1", 240),
        (Scanprofiel(dpi=150), "image/jpeg", "RGB", 120),
    ],
)
def test_settings_are_followed(profiel: Scanprofiel, mediatype: str, modus: str, breedte: int) -> None:
    beeld = next(Simulator(stapel(1)).scan(profiel))
    assert (beeld.mediatype, beeld.breedte_px, beeld.dpi) == (mediatype, breedte, profiel.dpi)
    with Image.open(io.BytesIO(beeld.inhoud)) as open_beeld:
        assert (open_beeld.mode, open_beeld.width) == (modus, breedte)
        assert round(float(open_beeld.info["dpi"][0])) == profiel.dpi
