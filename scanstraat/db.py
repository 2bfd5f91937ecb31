"""The database: SQLite on one machine, PostgreSQL for more, with the settings under which a power cut loses nothing.

Threads may share an engine: every connection is used by one thread at a time. Processes may not: a connection that
is carried over a fork corrupts an SQLite file, so a process that needs the database is started with its own engine,
and a pool that is used after a fork refuses (`RuntimeError`, a bug and not a message for people).
"""

from __future__ import annotations

import ctypes
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session, col

from scanstraat.errors import DatabaseError, InstellingError
from scanstraat.merk import Merker
from scanstraat.migrations.tables import MotorRow

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

BUSY_TIMEOUT_S = 30  # writers wait for each other this long; DBOS uses the same
STILSTAND_S = 30  # PostgreSQL ends a change of which nothing was heard for so long
FIRST_SAFE_WAL = (
    3,
    51,
    3,
)  # an SQLite before this one can corrupt a WAL (https://sqlite.org/wal.html, "WAL-reset bug")

MODUS_GEGEVENSMAP = 0o770  # and the umask decides about the group: 0750 under the usual 022
_MODUS_DATABASE = 0o660  # the same

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATE_LOCK = 7_220_142  # PostgreSQL advisory lock: one process migrates, the others wait
_WACHT = "scanstraat_wacht"  # execution option: what says whether there may be written
_MERKER = "scanstraat_merker"  # execution option: what marks an event as one of this installation
_TRANSACTION = "scanstraat_transaction"  # execution option: the kind of BEGIN on SQLite

# Why not on a network drive: WAL needs shared memory of one machine, and locks over NFS, SMB and FUSE are not to be
# trusted (https://sqlite.org/howtocorrupt.html). Magic numbers: statfs(2).
_NETWORK_FILESYSTEMS = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFE534D42: "SMB",
    0xFF534D42: "CIFS",
    0x65735546: "FUSE",
    0x00C36400: "Ceph",
    0x5346414F: "AFS",
}

_POSTGRES_SETTINGS = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),  # the second waits for a replica as well
    "data_checksums": ("on",),
}

_DATABASE_CLOCK = {
    "sqlite": "select strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    "postgresql": "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
}


def now_text() -> str:
    """Return the time as stored in tables, events and JSON: UTC, fixed width ("2026-03-02T14:05:11.123Z"), sortable."""
    return format_time(datetime.now(UTC))


