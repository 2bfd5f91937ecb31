"""A folder that people take away: written beside its place and renamed when it is whole, never half.

Every stored byte that goes into it is held against its hash while it is copied.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from scanstraat.config import Config
from scanstraat.domain import Vingerafdruk
from scanstraat.errors import NietMogelijkError, OpslagBeschadigdError, OpslagError
from scanstraat.intake.opslag import Objectstaat, Opslag

_BLOK_BYTES = 1 << 20
_MODUS_MAP, _MODUS_BESTAND = 0o750, 0o640  # names and case numbers are in it


def verify_buiten(config: Config, doel: Path) -> None:
    """Return when a folder lies in none of our own: what is written in a scanmap would be taken in.

    Raises:
        NietMogelijkError: it lies in one.
    """
    eigen = {
        **{f"scanmap {scanmap.naam}": scanmap.map for scanmap in config.scanmap},
        "de opslag": config.opslag.map,
        "de kopie van de opslag": config.opslag.kopie,
        "de back-up": config.backup.map,
        "het logboek": config.logboek.map,
        "de map van de verzegelaar": config.logboek.verzegelaar,
    }
    for naam, map_ in eigen.items():
        if map_ is not None and doel.resolve().is_relative_to(map_.resolve()):
            raise NietMogelijkError(f"{doel} ligt in {naam}. Kies een map daarbuiten.")


@contextmanager
def write_beside(doel: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `doel` at the end, when it is on the disk; on an error it is gone.

    What a power cut left behind is called `.NAAM.bezig`, and goes at the next try.

    Raises:
        NietMogelijkError: `doel` is there and not empty, or somebody is writing it now.
    """
    doel = doel.resolve()
    _verify_leeg(doel)
    doel.parent.mkdir(parents=True, exist_ok=True)
    half = doel.with_name(f".{doel.name}.bezig")
    with _hold(half, doel):
        try:
            yield half
            os.sync()  # all of it at once: one fsync per file takes hours when there are millions
            _verify_leeg(doel)
            half.rename(doel)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
    fd = os.open(doel.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _verify_leeg(doel: Path) -> None:
    if doel.exists() and (not doel.is_dir() or any(doel.iterdir())):
        raise NietMogelijkError(
            f"{doel} bestaat al en is niet leeg. Kies een lege map: er wordt nooit iets overschreven."
        )


@contextmanager
def _hold(half: Path, doel: Path) -> Iterator[None]:
    """Make `half` an empty folder that is ours alone."""
    with suppress(FileExistsError):
        half.mkdir(mode=_MODUS_MAP)
    fd = os.open(half, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise NietMogelijkError(f"Er wordt al naar {doel} geschreven.") from exc
        for oud in half.iterdir():
            if oud.is_dir() and not oud.is_symlink():
                shutil.rmtree(oud)
            else:
                oud.unlink()
        yield
    finally:
        os.close(fd)


def write_new(pad: Path, inhoud: bytes) -> None:
    """Write a new file, with the folders above it."""
    with open_new(pad) as bestand:
        bestand.write(inhoud)


def open_new(pad: Path) -> BinaryIO:
    """Open a new file for writing, with the folders above it."""
    pad.parent.mkdir(mode=_MODUS_MAP, parents=True, exist_ok=True)
    return os.fdopen(os.open(pad, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODUS_BESTAND), "wb")


def copy_object(opslag: Opslag, verwacht: Vingerafdruk, doel: Path) -> None:
    """Copy a stored object to a new file, held against both digests on the way; a damaged one is repaired first.

    Args:
        verwacht: what it must be; its SHA-512 is "" when only one digest is known.
    Raises:
        OpslagBeschadigdError: no copy of it is whole. Then there is no file.
    """
    for poging in (1, 2):
        if poging == 2:
            opslag.herstel(verwacht.sha256)
        try:
            if _copy(opslag, verwacht, doel):
                return
        except OpslagBeschadigdError:
            raise
        except OpslagError:
            if poging == 2:
                raise
    raise OpslagBeschadigdError(
        f"Object {verwacht.sha256} is beschadigd in de opslag. Voer uit: scanstraat opslag controleer"
    )


def _copy(opslag: Opslag, verwacht: Vingerafdruk, doel: Path) -> bool:
    with os.fdopen(opslag.open_fd(verwacht.sha256), "rb", buffering=0) as bron, open_new(doel) as uit:
        sha256, sha512, omvang = hashlib.sha256(), hashlib.sha512(), 0
        while blok := bron.read(_BLOK_BYTES):
            sha256.update(blok)
            sha512.update(blok)
            omvang += len(blok)
            uit.write(blok)
    gelijk = (sha256.hexdigest(), omvang) == (verwacht.sha256, verwacht.omvang_bytes)
    if not gelijk or verwacht.sha512 not in ("", sha512.hexdigest()):
        doel.unlink()
        return False
    return True


def verify_object(opslag: Opslag, verwacht: Vingerafdruk) -> None:
    """Return when a stored object, read from the disk, is what it must be; otherwise OpslagBeschadigdError."""
    if opslag.controleer(verwacht.sha256, verwacht).origineel is not Objectstaat.IN_ORDE:
        raise OpslagBeschadigdError(
            f"Object {verwacht.sha256} is beschadigd in de opslag. Voer uit: scanstraat opslag controleer"
        )


def hash_bytes(inhoud: bytes) -> Vingerafdruk:
    """Return what these bytes are."""
    return Vingerafdruk(hashlib.sha256(inhoud).hexdigest(), hashlib.sha512(inhoud).hexdigest(), len(inhoud))


def hash_file(pad: Path, algoritme: str = "sha256") -> str:
    """Return a digest of a file, hex; a link is not followed.

    Raises:
        OSError: it is not a file that can be read.
    """
    digest = hashlib.new(algoritme)
    with os.fdopen(os.open(pad, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", buffering=0) as bron:
        while blok := bron.read(_BLOK_BYTES):
            digest.update(blok)
    return digest.hexdigest()


def walk_files(map_: Path, begin: str = "") -> Iterator[tuple[str, Path]]:
    """Yield what is in a folder that is no folder itself, as (path from `map_`, path), in the order of those paths.

    In bytes, as `LC_ALL=C sort` would; only the names in one folder are held at a time.
    """
    with os.scandir(map_ / begin) as ingangen:
        namen = sorted((f"{i.name}/" if i.is_dir(follow_symlinks=False) else i.name) for i in ingangen)
    for naam in namen:
        if naam.endswith("/"):
            yield from walk_files(map_, f"{begin}{naam}")
        else:
            yield f"{begin}{naam}", map_ / begin / naam
