"""The proof of one document: complete, anchored, checked with the product away; every changed byte in it is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import cryptography
import pytest

from scanstraat import bewijzen, logboek
from scanstraat.controleprogramma import MODULES, NAAM, build_controleprogramma
from scanstraat.errors import NietMogelijkError
from tests.afrondproef import Afrondproef, destroy, open_afrondproef
from vernietiging.__main__ import BEWEZEN, GEWIJZIGD, ONZEKER, main


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
    assert "tsa1 op " in verteld
    assert "archief.pdf" in verteld.split("Toelichting")[0]


def test_it_says_nothing_of_other_people_or_documents(bewijs: Bewijsproef) -> None:
    alles = b"".join(pad.read_bytes() for pad in bewijs.map.rglob("*") if pad.is_file() and pad.name != NAAM)
    for naam in bewijs.proef.mensen:
        assert naam.encode() not in alles
    inhoud = json.loads((bewijs.map / "bewijs.json").read_text())
    assert {deel["inhoud"]["document"] for deel in inhoud["verpakt"] if deel["veld"] == "kenmerk"} == {
        str(bewijs.document)
    }


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
