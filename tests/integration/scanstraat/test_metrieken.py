"""The metrics say what the record says, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from scanstraat import db
from scanstraat.bootstrap import Basis
from scanstraat.metrieken import render_metrieken
from scanstraat.tables import StapRow
from tests.builders import build_batch, open_database
from tests.databanken import sqlite_url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = sqlite_url(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_database(url) as engine:
        yield engine


def read_metrieken(engine: Engine) -> dict[str, float]:
    basis = cast("Basis", SimpleNamespace(engine=engine))
    tekst = render_metrieken(basis).decode()
    return {
        monster.name + "".join(f" {waarde}" for waarde in monster.labels.values()): monster.value
        for familie in text_string_to_metric_families(tekst)
        for monster in familie.samples
    }


def build_stap(fase: str, status: str, **feiten: Any) -> StapRow:
    return StapRow(item_id=uuid4(), batch_id=uuid4(), fase=fase, generatie=1, status=status, **feiten)


def test_an_empty_record_has_metrics_too(engine: Engine) -> None:
    assert read_metrieken(engine)["scanstraat_beelden"] == 0


def test_steps_are_counted_and_timed_per_phase(engine: Engine) -> None:
    begin = "2026-03-02T14:05:11Z"
    with db.begin(engine) as session:
        build_batch(session, paginas=(3, 2))
        for einde in ("2026-03-02T14:05:31Z", "2026-03-02T14:06:21Z"):
            session.add(build_stap("archiveer", "klaar", aangemaakt_op=begin, gestart_op=begin, geeindigd_op=einde))
        session.add(build_stap("archiveer", "mislukt", aangemaakt_op=begin, gestart_op=begin, geeindigd_op=begin))
        session.add(build_stap("lever_af", "wacht", aangemaakt_op=begin))
        session.add(build_stap("lever_af", "wacht", aangemaakt_op=db.now_text()))
    gevonden = read_metrieken(engine)
    assert gevonden["scanstraat_beelden"] == 7
    assert gevonden["scanstraat_stappen archiveer klaar"] == 2
    assert gevonden["scanstraat_stap_seconden_count archiveer"] == 2
    assert gevonden["scanstraat_stap_seconden_sum archiveer"] == pytest.approx(90, abs=0.01)
    assert gevonden["scanstraat_wachttijd_seconden lever_af"] > 86_400  # of the oldest
    assert "scanstraat_wachttijd_seconden archiveer" not in gevonden
