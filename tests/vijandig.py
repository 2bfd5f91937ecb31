"""Files that want to do harm, and whole ones to compare them with. Everything is made here, in code.

`VIJANDIG` holds one maker per file; each returns bytes. They are small on disk, whatever they unpack to.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import TiffImageFile

BREEDTE, HOOGTE, DPI = 620, 877, 75  # an A4 sheet, small: what is tested does not depend on the number of pixels


# ---- whole files


def build_blad(nummer: int = 1, *, modus: str = "L") -> Image.Image:
    """Return a page with lines like writing; every number gives another page."""
    beeld = Image.new("L", (BREEDTE, HOOGTE), 245)
    teken = ImageDraw.Draw(beeld)
    for regel in range(24):
        for woord in range(9):
            lengte = 20 + (regel * 7 + woord * 13 + nummer * 5) % 35
            x, y = 50 + woord * 58, 80 + regel * 30
            teken.rectangle((x, y, x + lengte, y + 9), fill=30 + (woord * 20 + nummer) % 90)
    if modus == "RGB":
        return Image.merge("RGB", (beeld, beeld.point(lambda v: max(0, v - 8)), beeld.point(lambda v: max(0, v - 20))))
    return beeld.convert(modus, dither=Image.Dither.NONE)


def build_jpeg(nummer: int = 1, *, modus: str = "RGB", **opties: object) -> bytes:
    uit = io.BytesIO()
    build_blad(nummer, modus=modus).save(uit, "JPEG", **({"quality": 85, "dpi": (DPI, DPI)} | opties))
    return uit.getvalue()


def build_png(nummer: int = 1, *, modus: str = "RGB") -> bytes:
    uit = io.BytesIO()
    build_blad(nummer, modus=modus).save(uit, "PNG", dpi=(DPI, DPI))
    return uit.getvalue()


def build_tiff(paginas: int = 2, *, modus: str = "1", compressie: str = "group4", **opties: object) -> bytes:
    uit = io.BytesIO()
    eerste, *rest = [build_blad(n, modus=modus) for n in range(1, paginas + 1)]
    eerste.save(uit, "TIFF", compression=compressie, dpi=(DPI, DPI), save_all=True, append_images=rest, **opties)
    return uit.getvalue()


def build_pdf(
    paginas: int = 2,
    *,
    bewerk: Callable[[pikepdf.Pdf], None] = lambda pdf: None,
    inhoud: bytes = b"",
    jpeg: bytes | None = None,
    **opties: Any,
) -> bytes:
    """Return a scanner's PDF: on every page one JPEG that fills it, under invisible text; then `bewerk`."""
    pdf = pikepdf.Pdf.new()
    for n in range(1, paginas + 1):
        beeld = pdf.make_stream(
            jpeg or build_jpeg(n),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=BREEDTE,
            Height=HOOGTE,
            ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        )
        pagina = pdf.add_blank_page(page_size=(595.2, 841.9))
        letter = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pagina.obj.Resources = Dictionary(XObject=Dictionary(Im=beeld), Font=Dictionary(F=letter))
        tekst = b"BT 3 Tr /F 10 Tf 50 700 Td (gemeente) Tj ET\n"
        pagina.obj.Contents = pdf.make_stream(b"q 595.2 0 0 841.9 0 0 cm /Im Do Q\n" + tekst + inhoud)
    bewerk(pdf)
    uit = io.BytesIO()
    pdf.save(uit, **opties)
    return uit.getvalue()


