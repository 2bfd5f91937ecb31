"""`run` on machines that lack something: what it says, what it installs, and that standard output stays clean.

The programs it calls on the system (dpkg-query, apt-get, mvn, id) are stand-ins on PATH that write down how they were
called; a bare Debian is tried by hand with every release.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

WORTEL = Path(__file__).resolve().parents[2]
JAR = b"PK: stands for veraPDF"


@dataclass(frozen=True)
class Uitkomst:
    """What one call of run did."""

    code: int
    stdout: str
    stderr: str
    aanroepen: list[str]


class Machine:
    """A copy of the project's set-up files, with a `PATH` where stand-ins come first."""

    def __init__(self, map_: Path) -> None:
        self.project = map_ / "mijn project"
        self.bin = map_ / "bin"
        self.thuis = map_ / "thuis"
        self.aanroepen = map_ / "aanroepen"
        for een in (self.project / "kwaliteitscontrole", self.project / ".venv" / "bin", self.bin, self.thuis):
            een.mkdir(parents=True)
        for naam in ("run", "requirements.lock"):
            shutil.copy(WORTEL / naam, self.project)
        som = hashlib.sha256(JAR).hexdigest()
        (self.project / "kwaliteitscontrole" / "verapdf.py").write_text(
            f'VERAPDF_VERSIE = "9.9"\nVERAPDF_SHA256 = "{som}"\n'
        )
        self.jar = self.project / ".gereedschap" / "verapdf" / "greenfield-apps-9.9.jar"
        self.maak_programma("id", "echo 0")
        self.maak_programma("mvn", "exit 1")
        self.heeft_pakketten(alles=True)

    def maak_programma(self, naam: str, gedrag: str) -> None:
        pad = self.bin / naam
        noteer = f"printf '%s\\n' \"{naam} $*\" >>'{self.aanroepen}'"
        pad.write_text(f"#!/bin/sh\n{noteer}\n{gedrag}\n")
        pad.chmod(0o755)

    def heeft_pakketten(self, *, alles: bool, behalve: str = "geen") -> None:
        """dpkg-query knows every package it is asked for, but one; or none until apt-get has installed."""
        vraag = f'for p in "$@"; do case $p in -*|*Package*|{behalve}) ;; *) echo "$p installed" ;; esac; done'
        self.maak_programma("dpkg-query", vraag if alles else f'[ ! -e "{self.bin}/geinstalleerd" ] || {{ {vraag}; }}')

    def heeft_omgeving(self) -> None:
        """The Python environment was made before: a stand-in for `scanstraat` that prints its arguments."""
        kenmerk = hashlib.sha256((self.project / "requirements.lock").read_bytes() + f"{self.project}\n".encode())
        (self.project / ".venv" / "klaar").write_text(f"{kenmerk.hexdigest()}  -\n")
        for naam, gedrag in (("python", "exit 0"), ("scanstraat", 'printf "<%s>" "$@"; exit 7')):
            pad = self.project / ".venv" / "bin" / naam
            pad.write_text(f"#!/bin/sh\n{gedrag}\n")
            pad.chmod(0o755)

    def heeft_verapdf(self) -> None:
        self.jar.parent.mkdir(parents=True)
        self.jar.write_bytes(JAR)

    def run(self, *woorden: str, vanuit: Path | None = None) -> Uitkomst:
        self.aanroepen.write_text("")
        klaar = subprocess.run(
            [str(self.project / "run"), *woorden],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=vanuit or self.thuis,
            env={"PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.thuis)},
        )
        return Uitkomst(klaar.returncode, klaar.stdout, klaar.stderr, self.aanroepen.read_text().splitlines())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_with_everything_there_it_only_looks_and_passes_arguments_and_exit_code_on(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.heeft_verapdf()
    uitkomst = machine.run("demo", "mijn scans", "--json")
    assert (uitkomst.code, uitkomst.stdout, uitkomst.stderr) == (7, "<demo><mijn scans><--json>", "")
    assert {aanroep.split()[0] for aanroep in uitkomst.aanroepen} == {"dpkg-query"}
    assert machine.run("scanstraat", "batches", "a b").stdout == "<batches><a b>"
    assert machine.run("start").stdout == "<start>"
    assert machine.run("klaar") == Uitkomst(0, "", "", uitkomst.aanroepen)


def test_started_from_elsewhere_the_settings_are_those_beside_it(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.heeft_verapdf()
    toon = machine.project / ".venv" / "bin" / "scanstraat"
    toon.write_text('#!/bin/sh\nprintf "%s" "${SCANSTRAAT_CONFIG:-hier}"\n')
    assert machine.run("start").stdout == str(machine.project / "config.toml")
    (machine.thuis / "config.toml").write_text("")
    assert machine.run("start").stdout == "hier"


def test_who_is_not_root_gets_the_one_line_to_type(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.maak_programma("id", "echo 1000")
    machine.maak_programma("sudo", "exit 1")
    machine.heeft_pakketten(alles=True, behalve="bubblewrap|maven")
    uitkomst = machine.run("demo")
    assert (uitkomst.code, uitkomst.stdout) == (2, "")
    regel = uitkomst.stderr.strip().splitlines()[-1]
    # maven is asked for too: veraPDF is not there yet
    verwacht = "sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends bubblewrap maven'"
    assert regel.removeprefix("run:").strip() == verwacht
    assert not any(aanroep.startswith(("apt-get", "sudo")) for aanroep in uitkomst.aanroepen)


def test_the_tests_ask_for_more_than_the_demo_does(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.heeft_verapdf()
    machine.maak_programma("id", "echo 1000")
    machine.heeft_pakketten(alles=True, behalve="postgresql|strace")
    assert machine.run("klaar").code == 0
    uitkomst = machine.run("test")
    assert uitkomst.code == 2
    assert "postgresql strace" in uitkomst.stderr


def test_root_installs_and_lists_are_fetched_when_they_are_missing_or_old(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.heeft_verapdf()
    machine.heeft_pakketten(alles=False)
    machine.maak_programma(
        "apt-get",
        f'case "$*" in *" update"*) : >"{machine.bin}/lijsten" ;; '
        f'*) [ -e "{machine.bin}/lijsten" ] && : >"{machine.bin}/geinstalleerd" ;; esac',
    )
    uitkomst = machine.run("klaar")
    assert (uitkomst.code, uitkomst.stdout) == (0, "")
    opdrachten = [aanroep for aanroep in uitkomst.aanroepen if aanroep.startswith("apt-get")]
    assert any(opdracht.endswith(" update") for opdracht in opdrachten)
    assert "install --no-install-recommends" in opdrachten[-1]
    assert "tesseract-ocr-nld" in opdrachten[-1]
    assert machine.run("klaar").stderr == ""


def test_without_network_it_says_what_is_missing(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.heeft_verapdf()
    machine.heeft_pakketten(alles=True, behalve="bubblewrap")
    machine.maak_programma("apt-get", "echo Temporary failure resolving; exit 100")
    uitkomst = machine.run("demo", "--json")
    assert (uitkomst.code, uitkomst.stdout) == (4, "")
    assert "Dit ontbreekt: bubblewrap" in uitkomst.stderr
    assert "verbinding met internet" in uitkomst.stderr
    assert "Temporary failure resolving" in uitkomst.stderr


MAVEN = (
    'for d in "$@"; do case $d in -Dmaven.repo.local=*) m=${d#*=} ;; esac; done; '
    'm=$m/org/verapdf/apps/greenfield-apps/9.9; mkdir -p "$m"; printf %s "INHOUD" >"$m/greenfield-apps-9.9.jar"'
)


def test_verapdf_comes_through_maven_and_is_checked(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.maak_programma("mvn", MAVEN.replace("INHOUD", "another jar"))
    uitkomst = machine.run("klaar")
    assert uitkomst.code == 4
    assert "SHA-256" in uitkomst.stderr
    assert not machine.jar.exists()
    machine.maak_programma("mvn", MAVEN.replace("INHOUD", JAR.decode()))
    assert machine.run("klaar").code == 0
    assert machine.jar.read_bytes() == JAR
    assert machine.run("klaar").stderr == ""


def test_a_damaged_verapdf_is_fetched_again(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.heeft_verapdf()
    machine.jar.write_bytes(b"half")
    machine.maak_programma("mvn", MAVEN.replace("INHOUD", JAR.decode()))
    assert machine.run("klaar").code == 0
    assert machine.jar.read_bytes() == JAR


def test_without_network_for_verapdf_it_says_so(machine: Machine) -> None:
    machine.heeft_omgeving()
    machine.maak_programma("mvn", "echo Unknown host; exit 1")
    uitkomst = machine.run("klaar")
    assert uitkomst.code == 4
    assert "veraPDF 9.9" in uitkomst.stderr
    assert "Unknown host" in uitkomst.stderr


@pytest.mark.parametrize(
    ("beweringen", "code", "zin"),
    [
        ("assert kies(True) == 1 and kies(False) == 2", 0, "100%"),
        ("assert kies(True) == 1", 1, "vernietiging/klein.py"),  # green, and a branch that no test takes
        ("assert kies(True) == 1 and kies(False) == 3", 1, "1 failed"),
    ],
    ids=["alles", "te weinig", "fout"],
)
def test_a_branch_that_no_test_takes_fails_the_dekking(machine: Machine, beweringen: str, code: int, zin: str) -> None:
    machine.heeft_omgeving()
    machine.heeft_verapdf()
    (machine.project / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    shutil.copy(WORTEL / "pyproject.toml", machine.project)
    for naam, tekst in (
        ("vernietiging/klein.py", "def kies(ja):\n    if ja:\n        return 1\n    return 2\n"),
        ("tests/test_klein.py", f"from vernietiging.klein import kies\n\n\ndef test_kies():\n    {beweringen}\n"),
    ):
        (machine.project / naam).parent.mkdir()
        (machine.project / naam).write_text(tekst)
    (machine.project / "vernietiging" / "__init__.py").touch()  # found before the package of this project
    uitkomst = machine.run("dekking", vanuit=machine.project)
    assert (uitkomst.code, zin in uitkomst.stdout) == (code, True), uitkomst


@pytest.mark.parametrize(("woorden", "code"), [((), 2), (("bestaatniet",), 2), (("--help",), 0)])
def test_help_installs_nothing(machine: Machine, woorden: tuple[str, ...], code: int) -> None:
    uitkomst = machine.run(*woorden)
    assert (uitkomst.code, uitkomst.aanroepen) == (code, [])
    assert "./run OPDRACHT" in (uitkomst.stderr if code else uitkomst.stdout)


def test_the_real_files_agree_on_the_version_of_verapdf() -> None:
    tekst = (WORTEL / "kwaliteitscontrole" / "verapdf.py").read_text()
    assert len(re.findall(r'^VERAPDF_VERSIE = "[\d.]+"$', tekst, flags=re.MULTILINE)) == 1
    assert len(re.findall(r'^VERAPDF_SHA256 = "[0-9a-f]{64}"$', tekst, flags=re.MULTILINE)) == 1


def test_every_dependency_is_locked_with_hashes() -> None:
    project = tomllib.loads((WORTEL / "pyproject.toml").read_text())["project"]
    eisen = project["dependencies"] + project["optional-dependencies"]["dev"]
    gevraagd = {re.split(r"[^\w.-]", eis)[0].lower() for eis in eisen}
    vastgelegd = {}
    for blok in re.split(r"^(?=\S)", (WORTEL / "requirements.lock").read_text(), flags=re.MULTILINE):
        if "==" in blok:
            vastgelegd[blok.partition("==")[0]] = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", blok)
    assert [naam for naam, hashes in vastgelegd.items() if not hashes] == []
    assert gevraagd - set(vastgelegd) == set()
