"""The mark of an event: made with the key beside the database, for that event alone, and asked before it is sealed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command
from pysqlite3 import dbapi2 as sqlite
from sqlmodel import col, select

from scanstraat import db, logboek, logstand, storage
from scanstraat.errors import InstellingError
from scanstraat.merk import SLEUTEL, Merker
from scanstraat.tables import GebeurtenisRow, LogregelRow
from tests.afrondproef import Afrondproef, open_afrondproef
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.gebeurtenis import Gebeurtenis

BLAD = Gebeurtenis(
    uuid4(), "doos.gesloten", 1, uuid4(), uuid4(), "2026-03-02T14:05:11.123Z", {}
)  # fmt: skip


@pytest.fixture(scope="module")
def proef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path_factory.mktemp("merk")) as gemaakt:
        yield gemaakt


def add_event(proef: Afrondproef) -> None:
    with db.begin(proef.basis.engine) as session:
        actor = storage.load_actor(session, "proef")
        storage.append_gebeurtenis(
            session, "logboek.gecontroleerd", actor=actor, onderwerp=actor.log_id, omvang=1, in_orde=True
        )


def test_a_mark_fits_one_event_of_one_installation(tmp_path: Path) -> None:
    (tmp_path / "ander").mkdir()
    merker, ander = Merker(tmp_path), Merker(tmp_path / "ander")
    merk = merker.make(BLAD.to_bytes())
    assert merker.is_eigen(BLAD.to_bytes(), merk) and len(merk) == 64
    assert Merker(tmp_path).is_eigen(BLAD.to_bytes(), merk)
    assert not ander.is_eigen(BLAD.to_bytes(), merk)
    anderen = (
        replace(BLAD, id=uuid4()), replace(BLAD, actor=uuid4()), replace(BLAD, onderwerp=uuid4()),
        replace(BLAD, op="2026-03-02T14:05:11.124Z"), replace(BLAD, soort="doos.heropend"), replace(BLAD, versie=2),
        replace(BLAD, gegevens={"reden": "anders"}),
    )  # fmt: skip
    assert not any(merker.is_eigen(een.to_bytes(), merk) for een in anderen)
    assert not any(merker.is_eigen(BLAD.to_bytes(), een) for een in (None, "", merk[:-1], merk.upper(), "é" * 64))
    assert (tmp_path / SLEUTEL).stat().st_mode & 0o777 == 0o400


def test_a_key_that_cannot_be_made_or_read_is_said_in_dutch(tmp_path: Path) -> None:
    (tmp_path / SLEUTEL).mkdir()
    for map_ in (tmp_path, tmp_path / "weg"):
        with pytest.raises(InstellingError, match=r"Het sleutelbestand .* is niet te lezen of te maken"):
            Merker(map_).make(b"blad")


def test_what_is_changed_while_it_waits_is_not_sealed(proef: Afrondproef) -> None:
    add_event(proef)
    with proef.basis.engine.begin() as verbinding:
        verbinding.exec_driver_sql("drop trigger gebeurtenis_vast")
        nummer = verbinding.execute(sa.select(sa.func.max(col(GebeurtenisRow.volgnummer)))).scalar_one()
        kies = sa.update(GebeurtenisRow).where(col(GebeurtenisRow.volgnummer) == nummer)
        verbinding.execute(kies.values(gegevens={"omvang": 1, "in_orde": False}))
    with pytest.raises(LogboekGewijzigdError, match=f"Gebeurtenis {nummer} wacht .* niet door deze scanstraat"):
        proef.seal()
    with proef.basis.engine.begin() as verbinding:
        verbinding.execute(kies.values(gegevens={"omvang": 1, "in_orde": True}))
    proef.seal()


def test_an_event_is_sealed_once(tmp_path: Path) -> None:
    """Whoever owns the database can take the rule away that an id is there once."""
    with open_afrondproef(tmp_path) as proef:
        add_event(proef)
        proef.seal()
        proef.basis.engine.dispose()
        bestand = proef.basis.config.algemeen.gegevensmap / "scanstraat.db"
        with contextlib.closing(sqlite.connect(bestand)) as verbinding:
            verbinding.executescript("""
                create table kopie as select * from gebeurtenis;
                drop trigger gebeurtenis_nooit_weg;
                drop table gebeurtenis;
                alter table kopie rename to gebeurtenis;
                insert into gebeurtenis select volgnummer + 1, id, soort, schema_versie, actor_log_id, onderwerp_log_id,
                    op, gegevens, merk from gebeurtenis order by volgnummer desc limit 1;
            """)
        with pytest.raises(LogboekGewijzigdError, match="staat twee keer in de database"):
            proef.seal()


def test_an_engine_without_the_installation_writes_what_is_not_sealed(proef: Afrondproef) -> None:
    engine = db.create_engine(proef.basis.config.database_url)
    try:
        with db.begin(engine) as session:
            actor = storage.load_actor(session, "proef")
            kies = {"actor": actor, "onderwerp": actor.log_id}
            storage.append_gebeurtenis(session, logstand.TERUGGEZET, **kies, inhoud="5a" * 32)  # type: ignore[arg-type]
            een = storage.append_gebeurtenis(session, "logboek.gecontroleerd", **kies, omvang=1, in_orde=True)  # type: ignore[arg-type]
    finally:
        engine.dispose()
    with pytest.raises(LogboekGewijzigdError, match="niet door deze scanstraat"):
        proef.seal()
    with db.read(proef.basis.engine) as session:
        assert [rij.id for rij in logboek.find_vreemde(session)] == [een]  # and not that it was put back


def test_what_waits_when_this_version_comes_gets_its_mark(tmp_path: Path) -> None:
    """And what was sealed before needs none."""
    engine = db.create_engine(f"sqlite:///{tmp_path / 'oud.db'}")
    db.set_merker(engine, Merker(tmp_path))
    try:
        with engine.execution_options(scanstraat_transaction="IMMEDIATE").begin() as verbinding:
            command.upgrade(db.build_alembic_config(verbinding), "0010")
        with engine.begin() as verbinding:
            rijen: list[dict[str, Any]] = [
                {
                    "volgnummer": nummer, "id": uuid4(), "soort": "doos.gesloten", "schema_versie": 1,
                    "actor_log_id": uuid4(), "onderwerp_log_id": uuid4(), "op": db.now_text(), "gegevens": {},
                }
                for nummer in (1, 2)
            ]  # fmt: skip
            tabel = sa.Table("gebeurtenis", sa.MetaData(), *(
                sa.Column(k.name, k.type) for k in GebeurtenisRow.__table__.columns if k.name != "merk"  # type: ignore[attr-defined]
            ))  # fmt: skip
            verbinding.execute(sa.insert(tabel), rijen)
            verbinding.execute(sa.insert(LogregelRow), [{"nummer": 0, "gebeurtenis": 1}])
        db.migrate(engine)
        with db.read(engine) as session:
            eerste, tweede = session.exec(select(GebeurtenisRow).order_by(col(GebeurtenisRow.volgnummer)))
            assert eerste.merk is None and logstand.is_eigen(session, tweede)
            assert logboek.find_vreemde(session) == []
    finally:
        engine.dispose()
