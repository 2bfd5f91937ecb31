"""Who can sign in works under their own name: a name alone is no proof of who edited a batch or opened a doos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlmodel import col, select

from scanstraat import db
from scanstraat.bootstrap import open_basis
from scanstraat.cli import app
from scanstraat.config import read_config
from scanstraat.personen import STAP_S
from scanstraat.tables_bewijs import AanmeldingRow
from tests import builders
from tests.cliproef import BEHEERDER, Cliproef, verify

KARIN, ARIE = "Karin Controleur", "Arie Archivaris"


@pytest.fixture(scope="module")
def sjabloon(tmp_path_factory: pytest.TempPathFactory) -> Cliproef:
    with pytest.MonkeyPatch.context() as monkeypatch:
        proef = Cliproef(tmp_path_factory.mktemp("sjabloon"), monkeypatch)
        proef.add_beheerder()
    return proef


@pytest.fixture
def proef(sjabloon: Cliproef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cliproef:
    for naam in ("SCANSTRAAT_ALS", "SCANSTRAAT_DOOR", "SCANSTRAAT_WERKBEWIJS"):
        monkeypatch.delenv(naam, raising=False)
    return sjabloon.copy(tmp_path, monkeypatch)


def test_the_name_of_who_can_sign_in_is_no_proof(proef: Cliproef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.add_persoon(KARIN, ook=("K. 'de' C.",))
    for naam in (KARIN, KARIN.upper(), "K. 'de' C."):
        gezegd = proef.refuse(
            proef.run("doos", "maak", "--plaats", "stelling 4", "--door", naam), 6, "alleen is niet genoeg"
        )
        assert f"aanmelden --als '{KARIN}'" in gezegd
    proef.sign_in_to_work(KARIN, monkeypatch)
    assert "is gemaakt" in proef.say("doos", "maak", "--plaats", "stelling 4")  # the name comes from the terminal too
    assert "is gemaakt" in proef.say("doos", "maak", "--plaats", "stelling 4", "--door", "k. 'DE' c.")
    assert {rij["door"] for rij in proef.load("doos", "toon", "1")["plaatsen"]} == {KARIN}
    assert {rij["door"] for rij in proef.load("doos", "toon", "2")["plaatsen"]} == {KARIN}


def test_the_name_of_who_cannot_sign_in_is_no_proof_either(proef: Cliproef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.add_persoon(KARIN)
    proef.sign_in_to_work(KARIN, monkeypatch)
    with open_basis(read_config(proef.config)) as basis, db.begin(basis.engine) as session:
        rij = session.exec(select(AanmeldingRow).order_by(col(AanmeldingRow.aangemaakt_op).desc())).first()
        assert rij is not None
        rij.ingetrokken_op = db.now_text()
        session.add(rij)
    proef.refuse(proef.run("doos", "maak", "--plaats", "hier", "--door", KARIN), 6, "alleen is niet genoeg")


def test_a_name_that_nobody_goes_by_is_taken_as_it_is(proef: Cliproef) -> None:
    assert "is gemaakt" in proef.say("doos", "maak", "--plaats", "stelling 4", "--door", "balie-9")


def test_what_proves_one_proves_no_other_and_nothing_after_a_day(
    proef: Cliproef, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.add_persoon(KARIN)
    proef.add_persoon(ARIE)
    proef.sign_in_to_work(KARIN, monkeypatch)
    maak = ("doos", "maak", "--plaats", "stelling 4", "--door")
    proef.refuse(proef.run(*maak, ARIE), 6, "alleen is niet genoeg")
    proef.stap += 8 * 3600 // STAP_S - 2
    proef.say(*maak, KARIN)
    proef.stap += 4
    proef.refuse(proef.run(*maak, KARIN), 6, "alleen is niet genoeg", "Dat geldt 8 uur")


def test_a_new_password_ends_what_was_proved_with_the_old_one(proef: Cliproef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.add_persoon(KARIN)
    proef.sign_in_to_work(KARIN, monkeypatch)
    maak = ("doos", "maak", "--plaats", "stelling 4", "--door", KARIN)
    proef.say(*maak)
    verify(proef.run_als(KARIN, "persoon", "wachtwoord", KARIN, nieuw="nog vier andere woorden"))
    proef.refuse(proef.run(*maak), 6, "alleen is niet genoeg")


@pytest.mark.parametrize("bewijs", ["", "x", "\udcff", "gAAAAABn" + "A" * 100])
def test_nonsense_proves_nothing(proef: Cliproef, monkeypatch: pytest.MonkeyPatch, bewijs: str) -> None:
    proef.add_persoon(KARIN)
    monkeypatch.setenv("SCANSTRAAT_WERKBEWIJS", bewijs)
    proef.refuse(proef.run("doos", "maak", "--plaats", "hier", "--door", KARIN), 6, "alleen is niet genoeg")


def test_another_secret_of_the_same_key_proves_nothing(proef: Cliproef, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret of an app lies encrypted in the database: whoever reads that cannot work as somebody."""
    proef.add_persoon(KARIN)
    with open_basis(read_config(proef.config)) as basis, db.read(basis.engine) as session:
        geheimen = session.exec(select(AanmeldingRow.totp_geheim)).all()
    for geheim in geheimen:
        monkeypatch.setenv("SCANSTRAAT_WERKBEWIJS", geheim)
        proef.refuse(proef.run("doos", "maak", "--plaats", "hier", "--door", KARIN), 6, "alleen is niet genoeg")


