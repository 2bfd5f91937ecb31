"""What goes over the wire between the line and its sandbox: JSON, and open files as descriptors.

A message is one packet on a SOCK_SEQPACKET pair: `[soort, gegevens]` as JSON, with descriptors beside it. JSON that
does not fit in a packet travels in a memfd; descriptors that do not fit go ahead of it, in packets that only the inside
takes: the line waits for one packet and no more. Nobody ever sends a path. The receiver trusts nothing: sizes are
bounded, a descriptor must be an ordinary file that can no longer change, and anything else is a `BerichtError`.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

PAKKET_BYTES = 60_000  # inline JSON; below the smallest socket buffer Linux gives by default
JSON_BYTES = 256 * 2**20  # the most JSON that is read from the other side
BESTANDEN_PER_PAKKET = 250  # SCM_MAX_FD is 253
BESTANDEN_PER_BERICHT = 4_000  # a document of so many loose scans; both sides may have some more open
VERZEGELD = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


class BerichtError(Exception):
    """What came in is not a message of this protocol. Never shown to people."""


@dataclass(frozen=True)
class Grenzen:
    """What one child may use.

    `geheugen_mb` address space in MB (libraries included), `cpu_s` processor seconds, `klok_s` seconds that the caller
    waits for it (a child that waits for its caller costs none), `bestand_mb` the largest file it can write, in MB.
    """

    geheugen_mb: int
    cpu_s: int
    klok_s: float
    bestand_mb: int

    def for_paginas(self, aantal: int, *, seconden: float = 2.0) -> Grenzen:
        """Return these limits with `seconden` of processor and clock more for each of `aantal` pages."""
        extra = max(0, aantal) * seconden
        return replace(self, cpu_s=self.cpu_s + round(extra), klok_s=self.klok_s + extra)


@dataclass(frozen=True)
class Bericht:
    """One answer: JSON and descriptors. The receiver closes the descriptors; used with `with` it does so by itself.

    Descriptors that come out of a sandbox are memfds that nobody can change any more, positioned at their start.
    """

    gegevens: dict[str, Any]
    bestanden: tuple[int, ...] = ()

    def __enter__(self) -> Bericht:
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, spoor: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptors that came along; a second time is harmless only if nobody reused their numbers."""
        close_all(self.bestanden)


def close_all(bestanden: Sequence[int]) -> None:
    """Close descriptors; one that is closed already is no problem."""
    for bestand in bestanden:
        with contextlib.suppress(OSError):
            os.close(bestand)


def build_memfd(inhoud: bytes | memoryview = b"") -> int:
    """Return a memfd that can be sealed, holding `inhoud`, positioned at its start. The caller closes it."""
    fd = os.memfd_create("bericht", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        write_all(fd, inhoud)
        os.lseek(fd, 0, os.SEEK_SET)
    except BaseException:
        os.close(fd)
        raise
    return fd


def write_all(fd: int, inhoud: bytes | memoryview) -> None:
    """Write all of `inhoud` at the descriptor's position."""
    rest = memoryview(inhoud).cast("B")
    while rest:
        rest = rest[os.write(fd, rest) :]


def read_all(fd: int, *, maximaal_bytes: int) -> bytes:
    """Return the whole content of an ordinary file, from its start, without moving its position.

    Raises:
        BerichtError: not an ordinary file, or larger than `maximaal_bytes`.
    """
    staat = os.fstat(fd)
    if not stat.S_ISREG(staat.st_mode) or staat.st_size > maximaal_bytes:
        raise BerichtError("geen gewoon bestand, of te groot")
    delen = bytearray()
    while len(delen) < staat.st_size and (deel := os.pread(fd, staat.st_size - len(delen), len(delen))):
        delen += deel
    return bytes(delen)


def seal(fd: int) -> int:
    """Return a descriptor with the same content that nobody can change any more; `fd` is closed if it is another."""
    try:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, VERZEGELD)
        return fd
    except OSError:  # made without MFD_ALLOW_SEALING, still mapped for writing, or not a memfd at all
        kopie = build_memfd()
    try:
        omvang = os.fstat(fd).st_size
        positie = 0
        while positie < omvang and (gekopieerd := os.sendfile(kopie, fd, positie, omvang - positie)):
            positie += gekopieerd
        fcntl.fcntl(kopie, fcntl.F_ADD_SEALS, VERZEGELD)
    except BaseException:
        os.close(kopie)
        raise
    os.close(fd)
    return kopie


