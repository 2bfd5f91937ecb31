"""The seccomp filter, run by a small interpreter of BPF; the wire; what an end of a child means."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from scanstraat.errors import OnvolledigError, ZandbakGrensError
from scanstraat.zandbak import Grenzen, build_memfd
from scanstraat.zandbak.berichten import BerichtError, close_all, receive_bericht, seal, send_bericht, verify_sealed
from scanstraat.zandbak.kern import build_filter
from scanstraat.zandbak.zandbak import _explain_end, _rebuild_error

TOEGESTAAN, GEWEIGERD, GEDAAN_ALSOF, BESTAAT_NIET, GEDOOD = 0x7FFF0000, 0x00050001, 0x00050000, 0x00050026, 0x80000000
AMD64, ARM64 = 0xC000003E, 0xC00000B7
GRENZEN = Grenzen(geheugen_mb=100, cpu_s=10, klok_s=20, bestand_mb=5)


def run_filter(programma: bytes, *, architectuur: int, nummer: int, eerste: int = 0) -> int:
    stappen: list[tuple[int, int, int, int]] = list(struct.iter_unpack("=HBBI", programma))
    gegevens = {0: nummer, 4: architectuur, 16: eerste & 0xFFFFFFFF}
    plek, a = 0, 0
    while True:
        code, waar, onwaar, k = stappen[plek]
        plek += 1
        match code:
            case 0x20:
                a = gegevens[k]
            case 0x15:
                plek += waar if a == k else onwaar
            case 0x35:
                plek += waar if a >= k else onwaar
            case 0x45:
                plek += waar if a & k else onwaar
            case 0x06:
                return k


@pytest.mark.parametrize(
    ("nummer", "eerste", "uitkomst"),
    [
        (0, 0, TOEGESTAAN),  # read
        (41, 2, GEWEIGERD),  # socket
        (53, 1, TOEGESTAAN),  # socketpair
        (91, 5, GEDAAN_ALSOF),  # fchmod
        (435, 0, BESTAAT_NIET),  # clone3
        (56, 0x11, TOEGESTAAN),  # clone, as fork does
        (56, 0x3D0F00, TOEGESTAAN),  # clone, as a thread does
        (56, 0x10000011, GEWEIGERD),  # clone with CLONE_NEWUSER
        (272, 0, GEWEIGERD),  # unshare
        (62, 1, TOEGESTAAN),  # kill: inside bubblewrap there is nobody else
        (0x40000000, 0, BESTAAT_NIET),  # x32
    ],
)
def test_the_filter_refuses_what_reading_never_needs(nummer: int, eerste: int, uitkomst: int) -> None:
    assert run_filter(build_filter("x86_64"), architectuur=AMD64, nummer=nummer, eerste=eerste) == uitkomst


def test_the_filter_ends_a_process_of_another_architecture() -> None:
    assert run_filter(build_filter("x86_64"), architectuur=0x40000003, nummer=0) == GEDOOD


def test_the_filter_knows_arm() -> None:
    programma = build_filter("aarch64")
    assert run_filter(programma, architectuur=ARM64, nummer=198) == GEWEIGERD
    assert run_filter(programma, architectuur=ARM64, nummer=63) == TOEGESTAAN
    assert run_filter(programma, architectuur=ARM64, nummer=220, eerste=0x20000000) == GEWEIGERD


def test_with_its_own_number_a_process_may_only_signal_itself() -> None:
    programma = build_filter("x86_64", eigen_pid=77)
    assert run_filter(programma, architectuur=AMD64, nummer=234, eerste=77) == TOEGESTAAN
    assert run_filter(programma, architectuur=AMD64, nummer=234, eerste=78) == GEWEIGERD
    assert run_filter(programma, architectuur=AMD64, nummer=62, eerste=77) == GEWEIGERD
    assert run_filter(programma, architectuur=AMD64, nummer=0) == TOEGESTAAN


@pytest.fixture
def paar() -> Iterator[tuple[socket.socket, socket.socket]]:
    een, twee = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with een, twee:
        yield een, twee


@pytest.mark.parametrize("tekens", [0, 10, 59_000, 70_000, 1_000_000])
def test_a_message_arrives_as_it_was_sent(paar: tuple[socket.socket, socket.socket], tekens: int) -> None:
    fd = build_memfd(b"abc")
    send_bericht(paar[0], "deel", {"tekst": "é" * tekens}, [fd])
    os.close(fd)
    ontvangen = receive_bericht(paar[1])
    assert ontvangen is not None
    soort, bericht = ontvangen
    with bericht:
        assert (soort, bericht.gegevens) == ("deel", {"tekst": "é" * tekens})
        assert os.pread(bericht.bestanden[0], 10, 0) == b"abc"


@pytest.mark.parametrize("inhoud", [b"{", b"[]", b'["a",1]', b"@", b"[" * 50_000, b"\xff", b"x" * 60_001])
def test_anything_else_is_not_a_message(paar: tuple[socket.socket, socket.socket], inhoud: bytes) -> None:
    paar[0].send(inhoud)
    with pytest.raises(BerichtError):
        receive_bericht(paar[1])


def test_a_pipe_in_place_of_the_content_is_refused_and_closed(paar: tuple[socket.socket, socket.socket]) -> None:
    lezen, schrijven = os.pipe()
    socket.send_fds(paar[0], [b"@"], [lezen])
    os.close(lezen)
    with pytest.raises(BerichtError):
        receive_bericht(paar[1])
    with pytest.raises(BrokenPipeError):
        os.write(schrijven, b"x")
    os.close(schrijven)


@pytest.mark.parametrize("tekens", [0, 70_000])
def test_more_files_than_fit_in_a_packet_arrive_in_order(
    paar: tuple[socket.socket, socket.socket], tekens: int
) -> None:
    fds = [build_memfd(b"%d" % nummer) for nummer in range(620)]
    send_bericht(paar[0], "vraag", {"tekst": "x" * tekens}, fds)
    close_all(fds)
    ontvangen = receive_bericht(paar[1], vooruit=True)
    assert ontvangen is not None
    with ontvangen[1] as bericht:
        assert len(bericht.gegevens["tekst"]) == tekens
        assert [os.pread(fd, 10, 0) for fd in bericht.bestanden] == [b"%d" % nummer for nummer in range(620)]


def test_the_line_waits_for_one_packet_and_no_more(paar: tuple[socket.socket, socket.socket]) -> None:
    paar[0].send(b"+")  # what a hijacked child could do to keep the line waiting
    with pytest.raises(BerichtError):
        receive_bericht(paar[1])


def test_a_closed_channel_is_the_end(paar: tuple[socket.socket, socket.socket]) -> None:
    paar[0].close()
    assert receive_bericht(paar[1]) is None


def test_only_a_sealed_memfd_is_taken() -> None:
    fd = build_memfd(b"abc")
    with pytest.raises(BerichtError):
        verify_sealed(fd)
    fd = seal(fd)
    verify_sealed(fd)
    with pytest.raises(OSError, match="not permitted"):
        os.write(fd, b"x")
    os.close(fd)
    with open(os.devnull, "rb") as gewoon, pytest.raises(BerichtError):  # noqa: PTH123
        verify_sealed(gewoon.fileno())


@pytest.mark.parametrize(
    ("einde", "code"),
    [
        ({"signaal": 24}, "tijd"),
        ({"signaal": 9, "cpu_s": 10.4}, "tijd"),
        ({"signaal": 25}, "omvang"),
        ({"signaal": 6, "geheugen_mb": 95}, "geheugen"),
        ({"signaal": 11, "geheugen_mb": 20}, "gecrasht"),
        ({"signaal": 0, "code": 70}, "gecrasht"),
        ({}, "gecrasht"),
    ],
)
def test_an_end_without_an_answer_is_explained(einde: dict[str, float], code: str) -> None:
    fout = _explain_end(einde, GRENZEN)
    assert isinstance(fout, ZandbakGrensError)
    assert fout.code == code
    assert "{" not in fout.melding


def test_an_error_from_inside_gets_only_a_known_class_and_clean_text() -> None:
    fout = _rebuild_error({"klasse": "OnvolledigError", "code": "a\x1b[2J", "melding": "x\ny" + "z" * 5000}, GRENZEN)
    assert type(fout) is OnvolledigError
    assert "\x1b" not in fout.code
    assert fout.melding.startswith("x y")
    assert len(fout.melding) <= 600
    assert type(_rebuild_error({"klasse": "SystemExit", "code": "x"}, GRENZEN)) is ZandbakGrensError
    assert _rebuild_error({}, GRENZEN).code == "gecrasht"


def test_limits_grow_with_the_pages() -> None:
    assert GRENZEN.for_paginas(3, seconden=2.0) == Grenzen(100, 16, 26, 5)
