"""The veraPDF process against real files, kills, hangs and a program that lies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from kwaliteitscontrole import verapdf
from kwaliteitscontrole.errors import GereedschapError
from kwaliteitscontrole.verapdf import VERAPDF_VERSIE, Verapdf

WORTEL = Path(__file__).resolve().parents[3]

MaakVerapdf = Callable[..., Verapdf]


def write_pdfa(pad: Path, *, conform: bool = True, paginas: int = 1) -> Path:
    """Write a PDF of blank pages; it is PDF/A-2b exactly when it claims to be."""
    with pikepdf.new() as pdf:
        for _ in range(paginas):
            pdf.add_blank_page(page_size=(595, 842))
        if conform:
            with pdf.open_metadata(set_pikepdf_as_editor=False) as xmp:
                xmp["pdfaid:part"] = "2"
                xmp["pdfaid:conformance"] = "B"
        pdf.save(pad, deterministic_id=True)
    return pad


@pytest.fixture
def lezen(tmp_path: Path) -> Path:
    map_ = tmp_path / "lezen"
    map_.mkdir()
    return map_


@pytest.fixture
def maak(tmp_path: Path, lezen: Path, verapdf_jar: Path) -> Iterator[MaakVerapdf]:
    gemaakt: list[Verapdf] = []
    werkmap = tmp_path / "werk"
    werkmap.mkdir()

    def maak_een(**anders: Any) -> Verapdf:
        opties: dict[str, Any] = {"werkmap": werkmap, "leesmappen": [lezen]} | anders
        gemaakt.append(Verapdf(opties.pop("jar", verapdf_jar), **opties))
        return gemaakt[-1]

    yield maak_een
    for een in gemaakt:
        een.close()
    assert list(werkmap.iterdir()) == []  # nothing stays behind, whatever the test did to the process


def find_java(pid: int | None) -> int:
    """Return the process id of Java below `pid` (bubblewrap stands in between)."""
    assert pid is not None
    wachtrij = [pid]
    while wachtrij:
        een = wachtrij.pop()
        if Path(f"/proc/{een}/comm").read_text().strip() == "java":
            return een
        for taak in Path(f"/proc/{een}/task").iterdir():
            wachtrij += [int(kind) for kind in (taak / "children").read_text().split()]
    raise AssertionError("no java process")


def is_weg(pid: int, binnen_s: float = 10) -> bool:
    einde = time.monotonic() + binnen_s
    while time.monotonic() < einde:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_all_200_files_of_the_corpus_get_the_verdict_in_their_name(maak: MaakVerapdf, gedeeld: Path) -> None:
    bestanden = sorted((gedeeld / "corpus" / "pdfa").glob("*.pdf"))
    assert len(bestanden) == 200
    vera = maak(leesmappen=[gedeeld / "corpus" / "pdfa"], vernieuw_na=150)
    anders = [pdf.name for pdf in bestanden if vera.check_pdfa(pdf).conform != ("-pass-" in pdf.name)]
    assert anders == []


def test_a_verdict_names_the_version_and_keeps_the_report(maak: MaakVerapdf, lezen: Path) -> None:
    pdf = write_pdfa(lezen / "goed.pdf")
    oordeel = maak().check_pdfa(pdf)
    assert (oordeel.conform, oordeel.gefaalde_regels, oordeel.versie) == (True, 0, VERAPDF_VERSIE)
    assert str(pdf).encode() in oordeel.rapport


def test_a_file_of_the_store_needs_no_extension_and_a_name_may_be_odd(maak: MaakVerapdf, lezen: Path) -> None:
    vera = maak()
    for naam in ("0123abcd", 'é "aanhaling" \\ teken', "spatie achter ", "- -x"):
        assert vera.check_pdfa(write_pdfa(lezen / naam)).conform, naam


def test_a_broken_file_gets_no_verdict_and_the_next_file_gets_its_own(maak: MaakVerapdf, lezen: Path) -> None:
    vera = maak()
    goed, fout = write_pdfa(lezen / "goed.pdf"), write_pdfa(lezen / "fout.pdf", conform=False)
    afgekapt, leeg = lezen / "afgekapt.pdf", lezen / "leeg.pdf"
    afgekapt.write_bytes(goed.read_bytes()[:300])
    leeg.touch()
    for kapot in (afgekapt, leeg):
        assert not vera.check_pdfa(fout).conform
        with pytest.raises(GereedschapError):
            vera.check_pdfa(kapot)
        assert vera.check_pdfa(goed).conform


def test_files_that_may_not_be_asked_are_refused_before_anything_starts(maak: MaakVerapdf, lezen: Path) -> None:
    vera = maak()
    elders = write_pdfa(lezen.parent / "elders.pdf")
    (lezen / "link.pdf").symlink_to(elders)
    geweigerd = [elders, lezen / "link.pdf", lezen / "is er niet.pdf", lezen]
    geweigerd += [write_pdfa(lezen / f"twee{teken}regels.pdf") for teken in "\n\r\x85\u2028\u2029"]
    for pdf in geweigerd:
        with pytest.raises(GereedschapError):
            vera.check_pdfa(pdf)
    with pytest.raises(GereedschapError):
        vera.check_pdfa(write_pdfa(lezen / "goed.pdf"), profiel="0")
    assert vera.pid is None


def test_each_of_many_threads_gets_the_verdict_on_its_own_file(maak: MaakVerapdf, lezen: Path) -> None:
    vera = maak(vernieuw_na=40)
    bestanden = [write_pdfa(lezen / f"{n}.pdf", conform=n % 3 == 0, paginas=1 + n % 4) for n in range(80)]
    with ThreadPoolExecutor(8) as draden:
        oordelen = list(draden.map(vera.check_pdfa, bestanden))
    assert [oordeel.conform for oordeel in oordelen] == [n % 3 == 0 for n in range(80)]


def test_the_process_is_renewed_after_a_number_of_files(maak: MaakVerapdf, lezen: Path) -> None:
    vera = maak(vernieuw_na=2)
    pids = []
    for n in range(4):
        vera.check_pdfa(write_pdfa(lezen / f"{n}.pdf"))
        pids.append(vera.pid)
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert pids[0] is not None and is_weg(pids[0])


def test_another_profile_is_asked_of_another_process(maak: MaakVerapdf, lezen: Path) -> None:
    vera, pdf = maak(), write_pdfa(lezen / "goed.pdf")
    assert [vera.check_pdfa(pdf, profiel=profiel).conform for profiel in ("2b", "1b", "2b")] == [True, False, True]


@pytest.mark.parametrize("wie", ["java", "omhulsel"])
def test_a_process_killed_between_two_files_is_replaced_unseen(maak: MaakVerapdf, lezen: Path, wie: str) -> None:
    vera, pdf = maak(), write_pdfa(lezen / "goed.pdf")
    for _ in range(2):
        assert vera.check_pdfa(pdf).conform
        assert vera.pid is not None
        java = find_java(vera.pid)
        os.kill(java if wie == "java" else vera.pid, signal.SIGKILL)
        assert is_weg(java)


def test_a_process_killed_while_it_works_never_gives_a_wrong_verdict(maak: MaakVerapdf, lezen: Path) -> None:
    vera = maak()
    goed, fout = (write_pdfa(lezen / f"{conform}.pdf", conform=conform, paginas=200) for conform in (True, False))
    for wacht_s in (0.0, 0.005, 0.05, 0.2):
        assert vera.check_pdfa(goed).conform
        doder = threading.Timer(wacht_s, os.kill, (find_java(vera.pid), signal.SIGKILL))
        doder.start()
        assert not vera.check_pdfa(fout).conform  # a fresh process was asked, when the kill came in time
        doder.join()


def test_a_process_that_hangs_is_no_verdict_in_time_and_the_next_file_gets_its_own(
    maak: MaakVerapdf, lezen: Path
) -> None:
    vera = maak(timeout_s=8)  # a fresh process on a busy machine needs seconds for its first answer
    goed, fout = write_pdfa(lezen / "goed.pdf"), write_pdfa(lezen / "fout.pdf", conform=False)
    vera.check_pdfa(goed)
    java = find_java(vera.pid)
    os.kill(java, signal.SIGSTOP)
    begin = time.monotonic()
    with pytest.raises(GereedschapError, match="tijdslimiet"):
        vera.check_pdfa(goed)
    assert time.monotonic() - begin < 8 + 8
    assert is_weg(java)
    assert not vera.check_pdfa(fout).conform


def test_it_survives_the_thread_that_started_it(maak: MaakVerapdf, lezen: Path) -> None:
    vera, pdf = maak(), write_pdfa(lezen / "goed.pdf")
    draad = threading.Thread(target=vera.check_pdfa, args=(pdf,))
    draad.start()
    draad.join()
    pid = vera.pid
    time.sleep(0.3)  # the kernel's death signal for the thread, if any, would come now
    assert vera.check_pdfa(pdf).conform
    assert vera.pid == pid


@pytest.mark.parametrize("met_bwrap", [True, False], ids=["afgeschermd", "niet afgeschermd"])
def test_it_dies_with_its_parent_and_the_next_one_clears_its_folder(
    maak: MaakVerapdf, lezen: Path, tmp_path: Path, verapdf_jar: Path, met_bwrap: bool
) -> None:
    pdf = write_pdfa(lezen / "goed.pdf")
    programma = f"""
