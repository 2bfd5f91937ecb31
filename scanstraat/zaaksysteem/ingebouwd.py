"""Adapter: the built-in register, the zaaksysteem of an installation that has no other.

Its rows stand in our own database; its bytes are a copy of its own in a store of its own, so that reading back is a
real read of other bytes on disk, not a look at what we sent. The rules are those of ZGW (`zgw.py`): identificatie is
unique, a closed zaak takes no links, a zaaktype may limit the informatieobjecttypen, old versions stay readable.

Removing a document takes it out of reach; its bytes stay in the store, which never deletes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.errors import ZaakNietBruikbaarError, ZaaksysteemError, ZaaksysteemNietBereikbaarError
from scanstraat.intake.opslag import Opslag
from scanstraat.zaaksysteem import (
    Aflevering,
    Effecten,
    Geleverd,
    Inhoud,
    Ontkoppeld,
    Teruggelezen,
    Zaak,
    verify_aflevering,
)
from scanstraat.zaaksysteem.register import append_audit, load_zaken
from scanstraat.zaaksysteem.tables import (
    RegisterInformatieobjectRow,
    RegisterInformatieobjectversieRow,
    RegisterZaakinformatieobjectRow,
    RegisterZaakRow,
    RegisterZaaktypeRow,
)

_BLOK_BYTES = 1 << 20
_VOORVOEGSEL = "informatieobject/"


class Ingebouwd:
    """The built-in register. `opslag` is its own store, never that of the line. Safe for threads and processes."""

    naam = "het ingebouwde register"

    def __init__(self, engine: Engine, opslag: Opslag, *, mag_verwijderen: bool = True) -> None:
        self._engine = engine
        self._opslag = opslag
        self._mag_verwijderen = mag_verwijderen

    def find_zaak(self, zaakidentificatie: str) -> Zaak | None:
        """Return the zaak, or None."""
        with _database_answers():
            gevonden = load_zaken(self._engine, identificatie=zaakidentificatie)
        return gevonden[0] if gevonden else None

    def lever(self, aflevering: Aflevering, inhoud: Inhoud, effecten: Effecten) -> Geleverd:
        """Keep a copy of the bytes, register document and link in one transaction, then read the copy back.

        `effecten` is not needed: the register is in our own database, where a unique identificatie and one
        transaction make every repeat harmless.

        Raises:
            ZaaksysteemError: refused; ZaaksysteemNietBereikbaarError: the database does not answer.
            OpslagError: the register's own store cannot keep or return the bytes.
        """
        verify_aflevering(aflevering, inhoud)
        with _database_answers(), db.read(self._engine) as session:
            _plan(session, aflevering, inhoud)  # a refusal must not cost a copy of the bytes
        self._keep(inhoud)
        with _database_answers():
            informatieobject_id, versie = self._register(aflevering, inhoud)
        informatieobject = f"{_VOORVOEGSEL}{informatieobject_id}"
        teruggelezen = self.lees_terug(informatieobject, versie)
        if teruggelezen != Teruggelezen(inhoud.sha256, inhoud.omvang_bytes):
            raise ZaaksysteemError(
                "Het register geeft andere bytes terug dan er heen gingen. Het document geldt niet als geleverd. "
                "Voer `scanstraat opslag controleer` uit en laat de schijf nakijken."
            )
        return Geleverd(informatieobject, aflevering.zaakidentificatie, versie, teruggelezen)

    def lees_terug(self, informatieobject: str, versie: int) -> Teruggelezen:
        """Read the register's own copy from its store and hash it."""
        with _database_answers(), db.read(self._engine) as session:
            document = _load_document(session, informatieobject)
            rij = session.get(RegisterInformatieobjectversieRow, (document.id, versie))
        if rij is None:
            raise ZaaksysteemError(f"Versie {versie} van dit document staat niet in het register. Lever opnieuw.")
        digest, omvang = hashlib.sha256(), 0
        with os.fdopen(self._opslag.open_fd(rij.sha256), "rb", buffering=0) as stroom:
            while blok := stroom.read(_BLOK_BYTES):
                digest.update(blok)
                omvang += len(blok)
        return Teruggelezen(digest.hexdigest(), omvang)

    def ontkoppel(
        self, informatieobject: str, zaakidentificatie: str, *, gebruiker: str, toelichting: str, effecten: Effecten
    ) -> Ontkoppeld:
        """Remove the link, and the document when no other zaak has it; asking again changes nothing."""
        with _database_answers(), db.begin(self._engine) as session:
            zaak = session.get(RegisterZaakRow, zaakidentificatie, with_for_update=True)
            document = session.get(RegisterInformatieobjectRow, _parse_id(informatieobject), with_for_update=True)
            if document is None or document.verwijderd_op is not None:
                return Ontkoppeld(informatieobject, verwijderd=False, wees=False)
            koppelingen = _load_koppelingen(session, document.id)
            eigen = koppelingen.pop(zaakidentificatie, None)
            if eigen is not None:
                if zaak is None or zaak.einddatum is not None:
                    raise ZaaksysteemError(_GESLOTEN.format(zaak=zaakidentificatie))
                append_audit(
                    session,
                    "destroy",
                    "zaakinformatieobject",
                    str(eigen.id),
                    gebruiker,
                    toelichting,
                    {"zaak": zaakidentificatie, "informatieobject": str(document.id)},
                    None,
                )
                session.delete(eigen)
            if koppelingen:
                return Ontkoppeld(informatieobject, verwijderd=False, wees=False)
            if not self._mag_verwijderen:
                return Ontkoppeld(informatieobject, verwijderd=False, wees=True)
            document.verwijderd_op = db.now_text()
            oud = {"identificatie": document.identificatie}
            append_audit(session, "destroy", "informatieobject", str(document.id), gebruiker, toelichting, oud, None)
            return Ontkoppeld(informatieobject, verwijderd=True, wees=False)

    def ruim_resten_op(
        self, identificatie: str, zaakidentificatie: str, *, gebruiker: str, toelichting: str, effecten: Effecten
    ) -> tuple[Ontkoppeld, ...]:
        """Undo a delivery of which nobody knows how far it came: all of it was registered, or nothing."""
        with _database_answers(), db.read(self._engine) as session:
            document_id = session.exec(
                select(RegisterInformatieobjectRow.id).where(
                    RegisterInformatieobjectRow.identificatie == identificatie,
                    col(RegisterInformatieobjectRow.verwijderd_op).is_(None),
                )
            ).first()
        if document_id is None:
            return ()
        return (
            self.ontkoppel(
                str(document_id), zaakidentificatie, gebruiker=gebruiker, toelichting=toelichting, effecten=effecten
            ),
        )

    def check_bereikbaar(self) -> None:
        """Return when database and store answer."""
        self.find_zaak("")
        problemen = self._opslag.find_opslag_problemen()
        if problemen:
            raise ZaaksysteemNietBereikbaarError(" ".join(problemen))

    def close(self) -> None:
        """Nothing to give back: engine and store belong to the caller."""

    def _keep(self, inhoud: Inhoud) -> None:
        with inhoud.open() as stroom:
            afdruk = self._opslag.bewaar(stroom)
        if (afdruk.sha256, afdruk.omvang_bytes) != (inhoud.sha256, inhoud.omvang_bytes):
            raise ZaaksysteemError(
                "De bytes van dit document kloppen niet met hun controlewaarde; er is niets geleverd. "
                "Voer `scanstraat opslag controleer` uit."
            )

    def _register(self, aflevering: Aflevering, inhoud: Inhoud) -> tuple[UUID, int]:
        for _ in range(3):  # on PostgreSQL two workers may insert the same identificatie; the loser looks again
            try:
                with db.begin(self._engine) as session:
                    return _save(session, aflevering, inhoud)
            except IntegrityError as exc:
                laatste = exc
        raise ZaaksysteemNietBereikbaarError(
            "Het register kon dit document niet vastleggen. Het wordt later opnieuw geprobeerd."
        ) from laatste


