"""Commands for what leaves: metadata of one document, a transfer to an e-depot, and everything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanstraat import db
from scanstraat.bootstrap import open_basis
from scanstraat.cli.batches import find_document
from scanstraat.cli.uitvoer import AlsJson, build_progress, expected_errors, load_config, show_json, stderr, stdout
from scanstraat.errors import NietMogelijkError

MetNaam = Annotated[
    bool, typer.Option("--met-naam", help="Zet in het transfervermerk ook de namen; anders alleen functies.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("mdto")(mdto)
    app.command("sip")(sip)
    app.command("export")(export)


def mdto(
    context: typer.Context,
    document_id: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="Id van het document; de eerste tekens zijn genoeg.")
    ],
    uit: Annotated[Path, typer.Option("-o", "--uit", metavar="MAP", help="Map voor de bestanden.")],
    met_naam: MetNaam = False,
    als_json: AlsJson = False,
) -> None:
    """Schrijf de MDTO-metagegevens van een document en zijn bestand, en het transfervermerk."""
    from scanstraat.overdracht import NIET_GECONTROLEERD, write_mdto  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        paden = write_mdto(basis, session, find_document(session, document_id), uit, met_naam=met_naam)
        gecontroleerd = basis.config.mdto.xsd is not None
    if als_json:
        show_json({"bestanden": [str(pad) for pad in paden], "gecontroleerd": gecontroleerd})
        return
    for pad in paden:
        stdout().print(str(pad), soft_wrap=True)
    if not gecontroleerd:
        stderr().print(NIET_GECONTROLEERD, soft_wrap=True)


def sip(
    context: typer.Context,
    batches: Annotated[list[str], typer.Argument(metavar="BATCH...", help="Batchnummers.")],
    uit: Annotated[Path, typer.Option("-o", "--uit", metavar="MAP", help="Lege map voor de levering.")],
    titel: Annotated[str, typer.Option("--titel", help="Titel op de pakbon; anders de batchnummers.")] = "",
    met_naam: MetNaam = False,
    als_json: AlsJson = False,
) -> None:
    """Maak een levering aan een e-depot (MDTO-SIP): een map per zaak en document, metagegevens en een pakbon."""
    from scanstraat.sip import make_sip  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis, build_progress() as balk:
        taak = balk.add_task("Levering maken", total=None)
        verslag = make_sip(
            basis,
            batches,
            uit,
            titel=titel,
            met_naam=met_naam,
            meld=lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal),
        )
    if als_json:
        show_json(verslag.to_json())
    else:
        stdout().print(verslag.say(), soft_wrap=True)


def export(
    context: typer.Context,
    uit: Annotated[
        Path | None, typer.Option("-o", "--uit", metavar="MAP", help="Lege map voor de export.", show_default=False)
    ] = None,
    controleer: Annotated[
        Path | None,
        typer.Option(
            "--controleer",
            metavar="MAP",
            help="Controleer een export. Daar is geen database of installatie voor nodig.",
            show_default=False,
        ),
    ] = None,
    beleid: Annotated[
        Path | None,
        typer.Option(
            "--beleid", metavar="BESTAND", help="Bij --controleer: het beleid dat u zelf bewaart.", show_default=False
        ),
    ] = None,
    zonder_persoonsgegevens: Annotated[
        bool,
        typer.Option(
            "--zonder-persoonsgegevens",
            help="Laat weg wat achter de verpakte velden van het logboek staat, met hun sleutels. Scans en tabellen "
            "gaan wel mee.",
        ),
    ] = False,
    onverankerd: Annotated[
        bool,
        typer.Option("--onverankerd", help="Ga ook door als een getuige of tijdstempelautoriteit niet antwoordt."),
    ] = False,
    als_json: AlsJson = False,
) -> None:
    """Schrijf alles naar een map die zonder de scanstraat te lezen is, of controleer zo'n map."""
    with expected_errors(), build_progress() as balk:
        if (uit is None) == (controleer is None):
            raise NietMogelijkError("Noem een lege map met -o om te exporteren, of een export met --controleer.")
        if controleer is not None:
            taak = balk.add_task("Export controleren", total=None)
        else:
            taak = balk.add_task("Exporteren", total=None)

        def meld(gedaan: int, totaal: int) -> None:
            balk.update(taak, completed=gedaan, total=totaal)

        if controleer is not None:
            from scanstraat.exportcontrole import check_export  # noqa: PLC0415

            controle = check_export(controleer, beleid=beleid, meld=meld)
            json_, tekst, exitcode = controle.to_json(), controle.say(), controle.exitcode
        else:
            from scanstraat.export import make_export  # noqa: PLC0415

            assert uit is not None
            with open_basis(load_config(context)) as basis:
                verslag = make_export(
                    basis,
                    uit,
                    persoonsgegevens=not zonder_persoonsgegevens,
                    onverankerd=onverankerd,
                    meld=meld,
                )
            json_, tekst, exitcode = verslag.to_json(), verslag.say(), 0 if verslag.in_orde else 1
    if als_json:
        show_json(json_)
    else:
        stdout().print(tekst, soft_wrap=True)
    if exitcode:
        raise typer.Exit(exitcode)
