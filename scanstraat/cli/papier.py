"""Commands about the paper: what lies in which doos, where that stands, and how to get a document out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from kwaliteitscontrole.woorden import count_words
from scanstraat import afdrukken, db, papier, storage
from scanstraat.bootstrap import open_basis
from scanstraat.cli.aanmelden import prove_door
from scanstraat.cli.batches import find_document
from scanstraat.cli.invoer import Batchnummer, Plaats, kort
from scanstraat.cli.uitvoer import (
    AlsJson,
    Door,
    expected_errors,
    load_config,
    show_json,
    show_table,
    stdout,
    write_nieuw,
)
from scanstraat.doosblad import render_doosetiket, render_haallijst
from scanstraat.errors import NietMogelijkError
from scanstraat.tables import ActorRow
from scanstraat.tables_bewijs import DoosRow

doos = typer.Typer(help="Dozen met papier: wat erin ligt en waar zij staan.", no_args_is_help=True)

Nummer = Annotated[str, typer.Argument(metavar="DOOS", help="Doosnummer, bijvoorbeeld D-2026-00012 of 12.")]
Bladen = Annotated[
    str | None,
    typer.Option("--bladen", metavar="REEKS", help="Welke bladen, bijvoorbeeld 1-40,43; zonder: alle."),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(doos, name="doos")


@contextmanager
def _open(context: typer.Context, nummer: str, door: str) -> Iterator[tuple[Session, DoosRow, ActorRow]]:
    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.begin(basis.engine) as session:
            yield session, papier.find_doos(session, nummer), storage.load_actor(session, door, "persoon")


@doos.command("maak")
def doos_maak(context: typer.Context, plaats: Plaats, door: Door) -> None:
    """Maak een nieuwe, lege doos. Zij krijgt het volgende nummer van dit jaar."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.begin(basis.engine) as session:
            rij = papier.make_doos(session, plaats, door=storage.load_actor(session, door, "persoon"))
        stdout().print(
            f"Doos {rij.nummer} is gemaakt. Zet het nummer erop en vul haar: scanstraat doos vul {rij.nummer} BATCH",
            soft_wrap=True,
        )


@doos.command("vul")
def doos_vul(context: typer.Context, nummer: Nummer, batch: Batchnummer, door: Door, bladen: Bladen = None) -> None:
    """Leg vast dat bladen van een batch in een doos liggen."""
    with _open(context, nummer, door) as (session, rij, actor):
        reeksen = _parse_bladen(bladen)
        erin = papier.fill_doos(session, rij, storage.find_batch(session, batch), reeksen, door=actor)
        totaal = papier.count_bladen(session, rij.id)
    stdout().print(
        f"{count_words(erin, 'blad', 'bladen')} erbij in doos {rij.nummer}. Er "
        f"{'ligt' if totaal == 1 else 'liggen'} nu {count_words(totaal, 'blad', 'bladen')} in."
    )


@doos.command("neem-uit")
def doos_neem_uit(
    context: typer.Context, nummer: Nummer, batch: Batchnummer, door: Door, bladen: Bladen = None
) -> None:
    """Leg vast dat bladen van een batch uit een doos zijn genomen."""
    with _open(context, nummer, door) as (session, rij, actor):
        reeksen = _parse_bladen(bladen)
        eruit = papier.empty_doos(session, rij, storage.find_batch(session, batch), reeksen, door=actor)
        totaal = papier.count_bladen(session, rij.id)
    stdout().print(
        f"{count_words(eruit, 'blad', 'bladen')} uit doos {rij.nummer}. Er "
        f"{'ligt' if totaal == 1 else 'liggen'} nog {count_words(totaal, 'blad', 'bladen')} in."
    )


def _parse_bladen(bladen: str | None) -> Sequence[range] | None:
    return None if bladen is None else papier.parse_bladen(bladen)


@doos.command("verplaats")
def doos_verplaats(context: typer.Context, nummer: Nummer, plaats: Plaats, door: Door) -> None:
    """Leg vast waar een doos vanaf nu staat."""
    with _open(context, nummer, door) as (session, rij, actor):
        papier.move_doos(session, rij, plaats, door=actor)
    stdout().print(f"Doos {rij.nummer} staat nu in: {plaats}", soft_wrap=True)


@doos.command("sluit")
def doos_sluit(context: typer.Context, nummer: Nummer, door: Door) -> None:
    """Sluit een doos: er kan niets meer in. Alleen een gesloten doos mag op een vernietigingslijst."""
    with _open(context, nummer, door) as (session, rij, actor):
        papier.close_doos(session, rij, door=actor)
        aantal = papier.count_bladen(session, rij.id)
    stdout().print(f"Doos {rij.nummer} is dicht, met {count_words(aantal, 'blad', 'bladen')}.")


@doos.command("open")
def doos_open(context: typer.Context, nummer: Nummer, door: Door) -> None:
    """Open een doos weer. Dat kan niet als zij op een vernietigingslijst staat."""
    with _open(context, nummer, door) as (session, rij, actor):
        papier.open_doos(session, rij, door=actor)
    stdout().print(f"Doos {rij.nummer} is weer open.")


