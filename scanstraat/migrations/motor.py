"""The tables of the work engine (DBOS), in the same database as ours so that "change and enqueue" is one commit.

`DBOS.migrate(url)` would open an SQLite file with Python's own SQLite, which may be too old for it; hence the class
behind it, on our own engine. A contract test fails when a new release moves it.
"""

from __future__ import annotations

from dbos import DBOSPortableJSONSerializer
from dbos._sys_db import SystemDatabase
from sqlalchemy.engine import Engine

SCHEMA = "dbos"  # on PostgreSQL; SQLite has no schemas


def open_motor(engine: Engine) -> SystemDatabase:
    """Return DBOS's view of our database, without its listener threads."""
    return SystemDatabase.create(
        system_database_url=f"{engine.dialect.name}://",
        engine_kwargs={},
        engine=engine,
        schema=SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        executor_id=None,
        use_listen_notify=False,
    )


def migrate_motor(engine: Engine) -> None:
    """Bring the tables of the work engine to the newest form."""
    open_motor(engine).run_migrations()