HEEL: dict[str, Callable[[], bytes]] = {
    "jpeg kleur": build_jpeg,
    "jpeg grijs": lambda: build_jpeg(modus="L"),
    "jpeg progressief": lambda: build_jpeg(progressive=True),
    "jpeg met opvulling": lambda: build_jpeg() + bytes(100),
    "jpeg met vulbytes voor het einde": lambda: build_jpeg()[:-2] + b"\0\0\xff\xd9",
    "png": build_png,
    "png zwart-wit": lambda: build_png(modus="1"),
    "tiff g4": build_tiff,
    "tiff lzw": lambda: build_tiff(modus="RGB", compressie="tiff_lzw"),
    "tiff jpeg": lambda: build_tiff(modus="RGB", compressie="jpeg"),
    "tiff deflate": lambda: build_tiff(modus="L", compressie="tiff_adobe_deflate"),
    "tiff ongecomprimeerd": lambda: build_tiff(1, modus="L", compressie="raw"),
    "bigtiff": lambda: build_tiff(compressie="raw", big_tiff=True),
    "pdf": build_pdf,
    "pdf gelineariseerd": lambda: build_pdf(linearize=True),
    "pdf met objectstromen": lambda: build_pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "pdf met opvulling": lambda: build_pdf() + b"\r\n\0\0",
    "pdf met bestemming": lambda: build_pdf(bewerk=_open_at_page),
    "pdf met jbig2 zonder symbolen": lambda: build_jbig2_pdf(symbolen=False),
}


def _open_at_page(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Array([pdf.pages[0].obj, Name.Fit])


# ---- JBIG2 and layers


def build_jbig2(*, symbolen: bool) -> bytes:
    """Return a JBIG2 stream as a PDF holds it: a generic region (MMR), with an empty symbol dictionary if asked."""
    tiff = io.BytesIO()
    build_blad(modus="1").save(tiff, "TIFF", compression="group4", tiffinfo={278: HOOGTE})
    with Image.open(tiff) as gelezen:
        assert isinstance(gelezen, TiffImageFile)
        begin, lengte = gelezen.tag_v2[273][0], gelezen.tag_v2[279][0]
    g4 = tiff.getvalue()[begin : begin + lengte]
    gebied = struct.pack(">IIIIBB", BREEDTE, HOOGTE, 0, 0, 0, 1) + g4
    delen = [(0, 48, struct.pack(">IIIIBH", BREEDTE, HOOGTE, 0, 0, 0, 0))]
    if symbolen:
        delen.append((1, 0, struct.pack(">HbbbbbbbbII", 0, 3, -1, -3, -1, 2, -2, -2, -2, 0, 0) + bytes(4)))
    delen.append((2, 38, gebied))
    return b"".join(struct.pack(">IBBBI", nr, soort, 0, 1, len(inhoud)) + inhoud for nr, soort, inhoud in delen)


def build_jbig2_pdf(*, symbolen: bool) -> bytes:
    def bewerk(pdf: pikepdf.Pdf) -> None:
        beeld = pdf.pages[0].obj.Resources.XObject.Im
        beeld.write(build_jbig2(symbolen=symbolen), filter=Name.JBIG2Decode)
        beeld.ColorSpace, beeld.BitsPerComponent = Name.DeviceGray, 1

    return build_pdf(1, bewerk=bewerk)


def build_mrc_pdf(*, masker: bool) -> bytes:
    """Return a page in layers: paper and letters apart, as "compact PDF" makes them."""

    def bewerk(pdf: pikepdf.Pdf) -> None:
        maten = {"Type": Name.XObject, "Subtype": Name.Image, "Width": BREEDTE, "Height": HOOGTE}
        letters = build_blad(3, modus="1").tobytes()
        bronnen = pdf.pages[0].obj.Resources
        if masker:
            dekking = pdf.make_stream(build_blad(3).tobytes(), **maten, ColorSpace=Name.DeviceGray, BitsPerComponent=8)
            voor = pdf.make_stream(
                build_jpeg(3), **maten, ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.DCTDecode
            )
            voor.SMask = dekking
        else:
            voor = pdf.make_stream(letters, **maten, ImageMask=True, BitsPerComponent=1)
        bronnen.XObject.Voor = voor
        oud = pdf.pages[0].obj.Contents.read_bytes()
        pdf.pages[0].obj.Contents = pdf.make_stream(oud + b"q 0.2 0.1 0 rg 595.2 0 0 841.9 0 0 cm /Voor Do Q")

    return build_pdf(1, bewerk=bewerk)


# ---- bombs


def build_nullen(aantal_mb: int, *, lagen: int) -> bytes:
    """Return zlib data that unpacks `lagen` times to `aantal_mb` megabytes of zeros, without ever holding those."""
    mb = bytes(2**20)
    pakker = zlib.compressobj(9)
    kop = pakker.compress(mb) + pakker.flush(zlib.Z_FULL_FLUSH)
    blok = pakker.compress(mb) + pakker.flush(zlib.Z_FULL_FLUSH)
    som = struct.pack(">HH", aantal_mb * 2**20 % 65521, 1)  # Adler-32 of zeros: 1, and their number
    gegevens = kop + blok * (aantal_mb - 1) + b"\x03\x00" + som
    for _ in range(lagen - 1):
        gegevens = zlib.compress(gegevens, 9)
    return gegevens


def build_pdf_bom(plaats: str) -> bytes:
    """Return a PDF of about a kilobyte with 10 GB in its `plaats`: inhoud, beeld or objecten."""
    nullen = build_nullen(10_240, lagen=3)
    filters = Array([Name.FlateDecode] * 3)

    def bewerk(pdf: pikepdf.Pdf) -> None:
        pagina = pdf.pages[0].obj
        if plaats == "inhoud":
            pagina.Contents.write(nullen, filter=filters)
        else:
            pagina.Resources.XObject.Im.write(nullen, filter=filters)

    if plaats == "objecten":
        return _build_objstm_pdf(nullen)
    return build_pdf(1, bewerk=bewerk, jpeg=b"\xff\xd8\xff", **_ONGEMOEID)


_ONGEMOEID = {"stream_decode_level": pikepdf.StreamDecodeLevel.none, "compress_streams": False}


def _build_objstm_pdf(nullen: bytes) -> bytes:
    """Return a PDF whose page lies in a stream of objects that unpacks without end."""
    stroom = b"<</Type/ObjStm/N 1/First 4/Filter[/FlateDecode/FlateDecode/FlateDecode]/Length %d>>stream\n" % len(
        nullen
    )
    objecten = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        4: stroom + nullen + b"\nendstream",
    }
    uit = bytearray(b"%PDF-1.5\n")
    plaatsen = {}
    for nummer, inhoud in objecten.items():
        plaatsen[nummer] = len(uit)
        uit += b"%d 0 obj\n%b\nendobj\n" % (nummer, inhoud)
    plaatsen[5] = len(uit)
    tabel = struct.pack(">BIH", 0, 0, 65535)
    for nummer in range(1, 6):
        tabel += struct.pack(">BIH", 2, 4, 0) if nummer == 3 else struct.pack(">BIH", 1, plaatsen[nummer], 0)
    kop = b"<</Type/XRef/Size 6/W[1 4 2]/Root 1 0 R/Length %d>>" % len(tabel)
    uit += b"5 0 obj\n%b stream\n%b\nendstream\nendobj\n" % (kop, tabel)
    return bytes(uit + b"startxref\n%d\n%%%%EOF\n" % plaatsen[5])


