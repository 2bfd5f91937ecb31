"""besluit.toml: the example is complete, and what is wrong in a file is said at once and in Dutch."""

from __future__ import annotations

import copy
import os
import re
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from scanstraat.besluitbestand import (
    MAXIMUM_BYTES,
    VOORBEELD,
    AspectenDeel,
    Besluitbestand,
    BesluitDeel,
    ControletermijnDeel,
    ReikwijdteDeel,
    SteekproefDeel,
    UitsluitingDeel,
    read_besluit,
)
from scanstraat.errors import BesluitbestandError
from scanstraat.invoerfouten import MEESTE_FOUTEN
from vernietiging.vervangingsbesluit import Aspecten, Regime, Uitsluiting, Vervangingsbesluit

WORTEL = Path(__file__).resolve().parents[3]
TEKST = (WORTEL / VOORBEELD).read_text(encoding="utf-8")
INHOUD = tomllib.loads(TEKST)
DELEN: dict[tuple[str, ...], type[BaseModel]] = {
    (): Besluitbestand,
    ("besluit",): BesluitDeel,
    ("reikwijdte",): ReikwijdteDeel,
    ("controletermijn",): ControletermijnDeel,
    ("steekproef",): SteekproefDeel,
    ("aspecten",): AspectenDeel,
}


def render_toml(waarde: Any) -> str:
    """Write a value inline, as TOML reads it."""
    if isinstance(waarde, dict):
        return "{" + ", ".join(f'"{naam}" = {render_toml(deel)}' for naam, deel in waarde.items()) + "}"
    if isinstance(waarde, list):
        return "[" + ", ".join(render_toml(deel) for deel in waarde) + "]"
    if isinstance(waarde, bool):
        return str(waarde).lower()
    if isinstance(waarde, str):
        veilig = "".join(
            f"\\u{ord(teken):04x}" if teken in '"\\' or not teken.isprintable() else teken for teken in waarde
        )
        return f'"{veilig}"'
    return waarde.isoformat() if isinstance(waarde, date | time) else str(waarde)


def read(map_: Path, inhoud: dict[str, Any] | bytes) -> Vervangingsbesluit:
    pad = map_ / "besluit.toml"
    if isinstance(inhoud, bytes):
        pad.write_bytes(inhoud)
    else:
        pad.write_text("".join(f'"{naam}" = {render_toml(deel)}\n' for naam, deel in inhoud.items()), encoding="utf-8")
    return read_besluit(pad)


def change(*wijzigingen: tuple[str, Any]) -> dict[str, Any]:
    """Return the example with other values; None takes a key out."""
    inhoud = copy.deepcopy(INHOUD)
    for plaats, waarde in wijzigingen:
        houder = inhoud
        *weg, laatste = plaats.split(".")
        for deel in weg:
            houder = houder[deel]
        if waarde is None:
            del houder[laatste]
        else:
            houder[laatste] = waarde
    return inhoud


def read_fout(map_: Path, inhoud: dict[str, Any] | bytes) -> str:
    with pytest.raises(BesluitbestandError) as gevangen:
        read(map_, inhoud)
    assert gevangen.value.exitcode == 2
    return str(gevangen.value)


# --- the example -----------------------------------------------------------------------------------------------------


def test_the_example_is_read_as_it_says(tmp_path: Path) -> None:
    besluit = read_besluit(WORTEL / VOORBEELD)
    assert (besluit.nummer, besluit.regime, besluit.geldig_tot) == ("2026-VB-01", Regime.ARCHIEFWET_1995, None)
    assert besluit.reikwijdte.uitsluitingen[0] == Uitsluiting(
        "zaaktype", "Aankoop onroerend goed", "De notariële akte blijft het origineel."
    )
    assert besluit.find_buiten_reikwijdte("vergunningen", "Bouw", "Ingekomen stuk") == ()
    assert Vervangingsbesluit.from_json(besluit.to_json()) == besluit
    assert read(tmp_path, INHOUD) == besluit  # what the tests below write is read as the file itself


def test_every_key_stands_in_the_example_with_an_explanation() -> None:
    regels = TEKST.splitlines()
    uitgelegd = set()
    for vorige, regel in zip(["", *regels], regels, strict=False):
        if sleutel := re.match(r"(?:# )?([a-z_]+) = \S", regel):
            if re.search(r" # .{5,}", regel.removeprefix("# ")) or re.match(r"# [^=]{10,}$", vorige):
                uitgelegd.add(sleutel[1])
        elif (onderdeel := re.match(r"\[+(?:reikwijdte\.)?([a-z_]+)\]+", regel)) and ("#" in regel or "#" in vorige):
            uitgelegd.add(onderdeel[1])
    modellen: list[type[BaseModel]] = [*DELEN.values(), UitsluitingDeel]
    sleutels = {sleutel for model in modellen for sleutel in model.model_fields}
    assert sleutels - uitgelegd - {"besluit"} == set()


