"""The work engine, DBOS Transact: the only module that knows it. What must happen stands in our own table `stap`.

DBOS gives durable queues in our own database, so that "change and enqueue" is one commit; it hands each piece of work
to one executor and returns it to the queue when that executor starts again. What it does not give in its open part,
taking over from an executor that never comes back, is ours (`hartslag.py`). Why this engine: docs/decisions/.

Rules that keep it safe, each with a contract test:
- The application version is a constant. The default, a hash of the source, would strand all waiting work at an upgrade.
- Arguments are JSON. DBOS also reads pickle from any row that says so, which makes writing to the database as good as
  running code; `forbid_pickle` takes that away.
- One piece of work is one short workflow without steps; no workflow waits for a person or for a service that is down.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions, _serialization
from dbos._serialization import Serializer
from dbos._sys_db import SystemDatabase
from sqlalchemy.engine import Engine
from sqlmodel import Session

APPLICATIE = "scanstraat"
VERSIE = "1"  # raise it only when waiting work of an older release must not be run by a newer one
SCHEMA = "dbos"  # on PostgreSQL; SQLite has no schemas
WERKSTROOM = "stap"
MAXIMUM_HERSTARTS = 20  # an executor that dies on the same work this often: the work is parked

_AFGELOPEN = {"SUCCESS": "klaar", "ERROR": "fout", "CANCELLED": "geannuleerd", "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "op"}


@dataclass(frozen=True)
class Rij:
    """A queue: how many pieces of work at once per worker and, when given, over all workers together."""

    naam: str
    per_werker: int
    totaal: int | None = None
    peiling_s: float = 1.0


@dataclass(frozen=True)
class Lopend:
    """A piece of work that an executor took from its queue and has not finished."""

    werk_id: str
    uitvoerder: str
    rij: str


def migrate_motor(engine: Engine) -> None:
    """Bring the tables of the engine to the newest form.

    `DBOS.migrate(url)` would open an SQLite file with Python's own SQLite, which may be too old for it; hence the
    class behind it, on our own engine.
    """
    prepare_logging()
    _open_tables(engine).run_migrations()


def _open_tables(engine: Engine) -> SystemDatabase:
    return SystemDatabase.create(
        system_database_url=f"{engine.dialect.name}://",
        engine_kwargs={},
        engine=engine,
        schema=SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        executor_id=None,
        use_listen_notify=False,
        app_name=APPLICATIE,
    )


class _GeenPickle(Serializer):
    """Stands where DBOS keeps its pickle serializer: reads nothing, and writes only what an error said."""

    def name(self) -> str:
        return "py_pickle"

    def serialize(self, data: Any) -> str:
        return json.dumps(str(data))

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805 - as DBOS declares it
        raise ValueError("pickle in the database is refused")


def forbid_pickle() -> None:
    """Make DBOS refuse every stored value that says it is pickle."""
    _serialization.DBOSDefaultSerializer = _GeenPickle()


class _NaarStructlog(logging.Handler):
    """Hands what DBOS says to our own log."""

    def emit(self, record: logging.LogRecord) -> None:
        soort = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger("motor").log(record.levelno, "motor", melding=record.getMessage(), fout=soort)


def prepare_logging() -> None:
    """Send the warnings of DBOS to structlog; its notices, one of which advertises a service, go nowhere."""
    logger = logging.getLogger("dbos")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    if not any(isinstance(handler, _NaarStructlog) for handler in logger.handlers):
        logger.handlers[:] = [_NaarStructlog()]


class Motorklant:
    """Gives work to the engine and asks after it; runs none and has no threads of its own."""

    def __init__(self, engine: Engine) -> None:
        prepare_logging()
        forbid_pickle()
        self._client = DBOSClient(
            system_database_engine=engine,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATIE,
            lazy=True,
        )
        self._tabellen = _open_tables(engine)

    def enqueue(self, session: Session, werk_id: str, rij: str, *argumenten: str | int, wacht_s: float = 0.0) -> None:
        """Put work in a queue in the transaction of `session`; the same `werk_id` again is no news."""
        opties: EnqueueOptions = {"workflow_name": WERKSTROOM, "queue_name": rij, "workflow_id": werk_id}
        if wacht_s > 0:
            opties["delay_seconds"] = wacht_s
        self._client.enqueue_in_transaction(session, opties, *argumenten)

    def cancel(self, werk_id: str) -> None:
        """Take work out of its queue; what runs already is not stopped by this."""
        self._client.cancel_workflow(werk_id)

    def find_running(self) -> list[Lopend]:
        """Return all work that was taken from a queue and is not finished, over all executors."""
        gevonden = self._client.list_workflows(status="PENDING", name=WERKSTROOM, load_input=False, load_output=False)
        return [Lopend(w.workflow_id, w.executor_id or "", w.queue_name or "") for w in gevonden]

    def put_back(self, lopend: Lopend) -> bool:
        """Return work to its queue, unless it is no longer with that executor; say whether it was.

        The public `resume_workflow` has no such guard and forgets how often the work was tried.
        """
        return self._tabellen.reenqueue_for_recovery(lopend.werk_id, [lopend.uitvoerder], lopend.rij)

    def find_ended(self, werk_ids: Sequence[str]) -> dict[str, str]:
        """Say why work will not run (again): klaar, fout, geannuleerd, op (tried too often) or weg (not known)."""
        uitslag: dict[str, str] = {}
        for begin in range(0, len(werk_ids), 500):
            deel = list(werk_ids[begin : begin + 500])
            gevonden = self._client.list_workflows(workflow_ids=deel, load_input=False, load_output=False)
            statussen = {w.workflow_id: str(w.status) for w in gevonden}
            for werk_id in deel:
                reden = _AFGELOPEN.get(statussen[werk_id]) if werk_id in statussen else "weg"
                if reden is not None:
                    uitslag[werk_id] = reden
        return uitslag

    def forget_ended(self, voor: datetime, *, per_keer: int = 500) -> int:
        """Delete what the engine still remembers of work that ended before `voor`; return how much that was."""
        totaal = 0
        while True:
            gevonden = self._client.list_workflows(
                name=WERKSTROOM,
                status=list(_AFGELOPEN),
                completed_before=voor.isoformat(),
                limit=per_keer,
                load_input=False,
                load_output=False,
            )
            if not gevonden:
                return totaal
            self._client.delete_workflows([werk.workflow_id for werk in gevonden])
            totaal += len(gevonden)

    def register(self, rijen: Iterable[Rij]) -> None:
        """Store how many of each queue may run at once."""
        for rij in rijen:
            self._client.register_queue(
                rij.naam,
                worker_concurrency=rij.per_werker if rij.totaal is None else min(rij.per_werker, rij.totaal),
                global_concurrency=rij.totaal,
                polling_interval_sec=rij.peiling_s,
            )

    def close(self) -> None:
        """Let go of the client; the database engine stays the caller's."""
        self._client.destroy()