def build_tiff_groot(*, compressie: int = 4, gegevens: bytes = b"\x00", breedte: int = 60_000) -> bytes:
    """Return a TIFF of some bytes that says it is 60,000 x 60,000 pixels."""
    regels = [(256, breedte), (257, breedte), (258, 1), (259, compressie), (262, 0), (273, 0), (278, breedte)]
    regels.append((279, len(gegevens)))
    begin = 8 + 2 + 12 * len(regels) + 4
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, begin if tag == 273 else waarde) for tag, waarde in regels)
    return struct.pack("<2sHIH", b"II", 42, 8, len(regels)) + tags + bytes(4) + gegevens


def build_png_groot(breedte: int, hoogte: int, *, idat: bytes, extra: bytes = b"") -> bytes:
    kop = struct.pack(">IIBBBBB", breedte, hoogte, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", kop) + extra + _chunk(b"IDAT", idat) + _chunk(b"IEND", b"")


def _chunk(naam: bytes, inhoud: bytes) -> bytes:
    return struct.pack(">I", len(inhoud)) + naam + inhoud + struct.pack(">I", zlib.crc32(naam + inhoud))


def build_jpeg_groot() -> bytes:
    """Return a real JPEG whose header says that it is 65,500 pixels wide and high."""
    jpeg = bytearray(build_jpeg())
    sof = jpeg.index(b"\xff\xc0")
    jpeg[sof + 5 : sof + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(jpeg)


def build_formulieren(diepte: int = 30) -> bytes:
    """Return a page that draws a form twice, which draws a form twice, and so on: 2 to the power `diepte` drawings."""

    def bewerk(pdf: pikepdf.Pdf) -> None:
        binnen = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
        for _ in range(diepte):
            buiten = pdf.make_stream(b"/F Do /F Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
            buiten.Resources = Dictionary(XObject=Dictionary(F=binnen))
            binnen = buiten
        pdf.pages[0].obj.Resources.XObject.F = binnen
        pdf.pages[0].obj.Contents = pdf.make_stream(pdf.pages[0].obj.Contents.read_bytes() + b"/F Do")

    return build_pdf(1, bewerk=bewerk)


# ---- PDFs whose parts point at each other


def build_ruwe_pdf(objecten: dict[int, bytes], *, prev: int | None = None, wortel: int = 1) -> bytes:
    """Return a PDF written by hand; `prev` 0 makes its table of objects point at itself."""
    uit = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    plaatsen = {}
    for nummer, inhoud in objecten.items():
        plaatsen[nummer] = len(uit)
        uit += b"%d 0 obj\n%b\nendobj\n" % (nummer, inhoud)
    tabel = len(uit)
    uit += b"xref\n0 %d\n0000000000 65535 f \n" % (max(objecten) + 1)
    uit += b"".join(b"%010d 00000 n \n" % plaatsen[n] for n in range(1, max(objecten) + 1))
    terug = b"" if prev is None else b"/Prev %d" % (prev or tabel)
    uit += b"trailer\n<</Size %d/Root %d 0 R%b>>\n" % (max(objecten) + 1, wortel, terug)
    return bytes(uit + b"startxref\n%d\n%%%%EOF\n" % tabel)


def build_lus_pdf(soort: str) -> bytes:
    catalogus, pagina = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>"
    bladeren = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    if soort == "xref":
        return build_ruwe_pdf({1: catalogus, 2: bladeren, 3: pagina}, prev=0)
    if soort == "bladeren":
        return build_ruwe_pdf({1: catalogus, 2: b"<</Type/Pages/Kids[2 0 R]/Count 1>>", 3: pagina})
    if soort == "lengte":
        stroom = b"<</Length 4 0 R>>stream\nq Q\nendstream"
        return build_ruwe_pdf({1: catalogus, 2: bladeren, 3: pagina[:-2] + b"/Contents 4 0 R>>", 4: stroom})
    if soort == "genest":
        diep = b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * 100_000 + b"]" * 100_000 + b">>"
        return build_ruwe_pdf({1: diep, 2: bladeren, 3: pagina})
    veel = b"<</Type/Pages/Kids[" + b"3 0 R " * 100_000 + b"]/Count 100000>>"
    return build_ruwe_pdf({1: catalogus, 2: veel, 3: pagina})


# ---- things in a PDF that a scan does not hold


def _action(soort: str) -> Dictionary:
    return Dictionary(Type=Name.Action, S=Name("/" + soort), URI=String("http://example.org/"), F=String("cmd.exe"))


def _add_javascript(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(Type=Name.Action, S=Name.JavaScript, JS=String("app.alert(1)"))


def _add_javascript_hidden(pdf: pikepdf.Pdf) -> None:
    """Hide it in an object that nothing refers to but a link's follow-up."""
    daarna = Dictionary(S=Name.JavaScript, JS=pdf.make_stream(b"app.alert(1)"))
    stap = Dictionary(Type=Name.Action, S=Name.GoTo, D=Array([pdf.pages[0].obj, Name.Fit]), Next=daarna)
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=stap)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])


def _add_attachment(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["virus.exe"] = b"MZ"


def _add_attachment_note(pdf: pikepdf.Pdf) -> None:
    inhoud = pdf.make_stream(b"MZ", Type=Name.EmbeddedFile)
    bestand = Dictionary(Type=Name.Filespec, F=String("a.exe"), EF=Dictionary(F=inhoud))
    noot = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]), FS=bestand)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(noot)])


