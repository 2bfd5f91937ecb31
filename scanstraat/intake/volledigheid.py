"""Is a delivered file whole, of a kind we take in, and a scan? Runs inside the sandbox: these are bytes from outside.

"It opens" proves nothing: a PDF cut in half opens, and a JPEG with a hole in it decodes. So every page image is decoded
to its end, a PDF must give qpdf no reason for a warning and must have as many pages for a second reader, a TIFF is
walked by hand as well, and nothing may stand before or after the file. What may still be growing is told apart from
what is broken: the first waits, the second goes to quarantine with its reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pikepdf
import pypdfium2

from kwaliteitscontrole import pdf as pdfinhoud
from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat.errors import AnderSoortError, InvoerError, OnvolledigError
from scanstraat.intake import bestandsoort, tiffopbouw
from scanstraat.intake.beelden import Masterbeeld, open_bron
from scanstraat.intake.bestandsoort import BEGIN_BYTES, EINDE_BYTES, Soort
from scanstraat.intake.jpegbeelden import parse_jpeg
from scanstraat.intake.masterbeeld import open_fd
from scanstraat.intake.tiffopbouw import too_many_paginas

STAART_BYTES = 2**20  # how far back from the end the last %%EOF of a PDF is looked for
GAAFHEID_MAX_PIXELS = (
    60_000_000  # qpdf unpacks a JPEG in memory, in a buffer that doubles; larger ones go to Pillow only
)
NULLEN_BYTES = 64  # of zeros at the end look like room that was made and not yet filled
PROGRESSIEF_MAX = 100  # scans of one progressive JPEG; encoders write about 10, each costs a pass over the page
_EINDE_PDF = b"%%EOF"
_QPDF_FOUTEN = (pikepdf.PikepdfError, RuntimeError)  # a RuntimeError also when things nest too deep
_OFFSET_NUL = "object has offset 0 - a common error"  # macOS lists numbers it never used; nothing is missing
_PROEF_DPI = 36  # of a page that is not a scan: does it render at all?


@dataclass(frozen=True)
class Eisen:
    """What the profile allows, in bytes and pixels. `naam_suffix` is the end of the name (".pdf"), for words only."""

    naam_suffix: str
    maximaal_paginas: int
    maximaal_pixels: int
    maximaal_bytes: int
    digitaal_geboren: bool


@dataclass(frozen=True)
class Onderzoek:
    """A file that may pass. `is_scan`: every page is exactly one scanned image."""

    soort: Soort
    aantal_beelden: int
    is_scan: bool
    bevindingen: tuple[Bevinding, ...]


def onderzoek(fd: int, eisen: Eisen) -> Onderzoek:
    """Look at the file behind a descriptor (its position is neither used nor moved).

    Raises:
        OnvolledigError: it ends too early and may still be growing.
        AnderSoortError: another kind of file.
        InvoerError: it may not pass; code and Dutch message say why.
        MemoryError: it unpacks to more than this process may hold.
    """
    pikepdf.settings.set_qpdf_limits(dct_throw_on_corrupt_data=True, dct_max_progressive_scans=PROGRESSIEF_MAX)
    bron = _Bron(fd)
    try:
        gevonden = _look(bron, eisen)
    except OnvolledigError:
        raise
    except InvoerError as exc:
        if exc.code in _STUK and bron.ends_in_zeros():  # a copier that makes room first and fills it later
            raise OnvolledigError("onvolledig", _NOG_LEEG) from exc
        raise
    if bestandsoort.has_name_of(eisen.naam_suffix, gevonden.soort):
        return gevonden
    return replace(gevonden, bevindingen=(*gevonden.bevindingen, _other_name(eisen.naam_suffix, gevonden.soort)))


_STUK = {"beschadigd", "onleesbaar"}
_NOG_LEEG = "Dit bestand is niet compleet: het einde is nog leeg. Scan opnieuw als dat zo blijft."


def _look(bron: _Bron, eisen: Eisen) -> Onderzoek:
    soort = _check_soort(bron, eisen)
    if soort == "pdf":
        return _Pdfonderzoek(bron, eisen).run()
    return Onderzoek(soort, _check_beelden(bron, soort, eisen), is_scan=True, bevindingen=())


def _other_name(suffix: str, soort: Soort) -> Bevinding:
    return Bevinding(
        "naam_past_niet",
        Ernst.LICHT,
        f"De naam eindigt op {suffix.lower()}, maar het bestand is een {soort.upper()}. "
        "Het is als zodanig verwerkt; controleer de instelling van de scanner.",
    )


class _Bron:
    """A file behind a descriptor, read by position."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.omvang = os.fstat(fd).st_size
        self.begin = self.lees(0, BEGIN_BYTES)
        self.einde = self.lees(max(0, self.omvang - EINDE_BYTES), EINDE_BYTES)

    def lees(self, begin: int, lengte: int) -> bytes:
        return os.pread(self.fd, lengte, begin)

    def ends_in_zeros(self) -> bool:
        """Return whether the last NULLEN_BYTES are all zero."""
        return self.omvang >= NULLEN_BYTES and not self.einde[-NULLEN_BYTES:].strip(b"\0")


