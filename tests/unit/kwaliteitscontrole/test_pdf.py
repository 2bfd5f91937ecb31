"""What is inside a PDF: dangers in the document, and what a page paints."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.pdf import (
    Gevaar,
    Inhoud,
    Jbig2soort,
    build_bevindingen,
    find_beelden,
    find_gevaren,
    find_inhoud,
    find_jbig2,
    has_lagen,
    is_from_scanner,
    name_paginas,
)

BEELD, STENCIL, MASKER, TEKST = Inhoud.BEELD, Inhoud.STENCIL, Inhoud.MASKER, Inhoud.TEKST
ONZICHTBAAR, VERKAPT, TEKENING = Inhoud.ONZICHTBARE_TEKST, Inhoud.VERKAPTE_TEKST, Inhoud.TEKENING


def build_pagina(inhoud: bytes) -> tuple[pikepdf.Pdf, pikepdf.Page]:
    """Return a page with an image I, a stencil S, a masked image M, a form F that shows text, and two fonts."""
    pdf = pikepdf.Pdf.new()
    pagina = pdf.add_blank_page(page_size=(100, 100))
    maten = {"Subtype": Name.Image, "Width": 1, "Height": 1, "BitsPerComponent": 8}
    beeld = pdf.make_stream(b"x", **maten, ColorSpace=Name.DeviceGray)
    masker = pdf.make_stream(b"x", **maten, ColorSpace=Name.DeviceGray, SMask=beeld)
    stencil = pdf.make_stream(b"x", **(maten | {"ImageMask": True, "BitsPerComponent": 1}))
    vorm = pdf.make_stream(b"BT /Q 9 Tf (x) Tj ET", Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    letters = Dictionary(Q=Dictionary(Subtype=Name.Type1), T=Dictionary(Subtype=Name.Type3))
    toestand = Dictionary(T=Dictionary(Font=Array([pdf.make_indirect(Dictionary(Subtype=Name.Type3)), 9])))
    beelden = Dictionary(I=beeld, M=masker, S=stencil, F=vorm)
    pagina.obj.Resources = Dictionary(XObject=beelden, Font=letters, ExtGState=toestand)
    pagina.obj.Contents = pdf.make_stream(inhoud)
    return pdf, pagina


@pytest.mark.parametrize(
    ("inhoud", "verwacht"),
    [
        (b"", set()),
        (b"q 1 0 0 1 0 0 cm /I Do Q", {BEELD}),
        (b"/S Do", {STENCIL}),
        (b"/I Do /M Do", {BEELD, MASKER}),
        (b"BT 3 Tr /Q 9 Tf (x) Tj ET /I Do", {ONZICHTBAAR, BEELD}),
        (b"BT /Q 9 Tf (x) Tj ET", {TEKST}),
        (b"BT 3 Tr 0 Tr /Q 9 Tf [(x) 3] TJ ET", {TEKST}),
        (b"BT /Q 9 Tf () Tj [3] TJ ET", set()),
        (b"q 3 Tr Q BT (x) Tj ET", {TEKST}),
        (b"3 Tr q 0 Tr Q BT (x) ' ET", {ONZICHTBAAR}),
        (b'BT 2 Tr 1 2 (x) " ET', {TEKST}),
        (b"BT 7 Tr /Q 9 Tf (x) Tj ET", {VERKAPT}),
        (b"BT 3 Tr /T 9 Tf (x) Tj ET", {VERKAPT}),
        (b"/T gs BT 3 Tr (x) Tj ET", {VERKAPT}),
        (b"0 0 9 9 re f", {TEKENING}),
        (b"0 0 9 9 re W n", set()),
        (b"0 0 m 9 9 l S", {TEKENING}),
        (b"/Verloop sh", {TEKENING}),
        (b"/F Do", {TEKST}),
        (b"3 Tr /F Do", {ONZICHTBAAR}),
        (b"3 Tr /F Do 0 Tr /F Do", {ONZICHTBAAR, TEKST}),
        (b"/Weg Do", {Inhoud.ONTBREKEND}),
        (b"BI /W 1 /H 1 /BPC 8 /CS /G ID x EI", {BEELD}),
        (b"BI /W 1 /H 1 /IM true ID x EI", {STENCIL}),
    ],
)
def test_everything_a_page_paints_is_named(inhoud: bytes, verwacht: set[Inhoud]) -> None:
    _, pagina = build_pagina(inhoud)
    assert find_inhoud(pagina) == verwacht


def test_an_annotation_is_seen_and_a_link_is_not() -> None:
    _, pagina = build_pagina(b"/I Do")
    pagina.obj.Annots = Array([Dictionary(Subtype=Name.Link)])
    assert find_inhoud(pagina) == {BEELD}
    pagina.obj.Annots = Array([Dictionary(Subtype=Name.Link), Dictionary(Subtype=Name.Ink)])
    assert find_inhoud(pagina) == {BEELD, Inhoud.AANTEKENING}


def test_a_form_that_draws_itself_ends() -> None:
    pdf, pagina = build_pagina(b"/F Do")
    vorm = pagina.obj.Resources.XObject.F
    vorm.write(b"/F Do /I Do")
    vorm.Resources = pagina.obj.Resources
    assert find_inhoud(pagina) == {BEELD}
    assert len(find_beelden(pagina)) == 4
    assert find_gevaren(pdf) == ()


@pytest.mark.parametrize(
    ("inhoud", "scanner", "lagen"),
    [
        ({BEELD}, True, False),
        ({BEELD, ONZICHTBAAR}, True, False),
        ({STENCIL}, True, False),
        ({BEELD, STENCIL}, True, True),
        ({MASKER}, True, True),
        ({ONZICHTBAAR}, False, False),
        (set(), False, False),
        ({BEELD, TEKST}, False, False),
        ({BEELD, TEKENING}, False, False),
        ({BEELD, Inhoud.AANTEKENING}, False, False),
    ],
)
def test_a_scanner_makes_images_and_invisible_text(inhoud: set[Inhoud], scanner: bool, lagen: bool) -> None:
    assert is_from_scanner(frozenset(inhoud)) == scanner
    assert has_lagen(frozenset(inhoud)) == lagen


def _javascript_in_names(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([])))


def _deep_javascript(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Iets = Array([Array([Dictionary(A=Dictionary(S=Name.JavaScript))])])


def _loose_launch(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Iets = pdf.make_indirect(Dictionary(S=Name.Launch))


def _goto(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.GoTo, D=Array([pdf.pages[0].obj, Name.Fit]))


def _empty_form(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=Array([]))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([]))


def _permission(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Perms = Dictionary()


def _portfolio(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Collection = Dictionary()


def _postscript(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Iets = pdf.make_stream(b"showpage", Subtype=Name.PS)


def _structure(pdf: pikepdf.Pdf) -> None:
    """Use the key S for other things than actions, as tagged files do."""
    pdf.Root.StructTreeRoot = Dictionary(
        Type=Name.StructTreeRoot, K=Dictionary(S=Name.Figure, A=Dictionary(O=Name.Layout))
    )


@pytest.mark.parametrize(
    ("bewerk", "verwacht"),
    [
        (lambda pdf: None, ()),
        (_javascript_in_names, (Gevaar.JAVASCRIPT,)),
        (_deep_javascript, (Gevaar.JAVASCRIPT,)),
        (_loose_launch, (Gevaar.ACTIE,)),
        (_goto, ()),
        (_empty_form, ()),
        (_permission, (Gevaar.HANDTEKENING,)),
        (_portfolio, (Gevaar.BIJLAGE,)),
        (_postscript, (Gevaar.ALTERNATIEF,)),
        (_structure, ()),
    ],
)
def test_dangers_are_found_wherever_they_are(
    bewerk: Callable[[pikepdf.Pdf], None], verwacht: tuple[Gevaar, ...]
) -> None:
    pdf, _ = build_pagina(b"/I Do")
    bewerk(pdf)
    uit = io.BytesIO()
    pdf.save(uit)
    with pikepdf.open(uit) as gelezen:
        assert find_gevaren(gelezen) == verwacht


def test_every_danger_says_what_to_do() -> None:
    for gevaar in Gevaar:
        assert gevaar.tekst.endswith(".")
        assert len(gevaar.tekst.split(". ")) >= 2


def test_jbig2_is_found_in_masks_and_globals_too() -> None:
    generiek = bytes.fromhex("00000001 26 00 01 00000001 00")
    symbool = bytes.fromhex("00000000 00 00 01 00000001 00")
    pdf, pagina = build_pagina(b"/M Do")
    assert find_jbig2(pagina) == frozenset()
    masker = pagina.obj.Resources.XObject.M
    masker.SMask = pdf.make_stream(
        generiek,
        Subtype=Name.Image,
        Filter=Name.JBIG2Decode,
        DecodeParms=Dictionary(JBIG2Globals=pdf.make_stream(symbool)),
    )
    assert find_jbig2(pagina) == {Jbig2soort.GENERIEK, Jbig2soort.SYMBOOL}
    masker.SMask = pdf.make_stream(generiek, Filter=Array([Name.FlateDecode, Name.JBIG2Decode]))
    assert find_jbig2(pagina) == {Jbig2soort.ONBEKEND}


def test_findings_name_the_pages_and_keep_the_paper() -> None:
    g, s = frozenset({Jbig2soort.GENERIEK}), frozenset({Jbig2soort.SYMBOOL})
    assert build_bevindingen({1: g, 2: frozenset()}, []) == ()
    een, twee = build_bevindingen({4: s, 2: s | g, 3: g}, [7])
    assert een.tekst.startswith("Pagina 2 en 4: ")
    assert twee.tekst.startswith("Pagina 7: ")
    assert {een.code, twee.code} == {"jbig2_symbolen", "gelaagd"}
    assert not een.vervangbaar
    assert twee.ernst is Ernst.ERNSTIG


@pytest.mark.parametrize(
    ("nummers", "tekst"),
    [([3], "Pagina 3"), ([3, 5], "Pagina 3 en 5"), ([1, 2, 3], "Pagina 1, 2 en 3"), (list(range(1, 14)), "en nog 3")],
)
def test_pages_are_named_as_people_do(nummers: list[int], tekst: str) -> None:
    assert name_paginas(nummers).endswith(tekst)
