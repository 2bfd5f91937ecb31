"""Een doos waarvan een deel is vernietigd, blijft bij haar opdracht.

Until now such a doos left its list and could go on a new one. Those that did not, come back under the order by which
part of them went: that is the only way on.

Revision: 0012, after 0011
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Refused when inserted, as in 0007: name, table, when, and what is said.
REGELS = (
    (
        "niets_gelukt_na_deels",
        "uitvoering",
        "new.uitslag <> 'vernietigd' and exists (select 1 from uitvoering u "
        "where u.doos_id = new.doos_id and u.opdracht_id = new.opdracht_id and u.uitslag = 'deels')",
        "Van deze doos is al een deel vernietigd onder deze opdracht.",
    ),
)
MELDING = "Wat is beeindigd blijft beeindigd: lijstdoos."
TERUG = """
    update lijstdoos set eraf_op = null
    where exists (
        select 1 from uitvoering u join opdracht o on o.id = u.opdracht_id
        where u.doos_id = lijstdoos.doos_id and o.lijst_id = lijstdoos.lijst_id and u.uitslag = 'deels'
        and not exists (
            select 1 from lijstdoos d join vernietigingslijst l on l.id = d.lijst_id
            where d.doos_id = u.doos_id and l.op > u.op
        )
    )
"""


def upgrade() -> None:
    verbinding = op.get_bind()
    for opdracht in _sqlite() if verbinding.dialect.name == "sqlite" else _postgresql():
        verbinding.exec_driver_sql(opdracht)


def _sqlite() -> list[str]:
    return [
        "drop trigger lijstdoos_beeindigd",
        TERUG,
        "create trigger lijstdoos_beeindigd before update on lijstdoos for each row when old.eraf_op is not null "
        f"begin select raise(abort, '{MELDING}'); end",
        *(
            f"create trigger {naam} before insert on {tabel} for each row when {als} "
            f"begin select raise(abort, '{melding}'); end"
            for naam, tabel, als, melding in REGELS
        ),
    ]


def _postgresql() -> list[str]:
    opdrachten = [
        "drop trigger lijstdoos_beeindigd on lijstdoos",
        TERUG,
        "create trigger lijstdoos_beeindigd before update on lijstdoos for each row "
        f"when (old.eraf_op is not null) execute function scanstraat_weiger('{MELDING}')",
    ]
    for naam, tabel, als, melding in REGELS:
        opdrachten += [
            f"""
            create function scanstraat_{naam}() returns trigger language plpgsql as $$
            begin
                if {als} then
                    raise exception using errcode = 'integrity_constraint_violation', message = '{melding}';
                end if;
                return new;
            end $$
            """,
            f"create trigger {naam} before insert on {tabel} for each row execute function scanstraat_{naam}()",
        ]
    return opdrachten


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
