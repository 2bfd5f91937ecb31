"""Commands for archivaris and auditor: statements, the proof of a document, and answers to their questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import col, select

from kwaliteitscontrole.woorden import count_bestanden, count_words
from scanstraat import db
from scanstraat.bootstrap import open_basis
from scanstraat.cli.aanmelden import Als, GeheimFd, sign_in
from scanstraat.cli.batches import find_document
from scanstraat.cli.invoer import parse_dag
from scanstraat.cli.uitvoer import (
    AlsJson,
    expected_errors,
    load_config,
    say_tijden,
    show_json,
    show_table,
    stdout,
)
from scanstraat.errors import NietMogelijkError
from scanstraat.stukken import take_stuk
from vernietiging.verklaring import Verklaringsoort

verklaring = typer.Typer(help="Verklaringen van vervanging en van vernietiging.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("verantwoord")(verantwoord)
    app.command("bewijs")(bewijs)
    app.add_typer(verklaring, name="verklaring")


Van = Annotated[str | None, typer.Option("--van", metavar="DATUM", help="Eerste dag van de periode.")]
Tot = Annotated[str | None, typer.Option("--tot", metavar="DATUM", help="Laatste dag van de periode.")]


def verantwoord(
    context: typer.Context,
    document: Annotated[
        str | None, typer.Argument(metavar="[DOCUMENT]", help="Het id van een document, of het begin daarvan.")
    ] = None,
    doos: Annotated[str | None, typer.Option("--doos", metavar="DOOS", help="Nummer van een doos.")] = None,
    regel: Annotated[int | None, typer.Option("--regel", min=0, help="Nummer van een regel van het logboek.")] = None,
    van: Van = None,
    tot: Tot = None,
    als_json: AlsJson = False,
) -> None:
    """Beantwoord de vragen van een auditor over een document, een doos, een periode of een regel van het logboek."""
    from scanstraat import papier, verantwoording  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        begin, einde = (None if dag is None else parse_dag(dag) for dag in (van, tot))
        gevraagd = [deel is not None for deel in (document, doos, regel, begin or einde)]
        if sum(gevraagd) != 1 or (begin is None) != (einde is None):
            raise NietMogelijkError("Noem één document, of --doos, of --regel, of --van met --tot.")
        if document is not None:
            antwoorden = verantwoording.answer_document(basis, session, find_document(session, document))
        elif doos is not None:
            antwoorden = verantwoording.answer_doos(session, papier.find_doos(session, doos))
        elif regel is not None:
            antwoorden = verantwoording.answer_regel(session, regel)
        elif begin is not None and einde is not None:
            antwoorden = verantwoording.answer_periode(basis, session, begin, einde)
    if als_json:
        return show_json([antwoord.to_json() for antwoord in antwoorden])
    for antwoord in antwoorden:
        teken = {True: "  [in orde]", False: "  [NIET in orde]", None: ""}[antwoord.in_orde]
        stdout().print(f"{antwoord.vraag}{teken}", style="bold", soft_wrap=True)
        for tekst in antwoord.regels:
            stdout().print(f"  {say_tijden(tekst)}", soft_wrap=True)
        stdout().print()
    return None


def bewijs(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Het id van een document, of het begin daarvan.")],
    uit: Annotated[Path, typer.Option("-o", "--uit", metavar="MAP", help="Nieuwe map voor het bewijs.")],
    met_namen: Annotated[
        bool, typer.Option("--met-namen", help="Noem ook wie erover beslisten. Anders hebben zij een nummer.")
    ] = False,
) -> None:
    """Schrijf het bewijs van een document: bestanden, regels van het logboek, en het programma dat ze controleert."""
    from scanstraat import bewijzen  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            document_id = find_document(session, document).id
        bundel = bewijzen.write_bewijs(basis, document_id, uit, met_namen=met_namen)
    stdout().print(
        f"Het bewijs staat in {uit}: {count_bestanden(len(bundel.bestanden))}, "
        f"{count_words(len(bundel.regels), 'regel', 'regels')} van het logboek.\n"
        f"Controleer het met: python3 {uit}/controleer.pyz {uit} --beleid BESTAND",
        soft_wrap=True,
    )


@verklaring.command("maak")
def maak_verklaring(
    context: typer.Context,
    soort: Annotated[Verklaringsoort, typer.Argument(help="vervanging of vernietiging.")],
    als: Als,
    lijst: Annotated[str | None, typer.Option("--lijst", help="Naam van de vernietigingslijst.")] = None,
    van: Van = None,
    tot: Tot = None,
    vervangt: Annotated[
        str, typer.Option("--vervangt", metavar="NUMMER", help="De verklaring die hiermee wordt verbeterd.")
    ] = "",
    reden: Annotated[str, typer.Option("--reden", help="Waarom zij wordt verbeterd.")] = "",
    geheim_fd: GeheimFd = None,
) -> None:
    """Maak een verklaring over wat is vernietigd: van een lijst, of van een maand of jaar met --van en --tot."""
    from scanstraat import afronding, poort, verklaren  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        begin, einde = (None if dag is None else parse_dag(dag) for dag in (van, tot))
        if (lijst is None) == (begin is None) or (begin is None) != (einde is None):
            raise NietMogelijkError("Noem --lijst, of --van met --tot.")
        with db.read(basis.engine) as session:
            lijst_id = None if lijst is None else poort.find_lijst(session, lijst).id
        wie = sign_in(basis, als, geheim_fd)
        rij = afronding.verklaar(
            basis, soort, verklaren.Selectie(lijst_id, begin, einde), wie, vervangt=vervangt, reden=reden
        )
        stdout().print(
            f"Verklaring {rij.nummer} is gemaakt. Bekijk haar met: scanstraat verklaring geef {rij.nummer} -o "
            f"{rij.nummer}.pdf\nDaarna geven de gemandateerden akkoord: scanstraat verklaring onderteken {rij.nummer}",
            soft_wrap=True,
        )


@verklaring.command("lijst")
def lijst_verklaringen(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon alle verklaringen, met wie akkoord gaf."""
    from scanstraat.tables_bewijs import OndertekeningRow, PersoonRow, VerklaringRow  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen: list[dict[str, Any]] = []
        nummers = {rij.id: rij.nummer for rij in session.exec(select(VerklaringRow))}
        for rij in session.exec(select(VerklaringRow).order_by(col(VerklaringRow.nummer))):
            akkoord = session.exec(
                select(PersoonRow.naam)
                .join(OndertekeningRow, col(OndertekeningRow.persoon_id) == PersoonRow.id)
                .where(OndertekeningRow.verklaring_id == rij.id)
            ).all()
            rijen.append(
                {
                    "nummer": rij.nummer,
                    "soort": rij.soort,
                    "op": rij.op,
                    "sha256": rij.pdf_sha256,
                    "vervangt": None if rij.vervangt_id is None else nummers[rij.vervangt_id],
                    "akkoord": list(akkoord),
                }
            )
    if als_json:
        return show_json(rijen)
    show_table(
        "Verklaringen",
        ["Nummer", "Soort", "Gemaakt op", "In de plaats van", "Akkoord"],
        [[r["nummer"], r["soort"], r["op"], r["vervangt"], ", ".join(r["akkoord"])] for r in rijen],
        leeg="Er zijn nog geen verklaringen.",
    )
    return None


