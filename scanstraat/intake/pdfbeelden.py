"""PDF as a delivered file: the one scanned image of each page, with its stream as it stands in the file.

A page that is not one scanned image (see `pdfpagina`) is rendered instead, and says so.

Source: ISO 32000-1 7.4 (filters), 8.6 (colour spaces), 8.9 (images).
"""

from __future__ import annotations

import base64
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
from PIL import Image, ImageOps

from scanstraat.errors import InvoerError, OnvolledigError
from scanstraat.intake.jpegbeelden import JpegPixels, check_jpeg, parse_jpeg, with_adobe_marker
from scanstraat.intake.masterbeeld import (
    Beelddeel,
    Bronlezer,
    Masterbeeld,
    Modus,
    check_omvang,
    fitting_icc,
    image_errors,
    libtiff_errors,
    open_fd,
    refuse_alpha,
    refuse_bits,
    refuse_cmyk,
)
from scanstraat.intake.pdfpagina import REDENEN, GeenScan, Paginabeeld, find_paginabeeld, page_box

RENDER_DPI = 300  # of a page that is not a scan
COMPRESSIES = {
    "DCTDecode": "jpeg", "JPXDecode": "jpeg2000", "JBIG2Decode": "jbig2", "FlateDecode": "deflate",
    "LZWDecode": "lzw", "RunLengthDecode": "packbits",
}  # fmt: skip
BEELDFILTERS = {"DCTDecode", "JPXDecode", "JBIG2Decode", "CCITTFaxDecode"}
KORTE_NAMEN = {
    "DCT": "DCTDecode", "CCF": "CCITTFaxDecode", "Fl": "FlateDecode", "LZW": "LZWDecode", "RL": "RunLengthDecode",
    "A85": "ASCII85Decode", "AHx": "ASCIIHexDecode",
}  # fmt: skip
MAX_INFLATE_BYTES = 2**30  # of an outer Flate around an encoded image; what is inside is an image, so it hardly shrinks


@contextmanager
def pdf_errors(n: int) -> Iterator[None]:
    """Turn what qpdf and pdfium raise about page `n` into errors of ours."""
    try:
        with image_errors(n), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (pikepdf.PdfError, pypdfium2.PdfiumError, pikepdf.DependencyError, RecursionError, AttributeError) as exc:
        raise InvoerError("onleesbaar", f"Pagina {n} is beschadigd en niet te lezen. Scan opnieuw.") from exc


@dataclass(frozen=True)
class Kleurruimte:
    """The colour space of an image. `palet`: entries of `kleuren` bytes each; `ruimte`: calibrated, in PDF syntax."""

    kleuren: int
    icc: bytes | None = field(default=None, repr=False)
    palet: bytes | None = None
    ruimte: bytes | None = None


def read_kleurruimte(waarde: Any, standaard: Any, n: int) -> Kleurruimte:
    """Read a ColorSpace entry; `standaard` is the page's ColorSpace resources, where DefaultGray and DefaultRGB live.

    Raises:
        InvoerError: CMYK, spot colours, Lab: not what a scanner delivers.
    """
    naam = str(waarde[0]) if isinstance(waarde, pikepdf.Array) else str(waarde)
    if naam in {"/DeviceGray", "/G", "/DeviceRGB", "/RGB"}:
        kleuren = 1 if naam in {"/DeviceGray", "/G"} else 3
        vervanger = standaard.get("/DefaultGray" if kleuren == 1 else "/DefaultRGB") if standaard is not None else None
        return read_kleurruimte(vervanger, None, n) if isinstance(vervanger, pikepdf.Array) else Kleurruimte(kleuren)
    if naam in {"/CalGray", "/CalRGB"}:
        return Kleurruimte(1 if naam == "/CalGray" else 3, ruimte=waarde.unparse(resolved=True))
    if naam == "/ICCBased":
        aantal = int(waarde[1]["/N"])
        if aantal in {1, 3}:
            return Kleurruimte(aantal, icc=fitting_icc(waarde[1].read_bytes(), aantal))
    if naam in {"/Indexed", "/I"}:
        basis, tabel = read_kleurruimte(waarde[1], standaard, n), waarde[3]
        palet = tabel.read_bytes() if isinstance(tabel, pikepdf.Stream) else bytes(tabel)
        return replace(basis, palet=palet[: (int(waarde[2]) + 1) * basis.kleuren])
    if naam in {"/DeviceCMYK", "/CMYK", "/ICCBased"}:
        raise refuse_cmyk(n)
    raise InvoerError(
        "kleurruimte", f"Pagina {n} heeft een kleurruimte die niet wordt ingenomen. Stel de scanner in op RGB of grijs."
    )


