"""A batch falls under one besluit at a time; what that asked, was drawn and judged holds no longer under another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from scanstraat import batchstatus, besluiten, db, storage
from scanstraat.domain import Batchstatus, Stuk
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.tables import GebeurtenisRow
from scanstraat.tables_bewijs import HandboekRow
from tests.afrondproef import ARCHIVARIS, BEHEERDER, Afrondproef, open_afrondproef
from vernietiging.vervangingsbesluit import Controletermijn, Reikwijdte, Steekproefvoorschrift, Uitsluiting


@pytest.fixture(params=["sqlite", "postgresql"])
def proef(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Afrondproef]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_afrondproef(tmp_path, url) as gemaakt:
        yield gemaakt


@pytest.fixture
def alleen_sqlite(tmp_path: Path) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path) as gemaakt:
        yield gemaakt


def bind(proef: Afrondproef, batch_id: UUID, nummer: str, versie: int | None = None) -> besluiten.Gebonden:
    zaaktypen = besluiten.ask_zaaktypen_van(proef.basis, batch_id)
    with db.begin(proef.basis.engine) as session:
        keuze = besluiten.find_besluit(session, nummer, versie)
        actor = besluiten.verify_beslisser(session, proef.wie(BEHEERDER))
        return besluiten.bind(proef.basis, session, storage.lock_batch(session, batch_id), keuze, actor, zaaktypen)


def test_a_zaak_that_changes_while_the_zaaksysteem_is_asked_is_asked_again(alleen_sqlite: Afrondproef) -> None:
    proef = alleen_sqlite
    batch = proef.add_batch(1)
    proef.add_besluit()
    with db.begin(proef.basis.engine) as session:
        rij = storage.lock_batch(session, batch.batch)
        keuze = besluiten.find_besluit(session, "2026-17", None)
        with pytest.raises(NietMogelijkError, match="kreeg net een andere zaak"):
            besluiten.bind(proef.basis, session, rij, keuze, storage.load_actor(session, "proef"), {})


def find_status(proef: Afrondproef, batch_id: UUID) -> Batchstatus:
    with db.read(proef.basis.engine) as session:
        return batchstatus.find_batchstatus(session, storage.load_batch(session, batch_id))


def find_soorten(session: Session, *soorten: str) -> list[dict[str, Any]]:
    return [rij.gegevens for rij in session.exec(select(GebeurtenisRow)) if rij.soort in soorten]


def test_another_sample_voids_what_was_judged_and_the_same_sample_does_not(proef: Afrondproef) -> None:
    batch = proef.add_batch(2)
    proef.add_besluit()
    proef.approve(batch.batch)
    proef.add_besluit(versie=2, bedenktijd_dagen=3)
    assert bind(proef, batch.batch, "2026-17") == besluiten.Gebonden("2026-17", ())
    assert find_status(proef, batch.batch) is Batchstatus.GOEDGEKEURD
    proef.add_besluit(nummer="2026-18", steekproef=Steekproefvoorschrift(alles=False))
    bind(proef, batch.batch, "2026-18")
    assert find_status(proef, batch.batch) is Batchstatus.GELEVERD
    with db.read(proef.basis.engine) as session:
        assert find_soorten(session, "goedkeuring.vervallen") == [{"reden": "besluit"}]
        assert len(find_soorten(session, "batch.gebonden")) == 3
        staand = besluiten.find_binding(session, batch.batch)
        assert staand is not None and staand.besluit.nummer == "2026-18"
    bind(proef, batch.batch, "2026-18")  # the same again is no news
    with db.read(proef.basis.engine) as session:
        assert len(find_soorten(session, "batch.gebonden")) == 3
    proef.approve(batch.batch)


def test_what_falls_outside_becomes_an_uitzondering_and_voids_the_approval(proef: Afrondproef) -> None:
    batch = proef.add_batch(1, 1)
    proef.add_besluit()
    proef.approve(batch.batch)
    uitgesloten = Reikwijdte(uitsluitingen=(Uitsluiting("zaaktype", "melding", "blijft op papier"),))
    proef.add_besluit(versie=2, reikwijdte=uitgesloten)
    assert set(bind(proef, batch.batch, "2026-17").uitzonderingen) == set(batch.documenten)
    assert find_status(proef, batch.batch) is Batchstatus.GELEVERD
    with db.begin(proef.basis.engine) as session:
        for rij in besluiten.build_uitzonderingen(session):
            assert (rij["reden"], rij["toelichting"]) == (
                "buiten_reikwijdte",
                "Het zaaktype Melding is uitgesloten: blijft op papier",
            )
        document = storage.load_document(session, batch.documenten[0])
        besluiten.end_uitzondering(session, document, "toch binnen het besluit", proef.wie(ARCHIVARIS))
        assert len(besluiten.build_uitzonderingen(session)) == 1
        assert len(besluiten.build_uitzonderingen(session, alles=True)) == 2


def test_a_besluit_that_does_not_hold_takes_no_batch(alleen_sqlite: Afrondproef) -> None:
    proef = alleen_sqlite
    batch = proef.add_batch(1)
    proef.add_besluit(nummer="1", gepubliceerd_op=None, publicatie="")
    with pytest.raises(NietMogelijkError, match="nog niet gepubliceerd"):
        bind(proef, batch.batch, "1")
    morgen = datetime.now(UTC).date() + timedelta(days=2)
    proef.add_besluit(nummer="2", geldig_van=morgen)
    with pytest.raises(NietMogelijkError, match="geldt niet voor"):
        bind(proef, batch.batch, "2")
    for nummer, versie in (("3", None), ("2", 9)):
        with pytest.raises(NietGevondenError, match="besluit lijst"):
            bind(proef, batch.batch, nummer, versie)
    with db.read(proef.basis.engine) as session:
        assert besluiten.find_passend(session, storage.load_batch(session, batch.batch), "UTC") is None


def test_of_two_besluiten_that_hold_none_is_chosen(alleen_sqlite: Afrondproef) -> None:
    proef = alleen_sqlite
    batch = proef.add_batch(1)
    proef.add_besluit(nummer="1")
    proef.add_besluit(nummer="1", versie=2, bedenktijd_dagen=3)
    with db.read(proef.basis.engine) as session:
        passend = besluiten.find_passend(session, storage.load_batch(session, batch.batch), "UTC")
        assert passend is not None and passend.besluit.versie == 2
        assert besluiten.find_bindbaar(session, None) == [batch.batch]
    proef.add_besluit(nummer="2")
    with db.read(proef.basis.engine) as session:
        assert besluiten.find_passend(session, storage.load_batch(session, batch.batch), "UTC") is None
    bind(proef, batch.batch, "1", 1)
    with db.read(proef.basis.engine) as session:
        assert besluiten.find_bindbaar(session, None) == []
        assert besluiten.find_bindbaar(session, besluiten.find_besluit(session, "1", 1)) == []
        assert besluiten.find_bindbaar(session, besluiten.find_besluit(session, "1")) == [batch.batch]
        assert [besluiten.count_gebonden(session, keuze) for keuze in besluiten.load_besluiten(session)] == [0, 0, 1]


def test_once_paper_is_gone_its_besluit_stays_what_it_was(alleen_sqlite: Afrondproef) -> None:
    proef = alleen_sqlite
    batch, ander = proef.add_batch(1), proef.add_batch(1)
    proef.add_besluit()
    for deel in (batch, ander):
        proef.approve(deel.batch)
    doos = proef.box(batch.batch)
    lijst = proef.propose(doos)
    proef.look(lijst, doos)
    proef.back_up()
    proef.release(lijst, "Gerda Gemandateerde")
    proef.release(lijst, "Gijs Gemandateerde")
    proef.anchor()
    proef.execute(proef.order(lijst, doos), doos)
    proef.add_besluit(nummer="2026-18")
    with pytest.raises(NietMogelijkError, match="al vernietigd, of een deel ervan: haar besluit staat vast"):
        bind(proef, batch.batch, "2026-18")
    bind(proef, ander.batch, "2026-18")
    with db.begin(proef.basis.engine) as session, pytest.raises(NietMogelijkError, match="al vernietigd"):
        document = storage.load_document(session, batch.documenten[0])
        besluiten.add_uitzondering(session, document, "erfgoed", "te laat", "", actor=storage.load_actor(session, "x"))


def test_a_term_is_only_made_longer_and_never_into_the_past(alleen_sqlite: Afrondproef) -> None:
    proef = alleen_sqlite
    batch_id = proef.add_batch(1).batch
    with db.begin(proef.basis.engine) as session:
        batch, wie = storage.load_batch(session, batch_id), proef.wie(ARCHIVARIS)
        besluiten.extend_termijn(session, batch, date(2099, 3, 2), "onderzoek", wie)
        for tot, reden, zin in (
            (date(2099, 3, 2), "x", "blijft al tot en met 02-03-2099"),
            (date(2099, 3, 1), "x", "Verkorten kan niet"),
            (date(2020, 3, 1), "x", "01-03-2020 is al voorbij"),
            (date(2099, 3, 3), " ", "Zeg waarom"),
        ):
            with pytest.raises(NietMogelijkError, match=zin):
                besluiten.extend_termijn(session, batch, tot, reden, wie)
        assert besluiten.find_verlengd_tot(session, batch_id) == date(2099, 3, 2)


def test_a_handboek_is_named_as_the_besluit_names_it(alleen_sqlite: Afrondproef) -> None:
    proef = alleen_sqlite
    proef.add_batch(1)
    proef.add_besluit(handboekversie="caf\u00e9", controletermijn=Controletermijn(0, "dagen"))

    def keep(inhoud: bytes) -> Stuk:
        return Stuk(proef.basis.opslag.bewaar_bytes(inhoud), "handboek.pdf")

    bestand = keep(b"%PDF-1.7 handboek vervanging")
    with db.begin(proef.basis.engine) as session:
        rij = besluiten.save_handboek(session, " cafe\u0301 ", bestand, proef.wie(BEHEERDER))
        assert [handboek.id for handboek in session.exec(select(HandboekRow))] == [rij.id]
        with pytest.raises(NietMogelijkError, match="Noem de versie"):
            besluiten.save_handboek(session, " ", bestand, proef.wie(BEHEERDER))
        with pytest.raises(NietMogelijkError, match="met een ander bestand"):
            besluiten.save_handboek(session, "caf\u00e9", keep(b"%PDF-1.7 iets anders"), proef.wie(BEHEERDER))
