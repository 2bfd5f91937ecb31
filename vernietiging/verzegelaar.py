"""The sealer: a process of its own that orders events into the log and signs its head.

It alone has the keys, and a state that it brings to its own disk before a signature leaves it. So it never signs a log
that is not a continuation of what it signed before, whoever owns the database. What it is given, it first keeps whole
(`wachtrij`): after a crash it finishes that before anything else, in the same order.

Its folder: `stand.json`, `wachtrij`, and the private keys, readable by its user alone. The log is another folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from vernietiging.boom import Rand, build_rand, hash_blad
from vernietiging.checkpoint import Checkpoint, build_bericht, build_handtekening, parse_checkpoint, read_bericht
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.gebeurtenis import find_objecten, parse_blad, verify_blad
from vernietiging.notitie import (
    Notitie,
    Sleutel,
    Soort,
    is_sleutelnaam,
    parse_notitie,
    parse_vkey,
    verify_handtekening,
)
from vernietiging.tegels import (
    BREEDTE,
    Tegelmap,
    Tegelschrijver,
    decode_bundel,
    encode_bundel,
    fsync_map,
    write_once,
    write_over,
)

MEESTE_BLADEN = 10_000  # in one request
_STAND, _WACHTRIJ, _NIEUW, _SLOT = "stand.json", "wachtrij", "nieuw", "slot"
_PUBLIEK = "sleutels.txt"
_SLEUTELS = {Soort.ED25519: "ed25519.pem", Soort.ML_DSA_44: "ml-dsa-44.pem"}


# --- keys -------------------------------------------------------------------------------------------------------------


class Sleutelbos:
    """The private keys of one log."""

    def __init__(self, oorsprong: str, ed25519: Ed25519PrivateKey, ml_dsa: MLDSA44PrivateKey) -> None:
        self._ed25519, self._ml_dsa = ed25519, ml_dsa
        self.publiek = (
            Sleutel(oorsprong, Soort.ED25519, ed25519.public_key().public_bytes_raw()),
            Sleutel(oorsprong, Soort.ML_DSA_44, ml_dsa.public_key().public_bytes_raw()),
        )

    @classmethod
    def open(cls, map: Path, oorsprong: str) -> Sleutelbos:
        """Read the keys from the sealer's folder, or make them there when there is no log yet."""
        if not is_sleutelnaam(oorsprong):
            raise ValueError("an origin has no spaces and no plus")
        ed25519 = _load_sleutel(map / _SLEUTELS[Soort.ED25519], Ed25519PrivateKey.generate)
        ml_dsa = _load_sleutel(map / _SLEUTELS[Soort.ML_DSA_44], MLDSA44PrivateKey.generate)
        if not isinstance(ed25519, Ed25519PrivateKey) or not isinstance(ml_dsa, MLDSA44PrivateKey):
            raise NietVastTeStellenError(f"In {map} staat een sleutel van een ander soort. Zet de goede terug.")
        return cls(oorsprong, ed25519, ml_dsa)

    def sign(self, checkpoint: Checkpoint, tijd: int) -> Notitie:
        """Return the checkpoint with both signatures; `tijd` in seconds since 1970."""
        gewoon, later = self.publiek
        return Notitie(
            checkpoint.to_tekst(),
            (
                build_handtekening(gewoon, self._ed25519.sign(build_bericht(checkpoint, gewoon))),
                build_handtekening(later, self._ml_dsa.sign(build_bericht(checkpoint, later, tijd)), tijd),
            ),
        )


def read_sleutels(map: Path) -> tuple[Sleutel, ...]:
    """Return the public keys that the sealer laid in its folder, for when it does not run.

    Raises:
        NietVastTeStellenError: they are not there, may not be read, or are not one of each kind.
    """
    try:
        sleutels = tuple(parse_vkey(regel) for regel in (map / _PUBLIEK).read_text(encoding="ascii").splitlines())
    except (OSError, ValueError, VernietigingError) as exc:
        raise NietVastTeStellenError(f"De openbare sleutels in {map} zijn niet te lezen.") from exc
    if [sleutel.soort for sleutel in sleutels] != list(_SLEUTELS):  # one more would be believed as well
        raise NietVastTeStellenError(f"In {map} staan andere openbare sleutels dan een logboek heeft.")
    return sleutels


