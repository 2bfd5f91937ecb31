"""Welke gebeurtenis op welke plaats in het verzegelde logboek staat.

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MELDING = "De plaats van een gebeurtenis in het logboek verandert nooit."


def upgrade() -> None:
    op.create_table(
        "logregel",
        sa.Column("nummer", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("gebeurtenis", sa.Integer(), sa.ForeignKey("gebeurtenis.volgnummer"), nullable=False, unique=True),
    )
    verbinding = op.get_bind()
    if verbinding.dialect.name == "sqlite":
        for wat in ("update", "delete"):
            verbinding.exec_driver_sql(
                f"create trigger logregel_{wat} before {wat} on logregel begin select raise(abort, '{_MELDING}'); end"
            )
    else:
        verbinding.exec_driver_sql(
            "create trigger logregel_vast before update or delete on logregel for each row "
            f"execute function scanstraat_weiger('{_MELDING}')"
        )
        verbinding.exec_driver_sql(
            "create trigger logregel_nooit_leeg before truncate on logregel for each statement "
            f"execute function scanstraat_weiger('{_MELDING}')"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
