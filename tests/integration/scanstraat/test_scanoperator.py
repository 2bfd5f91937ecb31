"""Who scanned a batch stands in the log: no other name in the database, and no correction, frees anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from scanstraat import bewerken, db, keuren, logboek, personen, scanoperator, storage
from scanstraat.errors import GeenMandaatError, NietGevondenError, NietMogelijkError
from scanstraat.personen import Rol
from scanstraat.tables import ActorRow, BatchRow, GebeurtenisRow
from tests.afrondproef import (
    BEHEERDER,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    SCANOPERATOR,
    Afrondproef,
    destroy,
    open_afrondproef,
)
from vernietiging.verificatie import verify_logboek

TWEEDE = "Tineke Beheerder"


@dataclass
class Scanproef:
    proef: Afrondproef

    def add(self, scanoperator: str = SCANOPERATOR) -> str:
        """Add a batch and return its number."""
        batch = self.proef.add_batch(1, scanoperator=scanoperator)
        with db.read(self.proef.basis.engine) as session:
            return session.get_one(BatchRow, batch.batch).nummer

    def state(self, nummer: str, naam: str, *, door: str = BEHEERDER, reden: str = "dienstrooster") -> None:
        with db.begin(self.proef.basis.engine) as session:
            batch = storage.find_batch(session, nummer)
            bewerken.set_scanoperator(session, batch.id, naam=naam, reden=reden, door=self.proef.wie(door))

    def change_db(self, sql: str, nummer: str) -> None:
        with self.proef.basis.engine.begin() as verbinding:
            verbinding.execute(sa.text(sql), {"nummer": nummer})

    def batch(self, session: Session, nummer: str) -> BatchRow:
        return storage.find_batch(session, nummer)

    def betrokkenen(self, nummer: str) -> set[str]:
        with db.read(self.proef.basis.engine) as session:
            gevonden = personen.find_betrokkenen(session, self.batch(session, nummer))
            return {personen.name_of(session, id_) for id_ in gevonden.personen} | set(gevonden.onbekend)

    def events(self, nummer: str) -> list[GebeurtenisRow]:
        with db.read(self.proef.basis.engine) as session:
            vraag = select(GebeurtenisRow).where(
                GebeurtenisRow.onderwerp_log_id == self.batch(session, nummer).log_id,
                GebeurtenisRow.soort == scanoperator.SOORT,
            )
            return list(session.exec(vraag.order_by(col(GebeurtenisRow.volgnummer))))

    def log_id(self, naam: str) -> str:
        with db.read(self.proef.basis.engine) as session:
            return str(personen.load_mens(session, naam).log_id)


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Scanproef]:
    with open_afrondproef(tmp_path) as gemaakt:
        with db.begin(gemaakt.basis.engine) as session:
            tweede = personen.add_persoon(session, TWEEDE, door=gemaakt.wie(BEHEERDER))
            gemaakt.mensen[TWEEDE] = tweede.id
            for naam in (TWEEDE, DIV):
                personen.grant_mandaat(
                    session, personen.load_persoon(session, naam), Rol.FUNCTIONEEL_BEHEERDER, van=date(2026, 1, 1),
                    tot=None, grondslag="mandaatbesluit 2026-3", door=gemaakt.wie(BEHEERDER),
                )  # fmt: skip
        yield Scanproef(gemaakt)


# --- in the log ---------------------------------------------------------------------------------------------------


def test_the_log_says_who_scanned_however_the_name_was_written(proef: Scanproef) -> None:
    (event,) = proef.events(proef.add(SCANOPERATOR.upper()))
    assert (event.schema_versie, event.gegevens) == (2, {"bekend": True, "wie": proef.log_id(SCANOPERATOR)})


def test_who_is_not_known_is_the_batch_itself(proef: Scanproef) -> None:
    (event,) = proef.events(proef.add("onbekend"))
    assert event.gegevens == {"bekend": False, "wie": str(event.onderwerp_log_id)}


def test_a_name_that_turns_out_to_be_somebody_is_joined_in_the_log(proef: Scanproef) -> None:
    nummer = proef.add("BALIE 3")
    (event,) = proef.events(nummer)
    assert proef.betrokkenen(nummer) == {"BALIE 3"}
    with db.begin(proef.proef.basis.engine) as session:
        karin = personen.load_persoon(session, CONTROLEUR)
        personen.add_naam(session, karin, "balie 3", door=proef.proef.wie(BEHEERDER))
    with db.read(proef.proef.basis.engine) as session:
        erbij = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "persoon.naam")).all()
    assert event.gegevens["wie"] in {rij.gegevens["wie"] for rij in erbij}  # also as it was written on the sheet
    assert {rij.onderwerp_log_id for rij in erbij} == {karin_log_id(proef)}
    assert proef.betrokkenen(nummer) == {CONTROLEUR}
    (later,) = proef.events(proef.add("Balie 3"))
    assert later.gegevens["wie"] == str(karin_log_id(proef))


def karin_log_id(proef: Scanproef) -> object:
    with db.read(proef.proef.basis.engine) as session:
        return personen.actor_of(session, proef.proef.mensen[CONTROLEUR]).log_id


def test_a_whole_destruction_with_these_lines_verifies(proef: Scanproef) -> None:
    destroy(proef.proef)
    proef.proef.seal()
    basis = proef.proef.basis
    proef.proef.anchor()
    assert verify_logboek(basis.config.logboek.map, logboek.load_beleid(basis.config)).vernietigd == 1


# --- the row against the log --------------------------------------------------------------------------------------


@pytest.mark.parametrize("naam", [DIV, "iemand", "onbekend"])
def test_another_name_in_the_database_keeps_the_paper_and_is_not_judged(proef: Scanproef, naam: str) -> None:
    nummer = proef.add()
    proef.proef.add_besluit()
    with db.read(proef.proef.basis.engine) as session:
        batch_id = proef.batch(session, nummer).id
    proef.proef.approve(batch_id)
    doos = proef.proef.box(batch_id)
    lijst = proef.proef.propose(doos)
    assert "beeld_in_orde" not in proef.proef.find_redenen(lijst)
    proef.change_db(f"update batch set scanoperator = '{naam}' where nummer = :nummer", nummer)
    (reden, *_) = proef.proef.find_redenen(lijst)["beeld_in_orde"]
    assert ("staat anders in de database" in reden) is (naam != "onbekend"), reden
    with db.read(proef.proef.basis.engine) as session, pytest.raises(GeenMandaatError, match="scande"):
        keuren.verify_controleur(session, proef.batch(session, nummer), proef.proef.wie(CONTROLEUR_2))


def test_who_scanned_by_the_log_does_not_judge_whatever_the_database_says(proef: Scanproef) -> None:
    nummer = proef.add(CONTROLEUR)
    proef.change_db(f"update batch set scanoperator = '{DIV}' where nummer = :nummer", nummer)
    assert proef.betrokkenen(nummer) == {CONTROLEUR, DIV}
    proef.state(nummer, SCANOPERATOR)  # found out, and put right: nobody is freed by it
    assert proef.betrokkenen(nummer) == {CONTROLEUR, SCANOPERATOR, BEHEERDER}
    with db.read(proef.proef.basis.engine) as session:
        assert personen.is_zoals_vastgelegd(session, proef.batch(session, nummer))


def test_a_batch_of_before_these_lines_waits_until_it_is_said_who_scanned(proef: Scanproef) -> None:
    nummer = proef.add()
    with proef.proef.basis.engine.begin() as verbinding:
        verbinding.exec_driver_sql("drop trigger gebeurtenis_vast")
        verbinding.exec_driver_sql("update gebeurtenis set schema_versie = 1 where soort = 'batch.scanoperator'")
    with db.read(proef.proef.basis.engine) as session:
        assert not personen.is_zoals_vastgelegd(session, proef.batch(session, nummer))
    proef.state(nummer, SCANOPERATOR)
    with db.read(proef.proef.basis.engine) as session:
        assert personen.is_zoals_vastgelegd(session, proef.batch(session, nummer))


def test_an_actor_that_is_gone_from_the_database_is_a_difference(proef: Scanproef) -> None:
    nummer = proef.add("Piet van de Inhuur")
    with db.begin(proef.proef.basis.engine) as session:
        session.delete(session.exec(select(ActorRow).where(ActorRow.naam == "Piet van de Inhuur")).one())
    with db.read(proef.proef.basis.engine) as session:
        assert not personen.is_zoals_vastgelegd(session, proef.batch(session, nummer))


# --- saying who scanned -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("van", "naar", "door", "zin"),
    [
        (SCANOPERATOR, TWEEDE, CONTROLEUR, "geen mandaat als functioneel beheerder"),
        (BEHEERDER, TWEEDE, BEHEERDER, "andere functioneel"),
        (SCANOPERATOR, BEHEERDER, BEHEERDER, "andere functioneel"),
    ],
    ids=["no mandaat", "was named", "is named"],
)
def test_who_scanned_is_said_by_a_third(proef: Scanproef, van: str, naar: str, door: str, zin: str) -> None:
    with pytest.raises(GeenMandaatError, match=zin):
        proef.state(proef.add(van), naar, door=door)


def test_who_was_named_once_does_not_put_it_right_later(proef: Scanproef) -> None:
    nummer = proef.add(BEHEERDER)
    proef.state(nummer, SCANOPERATOR, door=TWEEDE)
    with pytest.raises(GeenMandaatError, match="andere functioneel"):
        proef.state(nummer, DIV, door=BEHEERDER)


def test_who_judged_does_not_say_who_scanned_and_who_said_so_does_not_judge(proef: Scanproef) -> None:
    nummer = proef.add()
    with db.begin(proef.proef.basis.engine) as session:
        batch_id = proef.batch(session, nummer).id
        for naam, rol in ((CONTROLEUR, Rol.FUNCTIONEEL_BEHEERDER), (TWEEDE, Rol.CONTROLEUR)):
            personen.grant_mandaat(
                session, personen.load_persoon(session, naam), rol, van=date(2026, 1, 1), tot=None, grondslag="besluit",
                door=proef.proef.wie(BEHEERDER),
            )  # fmt: skip
    proef.proef.add_besluit()
    proef.proef.approve(batch_id)
    with pytest.raises(GeenMandaatError, match="keurde"):
        proef.state(nummer, DIV, door=CONTROLEUR)
    ander = proef.add()
    proef.state(ander, DIV, door=TWEEDE)
    with db.read(proef.proef.basis.engine) as session, pytest.raises(GeenMandaatError, match="scande of bewerkte"):
        keuren.verify_controleur(session, proef.batch(session, ander), proef.proef.wie(TWEEDE))


@pytest.mark.parametrize("reden", ["", "  "])
def test_saying_who_scanned_takes_a_reason_a_persoon_and_a_difference(proef: Scanproef, reden: str) -> None:
    nummer = proef.add()
    with pytest.raises(NietMogelijkError, match="--reden"):
        proef.state(nummer, DIV, reden=reden)
    with pytest.raises(NietGevondenError, match="Niemand heet hier"):
        proef.state(nummer, "Piet van de Inhuur")
    with pytest.raises(NietMogelijkError, match="staat al vast"):
        proef.state(nummer, SCANOPERATOR.lower())
    with db.begin(proef.proef.basis.engine) as session:
        batch = storage.find_batch(session, nummer)
        batch.ontleed_op = None
        with pytest.raises(NietMogelijkError, match="nog ontleed"):
            bewerken.set_scanoperator(session, batch.id, naam=EEN, reden="rooster", door=proef.proef.wie(BEHEERDER))
        session.rollback()
