"""The proof of one document: complete, anchored, checked with the product away; every changed byte in it is found."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import cryptography
import pytest

from kwaliteitscontrole.oordeel import Paginaoordeel
from scanstraat import afronding, bewijzen, db, logboek, papier, personen, stops, storage
from scanstraat.controleprogramma import MODULES, NAAM, build_controleprogramma
from scanstraat.errors import NietMogelijkError
from scanstraat.stops import Over, Stopsoort
from tests.afrondproef import (
    ARCHIVARIS,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    TWEE,
    ZAAK,
    Afrondproef,
    destroy,
    open_afrondproef,
)
from vernietiging import documentbewijs, gebeurtenis
from vernietiging.__main__ import BEWEZEN, GEWIJZIGD, ONZEKER, main, show_document
from vernietiging.beleid import parse_beleid
from vernietiging.documentbewijs import verify_documentbewijs, verify_volledig
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError
from vernietiging.uittreksel import find_uittreksel
from vernietiging.verificatie import verify_logboek


@dataclass(frozen=True)
class Bewijsproef:
    proef: Afrondproef
    document: UUID
    map: Path
    beleid: Path

    def verify(self, map: Path) -> int:
        return main([str(map), "--beleid", str(self.beleid)])


@pytest.fixture(scope="module")
def bewijs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bewijsproef]:
    map = tmp_path_factory.mktemp("bewijs")
    with open_afrondproef(map) as proef:
        document = destroy(proef).documenten[0]
        proef.anchor()
        logboek.write_beleid(proef.basis.config, map / "beleid.txt")
        bewijzen.write_bewijs(proef.basis, document, map / "uit")
        yield Bewijsproef(proef, document, map / "uit", map / "beleid.txt")


def test_it_tells_the_whole_story_of_the_document(bewijs: Bewijsproef, capsys: pytest.CaptureFixture[str]) -> None:
    assert bewijs.verify(bewijs.map) == BEWEZEN
    verteld = capsys.readouterr().out
    for soort in ("documentversie.gearchiveerd", "aflevering.bevestigd", "batch.goedgekeurd", "besluit.vastgelegd",
                  "vrijgave", "vernietiging.opgedragen", "vernietiging.uitgevoerd", "laatste_blik.gedaan"):  # fmt: skip
        assert f"  {soort}\n" in verteld
    assert "ZAAK-2026-000123" in verteld
    for antwoord in (
        f"Welk papier: document {bewijs.document}, batch B-", "Waar het lag: doos D-",
        "Onder welk besluit: besluit 2026-17",
        "Wie controleerde: persoon 1, die de batch goedkeurde",
        "Is het bestand hetzelfde: archief.pdf is byte voor byte",
        "Bij het maken was het geldig PDF/A en gelijk aan de scans", "Wanneer ging het papier weg: doos D-",
        "Wie gaf het vrij: persoon 2, persoon 3.", "Waren er stops: dit bewijs noemt er geen", "ziet u met --logboek",
        "gaf de lijst vrij (vrijgave 2 van 2)", "naast het scherm: gelijk.",
    ):  # fmt: skip
        assert antwoord in verteld, antwoord
    assert "tsa1 op " in verteld
    assert "archief.pdf" in verteld.split("Toelichting")[0]


def test_it_says_nothing_of_other_people_or_documents(bewijs: Bewijsproef) -> None:
    alles = b"".join(pad.read_bytes() for pad in bewijs.map.rglob("*") if pad.is_file() and pad.name != NAAM)
    for naam in bewijs.proef.mensen:
        assert naam.encode() not in alles
    inhoud = json.loads((bewijs.map / "bewijs.json").read_text())
    kenmerken = [deel["inhoud"] for deel in inhoud["verpakt"] if deel["veld"] == "kenmerk"]
    assert {kenmerk["document"] for kenmerk in kenmerken if "document" in kenmerk} == {str(bewijs.document)}


def test_the_program_in_the_folder_is_enough_without_the_product(bewijs: Bewijsproef, tmp_path: Path) -> None:
    elders = shutil.copytree(bewijs.map, tmp_path / "elders")
    pakketten = Path(cryptography.__file__).parents[1]
    proces = subprocess.run(
        [sys.executable, "-I", "-c", f"import runpy, sys; sys.path.append({str(pakketten)!r}); "
         "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
         str(elders / NAAM), str(elders), "--beleid", str(bewijs.beleid)],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert (proces.returncode, proces.stderr) == (BEWEZEN, "")
    assert proces.stdout.startswith("BEWEZEN.")


@pytest.fixture(scope="module")
def rijk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bewijsproef]:
    """A document that was rejected, scanned again, held by stops, and whose list was withdrawn once."""
    map = tmp_path_factory.mktemp("rijk")
    with open_afrondproef(map) as proef:
        batch = proef.add_batch(2, 1)
        document = batch.documenten[0]
        proef.add_besluit()
        pagina = proef.show(batch.batch).paginas[0]
        proef.approve(batch.batch, Paginaoordeel(pagina.log_id, pagina.pagina, ("onleesbaar",)))
        proef.herscan(document, 1)
        proef.approve(batch.batch, naam=CONTROLEUR_2)
        doos, andere = proef.box(batch.batch), proef.box(proef.add_batch(1).batch)
        with db.begin(proef.basis.engine) as session:
            door = personen.actor_of(session, proef.mensen[DIV])
            for over, wat in ((Over.DOCUMENT, str(document)), (Over.ZAAK, ZAAK), (Over.ZAAK, "ZAAK-2026-000777"),
                              (Over.DOOS, str(andere.id)), (Over.PERSOON, str(proef.mensen[TWEE]))):  # fmt: skip
                stop = stops.place_stop(session, Stopsoort.BEZWAAR, over, wat, f"bezwaar op {over.value}", door=door)
                archivaris = personen.actor_of(session, proef.mensen[ARCHIVARIS])
                stops.lift_stop(session, stop.id, "ingetrokken", door=archivaris)
            stops.place_stop(
                session, Stopsoort.BEZWAAR, Over.DOCUMENT, str(batch.documenten[1]), "een ander", door=door
            )
        lijst = proef.propose(doos)
        proef.look(lijst, doos, naam=ARCHIVARIS, geslaagd=False)
        afronding.trek_lijst_in(proef.basis, lijst.id, "blad ontbrak", proef.wie(ARCHIVARIS))
        proef.anchor()
        logboek.write_beleid(proef.basis.config, map / "beleid.txt")
        bewijzen.write_bewijs(proef.basis, document, map / "uit", met_namen=True)
        yield Bewijsproef(proef, document, map / "uit", map / "beleid.txt")


def test_what_went_wrong_is_told_as_well_with_every_scan_there_ever_was(
    rijk: Bewijsproef, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rijk.verify(rijk.map) == BEWEZEN
    verteld = capsys.readouterr().out
    for zin in (
        f"{CONTROLEUR} bekeek de steekproef en keurde de batch af", f"{CONTROLEUR_2}, die de batch goedkeurde",
        f"{ARCHIVARIS} legde papier uit doos D-", "naast het scherm: NIET gelijk", f"{ARCHIVARIS} trok de lijst in",
        "versie 2 van het document", "volgens dit bewijs niet vernietigd", "Wie gaf het vrij: niemand",
        "Waren er stops: ja, 2; zij zijn alle opgeheven.", "bezwaar op zaak",
    ):  # fmt: skip
        assert zin in verteld, zin
    assert "bezwaar op doos" not in verteld and "een ander" not in verteld and "ZAAK-2026-000777" not in verteld
    scans = list(rijk.map.glob("scans/*"))
    assert len(scans) == 2  # the one that was delivered, and the herscan
    assert len(list(rijk.map.glob("vastgelegd/*-archief.pdf"))) == 1  # of the versie that was rejected
    assert not list(rijk.map.rglob("*oordeel.bin"))
    toelichting = verteld.split("Toelichting")[1]
    assert "vastgelegd/" not in toelichting and "archief.pdf," not in toelichting  # the log committed to that


def test_an_archive_file_of_before_the_herscan_is_not_that_of_the_document(
    rijk: Bewijsproef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    map = shutil.copytree(rijk.map, tmp_path / "uit")
    (oud,) = map.glob("vastgelegd/*-archief.pdf")
    nieuw = map / "archief.pdf"
    inhoud = json.loads((map / "bewijs.json").read_text())
    bestanden = inhoud["bestanden"]
    plek = oud.relative_to(map).as_posix()
    bestanden[plek], bestanden["archief.pdf"] = bestanden["archief.pdf"], bestanden[plek]
    was_oud, was_nieuw = oud.read_bytes(), nieuw.read_bytes()
    for pad, bytes_ in ((oud, was_nieuw), (nieuw, was_oud), (map / "bewijs.json", json.dumps(inhoud).encode())):
        pad.chmod(0o644)
        pad.write_bytes(bytes_)
    assert rijk.verify(map) == ONZEKER
    assert "Het archiefbestand ontbreekt" in capsys.readouterr().out


def test_with_the_whole_log_it_shows_that_no_line_was_left_out(
    rijk: Bewijsproef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = shutil.copytree(rijk.proef.basis.config.logboek.map, tmp_path / "log")
    met_log = ["--beleid", str(rijk.beleid), "--logboek", str(log)]
    assert main([str(rijk.map), *met_log]) == BEWEZEN
    gezegd = capsys.readouterr().out
    assert "Er is niets weggelaten" in gezegd and "stops die dit bewijs niet noemt (1)" in gezegd  # of "een ander"
    for soort in ("stop.geplaatst", "batch.afgekeurd", "mandaat.verleend", "lijst.ingetrokken"):
        kopie = shutil.copytree(rijk.map, tmp_path / soort)
        weg = leave_out(kopie, soort)
        assert rijk.verify(kopie) == BEWEZEN  # by itself that cannot be seen
        capsys.readouterr()
        assert main([str(kopie), *met_log]) == GEWIJZIGD
        gezegd = capsys.readouterr().out
        assert "Uit dit bewijs is weggelaten: regel " in gezegd and f"{weg} ({soort})" in gezegd
    kopie = shutil.copytree(rijk.map, tmp_path / "zaakstop")
    leave_out(kopie, "stop.geplaatst", "zaak")
    assert main([str(kopie), *met_log]) == BEWEZEN  # the log has no number of a zaak, but it knows the doos
    assert "stops die dit bewijs niet noemt (2)" in capsys.readouterr().out
    assert main([str(log), *met_log]) == ONZEKER
    assert "is geen bewijs van een document" in capsys.readouterr().out


def leave_out(kopie: Path, soort: str, over: str = "") -> int:
    """Make a proof without a line of this kind (on this), and what only that line ties to it; return its number."""
    inhoud = json.loads((kopie / "bewijs.json").read_text())
    regels = {n: (kopie / "regels" / f"{n}.json").read_bytes() for n in inhoud["regels"]}
    weg: int = next(
        n
        for n, regel in regels.items()
        if f'"soort":"{soort}"'.encode() in regel and (not over or f'"over":"{over}"'.encode() in regel)
    )
    del regels[weg]
    begin = set(inhoud["onderwerpen"])
    if soort.startswith(("stop.", "lijst.")):
        begin.discard(json.loads((kopie / "regels" / f"{weg}.json").read_text())["onderwerp"])
    rest = find_uittreksel(begin, regels.items)
    inhoud |= {"regels": sorted(rest.regels), "onderwerpen": sorted(begin & rest.genoemd)}
    inhoud["verpakt"] = [deel for deel in inhoud["verpakt"] if deel["regel"] in rest.regels]
    for nummer in {weg, *regels} - set(rest.regels):
        for uitgang in ("json", "tlog-proof"):
            (kopie / "regels" / f"{nummer}.{uitgang}").unlink()
    (kopie / "bewijs.json").write_text(json.dumps(inhoud))
    return weg


def test_what_came_after_it_is_told_and_an_older_or_another_log_is_refused(
    tmp_path: Path, bewijs: Bewijsproef, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1, 1)
        proef.anchor()
        log = proef.basis.config.logboek.map
        ouder = shutil.copytree(log, tmp_path / "ouder")
        with db.begin(proef.basis.engine) as session:
            div = personen.actor_of(session, proef.mensen[DIV])
            rij = storage.load_batch(session, batch.batch)
            for bladen in ("1-2", "3-4"):
                doos = papier.make_doos(session, "archief", door=div)
                papier.fill_doos(session, doos, rij, papier.parse_bladen(bladen), door=div)
        proef.anchor()
        logboek.write_beleid(proef.basis.config, tmp_path / "beleid.txt")
        bewijzen.write_bewijs(proef.basis, batch.documenten[0], tmp_path / "uit")
        with db.begin(proef.basis.engine) as session:
            stops.place_stop(session, Stopsoort.BEZWAAR, Over.DOCUMENT, str(batch.documenten[0]), "nieuw", door=div)
        proef.anchor()
        woorden = [str(tmp_path / "uit"), "--beleid", str(tmp_path / "beleid.txt"), "--logboek"]
        assert main([*woorden, str(log)]) == BEWEZEN
        verteld = capsys.readouterr().out
        assert "Sindsdien kwam erbij: regel" in verteld and "stop.geplaatst" in verteld.split("De regels")[0]
        assert "lag ook in andere dozen (1)" in verteld
        for zin in ("Onder welk besluit: geen", "Wie controleerde: nog niemand", "Waar het lag: doos D-"):
            assert zin in verteld
        assert main([*woorden, str(ouder)]) == ONZEKER
        assert "ouder dan dit bewijs" in capsys.readouterr().out
        vreemd = verify_documentbewijs(tmp_path / "uit", parse_beleid((tmp_path / "beleid.txt").read_text()))
        elders = bewijs.proef.basis.config.logboek.map
        with pytest.raises(LogboekGewijzigdError, match="niet uit dit logboek"):
            verify_volledig(vreemd, elders, verify_logboek(elders, parse_beleid(bewijs.beleid.read_text())))


@pytest.mark.parametrize(("veld", "anders", "zin"), [
    ("document", lambda _: str(uuid4()), "noemt een ander document"),
    ("onderwerpen", lambda ids: [*ids, str(uuid4())], "waarover geen regel gaat"),
    ("onderwerpen", lambda ids: ids[1:], "gaat niet over dit document"),
    ("onderwerpen", lambda ids: [*ids, "doos"], "is geen inhoud"),
])  # fmt: skip
def test_a_proof_that_says_it_is_about_something_else_is_refused(
    bewijs: Bewijsproef, tmp_path: Path, capsys: pytest.CaptureFixture[str], veld: str, anders: Any, zin: str
) -> None:
    kopie = shutil.copytree(bewijs.map, tmp_path / "kopie")
    inhoud = json.loads((kopie / "bewijs.json").read_text())
    (kopie / "bewijs.json").write_text(json.dumps(inhoud | {veld: anders(inhoud[veld])}))
    assert bewijs.verify(kopie) == GEWIJZIGD
    assert zin in capsys.readouterr().out


@pytest.mark.parametrize(("anders", "code", "zin"), [
    ({"sleutel": "geen hex"}, GEWIJZIGD, "is onleesbaar"),
    ({"sleutel": "00" * 32}, GEWIJZIGD, "verpakt zou zijn, is het niet"),
    ({"inhoud": {"nummer": "een ander"}}, GEWIJZIGD, "verpakt zou zijn, is het niet"),
    ({"regel": 0, "veld": "id"}, GEWIJZIGD, "is onleesbaar"),
    (None, ONZEKER, "geen enkele regel"),
])  # fmt: skip
def test_what_was_packed_away_is_what_the_line_commits_to(
    bewijs: Bewijsproef, tmp_path: Path, capsys: pytest.CaptureFixture[str], anders: Any, code: int, zin: str
) -> None:
    kopie = shutil.copytree(bewijs.map, tmp_path / "kopie")
    inhoud = json.loads((kopie / "bewijs.json").read_text())
    if anders is None:
        inhoud["regels"] = []
    else:
        inhoud["verpakt"][0] |= anders
    (kopie / "bewijs.json").write_text(json.dumps(inhoud))
    assert bewijs.verify(kopie) == code
    assert zin in capsys.readouterr().out


def test_the_program_is_the_same_to_the_byte_every_time() -> None:
    assert build_controleprogramma() == build_controleprogramma()
    assert len(MODULES) == len(set(MODULES))


@pytest.mark.parametrize("deel", ["begin", "midden", "einde"])
def test_a_changed_byte_in_any_file_is_never_proven(bewijs: Bewijsproef, tmp_path: Path, deel: str) -> None:
    for pad in sorted(p for p in bewijs.map.rglob("*") if p.is_file() and p.parent.name != "wortels"):
        # a root is pinned by the policy as a certificate; how its file ends is of no meaning
        kopie = shutil.copytree(bewijs.map, tmp_path / "kopie")
        doel = kopie / pad.relative_to(bewijs.map)
        doel.chmod(0o600)
        inhoud = bytearray(doel.read_bytes())
        inhoud[{"begin": 0, "midden": len(inhoud) // 2, "einde": len(inhoud) - 1}[deel]] ^= 1
        doel.write_bytes(bytes(inhoud))
        assert bewijs.verify(kopie) in (GEWIJZIGD, ONZEKER), pad.relative_to(bewijs.map)
        shutil.rmtree(kopie)


def test_a_file_left_out_or_put_in_is_never_proven(bewijs: Bewijsproef, tmp_path: Path) -> None:
    for pad in sorted(p for p in bewijs.map.rglob("*") if p.is_file()):
        kopie = shutil.copytree(bewijs.map, tmp_path / "kopie")
        (kopie / pad.relative_to(bewijs.map)).unlink()
        assert bewijs.verify(kopie) in (GEWIJZIGD, ONZEKER), pad.relative_to(bewijs.map)
        shutil.rmtree(kopie)
    kopie = shutil.copytree(bewijs.map, tmp_path / "kopie")
    (kopie / "scans" / "extra.jpg").write_bytes(b"x")
    assert bewijs.verify(kopie) == GEWIJZIGD


def test_a_list_of_another_document_does_not_prove_this_one(bewijs: Bewijsproef, tmp_path: Path) -> None:
    """Whoever changes a file and its hash in the list is found: no line of the log commits to that hash."""
    kopie = shutil.copytree(bewijs.map, tmp_path / "kopie")
    (kopie / "archief.pdf").write_bytes(b"een ander document")
    inhoud = json.loads((kopie / "bewijs.json").read_text())
    inhoud["bestanden"]["archief.pdf"] = bewijzen._hash(kopie / "archief.pdf")
    (kopie / "bewijs.json").write_text(json.dumps(inhoud))
    assert bewijs.verify(kopie) == ONZEKER


def test_it_is_not_made_before_it_can_be_proven(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        document = proef.add_batch(1).documenten[0]
        proef.seal()
        with pytest.raises(NietMogelijkError, match="Veranker eerst"):
            bewijzen.write_bewijs(proef.basis, document, tmp_path / "uit")
        assert not (tmp_path / "uit").exists()
        proef.anchor()
        bewijzen.write_bewijs(proef.basis, document, tmp_path / "uit")
        with pytest.raises(NietMogelijkError, match="bestaat al"):
            bewijzen.write_bewijs(proef.basis, document, tmp_path / "uit")


def test_of_a_proof_that_does_not_fit_nothing_stays(
    bewijs: Bewijsproef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bytes:
        raise OSError(28, "vol")

    monkeypatch.setattr(bewijzen, "build_controleprogramma", fail)
    with pytest.raises(OSError, match="vol"):
        bewijzen.write_bewijs(bewijs.proef.basis, bewijs.document, tmp_path / "uit")
    assert list(tmp_path.iterdir()) == []


def test_of_a_line_that_this_program_does_not_know_it_says_so(
    bewijs: Bewijsproef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gebeurtenis, "_PATRONEN", {})
    assert bewijs.verify(bewijs.map) == ONZEKER
    gezegd = capsys.readouterr()
    assert re.search(r"Regel \d+: Gebeurtenis [a-z_.]+ versie 1 is hier niet bekend", gezegd.out + gezegd.err)
    map = shutil.copytree(bewijs.map, tmp_path / "uit")
    (map / "archief.pdf").chmod(0o644)
    (map / "archief.pdf").write_bytes(b"%PDF-anders")
    assert bewijs.verify(map) == GEWIJZIGD  # what was changed is a change, whatever the lines say


def test_a_line_that_is_no_event_is_a_change(
    bewijs: Bewijsproef, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_blad: bytes) -> None:
        raise GebeurtenisError("Een regel van het logboek is geen gebeurtenis.")

    monkeypatch.setattr(documentbewijs, "parse_blad", fail)
    assert bewijs.verify(bewijs.map) == GEWIJZIGD
    gezegd = capsys.readouterr()
    assert re.search(r"Regel \d+: Een regel van het logboek is geen gebeurtenis", gezegd.out + gezegd.err)


def test_what_explains_is_named_only_when_it_is_there(bewijs: Bewijsproef, capsys: pytest.CaptureFixture[str]) -> None:
    verslag = verify_documentbewijs(bewijs.map, parse_beleid(bewijs.beleid.read_text(encoding="utf-8")))
    for onbewezen, staat_er in ((("leesmij.txt",), True), ((), False)):
        show_document(replace(verslag, onbewezen=onbewezen), None, "BEWEZEN")
        assert ("niet vastgelegd in het logboek: leesmij.txt" in capsys.readouterr().out) is staat_er


def test_on_a_terminal_it_shows_how_far_it_is(
    bewijs: Bewijsproef, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    logmap = bewijs.proef.basis.config.logboek.map
    assert main([str(logmap), "--beleid", str(bewijs.beleid)]) == BEWEZEN
    assert re.search(r"\r(\d+) van \1 gebeurtenissen\n", capsys.readouterr().err)
