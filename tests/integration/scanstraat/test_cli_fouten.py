"""No command ever shows a traceback, SQL or a name: one Dutch line, a reference, and the place of it in the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from scanstraat import db
from scanstraat.bootstrap import open_basis
from scanstraat.cli import app
from scanstraat.cli.uitvoer import explain_onverwacht, open_nieuw, write_nieuw
from scanstraat.config import read_config
from scanstraat.errors import NietMogelijkError
from tests import builders

WORTEL = Path(__file__).resolve().parents[3]
NAAM = "Mevrouw De Wit"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """An installation with a batch; the command gives itself a log."""
    structlog.reset_defaults()
    yield write_config(tmp_path)
    structlog.reset_defaults()


def write_config(map_: Path) -> Path:
    pad = map_ / "config.toml"
    pad.write_text('[algemeen]\ngegevensmap = "data"\n')
    with open_basis(read_config(pad)) as basis, db.begin(basis.engine) as session:
        builders.build_batch(session)
    return pad


def change(config: Path, sql: str) -> None:
    engine = db.create_engine(read_config(config).database_url)
    with engine.begin() as verbinding:
        verbinding.exec_driver_sql(sql)
    engine.dispose()


def run(config: Path, *woorden: str) -> tuple[int, str]:
    uitslag = CliRunner().invoke(app, ["--config", str(config), *woorden])
    assert isinstance(uitslag.exception, SystemExit | None), "a traceback"
    return uitslag.exit_code, " ".join(uitslag.output.split())


def read_log(config: Path) -> list[dict[str, object]]:
    regels = (config.parent / "data" / "log" / "opdrachten.jsonl").read_text().splitlines()
    return [json.loads(regel) for regel in regels]


@pytest.mark.parametrize(("map_modus", "bestand_modus", "wat"), [
    (0o555, 0o666, "in de map van de database: "),
    (0o777, 0o444, "in de database: "),
    (0o777, 0o222, "in de database: "),
])  # fmt: skip
def test_a_database_without_rights_is_said_at_once_with_its_path(
    tmp_path: Path, map_modus: int, bestand_modus: int, wat: str
) -> None:
    config = write_config(tmp_path)
    opdracht = [sys.executable, "-m", "scanstraat.cli", "--config", str(config), "zaken", "voegtoe", "ZAAK-1"]
    if os.geteuid() == 0:  # root writes everywhere, until that right is taken away
        opdracht = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *opdracht]
    try:
        for pad in (tmp_path / "data").iterdir():
            if pad.is_file():
                pad.chmod(bestand_modus)
        (tmp_path / "data").chmod(map_modus)
        proces = subprocess.run(
            [*opdracht, "--omschrijving", NAAM, "--door", NAAM],
            cwd=WORTEL,
            check=False,
            capture_output=True,
            text=True,
            timeout=db.BUSY_TIMEOUT_S,  # it used to wait as long as for a busy database
        )
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", str(tmp_path)], check=True)
    gezegd = " ".join((proces.stdout + proces.stderr).split())
    assert proces.returncode == 4, gezegd
    assert f"mag niet schrijven {wat}" in gezegd
    assert NAAM not in gezegd and "Traceback" not in gezegd


def test_a_database_whose_file_is_damaged_is_not_said_to_be_away(config: Path) -> None:
    bestand = config.parent / "data" / "scanstraat.db"
    bestand.write_bytes(b"\0" * 100 + bestand.read_bytes()[100:])
    code, gezegd = run(config, "batches")
    assert code == 4 and "De database is beschadigd" in gezegd and "back-up" in gezegd


def test_a_missing_table_is_said_in_dutch(config: Path) -> None:
    change(config, "drop table pagina")
    code, gezegd = run(config, "batch", "1")
    assert code == 4 and "ontbreekt een tabel" in gezegd and "select" not in gezegd.lower()


def test_a_bug_is_one_line_with_a_reference_that_stands_in_the_log(config: Path) -> None:
    change(config, f"update batch set indexbestanden = '[{NAAM}'")
    code, gezegd = run(config, "batches")
    assert code == 1 and "Er ging iets mis in het programma" in gezegd and NAAM not in gezegd
    (regel,) = read_log(config)
    assert str(regel["kenmerk"]) in gezegd
    assert regel["fout"] == "JSONDecodeError" and regel["plaats"]
    assert NAAM not in str(regel)


def test_a_file_or_folder_that_cannot_be_written_is_said_with_its_path(config: Path) -> None:
    code, gezegd = run(config, "scheidingsbladen", "ZAAK-2026-000123", "-o", "/bestaat/niet/bladen.pdf")
    assert code == 2 and "/bestaat/niet/bladen.pdf is niet te schrijven" in gezegd
    config.write_text(f'[algemeen]\ngegevensmap = "{config}/data"\n')
    code, gezegd = run(config, "batches")
    assert code == 2 and "is niet te maken" in gezegd


@pytest.mark.parametrize(
    ("fout", "woord", "exitcode"),
    [
        (PermissionError(13, "x", "/scans"), "rechten bij /scans", 2),
        (OSError(28, "x"), "schijf is vol", 4),
        (OSError(28, "x", "/bron", None, "/doel"), "vol bij /doel", 4),
        (OSError(5, "x", "/bron", None, "/doel"), "lukt niet bij /bron", 1),
        (KeyError(NAAM), "mis in het programma", 1),
    ],
)
def test_every_error_has_a_sentence_and_a_code(fout: Exception, woord: str, exitcode: int) -> None:
    tekst, code = explain_onverwacht(fout)
    assert woord in tekst and code == exitcode and NAAM not in tekst


def test_of_a_file_that_does_not_fit_nothing_stays(tmp_path: Path) -> None:
    pad = tmp_path / "blad.pdf"
    with pytest.raises(OSError, match="vol") as fout, open_nieuw(pad) as bestand:
        bestand.write(b"half")
        raise OSError(28, "vol")
    assert fout.value.filename == str(pad) and not pad.exists()
    write_nieuw(pad, b"heel")
    with pytest.raises(NietMogelijkError, match="bestaat al"):
        write_nieuw(pad, b"nog eens")
    assert pad.read_bytes() == b"heel"


@pytest.mark.parametrize("woorden", [["batches"], ["batches", "--json"]])
def test_a_reader_that_goes_away_is_no_reason_to_complain(config: Path, woorden: list[str]) -> None:
    lezer, schrijver = os.pipe()
    os.close(lezer)
    proces = subprocess.run(
        [sys.executable, "-m", "scanstraat.cli", "--config", str(config), *woorden],
        cwd=WORTEL,
        stdout=schrijver,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(schrijver)
    assert "Traceback" not in proces.stderr and "BrokenPipe" not in proces.stderr
