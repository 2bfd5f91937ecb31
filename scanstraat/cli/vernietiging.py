"""Commands on the way to the shredder: the list, the last look, two releases, the order and what became of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlmodel import Session

from kwaliteitscontrole.woorden import count_words, name_lijst
from scanstraat import afronding, db, keuren, papier, poort, vernietigen
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli.aanmelden import Als, GeheimFd, sign_in
from scanstraat.cli.kijkmap import OVERZICHT, Kijkstuk, write_kijkmap
from scanstraat.cli.uitvoer import (
    AlsJson,
    build_progress,
    expected_errors,
    load_config,
    show_json,
    show_table,
    stderr,
    stdout,
    write_nieuw,
)
from scanstraat.config import Config
from scanstraat.domain import parse_tijd
from scanstraat.errors import NietMogelijkError
from scanstraat.poort import Meld
from scanstraat.stukken import take_stuk
from scanstraat.tables_bewijs import DoosRow
from vernietiging.errors import NietVrijgegevenError
from vernietiging.grondslag import ALLE, OMSCHRIJVING

NIET_ALLE = 5  # exit code of `onderzoek` when a fact does not hold: the same as of a refused release
CONTAINERVORM = "NUMMER:ZEGEL:DOOS[,DOOS]"

lijst = typer.Typer(help="Vernietigingslijsten: welke dozen weg mogen, en hoe ver het ermee is.", no_args_is_help=True)

Lijstnaam = Annotated[str, typer.Argument(metavar="LIJST", help="Naam van de vernietigingslijst.")]
Dozen = Annotated[list[str], typer.Argument(metavar="DOOS", help="Een of meer dozen.")]
Reden = Annotated[str, typer.Option("--reden", help="Waarom, zonder namen.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(lijst, name="lijst")
    app.command("laatste-blik")(laatste_blik)
    app.command("geef-vrij")(geef_vrij)
    app.command("trek-in")(trek_in)
    app.command("opdracht")(opdracht)
    app.command("ophalen")(ophalen)
    app.command("uitvoering")(uitvoering)


@contextmanager
def _follow(wat: str) -> Iterator[Meld]:
    """Show how far the poort is with reading."""
    with build_progress() as balk:
        taak = balk.add_task(wat, total=None)
        yield lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal)


# --- the list -----------------------------------------------------------------------------------------------------


@lijst.command("maak")
def lijst_maak(
    context: typer.Context,
    naam: Annotated[str, typer.Argument(metavar="NAAM", help="Hoe de lijst heet; de tweede vrijgever typt hem over.")],
    dozen: Dozen,
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Stel gesloten dozen voor om te vernietigen, met alles wat erin ligt zoals het nu is."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            gevonden = [papier.find_doos(session, doos) for doos in dozen]
        gemaakt = afronding.stel_voor(basis, naam, gevonden, sign_in(basis, als, geheim_fd))
        with db.read(basis.engine) as session:
            inhoud = vernietigen.say_lijst(poort.load_dossier(session, gemaakt.id))
        stdout().print(f"{name_lijst(gemaakt.naam, 'De lijst')} is gemaakt: {inhoud}.", soft_wrap=True)
        for doos in gevonden:
            stdout().print(f'Doe nu de laatste blik: scanstraat laatste-blik {doos.nummer} --lijst "{gemaakt.naam}"')


@lijst.command("toon")
def lijst_toon(
    context: typer.Context,
    naam: Annotated[
        str | None, typer.Argument(metavar="[LIJST]", help="Naam van een lijst; zonder naam: alle.", show_default=False)
    ] = None,
    als_json: AlsJson = False,
) -> None:
    """Toon alle lijsten; of een lijst met dozen, laatste blik, vrijgaven, bedenktijd, opdracht en uitvoering."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        if naam is None:
            rijen = [vernietigen.build_lijstregel(session, rij) for rij in vernietigen.load_lijsten(session)]
        else:
            gevonden = vernietigen.build_lijst(session, poort.find_lijst(session, naam))
    if als_json:
        return show_json(rijen if naam is None else gevonden)
    if naam is not None:
        return _show_lijst(gevonden)
    return show_table(
        "Vernietigingslijsten",
        ["Lijst", "Stand", "Gemaakt op", "Door", "Dozen", "Batches", "Opdracht"],
        [[r["naam"], r["stand"], r["op"], r["door"], r["dozen"], r["batches"], r["opdracht"]] for r in rijen],
        leeg="Er is nog geen vernietigingslijst. Maak er een met: scanstraat lijst maak NAAM DOOS",
    )


