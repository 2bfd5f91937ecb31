"""Everything that is ever done with delivered bytes, in one list. These functions run only inside the sandbox.

A task gets plain JSON values and open file descriptors and gives plain JSON values and descriptors back. The other side
(`intake/ontleden.py`, `archiveren.py`) never parses a delivered file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from typing import Any

from PIL import Image

from hardware.scanmap import parse_index
from kwaliteitscontrole import beeld as meten
from kwaliteitscontrole.bevinding import Bevinding
from kwaliteitscontrole.getrouwheid import Verwacht, check_getrouwheid
from scanstraat.intake import stukopening
from scanstraat.intake.beelden import Bronlezer, Masterbeeld, open_bron
from scanstraat.intake.splitsen import find_codes
from scanstraat.intake.volledigheid import Eisen, onderzoek
from scanstraat.ocrpagina import OcrPagina
from scanstraat.pdfa import Metadata, PaginaBron, build_pdfa
from scanstraat.zandbak import Bericht, build_memfd

Gegevens = dict[str, Any]

_DRAAI = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}  # Pillow's is anticlockwise


def onderzoek_bestand(gegevens: Gegevens, bestanden: list[int]) -> Gegevens:
    """Is this file whole, is it of a kind we take in, and how many page images does it hold?"""
    gevonden = onderzoek(bestanden[0], Eisen(**gegevens["eisen"]))
    return {
        "soort": gevonden.soort,
        "aantal_beelden": gevonden.aantal_beelden,
        "is_scan": gevonden.is_scan,
        "bevindingen": [bevinding_to_json(bevinding) for bevinding in gevonden.bevindingen],
    }


def open_stuk(gegevens: Gegevens, bestanden: list[int]) -> Gegevens:
    """Does a paper that people hand over open, to its last page?"""
    return {"paginas": stukopening.open_stuk(bestanden[0], **gegevens)}


def lees_stuk(gegevens: Gegevens, bestanden: list[int]) -> Iterator[Bericht]:
    """Give of each page of such a paper the texts of its codes, and its grey pixels in a memfd for OCR."""
    beelden = stukopening.draw_grijs(bestanden[0], gegevens["soort"], maximaal_pixels=gegevens["maximaal_pixels"])
    for grijs, dpi in islice(beelden, gegevens["paginas"]):
        codes = [code.tekst for code in find_codes(grijs) if code.leesbaar]
        maat = {"breedte": grijs.width, "hoogte": grijs.height, "dpi": dpi}
        yield Bericht({"codes": codes, **maat}, (build_memfd(grijs.tobytes()),))


def ontleed_bron(gegevens: Gegevens, bestanden: list[int]) -> Iterator[Gegevens]:
    """Decode each page once: its facts, its measurements with findings, and the codes on it."""
    grenzen = meten.Beeldgrenzen(**gegevens["grenzen"])
    with open_bron(bestanden[0], gegevens["soort"], maximaal_pixels=gegevens["maximaal_pixels"]) as lezer:
        for beeld in lezer.beelden():
            yield _ontleed_beeld(beeld, gegevens["dpi_zonder_opgave"], grenzen)


def _ontleed_beeld(beeld: Masterbeeld, dpi_zonder_opgave: float, grenzen: meten.Beeldgrenzen) -> Gegevens:
    pixels = beeld.decode()
    grijs = pixels if pixels.mode == "L" else pixels.convert("L")
    dpi = dpi_zonder_opgave if beeld.dpi is None else sum(beeld.dpi) / 2
    metingen = meten.measure_beeld(pixels, dpi=dpi, grijs=grijs)
    return {
        "n": beeld.n,
        "breedte_px": beeld.breedte_px,
        "hoogte_px": beeld.hoogte_px,
        "dpi": dpi,
        "dpi_bron": "profiel" if beeld.dpi is None else "bestand",
        "kleurmodus": beeld.modus,
        "compressie": beeld.compressie,
        "is_scan": beeld.is_scan,
        "draai_pdf": beeld.draai_pdf,
        "metingen": metingen.to_json(),
        "bevindingen": [bevinding_to_json(b) for b in meten.find_bevindingen(metingen, grenzen=grenzen)],
        "codes": [code.to_json() for code in find_codes(grijs)],
    }


def lees_grijs(gegevens: Gegevens, bestanden: list[int]) -> Iterator[Bericht]:
    """Give the grey pixels of the asked pages, turned as recorded, one memfd each, for OCR."""
    with open_bron(bestanden[0], gegevens["soort"], maximaal_pixels=gegevens["maximaal_pixels"]) as lezer:
        for pagina in gegevens["paginas"]:
            grijs = lezer.beeld(pagina["n"]).decode_grijs()
            if pagina["draai_graden"]:
                grijs = grijs.transpose(_DRAAI[pagina["draai_graden"]])
            memfd = build_memfd(grijs.tobytes())
            yield Bericht({"breedte": grijs.width, "hoogte": grijs.height}, (memfd,))


def bouw_archiefbestand(gegevens: Gegevens, bestanden: list[int]) -> Gegevens:
    """Build the PDF/A: descriptors are the output, room to work on disk, the text layer and then each bron."""
    uit_fd, werk_fd, tekst_fd, *bron_fds = bestanden
    with ExitStack() as stapel:
        lezers = _open_bronnen(stapel, gegevens, bron_fds)
        paginas = (
            PaginaBron(
                lezer=lezers[pagina["bron"]],
                n=pagina["n"],
                draai_graden=pagina["draai_graden"],
                ocr=ocr,
                dpi=pagina["dpi"],
                ocr_draai=None if ocr is None else ocr.draai_graden,
            )
            for pagina, ocr in zip(gegevens["paginas"], _read_tekstlaag(tekst_fd), strict=True)
        )
        metadata = Metadata(**gegevens["metadata"])
        talen = tuple(gegevens["talen"])
        if gegevens["is_scan"]:
            return asdict(build_pdfa(paginas, uit_fd, metadata, talen, werk_fd=werk_fd))
        from scanstraat.ocrmypdf_route import build_via_ocrmypdf  # noqa: PLC0415  slow to load, and seldom needed

        fds = [bron_fds[pagina["bron"]] for pagina in gegevens["paginas"]]
        return asdict(build_via_ocrmypdf(paginas, uit_fd, metadata, talen, bron_fds=fds))


def toets_getrouwheid(gegevens: Gegevens, bestanden: list[int]) -> Gegevens:
    """Prove that the archive file shows exactly the masters: descriptors are the PDF/A and then each bron."""
    pdf_fd, *bron_fds = bestanden
    with ExitStack() as stapel:
        lezers = _open_bronnen(stapel, gegevens, bron_fds)
        verwacht = (_expect(lezers[pagina["bron"]], bron_fds[pagina["bron"]], pagina) for pagina in gegevens["paginas"])
        oordeel = check_getrouwheid(pdf_fd, verwacht)
        return {"gelijk": oordeel.gelijk, "rapport": oordeel.to_json()}


def _expect(lezer: Bronlezer, bron_fd: int, pagina: Gegevens) -> Verwacht:
    beeld = lezer.beeld(pagina["n"])
    if not beeld.is_scan:
        draai = (pagina["draai_graden"] - beeld.draai_pdf) % 360  # the file is drawn as it turns itself
        return Verwacht(draai_graden=draai, geen_scan=True, bron_pdf=(bron_fd, beeld.n))
    stromen = beeld.stromen()
    return Verwacht(
        beeld=beeld.decode,
        icc=beeld.icc,
        draai_graden=pagina["draai_graden"],
        stromen=stromen,
        dpi=beeld.dpi or pagina["dpi"],  # both directions: a fax is finer across than down
        stroom_is_bron=lezer.soort == "jpeg",
        ruimte=beeld.delen()[0].ruimte if stromen else None,
    )


def lees_index(gegevens: Gegevens, bestanden: list[int]) -> Gegevens:
    """Read an index file that came with the scans."""
    with os.fdopen(os.dup(bestanden[0]), "rb") as invoer:
        invoer.seek(0)
        inhoud = invoer.read(gegevens["maximaal_bytes"] + 1)
    return {"regels": [asdict(regel) for regel in parse_index(inhoud, gegevens["naam"], gegevens["kolommen"])]}


def _open_bronnen(stapel: ExitStack, gegevens: Gegevens, bron_fds: list[int]) -> list[Bronlezer]:
    return [
        stapel.enter_context(open_bron(fd, soort, maximaal_pixels=gegevens["maximaal_pixels"]))
        for fd, soort in zip(bron_fds, gegevens["soorten"], strict=True)
    ]


def _read_tekstlaag(fd: int) -> Iterator[OcrPagina | None]:
    """Yield the text of each page in order; one page is in memory at a time."""
    with os.fdopen(os.dup(fd), "rb") as invoer:
        invoer.seek(0)
        for regel in invoer:
            ocr = json.loads(regel)["ocr"]
            yield None if ocr is None else OcrPagina.from_json(ocr)


def bevinding_to_json(bevinding: Bevinding) -> Gegevens:
    """Return a finding as plain values; `ontleden.bevinding_from_json` reads it back outside."""
    return {
        "code": bevinding.code,
        "ernst": bevinding.ernst.value,
        "tekst": bevinding.tekst,
        "plaats": None if bevinding.plaats is None else asdict(bevinding.plaats),
        "vervangbaar": bevinding.vervangbaar,
    }
