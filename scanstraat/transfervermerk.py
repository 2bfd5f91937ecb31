"""The transfervermerk of a document: by whom and how its scan was made, what was noticed, and what was found. Pure.

It states that image and content agree with the paper only when a person found so. Without `met_naam` it names nobody:
people are a function and the id that only the log uses.

Source: BSI TR-03138, A.NB.4; checklist 17 of the field.
"""

from __future__ import annotations

import json
from typing import Any

from scanstraat.documentfeiten import Documentfeiten, Wie, say_scan

SCHEMA = "scanstraat.transfervermerk/2"


def build_transfervermerk(feiten: Documentfeiten, *, organisatie: str, met_naam: bool) -> dict[str, Any]:
    """Return the note as plain values: what `render_json` writes and `render_tekst` says."""

    def wie(persoon: Wie) -> dict[str, Any]:
        return {
            "functie": persoon.functie,
            "log_id": persoon.log_id or None,
            **({"naam": persoon.naam or None} if met_naam else {}),
        }

    scan, gekeurd, grondslag, papier = feiten.scan, feiten.gekeurd, feiten.grondslag, feiten.papier
    return {
        "schema": SCHEMA,
        "document": {
            "id": feiten.id,
            "versie": feiten.versie,
            "log_id": feiten.versie_log_id,
            "zaak": feiten.zaak or None,
            "bestand": {
                "sha256": feiten.pdf.sha256,
                "sha512": feiten.pdf.sha512,
                "omvang_bytes": feiten.pdf.omvang_bytes,
            },
        },
        "gemaakt_door": wie(scan.door),
        "omgeving": {
            "organisatie": organisatie,
            "onderdeel": scan.onderdeel or None,
            "scanmap": scan.scanmap,
            "scanner": scan.scanner,
            "profiel": scan.profiel,
            "instellingen_sha256": scan.instellingen_sha256,
            "programmas": dict(scan.programmas),
            "besluit": None
            if grondslag is None
            else {
                "nummer": grondslag.nummer,
                "versie": grondslag.versie,
                "datum": grondslag.datum,
                "handboekversie": grondslag.handboekversie,
            },
        },
        "scan": {
            "is_scan": scan.is_scan,
            "paginas": scan.paginas,
            "dpi": list(scan.dpi),
            "kleuren": list(scan.kleuren),
            "bronnen": list(scan.bronnen),
        },
        "tijden": {
            "gescand_op": scan.gescand_op,
            "gearchiveerd_op": feiten.gearchiveerd_op,
            "teruggelezen_op": None if feiten.aangekomen is None else feiten.aangekomen.bevestigd_op,
            "gekeurd_op": None if gekeurd is None else gekeurd.op,
            "papier_vernietigd_op": papier.vernietigd_op or None,
        },
        "papier_zonder_grond": papier.zonder_grond or None,
        "bijzonderheden": [
            {
                "ernst": opmerking.ernst,
                "code": opmerking.code,
                "tekst": opmerking.tekst,
                "pagina": opmerking.pagina,
                "afgehandeld": opmerking.afgehandeld,
                "vervallen": opmerking.vervallen,
            }
            for opmerking in feiten.opmerkingen
        ],
        "bewerkingen": [
            {"soort": bewerkt.soort, "op": bewerkt.op, "door": wie(bewerkt.door)} for bewerkt in feiten.bewerkingen
        ],
        "controle": {
            "pdfa": {"profiel": feiten.pdfa_profiel, "conform": feiten.conform, "rapport": feiten.pdfa_rapport_sha256},
            "beeldpunten": {"gelijk": feiten.getrouw, "rapport": feiten.getrouwheid_rapport_sha256},
            "keuring": None
            if gekeurd is None
            else {
                "uitslag": gekeurd.uitslag,
                "door": wie(gekeurd.door),
                "plan": gekeurd.plan,
                "getrokken_paginas": list(gekeurd.getrokken),
                "fouten": [{"pagina": pagina, "code": code} for pagina, code in gekeurd.fouten],
                "oordeel": gekeurd.oordeel_sha256,
                "regel_in_logboek": gekeurd.regel,
            },
        },
        "overeenstemming": say_overeenstemming(feiten),
    }


def say_overeenstemming(feiten: Documentfeiten) -> str:
    """Return the statement on whether image and content agree with the paper: never more than was found."""
    if not feiten.scan.is_scan:
        return "Dit document is als bestand aangeleverd: er was geen papier om mee te vergelijken."
    if not feiten.getrouw:
        return "Het archiefbestand toont NIET precies de scan. Gebruik het niet in plaats van het papier."
    pixels = "Het archiefbestand toont beeldpunt voor beeldpunt de scan."
    if feiten.gekeurd is None or feiten.gekeurd.uitslag != "goedgekeurd":
        return f"{pixels} Dat de scan met het papier overeenkomt, is (nog) niet door een mens vastgesteld."
    return (
        f"{pixels} De batch is bij de controle goedgekeurd: beeld en inhoud van de scan komen overeen met het papier."
    )