@dataclass(frozen=True)
class Beeldfeiten:
    """What the dictionary of one image XObject says. `filters` are from the outside in; `parms` belong to the last."""

    breedte_px: int
    hoogte_px: int
    bits: int
    ruimte: Kleurruimte
    filters: tuple[str, ...]
    parms: dict[str, int | bool]
    omgekeerd: bool

    @property
    def filter(self) -> str:
        """The filter that holds the samples, or "" for none."""
        return self.filters[-1] if self.filters else ""


def read_beeld(beeld: pikepdf.Stream, standaard: Any, n: int) -> Beeldfeiten:
    """Read an image's dictionary. A stencil counts as black and white: its painted samples are black on paper.

    Raises:
        InvoerError: a kind of image that is not taken in.
    """
    stencil = bool(beeld.get("/ImageMask", False))
    filters = tuple(KORTE_NAMEN.get(naam, naam) for naam in _names(beeld.get("/Filter")))
    bits = 1 if stencil else int(beeld.get("/BitsPerComponent", 8))
    if bits > 8 and filters[-1:] != ("JPXDecode",):
        raise refuse_bits(n, bits)
    if stencil:
        ruimte = Kleurruimte(1)
    elif "/ColorSpace" in beeld:
        ruimte = read_kleurruimte(beeld["/ColorSpace"], standaard, n)
    else:
        ruimte = Kleurruimte(_jpx_colours(beeld, n))
    decode = [float(getal) for getal in beeld.get("/Decode", [])]
    hoogste = 1.0 if ruimte.palet is None else float(2**bits - 1)
    if decode not in ([], [0.0, hoogste] * (len(decode) // 2), [hoogste, 0.0] * (len(decode) // 2)):
        raise InvoerError(
            "kleurruimte", f"Pagina {n} heeft verschoven kleuren (Decode). Scan opnieuw zonder bewerking."
        )
    if decode[:1] == [hoogste] and ruimte.palet is not None:
        raise InvoerError("kleurruimte", f"Pagina {n} heeft een omgekeerd palet. Scan opnieuw zonder bewerking.")
    return Beeldfeiten(
        breedte_px=int(beeld["/Width"]),
        hoogte_px=int(beeld["/Height"]),
        bits=bits,
        ruimte=ruimte,
        filters=filters,
        parms=_parms(beeld.get("/DecodeParms"), len(filters)),
        omgekeerd=decode[:1] == [hoogste],
    )


def _names(waarde: Any) -> list[str]:
    if waarde is None:
        return []
    return [str(naam)[1:] for naam in (waarde if isinstance(waarde, pikepdf.Array) else [waarde])]


def _parms(waarde: Any, aantal_filters: int) -> dict[str, int | bool]:
    """Return the numbers and booleans in the last filter's DecodeParms."""
    laatste = waarde
    if isinstance(waarde, pikepdf.Array):
        laatste = waarde[-1] if len(waarde) == aantal_filters else None
    if not isinstance(laatste, pikepdf.Dictionary):
        return {}
    waarden: dict[str, Any] = {sleutel[1:]: inhoud for sleutel, inhoud in laatste.items()}
    return {sleutel: inhoud for sleutel, inhoud in waarden.items() if isinstance(inhoud, bool | int)}


def _jpx_colours(beeld: pikepdf.Stream, n: int) -> int:
    if _names(beeld.get("/Filter"))[-1:] != ["JPXDecode"]:
        raise InvoerError("onleesbaar", f"Pagina {n} is beschadigd: de kleurruimte ontbreekt. Scan opnieuw.")
    modus = Image.open(io.BytesIO(_inner_bytes(beeld, n)), formats=("JPEG2000",)).mode
    return {"L": 1, "RGB": 3}.get(modus, 0)


def _inner_bytes(beeld: pikepdf.Stream, n: int) -> bytes:
    """Return the bytes of the image filter itself, with any Flate or ASCII wrapping around them taken off."""
    gegevens = beeld.read_raw_bytes()
    for naam in _names(beeld.get("/Filter"))[:-1]:
        soort = KORTE_NAMEN.get(naam, naam)
        if soort == "FlateDecode":
            lezer = zlib.decompressobj()
            gegevens = lezer.decompress(gegevens, MAX_INFLATE_BYTES)
        elif soort == "ASCIIHexDecode":
            gegevens = bytes.fromhex(gegevens.split(b">")[0].decode("ascii"))
        elif soort == "ASCII85Decode":
            gegevens = base64.a85decode(gegevens.split(b"~>")[0])
        else:
            raise InvoerError(
                "compressie", f"Pagina {n} is dubbel gecomprimeerd. Stel de scanner in op gewone compressie."
            )
    return gegevens


@dataclass(frozen=True)
class _Strip:
    """One image stream of a page."""

    beeld: pikepdf.Stream = field(repr=False)
    feiten: Beeldfeiten
    n: int

    def modus(self) -> Modus:
        if self.feiten.ruimte.palet is not None:
            return "L" if self.feiten.ruimte.kleuren == 1 else "RGB"
        return "RGB" if self.feiten.ruimte.kleuren == 3 else "1" if self.feiten.bits == 1 else "L"

    def jpeg(self) -> JpegPixels:
        """Return the JPEG inside a DCTDecode stream; InvoerError when it does not fit the dictionary around it."""
        gegevens, kop = self._jpeg_parts()
        transform = self.feiten.parms.get("ColorTransform")
        te_lezen = gegevens
        if len(kop.componenten) == 3 and kop.adobe_transform is None and not kop.jfif and transform is not None:
            te_lezen = with_adobe_marker(gegevens, 1 if transform else 0)
        return JpegPixels(te_lezen, self.deel(gegevens), self.feiten.omgekeerd)

    def _jpeg_parts(self) -> tuple[bytes, Any]:
        gegevens = _inner_bytes(self.beeld, self.n)
        kop = parse_jpeg(gegevens, self.n)
        modus = check_jpeg(kop, self.n)
        maten = (kop.breedte_px, kop.hoogte_px)
        if maten != (self.feiten.breedte_px, self.feiten.hoogte_px) or modus != self.modus():
            raise InvoerError("onleesbaar", f"Pagina {self.n} spreekt zichzelf tegen over haar beeld. Scan opnieuw.")
        return gegevens, kop

    def decode(self) -> Image.Image:
        soort = self.feiten.filter
        if soort == "DCTDecode":
            return self.jpeg().decode()
        if soort == "CCITTFaxDecode":
            return self._decode_ccitt()
        if soort == "JPXDecode":
            return self._decode_jpx()
        if soort == "JBIG2Decode":
            return _invert(self._render_alone(), self.feiten.omgekeerd)
        return self._decode_samples(self.beeld.read_bytes())

    def deel(self, gegevens: bytes | None = None) -> Beelddeel:
        feiten = self.feiten
        globaal: Any = self.beeld.get("/DecodeParms", pikepdf.Dictionary())
        globaal = globaal[-1] if isinstance(globaal, pikepdf.Array) else globaal
        globaal = globaal.get("/JBIG2Globals") if isinstance(globaal, pikepdf.Dictionary) else None
        return Beelddeel(
            gegevens if gegevens is not None else _inner_bytes(self.beeld, self.n),
            feiten.filter,
            feiten.breedte_px,
            feiten.hoogte_px,
            bits=feiten.bits,
            kleuren=feiten.ruimte.kleuren,
            parms=feiten.parms,
            omgekeerd=feiten.omgekeerd,
            palet=feiten.ruimte.palet,
            ruimte=feiten.ruimte.ruimte,
            jbig2_globaal=globaal.read_bytes() if isinstance(globaal, pikepdf.Stream) else None,
        )

    @property
    def embeddable(self) -> bool:
        """PDF/A bans LZW, and an archive file has no use for plain text around bytes: those are encoded again."""
        buiten = set(self.feiten.filters[:-1])
        if self.feiten.filter in BEELDFILTERS:
            return buiten <= {"FlateDecode", "ASCIIHexDecode", "ASCII85Decode"}
        return self.feiten.filters == ("FlateDecode",)

    def _decode_ccitt(self) -> Image.Image:
        """Decode fax data with libtiff, by writing a TIFF header before it; odd variants through pdfium."""
        feiten, parms = self.feiten, self.feiten.parms
        if parms.get("EncodedByteAlign") or parms.get("Columns", 1728) != feiten.breedte_px or parms.get("K", 0) >= 0:
            return _invert(self._render_alone(), feiten.omgekeerd)
        gegevens = _inner_bytes(self.beeld, self.n)
        kop = _tiff_header(feiten.breedte_px, feiten.hoogte_px, bool(parms.get("BlackIs1", False)), len(gegevens))
        with Image.open(io.BytesIO(kop + gegevens), formats=("TIFF",)) as beeld:
            with libtiff_errors(self.n):
                beeld.load()
            return _invert(beeld, feiten.omgekeerd)

    def _decode_jpx(self) -> Image.Image:
        with Image.open(io.BytesIO(_inner_bytes(self.beeld, self.n)), formats=("JPEG2000",)) as beeld:
            if beeld.mode in {"RGBA", "LA"}:
                raise refuse_alpha(self.n)
            if beeld.mode.startswith("I"):
                raise refuse_bits(self.n, 16)
            beeld.load()
            return _invert(beeld, self.feiten.omgekeerd)

    def _render_alone(self) -> Image.Image:
        """Let pdfium decode this one image: a PDF of one page with nothing but it, then the image's own bitmap."""
        with pikepdf.Pdf.new() as los:
            kopie = los.copy_foreign(self.beeld)
            for sleutel in ("/SMask", "/Mask", "/Decode", "/OC", "/ImageMask", "/ColorSpace"):
                if sleutel in kopie:
                    del kopie[sleutel]
            kopie.ColorSpace, kopie.BitsPerComponent = pikepdf.Name.DeviceGray, 1
            los.add_blank_page(page_size=(100, 100))
            los.pages[0].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(B=kopie))
            los.pages[0].obj.Contents = los.make_stream(b"100 0 0 100 0 0 cm /B Do")
            uit = io.BytesIO()
            los.save(uit)
        with pypdfium2.PdfDocument(uit.getvalue()) as document:
            pagina = document[0]
            (objekt,) = pagina.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
            beeld: Image.Image = objekt.get_bitmap(render=False).to_pil()
        if beeld.size != (self.feiten.breedte_px, self.feiten.hoogte_px):
            raise OnvolledigError(
                "onvolledig",
                f"Pagina {self.n} is niet compleet: het beeld houdt halverwege op. Scan opnieuw als dat zo blijft.",
            )
        return (
            beeld.convert("L").point(lambda waarde: 255 if waarde > 127 else 0).convert("1", dither=Image.Dither.NONE)
        )

    def _decode_samples(self, monsters: bytes) -> Image.Image:
        feiten, ruimte = self.feiten, self.feiten.ruimte
        per_punt = 1 if ruimte.palet is not None else ruimte.kleuren
        rij = (feiten.breedte_px * per_punt * feiten.bits + 7) // 8
        if len(monsters) < rij * feiten.hoogte_px:
            raise OnvolledigError(
                "onvolledig",
                f"Pagina {self.n} is niet compleet: het beeld houdt halverwege op. Scan opnieuw als dat zo blijft.",
            )
        maten = (feiten.breedte_px, feiten.hoogte_px)
        monsters = monsters[: rij * feiten.hoogte_px]
        if ruimte.palet is None and feiten.bits == 1 and per_punt == 1:
            return _invert(Image.frombytes("1", maten, monsters), feiten.omgekeerd)
        waarden = _unpack(monsters, feiten.bits, rij, feiten.breedte_px * per_punt)
        if ruimte.palet is not None:
            tabel = np.frombuffer(ruimte.palet, np.uint8).reshape(-1, ruimte.kleuren)
            if waarden.max(initial=0) >= len(tabel):
                raise InvoerError(
                    "onleesbaar", f"Pagina {self.n} gebruikt kleuren die niet in haar palet staan. Scan opnieuw."
                )
            punten = tabel[waarden].reshape(feiten.hoogte_px, feiten.breedte_px, ruimte.kleuren)
        else:
            geschaald = waarden * np.uint8(255 // (2**feiten.bits - 1))
            punten = geschaald.reshape(feiten.hoogte_px, feiten.breedte_px, per_punt)
        beeld = Image.fromarray(punten[:, :, 0] if punten.shape[2] == 1 else punten)
        return _invert(beeld, feiten.omgekeerd)


def _unpack(monsters: bytes, bits: int, rij: int, per_rij: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the samples one per byte, row after row without padding."""
    ruw = np.frombuffer(monsters, np.uint8).reshape(-1, rij)
    if bits == 8:
        return ruw[:, :per_rij]
    los = np.unpackbits(ruw, axis=1).reshape(len(ruw), -1, bits)
    gewicht = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint8)
    return (los @ gewicht).astype(np.uint8)[:, :per_rij]


def _invert(beeld: Image.Image, omgekeerd: bool) -> Image.Image:
    return ImageOps.invert(beeld) if omgekeerd else beeld


def _tiff_header(breedte: int, hoogte: int, zwart_is_1: bool, lengte: int) -> bytes:
    """Return a little-endian TIFF header for one strip of G4 data that follows it."""
    tags = [
        (256, 4, breedte), (257, 4, hoogte), (258, 3, 1), (259, 3, 4), (262, 3, 1 if zwart_is_1 else 0),
        (273, 4, 0), (277, 3, 1), (278, 4, hoogte), (279, 4, lengte),
    ]  # fmt: skip
    begin = 8 + 2 + 12 * len(tags) + 4
    regels = b"".join(
        struct.pack("<HHII", tag, soort, 1, begin if tag == 273 else waarde) for tag, soort, waarde in tags
    )
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + regels + struct.pack("<I", 0)


@dataclass(frozen=True)
class _PdfPixels:
    strips: tuple[_Strip, ...]
    modus: Modus

    def decode(self) -> Image.Image:
        with pdf_errors(self.strips[0].n):
            if len(self.strips) == 1:
                return self.strips[0].decode()
            heel = Image.new(
                self.modus, (self.strips[0].feiten.breedte_px, sum(s.feiten.hoogte_px for s in self.strips))
            )
            boven = 0
            for strip in self.strips:
                heel.paste(strip.decode(), (0, boven))
                boven += strip.feiten.hoogte_px
            return heel

    def decode_grijs(self) -> Image.Image:
        if len(self.strips) == 1 and self.strips[0].feiten.filter == "DCTDecode":
            with pdf_errors(self.strips[0].n):
                return self.strips[0].jpeg().decode_grijs()
        return self.decode().convert("L")

    def delen(self) -> tuple[Beelddeel, ...] | None:
        if not all(strip.embeddable for strip in self.strips):
            return None
        with pdf_errors(self.strips[0].n):
            return tuple(s.jpeg().deel if s.feiten.filter == "DCTDecode" else s.deel() for s in self.strips)


@dataclass(frozen=True)
class _Paginaweergave:
    """A page that is not a scan, rendered."""

    bron: PdfBron
    n: int

    def decode(self) -> Image.Image:
        return self.bron.render(self.n)

    def decode_grijs(self) -> Image.Image:
        return self.decode().convert("L")

    def delen(self) -> None:
        return None


class PdfBron(Bronlezer):
    """A PDF file."""

    soort = "pdf"

    def __init__(self, fd: int, maximaal_pixels: int) -> None:
        self._fd = fd
        self._maximaal_pixels = maximaal_pixels
        self._bestand = open_fd(fd)
        self._pdfium: tuple[Any, io.BufferedReader] | None = None
        try:
            self._pdf = _open_pdf(self._bestand)
            self.aantal = len(self._pdf.pages)
        except BaseException:
            self._bestand.close()
            raise

    def beeld(self, n: int) -> Masterbeeld:
        if not 1 <= n <= self.aantal:
            raise IndexError(n)
        with pdf_errors(n):
            pagina = self._pdf.pages[n - 1]
            gevonden = find_paginabeeld(pagina)
            if isinstance(gevonden, GeenScan):
                return self._geen_scan(n, pagina, gevonden)
            return self._scan(n, pagina, gevonden)

    def _scan(self, n: int, pagina: pikepdf.Page, gevonden: Paginabeeld) -> Masterbeeld:
        bronnen = pagina.obj.get("/Resources", pikepdf.Dictionary()).get("/ColorSpace")
        strips = tuple(_Strip(wat.beeld, read_beeld(wat.beeld, bronnen, n), n) for wat in gevonden.strips)
        eerste = strips[0].feiten
        breedte, hoogte = eerste.breedte_px, sum(strip.feiten.hoogte_px for strip in strips)
        check_omvang(n, breedte, hoogte, self._maximaal_pixels)
        modus = strips[0].modus()
        if any((s.feiten.breedte_px, s.modus(), s.feiten.ruimte) != (breedte, modus, eerste.ruimte) for s in strips):
            return self._geen_scan(n, pagina, GeenScan("los"))
        return Masterbeeld(
            n=n,
            breedte_px=breedte,
            hoogte_px=hoogte,
            dpi=(breedte / gevonden.breedte_inch, hoogte / gevonden.hoogte_inch),
            modus=modus,
            compressie=_compressie(eerste),
            icc=eerste.ruimte.icc,
            pixels=_PdfPixels(strips, modus),
            draai_pdf=gevonden.draai,
        )

    def _geen_scan(self, n: int, pagina: pikepdf.Page, waarom: GeenScan) -> Masterbeeld:
        x0, y0, x1, y1 = page_box(pagina)
        draai = int(pagina.obj.get("/Rotate", 0)) % 180 == 90
        eenheid = float(pagina.obj.get("/UserUnit", 1)) * RENDER_DPI / 72
        breedte, hoogte = round((x1 - x0) * eenheid), round((y1 - y0) * eenheid)
        breedte, hoogte = (hoogte, breedte) if draai else (breedte, hoogte)
        check_omvang(n, breedte, hoogte, self._maximaal_pixels)
        return Masterbeeld(
            n=n,
            breedte_px=breedte,
            hoogte_px=hoogte,
            dpi=(float(RENDER_DPI), float(RENDER_DPI)),
            modus="RGB",
            compressie="pagina",
            icc=None,
            pixels=_Paginaweergave(self, n),
            is_scan=False,
            reden=f"Pagina {n} is geen scan: {REDENEN[waarom.code]}.",
            gelaagd=waarom.code == "lagen",
        )

    def render(self, n: int) -> Image.Image:
        """Render page `n` as shown (turned by /Rotate) at RENDER_DPI, in the size that `beeld` gave."""
        beeld = self.beeld(n)
        with pdf_errors(n):
            if self._pdfium is None:
                lezer = open_fd(self._fd)
                self._pdfium = (pypdfium2.PdfDocument(lezer), lezer)
            pagina = self._pdfium[0][n - 1]
            eenheid = float(self._pdf.pages[n - 1].obj.get("/UserUnit", 1))
            gemaakt: Image.Image = pagina.render(scale=RENDER_DPI / 72 * eenheid).to_pil().convert("RGB")
            pagina.close()
        if gemaakt.size == (beeld.breedte_px, beeld.hoogte_px):
            return gemaakt
        return gemaakt.resize((beeld.breedte_px, beeld.hoogte_px))  # renderers round half a pixel differently

    def close(self) -> None:
        if self._pdfium is not None:
            self._pdfium[0].close()
            self._pdfium[1].close()
            self._pdfium = None
        self._pdf.close()
        self._bestand.close()


def _open_pdf(bestand: io.BufferedReader) -> pikepdf.Pdf:
    try:
        return pikepdf.open(bestand)
    except pikepdf.PasswordError as exc:
        raise InvoerError(
            "versleuteld",
            "Deze PDF is beveiligd met een wachtwoord. Sla hem op zonder wachtwoord en lever hem opnieuw aan.",
        ) from exc
    except (pikepdf.PdfError, OSError, ValueError, RecursionError) as exc:
        raise InvoerError("onleesbaar", "Deze PDF is beschadigd en niet te lezen. Scan opnieuw.") from exc


def _compressie(feiten: Beeldfeiten) -> str:
    if feiten.filter == "CCITTFaxDecode":
        return "g4" if feiten.parms.get("K", 0) < 0 else "g3"
    return COMPRESSIES.get(feiten.filter, "geen")
