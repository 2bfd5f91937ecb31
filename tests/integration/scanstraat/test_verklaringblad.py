"""What is signed on paper is what the data inside it say, and stays readable whatever is in it."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import socket
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from kwaliteitscontrole.verapdf import Verapdf
from scanstraat.drukwerk import escape_tekst, is_drukbaar, render_pdf
from scanstraat.intake.codes import find_codes
from scanstraat.mdto import Verwijzing, build_verklaring_mdto
from scanstraat.verklaringblad import (
    MEESTE_GEDRUKTE_DOCUMENTEN,
    NAAM_GEGEVENS,
    NAAM_MDTO,
    NAAM_SPECIFICATIE,
    render_verklaring,
)
from tests.verklaringproef import LOGSLEUTEL, build_logverwijzing, build_verklaring
from vernietiging.checkpoint import build_bericht, parse_checkpoint
from vernietiging.errors import VerklaringError
from vernietiging.notitie import parse_notitie, verify_handtekening
from vernietiging.verklaring import Ondertekenaar, Periode, Verklaring, Verklaringsoort, find_gebreken

# WeasyPrint leaves the file of its colour profile to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

BOOS = '<img src="file:///etc/passwd"> </div><script>$nummer & "Ó" 漢 😀'
LANG = "Gemeenschappelijkeregeling" + "Noordoostelijkevoorbeelddorpen" * 12


def build_mdto(verklaring: Verklaring) -> bytes:
    return build_verklaring_mdto(verklaring, bron="Scanstraat", archiefvormer=Verwijzing("Gemeente Voorbeeldstad"))


def render(verklaring: Verklaring) -> bytes:
    return render_verklaring(verklaring, mdto=build_mdto(verklaring))


@lru_cache
def render_voorbeeld(soort: Verklaringsoort, documenten: int, demonstratie: bool) -> bytes:
    return render(build_verklaring(soort, documenten=documenten, demonstratie=demonstratie))


def read_paginas(pdf: bytes) -> list[str]:
    """Return the text of every page, with single spaces."""
    document = pypdfium2.PdfDocument(pdf)
    teksten = [" ".join(pagina.get_textpage().get_text_range().split()) for pagina in document]
    document.close()
    return teksten


def read_kaal(pdf: bytes) -> str:
    """Return all text without any space, for what may be broken over lines."""
    return "".join("".join(read_paginas(pdf)).split())


def read_bijlagen(pdf: bytes) -> dict[str, tuple[bytes, str]]:
    """Return per attachment its bytes and its relation to the document."""
    with pikepdf.open(io.BytesIO(pdf)) as bestand:
        return {
            naam: (bijlage.get_file().read_bytes(), str(bijlage.obj.AFRelationship))
            for naam, bijlage in bestand.attachments.items()
        }


@pytest.mark.parametrize("soort", Verklaringsoort)
def test_it_is_an_archive_file_with_its_data_and_metadata_inside(
    verapdf_jar: Path, tmp_path: Path, soort: Verklaringsoort
) -> None:
    boos = build_verklaring(
        soort,
        documenten=41,
        organisatie=BOOS,
        zorgdrager=LANG,
        vervangt=f"{'VV' if soort is Verklaringsoort.VERVANGING else 'VN'}-2025-0007",
        reden=BOOS,
        wijze_van_vervanging=BOOS,
        demonstratie=True,
    )
    pdf = tmp_path / "verklaring.pdf"
    pdf.write_bytes(render(boos))
    assert read_bijlagen(pdf.read_bytes()) == {
        NAAM_GEGEVENS: (boos.to_bytes(), "/Source"),
        NAAM_MDTO: (build_mdto(boos), "/Data"),
        NAAM_SPECIFICATIE: (read_bijlagen(pdf.read_bytes())[NAAM_SPECIFICATIE][0], "/Supplement"),
    }
    assert Verklaring.from_bytes(read_bijlagen(pdf.read_bytes())[NAAM_GEGEVENS][0]) == boos
    with Verapdf(verapdf_jar, werkmap=tmp_path, leesmappen=[tmp_path]) as verapdf:
        assert verapdf.check_pdfa(pdf, profiel="3b").conform


def test_the_same_verklaring_is_the_same_file_an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    eerst = render_voorbeeld(Verklaringsoort.VERVANGING, 3, False)
    nu = time.time
    monkeypatch.setattr(time, "time", lambda: nu() + 3600)
    assert render(build_verklaring(documenten=3)) == eerst


@pytest.mark.parametrize("soort", Verklaringsoort)
def test_a_demonstration_says_so_on_every_page_and_a_real_one_nowhere(soort: Verklaringsoort) -> None:
    for pagina in read_paginas(render_voorbeeld(soort, 100, True)):
        assert pagina.count("DEMONSTRATIE") == 2  # in the head and across the page
    assert "DEMONSTRATIE" not in read_kaal(render_voorbeeld(soort, 100, False))


def test_pages_are_numbered_and_the_head_of_the_specification_comes_back() -> None:
    paginas = read_paginas(render_voorbeeld(Verklaringsoort.VERVANGING, 100, False))
    assert [f"pagina {n} van {len(paginas)}" in pagina for n, pagina in enumerate(paginas, 1)] == [True] * len(paginas)
    met_documenten = [pagina for pagina in paginas if re.search(r"ZAAK-2026-\d{6}", pagina)]
    assert len(met_documenten) > 3
    assert all("SHA-256 van de reproductie" in pagina for pagina in met_documenten)


def test_that_part_of_a_doos_went_before_stands_on_the_paper() -> None:
    verklaring = build_verklaring(Verklaringsoort.VERNIETIGING, documenten=2)
    (uitvoering,) = verklaring.uitvoeringen
    zin = "ging een deel eerder, onder dezelfde opdracht"
    assert zin not in " ".join(read_paginas(render(verklaring)))
    deels = replace(verklaring, uitvoeringen=(replace(uitvoering, eerder_deels=uitvoering.dozen[:1]),))
    assert f"Van {uitvoering.dozen[0]} {zin}" in " ".join(read_paginas(render(deels)))


def test_everything_the_law_asks_and_every_document_stands_on_the_paper() -> None:
    verklaring = build_verklaring(documenten=100)
    tekst = read_kaal(render_voorbeeld(Verklaringsoort.VERVANGING, 100, False))
    delen = [
        *(verklaring.nummer, verklaring.organisatie, verklaring.zorgdrager, verklaring.wijze_van_vervanging),
        *verklaring.grondslag,
        *verklaring.systemen,
        *verklaring.artikelen,
        *(verklaring.besluit.nummer, verklaring.besluit.publicatie, verklaring.besluit.handboekversie),
        *("1 november 2026", "19 november 2026 om 14:40 uur", "20 november 2026"),
    ]
    for uitvoering in verklaring.uitvoeringen:
        delen += [uitvoering.lijst, *uitvoering.dozen, uitvoering.methode, uitvoering.niveau, uitvoering.bedrijf]
        delen += [uitvoering.container, uitvoering.zegel, uitvoering.certificaat, uitvoering.certificaat_sha256]
    for vrijgave in verklaring.vrijgaven:
        delen += [vrijgave.naam, vrijgave.functie, vrijgave.mandaat]
    for controle in verklaring.controle:
        delen += [controle.batch, controle.plan, controle.naam, controle.functie]
    for doos in verklaring.specificatie:
        delen.append(
            f'Doos {doos.doosnummer}: {len(doos.documenten)} documenten, vernietigd met de lijst "VL-2026-0001"'
        )
        for document in doos.documenten:
            delen += [document.id, document.zaak, document.pdf_sha256, document.batch, document.bewaartermijn]
    logboek = verklaring.logboek
    delen += [logboek.oorsprong, *logboek.sleutels, *logboek.getuigen]
    delen += [f"{stempel.naam}, {stempel.tijd} (UTC), nummer {stempel.nummer}" for stempel in logboek.tijdstempels]
    assert [deel for deel in delen if "".join(deel.split()) not in tekst] == []


def test_above_the_signatures_stands_who_signs_by_the_besluit() -> None:
    verklaring = build_verklaring()
    besluit = replace(verklaring.besluit, ondertekenaar="teamleider Vervanging")
    tekst = " ".join(read_paginas(render(replace(verklaring, besluit=besluit))))
    assert f"Wie tekent volgens besluit {besluit.nummer}: teamleider Vervanging." in tekst
    assert "Wie tekent volgens" not in " ".join(read_paginas(render(verklaring)))  # one of before the field came


def test_the_hash_above_the_signatures_is_of_the_data_inside() -> None:
    pdf = render_voorbeeld(Verklaringsoort.VERVANGING, 3, False)
    sha256 = hashlib.sha256(read_bijlagen(pdf)[NAAM_GEGEVENS][0]).hexdigest()
    paginas = read_paginas(pdf)
    (pagina,) = [pagina for pagina in paginas if "Handtekening" in pagina and "Ondertekening" in pagina]
    assert [pagina.count(sha256) for pagina in paginas] == [1 + ("Ondertekening" in pagina) for pagina in paginas]
    assert pagina.count("Handtekening") == len(build_verklaring().ondertekenaars)


def test_the_root_stands_there_in_eight_groups_and_the_code_is_the_signed_checkpoint() -> None:
    pdf = render_voorbeeld(Verklaringsoort.VERNIETIGING, 100, True)
    logboek = build_logverwijzing()
    groepen = " ".join(logboek.wortel[i : i + 8] for i in range(0, 64, 8))
    document = pypdfium2.PdfDocument(pdf)
    codes = [code for pagina in document for code in find_codes(pagina.render(scale=200 / 72).to_pil().convert("L"))]
    document.close()
    assert sum(groepen in pagina for pagina in read_paginas(pdf)) == 1
    nummer, checkpoint_, bij_ondertekening = (code.tekst for code in codes)
    assert nummer == bij_ondertekening == build_verklaring(Verklaringsoort.VERNIETIGING).nummer
    notitie = parse_notitie(checkpoint_.encode())
    checkpoint = parse_checkpoint(notitie.tekst)
    (handtekening,) = notitie.find(LOGSLEUTEL)
    verify_handtekening(LOGSLEUTEL, handtekening, build_bericht(checkpoint, LOGSLEUTEL))
    assert (checkpoint.oorsprong, checkpoint.omvang) == (logboek.oorsprong, logboek.omvang)
    assert checkpoint.wortel.hex() == logboek.wortel


def test_what_looks_like_markup_is_printed_as_text() -> None:
    boos = build_verklaring(
        organisatie=BOOS,
        ondertekenaars=(Ondertekenaar(BOOS, "<b>hoofd</b> $titel", "&amp;", ""),),
        systemen=("{huisstijl}", "</style>"),
    )
    tekst = read_kaal(render(boos))
    for deel in (BOOS, "<b>hoofd</b> $titel", "&amp;", "{huisstijl}", "</style>"):
        zichtbaar = deel.replace("漢", "[U+6F22]").replace("😀", "[U+1F600]")
        assert "".join(zichtbaar.split()) in tekst


def test_no_letter_of_a_long_name_falls_off_the_page() -> None:
    lang = build_verklaring(
        organisatie=LANG,
        zorgdrager=LANG,
        grondslag=(LANG,),
        ondertekenaars=(Ondertekenaar(LANG, LANG, LANG, ""),),
        systemen=(LANG,),
    )
    document = pypdfium2.PdfDocument(render(lang))
    for pagina in document:
        tekst = pagina.get_textpage()
        for n in range(tekst.count_chars()):
            links, onder, rechts, boven = tekst.get_charbox(n)
            assert links >= 0 and onder >= 0 and rechts <= pagina.get_width() and boven <= pagina.get_height()
    document.close()
    # all of it is there to read, besides what the running heads cut off
    assert read_kaal(render(lang)).count(LANG) >= 9


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a print reached for the network")

    for naam in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, naam, refuse, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    render(build_verklaring(organisatie='<link rel="stylesheet" href="http://127.0.0.1:9/">'))


@pytest.mark.parametrize("adres", ["http://127.0.0.1:9/x.png", "file:///etc/passwd"])
def test_a_template_that_wants_something_from_elsewhere_fails(adres: str) -> None:
    with pytest.raises(BaseException, match="Error fetching"):
        render_pdf(f'<html lang="nl"><head><title>x</title></head><body><img src="{adres}"></body></html>')


def test_a_verklaring_with_gebreken_is_not_made_and_all_are_named() -> None:
    kapot = build_verklaring(grondslag=(), ondertekenaars=())
    with pytest.raises(VerklaringError) as fout:
        render(kapot)
    gebreken = find_gebreken(kapot)
    assert len(gebreken) == 2
    assert all(gebrek in str(fout.value) for gebrek in gebreken)


def test_without_a_short_signature_of_the_log_itself_there_is_no_code() -> None:
    logboek = build_logverwijzing()
    zonder = logboek.checkpoint.rsplit("\n", 2)[0] + "\n"  # the Ed25519 line is the last
    with pytest.raises(VerklaringError, match="Ed25519"):
        render(build_verklaring(logboek=replace(logboek, checkpoint=zonder)))


def test_the_words_of_another_regime_take_the_place_of_ours() -> None:
    verklaring = build_verklaring(regime="2026")
    woorden = {
        "wet": "Archiefwet 2026",
        "archiefbescheiden": "documentjes",
        "zorgdrager": "overheidsorgaan <o>",
        "vervangingsbesluit": "beheerregel",
        "handboek": "beheerhandboek",
        "selectielijst": "selectiebesluit",
    }
    tekst = " ".join(read_paginas(render_verklaring(verklaring, mdto=b"<x/>", woorden=woorden)))
    assert [woord for woord in woorden.values() if woord not in tekst] == []
    for woord in (
        "Archiefwet 1995 20",
        "archiefbescheiden",
        "zorgdrager",
        "besluit tot vervanging",
        "handboek vervanging",
    ):
        assert woord not in tekst


def test_one_day_the_version_of_the_besluit_and_a_rejection_before_are_said() -> None:
    goed = build_verklaring()
    pdf = render(
        replace(
            goed,
            periode=Periode("2026-11-19", "2026-11-19"),
            besluit=replace(goed.besluit, versie=2),
            controle=tuple(replace(regel, afgekeurd=1) for regel in goed.controle),
        )
    )
    tekst = " ".join(read_paginas(pdf))
    assert "Op 19 november 2026 zijn" in tekst and "tot en met" not in tekst
    assert "2026-0815, versie 2, van 13 januari 2026" in tekst
    assert "goedgekeurd, na 1 keer afgekeurd" in tekst
    assert "1e sleutel in het beleid" in tekst and "2e sleutel in het beleid" in tekst


def test_it_says_whether_all_pages_were_looked_at_or_a_sample() -> None:
    goed = build_verklaring(documenten=100)
    steekproef = tuple(replace(regel, paginas=1200) for regel in goed.controle)
    alles = tuple(replace(regel, paginas=32) for regel in goed.controle)
    for controle, overwogen, zin, per_batch in (
        (alles, "elke batch alle pagina's hebben", "Mensen bekeken alle pagina's: 96 pagina's.", ["32 van 32"] * 3),
        (
            steekproef,
            "elke batch een steekproef van de pagina's hebben",
            "Mensen bekeken een steekproef: 96 pagina's.",
            ["32 van 1.200"] * 3,
        ),
        (
            (alles[0], *steekproef[1:]),
            "elke batch alle pagina's of een steekproef daarvan hebben",
            "Mensen bekeken alle pagina's van 1 batch: 32 pagina's. "
            "Mensen bekeken een steekproef van 2 batches: 64 pagina's.",
            ["32 van 32", "32 van 1.200", "32 van 1.200"],
        ),
    ):
        tekst = " ".join(read_paginas(render(replace(goed, controle=controle))))
        assert overwogen in tekst and f"3 batches zijn gecontroleerd en goedgekeurd. {zin} Plan" in tekst
        assert re.findall(r"32 van [\d.]+", tekst) == per_batch
    oud = " ".join(read_paginas(render(goed)))  # made before a verklaring said of how many pages
    assert "een steekproef van de pagina's hebben" in oud and "32 van" not in oud


def test_a_correction_says_which_one_it_stands_for_and_why() -> None:
    tekst = read_paginas(render(build_verklaring(vervangt="VV-2025-0003", reden="Een doos was dubbel geteld.")))[0]
    assert "komt in de plaats van VV-2025-0003. Reden: Een doos was dubbel geteld." in tekst


def test_the_table_for_a_spreadsheet_has_every_document_and_no_formula() -> None:
    verklaring = build_verklaring(documenten=100)
    doos, *rest = verklaring.specificatie
    eerste = replace(doos.documenten[0], zaak='=HYPERLINK("http://x")')
    boos = replace(verklaring, specificatie=(replace(doos, documenten=(eerste, *doos.documenten[1:])), *rest))
    inhoud = read_bijlagen(render(boos))[NAAM_SPECIFICATIE][0].decode("utf-8-sig")
    rijen = list(csv.DictReader(io.StringIO(inhoud), delimiter=";"))
    assert [(rij["doos"], rij["document"], rij["pdf_sha256"]) for rij in rijen] == [
        (doos.doosnummer, document.id, document.pdf_sha256)
        for doos in boos.specificatie
        for document in doos.documenten
    ]
    assert rijen[0]["zaak"] == '\'=HYPERLINK("http://x")'
    assert rijen[1]["zaak"] == "ZAAK-2026-000002"


def test_more_documents_than_people_read_are_printed_per_box_and_stay_inside() -> None:
    aantal = MEESTE_GEDRUKTE_DOCUMENTEN + 1
    pdf = render_voorbeeld(Verklaringsoort.VERNIETIGING, aantal, False)
    paginas = read_paginas(pdf)
    assert len(paginas) < 12
    alles = " ".join(paginas)
    assert "D-2026-0063 VL-2026-0001 B-2026-0063 21 " in alles  # the last box holds what is left
    assert "ZAAK-2026-000001" not in alles
    assert f"staan in {NAAM_GEGEVENS} en {NAAM_SPECIFICATIE}" in alles
    assert read_bijlagen(pdf)[NAAM_SPECIFICATIE][0].count(b"\r\n") == aantal + 1


def test_two_thousand_documents_are_printed_one_by_one(groot: bool) -> None:
    aantal = 2_000 if groot else 300  # 300 in seconds; measured for 2,000: half a minute and 0.6 GB
    begin = time.monotonic()
    pdf = render_voorbeeld(Verklaringsoort.VERVANGING, aantal, False)
    assert time.monotonic() - begin < 0.1 * aantal
    assert f"ZAAK-2026-{aantal:06d}" in read_paginas(pdf)[-2] + read_paginas(pdf)[-3] + read_paginas(pdf)[-1]


@pytest.mark.parametrize(
    "opmaak", ["{}", "<b>{}</b>", '<span style="font-family: DejaVu Sans Mono, Noto Sans">{}</span>']
)
def test_every_character_that_is_printed_as_itself_is_in_our_fonts(
    verapdf_jar: Path, tmp_path: Path, opmaak: str
) -> None:
    alles = "".join(chr(n) for n in range(0x20, 0x2200) if is_drukbaar(chr(n)))
    assert len(alles) > 900
    tekst = opmaak.format(" ".join(escape_tekst(alles[i : i + 8]) for i in range(0, len(alles), 8)))
    pdf = tmp_path / "tekens.pdf"
    stijl = '<style>body { font-family: "Noto Sans", "DejaVu Sans", sans-serif }</style>'
    pdf.write_bytes(render_pdf(f'<html lang="nl"><head><title>tekens</title>{stijl}</head><body>{tekst}</body></html>'))
    with Verapdf(verapdf_jar, werkmap=tmp_path, leesmappen=[tmp_path]) as verapdf:
        assert verapdf.check_pdfa(pdf, profiel="3b").conform


@pytest.mark.parametrize("teken", ["漢", "😀", "א", "\u202e", "\x07", "\u0305"])
def test_any_other_character_is_printed_as_its_number(teken: str) -> None:
    assert escape_tekst(f"a{teken}<") == f"a[U+{ord(teken):04X}]&lt;"


def test_a_print_is_fetched_from_its_own_templates_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the templates are data of the package, not of the folder where somebody stands
    assert render(build_verklaring()).startswith(b"%PDF-")
