"""A paper that people hand over as a file: a handboek, a vernietigingsbewijs, a verklaring with ink on it.

It is proof, so a file that nobody can open is refused at once, and not found out years later. Like every file that
comes from outside it is opened in the sandbox alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from scanstraat.bootstrap import Basis, open_zandbak
from scanstraat.domain import Stuk
from scanstraat.errors import InvoerError, NietGevondenError, NietMogelijkError
from scanstraat.intake.bestandsoort import BEGIN_BYTES, find_soort

GROOTSTE_BYTES = 200_000_000
MEESTE_PAGINAS = 5_000
MEESTE_PIXELS = 150_000_000
_TAAK = "scanstraat.zandbaktaken:open_stuk"


def take_stuk(basis: Basis, bestand: Path) -> Stuk:
    """Store a file that opens, page by page; outside any transaction, as drawing a long one takes a while.

    Whether it says what it should, people judge.

    Raises:
        NietGevondenError: there is no such file, or it is empty.
        NietMogelijkError: it is no PDF, TIFF, JPEG or PNG, it cannot be opened, or it is larger than `GROOTSTE_BYTES`.
    """
    if not bestand.is_file() or not bestand.stat().st_size:
        raise NietGevondenError(f"{bestand} bestaat niet, is leeg of is geen bestand.")
    with bestand.open("rb") as stroom:
        soort = find_soort(stroom.read(BEGIN_BYTES))
    if soort is None:
        raise NietMogelijkError(f"{bestand} is geen PDF, TIFF, JPEG of PNG. Geef een scan, of maak er een PDF van.")
    vingerafdruk = basis.opslag.bewaar(bestand, maximum_bytes=GROOTSTE_BYTES)
    fd = basis.opslag.open_fd(vingerafdruk.sha256)
    try:
        with open_zandbak(basis.config) as zandbak:
            grenzen = zandbak.grenzen.for_paginas(vingerafdruk.omvang_bytes // 100_000, seconden=0.5)
            eisen = {"soort": soort, "maximaal_paginas": MEESTE_PAGINAS, "maximaal_pixels": MEESTE_PIXELS}
            zandbak.vraag(_TAAK, eisen, [fd], grenzen).close()
    except InvoerError as exc:
        raise NietMogelijkError(
            f"{bestand} is niet te openen: {exc.melding} Open het zelf, sla het opnieuw op als PDF of scan het papier, "
            "en geef dat bestand."
        ) from exc
    finally:
        os.close(fd)
    return Stuk(vingerafdruk, bestand.name)
