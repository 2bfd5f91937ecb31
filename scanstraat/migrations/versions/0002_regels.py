"""De regels die de database zelf bewaakt.

Every rule stands here once; `_sqlite` and `_postgresql` write it in the words of each database. A rule that is broken
is refused with a Dutch sentence, and the whole transaction with it.

Revision: 0002, after 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns that never change once a row is there, and what is said when somebody tries.
VAST = {
    "beeld": (
        ("id", "bron_id", "n", "blad_id", "kant", "breedte_px", "hoogte_px", "dpi", "dpi_bron", "kleurmodus", "compressie"),
        "Een beeld is een master: de feiten ervan veranderen nooit.",
    ),
    "blad": (("id", "nummer"), "Een bladnummer verandert nooit."),
    "bron": (("id", "sha256", "naam", "ontvangen_op"), "Een bron verandert nooit: bied het bestand opnieuw aan."),
    "pagina": (
        ("documentversie_id", "nummer", "beeld_id"),
        "De pagina's van een documentversie veranderen nooit: maak een nieuwe versie.",
    ),
    "documentversie": (
        ("id", "document_id", "n", "reden", "gemaakt_op", "log_id"),
        "Een documentversie verandert niet van document of nummer: maak een nieuwe versie.",
    ),
    "bewerking": (
        ("id", "batch_id", "nummer", "soort", "parameters", "actor_id", "op", "vooraf"),
        "Een bewerking verandert nooit: maak haar ongedaan.",
    ),
    "batch": (
        ("id", "nummer", "jaar", "volgnummer", "log_id", "ontvangen_op", "momentopname", "momentopname_sha256"),
        "Het nummer en de instellingen van een batch veranderen nooit.",
    ),
    "gebeurtenis": (
        ("volgnummer", "id", "soort", "schema_versie", "actor_log_id", "onderwerp_log_id", "op", "gegevens"),
        "Een gebeurtenis verandert nooit.",
    ),
    "register_audittrail": (
        ("volgnummer", "op", "actie", "resource", "resource_id", "gebruiker", "toelichting", "wijzigingen"),
        "Een regel van het audittrail verandert nooit.",
    ),
}

# What was found out about a bron in quarantine may be filled in until the bron belongs to a batch.
BRON_NA_INDELING = ("soort", "aantal_beelden", "is_scan", "aanlevering", "dubbel_van")
BRON_MELDING = "Een bron die bij een batch hoort verandert niet meer, behalve van batch."

ONGEDAAN_MELDING = "Een bewerking wordt maar een keer ongedaan gemaakt, en dat blijft zo."

# A versie without its archive file is still being made: the line may turn a page of it, or write what OCR found.
GEARCHIVEERD = {
    "pagina": ("new.documentversie_id", "Deze documentversie is gearchiveerd: maak een nieuwe versie."),
    "documentversie": ("old.id", "Een gearchiveerde documentversie verandert niet: maak een nieuwe versie."),
}

NOOIT_WEG = (
    "aflevering",
    "batch",
    "beeld",
    "bewerking",
    "blad",
    "bron",
    "document",
    "documentversie",
    "gebeurtenis",
    "pagina",
    "register_audittrail",
)
WEG_MELDING = "Uit deze tabel wordt niets verwijderd: "

TELLINGEN = ("ontvangen", "in_documenten", "scheidingsbladen", "weggelaten")
BESTEMMING = {"in_documenten": "document", "scheidingsbladen": "scheidingsblad", "weggelaten": "weggelaten"}
TELLING_MELDING = "De bladtelling volgt uit de beelden van de batch en is niet met de hand te wijzigen."


def upgrade() -> None:
    verbinding = op.get_bind()
    for opdracht in _sqlite() if verbinding.dialect.name == "sqlite" else _postgresql():
        verbinding.exec_driver_sql(opdracht)


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")


def _quote(tekst: str) -> str:
    return "'" + tekst.replace("'", "''") + "'"


# --- SQLite -------------------------------------------------------------------------------------------------------


def _sqlite() -> list[str]:
    def refuse(naam: str, wanneer: str, als: str, melding: str) -> str:
        return (
            f"create trigger {naam} {wanneer} for each row {als} "
            f"begin select raise(abort, {_quote(melding)}); end"
        )

    def differs(kolommen: tuple[str, ...]) -> str:
        return " or ".join(f"new.{kolom} is not old.{kolom}" for kolom in kolommen)

    opdrachten = [
        refuse(f"{tabel}_vast", f"before update on {tabel}", f"when {differs(kolommen)}", melding)
        for tabel, (kolommen, melding) in VAST.items()
    ]
    opdrachten += [
        refuse(f"{tabel}_nooit_weg", f"before delete on {tabel}", "", f"{WEG_MELDING}{tabel}.") for tabel in NOOIT_WEG
    ]
    opdrachten.append(
        refuse(
            "bron_ingedeeld",
            "before update on bron",
            f"when old.batch_id is not null and ({differs(BRON_NA_INDELING)} "
            "or new.batch_id is null or (new.volgnummer is not old.volgnummer and new.batch_id is old.batch_id))",
            BRON_MELDING,
        )
    )
    opdrachten.append(
        refuse(
            "bewerking_eenmaal_ongedaan",
            "before update on bewerking",
            "when old.ongedaan_door is not null and new.ongedaan_door is not old.ongedaan_door",
            ONGEDAAN_MELDING,
        )
    )

    opdrachten += [
        refuse(
            f"{tabel}_gearchiveerd",
            f"before update on {tabel}",
            f"when (select gearchiveerd_op from documentversie where id = {versie}) is not null",
            melding,
        )
        for tabel, (versie, melding) in GEARCHIVEERD.items()
    ]
    versie, melding = GEARCHIVEERD["pagina"]
    opdrachten.append(
        refuse(
            "pagina_erbij_na_archivering",
            "before insert on pagina",
            f"when (select gearchiveerd_op from documentversie where id = {versie}) is not null",
            melding,
        )
    )

    def count(teken: str, kant: str) -> str:
        zetten = ", ".join(
            [f"ontvangen = ontvangen {teken} 1"]
            + [f"{kolom} = {kolom} {teken} ({kant}.bestemming = '{waarde}')" for kolom, waarde in BESTEMMING.items()]
        )
        return f"update batch set {zetten} where id = {kant}.batch_id;"

    verplaatst = ", ".join(
        f"{kolom} = {kolom} + (new.bestemming = '{waarde}') - (old.bestemming = '{waarde}')"
        for kolom, waarde in BESTEMMING.items()
    )
    opdrachten += [
        f"create trigger beeld_erbij after insert on beeld for each row begin {count('+', 'new')} end",
        "create trigger beeld_andere_bestemming after update of bestemming on beeld for each row "
        "when new.batch_id is old.batch_id and new.bestemming is not old.bestemming "
        f"begin update batch set {verplaatst} where id = new.batch_id; end",
        "create trigger beeld_andere_batch after update of batch_id on beeld for each row "
        f"when new.batch_id is not old.batch_id begin {count('-', 'old')} {count('+', 'new')} end",
    ]
    # SQLite runs these per changed row, so at this point the beelden and the counts agree row by row.
    hertelling = " or ".join(
        [f"new.ontvangen <> (select count(*) from beeld where batch_id = new.id)"]
        + [
            f"new.{kolom} <> (select count(*) from beeld where batch_id = new.id and bestemming = '{waarde}')"
            for kolom, waarde in BESTEMMING.items()
        ]
    )
    opdrachten += [
        refuse("batch_telling", f"after update of {', '.join(TELLINGEN)} on batch", f"when {hertelling}", TELLING_MELDING),
        refuse("batch_begint_leeg", "after insert on batch", f"when {hertelling}", TELLING_MELDING),
    ]
    return opdrachten


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def _postgresql() -> list[str]:
    fout = "using errcode = 'integrity_constraint_violation'"
    opdrachten = [
        # Arguments: the message, then the columns that must stay as they are.
        f"""
        create function scanstraat_vast() returns trigger language plpgsql as $$
        declare nr integer;
        begin
            for nr in 1 .. tg_nargs - 1 loop
                if to_jsonb(new) -> tg_argv[nr] is distinct from to_jsonb(old) -> tg_argv[nr] then
                    raise exception {fout}, message = tg_argv[0];
                end if;
            end loop;
            return new;
        end $$
        """,
        f"""
        create function scanstraat_nooit_weg() returns trigger language plpgsql as $$
        begin
            raise exception {fout}, message = {_quote(WEG_MELDING)} || tg_table_name || '.';
        end $$
        """,
    ]
    for tabel, (kolommen, melding) in VAST.items():
        argumenten = ", ".join(_quote(argument) for argument in (melding, *kolommen))
        opdrachten.append(
            f"create trigger {tabel}_vast before update on {tabel} "
            f"for each row execute function scanstraat_vast({argumenten})"
        )
    for tabel in NOOIT_WEG:
        opdrachten.append(
            f"create trigger {tabel}_nooit_weg before delete on {tabel} "
            "for each row execute function scanstraat_nooit_weg()"
        )
        opdrachten.append(
            f"create trigger {tabel}_nooit_leeg before truncate on {tabel} "
            "for each statement execute function scanstraat_nooit_weg()"
        )
    ingedeeld = ", ".join(_quote(argument) for argument in (BRON_MELDING, *BRON_NA_INDELING))
    opdrachten += [
        "create trigger bron_ingedeeld before update on bron for each row when (old.batch_id is not null) "
        f"execute function scanstraat_vast({ingedeeld})",
        "create trigger bron_blijft_ingedeeld before update on bron for each row "
        "when (old.batch_id is not null and (new.batch_id is null or "
        "(new.volgnummer is distinct from old.volgnummer and new.batch_id is not distinct from old.batch_id))) "
        "execute function scanstraat_weiger(" + _quote(BRON_MELDING) + ")",
        "create trigger bewerking_eenmaal_ongedaan before update on bewerking for each row "
        "when (old.ongedaan_door is not null and new.ongedaan_door is distinct from old.ongedaan_door) "
        "execute function scanstraat_weiger(" + _quote(ONGEDAAN_MELDING) + ")",
    ]
    opdrachten.insert(
        0,
        f"""
        create function scanstraat_weiger() returns trigger language plpgsql as $$
        begin
            raise exception {fout}, message = tg_argv[0];
        end $$
        """,
    )

    for tabel, (versie, melding) in GEARCHIVEERD.items():
        opdrachten += [
            f"""
            create function scanstraat_{tabel}_gearchiveerd() returns trigger language plpgsql as $$
            begin
                if (select gearchiveerd_op from documentversie where id = {versie}) is not null then
                    raise exception {fout}, message = {_quote(melding)};
                end if;
                return new;
            end $$
            """,
            f"create trigger {tabel}_gearchiveerd before {'insert or update' if tabel == 'pagina' else 'update'} on {tabel} "
            f"for each row execute function scanstraat_{tabel}_gearchiveerd()",
        ]

    # Row triggers of PostgreSQL run after the whole statement, so the counts move once per statement as well.
    def count(bron: str) -> str:
        sommen = ", ".join(
            ["sum(aantal) as ontvangen"]
            + [
                f"coalesce(sum(aantal) filter (where bestemming = '{waarde}'), 0) as {kolom}"
                for kolom, waarde in BESTEMMING.items()
            ]
        )
        zetten = ", ".join(f"{kolom} = batch.{kolom} + verschil.{kolom}" for kolom in TELLINGEN)
        anders = " or ".join(f"verschil.{kolom} <> 0" for kolom in TELLINGEN)
        return f"""
            update batch set {zetten}
            from (select batch_id, {sommen} from ({bron}) as stuk group by batch_id) as verschil
            where batch.id = verschil.batch_id and ({anders});
        """

    erbij = "select batch_id, bestemming, 1 as aantal from nieuw"
    eraf = "select batch_id, bestemming, -1 as aantal from oud"
    hertelling = " or ".join(
        ["new.ontvangen <> (select count(*) from beeld where batch_id = new.id)"]
        + [
            f"new.{kolom} <> (select count(*) from beeld where batch_id = new.id and bestemming = '{waarde}')"
            for kolom, waarde in BESTEMMING.items()
        ]
    )
    opdrachten += [
        f"""
        create function scanstraat_beeld_erbij() returns trigger language plpgsql as $$
        begin
            {count(erbij)}
            return null;
        end $$
        """,
        f"""
        create function scanstraat_beeld_anders() returns trigger language plpgsql as $$
        begin
            {count(f"{erbij} union all {eraf}")}
            return null;
        end $$
        """,
        f"""
        create function scanstraat_telling() returns trigger language plpgsql as $$
        begin
            if {hertelling} then
                raise exception {fout}, message = {_quote(TELLING_MELDING)};
            end if;
            return null;
        end $$
        """,
        "create trigger beeld_erbij after insert on beeld referencing new table as nieuw "
        "for each statement execute function scanstraat_beeld_erbij()",
        "create trigger beeld_anders after update on beeld referencing old table as oud new table as nieuw "
        "for each statement execute function scanstraat_beeld_anders()",
        # Depth 0 is an update that somebody gave; the counting above is not recounted, which costs 30 s at 2,000 pages.
        f"create trigger batch_telling after update of {', '.join(TELLINGEN)} on batch "
        "for each row when (pg_trigger_depth() = 0) execute function scanstraat_telling()",
        "create trigger batch_begint_leeg after insert on batch for each row execute function scanstraat_telling()",
    ]
    return opdrachten