def _show_lijst(gevonden: dict[str, Any]) -> None:
    stdout().print(name_lijst(gevonden["naam"], "De lijst"), style="bold", end="  ")
    stdout().print(
        f"{gevonden['stand']}\nGemaakt door {gevonden['door']}. "
        f"{count_words(gevonden['documenten'], 'document', 'documenten')}.",
        soft_wrap=True,
    )
    show_table(
        "Dozen",
        ["Doos", "Plaats", "Bladen", "Batches", "Documenten", "Laatste blik", "Door", "Van de lijst"],
        [
            [d["nummer"], d["plaats"], d["bladen"], ", ".join(d["batches"]), d["documenten"], _say_blik(d),
             (d["laatste_blik"] or {}).get("door"), d["eraf_op"]]
            for d in gevonden["dozen"]
        ],
        leeg="",
    )  # fmt: skip
    show_table(
        "Vrijgaven",
        ["Nummer", "Door", "Op", "Ingetrokken"],
        [[v["volgnummer"], v["door"], v["op"], v["ingetrokken_op"]] for v in gevonden["vrijgaven"]],
        leeg=f'Nog niet vrijgegeven. Kijk eerst of het kan: scanstraat lijst onderzoek "{gevonden["naam"]}"',
    )
    if gevonden["bedenktijd_tot"] is not None:
        show_table("Bedenktijd", ["Tot en met"], [[gevonden["bedenktijd_tot"]]], leeg="")
    if gevonden["opdracht"] is not None:
        _show_opdracht(gevonden["opdracht"])


def _say_blik(doos: dict[str, Any]) -> str | None:
    blik = doos["laatste_blik"]
    if blik is None:
        return None
    return "gelijk" if blik["geslaagd"] else f"ANDERS: {blik['toelichting']}"


def _show_opdracht(gevonden: dict[str, Any]) -> None:
    stdout().print(
        f"Opdracht {gevonden['nummer']} aan {gevonden['bedrijf']}: {gevonden['wijze']}, niveau {gevonden['niveau']} of "
        f"fijner. Checkpoint {gevonden['checkpoint']} van het logboek.",
        soft_wrap=True,
    )
    vervoer = {v["container"]: v for v in gevonden["vervoer"]}
    eigen = {c["nummer"] for c in gevonden["containers"]}
    rest = [v for v in gevonden["vervoer"] if v["container"] not in eigen]  # in which went what came back first
    show_table(
        "Containers",
        ["Container", "Zegel", "Dozen", "Opgehaald op", "Vervoerder"],
        [
            [c["nummer"], c["zegel"], ", ".join(c["dozen"]),
             *(vervoer.get(c["nummer"], {}).get(naam) for naam in ("opgehaald_op", "vervoerder"))]
            for c in gevonden["containers"]
        ]
        + [[v["container"], v["zegel"], "wat terugkwam", v["opgehaald_op"], v["vervoerder"]] for v in rest],
        leeg="",
    )  # fmt: skip
    if gevonden["uitvoeringen"]:
        show_table(
            "Uitvoering",
            ["Doos", "Uitslag", "Vernietigd op", "Niveau", "Bewijs", "Toelichting", "Vastgelegd door"],
            [
                [u["doos"], u["uitslag"], u["uitgevoerd_op"], u["niveau"], u["certificaatnummer"], u["toelichting"],
                 u["door"]]
                for u in gevonden["uitvoeringen"]
            ],
            leeg="",
        )  # fmt: skip
    for doos in gevonden["deels_vernietigd"]:
        stdout().print(papier.say_deels(doos, gevonden["nummer"]), soft_wrap=True)


