"""What kind of file, and whether it is two kinds at once; the walk over a TIFF."""

from __future__ import annotations

import struct

import pytest

from scanstraat.errors import InvoerError, OnvolledigError
from scanstraat.intake.bestandsoort import (
    find_soort,
    find_tweede_soort,
    has_name_of,
    is_begin_of_one,
    is_opvulling,
    names_other_file,
)
from scanstraat.intake.tiffopbouw import Frame, walk_tiff

ZIP = b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize(
    ("begin", "soort"),
    [
        (b"%PDF-1.7\n", "pdf"),
        (b"\r\n %PDF-1.4", "pdf"),
        (b"II*\0\x08\0\0\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"II+\0\x08\0\0\0", "tiff"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"x%PDF-1.7", None),
        (b"", None),
    ],
)
def test_the_content_tells_the_kind(begin: bytes, soort: str | None) -> None:
    assert find_soort(begin) == soort


@pytest.mark.parametrize(
    ("begin", "nog"),
    [(b"", True), (b"%PD", True), (bytes(99), True), (b"\xff\xd8" + bytes(9), True), (b"GI", False), (b"%PX", False)],
)
def test_a_beginning_may_still_become_something(begin: bytes, nog: bool) -> None:
    assert is_begin_of_one(begin) == nog


@pytest.mark.parametrize(
    ("begin", "einde", "ander"),
    [
        (b"%PDF-1.7", b"%%EOF", None),
        (b"%PDF-1.7", b"%%EOF" + ZIP, "een zip-archief"),
        (b"%PDF-1.7", b"PK\x05\x06 toevallig in een beeld", None),
        (b"%PDF-1.7", ZIP[:-2] + b"\x05\x00hallo", "een zip-archief"),
        (b"\xff\xd8\xff\xfe%PDF-1.7", b"", "een PDF"),
        (b"%PDF-1.7 <SCRIPT>", b"", "een webpagina"),
        (b"%PDF-1.7".ljust(257) + b"ustar", b"", "een tar-archief"),
        (b"%PDF-1.7".ljust(32769) + b"CD001", b"", "een schijfkopie"),
    ],
)
def test_two_kinds_in_one_are_found(begin: bytes, einde: bytes, ander: str | None) -> None:
    soort = find_soort(begin)
    assert soort is not None
    assert find_tweede_soort(begin, einde, soort) == ander


def test_padding_is_nothing_and_another_file_is_something() -> None:
    assert is_opvulling(b"\r\n\0\0 \t")
    assert not is_opvulling(b"\nx")
    assert names_other_file(b"\n\n\xff\xd8\xff\xe1")
    assert names_other_file(b"<HTML>")
    assert not names_other_file(b"zomaar")
    assert not names_other_file(b"")


def test_a_name_fits_or_promises_nothing() -> None:
    assert has_name_of(".TIF", "tiff")
    assert has_name_of(".dat", "tiff")
    assert not has_name_of(".pdf", "tiff")


def build_tiff(*, groot: bool = False, volgorde: str = "<", frames: int = 2, strip: int = 10, tags: int = 3) -> bytes:
    """Return a TIFF without pixels worth the name: `frames` directories, each with one strip before it."""
    woord = "Q" if groot else "I"
    kop = (b"II" if volgorde == "<" else b"MM") + struct.pack(volgorde + "H", 43 if groot else 42)
    kop += struct.pack(volgorde + "HHQ", 8, 0, 0) if groot else struct.pack(volgorde + "I", 0)
    uit = bytearray(kop)
    wijzer = 8 if groot else 4
    for _ in range(frames):
        begin = len(uit)
        uit += bytes(strip)
        struct.pack_into(volgorde + woord, uit, wijzer, len(uit))
        velden = [(259, 4), (273, begin), (279, strip)][:tags]
        uit += struct.pack(volgorde + ("Q" if groot else "H"), len(velden))
        for tag, waarde in velden:
            uit += struct.pack(volgorde + "HH" + woord + woord, tag, 16 if groot else 4, 1, waarde)
        wijzer = len(uit)
        uit += struct.pack(volgorde + woord, 0)
    return bytes(uit)


def walk(gegevens: bytes, *, maximaal: int = 9) -> list[Frame]:
    return list(walk_tiff(lambda a, n: gegevens[a : a + n], len(gegevens), maximaal_paginas=maximaal))


@pytest.mark.parametrize("groot", [False, True])
@pytest.mark.parametrize("volgorde", ["<", ">"])
def test_every_frame_of_a_tiff_is_walked(groot: bool, volgorde: str) -> None:
    gevonden = walk(build_tiff(groot=groot, volgorde=volgorde))
    assert [frame.compressie for frame in gevonden] == [4, 4]
    assert gevonden[0].stukken == ((16 if groot else 8, 10),)


@pytest.mark.parametrize("groot", [False, True])
def test_a_tiff_cut_anywhere_is_incomplete(groot: bool) -> None:
    heel = build_tiff(groot=groot)
    for lengte in range(len(heel)):
        with pytest.raises(OnvolledigError):
            walk(heel[:lengte])


def test_a_tiff_without_a_frame_or_with_an_empty_strip_is_incomplete() -> None:
    for gegevens in (build_tiff(frames=0), build_tiff(strip=0)):
        with pytest.raises(OnvolledigError):
            walk(gegevens)


def test_a_tiff_in_a_circle_or_without_strips_is_damaged() -> None:
    rond = bytearray(build_tiff(frames=1))
    rond[-4:] = rond[4:8]
    for gegevens in (bytes(rond), build_tiff(tags=1)):
        with pytest.raises(InvoerError) as fout:
            walk(gegevens)
        assert fout.value.code == "beschadigd"


def test_a_tiff_with_too_many_frames_is_refused_at_the_first_too_many() -> None:
    with pytest.raises(InvoerError) as fout:
        walk(build_tiff(frames=5), maximaal=4)
    assert fout.value.code == "te_veel_paginas"
