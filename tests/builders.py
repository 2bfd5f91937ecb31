"""Sensible values for tests, overridden by keyword."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlmodel import Session

from scanstraat import db, personen, storage
from scanstraat.config import Nakijken, Scanprofiel
from scanstraat.domain import ONBEKEND, Vingerafdruk, to_local
from scanstraat.tables import ActorRow, BatchRow, BeeldRow, BladRow, BronRow, DocumentRow, DocumentversieRow


def build_vingerafdruk(inhoud: bytes) -> Vingerafdruk:
    """Return the fingerprint of some bytes."""
    return Vingerafdruk(hashlib.sha256(inhoud).hexdigest(), hashlib.sha512(inhoud).hexdigest(), len(inhoud))


@contextmanager
def open_database(url: str) -> Iterator[Engine]:
    """Yield an engine on a database with the tables of this version."""
    engine = db.create_engine(url)
    try:
        db.migrate(engine)
        yield engine
    finally:
        engine.dispose()


@dataclass(frozen=True)
class Batchproef:
    """A batch with documents, as it is after the ontleding."""

    batch: UUID
    documenten: tuple[UUID, ...]
    versies: tuple[UUID, ...]
    beelden: tuple[UUID, ...]


def build_batch(
    session: Session,
    *,
    paginas: tuple[int, ...] = (3, 2),
    zaak: str | None = "ZAAK-2026-000123",
    nakijken: Nakijken = "nooit",
    object_: Vingerafdruk | None = None,
    scanoperator: str = ONBEKEND,
    dubbel_van: BronRow | None = None,
) -> Batchproef:
    """Save a batch whose documents have `paginas` pages each, from one bron, each behind a scheidingsblad."""
    actor = storage.load_actor(session, "proef")
    batch = save_batch(session, nakijken=nakijken, dubbel_van=dubbel_van)
    aantal = sum(paginas) + len(paginas)
    bron = save_bron(session, batch, aantal_beelden=aantal, object_=object_, dubbel_van=dubbel_van)
    documenten, beelden, n = [], [], 0
    for plek, aantal in enumerate(paginas, start=1):
        document = DocumentRow(
            batch_id=batch.id,
            volgorde=plek,
            zaakidentificatie=zaak,
            koppelstatus="te_koppelen" if zaak is None else "gekoppeld",
            koppelredenen=[],
        )
        session.add(document)
        session.flush()
        documenten.append(document)
        for is_pagina in (False, *(True,) * aantal):
            n += 1
            beeld = save_beeld(session, batch, bron, n, document if is_pagina else None)
            if is_pagina:
                beelden.append(beeld.id)
    batch.ontleed_op = db.now_text()
    session.add(batch)
    session.flush()
    session.refresh(batch)
    personen.save_scanoperator(session, batch, scanoperator, door=actor)
    versies = tuple(storage.add_versie(session, document, reden="ontleed", actor=actor).id for document in documenten)
    return Batchproef(batch.id, tuple(document.id for document in documenten), versies, tuple(beelden))


def save_batch(
    session: Session, *, nakijken: Nakijken = "nooit", ontvangen_op: str = "", dubbel_van: BronRow | None = None
) -> BatchRow:
    """Save a batch without beelden."""
    momentopname, vingerafdruk = storage.build_momentopname(Scanprofiel(nakijken=nakijken))
    volgnummer, nummer = storage.next_batchnummer(session, 2026)
    batch = BatchRow(
        nummer=nummer,
        jaar=2026,
        volgnummer=volgnummer,
        scanmap="post",
        profiel="standaard",
        momentopname=momentopname,
        momentopname_sha256=vingerafdruk,
        gereedschap={},
        bladen_per_bron={},
        scanoperator=ONBEKEND,
        nakijken=nakijken,
        indexbestanden=[],
        dubbel_van=None if dubbel_van is None else dubbel_van.batch_id,
        ontvangen_op=ontvangen_op or db.now_text(),
    )
    session.add(batch)
    session.flush()
    return batch


def save_bron(
    session: Session,
    batch: BatchRow,
    *,
    aantal_beelden: int,
    soort: str = "pdf",
    volgnummer: int = 1,
    bijgescand: bool = False,
    object_: Vingerafdruk | None = None,
    dubbel_van: BronRow | None = None,
) -> BronRow:
    """Save a bron of a batch: `object_` as it stands in the store, or bytes that are made up and in no store."""
    object_ = object_ or build_vingerafdruk(uuid4().bytes)
    storage.save_object(session, object_, "bron")
    bron = BronRow(
        batch_id=batch.id,
        volgnummer=volgnummer,
        sha256=object_.sha256,
        naam="scan.pdf",
        soort=soort,
        aantal_beelden=aantal_beelden,
        aanlevering={"map": "", "bijgescand": bijgescand},
        dubbel_van=None if dubbel_van is None else dubbel_van.id,
        ontvangen_op=db.now_text() if bijgescand else batch.ontvangen_op,
    )
    session.add(bron)
    session.flush()
    return bron


def save_beeld(session: Session, batch: BatchRow, bron: BronRow, n: int, document: DocumentRow | None) -> BeeldRow:
    """Save a page image on a sheet of its own; without a document it is a scheidingsblad."""
    blad = BladRow(batch_id=batch.id, nummer=n)
    session.add(blad)
    session.flush()
    beeld = BeeldRow(
        batch_id=batch.id,
        bron_id=bron.id,
        n=n,
        blad_id=blad.id,
        kant="voor",
        breedte_px=2480,
        hoogte_px=3508,
        dpi=300.0,
        dpi_bron="bestand",
        kleurmodus="RGB",
        compressie="jpeg",
        metingen={},
        codes=[],
        volgorde=n * storage.VOLGORDE_STAP,
        bestemming="scheidingsblad" if document is None else "document",
        document_id=None if document is None else document.id,
    )
    session.add(beeld)
    session.flush()
    return beeld


def archive(
    session: Session,
    versie_id: UUID,
    *,
    conform: bool = True,
    getrouw: bool = True,
    tekst: Vingerafdruk | None = None,
    pdf: Vingerafdruk | None = None,
    manifest: Vingerafdruk | None = None,
    rapport: Vingerafdruk | None = None,
    getrouwheid: Vingerafdruk | None = None,
) -> None:
    """Give a versie an archive file with these verdicts: files as they stand in the store, or no bytes at all."""
    objecten = [
        gegeven or build_vingerafdruk(uuid4().bytes) for gegeven in (tekst, pdf, manifest, rapport, getrouwheid)
    ]
    for object_ in objecten:
        storage.save_object(session, object_, "pdfa")
    tekst, pdf, manifest, rapport, getrouwheid = objecten
    versie = session.get_one(DocumentversieRow, versie_id)
    aantal = len(storage.load_versie(session, versie.id).paginas)
    storage.save_archief_facts(
        session,
        versie_id,
        tekstlaag=tekst.sha256,
        pdf=pdf,
        manifest=manifest.sha256,
        profiel="2b",
        conform=conform,
        rapport=rapport.sha256,
        getrouw=getrouw,
        getrouwheid=getrouwheid.sha256,
        tekst=dict.fromkeys(range(1, aantal + 1), (90.0, 100)),
    )


def build_persoon(session: Session, naam: str = "persoon-1") -> ActorRow:
    """Return a person."""
    return storage.load_actor(session, naam, "persoon")


def vandaag() -> date:
    """Return the day it is here, as people say it: late in the evening in UTC it is tomorrow already."""
    return to_local(db.now_text(), "Europe/Amsterdam").date()


@contextmanager
def forging(verbinding: Connection, *tabellen: str) -> Iterator[None]:
    """Take the triggers of some tables away, as their owner can, and put them back."""
    vraag = sa.text("select name, sql from sqlite_master where type = 'trigger' and tbl_name in :tabellen")
    triggers = verbinding.execute(vraag.bindparams(sa.bindparam("tabellen", list(tabellen), expanding=True))).all()
    for naam, _ in triggers:
        verbinding.exec_driver_sql(f"drop trigger {naam}")
    yield
    for _, opdracht in triggers:
        verbinding.exec_driver_sql(opdracht)
