"""The archive file of a document whose pages are not each one scanned image: OCRmyPDF lays the text on it.

For PDFs that may pass all the same: layered (MRC) scans, whose paper stays, and born-digital documents of a profile
that takes them in. Runs in the sandbox.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

import ocrmypdf
import pikepdf

from scanstraat.errors import InvoerError
from scanstraat.intake.masterbeeld import open_fd
from scanstraat.intake.pdfpagina import page_turn
from scanstraat.ocrmypdf_plugin import TEKSTEN
from scanstraat.ocrpagina import OcrPagina
from scanstraat.pdfa import Bouwverslag, Metadata, PaginaBron, build_pdfa, finish_pdfa


def build_via_ocrmypdf(
    paginas: Iterable[PaginaBron], uit_fd: int, metadata: Metadata, talen: Sequence[str], *, bron_fds: Sequence[int]
) -> Bouwverslag:
    """Write the archive file of these pages, in order: pages of a PDF as they are, other images as `build_pdfa` does.

    Args:
        uit_fd: empty, open for reading and writing.
        bron_fds: the descriptor of each page's file, in the order of `paginas`.
    Raises:
        InvoerError "geen_pdfa": no valid PDF/A can be made of it.
    """
    teksten: dict[int, OcrPagina] = {}
    with ExitStack() as stapel:
        map_ = Path(stapel.enter_context(tempfile.TemporaryDirectory(prefix="ocrmypdf-")))
        samen = stapel.enter_context(pikepdf.Pdf.new())
        bronnen: dict[int, pikepdf.Pdf] = {}
        for plek, (pagina, fd) in enumerate(zip(paginas, bron_fds, strict=True)):
            if pagina.lezer.soort == "pdf":
                if fd not in bronnen:
                    bestand = stapel.enter_context(open_fd(fd))
                    bronnen[fd] = stapel.enter_context(pikepdf.open(cast(BinaryIO, bestand)))
                samen.pages.append(bronnen[fd].pages[pagina.n - 1])
                samen.pages[-1].obj.Rotate = _page_rotate(pagina, bronnen[fd].pages[pagina.n - 1])
                if pagina.ocr is not None:
                    teksten[plek] = pagina.ocr
            else:
                _append_image(stapel, samen, pagina, metadata, talen)
        samen.save(map_ / "in.pdf")
        aantal = len(samen.pages)
        _lay_text(map_, teksten, talen)
        with pikepdf.open(map_ / "uit.pdf") as klaar:
            if len(klaar.pages) != aantal:
                raise InvoerError("geen_pdfa", "Bij het maken van de PDF/A ging een pagina verloren. Scan opnieuw.")
            _settle_names(klaar)
            niet_nagegaan = finish_pdfa(klaar, uit_fd, metadata, talen)
    woorden = sum(ocr.woorden for ocr in teksten.values())
    return Bouwverslag(aantal, 0, woorden, os.fstat(uit_fd).st_size, niet_nagegaan)


def _page_rotate(pagina: PaginaBron, origineel: pikepdf.Page) -> int:
    """Return /Rotate for a page that goes along as it is: its own, plus every recorded turn.

    `draai_graden` counts from the stored image; what the file itself turned (`draai_pdf`) is in the page already.
    """
    gemeld = pagina.draai_graden - pagina.lezer.beeld(pagina.n).draai_pdf
    return (page_turn(origineel) + gemeld) % 360


def _settle_names(pdf: pikepdf.Pdf) -> None:
    """Give the text layers fixed names: OCRmyPDF picks them at random, and the same input must give the same bytes."""
    for pagina in pdf.pages:
        lagen = pagina.obj.get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary())
        for nummer, naam in enumerate([naam for naam in lagen.keys() if naam.startswith("/OCR-")]):  # noqa: SIM118
            vast = f"/Tekstlaag{nummer}"
            lagen[vast] = lagen[naam]
            del lagen[naam]
            for stroom in _contents(pagina):
                inhoud = stroom.read_bytes()
                if naam.encode("ascii") in inhoud:
                    stroom.write(inhoud.replace(naam.encode("ascii"), vast.encode("ascii")))


def _contents(pagina: pikepdf.Page) -> list[pikepdf.Stream]:
    inhoud = pagina.obj.get("/Contents", pikepdf.Array())
    return [inhoud] if isinstance(inhoud, pikepdf.Stream) else cast(list[pikepdf.Stream], list(inhoud))


def _append_image(
    stapel: ExitStack, samen: pikepdf.Pdf, pagina: PaginaBron, metadata: Metadata, talen: Sequence[str]
) -> None:
    """Add a page of an image file, built with its own text layer."""
    fd = os.memfd_create("pagina")
    stapel.callback(os.close, fd)
    build_pdfa([pagina], fd, metadata, talen)
    los = stapel.enter_context(open_fd(fd))
    samen.pages.extend(stapel.enter_context(pikepdf.open(cast(BinaryIO, los))).pages)


def _lay_text(map_: Path, teksten: dict[int, OcrPagina], talen: Sequence[str]) -> None:
    """Let OCRmyPDF put the text on pages that have none, without touching an image."""
    TEKSTEN.update(teksten)
    try:
        ocrmypdf.ocr(
            map_ / "in.pdf",
            map_ / "uit.pdf",
            language=list(talen),
            output_type="pdf",  # only the text; what makes it PDF/A is the same for every document: finish_pdfa
            skip_text=True,
            optimize=0,
            jobs=1,
            use_threads=True,
            progress_bar=False,
            plugins=["scanstraat.ocrmypdf_plugin"],
        )
    except ocrmypdf.exceptions.ExitCodeException as exc:
        raise InvoerError(
            "geen_pdfa",
            "Van dit document is geen geldige PDF/A te maken. Stel de scanner in op gewone scans zonder lagen, "
            "of vraag de afzender om een PDF/A.",
        ) from exc
    finally:
        TEKSTEN.clear()
