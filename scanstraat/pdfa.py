"""The archive file: PDF/A-2b with every page image exactly as scanned, and a text layer of our own.

Images go in as the streams they were delivered in; a page is turned by /Rotate, never by touching its pixels. The same
input gives the same bytes: no clock, no random ids, so that a step that runs twice makes the same file.

Source: ISO 19005-2 (PDF/A-2); ISO 32000-1 8.9 (images), 8.6.5.5 (ICCBased), 14.4 (file identifiers).
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

import pikepdf
import pikepdf.pdfa

from kwaliteitscontrole.woorden import format_getal
from scanstraat.errors import InvoerError
from scanstraat.intake.beelden import Beelddeel, Bronlezer, Masterbeeld
from scanstraat.intake.masterbeeld import Fdlezer
from scanstraat.ocrpagina import OcrPagina
from scanstraat.tekstlaag import add_font, build_text

PROFIEL = "2b"
PUNTEN_PER_INCH = 72.0
KLEINSTE_PT, GROOTSTE_PT = 3.0, 14400.0  # ISO 19005-2 6.1.13: size of a page
GEEN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TAALCODES = {"nld": "nl", "fra": "fr", "deu": "de", "eng": "en", "fry": "fy"}  # Tesseract's to BCP 47


@dataclass(frozen=True)
class Metadata:
    """What the archive file says about itself (XMP).

    titel: of the document. batch: its number. organisatie: whose record it is. scanprofiel, scanner: how scanned.
    datum: RFC 3339; the only date in the file. software: names and versions of what made it.
    """

    titel: str
    batch: str
    organisatie: str
    scanprofiel: str
    scanner: str
    datum: str
    software: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PaginaBron:
    """One page to be: page image `n` of an open file.

    draai_graden: how far clockwise the stored image is turned to be shown, in all: what the file itself says
        (`Masterbeeld.draai_pdf`) plus every recorded turn.
    ocr: its text, read on the image turned that far; None for no text layer.
    dpi: resolution when the file states none.
    ocr_draai: how far the stored image was turned when it was read, if that is not `draai_graden` (a person turned the
        page afterwards).
    """

    lezer: Bronlezer
    n: int
    draai_graden: int
    ocr: OcrPagina | None
    dpi: float
    ocr_draai: int | None = None


@dataclass(frozen=True)
class Bouwverslag:
    """What was built. `onveranderd`: pages whose image streams are those of the delivered file, byte for byte.

    niet_nagegaan: rules that the check while building does not know; the verdict is veraPDF's in any case.
    """

    paginas: int
    onveranderd: int
    woorden: int
    omvang_bytes: int
    niet_nagegaan: tuple[str, ...] = ()


def build_pdfa(
    paginas: Iterable[PaginaBron],
    uit_fd: int,
    metadata: Metadata,
    talen: Sequence[str],
    *,
    werk_fd: int | None = None,
) -> Bouwverslag:
    """Write the archive file of these pages, in order.

    Memory does not grow with the number of pages when `paginas` is an iterator that makes each when asked.

    Args:
        uit_fd: empty, open for reading and writing.
        talen: Tesseract's codes; the first is the language of the document.
        werk_fd: empty, open for reading and writing, on disk: where streams wait until all pages are known; as large
            as the archive file. A temporary file by default.
    Raises:
        InvoerError: a page that cannot be read exactly, or that PDF/A-2b cannot hold.
    """
    with ExitStack() as stapel:
        if werk_fd is None:
            werk_fd = stapel.enter_context(tempfile.TemporaryFile()).fileno()
        werk = _Werkbestand(werk_fd)
        plannen = [plan_pagina(pagina, werk) for pagina in paginas]
        if not plannen:
            raise InvoerError("geen_paginas", "Dit document heeft geen pagina's. Voeg een pagina toe of laat het weg.")
        pdf = stapel.enter_context(werk.open(stapel))
        zetter = _Zetter(pdf)
        for plan in plannen:
            zetter.place(plan)
        niet_nagegaan = finish_pdfa(pdf, uit_fd, metadata, talen)
        return Bouwverslag(
            paginas=len(plannen),
            onveranderd=sum(all(deel.onveranderd for deel, _ in plan.delen) for plan in plannen),
            woorden=sum(plan.woorden for plan in plannen),
            omvang_bytes=os.fstat(uit_fd).st_size,
            niet_nagegaan=niet_nagegaan,
        )


class _Werkbestand:
    """A PDF that holds nothing but streams, written to disk one by one.

    qpdf keeps what it is given in memory, and copies what comes from another document at once; only streams of the
    document it opened itself stay on disk until they are written out. So that document is made here, by hand.
    """

    CATALOGUS, PAGINAS = 1, 2

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._plaatsen: list[int] = []
        self._omvang = 0
        self._write(b"%PDF-1.7\n")
        self._object(b"<< /Type /Catalog /Pages 2 0 R >>")
        self._object(b"<< /Type /Pages /Kids [] /Count 0 >>")

    def add(self, gegevens: bytes) -> int:
        """Write a stream and return its object number."""
        return self._object(b"<< /Length %d >>\nstream\n" % len(gegevens), gegevens, b"\nendstream")

    def open(self, stapel: ExitStack) -> pikepdf.Pdf:
        """Finish the file and open it; its reader is closed with `stapel`."""
        begin = self._omvang
        regels = b"".join(b"%010d 00000 n \n" % plaats for plaats in self._plaatsen)
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(self._plaatsen) + 1), regels)
        self._write(b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(self._plaatsen) + 1))
        self._write(b"startxref\n%d\n%%%%EOF\n" % begin)
        return pikepdf.open(stapel.enter_context(io.BufferedReader(Fdlezer(self._fd))))

    def _object(self, *delen: bytes) -> int:
        self._plaatsen.append(self._omvang)
        self._write(b"%d 0 obj\n" % len(self._plaatsen), *delen, b"\nendobj\n")
        return len(self._plaatsen)

    def _write(self, *delen: bytes) -> None:
        for deel in delen:
            rest = memoryview(deel)
            while rest:
                geschreven = os.pwrite(self._fd, rest, self._omvang)
                self._omvang += geschreven
                rest = rest[geschreven:]


@dataclass(frozen=True)
class _Plan:
    """One page: its size, and the numbers of its streams in the work file, which holds their bytes."""

    breedte_pt: float
    hoogte_pt: float
    draai: int
    delen: tuple[tuple[Beelddeel, int], ...]  # the parts without their bytes
    globaal: tuple[int | None, ...]
    inhoud: int
    woorden: int
    icc: bytes | None


class _Zetter:
    """Places planned pages in the document."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._font: pikepdf.Object | None = None
        self._profielen: dict[bytes, pikepdf.Object] = {}

    def place(self, plan: _Plan) -> None:
        objecten = pikepdf.Dictionary()
        for i, ((deel, nummer), globaal) in enumerate(zip(plan.delen, plan.globaal, strict=True)):
            stroom = self._pdf.get_object(nummer, 0)
            self._describe(stroom, deel, plan.icc)
            if globaal is not None:
                stroom.DecodeParms.JBIG2Globals = self._pdf.get_object(globaal, 0)
            objecten[f"/I{i}"] = stroom
        bronnen = pikepdf.Dictionary(XObject=objecten)
        if plan.woorden:
            if self._font is None:
                self._font = add_font(self._pdf)
            bronnen.Font = pikepdf.Dictionary(F=self._font)
        pagina = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=[0, 0, round(plan.breedte_pt, 4), round(plan.hoogte_pt, 4)],
            Resources=bronnen,
            Contents=self._pdf.get_object(plan.inhoud, 0),
        )
        if plan.draai:
            pagina.Rotate = plan.draai
        self._pdf.pages.append(pikepdf.Page(self._pdf.make_indirect(pagina)))

    def _describe(self, stroom: pikepdf.Object, deel: Beelddeel, icc: bytes | None) -> None:
        """Fill in the image dictionary around the encoded bytes."""
        stroom.Type, stroom.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        stroom.Width, stroom.Height, stroom.BitsPerComponent = deel.breedte_px, deel.hoogte_px, deel.bits
        stroom.ColorSpace = self._colour_space(deel, icc)
        stroom.Filter = pikepdf.Name("/" + deel.filter)
        if deel.parms or deel.filter == "JBIG2Decode":
            stroom.DecodeParms = pikepdf.Dictionary({"/" + naam: waarde for naam, waarde in deel.parms.items()})
        if deel.omgekeerd:
            stroom.Decode = [1, 0] * (1 if deel.palet else deel.kleuren)

    def _colour_space(self, deel: Beelddeel, icc: bytes | None) -> pikepdf.Object:
        if icc is not None:
            basis: pikepdf.Object = pikepdf.Array([pikepdf.Name.ICCBased, self._profile(icc, deel.kleuren)])
        elif deel.ruimte is not None:
            basis = pikepdf.Object.parse(deel.ruimte)
        else:  # the output intent (sRGB) says what these mean
            basis = pikepdf.Name.DeviceGray if deel.kleuren == 1 else pikepdf.Name.DeviceRGB
        if deel.palet is None:
            return basis
        hoogste = len(deel.palet) // deel.kleuren - 1
        return pikepdf.Array([pikepdf.Name.Indexed, basis, hoogste, pikepdf.String(deel.palet)])

    def _profile(self, icc: bytes, kleuren: int) -> pikepdf.Object:
        """Return the profile's stream; pages that share a profile share the stream."""
        sleutel = hashlib.sha256(icc).digest()
        if sleutel not in self._profielen:
            stroom = self._pdf.make_stream(icc)
            stroom.N = kleuren
            stroom.Alternate = pikepdf.Name.DeviceGray if kleuren == 1 else pikepdf.Name.DeviceRGB
            self._profielen[sleutel] = stroom
        return self._profielen[sleutel]