_GESLOTEN = (
    "Zaak {zaak} is gesloten of bestaat niet meer: er kan niets bij of af. "
    "Laat de zaak heropenen, of koppel het document aan een andere zaak."
)


@contextmanager
def _database_answers() -> Iterator[None]:
    try:
        yield
    except DBAPIError as exc:
        raise ZaaksysteemNietBereikbaarError(
            "De database van het register antwoordt niet. Het document wordt later opnieuw geleverd."
        ) from exc


class _Stand:
    """What is there already, and what must be added. Read inside the transaction that adds it."""

    def __init__(self) -> None:
        self.document: RegisterInformatieobjectRow | None = None
        self.nieuwste: RegisterInformatieobjectversieRow | None = None
        self.versie: RegisterInformatieobjectversieRow | None = None  # the one with these bytes, if there
        self.gekoppeld = False


def _plan(session: Session, aflevering: Aflevering, inhoud: Inhoud) -> _Stand:
    """Look what is there; raise ZaaksysteemError when this may not be delivered. The same rules as `zgw.py`."""
    zaaknummer = aflevering.zaakidentificatie
    zaak = session.get(RegisterZaakRow, zaaknummer, with_for_update=True)
    if zaak is None:
        raise ZaakNietBruikbaarError(
            f"Zaak {zaaknummer} staat niet in het register. Kijk het zaaknummer na.", code="zaak_onbekend"
        )
    stand = _Stand()
    stand.document = session.exec(
        select(RegisterInformatieobjectRow)
        .where(
            RegisterInformatieobjectRow.identificatie == aflevering.identificatie,
            col(RegisterInformatieobjectRow.verwijderd_op).is_(None),
        )
        .with_for_update()
    ).first()
    if stand.document is not None:
        versies = session.exec(
            select(RegisterInformatieobjectversieRow)
            .where(RegisterInformatieobjectversieRow.informatieobject_id == stand.document.id)
            .order_by(col(RegisterInformatieobjectversieRow.versie).desc())
        ).all()
        stand.nieuwste = versies[0]
        stand.gekoppeld = zaaknummer in _load_koppelingen(session, stand.document.id)
        if aflevering.versie < stand.document.nieuwste_documentversie:
            # A worker that was away for long: what it brought stays readable, but nothing new comes of it.
            stand.versie = next((v for v in versies if v.sha256 == inhoud.sha256), None)
            if stand.versie is None or not stand.gekoppeld:
                raise ZaaksysteemError(
                    "Er is al een nieuwere versie van dit document geleverd; deze oudere wordt niet meer geleverd."
                )
        elif stand.nieuwste.sha256 == inhoud.sha256:
            stand.versie = stand.nieuwste
    if not stand.gekoppeld:
        if zaak.einddatum is not None:
            raise ZaakNietBruikbaarError(_GESLOTEN.format(zaak=zaaknummer), code="zaak_gesloten")
        _verify_type(session.get_one(RegisterZaaktypeRow, zaak.zaaktype), aflevering.informatieobjecttype)
    return stand


