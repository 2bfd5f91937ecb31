"""The file system side of a scanmap: list, open and put away, and never follow a link or overwrite a name.

Paths go in and come out as `scanmap_regels.encode_pad` writes them. Every step on the way is opened by itself with
O_NOFOLLOW, so a folder that is swapped for a link in between leads nowhere.
"""

from __future__ import annotations

import ctypes
import errno
import io
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scanstraat.intake.scanmap_regels import (
    EIGEN_MAPPEN,
    GEEN_BESTAND,
    SYMLINK,
    Kenmerk,
    Reden,
    build_doelnaam,
    decode_pad,
    encode_pad,
    split_pad,
)

_MAP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BESTAND = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_DIEPST = 32  # levels of sub-folders; deeper is said, not looked at
_RENAME_NOREPLACE = 1  # renameat2(2)


@dataclass(frozen=True)
class Ingang:
    """One name in the scanmap that is no folder."""

    kenmerk: Kenmerk
    ctime_ns: int = 0
    namen: int = 1  # number of hard links
    weigering: Reden | None = None  # it can never be taken in: a symlink, a pipe, a device
    fout: int | None = None  # errno: its name is there, but it could not be looked at now


@dataclass(frozen=True)
class Lijst:
    """One look at a scanmap. A path that is not in it may still exist: see `onleesbaar`."""

    ingangen: Mapping[str, Ingang]
    onleesbaar: Mapping[str, int]  # folder -> errno: nothing is known of what is in it
    apparaat: tuple[int, int]  # device and inode of the scanmap itself
    eigen_mappen: bool  # our own folders are there, so this is the scanmap and not an empty mount point

    def is_known(self, pad: str) -> bool:
        """Does absence of `pad` say anything: were all the folders it is in listed?"""
        delen = split_pad(pad)[0].split("/")
        return not any("/".join(delen[:diepte]) in self.onleesbaar for diepte in range(1, len(delen) + 1))


def list_bestanden(scanmap: Path) -> Lijst:
    """Look at every name in the scanmap, without our own folders.

    Raises:
        OSError: the scanmap itself cannot be listed.
    """
    with _opened_scanmap(scanmap) as wortel:
        ingangen: dict[str, Ingang] = {}
        mappen: list[str] = []
        eigen = _list_map(wortel, "", ingangen, mappen)
        return _list_mappen(wortel, mappen, ingangen, eigen=eigen)


def list_eigen_mappen(scanmap: Path) -> Lijst:
    """Look at every name in our own folders; one that does not exist holds nothing.

    Raises:
        OSError: the scanmap itself cannot be opened.
    """
    with _opened_scanmap(scanmap) as wortel:
        mappen = [naam for naam in EIGEN_MAPPEN if os.path.lexists(scanmap / naam)]
        return _list_mappen(wortel, mappen, {}, eigen=bool(mappen))


def _list_mappen(wortel: int, mappen: list[str], ingangen: dict[str, Ingang], *, eigen: bool) -> Lijst:
    onleesbaar: dict[str, int] = {}
    while mappen:
        map = mappen.pop()
        if map.count("/") >= _DIEPST:
            onleesbaar[map] = errno.ELOOP
            continue
        try:
            with _opened(wortel, map) as fd:
                _list_map(fd, map, ingangen, mappen)
        except OSError as exc:
            onleesbaar[map] = exc.errno or errno.EIO
    staat = os.fstat(wortel)
    return Lijst(ingangen, onleesbaar, (staat.st_dev, staat.st_ino), eigen)