def verify_sealed(fd: int) -> None:
    """Raise `BerichtError` unless `fd` is a memfd that its maker can no longer write, grow or shrink."""
    try:
        zegels = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError as exc:
        raise BerichtError("geen memfd") from exc
    if zegels & VERZEGELD != VERZEGELD:
        raise BerichtError("memfd is niet verzegeld")
    os.lseek(fd, 0, os.SEEK_SET)


def send_bericht(kanaal: socket.socket, soort: str, gegevens: dict[str, Any], bestanden: Sequence[int] = ()) -> None:
    """Send one message; the descriptors stay open here.

    Raises:
        TypeError, ValueError: `gegevens` is not JSON, or there are too many descriptors.
        OSError: the other side is gone.
    """
    if len(bestanden) > BESTANDEN_PER_BERICHT:
        raise ValueError(f"meer dan {BESTANDEN_PER_BERICHT} bestanden in een bericht")
    inhoud = json.dumps([soort, gegevens], separators=(",", ":")).encode("ascii")
    while len(bestanden) > BESTANDEN_PER_PAKKET:
        _send(kanaal, b"+", bestanden[:BESTANDEN_PER_PAKKET])
        bestanden = bestanden[BESTANDEN_PER_PAKKET:]
    if len(inhoud) <= PAKKET_BYTES:
        _send(kanaal, inhoud, bestanden)
        return
    drager = build_memfd(inhoud)
    try:
        _send(kanaal, b"@", (drager, *bestanden))
    finally:
        os.close(drager)


def _send(kanaal: socket.socket, inhoud: bytes, bestanden: Sequence[int]) -> None:
    rechten = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", bestanden))] if bestanden else []
    kanaal.sendmsg([inhoud], rechten, socket.MSG_NOSIGNAL)


def receive_bericht(kanaal: socket.socket, *, vooruit: bool = False) -> tuple[str, Bericht] | None:
    """Return the next message and its kind, or None when the other side closed.

    `vooruit`: descriptors may come ahead in packets of their own; the channel must block.

    Raises:
        BerichtError: not a message; every descriptor that came along is closed.
        OSError: the channel failed (also BlockingIOError, on a channel that does not block).
    """
    bestanden: list[int] = []
    try:
        while (pakket := _receive(kanaal, bestanden)) == b"+" and vooruit:
            pass
        if pakket is not None:
            return _unpack(pakket, bestanden)
    except BaseException:
        close_all(bestanden)
        raise
    close_all(bestanden)
    return None


def _receive(kanaal: socket.socket, bestanden: list[int]) -> bytes | None:
    """Return the next packet, with its descriptors added to `bestanden`; None when the other side closed."""
    try:
        inhoud, nieuw, vlaggen, _ = socket.recv_fds(
            kanaal, PAKKET_BYTES + 1, BESTANDEN_PER_PAKKET + 1, socket.MSG_CMSG_CLOEXEC
        )
    except ConnectionResetError:  # closed with something unread on our side: gone all the same
        return None
    if inhoud == b"@":  # the descriptor of the JSON comes first, also when others went ahead
        bestanden[:0] = nieuw[:1]
        nieuw = nieuw[1:]
    bestanden += nieuw
    if vlaggen & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(inhoud) > PAKKET_BYTES:
        raise BerichtError("bericht past niet in een pakket")
    if len(bestanden) > BESTANDEN_PER_BERICHT + 1:
        raise BerichtError("te veel bestanden in een bericht")
    return inhoud if inhoud or nieuw else None


def _unpack(inhoud: bytes, bestanden: list[int]) -> tuple[str, Bericht]:
    if inhoud == b"@":
        if not bestanden:
            raise BerichtError("de inhoud van het bericht ontbreekt")
        inhoud = read_all(bestanden[0], maximaal_bytes=JSON_BYTES)
        os.close(bestanden.pop(0))
    return _parse(inhoud, tuple(bestanden))


def _parse(inhoud: bytes, bestanden: tuple[int, ...]) -> tuple[str, Bericht]:
    try:
        match json.loads(inhoud):
            case [str(soort), dict(gegevens)]:
                return soort, Bericht(gegevens, bestanden)
    except (ValueError, RecursionError) as exc:
        raise BerichtError("bericht is geen JSON") from exc
    raise BerichtError("bericht heeft een andere vorm")
