"""The sealer behind a Unix socket: a process of its own, and who asks it to seal.

A message is a length in four bytes and JSON; a request to seal is followed by one more message with the leaves, as in a
bundle. One request at a time: order is what the sealer is for.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.notitie import Sleutel, parse_vkey
from vernietiging.tegels import decode_bundel, encode_bundel
from vernietiging.verzegelaar import Verzegelaar, make_eigen_map

MAXIMUM_BYTES = 64_000_000
TIJDSLIMIET_S = 120.0
STILTE_S = 5.0  # who asks something and then says nothing does not hold up the others for longer
_FOUTEN: dict[str, type[VernietigingError]] = {
    "gebeurtenis": GebeurtenisError,
    "gewijzigd": LogboekGewijzigdError,
    "onzeker": NietVastTeStellenError,
}


@dataclass(frozen=True)
class Verzegeld:
    """How far the log is: how many events, the root over them, and the signed checkpoint (empty without events)."""

    omvang: int
    wortel: bytes
    notitie: bytes


class Verzegeldienst:
    """Serves one sealer. It opens it at the first request that succeeds: what is wrong with it, each asker is told."""

    def __init__(self, adres: Path, open_verzegelaar: Callable[[], Verzegelaar]) -> None:
        self._adres, self._open = adres, open_verzegelaar
        self._verzegelaar: Verzegelaar | None = None

    def serve(self, stop: threading.Event) -> None:
        """Answer until told to stop."""
        make_eigen_map(self._adres.parent)
        with self._alone(stop) as is_alleen:
            if is_alleen:
                self._listen(stop)

    @contextmanager
    def _alone(self, stop: threading.Event) -> Iterator[bool]:
        """Wait until no other sealer serves here; False when told to stop before that."""
        fd = os.open(self._adres.with_name("dienst.slot"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not stop.is_set():
                with suppress(BlockingIOError):
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield True
                    return
                stop.wait(1.0)
            yield False
        finally:
            os.close(fd)

    def _listen(self, stop: threading.Event) -> None:
        nieuw = self._adres.with_name(f".{self._adres.name}")
        nieuw.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as luisteraar:
            with _short(nieuw) as adres:
                luisteraar.bind(adres)
            nieuw.chmod(0o660)
            luisteraar.listen(8)
            nieuw.replace(self._adres)  # whoever sees the address is answered
            luisteraar.settimeout(0.25)
            while not stop.is_set():
                try:
                    verbinding, _ = luisteraar.accept()
                except TimeoutError:
                    continue
                with verbinding:
                    verbinding.settimeout(STILTE_S)
                    self._answer(verbinding)
        self._adres.unlink(missing_ok=True)

    def _answer(self, verbinding: socket.socket) -> None:
        try:
            antwoord = self._do(verbinding)
        except OSError:  # who asked went away, or our disk is full: the queue is finished at the next request
            self._verzegelaar = None
            antwoord = {"fout": "onzeker", "melding": "De verzegelaar kan niet lezen of schrijven. Kijk de schijf na."}
        except VernietigingError as exc:
            self._verzegelaar = None  # look at everything on disk again
            soort = next((naam for naam, klasse in _FOUTEN.items() if isinstance(exc, klasse)), "onzeker")
            antwoord = {"fout": soort, "melding": str(exc)}
        except (ValueError, KeyError, TypeError, RecursionError):
            antwoord = {"fout": "onzeker", "melding": "De verzegelaar begrijpt de vraag niet, of is al verder."}
        with suppress(OSError):  # nobody may be there any more; what was sealed stays sealed
            _send(verbinding, json.dumps(antwoord).encode())

    def _do(self, verbinding: socket.socket) -> dict[str, Any]:
        vraag = json.loads(_receive(verbinding))
        bladen = decode_bundel(_receive(verbinding), vraag["aantal"]) if vraag["opdracht"] == "verzegel" else None
        if self._verzegelaar is None:
            self._verzegelaar = self._open()
        stand = self._verzegelaar.stand if bladen is None else self._verzegelaar.append(vraag["vanaf"], bladen)
        return {
            "omvang": stand.omvang,
            "wortel": stand.rand.wortel.hex(),
            "notitie": stand.notitie.decode(),
            "sleutels": [sleutel.to_vkey() for sleutel in self._verzegelaar.sleutels],
        }


class Verzegelklant:
    """Asks the sealer of this machine.

    Raises, from every method:
        NietVastTeStellenError: it does not answer.
        LogboekGewijzigdError: it refuses, because the log is not what it signed.
    """

    def __init__(self, adres: Path, *, tijdslimiet_s: float = TIJDSLIMIET_S) -> None:
        self._adres, self._tijdslimiet_s = adres, tijdslimiet_s

    def stand(self) -> Verzegeld:
        """Return how far the log is."""
        return _build_verzegeld(self._ask({"opdracht": "stand"}))

    def sleutels(self) -> tuple[Sleutel, ...]:
        """Return the public keys of the log."""
        return tuple(parse_vkey(tekst) for tekst in self._ask({"opdracht": "stand"})["sleutels"])

    def append(self, vanaf: int, bladen: Sequence[bytes]) -> Verzegeld:
        """Seal these events behind the `vanaf` that are sealed.

        Raises:
            GebeurtenisError: one is not an event as its schema wants it; none is sealed then.
        """
        vraag = {"opdracht": "verzegel", "vanaf": vanaf, "aantal": len(bladen)}
        return _build_verzegeld(self._ask(vraag, encode_bundel(bladen)))

    def _ask(self, vraag: dict[str, Any], bijlage: bytes | None = None) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as verbinding:
                verbinding.settimeout(self._tijdslimiet_s)
                with _short(self._adres) as adres:
                    verbinding.connect(adres)
                _send(verbinding, json.dumps(vraag).encode())
                if bijlage is not None:
                    _send(verbinding, bijlage)
                antwoord = json.loads(_receive(verbinding))
        except (OSError, ValueError) as exc:
            raise NietVastTeStellenError(
                "De verzegelaar antwoordt niet. Loopt hij? Start hem met: scanstraat start, of met zijn eigen dienst."
            ) from exc
        if "fout" in antwoord:
            raise _FOUTEN[antwoord["fout"]](antwoord["melding"])
        return dict(antwoord)


@contextmanager
def _short(adres: Path) -> Iterator[str]:
    """Give the path of a socket in few bytes: the system takes no more than 107."""
    map = os.open(adres.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{map}/{adres.name}"
    finally:
        os.close(map)


def _build_verzegeld(antwoord: dict[str, Any]) -> Verzegeld:
    return Verzegeld(antwoord["omvang"], bytes.fromhex(antwoord["wortel"]), antwoord["notitie"].encode())


def _send(verbinding: socket.socket, inhoud: bytes) -> None:
    verbinding.sendall(struct.pack(">I", len(inhoud)) + inhoud)


def _receive(verbinding: socket.socket) -> bytes:
    (lengte,) = struct.unpack(">I", _receive_exact(verbinding, 4))
    if lengte > MAXIMUM_BYTES:
        raise ValueError("a message is too long")
    return _receive_exact(verbinding, lengte)


def _receive_exact(verbinding: socket.socket, lengte: int) -> bytes:
    delen = bytearray()
    while len(delen) < lengte:
        deel = verbinding.recv(min(1 << 20, lengte - len(delen)))
        if not deel:
            raise ConnectionResetError(os.strerror(104))
        delen += deel
    return bytes(delen)