def _add_signature(pdf: pikepdf.Pdf) -> None:
    waarde = Dictionary(
        Type=Name.Sig,
        Filter=Name("/Adobe.PPKLite"),
        SubFilter=Name("/adbe.pkcs7.detached"),
        ByteRange=Array([0, 10, 20, 10]),
        Contents=String("handtekening"),
    )
    veld = Dictionary(FT=Name.Sig, T=String("h"), V=pdf.make_indirect(waarde))
    pdf.Root.AcroForm = Dictionary(SigFlags=3, Fields=Array([pdf.make_indirect(veld)]))


def _add_xfa(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=pdf.make_stream(b"<xdp/>"))


def _add_field(pdf: pikepdf.Pdf) -> None:
    veld = Dictionary(FT=Name.Tx, T=String("naam"), V=String("x"))
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(veld)]))


def _add_layers(pdf: pikepdf.Pdf) -> None:
    laag = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("laag")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([laag]), D=Dictionary(ON=Array([laag])))


def _add_media(pdf: pikepdf.Pdf) -> None:
    noot = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(noot)])


def _add_alternate(pdf: pikepdf.Pdf) -> None:
    beeld = pdf.pages[0].obj.Resources.XObject.Im
    ander = pdf.pages[-1].obj.Resources.XObject.Im
    beeld.Alternates = Array([Dictionary(Image=ander, DefaultForPrinting=True)])


