"""The kinds of JBIG2 coding, told from the headers of segments."""

from __future__ import annotations

import struct

import pytest

from kwaliteitscontrole.jbig2 import BESTANDSKOP, VERVANGBAAR, Jbig2soort, classify_jbig2

G, S, H, V, O = (  # noqa: E741 - the letters stand for the kinds
    Jbig2soort.GENERIEK,
    Jbig2soort.SYMBOOL,
    Jbig2soort.HALFTOON,
    Jbig2soort.VERFIJNING,
    Jbig2soort.ONBEKEND,
)


def segment(nummer: int, soort: int, gegevens: bytes = b"", *, verwijst: int = 0, groot: bool = False) -> bytes:
    """Return one segment. `verwijst`: how many segments it refers to; `groot`: a page number of four bytes."""
    return kop(nummer, soort, len(gegevens), verwijst=verwijst, groot=groot) + gegevens


def kop(nummer: int, soort: int, lengte: int, *, verwijst: int = 0, groot: bool = False) -> bytes:
    breedte = 1 if nummer <= 256 else 2 if nummer <= 65536 else 4
    aantal = (
        bytes([verwijst << 5]) if verwijst < 5 else struct.pack(">I", 7 << 29 | verwijst) + bytes((verwijst + 8) // 8)
    )
    pagina = bytes(3) + b"\x01" if groot else b"\x01"
    return (
        struct.pack(">IB", nummer, soort | (0x40 if groot else 0))
        + aantal
        + bytes(breedte * verwijst)
        + pagina
        + (struct.pack(">I", lengte))
    )


@pytest.mark.parametrize(
    ("soorten", "uitkomst"),
    [
        ((48, 38, 49), {G}),
        ((48, 36, 39, 50, 49, 51), {G}),
        ((48, 0, 6), {S}),
        ((0, 7, 38), {S, G}),
        ((4,), {S}),
        ((16, 22), {H}),
        ((16, 23, 20, 38), {H, G}),
        ((38, 40, 42, 43), {G, V}),
        ((38, 52, 53, 62), {G}),
        ((38, 37), {G, O}),
        ((48, 49), {O}),
        ((), {O}),
    ],
)
def test_every_segment_counts(soorten: tuple[int, ...], uitkomst: set[Jbig2soort]) -> None:
    gegevens = b"".join(segment(i, soort, b"abc") for i, soort in enumerate(soorten))
    assert classify_jbig2(gegevens) == uitkomst


@pytest.mark.parametrize("nummer", [0, 256, 257, 65536, 65537])
@pytest.mark.parametrize("verwijst", [0, 4, 5, 300])
@pytest.mark.parametrize("groot", [False, True])
def test_headers_of_every_size_are_read(nummer: int, verwijst: int, groot: bool) -> None:
    gegevens = segment(nummer, 38, b"abc", verwijst=verwijst, groot=groot) + segment(1, 49)
    assert classify_jbig2(gegevens) == {G}


def test_symbols_hidden_in_the_globals_are_found() -> None:
    assert classify_jbig2(segment(1, 38, b"x"), segment(0, 0, b"dictionary")) == {G, S}


@pytest.mark.parametrize("einde", [b"\xff\xac", b"\x00\x00"])
def test_a_region_of_unknown_length_ends_at_its_marker(einde: bytes) -> None:
    mmr = b"\x01" if einde == b"\x00\x00" else b"\x00"
    gebied = bytes(16) + b"\x00" + mmr + b"\x12\x34\x56" + einde + b"\x00\x00\x00\x09"
    gegevens = kop(1, 38, 0xFFFFFFFF) + gebied + segment(2, 6, b"x")
    assert classify_jbig2(gegevens) == {G, S}
    assert O in classify_jbig2(kop(1, 36, 0xFFFFFFFF) + gebied)


def test_whole_files_are_read_in_both_orders() -> None:
    volgorde = (
        BESTANDSKOP + b"\x01" + struct.pack(">I", 1) + segment(0, 48, b"x") + segment(1, 38, b"y") + segment(2, 51)
    )
    zonder_aantal = BESTANDSKOP + b"\x03" + segment(0, 48, b"x") + segment(1, 6, b"y")
    koppen = kop(0, 48, 1) + kop(1, 38, 2) + kop(2, 51, 0)
    achteraf = BESTANDSKOP + b"\x00" + struct.pack(">I", 1) + koppen + b"xyy"
    assert classify_jbig2(volgorde) == {G}
    assert classify_jbig2(zonder_aantal) == {S}
    assert classify_jbig2(achteraf) == {G}
    assert classify_jbig2(achteraf[:-1]) == {G, O}


def test_a_stream_cut_anywhere_is_never_taken_for_generic_coding_alone() -> None:
    heel = segment(0, 48, bytes(19)) + segment(1, 38, bytes(40)) + segment(2, 49)
    grenzen = {30, 30 + 51, len(heel)}  # between two segments nothing shows that more should follow
    for lengte in range(1, len(heel)):
        if lengte not in grenzen:
            assert O in classify_jbig2(heel[:lengte]), lengte


def test_only_coding_that_keeps_every_pixel_may_replace_paper() -> None:
    assert {G, V} == VERVANGBAAR
