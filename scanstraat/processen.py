"""Processes of one machine: children that do not outlive their parent, and what only one may do at a time (Linux)."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanstraat.errors import BezetError

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True)  # opened before any fork, because a child must not load libraries


def sterf_met_ouder(ouder: int | None = None, signaal: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to end this process when its parent does; it stays in force over exec.

    For `subprocess.Popen(preexec_fn=...)`, with the parent's pid: the parent may have died just before this call, and
    then nobody would tell. The signal comes when the *thread* that started this process ends, so start long-lived
    processes from a thread that stays.

    Args:
        ouder: pid of the process that started this one; None is whoever is the parent now.
    Raises:
        OSError: the kernel refused.
    """
    if _LIBC.prctl(_PR_SET_PDEATHSIG, signaal.value, 0, 0, 0) != 0:
        nummer = ctypes.get_errno()
        raise OSError(nummer, os.strerror(nummer))
    if ouder is not None and os.getppid() != ouder:
        os._exit(1)


@contextmanager
def hold_slot(pad: Path, bezet: str, *, geduld_s: float = 0.0) -> Iterator[None]:
    """Hold the lock file `pad` (made when it is not there), which the kernel lets go however this process ends.

    Args:
        geduld_s: how long to wait for another process that has it.
    Raises:
        BezetError: another process of this machine has it; `bezet` is what it then says.
    """
    fd = os.open(pad, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
    try:
        einde = time.monotonic() + geduld_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as exc:
                if time.monotonic() >= einde:
                    raise BezetError(bezet) from exc
            time.sleep(0.02)
        yield
    finally:
        os.close(fd)