def plan_pagina(bron: PaginaBron, werk: _Werkbestand) -> _Plan:
    """Work out one page and set its streams aside.

    Raises:
        InvoerError: the page would be smaller or larger than PDF/A allows, or cannot be read exactly.
        ValueError: the text was read on an image of another size.
    """
    beeld = bron.lezer.beeld(bron.n)
    dpi_x, dpi_y = beeld.dpi or (bron.dpi, bron.dpi)
    breedte, hoogte = beeld.breedte_px * PUNTEN_PER_INCH / dpi_x, beeld.hoogte_px * PUNTEN_PER_INCH / dpi_y
    if min(breedte, hoogte) < KLEINSTE_PT or max(breedte, hoogte) > GROOTSTE_PT:
        raise InvoerError(
            "paginamaat",
            f"Pagina {beeld.n} zou {format_getal(breedte / 72 * 2.54)} x {format_getal(hoogte / 72 * 2.54)} cm worden: "
            "de resolutie in het bestand klopt niet. Stel de resolutie in de scanner goed in en scan opnieuw.",
        )
    tekst = _text(beeld, bron, breedte, hoogte)
    delen = beeld.delen()
    globaal = [None if deel.jbig2_globaal is None else werk.add(deel.jbig2_globaal) for deel in delen]
    nummers = [werk.add(deel.gegevens) for deel in delen]
    kaal = [replace(deel, gegevens=b"", jbig2_globaal=None) for deel in delen]
    return _Plan(
        breedte_pt=breedte,
        hoogte_pt=hoogte,
        draai=bron.draai_graden % 360,
        delen=tuple(zip(kaal, nummers, strict=True)),
        globaal=tuple(globaal),
        inhoud=werk.add(_draw_delen(delen, breedte, hoogte) + tekst),
        woorden=bron.ocr.woorden if bron.ocr else 0,
        icc=beeld.icc,
    )