@lijst.command("onderzoek")
def lijst_onderzoek(context: typer.Context, naam: Lijstnaam, als_json: AlsJson = False) -> None:
    """Vraag of het papier weg mag: veertien feiten, elk met ja of nee en alle redenen. Er wordt niets besloten."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij = poort.find_lijst(session, naam)
        with _follow("Alles opnieuw lezen") as meld:
            _dossier, aanvraag = afronding.onderzoek(basis, rij.id, meld=meld)
    feiten: list[dict[str, Any]] = [
        {
            "nummer": nummer,
            "feit": feit.value,
            "omschrijving": OMSCHRIJVING[feit],
            "waar": aanvraag.antwoorden[feit].waar is True,
            "redenen": list(aanvraag.antwoorden[feit].redenen),
        }
        for nummer, feit in enumerate(ALLE, start=1)
    ]
    alle = all(feit["waar"] for feit in feiten)
    if als_json:
        show_json({"lijst": rij.naam, "alle": alle, "feiten": feiten})
    else:
        show_table(
            f"Mag het papier van {name_lijst(rij.naam)} weg?",
            ["Nr", "Feit", "Waar", "Waarom niet"],
            [[f["nummer"], f["omschrijving"], f["waar"], "\n".join(f["redenen"])] for f in feiten],
            leeg="",
        )
        stderr().print(
            "Alle veertien feiten zijn waar: het papier mag weg."
            if alle
            else "Het papier blijft. Voor een vrijgave zijn de feiten 1 tot en met 11 nodig, voor een opdracht alle "
            "veertien.",
            soft_wrap=True,
        )
    if not alle:
        raise typer.Exit(NIET_ALLE)


@lijst.command("trek-in")
def lijst_trek_in(context: typer.Context, naam: Lijstnaam, reden: Reden, als: Als, geheim_fd: GeheimFd = None) -> None:
    """Trek een lijst in, met haar vrijgaven. De dozen kunnen daarna op een andere lijst."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij = poort.find_lijst(session, naam)
        afronding.trek_lijst_in(basis, rij.id, reden, sign_in(basis, als, geheim_fd))
        stdout().print(
            f"{name_lijst(rij.naam, 'De lijst')} is ingetrokken. Haar dozen staan op geen lijst meer.", soft_wrap=True
        )


# --- the last look ------------------------------------------------------------------------------------------------


