"""Does a paper that people hand over open, to its last page? Runs in the sandbox.

Less is asked than of a scan: a handboek may hold text, drawings, links and signatures. But every page must show.
"""

from __future__ import annotations

from collections.abc import Iterator

import pikepdf
import pypdfium2
from PIL import Image

from scanstraat.errors import InvoerError
from scanstraat.intake.beelden import open_bron
from scanstraat.intake.bestandsoort import Soort
from scanstraat.intake.masterbeeld import open_fd
from scanstraat.intake.tiffopbouw import too_many_paginas
from scanstraat.intake.volledigheid import check_beeld

_PROEF_DPI = 36
_LEES_DPI = 200  # a code of 14 mm is read at that, and small print too
_LEES_PX = 4_000  # of the longest side: a page of a metre is drawn smaller
_BESCHADIGD = "Het bestand is beschadigd of niet compleet."
_FOUTEN = (pikepdf.PikepdfError, pypdfium2.PdfiumError, RuntimeError, ValueError, TypeError, LookupError)


def open_stuk(fd: int, soort: Soort, *, maximaal_paginas: int, maximaal_pixels: int) -> int:
    """Open every page of a file and return how many there are.

    Raises:
        InvoerError: it is damaged, protected by a password, empty, or too large; the message says which.
    """
    if soort == "pdf":
        return _open_pdf(fd, maximaal_paginas)
    with open_bron(fd, soort, maximaal_pixels=maximaal_pixels) as lezer:
        aantal = 0
        for beeld in lezer.beelden():
            aantal += 1
            if aantal > maximaal_paginas:
                raise too_many_paginas(maximaal_paginas)
            check_beeld(beeld)
    return aantal


def draw_grijs(fd: int, soort: Soort, *, maximaal_pixels: int) -> Iterator[tuple[Image.Image, float]]:
    """Yield each page as people see it: mode "L", with its dots per inch.

    Raises:
        InvoerError: a page cannot be drawn.
    """
    if soort != "pdf":
        with open_bron(fd, soort, maximaal_pixels=maximaal_pixels) as lezer:
            for beeld in lezer.beelden():
                yield beeld.decode_grijs(), _LEES_DPI if beeld.dpi is None else sum(beeld.dpi) / 2
        return
    try:
        with open_fd(fd) as bestand, pypdfium2.PdfDocument(bestand) as document:
            for pagina in document:
                schaal = min(_LEES_DPI / 72, _LEES_PX / max(1.0, *pagina.get_size()))
                yield pagina.render(scale=schaal, grayscale=True).to_pil().convert("L"), schaal * 72
    except _FOUTEN as exc:
        raise InvoerError("beschadigd", _BESCHADIGD) from exc


def _open_pdf(fd: int, maximaal_paginas: int) -> int:
    """Count with one program, which may mend nothing: a PDF cut in half opens after mending. Draw with another.

    Raises:
        InvoerError: see `open_stuk`.
    """
    try:
        with open_fd(fd) as bestand, pikepdf.open(bestand, attempt_recovery=False) as pdf:
            aantal = len(pdf.pages)
        if aantal > maximaal_paginas:
            raise too_many_paginas(maximaal_paginas)
        with open_fd(fd) as bestand, pypdfium2.PdfDocument(bestand) as document:
            if not 0 < aantal == len(document):
                raise InvoerError("beschadigd", _BESCHADIGD)
            for pagina in document:
                pagina.render(scale=_PROEF_DPI / 72).close()
    except pikepdf.PasswordError as exc:
        raise InvoerError("versleuteld", "Er zit een wachtwoord op.") from exc
    except _FOUTEN as exc:
        raise InvoerError("beschadigd", _BESCHADIGD) from exc
    return aantal