def _draw_delen(delen: Sequence[Beelddeel], breedte_pt: float, hoogte_pt: float) -> bytes:
    """Return the operators that stack the strips from top to bottom over the whole page."""
    hoogte_px = sum(deel.hoogte_px for deel in delen)
    stappen, gedaan = [], 0
    for i, deel in enumerate(delen):
        gedaan += deel.hoogte_px
        onder = hoogte_pt * (hoogte_px - gedaan) / hoogte_px
        hoog = hoogte_pt * deel.hoogte_px / hoogte_px
        stappen.append(f"q {breedte_pt:.4f} 0 0 {hoog:.4f} 0 {onder:.4f} cm /I{i} Do Q\n")
    return "".join(stappen).encode("ascii")


def _text(beeld: Masterbeeld, bron: PaginaBron, breedte_pt: float, hoogte_pt: float) -> bytes:
    if bron.ocr is None:
        return b""
    draai = (bron.draai_graden if bron.ocr_draai is None else bron.ocr_draai) % 360
    px, punten = (beeld.breedte_px, beeld.hoogte_px), (breedte_pt, hoogte_pt)
    if draai in {90, 270}:
        px, punten = px[::-1], punten[::-1]
    gelezen = (bron.ocr.breedte_px, bron.ocr.hoogte_px)
    if any(abs(maat * bron.ocr.schaal - was) > 1 for maat, was in zip(px, gelezen, strict=True)):
        raise ValueError(f"the text of page {beeld.n} was read on an image of another size")
    return build_text(
        bron.ocr.regels,
        breedte_pt=breedte_pt,
        hoogte_pt=hoogte_pt,
        punt_per_px=(punten[0] / gelezen[0], punten[1] / gelezen[1]),
        draai_graden=draai,
    )