def _list_map(fd: int, map: str, ingangen: dict[str, Ingang], mappen: list[str]) -> bool:
    eigen = False
    with os.scandir(fd) as namen:
        for ingang in namen:
            if not map and ingang.name in EIGEN_MAPPEN:
                eigen = True
                continue
            pad = f"{map}/{encode_pad(ingang.name)}" if map else encode_pad(ingang.name)
            try:
                staat = os.stat(ingang.name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone between the listing and the look
            except OSError as exc:
                ingangen[pad] = Ingang(Kenmerk(_signed(ingang.inode()), 0, 0), fout=exc.errno or errno.EIO)
                continue
            if stat.S_ISDIR(staat.st_mode):
                mappen.append(pad)
            else:
                ingangen[pad] = build_ingang(staat)
    return eigen


def build_ingang(staat: os.stat_result) -> Ingang:
    """Return what lstat or fstat says about a file."""
    weigering = None
    if stat.S_ISLNK(staat.st_mode):
        weigering = SYMLINK
    elif not stat.S_ISREG(staat.st_mode):
        weigering = GEEN_BESTAND
    kenmerk = Kenmerk(_signed(staat.st_ino), staat.st_size, staat.st_mtime_ns)
    return Ingang(kenmerk, staat.st_ctime_ns, staat.st_nlink, weigering)


def _signed(inode: int) -> int:
    """Fit an inode (64 bits, unsigned) in what a database calls a bigint."""
    return inode - (1 << 64) if inode >= 1 << 63 else inode


def open_bestand(scanmap: Path, pad: str) -> int:
    """Open a file for reading, without following a link and without waiting for a pipe; OSError when it cannot be."""
    map, naam = split_pad(pad)
    with _opened_scanmap(scanmap) as wortel, _opened(wortel, map) as fd:
        return os.open(decode_pad(naam), _BESTAND, dir_fd=fd)


class Lezer(io.RawIOBase):
    """A stream over a descriptor that has its own place in it: a child that shares it may be somewhere else."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._plaats = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill `buffer` from where we are."""
        zicht = memoryview(buffer)  # type: ignore[arg-type]  # a writable buffer by the protocol of RawIOBase
        aantal = os.preadv(self._fd, [zicht], self._plaats)
        self._plaats += aantal
        return aantal


def find_doel(scanmap: Path, eigen_map: str, pad: str, bezet: frozenset[str] = frozenset()) -> str:
    """Return a free path under `eigen_map` ("verwerkt" or "quarantaine") for what is at `pad` now.

    The folders of `pad` stay as they are; equal names are told apart by ~2, ~3.

    Args:
        scanmap: the scanmap.
        eigen_map: which of our own folders.
        pad: the path of the file, or its path in the other one of our own folders.
        bezet: paths that are promised to others.
    """
    delen = pad.split("/")
    if delen[0] in EIGEN_MAPPEN:
        delen = delen[1:]
    map, naam = "/".join([eigen_map, *delen[:-1]]), decode_pad(delen[-1])
    for volgnummer in range(1, 1_000_000):
        doel = f"{map}/{encode_pad(build_doelnaam(naam, volgnummer))}"
        if doel not in bezet and not os.path.lexists(scanmap / decode_pad(doel)):
            return doel
    raise OSError(errno.EEXIST, "no free name left")


def find_verplaatst(scanmap: Path, eigen_map: str, pad: str, kenmerk: Kenmerk) -> str | None:
    """Return where in `eigen_map` this file was put, if it was: a crash may come between the move and its note.

    Raises:
        OSError: our folder cannot be looked at, so nothing is known.
    """
    map, naam = split_pad(f"{eigen_map}/{pad}")
    for volgnummer in range(1, 1_000_000):
        doel = f"{map}/{encode_pad(build_doelnaam(decode_pad(naam), volgnummer))}"
        try:
            staat = (scanmap / decode_pad(doel)).lstat()
        except FileNotFoundError:
            return None
        if build_ingang(staat).kenmerk == kenmerk:
            return doel
    return None


def move_bestand(scanmap: Path, van: str, naar: str, kenmerk: Kenmerk) -> bool:
    """Move a file within the scanmap, never over another; False when what is at `van` is not this file (any more).

    Raises:
        FileExistsError: `naar` is taken.
        OSError: the folder may not be written, or is full.
    """
    van_map, van_naam = split_pad(van)
    naar_map, naar_naam = split_pad(naar)
    with _opened_scanmap(scanmap) as wortel:
        try:
            bron = _open_map(wortel, van_map)
        except FileNotFoundError:
            return False
        try:
            if not _is_same(bron, van_naam, kenmerk):
                return False
            doel = _open_map(wortel, naar_map, maak=True)
            try:
                _rename(bron, van_naam, doel, naar_naam)
                if _is_same(doel, naar_naam, kenmerk):
                    return True
                # Another file came under this name in the moment between: it goes back, and is seen as new.
                _rename(doel, naar_naam, bron, van_naam)
                return False
            finally:
                os.close(doel)
        finally:
            os.close(bron)


def is_daar(scanmap: Path, pad: str, kenmerk: Kenmerk) -> bool:
    """Does this very file lie at `pad`? Also when that cannot be said now: then nobody may believe that it is gone."""
    try:
        return build_ingang((scanmap / decode_pad(pad)).lstat()).kenmerk == kenmerk
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def make_eigen_mappen(scanmap: Path) -> None:
    """Make our own folders; OSError when the scanmap may not be written."""
    for naam in EIGEN_MAPPEN:
        with suppress(FileExistsError):
            (scanmap / naam).mkdir()


def _is_same(map: int, naam: str, kenmerk: Kenmerk) -> bool:
    try:
        staat = os.stat(decode_pad(naam), dir_fd=map, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return build_ingang(staat).kenmerk == kenmerk


def _rename(van_map: int, van: str, naar_map: int, naar: str) -> None:
    oud, nieuw = os.fsencode(decode_pad(van)), os.fsencode(decode_pad(naar))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(van_map, oud, naar_map, nieuw, _RENAME_NOREPLACE) == 0:
        return
    nummer = ctypes.get_errno()
    if nummer not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(nummer, os.strerror(nummer))
    # A file system that does not know it (some network drives): look first, and move in the same breath.
    with suppress(FileNotFoundError):
        os.stat(nieuw, dir_fd=naar_map, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.rename(oud, nieuw, src_dir_fd=van_map, dst_dir_fd=naar_map)


@contextmanager
def _opened_scanmap(scanmap: Path) -> Iterator[int]:
    fd = os.open(scanmap, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # the scanmap itself may be a link
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _opened(wortel: int, map: str) -> Iterator[int]:
    fd = _open_map(wortel, map)
    try:
        yield fd
    finally:
        os.close(fd)


def _open_map(wortel: int, map: str, *, maak: bool = False) -> int:
    """Open a folder step by step from `wortel`; `maak` makes what is not there."""
    fd = os.dup(wortel)
    try:
        for deel in map.split("/") if map else ():
            naam = decode_pad(deel)
            if maak:
                with suppress(FileExistsError):
                    os.mkdir(naam, dir_fd=fd)
            volgende = os.open(naam, _MAP, dir_fd=fd)
            os.close(fd)
            fd = volgende
    except BaseException:
        os.close(fd)
        raise
    return fd
