"""Who had a part in paper may not decide on it, also when that part comes later than the decision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from scanstraat import besluiten, db, personen, stops, storage
from scanstraat.domain import Bewerkingsoort
from scanstraat.tables import DocumentRow, GebeurtenisRow
from scanstraat.tables_bewijs import DoosRow, VernietigingslijstRow
from tests.afrondproef import ARCHIVARIS, BEHEERDER, CONTROLEUR_2, DIV, EEN, TWEE, Afrondproef, open_afrondproef
from tests.builders import Batchproef


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path) as gemaakt:
        yield gemaakt


def propose(proef: Afrondproef) -> tuple[Batchproef, VernietigingslijstRow, DoosRow]:
    batch = proef.add_batch()
    proef.add_besluit()
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    return batch, proef.propose(doos), doos


def void_and_restore(proef: Afrondproef, batch: Batchproef) -> None:
    """Make one document an uitzondering and take that back: the manifest is what it was, and no approval stands."""
    with db.begin(proef.basis.engine) as session:
        document = session.get_one(DocumentRow, batch.documenten[0])
        actor = personen.actor_of(session, proef.mensen[DIV])
        besluiten.add_uitzondering(session, document, "erfgoed", "een oud zegel", "kluis", actor=actor)
    with db.begin(proef.basis.engine) as session:
        document = session.get_one(DocumentRow, batch.documenten[0])
        besluiten.end_uitzondering(session, document, "het was een nieuw zegel", proef.wie(ARCHIVARIS))


def test_who_looked_and_approved_later_did_not_look_as_an_outsider(proef: Afrondproef) -> None:
    batch, lijst, doos = propose(proef)
    proef.look(lijst, doos, naam=CONTROLEUR_2)
    void_and_restore(proef, batch)
    proef.approve(batch.batch, naam=CONTROLEUR_2)
    proef.back_up()
    proef.release(lijst, EEN)
    proef.release(lijst, TWEE)
    proef.anchor()
    redenen = proef.find_redenen(lijst)
    assert set(redenen) == {"laatste_blik"}
    assert "sindsdien zelf gekeurd" in redenen["laatste_blik"][0]


def test_a_release_does_not_stand_for_an_approval_that_came_after_it(proef: Afrondproef) -> None:
    batch, lijst, doos = propose(proef)
    proef.look(lijst, doos)
    proef.back_up()
    proef.release(lijst, EEN)
    proef.release(lijst, TWEE)
    void_and_restore(proef, batch)
    proef.approve(batch.batch, naam=CONTROLEUR_2)
    proef.anchor()
    redenen = proef.find_redenen(lijst)
    assert set(redenen) == {"vrijgegeven"}
    assert "opnieuw gekeurd na de vrijgave" in redenen["vrijgegeven"][0]


@pytest.mark.parametrize("naam", [DIV, EEN, TWEE])
def test_a_stop_on_anybody_who_decided_holds_the_list(proef: Afrondproef, naam: str) -> None:
    _batch, lijst, doos = propose(proef)
    proef.look(lijst, doos, naam=DIV)
    proef.back_up()
    proef.release(lijst, EEN)
    proef.release(lijst, TWEE)
    proef.anchor()
    assert proef.find_redenen(lijst) == {}
    with db.begin(proef.basis.engine) as session:
        door = personen.actor_of(session, proef.mensen[BEHEERDER])
        stops.place_stop(
            session, stops.Stopsoort.ONDERZOEK, stops.Over.PERSOON, str(proef.mensen[naam]), "onderzoek 12", door=door
        )
    assert set(proef.find_redenen(lijst)) == {"geen_stop"}


def test_every_edit_voids_the_approval_in_the_log_and_saying_who_scanned_does_not(proef: Afrondproef) -> None:
    batch, _lijst, _doos = propose(proef)

    def edit(soort: Bewerkingsoort) -> list[str]:
        with db.begin(proef.basis.engine) as session:
            rij = storage.lock_batch(session, batch.batch)
            actor = personen.actor_of(session, proef.mensen[DIV])
            storage.add_bewerking(session, rij, actor, soort, {}, {})
            return find_soorten(session, rij.log_id)

    assert edit(Bewerkingsoort.SCANOPERATOR)[-1] == "bewerking"
    assert edit(Bewerkingsoort.DRAAI)[-2:] == ["bewerking", "goedkeuring.vervallen"]


def find_soorten(session: Session, log_id: UUID) -> list[str]:
    vraag = select(GebeurtenisRow.soort).where(GebeurtenisRow.onderwerp_log_id == log_id)
    return list(session.exec(vraag.order_by(col(GebeurtenisRow.volgnummer))))
