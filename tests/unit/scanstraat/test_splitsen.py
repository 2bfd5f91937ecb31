"""Where a batch is cut: every kind of sheet, every odd pile, and nothing lost or carried over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.scanmap import Indexregel
from kwaliteitscontrole.bevinding import Ernst, Plaats
from scanstraat.domain import Koppelreden
from scanstraat.intake.splitsbevindingen import BEVINDINGEN
from scanstraat.intake.splitsen import (
    Beeldfeit,
    Bronfeit,
    Code,
    Scheidingsoort,
    Splitsing,
    Splitsregels,
    find_zaaknummers,
    match_index,
    number_bladen,
    splits_batch,
)
from scanstraat.scheidingscode import Bladsoort, Scheidingsblad, build_code

Z1, Z2, Z3 = "ZAAK-2026-000001", "ZAAK-2026-000002", "ZAAK-2026-000003"
PLAATS = Plaats(10, 10, 300, 300)
SIMPLEX, DUPLEX = Splitsregels(), Splitsregels(duplex=True)


def doc(zaak: str = Z1, bladen: int | None = None) -> str:
    return build_code(Scheidingsblad(Bladsoort.DOCUMENTBLAD, zaak=zaak, bladen=bladen))


def bijlage(bladen: int | None = None) -> str:
    return build_code(Scheidingsblad(Bladsoort.BIJLAGEBLAD, bladen=bladen))


def batch(operator: str = "balie", bladen: int | None = None) -> str:
    return build_code(Scheidingsblad(Bladsoort.BATCHBLAD, scanoperator=operator, bladen=bladen))


EIND = build_code(Scheidingsblad(Bladsoort.EINDBLAD))
KAPOT = doc()[:-1] + "7"
PATCHT = "PATCHT"


class Stapel:
    """Builds the page images of a batch: every file a list of texts; "" is a page, anything else a code on it."""

    def __init__(self, regels: Splitsregels = SIMPLEX) -> None:
        self.regels = regels
        self.bronnen: list[Bronfeit] = []
        self._teksten: list[list[str]] = []

    def leg(self, *teksten: str, naam: str = "scan.pdf", index: Indexregel | None = None) -> Stapel:
        self.bronnen.append(Bronfeit(UUID(int=1000 + len(self.bronnen)), naam, len(teksten), index))
        self._teksten.append(list(teksten))
        return self

    def beelden(self) -> list[Beeldfeit]:
        nummers = number_bladen(self.bronnen, duplex=self.regels.duplex)
        return [
            Beeldfeit(
                UUID(int=100 * i + n),
                bron,
                n,
                blad,
                () if tekst == "" else (Code("qr", "" if tekst == "?" else tekst, PLAATS, 0),),
                blanco=tekst == "",
            )
            for i, (bron, teksten, bladen) in enumerate(zip(self.bronnen, self._teksten, nummers, strict=True), start=1)
            for n, (tekst, (blad, _)) in enumerate(zip(teksten, bladen, strict=True), start=1)
        ]

    def splits(self) -> Splitsing:
        return splits_batch(self.beelden(), self.regels)


def paginas(splitsing: Splitsing) -> list[list[int]]:
    return [[int(beeld) % 100 for beeld in deel.beelden] for deel in splitsing.documenten]


def zaken(splitsing: Splitsing) -> list[list[str]]:
    return [[reden.zaakidentificatie for reden in deel.kandidaten] for deel in splitsing.documenten]


def codes(splitsing: Splitsing) -> list[str]:
    return [gevonden.bevinding.code for gevonden in splitsing.bevindingen]


# ------------------------------------------------------------------------------------------- without scheidingsbladen


def test_a_multi_page_file_is_one_document() -> None:
    splitsing = Stapel().leg("", "", "").splits()
    assert paginas(splitsing) == [[1, 2, 3]]
    assert codes(splitsing) == []


def test_every_multi_page_file_is_its_own_document() -> None:
    assert len(Stapel().leg("", "", naam="a.pdf").leg("", "", naam="b.pdf").splits().documenten) == 2


def test_loose_pages_of_a_batch_are_one_document() -> None:
    splitsing = Stapel().leg("", naam="1.jpg").leg("", "", naam="b.pdf").leg("", naam="2.jpg").splits()
    assert [len(deel.beelden) for deel in splitsing.documenten] == [2, 2]
    assert [int(beeld) for beeld in splitsing.documenten[0].beelden] == [101, 301]


def test_loose_pages_with_different_zaaknummers_in_their_names_are_not_mixed() -> None:
    stapel = (
        Stapel().leg("", naam=f"{Z1} a.jpg").leg("", naam=f"{Z2}.jpg").leg("", naam=f"{Z1} b.jpg").leg("", naam="x.jpg")
    )
    assert zaken(stapel.splits()) == [[Z1], [Z2], []]


def test_every_line_of_an_index_is_a_document_unless_it_numbers_documents() -> None:
    regels = [Indexregel(f"{n}.jpg", zaak=Z1, titel="Brief") for n in (1, 2)]
    stapel = Stapel()
    for regel in regels:
        stapel.leg("", naam=regel.bestand, index=regel)
    assert len(stapel.splits().documenten) == 2
    stapel = Stapel()
    for regel in regels:
        stapel.leg("", naam=regel.bestand, index=replace(regel, document="7"))
    assert [(deel.titel, len(deel.beelden)) for deel in stapel.splits().documenten] == [("Brief", 2)]


# ------------------------------------------------------------------------------------------- kinds of sheet


def test_a_documentblad_names_the_zaak_of_what_follows() -> None:
    splitsing = Stapel().leg(doc(Z1), "", "", doc(Z2), "").splits()
    assert paginas(splitsing) == [[2, 3], [5]]
    assert zaken(splitsing) == [[Z1], [Z2]]
    assert splitsing.documenten[0].kandidaten[0].bron == "scheidingsblad"
    assert codes(splitsing) == []


def test_a_bijlageblad_makes_a_document_on_the_zaak_of_the_one_before() -> None:
    splitsing = Stapel().leg(doc(Z1), "", bijlage(), "", bijlage(), "", doc(Z2), "").splits()
    assert zaken(splitsing) == [[Z1], [Z1], [Z1], [Z2]]
    assert [deel.bijlage_bij for deel in splitsing.documenten] == [None, 0, 0, None]


def test_pages_after_an_eindblad_wait_for_a_person_whatever_the_name_says() -> None:
    splitsing = Stapel().leg(doc(Z1), "", EIND, "", naam=f"{Z1}.pdf").splits()
    assert [bool(deel.wacht_omdat) for deel in splitsing.documenten] == [False, True]
    assert codes(splitsing) == ["bladen_na_eindblad"]


def test_a_batchblad_says_who_scanned_and_how_many_sheets_there_are() -> None:
    splitsing = Stapel().leg(batch("balie", bladen=2), doc(Z1), "", "").splits()
    assert (splitsing.scanoperator, splitsing.bladen_opgegeven) == ("balie", 2)
    assert codes(splitsing) == []


def test_a_patcht_only_cuts() -> None:
    splitsing = Stapel().leg("", PATCHT, "", "", PATCHT, "", naam=f"{Z1}.pdf").splits()
    assert paginas(splitsing) == [[1], [3, 4], [6]]
    assert zaken(splitsing) == [[Z1], [Z1], [Z1]]
    assert codes(splitsing) == []


def test_a_patcht_is_a_page_when_the_profile_does_not_use_it() -> None:
    assert paginas(Stapel(Splitsregels(patcht=False)).leg("", PATCHT, "").splits()) == [[1, 2, 3]]


# ------------------------------------------------------------------------------------------- odd piles


def test_both_sides_of_a_separator_sheet_count_in_duplex() -> None:
    splitsing = Stapel(DUPLEX).leg(doc(Z1, 1), "", "", "", EIND, "").splits()
    assert paginas(splitsing) == [[3, 4]]
    assert [(int(s.beeld) % 100, s.code_op_deze_kant) for s in splitsing.scheidingsbladen] == [
        (1, True), (2, False), (5, True), (6, False),
    ]  # fmt: skip
    assert codes(splitsing) == []


def test_a_separator_that_lies_upside_down_in_the_feeder_still_takes_both_sides() -> None:
    assert paginas(Stapel(DUPLEX).leg("", doc(Z1), "", "").splits()) == [[3, 4]]


def test_writing_on_the_back_of_a_separator_is_said() -> None:
    beelden = Stapel(DUPLEX).leg(doc(Z1), "", "", "").beelden()
    beelden[1] = replace(beelden[1], blanco=False)
    splitsing = splits_batch(beelden, DUPLEX)
    assert codes(splitsing) == ["scheidingsblad_beschreven"]
    assert splitsing.bevindingen[0].beeld == beelden[1].id


def test_of_two_separators_in_a_row_the_later_counts_and_no_empty_document_is_made() -> None:
    splitsing = Stapel().leg(doc(Z1), doc(Z2), "").splits()
    assert zaken(splitsing) == [[Z2]]
    assert codes(splitsing) == ["scheidingsbladen_achter_elkaar"]


def test_the_same_sheet_twice_in_a_row_weighs_little() -> None:
    assert Stapel().leg(doc(Z1), doc(Z1), "").splits().bevindingen[0].bevinding.ernst is Ernst.LICHT


def test_a_patcht_after_a_documentblad_counts_and_the_zaak_becomes_a_candidate_only() -> None:
    splitsing = Stapel().leg(doc(Z1), PATCHT, "").splits()
    assert zaken(splitsing) == [[Z1]]
    assert splitsing.documenten[0].wacht_omdat


def test_a_bijlage_after_an_empty_documentblad_is_not_carried_to_an_earlier_zaak() -> None:
    splitsing = Stapel().leg(doc(Z1), "", doc(Z2), bijlage(), "").splits()
    laatste = splitsing.documenten[-1]
    assert (laatste.bijlage_bij, zaken(splitsing)[-1]) == (None, [Z2])
    assert laatste.wacht_omdat
    assert codes(splitsing) == ["scheidingsbladen_achter_elkaar", "bijlage_zonder_document"]


@pytest.mark.parametrize("vooraf", [[], [batch()], [doc(Z1), "", EIND]])
def test_a_bijlage_without_a_document_before_it_waits(vooraf: list[str]) -> None:
    splitsing = Stapel().leg(*vooraf, bijlage(), "").splits()
    assert splitsing.documenten[-1].wacht_omdat
    assert splitsing.documenten[-1].kandidaten == ()
    assert "bijlage_zonder_document" in codes(splitsing)


@pytest.mark.parametrize(
    ("laatste", "ernst"), [(doc(Z2), Ernst.ERNSTIG), (bijlage(), Ernst.ERNSTIG), (PATCHT, Ernst.LICHT)]
)
def test_a_separator_as_last_page_makes_no_document_and_is_said(laatste: str, ernst: Ernst) -> None:
    splitsing = Stapel().leg(doc(Z1), "", laatste).splits()
    assert paginas(splitsing) == [[2]]
    assert [(b.bevinding.code, b.bevinding.ernst) for b in splitsing.bevindingen] == [
        ("scheidingsblad_zonder_document", ernst)
    ]


def test_an_eindblad_as_last_page_is_as_it_should_be() -> None:
    assert codes(Stapel().leg(doc(Z1), "", EIND).splits()) == []


def test_a_damaged_code_is_an_unreadable_separator_and_never_a_page() -> None:
    splitsing = Stapel().leg(doc(Z1), "", KAPOT, "", naam=f"{Z1}.pdf").splits()
    assert paginas(splitsing) == [[2], [4]]
    assert splitsing.scheidingsbladen[1].soort is Scheidingsoort.ONLEESBAAR
    assert splitsing.documenten[1].wacht_omdat  # the name of the file says nothing about what the sheet said
    assert codes(splitsing) == ["scheidingsblad_onleesbaar"]


def test_one_good_code_of_the_two_on_a_sheet_is_enough() -> None:
    beelden = Stapel().leg(doc(Z1), "").beelden()
    kapot = Code("qr", KAPOT, PLAATS, 0)
    beelden[0] = replace(beelden[0], codes=(kapot, *beelden[0].codes))
    splitsing = splits_batch(beelden, SIMPLEX)
    assert (zaken(splitsing), codes(splitsing)) == ([[Z1]], [])


def test_two_different_sheets_on_one_paper_decide_nothing() -> None:
    splitsing = Stapel(DUPLEX).leg(doc(Z1), doc(Z2), "", "").splits()
    assert zaken(splitsing) == [[]]
    assert codes(splitsing) == ["scheidingsblad_onleesbaar"]


def test_a_code_that_cannot_be_read_leaves_its_page_in_the_document_and_is_said() -> None:
    splitsing = Stapel().leg("", "?").splits()
    assert paginas(splitsing) == [[1, 2]]
    assert codes(splitsing) == ["code_onleesbaar"]
    assert splitsing.bevindingen[0].bevinding.plaats == PLAATS


def test_pages_before_the_first_sheet_are_a_document_without_its_zaak() -> None:
    splitsing = Stapel().leg("", doc(Z1), "").splits()
    assert zaken(splitsing) == [[], [Z1]]
    assert codes(splitsing) == ["bladen_voor_scheidingsblad"]


def test_a_sheet_says_nothing_about_another_file() -> None:
    splitsing = (
        Stapel().leg(doc(Z1), "", naam="a.pdf").leg("", "", naam="b.pdf").leg(bijlage(), "", naam="c.pdf").splits()
    )
    assert zaken(splitsing) == [[Z1], [], []]
    assert codes(splitsing) == ["bijlage_zonder_document"]


def test_loose_pages_follow_the_sheets_between_them() -> None:
    stapel = Stapel()
    for nummer, tekst in enumerate([doc(Z1), "", "", doc(Z2), ""]):
        stapel.leg(tekst, naam=f"{nummer}.jpg")
    assert zaken(stapel.splits()) == [[Z1], [Z2]]


def test_a_second_batchblad_in_the_pile_is_said_and_nothing_behind_it_is_linked() -> None:
    splitsing = Stapel().leg(batch("balie"), doc(Z1), "", batch("post"), "", naam=f"{Z1}.pdf").splits()
    assert splitsing.documenten[-1].wacht_omdat
    assert splitsing.scanoperator == ""
    assert codes(splitsing) == ["batchblad_midden", "batchbladen_tegenstrijdig"]


def test_the_same_batchblad_again_is_no_other_batch() -> None:
    blad = batch("balie")
    splitsing = Stapel().leg(blad, doc(Z1), "", blad, doc(Z2), "").splits()
    assert (codes(splitsing), [deel.wacht_omdat for deel in splitsing.documenten]) == ([], ["", ""])


def test_a_bijlage_waits_with_the_document_it_belongs_to() -> None:
    hoofd, bij = Stapel().leg(KAPOT, "", bijlage(), "").splits().documenten
    assert hoofd.wacht_omdat and bij.wacht_omdat and bij.wacht_omdat != hoofd.wacht_omdat
    assert bij.bijlage_bij == 0


# ------------------------------------------------------------------------------------------- counts


def test_declared_numbers_of_sheets_go_along_with_what_they_were_declared_for() -> None:
    splitsing = Stapel().leg(batch(bladen=3), doc(Z1, 2), "", bijlage(1), "", doc(), "").splits()
    assert splitsing.bladen_opgegeven == 3
    assert [deel.bladen_verwacht for deel in splitsing.documenten] == [2, 1, None]
    stapel = Stapel().leg("", "", index=Indexregel("scan.pdf", zaak=Z1, bladen=3)).leg("", "")
    assert stapel.splits().bladen_per_bron == {stapel.bronnen[0].id: 3}


@pytest.mark.parametrize(("bladen", "van_document", "van_bron"), [
    ((2, None), 2, {}),  # one line speaks of the document
    ((1, 1), None, {0: 1, 1: 1}),  # each line speaks of its own file
    ((None, None), None, {}),
])  # fmt: skip
def test_a_number_in_an_index_is_of_the_document_when_one_line_says_it(
    bladen: tuple[int | None, ...], van_document: int | None, van_bron: dict[int, int]
) -> None:
    stapel = Stapel()
    for nummer, aantal in enumerate(bladen):
        regel = Indexregel(f"{nummer}.jpg", zaak=Z1, document="7", bladen=aantal)
        stapel.leg("", naam=f"{nummer}.jpg", index=regel)
    splitsing = stapel.splits()
    assert [deel.bladen_verwacht for deel in splitsing.documenten] == [van_document]
    assert splitsing.bladen_per_bron == {stapel.bronnen[plek].id: aantal for plek, aantal in van_bron.items()}


def test_a_number_of_a_document_counts_also_when_a_sheet_cuts_it_out_and_does_not_say_one() -> None:
    stapel = Stapel().leg(doc(Z1), naam="0.jpg")
    for nummer, aantal in ((1, 2), (2, None)):
        stapel.leg("", naam=f"{nummer}.jpg", index=Indexregel(f"{nummer}.jpg", document="7", bladen=aantal))
    splitsing = stapel.splits()
    assert [deel.bladen_verwacht for deel in splitsing.documenten] == [2]
    assert splitsing.bladen_per_bron == {}


# ------------------------------------------------------------------------------------------- reasons


def test_every_source_gives_its_reason() -> None:
    stapel = Stapel().leg(doc(Z1), "", naam=f"{Z2}/{Z3}.pdf", index=Indexregel("x", zaak=Z1))
    assert stapel.splits().documenten[0].kandidaten == (
        Koppelreden("scheidingsblad", Z1, "zaaknummer in de code op het scheidingsblad"),
        Koppelreden("index", Z1, "zaaknummer in het indexbestand"),
        Koppelreden("naam", Z3, "zaaknummer in de bestandsnaam"),
        Koppelreden("naam", Z2, "zaaknummer in de mapnaam"),
    )


def test_a_barcode_with_a_zaaknummer_on_a_letter_counts_as_text_that_was_read() -> None:
    reden = Stapel().leg(Z1, "").splits().documenten[0].kandidaten[0]
    assert (reden.bron, reden.zaakidentificatie) == ("tekst", Z1)


@pytest.mark.parametrize(
    ("tekst", "nummers"),
    [
        (f"Uw kenmerk: {Z1}, van 3 maart", (Z1,)),
        (f"{Z1} en {Z2} en nogmaals {Z1}", (Z1, Z2)),
        ("XZAAK-2026-000001", ()),
        ("ZAAK-2026-0000011234567", ()),
        (f"scan_{Z1}_a.pdf", (Z1,)),
        ("zaak-2026-000001", ()),
        ("", ()),
    ],
)
def test_a_number_is_found_whole_or_not_at_all(tekst: str, nummers: tuple[str, ...]) -> None:
    assert find_zaaknummers(tekst, SIMPLEX.patroon) == nummers


def test_the_scanoperator_of_an_index_counts_when_there_is_no_batchblad() -> None:
    index = Indexregel("scan.pdf", scanoperator="wijkteam")
    assert Stapel().leg("", "", index=index).splits().scanoperator == "wijkteam"
    assert Stapel().leg(batch("balie"), "", index=index).splits().scanoperator == "balie"


def test_an_index_with_two_scanoperators_names_none() -> None:
    stapel = Stapel()
    for nummer, wie in enumerate(["wijkteam", "balie"]):
        stapel.leg("", "", naam=f"{nummer}.pdf", index=Indexregel("x", scanoperator=wie))
    splitsing = stapel.splits()
    assert (splitsing.scanoperator, codes(splitsing)) == ("", ["scanoperator_tegenstrijdig"])


# ------------------------------------------------------------------------------------------- index and sheets


def test_a_line_finds_its_file_by_the_end_of_the_path() -> None:
    namen = ["batch/00000001/00000001.TIF", "batch/00000002/00000001.TIF", "batch/los.pdf"]
    regels = [Indexregel("BATCH\\00000002\\00000001.tif"), Indexregel("LOS")]
    gevonden, bevindingen = match_index(regels, namen[1:])
    assert gevonden == {namen[1]: regels[0], namen[2]: regels[1]}
    assert bevindingen == ()


def test_a_line_about_a_folder_is_about_every_scan_in_it() -> None:
    namen = ["a/00000001/1.tif", "a/00000001/2.tif", "a/00000002/1.tif"]
    gevonden, bevindingen = match_index([Indexregel("00000001/*", zaak=Z1)], namen)
    assert set(gevonden) == set(namen[:2])
    assert [b.code for b in bevindingen] == ["bestand_niet_in_index"]


def test_what_does_not_fit_between_index_and_files_is_said() -> None:
    regels = [Indexregel("a.jpg", zaak=Z1), Indexregel("a.jpg", zaak=Z2), Indexregel("weg.jpg")]
    gevonden, bevindingen = match_index(regels, ["a.jpg", "b.jpg"])
    assert gevonden == {}
    assert [b.code for b in bevindingen] == ["index_zonder_bestand", "index_dubbel", "bestand_niet_in_index"]
    assert all(": 1." in b.tekst for b in bevindingen)  # a.jpg is double, and not also missing


def test_a_line_that_could_mean_two_files_means_none() -> None:
    gevonden, bevindingen = match_index([Indexregel("1.tif")], ["a/1.tif", "b/1.tif"])
    assert gevonden == {}
    assert [b.code for b in bevindingen] == ["index_zonder_bestand", "bestand_niet_in_index"]


def test_an_index_of_a_whole_folder_may_name_scans_of_other_batches() -> None:
    regels = [Indexregel("a.jpg", zaak=Z1), Indexregel("b.jpg", zaak=Z2)]
    assert match_index([], ["a.jpg"], gedeeld=regels) == ({"a.jpg": regels[0]}, ())
    gevonden, bevindingen = match_index([], ["c.jpg"], gedeeld=regels)
    assert (gevonden, [b.code for b in bevindingen]) == ({}, ["bestand_niet_in_index"])
    gevonden, bevindingen = match_index([], ["1/a.jpg", "2/a.jpg"], gedeeld=regels[:1])
    assert [b.code for b in bevindingen] == ["index_zonder_bestand", "bestand_niet_in_index"]


def test_an_index_as_long_as_it_may_be_is_matched_in_no_time() -> None:
    namen = [f"batch/{n:08d}.tif" for n in range(20_000)]
    gevonden, bevindingen = match_index([Indexregel(f"{n:08d}.TIF") for n in range(20_000)], namen)
    assert (len(gevonden), bevindingen) == (20_000, ())  # minutes, if every line looked at every file


def test_a_batchblad_for_another_profile_than_that_of_the_scanmap_is_said() -> None:
    blad = build_code(Scheidingsblad(Bladsoort.BATCHBLAD, profiel="personeel"))
    assert codes(Stapel(Splitsregels(profiel="standaard")).leg(blad, doc(), "").splits()) == ["profiel_wijkt_af"]
    assert codes(Stapel(Splitsregels(profiel="personeel")).leg(blad, doc(), "").splits()) == []
    assert codes(Stapel().leg(blad, doc(), "").splits()) == []


def test_a_batch_without_an_index_misses_nothing() -> None:
    assert match_index([], ["a.jpg"]) == ({}, ())


def test_sheets_are_numbered_by_the_profile() -> None:
    bronnen = [Bronfeit(UUID(int=n), "x", aantal) for n, aantal in enumerate([1, 1, 3, 1, 2])]
    assert number_bladen(bronnen, duplex=False)[2] == ((3, "voor"), (4, "voor"), (5, "voor"))
    assert number_bladen(bronnen, duplex=True) == (
        ((1, "voor"),),
        ((1, "achter"),),
        ((2, "voor"), (2, "achter"), (3, "voor")),
        ((4, "voor"),),
        ((5, "voor"), (5, "achter")),
    )


def test_every_finding_is_a_dutch_sentence_that_says_what_to_do() -> None:
    for ernst, tekst in BEVINDINGEN.values():
        assert tekst.endswith(".")
        assert ernst is not Ernst.KRITIEK


# ------------------------------------------------------------------------------------------- whatever comes

TEKSTEN = st.sampled_from(
    ["", "", "", "?", doc(Z1), doc(Z2, 2), bijlage(), bijlage(1), batch("a"), batch("b", 3), EIND, KAPOT, PATCHT, Z3]
)  # fmt: skip
NAMEN = st.sampled_from(["scan.pdf", f"{Z1}.pdf", f"{Z2}/x.jpg", f"{Z1} {Z2}.tif"])
INDEX = st.none() | st.builds(
    Indexregel,
    st.just("x"),
    zaak=st.sampled_from(["", Z1]),
    bladen=st.none() | st.integers(1, 3),
    scanoperator=st.sampled_from(["", "a", "b"]),
    document=st.sampled_from(["", "1", "2"]),
)
BESTANDEN = st.lists(st.tuples(st.lists(TEKSTEN, min_size=1, max_size=8), NAMEN, INDEX), min_size=1, max_size=5)
REGELS = st.builds(Splitsregels, duplex=st.booleans(), patcht=st.booleans())


def _build(bestanden: Sequence[tuple[list[str], str, Indexregel | None]], regels: Splitsregels) -> list[Beeldfeit]:
    stapel = Stapel(regels)
    for teksten, naam, index in bestanden:
        stapel.leg(*teksten, naam=naam, index=index)
    return stapel.beelden()


@given(BESTANDEN, REGELS)
def test_every_beeld_has_exactly_one_place_and_keeps_its_order(
    bestanden: list[tuple[list[str], str, Indexregel | None]], regels: Splitsregels
) -> None:
    beelden = _build(bestanden, regels)
    splitsing = splits_batch(beelden, regels)
    geplaatst = [b for deel in splitsing.documenten for b in deel.beelden] + [
        s.beeld for s in splitsing.scheidingsbladen
    ]
    assert sorted(geplaatst, key=int) == [beeld.id for beeld in beelden]
    volgorde = {beeld.id: nummer for nummer, beeld in enumerate(beelden)}
    for deel in splitsing.documenten:
        assert deel.beelden
        plaatsen = [volgorde[beeld] for beeld in deel.beelden]
        assert plaatsen == sorted(plaatsen)


@given(BESTANDEN, REGELS)
def test_no_zaak_of_a_sheet_reaches_a_page_that_another_sheet_or_file_lies_between(
    bestanden: list[tuple[list[str], str, Indexregel | None]], regels: Splitsregels
) -> None:
    beelden = _build(bestanden, regels)
    splitsing = splits_batch(beelden, regels)
    per_id = {beeld.id: beeld for beeld in beelden}
    scheidend = {s.beeld: s for s in splitsing.scheidingsbladen}
    for deel in splitsing.documenten:
        van_blad = [reden.zaakidentificatie for reden in deel.kandidaten if reden.bron == "scheidingsblad"]
        if not van_blad or deel.wacht_omdat or deel.bijlage_bij is not None:
            continue
        eerste = per_id[deel.beelden[0]]
        stroom = [
            b
            for b in beelden
            if (b.bron.id == eerste.bron.id if eerste.bron.aantal_beelden > 1 else b.bron.aantal_beelden == 1)
        ]
        ervoor = stroom[: stroom.index(eerste)]
        assert ervoor
        vorige = scheidend[ervoor[-1].id]  # right before the document lies a separator sheet, and it says this zaak
        assert vorige.blad is not None
        assert van_blad == [vorige.blad.zaak]


@given(BESTANDEN, REGELS)
def test_the_same_batch_is_always_cut_the_same_and_every_finding_points_into_it(
    bestanden: list[tuple[list[str], str, Indexregel | None]], regels: Splitsregels
) -> None:
    beelden = _build(bestanden, regels)
    splitsing = splits_batch(beelden, regels)
    assert splitsing == splits_batch(beelden, regels)
    ids = {beeld.id for beeld in beelden}
    for gevonden in splitsing.bevindingen:
        assert gevonden.beeld is None or gevonden.beeld in ids
        assert "{" not in gevonden.bevinding.tekst
    for nummer, deel in enumerate(splitsing.documenten):
        assert deel.bijlage_bij is None or 0 <= deel.bijlage_bij < nummer
