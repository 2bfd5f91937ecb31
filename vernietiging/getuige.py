"""A witness: signs a checkpoint only when it continues the last one it signed (C2SP tlog-witness).

It runs at another organisation, which then knows how far the log was, without seeing an event. A request is text, so it
can also travel as a file. `python -m vernietiging.getuige --map MAP --naam NAAM --log SLEUTEL sleutel|dien|teken`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vernietiging.boom import verify_consistentie
from vernietiging.checkpoint import Checkpoint, build_bericht, build_handtekening, parse_checkpoint, read_bericht
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.notitie import (
    Notitie,
    Sleutel,
    Soort,
    decode64,
    encode64,
    parse_notitie,
    parse_vkey,
    verify_handtekening,
)
from vernietiging.opdrachtregel import Lezer
from vernietiging.tegels import write_over

MAXIMUM_BYTES = 200_000
MEESTE_HASHES = 63
_REDENEN = {
    HTTPStatus.BAD_REQUEST: "Dit is geen verzoek aan een getuige. Vraag het bestand opnieuw.",
    HTTPStatus.NOT_FOUND: "Deze getuige kent dit logboek niet. Noem de sleutel ervan met --log.",
    HTTPStatus.FORBIDDEN: "Dit is niet ondertekend met een sleutel die bij --log staat.",
    HTTPStatus.CONFLICT: "De getuige zag al {0} gebeurtenissen. Vraag een nieuw verzoek: scanstraat logboek getuige "
    "NAAM --gezien {0} -o BESTAND",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Dit zet niet voort wat de getuige eerder zag: er is iets teruggezet of "
    "veranderd. Meld het, en laat geen papier vernietigen.",
}
_OUD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Verzoek:
    """A checkpoint, and the proof that it continues one of `oud` events."""

    oud: int
    bewijs: tuple[bytes, ...]
    notitie: Notitie

    def to_bytes(self) -> bytes:
        """Return the request as it is sent."""
        regels = [f"old {self.oud}", *map(encode64, self.bewijs), ""]
        return "".join(f"{regel}\n" for regel in regels).encode() + self.notitie.to_bytes()


@dataclass(frozen=True)
class Antwoord:
    """What a witness says: an HTTP status, and a body with its media type."""

    status: HTTPStatus
    inhoud: bytes = b""
    soort: str = "text/plain; charset=utf-8"


def parse_verzoek(inhoud: bytes) -> Verzoek:
    """Read a request.

    Raises:
        LogboekGewijzigdError: it is not one.
    """
    kop, scheiding, rest = inhoud.partition(b"\n\n")
    try:
        eerste, *hashes = kop.decode("ascii").split("\n")
        bewijs = tuple(decode64(regel) for regel in hashes)
    except ValueError as exc:
        raise LogboekGewijzigdError("Dit verzoek is onleesbaar.") from exc
    oud = _OUD.fullmatch(eerste)
    if not scheiding or oud is None or len(bewijs) > MEESTE_HASHES or any(len(deel) != 32 for deel in bewijs):
        raise LogboekGewijzigdError("Dit verzoek is onleesbaar.")
    return Verzoek(int(oud[1]), bewijs, parse_notitie(rest))


class Getuige:
    """The witness itself, with a folder for what it signed last of each log.

    Args:
        map: its own folder.
        naam: under which it signs, as `archief.example/getuige`.
        sleutel: its private key.
        logboeken: origin -> keys of the logs it knows; a checkpoint needs a good signature of one of them.
    """

    def __init__(
        self, map: Path, naam: str, sleutel: Ed25519PrivateKey, logboeken: Mapping[str, Sequence[Sleutel]]
    ) -> None:
        self._map, self._sleutel, self._logboeken = map, sleutel, logboeken
        self.publiek = Sleutel(naam, Soort.MEDEONDERTEKENING, sleutel.public_key().public_bytes_raw())
        map.mkdir(mode=0o700, parents=True, exist_ok=True)

    def answer(self, inhoud: bytes, *, klok: Callable[[], float] = time.time) -> Antwoord:
        """Answer a request: what is signed was first brought to disk, and one request is answered at a time."""
        try:
            verzoek = parse_verzoek(inhoud)
            checkpoint = parse_checkpoint(verzoek.notitie.tekst)
        except LogboekGewijzigdError:
            return Antwoord(HTTPStatus.BAD_REQUEST)
        if checkpoint.oorsprong not in self._logboeken:
            return Antwoord(HTTPStatus.NOT_FOUND)
        if not self._is_signed(verzoek.notitie, checkpoint):
            return Antwoord(HTTPStatus.FORBIDDEN)
        if verzoek.oud > checkpoint.omvang:
            return Antwoord(HTTPStatus.BAD_REQUEST)
        with self._hold(checkpoint.oorsprong) as pad:
            laatste = _read_laatste(pad, checkpoint.oorsprong)
            if verzoek.oud != laatste.omvang:
                return Antwoord(HTTPStatus.CONFLICT, f"{laatste.omvang}\n".encode(), "text/x.tlog.size")
            if checkpoint.omvang == laatste.omvang and laatste.omvang and checkpoint.wortel != laatste.wortel:
                return Antwoord(HTTPStatus.CONFLICT, f"{laatste.omvang}\n".encode(), "text/x.tlog.size")
            if not _continues(laatste, checkpoint, verzoek.bewijs):
                return Antwoord(HTTPStatus.UNPROCESSABLE_ENTITY)
            write_over(pad, checkpoint.to_tekst().encode())
        tijd = int(klok())
        handtekening = self._sleutel.sign(build_bericht(checkpoint, self.publiek, tijd))
        regel = build_handtekening(self.publiek, handtekening, tijd).to_regel()
        return Antwoord(HTTPStatus.OK, f"{regel}\n".encode())

    def _is_signed(self, notitie: Notitie, checkpoint: Checkpoint) -> bool:
        for sleutel in self._logboeken[checkpoint.oorsprong]:
            for handtekening in notitie.find(sleutel):
                try:
                    verify_handtekening(sleutel, handtekening, read_bericht(checkpoint, sleutel, handtekening))
                except (LogboekGewijzigdError, NietVastTeStellenError):
                    continue
                return True
        return False

    @contextmanager
    def _hold(self, oorsprong: str) -> Iterator[Path]:
        """Give the file of a log, which no other process of this witness has at the same time."""
        naam = hashlib.sha256(oorsprong.encode()).hexdigest()
        fd = os.open(self._map / f"{naam}.slot", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield self._map / f"{naam}.checkpoint"
        finally:
            os.close(fd)


def _read_laatste(pad: Path, oorsprong: str) -> Checkpoint:
    if not pad.exists():
        return Checkpoint(oorsprong, 0, bytes(32))
    laatste = parse_checkpoint(pad.read_text(encoding="utf-8"))
    if laatste.oorsprong != oorsprong:
        raise LogboekGewijzigdError("Wat de getuige van dit logboek bewaarde, gaat over een ander logboek.")
    return laatste


def _continues(laatste: Checkpoint, checkpoint: Checkpoint, bewijs: Sequence[bytes]) -> bool:
    if laatste.omvang == 0:
        return not bewijs
    try:
        verify_consistentie(laatste.omvang, checkpoint.omvang, laatste.wortel, checkpoint.wortel, bewijs)
    except LogboekGewijzigdError:
        return False
    return True


def build_server(getuige: Getuige, adres: tuple[str, int]) -> ThreadingHTTPServer:
    """Return a server that answers POST /add-checkpoint; `serve_forever` runs it."""

    class Afhandeling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            lengte = self.headers.get("Content-Length", "")
            if self.path.split("?")[0].rstrip("/").rpartition("/")[2] != "add-checkpoint":
                antwoord = Antwoord(HTTPStatus.NOT_FOUND)
            elif not lengte.isdecimal() or int(lengte) > MAXIMUM_BYTES:
                antwoord = Antwoord(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            else:
                antwoord = getuige.answer(self.rfile.read(int(lengte)))
            self.send_response(antwoord.status)
            self.send_header("Content-Type", antwoord.soort)
            self.send_header("Content-Length", str(len(antwoord.inhoud)))
            self.end_headers()
            self.wfile.write(antwoord.inhoud)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what a witness knows is in its folder."""

    return ThreadingHTTPServer(adres, Afhandeling)


