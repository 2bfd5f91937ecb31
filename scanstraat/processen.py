"""Child processes that do not outlive their parent, however that one ends (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal

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
