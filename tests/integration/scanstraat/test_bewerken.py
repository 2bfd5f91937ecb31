"""What people do to a batch leaves a trail, makes a new versie and can be taken back; the count always balances."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import img2pdf
import pikepdf
import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import aflevering, archiveren, batchstatus, bewerken, db, personen, rapport, storage
from scanstraat import opstelling as o
from scanstraat.bootstrap import open_basis
from scanstraat.cli import app
from scanstraat.config import Nakijken, read_config
from scanstraat.domain import Batchstatus, Bestemming, Bewerkingsoort, Fase, Weglaatreden
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.intake import bijscan
from scanstraat.intake.ontleden import measure_bron
from scanstraat.tables import (
    ActorRow,
    BevindingRow,
    BewerkingRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    StapRow,
)
from scanstraat.werk import Werkbank
from tests.builders import Batchproef, archive, build_batch, build_persoon, build_vingerafdruk, save_beeld


def leave_out(session: Session, werkbank: Werkbank, proef: Batchproef, plek: int) -> bewerken.Bewerkt:
    batch = storage.load_batch(session, proef.batch)
    return bewerken.bewerk(
        session,
        werkbank,
        batch,
        build_persoon(session),
        Bewerkingsoort.WEGLATEN,
        {"blad": plek},
        lambda opstelling: o.leave_out(opstelling, [proef.beelden[plek]], Weglaatreden.BLANCO),
    )


def test_a_page_that_is_left_out_makes_a_new_versie_of_its_document_alone(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        leave_out(session, werkbank, proef, 1)
    with db.read(engine) as session:
        versies = session.exec(select(DocumentversieRow).order_by(col(DocumentversieRow.n))).all()
        assert [(v.document_id, v.n, v.reden) for v in versies if v.n == 2] == [(proef.documenten[0], 2, "weglaten")]
        nieuw = storage.load_versie(session, storage.latest_versie(session, proef.documenten[0]).id)
        assert [p.beeld_id for p in nieuw.paginas] == [proef.beelden[0], proef.beelden[2]]
        telling = storage.bladtelling_of(storage.load_batch(session, proef.batch))
        assert (telling.ontvangen, telling.in_documenten, telling.scheidingsbladen, telling.weggelaten) == (7, 4, 2, 1)
        assert session.exec(select(StapRow.item_id).where(StapRow.fase == Fase.ARCHIVEER.value)).all() == [nieuw.id]
        soorten = session.exec(select(GebeurtenisRow.soort).order_by(col(GebeurtenisRow.volgnummer))).all()
        assert soorten[-2:] == ["bewerking", "documentversie.gemaakt"]


def test_undo_brings_the_page_back_and_keeps_both_bewerkingen(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        voor = storage.load_opstelling(session, proef.batch)
        leave_out(session, werkbank, proef, 1)
        leave_out(session, werkbank, proef, 3)
        batch = storage.load_batch(session, proef.batch)
        for _ in range(2):
            bewerken.undo(session, werkbank, batch, build_persoon(session))
        assert storage.load_opstelling(session, proef.batch) == voor
        with pytest.raises(NietMogelijkError, match="niets meer"):
            bewerken.undo(session, werkbank, batch, build_persoon(session))
    with db.read(engine) as session:
        soorten = session.exec(select(BewerkingRow.soort).order_by(col(BewerkingRow.nummer))).all()
        assert soorten == ["weglaten", "weglaten", "ongedaan", "ongedaan"]
        assert storage.latest_versie(session, proef.documenten[0]).n == 3


def turn(session: Session, werkbank: Werkbank, proef: Batchproef, plek: int) -> bewerken.Bewerkt:
    batch, beelden = storage.load_batch(session, proef.batch), [proef.beelden[plek]]
    persoon = build_persoon(session)
    return bewerken.bewerk(
        session, werkbank, batch, persoon, Bewerkingsoort.DRAAI, {}, lambda opstelling: o.turn(opstelling, beelden, 90)
    )


def insert(session: Session, werkbank: Werkbank, proef: Batchproef) -> UUID:
    """Add a page behind the first; return its beeld."""
    batch = storage.load_batch(session, proef.batch)
    bron = session.exec(select(BronRow).where(BronRow.batch_id == batch.id)).one()
    nieuw = save_beeld(session, batch, bron, 8, None).id
    persoon = build_persoon(session)
    bewerken.bewerk(
        session,
        werkbank,
        batch,
        persoon,
        Bewerkingsoort.INVOEGEN,
        {},
        lambda op: o.insert(op, [nieuw], proef.beelden[0]),
    )
    return nieuw


def find_seen(session: Session, proef: Batchproef, plek: int = 0) -> frozenset[int]:
    versie = storage.latest_versie(session, proef.documenten[plek])
    return storage.find_seen_pages(session, storage.load_versie(session, versie.id))


def test_the_line_looks_how_a_page_lies_until_it_was_archived_or_a_person_turned_it(
    engine: Engine, werkbank: Werkbank
) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        assert find_seen(session, proef) == frozenset()
        leave_out(session, werkbank, proef, 2)
        assert find_seen(session, proef) == frozenset(), "nobody looked at the pages that stayed"
        turn(session, werkbank, proef, 1)
        assert find_seen(session, proef) == {2}
        archive(session, storage.latest_versie(session, proef.documenten[0]).id)
        insert(session, werkbank, proef)
        assert find_seen(session, proef) == {1, 3}, "the page that was inserted is new"
        assert find_seen(session, proef, 1) == frozenset()


def test_a_turn_that_ocr_finds_does_not_undo_what_a_person_did_meanwhile(engine: Engine, werkbank: Werkbank) -> None:
    lijn: Any = SimpleNamespace(engine=engine)
    with db.begin(engine) as session:
        proef = build_batch(session)
    with db.read(engine) as session:
        opdracht = archiveren.load_opdracht(session, proef.versies[0])
    gelezen = archiveren.Tekstlaag(
        build_vingerafdruk(b""), tuple(archiveren.Paginatekst(n, draai_graden=180) for n in (1, 2, 3)), ()
    )
    with db.begin(engine) as session:
        turn(session, werkbank, proef, 0)
    assert archiveren.turn_upright(lijn, opdracht, gelezen) is opdracht
    with db.read(engine) as session:
        assert [p.draai_graden for p in storage.load_opstelling(session, proef.batch)[1:4]] == [90, 0, 0]
        tweede = archiveren.load_opdracht(session, storage.latest_versie(session, proef.documenten[0]).id)
    gedraaid = archiveren.turn_upright(lijn, tweede, gelezen)
    assert [pagina.draai_graden for pagina in gedraaid.versie.paginas] == [180, 180, 180]


def test_a_page_that_was_inserted_stays_counted_when_that_and_more_is_undone(
    engine: Engine, werkbank: Werkbank
) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        batch, persoon = storage.load_batch(session, proef.batch), build_persoon(session)
        voor = storage.load_opstelling(session, proef.batch)
        leave_out(session, werkbank, proef, 1)
        nieuw = insert(session, werkbank, proef)
        for _ in range(2):
            bewerken.undo(session, werkbank, batch, persoon)
        *terug, erbij = storage.load_opstelling(session, batch.id)
        assert tuple(terug) == voor
        assert (erbij.beeld_id, erbij.bestemming, erbij.weglaattekst) == (
            nieuw,
            Bestemming.WEGGELATEN,
            "Invoegen is ongedaan gemaakt.",
        )
        telling = storage.bladtelling_of(batch)
        assert (telling.ontvangen, telling.weggelaten, telling.sluitend) == (8, 1, True)


def test_a_batch_of_which_the_bytes_came_before_waits_for_a_person_whatever_the_profile_says(
    engine: Engine, werkbank: Werkbank
) -> None:
    for nakijken in ("nooit", "bij_bevinding"):
        with db.begin(engine) as session:
            eerste = build_batch(session, paginas=(1,), nakijken=nakijken)
            proef = build_batch(session, paginas=(1,), nakijken=nakijken)
            batch = storage.load_batch(session, proef.batch)
            batch.dubbel_van = eerste.batch
            session.add(batch)
            session.flush()
            archive(session, proef.versies[0])
            assert aflevering.plan_afleveringen(session, werkbank, batch) == 0
            bewerken.report_ready(session, werkbank, batch, build_persoon(session))
            gepland = session.exec(select(StapRow.item_id).where(StapRow.fase == Fase.LEVER_AF.value)).all()
            assert proef.versies[0] in gepland


def test_a_joined_document_disappears_and_a_split_brings_a_new_one(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        batch, persoon = storage.load_batch(session, proef.batch), build_persoon(session)
        eerste, tweede = proef.documenten
        bewerken.bewerk(
            session,
            werkbank,
            batch,
            persoon,
            Bewerkingsoort.VOEGSAMEN,
            {},
            lambda p: o.join_documents(p, eerste, tweede),
        )
        assert [d.id for d in storage.load_documenten(session, batch.id)] == [eerste]
        nieuw = DocumentRow(batch_id=batch.id, volgorde=9, koppelstatus="te_koppelen", koppelredenen=[]).id
        bewerken.bewerk(
            session,
            werkbank,
            batch,
            persoon,
            Bewerkingsoort.SPLITS,
            {},
            lambda p: o.split_document(p, proef.beelden[3], nieuw),
        )
        documenten = storage.load_documenten(session, batch.id)
        assert [d.id for d in documenten] == [eerste, nieuw]
        assert documenten[1].zaakidentificatie == "ZAAK-2026-000123"  # inherited from the document it was cut from
        assert storage.bladtelling_of(batch).sluitend


def test_a_batch_waits_for_its_last_document_unless_the_profile_says_nooit(engine: Engine, werkbank: Werkbank) -> None:
    gevallen: tuple[tuple[Nakijken, list[int]], ...] = (("bij_bevinding", [0, 2]), ("nooit", [1, 1]))
    for nakijken, verwacht in gevallen:
        with db.begin(engine) as session:
            proef = build_batch(session, nakijken=nakijken)
            batch = storage.load_batch(session, proef.batch)
            gepland = []
            for versie in proef.versies:
                archive(session, versie)
                gepland.append(aflevering.plan_afleveringen(session, werkbank, batch))
            assert gepland == verwacht


def test_a_document_goes_nowhere_without_both_proofs_or_without_a_zaak(engine: Engine, werkbank: Werkbank) -> None:
    for zaak, conform, getrouw in ((None, True, True), ("Z1", False, True), ("Z1", True, False)):
        with db.begin(engine) as session:
            proef = build_batch(session, paginas=(1,), zaak=zaak)
            archive(session, proef.versies[0], conform=conform, getrouw=getrouw)
            batch = storage.load_batch(session, proef.batch)
            assert aflevering.plan_afleveringen(session, werkbank, batch) == 0


def test_altijd_waits_for_klaarmelden_and_a_delivery_is_planned_once(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(1,), nakijken="altijd")
        batch = storage.load_batch(session, proef.batch)
        archive(session, proef.versies[0])
        assert aflevering.plan_afleveringen(session, werkbank, batch) == 0
        bewerken.report_ready(session, werkbank, batch, build_persoon(session))
        bewerken.report_ready(session, werkbank, batch, build_persoon(session))
        stappen = session.exec(select(StapRow).where(StapRow.fase == Fase.LEVER_AF.value)).all()
        assert [stap.item_id for stap in stappen] == [proef.versies[0]]
        assert session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "batch.klaargemeld")).all()


def test_under_altijd_a_bewerking_after_klaarmelden_holds_the_batch_again(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        gevallen: tuple[tuple[Nakijken, bool], ...] = (("altijd", False), ("bij_bevinding", True))
        for nakijken, vrij in gevallen:
            proef = build_batch(session, nakijken=nakijken)
            batch = storage.load_batch(session, proef.batch)
            bewerken.report_ready(session, werkbank, batch, build_persoon(session))
            batch.klaargemeld_op = "2099-03-02T08:00:00.000Z"  # the clock was set back since
            storage.add_bewerking(session, batch, build_persoon(session), Bewerkingsoort.SCANOPERATOR, {}, {})
            session.flush()
            assert storage.is_vrij(session, batch)
            leave_out(session, werkbank, proef, 1)
            assert storage.is_vrij(session, batch) is vrij
            bewerken.report_ready(session, werkbank, batch, build_persoon(session, "persoon-2"))
            assert storage.is_vrij(session, batch)


def test_reporting_ready_twice_says_that_nothing_was_new(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        batch, persoon = storage.load_batch(session, proef.batch), build_persoon(session)
        assert bewerken.report_ready(session, werkbank, batch, persoon) == ()
        (weetje,) = bewerken.report_ready(session, werkbank, batch, persoon)
        assert "al klaargemeld" in weetje
        klaar = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "batch.klaargemeld")).all()
        assert len(klaar) == 1


def test_what_is_found_after_klaarmelden_holds_the_batch_until_it_is_reported_ready_again(
    engine: Engine, werkbank: Werkbank
) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(1,), nakijken="bij_bevinding")
        batch = storage.load_batch(session, proef.batch)
        bewerken.report_ready(session, werkbank, batch, build_persoon(session))
        archive(session, proef.versies[0])
        storage.save_bevindingen(session, [Bevinding("proef", Ernst.ERNSTIG, "Kijk.")], batch_id=batch.id)
        assert aflevering.plan_afleveringen(session, werkbank, batch) == 0
        assert batchstatus.find_batchstatus(session, batch) is Batchstatus.NAKIJKEN
        bewerken.report_ready(session, werkbank, batch, build_persoon(session))
        assert session.exec(select(StapRow.item_id).where(StapRow.fase == Fase.LEVER_AF.value)).all() == [
            proef.versies[0]
        ]
        assert not storage.has_open_serious(session, batch.id)
        klaar = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "batch.klaargemeld")).all()
        assert len(klaar) == 2


def test_a_finding_stands_on_the_page_where_its_sheet_is_now(engine: Engine, werkbank: Werkbank) -> None:
    def find_plaats(session: Session) -> tuple[str | None, str | None, int | None]:
        (rij,) = storage.load_bevindingen(session, proef.batch)
        gevonden = rapport.build_bevinding(session, rij)
        return gevonden["document"], gevonden["blad"], gevonden["pagina"]

    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(1, 1))
        batch, persoon = storage.load_batch(session, proef.batch), build_persoon(session)
        een, twee = proef.documenten
        bevinding = Bevinding("proef", Ernst.LICHT, "Kijk.")
        storage.save_bevindingen(session, [bevinding], batch_id=batch.id, beeld_id=proef.beelden[1])
        begin = find_plaats(session)
        assert (begin[0], begin[2]) == (str(twee), 1)
        bewerken.bewerk(
            session, werkbank, batch, persoon, Bewerkingsoort.VOEGSAMEN, {}, lambda p: o.join_documents(p, een, twee)
        )
        assert find_plaats(session) == (str(een), begin[1], 2)
        bewerken.undo(session, werkbank, batch, persoon)
        assert find_plaats(session) == begin


def test_an_archived_versie_cannot_be_changed_any_more(engine: Engine) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        archive(session, proef.versies[0])
    with pytest.raises(Exception, match="gearchiveerd"), db.begin(engine) as session:
        versie = session.get_one(DocumentversieRow, proef.versies[0])
        versie.getrouw = False
        session.add(versie)


def test_who_scanned_is_not_taken_back_by_undo(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        batch, persoon = storage.load_batch(session, proef.batch), build_persoon(session)
        voor = storage.load_opstelling(session, batch.id)
        leave_out(session, werkbank, proef, 1)
        storage.add_bewerking(session, batch, persoon, Bewerkingsoort.SCANOPERATOR, {}, {"scanoperator": "onbekend"})
        personen.save_scanoperator(session, batch, "Bas", door=persoon)
        bewerken.undo(session, werkbank, batch, persoon)
        assert storage.load_opstelling(session, batch.id) == voor
        with pytest.raises(NietMogelijkError, match="niets meer"):
            bewerken.undo(session, werkbank, batch, persoon)
        assert batch.scanoperator == "Bas"


def test_a_page_that_came_in_since_keeps_its_turn_when_it_is_taken_back() -> None:
    nieuw = o.Plaatsing(uuid4(), Bestemming.DOCUMENT, uuid4(), draai_graden=90)
    (terug,) = bewerken.restore((nieuw,), {"plaatsingen": []})
    assert (terug.beeld_id, terug.bestemming, terug.draai_graden) == (nieuw.beeld_id, Bestemming.WEGGELATEN, 90)


def test_a_batch_whose_kept_count_is_not_what_it_holds_is_not_reported_ready(
    engine: Engine, werkbank: Werkbank
) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        for (trekker,) in session.connection().exec_driver_sql(
            "select name from sqlite_master where type = 'trigger' and tbl_name = 'batch'"
        ):
            session.connection().exec_driver_sql(f"drop trigger {trekker}")
        session.connection().exec_driver_sql("update batch set ontvangen = ontvangen + 1, weggelaten = weggelaten + 1")
        batch = storage.load_batch(session, proef.batch)
        session.refresh(batch)
        with pytest.raises(NietMogelijkError, match="bladtelling"):
            bewerken.report_ready(session, werkbank, batch, build_persoon(session))
        assert batch.klaargemeld_op is None


def test_who_cancels_a_stap_or_tries_it_again_is_an_event_of_the_batch(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[algemeen]\ngegevensmap = "data"\n')
    with open_basis(read_config(config)) as basis, db.begin(basis.engine) as session:
        proef = build_batch(session)
        stap_id = basis.werkbank.enqueue(session, Fase.ARCHIVEER, item_id=proef.versies[0], batch_id=proef.batch)
    for wat, door in (("annuleer", "Els"), ("opnieuw", "Bas")):
        uitslag = CliRunner().invoke(app, ["--config", str(config), "stappen", wat, str(stap_id), "--door", door])
        assert uitslag.exit_code == 0, uitslag.output
    with open_basis(read_config(config)) as basis, db.read(basis.engine) as session:
        gebeurtenissen = session.exec(
            select(GebeurtenisRow, ActorRow)
            .where(GebeurtenisRow.actor_log_id == ActorRow.log_id, col(GebeurtenisRow.soort).startswith("stap."))
            .order_by(col(GebeurtenisRow.volgnummer))
        ).all()
        assert [(g.soort, a.naam, a.soort, g.gegevens) for g, a in gebeurtenissen] == [
            ("stap.geannuleerd", "Els", "persoon", {"fase": "archiveer", "generatie": 1}),
            ("stap.opnieuw", "Bas", "persoon", {"fase": "archiveer", "generatie": 2}),
        ]
        batch = storage.load_batch(session, proef.batch)
        assert {g.onderwerp_log_id for g, _ in gebeurtenissen} == {batch.log_id}


def test_the_back_of_a_scheidingsblad_can_be_made_a_document_and_undone(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        batch, persoon = storage.load_batch(session, proef.batch), build_persoon(session)
        voor = storage.load_opstelling(session, batch.id)
        rug, nieuw = voor[0].beeld_id, uuid4()
        assert voor[0].bestemming is Bestemming.SCHEIDINGSBLAD

        def own(opstelling: o.Opstelling) -> o.Opstelling:
            return o.split_document(opstelling, rug, nieuw)

        bewerken.bewerk(session, werkbank, batch, persoon, Bewerkingsoort.SPLITS, {}, own)
        telling = storage.bladtelling_of(batch)
        assert (telling.in_documenten, telling.scheidingsbladen, telling.sluitend) == (6, 1, True)
        versie = storage.load_versie(session, storage.latest_versie(session, nieuw).id)
        assert [pagina.beeld_id for pagina in versie.paginas] == [rug]
        bewerken.undo(session, werkbank, batch, persoon)
        assert storage.load_opstelling(session, batch.id) == voor


def test_pages_that_go_to_another_zaak_are_said(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        batch, persoon = storage.load_batch(session, proef.batch), build_persoon(session)
        een, twee = proef.documenten

        def move(opstelling: o.Opstelling) -> o.Opstelling:
            return o.move(opstelling, proef.beelden[0], proef.beelden[3])

        zelfde = bewerken.bewerk(session, werkbank, batch, persoon, Bewerkingsoort.VERPLAATS, {}, move)
        assert zelfde.andere_zaak == ()
        bewerken.undo(session, werkbank, batch, persoon)
        storage.load_document(session, twee).zaakidentificatie = "ZAAK-2026-000999"
        anders = bewerken.bewerk(session, werkbank, batch, persoon, Bewerkingsoort.VERPLAATS, {}, move)
        assert anders.andere_zaak == (("ZAAK-2026-000123", "ZAAK-2026-000999"),)
        storage.load_document(session, een).koppelstatus = "te_koppelen"
        samen = bewerken.bewerk(
            session, werkbank, batch, persoon, Bewerkingsoort.VOEGSAMEN, {}, lambda op: o.join_documents(op, twee, een)
        )
        assert samen.andere_zaak == ((None, "ZAAK-2026-000999"),)


def test_a_batch_without_any_document_never_counts_as_delivered(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=())
        batch = storage.load_batch(session, proef.batch)
        assert batchstatus.find_batchstatus(session, batch) is Batchstatus.NAKIJKEN
        weetjes = bewerken.report_ready(session, werkbank, batch, build_persoon(session))
        assert any("geen enkel document" in weetje for weetje in weetjes)
        assert batchstatus.find_batchstatus(session, batch) is Batchstatus.STILGEZET


def test_work_that_was_cancelled_and_is_needed_is_said_until_it_goes_on(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(1,))
        turn(session, werkbank, proef, 0)
        (stap,) = session.exec(select(StapRow)).all()
    werkbank.annuleer(stap.id)
    with db.begin(engine) as session:
        batch = storage.load_batch(session, proef.batch)
        assert batchstatus.find_batchstatus(session, batch) is Batchstatus.STILGEZET
        assert [rij["id"] for rij in rapport.build_stappen(session)] == [str(stap.id)]
        weetjes = bewerken.report_ready(session, werkbank, batch, build_persoon(session))
        assert any("1 stap is geannuleerd" in weetje for weetje in weetjes)
        assert list(session.exec(storage.select_stilgezet())) == [stap.id]
        turn(session, werkbank, proef, 0)  # a newer versie: the old one is not needed any more
        assert list(session.exec(storage.select_stilgezet())) == []
        tweede = session.exec(select(StapRow.id).where(StapRow.status == "wacht")).one()
    werkbank.annuleer(tweede)
    with db.begin(engine) as session:
        assert list(session.exec(storage.select_stilgezet())) == [tweede]
        bewerken.retry_stap(session, werkbank, tweede, build_persoon(session))
        assert list(session.exec(storage.select_stilgezet())) == []


def test_what_was_wrong_with_an_older_file_is_withdrawn_by_a_newer_one(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        oud = storage.load_versie(session, proef.versies[0])
        for code in ("tekst_onzeker", "zaak_onbekend"):
            bevinding = Bevinding(code, Ernst.LICHT, "Proef.")
            storage.save_bevindingen(session, [bevinding], batch_id=proef.batch, documentversie_id=oud.id)
        leave_out(session, werkbank, proef, 1)
        nieuw = storage.load_versie(session, storage.latest_versie(session, proef.documenten[0]).id)
        actor = storage.load_actor(session, "archivering")
        storage.withdraw_of_older(session, oud, archiveren.BESTANDSBEVINDINGEN, door=actor)
        assert [b.code for b in storage.load_bevindingen(session, proef.batch) if b.vervallen_op] == []
        storage.withdraw_of_older(session, nieuw, archiveren.BESTANDSBEVINDINGEN, door=actor)
        assert [b.code for b in storage.load_bevindingen(session, proef.batch) if b.vervallen_op] == ["tekst_onzeker"]


@pytest.mark.parametrize("nummer", ["²", "٣", "9" * 20, "B-2026-²", "", "-1"])
def test_what_is_no_number_is_a_batch_or_a_sheet_that_is_not_there(engine: Engine, nummer: str) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session)
        with pytest.raises(NietGevondenError):
            storage.find_batch(session, nummer)
        with pytest.raises(NietGevondenError):
            bewerken.find_beeld(session, storage.load_batch(session, proef.batch), nummer)


def test_others_go_on_while_a_scan_that_is_added_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instellingen, scan = tmp_path / "config.toml", tmp_path / "scan.png"
    instellingen.write_text('[[scanmap]]\nnaam = "post"\nmap = "scanmap"\n', encoding="utf-8")
    Image.radial_gradient("L").resize((1654, 2339)).save(scan, dpi=(200, 200))
    with open_basis(read_config(instellingen)) as basis:
        with db.begin(basis.engine) as session:
            build_batch(session)
        gemeten: list[str] = []

        def measure(*args: Any) -> Any:
            with db.begin(basis.engine) as session:  # a colleague; it would wait for 30 s and fail
                gemeten.append(storage.lock_batch(session, storage.find_batch(session, "1").id).nummer)
            return measure_bron(*args)

        monkeypatch.setattr(bijscan, "measure_bron", measure)
        opdracht = ["--config", str(instellingen), "bewerk", "1", "vervang", "2", str(scan), "--door", "persoon-1"]
        uitslag = CliRunner().invoke(app, opdracht)
        assert uitslag.exit_code == 0, uitslag.output
        assert gemeten == ["B-2026-0001"]


@pytest.mark.parametrize("woorden", [["invoegen", "{scan}", "--na", "2"], ["vervang", "2", "{scan}"]])
def test_a_scan_that_is_added_lies_as_its_file_says(tmp_path: Path, woorden: list[str]) -> None:
    instellingen, scan = tmp_path / "config.toml", tmp_path / "scan.pdf"
    instellingen.write_text('[[scanmap]]\nnaam = "post"\nmap = "scanmap"\n', encoding="utf-8")
    Image.radial_gradient("L").resize((1654, 2339)).save(tmp_path / "scan.png", dpi=(200, 200))
    with pikepdf.open(io.BytesIO(img2pdf.convert(str(tmp_path / "scan.png")))) as pdf:
        pdf.pages[0].rotate(90, relative=False)
        pdf.save(scan)
    with open_basis(read_config(instellingen)) as basis:
        with db.begin(basis.engine) as session:
            proef = build_batch(session)
        delen = [deel.replace("{scan}", str(scan)) for deel in woorden]
        opdracht = ["--config", str(instellingen), "bewerk", "1", *delen, "--door", "persoon-1"]
        uitslag = CliRunner().invoke(app, opdracht)
        assert uitslag.exit_code == 0, uitslag.output
        with db.read(basis.engine) as session:
            versie = storage.load_versie(session, storage.latest_versie(session, proef.documenten[0]).id)
            assert [pagina.draai_graden for pagina in versie.paginas if pagina.beeld_id not in proef.beelden] == [90]


@pytest.mark.parametrize("opdracht", [["2", "invoegen", "{scan}", "--na", "2"], ["2", "vervang", "2", "{scan}"]])
def test_bytes_that_came_before_may_be_added_by_hand_but_it_is_said_and_holds_the_batch(
    tmp_path: Path, opdracht: list[str]
) -> None:
    instellingen, scan = tmp_path / "config.toml", tmp_path / "scan.png"
    instellingen.write_text('[[scanmap]]\nnaam = "post"\nmap = "scanmap"\n', encoding="utf-8")
    Image.radial_gradient("L").resize((1654, 2339)).save(scan, dpi=(200, 200))
    with open_basis(read_config(instellingen)) as basis:
        with db.begin(basis.engine) as session:
            build_batch(session)
            tweede = build_batch(session, nakijken="bij_bevinding").batch

        def run(woorden: list[str]) -> str:
            delen = [deel.replace("{scan}", str(scan)) for deel in woorden]
            uitslag = CliRunner().invoke(app, ["--config", str(instellingen), "bewerk", *delen, "--door", "persoon-1"])
            assert uitslag.exit_code == 0, uitslag.output
            return " ".join(uitslag.output.split())

        assert "al ontvangen" not in run(["1", "invoegen", "{scan}", "--na", "2"])
        assert "hetzelfde bestand is al ontvangen in batch B-2026-0001" in run(opdracht)
        with db.read(basis.engine) as session:
            eerste, *_, laatste = session.exec(
                select(BronRow).where(BronRow.naam == "scan.png").order_by(col(BronRow.ontvangen_op))
            ).all()
            assert laatste.dubbel_van == eerste.id and laatste.batch_id == tweede
            codes = session.exec(select(BevindingRow.code).where(BevindingRow.batch_id == tweede)).all()
            assert "dubbel" in codes
            assert not storage.is_vrij(session, storage.load_batch(session, tweede))
            assert storage.bladtelling_of(storage.load_batch(session, tweede)).sluitend
