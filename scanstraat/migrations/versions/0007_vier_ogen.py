"""Wie wat niet mag, en wat niet meer verandert: vier ogen als regel van de database.

Every rule stands here once, as in 0002; a rule that is broken is refused with a Dutch sentence, and the whole
transaction with it.

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Columns that may change after a row is there; all others are fixed.
MAG_ANDERS: dict[str, tuple[str, ...]] = {
    "persoon": (),
    "persoonsnaam": (),
    "aanmelding": ("wachtwoord", "totp_geheim", "totp_stap", "mislukt", "geblokkeerd_tot", "ingetrokken_op"),
    "mandaat": ("ingetrokken_op", "ingetrokken_door"),
    "verpakt": ("sleutel", "inhoud", "gewist_op"),
    "handboek": (),
    "besluit": (),
    "binding": ("vervallen_op",),
    "uitzondering": ("ingetrokken_op", "ingetrokken_door"),
    "termijnverlenging": (),
    "doos": ("gesloten_op",),
    "doosblad": ("uit_op", "uit_door"),
    "doosplaats": (),
    "stop": ("opgeheven_op", "opgeheven_door", "opheffingsreden"),
    "verzegeling": ("vervallen_op",),
    "trekking": (),
    "bekeken": (),
    "oordeel": (),
    "vernietigingslijst": ("ingetrokken_op", "ingetrokken_door"),
    "lijstdoos": ("eraf_op",),
    "laatste_blik": (),
    "vrijgave": ("ingetrokken_op", "ingetrokken_door"),
    "opdracht": (),
    "uitvoering": (),
    "verklaring": (),
    "verklaringdoos": (),
    "ondertekening": (),
    "verklaringscan": (),
}
VAST_MELDING = "Wat is vastgelegd verandert niet: "
WEG_MELDING = "Uit deze tabel wordt niets verwijderd: "

# What has ended stays ended, with who ended it.
EINDE = {
    "aanmelding": "ingetrokken_op",
    "mandaat": "ingetrokken_op",
    "verpakt": "gewist_op",
    "binding": "vervallen_op",
    "uitzondering": "ingetrokken_op",
    "doosblad": "uit_op",
    "stop": "opgeheven_op",
    "verzegeling": "vervallen_op",
    "vernietigingslijst": "ingetrokken_op",
    "lijstdoos": "eraf_op",
    "vrijgave": "ingetrokken_op",
}
EINDE_MELDING = "Wat is beeindigd blijft beeindigd: "

BETROKKENE = """
    create view batchbetrokkene as
    select batch.id as batch_id, persoonsnaam.persoon_id
    from batch join persoonsnaam on lower(persoonsnaam.naam) = lower(batch.scanoperator)
    union
    select bewerking.batch_id, persoonsnaam.persoon_id
    from bewerking
    join actor on actor.id = bewerking.actor_id and actor.soort = 'persoon'
    join persoonsnaam on lower(persoonsnaam.naam) = lower(actor.naam)
    where bewerking.soort <> 'scanoperator'
"""
LIJSTBATCH = """
    create view lijstbatch as
    select distinct lijstdoos.lijst_id, lijstdoos.doos_id, blad.batch_id
    from lijstdoos
    join doosblad on doosblad.doos_id = lijstdoos.doos_id and doosblad.uit_op is null
    join blad on blad.id = doosblad.blad_id
"""
# Who has a part in what a list would destroy: whoever scanned, edited or checked it.
LIJSTBETROKKENE = """
    create view lijstbetrokkene as
    select lijstbatch.lijst_id, lijstbatch.doos_id, batchbetrokkene.persoon_id
    from lijstbatch join batchbetrokkene on batchbetrokkene.batch_id = lijstbatch.batch_id
    union
    select lijstbatch.lijst_id, lijstbatch.doos_id, oordeel.persoon_id
    from lijstbatch join oordeel on oordeel.batch_id = lijstbatch.batch_id
