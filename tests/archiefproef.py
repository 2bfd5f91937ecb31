"""Archive files for the tests of getrouwheid, made by a builder that shares no code with the product's, and faults.

`build_archief` embeds generated pages the plain way. `FOUTEN` names every kind of fault the proof must find; each takes
the pages and a random generator and returns the bytes of a faulty archive file.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms, ImageDraw, ImageFont

from kwaliteitscontrole.getrouwheid import Verwacht

SOORTEN = ("jpeg", "jpeg_grijs", "flate", "flate_grijs", "palet", "g4", "g4_strips", "zwartwit")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@dataclass(frozen=True)
class Proefpagina:
    """One page: its master, how it is embedded, and what is recorded about it."""

    master: Image.Image = field(repr=False)
    soort: str
    stromen: tuple[bytes, ...] = field(repr=False)
    dpi: float = 300
    draai: int = 0
    icc: bytes | None = field(default=None, repr=False)
    vakken: tuple[tuple[int, int, int, int], ...] = ()  # where a digit stands, in px

    @property
    def is_jpeg(self) -> bool:
        return self.soort.startswith("jpeg")

    def verwacht(self) -> Verwacht:
        return Verwacht(
            beeld=self.master.copy,
            icc=self.icc,
            draai_graden=self.draai,
            stromen=self.stromen if self.is_jpeg or self.soort.startswith("g4") else (),
            dpi=self.dpi,
            stroom_is_bron=self.is_jpeg,
        )


# --- pages -----------------------------------------------------------------------------------------------------------


def draw_tekstpagina(
    zaad: int,
    *,
    maat: tuple[int, int] = (1240, 1754),
    dpi: float = 150,
    papier: tuple[int, int, int] = (236, 228, 205),
    inkt: tuple[int, int, int] = (70, 66, 62),
) -> tuple[Image.Image, tuple[tuple[int, int, int, int], ...]]:
    """Return a page of numbers and words, and the boxes of its digits in px. Grain and shading as paper has."""
    toeval = random.Random(zaad)
    beeld = Image.new("RGB", maat, papier)
    ruis = Image.effect_noise((maat[0] // 2, maat[1] // 2), 9).resize(maat)
    beeld = Image.blend(beeld, Image.merge("RGB", (ruis, ruis, ruis)), 0.08)
    pen = ImageDraw.Draw(beeld)
    letter = ImageFont.load_default(round(dpi * 11 / 72))
    vakken: list[tuple[int, int, int, int]] = []
    rand, regel = round(dpi * 0.8), round(dpi * 0.24)
    for y in range(rand, maat[1] - rand, regel):
        x = float(rand)
        while x < maat[0] - 2 * rand:
            woord = "".join(toeval.choice("abcdefghijklmnoprstuvwz0123456789") for _ in range(toeval.randint(2, 8)))
            for teken in woord:
                pen.text((x, y), teken, fill=inkt, font=letter)
                if teken.isdigit():
                    x0, y0, x1, y1 = pen.textbbox((x, y), teken, font=letter)
                    vakken.append((int(x0), int(y0), int(x1) + 1, int(y1) + 1))
                x += pen.textlength(teken, font=letter)
            x += dpi * 0.1
        if toeval.random() < 0.15:
            pen.line((rand, y + regel - 4, maat[0] - rand, y + regel - 4), fill=(30, 40, 160), width=2)
    return beeld, tuple(vakken)


def build_pagina(
    soort: str,
    zaad: int,
    *,
    maat: tuple[int, int] = (1240, 1754),
    dpi: float = 150,
    draai: int = 0,
    icc: bytes | None = None,
    inkt: tuple[int, int, int] = (70, 66, 62),
) -> Proefpagina:
    """Return a generated page, embedded as `soort` says."""
    beeld, vakken = draw_tekstpagina(zaad, maat=maat, dpi=dpi, inkt=inkt)
    return embed(beeld, soort, dpi=dpi, draai=draai, icc=icc, vakken=vakken)


def embed(
    beeld: Image.Image,
    soort: str,
    *,
    dpi: float,
    draai: int = 0,
    icc: bytes | None = None,
    vakken: tuple[tuple[int, int, int, int], ...] = (),
) -> Proefpagina:
    """Return this picture as a page; its master is what its streams decode to."""
    if soort.endswith("grijs"):
        beeld = beeld.convert("L")
    elif soort in {"g4", "g4_strips", "zwartwit"}:
        beeld = beeld.convert("L").point(lambda w: 255 if w > 150 else 0).convert("1", dither=Image.Dither.NONE)
    if soort.startswith("jpeg"):
        uit = io.BytesIO()
        beeld.save(uit, "JPEG", quality=82)
        stromen: tuple[bytes, ...] = (uit.getvalue(),)
        master: Image.Image = Image.open(io.BytesIO(stromen[0]))
        master.load()
    elif soort == "palet":
        master = beeld.quantize(64)
        stromen = (zlib.compress(master.tobytes(), 1),)
        palet = bytes(master.palette.getdata()[1]) if master.palette else b""
        return Proefpagina(master.convert("RGB"), soort, (*stromen, palet), dpi, draai, icc, vakken)
    elif soort.startswith("g4"):
        master, stromen = beeld, _g4_strips(beeld, 1 if soort == "g4" else 9)
    else:
        master, stromen = beeld, (zlib.compress(beeld.tobytes(), 1),)
    return Proefpagina(master, soort, stromen, dpi, draai, icc, vakken)


def read_scan(pad: Path, dpi: float) -> Proefpagina:
    """Return a JPEG file as a page."""
    gegevens = pad.read_bytes()
    master = Image.open(io.BytesIO(gegevens))
    master.load()
    vak = (master.width // 3, master.height // 3, master.width // 3 + 25, master.height // 3 + 36)
    return Proefpagina(master, "jpeg", (gegevens,), dpi, 0, master.info.get("icc_profile"), (vak,))


def _g4_strips(beeld: Image.Image, aantal: int) -> tuple[bytes, ...]:
    rijen = -(-beeld.height // aantal)
    strips = []
    for boven in range(0, beeld.height, rijen):
        strip = beeld.crop((0, boven, beeld.width, min(beeld.height, boven + rijen)))
        uit = io.BytesIO()
        strip.save(uit, "TIFF", compression="group4", tiffinfo={278: strip.height})
        with Image.open(uit) as tiff:
            begin, lengte = tiff.tag_v2[273][0], tiff.tag_v2[279][0]  # type: ignore[attr-defined]
        strips.append(uit.getvalue()[begin : begin + lengte])
    return tuple(strips)


def build_rgb_profiel(gamma: float, rood: tuple[float, float, float], naam: str = "proef") -> bytes:
    """Return a small ICC v2 matrix profile: sRGB's green and blue, a red and a gamma of choice (ICC.1:2001-04)."""

    def fixed(getal: float) -> bytes:
        return struct.pack(">i", round(getal * 65536))

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(x) + fixed(y) + fixed(z)

    tekst = naam.encode() + b"\0"
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(tekst)) + tekst + bytes(78)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    delen = {
        b"desc": desc + bytes(-len(desc) % 4),
        b"cprt": b"text\0\0\0\0vrij\0\0\0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(*rood),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    begin = 128 + 4 + 12 * len(delen)
    tabel, inhoud = b"", b""
    for naam_, deel in delen.items():
        tabel += naam_ + struct.pack(">II", begin + len(inhoud), len(deel))
        inhoud += deel
    kop = struct.pack(">I4sI4s4s4s", begin + len(inhoud), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    kop += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return kop + bytes(128 - len(kop)) + struct.pack(">I", len(delen)) + tabel + inhoud


ADOBE_ACHTIG = build_rgb_profiel(2.2, (0.6097, 0.3111, 0.0195))
ANDER_PROFIEL = build_rgb_profiel(1.8, (0.6097, 0.3111, 0.0195), "ander")


# --- the plain builder -----------------------------------------------------------------------------------------------


def build_archief(paginas: Sequence[Proefpagina], *, decimalen: int = 4, tekst: bytes = b"BT 3 Tr ET") -> bytes:
    """Return a PDF with these pages, each its image and a text layer that is not painted."""
    with pikepdf.Pdf.new() as pdf:
        intentie = Dictionary(Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier="sRGB")
        intentie.DestOutputProfile = pdf.make_stream(SRGB, N=3)
        pdf.Root.OutputIntents = Array([pdf.make_indirect(intentie)])
        lettertype = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        for pagina in paginas:
            _add_pagina(pdf, pagina, decimalen, tekst, lettertype)
        return save(pdf)


def _add_pagina(pdf: pikepdf.Pdf, pagina: Proefpagina, decimalen: int, tekst: bytes, lettertype: Any) -> None:
    beelden = _images(pdf, pagina)
    breedte, hoogte = (maat * 72 / pagina.dpi for maat in pagina.master.size)
    blad = pdf.add_blank_page(page_size=(round(breedte, decimalen), round(hoogte, decimalen)))
    if pagina.draai:
        blad.obj.Rotate = pagina.draai
    blad.obj.Resources = Dictionary(
        XObject=Dictionary({f"/I{i}": pdf.make_indirect(beeld) for i, beeld in enumerate(beelden)}),
        Font=Dictionary(F=lettertype),
    )
    stappen, rijen = [], 0
    for i, beeld in enumerate(beelden):
        rijen += int(beeld.Height)
        hoog, onder = int(beeld.Height) * 72 / pagina.dpi, (pagina.master.height - rijen) * 72 / pagina.dpi
        getallen = f"{breedte:.{decimalen}f} 0 0 {hoog:.{decimalen}f} 0 {onder:.{decimalen}f}"
        stappen.append(f"q {getallen} cm /I{i} Do Q")
    blad.obj.Contents = pdf.make_stream("\n".join(stappen).encode() + b"\n" + tekst)


def _images(pdf: pikepdf.Pdf, pagina: Proefpagina) -> list[Stream]:
    breedte, hoogte = pagina.master.size
    kleur: Any = Name.DeviceRGB if pagina.master.mode == "RGB" else Name.DeviceGray
    if pagina.icc is not None:
        profiel = pdf.make_stream(pagina.icc, N=3 if pagina.master.mode == "RGB" else 1)
        kleur = Array([Name.ICCBased, profiel])
    gewoon = {"Type": Name.XObject, "Subtype": Name.Image, "Width": breedte}
    if pagina.soort.startswith("g4"):
        rijen = -(-hoogte // len(pagina.stromen))
        beelden = []
        for i, strip in enumerate(pagina.stromen):
            hoog = min(rijen, hoogte - i * rijen)
            parms = Dictionary(K=-1, Columns=breedte, Rows=hoog, BlackIs1=True)
            beelden.append(Stream(pdf, strip, Filter=Name.CCITTFaxDecode, DecodeParms=parms, **gewoon, Height=hoog))
    elif pagina.soort == "palet":
        gegevens, palet = pagina.stromen
        kleur = Array([Name.Indexed, kleur, len(palet) // 3 - 1, pikepdf.String(palet)])
        beelden = [Stream(pdf, gegevens, Filter=Name.FlateDecode, **gewoon, Height=hoogte)]
    else:
        filter_ = Name.DCTDecode if pagina.is_jpeg else Name.FlateDecode
        beelden = [Stream(pdf, pagina.stromen[0], Filter=filter_, **gewoon, Height=hoogte)]
    for beeld in beelden:
        beeld.ColorSpace, beeld.BitsPerComponent = kleur, 1 if pagina.master.mode == "1" else 8
    return beelden


def save(pdf: pikepdf.Pdf) -> bytes:
    """Return the bytes of a PDF, its streams as they are."""
    uit = io.BytesIO()
    pdf.save(uit, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return uit.getvalue()


# --- faults ----------------------------------------------------------------------------------------------------------

Fout = Callable[[Sequence[Proefpagina], random.Random], bytes]


def _swapped(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    verwisseld = list(paginas)
    i, j = toeval.sample(range(len(paginas)), 2)
    verwisseld[i], verwisseld[j] = verwisseld[j], verwisseld[i]
    return build_archief(verwisseld)


def _dropped(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    weg = toeval.randrange(len(paginas))
    return build_archief([pagina for i, pagina in enumerate(paginas) if i != weg])


def _duplicated(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    dubbel = toeval.randrange(len(paginas))
    return build_archief([*paginas[: dubbel + 1], *paginas[dubbel:]])


def _replaced_by_duplicate(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    i, j = toeval.sample(range(len(paginas)), 2)
    vervangen = list(paginas)
    vervangen[i] = vervangen[j]
    return build_archief(vervangen)


def _turned(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    i = toeval.randrange(len(paginas))
    return build_archief(
        [
            replace(pagina, draai=(pagina.draai + toeval.choice((90, 180, 270))) % 360) if j == i else pagina
            for j, pagina in enumerate(paginas)
        ]
    )


def _repainted_digit(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    i = toeval.randrange(len(paginas))
    return build_archief([repaint_digit(pagina, toeval) if j == i else pagina for j, pagina in enumerate(paginas)])


def repaint_digit(pagina: Proefpagina, toeval: random.Random) -> Proefpagina:
    """Return the page with one digit turned into another by a stroke as dark as the digit."""
    beeld = pagina.master.convert("RGB")
    x0, y0, x1, y1 = toeval.choice(pagina.vakken)
    vak = beeld.crop((x0, y0, x1, y1)).convert("L")
    laag, hoog = vak.getextrema()
    donker = int(laag) if int(hoog) - int(laag) > 20 else max(0, int(laag) - 60)  # type: ignore[arg-type]
    dik = max(1, round(0.25 / 25.4 * pagina.dpi))
    hoogte = min(y1 - y0 - 2, max(4, round(1.5 / 25.4 * pagina.dpi)))
    helder = _lightest_column(vak, dik)
    ImageDraw.Draw(beeld).rectangle(
        (x0 + helder, y0 + 1, x0 + helder + dik - 1, y0 + hoogte), fill=(donker, donker, donker)
    )
    anders = embed(beeld, pagina.soort, dpi=pagina.dpi, draai=pagina.draai, icc=pagina.icc, vakken=pagina.vakken)
    return replace(anders, master=anders.master)


def _lightest_column(vak: Image.Image, dik: int) -> int:
    kolommen = vak.resize((vak.width, 1), Image.Resampling.BOX).tobytes()
    return max(range(vak.width - dik + 1), key=lambda x: sum(kolommen[x : x + dik]))


def _recompressed(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    i = toeval.randrange(len(paginas))
    uit = io.BytesIO()
    paginas[i].master.convert("L" if paginas[i].master.mode != "RGB" else "RGB").save(
        uit, "JPEG", quality=toeval.choice((40, 75, 90, 98))
    )
    anders = replace(paginas[i], soort="jpeg", stromen=(uit.getvalue(),), master=Image.open(uit))
    return build_archief([anders if j == i else pagina for j, pagina in enumerate(paginas)])


def _cropped(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    """Cut 2 to 40 px off a side: from the samples, by a smaller box, or by moving the image off the page."""
    i = toeval.randrange(len(paginas))
    manier, weg = toeval.choice(("beeld", "mediabox", "cropbox", "plaats", "groter")), toeval.randint(2, 40)
    if manier == "beeld":
        master = paginas[i].master
        kader = [0, 0, master.width, master.height]
        kant = toeval.randrange(4)
        kader[kant] += weg if kant < 2 else -weg
        pagina = embed(master.crop((kader[0], kader[1], kader[2], kader[3])), paginas[i].soort, dpi=paginas[i].dpi)
        return build_archief([pagina if j == i else p for j, p in enumerate(paginas)])
    punten = weg * 72 / paginas[i].dpi
    with pikepdf.open(io.BytesIO(build_archief(paginas))) as pdf:
        blad = pdf.pages[i]
        x0, y0, x1, y1 = (float(getal) for getal in blad.mediabox)
        if manier in {"mediabox", "cropbox"}:
            setattr(blad.obj, "MediaBox" if manier == "mediabox" else "CropBox", Array([x0, y0, x1 - punten, y1]))
        elif manier == "plaats":
            blad.contents_add(f"q 1 0 0 1 {punten:.3f} 0 cm".encode(), prepend=True)
            blad.contents_add(b"Q")
        else:
            blad.contents_add(f"q {1 + weg / 500:.4f} 0 0 1 0 0 cm".encode(), prepend=True)
            blad.contents_add(b"Q")
        return save(pdf)


def _profile(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    """Take the colour profile of one page away, or put another in its place."""
    met = [i for i, pagina in enumerate(paginas) if pagina.icc is not None]
    zonder = [i for i, pagina in enumerate(paginas) if pagina.icc is None and pagina.master.mode == "RGB"]
    i = toeval.choice(met or zonder)
    nieuw = toeval.choice((None, ANDER_PROFIEL)) if i in met else ANDER_PROFIEL
    return build_archief([replace(p, icc=nieuw) if j == i else p for j, p in enumerate(paginas)])


def _cut_stream(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    """Take 1 to 15 bytes off the end of one image stream."""
    i = toeval.randrange(len(paginas))
    eerste, *rest = paginas[i].stromen
    stromen = (eerste[: -toeval.randint(1, 15)], *rest)
    return build_archief([replace(p, stromen=stromen) if j == i else p for j, p in enumerate(paginas)])


def _flipped_bit(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    i = toeval.randrange(len(paginas))
    eerste, *rest = paginas[i].stromen
    anders = bytearray(eerste)
    anders[toeval.randrange(len(anders) // 2, len(anders))] ^= 1 << toeval.randrange(8)
    return build_archief([replace(p, stromen=(bytes(anders), *rest)) if j == i else p for j, p in enumerate(paginas)])


def _visible_text(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    tonen = toeval.choice((b"0 Tr", b"2 Tr", b"3 Tr q 0 Tr", b"1 Tr"))
    return build_archief(paginas, tekst=b"BT " + tonen + b" /F 11 Tf 1 0 0 1 90 200 Tm (zichtbaar) Tj ET")


def _drawn_over(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    """Paint a small white box, a line or a second image over one page, in the content or as an annotation."""
    i = toeval.randrange(len(paginas))
    with pikepdf.open(io.BytesIO(build_archief(paginas))) as pdf:
        blad = pdf.pages[i]
        x, y = toeval.randint(60, 200), toeval.randint(60, 300)
        vlak = f"1 1 1 rg {x} {y} 30 9 re f".encode()
        manier = toeval.choice(("vak", "formulier", "aantekening", "lijn", "beeld"))
        if manier == "vak":
            blad.contents_add(vlak)
        elif manier == "lijn":
            blad.contents_add(f"0 0 0 RG 0.5 w {x} {y} m {x + 60} {y} l S".encode())
        elif manier == "beeld":
            wit = pdf.make_stream(b"\xff", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1)
            wit.ColorSpace, wit.BitsPerComponent = Name.DeviceGray, 8
            blad.obj.Resources.XObject.W = wit
            blad.contents_add(f"q 30 0 0 9 {x} {y} cm /W Do Q".encode())
        else:
            vorm = pdf.make_stream(vlak, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 600, 850]))
            if manier == "formulier":
                blad.obj.Resources.XObject.W = vorm
                blad.contents_add(b"/W Do")
            else:
                aantekening = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([0, 0, 600, 850]), F=4)
                aantekening.AP = Dictionary(N=vorm)
                blad.obj.Annots = Array([pdf.make_indirect(aantekening)])
        return save(pdf)


def _inverted(paginas: Sequence[Proefpagina], toeval: random.Random) -> bytes:
    i = toeval.randrange(len(paginas))
    with pikepdf.open(io.BytesIO(build_archief(paginas))) as pdf:
        for _, beeld in pdf.pages[i].obj.Resources.XObject.items():
            if paginas[i].soort.startswith("g4"):
                beeld.DecodeParms.BlackIs1 = False
            else:
                hoogste = 255 if paginas[i].soort == "palet" else 1
                kleuren = 1 if paginas[i].soort == "palet" or paginas[i].master.mode != "RGB" else 3
                beeld.Decode = Array([hoogste, 0] * kleuren)
        return save(pdf)


FOUTEN: dict[str, Fout] = {
    "verwisseld": _swapped,
    "weggelaten": _dropped,
    "verdubbeld": _duplicated,
    "vervangen": _replaced_by_duplicate,
    "gedraaid": _turned,
    "cijfer": _repainted_digit,
    "hergecomprimeerd": _recompressed,
    "bijgesneden": _cropped,
    "kleurprofiel": _profile,
    "afgekapt": _cut_stream,
    "bit": _flipped_bit,
    "tekst_zichtbaar": _visible_text,
    "overgeschilderd": _drawn_over,
    "omgekeerd": _inverted,
}