def format_time(moment: datetime) -> str:
    """Return `moment` (aware) in the form of `now_text`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def database_now(session: Session) -> str:
    """Return the time of the database, in the form of `now_text`: the one clock that all machines share."""
    tekst = session.connection().exec_driver_sql(_DATABASE_CLOCK[session.get_bind().dialect.name]).scalar_one()
    return str(tekst)


def create_engine(url: str) -> Engine:
    """Open the database; one engine for our own tables and for those of the work engine.

    Raises:
        InstellingError: an unknown kind of URL, a network drive under SQLite, or a PostgreSQL that may lose a commit.
        DatabaseError: the database does not answer or cannot be opened.
    """
    try:
        adres = make_url(url)
    except ArgumentError as exc:
        raise InstellingError(f"database.url is geen adres van een database: {_HINT}") from exc
    if adres.get_backend_name() == "sqlite":
        engine = _create_sqlite(adres)
    elif adres.drivername in ("postgresql", "postgresql+psycopg"):
        engine = _create_postgres(adres.set(drivername="postgresql+psycopg"))
    else:
        raise InstellingError(f"database.url noemt een soort database die niet kan: {_HINT}")
    _refuse_after_fork(engine)
    try:
        with engine.connect() as verbinding:
            if engine.dialect.name == "postgresql":
                _check_postgres(verbinding)
    except DBAPIError as exc:
        engine.dispose()
        if engine.dialect.name == "sqlite" and (storing := find_storing(exc)) is not None:
            raise storing from exc
        raise DatabaseError(
            "De database is niet te openen of antwoordt niet. Controleer database.url en of de database draait."
        ) from exc
    except UnicodeDecodeError as exc:  # SQLite names what is damaged in its schema, and that is no text any more
        engine.dispose()
        raise DatabaseError(_BESCHADIGD) from exc
    except InstellingError:
        engine.dispose()
        raise
    return engine


_HINT = 'gebruik "sqlite:////pad/naar/scanstraat.db" of "postgresql+psycopg://gebruiker@server/naam".'


def choose_journal(versie: tuple[int, ...]) -> tuple[str, str]:
    """Return (journal_mode, synchronous) that survive a power cut on this version of SQLite."""
    return ("wal", "FULL") if versie >= FIRST_SAFE_WAL else ("delete", "EXTRA")


def _create_sqlite(adres: URL) -> Engine:
    if adres.database in (None, "", ":memory:"):
        raise InstellingError(f"database.url noemt geen bestand: {_HINT}")
    bestand = Path(str(adres.database)).absolute()
    try:
        bestand.parent.mkdir(parents=True, exist_ok=True, mode=MODUS_GEGEVENSMAP)
    except OSError as exc:
        raise InstellingError(
            f"De map {bestand.parent} voor de database is niet te maken. Kies een andere gegevensmap of geef rechten."
        ) from exc
    check_filesystem(bestand.parent)
    _close_to_others(bestand)
    _check_rights(bestand)
    engine = sa.create_engine(
        adres.set(drivername="sqlite", database=str(bestand)),
        module=sqlite,
        hide_parameters=True,  # an error must not tell what stood in a row
        pool_size=10,
        max_overflow=20,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    journal, synchronous = choose_journal(tuple(sqlite.sqlite_version_info))

    @event.listens_for(engine, "connect")
    def _prepare(verbinding: Any, _record: Any) -> None:
        # The work engine relies on this one: an UPDATE outside an explicit transaction starts one that writes.
        verbinding.isolation_level = "IMMEDIATE"
        verbinding.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
        _set_journal(verbinding, journal)
        verbinding.execute(f"PRAGMA synchronous={synchronous}")
        verbinding.execute("PRAGMA foreign_keys=ON")
        verbinding.execute("PRAGMA recursive_triggers=ON")  # else INSERT OR REPLACE deletes past the triggers
        verbinding.execute("PRAGMA trusted_schema=OFF")
        verbinding.execute("PRAGMA cell_size_check=ON")

    @event.listens_for(engine, "begin")
    def _begin(verbinding: Connection) -> None:
        # The driver starts a transaction at the first write only; what was read before it would not be protected.
        soort = verbinding.get_execution_options().get(_TRANSACTION)
        if soort is not None:
            verbinding.exec_driver_sql(f"BEGIN {soort}")

    return engine


def _close_to_others(bestand: Path) -> None:
    """Let only owner and group at the database, which holds names and case numbers.

    SQLite gives -wal and -shm the mode of the file itself. A file that is there already may be of an older version, or
    of a back-up that was put back; it must not be opened here, because closing it again would drop SQLite's locks.
    """
    try:
        os.close(os.open(bestand, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _MODUS_DATABASE))
    except FileExistsError:
        for pad in (bestand, Path(f"{bestand}-wal"), Path(f"{bestand}-shm")):
            with suppress(OSError):  # it is not there, or it is not ours to change
                modus = stat.S_IMODE(pad.stat().st_mode)
                if modus & stat.S_IRWXO:
                    pad.chmod(modus & ~stat.S_IRWXO)
    except OSError:
        pass  # SQLite cannot open it either, and that is said in `create_engine`


def _check_rights(bestand: Path) -> None:
    """Say at once what SQLite would find out late, and call "unable to open": WAL writes beside the file, also to read.

    Raises:
        DatabaseError: this user may not write the file or its folder.
    """
    for pad, wat in ((bestand.parent, "map van de database"), (bestand, "database")):
        if pad.exists() and not os.access(pad, os.R_OK | os.W_OK | (os.X_OK if pad.is_dir() else 0)):
            raise DatabaseError(
                f"De scanstraat mag niet schrijven in de {wat}: {pad}. Geef de gebruiker die de scanstraat draait "
                "lees- en schrijfrechten, of start de scanstraat als de gebruiker van wie zij is."
            )
    if not bestand.exists():
        raise DatabaseError(
            f"Het bestand van de database is niet te maken: {bestand}. Controleer de rechten en de schijf."
        )


def _set_journal(verbinding: Any, journal: str) -> None:
    """Change the journal mode when it is another; SQLite does not wait for a lock here, so we do."""
    einde = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            (nu,) = verbinding.execute("PRAGMA journal_mode").fetchone()
            if nu != journal:
                (nu,) = verbinding.execute(f"PRAGMA journal_mode={journal}").fetchone()
        except sqlite.OperationalError as exc:
            if time.monotonic() > einde or not exc.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise
        else:
            if nu == journal:
                return
            if time.monotonic() > einde:
                raise sqlite.OperationalError(f"journal_mode is {nu}, not {journal}")
        time.sleep(0.02)


def check_filesystem(map: Path) -> None:
    """Raise InstellingError when `map` lies on a network drive, where an SQLite file gets damaged."""
    soort = find_netwerkschijf(filesystem_magic(map))
    if soort:
        raise InstellingError(
            f"De map {map} staat op een netwerkschijf ({soort}). Daar raakt de database beschadigd. "
            "Zet de gegevensmap op een eigen schijf van deze machine, of gebruik PostgreSQL."
        )


def find_netwerkschijf(magic: int) -> str:
    """Name the network file system that this f_type of statfs(2) stands for; "" when it is none."""
    return _NETWORK_FILESYSTEMS.get(magic, "")


def filesystem_magic(map: Path) -> int:
    """Return f_type of statfs(2) for the disk under `map` (32 bits)."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = (ctypes.c_long * 64)()  # struct statfs is 120 bytes and starts with f_type, one word
    if libc.statfs(os.fsencode(map), buffer) != 0:
        nummer = ctypes.get_errno()
        raise InstellingError(f"De map {map} is niet te bekijken: {os.strerror(nummer)}.")
    return int(buffer[0]) & 0xFFFFFFFF