import os, signal
from pathlib import Path
from kwaliteitscontrole.verapdf import Verapdf
vera = Verapdf(Path({str(verapdf_jar)!r}), werkmap=Path({str(tmp_path / "werk")!r}), leesmappen=[Path({str(lezen)!r})])
vera.check_pdfa(Path({str(pdf)!r}))
print(vera.pid, vera.afgeschermd, flush=True)
input()
"""
    omgeving = dict(os.environ)
    if not met_bwrap:
        omgeving["PATH"] = build_pad_zonder_bwrap(tmp_path)
    ouder = subprocess.Popen(
        [sys.executable, "-c", programma],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=WORTEL,
        env=omgeving,
    )
    with ouder:
        assert ouder.stdout is not None
        pid, afgeschermd = ouder.stdout.readline().split()
        assert met_bwrap or afgeschermd == "False"
        java = find_java(int(pid))
        ouder.kill()
    assert is_weg(java)
    assert len(list((tmp_path / "werk").iterdir())) == 1
    vera = maak()
    assert vera.check_pdfa(pdf).conform
    assert len(list((tmp_path / "werk").iterdir())) == 1  # its own


def build_pad_zonder_bwrap(tmp_path: Path) -> str:
    map_ = tmp_path / "bin"
    map_.mkdir()
    for naam in ("java", "setpriv"):
        gevonden = shutil.which(naam)
        assert gevonden
        (map_ / naam).symlink_to(Path(gevonden).resolve())
    return str(map_)


def test_it_runs_without_network_and_without_sight_of_anything_but_its_files(maak: MaakVerapdf, lezen: Path) -> None:
    vera = maak()
    if not vera.afgeschermd:
        pytest.skip("bubblewrap does not start here")
    vera.check_pdfa(write_pdfa(lezen / "goed.pdf"))
    java = find_java(vera.pid)
    assert Path(f"/proc/{java}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    wereld = Path(f"/proc/{java}/root")
    assert (wereld / str(lezen)[1:] / "goed.pdf").exists()
    for verborgen in (WORTEL / "pyproject.toml", Path("/etc/passwd"), Path("/var/lib/dpkg")):
        assert not (wereld / str(verborgen)[1:]).exists(), verborgen


def test_without_bubblewrap_it_says_so_and_still_judges(
    maak: MaakVerapdf, lezen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", build_pad_zonder_bwrap(tmp_path))
    vera = maak()
    assert not vera.afgeschermd
    assert vera.check_pdfa(write_pdfa(lezen / "goed.pdf")).conform


def test_no_jar_another_jar_and_no_java_are_no_verdict(maak: MaakVerapdf, lezen: Path, tmp_path: Path) -> None:
    pdf = write_pdfa(lezen / "goed.pdf")
    (tmp_path / "anders.jar").write_bytes(b"PK")
    for anders in ({"jar": tmp_path / "geen.jar"}, {"jar": tmp_path / "anders.jar"}, {"java": "geen-java"}):
        with pytest.raises(GereedschapError):
            maak(**anders).check_pdfa(pdf)


# --- a program that lies: a shell script that behaves like veraPDF in server mode, but for one thing ------------------

SCRIPT = """#!/bin/sh
for deel in "$@"; do case $deel in -Djava.io.tmpdir=*) map=${{deel#*=}} ;; esac; done
n=0
antwoord() {{ n=$((n + 1)); cat >"$map/$n.xml"; echo "$map/$n.xml"; }}
rapport() {{ # PATH SIZE true|false
  fout=1; [ "$3" = false ] || fout=0; goed=$((1 - fout))
  regels='{{"ruleStatus": "FAILED"}}'; [ "$fout" = 1 ] || regels=
  cat <<EINDE
{{"report": {{"buildInformation": {{"releaseDetails": [{{"id": "core", "version": "nep"}}]}}, "jobs": [{{
"itemDetails": {{"name": "$1", "size": $2}}, "validationResult": [{{"details": {{"failedRules": $fout,
"failedChecks": $fout, "ruleSummaries": [$regels]}}, "jobEndStatus": "normal",
"profileName": "PDF/A-2B validation profile", "compliant": $3}}]}}],
"batchSummary": {{"totalJobs": 1, "outOfMemory": 0, "veraExceptions": 0, "failedEncryptedJobs": 0,
"failedParsingJobs": 0, "validationSummary": {{"nonCompliantPdfaCount": $fout, "compliantPdfaCount": $goed,
"failedJobCount": 0, "totalJobCount": 1, "successfulJobCount": 1}}}}}}}}
EINDE
}}
omvang() {{ wc -c <"$1"; }}
{gedrag}
"""
EERLIJK = 'antwoord </dev/null; while read -r pad; do rapport "$pad" "$(omvang "$pad")" true | antwoord; done'
LEUGENS = {
    "begint met een oordeel": 'rapport "$0" 1 true | antwoord; read -r pad; sleep 60',
    "antwoordt steeds over het vorige bestand": "antwoord </dev/null; vorig=$0; while read -r pad; do "
    'rapport "$vorig" "$(omvang "$vorig")" true | antwoord; vorig=$pad; done',
    "noemt een andere omvang": 'antwoord </dev/null; while read -r pad; do rapport "$pad" 7 true | antwoord; done',
    "geeft een leeg rapport": "antwoord </dev/null; while read -r pad; do antwoord </dev/null; done",
    "geeft een rapport buiten de map": 'antwoord </dev/null; while read -r pad; do echo "$pad"; done',
    "geeft een rapport dat er niet is": 'antwoord </dev/null; while read -r pad; do echo "$map/niets.xml"; done',
    "geeft een link als rapport": "antwoord </dev/null; while read -r pad; do "
    'rapport "$pad" "$(omvang "$pad")" true >"$map/echt"; ln -s echt "$map/l.xml"; echo "$map/l.xml"; done',
    "geeft een pijp als rapport": 'antwoord </dev/null; while read -r pad; do mkfifo "$map/p"; echo "$map/p"; done',
    "stopt na de vraag": "antwoord </dev/null; read -r pad; exit 0",
    "stopt meteen": "exit 0",
    "blijft praten zonder regeleinde": "yes | tr -d '\\n'",
}


def write_nepjava(tmp_path: Path, gedrag: str) -> str:
    java = tmp_path / "jre" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(SCRIPT.format(gedrag=gedrag))
    java.chmod(0o755)
    return str(java)


def test_the_honest_stand_in_is_believed(maak: MaakVerapdf, lezen: Path, tmp_path: Path) -> None:
    vera = maak(java=write_nepjava(tmp_path, EERLIJK))
    for n in range(3):
        assert vera.check_pdfa(write_pdfa(lezen / f"{n}.pdf")).conform


@pytest.mark.parametrize("gedrag", LEUGENS.values(), ids=LEUGENS.keys())
def test_a_program_that_lies_is_never_believed(maak: MaakVerapdf, lezen: Path, tmp_path: Path, gedrag: str) -> None:
    vera = maak(java=write_nepjava(tmp_path, gedrag), timeout_s=5)
    with pytest.raises(GereedschapError):
        vera.check_pdfa(write_pdfa(lezen / "1.pdf"))


def test_an_answer_too_many_never_meets_the_next_question(maak: MaakVerapdf, lezen: Path, tmp_path: Path) -> None:
    gedrag = EERLIJK.replace("| antwoord;", '| antwoord; rapport "$pad" "$(omvang "$pad")" false | antwoord;')
    vera = maak(java=write_nepjava(tmp_path, gedrag))
    pdf = write_pdfa(lezen / "1.pdf")
    pids = []
    for _ in range(3):
        try:
            assert vera.check_pdfa(pdf).conform
        except GereedschapError:  # both answers came at once
            continue
        pids.append(vera.pid)
        time.sleep(0.2)
    assert len(set(pids)) == len(pids)  # what has an answer left over is asked nothing more


def test_an_endless_stream_of_warnings_does_not_block_it(maak: MaakVerapdf, lezen: Path, tmp_path: Path) -> None:
    lawaai = 'head -c 3000000 /dev/zero | tr "\\0" "x" >&2; '
    gedrag = EERLIJK.replace("do rapport", f"do {lawaai} rapport").replace(
        "antwoord </dev/null", lawaai + "antwoord </dev/null"
    )
    vera = maak(java=write_nepjava(tmp_path, gedrag), timeout_s=20)
    assert vera.check_pdfa(write_pdfa(lezen / "1.pdf")).conform


def test_a_program_that_never_gets_ready_is_no_verdict(
    maak: MaakVerapdf, lezen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verapdf, "_START_S", 1.0)
    vera = maak(java=write_nepjava(tmp_path, "sleep 60"))
    with pytest.raises(GereedschapError, match="start niet"):
        vera.check_pdfa(write_pdfa(lezen / "1.pdf"))
    assert vera.pid is None
