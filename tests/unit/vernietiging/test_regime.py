"""Words and articles per law: no label is empty, and readers see what was not checked."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from vernietiging.regime import REGIMETABELLEN, Regimetabel, find_regime
from vernietiging.vervangingsbesluit import Regime

WORTEL = Path(__file__).resolve().parents[3]
VELDEN = [veld.name for veld in fields(Regimetabel) if veld.name != "niet_nagegaan"]


def test_the_first_day_of_the_new_law_is_under_the_new_law() -> None:
    overgang = date(2027, 1, 1)
    assert find_regime(date(2026, 12, 31), overgang) is Regime.ARCHIEFWET_1995
    assert find_regime(date(2027, 1, 1), overgang) is Regime.ARCHIEFWET_2026


def test_every_regime_has_every_word() -> None:
    assert set(REGIMETABELLEN) == set(Regime)
    for tabel in REGIMETABELLEN.values():
        assert [veld for veld in VELDEN if not getattr(tabel, veld).strip()] == []
        assert tabel.niet_nagegaan <= set(VELDEN)


def test_the_law_in_force_is_checked_and_of_the_drafts_no_article_is() -> None:
    artikelen = {veld for veld in VELDEN if veld.startswith("artikel_")}
    assert REGIMETABELLEN[Regime.ARCHIEFWET_1995].niet_nagegaan == frozenset()
    assert REGIMETABELLEN[Regime.ARCHIEFWET_2026].niet_nagegaan == artikelen


def test_the_articles_on_which_a_verklaring_leans() -> None:
    tabel = REGIMETABELLEN[Regime.ARCHIEFWET_1995]
    assert tabel.artikel_vervanging == "artikel 7 van de Archiefwet 1995"
    assert tabel.artikel_weergave == "artikel 6, eerste lid, van het Archiefbesluit 1995"
    assert tabel.artikel_verklaring == "artikel 8 van het Archiefbesluit 1995"
    assert tabel.artikel_aspecten == "artikel 26b van de Archiefregeling"


@pytest.mark.parametrize("veld", VELDEN)
def test_the_table_for_readers_is_the_table_in_use(veld: str) -> None:
    oud, nieuw = (REGIMETABELLEN[regime] for regime in (Regime.ARCHIEFWET_1995, Regime.ARCHIEFWET_2026))
    nagegaan = "nog niet nagegaan" if veld in nieuw.niet_nagegaan else "ja"
    regel = f"| {veld} | {getattr(oud, veld)} | {getattr(nieuw, veld)} | {nagegaan} |"
    assert regel in (WORTEL / "docs" / "regimes.md").read_text(encoding="utf-8").splitlines()
