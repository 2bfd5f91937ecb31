"""Fresh databases for tests: an SQLite file, or a database of its own on the test server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import make_url


@contextmanager
def fresh_postgres(server_url: str) -> Iterator[str]:
    """Yield the URL of a new, empty database on the server of `server_url`; it is dropped afterwards."""
    naam = f"proef_{uuid4().hex}"
    server = sa.create_engine(make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as verbinding:
        verbinding.execute(sa.text(f"create database {naam}"))
    try:
        yield make_url(server_url).set(database=naam).render_as_string(hide_password=False)
    finally:
        with server.connect() as verbinding:
            verbinding.execute(sa.text(f"drop database {naam} with (force)"))
        server.dispose()


def sqlite_url(map: Path) -> str:
    """Return the URL of a new SQLite file in `map`."""
    return f"sqlite:///{map / f'{uuid4().hex}.db'}"
