"""The store: content-addressed, write-once, two digests, durable before anything is acknowledged.

An object is `ab/cd/<sha256>` under the folder of the store. It appears there by link(2), which never overwrites, after
its bytes are on the disk; it is reported as kept after its name is too, after it was read back from the disk, and after
the second copy went the same way. So a crash or power cut at any point loses nothing that was acknowledged and shows
nothing that is half. See docs/architecture.md, and Pillai et al., OSDI 2014, for why each fsync is there.

Beside the objects a store has `tmp` (files being written), `beschadigd` (damaged bytes that were replaced: evidence,
never deleted) and `opslag.json` (whose store this is: a disk that is not mounted is not taken for an empty store).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from scanstraat.domain import Vingerafdruk
from scanstraat.errors import InvoerError, OpslagBeschadigdError, OpslagError, OpslagVolError

_BLOK_BYTES = 1 << 20
_MODUS_OBJECT = 0o440
_MODUS_MAP = 0o750
MINIMALE_RUIMTE_BYTES = 64 * 2**20  # below it a program that could not write is believed to have met a full disk
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TWEE_HEX = re.compile(r"[0-9a-f]{2}")
_TMP = "tmp"
_BESCHADIGD = "beschadigd"
_KENMERK = "opslag.json"
_TEKSTLAAG = "tekstlaag"  # the one kind of object that may ever go
_NIEUW_BESTAND = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_LEZEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


class Stroom(Protocol):
    """Anything to read bytes from, buffered or raw."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most `size` bytes; nothing means the end."""


class Objectstaat(StrEnum):
    """What re-reading one copy of an object says."""

    IN_ORDE = "in_orde"
    BESCHADIGD = "beschadigd"
    ONTBREEKT = "ontbreekt"


@dataclass(frozen=True)
class Controle:
    """Verdict on an object in both places; `kopie` is None when no second copy is configured."""

    sha256: str
    origineel: Objectstaat
    kopie: Objectstaat | None

    @property
    def in_orde(self) -> bool:
        """True when every copy that should be there is there and has its hash."""
        return self.origineel is Objectstaat.IN_ORDE and self.kopie in (None, Objectstaat.IN_ORDE)

    @property
    def herstelbaar(self) -> bool:
        """True when at least one copy is good."""
        return Objectstaat.IN_ORDE in (self.origineel, self.kopie)


@dataclass(frozen=True)
class Opgeruimd:
    """Temporary files that were removed: their number, size in bytes, and the oldest mtime (s since the epoch)."""

    aantal: int
    omvang_bytes: int
    oudste: float | None


@dataclass(frozen=True)
class Opruimbewijs:
    """What the record says of an object that may go: its soort, and how many places still need its bytes."""

    sha256: str
    soort: str
    in_gebruik: int


