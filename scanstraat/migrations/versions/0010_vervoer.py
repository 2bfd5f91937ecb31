"""Wie een container met papier ophaalde, en wanneer.

Revision: 0010, after 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MAG_ANDERS: dict[str, tuple[str, ...]] = {"vervoer": ()}  # columns that may change; as in 0007
KOLOMMEN = ("id", "opdracht_id", "container", "zegel", "vervoerder", "opgehaald_op", "op", "persoon_id", "gebeurtenis_id")
VAST = "Wat is vastgelegd verandert niet: vervoer."
WEG = "Uit deze tabel wordt niets verwijderd: vervoer."


def upgrade() -> None:
    op.create_table(
        "vervoer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opdracht_id", sa.Uuid(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("zegel", sa.String(), nullable=False),
        sa.Column("vervoerder", sa.String(), nullable=False),
        sa.Column("opgehaald_op", sa.String(), nullable=False),
        sa.Column("op", sa.String(), nullable=False),
        sa.Column("persoon_id", sa.Uuid(), nullable=False),
        sa.Column("gebeurtenis_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["gebeurtenis_id"], ["gebeurtenis.id"]),
        sa.ForeignKeyConstraint(["opdracht_id"], ["opdracht.id"]),
        sa.ForeignKeyConstraint(["persoon_id"], ["persoon.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("opdracht_id", "container"),
    )
    verbinding = op.get_bind()
    for opdracht in _sqlite() if verbinding.dialect.name == "sqlite" else _postgresql():
        verbinding.exec_driver_sql(opdracht)


def _sqlite() -> list[str]:
    anders = " or ".join(f"new.{kolom} is not old.{kolom}" for kolom in KOLOMMEN)
    return [
        f"create trigger vervoer_vast before update on vervoer for each row when {anders} "
        f"begin select raise(abort, '{VAST}'); end",
        f"create trigger vervoer_nooit_weg before delete on vervoer for each row begin select raise(abort, '{WEG}'); end",
    ]


def _postgresql() -> list[str]:
    argumenten = ", ".join(f"'{deel}'" for deel in (VAST, *KOLOMMEN))
    return [
        "create trigger vervoer_vast before update on vervoer "
        f"for each row execute function scanstraat_vast({argumenten})",
        "create trigger vervoer_nooit_weg before delete on vervoer "
        "for each row execute function scanstraat_nooit_weg()",
        "create trigger vervoer_nooit_leeg before truncate on vervoer "
        "for each statement execute function scanstraat_nooit_weg()",
    ]


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
