"""Commands about what allows replacement: handboek, besluit and uitzonderingen."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from kwaliteitscontrole.woorden import count_words
from scanstraat import besluiten, db, personen, storage
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli.aanmelden import Als, GeheimFd, sign_in
from scanstraat.cli.batches import find_document
from scanstraat.cli.invoer import Batchnummer, DocumentId, Reden, kort, parse_dag, parse_tekst, say_dag
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
from scanstraat.errors import NietMogelijkError
from scanstraat.personen import Rol
from scanstraat.stukken import take_stuk
from scanstraat.tables import ActorRow
from vernietiging.vervangingsbesluit import Uitsluiting, Vervangingsbesluit

handboek = typer.Typer(help="Versies van het handboek vervanging, en de bijlage erbij.", invoke_without_command=True)
besluit = typer.Typer(help="Vervangingsbesluiten, en welke batch eronder valt.", no_args_is_help=True)
uitzondering = typer.Typer(help="Documenten waarvan het papier het origineel blijft.", no_args_is_help=True)

WIE_UITZONDERT = tuple(rol for rol in Rol if rol is not Rol.AUDITOR)  # to keep paper is never a risk

Nummer = Annotated[str, typer.Argument(metavar="NUMMER", help="Nummer van het besluit.", parser=parse_tekst)]
Toelichting = Annotated[
    str, typer.Option("--toelichting", metavar="TEKST", help="Leg uit waarom, zonder namen.", parser=parse_tekst)
]
Alles = Annotated[bool, typer.Option("--alles", help="Ook wat is ingetrokken.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(handboek, name="handboek")
    app.add_typer(besluit, name="besluit")
    app.add_typer(uitzondering, name="uitzondering")


# --- handboek -----------------------------------------------------------------------------------------------------


@handboek.command("voegtoe")
def handboek_voegtoe(
    context: typer.Context,
    versie: Annotated[
        str, typer.Argument(metavar="VERSIE", help="De versie, zoals het besluit haar noemt.", parser=parse_tekst)
    ],
    bestand: Annotated[
        Path, typer.Argument(metavar="BESTAND", help="Het handboek, bijvoorbeeld als PDF.", exists=True, dir_okay=False)
    ],
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Leg een versie van het handboek vast. Het bestand wordt bewaard zoals het is."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        stuk = take_stuk(basis, bestand)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            rij = besluiten.save_handboek(session, versie, stuk, wie)
        stdout().print(f"Handboek {rij.versie} is vastgelegd. SHA-256: {rij.bestand_sha256}", soft_wrap=True)


@handboek.callback()
def handboek_bijlage(
    context: typer.Context,
    uit: Annotated[
        Path | None, typer.Option("-o", "--uit", metavar="BESTAND", help="Druk de bijlage af in dit nieuwe bestand.")
    ] = None,
    nummer: Annotated[
        str | None, typer.Option("--besluit", help="Nummer van het besluit; zonder: het geldende.")
    ] = None,
) -> None:
    """Versies van het handboek. Met -o: druk de bijlage af, de aspecten a tot en met h zoals ze nu zijn ingesteld."""
    if context.invoked_subcommand is not None:
        return
    if uit is None:
        stdout().print(context.get_help())
        return
    from scanstraat.handboekbijlage import build_bijlage, render_bijlage  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            bijlage = build_bijlage(basis, session, nummer)
        write_nieuw(uit, render_bijlage(bijlage, tijdzone=basis.config.algemeen.tijdzone))
        stdout().print(f"De bijlage staat in {uit}.", soft_wrap=True)
        for verschil in bijlage.verschillen:
            stdout().print(f"Verschil: {verschil}", soft_wrap=True)


@handboek.command("lijst")
def handboek_lijst(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon de versies van het handboek, de nieuwste eerst."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = besluiten.build_handboeken(session)
    if als_json:
        return show_json(rijen)
    return show_table(
        "Handboek",
        ["Versie", "Bestand", "SHA-256", "Vastgelegd", "Door"],
        [[r["versie"], r["bestand"], r["sha256"], r["vastgelegd_op"], r["vastgelegd_door"]] for r in rijen],
        leeg="Er is nog geen handboek. Leg het vast met: scanstraat handboek voegtoe VERSIE BESTAND",
    )


# --- besluit ------------------------------------------------------------------------------------------------------


@besluit.command("voegtoe")
def besluit_voegtoe(
    context: typer.Context,
    bestand: Annotated[
        Path, typer.Argument(metavar="BESTAND", help="Het bestand met het besluit, zoals besluit.toml.")
    ],
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Leg een vervangingsbesluit vast uit een bestand als docs/voorbeelden/besluit.toml."""
    from scanstraat.besluitbestand import read_besluit  # noqa: PLC0415  pydantic models take a while

    with expected_errors(), open_basis(load_config(context)) as basis:
        gelezen = read_besluit(bestand)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            rij = besluiten.save_besluit(basis, session, gelezen, wie)
        stdout().print(
            f"Besluit {rij.nummer} versie {rij.versie} is vastgelegd. SHA-256: {rij.inhoud_sha256}\n"
            f"Lees na wat er staat: scanstraat besluit toon {rij.nummer}",
            soft_wrap=True,
        )
        for melding in _find_meldingen(basis, gelezen):
            stderr().print("Let op:", style="bold yellow", end=" ")
            stderr().print(melding, soft_wrap=True)


