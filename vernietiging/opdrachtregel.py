"""The command lines of this package, in Dutch: argparse says its own words in English."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

_ZINNEN = (
    (re.compile(r"the following arguments are required: (.*)"), r"Er ontbreekt: \1."),
    (re.compile(r"unrecognized arguments: (.*)"), r"Dit is te veel: \1."),
    (re.compile(r"argument (.*?): invalid choice: (.*?) \(choose from (.*)\)"), r"\2 bestaat niet. Kies uit: \3."),
    (re.compile(r"argument (.*?): invalid \w+ value: (.*)"), r"\2 kan niet bij \1."),
    (re.compile(r"argument (.*?): expected (?:one|at least one) argument"), r"Bij \1 hoort een waarde."),
)


class _Opmaak(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "gebruik: " if prefix is None else prefix)


class Lezer(argparse.ArgumentParser):
    """A parser that helps and complains in Dutch."""

    def __init__(self, **opties: Any) -> None:
        super().__init__(**opties, formatter_class=_Opmaak, add_help=False, allow_abbrev=False)
        self._positionals.title, self._optionals.title = "gegevens", "opties"
        self.add_argument("-h", "--help", action="help", help="Toon deze uitleg.")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end with exit code 2."""
        for patroon, nederlands in _ZINNEN:
            message = patroon.sub(nederlands, message)
        self.exit(2, f"{self.format_usage()}{message}\n")
