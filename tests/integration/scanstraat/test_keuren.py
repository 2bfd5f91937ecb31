"""A sealed batch is judged on pages that nobody chose, by somebody who saw them and had no part in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.errors import OordeelError
from kwaliteitscontrole.oordeel import Oordeel, Paginaoordeel
from kwaliteitscontrole.steekproef import Strengheid, Uitslag
from scanstraat import afronding, batchstatus, db, keuren, logboek, papier, personen, storage
from scanstraat.domain import Batchstatus, Bewerkingsoort
from scanstraat.errors import AanmeldingError, GeenMandaatError, NietMogelijkError
from scanstraat.tables import BatchRow
from scanstraat.tables_bewijs import BindingRow, OordeelRow, TrekkingRow, VerzegelingRow
from tests.afrondproef import (
    ARCHIVARIS,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    SCANOPERATOR,
    Afrondproef,
    open_afrondproef,
)
from tests.builders import Batchproef
from vernietiging.vervangingsbesluit import Reikwijdte, Steekproefvoorschrift

KLEIN = Steekproefvoorschrift(alles=False, niveau="II", aql_ernstig="6.5", aql_licht="10")


@pytest.fixture(scope="module")
def proef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    """An installation with a besluit that asks a sample, for all tests here."""
    with open_afrondproef(tmp_path_factory.mktemp("keuren")) as gemaakt:
        gemaakt.add_batch(1)
        gemaakt.add_besluit(steekproef=KLEIN)
        yield gemaakt


@pytest.fixture(params=["sqlite", "postgresql"])
def eigen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Afrondproef]:
    """An installation of a test alone, on either database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_afrondproef(tmp_path, url) as gemaakt:
        yield gemaakt


def find_status(proef: Afrondproef, batch_id: UUID) -> Batchstatus:
    with db.read(proef.basis.engine) as session:
        return batchstatus.find_batchstatus(session, session.get_one(BatchRow, batch_id))


def load_keuring(proef: Afrondproef, batch_id: UUID) -> keuren.Keuring:
    with db.read(proef.basis.engine) as session:
        keuring = keuren.load_keuring(session, storage.load_batch(session, batch_id))
    assert keuring is not None
    return keuring


def reject(proef: Afrondproef, batch: Batchproef, *codes: str) -> Oordeel:
    keuring = proef.show(batch.batch)
    getrokken = next(pagina for pagina in keuring.paginas if pagina.getrokken)
    slecht = Paginaoordeel(getrokken.log_id, getrokken.pagina, codes or ("onleesbaar",), "vlek over de tekst")
    return afronding.keur(proef.basis, batch.batch, [slecht], proef.wie(CONTROLEUR))


def find_trekkingen(session: Session, batch_id: UUID) -> list[TrekkingRow]:
    return list(
        session.exec(
            select(TrekkingRow)
            .join(VerzegelingRow, col(VerzegelingRow.id) == TrekkingRow.verzegeling_id)
            .where(VerzegelingRow.batch_id == batch_id)
            .order_by(col(TrekkingRow.op))
        )
    )


# --- the draw -----------------------------------------------------------------------------------------------------


def test_anybody_can_draw_the_same_pages_again(proef: Afrondproef) -> None:
    batch = proef.add_batch(40, 30)
    trekking = afronding.trek(proef.basis, batch.batch)
    with db.read(proef.basis.engine) as session:
        paginas = keuren.load_paginas(session, storage.load_batch(session, batch.batch))
    plekken = keuren.redraw(session, trekking)
    assert len(plekken) == trekking.trekking["plan"]["n"] < len(paginas) == 70
    assert [[str(paginas[p].log_id), paginas[p].pagina] for p in plekken] == trekking.trekking["getrokken"]


def test_asking_again_draws_nothing_new(proef: Afrondproef) -> None:
    batch = proef.add_batch(20)
    assert afronding.trek(proef.basis, batch.batch).id == afronding.trek(proef.basis, batch.batch).id


