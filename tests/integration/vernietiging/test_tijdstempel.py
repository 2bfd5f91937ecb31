"""A time stamp counts when openssl says so, and when a second reader that is here does not contradict it."""

from __future__ import annotations

import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc3161_client

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