def test_what_the_example_calls_optional_may_be_left_out_and_nothing_else() -> None:
    mag_weg = set(re.findall(r"^(?:# )?([a-z_]+) = .*Mag weg", TEKST, flags=re.MULTILINE))
    niet_verplicht = {
        sleutel
        for model in DELEN.values()
        for sleutel, veld in model.model_fields.items()
        if not veld.is_required() and sleutel != "uitsluitingen"
    }
    assert mag_weg == niet_verplicht


def test_a_default_in_the_example_is_the_default() -> None:
    for model in DELEN.values():
        for sleutel, veld in model.model_fields.items():
            genoemd = re.search(rf"^{sleutel} = .*Mag weg: (\"?[\w.-]+\"?)\.$", TEKST, flags=re.MULTILINE)
            if genoemd and genoemd[1] not in {"alle", "geen"}:
                assert tomllib.loads(f"x = {genoemd[1]}")["x"] == veld.default, sleutel


def test_file_and_besluit_have_the_same_keys() -> None:
    besluit = set(BesluitDeel.model_fields) | set(Besluitbestand.model_fields) - {"besluit"}
    assert besluit == set(Vervangingsbesluit.__dataclass_fields__)
    delen: tuple[Any, ...] = (ReikwijdteDeel, ControletermijnDeel, SteekproefDeel, AspectenDeel, UitsluitingDeel)
    for model in delen:
        assert list(model.model_fields) == list(model.regels_van.__dataclass_fields__)


def test_every_allowed_word_stands_in_the_example_or_in_its_range() -> None:
    genoemd = set(re.findall(r'"([^"]*)"', TEKST)) | {f"P-{n}" for n in range(1, 8)} | {f"S-{n}" for n in range(1, 5)}
    for model, sleutel in (
        (ControletermijnDeel, "eenheid"),
        (ControletermijnDeel, "start"),
        (SteekproefDeel, "niveau"),
    ):
        assert set(get_args(model.model_fields[sleutel].annotation)) <= genoemd
    assert set(get_args(UitsluitingDeel.model_fields["soort"].annotation)) | set(Regime) <= genoemd


