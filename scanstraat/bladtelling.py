"""Count a batch as it lies now and keep its findings true: what is new is told, what no longer holds is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.telling import CODES, Geteldbeeld, Telling, Tellingbevinding, find_tellingbevindingen
from scanstraat import storage
from scanstraat.db import now_text
from scanstraat.domain import Bestemming, Weglaatreden
from scanstraat.tables import (
    ActorRow,
    BatchRow,
    BeeldRow,
    BevindingRow,
    BladRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    PaginaRow,
)

# What a finding of the count is about: its code, and the document or the beeld, or neither for the whole batch.
_Betreft = tuple[str, UUID | None, UUID | None]


def update_bevindingen(session: Session, batch: BatchRow, *, door: ActorRow) -> None:
    """Let the findings of the count say what is so now.

    One that still says the same stays as it is: open, or settled by the person who accepted it. One that says something
    else, or nothing any more, is withdrawn by who changed the batch; what is found anew must be looked at anew, also
    when a person accepted the same before it was mended.
    """
    nu = now_text()
    bestaand = _load_standing(session, batch.id)
    for gevonden in find_tellingbevindingen(count_batch(session, batch)):
        versie = None if gevonden.document is None else storage.latest_versie(session, gevonden.document).id
        rij = bestaand.pop((gevonden.bevinding.code, gevonden.document, gevonden.beeld), None)
        if rij is not None and rij.tekst == gevonden.bevinding.tekst:
            if rij.documentversie_id != versie:  # it holds for the document as it is now
                storage.note_bevindingen(session, batch.id)
                rij.documentversie_id = versie
                session.add(rij)
            continue
        if rij is not None:
            storage.withdraw_bevinding(session, rij, nu, door)
        _add(session, batch.id, gevonden, versie, nu)
    for rij in bestaand.values():
        storage.withdraw_bevinding(session, rij, nu, door)
    session.flush()


def count_batch(session: Session, batch: BatchRow) -> Telling:
    """Return the batch as the count sees it."""
    bronnen = {bron.id: bron for bron in storage.load_bronnen(session, batch.id)}
    blanco_uit = _find_blank_from(session, batch.id)
    return Telling(
        beelden=tuple(
            Geteldbeeld(
                id=id_,
                bron=bron_id,
                blad=blad,
                document=document_id,
                scheidingsblad=bestemming == Bestemming.SCHEIDINGSBLAD,
                blanco_uit=blanco_uit.get(id_),
                vervangen=reden == Weglaatreden.VERVANGEN,
                later=_is_later(bronnen[bron_id]),
            )
            for id_, bron_id, document_id, bestemming, reden, blad in _load_plaatsen(session, batch.id)
        ),
        geteld=(batch.ontvangen, batch.in_documenten, batch.scheidingsbladen, batch.weggelaten),
        zijden_per_blad=2 if storage.profiel_of(batch).bladzijden == "duplex" else 1,
        bladen_van_document=_declare_documents(session, batch.id),
        bladen_van_bron={UUID(bron): bladen for bron, bladen in batch.bladen_per_bron.items()},
        bladen_van_batch=batch.bladen_opgegeven,
    )


def _declare_documents(session: Session, batch_id: UUID) -> dict[UUID, int]:
    """Return how many sheets each document must have: its own number, and those of the documents it has swallowed.

    When nothing was declared for one that it swallowed, nobody knows how many there must be together.
    """
    documenten = {
        document.id: document for document in session.exec(select(DocumentRow).where(DocumentRow.batch_id == batch_id))
    }
    verwacht = {
        document.id: document.bladen_verwacht
        for document in documenten.values()
        if document.bladen_verwacht is not None and document.vervallen_op is None
    }
    weg = [document.id for document in documenten.values() if document.vervallen_op is not None]
    if not verwacht or not weg:
        return verwacht
    opgeslokt = session.exec(
        select(BeeldRow.document_id, DocumentversieRow.document_id)
        .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
        .where(col(BeeldRow.document_id).in_(list(verwacht)), col(DocumentversieRow.document_id).in_(weg))
        .distinct()
    )
    for document_id, deel in opgeslokt.all():
        bladen = documenten[deel].bladen_verwacht
        if document_id is not None and bladen is None:
            verwacht.pop(document_id, None)
        elif document_id in verwacht and bladen is not None:
            verwacht[document_id] += bladen
    return verwacht


def _load_plaatsen(session: Session, batch_id: UUID) -> Iterable[Any]:
    """Return of each beeld, in the order of the batch, where it is: not its whole row, for there may be thousands."""
    plaats = (BeeldRow.id, BeeldRow.bron_id, BeeldRow.document_id, BeeldRow.bestemming, BeeldRow.weglaatreden)
    return session.execute(
        sa.select(*map(col, plaats), col(BladRow.nummer))
        .join(BladRow, col(BladRow.id) == BeeldRow.blad_id)
        .where(col(BeeldRow.batch_id) == batch_id)
        .order_by(col(BeeldRow.volgorde))
    )


def _is_later(bron: BronRow) -> bool:
    return bool(bron.aanlevering.get("bijgescand"))


def _find_blank_from(session: Session, batch_id: UUID) -> dict[UUID, UUID]:
    """Return per beeld that was left out for being blank the document that it was a page of last."""
    rijen = session.exec(
        select(PaginaRow.beeld_id, DocumentversieRow.document_id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
        .join(BeeldRow, col(BeeldRow.id) == PaginaRow.beeld_id)
        .where(BeeldRow.batch_id == batch_id, BeeldRow.weglaatreden == Weglaatreden.BLANCO.value)
        .order_by(col(DocumentversieRow.gemaakt_op))
    )
    return dict(rijen.all())


def _load_standing(session: Session, batch_id: UUID) -> dict[_Betreft, BevindingRow]:
    rijen = session.exec(
        select(BevindingRow, DocumentversieRow.document_id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == BevindingRow.documentversie_id, isouter=True)
        .where(
            BevindingRow.batch_id == batch_id,
            col(BevindingRow.code).in_(CODES),
            col(BevindingRow.vervallen_op).is_(None),
        )
    )
    return {(rij.code, document_id, rij.beeld_id): rij for rij, document_id in rijen}


def _add(session: Session, batch_id: UUID, gevonden: Tellingbevinding, versie_id: UUID | None, nu: str) -> None:
    bevinding = gevonden.bevinding
    storage.note_bevindingen(session, batch_id)
    session.add(
        BevindingRow(
            batch_id=batch_id,
            beeld_id=gevonden.beeld,
            documentversie_id=versie_id,
            code=bevinding.code,
            ernst=bevinding.ernst.value,
            tekst=bevinding.tekst,
            vervangbaar=bevinding.vervangbaar,
            gevonden_op=nu,
        )
    )
