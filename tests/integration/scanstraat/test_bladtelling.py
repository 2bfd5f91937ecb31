"""The findings of the count say what is so now: told once each, withdrawn when mended, told anew when wrong anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from scanstraat import bewerken, bladtelling, db, rapport, storage
from scanstraat import opstelling as o
from scanstraat.config import Nakijken, Scanprofiel
from scanstraat.domain import Bewerkingsoort, Weglaatreden
from scanstraat.tables import DocumentRow
from scanstraat.werk import Werkbank
from tests.builders import Batchproef, build_batch, build_persoon, save_beeld, save_bron


class Stapel:
    """A batch of two documents of two pages, each behind a scheidingsblad, and what a person does to it."""

    def __init__(self, session: Session, werkbank: Werkbank, *, nakijken: Nakijken = "bij_bevinding") -> None:
        self.session, self.werkbank = session, werkbank
        self.proef: Batchproef = build_batch(session, paginas=(2, 2), nakijken=nakijken)
        self.batch = storage.load_batch(session, self.proef.batch)
        self.persoon = build_persoon(session)

    def declare(self, *, documenten: tuple[int | None, ...] = (), batch: int | None = None) -> None:
        for document_id, bladen in zip(self.proef.documenten, documenten, strict=False):
            self.session.get_one(DocumentRow, document_id).bladen_verwacht = bladen
        self.batch.bladen_opgegeven = batch
        self.session.flush()
        bladtelling.update_bevindingen(self.session, self.batch, door=storage.load_actor(self.session, "lijn"))

    def do(self, anders: Callable[[o.Opstelling], o.Opstelling]) -> None:
        bewerken.bewerk(self.session, self.werkbank, self.batch, self.persoon, Bewerkingsoort.WEGLATEN, {}, anders)

    def leave_out(self, *plekken: int, reden: Weglaatreden = Weglaatreden.DUBBEL) -> None:
        beelden = [self.proef.beelden[plek] for plek in plekken]
        self.do(partial(o.leave_out, beelden=beelden, reden=reden))

    def undo(self) -> None:
        bewerken.undo(self.session, self.werkbank, self.batch, self.persoon)

    def report_ready(self) -> None:
        bewerken.report_ready(self.session, self.werkbank, self.batch, self.persoon)

    def standing(self) -> list[tuple[str, UUID | None, bool]]:
        """Return code, document and whether it is open, of every finding that is so now."""
        rijen = [
            rapport.build_bevinding(self.session, rij) for rij in storage.load_bevindingen(self.session, self.batch.id)
        ]
        return sorted(
            (rij["code"], None if rij["document"] is None else UUID(rij["document"]), not rij["afgehandeld"])
            for rij in rijen
            if not rij["vervallen"]
        )

    def count_all(self) -> int:
        return len(storage.load_bevindingen(self.session, self.batch.id))


@pytest.fixture
def stapel(engine: Engine, werkbank: Werkbank) -> Iterator[Stapel]:
    with db.begin(engine) as session:
        yield Stapel(session, werkbank)


def test_turning_a_page_of_a_batch_with_a_batchblad_finds_nothing(stapel: Stapel) -> None:
    stapel.declare(batch=4)  # and two scheidingsbladen, which a Batchblad does not count
    stapel.do(partial(o.turn, beelden=[stapel.proef.beelden[0]], graden=180))
    assert stapel.standing() == []


def test_every_document_that_misses_a_sheet_is_told(stapel: Stapel) -> None:
    stapel.declare(documenten=(2, 2))
    stapel.leave_out(1)
    stapel.leave_out(3)
    een, twee = stapel.proef.documenten
    assert stapel.standing() == sorted([("aantal_wijkt_af", een, True), ("aantal_wijkt_af", twee, True)])


def test_what_is_mended_is_withdrawn_and_lets_the_batch_go(stapel: Stapel) -> None:
    stapel.declare(documenten=(2, None), batch=4)
    stapel.leave_out(1)
    assert [code for code, _, _ in stapel.standing()] == ["aantal_wijkt_af", "batchaantal_wijkt_af"]
    assert not storage.is_vrij(stapel.session, stapel.batch)
    stapel.undo()
    assert (stapel.standing(), stapel.count_all()) == ([], 2)  # nothing is deleted
    assert storage.is_vrij(stapel.session, stapel.batch)


def test_what_a_person_accepted_is_not_told_again_by_another_change(stapel: Stapel) -> None:
    stapel.declare(documenten=(3, None))
    stapel.report_ready()
    stapel.do(partial(o.turn, beelden=[stapel.proef.beelden[0]], graden=90))
    stapel.do(partial(o.turn, beelden=[stapel.proef.beelden[2]], graden=90))
    assert (stapel.standing(), stapel.count_all()) == ([("aantal_wijkt_af", stapel.proef.documenten[0], False)], 1)
    assert storage.is_vrij(stapel.session, stapel.batch)


def test_what_goes_wrong_again_is_told_again_also_when_it_was_accepted_before(stapel: Stapel) -> None:
    stapel.declare(documenten=(2, None))
    stapel.leave_out(1)
    stapel.report_ready()
    stapel.undo()
    assert stapel.standing() == []
    stapel.leave_out(1)
    assert stapel.standing() == [("aantal_wijkt_af", stapel.proef.documenten[0], True)]
    assert not storage.is_vrij(stapel.session, stapel.batch)


def test_other_numbers_than_were_accepted_are_a_new_finding(stapel: Stapel) -> None:
    stapel.declare(batch=5)
    stapel.report_ready()
    stapel.leave_out(0)
    assert (stapel.standing(), stapel.count_all()) == ([("batchaantal_wijkt_af", None, True)], 2)


def test_a_finding_goes_along_to_the_newest_state_of_its_document(stapel: Stapel) -> None:
    stapel.declare(documenten=(3, None))
    stapel.do(partial(o.turn, beelden=[stapel.proef.beelden[0]], graden=90))
    document = storage.load_document(stapel.session, stapel.proef.documenten[0])
    gevonden = rapport.build_document(stapel.session, document, lambda _sha256: None)
    assert [bevinding["code"] for bevinding in gevonden["bevindingen"]] == ["aantal_wijkt_af"]


def test_a_blank_back_that_is_left_out_does_not_make_a_sheet_missing(stapel: Stapel) -> None:
    stapel.declare(documenten=(2, 2), batch=4)
    stapel.leave_out(1, reden=Weglaatreden.BLANCO)
    assert stapel.standing() == []
    stapel.leave_out(0, reden=Weglaatreden.DUBBEL)
    assert [code for code, _, _ in stapel.standing()] == ["batchaantal_wijkt_af"]  # the document has no pages left


@pytest.mark.parametrize("bladzijden", ["simplex", "duplex"])
def test_a_page_that_was_replaced_is_counted_once(
    stapel: Stapel, bladzijden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zijden = 2 if bladzijden == "duplex" else 1
    monkeypatch.setattr(storage, "profiel_of", lambda _batch: Scanprofiel.model_validate({"bladzijden": bladzijden}))
    stapel.batch.bladen_per_bron = {str(storage.load_bronnen(stapel.session, stapel.batch.id)[0].id): 4 // zijden}
    stapel.declare(documenten=(2 // zijden, 2 // zijden), batch=4 // zijden)
    later = save_bron(stapel.session, stapel.batch, aantal_beelden=1, volgnummer=2, bijgescand=True)
    nieuw = save_beeld(stapel.session, stapel.batch, later, 9, None).id
    stapel.do(lambda opstelling: o.replace_page(opstelling, stapel.proef.beelden[1], nieuw))
    assert stapel.standing() == []
    stapel.undo()
    assert stapel.standing() == []


def test_who_accepted_a_finding_stays_known_when_it_is_withdrawn(stapel: Stapel) -> None:
    stapel.declare(batch=5)
    stapel.report_ready()
    (rij,) = storage.load_bevindingen(stapel.session, stapel.batch.id)
    aanvaard = (rij.afgehandeld_op, rij.afgehandeld_door)
    stapel.batch.bladen_opgegeven = 4
    bladtelling.update_bevindingen(stapel.session, stapel.batch, door=storage.load_actor(stapel.session, "lijn"))
    assert rij.vervallen_op is not None
    assert (rij.afgehandeld_op, rij.afgehandeld_door) == aanvaard


@pytest.mark.parametrize(("opgegeven", "te_veel"), [((2, 2), []), ((2, 3), ["aantal_wijkt_af"]), ((2, None), [])])
def test_a_joined_document_must_have_the_sheets_of_both(
    stapel: Stapel, opgegeven: tuple[int, int | None], te_veel: list[str]
) -> None:
    stapel.declare(documenten=opgegeven)
    een, twee = stapel.proef.documenten
    stapel.do(lambda opstelling: o.join_documents(opstelling, een, twee))
    assert [code for code, _, _ in stapel.standing()] == te_veel
    stapel.undo()
    assert [code for code, _, _ in stapel.standing()] == te_veel  # 3 sheets were declared for the second all along


def test_a_page_that_was_moved_is_missed_in_one_document_and_too_many_in_the_other(stapel: Stapel) -> None:
    stapel.declare(documenten=(2, 2))
    stapel.do(lambda opstelling: o.move(opstelling, stapel.proef.beelden[3], stapel.proef.beelden[1]))
    gevonden = [rij.tekst for rij in storage.load_bevindingen(stapel.session, stapel.batch.id)]
    assert sorted(tekst.rpartition("gescand: ")[2][:1] for tekst in gevonden) == ["1", "3"]
