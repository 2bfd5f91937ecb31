"""Rows of what people decide between delivery and destruction, beside `tables.py`.

A fact is stored once: a batch is approved because an approval stands, not because a status says so. Whatever ends
(a mandaat, a stop, an approval) gets an end; nothing is deleted. Who may be whom is held by triggers (migration 0006).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def _json() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


def _one_standing(naam: str, *kolommen: str, einde: str) -> Index:
    """Return the rule that only one row of these columns stands: those before it have an end."""
    nog = text(f"{einde} is null")
    return Index(naam, *kolommen, unique=True, sqlite_where=nog, postgresql_where=nog)


# --- people ------------------------------------------------------------------------------------------------------


class PersoonRow(SQLModel, table=True):
    """One human. The actor of that name is what the rest of the record knows of them."""

    __tablename__ = "persoon"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    naam: str = Field(unique=True)
    actor_id: UUID = Field(foreign_key="actor.id", unique=True)
    aangemaakt_op: str


class PersoonsnaamRow(SQLModel, table=True):
    """Every name that a persoon goes by: on a Batchblad, in an index, at `--door`. Compared without capitals."""

    __tablename__ = "persoonsnaam"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    naam: str = Field(unique=True)
    persoon_id: UUID = Field(foreign_key="persoon.id", index=True)


class AanmeldingRow(SQLModel, table=True):
    """A way to prove who one is: a local account, or what an identity provider says (issuer and sub)."""

    __tablename__ = "aanmelding"
    __table_args__ = (
        CheckConstraint("soort in ('lokaal', 'oidc')", name="soort"),
        CheckConstraint("soort <> 'lokaal' or (wachtwoord <> '' and totp_geheim <> '')", name="lokaal_heeft_geheimen"),
        _one_standing("een_aanmelding_per_identiteit", "soort", "uitgever", "sub", einde="ingetrokken_op"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    persoon_id: UUID = Field(foreign_key="persoon.id", index=True)
    soort: str
    uitgever: str = ""  # issuer; empty for a local account
    sub: str
    wachtwoord: str = ""  # argon2
    totp_geheim: str = ""  # encrypted with the key of this installation
    totp_stap: int = Field(default=0, sa_type=BigInteger)  # the newest time step whose code was used
    mislukt: int = 0
    geblokkeerd_tot: str | None = None
    aangemaakt_op: str
    ingetrokken_op: str | None = None


class MandaatRow(SQLModel, table=True):
    """What a persoon may do or decide, from when to when, on what ground."""

    __tablename__ = "mandaat"
    __table_args__ = (
        CheckConstraint(
            "rol in ('scanoperator', 'div_medewerker', 'controleur', 'gemandateerde', 'archivaris', 'auditor', "
            "'functioneel_beheerder')",
            name="rol",
        ),
        CheckConstraint("tot is null or tot >= van", name="tot_na_van"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    persoon_id: UUID = Field(foreign_key="persoon.id", index=True)
    rol: str
    van: str  # a date
    tot: str | None = None  # the last day
    grondslag: str  # Dutch: mandaatbesluit, number and date
    verleend_op: str
    verleend_door: UUID | None = Field(default=None, foreign_key="persoon.id")  # None: the very first
    ingetrokken_op: str | None = None
    ingetrokken_door: UUID | None = Field(default=None, foreign_key="persoon.id")


class VerpaktRow(SQLModel, table=True):
    """What a commitment in the log stands for, and its key. Erasing both leaves the log as it is."""

    __tablename__ = "verpakt"
    __table_args__ = (
        UniqueConstraint("gebeurtenis_id", "veld"),
        CheckConstraint("(gewist_op is null) = (sleutel is not null)", name="gewist_of_niet"),
        CheckConstraint("(sleutel is null) = (inhoud is null)", name="sleutel_met_inhoud"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")
    veld: str
    sleutel: str | None = None  # 32 bytes, hex
    inhoud: str | None = None  # canonical JSON
    gewist_op: str | None = None


# --- under which decision -----------------------------------------------------------------------------------------


class HandboekRow(SQLModel, table=True):
    """One version of the handboek vervanging."""

    __tablename__ = "handboek"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    versie: str = Field(unique=True)
    bestand_sha256: str = Field(foreign_key="object.sha256")
    bestandsnaam: str
    vastgelegd_op: str
    vastgelegd_door: UUID = Field(foreign_key="persoon.id")


class BesluitRow(SQLModel, table=True):
    """One version of a vervangingsbesluit, as it was entered."""

    __tablename__ = "besluit"
    __table_args__ = (UniqueConstraint("nummer", "versie"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    nummer: str
    versie: int
    inhoud: dict[str, Any] = _json()
    inhoud_sha256: str = Field(foreign_key="object.sha256")
    handboek_id: UUID = Field(foreign_key="handboek.id")
    vastgelegd_op: str
    vastgelegd_door: UUID = Field(foreign_key="persoon.id")


class BindingRow(SQLModel, table=True):
    """Under which besluit and handboek a batch falls, from when; the newest one counts."""

    __tablename__ = "binding"
    __table_args__ = (_one_standing("een_staande_binding", "batch_id", einde="vervallen_op"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="batch.id", index=True)
    besluit_id: UUID = Field(foreign_key="besluit.id")
    op: str
    actor_id: UUID = Field(foreign_key="actor.id")
    vervallen_op: str | None = None


class UitzonderingRow(SQLModel, table=True):
    """A document whose paper stays the original: why, who decided, where it is."""

    __tablename__ = "uitzondering"
    __table_args__ = (
        CheckConstraint("toelichting <> '' and reden <> ''", name="met_reden"),
        _one_standing("een_staande_uitzondering", "document_id", einde="ingetrokken_op"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    document_id: UUID = Field(foreign_key="document.id", index=True)
    reden: str
    toelichting: str
    vindplaats: str  # "": in the doos that holds its sheets
    op: str
    actor_id: UUID = Field(foreign_key="actor.id")
    ingetrokken_op: str | None = None
    ingetrokken_door: UUID | None = Field(default=None, foreign_key="actor.id")


class TermijnverlengingRow(SQLModel, table=True):
    """The paper of a batch is kept until a later day, for a reason."""

    __tablename__ = "termijnverlenging"
    __table_args__ = (CheckConstraint("reden <> ''", name="met_reden"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="batch.id", index=True)
    tot: str  # the last day
    reden: str
    op: str
    persoon_id: UUID = Field(foreign_key="persoon.id")


# --- the paper ----------------------------------------------------------------------------------------------------


class DoosRow(SQLModel, table=True):
    """A numbered box of paper."""

    __tablename__ = "doos"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    nummer: str = Field(unique=True)
    gemaakt_op: str
    gesloten_op: str | None = None


class DoosbladRow(SQLModel, table=True):
    """A sheet in a box; a sheet is in one box at a time."""

    __tablename__ = "doosblad"
    __table_args__ = (_one_standing("een_doos_per_blad", "blad_id", einde="uit_op"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    doos_id: UUID = Field(foreign_key="doos.id", index=True)
    blad_id: UUID = Field(foreign_key="blad.id")
    op: str
    actor_id: UUID = Field(foreign_key="actor.id")
    uit_op: str | None = None
    uit_door: UUID | None = Field(default=None, foreign_key="actor.id")


class DoosplaatsRow(SQLModel, table=True):
    """Where a box came to stand, when, and who put it there; the newest is where it is."""

    __tablename__ = "doosplaats"
    __table_args__ = (UniqueConstraint("doos_id", "nummer"), CheckConstraint("plaats <> ''", name="ergens"))
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    doos_id: UUID = Field(foreign_key="doos.id")
    nummer: int
    plaats: str
    op: str
    actor_id: UUID = Field(foreign_key="actor.id")


class StopRow(SQLModel, table=True):
    """Nothing goes while this stands. `onderwerp` is the id of what it holds, or the number of a zaak."""

    __tablename__ = "stop"
    __table_args__ = (
        CheckConstraint(
            "soort in ('bezwaar', 'rechtszaak', 'woo_verzoek', 'onderzoek', 'kwaliteitstwijfel')", name="soort"
        ),
        CheckConstraint("over in ('document', 'zaak', 'doos', 'besluit', 'persoon')", name="over"),
        CheckConstraint("reden <> ''", name="met_reden"),
        CheckConstraint("opgeheven_op is null or opheffingsreden <> ''", name="opgeheven_met_reden"),
        Index("stop_onderwerp", "over", "onderwerp"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    soort: str
    over: str
    onderwerp: str
    reden: str
    geplaatst_op: str
    geplaatst_door: UUID = Field(foreign_key="actor.id")
    opgeheven_op: str | None = None
    opgeheven_door: UUID | None = Field(default=None, foreign_key="actor.id")
    opheffingsreden: str = ""


# --- sealed, drawn, judged ----------------------------------------------------------------------------------------


class VerzegelingRow(SQLModel, table=True):
    """The state of a delivered batch, fixed. Draw, approval and release hold for this state alone."""

    __tablename__ = "verzegeling"
    __table_args__ = (_one_standing("een_staande_verzegeling", "batch_id", einde="vervallen_op"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="batch.id", index=True)
    manifest_sha256: str = Field(foreign_key="object.sha256")
    documenten: int
    paginas: int
    op: str
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")
    vervallen_op: str | None = None


class TrekkingRow(SQLModel, table=True):
    """What was drawn, of a sealed batch or of a box, from a seed that the log fixed before."""

    __tablename__ = "trekking"
    __table_args__ = (
        CheckConstraint("(verzegeling_id is null) <> (doos_id is null)", name="batch_of_doos"),
        CheckConstraint("(lijst_id is null) = (doos_id is null)", name="doos_op_een_lijst"),
        UniqueConstraint("verzegeling_id"),
        UniqueConstraint("lijst_id", "doos_id"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    verzegeling_id: UUID | None = Field(default=None, foreign_key="verzegeling.id")
    doos_id: UUID | None = Field(default=None, foreign_key="doos.id")
    lijst_id: UUID | None = Field(default=None, foreign_key="vernietigingslijst.id")
    checkpoint: int = Field(sa_type=BigInteger)
    zaad: str
    trekking: dict[str, Any] = _json()  # plan, drawn, and for a batch the flagged pages
    trekking_sha256: str = Field(foreign_key="object.sha256")
    op: str
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")


class BekekenRow(SQLModel, table=True):
    """Who was shown what was drawn, and when: nobody judges, or does the last look at, what they were not shown."""

    __tablename__ = "bekeken"
    trekking_id: UUID = Field(primary_key=True, foreign_key="trekking.id")
    persoon_id: UUID = Field(primary_key=True, foreign_key="persoon.id")
    op: str


class OordeelRow(SQLModel, table=True):
    """The verdict of a controleur on a sealed batch. It stands as long as the sealing does."""

    __tablename__ = "oordeel"
    __table_args__ = (CheckConstraint("uitslag in ('goedgekeurd', 'afgekeurd')", name="uitslag"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    trekking_id: UUID = Field(foreign_key="trekking.id", unique=True)
    verzegeling_id: UUID = Field(foreign_key="verzegeling.id", unique=True)
    batch_id: UUID = Field(foreign_key="batch.id", index=True)
    persoon_id: UUID = Field(foreign_key="persoon.id")
    uitslag: str
    gat: bool = False  # in reduced inspection: accepted, but back to normal
    oordeel: dict[str, Any] = _json()
    oordeel_sha256: str = Field(foreign_key="object.sha256")
    op: str
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")


# --- destruction --------------------------------------------------------------------------------------------------


class VernietigingslijstRow(SQLModel, table=True):
    """Boxes proposed for destruction, with everything in them as it is."""

    __tablename__ = "vernietigingslijst"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    naam: str = Field(unique=True)
    inhoud: dict[str, Any] = _json()
    inhoud_sha256: str = Field(foreign_key="object.sha256")
    op: str
    persoon_id: UUID = Field(foreign_key="persoon.id")
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")
    ingetrokken_op: str | None = None
    ingetrokken_door: UUID | None = Field(default=None, foreign_key="persoon.id")


class LijstdoosRow(SQLModel, table=True):
    """A box on a list; on one list at a time."""

    __tablename__ = "lijstdoos"
    __table_args__ = (_one_standing("een_lijst_per_doos", "doos_id", einde="eraf_op"),)
    lijst_id: UUID = Field(primary_key=True, foreign_key="vernietigingslijst.id")
    doos_id: UUID = Field(primary_key=True, foreign_key="doos.id")
    eraf_op: str | None = None


class LaatsteblikRow(SQLModel, table=True):
    """Somebody laid drawn paper beside the screen, and said whether it is the same."""

    __tablename__ = "laatste_blik"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    trekking_id: UUID = Field(foreign_key="trekking.id", unique=True)
    lijst_id: UUID = Field(foreign_key="vernietigingslijst.id", index=True)
    doos_id: UUID = Field(foreign_key="doos.id")
    persoon_id: UUID = Field(foreign_key="persoon.id")
    geslaagd: bool
    toelichting: str = ""
    op: str
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")


class VrijgaveRow(SQLModel, table=True):
    """A gemandateerde releases a list as it is. Two different people must."""

    __tablename__ = "vrijgave"
    __table_args__ = (
        CheckConstraint("volgnummer in (1, 2)", name="twee"),
        _one_standing("een_vrijgave_per_volgnummer", "lijst_id", "volgnummer", einde="ingetrokken_op"),
        _one_standing("een_vrijgave_per_persoon", "lijst_id", "persoon_id", einde="ingetrokken_op"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    lijst_id: UUID = Field(foreign_key="vernietigingslijst.id", index=True)
    volgnummer: int
    persoon_id: UUID = Field(foreign_key="persoon.id")
    mandaat_id: UUID = Field(foreign_key="mandaat.id")
    inhoud_sha256: str
    feiten_sha256: str = Field(foreign_key="object.sha256")
    op: str
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")
    ingetrokken_op: str | None = None
    ingetrokken_door: UUID | None = Field(default=None, foreign_key="persoon.id")


class OpdrachtRow(SQLModel, table=True):
    """The order to a destruction company: once per list."""

    __tablename__ = "opdracht"
    __table_args__ = (CheckConstraint("bedrijf <> '' and wijze <> '' and niveau <> ''", name="volledig"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    nummer: str = Field(unique=True)
    lijst_id: UUID = Field(foreign_key="vernietigingslijst.id", unique=True)
    bedrijf: str
    wijze: str
    niveau: str
    containers: list[dict[str, Any]] = _json()  # nummer, zegel and dozen of each
    checkpoint: int = Field(sa_type=BigInteger)
    opdracht_sha256: str = Field(foreign_key="object.sha256")
    feiten_sha256: str = Field(foreign_key="object.sha256")
    op: str
    persoon_id: UUID = Field(foreign_key="persoon.id")
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")


class VervoerRow(SQLModel, table=True):
    """A container of an order that left the building: whoever took it along, and when."""

    __tablename__ = "vervoer"
    __table_args__ = (UniqueConstraint("opdracht_id", "container"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    opdracht_id: UUID = Field(foreign_key="opdracht.id")
    container: str
    zegel: str  # as it was when it left
    vervoerder: str
    opgehaald_op: str
    op: str
    persoon_id: UUID = Field(foreign_key="persoon.id")
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")


class UitvoeringRow(SQLModel, table=True):
    """What became of a box of an order: destroyed, or not, with what the company says of it.

    A box of which part is gone has a second row when the rest is destroyed, under the same order.
    """

    __tablename__ = "uitvoering"
    __table_args__ = (
        CheckConstraint("uitslag in ('vernietigd', 'mislukt', 'deels')", name="uitslag"),
        CheckConstraint(
            "uitslag <> 'vernietigd' or (certificaat_sha256 is not null and uitgevoerd_op is not null)",
            name="vernietigd_met_bewijs",
        ),
        CheckConstraint("uitslag = 'vernietigd' or toelichting <> ''", name="mislukt_met_woorden"),
        Index(
            "een_keer_vernietigd",
            "doos_id",
            unique=True,
            sqlite_where=text("uitslag = 'vernietigd'"),
            postgresql_where=text("uitslag = 'vernietigd'"),
        ),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    opdracht_id: UUID = Field(foreign_key="opdracht.id", index=True)
    doos_id: UUID = Field(foreign_key="doos.id")
    uitslag: str
    uitgevoerd_op: str | None = None
    wijze: str = ""
    niveau: str = ""
    container: str = ""
    zegel: str = ""
    certificaatnummer: str = ""
    certificaat_sha256: str | None = Field(default=None, foreign_key="object.sha256")
    feiten_sha256: str | None = Field(default=None, foreign_key="object.sha256")
    toelichting: str = ""
    op: str
    persoon_id: UUID = Field(foreign_key="persoon.id")
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")
    # Dutch: why this paper could not go when it was recorded that it was gone; empty: it could
    belemmeringen: str = Field(default="", sa_column_kwargs={"server_default": ""})

    @property
    def uitkomst(self) -> str:
        """What became of the doos, in Dutch."""
        if self.uitslag == "deels":
            return "deels vernietigd zonder grond" if self.belemmeringen else "deels vernietigd"
        return f"{self.uitslag} zonder grond" if self.belemmeringen else self.uitslag


class VerklaringRow(SQLModel, table=True):
    """A numbered statement; it never changes, only a new one corrects it."""

    __tablename__ = "verklaring"
    __table_args__ = (
        CheckConstraint("soort in ('vervanging', 'vernietiging')", name="soort"),
        CheckConstraint("vervangt_id is null or reden <> ''", name="gecorrigeerd_met_reden"),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    log_id: UUID = Field(default_factory=uuid4, unique=True)
    soort: str
    nummer: str = Field(unique=True)
    lijst_id: UUID | None = Field(default=None, foreign_key="vernietigingslijst.id")
    vervangt_id: UUID | None = Field(default=None, foreign_key="verklaring.id", unique=True)
    reden: str = ""
    gegevens_sha256: str = Field(foreign_key="object.sha256")
    pdf_sha256: str = Field(foreign_key="object.sha256")
    mdto_sha256: str = Field(foreign_key="object.sha256")
    op: str
    persoon_id: UUID = Field(foreign_key="persoon.id")
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")


class VerklaringdoosRow(SQLModel, table=True):
    """A doos whose destruction a verklaring states."""

    __tablename__ = "verklaringdoos"
    verklaring_id: UUID = Field(primary_key=True, foreign_key="verklaring.id")
    doos_id: UUID = Field(primary_key=True, foreign_key="doos.id", index=True)


class OndertekeningRow(SQLModel, table=True):
    """Somebody with a mandaat agreed to a statement, re-authenticated."""

    __tablename__ = "ondertekening"
    __table_args__ = (UniqueConstraint("verklaring_id", "persoon_id"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    verklaring_id: UUID = Field(foreign_key="verklaring.id")
    persoon_id: UUID = Field(foreign_key="persoon.id")
    mandaat_id: UUID = Field(foreign_key="mandaat.id")
    pdf_sha256: str
    op: str
    gebeurtenis_id: UUID = Field(foreign_key="gebeurtenis.id")


class VerklaringscanRow(SQLModel, table=True):
    """A scan of the statement with ink on it."""

    __tablename__ = "verklaringscan"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    verklaring_id: UUID = Field(foreign_key="verklaring.id", index=True)
    bestand_sha256: str = Field(foreign_key="object.sha256")
    op: str
    persoon_id: UUID = Field(foreign_key="persoon.id")
