"""Durable work: one phase of one item is a `stap`, and the table `stap` is the truth about it.

A stap is wacht, bezig, klaar, mislukt or geannuleerd. It is written together with the change that it follows from, in
one transaction (`Werkbank.enqueue`), and carried out by whichever worker takes it (`Werker`). Every attempt is a piece
of work of its own for the engine. An attempt begins only when the row says that it is its turn, so that an engine that
hands out work twice, or a worker that wakes up after it was given up, does no harm; what a phase does outside the
database carries a key of its own (`EffectRow`), because a killed attempt is repeated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult, Engine
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.domain import Fase, Stapstatus
from scanstraat.errors import NietGevondenError, NietMogelijkError, ScanstraatError
from scanstraat.tables import StapRow

if TYPE_CHECKING:
    from scanstraat.motor import Motorklant

_OPEN = (Stapstatus.WACHT.value, Stapstatus.BEZIG.value)

Fasefunctie = Callable[[UUID, "Voortgang"], None]


class StapGestoptError(ScanstraatError):
    """This attempt must stop: the stap was cancelled, another worker has it now, or this worker is stopping."""


@dataclass(frozen=True)
class Poging:
    """One attempt at a stap. `sleutel` is the same for every attempt of a generation: the key for effects outside."""

    stap_id: UUID
    item_id: UUID
    fase: Fase
    generatie: int
    nummer: int

    @property
    def sleutel(self) -> str:
        """Item, phase and generation."""
        return f"{self.item_id}:{self.fase}:{self.generatie}"


def werk_id_of(stap: StapRow, poging: int) -> str:
    """Return the name under which the engine knows attempt `poging` (from 1) of a stap."""
    eerste = f"{stap.item_id}:{stap.fase}:{stap.generatie}"
    return eerste if poging == 1 else f"{eerste}:{poging}"


class Werkbank:
    """Gives work, for watcher, command line, web pages and the phases themselves. Has no threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._klant: Motorklant | None = None

    @property
    def klant(self) -> Motorklant:
        """The engine's client, made at first use: importing it takes most of a second."""
        if self._klant is None:
            from scanstraat.motor import Motorklant  # noqa: PLC0415

            self._klant = Motorklant(self._engine)
        return self._klant

    def enqueue(self, session: Session, fase: Fase, *, item_id: UUID, batch_id: UUID, generatie: int = 1) -> UUID:
        """Write a stap and its place in the queue in the caller's transaction; return its id.

        The same item, phase and generation again is no news: the stap that is there is returned.
        """
        nieuw = StapRow(
            id=uuid4(),
            item_id=item_id,
            batch_id=batch_id,
            fase=fase.value,
            generatie=generatie,
            status=Stapstatus.WACHT.value,
            aangemaakt_op=db.now_text(),
        )
        waarden = nieuw.model_dump()
        invoegen = _insert(session)(StapRow.__table__).values(**waarden)  # type: ignore[attr-defined]
        session.connection().execute(invoegen.on_conflict_do_nothing(index_elements=["item_id", "fase", "generatie"]))
        stap = session.exec(
            select(StapRow).where(
                StapRow.item_id == item_id, StapRow.fase == fase.value, StapRow.generatie == generatie
            )
        ).one()
        if stap.id == nieuw.id:
            self.plan(session, stap, poging=1)
        return stap.id

    def plan(self, session: Session, stap: StapRow, *, poging: int, wacht_s: float = 0.0) -> None:
        """Put attempt `poging` of a stap in the queue, not to be taken before `wacht_s` seconds have passed."""
        self.klant.enqueue(session, werk_id_of(stap, poging), stap.fase, str(stap.id), poging, wacht_s=wacht_s)

    def opnieuw(self, session: Session, stap_id: UUID) -> UUID:
        """Give a stap that failed, was cancelled or waits for better times a new generation; return that one's id.

        The old row stays as history and counts as geannuleerd.

        Raises:
            NietGevondenError: no such stap.
            NietMogelijkError: it runs, is done, or was tried anew before.
        """
        stap = lock_stap(session, stap_id)
        laatste = session.exec(
            select(sa.func.max(StapRow.generatie)).where(StapRow.item_id == stap.item_id, StapRow.fase == stap.fase)
        ).one()
        if laatste is not None and laatste > stap.generatie:
            raise NietMogelijkError("Deze stap is al eens opnieuw gestart. Kies de nieuwste; zie `scanstraat stappen`.")
        if stap.status == Stapstatus.BEZIG:
            raise NietMogelijkError("Deze stap loopt nog. Annuleer hem eerst, of wacht tot hij klaar is.")
        if stap.status == Stapstatus.KLAAR:
            raise NietMogelijkError("Deze stap is klaar; opnieuw doen is niet nodig.")
        if stap.status != Stapstatus.GEANNULEERD:
            stap.status = Stapstatus.GEANNULEERD.value
            stap.geeindigd_op = stap.geeindigd_op or db.now_text()
            session.add(stap)
            session.flush()
        return self.enqueue(
            session, Fase(stap.fase), item_id=stap.item_id, batch_id=stap.batch_id, generatie=stap.generatie + 1
        )

    def annuleer(self, stap_id: UUID, *, noteer: Callable[[Session, StapRow], None] | None = None) -> None:
        """Cancel a stap that waits or runs, in a transaction of its own. What runs stops at its next page.

        Args:
            noteer: writes in the same transaction what else belongs to it, such as who asked for it.
        Raises:
            NietGevondenError: no such stap.
            NietMogelijkError: it has ended already.
        """
        with db.begin(self._engine) as session:
            stap = lock_stap(session, stap_id)
            if stap.status not in _OPEN:
                raise NietMogelijkError("Deze stap is al afgelopen; er valt niets te annuleren.")
            poging = stap.poging if stap.status == Stapstatus.BEZIG else stap.poging + 1
            stap.status = Stapstatus.GEANNULEERD.value
            stap.geeindigd_op = db.now_text()
            session.add(stap)
            if noteer is not None:
                noteer(session, stap)
            werk_id = werk_id_of(stap, poging)
        # Not needed for the outcome, because a cancelled stap never begins; it keeps the queue short.
        self.klant.cancel(werk_id)

    def forget_ended(self, ouder_dan: timedelta) -> int:
        """Delete the engine's own record of work that ended that long ago; the stappen stay. Return how many."""
        return self.klant.forget_ended(datetime.now(UTC) - ouder_dan)

    def close(self) -> None:
        """Let go of the engine's client."""
        if self._klant is not None:
            self._klant.close()
            self._klant = None


