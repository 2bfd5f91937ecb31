"""The signed head of the log: origin, size and root, and what each kind of key signs of it. Pure.

C2SP tlog-checkpoint and tlog-cosignature. Extension lines are refused: ML-DSA-44 does not sign them.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from vernietiging.boom import HASH_BYTES
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.notitie import Handtekening, Sleutel, Soort, decode64, encode64, read_tijd

_GETAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The log `oorsprong` had `omvang` leaves, and this root."""

    oorsprong: str
    omvang: int
    wortel: bytes

    def to_tekst(self) -> str:
        """Return the text that is signed."""
        return f"{self.oorsprong}\n{self.omvang}\n{encode64(self.wortel)}\n"


def parse_checkpoint(tekst: str) -> Checkpoint:
    """Read the text of a note as a checkpoint, to the byte.

    Raises:
        LogboekGewijzigdError: it is not one.
    """
    regels = tekst.split("\n")
    try:
        oorsprong, omvang, wortel, einde = regels
        waarde = decode64(wortel)
    except ValueError as exc:
        raise LogboekGewijzigdError("Een checkpoint heeft niet precies oorsprong, omvang en wortel.") from exc
    if einde or not oorsprong or not _GETAL.fullmatch(omvang) or len(waarde) != HASH_BYTES:
        raise LogboekGewijzigdError("Een checkpoint heeft niet precies oorsprong, omvang en wortel.")
    return Checkpoint(oorsprong, int(omvang), waarde)


def build_bericht(checkpoint: Checkpoint, sleutel: Sleutel, tijd: int = 0) -> bytes:
    """Return the bytes that a key of this kind signs; `tijd` in seconds since 1970, unused by a log's Ed25519 key."""
    tekst = checkpoint.to_tekst().encode()
    if sleutel.soort is Soort.ED25519:
        return tekst
    if sleutel.soort is Soort.MEDEONDERTEKENING:
        return f"cosignature/v1\ntime {tijd}\n".encode() + tekst
    naam, oorsprong = sleutel.naam.encode(), checkpoint.oorsprong.encode()
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(naam)]) + naam,
            struct.pack(">Q", tijd),
            bytes([len(oorsprong)]) + oorsprong,
            struct.pack(">QQ", 0, checkpoint.omvang),
            checkpoint.wortel,
        )
    )


def build_handtekening(sleutel: Sleutel, handtekening: bytes, tijd: int = 0) -> Handtekening:
    """Return the line for a signature over `build_bericht`."""
    tijdstip = b"" if sleutel.soort is Soort.ED25519 else struct.pack(">Q", tijd)
    return Handtekening(sleutel.naam, sleutel.id, tijdstip + handtekening)


def read_bericht(checkpoint: Checkpoint, sleutel: Sleutel, handtekening: Handtekening) -> bytes:
    """Return the bytes that this line says to sign."""
    tijd = 0 if sleutel.soort is Soort.ED25519 else read_tijd(handtekening)
    return build_bericht(checkpoint, sleutel, tijd)
