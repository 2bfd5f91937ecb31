"""Commands about the sealed log."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from kwaliteitscontrole.woorden import count_words
from scanstraat import db
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli.aanmelden import Als, AlsMisschien, GeheimFd, sign_in
from scanstraat.cli.uitvoer import (
    AlsJson,
    build_progress,
    expected_errors,
    load_config,
    show_fout,
    show_json,
    show_table,
    stdout,
    write_nieuw,
)
from scanstraat.domain import to_local
from scanstraat.errors import NietMogelijkError

logboek = typer.Typer(
    help="Het verzegelde logboek; zonder opdracht: hoe het ervoor staat.", invoke_without_command=True
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(logboek, name="logboek")


@logboek.callback()
def toon_logboek(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon hoeveel gebeurtenissen er zijn, hoeveel er verzegeld zijn, en de wortel."""
    if context.invoked_subcommand is not None:
        return None
    from scanstraat import logboek as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        verzegeld = boek.open_klant(basis.config).stand()
        with db.read(basis.engine) as session:
            stand = boek.build_stand(session, verzegeld)
        if als_json:
            return show_json(stand.to_json())
        aantal = count_words(stand.gebeurtenissen, "gebeurtenis", "gebeurtenissen")
        stdout().print(
            f"Logboek {basis.config.logboek.oorsprong}\n"
            f"{aantal}, waarvan {stand.verzegeld} verzegeld.\n"
            f"Wortel: {stand.wortel}\nMap: {basis.config.logboek.map}",
            soft_wrap=True,
        )
    return None


@logboek.command("verzegel")
def verzegel(context: typer.Context) -> None:
    """Verzegel nu alle gebeurtenissen die wachten. Dat gaat ook vanzelf."""
    from scanstraat import logboek as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        verzegeld = boek.seal_waiting(basis, boek.open_klant(basis.config))
        stdout().print(
            f"{count_words(verzegeld.omvang, 'gebeurtenis is', 'gebeurtenissen zijn')} verzegeld. "
            f"Wortel: {verzegeld.wortel.hex()}",
            soft_wrap=True,
        )


@logboek.command("controleer")
def controleer(context: typer.Context, als: AlsMisschien = None, geheim_fd: GeheimFd = None) -> None:
    """Vergelijk de database met het logboek: elke gebeurtenis, en alles waarop over papier wordt beslist.

    Met --als legt een auditor de uitslag vast.
    """
    from scanstraat import logboek as boek  # noqa: PLC0415
    from scanstraat.rijen import BEKEND  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        wie = None if als is None else sign_in(basis, als, geheim_fd, alleen_lezen=True)
        klant = boek.open_klant(basis.config)
        omvang = klant.stand().omvang
        in_orde = False
        try:
            with build_progress() as balk:
                taak = balk.add_task("Logboek vergelijken", total=None)
                omvang = boek.check_record(
                    basis, klant, meld=lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal)
                )
            verschillen = boek.find_verschillen(basis)
            in_orde = all(verschil.bekend for verschil in verschillen)
        finally:
            if wie is not None:  # what is not in order is recorded as well
                boek.record_controle(basis, wie, omvang, in_orde=in_orde)
        gelijk = count_words(omvang, "gebeurtenis in de database is", "gebeurtenissen in de database zijn")
        stdout().print(f"{gelijk} gelijk aan het verzegelde logboek.")
        bekend = [verschil.tekst for verschil in verschillen if verschil.bekend]
        if bekend:
            stdout().print(f"Bekend sinds het herstel ({len(bekend)}). {BEKEND}", soft_wrap=True)
            for tekst in bekend:
                stdout().print(f"  {tekst}", soft_wrap=True)
        anders = [verschil.tekst for verschil in verschillen if not verschil.bekend]
        if in_orde:
            stdout().print(
                ("De rest van wat" if bekend else "Wat")
                + " in de database staat over mensen, mandaten, stops, besluiten, batches met hun pagina's en "
                "bevindingen, afleveringen, dozen, oordelen, lijsten, vrijgaven, vernietigingen en de dagen van de "
                "controletermijn, is gelijk aan die gebeurtenissen. Wat er niet mee te vergelijken is, staat in het "
                "dreigingsmodel.",
                soft_wrap=True,
            )
            return
        stdout().print("Maar in de database staat iets anders dan die gebeurtenissen zeggen:")
        for tekst in anders:
            stdout().print(f"  {tekst}", soft_wrap=True)
        show_fout(
            f"{count_words(len(anders), 'verschil', 'verschillen')} gevonden. Iemand heeft de database buiten de "
            "scanstraat om gewijzigd. Vernietig geen papier en waarschuw de functioneel beheerder en de archivaris."
        )
        raise typer.Exit(1)


