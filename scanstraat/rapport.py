"""What the record says, as plain values that the CLI prints as a table or as JSON. Reads only."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.tables import BevindingRow
from scanstraat import batchstatus, stops, storage
from scanstraat.domain import LOSGEMAAKT, Bestandstatus, Bestemming, Koppelstatus
from scanstraat.tables import (
    ActorRow,
    AfleveringRow,
    BatchRow,
    BeeldRow,
    BewerkingRow,
    BladRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    ObjectRow,
    PaginaRow,
    ScanmapBestandRow,
    StapRow,
)

Opzoeken = Any  # Callable[[str], Path]: where the store keeps these bytes


def build_batches(session: Session, *, maximaal: int = 100) -> list[dict[str, Any]]:
    """Return the newest batches with their count and derived state."""
    batches = session.exec(
        select(BatchRow).order_by(col(BatchRow.jaar).desc(), col(BatchRow.volgnummer).desc()).limit(maximaal)
    ).all()
    return [_batch_line(session, batch) for batch in batches]


def _batch_line(session: Session, batch: BatchRow) -> dict[str, Any]:
    telling = storage.bladtelling_of(batch)
    return {
        "nummer": batch.nummer,
        "status": batchstatus.find_batchstatus(session, batch).value,
        "scanmap": batch.scanmap,
        "ontvangen_op": batch.ontvangen_op,
        "scanoperator": batch.scanoperator,
        "documenten": len(storage.load_documenten(session, batch.id)),
        "bevindingen": len(storage.load_bevindingen(session, batch.id)),
        "bladtelling": {
            "ontvangen": telling.ontvangen,
            "in_documenten": telling.in_documenten,
            "scheidingsbladen": telling.scheidingsbladen,
            "weggelaten": telling.weggelaten,
            "sluitend": telling.sluitend,
        },
    }


def build_batch(session: Session, batch: BatchRow, opslagpad: Opzoeken) -> dict[str, Any]:
    """Return everything of one batch: count, documents, sheets, findings, operations and steps."""
    return {
        **_batch_line(session, batch),
        "profiel": batch.profiel,
        "vingerafdruk": batch.momentopname_sha256,
        "gereedschap": batch.gereedschap,
        "dubbel_van": _nummer_of(session, batch.dubbel_van),
        "batchblad": _batchnaam(session, batch),
        "stops": [stops.say_stop_op(session, stop) for stop in batchstatus.find_stops(session, batch)],
        "bronnen": [
            {"naam": bron.naam, "soort": bron.soort, "beelden": bron.aantal_beelden, "sha256": bron.sha256}
            for bron in storage.load_bronnen(session, batch.id)
        ],
        "documenten": [
            build_document(session, document, opslagpad) for document in storage.load_documenten(session, batch.id)
        ],
        "beelden": _beelden(session, batch),
        "bevindingen": [
            build_bevinding(session, bevinding) for bevinding in storage.load_bevindingen(session, batch.id)
        ],
        "bewerkingen": [
            {
                "nummer": b.nummer,
                "soort": b.soort,
                "op": b.op,
                "door": actor.naam,
                "gegevens": b.parameters,
                "ongedaan": b.ongedaan_door is not None,
            }
            for b, actor in session.exec(
                select(BewerkingRow, ActorRow)
                .join(ActorRow, col(ActorRow.id) == BewerkingRow.actor_id)
                .where(BewerkingRow.batch_id == batch.id)
                .order_by(col(BewerkingRow.nummer))
            )
        ],
    }


def _batchnaam(session: Session, batch: BatchRow) -> str | None:
    """Return what the Batchblad calls the pile, when there is one that says so."""
    bladen = session.exec(
        select(BeeldRow.scheidingsblad)
        .where(BeeldRow.batch_id == batch.id, BeeldRow.bestemming == Bestemming.SCHEIDINGSBLAD.value)
        .order_by(col(BeeldRow.volgorde))
    )
    return next((str(blad["batch"]) for blad in bladen if blad and blad.get("batch")), None)


def _nummer_of(session: Session, batch_id: UUID | None) -> str | None:
    return None if batch_id is None else storage.load_batch(session, batch_id).nummer


def say_blad(beeld: BeeldRow, blad: BladRow) -> str:
    """Return what people call a side of a sheet: 3v is the front of sheet 3, 3a its back."""
    return f"{blad.nummer}{'v' if beeld.kant == 'voor' else 'a'}"


def _beelden(session: Session, batch: BatchRow) -> list[dict[str, Any]]:
    paginas: Counter[UUID | None] = Counter()
    rijen = []
    for beeld, blad in storage.load_bladen(session, batch.id):
        paginas[beeld.document_id] += 1
        rijen.append(
            {
                "blad": say_blad(beeld, blad),
                "bestemming": beeld.bestemming,
                "document": None if beeld.document_id is None else str(beeld.document_id),
                "pagina": None if beeld.document_id is None else paginas[beeld.document_id],
                "draai_graden": beeld.draai_graden,
                "reden": beeld.weglaatreden,
                "dpi": round(beeld.dpi),
                "kleurmodus": beeld.kleurmodus,
                "compressie": beeld.compressie,
                "metingen": beeld.metingen,
            }
        )
    return rijen


def build_bevinding(session: Session, bevinding: BevindingRow) -> dict[str, Any]:
    """Return one finding with the document, sheet and page it is on now, as far as it is on one."""
    pagina, blad, document_id = None, None, None
    if bevinding.documentversie_id is not None:
        document_id = session.get_one(DocumentversieRow, bevinding.documentversie_id).document_id
    if bevinding.beeld_id is not None:
        beeld = session.get_one(BeeldRow, bevinding.beeld_id)
        document_id, blad = beeld.document_id, say_blad(beeld, session.get_one(BladRow, beeld.blad_id))
        pagina = session.exec(
            select(PaginaRow.nummer)
            .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
            .where(PaginaRow.beeld_id == beeld.id, DocumentversieRow.document_id == beeld.document_id)
            .order_by(col(DocumentversieRow.n).desc())
            .limit(1)
        ).first()
    return {
        "code": bevinding.code,
        "ernst": bevinding.ernst,
        "document": None if document_id is None else str(document_id),
        "blad": blad,
        "pagina": pagina,
        "tekst": bevinding.tekst,
        "vervangbaar": bevinding.vervangbaar,
        "afgehandeld": bevinding.afgehandeld_op is not None,
        "vervallen": bevinding.vervallen_op is not None,
    }


def say_object(session: Session, rij: ObjectRow) -> tuple[str, ...]:
    """Say in Dutch which scans and files are these bytes, one line each; nothing when no batch has them."""
    versie, bron, sha256 = DocumentversieRow, BronRow, rij.sha256
    regels = [
        f"scan {volgnummer} van batch {nummer}: {naam}"
        for nummer, volgnummer, naam in session.exec(
            select(BatchRow.nummer, bron.volgnummer, bron.naam)
            .join(bron, col(bron.batch_id) == BatchRow.id)
            .where(bron.sha256 == sha256)
            .order_by(col(BatchRow.nummer))
        )
    ]
    in_quarantaine = select(bron.naam).where(bron.sha256 == sha256, col(bron.batch_id).is_(None))
    regels += [f"scan in quarantaine: {naam}" for naam in session.exec(in_quarantaine)]
    for kolom, wat in (
        (versie.pdf_sha256, "het PDF/A-bestand"),
        (versie.tekstlaag_sha256, "de gelezen tekst"),
        (versie.manifest_sha256, "het manifest"),
        (versie.pdfa_rapport_sha256, "het rapport van veraPDF"),
        (versie.getrouwheid_rapport_sha256, "het bewijs dat de pixels gelijk zijn"),
    ):
        gevonden = session.exec(
            select(BatchRow.nummer, DocumentRow.id, versie.n)
            .join(DocumentRow, col(DocumentRow.batch_id) == BatchRow.id)
            .join(versie, col(versie.document_id) == DocumentRow.id)
            .where(col(kolom) == sha256)
        )
        regels += [f"{wat} van document {str(id_)[:8]}, versie {n}, batch {nummer}" for nummer, id_, n in gevonden]
    if not regels and rij.soort == "index":
        regels.append("een indexbestand")
    if not regels and rij.soort == "manifest":
        regels.append("de lijst van ontvangen bestanden van een batch")
    return tuple(regels)


def build_document(session: Session, document: DocumentRow, opslagpad: Opzoeken) -> dict[str, Any]:
    """Return one document: its newest versie, both proofs, its zaak and what was read back.

    `teruggelezen` is None as long as the document has no zaak or was not delivered; `gelijk` is what was measured.
    """
    versie = storage.latest_versie(session, document.id)
    paginas = session.exec(
        select(PaginaRow).where(PaginaRow.documentversie_id == versie.id).order_by(col(PaginaRow.nummer))
    ).all()
    beelden = [pagina.beeld_id for pagina in paginas]
    bevindingen = session.exec(
        select(BevindingRow)
        .where(col(BevindingRow.beeld_id).in_(beelden) | (BevindingRow.documentversie_id == versie.id))
        .order_by(col(BevindingRow.gevonden_op))
    ).all()
    aflevering = storage.load_aflevering(session, versie.id)
    pad: Path | None = None if versie.pdf_sha256 is None else opslagpad(versie.pdf_sha256)
    zekerheden = [pagina.woordzekerheid for pagina in paginas if pagina.woordzekerheid is not None]
    return {
        "id": str(document.id),
        "titel": document.titel,
        "versie": versie.n,
        "paginas": len(paginas),
        "zaak": document.zaakidentificatie if document.koppelstatus == "gekoppeld" else None,
        "koppelstatus": document.koppelstatus,
        "koppelredenen": document.koppelredenen,
        "waarom_geen_zaak": _say_geen_zaak(document),
        "vervallen": document.vervallen_op is not None,
        "bestand": None if pad is None else str(pad),
        "sha256": versie.pdf_sha256,
        "manifest": versie.manifest_sha256,
        "pdfa": None
        if versie.pdfa_conform is None
        else {"profiel": versie.pdfa_profiel, "conform": versie.pdfa_conform},
        "getrouwheid": None if versie.getrouw is None else {"gelijk": versie.getrouw},
        "teruggelezen": _teruggelezen(aflevering),
        "woordzekerheid": round(sum(zekerheden) / len(zekerheden), 1) if zekerheden else None,
        "bevindingen": [build_bevinding(session, bevinding) for bevinding in bevindingen],
    }


def _say_geen_zaak(document: DocumentRow) -> str | None:
    """Say in Dutch why a document waits for a person to choose its zaak; None when it has one."""
    if document.koppelstatus == Koppelstatus.GEKOPPELD:
        return None
    if document.koppelredenen and document.koppelredenen[-1]["tekst"] == LOSGEMAAKT:
        return "Een medewerker heeft het van zijn zaak losgemaakt."
    if document.zaakidentificatie is not None:
        return f"Het zaaksysteem nam het niet aan in zaak {document.zaakidentificatie}. Zie de bevindingen."
    zaken = ", ".join(dict.fromkeys(reden["zaakidentificatie"] for reden in document.koppelredenen))
    if document.wacht_omdat:
        return f"{document.wacht_omdat}{f' Gevonden: {zaken}.' if zaken else ''}"
    return f"Niet zeker genoeg: {zaken}." if zaken else "Er is geen zaaknummer gevonden."


def _teruggelezen(aflevering: AfleveringRow | None) -> dict[str, Any] | None:
    if aflevering is None or aflevering.teruggelezen_sha256 is None:
        return None
    return {"gelijk": aflevering.gelijk, "op": aflevering.bevestigd_op, "informatieobject": aflevering.informatieobject}


def build_paginas(session: Session, document_id: UUID) -> list[dict[str, Any]]:
    """Return the pages of the newest state of a document: the sheet each shows, its turn and how surely it was read."""
    versie = storage.latest_versie(session, document_id)
    return [
        {
            "nummer": pagina.nummer,
            "blad": say_blad(beeld, blad),
            "draai_graden": pagina.draai_graden,
            "woorden": pagina.woorden,
            "woordzekerheid": pagina.woordzekerheid,
        }
        for pagina, beeld, blad in session.exec(
            select(PaginaRow, BeeldRow, BladRow)
            .where(PaginaRow.documentversie_id == versie.id)
            .where(PaginaRow.beeld_id == BeeldRow.id, BeeldRow.blad_id == BladRow.id)
            .order_by(col(PaginaRow.nummer))
        )
    ]


def build_versies(session: Session, document_id: UUID) -> list[dict[str, Any]]:
    """Return every state a document had, oldest first."""
    versies = session.exec(
        select(DocumentversieRow).where(DocumentversieRow.document_id == document_id).order_by(col(DocumentversieRow.n))
    )
    return [
        {"n": v.n, "reden": v.reden, "op": v.gemaakt_op, "sha256": v.pdf_sha256, "conform": v.pdfa_conform,
         "getrouw": v.getrouw}
        for v in versies
    ]  # fmt: skip


def build_scanmap(session: Session, *, status: Bestandstatus | None = None) -> list[dict[str, Any]]:
    """Return every file that ever appeared in a scanmap, and where it is now."""
    vraag = select(ScanmapBestandRow, BatchRow.nummer).select_from(ScanmapBestandRow)
    vraag = vraag.outerjoin(BronRow, col(BronRow.id) == ScanmapBestandRow.bron_id)
    vraag = vraag.outerjoin(BatchRow, col(BatchRow.id) == BronRow.batch_id)
    if status is not None:
        vraag = vraag.where(ScanmapBestandRow.status == status.value)
    return [
        {
            "id": str(bestand.id),
            "scanmap": bestand.scanmap,
            "naam": bestand.pad,
            "status": bestand.status,
            "reden": bestand.reden,
            "reden_code": bestand.reden_code,
            "batch": nummer,
            "ligt_in": bestand.verplaatst_naar or bestand.pad,
            "omvang_bytes": bestand.omvang_bytes,
            "gezien_op": bestand.gezien_op,
            "rol": bestand.rol,
        }
        for bestand, nummer in session.exec(
            vraag.order_by(col(ScanmapBestandRow.gezien_op), col(ScanmapBestandRow.pad))
        ).all()
    ]


def build_stappen(session: Session, *, alles: bool = False) -> list[dict[str, Any]]:
    """Return what runs, waits, failed or was cancelled though it is needed (or everything), oldest first."""
    vraag = select(StapRow, BatchRow.nummer).join(BatchRow, col(BatchRow.id) == StapRow.batch_id)
    if not alles:
        open_ = col(StapRow.status).in_(["wacht", "bezig", "mislukt"])
        vraag = vraag.where(sa.or_(open_, col(StapRow.id).in_(storage.select_stilgezet())))
    return [
        {
            "id": str(stap.id),
            "batch": nummer,
            "fase": stap.fase,
            "status": stap.status,
            "gedaan": stap.gedaan,
            "totaal": stap.totaal,
            "poging": stap.poging,
            "sinds": stap.gestart_op or stap.aangemaakt_op,
            "fout": stap.fout,
        }
        for stap, nummer in session.exec(vraag.order_by(col(StapRow.aangemaakt_op))).all()
    ]
