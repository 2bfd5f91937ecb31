"""The schema of an event is closed: nothing enters the log that nobody defined."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernietiging.errors import GebeurtenisError
from vernietiging.gebeurtenis import (
    SCHEMAS,
    Gebeurtenis,
    Veld,
    canonical_json,
    find_objecten,
    find_regels,
    parse_blad,
    verify_gebeurtenis,
    verpak,
)

VOORBEELDEN: dict[Veld, Any] = {
    Veld.HASH: "ab" * 32,
    Veld.OBJECT: "cd" * 32,
    Veld.VERPAKT: "ef" * 32,
    Veld.GETAL: 3,
    Veld.REGEL: 7,
    Veld.WOORD: "scheidingsblad",
    Veld.DAG: "2026-03-02",
    Veld.TIJD: "2026-03-02T14:05:11Z",
    Veld.ID: "4f9f3c7e-6a55-4a43-9a32-0d3a9c1f2b11",
    Veld.JANEE: True,
}


def build_gebeurtenis(soort: str = "aflevering.bevestigd", versie: int = 1) -> Gebeurtenis:
    schema = SCHEMAS[(soort, versie)]
    return Gebeurtenis(
        id=UUID(int=1),
        soort=soort,
        versie=versie,
        actor=UUID(int=2),
        onderwerp=UUID(int=3),
        op="2026-03-02T14:05:11.123Z",
        gegevens={naam: VOORBEELDEN[veld] for naam, veld in schema.items()},
    )


@pytest.mark.parametrize(("soort", "versie"), SCHEMAS)
def test_every_kind_has_an_example_that_passes_and_reads_back(soort: str, versie: int) -> None:
    gebeurtenis = verify_gebeurtenis(build_gebeurtenis(soort, versie))
    assert json.loads(gebeurtenis.to_bytes())["gegevens"] == dict(gebeurtenis.gegevens)


@pytest.mark.parametrize(("soort", "versie"), SCHEMAS)
def test_an_extra_or_missing_field_is_refused(soort: str, versie: int) -> None:
    goed = build_gebeurtenis(soort, versie)
    with pytest.raises(GebeurtenisError, match="afgesproken velden"):
        verify_gebeurtenis(replace(goed, gegevens={**goed.gegevens, "ook": "ab"}))
    for naam in goed.gegevens:
        kaal = {sleutel: waarde for sleutel, waarde in goed.gegevens.items() if sleutel != naam}
        with pytest.raises(GebeurtenisError, match="afgesproken velden"):
            verify_gebeurtenis(replace(goed, gegevens=kaal))


@pytest.mark.parametrize("waarde", [None, 1.5, -1, 2**53, "AB" * 32, "Jan de Vries", "", "not-a-uuid", [], {}])
@pytest.mark.parametrize(("soort", "versie"), SCHEMAS)
def test_a_value_outside_its_kind_is_refused(soort: str, versie: int, waarde: Any) -> None:
    goed = build_gebeurtenis(soort, versie)
    for naam, veld in SCHEMAS[(soort, versie)].items():
        if veld is Veld.WOORD and waarde == "not-a-uuid":
            continue  # that is a fine word
        with pytest.raises(GebeurtenisError):
            verify_gebeurtenis(replace(goed, gegevens={**goed.gegevens, naam: waarde}))


def test_what_is_packed_can_be_checked_with_its_key_and_not_guessed_without() -> None:
    sleutel = bytes(range(32))
    verpakt = verpak(sleutel, {"naam": "Anna de Boer"})
    assert (
        verpakt == "7d33530230e3eb83029c5235869ecc8a0456a1bfaa19280a748e6503c3e7075f"
    )  # openssl dgst -mac HMAC says the same
    assert verpakt == verpak(sleutel, {"naam": "Anna de Boer"})
    assert verpakt != verpak(sleutel, {"naam": "Anna de Boar"})
    assert verpakt != verpak(bytes(32), {"naam": "Anna de Boer"})


def test_the_earlier_lines_that_an_event_refers_to_are_known() -> None:
    gebeurtenis = build_gebeurtenis("vernietiging.opgedragen")
    assert find_regels(gebeurtenis) == (7, 7)
    assert find_regels(build_gebeurtenis("batch.ontvangen")) == ()


def test_an_unknown_kind_or_version_is_refused() -> None:
    goed = build_gebeurtenis()
    for anders in (replace(goed, soort="batch.gewist"), replace(goed, versie=2), replace(goed, op="gisteren")):
        with pytest.raises(GebeurtenisError):
            verify_gebeurtenis(anders)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), st.integers(0, 99) | st.booleans()))
def test_canonical_bytes_do_not_depend_on_the_order_of_the_keys(waarde: dict[str, Any]) -> None:
    omgekeerd = dict(reversed(list(waarde.items())))
    assert canonical_json(waarde) == canonical_json(omgekeerd)
    assert json.loads(canonical_json(waarde)) == waarde


@pytest.mark.parametrize("waarde", [1.0, None, {"é": 1}, "e\u0301", b"x", 2**53])
def test_what_rfc_8785_could_write_in_two_ways_is_refused(waarde: Any) -> None:
    with pytest.raises(GebeurtenisError):
        canonical_json([waarde])


@pytest.mark.parametrize(("soort", "versie"), SCHEMAS)
def test_a_leaf_is_read_in_its_one_form_and_in_no_other(soort: str, versie: int) -> None:
    goed = build_gebeurtenis(soort, versie)
    blad = goed.to_bytes()
    assert parse_blad(blad) == goed
    inhoud = json.loads(blad)
    nummer = f'"versie":{versie}'.encode()
    anders = [
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        blad + b"\n",
        json.dumps(inhoud).encode(),
        json.dumps(inhoud, sort_keys=False, separators=(",", ":")).encode()[:-1] + b',"id":"x"}',
        blad.replace(nummer, nummer + b".0"),
        blad.replace(nummer, b'"versie":true'),
        blad.replace(nummer, b'"versie":NaN'),
        blad.replace(str(goed.id).encode(), str(goed.id).upper().replace("-", "").encode()),
        json.dumps({**inhoud, "extra": 1}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({**inhoud, "soort": ["x"]}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({**inhoud, "gegevens": []}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({**inhoud, "op": 3}, sort_keys=True, separators=(",", ":")).encode(),
        b"\xff" + blad,
    ]
    for vals in anders:
        with pytest.raises(GebeurtenisError):
            parse_blad(vals)


@st.composite
def gebeurtenissen(draw: st.DrawFn) -> Gebeurtenis:
    """Events with any values their schema allows."""
    soort, versie = draw(st.sampled_from(sorted(SCHEMAS)))
    waarden: dict[Veld, st.SearchStrategy[Any]] = {
        Veld.HASH: st.binary(min_size=32, max_size=32).map(bytes.hex),
        Veld.OBJECT: st.binary(min_size=32, max_size=32).map(bytes.hex),
        Veld.VERPAKT: st.binary(min_size=32, max_size=32).map(bytes.hex),
        Veld.GETAL: st.integers(0, 2**53 - 1),
        Veld.REGEL: st.integers(0, 2**53 - 1),
        Veld.DAG: st.dates().map(str) | st.just("onbepaald"),
        Veld.TIJD: st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
        Veld.WOORD: st.from_regex(r"[a-z0-9_.:-]{1,80}", fullmatch=True),
        Veld.ID: st.uuids().map(str),
        Veld.JANEE: st.booleans(),
    }
    gegevens = {naam: draw(waarden[veld]) for naam, veld in SCHEMAS[soort, versie].items()}
    tijd = draw(st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"))
    return Gebeurtenis(draw(st.uuids()), soort, versie, draw(st.uuids()), draw(st.uuids()), tijd, gegevens)


@given(gebeurtenissen(), st.data())
def test_the_pattern_of_a_leaf_passes_what_the_schema_passes_and_no_byte_more(
    gebeurtenis: Gebeurtenis, data: st.DataObject
) -> None:
    blad = verify_gebeurtenis(gebeurtenis).to_bytes()
    assert parse_blad(blad) == gebeurtenis
    plek = data.draw(st.integers(0, len(blad) - 1))
    anders = blad[:plek] + data.draw(st.binary(max_size=2)) + blad[plek + 1 :]
    try:
        gelezen = parse_blad(anders)
    except GebeurtenisError:
        return
    assert verify_gebeurtenis(gelezen).to_bytes() == anders


@pytest.mark.parametrize("getal", ["9007199254740992", "9999999999999999", "00", "-1", "1e3", "+1", "1.0", " 1"])
def test_a_number_that_is_too_large_or_spelled_otherwise_is_refused(getal: str) -> None:
    blad = build_gebeurtenis("bewerking").to_bytes()
    parse_blad(blad.replace(b'"nummer":3', b'"nummer":9007199254740991'))
    with pytest.raises(GebeurtenisError):
        parse_blad(blad.replace(b'"nummer":3', f'"nummer":{getal}'.encode()))


@pytest.mark.parametrize(
    "tijd",
    ["2026-13-02T14:05:11Z", "2026-00-02T14:05:11Z", "2026-01-32T14:05:11Z", "2026-01-02T24:05:11Z",
     "2026-01-02T14:60:11Z", "2026-01-02T14:05:11+00:00", "2026-01-02T14:05:11.1234567Z", "\u0662026-01-02T14:05:11Z"],
)  # fmt: skip
def test_a_time_that_is_none_is_refused(tijd: str) -> None:
    with pytest.raises(GebeurtenisError, match="tijd"):
        verify_gebeurtenis(replace(build_gebeurtenis(), op=tijd))


@pytest.mark.parametrize(
    "anders", [{"soort": 3}, {"versie": True}, {"versie": "1"}, {"gegevens": ["pdf"]}, {"op": 20260302}]
)
def test_what_has_not_the_form_of_an_event_is_refused(anders: dict[str, Any]) -> None:
    with pytest.raises(GebeurtenisError, match="heeft geen"):
        verify_gebeurtenis(replace(build_gebeurtenis(), **anders))


def test_an_event_that_is_too_long_is_refused_whatever_schema_would_allow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vernietiging.gebeurtenis.MAXIMUM_BYTES", 100)
    with pytest.raises(GebeurtenisError, match="groter dan 100 bytes"):
        verify_gebeurtenis(build_gebeurtenis())
    with pytest.raises(GebeurtenisError, match="vaste vorm"):
        parse_blad(build_gebeurtenis().to_bytes())


def test_the_same_key_twice_is_refused_whichever_would_count() -> None:
    blad = build_gebeurtenis().to_bytes()
    with pytest.raises(GebeurtenisError):
        parse_blad(blad[:-1] + b',"versie":1}')


def test_what_an_event_says_of_stored_files_can_be_looked_up() -> None:
    assert find_objecten(build_gebeurtenis("documentversie.gearchiveerd")) == ("cd" * 32, "cd" * 32)
    assert find_objecten(build_gebeurtenis("batch.ontleed")) == ()


def test_the_format_page_lists_every_kind_with_its_fields() -> None:
    pagina = (Path(__file__).parents[3] / "docs" / "logboekformaat.md").read_text(encoding="utf-8")
    for (soort, versie), schema in SCHEMAS.items():
        velden = ", ".join(f"`{naam}` {veld.name.lower()}" for naam, veld in sorted(schema.items())) or "geen"
        assert f"| `{soort}` | {versie} | {velden} |" in pagina
    assert len(re.findall(r"^\| `[a-z_.]+` \| [0-9]+ \| ", pagina, re.MULTILINE)) == len(SCHEMAS)