def laatste_blik(
    context: typer.Context,
    doosnummer: Annotated[str, typer.Argument(metavar="DOOS", help="Doosnummer.")],
    naam: Annotated[str, typer.Option("--lijst", metavar="LIJST", help="Lijst waar de doos op staat.")],
    als: Als,
    geheim_fd: GeheimFd = None,
    toon: Annotated[
        Path | None, typer.Option("--toon", metavar="MAP", help="Schrijf de documenten in deze lege map.")
    ] = None,
    gelijk: Annotated[
        bool, typer.Option("--gelijk", help="Het papier is gelijk aan wat u op het scherm ziet.")
    ] = False,
    anders: Annotated[
        str | None, typer.Option("--anders", metavar="TOELICHTING", help="Wat er niet gelijk is, zonder namen.")
    ] = None,
    als_json: AlsJson = False,
) -> None:
    """Leg papier uit een doos naast het scherm: bekijk eerst met --toon, en zeg daarna --gelijk of --anders."""
    if sum((toon is not None, gelijk, anders is not None)) > 1:
        raise typer.BadParameter("Kies een van --toon, --gelijk en --anders.")
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij, doos = poort.find_lijst(session, naam), papier.find_doos(session, doosnummer)
        wie = sign_in(basis, als, geheim_fd)
        with db.read(basis.engine) as session:
            vernietigen.verify_kijker(session, rij, doos, wie)
        if gelijk or anders is not None:
            afronding.doe_blik(basis, rij.id, doos.id, wie, geslaagd=gelijk, toelichting=anders or "")
            return stdout().print(_say_uitkomst(rij.naam, doos.nummer, gelijk=gelijk), soft_wrap=True)
        trekking = afronding.trek_blik(basis, rij.id, doos.id)
        with db.read(basis.engine) as session:
            gevonden = vernietigen.build_blik(session, rij, doos, trekking)
        if toon is not None:
            write_kijkmap(basis.opslag, toon, _build_kop(gevonden), _build_stukken(gevonden))
            with db.begin(basis.engine) as session:
                keuren.mark_seen(session, trekking, wie)
            gevonden["map"] = str(toon.resolve())
    if als_json:
        return show_json(gevonden)
    stdout().print(f"Doos {gevonden['doos']}", style="bold", end="  ")
    stdout().print(f"{gevonden['plaats'] or '–'}, {count_words(gevonden['vellen'], 'vel', 'vellen')}.", soft_wrap=True)
    show_table(
        "Neem uit de doos",
        ["Document", "Batch", "Bladen", "Vellen van boven af", "Pagina's"],
        [[d["document"][:8], d["batch"], d["bladen"], d["vellen"], d["paginas"]] for d in gevonden["documenten"]],
        leeg="",
    )
    if gevonden["bladen"]:
        show_table(
            "Neem ook deze bladen, die bij geen document horen",
            ["Batch", "Blad", "Vel van boven af", "Weggelaten als", "Kijk"],
            [[b["batch"], b["blad"], b["vel"], _say_waarom(b), ZIE_DAT] for b in gevonden["bladen"]],
            leeg="",
        )
    vervolg = f'scanstraat laatste-blik {gevonden["doos"]} --lijst "{gevonden["lijst"]}"'
    return stderr().print(
        f"Bekijk ze ernaast: {vervolg} --toon MAP"
        if toon is None
        else f"De documenten staan in {toon}. Begin met {OVERZICHT}. Zeg daarna: {vervolg} --gelijk, of --anders met "
        "wat er niet klopt. Gooi de map weg als u klaar bent.",
        soft_wrap=True,
    )


def _say_waarom(blad: dict[str, Any]) -> str:
    """Say why a sheet belongs to no document: what was said of its sides when they were left out."""
    redenen = (
        f"{kant['reden']}: {kant['toelichting']}" if kant["toelichting"] else kant["reden"]
        for kant in blad["beelden"]
        if kant["reden"]
    )
    return "; ".join(dict.fromkeys(redenen)) or "onbekend"


def _say_uitkomst(naam: str, doos: str, *, gelijk: bool) -> str:
    if gelijk:
        return (
            f'De laatste blik op doos {doos} is geslaagd. Kijk wat er nog nodig is: scanstraat lijst onderzoek "{naam}"'
        )
    return (
        f"Vastgelegd dat doos {doos} niet gelijk is. Deze lijst gaat niet door. Trek haar in (scanstraat lijst trek-in "
        f'"{naam}"), zoek uit wat er is gebeurd, en scan opnieuw wat niet klopt.'
    )


ZIE_DAT = "zie dat het leeg is of er niet toe doet"


def _build_kop(gevonden: dict[str, Any]) -> list[str]:
    return [
        f"Laatste blik op doos {gevonden['doos']}, van {name_lijst(gevonden['lijst'])}.",
        "Neem per bestand de genoemde vellen uit de doos. Is elk vel er, staat alles erop, en hoort er niets bij dat "
        "niet op het scherm staat? Leg de vellen daarna terug op hun plaats.",
    ]


def _build_stukken(gevonden: dict[str, Any]) -> list[Kijkstuk]:
    return [
        Kijkstuk(
            d["sha256"],
            f"Document {d['document'][:8]} uit batch {d['batch']}",
            (f"blad {d['bladen']} van de batch; vel {d['vellen']} van de {gevonden['vellen']} in de doos",),
        )
        for d in gevonden["documenten"]
    ] + _build_losse_stukken(gevonden)


