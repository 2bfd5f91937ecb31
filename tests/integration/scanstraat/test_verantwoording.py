"""What an auditor asks is answered from the record, measured anew, and what is not in order is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from kwaliteitscontrole.oordeel import Paginaoordeel
from scanstraat import afronding, db, logboek, papier, stops, storage, verantwoording, vernietigen
from scanstraat.errors import GeenMandaatError, NietGevondenError
from scanstraat.tables import GebeurtenisRow, LogregelRow
from scanstraat.tables_bewijs import DoosRow, OordeelRow, OpdrachtRow, VerklaringRow
from scanstraat.verklaren import Selectie
from tests.afrondproef import (
    ARCHIVARIS,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    SCANOPERATOR,
    TWEE,
    Afrondproef,
    destroy,
    open_afrondproef,
    zwijg,
)
from tests.builders import Batchproef, vandaag
from vernietiging.verklaring import Verklaringsoort


@dataclass
class Vraagproef:
    proef: Afrondproef
    batch: Batchproef

    def ask(self) -> dict[str, tuple[str, bool | None]]:
        """Return question -> answer about the first document."""
        with db.read(self.proef.basis.engine) as session:
            document = storage.load_document(session, self.batch.documenten[0])
            return read(verantwoording.answer_document(self.proef.basis, session, document))


def read(antwoorden: list[verantwoording.Antwoord]) -> dict[str, tuple[str, bool | None]]:
    return {a.vraag: (" ".join(a.regels), a.in_orde) for a in antwoorden}


@pytest.fixture
def klaar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vraagproef]:
    with open_afrondproef(tmp_path_factory.mktemp("vragen")) as proef:
        batch = destroy(proef)
        proef.anchor()
        selectie = Selectie(lijst=None, van=vandaag(), tot=vandaag())
        afronding.verklaar(proef.basis, Verklaringsoort.VERNIETIGING, selectie, proef.wie(DIV))
        proef.seal()
        yield Vraagproef(proef, batch)


def test_every_question_about_a_destroyed_document_is_answered_and_in_order(klaar: Vraagproef) -> None:
    vervoer = "Wie haalde het papier op, en wanneer?"
    tekst, in_orde = klaar.ask()[vervoer]
    with db.read(klaar.proef.basis.engine) as session:
        opdracht = session.exec(select(OpdrachtRow)).one()
    assert in_orde is False and f"scanstraat ophalen {opdracht.nummer} --container C-1:Z-1" in tekst
    klaar.proef.pick_up(opdracht, op=datetime.fromisoformat(opdracht.op))  # also when the paper is gone already
    antwoorden = klaar.ask()
    assert antwoorden[vervoer][1] is True and "door Vervoer BV" in antwoorden[vervoer][0]
    assert [vraag for vraag, (_, in_orde) in antwoorden.items() if in_orde is False] == []
    alles = " ".join(tekst for tekst, _ in antwoorden.values())
    for deel in (
        *("2026-17", "gmb-2026-1", "Handboek versie 1.0", "Gelijk aan het vrijgegeven profiel"),
        *(f"goedgekeurd door {CONTROLEUR}", "Geen schendingen van vier ogen", "Opnieuw getrokken: dezelfde pagina's"),
        *("nu gelezen en in orde", "geeft nu hetzelfde bestand terug", "Versnipper BV", "VB-1"),
        *(f"Vrijgave 1 door {EEN}", f"Vrijgave 2 door {TWEE}", "mandaatbesluit 2026-3", "documentversie.verzegeld"),
    ):
        assert deel in alles, deel


def test_a_verklaring_says_which_one_took_its_place_and_a_line_says_yes_or_no(klaar: Vraagproef) -> None:
    basis, wie = klaar.proef.basis, klaar.proef.wie(DIV)
    with db.read(basis.engine) as session:
        oud = session.exec(select(VerklaringRow.nummer)).one()
    nieuw = afronding.verklaar(
        basis, Verklaringsoort.VERNIETIGING, Selectie(van=vandaag(), tot=vandaag()), wie, vervangt=oud, reden="fout"
    )
    klaar.proef.seal()
    with db.read(basis.engine) as session:
        doos = papier.find_doos(session, "1")
        (eerste, tweede) = (
            regel
            for antwoord in verantwoording.answer_doos(session, doos)
            for regel in antwoord.regels
            if antwoord.vraag == "Welke verklaringen zijn er?"
        )
        assert eerste.startswith(oud) and eerste.endswith(f"Vervangen door {nieuw.nummer}.")
        assert tweede.startswith(nieuw.nummer) and "Vervangen" not in tweede
        regel = session.exec(
            select(LogregelRow.nummer)
            .join(GebeurtenisRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
            .where(GebeurtenisRow.soort == "documentversie.gearchiveerd")
        ).first()
        over_regel = read(verantwoording.answer_regel(session, int(regel or 0)))
        assert "conform: ja" in " ".join(tekst for tekst, _ in over_regel.values())


def test_an_approval_that_lapsed_is_in_order_nowhere(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        klaar = Vraagproef(proef, proef.add_batch(2))
        proef.add_besluit()
        proef.approve(klaar.batch.batch)
        doos = proef.box(klaar.batch.batch)
        opdracht = proef.bring_to_order(proef.propose(doos), doos)
        besluit, controle = "Onder welk besluit valt dit papier, en viel het er die dag onder?", "Wie controleerde, en "
        controle += "was dat een ander dan wie scande of bewerkte?"
        assert (klaar.ask()[besluit][1], klaar.ask()[controle][1]) == (True, True)
        assert klaar.ask()["Wie haalde het papier op, en wanneer?"] == ("Nog niemand.", None)  # it is there
        with db.begin(proef.basis.engine) as session:
            rij = storage.load_batch(session, klaar.batch.batch)
            storage.void_verzegeling(session, rij, "ontkoppeld", actor=storage.load_actor(session, "proef"))
        tekst, in_orde = klaar.ask()[controle]
        assert in_orde is False
        assert f"goedgekeurd door {CONTROLEUR}, maar vervallen op " in tekst and "Er staat nu geen keuring" in tekst
        assert "goedgekeurd, maar vervallen op" in klaar.ask()["Wat is er met afgekeurde scans gebeurd?"][0]
        assert klaar.ask()[besluit][1] is True
        feiten = vernietigen.Uitvoeringsfeiten(
            datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", proef.save_certificaat()
        )
        afronding.meld_zonder_grond(proef.basis, opdracht.id, [(doos, feiten)], proef.wie(DIV), meld=zwijg)
        tekst, in_orde = klaar.ask()[besluit]
        assert in_orde is False
        assert tekst.startswith("Het is niet vervangen: het papier is vernietigd zonder grond. ")
        proef.approve(klaar.batch.batch)
        assert klaar.ask()[controle][1] is True  # another verdict stands now; the old one is still said to have lapsed
        assert "maar vervallen op" in klaar.ask()[controle][0]


def test_one_of_something_is_said_as_one(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        proef.approve(batch.batch)
        with db.read(proef.basis.engine) as session:
            document = storage.load_document(session, batch.documenten[0])
            antwoorden = read(verantwoording.answer_document(proef.basis, session, document))
            periode = read(verantwoording.answer_periode(proef.basis, session, vandaag(), vandaag()))
    assert ": 1 van 1 pagina, " in antwoorden["Waarom deze steekproef, en kunt u haar opnieuw trekken?"][0]
    assert periode["Wat is gekeurd?"][0].startswith("1 oordeel, waarvan 0 afgekeurd.")
    assert "Dit document: 1 pagina." in antwoorden["Hoe weet u dat er niets ontbreekt?"][0]


def test_what_is_not_in_order_is_said(klaar: Vraagproef) -> None:
    basis = klaar.proef.basis
    with db.read(basis.engine) as session:
        versie = storage.latest_versie(session, klaar.batch.documenten[0])
    pad = basis.opslag.pad(str(versie.pdf_sha256))
    pad.chmod(0o600)
    pad.write_bytes(b"iets anders")
    tekst, in_orde = klaar.ask()["Is het bestand nog het bestand dat is gescand?"]
    assert in_orde is False
    assert "beschadigd" in tekst


def test_a_sample_that_somebody_changed_is_not_drawn_again(klaar: Vraagproef) -> None:
    tamper(klaar, "update trekking set zaad = :nieuw where verzegeling_id is not null", nieuw="ab" * 32)
    tamper(
        klaar,
        "update trekking set trekking = replace(cast(trekking as text), '\"n\": 3', '\"n\": 2') "
        "where verzegeling_id is not null",
    )
    tekst, in_orde = klaar.ask()["Waarom deze steekproef, en kunt u haar opnieuw trekken?"]
    assert in_orde is False
    assert "ANDERE pagina's" in tekst


def test_a_last_look_at_other_paper_than_was_drawn_is_said(klaar: Vraagproef) -> None:
    def ask() -> tuple[str, bool | None]:
        with db.read(klaar.proef.basis.engine) as session:
            doos = session.exec(select(DoosRow)).one()
            return read(verantwoording.answer_doos(session, doos))[
                "Waarom dit papier bij de laatste blik, en kunt u het opnieuw trekken?"
            ]

    assert ask()[1] is True and "Opnieuw getrokken: hetzelfde papier" in ask()[0]
    oud = "update trekking set trekking = json_remove(trekking, '$.aantal', '$.bladen', '$.getrokken_bladen')"
    tamper(klaar, f"{oud} where doos_id is not null")  # as it was before sheets without a document were drawn
    assert ask()[1] is True and "bladen zonder document werden toen niet getrokken" in ask()[0]
    tamper(klaar, "update trekking set trekking = json_set(trekking, '$.getrokken', json('[]'))")
    assert ask()[1] is False and "Opnieuw getrokken: ANDER papier" in ask()[0]


_WIE = "(select persoon_id from persoonsnaam where naam = '{}')"
_GEEN_MANDAAT = "update mandaat set van = '2099-01-01' where persoon_id = " + _WIE


@pytest.mark.parametrize(("opdracht", "zinnen"), [
    (f"update vrijgave set persoon_id = {_WIE.format(CONTROLEUR)} where volgnummer = 1",
     ["is vrijgegeven door iemand die haar keurde", "vrijgegeven door iemand die toen geen gemandateerde was"]),
    (f"update vrijgave set persoon_id = {_WIE.format(EEN)}", ["is twee keer vrijgegeven door dezelfde persoon"]),
    (f"update laatste_blik set persoon_id = {_WIE.format(SCANOPERATOR)}",
     ["is voor het laatst bekeken door iemand die haar scande of bewerkte", "De laatste blik op doos D-"]),
    (f"update oordeel set persoon_id = {_WIE.format(SCANOPERATOR)}",
     ["is gekeurd door iemand die haar scande of bewerkte", "gekeurd door iemand die toen geen controleur was"]),
    ("update batch set scanoperator = 'Wie Weet'", ["terwijl niet vaststaat wie haar scande of bewerkte: Wie Weet"]),
    (_GEEN_MANDAAT.format(CONTROLEUR), ["is gekeurd door iemand die toen geen controleur was"]),
    (_GEEN_MANDAAT.format(TWEE), ["is vrijgegeven door iemand die toen geen gemandateerde was"]),
    (_GEEN_MANDAAT.format(DIV), ["De laatste blik op doos", "is gegeven of afgerond", "is gegeven of afgerond"]),
])  # fmt: skip
def test_a_violation_of_four_eyes_in_the_database_is_found(klaar: Vraagproef, opdracht: str, zinnen: list[str]) -> None:
    with db.read(klaar.proef.basis.engine) as session:
        assert list(verantwoording.find_schendingen(session)) == []
        (batch,) = {rij.batch_id for rij in session.exec(select(OordeelRow))}
    tamper(klaar, opdracht)
    with db.read(klaar.proef.basis.engine) as session:
        gevonden = list(verantwoording.find_schendingen(session))
        assert sorted(verantwoording.find_schendingen(session, [batch])) == sorted(gevonden)
        assert list(verantwoording.find_schendingen(session, [uuid4()])) == []
    assert len(gevonden) == len(zinnen), gevonden
    assert all(zin in " ".join(gevonden) for zin in zinnen), gevonden


def test_what_was_taken_back_is_no_violation(tmp_path: Path) -> None:
    """Who looked for a list that was withdrawn may edit; who rejected may scan again, and another approves."""
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        pagina = proef.show(batch.batch).paginas[0]
        proef.approve(batch.batch, Paginaoordeel(pagina.log_id, pagina.pagina, ("onleesbaar",)))
        proef.herscan(batch.documenten[0], 1, door=CONTROLEUR)
        proef.approve(batch.batch, naam=CONTROLEUR_2)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        proef.look(lijst, doos, geslaagd=False)
        afronding.trek_lijst_in(proef.basis, lijst.id, "blad ontbrak", proef.wie(ARCHIVARIS))
        proef.herscan(batch.documenten[0], 1, door=DIV)
        with db.read(proef.basis.engine) as session:
            assert list(verantwoording.find_schendingen(session)) == []


def tamper(klaar: Vraagproef, opdracht: str, **waarden: str) -> None:
    """As somebody who owns the database, and took its guards away."""
    with klaar.proef.basis.engine.begin() as verbinding:
        for naam in verbinding.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars():
            verbinding.exec_driver_sql(f"drop trigger {naam}")
        verbinding.exec_driver_sql("drop index if exists een_vrijgave_per_persoon")
        verbinding.execute(sa.text(opdracht), waarden)


def test_a_doos_a_line_and_a_period_are_answered_too(klaar: Vraagproef) -> None:
    basis = klaar.proef.basis
    dag = vandaag()
    with db.read(basis.engine) as session:
        doos = papier.find_doos(session, "1")
        over_doos = read(verantwoording.answer_doos(session, doos))
        assert "archief, stelling 4" in over_doos["Wat lag erin, en waar stond de doos?"][0]
        assert "VN-" in over_doos["Welke verklaringen zijn er?"][0]
        periode = read(verantwoording.answer_periode(basis, session, dag, dag))
        assert "vernietigd" in periode["Wat is vernietigd?"][0]
        assert periode["Keek een auditor het logboek na, en wat vond die?"][1] is False
        regel = int(klaar.ask()["Op welke regels van het logboek staat dit?"][0].split()[1].rstrip(":"))
        over_regel = read(verantwoording.answer_regel(session, int(regel or 0)))
        assert "batch" in " ".join(tekst for tekst, _ in over_regel.values()).lower()
        with pytest.raises(NietGevondenError, match="staat niet in het logboek"):
            verantwoording.answer_regel(session, 9_999)
        (weg,) = session.exec(
            select(LogregelRow.nummer)
            .join(GebeurtenisRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
            .where(GebeurtenisRow.soort == "vernietiging.uitgevoerd")
        )
        assert "niveau: P-4" in read(verantwoording.answer_regel(session, weg))[f"Wat staat er op regel {weg}?"][0]
        over = {
            soort: read(verantwoording.answer_regel(session, nummer))["Waar gaat die regel over?"][0]
            for soort, nummer in session.exec(
                select(GebeurtenisRow.soort, LogregelRow.nummer).join(
                    LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer
                )
            )
        }
    for soort in ("batch.goedgekeurd", "vernietiging.uitgevoerd", "vrijgave"):
        assert "scanstraat document " in over[soort], over[soort]


def test_an_independent_look_at_the_log_is_itself_recorded(klaar: Vraagproef) -> None:
    basis = klaar.proef.basis
    dag = vandaag()
    with pytest.raises(GeenMandaatError):
        logboek.record_controle(basis, klaar.proef.wie(DIV), 10, in_orde=True)
    for in_orde in (True, False):
        logboek.record_controle(basis, klaar.proef.wie("Arie Archivaris"), 10, in_orde=in_orde)
        with db.read(basis.engine) as session:
            periode = read(verantwoording.answer_periode(basis, session, dag, dag))
        assert periode["Keek een auditor het logboek na, en wat vond die?"][1] is in_orde


def test_stops_that_were_lifted_stay_known(klaar: Vraagproef) -> None:
    with db.begin(klaar.proef.basis.engine) as session:
        door = storage.load_actor(session, "iemand", "persoon")
        document = str(klaar.batch.documenten[0])
        stop = stops.place_stop(session, stops.Stopsoort.WOO_VERZOEK, stops.Over.DOCUMENT, document, "WOO-1", door=door)
        session.flush()
        stops.lift_stop(session, stop.id, "beantwoord", door=door)
    assert "Woo-verzoek" in klaar.ask()["Liep er bezwaar, een rechtszaak, een Woo-verzoek of onderzoek?"][0]
