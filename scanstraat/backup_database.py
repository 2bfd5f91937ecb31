"""The database in a back-up: how it is written, and how it is put back on trial. SQLite and PostgreSQL."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from scanstraat import db
from scanstraat.errors import BackupError

BESTAND = {"sqlite": "scanstraat.db", "postgresql": "scanstraat.dump"}

_OUDER = (
    "Deze back-up is van een oudere versie; na terugzetten wordt de database vanzelf bijgewerkt (dat is nu geprobeerd)."
)


def dump_database(engine: Engine, doel: Path, lees: Callable[[Session], int]) -> int:
    """Write one consistent moment of the database to `doel`, and return what `lees` makes of that same moment.

    The line may go on writing meanwhile.

    Raises:
        BackupError: pg_dump is missing or failed.
    """
    if engine.dialect.name == "sqlite":
        _dump_sqlite(engine, doel)
        momentopname = db.create_engine(f"sqlite:///{_copy(doel, doel.with_suffix('.lees'))}")
        try:
            with db.read(momentopname) as session:
                return lees(session)
        finally:
            momentopname.dispose()
    vast = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(vast) as session:
        # pg_dump reads in the meantime, for as long as it takes
        session.connection().exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
        moment = session.connection().exec_driver_sql("select pg_export_snapshot()").scalar_one()
        opdracht = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}"]
        _run_postgres([*opdracht, f"--file={doel}"], engine.url)
        return lees(session)


@contextmanager
def open_moment(engine: Engine, kladmap: Path) -> Iterator[Session]:
    """Yield a session that reads one moment of the database for as long as it takes; the line may go on writing.

    Of SQLite a copy is made in `kladmap`: a snapshot that is held for hours would hold up its writers.
    """
    if engine.dialect.name == "sqlite":
        _dump_sqlite(engine, kladmap / "moment.db")
        kopie = db.create_engine(f"sqlite:///{kladmap / 'moment.db'}")
        try:
            with db.read(kopie) as session:
                yield session
        finally:
            kopie.dispose()
        return
    with Session(engine.execution_options(isolation_level="REPEATABLE READ"), expire_on_commit=False) as session:
        session.connection().exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
        session.connection().exec_driver_sql("select 1")  # now is the moment, not at the first question
        yield session


def _dump_sqlite(engine: Engine, doel: Path) -> None:
    with engine.connect() as verbinding, closing(sqlite.connect(str(doel))) as kopie:
        bron = verbinding.connection.driver_connection
        assert bron is not None
        bron.backup(kopie)
        kopie.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def _copy(bron: Path, doel: Path) -> Path:
    """Copy a file that nobody writes to: opening it with our settings would change it."""
    with bron.open("rb") as invoer, doel.open("wb") as uit:
        while blok := invoer.read(1 << 20):
            uit.write(blok)
    return doel


@contextmanager
def restore_on_trial(engine: Engine, dump: Path, kladmap: Path, *, zeg: Callable[[str], None]) -> Iterator[Engine]:
    """Put `dump` back in a scratch place, check it thoroughly, and yield an engine on it; gone afterwards.

    Args:
        engine: the database in use; for PostgreSQL the scratch database is made on its server.
        zeg: is told in Dutch what is good to know.
    Raises:
        BackupError: it could not be put back.
        DatabaseError: it is damaged. InstellingError: it is of a newer version.
    """
    if dump.suffix == ".db":
        url = f"sqlite:///{_copy(dump, kladmap / dump.name)}"
        yield from _open_trial(url, zeg)
        return
    with _scratch_postgres(engine, dump) as url:
        _run_postgres(["pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", str(dump)], sa.make_url(url))
        yield from _open_trial(url, zeg)


def _open_trial(url: str, zeg: Callable[[str], None]) -> Iterator[Engine]:
    proef = db.create_engine(url)
    try:
        db.check_database(proef, grondig=True)
        if not db.is_current(proef):
            db.migrate(proef)
            zeg(_OUDER)
        yield proef
    finally:
        proef.dispose()


@contextmanager
def _scratch_postgres(engine: Engine, dump: Path) -> Iterator[str]:
    """Yield the URL of an empty database on the server of `engine`.

    Raises:
        BackupError: the server is another kind or the user may not make one; says what was looked at all the same.
    """
    if engine.dialect.name != "postgresql":
        raise BackupError("Deze back-up is van PostgreSQL, maar database.url noemt een andere database. Pas die aan.")
    naam = f"scanstraat_proef_{uuid4().hex}"
    server = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with server.connect() as verbinding:
            verbinding.exec_driver_sql(f"create database {naam} template template0")
    except DBAPIError as exc:
        _run_postgres(["pg_restore", "--list", str(dump)], None)
        raise BackupError(
            "de gebruiker van de database mag geen proefdatabase maken. Alleen de inhoudsopgave van het bestand is "
            "gelezen; of de gegevens terug te zetten zijn is NIET gecontroleerd. Geef de gebruiker het recht CREATEDB."
        ) from exc
    try:
        yield engine.url.set(database=naam).render_as_string(hide_password=False)
    finally:
        with server.connect() as verbinding:
            verbinding.exec_driver_sql(f"drop database {naam} with (force)")


def _run_postgres(argv: list[str], url: URL | None) -> None:
    """Run a program of PostgreSQL. The password goes by the environment: command lines can be seen by others.

    Raises:
        BackupError: it is not there, or failed.
    """
    omgeving = dict(os.environ)
    if url is not None:
        delen: dict[str, Any] = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
        delen |= url.query
        argv = [*argv, f"--dbname={make_conninfo(**{naam: deel for naam, deel in delen.items() if deel is not None})}"]
        if url.password is not None:
            omgeving["PGPASSWORD"] = str(url.password)
    try:
        uitkomst = subprocess.run(
            argv, env=omgeving, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
    except OSError as exc:
        raise BackupError(
            f"Het programma {argv[0]} staat niet op deze machine. Installeer het pakket postgresql-client van dezelfde "
            "versie als de server."
        ) from exc
    if uitkomst.returncode != 0:
        regels = uitkomst.stderr.decode(errors="replace").strip().splitlines()
        raise BackupError(
            f"{argv[0]} is mislukt (code {uitkomst.returncode}): {regels[-1] if regels else 'geen uitleg'}"
        )
