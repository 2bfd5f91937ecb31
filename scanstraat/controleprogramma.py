"""The verifier as one file, for somebody without the product: Python, `cryptography` and openssl are enough."""

from __future__ import annotations

import io
import zipfile
from importlib import resources

# What `python -m vernietiging` imports; a test runs the file on its own, so that none is missing.
MODULES = (
    "__init__",
    "__main__",
    "beleid",
    "betekenis",
    "boom",
    "checkpoint",
    "documentbewijs",
    "documentverhaal",
    "errors",
    "gebeurtenis",
    "logbewijs",
    "notitie",
    "opdrachtregel",
    "tegels",
    "tijdstempel",
    "uittreksel",
    "verificatie",
)
NAAM = "controleer.pyz"
_START = b"#!/usr/bin/env python3\n"
_HOOFD = "import sys\n\nfrom vernietiging.__main__ import main\n\nsys.exit(main())\n"


def build_controleprogramma() -> bytes:
    """Return the zipapp. The same version of the product gives the same bytes, so that its hash can be published."""
    uit = io.BytesIO()
    with zipfile.ZipFile(uit, "w", zipfile.ZIP_DEFLATED) as zip_:
        _write(zip_, "__main__.py", _HOOFD)
        for module in MODULES:
            bron = resources.files("vernietiging").joinpath(f"{module}.py").read_text(encoding="utf-8")
            _write(zip_, f"vernietiging/{module}.py", bron)
    return _START + uit.getvalue()


def _write(zip_: zipfile.ZipFile, naam: str, inhoud: str) -> None:
    ingang = zipfile.ZipInfo(naam, date_time=(1980, 1, 1, 0, 0, 0))
    ingang.compress_type = zipfile.ZIP_DEFLATED
    zip_.writestr(ingang, inhoud)
