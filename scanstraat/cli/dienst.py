"""Commands that run the line: start, demo, and the processes the supervisor starts."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from scanstraat.bootstrap import open_basis, open_lijn
from scanstraat.cli.uitvoer import AlsJson, expected_errors, load_config, show_json, stderr
from scanstraat.technisch_log import configure_log


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("start")(start)
    app.command("demo")(demo)
    app.command("intern-wachter", hidden=True)(intern_wachter)
    app.command("intern-werker", hidden=True)(intern_werker)
    app.command("intern-gezondheid", hidden=True)(intern_gezondheid)
    app.command("intern-onderhoud", hidden=True)(intern_onderhoud)
    app.command("verzegelaar")(verzegelaar)
    app.command("intern-logboek", hidden=True)(intern_logboek)


def start(context: typer.Context) -> None:
    """Start alles op deze machine: de wachter van de scanmap, de werkers en de gezondheidspagina. Stop met Ctrl-C."""
    from scanstraat.intake.dienst import make_scanmappen  # noqa: PLC0415
    from scanstraat.logboek import open_klant  # noqa: PLC0415
    from scanstraat.logstand import find_reden  # noqa: PLC0415
    from scanstraat.toezicht import Toezicht, check_poort, hold_startslot  # noqa: PLC0415

    with expected_errors():
        config = load_config(context)
        if not config.scanmap:
            stderr().print("Let op: er is geen scanmap ingesteld. Voeg [[scanmap]] toe aan config.toml.")
        with open_basis(config) as basis:
            make_scanmappen(basis.config)
            reden = find_reden(basis.engine, config, open_klant(config))
            if reden:  # it starts all the same: what only reads, such as the health page, goes on
                stderr().print(f"Let op: de scanstraat leest alleen nog. {reden}", soft_wrap=True)
        zelf = [sys.executable, "-m", "scanstraat.cli", "--config", str(context.find_root().params["config"].resolve())]
        kinderen = [
            ("wachter", [*zelf, "intern-wachter"]),
            *((f"werker-{n}", [*zelf, "intern-werker", f"w{n}"]) for n in range(config.werk.werkers)),
            ("gezondheid", [*zelf, "intern-gezondheid"]),
            ("onderhoud", [*zelf, "intern-onderhoud"]),
            ("logboek", [*zelf, "intern-logboek"]),
        ]
        if not config.logboek.gebruiker:
            kinderen.append(("verzegelaar", [*zelf, "verzegelaar"]))
        with hold_startslot(config):
            poort = check_poort(config.gezondheid.adres, config.gezondheid.poort)
            os.environ["SCANSTRAAT_GEZONDHEID__POORT"] = str(
                poort
            )  # 0 asks for a free one: the child must take this one
            for scanmap in config.scanmap:
                stderr().print(f"Scanmap {scanmap.naam}: {scanmap.map}")
            stderr().print(
                f"Gezondheid: http://{config.gezondheid.adres}:{poort}/gezondheid\n"
                "De scanstraat loopt. Stop met Ctrl-C."
            )
            if config.logboek.gebruiker:
                stderr().print(f"De verzegelaar heeft een eigen dienst, van gebruiker {config.logboek.gebruiker}.")
            configure_log()
            Toezicht(kinderen).draai()


def demo(
    context: typer.Context,
    map_: Annotated[
        Path | None, typer.Argument(metavar="[MAP]", help="Map met uw eigen scans.", exists=True, file_okay=False)
    ] = None,
    als_json: AlsJson = False,
    doel: Annotated[Path | None, typer.Option("--in", help="Lege map voor de gegevens van deze demo.")] = None,
    zaken: Annotated[
        Path | None,
        typer.Option("--zaken", help="CSV met zaken voor het register van de demo.", exists=True, dir_okay=False),
    ] = None,
    profiel: Annotated[str, typer.Option("--talen", help="Talen voor de tekstherkenning, met + ertussen.")] = "nld",
) -> None:
    """Laat de hele lijn zien: met nagemaakte post, of met uw eigen scans uit MAP."""
    from scanstraat import demo as demonstratie  # noqa: PLC0415

    with expected_errors():
        uitslag = demonstratie.run_demo(map_, doel=doel, zaken=zaken, talen=tuple(profiel.split("+")), toon=stderr())
        if als_json:
            show_json(uitslag)
        else:
            demonstratie.show_uitslag(uitslag)
    del context


def intern_wachter(context: typer.Context) -> None:
    """Kijk in de scanmappen (gestart door `scanstraat start`)."""
    from scanstraat.intake.dienst import open_wachters, run_wachters  # noqa: PLC0415

    configure_log()
    with expected_errors(), open_basis(load_config(context)) as basis, open_wachters(basis) as wachters:
        run_wachters(basis, wachters, _stop_on_signal())


def intern_werker(context: typer.Context, naam: str) -> None:
    """Voer de stappen van de lijn uit (gestart door `scanstraat start`)."""
    from scanstraat.bootstrap import build_werker  # noqa: PLC0415

    configure_log()
    with expected_errors(), open_lijn(load_config(context)) as lijn:
        stop = _stop_on_signal()
        with build_werker(lijn, naam):
            stop.wait()


def intern_gezondheid(context: typer.Context) -> None:
    """Toon de gezondheidspagina (gestart door `scanstraat start`)."""
    from scanstraat.gezondheidspagina import serve  # noqa: PLC0415

    configure_log()
    with expected_errors(), open_basis(load_config(context)) as basis:
        serve(basis)


def intern_onderhoud(context: typer.Context) -> None:
    """Lees de opslag na en ruim werkbestanden op (gestart door `scanstraat start`)."""
    from scanstraat.onderhoud import loop  # noqa: PLC0415

    configure_log()
    with expected_errors(), open_basis(load_config(context)) as basis:
        os.nice(10)  # scans that come in go first
        loop(basis, _stop_on_signal())


def verzegelaar(context: typer.Context) -> None:
    """Draai alleen de verzegelaar, als dienst van een eigen gebruiker. Anders start `scanstraat start` hem zelf."""
    from scanstraat import logboek  # noqa: PLC0415

    configure_log()
    with expected_errors():
        logboek.serve(load_config(context), _stop_on_signal())


def intern_logboek(context: typer.Context) -> None:
    """Laat nieuwe gebeurtenissen verzegelen (gestart door `scanstraat start`)."""
    from scanstraat import logboek  # noqa: PLC0415

    configure_log()
    with expected_errors(), open_basis(load_config(context)) as basis:
        logboek.loop(basis, _stop_on_signal())


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for nummer in (signal.SIGTERM, signal.SIGINT):
        signal.signal(nummer, lambda *_: stop.set())
    return stop
