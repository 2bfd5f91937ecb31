"""Print what goes along with boxes of paper: the label, the container sheet and the list of what to fetch.

A label has the box number itself in its code, so that a hand scanner types exactly what people read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from scanstraat.drukdelen import (
    TIJDZONE,
    Kolom,
    build_gegevens,
    build_lijst,
    build_logboek,
    build_mono,
    build_tabel,
    build_tekenveld,
    format_aantal,
    format_bladen,
    format_datum,
    format_getal,
    format_tijd,
    render_pagina,
)
from scanstraat.drukwerk import Bijlage, escape_tekst, render_code, render_pdf
from scanstraat.errors import NietMogelijkError
from vernietiging.verklaring import Bladreeks, Logverwijzing

MEESTE_REGELS = 6  # on a label
_OPEN = "........................................ (invullen)"
_VAK = '<span class="vak"></span>'
_DEMO = '<div class="watermerk">DEMONSTRATIE</div><span class="demo">DEMONSTRATIE</span>'
_MATEN = {"A6": (105, 148, 8.0), "A5": (148, 210, 11.3)}  # width and height in mm, letter in points


@dataclass(frozen=True)
class Doosetiket:
    """What stands on a box. Dates are "2026-03-02"."""

    doosnummer: str
    organisatie: str
    inhoud: tuple[str, ...]  # "B-2026-0001 t/m B-2026-0004"
    documenten: int
    bladen: int
    gesloten_op: str
    besluit: str
    vrij_vanaf: str = ""  # first day after the controletermijn; empty is not known yet
    demonstratie: bool = False


@dataclass(frozen=True)
class Containerdoos:
    """One box in a container."""

    doosnummer: str
    documenten: int
    bladen: int


@dataclass(frozen=True)
class Containerblad:
    """What the destruction company takes along. An empty container or zegel is filled in by hand."""

    lijst: str
    organisatie: str
    gemaakt_op: str
    bedrijf: str
    methode: str
    niveau: str
    container: str
    zegel: str
    contact: str
    dozen: tuple[Containerdoos, ...]
    logboek: Logverwijzing
    opdracht: str  # its number
    demonstratie: bool = False


@dataclass(frozen=True)
class Haalregel:
    """Sheets of one document, and where they lie."""

    document: str
    zaak: str
    batch: str
    doos: str
    plaats: str
    bladen: tuple[Bladreeks, ...]


@dataclass(frozen=True)
class Haallijst:
    """Which paper must come out of its box, and why."""

    nummer: str
    organisatie: str
    gemaakt_op: str
    reden: str
    gevraagd_door: str
    regels: tuple[Haalregel, ...]
    demonstratie: bool = False


def render_doosetiket(etiketten: Sequence[Doosetiket], *, formaat: Literal["A6", "A5"] = "A6") -> bytes:
    """Return a PDF/A-3b with a label per page.

    Raises:
        NietMogelijkError: no labels.
    """
    if not etiketten:
        raise NietMogelijkError("Noem een doos voor een etiket.")
    breedte, hoogte, letter = _MATEN[formaat]
    vergroting = breedte / _MATEN["A6"][0]
    zijde = vergroting * max(render_code(etiket.doosnummer).zijde_mm for etiket in etiketten)
    velden = {
        "breedte_mm": str(breedte),
        "hoogte_mm": str(hoogte),
        "letter_pt": f"{letter:g}pt",
        "zijde_mm": f"{zijde:.2f}",
        "etiketten": "".join(_build_etiket(etiket, breedte, vergroting) for etiket in etiketten),
    }
    return render_pdf(render_pagina("doosetiket.html", velden, demonstratie=False))  # each label says so itself


def _build_etiket(etiket: Doosetiket, breedte_mm: int, vergroting: float) -> str:
    code = render_code(etiket.doosnummer)
    zijde = code.zijde_mm * vergroting
    punten = min(breedte_mm * 0.27, breedte_mm * 0.86 / (max(1, len(etiket.doosnummer)) * 0.602 * 0.3528))
    regels = list(etiket.inhoud[:MEESTE_REGELS])
    if len(etiket.inhoud) > MEESTE_REGELS:
        regels.append(f"en nog {len(etiket.inhoud) - MEESTE_REGELS}")
    gegevens = build_gegevens(
        (
            ("Gesloten op", format_datum(etiket.gesloten_op)),
            ("Besluit", etiket.besluit),
            ("Papier mag niet weg voor", format_datum(etiket.vrij_vanaf) if etiket.vrij_vanaf else "nog niet bekend"),
        )
    )
    documenten, bladen = (
        format_aantal(etiket.documenten, "document", "documenten"),
        format_aantal(etiket.bladen, "blad", "bladen"),
    )
    return (
        f'<section><div class="kop">{_DEMO if etiket.demonstratie else ""}'
        f"{escape_tekst(etiket.organisatie)}</div>"
        f'<div class="groot" style="font-size: {punten:.1f}pt">{escape_tekst(etiket.doosnummer)}</div>'
        f'<table class="midden"><tr><td><ul>{build_lijst(regels)}</ul><p>{documenten}, {bladen}</p></td>'
        f'<td class="codevak"><img class="code" alt="" src="{code.bron}" '
        f'style="width: {zijde:.2f}mm; height: {zijde:.2f}mm"></td></tr></table>{gegevens}'
        '<div class="na"><b>Na vernietiging</b><table><tr><td><div class="lijn">Datum</div></td>'
        '<td><div class="lijn">Lijst</div></td><td><div class="lijn">Paraaf</div></td></tr></table></div></section>'
    )


def render_containerblad(blad: Containerblad, *, tijdzone: str = TIJDZONE) -> bytes:
    """Return the PDF/A-3b that goes along with a container; what is on it is attached as JSON.

    Raises:
        NietMogelijkError: no boxes.
        VerklaringError: the checkpoint has no signature that fits in a code.
    """
    if not blad.dozen:
        raise NietMogelijkError("Zet eerst dozen op de lijst; een containerblad zonder dozen bestaat niet.")
    opdracht = build_gegevens(
        (
            ("Kenmerk", f"opdracht {blad.opdracht}"),
            ("Opdracht aan", blad.bedrijf),
            ("Methode", blad.methode),
            ("Niveau", f"{blad.niveau} volgens DIN 66399 (ISO/IEC 21964)"),
            ("Container", blad.container or _OPEN),
            ("Zegel", blad.zegel or _OPEN),
        )
    )
    kolommen = (
        Kolom("Nr.", 11, "getal"),
        Kolom("Doos"),
        Kolom("Documenten", 27, "getal"),
        Kolom("Bladen", 24, "getal"),
        Kolom("Afgegeven", 22),
        Kolom("Ontvangen", 22),
    )
    rijen = [
        (str(n), _vet(doos.doosnummer), format_getal(doos.documenten), format_getal(doos.bladen), _VAK, _VAK)
        for n, doos in enumerate(blad.dozen, start=1)
    ]
    documenten, bladen = (sum(doos.documenten for doos in blad.dozen), sum(doos.bladen for doos in blad.dozen))
    totaal = f"Samen {format_aantal(len(blad.dozen), 'doos', 'dozen')}"
    rijen.append(("", _vet(totaal), _vet(format_getal(documenten)), _vet(format_getal(bladen)), "", ""))
    lijnen = ("Naam", "Datum en tijd", "Handtekening")
    velden = {
        "lijst": escape_tekst(blad.lijst),
        "organisatie": escape_tekst(blad.organisatie),
        "gemaakt": format_tijd(blad.gemaakt_op, tijdzone),
        "kenmerk": escape_tekst(blad.opdracht),
        "opdracht": opdracht,
        "contact": escape_tekst(blad.contact),
        "dozen": build_tabel(kolommen, rijen),
        "logboek": build_logboek(blad.logboek, uitgebreid=False),
        "tekenvelden": build_tekenveld(
            f"Afgegeven namens {blad.organisatie}", ("Container dicht, zegel aangebracht en gecontroleerd.",), lijnen
        )
        + build_tekenveld(f"Ontvangen namens {blad.bedrijf}", ("Zegel onverbroken, nummers kloppen.",), lijnen)
        + build_tekenveld(f"Vernietigd door {blad.bedrijf}", ("Zegel onverbroken tot de vernietiging.",), lijnen),
    }
    return _render(blad, "containerblad", velden, demonstratie=blad.demonstratie, op=blad.gemaakt_op)


def render_haallijst(lijst: Haallijst, *, tijdzone: str = TIJDZONE) -> bytes:
    """Return the PDF/A-3b of a pick list in walking order (place, box, sheet); what is on it is attached as JSON.

    Raises:
        NietMogelijkError: nothing to fetch.
    """
    if not lijst.regels:
        raise NietMogelijkError("Er is geen papier om te halen.")
    kolommen = (
        Kolom("Gehaald", 17),
        Kolom("Plaats", 38),
        Kolom("Doos", 30),
        Kolom("Batch en bladen", 36),
        Kolom("Zaak en kenmerk van het document"),
    )
    looproute = sorted(lijst.regels, key=_find_plek)
    rijen = (
        (
            _VAK,
            escape_tekst(regel.plaats),
            _vet(regel.doos),
            f"{escape_tekst(regel.batch)}<br><b>{format_bladen(regel.bladen)}</b>",
            f"{escape_tekst(regel.zaak)}<br>{build_mono(regel.document)}",
        )
        for regel in looproute
    )
    dozen = format_aantal(len({regel.doos for regel in lijst.regels}), "doos", "dozen")
    velden = {
        "nummer": escape_tekst(lijst.nummer),
        "organisatie": escape_tekst(lijst.organisatie),
        "gemaakt": format_tijd(lijst.gemaakt_op, tijdzone),
        "gegevens": build_gegevens(
            (
                ("Reden", lijst.reden),
                ("Gevraagd door", lijst.gevraagd_door),
                ("Aantal", f"{format_aantal(len(lijst.regels), 'document', 'documenten')} uit {dozen}"),
            )
        ),
        "regels": build_tabel(kolommen, rijen),
        "tekenveld": build_tekenveld(
            "Papier gehaald", ("Wat niet gevonden is, staat hierboven niet aangekruist.",), ("Naam", "Datum", "Paraaf")
        ),
    }
    return _render(lijst, "haallijst", velden, demonstratie=lijst.demonstratie, op=lijst.gemaakt_op)


def _find_plek(regel: Haalregel) -> tuple[str, str, str, int]:
    return regel.plaats, regel.doos, regel.batch, regel.bladen[0].van if regel.bladen else 0


def _vet(tekst: str) -> str:
    return f"<b>{escape_tekst(tekst)}</b>"


def _render(
    blad: Containerblad | Haallijst, naam: str, velden: dict[str, str], *, demonstratie: bool, op: str
) -> bytes:
    gegevens = json.dumps({"schema": f"scanstraat.{naam}/1", **asdict(blad)}, ensure_ascii=False).encode("utf-8")
    bijlage = Bijlage(f"{naam}.json", "Wat op dit blad staat", "Data", gegevens)
    pagina = render_pagina(f"{naam}.html", velden, demonstratie=demonstratie)
    return render_pdf(pagina, [bijlage], op=datetime.fromisoformat(op))