@logboek.command("herstel")
def herstel(
    context: typer.Context,
    reden: Annotated[str, typer.Option("--reden", help="Wat er is teruggezet en waarom er geen nieuwere is.")],
    als: Als,
    tweede: Annotated[
        str, typer.Option("--tweede", metavar="NAAM", help="De tweede persoon; die meldt zich ook hier aan.")
    ],
    geheim_fd: GeheimFd = None,
) -> None:
    """Ga verder na een herstel dat niet ongedaan te maken is. Twee mensen verklaren dat samen.

    Wacht er een gebeurtenis die niet door deze scanstraat is vastgelegd, dan toont de opdracht die eerst: wie zich
    aanmeldt, neemt haar over. Met --geheim-fd komen wachtwoord en code van de eerste, en daarna die van de tweede.
    """
    from scanstraat import herstel as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        vreemde = boek.load_vreemde(basis)
        if vreemde:
            show_table(
                "Deze gebeurtenissen wachten en zijn niet door deze scanstraat vastgelegd",
                ("Nummer", "Tijd", "Wat", "Wie"),
                [(v.nummer, v.op, v.soort, v.wie) for v in vreemde],
                leeg="",
            )
            stdout().print(
                "Wie zich nu aanmeldt, neemt ze over als waar. Is er een bij die niemand herkent? Breek dan af en zet "
                "de database terug van voor die gebeurtenis.",
                soft_wrap=True,
            )
        een = sign_in(basis, als, geheim_fd, alleen_lezen=True)
        twee = sign_in(basis, tweede, geheim_fd, alleen_lezen=True)
        gedaan = boek.declare(basis, een, twee, reden, vreemd={v.id for v in vreemde})
        stdout().print(gedaan.say(), soft_wrap=True)
        if gedaan.ingevoegd:
            stdout().print("Dit is na de back-up gedaan; `scanstraat logboek teruggehaald` toont het weer.")
            _show_teruggehaald(basis)


