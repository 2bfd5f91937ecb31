"""CSV as capture software and multifunctionals write it: a line of column names, then one line per scan."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping

from hardware.errors import IndexbestandError
from hardware.scanmap.indexregel import MAXIMALE_LENGTE_VELD, Indexregel, build_regel, check_aantal

SCHEIDINGSTEKEN = ";"
CODERING = "utf-8-sig"


def parse_csv(inhoud: bytes, naam: str, kolommen: Mapping[str, str]) -> tuple[Indexregel, ...]:
    """Read a CSV index; `kolommen` may hold "scheidingsteken" and "codering" beside the names of columns.

    Column names are compared without regard to capitals. Empty lines are skipped.

    Raises:
        IndexbestandError: not in this encoding, no line of column names, or a line that does not fit it.
    """
    teken = "\t" if naam.lower().endswith(".tsv") else kolommen.get("scheidingsteken", SCHEIDINGSTEKEN)
    tekst = decode_tekst(inhoud, kolommen)
    lezer = csv.reader(io.StringIO(tekst, newline=""), delimiter=teken, strict=True)
    regels: list[Indexregel] = []
    kop: list[str] | None = None
    # column names as configured are matched in small letters, so that "Zaak" and "ZAAK" both work
    klein = {veld: kolom.strip().casefold() for veld, kolom in kolommen.items()}
    try:
        for cellen in lezer:
            if not any(cel.strip() for cel in cellen):
                continue
            plek = f"regel {lezer.line_num}"
            if kop is None:
                kop = _parse_kop(cellen, klein, kolommen, teken)
                continue
            if len(cellen) != len(kop):
                raise IndexbestandError(
                    f"Het indexbestand heeft op {plek} {len(cellen)} kolommen, de eerste regel heeft er {len(kop)}."
                )
            regels.append(build_regel(dict(zip(kop, cellen, strict=True)), klein, plek))
            check_aantal(len(regels))
    except csv.Error as exc:
        raise IndexbestandError(
            f"Het indexbestand is op regel {lezer.line_num} niet te lezen. Kijk of de aanhalingstekens kloppen en of "
            f"een waarde niet langer is dan {MAXIMALE_LENGTE_VELD} tekens."
        ) from exc
    if kop is None:
        raise IndexbestandError("Het indexbestand is leeg.")
    return tuple(regels)


def decode_tekst(inhoud: bytes, kolommen: Mapping[str, str]) -> str:
    """Return the text in the encoding of the profile.

    Raises:
        IndexbestandError: another encoding, or no text at all.
    """
    codering = kolommen.get("codering", CODERING)
    try:
        codecs.lookup(codering)
        tekst = inhoud.decode(codering)
    except LookupError as exc:
        raise IndexbestandError(
            f"De codering {codering!r} bestaat niet. Verbeter 'codering' bij het profiel in config.toml."
        ) from exc
    except UnicodeError as exc:
        raise IndexbestandError(
            f"Het indexbestand is geen {codering}. Zet 'codering' bij het profiel in config.toml goed, bijvoorbeeld op "
            "'cp1252'."
        ) from exc
    if "\0" in tekst:
        raise IndexbestandError("Het indexbestand is geen tekst. Maak het opnieuw als CSV-bestand.")
    return tekst


def _parse_kop(cellen: list[str], klein: Mapping[str, str], kolommen: Mapping[str, str], teken: str) -> list[str]:
    kop = [cel.strip().casefold() for cel in cellen]
    bestand = klein.get("bestand", "bestand")
    if bestand not in kop:
        raise IndexbestandError(
            f"Het indexbestand heeft op regel 1 geen kolom {kolommen.get('bestand', 'bestand')!r}. De kolommen moeten "
            f"gescheiden zijn door {teken!r}. Pas het bestand aan, of het profiel in config.toml."
        )
    if len(set(kop)) != len(kop):
        raise IndexbestandError("Het indexbestand heeft op regel 1 twee kolommen met dezelfde naam.")
    return kop
