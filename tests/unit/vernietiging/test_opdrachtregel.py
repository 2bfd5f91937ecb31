"""What an auditor or a witness reads of the command line is Dutch, and wrong use ends with exit code 2."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from vernietiging import __main__ as controle
from vernietiging import getuige

ENGELS = re.compile(r"\b(usage|options|positional|arguments?|show this help|required|invalid|error|the|expected)\b")


@pytest.mark.parametrize("main", [controle.main, getuige.main])
@pytest.mark.parametrize("woorden", [[], ["--help"], ["--bestaat-niet"], ["--map"], ["x", "y", "z"]])
def test_nothing_that_is_printed_is_english(
    main: Callable[[list[str]], int], woorden: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as einde:
        main(woorden)
    gezegd = "".join(capsys.readouterr())
    assert einde.value.code == (0 if woorden == ["--help"] else 2)
    assert gezegd.startswith("gebruik: ") and not ENGELS.findall(gezegd), gezegd


@pytest.mark.parametrize(("woorden", "zin"), [
    (["--map", "m", "--naam", "n"], "Er ontbreekt: OPDRACHT."),
    (["--map", "m", "--naam", "n", "sleutel", "x"], "Dit is te veel: x."),
    (["--map", "m", "--naam", "n", "weg"], "'weg' bestaat niet. Kies uit: 'sleutel', 'dien', 'teken'."),
    (["--map", "m", "--naam", "n", "dien", "--poort", "een"], "'een' kan niet bij --poort."),
    (["--map", "m", "--naam"], "Bij --naam hoort een waarde."),
    (["--map", "m", "--naam", "n", "teken", "-h"], "Toon deze uitleg."),
])  # fmt: skip
def test_it_says_what_is_wrong(woorden: list[str], zin: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        getuige.main(woorden)
    assert zin in "".join(capsys.readouterr())
