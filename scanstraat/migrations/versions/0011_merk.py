"""Een merk bij elke gebeurtenis, dat alleen deze scanstraat kan maken.

What waits to be sealed gets its mark here, once; what is sealed needs none.

Revision: 0011, after 0010
"""

from __future__ import annotations


import sqlalchemy as sa
from alembic import op

from vernietiging.gebeurtenis import Gebeurtenis

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gebeurtenis", sa.Column("merk", sa.String(), nullable=True))
    verbinding = op.get_bind()
    merker = verbinding.get_execution_options().get("scanstraat_merker")
    if merker is None:  # a back-up that is tried out, or a database without its installation
        return
    wachtend = verbinding.execute(
        sa.text(
            "select volgnummer, id, soort, schema_versie, actor_log_id, onderwerp_log_id, op, gegevens "
            "from gebeurtenis where volgnummer not in (select gebeurtenis from logregel)"
        ).columns(id=sa.Uuid(), actor_log_id=sa.Uuid(), onderwerp_log_id=sa.Uuid(), gegevens=sa.JSON())
    ).all()
    for nummer, id_, soort, versie, actor, onderwerp, tijd, gegevens in wachtend:
        blad = Gebeurtenis(id_, soort, versie, actor, onderwerp, tijd, gegevens).to_bytes()
        verbinding.execute(
            sa.text("update gebeurtenis set merk = :merk where volgnummer = :nummer"),
            {"merk": merker.make(blad), "nummer": nummer},
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
