"""Every command has help, stands in a handleiding, and speaks Dutch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from scanstraat.cli import app
from scanstraat.cli.nederlands import translate

WORTEL = Path(__file__).resolve().parents[3]
HANDLEIDINGEN = "".join(
    pad.read_text(encoding="utf-8") for pad in (*(WORTEL / "docs" / "handleiding").glob("*.md"), WORTEL / "README.md")
)


def walk(opdracht: Any, pad: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    onder = getattr(opdracht, "commands", {})
    if not onder or opdracht.invoke_without_command:
        yield pad, opdracht
    for naam, deel in onder.items():
        if not deel.hidden:
            yield from walk(deel, (*pad, naam))


OPDRACHTEN = [(pad, deel) for pad, deel in walk(typer.main.get_command(app)) if pad]


def test_the_commands_of_the_line_are_there() -> None:
    namen = {" ".join(pad) for pad, _ in OPDRACHTEN}
    assert {
        *("batches", "batch", "document", "scanmap", "quarantaine", "quarantaine opnieuw", "quarantaine weigeren"),
        *(f"bewerk {wat}" for wat in ("draai", "weglaten", "splits", "voegsamen", "verplaats", "invoegen", "vervang")),
        *("ongedaan", "klaarmelden", "koppel", "ontkoppel", "stappen", "stappen opnieuw", "stappen annuleer"),
        *("opslag controleer", "zaken", "instellingen", "gezondheid", "demo", "start", "scheidingsbladen"),
    } <= namen


@pytest.mark.parametrize(
    ("pad", "opdracht"), OPDRACHTEN, ids=lambda waarde: " ".join(waarde) if isinstance(waarde, tuple) else ""
)
def test_every_command_has_help_and_stands_in_a_handleiding(pad: tuple[str, ...], opdracht: Any) -> None:
    assert len(opdracht.help or "") > 15
    zin = f"bewerk 142 {pad[1]}" if pad[0] == "bewerk" else " ".join(pad)  # which batch comes first
    assert zin in HANDLEIDINGEN
    for parameter in opdracht.params:
        assert parameter.name == "help" or parameter.help, f"{pad}: {parameter.name} has no help"


def test_mistakes_are_answered_in_dutch() -> None:
    loper = CliRunner()
    for woorden, zin in (
        (["batch"], "Er ontbreekt een gegeven"),
        (["batch", "--fout", "3"], "Deze optie bestaat niet"),
        (["bestaatniet"], "Deze opdracht bestaat niet"),
        (["batches", "te", "veel"], "Dit is te veel"),
        (["zaken", "laad", "nietbestaat.csv", "--door", "x"], "'nietbestaat.csv' bestaat niet"),
        (["zaken", "laad"], "zaken laad [OPTIES]"),
        (["bewerk"], "OPDRACHT [GEGEVENS]"),
        (["bewerk", "1", "weglaten", "2", "--door", "x", "--reden", "zomaar"], "Ongeldige waarde"),
    ):
        uitslag = loper.invoke(app, woorden)
        assert uitslag.exit_code == 2
        assert zin in " ".join(uitslag.output.split()).replace("│ ", "")
    assert "Gebruik:" in loper.invoke(app, ["--help"]).output


def test_what_is_not_known_is_left_as_it_is() -> None:
    assert translate("Iets heel anders.") == "Iets heel anders."
