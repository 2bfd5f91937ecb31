"""Rows of the application. Rows store, values decide: these classes do not validate, so the database carries the rules.

Time is RFC 3339 UTC text. Nothing cascades and nothing legally relevant is deleted. The triggers that keep the
bladtelling and protect masters and events stand in the migrations, for SQLite and PostgreSQL.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from kwaliteitscontrole.tables import BevindingRow
from scanstraat.zaaksysteem.tables import RegisterZaakRow

__all__ = ["BevindingRow", "RegisterZaakRow"]  # one import registers every table


def _json() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


class ActorRow(SQLModel, table=True):
    """Who did it: a persoon, or a named part of the line. `log_id` is the random id that only the log uses."""

    __tablename__ = "actor"
    __table_args__ = (CheckConstraint("soort in ('persoon', 'lijn')", name="soort"), UniqueConstraint("soort", "naam"))
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    soort: str
    naam: str
    log_id: UUID = Field(default_factory=uuid4, unique=True)


class ScanmapBestandRow(SQLModel, table=True):
    """A file that appeared in a scanmap. A new file of the same name after the first was taken is a new row."""

    __tablename__ = "scanmap_bestand"
    __table_args__ = (
        CheckConstraint("status in ('wacht', 'ingenomen', 'quarantaine', 'geweigerd')", name="status"),
        CheckConstraint("status not in ('quarantaine', 'geweigerd') or reden <> ''", name="reden_bekend"),
        CheckConstraint("status <> 'ingenomen' or bron_id is not null or rol <> 'scan'", name="ingenomen_heeft_bron"),
        CheckConstraint("rol in ('scan', 'index', 'klaar')", name="rol"),
        Index(
            "een_wachtende_per_pad",
            "scanmap",
            "pad",
            unique=True,
            sqlite_where=text("status = 'wacht'"),
            postgresql_where=text("status = 'wacht'"),
        ),
        Index("scanmap_bestand_pad", "scanmap", "pad"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    scanmap: str
    pad: str  # relative to the scanmap; bytes that are no UTF-8 as \\xNN
    rol: str = "scan"  # an index file or done-file is seen and accounted for as well
    inode: int = Field(sa_type=BigInteger)  # as a signed number of 64 bits
    omvang_bytes: int = Field(sa_type=BigInteger)
    mtime_ns: int = Field(sa_type=BigInteger)
    sha256: str | None = Field(default=None, foreign_key="object.sha256")  # once the store has the bytes
    status: str
    reden_code: str = ""
    reden: str = ""  # Dutch, for people
    gezien_op: str
    veranderd_op: str  # when size or mtime last changed
    besloten_op: str | None = None
    bron_id: UUID | None = Field(default=None, foreign_key="bron.id")
    dubbel_van: UUID | None = Field(default=None, foreign_key="bron.id")
    verplaatst_naar: str | None = None  # relative to the scanmap


class ObjectRow(SQLModel, table=True):
    """Bytes in the store, so that a missing file is noticed as well as a changed one."""

    __tablename__ = "object"
    sha256: str = Field(primary_key=True)
    sha512: str
    omvang_bytes: int = Field(sa_type=BigInteger)
    soort: str  # bron, index, pdfa, tekstlaag, manifest, rapport; hersteld: only an event of the log speaks of it
    bewaard_op: str
    gecontroleerd_op: str | None = None
    in_orde: bool = True
    opgeruimd_op: str | None = None  # a text layer that went on schedule; its words are in the PDF/A


class BatchRow(SQLModel, table=True):
    """Papers scanned and judged as one lot. The four counts are kept by triggers on `beeld`."""

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint("ontvangen = in_documenten + scheidingsbladen + weggelaten", name="bladtelling_sluit"),
        CheckConstraint("scanoperator <> ''", name="scanoperator_gezegd"),
        CheckConstraint("nakijken in ('altijd', 'bij_bevinding', 'nooit')", name="nakijken"),
        UniqueConstraint("jaar", "volgnummer"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    nummer: str = Field(unique=True)
    jaar: int
    volgnummer: int
    scanmap: str
    profiel: str
    momentopname: dict[str, Any] = _json()  # the profile in force at intake
    momentopname_sha256: str
    gereedschap: dict[str, Any] = _json()  # program -> version, of all that touched the batch
    scanoperator: str
    nakijken: str
    indexbestanden: list[dict[str, Any]] = _json()  # naam and sha256 of each index file delivered with it
    dubbel_van: UUID | None = Field(default=None, foreign_key="batch.id")
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    ontvangen_op: str
    ontleed_op: str | None = None
    klaargemeld_op: str | None = None
    klaargemeld_door: UUID | None = Field(default=None, foreign_key="actor.id")
    bladen_opgegeven: int | None = None  # by the Batchblad, scheidingsbladen not included
    bladen_per_bron: dict[str, int] = _json()  # bron id -> sheets, as lines of an index declare
    ontvangen: int = 0
    in_documenten: int = 0
    scheidingsbladen: int = 0
    weggelaten: int = 0


class BronRow(SQLModel, table=True):
    """The bytes of one delivered file."""

    __tablename__ = "bron"
    __table_args__ = (UniqueConstraint("batch_id", "volgnummer"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID | None = Field(default=None, foreign_key="batch.id")  # None: in quarantine, or not yet grouped
    volgnummer: int = 0
    sha256: str = Field(foreign_key="object.sha256", index=True)
    naam: str  # as delivered; shown to people, never in logs or paths
    soort: str  # jpeg, tiff, png, pdf; "" in quarantine when unknown
    aantal_beelden: int = 0
    is_scan: bool = True
    aanlevering: dict[str, Any] = _json()  # the folder it came in; `bijgescand`: added to the batch afterwards
    dubbel_van: UUID | None = Field(default=None, foreign_key="bron.id")
    ontvangen_op: str


class BladRow(SQLModel, table=True):
    """One physical sheet, numbered once per batch at intake."""

    __tablename__ = "blad"
    __table_args__ = (UniqueConstraint("batch_id", "nummer"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="batch.id")
    nummer: int


class DocumentRow(SQLModel, table=True):
    """A stable id; splitting or joining keeps it with the first page."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint("koppelstatus in ('gekoppeld', 'te_koppelen')", name="koppelstatus"),
        CheckConstraint("koppelstatus = 'te_koppelen' or zaakidentificatie is not null", name="gekoppeld_heeft_zaak"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="batch.id", index=True)
    volgorde: int
    titel: str = ""
    zaakidentificatie: str | None = None
    koppelstatus: str
    koppelredenen: list[dict[str, Any]] = _json()  # every Koppelreden that was found, also candidates
    bladen_verwacht: int | None = None
    wacht_omdat: str = ""  # Dutch: why a person must say the zaak, whatever the reasons are
    vervallen_op: str | None = None  # it has no pages: joined into another document, or all left out


