"""A sheet is in one doos at a time, a doos has one number and one place, and a document can be found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from scanstraat import db, papier, storage
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.tables import BatchRow, GebeurtenisRow
from scanstraat.tables_bewijs import DoosRow
from tests.builders import Batchproef, build_batch, build_persoon
from tests.databanken import BEIDE


def build_doos(session: Session, plaats: str = "archief") -> DoosRow:
    return papier.make_doos(session, plaats, door=build_persoon(session))


def fill(session: Session, doos: DoosRow, proef: Batchproef | UUID, bladen: str | None = None) -> int:
    batch_id = proef.batch if isinstance(proef, Batchproef) else proef
    reeksen = None if bladen is None else papier.parse_bladen(bladen)
    batch = storage.load_batch(session, batch_id)
    return papier.fill_doos(session, doos, batch, reeksen, door=build_persoon(session))


def empty(session: Session, doos: DoosRow, proef: Batchproef, reeksen: Sequence[range] | None = None) -> int:
    batch = storage.load_batch(session, proef.batch)
    return papier.empty_doos(session, doos, batch, reeksen, door=build_persoon(session))


def find_soorten(session: Session, doos: DoosRow) -> list[str]:
    return list(
        session.exec(
            select(GebeurtenisRow.soort)
            .where(GebeurtenisRow.onderwerp_log_id == doos.log_id)
            .order_by(col(GebeurtenisRow.volgnummer))
        )
    )


# --- numbers of sheets --------------------------------------------------------------------------------------------


@given(st.sets(st.integers(1, 999_999), min_size=1, max_size=200))
def test_sheets_are_written_as_they_are_read(nummers: set[int]) -> None:
    geschreven = papier.format_bladen(nummers)
    assert {nummer for reeks in papier.parse_bladen(geschreven) for nummer in reeks} == nummers


@pytest.mark.parametrize("tekst", ["1-40,43", " 1 - 40 , 43 ", "43,1-20,10-40"])
def test_ranges_may_have_spaces_and_overlap(tekst: str) -> None:
    nummers = (nummer for reeks in papier.parse_bladen(tekst) for nummer in reeks)
    assert papier.format_bladen(nummers) == "1-40,43"


@pytest.mark.parametrize("tekst", ["", ",", "0", "0-3", "4-3", "1-", "-1", "a", "1;2", "1-2-3", "1234567", "3a", "²"])
def test_what_is_no_range_of_sheets_is_refused(tekst: str) -> None:
    with pytest.raises(NietMogelijkError, match="geen reeks bladen"):
        papier.parse_bladen(tekst)


# --- boxes --------------------------------------------------------------------------------------------------------


@BEIDE
def test_a_doos_gets_the_next_number_and_is_found_by_what_people_say(engine: Engine) -> None:
    with db.begin(engine) as session:
        eerste, tweede = build_doos(session), build_doos(session)
        jaar = eerste.gemaakt_op[:4]
        assert (eerste.nummer, tweede.nummer) == (f"D-{jaar}-00001", f"D-{jaar}-00002")
        session.add(DoosRow(nummer="D-2020-00002", gemaakt_op=db.now_text()))
        for gezegd in ("2", "00002", f" d-{jaar}-00002 "):
            assert papier.find_doos(session, gezegd).nummer == tweede.nummer
        for gezegd in ("3", "D-2020-00001", "", "doos", "-1", "9" * 30):
            with pytest.raises(NietGevondenError, match="doos lijst"):
                papier.find_doos(session, gezegd)


@BEIDE
def test_two_who_make_a_doos_at_once_get_two_numbers(engine: Engine) -> None:
    samen = threading.Barrier(4)
    fouten: list[Exception] = []

    def make() -> None:
        samen.wait()
        try:
            with db.begin(engine) as session:
                build_doos(session)
        except Exception as exc:
            fouten.append(exc)

    with db.begin(engine) as session:
        build_persoon(session)
    draden = [threading.Thread(target=make) for _ in range(4)]
    for draad in draden:
        draad.start()
    for draad in draden:
        draad.join()
    assert fouten == []
    with db.read(engine) as session:
        assert len({doos.nummer for doos in papier.load_dozen(session)}) == 4


def test_where_a_doos_stands_and_stood_is_known(engine: Engine) -> None:
    with db.begin(engine) as session:
        doos = build_doos(session, " kelder ")
        papier.move_doos(session, doos, "archief, stelling 4", door=build_persoon(session))
        with pytest.raises(NietMogelijkError, match="Zeg waar"):
            papier.move_doos(session, doos, "  ", door=build_persoon(session))
        with pytest.raises(NietMogelijkError, match="Zeg waar"):
            build_doos(session, "")
        plaatsen = papier.build_doos(session, doos)["plaatsen"]
        assert [plaats["plaats"] for plaats in plaatsen] == ["kelder", "archief, stelling 4"]
        nu = papier.find_plaats(session, doos.id)
        assert nu is not None and nu.plaats == "archief, stelling 4"


def test_an_empty_doos_is_not_closed_and_a_closed_one_takes_nothing_in(engine: Engine) -> None:
    with db.begin(engine) as session:
        proef, doos, wie = build_batch(session), build_doos(session), build_persoon(session)
        with pytest.raises(NietMogelijkError, match="is leeg"):
            papier.close_doos(session, doos, door=wie)
        fill(session, doos, proef, "1-3")
        papier.close_doos(session, doos, door=wie)
        with pytest.raises(NietMogelijkError, match="al dicht"):
            papier.close_doos(session, doos, door=wie)
        with pytest.raises(NietMogelijkError, match=rf"is dicht\. Open haar eerst: scanstraat doos open {doos.nummer}"):
            fill(session, doos, proef, "4")
        papier.open_doos(session, doos, door=wie)
        with pytest.raises(NietMogelijkError, match="al open"):
            papier.open_doos(session, doos, door=wie)
        assert fill(session, doos, proef) == 4
        soorten = ["gemaakt", "verplaatst", "gevuld", "gesloten", "geopend", "gevuld"]
        assert find_soorten(session, doos) == [f"doos.{soort}" for soort in soorten]


@BEIDE
def test_nothing_comes_into_a_doos_that_another_just_closed(engine: Engine) -> None:
    """The doos as this session read it is open; what counts is how it is now."""
    with db.begin(engine) as session:
        proef, doos = build_batch(session), build_doos(session)
        fill(session, doos, proef, "1")
    with db.begin(engine) as session:
        papier.close_doos(session, session.get_one(DoosRow, doos.id), door=build_persoon(session))
    with db.begin(engine) as session:
        oud = session.merge(doos, load=False)
        assert oud.gesloten_op is None
        with pytest.raises(NietMogelijkError, match="is dicht"):
            fill(session, oud, proef, "2")


# --- sheets -------------------------------------------------------------------------------------------------------


@BEIDE
def test_a_sheet_is_in_one_doos_at_a_time(engine: Engine) -> None:
    with db.begin(engine) as session:
        proef, een, twee = build_batch(session), build_doos(session), build_doos(session)
        assert fill(session, een, proef, "1-4") == 4
        assert fill(session, een, proef, "3-5") == 1  # what is in it stays in it
        assert fill(session, een, proef, "1-5") == 0
        with pytest.raises(NietMogelijkError, match="Blad 1-5 van batch B-2026-0001 ligt al in een andere doos"):
            fill(session, twee, proef)
        assert empty(session, een, proef, papier.parse_bladen("2-3,7")) == 2
        assert fill(session, twee, proef, "2") == 1
        with pytest.raises(NietGevondenError, match="liggen niet in doos"):
            empty(session, een, proef, papier.parse_bladen("2"))
        gemaakt = papier.build_doos(session, een)
        assert (gemaakt["bladen"], gemaakt["inhoud"]) == (3, [{"batch": "B-2026-0001", "bladen": "1,4-5"}])


def test_a_sheet_that_is_not_there_is_named(engine: Engine) -> None:
    with db.begin(engine) as session:
        proef, doos = build_batch(session), build_doos(session)
        with pytest.raises(NietGevondenError, match=r"heeft 7 bladen\. Daar is 8-10 niet bij"):
            fill(session, doos, proef, "6-10")
        leeg = BatchRow.model_validate(
            storage.load_batch(session, proef.batch).model_dump(exclude={"id", "log_id"})
            | {"nummer": "B-2026-0009", "volgnummer": 9, "ontvangen": 0, "in_documenten": 0, "scheidingsbladen": 0}
        )
        session.add(leeg)
        session.flush()
        with pytest.raises(NietMogelijkError, match="heeft nog geen bladen"):
            fill(session, doos, leeg.id)


@BEIDE
def test_the_paper_of_a_document_is_found_sheet_by_sheet(engine: Engine) -> None:
    with db.begin(engine) as session:
        proef, een, twee = build_batch(session), build_doos(session, "kelder"), build_doos(session, "zolder")
        fill(session, een, proef, "1-2")
        fill(session, twee, proef, "3")
        plekken = papier.find_vindplaatsen(session, proef.documenten[0])  # sheet 1 is its scheidingsblad
        assert [(plek.blad, plek.doos, plek.plaats) for plek in plekken] == [
            (2, een.nummer, "kelder"),
            (3, twee.nummer, "zolder"),
            (4, None, None),
        ]
        assert papier.build_doos(session, een)["documenten"] == [str(proef.documenten[0])]
        assert papier.build_doos(session, twee)["documenten"] == [str(proef.documenten[0])]
