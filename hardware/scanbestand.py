"""What scanners leave behind: JPEG files, a PDF with one JPEG per page, a multi-page TIFF.

These writers make files the way common multifunctionals do, for the simulator and for tests. The line itself never
uses them: it keeps the bytes it was given.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import pikepdf
from PIL import Image

from hardware.scanner import Scanbeeld

PUNTEN_PER_INCH = 72


class Tiffcompressie(StrEnum):
    """How the pages of a TIFF are packed."""

    JPEG = "jpeg"
    G4 = "group4"  # black and white; colour and grey are thresholded first
    LZW = "tiff_lzw"


def render_pdf(beelden: Iterable[Scanbeeld], *, maker: str = "Scanner") -> bytes:
    """Return a PDF with one page per beeld, its JPEG stream inside unchanged and the page as large as the paper.

    A PNG (black and white) becomes a Flate stream of 1 bit per pixel.
    """
    pdf = pikepdf.Pdf.new()
    for beeld in beelden:
        _append_page(pdf, beeld)
    pdf.docinfo["/Creator"] = maker
    pdf.docinfo["/Producer"] = maker
    uit = io.BytesIO()
    pdf.save(uit, deterministic_id=True)
    return uit.getvalue()


def _append_page(pdf: pikepdf.Pdf, beeld: Scanbeeld) -> None:
    breedte = beeld.breedte_px / beeld.dpi * PUNTEN_PER_INCH
    hoogte = beeld.hoogte_px / beeld.dpi * PUNTEN_PER_INCH
    if beeld.mediatype == "image/jpeg":
        plaatje = pikepdf.Stream(pdf, beeld.inhoud)
        with Image.open(io.BytesIO(beeld.inhoud)) as open_beeld:
            grijs = open_beeld.mode == "L"
        plaatje.Filter = pikepdf.Name.DCTDecode
        bits, kleurruimte = 8, pikepdf.Name.DeviceGray if grijs else pikepdf.Name.DeviceRGB
    else:
        with Image.open(io.BytesIO(beeld.inhoud)) as open_beeld:
            plaatje = pikepdf.Stream(pdf, open_beeld.convert("1").tobytes())
        bits, kleurruimte = 1, pikepdf.Name.DeviceGray
    plaatje.Type, plaatje.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    plaatje.Width, plaatje.Height = beeld.breedte_px, beeld.hoogte_px
    plaatje.ColorSpace, plaatje.BitsPerComponent = kleurruimte, bits
    pagina = pdf.add_blank_page(page_size=(breedte, hoogte))
    pagina.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=plaatje))
    pagina.obj.Contents = pikepdf.Stream(pdf, f"q {breedte:.4f} 0 0 {hoogte:.4f} 0 0 cm /Im0 Do Q".encode("ascii"))


def render_tiff(
    beelden: Sequence[Scanbeeld],
    *,
    compressie: Tiffcompressie = Tiffcompressie.JPEG,
    kwaliteit: int = 85,
    drempel: int = 160,
) -> bytes:
    """Return a multi-page TIFF, one strip per page as most scanners write it.

    Args:
        kwaliteit: of the JPEG inside, 1 to 95. The pages are encoded again: a TIFF scanner has no JPEG before it.
        drempel: grey values below this one (0 to 255) become black under G4.
    """
    uit = io.BytesIO()
    with _decode(beelden[0], compressie, drempel) as eerste:
        rest = (_decode(beeld, compressie, drempel) for beeld in beelden[1:])
        opties: dict[str, object] = {"quality": kwaliteit} if compressie is Tiffcompressie.JPEG else {}
        eerste.save(
            uit,
            format="TIFF",
            save_all=True,
            append_images=rest,
            compression=compressie.value,
            dpi=(beelden[0].dpi, beelden[0].dpi),
            strip_size=eerste.width * eerste.height * 4,
            **opties,
        )
    return uit.getvalue()


def _decode(beeld: Scanbeeld, compressie: Tiffcompressie, drempel: int) -> Image.Image:
    with Image.open(io.BytesIO(beeld.inhoud)) as bron:
        if compressie is Tiffcompressie.G4 and bron.mode != "1":
            return bron.convert("L").point([0] * drempel + [255] * (256 - drempel)).convert("1")
        return bron.copy()


def write_atomic(pad: Path, inhoud: bytes) -> None:
    """Write aside under a hidden name, then rename: what a well-behaved scanner does."""
    tijdelijk = pad.with_name(f".{pad.name}.deel")
    tijdelijk.write_bytes(inhoud)
    tijdelijk.replace(pad)


def write_slowly(pad: Path, inhoud: bytes, *, duur_s: float, stukken: int = 20) -> None:
    """Let a file grow under its final name over `duur_s` seconds: what many multifunctionals do over SMB."""
    stap = max(1, -(-len(inhoud) // stukken))
    with pad.open("wb") as bestand:
        for begin in range(0, len(inhoud), stap):
            bestand.write(inhoud[begin : begin + stap])
            bestand.flush()
            os.fsync(bestand.fileno())
            time.sleep(duur_s / stukken)