def _check_soort(bron: _Bron, eisen: Eisen) -> Soort:
    if bron.omvang > eisen.maximaal_bytes:
        raise InvoerError(
            "te_groot",
            f"Dit bestand is groter dan {eisen.maximaal_bytes // 1_000_000} MB. Scan de stapel in kleinere delen, "
            "of verhoog maximaal_mb in het profiel.",
        )
    soort = bestandsoort.find_soort(bron.begin)
    if soort is None:
        raise _explain_unknown(bron, eisen)
    ander = bestandsoort.find_tweede_soort(bron.begin, bron.einde, soort)
    if ander is not None:
        raise _two_kinds(soort, ander)
    return soort


def _two_kinds(soort: Soort, ander: str) -> InvoerError:
    return InvoerError(
        "twee_soorten",
        f"Dit bestand is tegelijk een {soort.upper()} en {ander}: niet ieder programma ziet hetzelfde. "
        "Scan het papier opnieuw.",
    )


def _explain_unknown(bron: _Bron, eisen: Eisen) -> InvoerError:
    if bron.omvang == 0:
        return OnvolledigError("leeg", "Dit bestand is leeg. Scan opnieuw als dat zo blijft.")
    if bestandsoort.is_begin_of_one(bron.begin):
        return OnvolledigError(
            "onvolledig", "Dit bestand is nog niet compleet: het begin ontbreekt. Scan opnieuw als dat zo blijft."
        )
    if bestandsoort.has_pdf_later(bron.begin):
        if bestandsoort.names_other_file(bron.begin):
            return _two_kinds("pdf", "een ander bestand")
        return InvoerError(
            "gegevens_ervoor", "Vóór het begin van deze PDF staan andere gegevens. Scan het papier opnieuw."
        )
    if eisen.naam_suffix.lower() in bestandsoort.SUFFIXEN:
        return AnderSoortError(
            "ander_soort",
            f"De naam eindigt op {eisen.naam_suffix.lower()}, maar dit is geen PDF, TIFF, JPEG of PNG. "
            "Lever het bestand opnieuw aan of scan het papier.",
        )
    return AnderSoortError("ander_soort", "Dit is geen PDF, TIFF, JPEG of PNG. Lever een van deze soorten aan.")


# ---- page images


def _check_beelden(bron: _Bron, soort: Soort, eisen: Eisen) -> int:
    """Decode every page image of a JPEG, PNG or TIFF and return their number."""
    if soort == "tiff":
        _check_tiff(bron, eisen)
    with open_bron(bron.fd, soort, maximaal_pixels=eisen.maximaal_pixels) as lezer:
        if lezer.aantal > eisen.maximaal_paginas:
            raise too_many_paginas(eisen.maximaal_paginas)
        for beeld in lezer.beelden():
            check_beeld(beeld)
        if soort != "tiff":
            _check_rest(bron, soort, _find_end(bron, soort))
        return lezer.aantal


