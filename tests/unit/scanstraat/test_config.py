"""A mistyped setting is never ignored, and config.toml explains every key there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hardware.scanmap import KOLOMMEN
from scanstraat.config import (
    Config,
    GetuigeConfig,
    IndexConfig,
    Scanmap,
    Scanprofiel,
    TijdstempelConfig,
    ZgwConfig,
    build_config,
    read_config,
)
from scanstraat.errors import InstellingError

WORTEL = Path(__file__).resolve().parents[3]


def test_the_shipped_settings_are_the_defaults() -> None:
    config = read_config(WORTEL / "config.toml")
    kaal = build_config({"scanmap": [{"naam": "post", "map": "scanmap"}]}, basis=WORTEL)
    assert config == kaal


@pytest.mark.parametrize(
    ("inhoud", "zin"),
    [
        ({"opslag": {"kopei": "x"}}, "opslag.kopei is onbekend; bedoelt u kopie?"),
        ({"profiel": {"a": {"tallen": ["nld"]}}}, "profiel.a.tallen is onbekend; bedoelt u talen?"),
        ({"opslaag": {}}, "opslaag is onbekend; bedoelt u opslag?"),
        ({"scanmap": [{"naam": "a", "map": "b", "rustijd_s": 3}]}, "rustijd_s is onbekend; bedoelt u rusttijd_s?"),
        ({"werk": {"werkers": 0}}, "werk.werkers: moet minstens 1 zijn"),
        ({"zandbak": {"klok_s": "lang"}}, "zandbak.klok_s: moet een getal zijn"),
        ({"scanmap": [{"naam": "a", "map": "b", "profiel": "q"}]}, "maar dat bestaat niet"),
        ({"scanmap": [{"naam": "a", "map": "b", "klaarbestand": "*.PDF"}]}, "een ander bestand dan de scans"),
        ({"profiel": {"standaard": {"zaakpatroon_naam": "ab("}}}, "geen geldig patroon, fout bij teken 3"),
        ({"profiel": {"standaard": {"nakijken": "soms"}}}, "deze waarden zijn: 'altijd', 'bij_bevinding' of 'nooit'"),
        ({"scanmap": [{"naam": "post", "map": "b", "batch": "x"}]}, "scanmap post: batch: moet een van deze"),
        ({"scanmap": [{"naam": "a", "map": "b"}, {"map": "c"}]}, "scanmap nummer 2: naam: ontbreekt"),
        ({"scanmap": [{"naam": "Post!", "map": "b"}]}, "scanmap Post!: naam: mag alleen kleine letters"),
        ({"scanmap": [{"naam": "a", "map": "b", "bestanden": "*.pdf"}]}, "bestanden: moet een lijst zijn"),
        ({"profiel": {"a": {"talen": [3]}}}, "profiel.a.talen nummer 1: moet tekst tussen aanhalingstekens zijn"),
        ({"profiel": {"a": {"taal": "nederlands"}}}, "profiel.a.taal: is te lang: hoogstens 3 teken(s)"),
        ({"algemeen": {"rsin": "12"}}, "algemeen.rsin: geen RSIN"),
        ({"algemeen": {"rsin": "123456789"}}, "algemeen.rsin: geen RSIN"),
    ],
)
def test_a_setting_that_is_not_right_is_named_in_dutch(inhoud: dict[str, Any], zin: str) -> None:
    with pytest.raises(InstellingError) as gevangen:
        build_config(inhoud, basis=Path("/tmp"))
    assert zin in str(gevangen.value)


@pytest.mark.parametrize(
    ("inhoud", "zinnen"),
    [
        ({"scanmap": [("een", "in"), ("twee", "in/")]}, ["scanmap een", "scanmap twee", "dezelfde map"]),
        ({"scanmap": [("een", "in"), ("twee", "hier/../in")]}, ["scanmap een", "scanmap twee", "dezelfde map"]),
        ({"scanmap": [("een", "in"), ("twee", "link")]}, ["scanmap een", "scanmap twee", "dezelfde map"]),
        ({"scanmap": [("een", "in"), ("twee", "in/verwerkt")]}, ["scanmap twee", "ligt in scanmap een"]),
        ({"scanmap": [("een", "link/diep"), ("twee", "in")]}, ["scanmap een", "ligt in scanmap twee"]),
        ({"scanmap": [("een", "data/in")]}, ["scanmap een", "ligt in de gegevensmap"]),
        ({"scanmap": [("een", ".")]}, ["de gegevensmap", "ligt in scanmap een"]),
        ({"scanmap": [("een", "o")], "opslag": {"map": "../o"}}, ["scanmap een", "de opslag", "dezelfde map"]),
        ({"scanmap": [("een", "k/in")], "opslag": {"kopie": "k"}}, ["scanmap een", "de kopie van de opslag"]),
        ({"scanmap": [("een", "b")], "backup": {"map": "b/back-up"}}, ["de back-up", "ligt in scanmap een"]),
        ({"scanmap": [], "opslag": {"kopie": "data/opslag"}}, ["de kopie van de opslag en de opslag", "dezelfde map"]),
        ({"scanmap": [], "backup": {"map": "data/opslag"}}, ["de back-up en de opslag", "dezelfde map"]),
    ],
)
def test_a_folder_with_two_uses_is_refused_and_both_are_named(
    tmp_path: Path, inhoud: dict[str, Any], zinnen: list[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to("in")
    inhoud = inhoud | {"scanmap": [{"naam": naam, "map": map} for naam, map in inhoud["scanmap"]]}
    with pytest.raises(InstellingError) as gevangen:
        build_config(inhoud, basis=tmp_path)
    assert all(zin in str(gevangen.value) for zin in zinnen), str(gevangen.value)


def test_folders_beside_each_other_are_fine_also_when_one_name_begins_like_the_other(tmp_path: Path) -> None:
    inhoud = {
        "scanmap": [{"naam": "een", "map": "in"}, {"naam": "twee", "map": "in-2"}, {"naam": "d", "map": "data-in"}]
    }
    assert len(build_config(inhoud, basis=tmp_path).scanmap) == 3


def test_a_file_that_is_not_there_or_not_toml_says_so(tmp_path: Path) -> None:
    with pytest.raises(InstellingError, match="niet te lezen"):
        read_config(tmp_path / "weg.toml")
    (tmp_path / "kapot.toml").write_text("[opslag", encoding="utf-8")
    with pytest.raises(InstellingError, match="geen geldige TOML: er houdt iets te vroeg op"):
        read_config(tmp_path / "kapot.toml")
    (tmp_path / "kapot.toml").write_text('[opslag]\nmap is "x"\n', encoding="utf-8")
    with pytest.raises(InstellingError, match="geen geldige TOML: fout op regel 2, teken 5"):
        read_config(tmp_path / "kapot.toml")
    (tmp_path / "kapot.toml").write_bytes("naam = 'café'".encode("latin-1"))
    with pytest.raises(InstellingError, match="geen UTF-8"):
        read_config(tmp_path / "kapot.toml")


def test_an_environment_variable_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTRAAT_DATABASE__URL", "postgresql+psycopg://iemand:geheim@host/naam")
    config = build_config({"database": {"url": "sqlite:////tmp/x.db"}}, basis=Path("/tmp"))
    assert config.database_url.startswith("postgresql")
    assert "geheim" not in config.shown_database_url


def test_every_key_stands_in_config_toml_with_an_explanation() -> None:
    regels = (WORTEL / "config.toml").read_text(encoding="utf-8").splitlines()
    uitgelegd = {
        re.split(r"\s*=", regel.lstrip("# "), maxsplit=1)[0]
        for regel in regels
        if re.match(r"(# )?[a-z_]+ = .+ # .{10,}", regel)
    }
    modellen: list[type[BaseModel]] = [Scanprofiel, Scanmap, IndexConfig, ZgwConfig, GetuigeConfig, TijdstempelConfig]
    for naam, veld in Config.model_fields.items():
        if isinstance(veld.annotation, type) and issubclass(veld.annotation, BaseModel):
            modellen.append(veld.annotation)
        else:
            assert naam in ("profiel", "scanmap")
    sleutels = {sleutel for model in modellen for sleutel in model.model_fields} - {
        "index",
        "zgw",
        "getuige",
        "tijdstempel",
    }
    assert sleutels - uitgelegd == set()


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'algemeen.gegevensmap = "hier"\nopslag.kopie = "daar"\n[[scanmap]]\nnaam = "post"\nmap = "in"\n',
        encoding="utf-8",
    )
    config = read_config(tmp_path / "config.toml")
    assert config.opslag.map == tmp_path / "hier" / "opslag"
    assert config.opslag.kopie == tmp_path / "daar"
    assert config.scanmap[0].map == tmp_path / "in"
    assert tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))


def test_a_schema_that_is_not_named_is_none_and_one_that_is_counts_from_the_folder_of_the_file(tmp_path: Path) -> None:
    assert build_config({"mdto": {"xsd": ""}}, basis=tmp_path).mdto.xsd is None
    assert build_config({"mdto": {"xsd": "mdto.xsd"}}, basis=tmp_path).mdto.xsd == tmp_path / "mdto.xsd"


def test_every_column_of_an_index_can_have_another_name() -> None:
    assert set(KOLOMMEN) <= set(IndexConfig.model_fields)
