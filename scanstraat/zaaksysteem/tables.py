"""Rows of the built-in register. They follow the ZGW model: zaak, informatieobject with versions, the link between
them, and an audit trail that is only ever added to."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class RegisterZaaktypeRow(SQLModel, table=True):
    """A kind of zaak and the informatieobjecttypen it takes; an empty list takes every type."""

    __tablename__ = "register_zaaktype"
    omschrijving: str = Field(primary_key=True)
    informatieobjecttypen: list[str] = Field(sa_column=Column(JSON, nullable=False))


class RegisterZaakRow(SQLModel, table=True):
    """A zaak of the built-in register. `einddatum` (YYYY-MM-DD) closes it."""

    __tablename__ = "register_zaak"
    __table_args__ = (CheckConstraint("length(identificatie) between 1 and 40", name="identificatie_lengte"),)
    identificatie: str = Field(primary_key=True)
    zaaktype: str = Field(foreign_key="register_zaaktype.omschrijving")
    omschrijving: str
    einddatum: str | None = None
    aangemaakt_op: str


class RegisterInformatieobjectRow(SQLModel, table=True):
    """A document as the register knows it. Its identificatie is unique among those that were not removed."""

    __tablename__ = "register_informatieobject"
    __table_args__ = (
        CheckConstraint("length(identificatie) between 1 and 40", name="identificatie_lengte"),
        Index(
            "een_informatieobject_per_identificatie",
            "identificatie",
            unique=True,
            sqlite_where=text("verwijderd_op is null"),
            postgresql_where=text("verwijderd_op is null"),
        ),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    identificatie: str
    nieuwste_documentversie: int  # the highest n ever sent; an older one that arrives late is refused
    aangemaakt_op: str
    verwijderd_op: str | None = None


class RegisterInformatieobjectversieRow(SQLModel, table=True):
    """One version of a document, written once. The bytes stand in the register's own store under `sha256`."""

    __tablename__ = "register_informatieobjectversie"
    __table_args__ = (CheckConstraint("versie >= 1", name="versie_vanaf_1"),)
    informatieobject_id: UUID = Field(primary_key=True, foreign_key="register_informatieobject.id")
    versie: int = Field(primary_key=True)
    documentversie: int  # the n of the documentversie it came from
    titel: str
    informatieobjecttype: str
    vertrouwelijkheidaanduiding: str
    taal: str
    creatiedatum: str
    ontvangstdatum: str | None = None
    auteur: str
    bestandsnaam: str
    formaat: str
    sha256: str
    omvang_bytes: int = Field(sa_type=BigInteger)
    begin_registratie: str


class RegisterZaakinformatieobjectRow(SQLModel, table=True):
    """This document hangs on this zaak."""

    __tablename__ = "register_zaakinformatieobject"
    __table_args__ = (UniqueConstraint("zaakidentificatie", "informatieobject_id"),)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    zaakidentificatie: str = Field(foreign_key="register_zaak.identificatie")
    informatieobject_id: UUID = Field(foreign_key="register_informatieobject.id", index=True)
    registratiedatum: str


class RegisterAudittrailRow(SQLModel, table=True):
    """Who did what in the register, in the transaction of the change; never updated or deleted."""

    __tablename__ = "register_audittrail"
    __table_args__ = (
        CheckConstraint("actie in ('create', 'update', 'destroy')", name="actie"),
        CheckConstraint("gebruiker <> ''", name="gebruiker_bekend"),
    )
    volgnummer: int | None = Field(default=None, primary_key=True)
    op: str
    actie: str
    resource: str  # zaak, informatieobject, zaakinformatieobject
    resource_id: str
    gebruiker: str
    toelichting: str
    wijzigingen: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