def _build_losse_stukken(gevonden: dict[str, Any]) -> list[Kijkstuk]:
    """Return the scans of the sheets without a document as they came; one file may show many of them."""
    per_bestand: dict[tuple[str, str], list[str]] = {}
    for blad in gevonden["bladen"]:
        for kant in blad["beelden"]:
            per_bestand.setdefault((kant["sha256"], kant["soort"]), []).append(
                f"pagina {kant['pagina']} van dit bestand is de {kant['kant']}kant van blad {blad['blad']} van batch "
                f"{blad['batch']}; vel {blad['vel']} van de {gevonden['vellen']} in de doos"
            )
    return [
        Kijkstuk(sha256, f"Scan met bladen zonder document: {ZIE_DAT}", tuple(regels), soort)
        for (sha256, soort), regels in per_bestand.items()
    ]


# --- releases -----------------------------------------------------------------------------------------------------


def geef_vrij(
    context: typer.Context,
    naam: Lijstnaam,
    als: Als,
    geheim_fd: GeheimFd = None,
    naam_lijst: Annotated[
        str | None,
        typer.Option(
            "--naam-lijst", metavar="LIJST", help="De naam van de lijst, overgetypt door de tweede vrijgever."
        ),
    ] = None,
) -> None:
    """Geef een lijst vrij. Twee gemandateerden doen dat; de tweede typt de naam van de lijst over."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij = poort.find_lijst(session, naam)
        wie = sign_in(basis, als, geheim_fd)
        with db.read(basis.engine) as session:
            vernietigen.verify_vrijgever(session, rij, wie)
            stderr().print(
                f"{name_lijst(rij.naam, 'De lijst')}: {vernietigen.say_lijst(poort.load_dossier(session, rij.id))}."
            )
            tweede = bool(poort.find_vrijgaven(session, rij.id))
        if tweede and naam_lijst is None:
            naam_lijst = _ask_naam()
        with _follow("Alles opnieuw lezen") as meld:
            vrijgave = afronding.geef_vrij(basis, rij.id, wie, naam_lijst or "", meld=meld)
        if vrijgave.volgnummer == 1:
            return stdout().print(
                f"De eerste vrijgave van {name_lijst(rij.naam)} is vastgelegd. Een andere gemandateerde geeft haar nu "
                f'ook vrij: scanstraat geef-vrij "{rij.naam}"',
                soft_wrap=True,
            )
        stdout().print(
            f"{name_lijst(rij.naam, 'De lijst')} is twee keer vrijgegeven. Intrekken kan tot de opdracht: "
            f'scanstraat trek-in "{rij.naam}". Is de bedenktijd voorbij, veranker dan het logboek (scanstraat logboek '
            f'veranker) en geef de opdracht: scanstraat opdracht "{rij.naam}"',
            soft_wrap=True,
        )
        with db.read(basis.engine) as session:
            zonder = vernietigen.find_zonder_blik(session, rij)
        for doos in zonder:
            stdout().print(
                f'Doe voor de opdracht nog de laatste blik: scanstraat laatste-blik {doos} --lijst "{rij.naam}"',
                soft_wrap=True,
            )
        return _show_bedenktijd(basis, rij.id)


def _show_bedenktijd(basis: Basis, lijst_id: UUID) -> None:
    with db.read(basis.engine) as session:
        einde = poort.find_einde_bedenktijd(session, poort.load_dossier(session, lijst_id))
    if einde is not None:
        show_table("Bedenktijd", ["Tot en met"], [[db.format_time(einde)]], leeg="")


def _ask_naam() -> str:
    if not sys.stdin.isatty():
        raise NietMogelijkError(
            "Dit is de tweede vrijgave: typ de naam van de lijst over. Geef de opdracht in een terminal, of gebruik "
            "--naam-lijst."
        )
    return str(typer.prompt("Typ de naam van de lijst over", err=True))


def trek_in(context: typer.Context, naam: Lijstnaam, reden: Reden, als: Als, geheim_fd: GeheimFd = None) -> None:
    """Trek de vrijgaven van een lijst in. Dat kan tot de opdracht is gegeven."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij = poort.find_lijst(session, naam)
        aantal = afronding.trek_vrijgave_in(basis, rij.id, reden, sign_in(basis, als, geheim_fd))
        stdout().print(
            f"{count_words(aantal, 'vrijgave is', 'vrijgaven zijn')} ingetrokken. Het papier van "
            f"{name_lijst(rij.naam)} blijft.",
            soft_wrap=True,
        )