def _check_tiff(bron: _Bron, eisen: Eisen) -> None:
    frames = tiffopbouw.walk_tiff(bron.lees, bron.omvang, maximaal_paginas=eisen.maximaal_paginas)
    for n, frame in enumerate(frames, start=1):
        if frame.compressie == tiffopbouw.JPEG_OUD:
            raise InvoerError(
                "oude_jpeg",
                f"Pagina {n} gebruikt een verouderde vorm van JPEG in TIFF die niet ieder programma gelijk toont. "
                "Stel de scanner in op gewone JPEG, G4 of PDF en scan opnieuw.",
            )


def _find_end(bron: _Bron, soort: Soort) -> int:
    """Return the offset just past the end that a whole JPEG or PNG itself marks."""
    if soort == "jpeg":
        return parse_jpeg(bron.lees(0, bron.omvang), 1).einde
    plaats, naam = 8, b""
    while naam != b"IEND":
        kop = bron.lees(plaats, 8)
        plaats, naam = plaats + 12 + int.from_bytes(kop[:4], "big"), kop[4:]
    return plaats


def _check_rest(bron: _Bron, soort: Soort, einde: int) -> None:
    """Refuse a file after whose end more stands than padding."""
    rest = bron.lees(einde, STAART_BYTES)
    if einde + len(rest) >= bron.omvang and bestandsoort.is_opvulling(rest):
        return
    if bestandsoort.names_other_file(rest):
        raise _two_kinds(soort, "een ander bestand")
    raise InvoerError(
        "gegevens_erna",
        f"Achter het einde van deze {soort.upper()} staan nog andere gegevens. Scan het papier opnieuw.",
    )


def check_beeld(beeld: Masterbeeld) -> None:
    """Decode one page image to its end.

    Raises:
        InvoerError: it does not decode; also a JPEG with a hole in it, which most decoders fill with
            grey without a word.
    """
    try:
        gaaf = _decodes(beeld)
    except OnvolledigError as exc:  # the file is all there, but the image in it is not
        raise _damaged(beeld.n) from exc
    if not gaaf:
        raise _damaged(beeld.n)


def _damaged(n: int) -> InvoerError:
    return InvoerError("beschadigd", f"Pagina {n} is beschadigd: het beeld is niet foutloos te lezen. Scan opnieuw.")


def _decodes(beeld: Masterbeeld) -> bool:
    stromen = beeld.stromen() if beeld.compressie == "jpeg" else ()
    if not stromen or beeld.breedte_px * beeld.hoogte_px > GAAFHEID_MAX_PIXELS:
        beeld.decode().close()
        return True
    return all(_is_gaaf(stroom) or _is_gaaf(_without_padding(stroom, beeld.n)) for stroom in stromen)


def _is_gaaf(jpeg: bytes) -> bool:
    """Return whether libjpeg decodes all of it without a complaint; qpdf is the decoder that listens to complaints."""
    with pikepdf.Pdf.new() as drager:
        stroom = drager.make_stream(jpeg, Filter=pikepdf.Name.DCTDecode)
        try:
            stroom.read_bytes(decode_level=pikepdf.StreamDecodeLevel.all)
        except _QPDF_FOUTEN as exc:
            _check_memory(exc)
            return False
        return True


def _check_memory(*wat: object) -> None:
    """Raise MemoryError when qpdf says, in the words of C++, that there was no more memory."""
    if any("bad_alloc" in str(een) for een in wat):
        raise MemoryError


def _without_padding(jpeg: bytes, n: int) -> bytes:
    """Return the stream without filling bytes before its end marker: some scanners write them; nothing is lost."""
    einde = parse_jpeg(jpeg, n).einde - 2
    return jpeg[:einde].rstrip(b"\0\xff") + b"\xff\xd9"


# ---- PDF