def make_eigen_map(map: Path) -> None:
    """Make the sealer's own folder: its group may reach the socket in it, and nobody else anything."""
    map.mkdir(mode=0o750, parents=True, exist_ok=True)


def _load_sleutel(pad: Path, maak: Callable[[], Any]) -> Any:
    if not pad.exists():
        if (pad.parent / _STAND).exists():
            raise NietVastTeStellenError(f"De sleutel {pad} is weg. Zet hem terug; er wordt niets verzegeld.")
        inhoud = maak().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        make_eigen_map(pad.parent)
        with os.fdopen(os.open(pad, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400), "wb") as bestand:
            bestand.write(inhoud)
            bestand.flush()
            os.fsync(bestand.fileno())
        fsync_map(pad.parent)
    try:
        return serialization.load_pem_private_key(pad.read_bytes(), password=None)
    except ValueError as exc:
        raise NietVastTeStellenError(f"De sleutel {pad} is onleesbaar. Zet de goede terug.") from exc


# --- state ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stand:
    """What was last signed, and what is needed to go on from there."""

    oorsprong: str
    rand: Rand
    notitie: bytes  # as signed; empty for a log without events

    @property
    def omvang(self) -> int:
        """How many events are sealed."""
        return self.rand.omvang

    def to_json(self) -> bytes:
        """Return the state as it is kept."""
        return json.dumps(
            {
                "oorsprong": self.oorsprong,
                "omvang": self.rand.omvang,
                "rand": [knoop.hex() for knoop in self.rand.knopen],
                "notitie": self.notitie.decode(),
            }
        ).encode()

    @classmethod
    def from_json(cls, inhoud: bytes) -> Stand:
        """Read what was kept.

        Raises:
            LogboekGewijzigdError: it is not what `to_json` gives, or does not agree with itself.
        """
        try:
            gegevens = json.loads(inhoud)
            rand = Rand(gegevens["omvang"], [bytes.fromhex(knoop) for knoop in gegevens["rand"]])
            stand = cls(gegevens["oorsprong"], rand, gegevens["notitie"].encode())
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise LogboekGewijzigdError("De stand van de verzegelaar is beschadigd.") from exc
        if stand.omvang:
            getekend = parse_checkpoint(parse_notitie(stand.notitie).tekst)
            if getekend != Checkpoint(stand.oorsprong, stand.omvang, rand.wortel):
                raise LogboekGewijzigdError("De stand van de verzegelaar past niet bij wat hij ondertekende.")
        return stand


# --- sealing ----------------------------------------------------------------------------------------------------------


