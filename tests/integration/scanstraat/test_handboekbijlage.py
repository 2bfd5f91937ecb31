"""The annex says what the besluit says and what is set now, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from scanstraat import db
from scanstraat.bootstrap import Basis
from scanstraat.errors import NietMogelijkError
from scanstraat.handboekbijlage import Handboekbijlage, _build_delen, _find_verschillen, build_bijlage, render_bijlage
from tests.afrondproef import Afrondproef, build_besluit, open_afrondproef
from vernietiging.vervangingsbesluit import Steekproefvoorschrift


@pytest.fixture(scope="module")
def proef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path_factory.mktemp("handboek")) as gemaakt:
        gemaakt.add_batch(1)
        gemaakt.add_besluit()
        yield gemaakt


def build(basis: Basis, nummer: str | None = None) -> Handboekbijlage:
    with db.read(basis.engine) as session:
        return build_bijlage(basis, session, nummer)


def test_it_has_the_eight_aspects_in_order_with_the_words_of_the_besluit(proef: Afrondproef) -> None:
    bijlage = build(proef.basis)
    assert "".join(deel.letter for deel in bijlage.delen) == "abcdefgh"
    assert all(("Besluit", "zie handboek") in deel.regels for deel in bijlage.delen[1:])
    alles = str(bijlage.to_json())
    for feit in ("P-4", "alle pagina's", "tesseract", "0 dagen", "archief", "tsa1", "2 documenten per doos"):
        assert feit in alles, feit
    besluit = build_besluit(
        dict.fromkeys(proef.basis.config.profiel, "0" * 64), steekproef=Steekproefvoorschrift(alles=False)
    )
    alles = str(list(_build_delen(proef.basis, besluit)))
    for getal in ("0,65", "4,0", "0,00003", "nakijken: bij een bevinding", "zijden: enkelzijdig"):
        assert getal in alles, getal
    for engels in ("bij_bevinding", "e-05", "0.65"):
        assert engels not in alles, engels


def test_reality_that_differs_from_the_besluit_is_named(proef: Afrondproef) -> None:
    gelijk = replace(proef.basis, config=proef.basis.config.model_copy(update={"scanmap": ()}))
    oud = build(gelijk).verschillen
    config = proef.basis.config
    anders = config.model_copy(
        update={
            "opslag": config.opslag.model_copy(update={"kopie": None}),
            "logboek": config.logboek.model_copy(update={"getuige": (), "tijdstempel": ()}),
            "algemeen": config.algemeen.model_copy(update={"organisatie": "Gemeente Anders"}),
        }
    )
    nieuw = set(build(replace(proef.basis, config=anders)).verschillen) - set(oud)
    assert any("anders ingesteld" in verschil for verschil in oud)  # the batch of the proof has settings of its own
    for woord in ("tweede kopie", "nergens buitenshuis", "Gemeente Anders"):
        assert any(woord in verschil for verschil in nieuw), woord


def test_a_scanner_nobody_named_and_one_side_for_two_are_differences(proef: Afrondproef) -> None:
    def find(apparatuur: str, **anders: str) -> list[str]:
        profiel = proef.basis.config.profiel["standaard"].model_copy(update=anders)
        besluit = build_besluit({"standaard": "0" * 64})
        besluit = replace(besluit, aspecten=replace(besluit.aspecten, apparatuur=apparatuur))
        basis = replace(proef.basis, config=proef.basis.config.model_copy(update={"profiel": {"standaard": profiel}}))
        with db.read(basis.engine) as session:
            verschillen = list(_find_verschillen(basis, session, besluit))
        return [v for v in verschillen if "onbekend" in v or "zijdig" in v]

    onbekend, zijden = find("Documentscanners, 300 dpi, dubbelzijdig.")
    assert "profiel standaard staat de scanner op onbekend" in onbekend
    assert "Volgens het besluit wordt dubbelzijdig gescand; profiel standaard scant enkelzijdig." in zijden
    (zijden,) = find("Enkelzijdig gescand.", scanner="Merk 12", bladzijden="duplex")
    assert "enkelzijdig gescand; profiel standaard scant dubbelzijdig" in zijden
    for woorden in ("dubbelzijdig", "enkelzijdig of dubbelzijdig", "zie handboek"):
        assert find(woorden, scanner="Merk 12", bladzijden="duplex") == []


def test_the_print_holds_the_same_as_data(proef: Afrondproef, tmp_path: Path) -> None:
    bijlage = build(proef.basis)
    pad = tmp_path / "bijlage.pdf"
    pad.write_bytes(render_bijlage(bijlage, tijdzone="Europe/Amsterdam"))
    with pikepdf.open(pad) as pdf:
        assert list(pdf.attachments) == ["handboekbijlage.json"]
        assert len(pdf.pages) >= 2


def test_without_a_besluit_that_holds_it_says_so(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as leeg, pytest.raises(NietMogelijkError, match="geldt vandaag geen besluit"):
        build(leeg.basis)