# --- order and execution ------------------------------------------------------------------------------------------


def opdracht(
    context: typer.Context,
    naam: Lijstnaam,
    bedrijf: Annotated[str, typer.Option("--bedrijf", help="Het bedrijf dat vernietigt.")],
    containers: Annotated[
        list[str],
        typer.Option("--container", metavar=CONTAINERVORM, help="Een container, zijn zegel en zijn dozen. Mag vaker."),
    ],
    als: Als,
    geheim_fd: GeheimFd = None,
    als_json: AlsJson = False,
) -> None:
    """Geef opdracht om een lijst te vernietigen. Dat kan alleen als alle veertien feiten waar zijn."""
    gelezen = [_parse_container(tekst) for tekst in containers]
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij = poort.find_lijst(session, naam)
            gevuld = [
                vernietigen.Container(nummer, zegel, tuple(papier.find_doos(session, doos).nummer for doos in dozen))
                for nummer, zegel, dozen in gelezen
            ]
        wie = sign_in(basis, als, geheim_fd)
        with _follow("Alles opnieuw lezen") as meld:
            gegeven = afronding.draag_op(basis, rij.id, wie, bedrijf, gevuld, meld=meld)
        with db.read(basis.engine) as session:
            gevonden = vernietigen.build_opdracht(session, gegeven)
    if als_json:
        return show_json(gevonden)
    _show_opdracht(gevonden)
    return stderr().print(
        f"Is het papier vernietigd, leg dat dan vast: scanstraat uitvoering {gevonden['nummer']} DOOS. Ging het mis, "
        "doe hetzelfde met --mislukt, of met --deels als een deel wel is vernietigd.",
        soft_wrap=True,
    )


@lijst.command("containerblad")
def containerblad(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(metavar="OPDRACHT", help="Nummer van de opdracht.")],
    uit: Annotated[Path, typer.Option("-o", "--uit", metavar="BESTAND", help="Nieuw bestand (PDF/A-3).")],
) -> None:
    """Druk de bladen af die met de containers meegaan, met de wortel van het logboek waarop de opdracht rust."""
    from scanstraat import afdrukken  # noqa: PLC0415
    from scanstraat.doosblad import render_containerblad  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            bladen = afdrukken.build_containerbladen(basis, session, vernietigen.find_order(session, nummer))
        zone = basis.config.algemeen.tijdzone
        for plek, blad in enumerate(bladen):
            naam = uit if len(bladen) == 1 else uit.with_name(f"{uit.stem}-{plek + 1}{uit.suffix}")
            write_nieuw(naam, render_containerblad(blad, tijdzone=zone))
            stdout().print(f"Het blad voor container {blad.container} staat in {naam}.", soft_wrap=True)


def _parse_container(tekst: str) -> tuple[str, str, tuple[str, ...]]:
    delen = [deel.strip() for deel in tekst.split(":")]
    dozen = tuple(doos.strip() for doos in delen[-1].split(",") if doos.strip())
    if len(delen) != 3 or not all(delen) or not dozen:
        raise typer.BadParameter(f"{tekst} is niet te lezen. Schrijf: {CONTAINERVORM}", param_hint="--container")
    return delen[0], delen[1], dozen