def _verify_type(zaaktype: RegisterZaaktypeRow, informatieobjecttype: str) -> None:
    toegestaan = zaaktype.informatieobjecttypen
    if toegestaan and informatieobjecttype not in toegestaan:
        raise ZaaksysteemError(
            f"Het informatieobjecttype {informatieobjecttype} hoort niet bij het zaaktype {zaaktype.omschrijving}. "
            f"Kies in het profiel een van: {', '.join(toegestaan)}."
        )


def _save(session: Session, aflevering: Aflevering, inhoud: Inhoud) -> tuple[UUID, int]:
    stand = _plan(session, aflevering, inhoud)
    document, nu = stand.document, db.now_text()
    wie = (aflevering.gebruiker, aflevering.toelichting)
    if document is None:
        document = RegisterInformatieobjectRow(
            identificatie=aflevering.identificatie, nieuwste_documentversie=aflevering.versie, aangemaakt_op=nu
        )
        session.add(document)
        session.flush()
    document.nieuwste_documentversie = max(document.nieuwste_documentversie, aflevering.versie)
    versie = stand.versie
    if versie is None:
        nummer = 1 if stand.nieuwste is None else stand.nieuwste.versie + 1
        versie = _build_versie(document.id, nummer, aflevering, inhoud, nu)
        session.add(versie)
        oud = None if stand.nieuwste is None else _as_json(stand.nieuwste)
        actie = "create" if oud is None else "update"
        append_audit(session, actie, "informatieobject", str(document.id), *wie, oud, _as_json(versie))
    if not stand.gekoppeld:
        koppeling = RegisterZaakinformatieobjectRow(
            zaakidentificatie=aflevering.zaakidentificatie, informatieobject_id=document.id, registratiedatum=nu
        )
        session.add(koppeling)
        nieuw = {"zaak": aflevering.zaakidentificatie, "informatieobject": str(document.id)}
        append_audit(session, "create", "zaakinformatieobject", str(koppeling.id), *wie, None, nieuw)
    session.flush()
    return document.id, versie.versie


def _build_versie(
    informatieobject_id: UUID, versie: int, aflevering: Aflevering, inhoud: Inhoud, nu: str
) -> RegisterInformatieobjectversieRow:
    ontvangen = aflevering.ontvangstdatum
    return RegisterInformatieobjectversieRow(
        informatieobject_id=informatieobject_id,
        versie=versie,
        documentversie=aflevering.versie,
        titel=aflevering.titel,
        informatieobjecttype=aflevering.informatieobjecttype,
        vertrouwelijkheidaanduiding=aflevering.vertrouwelijkheidaanduiding,
        taal=aflevering.taal,
        creatiedatum=aflevering.creatiedatum.isoformat(),
        ontvangstdatum=None if ontvangen is None else ontvangen.isoformat(),
        auteur=aflevering.auteur,
        bestandsnaam=aflevering.bestandsnaam,
        formaat=aflevering.formaat,
        sha256=inhoud.sha256,
        omvang_bytes=inhoud.omvang_bytes,
        begin_registratie=nu,
    )


def _as_json(versie: RegisterInformatieobjectversieRow) -> dict[str, Any]:
    return versie.model_dump(mode="json", exclude={"informatieobject_id"})


def _load_koppelingen(session: Session, informatieobject_id: UUID) -> dict[str, RegisterZaakinformatieobjectRow]:
    rijen = session.exec(
        select(RegisterZaakinformatieobjectRow).where(
            RegisterZaakinformatieobjectRow.informatieobject_id == informatieobject_id
        )
    )
    return {rij.zaakidentificatie: rij for rij in rijen}


def _load_document(session: Session, informatieobject: str) -> RegisterInformatieobjectRow:
    document = session.get(RegisterInformatieobjectRow, _parse_id(informatieobject))
    if document is None or document.verwijderd_op is not None:
        raise ZaaksysteemError("Dit document staat niet (meer) in het register. Lever het opnieuw.")
    return document


def _parse_id(informatieobject: str) -> UUID:
    try:
        return UUID(informatieobject.removeprefix(_VOORVOEGSEL))
    except ValueError as exc:
        raise ZaaksysteemError("Dit is geen verwijzing naar een document in het register.") from exc
