"""People on the command line: who they are, what they may decide, and everything that is refused."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pyotp
import pytest

from tests.cliproef import BEHEERDER, WACHTWOORD, Cliproef, flat, verify

KARIN, ARIE = "Karin Controleur", "Arie Archivaris"
KLOPT_NIET = "Naam, wachtwoord of code klopt niet"


@pytest.fixture(scope="module")
def sjabloon(tmp_path_factory: pytest.TempPathFactory) -> Cliproef:
    with pytest.MonkeyPatch.context() as monkeypatch:
        proef = Cliproef(tmp_path_factory.mktemp("sjabloon"), monkeypatch)
        proef.add_beheerder()
    return proef


@pytest.fixture
def proef(sjabloon: Cliproef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cliproef:
    monkeypatch.delenv("SCANSTRAAT_ALS", raising=False)
    return sjabloon.copy(tmp_path, monkeypatch)


# --- the first persoon and the others -----------------------------------------------------------------------------


def test_the_first_persoon_runs_the_system_and_adds_the_others(proef: Cliproef) -> None:
    proef.add_persoon(KARIN, "controleur", ook=("K. Controleur", "balie-3"))
    assert [rij["naam"] for rij in proef.load("persoon", "lijst")] == [BEHEERDER, KARIN]
    gezegd = proef.say("persoon", "lijst")
    assert "K. Controleur, balie-3" in gezegd and "functioneel beheerder" in gezegd
    gezegd = proef.say("persoon", "toon", "BALIE-3")
    assert gezegd.startswith(f"{KARIN} Ook bekend als: K. Controleur, balie-3 Kan zich aanmelden: ja")
    assert "mandaatbesluit 2026-3" in gezegd
    (mandaat,) = proef.load("persoon", "toon", KARIN)["mandaten"]
    assert (mandaat["rol"], mandaat["stand"], mandaat["verleend_door"]) == ("controleur", "geldt", BEHEERDER)


def test_an_empty_installation_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proef = Cliproef(tmp_path, monkeypatch)
    assert "scanstraat --config" in proef.say("persoon", "lijst")
    assert proef.load("persoon", "lijst") == proef.load("mandaat", "lijst") == []
    proef.refuse(
        proef.run("persoon", "voegtoe", "Fleur", "--nieuw-fd", "FD", regels=("kort",)), 5, "minstens 12 tekens"
    )
    assert proef.load("persoon", "lijst") == []


def test_the_secret_is_shown_once_with_a_code_to_scan(proef: Cliproef) -> None:
    uitslag = verify(proef.run_als(BEHEERDER, "persoon", "voegtoe", KARIN, nieuw=WACHTWOORD))
    gezegd = flat(uitslag)
    assert "QR-code" in gezegd and "▄" in uitslag.stdout and "Wis daarom het scherm" in gezegd
    (geheim,) = re.findall(r"geheim in de app: ([A-Z2-7]{32})", gezegd)
    proef.geheimen[KARIN] = geheim
    proef.refuse(
        proef.run_als(KARIN, "mandaat", "trek-in", KARIN, "auditor"), 6, "geen mandaat als functioneel beheerder"
    )
    assert geheim not in proef.say("persoon", "toon", KARIN)


def test_the_second_persoon_needs_somebody_to_sign_in(proef: Cliproef) -> None:
    uitslag = proef.run("persoon", "voegtoe", KARIN, "--nieuw-fd", "FD", regels=(WACHTWOORD,))
    proef.refuse(uitslag, 6, "Alleen een functioneel beheerder doet dit. Geef --als met uw naam.")


def test_who_decides_may_stand_in_the_environment(proef: Cliproef, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTRAAT_ALS", BEHEERDER)
    proef.stap += 1
    regels = (WACHTWOORD, proef.code(BEHEERDER), WACHTWOORD)
    verify(proef.run("persoon", "voegtoe", KARIN, "--geheim-fd", "FD", "--nieuw-fd", "FD", regels=regels))


@pytest.mark.parametrize("naam", ["fleur BEHEERDER", "Onbekend", "", "x" * 101, "Fleur\u202eBeheerder"])
def test_a_name_that_is_taken_or_is_none_is_refused(proef: Cliproef, naam: str) -> None:
    uitslag = proef.run_als(BEHEERDER, "persoon", "voegtoe", naam, nieuw=WACHTWOORD)
    assert uitslag.exit_code in (2, 5)
    proef.refuse(uitslag, uitslag.exit_code)
    assert len(proef.load("persoon", "lijst")) == 1


@pytest.mark.parametrize("naam", ["Fléur Beheerder", "Fleur-Beheerder", "fleur beheerder."])
def test_a_name_that_is_almost_that_of_another_is_asked_about(proef: Cliproef, naam: str) -> None:
    proef.refuse(proef.run_als(BEHEERDER, "persoon", "voegtoe", naam, nieuw=WACHTWOORD), 5, "dezelfde mens")
    assert len(proef.load("persoon", "lijst")) == 1
    verify(proef.run_als(BEHEERDER, "persoon", "voegtoe", naam, "--een-ander", nieuw=WACHTWOORD))
    assert len(proef.load("persoon", "lijst")) == 2


def test_another_name_is_noted_and_belongs_to_one(proef: Cliproef) -> None:
    proef.add_persoon(KARIN)
    assert f"balie 3 is vanaf nu {KARIN}." in proef.say_als(BEHEERDER, "persoon", "naam", KARIN, "balie 3")
    proef.refuse(proef.run_als(BEHEERDER, "persoon", "naam", BEHEERDER, "Balie  3"), 5, f"al van {KARIN}")
    proef.refuse(proef.run_als(KARIN, "persoon", "naam", KARIN, "balie 4"), 6, "geen mandaat")
    proef.refuse(proef.run_als(BEHEERDER, "persoon", "naam", "Niemand", "balie 4"), 3, "Niemand heet hier Niemand")


# --- proving who one is -------------------------------------------------------------------------------------------


def test_a_wrong_password_a_wrong_code_and_an_unknown_name_are_answered_alike(proef: Cliproef) -> None:
    geef = ("mandaat", "geef", BEHEERDER, "auditor", "--grondslag", "besluit 1")
    proef.geheimen["Niemand"] = proef.geheimen[BEHEERDER]
    antwoorden = {
        proef.refuse(uitslag, 6, KLOPT_NIET)
        for uitslag in (
            proef.run_als(BEHEERDER, *geef, wachtwoord="iets heel anders"),
            proef.run_als(BEHEERDER, *geef, code="000000"),
            proef.run_als(BEHEERDER, *geef, code="zes é's"),
            proef.run_als("Niemand", *geef),
        )
    }
    assert len(antwoorden) == 1


def test_a_code_is_good_for_one_command(proef: Cliproef) -> None:
    code = pyotp.TOTP(proef.geheimen[BEHEERDER]).at(time.time())
    regels = (WACHTWOORD, code)
    opdracht = ("persoon", "naam", BEHEERDER, "F.B.", "--als", BEHEERDER, "--geheim-fd", "FD")
    verify(proef.run(*opdracht, regels=regels))
    proef.refuse(proef.run(*opdracht, regels=regels), 6, KLOPT_NIET)


def test_after_five_mistakes_an_account_is_blocked_and_a_beheerder_opens_it(proef: Cliproef) -> None:
    proef.add_persoon(KARIN, "functioneel_beheerder")
    for _ in range(5):
        proef.refuse(proef.run_als(KARIN, "persoon", "naam", KARIN, "K.", code="000000"), 6, KLOPT_NIET)
    proef.refuse(proef.run_als(KARIN, "persoon", "naam", KARIN, "K."), 6, "even geblokkeerd", "kwartier")
    assert "na te veel fouten weer vanaf" in proef.say("persoon", "toon", KARIN)
    uitslag = verify(proef.run_als(BEHEERDER, "persoon", "wachtwoord", KARIN, nieuw=WACHTWOORD))
    assert "oude codes werken niet meer" in flat(uitslag)
    (proef.geheimen[KARIN],) = re.findall(r"geheim in de app: ([A-Z2-7]{32})", flat(uitslag))
    assert "Karin Controleur beslist 7 dagen niets, tenzij" in flat(uitslag)
    proef.refuse(proef.run_als(KARIN, "persoon", "naam", KARIN, "K."), 6, "beslist Karin Controleur nog niets")
    assert "Nog niet bevestigd" in proef.say("persoon", "toon", KARIN)
    proef.refuse(proef.run_als(BEHEERDER, "persoon", "bevestig", KARIN), 6, "Een ander bevestigt dit")
    proef.refuse(proef.run_als(BEHEERDER, "persoon", "bevestig", BEHEERDER), 5, "niets te bevestigen")
    proef.add_persoon(ARIE, "functioneel_beheerder")
    assert "mag weer beslissen" in proef.say_als(ARIE, "persoon", "bevestig", KARIN)
    getoond = proef.say("persoon", "toon", KARIN)
    assert f"door {BEHEERDER}" in getoond and "Nog niet bevestigd" not in getoond
    proef.say_als(KARIN, "persoon", "naam", KARIN, "K.")


def test_somebody_changes_their_own_password_and_nobody_elses(proef: Cliproef) -> None:
    proef.add_persoon(KARIN, "controleur")
    proef.add_persoon(ARIE)
    nieuw = "nog vier andere woorden"
    proef.refuse(proef.run_als(KARIN, "persoon", "wachtwoord", ARIE, nieuw=nieuw), 6, "geen mandaat")
    proef.refuse(proef.run_als(KARIN, "persoon", "wachtwoord", KARIN, nieuw="kort"), 5, "minstens 12 tekens")
    verify(proef.run_als(KARIN, "persoon", "wachtwoord", KARIN, "--json", nieuw=nieuw))
    proef.refuse(proef.run_als(KARIN, "persoon", "wachtwoord", KARIN, nieuw=nieuw), 6, KLOPT_NIET)


@pytest.mark.parametrize(
    ("regels", "zin"),
    [((), "komt te weinig"), ((WACHTWOORD,), "komt te weinig"), (("", "123456"), "komt te weinig")],
)
def test_a_file_descriptor_that_holds_too_little_is_said(proef: Cliproef, regels: tuple[str, ...], zin: str) -> None:
    opdracht = ("persoon", "naam", BEHEERDER, "F.", "--als", BEHEERDER, "--geheim-fd")
    proef.refuse(proef.run(*opdracht, "FD", regels=regels), 6, zin)


def test_without_a_terminal_or_a_file_descriptor_the_message_says_what_to_do(proef: Cliproef) -> None:
    opdracht = ("persoon", "naam", BEHEERDER, "F.", "--als", BEHEERDER)
    proef.refuse(proef.run(*opdracht), 6, "geen terminal", "--geheim-fd")
    proef.refuse(proef.run(*opdracht, "--geheim-fd", "987"), 6, "Bestandsdescriptor 987 is niet te lezen")
    proef.refuse(proef.run(*opdracht, "--geheim-fd", "-1"), 2, "Ongeldige waarde")
    proef.refuse(proef.run(*opdracht[:-2]), 2, "Deze optie is nodig: '--als'")
    lees, schrijf = os.pipe()
    os.write(schrijf, b"\xff\xfe\n")
    proef.refuse(proef.run(*opdracht, "--geheim-fd", str(lees)), 6, "geen leesbare tekst")
    os.close(lees)
    os.close(schrijf)


def talk(woorden: Sequence[str], antwoorden: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Run a command on a terminal of its own: wait for each question and type its answer; return code and screen."""
    wij, zij = pty.openpty()
    opdracht = [sys.executable, "-m", "scanstraat.cli", *woorden]
    omgeving = os.environ | {"TERM": "dumb"}
    gezien, begin = "", 0
    with subprocess.Popen(opdracht, stdin=zij, stdout=zij, stderr=zij, start_new_session=True, env=omgeving) as proces:
        os.close(zij)
        for vraag, antwoord in antwoorden:
            while vraag not in gezien[begin:]:
                gezien += _read(wij)
            begin = len(gezien)
            time.sleep(0.2)  # the question stands before the echo is off
            os.write(wij, f"{antwoord}\n".encode())
        with suppress(OSError):  # the other side is gone
            while deel := _read(wij):
                gezien += deel
    os.close(wij)
    return proces.returncode, gezien


