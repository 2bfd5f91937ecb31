"""`Zandbak`: the line's side of the sandbox. Starts it, keeps the wall clock, hands over files, takes answers.

Nothing that was delivered is ever parsed on this side; what comes back from a child is judged like any other input.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from scanstraat import errors
from scanstraat.errors import InvoerError, ZandbakError, ZandbakGrensError
from scanstraat.zandbak.berichten import (
    Bericht,
    BerichtError,
    Grenzen,
    close_all,
    receive_bericht,
    send_bericht,
    verify_sealed,
)
from scanstraat.zandbak.opstelling import Soort, Start, build_start, find_zandbak

_STARTTIJD_S = 60.0  # on a slow, busy machine the first import of the libraries takes a while
_SLUITTIJD_S = 2.0
_MELDING_TEKENS = 600
_WERKMAP = "zandbak-"  # and the line's process id, in the machine's folder for temporary files (landlock only)
_NIET_GESTART = (
    "De zandbak waarin bestanden worden gelezen start niet. Vraag de functioneel beheerder de gezondheid te bekijken."
)
_NIET_ANTWOORDT = "De zandbak waarin bestanden worden gelezen is gestopt. De stap wordt opnieuw geprobeerd."
_GEEN_PLAATS = (
    "Er kan geen leesproces meer bij op deze machine. Sluit andere programma's; de stap wordt opnieuw geprobeerd."
)
_INVOERFOUTEN: dict[str, type[InvoerError]] = {
    naam: klasse
    for naam, klasse in vars(errors).items()
    if isinstance(klasse, type) and issubclass(klasse, InvoerError)
}


class KindError(Exception):
    """Why a child gave no answer, for the log: class and place of an error, or a signal. Never words of a document."""

    def __init__(self, spoor: str) -> None:
        super().__init__(spoor)
        self.spoor = spoor


class Zandbak:
    """A sandbox that reads delivered files for the line. Thread-safe: many requests may run at once.

    One process inside the sandbox (the zygote) imports `modules` once. Each request then runs in a child of its own
    that ends after its answer (`vast=False`), or all of them one at a time in that process itself (`vast=True`, for
    work that gets decoded pixels and never a file). A zygote that died is started again at the next request.

    Args:
        modules: modules whose functions may be asked for, as "module:functie".
        grenzen: limits of a child, or of the process when `vast`.
        leesmappen: files or folders that may also be read inside, at their own path.
        zoekpad: folders from which modules may also be imported inside.

    A descriptor that is handed in shares its position with the child: give every request one of its own.
    """

    def __init__(
        self,
        modules: Sequence[str],
        grenzen: Grenzen,
        *,
        vast: bool = False,
        leesmappen: Sequence[Path] = (),
        zoekpad: Sequence[Path] = (),
    ) -> None:
        self._modules = tuple(modules)
        self._grenzen = grenzen
        self._vast = vast
        self._leesmappen = tuple(leesmappen)
        self._zoekpad = tuple(zoekpad)
        self._grendel = threading.Lock()  # guards which zygote is the current one
        self._beurt = threading.Lock()  # a `vast` process does one thing at a time
        self._zygote: _Zygote | None = None
        self._gesloten = False

    def __enter__(self) -> Zandbak:
        self.start()
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, spoor: TracebackType | None
    ) -> None:
        self.close()

    @property
    def soort(self) -> Soort:
        """Return what locks the children in; starts the sandbox when it does not run."""
        return self._ensure().soort

    @property
    def grenzen(self) -> Grenzen:
        """The limits of a child when a request names no others."""
        return self._grenzen

    @property
    def pid(self) -> int:
        """Return the process id of the sandbox's outermost process."""
        return self._ensure().pid

    def start(self) -> None:
        """Start the sandbox and wait until its imports are done; ZandbakError says in Dutch why it cannot."""
        self._ensure()

    def close(self) -> None:
        """Stop the sandbox with every child in it."""
        with self._grendel:
            self._gesloten = True
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()

    def vraag(
        self, taak: str, gegevens: dict[str, Any], bestanden: Sequence[int] = (), grenzen: Grenzen | None = None
    ) -> Bericht:
        """Let a child do `taak` and return its one answer, whose descriptors the caller closes.

        Args:
            taak: "module:functie", called inside as `functie(gegevens, bestanden)`.
            gegevens: JSON.
            bestanden: open descriptors; inside they have other numbers, in this order.
            grenzen: other limits for this request (not when `vast`, but for its `klok_s` and `cpu_s`).
        Raises:
            InvoerError: what the task raised about the file, in its own class.
            ZandbakGrensError: the child hit a limit or died.
            ZandbakError: the sandbox itself does not run.
        """
        with contextlib.closing(self._talk(taak, gegevens, bestanden, grenzen)) as gesprek:
            soort, bericht = next(gesprek)
        if soort != "antwoord":
            bericht.close()
            raise TypeError(f"{taak} geeft een stroom; gebruik stroom()")
        return bericht

    def stroom(
        self, taak: str, gegevens: dict[str, Any], bestanden: Sequence[int] = (), grenzen: Grenzen | None = None
    ) -> Generator[Bericht, None, None]:
        """Let a child do `taak` and return its answers one by one; the child works at most one ahead.

        The caller closes the descriptors of every answer. Closing the iterator early kills the child. Limits hold for
        the whole of it, but the clock stands still while the child waits for its caller. Raises as `vraag`.
        """
        with contextlib.closing(self._talk(taak, gegevens, bestanden, grenzen)) as gesprek:
            for soort, bericht in gesprek:
                if soort == "klaar":
                    return
                yield bericht
                if soort == "antwoord":
                    return

    def _talk(
        self, taak: str, gegevens: dict[str, Any], bestanden: Sequence[int], grenzen: Grenzen | None
    ) -> Generator[tuple[str, Bericht], None, None]:
        grenzen = grenzen or self._grenzen
        inhoud = {"taak": taak, "gegevens": gegevens, "cpu_s": grenzen.cpu_s}
        if self._vast:
            with self._beurt:
                yield from self._talk_vast(inhoud, bestanden, grenzen)
            return
        kind = self._fork(grenzen)
        try:
            with contextlib.suppress(OSError):  # it ended already; its status says why
                send_bericht(kind.kanaal, "vraag", inhoud, bestanden)
            yield from _receive(kind.kanaal, kind.status, grenzen)
        finally:
            kind.close()

    def _talk_vast(
        self, inhoud: dict[str, Any], bestanden: Sequence[int], grenzen: Grenzen
    ) -> Generator[tuple[str, Bericht], None, None]:
        zygote = self._ensure()
        try:
            send_bericht(zygote.kanaal, "vraag", inhoud, bestanden)
        except OSError:  # it died between two requests
            self._discard(zygote)
            zygote = self._ensure()
            try:
                send_bericht(zygote.kanaal, "vraag", inhoud, bestanden)
            except OSError as exc:
                raise ZandbakError(_NIET_ANTWOORDT) from exc
        klaar = False
        try:
            for soort, bericht in _receive(zygote.kanaal, None, grenzen):
                klaar = soort in ("antwoord", "klaar")
                yield soort, bericht
        except ZandbakGrensError:
            raise
        except InvoerError:
            klaar = True
            raise
        finally:
            if not klaar:  # it is still at work, hit a limit or died
                self._discard(zygote)

    def _fork(self, grenzen: Grenzen) -> _Kind:
        """Ask the zygote for a child; a zygote that died is replaced once."""
        for _ in range(2):
            zygote = self._ensure()
            kind, (kanaal, status) = _Kind.build()
            try:
                with kanaal, status:
                    send_bericht(zygote.kanaal, "kind", vars(grenzen), (kanaal.fileno(), status.fileno()))
                if kind.has_begun():
                    return kind
            except OSError:  # the zygote died
                kind.close()
            except BaseException:
                kind.close()
                raise
            self._discard(zygote)
        raise ZandbakError(_NIET_ANTWOORDT)

    def _ensure(self) -> _Zygote:
        with self._grendel:
            if self._gesloten:
                raise ZandbakError("De zandbak is gesloten. Start de scanstraat opnieuw.")
            if self._zygote is not None and not self._zygote.is_alive():
                self._zygote.close()
                self._zygote = None
            if self._zygote is None:
                self._zygote = self._start()
            return self._zygote

    def _discard(self, zygote: _Zygote) -> None:
        with self._grendel:
            if self._zygote is zygote:
                self._zygote = None
        zygote.kill()
        zygote.close()

    def _start(self) -> _Zygote:
        keuze = find_zandbak()
        if keuze.soort is None:
            raise ZandbakError(keuze.reden)
        werkmap = None
        if keuze.soort == "landlock":  # no folder tree of its own: it gets one folder of ours
            _remove_leftovers()
            werkmap = Path(tempfile.mkdtemp(prefix=f"{_WERKMAP}{os.getpid()}-"))
        instelling: dict[str, object] = {
            "modules": self._modules,
            "grenzen": vars(self._grenzen),
            "vast": self._vast,
            "werkmap": str(werkmap or "/tmp"),  # noqa: S108 (inside bubblewrap /tmp is its own)
        }
        start = build_start(keuze.soort, instelling, leesmappen=self._leesmappen, zoekpad=self._zoekpad)
        return _Zygote(keuze.soort, start, werkmap)


