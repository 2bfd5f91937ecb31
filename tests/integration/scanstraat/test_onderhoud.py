"""Every byte is read again in time and repaired, and nothing but an old text layer ever goes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from scanstraat import db, onderhoud, storage
from scanstraat.backup import make_backup
from scanstraat.errors import DatabaseError, OpslagError
from scanstraat.gezondheid import build_gezondheid
from scanstraat.intake.opslag import Opruimbewijs
from scanstraat.tables import BronRow, DocumentversieRow, GebeurtenisRow, ObjectRow, OpruimingRow
from tests import builders
from tests.backupproef import Proefinstallatie, archive, flip, keep, open_installatie

NU = datetime.now(UTC)
LATER = NU + timedelta(days=2)  # what was kept in this test has then rested for a day


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Proefinstallatie]:
    with open_installatie(tmp_path, kopie=True, dagelijks_deel=3) as installatie:
        yield installatie


def objects(proef: Proefinstallatie) -> dict[str, ObjectRow]:
    with db.read(proef.basis.engine) as session:
        rijen = session.exec(select(ObjectRow).where(col(ObjectRow.opgeruimd_op).is_(None))).all()
    return {rij.sha256: rij for rij in rijen}


def set_read(proef: Proefinstallatie, sha256: str, op: datetime) -> None:
    with db.begin(proef.basis.engine) as session:
        rij = session.get_one(ObjectRow, sha256)
        rij.bewaard_op = rij.gecontroleerd_op = db.format_time(op)


def add_bron(proef: Proefinstallatie) -> None:
    """Let the kept scan be a bron of the batch."""
    with db.begin(proef.basis.engine) as session:
        batch = storage.find_batch(session, "1")
        bron = BronRow(
            batch_id=batch.id,
            volgnummer=2,
            sha256=proef.bron.sha256,
            naam="brief.pdf",
            soort="pdf",
            aanlevering={"map": ""},
            ontvangen_op=batch.ontvangen_op,
        )
        storage.save_bron(session, bron)


# --- the scrub --------------------------------------------------------------------------------------------------------


def test_a_day_reads_its_share_of_bytes_and_no_more(proef: Proefinstallatie) -> None:
    assert onderhoud.scrub(proef.basis, nu=NU).gelezen == 2  # of 6 equal objects, with a share of 1 in 3
    assert onderhoud.scrub(proef.basis, nu=NU).gelezen == 0
    gelezen = [rij for rij in objects(proef).values() if rij.gecontroleerd_op is not None]
    assert [rij.in_orde for rij in gelezen] == [True, True]


def test_in_so_many_days_every_byte_was_read(proef: Proefinstallatie) -> None:
    for dag in range(3):
        onderhoud.scrub(proef.basis, nu=NU + timedelta(days=dag))
    assert all(rij.gecontroleerd_op is not None for rij in objects(proef).values())


def test_the_share_counts_bytes_not_files(proef: Proefinstallatie) -> None:
    with db.begin(proef.basis.engine) as session:
        groot = keep(proef.basis, session, "bron", os.urandom(500_000))
    for sha256 in objects(proef):
        set_read(proef, sha256, NU - timedelta(days=1 if sha256 != groot.sha256 else 2))
    assert onderhoud.scrub(proef.basis, nu=NU).gelezen == 1
    assert objects(proef)[groot.sha256].gecontroleerd_op == db.format_time(NU)


def test_what_was_never_read_goes_before_what_was_and_then_the_oldest(proef: Proefinstallatie) -> None:
    nooit, *anders = sorted(objects(proef))
    for dagen, sha256 in enumerate(anders, start=1):
        set_read(proef, sha256, NU - timedelta(hours=25 + dagen))
    onderhoud.scrub(proef.basis, nu=NU)
    gelezen = {sha256 for sha256, rij in objects(proef).items() if rij.gecontroleerd_op == db.format_time(NU)}
    assert gelezen == {nooit, anders[-1]}


def test_much_that_is_new_does_not_keep_the_old_waiting_beyond_its_time(proef: Proefinstallatie) -> None:
    oud = sorted(objects(proef))[-1]
    set_read(proef, oud, NU - timedelta(days=4))
    with db.begin(proef.basis.engine) as session:
        for _ in range(12):
            keep(proef.basis, session, "bron")
    onderhoud.scrub(proef.basis, nu=NU)
    assert objects(proef)[oud].gecontroleerd_op == db.format_time(NU)


def test_a_scrub_that_was_cut_off_goes_on_where_it_was(proef: Proefinstallatie) -> None:
    gevraagd = iter([False, False, True])
    assert onderhoud.scrub(proef.basis, nu=NU, stop=lambda: next(gevraagd, True)).gelezen == 1
    assert onderhoud.scrub(proef.basis, nu=NU).gelezen == 1


def test_a_flipped_bit_in_either_place_is_repaired_and_recorded(proef: Proefinstallatie) -> None:
    plaats = proef.basis.opslag.pad(proef.bron.sha256)
    kopie = proef.map / "kopie" / plaats.relative_to(proef.basis.config.opslag.map)
    for pad in (plaats, kopie):
        flip(pad)
        uitslag = onderhoud.check_objecten(proef.basis, meld=proef.niets)
        assert (uitslag.in_orde, uitslag.hersteld) == (True, 1)
        assert proef.basis.opslag.controleer(proef.bron.sha256, proef.bron).in_orde
    with db.read(proef.basis.engine) as session:
        rijen = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "object.hersteld")).all()
    assert [rij.gegevens for rij in rijen] == [{"object": proef.bron.sha256}] * 2


def test_what_cannot_be_repaired_is_in_the_record_and_in_the_health(proef: Proefinstallatie) -> None:
    add_bron(proef)
    plaats = proef.basis.opslag.pad(proef.bron.sha256)
    flip(plaats)
    (proef.map / "kopie" / plaats.relative_to(proef.basis.config.opslag.map)).unlink()
    set_read(proef, proef.bron.sha256, NU - timedelta(days=9))
    uitslag = onderhoud.scrub(proef.basis, nu=NU)
    assert [een.sha256 for een in uitslag.beschadigd] == [proef.bron.sha256]
    assert "scan 2 van batch B-2026-0001: brief.pdf" in uitslag.say()
    assert objects(proef)[proef.bron.sha256].in_orde is False
    gezondheid = build_gezondheid(proef.basis)
    assert not gezondheid.in_orde
    assert any("beschadigd of weg" in melding.tekst for melding in gezondheid.meldingen)


def test_what_is_whole_in_a_back_up_only_is_taken_from_there_for_both_places(proef: Proefinstallatie) -> None:
    make_backup(proef.basis, meld=proef.niets)
    plaats = proef.basis.opslag.pad(proef.bron.sha256)
    flip(plaats)
    flip(proef.map / "kopie" / plaats.relative_to(proef.basis.config.opslag.map))
    uitslag = onderhoud.check_objecten(proef.basis, meld=proef.niets)
    assert (uitslag.in_orde, uitslag.hersteld) == (True, 1)
    assert proef.basis.opslag.controleer(proef.bron.sha256, proef.bron).in_orde
    with db.read(proef.basis.engine) as session:
        rij = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "object.hersteld")).one()
    assert rij.gegevens == {"object": proef.bron.sha256}


def test_an_object_that_is_cleared_while_it_is_read_is_not_called_damaged(
    proef: Proefinstallatie, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clear(*_feiten: object) -> tuple[bool, bool]:
        with db.begin(proef.basis.engine) as session:
            session.get_one(ObjectRow, proef.tekstlaag.sha256).opgeruimd_op = db.now_text()
        return False, False

    monkeypatch.setattr(onderhoud, "_check_object", clear)
    assert onderhoud.check_objecten(proef.basis, meld=proef.niets, alleen=[proef.tekstlaag.sha256]).in_orde
    with db.read(proef.basis.engine) as session:
        assert session.get_one(ObjectRow, proef.tekstlaag.sha256).in_orde is True


def test_every_kind_of_damaged_object_is_named_by_what_people_know(proef: Proefinstallatie) -> None:
    add_bron(proef)
    for sha256 in objects(proef):
        plaats = proef.basis.opslag.pad(sha256)
        flip(plaats)
        flip(proef.map / "kopie" / plaats.relative_to(proef.basis.config.opslag.map))
    uitslag = onderhoud.check_objecten(proef.basis, meld=proef.niets)
    regels = sorted(regel for een in uitslag.beschadigd for regel in een.wat)
    with db.read(proef.basis.engine) as session:
        versie = session.exec(select(DocumentversieRow)).one()
    van = f"van document {str(versie.document_id)[:8]}, versie 1, batch B-2026-0001"
    assert regels == sorted(
        [
            f"de gelezen tekst {van}",
            f"het PDF/A-bestand {van}",
            f"het bewijs dat de pixels gelijk zijn {van}",
            f"het manifest {van}",
            f"het rapport van veraPDF {van}",
            "scan 2 van batch B-2026-0001: brief.pdf",
        ]
    )
    assert all(een.sha256 in uitslag.say() for een in uitslag.beschadigd)


def test_a_scrub_behind_schedule_is_said_and_reads_twice_as_much(proef: Proefinstallatie) -> None:
    assert not any("nagelezen" in melding.tekst for melding in build_gezondheid(proef.basis).meldingen)
    for sha256 in objects(proef):
        set_read(proef, sha256, NU - timedelta(days=11))
    assert any("6 bestanden zijn te lang niet nagelezen" in m.tekst for m in build_gezondheid(proef.basis).meldingen)
    assert onderhoud.scrub(proef.basis, nu=NU).gelezen == 4


# --- clearing ---------------------------------------------------------------------------------------------------------


def test_only_the_old_text_layer_goes_and_the_record_says_so(proef: Proefinstallatie) -> None:
    voor = set(proef.basis.opslag.alle())
    assert onderhoud.clear_tekstlagen(proef.basis, nu=LATER) == 1
    assert voor - set(proef.basis.opslag.alle()) == {proef.tekstlaag.sha256}
    with db.read(proef.basis.engine) as session:
        assert session.get_one(ObjectRow, proef.tekstlaag.sha256).opgeruimd_op is not None
        rij = session.exec(select(OpruimingRow).where(OpruimingRow.soort == "tekstlaag")).one()
    assert (rij.aantal, rij.omvang_bytes) == (1, proef.tekstlaag.omvang_bytes)
    uitslag = onderhoud.check_objecten(proef.basis, meld=proef.niets)
    assert (uitslag.in_orde, uitslag.gelezen) == (True, 5)


def test_the_text_layer_of_a_versie_that_was_archived_lately_stays(proef: Proefinstallatie) -> None:
    with db.begin(proef.basis.engine) as session:
        batch = builders.build_batch(session, paginas=(1,))
        lagen = [keep(proef.basis, session, s) for s in ("tekstlaag", "pdfa", "manifest", "rapport", "rapport")]
        archive(session, batch.versies[0], *lagen, op=db.format_time(LATER - timedelta(days=29)))
    assert onderhoud.clear_tekstlagen(proef.basis, nu=LATER) == 1
    assert proef.basis.opslag.heeft(lagen[0].sha256)


def test_a_text_layer_that_a_newer_versie_shares_stays(proef: Proefinstallatie) -> None:
    with db.begin(proef.basis.engine) as session:
        batch = builders.build_batch(session, paginas=(1,))
        rest = [keep(proef.basis, session, soort) for soort in ("pdfa", "manifest", "rapport", "rapport")]
        archive(session, batch.versies[0], proef.tekstlaag, *rest, op=db.format_time(LATER))
    assert onderhoud.clear_tekstlagen(proef.basis, nu=LATER) == 0
    assert proef.basis.opslag.heeft(proef.tekstlaag.sha256)


def test_a_text_layer_that_a_running_step_kept_again_stays(proef: Proefinstallatie) -> None:
    """The step has it in the store and not yet in the record; the bytes are those of an old one."""
    assert onderhoud.clear_tekstlagen(proef.basis, nu=NU) == 0  # it was written just now
    assert proef.basis.opslag.heeft(proef.tekstlaag.sha256)
    assert proef.tekstlaag.sha256 in objects(proef)  # and is not called cleared


@pytest.mark.parametrize("soort", ["bron", "pdfa", "manifest", "rapport", "index"])
def test_the_store_refuses_to_remove_anything_but_a_text_layer(proef: Proefinstallatie, soort: str) -> None:
    with pytest.raises(OpslagError, match="nooit weg"):
        proef.basis.opslag.verwijder_werkobject(Opruimbewijs(proef.bron.sha256, soort, 0), nu=LATER.timestamp())
    with pytest.raises(OpslagError, match="nooit weg"):
        proef.basis.opslag.verwijder_werkobject(Opruimbewijs(proef.bron.sha256, "tekstlaag", 1), nu=LATER.timestamp())
    assert proef.basis.opslag.controleer(proef.bron.sha256, proef.bron).in_orde


@pytest.mark.parametrize(
    "kolom", ["pdf_sha256", "manifest_sha256", "pdfa_rapport_sha256", "getrouwheid_rapport_sha256"]
)
def test_bytes_that_are_proof_as_well_stay(proef: Proefinstallatie, kolom: str) -> None:
    with db.begin(proef.basis.engine) as session:
        batch = builders.build_batch(session, paginas=(1,))
        versie = session.get_one(DocumentversieRow, batch.versies[0])
        setattr(versie, kolom, proef.tekstlaag.sha256)
    assert onderhoud.clear_tekstlagen(proef.basis, nu=LATER) == 0
    assert proef.basis.opslag.heeft(proef.tekstlaag.sha256)
    assert proef.tekstlaag.sha256 in objects(proef)


def test_bytes_that_come_in_as_something_else_are_no_text_layer_any_more(proef: Proefinstallatie) -> None:
    with db.begin(proef.basis.engine) as session:
        storage.save_object(session, proef.tekstlaag, "index")
    assert onderhoud.clear_tekstlagen(proef.basis, nu=LATER) == 0


def test_a_text_layer_that_comes_back_is_watched_again(proef: Proefinstallatie) -> None:
    inhoud = proef.basis.opslag.pad(proef.tekstlaag.sha256).read_bytes()
    onderhoud.clear_tekstlagen(proef.basis, nu=LATER)
    with db.begin(proef.basis.engine) as session:
        keep(proef.basis, session, "tekstlaag", inhoud)
    assert proef.tekstlaag.sha256 in objects(proef)
    proef.basis.opslag.pad(proef.tekstlaag.sha256).unlink()
    uitslag = onderhoud.check_objecten(proef.basis, meld=proef.niets)
    assert uitslag.hersteld == 1


def test_what_a_crash_left_is_removed_the_next_time_and_never_called_missing(proef: Proefinstallatie) -> None:
    with db.begin(proef.basis.engine) as session:
        session.get_one(ObjectRow, proef.tekstlaag.sha256).opgeruimd_op = db.format_time(LATER)
    assert onderhoud.check_objecten(proef.basis, meld=proef.niets).in_orde
    assert onderhoud.clear_tekstlagen(proef.basis, nu=LATER) == 1
    assert not proef.basis.opslag.heeft(proef.tekstlaag.sha256)


def test_working_files_go_on_schedule_and_an_empty_day_is_recorded_too(proef: Proefinstallatie) -> None:
    half = proef.basis.config.opslag.map / "tmp" / "half"
    half.write_bytes(b"half")
    oud = (NU - timedelta(hours=25)).timestamp()
    os.utime(half, (oud, oud))
    jong = half.with_name("jong")
    jong.write_bytes(b"jong")
    onderhoud.do_due(proef.basis)
    onderhoud.do_due(proef.basis)  # not due again the same day
    assert (half.exists(), jong.exists()) == (False, True)
    with db.read(proef.basis.engine) as session:
        # what differs from the log is looked at every time, and this installation has archive files without events
        alle = session.exec(select(OpruimingRow).where(OpruimingRow.soort != onderhoud.RIJEN)).all()
        rijen, aantal = {rij.soort: rij for rij in alle}, len(alle)
    assert (rijen["werkbestand"].aantal, rijen["werkbestand"].omvang_bytes) == (1, 4)
    assert rijen["werkbestand"].oudste_op == db.format_time(datetime.fromtimestamp(oud, UTC))
    assert rijen["tekstlaag"].aantal == 0
    assert (rijen["werkstaat"].aantal, aantal) == (0, 3)


def test_a_damaged_database_is_not_called_checked(proef: Proefinstallatie, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_damage(_engine: object, *, grondig: bool) -> None:
        assert grondig
        raise DatabaseError("De database is beschadigd.")

    with monkeypatch.context() as schade:
        schade.setattr(db, "check_database", find_damage)
        onderhoud.do_due(proef.basis)
    with db.read(proef.basis.engine) as session:
        assert onderhoud.find_nagekeken(session) is None
    onderhoud.do_due(proef.basis)
    with db.read(proef.basis.engine) as session:
        assert onderhoud.find_nagekeken(session) is not None


def test_the_service_does_what_is_due_and_stops_when_told(proef: Proefinstallatie) -> None:
    stop = threading.Event()
    draad = threading.Thread(target=onderhoud.loop, args=(proef.basis, stop))
    draad.start()
    einde = datetime.now(UTC) + timedelta(seconds=30)
    while not any(rij.gecontroleerd_op for rij in objects(proef).values()):
        assert datetime.now(UTC) < einde
    stop.set()
    draad.join(30)
    assert not draad.is_alive()


def test_scrub_and_clearing_do_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with open_installatie(tmp_path, url=postgres_url, dagelijks_deel=3) as proef:
        assert onderhoud.scrub(proef.basis, nu=NU).gelezen == 2
        assert onderhoud.clear_tekstlagen(proef.basis, nu=LATER) == 1
        assert not proef.basis.opslag.heeft(proef.tekstlaag.sha256)
        assert onderhoud.check_objecten(proef.basis, meld=proef.niets).in_orde
