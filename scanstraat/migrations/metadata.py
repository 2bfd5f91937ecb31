"""Which modules define tables: importing them all fills `SQLModel.metadata`."""

from __future__ import annotations

import importlib

from sqlalchemy import MetaData
from sqlmodel import SQLModel

_MODULES = (
    "kwaliteitscontrole.tables",
    "scanstraat.tables",
    "scanstraat.tables_bewijs",
    "scanstraat.zaaksysteem.tables",
    "scanstraat.migrations.tables",
)


def load_metadata() -> MetaData:
    """Import every module with tables and return the metadata that the database must match."""
    for module in _MODULES:
        importlib.import_module(module)
    return SQLModel.metadata
