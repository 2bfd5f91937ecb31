"""From measured pages and index lines to a cut batch: what sources say is used, and what they contradict is not."""

from __future__ import annotations

from uuid import UUID

import pytest

from hardware.scanmap import Indexregel
from scanstraat.config import Scanprofiel
from scanstraat.intake.ontleden import Beeldfeiten, Bron, Index, Ontleedopdracht, split


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


@pytest.mark.parametrize(
    ("operators", "verwacht"), [(("balie", "balie"), "balie"), (("balie", ""), "balie"), (("balie", "wijkteam"), "")]
)
def test_two_index_lines_that_name_different_scanoperators_name_none(operators: tuple[str, str], verwacht: str) -> None:
    opdracht, beelden = build_opdracht(2)
    regels = tuple(Indexregel(f"{i}.jpg", zaak="ZAAK-2026-000123", scanoperator=wie) for i, wie in enumerate(operators))
    assert split(opdracht, beelden, Index(regels, ())).scanoperator == verwacht
