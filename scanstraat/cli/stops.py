"""Commands that hold paper, and let it go again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from sqlmodel import Session

from kwaliteitscontrole.woorden import count_words
from scanstraat import afronding, besluiten, db, papier, personen, stops, storage, vernietigen
from scanstraat.bootstrap import open_basis
from scanstraat.cli.aanmelden import Als, GeheimFd, sign_in
from scanstraat.cli.batches import find_document, find_one
from scanstraat.cli.invoer import Reden, kort, parse_tekst
from scanstraat.cli.uitvoer import (
    AlsJson,
    Door,
    expected_errors,
    load_config,
    say_tijden,
    show_json,
    show_table,
    stderr,
    stdout,
)
from scanstraat.stops import SOORTEN, Over, Stopsoort
from scanstraat.tables_bewijs import StopRow

MEESTE_DOZEN = 25  # that a warning is given of; a stop on a besluit may be on thousands that are gone

stop = typer.Typer(help="Stops: zolang er een staat, gaat het papier niet weg.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(stop, name="stop")


@stop.command("plaats")
def stop_plaats(
    context: typer.Context,
    soort: Annotated[
        Stopsoort, typer.Argument(metavar="SOORT", help=f"Waarom: {', '.join(Stopsoort)}.", case_sensitive=False)
    ],
    over: Annotated[Over, typer.Argument(metavar="OVER", help=f"Waarop: {', '.join(Over)}.", case_sensitive=False)],
    wat: Annotated[
        str,
        typer.Argument(
            metavar="WAT",
            help="Id van het document, zaaknummer, doosnummer, besluitnummer of naam.",
            parser=parse_tekst,
        ),
    ],
    reden: Reden,
    door: Door,
    als_json: AlsJson = False,
) -> None:
    """Plaats een stop: het papier blijft liggen tot de stop is opgeheven. Is het al onderweg, dan hoort u dat."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            onderwerp = _find_onderwerp(session, over, wat)
        bekend = over is not Over.ZAAK or any(
            basis.zaaksysteem.find_zaak(nummer) is not None for nummer in (onderwerp, onderwerp.upper())
        )  # a stop holds however its number was typed
        with db.begin(basis.engine) as session:
            actor = storage.load_actor(session, door, "persoon")
            rij = stops.place_stop(session, soort, over, onderwerp, reden, door=actor)
            gezegd = stops.build_stop(session, rij)
            onderweg = vernietigen.find_onderweg(session, rij)
        if als_json:
            return show_json({**gezegd, "zaak_bekend": bekend, "onderweg": [asdict(deel) for deel in onderweg]})
        stdout().print(
            f"Stop {kort(rij.id)} staat: {SOORTEN[soort]} op {over.value} {gezegd['wat']}. Opheffen: scanstraat stop "
            f"hef-op {kort(rij.id)}",
            soft_wrap=True,
        )
        if not bekend:
            _show_onbekende_zaak(onderwerp)
        for deel in onderweg[:MEESTE_DOZEN]:
            _warn(deel.say())
        if len(onderweg) > MEESTE_DOZEN:
            _warn(
                f"De stop gaat over nog {count_words(len(onderweg) - MEESTE_DOZEN, 'doos', 'dozen')} met een opdracht. "
                "`scanstraat lijst toon` toont elke lijst met haar opdracht."
            )
    return None


def _find_onderwerp(session: Session, over: Over, wat: str) -> str:
    """Return what a stop is on, as the record knows it, from what people say."""
    if over is Over.DOCUMENT:
        return str(find_document(session, wat).id)
    if over is Over.DOOS:
        return str(papier.find_doos(session, wat).id)
    if over is Over.BESLUIT:
        return str(besluiten.find_besluit(session, wat).rij.id)
    if over is Over.PERSOON:
        return str(personen.load_persoon(session, wat).id)
    return wat


def _show_onbekende_zaak(nummer: str) -> None:
    _warn(
        f"Zaak {nummer} staat niet in het zaaksysteem. De stop staat wel. Kijk het nummer na: met een fout nummer "
        "houdt deze stop niets tegen."
    )


def _warn(tekst: str) -> None:
    stderr().print("Let op:", style="bold yellow", end=" ")
    stderr().print(say_tijden(tekst), soft_wrap=True)


@stop.command("hef-op")
def stop_hef_op(
    context: typer.Context,
    stop_id: Annotated[str, typer.Argument(metavar="STOP", help="Id van de stop; de eerste tekens zijn genoeg.")],
    reden: Reden,
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Hef een stop op. Dat doet een archivaris, gemandateerde of functioneel beheerder."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            gevonden: StopRow = find_one(session, StopRow, stop_id, "stop", "scanstraat stop lijst")
            stops.verify_opheffing(gevonden, reden)
        rij = afronding.hef_stop_op(basis, gevonden.id, reden, sign_in(basis, als, geheim_fd))
        with db.read(basis.engine) as session:
            gezegd = stops.build_stop(session, rij)
            andere = stops.find_stops(session, [(Over(rij.over), rij.onderwerp)])
        stdout().print(f"Stop {kort(rij.id)} op {rij.over} {gezegd['wat']} is opgeheven.", soft_wrap=True)
        for ander in andere:
            stdout().print(f"Let op: stop {kort(ander.id)} staat er nog op.")


@stop.command("lijst")
def stop_lijst(
    context: typer.Context,
    alles: Annotated[bool, typer.Option("--alles", help="Ook wat is opgeheven.")] = False,
    als_json: AlsJson = False,
) -> None:
    """Toon welke stops er staan, waarop, waarom en van wie."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = [stops.build_stop(session, rij) for rij in stops.find_stops(session, alles=alles)]
    if als_json:
        return show_json(rijen)
    return show_table(
        "Stops",
        ["Stop", "Soort", "Waarop", "Reden", "Sinds", "Door", "Opgeheven", "Opgeheven door", "Waarom opgeheven"],
        [
            [kort(r["id"]), SOORTEN[Stopsoort(r["soort"])], f"{r['over']} {r['wat']}", r["reden"], r["geplaatst_op"],
             r["geplaatst_door"], r["opgeheven_op"], r["opgeheven_door"], r["opheffingsreden"]]
            for r in rijen
        ],
        leeg="Er staan geen stops.",
    )  # fmt: skip