class _Pdfonderzoek:
    def __init__(self, bron: _Bron, eisen: Eisen) -> None:
        self._bron = bron
        self._eisen = eisen
        self._waarschuwingen: list[str] = []
        self._staart = bron.lees(max(0, bron.omvang - STAART_BYTES), STAART_BYTES)

    def run(self) -> Onderzoek:
        with self._open() as pdf:
            aantal = self._count(pdf)
            self._check_gevaren(pdf)
            self._check_tail()
            inhoud = self._read_inhoud(pdf)
            paginas = self._decode(pdf, inhoud)
            self._check_warnings(pdf)
        return Onderzoek("pdf", aantal, all(p.is_scan for p in paginas.values()), _find_bevindingen(paginas))

    @contextmanager
    def _open(self) -> Iterator[pikepdf.Pdf]:
        """Open with qpdf; whatever it raises or warns about becomes "growing" or "damaged"."""
        with open_fd(self._bron.fd) as bestand:
            try:
                with pikepdf.open(bestand) as pdf:
                    try:
                        yield pdf
                    finally:
                        self._warnings(pdf)
            except pikepdf.PasswordError as exc:
                raise InvoerError("versleuteld", pdfinhoud.Gevaar.VERSLEUTELD.tekst) from exc
            except (*_QPDF_FOUTEN, ValueError, TypeError, LookupError, AttributeError) as exc:
                _check_memory(exc, *self._waarschuwingen)
                raise self._broken() from exc

    def _count(self, pdf: pikepdf.Pdf) -> int:
        """Return the number of pages after a second reader has counted as many."""
        aantal = len(pdf.pages)
        self._check_warnings(pdf)
        if aantal > self._eisen.maximaal_paginas:
            raise too_many_paginas(self._eisen.maximaal_paginas)
        with self._second_reader() as document:
            tweede = len(document)
        if aantal != tweede or aantal == 0:
            raise self._broken()
        return aantal

    @contextmanager
    def _second_reader(self) -> Iterator[pypdfium2.PdfDocument]:
        try:
            with open_fd(self._bron.fd) as bestand, pypdfium2.PdfDocument(bestand) as document:
                yield document
        except pypdfium2.PdfiumError as exc:
            raise self._broken() from exc

    def _check_warnings(self, pdf: pikepdf.Pdf) -> None:
        if any(_OFFSET_NUL not in waarschuwing for waarschuwing in self._warnings(pdf)):
            _check_memory(*self._waarschuwingen)
            raise self._broken()

    def _warnings(self, pdf: pikepdf.Pdf) -> list[str]:
        """Return what qpdf has warned about so far; it tells each thing once."""
        self._waarschuwingen += map(str, pdf.get_warnings())
        return self._waarschuwingen

    def _broken(self) -> InvoerError:
        """Return the error for a PDF that is not in order: it may be growing only as long as its end is not there."""
        voor, teken, rest = self._staart.rpartition(_EINDE_PDF)
        if teken and bestandsoort.names_other_file(rest):
            return _two_kinds("pdf", "een ander bestand")
        if teken and bestandsoort.is_opvulling(rest) and voor:
            return InvoerError(
                "beschadigd", "Deze PDF is beschadigd en niet foutloos te lezen. Scan het papier opnieuw."
            )
        return OnvolledigError(
            "onvolledig", "Deze PDF is niet compleet: hij houdt halverwege op. Scan opnieuw als dat zo blijft."
        )

    def _check_tail(self) -> None:
        _, teken, rest = self._staart.rpartition(_EINDE_PDF)
        if teken and bestandsoort.is_opvulling(rest):
            return
        if bestandsoort.names_other_file(rest):
            raise _two_kinds("pdf", "een ander bestand")
        if not teken or b" obj" in rest:
            raise self._broken()
        raise InvoerError(
            "gegevens_erna", "Achter het einde van deze PDF staan nog andere gegevens. Scan het papier opnieuw."
        )

    def _check_gevaren(self, pdf: pikepdf.Pdf) -> None:
        gevaren = pdfinhoud.find_gevaren(pdf, digitaal_geboren=self._eisen.digitaal_geboren)
        self._check_warnings(pdf)
        if gevaren:
            ook = ", ".join(gevaar.value for gevaar in gevaren[1:])
            raise InvoerError(gevaren[0].value, gevaren[0].tekst + (f" Ook gevonden: {ook}." if ook else ""))

    def _read_inhoud(self, pdf: pikepdf.Pdf) -> list[frozenset[pdfinhoud.Inhoud]]:
        """Return what each page paints, before anything is decoded."""
        gelezen = []
        for n, pagina in enumerate(pdf.pages, start=1):
            inhoud = pdfinhoud.find_inhoud(pagina)
            if pdfinhoud.Inhoud.VERKAPTE_TEKST in inhoud:
                raise _not_a_scan(f"Pagina {n} is geen scan: er staat tekst op die onzichtbaar lijkt maar het niet is.")
            if pdfinhoud.Inhoud.ONTBREKEND in inhoud:
                raise InvoerError(
                    "beschadigd", f"Pagina {n} is beschadigd: een deel ervan ontbreekt in het bestand. Scan opnieuw."
                )
            gelezen.append(inhoud)
        return gelezen

    def _decode(self, pdf: pikepdf.Pdf, inhouden: list[frozenset[pdfinhoud.Inhoud]]) -> dict[int, _Pagina]:
        """Decode every page image and return what the pages are."""
        paginas = {}
        with open_bron(self._bron.fd, "pdf", maximaal_pixels=self._eisen.maximaal_pixels) as lezer:
            for beeld, inhoud in zip(lezer.beelden(), inhouden, strict=True):
                pagina = pdf.pages[beeld.n - 1]
                if beeld.is_scan:
                    check_beeld(beeld)
                else:
                    self._check_other(pagina, beeld, inhoud)
                paginas[beeld.n] = _Pagina(
                    is_scan=beeld.is_scan,
                    van_papier=beeld.is_scan or not self._eisen.digitaal_geboren,
                    lagen=not beeld.is_scan and (beeld.gelaagd or pdfinhoud.has_lagen(inhoud)),
                    jbig2=pdfinhoud.find_jbig2(pagina),
                )
        return paginas

    def _check_other(self, pagina: pikepdf.Page, beeld: Masterbeeld, inhoud: frozenset[pdfinhoud.Inhoud]) -> None:
        """Check a page that is not exactly one scanned image: may it pass, and do the images on it decode?"""
        if not self._eisen.digitaal_geboren and not pdfinhoud.is_from_scanner(inhoud):
            raise _not_a_scan(beeld.reden or f"Pagina {beeld.n} is geen scan.")
        for wat in pdfinhoud.find_beelden(pagina):
            try:
                if not str(wat.get("/Filter", "")).endswith(_DOOR_PDFIUM):
                    wat.read_bytes(decode_level=pikepdf.StreamDecodeLevel.all)
            except _QPDF_FOUTEN as exc:
                _check_memory(exc)
                raise _damaged(beeld.n) from exc
        with self._second_reader() as document:
            document[beeld.n - 1].render(scale=_PROEF_DPI / 72)


