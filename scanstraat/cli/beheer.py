"""Commands for the functioneel beheerder: store, zaken, settings, health, separator sheets, back-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from kwaliteitscontrole.woorden import count_words
from scanstraat.bootstrap import open_basis
from scanstraat.cli.aanmelden import prove_door
from scanstraat.cli.uitvoer import (
    VERWACHT,
    AlsJson,
    Door,
    build_progress,
    expected_errors,
    load_config,
    show_json,
    show_table,
    stderr,
    stdout,
)
from scanstraat.errors import ScheidingsbladError
from scanstraat.scheidingscode import Bladsoort, Scheidingsblad

opslag = typer.Typer(help="De bestanden zelf: scans, PDF/A-bestanden en bewijzen.", no_args_is_help=True)
back_up = typer.Typer(
    help="Back-ups van de database en alle bestanden; zonder opdracht: welke er zijn.", invoke_without_command=True
)
zaken = typer.Typer(help="Zaken van het ingebouwde register.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(opslag, name="opslag")
    app.add_typer(back_up, name="back-up")
    app.add_typer(zaken, name="zaken")
    app.command("instellingen")(instellingen)
    app.command("gezondheid")(gezondheid)
    app.command("scheidingsbladen")(scheidingsbladen)


@opslag.command("controleer")
def opslag_controleer(context: typer.Context, als_json: AlsJson = False) -> None:
    """Lees elk bestand opnieuw, vergelijk het met zijn vingerafdruk en herstel het uit de kopie of de back-up."""
    from scanstraat.onderhoud import check_objecten  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis, build_progress() as balk:
        taak = balk.add_task("Opslag controleren", total=None)
        uitslag = check_objecten(basis, meld=lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal))
    _show_verslag(uitslag, als_json)
    if not uitslag.in_orde:
        raise typer.Exit(1)


@back_up.callback()
def toon_back_ups(context: typer.Context, als_json: AlsJson = False) -> None:
    """Maak, controleer en herstel back-ups; zonder opdracht: toon welke er zijn en wat de controle zei."""
    if context.invoked_subcommand is not None:
        return
    from scanstraat.backup import list_backups  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        gevonden = list_backups(basis)
    if als_json:
        show_json([asdict(een) for een in gevonden])
        return
    show_table(
        "Back-ups",
        ["Map", "Gemaakt op", "Bestanden", "Gecontroleerd op", "In orde"],
        [[een.map, een.gemaakt_op, een.objecten, een.gecontroleerd_op, een.in_orde] for een in gevonden],
        leeg="Er is nog geen back-up. Maak er een met: scanstraat back-up maak",
    )


@back_up.command("maak")
def back_up_maak(context: typer.Context, als_json: AlsJson = False) -> None:
    """Maak een back-up van de database, alle bestanden en de instellingen. De lijn kan gewoon doorlopen."""
    from scanstraat.backup import make_backup  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis, build_progress() as balk:
        taak = balk.add_task("Back-up maken", total=None)
        verslag = make_backup(basis, meld=lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal))
    _show_verslag(verslag, als_json)
    if not verslag.in_orde:
        raise typer.Exit(1)


@back_up.command("controleer")
def back_up_controleer(
    context: typer.Context,
    map_: Annotated[
        Path | None, typer.Argument(metavar="[MAP]", help="De back-up; zonder MAP de nieuwste.", show_default=False)
    ] = None,
    als_json: AlsJson = False,
) -> None:
    """Zet een back-up op proef terug, vergelijk elk bestand en leg de uitslag vast."""
    from scanstraat.backup import check_backup  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis, build_progress() as balk:
        taak = balk.add_task("Back-up controleren", total=None)
        verslag = check_backup(
            basis, map_, meld=lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal)
        )
    _show_verslag(verslag, als_json)
    if not verslag.in_orde:
        raise typer.Exit(1)


@back_up.command("herstel")
def back_up_herstel(
    map_: Annotated[Path, typer.Argument(metavar="MAP", help="De back-up: de map met het tijdstip.")],
    naar: Annotated[Path, typer.Option("--naar", metavar="DOELMAP", help="Lege map; wordt de nieuwe gegevensmap.")],
    als_json: AlsJson = False,
) -> None:
    """Zet een back-up terug in een lege map en lees alles na. Hier is geen werkende database voor nodig."""
    from scanstraat.backup import restore_backup  # noqa: PLC0415

    with expected_errors(), build_progress() as balk:
        taak = balk.add_task("Back-up terugzetten", total=None)
        verslag = restore_backup(
            map_.resolve(),
            naar.resolve(),
            meld=lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal),
        )
    _show_verslag(verslag, als_json)


class _Verslag(Protocol):
    def to_json(self) -> dict[str, Any]: ...

    def say(self) -> str: ...


def _show_verslag(verslag: _Verslag, als_json: bool) -> None:
    if als_json:
        show_json(verslag.to_json())
    else:
        stdout().print(verslag.say(), soft_wrap=True)


@zaken.callback()
def toon_zaken(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon de zaken van het ingebouwde register."""
    if context.invoked_subcommand is not None:
        return
    from scanstraat.zaaksysteem import register as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        gevonden = boek.load_zaken(basis.engine)
    if als_json:
        show_json([asdict(zaak) for zaak in gevonden])
        return
    show_table(
        "Zaken",
        ["Zaak", "Zaaktype", "Omschrijving", "Gesloten"],
        [[zaak.identificatie, zaak.zaaktype, zaak.omschrijving, zaak.gesloten] for zaak in gevonden],
        leeg="Het register is leeg. Voeg zaken toe met: scanstraat zaken laad BESTAND.csv",
    )


