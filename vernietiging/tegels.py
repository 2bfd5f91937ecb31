"""The log on disk: tiles of hashes and bundles of leaves, in a folder that any web server may serve (C2SP tlog-tiles).

A file is written once, whole and durably, and never again: other content under the same name is an error.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from vernietiging.boom import HASH_BYTES, Rand, hash_blad
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError

BREEDTE = 256
HOOGTE = 8  # levels of the tree in one tile
REGELS = "entries"
MAXIMUM_BLAD_BYTES = 0xFFFF


def build_pad(soort: int | str, n: int, breedte: int = BREEDTE) -> str:
    """Return the path of a tile of level `soort`, or of a bundle of leaves (`REGELS`); partial when narrower."""
    delen = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        delen.insert(0, f"x{n % 1000:03d}")
    rest = "" if breedte == BREEDTE else f".p/{breedte}"
    return f"tile/{soort}/{'/'.join(delen)}{rest}"


def list_tegels(omvang: int) -> Iterator[tuple[int, int, int]]:
    """Yield level, number and width of every tile of a log of this size."""
    niveau = 0
    while (aantal := omvang >> HOOGTE * niveau) > 0:
        for n in range(aantal // BREEDTE):
            yield niveau, n, BREEDTE
        if aantal % BREEDTE:
            yield niveau, aantal // BREEDTE, aantal % BREEDTE
        niveau += 1


def encode_bundel(bladen: Sequence[bytes]) -> bytes:
    """Return leaves as they stand in a bundle: each behind its length in two bytes.

    Raises:
        ValueError: a leaf is too long.
    """
    if any(len(blad) > MAXIMUM_BLAD_BYTES for blad in bladen):
        raise ValueError("a leaf is too long for a bundle")
    return b"".join(struct.pack(">H", len(blad)) + blad for blad in bladen)


def decode_bundel(inhoud: bytes, aantal: int) -> list[bytes]:
    """Read exactly so many leaves.

    Raises:
        LogboekGewijzigdError: there are more or fewer, or one stops halfway.
    """
    bladen, plek = [], 0
    for _ in range(aantal):
        if plek + 2 > len(inhoud):
            raise LogboekGewijzigdError("Een bundel met regels houdt te vroeg op.")
        lengte = inhoud[plek] << 8 | inhoud[plek + 1]
        blad = inhoud[plek + 2 : plek + 2 + lengte]
        if len(blad) != lengte:
            raise LogboekGewijzigdError("Een bundel met regels houdt te vroeg op.")
        bladen.append(blad)
        plek += 2 + lengte
    if plek != len(inhoud):
        raise LogboekGewijzigdError("In een bundel staat meer dan het logboek heeft.")
    return bladen


class Tegelmap:
    """A folder with a log; reads only what a log of a known size has, and may fall back on a fuller file."""

    def __init__(self, map: Path) -> None:
        self.map = map

    def read_bladen(self, n: int, breedte: int) -> list[bytes]:
        """Return the first leaves of bundle `n`."""
        inhoud, heeft = self._read(REGELS, n, breedte)
        if heeft == breedte:
            return decode_bundel(inhoud, breedte)
        return decode_bundel(inhoud, heeft)[:breedte]

    def read_alle(self, omvang: int) -> Iterator[tuple[int, bytes]]:
        """Yield every leaf of a log of this size, with its number."""
        for n in range(-(-omvang // BREEDTE)):
            yield from enumerate(self.read_bladen(n, min(BREEDTE, omvang - n * BREEDTE)), start=n * BREEDTE)

    def read_hashes(self, niveau: int, n: int, breedte: int) -> list[bytes]:
        """Return the first hashes of a tile.

        Raises:
            LogboekGewijzigdError: the tile has another size than a tile has.
        """
        inhoud, heeft = self._read(niveau, n, breedte)
        if len(inhoud) != heeft * HASH_BYTES:
            raise LogboekGewijzigdError("Een tegel van het logboek heeft een verkeerde lengte.")
        return [inhoud[i * HASH_BYTES : (i + 1) * HASH_BYTES] for i in range(breedte)]

    def knoop(self, hoogte: int, plek: int) -> bytes:
        """Return the root of the full subtree of 2**hoogte leaves that begins at leaf plek * 2**hoogte."""
        niveau, rest = divmod(hoogte, HOOGTE)
        eerste = plek << rest
        tegel, begin = divmod(eerste, BREEDTE)
        hashes = self.read_hashes(niveau, tegel, begin + (1 << rest))[begin:]
        rand = Rand()
        for waarde in hashes:
            rand.append(waarde)
        return rand.wortel

    def _read(self, soort: int | str, n: int, breedte: int) -> tuple[bytes, int]:
        """Read a file of this width, or else the full one, or a partial one that is wider."""
        for pad, heeft in self._candidates(soort, n, breedte):
            try:
                return pad.read_bytes(), heeft
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as exc:
                raise NietVastTeStellenError(f"{pad} is niet te lezen. Geef leesrechten of kijk de schijf na.") from exc
        raise LogboekGewijzigdError(f"Er ontbreekt een deel van het logboek: {build_pad(soort, n, breedte)}.")

    def _candidates(self, soort: int | str, n: int, breedte: int) -> Iterator[tuple[Path, int]]:
        yield self.map / build_pad(soort, n, breedte), breedte
        if breedte == BREEDTE:
            return
        yield self.map / build_pad(soort, n), BREEDTE
        deels = (self.map / build_pad(soort, n, 1)).parent
        namen = sorted(int(pad.name) for pad in _list(deels) if pad.name.isdecimal())
        yield from ((deels / str(naam), naam) for naam in namen if breedte < naam < BREEDTE)


class Tegelschrijver:
    """Adds leaves to a folder with a log. One at a time may exist: the sealer's."""

    def __init__(self, map: Path) -> None:
        self._tegels = Tegelmap(map)
        self._map = map

    def append(self, omvang: int, bladen: Sequence[bytes]) -> int:
        """Write the tiles and bundles of a log of `omvang` leaves with these behind it; return the new size.

        Raises:
            LogboekGewijzigdError: there is other content already where these belong.
        """
        nieuw = omvang + len(bladen)
        self._append_bundels(omvang, bladen)
        hashes = [hash_blad(blad) for blad in bladen]
        niveau, begin = 0, omvang
        while hashes:
            begin, hashes = self._append_niveau(niveau, begin, hashes)
            niveau += 1
        return nieuw

    def _append_bundels(self, omvang: int, bladen: Sequence[bytes]) -> None:
        n, over = divmod(omvang, BREEDTE)
        rij = [*(self._tegels.read_bladen(n, over) if over else ()), *bladen]
        for plek in range(0, len(rij), BREEDTE):
            deel = rij[plek : plek + BREEDTE]
            write_once(self._map / build_pad(REGELS, n + plek // BREEDTE, len(deel)), encode_bundel(deel))

    def _append_niveau(self, niveau: int, begin: int, hashes: list[bytes]) -> tuple[int, list[bytes]]:
        """Write the tiles of one level; return where the next level begins and what is new there."""
        n, over = divmod(begin, BREEDTE)
        rij = [*(self._tegels.read_hashes(niveau, n, over) if over else ()), *hashes]
        hoger = []
        for plek in range(0, len(rij), BREEDTE):
            deel = rij[plek : plek + BREEDTE]
            write_once(self._map / build_pad(niveau, n + plek // BREEDTE, len(deel)), b"".join(deel))
            if len(deel) == BREEDTE:
                rand = Rand()
                for waarde in deel:
                    rand.append(waarde)
                hoger.append(rand.wortel)
        return n, hoger


def write_once(pad: Path, inhoud: bytes) -> None:
    """Write a file durably under a name that was never used; the same content again is no error.

    Raises:
        LogboekGewijzigdError: the name holds other content.
    """
    _make_folder(pad.parent)
    tijdelijk = pad.parent / f".{pad.name}.{os.getpid()}.nieuw"
    tijdelijk.unlink(missing_ok=True)  # of a process that ended halfway
    fd = os.open(tijdelijk, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        with os.fdopen(fd, "wb") as bestand:
            bestand.write(inhoud)
            bestand.flush()
            os.fsync(bestand.fileno())
        try:
            os.link(tijdelijk, pad)
        except FileExistsError:
            if pad.read_bytes() != inhoud:
                raise LogboekGewijzigdError(
                    f"Op de plaats van {pad.name} staat al iets anders in het logboek."
                ) from None
    finally:
        tijdelijk.unlink(missing_ok=True)
    fsync_map(pad.parent)


def write_over(pad: Path, inhoud: bytes) -> None:
    """Replace a file durably, as a whole: the newest checkpoint and the sealer's own state."""
    _make_folder(pad.parent)
    tijdelijk = pad.parent / f".{pad.name}.{os.getpid()}.nieuw"
    with tijdelijk.open("wb") as bestand:
        bestand.write(inhoud)
        bestand.flush()
        os.fsync(bestand.fileno())
    tijdelijk.replace(pad)
    fsync_map(pad.parent)


def fsync_map(map: Path) -> None:
    """Bring the names in a folder to the disk."""
    fd = os.open(map, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _make_folder(map: Path) -> None:
    if not map.is_dir():
        _make_folder(map.parent)
        map.mkdir(exist_ok=True)
        fsync_map(map.parent)


def _list(map: Path) -> list[Path]:
    return list(map.iterdir()) if map.is_dir() else []