_DOOR_PDFIUM = ("/CCITTFaxDecode", "/JBIG2Decode", "/JPXDecode")  # these only the rendering of the page decodes


@dataclass(frozen=True)
class _Pagina:
    """What a page of a PDF is. `van_papier`: it stands for a sheet of paper, so its making must allow replacement."""

    is_scan: bool
    van_papier: bool
    lagen: bool
    jbig2: frozenset[pdfinhoud.Jbig2soort]


def _not_a_scan(reden: str) -> InvoerError:
    return InvoerError(
        "geen_scan",
        f"{reden} Scan het papier, of lever het bestand aan in een scanmap waarvan het profiel digitaal geboren "
        "documenten toestaat.",
    )


def _find_bevindingen(paginas: dict[int, _Pagina]) -> tuple[Bevinding, ...]:
    papier = {n: pagina for n, pagina in paginas.items() if pagina.van_papier}
    gelaagd = [n for n, pagina in papier.items() if pagina.lagen]
    los = [n for n, pagina in papier.items() if not pagina.is_scan and not pagina.lagen]
    bevindingen = pdfinhoud.build_bevindingen({n: pagina.jbig2 for n, pagina in papier.items()}, gelaagd)
    return (*bevindingen, _loose(los)) if los else bevindingen


def _loose(nummers: list[int]) -> Bevinding:
    return Bevinding(
        "niet_een_beeld",
        Ernst.ERNSTIG,
        f"{pdfinhoud.name_paginas(nummers)}: de pagina is niet één beeld dat het blad vult. "
        "Stel de scanner in op één beeld per bladzijde en scan opnieuw. Bewaar tot dan het papier.",
        vervangbaar=False,
    )
