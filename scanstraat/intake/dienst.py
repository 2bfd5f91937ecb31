"""The watchers of all scanmappen with what they need: the sandbox for looking, the store for keeping."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from kwaliteitscontrole.bevinding import Bevinding
from scanstraat import db, pipeline, storage
from scanstraat.bootstrap import Basis, open_zandbak
from scanstraat.config import Config, Scanmap, Scanprofiel
from scanstraat.intake import scanmap_boek
from scanstraat.intake.ontleden import TAKEN, bevinding_from_json
from scanstraat.intake.watcher import Peilverslag, Scanmapwachter
from scanstraat.tables import ScanmapBestandRow, WachterRow
from scanstraat.zandbak import Zandbak

_log = structlog.get_logger("scanmap")


@dataclass(frozen=True)
class Onderzocht:
    """What the sandbox found in delivered bytes that may pass."""

    soort: str
    aantal_beelden: int
    is_scan: bool
    bevindingen: tuple[Bevinding, ...]


def build_onderzoek(zandbak: Zandbak, profiel: Scanprofiel) -> Callable[[int, str], Onderzocht]:
    """Return the function with which a watcher lets the sandbox look at a file."""

    def onderzoek(fd: int, suffix: str) -> Onderzocht:
        # The number of pages is not known yet; a page of a scanner is seldom smaller than this.
        grenzen = zandbak.grenzen.for_paginas(os.fstat(fd).st_size // 100_000, seconden=0.5)
        gegevens = {
            "eisen": {
                "naam_suffix": suffix,
                "maximaal_paginas": profiel.maximaal_paginas,
                "maximaal_pixels": profiel.maximaal_pixels,
                "maximaal_bytes": profiel.maximaal_mb * 1_000_000,
                "digitaal_geboren": profiel.digitaal_geboren,
            }
        }
        with zandbak.vraag(f"{TAKEN}:onderzoek_bestand", gegevens, [fd], grenzen) as antwoord:
            gevonden = antwoord.gegevens
            return Onderzocht(
                str(gevonden["soort"]),
                int(gevonden["aantal_beelden"]),
                bool(gevonden["is_scan"]),
                tuple(bevinding_from_json(bevinding) for bevinding in gevonden["bevindingen"]),
            )

    return onderzoek


@contextmanager
def open_wachters(basis: Basis) -> Iterator[tuple[Scanmapwachter, ...]]:
    """Open a watcher for every scanmap of the settings, all with one sandbox."""
    with open_zandbak(basis.config) as zandbak:
        yield tuple(build_wachter(basis, zandbak, scanmap) for scanmap in basis.config.scanmap)


def run_wachters(basis: Basis, wachters: Sequence[Scanmapwachter], stop: threading.Event) -> None:
    """Let every watcher look until `stop`, and tell the database meanwhile that they run and what they find wrong."""
    draden = {wachter.naam: threading.Thread(target=wachter.loop, args=(stop,), name="wachter") for wachter in wachters}
    for draad in draden.values():
        draad.start()
    verteld: dict[str, Peilverslag | None] = {}
    _tell(basis, wachters, verteld)
    while not stop.wait(basis.config.werk.hartslag_s):
        _tell(basis, [wachter for wachter in wachters if draden[wachter.naam].is_alive()], verteld)
    for draad in draden.values():
        draad.join()
    _tell(basis, wachters, verteld, gestopt=True)


def _tell(
    basis: Basis, wachters: Sequence[Scanmapwachter], verteld: dict[str, Peilverslag | None], *, gestopt: bool = False
) -> None:
    """Write a heartbeat of each watcher, and its last look when that is another one than was told before."""
    laatste = {wachter.naam: wachter.laatste for wachter in wachters}
    try:
        with db.begin(basis.engine, altijd=True) as session:
            nu = db.database_now(session)
            for naam, verslag in laatste.items():
                rij = session.get(WachterRow, naam)
                if rij is None:
                    rij = WachterRow(scanmap=naam, hartslag_op=nu, bekeken_op=nu, problemen=[])
                rij.hartslag_op, rij.gestopt_op = nu, nu if gestopt else None
                if naam not in verteld or verslag is not verteld[naam]:
                    rij.bekeken_op = nu
                    rij.bereikbaar = verslag is None or verslag.bereikbaar
                    rij.problemen = [] if verslag is None else list(verslag.problemen)
                session.add(rij)
        verteld.update(laatste)
    except SQLAlchemyError as exc:  # it is told at the next heartbeat; the watchers themselves go on
        _log.warning("hartslag_mislukt", fout=type(exc).__name__)


def build_wachter(basis: Basis, zandbak: Zandbak, scanmap: Scanmap) -> Scanmapwachter:
    """Return the watcher of one scanmap."""
    profiel = basis.config.profiel[scanmap.profiel]
    return Scanmapwachter(
        scanmap,
        profiel,
        basis.engine,
        onderzoek=build_onderzoek(zandbak, profiel),
        opslag=basis.opslag,
        neem_in=lambda session, aanlevering: pipeline.neem_in(basis, session, aanlevering),
    )


def make_scanmappen(config: Config) -> None:
    """Make the folders that the settings name and that are not there yet."""
    for scanmap in config.scanmap:
        scanmap.map.mkdir(parents=True, exist_ok=True)


def retry_quarantaine(basis: Basis, bestand_id: UUID, door: str) -> str:
    """Look at a quarantined file once more, because a person asked; say in Dutch what became of it."""
    with db.read(basis.engine) as session:
        naam = scanmap_boek.load_bestand(session, bestand_id).scanmap
    scanmap = next(deel for deel in basis.config.scanmap if deel.naam == naam)
    with open_zandbak(basis.config) as zandbak:
        build_wachter(basis, zandbak, scanmap).opnieuw(bestand_id, door)
    with db.read(basis.engine) as session:
        bestand = scanmap_boek.load_bestand(session, bestand_id)
        return "Het bestand is ingenomen." if bestand.status == "ingenomen" else f"Nog steeds: {bestand.reden}"


def refuse_quarantaine(basis: Basis, bestand_id: UUID, reden: str, door: str) -> None:
    """Refuse a quarantined file for good, by a person with a reason; its bytes stay."""
    with db.begin(basis.engine) as session:
        bestand: ScanmapBestandRow = scanmap_boek.weigeren(session, bestand_id, reden, nu=time.time())
        storage.append_gebeurtenis(
            session,
            "bestand.geweigerd",
            actor=storage.load_actor(session, door, "persoon"),
            onderwerp=bestand.id,
            reden="door_persoon",
        )
