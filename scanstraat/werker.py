"""The worker: carries out stappen, one attempt at a time per piece of work, and records how each ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from scanstraat import db
from scanstraat.config import WerkConfig
from scanstraat.domain import Fase, Stapstatus
from scanstraat.errors import AlleenLezenError
from scanstraat.hartslag import Hartslag
from scanstraat.herhalen import Vervolg, Wachttijden, decide_vervolg
from scanstraat.motor import Motor, Rij
from scanstraat.technisch_log import describe_fout
from scanstraat.werk import Fasefunctie, Poging, StapGestoptError, Voortgang, Werkbank, lock_stap

_DATABASE_GEDULD_S = 30.0  # longest pause between tries to record a result while the database does not answer

T = TypeVar("T")
_log = structlog.get_logger("werk")


class Werker:
    """Carries out stappen in this process; one per process. A context manager: start and stop.

    Args:
        executor_id: fixed per slot on one machine (`w0`), unique per start on many; see `build_executor_id`.
        fasen: what each phase does. Phases that are not named are left to other workers.
        gelijktijdig: how many stappen of a phase at once in this process (1 when not named).
    """

    def __init__(
        self,
        engine: Engine,
        *,
        executor_id: str,
        fasen: Mapping[Fase, Fasefunctie],
        gelijktijdig: Mapping[Fase, int],
        config: WerkConfig,
        wachttijden: Wachttijden | None = None,
    ) -> None:
        self._engine = engine
        self._executor_id = executor_id
        self._fasen = dict(fasen)
        self._wachttijden = wachttijden or Wachttijden()
        self._stop = threading.Event()
        self._werkbank = Werkbank(engine)
        self._actief: set[str] = set()
        self._actief_slot = threading.Lock()
        self._rijen = [
            Rij(
                fase.value,
                gelijktijdig.get(fase, 1),
                config.afleveringen_tegelijk if fase is Fase.LEVER_AF else None,
                config.peiling_s,
            )
            for fase in self._fasen
        ]
        self._motor = Motor(engine, uitvoerder=executor_id, rijen=self._rijen, functie=self._carry_out)
        self._hartslag = Hartslag(
            engine,
            self._werkbank,
            executor_id,
            hartslag_s=config.hartslag_s,
            dood_na_s=config.dood_na_s,
            find_active=self._find_active,
        )

    def start(self) -> None:
        """Begin to take work.

        Raises:
            DatabaseError: SQLite finds damage in its file.
        """
        db.check_database(self._engine)
        self._werkbank.klant.register(self._rijen)
        self._hartslag.start()
        try:
            self._motor.start()
        except BaseException:
            self._hartslag.stop()
            raise

    def stop(self, *, geduld_s: int = 20) -> None:
        """Take no more work; what runs stops at its next page and waits for the next start."""
        self._stop.set()
        self._motor.stop(geduld_s=geduld_s)
        self._hartslag.stop()
        self._werkbank.close()

    def __enter__(self) -> Werker:
        self.start()
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, spoor: TracebackType | None
    ) -> None:
        self.stop()

    def _find_active(self) -> frozenset[str]:
        with self._actief_slot:
            return frozenset(self._actief)

    def _carry_out(self, werk_id: str, stap_id: str, poging: int) -> None:
        """Do one attempt. Never raises for what a phase does: the outcome stands in the row."""
        with self._actief_slot:
            self._actief.add(werk_id)
        try:
            begonnen = self._persist(lambda: self._begin(UUID(stap_id), poging))
            if begonnen is not None:
                self._run(begonnen)
        finally:
            with self._actief_slot:
                self._actief.discard(werk_id)

    def _begin(self, stap_id: UUID, nummer: int) -> Poging | None:
        """Claim the row for this attempt; None when it is not, or no longer, its turn."""
        with db.begin(self._engine) as session:
            stap = lock_stap(session, stap_id)
            aan_de_beurt = stap.status == Stapstatus.WACHT and stap.poging == nummer - 1
            onderbroken = stap.status == Stapstatus.BEZIG and stap.poging == nummer  # its worker died; we have it now
            if not (aan_de_beurt or onderbroken):
                return None
            stap.status = Stapstatus.BEZIG.value
            stap.poging = nummer
            stap.gestart_op = db.now_text()
            stap.uitvoerder = self._executor_id
            stap.gedaan, stap.totaal, stap.fout, stap.fout_code = 0, 0, "", ""
            session.add(stap)
            return Poging(stap.id, stap.item_id, Fase(stap.fase), stap.generatie, nummer)

    def _run(self, poging: Poging) -> None:
        log = _log.bind(
            stap=str(poging.stap_id), item=str(poging.item_id), fase=poging.fase.value, poging=poging.nummer
        )
        voortgang = Voortgang(self._engine, poging, self._executor_id, self._stop)
        begin = time.monotonic()
        vervolg: Vervolg | None = None
        gestopt = self._stop.is_set()
        if not gestopt:
            try:
                self._fasen[poging.fase](poging.item_id, voortgang)
                gestopt = voortgang.gestopt
            except StapGestoptError:
                gestopt = True
            except Exception as exc:  # whatever a phase does wrong, the other work goes on
                vervolg = decide_vervolg(exc, poging.nummer, self._wachttijden)
                log = log.bind(code=vervolg.code, wacht_s=vervolg.wacht_s)
                if vervolg.onverwacht or exc.__cause__ is not None:  # a child of the sandbox may have met a bug too
                    log = log.bind(**describe_fout(exc))
        self._persist(lambda: self._end(poging, vervolg, gestopt=gestopt))
        uitslag = "onderbroken" if gestopt else "klaar" if vervolg is None else "fout"
        log.log(
            logging.WARNING if vervolg else logging.INFO,
            "stap",
            uitslag=uitslag,
            duur_s=round(time.monotonic() - begin, 3),
        )

    def _end(self, poging: Poging, vervolg: Vervolg | None, *, gestopt: bool) -> None:
        """Store how the attempt ended and, when the stap must go on, its next attempt; all in one transaction."""
        with db.begin(self._engine, altijd=True) as session:
            stap = lock_stap(session, poging.stap_id)
            onze = (Stapstatus.BEZIG.value, poging.nummer, self._executor_id)
            if (stap.status, stap.poging, stap.uitvoerder) != onze:
                return  # cancelled, or taken over while we were thought dead
            if gestopt:
                stap.status = Stapstatus.WACHT.value
                self._werkbank.plan(session, stap, poging=poging.nummer + 1)
            elif vervolg is None:
                stap.status, stap.geeindigd_op = Stapstatus.KLAAR.value, db.now_text()
            else:
                stap.fout, stap.fout_code = vervolg.tekst, vervolg.code
                if vervolg.wacht_s is None:
                    stap.status, stap.geeindigd_op = Stapstatus.MISLUKT.value, db.now_text()
                else:
                    stap.status = Stapstatus.WACHT.value
                    self._werkbank.plan(session, stap, poging=poging.nummer + 1, wacht_s=vervolg.wacht_s)
            session.add(stap)

    def _persist(self, schrijf: Callable[[], T]) -> T:
        """Write, and keep trying while the database is full or away, or only reads: nothing can go on without it.

        Raises:
            OperationalError, AlleenLezenError: the worker is stopping; the attempt is found again at the next start.
        """
        pauze_s = 1.0
        while True:
            try:
                return schrijf()
            except (OperationalError, AlleenLezenError) as exc:
                _log.error("database_schrijft_niet", fout=type(getattr(exc, "orig", exc)).__name__, pauze_s=pauze_s)
                if self._stop.wait(pauze_s):
                    raise
                pauze_s = min(pauze_s * 2, _DATABASE_GEDULD_S)