def _find_meldingen(basis: Basis, gelezen: Vervangingsbesluit) -> list[str]:
    """Return, in Dutch, why paper of new scans would stay under this besluit."""
    meldingen = []
    if gelezen.gepubliceerd_op is None:
        meldingen.append("Dit besluit is nog niet gepubliceerd. Tot dan kan er niets onder vallen.")
    for naam, profiel in basis.config.profiel.items():
        redenen = gelezen.find_afwijkingen_profiel(naam, storage.build_momentopname(profiel)[1])
        meldingen += [f"{reden} Vergelijk met: scanstraat besluit profielen" for reden in redenen]
    return meldingen


@besluit.command("lijst")
def besluit_lijst(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon de besluiten met al hun versies, de nieuwste eerst."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = [
            besluiten.build_besluit(keuze) | {"batches": besluiten.count_gebonden(session, keuze)}
            for keuze in besluiten.load_besluiten(session)
        ]
    if als_json:
        return show_json(rijen)
    return show_table(
        "Besluiten",
        ["Besluit", "Versie", "Datum", "Gepubliceerd", "Geldt van", "Tot", "Handboek", "Batches"],
        [
            [r["nummer"], r["versie"], say_dag(r["datum"]), say_dag(r["gepubliceerd_op"]), say_dag(r["geldig_van"]),
             say_dag(r["geldig_tot"]), r["handboek"], r["batches"]]
            for r in rijen
        ],
        leeg="Er is nog geen besluit. Leg het vast met: scanstraat besluit voegtoe BESTAND",
    )  # fmt: skip


@besluit.command("toon")
def besluit_toon(
    context: typer.Context,
    nummer: Nummer,
    versie: Annotated[
        int | None, typer.Option("--versie", help="Welke versie; zonder: de hoogste.", show_default=False, min=1)
    ] = None,
    als_json: AlsJson = False,
) -> None:
    """Toon alles wat er in een besluit staat."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        keuze = besluiten.find_besluit(session, nummer, versie)
        gebonden = besluiten.count_gebonden(session, keuze)
        door = personen.name_of(session, keuze.rij.vastgelegd_door)
    if als_json:
        vastgelegd = {"vastgelegd_op": keuze.rij.vastgelegd_op, "vastgelegd_door": door, "batches": gebonden}
        return show_json({"inhoud": keuze.rij.inhoud, "sha256": keuze.rij.inhoud_sha256, **vastgelegd})
    rijen = _flatten(keuze.besluit)
    rijen += [
        ["Vastgelegd op", keuze.rij.vastgelegd_op],
        ["Vastgelegd door", door],
        ["SHA-256 van de inhoud", keuze.rij.inhoud_sha256],
        ["Batches die eronder vallen", gebonden],
    ]
    return show_table(f"Besluit {nummer}", ["Wat", "Wat er staat"], rijen, leeg="")


_NAMEN = {  # what the names of the values do not say by themselves
    "geldig_tot": "geldig tot (die dag telt niet mee)",
    "din_niveau": "DIN-niveau",
    "bedenktijd_dagen": "bedenktijd in dagen",
    "laatste_blik_documenten": "documenten voor de laatste blik",
    "aql_kritiek": "AQL van kritieke fouten",
    "aql_ernstig": "AQL van ernstige fouten",
    "aql_licht": "AQL van lichte fouten",
    "alles": "alle pagina's",
}


def _flatten(deel: Any, waarvan: str = "") -> list[list[Any]]:
    """Return what a besluit says as lines for people, part by part."""
    rijen: list[list[Any]] = []
    for veld in fields(deel):
        waarde = getattr(deel, veld.name)
        woorden = _NAMEN.get(veld.name, veld.name.replace("_", " "))
        naam = f"{waarvan}: {woorden}" if waarvan else woorden[0].upper() + woorden[1:]
        if is_dataclass(waarde):
            rijen += _flatten(waarde, naam)
        elif veld.name == "profielen":
            rijen += [[f"Profiel {profiel}", vingerafdruk] for profiel, vingerafdruk in sorted(waarde.items())]
        elif isinstance(waarde, tuple):
            leeg = "alle" if waarvan == "Reikwijdte" and veld.name != "uitsluitingen" else ""
            rijen.append([naam, "\n".join(map(_say_deel, waarde)) or leeg])
        else:
            rijen.append([naam, _say_deel(waarde)])
    return rijen


def _say_deel(waarde: Any) -> Any:
    if isinstance(waarde, Uitsluiting):
        return f"{waarde.soort} {waarde.waarde}: {waarde.reden}"
    if isinstance(waarde, date):
        return f"{waarde:%d-%m-%Y}"
    return waarde if isinstance(waarde, bool) or waarde is None else str(waarde)


@besluit.command("profielen")
def besluit_profielen(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon van elk scanprofiel de vingerafdruk van nu, klaar om in besluit.toml te plakken."""
    with expected_errors():
        config = load_config(context)
    vingerafdrukken = {naam: storage.build_momentopname(profiel)[1] for naam, profiel in config.profiel.items()}
    if als_json:
        return show_json(vingerafdrukken)
    regels = [f"{_to_sleutel(naam)} = {_to_tekst(waarde)}" for naam, waarde in sorted(vingerafdrukken.items())]
    return stdout().print("\n".join(["[profielen]", *regels]), soft_wrap=True)