def _add_open_action(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = _action("Launch")


def _add_link(pdf: pikepdf.Pdf) -> None:
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=_action("URI"))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])


def _add_page_action(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.AA = Dictionary(O=_action("SubmitForm"))


def _add_stamp(pdf: pikepdf.Pdf) -> None:
    stempel = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([100, 100, 300, 200]), Name=Name.Approved)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(stempel)])


def _disguise_text(pdf: pikepdf.Pdf) -> None:
    """Write in the invisible mode with a Type 3 font, for which that mode does not count."""
    letter = pdf.make_stream(b"500 0 d0 0 0 400 700 re f")
    lettertype = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type3,
        FontBBox=Array([0, 0, 500, 700]),
        FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]),
        CharProcs=Dictionary(a=letter),
        Encoding=Dictionary(Type=Name.Encoding, Differences=Array([97, Name.a])),
        FirstChar=97,
        LastChar=97,
        Widths=Array([500]),
        Resources=Dictionary(),
    )
    pdf.pages[0].obj.Resources.Font.F = pdf.make_indirect(lettertype)


def _lose_image(pdf: pikepdf.Pdf) -> None:
    del pdf.pages[0].obj.Resources.XObject.Im


def _versleuteld(gebruiker: str) -> pikepdf.Encryption:
    return pikepdf.Encryption(user=gebruiker, owner="eigenaar", R=6)


def build_zip() -> bytes:
    """Return an empty zip archive: its closing record is all it needs."""
    return b"PK\x05\x06" + bytes(18)


@dataclass(frozen=True)
class Vijand:
    """A file that may not pass. `codes`: the outcomes that are right for it; "*" is any but passing."""

    maak: Callable[[], bytes]
    codes: frozenset[str]
    suffix: str = ".pdf"


def _pdf(code: str, bewerk: Callable[[pikepdf.Pdf], None]) -> Vijand:
    return Vijand(lambda: build_pdf(bewerk=bewerk), frozenset({code}))


