"""What is inside a PDF that a scan must not hold: whole-document dangers, and what is painted on one page.

Thinks in what is allowed (a page is images and invisible text), not in lists of what is known to be bad. Adapter over
pikepdf; opens nothing itself and decodes no image.

Source: ISO 32000-1 7.6 (encryption), 7.11.4 (embedded files), 8.11 (optional content), 9.3.6 (text rendering),
12.5 (annotations), 12.6 (actions), 12.7 (forms, signatures), 13 (multimedia); BSI TR-03138 (JBIG2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import pikepdf

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.jbig2 import VERVANGBAAR, Jbig2soort, classify_jbig2
from kwaliteitscontrole.woorden import join_words

__all__ = [
    "Gevaar",
    "Inhoud",
    "Jbig2soort",
    "build_bevindingen",
    "classify_jbig2",
    "find_beelden",
    "find_gevaren",
    "find_inhoud",
    "find_jbig2",
    "has_lagen",
    "is_from_scanner",
    "name_paginas",
]

MAX_DIEPTE = 12  # forms within forms, and containers within containers


class Gevaar(StrEnum):
    """Why a PDF goes to quarantine; the order is the order in which a person hears them."""

    VERSLEUTELD = "versleuteld"
    HANDTEKENING = "handtekening"
    JAVASCRIPT = "javascript"
    BIJLAGE = "bijlage"
    XFA = "xfa"
    MULTIMEDIA = "multimedia"
    LAGEN = "lagen"
    ALTERNATIEF = "alternatief"
    ACTIE = "actie"
    FORMULIER = "formulier"

    @property
    def tekst(self) -> str:
        """Return what is wrong and what to do, in Dutch."""
        return _TEKSTEN[self]


_TEKSTEN = {
    Gevaar.VERSLEUTELD: "Deze PDF is beveiligd met een wachtwoord of met beperkingen. "
    "Vraag een versie zonder beveiliging of scan het papier opnieuw.",
    Gevaar.HANDTEKENING: "Deze PDF heeft een digitale handtekening, en die gaat bij het verwerken verloren. "
    "Voeg het bestand zelf toe aan de zaak.",
    Gevaar.JAVASCRIPT: "In deze PDF zit een programma (JavaScript). Vraag een PDF zonder programma of scan het papier.",
    Gevaar.BIJLAGE: "In deze PDF zitten andere bestanden als bijlage. "
    "Haal de bijlagen eruit en lever ze los aan, of scan het papier.",
    Gevaar.XFA: "Deze PDF is een invulformulier (XFA) waarvan de inhoud pas bij het openen ontstaat. "
    "Druk het formulier af en scan het.",
    Gevaar.MULTIMEDIA: "In deze PDF zit geluid, film of een ander medium. Vraag een gewone PDF of scan het papier.",
    Gevaar.LAGEN: "In deze PDF zitten lagen die aan en uit kunnen, dus niet iedereen ziet hetzelfde. "
    "Sla hem op zonder lagen of scan het papier.",
    Gevaar.ALTERNATIEF: "In deze PDF staat voor een beeld ook een ander beeld, dus niet iedereen ziet hetzelfde. "
    "Scan het papier opnieuw.",
    Gevaar.ACTIE: "Deze PDF doet iets bij het openen of aanklikken. "
    "Sla hem op zonder acties en koppelingen of scan het papier.",
    Gevaar.FORMULIER: "Deze PDF heeft invulvelden. Druk het formulier af en scan het, of sla het op als gewone PDF.",
}
_ACTIES = {
    "/GoToR", "/GoToE", "/Launch", "/Thread", "/URI", "/Sound", "/Movie", "/Hide", "/Named", "/SubmitForm",
    "/ResetForm", "/ImportData", "/SetOCGState", "/Rendition", "/GoTo3DView", "/RichMediaExecute",
}  # fmt: skip
_ACTIES_DIGITAAL = {"/URI", "/Named"}  # links of a letter that was born digital; /GoTo never does more than turn pages
_MULTIMEDIA = {"/RichMedia", "/3D", "/Movie", "/Sound", "/Screen"}


def find_gevaren(pdf: pikepdf.Pdf, *, digitaal_geboren: bool = False) -> tuple[Gevaar, ...]:
    """Return everything in the document that a scan must not hold, each once; empty means it may pass.

    Looks at every object, also those that no page refers to. A link to a page of the same document (GoTo) is nothing.

    Args:
        digitaal_geboren: links to addresses and invulvelden without a program are then allowed as well.
    Raises:
        pikepdf.PdfError, RecursionError: the document cannot be read.
    """
    gevonden = set(_find_in_root(pdf))
    for woordenboek in _iterate_dictionaries(pdf.objects):
        gevonden.update(_find_in_dictionary(woordenboek, digitaal_geboren=digitaal_geboren))
    if digitaal_geboren:
        gevonden.discard(Gevaar.FORMULIER)
    return tuple(gevaar for gevaar in Gevaar if gevaar in gevonden)


def _find_in_root(pdf: pikepdf.Pdf) -> Iterator[Gevaar]:
    wortel = pdf.Root
    if pdf.is_encrypted:
        yield Gevaar.VERSLEUTELD
    if "/Perms" in wortel:
        yield Gevaar.HANDTEKENING
    if "/Collection" in wortel:
        yield Gevaar.BIJLAGE
    if _has_items(wortel.get("/OCProperties"), "/OCGs"):
        yield Gevaar.LAGEN
    formulier = wortel.get("/AcroForm")
    if _has_items(formulier, "/Fields"):
        yield Gevaar.FORMULIER
    if isinstance(formulier, pikepdf.Dictionary) and "/XFA" in formulier:
        yield Gevaar.XFA


def _has_items(wat: Any, sleutel: str) -> bool:
    if not isinstance(wat, pikepdf.Dictionary):
        return False
    lijst = wat.get(sleutel)
    return isinstance(lijst, pikepdf.Array) and len(lijst) > 0


def _iterate_dictionaries(objecten: Iterable[Any]) -> Iterator[pikepdf.Dictionary | pikepdf.Stream]:
    """Yield every dictionary and stream, also those inside others; each indirect object once."""
    for voorwerp in objecten:
        stapel: list[tuple[Any, int]] = [(voorwerp, 0)]
        while stapel:
            wat, diepte = stapel.pop()
            if isinstance(wat, pikepdf.Dictionary | pikepdf.Stream):
                yield wat
                delen: Iterable[Any] = (waarde for _, waarde in wat.items())
            elif isinstance(wat, pikepdf.Array):
                delen = wat
            else:
                continue
            if diepte > 400:
                raise RecursionError("containers within containers without end")
            stapel.extend(
                (deel, diepte + 1)
                for deel in delen
                if isinstance(deel, pikepdf.Dictionary | pikepdf.Array) and not deel.is_indirect
            )


def _find_in_dictionary(
    woordenboek: pikepdf.Dictionary | pikepdf.Stream, *, digitaal_geboren: bool
) -> Iterator[Gevaar]:
    sleutels = set(woordenboek.keys())
    soort, subsoort, actie = (_name(woordenboek, sleutel) for sleutel in ("/Type", "/Subtype", "/S"))
    if "/JS" in sleutels or actie == "/JavaScript" or "/JavaScript" in sleutels:
        yield Gevaar.JAVASCRIPT
    if actie in _ACTIES and not (digitaal_geboren and actie in _ACTIES_DIGITAAL):
        yield Gevaar.ACTIE
    if "/AA" in sleutels and isinstance(woordenboek["/AA"], pikepdf.Dictionary):
        yield Gevaar.ACTIE
    if sleutels & {"/EmbeddedFiles", "/EF"} or soort == "/EmbeddedFile" or subsoort == "/FileAttachment":
        yield Gevaar.BIJLAGE
    if soort in {"/Sig", "/DocTimeStamp"} or {"/ByteRange", "/Contents"} <= sleutels:
        yield Gevaar.HANDTEKENING
    if subsoort in _MULTIMEDIA or soort == "/Rendition":
        yield Gevaar.MULTIMEDIA
    if "/Alternates" in sleutels or subsoort == "/PS" or "/OPI" in sleutels:
        yield Gevaar.ALTERNATIEF


def _name(woordenboek: pikepdf.Dictionary | pikepdf.Stream, sleutel: str) -> str:
    waarde = woordenboek.get(sleutel)
    return str(waarde) if isinstance(waarde, pikepdf.Name) else ""


class Inhoud(StrEnum):
    """What a page paints. A scan has only BEELD and ONZICHTBARE_TEKST; a scan in layers STENCIL or MASKER as well."""

    BEELD = "beeld"
    STENCIL = "stencil"  # an image that lets paint through: the foreground of a layered (MRC) page
    MASKER = "masker"  # an image with a mask: the other way of layering
    ONZICHTBARE_TEKST = "onzichtbare_tekst"
    TEKST = "tekst"
    VERKAPTE_TEKST = "verkapte_tekst"  # text in the invisible mode that shows all the same
    TEKENING = "tekening"
    AANTEKENING = "aantekening"
    ONTBREKEND = "ontbrekend"  # something the page wants to draw that is not in the file


_BEELDEN = frozenset({Inhoud.BEELD, Inhoud.STENCIL, Inhoud.MASKER})
_TEKST_TONEN = {"Tj", "TJ", "'", '"'}
_TEKENEN = {"S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh"}


def find_inhoud(pagina: pikepdf.Page) -> frozenset[Inhoud]:
    """Return every kind of thing this page paints, wherever it stands and whatever may cover it.

    Raises:
        pikepdf.PdfError, RecursionError: the content cannot be read.
    """
    lezer = _Inhoudlezer()
    lezer.read(pagina, pagina.obj.get("/Resources", pikepdf.Dictionary()), 0, 0, False)
    for aantekening in pagina.obj.get("/Annots", []):
        if isinstance(aantekening, pikepdf.Dictionary) and _name(aantekening, "/Subtype") not in {"/Link", "/Popup"}:
            lezer.gevonden.add(Inhoud.AANTEKENING)
    return frozenset(lezer.gevonden)


def has_lagen(inhoud: frozenset[Inhoud]) -> bool:
    """Return whether a page is made of images over each other (MRC, "compact PDF"): letters apart from their paper."""
    return Inhoud.MASKER in inhoud or {Inhoud.STENCIL, Inhoud.BEELD} <= inhoud


def is_from_scanner(inhoud: frozenset[Inhoud]) -> bool:
    """Return whether a page has images, and nothing besides them but invisible text."""
    return bool(inhoud & _BEELDEN) and inhoud <= _BEELDEN | {Inhoud.ONZICHTBARE_TEKST}


class _Inhoudlezer:
    def __init__(self) -> None:
        self.gevonden: set[Inhoud] = set()
        self._gedaan: set[tuple[tuple[int, int], int, bool]] = (
            set()
        )  # forms, so that nesting costs no more than reading

    def read(self, wat: Any, bronnen: Any, diepte: int, modus: int, type3: bool) -> None:
        """Read one content stream. `modus` is the text rendering mode it starts with, `type3` the kind of font."""
        stapel: list[tuple[int, bool]] = []
        for stap in pikepdf.parse_content_stream(wat):
            if isinstance(stap, pikepdf.ContentStreamInlineImage):
                self.gevonden.add(Inhoud.STENCIL if bool(stap.iimage.image_mask) else Inhoud.BEELD)
                continue
            op, waarden = str(stap.operator), stap.operands
            if op == "q":
                stapel.append((modus, type3))
            elif op == "Q":
                modus, type3 = stapel.pop() if stapel else (modus, type3)
            elif op == "Tr" and waarden:
                modus = int(waarden[0])
            elif op == "Tf" and waarden:
                type3 = _is_type3(_lookup(bronnen, "/Font", str(waarden[0])))
            elif op == "gs" and waarden:
                type3 = _font_of_state(_lookup(bronnen, "/ExtGState", str(waarden[0])), type3)
            elif op in _TEKST_TONEN:
                self._show_text(waarden, modus, type3)
            elif op in _TEKENEN:
                self.gevonden.add(Inhoud.TEKENING)
            elif op == "Do" and waarden:
                self._draw(_lookup(bronnen, "/XObject", str(waarden[0])), bronnen, diepte, modus, type3)

    def _show_text(self, waarden: Any, modus: int, type3: bool) -> None:
        if not any(_has_text(waarde) for waarde in waarden):
            return
        if modus != 3:
            # 7 paints nothing, but cuts what comes after it to the shape of the letters
            self.gevonden.add(Inhoud.VERKAPTE_TEKST if modus == 7 else Inhoud.TEKST)
        else:
            # the rendering mode does not count for a Type 3 font: its letters are small drawings
            self.gevonden.add(Inhoud.VERKAPTE_TEKST if type3 else Inhoud.ONZICHTBARE_TEKST)

    def _draw(self, wat: Any, bronnen: Any, diepte: int, modus: int, type3: bool) -> None:
        if not isinstance(wat, pikepdf.Stream):
            self.gevonden.add(Inhoud.ONTBREKEND)
            return
        subsoort = _name(wat, "/Subtype")
        if subsoort == "/Image":
            if bool(wat.get("/ImageMask", False)):
                self.gevonden.add(Inhoud.STENCIL)
            else:
                self.gevonden.add(Inhoud.MASKER if "/SMask" in wat or "/Mask" in wat else Inhoud.BEELD)
        elif subsoort == "/Form" and diepte < MAX_DIEPTE:
            sleutel = (wat.objgen, modus, type3)
            if sleutel not in self._gedaan:
                self._gedaan.add(sleutel)
                self.read(wat, wat.get("/Resources", bronnen), diepte + 1, modus, type3)
        else:
            self.gevonden.add(Inhoud.TEKENING)


def _lookup(bronnen: Any, soort: str, naam: str) -> Any:
    map_ = bronnen.get(soort) if isinstance(bronnen, pikepdf.Dictionary) else None
    return map_.get(naam) if isinstance(map_, pikepdf.Dictionary) else None


def _is_type3(lettertype: Any) -> bool:
    return isinstance(lettertype, pikepdf.Dictionary) and _name(lettertype, "/Subtype") == "/Type3"


def _font_of_state(toestand: Any, huidig: bool) -> bool:
    if not isinstance(toestand, pikepdf.Dictionary) or "/Font" not in toestand:
        return huidig
    return _is_type3(toestand["/Font"][0])


def _has_text(waarde: Any) -> bool:
    if isinstance(waarde, pikepdf.String):
        return len(bytes(waarde)) > 0
    return isinstance(waarde, pikepdf.Array) and any(_has_text(deel) for deel in waarde)


def find_beelden(pagina: pikepdf.Page) -> list[pikepdf.Stream]:
    """Return every image that a page can draw, with masks and those inside forms, each once."""
    beelden: list[pikepdf.Stream] = []
    gezien: set[tuple[int, int]] = set()
    stapel: list[Any] = [pagina.obj.get("/Resources")]
    while stapel:
        bronnen = stapel.pop()
        voorwerpen = bronnen.get("/XObject") if isinstance(bronnen, pikepdf.Dictionary) else None
        for _, wat in voorwerpen.items() if isinstance(voorwerpen, pikepdf.Dictionary) else ():
            if not isinstance(wat, pikepdf.Stream) or wat.objgen in gezien:
                continue
            gezien.add(wat.objgen)
            stapel.append(wat.get("/Resources"))
            if _name(wat, "/Subtype") == "/Image":
                delen = (wat, wat.get("/SMask"), wat.get("/Mask"))
                beelden += [deel for deel in delen if isinstance(deel, pikepdf.Stream)]
    return beelden


def find_jbig2(pagina: pikepdf.Page) -> frozenset[Jbig2soort]:
    """Return the kinds of JBIG2 coding in the images that a page can draw; empty when it has no JBIG2.

    Raises:
        pikepdf.PdfError: a stream cannot be read.
    """
    return frozenset().union(*(_classify_beeld(beeld) for beeld in find_beelden(pagina)))


def _classify_beeld(beeld: pikepdf.Stream) -> frozenset[Jbig2soort]:
    filters = _as_list(beeld.get("/Filter"))
    if not filters or str(filters[-1]) != "/JBIG2Decode":
        return frozenset()
    parms = _as_list(beeld.get("/DecodeParms"))
    laatste = parms[-1] if parms else None
    globaal = laatste.get("/JBIG2Globals") if isinstance(laatste, pikepdf.Dictionary) else None
    if len(filters) > 1:
        return frozenset({Jbig2soort.ONBEKEND})  # wrapped once more: no scanner does that
    return classify_jbig2(beeld.read_raw_bytes(), globaal.read_bytes() if isinstance(globaal, pikepdf.Stream) else b"")


def _as_list(waarde: Any) -> list[Any]:
    if waarde is None:
        return []
    return list(waarde) if isinstance(waarde, pikepdf.Array) else [waarde]


def build_bevindingen(jbig2: dict[int, frozenset[Jbig2soort]], lagen: Iterable[int]) -> tuple[Bevinding, ...]:
    """Return what keeps the paper of these pages from being replaced, with the scanner's setting to change. Pure.

    Args:
        jbig2: page number (from 1) to the kinds of JBIG2 on it.
        lagen: numbers of the pages that are made of layers.
    """
    slecht = sorted(n for n, soorten in jbig2.items() if not soorten <= VERVANGBAAR)
    gelaagd = sorted(lagen)
    bevindingen = []
    if slecht:
        bevindingen.append(
            Bevinding(
                "jbig2_symbolen",
                Ernst.ERNSTIG,
                f"{name_paginas(slecht)}: de scanner heeft letters of vlakken vervangen door gelijkende (JBIG2 met "
                "symbolen of rasters). Zet in de scanner JBIG2, compacte PDF of hoge compressie uit, kies TIFF G4 of "
                "JPEG, en scan opnieuw. Bewaar tot dan het papier.",
                vervangbaar=False,
            )
        )
    if gelaagd:
        bevindingen.append(
            Bevinding(
                "gelaagd",
                Ernst.ERNSTIG,
                f"{name_paginas(gelaagd)}: de scanner heeft tekst en achtergrond apart opgeslagen (compacte PDF of "
                "MRC). Zet in de scanner compacte PDF, hoge compressie of MRC uit, en scan opnieuw. "
                "Bewaar tot dan het papier.",
                vervangbaar=False,
            )
        )
    return tuple(bevindingen)


def name_paginas(nummers: list[int]) -> str:
    """Return "Pagina 3", "Pagina 3 en 5", or the first ten and how many more. Pure; `nummers` is not empty."""
    getoond = [str(nummer) for nummer in nummers[:10]]
    if len(nummers) > 10:
        return f"Pagina {', '.join(getoond)} en nog {len(nummers) - 10}"
    return "Pagina " + join_words(getoond)
