"""Wat de wachter van een scanmap het laatst zag.

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wachter",
        sa.Column("scanmap", sa.String(), nullable=False),
        sa.Column("hartslag_op", sa.String(), nullable=False),
        sa.Column("gestopt_op", sa.String(), nullable=True),
        sa.Column("bekeken_op", sa.String(), nullable=False),
        sa.Column("bereikbaar", sa.Boolean(), nullable=False),
        sa.Column("problemen", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("scanmap"),
    )


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
