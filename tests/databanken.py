"""Fresh databases for tests: an SQLite file, or a database of its own on the test server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

BEIDE = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)  # where the database decides too


@contextmanager
def fresh_postgres(cluster: str) -> Iterator[str]:
    """Yield the URL of a new, empty database in `cluster`; for fixtures that live longer than one test."""
    naam = f"proef_{uuid4().hex}"
    adres = make_url(cluster).set(drivername="postgresql+psycopg", database="postgres")
    server = sa.create_engine(adres, isolation_level="AUTOCOMMIT")
    with server.connect() as verbinding:
        verbinding.execute(sa.text(f"create database {naam}"))
    try:
        yield adres.set(database=naam).render_as_string(hide_password=False)
    finally:
        with server.connect() as verbinding:
            verbinding.execute(sa.text(f"drop database {naam} with (force)"))
        server.dispose()


def sqlite_url(map: Path) -> str:
    """Return the URL of a new SQLite file in `map`."""
    return f"sqlite:///{map / f'{uuid4().hex}.db'}"
