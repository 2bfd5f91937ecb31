"""A proof that one line stands in the log, in one text file: number, path in the tree, checkpoint. Pure.

Source: C2SP tlog-proof@v1. The cosignatures of witnesses are in the note of the checkpoint.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from vernietiging.boom import HASH_BYTES, Knopen, build_inclusiebewijs, hash_blad, verify_inclusie
from vernietiging.checkpoint import Checkpoint, parse_checkpoint
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.notitie import Notitie, decode64, encode64, parse_notitie

KOP = "c2sp.org/tlog-proof@v1"
MEESTE_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Logbewijs:
    """The proof of one line.

    extra: bytes that the proof does not vouch for; here the keys of what the line packed away.
    """

    nummer: int
    pad: tuple[bytes, ...]
    notitie: Notitie
    extra: bytes = b""

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that the path leads to; who signed it is for `verificatie.verify_checkpoint`."""
        return parse_checkpoint(self.notitie.tekst)

    def to_bytes(self) -> bytes:
        """Return the file."""
        regels = [KOP]
        if self.extra:
            regels.append(f"extra {base64.b64encode(self.extra).decode('ascii')}")
        regels.append(f"index {self.nummer}")
        regels += [encode64(waarde) for waarde in self.pad]
        return "\n".join(regels).encode("ascii") + b"\n\n" + self.notitie.to_bytes()


def build_logbewijs(knopen: Knopen, nummer: int, notitie: Notitie, *, extra: bytes = b"") -> Logbewijs:
    """Return the proof that line `nummer` stands in the log of a checkpoint."""
    omvang = parse_checkpoint(notitie.tekst).omvang
    return Logbewijs(nummer, build_inclusiebewijs(knopen, nummer, omvang), notitie, extra)


def parse_logbewijs(inhoud: bytes) -> Logbewijs:
    """Read a file, in its one form.

    Raises:
        LogboekGewijzigdError: it is anything else.
    """
    kop, scheiding, rest = inhoud.partition(b"\n\n")
    try:
        regels = kop.decode("ascii").split("\n")
        extra = b""
        if len(regels) > 1 and regels[1].startswith("extra "):
            extra = decode64(regels.pop(1).removeprefix("extra "))
        index = _INDEX.fullmatch(regels[1]) if len(regels) > 1 else None
        pad = tuple(decode64(regel) for regel in regels[2:])
    except ValueError as exc:
        raise LogboekGewijzigdError("Dit bewijs is onleesbaar.") from exc
    if regels[0] != KOP or not scheiding or index is None or len(pad) > MEESTE_HASHES:
        raise LogboekGewijzigdError("Dit is geen bewijs van een regel van een logboek.")
    if any(len(waarde) != HASH_BYTES for waarde in pad):
        raise LogboekGewijzigdError("Een hash in het bewijs heeft niet 32 bytes.")
    return Logbewijs(int(index[1]), pad, parse_notitie(rest), extra)


def verify_logbewijs(bewijs: Logbewijs, blad: bytes) -> None:
    """Return when this line stands in the log of the checkpoint at its number.

    Raises:
        LogboekGewijzigdError: it does not.
    """
    punt = bewijs.checkpoint
    verify_inclusie(bewijs.nummer, punt.omvang, hash_blad(blad), bewijs.pad, punt.wortel)
