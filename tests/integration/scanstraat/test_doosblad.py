"""Labels, container sheets and pick lists: read back by machine and by eye."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pikepdf
import pypdfium2
import pytest

from kwaliteitscontrole.verapdf import Verapdf
from scanstraat.doosblad import (
    Containerblad,
    Containerdoos,
    Doosetiket,
    Haallijst,
    Haalregel,
    render_containerblad,
    render_doosetiket,
    render_haallijst,
)
from scanstraat.errors import NietMogelijkError
from scanstraat.intake.codes import find_codes
from tests.verklaringproef import build_logverwijzing
from vernietiging.notitie import parse_notitie
from vernietiging.verklaring import Bladreeks

# WeasyPrint leaves the file of its colour profile to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ETIKET = Doosetiket(
    doosnummer="D-2026-0007",
    organisatie="Gemeente <b>Voorbeeldstad</b> & omstreken",
    inhoud=("B-2026-0001 t/m B-2026-0004",),
    documenten=1_234,
    bladen=4_321,
    gesloten_op="2026-11-20",
    besluit="2026-0815",
    vrij_vanaf="2027-02-28",
)
CONTAINER = Containerblad(
    lijst="VL-2026-0001",
    organisatie="Gemeente <b>Voorbeeldstad</b>",
    gemaakt_op="2026-11-18T08:30:00Z",
    bedrijf="Papiervernietiging & Zn.",
    methode="Versnipperen",
    niveau="P-4",
    container="C-4471",
    zegel="Z-009812",
    contact="de functioneel beheerder, 0123 45 67 89",
    dozen=tuple(Containerdoos(f"D-2026-{n:04d}", 40, 80) for n in range(1, 61)),
    logboek=build_logverwijzing(),
    opdracht="O-2026-0001",
)
HAALLIJST = Haallijst(
    nummer="HL-2026-0003",
    organisatie="Gemeente Voorbeeldstad",
    gemaakt_op="2026-11-18T08:30:00Z",
    reden="Bezwaar <b>tegen</b> besluit",
    gevraagd_door="teamleider DIV",
    regels=(
        Haalregel("document-3", "ZAAK-3", "B-2026-0002", "D-2026-0002", "Stelling 2", (Bladreeks(5, 5),)),
        Haalregel(
            "document-2", "ZAAK-2", "B-2026-0001", "D-2026-0001", "Stelling 1", (Bladreeks(7, 9), Bladreeks(12, 12))
        ),
        Haalregel("document-1", "ZAAK-1", "B-2026-0001", "D-2026-0001", "Stelling 1", (Bladreeks(1, 2),)),
    ),
)
VOORBEELDEN = {
    "etiket": render_doosetiket([ETIKET, replace(ETIKET, demonstratie=True)]),
    "groot etiket": render_doosetiket([ETIKET], formaat="A5"),
    "containerblad": render_containerblad(replace(CONTAINER, demonstratie=True)),
    "haallijst": render_haallijst(replace(HAALLIJST, demonstratie=True)),
}


def read_paginas(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    teksten = [" ".join(pagina.get_textpage().get_text_range().split()) for pagina in document]
    document.close()
    return teksten


def read_codes(pdf: bytes, dpi: int = 200) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    beelden = [pagina.render(scale=dpi / 72).to_pil().convert("L") for pagina in document]
    document.close()
    return [code.tekst for beeld in beelden for code in find_codes(beeld)]


@pytest.mark.parametrize("voorbeeld", VOORBEELDEN)
def test_every_print_is_an_archive_file(verapdf_jar: Path, tmp_path: Path, voorbeeld: str) -> None:
    pdf = tmp_path / "druk.pdf"
    pdf.write_bytes(VOORBEELDEN[voorbeeld])
    with Verapdf(verapdf_jar, werkmap=tmp_path, leesmappen=[tmp_path]) as verapdf:
        assert verapdf.check_pdfa(pdf, profiel="3b").conform


@pytest.mark.parametrize(("formaat", "mm"), [("A6", (105, 148)), ("A5", (148, 210))])
def test_a_label_has_its_size_its_number_and_a_code_that_says_the_same(
    formaat: Literal["A6", "A5"], mm: tuple[int, int]
) -> None:
    lang = replace(ETIKET, doosnummer="DOOS-VOORBEELDSTAD-2026-000123456789", inhoud=tuple("abcdefghij"))
    etiketten = [ETIKET, lang, replace(ETIKET, doosnummer="7")]
    pdf = render_doosetiket(etiketten, formaat=formaat)
    document = pypdfium2.PdfDocument(pdf)
    maten = [pagina.get_size() for pagina in document]
    document.close()
    assert [(round(b / 72 * 25.4), round(h / 72 * 25.4)) for b, h in maten] == [mm] * 3
    assert read_codes(pdf) == [etiket.doosnummer for etiket in etiketten]
    for etiket, tekst in zip(etiketten, read_paginas(pdf), strict=True):
        delen = (etiket.doosnummer, etiket.organisatie, "1.234 documenten, 4.321 bladen", "28 februari 2027")
        assert [deel for deel in (*delen, "20 november 2026", "Na vernietiging", "Paraaf") if deel not in tekst] == []
    assert "en nog 4" in read_paginas(pdf)[1]


def test_a_label_without_an_end_of_its_term_says_that_it_is_not_known() -> None:
    assert "nog niet bekend" in read_paginas(render_doosetiket([replace(ETIKET, vrij_vanaf="")]))[0]


def test_only_the_label_of_a_demonstration_says_so() -> None:
    gewoon, demo = read_paginas(VOORBEELDEN["etiket"])
    assert (gewoon.count("DEMONSTRATIE"), demo.count("DEMONSTRATIE")) == (0, 2)


def test_a_container_sheet_names_every_box_with_its_sums_and_the_log() -> None:
    pdf = render_containerblad(CONTAINER)
    paginas = read_paginas(pdf)
    alles = " ".join(paginas)
    logboek = build_logverwijzing()
    delen = [doos.doosnummer for doos in CONTAINER.dozen]
    delen += ["VL-2026-0001", "C-4471", "Z-009812", "P-4", "Papiervernietiging & Zn.", "Gemeente <b>Voorbeeldstad</b>"]
    delen += ["Samen 60 dozen 2.400 4.800", "0123 45 67 89", f"pagina 1 van {len(paginas)}"]
    delen += [" ".join(logboek.wortel[i : i + 8] for i in range(0, 64, 8)), "Afgegeven namens", "Vernietigd door"]
    assert [deel for deel in delen if deel not in alles] == []
    assert alles.count("Handtekening") == 3
    (code,) = read_codes(pdf)
    assert parse_notitie(code.encode()).tekst == parse_notitie(logboek.checkpoint.encode()).tekst
    assert "DEMONSTRATIE" not in alles


def test_a_container_or_seal_that_is_not_known_yet_is_filled_in_by_hand() -> None:
    tekst = " ".join(read_paginas(render_containerblad(replace(CONTAINER, container="", zegel=""))))
    assert tekst.count("(invullen)") == 2


def test_a_pick_list_walks_along_the_shelves_and_names_the_sheets() -> None:
    tekst = " ".join(read_paginas(render_haallijst(HAALLIJST)))
    plekken = [tekst.index(f"document-{n}") for n in (1, 2, 3)]
    assert plekken == sorted(plekken)
    for deel in ("bladen 1–2", "bladen 7–9, 12", "blad 5", "3 documenten uit 2 dozen", "Bezwaar <b>tegen</b> besluit"):
        assert deel in tekst


def test_the_sheet_of_one_doos_is_one_page_with_its_order_and_all_its_signatures() -> None:
    (pagina,) = read_paginas(render_containerblad(replace(CONTAINER, dozen=CONTAINER.dozen[:1])))
    assert "Kenmerk opdracht O-2026-0001" in pagina
    assert pagina.count("Handtekening") == 3


@pytest.mark.parametrize("voorbeeld", ["containerblad", "haallijst"])
def test_a_demonstration_says_so_on_every_page_and_the_data_are_inside(voorbeeld: str) -> None:
    assert all(pagina.count("DEMONSTRATIE") == 2 for pagina in read_paginas(VOORBEELDEN[voorbeeld]))
    with pikepdf.open(io.BytesIO(VOORBEELDEN[voorbeeld])) as pdf:
        bijlage = json.loads(pdf.attachments[f"{voorbeeld}.json"].get_file().read_bytes())
    assert bijlage["schema"] == f"scanstraat.{voorbeeld}/1"
    assert len(bijlage["dozen" if voorbeeld == "containerblad" else "regels"]) in {60, 3}


def test_the_same_sheet_is_the_same_file() -> None:
    assert render_containerblad(CONTAINER) == render_containerblad(CONTAINER)
    assert render_haallijst(HAALLIJST) == render_haallijst(HAALLIJST)


def test_nothing_to_print_is_refused() -> None:
    with pytest.raises(NietMogelijkError):
        render_doosetiket([])
    with pytest.raises(NietMogelijkError):
        render_containerblad(replace(CONTAINER, dozen=()))
    with pytest.raises(NietMogelijkError):
        render_haallijst(replace(HAALLIJST, regels=()))
