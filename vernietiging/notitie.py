"""Signed notes: text with signature lines, and the keys that made them. Pure.

C2SP signed-note and tlog-cosignature. A key is known by its name and the first four bytes of a hash over name, kind and
public part; a verifier takes its keys from the auditor, never from the note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError

MAXIMUM_BYTES = 200_000
MAXIMUM_REGELS = 64
STREEP = "\u2014"


class Soort(IntEnum):
    """The kinds of key, with the byte that stands for each."""

    ED25519 = 0x01  # of a log, over the text
    MEDEONDERTEKENING = 0x04  # Ed25519 of a witness, with its time
    ML_DSA_44 = 0x06  # of a log or a witness, with its time; over origin, size and root


LENGTE_SLEUTEL = {Soort.ED25519: 32, Soort.MEDEONDERTEKENING: 32, Soort.ML_DSA_44: 1312}
LENGTE_HANDTEKENING = {Soort.ED25519: 64, Soort.MEDEONDERTEKENING: 8 + 64, Soort.ML_DSA_44: 8 + 2420}


@dataclass(frozen=True)
class Sleutel:
    """A public key with the name it signs under."""

    naam: str
    soort: Soort
    publiek: bytes

    def __post_init__(self) -> None:
        if not is_sleutelnaam(self.naam):
            raise ValueError("a key name has no spaces and no plus")
        if len(self.publiek) != LENGTE_SLEUTEL[self.soort]:
            raise ValueError(f"a key of kind {self.soort.name} has {LENGTE_SLEUTEL[self.soort]} bytes")

    @property
    def id(self) -> bytes:
        """Four bytes by which a signature line names this key."""
        return hashlib.sha256(self.naam.encode() + b"\n" + bytes([self.soort]) + self.publiek).digest()[:4]

    def to_vkey(self) -> str:
        """Return the key as text: name+id+base64(kind, public part)."""
        return f"{self.naam}+{self.id.hex()}+{encode64(bytes([self.soort]) + self.publiek)}"


@dataclass(frozen=True)
class Handtekening:
    """One signature line: who says to have signed, and what follows the four bytes that name the key."""

    naam: str
    sleutel_id: bytes
    gegevens: bytes

    def to_regel(self) -> str:
        """Return the line, without its end."""
        return f"{STREEP} {self.naam} {encode64(self.sleutel_id + self.gegevens)}"


@dataclass(frozen=True)
class Notitie:
    """A text, ending in a newline, and its signature lines, not yet checked."""

    tekst: str
    handtekeningen: tuple[Handtekening, ...]

    def to_bytes(self) -> bytes:
        """Return the note as it is stored and sent."""
        regels = "".join(handtekening.to_regel() + "\n" for handtekening in self.handtekeningen)
        return f"{self.tekst}\n{regels}".encode()

    def find(self, sleutel: Sleutel) -> tuple[Handtekening, ...]:
        """Return the lines that say to be signed with this key."""
        return tuple(h for h in self.handtekeningen if (h.naam, h.sleutel_id) == (sleutel.naam, sleutel.id))

    def add(self, handtekeningen: Iterable[Handtekening]) -> Notitie:
        """Return the note with more signature lines; a line that stands there already is not added again."""
        return Notitie(self.tekst, tuple(dict.fromkeys((*self.handtekeningen, *handtekeningen))))


def parse_vkey(tekst: str) -> Sleutel:
    """Read a public key.

    Raises:
        NietVastTeStellenError: it is not one, or of a kind that is not known here.
    """
    try:
        naam, id_, rest = tekst.split("+", 2)
        inhoud = decode64(rest)
        sleutel = Sleutel(naam, Soort(inhoud[0]), inhoud[1:])
    except (ValueError, IndexError) as exc:
        raise NietVastTeStellenError("Een sleutel in het beleid is onleesbaar of van een onbekend soort.") from exc
    if sleutel.id.hex() != id_:
        raise NietVastTeStellenError(f"De sleutel van {naam} in het beleid past niet bij zijn kenmerk {id_}.")
    return sleutel


def parse_notitie(inhoud: bytes) -> Notitie:
    """Read a signed note; nothing about it is believed yet.

    Raises:
        LogboekGewijzigdError: this is not a note as the standard wants it, to the byte.
    """
    if len(inhoud) > MAXIMUM_BYTES:
        raise LogboekGewijzigdError("Een checkpoint is te groot.")
    try:
        tekst = inhoud.decode()
    except UnicodeDecodeError as exc:
        raise LogboekGewijzigdError("Een checkpoint is geen UTF-8.") from exc
    if any(teken < " " and teken != "\n" for teken in tekst):
        raise LogboekGewijzigdError("In een checkpoint staat een stuurteken.")
    plek = tekst.rfind("\n\n")
    if plek < 0 or not tekst.endswith("\n"):
        raise LogboekGewijzigdError("Een checkpoint heeft geen handtekeningen.")
    regels = tekst[plek + 2 :].splitlines(keepends=True)
    if not 1 <= len(regels) <= MAXIMUM_REGELS:
        raise LogboekGewijzigdError("Een checkpoint heeft geen handtekeningen, of te veel.")
    return Notitie(tekst[: plek + 1], tuple(parse_handtekening(regel.removesuffix("\n")) for regel in regels))


def parse_handtekening(regel: str) -> Handtekening:
    """Read one signature line, without its end.

    Raises:
        LogboekGewijzigdError: it is not one.
    """
    delen = regel.split(" ")
    try:
        streep, naam, tekst = delen
        inhoud = decode64(tekst)
    except ValueError as exc:
        raise LogboekGewijzigdError("Een regel met een handtekening is onleesbaar.") from exc
    if streep != STREEP or not is_sleutelnaam(naam) or len(inhoud) < 5:
        raise LogboekGewijzigdError("Een regel met een handtekening is onleesbaar.")
    return Handtekening(naam, inhoud[:4], inhoud[4:])


def verify_handtekening(sleutel: Sleutel, handtekening: Handtekening, bericht: bytes) -> None:
    """Return when this key made this signature over this message (what that is, depends on the kind).

    Raises:
        LogboekGewijzigdError: it did not.
        NietVastTeStellenError: this machine cannot check this kind of signature.
    """
    if len(handtekening.gegevens) != LENGTE_HANDTEKENING[sleutel.soort]:
        raise LogboekGewijzigdError(f"De handtekening van {sleutel.naam} heeft een verkeerde lengte.")
    kern = handtekening.gegevens if sleutel.soort is Soort.ED25519 else handtekening.gegevens[8:]
    try:
        if sleutel.soort is Soort.ML_DSA_44:
            _verify_ml_dsa(sleutel.publiek, kern, bericht)
        else:
            Ed25519PublicKey.from_public_bytes(sleutel.publiek).verify(kern, bericht)
    except InvalidSignature as exc:
        raise LogboekGewijzigdError(f"De handtekening van {sleutel.naam} klopt niet.") from exc
    except (ImportError, UnsupportedAlgorithm) as exc:
        raise NietVastTeStellenError(
            "De handtekening volgens ML-DSA-44 is hier niet te controleren. Gebruik cryptography 48 of nieuwer."
        ) from exc


def _verify_ml_dsa(publiek: bytes, handtekening: bytes, bericht: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import mldsa  # noqa: PLC0415  not in older versions

    mldsa.MLDSA44PublicKey.from_public_bytes(publiek).verify(handtekening, bericht)


def read_tijd(handtekening: Handtekening) -> int:
    """Return the time in a signature that has one, in seconds since 1970."""
    (tijd,) = struct.unpack(">Q", handtekening.gegevens[:8])
    return int(tijd)


def is_sleutelnaam(naam: str) -> bool:
    """Whether a key may be called so."""
    return bool(naam) and "+" not in naam and not any(teken.isspace() for teken in naam)


def encode64(inhoud: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(inhoud).decode()


def decode64(tekst: str) -> bytes:
    """Read standard base64, and only in the one form that `encode64` gives.

    Raises:
        ValueError: it is not that. Another text for the same bytes is a change that would go unseen.
    """
    try:
        inhoud = base64.b64decode(tekst, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
    if encode64(inhoud) != tekst:
        raise ValueError("not canonical base64")
    return inhoud