_BOM = frozenset({"geheugen", "tijd", "omvang", "gecrasht", "beschadigd", "onleesbaar", "geen_scan"})
VIJANDIG: dict[str, Vijand] = {
    "pdf die 10 GB wordt, inhoud": Vijand(lambda: build_pdf_bom("inhoud"), _BOM),
    "pdf die 10 GB wordt, beeld": Vijand(lambda: build_pdf_bom("beeld"), _BOM),
    "pdf die 10 GB wordt, objecten": Vijand(lambda: build_pdf_bom("objecten"), _BOM),
    "pdf met 2^30 tekeningen": Vijand(build_formulieren, _BOM),
    "pdf met xref in een lus": Vijand(lambda: build_lus_pdf("xref"), frozenset({"beschadigd"})),
    "pdf met bladeren in een lus": Vijand(lambda: build_lus_pdf("bladeren"), frozenset({"beschadigd"})),
    "pdf met lengte in een lus": Vijand(lambda: build_lus_pdf("lengte"), frozenset({"beschadigd"})),
    "pdf honderdduizend diep": Vijand(lambda: build_lus_pdf("genest"), _BOM),
    "pdf met honderdduizend pagina's": Vijand(
        lambda: build_lus_pdf("veel"), frozenset({"te_veel_paginas", "beschadigd"})
    ),
    "tiff van 60000 bij 60000": Vijand(build_tiff_groot, frozenset({"te_groot"}), ".tif"),
    "tiff van 60000 bij 60000, g4 die klopt": Vijand(
        lambda: build_tiff_groot(gegevens=b"\xff" * 7500 + b"\x00\x10\x01\x00\x10\x01"), frozenset({"te_groot"}), ".tif"
    ),
    "tiff van 60000 bij 60000, ongecomprimeerd": Vijand(
        lambda: build_tiff_groot(compressie=1), frozenset({"te_groot"}), ".tif"
    ),
    "png van 60000 bij 60000": Vijand(
        lambda: build_png_groot(60_000, 60_000, idat=build_nullen(64, lagen=1)), frozenset({"te_groot"}), ".png"
    ),
    "png waarvan de beeldpunten ontbreken": Vijand(
        lambda: build_png_groot(12_000, 12_000, idat=zlib.compress(b"")), frozenset({"beschadigd"}), ".png"
    ),
    "png met een kleurprofiel van 1 GB": Vijand(
        lambda: build_png_groot(
            9, 9, idat=zlib.compress(bytes(90)), extra=_chunk(b"iCCP", b"x\0\0" + build_nullen(1024, lagen=1))
        ),
        frozenset({"onleesbaar", "beschadigd"}),
        ".png",
    ),
    "jpeg van 65500 bij 65500": Vijand(build_jpeg_groot, frozenset({"te_groot"}), ".jpg"),
    "pdf en zip": Vijand(lambda: build_pdf() + build_zip(), frozenset({"twee_soorten"})),
    "zip en pdf": Vijand(lambda: b"PK\x03\x04" + bytes(30) + build_pdf(), frozenset({"twee_soorten"})),
    "pdf en jpeg": Vijand(lambda: build_pdf() + build_jpeg(), frozenset({"twee_soorten"})),
    "pdf en programma": Vijand(lambda: build_pdf() + b"\x7fELF" + bytes(3000), frozenset({"twee_soorten"})),
    "pdf met webpagina": Vijand(
        lambda: build_pdf().replace(b"%PDF-1.3\n", b"%PDF-1.3 <script>alert(1)</script>\n", 1),
        frozenset({"twee_soorten", "beschadigd"}),
    ),
    "jpeg en zip": Vijand(lambda: build_jpeg() + build_zip(), frozenset({"twee_soorten"}), ".jpg"),
    "jpeg met pdf erin": Vijand(lambda: build_jpeg(comment=build_pdf(1)[:30_000]), frozenset({"twee_soorten"}), ".jpg"),
    "jpeg en nog een jpeg": Vijand(lambda: build_jpeg() + build_jpeg(2), frozenset({"twee_soorten"}), ".jpg"),
    "png en pdf": Vijand(lambda: build_png() + build_pdf(), frozenset({"twee_soorten"}), ".png"),
    "tiff en zip": Vijand(lambda: build_tiff() + build_zip(), frozenset({"twee_soorten"}), ".tif"),
    "pdf met gegevens ervoor": Vijand(lambda: b"abc\n" * 20 + build_pdf(), frozenset({"gegevens_ervoor"})),
    "pdf met gegevens erna": Vijand(lambda: build_pdf() + b"abc\n" * 20, frozenset({"gegevens_erna"})),
    "png met gegevens erna": Vijand(lambda: build_png() + b"abc\n", frozenset({"gegevens_erna"}), ".png"),
    "pdf met javascript": _pdf("javascript", _add_javascript),
    "pdf met verstopt javascript": _pdf("javascript", _add_javascript_hidden),
    "pdf met bijlage": _pdf("bijlage", _add_attachment),
    "pdf met bijlage in een aantekening": _pdf("bijlage", _add_attachment_note),
    "pdf met handtekening": _pdf("handtekening", _add_signature),
    "pdf met xfa": _pdf("xfa", _add_xfa),
    "pdf met invulveld": _pdf("formulier", _add_field),
    "pdf met lagen": _pdf("lagen", _add_layers),
    "pdf met film": _pdf("multimedia", _add_media),
    "pdf met ander beeld voor de printer": _pdf("alternatief", _add_alternate),
    "pdf die een programma start": _pdf("actie", _add_open_action),
    "pdf met koppeling": _pdf("actie", _add_link),
    "pdf die een formulier verstuurt": _pdf("actie", _add_page_action),
    "pdf met wachtwoord": Vijand(lambda: build_pdf(encryption=_versleuteld("geheim")), frozenset({"versleuteld"})),
    "pdf met beperkingen": Vijand(lambda: build_pdf(encryption=_versleuteld("")), frozenset({"versleuteld"})),
    "pdf met stempel": _pdf("geen_scan", _add_stamp),
    "pdf met verkapte tekst": _pdf("geen_scan", _disguise_text),
    "pdf met een beeld dat ontbreekt": _pdf("beschadigd", _lose_image),
    "pdf met zichtbare tekst": Vijand(
        lambda: build_pdf(inhoud=b"BT 0 Tr /F 20 Tf 50 500 Td (toegekend) Tj ET"), frozenset({"geen_scan"})
    ),
    "pdf met een tekening": Vijand(
        lambda: build_pdf(inhoud=b"1 0 0 rg 100 100 200 200 re f"), frozenset({"geen_scan"})
    ),
    "pdf zonder beeld": Vijand(
        lambda: build_ruwe_pdf({
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Resources<<>>>>",
        }),
        frozenset({"geen_scan"}),
    ),
    "pdf met een jpeg die halverwege ophoudt": Vijand(
        lambda: build_pdf(1, jpeg=build_jpeg()[:12_000]), frozenset({"beschadigd"})
    ),
    "niets": Vijand(lambda: b"", frozenset({"leeg"})),
    "tekst": Vijand(lambda: b"Geachte heer, mevrouw\n" * 50, frozenset({"ander_soort"})),
    "programma": Vijand(lambda: b"\x7fELF" + bytes(range(256)) * 20, frozenset({"ander_soort"}), ".exe"),
}  # fmt: skip