"""
VIEWS = {"batchbetrokkene": BETROKKENE, "lijstbatch": LIJSTBATCH, "lijstbetrokkene": LIJSTBETROKKENE}

_TWEE_VRIJGAVEN = """(
    select count(distinct vrijgave.persoon_id) from vrijgave
    join vernietigingslijst on vernietigingslijst.id = vrijgave.lijst_id
    where vrijgave.lijst_id = {lijst} and vrijgave.ingetrokken_op is null
    and vrijgave.inhoud_sha256 = vernietigingslijst.inhoud_sha256 and vernietigingslijst.ingetrokken_op is null
) < 2"""
_LIJST_VAN_OPDRACHT = "(select opdracht.lijst_id from opdracht where opdracht.id = new.opdracht_id)"

# Refused when inserted: name, table, when, and what is said.
REGELS = (
    (
        "vier_ogen_oordeel",
        "oordeel",
        "exists (select 1 from batchbetrokkene b where b.batch_id = new.batch_id and b.persoon_id = new.persoon_id)",
        "Wie scande of bewerkte, keurt deze batch niet.",
    ),
    (
        "oordeel_over_nu",
        "oordeel",
        "not exists (select 1 from verzegeling v join trekking t on t.verzegeling_id = v.id "
        "where v.id = new.verzegeling_id and t.id = new.trekking_id and v.batch_id = new.batch_id "
        "and v.vervallen_op is null)",
        "Deze verzegeling staat niet meer: de batch is sindsdien veranderd.",
    ),
    (
        "oordeel_na_bekijken",
        "oordeel",
        "not exists (select 1 from bekeken b where b.trekking_id = new.trekking_id and b.persoon_id = new.persoon_id)",
        "Wie de getrokken pagina's niet heeft bekeken, keurt niet.",
    ),
    (
        "vier_ogen_laatste_blik",
        "laatste_blik",
        "exists (select 1 from lijstbetrokkene b where b.lijst_id = new.lijst_id and b.doos_id = new.doos_id "
        "and b.persoon_id = new.persoon_id)",
        "Wie scande, bewerkte of keurde, doet de laatste blik niet.",
    ),
    (
        "vier_ogen_vrijgave",
        "vrijgave",
        "exists (select 1 from lijstbetrokkene b where b.lijst_id = new.lijst_id and b.persoon_id = new.persoon_id)",
        "Wie scande, bewerkte of keurde, geeft niet vrij.",
    ),
    (
        "vrijgave_van_deze_lijst",
        "vrijgave",
        "not exists (select 1 from vernietigingslijst l where l.id = new.lijst_id and l.ingetrokken_op is null "
        "and l.inhoud_sha256 = new.inhoud_sha256)",
        "Deze vrijgave gaat niet over de lijst zoals zij is.",
    ),
    (
        "tweede_na_eerste_vrijgave",
        "vrijgave",
        "new.volgnummer = 2 and not exists (select 1 from vrijgave v where v.lijst_id = new.lijst_id "
        "and v.volgnummer = 1 and v.ingetrokken_op is null and v.persoon_id <> new.persoon_id)",
        "De tweede vrijgave is van een ander dan de eerste, en komt daarna.",
    ),
    (
        "mandaat_van_zichzelf",
        "vrijgave",
        "not exists (select 1 from mandaat m where m.id = new.mandaat_id and m.persoon_id = new.persoon_id "
        "and m.rol = 'gemandateerde' and m.ingetrokken_op is null)",
        "Wie vrijgeeft heeft zelf een mandaat dat geldt.",
    ),
    (
        "opdracht_na_twee_vrijgaven",
        "opdracht",
        _TWEE_VRIJGAVEN.format(lijst="new.lijst_id"),
        "Een opdracht vraagt twee vrijgaven van verschillende mensen.",
    ),
    (
        "vernietigd_na_twee_vrijgaven",
        "uitvoering",
        f"new.uitslag = 'vernietigd' and {_TWEE_VRIJGAVEN.format(lijst=_LIJST_VAN_OPDRACHT)}",
        "Vernietiging vraagt twee vrijgaven van verschillende mensen.",
    ),
    (
        "vernietigd_na_laatste_blik",
        "uitvoering",
        "new.uitslag = 'vernietigd' and not exists (select 1 from laatste_blik b where b.doos_id = new.doos_id "
        f"and b.lijst_id = {_LIJST_VAN_OPDRACHT} and b.geslaagd)",
        "Vernietiging vraagt een geslaagde laatste blik op deze doos.",
    ),
    (
        "vernietigd_van_de_lijst",
        "uitvoering",
        "not exists (select 1 from lijstdoos d where d.doos_id = new.doos_id and d.eraf_op is null "
        f"and d.lijst_id = {_LIJST_VAN_OPDRACHT})",
        "Deze doos staat niet op de lijst van deze opdracht.",
    ),
    (
        "geen_blad_in_vernietigde_doos",
        "doosblad",
        "exists (select 1 from uitvoering u where u.doos_id = new.doos_id and u.uitslag = 'vernietigd')",
        "Deze doos is vernietigd.",
    ),
)


def upgrade() -> None:
    verbinding = op.get_bind()
    for opdracht in VIEWS.values():
        verbinding.exec_driver_sql(opdracht)
    for opdracht in _sqlite() if verbinding.dialect.name == "sqlite" else _postgresql():
        verbinding.exec_driver_sql(opdracht)


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")


def _quote(tekst: str) -> str:
    return "'" + tekst.replace("'", "''") + "'"


def _find_vast(tabel: str) -> list[str]:
    kolommen = [kolom["name"] for kolom in sa.inspect(op.get_bind()).get_columns(tabel)]
    return [kolom for kolom in kolommen if kolom not in MAG_ANDERS[tabel]]


def _sqlite() -> list[str]:
    def refuse(naam: str, wanneer: str, als: str, melding: str) -> str:
        return (
            f"create trigger {naam} {wanneer} for each row {als} begin select raise(abort, {_quote(melding)}); end"
        )

    opdrachten = []
    for tabel in MAG_ANDERS:
        anders = " or ".join(f"new.{kolom} is not old.{kolom}" for kolom in _find_vast(tabel))
        opdrachten += [
            refuse(f"{tabel}_vast", f"before update on {tabel}", f"when {anders}", f"{VAST_MELDING}{tabel}."),
            refuse(f"{tabel}_nooit_weg", f"before delete on {tabel}", "", f"{WEG_MELDING}{tabel}."),
        ]
    for tabel, einde in EINDE.items():
        opdrachten.append(
            refuse(
                f"{tabel}_beeindigd",
                f"before update on {tabel}",
                f"when old.{einde} is not null",
                f"{EINDE_MELDING}{tabel}.",
            )
        )
    opdrachten += [
        refuse(naam, f"before insert on {tabel}", f"when {als}", melding) for naam, tabel, als, melding in REGELS
    ]
    return opdrachten


def _postgresql() -> list[str]:
    fout = "using errcode = 'integrity_constraint_violation'"
    opdrachten = []
    for tabel in MAG_ANDERS:
        argumenten = ", ".join(_quote(deel) for deel in (f"{VAST_MELDING}{tabel}.", *_find_vast(tabel)))
        opdrachten += [
            f"create trigger {tabel}_vast before update on {tabel} "
            f"for each row execute function scanstraat_vast({argumenten})",
            f"create trigger {tabel}_nooit_weg before delete on {tabel} "
            "for each row execute function scanstraat_nooit_weg()",
            f"create trigger {tabel}_nooit_leeg before truncate on {tabel} "
            "for each statement execute function scanstraat_nooit_weg()",
        ]
    for tabel, einde in EINDE.items():
        opdrachten.append(
            f"create trigger {tabel}_beeindigd before update on {tabel} for each row "
            f"when (old.{einde} is not null) execute function scanstraat_weiger({_quote(f'{EINDE_MELDING}{tabel}.')})"
        )
    for naam, tabel, als, melding in REGELS:
        opdrachten += [
            f"""
            create function scanstraat_{naam}() returns trigger language plpgsql as $$
            begin
                if {als} then
                    raise exception {fout}, message = {_quote(melding)};
                end if;
                return new;
            end $$
            """,
            f"create trigger {naam} before insert on {tabel} for each row execute function scanstraat_{naam}()",
        ]
    return opdrachten