def _to_sleutel(naam: str) -> str:
    return naam if re.fullmatch(r"[A-Za-z0-9_-]+", naam) else _to_tekst(naam)


def _to_tekst(tekst: str) -> str:
    """Return a basic string of TOML."""
    delen = (
        f"\\u{ord(teken):04X}" if not teken.isprintable() else f"\\{teken}" if teken in '"\\' else teken
        for teken in tekst
    )
    return f'"{"".join(delen)}"'


@besluit.command("bind")
def besluit_bind(
    context: typer.Context,
    als: Als,
    batches: Annotated[list[str] | None, typer.Argument(metavar="BATCH", help="Batchnummers.")] = None,
    alle: Annotated[
        bool,
        typer.Option(
            "--alle", help="Alle batches die nog onder geen besluit vallen; met --besluit: ook onder een ander."
        ),
    ] = False,
    nummer: Annotated[
        str | None,
        typer.Option(
            "--besluit",
            metavar="NUMMER",
            help="Onder welk besluit; zonder: het enige dat geldt voor de dag van scannen.",
            parser=parse_tekst,
        ),
    ] = None,
    geheim_fd: GeheimFd = None,
) -> None:
    """Laat batches onder een besluit vallen, ook oudere onder een later besluit."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        if bool(batches) is alle:
            raise typer.BadParameter("Noem batches, of geef --alle.")
        with db.read(basis.engine) as session:
            keuze = None if nummer is None else besluiten.find_besluit(session, nummer)
            if alle:
                ids = besluiten.find_bindbaar(session, keuze)
            else:
                ids = [storage.find_batch(session, batch).id for batch in batches or ()]
        wie = sign_in(basis, als, geheim_fd)
        with db.read(basis.engine) as session:
            actor = besluiten.verify_beslisser(session, wie)
        gebonden, gemist = [], []
        with build_progress() as balk:
            for batch_id in balk.track(ids, description="Batches binden"):
                try:
                    gebonden += _bind(basis, batch_id, keuze, actor)
                except NietMogelijkError as exc:
                    gemist.append(str(exc))
        for zin in gebonden:
            stdout().print(zin, soft_wrap=True)
        for zin in gemist:
            stderr().print("Niet gebonden:", style="bold yellow", end=" ")
            stderr().print(zin, soft_wrap=True)
        if not ids:
            stdout().print("Er is geen batch die nog gebonden moet worden.")
        if gemist and not alle:
            raise typer.Exit(NietMogelijkError.exitcode)


def _bind(basis: Basis, batch_id: UUID, keuze: besluiten.Binding | None, actor: ActorRow) -> list[str]:
    """Bind one batch in a transaction of its own, and return what to say of it."""
    zaaktypen = besluiten.ask_zaaktypen_van(basis, batch_id)
    with db.begin(basis.engine) as session:
        batch = storage.lock_batch(session, batch_id)
        gekozen = keuze or besluiten.find_passend(session, batch, basis.config.algemeen.tijdzone)
        if gekozen is None:
            raise NietMogelijkError(
                f"Voor de dag waarop batch {batch.nummer} is gescand, geldt geen besluit of meer dan een. Noem er een "
                "met --besluit."
            )
        gebonden = besluiten.bind(basis, session, batch, gekozen, actor, zaaktypen)
    zinnen = [f"Batch {batch.nummer} valt onder besluit {gebonden.besluit} versie {gekozen.besluit.versie}."]
    if gebonden.uitzonderingen:
        aantal = count_words(len(gebonden.uitzonderingen), "document valt", "documenten vallen")
        zinnen.append(
            f"{aantal} buiten de reikwijdte en {'is' if len(gebonden.uitzonderingen) == 1 else 'zijn'} nu een "
            f"uitzondering: {', '.join(map(kort, gebonden.uitzonderingen))}. Waarom: scanstraat uitzondering lijst"
        )
    return zinnen


@besluit.command("verleng")
def besluit_verleng(
    context: typer.Context,
    nummer: Batchnummer,
    tot: Annotated[date, typer.Option("--tot", metavar="DATUM", help="Laatste dag dat het blijft.", parser=parse_dag)],
    reden: Reden,
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Bewaar het papier van een batch langer dan het besluit vraagt. Verkorten kan niet."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            gevonden = storage.find_batch(session, nummer)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            batch = storage.lock_batch(session, gevonden.id)
            besluiten.extend_termijn(session, batch, tot, reden, wie)
        stdout().print(
            f"Het papier van batch {batch.nummer} blijft in elk geval tot en met {tot:%d-%m-%Y}.", soft_wrap=True
        )


# --- uitzonderingen -----------------------------------------------------------------------------------------------


def _parse_reden(code: str) -> str:
    gevonden = code.strip().lower().replace("-", "_")
    if gevonden not in besluiten.UITZONDERINGEN:
        raise typer.BadParameter(f"De reden '{code}' bestaat niet. Kies uit: {', '.join(besluiten.UITZONDERINGEN)}.")
    return gevonden


@uitzondering.command("voegtoe")
def uitzondering_voegtoe(
    context: typer.Context,
    document_id: DocumentId,
    reden: Annotated[
        str,
        typer.Option(
            "--reden", metavar="CODE", help=f"Een van: {', '.join(besluiten.UITZONDERINGEN)}.", parser=_parse_reden
        ),
    ],
    toelichting: Toelichting,
    als: Als,
    vindplaats: Annotated[
        str,
        typer.Option(
            "--vindplaats", metavar="TEKST", help="Waar het papier komt te liggen; zonder: in zijn doos.",
            parser=parse_tekst,
        ),
    ] = "",
    geheim_fd: GeheimFd = None,
) -> None:  # fmt: skip
    """Leg vast dat het papier van een document het origineel blijft. Het gaat dan niet weg."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        gevonden = _find_document(basis, document_id)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            personen.verify_mandaat(session, wie, *WIE_UITZONDERT)
            batch, rij = storage.lock_document(session, gevonden)
            actor = personen.actor_of(session, wie.persoon_id)
            besluiten.add_uitzondering(session, rij, reden, toelichting, vindplaats, actor=actor)
        stdout().print(
            f"Document {kort(rij.id)} uit batch {batch.nummer} is een uitzondering: het papier blijft het origineel.\n"
            f"Ligt het in een doos? Neem het eruit. Waar het ligt: scanstraat doos haal {kort(rij.id)}",
            soft_wrap=True,
        )


