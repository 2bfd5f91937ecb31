"""Dutch for the words that Typer prints itself ("Usage", "Missing argument"). Typer has no other way to set them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer.rich_utils as opmaak
from typer._click import core, formatting
from typer.core import _TyperParameter
from typer.exceptions import TyperException

OPTIES = "[OPTIES]"
_SOORTEN = {
    "<str>": "<tekst>",
    "<list[str]>": "<tekst>",
    "<int>": "<getal>",
    "<int range>": "<getal>",
    "<float>": "<getal>",
    "<file>": "<bestand>",
    "<directory>": "<map>",
    "<path>": "<pad>",
    "<bool>": "",
}
OPDRACHTEN = "OPDRACHT [GEGEVENS]..."

_ZINNEN = (
    (re.compile(r"\bValue error, "), ""),
    (re.compile(r"^Invalid value for (.*?): (.*)$", re.DOTALL), r"Ongeldige waarde voor \1: \2"),
    (re.compile(r"^Invalid value: (.*)$", re.DOTALL), r"Ongeldige waarde: \1"),
    (re.compile(r"^Missing argument (.*?)\.(.*)$", re.DOTALL), r"Er ontbreekt een gegeven: \1.\2"),
    (re.compile(r"^Missing option (.*?)\.(.*)$", re.DOTALL), r"Deze optie is nodig: \1.\2"),
    (re.compile(r"^Missing command\.$"), "Er ontbreekt een opdracht."),
    (re.compile(r"^No such option: (.*)$", re.DOTALL), r"Deze optie bestaat niet: \1"),
    (re.compile(r"^No such command (.*)\.", re.DOTALL), r"Deze opdracht bestaat niet: \1."),
    (re.compile(r"^Got unexpected extra argument\(s\) \((.*)\)$", re.DOTALL), r"Dit is te veel: \1"),
    (re.compile(r"\(Possible options: (.*)\)"), r"(Bedoelt u: \1?)"),
    (re.compile(r"Did you mean (.*)\?"), r"Bedoelt u \1?"),
    (
        re.compile(r"(File|Directory|Dir|Path|Bestand|Map) '(.*)' does not exist\.", re.IGNORECASE),
        r"'\2' bestaat niet.",
    ),
    (re.compile(r"'(.*)' is not a valid (\w+)"), r"'\1' is geen geldige waarde"),
    (re.compile(r"'(.*)' is not one of (.*)\."), r"'\1' is geen van deze: \2."),
    (re.compile(r"Option '(.*)' requires an argument"), r"Bij '\1' hoort een waarde"),
    (re.compile(r"Choose from:"), "Kies uit:"),
    (re.compile(r"\(env var: (.*?)\)"), r"(of zet \1 in de omgeving)"),
)


def translate(tekst: str) -> str:
    """Return a message of Typer in Dutch; what is not known stays as it is."""
    for patroon, nederlands in _ZINNEN:
        tekst = patroon.sub(nederlands, tekst)
    return tekst


def install() -> None:
    """Make Typer speak Dutch in this process."""
    opmaak.OPTIONS_PANEL_TITLE = "Opties"
    opmaak.COMMANDS_PANEL_TITLE = "Opdrachten"
    opmaak.ARGUMENTS_PANEL_TITLE = "Gegevens"
    opmaak.ERRORS_PANEL_TITLE = "Fout"
    opmaak.ABORTED_TEXT = "Afgebroken."
    opmaak.RICH_HELP = "Probeer [blue]'{command_path} {help_option}'[/] voor hulp."
    opmaak.DEFAULT_STRING = "[standaard: {}]"
    opmaak.REQUIRED_LONG_STRING = "[verplicht]"
    opmaak.ENVVAR_STRING = "[omgeving: {}]"
    for klasse in _with_own_message(TyperException):
        _wrap(klasse, "format_message", lambda melding: translate(str(melding)))
    _wrap(core.Command, "get_help_option", _set_help)
    _wrap(_TyperParameter, "display_type", lambda soort: _SOORTEN.get(soort, soort))
    setattr(formatting.HelpFormatter, "write_usage", _write_usage)  # noqa: B010  mypy holds methods to be final


_GEBRUIK = formatting.HelpFormatter.write_usage


def _write_usage(zelf: formatting.HelpFormatter, prog: str, args: str = "", prefix: str | None = None) -> None:
    nederlands = args.replace("[OPTIONS]", OPTIES).replace("COMMAND [ARGS]...", OPDRACHTEN)
    _GEBRUIK(zelf, prog, nederlands, prefix or "Gebruik: ")


def _with_own_message(klasse: type[Any]) -> list[type[Any]]:
    alle = [klasse, *(onder for deel in klasse.__subclasses__() for onder in _with_own_message(deel))]
    return [deel for deel in alle if "format_message" in vars(deel)]


def _wrap(klasse: type[Any], naam: str, na: Callable[[Any], Any]) -> None:
    origineel = getattr(klasse, naam)
    setattr(klasse, naam, lambda zelf, *args, **kwargs: na(origineel(zelf, *args, **kwargs)))


def _set_help(optie: Any) -> Any:
    if optie is not None:
        optie.help = "Toon deze hulp."
    return optie
