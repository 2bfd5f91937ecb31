"""Commands about people: who they are, how they sign in, and what they may decide."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from kwaliteitscontrole.woorden import count_words
from scanstraat import db, personen
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli.aanmelden import (
    Als,
    AlsMisschien,
    GeheimFd,
    NieuwFd,
    ask_nieuw_wachtwoord,
    ask_secret,
    read_regel,
    sign_in,
)
from scanstraat.cli.invoer import parse_dag, parse_tekst, say_dag
from scanstraat.cli.uitvoer import AlsJson, expected_errors, load_config, show_json, show_table, stdout
from scanstraat.domain import to_local
from scanstraat.errors import GeenMandaatError, NietMogelijkError
from scanstraat.personen import Rol
from scanstraat.tables_bewijs import PersoonRow

persoon = typer.Typer(help="Mensen, hun namen en hoe zij zich aanmelden.", no_args_is_help=True)
mandaat = typer.Typer(help="Wie wat mag beslissen, van wanneer tot wanneer.", no_args_is_help=True)

Naam = Annotated[str, typer.Argument(metavar="NAAM", help="Naam van de persoon.", parser=parse_tekst)]
WelkeRol = Annotated[Rol, typer.Argument(metavar="ROL", help=f"De rol: {', '.join(Rol)}.", case_sensitive=False)]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(persoon, name="persoon")
    app.add_typer(mandaat, name="mandaat")


# --- people -------------------------------------------------------------------------------------------------------


@persoon.command("voegtoe")
def persoon_voegtoe(
    context: typer.Context,
    naam: Naam,
    ook: Annotated[
        list[str] | None,
        typer.Option("--ook", metavar="NAAM", help="Andere naam van deze persoon, zoals op een Batchblad. Mag vaker."),
    ] = None,
    een_ander: Annotated[
        bool, typer.Option("--een-ander", help="Het is een ander mens dan wie bijna dezelfde naam heeft.")
    ] = False,
    als: AlsMisschien = None,
    geheim_fd: GeheimFd = None,
    nieuw_fd: NieuwFd = None,
    als_json: AlsJson = False,
) -> None:
    """Voeg iemand toe, met een wachtwoord en een app voor codes. De eerste persoon wordt functioneel beheerder."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            eerste = not personen.has_personen(session)
            lijken = personen.find_lijkende(session, naam)
        if lijken and not een_ander:
            raise NietMogelijkError(
                f"Er is al iemand die {' of '.join(lijken)} heet. Is dat dezelfde mens, leg dan alleen de naam vast: "
                "scanstraat persoon naam. Eén mens is één persoon, anders telt hij voor twee. Is het een ander, geef "
                "dan --een-ander."
            )
        if als is None and not eerste:
            raise GeenMandaatError("Alleen een functioneel beheerder doet dit. Geef --als met uw naam.")
        wie = None if als is None or eerste else sign_in(basis, als, geheim_fd)
        wachtwoord = ask_nieuw_wachtwoord(naam, nieuw_fd)
        kluis = personen.open_kluis(basis.config.algemeen.gegevensmap)
        namen = tuple(parse_tekst(ander) for ander in ook or ())
        with db.begin(basis.engine) as session:
            rij = personen.add_persoon(session, naam, ook=namen, door=wie)
            geheim = personen.set_aanmelding(
                session, kluis, rij, wachtwoord, door=wie, wacht_dagen=basis.config.aanmelding.wachttijd_dagen
            )
        mag = f"{rij.naam} is functioneel beheerder. Voeg met die naam de anderen toe: scanstraat persoon voegtoe"
        _show_geheim(basis, rij.naam, geheim, als_json, na=mag if eerste else (
            f"Geef {rij.naam} nu een mandaat: scanstraat mandaat geef"
        ))  # fmt: skip


