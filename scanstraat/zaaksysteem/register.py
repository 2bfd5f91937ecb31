"""The zaken of the built-in register: add, change and close them, one by one or from a CSV, and look at what they hold.

Every change adds a line to the audit trail in the same transaction.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.errors import InstellingError, NietGevondenError
from scanstraat.zaaksysteem import MAXIMALE_LENGTE_IDENTIFICATIE, Zaak
from scanstraat.zaaksysteem.tables import (
    RegisterAudittrailRow,
    RegisterInformatieobjectRow,
    RegisterInformatieobjectversieRow,
    RegisterZaakinformatieobjectRow,
    RegisterZaakRow,
    RegisterZaaktypeRow,
)

_KOLOMMEN = ("identificatie", "zaaktype", "omschrijving")
_BESTURINGSTEKENS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class NieuweZaak:
    """A zaak to add or change. No informatieobjecttypen means that the zaaktype takes every type."""

    identificatie: str
    zaaktype: str
    omschrijving: str = ""
    einddatum: date | None = None
    informatieobjecttypen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ingelezen:
    """What reading a list of zaken did, in numbers of zaken."""

    toegevoegd: int
    gewijzigd: int
    ongewijzigd: int


@dataclass(frozen=True)
class Registratie:
    """A document in a zaak of the register, as its newest version has it."""

    informatieobject: str
    identificatie: str
    titel: str
    versie: int
    sha256: str
    omvang_bytes: int
    geregistreerd_op: str


@dataclass(frozen=True)
class Auditregel:
    """One line of the audit trail."""

    op: str
    actie: str
    resource: str
    resource_id: str
    gebruiker: str
    toelichting: str
    wijzigingen: dict[str, Any] = field(default_factory=dict)


def read_zaken_csv(pad: Path, *, scheidingsteken: str = ";", codering: str = "utf-8-sig") -> tuple[NieuweZaak, ...]:
    """Read zaken from a CSV file; see `parse_zaken_csv`."""
    try:
        tekst = pad.read_text(encoding=codering)
    except OSError as exc:
        raise InstellingError(f"De lijst met zaken {pad} is niet te lezen: kijk of het bestand er is.") from exc
    except UnicodeDecodeError as exc:
        raise InstellingError(f"De lijst met zaken {pad} is geen {codering}: sla hem op als CSV UTF-8.") from exc
    return parse_zaken_csv(tekst, scheidingsteken=scheidingsteken)


def parse_zaken_csv(tekst: str, *, scheidingsteken: str = ";") -> tuple[NieuweZaak, ...]:
    """Read columns identificatie, zaaktype, omschrijving and, if there, einddatum and informatieobjecttypen ("A|B").

    Raises:
        InstellingError: every line that is not right is named; then nothing counts.
    """
    lezer = csv.DictReader(io.StringIO(tekst), delimiter=scheidingsteken)
    ontbreekt = [kolom for kolom in _KOLOMMEN if kolom not in (lezer.fieldnames or ())]
    if ontbreekt:
        raise InstellingError(
            f"De lijst met zaken mist de kolom {' en '.join(ontbreekt)}. De eerste regel moet zijn: "
            f"{scheidingsteken.join((*_KOLOMMEN, 'einddatum', 'informatieobjecttypen'))} (de laatste twee mogen weg)."
        )
    zaken, fouten, gezien = [], [], set[str]()
    try:
        for rij in lezer:
            zaak, fout = _parse_rij(rij)
            if zaak is None or zaak.identificatie in gezien:
                fouten.append(f"regel {lezer.line_num}: {fout or 'dit zaaknummer staat er twee keer in'}")
            else:
                gezien.add(zaak.identificatie)
                zaken.append(zaak)
    except csv.Error as exc:
        raise InstellingError(f"Regel {lezer.line_num} van de lijst met zaken is geen geldige CSV.") from exc
    if fouten:
        raise InstellingError("De lijst met zaken klopt niet; er is niets ingelezen. " + "; ".join(fouten) + ".")
    return tuple(zaken)


def _parse_rij(rij: dict[str, Any]) -> tuple[NieuweZaak | None, str]:
    if None in rij or None in rij.values():
        return None, "het aantal kolommen klopt niet"
    waarden = {naam: waarde.strip() for naam, waarde in rij.items()}
    try:
        einde = date.fromisoformat(waarden["einddatum"]) if waarden.get("einddatum") else None
    except ValueError:
        return None, "de einddatum moet geschreven zijn als 2026-03-31"
    typen = tuple(deel.strip() for deel in waarden.get("informatieobjecttypen", "").split("|") if deel.strip())
    zaak = NieuweZaak(waarden["identificatie"], waarden["zaaktype"], waarden["omschrijving"], einde, typen)
    gebreken = find_gebreken_zaak(zaak)
    return (None, "; ".join(gebreken)) if gebreken else (zaak, "")


def find_gebreken_zaak(zaak: NieuweZaak) -> tuple[str, ...]:
    """Return, in Dutch, everything wrong with a zaak to add; empty is good."""
    toetsen = (
        (
            f"het zaaknummer moet 1 tot {MAXIMALE_LENGTE_IDENTIFICATIE} tekens hebben",
            not 0 < len(zaak.identificatie) <= MAXIMALE_LENGTE_IDENTIFICATIE,
        ),
        (
            "het zaaknummer heeft spaties aan het begin of einde, of tekens die niet te zien zijn",
            zaak.identificatie != zaak.identificatie.strip() or bool(_BESTURINGSTEKENS.search(zaak.identificatie)),
        ),
        ("het zaaktype ontbreekt", not zaak.zaaktype.strip()),
    )
    return tuple(gebrek for gebrek, geldt in toetsen if geldt)


def lees_zaken_csv(engine: Engine, pad: Path, *, gebruiker: str, scheidingsteken: str = ";") -> Ingelezen:
    """Read a CSV with zaken into the register: all of it, or (InstellingError) nothing."""
    return save_zaken(engine, read_zaken_csv(pad, scheidingsteken=scheidingsteken), gebruiker=gebruiker)


def save_zaken(engine: Engine, zaken: Iterable[NieuweZaak], *, gebruiker: str) -> Ingelezen:
    """Add or change zaken in one transaction. Informatieobjecttypen are those of the zaaktype; none leaves them be.

    Raises:
        InstellingError: a zaak is not right; nothing was changed.
    """
    telling = {"create": 0, "update": 0, "": 0}
    with db.begin(engine) as session:
        for zaak in zaken:
            if gebreken := find_gebreken_zaak(zaak):
                raise InstellingError("Deze zaak kan niet in het register: " + "; ".join(gebreken) + ".")
            _save_zaaktype(session, zaak)
            telling[_save_zaak(session, zaak, gebruiker)] += 1
    return Ingelezen(telling["create"], telling["update"], telling[""])


def sluit_zaak(engine: Engine, identificatie: str, *, einddatum: date, gebruiker: str) -> None:
    """Close a zaak: nothing can be attached to it any more. NietGevondenError when there is none."""
    _set_einddatum(engine, identificatie, einddatum.isoformat(), gebruiker, "Zaak gesloten")


def heropen_zaak(engine: Engine, identificatie: str, *, gebruiker: str) -> None:
    """Open a closed zaak again; NietGevondenError when there is none."""
    _set_einddatum(engine, identificatie, None, gebruiker, "Zaak heropend")


def _set_einddatum(engine: Engine, identificatie: str, einddatum: str | None, gebruiker: str, toelichting: str) -> None:
    with db.begin(engine) as session:
        rij = session.get(RegisterZaakRow, identificatie, with_for_update=True)
        if rij is None:
            raise NietGevondenError(f"Zaak {identificatie} staat niet in het register. Kijk het zaaknummer na.")
        oud = _as_json(rij)
        rij.einddatum = einddatum
        append_audit(session, "update", "zaak", identificatie, gebruiker, toelichting, oud, _as_json(rij))


def load_zaken(engine: Engine, *, identificatie: str | None = None) -> tuple[Zaak, ...]:
    """Return the zaken of the register in order of number, or the one asked for."""
    vraag = select(RegisterZaakRow).order_by(col(RegisterZaakRow.identificatie))
    if identificatie is not None:
        vraag = vraag.where(RegisterZaakRow.identificatie == identificatie)
    with db.read(engine) as session:
        return tuple(build_zaak(rij) for rij in session.exec(vraag))


def load_registraties(engine: Engine, zaakidentificatie: str) -> tuple[Registratie, ...]:
    """Return the documents that hang on a zaak, oldest link first, each with its newest version."""
    vraag = (
        select(RegisterZaakinformatieobjectRow, RegisterInformatieobjectRow, RegisterInformatieobjectversieRow)
        .join(
            RegisterInformatieobjectRow,
            col(RegisterInformatieobjectRow.id) == col(RegisterZaakinformatieobjectRow.informatieobject_id),
        )
        .join(
            RegisterInformatieobjectversieRow,
            col(RegisterInformatieobjectversieRow.informatieobject_id) == col(RegisterInformatieobjectRow.id),
        )
        .where(RegisterZaakinformatieobjectRow.zaakidentificatie == zaakidentificatie)
        .order_by(col(RegisterZaakinformatieobjectRow.registratiedatum), col(RegisterInformatieobjectversieRow.versie))
    )
    nieuwste: dict[str, Registratie] = {}
    with db.read(engine) as session:
        for koppeling, document, versie in session.exec(vraag):
            nieuwste[str(document.id)] = Registratie(
                informatieobject=f"informatieobject/{document.id}",
                identificatie=document.identificatie,
                titel=versie.titel,
                versie=versie.versie,
                sha256=versie.sha256,
                omvang_bytes=versie.omvang_bytes,
                geregistreerd_op=koppeling.registratiedatum,
            )
    return tuple(nieuwste.values())


def load_audittrail(engine: Engine, *, resource: str | None = None) -> tuple[Auditregel, ...]:
    """Return the audit trail, oldest first, of everything or of one kind of resource."""
    vraag = select(RegisterAudittrailRow).order_by(col(RegisterAudittrailRow.volgnummer))
    if resource is not None:
        vraag = vraag.where(RegisterAudittrailRow.resource == resource)
    with db.read(engine) as session:
        return tuple(
            Auditregel(r.op, r.actie, r.resource, r.resource_id, r.gebruiker, r.toelichting, r.wijzigingen)
            for r in session.exec(vraag)
        )


def build_zaak(rij: RegisterZaakRow) -> Zaak:
    """Make the value of a row."""
    return Zaak(
        identificatie=rij.identificatie,
        zaaktype=rij.zaaktype,
        omschrijving=rij.omschrijving,
        gesloten=rij.einddatum is not None,
        verwijzing=f"zaak/{rij.identificatie}",
    )


def append_audit(
    session: Session,
    actie: str,
    resource: str,
    resource_id: str,
    gebruiker: str,
    toelichting: str,
    oud: dict[str, Any] | None,
    nieuw: dict[str, Any] | None,
) -> None:
    """Add a line to the audit trail, in the transaction of the change it tells about."""
    session.add(
        RegisterAudittrailRow(
            op=db.now_text(),
            actie=actie,
            resource=resource,
            resource_id=resource_id,
            gebruiker=gebruiker,
            toelichting=toelichting,
            wijzigingen={"oud": oud, "nieuw": nieuw},
        )
    )


def _save_zaaktype(session: Session, zaak: NieuweZaak) -> None:
    rij = session.get(RegisterZaaktypeRow, zaak.zaaktype)
    if rij is None:
        session.add(
            RegisterZaaktypeRow(omschrijving=zaak.zaaktype, informatieobjecttypen=list(zaak.informatieobjecttypen))
        )
        session.flush()
    elif zaak.informatieobjecttypen:
        rij.informatieobjecttypen = list(zaak.informatieobjecttypen)


def _save_zaak(session: Session, zaak: NieuweZaak, gebruiker: str) -> str:
    """Return the actie: "create", "update", or "" when nothing changed."""
    einddatum = None if zaak.einddatum is None else zaak.einddatum.isoformat()
    rij = session.get(RegisterZaakRow, zaak.identificatie, with_for_update=True)
    if rij is None:
        rij = RegisterZaakRow(
            identificatie=zaak.identificatie,
            zaaktype=zaak.zaaktype,
            omschrijving=zaak.omschrijving,
            einddatum=einddatum,
            aangemaakt_op=db.now_text(),
        )
        session.add(rij)
        append_audit(session, "create", "zaak", rij.identificatie, gebruiker, "Zaak aangemaakt", None, _as_json(rij))
        return "create"
    oud = _as_json(rij)
    rij.zaaktype, rij.omschrijving, rij.einddatum = zaak.zaaktype, zaak.omschrijving, einddatum
    if _as_json(rij) == oud:
        return ""
    append_audit(session, "update", "zaak", rij.identificatie, gebruiker, "Zaak gewijzigd", oud, _as_json(rij))
    return "update"


def _as_json(rij: RegisterZaakRow) -> dict[str, Any]:
    return {"zaaktype": rij.zaaktype, "omschrijving": rij.omschrijving, "einddatum": rij.einddatum}
