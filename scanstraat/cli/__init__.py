"""The command `scanstraat`: parse, call, print.

Every command has help and stands in the handleiding; a test checks both.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from scanstraat.cli import (
    aanmelden,
    batches,
    beheer,
    besluiten,
    bewerkingen,
    dienst,
    keuren,
    logboek,
    nederlands,
    overdracht,
    papier,
    personen,
    stops,
    verantwoording,
    vernietiging,
)
from scanstraat.cli.uitvoer import Hoofdopdracht

nederlands.install()

app = typer.Typer(
    name="scanstraat",
    cls=Hoofdopdracht,
    help="De scanstraat: van een scan in een map naar een bewezen PDF/A in de zaak.",
    no_args_is_help=True,
    add_completion=False,
    options_metavar=nederlands.OPTIES,
    subcommand_metavar=nederlands.OPDRACHTEN,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback()
def _algemeen(
    config: Annotated[
        Path, typer.Option("--config", help="Het instellingenbestand.", envvar="SCANSTRAAT_CONFIG")
    ] = Path("config.toml"),
) -> None:
    """De scanstraat: van een scan in een map naar een bewezen PDF/A in de zaak."""
    del config  # read by `uitvoer.load_config`, so that --help works without a file


for deel in (
    dienst,
    batches,
    bewerkingen,
    keuren,
    papier,
    stops,
    vernietiging,
    aanmelden,
    personen,
    besluiten,
    verantwoording,
    beheer,
    logboek,
    overdracht,
):
    deel.register(app)


def main() -> None:
    """Run the command line."""
    try:
        app()
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:  # `scanstraat scanmap | head`: Python would complain about it at its very end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
