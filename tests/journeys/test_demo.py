"""The whole line, through its real door: the command line, on dealt post and on somebody's own folder."""

from __future__ import annotations

import json
import os
import random
import shutil
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
from kwaliteitscontrole.verapdf import Verapdf
from scanstraat import logboek
from scanstraat.bootstrap import open_basis
from scanstraat.config import read_config
from scanstraat.controleprogramma import build_controleprogramma
from vernietiging.beleid import parse_beleid
from vernietiging.errors import VernietigingError
from vernietiging.verificatie import verify_logboek
from vernietiging.verklaring import Verklaring

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


def test_the_demo_ends_with_a_log_that_anybody_can_verify(uitslag: dict[str, Any], tmp_path: Path) -> None:
    boek = uitslag["logboek"]
    proces = verify([sys.executable, "-m", "vernietiging", boek["map"], "--beleid", boek["beleid"]], WORTEL)
    assert (proces.returncode, proces.stderr) == (0, "")
    assert f"{boek['gebeurtenissen']} gebeurtenissen, wortel {boek['wortel']}" in proces.stdout
    assert "1 doos is vernietigd" in proces.stdout
    programma = tmp_path / "controleer.pyz"
    programma.write_bytes(build_controleprogramma())
    alleen = [sys.executable, "-P", str(programma), boek["map"], "--beleid", boek["beleid"]]
    assert verify(alleen, tmp_path).returncode == 0


def test_the_rows_of_the_demo_say_what_its_log_says(uitslag: dict[str, Any]) -> None:
    with open_basis(read_config(Path(uitslag["map"]) / "config.toml")) as basis:
        assert logboek.find_verschillen(basis) == []


def test_no_changed_byte_of_the_log_is_ever_proven(uitslag: dict[str, Any], tmp_path: Path) -> None:
    boek = uitslag["logboek"]
    beleid = parse_beleid(Path(boek["beleid"]).read_text(encoding="utf-8"))
    kopie = Path(shutil.copytree(boek["map"], tmp_path / "kopie"))
    verify_logboek(kopie, beleid)
    toeval = random.Random(7)
    bestanden = sorted(p for p in kopie.rglob("*") if p.is_file() and p.parent.name != "wortels" and p.name[0] != ".")
    for _ in range(60):
        pad = toeval.choice(bestanden)
        goed = pad.read_bytes()
        anders = bytearray(goed)
        anders[toeval.randrange(len(anders))] ^= 1 << toeval.randrange(8)
        pad.chmod(0o600)
        pad.write_bytes(bytes(anders))
        with pytest.raises(VernietigingError):
            verify_logboek(kopie, beleid)
        pad.write_bytes(goed)


def verify(opdracht: list[str], map: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(opdracht, cwd=map, capture_output=True, text=True, timeout=120, check=False)


def test_the_verklaringen_are_archive_files_that_say_what_they_are(
    uitslag: dict[str, Any], verapdf_jar: Path, tmp_path: Path
) -> None:
    assert len(uitslag["verklaringen"]) == 2
    map = Path(uitslag["verklaringen"][0]).parent
    with Verapdf(verapdf_jar, werkmap=tmp_path, leesmappen=[map]) as verapdf:
        for pad in map.glob("V?-*.pdf"):
            assert verapdf.check_pdfa(pad, profiel="3b").conform
    for pad in uitslag["verklaringen"]:
        with pikepdf.open(pad) as pdf:
            assert {"verklaring.json", "verklaring.MDTO.xml"} <= set(pdf.attachments)
            verklaring = Verklaring.from_bytes(pdf.attachments["verklaring.json"].get_file().read_bytes())
        tekst = subprocess.run(["pdftotext", pad, "-"], capture_output=True, text=True, check=True).stdout
        for pagina in tekst.split("\f")[:-1]:
            assert "DEMONSTRATIE" in pagina.replace(" ", "")
        assert verklaring.demonstratie
        assert verklaring.tellingen.documenten == 6


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
    assert uitslag["verklaringen"] == []  # nothing has a zaak, so no paper goes
    assert (
        verify(
            [sys.executable, "-m", "vernietiging", uitslag["logboek"]["map"], "--beleid", uitslag["logboek"]["beleid"]],
            WORTEL,
        ).returncode
        == 0
    )
