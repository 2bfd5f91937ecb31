"""Delivered files of every kind, made in code, with the pixels that are in them."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image, ImageCms, ImageDraw, ImageFont
from PIL.TiffImagePlugin import TiffImageFile

from scanstraat.intake.beelden import Bronlezer, open_bron

TEKST = (
    "Geachte heer, mevrouw,",
    "Hierbij ontvangt u het besluit op uw aanvraag",
    "voor een vergunning aan de Dorpsstraat.",
    "De commissie heeft uw brief besproken en",
    "geeft een positief advies aan het college.",
    "Met vriendelijke groet, de secretaris.",
)
ADOBE_ACHTIG = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # any RGB profile will do
BITS_OMGEKEERD = bytes(int(f"{waarde:08b}"[::-1], 2) for waarde in range(256))


def draw_pagina(
    regels: tuple[str, ...] = TEKST, *, maten: tuple[int, int] = (1240, 900), letters: int = 44
) -> Image.Image:
    """Return a grey page with printed lines, as a clean scan of 300 dpi has them."""
    beeld = Image.new("L", maten, 250)
    pen, lettertype = ImageDraw.Draw(beeld), ImageFont.load_default(size=letters)
    for i, regel in enumerate(regels):
        pen.text((90, 80 + i * round(letters * 2.2)), regel, font=lettertype, fill=20)
    return beeld


def kleur(beeld: Image.Image) -> Image.Image:
    """Return the page in colours that differ from place to place, so that a swapped channel shows."""
    verloop = Image.linear_gradient("L").resize(beeld.size)
    return Image.merge("RGB", (beeld, Image.blend(beeld, verloop, 0.3), Image.blend(beeld, verloop, 0.1)))


def zwart_wit(beeld: Image.Image) -> Image.Image:
    """Return the page in pure black and white."""
    return beeld.convert("L").point(lambda waarde: 255 if waarde > 128 else 0).convert("1", dither=Image.Dither.NONE)


def encode_g4(beeld: Image.Image) -> bytes:
    """Return one G4 strip whose black runs are the image's white: TIFF photometric 1, PDF BlackIs1."""
    uit = io.BytesIO()
    beeld.save(uit, "TIFF", compression="group4", tiffinfo={278: beeld.height})
    with Image.open(uit) as tiff:
        assert isinstance(tiff, TiffImageFile)
        begin, lengte = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
    return uit.getvalue()[begin : begin + lengte]


def save(beeld: Image.Image, formaat: str, **opties: Any) -> bytes:
    """Return the image as a file."""
    uit = io.BytesIO()
    beeld.save(uit, formaat, **opties)
    return uit.getvalue()


def build_ruwe_tiff(gegevens: bytes, maten: tuple[int, int], **tags: int) -> bytes:
    """Return a TIFF of one strip with exactly these tags: fotometrie, fillorder, compressie, t4."""
    breedte, hoogte = maten
    waarden = {
        256: breedte, 257: hoogte, 258: 1, 259: tags.get("compressie", 4), 262: tags.get("fotometrie", 0),
        266: tags.get("fillorder", 1), 273: 0, 277: 1, 278: hoogte, 279: len(gegevens), 292: tags.get("t4", 0),
    }  # fmt: skip
    waarden[273] = 8 + 2 + 12 * len(waarden) + 4
    regels = b"".join(struct.pack("<HHII", tag, 4, 1, waarde) for tag, waarde in sorted(waarden.items()))
    return struct.pack("<2sHIH", b"II", 42, 8, len(waarden)) + regels + struct.pack("<I", 0) + gegevens