@persoon.command("wachtwoord")
def persoon_wachtwoord(
    context: typer.Context,
    naam: Naam,
    als: Als,
    geheim_fd: GeheimFd = None,
    nieuw_fd: NieuwFd = None,
    als_json: AlsJson = False,
) -> None:
    """Geef uzelf, of als functioneel beheerder een ander, een nieuw wachtwoord en een nieuwe code voor de app."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        rij = _find_persoon(basis, naam)
        wie = sign_in(basis, als, geheim_fd)
        wachtwoord = ask_nieuw_wachtwoord(rij.naam, nieuw_fd)
        kluis = personen.open_kluis(basis.config.algemeen.gegevensmap)
        with db.begin(basis.engine) as session:
            persoon = personen.load_persoon(session, naam)
            dagen = basis.config.aanmelding.wachttijd_dagen
            geheim = personen.set_aanmelding(session, kluis, persoon, wachtwoord, door=wie, wacht_dagen=dagen)
        na = "Het oude wachtwoord en de oude codes werken niet meer."
        if wie.persoon_id != rij.id:
            na += (
                f" {rij.naam} beslist {count_words(dagen, 'dag', 'dagen')} niets, tenzij een andere functioneel "
                "beheerder bevestigt dat dit klopt: scanstraat persoon bevestig. Zolang dat niet is bevestigd, tellen "
                "u beiden als één paar ogen."
            )
        _show_geheim(basis, rij.naam, geheim, als_json, na=na)


@persoon.command("bevestig")
def persoon_bevestig(context: typer.Context, naam: Naam, als: Als, geheim_fd: GeheimFd = None) -> None:
    """Bevestig dat een nieuw wachtwoord dat een ander gaf, bij deze persoon is. Vraag het de persoon eerst zelf."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        rij = _find_persoon(basis, naam)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            personen.confirm_aanmelding(session, personen.load_persoon(session, naam), door=wie)
        stdout().print(f"Bevestigd. {rij.naam} mag weer beslissen.", soft_wrap=True)


@persoon.command("nieuwe-code")
def persoon_nieuwe_code(
    context: typer.Context,
    naam: Naam,
    tweede: Annotated[str, typer.Option("--tweede", metavar="NAAM", help="De tweede persoon.", parser=parse_tekst)],
    geheim_fd: Annotated[
        int | None,
        typer.Option("--geheim-fd", metavar="NUMMER", help="Lees beide wachtwoorden, elk op een regel.", min=0),
    ] = None,
    als_json: AlsJson = False,
) -> None:
    """Kom weer binnen als aanmelding.sleutel voorgoed weg is. Twee mensen tonen hun wachtwoord en krijgen een code.

    Een van de twee is functioneel beheerder. De anderen krijgen daarna van die persoon een nieuw wachtwoord.
    """
    with expected_errors(), open_basis(load_config(context)) as basis:
        mensen = [
            (wie, ask_secret(f"Wachtwoord van {wie}", "--geheim-fd") if geheim_fd is None else read_regel(geheim_fd))
            for wie in (naam, tweede)
        ]
        kluis = personen.open_kluis(basis.config.algemeen.gegevensmap)
        geheimen = personen.renew_codes(basis.engine, kluis, mensen)
        if als_json:
            organisatie = basis.config.algemeen.organisatie
            show_json([
                {"naam": wie, "geheim": geheim, "uri": personen.build_totp_uri(geheim, wie, organisatie)}
                for wie, geheim in geheimen.items()
            ])  # fmt: skip
            return
        for wie, geheim in geheimen.items():
            _show_geheim(basis, wie, geheim, als_json=False, na="")
        stdout().print(
            "Neem nu samen over wat op de verzegelaar wacht: scanstraat logboek herstel. Geef daarna de anderen een "
            "nieuw wachtwoord: scanstraat persoon wachtwoord",
            soft_wrap=True,
        )


def _find_persoon(basis: Basis, naam: str) -> PersoonRow:
    """Return who goes by this name; before anybody signs in, because a code counts once."""
    with db.read(basis.engine) as session:
        return personen.load_persoon(session, naam)


