"""Wanneer een bevinding niet meer klopt, en de aantallen bladen die een indexbestand noemt.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bevinding", sa.Column("vervallen_op", sa.String(), nullable=True))
    op.add_column("batch", sa.Column("bladen_per_bron", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
