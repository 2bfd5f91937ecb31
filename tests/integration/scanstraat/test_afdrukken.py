"""What is printed about paper says what the record says: labels, container sheets, lists of what to fetch."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from scanstraat import afdrukken, db, logboek, papier, storage
from scanstraat.doosblad import render_containerblad, render_doosetiket, render_haallijst
from scanstraat.errors import NietMogelijkError
from scanstraat.tables_bewijs import DoosRow, OpdrachtRow
from tests.afrondproef import Afrondproef, open_afrondproef


@dataclass(frozen=True)
class Drukproef:
    proef: Afrondproef
    document: UUID
    doos: DoosRow
    opdracht: OpdrachtRow


@pytest.fixture(scope="module")
def druk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drukproef]:
    with open_afrondproef(tmp_path_factory.mktemp("druk")) as proef:
        batch = proef.add_batch(2, 3)
        proef.add_besluit()
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        yield Drukproef(proef, batch.documenten[0], doos, proef.bring_to_order(lijst, doos))


def read(pdf: bytes, map: Path) -> str:
    (map / "uit.pdf").write_bytes(pdf)
    uitkomst = subprocess.run(
        ["pdftotext", "-layout", map / "uit.pdf", "-"], capture_output=True, text=True, check=True
    )
    return uitkomst.stdout


def test_a_label_says_what_lies_in_the_doos_and_until_when(druk: Drukproef, tmp_path: Path) -> None:
    with db.read(druk.proef.basis.engine) as session:
        etiket = afdrukken.build_etiket(druk.proef.basis, session, session.get_one(DoosRow, druk.doos.id))
    assert (etiket.documenten, etiket.bladen, etiket.inhoud) == (2, 7, ("B-2026-0001, blad 1-7",))
    assert etiket.besluit == "2026-17"
    tekst = read(render_doosetiket([etiket]), tmp_path)
    assert druk.doos.nummer in tekst
    assert "B-2026-0001" in tekst


def test_an_open_doos_gets_no_label(druk: Drukproef) -> None:
    with db.begin(druk.proef.basis.engine) as session:
        open_ = papier.make_doos(session, "hier", door=storage.load_actor(session, "iemand", "persoon"))
        with pytest.raises(NietMogelijkError, match="staat nog open"):
            afdrukken.build_etiket(druk.proef.basis, session, open_)


def test_a_container_sheet_carries_the_root_that_the_order_rests_on(druk: Drukproef, tmp_path: Path) -> None:
    basis = druk.proef.basis
    with db.read(basis.engine) as session:
        (blad,) = afdrukken.build_containerbladen(basis, session, session.get_one(OpdrachtRow, druk.opdracht.id))
    assert blad.logboek.wortel == logboek.read_wortel(basis.config, druk.opdracht.checkpoint)
    assert [(doos.doosnummer, doos.bladen) for doos in blad.dozen] == [(druk.doos.nummer, 7)]
    assert blad.logboek.getuigen == ("archief",)
    tekst = read(render_containerblad(blad), tmp_path)
    for deel in ("C-1", "Z-1", "Versnipper BV", blad.logboek.wortel[:8]):
        assert deel in tekst


def test_a_list_of_what_to_fetch_names_place_and_sheets(druk: Drukproef, tmp_path: Path) -> None:
    basis = druk.proef.basis
    with db.read(basis.engine) as session:
        lijst = afdrukken.build_haallijst(basis, session, [druk.document], reden="Woo-verzoek", gevraagd_door="Dirk")
    (regel,) = lijst.regels
    assert (regel.doos, regel.plaats) == (druk.doos.nummer, "archief, stelling 4")
    assert [(reeks.van, reeks.tot) for reeks in regel.bladen] == [(2, 3)]
    assert "Woo-verzoek" in read(render_haallijst(lijst), tmp_path)
