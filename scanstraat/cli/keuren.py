"""Commands of the controleur: see what must be judged, judge it, and scan again what is not good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from kwaliteitscontrole.oordeel import FOUTEN, Oordeel, Paginaoordeel
from kwaliteitscontrole.steekproef import Uitslag
from kwaliteitscontrole.woorden import count_words
from scanstraat import afronding, db, keuren, rapport, storage
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli.aanmelden import Als, GeheimFd, sign_in
from scanstraat.cli.batches import find_document
from scanstraat.cli.bewerkingen import Bestand, replace_page
from scanstraat.cli.kijkmap import OVERZICHT, Kijkstuk, write_kijkmap
from scanstraat.cli.uitvoer import AlsJson, Door, expected_errors, load_config, show_json, show_table, stderr, stdout
from scanstraat.personen import Aangemeld
from scanstraat.tables import BatchRow, BladRow

FOUTVORM = "DOCUMENT:PAGINA:CODE[,CODE][:TOELICHTING]"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("keur")(keur)
    app.command("herscan")(herscan)


def _show_codes(gevraagd: bool) -> None:
    if gevraagd:
        show_table(
            "Fouten die een pagina kan hebben",
            ["Code", "Klasse", "Wat u ziet"],
            [[fout.code, fout.ernst.value, fout.label] for fout in FOUTEN.values()],
            leeg="",
        )
        raise typer.Exit


def keur(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(metavar="BATCH", help="Batchnummer.")],
    als: Als,
    geheim_fd: GeheimFd = None,
    toon: Annotated[
        Path | None,
        typer.Option("--toon", metavar="MAP", help="Schrijf de documenten met te keuren pagina's in deze lege map."),
    ] = None,
    goed: Annotated[bool, typer.Option("--goed", help="Alle te keuren pagina's zijn goed.")] = False,
    fouten: Annotated[
        list[str] | None,
        typer.Option("--fout", metavar=FOUTVORM, help="Een pagina met fouten; alle andere zijn goed. Mag vaker."),
    ] = None,
    codes: Annotated[
        bool, typer.Option("--codes", help="Toon de codes van de fouten.", is_eager=True, callback=_show_codes)
    ] = False,
    als_json: AlsJson = False,
) -> None:
    """Keur een batch die in de zaken staat: bekijk eerst met --toon, en zeg daarna --goed of --fout."""
    del codes
    if sum((toon is not None, goed, bool(fouten))) > 1:
        raise typer.BadParameter("Kies een van --toon, --goed en --fout.")
    gezegd = [_parse_fout(tekst) for tekst in fouten or ()]
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            batch = storage.find_batch(session, nummer)
            oordelen = _find_oordelen(session, gezegd)
        wie = sign_in(basis, als, geheim_fd)
        with db.read(basis.engine) as session:
            keuren.verify_controleur(session, batch, wie)
        if goed or oordelen:
            oordeel = afronding.keur(basis, batch.id, oordelen, wie)
            return _show_oordeel(batch, oordeel, gezegd, als_json)
        afronding.trek(basis, batch.id)
        return _show_keuring(basis, batch, wie, toon, als_json)


def _parse_fout(tekst: str) -> tuple[str, int, tuple[str, ...], str]:
    """Read "1a2b3c4d:3:scheef,afgesneden:links" as document, page, codes and words."""
    document, pagina, codes, toelichting = (*tekst.split(":", 3), "", "", "")[:4]
    gevonden = tuple(code.strip() for code in codes.split(",") if code.strip())
    if not storage.is_nummer(pagina.strip()) or not gevonden:
        raise typer.BadParameter(f"{tekst} is niet te lezen. Schrijf: {FOUTVORM}", param_hint="--fout")
    return document.strip(), int(pagina), gevonden, toelichting.strip()


def _find_oordelen(session: Session, gezegd: Iterable[tuple[str, int, tuple[str, ...], str]]) -> list[Paginaoordeel]:
    """Return what was said per page; what was said of one page in several times is put together."""
    per_pagina: dict[tuple[Any, int], tuple[list[str], list[str]]] = {}
    for begin, pagina, codes, toelichting in gezegd:
        log_id, _ = keuren.find_versie(session, find_document(session, begin).id, pagina)
        alle, woorden = per_pagina.setdefault((log_id, pagina), ([], []))
        alle += codes
        woorden += [toelichting] if toelichting else []
    return [
        Paginaoordeel(log_id, pagina, tuple(dict.fromkeys(alle)), "; ".join(woorden))
        for (log_id, pagina), (alle, woorden) in per_pagina.items()
    ]


def _show_keuring(basis: Basis, batch: BatchRow, wie: Aangemeld, toon: Path | None, als_json: bool) -> None:
    with db.read(basis.engine) as session:
        keuring = keuren.load_keuring(session, batch)
        assert keuring is not None, "it was drawn a moment ago"
        gevonden = keuren.build_keuring(session, batch, keuring)
        stukken = _build_stukken(session, keuring, gevonden)
    if toon is not None:
        write_kijkmap(basis.opslag, toon, _build_kop(gevonden), stukken)
        with db.begin(basis.engine) as session:
            keuren.mark_seen(session, keuring.trekking, wie)
        gevonden["map"] = str(toon.resolve())
    if als_json:
        return show_json(gevonden)
    stdout().print(f"Batch {gevonden['batch']}", style="bold", end="  ")
    stdout().print(_say_plan(gevonden), soft_wrap=True)
    show_table(
        "Wanneer wordt de batch afgekeurd?",
        ["Klasse fout", "Hoogstens goed", "Afgekeurd vanaf"],
        [[klasse, grens["goedkeurgetal"], grens["afkeurgetal"]] for klasse, grens in gevonden["grenzen"].items()],
        leeg="",
    )
    show_table(
        "Te keuren pagina's",
        ["Document", "Pagina", "Zaak", "Getrokken", "Gemarkeerd omdat"],
        [
            [p["document"][:8], p["pagina"], p["zaak"], p["getrokken"], " ".join(p["gemarkeerd"])]
            for p in gevonden["paginas"]
        ],
        leeg="",
    )
    stderr().print(_say_vervolg(gevonden, toon), soft_wrap=True)
    return None


def _say_plan(gevonden: dict[str, Any]) -> str:
    lot = count_words(gevonden["lot"], "pagina", "pagina's")
    getrokken = count_words(gevonden["n"], "getrokken pagina", "getrokken pagina's")
    hoeveel = "Alle" if gevonden["n"] == gevonden["lot"] else f"{getrokken} en alle gemarkeerde pagina's"
    return f"{lot}. {hoeveel} worden bekeken (strengheid: {gevonden['strengheid']})."


def _say_vervolg(gevonden: dict[str, Any], toon: Path | None) -> str:
    nummer, oordeel = gevonden["batch"], gevonden["oordeel"]
    if oordeel is not None:
        redenen = "".join(f" {reden}" for reden in oordeel["redenen"])
        return f"Deze batch is al {oordeel['uitslag']} door {oordeel['door']}.{redenen}"
    if toon is None:
        return f"Bekijk ze eerst: scanstraat keur {nummer} --toon MAP"
    return (
        f"De documenten staan in {toon}. Begin met {OVERZICHT}. Is alles goed: scanstraat keur {nummer} --goed. "
        f"Anders: scanstraat keur {nummer} --fout {FOUTVORM}. Gooi de map weg als u klaar bent."
    )


def _build_kop(gevonden: dict[str, Any]) -> list[str]:
    return [
        f"Keuren van batch {gevonden['batch']}. {_say_plan(gevonden)}",
        "Kijk per bestand naar de pagina's die erbij staan: is alles te lezen, staat alles erop, klopt de volgorde, en "
        "hoort het bij deze zaak?",
        "",
        "Ziet u een fout? Onthoud document, pagina en code:",
        *(f"    {fout.code:24} {fout.ernst.value:9} {fout.label}" for fout in FOUTEN.values()),
    ]


def _build_stukken(session: Session, keuring: keuren.Keuring, gevonden: dict[str, Any]) -> list[Kijkstuk]:
    stukken = []
    zaken = {p["document"]: p["zaak"] for p in gevonden["paginas"]}
    for document_id, paginas in groupby(keuring.paginas, key=lambda pagina: pagina.document_id):
        versie = storage.latest_versie(session, document_id)
        stukken.append(
            Kijkstuk(
                versie.pdf_sha256,
                f"Document {str(document_id)[:8]}, zaak {zaken[str(document_id)] or 'onbekend'}",
                tuple(_say_pagina(pagina) for pagina in paginas),
            )
        )
    return stukken


def _say_pagina(pagina: keuren.Keurpagina) -> str:
    waarom = [*(("getrokken",) if pagina.getrokken else ()), *pagina.gemarkeerd]
    return f"pagina {pagina.pagina}: {' '.join(waarom)}"


def _show_oordeel(
    batch: BatchRow, oordeel: Oordeel, gezegd: Sequence[tuple[str, int, tuple[str, ...], str]], als_json: bool
) -> None:
    if als_json:
        return show_json(
            {
                "batch": batch.nummer,
                "uitslag": oordeel.uitslag.value,
                "redenen": list(oordeel.redenen),
                "fouten_per_klasse": {ernst.value: aantal for ernst, aantal in oordeel.aantallen.items()},
            }
        )
    stdout().print(f"Batch {batch.nummer} is {oordeel.uitslag.value}.", style="bold")
    if oordeel.uitslag is Uitslag.GOEDGEKEURD:
        return stdout().print(
            "Ligt haar papier in een gesloten doos, dan kan die op een lijst: scanstraat lijst maak NAAM DOOS",
            soft_wrap=True,
        )
    for reden in oordeel.redenen:
        stdout().print(f"- {reden}", soft_wrap=True)
    stdout().print("Scan opnieuw wat niet goed is:", soft_wrap=True)
    for document, pagina, _, _ in gezegd:
        stdout().print(f"  scanstraat herscan {document} BESTAND --pagina {pagina}", soft_wrap=True)
    return stdout().print(
        "Daarna gaat het document vanzelf weer naar zijn zaak. Staat het daar, keur de hele batch dan opnieuw: "
        f"scanstraat keur {batch.nummer}",
        soft_wrap=True,
    )


def herscan(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id van het document; het begin is genoeg.")],
    bestand: Bestand,
    pagina: Annotated[int, typer.Option("--pagina", help="Welke pagina opnieuw is gescand.", min=1)],
    door: Door,
) -> None:
    """Vervang een afgekeurde pagina door een nieuwe scan. Het document gaat daarna opnieuw naar zijn zaak."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        gevonden = find_document(session, document)
        _, beeld = keuren.find_versie(session, gevonden.id, pagina)
        blad = rapport.say_blad(beeld, session.get_one(BladRow, beeld.blad_id))
        nummer = storage.load_batch(session, gevonden.batch_id).nummer
    replace_page(context, nummer, blad, bestand, door)
    stdout().print(f"Staat het weer in zijn zaak, keur de batch dan opnieuw: scanstraat keur {nummer}", soft_wrap=True)
