"""A document on its way to its zaak, when the zaak closes or a person changes their mind meanwhile."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from sqlmodel import col, select

from scanstraat import aflevering, archiveren, batchstatus, bewerken, db, pipeline, rapport, stops, storage
from scanstraat import opstelling as o
from scanstraat.bootstrap import Basis, Lijn, open_basis
from scanstraat.config import Nakijken, Scanprofiel, read_config
from scanstraat.domain import Batchstatus, Bewerkingsoort, Koppelreden, Weglaatreden
from scanstraat.errors import NietMogelijkError
from scanstraat.intake import ontleden
from scanstraat.intake.koppelen import Zaakstand, bepaal_koppeling
from scanstraat.stops import Over, Stopsoort
from scanstraat.tables import ActorRow, AfleveringRow, BevindingRow, DocumentRow, GebeurtenisRow, StapRow
from scanstraat.werk import Voortgang
from scanstraat.zaaksysteem import Zaak, build_identificatie, register
from scanstraat.zaaksysteem.tables import RegisterInformatieobjectRow, RegisterZaakinformatieobjectRow
from tests.builders import archive, build_batch, build_persoon, build_vingerafdruk

ZAAK, ANDERE = "ZAAK-2026-000123", "ZAAK-2026-000124"
STIL = cast("Voortgang", SimpleNamespace())


@dataclass
class Proef:
    """A batch of one document whose delivery is planned, and the line that would deliver it."""

    basis: Basis
    lijn: Lijn
    document: UUID
    versie: UUID

    def lever(self) -> None:
        pipeline.lever_af(self.lijn, self.versie, STIL)

    def status(self) -> str:
        with db.read(self.basis.engine) as session:
            return session.get_one(DocumentRow, self.document).koppelstatus

    def gekoppeld(self) -> list[str]:
        with db.read(self.basis.engine) as session:
            return list(session.exec(select(RegisterZaakinformatieobjectRow.zaakidentificatie)))

    def set_stap(self, status: str) -> None:
        with db.begin(self.basis.engine) as session:
            stap = session.exec(select(StapRow).where(StapRow.item_id == self.versie)).one()
            stap.status = status
            session.add(stap)

    def stap(self) -> str:
        with db.read(self.basis.engine) as session:
            return session.exec(select(StapRow.status).where(StapRow.item_id == self.versie)).one()

    def find_codes(self) -> list[str]:
        with db.read(self.basis.engine) as session:
            return list(
                session.exec(select(BevindingRow.code).where(col(BevindingRow.documentversie_id) == self.versie))
            )


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Proef]:
    (tmp_path / "config.toml").write_text('[[scanmap]]\nnaam = "post"\nmap = "scanmap"\n', encoding="utf-8")
    with open_basis(read_config(tmp_path / "config.toml")) as basis:
        zaken = [register.NieuweZaak(nummer, "Proef", "Proef") for nummer in (ZAAK, ANDERE)]
        register.save_zaken(basis.engine, zaken, gebruiker="proef")
        pdf = basis.opslag.bewaar(io.BytesIO(b"%PDF-1.7 proef"))
        with db.begin(basis.engine) as session:
            gemaakt = build_batch(session, paginas=(1,), zaak=ZAAK)
            archive(session, gemaakt.versies[0], pdf=pdf)
            batch = storage.load_batch(session, gemaakt.batch)
            assert aflevering.plan_afleveringen(session, basis.werkbank, batch) == 1
        ongebruikt: Any = None  # no phase before delivery runs here
        lijn = Lijn(**vars(basis), zandbak=ongebruikt, ocr=ongebruikt, verapdf=ongebruikt, versies={})
        yield Proef(basis, lijn, gemaakt.documenten[0], gemaakt.versies[0])


def test_a_delivered_document_hangs_on_its_zaak_and_comes_off_it_again(proef: Proef) -> None:
    proef.lever()
    proef.set_stap("klaar")
    assert proef.gekoppeld() == [ZAAK]
    aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1")
    assert (proef.gekoppeld(), proef.status()) == ([], "te_koppelen")


def test_what_the_profile_says_of_the_document_goes_along(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    profiel = Scanprofiel(zaakstatus="Post ontvangen", informatieobjecttype="Bezwaarschrift")
    monkeypatch.setattr(storage, "profiel_of", lambda _batch: profiel)
    with db.begin(proef.basis.engine) as session:
        opdracht = aflevering.begin_aflevering(session, proef.lijn, proef.versie)
    assert opdracht is not None
    gegevens = opdracht.aflevering
    assert (gegevens.zaakstatus, gegevens.informatieobjecttype) == ("Post ontvangen", "Bezwaarschrift")


def test_a_document_whose_zaak_closed_waits_for_another_one(proef: Proef) -> None:
    register.sluit_zaak(proef.basis.engine, ZAAK, einddatum=date(2026, 3, 2), gebruiker="proef")
    proef.lever()
    assert (proef.status(), proef.find_codes(), proef.gekoppeld()) == ("te_koppelen", ["zaak_gesloten"], [])


def test_choosing_a_zaak_answers_that_the_first_was_closed_and_the_batch_needs_no_second_look(proef: Proef) -> None:
    with db.begin(proef.basis.engine) as session:
        batch = storage.load_batch(session, storage.load_document(session, proef.document).batch_id)
        batch.nakijken = "bij_bevinding"
        bewerken.report_ready(session, proef.basis.werkbank, batch, build_persoon(session))
    derde = "ZAAK-2026-000777"
    register.save_zaken(proef.basis.engine, [register.NieuweZaak(derde, "Proef", "Proef")], gebruiker="proef")
    for dicht, volgende in ((ZAAK, ANDERE), (ANDERE, derde)):  # a second closed zaak is told as well
        register.sluit_zaak(proef.basis.engine, dicht, einddatum=date(2026, 3, 2), gebruiker="proef")
        proef.lever()
        with db.begin(proef.basis.engine) as session:
            assert storage.has_open_serious(session, batch.id)
            keuze = Zaak(volgende, "Proef", "Proef", False, volgende)
            aflevering.link(session, proef.basis, proef.document, keuze, "persoon-1")
            assert not storage.has_open_serious(session, batch.id)
    assert proef.find_codes() == ["zaak_gesloten", "zaak_gesloten"]
    proef.lever()
    assert proef.gekoppeld() == [derde]


def test_a_zaak_that_closes_after_the_document_got_there_changes_nothing(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_feiten: object) -> bool:
        raise KeyboardInterrupt  # the answer is lost: the process ends before it is written down

    with monkeypatch.context() as uitval:
        uitval.setattr(aflevering, "save_geleverd", die)
        with pytest.raises(KeyboardInterrupt):
            proef.lever()
    register.sluit_zaak(proef.basis.engine, ZAAK, einddatum=date(2026, 3, 2), gebruiker="proef")
    proef.lever()
    assert (proef.status(), proef.find_codes(), proef.gekoppeld()) == ("gekoppeld", [], [ZAAK])
    with db.read(proef.basis.engine) as session:
        assert session.exec(select(AfleveringRow)).one().bevestigd_op is not None


def test_unlinking_takes_back_a_delivery_whose_answer_was_lost(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_feiten: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as uitval:
        uitval.setattr(aflevering, "save_geleverd", die)
        with pytest.raises(KeyboardInterrupt):
            proef.lever()
    assert proef.gekoppeld() == [ZAAK]
    aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1")
    assert (proef.gekoppeld(), proef.stap()) == ([], "geannuleerd")
    proef.lever()  # the step that was cancelled would find nothing to do
    assert proef.gekoppeld() == []


def place_on_zaak(proef: Proef) -> None:
    with db.begin(proef.basis.engine) as session:
        door = storage.load_actor(session, "persoon-1", "persoon")
        stops.place_stop(session, Stopsoort.WOO_VERZOEK, Over.ZAAK, ZAAK.lower(), "verzoek 12", door=door)


def find_stops(proef: Proef) -> list[tuple[str, str]]:
    with db.read(proef.basis.engine) as session:
        gevonden = stops.find_stops(session, [(Over.DOCUMENT, str(proef.document))])
        return [(stop.soort, stop.reden) for stop in gevonden if stop.over == Over.DOCUMENT]


def test_a_stop_on_the_zaak_goes_along_with_the_document(proef: Proef) -> None:
    """It is on the paper; a document that was linked wrongly may still go to where it belongs."""
    proef.lever()
    proef.set_stap("klaar")
    place_on_zaak(proef)
    (meegegaan,) = aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1").stops
    assert (meegegaan.soort, meegegaan.onderwerp) == ("woo_verzoek", str(proef.document))
    assert find_stops(proef) == [("woo_verzoek", "verzoek 12")]
    zaak = proef.basis.zaaksysteem.find_zaak(ZAAK)
    assert zaak is not None
    with db.begin(proef.basis.engine) as session:
        aflevering.link(session, proef.basis, proef.document, zaak, "persoon-1")
    assert aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1").stops == ()  # it has it already


def test_a_stop_that_comes_while_the_document_leaves_goes_along(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.lever()
    proef.set_stap("klaar")
    echt = type(proef.basis.zaaksysteem).ontkoppel

    def ontkoppel(self: object, *feiten: object, **wie: object) -> object:
        gedaan = echt(self, *feiten, **wie)  # type: ignore[arg-type]
        place_on_zaak(proef)
        return gedaan

    monkeypatch.setattr(type(proef.basis.zaaksysteem), "ontkoppel", ontkoppel)
    assert len(aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1").stops) == 1
    assert find_stops(proef) == [("woo_verzoek", "verzoek 12")]


def test_a_document_that_is_on_its_way_right_now_is_not_unlinked(proef: Proef) -> None:
    proef.set_stap("bezig")
    with pytest.raises(NietMogelijkError, match="op dit moment"):
        aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1")
    assert proef.status() == "gekoppeld"


def test_a_document_that_was_unlinked_while_it_was_on_its_way_is_taken_back(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    echt = proef.lijn.zaaksysteem.lever

    def lever_and_unlink(*feiten: Any) -> Any:
        geleverd = echt(*feiten)
        with db.begin(proef.basis.engine) as session:
            storage.end_afleveringen(session, proef.document, wees=False)
        return geleverd

    monkeypatch.setattr(proef.lijn.zaaksysteem, "lever", lever_and_unlink)
    proef.lever()
    assert proef.gekoppeld() == []


def test_a_document_goes_to_the_zaak_that_a_person_chose_instead(proef: Proef) -> None:
    aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1")
    with db.begin(proef.basis.engine) as session:
        aflevering.link(
            session, proef.basis, proef.document, Zaak(ANDERE, "Proef", "Proef", False, ANDERE), "persoon-1"
        )
    proef.lever()
    assert proef.gekoppeld() == [ANDERE]
    with db.read(proef.basis.engine) as session:
        namen = session.exec(select(RegisterInformatieobjectRow.identificatie)).all()
    assert namen == [build_identificatie(proef.document)]


def leave_all_out(proef: Proef) -> bewerken.Bewerkt:
    with db.begin(proef.basis.engine) as session:
        versie = storage.load_versie(session, proef.versie)
        return bewerken.bewerk(
            session,
            proef.basis.werkbank,
            storage.load_batch(session, versie.batch_id),
            build_persoon(session),
            Bewerkingsoort.WEGLATEN,
            {},
            lambda opstelling: o.leave_out(
                opstelling, [pagina.beeld_id for pagina in versie.paginas], Weglaatreden.DUBBEL
            ),
        )


def find_batchstatus(proef: Proef) -> Batchstatus:
    with db.read(proef.basis.engine) as session:
        batch_id = storage.load_document(session, proef.document).batch_id
        return batchstatus.find_batchstatus(session, storage.load_batch(session, batch_id))


def test_a_delivered_document_that_loses_its_pages_must_be_taken_out_of_its_zaak(proef: Proef) -> None:
    proef.lever()
    proef.set_stap("klaar")
    assert find_batchstatus(proef) is Batchstatus.GELEVERD
    bewerkt = leave_all_out(proef)
    assert (bewerkt.documenten, bewerkt.leeg_in_zaak) == ((), (proef.document,))
    assert (find_batchstatus(proef), proef.find_codes()) == (Batchstatus.KOPPELEN, ["leeg_in_zaak"])
    with db.begin(proef.basis.engine) as session, pytest.raises(NietMogelijkError, match="geen pagina's"):
        aflevering.link(
            session, proef.basis, proef.document, Zaak(ANDERE, "Proef", "Proef", False, ANDERE), "persoon-1"
        )
    aflevering.unlink(proef.basis, proef.document, None, "persoon-1")
    assert proef.gekoppeld() == []
    assert find_batchstatus(proef) is Batchstatus.NAKIJKEN  # nothing is left of the batch
    with db.read(proef.basis.engine) as session:
        assert session.exec(select(BevindingRow.afgehandeld_op)).one() is not None


def test_a_document_that_lost_its_pages_does_not_go_to_its_zaak_any_more(proef: Proef) -> None:
    assert leave_all_out(proef).leeg_in_zaak == ()
    proef.lever()
    assert (proef.gekoppeld(), proef.find_codes()) == ([], [])


def test_pages_that_come_back_settle_that_their_document_was_empty(proef: Proef) -> None:
    proef.lever()
    leave_all_out(proef)
    with db.begin(proef.basis.engine) as session:
        batch = storage.load_batch(session, storage.load_document(session, proef.document).batch_id)
        assert bewerken.undo(session, proef.basis.werkbank, batch, build_persoon(session)).documenten == (
            proef.document,
        )
    with db.read(proef.basis.engine) as session:
        assert session.exec(select(BevindingRow.afgehandeld_op)).one() is not None


def test_a_closed_zaak_is_refused_when_a_person_chooses_it(proef: Proef) -> None:
    aflevering.unlink(proef.basis, proef.document, ZAAK, "persoon-1")
    dicht = Zaak(ANDERE, "Proef", "Proef", True, ANDERE)
    with pytest.raises(NietMogelijkError, match="gesloten"), db.begin(proef.basis.engine) as session:
        aflevering.link(session, proef.basis, proef.document, dicht, "persoon-1")
    assert (proef.status(), proef.stap()) == ("te_koppelen", "geannuleerd")


def test_what_a_person_decides_while_a_page_is_read_is_not_undone_by_what_was_read(proef: Proef) -> None:
    with db.read(proef.basis.engine) as session:
        opdracht = archiveren.load_opdracht(session, proef.versie)
    gelezen = bepaal_koppeling(
        (*opdracht.koppelredenen, Koppelreden("naam", ZAAK, "zaaknummer in de naam")),
        ("naam",),
        lambda _: Zaakstand.OPEN,
    )
    assert gelezen.zaak == ZAAK
    aflevering.unlink(proef.basis, proef.document, None, "Els")
    for wat, zaak in (("unlinked", None), ("linked", ANDERE)):
        if zaak is not None:
            with db.begin(proef.basis.engine) as session:
                gevonden = proef.basis.zaaksysteem.find_zaak(zaak)
                assert gevonden is not None
                aflevering.link(session, proef.basis, proef.document, gevonden, "Els")
        with db.begin(proef.basis.engine) as session:
            archiveren.save_koppeling(session, opdracht, gelezen, actor=storage.load_actor(session, "archivering"))
        with db.read(proef.basis.engine) as session:
            document = session.get_one(DocumentRow, proef.document)
            assert (document.koppelstatus == "gekoppeld") is (zaak is not None), wat
            assert [reden["bron"] for reden in document.koppelredenen][-1] == "persoon", wat
            assert zaak in (None, document.zaakidentificatie), wat


def test_a_zaak_that_turns_out_closed_does_not_undo_what_a_person_chose_meanwhile(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    register.sluit_zaak(proef.basis.engine, ZAAK, einddatum=date(2026, 1, 1), gebruiker="proef")

    def choose_other(*_: object) -> None:
        with db.begin(proef.basis.engine) as session:
            document = session.get_one(DocumentRow, proef.document)
            document.zaakidentificatie = ANDERE
            session.add(document)

    monkeypatch.setattr(aflevering, "take_back", choose_other)
    proef.lever()
    assert proef.status() == "gekoppeld"


def test_two_people_who_unlink_at_once_do_not_undo_a_third_choice(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.lever()
    echt = proef.basis.zaaksysteem.ontkoppel

    def unlink_and_link(*args: Any, **woorden: Any) -> Any:
        uitkomst = echt(*args, **woorden)
        with db.begin(proef.basis.engine) as session:
            document = session.get_one(DocumentRow, proef.document)
            document.zaakidentificatie = ANDERE
            session.add(document)
        return uitkomst

    monkeypatch.setattr(type(proef.basis.zaaksysteem), "ontkoppel", lambda _self, *a, **w: unlink_and_link(*a, **w))
    aflevering.unlink(proef.basis, proef.document, ZAAK, "Els")
    with db.read(proef.basis.engine) as session:
        document = session.get_one(DocumentRow, proef.document)
        assert (document.koppelstatus, document.zaakidentificatie) == ("gekoppeld", ANDERE)


def test_why_a_document_has_no_zaak_is_true(proef: Proef) -> None:
    def say() -> str | None:
        with db.read(proef.basis.engine) as session:
            document = session.get_one(DocumentRow, proef.document)
            return cast("str | None", rapport.build_document(session, document, lambda _: Path())["waarom_geen_zaak"])

    assert say() is None
    register.sluit_zaak(proef.basis.engine, ZAAK, einddatum=date(2026, 1, 1), gebruiker="proef")
    proef.lever()
    assert say() == f"Het zaaksysteem nam het niet aan in zaak {ZAAK}. Zie de bevindingen."
    register.heropen_zaak(proef.basis.engine, ZAAK, gebruiker="proef")
    with db.begin(proef.basis.engine) as session:
        aflevering.link(
            session, proef.basis, proef.document, Zaak(ZAAK, "Proef", "Proef", gesloten=False, verwijzing=""), "Els"
        )
    aflevering.unlink(proef.basis, proef.document, None, "Els")
    assert say() == "Een medewerker heeft het van zijn zaak losgemaakt."


def test_a_link_that_stays_as_it_was_is_no_news_for_the_log(proef: Proef) -> None:
    redenen = (Koppelreden("naam", ANDERE, "zaaknummer in de naam"),)
    anders = bepaal_koppeling(redenen, ("naam",), lambda _: Zaakstand.OPEN)
    for _ in range(2):
        with db.begin(proef.basis.engine) as session:
            versie = storage.load_versie(session, proef.versie)
            storage.save_koppeling(session, versie, anders, actor=storage.load_actor(session, "archivering"))
    with db.read(proef.basis.engine) as session:
        gekoppeld = select(GebeurtenisRow).where(GebeurtenisRow.soort == "document.gekoppeld")
        assert len(session.exec(gekoppeld).all()) == 1


@pytest.mark.parametrize(("nakijken", "gepland"), [("nooit", 1), ("bij_bevinding", 0)])
def test_unless_nobody_looks_a_batch_goes_only_when_every_document_is_archived(
    proef: Proef, nakijken: Nakijken, gepland: int
) -> None:
    """A finding on the last document must be able to hold the first."""
    with db.begin(proef.basis.engine) as session:
        gemaakt = build_batch(session, paginas=(1, 1), zaak=ZAAK, nakijken=nakijken)
        batch = storage.load_batch(session, gemaakt.batch)
        archive(session, gemaakt.versies[0])
        assert aflevering.plan_afleveringen(session, proef.basis.werkbank, batch) == gepland
        archive(session, gemaakt.versies[1])
        assert aflevering.plan_afleveringen(session, proef.basis.werkbank, batch) == 2 - gepland


def test_an_older_versie_is_not_delivered_any_more(proef: Proef) -> None:
    with db.begin(proef.basis.engine) as session:
        document = storage.load_document(session, proef.document)
        nieuw = storage.add_versie(session, document, reden="draai", actor=build_persoon(session))
        archive(session, nieuw.id, pdf=proef.basis.opslag.bewaar(io.BytesIO(b"%PDF-1.7 nieuwer")))
    proef.lever()
    assert proef.gekoppeld() == []


def test_a_number_on_the_first_page_is_held_against_the_zaak_until_it_was_read_or_a_person_decided(
    proef: Proef,
) -> None:
    tekst = archiveren.Tekstlaag(build_vingerafdruk(b""), (), (ANDERE,))
    with db.begin(proef.basis.engine) as session:
        gemaakt = build_batch(session, paginas=(1,), zaak=ZAAK)
        (document,) = gemaakt.documenten
        actor = build_persoon(session)

    def find(actor: ActorRow = actor) -> object:
        with db.begin(proef.basis.engine) as session:  # whatever was edited before, its first page was never read
            versie = storage.add_versie(session, storage.load_document(session, document), reden="draai", actor=actor)
            opdracht = archiveren.load_opdracht(session, versie.id)
        return archiveren.find_koppeling(proef.lijn, opdracht, tekst)

    assert find() is not None and find() is not None
    aflevering.unlink(proef.basis, document, None, "Els")
    assert find() is None
    with db.begin(proef.basis.engine) as session:
        storage.load_document(session, document).koppelredenen = []
    assert find() is not None
    with db.begin(proef.basis.engine) as session:
        archive(session, storage.latest_versie(session, document).id)
    assert find() is None


def test_a_contradiction_that_an_overtaken_versie_read_is_not_lost(proef: Proef) -> None:
    """Once that versie is archived, the newer one does not weigh the number on its first page again."""
    with db.begin(proef.basis.engine) as session:
        gemaakt = build_batch(session, paginas=(1,), zaak=ZAAK)
        document = storage.load_document(session, gemaakt.documenten[0])
        document.koppelredenen = [{"bron": "index", "zaakidentificatie": ZAAK, "tekst": "zaaknummer in de index"}]
    with db.read(proef.basis.engine) as session:
        opdracht = archiveren.load_opdracht(session, gemaakt.versies[0])
    tekst = archiveren.Tekstlaag(build_vingerafdruk(b""), (), (ANDERE,))
    koppeling = archiveren.find_koppeling(proef.lijn, opdracht, tekst)
    assert koppeling is not None and koppeling.zaak is None
    with db.begin(proef.basis.engine) as session:
        document = storage.load_document(session, gemaakt.documenten[0])
        nieuw = storage.add_versie(session, document, reden="draai", actor=build_persoon(session)).id
        archive(session, gemaakt.versies[0])
        actor = storage.load_actor(session, "archivering")
        archiveren.save_koppeling(session, opdracht, koppeling, actor=actor)
    with db.read(proef.basis.engine) as session:
        assert archiveren.find_koppeling(proef.lijn, archiveren.load_opdracht(session, nieuw), tekst) is None
        assert session.get_one(DocumentRow, gemaakt.documenten[0]).koppelstatus == "te_koppelen"


def test_a_batch_is_saved_once_however_often_its_ontleding_ran(proef: Proef) -> None:
    ongebruikt: Any = None
    with db.begin(proef.basis.engine) as session:
        batch = storage.load_document(session, proef.document).batch_id
        opdracht = ontleden.load_opdracht(session, batch)
        assert opdracht.klaar
        assert ontleden.save_ontleding(session, proef.lijn, opdracht, ongebruikt, ()) == ()


def test_a_document_is_only_unlinked_from_the_zaak_that_it_has(proef: Proef) -> None:
    proef.lever()
    proef.set_stap("klaar")
    with pytest.raises(NietMogelijkError, match=f"hoort bij zaak {ZAAK}"):
        aflevering.unlink(proef.basis, proef.document, ANDERE, "persoon-1")
    assert (proef.status(), proef.gekoppeld()) == ("gekoppeld", [ZAAK])
    aflevering.unlink(proef.basis, proef.document, None, "persoon-1")  # without a name it is the zaak of now
    assert proef.gekoppeld() == []


def test_other_bytes_than_were_sent_never_confirm_a_delivery(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    echt = proef.lijn.zaaksysteem.lever

    def lever_wrongly(*feiten: Any) -> Any:
        geleverd = echt(*feiten)
        return replace(geleverd, teruggelezen=replace(geleverd.teruggelezen, sha256="0" * 64))

    monkeypatch.setattr(proef.lijn.zaaksysteem, "lever", lever_wrongly)
    proef.lever()
    with db.read(proef.basis.engine) as session:
        rij = session.exec(select(AfleveringRow)).one()
        assert (rij.gelijk, rij.bevestigd_op, rij.teruggelezen_sha256) == (False, None, "0" * 64)
        batch = storage.load_batch(session, storage.load_document(session, proef.document).batch_id)
        assert batchstatus.find_batchstatus(session, batch) is not Batchstatus.GELEVERD
