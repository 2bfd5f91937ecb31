"""The folder of a log: names of tiles as the standard says, and what is cut off or full is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.tegels import (
    MAXIMUM_BLAD_BYTES,
    REGELS,
    Tegelmap,
    build_pad,
    decode_bundel,
    encode_bundel,
    list_tegels,
    write_once,
)


def test_names_are_those_of_the_standard() -> None:
    """The example of C2SP tlog-tiles: tile 1234067 of level 0."""
    assert build_pad(0, 1_234_067) == "tile/0/x001/x234/067"
    assert build_pad(REGELS, 1_000, 7) == f"tile/{REGELS}/x001/000.p/7"


def test_a_log_has_these_tiles() -> None:
    """The example of C2SP tlog-tiles: a tree of 70,000 leaves."""
    tegels = list(list_tegels(70_000))
    assert [tegel for tegel in tegels if tegel[0] > 0] == [(1, 0, 256), (1, 1, 17), (2, 0, 1)]
    assert tegels[:2] == [(0, 0, 256), (0, 1, 256)]
    assert list(list_tegels(256)) == [(0, 0, 256), (1, 0, 1)]
    assert [tegel for tegel in tegels if tegel[0] == 0][-1] == (0, 273, 112)


def test_a_bundle_holds_exactly_its_leaves() -> None:
    inhoud = encode_bundel([b"een", b""])
    assert decode_bundel(inhoud, 2) == [b"een", b""]
    for minder, aantal in ((inhoud[:-1], 2), (inhoud[:4], 1), (inhoud, 3)):
        with pytest.raises(LogboekGewijzigdError, match="te vroeg"):
            decode_bundel(minder, aantal)
    with pytest.raises(LogboekGewijzigdError, match="meer dan het logboek heeft"):
        decode_bundel(inhoud, 1)
    with pytest.raises(ValueError, match="too long"):
        encode_bundel([bytes(MAXIMUM_BLAD_BYTES + 1)])


def test_a_fuller_file_is_read_as_far_as_the_log_goes(tmp_path: Path) -> None:
    pad = tmp_path / build_pad(REGELS, 0, 3)
    pad.parent.mkdir(parents=True)
    pad.write_bytes(encode_bundel([b"nul", b"een", b"twee"]))
    assert Tegelmap(tmp_path).read_bladen(0, 2) == [b"nul", b"een"]
    with pytest.raises(LogboekGewijzigdError, match="ontbreekt een deel"):
        Tegelmap(tmp_path).read_bladen(0, 4)
    tegel = tmp_path / build_pad(0, 0, 2)
    tegel.parent.mkdir(parents=True)
    tegel.write_bytes(bytes(63))
    with pytest.raises(LogboekGewijzigdError, match="verkeerde lengte"):
        Tegelmap(tmp_path).read_hashes(0, 0, 2)


def test_a_file_that_cannot_be_read_is_no_change(tmp_path: Path) -> None:
    (tmp_path / build_pad(0, 0, 2)).mkdir(parents=True)
    with pytest.raises(NietVastTeStellenError, match="Geef leesrechten"):
        Tegelmap(tmp_path).read_hashes(0, 0, 2)


def test_what_stands_there_is_never_written_over(tmp_path: Path) -> None:
    pad = tmp_path / "checkpoints" / "2"
    write_once(pad, b"een")
    write_once(pad, b"een")
    with pytest.raises(LogboekGewijzigdError, match="staat al iets anders"):
        write_once(pad, b"twee")
    assert pad.read_bytes() == b"een" and [deel.name for deel in pad.parent.iterdir()] == ["2"]