def ophalen(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(metavar="OPDRACHT", help="Nummer van de opdracht, zoals O-2026-0001.")],
    containers: Annotated[
        list[str],
        typer.Option("--container", metavar="NUMMER:ZEGEL", help="Een container en het zegel dat erop zit. Mag vaker."),
    ],
    vervoerder: Annotated[str, typer.Option("--vervoerder", help="Wie haar meenam, zoals op de vrachtbrief staat.")],
    op: Annotated[str, typer.Option("--op", metavar="TIJD", help='Wanneer, zoals "2026-03-02 14:05".')],
    als: Als,
    geheim_fd: GeheimFd = None,
    als_json: AlsJson = False,
) -> None:
    """Leg vast dat containers van een opdracht zijn opgehaald: welk zegel erop zat, wie haar meenam en wanneer."""
    gelezen = [tuple(deel.strip() for deel in tekst.split(":")) for tekst in containers]
    if any(len(delen) != 2 or not all(delen) for delen in gelezen):
        raise typer.BadParameter("Schrijf: NUMMER:ZEGEL", param_hint="--container")
    with expected_errors(), open_basis(load_config(context)) as basis:
        moment = _parse_op(op, basis.config)
        with db.read(basis.engine) as session:
            order = vernietigen.find_order(session, nummer)
        wie = sign_in(basis, als, geheim_fd)
        afronding.geef_mee(basis, order.id, [(n, zegel) for n, zegel in gelezen], vervoerder, moment, wie)
        with db.read(basis.engine) as session:
            gevonden = vernietigen.build_opdracht(session, order)
    if als_json:
        return show_json(gevonden)
    welke = ", ".join(delen[0] for delen in gelezen)
    return stdout().print(
        f"Vastgelegd dat {welke} is opgehaald. Is het papier vernietigd: scanstraat uitvoering {order.nummer} DOOS",
        soft_wrap=True,
    )