def _read(fd: int) -> str:
    klaar, _, _ = select.select([fd], [], [], 60)
    assert klaar, "the command asks nothing and does not end"
    return os.read(fd, 65536).decode(errors="replace")


def test_on_a_terminal_passwords_are_asked_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[algemeen]\ngegevensmap = "data"\n', encoding="utf-8")
    begin = ["--config", str(tmp_path / "config.toml"), "persoon"]
    code, scherm = talk(
        [*begin, "voegtoe", "Fleur"],
        [
            ("Nieuw wachtwoord van Fleur:", "kort"),
            ("Nieuw wachtwoord van Fleur:", WACHTWOORD),
            ("Nog een keer hetzelfde wachtwoord:", "iets heel anders dan dat"),
            ("Nieuw wachtwoord van Fleur:", WACHTWOORD),
            ("Nog een keer hetzelfde wachtwoord:", WACHTWOORD),
        ],
    )
    assert code == 0, scherm
    assert WACHTWOORD not in scherm and "minstens 12 tekens" in scherm and "niet gelijk" in scherm
    (geheim,) = re.findall(r"[A-Z2-7]{32}", scherm)
    code, scherm = talk(
        [*begin, "naam", "Fleur", "F.B.", "--als", "Fleur"],
        [("Wachtwoord van Fleur:", WACHTWOORD), ("Code uit uw app:", pyotp.TOTP(geheim).now())],
    )
    assert code == 0, scherm
    assert WACHTWOORD not in scherm and "F.B. is vanaf nu Fleur" in scherm


