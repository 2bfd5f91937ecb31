"""A small log with everything around it: sealer, witness, time-stamp authority and the policy of an auditor."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanstraat import demo_ankers
from vernietiging.beleid import Beleid, render_beleid
from vernietiging.checkpoint import build_bericht, build_handtekening, parse_checkpoint
from vernietiging.gebeurtenis import Gebeurtenis
from vernietiging.notitie import Sleutel, Soort, parse_notitie
from vernietiging.tijdstempel import build_vraag, fingerprint
from vernietiging.verzegelaar import Verzegelaar

OORSPRONG = "gemeente.example/vernietiging/1"
TSA = "proefstempel"


def build_blad(nummer: int) -> bytes:
    """Return the leaf of some event."""
    return Gebeurtenis(
        id=UUID(int=nummer + 1),
        soort="bewerking",
        versie=1,
        actor=UUID(int=7),
        onderwerp=UUID(int=nummer % 5),
        op=f"2026-03-02T14:{nummer // 60 % 60:02d}:{nummer % 60:02d}Z",
        gegevens={"soort": "draai", "nummer": nummer},
    ).to_bytes()


class Stempelautoriteit(demo_ankers.Stempelautoriteit):
    """The time-stamp authority of the demo, for tests."""

    @property
    def wortel(self) -> bytes:
        """The root certificate, PEM."""
        return self.wortelbestand.read_bytes()

    @property
    def vingerafdruk(self) -> str:
        """The SHA-256 of the root certificate, as a policy names it."""
        return fingerprint(ssl.PEM_cert_to_DER_cert(self.wortel.decode()))

    def stamp(self, inhoud: bytes) -> bytes:
        """Return the reply to a request for a stamp over these bytes."""
        return self.answer(build_vraag(inhoud))


@cache
def open_autoriteit(map: Path) -> Stempelautoriteit:
    """Return the authority in this folder; it takes a second to make."""
    return Stempelautoriteit(map)


@dataclass
class Logproef:
    """A log in `map`/log, its sealer in `map`/verzegelaar, and who stands outside."""

    map: Path
    autoriteit: Stempelautoriteit
    getuige: Ed25519PrivateKey

    @property
    def log(self) -> Path:
        return self.map / "log"

    @property
    def getuigesleutel(self) -> Sleutel:
        publiek = self.getuige.public_key().public_bytes_raw()
        return Sleutel("archief.example/getuige", Soort.MEDEONDERTEKENING, publiek)

    def open(self) -> Verzegelaar:
        return Verzegelaar(self.map / "verzegelaar", self.log, OORSPRONG)

    def seal(self, *aantallen: int) -> None:
        """Seal so many events, a checkpoint for each number."""
        verzegelaar = self.open()
        for aantal in aantallen:
            vanaf = verzegelaar.stand.omvang
            verzegelaar.append(vanaf, [build_blad(vanaf + i) for i in range(aantal)])

    def anchor(self, omvang: int) -> None:
        """Let the witness sign a checkpoint and the authority stamp it."""
        inhoud = (self.log / "checkpoints" / str(omvang)).read_bytes()
        checkpoint = parse_checkpoint(parse_notitie(inhoud).tekst)
        tijd = int(time.time())
        handtekening = self.getuige.sign(build_bericht(checkpoint, self.getuigesleutel, tijd))
        regel = build_handtekening(self.getuigesleutel, handtekening, tijd).to_regel()
        write(self.log / "getuigen" / str(omvang), f"{regel}\n".encode())
        write(self.log / "tijdstempels" / str(omvang) / f"{TSA}.tsr", self.autoriteit.stamp(inhoud))
        write(self.log / "wortels" / "proef.pem", self.autoriteit.wortel)

    def build_beleid(self) -> Beleid:
        """Return what an auditor believes."""
        return Beleid(
            self.open().sleutels,
            {"archief": self.getuigesleutel},
            {},
            "archief",
            {TSA: self.autoriteit.vingerafdruk},
            1,
        )

    def write_beleid(self) -> Path:
        pad = self.map / "beleid"
        pad.write_text(render_beleid(self.build_beleid()), encoding="utf-8")
        return pad

    def bestanden(self) -> list[Path]:
        """Every file of the log."""
        return sorted(pad for pad in self.log.rglob("*") if pad.is_file())


def write(pad: Path, inhoud: bytes) -> None:
    pad.parent.mkdir(parents=True, exist_ok=True)
    pad.write_bytes(inhoud)


def build_logproef(map: Path, autoriteit: Stempelautoriteit, *, aantallen: Sequence[int] = ()) -> Logproef:
    """Return a log with so many events per checkpoint, all of them anchored."""
    proef = Logproef(map, autoriteit, Ed25519PrivateKey.generate())
    proef.seal(*aantallen)
    for pad in (proef.log / "checkpoints").iterdir() if aantallen else ():
        proef.anchor(int(pad.name))
    return proef
