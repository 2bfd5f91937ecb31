"""Papier dat weg was terwijl het niet weg mocht: waarom niet.

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MELDING = "Wat is vastgelegd verandert niet: uitvoering."


def upgrade() -> None:
    op.add_column("uitvoering", sa.Column("belemmeringen", sa.String(), nullable=False, server_default=""))
    verbinding = op.get_bind()
    kolommen = [kolom["name"] for kolom in sa.inspect(verbinding).get_columns("uitvoering")]
    if verbinding.dialect.name == "sqlite":
        anders = " or ".join(f"new.{kolom} is not old.{kolom}" for kolom in kolommen)
        verbinding.exec_driver_sql("drop trigger uitvoering_vast")
        verbinding.exec_driver_sql(
            f"create trigger uitvoering_vast before update on uitvoering for each row when {anders} "
            f"begin select raise(abort, '{MELDING}'); end"
        )
    else:
        argumenten = ", ".join(f"'{deel}'" for deel in (MELDING, *kolommen))
        verbinding.exec_driver_sql("drop trigger uitvoering_vast on uitvoering")
        verbinding.exec_driver_sql(
            "create trigger uitvoering_vast before update on uitvoering "
            f"for each row execute function scanstraat_vast({argumenten})"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
