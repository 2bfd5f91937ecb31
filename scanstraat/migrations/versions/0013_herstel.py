"""Een index op de verklaringen van een herstel.

Many questions begin with whether there ever was one; among a million events that must cost nothing.

Revision: 0013, after 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_herstel = sa.text("soort = 'herstel.verklaard'")
    op.create_index(
        "gebeurtenis_herstel", "gebeurtenis", ["volgnummer"], sqlite_where=is_herstel, postgresql_where=is_herstel
    )


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
