"""The only place that chooses adapters: from `Config` to the parts that work together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from scanstraat import db
from scanstraat.config import Config
from scanstraat.domain import Fase
from scanstraat.errors import DatabaseError, InstellingError
from scanstraat.intake.opslag import Opslag
from scanstraat.logstand import Wacht
from scanstraat.merk import Merker
from scanstraat.werk import Werkbank
from scanstraat.zaaksysteem import Effecten, Zaaksysteem
from scanstraat.zaaksysteem.effecten import EffectenDb

if TYPE_CHECKING:
    from kwaliteitscontrole.verapdf import Verapdf
    from scanstraat.ocr import OcrGroep
    from scanstraat.werker import Werker
    from scanstraat.zandbak import Grenzen, Zandbak

_PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Basis:
    """What every entry point needs: the record, the bytes, and a way to give work. Starts no other process."""

    config: Config
    engine: Engine
    opslag: Opslag
    werkbank: Werkbank
    zaaksysteem: Zaaksysteem
    effecten: Effecten


@dataclass(frozen=True)
class Lijn(Basis):
    """What the phases of the line work with: the basis and the child processes that handle delivered bytes."""

    zandbak: Zandbak
    ocr: OcrGroep
    verapdf: Verapdf
    versies: Mapping[str, str]


@contextmanager
def open_basis(config: Config) -> Iterator[Basis]:
    """Open database, store and zaaksysteem; the database gets the tables of this version."""
    try:
        config.algemeen.gegevensmap.mkdir(parents=True, exist_ok=True, mode=db.MODUS_GEGEVENSMAP)
    except OSError as exc:
        raise InstellingError(
            f"De gegevensmap {config.algemeen.gegevensmap} is niet te maken. Kies een andere map of geef rechten."
        ) from exc
    with ExitStack() as stapel:
        verzegeld = _has_log(config)
        if verzegeld and db.is_missing(config.database_url):
            raise _say_weg(config)
        engine = db.create_engine(config.database_url)
        stapel.callback(engine.dispose)
        db.set_merker(engine, Merker(config.algemeen.gegevensmap))
        if verzegeld and not db.has_tables(engine):
            raise _say_weg(config)
        db.migrate(engine)
        db.set_wacht(engine, Wacht(engine, config))
        zaaksysteem = _choose_zaaksysteem(config, engine)
        stapel.callback(zaaksysteem.close)
        werkbank = Werkbank(engine)
        stapel.callback(werkbank.close)
        yield Basis(
            config=config,
            engine=engine,
            opslag=Opslag(config.opslag.map, config.opslag.kopie),
            werkbank=werkbank,
            zaaksysteem=zaaksysteem,
            effecten=EffectenDb(engine),
        )


def _has_log(config: Config) -> bool:
    try:
        return (config.logboek.map / "checkpoint").exists()
    except OSError:  # it may not be read: what that means is for `logstand` to say
        return False


def _say_weg(config: Config) -> DatabaseError:
    """Return what to say of a database that is gone while its log is not; an empty one would say nothing came in."""
    return DatabaseError(
        f"De database is leeg, maar het logboek in {config.logboek.map} heeft al regels: de database is weg, of "
        "config.toml noemt een andere. Noem de goede, of zet de nieuwste terug: scanstraat back-up herstel"
    )


def _choose_zaaksysteem(config: Config, engine: Engine) -> Zaaksysteem:
    if config.zaaksysteem.soort == "zgw":
        from scanstraat.zaaksysteem.zgw import Zgw  # noqa: PLC0415  only who uses ZGW pays for its client

        zgw = config.zaaksysteem.zgw
        if not zgw.bronorganisatie:
            zgw = zgw.model_copy(update={"bronorganisatie": config.algemeen.rsin})
        return Zgw(zgw, _read_geheim(zgw.geheim_bestand))
    from scanstraat.zaaksysteem.ingebouwd import Ingebouwd  # noqa: PLC0415

    return Ingebouwd(engine, Opslag(config.algemeen.gegevensmap / "zaaksysteem"))


def _read_geheim(pad: Path | None) -> str:
    if pad is None:
        raise InstellingError("Noem bij geheim_bestand onder [zaaksysteem.zgw] het bestand met het client secret.")
    try:
        return pad.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise InstellingError(f"Het bestand met het client secret, {pad}, is niet te lezen.") from exc


@contextmanager
def open_zandbak(config: Config) -> Iterator[Zandbak]:
    """Start the sandbox in which delivered bytes are opened."""
    from scanstraat.zandbak import Zandbak  # noqa: PLC0415

    with Zandbak(["scanstraat.zandbaktaken"], _build_grenzen(config)) as zandbak:
        yield zandbak


@contextmanager
def open_ocr(config: Config, aantal: int) -> Iterator[OcrGroep]:
    """Start so many children that read text from grey pixels."""
    from scanstraat.ocr import OcrGroep  # noqa: PLC0415

    with OcrGroep(aantal, _build_grenzen(config)) as ocr:
        yield ocr


def _build_grenzen(config: Config) -> Grenzen:
    from scanstraat.zandbak import Grenzen  # noqa: PLC0415

    grens = config.zandbak
    return Grenzen(geheugen_mb=grens.geheugen_mb, cpu_s=grens.cpu_s, klok_s=grens.klok_s, bestand_mb=grens.bestand_mb)


@contextmanager
def open_lijn(config: Config) -> Iterator[Lijn]:
    """Open everything a worker needs, child processes included; they all die with this one."""
    from kwaliteitscontrole.verapdf import Verapdf  # noqa: PLC0415
    from scanstraat.gereedschap import find_versies  # noqa: PLC0415
    from scanstraat.zandbak.kern import allow_many_files  # noqa: PLC0415

    allow_many_files()

    with open_basis(config) as basis, ExitStack() as stapel:
        zandbak = stapel.enter_context(open_zandbak(config))
        aantal = config.werk.ocr_kinderen or os.cpu_count() or 1
        ocr = stapel.enter_context(open_ocr(config, aantal))
        werkmap = config.algemeen.gegevensmap / "verapdf"
        for map_ in (werkmap, config.opslag.map):
            map_.mkdir(parents=True, exist_ok=True)
        verapdf = stapel.enter_context(Verapdf(find_verapdf_jar(), werkmap=werkmap, leesmappen=[config.opslag.map]))
        yield Lijn(**vars(basis), zandbak=zandbak, ocr=ocr, verapdf=verapdf, versies=find_versies())


def build_werker(lijn: Lijn, naam: str) -> Werker:
    """Return the worker that carries out the phases of the line in this process."""
    from scanstraat import pipeline  # noqa: PLC0415  it imports this module
    from scanstraat.hartslag import build_executor_id  # noqa: PLC0415
    from scanstraat.werker import Werker  # noqa: PLC0415

    fasen = {
        Fase.ONTLEED: pipeline.ontleed,
        Fase.ARCHIVEER: pipeline.archiveer,
        Fase.LEVER_AF: pipeline.lever_af,
    }
    return Werker(
        lijn.engine,
        executor_id=build_executor_id(lijn.engine, naam),
        fasen={fase: partial(functie, lijn) for fase, functie in fasen.items()},
        gelijktijdig={Fase.ONTLEED: 1, Fase.ARCHIVEER: 2, Fase.LEVER_AF: lijn.config.werk.afleveringen_tegelijk},
        config=lijn.config.werk,
    )


def find_verapdf_jar() -> Path:
    """Return the veraPDF that the set-up installed, or the one that SCANSTRAAT_VERAPDF names."""
    from kwaliteitscontrole.verapdf import VERAPDF_VERSIE  # noqa: PLC0415

    jar = Path(
        os.environ.get(
            "SCANSTRAAT_VERAPDF", _PROJECT / ".gereedschap" / "verapdf" / f"greenfield-apps-{VERAPDF_VERSIE}.jar"
        )
    )
    if not jar.is_file():
        raise InstellingError("veraPDF ontbreekt. Start de scanstraat met ./run, dat installeert wat nodig is.")
    return jar
