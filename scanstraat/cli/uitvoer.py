"""How commands speak: results on standard output (a table, or JSON), messages on standard error, exit codes."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import uuid4

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.exc import DBAPIError
from typer._click.core import ParameterSource
from typer._click.globals import get_current_context
from typer.core import TyperGroup
from typer.exceptions import TyperException

from hardware.errors import HardwareError
from kwaliteitscontrole.errors import KwaliteitscontroleError
from kwaliteitscontrole.woorden import format_getal
from scanstraat import db
from scanstraat.config import TIJDZONE, Config, read_config
from scanstraat.domain import to_local
from scanstraat.errors import DatabaseError, InstellingError, NietMogelijkError, OpslagVolError, ScanstraatError
from scanstraat.technisch_log import configure_log, describe_fout, is_configured
from vernietiging.errors import VernietigingError

_VOL = (errno.ENOSPC, errno.EDQUOT)
VERWACHT = (ScanstraatError, KwaliteitscontroleError, HardwareError, VernietigingError)

AlsJson = Annotated[bool, typer.Option("--json", help="Geef JSON in plaats van een tabel.")]
Door = Annotated[
    str, typer.Option("--door", help="Wie dit doet; uw naam of medewerkernummer.", envvar="SCANSTRAAT_DOOR")
]


# Messages name a command as "scanstraat batches"; the words "de scanstraat start" are about the product.
_OPDRACHT = re.compile(
    r"(?<![\w./-])(?<!de )(?<!De )scanstraat (?=(?:aanmelden|back-up|batch|batches|besluit|bewerk|bewijs|demo|document|"
    r"doos|export|geef-vrij|gezondheid|handboek|herscan|instellingen|keur|klaarmelden|koppel|laatste-blik|lijst|"
    r"logboek|mandaat|mdto|ongedaan|ontkoppel|opdracht|ophalen|opslag|persoon|quarantaine|scanmap|scanoperator|"
    r"scheidingsbladen|sip|stappen|start|stop|trek-in|uitvoering|uitzondering|verantwoord|verklaring|verzegelaar|"
    r"zaken)\b)"
)


_TIJD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TIJDZONE = "scanstraat.tijdzone"


class Scherm(Console):
    """A console that names every command as this user types it, so that it can be copied.

    Markup is off: what people, scanners or a zaaksysteem named may look like it.
    """

    def __init__(self, **opties: Any) -> None:
        super().__init__(highlight=False, markup=False, **opties)

    def print(self, *objects: Any, **opties: Any) -> None:
        """Print, as `Console.print`."""
        super().print(*(say_opdrachten(deel) if isinstance(deel, str) else deel for deel in objects), **opties)


def say_opdrachten(tekst: str) -> str:
    """Return a message with its commands as `run` was called, and with the settings this command was given."""
    return _OPDRACHT.sub(lambda _vondst: f"{_find_aanroep()}{_find_instellingen()} ", tekst)


def _find_aanroep() -> str:
    return os.environ.get("SCANSTRAAT_AANROEP", "scanstraat")


def _find_instellingen() -> str:
    """Return the option that named the settings, when this command was given one."""
    context = get_current_context(silent=True)
    hoofd = None if context is None else context.find_root()
    if hoofd is None or hoofd.get_parameter_source("config") is not ParameterSource.COMMANDLINE:
        return ""
    return f" --config {hoofd.params['config']}"


def stdout() -> Console:
    """Return the console for results. Without a terminal it does not cut columns off."""
    return Scherm(width=None if sys.stdout.isatty() else 200, soft_wrap=False)


def stderr() -> Console:
    """Return the console for messages and progress."""
    return Scherm(stderr=True)


def show_fout(melding: str) -> None:
    """Print what went wrong and what to do."""
    stderr().print("Fout:", style="bold red", end=" ")
    stderr().print(melding, soft_wrap=True)


@contextmanager
def expected_errors() -> Iterator[None]:
    """Turn an expected error into one Dutch line and its exit code; anything else is for `Hoofdopdracht`."""
    try:
        yield
    except VERWACHT as exc:
        show_fout(str(exc))
        raise typer.Exit(exc.exitcode) from exc


class Hoofdopdracht(TyperGroup):
    """The command `scanstraat`: what no command expected becomes one Dutch line too, with its place in the log."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException, BrokenPipeError):  # BrokenPipe: nobody reads on, Typer knows
            raise
        except Exception as exc:
            raise typer.Exit(report_onverwacht(exc)) from exc


def report_onverwacht(fout: Exception) -> int:
    """Say in one line what went wrong, log where under the same reference, and return the exit code."""
    waar = "in het technische log"
    if not is_configured():  # it went wrong before there was a place for a log
        with tempfile.NamedTemporaryFile(prefix="scanstraat-fout-", suffix=".jsonl", delete=False) as bestand:
            waar = f"in {bestand.name}"
        configure_log(Path(bestand.name))
    kenmerk = uuid4().hex[:8]
    structlog.get_logger("opdracht").error("onverwachte_fout", kenmerk=kenmerk, **describe_fout(fout))
    tekst, exitcode = explain_onverwacht(fout)
    show_fout(f"{tekst} Kenmerk voor de functioneel beheerder: {kenmerk} ({waar}).")
    return exitcode