def _remove_leftovers() -> None:
    """Remove what a line that was killed left behind: there may be parts of documents in it."""
    for pad in Path(tempfile.gettempdir()).glob(f"{_WERKMAP}*-*"):
        pid = pad.name.removeprefix(_WERKMAP).partition("-")[0]
        if pid.isdigit() and pad.stat().st_uid == os.getuid() and not Path("/proc", pid).exists():
            shutil.rmtree(pad, ignore_errors=True)


class _Kind:
    """The line's ends of the two channels of one child."""

    def __init__(self, kanaal: socket.socket, status: socket.socket) -> None:
        self.kanaal = kanaal
        self.status = status

    @classmethod
    def build(cls) -> tuple[_Kind, tuple[socket.socket, socket.socket]]:
        """Return our ends, and the ends for the zygote."""
        kanaal, kanaal_binnen = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        status, status_binnen = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(kanaal, status), (kanaal_binnen, status_binnen)

    def has_begun(self) -> bool:
        """Return whether the zygote has made the child; False when the zygote is gone, so that nothing was begun.

        Raises:
            ZandbakError: the machine has no room for another process.
        """
        self.status.settimeout(_STARTTIJD_S)
        ontvangen = receive_bericht(self.status)
        self.status.settimeout(None)
        if ontvangen is None:
            self.close()
            return False
        if ontvangen[0] != "begonnen":
            raise ZandbakError(_GEEN_PLAATS)
        return True

    def close(self) -> None:
        """Let go of the child: the zygote kills it if it still runs."""
        self.status.close()
        self.kanaal.close()