def _create_postgres(adres: URL) -> Engine:
    # A power cut at the other side leaves a half-open connection: keepalives find it.
    engine = sa.create_engine(
        adres,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        connect_args={
            "connect_timeout": 10,
            "keepalives": 1,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
    )

    @event.listens_for(engine, "connect")
    def _prepare(verbinding: Any, _record: Any) -> None:
        # A process that stands still in the middle of a change (a frozen machine) must not hold its rows for ever.
        verbinding.execute(f"set idle_in_transaction_session_timeout = {STILSTAND_S * 1000}")
        verbinding.commit()

    @event.listens_for(engine, "begin")
    def _begin(verbinding: Connection) -> None:
        if verbinding.get_execution_options().get(_TRANSACTION) == "DEFERRED":  # one that reads holds nobody up
            verbinding.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")

    return engine


def _check_postgres(verbinding: Connection) -> None:
    rijen = verbinding.execute(
        sa.text("select name, setting from pg_settings where name in :namen").bindparams(
            sa.bindparam("namen", list(_POSTGRES_SETTINGS), expanding=True)
        )
    ).all()
    nu = {str(naam): str(waarde) for naam, waarde in rijen}
    fout = [naam for naam, goed in _POSTGRES_SETTINGS.items() if nu.get(naam) not in goed]
    if fout:
        raise InstellingError(
            f"PostgreSQL kan zo gegevens verliezen: {', '.join(fout)} staat uit. Zet dit aan in postgresql.conf "
            "(data_checksums: zet de server stil en voer pg_checksums --enable uit) en start opnieuw."
        )


def _refuse_after_fork(engine: Engine) -> None:
    eigenaar = os.getpid()

    @event.listens_for(engine, "checkout")
    def _same_process(_verbinding: Any, _record: Any, _proxy: Any) -> None:
        if os.getpid() != eigenaar:
            raise RuntimeError("a database engine must not be used after a fork; create one in the new process")


def set_wacht(engine: Engine, wacht: Callable[[], None]) -> None:
    """Have `begin` ask first whether there may be written: `wacht` returns or raises AlleenLezenError."""
    engine.update_execution_options(**{_WACHT: wacht})


def set_merker(engine: Engine, merker: Merker) -> None:
    """Have every event that is written through this engine marked; without, it is never sealed."""
    engine.update_execution_options(**{_MERKER: merker})


def get_merker(session: Session) -> Merker | None:
    """Return what marks the events of this session."""
    merker: Merker | None = session.get_bind().get_execution_options().get(_MERKER)
    return merker


def verify_schrijfbaar(engine: Engine) -> None:
    """Return when there may be written, for who wants to know before a transaction.

    Raises:
        AlleenLezenError: not now.
    """
    wacht = engine.get_execution_options().get(_WACHT)
    if wacht is not None:
        wacht()


@contextmanager
def begin(engine: Engine, *, altijd: bool = False) -> Iterator[Session]:
    """Yield a session in one transaction that may write: commit at the end, roll back on an error.

    On SQLite it is BEGIN IMMEDIATE, so whatever is read in it still holds at the commit.

    Args:
        altijd: also when the service only reads: for what says how it runs, who signed in and what a check found.
    Raises:
        AlleenLezenError: something was put back or changed, and nothing may be written now.
    """
    if not altijd:
        verify_schrijfbaar(engine)
    schrijver = engine.execution_options(**{_TRANSACTION: "IMMEDIATE"})
    with Session(schrijver, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def read(engine: Engine) -> Iterator[Session]:
    """Yield a session for reading: on SQLite one consistent snapshot that never waits for a writer (WAL)."""
    with Session(engine.execution_options(**{_TRANSACTION: "DEFERRED"}), expire_on_commit=False) as session:
        yield session


def check_database(engine: Engine, *, grondig: bool = False) -> None:
    """Raise DatabaseError when SQLite finds damage in its file; PostgreSQL checks its own pages.

    The quick check of every start reads each page; a thorough one, for the night, compares the indexes as well.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as verbinding:
            uitslag = verbinding.exec_driver_sql(
                f"PRAGMA {'integrity_check' if grondig else 'quick_check'}(1)"
            ).scalar_one()
    except (DBAPIError, UnicodeDecodeError) as exc:  # what it says may name what is damaged, which is no text then
        raise DatabaseError(_BESCHADIGD) from exc
    if uitslag != "ok":
        raise DatabaseError(_BESCHADIGD)


_BESCHADIGD = (
    "De database is beschadigd. Stop de scanstraat en zet de laatste goede back-up terug (zie de handleiding)."
)


def find_storing(fout: DBAPIError) -> DatabaseError | None:
    """Say in Dutch what is wrong with the database itself, and what to do; None when it is a bug of ours."""
    origineel = fout.orig
    code = str(getattr(origineel, "sqlite_errorname", None) or getattr(origineel, "sqlstate", None) or "")
    for begin, tekst in _STORINGEN:
        if code.startswith(begin):
            return DatabaseError(tekst)
    if "no such table" in str(origineel):  # SQLite has no code of its own for it
        return DatabaseError(_ONVOLLEDIG)
    if isinstance(fout, OperationalError | InterfaceError):
        return DatabaseError("De database antwoordt niet. Controleer of zij draait en probeer het daarna opnieuw.")
    return None


_ALLEEN_LEZEN = (
    "In de database mag niet worden geschreven. Geef de gebruiker die de scanstraat draait schrijfrechten op de "
    "database en op de map waarin die staat."
)
_BEZET = "De database is bezet door een ander proces. Probeer het over een minuut opnieuw."
_VOL = "De schijf van de database is vol. Maak ruimte en probeer het opnieuw."
_ONVOLLEDIG = (
    "In de database ontbreekt een tabel. Controleer of database.url de goede database noemt; zet anders de laatste "
    "goede back-up terug (zie de handleiding)."
)
_STORINGEN = (  # how the code of SQLite, or the SQLSTATE of PostgreSQL, begins
    ("SQLITE_READONLY", _ALLEEN_LEZEN),
    ("SQLITE_PERM", _ALLEEN_LEZEN),
    ("SQLITE_CANTOPEN", _ALLEEN_LEZEN),
    ("25006", _ALLEEN_LEZEN),
    ("42501", _ALLEEN_LEZEN),
    ("SQLITE_BUSY", _BEZET),
    ("SQLITE_LOCKED", _BEZET),
    ("55P03", _BEZET),
    ("40", _BEZET),
    ("SQLITE_FULL", _VOL),
    ("53100", _VOL),
    (
        "SQLITE_IOERR",
        "De schijf van de database geeft een fout. Kijk eerst of hij vol is. Laat hem anders nakijken en maak een "
        "back-up.",
    ),
    ("SQLITE_CORRUPT", _BESCHADIGD),
    ("SQLITE_NOTADB", _BESCHADIGD),
    ("XX00", _BESCHADIGD),
    ("42P01", _ONVOLLEDIG),
)


def migrate(engine: Engine) -> None:
    """Bring our tables and those of the work engine to the newest form. Safe to call from several processes at once.

    Raises:
        InstellingError: the database was made by a newer version of this program.
        DatabaseError: SQLite finds damage; a damaged database is not migrated.
    """
    if is_current(engine):
        return
    from alembic import command  # noqa: PLC0415 - with DBOS below a second of start-up, and seldom needed

    from scanstraat.motor import migrate_motor  # noqa: PLC0415

    check_database(engine)
    with engine.execution_options(**{_TRANSACTION: "IMMEDIATE"}).begin() as verbinding:
        if engine.dialect.name == "postgresql":
            verbinding.execute(sa.text("select pg_advisory_xact_lock(:slot)"), {"slot": _MIGRATE_LOCK})
        command.upgrade(build_alembic_config(verbinding), "head")
    migrate_motor(engine)
    with begin(engine) as session:
        session.merge(MotorRow(naam="dbos", versie=version("dbos")))


def is_missing(url: str) -> bool:
    """Say whether this is a database in a file that is not there; opening it would make one."""
    adres = make_url(url)
    return adres.get_backend_name() == "sqlite" and not Path(str(adres.database)).exists()


def has_tables(engine: Engine) -> bool:
    """Say whether this is a database of the scanstraat, of whichever version, and not an empty one."""
    with engine.connect() as verbinding:
        return sa.inspect(verbinding).has_table("alembic_version")


def is_current(engine: Engine) -> bool:
    """Say whether all tables have the form that this version needs.

    Raises:
        InstellingError: the database was made by a newer version of this program.
    """
    with engine.connect() as verbinding:
        if not sa.inspect(verbinding).has_table("alembic_version"):
            return False
        revisie = verbinding.execute(sa.text("select version_num from alembic_version")).scalar()
        bekend = known_revisions()
        if revisie is not None and revisie not in bekend:
            raise InstellingError(
                "De database is gemaakt door een nieuwere versie van de scanstraat. Installeer die versie, "
                "of zet de back-up terug die voor de overstap is gemaakt."
            )
        if revisie != bekend[-1]:
            return False
        motor = verbinding.execute(sa.select(col(MotorRow.versie)).where(col(MotorRow.naam) == "dbos")).scalar()
    return motor == version("dbos")


def known_revisions() -> list[str]:
    """Return our revisions, oldest first: the four figures with which the name of each migration starts."""
    return sorted(pad.name[:4] for pad in (_MIGRATIONS / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def build_alembic_config(verbinding: Connection | None) -> AlembicConfig:
    """Return Alembic's settings; migrations/env.py takes the connection from its attributes."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = verbinding
    return config
