"""The test database itself: what the other tests take for granted."""

from __future__ import annotations

import time

import psycopg
import pytest
import sqlalchemy as sa

from scanstraat import db


@pytest.mark.parametrize("keer", [1, 2])
def test_every_test_gets_an_empty_database_with_checksums(postgres_url: str, keer: int) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as verbinding:
        assert verbinding.execute("show data_checksums").fetchone() == ("on",)
        assert verbinding.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)
        verbinding.execute("create table blijft_niet (nummer integer)")


def test_a_change_that_stands_still_is_ended_and_holds_nobody_up(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "STILSTAND_S", 1)
    engine = db.create_engine(postgres_url)
    try:
        with db.begin(engine) as session:
            session.connection().exec_driver_sql("create table rij (n integer)")
            session.connection().exec_driver_sql("insert into rij values (1)")
        with (
            pytest.raises(sa.exc.DBAPIError, match=r"idle-in-transaction|server closed|terminat"),
            db.begin(engine) as stil,
        ):
            stil.connection().exec_driver_sql("update rij set n = 2")
            with db.begin(engine) as ander:  # waits for the row, and gets it
                ander.connection().exec_driver_sql("update rij set n = 3")
            stil.connection().exec_driver_sql("update rij set n = 4")
        with db.read(engine) as lezer:
            assert lezer.connection().exec_driver_sql("select n from rij").scalar_one() == 3
            time.sleep(1.5)  # one that reads may take its time
            assert lezer.connection().exec_driver_sql("select n from rij").scalar_one() == 3
    finally:
        engine.dispose()
