"""Whatever people do to the order of a batch, every beeld stays in exactly one place."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanstraat import opstelling as o
from scanstraat.domain import Bestemming, Weglaatreden
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.opstelling import Opstelling, Plaatsing

A, B, NIEUW = UUID(int=1001), UUID(int=1002), UUID(int=1003)


def build_opstelling(in_a: int = 3, in_b: int = 2) -> Opstelling:
    """A scheidingsblad, document A, a scheidingsblad, document B; beelden are numbered from 0."""
    documenten = [None, *[A] * in_a, None, *[B] * in_b]
    return tuple(
        Plaatsing(UUID(int=i), Bestemming.DOCUMENT if document else Bestemming.SCHEIDINGSBLAD, document)
        for i, document in enumerate(documenten)
    )


def add_bijscan(opstelling: Opstelling, nummer: int, draai_graden: int = 0) -> Opstelling:
    """With a new beeld that waits for its place, as after a bijscan."""
    wacht = Plaatsing(UUID(int=nummer), Bestemming.WEGGELATEN, None, draai_graden, Weglaatreden.ANDERS, "Bijgescand.")
    return (*opstelling, wacht)


def beelden(opstelling: Opstelling, document: UUID) -> list[int]:
    return [p.beeld_id.int for p in o.pages_of(opstelling, document)]


def test_a_split_document_keeps_its_id_with_the_first_page() -> None:
    nieuw = o.split_document(build_opstelling(), UUID(int=2), NIEUW)
    assert (beelden(nieuw, A), beelden(nieuw, NIEUW), beelden(nieuw, B)) == ([1], [2, 3], [5, 6])
    assert set(o.find_changed_documents(build_opstelling(), nieuw)) == {A, NIEUW}


def test_a_document_cannot_be_split_at_its_first_page() -> None:
    with pytest.raises(NietMogelijkError, match="eerste pagina"):
        o.split_document(build_opstelling(), UUID(int=1), NIEUW)


def test_joined_documents_keep_the_id_of_the_first_and_all_pages() -> None:
    nieuw = o.join_documents(build_opstelling(), A, B)
    assert (beelden(nieuw, A), beelden(nieuw, B)) == ([1, 2, 3, 5, 6], [])
    assert set(o.find_changed_documents(build_opstelling(), nieuw)) == {A, B}


def test_a_herscan_takes_the_place_and_the_old_page_stays_counted() -> None:
    nieuw = o.replace_page(add_bijscan(build_opstelling(), 77, draai_graden=90), UUID(int=2), UUID(int=77))
    assert beelden(nieuw, A) == [1, 77, 3]
    assert next(p.draai_graden for p in nieuw if p.beeld_id == UUID(int=77)) == 90, "as its file says"
    telling = o.count_bladtelling(nieuw)
    assert (telling.ontvangen, telling.in_documenten, telling.weggelaten) == (8, 5, 1)
    assert telling.sluitend


def test_leaving_out_for_another_reason_needs_words() -> None:
    with pytest.raises(NietMogelijkError, match="toelichting"):
        o.leave_out(build_opstelling(), [UUID(int=1)], Weglaatreden.ANDERS)


def test_a_scheidingsblad_is_no_page() -> None:
    pogingen: tuple[Callable[[], object], ...] = (
        lambda: o.leave_out(build_opstelling(), [UUID(int=0)], Weglaatreden.BLANCO),
        lambda: o.move(build_opstelling(), UUID(int=1), UUID(int=0)),
        lambda: o.insert(build_opstelling(), [UUID(int=1)], UUID(int=0)),
    )
    for doe in pogingen:
        with pytest.raises(NietMogelijkError):
            doe()


def test_what_was_written_on_a_scheidingsblad_or_left_out_can_become_a_page() -> None:
    begin = o.leave_out(o.turn(build_opstelling(), [UUID(int=2)], 90), [UUID(int=2)], Weglaatreden.BLANCO)
    for weg in (0, 2):
        verplaatst = o.move(begin, UUID(int=weg), UUID(int=5))
        assert beelden(verplaatst, B) == [5, weg, 6]
        eigen = o.split_document(begin, UUID(int=weg), NIEUW)
        assert beelden(eigen, NIEUW) == [weg]
        for opstelling in (verplaatst, eigen):
            plaatsing = next(p for p in opstelling if p.beeld_id == UUID(int=weg))
            assert (plaatsing.weglaatreden, plaatsing.weglaattekst) == (None, "")
            assert plaatsing.draai_graden == (90 if weg else 0)
            assert o.count_bladtelling(opstelling).sluitend


@pytest.mark.parametrize("graden", [0, 45, 360, 720])
def test_a_page_turns_a_quarter_a_half_or_three_quarters(graden: int) -> None:
    assert o.turn(build_opstelling(), [UUID(int=1)], -90)[1].draai_graden == 270
    with pytest.raises(NietMogelijkError, match="90, 180 of 270"):
        o.turn(build_opstelling(), [UUID(int=1)], graden)


def test_a_beeld_of_another_batch_is_not_found() -> None:
    with pytest.raises(NietGevondenError):
        o.turn(build_opstelling(), [UUID(int=99)], 90)


def test_a_scheidingsblad_or_a_page_that_is_left_out_is_not_turned() -> None:
    for plaatsing in (
        Plaatsing(UUID(int=1), Bestemming.SCHEIDINGSBLAD),
        Plaatsing(UUID(int=1), Bestemming.WEGGELATEN, weglaatreden=Weglaatreden.DUBBEL),
    ):
        with pytest.raises(NietMogelijkError, match="pagina van een document"):
            o.turn((plaatsing,), [plaatsing.beeld_id], 90)


@given(st.data())
def test_after_any_row_of_operations_every_beeld_has_exactly_one_place(data: st.DataObject) -> None:
    opstelling = build_opstelling(4, 4)
    ontvangen = {p.beeld_id for p in opstelling}
    nummer = 5000
    for _ in range(data.draw(st.integers(1, 12))):
        nummer += 1
        beeld, ander = (data.draw(st.sampled_from(sorted(ontvangen))) for _ in range(2))
        wat = data.draw(st.sampled_from(["draai", "weg", "splits", "samen", "verplaats", "voegin", "vervang"]))
        try:
            if wat == "draai":
                opstelling = o.turn(opstelling, [beeld], data.draw(st.sampled_from([90, 180, 270])))
            elif wat == "weg":
                opstelling = o.leave_out(opstelling, [beeld], Weglaatreden.DUBBEL)
            elif wat == "splits":
                opstelling = o.split_document(opstelling, beeld, UUID(int=nummer))
            elif wat == "samen":
                documenten = o.documents_of(opstelling)
                opstelling = o.join_documents(opstelling, documenten[0], documenten[-1])
            elif wat == "verplaats":
                opstelling = o.move(opstelling, beeld, ander)
            elif wat == "voegin":
                opstelling = o.insert(add_bijscan(opstelling, nummer), [UUID(int=nummer)], beeld)
                ontvangen.add(UUID(int=nummer))
            else:
                opstelling = o.replace_page(add_bijscan(opstelling, nummer), beeld, UUID(int=nummer))
                ontvangen.add(UUID(int=nummer))
        except (NietMogelijkError, IndexError):
            continue
        assert sorted(p.beeld_id for p in opstelling) == sorted(ontvangen)
        telling = o.count_bladtelling(opstelling)
        assert telling.sluitend
        assert telling.ontvangen == len(ontvangen)
        assert all((p.document_id is not None) == (p.bestemming is Bestemming.DOCUMENT) for p in opstelling)
