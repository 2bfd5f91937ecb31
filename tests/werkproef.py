"""A worker and an enqueuer as processes of their own, for tests that kill them: python -m tests.werkproef ROL URL MAP

The phases ask an outside service for something under a key, as the real ones do. The service is a folder: it notes
every request in one file and applies each key once, and it answers late, so that a kill often falls in between.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.config import WerkConfig
from scanstraat.domain import Fase
from scanstraat.herhalen import Wachttijden
from scanstraat.tables import EffectRow, ObjectRow, StapRow
from scanstraat.werk import Voortgang, Werkbank
from scanstraat.werker import Werker

WORTEL = Path(__file__).resolve().parents[1]
NU = "2026-03-02T14:05:11.000Z"
SNEL = WerkConfig(peiling_s=0.1, hartslag_s=0.4, dood_na_s=1.6)


def teller_of(item_id: UUID) -> str:
    """The row in which the phases of an item count themselves."""
    return f"teller-{item_id}"


def add_item(session: Session, werkbank: Werkbank, item_id: UUID | None = None) -> UUID:
    """Add an item and its first stap, in one transaction as the watcher does."""
    item_id = item_id or uuid4()
    session.add(ObjectRow(sha256=teller_of(item_id), sha512="", omvang_bytes=0, soort="bron", bewaard_op=NU))
    werkbank.enqueue(session, Fase.ONTLEED, item_id=item_id, batch_id=item_id)
    return item_id


class Dienst:
    """The outside service."""

    def __init__(self, map: Path, *, traag_s: float = 0.1) -> None:
        self.map = map
        self.traag_s = traag_s
        (map / "sleutels").mkdir(exist_ok=True)

    def ask(self, sleutel: str) -> None:
        """Apply the request unless its key was seen, and answer late."""
        with (self.map / "verzoeken").open("ab") as verzoeken:
            verzoeken.write(f"{sleutel}\n".encode())
        (self.map / "sleutels" / sleutel.replace(":", "_")).touch()
        time.sleep(random.uniform(0.02, self.traag_s))

    def requests(self) -> list[str]:
        """Every request, repeated ones too."""
        bestand = self.map / "verzoeken"
        return bestand.read_text().split() if bestand.exists() else []

    def keys(self) -> int:
        """How many things were really done."""
        return len(list((self.map / "sleutels").iterdir()))


def count_once(session: Session, sleutel: str, item_id: UUID) -> bool:
    """Raise the counter of the item unless this key did so before; say whether it did now."""
    if session.get(EffectRow, sleutel) is not None:
        return False
    session.add(EffectRow(sleutel=sleutel, doel="proef", verzoek_sha256="", begonnen_op=NU))
    session.connection().execute(
        sa.update(ObjectRow)
        .where(col(ObjectRow.sha256) == teller_of(item_id))
        .values(omvang_bytes=col(ObjectRow.omvang_bytes) + 1)
    )
    session.flush()
    return True


def build_phases(engine: Engine, werkbank: Werkbank, dienst: Dienst):  # type: ignore[no-untyped-def]
    """Two phases: each asks the service and counts itself; the first enqueues the second."""

    def ontleed(item_id: UUID, voortgang: Voortgang) -> None:
        dienst.ask(voortgang.poging.sleutel)
        with db.begin(engine) as session:
            if count_once(session, voortgang.poging.sleutel, item_id):
                werkbank.enqueue(session, Fase.ARCHIVEER, item_id=item_id, batch_id=item_id)

    def archiveer(item_id: UUID, voortgang: Voortgang) -> None:
        if (dienst.map / f"gif-{item_id}").exists():
            os.abort()
        voortgang.meld(0, 1)
        dienst.ask(voortgang.poging.sleutel)
        with db.begin(engine) as session:
            count_once(session, voortgang.poging.sleutel, item_id)
        voortgang.meld(1, 1)

    return {Fase.ONTLEED: ontleed, Fase.ARCHIVEER: archiveer}


def find_counters(engine: Engine) -> dict[str, int]:
    """Return how often the phases of each item counted themselves."""
    with db.read(engine) as session:
        rijen = session.exec(select(ObjectRow).where(col(ObjectRow.sha256).like("teller-%"))).all()
        return {rij.sha256: rij.omvang_bytes for rij in rijen}


def find_statuses(engine: Engine) -> list[str]:
    """Return the status of every stap."""
    with db.read(engine) as session:
        return list(session.exec(select(StapRow.status)).all())


def start_process(rol: str, url: str, map: Path, *argumenten: str) -> subprocess.Popen[bytes]:
    """Start a worker or enqueuer; its output goes to a file in `map`."""
    with (map / f"uitvoer-{rol}-{'-'.join(argumenten)}").open("ab") as uitvoer:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.werkproef", rol, url, str(map), *argumenten],
            cwd=WORTEL,
            stdout=uitvoer,
            stderr=uitvoer,
        )


def end_process(proces: subprocess.Popen[bytes]) -> None:
    """Kill a process that we started, whatever state it is in."""
    proces.kill()
    proces.wait()


def run_worker(engine: Engine, map: Path, naam: str, traag_s: float, config: WerkConfig) -> None:
    """Work until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    werkbank = Werkbank(engine)
    with Werker(
        engine,
        executor_id=naam,
        fasen=build_phases(engine, werkbank, Dienst(map, traag_s=traag_s)),
        gelijktijdig={Fase.ONTLEED: 2, Fase.ARCHIVEER: 2},
        config=config,
        wachttijden=Wachttijden(0.2, 1.0),
    ):
        (map / f"klaar-{naam}").touch()
        stop.wait()


def run_enqueuer(engine: Engine) -> None:
    """Add items one by one until killed."""
    werkbank = Werkbank(engine)
    while True:
        with db.begin(engine) as session:
            add_item(session, werkbank)


def main(rol: str, url: str, map: str, *rest: str) -> None:
    """Be a worker or an enqueuer."""
    engine = db.create_engine(url)
    if rol in ("werker", "rustig"):
        traag_s = float(rest[1]) if len(rest) > 1 else 0.1
        run_worker(engine, Path(map), rest[0], traag_s, SNEL if rol == "werker" else WerkConfig())
    else:
        run_enqueuer(engine)


if __name__ == "__main__":
    main(*sys.argv[1:])
