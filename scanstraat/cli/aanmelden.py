"""How somebody proves on the command line who they are: `--als`, then a password and a code."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Annotated

import typer

from scanstraat import db, personen
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli.uitvoer import expected_errors, load_config, show_fout, stderr
from scanstraat.errors import AanmeldingError, NietMogelijkError
from scanstraat.personen import Aangemeld

LANGSTE_REGEL_BYTES = 4096
WERKBEWIJS, DOOR = "SCANSTRAAT_WERKBEWIJS", "SCANSTRAAT_DOOR"

_ALS = typer.Option(
    "--als",
    metavar="NAAM",
    help="Wie dit beslist: uw naam. Daarna vraagt de opdracht uw wachtwoord en de code uit uw app.",
    envvar="SCANSTRAAT_ALS",
)
Als = Annotated[str, _ALS]
AlsMisschien = Annotated[str | None, _ALS]  # for the very first persoon, when nobody is there to sign in
GeheimFd = Annotated[
    int | None,
    typer.Option(
        "--geheim-fd",
        metavar="NUMMER",
        help="Lees wachtwoord en code, elk op een regel, uit deze bestandsdescriptor in plaats van ze te vragen.",
        min=0,
    ),
]
NieuwFd = Annotated[
    int | None,
    typer.Option(
        "--nieuw-fd",
        metavar="NUMMER",
        help="Lees het nieuwe wachtwoord, op een regel, uit deze bestandsdescriptor in plaats van het te vragen.",
        min=0,
    ),
]


def sign_in(basis: Basis, als: str, geheim_fd: int | None, *, alleen_lezen: bool = False) -> Aangemeld:
    """Ask for a password and a code, or read them from `geheim_fd`, and return who this is.

    Call it before a transaction is opened: it has one of its own, in which a failed try counts.

    Args:
        alleen_lezen: what this is for also works when nothing may be written; else nobody types for nothing.
    Raises:
        AlleenLezenError: nothing may be written now.
        AanmeldingError: they are not right, or there is no way to ask for them.
    """
    if not alleen_lezen:
        db.verify_schrijfbaar(basis.engine)
    if geheim_fd is None:
        wachtwoord = ask_secret(f"Wachtwoord van {als}", "--geheim-fd")
        code = ask_secret("Code uit uw app", "--geheim-fd")
    else:
        wachtwoord, code = read_regel(geheim_fd), read_regel(geheim_fd)
    kluis = personen.open_kluis(basis.config.algemeen.gegevensmap)
    return personen.sign_in(basis.engine, kluis, als, wachtwoord, code)


def prove_door(basis: Basis, door: str) -> str:
    """Return what the record calls whoever does this: the name of their persoon, or the name as it was given.

    What is done to a batch or a doos decides who may judge it later. So a persoon shows that they signed in today: a
    name is no proof. A name that nobody goes by holds the paper until a functioneel beheerder says whose it is.

    Raises:
        AanmeldingError: somebody goes by this name and did not sign in, or cannot.
    """
    with db.read(basis.engine) as session:
        persoon = personen.find_persoon(session, door)
        if persoon is None:
            return door
        kluis = personen.open_kluis(basis.config.algemeen.gegevensmap)
        uren, werkbewijs = basis.config.aanmelding.werk_uren, os.environ.get(WERKBEWIJS, "")
        if not personen.is_werkbewijs(session, kluis, werkbewijs, persoon.id, uren=uren):
            raise AanmeldingError(
                f"De naam {persoon.naam} alleen is niet genoeg. Meld u aan in deze terminal. Dat geldt {uren} uur: "
                f'eval "$(scanstraat aanmelden --als {shlex.quote(persoon.naam)})"'
            )
        return persoon.naam


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("aanmelden")(aanmelden)


def aanmelden(context: typer.Context, als: Als, geheim_fd: GeheimFd = None) -> None:
    """Meld u aan om in deze terminal te werken: scannen, bewerken en dozen. Wie beslist, meldt zich elke keer aan."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        wie = sign_in(basis, als, geheim_fd)
        kluis = personen.open_kluis(basis.config.algemeen.gegevensmap)
        with db.read(basis.engine) as session:
            werkbewijs = personen.build_werkbewijs(session, kluis, wie)
        typer.echo(f"export {WERKBEWIJS}={werkbewijs} {DOOR}={shlex.quote(wie.naam)}")
        if sys.stdout.isatty():  # typed by hand, so nothing reads it
            stderr().print(
                "U bent nog niet aangemeld. Typ de opdracht zo, of plak de regel hierboven in uw terminal: "
                f'eval "$(scanstraat aanmelden --als {shlex.quote(wie.naam)})"',
                soft_wrap=True,
            )


def ask_nieuw_wachtwoord(naam: str, nieuw_fd: int | None) -> str:
    """Ask a new password until it is good and was typed twice the same, or read it from `nieuw_fd`.

    Raises:
        NietMogelijkError: what `nieuw_fd` gave is no password.
        AanmeldingError: there is no way to ask for it.
    """
    if nieuw_fd is not None:
        wachtwoord = read_regel(nieuw_fd)
        personen.verify_wachtwoord(naam, wachtwoord)
        return wachtwoord
    while True:
        wachtwoord = ask_secret(f"Nieuw wachtwoord van {naam}", "--nieuw-fd")
        try:
            personen.verify_wachtwoord(naam, wachtwoord)
        except NietMogelijkError as exc:
            show_fout(str(exc))
            continue
        if wachtwoord == ask_secret("Nog een keer hetzelfde wachtwoord", "--nieuw-fd"):
            return wachtwoord
        show_fout("De wachtwoorden zijn niet gelijk.")


def ask_secret(vraag: str, optie: str) -> str:
    """Ask something on the terminal that nobody may read along.

    Raises:
        AanmeldingError: there is no terminal; it names the option that does without.
    """
    if not sys.stdin.isatty():
        raise AanmeldingError(
            "Hier is geen terminal om uw wachtwoord te vragen. Geef de opdracht in een terminal, of gebruik "
            f"{optie} met het nummer van een bestandsdescriptor (zie de handleiding van de beheerder)."
        )
    return str(typer.prompt(vraag, hide_input=True, err=True))


def read_regel(fd: int) -> str:
    """Read one line from a file descriptor and no byte more: what comes after it may be for somebody else.

    Raises:
        AanmeldingError: it cannot be read, ends too early, or holds no text.
    """
    regel = bytearray()
    try:
        while (teken := os.read(fd, 1)) not in (b"", b"\n") and len(regel) < LANGSTE_REGEL_BYTES:
            regel += teken
    except OSError as exc:
        raise AanmeldingError(
            f"Bestandsdescriptor {fd} is niet te lezen. Open hem in de opdracht, bijvoorbeeld met {fd}<BESTAND."
        ) from exc
    try:
        tekst = regel.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError as exc:
        raise AanmeldingError(f"Uit bestandsdescriptor {fd} komt geen leesbare tekst.") from exc
    if not tekst:
        raise AanmeldingError(f"Uit bestandsdescriptor {fd} komt te weinig: zet er elk gegeven op een eigen regel in.")
    return tekst
