"""A delivered batch, fixed: one manifest over every document as it is, whose hash is what people approve and release.

Any later change gives another manifest; draw, approval and release then no longer hold.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from scanstraat import db, storage
from scanstraat.bootstrap import Basis
from scanstraat.domain import Batchstatus, Vingerafdruk
from scanstraat.errors import NietMogelijkError
from scanstraat.tables import (
    AfleveringRow,
    BatchRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    LogregelRow,
    PaginaRow,
    StapRow,
)
from scanstraat.tables_bewijs import VerzegelingRow
from vernietiging.gebeurtenis import canonical_json

LIJN = "verzegeling"  # the name of this part of the line, as an actor


@dataclass(frozen=True)
class Verzegelbaar:
    """One documentversie as it will be fixed. The two numbers are lines of the log."""

    document_id: UUID
    versie_id: UUID
    log_id: UUID
    n: int
    pdf_sha256: str
    manifest_sha256: str
    paginas: int
    zaak: str
    gearchiveerd: int
    bevestigd: int

    def to_json(self) -> dict[str, Any]:
        """Return what stands in the manifest of the batch: no names, no case numbers."""
        return {
            "documentversie": str(self.log_id),
            "n": self.n,
            "pdf": self.pdf_sha256,
            "manifest": self.manifest_sha256,
            "paginas": self.paginas,
            "gearchiveerd": self.gearchiveerd,
            "bevestigd": self.bevestigd,
        }


@dataclass(frozen=True)
class Zegel:
    """A batch as it is now: its documents, those whose paper stays, and the bytes that say so."""

    documenten: tuple[Verzegelbaar, ...]
    uitzonderingen: int
    manifest: bytes

    @property
    def vingerafdruk(self) -> str:
        """SHA-256 of the manifest, hex: what is approved and released."""
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def paginas(self) -> int:
        """Pages of all documents together: the lot of the sample."""
        return sum(document.paginas for document in self.documenten)


_WAT_WACHT = {
    Batchstatus.ONTVANGEN: "De scanstraat is er nog mee bezig: `scanstraat stappen` toont wat er loopt of wacht.",
    Batchstatus.NAKIJKEN: "Een medewerker kijkt haar nog na: `scanstraat batch {nummer}` toont wat er wacht.",
    Batchstatus.KOPPELEN: "Een document heeft nog geen zaak: `scanstraat batch {nummer}` toont welk.",
    Batchstatus.STILGEZET: (
        "Zij gaat niet vanzelf verder: `scanstraat stappen` zegt welke stap is mislukt, en `scanstraat batch {nummer}` "
        "wat erin zit."
    ),
}
_WAT_WACHT[Batchstatus.WORDT_VERWERKT] = _WAT_WACHT[Batchstatus.ONTVANGEN]


def say_wat_wacht(session: Session, batch: BatchRow) -> str:
    """Say in Dutch that a batch is not delivered, what it waits for and where to look; "" when it is delivered."""
    status = storage.find_lijnstatus(session, batch)
    if status is Batchstatus.GELEVERD:
        return ""
    wat = _WAT_WACHT[status].format(nummer=batch.nummer)
    if storage.has_emptied_delivery(session, batch.id):
        wat = (
            "Een document zonder pagina's staat nog in zijn zaak: haal het eruit met `scanstraat ontkoppel`. "
            f"`scanstraat batch {batch.nummer}` toont welk."
        )
    return f"Batch {batch.nummer} is nog niet geleverd (nu: {status.value}). {wat}"


def build_zegel(session: Session, batch: BatchRow) -> Zegel:
    """Return how a batch stands now.

    Raises:
        NietMogelijkError: not every document is delivered or an uitzondering, or the log does not have it yet.
    """
    wacht = say_wat_wacht(session, batch)
    if wacht:
        raise NietMogelijkError(f"{wacht} Keuren kan als elk document in zijn zaak staat of een uitzondering is.")
    uitzonderingen = storage.find_uitzonderingen(session, batch.id)
    documenten = tuple(_load_documenten(session, batch, uitzonderingen))
    if not documenten:
        raise NietMogelijkError(f"Batch {batch.nummer} heeft geen documenten om te vervangen.")
    inhoud = {
        "schema": "scanstraat.verzegeling/1",
        "batch": str(batch.log_id),
        "momentopname": batch.momentopname_sha256,
        "bladtelling": {
            "ontvangen": batch.ontvangen,
            "in_documenten": batch.in_documenten,
            "scheidingsbladen": batch.scheidingsbladen,
            "weggelaten": batch.weggelaten,
        },
        "documenten": [document.to_json() for document in documenten],
        "uitzonderingen": sorted(str(document_id) for document_id in uitzonderingen),
    }
    return Zegel(documenten, len(uitzonderingen), canonical_json(inhoud))


def _load_documenten(session: Session, batch: BatchRow, behalve: frozenset[UUID]) -> list[Verzegelbaar]:
    regels = _load_regels(session, batch.id)
    paginas = sa.func.count(sa.distinct(col(PaginaRow.nummer)))
    rijen = session.exec(
        select(DocumentRow, DocumentversieRow, AfleveringRow, paginas)
        .join(DocumentversieRow, col(DocumentversieRow.document_id) == DocumentRow.id)
        .join(AfleveringRow, col(AfleveringRow.documentversie_id) == DocumentversieRow.id)
        .join(PaginaRow, col(PaginaRow.documentversie_id) == DocumentversieRow.id)
        .where(
            col(DocumentversieRow.id).in_(storage.select_newest_versies(batch.id)),
            col(DocumentRow.id).not_in(behalve),
            col(AfleveringRow.ontkoppeld_op).is_(None),
            col(AfleveringRow.bevestigd_op).is_not(None),
        )
        .group_by(col(DocumentRow.id), col(DocumentversieRow.id), col(AfleveringRow.id))
        .order_by(col(DocumentRow.volgorde))
    )
    gevonden = []
    for document, versie, aflevering, aantal in rijen:
        if versie.pdfa_conform is not True or versie.getrouw is not True:
            raise NietMogelijkError(
                f"Van document {str(document.id)[:8]} in batch {batch.nummer} is niet bewezen dat het archiefbestand "
                "goed is. Scan het opnieuw, of leg het vast als uitzondering."
            )
        gearchiveerd = regels.get((versie.log_id, "documentversie.gearchiveerd"))
        bevestigd = regels.get((versie.log_id, "aflevering.bevestigd"))
        if gearchiveerd is None or bevestigd is None:
            raise NietMogelijkError(
                f"De aflevering van batch {batch.nummer} staat nog niet in het verzegelde logboek. Loopt de "
                "scanstraat? Probeer het zo opnieuw."
            )
        gevonden.append(
            Verzegelbaar(
                document.id,
                versie.id,
                versie.log_id,
                versie.n,
                str(versie.pdf_sha256),
                str(versie.manifest_sha256),
                aantal,
                aflevering.zaakidentificatie,
                gearchiveerd,
                bevestigd,
            )
        )
    return gevonden


def _load_regels(session: Session, batch_id: UUID) -> dict[tuple[UUID, str], int]:
    """Return the newest lines of the log about the newest versies of a batch; what is not sealed yet is left out."""
    versies = select(DocumentversieRow.log_id).where(
        col(DocumentversieRow.id).in_(storage.select_newest_versies(batch_id))
    )
    rijen = session.exec(
        select(GebeurtenisRow.onderwerp_log_id, GebeurtenisRow.soort, LogregelRow.nummer)
        .outerjoin(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
        .where(
            col(GebeurtenisRow.onderwerp_log_id).in_(versies),
            col(GebeurtenisRow.soort).in_(["documentversie.gearchiveerd", "aflevering.bevestigd"]),
        )
        .order_by(col(GebeurtenisRow.volgnummer))
    )
    gevonden: dict[tuple[UUID, str], int] = {}
    for log_id, soort, nummer in rijen:
        gevonden.pop((log_id, soort), None)  # a later one counts, also when it is not sealed yet
        if nummer is not None:
            gevonden[log_id, soort] = nummer
    return gevonden


def find_verzegeling(session: Session, batch_id: UUID) -> VerzegelingRow | None:
    """Return the sealing of a batch that stands."""
    return session.exec(
        select(VerzegelingRow).where(VerzegelingRow.batch_id == batch_id, col(VerzegelingRow.vervallen_op).is_(None))
    ).first()


def seal(basis: Basis, session: Session, batch: BatchRow) -> VerzegelingRow:
    """Fix a batch as it is now; what stands already and is still true is returned.

    Raises:
        NietMogelijkError: it is not delivered.
    """
    zegel = build_zegel(session, batch)
    vingerafdruk = basis.opslag.bewaar_bytes(zegel.manifest)
    staand = find_verzegeling(session, batch.id)
    if staand is not None and staand.manifest_sha256 == vingerafdruk.sha256:
        return staand
    if staand is not None:
        storage.void_verzegeling(session, batch, "gewijzigd", actor=storage.load_actor(session, LIJN))
    return _save_verzegeling(session, batch, zegel, vingerafdruk)


def _save_verzegeling(session: Session, batch: BatchRow, zegel: Zegel, vingerafdruk: Vingerafdruk) -> VerzegelingRow:
    actor = storage.load_actor(session, LIJN)
    storage.save_object(session, vingerafdruk, "verzegeling")
    for document in zegel.documenten:
        storage.append_gebeurtenis(
            session,
            "documentversie.verzegeld",
            actor=actor,
            onderwerp=document.log_id,
            batch=str(batch.log_id),
            pdf=document.pdf_sha256,
            paginas=document.paginas,
            gearchiveerd=document.gearchiveerd,
            bevestigd=document.bevestigd,
            verpakt={"kenmerk": {"batch": batch.nummer, "document": str(document.document_id), "zaak": document.zaak}},
        )
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "batch.verzegeld",
        actor=actor,
        onderwerp=batch.log_id,
        manifest=vingerafdruk.sha256,
        documenten=len(zegel.documenten),
        paginas=zegel.paginas,
        uitzonderingen=zegel.uitzonderingen,
    )
    rij = VerzegelingRow(
        batch_id=batch.id,
        manifest_sha256=vingerafdruk.sha256,
        documenten=len(zegel.documenten),
        paginas=zegel.paginas,
        op=db.now_text(),
        gebeurtenis_id=gebeurtenis,
    )
    session.add(rij)
    session.flush()
    return rij


def find_te_verzegelen(session: Session, *, maximaal: int = 20) -> list[UUID]:
    """Return batches that are delivered and not sealed, oldest first: cheap to ask when there are none."""
    open_ = storage.select_newest_versies(None).where(
        DocumentRow.batch_id == BatchRow.id,
        ~storage.has_confirmed_delivery(),
        ~storage.is_uitzondering(),
    )
    bezig = sa.exists().where(col(StapRow.batch_id) == BatchRow.id, col(StapRow.status).in_(["wacht", "bezig"]))
    return list(
        session.exec(
            select(BatchRow.id)
            .where(
                col(BatchRow.ontleed_op).is_not(None),
                ~sa.exists().where(
                    col(VerzegelingRow.batch_id) == BatchRow.id, col(VerzegelingRow.vervallen_op).is_(None)
                ),
                ~open_.exists(),
                ~bezig,
                sa.exists().where(col(DocumentRow.batch_id) == BatchRow.id, col(DocumentRow.vervallen_op).is_(None)),
            )
            .order_by(col(BatchRow.jaar), col(BatchRow.volgnummer))
            .limit(maximaal)
        )
    )
