"""From measured pages and index lines to a cut batch: what sources say is used, and what they contradict is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from uuid import UUID

import pytest

from hardware.scanmap import Indexregel
from scanstraat.config import Scanprofiel
from scanstraat.errors import BladtellingError
from scanstraat.intake.ontleden import Beeldfeiten, Bron, Index, Ontleedopdracht, measure_bron, split
from scanstraat.intake.opslag import Opslag
from scanstraat.zandbak import Grenzen


class _Bericht:
    """A message of the sandbox."""

    def __init__(self, gegevens: dict[str, Any]) -> None:
        self.gegevens = gegevens

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def build_opdracht(aantal: int) -> tuple[Ontleedopdracht, tuple[Beeldfeiten, ...]]:
    bronnen = tuple(Bron(UUID(int=i), f"{i:064x}", f"{i}.jpg", "jpeg", True, 1) for i in range(aantal))
    beelden = tuple(Beeldfeiten.pack(bron, {"n": 1, "codes": [], "bevindingen": []}) for bron in bronnen)
    opdracht = Ontleedopdracht(
        klaar=False,
        batch_id=UUID(int=99),
        nummer="B-2026-0001",
        profiel=Scanprofiel(),
        profielnaam="standaard",
        bronnen=bronnen,
        indexbestanden=(),
        aantal_beelden=aantal,
    )
    return opdracht, beelden


@pytest.mark.parametrize("gegeven", [0, 1, 2, 4])
def test_a_file_that_gives_other_pages_than_were_counted_is_not_used(gegeven: int, tmp_path: Path) -> None:
    """A page that the second reader does not give would be lost, and the bladtelling would still balance."""
    opslag = Opslag(tmp_path / "opslag")
    bron = Bron(UUID(int=1), opslag.bewaar_bytes(b"scan").sha256, "scan.pdf", "pdf", True, 3)
    berichten = [_Bericht({"n": n}) for n in range(1, gegeven + 1)]
    grenzen = Grenzen(geheugen_mb=512, cpu_s=10, klok_s=10, bestand_mb=10)
    zandbak: Any = SimpleNamespace(grenzen=grenzen, stroom=lambda *_: iter(berichten))
    with pytest.raises(BladtellingError, match=f"bij ontvangst: 3, bij het verwerken: {gegeven}\\."):
        list(measure_bron(opslag, zandbak, bron, Scanprofiel()))
    bron = replace(bron, aantal_beelden=gegeven)
    assert [feiten["n"] for feiten in measure_bron(opslag, zandbak, bron, Scanprofiel())] == list(range(1, gegeven + 1))


@pytest.mark.parametrize(
    ("operators", "verwacht"), [(("balie", "balie"), "balie"), (("balie", ""), "balie"), (("balie", "wijkteam"), "")]
)
def test_two_index_lines_that_name_different_scanoperators_name_none(operators: tuple[str, str], verwacht: str) -> None:
    opdracht, beelden = build_opdracht(2)
    regels = tuple(Indexregel(f"{i}.jpg", zaak="ZAAK-2026-000123", scanoperator=wie) for i, wie in enumerate(operators))
    assert split(opdracht, beelden, Index(regels, ())).scanoperator == verwacht