def build_pdf(
    stroom: bytes,
    maten: tuple[int, int],
    *,
    inhoud: str = "q {b} 0 0 {h} 0 0 cm /I Do Q",
    pagina: dict[str, Any] | None = None,
    dpi: float = 300,
    **sleutels: Any,
) -> bytes:
    """Return a scanner's PDF: one image XObject that fills the page. `sleutels` complete its dictionary."""
    breedte, hoogte = (maat * 72 / dpi for maat in maten)
    with pikepdf.Pdf.new() as pdf:
        beeld = pdf.make_stream(stroom)
        eigenschappen = {"Type": Name.XObject, "Subtype": Name.Image, "Width": maten[0], "Height": maten[1], **sleutels}
        for naam, waarde in eigenschappen.items():
            beeld["/" + naam] = waarde
        pdf.add_blank_page(page_size=(breedte, hoogte))
        blad = pdf.pages[0].obj
        blad.Resources = Dictionary(XObject=Dictionary(I=beeld))
        blad.Contents = pdf.make_stream(inhoud.format(b=breedte, h=hoogte).encode())
        for naam, waarde in (pagina or {}).items():
            blad["/" + naam] = waarde
        uit = io.BytesIO()
        pdf.save(uit)
        return uit.getvalue()


def build_jbig2(beeld: Image.Image) -> bytes:
    """Return a JBIG2 page of one generic region in MMR coding (which is G4; its black is 1)."""

    def segment(nummer: int, soort: int, inhoud: bytes) -> bytes:
        return struct.pack(">IBBBI", nummer, soort, 0, 1, len(inhoud)) + inhoud

    breedte, hoogte = beeld.size
    negatief = beeld.convert("L").point(lambda waarde: 255 - waarde).convert("1", dither=Image.Dither.NONE)
    gebied = struct.pack(">IIIIBB", breedte, hoogte, 0, 0, 0, 1) + encode_g4(negatief)
    return segment(0, 48, struct.pack(">IIIIBH", breedte, hoogte, 0, 0, 0, 0)) + segment(1, 38, gebied)


@dataclass(frozen=True)
class Master:
    """A delivered file and what must come out of it."""

    soort: str
    gegevens: bytes = field(repr=False)
    pixels: Image.Image = field(repr=False)
    compressie: str
    onveranderd: bool = True  # its streams can go into the archive file as they are