class _Zygote:
    """One running sandbox process."""

    def __init__(self, soort: Soort, start: Start, werkmap: Path | None) -> None:
        self.soort = soort
        self._werkmap = werkmap
        self.kanaal, binnen = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._gestart: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()
        self._klachten = os.memfd_create("zandbak-stderr", os.MFD_CLOEXEC)
        # The kernel ends the sandbox when the thread that started it ends, so that thread must live as long as it.
        self._draad = threading.Thread(target=self._run, args=(start, binnen), name="zandbak", daemon=True)
        self._draad.start()
        proces = self._gestart.get()
        if isinstance(proces, OSError):
            self.close()
            raise ZandbakError(_NIET_GESTART) from proces
        try:
            self._proces = proces
            self._await_ready()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._proces.pid

    def _run(self, start: Start, binnen: socket.socket) -> None:
        with binnen:
            try:
                proces = subprocess.Popen(
                    [*start.argv, str(binnen.fileno())],
                    env=start.omgeving,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._klachten,
                    pass_fds=(binnen.fileno(),),
                    start_new_session=True,  # Ctrl-C in a terminal is for the line, which then stops the sandbox
                )
            except OSError as exc:
                self._gestart.put(exc)
                return
        self._gestart.put(proces)
        proces.wait()

    def _await_ready(self) -> None:
        self.kanaal.settimeout(_STARTTIJD_S)
        try:
            ontvangen = receive_bericht(self.kanaal)
        except (TimeoutError, BerichtError) as exc:
            raise ZandbakError(_NIET_GESTART) from exc
        self.kanaal.settimeout(None)
        if ontvangen is None:
            klacht = os.pread(self._klachten, 2000, 0).decode("utf-8", "replace")
            raise ZandbakError(_NIET_GESTART) from KindError(klacht)
        soort, bericht = ontvangen
        if soort != "gereed":
            raise ZandbakError(_NIET_GESTART) from KindError(str(bericht.gegevens.get("spoor")))

    def is_alive(self) -> bool:
        return self._draad.is_alive()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._proces.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End it: it stops when its channel closes, and is killed when it does not."""
        self.kanaal.close()
        self._draad.join(_SLUITTIJD_S)
        if self._draad.is_alive():
            self.kill()
            self._draad.join()
        with contextlib.suppress(OSError):
            os.close(self._klachten)
        self._klachten = -1
        if self._werkmap is not None:
            shutil.rmtree(self._werkmap, ignore_errors=True)


def _receive(
    kanaal: socket.socket, status: socket.socket | None, grenzen: Grenzen
) -> Generator[tuple[str, Bericht], None, None]:
    """Yield what the child says until it has said all; raise what it raised, or why it said nothing."""
    over_s = grenzen.klok_s
    einde: dict[str, Any] | None = None  # told once; what the child said before it may be more than one message
    while True:
        begin = time.monotonic()
        if einde is None:
            einde = _wait(kanaal, status, over_s, grenzen)
        over_s -= time.monotonic() - begin
        ontvangen = None
        if einde is None or _is_readable(kanaal):  # what it said before it ended counts
            ontvangen = _receive_checked(kanaal)
        if ontvangen is None:
            raise _explain_end(einde if einde is not None else _read_end(status), grenzen)
        soort, bericht = ontvangen
        if soort == "fout":
            bericht.close()
            raise _rebuild_error(bericht.gegevens, grenzen)
        if soort not in ("antwoord", "deel", "klaar"):
            bericht.close()
            raise _grens_error("gecrasht", grenzen) from KindError("onbekende soort bericht")
        yield soort, bericht
        if soort != "deel":
            return
        with contextlib.suppress(OSError):  # it ended; the next round says why
            send_bericht(kanaal, "verder", {})


def _wait(
    kanaal: socket.socket, status: socket.socket | None, over_s: float, grenzen: Grenzen
) -> dict[str, Any] | None:
    """Wait until the child says something (None) or has ended (its end); ZandbakGrensError when the time is up."""
    wachter = select.poll()
    wachter.register(kanaal, select.POLLIN)
    if status is not None:
        wachter.register(status, select.POLLIN)
    gebeurd = dict(wachter.poll(max(0.0, over_s) * 1000))
    if not gebeurd:
        raise _grens_error("tijd", grenzen)
    if status is not None and status.fileno() in gebeurd:
        return _read_end(status)
    return None


def _is_readable(kanaal: socket.socket) -> bool:
    wachter = select.poll()
    wachter.register(kanaal, select.POLLIN)
    return bool(wachter.poll(0))


def _receive_checked(kanaal: socket.socket) -> tuple[str, Bericht] | None:
    try:
        ontvangen = receive_bericht(kanaal)
    except (BerichtError, OSError) as exc:
        raise ZandbakGrensError("gecrasht", _MELDINGEN["gecrasht"]) from exc
    if ontvangen is not None:
        try:
            for fd in ontvangen[1].bestanden:
                verify_sealed(fd)
        except BerichtError as exc:
            close_all(ontvangen[1].bestanden)
            raise ZandbakGrensError("gecrasht", _MELDINGEN["gecrasht"]) from exc
    return ontvangen


def _read_end(status: socket.socket | None) -> dict[str, Any]:
    """Return how the child ended, as the zygote says; {} for a `vast` process, whose end nobody describes."""
    if status is None:
        return {}
    wachter = select.poll()
    wachter.register(status, select.POLLIN)
    if not wachter.poll(_SLUITTIJD_S * 1000):
        return {}
    try:
        ontvangen = receive_bericht(status)
    except (BerichtError, OSError) as exc:
        raise ZandbakError(_NIET_ANTWOORDT) from exc
    if ontvangen is None:  # the zygote is gone, so this child's end says nothing about its file
        raise ZandbakError(_NIET_ANTWOORDT)
    return ontvangen[1].gegevens


def _explain_end(einde: dict[str, Any], grenzen: Grenzen) -> ZandbakGrensError:
    """Return the error that fits how a child ended without an answer. Pure."""
    signaal = einde.get("signaal", 0)
    if signaal == signal.SIGXCPU or (signaal == signal.SIGKILL and einde.get("cpu_s", 0) >= grenzen.cpu_s):
        code = "tijd"
    elif signaal == signal.SIGXFSZ:
        code = "omvang"
    elif einde.get("geheugen_mb", 0) >= 0.8 * grenzen.geheugen_mb:
        code = "geheugen"
    else:
        code = "gecrasht"
    fout = _grens_error(code, grenzen)
    fout.__cause__ = KindError(f"signaal {signaal}, exitcode {einde.get('code', '?')}")
    return fout


def _rebuild_error(gegevens: dict[str, Any], grenzen: Grenzen) -> InvoerError:
    """Return the error the child described, as the class it named if that is one of ours. Pure."""
    code = _clean(gegevens.get("code"), 60)
    klasse = _INVOERFOUTEN.get(str(gegevens.get("klasse")))
    if klasse is None or (klasse is ZandbakGrensError and "melding" not in gegevens):
        fout: InvoerError = _grens_error(code, grenzen)
        if "spoor" in gegevens:
            fout.__cause__ = KindError(_clean(gegevens["spoor"], _MELDING_TEKENS))
        return fout
    return klasse(code, _clean(gegevens.get("melding"), _MELDING_TEKENS))


def _clean(waarde: object, tekens: int) -> str:
    """Return text from inside the sandbox as one printable line of at most `tekens` characters."""
    return "".join(teken if teken.isprintable() else " " for teken in str(waarde)[:tekens])


_MELDINGEN = {
    "tijd": "Het lezen van dit bestand duurt langer dan is toegestaan ({klok_s:.0f} seconden). "
    "Scan het papier opnieuw, zo nodig in kleinere delen.",
    "geheugen": "Het lezen van dit bestand kost meer geheugen dan is toegestaan ({geheugen_mb} MB). "
    "Scan het papier opnieuw met een lagere resolutie of in kleinere delen.",
    "omvang": "Dit bestand wordt bij het uitpakken groter dan is toegestaan ({bestand_mb} MB). "
    "Scan het papier opnieuw met een lagere resolutie of in kleinere delen.",
    "gecrasht": "Het lezen van dit bestand is misgegaan: het bestand is beschadigd of ongewoon gemaakt. "
    "Scan het papier opnieuw of vraag een nieuw bestand.",
}


def _grens_error(code: str, grenzen: Grenzen) -> ZandbakGrensError:
    code = code if code in _MELDINGEN else "gecrasht"
    return ZandbakGrensError(code, _MELDINGEN[code].format(**vars(grenzen)))
