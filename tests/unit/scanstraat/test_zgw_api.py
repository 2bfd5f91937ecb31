"""Reading answers of the ZGW APIs and deciding on them: pure, so on values alone."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanstraat.errors import ZaaksysteemNietBereikbaarError
from scanstraat.zaaksysteem import Inhoud
from scanstraat.zaaksysteem.zgw_api import (
    Inhoudstaat,
    Type,
    choose_type,
    decide_inhoudstaat,
    parse_document,
    parse_type,
    parse_zaak,
)
from scanstraat.zaaksysteem.zgw_levering import Stuk
from scanstraat.zaaksysteem.zgw_verbinding import _header_text

SHA = "ab" * 32
INHOUD = Inhoud(lambda: io.BytesIO(b""), 10, SHA)
DOCUMENT: dict[str, Any] = {
    "url": "https://oz/documenten/api/v1/enkelvoudiginformatieobjecten/1",
    "versie": 2,
    "informatieobjecttype": "https://oz/catalogi/api/v1/informatieobjecttypen/1",
    "beginRegistratie": "2026-03-02T14:05:11Z",
    "bestandsomvang": 10,
    "inhoud": "https://oz/documenten/api/v1/enkelvoudiginformatieobjecten/1/download?versie=2",
    "integriteit": {"algoritme": "sha_256", "waarde": SHA.upper(), "datum": "2026-03-02"},
    "locked": False,
    "bestandsdelen": [],
}
DELEN = [
    {"url": f"https://oz/d/{n}", "volgnummer": n, "omvang": omvang, "voltooid": n == 1, "lock": "slot"}
    for n, omvang in ((2, 4), (3, 2), (1, 4))
]
HALF = {**DOCUMENT, "inhoud": None, "locked": True, "bestandsdelen": DELEN}


def test_a_document_is_read() -> None:
    document = parse_document(DOCUMENT)
    assert (document.versie, document.omvang_bytes, document.sha256) == (2, 10, SHA)
    assert document.inhoud_url == DOCUMENT["inhoud"]
    assert decide_inhoudstaat(document, INHOUD) is Inhoudstaat.GELIJK


def test_parts_are_put_in_order_because_the_server_does_not() -> None:
    document = parse_document(HALF)
    assert [deel.volgnummer for deel in document.delen] == [1, 2, 3]
    assert decide_inhoudstaat(document, INHOUD) is Inhoudstaat.ONAF


@pytest.mark.parametrize(
    "anders",
    [
        {"bestandsomvang": 11},
        {"bestandsomvang": None},
        {"integriteit": {"algoritme": "sha_256", "waarde": "cd" * 32, "datum": "2026-03-02"}},
        {"integriteit": {"algoritme": "md5", "waarde": SHA, "datum": "2026-03-02"}},
        {"integriteit": None},
        {"inhoud": None},
        {"inhoud": ""},
        {"inhoud": None, "locked": True, "bestandsdelen": DELEN[:2]},  # parts that do not add up
        {"inhoud": None, "locked": False, "bestandsdelen": DELEN},  # somebody forced the lock off
    ],
)
def test_anything_less_than_our_bytes_is_something_else(anders: dict[str, Any]) -> None:
    assert decide_inhoudstaat(parse_document({**DOCUMENT, **anders}), INHOUD) is Inhoudstaat.ANDERS


@pytest.mark.parametrize("veld", ["url", "versie", "informatieobjecttype", "beginRegistratie"])
@pytest.mark.parametrize("waarde", [None, "", [], -1, True])
def test_a_document_without_what_it_must_have_is_no_answer(veld: str, waarde: object) -> None:
    with pytest.raises(ZaaksysteemNietBereikbaarError, match=veld):
        parse_document({**DOCUMENT, veld: waarde})


def test_a_zaak_and_a_type_are_read_or_refused() -> None:
    zaak = {"url": "u", "identificatie": "Z", "zaaktype": "t", "startdatum": "2026-01-05", "einddatum": None}
    assert parse_zaak(zaak).einddatum is None
    assert parse_zaak({**zaak, "einddatum": "2026-02-01"}).einddatum == date(2026, 2, 1)
    with pytest.raises(ZaaksysteemNietBereikbaarError):
        parse_zaak({**zaak, "einddatum": "binnenkort"})
    type_ = {"url": "u", "omschrijving": "Brief", "beginGeldigheid": "2026-01-01", "eindeGeldigheid": None}
    assert parse_type(type_) == Type("u", "Brief", date(2026, 1, 1), None)
    with pytest.raises(ZaaksysteemNietBereikbaarError):
        parse_type({**type_, "beginGeldigheid": None})


OUD = Type("oud", "Brief", date(2020, 1, 1), date(2025, 12, 31))
NU = Type("nu", "Brief", date(2026, 1, 1), None)
STRAKS = Type("straks", "Brief", date(2027, 1, 1), None)
VANDAAG, START = date(2026, 3, 2), date(2025, 6, 1)


@pytest.mark.parametrize(
    ("typen", "gekozen"),
    [
        ((OUD, NU, STRAKS), NU),
        ((OUD, STRAKS), OUD),  # the zaak began under it
        ((STRAKS,), None),
        ((replace(OUD, einde=date(2025, 5, 31)),), None),
        ((replace(OUD, omschrijving="brief"),), None),
        ((NU, replace(NU, url="nieuwer", begin=date(2026, 2, 1))), replace(NU, url="nieuwer", begin=date(2026, 2, 1))),
        ((), None),
    ],
)
def test_the_type_in_force_is_chosen(typen: tuple[Type, ...], gekozen: Type | None) -> None:
    assert choose_type(typen, "Brief", vandaag=VANDAAG, startdatum=START) == gekozen


def test_the_last_day_of_a_type_still_counts() -> None:
    assert OUD.geldt_op(date(2025, 12, 31))
    assert not OUD.geldt_op(date(2026, 1, 1))


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 300), st.integers(1, 50))
def test_a_slice_of_a_stream_reads_as_a_file_of_its_own(bytes_: bytes, begin: int, lengte: int, blok: int) -> None:
    lengte = min(lengte, max(0, len(bytes_) - begin))
    stuk = io.BufferedReader(Stuk(io.BytesIO(bytes_), begin, lengte), blok)
    for _ in range(2):  # a request that is repeated starts again at the beginning
        stuk.seek(0)
        assert stuk.read() == bytes_[begin : begin + lengte]
    assert stuk.seek(0, io.SEEK_END) == lengte
    assert stuk.read() == b""


@given(st.text())
def test_any_text_fits_in_a_header(tekst: str) -> None:
    kop = _header_text(tekst)
    assert kop.isascii()
    assert kop.isprintable()
    assert len(kop) <= 250