def _show_geheim(basis: Basis, naam: str, geheim: str, als_json: bool, *, na: str) -> None:
    """Show the secret of an app, once: nobody can look it up later."""
    import segno  # noqa: PLC0415

    uri = personen.build_totp_uri(geheim, naam, basis.config.algemeen.organisatie)
    if als_json:
        show_json({"naam": naam, "geheim": geheim, "uri": uri})
        return
    stdout().print(f"{naam} kan zich nu aanmelden met het wachtwoord en een code uit een app.", soft_wrap=True)
    stdout().print(
        f"Laat {naam} deze QR-code nu scannen met een app voor codes, zoals FreeOTP of Microsoft Authenticator.",
        soft_wrap=True,
    )
    segno.make(uri, error="m").terminal(compact=True)
    stdout().print(
        f"Lukt scannen niet? Typ dan dit geheim in de app: {geheim}\n"
        f"Het geheim is hierna nergens meer te zien. Wis daarom het scherm. {na}",
        soft_wrap=True,
    )


@persoon.command("naam")
def persoon_naam(
    context: typer.Context,
    naam: Naam,
    alias: Annotated[
        str, typer.Argument(metavar="ANDERENAAM", help="De andere naam van deze persoon.", parser=parse_tekst)
    ],
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Leg een andere naam van iemand vast, zoals op een Batchblad of bij --door: een mens telt maar een keer."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        rij = _find_persoon(basis, naam)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            personen.add_naam(session, rij, alias, door=wie)
        stdout().print(f"{alias} is vanaf nu {rij.naam}.", soft_wrap=True)


@persoon.command("lijst")
def persoon_lijst(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon wie er zijn, of zij zich kunnen aanmelden en wat zij vandaag mogen."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = [personen.build_persoon(session, rij) for rij in personen.load_personen(session)]
    if als_json:
        return show_json(rijen)
    return show_table(
        "Personen",
        ["Naam", "Ook bekend als", "Kan zich aanmelden", "Rollen van vandaag"],
        [
            [r["naam"], ", ".join(r["ook"]), _say_aanmelding(context, r),
             ", ".join(Rol(m["rol"]).woorden for m in r["mandaten"] if m["stand"] == "geldt")]
            for r in rijen
        ],
        leeg="Er is nog niemand. Voeg de eerste functioneel beheerder toe met: scanstraat persoon voegtoe NAAM",
    )  # fmt: skip


@persoon.command("toon")
def persoon_toon(context: typer.Context, naam: Naam, als_json: AlsJson = False) -> None:
    """Toon iemand: alle namen, de aanmelding en alle mandaten."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        gevonden = personen.build_persoon(session, personen.load_persoon(session, naam))
    if als_json:
        return show_json(gevonden)
    stdout().print(gevonden["naam"], style="bold")
    stdout().print(
        f"Ook bekend als: {', '.join(gevonden['ook']) or 'niets anders'}\n"
        f"Kan zich aanmelden: {_say_aanmelding(context, gevonden)}{_say_insteller(context, gevonden)}",
        soft_wrap=True,
    )
    return _show_mandaten(
        gevonden["mandaten"], leeg=f"{gevonden['naam']} heeft geen mandaat. Geef er een met: scanstraat mandaat geef"
    )


def _say_aanmelding(context: typer.Context, rij: dict[str, Any]) -> str:
    if rij["aanmelding_sinds"] is None:
        return "nee"
    if rij["geblokkeerd_tot"] is None:
        return "ja"
    tot = to_local(rij["geblokkeerd_tot"], load_config(context).algemeen.tijdzone)
    return f"na te veel fouten weer vanaf {tot:%H:%M}"


def _say_insteller(context: typer.Context, rij: dict[str, Any]) -> str:
    """Say since when the account is as it is and by whom, and whether somebody still has to confirm that."""
    if rij["aanmelding_sinds"] is None:
        return ""
    zone = load_config(context).algemeen.tijdzone
    sinds = to_local(rij["aanmelding_sinds"], zone)
    zin = f"\nAanmelding ingesteld op: {sinds:%d-%m-%Y %H:%M}, door {rij['aanmelding_door'] or 'onbekend'}"
    if rij["beslist_vanaf"] is None:
        return zin
    vanaf = to_local(rij["beslist_vanaf"], zone)
    return (
        f"{zin}\nNog niet bevestigd: {rij['naam']} beslist pas vanaf {vanaf:%d-%m-%Y %H:%M}, en telt zolang als één "
        "paar ogen met wie dit instelde. Een andere functioneel beheerder bevestigt met: scanstraat persoon bevestig"
    )


# --- mandates -----------------------------------------------------------------------------------------------------


@mandaat.command("geef")
def mandaat_geef(
    context: typer.Context,
    naam: Naam,
    rol: WelkeRol,
    grondslag: Annotated[
        str,
        typer.Option(
            "--grondslag", metavar="TEKST", help="Het mandaatbesluit, met nummer en datum.", parser=parse_tekst
        ),
    ],
    als: Als,
    van: Annotated[
        date | None,
        typer.Option("--van", metavar="DATUM", help="Eerste dag; zonder: vandaag.", parser=parse_dag),
    ] = None,
    tot: Annotated[
        date | None,
        typer.Option("--tot", metavar="DATUM", help="Laatste dag; zonder: tot het is ingetrokken.", parser=parse_dag),
    ] = None,
    geheim_fd: GeheimFd = None,
) -> None:
    """Geef iemand een mandaat voor een rol. Niemand geeft zichzelf een mandaat."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        rij = _find_persoon(basis, naam)
        wie = sign_in(basis, als, geheim_fd)
        vanaf = van or datetime.now(UTC).date()  # a day of a mandaat is one in UTC: what is given now holds now
        with db.begin(basis.engine) as session:
            personen.grant_mandaat(session, rij, rol, van=vanaf, tot=tot, grondslag=grondslag, door=wie)
        einde = "tot het wordt ingetrokken" if tot is None else f"tot en met {tot:%d-%m-%Y}"
        stdout().print(f"{rij.naam} heeft een mandaat als {rol.woorden}, van {vanaf:%d-%m-%Y} {einde}.", soft_wrap=True)


@mandaat.command("trek-in")
def mandaat_trek_in(context: typer.Context, naam: Naam, rol: WelkeRol, als: Als, geheim_fd: GeheimFd = None) -> None:
    """Trek het mandaat van iemand voor een rol in. Wat met dat mandaat is besloten, blijft staan."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        rij = _find_persoon(basis, naam)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            personen.revoke_mandaat(session, rij, rol, door=wie)
        stdout().print(f"{rij.naam} heeft geen mandaat meer als {rol.woorden}.", soft_wrap=True)


@mandaat.command("lijst")
def mandaat_lijst(
    context: typer.Context,
    alles: Annotated[bool, typer.Option("--alles", help="Ook wat is verlopen of ingetrokken.")] = False,
    als_json: AlsJson = False,
) -> None:
    """Toon wie wat mag, van wanneer tot wanneer, op welke grondslag en van wie."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = personen.build_mandaten(session, alles=alles)
    if als_json:
        return show_json(rijen)
    return _show_mandaten(rijen, leeg="Er zijn geen mandaten. Geef er een met: scanstraat mandaat geef NAAM ROL")


def _show_mandaten(rijen: list[dict[str, Any]], *, leeg: str) -> None:
    show_table(
        "Mandaten",
        ["Nummer", "Naam", "Rol", "Van", "Tot en met", "Stand", "Grondslag", "Gegeven door", "Ingetrokken door"],
        [
            [r["nummer"], r["naam"], Rol(r["rol"]).woorden, say_dag(r["van"]), say_dag(r["tot"]), r["stand"],
             r["grondslag"], r["verleend_door"] or "bij de installatie", r["ingetrokken_door"]]
            for r in rijen
        ],
        leeg=leeg,
    )  # fmt: skip
