"""Kill -9 anywhere in the line, again and again: nothing is lost, nothing is doubled, every rule still holds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw
from sqlalchemy import Engine
from sqlmodel import select

from scanstraat import db, storage
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.config import read_config
from scanstraat.intake import scanmap_boek
from scanstraat.onderhoud import check_objecten
from scanstraat.tables import AfleveringRow, BatchRow, BronRow, DocumentRow, ScanmapBestandRow, StapRow
from scanstraat.zaaksysteem import build_identificatie, register
from scanstraat.zaaksysteem.tables import RegisterInformatieobjectRow, RegisterZaakinformatieobjectRow

WORTEL = Path(__file__).resolve().parents[2]
ZAAK = "ZAAK-2026-000123"
CONFIG = """
[werk]
peiling_s = 0.2
hartslag_s = 0.5
dood_na_s = 3.0
ocr_kinderen = 1
[profiel.standaard]
nakijken = "nooit"
minimale_dpi = 50
minimale_scherpte = 0.0
dpi_zonder_opgave = 100
[[scanmap]]
naam = "post"
map = "scanmap"
rusttijd_s = 0.3
peiling_s = 0.2
geduld_s = 30.0
"""
# By what stands on their command line: the watcher, the worker, and what each starts.
DOELEN = ("intern-wachter", "intern-werker", "zandbaktaken", "scanstraat.ocr", "GreenfieldCliWrapper")
PER_DOCUMENT = 8  # so many kills while one is on its way; then it may arrive
HEEL = {"intern-wachter", "intern-werker", "zandbaktaken"}


def draw_page(n: int) -> Image.Image:
    beeld = Image.new("L", (827, 1169), 245)
    pen = ImageDraw.Draw(beeld)
    for regel in range(12):
        pen.text((80, 90 + regel * 40), f"Brief {n} regel {regel}: hierbij maak ik bezwaar tegen het besluit.", fill=20)
    return beeld


class Processen:
    """The watcher and the worker, each started again as soon as it is gone."""

    def __init__(self, map: Path) -> None:
        self._map = map
        self._lopend: dict[str, subprocess.Popen[bytes]] = {}
        self._log = (map / "log.txt").open("ab")

    def keep_up(self) -> None:
        for naam, woorden in (("wachter", ["intern-wachter"]), ("werker", ["intern-werker", "w0"])):
            proces = self._lopend.get(naam)
            if proces is None or proces.poll() is not None:
                argv = [sys.executable, "-m", "scanstraat.cli", "--config", str(self._map / "config.toml"), *woorden]
                self._lopend[naam] = subprocess.Popen(argv, cwd=WORTEL, stderr=self._log, stdout=self._log)

    def find_all(self) -> dict[str, list[int]]:
        """Return the processes of this line by kind, found by descent from the two that were started here."""
        ouders: dict[int, list[int]] = {}
        for pid in (int(map_.name) for map_ in Path("/proc").iterdir() if map_.name.isdigit()):
            try:
                velden = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            ouders.setdefault(int(velden[1]), []).append(pid)
        gevonden: dict[str, list[int]] = {}
        wachtrij = [proces.pid for proces in self._lopend.values()]
        while wachtrij:
            pid = wachtrij.pop()
            wachtrij.extend(ouders.get(pid, []))
            try:
                woorden = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            for doel in DOELEN:
                if doel in woorden:
                    gevonden.setdefault(doel, []).append(pid)
        return gevonden

    def stop(self) -> None:
        for proces in self._lopend.values():
            proces.terminate()
        for proces in self._lopend.values():
            proces.wait(60)
        self._log.close()


@pytest.fixture
def map(tmp_path: Path, verapdf_jar: Path) -> Iterator[Path]:
    assert verapdf_jar.is_file()
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "scanmap").mkdir()
    with open_basis(read_config(tmp_path / "config.toml")) as basis:
        register.save_zaken(basis.engine, [register.NieuweZaak(ZAAK, "Proef", "Proef")], gebruiker="proef")
    yield tmp_path


def is_done(engine: Engine, verwacht: int) -> bool:
    with db.read(engine) as session:
        bevestigd = session.exec(
            select(sa.func.count()).select_from(AfleveringRow).where(AfleveringRow.bevestigd_op.is_not(None))  # type: ignore[union-attr]
        ).one()
    return bevestigd >= verwacht


def retry_parked(basis: Basis) -> None:
    """Do what a person does with a document whose own process died three times in a row: try it again."""
    with db.begin(basis.engine) as session:
        for stap in session.exec(select(StapRow).where(StapRow.status == "mislukt")).all():
            assert stap.fout_code != "onverwacht", stap.fout
            basis.werkbank.opnieuw(session, stap.id)


@pytest.mark.timeout(7500)
def test_kill_9_of_any_process_of_the_line_loses_and_doubles_nothing(map: Path, groot: bool) -> None:
    kills = 1000 if groot else 50
    kans = random.Random(20261125)
    processen = Processen(map)
    geraakt: Counter[str] = Counter()
    ingelegd = 0
    with open_basis(read_config(map / "config.toml")) as basis:
        try:
            einde = time.monotonic() + (7200 if groot else 900)
            while time.monotonic() < einde:
                processen.keep_up()
                retry_parked(basis)
                af = is_done(basis.engine, ingelegd)
                if sum(geraakt.values()) >= kills:
                    if af:
                        break
                    time.sleep(0.5)
                    continue
                if af:  # there is always a document on its way: to kill an idle line proves little
                    draw_page(ingelegd).save(map / "scanmap" / f"{ZAAK} {ingelegd}.jpg", dpi=(100, 100))
                    ingelegd += 1
                time.sleep(kans.uniform(0.2, 1.5))
                soorten = processen.find_all()
                # Now and then while it starts or intake is at work; mostly once it got as far as its OCR child.
                nodig = HEEL if kans.random() < 0.2 else HEEL | {"scanstraat.ocr"}
                if set(soorten) >= nodig and sum(geraakt.values()) < ingelegd * PER_DOCUMENT:
                    soort = kans.choice(sorted(soorten))
                    try:
                        os.kill(kans.choice(soorten[soort]), signal.SIGKILL)
                        geraakt[soort] += 1
                    except ProcessLookupError:
                        continue
        finally:
            processen.stop()
        assert sum(geraakt.values()) == kills, f"only {geraakt} in the time there was"
        assert is_done(basis.engine, ingelegd), (map / "log.txt").read_text(encoding="utf-8")[-3000:]
        check_everything(map, ingelegd)
    assert len(geraakt) >= 4, f"the kills did not reach enough kinds of processes: {geraakt}"


def check_everything(map: Path, documenten: int) -> None:
    with open_basis(read_config(map / "config.toml")) as basis:
        with db.read(basis.engine) as session:
            telling = scanmap_boek.tel_bestanden(session)
            assert scanmap_boek.is_sluitend(telling)
            bestanden = session.exec(select(ScanmapBestandRow)).all()
            assert [bestand.status for bestand in bestanden] == ["ingenomen"] * documenten
            assert len({bron.sha256 for bron in session.exec(select(BronRow))}) == documenten
            batches = session.exec(select(BatchRow)).all()
            assert len(batches) == documenten
            assert all(batch.ontvangen == batch.in_documenten == 1 for batch in batches)
            rijen = session.exec(select(DocumentRow)).all()
            assert len(rijen) == documenten
            for document in rijen:
                versie = storage.latest_versie(session, document.id)
                assert (versie.n, versie.pdfa_conform, versie.getrouw) == (1, True, True)
                aflevering = storage.load_aflevering(session, versie.id)
                assert aflevering is not None
                assert aflevering.teruggelezen_sha256 == versie.pdf_sha256
            in_register = session.exec(select(RegisterInformatieobjectRow.identificatie)).all()
            assert sorted(in_register) == sorted(build_identificatie(document.id) for document in rijen)
            assert len(session.exec(select(RegisterZaakinformatieobjectRow)).all()) == documenten
            assert not session.exec(select(StapRow).where(StapRow.status == "mislukt")).all()
        assert check_objecten(basis, meld=lambda _gedaan, _totaal: None).in_orde
    assert len(list((map / "scanmap" / "verwerkt").rglob("*.jpg"))) == documenten
