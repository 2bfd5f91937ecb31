"""Wie de getrokken documenten niet heeft bekeken, doet de laatste blik niet.

Revision: 0008, after 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Refused when inserted: name, table, when, and what is said; as in 0007.
REGELS = (
    (
        "laatste_blik_na_bekijken",
        "laatste_blik",
        "not exists (select 1 from bekeken b where b.trekking_id = new.trekking_id and b.persoon_id = new.persoon_id)",
        "Wie de getrokken documenten niet heeft bekeken, doet de laatste blik niet.",
    ),
)


def upgrade() -> None:
    verbinding = op.get_bind()
    for naam, tabel, als, melding in REGELS:
        if verbinding.dialect.name == "sqlite":
            verbinding.exec_driver_sql(
                f"create trigger {naam} before insert on {tabel} for each row when {als} "
                f"begin select raise(abort, '{melding}'); end"
            )
            continue
        verbinding.exec_driver_sql(
            f"""
            create function scanstraat_{naam}() returns trigger language plpgsql as $$
            begin
                if {als} then
                    raise exception using errcode = 'integrity_constraint_violation', message = '{melding}';
                end if;
                return new;
            end $$
            """
        )
        verbinding.exec_driver_sql(
            f"create trigger {naam} before insert on {tabel} for each row execute function scanstraat_{naam}()"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
