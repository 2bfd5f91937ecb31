"""What a name means, when a file rests, and what makes a batch."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanstraat.config import Scanmap
from scanstraat.intake.scanmap_regels import (
    WACHTREDENEN,
    Kenmerk,
    Naamsoort,
    Waarneming,
    build_doelnaam,
    decode_pad,
    encode_pad,
    find_gebruikte,
    find_groepen,
    find_naamsoort,
    is_gerust,
    reden_of_oserror,
)

NAMEN = st.binary(min_size=1, max_size=60).filter(lambda naam: b"/" not in naam and b"\0" not in naam).map(os.fsdecode)


def build_scanmap(**anders: object) -> Scanmap:
    return Scanmap(
        **{  # type: ignore[arg-type]
            "naam": "post",
            "map": Path("post"),
            "rusttijd_s": 10.0,
            "los_rusttijd_s": 30.0,
            "geduld_s": 600.0,
            "peiling_s": 2.0,
        }
        | anders
    )


def zie(
    pad: str, scanmap: Scanmap, *, gezien: float = 0.0, sinds: float | None = None, peilingen: int = 9
) -> Waarneming:
    return Waarneming(
        pad,
        find_naamsoort(pad.rpartition("/")[2], scanmap),
        Kenmerk(1, 1, 1),
        gezien,
        gezien if sinds is None else sinds,
        peilingen,
    )


@given(NAMEN)
def test_every_name_can_be_stored_shown_and_read_back(naam: str) -> None:
    getoond = encode_pad(naam)
    assert decode_pad(getoond) == naam
    assert getoond.encode("utf-8")  # a database takes it
    assert "\n" not in getoond and "\x1b" not in getoond and "\u202e" not in getoond


@given(NAMEN, NAMEN)
def test_two_names_never_look_the_same(een: str, ander: str) -> None:
    assert (encode_pad(een) == encode_pad(ander)) == (een == ander)


@given(NAMEN, st.integers(min_value=1, max_value=10_000))
def test_a_name_to_put_away_fits_and_keeps_its_suffix(naam: str, volgnummer: int) -> None:
    doel = build_doelnaam(naam, volgnummer)
    assert 0 < len(os.fsencode(doel)) <= 255
    assert "/" not in doel
    if volgnummer == 1:
        assert doel == naam


def test_equal_names_are_told_apart() -> None:
    assert build_doelnaam("brief.pdf", 2) == "brief~2.pdf"
    assert build_doelnaam("brief", 3) == "brief~3"
    assert len(os.fsencode(build_doelnaam("é" * 127, 12))) <= 255


@pytest.mark.parametrize(
    ("naam", "soort"),
    [
        ("brief.pdf", Naamsoort.SCAN),
        ("BRIEF.PDF", Naamsoort.SCAN),
        ("blad.tiff", Naamsoort.SCAN),
        ("index.csv", Naamsoort.INDEX),
        ("Index.TSV", Naamsoort.INDEX),
        ("brief.pdf.json", Naamsoort.INDEX),
        ("instellingen.json", Naamsoort.ANDERS),
        ("brief.pdf.part", Naamsoort.TIJDELIJK),
        ("brief.filepart", Naamsoort.TIJDELIJK),
        ("brief.pdf~", Naamsoort.TIJDELIJK),
        (".brief.pdf.Xy12", Naamsoort.TIJDELIJK),
        ("brief.TMP", Naamsoort.TIJDELIJK),
        ("Thumbs.db", Naamsoort.ANDERS),
        ("map1.done", Naamsoort.KLAAR),
        (".done", Naamsoort.TIJDELIJK),
    ],
)
def test_a_name_says_what_a_file_is(naam: str, soort: Naamsoort) -> None:
    assert find_naamsoort(naam, build_scanmap(klaarbestand="*.done")) is soort


def test_a_file_rests_only_after_its_time_and_three_looks() -> None:
    scanmap = build_scanmap()
    assert is_gerust(zie("a.pdf", scanmap, sinds=0, peilingen=3), 10.0, 10.0)
    assert not is_gerust(zie("a.pdf", scanmap, sinds=0, peilingen=2), 60.0, 10.0)
    assert not is_gerust(zie("a.pdf", scanmap, sinds=1, peilingen=9), 10.9, 10.0)


def test_every_file_is_a_batch_with_its_own_index_file() -> None:
    scanmap = build_scanmap()
    dingen = [zie(naam, scanmap) for naam in ("b.pdf", "a.pdf", "a.pdf.json", "b.csv", "index.csv")]
    groepen = find_groepen(dingen, scanmap, 100.0)
    assert [(groep.scans, groep.indexen, groep.gedeeld) for groep in groepen] == [
        (("a.pdf",), ("a.pdf.json",), ("index.csv",)),
        (("b.pdf",), ("b.csv",), ("index.csv",)),
    ]


@pytest.mark.parametrize("batch", ["bestand", "map"])
def test_an_index_file_of_a_scan_that_is_still_to_come_is_not_about_another_scan(batch: str) -> None:
    scanmap = build_scanmap(batch=batch)
    dingen = [zie(naam, scanmap) for naam in ("a.pdf", "later.pdf.json", "later.pdf.csv")]
    (groep,) = find_groepen(dingen, scanmap, 100.0)
    assert (groep.scans, groep.indexen, groep.gedeeld) == (("a.pdf",), (), ())


def test_a_file_waits_for_an_index_file_that_is_still_written_but_not_for_ever() -> None:
    scanmap = build_scanmap()
    dingen = [zie("a.pdf", scanmap), zie("a.csv", scanmap, gezien=95.0, sinds=99.0)]
    assert find_groepen(dingen, scanmap, 100.0) == ()
    dingen = [zie("a.pdf", scanmap), zie("a.csv", scanmap, gezien=0.0, sinds=699.0)]
    assert len(find_groepen(dingen, scanmap, 700.0)) == 1


def test_a_folder_is_a_batch_in_natural_order_once_all_of_it_rests() -> None:
    scanmap = build_scanmap(batch="map")
    dingen = [zie(f"map 1/scan{n}.jpg", scanmap) for n in (10, 2, 1)]
    (groep,) = find_groepen([*dingen, zie("map 1/index.csv", scanmap)], scanmap, 100.0)
    assert groep.scans == ("map 1/scan1.jpg", "map 1/scan2.jpg", "map 1/scan10.jpg")
    assert groep.indexen == ("map 1/index.csv",)
    assert find_groepen([*dingen, zie("map 1/scan11.jpg", scanmap, gezien=95.0)], scanmap, 100.0) == ()


def test_another_folder_does_not_hold_up_a_folder() -> None:
    scanmap = build_scanmap(batch="map")
    groepen = find_groepen(
        [zie("a/1.jpg", scanmap), zie("b/1.jpg", scanmap, gezien=99.0), zie("los.pdf", scanmap)], scanmap, 100.0
    )
    assert [groep.scans for groep in groepen] == [("los.pdf",), ("a/1.jpg",)]


def test_a_file_that_is_still_copied_holds_up_its_folder_until_patience_ends() -> None:
    scanmap = build_scanmap(batch="map")
    dingen = [zie("a/1.jpg", scanmap), zie("a/2.jpg.part", scanmap)]
    assert find_groepen(dingen, scanmap, 100.0) == ()
    assert [groep.scans for groep in find_groepen(dingen, scanmap, 601.0)] == [("a/1.jpg",)]


def test_a_dot_file_that_lies_about_does_not_hold_up_its_folder() -> None:
    scanmap = build_scanmap(batch="map")
    assert find_groepen([zie("a/1.jpg", scanmap), zie("a/.DS_Store", scanmap)], scanmap, 100.0)


def test_a_log_that_always_grows_does_not_hold_up_its_folder_for_ever() -> None:
    scanmap = build_scanmap(batch="map")
    dingen = [zie("a/1.jpg", scanmap), zie("a/scanner.log", scanmap, sinds=700.0)]
    assert find_groepen(dingen, scanmap, 701.0)


def test_loose_files_wait_for_each_other() -> None:
    scanmap = build_scanmap(batch="los")
    dingen = [zie("1.jpg", scanmap), zie("2.jpg", scanmap, gezien=80.0)]
    assert find_groepen(dingen, scanmap, 109.0) == ()
    assert [groep.scans for groep in find_groepen(dingen, scanmap, 110.0)] == [("1.jpg", "2.jpg")]


@pytest.mark.parametrize("batch", ["map", "los"])
def test_a_done_file_closes_a_batch_at_once(batch: str) -> None:
    scanmap = build_scanmap(batch=batch, klaarbestand="*.done")
    dingen = [
        zie("m/1.jpg", scanmap, gezien=98.0, peilingen=3),
        zie("m/alles.done", scanmap, gezien=98.0, peilingen=3),
    ]
    (groep,) = find_groepen(dingen, scanmap, 100.0)
    assert (groep.scans, groep.klaren) == (("m/1.jpg",), ("m/alles.done",))


def test_a_done_file_takes_a_file_that_one_listing_missed_but_none_of_the_next_batch() -> None:
    scanmap = build_scanmap(batch="los", klaarbestand="*.done")
    dingen = [
        zie("1.jpg", scanmap, gezien=96.0),
        zie("klaar.done", scanmap, gezien=96.0, peilingen=3),
        zie("2.jpg", scanmap, gezien=98.0, peilingen=2),
        zie("3.jpg", scanmap, gezien=100.0, peilingen=1),
    ]
    (groep,) = find_groepen(dingen, scanmap, 100.0)
    assert groep.scans == ("1.jpg", "2.jpg")


def test_a_done_file_that_was_left_behind_closes_nothing() -> None:
    scanmap = build_scanmap(batch="los", klaarbestand="*.done")
    dingen = [zie("oud.done", scanmap, gezien=0.0), zie("1.jpg", scanmap, gezien=98.0)]
    assert find_groepen(dingen, scanmap, 100.0) == ()


@pytest.mark.parametrize("klaar", ["brief.pdf.klaar", "brief.klaar", "BRIEF.KLAAR"])
def test_a_done_file_named_after_a_file_is_for_that_file(klaar: str) -> None:
    scanmap = build_scanmap(klaarbestand="{naam}.klaar")
    dingen = [
        zie("brief.pdf", scanmap, gezien=99.0, peilingen=1),
        zie("ander.pdf", scanmap, gezien=99.0, peilingen=1),
        zie(klaar, scanmap, gezien=99.0, peilingen=1),
    ]
    (groep,) = find_groepen(dingen, scanmap, 100.0)
    assert (groep.scans, groep.klaren) == (("brief.pdf",), (klaar,))


def test_a_folder_with_a_done_file_per_scan_waits_for_all_of_them() -> None:
    scanmap = build_scanmap(batch="map", klaarbestand="{naam}.klaar")
    dingen = [zie(f"m/{naam}", scanmap, gezien=99.0) for naam in ("1.jpg", "2.jpg", "1.klaar")]
    assert find_groepen(dingen, scanmap, 100.0) == ()
    dingen.append(zie("m/2.jpg.klaar", scanmap, gezien=99.0))
    assert [groep.scans for groep in find_groepen(dingen, scanmap, 100.0)] == [("m/1.jpg", "m/2.jpg")]


def test_an_index_file_may_be_the_done_file() -> None:
    scanmap = build_scanmap(batch="map", klaarbestand="*.csv")
    dingen = [zie("m/1.jpg", scanmap, gezien=94.0), zie("m/index.csv", scanmap, gezien=94.0)]
    (groep,) = find_groepen(dingen, scanmap, 100.0)
    assert (groep.scans, groep.indexen, groep.klaren) == (("m/1.jpg",), ("m/index.csv",), ())


def test_a_shared_index_file_stays_as_long_as_scans_may_come() -> None:
    scanmap = build_scanmap()
    index = zie("index.csv", scanmap)
    assert find_gebruikte([index], {"index.csv": 0.0}, scanmap, 29.0) == ()
    assert find_gebruikte([index], {"index.csv": 0.0}, scanmap, 30.0) == ("index.csv",)
    assert find_gebruikte([index], {"index.csv": 60.0}, scanmap, 89.0) == ()
    assert find_gebruikte([index, zie("a.pdf", scanmap)], {"index.csv": 0.0}, scanmap, 99.0) == ()
    assert find_gebruikte([index], {}, scanmap, 99.0) == ()


@pytest.mark.parametrize("nummer", sorted(errno.errorcode))
def test_every_error_of_the_system_has_a_reason_that_says_what_happens_next(nummer: int) -> None:
    reden = reden_of_oserror(OSError(nummer, "geheim.pdf"))
    assert "vanzelf opnieuw" in reden.tekst
    assert "geheim" not in reden.tekst


def test_every_kind_of_name_has_a_reason_to_wait() -> None:
    assert set(WACHTREDENEN) == set(Naamsoort)