@verklaring.command("geef")
def geef_verklaring(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(help="Nummer van de verklaring.")],
    uit: Annotated[Path, typer.Option("-o", "--uit", metavar="BESTAND", help="Nieuw bestand voor de PDF/A-3.")],
) -> None:
    """Geef de PDF/A-3 van een verklaring, met de gegevens erin als bijlage."""
    from scanstraat import verklaren  # noqa: PLC0415
    from scanstraat.cli.batches import write_pdf  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij = verklaren.find_verklaring(session, nummer)
        write_pdf(basis.opslag, rij.pdf_sha256, uit)
        stdout().print(f"Verklaring {rij.nummer} staat in {uit}.", soft_wrap=True)


@verklaring.command("onderteken")
def onderteken(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(help="Nummer van de verklaring.")],
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Geef akkoord op een verklaring zoals zij is gedrukt. Dat staat daarna in het logboek."""
    from scanstraat import afronding  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        afronding.onderteken(basis, nummer, sign_in(basis, als, geheim_fd))
        stdout().print(f"Uw akkoord op verklaring {nummer.upper()} is vastgelegd. Druk haar af voor de handtekening.")


@verklaring.command("scan")
def voeg_scan_toe(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(help="Nummer van de verklaring.")],
    bestand: Annotated[Path, typer.Argument(help="Scan van de verklaring met handtekeningen.")],
    als: Als,
    toch: Annotated[
        str,
        typer.Option("--toch", metavar="REDEN", help="Waarom dit de goede scan is, als het nummer niet te lezen is."),
    ] = "",
    geheim_fd: GeheimFd = None,
) -> None:
    """Bewaar een scan van de ondertekende verklaring. Het nummer moet erop te lezen zijn."""
    from scanstraat import verklaren, verklaringscan  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            rij = verklaren.find_verklaring(session, nummer)
        stuk = take_stuk(basis, bestand)
        gelezen = verklaringscan.read_nummers(basis, stuk)
        verklaren.verify_scan(rij, stuk, gelezen, toch)
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            sha256 = verklaren.add_scan(session, rij, stuk, wie, gelezen, toch=toch)
    stdout().print(f"De scan bij verklaring {nummer.upper()} is bewaard. SHA-256: {sha256}", soft_wrap=True)