class Motor:
    """Runs work from the queues in this process. One per process, because DBOS is one per process."""

    def __init__(
        self, engine: Engine, *, uitvoerder: str, rijen: Sequence[Rij], functie: Callable[[str, str, int], None]
    ) -> None:
        self._engine = engine
        self._uitvoerder = uitvoerder
        self._rijen = rijen
        self._functie = functie

    def start(self) -> None:
        """Begin to take work, first of all what this executor left behind when it stopped or died."""
        prepare_logging()
        forbid_pickle()
        config: DBOSConfig = {
            "name": APPLICATIE,
            "system_database_engine": self._engine,
            "dbos_system_schema": SCHEMA,
            "serializer": DBOSPortableJSONSerializer(),
            "application_version": VERSIE,
            "executor_id": self._uitvoerder,
            "run_migrations": False,
            "use_listen_notify": False,
            "enable_otlp": False,
            "log_level": "WARNING",
            "scheduler_polling_interval_sec": 3600.0,  # nothing is scheduled through the engine
        }
        DBOS(config=config)
        functie = self._functie

        def stap(stap_id: str, poging: int) -> None:
            functie(str(DBOS.workflow_id), stap_id, poging)

        DBOS.workflow(name=WERKSTROOM, max_recovery_attempts=MAXIMUM_HERSTARTS)(stap)
        DBOS.listen_queues([rij.naam for rij in self._rijen])
        DBOS.launch()

    def stop(self, *, geduld_s: int) -> None:
        """Take no more work and wait up to `geduld_s` for what runs; the rest is found again at the next start."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=geduld_s)
