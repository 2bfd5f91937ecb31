"""What commands answer people: what was done, to what, and where the file is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner, Result

from scanstraat import db, storage
from scanstraat.bootstrap import open_basis
from scanstraat.cli import app, uitvoer
from scanstraat.config import read_config
from scanstraat.tables import BeeldRow
from scanstraat.zaaksysteem import register
from tests import builders

PDF = b"%PDF-1.7 het archiefbestand"


class Installatie:
    """An installation with one archived document in one batch."""

    def __init__(self, map_: Path) -> None:
        self.config = map_ / "config.toml"
        self.config.write_text('[algemeen]\ngegevensmap = "data"\n', encoding="utf-8")
        with open_basis(read_config(self.config)) as basis, db.begin(basis.engine) as session:
            proef = builders.build_batch(session, paginas=(1,))
            self.pdf = basis.opslag.bewaar_bytes(PDF)
            builders.archive(session, proef.versies[0], pdf=self.pdf)
            self.document, self.batch = str(proef.documenten[0]), proef.batch
            self.plaats = basis.opslag.pad(self.pdf.sha256)

    def run(self, *woorden: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(self.config), *woorden])

    def say(self, *woorden: str) -> str:
        uitslag = self.run(*woorden)
        assert uitslag.exit_code == 0, uitslag.output
        return " ".join(uitslag.output.split())


@pytest.fixture
def installatie(tmp_path: Path) -> Iterator[Installatie]:
    yield Installatie(tmp_path)


def test_the_archive_file_of_a_document_is_had_under_a_name_of_ones_own(
    installatie: Installatie, tmp_path: Path
) -> None:
    uit = tmp_path / "brief.pdf"
    assert f"staat in {uit}" in installatie.say("document", installatie.document[:8], "--naar", str(uit))
    assert uit.read_bytes() == PDF
    uitslag = installatie.run("document", installatie.document[:8], "--naar", str(uit))
    assert uitslag.exit_code == 5 and "bestaat al" in uitslag.output
    (tmp_path / "map").mkdir()
    installatie.say("document", installatie.document[:8], "--naar", str(tmp_path / "map"))
    assert [pad.name for pad in (tmp_path / "map").iterdir()] == [f"B-2026-0001-{installatie.document[:8]}.pdf"]


def test_a_damaged_archive_file_is_not_handed_out(installatie: Installatie, tmp_path: Path) -> None:
    installatie.plaats.chmod(0o640)
    installatie.plaats.write_bytes(PDF[:-1] + b"x")
    uitslag = installatie.run("document", installatie.document[:8], "--naar", str(tmp_path / "brief.pdf"))
    assert uitslag.exit_code != 0 and "beschadigd" in uitslag.output
    assert not (tmp_path / "brief.pdf").exists()


def test_a_batch_shows_its_files_its_batchblad_and_that_the_profile_changed_since(installatie: Installatie) -> None:
    with open_basis(read_config(installatie.config)) as basis, db.begin(basis.engine) as session:
        vel = session.get_one(BeeldRow, storage.load_beelden(session, installatie.batch)[0].id)
        vel.scheidingsblad = {"soort": "batchblad", "batch": "Post maandag", "bladen": None, "zaak": ""}
    gezegd = installatie.say("batch", "1")
    assert "scan.pdf" in gezegd and "Batchblad: Post maandag" in gezegd
    installatie.config.write_text(
        installatie.config.read_text() + "[profiel.standaard]\nnakijken = 'nooit'\n", encoding="utf-8"
    )
    assert "houdt de instellingen van toen" not in installatie.say("batch", "1")  # builders take in with "nooit"
    installatie.config.write_text(installatie.config.read_text().replace("nooit", "altijd"), encoding="utf-8")
    assert "Deze batch houdt de instellingen van toen" in installatie.say("batch", "1")


def test_adding_a_zaak_says_whether_it_was_there_already_and_what_was_there(installatie: Installatie) -> None:
    zet = ("zaken", "voegtoe", "Z-1", "--door", "Els", "--zaaktype")
    assert "is toegevoegd" in installatie.say(*zet, "Bezwaar")
    assert "Er is niets veranderd" in installatie.say(*zet, "Bezwaar")
    assert "is gewijzigd. Er stond: zaaktype Bezwaar" in installatie.say(*zet, "Vergunning")


def test_a_sheet_for_a_zaak_that_is_not_there_or_closed_is_printed_with_a_warning(
    installatie: Installatie, tmp_path: Path
) -> None:
    with open_basis(read_config(installatie.config)) as basis:
        zaken = [
            register.NieuweZaak("ZAAK-2026-000001", "Proef", "Proef"),
            register.NieuweZaak("ZAAK-2026-000002", "Proef", "Proef", einddatum=date(2026, 3, 2)),
        ]
        register.save_zaken(basis.engine, zaken, gebruiker="proef")
    uit = tmp_path / "vel.pdf"
    nummers = [f"ZAAK-2026-00000{n}" for n in (1, 2, 3)]
    gezegd = installatie.say("scheidingsbladen", *nummers, "-o", str(uit))
    assert "Zaak ZAAK-2026-000001" not in gezegd
    assert "Zaak ZAAK-2026-000002 is gesloten" in gezegd
    assert "Zaak ZAAK-2026-000003 bestaat niet" in gezegd
    assert uit.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(("wacht_omdat", "zaken", "zin"), [
    ("", (), "Te koppelen. Er is geen zaaknummer gevonden."),
    ("", ("Z-1", "Z-2", "Z-1"), "Te koppelen. Niet zeker genoeg: Z-1, Z-2."),
    ("Het scheidingsblad is onleesbaar.", (), "Te koppelen. Het scheidingsblad is onleesbaar."),
    ("Het scheidingsblad is onleesbaar.", ("Z-1",), "onleesbaar. Gevonden: Z-1."),
])  # fmt: skip
def test_a_document_without_a_zaak_says_why(
    installatie: Installatie, wacht_omdat: str, zaken: tuple[str, ...], zin: str
) -> None:
    assert "Te koppelen" not in installatie.say("document", installatie.document[:8])
    with open_basis(read_config(installatie.config)) as basis, db.begin(basis.engine) as session:
        document = storage.load_document(session, UUID(installatie.document))
        document.koppelstatus, document.wacht_omdat, document.zaakidentificatie = "te_koppelen", wacht_omdat, None
        document.koppelredenen = [{"bron": "tekst", "zaakidentificatie": zaak, "tekst": "gelezen"} for zaak in zaken]
    assert zin in installatie.say("document", installatie.document[:8])


def test_a_zaak_is_closed_and_opened_again(installatie: Installatie) -> None:
    installatie.say("zaken", "voegtoe", "Z-1", "--door", "Els")
    for opdracht, gesloten in (("sluit", "ja"), ("heropen", "nee")):
        installatie.say("zaken", opdracht, "Z-1", "--door", "Els")
        assert f"│ {gesloten} " in installatie.say("zaken")
        assert installatie.run("zaken", opdracht, "Z-2", "--door", "Els").exit_code == 3


def test_a_batch_shows_what_people_did_and_a_document_its_pages(installatie: Installatie) -> None:
    assert "Bewerkingen" not in installatie.say("batch", "1")
    installatie.say("bewerk", "1", "draai", "2", "--graden", "180", "--door", "Els Proef")
    gezegd = installatie.say("batch", "1")
    assert "Bewerkingen" in gezegd and "Els Proef" in gezegd and f"{installatie.document[:8]}, pagina 1" in gezegd
    gezegd = installatie.say("document", installatie.document[:8])
    assert "│ 1 │ 2v │ 180 │" in gezegd


def test_on_a_narrow_screen_no_word_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uitvoer, "stdout", lambda: uitvoer.Scherm(width=36))
    rij = ["B-2026-0001", "quarantaine", "Een [lange] zin."]
    uitvoer.show_table("Batches", ["Batch", "Status", "Reden"], [rij], leeg="")
    uitvoer.show_table("Kort", ["A"], [["b"]], leeg="")
    gezegd = capsys.readouterr().out
    assert "  Batch: B-2026-0001\n  Status: quarantaine\n  Reden: Een [lange] zin.\n" in gezegd
    assert "┃ A ┃" in gezegd


def test_the_demo_of_an_empty_folder_says_so_at_once(tmp_path: Path) -> None:
    (tmp_path / "leeg" / "ook leeg").mkdir(parents=True)
    uitslag = CliRunner().invoke(app, ["demo", str(tmp_path / "leeg"), "--in", str(tmp_path / "gegevens")])
    assert uitslag.exit_code == 3 and "staan geen bestanden" in " ".join(uitslag.output.split())


def test_commands_in_a_message_are_those_that_this_user_can_type(
    installatie: Installatie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCANSTRAAT_AANROEP", "./run scanstraat")
    uitslag = installatie.run("batch", "99")
    assert f"`./run scanstraat --config {installatie.config} batches` toont" in " ".join(uitslag.output.split())
    assert uitvoer.say_opdrachten("Stop de scanstraat. De scanstraat start niet: zie scanstraat stappen") == (
        "Stop de scanstraat. De scanstraat start niet: zie ./run scanstraat stappen"
    )


def test_a_command_in_a_table_is_not_broken_by_the_place_of_the_settings(
    installatie: Installatie, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCANSTRAAT_AANROEP", "./run scanstraat")
    hoofd = typer.main.get_command(app)
    with hoofd.make_context("scanstraat", ["--config", str(installatie.config), "batches"]):
        for breedte, met in ((120, False), (20, True)):
            monkeypatch.setattr(uitvoer, "stdout", lambda breedte=breedte: uitvoer.Scherm(width=breedte))
            rij = ["nee", "Er is geen back-up. Maak er een: scanstraat back-up maak"]
            uitvoer.show_table("Feiten", ["Waar", "Waarom"], [rij], leeg="")
            tekst = capsys.readouterr().out
            heel = f"./run scanstraat --config {installatie.config}"
            assert f"{heel} back-up maak" in tekst if met else "./run scanstraat back-up maak" in tekst
            assert ("Begin een opdracht uit deze tabel met: " + heel in tekst) is not met
            assert "./run ./run" not in tekst


def test_every_command_is_known_in_messages() -> None:
    hoofd = typer.main.get_command(app)
    for naam, opdracht in getattr(hoofd, "commands").items():  # noqa: B009  only a group has them
        if not opdracht.hidden:
            assert uitvoer._OPDRACHT.search(f"Geef: scanstraat {naam}"), naam


@pytest.mark.parametrize("breedte", [200, 20])
@pytest.mark.parametrize("naam", ["[/x].pdf", "[bold]brief.pdf", "[red]"])
def test_a_name_that_looks_like_markup_is_shown_as_it_is(
    naam: str, breedte: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uitvoer, "stdout", lambda: uitvoer.Scherm(width=breedte))
    uitvoer.show_table("Scanmap", ["Bestand", "Status"], [[naam, "wacht"]], leeg="")
    assert naam in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tijdzone", "gezegd"), [("Europe/Amsterdam", "01-01-2026 00:30"), ("UTC", "31-12-2025 23:30")]
)
def test_times_are_shown_as_they_are_here(installatie: Installatie, tijdzone: str, gezegd: str) -> None:
    installatie.config.write_text(f'[algemeen]\ngegevensmap = "data"\ntijdzone = "{tijdzone}"\n', encoding="utf-8")
    with open_basis(read_config(installatie.config)) as basis, db.begin(basis.engine) as session:
        batch = builders.save_batch(session, ontvangen_op="2025-12-31T23:30:00.000Z")
    assert gezegd in installatie.say("batches"), batch


def test_a_zaak_that_looks_like_markup_is_named_as_it_is(installatie: Installatie) -> None:
    installatie.say("zaken", "voegtoe", "[/red]Z-1[b]", "--door", "Els")
    assert "Zaak [/red]Z-1[b] is gesloten." in installatie.say("zaken", "sluit", "[/red]Z-1[b]", "--door", "Els")
    assert "[/red]Z-2[b]" in installatie.run("zaken", "sluit", "[/red]Z-2[b]", "--door", "Els").output
