"""MDTO says what happened to a document and nothing that did not happen."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from scanstraat.errors import MdtoError
from scanstraat.mdto import (
    JSON,
    NAMESPACE,
    PRONOM,
    Begrip,
    Bestandgegevens,
    Bewaartermijn,
    Checksum,
    Documentgegevens,
    Dossiergegevens,
    Kenmerk,
    Vervanging,
    Verwijzing,
    build_bestand_mdto,
    build_document_mdto,
    build_dossier_mdto,
    build_verklaring_bestand_mdto,
    build_verklaring_mdto,
    verify_mdto,
)
from tests.verklaringproef import build_verklaring
from vernietiging.verklaring import Verklaringsoort

GEMEENTE = Verwijzing("Gemeente Voorbeeldstad", Kenmerk("gm9999", "Register van Overheidsorganisaties"))
DOCUMENT = Documentgegevens(
    kenmerken=(Kenmerk("4f9f3c7e-6a55-4a43-9a32-0d3a9c1f2b11", "Scanstraat"),),
    naam="Brief <b> & bijlage €",
    gescand_op="2026-03-02T14:05:11.123Z",
    scanactor=Verwijzing("scanoperator"),
    scanresultaat="8 pagina's, 300 dpi, kleur, PDF/A-2b",
    archiefvormer=GEMEENTE,
    bestanden=(Verwijzing("brief.pdf", Kenmerk("brief.pdf", "Scanstraat")),),
)
VERVANGING = Vervanging(
    papier=Verwijzing("Papieren origineel, doos D-2026-0001", Kenmerk("papier-1", "Scanstraat")),
    vernietigd_op="2026-11-19T13:40:00Z",
    actor=Verwijzing("teamleider DIV"),
    verklaring="VV-2026-0001",
)
ALLES = replace(
    DOCUMENT,
    zaak=Verwijzing("ZAAK-2026-000123", Kenmerk("ZAAK-2026-000123", "Zaaksysteem")),
    waardering="V",
    bewaartermijn=Bewaartermijn(
        Begrip("Afhandeling", "Selectielijst gemeenten 2020"), "2026-05-01", "P10Y", "2036-05-01"
    ),
    informatiecategorie=Begrip("Verleend", "Selectielijst gemeenten 2020", "8.1.1"),
    beperking_toelichting="Wordt bij overbrenging bepaald.",
    vervanging=VERVANGING,
)
DOSSIER = Dossiergegevens(
    kenmerken=(Kenmerk("ZAAK-2026-000123", "Zaaksysteem"),),
    naam="ZAAK-2026-000123 Bezwaar <parkeren>",
    archiefvormer=GEMEENTE,
    onderdelen=(Verwijzing(DOCUMENT.naam, DOCUMENT.kenmerken[0]),),
    omschrijving="Zaaktype: Bezwaar",
    onderdeel_van=Verwijzing("Archief Gemeente Voorbeeld"),
)
INHOUD = b"%PDF"
BESTAND = Bestandgegevens(
    kenmerken=(Kenmerk("brief.pdf", "Scanstraat"),),
    naam="brief.pdf",
    omvang_bytes=len(INHOUD),
    profiel="2b",
    checksums=(Checksum("SHA-256", hashlib.sha256(INHOUD).hexdigest(), "2026-03-02T14:06:00Z"),),
    informatieobject=Verwijzing(DOCUMENT.naam, DOCUMENT.kenmerken[0]),
    url="https://zaken.example/documenten/1",
)
VOORBEELDEN = {
    "een document": build_document_mdto(DOCUMENT),
    "een vervangen document met alles": build_document_mdto(ALLES),
    "een document met meer metagegevens": build_document_mdto(
        replace(DOCUMENT, aanvullend=(Verwijzing("brief-transfervermerk.json"),))
    ),
    "een vervangen document zonder verklaring": build_document_mdto(
        replace(DOCUMENT, vervanging=replace(VERVANGING, verklaring=""))
    ),
    "een dossier": build_dossier_mdto(DOSSIER),
    "een bestand": build_bestand_mdto(BESTAND),
    "een bestand dat geen PDF/A is": build_bestand_mdto(replace(BESTAND, profiel="", formaat=JSON)),
    "een verklaring": build_verklaring_mdto(build_verklaring(), bron="Scanstraat", archiefvormer=GEMEENTE),
    "een verklaring die een andere vervangt": build_verklaring_mdto(
        build_verklaring(Verklaringsoort.VERNIETIGING, vervangt="VN-2025-0004", reden="telfout", demonstratie=True),
        bron="Scanstraat",
        archiefvormer=GEMEENTE,
        informatiecategorie=Begrip("Vervanging", "Selectielijst gemeenten 2020", "19.1.14"),
        beperking=Begrip("Geen beperking", "Begrippenlijst Beperkingen MDTO"),
    ),
    "het bestand van een verklaring": build_verklaring_bestand_mdto(
        build_verklaring(), INHOUD, bron="Scanstraat", op="2026-11-20T10:21:00Z"
    ),
}
INFORMATIEOBJECT = [
    "identificatie",
    "naam",
    "aggregatieniveau",
    "classificatie",
    "trefwoord",
    "omschrijving",
    "raadpleeglocatie",
    "dekkingInTijd",
    "dekkingInRuimte",
    "taal",
    "event",
    "waardering",
    "bewaartermijn",
    "informatiecategorie",
    "isOnderdeelVan",
    "bevatOnderdeel",
    "heeftRepresentatie",
    "aanvullendeMetagegevens",
    "gerelateerdInformatieobject",
    "archiefvormer",
    "betrokkene",
    "activiteit",
    "beperkingGebruik",
]


@pytest.fixture(scope="module")
def xsd(gedeeld: Path) -> Path:
    pad = gedeeld / "mdto" / "MDTO-XML1.0.1.xsd"
    if not pad.is_file():
        pytest.skip("the schema of MDTO is not in ../shared/mdto")
    return pad


def namen(element: Any) -> list[str]:
    return [etree.QName(deel).localname for deel in element]


def lees(xml: bytes) -> Any:
    wortel = etree.fromstring(xml)
    assert etree.QName(wortel).localname == "MDTO"
    return wortel[0]


def vind(element: Any, pad: str) -> list[str]:
    """Return the text of everything at this path."""
    treffers = element.findall("/".join(f"{{{NAMESPACE}}}{stap}" for stap in pad.split("/")))
    return ["".join(treffer.itertext()).strip() for treffer in treffers]


@pytest.mark.parametrize("voorbeeld", VOORBEELDEN)
def test_the_schema_of_the_nationaal_archief_accepts_it(voorbeeld: str, xsd: Path) -> None:
    verify_mdto(VOORBEELDEN[voorbeeld], xsd)


def test_the_examples_of_the_nationaal_archief_pass_too(xsd: Path) -> None:
    voorbeelden = sorted(xsd.parent.glob("*Voorbeeld*.xml"))
    assert voorbeelden
    for pad in voorbeelden:
        verify_mdto(pad.read_bytes(), xsd)


@pytest.mark.parametrize("voorbeeld", VOORBEELDEN)
def test_no_element_is_empty_and_all_stand_in_the_order_of_the_schema(voorbeeld: str) -> None:
    inhoud = lees(VOORBEELDEN[voorbeeld])
    assert all(len(element) or (element.text or "").strip() for element in inhoud.iter())
    if etree.QName(inhoud).localname == "informatieobject":
        plekken = [INFORMATIEOBJECT.index(naam) for naam in namen(inhoud)]
        assert plekken == sorted(plekken)
        assert {"identificatie", "naam", "waardering", "archiefvormer", "beperkingGebruik"} <= set(namen(inhoud))
    else:
        verwacht = [
            "identificatie",
            "naam",
            "omvang",
            "bestandsformaat",
            "checksum",
            "URLBestand",
            "isRepresentatieVan",
        ]
        assert list(dict.fromkeys(namen(inhoud))) == [naam for naam in verwacht if naam in namen(inhoud)]
        assert set(verwacht) - {"URLBestand"} <= set(namen(inhoud))


def test_paper_that_is_still_there_is_not_called_replaced() -> None:
    xml = build_document_mdto(DOCUMENT)
    assert vind(lees(xml), "event/eventType/begripLabel") == ["Digitalisering"]
    assert b"Vervang" not in xml
    assert "gerelateerdInformatieobject" not in namen(lees(xml))


def test_after_the_destruction_the_scan_replaces_the_paper() -> None:
    inhoud = lees(build_document_mdto(replace(DOCUMENT, vervanging=VERVANGING)))
    assert vind(inhoud, "event/eventType/begripLabel") == ["Digitalisering", "Vervanging"]
    assert vind(inhoud, "event/eventTijd") == ["2026-03-02T14:05:11.123Z", "2026-11-19T13:40:00Z"]
    assert "VV-2026-0001" in vind(inhoud, "event/eventResultaat")[1]
    relatie = "gerelateerdInformatieobject/gerelateerdInformatieobject"
    assert vind(inhoud, f"{relatie}TypeRelatie/begripLabel") == ["Vervangt"]
    assert vind(inhoud, f"{relatie}Verwijzing/verwijzingNaam") == [VERVANGING.papier.naam]


def test_a_replacement_without_its_moment_is_refused() -> None:
    with pytest.raises(MdtoError, match="wanneer het papier is vernietigd"):
        build_document_mdto(replace(DOCUMENT, vervanging=replace(VERVANGING, vernietigd_op="")))


def test_what_is_not_known_yet_is_still_to_be_decided() -> None:
    inhoud = lees(build_document_mdto(DOCUMENT))
    assert vind(inhoud, "waardering/begripCode") == ["N"]
    assert vind(inhoud, "waardering/begripLabel") == ["Nader te bepalen"]
    assert vind(inhoud, "beperkingGebruik/beperkingGebruikType/begripLabel") == ["Nader te bepalen"]
    assert vind(inhoud, "aggregatieniveau/begripLabel") == ["Archiefstuk"]
    assert not {"bewaartermijn", "isOnderdeelVan", "informatiecategorie"} & set(namen(inhoud))


@pytest.mark.parametrize(("code", "label"), [("B", "Blijvend te bewaren"), ("V", "Tijdelijk te bewaren")])
def test_a_waardering_has_its_code_and_its_word(code: str, label: str) -> None:
    inhoud = lees(build_document_mdto(replace(DOCUMENT, waardering=code)))
    assert (vind(inhoud, "waardering/begripCode"), vind(inhoud, "waardering/begripLabel")) == ([code], [label])


@pytest.mark.parametrize(
    ("anders", "melding"),
    [
        ({"kenmerken": ()}, "kenmerk"),
        ({"naam": " "}, "naam"),
        ({"bestanden": ()}, "bestand"),
        ({"waardering": "X"}, "waardering"),
        ({"gescand_op": ""}, "gescand"),
        ({"archiefvormer": Verwijzing("")}, "archiefvormer"),
        ({"naam": "a\x00b"}, "teken"),
        ({"naam": "a\ud800"}, "teken"),
    ],
)
def test_a_document_that_cannot_be_described_is_refused(anders: dict[str, Any], melding: str) -> None:
    with pytest.raises(MdtoError, match=melding):
        build_document_mdto(replace(DOCUMENT, **anders))


def test_text_is_text_whatever_it_looks_like() -> None:
    assert vind(lees(build_document_mdto(DOCUMENT)), "naam") == ["Brief <b> & bijlage €"]


@pytest.mark.parametrize(
    ("profiel", "code"),
    [("2b", "fmt/477"), ("2a", "fmt/476"), ("2u", "fmt/478"), ("3b", "fmt/480"), ("1b", "fmt/354"), ("4", "fmt/1910")],
)
def test_a_file_is_known_by_its_pronom_code(profiel: str, code: str) -> None:
    inhoud = lees(build_bestand_mdto(replace(BESTAND, profiel=profiel)))
    assert vind(inhoud, "bestandsformaat/begripCode") == [code]
    assert vind(inhoud, "bestandsformaat/begripBegrippenlijst/verwijzingNaam") == ["PRONOM-register"]


def test_no_two_profiles_share_a_code() -> None:
    assert len(set(PRONOM.values())) == len(PRONOM) == 11


def test_the_checksums_and_size_of_a_file_are_those_of_its_bytes() -> None:
    inhoud = lees(VOORBEELDEN["het bestand van een verklaring"])
    assert vind(inhoud, "omvang") == ["4"]
    assert vind(inhoud, "checksum/checksumAlgoritme/begripLabel") == ["SHA-256", "SHA-512"]
    assert vind(inhoud, "checksum/checksumWaarde") == [
        hashlib.sha256(INHOUD).hexdigest(),
        hashlib.sha512(INHOUD).hexdigest(),
    ]
    assert vind(inhoud, "isRepresentatieVan/verwijzingIdentificatie/identificatieKenmerk") == ["VV-2026-0001"]


@pytest.mark.parametrize(
    ("anders", "melding"),
    [
        ({"profiel": "2x"}, "profiel"),
        ({"omvang_bytes": 0}, "omvang"),
        ({"checksums": ()}, "checksum"),
        ({"checksums": (Checksum("SHA-256", "AB" * 32, "2026-03-02T14:06:00Z"),)}, "past bij"),
        ({"checksums": (Checksum("SHA-512", "ab" * 32, "2026-03-02T14:06:00Z"),)}, "past bij"),
        ({"checksums": (Checksum("MD5", "ab" * 16, "2026-03-02T14:06:00Z"),)}, "past bij"),
    ],
)
def test_a_file_that_cannot_be_described_is_refused(anders: dict[str, Any], melding: str) -> None:
    with pytest.raises(MdtoError, match=melding):
        build_bestand_mdto(replace(BESTAND, **anders))


def test_a_verklaring_is_kept_for_good_and_says_who_agreed_by_function_only() -> None:
    xml = VOORBEELDEN["een verklaring"]
    inhoud = lees(xml)
    assert vind(inhoud, "naam") == ["Verklaring van vervanging VV-2026-0001"]
    assert vind(inhoud, "waardering/begripCode") == ["B"]
    assert vind(inhoud, "event/eventType/begripLabel") == ["Creatie", "Accordering"]
    assert vind(inhoud, "event/eventVerantwoordelijkeActor/verwijzingNaam")[1] == "teamleider DIV"
    assert "Jansen" not in xml.decode()
    assert "DEMONSTRATIE" not in xml.decode()
    assert vind(inhoud, "heeftRepresentatie/verwijzingNaam") == ["VV-2026-0001.pdf"]


def test_a_verklaring_that_corrects_another_says_so_and_a_demonstration_too() -> None:
    inhoud = lees(VOORBEELDEN["een verklaring die een andere vervangt"])
    pad = "gerelateerdInformatieobject/gerelateerdInformatieobjectVerwijzing/verwijzingIdentificatie"
    assert vind(inhoud, f"{pad}/identificatieKenmerk") == ["VN-2025-0004"]
    assert vind(inhoud, "omschrijving")[0] == "DEMONSTRATIE: niet rechtsgeldig."


# --- the judge -------------------------------------------------------------------------------------------------------

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="https://www.nationaalarchief.nl/mdto"
elementFormDefault="qualified"><xs:element name="MDTO"><xs:complexType><xs:sequence>
<xs:element name="naam" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""
GOED = f'<MDTO xmlns="{NAMESPACE}"><naam>x</naam></MDTO>'


@pytest.fixture
def klein_schema(tmp_path: Path) -> Path:
    pad = tmp_path / "klein.xsd"
    pad.write_text(SCHEMA)
    return pad


def test_the_judge_says_which_line_is_wrong(klein_schema: Path) -> None:
    verify_mdto(GOED.encode(), klein_schema)
    with pytest.raises(MdtoError, match="geen MDTO: regel 2"):
        verify_mdto(GOED.replace("<naam>x</naam>", "\n<titel>x</titel>").encode(), klein_schema)


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<MDTO",
        b"\xff\xfe",
        f'<!DOCTYPE MDTO [<!ENTITY e "x">]>{GOED.replace(">x<", ">&e;<")}'.encode(),
        f'<!DOCTYPE MDTO SYSTEM "http://127.0.0.1:9/x.dtd">{GOED}'.encode(),
        f"<!DOCTYPE MDTO>{GOED}".encode(),
    ],
)
def test_broken_xml_and_doctypes_are_refused(klein_schema: Path, xml: bytes) -> None:
    with pytest.raises(MdtoError):
        verify_mdto(xml, klein_schema)


def test_an_entity_is_never_read_from_a_file(klein_schema: Path, tmp_path: Path) -> None:
    (tmp_path / "geheim").write_text("geheim")
    bron = f'<!DOCTYPE MDTO [<!ENTITY e SYSTEM "{(tmp_path / "geheim").as_uri()}">]>{GOED.replace(">x<", ">&e;<")}'
    with pytest.raises(MdtoError) as fout:
        verify_mdto(bron.encode(), klein_schema)
    assert "geheim" not in str(fout.value)


@pytest.mark.parametrize("inhoud", [None, "geen schema", "<xs:schema/>"])
def test_without_a_usable_schema_there_is_no_verdict(tmp_path: Path, inhoud: str | None) -> None:
    pad = tmp_path / "schema.xsd"
    if inhoud is not None:
        pad.write_text(inhoud)
    with pytest.raises(MdtoError, match="niet te gebruiken"):
        verify_mdto(GOED.encode(), pad)
