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
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import pikepdf
import pikepdf.pdfa

from scanstraat.errors import InvoerError
from scanstraat.intake.beelden import Beelddeel, Bronlezer, Masterbeeld
from scanstraat.intake.masterbeeld import Fdlezer
from scanstraat.ocrpagina import OcrPagina
from scanstraat.tekstlaag import add_font, build_text

PROFIEL = "2b"
PUNTEN_PER_INCH = 72.0
KLEINSTE_PT, GROOTSTE_PT = 3.0, 14400.0  # ISO 19005-2 6.1.13: size of a page
PARTIJ_BYTES = 32 * 2**20  # image bytes held in memory before they are set aside on disk
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
        werk_fd: empty, open for reading and writing, on disk: where image streams wait when there are many; a
            temporary file by default.
    Raises:
        InvoerError: a page that cannot be read exactly, or that PDF/A-2b cannot hold.
    """
    with ExitStack() as stapel:
        if werk_fd is None:
            werk_fd = stapel.enter_context(tempfile.TemporaryFile()).fileno()
        bouwer = _Bouwer(stapel, werk_fd)
        for pagina in paginas:
            bouwer.add(pagina)
        bouwer.flush()
        if not bouwer.aantal:
            raise InvoerError("geen_paginas", "Dit document heeft geen pagina's. Voeg een pagina toe of laat het weg.")
        niet_nagegaan = finish_pdfa(bouwer.pdf, uit_fd, metadata, talen)
        return Bouwverslag(bouwer.aantal, bouwer.onveranderd, bouwer.woorden, os.fstat(uit_fd).st_size, niet_nagegaan)


@dataclass(frozen=True)
class _Plan:
    """One page with everything that goes on it, waiting to be placed."""

    breedte_pt: float
    hoogte_pt: float
    draai: int
    delen: tuple[Beelddeel, ...]
    icc: bytes | None
    tekst: bytes

    @property
    def omvang(self) -> int:
        return sum(len(deel.gegevens) for deel in self.delen) + len(self.tekst)


class _Bouwer:
    """Collects pages and places them in the document in lots, so that image bytes do not pile up in memory."""

    def __init__(self, stapel: ExitStack, werk_fd: int) -> None:
        self.pdf = stapel.enter_context(pikepdf.Pdf.new())
        self.aantal = self.onveranderd = self.woorden = 0
        self._stapel = stapel
        self._werk_fd = werk_fd
        self._wachtend: list[_Plan] = []
        self._font: pikepdf.Object | None = None
        self._profielen: dict[bytes, pikepdf.Object] = {}

    def add(self, bron: PaginaBron) -> None:
        beeld = bron.lezer.beeld(bron.n)
        plan = plan_pagina(beeld, bron)
        self._wachtend.append(plan)
        self.aantal += 1
        self.onveranderd += all(deel.onveranderd for deel in plan.delen)
        self.woorden += bron.ocr.woorden if bron.ocr else 0
        if sum(plan.omvang for plan in self._wachtend) >= PARTIJ_BYTES:
            self.flush(opzij=True)

    def flush(self, *, opzij: bool = False) -> None:
        """Place the waiting pages. `opzij`: put their bytes on disk first and let the document refer to them there."""
        plannen, self._wachtend = self._wachtend, []
        delen = [deel for plan in plannen for deel in plan.delen]
        stromen = iter(self._set_aside(delen) if opzij else [self.pdf.make_stream(deel.gegevens) for deel in delen])
        for plan in plannen:
            self._place(plan, [next(stromen) for _ in plan.delen])

    def _set_aside(self, delen: list[Beelddeel]) -> list[pikepdf.Object]:
        """Write the streams as a small PDF of their own behind the others in the work file; qpdf copies from there."""
        with pikepdf.Pdf.new() as partij:
            lijst = pikepdf.Array([partij.make_stream(deel.gegevens) for deel in delen])
            partij.Root.Stromen = partij.make_indirect(lijst)
            inhoud = io.BytesIO()
            partij.save(inhoud, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        begin = os.fstat(self._werk_fd).st_size
        gegevens = inhoud.getbuffer()
        lengte = len(gegevens)
        geschreven = 0
        while geschreven < lengte:
            geschreven += os.pwrite(self._werk_fd, gegevens[geschreven:], begin + geschreven)
        gegevens.release()
        lezer = self._stapel.enter_context(io.BufferedReader(Fdlezer(self._werk_fd, begin, lengte)))
        opzij = self._stapel.enter_context(pikepdf.open(lezer))
        return [self.pdf.copy_foreign(stroom) for stroom in cast(Iterable[pikepdf.Object], opzij.Root.Stromen)]

    def _place(self, plan: _Plan, stromen: list[pikepdf.Object]) -> None:
        objecten = pikepdf.Dictionary()
        inhoud = []
        onder = plan.hoogte_pt
        hoogte_px = sum(deel.hoogte_px for deel in plan.delen)
        for i, (deel, stroom) in enumerate(zip(plan.delen, stromen, strict=True)):
            self._describe(stroom, deel, plan.icc)
            objecten[f"/I{i}"] = stroom
            deel_pt = plan.hoogte_pt * deel.hoogte_px / hoogte_px
            onder = onder - deel_pt if i < len(plan.delen) - 1 else 0.0
            inhoud.append(f"q {plan.breedte_pt:.4f} 0 0 {deel_pt:.4f} 0 {onder:.4f} cm /I{i} Do Q\n".encode("ascii"))
        bronnen = pikepdf.Dictionary(XObject=objecten)
        if plan.tekst:
            if self._font is None:
                self._font = add_font(self.pdf)
            bronnen.Font = pikepdf.Dictionary(F=self._font)
        pagina = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=[0, 0, round(plan.breedte_pt, 4), round(plan.hoogte_pt, 4)],
            Resources=bronnen,
            Contents=self.pdf.make_stream(b"".join(inhoud) + plan.tekst),
        )
        if plan.draai:
            pagina.Rotate = plan.draai
        self.pdf.pages.append(pikepdf.Page(self.pdf.make_indirect(pagina)))

    def _describe(self, stroom: pikepdf.Object, deel: Beelddeel, icc: bytes | None) -> None:
        """Fill in the image dictionary around the encoded bytes."""
        stroom.Type, stroom.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        stroom.Width, stroom.Height, stroom.BitsPerComponent = deel.breedte_px, deel.hoogte_px, deel.bits
        stroom.ColorSpace = self._colour_space(deel, icc)
        stroom.Filter = pikepdf.Name("/" + deel.filter)
        parms = pikepdf.Dictionary({"/" + naam: waarde for naam, waarde in deel.parms.items()})
        if deel.jbig2_globaal is not None:
            parms.JBIG2Globals = self.pdf.make_stream(deel.jbig2_globaal)
        if len(parms):
            stroom.DecodeParms = parms
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
            stroom = self.pdf.make_stream(icc)
            stroom.N = kleuren
            stroom.Alternate = pikepdf.Name.DeviceGray if kleuren == 1 else pikepdf.Name.DeviceRGB
            self._profielen[sleutel] = stroom
        return self._profielen[sleutel]


def plan_pagina(beeld: Masterbeeld, bron: PaginaBron) -> _Plan:
    """Work out one page: its size in points, its streams and its text.

    Raises:
        InvoerError: the page would be smaller or larger than PDF/A allows.
        ValueError: the text was read on an image of another size.
    """
    dpi_x, dpi_y = beeld.dpi or (bron.dpi, bron.dpi)
    breedte, hoogte = beeld.breedte_px * PUNTEN_PER_INCH / dpi_x, beeld.hoogte_px * PUNTEN_PER_INCH / dpi_y
    if min(breedte, hoogte) < KLEINSTE_PT or max(breedte, hoogte) > GROOTSTE_PT:
        raise InvoerError(
            "paginamaat",
            f"Pagina {beeld.n} zou {breedte / 72 * 2.54:.1f} x {hoogte / 72 * 2.54:.1f} cm worden: de resolutie in het "
            "bestand klopt niet. Stel de resolutie in de scanner goed in en scan opnieuw.",
        )
    tekst = b""
    if bron.ocr is not None:
        draai = bron.draai_graden if bron.ocr_draai is None else bron.ocr_draai
        liggend = draai in {90, 270}
        px, punten = (
            ((beeld.hoogte_px, beeld.breedte_px), (hoogte, breedte))
            if liggend
            else ((beeld.breedte_px, beeld.hoogte_px), (breedte, hoogte))
        )
        gelezen = (bron.ocr.breedte_px, bron.ocr.hoogte_px)
        if any(abs(maat * bron.ocr.schaal - was) > 1 for maat, was in zip(px, gelezen, strict=True)):
            raise ValueError(f"the text of page {beeld.n} was read on an image of another size")
        tekst = build_text(
            bron.ocr.regels,
            breedte_pt=breedte,
            hoogte_pt=hoogte,
            punt_per_px=(punten[0] / gelezen[0], punten[1] / gelezen[1]),
            draai_graden=draai,
        )
    return _Plan(breedte, hoogte, bron.draai_graden % 360, beeld.delen(), beeld.icc, tekst)


def finish_pdfa(pdf: pikepdf.Pdf, uit_fd: int, metadata: Metadata, talen: Sequence[str]) -> tuple[str, ...]:
    """Give the document its metadata and output intent, write it, read it back and check it.

    Returns the rules this check does not know (veraPDF does).

    Raises:
        InvoerError "geen_pdfa": what was written is not PDF/A-2b.
    """
    pdf.Root.Lang = pikepdf.String(TAALCODES.get(talen[0], "und") if talen else "und")
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
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
