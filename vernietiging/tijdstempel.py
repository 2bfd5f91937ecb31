"""Adapter: time stamps of RFC 3161 over a checkpoint, checked with the command `openssl`.

The auditor's policy names the root certificate of an authority by its fingerprint; the certificate itself may lie
beside the log. A stamp must hold at the time that it says itself: a certificate that ended since does not undo it.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import subprocess
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError

_TIJD = re.compile(r"^Time stamp: (\w{3} +\d{1,2} \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", re.MULTILINE)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_OMGEVING = {"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"}
OPENSSL = "openssl"
TIJDSLIMIET_S = 60


def find_wortel(map: Path, sha256: str) -> bytes | None:
    """Return the root certificate (DER) with this fingerprint out of the PEM files in `map`; None without it.

    Only the certificate itself is given: what else stands in such a file is not believed.
    """
    for pad in sorted(map.glob("*.pem")) if map.is_dir() else ():
        with suppress(OSError):
            for der in _read_certificaten(pad.read_bytes()):
                if hashlib.sha256(der).hexdigest() == sha256:
                    return der
    return None


def read_wortel(pad: Path) -> bytes:
    """Return the one root certificate (DER) in a PEM file.

    Raises:
        NietVastTeStellenError: there is none, or more than one.
    """
    certificaten = _read_certificaten(pad.read_bytes())
    if len(certificaten) != 1:
        raise NietVastTeStellenError(f"In {pad.name} staat niet precies een certificaat.")
    return certificaten[0]


def fingerprint(wortel: bytes) -> str:
    """Return the SHA-256 of a root certificate (DER), as a policy names it."""
    return hashlib.sha256(wortel).hexdigest()


def _read_certificaten(pem: bytes) -> list[bytes]:
    gevonden = []
    for blok in _PEM.findall(pem.decode("ascii", errors="replace")):
        with suppress(ValueError):
            gevonden.append(ssl.PEM_cert_to_DER_cert(blok))
    return gevonden


def build_vraag(inhoud: bytes) -> bytes:
    """Return a request (DER) for a stamp over these bytes.

    Raises:
        NietVastTeStellenError: there is no `openssl` command here, or it failed.
    """
    with tempfile.NamedTemporaryFile() as bestand, tempfile.NamedTemporaryFile() as vraag:
        bestand.write(inhoud)
        bestand.flush()
        _run_openssl("ts", "-query", "-data", bestand.name, "-sha256", "-cert", "-out", vraag.name)
        gemaakt = Path(vraag.name).read_bytes()
    if not gemaakt:
        raise NietVastTeStellenError("Het programma openssl maakte geen verzoek om een tijdstempel.")
    return gemaakt


def verify_tijdstempel(antwoord: Path, gestempeld: bytes, wortel: bytes) -> datetime:
    """Return the time of a stamp (UTC) that this authority gave over these bytes.

    Args:
        antwoord: the reply of the authority, DER, as it came.
        wortel: its root certificate, DER; nothing else is believed.

    Raises:
        LogboekGewijzigdError: the stamp is not over these bytes, or not of this authority.
        NietVastTeStellenError: there is no `openssl` command here, or it does not answer.
    """
    tekst = _run_openssl("ts", "-reply", "-in", str(antwoord), "-text").stdout
    gevonden = _TIJD.findall(tekst)
    if len(gevonden) != 1:
        raise LogboekGewijzigdError(f"{antwoord.name} is geen tijdstempel.")
    dag, jaar = gevonden[0]
    tijd = datetime.strptime(f"{dag} {jaar}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    with tempfile.NamedTemporaryFile() as bestand, tempfile.NamedTemporaryFile() as certificaat:
        for open_, inhoud in ((bestand, gestempeld), (certificaat, ssl.DER_cert_to_PEM_cert(wortel).encode())):
            open_.write(inhoud)
            open_.flush()
        uitslag = _run_openssl(
            *("ts", "-verify", "-in", str(antwoord), "-data", bestand.name, "-CAfile", certificaat.name),
            *("-attime", str(int(tijd.timestamp()))),
        )
    if uitslag.returncode != 0 or "Verification: OK" not in uitslag.stdout:
        raise LogboekGewijzigdError(
            f"Het tijdstempel {antwoord.name} hoort niet bij dit checkpoint of deze autoriteit."
        )
    _ask_second_reader(antwoord, gestempeld, wortel, tijd)
    return tijd


def _ask_second_reader(antwoord: Path, gestempeld: bytes, wortel: bytes, tijd: datetime) -> None:
    """Return when rfc3161-client says the same as openssl, or is not here: two readers that agree err less than one.

    Raises:
        NietVastTeStellenError: they do not agree; then nothing is anchored.
    """
    try:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response  # noqa: PLC0415
    except ImportError:  # an auditor needs no more than openssl
        return
    try:
        stempel = decode_timestamp_response(antwoord.read_bytes())
        certificaat = x509.load_der_x509_certificate(wortel)
        VerifierBuilder().add_root_certificate(certificaat).build().verify_message(stempel, gestempeld)
        gelijk = int(stempel.tst_info.gen_time.timestamp()) == int(tijd.timestamp())
    except (VerificationError, ValueError):
        gelijk = False
    if not gelijk:
        raise NietVastTeStellenError(
            f"Over het tijdstempel {antwoord.name} zijn openssl en rfc3161-client het niet eens: het telt niet."
        )


def _run_openssl(*woorden: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [OPENSSL, *woorden],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIJDSLIMIET_S,
            check=False,
            env=_OMGEVING,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise NietVastTeStellenError(
            "Het programma openssl is er niet of antwoordt niet; tijdstempels zijn niet te controleren."
        ) from exc
