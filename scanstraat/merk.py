"""Every event carries a mark that only this installation can make: with the key that lies beside the database.

Whoever may write in the database, but has not the files of this machine, can add an event, change one that waits, and
add the row that goes with it. The mark then does not fit, such an event is never sealed (`logboek`), and the poort does
not believe a row that rests on it (`rijcontrole`). Once an event is sealed its mark is not needed any more.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet

from scanstraat.errors import InstellingError

SLEUTEL = "aanmelding.sleutel"
_DOEL = b"scanstraat/gebeurtenis/v1\n"  # the same file also encrypts the secrets of codes: never the same key


class Merker:
    """Makes and checks marks with the key in the gegevensmap, which is read anew each time: it may be put back."""

    def __init__(self, gegevensmap: Path) -> None:
        self._map = gegevensmap

    def make(self, blad: bytes) -> str:
        """Return the mark of an event, given as the leaf that it will be in the log: 64 hex digits."""
        sleutel = hashlib.sha256(_DOEL + read_sleutel(self._map)).digest()
        return hmac.digest(sleutel, blad, "sha256").hex()

    def is_eigen(self, blad: bytes, merk: str | None) -> bool:
        """Whether this installation made the mark, for this event alone."""
        return merk is not None and hmac.compare_digest(merk.encode(), self.make(blad).encode())


def read_sleutel(gegevensmap: Path) -> bytes:
    """Return the key of this installation, made at first use.

    Raises:
        InstellingError: this user may not read it, or it cannot be made.
    """
    pad = gegevensmap / SLEUTEL
    try:
        with suppress(FileNotFoundError):
            return pad.read_bytes()
        _make_sleutel(pad)
        return pad.read_bytes()
    except OSError as exc:
        raise InstellingError(
            f"Het sleutelbestand {pad} is niet te lezen of te maken. Voer de opdracht uit als de gebruiker van wie de "
            "scanstraat is."
        ) from exc


def _make_sleutel(pad: Path) -> None:
    """Write a new key aside and give it its name whole; who comes second leaves the first one's."""
    with tempfile.NamedTemporaryFile(dir=pad.parent, prefix=".aanmelding-") as bestand:
        bestand.write(Fernet.generate_key())
        bestand.flush()
        os.fchmod(bestand.fileno(), 0o400)
        os.fsync(bestand.fileno())
        with suppress(FileExistsError):
            os.link(bestand.name, pad)
    map_ = os.open(pad.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(map_)
    finally:
        os.close(map_)
