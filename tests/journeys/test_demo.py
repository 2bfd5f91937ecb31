"""The whole line, through its real door: the command line, on dealt post and on somebody's own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from hardware.post import draw_post
from hardware.scanner import Scanprofiel
from hardware.simulator import Simulator

WORTEL = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("verapdf_jar")


def run_demo(*woorden: str) -> dict[str, Any]:
    """Run the demo as a user does and return its JSON; nothing else may stand on standard output."""
    proces = subprocess.run(
        [sys.executable, "-m", "scanstraat.cli", "demo", "--json", *woorden],
        cwd=WORTEL,
        capture_output=True,
        timeout=900,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert proces.returncode == 0, proces.stderr.decode()
    uitslag: dict[str, Any] = json.loads(proces.stdout)
    return uitslag


@pytest.fixture(scope="module")
def uitslag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_demo("--in", str(tmp_path_factory.mktemp("demo") / "gegevens"))


def documenten(uitslag: dict[str, Any]) -> list[dict[str, Any]]:
    return [document for batch in uitslag["batches"] for document in batch["documenten"]]


def test_every_file_ends_in_one_place_and_only_the_damaged_one_in_quarantine(uitslag: dict[str, Any]) -> None:
    assert {bestand["status"] for bestand in uitslag["scanmap"]} == {"ingenomen", "quarantaine"}
    (kapot,) = (bestand for bestand in uitslag["scanmap"] if bestand["status"] == "quarantaine")
    assert kapot["naam"] == "scan0043.pdf"
    assert "niet compleet" in kapot["reden"]


def test_every_bladtelling_balances_and_counts_both_sides_of_the_scheidingsbladen(uitslag: dict[str, Any]) -> None:
    tellingen = [batch["bladtelling"] for batch in uitslag["batches"]]
    assert all(telling["sluitend"] for telling in tellingen)
    for telling in tellingen:
        delen = telling["in_documenten"] + telling["scheidingsbladen"] + telling["weggelaten"]
        assert telling["ontvangen"] == delen
    assert max(telling["scheidingsbladen"] for telling in tellingen) == 10  # five sheets, scanned on both sides


def test_every_document_is_proved_and_those_with_a_zaak_came_back_equal(uitslag: dict[str, Any]) -> None:
    for document in documenten(uitslag):
        assert document["pdfa"] == {"profiel": "2b", "conform": True}
        assert document["getrouwheid"] == {"gelijk": True}
        assert document["teruggelezen"] == (None if document["zaak"] is None else {"gelijk": True})
        with pikepdf.open(document["bestand"]) as pdf:
            assert len(pdf.pages) == document["paginas"]
    zaken = {document["zaak"] for document in documenten(uitslag)}
    assert {"ZAAK-2026-000123", "ZAAK-2026-000124", "ZAAK-2026-000125", None} <= zaken


def test_blank_backs_are_flagged_and_kept(uitslag: dict[str, Any]) -> None:
    blanco = [b for document in documenten(uitslag) for b in document["bevindingen"] if b["code"] == "blanco"]
    assert blanco
    assert all(bevinding["pagina"] is not None for bevinding in blanco)


def test_a_folder_of_ones_own_is_copied_and_every_file_is_accounted_for(tmp_path: Path) -> None:
    eigen = tmp_path / "mijn scans"
    (eigen / "map é").mkdir(parents=True)
    vellen = draw_post(seed=7)[0].vellen
    beeld = next(Simulator(vellen[:1], seed=3).scan(Scanprofiel()))
    (eigen / "brief één.jpg").write_bytes(beeld.inhoud)
    (eigen / "map é" / "nog een keer.jpg").write_bytes(beeld.inhoud)
    (eigen / "half.jpg").write_bytes(beeld.inhoud[: len(beeld.inhoud) // 2])
    (eigen / "notitie.txt").write_text("geen scan", encoding="utf-8")
    Image.new("1", (1240, 1754), 1).save(eigen / "leeg.tif", compression="group4", dpi=(150, 150))
    voor = {pad: pad.read_bytes() for pad in eigen.rglob("*") if pad.is_file()}

    uitslag = run_demo(str(eigen), "--in", str(tmp_path / "gegevens"))

    assert {pad: pad.read_bytes() for pad in eigen.rglob("*") if pad.is_file()} == voor
    plek = {bestand["naam"]: bestand["status"] for bestand in uitslag["scanmap"]}
    assert plek == {
        "brief één.jpg": "ingenomen",
        "map é/nog een keer.jpg": "ingenomen",
        "half.jpg": "quarantaine",
        "notitie.txt": "geweigerd",
        "leeg.tif": "ingenomen",
    }
    codes = {b["code"] for batch in uitslag["batches"] for b in batch["bevindingen"]}
    assert "dubbel" in codes