def test_what_lets_somebody_work_lets_nobody_decide(proef: Cliproef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.sign_in_to_work(BEHEERDER, monkeypatch)
    opdracht = ("persoon", "naam", BEHEERDER, "F.", "--als", BEHEERDER, "--geheim-fd", "FD")
    proef.refuse(proef.run(*opdracht), 6, "komt te weinig")


DOOR_NAAM = [
    *(("bewerk", "1", *deel) for deel in (
        ("draai", "1"), ("weglaten", "1", "--reden", "blanco"), ("splits", "1"), ("voegsamen", "a", "b"),
        ("verplaats", "1", "--na", "2"), ("invoegen", "SCAN", "--na", "1"), ("vervang", "1", "SCAN"),
    )),
    ("ongedaan", "1"), ("klaarmelden", "1"), ("koppel", "a", "ZAAK-1"), ("ontkoppel", "a"),
    ("doos", "maak", "--plaats", "hier"), ("doos", "vul", "1", "1"), ("doos", "neem-uit", "1", "1"),
    ("doos", "verplaats", "1", "--plaats", "daar"), ("doos", "sluit", "1"), ("doos", "open", "1"),
    ("stappen", "opnieuw", "a"), ("stappen", "annuleer", "a"),
    ("quarantaine", "opnieuw", "a"), ("quarantaine", "weigeren", "a", "--reden", "proef"),
    ("zaken", "voegtoe", "ZAAK-1"), ("zaken", "sluit", "ZAAK-1"), ("zaken", "heropen", "ZAAK-1"),
]  # fmt: skip


def test_every_command_that_takes_a_name_asks_for_that_proof_or_is_known_not_to() -> None:
    """`doos haal` changes nothing, everybody may place a stop, `herscan` is a `bewerk vervang`, `laad` needs a file."""
    zonder = {("doos", "haal"), ("stop", "plaats"), ("herscan",), ("zaken", "laad")}
    gevonden = {
        pad
        for pad, opdracht in find_commands(typer.main.get_command(app))
        if any("--door" in deel.opts for deel in opdracht.params)
    }
    genoemd = {(deel[0], deel[2]) if deel[0] == "bewerk" else deel[:2] for deel in DOOR_NAAM}
    assert gevonden - zonder == {deel if deel in gevonden else deel[:1] for deel in genoemd}


def find_commands(opdracht: Any, pad: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for naam, deel in getattr(opdracht, "commands", {}).items():
        yield (*pad, naam), deel
        yield from find_commands(deel, (*pad, naam))


@pytest.mark.parametrize("woorden", DOOR_NAAM, ids=" ".join)
def test_work_is_refused_on_a_name_alone(proef: Cliproef, woorden: tuple[str, ...]) -> None:
    scan = proef.map / "scan.jpg"
    scan.write_bytes(b"scan")
    opdracht = tuple(str(scan) if woord == "SCAN" else woord for woord in woorden)
    proef.refuse(proef.run(*opdracht, "--door", BEHEERDER), 6, "alleen is niet genoeg")


def test_who_scanned_is_said_by_a_beheerder_who_signs_in(proef: Cliproef) -> None:
    proef.add_persoon(KARIN)
    proef.add_persoon(ARIE, "functioneel_beheerder")
    with open_basis(read_config(proef.config)) as basis, db.begin(basis.engine) as session:
        builders.build_batch(session, paginas=(1,), scanoperator=ARIE)
    opdracht = ("scanoperator", "1", KARIN, "--reden", "dienstrooster")
    proef.refuse(proef.run_als(KARIN, *opdracht), 6, "geen mandaat als functioneel beheerder")
    proef.refuse(proef.run_als(ARIE, *opdracht), 6, "Laat een andere functioneel beheerder")
    gezegd = proef.say_als(BEHEERDER, *opdracht)
    assert f"{KARIN} scande batch B-2026-0001" in gezegd and "mag deze batch nog steeds niet keuren" in gezegd
    assert proef.load("batch", "1")["scanoperator"] == KARIN
    proef.refuse(proef.run_als(BEHEERDER, *opdracht), 5, "staat al vast")
