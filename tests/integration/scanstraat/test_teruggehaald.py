"""A database that was put back while the log knew more: what was done to paper comes back, and people are told."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from scanstraat import (
    aflevering,
    afronding,
    batchstatus,
    besluiten,
    db,
    export,
    herstel,
    logboek,
    overdracht,
    papier,
    personen,
    stops,
    storage,
    verantwoording,
    verklaren,
    vernietigen,
)
from scanstraat.domain import Batchstatus
from scanstraat.errors import NietMogelijkError
from scanstraat.exportcontrole import check_export
from scanstraat.personen import Rol
from scanstraat.rijen import UIT_LOGBOEK
from scanstraat.tables import ActorRow, BatchRow, DocumentRow, GebeurtenisRow
from scanstraat.tables_bewijs import (
    DoosbladRow,
    DoosRow,
    MandaatRow,
    OpdrachtRow,
    TermijnverlengingRow,
    UitzonderingRow,
    VernietigingslijstRow,
)
from scanstraat.teruggehaald import load_teruggehaald
from tests.afrondproef import (
    ARCHIVARIS,
    BEHEERDER,
    CONTROLEUR_2,
    DIV,
    EEN,
    TWEE,
    ZAAK,
    Afrondproef,
    open_afrondproef,
    zwijg,
)
from tests.builders import Batchproef, forging
from vernietiging.__main__ import BEWEZEN
from vernietiging.__main__ import main as verifier
from vernietiging.verklaring import Verklaringsoort


@contextmanager
def roll_back(proef: Afrondproef, *, anker: bool = True) -> Iterator[None]:
    """Put the database back afterwards as it is now, and let two people go on; `anker`: nobody sealed the last one."""
    proef.anchor()
    if not anker:
        proef.seal()
    proef.basis.engine.dispose()
    shutil.copy(proef.basis.config.algemeen.gegevensmap / "scanstraat.db", proef.map / "toen.db")
    yield
    if anker:
        proef.anchor()
    proef.seal()
    put_back(proef)


def put_back(proef: Afrondproef) -> None:
    database = proef.basis.config.algemeen.gegevensmap / "scanstraat.db"
    proef.basis.engine.dispose()
    for bij in ("-wal", "-shm"):
        Path(f"{database}{bij}").unlink(missing_ok=True)
    shutil.copy(proef.map / "toen.db", database)
    herstel.declare(proef.basis, proef.wie(BEHEERDER), proef.wie(ARCHIVARIS), "oude database")


def destroy(proef: Afrondproef, batch: Batchproef, naam: str, hoe: str) -> DoosRow:
    """Take a batch to its end: destroyed, in part, or in another way than was ordered."""
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    lijst = proef.propose(doos, naam=naam)
    opdracht = proef.bring_to_order(lijst, doos)
    feiten = vernietigen.Uitvoeringsfeiten(
        datetime.now(UTC), "versnipperd", "P-3" if hoe == "zonder_grond" else "P-4", "C-1", "Z-1", "VB-1",
        proef.save_certificaat(),
    )  # fmt: skip
    if hoe == "deels":
        afronding.meld_mislukt(proef.basis, opdracht.id, [doos], "molen vast", proef.wie(DIV), deels=True)
    elif hoe == "zonder_grond":
        afronding.meld_zonder_grond(proef.basis, opdracht.id, [(doos, feiten)], proef.wie(DIV), meld=zwijg)
    else:
        proef.execute(opdracht, doos)
    return doos


def find_doos(session: Session, doos: DoosRow) -> DoosRow:
    return session.exec(select(DoosRow).where(DoosRow.log_id == doos.log_id)).one()


def verify(proef: Afrondproef) -> int:
    beleid = proef.map / "beleid.txt"
    logboek.write_beleid(proef.basis.config, beleid)
    return verifier([str(proef.basis.config.logboek.map), "--beleid", str(beleid)])


def test_paper_that_was_destroyed_after_the_back_up_stays_destroyed(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch, nieuw = proef.add_batch(2, 1), proef.add_batch(1)
        proef.add_besluit()
        with roll_back(proef):
            doos = destroy(proef, batch, "Lijst een", "heel")
            proef.anchor()
            afronding.verklaar(proef.basis, Verklaringsoort.VERNIETIGING, verklaren.Selectie(), proef.wie(DIV))
        with db.begin(proef.basis.engine) as session:
            terug = find_doos(session, doos)
            assert terug.nummer == doos.nummer and terug.gesloten_op is not None
            assert [len(bladen) for _, bladen in papier.load_inhoud(session, terug.id)] == [5]
            assert papier.find_vernietigd_op(session, terug.id) is not None
            plekken = papier.find_vindplaatsen(session, batch.documenten[0])
            assert all(plek.vernietigd_op is not None for plek in plekken)
            assert papier.say_vindplaats(plekken).startswith(f"vernietigd, uit doos {doos.nummer}")
            assert papier.has_vernietigd(session, batch.batch)
            rij = storage.load_batch(session, batch.batch)
            assert batchstatus.find_batchstatus(session, rij) is Batchstatus.VERNIETIGD
            document = session.get_one(DocumentRow, batch.documenten[0])
            (xml, *_) = overdracht.write_mdto(proef.basis, session, document, tmp_path / "mdto", met_naam=True)
            assert "Vervanging" in xml.read_text(encoding="utf-8")
            verhaal = " ".join(regel for a in verantwoording.answer_doos(session, terug) for regel in a.regels)
            assert not any(zin in verhaal for zin in ("Nog niet vernietigd", "Nog niemand", "nog niets getrokken"))
            assert "Dat ging verloren toen de database werd teruggezet" in verhaal
            div = personen.actor_of(session, proef.mensen[DIV])
            for doe in (
                lambda: papier.open_doos(session, terug, door=div),
                lambda: papier.move_doos(session, terug, "elders", door=div),
                lambda: papier.empty_doos(session, terug, rij, None, door=div),
            ):
                with pytest.raises(NietMogelijkError, match="is vernietigd"):
                    doe()
        with pytest.raises(NietMogelijkError, match="is vernietigd"):
            proef.propose(terug, naam="Lijst een bis")
        verschillen = logboek.find_verschillen(proef.basis)
        assert [(v.bekend, v.tekst.split(" (")[0]) for v in verschillen] == [
            (True, "Een opdracht"),
            (True, "De uitvoering voor een doos"),
        ]
        assert f"({doos.nummer})" in verschillen[1].tekst
        # a new one goes its whole way, under numbers that stand on no paper yet
        ander = destroy(proef, nieuw, "Lijst twee", "heel")
        assert ander.nummer > doos.nummer
        with db.read(proef.basis.engine) as session:
            (opdracht,) = session.exec(select(OpdrachtRow.nummer))
            assert opdracht.endswith("-0002")
            batches = session.exec(select(BatchRow.nummer)).all()
            assert storage.next_batchnummer(session, datetime.now(UTC).year)[1] > max(batches)
        proef.anchor()
        verklaring = afronding.verklaar(proef.basis, Verklaringsoort.VERNIETIGING, verklaren.Selectie(), proef.wie(DIV))
        assert verklaring.nummer.endswith("-0002")
        proef.anchor()
        assert verify(proef) == BEWEZEN


@pytest.mark.parametrize("hoe", ["deels", "zonder_grond"])
def test_paper_that_went_otherwise_is_not_taken_for_whole(tmp_path: Path, hoe: str) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        with roll_back(proef):
            doos = destroy(proef, batch, "Lijst een", hoe)
        with db.begin(proef.basis.engine) as session:
            terug = find_doos(session, doos)
            assert papier.has_vernietigd(session, batch.batch)
            antwoorden = {a.vraag: a for a in verantwoording.answer_doos(session, terug)}
            weg = antwoorden["Wanneer is het papier vernietigd, en hoe?"]
            vandaag = datetime.now(UTC).date()
            periode = {a.vraag: a for a in verantwoording.answer_periode(proef.basis, session, vandaag, vandaag)}
            assert weg.in_orde is False and periode["Wat is vernietigd?"].in_orde is False
            (regel,) = periode["Wat is vernietigd?"].regels
            if hoe == "deels":
                assert papier.find_deels(session, terug.id) == papier.VERLOREN
                assert papier.find_vernietigd_op(session, terug.id) is None
                assert "een deel vernietigd; de opdracht daarvoor ging" in " ".join(weg.regels)
                assert regel.startswith(f"Doos {doos.nummer}: een deel is vernietigd, volgens het logboek.")
                papier.move_doos(session, terug, "kluis", door=personen.actor_of(session, proef.mensen[DIV]))
                (plek,) = papier.find_vindplaatsen(session, batch.documenten[0])
                assert (plek.plaats, plek.deels) == ("kluis", papier.VERLOREN)
            else:
                rij = storage.load_batch(session, batch.batch)
                assert batchstatus.find_batchstatus(session, rij) is Batchstatus.ZONDER_GROND
                assert UIT_LOGBOEK.capitalize() in papier.find_belemmeringen(session, terug.id)
                assert "zonder grond, volgens het logboek" in regel
        with pytest.raises(NietMogelijkError):
            proef.propose(terug, naam="Lijst een bis")
        assert all(v.bekend for v in logboek.find_verschillen(proef.basis))


def test_what_lies_where_comes_back_as_far_as_the_log_is_sure(tmp_path: Path) -> None:
    """All sheets or none, or what a list says; of the rest people say anew what lies in the doos."""
    with open_afrondproef(tmp_path) as proef:
        batches = [proef.add_batch(2) for _ in range(6)]  # of three sheets: one is a scheidingsblad
        proef.add_besluit()
        leeg, deel = proef.box(batches[0].batch), proef.box(batches[1].batch)

        def div(session: Session) -> ActorRow:
            return personen.actor_of(session, proef.mensen[DIV])

        def move(doos: DoosRow, batch: Batchproef, bladen: str | None, *, eruit: bool = False) -> None:
            with db.begin(proef.basis.engine) as session:
                rij = storage.load_batch(session, batch.batch)
                reeks = None if bladen is None else papier.parse_bladen(bladen)
                doe = papier.empty_doos if eruit else papier.fill_doos
                doe(session, find_doos(session, doos), rij, reeks, door=div(session))

        def make() -> DoosRow:
            with db.begin(proef.basis.engine) as session:
                return papier.make_doos(session, "kast 4", door=div(session))

        with roll_back(proef):
            move_open(proef, leeg, deel)
            move(leeg, batches[0], None, eruit=True)
            move(deel, batches[1], "2", eruit=True)
            heel, onbekend, ook, lijst = make(), make(), make(), make()
            move(heel, batches[2], None)
            move(onbekend, batches[3], "1-2")
            move(ook, batches[4], "1,3")
            move(lijst, batches[5], None)
            move(lijst, batches[5], None, eruit=True)
            move(lijst, batches[5], "1-2")
            move(lijst, batches[5], "3")
            laat = proef.add_batch(1)
            move(make(), laat, None)
        with db.read(proef.basis.engine) as session:

            def bladen(doos: DoosRow) -> list[str]:
                inhoud = papier.load_inhoud(session, find_doos(session, doos).id)
                return [papier.format_bladen(blad.nummer for blad in rijen) for _, rijen in inhoud]

            assert [bladen(doos) for doos in (leeg, heel, lijst)] == [[], ["1-3"], ["1-3"]]
            assert [bladen(doos) for doos in (deel, onbekend, ook)] == [["1-3"], [], []]
            assert find_doos(session, deel).gesloten_op is None
            assert session.exec(select(sa.func.count()).select_from(DoosRow)).one() == 7
        verschillen = logboek.find_verschillen(proef.basis)
        assert len(verschillen) == 4 and all(v.bekend for v in verschillen), verschillen
        assert sum("is niet zeker" in v.tekst for v in verschillen) == 1  # which one was taken out of `deel`
        move(deel, batches[1], "2", eruit=True)
        nieuw = make()
        move(nieuw, batches[3], "1-2")
        move(nieuw, batches[4], None)
        assert logboek.find_verschillen(proef.basis) == verschillen  # those dozen go no more, their paper may
        for batch in batches[3:5]:
            proef.approve(batch.batch)
        with db.begin(proef.basis.engine) as session:
            papier.fill_doos(
                session,
                find_doos(session, nieuw),
                storage.load_batch(session, batches[3].batch),
                None,
                door=div(session),
            )
            papier.close_doos(session, find_doos(session, nieuw), door=div(session))
        lijst_rij = proef.propose(nieuw)
        proef.execute(proef.bring_to_order(lijst_rij, nieuw), nieuw)
        proef.anchor()
        assert verify(proef) == BEWEZEN
        with proef.basis.engine.begin() as verbinding, forging(verbinding, "doosblad"):
            verbinding.execute(sa.delete(DoosbladRow).where(col(DoosbladRow.doos_id) == find_id(verbinding, heel)))
        nu = logboek.find_verschillen(proef.basis)  # as if it could not be brought back: the poort holds its paper
        assert len(nu) == 5 and all(v.bekend for v in nu)
        with proef.basis.engine.begin() as verbinding, forging(verbinding, "doosblad"):
            verbinding.execute(sa.delete(DoosbladRow).where(col(DoosbladRow.doos_id) == find_id(verbinding, deel)))
        assert any(not v.bekend for v in logboek.find_verschillen(proef.basis))


def find_id(verbinding: sa.Connection, doos: DoosRow) -> UUID:
    return verbinding.execute(sa.select(col(DoosRow.id)).where(col(DoosRow.log_id) == doos.log_id)).scalar_one()


def move_open(proef: Afrondproef, *dozen: DoosRow) -> None:
    with db.begin(proef.basis.engine) as session:
        for doos in dozen:
            div = personen.actor_of(session, proef.mensen[DIV])
            papier.open_doos(session, find_doos(session, doos), door=div)


def test_a_list_says_which_sheets_lay_in_a_doos(tmp_path: Path) -> None:
    """Two batches, each over two dozen: the counts do not say which sheet lies where, the list in the store does."""
    with open_afrondproef(tmp_path) as proef:
        een = proef.add_batch(2)
        proef.add_besluit()
        proef.approve(een.batch)
        with roll_back(proef):
            dozen = proef.box_parts(een.batch, "1,3", "2")
            proef.propose(*dozen)
        with db.read(proef.basis.engine) as session:
            gevonden = [
                papier.format_bladen(
                    blad.nummer for blad in papier.load_inhoud(session, find_doos(session, d).id)[0][1]
                )
                for d in dozen
            ]
        assert gevonden == ["1,3", "2"]
        assert logboek.find_verschillen(proef.basis) == []


def test_what_forbids_has_its_rows_again(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        een, twee = proef.add_batch(1), proef.add_batch(1)
        proef.add_besluit()

        def add(session: Session, batch: Batchproef) -> None:
            document = session.get_one(DocumentRow, batch.documenten[0])
            actor = personen.actor_of(session, proef.mensen[ARCHIVARIS])
            besluiten.add_uitzondering(session, document, "erfgoed", "oude kaart", "kluis", actor=actor)

        with db.begin(proef.basis.engine) as session:
            add(session, een)
        with roll_back(proef):
            laat = proef.add_batch(1)
            with db.begin(proef.basis.engine) as session:
                document = session.get_one(DocumentRow, een.documenten[0])
                besluiten.end_uitzondering(session, document, "toch niet", proef.wie(ARCHIVARIS))
                for batch in (twee, laat):
                    add(session, batch)
                nieuw = personen.add_persoon(session, "Nina Nieuw", door=proef.wie(BEHEERDER))
                for rol, van in ((Rol.AUDITOR, nieuw), (Rol.CONTROLEUR, nieuw)):
                    personen.grant_mandaat(
                        session, van, rol, van=datetime.now(UTC).date(), tot=None, grondslag="mandaat 9",
                        door=proef.wie(BEHEERDER),
                    )  # fmt: skip
                personen.revoke_mandaat(session, nieuw, Rol.AUDITOR, door=proef.wie(BEHEERDER))
                kees = personen.load_persoon(session, CONTROLEUR_2)
                personen.revoke_mandaat(session, kees, Rol.CONTROLEUR, door=proef.wie(BEHEERDER))
            proef.bind(een.batch, "2026-17")
            proef.add_besluit(versie=2, handboekversie="2.0")
            proef.bind(twee.batch, "2026-17")
        with db.read(proef.basis.engine) as session:
            rijen = {rij.document_id: rij for rij in session.exec(select(UitzonderingRow))}
            assert rijen.keys() == {een.documenten[0], twee.documenten[0]}
            assert rijen[een.documenten[0]].ingetrokken_op is not None
            assert (rijen[twee.documenten[0]].ingetrokken_op, rijen[twee.documenten[0]].vindplaats) == (
                None,
                UIT_LOGBOEK,
            )
            weg = session.exec(select(MandaatRow).where(col(MandaatRow.ingetrokken_op).is_not(None))).all()
            assert [rij.persoon_id for rij in weg] == [proef.mensen[CONTROLEUR_2]]
            bekend = besluiten.find_binding(session, een.batch)
            assert bekend is not None and bekend.besluit.versie == 1
            verteld = load_teruggehaald(proef.basis, session)
        waarover = {(regel.wat, regel.waarover) for regel in verteld}
        assert ("persoon vastgelegd", "Nina Nieuw") not in waarover  # the name is lost; the log never had it
        assert any(wat == "persoon vastgelegd" and "(verloren)" in over for wat, over in waarover)
        assert any(wat == "mandaat verleend" and over.endswith("auditor") for wat, over in waarover)
        verschillen = logboek.find_verschillen(proef.basis)
        assert [v.bekend for v in verschillen] == [True, True], verschillen
        with db.begin(proef.basis.engine) as session:
            document = session.get_one(DocumentRow, twee.documenten[0])
            besluiten.end_uitzondering(session, document, "ligt in de kluis", proef.wie(ARCHIVARIS))
            add(session, twee)
        proef.bind(twee.batch, "2026-17")
        (verschil,) = logboek.find_verschillen(proef.basis)
        assert "uitzondering" in verschil.tekst.lower() and verschil.bekend  # of a document that was lost


def test_people_are_told_what_was_done_after_the_back_up(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        with roll_back(proef):
            doos = destroy(proef, batch, "Lijst een", "heel")
            proef.anchor()
            with db.read(proef.basis.engine) as session:
                opdracht = session.exec(select(OpdrachtRow)).one()
            afronding.verklaar(proef.basis, Verklaringsoort.VERNIETIGING, verklaren.Selectie(), proef.wie(DIV))
            laat = proef.add_batch(1, 2)
            proef.seal()  # their deliveries are in the log: then the batch can be fixed
            afronding.verzegel(proef.basis, laat.batch)
            proef.herscan(laat.documenten[1], 1)
            proef.seal()
            afronding.verzegel(proef.basis, laat.batch)  # only this one is told
            with db.read(proef.basis.engine) as session:
                verloren = [storage.latest_versie(session, document).pdf_sha256 for document in laat.documenten]
        with db.read(proef.basis.engine) as session:
            genoemd = [
                rij
                for rij in load_teruggehaald(proef.basis, session)
                if rij.wat == "document van een verloren batch"  # and none of the batch that is there
            ]
            for rij, sha256, paginas in zip(genoemd, verloren, ("1 pagina", "2 pagina's"), strict=True):
                assert rij.waarover.startswith(f"{paginas} van ") and rij.waarover.endswith(f"SHA-256 {sha256}")
                assert proef.basis.opslag.heeft(str(sha256)) and rij.regel is not None
                assert "vervangt dit bestand het papier" in rij.doe
            proef.basis.opslag.pad(str(verloren[0])).unlink()
            weg = next(rij for rij in load_teruggehaald(proef.basis, session) if str(verloren[0]) in rij.waarover)
            assert "niet in deze opslag" in weg.doe
            verteld = {regel.wat: regel for regel in load_teruggehaald(proef.basis, session)}
            nummer = storage.load_batch(session, batch.batch).nummer
        assert verteld["goedgekeurd"].waarover == nummer and "Keur" in verteld["goedgekeurd"].doe
        assert verteld["doos gevuld"].waarover == f"{doos.nummer}, {nummer} (2 bladen)"
        zin = verteld["opdracht tot vernietiging"]
        assert zin.waarover == f"{opdracht.nummer} aan Versnipper BV: {doos.nummer}" and "Bel het bedrijf" in zin.doe
        assert zin.wie == DIV and zin.regel is not None
        assert verteld["verklaring opgemaakt"].waarover.startswith("VN-")
        assert verteld["ingenomen"].waarover.endswith("(verloren)") and laat.batch
        assert verteld["vernietigd"].waarover == doos.nummer
        proef.basis.opslag.pad(opdracht.opdracht_sha256).unlink()
        with db.read(proef.basis.engine) as session:
            verteld = {regel.wat: regel for regel in load_teruggehaald(proef.basis, session)}
        assert verteld["opdracht tot vernietiging"].waarover == f"opdracht {opdracht.opdracht_sha256[:8]}"
        export.make_export(proef.basis, tmp_path / "export", meld=zwijg)
        controle = check_export(tmp_path / "export", meld=zwijg)
        assert any("teruggezet" in opmerking for opmerking in controle.opmerkingen), controle


def test_what_came_back_twice_is_told_once(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        with roll_back(proef):
            proef.box_parts(batch.batch, "1")
        with db.read(proef.basis.engine) as session:
            eerst = [rij.regel for rij in load_teruggehaald(proef.basis, session)]
        proef.seal()
        put_back(proef)  # the same back-up once more
        with db.read(proef.basis.engine) as session:
            later = [rij.regel for rij in load_teruggehaald(proef.basis, session)]
        assert eerst and later[: len(eerst)] == eerst and len(set(later)) == len(later)


def test_what_rests_on_something_that_is_gone_is_not_made_up(tmp_path: Path) -> None:
    """People and batches of after the back-up, a list that is not in the store any more, a doos that somebody wiped."""
    with open_afrondproef(tmp_path) as proef:
        een, twee = proef.add_batch(2), proef.add_batch(2)
        proef.add_besluit()
        proef.bind(een.batch, "2026-17")
        proef.approve(twee.batch)
        proef.add_besluit(versie=2, handboekversie="2.0")
        gewist = proef.box(twee.batch)
        move_open(proef, gewist)
        with db.begin(proef.basis.engine) as session:
            door = personen.actor_of(session, proef.mensen[DIV])
            batch = storage.load_batch(session, twee.batch)
            papier.empty_doos(session, find_doos(session, gewist), batch, None, door=door)
        with roll_back(proef):
            proef.bind(een.batch, "2026-17")
            laat = proef.add_batch(1)
            with db.begin(proef.basis.engine) as session:
                nina = personen.add_persoon(session, "Nina Nieuw", door=proef.wie(BEHEERDER))
                proef.mensen[nina.naam] = nina.id
                personen.grant_mandaat(
                    session, nina, Rol.ARCHIVARIS, van=datetime.now(UTC).date(), tot=None, grondslag="mandaat 9",
                    door=proef.wie(BEHEERDER),
                )  # fmt: skip
            with db.begin(proef.basis.engine) as session:
                tot = date(2039, 1, 1)
                for batch_id, naam in ((een.batch, nina.naam), (laat.batch, ARCHIVARIS)):
                    rij = storage.load_batch(session, batch_id)
                    besluiten.extend_termijn(session, rij, tot, "onderzoek", proef.wie(naam))
                document = session.get_one(DocumentRow, laat.documenten[0])
                actor = personen.actor_of(session, proef.mensen[ARCHIVARIS])
                besluiten.add_uitzondering(session, document, "erfgoed", "oude kaart", "kluis", actor=actor)
                besluiten.end_uitzondering(session, document, "toch niet", proef.wie(ARCHIVARIS))
                papier.move_doos(session, find_doos(session, gewist), "elders", door=actor)
            dozen = proef.box_parts(twee.batch, "1,3", "2")
            with db.begin(proef.basis.engine) as session:  # closed as the last thing that was done with it
                actor = personen.actor_of(session, proef.mensen[DIV])
                rij = storage.load_batch(session, een.batch)
                papier.fill_doos(session, find_doos(session, gewist), rij, None, door=actor)
                papier.close_doos(session, find_doos(session, gewist), door=actor)
            lijst = proef.propose(*dozen)
            proef.anchor()  # the sealer reads the list before it signs
            proef.basis.opslag.pad(lijst.inhoud_sha256).unlink()
            with closing(sqlite3.connect(tmp_path / "toen.db")) as toen:
                for (naam,) in toen.execute("select name from sqlite_master where type = 'trigger'").fetchall():
                    toen.execute(f"drop trigger {naam}")
                for tabel in ("doosblad", "doosplaats", "doos"):
                    toen.execute(f"delete from {tabel}")
                toen.commit()
        with db.read(proef.basis.engine) as session:
            binding = besluiten.find_binding(session, een.batch)
            assert binding is not None and binding.besluit.versie == 2
            assert session.exec(select(TermijnverlengingRow)).all() == []
            assert [papier.load_inhoud(session, find_doos(session, doos).id) for doos in dozen] == [[], []]
        teksten = {verschil.tekst: verschil.bekend for verschil in logboek.find_verschillen(proef.basis)}
        weg = f"Doos {str(gewist.log_id)[:8]} is vastgelegd, maar staat niet meer in de database."
        assert teksten.pop(weg) is False  # that was before the back-up
        assert sum("termijn" in tekst for tekst in teksten) == 2
        with db.begin(proef.basis.engine) as session:  # longer than what was lost: that one holds nothing any more
            rij = storage.load_batch(session, een.batch)
            besluiten.extend_termijn(session, rij, date(2040, 1, 1), "onderzoek", proef.wie(ARCHIVARIS))
        nu = [verschil.tekst for verschil in logboek.find_verschillen(proef.basis)]
        assert sum("termijn" in tekst for tekst in nu) == 1
        assert sum(tekst.startswith("Hoeveel bladen") for tekst in teksten) == 3
        assert all(teksten.values()), teksten


@pytest.mark.parametrize("kapot", [False, True])
def test_it_does_not_matter_in_which_order_paper_moved_before_it_was_destroyed(tmp_path: Path, kapot: bool) -> None:
    """Sheets went from one doos into another that was begun before; with the list gone nobody knows which."""
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(3)  # of four sheets
        proef.add_besluit()
        proef.approve(batch.batch)

        def div(session: Session) -> ActorRow:
            return personen.actor_of(session, proef.mensen[DIV])

        def move(doos: DoosRow, bladen: str, *, eruit: bool = False) -> None:
            with db.begin(proef.basis.engine) as session:
                doe = papier.empty_doos if eruit else papier.fill_doos
                rij = storage.load_batch(session, batch.batch)
                doe(session, find_doos(session, doos), rij, papier.parse_bladen(bladen), door=div(session))

        def make() -> DoosRow:
            with db.begin(proef.basis.engine) as session:
                return papier.make_doos(session, "kast", door=div(session))

        oud = make()
        move(oud, "1-3")
        with roll_back(proef):
            doos = make()
            move(doos, "4")
            move(oud, "1-2", eruit=True)
            move(doos, "1-2")
            with db.begin(proef.basis.engine) as session:
                papier.close_doos(session, find_doos(session, oud), door=div(session))
                papier.close_doos(session, find_doos(session, doos), door=div(session))
            lijst = proef.propose(oud, doos)
            for een in (oud, doos):
                proef.look(lijst, een)
            proef.back_up()
            proef.release(lijst, EEN)
            proef.release(lijst, TWEE)
            proef.anchor()
            proef.execute(proef.order(lijst, oud, doos), doos)
            proef.anchor()
            if kapot:
                proef.basis.opslag.pad(lijst.inhoud_sha256).unlink()
        with db.read(proef.basis.engine) as session:
            rij = storage.load_batch(session, batch.batch)
            weg = papier.count_onbekend_weg(session, rij)
            (document,) = batch.documenten
            plekken = {
                plek.blad: plek.vernietigd_op is not None for plek in papier.find_vindplaatsen(session, document)
            }
            antwoord = verantwoording._answer_papier(session, session.get_one(DocumentRow, document))
        if kapot:
            assert weg == 3 and antwoord.in_orde is False and "weet niet meer welke" in antwoord.regels[-1]
            with pytest.raises(NietMogelijkError, match="gaat niet meer weg"):
                move(make(), "4")
        else:
            assert weg == 0 and plekken == {2: True, 3: False, 4: True} and antwoord.in_orde is None
            with pytest.raises(NietMogelijkError, match="al in een andere doos"):
                move(make(), "1-4")
        assert verify(proef) == BEWEZEN


def test_a_doos_that_got_other_sheets_is_not_taken_for_what_it_was(tmp_path: Path) -> None:
    """As many went in as came out: the count is the same, and which ones lie there nobody knows."""
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(3)
        proef.add_besluit()
        with db.begin(proef.basis.engine) as session:
            div = personen.actor_of(session, proef.mensen[DIV])
            doos = papier.make_doos(session, "kast", door=div)
            rij = storage.load_batch(session, batch.batch)
            papier.fill_doos(session, doos, rij, papier.parse_bladen("2"), door=div)
        with roll_back(proef), db.begin(proef.basis.engine) as session:
            nu = find_doos(session, doos)
            papier.empty_doos(session, nu, rij, papier.parse_bladen("2"), door=div)
            papier.fill_doos(session, nu, rij, papier.parse_bladen("4"), door=div)
        (verschil,) = logboek.find_verschillen(proef.basis)
        assert verschil.bekend and "is niet zeker" in verschil.tekst
        with db.begin(proef.basis.engine) as session:  # people look, and say what is in it
            papier.empty_doos(session, find_doos(session, doos), rij, None, door=div)
            papier.fill_doos(session, find_doos(session, doos), rij, papier.parse_bladen("4"), door=div)
        assert logboek.find_verschillen(proef.basis) == []
        assert verify(proef) == BEWEZEN


@pytest.mark.parametrize("wat", ["vrijgaven", "lijst", "erna", "blik", "mislukt"])
def test_what_was_withdrawn_or_half_done_is_not_gone_on_with(tmp_path: Path, wat: str) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        if wat in ("vrijgaven", "lijst", "erna"):
            proef.look(lijst, doos)
            proef.back_up()
        if wat in ("vrijgaven", "lijst"):
            proef.release(lijst, EEN)
            proef.release(lijst, TWEE)
        with roll_back(proef):
            if wat == "vrijgaven":
                afronding.trek_vrijgave_in(proef.basis, lijst.id, "twijfel", proef.wie(EEN))
            elif wat == "erna":
                proef.release(lijst, EEN)
                afronding.trek_vrijgave_in(proef.basis, lijst.id, "twijfel", proef.wie(EEN))
            elif wat == "lijst":
                afronding.trek_lijst_in(proef.basis, lijst.id, "twijfel", proef.wie(DIV))
            else:
                proef.look(lijst, doos, geslaagd=wat == "blik")
        with db.read(proef.basis.engine) as session:
            assert session.get_one(VernietigingslijstRow, lijst.id).ingetrokken_op is not None
        assert logboek.find_verschillen(proef.basis) == []
        with pytest.raises(NietMogelijkError, match="is ingetrokken"):
            proef.look(lijst, doos)
        with pytest.raises(NietMogelijkError, match="is ingetrokken"):
            proef.order(lijst, doos)
        proef.back_up()
        proef.execute(proef.bring_to_order(proef.propose(doos, naam="Lijst opnieuw"), doos), doos)
        proef.anchor()
        assert verify(proef) == BEWEZEN


@pytest.mark.parametrize("over", ["zaak", "document"])
@pytest.mark.parametrize("eerst", [False, True])
def test_a_stop_that_came_back_lets_nothing_go(tmp_path: Path, over: str, eerst: bool) -> None:
    """The line follows stops after every seal: the rows do not know in which doos the paper was."""
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(2)
        proef.add_besluit()

        def place() -> None:
            with db.begin(proef.basis.engine) as session:
                wat = ZAAK if over == "zaak" else str(batch.documenten[0])
                door = storage.load_actor(session, "proef")
                stops.place_stop(session, stops.Stopsoort.BEZWAAR, stops.Over(over), wat, "bezwaar 7", door=door)

        if eerst:
            place()
        with roll_back(proef):
            with db.begin(proef.basis.engine) as session:
                div = personen.actor_of(session, proef.mensen[DIV])
                doos = papier.make_doos(session, "kast", door=div)
                rij = storage.load_batch(session, batch.batch)
                papier.fill_doos(session, doos, rij, papier.parse_bladen("2"), door=div)
            if not eerst:
                place()
            follow(proef)
        follow(proef)
        assert verify(proef) == BEWEZEN
        with db.read(proef.basis.engine) as session:  # also one that does not know its zaak any more
            assert len(batchstatus.find_stops(session, storage.load_batch(session, batch.batch))) == 1
        with db.begin(proef.basis.engine) as session:
            for stop in stops.find_stops(session):
                stops.lift_stop(session, stop.id, "klaar", door=personen.actor_of(session, proef.mensen[ARCHIVARIS]))
        follow(proef)
        assert verify(proef) == BEWEZEN


def follow(proef: Afrondproef) -> None:
    """Do what the line does after it sealed something."""
    proef.seal()
    with db.begin(proef.basis.engine) as session:
        stops.follow_stops(session)
    proef.anchor()


def test_an_order_after_the_rollback_rests_on_an_anchor_that_the_record_knows(tmp_path: Path) -> None:
    """The event of the newest anchor waited when the database was put back; the anchor itself lies beside the log."""
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        with roll_back(proef), db.begin(proef.basis.engine) as session:
            papier.make_doos(session, "kast", door=storage.load_actor(session, "proef"))
        proef.execute(proef.bring_to_order(proef.propose(doos), doos), doos)
        assert logboek.find_verschillen(proef.basis) == []
        proef.anchor()
        assert verify(proef) == BEWEZEN


def test_a_list_counts_no_more_once_paper_moved_after_it(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(3)
        proef.add_besluit()
        proef.approve(batch.batch)
        with roll_back(proef):
            with db.begin(proef.basis.engine) as session:
                div = personen.actor_of(session, proef.mensen[DIV])
                doos = papier.make_doos(session, "kast", door=div)
                rest = papier.make_doos(session, "kast", door=div)
                rij = storage.load_batch(session, batch.batch)
                papier.fill_doos(session, doos, rij, papier.parse_bladen("2"), door=div)
                papier.fill_doos(session, rest, rij, papier.parse_bladen("3-4"), door=div)
                for een in (doos, rest):
                    papier.close_doos(session, een, door=div)
            lijst = proef.propose(doos, rest)
            afronding.trek_lijst_in(proef.basis, lijst.id, "toch niet", proef.wie(DIV))
            move_open(proef, doos)
            with db.begin(proef.basis.engine) as session:  # another sheet, as many as the list said
                papier.empty_doos(session, find_doos(session, doos), rij, papier.parse_bladen("2"), door=div)
                papier.fill_doos(session, find_doos(session, doos), rij, papier.parse_bladen("1"), door=div)
        with db.read(proef.basis.engine) as session:
            inhoud = papier.load_inhoud(session, find_doos(session, doos).id)
            assert [[blad.nummer for blad in bladen] for _, bladen in inhoud] != [[2]]
        assert all(verschil.bekend for verschil in logboek.find_verschillen(proef.basis))


def test_nothing_is_recorded_of_a_doos_that_is_gone(tmp_path: Path) -> None:
    """One sheet was taken out, nobody knows which, and the doos was destroyed: its count stays what the log says."""
    with open_afrondproef(tmp_path) as proef:
        een, twee = proef.add_batch(1), proef.add_batch(1)
        proef.add_besluit()
        for batch in (een, twee):
            proef.approve(batch.batch)
        with db.begin(proef.basis.engine) as session:
            div = personen.actor_of(session, proef.mensen[DIV])
            doos = papier.make_doos(session, "kast", door=div)
            for batch in (een, twee):
                papier.fill_doos(session, doos, storage.load_batch(session, batch.batch), None, door=div)
        with roll_back(proef):
            with db.begin(proef.basis.engine) as session:
                rij = storage.load_batch(session, twee.batch)
                papier.empty_doos(session, find_doos(session, doos), rij, papier.parse_bladen("1"), door=div)
                papier.close_doos(session, find_doos(session, doos), door=div)
            lijst = proef.propose(find_doos_now(proef, doos))
            proef.execute(proef.bring_to_order(lijst, doos), doos)
            proef.anchor()
            proef.basis.opslag.pad(lijst.inhoud_sha256).unlink()
        assert all(verschil.bekend for verschil in logboek.find_verschillen(proef.basis))
        assert verify(proef) == BEWEZEN


def find_doos_now(proef: Afrondproef, doos: DoosRow) -> DoosRow:
    with db.read(proef.basis.engine) as session:
        return find_doos(session, doos)


def test_what_came_back_is_named_as_people_know_it(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(1)
        proef.add_besluit()
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        opdracht = proef.bring_to_order(lijst, doos)
        ander = proef.add_batch(1)
        proef.approve(ander.batch)
        andere_doos = proef.box(ander.batch)
        with roll_back(proef):
            proef.pick_up(opdracht)
            proef.pick_up(proef.bring_to_order(proef.propose(andere_doos, naam="Lijst later"), andere_doos))
            with db.begin(proef.basis.engine) as session:
                door = storage.load_actor(session, "proef")
                stops.place_stop(session, stops.Stopsoort.BEZWAAR, stops.Over.DOOS, str(doos.id), "bezwaar", door=door)
            laat = proef.add_batch(1)
            aflevering.unlink(proef.basis, laat.documenten[0], None, DIV)
        with db.read(proef.basis.engine) as session:
            (stop,) = stops.find_stops(session)
            regels = load_teruggehaald(proef.basis, session)
            verteld = {regel.wat: regel.waarover for regel in regels}
        een, twee = (regel.waarover for regel in regels if regel.wat == "container opgehaald")
        assert een == f"opdracht {opdracht.nummer}" and twee.endswith("(verloren)")
        assert verteld["stop geplaatst"] == f"stop {str(stop.id)[:8]} op doos"
        assert "document ontkoppeld" not in verteld  # of a document that was lost there is nothing to look at


def test_an_anchor_that_the_record_knows_is_not_recorded_twice(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        proef.add_batch(1)
        proef.add_besluit()
        with roll_back(proef, anker=False), db.begin(proef.basis.engine) as session:
            papier.make_doos(session, "kast", door=storage.load_actor(session, "proef"))
        with db.read(proef.basis.engine) as session:
            ankers = session.exec(select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "verankering")).all()
        omvangen = [anker["checkpoint"] for anker in ankers]
        assert len(omvangen) == len(set(omvangen)) > 0
