"""The database keeps its own rules, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dbos._schemas.system_database import SystemSchema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.bootstrap import open_basis
from scanstraat.config import build_config
from scanstraat.errors import DatabaseError, InstellingError
from scanstraat.migrations.metadata import load_metadata
from scanstraat.tables import (
    ActorRow,
    AfleveringRow,
    BatchRow,
    BeeldRow,
    BewerkingRow,
    BladRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    ObjectRow,
    PaginaRow,
)
from tests.databanken import fresh_postgres, sqlite_url

NU = "2026-03-02T14:05:11.000Z"
SHA = "a" * 64


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
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


# --- the connection -----------------------------------------------------------------------------------------------


def test_sqlite_is_opened_so_that_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    motor = db.create_engine(sqlite_url(tmp_path))
    with motor.connect() as verbinding:

        def pragma(naam: str) -> Any:
            return verbinding.exec_driver_sql(f"pragma {naam}").scalar()

        versie = tuple(
            int(deel) for deel in str(verbinding.exec_driver_sql("select sqlite_version()").scalar()).split(".")
        )
        journal, synchronous = db.choose_journal(versie)
        assert pragma("journal_mode") == journal
        assert pragma("synchronous") == {"FULL": 2, "EXTRA": 3}[synchronous]
        assert pragma("busy_timeout") == 30_000
        assert (pragma("foreign_keys"), pragma("trusted_schema"), pragma("cell_size_check")) == (1, 0, 1)
    motor.dispose()


def test_a_postgresql_that_may_lose_a_commit_is_refused(postgres_url: str) -> None:
    server = sa.create_engine(postgres_url)
    with server.begin() as verbinding:
        verbinding.execute(sa.text(f"alter database {sa.make_url(postgres_url).database} set synchronous_commit = off"))
    server.dispose()
    with pytest.raises(InstellingError, match="synchronous_commit staat uit"):
        db.create_engine(postgres_url)


def test_a_database_that_does_not_answer_is_said_in_dutch() -> None:
    with pytest.raises(DatabaseError, match="antwoordt niet"):
        db.create_engine("postgresql+psycopg://niemand@127.0.0.1:1/niets")


def test_a_damaged_file_is_found_at_the_start(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    motor = db.create_engine(url)
    with motor.begin() as verbinding:
        verbinding.exec_driver_sql("create table oud (tekst text)")
        verbinding.exec_driver_sql("insert into oud values (hex(randomblob(20000)))")
    motor.dispose()
    bestand = Path(str(sa.make_url(url).database))
    inhoud = bytearray(bestand.read_bytes())
    inhoud[3 * 4096 : 5 * 4096] = b"\xff" * 8192
    bestand.write_bytes(inhoud)
    motor = db.create_engine(url)
    with pytest.raises(DatabaseError, match="back-up"):
        db.migrate(motor)
    motor.dispose()


def test_a_change_in_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    naam = uuid4().hex
    with pytest.raises(ZeroDivisionError), db.begin(engine) as session:
        session.add(ActorRow(soort="lijn", naam=naam))
        session.flush()
        _ = 1 / 0
    with db.read(engine) as session:
        assert session.exec(select(ActorRow).where(ActorRow.naam == naam)).first() is None


def test_two_writers_at_once_never_lose_an_update(engine: Engine) -> None:
    rij = ObjectRow(sha256=uuid4().hex, sha512="", omvang_bytes=0, soort="bron", bewaard_op=NU)
    with db.begin(engine) as session:
        session.add(rij)

    def count() -> None:
        for _ in range(25):
            with db.begin(engine) as session:
                nu = session.exec(select(ObjectRow).where(ObjectRow.sha256 == rij.sha256).with_for_update()).one()
                nu.omvang_bytes += 1
                session.add(nu)

    draden = [threading.Thread(target=count) for _ in range(4)]
    for draad in draden:
        draad.start()
    for draad in draden:
        draad.join()
    with db.read(engine) as session:
        assert session.get_one(ObjectRow, rij.sha256).omvang_bytes == 100


def test_a_reader_sees_one_moment_while_others_write(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads per statement; nothing in the line relies on more")
    with db.read(engine) as lezer:
        eerst = lezer.exec(select(sa.func.count()).select_from(ActorRow)).one()
        with db.begin(engine) as session:
            session.add(ActorRow(soort="lijn", naam=uuid4().hex))
        assert lezer.exec(select(sa.func.count()).select_from(ActorRow)).one() == eerst


def test_the_clock_of_the_database_writes_time_as_we_do(engine: Engine) -> None:
    with db.read(engine) as session:
        tekst = db.database_now(session)
    moment = datetime.fromisoformat(tekst)
    assert db.format_time(moment) == tekst
    assert abs(moment - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_connection_is_never_used_after_a_fork(engine: Engine) -> None:
    with engine.connect():
        pass
    kind = os.fork()
    if kind == 0:  # the child: says by its exit code whether it was stopped
        try:
            engine.connect()
        except RuntimeError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(kind, 0)[1]) == 7


@pytest.mark.parametrize(("umask", "map_", "bestand"), [(0o022, 0o750, 0o640), (0o007, 0o770, 0o660)])
def test_others_cannot_read_the_data_folder_and_the_database(
    tmp_path: Path, umask: int, map_: int, bestand: int
) -> None:
    config = build_config({"algemeen": {"gegevensmap": "data"}}, basis=tmp_path)
    eerder = os.umask(umask)
    try:
        with open_basis(config) as basis, db.begin(basis.engine) as session:
            session.connection().exec_driver_sql("delete from stap")
            modi = {pad.name: pad.stat().st_mode & 0o777 for pad in (tmp_path / "data").glob("scanstraat.db*")}
    finally:
        os.umask(eerder)
    assert len(modi) > 1 and set(modi.values()) == {bestand}  # with its -wal and -shm, or its journal
    assert (tmp_path / "data").stat().st_mode & 0o777 == map_


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    bestand = tmp_path / "oud.db"
    bestand.touch()
    bestand.chmod(0o664)
    db.create_engine(f"sqlite:///{bestand}").dispose()
    assert bestand.stat().st_mode & 0o777 == 0o660


# --- migrations ---------------------------------------------------------------------------------------------------


def test_the_migrated_database_is_the_one_that_the_tables_describe(engine: Engine) -> None:
    motortabellen = {tabel.name for tabel in SystemSchema.metadata_obj.tables.values()} | {"dbos_migrations"}
    with engine.connect() as verbinding:
        context = MigrationContext.configure(
            verbinding,
            opts={
                "compare_type": True,
                "include_object": lambda _ding, naam, soort, _gelezen, _ander: (
                    not (soort == "table" and naam in motortabellen)
                ),
            },
        )
        assert compare_metadata(context, load_metadata()) == []


def test_the_migrated_database_has_every_check_of_the_tables(engine: Engine) -> None:
    kijker = sa.inspect(engine)
    for tabel in load_metadata().tables.values():
        beschreven = {
            str(regel.name): " ".join(str(regel.sqltext).split())
            for regel in tabel.constraints
            if isinstance(regel, sa.CheckConstraint)
        }
        gevonden = {str(r["name"]): " ".join(r["sqltext"].split()) for r in kijker.get_check_constraints(tabel.name)}
        if engine.dialect.name == "sqlite":  # PostgreSQL tells a rule in its own words
            assert gevonden == beschreven, tabel.name
        else:
            assert gevonden.keys() == beschreven.keys(), tabel.name


def test_several_processes_may_migrate_at_once(tmp_path: Path, postgres_url: str) -> None:
    for url in (sqlite_url(tmp_path), postgres_url):
        fouten: list[BaseException] = []

        def migrate(url: str = url, fouten: list[BaseException] = fouten) -> None:
            try:
                motor = db.create_engine(url)
                db.migrate(motor)
                assert db.is_current(motor)
                motor.dispose()
            except BaseException as exc:
                fouten.append(exc)

        draden = [threading.Thread(target=migrate) for _ in range(3)]
        for draad in draden:
            draad.start()
        for draad in draden:
            draad.join()
        assert fouten == []


def test_a_database_of_an_older_version_is_seen_as_such(tmp_path: Path) -> None:
    motor = db.create_engine(sqlite_url(tmp_path))
    assert not db.is_current(motor)
    db.migrate(motor)
    assert db.is_current(motor)
    with motor.begin() as verbinding:
        verbinding.exec_driver_sql("update alembic_version set version_num = '0001'")
    assert not db.is_current(motor)
    with motor.begin() as verbinding:
        verbinding.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(InstellingError, match="nieuwere versie"):
        db.migrate(motor)
    motor.dispose()


def test_the_newest_revision_is_known_without_alembic() -> None:
    script = ScriptDirectory.from_config(db.build_alembic_config(None))
    assert db.known_revisions() == [revisie.revision for revisie in reversed(list(script.walk_revisions()))]


# --- the rules ----------------------------------------------------------------------------------------------------


class Proefbatch:
    """A batch with one bron, two documents and some beelden, written straight into the tables."""

    def __init__(self, session: Session, aantal: int = 4) -> None:
        if session.get(ObjectRow, SHA) is None:
            session.add(ObjectRow(sha256=SHA, sha512="b", omvang_bytes=3_000_000_000, soort="bron", bewaard_op=NU))
            session.flush()
        self.batch_id = add_batch(session)
        self.documenten = [add_document(session, self.batch_id) for _ in range(2)]
        bron = BronRow(
            batch_id=self.batch_id, sha256=SHA, naam="scan.pdf", soort="pdf", aanlevering={}, ontvangen_op=NU
        )
        session.add(bron)
        session.flush()
        self.bron_id = bron.id
        self.aantal = 0
        self.beelden: list[UUID] = []
        self.add_beelden(session, aantal)

    def add_beelden(self, session: Session, aantal: int) -> None:
        """Add beelden to the first document."""
        for _ in range(aantal):
            self.aantal += 1
            blad = BladRow(batch_id=self.batch_id, nummer=self.aantal)
            session.add(blad)
            session.flush()
            beeld = BeeldRow(
                batch_id=self.batch_id,
                bron_id=self.bron_id,
                n=self.aantal,
                blad_id=blad.id,
                kant="voor",
                breedte_px=2480,
                hoogte_px=3508,
                dpi=300,
                dpi_bron="bestand",
                kleurmodus="RGB",
                compressie="jpeg",
                metingen={},
                codes=[],
                volgorde=self.aantal * 1000,
                bestemming="document",
                document_id=self.documenten[0],
            )
            session.add(beeld)
            self.beelden.append(beeld.id)
        session.flush()


def add_batch(session: Session) -> UUID:
    hoogste = session.exec(select(sa.func.max(BatchRow.volgnummer))).one() or 0
    batch = BatchRow(
        nummer=f"B-2026-{hoogste + 1:04d}",
        jaar=2026,
        volgnummer=hoogste + 1,
        scanmap="post",
        profiel="standaard",
        momentopname={"talen": ["nld"]},
        momentopname_sha256="",
        gereedschap={},
        indexbestanden=[],
        scanoperator="onbekend",
        nakijken="nooit",
        ontvangen_op=NU,
    )
    session.add(batch)
    session.flush()
    return batch.id


def add_document(session: Session, batch_id: UUID) -> UUID:
    document = DocumentRow(batch_id=batch_id, volgorde=1, koppelstatus="te_koppelen", koppelredenen=[])
    session.add(document)
    session.flush()
    return document.id


def counts_of(session: Session, batch_id: UUID) -> tuple[int, int, int, int]:
    kolommen = (BatchRow.ontvangen, BatchRow.in_documenten, BatchRow.scheidingsbladen, BatchRow.weggelaten)
    rij = session.connection().execute(sa.select(*[col(k) for k in kolommen]).where(col(BatchRow.id) == batch_id)).one()
    return (rij[0], rij[1], rij[2], rij[3])


def recount(session: Session, batch_id: UUID) -> tuple[int, int, int, int]:
    rijen = session.connection().execute(
        sa.select(col(BeeldRow.bestemming), sa.func.count())
        .where(col(BeeldRow.batch_id) == batch_id)
        .group_by(col(BeeldRow.bestemming))
    )
    per = {rij[0]: rij[1] for rij in rijen}
    delen = (per.get("document", 0), per.get("scheidingsblad", 0), per.get("weggelaten", 0))
    return (sum(delen), *delen)


PLAATSEN = {
    "document": {"bestemming": "document", "weglaatreden": None},
    "scheidingsblad": {"bestemming": "scheidingsblad", "document_id": None, "weglaatreden": None},
    "weggelaten": {"bestemming": "weggelaten", "document_id": None, "weglaatreden": "blanco"},
}
HANDELING: st.SearchStrategy[tuple[str, Any, Any]] = st.one_of(
    st.tuples(st.just("zet"), st.sampled_from(sorted(PLAATSEN)), st.sets(st.integers(0, 11), min_size=1)),
    st.tuples(st.just("draai"), st.sampled_from([0, 90, 180, 270]), st.sets(st.integers(0, 11), min_size=1)),
    st.tuples(st.just("andere_batch"), st.just(0), st.sets(st.integers(0, 11), min_size=1)),
    st.tuples(st.just("invoegen"), st.integers(1, 3), st.just(frozenset())),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(handelingen=st.lists(HANDELING, max_size=12))
def test_the_count_is_right_after_every_rearrangement(engine: Engine, handelingen: list[tuple[str, Any, Any]]) -> None:
    with db.begin(engine) as session:
        proef = Proefbatch(session)
        andere = add_batch(session)
        ander_document = add_document(session, andere)
        for soort, waarde, plekken in handelingen:
            gekozen = [beeld for plek, beeld in enumerate(proef.beelden) if plek in plekken]
            kies = sa.update(BeeldRow).where(col(BeeldRow.id).in_(gekozen))
            if soort == "zet":
                anders = dict(PLAATSEN[waarde])
                if waarde == "document":
                    anders["document_id"] = proef.documenten[1]  # type: ignore[assignment]
                session.connection().execute(kies.values(**anders))
            elif soort == "draai":
                session.connection().execute(kies.values(draai_graden=waarde, volgorde=BeeldRow.volgorde + 1))
            elif soort == "andere_batch":
                session.connection().execute(
                    kies.values(batch_id=andere, bestemming="document", document_id=ander_document, weglaatreden=None)
                )
            else:
                proef.add_beelden(session, waarde)
            for batch_id in (proef.batch_id, andere):
                assert counts_of(session, batch_id) == recount(session, batch_id)
        totaal = counts_of(session, proef.batch_id)[0] + counts_of(session, andere)[0]
        assert totaal == len(proef.beelden)


@pytest.fixture(scope="module")
def gevuld(engine: Engine) -> Proefbatch:
    """One row in every protected table."""
    with db.begin(engine) as session:
        proef = Proefbatch(session)
        add_batch(session)
        actor = ActorRow(soort="lijn", naam=uuid4().hex)
        versie = DocumentversieRow(document_id=proef.documenten[0], n=1, reden="eerste", gemaakt_op=NU)
        session.add_all([actor, versie])
        session.flush()
        session.add(PaginaRow(documentversie_id=versie.id, nummer=1, beeld_id=proef.beelden[0]))
        session.flush()
        versie.gearchiveerd_op = NU
        session.add(versie)
        session.add(AfleveringRow(documentversie_id=versie.id, zaakidentificatie="ZAAK-1", begonnen_op=NU))
        session.add(
            GebeurtenisRow(
                soort="batch.ontvangen", actor_log_id=actor.log_id, onderwerp_log_id=uuid4(), op=NU, gegevens={"n": 1}
            )
        )
        eerste, tweede = (
            BewerkingRow(
                batch_id=proef.batch_id,
                nummer=nummer,
                soort="draai",
                parameters={"graden": 90},
                actor_id=actor.id,
                op=NU,
                vooraf={},
            )
            for nummer in (1, 2)
        )
        session.add_all([eerste, tweede])
        session.flush()
        eerste.ongedaan_door = tweede.id
        session.add(eerste)
        session.connection().execute(
            sa.text(
                "insert into register_audittrail (op, actie, resource, resource_id, gebruiker, toelichting, "
                "wijzigingen) values ('x', 'create', 'zaak', '1', 'demo', '', '{}')"
            )
        )
    return proef


AANVALLEN = [
    # the count
    "update batch set ontvangen = ontvangen + 1, weggelaten = weggelaten + 1",
    "update batch set in_documenten = in_documenten - 1, weggelaten = weggelaten + 1 where in_documenten > 0",
    "update batch set ontvangen = 0, in_documenten = 0, scheidingsbladen = 0, weggelaten = 0",
    "update batch set ontvangen = ontvangen + 1",
    # a beeld
    "update beeld set n = n + 100",
    "update beeld set kant = 'achter'",
    "update beeld set breedte_px = 1",
    "update beeld set hoogte_px = 1",
    "update beeld set dpi = 72",
    "update beeld set dpi_bron = 'profiel'",
    "update beeld set kleurmodus = 'L'",
    "update beeld set compressie = 'geen'",
    "update beeld set bron_id = null",
    "update beeld set blad_id = null",
    "update beeld set bestemming = 'weggelaten', document_id = null",
    "update beeld set bestemming = 'weggelaten', document_id = null, weglaatreden = 'anders'",
    "update beeld set document_id = null",
    "update beeld set draai_graden = 45",
    # the others
    "update blad set nummer = nummer + 100",
    "update bron set sha256 = 'x'",
    "update bron set naam = 'anders.pdf'",
    "update bron set soort = 'tiff'",
    "update bron set aantal_beelden = aantal_beelden + 1",
    "update bron set volgnummer = volgnummer + 5",
    "update bron set batch_id = null",
    "update pagina set nummer = nummer + 1",
    # a documentversie that is archived
    "update pagina set draai_graden = 90",
    "update pagina set woorden = 7",
    "insert into pagina (documentversie_id, nummer, beeld_id, draai_graden) select p.documentversie_id, 2, b.id, 0 "
    "from pagina p, beeld b where b.id <> p.beeld_id",
    "update documentversie set pdf_bytes = 1",
    "update documentversie set gearchiveerd_op = null",
    "update documentversie set n = n + 1",
    "update documentversie set log_id = id",
    "update batch set nummer = 'B-1999-0001'",
    "update batch set momentopname = '{}'",
    "update batch set scanoperator = ''",
    "update bewerking set parameters = '{}'",
    "update bewerking set nummer = nummer + 7",
    "update bewerking set ongedaan_door = null where ongedaan_door is not null",
    "update bewerking set ongedaan_door = id where ongedaan_door is not null",
    "update gebeurtenis set gegevens = '{}'",
    "update gebeurtenis set op = 'gisteren'",
    "update register_audittrail set gebruiker = 'iemand anders'",
    *[
        f"delete from {tabel}"
        for tabel in (
            "gebeurtenis",
            "bewerking",
            "aflevering",
            "pagina",
            "documentversie",
            "beeld",
            "document",
            "blad",
            "bron",
            "batch",
            "register_audittrail",
        )
    ],
]
ALLEEN_SQLITE = [
    "insert or replace into gebeurtenis select volgnummer, id, soort, schema_versie, actor_log_id, onderwerp_log_id, "
    "'gisteren', gegevens, merk from gebeurtenis",
    "update or replace gebeurtenis set volgnummer = volgnummer + 1",
    "replace into register_audittrail select * from register_audittrail",
]
ALLEEN_POSTGRESQL = ["truncate gebeurtenis, logregel cascade", "truncate beeld cascade", "truncate register_audittrail"]


@pytest.mark.parametrize("aanval", AANVALLEN + ALLEEN_SQLITE + ALLEEN_POSTGRESQL)
def test_every_attempt_to_break_a_rule_is_refused(engine: Engine, gevuld: Proefbatch, aanval: str) -> None:
    if aanval in (ALLEEN_POSTGRESQL if engine.dialect.name == "sqlite" else ALLEEN_SQLITE):
        pytest.skip("a statement of the other database")
    with pytest.raises(DBAPIError) as gevangen, engine.begin() as verbinding:
        verbinding.exec_driver_sql(aanval)
    assert isinstance(gevangen.value, IntegrityError), gevangen.value
    with db.read(engine) as session:
        assert counts_of(session, gevuld.batch_id) == recount(session, gevuld.batch_id) == (4, 4, 0, 0)


def test_a_batch_cannot_begin_with_beelden_it_does_not_have(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="bladtelling"), db.begin(engine) as session:
        batch_id = add_batch(session)
        batch = session.get_one(BatchRow, batch_id)
        session.add(
            BatchRow(
                **batch.model_dump(exclude={"id", "nummer", "volgnummer", "log_id", "ontvangen", "weggelaten"}),
                nummer="B-2026-9999",
                volgnummer=9999,
                ontvangen=1,
                weggelaten=1,
            )
        )
        session.flush()


def test_a_refused_change_says_in_dutch_why(engine: Engine, gevuld: Proefbatch) -> None:
    with pytest.raises(IntegrityError, match="Een gebeurtenis verandert nooit"), engine.begin() as verbinding:
        verbinding.exec_driver_sql("update gebeurtenis set soort = 'x'")


def test_what_must_be_possible_stays_possible(engine: Engine) -> None:
    with db.begin(engine) as session:
        proef = Proefbatch(session)
        ander = add_batch(session)
        quarantaine = BronRow(sha256=SHA, naam="kapot.pdf", soort="", aanlevering={}, ontvangen_op=NU)
        versie = DocumentversieRow(document_id=proef.documenten[0], n=1, reden="eerste", gemaakt_op=NU)
        actor = ActorRow(soort="lijn", naam=uuid4().hex)
        session.add_all([quarantaine, versie, actor])
        session.flush()
        pagina = PaginaRow(documentversie_id=versie.id, nummer=1, beeld_id=proef.beelden[0])
        bewerkingen = [
            BewerkingRow(
                batch_id=proef.batch_id, nummer=n, soort="draai", parameters={}, actor_id=actor.id, op=NU, vooraf={}
            )
            for n in (1, 2)
        ]
        session.add_all([pagina, *bewerkingen])
        session.flush()
        quarantaine.soort, quarantaine.aantal_beelden, quarantaine.batch_id, quarantaine.volgnummer = "pdf", 3, ander, 7
        pagina.woordzekerheid, pagina.woorden, pagina.draai_graden = 91.5, 212, 90
        versie.pdf_bytes = 3_000_000_000
        bewerkingen[0].ongedaan_door = bewerkingen[1].id
        session.flush()
        batch = session.get_one(BatchRow, proef.batch_id)
        batch.gereedschap, batch.scanoperator = {"qpdf": "12"}, "j.jansen"
        bron = session.get_one(BronRow, proef.bron_id)
        bron.batch_id, bron.volgnummer = ander, 8
        beeld = session.get_one(BeeldRow, proef.beelden[0])
        beeld.metingen, beeld.codes = {"scherpte": 1.0}, [{"soort": "QR"}]
        session.flush()
    with db.read(engine) as session:
        assert session.get_one(BronRow, quarantaine.id).aantal_beelden == 3
        assert session.get_one(PaginaRow, (versie.id, 1)).woorden == 212


def test_tables_that_never_change_have_every_column_protected(engine: Engine) -> None:
    from importlib import import_module  # noqa: PLC0415 - the name of a migration starts with a digit

    regels = import_module("scanstraat.migrations.versions.0002_regels")
    kijker = sa.inspect(engine)
    for tabel, mag_anders in (("gebeurtenis", {"merk"}), ("register_audittrail", set())):  # a mark fits or it does not
        assert set(regels.VAST[tabel][0]) == {kolom["name"] for kolom in kijker.get_columns(tabel)} - mag_anders
    for tabel, (kolommen, _) in regels.VAST.items():
        assert set(kolommen) <= {kolom["name"] for kolom in kijker.get_columns(tabel)}
