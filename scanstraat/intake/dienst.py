"""The watchers of all scanmappen with what they need: the sandbox for looking, the store for keeping."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from kwaliteitscontrole.bevinding import Bevinding
from scanstraat import db, pipeline, storage
from scanstraat.bootstrap import Basis, open_zandbak
from scanstraat.config import Config, Scanmap, Scanprofiel
from scanstraat.intake import scanmap_boek
from scanstraat.intake.ontleden import TAKEN, bevinding_from_json
from scanstraat.intake.watcher import Scanmapwachter
from scanstraat.tables import ScanmapBestandRow
from scanstraat.zandbak import Zandbak


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


def retry_quarantaine(basis: Basis, bestand_id: UUID) -> str:
    """Look at a quarantined file once more; say in Dutch what became of it."""
    with db.read(basis.engine) as session:
        naam = scanmap_boek.load_bestand(session, bestand_id).scanmap
    scanmap = next(deel for deel in basis.config.scanmap if deel.naam == naam)
    with open_zandbak(basis.config) as zandbak:
        build_wachter(basis, zandbak, scanmap).opnieuw(bestand_id)
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