def _find_document(basis: Basis, begin: str) -> UUID:
    """Return the id of a document; before anybody signs in, because a code counts once."""
    with db.read(basis.engine) as session:
        return find_document(session, begin).id


@uitzondering.command("trek-in")
def uitzondering_trek_in(
    context: typer.Context,
    document_id: DocumentId,
    toelichting: Toelichting,
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Trek een uitzondering in: het papier van dit document mag toch worden vervangen."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        gevonden = _find_document(basis, document_id)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            _batch, rij = storage.lock_document(session, gevonden)
            besluiten.end_uitzondering(session, rij, toelichting, wie)
        stdout().print(f"Document {kort(rij.id)} is geen uitzondering meer.")


@uitzondering.command("lijst")
def uitzondering_lijst(context: typer.Context, alles: Alles = False, als_json: AlsJson = False) -> None:
    """Toon het register van uitzonderingen: waarom, wie besliste en waar het papier nu is."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = besluiten.build_uitzonderingen(session, alles=alles)
    if als_json:
        return show_json(rijen)
    return show_table(
        "Uitzonderingen",
        ["Document", "Batch", "Zaak", "Reden", "Toelichting", "Sinds", "Door", "Waar het papier is", "Ingetrokken"],
        [
            [kort(r["document"]), r["batch"], r["zaak"], r["betekenis"], r["toelichting"], r["op"], r["door"],
             r["vindplaats"], r["ingetrokken_op"]]
            for r in rijen
        ],
        leeg="Er zijn geen uitzonderingen.",
    )  # fmt: skip
