"""Whole files pass, half ones wait, broken ones do not pass. In this process: the files are our own."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from scanstraat.errors import AnderSoortError, InvoerError, OnvolledigError
from scanstraat.intake.volledigheid import Eisen, Onderzoek, onderzoek
from tests import vijandig
from tests.vijandig import (
    HEEL,
    KAPOT,
    build_blad,
    build_jpeg,
    build_pdf,
    build_png,
    build_tiff,
    iterate_cuts,
    with_hole,
)


@contextmanager
def as_fd(gegevens: bytes) -> Iterator[int]:
    fd = os.memfd_create("bron")
    try:
        os.write(fd, gegevens)
        os.lseek(fd, 3, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


def bekijk(gegevens: bytes, suffix: str = "", /, **eisen: int | bool) -> Onderzoek:
    gevraagd: dict[str, Any] = {
        "maximaal_paginas": 50,
        "maximaal_pixels": 150_000_000,
        "maximaal_bytes": 10**8,
        "digitaal_geboren": False,
    }
    with as_fd(gegevens) as fd:
        gevonden = onderzoek(fd, Eisen(naam_suffix=suffix, **(gevraagd | eisen)))
        assert os.lseek(fd, 0, os.SEEK_CUR) == 3  # the position is the caller's
    return gevonden


@pytest.mark.parametrize("maak", HEEL.values(), ids=HEEL.keys())
def test_a_whole_scan_passes(maak: Callable[[], bytes]) -> None:
    gevonden = bekijk(maak())
    assert gevonden.is_scan
    assert gevonden.bevindingen == ()


@pytest.mark.parametrize("soort", KAPOT.keys())
def test_a_file_cut_off_anywhere_waits_and_never_passes(soort: str) -> None:
    suffix, maak = KAPOT[soort]
    for half in iterate_cuts(maak(), 25):
        with pytest.raises(InvoerError) as fout:
            bekijk(half, suffix)
        assert isinstance(fout.value, OnvolledigError), f"{len(half)} bytes: {fout.value.code} {fout.value}"


@pytest.mark.parametrize("soort", [soort for soort in KAPOT if soort != "bigtiff"])
def test_a_file_whose_room_was_made_but_not_filled_waits(soort: str) -> None:
    """Not for pixels without compression: zeros are black there, and only the rest time protects them."""
    suffix, maak = KAPOT[soort]
    heel = maak()
    for half in iterate_cuts(heel[: len(heel) * 9 // 10], 10):
        with pytest.raises(OnvolledigError):
            bekijk(half + bytes(len(heel) - len(half)), suffix)


@pytest.mark.parametrize("soort", [soort for soort in KAPOT if "g4" not in soort and "bigtiff" not in soort])
def test_a_hole_in_the_middle_never_passes(soort: str) -> None:
    """Not for pixels without compression: zeros are black there."""
    suffix, maak = KAPOT[soort]
    for deel in (0.3, 0.45, 0.6, 0.75):
        with pytest.raises(InvoerError):
            bekijk(with_hole(maak(), deel), suffix)


def test_a_hole_in_g4_never_passes() -> None:
    with pytest.raises(InvoerError):
        bekijk(with_hole(build_tiff(), 0.4, lengte=200), ".tif")


def test_a_jpeg_with_a_hole_is_damaged_not_half() -> None:
    with pytest.raises(InvoerError) as fout:
        bekijk(with_hole(build_jpeg(), 0.5), ".jpg")
    assert (type(fout.value), fout.value.code) == (InvoerError, "beschadigd")


def test_an_image_that_ends_early_in_a_whole_pdf_is_damaged_not_half() -> None:
    half = build_jpeg()[:20_000]
    for jpeg in (half, half + b"\xff\xd9"):
        with pytest.raises(InvoerError) as fout:
            bekijk(build_pdf(1, jpeg=jpeg), ".pdf")
        assert (type(fout.value), fout.value.code) == (InvoerError, "beschadigd")


def test_too_few_samples_in_a_pdf_are_damage() -> None:
    def bewerk(pdf: pikepdf.Pdf) -> None:
        beeld = pdf.pages[0].obj.Resources.XObject.Im
        beeld.write(build_blad(modus="RGB").tobytes()[:-5000])

    with pytest.raises(InvoerError) as fout:
        bekijk(build_pdf(1, bewerk=bewerk), ".pdf")
    assert fout.value.code == "beschadigd"


def test_a_tiff_whose_frames_run_in_a_circle_is_refused() -> None:
    tiff = bytearray(build_tiff(1))
    begin = struct.unpack("<I", tiff[4:8])[0]
    aantal = struct.unpack("<H", tiff[begin : begin + 2])[0]
    tiff[begin + 2 + 12 * aantal : begin + 6 + 12 * aantal] = struct.pack("<I", begin)
    with pytest.raises(InvoerError) as fout:
        bekijk(bytes(tiff), ".tif")
    assert fout.value.code == "beschadigd"


@pytest.mark.parametrize("suffix", [".pdf", ".PDF", ""])
def test_the_name_decides_nothing(suffix: str) -> None:
    gevonden = bekijk(build_png(), suffix)
    assert gevonden.soort == "png"
    assert [b.code for b in gevonden.bevindingen] == (["naam_past_niet"] if suffix else [])


@pytest.mark.parametrize("suffix", [".docx", ".pdf", ""])
def test_another_kind_is_told_apart(suffix: str) -> None:
    with pytest.raises(AnderSoortError):
        bekijk(b"PK\x03\x04 een document van een tekstverwerker", suffix)


@pytest.mark.parametrize("begin", [b"", b"%", b"%PDF", b"II", b"\xff\xd8", b"\x89PN", bytes(5000)])
def test_too_little_to_know_the_kind_waits(begin: bytes) -> None:
    with pytest.raises(OnvolledigError):
        bekijk(begin, ".pdf")


def test_a_file_over_a_limit_is_refused_with_the_setting_to_change() -> None:
    for gegevens, eisen, code in (
        (build_pdf(3), {"maximaal_paginas": 2}, "te_veel_paginas"),
        (build_tiff(3), {"maximaal_paginas": 2}, "te_veel_paginas"),
        (build_jpeg(), {"maximaal_pixels": 1000}, "te_groot"),
        (build_pdf(), {"maximaal_pixels": 1000}, "te_groot"),
        (build_tiff(), {"maximaal_bytes": 1000}, "te_groot"),
    ):
        with pytest.raises(InvoerError) as fout:
            bekijk(gegevens, **eisen)
        assert fout.value.code == code
        assert "maximaal_" in fout.value.melding


def test_a_scan_in_strips_is_still_a_scan() -> None:
    def bewerk(pdf: pikepdf.Pdf) -> None:
        beeld = build_blad(modus="RGB")
        pagina = pdf.pages[0].obj
        inhoud = b""
        for i, (boven, onder) in enumerate(((0, 300), (300, 600), (600, vijandig.HOOGTE))):
            strook = pdf.make_stream(beeld.crop((0, boven, vijandig.BREEDTE, onder)).tobytes())
            strook.Subtype, strook.Width, strook.Height = pikepdf.Name.Image, vijandig.BREEDTE, onder - boven
            strook.ColorSpace, strook.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
            pagina.Resources.XObject[f"/S{i}"] = strook
            schaal = 841.9 / vijandig.HOOGTE
            y, hoog = 841.9 - onder * schaal, (onder - boven) * schaal
            inhoud += f"q 595.2 0 0 {hoog:.3f} 0 {y:.3f} cm /S{i} Do Q\n".encode()
        pagina.Contents = pdf.make_stream(inhoud)

    gevonden = bekijk(build_pdf(1, bewerk=bewerk))
    assert gevonden.is_scan
    assert gevonden.bevindingen == ()


def test_symbol_coding_goes_on_but_its_paper_stays() -> None:
    gevonden = bekijk(vijandig.build_jbig2_pdf(symbolen=True))
    assert gevonden.is_scan
    (bevinding,) = gevonden.bevindingen
    assert (bevinding.code, bevinding.vervangbaar) == ("jbig2_symbolen", False)
    assert bevinding.tekst.startswith("Pagina 1: ")


@pytest.mark.parametrize("masker", [False, True])
def test_a_layered_page_goes_on_but_its_paper_stays(masker: bool) -> None:
    gevonden = bekijk(vijandig.build_mrc_pdf(masker=masker))
    assert not gevonden.is_scan
    assert [(b.code, b.vervangbaar) for b in gevonden.bevindingen] == [("gelaagd", False)]


def test_a_broken_image_in_a_layer_is_found() -> None:
    def bewerk(pdf: pikepdf.Pdf) -> None:
        beelden = pdf.pages[0].obj.Resources.XObject
        beelden.Los = pdf.make_stream(with_hole(build_jpeg(2), 0.5), **_dictionary(beelden.Im))
        oud = pdf.pages[0].obj.Contents.read_bytes()
        pdf.pages[0].obj.Contents = pdf.make_stream(oud + b"q 200 0 0 200 100 100 cm /Los Do Q")

    with pytest.raises(InvoerError) as fout:
        bekijk(build_pdf(1, bewerk=bewerk))
    assert fout.value.code == "beschadigd"


def _dictionary(beeld: pikepdf.Object) -> dict[str, object]:
    return {naam[1:]: waarde for naam, waarde in beeld.items() if naam != "/Length"}


def test_a_document_born_digital_passes_where_the_profile_says_so() -> None:
    brief = build_pdf(1, inhoud=b"BT 0 Tr /F 20 Tf 50 500 Td (toegekend) Tj ET", bewerk=vijandig._add_link)
    with pytest.raises(InvoerError):
        bekijk(brief)
    gevonden = bekijk(brief, digitaal_geboren=True)
    assert not gevonden.is_scan
    assert gevonden.bevindingen == ()
    with pytest.raises(InvoerError) as fout:
        bekijk(build_pdf(1, bewerk=vijandig._add_javascript), digitaal_geboren=True)
    assert fout.value.code == "javascript"


def test_every_real_scan_passes(gedeeld: Path) -> None:
    for pad in sorted((gedeeld / "corpus/scans").glob("*.jpg"))[::7]:
        assert bekijk(pad.read_bytes(), ".jpg").is_scan
