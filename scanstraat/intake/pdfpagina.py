"""What is drawn on one PDF page: is it exactly one scanned image? Reads the page's content, decodes no pixels.

A scan is a page on which nothing else can be seen: one image, or strips of one image under each other, that fill the
page; invisible text (a scanner's own OCR) may lie over it and anything may lie hidden under it.

Source: ISO 32000-1 8.3 (coordinates), 8.4 (graphics state), 8.5 (paths), 8.11 (optional content),
9.3.6 (text rendering).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pikepdf

Rechthoek = tuple[float, float, float, float]  # x0, y0, x1, y1 in points
MINIMALE_DEKKING = 0.80  # share of the page the image must fill; a letter page on an A4 sheet fills 0.90
MINIMAAL_ZICHTBAAR = 0.90  # share of the image that must lie on the page
SPELING_PT = 1.5  # points; placements are rounded by their writers
MAX_DIEPTE = 6  # forms within forms

REDENEN = {
    "geen_beeld": "er staat geen beeld op",
    "tekst": "er staat tekst of een tekening op die geen deel is van het beeld",
    "aantekening": "er staat een aantekening, stempel of formulierveld op",
    "lagen": "de pagina is opgebouwd uit lagen over elkaar (MRC of hoge compressie)",
    "los": "er staan losse beelden op",
    "klein": "het beeld vult de pagina niet",
    "afgesneden": "een deel van het beeld valt buiten de pagina",
    "vervormd": "het beeld is schuin of gespiegeld geplaatst",
    "doorzichtig": "het beeld is deels doorzichtig",
    "verborgen": "er zijn delen die aan- of uitgezet kunnen worden",
}


@dataclass(frozen=True)
class Plaatsing:
    """One image on the page. `matrix` takes the unit square to points on the page (a b c d e f)."""

    beeld: pikepdf.Stream = field(compare=False)
    matrix: pikepdf.Matrix
    dekkend: bool  # nothing shows through it

    @property
    def kader(self) -> Rechthoek:
        """The area it covers, as an upright rectangle in points."""
        return _bounding_box(self.matrix)


@dataclass(frozen=True)
class Paginabeeld:
    """The one scanned image of a page: its strips from top to bottom, its size in inches and its turn.

    breedte_inch, hoogte_inch: of the image as stored, before the turn.
    draai: degrees clockwise that the page turns the stored image.
    """

    strips: tuple[Plaatsing, ...]
    breedte_inch: float
    hoogte_inch: float
    draai: int


@dataclass(frozen=True)
class GeenScan:
    """Why the page is not one scanned image (a key of REDENEN)."""

    code: str


def find_paginabeeld(pagina: pikepdf.Page) -> Paginabeeld | GeenScan:
    """Return the one image this page shows, or why it is not that."""
    verkenner = _Verkenner(pagina)
    verkenner.run()
    zichtbaar = _visible(verkenner.geschilderd, verkenner.kader)
    fout = _find_reason(zichtbaar, verkenner)
    if fout is not None:
        return GeenScan(fout)
    return _measure(tuple(wat for wat in zichtbaar if isinstance(wat, Plaatsing)), pagina)


def page_box(pagina: pikepdf.Page) -> Rechthoek:
    """Return the part of the page that is shown, in points: the CropBox within the MediaBox."""
    media, snij = _rectangle(pagina.mediabox), _rectangle(pagina.cropbox)
    return _intersect(media, snij) or media


def page_turn(pagina: pikepdf.Page) -> int:
    """Return /Rotate as 0, 90, 180 or 270 degrees clockwise."""
    draai = pagina.obj.get("/Rotate", 0)
    return int(draai) % 360 // 90 * 90


def _find_reason(zichtbaar: list[Plaatsing | str], verkenner: _Verkenner) -> str | None:
    beelden = [wat for wat in zichtbaar if isinstance(wat, Plaatsing)]
    anders = [wat for wat in zichtbaar if isinstance(wat, str)]
    if _has_annotations(verkenner.pagina):
        return "aantekening"
    if verkenner.verborgen:
        return "verborgen"
    if not beelden:
        return anders[0] if anders else "geen_beeld"
    if len(beelden) > 1 and not _is_stack(beelden):
        return "lagen" if _overlap(beelden) else "los"
    if anders:
        return anders[0]
    if not all(beeld.dekkend for beeld in beelden):
        return "doorzichtig"
    return _find_misplacement(beelden, verkenner.kader)


def _find_misplacement(beelden: list[Plaatsing], pagina: Rechthoek) -> str | None:
    if _turn_of(beelden[0].matrix) is None:
        return "vervormd"
    kader = _union([beeld.kader for beeld in beelden])
    samen = _intersect(kader, pagina)
    if samen is None or _area(samen) < MINIMALE_DEKKING * _area(pagina):
        return "klein"
    return "afgesneden" if _area(samen) < MINIMAAL_ZICHTBAAR * _area(kader) else None


def _visible(geschilderd: list[Plaatsing | str], pagina: Rechthoek) -> list[Plaatsing | str]:
    """Drop what lies under an image that covers the whole page: text under the image is one way scanners hide OCR."""
    for i in range(len(geschilderd) - 1, -1, -1):
        wat = geschilderd[i]
        if (
            isinstance(wat, Plaatsing)
            and wat.dekkend
            and _turn_of(wat.matrix) is not None
            and _covers(wat.kader, pagina)
        ):
            return geschilderd[i:]
    return geschilderd


def _measure(strips: tuple[Plaatsing, ...], pagina: pikepdf.Page) -> Paginabeeld:
    kader = _union([strip.kader for strip in strips])
    plaatsing = _turn_of(strips[0].matrix) or 0
    eenheid = float(pagina.obj.get("/UserUnit", 1)) / 72  # inches per unit
    breed, hoog = (kader[2] - kader[0]) * eenheid, (kader[3] - kader[1]) * eenheid
    if plaatsing in {90, 270}:
        breed, hoog = hoog, breed
    op_volgorde = sorted(strips, key=lambda strip: -strip.kader[3])
    return Paginabeeld(tuple(op_volgorde), breed, hoog, (plaatsing + page_turn(pagina)) % 360)


class _Verkenner:
    """Walks the content of one page and lists what it paints, in order: images, or a reason why it is no scan."""

    def __init__(self, pagina: pikepdf.Page) -> None:
        self.pagina = pagina
        self.kader = page_box(pagina)
        self.geschilderd: list[Plaatsing | str] = []
        self.verborgen = False  # something on the page can be switched on and off

    def run(self) -> None:
        inhoud = pikepdf.parse_content_stream(self.pagina)
        if any(isinstance(stap, pikepdf.ContentStreamInlineImage) for stap in inhoud):
            self.pagina.externalize_inline_images()
            inhoud = pikepdf.parse_content_stream(self.pagina)
        self.walk(inhoud, self.pagina.obj.get("/Resources", pikepdf.Dictionary()), _Toestand(), 0)

    def walk(self, inhoud: Iterable[Any], bronnen: Any, toestand: _Toestand, diepte: int) -> None:
        stapel: list[_Toestand] = []
        pad = _Pad()
        for stap in inhoud:
            op, waarden = str(stap.operator), list(stap.operands)
            if op == "q":
                stapel.append(toestand)
            elif op == "Q":
                toestand = stapel.pop() if stapel else toestand
            elif op in PAD_OPERATOREN:
                pad.add(op, waarden, toestand.ctm)
            elif op in SCHILDER_OPERATOREN:
                if op != "n":
                    self.geschilderd.append("tekst")
                if pad.snijdt:
                    toestand = replace(toestand, uitsnede=pad.clip(toestand.uitsnede))
                pad = _Pad()
            elif op == "gs":
                toestand = toestand.with_gs(bronnen.get("/ExtGState", {}).get(str(waarden[0])))
            elif op in TOESTAND_OPERATOREN:
                toestand = toestand.with_op(op, waarden)
            elif op == "Do":
                self._draw(bronnen.get("/XObject", {}).get(str(waarden[0])), toestand, diepte)
            else:
                self._other(op, waarden, toestand)

    def _other(self, op: str, waarden: list[Any], toestand: _Toestand) -> None:
        if op in TEKST_OPERATOREN:
            if toestand.zichtbare_tekst and any(_has_text(waarde) for waarde in waarden):
                self.geschilderd.append("tekst")
        elif op == "BDC" and str(waarden[0]) == "/OC":
            self.verborgen = True
        elif op not in ZONDER_GEVOLG:
            self.geschilderd.append("tekst")  # shadings, and anything not known to be invisible

    def _draw(self, wat: Any, toestand: _Toestand, diepte: int) -> None:
        if not isinstance(wat, pikepdf.Stream):
            return  # a missing resource draws nothing
        if "/OC" in wat:
            self.verborgen = True
        if wat.get("/Subtype") == "/Image":
            self._draw_image(wat, toestand)
        elif wat.get("/Subtype") == "/Form" and diepte < MAX_DIEPTE:
            matrix = pikepdf.Matrix(*[float(getal) for getal in wat.get("/Matrix", [1, 0, 0, 1, 0, 0])])
            binnen = replace(toestand, ctm=matrix @ toestand.ctm)
            kader = [float(getal) for getal in wat.get("/BBox", [0, 0, 0, 0])]
            hoeken = pikepdf.Matrix(kader[2] - kader[0], 0, 0, kader[3] - kader[1], kader[0], kader[1]) @ binnen.ctm
            binnen = replace(binnen, uitsnede=_narrow(toestand.uitsnede, _bounding_box(hoeken)))
            bronnen = wat.get("/Resources", self.pagina.obj.get("/Resources", pikepdf.Dictionary()))
            self.walk(pikepdf.parse_content_stream(wat), bronnen, binnen, diepte + 1)
        else:
            self.geschilderd.append("tekst")

    def _draw_image(self, beeld: pikepdf.Stream, toestand: _Toestand) -> None:
        stencil = bool(beeld.get("/ImageMask", False))
        masker = "/SMask" in beeld or "/Mask" in beeld
        doorzichtig = masker or toestand.doorzichtig or int(beeld.get("/SMaskInData", 0)) != 0
        plaatsing = Plaatsing(beeld, toestand.ctm, dekkend=not doorzichtig and (not stencil or toestand.vulling_zwart))
        zichtbaar = _intersect(plaatsing.kader, self.kader)
        if zichtbaar is None:
            return  # off the page
        if stencil and any(isinstance(wat, str) or _overlap([wat, plaatsing]) for wat in self.geschilderd):
            plaatsing = replace(plaatsing, dekkend=False)  # a stencil paints its dark samples only
        self.geschilderd.append(plaatsing)
        if toestand.uitsnede is not None and not _covers(toestand.uitsnede, zichtbaar):
            self.geschilderd.append("afgesneden")


PAD_OPERATOREN = {"re", "m", "l", "c", "v", "y", "h", "W", "W*"}
SCHILDER_OPERATOREN = {"S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "n"}
TEKST_OPERATOREN = {"Tj", "TJ", "'", '"'}
TOESTAND_OPERATOREN = {"cm", "Tr", "g", "rg", "k", "cs", "sc", "scn"}
ZONDER_GEVOLG = {  # change nothing that can be seen by themselves
    "BT", "ET", "Td", "TD", "Tm", "T*", "Tc", "Tw", "Tz", "TL", "Tf", "Ts", "BMC", "BDC", "EMC", "MP", "DP", "BX", "EX",
    "w", "J", "j", "M", "d", "ri", "i", "G", "RG", "K", "CS", "SC", "SCN",
}  # fmt: skip
ZWART = {"g": [0], "rg": [0, 0, 0], "k": [0, 0, 0, 1]}


@dataclass(frozen=True)
class _Toestand:
    """The part of the graphics state that decides what can be seen."""

    ctm: pikepdf.Matrix = field(default_factory=pikepdf.Matrix)
    uitsnede: Rechthoek | None = None  # None: not clipped; an empty rectangle: clipped by a shape we do not follow
    zichtbare_tekst: bool = True
    vulling_zwart: bool = True
    doorzichtig: bool = False

    def with_op(self, op: str, waarden: list[Any]) -> _Toestand:
        if op == "cm":
            return replace(self, ctm=pikepdf.Matrix(*[float(getal) for getal in waarden]) @ self.ctm)
        if op == "Tr":
            return replace(self, zichtbare_tekst=int(waarden[0]) not in {3, 7})
        return replace(self, vulling_zwart=[float(getal) for getal in waarden] == ZWART[op] if op in ZWART else False)

    def with_gs(self, gs: Any) -> _Toestand:
        if not isinstance(gs, pikepdf.Dictionary):
            return self
        gewoon = (
            float(gs.get("/ca", 1)) == 1
            and gs.get("/SMask", pikepdf.Name.None_) == "/None"
            and gs.get("/BM", pikepdf.Name.Normal) in {"/Normal", "/Compatible"}
            and "/TR" not in gs
            and gs.get("/TR2", pikepdf.Name.Default) == "/Default"
        )
        return replace(self, doorzichtig=self.doorzichtig or not gewoon)


class _Pad:
    """The path under construction, as far as clipping needs: is it one upright rectangle?"""

    def __init__(self) -> None:
        self.rechthoeken: list[Rechthoek] = []
        self.anders = False
        self.snijdt = False

    def add(self, op: str, waarden: list[Any], ctm: pikepdf.Matrix) -> None:
        if op in {"W", "W*"}:
            self.snijdt = True
            return
        if op != "re":
            self.anders = self.anders or op != "h"
            return
        x, y, breed, hoog = (float(getal) for getal in waarden)
        matrix = pikepdf.Matrix(breed, 0, 0, hoog, x, y) @ ctm
        self.anders = self.anders or not _is_upright(matrix)
        self.rechthoeken.append(_bounding_box(matrix))

    def clip(self, huidig: Rechthoek | None) -> Rechthoek:
        if self.anders or len(self.rechthoeken) != 1:
            return (0.0, 0.0, 0.0, 0.0)
        return _narrow(huidig, self.rechthoeken[0])


def _has_annotations(pagina: pikepdf.Page) -> bool:
    return any(wat.get("/Subtype") not in {"/Link", "/Popup"} for wat in pagina.obj.get("/Annots", []))


def _has_text(waarde: Any) -> bool:
    if isinstance(waarde, pikepdf.String):
        return bool(bytes(waarde).strip())
    return isinstance(waarde, pikepdf.Array) and any(_has_text(deel) for deel in waarde)


def _is_stack(beelden: list[Plaatsing]) -> bool:
    """True when the images are strips of one page: as wide as each other, each just under the one before."""
    if any(_turn_of(beeld.matrix) != 0 for beeld in beelden):
        return False
    op_volgorde = sorted((beeld.kader for beeld in beelden), key=lambda kader: -kader[3])
    return all(
        abs(boven[0] - onder[0]) <= SPELING_PT
        and abs(boven[2] - onder[2]) <= SPELING_PT
        and abs(boven[1] - onder[3]) <= SPELING_PT
        for boven, onder in pairwise(op_volgorde)
    )


def _overlap(beelden: list[Plaatsing]) -> bool:
    for i, een in enumerate(beelden):
        for ander in beelden[i + 1 :]:
            samen = _intersect(een.kader, ander.kader)
            if samen is not None and _area(samen) > 0.05 * min(_area(een.kader), _area(ander.kader)):
                return True
    return False


def _turn_of(matrix: pikepdf.Matrix) -> int | None:
    """Return how far clockwise an image is placed (0, 90, 180, 270); None when mirrored, slanted or squashed flat."""
    a, b, c, d = matrix.a, matrix.b, matrix.c, matrix.d
    maat = max(abs(a), abs(b), abs(c), abs(d)) * 0.002
    if abs(b) <= maat and abs(c) <= maat:
        return {(True, True): 0, (False, False): 180}.get((a > 0, d > 0)) if a and d else None
    if abs(a) <= maat and abs(d) <= maat:
        return {(True, False): 270, (False, True): 90}.get((b > 0, c > 0)) if b and c else None
    return None


def _is_upright(matrix: pikepdf.Matrix) -> bool:
    return (abs(matrix.b) < 1e-6 and abs(matrix.c) < 1e-6) or (abs(matrix.a) < 1e-6 and abs(matrix.d) < 1e-6)


def _bounding_box(matrix: pikepdf.Matrix) -> Rechthoek:
    hoeken = [matrix.transform(punt) for punt in ((0, 0), (1, 0), (0, 1), (1, 1))]
    xs, ys = [hoek[0] for hoek in hoeken], [hoek[1] for hoek in hoeken]
    return (min(xs), min(ys), max(xs), max(ys))


def _rectangle(kader: Any) -> Rechthoek:
    x0, y0, x1, y1 = (float(getal) for getal in kader)
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _intersect(een: Rechthoek, ander: Rechthoek) -> Rechthoek | None:
    x0, y0, x1, y1 = max(een[0], ander[0]), max(een[1], ander[1]), min(een[2], ander[2]), min(een[3], ander[3])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _narrow(huidig: Rechthoek | None, kader: Rechthoek) -> Rechthoek:
    return kader if huidig is None else _intersect(huidig, kader) or (0.0, 0.0, 0.0, 0.0)


def _union(kaders: list[Rechthoek]) -> Rechthoek:
    return (min(k[0] for k in kaders), min(k[1] for k in kaders), max(k[2] for k in kaders), max(k[3] for k in kaders))


def _covers(buiten: Rechthoek, binnen: Rechthoek) -> bool:
    return (
        buiten[0] <= binnen[0] + SPELING_PT
        and buiten[1] <= binnen[1] + SPELING_PT
        and buiten[2] >= binnen[2] - SPELING_PT
        and buiten[3] >= binnen[3] - SPELING_PT
    )


def _area(kader: Rechthoek) -> float:
    return (kader[2] - kader[0]) * (kader[3] - kader[1])
