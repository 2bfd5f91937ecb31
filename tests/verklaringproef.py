"""A verklaring in which everything is right, as large as a test wants it, with a checkpoint that is really signed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vernietiging.checkpoint import Checkpoint, build_bericht, build_handtekening
from vernietiging.notitie import Notitie, Sleutel, Soort
from vernietiging.verklaring import (
    Besluitverwijzing,
    Bladreeks,
    Controleregel,
    Documentregel,
    Doosregel,
    Logverwijzing,
    Ondertekenaar,
    Periode,
    Stempelregel,
    Uitvoering,
    Verklaring,
    Verklaringsoort,
    Vrijgaveregel,
    build_tellingen,
    format_nummer,
)

OORSPRONG = "gemeente.example/vernietiging/1"
_GEHEIM = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOGSLEUTEL = Sleutel(OORSPRONG, Soort.ED25519, _GEHEIM.public_key().public_bytes_raw())
_KWANTUMSLEUTEL = Sleutel(OORSPRONG, Soort.ML_DSA_44, bytes(1312))
DOCUMENTEN_PER_DOOS = 40


def build_logverwijzing(omvang: int = 1_234) -> Logverwijzing:
    """Return a log reference whose note has an Ed25519 line that holds, and a long one that a QR code cannot take."""
    checkpoint = Checkpoint(OORSPRONG, omvang, hashlib.sha256(b"wortel").digest())
    regel = build_handtekening(LOGSLEUTEL, _GEHEIM.sign(build_bericht(checkpoint, LOGSLEUTEL)))
    lang = build_handtekening(_KWANTUMSLEUTEL, bytes(2420), tijd=1)
    return Logverwijzing(
        oorsprong=OORSPRONG,
        omvang=omvang,
        wortel=checkpoint.wortel.hex(),
        checkpoint=Notitie(checkpoint.to_tekst(), (lang, regel)).to_bytes().decode(),
        sleutels=tuple(
            f"{sleutel.naam}+{sleutel.id.hex()} SHA-256 {hashlib.sha256(sleutel.to_vkey().encode()).hexdigest()}"
            for sleutel in (LOGSLEUTEL, _KWANTUMSLEUTEL)
        ),
        tijdstempels=(
            Stempelregel("Tijdstempeldienst Voorbeeld", "2026-11-20T10:15:02Z", "0x4F9F3C7E6A55"),
            Stempelregel("Tweede stempeldienst", "2026-11-20T10:15:04Z", "71002"),
        ),
        getuigen=("archief.example/getuige",),
    )


def build_specificatie(documenten: int) -> tuple[Doosregel, ...]:
    """Return so many documents of one to three sheets, forty in a box, a batch in every box."""
    dozen: list[Doosregel] = []
    for begin in range(0, documenten, DOCUMENTEN_PER_DOOS):
        regels, blad = [], 1
        for n in range(begin, min(begin + DOCUMENTEN_PER_DOOS, documenten)):
            bladen = n % 3 + 1
            regels.append(
                Documentregel(
                    id=str(UUID(int=n + 2**100)),
                    batch=f"B-2026-{begin // DOCUMENTEN_PER_DOOS + 1:04d}",
                    zaak=f"ZAAK-2026-{n + 1:06d}",
                    paginas=bladen * 2,
                    bladen=(Bladreeks(blad, blad + bladen - 1),),
                    pdf_sha256=hashlib.sha256(str(n).encode()).hexdigest(),
                    versie=1,
                    formaat="PDF/A-2b",
                    bewaartermijn="V, 10 jaar" if n % 2 else "Nader te bepalen",
                )
            )
            blad += bladen
        dozen.append(Doosregel(f"D-2026-{len(dozen) + 1:04d}", tuple(regels)))
    return tuple(dozen)


def build_verklaring(
    soort: Verklaringsoort = Verklaringsoort.VERVANGING, *, documenten: int = 3, **anders: Any
) -> Verklaring:
    """Return a verklaring without gebreken, with the given fields replaced afterwards."""
    specificatie = build_specificatie(documenten)
    batches = sorted({document.batch for doos in specificatie for document in doos.documenten})
    goed = Verklaring(
        soort=soort,
        nummer=format_nummer(soort, 2026, 1),
        vervangt="",
        reden="",
        opgemaakt_op="2026-11-20T10:20:00Z",
        regime="1995",
        organisatie="Gemeente Voorbeeldstad",
        zorgdrager="College van burgemeester en wethouders van Voorbeeldstad",
        besluit=Besluitverwijzing("2026-0815", "2026-01-13", "Gemeenteblad 2026, 45678", "2.1", "ab" * 32),
        grondslag=("artikel 7 van de Archiefwet 1995", "de artikelen 2, 6 en 8 van het Archiefbesluit 1995"),
        periode=Periode("2026-11-01", "2026-11-20"),
        wijze_van_vervanging=(
            "De papieren zijn dubbelzijdig in kleur gescand op 300 dpi en per document opgeslagen als PDF/A-2b met een "
            "doorzoekbare tekstlaag. Elk beeldpunt van het archiefbestand is gelijk aan dat van de scan."
        ),
        uitvoeringen=(
            Uitvoering(
                lijst="VL-2026-0001",
                dozen=tuple(doos.doosnummer for doos in specificatie),
                methode="Versnipperen op locatie van het bedrijf, gevolgd door recycling",
                niveau="P-4",
                bedrijf="Papiervernietiging De Molen B.V.",
                container="C-4471",
                zegel="Z-009812",
                certificaat="2026/11/4471",
                certificaat_sha256="cd" * 32,
                uitgevoerd_op="2026-11-19T13:40:00Z",
            ),
        ),
        systemen=("Zaaksysteem Voorbeeldstad", "Scanstraat, opslag A en B"),
        artikelen=("Selectielijst gemeenten en intergemeentelijke organen 2020, resultaat 19.1.14",),
        tellingen=build_tellingen(specificatie),
        specificatie=specificatie,
        controle=tuple(
            Controleregel(
                batch, "ISO 2859-1, niveau II, n = 32, Ac 0", 32, 0, "goedgekeurd", "K. de Vries", "controleur"
            )
            for batch in batches
        ),
        vrijgaven=(
            Vrijgaveregel(
                "VL-2026-0001", "A. Jansen", "teamleider DIV", "Mandaatbesluit 2025, 4.2", "2026-11-02T09:00:00Z"
            ),
            Vrijgaveregel(
                "VL-2026-0001", "B. el Idrissi", "archivaris", "Mandaatbesluit 2025, 4.3", "2026-11-03T15:30:00Z"
            ),
        ),
        ondertekenaars=(
            Ondertekenaar("A. Jansen", "teamleider DIV", "Mandaatbesluit 2025, 4.2", "2026-11-20T10:18:00Z"),
            Ondertekenaar("B. el Idrissi", "archivaris", "Mandaatbesluit 2025, 4.3", ""),
        ),
        logboek=build_logverwijzing(),
        demonstratie=False,
    )
    return replace(goed, **anders)