@doos.command("lijst")
def doos_lijst(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon de dozen, de nieuwste eerst: waar zij staan en wat erin ligt."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = [papier.build_doos(session, rij) for rij in papier.load_dozen(session)]
    if als_json:
        return show_json(rijen)
    return show_table(
        "Dozen",
        ["Doos", "Stand", "Staat in", "Bladen", "Batches", "Documenten"],
        [
            [r["nummer"], _say_stand(r), r["plaatsen"][-1]["plaats"], r["bladen"],
             ", ".join(deel["batch"] for deel in r["inhoud"]), len(r["documenten"])]
            for r in rijen
        ],
        leeg="Er zijn nog geen dozen. Maak er een met: scanstraat doos maak",
    )  # fmt: skip


@doos.command("toon")
def doos_toon(context: typer.Context, nummer: Nummer, als_json: AlsJson = False) -> None:
    """Toon een doos: wat erin ligt, waar zij staat en waar zij eerder stond."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        gevonden = papier.build_doos(session, papier.find_doos(session, nummer))
    if als_json:
        return show_json(gevonden)
    stdout().print(f"Doos {gevonden['nummer']}", style="bold", end="  ")
    stdout().print(f"{_say_stand(gevonden)}, {count_words(gevonden['bladen'], 'blad', 'bladen')}")
    if gevonden["deels_vernietigd_onder"] is not None:
        stdout().print(papier.say_deels(gevonden["nummer"], gevonden["deels_vernietigd_onder"]), soft_wrap=True)
    show_table(
        "Inhoud",
        ["Batch", "Bladen"],
        [[deel["batch"], deel["bladen"]] for deel in gevonden["inhoud"]],
        leeg="Er ligt niets in deze doos.",
    )
    if gevonden["documenten"]:
        stdout().print(f"Documenten: {', '.join(map(kort, gevonden['documenten']))}", soft_wrap=True)
    return show_table(
        "Plaatsen",
        ["Plaats", "Sinds", "Door"],
        [[plaats["plaats"], plaats["op"], plaats["door"]] for plaats in reversed(gevonden["plaatsen"])],
        leeg="",
    )


def _say_stand(gevonden: dict[str, Any]) -> str:
    if gevonden["vernietigd_op"] is not None:
        return "vernietigd"
    if gevonden["deels_vernietigd_onder"] is not None:
        return "deels vernietigd"
    return "open" if gevonden["gesloten_op"] is None else "dicht"


@doos.command("etiket")
def doos_etiket(
    context: typer.Context,
    uit: Annotated[Path, typer.Option("-o", "--uit", metavar="BESTAND", help="Nieuw bestand voor de etiketten (PDF).")],
    nummers: Annotated[
        list[str] | None, typer.Argument(metavar="[DOOS...]", help="Doosnummers; zonder: alle dichte dozen.")
    ] = None,
    formaat: Annotated[str, typer.Option("--formaat", help="A6 of A5.")] = "A6",
) -> None:
    """Druk etiketten af voor dichte dozen, met een QR-code van het doosnummer."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        if formaat not in ("A6", "A5"):
            raise NietMogelijkError("Een etiket is A6 of A5.")
        with db.read(basis.engine) as session:
            dozen = afdrukken.find_dozen(session, nummers or [])
            etiketten = [afdrukken.build_etiket(basis, session, rij) for rij in dozen]
        write_nieuw(uit, render_doosetiket(etiketten, formaat="A5" if formaat == "A5" else "A6"))
        stdout().print(f"{count_words(len(etiketten), 'etiket staat', 'etiketten staan')} in {uit}.", soft_wrap=True)


@doos.command("haal")
def doos_haal(
    context: typer.Context,
    documenten: Annotated[
        list[str], typer.Argument(metavar="DOCUMENT...", help="Ids van documenten; de eerste tekens zijn genoeg.")
    ],
    uit: Annotated[
        Path | None, typer.Option("-o", "--uit", metavar="BESTAND", help="Druk de lijst af in dit nieuwe bestand.")
    ] = None,
    reden: Annotated[str, typer.Option("--reden", help="Waarom het papier nodig is; komt op de afdruk.")] = "",
    door: Annotated[str, typer.Option("--door", help="Wie erom vraagt.", envvar="SCANSTRAAT_DOOR")] = "",
    als_json: AlsJson = False,
) -> None:
    """Toon waar het papier van documenten is, blad voor blad, om het te gaan halen. Met -o ook als afdruk."""
    rijen: list[dict[str, Any]] = []
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        if uit is not None:
            ids = [find_document(session, begin).id for begin in documenten]
            lijst = afdrukken.build_haallijst(basis, session, ids, reden=reden or "–", gevraagd_door=door or "–")
            write_nieuw(uit, render_haallijst(lijst, tijdzone=basis.config.algemeen.tijdzone))
            stdout().print(f"De haallijst staat in {uit}.", soft_wrap=True)
        for begin in documenten:
            rij = find_document(session, begin)
            batch = storage.load_batch(session, rij.batch_id)
            rijen += [
                {
                    "document": str(rij.id),
                    "batch": batch.nummer,
                    "blad": plek.blad,
                    "doos": plek.doos,
                    "plaats": plek.plaats,
                    "vernietigd_op": plek.vernietigd_op,
                    "deels_vernietigd_onder": plek.deels,
                }
                for plek in papier.find_vindplaatsen(session, rij.id)
            ]
    rijen.sort(key=lambda r: (r["plaats"] or "", r["doos"] or "", r["batch"], r["blad"]))  # the order of the walk
    if als_json:
        return show_json(rijen)
    return show_table(
        "Haal dit papier",
        ["Plaats", "Doos", "Batch", "Blad", "Document", "Let op"],
        [
            [r["plaats"], r["doos"], r["batch"], r["blad"], kort(r["document"]), _say_let_op(r)]
            for r in rijen
        ],
        leeg="Deze documenten hebben geen bladen meer: hun pagina's zijn weggelaten of horen nu ergens anders bij.",
    )  # fmt: skip


def _say_let_op(rij: dict[str, Any]) -> str | None:
    if rij["vernietigd_op"] is not None:
        return "vernietigd"
    if rij["deels_vernietigd_onder"] is not None:
        return f"deels vernietigd ({rij['deels_vernietigd_onder']}): misschien is dit blad er niet meer"
    return "ligt niet in een doos" if rij["doos"] is None else None