def render_json(vermerk: dict[str, Any]) -> bytes:
    """Return the note for programs."""
    return json.dumps(vermerk, ensure_ascii=False, indent=1).encode() + b"\n"


def render_tekst(vermerk: dict[str, Any], feiten: Documentfeiten) -> bytes:
    """Return the note for people, in Dutch."""
    document, omgeving, tijden, controle = (vermerk[deel] for deel in ("document", "omgeving", "tijden", "controle"))
    besluit, keuring = omgeving["besluit"], controle["keuring"]
    regels = [
        f"Transfervermerk van document {document['id']}, versie {document['versie']}",
        f"Zaak: {document['zaak'] or 'nog geen'}",
        f"Bestand: {document['bestand']['omvang_bytes']} bytes, SHA-256 {document['bestand']['sha256']}",
        "",
        "Hoe het is gemaakt",
        f"Door: {_say_wie(vermerk['gemaakt_door'])}",
        f"Wat: {say_scan(feiten.scan)}" + ("" if feiten.scan.is_scan else " (als bestand aangeleverd, geen scan)"),
        f"Waar: {omgeving['organisatie']}, {omgeving['onderdeel'] or 'geen onderdeel genoemd'}, "
        f"scanmap {omgeving['scanmap']}",
        f"Scanner: {omgeving['scanner']}; profiel {omgeving['profiel']} "
        f"(vingerafdruk van de instellingen: {omgeving['instellingen_sha256']})",
        "Programma's: " + (", ".join(f"{n} {v}" for n, v in omgeving["programmas"].items()) or "niet bekend"),
        "Besluit: "
        + (
            "valt nog onder geen besluit"
            if besluit is None
            else f"{besluit['nummer']}, versie {besluit['versie']} van {besluit['datum']}, "
            f"handboek {besluit['handboekversie']}"
        ),
        "",
        "Wanneer (UTC)",
        *(
            f"{wat}: {tijden[sleutel] or 'nog niet'}"
            for sleutel, wat in (
                ("gescand_op", "Gescand"),
                ("gearchiveerd_op", "Archiefbestand gemaakt"),
                ("teruggelezen_op", "Teruggelezen uit het zaaksysteem en gelijk bevonden"),
                ("gekeurd_op", "Door een mens gekeurd"),
                ("papier_vernietigd_op", "Papier vernietigd"),
            )
        ),
        "",
        "Wat opviel",
        *(
            [f"Papier is vernietigd ZONDER GROND. Dit stond in de weg: {vermerk['papier_zonder_grond']}"]
            if vermerk["papier_zonder_grond"]
            else []
        ),
        *(_say_bijzonderheid(een) for een in vermerk["bijzonderheden"]),
        *([] if vermerk["bijzonderheden"] or vermerk["papier_zonder_grond"] else ["Niets."]),
        *(f"Bewerkt: {een['soort']} op {een['op']} door {_say_wie(een['door'])}" for een in vermerk["bewerkingen"]),
        "",
        "Wat is vastgesteld",
        f"PDF/A-{controle['pdfa']['profiel']} volgens veraPDF: {'ja' if controle['pdfa']['conform'] else 'NEE'} "
        f"(rapport {controle['pdfa']['rapport']})",
        f"Beeldpunten gelijk aan de scan: {'ja' if controle['beeldpunten']['gelijk'] else 'NEE'} "
        f"(rapport {controle['beeldpunten']['rapport']})",
        "Keuring: nog niet gedaan"
        if keuring is None
        else f"Keuring: {keuring['uitslag']} door {_say_wie(keuring['door'])}; {keuring['plan']}; van dit document "
        f"getrokken: pagina {', '.join(map(str, keuring['getrokken_paginas'])) or '–'}",
        vermerk["overeenstemming"],
    ]
    return "\n".join(regels).encode() + b"\n"


def _say_wie(wie: dict[str, Any]) -> str:
    naam = f" {wie['naam']}" if wie.get("naam") else ""
    return f"{wie['functie']}{naam} ({wie['log_id'] or 'niet als persoon bekend'})"


def _say_bijzonderheid(een: dict[str, Any]) -> str:
    waar = "" if een["pagina"] is None else f", pagina {een['pagina']}"
    hoe = "vervallen" if een["vervallen"] else "afgehandeld" if een["afgehandeld"] else "open"
    return f"{een['ernst']}{waar}: {een['tekst']} ({hoe})"
