"""The process inside the sandbox: imports once, then forks one short-lived child per request, or works itself (`vast`).

Started as `python -m scanstraat.zandbak.zygote INSTELLING FD` by `zandbak.py`; never imported by the line itself.

A request reaches the zygote as two descriptors: the channel of the child, and the status channel. The zygote forks,
and keeps only the status channel: when the caller closes it, the child and all it started are killed; when the child
ends, its exit status is sent over it. The zygote never reads a byte that came from a file.

A child gives up its rights (rlimits, Landlock over a fresh folder of its own and the files it was given) before it
reads its request, does the task, answers and ends. Its standard error goes nowhere: libraries put words from documents
in their messages.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import importlib
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from hardware.errors import HardwareError
from kwaliteitscontrole.errors import KwaliteitscontroleError
from scanstraat.errors import InvoerError, ScanstraatError
from scanstraat.zandbak import kern
from scanstraat.zandbak.berichten import (
    Bericht,
    Grenzen,
    close_all,
    receive_bericht,
    seal,
    send_bericht,
)

Taak = Callable[[dict[str, Any], list[int]], Any]

_PROCESSEN = 512  # processes and threads of all children together; only counted per sandbox in bubblewrap
_APPARATEN = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


@dataclass
class _Lopend:
    """A child at work."""

    pid: int
    status: socket.socket
    werkmap: str


class Zygote:
    """Holds what every child inherits, and the loop."""

    def __init__(self, instelling: dict[str, Any], kanaal: socket.socket) -> None:
        self._kanaal = kanaal
        self._soort = str(instelling["soort"])
        self._grenzen = Grenzen(**instelling["grenzen"])
        self._werkmap = str(instelling["werkmap"])
        self._modules = {naam: importlib.import_module(naam) for naam in instelling["modules"]}
        self._abi = kern.find_landlock_abi()
        self._zichtbaar = [
            kern.Regel(_open_pad(pad), kern.LEES_MAP, Path(pad).is_dir())
            for pad in instelling["zichtbaar"]
            if Path(pad).exists()
        ] + [kern.Regel(_open_pad(pad), kern.SCHRIJF_BESTAND, False) for pad in _APPARATEN]
        self._volgnummer = 0
        self._lopend: dict[int, _Lopend] = {}

    def close_down(self) -> None:
        """Take away from this process what no child needs, before the first request."""
        kern.set_process(kern.PR_SET_PDEATHSIG, signal.SIGKILL)
        kern.set_process(kern.PR_SET_DUMPABLE, 0)  # no child can trace the zygote or another child
        kern.set_process(kern.PR_SET_CHILD_SUBREAPER, 1)
        kern.drop_capabilities()
        if kern.has_seccomp():
            kern.apply_seccomp()
        nul = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nul, fd)
        os.close(nul)

    def announce(self) -> None:
        """Tell the caller that the imports are done and what locks this process in."""
        # tmpfs and imports are done: what is allocated now lives as long as the zygote, so keep it out of collections
        gc.collect()
        gc.freeze()
        send_bericht(self._kanaal, "gereed", {"landlock_abi": self._abi, "seccomp": kern.has_seccomp()})

    # ---- one child per request

    def serve(self) -> None:
        """Fork a child per request until the caller closes the channel."""
        lezen, schrijven = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(schrijven, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)
        with selectors.EpollSelector() as wachter:
            wachter.register(self._kanaal, selectors.EVENT_READ, "kanaal")
            wachter.register(lezen, selectors.EVENT_READ, "kind")
            while True:
                for sleutel, _ in wachter.select():
                    if sleutel.data == "kanaal":
                        if not self._accept(wachter):
                            return
                    elif sleutel.data == "kind":
                        with contextlib.suppress(BlockingIOError):
                            os.read(lezen, 4096)
                        self._reap(wachter)
                    elif sleutel.data in self._lopend:  # the caller closed: it no longer wants this child
                        wachter.unregister(self._lopend[sleutel.data].status)
                        _kill_group(sleutel.data)

    def _accept(self, wachter: selectors.EpollSelector) -> bool:
        ontvangen = receive_bericht(self._kanaal)
        if ontvangen is None:
            return False
        _, bericht = ontvangen
        kind, status = (socket.socket(fileno=fd) for fd in bericht.bestanden)
        grenzen = Grenzen(**bericht.gegevens)
        werkmap = self._build_werkmap()
        try:
            pid = os.fork()
        except OSError as exc:
            with contextlib.suppress(OSError):
                send_bericht(status, "geen_plaats", {"errno": exc.errno})
            status.close()
            kind.close()
            _remove(werkmap)
            return True
        if pid == 0:
            self._be_child(kind, werkmap, grenzen)
        kind.close()
        with contextlib.suppress(OSError):  # the caller is gone: its end of the channel says so in the next round
            send_bericht(status, "begonnen", {})
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # also done by the child: whoever comes first
        self._lopend[pid] = _Lopend(pid, status, werkmap)
        wachter.register(status, selectors.EVENT_READ, pid)
        return True

    def _reap(self, wachter: selectors.EpollSelector) -> None:
        while True:
            try:
                pid, stand, gebruik = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            lopend = self._lopend.pop(pid, None)
            if lopend is None:  # something a child left behind, killed below
                continue
            _kill_group(pid)
            self._kill_orphans()
            with contextlib.suppress(KeyError, ValueError):
                wachter.unregister(lopend.status)
            with contextlib.suppress(OSError):
                send_bericht(lopend.status, "einde", _describe_end(stand, gebruik))
            lopend.status.close()
            _remove(lopend.werkmap)

    def _kill_orphans(self) -> None:
        """Kill processes that were started by a child that has ended: as subreaper, they became ours."""
        try:
            kinderen = Path("/proc/self/task", str(os.getpid()), "children").read_text(encoding="ascii").split()
        except OSError:  # a kernel without that list; in bubblewrap they end with the sandbox
            return
        for pid in map(int, kinderen):
            if pid not in self._lopend:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _be_child(self, kanaal: socket.socket, werkmap: str, grenzen: Grenzen) -> NoReturn:
        """Be the child: never returns, whatever happens."""
        uitgang = 70
        try:
            os.setpgid(0, 0)
            ouder = os.getppid()
            kern.set_process(kern.PR_SET_PDEATHSIG, signal.SIGKILL)
            if ouder != os.getppid():
                os._exit(uitgang)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            behouden = sorted({kanaal.fileno(), *(regel.fd for regel in self._zichtbaar)})
            _close_others(behouden)
            self._limit(grenzen, cpu_s=grenzen.cpu_s)
            self._use_werkmap(werkmap)
            ontvangen = receive_bericht(kanaal, vooruit=True)
            if ontvangen is None:
                os._exit(0)
            _, vraag = ontvangen
            self._lock_in(werkmap, vraag.bestanden)
            self._work(kanaal, vraag)
            uitgang = 0
        except BaseException:
            # the channel is gone or the limits could not be set: there is nobody to tell
            os._exit(uitgang)
        os._exit(uitgang)

    def _build_werkmap(self) -> str:
        self._volgnummer += 1
        werkmap = f"{self._werkmap}/{self._volgnummer}"
        Path(werkmap).mkdir(mode=0o700)
        return werkmap

    def _limit(self, grenzen: Grenzen, *, cpu_s: int | None) -> None:
        kern.set_limits(
            geheugen_bytes=grenzen.geheugen_mb * 2**20,
            cpu_s=cpu_s,
            bestand_bytes=grenzen.bestand_mb * 2**20,
            processen=_PROCESSEN if self._soort == "bubblewrap" else None,
        )

    def _use_werkmap(self, werkmap: str) -> None:
        os.chdir(werkmap)
        os.environ["TMPDIR"] = os.environ["HOME"] = werkmap
        tempfile.tempdir = None

    def _lock_in(self, werkmap: str, bestanden: tuple[int, ...]) -> None:
        """Let Landlock refuse every file but the libraries, the folder of this child and the files it was given."""
        if self._abi == 0:
            return
        regels = [
            *self._zichtbaar,
            kern.Regel(_open_pad(werkmap), kern.SCHRIJF_MAP, True),
            kern.Regel(_open_pad(f"/proc/{os.getpid()}"), kern.LEES_MAP, True),
        ]
        eigen = [regel.fd for regel in regels]
        for fd in bestanden:
            schrijfbaar = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
            toegang = kern.SCHRIJF_BESTAND if schrijfbaar else kern.LEES_BESTAND
            if _has_path(fd):
                regels.append(kern.Regel(fd, toegang, _is_map(fd)))
        kern.apply_landlock(regels, abi=self._abi)
        if self._soort == "landlock" and self._abi < 6:
            kern.apply_seccomp(eigen_pid=os.getpid())
        close_all(eigen)

    # ---- the process itself works, one request after the other

    def serve_vast(self) -> None:
        """Handle requests in this process until the caller closes the channel or a limit ends it."""
        werkmap = self._build_werkmap()
        self._use_werkmap(werkmap)
        self._limit(self._grenzen, cpu_s=None)
        self._lock_in(werkmap, ())
        while (ontvangen := receive_bericht(self._kanaal, vooruit=True)) is not None:
            _, vraag = ontvangen
            with vraag:
                cpu_s = int(vraag.gegevens.get("cpu_s", self._grenzen.cpu_s))
                gebruik = resource.getrusage(resource.RUSAGE_SELF)
                tot = int(gebruik.ru_utime + gebruik.ru_stime) + 1 + cpu_s
                resource.setrlimit(resource.RLIMIT_CPU, (tot, resource.getrlimit(resource.RLIMIT_CPU)[1]))
                self._work(self._kanaal, vraag)

    # ---- the work

    def _work(self, kanaal: socket.socket, vraag: Bericht) -> None:
        try:
            uitkomst = self._find_taak(vraag.gegevens["taak"])(vraag.gegevens["gegevens"], list(vraag.bestanden))
            if isinstance(uitkomst, Bericht | dict):
                _answer(kanaal, "antwoord", uitkomst)
            else:
                self._stream(kanaal, iter(uitkomst))
        except Exception as exc:  # whatever a file makes a library raise is an answer about that file
            fout = _describe_error(exc)
            del exc
            gc.collect()  # after a MemoryError the answer must still fit
            send_bericht(kanaal, "fout", fout)

    def _stream(self, kanaal: socket.socket, delen: Iterator[Any]) -> None:
        """Send part by part; the next one may be computed, but is sent only when the caller asks for it."""
        eerste = True
        try:
            for deel in delen:
                if not eerste and not _is_asked(kanaal):
                    return
                eerste = False
                _answer(kanaal, "deel", deel)
        except BaseException:
            # A socket that is closed with something unread in it breaks the connection, and then the caller never sees
            # what was sent last: so what was asked is read, also when only an error follows.
            if not eerste:
                _is_asked(kanaal)
            raise
        if eerste or _is_asked(kanaal):
            send_bericht(kanaal, "klaar", {})

    def _find_taak(self, taak: str) -> Taak:
        module, _, functie = taak.partition(":")
        if module not in self._modules:
            raise LookupError(f"module van taak {taak!r} is niet geladen")
        gevonden: Taak = getattr(self._modules[module], functie)
        return gevonden


def _answer(kanaal: socket.socket, soort: str, uitkomst: Bericht | dict[str, Any]) -> None:
    bericht = uitkomst if isinstance(uitkomst, Bericht) else Bericht(uitkomst)
    verzegeld = [seal(fd) for fd in bericht.bestanden]
    try:
        send_bericht(kanaal, soort, bericht.gegevens, verzegeld)
    finally:
        close_all(verzegeld)


def _is_asked(kanaal: socket.socket) -> bool:
    return receive_bericht(kanaal) is not None


def _describe_error(exc: Exception) -> dict[str, Any]:
    """Return an error as the caller may know it: our own with their message, others without a word of theirs."""
    if isinstance(exc, InvoerError):
        return {"klasse": type(exc).__name__, "code": exc.code, "melding": exc.melding}
    if isinstance(exc, ScanstraatError | KwaliteitscontroleError | HardwareError):
        return {"klasse": "InvoerError", "code": "onleesbaar", "melding": str(exc)}
    if isinstance(exc, MemoryError):
        return {"klasse": "ZandbakGrensError", "code": "geheugen"}
    if isinstance(exc, OSError) and exc.errno in (errno.EFBIG, errno.ENOSPC):
        return {"klasse": "ZandbakGrensError", "code": "omvang"}
    plaats = [f"{Path(deel.filename).name}:{deel.lineno}" for deel in traceback.extract_tb(exc.__traceback__)]
    wat = type(exc).__name__
    if isinstance(exc, NameError | AttributeError | ImportError) and exc.name:
        wat += f":{exc.name}"
    return {"klasse": "ZandbakGrensError", "code": "gecrasht", "spoor": " ".join([wat, *plaats[-8:]])}


def _describe_end(stand: int, gebruik: resource.struct_rusage) -> dict[str, Any]:
    return {
        "signaal": os.WTERMSIG(stand) if os.WIFSIGNALED(stand) else 0,
        "code": os.WEXITSTATUS(stand) if os.WIFEXITED(stand) else 0,
        "cpu_s": gebruik.ru_utime + gebruik.ru_stime,
        "geheugen_mb": gebruik.ru_maxrss / 1024,
    }


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _remove(werkmap: str) -> None:
    try:
        Path(werkmap).rmdir()
    except OSError:  # the child left files in it
        shutil.rmtree(werkmap, ignore_errors=True)


def _open_pad(pad: str) -> int:
    return os.open(pad, os.O_PATH | os.O_CLOEXEC)


def _is_map(fd: int) -> bool:
    return os.path.isdir(f"/proc/self/fd/{fd}")  # noqa: PTH112 (Path would do the same, slower; once per child)


def _has_path(fd: int) -> bool:
    """Return whether Landlock knows this file: a memfd or a pipe has no place in the file tree and is always open."""
    plaats = str(Path(f"/proc/self/fd/{fd}").readlink())
    return plaats.startswith("/") and not plaats.startswith("/memfd:")


def _close_others(behouden: list[int]) -> None:
    vorige = 2
    for fd in behouden:
        os.closerange(vorige + 1, fd)
        vorige = fd
    os.closerange(vorige + 1, 1 << 20)


def _nothing(_nummer: int, _frame: FrameType | None) -> None:
    """Let SIGCHLD wake the loop."""


def main(argv: list[str]) -> int:
    """Start; the exit status is for the log only."""
    instelling = json.loads(argv[1])
    with socket.socket(fileno=int(argv[2])) as kanaal:
        try:
            zygote = Zygote(instelling, kanaal)
            zygote.close_down()
        except Exception as exc:  # the caller turns every failed start into one error
            send_bericht(kanaal, "fout", {"spoor": f"{type(exc).__name__}: {exc}"})
            return 1
        zygote.announce()
        if instelling["vast"]:
            zygote.serve_vast()
        else:
            zygote.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
