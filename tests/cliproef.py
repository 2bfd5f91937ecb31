"""An installation whose people sign in on the command line, each with a password and the code of the moment."""

from __future__ import annotations

import copy
import json
import os
import shlex
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pyotp
import pytest
from typer.testing import CliRunner, Result

from scanstraat import personen
from scanstraat.cli import app
from scanstraat.personen import STAP_S

WACHTWOORD = "groen fietst langs de haven"
BEHEERDER = "Fleur Beheerder"
INSTELLINGEN = '[algemeen]\ngegevensmap = "data"\n[profiel.standaard]\nnakijken = "nooit"\n'  # as builders take in


class Cliproef:
    """Runs commands. The clock of the codes goes one step further at every sign-in, because a code counts once."""

    def __init__(self, map_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.map, self.config, self.stap = map_, map_ / "config.toml", 0
        self.config.write_text(INSTELLINGEN, encoding="utf-8")
        self.geheimen: dict[str, str] = {}
        self.set_clock(monkeypatch)

    def copy(self, map_: Path, monkeypatch: pytest.MonkeyPatch) -> Self:
        """Return the same installation in another folder, with the same people and secrets."""
        kopie = copy.copy(self)
        kopie.map, kopie.config, kopie.geheimen = map_, map_ / "config.toml", dict(self.geheimen)
        shutil.copytree(self.map, map_, dirs_exist_ok=True)
        kopie.set_clock(monkeypatch)
        return kopie

    def set_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        proef = self

        class Tijd(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return proef.now()

        monkeypatch.setattr(personen, "datetime", Tijd)

    def run(self, *woorden: str, regels: tuple[str, ...] = ()) -> Result:
        """Run a command; `regels` come through a file descriptor where a word says FD."""
        lees, schrijf = os.pipe()
        try:
            with os.fdopen(schrijf, "w", encoding="utf-8") as pijp:
                pijp.writelines(f"{regel}\n" for regel in regels)
            woorden = tuple(str(lees) if woord == "FD" else woord for woord in woorden)
            return CliRunner().invoke(app, ["--config", str(self.config), *woorden])
        finally:
            os.close(lees)

    def run_als(
        self, naam: str, *woorden: str, nieuw: str = "", code: str = "", wachtwoord: str = WACHTWOORD
    ) -> Result:
        """Run a command that `naam` signs in for."""
        self.stap += 1
        regels = [wachtwoord, code or self.code(naam)]
        opties = ["--als", naam, "--geheim-fd", "FD"]
        if nieuw:
            opties += ["--nieuw-fd", "FD"]
            regels.append(nieuw)
        return self.run(*woorden, *opties, regels=tuple(regels))

    def sign_in_to_work(self, naam: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Do what `eval "$(scanstraat aanmelden ...)"` does in a shell."""
        regel = verify(self.run_als(naam, "aanmelden")).stdout
        woorden = shlex.split(regel)
        assert (woorden[0], regel.count("\n")) == ("export", 1)
        for woord in woorden[1:]:
            monkeypatch.setenv(*woord.split("=", 1))

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.stap * STAP_S)

    def code(self, naam: str) -> str:
        return pyotp.TOTP(self.geheimen[naam]).at(self.now())

    def say(self, *woorden: str) -> str:
        """Return what a command that must go well says, on one line."""
        return flat(verify(self.run(*woorden)))

    def say_als(self, naam: str, *woorden: str) -> str:
        return flat(verify(self.run_als(naam, *woorden)))

    def load(self, *woorden: str) -> Any:
        """Return the JSON that a command gives."""
        return json.loads(verify(self.run(*woorden, "--json")).stdout)

    def refuse(self, uitslag: Result, exitcode: int, *zinnen: str) -> str:
        """Return what a command said that must go wrong, in Dutch and without a traceback."""
        gezegd = flat(uitslag)
        assert uitslag.exit_code == exitcode, gezegd
        assert uitslag.exception is None or isinstance(uitslag.exception, SystemExit), uitslag.exception
        assert "Kenmerk voor de" not in gezegd and "Traceback" not in gezegd, gezegd
        for zin in zinnen:
            assert zin in gezegd, gezegd
        for woord in (" the ", "invalid", "missing", "error", "not found"):
            assert woord not in gezegd.lower(), gezegd
        return gezegd

    def add_beheerder(self) -> None:
        uitslag = verify(self.run("persoon", "voegtoe", BEHEERDER, "--nieuw-fd", "FD", "--json", regels=(WACHTWOORD,)))
        self.geheimen[BEHEERDER] = json.loads(uitslag.stdout)["geheim"]

    def add_persoon(self, naam: str, *rollen: str, ook: tuple[str, ...] = ()) -> None:
        namen = [deel for ander in ook for deel in ("--ook", ander)]
        uitslag = verify(self.run_als(BEHEERDER, "persoon", "voegtoe", naam, *namen, "--json", nieuw=WACHTWOORD))
        self.geheimen[naam] = json.loads(uitslag.stdout)["geheim"]
        for rol in rollen:
            self.say_als(BEHEERDER, "mandaat", "geef", naam, rol, "--grondslag", "mandaatbesluit 2026-3")


def verify(uitslag: Result) -> Result:
    assert uitslag.exit_code == 0, uitslag.output
    assert "Traceback" not in uitslag.output
    return uitslag


def flat(uitslag: Result) -> str:
    """Return what was said on one line, without the frame around it."""
    return " ".join(uitslag.output.replace("│", " ").split())