def finish_pdfa(pdf: pikepdf.Pdf, uit_fd: int, metadata: Metadata, talen: Sequence[str]) -> tuple[str, ...]:
    """Give the document its metadata and output intent, write it, read it back and check it.

    Returns the rules this check does not know (veraPDF does).

    Raises:
        InvoerError "geen_pdfa": what was written is not PDF/A-2b.
    """
    pdf.Root.Lang = pikepdf.String(TAALCODES.get(talen[0], "und") if talen else "und")
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
    if "/ID" in pdf.trailer:
        del pdf.trailer["/ID"]  # of a file it was made from; the new one comes from the content
    _write_xmp(pdf, metadata)
    pikepdf.pdfa.prepare(pdf, PROFIEL)
    _fix_metadata_date(pdf, metadata.datum)
    opties = pikepdf.pdfa.resolve_save_kwargs(PROFIEL, deterministic_id=True)
    with io.BufferedRandom(_Uitvoer(uit_fd)) as uit:
        pdf.save(cast(BinaryIO, uit), **opties)
        uit.flush()
    with io.BufferedReader(Fdlezer(uit_fd)) as geschreven:
        oordeel = pikepdf.pdfa.validate_written(cast(BinaryIO, geschreven), PROFIEL, save_kwargs=opties)
    if oordeel.verdict == "fail":
        regels = ", ".join(sorted({bevinding.rule for bevinding in oordeel.findings})[:3])
        raise InvoerError(
            "geen_pdfa",
            f"Van dit document is geen geldige PDF/A te maken (regel {regels}). "
            "Controleer de instellingen van de scanner (kleurprofiel, compressie) en scan opnieuw.",
        )
    return tuple(sorted({bevinding.rule for bevinding in oordeel.findings}))


class _Uitvoer(Fdlezer):
    """The output descriptor with a position of its own, for writing too."""

    def writable(self) -> bool:
        return True

    def write(self, gegevens: Any) -> int:
        geschreven = os.pwrite(self._fd, gegevens, self._plaats)
        self._plaats += geschreven
        return geschreven


def _write_xmp(pdf: pikepdf.Pdf, metadata: Metadata) -> None:
    """Write the facts in properties that PDF/A-2 knows: an extension schema would be known to nobody else.

    For people in dc:description, for programs in pdf:Keywords ("naam=waarde; ..."), as well as dc:identifier (batch).
    """
    software = "; ".join(f"{naam} {versie}" for naam, versie in sorted(metadata.software.items()))
    feiten = {"batch": metadata.batch, "scanprofiel": metadata.scanprofiel, "scanner": metadata.scanner}
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=True) as xmp:
        xmp["dc:title"] = _xml_safe(metadata.titel)
        xmp["dc:creator"] = [_xml_safe(metadata.organisatie)]
        xmp["dc:description"] = _xml_safe(
            f"Batch {metadata.batch}, gescand met profiel {metadata.scanprofiel} op {metadata.scanner}. "
            f"Gemaakt met {software}."
        )
        xmp["dc:identifier"] = _xml_safe(metadata.batch)
        xmp["pdf:Keywords"] = _xml_safe("; ".join(f"{naam}={waarde}" for naam, waarde in feiten.items()))
        xmp["pdf:Producer"] = f"pikepdf {pikepdf.__version__}"
        xmp["xmp:CreatorTool"] = _xml_safe(f"Scanstraat {metadata.software.get('scanstraat', '')}".strip())
        xmp["xmp:CreateDate"] = metadata.datum
        xmp["xmp:ModifyDate"] = metadata.datum


def _xml_safe(tekst: str) -> str:
    return GEEN_XML.sub(" ", tekst)


def _fix_metadata_date(pdf: pikepdf.Pdf, datum: str) -> None:
    """Replace the moment that pikepdf noted by ours: the same input must give the same bytes."""
    stroom = cast(pikepdf.Stream, pdf.Root.Metadata)
    packet = re.sub(
        rb"(<xmp:MetadataDate>)[^<]*(</xmp:MetadataDate>)",
        rb"\g<1>" + datum.encode("ascii") + rb"\g<2>",
        stroom.read_bytes(),
    )
    stroom.write(packet)
