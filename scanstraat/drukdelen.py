"""The parts that our prints have in common, as HTML: tables, dates, the place in the log, the lines for ink.

Every text that comes in is escaped here; what comes out is markup and goes into a template as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from scanstraat.domain import to_local
from scanstraat.drukwerk import escape_tekst, read_sjabloon, render_code
from vernietiging.errors import VerklaringError
from vernietiging.notitie import LENGTE_HANDTEKENING, Notitie, Soort, parse_notitie
from vernietiging.verklaring import Bladreeks, Logverwijzing

TIJDZONE = "Europe/Amsterdam"
_MAANDEN = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_DEMOKOP = '<div class="watermerk">DEMONSTRATIE</div><div class="demokop"><span>DEMONSTRATIE</span></div>'


@dataclass(frozen=True)
class Kolom:
    """A column of a table: its head, its width in mm (0 takes what is left), and its class."""

    kop: str
    breedte_mm: float = 0
    klasse: str = ""


def render_pagina(sjabloon: str, velden: Mapping[str, str], *, demonstratie: bool) -> str:
    """Return a whole page of a template; `velden` are markup already."""
    return read_sjabloon(sjabloon).substitute(
        velden,
        huisstijl=read_sjabloon("huisstijl.css").template,
        demonstratie=_DEMOKOP if demonstratie else "",
    )


def format_datum(datum: str) -> str:
    """Return "2026-03-02" as it is written in a Dutch letter: 2 maart 2026."""
    dag = date.fromisoformat(datum)
    return f"{dag.day} {_MAANDEN[dag.month - 1]} {dag.year}"


def format_tijd(tijd: str, tijdzone: str = TIJDZONE) -> str:
    """Return a stored time as people there say it: 2 maart 2026 om 15:05 uur."""
    lokaal = to_local(tijd, tijdzone)
    return f"{format_datum(lokaal.date().isoformat())} om {lokaal:%H:%M} uur"


def format_bladen(bladen: Sequence[Bladreeks]) -> str:
    """Return ranges of sheets in words: "blad 3", "bladen 1–4, 7"."""
    delen = [str(reeks.van) if reeks.van == reeks.tot else f"{reeks.van}–{reeks.tot}" for reeks in bladen]
    een = len(bladen) == 1 and bladen[0].van == bladen[0].tot
    return f"{'blad' if een else 'bladen'} {', '.join(delen)}"


def format_getal(getal: int) -> str:
    """Return a number as it is written in Dutch: 1.234."""
    return f"{getal:,}".replace(",", ".")


def format_aantal(aantal: int, een: str, meer: str) -> str:
    """Return a number with its noun: 1 doos, 2 dozen, 1.234 dozen."""
    return f"{format_getal(aantal)} {een if aantal == 1 else meer}"


def build_lijst(regels: Iterable[str]) -> str:
    """Return list items."""
    return "".join(f"<li>{escape_tekst(regel)}</li>" for regel in regels)


def build_tekst(tekst: str) -> str:
    """Return text as markup, with every digest in it in letters of one width."""
    return _HASH.sub(lambda treffer: f'<span class="mono">{treffer[0]}</span>', escape_tekst(tekst))


def build_gegevens(regels: Iterable[tuple[str, str]]) -> str:
    """Return a table of label and value; a line without a value is left out."""
    rijen = "".join(
        f"<tr><th>{escape_tekst(label)}</th><td>{build_tekst(waarde)}</td></tr>" for label, waarde in regels if waarde
    )
    return f'<table class="gegevens">{rijen}</table>'


def build_tabel(kolommen: Sequence[Kolom], rijen: Iterable[Sequence[str]], *, klasse: str = "") -> str:
    """Return a table whose head comes back on every page.

    Args:
        rijen: cells as markup. A row of one cell is a heading between the rows.
    """
    breedten = "".join(f'<col style="width: {k.breedte_mm:g}mm">' if k.breedte_mm else "<col>" for k in kolommen)
    koppen = "".join(f'<th class="{k.klasse}">{escape_tekst(k.kop)}</th>' for k in kolommen)
    inhoud = "".join(_build_rij(kolommen, rij) for rij in rijen)
    return (
        f'<table class="lijst {klasse}"><colgroup>{breedten}</colgroup><thead><tr>{koppen}</tr></thead>'
        f"<tbody>{inhoud}</tbody></table>"
    )


def _build_rij(kolommen: Sequence[Kolom], rij: Sequence[str]) -> str:
    if len(rij) == 1:
        return f'<tr class="tussenkop"><td colspan="{len(kolommen)}">{rij[0]}</td></tr>'
    cellen = "".join(f'<td class="{k.klasse}">{cel}</td>' for k, cel in zip(kolommen, rij, strict=True))
    return f"<tr>{cellen}</tr>"


def build_mono(tekst: str) -> str:
    """Return text in letters of one width."""
    return f'<span class="mono">{escape_tekst(tekst)}</span>'


def build_wortel(wortel: str) -> str:
    """Return a root as eight groups of eight hex digits, for people to compare."""
    groepen = "".join(f"<span>{wortel[i : i + 8]}</span>" for i in range(0, len(wortel), 8))
    return f'<div class="wortel">{groepen}</div>'


def build_code_checkpoint(logboek: Logverwijzing) -> str:
    """Return the text of the code: the checkpoint with only its Ed25519 line. The ML-DSA line is too long for a code.

    Raises:
        VerklaringError: the log did not sign with Ed25519.
        LogboekGewijzigdError: the checkpoint is no signed note.
    """
    notitie = parse_notitie(logboek.checkpoint.encode())
    for handtekening in notitie.handtekeningen:
        kort = len(handtekening.gegevens) == LENGTE_HANDTEKENING[Soort.ED25519]
        if handtekening.naam == logboek.oorsprong and kort:
            return Notitie(notitie.tekst, (handtekening,)).to_bytes().decode()
    raise VerklaringError("Het checkpoint heeft geen handtekening met Ed25519 van het logboek zelf.")


def build_logboek(logboek: Logverwijzing, *, uitgebreid: bool) -> str:
    """Return where the log stood: root and code, and with `uitgebreid` keys, time stamps and witnesses as well."""
    code = render_code(build_code_checkpoint(logboek))
    stand = [
        ("Oorsprong", logboek.oorsprong),
        ("Omvang", format_aantal(logboek.omvang, "gebeurtenis", "gebeurtenissen")),
    ]
    bewijs = [
        *((f"{n}e sleutel in het beleid", sleutel) for n, sleutel in enumerate(logboek.sleutels, start=1)),
        *(
            ("Tijdstempel", f"{s.naam}, {s.tijd} (UTC)" + (f", nummer {s.nummer}" if s.nummer else ""))
            for s in logboek.tijdstempels
        ),
        *(("Getuige", getuige) for getuige in logboek.getuigen),
    ]
    return (
        f'<table class="logboek"><tr><td>{build_gegevens(stand)}'
        f'<p class="zacht">Wortel</p>{build_wortel(logboek.wortel)}</td><td class="codevak">'
        f'<img class="code" alt="Checkpoint als QR-code" src="{code.bron}" '
        f'style="width: {code.zijde_mm:.2f}mm; height: {code.zijde_mm:.2f}mm">'
        "<br>Checkpoint met Ed25519-handtekening</td></tr></table>"
        f"{build_gegevens(bewijs) if uitgebreid else ''}"
    )


def build_tekenveld(wie: str, regels: Iterable[str], lijnen: Sequence[str]) -> str:
    """Return a field to sign by hand: who, what is known of them, and a line for each of `lijnen`."""
    uitleg = "".join(f"<div>{escape_tekst(regel)}</div>" for regel in regels if regel)
    cellen = "".join(f'<td><div class="lijn">{escape_tekst(lijn)}</div></td>' for lijn in lijnen)
    return (
        f'<div class="tekenveld"><div class="wie">{escape_tekst(wie)}</div>{uitleg}'
        f"<table><tr>{cellen}</tr></table></div>"
    )