# --- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wijzigingen", "zin"),
    [
        ([("besluit.nummmer", "x")], "besluit.nummmer is onbekend; bedoelt u nummer?"),
        ([("aspeten", {})], "aspeten is onbekend; bedoelt u aspecten?"),
        ([("reikwijdte.zaaktype", [])], "reikwijdte.zaaktype is onbekend; bedoelt u zaaktypen?"),
        (
            [("reikwijdte.uitsluitingen", [{"soort": "zaaktype", "waarde": "x", "reden": "y", "redenen": "z"}])],
            "reikwijdte.uitsluitingen nummer 1: redenen is onbekend; bedoelt u reden?",
        ),
        ([("besluit.nummer", None)], "besluit.nummer: ontbreekt"),
        ([("steekproef", None)], "steekproef: ontbreekt"),
        ([("besluit.nummer", " ")], "besluit.nummer: mag niet leeg zijn"),
        ([("besluit.nummer", 12)], "besluit.nummer: moet tekst tussen aanhalingstekens zijn"),
        ([("besluit.versie", "1")], "besluit.versie: moet een heel getal zijn"),
        ([("besluit.versie", 0)], "besluit.versie: moet van 1 tot en met 9999 zijn"),
        ([("besluit.datum", "2026-03-10")], "besluit.datum: moet een datum zijn zonder aanhalingstekens"),
        ([("besluit.datum", datetime(2026, 3, 10, tzinfo=UTC))], "besluit.datum: moet een datum zijn zonder"),
        ([("besluit.gepubliceerd_op", date(2026, 3, 9))], "besluit.gepubliceerd_op: ligt voor de datum"),
        ([("besluit.publicatie", None)], "besluit.publicatie: mag niet leeg zijn als gepubliceerd_op is ingevuld"),
        ([("besluit.gepubliceerd_op", None)], "besluit.publicatie: hoort leeg te zijn"),
        ([("besluit.geldig_tot", date(2026, 4, 1))], "besluit.geldig_tot: moet na geldig_van liggen"),
        ([("besluit.regime", "1962")], "besluit.regime: moet een van deze waarden zijn: '1995' of '2026'"),
        ([("besluit.regime", 1995)], "besluit.regime: moet een van deze waarden zijn: '1995' of '2026'"),
        ([("besluit.regime", "2026")], "besluit.beheerregels: mag niet leeg zijn onder de Archiefwet 2026"),
        ([("besluit.din_niveau", "P-8")], "'P-1', 'P-2', 'P-3', 'P-4', 'P-5', 'P-6' of 'P-7'"),
        ([("steekproef.niveau", "IV")], "steekproef.niveau: moet een van deze waarden zijn: 'I', 'II', 'III', 'S-1'"),
        ([("steekproef.aql_ernstig", "0,65")], "steekproef.aql_ernstig: moet een van deze waarden zijn: '0', '0.010'"),
        ([("steekproef.aql_ernstig", 0.65)], "steekproef.aql_ernstig: moet een van deze waarden zijn: '0', '0.010'"),
        ([("steekproef.aql_kritiek", "1.0")], 'steekproef.aql_kritiek: moet "0" zijn'),
        ([("steekproef.alles", "nee")], "steekproef.alles: moet true of false zijn"),
        ([("controletermijn.eenheid", "weken")], "'dagen', 'werkdagen', 'maanden' of 'scanmaand'"),
        ([("controletermijn.aantal", -1)], "controletermijn.aantal: moet van 0 tot en met 3660 zijn"),
        ([("controletermijn.aantal", 1.0)], "controletermijn.aantal: moet een heel getal zijn"),
        ([("controletermijn.extra_dagen", 42)], 'controletermijn.extra_dagen: mag alleen als de start "publicatie" is'),
        (
            [("controletermijn.eenheid", "scanmaand"), ("controletermijn.start", "goedkeuring")],
            'controletermijn.start: moet "scan" zijn als de eenheid scanmaand is',
        ),
        ([("reikwijdte.onderdelen", "Klantcontact")], "reikwijdte.onderdelen: moet een lijst zijn"),
        ([("reikwijdte.onderdelen", ["a", ""])], "reikwijdte.onderdelen: mag niet leeg zijn (nummer 2)"),
        (
            [("reikwijdte.uitsluitingen", [{"soort": "kleur", "waarde": "x", "reden": "y"}])],
            "nummer 1: soort: moet een",
        ),
        ([("aspecten.kleurcriterium", "")], "aspecten.kleurcriterium: mag niet leeg zijn"),
        ([("profielen", {})], "profielen: noem minstens een vrijgegeven scanprofiel"),
        ([("profielen.standaard", "ABC")], "profielen: de vingerafdruk van standaard is geen SHA-256"),
        ([("profielen.standaard", 3)], "profielen.standaard: moet tekst tussen aanhalingstekens zijn"),
        ([("besluit.nummer", "a\u0000b")], "besluit.nummer: mag geen onzichtbare stuurtekens hebben"),
    ],
)
def test_what_is_wrong_is_named_in_dutch(tmp_path: Path, wijzigingen: list[tuple[str, Any]], zin: str) -> None:
    melding = read_fout(tmp_path, change(*wijzigingen))
    assert zin in melding
    assert melding.startswith(f"Het vervangingsbesluit in {tmp_path}/besluit.toml klopt niet: ")
    assert len(re.split(r"; (?!bedoelt u)", melding)) == 1  # and nothing else is wrong


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    melding = read_fout(
        tmp_path,
        change(
            ("besluit.nummer", ""),
            ("besluit.versie", "een"),
            ("besluit.geldig_tot", date(2020, 1, 1)),
            ("besluit.din_niveau", "P4"),
            ("besluit.handboek", "2.1"),
            ("controletermijn.aantal", -1),
            ("controletermijn.extra_dagen", 3),
            ("steekproef", None),
            ("aspecten.apparatuur", 3),
            ("profielen.standaard", "x"),
        ),
    )
    verwacht = ["besluit.nummer", "besluit.versie", "besluit.geldig_tot", "besluit.din_niveau", "besluit.handboek"]
    verwacht += ["controletermijn.aantal", "controletermijn.extra_dagen", "steekproef", "aspecten.apparatuur"]
    verwacht += ["profielen"]
    gevonden = re.findall(r"(?:^|; )([a-z_.]+)(?::| is onbekend)", melding.partition("klopt niet: ")[2])
    assert sorted(gevonden) == sorted(verwacht)


ONZIN: tuple[Any, ...] = (
    *(7, -1, 1.5, True, "", "x", [], [1], [[]], ["x"], {}, {"x": 1}),
    *(date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), time(1, 1)),
)
PLAATSEN = [(*pad, sleutel) for pad, model in DELEN.items() for sleutel in model.model_fields]


