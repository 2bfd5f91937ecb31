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
from datetime import UTC, datetime
from pathlib import Path

from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError

_TIJD = re.compile(r"^Time stamp: (\w{3} +\d{1,2} \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", re.MULTILINE)
_OMGEVING = {"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"}
OPENSSL = "openssl"
TIJDSLIMIET_S = 60


def find_wortel(map: Path, sha256: str) -> Path | None:
    """Return the root certificate in `map` (PEM files) with this fingerprint over its DER bytes; None without it."""
    for pad in sorted(map.glob("*.pem")) if map.is_dir() else ():
        try:
            der = ssl.PEM_cert_to_DER_cert(pad.read_text(encoding="ascii").strip() + "\n")
        except (ValueError, OSError):
            continue
        if hashlib.sha256(der).hexdigest() == sha256:
            return pad
    return None


def verify_tijdstempel(antwoord: Path, gestempeld: bytes, wortel: Path) -> datetime:
    """Return the time of a stamp (UTC) that this authority gave over these bytes.

    Args:
        antwoord: the reply of the authority, DER, as it came.
        wortel: its root certificate, PEM, believed.

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
    with tempfile.NamedTemporaryFile() as bestand:
        bestand.write(gestempeld)
        bestand.flush()
        uitslag = _run_openssl(
            *("ts", "-verify", "-in", str(antwoord), "-data", bestand.name, "-CAfile", str(wortel)),
            *("-attime", str(int(tijd.timestamp()))),
        )
    if uitslag.returncode != 0 or "Verification: OK" not in uitslag.stdout:
        raise LogboekGewijzigdError(
            f"Het tijdstempel {antwoord.name} hoort niet bij dit checkpoint of deze autoriteit."
        )
    return tijd


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
