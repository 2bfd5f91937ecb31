"""How the sandbox is set up: which one works here, what it can see, and the command line that starts it.

Two forms:

- **bubblewrap**: namespaces of its own for files, processes, network, names and users; an empty network; user 65534
  without capabilities; only the interpreter, the libraries and the project's packages, read-only. Landlock and seccomp
  come on top where the kernel has them.
- **landlock**: for machines where bubblewrap may not start (no user namespaces, a container without them). The kernel
  then shuts every file that is not named (Landlock) and every socket (seccomp); the child keeps its user, without
  capabilities, and sees the numbers of other processes but cannot trace them. Signals to other processes are refused
  by Landlock (ABI 6) or by the filter. Needs a kernel with Landlock and a processor for which the filter exists.

With neither nothing may be read: the caller gets a reason in Dutch.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import scanstraat
from scanstraat.zandbak import kern

Soort = Literal["bubblewrap", "landlock"]

OMGEVINGSVARIABELE = "SCANSTRAAT_ZANDBAK"  # "bubblewrap", "landlock" or "geen": for tests and for finding faults
PAKKETTEN = ("scanstraat", "kwaliteitscontrole", "hardware", "vernietiging")
PROJECT_BINNEN = Path("/app/project")  # the project may lie in a folder that user 65534 cannot enter
BIBLIOTHEEK_BINNEN = Path("/app/bibliotheek")
TIJDELIJK_MB = 1024  # of /tmp in bubblewrap, for all children together
SYSTEEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/nix/store",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/var/cache/fontconfig",
)
_PROEFTIJD_S = 20.0


@dataclass(frozen=True)
class Zandbakkeuze:
    """Which sandbox this machine can have; `soort` None means none, and `reden` says in Dutch why and what to do."""

    soort: Soort | None
    reden: str


@dataclass(frozen=True)
class Start:
    """A command that starts the zygote: its argv (the number of the channel's descriptor comes last), environment."""

    argv: tuple[str, ...]
    omgeving: dict[str, str]


def find_zandbak() -> Zandbakkeuze:
    """Try out which sandbox can start here (about 20 ms); never raises."""
    gedwongen = os.environ.get(OMGEVINGSVARIABELE, "")
    if gedwongen == "geen":
        return Zandbakkeuze(
            None, f"De zandbak is uitgezet met de omgevingsvariabele {OMGEVINGSVARIABELE}. Haal die weg."
        )
    if gedwongen not in ("", "bubblewrap", "landlock"):
        return Zandbakkeuze(
            None, f"De omgevingsvariabele {OMGEVINGSVARIABELE} kent alleen bubblewrap, landlock en geen. Verbeter hem."
        )
    redenen = []
    if gedwongen != "landlock":
        bubblewrap = _find_bubblewrap_bezwaar()
        if bubblewrap is None:
            return Zandbakkeuze("bubblewrap", "Bestanden worden gelezen in een zandbak van bubblewrap.")
        redenen.append(bubblewrap)
    if gedwongen != "bubblewrap":
        landlock = _find_landlock_bezwaar()
        if landlock is None:
            return Zandbakkeuze(
                "landlock", "Bestanden worden gelezen in een zandbak van Landlock. " + " ".join(redenen)
            )
        redenen.append(landlock)
    return Zandbakkeuze(
        None,
        "Er is geen zandbak, daarom worden geen bestanden ingenomen. "
        + " ".join(redenen)
        + " Installeer het pakket bubblewrap, of zet in de kernel gebruikersnaamruimten of Landlock aan.",
    )


def _find_bubblewrap_bezwaar() -> str | None:
    programma = shutil.which("bwrap")
    if programma is None:
        return "Het programma bubblewrap (bwrap) staat niet op deze machine."
    proef = [programma, *_afscherming(programma), *_systeem_argv(), "--", "/usr/bin/env", "true"]
    try:
        uitkomst = subprocess.run(
            proef, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROEFTIJD_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "Bubblewrap start niet of antwoordt niet."
    if uitkomst.returncode != 0:
        return "Bubblewrap mag van deze machine geen afgesloten ruimte maken (gebruikersnaamruimten staan uit)."
    return None


def _find_landlock_bezwaar() -> str | None:
    if not kern.has_seccomp():
        return "Voor deze processor is er geen filter op systeemaanroepen, en zonder dat is Landlock te open."
    if kern.find_landlock_abi() == 0:
        return "Landlock staat uit in de kernel van deze machine."
    return None


def _afscherming(programma: str) -> tuple[str, ...]:
    vlaggen: tuple[str, ...] = (
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--uid",
        "65534",
        "--gid",
        "65534",
    )
    vlaggen += ("--cap-drop", "ALL", "--hostname", "zandbak", "--proc", "/proc", "--dev", "/dev")
    if _versie(programma) >= (0, 7):
        vlaggen += ("--size", str(TIJDELIJK_MB * 2**20))
    return (*vlaggen, "--tmpfs", "/tmp")  # noqa: S108 (a fresh tmpfs of the sandbox, not the machine's /tmp)


def _versie(programma: str) -> tuple[int, ...]:
    try:
        uitvoer = subprocess.run(
            [programma, "--version"], capture_output=True, timeout=_PROEFTIJD_S, check=False
        ).stdout
        return tuple(int(deel) for deel in uitvoer.split()[-1].split(b".")[:2])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return (0,)


def _systeem_argv() -> tuple[str, ...]:
    argv: list[str] = []
    for pad in map(Path, SYSTEEM):
        if pad.is_symlink() and pad.parent == Path("/"):  # merged-/usr: /lib is a link to usr/lib
            argv += ["--symlink", str(pad.readlink()), str(pad)]
        elif pad.exists():
            argv += ["--ro-bind", str(pad.resolve()), str(pad)]
    return tuple(argv)


def find_bibliotheken() -> tuple[Path, ...]:
    """Return the folders that hold the installed libraries of this interpreter's environment."""
    paden = sysconfig.get_paths()
    return tuple(pad for pad in dict.fromkeys(Path(paden[naam]) for naam in ("purelib", "platlib")) if pad.is_dir())


def find_interpreter() -> tuple[Path, tuple[Path, ...]]:
    """Return the interpreter outside any virtual environment, and the folders it needs that SYSTEEM does not hold."""
    basis = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    nodig = []
    for pad in dict.fromkeys((Path(sys.base_prefix).resolve(), Path(sys.base_exec_prefix).resolve())):
        if not any(pad.is_relative_to(systeem) for systeem in SYSTEEM):
            nodig.append(pad)
    return basis, tuple(nodig)


def _project() -> Path:
    return Path(scanstraat.__file__).resolve().parent.parent


def build_start(
    soort: Soort, instelling: dict[str, object], *, leesmappen: Sequence[Path] = (), zoekpad: Sequence[Path] = ()
) -> Start:
    """Return the command that starts the zygote in a sandbox of this kind.

    Args:
        instelling: what the zygote must know, JSON; it gets the sandbox's kind and paths added.
        leesmappen: more files and folders that may be read, at their own path.
        zoekpad: folders from which modules may also be imported, at their own path (and read).
    """
    python, interpretermappen = find_interpreter()
    project = _project()
    taalmodellen = os.environ.get("TESSDATA_PREFIX", "")
    if taalmodellen and Path(taalmodellen).is_dir():
        leesmappen = (*leesmappen, Path(taalmodellen))
    if soort == "bubblewrap":
        programma = shutil.which("bwrap") or "bwrap"
        argv = [programma, *_afscherming(programma), *_systeem_argv()]
        for pad in interpretermappen:
            argv += ["--ro-bind", str(pad), str(pad)]
        bibliotheken = []
        for nummer, pad in enumerate(find_bibliotheken()):
            binnen = BIBLIOTHEEK_BINNEN / str(nummer)
            bibliotheken.append(binnen)
            argv += ["--ro-bind", str(pad), str(binnen)]
        for naam in PAKKETTEN:
            if (project / naam).is_dir():
                argv += ["--ro-bind", str(project / naam), str(PROJECT_BINNEN / naam)]
        for pad in (*leesmappen, *zoekpad):
            argv += ["--ro-bind", str(pad.resolve()), str(pad.absolute())]
        argv += ["--chdir", "/", "--"]
        wortel = PROJECT_BINNEN
        zichtbaar = [PROJECT_BINNEN, *bibliotheken]
    else:
        argv = []
        wortel = project
        bibliotheken = list(find_bibliotheken())
        zichtbaar = [*(project / naam for naam in PAKKETTEN), *bibliotheken]
    zichtbaar += [*map(Path, SYSTEEM), *interpretermappen, *(pad.absolute() for pad in (*leesmappen, *zoekpad))]
    gegevens = instelling | {"soort": soort, "zichtbaar": [str(pad) for pad in zichtbaar]}
    # -S: no site module, so no .pth files and no system-wide packages; -P: not the current folder; -B: write no caches.
    argv += [str(python), "-S", "-P", "-B", "-m", "scanstraat.zandbak.zygote", json.dumps(gegevens)]
    pythonpath = [wortel, *bibliotheken, *(pad.absolute() for pad in zoekpad)]
    return Start(tuple(argv), _omgeving(pythonpath))


def _omgeving(pythonpath: Sequence[Path]) -> dict[str, str]:
    omgeving = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "HOME": "/tmp",  # noqa: S108 (the sandbox's own; each child gets a folder of its own below)
        "TZ": "UTC",
        "PYTHONPATH": os.pathsep.join(map(str, pythonpath)),
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # address space is limited; an arena per thread would waste it
    }
    for naam in ("TESSDATA_PREFIX", "LD_LIBRARY_PATH"):
        if naam in os.environ:
            omgeving[naam] = os.environ[naam]
    return omgeving