def test_nobody_can_wait_for_a_checkpoint_that_draws_other_pages(proef: Afrondproef) -> None:
    batch = proef.add_batch(40)
    afronding.verzegel(proef.basis, batch.batch)
    proef.seal()
    eerste = logboek.open_klant(proef.basis.config).stand()
    for _ in range(3):  # anything that grows the log
        with db.begin(proef.basis.engine) as session:
            papier.make_doos(session, "ergens", door=storage.load_actor(session, DIV, "persoon"))
        proef.seal()
    assert afronding.trek(proef.basis, batch.batch).checkpoint == eerste.omvang


def test_flagged_pages_are_always_judged_and_do_not_count_in_the_sample(proef: Afrondproef) -> None:
    batch = proef.add_batch(60)
    with db.begin(proef.basis.engine) as session:
        rij = storage.load_batch(session, batch.batch)
        ernstig = Bevinding("dubbel_blad", Ernst.ERNSTIG, "Hier zijn misschien twee bladen tegelijk gescand.")
        licht = Bevinding("scheef", Ernst.LICHT, "De pagina ligt scheef.")
        storage.save_bevindingen(session, [ernstig], batch_id=rij.id, beeld_id=batch.beelden[58])
        storage.save_bevindingen(session, [ernstig], batch_id=rij.id, documentversie_id=batch.versies[0])
        storage.save_bevindingen(session, [licht], batch_id=rij.id, beeld_id=batch.beelden[30])
    keuring = proef.show(batch.batch)
    gemarkeerd = {p.pagina: p for p in keuring.paginas if p.gemarkeerd}
    assert set(gemarkeerd) == {1, 59}  # what is about the whole document stands with its first page
    assert "twee bladen" in gemarkeerd[59].gemarkeerd[0]
    assert sum(p.getrokken for p in keuring.paginas) == keuring.plan.n
    if not gemarkeerd[59].getrokken:
        slecht = Paginaoordeel(gemarkeerd[59].log_id, 59, ("afgesneden",))
        oordeel = afronding.keur(proef.basis, batch.batch, [slecht], proef.wie(CONTROLEUR))
        assert oordeel.uitslag is Uitslag.AFGEKEURD and oordeel.aantallen[Ernst.ERNSTIG] == 0


def test_a_fault_on_a_page_that_was_not_drawn_rejects_all_the_same(proef: Afrondproef) -> None:
    batch = proef.add_batch(60)
    keuring = proef.show(batch.batch)
    toevallig = next(n for n in range(1, 61) if n not in {p.pagina for p in keuring.paginas})
    log_id = keuring.paginas[0].log_id
    met_fout = Paginaoordeel(log_id, toevallig, ("ontbrekende_pagina",))
    for geen in (Paginaoordeel(log_id, 61, ("scheef",)), Paginaoordeel(log_id, toevallig)):
        with pytest.raises(OordeelError, match="hoort"):
            afronding.keur(proef.basis, batch.batch, [geen], proef.wie(CONTROLEUR))
    oordeel = afronding.keur(proef.basis, batch.batch, [met_fout], proef.wie(CONTROLEUR))
    assert oordeel.uitslag is Uitslag.AFGEKEURD
    assert "gemarkeerde pagina" in oordeel.redenen[0] and oordeel.aantallen[Ernst.KRITIEK] == 0


def test_two_verdicts_on_one_page_are_refused(proef: Afrondproef) -> None:
    batch = proef.add_batch(3)
    pagina = proef.show(batch.batch).paginas[0]
    twee = [Paginaoordeel(pagina.log_id, pagina.pagina, (code,)) for code in ("onleesbaar", "scheef")]
    with pytest.raises(OordeelError, match="twee oordelen"):
        afronding.keur(proef.basis, batch.batch, twee, proef.wie(CONTROLEUR))


# --- who, and when ------------------------------------------------------------------------------------------------


