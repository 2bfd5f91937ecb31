"""Tasks for test_zandbak.py: what a good child does, and what a child that was taken over would try."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kwaliteitscontrole.errors import BeeldError
from scanstraat import errors
from scanstraat.zandbak import Bericht, build_memfd

_staat = {"teller": 0}


def echo(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    return {"gegevens": gegevens, "omvang": [os.fstat(fd).st_size for fd in bestanden], "pid": os.getpid()}


def lees(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    with os.fdopen(os.dup(bestanden[0]), "rb") as stroom:
        stroom.seek(0)
        eerst = stroom.read().decode()
    return {"dup": eerst, "proc": Path(f"/proc/self/fd/{bestanden[0]}").read_text()}


def schrijf(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    os.write(bestanden[0], b"een")
    with Path(f"/proc/self/fd/{bestanden[0]}").open("ab") as stroom:
        stroom.write(b"twee")
    return {}


def maak(gegevens: dict[str, Any], bestanden: list[int]) -> Bericht:
    eerste = build_memfd(b"x" * gegevens["n"])
    tweede = os.memfd_create("zonder zegel")
    os.write(tweede, b"tweede")
    with tempfile.TemporaryFile() as gewoon:
        gewoon.write(b"derde")
        gewoon.flush()
        derde = os.dup(gewoon.fileno())
    return Bericht({"tekst": "y" * gegevens["n"]}, (eerste, tweede, derde))


def tel(gegevens: dict[str, Any], bestanden: list[int]) -> Iterator[dict[str, Any]]:
    for i in range(gegevens["n"]):
        if bestanden:
            os.pwrite(bestanden[0], b"#", i)
        yield {"i": i, "pid": os.getpid()}
    if gegevens.get("fout"):
        raise errors.InvoerError("beschadigd", "Pagina stuk.")


def onthoud(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    _staat["teller"] += 1
    return _staat | {"pid": os.getpid()}


def faal(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    match gegevens["hoe"]:
        case "beeld":
            raise BeeldError("Dit beeld is niet te meten.")
        case "python":
            raise ValueError("geheime inhoud")
        case "onbekende naam":
            raise NameError("geheime inhoud", name="bestaat_niet")
        case "exit":
            raise SystemExit(3)
        case "onleesbaar antwoord":
            return {"x": object()}
        case klasse:
            raise getattr(errors, klasse)("een_code", "Een melding.")


def slaap(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    time.sleep(gegevens["s"])
    return {}


def slaap_met_kleinkind(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    """Leave a process behind that ticks in the file it inherited, in a session of its own."""
    subprocess.Popen(
        ["sh", "-c", f"while :; do echo x >&{bestanden[0]}; sleep 0.05; done"],
        pass_fds=(bestanden[0],),
        start_new_session=bool(gegevens["sessie"]),
    )
    if gegevens.get("meteen"):
        return {}
    time.sleep(60)
    return {}


def reken(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    while True:
        pass


def vreet(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    blokken = []
    while True:
        blokken.append(b"x" * (8 * 2**20))


def vul(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    if gegevens.get("schijf_vol"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with Path("groot").open("wb") as stroom:
        while True:
            stroom.write(b"x" * 2**20)


def crash(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    if gegevens["hoe"] == "abort":
        os.abort()
    ctypes.string_at(0)
    return {}


def omgeving(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    return {"omgeving": dict(os.environ), "map": str(Path.cwd())}


def breek_uit(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    """Try what a child that was taken over would try; return what worked."""
    gelukt = []

    def probeer(naam: str, poging: Any) -> None:
        try:
            poging()
        except (OSError, subprocess.SubprocessError):
            return
        gelukt.append(naam)

    invoer = f"/proc/self/fd/{bestanden[0]}"
    libc = ctypes.CDLL(None, use_errno=True)

    def syscall(*argumenten: int) -> None:
        if libc.syscall(*argumenten) < 0:
            raise OSError(ctypes.get_errno(), "")

    def open_na_chmod() -> None:
        os.fchmod(bestanden[0], 0o666)
        os.close(os.open(invoer, os.O_RDWR))

    probeer("netwerk", lambda: socket.create_connection(("127.0.0.1", gegevens["poort"]), 0.5).close())
    probeer("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close())
    probeer("unix-socket", lambda: socket.socket(socket.AF_UNIX).close())
    probeer("wachtwoorden", lambda: Path("/etc/passwd").read_text())
    probeer("geheim", lambda: Path(gegevens["geheim"]).read_text())
    probeer("map van geheim", lambda: list(Path(gegevens["geheim"]).parent.iterdir()))
    probeer("schrijven bij geheim", lambda: Path(gegevens["geheim"]).with_name("nieuw").write_text("x"))
    probeer("schrijven in /tmp", lambda: Path("/tmp/nieuw").write_text("x"))
    probeer("schrijven in /usr", lambda: Path("/usr/nieuw").write_text("x"))
    probeer("schrijven in project", lambda: Path(errors.__file__).with_name("nieuw.py").write_text("x"))
    probeer("invoer schrijven", lambda: os.close(os.open(invoer, os.O_RDWR)))
    probeer("invoer afkappen", lambda: os.truncate(invoer, 0))
    probeer("invoer schrijven na chmod", open_na_chmod)
    probeer("omgeving van ouder", lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes())
    probeer("geheugen van ouder", lambda: Path(f"/proc/{os.getppid()}/mem").open("rb").close())
    probeer("ouder volgen", lambda: syscall(101, 16, os.getppid(), 0, 0))
    probeer("ouder stoppen", lambda: os.kill(os.getppid(), 9))
    probeer("line stoppen", lambda: os.kill(gegevens["pid"], 9))
    probeer("naamruimte", lambda: syscall(272, 0x10000000))
    probeer("koppelen", lambda: syscall(165, 0, 0, 0, 0, 0))
    probeer("uid", lambda: os.setuid(0) if os.getuid() else os.setuid(65534))
    return {"gelukt": gelukt}