# --- what they may decide -----------------------------------------------------------------------------------------


def test_a_mandaat_is_given_shown_and_taken_back(proef: Cliproef) -> None:
    proef.add_persoon(KARIN)
    gezegd = proef.say_als(
        BEHEERDER, "mandaat", "geef", KARIN, "gemandateerde", "--grondslag", "besluit 2026-3 van 2 maart",
        "--van", "02-03-2026", "--tot", "2099-12-31",
    )  # fmt: skip
    assert f"{KARIN} heeft een mandaat als gemandateerde, van 02-03-2026 tot en met 31-12-2099." in gezegd
    gezegd = proef.say("mandaat", "lijst")
    assert "gemandateerde" in gezegd and "31-12-2099" in gezegd and "besluit 2026-3 van 2 maart" in gezegd
    assert "bij de installatie" in gezegd  # the first one was given by nobody
    proef.say_als(BEHEERDER, "mandaat", "trek-in", KARIN, "gemandateerde")
    assert [rij["naam"] for rij in proef.load("mandaat", "lijst")] == [BEHEERDER]
    assert "ingetrokken" in proef.say("mandaat", "lijst", "--alles")
    uitslag = proef.run_als(BEHEERDER, "mandaat", "trek-in", KARIN, "gemandateerde")
    proef.refuse(uitslag, 3, f"{KARIN} heeft geen mandaat als gemandateerde")