@pytest.mark.parametrize("plaats", PLAATSEN, ids=".".join)
def test_a_value_of_another_type_is_refused_by_name_or_is_right(tmp_path: Path, plaats: tuple[str, ...]) -> None:
    sleutel, geweigerd = ".".join(plaats), 0
    for onzin in ONZIN:
        inhoud = change((sleutel, onzin))
        try:
            besluit = read(tmp_path, inhoud)
        except BesluitbestandError as exc:
            geweigerd += 1
            assert re.search(rf"{re.escape(sleutel)}\b", str(exc))
            assert "heeft een waarde die niet mag" not in str(exc)
            assert not re.search(r"\b(input|should|valid|must)\b", str(exc))
        else:
            houder: Any = besluit
            for deel in plaats[1:] if plaats[0] == "besluit" else plaats:
                houder = getattr(houder, deel)
            anders = {"reikwijdte"}  # an empty table covers everything
            gelezen = list(houder) if isinstance(houder, tuple) else houder
            assert (type(gelezen), gelezen) == (type(onzin), onzin) or plaats[-1] in anders
    assert geweigerd >= len(ONZIN) - 4


@pytest.mark.parametrize(
    ("ruw", "zin"),
    [
        (b"", "is leeg. Begin met docs/voorbeelden/besluit.toml"),
        (b"# niets\n\n", "is leeg"),
        (b"\xef\xbb\xbf", "is leeg"),
        (b"[besluit", "is geen geldige TOML: er houdt iets te vroeg op"),
        (b"[besluit]\nnummer is 1\n", "is geen geldige TOML: fout op regel 2, teken 8"),
        (b"[besluit]\ndatum = 2026-02-30\n", "is geen geldige TOML: fout op regel 2"),
        (b"a = 1\na = 1\n", "een sleutel twee keer staat"),
        ("naam = 'café'".encode("latin-1"), "is geen UTF-8"),
        (TEKST.encode("utf-16"), "is geen UTF-8"),
        (bytes(range(256)), "is geen UTF-8"),
        (b"\x00" * 10, "is geen geldige TOML"),
        (b"%PDF-1.7\n", "is geen geldige TOML"),
        (b"a = " + b"[" * 100_000, "te veel haakjes in elkaar"),
        (b"a = " + b"1" * 5000, "een te lang getal"),
        (b"a" + b".a" * 100_000 + b" = 1", "regel 1 heeft te veel punten"),
        (b"#" * (MAXIMUM_BYTES + 1), "is groter dan 1 MB"),
    ],
    ids=lambda waarde: waarde if isinstance(waarde, str) else "",
)
def test_a_file_that_is_no_besluit_says_what_it_is(tmp_path: Path, ruw: bytes, zin: str) -> None:
    assert zin in read_fout(tmp_path, ruw)


def test_a_file_of_exactly_the_largest_size_is_read(tmp_path: Path) -> None:
    ruw = TEKST.encode()
    vulling = b"#" * (MAXIMUM_BYTES - len(ruw))
    assert read(tmp_path, ruw + vulling).nummer == "2026-VB-01"


def test_a_folder_a_pipe_and_nothing_at_all_are_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pijp")
    for naam, zin in (("", "is geen bestand"), ("pijp", "is geen bestand"), ("weg.toml", "is niet te lezen")):
        with pytest.raises(BesluitbestandError, match=zin):
            read_besluit(tmp_path / naam)
    with pytest.raises(BesluitbestandError, match="is niet te lezen"):
        read_besluit(tmp_path / ("x" * 300))


def test_windows_line_ends_a_byte_order_mark_and_loose_accents_are_read(tmp_path: Path) -> None:
    besluit = read_besluit(WORTEL / VOORBEELD)
    assert read(tmp_path, b"\xef\xbb\xbf" + TEKST.replace("\n", "\r\n").encode()) == besluit
    assert read(tmp_path, TEKST.replace("notariële", "notarie\u0308le").encode()) == besluit
    assert read(tmp_path, TEKST.replace("notariële", "notarie\\u0308le").encode()) == besluit


def test_a_text_may_have_more_lines(tmp_path: Path) -> None:
    besluit = read(tmp_path, change(("besluit.belangen", "Regel een.\n\tRegel twee.")))
    assert besluit.belangen == "Regel een.\n\tRegel twee."


def test_a_file_full_of_mistakes_gives_a_message_that_can_be_read(tmp_path: Path) -> None:
    ruw = f'"{"x" * 100_000}" = 1\n' + "".join(f'"k{n}\\n" = 1\n' for n in range(20_000))
    melding = read_fout(tmp_path, ruw.encode())
    assert len(melding) < 10_000
    assert "\n" not in melding
    assert f"en nog {20_001 + 6 - MEESTE_FOUTEN} fouten" in melding


def test_the_letters_b_to_h_have_a_key_each() -> None:
    letters = re.findall(r"^# ([b-h]): .*\n([a-z_]+) =", TEKST, flags=re.MULTILINE)
    assert [letter for letter, _ in letters] == list("bcdefgh")
    assert [sleutel for _, sleutel in letters] == list(Aspecten.__dataclass_fields__)
