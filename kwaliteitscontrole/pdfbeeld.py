"""Decode the images inside a finished archive file, and say what its colours mean.

A way of its own on purpose: it shares no code with what put the images there.
Source: ISO 32000-1 7.4 (filters), 8.6 (colour spaces), 8.9 (images).
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium_c
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms

Monsters = np.ndarray[Any, np.dtype[np.uint8]]


def samples(beeld: Image.Image) -> Monsters:
    """Return the samples of a master ("1", "L" or "RGB") as (rows, columns, colours), 0 to 255; "1" is 0 and 255."""
    if beeld.mode not in {"1", "L", "RGB"}:
        raise ValueError(f"no master has mode {beeld.mode}")
    punten = np.asarray(beeld.convert("L") if beeld.mode == "1" else beeld)
    return punten.reshape(beeld.height, beeld.width, -1)


def decode_beeld(beeld: Stream) -> Monsters:
    """Return the samples of an image XObject as (rows, columns, colours), 0 to 255.

    Raises:
        ValueError: the data is not what the dictionary says, or is of a kind that no master has.
        pikepdf.PdfError: damaged Flate data.
    """
    filters = filters_of(beeld)
    breedte, hoogte = int(beeld.Width), int(beeld.Height)
    try:
        if filters in ([], ["/FlateDecode"]):
            punten = _decode_monsters(beeld, breedte, hoogte)
        elif filters == ["/DCTDecode"]:
            punten = decode_pillow(beeld.read_raw_bytes(), "JPEG")
        elif filters == ["/JPXDecode"]:
            punten = decode_pillow(beeld.read_raw_bytes(), "JPEG2000")
        elif filters == ["/CCITTFaxDecode"] and _is_g4(beeld, breedte, hoogte):
            punten = _decode_g4(beeld, breedte, hoogte)
        elif filters in (["/CCITTFaxDecode"], ["/JBIG2Decode"]):
            punten = _decode_pdfium(beeld)
        else:
            raise ValueError(f"filters {filters}")
    except (OSError, SyntaxError, zlib.error) as exc:  # Pillow raises the first two on damaged data
        raise ValueError("damaged image data") from exc
    if punten.shape[:2] != (hoogte, breedte):
        raise ValueError("the image has another size than its dictionary says")
    return _apply_decode(beeld, punten)


def _decode_monsters(beeld: Stream, breedte: int, hoogte: int) -> Monsters:
    bits, kleuren = int(beeld.BitsPerComponent), components(beeld.ColorSpace)
    palet = palette_of(beeld.ColorSpace)
    per_punt = 1 if palet is not None else kleuren
    rij = (breedte * per_punt * bits + 7) // 8
    if bits not in {1, 2, 4, 8}:
        raise ValueError(f"{bits} bits per sample")
    ruw = _inflate(beeld, rij, hoogte)
    if bits < 8:
        los = np.unpackbits(ruw, axis=1).reshape(hoogte, -1, bits)
        ruw = (los @ (1 << np.arange(bits - 1, -1, -1)).astype(np.uint8)).astype(np.uint8)
    waarden = ruw[:, : breedte * per_punt].reshape(hoogte, breedte, per_punt)
    if palet is not None:
        return np.asarray(palet[waarden[:, :, 0]])  # an index past the palette raises IndexError
    return waarden if bits == 8 else waarden * np.uint8(255 // (2**bits - 1))


def _inflate(beeld: Stream, rij: int, hoogte: int) -> Monsters:
    """Return the rows of bytes of an unfiltered or Flate image. Never more than they should be: it may be a bomb."""
    parms = _parms(beeld)
    voorspeller = int(parms.get("/Predictor", 1))
    if filters_of(beeld) == ["/FlateDecode"] and (
        voorspeller == 1 or (voorspeller == 2 and beeld.BitsPerComponent == 8)
    ):
        lezer = zlib.decompressobj()
        gegevens = lezer.decompress(beeld.read_raw_bytes(), rij * hoogte)
        if (
            lezer.decompress(lezer.unconsumed_tail, 1) or not lezer.eof
        ):  # eof: the checksum at the end was there, and right
            raise ValueError("too many samples, or the end is missing")
    else:
        gegevens = beeld.read_bytes()
    if len(gegevens) < rij * hoogte:
        raise ValueError("too few samples")
    ruw = np.frombuffer(gegevens, np.uint8, count=rij * hoogte).reshape(hoogte, rij)
    if voorspeller != 2 or beeld.BitsPerComponent != 8:
        return ruw
    kleuren = int(parms.get("/Colors", 1))  # TIFF's predictor: each sample is the difference with its left neighbour
    if int(parms.get("/Columns", 1)) * kleuren != rij or int(parms.get("/BitsPerComponent", 8)) != 8:
        raise ValueError("a predictor for an image of another size")
    return np.cumsum(ruw.reshape(hoogte, -1, kleuren), axis=1, dtype=np.uint8).reshape(hoogte, rij)


def decode_pillow(gegevens: bytes, soort: str) -> Monsters:
    """Return the samples of an encoded image of this Pillow format; raises OSError on damaged data."""
    with Image.open(io.BytesIO(gegevens), formats=(soort,)) as beeld:
        beeld.load()
        return samples(beeld)


def _is_g4(beeld: Stream, breedte: int, hoogte: int) -> bool:
    parms = _parms(beeld)
    gewoon = {"/K", "/Columns", "/Rows", "/BlackIs1", "/EndOfBlock"}
    return (
        set(parms.keys()) <= gewoon
        and int(parms.get("/K", 0)) == -1
        and int(parms.get("/Columns", 1728)) == breedte
        and int(parms.get("/Rows", hoogte)) == hoogte
    )


def _decode_g4(beeld: Stream, breedte: int, hoogte: int) -> Monsters:
    """Let libtiff read the stream, behind a TIFF header of ours (little-endian, one strip)."""
    gegevens = beeld.read_raw_bytes()
    fotometrie = 1 if bool(_parms(beeld).get("/BlackIs1", False)) else 0
    tags = [(256, breedte), (257, hoogte), (258, 1), (259, 4), (262, fotometrie), (273, 0), (277, 1), (278, hoogte)]
    tags.append((279, len(gegevens)))
    begin = 8 + 2 + 12 * len(tags) + 4
    ifd = b"".join(struct.pack("<HHII", tag, 4, 1, begin if tag == 273 else waarde) for tag, waarde in tags)
    kop = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + ifd + struct.pack("<I", 0)
    return decode_pillow(kop + gegevens, "TIFF")


def _decode_pdfium(beeld: Stream) -> Monsters:
    """Let pdfium decode JBIG2 and odd fax variants: the one decoder for them that is at hand, in a PDF of its own."""
    with pikepdf.Pdf.new() as los:
        kopie = los.copy_foreign(beeld)
        for sleutel in ("/Decode", "/SMask", "/Mask"):
            if sleutel in kopie:
                del kopie[sleutel]
        kopie.ColorSpace = Name.DeviceGray
        blad = los.add_blank_page(page_size=(10, 10))
        blad.obj.Resources = Dictionary(XObject=Dictionary(B=kopie))
        blad.obj.Contents = los.make_stream(b"10 0 0 10 0 0 cm /B Do")
        uit = io.BytesIO()
        los.save(uit)
    with pypdfium2.PdfDocument(uit.getvalue()) as document:
        (objekt,) = document[0].get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE])
        grijs = objekt.get_bitmap(render=False).to_pil().convert("L")
        return np.where(np.asarray(grijs) > 127, np.uint8(255), np.uint8(0))[:, :, np.newaxis]


def _apply_decode(beeld: Stream, punten: Monsters) -> Monsters:
    if "/Decode" not in beeld:
        return punten
    decode = [float(getal) for getal in beeld.Decode]
    if palette_of(beeld.ColorSpace) is None and decode == [1.0, 0.0] * punten.shape[2]:
        return 255 - punten
    if decode == [0.0, 1.0] * punten.shape[2]:
        return punten
    raise ValueError("a Decode array that shifts colours")


def filters_of(beeld: Stream) -> list[str]:
    """Return the names of the filters, with their slash, from the outside in."""
    waarde = beeld.get("/Filter")
    if waarde is None:
        return []
    return [str(naam) for naam in waarde] if isinstance(waarde, Array) else [str(waarde)]


def _parms(beeld: Stream) -> Any:
    parms = beeld.get("/DecodeParms", Dictionary())
    return parms[0] if isinstance(parms, Array) and len(parms) == 1 else parms


def components(ruimte: Any) -> int:
    """Return how many colours a colour space has (of a palette: its entries)."""
    naam = str(ruimte[0]) if isinstance(ruimte, Array) else str(ruimte)
    if naam == "/Indexed":
        return components(ruimte[1])
    if naam == "/ICCBased":
        return int(ruimte[1].N)
    return {"/DeviceGray": 1, "/CalGray": 1, "/DeviceRGB": 3, "/CalRGB": 3}[naam]


def is_calibrated(ruimte: Any) -> bool:
    """Return whether this colour space says more than grey or RGB of the device."""
    if isinstance(ruimte, Array) and str(ruimte[0]) == "/Indexed":
        return is_calibrated(ruimte[1])
    return isinstance(ruimte, Array)


def palette_of(ruimte: Any) -> Monsters | None:
    if not isinstance(ruimte, Array) or str(ruimte[0]) != "/Indexed":
        return None
    tabel = ruimte[3].read_bytes() if isinstance(ruimte[3], Stream) else bytes(ruimte[3])
    kleuren = components(ruimte[1])
    return np.frombuffer(tabel, np.uint8, count=(int(ruimte[2]) + 1) * kleuren).reshape(-1, kleuren)


@lru_cache(maxsize=32)
def is_srgb(profiel: bytes) -> bool:
    """Return whether a profile means sRGB: it takes a grid of colours to the same place, within 2 of 255 levels.

    A grey profile counts when it takes greys to the greys of sRGB.
    """
    rooster = np.arange(0, 256, 15, dtype=np.uint8)
    try:
        bron = ImageCms.ImageCmsProfile(io.BytesIO(profiel))
        grijs = bron.profile.xcolor_space.strip() == "GRAY"
        punten = rooster.reshape(1, -1) if grijs else np.stack(np.meshgrid(rooster, rooster, rooster), -1)
        punten = punten if grijs else punten.reshape(len(rooster), -1, 3)
        omzetting = ImageCms.buildTransform(bron, ImageCms.createProfile("sRGB"), "L" if grijs else "RGB", "RGB")
        uit = ImageCms.applyTransform(Image.fromarray(punten), omzetting)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return False
    if uit is None:
        return False
    verwacht = punten[:, :, np.newaxis] if grijs else punten
    return bool(np.abs(np.asarray(uit).astype(np.int16) - verwacht).max() <= 2)


def device_space(ruimte: Any) -> Any:
    """Return the device colour space with the same samples: their meaning taken away, their numbers kept."""
    if isinstance(ruimte, Array) and str(ruimte[0]) == "/Indexed":
        return Array([Name.Indexed, device_space(ruimte[1]), ruimte[2], ruimte[3]])
    return Name.DeviceGray if components(ruimte) == 1 else Name.DeviceRGB