@zaken.command("laad")
def zaken_laad(
    context: typer.Context,
    bestand: Annotated[
        Path, typer.Argument(help="CSV met kolommen identificatie;zaaktype;omschrijving.", exists=True, dir_okay=False)
    ],
    door: Door,
) -> None:
    """Lees zaken uit een CSV-bestand in het ingebouwde register."""
    from scanstraat.zaaksysteem import register as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        gelezen = boek.lees_zaken_csv(basis.engine, bestand, gebruiker=prove_door(basis, door))
        stdout().print(
            f"{count_words(gelezen.toegevoegd, 'zaak', 'zaken')} toegevoegd, {gelezen.gewijzigd} gewijzigd, "
            f"{gelezen.ongewijzigd} ongewijzigd."
        )


@zaken.command("voegtoe")
def zaken_voegtoe(
    context: typer.Context,
    identificatie: Annotated[str, typer.Argument(help="Zaaknummer.")],
    door: Door,
    zaaktype: Annotated[str, typer.Option("--zaaktype", help="Soort zaak.")] = "Algemeen",
    omschrijving: Annotated[str, typer.Option("--omschrijving", help="Waar de zaak over gaat.")] = "",
) -> None:
    """Voeg een zaak toe aan het ingebouwde register, of wijzig wat er van die zaak in staat."""
    from scanstraat.zaaksysteem import register as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        was = boek.load_zaken(basis.engine, identificatie=identificatie)
        gedaan = boek.save_zaken(
            basis.engine, (boek.NieuweZaak(identificatie, zaaktype, omschrijving),), gebruiker=prove_door(basis, door)
        )
        if gedaan.toegevoegd:
            tekst = f"Zaak {identificatie} is toegevoegd aan het register."
        elif gedaan.gewijzigd:
            (oud,) = was
            tekst = (
                f"Zaak {identificatie} stond al in het register en is gewijzigd. Er stond: zaaktype {oud.zaaktype}, "
                f"omschrijving {oud.omschrijving or 'leeg'}{', gesloten' if oud.gesloten else ''}."
            )
        else:
            tekst = f"Zaak {identificatie} stond al zo in het register. Er is niets veranderd."
        stdout().print(tekst, soft_wrap=True)


@zaken.command("sluit")
def zaken_sluit(
    context: typer.Context,
    identificatie: Annotated[str, typer.Argument(metavar="ZAAK", help="Zaaknummer.")],
    door: Door,
) -> None:
    """Sluit een zaak van het ingebouwde register: er kunnen geen documenten meer bij."""
    from scanstraat.zaaksysteem import register as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        vandaag = datetime.now(tz=UTC).date()
        boek.sluit_zaak(basis.engine, identificatie, einddatum=vandaag, gebruiker=prove_door(basis, door))
        stdout().print(f"Zaak {identificatie} is gesloten. Heropenen: scanstraat zaken heropen {identificatie}")


@zaken.command("heropen")
def zaken_heropen(
    context: typer.Context,
    identificatie: Annotated[str, typer.Argument(metavar="ZAAK", help="Zaaknummer.")],
    door: Door,
) -> None:
    """Heropen een gesloten zaak van het ingebouwde register."""
    from scanstraat.zaaksysteem import register as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        boek.heropen_zaak(basis.engine, identificatie, gebruiker=prove_door(basis, door))
        stdout().print(f"Zaak {identificatie} is weer open.")