def explain_onverwacht(fout: Exception) -> tuple[str, int]:
    """Return what to say of an error that no command expected, and its exit code. Never its own text."""
    if isinstance(fout, VERWACHT):
        return str(fout), fout.exitcode
    if isinstance(fout, DBAPIError) and (storing := db.find_storing(fout)) is not None:
        return str(storing), DatabaseError.exitcode
    if isinstance(fout, OSError):
        # of a copy the second is where it went: that disk is the one that is full
        pad = fout.filename2 if fout.errno in _VOL and fout.filename2 else fout.filename
        waar = f" bij {os.fsdecode(pad)}" if isinstance(pad, str | bytes) else ""
        if fout.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return (
                f"De scanstraat heeft geen rechten{waar}. Geef rechten of kies een andere map.",
                InstellingError.exitcode,
            )
        if fout.errno in _VOL:
            return f"De schijf is vol{waar}. Maak ruimte en probeer het opnieuw.", OpslagVolError.exitcode
        return f"Lezen of schrijven lukt niet{waar}. Controleer of de map er is en of de schijf werkt.", 1
    return "Er ging iets mis in het programma. Probeer het opnieuw; blijft het zo, meld het dan.", 1


def load_config(context: typer.Context) -> Config:
    """Return the settings that --config named, and give the command a log beside the data if it has none."""
    pad: Path = context.find_root().params["config"]
    config = read_config(pad)
    context.find_root().meta[_TIJDZONE] = config.algemeen.tijdzone
    if not is_configured():  # a command for people: what it logs does not belong between its answers
        configure_log(config.algemeen.gegevensmap / "log" / "opdrachten.jsonl")
    return config


@contextmanager
def open_nieuw(pad: Path) -> Iterator[BinaryIO]:
    """Open a new file for writing: nothing is overwritten, and half a file is gone again.

    Raises:
        NietMogelijkError: there is a file of that name.
    """
    try:
        bestand = pad.open("xb")
    except FileExistsError as exc:
        raise NietMogelijkError(f"{pad} bestaat al. Kies een andere naam.") from exc
    try:
        with bestand:
            yield bestand
    except BaseException as exc:
        pad.unlink(missing_ok=True)
        if isinstance(exc, OSError) and exc.errno in _VOL:
            exc.filename = exc.filename or str(pad)
        raise


def write_nieuw(pad: Path, inhoud: bytes) -> None:
    """Write a new file; see `open_nieuw`."""
    with open_nieuw(pad) as bestand:
        bestand.write(inhoud)


def show_json(waarde: Any) -> None:
    """Print one JSON value for a program."""
    print(json.dumps(waarde, ensure_ascii=False, indent=2))


def show_table(titel: str, kolommen: Sequence[str], rijen: Sequence[Sequence[Any]], *, leeg: str) -> None:
    """Print rows for people; an empty list says so, with what to do.

    A command in a table does not name the settings: broken over the lines of a cell nobody could copy it. They are
    named below the table, once.
    """
    if not rijen:
        stdout().print(leeg)
        return
    cellen = [[show(cel) for cel in rij] for rij in rijen]
    if stdout().width < find_breedte([list(kolommen), *cellen]):
        stdout().print(titel, style="italic")
        for rij in cellen:
            for kolom, cel in zip(kolommen, rij, strict=True):
                stdout().print(f"  {kolom}", style="bold", end=": ")
                stdout().print(cel, soft_wrap=True)
            stdout().print()
        return
    tabel = Table(title=titel, title_justify="left", header_style="bold", expand=False)
    for kolom in kolommen:
        tabel.add_column(kolom, overflow="fold")
    for rij in cellen:
        tabel.add_row(*(_OPDRACHT.sub(lambda _vondst: f"{_find_aanroep()} ", cel) for cel in rij))
    stdout().print(tabel)
    if _find_instellingen() and any(_OPDRACHT.search(cel) for rij in cellen for cel in rij):
        stdout().print(
            f"Begin een opdracht uit deze tabel met: {_find_aanroep()}{_find_instellingen()}", soft_wrap=True
        )


def build_progress() -> Progress:
    """Return a progress bar on standard error."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=stderr(),
        transient=True,
    )


def find_breedte(rijen: Sequence[Sequence[str]]) -> int:
    """Return the columns that a table takes when no word is broken."""
    langste = [
        max(len(woord) for cel in kolom for woord in (cel.split() or [""])) for kolom in zip(*rijen, strict=True)
    ]
    return sum(langste) + 3 * len(langste) + 1


def _find_tijdzone() -> str:
    context = get_current_context(silent=True)
    return TIJDZONE if context is None else str(context.find_root().meta.get(_TIJDZONE, TIJDZONE))


def say_tijden(tekst: str) -> str:
    """Return a sentence with its stored times as people there read them."""
    zone = _find_tijdzone()
    return _TIJD.sub(lambda vondst: f"{to_local(vondst[0], zone):%d-%m-%Y %H:%M}", tekst)


def show(waarde: Any) -> str:
    """Return a value as people read it: ja/nee, a dash for nothing, a time without its fraction."""
    if waarde is None or waarde == "":
        return "–"
    if isinstance(waarde, bool):
        return "ja" if waarde else "nee"
    if isinstance(waarde, float):
        return format_getal(waarde)
    tekst = str(waarde)
    if _TIJD.fullmatch(tekst):
        return f"{to_local(tekst, _find_tijdzone()):%d-%m-%Y %H:%M}"
    return tekst
