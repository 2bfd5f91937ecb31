"""Signed notes and checkpoints: to the byte as the standards say, and nothing else passes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from vernietiging import notitie as n
from vernietiging.checkpoint import Checkpoint, build_bericht, build_handtekening, parse_checkpoint, read_bericht
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError

# The example in the documentation of golang.org/x/mod/sumdb/note.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTITIE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SLEUTEL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = n.Sleutel("gemeente.example/log", n.Soort.ED25519, SLEUTEL.public_key().public_bytes_raw())
PUNT = Checkpoint("gemeente.example/log", 12, bytes(range(32)))


def test_a_note_that_go_made_is_read_and_its_signature_holds() -> None:
    sleutel = n.parse_vkey(GO_VKEY)
    notitie = n.parse_notitie(GO_NOTITIE.encode())
    (handtekening,) = notitie.find(sleutel)
    n.verify_handtekening(sleutel, handtekening, notitie.tekst.encode())
    assert notitie.to_bytes() == GO_NOTITIE.encode()
    assert sleutel.to_vkey() == GO_VKEY
    with pytest.raises(LogboekGewijzigdError, match="klopt niet"):
        n.verify_handtekening(sleutel, handtekening, notitie.tekst.encode() + b"!")


def sign() -> n.Notitie:
    return n.Notitie(PUNT.to_tekst(), (build_handtekening(LOG, SLEUTEL.sign(build_bericht(PUNT, LOG))),))


@pytest.mark.parametrize("verander", [
    lambda t: t.replace("\n\n", "\n"),
    lambda t: t.removesuffix("\n"),
    lambda t: t + "\n",
    lambda t: t.split("\n\n")[0] + "\n\n",
    lambda t: t.replace("\u2014", "-"),
    lambda t: t.replace("\u2014 ", "\u2014  "),
    lambda t: t.replace(" gemeente", " geme+ente"),
    lambda t: t[:-2] + "!\n",
    lambda t: t.replace("gemeente.example/log\n", "gemeente.example/log\r\n", 1),
    lambda t: t + t.split("\n\n")[1] * 64,
    lambda t: t + "\u2014 kort AAAA\n",
])  # fmt: skip
def test_what_is_no_note_is_refused(verander: Callable[[str], str]) -> None:
    goed = sign().to_bytes().decode()
    assert n.parse_notitie(goed.encode()) == sign()
    with pytest.raises(LogboekGewijzigdError):
        n.parse_notitie(verander(goed).encode())


def test_bytes_that_are_no_text_or_too_many_are_refused() -> None:
    for inhoud in (b"\xff\n\n", b"x" * (n.MAXIMUM_BYTES + 1)):
        with pytest.raises(LogboekGewijzigdError):
            n.parse_notitie(inhoud)


@given(st.binary(max_size=60), st.characters(max_codepoint=127))
def test_base64_has_one_spelling(inhoud: bytes, teken: str) -> None:
    tekst = n.encode64(inhoud)
    assert n.decode64(tekst) == inhoud
    for anders in (tekst + "=", tekst + teken, teken + tekst, tekst[:-1] + teken):
        try:
            gelezen = n.decode64(anders)
        except ValueError:
            continue
        assert n.encode64(gelezen) == anders


@pytest.mark.parametrize("verander", [
    lambda t: t.replace("\n12\n", "\n012\n"),
    lambda t: t.replace("\n12\n", "\n-12\n"),
    lambda t: t.replace("\n12\n", "\n1e1\n"),
    lambda t: t + "extra\n",
    lambda t: "\n" + t.split("\n", 1)[1],
    lambda t: t.replace("AAEC", "AAE="),
    lambda t: t.removesuffix("\n"),
])  # fmt: skip
def test_what_is_no_checkpoint_is_refused(verander: Callable[[str], str]) -> None:
    assert parse_checkpoint(PUNT.to_tekst()) == PUNT
    with pytest.raises(LogboekGewijzigdError):
        parse_checkpoint(verander(PUNT.to_tekst()))


def test_a_cosignature_signs_its_time_and_the_whole_checkpoint() -> None:
    getuige = n.Sleutel("w.example", n.Soort.MEDEONDERTEKENING, LOG.publiek)
    assert build_bericht(PUNT, getuige, 1679315147) == (b"cosignature/v1\ntime 1679315147\n" + PUNT.to_tekst().encode())
    regel = build_handtekening(getuige, SLEUTEL.sign(build_bericht(PUNT, getuige, 5)), 5)
    assert n.read_tijd(regel) == 5
    n.verify_handtekening(getuige, regel, read_bericht(PUNT, getuige, regel))
    later = n.Handtekening(regel.naam, regel.sleutel_id, (6).to_bytes(8, "big") + regel.gegevens[8:])
    with pytest.raises(LogboekGewijzigdError):
        n.verify_handtekening(getuige, later, read_bericht(PUNT, getuige, later))
    with pytest.raises(LogboekGewijzigdError, match="lengte"):
        n.verify_handtekening(getuige, sign().handtekeningen[0], b"")


def test_what_ml_dsa_signs_is_laid_out_as_the_standard_says() -> None:
    sleutel = n.Sleutel("naam", n.Soort.ML_DSA_44, bytes(1312))
    assert build_bericht(PUNT, sleutel, 3) == (
        b"subtree/v1\n\x00\x04naam" + (3).to_bytes(8, "big") + b"\x14gemeente.example/log"
        + bytes(8) + (12).to_bytes(8, "big") + PUNT.wortel
    )  # fmt: skip


@pytest.mark.parametrize("tekst", [
    "", "a+b", "naam+00000000+AAAA", GO_VKEY.replace("c74f20a3", "c74f20a4"), GO_VKEY.replace("+ARpc", "+CRpc"),
    GO_VKEY + "=", GO_VKEY.replace("PeterNeumann", "Peter Neumann"),
])  # fmt: skip
def test_what_is_no_key_is_refused(tekst: str) -> None:
    with pytest.raises(NietVastTeStellenError):
        n.parse_vkey(tekst)


def test_a_signature_line_is_added_once() -> None:
    notitie = sign()
    assert notitie.add(notitie.handtekeningen) == notitie


def test_a_key_of_another_length_is_none() -> None:
    with pytest.raises(ValueError, match="has 32 bytes"):
        n.Sleutel("gemeente.example/log", n.Soort.ED25519, bytes(31))


def test_where_the_newer_signature_cannot_be_checked_nothing_is_established(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older cryptography: who cannot check it, does not say that it is wrong."""

    def fail(*_: object) -> None:
        raise ImportError

    monkeypatch.setattr(n, "_verify_ml_dsa", fail)
    sleutel = n.Sleutel("gemeente.example/log", n.Soort.ML_DSA_44, bytes(n.LENGTE_SLEUTEL[n.Soort.ML_DSA_44]))
    handtekening = n.Handtekening(sleutel.naam, sleutel.id, bytes(n.LENGTE_HANDTEKENING[n.Soort.ML_DSA_44]))
    with pytest.raises(NietVastTeStellenError, match="Gebruik cryptography 48 of nieuwer"):
        n.verify_handtekening(sleutel, handtekening, b"bericht")