def instellingen(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon de instellingen die nu gelden, ook de standaardwaarden."""
    with expected_errors():
        config = load_config(context)
    waarden = config.model_dump(mode="json")
    if waarden["database"]["url"]:
        waarden["database"]["url"] = config.shown_database_url
    if als_json:
        show_json(waarden)
        return
    rijen: list[list[object]] = []
    _flatten(waarden, "", rijen)
    show_table("Instellingen", ["Sleutel", "Waarde"], rijen, leeg="")


def _flatten(waarde: object, sleutel: str, rijen: list[list[object]]) -> None:
    if isinstance(waarde, dict):
        for naam, deel in waarde.items():
            _flatten(deel, f"{sleutel}.{naam}" if sleutel else naam, rijen)
    elif isinstance(waarde, list) and any(isinstance(deel, dict) for deel in waarde):
        for plek, deel in enumerate(waarde, start=1):
            _flatten(deel, f"{sleutel} {plek}", rijen)
    else:
        if isinstance(waarde, float):
            waarde = f"{Decimal(str(waarde)):f}"  # all of it, as one writes it in config.toml
        rijen.append([sleutel, ", ".join(map(str, waarde)) if isinstance(waarde, list) else waarde])


def gezondheid(context: typer.Context, als_json: AlsJson = False) -> None:
    """Zeg of alles in orde is, en wat u moet doen als dat niet zo is."""
    from scanstraat.gezondheid import build_gezondheid  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        uitslag = build_gezondheid(basis)
    if als_json:
        show_json(uitslag.to_json())
    else:
        if not uitslag.in_orde:
            stdout().print("Er is iets mis.", style="bold red")
        elif uitslag.meldingen:
            stdout().print("Er is niets mis, maar let op:", style="bold yellow")
        else:
            stdout().print("Alles is in orde.", style="bold green")
        show_table(
            "Meldingen",
            ["Onderdeel", "Ernst", "Wat er is en wat u doet"],
            [[m.wat, m.ernst, m.tekst] for m in uitslag.meldingen],
            leeg="Geen meldingen.",
        )
    if not uitslag.in_orde:
        raise typer.Exit(1)


def scheidingsbladen(
    context: typer.Context,
    zaaknummers: Annotated[
        list[str] | None, typer.Argument(metavar="ZAAK", help="Zaaknummers: voor elke zaak een blad.")
    ] = None,
    uit: Annotated[Path, typer.Option("-o", "--uit", help="Het PDF-bestand.")] = Path("scheidingsbladen.pdf"),
    bladen: Annotated[
        int | None, typer.Option("--bladen", help="Hoeveel bladen er per zaak achter horen.", min=1)
    ] = None,
    bijlage: Annotated[
        bool, typer.Option("--bijlage", help="Maak bijlagebladen in plaats van documentbladen.")
    ] = False,
    batchblad: Annotated[
        bool, typer.Option("--batchblad", help="Maak ook een batchblad, voor boven op de stapel.")
    ] = False,
    scanoperator: Annotated[str, typer.Option("--scanoperator", help="Op het batchblad: wie scant.")] = "",
    batch: Annotated[str, typer.Option("--batch", help="Op het batchblad: hoe u de stapel noemt.")] = "",
    profiel: Annotated[str, typer.Option("--profiel", help="Op het batchblad: het profiel van de scanmap.")] = "",
    bladen_batch: Annotated[
        int | None,
        typer.Option(
            "--bladen-batch", help="Op het batchblad: hoeveel bladen de stapel heeft, zonder scheidingsbladen.", min=1
        ),
    ] = None,
    eindblad: Annotated[
        bool, typer.Option("--eindblad", help="Maak ook een eindblad, voor achter het laatste document.")
    ] = False,
) -> None:
    """Maak scheidingsbladen met QR-code om af te drukken, in de volgorde waarin u ze gebruikt."""
    from scanstraat.scheidingsblad import build_stapel, render_scheidingsbladen  # noqa: PLC0415  WeasyPrint loads slowly

    with expected_errors():
        van_stapel = Scheidingsblad(
            Bladsoort.BATCHBLAD, batch=batch, bladen=bladen_batch, scanoperator=scanoperator, profiel=profiel
        )
        gevraagd = batchblad or van_stapel != Scheidingsblad(Bladsoort.BATCHBLAD)
        vellen = build_stapel(
            zaaknummers or (),
            bladen=bladen,
            bijlage=bijlage,
            batchblad=van_stapel if gevraagd else None,
            eindblad=eindblad,
        )
        inhoud = render_scheidingsbladen(vellen)
        try:
            uit.write_bytes(inhoud)
        except OSError as exc:
            raise ScheidingsbladError(
                f"{uit} is niet te schrijven. Kies met -o een bestand in een map die er is en waar u mag schrijven."
            ) from exc
        aantal = count_words(len(vellen), "scheidingsblad staat", "scheidingsbladen staan")
        stdout().print(f"{aantal} in {uit}. Druk af op ware grootte (100 %).", soft_wrap=True)
        for waarschuwing in _check_zaken(context, zaaknummers or ()):
            stderr().print("Let op:", style="bold yellow", end=" ")
            stderr().print(waarschuwing, soft_wrap=True)


def _check_zaken(context: typer.Context, zaaknummers: Sequence[str]) -> Iterator[str]:
    """Say of which zaaknummers a sheet would not link; it is printed all the same, as a zaak may come later."""
    if not zaaknummers or not context.find_root().params["config"].is_file():
        return
    try:
        config = load_config(context)
        if not config.database.url and not (config.algemeen.gegevensmap / "scanstraat.db").is_file():
            return  # nothing was started here yet
        with open_basis(config) as basis:
            zaken = {nummer: basis.zaaksysteem.find_zaak(nummer) for nummer in dict.fromkeys(zaaknummers)}
    except VERWACHT as exc:
        yield f"De zaaknummers zijn niet nagekeken. {exc}"
        return
    for nummer, zaak in zaken.items():
        if zaak is None:
            yield f"Zaak {nummer} bestaat niet in het zaaksysteem. Kijk het nummer na voordat u het blad gebruikt."
        elif zaak.gesloten:
            yield f"Zaak {nummer} is gesloten. Documenten achter dit blad wachten dan onder Koppelen."
