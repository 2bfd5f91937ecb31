"""A time stamp counts when openssl says so, and when a second reader that is here does not contradict it."""

from __future__ import annotations

import ssl
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import rfc3161_client
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import CertificateBuilder, load_pem_x509_certificate

from tests.logproef import Stempelautoriteit
from vernietiging import tijdstempel
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.tijdstempel import verify_tijdstempel

INHOUD = b"een checkpoint\n"


@pytest.fixture(scope="module")
def autoriteit(tmp_path_factory: pytest.TempPathFactory) -> Stempelautoriteit:
    return Stempelautoriteit(tmp_path_factory.mktemp("tsa") / "tsa")


@pytest.fixture
def stempel(autoriteit: Stempelautoriteit, tmp_path: Path) -> Path:
    pad = tmp_path / "tsa1.tsr"
    pad.write_bytes(autoriteit.stamp(INHOUD))
    return pad


def read_wortel(autoriteit: Stempelautoriteit) -> bytes:
    return ssl.PEM_cert_to_DER_cert(autoriteit.wortel.decode())


def test_two_readers_agree_on_the_time(autoriteit: Stempelautoriteit, stempel: Path) -> None:
    tijd = verify_tijdstempel(stempel, INHOUD, read_wortel(autoriteit))
    assert abs(datetime.now(UTC) - tijd) < timedelta(minutes=1)


def test_openssl_alone_is_enough_where_there_is_no_second_reader(
    autoriteit: Stempelautoriteit, stempel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    assert verify_tijdstempel(stempel, INHOUD, read_wortel(autoriteit)) <= datetime.now(UTC)


def test_readers_that_do_not_agree_prove_nothing(
    autoriteit: Stempelautoriteit, stempel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_inhoud: bytes) -> None:
        raise ValueError("no")

    monkeypatch.setattr(rfc3161_client, "decode_timestamp_response", refuse)
    with pytest.raises(NietVastTeStellenError, match="niet eens"):
        verify_tijdstempel(stempel, INHOUD, read_wortel(autoriteit))


def test_readers_that_read_another_time_prove_nothing(
    autoriteit: Stempelautoriteit, stempel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    echt = rfc3161_client.decode_timestamp_response

    class Later:
        """The same stamp, an hour later; who signed it is not asked."""

        def __init__(self, inhoud: bytes) -> None:
            self.tst_info = SimpleNamespace(gen_time=echt(inhoud).tst_info.gen_time + timedelta(hours=1))

    class Gelooft:
        def add_root_certificate(self, _wortel: object) -> Gelooft:
            return self

        def build(self) -> Gelooft:
            return self

        def verify_message(self, *_: object) -> None:
            return

    monkeypatch.setattr(rfc3161_client, "VerifierBuilder", Gelooft)
    assert verify_tijdstempel(stempel, INHOUD, read_wortel(autoriteit))
    monkeypatch.setattr(rfc3161_client, "decode_timestamp_response", Later)
    with pytest.raises(NietVastTeStellenError, match="niet eens"):
        verify_tijdstempel(stempel, INHOUD, read_wortel(autoriteit))


def test_a_stamp_stays_good_when_the_certificate_it_was_made_with_has_expired(tmp_path: Path) -> None:
    autoriteit = Stempelautoriteit(tmp_path / "tsa")
    sleutel = load_pem_private_key((tmp_path / "tsa" / "ca.key").read_bytes(), None)
    ca, oud = (load_pem_x509_certificate((tmp_path / "tsa" / naam).read_bytes()) for naam in ("ca.pem", "tsa.pem"))
    tot = datetime.now(UTC) + timedelta(seconds=10)
    kort = CertificateBuilder(ca.subject, oud.subject, oud.public_key(), 99, oud.not_valid_before_utc, tot)
    for deel in oud.extensions:
        kort = kort.add_extension(deel.value, deel.critical)
    assert isinstance(sleutel, EllipticCurvePrivateKey)
    (tmp_path / "tsa" / "tsa.pem").write_bytes(kort.sign(sleutel, SHA256()).public_bytes(Encoding.PEM))
    pad = tmp_path / "tsa1.tsr"
    pad.write_bytes(autoriteit.stamp(INHOUD))
    time.sleep(max(0.0, (tot - datetime.now(UTC)).total_seconds()) + 1.5)
    assert verify_tijdstempel(pad, INHOUD, read_wortel(autoriteit)) < tot


def test_a_stamp_over_other_bytes_or_of_another_authority_is_refused(
    autoriteit: Stempelautoriteit, stempel: Path, tmp_path: Path
) -> None:
    with pytest.raises(LogboekGewijzigdError):
        verify_tijdstempel(stempel, INHOUD + b" ", read_wortel(autoriteit))
    ander = Stempelautoriteit(tmp_path / "ander")
    with pytest.raises(LogboekGewijzigdError):
        verify_tijdstempel(stempel, INHOUD, read_wortel(ander))


def test_a_root_is_one_certificate(autoriteit: Stempelautoriteit, tmp_path: Path) -> None:
    pad = tmp_path / "wortel.pem"
    for inhoud in (b"", autoriteit.wortel + autoriteit.wortel):
        pad.write_bytes(inhoud)
        with pytest.raises(NietVastTeStellenError, match="niet precies een certificaat"):
            tijdstempel.read_wortel(pad)
    pad.write_bytes(autoriteit.wortel)
    assert tijdstempel.read_wortel(pad) == read_wortel(autoriteit)


def test_a_request_that_openssl_did_not_make_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tijdstempel.build_vraag(INHOUD)
    monkeypatch.setattr(tijdstempel, "_run_openssl", lambda *_: "")
    with pytest.raises(NietVastTeStellenError, match="maakte geen verzoek"):
        tijdstempel.build_vraag(INHOUD)
