"""The structure of a JPEG: its end, its colours, and what a PDF cannot hold."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from scanstraat.errors import InvoerError, OnvolledigError
from scanstraat.intake.jpegbeelden import check_jpeg, jpeg_deel, parse_jpeg, with_adobe_marker


def build_jpeg(modus: str = "RGB", **opties: object) -> bytes:
    uit = io.BytesIO()
    Image.linear_gradient("L").resize((40, 24)).convert(modus).save(uit, "JPEG", **opties)
    return uit.getvalue()


def without_jfif(gegevens: bytes) -> bytes:
    lengte = int.from_bytes(gegevens[4:6], "big")
    return gegevens[:2] + gegevens[4 + lengte :]


def with_ids(gegevens: bytes, ids: bytes) -> bytes:
    """Rename the three components in the frame and scan headers."""
    uit = bytearray(gegevens)
    sof = gegevens.index(b"\xff\xc0")
    sos = gegevens.index(b"\xff\xda")
    for i, naam in enumerate(ids):
        uit[sof + 10 + 3 * i] = naam
        uit[sos + 5 + 2 * i] = naam
    return bytes(uit)


@pytest.mark.parametrize("opties", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 0}])
def test_a_whole_jpeg_is_followed_to_its_end(opties: dict[str, Any]) -> None:
    gegevens = build_jpeg(**opties)
    feiten = parse_jpeg(gegevens + b"after the end", 1)
    assert (feiten.breedte_px, feiten.hoogte_px, len(feiten.componenten), feiten.bits) == (40, 24, 3, 8)
    assert feiten.einde == len(gegevens)


def test_every_cut_is_found() -> None:
    gegevens = build_jpeg()
    for einde in range(2, len(gegevens)):
        with pytest.raises(OnvolledigError):
            parse_jpeg(gegevens[:einde], 1)


def test_what_is_no_jpeg_is_said_to_be_none() -> None:
    with pytest.raises(InvoerError) as fout:
        parse_jpeg(b"\x89PNG", 3)
    assert (fout.value.code, "Pagina 3" in fout.value.melding) == ("onleesbaar", True)


@pytest.mark.parametrize("sof", [0xC3, 0xC9, 0xCA])
def test_lossless_and_arithmetic_jpegs_are_refused(sof: int) -> None:
    gegevens = build_jpeg()
    plaats = gegevens.index(b"\xff\xc0") + 1
    with pytest.raises(InvoerError) as fout:
        parse_jpeg(gegevens[:plaats] + bytes([sof]) + gegevens[plaats + 1 :], 1)
    assert fout.value.code == "jpeg_soort"


def test_colours_are_ycc_by_the_rules_of_libjpeg() -> None:
    kaal = without_jfif(build_jpeg())
    assert parse_jpeg(build_jpeg(), 1).ycc
    assert parse_jpeg(kaal, 1).ycc
    assert parse_jpeg(with_adobe_marker(kaal, 1), 1).ycc
    assert not parse_jpeg(with_adobe_marker(kaal, 0), 1).ycc
    assert not parse_jpeg(with_ids(kaal, b"RGB"), 1).ycc


def test_a_pdf_is_told_of_rgb_that_only_libjpeg_would_recognise() -> None:
    rgb = with_ids(without_jfif(build_jpeg()), b"RGB")
    assert jpeg_deel(rgb, parse_jpeg(rgb, 1)).parms == {"ColorTransform": 0}
    assert jpeg_deel(build_jpeg(), parse_jpeg(build_jpeg(), 1)).parms == {}


def test_a_jpeg_that_contradicts_itself_about_its_colours_is_refused() -> None:
    dubbel = with_adobe_marker(build_jpeg(), 0)
    with pytest.raises(InvoerError) as fout:
        check_jpeg(parse_jpeg(dubbel, 1), 1)
    assert fout.value.code == "kleuren_onduidelijk"


def test_grey_and_colour_pass_and_cmyk_does_not() -> None:
    assert check_jpeg(parse_jpeg(build_jpeg("L"), 1), 1) == "L"
    assert check_jpeg(parse_jpeg(build_jpeg("RGB"), 1), 1) == "RGB"
    with pytest.raises(InvoerError) as fout:
        check_jpeg(parse_jpeg(build_jpeg("CMYK"), 1), 1)
    assert fout.value.code == "cmyk"
