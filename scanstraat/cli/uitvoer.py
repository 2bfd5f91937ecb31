"""How commands speak: results on standard output (a table, or JSON), messages on standard error, exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hardware.errors import HardwareError
from kwaliteitscontrole.errors import KwaliteitscontroleError
from scanstraat.config import Config, read_config
from scanstraat.errors import ScanstraatError
from vernietiging.errors import VernietigingError

VERWACHT = (ScanstraatError, KwaliteitscontroleError, HardwareError, VernietigingError)

AlsJson = Annotated[bool, typer.Option("--json", help="Geef JSON in plaats van een tabel.")]
Door = Annotated[
    str, typer.Option("--door", help="Wie dit doet; uw naam of medewerkernummer.", envvar="SCANSTRAAT_DOOR")
]


def stdout() -> Console:
    """Return the console for results. Without a terminal it does not cut columns off."""
    return Console(width=None if sys.stdout.isatty() else 200, soft_wrap=False, highlight=False)


def stderr() -> Console:
    """Return the console for messages and progress."""
    return Console(stderr=True, highlight=False)


@contextmanager
def expected_errors() -> Iterator[None]:
    """Turn an expected error into one Dutch line and its exit code; a bug keeps its traceback."""
    try:
        yield
    except VERWACHT as exc:
        stderr().print(f"[bold red]Fout:[/] {escape(str(exc))}")
        raise typer.Exit(exc.exitcode) from exc


def load_config(context: typer.Context) -> Config:
    """Return the settings that --config named."""
    pad: Path = context.find_root().params["config"]
    return read_config(pad)


def show_json(waarde: Any) -> None:
    """Print one JSON value for a program."""
    print(json.dumps(waarde, ensure_ascii=False, indent=2))


def show_table(titel: str, kolommen: Sequence[str], rijen: Sequence[Sequence[Any]], *, leeg: str) -> None:
    """Print rows for people; an empty list says so, with what to do."""
    if not rijen:
        stdout().print(leeg)
        return
    tabel = Table(title=titel, title_justify="left", header_style="bold", expand=False)
    for kolom in kolommen:
        tabel.add_column(kolom, overflow="fold")
    for rij in rijen:
        tabel.add_row(*(cell if isinstance(cell, str) and cell.startswith("[") else escape(show(cell)) for cell in rij))
    stdout().print(tabel)


def show(waarde: Any) -> str:
    """Return a value as people read it: ja/nee, a dash for nothing, a time without its fraction."""
    if waarde is None or waarde == "":
        return "–"
    if isinstance(waarde, bool):
        return "ja" if waarde else "nee"
    if isinstance(waarde, float):
        return f"{waarde:.1f}".replace(".", ",")
    tekst = str(waarde)
    if len(tekst) == 24 and tekst.endswith("Z") and tekst[10] == "T":
        return f"{tekst[8:10]}-{tekst[5:7]}-{tekst[:4]} {tekst[11:16]}"
    return tekst
