"""Heartbeats of workers, and what is done when one falls silent. Time is the clock of the database, shared by all.

The engine gives a worker that starts again its own work back. What a worker leaves behind that never comes back would
stay where it is for ever; every live worker therefore looks for it and puts it back in its queue. That is safe to do
by several at once, because work is put back only while it is with the executor that was found silent.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.domain import Stapstatus
from scanstraat.tables import StapRow, UitvoerderRow
from scanstraat.werk import Werkbank, werk_id_of

_VERGELIJK_S = 60.0  # how often the stappen are compared with what the engine knows
_BEWAAR_UITVOERDER = timedelta(days=1)

OP_CODE = "vastgelopen"
OP_TEKST = (
    "Bij deze stap viel het programma telkens uit; hij is stilgezet en het andere werk gaat door. Waarschuw de "
    "functioneel beheerder en probeer de stap daarna opnieuw."
)

_log = structlog.get_logger("werk")


def build_executor_id(engine: Engine, slot: str) -> str:
    """Return the name of the worker in `slot` ("w0").

    On SQLite there is one machine, so the slot is enough and a restart finds its own work at once. On PostgreSQL other
    machines have the same slots, and an id must never be used again while its old process may still be running.
    """
    if engine.dialect.name == "sqlite":
        return slot
    return f"{socket.gethostname()}:{slot}:{os.getpid()}-{uuid4().hex[:8]}"


class Hartslag:
    """A thread that says "I am alive" every `hartslag_s` and takes over from workers silent for `dood_na_s`."""

    def __init__(
        self,
        engine: Engine,
        werkbank: Werkbank,
        executor_id: str,
        *,
        hartslag_s: float,
        dood_na_s: float,
        find_active: Callable[[], frozenset[str]],
    ) -> None:
        self._engine = engine
        self._werkbank = werkbank
        self._executor_id = executor_id
        self._hartslag_s = hartslag_s
        self._dood_na_s = dood_na_s
        self._find_active = find_active
        self._stop = threading.Event()
        self._verdacht: frozenset[str] = frozenset()
        self._slagen_per_vergelijking = max(1, round(_VERGELIJK_S / hartslag_s))
        self._draad = threading.Thread(target=self._loop, name="hartslag", daemon=True)

    def start(self) -> None:
        """Write the first heartbeat and go on in a thread."""
        with db.begin(self._engine, altijd=True) as session:
            nu = db.database_now(session)
            session.merge(UitvoerderRow(id=self._executor_id, gestart_op=nu, hartslag_op=nu, gestopt_op=None))
        self._draad.start()

    def stop(self) -> None:
        """Say goodbye, so that others take over without waiting."""
        self._stop.set()
        self._draad.join()
        try:
            with db.begin(self._engine, altijd=True) as session:
                nu = db.database_now(session)
                self._update_own(session, hartslag_op=nu, gestopt_op=nu)
        except SQLAlchemyError as exc:  # a database that is away must not keep us from stopping
            _log.warning("afmelden_mislukt", fout=type(exc).__name__)

    def _loop(self) -> None:
        slag = 0
        while not self._stop.wait(self._hartslag_s):
            slag += 1
            try:
                self.beat()
                self.sweep()
                if slag % self._slagen_per_vergelijking == 0:
                    self.reconcile()
            except SQLAlchemyError as exc:  # try again at the next beat; the others see that we are silent
                _log.warning("hartslag_mislukt", fout=type(exc).__name__)

    def _update_own(self, session: Session, **waarden: str) -> None:
        session.connection().execute(
            sa.update(UitvoerderRow).where(col(UitvoerderRow.id) == self._executor_id).values(**waarden)
        )

    def beat(self) -> None:
        """Write one heartbeat."""
        with db.begin(self._engine, altijd=True) as session:
            self._update_own(session, hartslag_op=db.database_now(session))

    def sweep(self) -> None:
        """Put back the work of silent workers, and our own that the engine says we have but nothing runs."""
        with db.read(self._engine) as session:
            levend = self._find_alive(session)
        lopend = self._werkbank.klant.find_running()
        for werk in lopend:
            if (
                werk.uitvoerder not in levend
                and werk.uitvoerder != self._executor_id
                and self._werkbank.klant.put_back(werk)
            ):
                _log.warning("overgenomen", werk=werk.werk_id, van=werk.uitvoerder)
        # The engine may lose a piece between taking and starting it, for instance when the disk was full just then.
        eigen = {werk.werk_id: werk for werk in lopend if werk.uitvoerder == self._executor_id}
        zoek = frozenset(eigen) - self._find_active()
        for werk_id in zoek & self._verdacht:
            if self._werkbank.klant.put_back(eigen[werk_id]):
                _log.warning("weer_in_rij", werk=werk_id)
        self._verdacht = zoek - self._verdacht

    def _find_alive(self, session: Session) -> frozenset[str]:
        nu = datetime.fromisoformat(db.database_now(session))
        grens = db.format_time(nu - timedelta(seconds=self._dood_na_s))
        return frozenset(
            session.exec(
                select(UitvoerderRow.id).where(
                    UitvoerderRow.hartslag_op >= grens, col(UitvoerderRow.gestopt_op).is_(None)
                )
            )
        )

    def reconcile(self) -> None:
        """Help on a stap that is open in our table while the engine will not run it, and forget old workers."""
        with db.read(self._engine) as session:
            nu = datetime.fromisoformat(db.database_now(session))
            open_stappen = session.exec(
                select(StapRow).where(col(StapRow.status).in_([Stapstatus.WACHT.value, Stapstatus.BEZIG.value]))
            ).all()
        verwacht = {werk_id_of(stap, expected_attempt(stap)): stap for stap in open_stappen}
        for werk_id, reden in self._werkbank.klant.find_ended(list(verwacht)).items():
            with db.begin(self._engine, altijd=True) as session:
                self._help_on(session, verwacht[werk_id], reden)
        with db.begin(self._engine, altijd=True) as session:
            session.connection().execute(
                sa.delete(UitvoerderRow).where(
                    col(UitvoerderRow.hartslag_op) < db.format_time(nu - _BEWAAR_UITVOERDER),
                    col(UitvoerderRow.id) != self._executor_id,
                )
            )

    def _help_on(self, session: Session, gezien: StapRow, reden: str) -> None:
        stap = session.exec(select(StapRow).where(StapRow.id == gezien.id).with_for_update()).first()
        if stap is None or (stap.status, stap.poging) != (gezien.status, gezien.poging):
            return  # it moved on since we looked
        poging = expected_attempt(stap)
        if reden == "op":
            stap.status, stap.fout_code, stap.fout = Stapstatus.MISLUKT.value, OP_CODE, OP_TEKST
            stap.geeindigd_op = db.now_text()
        elif reden == "geannuleerd":
            stap.status, stap.geeindigd_op = Stapstatus.GEANNULEERD.value, db.now_text()
        else:
            stap.status, stap.poging = Stapstatus.WACHT.value, poging
            self._werkbank.plan(session, stap, poging=poging + 1)
        session.add(stap)
        _log.warning("stap_rechtgezet", stap=str(stap.id), reden=reden)


def expected_attempt(stap: StapRow) -> int:
    """Return the attempt that the engine must know of an open stap."""
    return stap.poging if stap.status == Stapstatus.BEZIG else stap.poging + 1
