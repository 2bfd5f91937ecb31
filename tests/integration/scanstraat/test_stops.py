"""While a stop stands nothing of it goes, whatever people do to the batch in the meantime."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from scanstraat import bewerken, db, papier, personen, stops, storage
from scanstraat import opstelling as o
from scanstraat.domain import Bewerkingsoort, Weglaatreden
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.stops import Over, Stopsoort
from scanstraat.tables import DocumentRow, GebeurtenisRow
from scanstraat.tables_bewijs import BesluitRow, DoosRow, HandboekRow, StopRow
from scanstraat.werk import Werkbank
from tests.afrondproef import build_besluit
from tests.builders import Batchproef, build_batch, build_persoon, build_vingerafdruk
from tests.databanken import BEIDE

ZAAK = "ZAAK-2026-000123"


def place(session: Session, over: Over, wat: UUID | str, reden: str = "WOO-2026-4") -> StopRow:
    return stops.place_stop(session, Stopsoort.WOO_VERZOEK, over, str(wat), reden, door=build_persoon(session))


def edit(
    session: Session,
    werkbank: Werkbank,
    proef: Batchproef,
    soort: Bewerkingsoort,
    anders: Callable[[o.Opstelling], o.Opstelling],
) -> None:
    batch = storage.load_batch(session, proef.batch)
    bewerken.bewerk(session, werkbank, batch, build_persoon(session), soort, {}, anders)


def box(session: Session, proef: Batchproef, bladen: str | None = None) -> DoosRow:
    wie = build_persoon(session)
    doos = papier.make_doos(session, "archief", door=wie)
    reeksen = None if bladen is None else papier.parse_bladen(bladen)
    papier.fill_doos(session, doos, storage.load_batch(session, proef.batch), reeksen, door=wie)
    return doos


def is_held(session: Session, over: Over, wat: UUID | str) -> bool:
    return bool(stops.find_stops(session, [(over, str(wat)), (Over.ZAAK, "ZAAK-ANDERS")]))


def add_besluit(session: Session, nummer: str, versie: int) -> BesluitRow:
    wie = personen.find_persoon(session, "Fleur") or personen.add_persoon(session, "Fleur", door=None)
    besluit = build_besluit({"standaard": "0" * 64}, nummer=nummer, versie=versie)
    bestand = build_vingerafdruk(f"{nummer}/{versie}".encode())
    storage.save_object(session, bestand, "besluit")
    handboek = session.exec(select(HandboekRow)).first() or HandboekRow(
        versie="1.0",
        bestand_sha256=bestand.sha256,
        bestandsnaam="handboek.pdf",
        vastgelegd_op=db.now_text(),
        vastgelegd_door=wie.id,
    )
    session.add(handboek)
    session.flush()
    rij = BesluitRow(
        nummer=nummer,
        versie=versie,
        inhoud=besluit.to_json(),
        inhoud_sha256=bestand.sha256,
        handboek_id=handboek.id,
        vastgelegd_op=db.now_text(),
        vastgelegd_door=wie.id,
    )
    session.add(rij)
    session.flush()
    return rij


@BEIDE
def test_a_stop_holds_until_it_is_lifted_with_a_reason(engine: Engine) -> None:
    with db.begin(engine) as session:
        doos = box(session, build_batch(session))
        stop = place(session, Over.DOOS, doos.id)
        assert stops.say_stop(stop) == f"Er loopt een stop (Woo-verzoek) op deze doos: stop {str(stop.id)[:8]}."
        assert is_held(session, Over.DOOS, doos.id) and not is_held(session, Over.DOOS, uuid4())
        with pytest.raises(NietMogelijkError, match="waarom de stop wordt opgeheven"):
            stops.lift_stop(session, stop.id, " ", door=build_persoon(session))
        assert is_held(session, Over.DOOS, doos.id)
        stops.lift_stop(session, stop.id, "afgehandeld", door=build_persoon(session))
        assert not is_held(session, Over.DOOS, doos.id) and stops.find_stops(session) == []
        assert [rij.id for rij in stops.find_stops(session, alles=True)] == [stop.id]
        for id_ in (stop.id, uuid4()):
            with pytest.raises(NietGevondenError, match="stop lijst"):
                stops.lift_stop(session, id_, "nog eens", door=build_persoon(session))


def test_two_stops_are_lifted_one_by_one(engine: Engine) -> None:
    with db.begin(engine) as session:
        doos = box(session, build_batch(session))
        een, twee = place(session, Over.DOOS, doos.id), place(session, Over.DOOS, doos.id)
        stops.lift_stop(session, een.id, "afgehandeld", door=build_persoon(session))
        assert is_held(session, Over.DOOS, doos.id)
        stops.lift_stop(session, twee.id, "afgehandeld", door=build_persoon(session))
        assert not is_held(session, Over.DOOS, doos.id)


@pytest.mark.parametrize("over", [Over.DOCUMENT, Over.DOOS, Over.BESLUIT, Over.PERSOON])
def test_a_stop_on_nothing_is_refused(engine: Engine, over: Over) -> None:
    with db.begin(engine) as session:
        with pytest.raises(NietGevondenError, match=f"Dit {over.value} bestaat niet"):
            place(session, over, uuid4())
        with pytest.raises(NietMogelijkError, match="Zeg waarop"):
            place(session, Over.ZAAK, " ")
        with pytest.raises(NietMogelijkError, match="Zeg waarom"):
            place(session, Over.ZAAK, ZAAK, " ")
        assert stops.find_stops(session, alles=True) == []


@BEIDE
@pytest.mark.parametrize("getypt", [ZAAK, ZAAK.lower(), f" {ZAAK} "])
def test_a_stop_on_a_zaak_holds_however_its_number_was_typed(engine: Engine, getypt: str) -> None:
    with db.begin(engine) as session:
        place(session, Over.ZAAK, getypt)  # before its paper is there
        proef = build_batch(session, zaak=ZAAK)
        doos = box(session, proef)
        assert is_held(session, Over.ZAAK, ZAAK)
        assert is_held(session, Over.DOOS, doos.id)
        assert is_held(session, Over.DOCUMENT, proef.documenten[0])
        ander = build_batch(session, zaak="ZAAK-2026-000124")
        assert not is_held(session, Over.ZAAK, "ZAAK-2026-000124")
        assert not is_held(session, Over.DOCUMENT, ander.documenten[0])


@BEIDE
def test_a_stop_on_a_besluit_holds_every_version_of_it(engine: Engine) -> None:
    with db.begin(engine) as session:
        een, twee, ander = add_besluit(session, "17", 1), add_besluit(session, "17", 2), add_besluit(session, "18", 1)
        stop = place(session, Over.BESLUIT, twee.id)
        drie = add_besluit(session, "17", 3)
        assert [is_held(session, Over.BESLUIT, rij.id) for rij in (een, twee, drie, ander)] == [True, True, True, False]
        assert stops.build_stop(session, stop)["wat"] == "17"


@BEIDE
def test_a_stop_on_a_document_follows_pages_that_go_elsewhere(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(3, 2))
        een, twee = proef.documenten
        doos = box(session, proef, "1-4")  # the scheidingsblad and the pages of the first document
        ander = box(session, proef, "5-7")
        place(session, Over.DOCUMENT, een)
        assert is_held(session, Over.DOOS, doos.id) and not is_held(session, Over.DOOS, ander.id)
        assert not is_held(session, Over.DOCUMENT, twee)
        nieuw = uuid4()
        edit(session, werkbank, proef, Bewerkingsoort.SPLITS, lambda op: o.split_document(op, proef.beelden[2], nieuw))
        assert is_held(session, Over.DOCUMENT, nieuw)
        edit(session, werkbank, proef, Bewerkingsoort.VOEGSAMEN, lambda op: o.join_documents(op, een, twee))
        assert is_held(session, Over.DOOS, ander.id)  # what was joined belongs to it from now on


def test_a_stop_on_a_document_that_was_joined_into_another_still_holds(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(3, 2))
        een, twee = proef.documenten
        place(session, Over.DOCUMENT, twee)
        edit(session, werkbank, proef, Bewerkingsoort.VOEGSAMEN, lambda op: o.join_documents(op, een, twee))
        assert session.get_one(DocumentRow, twee, populate_existing=True).vervallen_op is not None
        assert is_held(session, Over.DOCUMENT, een)


@BEIDE
def test_a_stop_on_a_document_holds_the_doos_of_pages_that_were_left_out(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(2, 2))
        doos = box(session, proef, "4-6")
        place(session, Over.DOCUMENT, proef.documenten[1])
        beelden = proef.beelden[2:]
        edit(
            session,
            werkbank,
            proef,
            Bewerkingsoort.WEGLATEN,
            lambda op: o.leave_out(op, list(beelden), Weglaatreden.DUBBEL),
        )
        assert is_held(session, Over.DOOS, doos.id)
        wie = build_persoon(session)
        papier.empty_doos(session, doos, storage.load_batch(session, proef.batch), None, door=wie)
        assert not is_held(session, Over.DOOS, doos.id)


def test_a_page_that_had_left_a_document_before_the_stop_is_free(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(3, 2))
        nieuw = uuid4()
        edit(session, werkbank, proef, Bewerkingsoort.SPLITS, lambda op: o.split_document(op, proef.beelden[2], nieuw))
        time.sleep(0.002)  # times are in milliseconds, and in the same one it counts as after
        place(session, Over.DOCUMENT, proef.documenten[0])
        assert is_held(session, Over.DOCUMENT, proef.documenten[0]) and not is_held(session, Over.DOCUMENT, nieuw)


def load_houdt(session: Session, stop: StopRow) -> list[tuple[UUID, bool]]:
    rijen = session.exec(
        select(GebeurtenisRow.gegevens)
        .where(GebeurtenisRow.soort == "stop.houdt", GebeurtenisRow.onderwerp_log_id == stop.log_id)
        .order_by(col(GebeurtenisRow.volgnummer))
    )
    return [(UUID(gegevens["doos"]), gegevens["houdt"]) for gegevens in rijen]


@BEIDE
def test_the_log_follows_the_paper_that_a_stop_holds(engine: Engine, werkbank: Werkbank) -> None:
    with db.begin(engine) as session:
        proef = build_batch(session, paginas=(1, 1), zaak=ZAAK)
        een = box(session, proef, "1-2")
        op_zaak, op_doos = place(session, Over.ZAAK, ZAAK.lower()), place(session, Over.DOOS, een.id)
        assert load_houdt(session, op_zaak) == [(een.log_id, True)] and load_houdt(session, op_doos) == []
        twee = box(session, proef, "3-4")
    with db.begin(engine) as session:
        stops.follow_stops(session)
        stops.follow_stops(session)
        assert load_houdt(session, op_zaak) == [(een.log_id, True), (twee.log_id, True)]
        batch = storage.load_batch(session, proef.batch)
        papier.empty_doos(session, session.get_one(DoosRow, een.id), batch, None, door=build_persoon(session))
        stops.follow_stops(session)
        assert load_houdt(session, op_zaak)[2:] == [(een.log_id, False)]
        session.get_one(DocumentRow, proef.documenten[1]).zaakidentificatie = "ZAAK-2026-9"
        session.flush()
        stops.follow_stops(session)
        assert load_houdt(session, op_zaak)[3:] == [(twee.log_id, False)]
        stops.lift_stop(session, op_zaak.id, "afgehandeld", door=build_persoon(session))
        session.get_one(DocumentRow, proef.documenten[1]).zaakidentificatie = ZAAK
        session.flush()
        stops.follow_stops(session)
        assert len(load_houdt(session, op_zaak)) == 4


def test_the_log_says_that_a_stop_was_placed_and_not_why(engine: Engine) -> None:
    with db.begin(engine) as session:
        place(session, Over.ZAAK, ZAAK, "bezwaar van mevrouw De Vries")
        (rij,) = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.soort == "stop.geplaatst"))
        assert set(rij.gegevens) == {"soort", "over", "betreft", "kenmerk"}
        assert "Vries" not in repr(rij.gegevens) and ZAAK not in repr(rij.gegevens)


def test_stops_are_said_as_people_know_them(engine: Engine) -> None:
    with db.begin(engine) as session:
        doos = box(session, build_batch(session))
        fleur = personen.add_persoon(session, "Fleur", door=None)
        gezegd = {
            (rij["over"], rij["wat"])
            for stop in (place(session, Over.DOOS, doos.id), place(session, Over.PERSOON, fleur.id))
            for rij in [stops.build_stop(session, stop)]
        }
        assert gezegd == {("doos", doos.nummer), ("persoon", "Fleur")}
        assert date.fromisoformat(stops.find_stops(session)[0].geplaatst_op[:10])