def test_a_mandaat_that_has_ended_gives_no_right(proef: Cliproef) -> None:
    proef.add_persoon(KARIN)
    geef = ("mandaat", "geef", KARIN, "functioneel_beheerder", "--grondslag", "besluit 2026-3")
    proef.say_als(BEHEERDER, *geef, "--van", "2020-01-01", "--tot", "2020-12-31")
    proef.refuse(proef.run_als(KARIN, "persoon", "naam", KARIN, "K."), 6, "heeft vandaag geen mandaat")
    proef.say_als(BEHEERDER, *geef, "--van", "2099-01-01")
    proef.refuse(proef.run_als(KARIN, "persoon", "naam", KARIN, "K."), 6, "heeft vandaag geen mandaat")
    assert [rij["stand"] for rij in proef.load("mandaat", "lijst", "--alles")] == ["geldt", "verlopen", "later"]
    proef.say_als(BEHEERDER, *geef)
    proef.say_als(KARIN, "persoon", "naam", KARIN, "K.")


def test_nobody_gives_themselves_a_mandaat_and_the_last_beheerder_stays(proef: Cliproef) -> None:
    geef = ("mandaat", "geef", BEHEERDER, "gemandateerde", "--grondslag", "besluit 2026-3")
    proef.refuse(proef.run_als(BEHEERDER, *geef), 6, "Niemand geeft zichzelf een mandaat")
    uitslag = proef.run_als(BEHEERDER, "mandaat", "trek-in", BEHEERDER, "functioneel_beheerder")
    proef.refuse(uitslag, 5, "de enige functioneel beheerder")


@pytest.mark.parametrize(
    ("woorden", "exitcode", "zin"),
    [
        (("Niemand", "auditor"), 3, "Niemand heet hier Niemand"),
        ((KARIN, "baas"), 2, "'baas' is geen van deze"),
        ((KARIN, "auditor", "--van", "gisteren"), 2, "'gisteren' is geen datum. Schrijf bijvoorbeeld 2026-03-02"),
        ((KARIN, "auditor", "--tot", "31-02-2026"), 2, "De dag 31-02-2026 bestaat niet"),
        ((KARIN, "auditor", "--tot", "02-03-26"), 2, "is geen datum"),
        ((KARIN, "auditor", "--van", "2026-03-02", "--tot", "01-03-2026"), 5, "ligt niet voor de eerste"),
        ((KARIN, "auditor", "--grondslag", " "), 5, "Noem de grondslag"),
        ((KARIN, "auditor", "--grondslag", "besluit\x07"), 2, "tekens in die niemand kan lezen"),
    ],
)
def test_a_mandaat_that_cannot_be_is_refused(
    proef: Cliproef, woorden: tuple[str, ...], exitcode: int, zin: str
) -> None:
    proef.add_persoon(KARIN)
    geef = ("mandaat", "geef", *woorden, *(() if "--grondslag" in woorden else ("--grondslag", "besluit 2026-3")))
    proef.refuse(proef.run_als(BEHEERDER, *geef), exitcode, zin)
    assert len(proef.load("mandaat", "lijst", "--alles")) == 1


def test_words_with_loose_accents_are_stored_like_any_other(proef: Cliproef) -> None:
    proef.add_persoon(KARIN)
    proef.say_als(BEHEERDER, "mandaat", "geef", KARIN, "auditor", "--grondslag", "besluit cafe\u0301")
    assert proef.load("persoon", "toon", KARIN)["mandaten"][0]["grondslag"] == "besluit caf\u00e9"
