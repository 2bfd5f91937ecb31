"""A database and a werkbank for tests of what is done to a batch; tests that need another kind make their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from scanstraat.werk import Werkbank
from tests.builders import open_database
from tests.databanken import sqlite_url


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Yield an engine on SQLite, or where a test says `BEIDE` on each of the two."""
    sqlite = getattr(request, "param", "sqlite") == "sqlite"
    with open_database(sqlite_url(tmp_path) if sqlite else request.getfixturevalue("postgres_url")) as engine:
        yield engine


@pytest.fixture
def werkbank(engine: Engine) -> Iterator[Werkbank]:
    werkbank = Werkbank(engine)
    yield werkbank
    werkbank.close()
