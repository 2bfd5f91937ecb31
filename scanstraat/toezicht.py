"""The supervisor of `scanstraat start`: keeps the processes of one machine running and ends them together."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import structlog
from sqlalchemy.engine import make_url

from scanstraat.config import Config
from scanstraat.errors import InstellingError
from scanstraat.processen import hold_slot, sterf_met_ouder

_log = structlog.get_logger("toezicht")


def hold_startslot(config: Config) -> AbstractContextManager[None]:
    """Hold the right to run the line here: two on one SQLite file would both have a worker w0 (see `hartslag`).

    With PostgreSQL other machines may run it too, perhaps with the same gegevensmap: there it counts per machine.

    Raises:
        NietMogelijkError: the line runs already.
    """
    adres = make_url(config.database_url)
    if adres.get_backend_name() == "sqlite":
        slot = Path(f"{adres.database}.start.slot")
    else:
        slot = config.algemeen.gegevensmap / f"{socket.gethostname()}.start.slot"
    return hold_slot(
        slot,
        "De scanstraat loopt al op deze machine, met dezelfde gegevens. `scanstraat gezondheid` zegt hoe het ervoor "
        "staat. Stop haar eerst (Ctrl-C, of stop de dienst) als u haar opnieuw wilt starten.",
    )


def check_poort(adres: str, poort: int) -> int:
    """Return the port on which the health page can listen: `poort`, or a free one for 0.

    Raises:
        InstellingError: it cannot listen there; started all the same, it would only die each time.
    """
    familie = socket.AF_INET6 if ":" in adres else socket.AF_INET
    with socket.socket(familie, socket.SOCK_STREAM) as proef:
        proef.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            proef.bind((adres, poort))
            return int(proef.getsockname()[1])
        except OSError as exc:
            bezet = exc.errno == errno.EADDRINUSE
            waarom = "wordt al door een ander programma gebruikt" if bezet else "is op deze machine niet te gebruiken"
            raise InstellingError(
                f"Adres {adres} met poort {poort} {waarom}. Kies een ander bij [gezondheid] in config.toml."
            ) from exc


@dataclass(frozen=True)
class Herstart:
    """How long to wait before a dead process is started again: doubled each time, until one has run for a while."""

    eerst_s: float = 1.0
    meest_s: float = 60.0
    gezond_na_s: float = 60.0

    def after(self, mislukt: int) -> float:
        """Return the seconds to wait after the process died `mislukt` times in a row (from 1)."""
        return float(min(self.eerst_s * 2.0 ** min(mislukt - 1, 30), self.meest_s))


@dataclass
class _Kind:
    naam: str
    argv: Sequence[str]
    proces: subprocess.Popen[bytes] | None = None
    gestart: float = 0.0
    mislukt: int = 0
    niet_voor: float = 0.0


class Toezicht:
    """Starts child processes, starts a dead one again, and stops all on SIGTERM or SIGINT.

    Args:
        kinderen: (name for the log, argv) of each process.
        geduld_s: how long they get to stop by themselves; then they are killed, which loses nothing.
    """

    def __init__(
        self, kinderen: Sequence[tuple[str, Sequence[str]]], *, geduld_s: float = 30.0, herstart: Herstart | None = None
    ) -> None:
        self._kinderen = [_Kind(naam, tuple(argv)) for naam, argv in kinderen]
        self._geduld_s = geduld_s
        self._herstart = herstart or Herstart()
        self._stop = threading.Event()

    def draai(self) -> None:
        """Keep the processes running until told to stop. Call it from the main thread: children die with it."""
        vorige = {nummer: signal.signal(nummer, self._on_signal) for nummer in (signal.SIGTERM, signal.SIGINT)}
        try:
            while not self._stop.is_set():
                for kind in self._kinderen:
                    self._watch(kind)
                self._stop.wait(0.25)
        finally:
            self._stop_all()
            for nummer, afhandeling in vorige.items():
                signal.signal(nummer, afhandeling)

    def stop(self) -> None:
        """End `draai` from another thread."""
        self._stop.set()

    def _on_signal(self, _nummer: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _watch(self, kind: _Kind) -> None:
        nu = time.monotonic()
        if kind.proces is None:
            if nu >= kind.niet_voor:
                self._start(kind)
            return
        code = kind.proces.poll()
        if code is None:
            return
        kind.mislukt = 1 if nu - kind.gestart >= self._herstart.gezond_na_s else kind.mislukt + 1
        wacht_s = self._herstart.after(kind.mislukt)
        kind.proces, kind.niet_voor = None, nu + wacht_s
        _log.warning("proces_gestopt", proces=kind.naam, code=code, wacht_s=wacht_s)

    def _start(self, kind: _Kind) -> None:
        # In a session of its own: Ctrl-C in a terminal reaches us alone, and we stop them in good order.
        kind.proces = subprocess.Popen(
            kind.argv,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=partial(sterf_met_ouder, os.getpid()),  # noqa: PLW1509 - this process has one thread
        )
        kind.gestart = time.monotonic()
        _log.info("proces_gestart", proces=kind.naam, pid=kind.proces.pid)

    def _stop_all(self) -> None:
        lopend = [kind.proces for kind in self._kinderen if kind.proces is not None]
        for proces in lopend:
            proces.terminate()
        einde = time.monotonic() + self._geduld_s
        for proces in lopend:
            try:
                proces.wait(max(0.0, einde - time.monotonic()))
            except subprocess.TimeoutExpired:
                proces.kill()
                proces.wait()
