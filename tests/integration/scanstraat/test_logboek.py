"""From events in the record to a sealed log: complete, in order, once; and who changes one of the two is noticed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select
from typer.testing import CliRunner, Result

from scanstraat import db, logboek, logstand, stops, storage
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli import app
from scanstraat.config import Config, read_config
from scanstraat.errors import NietMogelijkError
from scanstraat.gezondheid import Melding, build_gezondheid
from scanstraat.tables import GebeurtenisRow, LogregelRow
from tests.builders import build_persoon, save_batch
from vernietiging.__main__ import main as verifier
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.tegels import REGELS, Tegelmap, build_pad
from vernietiging.verzegelaar import Verzegelaar
from vernietiging.verzegeldienst import Verzegeld, Verzegelklant


@dataclass
class Proef:
    """An installation with a running sealer."""

    basis: Basis
    config: Path
    klant: Verzegelklant

    def write(self, aantal: int) -> None:
        """Write so many events, each in a transaction of its own."""
        for _ in range(aantal):
            with db.begin(self.basis.engine) as session:
                append(session)

    def seal(self) -> int:
        return logboek.seal_waiting(self.basis, self.klant).omvang

    def places(self) -> list[tuple[int, int]]:
        with db.read(self.basis.engine) as session:
            rijen = session.exec(select(LogregelRow.nummer, LogregelRow.gebeurtenis).order_by(col(LogregelRow.nummer)))
            return [(nummer, gebeurtenis) for nummer, gebeurtenis in rijen]

    def execute(self, opdracht: str) -> None:
        """As somebody who owns the database, and took its guards away."""
        with self.basis.engine.begin() as verbinding:
            if verbinding.dialect.name == "postgresql":
                verbinding.exec_driver_sql("set session_replication_role = replica")
            else:
                for naam in verbinding.exec_driver_sql(
                    "select name from sqlite_master where type = 'trigger'"
                ).scalars():
                    verbinding.exec_driver_sql(f"drop trigger {naam}")
            verbinding.exec_driver_sql(opdracht)


def append(session: Session) -> None:
    batch, wie = save_batch(session), build_persoon(session)
    batch.klaargemeld_op, batch.klaargemeld_door = db.now_text(), wie.id
    session.add(batch)
    storage.append_gebeurtenis(session, "batch.klaargemeld", actor=wie, onderwerp=batch.log_id, ontvangen=3)


@pytest.fixture(params=["sqlite", "postgresql"])
def proef(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proef]:
    pad = tmp_path / "config.toml"
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    pad.write_text(
        f'[database]\nurl = "{url}"\n[logboek]\noorsprong = "gemeente.example/vernietiging/1"\n', encoding="utf-8"
    )
    config = read_config(pad)
    stop = threading.Event()
    with open_basis(config) as basis:
        dienst = threading.Thread(target=logboek.serve, args=(config, stop))
        dienst.start()
        try:
            while not logstand.find_adres(config).exists():
                stop.wait(0.01)
            yield Proef(basis, pad, logboek.open_klant(config))
        finally:
            stop.set()
            dienst.join()


def test_every_event_gets_its_place_in_the_order_of_the_record(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logboek, "SAMEN", 3)
    assert proef.seal() == 0
    for aantal, omvang in ((7, 7), (0, 7), (1, 8)):
        proef.write(aantal)
        assert proef.seal() == omvang
    plaatsen = proef.places()
    assert [nummer for nummer, _ in plaatsen] == list(range(8))
    assert [gebeurtenis for _, gebeurtenis in plaatsen] == sorted(gebeurtenis for _, gebeurtenis in plaatsen)
    with db.read(proef.basis.engine) as session:
        rijen = session.exec(select(GebeurtenisRow).order_by(col(GebeurtenisRow.volgnummer))).all()
    assert Tegelmap(proef.basis.config.logboek.map).read_bladen(0, 8) == [logstand.build_blad(rij) for rij in rijen]
    assert logboek.check_record(proef.basis, proef.klant, meld=lambda _a, _b: None) == 8


def test_what_was_sealed_when_we_stopped_is_noted_at_the_next_start(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.write(5)

    def stop(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(logboek, "_save_places", stop)
        proef.seal()
    assert proef.places() == []
    proef.write(2)
    assert proef.seal() == 7
    assert len(proef.places()) == 7
    assert logboek.check_record(proef.basis, proef.klant, meld=lambda _a, _b: None) == 7


@pytest.mark.parametrize("opdracht", [
    "update gebeurtenis set op = '2026-01-01T00:00:00.000Z' where soort = 'batch.klaargemeld'",
    "update gebeurtenis set onderwerp_log_id = actor_log_id",
    "delete from logregel where nummer = 3",
    "update logregel set nummer = 99 where nummer = 3",
])  # fmt: skip
def test_a_change_in_the_record_after_sealing_is_found(proef: Proef, opdracht: str) -> None:
    proef.write(6)
    proef.seal()
    proef.execute(opdracht)
    with pytest.raises(LogboekGewijzigdError):
        logboek.check_record(proef.basis, proef.klant, meld=lambda _a, _b: None)


def test_a_record_that_was_put_back_is_not_sealed_on(proef: Proef) -> None:
    proef.write(4)
    proef.seal()
    proef.execute("delete from logregel where nummer > 1")
    proef.execute("delete from gebeurtenis where volgnummer = (select max(volgnummer) from gebeurtenis)")
    proef.write(3)
    with pytest.raises(LogboekGewijzigdError, match="database is teruggezet of veranderd"):
        proef.seal()
    assert proef.klant.stand().omvang == 4
    melding = _find_melding(proef)
    assert melding is not None and melding.ernst == "fout" and "database is teruggezet" in melding.tekst


def test_a_record_and_a_log_that_go_on_from_each_other_are_healthy(proef: Proef) -> None:
    assert _find_melding(proef) is None
    proef.write(4)
    proef.seal()
    proef.execute("delete from logregel where nummer > 1")  # as when it stopped before it noted the places
    assert _find_melding(proef) is None


def _find_melding(proef: Proef) -> Melding | None:
    return next((m for m in build_gezondheid(proef.basis).meldingen if m.wat == "logboek"), None)


def test_a_sealer_that_was_put_back_is_noticed(proef: Proef) -> None:
    proef.write(2)
    proef.seal()
    verzegelaar, log = proef.basis.config.logboek.verzegelaar, proef.basis.config.logboek.map
    oud = (verzegelaar / "stand.json").read_bytes()
    proef.write(2)
    proef.seal()
    (verzegelaar / "stand.json").write_bytes(oud)
    with pytest.raises(GebeurtenisError):  # what it refuses makes it look at its folder again
        proef.klant.append(4, [b"geen gebeurtenis"])
    with pytest.raises(LogboekGewijzigdError, match="teruggezet"):
        proef.seal()
    melding = _find_melding(proef)
    assert melding is not None and "teruggezet" in melding.tekst
    shutil.rmtree(log)  # and also when the log went back with it
    with pytest.raises(LogboekGewijzigdError):
        proef.seal()


def test_a_record_that_was_put_back_is_found_by_comparing_and_so_is_a_log_that_was_changed(proef: Proef) -> None:
    def compare() -> int:
        return logboek.check_record(proef.basis, proef.klant, meld=lambda _a, _b: None)

    proef.write(6)
    proef.seal()
    assert compare() == 6
    bundel = proef.basis.config.logboek.map / build_pad(REGELS, 0, 6)
    bundel.chmod(0o644)
    goed = bundel.read_bytes()
    proef.execute("update gebeurtenis set gegevens = '{\"ontvangen\": 4}' where soort = 'batch.klaargemeld'")
    bundel.write_bytes(goed.replace(b'"ontvangen":3', b'"ontvangen":4'))  # both, by one who owns both
    with pytest.raises(LogboekGewijzigdError):
        compare()
    bundel.write_bytes(goed)
    proef.execute("update gebeurtenis set gegevens = '{\"ontvangen\": 3}' where soort = 'batch.klaargemeld'")
    assert compare() == 6
    proef.execute("delete from logregel where nummer > 3")
    with pytest.raises(LogboekGewijzigdError, match="kent 4 regels"):
        compare()


def test_a_second_sealer_waits_until_the_first_stops(proef: Proef) -> None:
    stop = threading.Event()
    tweede = threading.Thread(target=logboek.serve, args=(proef.basis.config, stop))
    tweede.start()
    try:
        proef.write(1)
        assert proef.seal() == 1
    finally:
        stop.set()
        tweede.join()
    proef.write(1)
    assert proef.seal() == 2  # its socket is still there


def test_places_never_change(proef: Proef) -> None:
    proef.write(1)
    proef.seal()
    for opdracht in ("update logregel set nummer = 7", "delete from logregel"):
        with pytest.raises(sa.exc.DBAPIError, match="verandert nooit"), proef.basis.engine.begin() as verbinding:
            verbinding.exec_driver_sql(opdracht)


def test_without_a_sealer_nothing_is_lost_and_it_is_said(tmp_path: Path) -> None:
    pad = tmp_path / "config.toml"
    pad.write_text("", encoding="utf-8")
    with open_basis(read_config(pad)) as basis:
        with db.begin(basis.engine) as session:
            append(session)
        with pytest.raises(NietVastTeStellenError, match="scanstraat start"):
            logboek.seal_waiting(basis, logboek.open_klant(basis.config))
    uitslag = CliRunner().invoke(app, ["--config", str(pad), "logboek"])
    assert (uitslag.exit_code, "De verzegelaar antwoordt niet" in uitslag.output) == (2, True)


def test_the_loop_goes_on_after_trouble(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.write(1)
    stop, keren = threading.Event(), 0

    def seal(basis: Basis, klant: Verzegelklant) -> Verzegeld:
        nonlocal keren
        keren += 1
        if keren == 1:
            raise NietVastTeStellenError("even niet")
        stop.set()
        return Verzegeld(0, b"", b"")

    monkeypatch.setattr(logboek, "seal_waiting", seal)
    logboek.loop(replace(proef.basis, config=_quick(proef.basis.config)), stop)
    assert keren == 2


def test_the_loop_asks_no_more_than_there_is_and_leaves_who_decides_alone(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.write(1)
    stop, gevolgd, omvangen = threading.Event(), [], [1, 1, None, 2]

    def seal(basis: Basis, klant: Verzegelklant) -> Verzegeld:
        omvang = omvangen.pop(0)
        if not omvangen:
            stop.set()
        if omvang is None:
            raise NietMogelijkError("er beslist net iemand")
        return Verzegeld(omvang, b"", b"")

    def log(*_: object, **__: object) -> None:
        raise AssertionError("that somebody decides is no trouble")

    monkeypatch.setattr(logboek, "seal_waiting", seal)
    monkeypatch.setattr(stops, "follow_stops", lambda _session: gevolgd.append(len(omvangen)))
    monkeypatch.setattr(logboek, "_log", SimpleNamespace(error=log))
    logboek.loop(replace(proef.basis, config=_quick(proef.basis.config)), stop)
    assert gevolgd == [3, 0]  # once for each size


def test_a_log_that_is_shorter_than_what_was_signed_is_found(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    assert logboek.check_record(proef.basis, proef.klant, meld=lambda _a, _b: None) == 0  # there is none yet
    proef.write(2)
    proef.seal()
    echt = Verzegelklant.stand
    monkeypatch.setattr(Verzegelklant, "stand", lambda klant: replace(echt(klant), omvang=3))
    with pytest.raises(LogboekGewijzigdError, match="korter dan wat de verzegelaar"):
        logboek.check_record(proef.basis, proef.klant, meld=lambda _a, _b: None)


@pytest.mark.parametrize("gegevens", ["[1]", '{"ontvangen": 1.5}'])
def test_an_event_that_cannot_be_read_any_more_is_a_change(proef: Proef, gegevens: str) -> None:
    proef.write(2)
    proef.seal()
    proef.execute(f"update gebeurtenis set gegevens = '{gegevens}' where volgnummer = 1")
    with pytest.raises(LogboekGewijzigdError, match="iets onleesbaars"):
        logboek.check_record(proef.basis, proef.klant, meld=lambda _a, _b: None)


def test_the_first_checkpoint_over_a_line_is_the_one_that_was_signed(proef: Proef) -> None:
    config = proef.basis.config
    with pytest.raises(NietMogelijkError, match="nog niet in een checkpoint"):
        logboek.find_eerste_checkpoint(config, 0)
    for omvang in (2, 5):
        proef.write(omvang - len(proef.places()))
        proef.seal()
    assert [logboek.find_eerste_checkpoint(config, regel)[0] for regel in (0, 1, 2, 4)] == [2, 2, 5, 5]
    with pytest.raises(NietMogelijkError, match="nog niet in een checkpoint"):
        logboek.find_eerste_checkpoint(config, 5)
    map_ = config.logboek.map / "checkpoints"
    (map_ / "2").unlink()
    shutil.copy(map_ / "5", map_ / "2")
    with pytest.raises(LogboekGewijzigdError, match="is een ander"):
        logboek.find_eerste_checkpoint(config, 0)


def _quick(config: Config) -> Config:
    return config.model_copy(update={"logboek": config.logboek.model_copy(update={"interval_s": 0.01})})


def test_the_commands_seal_compare_and_give_an_auditor_what_he_needs(
    proef: Proef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(*woorden: str) -> str:
        uitslag = CliRunner().invoke(app, ["--config", str(proef.config), "logboek", *woorden])
        assert uitslag.exit_code == 0, uitslag.output
        return " ".join(uitslag.output.split())

    proef.write(3)
    assert "3 gebeurtenissen, waarvan 0 verzegeld" in say()
    assert "3 gebeurtenissen zijn verzegeld" in say("verzegel")
    assert "waarvan 3 verzegeld" in say()
    assert '"oudste_wachtende_op": null' in say("--json")
    assert "3 gebeurtenissen in de database zijn gelijk" in say("controleer")
    say("beleid", "-o", str(tmp_path / "beleid"))
    woorden = [str(proef.basis.config.logboek.map), "--beleid", str(tmp_path / "beleid")]
    assert verifier(woorden) == 2  # nobody outside vouches for it
    gezegd = capsys.readouterr().out
    assert gezegd.startswith("NIET VAST TE STELLEN. Alles klopt") and "geef dan --zonder-ankers" in gezegd
    assert verifier([*woorden, "--zonder-ankers"]) == 0
    assert capsys.readouterr().out.startswith("BEWEZEN. ")
    proef.execute("update gebeurtenis set soort = 'bewerking'")
    uitslag = CliRunner().invoke(app, ["--config", str(proef.config), "logboek", "controleer"])
    assert (uitslag.exit_code, "verzegelde logboek" in uitslag.output) == (1, True)


def test_an_auditor_gets_the_policy_when_the_line_stands_still_but_only_the_keys_that_signed(
    proef: Proef, tmp_path: Path
) -> None:
    def write(naam: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(proef.config), "logboek", "beleid", "-o", str(tmp_path / naam)])

    proef.write(2)
    proef.seal()
    assert write("loopt").exit_code == 0
    logstand.find_adres(proef.basis.config).unlink()  # what a sealer that stops does
    assert write("stil").exit_code == 0
    assert (tmp_path / "stil").read_bytes() == (tmp_path / "loopt").read_bytes()
    ander = Verzegelaar(tmp_path / "ander", tmp_path / "anderlog", "gemeente.example/vernietiging/1")
    sleutels = proef.basis.config.logboek.verzegelaar / "sleutels.txt"
    for inhoud in ("".join(f"{sleutel.to_vkey()}\n" for sleutel in ander.sleutels), "", None):
        sleutels.unlink() if inhoud is None else sleutels.write_text(inhoud, encoding="ascii")
        uitslag = write("vals")
        gezegd = " ".join(uitslag.output.split())
        assert uitslag.exit_code == 2 and "Start hem met" in gezegd and "zij ondertekenden het" in gezegd
        assert not (tmp_path / "vals").exists()
