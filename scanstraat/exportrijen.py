"""The tables of an export as a database again, so that the rules that hold rows against events need be nowhere twice.

A file of SQLite in a folder for the moment, with the tables of the record and nothing of its guards: what is in it is
what somebody handed over, and is looked at, not believed.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from scanstraat.exporttabellen import APART, SCHEMABESTAND, describe_kolommen, find_tabellen, is_geheim, place_of
from scanstraat.intake.opslag import Opslag
from scanstraat.rijcontrole import find_verschillen
from scanstraat.rijen import SLEUTELS, Sleutels, Verschil
from vernietiging.errors import NietVastTeStellenError

_SAMEN = 500  # rows that are written at a time


def find_rijverschillen(map_: Path, objecten: Path, *, verpakt: bool) -> Iterator[Verschil]:
    """Yield in what the rows of an export differ from its events.

    Args:
        verpakt: are the private parts there? Without them only what the events say openly is compared.

    Raises:
        NietVastTeStellenError: it was made by a version with other tables.
        OSError, OperationalError: a file cannot be read, or there is no room for the rows.
        ValueError, LookupError, TypeError, SQLAlchemyError: a table is no table of the record.
    """
    _check_versie(map_)
    with _open_kladdatabase() as engine:
        with engine.begin() as verbinding:
            for tabel in find_tabellen():
                if verpakt or tabel.name != APART:
                    _load_tabel(verbinding, tabel, map_ / place_of(tabel.name))
        with Session(engine) as session:
            session.info[SLEUTELS] = Sleutels.OF_GEWIST if verpakt else Sleutels.GEEN
            yield from find_verschillen(session, None, Opslag(objecten, naam="export"))


def _check_versie(map_: Path) -> None:
    toen = {deel["tabel"]: deel["kolommen"] for deel in json.loads((map_ / SCHEMABESTAND).read_bytes())}
    if toen != {tabel.name: describe_kolommen(tabel) for tabel in find_tabellen()}:
        raise NietVastTeStellenError(
            "Deze export is gemaakt met een versie van de scanstraat die andere tabellen heeft. Of de rijen kloppen "
            "met de gebeurtenissen, is met deze versie niet na te gaan. Controleer de export met de versie van toen."
        )


@contextmanager
def _open_kladdatabase() -> Iterator[sa.Engine]:
    with tempfile.TemporaryDirectory(prefix="export-klad-") as klad:
        engine = sa.create_engine(f"sqlite:///{klad}/rijen.db", hide_parameters=True)
        try:
            SQLModel.metadata.create_all(engine)
            yield engine
        finally:
            engine.dispose()


def _load_tabel(verbinding: sa.Connection, tabel: sa.Table, pad: Path) -> None:
    with pad.open("rb") as regels:
        rijen = (_parse_rij(tabel, json.loads(regel)) for regel in regels)
        while samen := list(islice(rijen, _SAMEN)):
            verbinding.execute(tabel.insert(), samen)


def _parse_rij(tabel: sa.Table, rij: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kolom.name: _fill(kolom) if is_geheim(tabel.name, kolom.name) else _parse(kolom, rij[kolom.name])
        for kolom in tabel.columns
    }


def _fill(kolom: sa.Column[Any]) -> Any:
    """Return what stands where a secret was, whatever its type: no rule looks at it."""
    return None if kolom.nullable else "weggelaten"


def _parse(kolom: sa.Column[Any], waarde: Any) -> Any:
    is_uuid = not isinstance(kolom.type, sa.JSON) and kolom.type.python_type is UUID
    return UUID(waarde) if is_uuid and waarde is not None else waarde