class Verzegelaar:
    """Adds events to the log and signs its head. One process may do so for a log.

    Raises, from every method:
        LogboekGewijzigdError: what is on disk is not what was signed; nothing is signed then.
    """

    def __init__(self, map: Path, logmap: Path, oorsprong: str, *, objecten: Path | None = None) -> None:
        """Open the sealer's own folder and the folder of the log.

        Args:
            map: for keys and state; no other user, and no back-up of the database, should reach it.
            logmap: where tiles and checkpoints go.
            oorsprong: name of the log, as `gemeente.example/vernietiging/1`.
            objecten: the store of scans and archive files: what events say of it is looked at before it is signed.
        """
        self._map, self._logmap, self._objecten = map, logmap, objecten
        self._tegels, self._schrijver = Tegelmap(logmap), Tegelschrijver(logmap)
        make_eigen_map(map)
        with self._hold():
            if not (map / _STAND).exists() and not any((map / naam).exists() for naam in _SLEUTELS.values()):
                write_over(map / _NIEUW, b"")  # else keys without a state would be those of a log that was lost
            self._sleutels = Sleutelbos.open(map, oorsprong)
            self._stand = self._load_stand(oorsprong)
            self._check_getekend()
            self._check_tegels()
            self._finish()
            self._publish_sleutels()

    @property
    def sleutels(self) -> tuple[Sleutel, ...]:
        """The public keys."""
        return self._sleutels.publiek

    @property
    def stand(self) -> Stand:
        """What is sealed."""
        return self._stand

    def append(self, vanaf: int, bladen: Sequence[bytes]) -> Stand:
        """Seal events, in this order, behind the `vanaf` that are sealed already.

        Raises:
            ValueError: `vanaf` is not how many there are, or there are too many at once.
            GebeurtenisError: one is not an event as its closed schema wants it; then none is sealed.
        """
        if len(bladen) > MEESTE_BLADEN:
            raise ValueError("too many events at once")
        for blad in bladen:
            self._check_blad(blad)
        with self._hold():
            if Stand.from_json((self._map / _STAND).read_bytes()) != self._stand:
                raise LogboekGewijzigdError("De stand van de verzegelaar is door een ander veranderd.")
            if vanaf != self._stand.omvang:
                raise ValueError(f"{self._stand.omvang} events are sealed, not {vanaf}")
            if bladen:
                # From here on these leaves are in the log, in this order: a crash does not change that.
                write_over(self._map / _WACHTRIJ, struct.pack(">QI", vanaf, len(bladen)) + encode_bundel(bladen))
                self._finish()
        return self._stand

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """Be the only one who works in this folder, for as long as it takes."""
        fd = os.open(self._map / _SLOT, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _check_getekend(self) -> None:
        """Are these the keys that signed what we know? With others the log would be worthless from here on."""
        if not self._stand.omvang:
            return
        notitie = parse_notitie(self._stand.notitie)
        checkpoint = parse_checkpoint(notitie.tekst)
        for sleutel in self.sleutels:
            regels = notitie.find(sleutel)
            if not regels:
                raise NietVastTeStellenError(
                    f"De sleutel {sleutel.soort.name} is niet die van dit logboek. Zet hem terug."
                )
            for regel in regels:
                verify_handtekening(sleutel, regel, read_bericht(checkpoint, sleutel, regel))

    def _check_blad(self, blad: bytes) -> None:
        verify_blad(blad)
        if self._objecten is None:
            return
        for sha256 in find_objecten(parse_blad(blad)):
            if not _is_whole(self._objecten, sha256):
                raise LogboekGewijzigdError(
                    f"Een gebeurtenis noemt bestand {sha256}, maar in de opslag staat dat niet, of het is veranderd. "
                    "Voer uit: scanstraat opslag controleer"
                )

    def _finish(self) -> None:
        """Do what is kept in the queue, also after a crash in the middle of it."""
        wachtrij = self._map / _WACHTRIJ
        if wachtrij.exists():
            inhoud = wachtrij.read_bytes()
            if len(inhoud) < 12:
                raise LogboekGewijzigdError("De wachtrij van de verzegelaar is beschadigd.")
            vanaf, aantal = struct.unpack_from(">QI", inhoud)
            bladen = decode_bundel(inhoud[12:], aantal)
            if vanaf == self._stand.omvang:
                self._seal(bladen)
            elif vanaf + aantal != self._stand.omvang:
                raise LogboekGewijzigdError("De wachtrij van de verzegelaar past niet bij zijn stand.")
        self._publish()
        if wachtrij.exists():
            wachtrij.unlink()
            fsync_map(self._map)

    def _seal(self, bladen: Sequence[bytes]) -> None:
        rand = Rand(self._stand.omvang, self._stand.rand.knopen)
        for blad in bladen:
            rand.append(hash_blad(blad))
        self._schrijver.append(self._stand.omvang, bladen)
        self._verify_written(self._stand.omvang, bladen, rand)
        notitie = self._sleutels.sign(Checkpoint(self._stand.oorsprong, rand.omvang, rand.wortel), int(time.time()))
        stand = Stand(self._stand.oorsprong, rand, notitie.to_bytes())
        write_over(self._map / _STAND, stand.to_json())  # before the signature leaves us
        self._stand = stand

    def _verify_written(self, vanaf: int, bladen: Sequence[bytes], rand: Rand) -> None:
        """Read back from the disk what is about to be signed, and come to the same root by another way."""
        n, over = divmod(vanaf, BREEDTE)
        gelezen: list[bytes] = []
        totaal = over + len(bladen)
        for plek in range(0, totaal, BREEDTE):
            gelezen += self._tegels.read_bladen(n + plek // BREEDTE, min(BREEDTE, totaal - plek))
        if gelezen[over:] != list(bladen) or build_rand(self._tegels.knoop, rand.omvang).wortel != rand.wortel:
            raise LogboekGewijzigdError(
                "Wat in het logboek is geschreven, is niet wat er gelezen wordt. Kijk de schijf na."
            )

    def _publish(self) -> None:
        if not self._stand.omvang:
            return
        plaats = self._logmap / "checkpoints" / str(self._stand.omvang)
        if not plaats.exists() or plaats.read_bytes() != self._stand.notitie:
            write_once(plaats, self._stand.notitie)
        head = self._logmap / "checkpoint"
        if not head.exists() or parse_notitie(head.read_bytes()).tekst != parse_notitie(self._stand.notitie).tekst:
            write_over(head, self._stand.notitie)

    def _publish_sleutels(self) -> None:
        """Lay the public keys where who may look in this folder finds them while nothing runs."""
        inhoud = "".join(f"{sleutel.to_vkey()}\n" for sleutel in self.sleutels).encode()
        pad = self._map / _PUBLIEK
        if not pad.exists() or pad.read_bytes() != inhoud:
            write_over(pad, inhoud)

    def _load_stand(self, oorsprong: str) -> Stand:
        pad = self._map / _STAND
        if not pad.exists():
            if not (self._map / _NIEUW).exists() or self._list_checkpoints():
                raise LogboekGewijzigdError(
                    "De stand van de verzegelaar is weg. Zet die terug; er wordt niets verzegeld."
                )
            stand = Stand(oorsprong, Rand(), b"")
            write_over(pad, stand.to_json())
            (self._map / _NIEUW).unlink()
            return stand
        stand = Stand.from_json(pad.read_bytes())
        if stand.oorsprong != oorsprong:
            raise LogboekGewijzigdError(f"De verzegelaar is van logboek {stand.oorsprong}, niet van {oorsprong}.")
        return stand

    def _check_tegels(self) -> None:
        """Is the log on disk the one that was signed? Its leaves are looked at by the verifier."""
        if self._stand.omvang and build_rand(self._tegels.knoop, self._stand.omvang).wortel != self._stand.rand.wortel:
            raise LogboekGewijzigdError("Het logboek op schijf is niet het logboek dat is verzegeld.")
        gezien = max(self._list_checkpoints(), default=0)
        if gezien > self._stand.omvang:
            raise LogboekGewijzigdError(
                f"Het logboek heeft {gezien} gebeurtenissen, de verzegelaar weet er {self._stand.omvang}: zijn stand "
                "is teruggezet."
            )

    def _list_checkpoints(self) -> list[int]:
        """Return the sizes of all checkpoints that lie in the log."""
        map = self._logmap / "checkpoints"
        omvangen = [int(pad.name) for pad in map.iterdir() if pad.name.isdecimal()] if map.is_dir() else []
        head = self._logmap / "checkpoint"
        if head.exists():
            omvangen.append(parse_checkpoint(parse_notitie(head.read_bytes()).tekst).omvang)
        return omvangen


def _is_whole(objecten: Path, sha256: str) -> bool:
    pad = objecten / sha256[:2] / sha256[2:4] / sha256
    try:
        with pad.open("rb") as bestand:
            return hashlib.file_digest(bestand, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise NietVastTeStellenError(
            f"De verzegelaar kan bestand {sha256} in de opslag niet lezen. Geef leesrechten of kijk de schijf na."
        ) from exc
