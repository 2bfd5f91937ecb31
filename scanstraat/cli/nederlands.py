"""Dutch for the words that Click and Typer print themselves ("Usage", "Options", "Missing argument")."""

from __future__ import annotations

import gettext
import sys
from collections.abc import Callable

import typer.main  # noqa: F401  loads every module that holds words
import typer.rich_utils as opmaak

_WOORDEN = {
    "Usage:": "Gebruik:",
    "Usage: ": "Gebruik: ",
    "Options": "Opties",
    "Commands": "Opdrachten",
    "Arguments": "Gegevens",
    "Error": "Fout",
    "Show this message and exit.": "Toon deze hulp.",
    "[OPTIONS]": "[OPTIES]",
    "Error: {message}": "Fout: {message}",
    "Try '{command} {option}' for help.": "Probeer '{command} {option}' voor hulp.",
    "No such option: {name}": "Deze optie bestaat niet: {name}",
    "No such command {name!r}.": "De opdracht {name!r} bestaat niet.",
    "Missing argument": "Er ontbreekt een gegeven",
    "Missing option": "Er ontbreekt een optie",
    "Missing parameter": "Er ontbreekt een gegeven",
    "Missing command.": "Er ontbreekt een opdracht.",
    "Invalid value: {message}": "Ongeldige waarde: {message}",
    "Invalid value for {param_hint}: {message}": "Ongeldige waarde voor {param_hint}: {message}",
    "Got unexpected extra argument ({args})": "Dit gegeven is te veel: {args}",
    "Got unexpected extra arguments ({args})": "Deze gegevens zijn te veel: {args}",
    "{name} {filename!r} does not exist.": "{name} {filename!r} bestaat niet.",
    "{value!r} is not a valid {number_type}.": "{value!r} is geen geldig getal ({number_type}).",
    "{value!r} is not one of {choices}.": "{value!r} is geen van deze: {choices}.",
    "Option {name!r} requires an argument.": "Bij {name!r} hoort een waarde.",
    "required": "verplicht",
    "(dynamic)": "(hangt ervan af)",
    "default: {default}": "standaard: {default}",
    "env var: {var}": "omgeving: {var}",
    "Aborted!": "Afgebroken.",
    "file": "bestand",
    "File": "Bestand",
    "directory": "map",
    "Directory": "Map",
    "path": "pad",
    "Path": "Pad",
}


def install() -> None:
    """Make Click and Typer speak Dutch: they look their words up through gettext, and Typer's panels are settings."""
    _translate(gettext.gettext)
    opmaak.OPTIONS_PANEL_TITLE = "Opties"
    opmaak.COMMANDS_PANEL_TITLE = "Opdrachten"
    opmaak.ARGUMENTS_PANEL_TITLE = "Gegevens"
    opmaak.ERRORS_PANEL_TITLE = "Fout"
    opmaak.ABORTED_TEXT = "Afgebroken."
    opmaak.RICH_HELP = "Probeer [blue]'{command_path} {help_option}'[/] voor hulp."
    opmaak.DEFAULT_STRING = "[standaard: {}]"
    opmaak.REQUIRED_LONG_STRING = "[verplicht]"
    opmaak.ENVVAR_STRING = "[omgeving: {}]"


def _translate(origineel: Callable[[str], str]) -> None:
    def vertaal(tekst: str) -> str:
        return _WOORDEN.get(tekst, origineel(tekst))

    def vertaal_meervoud(enkel: str, meer: str, aantal: int) -> str:
        gekozen = enkel if aantal == 1 else meer
        return _WOORDEN.get(gekozen, gekozen)

    # Typer carries its own Click, and each module binds gettext to `_` at import: the names are replaced there.
    for naam, module in list(sys.modules.items()):
        if naam.split(".")[0] == "typer":
            if "_" in vars(module):
                vars(module)["_"] = vertaal
            if "ngettext" in vars(module):
                vars(module)["ngettext"] = vertaal_meervoud