class Werkbestand:
    """A file on the disk of the store that somebody may fill; gone on leaving the `with`, unless it was kept.

    `fd` is open for reading and writing and may be handed to a child process.
    """

    def __init__(self, pad: Path, fd: int) -> None:
        self.pad = pad
        self.fd = fd

    def __enter__(self) -> Werkbestand:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what was kept was closed, and that checked, before it got its name
            self.close()
        with suppress(OSError):  # a file that cannot be removed now goes with the next `ruim_tijdelijk`
            self.pad.unlink()

    def close(self) -> None:
        """Close the descriptor; it is gone even when this raises, so never close it twice."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)


class Opslag:
    """The store in `map`, with a second copy in `kopie`. Safe to use from many threads and processes at once."""

    def __init__(self, map: Path, kopie: Path | None = None, *, naam: str = "opslag") -> None:
        self._origineel = _Plek(map, naam)
        self._kopie = None if kopie is None else _Plek(kopie, "kopie van de opslag")

    def bewaar(self, bron: Stroom | bytes | Path, *, maximum_bytes: int | None = None) -> Vingerafdruk:
        """Keep the bytes of `bron`, from where the stream stands to its end; on return they are durable, twice.

        Raises:
            InvoerError: "te_groot", there is more than `maximum_bytes`.
            OpslagVolError: no room; nothing was kept and no temporary file is left.
            OpslagError: the store could not keep its promise.
            OSError: `bron` itself could not be read.
        """
        if isinstance(bron, Path):
            with os.fdopen(os.open(bron, _LEZEN), "rb", buffering=0) as stroom:
                return self._bewaar(stroom.read, maximum_bytes)
        if isinstance(bron, bytes):
            return self.bewaar_bytes(bron, maximum_bytes=maximum_bytes)
        return self._bewaar(bron.read, maximum_bytes)

    def bewaar_bytes(self, inhoud: bytes, *, maximum_bytes: int | None = None) -> Vingerafdruk:
        """Keep `inhoud`; see `bewaar`."""
        rest = memoryview(inhoud)

        def lees(aantal: int) -> bytes:
            nonlocal rest
            blok, rest = bytes(rest[:aantal]), rest[aantal:]
            return blok

        return self._bewaar(lees, maximum_bytes)

    def nieuw_werkbestand(self) -> Werkbestand:
        """Return an empty file on the disk of the store, to be filled by a child and kept without copying."""
        self._check_plekken()
        return self._origineel.nieuw_bestand()

    def bewaar_werkbestand(self, werk: Werkbestand, *, maximum_bytes: int | None = None) -> Vingerafdruk:
        """Keep what is in `werk` and close it. It is linked in as it is, unless another process can still write to
        it: then its bytes are copied. Raises as `bewaar`.
        """
        self._check_plekken()
        vingerafdruk = self._origineel.neem_in(werk, maximum_bytes)
        self._schrijf_kopie(vingerafdruk)
        return vingerafdruk

    def open_fd(self, sha256: str) -> int:
        """Open an object for reading; the caller closes it.

        Raises:
            OpslagError: it is not there or cannot be opened.
        """
        return self._origineel.open_fd(sha256)

    def pad(self, sha256: str) -> Path:
        """Return where the object is or would be; OpslagError when `sha256` is no hash."""
        return self._origineel.pad(sha256)

    def heeft(self, sha256: str) -> bool:
        """Is there an object under this hash? Says nothing about its bytes: ask `controleer`."""
        return self._origineel.heeft(sha256)

    def controleer(self, sha256: str, verwacht: Vingerafdruk | None = None) -> Controle:
        """Re-read every copy from the disk, past the page cache, and compare with the hash.

        Args:
            sha256: the object.
            verwacht: what was recorded at intake; then size and SHA-512 must be equal too.
        """
        return Controle(
            sha256,
            self._origineel.check(sha256, verwacht),
            None if self._kopie is None else self._kopie.check(sha256, verwacht),
        )

    def herstel(self, sha256: str, *, uit: Opslag | None = None) -> Controle:
        """Repair the object where it is damaged or missing from the copy that is good; return the state after.

        Damaged bytes are moved to `beschadigd`, never deleted. With nothing to repair this does nothing.

        Args:
            uit: where else a good copy may be when neither of ours is: the objects of the back-ups.

        Raises:
            OpslagBeschadigdError: no copy is good.
        """
        staat = self.controleer(sha256)
        if staat.in_orde:
            return staat
        plekken = {self._origineel: staat.origineel}
        if self._kopie is not None and staat.kopie is not None:
            plekken[self._kopie] = staat.kopie
        goed = next((plek for plek, hoe in plekken.items() if hoe is Objectstaat.IN_ORDE), None)
        if goed is None and uit is not None and uit._origineel.check(sha256) is Objectstaat.IN_ORDE:
            goed = uit._origineel
        if goed is None:
            raise OpslagBeschadigdError(f"Object {sha256} is nergens meer in orde. Waarschuw de beheerder.")
        self._check_plekken()
        for plek, hoe in plekken.items():
            if hoe is not Objectstaat.IN_ORDE:
                plek.neem_over(goed, sha256)
        return self.controleer(sha256)

    def alle(self) -> Iterator[str]:
        """Yield every hash that is on disk in the store or its copy, in order, without keeping them in memory."""
        plekken = [self._origineel] if self._kopie is None else [self._origineel, self._kopie]
        for een in sorted(set[str]().union(*(plek.submappen() for plek in plekken))):
            for twee in sorted(set[str]().union(*(plek.submappen(een) for plek in plekken))):
                yield from sorted(set[str]().union(*(plek.objecten(een, twee) for plek in plekken)))

    def ruim_tijdelijk(self, ouder_dan_s: float, *, nu: float | None = None) -> Opgeruimd:
        """Remove temporary files last written more than `ouder_dan_s` ago: what a crash or power cut left.

        Nothing is lost by it: an object that was acknowledged has its own name.
        """
        grens = (time.time() if nu is None else nu) - ouder_dan_s
        delen = [plek.ruim_tijdelijk(grens) for plek in (self._origineel, self._kopie) if plek is not None]
        oudsten = [deel.oudste for deel in delen if deel.oudste is not None]
        return Opgeruimd(
            sum(deel.aantal for deel in delen), sum(deel.omvang_bytes for deel in delen), min(oudsten, default=None)
        )

    def verwijder_werkobject(self, bewijs: Opruimbewijs, *, rust_s: float = 86_400.0, nu: float | None = None) -> int:
        """Remove a text layer that nothing needs any more, in both places; return its size in bytes, 0 if it was gone.

        Everything else is refused, and so is what was written, or kept again, in the last `rust_s` seconds: a step that
        is running may be counting on it.

        Raises:
            OpslagError: the proof does not allow it, it was used too recently, or the disk refused.
        """
        if bewijs.soort != _TEKSTLAAG or bewijs.in_gebruik != 0:
            raise OpslagError(
                f"Object {bewijs.sha256} is geen losse tekstlaag en gaat nooit weg. Er is niets verwijderd."
            )
        self._check_plekken()
        with self._origineel.slot():
            if self._origineel.is_recent(bewijs.sha256, (time.time() if nu is None else nu) - rust_s):
                raise OpslagError(f"Object {bewijs.sha256} is net nog gebruikt en blijft. Probeer het later opnieuw.")
            if self._kopie is not None:
                self._kopie.verwijder(bewijs.sha256)
            return self._origineel.verwijder(bewijs.sha256)

    def check_ruimte(self) -> None:
        """Raise OpslagVolError when hardly anything more fits on the disk of the store."""
        self._origineel.check_ruimte()

    def find_opslag_problemen(self) -> tuple[str, ...]:
        """Return, in Dutch, what is wrong with the places themselves; empty is good."""
        try:
            self._check_plekken()
        except OpslagError as exc:
            return (str(exc),)
        problemen = []
        if self._kopie is not None and self._origineel.apparaat() == self._kopie.apparaat():
            problemen.append(
                f"De kopie van de opslag ({self._kopie.map}) staat op dezelfde schijf als de opslag zelf: "
                "gaat die schijf stuk, dan is alles weg. Zet opslag.kopie op een andere schijf."
            )
        for plek in (self._origineel, self._kopie):
            if plek is not None and (aantal := plek.aantal_beschadigd()):
                problemen.append(
                    f"Beschadigde bestanden in {plek.map / _BESCHADIGD}, die zijn vervangen door goede: {aantal}. "
                    "Laat de schijf nakijken en haal ze daarna daar weg."
                )
        return tuple(problemen)

    def _bewaar(self, lees: Callable[[int], bytes | None], maximum_bytes: int | None) -> Vingerafdruk:
        self._check_plekken()
        vingerafdruk = self._origineel.schrijf(lees, maximum_bytes)
        self._schrijf_kopie(vingerafdruk)
        return vingerafdruk

    def _schrijf_kopie(self, vingerafdruk: Vingerafdruk) -> None:
        if self._kopie is not None:
            self._kopie.neem_over(self._origineel, vingerafdruk.sha256)

    def _check_plekken(self) -> None:
        """Make or recognise both places; raise when one of them is another disk than the one we know.

        Without this a disk that is not mounted looks like an empty store, and copies would go to the wrong disk.
        """
        # The copy is asked before and after the original: another process may be making both at this moment, first the
        # original, then the copy, and then the note in the original that there is one.
        bij_kopie = None if self._kopie is None else self._kopie.lees_kenmerk()
        kenmerk = self._origineel.lees_kenmerk()
        if kenmerk is None:
            if self._kopie is not None and bij_kopie is not None:
                raise OpslagError(
                    f"De map van de opslag ({self._origineel.map}) is leeg, maar de kopie ({self._kopie.map}) niet. "
                    "Koppel de schijf van de opslag. Is die verloren, zet dan eerst de hele kopie daar terug."
                )
            kenmerk = self._origineel.zet_kenmerk({"opslag": str(uuid4()), "kopieen": []})
        if self._kopie is None:
            return
        bij_kopie = bij_kopie or self._kopie.lees_kenmerk()
        kopie = os.fspath(self._kopie.map.absolute())
        if bij_kopie is None and kopie in kenmerk["kopieen"]:
            raise OpslagError(
                f"De kopie van de opslag ({kopie}) is leeg, maar was dat eerder niet. Koppel de schijf met de kopie. "
                "Is die verloren, kies dan een nieuwe map voor opslag.kopie en voer daarna "
                "`scanstraat opslag controleer` uit: dat vult de kopie opnieuw."
            )
        if bij_kopie is None:
            bij_kopie = self._kopie.zet_kenmerk({"opslag": kenmerk["opslag"], "kopieen": []})
        if bij_kopie["opslag"] != kenmerk["opslag"]:
            raise OpslagError(f"De kopie ({kopie}) hoort bij een andere opslag. Kies een andere map voor opslag.kopie.")
        if kopie not in kenmerk["kopieen"]:
            self._origineel.zet_kenmerk({**kenmerk, "kopieen": [*kenmerk["kopieen"], kopie]}, vervang=True)


class _Plek:
    """One folder with objects. Knows nothing of the other copy."""

    def __init__(self, map: Path, naam: str) -> None:
        self.map = map
        self._naam = naam  # for messages
        self._vaste_mappen: set[Path] = set()  # folders whose own name this process has made durable

    # reading

    def pad(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise OpslagError("Dit is geen geldige controlewaarde (64 tekens 0-9 en a-f); kijk het nummer na.")
        return self.map / sha256[:2] / sha256[2:4] / sha256

    def heeft(self, sha256: str) -> bool:
        try:
            return stat.S_ISREG(self.pad(sha256).lstat().st_mode)
        except FileNotFoundError:
            return False

    def open_fd(self, sha256: str) -> int:
        try:
            return os.open(self.pad(sha256), _LEZEN)
        except FileNotFoundError as exc:
            raise OpslagError(
                f"Object {sha256} ontbreekt in de {self._naam}. Voer `scanstraat opslag controleer` uit."
            ) from exc
        except OSError as exc:
            raise self._fout(exc, "lezen") from exc

    def check(self, sha256: str, verwacht: Vingerafdruk | None = None) -> Objectstaat:
        try:
            fd = os.open(self.pad(sha256), _LEZEN | os.O_NONBLOCK)
        except FileNotFoundError:
            return Objectstaat.ONTBREEKT
        except OSError:
            return Objectstaat.BESCHADIGD  # a link where a file should be, or a disk that does not give it
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return Objectstaat.BESCHADIGD
            if verwacht is not None:
                goed = verwacht.sha256 == sha256 and _measure(fd, None) == verwacht
            else:
                goed = _hash_from_disk(fd) == sha256
        except OSError:
            goed = False  # an unreadable sector
        finally:
            _close_read(fd)
        return Objectstaat.IN_ORDE if goed else Objectstaat.BESCHADIGD

    def submappen(self, binnen: str = "") -> Iterator[str]:
        with suppress(FileNotFoundError), os.scandir(self.map / binnen) as ingangen:
            for ingang in ingangen:
                if _TWEE_HEX.fullmatch(ingang.name) and ingang.is_dir(follow_symlinks=False):
                    yield ingang.name

    def objecten(self, een: str, twee: str) -> Iterator[str]:
        with suppress(FileNotFoundError), os.scandir(self.map / een / twee) as ingangen:
            for ingang in ingangen:
                if _SHA256.fullmatch(ingang.name) and ingang.name.startswith(een + twee):
                    yield ingang.name

    def apparaat(self) -> int:
        return self.map.stat().st_dev

    def aantal_beschadigd(self) -> int:
        try:
            with os.scandir(self.map / _BESCHADIGD) as ingangen:
                return sum(1 for _ in ingangen)
        except FileNotFoundError:
            return 0

    def lees_kenmerk(self) -> dict[str, list[str] | str] | None:
        try:
            inhoud = json.loads((self.map / _KENMERK).read_bytes())
            return {"opslag": str(inhoud["opslag"]), "kopieen": [str(kopie) for kopie in inhoud["kopieen"]]}
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise self._fout(exc, "lezen") from exc
        except (ValueError, LookupError, TypeError) as exc:
            raise OpslagError(
                f"Het bestand {self.map / _KENMERK} is beschadigd. Zet het terug uit de back-up."
            ) from exc

    # writing

    def schrijf(self, lees: Callable[[int], bytes | None], maximum_bytes: int | None) -> Vingerafdruk:
        """Copy a stream into a new object. What `lees` raises comes out unchanged; the temporary file is gone then."""
        with self.nieuw_bestand() as werk:
            sha256, sha512, omvang = hashlib.sha256(), hashlib.sha512(), 0
            while blok := lees(_BLOK_BYTES):
                omvang += len(blok)
                _check_maximum(omvang, maximum_bytes)
                sha256.update(blok)
                sha512.update(blok)
                with self._vertaald("schrijven"):
                    _write_all(werk.fd, blok)
            vingerafdruk = Vingerafdruk(sha256.hexdigest(), sha512.hexdigest(), omvang)
            self._maak_vast(werk)
            self._maak_zichtbaar(werk.pad, vingerafdruk)
        return vingerafdruk

    def neem_in(self, werk: Werkbestand, maximum_bytes: int | None) -> Vingerafdruk:
        """Make an object of a filled werkbestand, without copying when nobody else can still write to it."""
        with self._vertaald("schrijven"):
            self._maak_vast(werk)
            fd = os.open(werk.pad, _LEZEN)
            try:
                if not _is_only_ours(fd):
                    return self.schrijf(lambda aantal: os.read(fd, aantal), maximum_bytes)
                vingerafdruk = _measure(fd, maximum_bytes)
            finally:
                _close_read(fd)
            self._maak_zichtbaar(werk.pad, vingerafdruk)
        return vingerafdruk

    def neem_over(self, andere: _Plek, sha256: str) -> None:
        """Copy an object from `andere` in the same way; OpslagBeschadigdError when its bytes are not its hash."""
        if self.check(sha256) is Objectstaat.IN_ORDE:
            with self._vertaald("schrijven"):
                self._maak_mappen(self.pad(sha256).parent)
                _fsync_map(self.pad(sha256).parent)
            return
        fd = andere.open_fd(sha256)
        try:
            _drop_cache(fd)  # so this read is also a check of what is really on that disk
            with self.nieuw_bestand() as werk:
                vingerafdruk = andere._kopieer(fd, self, werk.fd)
                if vingerafdruk.sha256 != sha256:
                    raise OpslagBeschadigdError(
                        f"Object {sha256} is beschadigd in de {andere._naam}. Voer `scanstraat opslag controleer` uit."
                    )
                self._maak_vast(werk)
                self._maak_zichtbaar(werk.pad, vingerafdruk)
        finally:
            _close_read(fd)

    def _kopieer(self, van: int, doel: _Plek, naar: int) -> Vingerafdruk:
        sha256, sha512, omvang = hashlib.sha256(), hashlib.sha512(), 0
        while True:
            with self._vertaald("lezen"):
                blok = os.read(van, _BLOK_BYTES)
            if not blok:
                return Vingerafdruk(sha256.hexdigest(), sha512.hexdigest(), omvang)
            sha256.update(blok)
            sha512.update(blok)
            omvang += len(blok)
            with doel._vertaald("schrijven"):
                _write_all(naar, blok)

    def _maak_vast(self, werk: Werkbestand) -> None:
        """Bring the bytes to the disk and close. After a failure the descriptor is never tried again: the kernel marks
        pages clean that it could not write (Rebello et al., ATC 2020); the caller starts anew from the source.
        """
        with self._vertaald("schrijven"):
            os.fchmod(werk.fd, _MODUS_OBJECT)
            os.fsync(werk.fd)
            werk.close()

    def _maak_zichtbaar(self, tijdelijk: Path, vingerafdruk: Vingerafdruk) -> None:
        """Give bytes that are on the disk their name, make that durable, and read it all back."""
        doel = self.pad(vingerafdruk.sha256)
        with self._vertaald("schrijven"):
            self._maak_mappen(doel.parent)
            try:
                os.link(tijdelijk, doel, follow_symlinks=False)
            except FileExistsError:
                self._noem_gebruikt(tijdelijk, doel)
                if not _is_equal(doel, tijdelijk):
                    self._vervang_beschadigd(tijdelijk, doel)
            _fsync_map(doel.parent)
        if self.check(vingerafdruk.sha256) is not Objectstaat.IN_ORDE:
            raise OpslagBeschadigdError(
                f"De {self._naam} gaf bij nalezen andere bytes terug dan er zijn geschreven ({doel}). "
                "Laat de schijf nakijken; dit bestand is niet ingenomen."
            )

    def nieuw_bestand(self) -> Werkbestand:
        pad = self.map / _TMP / uuid4().hex
        with self._vertaald("schrijven"):
            try:
                return Werkbestand(pad, os.open(pad, _NIEUW_BESTAND, 0o600))
            except FileNotFoundError:
                self._maak_mappen(pad.parent)
                return Werkbestand(pad, os.open(pad, _NIEUW_BESTAND, 0o600))

    def zet_kenmerk(self, kenmerk: dict[str, list[str] | str], *, vervang: bool = False) -> dict[str, list[str] | str]:
        """Write whose store this is; when another process was first, its answer is the one that counts."""
        with self.nieuw_bestand() as werk, self._vertaald("schrijven"):
            _write_all(werk.fd, json.dumps(kenmerk, indent=1).encode())
            os.fsync(werk.fd)
            if vervang:
                werk.pad.replace(self.map / _KENMERK)
            else:
                with suppress(FileExistsError):
                    os.link(werk.pad, self.map / _KENMERK)
            _fsync_map(self.map)
        staat_er = self.lees_kenmerk()
        assert staat_er is not None
        return staat_er

    def ruim_tijdelijk(self, grens: float) -> Opgeruimd:
        aantal, omvang, oudste = 0, 0, None
        with self._vertaald("opruimen"), suppress(FileNotFoundError), os.scandir(self.map / _TMP) as ingangen:
            for ingang in ingangen:
                with suppress(FileNotFoundError):  # its owner was just ready with it
                    staat = ingang.stat(follow_symlinks=False)
                    if stat.S_ISREG(staat.st_mode) and staat.st_mtime < grens:
                        Path(ingang.path).unlink()
                        aantal, omvang = aantal + 1, omvang + staat.st_size
                        oudste = staat.st_mtime if oudste is None else min(oudste, staat.st_mtime)
        return Opgeruimd(aantal, omvang, oudste)

    def _noem_gebruikt(self, tijdelijk: Path, doel: Path) -> None:
        """Make the ctime of an object now, so that `verwijder_werkobject` leaves it; link it anew when it just went.

        Its bytes, its inode and its mtime stay what they were.
        """
        with self.slot():
            try:
                fd = os.open(doel, _LEZEN | os.O_NONBLOCK)
            except FileNotFoundError:
                with suppress(FileExistsError):
                    os.link(tijdelijk, doel, follow_symlinks=False)
                return
            except OSError:
                return  # damaged: it is replaced by what we have
            try:
                with suppress(PermissionError):  # of another user: then we do not remove it either
                    os.fchmod(fd, _MODUS_OBJECT)
            finally:
                _close_read(fd)

    def is_recent(self, sha256: str, grens: float) -> bool:
        """Was this object written or kept again after `grens` (s since the epoch), or is it not ours to judge?"""
        with self._vertaald("opruimen"):
            try:
                staat = self.pad(sha256).lstat()
            except FileNotFoundError:
                return False
        return staat.st_uid != os.geteuid() or max(staat.st_ctime, staat.st_mtime) > grens

    def verwijder(self, sha256: str) -> int:
        """Remove a file and make that durable; return its size in bytes. The caller has judged that it may go."""
        pad = self.pad(sha256)
        with self._vertaald("opruimen"):
            try:
                omvang = pad.lstat().st_size
                pad.unlink()
            except FileNotFoundError:
                return 0
            _fsync_map(pad.parent)
        return omvang

    def _vervang_beschadigd(self, tijdelijk: Path, doel: Path) -> None:
        """Put good bytes in the place of damaged ones, which keep a name in `beschadigd`. The name never disappears."""
        self._maak_mappen(self.map / _BESCHADIGD)
        with self.slot(_BESCHADIGD):  # two processes that repair at once must not put aside each other's good bytes
            if self.check(doel.name) is Objectstaat.IN_ORDE:
                return
            os.link(doel, self.map / _BESCHADIGD / f"{doel.name}.{uuid4().hex}", follow_symlinks=False)
            _fsync_map(self.map / _BESCHADIGD)
            naast = tijdelijk.with_name(uuid4().hex)
            os.link(tijdelijk, naast)
            naast.replace(doel)

    @contextmanager
    def slot(self, submap: str = _TMP) -> Iterator[None]:
        """Hold the lock on a folder of this place; one process at a time."""
        with self._vertaald("openen"):
            self._maak_mappen(self.map / submap)
            fd = os.open(self.map / submap, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _maak_mappen(self, map: Path) -> None:
        """Make `map` and what is above it, and make each name durable in the folder that holds it.

        Also when another process made the folder: that one may be cut off before its own fsync.
        """
        if map in self._vaste_mappen:
            if map.is_dir():
                return
            self._vaste_mappen.clear()  # somebody took the folder away: believe nothing we remember
        if self.map in map.parents or not map.parent.is_dir():
            self._maak_mappen(map.parent)
        try:
            map.mkdir(_MODUS_MAP)
            gemaakt = True
        except FileExistsError:
            gemaakt = False
        try:
            _fsync_map(map.parent)
        except PermissionError:  # what is above an existing store need not be readable for us
            if gemaakt or map != self.map:
                raise
        self._vaste_mappen.add(map)

    @contextmanager
    def _vertaald(self, werk: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise self._fout(exc, werk) from exc

    def check_ruimte(self) -> None:
        with self._vertaald("schrijven"):
            stand = os.statvfs(self.map)
            if stand.f_bavail * stand.f_frsize < MINIMALE_RUIMTE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _fout(self, exc: OSError, werk: str) -> OpslagError:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return OpslagVolError(
                f"De schijf van de {self._naam} ({self.map}) is vol. Maak ruimte; het werk gaat daarna vanzelf verder."
            )
        code = errno.errorcode.get(exc.errno or 0, "onbekend")
        if exc.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK) and werk == "schrijven":
            return OpslagError(
                f"De {self._naam} ({self.map}) staat op een schijf die geen harde koppelingen kan maken, of mag dat "
                f"niet ({code}). Kies een map op een eigen schijf met ext4, xfs of btrfs."
            )
        return OpslagError(
            f"De {self._naam} ({self.map}) is niet bereikbaar bij het {werk} ({code}). "
            "Kijk of de schijf is gekoppeld en of de rechten kloppen; het werk gaat daarna vanzelf verder."
        )


def _check_maximum(omvang_bytes: int, maximum_bytes: int | None) -> None:
    if maximum_bytes is not None and omvang_bytes > maximum_bytes:
        raise InvoerError(
            "te_groot",
            f"Het bestand is groter dan {maximum_bytes // 1_000_000} MB. Lever het in kleinere delen aan.",
        )


def _write_all(fd: int, blok: bytes) -> None:
    rest = memoryview(blok)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _close_read(fd: int) -> None:
    """Close what was only read; an error at that moment says nothing about the bytes."""
    with suppress(OSError):
        os.close(fd)


def _drop_cache(fd: int) -> None:
    """Make the next read come from the disk. Advice only: a file system may ignore it, so no error counts."""
    with suppress(OSError):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def _blocks(fd: int) -> Iterator[bytes]:
    plaats = 0
    while blok := os.pread(fd, _BLOK_BYTES, plaats):
        plaats += len(blok)
        yield blok


def _hash_from_disk(fd: int) -> str:
    _drop_cache(fd)
    sha256 = hashlib.sha256()
    for blok in _blocks(fd):
        sha256.update(blok)
    return sha256.hexdigest()


def _measure(fd: int, maximum_bytes: int | None) -> Vingerafdruk:
    _drop_cache(fd)
    sha256, sha512, omvang = hashlib.sha256(), hashlib.sha512(), 0
    for blok in _blocks(fd):
        omvang += len(blok)
        _check_maximum(omvang, maximum_bytes)
        sha256.update(blok)
        sha512.update(blok)
    return Vingerafdruk(sha256.hexdigest(), sha512.hexdigest(), omvang)


def _is_equal(pad: Path, nieuw: Path) -> bool:
    """Has `pad`, as it is on the disk, the bytes of `nieuw`? False when it cannot be read."""
    links = os.open(nieuw, _LEZEN)
    try:
        rechts = os.open(pad, _LEZEN | os.O_NONBLOCK)
    except OSError:
        _close_read(links)
        return False
    try:
        _drop_cache(rechts)
        if os.fstat(links).st_size != os.fstat(rechts).st_size:
            return False
        return all(deel == ander for deel, ander in zip(_blocks(links), _blocks(rechts), strict=True))
    except (OSError, ValueError):
        return False
    finally:
        _close_read(links)
        _close_read(rechts)


def _is_only_ours(fd: int) -> bool:
    """Can nobody write to this file any more? A read lease is only given when it is nowhere open for writing.

    Source: fcntl(2), F_SETLEASE. A file system without leases answers False.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    return True


def _fsync_map(map: Path) -> None:
    fd = os.open(map, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
