"""The veraPDF process: kept warm, locked away, and never believed without proof that it answered about the file asked.

veraPDF's server mode takes one path per line and answers with the path of a report. Seen in 1.28.2, and handled here:
right after the start comes one answer too many; a path it cannot find gives an empty report; a broken file gives a
report without a verdict; its exit code says nothing about one file; it writes to standard error without end.
So an answer counts only when its report names the file asked, with its size; anything else ends the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kwaliteitscontrole.errors import GereedschapError

# `run` reads these two lines too: the jar that is installed and the jar that is accepted are the same by construction.
VERAPDF_VERSIE = "1.28.2"
VERAPDF_SHA256 = "687d4d8bcfec48c9f7e931cf78ed061f1eeccfba55d4cdc000ba9b4d8aa46ce6"

PROFIELEN = frozenset({"1a", "1b", "2a", "2b", "2u", "3a", "3b", "3u", "4", "4e", "4f"})

NAAM = "veraPDF"
_HOOFDKLASSE = "org.verapdf.apps.GreenfieldCliWrapper"
_JAVA_VLAGGEN = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xms32m",
    "-Xmx512m",
    "-XX:-UsePerfData",  # no file in the shared /tmp
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
)
_START_S = 60.0  # 1.5 s on two idle cores; a machine that scans and reads may be busy
_LANGSTE_REGEL_BYTES = 16_384
_GROOTSTE_RAPPORT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PdfaOordeel:
    """What veraPDF says of one file.

    `gefaalde_regels` is 0 exactly when `conform`; `versie` is veraPDF's own; `rapport` is its JSON report, to be kept.
    """

    conform: bool
    profiel: str
    gefaalde_regels: int
    versie: str
    rapport: bytes


# --- reading a report: pure ------------------------------------------------------------------------------------------


def parse_rapport(rapport: bytes, *, naam: str, bestandsomvang: int, profiel: str) -> PdfaOordeel:
    """Read the JSON report on one file.

    Args:
        rapport: the bytes of the report.
        naam: the absolute path that was asked.
        bestandsomvang: size of that file in bytes.
        profiel: the flavour that was asked, for example "2b".
    Raises:
        GereedschapError: the report is about another file, holds no verdict, or contradicts itself.
    """
    if not rapport.strip():
        raise GereedschapError(NAAM, "leeg rapport")
    try:
        inhoud = json.loads(rapport)["report"]
        tegenspraak = _find_tegenspraak(inhoud, naam=naam, bestandsomvang=bestandsomvang, profiel=profiel)
        if tegenspraak:
            raise GereedschapError(NAAM, tegenspraak)
        resultaat = inhoud["jobs"][0]["validationResult"][0]
        versies = {deel["id"]: str(deel["version"]) for deel in inhoud["buildInformation"]["releaseDetails"]}
        return PdfaOordeel(
            conform=resultaat["compliant"],
            profiel=profiel,
            gefaalde_regels=resultaat["details"]["failedRules"],
            versie=versies["core"],
            rapport=rapport,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        raise GereedschapError(NAAM, "onleesbaar rapport") from exc


def _find_tegenspraak(inhoud: dict[str, Any], *, naam: str, bestandsomvang: int, profiel: str) -> str:
    """Return in Dutch why this report is no verdict on the file; "" when it is one. May raise on a strange shape."""
    taken = inhoud["jobs"]
    if len(taken) != 1:
        return f"rapport over {len(taken)} bestanden in plaats van een"
    taak = taken[0]
    if taak["itemDetails"]["name"] != naam or taak["itemDetails"]["size"] != bestandsomvang:
        return "het rapport gaat over een ander bestand"
    if "taskException" in taak or len(taak.get("validationResult", ())) != 1:
        return "het bestand is niet te beoordelen"
    resultaat = taak["validationResult"][0]
    details = resultaat["details"]
    conform, regels, punten = resultaat["compliant"], details["failedRules"], details["failedChecks"]
    if type(conform) is not bool or type(regels) is not int or type(punten) is not int:
        return "het oordeel is geen ja of nee"
    if not resultaat["profileName"].startswith(f"PDF/A-{profiel.upper()} "):
        return f"het oordeel gaat niet over profiel {profiel}"
    samenvatting = inhoud["batchSummary"]
    telling = samenvatting["validationSummary"]
    klopt = (
        resultaat["jobEndStatus"] == "normal"
        and (regels == 0) == (punten == 0) == conform
        and regels == sum(1 for regel in details["ruleSummaries"] if regel["ruleStatus"] == "FAILED")
        and samenvatting["totalJobs"] == telling["totalJobCount"] == telling["successfulJobCount"] == 1
        and telling["compliantPdfaCount"] == (1 if conform else 0)
        and telling["nonCompliantPdfaCount"] == (0 if conform else 1)
        and all(samenvatting[fout] == 0 for fout in ("outOfMemory", "veraExceptions", "failedEncryptedJobs"))
        and samenvatting["failedParsingJobs"] == telling["failedJobCount"] == 0
    )
    return "" if klopt else "het rapport spreekt zichzelf tegen"


# --- what is started: pure -------------------------------------------------------------------------------------------


def build_opdracht(java: Path, jar: Path, tijdelijk: Path, *, profiel: str) -> list[str]:
    """Return the command line of a veraPDF server; its reports go into `tijdelijk`."""
    return [
        str(java),
        *_JAVA_VLAGGEN,
        f"-Djava.io.tmpdir={tijdelijk}",
        *("-cp", str(jar), _HOOFDKLASSE),
        # --nonpdfext: files of a content-addressed store need not end in .pdf
        *("--servermode", "--format", "json", "--flavour", profiel, "--nonpdfext"),
    ]


def build_afscherming(java: Path, jar: Path, tijdelijk: Path, leesmappen: Sequence[Path]) -> list[str]:
    """Return the bubblewrap prefix: no network, the rest of the machine unseen, only `tijdelijk` can be written."""
    lezen = ["/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives"]
    lezen += [str(map_) for map_ in sorted(Path("/etc").glob("java*"))]
    lezen += [str(java.parent.parent), str(jar), *(str(map_) for map_ in leesmappen)]
    binden = [deel for pad in lezen for deel in ("--ro-bind-try", pad, pad)]
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session"),
        # The tmpfs is there for programs that insist on a /tmp; it comes first, for our folders may lie in /tmp.
        *("--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"),  # noqa: S108 - inside the sandbox only
        *binden,
        *("--bind", str(tijdelijk), str(tijdelijk), "--chdir", str(tijdelijk)),
        "--",
    ]


# --- one process -----------------------------------------------------------------------------------------------------


def _is_leesbaar(kanaal: int, timeout_s: float) -> bool:
    # Not select(): that knows no file descriptors above 1023, and a busy worker has them.
    peiling = select.poll()
    peiling.register(kanaal, select.POLLIN)
    return bool(peiling.poll(timeout_s * 1000))


class _AntwoordtNietError(GereedschapError):
    """Time is up: asking another process would only double the wait."""


class _Server:
    """One veraPDF process from start to end. Not thread-safe; one question at a time."""

    def __init__(self, opdracht: Sequence[str], tijdelijk: Path, *, profiel: str) -> None:
        self.profiel = profiel
        self.antwoorden = 0
        self._tijdelijk = tijdelijk
        self._opdracht = opdracht
        self._proces: subprocess.Popen[bytes] | None = None
        self._startfout: OSError | None = None
        self._stderr = b""
        self._gestart = threading.Event()
        # The kernel's "die with your parent" means the parent *thread*: a worker thread that started veraPDF and ended
        # would take it along. So the process is started, drained and reaped by a thread that lives as long as it does.
        self._draad = threading.Thread(target=self._leef, name="verapdf", daemon=True)
        self._draad.start()
        self._gestart.wait()
        if self._proces is None:
            raise GereedschapError(NAAM, f"het programma start niet ({self._startfout})") from self._startfout

    def _leef(self) -> None:
        try:
            proces = subprocess.Popen(
                self._opdracht,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": str(self._tijdelijk)},
                start_new_session=True,  # Ctrl-C in a terminal is for us to handle, in our order
            )
        except OSError as exc:
            self._startfout = exc
            self._gestart.set()
            return
        self._proces = proces
        self._gestart.set()
        assert proces.stderr is not None
        with proces.stderr as stroom:
            while blok := os.read(stroom.fileno(), 65_536):
                self._stderr = (self._stderr + blok)[-2_000:]
        proces.wait()

    @property
    def leeft(self) -> bool:
        """Whether the process is there and did not say anything that was not asked."""
        assert self._proces is not None and self._proces.stdout is not None
        return self._proces.poll() is None and not _is_leesbaar(self._proces.stdout.fileno(), 0)

    def wacht_op_start(self) -> None:
        """Take the one answer too many that veraPDF gives when it is ready: the path of an empty report."""
        try:
            rapport = self._lees_antwoord(time.monotonic() + _START_S)
        except GereedschapError as exc:
            # Nothing was asked yet, so what it complained about holds no word of a document.
            laatste = self._stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise GereedschapError(NAAM, f"het programma start niet ({laatste or exc.wat})") from exc
        if rapport.strip():
            raise GereedschapError(NAAM, "het programma begint met een antwoord dat niet gevraagd is")

    def vraag(self, pad: str, timeout_s: float) -> bytes:
        """Return the report that veraPDF answers; whether it is about `pad` is for the caller to check."""
        assert self._proces is not None and self._proces.stdin is not None
        try:
            self._proces.stdin.write(pad.encode() + b"\n")
            self._proces.stdin.flush()
        except OSError as exc:
            raise GereedschapError(NAAM, "het programma is gestopt") from exc
        rapport = self._lees_antwoord(time.monotonic() + timeout_s)
        self.antwoorden += 1
        return rapport

    def _lees_antwoord(self, einde: float) -> bytes:
        return self._neem_rapport(self._lees_regel(einde))

    def _lees_regel(self, einde: float) -> str:
        """Read exactly one line; `einde` is on the monotonic clock, in seconds."""
        assert self._proces is not None and self._proces.stdout is not None
        kanaal = self._proces.stdout.fileno()
        regel = b""
        while not regel.endswith(b"\n"):
            if not _is_leesbaar(kanaal, max(0.0, einde - time.monotonic())):
                raise _AntwoordtNietError(NAAM, "geen antwoord binnen de tijdslimiet")
            blok = os.read(kanaal, 4_096)
            regel += blok
            if not blok:
                raise GereedschapError(NAAM, "het programma is gestopt")
            if len(regel) > _LANGSTE_REGEL_BYTES or b"\n" in regel[:-1]:
                raise GereedschapError(NAAM, "meer antwoorden dan vragen")
        return os.fsdecode(regel[:-1])

    def _neem_rapport(self, pad: str) -> bytes:
        """Read a report and remove it. Only an ordinary file in our own folder counts as one."""
        plek = Path(pad)
        if plek.parent != self._tijdelijk:
            raise GereedschapError(NAAM, "het rapport ligt niet in de werkmap")
        try:
            nummer = os.open(plek, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(nummer, "rb") as bestand:
                staat = os.fstat(nummer)
                if not stat.S_ISREG(staat.st_mode) or staat.st_size > _GROOTSTE_RAPPORT_BYTES:
                    raise GereedschapError(NAAM, "het rapport is geen gewoon bestand of te groot")
                rapport = bestand.read()
            plek.unlink()
        except OSError as exc:
            raise GereedschapError(NAAM, "het rapport is niet te lezen") from exc
        return rapport

    def stop(self) -> None:
        """End the process, with patience for one that is idle, and remove its folder."""
        assert self._proces is not None and self._proces.stdin is not None and self._proces.stdout is not None
        with contextlib.suppress(OSError):
            self._proces.stdin.close()  # this ends an idle veraPDF
        self._draad.join(0.5)
        if self._draad.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._proces.pid, signal.SIGKILL)
            self._draad.join(10)
        self._proces.stdout.close()
        shutil.rmtree(self._tijdelijk, ignore_errors=True)


# --- what callers use ------------------------------------------------------------------------------------------------


class Verapdf:
    """Asks a warm veraPDF process for verdicts; thread-safe, and started at the first question.

    Args:
        jar: the veraPDF jar; only the one with VERAPDF_SHA256 is used.
        java: the java command.
        werkmap: where a folder for veraPDF's temporary files is made; must exist.
        leesmappen: the folders whose files may be asked; all that veraPDF sees of our data.
        timeout_s: longest wait for one answer, in seconds.
        vernieuw_na: after this many answers a new process takes over, so that leaks stay small.
    """

    def __init__(
        self,
        jar: Path,
        *,
        java: str = "java",
        werkmap: Path,
        leesmappen: Sequence[Path],
        timeout_s: float = 120,
        vernieuw_na: int = 200,
    ) -> None:
        self._jar = jar.resolve()
        self._java = java
        self._werkmap = werkmap.resolve()
        self._leesmappen = tuple(map_.resolve() for map_ in leesmappen)
        self._timeout_s = timeout_s
        self._vernieuw_na = vernieuw_na
        self._server: _Server | None = None
        self._slot = threading.Lock()
        self._afgeschermd: bool | None = None
        self._mapslot: int | None = None  # flock on the running process's folder: who holds it is alive

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, spoor: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process. A later question starts a new one."""
        with self._slot:
            self._stop_server()

    @property
    def afgeschermd(self) -> bool:
        """Whether veraPDF runs in bubblewrap, without network and without sight of the rest of the machine."""
        with self._slot:
            return self._kan_afschermen()

    @property
    def pid(self) -> int | None:
        """Process id of the running process (bubblewrap's when afgeschermd), for health pages and tests."""
        server = self._server
        return server._proces.pid if server is not None and server._proces is not None else None

    def check_pdfa(self, pdf: Path, *, profiel: str = "2b") -> PdfaOordeel:
        """Ask whether `pdf` is PDF/A of this profiel.

        Raises:
            GereedschapError: no verdict, which is never a pass. The process that failed is gone; the next question
                starts a new one.
        """
        if profiel not in PROFIELEN:
            raise GereedschapError(NAAM, f"profiel {profiel!r} bestaat niet")
        pad, bestandsomvang = self._find_bestand(pdf)
        with self._slot:
            while True:
                server = self._start_server(profiel)
                was_vers = server.antwoorden == 0
                try:
                    rapport = server.vraag(str(pad), self._timeout_s)
                    return parse_rapport(rapport, naam=str(pad), bestandsomvang=bestandsomvang, profiel=profiel)
                except GereedschapError as exc:
                    self._stop_server()
                    # The fault may be in a process that ran for long: a fresh one is asked once and has the last word.
                    if was_vers or isinstance(exc, _AntwoordtNietError):
                        raise
                except BaseException:  # interrupted halfway: the answer still to come must never meet another question
                    self._stop_server()
                    raise

    def _find_bestand(self, pdf: Path) -> tuple[Path, int]:
        try:
            pad = pdf.resolve(strict=True)
            staat = pad.stat()
        except OSError as exc:
            raise GereedschapError(NAAM, "het bestand is er niet") from exc
        if not stat.S_ISREG(staat.st_mode) or not any(pad.is_relative_to(map_) for map_ in self._leesmappen):
            raise GereedschapError(NAAM, "het bestand ligt niet in een map die veraPDF mag lezen")
        if not str(pad).isprintable():  # a line break (Java knows five) would ask for two other files
            raise GereedschapError(NAAM, "de bestandsnaam bevat tekens die niet gevraagd kunnen worden")
        return pad, staat.st_size

    def _start_server(self, profiel: str) -> _Server:
        server = self._server
        if server is not None:
            if server.leeft and server.profiel == profiel and server.antwoorden < self._vernieuw_na:
                return server
            self._stop_server()
        self._verify_jar()
        java = self._find_java()
        tijdelijk = self._maak_map()
        opdracht = build_opdracht(java, self._jar, tijdelijk, profiel=profiel)
        try:
            if self._kan_afschermen():
                opdracht = build_afscherming(java, self._jar, tijdelijk, self._leesmappen) + opdracht
            else:
                opdracht = ["setpriv", "--pdeathsig", "KILL", "--", *opdracht]
            self._server = _Server(opdracht, tijdelijk, profiel=profiel)
            self._server.wacht_op_start()
        except BaseException:
            self._stop_server()
            shutil.rmtree(tijdelijk, ignore_errors=True)
            raise
        return self._server

    def _stop_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        slot, self._mapslot = self._mapslot, None
        if slot is not None:
            os.close(slot)

    def _verify_jar(self) -> None:
        try:
            with self._jar.open("rb") as bestand:
                gevonden = hashlib.file_digest(bestand, "sha256").hexdigest()
        except OSError as exc:
            raise GereedschapError(
                NAAM, "het programma is niet geinstalleerd; draai ./run demo om het te halen"
            ) from exc
        if gevonden != VERAPDF_SHA256:
            raise GereedschapError(NAAM, f"het programma is niet versie {VERAPDF_VERSIE} zoals vastgelegd")

    def _find_java(self) -> Path:
        gevonden = shutil.which(self._java)
        if gevonden is None:
            raise GereedschapError(NAAM, "Java is niet geinstalleerd; draai ./run demo om het te halen")
        return Path(gevonden).resolve()

    def _maak_map(self) -> Path:
        """Make a folder for one process, and remove those whose owner was killed."""
        try:
            with _slot_op(self._werkmap):  # so that nobody removes a folder between its making and its lock
                for oud in self._werkmap.glob("verapdf-*"):
                    _ruim_op(oud)
                nieuw = Path(tempfile.mkdtemp(prefix="verapdf-", dir=self._werkmap))
                self._mapslot = os.open(nieuw, _MAP)
                fcntl.flock(self._mapslot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise GereedschapError(NAAM, f"de werkmap is niet te gebruiken ({exc.strerror})") from exc
        return nieuw

    def _kan_afschermen(self) -> bool:
        """Try bubblewrap once, exactly as it will be used but for the program."""
        if self._afgeschermd is None:
            proef = build_afscherming(self._find_java(), self._jar, self._werkmap, self._leesmappen)
            try:
                uitkomst = subprocess.run([*proef, "true"], capture_output=True, timeout=30, check=False)
                self._afgeschermd = uitkomst.returncode == 0
            except (OSError, subprocess.TimeoutExpired):
                self._afgeschermd = False
        return self._afgeschermd


_MAP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def _slot_op(map_: Path, *, wacht: bool = True) -> Iterator[None]:
    """Hold the lock on a folder; BlockingIOError when another has it and we do not wait."""
    nummer = os.open(map_, _MAP)
    try:
        fcntl.flock(nummer, fcntl.LOCK_EX if wacht else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(nummer)


def _ruim_op(oud: Path) -> None:
    """Remove the folder of a process that was killed; one that is in use stays."""
    with contextlib.suppress(OSError), _slot_op(oud, wacht=False):
        shutil.rmtree(oud, ignore_errors=True)