class BeeldRow(SQLModel, table=True):
    """One page image, the master: (bron, n). Its facts never change (trigger); its place in the batch does."""

    __tablename__ = "beeld"
    __table_args__ = (
        UniqueConstraint("bron_id", "n"),
        UniqueConstraint("blad_id", "kant"),
        CheckConstraint("kant in ('voor', 'achter')", name="kant"),
        CheckConstraint("bestemming in ('document', 'scheidingsblad', 'weggelaten')", name="bestemming"),
        CheckConstraint("(bestemming = 'document') = (document_id is not null)", name="document_of_niet"),
        CheckConstraint("(bestemming = 'weggelaten') = (weglaatreden is not null)", name="weglaatreden_bekend"),
        CheckConstraint(
            "weglaatreden is null or weglaatreden in ('blanco', 'vervangen', 'dubbel', 'anders')", name="weglaatreden"
        ),
        CheckConstraint(
            "weglaatreden is null or weglaatreden <> 'anders' or weglaattekst <> ''", name="anders_met_woorden"
        ),
        CheckConstraint("draai_graden in (0, 90, 180, 270)", name="draai"),
        Index("volgorde_in_batch", "batch_id", "volgorde"),
        Index("bestemming_in_batch", "batch_id", "bestemming"),  # the recount of the bladtelling reads only this
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="batch.id")
    bron_id: UUID = Field(foreign_key="bron.id")
    n: int
    blad_id: UUID = Field(foreign_key="blad.id")
    kant: str
    breedte_px: int
    hoogte_px: int
    dpi: float
    dpi_bron: str  # "bestand" or "profiel"
    kleurmodus: str
    compressie: str
    metingen: dict[str, Any] = _json()
    codes: list[dict[str, Any]] = _json()
    # The place of this beeld now:
    volgorde: int  # order in the batch, with room between
    bestemming: str
    document_id: UUID | None = Field(default=None, foreign_key="document.id", index=True)
    draai_graden: int = 0
    weglaatreden: str | None = None
    weglaattekst: str = ""
    scheidingsblad: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class DocumentversieRow(SQLModel, table=True):
    """The n-th state of a document: ordered pages, and what was made and proved of them."""

    __tablename__ = "documentversie"
    __table_args__ = (UniqueConstraint("document_id", "n"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    document_id: UUID = Field(foreign_key="document.id", index=True)
    n: int
    reden: str
    gemaakt_op: str
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    tekstlaag_sha256: str | None = Field(default=None, foreign_key="object.sha256")
    pdf_sha256: str | None = Field(default=None, foreign_key="object.sha256")
    pdf_bytes: int | None = Field(default=None, sa_type=BigInteger)
    manifest_sha256: str | None = Field(default=None, foreign_key="object.sha256")
    pdfa_profiel: str | None = None
    pdfa_conform: bool | None = None
    pdfa_rapport_sha256: str | None = Field(default=None, foreign_key="object.sha256")
    getrouw: bool | None = None
    getrouwheid_rapport_sha256: str | None = Field(default=None, foreign_key="object.sha256")
    gearchiveerd_op: str | None = None


class PaginaRow(SQLModel, table=True):
    """Page `nummer` of a documentversie. Written once with the versie."""

    __tablename__ = "pagina"
    __table_args__ = (UniqueConstraint("documentversie_id", "beeld_id"),)
    documentversie_id: UUID = Field(primary_key=True, foreign_key="documentversie.id")
    nummer: int = Field(primary_key=True)
    beeld_id: UUID = Field(foreign_key="beeld.id", index=True)
    draai_graden: int = 0
    woordzekerheid: float | None = None  # mean confidence of Tesseract, 0 to 100; None: no text read
    woorden: int | None = None


class AfleveringRow(SQLModel, table=True):
    """One documentversie in one zaak, and what came back when it was fetched again."""

    __tablename__ = "aflevering"
    __table_args__ = (
        Index(
            "een_staande_aflevering",
            "documentversie_id",
            unique=True,
            sqlite_where=text("ontkoppeld_op is null"),
            postgresql_where=text("ontkoppeld_op is null"),
        ),
        CheckConstraint(
            "bevestigd_op is null or (teruggelezen_sha256 is not null and gelijk)", name="bevestigd_is_gelijk"
        ),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    documentversie_id: UUID = Field(foreign_key="documentversie.id", index=True)
    zaakidentificatie: str
    informatieobject: str | None = None  # URL or id as the zaaksysteem gave it
    versie_in_zaaksysteem: int | None = None
    teruggelezen_sha256: str | None = None
    gelijk: bool = False
    begonnen_op: str
    bevestigd_op: str | None = None
    ontkoppeld_op: str | None = None
    wees: bool = False  # the link is gone but the document could not be deleted


class EffectRow(SQLModel, table=True):
    """An answer of an outside system, kept under its key so that a retry never doubles."""

    __tablename__ = "effect"
    sleutel: str = Field(primary_key=True)
    doel: str
    verzoek_sha256: str
    antwoord: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    begonnen_op: str
    beantwoord_op: str | None = None


class BewerkingRow(SQLModel, table=True):
    """One recorded operation over the beelden of a batch, with what it takes to undo it."""

    __tablename__ = "bewerking"
    __table_args__ = (UniqueConstraint("batch_id", "nummer"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="batch.id")
    nummer: int
    soort: str
    parameters: dict[str, Any] = _json()
    actor_id: UUID = Field(foreign_key="actor.id")
    op: str
    vooraf: dict[str, Any] = _json()  # the rows it changed, as they were
    ongedaan_door: UUID | None = Field(default=None, foreign_key="bewerking.id")


class GebeurtenisRow(SQLModel, table=True):
    """A legally relevant change, written in the transaction of the change; never updated or deleted (trigger)."""

    __tablename__ = "gebeurtenis"
    __table_args__ = (
        Index(
            "gebeurtenis_herstel",
            "volgnummer",
            sqlite_where=text("soort = 'herstel.verklaard'"),
            postgresql_where=text("soort = 'herstel.verklaard'"),
        ),
    )
    volgnummer: int | None = Field(default=None, primary_key=True)
    id: UUID = Field(default_factory=uuid4, unique=True)
    soort: str
    schema_versie: int = 1
    actor_log_id: UUID
    onderwerp_log_id: UUID = Field(index=True)
    op: str
    gegevens: dict[str, Any] = _json()
    merk: str | None = None  # that this installation wrote it (merk.py); needed until it is sealed


class LogregelRow(SQLModel, table=True):
    """Where an event stands in the sealed log; never updated or deleted (trigger)."""

    __tablename__ = "logregel"
    nummer: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)
    )
    gebeurtenis: int = Field(foreign_key="gebeurtenis.volgnummer", unique=True)


class StapRow(SQLModel, table=True):
    """One phase of one item: what runs, waits, failed. The truth that people see; the engine can be replaced."""

    __tablename__ = "stap"
    __table_args__ = (
        CheckConstraint("status in ('wacht', 'bezig', 'klaar', 'mislukt', 'geannuleerd')", name="status"),
        UniqueConstraint("item_id", "fase", "generatie"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    item_id: UUID = Field(index=True)
    batch_id: UUID = Field(index=True)
    fase: str
    generatie: int
    status: str = Field(index=True)
    poging: int = 0
    aangemaakt_op: str
    gestart_op: str | None = None
    geeindigd_op: str | None = None
    uitvoerder: str | None = None
    gedaan: int = 0  # pages done of `totaal`, for the progress bar
    totaal: int = 0
    fout: str = ""  # Dutch, for people
    fout_code: str = ""


class UitvoerderRow(SQLModel, table=True):
    """Heartbeat of a worker; a silent one is swept."""

    __tablename__ = "uitvoerder"
    id: str = Field(primary_key=True)
    gestart_op: str
    hartslag_op: str
    gestopt_op: str | None = None


class WachterRow(SQLModel, table=True):
    """The watcher of one scanmap: that it runs, and what its last look found wrong. `gezondheid` reads it."""

    __tablename__ = "wachter"
    scanmap: str = Field(primary_key=True)
    hartslag_op: str
    gestopt_op: str | None = None
    bekeken_op: str  # when the last look ended; before the first one, when the watcher started
    bereikbaar: bool = True
    problemen: list[str] = _json()  # Dutch, for people


class OpruimingRow(SQLModel, table=True):
    """Proof that working copies were deleted on schedule (checklist 30 of the field)."""

    __tablename__ = "opruiming"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    op: str
    soort: str
    aantal: int
    omvang_bytes: int = Field(sa_type=BigInteger)
    oudste_op: str | None = None


class BackupRow(SQLModel, table=True):
    """A back-up and the verdict of the check that restored it to a scratch place."""

    __tablename__ = "backup"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    gemaakt_op: str
    map: str
    objecten: int
    omvang_bytes: int = Field(sa_type=BigInteger)
    inhoud_sha256: str
    gecontroleerd_op: str | None = None
    in_orde: bool | None = None
    uitslag: str = ""
