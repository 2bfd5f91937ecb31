"""The test database itself: what the other tests take for granted."""

from __future__ import annotations

import psycopg
import pytest


@pytest.mark.parametrize("keer", [1, 2])
def test_every_test_gets_an_empty_database_with_checksums(postgres_url: str, keer: int) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as verbinding:
        assert verbinding.execute("show data_checksums").fetchone() == ("on",)
        assert verbinding.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)
        verbinding.execute("create table blijft_niet (nummer integer)")
