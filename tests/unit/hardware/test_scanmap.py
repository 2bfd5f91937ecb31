"""Index files as scanners and capture software write them, and as people break them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import IndexbestandError
from hardware.scanmap import Indexregel, is_index, parse_index
from hardware.scanmap.indexregel import MAXIMAAL_REGELS, MAXIMALE_OMVANG_BYTES

KOLOMMEN = {"scheidingsteken": ";", "codering": "utf-8-sig"}


def lees(inhoud: str | bytes, naam: str = "index.csv", **kolommen: str) -> tuple[Indexregel, ...]:
    return parse_index(inhoud if isinstance(inhoud, bytes) else inhoud.encode(), naam, {**KOLOMMEN, **kolommen})


@pytest.mark.parametrize(
    ("naam", "is_er_een"),
    [
        ("index.csv", True),
        ("Post.CSV", True),
        ("scan.pdf.json", True),
        ("scan.pdf.index.xml", True),
        ("BATCH001/INDEX.DAT", True),
        ("00001IDX.DAT", True),
        ("scan.pdf", False),
        ("data.xml", False),
        ("film.dat", False),
    ],
)
def test_an_index_file_is_known_by_its_name(naam: str, is_er_een: bool) -> None:
    assert is_index(naam) is is_er_een


# ------------------------------------------------------------------------------------------- CSV


def test_a_csv_gives_a_line_per_scan() -> None:
    regels = lees(
        "bestand;zaak;titel;bladen;scanoperator;doos\r\n0001.jpg; ZAAK-1 ;Brief;2;balie;D7\r\n\r\n0002.jpg;;;;;\r\n"
    )
    assert regels == (
        Indexregel("0001.jpg", "ZAAK-1", "Brief", 2, "balie", extra={"doos": "D7"}),
        Indexregel("0002.jpg"),
    )


def test_columns_delimiter_and_encoding_come_from_the_profile() -> None:
    inhoud = 'Nr,FILE,"Naam, voluit"\n7,a.tif,"Reünie, deel 2"\n'.encode("cp1252")
    regels = lees(inhoud, scheidingsteken=",", codering="cp1252", bestand="File", zaak="NR", titel="naam, voluit")
    assert regels == (Indexregel("a.tif", "7", "Reünie, deel 2"),)


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert lees("\ufeffbestand\na.jpg\n")[0].bestand == "a.jpg"


def test_a_tsv_has_tabs() -> None:
    for kolommen in ({}, {"scheidingsteken": ";"}):  # the setting is about CSV
        assert parse_index(b"bestand\tzaak\na.jpg\tZ1\n", "x.tsv", kolommen)[0].zaak == "Z1"


@pytest.mark.parametrize(
    ("inhoud", "melding"),
    [
        ("", "is leeg"),
        ("naam;zaak\nx;y\n", "regel 1 geen kolom 'bestand'"),
        ("bestand;zaak\na.jpg;Z1\nb.jpg\n", "op regel 3 1 kolommen"),
        ("bestand;zaak\n;Z1\n", "op regel 2 geen bestand"),
        ("bestand;bladen\na.jpg;twee\n", "aantal bladen op regel 2"),
        ("bestand;bladen\na.jpg;0\n", "aantal bladen op regel 2"),
        ("bestand;bladen\na.jpg;²\n", "aantal bladen op regel 2"),
        ("bestand;bestand\na;b\n", "dezelfde naam"),
        ('bestand;zaak\n"a.jpg;Z1\n', "niet te lezen"),
        ("bestand;zaak\na.jpg;" + "x" * 1001 + "\n", "langer dan 1000"),
        ("bestand;zaak\na.jpg;Z\x1b[31m\n", "stuurtekens"),
        (b"bestand\nre\xfcnie.jpg\n", "cp1252"),
        (b"bestand\na\x00.jpg\n", "geen tekst"),
        ("bestand\n" + "a.jpg\n" * (MAXIMAAL_REGELS + 1), "meer dan 20000 regels"),
        (b"x" * (MAXIMALE_OMVANG_BYTES + 1), "groter dan 4 MB"),
    ],
)
def test_a_broken_csv_is_refused_and_the_line_is_named(inhoud: str | bytes, melding: str) -> None:
    with pytest.raises(IndexbestandError, match=melding):
        lees(inhoud)


def test_an_encoding_that_does_not_exist_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(IndexbestandError, match=r"config\.toml"):
        lees("bestand\na\n", codering="utf-9")


# ------------------------------------------------------------------------------------------- JSON


def test_a_sidecar_is_about_the_file_it_is_named_after() -> None:
    inhoud = (
        '{"bestand": "iets anders", "zaak": "ZAAK-1", "bladen": 3, "kleur": true, "leeg": null, "diep": {"a": [1]}}'
    )
    assert lees(inhoud, "post/scan.PDF.json") == (Indexregel("scan.PDF", "ZAAK-1", bladen=3, extra={"kleur": "ja"}),)


@pytest.mark.parametrize(
    ("inhoud", "melding"),
    [
        ("", "op regel 1 geen geldige JSON"),
        ('{\n"zaak": }', "op regel 2 geen geldige JSON"),
        ("[]", "JSON-object"),
        ('{"zaak": ["a"]}', "'zaak'"),
        ('{"zaak": "a", "zaak": "b"}', "twee keer"),
        ('{"bladen": NaN}', "NaN"),
        ('{"bladen": 1.5}', "aantal bladen"),
        ("[" * 100_000, "geldige JSON"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_broken_sidecar_is_refused(inhoud: str | bytes, melding: str) -> None:
    with pytest.raises(IndexbestandError, match=melding):
        lees(inhoud, "a.pdf.json")


# ------------------------------------------------------------------------------------------- Ricoh

RICOH = """<?xml version="1.0" encoding="UTF-8"?>
<root><page><item name="Document No." value="1"/><item name="Page Number in Document" value="1"/>
<item name="Barcode" value="ZAAK-2026-000123"/><item name="Barcode type" value="CODE39"/>
<item name="User name" value="balie"/></page>
<page><item name="Page Number in Document" value="2"/><item name="Barcode" value=""/></page></root>"""


def test_a_ricoh_index_gives_the_barcode_and_the_user_of_its_scan() -> None:
    assert lees(RICOH, "map/a.pdf.index.xml") == (Indexregel("a.pdf", "ZAAK-2026-000123", scanoperator="balie"),)


def test_two_barcodes_in_one_scan_say_nothing_about_all_of_it() -> None:
    assert lees(RICOH.replace('value=""', 'value="ZAAK-2"'), "a.pdf.index.xml")[0].zaak == ""


@pytest.mark.parametrize(
    ("inhoud", "melding"),
    [
        ("<root><page></root>", "regel 1 geen geldige XML"),
        ("<root></root>", "vorm van Ricoh"),
        ("<html><page/></html>", "vorm van Ricoh"),
        ('<!DOCTYPE r [<!ENTITY a "x">]><root><page>&a;</page></root>', "niet is toegestaan"),
        ('<!DOCTYPE r SYSTEM "file:///etc/passwd"><root><page/></root>', "niet is toegestaan"),
    ],
)
def test_a_broken_or_hostile_ricoh_index_is_refused(inhoud: str, melding: str) -> None:
    with pytest.raises(IndexbestandError, match=melding):
        lees(inhoud, "a.pdf.index.xml")


# ------------------------------------------------------------------------------------------- Kodak


def test_a_kodak_index_with_a_multi_page_file_per_document() -> None:
    regels = lees('"I04t";"01";"0000000001";"0000000004";"C12345";;"378""65"\r\n', "INDEX.DAT", zaak="veld1")
    assert regels == (Indexregel("00000001", "C12345", document="1", extra={"beelden": "4", "veld3": '378"65'}),)


def test_a_kodak_index_with_a_file_per_image() -> None:
    regels = lees('"I02r";"01";"0000000002";" 0000000005";" 0000000006";"B2"\n', "INDEX.DAT", zaak="veld1")
    assert [(r.bestand, r.document, r.zaak) for r in regels] == [("00000005", "2", "B2"), ("00000006", "2", "B2")]


def test_a_kodak_index_with_a_folder_per_document() -> None:
    assert lees('"I05u";"01";"0000000003";"B2"\n', "INDEX.DAT")[0].bestand == "00000003/*"
    regel = lees('"I01q";"01";"0000000001";"0000000058";"0000000087";"37865"\n', "B1/00000001/IDX.DAT", zaak="veld1")[0]
    assert (regel.bestand, regel.zaak, regel.extra) == ("B1/00000001/*", "37865", {"paginas": "58", "beelden": "87"})


@pytest.mark.parametrize(
    ("inhoud", "melding"),
    [
        ("", "leeg"),
        ('"I04t";"01";"0000000001"\n', "op regel 1 niet de vorm"),
        ('"I99x";"01";"1";"1"\n', "op regel 1 niet de vorm"),
        ('"I04t";"02";"1";"1"\n', "op regel 1 niet de vorm"),
        ('"I04t";"01";"een";"1"\n', "op regel 1 tekst waar een getal hoort"),
        ('"I02r";"01";"1";"1";"9999999999"\n', "meer dan 20000"),
    ],
)
def test_a_broken_kodak_index_is_refused(inhoud: str, melding: str) -> None:
    with pytest.raises(IndexbestandError, match=melding):
        lees(inhoud, "INDEX.DAT")


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode),
    st.sampled_from(["a.csv", "a.json", "a.index.xml", "INDEX.DAT"]),
)
def test_whatever_bytes_come_the_answer_is_lines_or_an_expected_error(inhoud: bytes, naam: str) -> None:
    try:
        regels = lees(inhoud, naam)
    except IndexbestandError as exc:
        assert str(exc).endswith(".")
    else:
        assert all(regel.bestand for regel in regels)
