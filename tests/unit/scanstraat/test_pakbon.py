"""A pakbon says what is in a transfer, and a name in a transfer is one that every archive takes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from scanstraat.errors import MdtoError
from scanstraat.pakbon import Pakbon, build_naam, render_pakbon_json, render_pakbon_xml

PAKBON = Pakbon(
    kenmerk="4f9f3c7e-6a55-4a43-9a32-0d3a9c1f2b11",
    titel="Levering <1> & meer",
    doellocatie="Archief Gemeente Voorbeeld",
    hashalgoritme="SHA-256",
    hashwaarde="a" * 64,
    hashbestand="inhoud.sha256",
    gemaakt_op="2026-11-20T10:21:00.000Z",
    organisatie="Gemeente Voorbeeld",
    rsin="000000000",
    contact="informatiebeheer",
    aantal_informatieobjecten=4,
    aantal_bestanden=22,
    aantal_geen_mdto=9,
    omvang_geen_mdto_bytes=12_345,
    bijzonderheden=("een", "twee"),
)


def test_both_forms_of_a_pakbon_say_the_same() -> None:
    gegevens = json.loads(render_pakbon_json(PAKBON))
    xml = etree.fromstring(render_pakbon_xml(PAKBON))
    assert [deel.text for deel in xml.findall("bijzonderheid")] == gegevens.pop("bijzonderheden") == ["een", "twee"]
    assert xml.get("schema") == gegevens.pop("schema")
    assert {deel.tag: deel.text for deel in xml if deel.tag != "bijzonderheid"} == {
        naam: str(waarde) for naam, waarde in gegevens.items()
    }


def test_a_sign_that_cannot_stand_in_xml_is_refused() -> None:
    with pytest.raises(MdtoError):
        render_pakbon_xml(replace(PAKBON, titel="a\x00b"))


@given(st.lists(st.text(max_size=200), max_size=20))
def test_names_are_allowed_everywhere_and_never_the_same(teksten: list[str]) -> None:
    namen: list[str] = []
    for tekst in teksten:
        namen.append(build_naam(tekst, namen))
    assert len({naam.casefold() for naam in namen}) == len(namen)
    for naam in namen:
        assert naam.isascii()
        assert not set(naam) & set('<>:"/\\|?*#&. ')
        assert 0 < len(naam) <= 100


def test_a_name_looks_like_what_it_is_made_from() -> None:
    assert build_naam("ZAAK-2026-000123", []) == "ZAAK-2026-000123"
    assert build_naam("Z/2026: café & co.", []) == "Z-2026-cafe-co"
    assert build_naam("zaak-1", ["ZAAK-1"]) == "zaak-1-2"
    assert build_naam("???", []) == "zonder-naam"