def test_who_had_a_part_or_no_mandaat_does_not_judge(proef: Afrondproef) -> None:
    batch = proef.add_batch(1, scanoperator=CONTROLEUR_2.upper())
    proef.show(batch.batch)
    with db.begin(proef.basis.engine) as session:
        for naam in (CONTROLEUR_2, EEN):
            keuring = keuren.load_keuring(session, storage.load_batch(session, batch.batch))
            assert keuring is not None
            keuren.mark_seen(session, keuring.trekking, proef.wie(naam))
    for naam, zin in (
        (CONTROLEUR_2, "scande of bewerkte"),
        (EEN, "geen mandaat als controleur"),
        (SCANOPERATOR, "geen mandaat"),
        (ARCHIVARIS, "geen mandaat"),
    ):
        with pytest.raises(GeenMandaatError, match=zin):
            afronding.keur(proef.basis, batch.batch, [], proef.wie(naam))


def test_an_editor_does_not_judge(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    proef.show(batch.batch)
    with db.begin(proef.basis.engine) as session:
        actor = storage.load_actor(session, CONTROLEUR, "persoon")
        rij = storage.lock_batch(session, batch.batch)
        storage.add_bewerking(session, rij, actor, Bewerkingsoort.DRAAI, {}, {})
    with pytest.raises(GeenMandaatError, match="scande of bewerkte"):
        afronding.keur(proef.basis, batch.batch, [], proef.wie(CONTROLEUR))


def test_nobody_judges_as_long_as_it_is_not_known_who_scanned(proef: Afrondproef) -> None:
    batch = proef.add_batch(1, scanoperator="onbekend")
    proef.show(batch.batch)
    with pytest.raises(GeenMandaatError, match="scanstraat scanoperator"):
        afronding.keur(proef.basis, batch.batch, [], proef.wie(CONTROLEUR))


def test_what_was_not_shown_is_not_judged(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    with pytest.raises(NietMogelijkError, match="nog geen steekproef"):
        afronding.keur(proef.basis, batch.batch, [], proef.wie(CONTROLEUR))
    proef.show(batch.batch)
    with pytest.raises(NietMogelijkError, match="nog niet bekeken"):
        afronding.keur(proef.basis, batch.batch, [], proef.wie(CONTROLEUR_2))


def test_a_proof_of_long_ago_is_none(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    proef.show(batch.batch)
    oud = proef.wie(CONTROLEUR)
    with pytest.raises(AanmeldingError, match="opnieuw aan"):
        afronding.keur(
            proef.basis, batch.batch, [], personen.Aangemeld(oud.persoon_id, oud.naam, oud.op - 2 * personen.GELDIG)
        )


def test_a_batch_is_judged_once(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    proef.approve(batch.batch)
    with pytest.raises(NietMogelijkError, match="al gekeurd"):
        proef.approve(batch.batch, naam=CONTROLEUR_2)


def test_what_changed_since_the_draw_is_not_judged(proef: Afrondproef) -> None:
    batch = proef.add_batch(2)
    proef.show(batch.batch)
    proef.herscan(batch.documenten[0], 1)
    with pytest.raises(NietMogelijkError, match="nog geen steekproef"):
        afronding.keur(proef.basis, batch.batch, [], proef.wie(CONTROLEUR))
    afronding.trek(proef.basis, batch.batch)
    with pytest.raises(NietMogelijkError, match="nog niet bekeken"):  # other pages than they were shown
        afronding.keur(proef.basis, batch.batch, [], proef.wie(CONTROLEUR))


def test_a_batch_that_is_not_delivered_is_not_drawn(proef: Afrondproef) -> None:
    batch = proef.add_batch(1)
    with db.begin(proef.basis.engine) as session:
        rij = storage.lock_batch(session, batch.batch)
        document = storage.load_document(session, batch.documenten[0])
        document.koppelstatus, document.zaakidentificatie = "te_koppelen", None
        session.add(document)
    with pytest.raises(NietMogelijkError, match="nog niet geleverd"):
        afronding.trek(proef.basis, batch.batch)
    with db.read(proef.basis.engine) as session:  # nor bound: what waits for its zaak is no uitzondering
        assert session.exec(select(BindingRow).where(BindingRow.batch_id == rij.id)).first() is None


# --- rejected, repaired, and again --------------------------------------------------------------------------------


def test_a_rejected_batch_is_scanned_again_and_drawn_again(eigen: Afrondproef) -> None:
    batch = eigen.add_batch(3, 2)
    eigen.add_besluit()
    oordeel = reject(eigen, batch)
    assert oordeel.uitslag is Uitslag.AFGEKEURD and "kritieke fout" in oordeel.redenen[0]
    assert find_status(eigen, batch.batch) is Batchstatus.AFGEKEURD
    eigen.herscan(batch.documenten[0], 1)
    assert find_status(eigen, batch.batch) is Batchstatus.GELEVERD
    eigen.approve(batch.batch)
    assert find_status(eigen, batch.batch) is Batchstatus.GOEDGEKEURD
    with db.read(eigen.basis.engine) as session:
        oordelen = session.exec(select(OordeelRow).order_by(col(OordeelRow.op))).all()
        trekkingen = find_trekkingen(session, batch.batch)
    assert [rij.uitslag for rij in oordelen] == ["afgekeurd", "goedgekeurd"]
    assert list(oordelen[0].oordeel["toelichtingen"].values()) == ["vlek over de tekst"]
    assert trekkingen[0].zaad != trekkingen[1].zaad
    assert trekkingen[0].trekking["manifest"] != trekkingen[1].trekking["manifest"]


def test_two_rejected_batches_out_of_five_tighten_the_inspection(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batches = [proef.add_batch(60) for _ in range(4)]
        proef.add_besluit(steekproef=KLEIN)
        reject(proef, batches[0])
        proef.herscan(batches[0].documenten[0], 1)
        reject(proef, batches[0])  # a re-check says nothing new about the scanner
        proef.approve(batches[1].batch)
        assert proef.show(batches[2].batch).plan.strengheid is Strengheid.NORMAAL
        reject(proef, batches[2])
        assert proef.show(batches[3].batch).plan.strengheid is Strengheid.VERSCHERPT


# --- under which besluit ------------------------------------------------------------------------------------------


def test_what_falls_outside_the_besluit_is_left_out_before_the_batch_is_drawn(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit(reikwijdte=Reikwijdte(zaaktypen=("Vergunning",)))
        with pytest.raises(NietMogelijkError, match="geen documenten om te vervangen"):
            afronding.trek(proef.basis, batch.batch)
        with db.read(proef.basis.engine) as session:
            assert storage.find_uitzonderingen(session, batch.batch) == {batch.documenten[0]}
            assert not session.exec(select(TrekkingRow)).all()


def test_an_approval_by_another_sample_plan_does_not_hold_after_rebinding(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(60)
        proef.add_besluit(steekproef=KLEIN)
        proef.add_besluit(steekproef=KLEIN, nummer="2026-18")
        proef.add_besluit(nummer="2026-19")
        proef.bind(batch.batch, "2026-17")
        proef.approve(batch.batch)
        proef.bind(batch.batch, "2026-18")
        assert find_status(proef, batch.batch) is Batchstatus.GOEDGEKEURD
        proef.bind(batch.batch, "2026-19")
        assert find_status(proef, batch.batch) is Batchstatus.GELEVERD
        assert proef.show(batch.batch).plan.alles


# --- at the same time ---------------------------------------------------------------------------------------------


def test_of_two_approvals_at_the_same_time_one_counts(eigen: Afrondproef) -> None:
    batch = eigen.add_batch(2)
    eigen.add_besluit()
    namen = (CONTROLEUR, CONTROLEUR_2)
    for naam in namen:
        eigen.show(batch.batch, naam)
    samen = threading.Barrier(len(namen))

    def keur(naam: str) -> str:
        samen.wait()
        try:
            afronding.keur(eigen.basis, batch.batch, [], eigen.wie(naam))
        except NietMogelijkError as exc:
            return str(exc)
        return ""

    with ThreadPoolExecutor(len(namen)) as groep:
        uitkomsten = sorted(groep.map(keur, namen))
    assert uitkomsten[0] == "" and "al gekeurd" in uitkomsten[1]
