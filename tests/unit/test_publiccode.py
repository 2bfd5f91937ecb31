"""publiccode.yml against the rules of its standard, version 0.4 (schema.core), and LICENSE against what it must hold.

The rules are those that the standard's reference parser (publiccode-parser-go, v0.go) checks, its look-ups on the
network left out; the two vocabularies hold the words we use, each looked up in the standard's lists.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

WORTEL = Path(__file__).resolve().parents[2]
TAAL = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]+)?")
CATEGORIEEN = {"document-management", "digital-asset-management", "workflow-management"}
BEREIKEN = {"local-authorities"}
SLEUTELS = {
    *("publiccodeYmlVersion", "name", "applicationSuite", "url", "landingURL", "isBasedOn", "softwareVersion"),
    *("releaseDate", "logo", "monochromeLogo", "inputTypes", "outputTypes", "platforms", "categories", "usedBy"),
    *("roadmap", "developmentStatus", "softwareType", "intendedAudience", "description", "legal", "maintenance"),
    *("localisation", "dependsOn"),
}


@pytest.fixture(scope="module")
def publiccode() -> dict[str, Any]:
    inhoud = yaml.safe_load((WORTEL / "publiccode.yml").read_text(encoding="utf-8"))
    assert isinstance(inhoud, dict)
    return inhoud


def test_it_has_every_required_key_and_no_unknown_one(publiccode: dict[str, Any]) -> None:
    assert publiccode["publiccodeYmlVersion"] == "0.4"
    assert set(publiccode) <= SLEUTELS
    for sleutel in ("name", "url", "platforms", "description", "legal", "maintenance", "localisation"):
        assert publiccode[sleutel], sleutel
    assert re.fullmatch(r"https://[\w.-]+/[\w./-]+", publiccode["url"])
    assert all(isinstance(platform, str) for platform in publiccode["platforms"])
    date.fromisoformat(publiccode["releaseDate"])


def test_its_words_come_from_the_lists_of_the_standard(publiccode: dict[str, Any]) -> None:
    assert publiccode["developmentStatus"] in {"concept", "development", "beta", "stable", "obsolete"}
    assert publiccode["softwareType"] in {
        *("standalone/mobile", "standalone/iot", "standalone/desktop", "standalone/web", "standalone/backend"),
        *("standalone/other", "addon", "library", "configurationFiles"),
    }
    assert set(publiccode["categories"]) <= CATEGORIEEN
    assert set(publiccode["intendedAudience"]["scope"]) <= BEREIKEN
    assert all(re.fullmatch("[A-Z]{2}", land) for land in publiccode["intendedAudience"]["countries"])


def test_it_describes_the_software_in_dutch_and_in_english(publiccode: dict[str, Any]) -> None:
    assert set(publiccode["description"]) == {"nl", "en"}
    for taal, tekst in publiccode["description"].items():
        assert TAAL.fullmatch(taal)
        assert 0 < len(tekst["shortDescription"]) <= 150
        assert 150 <= len(tekst["longDescription"]) <= 10_000
        assert tekst["features"] and all(isinstance(kenmerk, str) for kenmerk in tekst["features"])


def test_it_says_who_maintains_it_and_in_which_languages_it_speaks(publiccode: dict[str, Any]) -> None:
    onderhoud = publiccode["maintenance"]
    assert onderhoud["type"] in {"internal", "contract", "community", "none"}
    assert (onderhoud["type"] in {"internal", "community"}) <= bool(onderhoud.get("contacts"))
    assert (onderhoud["type"] == "contract") == bool(onderhoud.get("contractors"))
    assert isinstance(publiccode["localisation"]["localisationReady"], bool)
    assert all(TAAL.fullmatch(taal) for taal in publiccode["localisation"]["availableLanguages"])
    for soort, nodig in publiccode["dependsOn"].items():
        assert soort in {"open", "proprietary", "hardware"}
        for een in nodig:
            assert een["name"] and set(een) <= {"name", "versionMin", "versionMax", "version", "optional"}


def test_it_agrees_with_pyproject_and_the_licence(publiccode: dict[str, Any]) -> None:
    project = tomllib.loads((WORTEL / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert publiccode["softwareVersion"] == project["version"]
    assert publiccode["legal"]["license"] == project["license"] == "EUPL-1.2"


def test_the_licence_is_the_whole_eupl() -> None:
    tekst = (WORTEL / "LICENSE").read_text(encoding="utf-8")
    assert tekst.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    artikelen = re.findall(r"^(\d+)\. \S", tekst, flags=re.MULTILINE)
    assert artikelen == [str(nummer) for nummer in range(1, 16)]
    assert tekst.rstrip().endswith("require the production of a new\nEUPL version.")
