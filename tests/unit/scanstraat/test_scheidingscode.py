"""What stands in the code of a scheidingsblad comes back exactly, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanstraat.errors import ScheidingsbladError
from scanstraat.scheidingscode import Bladsoort, Scheidingsblad, build_code, is_scheidingscode, parse_code

DOCUMENTBLAD = Scheidingsblad(Bladsoort.DOCUMENTBLAD, zaak="ZAAK-2026-000123", bladen=3)

zichtbaar = st.characters(exclude_categories=("C", "Z"), include_characters=" :%/_")
naam = st.text(zichtbaar, max_size=40).map(str.strip)
zaaknummer = naam.filter(bool)
aantal = st.none() | st.integers(1, 9999)
elk_blad = st.one_of(
    st.builds(Scheidingsblad, st.just(Bladsoort.DOCUMENTBLAD), zaak=zaaknummer, bladen=aantal),
    st.builds(Scheidingsblad, st.just(Bladsoort.BATCHBLAD), batch=naam, bladen=aantal, scanoperator=naam, profiel=naam),
    st.builds(Scheidingsblad, st.just(Bladsoort.BIJLAGEBLAD), bladen=aantal),
    st.builds(Scheidingsblad, st.just(Bladsoort.EINDBLAD)),
)


@given(elk_blad)
def test_every_sheet_is_read_back_as_it_was_made(blad: Scheidingsblad) -> None:
    code = build_code(blad)
    assert is_scheidingscode(code)
    assert parse_code(code) == blad


def test_the_format_of_a_code_is_fixed() -> None:
    assert build_code(DOCUMENTBLAD) == "SB1:D:ZAAK-2026-000123:3:::2YPLE5"  # printed sheets stay in use for years


@pytest.mark.parametrize("positie", range(len(build_code(DOCUMENTBLAD))))
def test_every_changed_character_is_found(positie: int) -> None:
    code = build_code(DOCUMENTBLAD)
    ander = "X" if code[positie] != "X" else "Y"
    with pytest.raises(ScheidingsbladError):
        parse_code(code[:positie] + ander + code[positie + 1 :])


@pytest.mark.parametrize("lengte", range(len(build_code(DOCUMENTBLAD))))
def test_a_code_that_is_cut_off_is_found(lengte: int) -> None:
    with pytest.raises(ScheidingsbladError):
        parse_code(build_code(DOCUMENTBLAD)[:lengte])


def test_a_sheet_of_a_later_version_is_ours_but_not_believed() -> None:
    code = "SB2" + build_code(DOCUMENTBLAD)[3:]
    assert is_scheidingscode(code)
    with pytest.raises(ScheidingsbladError, match="andere versie"):
        parse_code(code)


@pytest.mark.parametrize("tekst", ["", "PATCHT", "ZAAK-2026-000123", "sb1:D:x", "SB:D", "BCD\n002\n1\nSCT", "XSB1:D:"])
def test_codes_of_others_are_not_ours(tekst: str) -> None:
    assert not is_scheidingscode(tekst)


@pytest.mark.parametrize(
    ("soort", "velden", "melding"),
    [
        (Bladsoort.DOCUMENTBLAD, {}, "hoort een zaaknummer"),
        (Bladsoort.DOCUMENTBLAD, {"zaak": "X" * 41}, "40 tekens"),
        (Bladsoort.DOCUMENTBLAD, {"zaak": "A", "bladen": 0}, "tussen 1 en"),
        (Bladsoort.DOCUMENTBLAD, {"zaak": "A\n"}, "regeleinden"),
        (Bladsoort.DOCUMENTBLAD, {"zaak": "A", "scanoperator": "B"}, "Alleen op een Batchblad"),
        (Bladsoort.BIJLAGEBLAD, {"zaak": "A"}, "Alleen op een Documentblad"),
        (Bladsoort.EINDBLAD, {"bladen": 2}, "Eindblad"),
        (Bladsoort.BATCHBLAD, {"scanoperator": "x" * 41}, "40 tekens"),
    ],
)
def test_a_sheet_that_cannot_be_right_is_refused_with_the_reason(
    soort: Bladsoort, velden: dict[str, object], melding: str
) -> None:
    with pytest.raises(ScheidingsbladError, match=melding):
        Scheidingsblad(soort, **velden)  # type: ignore[arg-type]
