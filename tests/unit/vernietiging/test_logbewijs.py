"""The proof of a line: one form, with or without something extra, and nothing else is read."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vernietiging.boom import compute_wortel, hash_blad
from vernietiging.checkpoint import Checkpoint, build_bericht, build_handtekening
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.logbewijs import build_logbewijs, parse_logbewijs, verify_logbewijs
from vernietiging.notitie import Notitie, Sleutel, Soort

BLADEN = [b"nul", b"een"]
PRIVE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SLEUTEL = Sleutel("gemeente.example/log", Soort.ED25519, PRIVE.public_key().public_bytes_raw())
PUNT = Checkpoint(SLEUTEL.naam, 2, compute_wortel([hash_blad(blad) for blad in BLADEN]))
NOTITIE = Notitie(PUNT.to_tekst(), (build_handtekening(SLEUTEL, PRIVE.sign(build_bericht(PUNT, SLEUTEL))),))


def build(extra: bytes = b"") -> bytes:
    return build_logbewijs(lambda _hoogte, plek: hash_blad(BLADEN[plek]), 1, NOTITIE, extra=extra).to_bytes()


@pytest.mark.parametrize("extra", [b"", b"meer"])
def test_what_is_written_is_read_back_and_holds_for_its_own_line(extra: bytes) -> None:
    bewijs = parse_logbewijs(build(extra))
    assert (bewijs.nummer, bewijs.extra, bewijs.to_bytes()) == (1, extra, build(extra))
    verify_logbewijs(bewijs, BLADEN[1])
    with pytest.raises(LogboekGewijzigdError):
        verify_logbewijs(bewijs, BLADEN[0])


@pytest.mark.parametrize(
    ("oud", "nieuw", "zin"),
    [
        (b"index 1", b"index \xff", "onleesbaar"),
        (b"extra bWVlcg==", b"extra bWVlcg=", "onleesbaar"),
        (b"index 1", b"index 01", "geen bewijs"),
        (b"index 1\n", b"index 1\nAAAA\n", "niet 32 bytes"),
    ],
)
def test_what_is_no_proof_is_refused(oud: bytes, nieuw: bytes, zin: str) -> None:
    inhoud = build(b"meer")
    assert inhoud.count(oud) == 1
    with pytest.raises(LogboekGewijzigdError, match=zin):
        parse_logbewijs(inhoud.replace(oud, nieuw))
