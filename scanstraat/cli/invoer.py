"""What people type: words in one form, and dates as they write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated

import typer

_DAG = re.compile(r"(?P<jaar>\d{4})-(?P<maand>\d{1,2})-(?P<dag>\d{1,2})")
_NL_DAG = re.compile(r"(?P<dag>\d{1,2})-(?P<maand>\d{1,2})-(?P<jaar>\d{4})")


def parse_dag(tekst: str) -> date:
    """Read a day: 2026-03-02 or 02-03-2026.

    Raises:
        typer.BadParameter: it is anything else, or a day that does not exist.
    """
    gevonden = _DAG.fullmatch(tekst.strip()) or _NL_DAG.fullmatch(tekst.strip())
    if gevonden is None:
        raise typer.BadParameter(f"'{tekst}' is geen datum. Schrijf bijvoorbeeld 2026-03-02 of 02-03-2026.")
    try:
        return date(*(int(gevonden[deel]) for deel in ("jaar", "maand", "dag")))
    except ValueError as exc:
        raise typer.BadParameter(f"De dag {tekst} bestaat niet.") from exc


def parse_tekst(tekst: str) -> str:
    """Read words in the one form in which they are stored: without control characters, an accent on its letter.

    Raises:
        typer.BadParameter: they hold what nobody can read.
    """
    schoon = " ".join(unicodedata.normalize("NFC", tekst).split())
    if not schoon.isprintable():
        raise typer.BadParameter("Hier staan tekens in die niemand kan lezen. Typ de tekst opnieuw.")
    return schoon


def kort(id_: object) -> str:
    """Return the first characters of an id, as people type it."""
    return str(id_)[:8]


def say_dag(dag: str | None) -> str | None:
    """Return a stored day as people write it: 02-03-2026."""
    return None if dag is None else f"{date.fromisoformat(dag):%d-%m-%Y}"


Reden = Annotated[str, typer.Option("--reden", metavar="TEKST", help="Waarom, zonder namen.", parser=parse_tekst)]
Plaats = Annotated[
    str,
    typer.Option(
        "--plaats", metavar="TEKST", help='Waar de doos staat, bijvoorbeeld "stelling 4".', parser=parse_tekst
    ),
]
Batchnummer = Annotated[str, typer.Argument(metavar="BATCH", help="Batchnummer, bijvoorbeeld B-2026-0142 of 142.")]
DocumentId = Annotated[
    str, typer.Argument(metavar="DOCUMENT", help="Id van het document; de eerste tekens zijn genoeg.")
]
