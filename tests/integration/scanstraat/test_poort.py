"""Answers of the poort that people hardly ever get: each closes a fact, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from scanstraat import db, logboek, poort, storage, verzegelen
from scanstraat.errors import NietMogelijkError
from scanstraat.tables import AfleveringRow, BatchRow, BronRow, ScanmapBestandRow
from scanstraat.tables_bewijs import LaatsteblikRow, VernietigingslijstRow
from tests.afrondproef import Afrondproef, open_afrondproef, zwijg
from tests.builders import forging
from vernietiging.grondslag import Feit


@pytest.fixture(scope="module")
def proef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path_factory.mktemp("poort")) as afrondproef:
        yield afrondproef


@pytest.fixture(scope="module")
def lijst(proef: Afrondproef) -> VernietigingslijstRow:
    batch = proef.add_batch(2, 1)
    proef.add_besluit()
    proef.bind(batch.batch, "2026-17")
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    lijst = proef.propose(doos)
    proef.look(lijst, doos)
    proef.back_up()
    return lijst


def load(proef: Afrondproef, lijst: VernietigingslijstRow) -> poort.Dossier:
    with db.read(proef.basis.engine) as session:
        return poort.load_dossier(session, lijst.id)


def find_batch(proef: Afrondproef, lijst: VernietigingslijstRow) -> BatchRow:
    return load(proef, lijst).batches[0].batch


def test_of_very_many_reasons_the_rest_is_counted() -> None:
    redenen = [f"Reden {n}." for n in range(poort.MEESTE_REDENEN + 3)]
    antwoord = poort._answer([*redenen, redenen[0]], {})
    assert antwoord.waar is False and len(antwoord.redenen) == poort.MEESTE_REDENEN + 1
    assert antwoord.redenen[-1] == "En nog 3 redenen van dit soort."


def test_files_that_the_record_does_not_know_are_not_read_and_close_it(
    proef: Afrondproef, lijst: VernietigingslijstRow
) -> None:
    dossier = load(proef, lijst)
    (batch,) = dossier.batches
    vreemd = replace(dossier, batches=(replace(batch, bronnen=batch.bronnen | {"ab" * 32}),))
    antwoorden = poort.ask_bytes(proef.basis, vreemd, meld=zwijg)
    for feit in (Feit.ORIGINEEL_GELIJK, Feit.KOPIE_GELIJK):
        (reden,) = antwoorden[feit].redenen
        assert "1 " in reden and "beschadigd of weg" in reden
    niets = poort.ask_bytes(proef.basis, replace(dossier, batches=()), meld=zwijg)
    assert niets[Feit.ORIGINEEL_GELIJK].redenen == ("Er is geen enkel bestand om te lezen.",)


def test_a_delivery_that_is_not_known_whole_is_no_delivery(proef: Afrondproef, lijst: VernietigingslijstRow) -> None:
    dossier = load(proef, lijst)
    een, twee = dossier.documenten
    assert twee.aflevering is not None
    zonder_versie = AfleveringRow(**twee.aflevering.model_dump() | {"versie_in_zaaksysteem": None})
    (batch,) = dossier.batches
    documenten = (replace(een, aflevering=None), replace(twee, aflevering=zonder_versie))
    anders = replace(dossier, batches=(replace(batch, documenten=documenten),))
    redenen = poort.ask_bytes(proef.basis, anders, meld=zwijg)[Feit.ZAAKSYSTEEM_GELIJK].redenen
    assert redenen[0] == f"Document {str(een.document.id)[:8]} staat niet bevestigd in zijn zaak."
    assert "is niet bekend welke versie het zaaksysteem heeft" in redenen[1]


def test_a_batch_that_came_before_or_of_which_a_file_was_set_aside_waits(
    proef: Afrondproef, lijst: VernietigingslijstRow
) -> None:
    batch = find_batch(proef, lijst)

    def find(rij: BatchRow) -> str:
        with db.read(proef.basis.engine) as session:
            return " ".join(poort.find_niet_vervangbaar(proef.basis, session, rij))

    assert find(batch) == ""
    dubbel = BatchRow(**batch.model_dump() | {"dubbel_van": uuid4()})
    assert "heeft dezelfde bestanden als een eerdere batch" in find(dubbel)
    with db.begin(proef.basis.engine) as session:
        bron = session.exec(select(BronRow).where(BronRow.batch_id == batch.id)).first()
        assert bron is not None
        apart = ScanmapBestandRow(
            scanmap="post", pad="brief.pdf", status="quarantaine", reden="beschadigd", bron_id=bron.id,
            inode=1, omvang_bytes=1, mtime_ns=1, gezien_op=db.now_text(), veranderd_op=db.now_text(),
        )  # fmt: skip
        session.add(apart)
    assert "ligt een bestand in quarantaine" in find(batch)
    with proef.basis.engine.begin() as verbinding, forging(verbinding, "scanmap_bestand"):
        verbinding.execute(sa.delete(ScanmapBestandRow).where(col(ScanmapBestandRow.id) == apart.id))


def test_a_last_look_that_the_log_does_not_have_is_none(proef: Afrondproef, lijst: VernietigingslijstRow) -> None:
    def point_to(gebeurtenis_id: UUID) -> UUID:
        with proef.basis.engine.begin() as verbinding, forging(verbinding, "laatste_blik"):
            oud: UUID = verbinding.execute(sa.select(col(LaatsteblikRow.gebeurtenis_id))).scalar_one()
            verbinding.execute(sa.update(LaatsteblikRow).values(gebeurtenis_id=gebeurtenis_id))
        return oud

    with db.begin(proef.basis.engine) as session:
        actor = storage.load_actor(session, "proef")
        wacht = storage.append_gebeurtenis(
            session, "logboek.gecontroleerd", actor=actor, onderwerp=actor.log_id, omvang=1, in_orde=True
        )
    dossier, echt = load(proef, lijst), point_to(wacht)
    with db.read(proef.basis.engine) as session:
        antwoord = poort._check_laatste_blik(session, dossier)
    assert antwoord.waar is False and "staat nog niet in het logboek" in antwoord.redenen[0]
    point_to(echt)
    assert "laatste_blik" not in proef.find_redenen(lijst)


def test_a_clock_that_is_behind_closes_it(
    proef: Afrondproef, lijst: VernietigingslijstRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.anchor()
    monkeypatch.setattr(poort, "_now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    redenen = [reden for alle in proef.find_redenen(lijst).values() for reden in alle]
    assert "De klok van deze machine loopt achter op het nieuwste tijdstempel. Zet haar gelijk." in redenen


def test_one_list_is_of_one_besluit(proef: Afrondproef, lijst: VernietigingslijstRow) -> None:
    proef.add_besluit(nummer="2026-18", handboekversie="2.0")
    dozen = []
    for nummer in ("2026-17", "2026-18"):
        batch = proef.add_batch(1)
        proef.bind(batch.batch, nummer)
        proef.approve(batch.batch)
        dozen.append(proef.box(batch.batch))
    with pytest.raises(NietMogelijkError, match="Maak per besluit een lijst"):
        proef.propose(*dozen, naam="Lijst van twee")
    assert lijst.id


def test_a_batch_is_fixed_when_the_log_has_it_and_its_file_is_proven(proef: Afrondproef) -> None:
    slecht, goed = proef.add_batch(1, conform=False), proef.add_batch(1)

    def refuse(batch_id: UUID, zin: str) -> None:
        with db.begin(proef.basis.engine) as session, pytest.raises(NietMogelijkError, match=zin):
            verzegelen.build_zegel(session, storage.lock_batch(session, batch_id))

    refuse(goed.batch, "staat nog niet in het verzegelde logboek")
    proef.seal()
    refuse(slecht.batch, "is niet bewezen dat het archiefbestand goed is")
    assert logboek.seal_delivered(proef.basis) == 1
    assert logboek.seal_delivered(proef.basis) == 0