def open_sleutel(map: Path) -> Ed25519PrivateKey:
    """Read the key of a witness from its folder, or make it there."""
    pad = map / "getuige.pem"
    if not pad.exists():
        map.mkdir(mode=0o700, parents=True, exist_ok=True)
        inhoud = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(pad, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400), "wb") as bestand:
            bestand.write(inhoud)
    sleutel = serialization.load_pem_private_key(pad.read_bytes(), password=None)
    if not isinstance(sleutel, Ed25519PrivateKey):
        raise NietVastTeStellenError(f"In {pad} staat een sleutel van een ander soort.")
    return sleutel


def main(woorden: Sequence[str] | None = None) -> int:
    """Be a witness: give the public key, serve over HTTP, or answer one request in a file."""
    lezer = Lezer(
        prog="python -m vernietiging.getuige",
        description="Wees getuige van een logboek: onderteken elk checkpoint dat het vorige voortzet, en geen ander.",
    )
    lezer.add_argument(
        "--map", type=Path, required=True, metavar="MAP", help="Eigen map van de getuige: zijn sleutel en wat hij zag."
    )
    lezer.add_argument("--naam", required=True, metavar="NAAM", help="Naam, zoals archief.example/getuige.")
    lezer.add_argument(
        "--log",
        action="append",
        default=[],
        metavar="SLEUTEL",
        help="Sleutel van een logboek: wat in zijn beleid achter het woord log staat. Mag vaker.",
    )
    delen = lezer.add_subparsers(dest="opdracht", required=True, metavar="OPDRACHT", title="opdrachten")
    delen.add_parser("sleutel", help="Toon de publieke sleutel, voor het beleid.")
    dien = delen.add_parser("dien", help="Antwoord op verzoeken over HTTP.")
    dien.add_argument("--adres", default="127.0.0.1", metavar="ADRES", help="Adres om op te luisteren.")
    dien.add_argument("--poort", type=int, default=8095, metavar="POORT", help="Poort om op te luisteren.")
    teken = delen.add_parser("teken", help="Beantwoord een verzoek in een bestand.")
    teken.add_argument("bestand", type=Path, metavar="BESTAND", help="Het verzoek.")
    opties = lezer.parse_args(woorden)
    try:
        logboeken: dict[str, list[Sleutel]] = {}
        for sleutel in map(parse_vkey, opties.log):
            logboeken.setdefault(sleutel.naam, []).append(sleutel)
        getuige = Getuige(opties.map, opties.naam, open_sleutel(opties.map), logboeken)
        if opties.opdracht == "sleutel":
            print(getuige.publiek.to_vkey())
            return 0
        if opties.opdracht == "dien":
            with build_server(getuige, (opties.adres, opties.poort)) as server, suppress(KeyboardInterrupt):
                server.serve_forever()
            return 0
        antwoord = getuige.answer(opties.bestand.read_bytes())
    except (VernietigingError, OSError, ValueError) as exc:
        print(f"De getuige kan niet werken: {exc}", file=sys.stderr)
        return 2
    if antwoord.status != HTTPStatus.OK:
        zegt = _REDENEN[antwoord.status].format(antwoord.inhoud.decode().strip())
        print(f"Niet ondertekend ({antwoord.status.value}). {zegt}", file=sys.stderr)
        return 1
    print(antwoord.inhoud.decode(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
