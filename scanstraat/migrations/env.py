"""Alembic environment: the connection comes from `scanstraat.db.migrate`, which also owns the transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from scanstraat.migrations.metadata import load_metadata


def render_item(soort: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write SQLModel's text type as SQLAlchemy's own, so that a migration needs no import of SQLModel."""
    return "sa.String()" if soort == "type" and isinstance(item, AutoString) else False


def run() -> None:
    """Run the migrations on the connection that was handed over."""
    verbinding = context.config.attributes.get("connection")
    if verbinding is None:
        raise RuntimeError("migrations run through scanstraat.db.migrate only: it locks and checks the database first")
    load_metadata()
    context.configure(connection=verbinding, target_metadata=SQLModel.metadata, render_item=render_item)
    context.run_migrations()


run()