def build_masters() -> dict[str, Master]:
    """Return one file of every kind that is taken in."""
    grijs = draw_pagina()
    rgb, wit = kleur(grijs), zwart_wit(grijs)
    palet = rgb.quantize(32)
    dpi = {"dpi": (300, 300)}
    een = {"tiffinfo": {278: grijs.height}, **dpi}
    tiff_jpeg = save(rgb, "TIFF", compression="jpeg", **een)
    jpeg = save(rgb, "JPEG", quality=85, icc_profile=ADOBE_ACHTIG, **dpi)
    jpeg_pixels = Image.open(io.BytesIO(jpeg)).convert("RGB")
    g4 = encode_g4(wit)
    fax: dict[str, Any] = {"Filter": Name.CCITTFaxDecode, "BitsPerComponent": 1}
    g4_parms = Dictionary(K=-1, Columns=wit.width, Rows=wit.height, BlackIs1=True)
    omgekeerd = wit.convert("L").point(lambda waarde: 255 - waarde).convert("1", dither=Image.Dither.NONE)
    return {
        "jpeg": Master("jpeg", jpeg, jpeg_pixels, "jpeg"),
        "jpeg-grijs": Master("jpeg", (b := save(grijs, "JPEG", **dpi)), Image.open(io.BytesIO(b)).convert("L"), "jpeg"),
        "jpeg-progressief": Master(
            "jpeg", (b := save(rgb, "JPEG", progressive=True)), Image.open(io.BytesIO(b)).convert("RGB"), "jpeg"
        ),
        "tiff-g4": Master("tiff", save(wit, "TIFF", compression="group4", tiffinfo={278: 100}, **dpi), wit, "g4"),
        "tiff-g4-wit-is-nul": Master("tiff", build_ruwe_tiff(g4, wit.size, fotometrie=0), omgekeerd, "g4"),
        "tiff-g4-bits-omgekeerd": Master(
            "tiff", build_ruwe_tiff(g4.translate(BITS_OMGEKEERD), wit.size, fotometrie=1, fillorder=2), wit, "g4"
        ),
        "tiff-g3": Master("tiff", save(wit, "TIFF", compression="group3", **dpi), wit, "g3"),
        "tiff-lzw-zwartwit": Master("tiff", save(wit, "TIFF", compression="tiff_lzw"), wit, "lzw", onveranderd=False),
        "tiff-lzw": Master("tiff", save(rgb, "TIFF", compression="tiff_lzw"), rgb, "lzw", onveranderd=False),
        "tiff-packbits": Master(
            "tiff", save(grijs, "TIFF", compression="packbits"), grijs, "packbits", onveranderd=False
        ),
        "tiff-geen": Master("tiff", save(grijs, "TIFF"), grijs, "geen", onveranderd=False),
        "tiff-deflate": Master("tiff", save(rgb, "TIFF", compression="tiff_adobe_deflate", **een), rgb, "deflate"),
        "tiff-deflate-strips": Master(
            "tiff", save(rgb, "TIFF", compression="tiff_adobe_deflate"), rgb, "deflate", onveranderd=False
        ),
        "tiff-palet": Master(
            "tiff", save(palet, "TIFF", compression="tiff_adobe_deflate", **een), palet.convert("RGB"), "deflate"
        ),
        "tiff-jpeg": Master("tiff", tiff_jpeg, Image.open(io.BytesIO(tiff_jpeg)).convert("RGB"), "jpeg"),
        "tiff-jpeg-strips": Master(
            "tiff",
            (b := save(rgb, "TIFF", compression="jpeg", tiffinfo={278: 128})),
            Image.open(io.BytesIO(b)).convert("RGB"),
            "jpeg",
        ),
        "tiff-gedraaid": Master(
            "tiff", save(grijs, "TIFF", compression="tiff_lzw", tiffinfo={274: 6}), grijs, "lzw", onveranderd=False
        ),
        "png": Master("png", save(rgb, "PNG", **dpi), rgb, "png"),
        "png-grijs": Master("png", save(grijs, "PNG"), grijs, "png"),
        "png-zwartwit": Master("png", save(wit, "PNG"), wit, "png"),
        "png-palet": Master("png", save(palet, "PNG"), palet.convert("RGB"), "png"),
        "pdf-jpeg": Master(
            "pdf",
            build_pdf(jpeg, rgb.size, Filter=Name.DCTDecode, ColorSpace=Name.DeviceRGB, BitsPerComponent=8),
            jpeg_pixels,
            "jpeg",
        ),
        "pdf-g4": Master(
            "pdf", build_pdf(g4, wit.size, DecodeParms=g4_parms, ColorSpace=Name.DeviceGray, **fax), wit, "g4"
        ),
        "pdf-g4-stencil": Master(
            "pdf", build_pdf(g4, wit.size, DecodeParms=g4_parms, ImageMask=True, **fax), wit, "g4"
        ),
        "pdf-jbig2": Master(
            "pdf",
            build_pdf(
                build_jbig2(wit), wit.size, Filter=Name.JBIG2Decode, ColorSpace=Name.DeviceGray, BitsPerComponent=1
            ),
            wit,
            "jbig2",
        ),
        "pdf-jpeg2000": Master(
            "pdf",
            build_pdf(
                save(rgb, "JPEG2000"), rgb.size, Filter=Name.JPXDecode, ColorSpace=Name.DeviceRGB, BitsPerComponent=8
            ),
            rgb,
            "jpeg2000",
        ),
    }


@contextmanager
def opened(soort: str, gegevens: bytes, *, maximaal_pixels: int = 100_000_000) -> Iterator[Bronlezer]:
    """Open bytes as a delivered file."""
    fd = os.memfd_create("bron")
    try:
        os.write(fd, gegevens)
        with open_bron(fd, soort, maximaal_pixels=maximaal_pixels) as bron:
            yield bron
    finally:
        os.close(fd)
