"""What stands in the code of a scheidingsblad, and how it is read back. Pure.

The text of a code is seven fields with ":" between them:

    SB1:D:ZAAK-2026-000123:3:::K4T7QA
    |   | |                | |||
    |   | |                | ||check value over everything before it
    |   | |                | |profile
    |   | |                | scanoperator
    |   | |                number of sheets that follow; empty is "not said"
    |   | zaak (Documentblad) or name of the batch (Batchblad)
    |   kind: B, D, L (bijlage) or E
    format and version

A character that is no letter, digit or one of " $*+-./" is written as %XX of its UTF-8 bytes, so that with capitals a
QR code can use its compact alphabet. The check value tells a damaged code, or somebody else's code that happens to
begin alike, from a good one. It is no signature: whoever can print a sheet can send one along in the mail.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

from scanstraat.errors import ScheidingsbladError

VERSIE = "SB1"
MAXIMALE_LENGTE_ZAAK = 40  # characters; ZGW Zaken 1.5: identificatie
MAXIMALE_LENGTE_NAAM = 40  # scanoperator, profile, batch
MAXIMAAL_BLADEN = 9999
_GEWOON = " $*+-./"  # besides letters and digits: the rest of the QR alphabet, without % and :
_BEGIN = re.compile(r"SB\d{1,3}:", re.ASCII)
_LENGTE_CONTROLE = 6


class Bladsoort(StrEnum):
    """Kind of separator sheet, and what it means for the sheets after it."""

    BATCHBLAD = "batchblad"  # scanoperator, profile and number of sheets of the batch
    DOCUMENTBLAD = "documentblad"  # a new document, on this zaak
    BIJLAGEBLAD = "bijlageblad"  # a new document, on the zaak of the one before
    EINDBLAD = "eindblad"  # nothing follows that belongs to a document


_LETTERS = {
    Bladsoort.BATCHBLAD: "B",
    Bladsoort.DOCUMENTBLAD: "D",
    Bladsoort.BIJLAGEBLAD: "L",
    Bladsoort.EINDBLAD: "E",
}
_SOORTEN = {letter: soort for soort, letter in _LETTERS.items()}


@dataclass(frozen=True)
class Scheidingsblad:
    """What a separator sheet says. Empty text and None mean "not said"."""

    soort: Bladsoort
    zaak: str = ""  # only on a Documentblad, where it must stand
    batch: str = ""  # only on a Batchblad: what people call the batch
    bladen: int | None = None  # sheets of paper that follow, without separator sheets: of the batch or of the document
    scanoperator: str = ""  # only on a Batchblad
    profiel: str = ""  # only on a Batchblad

    def __post_init__(self) -> None:
        """Refuse what cannot be printed or would be read back otherwise."""
        fouten = find_fouten(self)
        if fouten:
            raise ScheidingsbladError(" ".join(fouten))


def find_fouten(blad: Scheidingsblad) -> tuple[str, ...]:
    """Return what is wrong with a sheet, as Dutch sentences."""
    is_batch, is_document = blad.soort is Bladsoort.BATCHBLAD, blad.soort is Bladsoort.DOCUMENTBLAD
    teksten = (blad.zaak, blad.batch, blad.scanoperator, blad.profiel)
    toetsen = (
        ("Op een Documentblad hoort een zaaknummer.", is_document and not blad.zaak),
        ("Alleen op een Documentblad staat een zaaknummer.", not is_document and blad.zaak != ""),
        (
            "Alleen op een Batchblad staan batch, scanoperator en profiel.",
            not is_batch and (blad.batch, blad.scanoperator, blad.profiel) != ("", "", ""),
        ),
        ("Op een Eindblad staat geen aantal bladen.", blad.soort is Bladsoort.EINDBLAD and blad.bladen is not None),
        (
            f"Het aantal bladen moet tussen 1 en {MAXIMAAL_BLADEN} liggen.",
            blad.bladen is not None and not 1 <= blad.bladen <= MAXIMAAL_BLADEN,
        ),
        (f"Een zaaknummer heeft hoogstens {MAXIMALE_LENGTE_ZAAK} tekens.", len(blad.zaak) > MAXIMALE_LENGTE_ZAAK),
        (
            f"Batch, scanoperator en profiel hebben elk hoogstens {MAXIMALE_LENGTE_NAAM} tekens.",
            max(len(tekst) for tekst in teksten[1:]) > MAXIMALE_LENGTE_NAAM,
        ),
        (
            "Gebruik geen spaties aan het begin of einde en geen tabs of regeleinden.",
            any(tekst != tekst.strip() or not tekst.isprintable() for tekst in teksten),
        ),
    )
    return tuple(melding for melding, fout in toetsen if fout)


def build_code(blad: Scheidingsblad) -> str:
    """Return the text of the code on a sheet."""
    velden = (
        VERSIE,
        _LETTERS[blad.soort],
        _pack(blad.zaak or blad.batch),
        "" if blad.bladen is None else str(blad.bladen),
        _pack(blad.scanoperator),
        _pack(blad.profiel),
    )
    inhoud = ":".join(velden)
    return f"{inhoud}:{_check_value(inhoud)}"


def is_scheidingscode(tekst: str) -> bool:
    """True when a code was meant as ours, also when it is damaged or of a later version."""
    return _BEGIN.match(tekst) is not None


def parse_code(tekst: str) -> Scheidingsblad:
    """Read the text of a code.

    Raises:
        ScheidingsbladError: damaged, of another version, or not ours at all. The message says which.
    """
    if not is_scheidingscode(tekst):
        raise ScheidingsbladError("Deze code is niet van een scheidingsblad.")
    velden = tekst.split(":")
    if velden[0] != VERSIE:
        raise ScheidingsbladError("Dit scheidingsblad is met een andere versie gemaakt. Druk een nieuw blad af.")
    inhoud, _, controle = tekst.rpartition(":")
    if len(velden) != 7 or controle != _check_value(inhoud) or velden[1] not in _SOORTEN:
        raise ScheidingsbladError("De code op dit scheidingsblad is beschadigd. Druk een nieuw blad af.")
    soort = _SOORTEN[velden[1]]
    nummer, scanoperator, profiel = (unquote(velden[i], errors="strict") for i in (2, 4, 5))
    return Scheidingsblad(
        soort,
        zaak=nummer if soort is Bladsoort.DOCUMENTBLAD else "",
        batch=nummer if soort is not Bladsoort.DOCUMENTBLAD else "",
        bladen=int(velden[3]) if velden[3] else None,
        scanoperator=scanoperator,
        profiel=profiel,
    )


def _pack(tekst: str) -> str:
    # quote() leaves "_" and "~" as they are; they are no part of the QR alphabet but harmless
    return quote(tekst, safe=_GEWOON)


def _check_value(inhoud: str) -> str:
    """Thirty bits of SHA-256 in letters and digits: a damaged code passes once in 10^9 times."""
    som = hashlib.sha256(inhoud.encode("utf-8")).digest()
    return base64.b32encode(som).decode("ascii")[:_LENGTE_CONTROLE]