@logboek.command("teruggehaald")
def teruggehaald(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon wat na een teruggezette back-up is gedaan en alleen het logboek nog weet, en wat u daarmee doet."""
    from scanstraat.teruggehaald import load_teruggehaald  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        if als_json:
            with db.read(basis.engine) as session:
                show_json([regel.to_json() for regel in load_teruggehaald(basis, session)])
        else:
            _show_teruggehaald(basis)


def _show_teruggehaald(basis: Basis) -> None:
    from scanstraat.teruggehaald import load_teruggehaald  # noqa: PLC0415

    zone = basis.config.algemeen.tijdzone
    with db.read(basis.engine) as session:
        regels = load_teruggehaald(basis, session)
    show_table(
        "Teruggehaald uit het logboek",
        ("Regel", "Wanneer", "Wat", "Waarover", "Door", "Wat u nu doet"),
        [(r.regel, f"{to_local(r.op, zone):%d-%m-%Y %H:%M}", r.wat, r.waarover, r.wie, r.doe) for r in regels],
        leeg="Er is nooit een database teruggezet waarvan het logboek meer wist.",
    )


@logboek.command("programma")
def programma(
    context: typer.Context,
    uit: Annotated[Path, typer.Option("-o", "--uit", metavar="BESTAND", help="Nieuw bestand voor het programma.")],
) -> None:
    """Schrijf het controleprogramma als één bestand, voor een auditor zonder de scanstraat."""
    from scanstraat.controleprogramma import build_controleprogramma  # noqa: PLC0415

    with expected_errors():
        load_config(context)
        write_nieuw(uit, build_controleprogramma())
        stdout().print(
            f"Het controleprogramma staat in {uit}. Gebruik: python3 {uit} MAP --beleid BESTAND", soft_wrap=True
        )


@logboek.command("veranker")
def veranker(context: typer.Context, als_json: AlsJson = False) -> None:
    """Laat getuigen en tijdstempelautoriteiten het nieuwste checkpoint vastleggen. Dat gaat ook elke dag vanzelf."""
    from scanstraat import logboek as boek  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        verslag = boek.anchor_newest(basis)
    if als_json:
        show_json(verslag.to_json())
    else:
        stdout().print(verslag.say(), soft_wrap=True)
    if not verslag.genoeg:
        raise typer.Exit(1)


@logboek.command("getuige")
def getuige(
    context: typer.Context,
    naam: Annotated[str, typer.Argument(metavar="NAAM", help="De getuige, zoals hij in config.toml heet.")],
    uit: Annotated[
        Path | None,
        typer.Option("-o", "--uit", metavar="BESTAND", help="Nieuw bestand met het verzoek."),
    ] = None,
    gezien: Annotated[
        int | None,
        typer.Option("--gezien", min=0, metavar="AANTAL", help="Wat de getuige noemde bij 409: hoeveel hij al zag."),
    ] = None,
    antwoord: Annotated[
        Path | None,
        typer.Option("--antwoord", metavar="BESTAND", help="Wat de getuige antwoordde.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Vraag een getuige met bestanden om het nieuwste checkpoint te ondertekenen, als hij geen adres heeft."""
    from scanstraat import logboek as boek  # noqa: PLC0415
    from scanstraat import verankering  # noqa: PLC0415

    if (uit is None) == (antwoord is None):
        raise typer.BadParameter("Kies -o voor een verzoek, of --antwoord als de getuige heeft geantwoord.")
    with expected_errors(), open_basis(load_config(context)) as basis:
        if uit is not None:
            boek.seal_waiting(basis, boek.open_klant(basis.config))
            write_nieuw(uit, verankering.build_getuigeverzoek(basis.config, naam, oud=gezien))
            return stdout().print(
                f"Het verzoek staat in {uit}. Laat de getuige het beantwoorden met: python -m vernietiging.getuige "
                f"--map MAP --naam NAAM --log SLEUTEL teken {uit.name} > antwoord.txt\n"
                f"Daarna: scanstraat logboek getuige {naam} --antwoord antwoord.txt",
                soft_wrap=True,
            )
        assert antwoord is not None
        tekst = antwoord.read_text(encoding="utf-8", errors="replace")
        omvang = verankering.take_getuigeantwoord(basis.config, naam, tekst)
        verslag = boek.anchor(basis, omvang)
    return stdout().print(verslag.say(), soft_wrap=True)


@logboek.command("proefstempel")
def proefstempel(
    context: typer.Context,
    map_: Annotated[Path, typer.Argument(metavar="MAP", help="Map voor de sleutels van de proef; mag nieuw zijn.")],
    poort: Annotated[int, typer.Option("--poort", help="Poort om op te luisteren.")] = 8096,
) -> None:
    """Draai een tijdstempelautoriteit om mee te proberen. Zij bewijst niets: zij is van uzelf."""
    from scanstraat.demo_ankers import Stempelautoriteit, build_stempelserver  # noqa: PLC0415

    with expected_errors():
        load_config(context)
        autoriteit = Stempelautoriteit(map_.resolve(), naam="Proef")
        try:
            server = build_stempelserver(autoriteit, poort)
        except OSError as exc:
            raise NietMogelijkError(f"Poort {poort} is bezet. Kies een andere met --poort.") from exc
        stdout().print(
            'Alleen om te proberen. Zet in config.toml bij [[logboek.tijdstempel]]: naam = "proef", url = '
            f'"http://127.0.0.1:{server.server_port}" en wortel = "{autoriteit.wortelbestand}". Start de lijn opnieuw. '
            "Stop dit met Ctrl-C.",
            soft_wrap=True,
        )
        with suppress(KeyboardInterrupt), server:
            server.serve_forever()


@logboek.command("beleid")
def beleid(
    context: typer.Context,
    uit: Annotated[Path, typer.Option("-o", "--uit", help="Bestand voor het beleid.")],
) -> None:
    """Schrijf het beleid voor een auditor: de naam en de sleutels van dit logboek."""
    from scanstraat import logboek as boek  # noqa: PLC0415

    with expected_errors():
        boek.write_beleid(load_config(context), uit)
        stdout().print(
            f"Het beleid staat in {uit}. Geef het de auditor buiten de scanstraat om, en druk het af in het handboek.",
            soft_wrap=True,
        )