# ---- half and broken files

KAPOT: dict[str, tuple[str, Callable[[], bytes]]] = {
    "jpeg": (".jpg", build_jpeg),
    "jpeg progressief": (".jpg", lambda: build_jpeg(progressive=True)),
    "png": (".png", build_png),
    "tiff g4": (".tif", build_tiff),
    "tiff lzw": (".tif", lambda: build_tiff(modus="RGB", compressie="tiff_lzw")),
    "tiff jpeg": (".tif", lambda: build_tiff(modus="RGB", compressie="jpeg")),
    "bigtiff": (".tif", lambda: build_tiff(compressie="raw", big_tiff=True)),
    "pdf": (".pdf", build_pdf),
    "pdf gelineariseerd": (".pdf", lambda: build_pdf(linearize=True)),
    "pdf met objectstromen": (".pdf", lambda: build_pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate)),
}


def iterate_cuts(gegevens: bytes, aantal: int) -> Iterator[bytes]:
    """Yield the file cut off at `aantal` points, from its first byte to all but its last 24 (16 may be padding)."""
    for i in range(aantal):
        yield gegevens[: 1 + (len(gegevens) - 25) * i // max(1, aantal - 1)]


def with_hole(gegevens: bytes, deel: float, *, lengte: int = 2048) -> bytes:
    """Return the file with zeros over `lengte` bytes at `deel` (0 to 1) of it, as a failed copy leaves it."""
    begin = int((len(gegevens) - lengte) * deel)
    return gegevens[:begin] + bytes(lengte) + gegevens[begin + lengte :]