def uitvoering(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(metavar="OPDRACHT", help="Nummer van de opdracht, zoals O-2026-0001.")],
    doosnummers: Dozen,
    als: Als,
    geheim_fd: GeheimFd = None,
    op: Annotated[
        str | None,
        typer.Option("--op", metavar="TIJD", help='Wanneer het papier is vernietigd, zoals "2026-03-02 14:05".'),
    ] = None,
    container: Annotated[str | None, typer.Option("--container", help="Container op het vernietigingsbewijs.")] = None,
    zegel: Annotated[str | None, typer.Option("--zegel", help="Zegel op het vernietigingsbewijs.")] = None,
    niveau: Annotated[str | None, typer.Option("--niveau", help="DIN-niveau op het bewijs, zoals P-4.")] = None,
    wijze: Annotated[str | None, typer.Option("--wijze", help="Hoe het is vernietigd, volgens het bewijs.")] = None,
    certificaat: Annotated[
        Path | None,
        typer.Option("--certificaat", metavar="BESTAND", help="Het vernietigingsbewijs; het wordt bewaard."),
    ] = None,
    certificaatnummer: Annotated[
        str | None, typer.Option("--certificaatnummer", help="Nummer van het vernietigingsbewijs.")
    ] = None,
    mislukt: Annotated[
        str | None, typer.Option("--mislukt", metavar="TOELICHTING", help="Niet vernietigd: wat er is gebeurd.")
    ] = None,
    deels: Annotated[
        str | None, typer.Option("--deels", metavar="TOELICHTING", help="Een deel is vernietigd: wat er is gebeurd.")
    ] = None,
    zonder_grond: Annotated[
        bool, typer.Option("--zonder-grond", help="Het papier is al weg, terwijl er iets in de weg stond.")
    ] = False,
    als_json: AlsJson = False,
) -> None:
    """Leg vast dat dozen zijn vernietigd, met het bewijs van het bedrijf; of dat het niet of niet helemaal lukte."""
    bewijs = {
        "--op": op, "--container": container, "--zegel": zegel, "--niveau": niveau, "--wijze": wijze,
        "--certificaat": certificaat, "--certificaatnummer": certificaatnummer,
    }  # fmt: skip
    faalde = mislukt is not None or deels is not None
    genoemd = {optie for optie, deel in bewijs.items() if deel is not None}
    over = genoemd - ({"--op"} if mislukt is None else set())
    if (mislukt is not None and deels is not None) or (faalde and (zonder_grond or over)):
        raise typer.BadParameter("Kies: het bewijs van het bedrijf, of --mislukt, of --deels (daarbij mag ook --op).")
    ontbreekt = [] if faalde else [optie for optie, deel in bewijs.items() if deel is None]
    if ontbreekt:
        raise typer.BadParameter(f"Neem van het vernietigingsbewijs over: {', '.join(ontbreekt)}.")
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            order = vernietigen.find_order(session, nummer)
            dozen = _find_dozen(session, doosnummers)
        moment = None if op is None else _parse_op(op, basis.config)
        if faalde:
            wie = sign_in(basis, als, geheim_fd)
            woorden = str(mislukt if deels is None else deels)
            afronding.meld_mislukt(basis, order.id, dozen, woorden, wie, deels=deels is not None, op=moment)
        else:
            assert certificaat is not None and moment is not None
            stuk = take_stuk(basis, certificaat)
            with db.begin(basis.engine) as session:
                sha256 = vernietigen.save_certificaat(session, stuk)
            feiten = vernietigen.Uitvoeringsfeiten(
                moment, str(wijze).strip(), str(niveau).strip().upper(), str(container).strip(), str(zegel).strip(),
                str(certificaatnummer).strip(), sha256,
            )  # fmt: skip
            wie = sign_in(basis, als, geheim_fd)
            doe = afronding.meld_zonder_grond if zonder_grond else afronding.voer_uit
            with _follow("Alles opnieuw lezen") as meld, _or_already_gone():
                doe(basis, order.id, [(doos, feiten) for doos in dozen], wie, meld=meld)
        with db.read(basis.engine) as session:
            gevonden = vernietigen.build_opdracht(session, order)
    if als_json:
        return show_json(gevonden)
    welke = ", ".join(doos.nummer for doos in dozen)
    if zonder_grond:
        for u in gevonden["uitvoeringen"]:
            if u["doos"] in {doos.nummer for doos in dozen} and u["uitslag"] != "deels vernietigd":
                stdout().print(f"Doos {u['doos']}: {u['toelichting']}", soft_wrap=True)
        return stdout().print(
            f"Vastgelegd dat {welke} is vernietigd terwijl er iets in de weg stond. Dat blijft zo staan, en wie het "
            "logboek controleert ziet het. Meld het bij de archivaris.",
            soft_wrap=True,
        )
    if deels is not None:
        stdout().print(f"Vastgelegd. De opdracht blijft open voor {welke}.", soft_wrap=True)
        for doos in dozen:
            stdout().print(papier.say_deels(doos.nummer, order.nummer), soft_wrap=True)
        if any(u["uitslag"] == "deels vernietigd zonder grond" for u in gevonden["uitvoeringen"]):
            stdout().print(
                "Er stond iets in de weg. Dat is erbij vastgelegd, en wie het logboek controleert ziet het. Haal de "
                "rest terug en meld het bij de archivaris.",
                soft_wrap=True,
            )
        return None
    return stdout().print(
        f"Vastgelegd dat {welke} niet is vernietigd. Haal het papier terug en zet de doos op een nieuwe lijst: "
        "scanstraat lijst maak"
        if faalde
        else f"Vastgelegd dat {welke} is vernietigd onder opdracht {order.nummer}.",
        soft_wrap=True,
    )


@contextmanager
def _or_already_gone() -> Iterator[None]:
    try:
        yield
    except NietVrijgegevenError as exc:
        raise NietVrijgegevenError(
            f"{exc}\nIs het papier al vernietigd? Leg dat dan vast met dezelfde opdracht en --zonder-grond."
        ) from exc


def _find_dozen(session: Session, nummers: list[str]) -> list[DoosRow]:
    return list({doos.id: doos for doos in (papier.find_doos(session, nummer) for nummer in nummers)}.values())


def _parse_op(tekst: str, config: Config) -> datetime:
    try:
        return parse_tijd(tekst, config.algemeen.tijdzone)
    except ValueError as exc:
        raise typer.BadParameter(f'{tekst} is geen tijd. Schrijf: "2026-03-02 14:05"', param_hint="--op") from exc