def _insert(session: Session) -> Callable[..., sa.dialects.sqlite.Insert | sa.dialects.postgresql.Insert]:
    naam = session.get_bind().dialect.name
    return sa.dialects.sqlite.insert if naam == "sqlite" else sa.dialects.postgresql.insert


def lock_stap(session: Session, stap_id: UUID) -> StapRow:
    """Return a stap, held until the end of the transaction."""
    stap = session.exec(
        select(StapRow).where(StapRow.id == stap_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    if stap is None:
        raise NietGevondenError("Deze stap bestaat niet. `scanstraat stappen` toont welke er zijn.")
    return stap


class Voortgang:
    """What a phase tells and asks while it runs."""

    def __init__(
        self, engine: Engine, poging: Poging, uitvoerder: str, stop: threading.Event, *, interval_s: float = 1.0
    ) -> None:
        self.poging = poging
        self._engine = engine
        self._uitvoerder = uitvoerder
        self._stop = stop
        self._interval_s = interval_s
        self._geschreven = float("-inf")
        self._gestopt = False

    def meld(self, gedaan: int, totaal: int) -> None:
        """Tell how many of `totaal` pages are done; stored once a second and at the last.

        Raises:
            StapGestoptError: this attempt must stop; let it pass.
        """
        nu = time.monotonic()
        if gedaan < totaal and nu - self._geschreven < self._interval_s and not self._stop.is_set():
            return
        self._geschreven = nu
        if not self._write(gedaan=gedaan, totaal=totaal) or self._stop.is_set():
            self._gestopt = True
            raise StapGestoptError("Deze stap is onderbroken.")

    def is_geannuleerd(self) -> bool:
        """Say whether this attempt must stop. After True the phase may return; it does not count as done."""
        if not self._gestopt:
            self._gestopt = self._stop.is_set() or not self._write()
        return self._gestopt

    def _write(self, **waarden: int) -> bool:
        """Store values in the row as long as it is ours; say whether it is."""
        onze = (
            col(StapRow.id) == self.poging.stap_id,
            col(StapRow.status) == Stapstatus.BEZIG.value,
            col(StapRow.poging) == self.poging.nummer,
            col(StapRow.uitvoerder) == self._uitvoerder,
        )
        if not waarden:
            with db.read(self._engine) as session:
                return session.exec(select(StapRow.id).where(*onze)).first() is not None
        with db.begin(self._engine) as session:
            uitslag = session.connection().execute(sa.update(StapRow).where(*onze).values(**waarden))
            assert isinstance(uitslag, CursorResult)
            return uitslag.rowcount == 1

    @property
    def gestopt(self) -> bool:
        """Whether the phase was told to stop."""
        return self._gestopt


def next_generatie(session: Session, fase: Fase, item_id: UUID) -> int:
    """Return the generation that a new stap of this item and phase would get: 1 for the first."""
    hoogste = session.exec(
        select(sa.func.max(StapRow.generatie)).where(StapRow.item_id == item_id, StapRow.fase == fase.value)
    ).one()
    return (hoogste or 0) + 1


def count_open(session: Session) -> int:
    """Count the stappen that run or wait."""
    return session.exec(select(sa.func.count()).select_from(StapRow).where(col(StapRow.status).in_(_OPEN))).one()


def wacht_tot_leeg(engine: Engine, timeout_s: float, *, interval_s: float = 0.1) -> bool:
    """Wait until no stap runs or waits; False when that has not happened within `timeout_s`.

    A stap that waits for a full disk or for a zaaksysteem that is down counts as waiting.
    """
    einde = time.monotonic() + timeout_s
    while True:
        with db.read(engine) as session:
            if count_open(session) == 0:
                return True
        if time.monotonic() >= einde:
            return False
        time.sleep(interval_s)
