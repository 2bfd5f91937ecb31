"""The contract of durable work, on SQLite and on PostgreSQL: whatever engine is behind it must pass this."""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import select
from structlog.testing import capture_logs

from kwaliteitscontrole.errors import GereedschapError
from scanstraat import db
from scanstraat.config import WerkConfig
from scanstraat.domain import Fase
from scanstraat.errors import (
    NietGevondenError,
    NietMogelijkError,
    OpslagVolError,
    ZaaksysteemNietBereikbaarError,
    ZandbakGrensError,
)
from scanstraat.hartslag import Hartslag, build_executor_id
from scanstraat.herhalen import Wachttijden
from scanstraat.tables import StapRow, UitvoerderRow
from scanstraat.werk import Fasefunctie, StapGestoptError, Voortgang, Werkbank, next_generatie, wacht_tot_leeg
from scanstraat.werker import Werker
from scanstraat.zandbak.zandbak import KindError
from tests.databanken import fresh_postgres, sqlite_url

SNEL = WerkConfig(peiling_s=0.05, hartslag_s=0.3, dood_na_s=1.5)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One migrated database per kind: each test works with items of its own."""
    if request.param == "sqlite":
        motor = db.create_engine(sqlite_url(tmp_path_factory.mktemp("db")))
        db.migrate(motor)
        yield motor
        motor.dispose()
        return
    with fresh_postgres(request.getfixturevalue("postgres_cluster")) as url:
        motor = db.create_engine(url)
        db.migrate(motor)
        yield motor
        motor.dispose()


@pytest.fixture
def engine(database: Engine) -> Iterator[Engine]:
    yield database
    tabel = "workflow_status" if database.dialect.name == "sqlite" else "dbos.workflow_status"
    with db.begin(database) as session:  # a test that left work waiting must not give it to the next
        session.connection().execute(sa.delete(StapRow))
        session.connection().execute(sa.text(f"delete from {tabel}"))


@pytest.fixture
def werkbank(engine: Engine) -> Iterator[Werkbank]:
    bank = Werkbank(engine)
    yield bank
    bank.close()


def build_werker(engine: Engine, fasen: dict[Fase, Fasefunctie], *, naam: str = "w0", tegelijk: int = 2) -> Werker:
    return Werker(
        engine,
        executor_id=naam,
        fasen=fasen,
        gelijktijdig=dict.fromkeys(fasen, tegelijk),
        config=SNEL,
        wachttijden=Wachttijden(eerst_s=0.2, meest_s=0.5, pogingen=3),
    )


def give(engine: Engine, werkbank: Werkbank, *fasen: Fase) -> UUID:
    item_id = uuid4()
    with db.begin(engine) as session:
        for fase in fasen:
            werkbank.enqueue(session, fase, item_id=item_id, batch_id=item_id)
    return item_id


def stappen_of(engine: Engine, item_id: UUID, fase: Fase = Fase.ONTLEED) -> list[StapRow]:
    with db.read(engine) as session:
        return list(
            session.exec(
                select(StapRow)
                .where(StapRow.item_id == item_id, StapRow.fase == fase.value)
                .order_by(StapRow.generatie)  # type: ignore[arg-type]
            )
        )


def stap_of(engine: Engine, item_id: UUID, fase: Fase = Fase.ONTLEED) -> StapRow:
    return stappen_of(engine, item_id, fase)[-1]


def wait_until(waar: Callable[[], bool], timeout_s: float = 30) -> None:
    einde = time.monotonic() + timeout_s
    while not waar():
        assert time.monotonic() < einde, "it did not happen in time"
        time.sleep(0.02)


# --- giving work --------------------------------------------------------------------------------------------------


def test_work_exists_only_when_the_change_it_follows_from_does(engine: Engine, werkbank: Werkbank) -> None:
    item_id = uuid4()
    with pytest.raises(ZeroDivisionError), db.begin(engine) as session:
        werkbank.enqueue(session, Fase.ONTLEED, item_id=item_id, batch_id=item_id)
        _ = 1 / 0
    assert stappen_of(engine, item_id) == []
    gezien: list[UUID] = []
    with build_werker(engine, {Fase.ONTLEED: lambda item, _voortgang: gezien.append(item)}):
        ander = give(engine, werkbank, Fase.ONTLEED)
        assert wacht_tot_leeg(engine, 30)
    assert gezien == [ander]


def test_the_same_work_given_again_is_done_once(engine: Engine, werkbank: Werkbank) -> None:
    item_id, gezien = uuid4(), []

    def give_again() -> None:
        with db.begin(engine) as session:
            ids.add(werkbank.enqueue(session, Fase.ONTLEED, item_id=item_id, batch_id=item_id))

    ids: set[UUID] = set()
    draden = [threading.Thread(target=give_again) for _ in range(6)]
    for draad in draden:
        draad.start()
    for draad in draden:
        draad.join()
    with build_werker(engine, {Fase.ONTLEED: lambda item, _voortgang: gezien.append(item)}):
        assert wacht_tot_leeg(engine, 30)
        give_again()
        assert wacht_tot_leeg(engine, 30)
    assert len(ids) == 1
    assert gezien == [item_id]


def test_a_phase_gives_the_next_in_the_transaction_of_its_result(engine: Engine, werkbank: Werkbank) -> None:
    def ontleed(item_id: UUID, voortgang: Voortgang) -> None:
        voortgang.meld(3, 3)
        with db.begin(engine) as session:
            werkbank.enqueue(session, Fase.ARCHIVEER, item_id=item_id, batch_id=item_id)

    item_id = give(engine, werkbank, Fase.ONTLEED)
    with build_werker(engine, {Fase.ONTLEED: ontleed, Fase.ARCHIVEER: lambda _item, _voortgang: None}):
        assert wacht_tot_leeg(engine, 30)
    eerste, tweede = stap_of(engine, item_id), stap_of(engine, item_id, Fase.ARCHIVEER)
    assert (eerste.status, eerste.poging, eerste.gedaan, eerste.totaal) == ("klaar", 1, 3, 3)
    assert tweede.status == "klaar"
    assert eerste.aangemaakt_op <= str(eerste.gestart_op) <= str(eerste.geeindigd_op)


def test_a_worker_leaves_phases_that_are_not_its_own(engine: Engine, werkbank: Werkbank) -> None:
    item_id = give(engine, werkbank, Fase.ONTLEED, Fase.LEVER_AF)
    with build_werker(engine, {Fase.ONTLEED: lambda _item, _voortgang: None}):
        wait_until(lambda: stap_of(engine, item_id).status == "klaar")
        assert not wacht_tot_leeg(engine, 0.5)
    assert stap_of(engine, item_id, Fase.LEVER_AF).status == "wacht"


# --- errors -------------------------------------------------------------------------------------------------------


def test_a_poison_item_is_parked_with_a_clear_error_while_others_go_on(engine: Engine, werkbank: Werkbank) -> None:
    gif = give(engine, werkbank, Fase.ONTLEED)
    anderen = [give(engine, werkbank, Fase.ONTLEED) for _ in range(5)]

    def ontleed(item_id: UUID, _voortgang: Voortgang) -> None:
        if item_id == gif:
            raise ValueError("mevrouw Jansen, BSN 123456782")

    with capture_logs() as regels, build_werker(engine, {Fase.ONTLEED: ontleed}):
        assert wacht_tot_leeg(engine, 30)
    stap = stap_of(engine, gif)
    assert (stap.status, stap.fout_code, stap.poging) == ("mislukt", "onverwacht", 1)
    assert "technische logboek" in stap.fout
    assert [stap_of(engine, item).status for item in anderen] == ["klaar"] * 5
    (regel,) = [regel for regel in regels if regel.get("code") == "onverwacht"]
    assert regel["fout"] == "ValueError"
    assert any("ontleed" in plaats for plaats in regel["plaats"])
    assert "Jansen" not in str(regels)


def test_a_bug_is_named_in_the_log_also_when_a_child_of_the_sandbox_met_it(engine: Engine, werkbank: Werkbank) -> None:
    eerste, tweede = give(engine, werkbank, Fase.ONTLEED), give(engine, werkbank, Fase.ONTLEED)

    def ontleed(item_id: UUID, _voortgang: Voortgang) -> None:
        if item_id == eerste:
            raise NameError("name 'bestaat_niet' is not defined", name="bestaat_niet")
        raise ZandbakGrensError("gecrasht", "Misgegaan.") from KindError("NameError:kwijt ontleden.py:33")

    with capture_logs() as regels, build_werker(engine, {Fase.ONTLEED: ontleed}):
        assert wacht_tot_leeg(engine, 30)
    fouten = {regel["item"]: regel for regel in regels if regel.get("uitslag") == "fout"}
    assert (fouten[str(eerste)]["fout"], fouten[str(eerste)]["naam"]) == ("NameError", "bestaat_niet")
    assert fouten[str(tweede)]["oorzaak"]["spoor"] == "NameError:kwijt ontleden.py:33"


def test_a_service_that_is_down_is_waited_for_without_holding_up_others(engine: Engine, werkbank: Werkbank) -> None:
    terug = threading.Event()

    def lever_af(_item_id: UUID, _voortgang: Voortgang) -> None:
        if not terug.is_set():
            raise ZaaksysteemNietBereikbaarError("Het zaaksysteem antwoordt niet. Het gaat vanzelf verder.")

    wachtend = [give(engine, werkbank, Fase.LEVER_AF) for _ in range(3)]
    with build_werker(engine, {Fase.LEVER_AF: lever_af, Fase.ONTLEED: lambda _item, _voortgang: None}, tegelijk=1):
        wait_until(lambda: stap_of(engine, wachtend[0], Fase.LEVER_AF).poging >= 4)
        ander = give(engine, werkbank, Fase.ONTLEED)
        wait_until(lambda: stap_of(engine, ander).status == "klaar")
        stap = stap_of(engine, wachtend[0], Fase.LEVER_AF)
        assert stap.status in ("wacht", "bezig")
        wait_until(lambda: stap_of(engine, wachtend[0], Fase.LEVER_AF).fout != "")
        terug.set()
        assert wacht_tot_leeg(engine, 30)
    for item in wachtend:
        stap = stap_of(engine, item, Fase.LEVER_AF)
        assert (stap.status, stap.fout, stap.fout_code) == ("klaar", "", "")


def test_a_tool_that_gives_no_answer_is_tried_three_times(engine: Engine, werkbank: Werkbank) -> None:
    pogingen: list[int] = []

    def archiveer(_item_id: UUID, voortgang: Voortgang) -> None:
        pogingen.append(voortgang.poging.nummer)
        raise GereedschapError("veraPDF", "antwoordt niet")

    item_id = give(engine, werkbank, Fase.ARCHIVEER)
    with build_werker(engine, {Fase.ARCHIVEER: archiveer}):
        assert wacht_tot_leeg(engine, 30)
    stap = stap_of(engine, item_id, Fase.ARCHIVEER)
    assert pogingen == [1, 2, 3]
    assert (stap.status, stap.fout_code) == ("mislukt", "gereedschap")
    assert stap.fout.startswith("veraPDF gaf geen oordeel")


def test_every_attempt_of_a_generation_has_the_same_key_for_the_outside(engine: Engine, werkbank: Werkbank) -> None:
    sleutels: list[str] = []

    def lever_af(_item_id: UUID, voortgang: Voortgang) -> None:
        sleutels.append(voortgang.poging.sleutel)
        if len(sleutels) < 3:
            raise OpslagVolError("De opslag is vol.")

    item_id = give(engine, werkbank, Fase.LEVER_AF)
    with build_werker(engine, {Fase.LEVER_AF: lever_af}):
        assert wacht_tot_leeg(engine, 30)
    assert sleutels == [f"{item_id}:lever_af:1"] * 3


# --- a person interferes ------------------------------------------------------------------------------------------


def test_a_failed_step_is_tried_anew_as_a_new_generation(engine: Engine, werkbank: Werkbank) -> None:
    stuk = threading.Event()
    stuk.set()

    def ontleed(_item_id: UUID, _voortgang: Voortgang) -> None:
        if stuk.is_set():
            raise ValueError

    item_id = give(engine, werkbank, Fase.ONTLEED)
    with build_werker(engine, {Fase.ONTLEED: ontleed}):
        assert wacht_tot_leeg(engine, 30)
        stuk.clear()
        oud = stap_of(engine, item_id)
        with db.begin(engine) as session:
            nieuw = werkbank.opnieuw(session, oud.id)
            assert next_generatie(session, Fase.ONTLEED, item_id) == 3
        assert wacht_tot_leeg(engine, 30)
        with pytest.raises(NietMogelijkError, match="al eens opnieuw"), db.begin(engine) as session:
            werkbank.opnieuw(session, oud.id)
        with pytest.raises(NietMogelijkError, match="klaar"), db.begin(engine) as session:
            werkbank.opnieuw(session, nieuw)
    eerste, tweede = stappen_of(engine, item_id)
    assert (eerste.status, eerste.fout_code) == ("geannuleerd", "onverwacht")
    assert (tweede.id, tweede.generatie, tweede.status) == (nieuw, 2, "klaar")


def test_a_waiting_step_that_is_cancelled_never_runs(engine: Engine, werkbank: Werkbank) -> None:
    item_id = give(engine, werkbank, Fase.ONTLEED)
    werkbank.annuleer(stap_of(engine, item_id).id)
    gezien: list[UUID] = []
    with build_werker(engine, {Fase.ONTLEED: lambda item, _voortgang: gezien.append(item)}):
        ander = give(engine, werkbank, Fase.ONTLEED)
        assert wacht_tot_leeg(engine, 30)
    assert gezien == [ander]
    assert stap_of(engine, item_id).status == "geannuleerd"
    with pytest.raises(NietMogelijkError, match="afgelopen"):
        werkbank.annuleer(stap_of(engine, item_id).id)


def test_a_running_step_that_is_cancelled_stops_at_its_next_page(engine: Engine, werkbank: Werkbank) -> None:
    bladzijden, gestopt = [0], threading.Event()

    def archiveer(_item_id: UUID, voortgang: Voortgang) -> None:
        try:
            for nummer in range(1, 2000):
                bladzijden[0] = nummer
                voortgang.meld(nummer, 2000)
                time.sleep(0.05)
        except StapGestoptError:
            gestopt.set()
            raise

    item_id = give(engine, werkbank, Fase.ARCHIVEER)
    with build_werker(engine, {Fase.ARCHIVEER: archiveer}):
        wait_until(lambda: bladzijden[0] > 3)
        assert stap_of(engine, item_id, Fase.ARCHIVEER).totaal == 2000
        werkbank.annuleer(stap_of(engine, item_id, Fase.ARCHIVEER).id)
        assert gestopt.wait(10)
        assert wacht_tot_leeg(engine, 10)
    assert stap_of(engine, item_id, Fase.ARCHIVEER).status == "geannuleerd"


def test_a_phase_that_returns_because_it_was_cancelled_does_not_count_as_done(
    engine: Engine, werkbank: Werkbank
) -> None:
    begonnen = threading.Event()

    def ontleed(_item_id: UUID, voortgang: Voortgang) -> None:
        begonnen.set()
        while not voortgang.is_geannuleerd():
            time.sleep(0.02)

    item_id = give(engine, werkbank, Fase.ONTLEED)
    with build_werker(engine, {Fase.ONTLEED: ontleed}):
        assert begonnen.wait(20)
        werkbank.annuleer(stap_of(engine, item_id).id)
        assert wacht_tot_leeg(engine, 10)
    assert stap_of(engine, item_id).status == "geannuleerd"


def test_a_worker_that_stops_gives_back_what_it_was_doing(engine: Engine, werkbank: Werkbank) -> None:
    begonnen = threading.Event()

    def langzaam(_item_id: UUID, voortgang: Voortgang) -> None:
        begonnen.set()
        for nummer in range(1, 2000):
            voortgang.meld(nummer, 2000)
            time.sleep(0.02)

    item_id = give(engine, werkbank, Fase.ONTLEED)
    with build_werker(engine, {Fase.ONTLEED: langzaam}):
        assert begonnen.wait(20)
    assert stap_of(engine, item_id).status == "wacht"
    with build_werker(engine, {Fase.ONTLEED: lambda _item, _voortgang: None}, naam="w1"):
        assert wacht_tot_leeg(engine, 30)
    assert (stap_of(engine, item_id).status, stap_of(engine, item_id).poging) == ("klaar", 2)


def test_what_is_not_there_is_said_in_dutch(engine: Engine, werkbank: Werkbank) -> None:
    with pytest.raises(NietGevondenError, match="bestaat niet"):
        werkbank.annuleer(uuid4())
    with pytest.raises(NietGevondenError, match="bestaat niet"), db.begin(engine) as session:
        werkbank.opnieuw(session, uuid4())


# --- the engine goes wrong ----------------------------------------------------------------------------------------


def motor_table(engine: Engine, naam: str) -> str:
    return naam if engine.dialect.name == "sqlite" else f"dbos.{naam}"


def build_hartslag(engine: Engine, werkbank: Werkbank, naam: str = "w9") -> Hartslag:
    return Hartslag(engine, werkbank, naam, hartslag_s=0.3, dood_na_s=1.5, find_active=frozenset)


@pytest.mark.parametrize(
    ("status", "uitslag"),
    [
        ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", ("mislukt", "vastgelopen")),
        ("CANCELLED", ("geannuleerd", "")),
        ("ERROR", ("klaar", "")),
        ("weg", ("klaar", "")),
    ],
)
def test_a_step_that_the_engine_gave_up_is_helped_on(
    engine: Engine, werkbank: Werkbank, status: str, uitslag: tuple[str, str]
) -> None:
    item_id = give(engine, werkbank, Fase.ONTLEED)
    tabel = motor_table(engine, "workflow_status")
    with engine.begin() as verbinding:
        if status == "weg":
            verbinding.execute(sa.text(f"delete from {tabel}"))
        else:
            verbinding.execute(sa.text(f"update {tabel} set status = :status"), {"status": status})
    build_hartslag(engine, werkbank).reconcile()
    with build_werker(engine, {Fase.ONTLEED: lambda _item, _voortgang: None}):
        assert wacht_tot_leeg(engine, 30)
    stap = stap_of(engine, item_id)
    assert (stap.status, stap.fout_code) == uitslag


def test_comparing_leaves_alone_what_waits_in_good_order(engine: Engine, werkbank: Werkbank) -> None:
    item_id = give(engine, werkbank, Fase.ONTLEED)
    build_hartslag(engine, werkbank).reconcile()
    assert (stap_of(engine, item_id).status, stap_of(engine, item_id).poging) == ("wacht", 0)


def test_work_that_the_engine_took_but_never_started_comes_back(engine: Engine, werkbank: Werkbank) -> None:
    item_id = give(engine, werkbank, Fase.ONTLEED)
    hartslag = build_hartslag(engine, werkbank)
    hartslag.start()
    with engine.begin() as verbinding:  # as after a full disk between taking and starting
        verbinding.execute(
            sa.text(f"update {motor_table(engine, 'workflow_status')} set status = 'PENDING', executor_id = 'w9'")
        )
    wait_until(lambda: not werkbank.klant.find_running())
    hartslag.stop()
    with build_werker(engine, {Fase.ONTLEED: lambda _item, _voortgang: None}):
        assert wacht_tot_leeg(engine, 30)
    assert stap_of(engine, item_id).status == "klaar"


def test_the_engine_forgets_ended_work_and_the_steps_stay(engine: Engine, werkbank: Werkbank) -> None:
    klaar = [give(engine, werkbank, Fase.ONTLEED) for _ in range(3)]
    with build_werker(engine, {Fase.ONTLEED: lambda _item, _voortgang: None}):
        assert wacht_tot_leeg(engine, 30)
    wacht = give(engine, werkbank, Fase.ONTLEED)
    assert werkbank.forget_ended(timedelta(hours=1)) == 0
    assert werkbank.forget_ended(timedelta(seconds=-5)) == 3
    assert [stap_of(engine, item).status for item in (*klaar, wacht)] == ["klaar", "klaar", "klaar", "wacht"]
    build_hartslag(engine, werkbank).reconcile()
    gezien: list[UUID] = []
    with build_werker(engine, {Fase.ONTLEED: lambda item, _voortgang: gezien.append(item)}):
        with db.begin(engine) as session:
            werkbank.enqueue(session, Fase.ONTLEED, item_id=klaar[0], batch_id=klaar[0])
        assert wacht_tot_leeg(engine, 30)
    assert gezien == [wacht]


def test_pickle_in_the_database_is_never_read(engine: Engine, werkbank: Werkbank, tmp_path: Path) -> None:
    """Who can write to the database must not be able to run code in a worker."""
    item_id = give(engine, werkbank, Fase.ONTLEED)
    gif = base64.b64encode(pickle.dumps(_Inbraak(str(tmp_path / "ingebroken")))).decode()
    with engine.begin() as verbinding:
        verbinding.execute(sa.text(f"update {motor_table(engine, 'workflow_input')} set inputs = :gif"), {"gif": gif})
        verbinding.execute(sa.text(f"update {motor_table(engine, 'workflow_status')} set serialization = 'py_pickle'"))
    gezien: list[UUID] = []
    with build_werker(engine, {Fase.ONTLEED: lambda item, _voortgang: gezien.append(item)}):
        wait_until(lambda: bool(werkbank.klant.find_ended([f"{item_id}:ontleed:1"])))
    assert gezien == []
    assert not (tmp_path / "ingebroken").exists()


class _Inbraak:
    def __init__(self, bestand: str) -> None:
        self._bestand = bestand

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, int]]:
        return (os.open, (self._bestand, os.O_CREAT))


def test_two_runs_of_one_attempt_record_one_outcome(engine: Engine, werkbank: Werkbank) -> None:
    """A worker that was thought dead finishes after another took over: its outcome is dropped."""
    item_id = give(engine, werkbank, Fase.ONTLEED)
    begonnen, verder = threading.Event(), threading.Event()

    def ontleed(_item_id: UUID, _voortgang: Voortgang) -> None:
        begonnen.set()
        verder.wait(20)
        raise ValueError  # would park the stap

    with build_werker(engine, {Fase.ONTLEED: ontleed}):
        assert begonnen.wait(20)
        with db.begin(engine) as session:
            session.connection().execute(sa.update(StapRow).values(uitvoerder="w1"))  # as w1 does when it takes over
        verder.set()
        time.sleep(0.5)
        stap = stap_of(engine, item_id)
        assert (stap.status, stap.uitvoerder, stap.fout) == ("bezig", "w1", "")


# --- heartbeats ---------------------------------------------------------------------------------------------------


def test_a_worker_shows_that_it_lives_and_says_goodbye(engine: Engine) -> None:
    with build_werker(engine, {Fase.ONTLEED: lambda _item, _voortgang: None}, naam="w7"):
        with db.read(engine) as session:
            eerst = session.get_one(UitvoerderRow, "w7")
        assert eerst.gestopt_op is None

        def beats() -> bool:
            with db.read(engine) as session:
                return session.get_one(UitvoerderRow, "w7").hartslag_op > eerst.hartslag_op

        wait_until(beats)
    with db.read(engine) as session:
        assert session.get_one(UitvoerderRow, "w7").gestopt_op is not None


def test_a_slot_keeps_its_name_on_one_machine_and_never_on_many(engine: Engine) -> None:
    namen = {build_executor_id(engine, "w0") for _ in range(3)}
    assert len(namen) == (1 if engine.dialect.name == "sqlite" else 3)


# --- a full disk --------------------------------------------------------------------------------------------------


def test_work_goes_on_by_itself_when_a_full_disk_has_room_again(tmp_path: Path) -> None:
    """Database and work on a small disk of their own that fills up while work runs."""
    schijf = tmp_path / "schijf"
    schijf.mkdir()
    opdracht = ["mount", "-t", "tmpfs", "-o", "size=4m", "proef", str(schijf)]
    if subprocess.run(opdracht, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        motor = db.create_engine(sqlite_url(schijf))
        db.migrate(motor)
        werkbank = Werkbank(motor)
        items = [give(motor, werkbank, Fase.ONTLEED) for _ in range(6)]
        gevuld, pogingen = threading.Event(), dict.fromkeys(items, 0)

        def ontleed(item_id: UUID, _voortgang: Voortgang) -> None:
            pogingen[item_id] += 1
            gevuld.wait(20)

        with build_werker(motor, {Fase.ONTLEED: ontleed}):
            wait_until(lambda: any(pogingen.values()))
            fill(schijf / "vol")
            gevuld.set()
            time.sleep(3)
            with pytest.raises(sa.exc.OperationalError, match="full"):
                give(motor, werkbank, Fase.ONTLEED)
            assert not wacht_tot_leeg(motor, 0.1)
            (schijf / "vol").unlink()
            assert wacht_tot_leeg(motor, 60)
        assert [stap_of(motor, item).status for item in items] == ["klaar"] * 6
        werkbank.close()
        motor.dispose()
    finally:
        subprocess.run(["umount", str(schijf)], check=True)


def fill(bestand: Path) -> None:
    """Write until the disk is full to the last byte."""
    with bestand.open("wb", buffering=0) as uit:
        for blok in (65536, 4096, 1):
            try:
                while uit.write(b"x" * blok) == blok:
                    pass
            except OSError:
                continue
