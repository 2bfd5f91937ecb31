"""Load and save: between rows and values. Every function works in the caller's transaction; none commits."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.tables import BevindingRow
from scanstraat.config import Scanprofiel
from scanstraat.db import get_merker, now_text
from scanstraat.domain import (
    Batchstatus,
    Bestemming,
    Bewerkingsoort,
    Bladtelling,
    Fase,
    Koppelreden,
    Koppelstatus,
    Pagina,
    Stapstatus,
    Vingerafdruk,
    Weglaatreden,
)
from scanstraat.domain import format_batchnummer as _format_batchnummer
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.intake.koppelen import Koppeling
from scanstraat.intake.opslag import Opslag
from scanstraat.logstand import has_herstel
from scanstraat.opstelling import Opstelling, Plaatsing
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
    GebeurtenisRow,
    LogregelRow,
    ObjectRow,
    PaginaRow,
    StapRow,
)
from scanstraat.tables_bewijs import (
    DoosbladRow,
    TrekkingRow,
    UitzonderingRow,
    VerpaktRow,
    VerzegelingRow,
)
from vernietiging.gebeurtenis import (
    NIEUWSTE,
    Gebeurtenis,
    canonical_json,
    verify_gebeurtenis,
    verpak,
)

VOLGORDE_STAP = 1000  # room between beelden, so that one move does not renumber a batch of 2,000
_BEVINDINGEN = "bevindingen"  # of a session: the batches of which findings changed
_BESLISSING_SLOT = 7_220_145  # PostgreSQL advisory lock: see hold_beslissing
_BATCHNUMMER_SLOT = 7_220_143  # PostgreSQL advisory lock: one intake at a time takes a number


# --- actors and events -------------------------------------------------------------------------------------------


def load_actor(session: Session, naam: str, soort: str = "lijn") -> ActorRow:
    """Return the actor of this name, made at first use."""
    actor = session.exec(select(ActorRow).where(ActorRow.soort == soort, ActorRow.naam == naam)).first()
    if actor is None:
        actor = ActorRow(soort=soort, naam=naam)
        session.add(actor)
        session.flush()
    return actor


def append_gebeurtenis(
    session: Session,
    soort: str,
    /,
    *,
    actor: ActorRow,
    onderwerp: UUID,
    verpakt: Mapping[str, Any] | None = None,
    **gegevens: Any,
) -> UUID:
    """Record one legally relevant change in the transaction of the change; return the id of the event.

    Args:
        verpakt: field -> what must not stand in the log itself. The event gets a commitment, whose key is kept apart.
    Raises:
        GebeurtenisError: the closed schema of this kind does not allow it; the change is then not made either.
    """
    sleutels = {veld: secrets.token_bytes(32) for veld in verpakt or {}}
    for veld, sleutel in sleutels.items():
        gegevens[veld] = verpak(sleutel, (verpakt or {})[veld])
    gebeurtenis = verify_gebeurtenis(
        Gebeurtenis(
            id=uuid4(),
            soort=soort,
            versie=NIEUWSTE.get(soort, 1),
            actor=actor.log_id,
            onderwerp=onderwerp,
            op=now_text(),
            gegevens=gegevens,
        )
    )
    merker = get_merker(session)
    session.add(
        GebeurtenisRow(
            id=gebeurtenis.id,
            soort=soort,
            schema_versie=gebeurtenis.versie,
            actor_log_id=gebeurtenis.actor,
            onderwerp_log_id=onderwerp,
            op=gebeurtenis.op,
            gegevens=dict(gegevens),
            merk=None if merker is None else merker.make(gebeurtenis.to_bytes()),
        )
    )
    session.flush()
    for veld, sleutel in sleutels.items():
        inhoud = canonical_json((verpakt or {})[veld]).decode()
        session.add(VerpaktRow(gebeurtenis_id=gebeurtenis.id, veld=veld, sleutel=sleutel.hex(), inhoud=inhoud))
    return gebeurtenis.id


def find_logregel(session: Session, gebeurtenis_id: UUID) -> int | None:
    """Return the number of the line of the log that an event became; None as long as it is not sealed."""
    return session.exec(
        select(LogregelRow.nummer)
        .join(GebeurtenisRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
        .where(GebeurtenisRow.id == gebeurtenis_id)
    ).first()


def load_logregel(session: Session, gebeurtenis_id: UUID) -> int:
    """Return the number of the line of the log that an event became.

    Raises:
        NietMogelijkError: it is not sealed yet.
    """
    nummer = find_logregel(session, gebeurtenis_id)
    if nummer is None:
        raise NietMogelijkError(
            "Het logboek is nog niet bij: er wacht een gebeurtenis op de verzegelaar. Loopt de scanstraat? Probeer het "
            "zo opnieuw."
        )
    return nummer


# --- findings ----------------------------------------------------------------------------------------------------


def count_bevindingen(session: Session, batch_id: UUID) -> dict[str, Any]:
    """Return how the findings of a batch stand, as the fields of `batch.bevindingen`.

    `inhoud` is the SHA-256 of all of them, every column; docs/logboekformaat.md says in what form.

    Raises:
        GebeurtenisError: a row holds what the product never writes.
    """
    lijst, houdt_papier, open_ernstig = [], 0, 0
    for rij in session.execute(_select_bevindingen(batch_id)).mappings():
        lijst.append(
            {
                **{naam: "" if waarde is None else str(waarde) for naam, waarde in rij.items()},
                "tekst": hashlib.sha256(rij["tekst"].encode()).hexdigest(),
                "vervangbaar": rij["vervangbaar"],
            }
        )
        if rij["vervallen_op"] is None:
            houdt_papier += not rij["vervangbaar"]
            open_ernstig += rij["afgehandeld_op"] is None and rij["ernst"] in (Ernst.ERNSTIG, Ernst.KRITIEK)
    lijst.sort(key=lambda rij: str(rij["id"]))
    return {
        "aantal": len(lijst),
        "houdt_papier": houdt_papier,
        "open_ernstig": open_ernstig,
        "inhoud": hashlib.sha256(canonical_json(lijst)).hexdigest(),
    }


def _select_bevindingen(batch_id: UUID) -> Any:
    kolommen = [kolom for kolom in BevindingRow.__table__.columns if kolom.name != "batch_id"]  # type: ignore[attr-defined]
    return sa.select(*kolommen).where(col(BevindingRow.batch_id) == batch_id)


def note_bevindingen(session: Session, batch_id: UUID) -> None:
    """Have the log say, at the end of this transaction, how the findings of a batch stand. Ask before they change.

    Once per transaction, however many change: a step may find something on each of thousands of pages. The batch is
    held from here, so that of two transactions that both find something, the second one counts what the first found.
    """
    batches: set[UUID] | None = session.info.get(_BEVINDINGEN)
    if batches is None:
        batches = session.info[_BEVINDINGEN] = set()
        sa.event.listen(session, "before_commit", _append_bevindingen)
    if batch_id not in batches:
        session.exec(select(BatchRow.id).where(BatchRow.id == batch_id).with_for_update()).one()
        batches.add(batch_id)


def _append_bevindingen(session: Session) -> None:
    batches: set[UUID] = session.info[_BEVINDINGEN]
    while batches:
        batch_id = batches.pop()
        session.flush()
        onderwerp = session.exec(select(BatchRow.log_id).where(BatchRow.id == batch_id)).one()
        stand = count_bevindingen(session, batch_id)
        append_gebeurtenis(
            session, "batch.bevindingen", actor=load_actor(session, "bevindingen"), onderwerp=onderwerp, **stand
        )


def save_bevindingen(
    session: Session,
    bevindingen: Iterable[Bevinding],
    *,
    batch_id: UUID,
    beeld_id: UUID | None = None,
    documentversie_id: UUID | None = None,
) -> None:
    """Store findings once: what stands open at the same place with the same words is not stored again.

    So a step may run twice. What was settled and is found again is a new finding: the same may go wrong a second time.
    """
    bestaand = {
        (code, plaats, tekst)
        for code, plaats, tekst in session.exec(
            select(BevindingRow.code, BevindingRow.plaats, BevindingRow.tekst).where(
                BevindingRow.batch_id == batch_id,
                col(BevindingRow.afgehandeld_op).is_(None),
                BevindingRow.beeld_id == beeld_id if beeld_id else col(BevindingRow.beeld_id).is_(None),
                BevindingRow.documentversie_id == documentversie_id
                if documentversie_id
                else col(BevindingRow.documentversie_id).is_(None),
            )
        )
    }
    for bevinding in bevindingen:
        plaats = None if bevinding.plaats is None else str(bevinding.plaats)
        sleutel = (bevinding.code, plaats, bevinding.tekst)
        if sleutel not in bestaand:
            note_bevindingen(session, batch_id)
            bestaand.add(sleutel)
            session.add(
                BevindingRow(
                    batch_id=batch_id,
                    beeld_id=beeld_id,
                    documentversie_id=documentversie_id,
                    code=bevinding.code,
                    ernst=bevinding.ernst.value,
                    tekst=bevinding.tekst,
                    plaats=plaats,
                    vervangbaar=bevinding.vervangbaar,
                    gevonden_op=now_text(),
                )
            )


def load_bevindingen(session: Session, batch_id: UUID) -> Sequence[BevindingRow]:
    """Return every finding of a batch, oldest first."""
    return session.exec(
        select(BevindingRow).where(BevindingRow.batch_id == batch_id).order_by(col(BevindingRow.gevonden_op))
    ).all()


def withdraw_bevinding(session: Session, rij: BevindingRow, nu: str, door: ActorRow) -> None:
    """Note that a finding no longer holds; who settled it before stays known."""
    note_bevindingen(session, rij.batch_id)
    rij.vervallen_op = nu
    if rij.afgehandeld_op is None:
        rij.afgehandeld_op, rij.afgehandeld_door = nu, str(door.log_id)
    session.add(rij)


def withdraw_of_older(session: Session, versie: Versie, codes: Iterable[str], *, door: ActorRow) -> None:
    """Withdraw findings on the archive files that a document had before this versie."""
    ouder = select(DocumentversieRow.id).where(
        DocumentversieRow.document_id == versie.document_id, DocumentversieRow.n < versie.n
    )
    for rij in session.exec(
        select(BevindingRow).where(
            col(BevindingRow.code).in_(list(codes)),
            col(BevindingRow.documentversie_id).in_(ouder),
            col(BevindingRow.vervallen_op).is_(None),
        )
    ):
        withdraw_bevinding(session, rij, now_text(), door)


def settle_bevindingen(session: Session, document_id: UUID, *codes: str, door: ActorRow) -> None:
    """Note that what findings ask about a document has been done."""
    versies = select(DocumentversieRow.id).where(DocumentversieRow.document_id == document_id)
    for bevinding in session.exec(
        select(BevindingRow).where(
            col(BevindingRow.code).in_(codes),
            col(BevindingRow.documentversie_id).in_(versies),
            col(BevindingRow.afgehandeld_op).is_(None),
        )
    ):
        settle_bevinding(session, bevinding, now_text(), door)


def settle_bevinding(session: Session, rij: BevindingRow, nu: str, door: ActorRow) -> None:
    """Note that somebody looked at a finding, or did what it asks."""
    note_bevindingen(session, rij.batch_id)
    rij.afgehandeld_op, rij.afgehandeld_door = nu, str(door.log_id)
    session.add(rij)


def has_open_serious(session: Session, batch_id: UUID) -> bool:
    """Say whether a finding that a person must see is still open: ernstig or kritiek, and not settled."""
    gevonden = session.exec(
        select(BevindingRow.id).where(
            BevindingRow.batch_id == batch_id,
            col(BevindingRow.ernst).in_([Ernst.ERNSTIG, Ernst.KRITIEK]),
            col(BevindingRow.afgehandeld_op).is_(None),
        )
    ).first()
    return gevonden is not None


# --- objects, bronnen and batches ---------------------------------------------------------------------------------


def save_trekking(
    session: Session,
    opslag: Opslag,
    soort: str,
    onderwerp: UUID,
    trekking: dict[str, Any],
    *,
    checkpoint: int,
    zaad: bytes,
    van: Mapping[str, UUID],
    **regels: Any,
) -> TrekkingRow:
    """Keep what was drawn from a seed, with its event.

    Args:
        soort: kind of the event; `regels` are its other fields.
        trekking: what was drawn from what, as plain values; its bytes are kept.
        checkpoint: size of the checkpoint that the seed came from.
        van: columns of the row that say what was drawn from.
    """
    vingerafdruk = opslag.bewaar_bytes(canonical_json(trekking))
    save_object(session, vingerafdruk, "trekking")
    gebeurtenis = append_gebeurtenis(
        session,
        soort,
        actor=load_actor(session, "trekking"),
        onderwerp=onderwerp,
        checkpoint=checkpoint,
        zaad=zaad.hex(),
        trekking=vingerafdruk.sha256,
        **regels,
    )
    rij = TrekkingRow(
        **van,
        checkpoint=checkpoint,
        zaad=zaad.hex(),
        trekking=trekking,
        trekking_sha256=vingerafdruk.sha256,
        op=now_text(),
        gebeurtenis_id=gebeurtenis,
    )
    session.add(rij)
    session.flush()
    return rij


def save_object(session: Session, vingerafdruk: Vingerafdruk, soort: str) -> None:
    """Note that these bytes are in the store; the same bytes again is no news, unless they had been cleared away.

    Bytes that were known as a text layer and now come as something else are that from now on: only text layers go.
    """
    rij = session.get(ObjectRow, vingerafdruk.sha256, with_for_update=True)
    if rij is not None:
        rij.opgeruimd_op = None
        rij.soort = soort if rij.soort == "tekstlaag" else rij.soort
        session.add(rij)
        session.flush()
    else:
        session.add(
            ObjectRow(
                sha256=vingerafdruk.sha256,
                sha512=vingerafdruk.sha512,
                omvang_bytes=vingerafdruk.omvang_bytes,
                soort=soort,
                bewaard_op=now_text(),
            )
        )
        session.flush()


def append_ontleed(session: Session, batch: BatchRow, documenten: int, actor: ActorRow) -> None:
    """Record that a batch was cut into so many documents, with its count."""
    append_gebeurtenis(
        session,
        "batch.ontleed",
        actor=actor,
        onderwerp=batch.log_id,
        ontvangen=batch.ontvangen,
        in_documenten=batch.in_documenten,
        scheidingsbladen=batch.scheidingsbladen,
        weggelaten=batch.weggelaten,
        documenten=documenten,
    )


def load_object(session: Session, sha256: str) -> ObjectRow:
    """Return what is known of bytes in the store."""
    return session.get_one(ObjectRow, sha256)


def next_batchnummer(session: Session, jaar: int) -> tuple[int, str]:
    """Return the next (volgnummer, nummer) of the year; two intakes at once never get the same."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.text("select pg_advisory_xact_lock(:slot)"), {"slot": _BATCHNUMMER_SLOT})
    hoogste = session.exec(select(sa.func.max(BatchRow.volgnummer)).where(BatchRow.jaar == jaar)).one()
    volgnummer = max(hoogste or 0, count_vastgelegd(session, "batch.ontvangen", jaar)) + 1
    return volgnummer, _format_batchnummer(jaar, volgnummer)


def count_vastgelegd(session: Session, soort: str, jaar: int) -> int:
    """Return of how many subjects an event of this kind was recorded in a year; 0 while nothing was ever put back.

    After a rollback rows are gone of which the log still knows: their numbers are not given out again.
    """
    if not has_herstel(session):
        return 0
    return session.exec(
        select(sa.func.count(sa.distinct(col(GebeurtenisRow.onderwerp_log_id)))).where(
            GebeurtenisRow.soort == soort, col(GebeurtenisRow.op).startswith(f"{jaar}-")
        )
    ).one()


def build_momentopname(profiel: Scanprofiel) -> tuple[dict[str, Any], str]:
    """Return the settings of a profile as stored with a batch, and their fingerprint (SHA-256 of sorted JSON)."""
    momentopname = profiel.model_dump(mode="json")
    return momentopname, hash_momentopname(momentopname)


def hash_momentopname(momentopname: Mapping[str, Any]) -> str:
    """Return the fingerprint of the settings of a profile."""
    tekst = json.dumps(momentopname, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(tekst.encode()).hexdigest()


def build_ontvangst(batch: BatchRow, bestanden: Iterable[Vingerafdruk]) -> bytes:
    """Return what the log commits to of a delivery: the bytes of every file, in order."""
    bronnen = [asdict(vingerafdruk) for vingerafdruk in bestanden]
    return canonical_json({"schema": "scanstraat.ontvangst/1", "batch": str(batch.log_id), "bronnen": bronnen})


def append_ontvangst(
    session: Session, batch: BatchRow, manifest: Vingerafdruk, bestanden: int, actor: ActorRow
) -> None:
    """Record that a batch came in; `manifest` is of what `build_ontvangst` gives."""
    save_object(session, manifest, "manifest")
    append_gebeurtenis(
        session,
        "batch.ontvangen",
        actor=actor,
        onderwerp=batch.log_id,
        bronnen=bestanden,
        momentopname=batch.momentopname_sha256,
        manifest=manifest.sha256,
    )


def profiel_of(batch: BatchRow) -> Scanprofiel:
    """Return the profile as it was when the batch came in; a later change of config.toml does not touch it."""
    return Scanprofiel.model_validate(batch.momentopname)


def load_batch(session: Session, batch_id: UUID) -> BatchRow:
    """Return a batch by id."""
    batch = session.get(BatchRow, batch_id)
    if batch is None:
        raise NietGevondenError("Deze batch bestaat niet. `scanstraat batches` toont welke er zijn.")
    return batch


def lock_batch(session: Session, batch_id: UUID) -> BatchRow:
    """Return a batch, held until the end of the transaction, so that two steps do not decide on it at once."""
    batch = session.exec(select(BatchRow).where(BatchRow.id == batch_id).with_for_update()).first()
    if batch is None:
        raise NietGevondenError("Deze batch bestaat niet. `scanstraat batches` toont welke er zijn.")
    return batch


def hold_beslissing(session: Session) -> None:
    """Be the only one who decides on paper, until the end of the transaction: what was asked still holds then.

    A step towards the shredder takes this, and so does everything that may stand in its way without changing a batch:
    a stop, the end of a mandaat, a release that is taken back. Before any row is locked, so that nobody waits in a
    ring. On SQLite every transaction that writes is alone already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.text("select pg_advisory_xact_lock(:slot)"), {"slot": _BESLISSING_SLOT})


def lock_document(session: Session, document_id: UUID) -> tuple[BatchRow, DocumentRow]:
    """Return a document as it is now, with its batch held until the end of the transaction."""
    batch = lock_batch(session, load_document(session, document_id).batch_id)
    return batch, session.get_one(DocumentRow, document_id, populate_existing=True)


def is_nummer(tekst: str) -> bool:
    """Whether people may have meant a number that a database can hold."""
    return tekst.isascii() and tekst.isdecimal() and len(tekst) <= 9


def find_batch(session: Session, nummer: str) -> BatchRow:
    """Return a batch by the number people say; 142 means B-<this year>-0142."""
    kort = nummer.strip().upper()
    batch = session.exec(select(BatchRow).where(BatchRow.nummer == kort)).first()
    if batch is None and is_nummer(kort):
        batch = session.exec(
            select(BatchRow).where(BatchRow.volgnummer == int(kort)).order_by(col(BatchRow.jaar).desc())
        ).first()
    if batch is None:
        raise NietGevondenError(f"Batch {nummer} bestaat niet. `scanstraat batches` toont welke er zijn.")
    return batch


def load_bronnen(session: Session, batch_id: UUID) -> Sequence[BronRow]:
    """Return the bronnen of a batch in their order."""
    return session.exec(select(BronRow).where(BronRow.batch_id == batch_id).order_by(col(BronRow.volgnummer))).all()


def load_beelden(session: Session, batch_id: UUID) -> Sequence[BeeldRow]:
    """Return the beelden of a batch in their order now."""
    return session.exec(select(BeeldRow).where(BeeldRow.batch_id == batch_id).order_by(col(BeeldRow.volgorde))).all()


def save_bron(session: Session, bron: BronRow) -> None:
    """Add a bron to its batch."""
    session.add(bron)
    session.flush()


def last_volgorde(session: Session, batch_id: UUID) -> int:
    """Return the highest place in the order of the batch; 0 when it has no beelden."""
    return session.exec(select(sa.func.max(BeeldRow.volgorde)).where(BeeldRow.batch_id == batch_id)).one() or 0


def find_herscanbladen(session: Session, batch_id: UUID) -> frozenset[UUID]:
    """Return the sheets of herscans that lie in no doos: their paper is the sheet of the page that they replaced."""
    parameters = session.exec(
        select(BewerkingRow.parameters).where(
            BewerkingRow.batch_id == batch_id, BewerkingRow.soort == Bewerkingsoort.VERVANG.value
        )
    )
    beelden = [UUID(deel["beeld"]) for deel in parameters if "beeld" in deel]
    in_doos = sa.exists().where(col(DoosbladRow.blad_id) == BeeldRow.blad_id, col(DoosbladRow.uit_op).is_(None))
    return frozenset(session.exec(select(BeeldRow.blad_id).where(col(BeeldRow.id).in_(beelden), ~in_doos)))


def load_bladen(session: Session, batch_id: UUID) -> Sequence[tuple[BeeldRow, BladRow]]:
    """Return each beeld of a batch with its sheet, in the order of the batch now."""
    rijen = session.exec(
        select(BeeldRow, BladRow)
        .where(BeeldRow.batch_id == batch_id, BeeldRow.blad_id == BladRow.id)
        .order_by(col(BeeldRow.volgorde))
    ).all()
    return [(beeld, blad) for beeld, blad in rijen]


def bladtelling_of(batch: BatchRow) -> Bladtelling:
    """Return the count as the database keeps it."""
    return Bladtelling(batch.ontvangen, batch.in_documenten, batch.scheidingsbladen, batch.weggelaten)


# --- the order of a batch -----------------------------------------------------------------------------------------


def load_opstelling(session: Session, batch_id: UUID) -> Opstelling:
    """Return where every beeld of the batch is now."""
    return tuple(
        Plaatsing(
            beeld.id,
            Bestemming(beeld.bestemming),
            beeld.document_id,
            beeld.draai_graden,
            None if beeld.weglaatreden is None else Weglaatreden(beeld.weglaatreden),
            beeld.weglaattekst,
        )
        for beeld in load_beelden(session, batch_id)
    )


def save_opstelling(session: Session, batch_id: UUID, opstelling: Opstelling) -> None:
    """Store where every beeld is; rows that stay as they were are not written."""
    beelden = {beeld.id: beeld for beeld in load_beelden(session, batch_id)}
    for positie, plaatsing in enumerate(opstelling, start=1):
        beeld = beelden[plaatsing.beeld_id]
        nieuw = {
            "volgorde": positie * VOLGORDE_STAP,
            "bestemming": plaatsing.bestemming.value,
            "document_id": plaatsing.document_id,
            "draai_graden": plaatsing.draai_graden,
            "weglaatreden": None if plaatsing.weglaatreden is None else plaatsing.weglaatreden.value,
            "weglaattekst": plaatsing.weglaattekst,
        }
        for naam, waarde in nieuw.items():
            if getattr(beeld, naam) != waarde:
                setattr(beeld, naam, waarde)
        session.add(beeld)
    session.flush()


def add_blad(session: Session, batch_id: UUID) -> BladRow:
    """Add one sheet with the next number of the batch."""
    hoogste = session.exec(select(sa.func.max(BladRow.nummer)).where(BladRow.batch_id == batch_id)).one()
    blad = BladRow(batch_id=batch_id, nummer=(hoogste or 0) + 1)
    session.add(blad)
    session.flush()
    return blad


# --- documents and their versions ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Versie:
    """What the phases need of a documentversie: ids, order of pages and the batch it belongs to."""

    id: UUID
    document_id: UUID
    batch_id: UUID
    n: int
    titel: str
    paginas: tuple[Pagina, ...]


def load_document(session: Session, document_id: UUID) -> DocumentRow:
    """Return a document by id."""
    document = session.get(DocumentRow, document_id)
    if document is None:
        raise NietGevondenError("Dit document bestaat niet. `scanstraat batch NR` toont de documenten van een batch.")
    return document


def load_documenten(session: Session, batch_id: UUID) -> Sequence[DocumentRow]:
    """Return the documents of a batch that still have pages, in order."""
    return session.exec(
        select(DocumentRow)
        .where(DocumentRow.batch_id == batch_id, col(DocumentRow.vervallen_op).is_(None))
        .order_by(col(DocumentRow.volgorde))
    ).all()


def latest_versie(session: Session, document_id: UUID) -> DocumentversieRow:
    """Return the newest state of a document."""
    versie = session.exec(
        select(DocumentversieRow)
        .where(DocumentversieRow.document_id == document_id)
        .order_by(col(DocumentversieRow.n).desc())
        .limit(1)
    ).first()
    if versie is None:
        raise NietGevondenError("Dit document heeft nog geen versie.")
    return versie


def add_versie(session: Session, document: DocumentRow, *, reden: str, actor: ActorRow) -> DocumentversieRow:
    """Add the next state of a document from where its beelden are now, with its event."""
    beelden = session.exec(
        select(BeeldRow.id, BeeldRow.draai_graden)
        .where(BeeldRow.document_id == document.id)
        .order_by(col(BeeldRow.volgorde))
    ).all()
    vorige = session.exec(
        select(sa.func.max(DocumentversieRow.n)).where(DocumentversieRow.document_id == document.id)
    ).one()
    versie = DocumentversieRow(document_id=document.id, n=(vorige or 0) + 1, reden=reden, gemaakt_op=now_text())
    session.add(versie)
    session.flush()
    if vorige:
        void_verzegeling(session, load_batch(session, document.batch_id), "gewijzigd", actor=actor)
    for nummer, (beeld_id, draai_graden) in enumerate(beelden, start=1):
        session.add(PaginaRow(documentversie_id=versie.id, nummer=nummer, beeld_id=beeld_id, draai_graden=draai_graden))
    append_gebeurtenis(
        session,
        "documentversie.gemaakt",
        actor=actor,
        onderwerp=versie.log_id,
        document=str(document.id),
        n=versie.n,
        paginas=len(beelden),
        reden=reden,
    )
    session.flush()
    return versie


def load_versie(session: Session, versie_id: UUID) -> Versie:
    """Return a documentversie with its pages in order."""
    versie = session.get(DocumentversieRow, versie_id)
    if versie is None:
        raise NietGevondenError("Deze documentversie bestaat niet.")
    document = load_document(session, versie.document_id)
    kolommen = (
        PaginaRow.nummer, BeeldRow.id, BronRow.sha256, BronRow.soort, BeeldRow.n, BeeldRow.dpi, PaginaRow.draai_graden,
    )  # fmt: skip
    rijen = session.execute(
        sa.select(*(col(kolom) for kolom in kolommen))  # not whole rows, for there may be thousands
        .where(col(PaginaRow.documentversie_id) == versie_id)
        .where(col(PaginaRow.beeld_id) == BeeldRow.id)
        .where(col(BeeldRow.bron_id) == BronRow.id)
        .order_by(col(PaginaRow.nummer))
    )
    paginas = tuple(Pagina(*rij) for rij in rijen)
    return Versie(versie.id, document.id, document.batch_id, versie.n, document.titel, paginas)


def is_latest(session: Session, versie: Versie) -> bool:
    """Say whether no newer state of the document exists and the document still has pages."""
    document = load_document(session, versie.document_id)
    return document.vervallen_op is None and latest_versie(session, versie.document_id).id == versie.id


def load_koppelredenen(session: Session, document_id: UUID) -> tuple[Koppelreden, ...]:
    """Return why a document belongs, or does not belong, to a zaak; what a person decided stands last."""
    return tuple(Koppelreden(**reden) for reden in load_document(session, document_id).koppelredenen)


def save_koppeling(session: Session, versie: Versie, koppeling: Koppeling, *, actor: ActorRow) -> None:
    """Save a decision on the zaak of a document with all its reasons, and its event when the link is new."""
    document = load_document(session, versie.document_id)
    was = document.zaakidentificatie if document.koppelstatus == Koppelstatus.GEKOPPELD else None
    document.zaakidentificatie = koppeling.zaak
    document.koppelstatus = koppeling.status.value
    document.koppelredenen = [asdict(reden) for reden in koppeling.redenen]
    session.add(document)
    session.flush()
    save_bevindingen(session, koppeling.bevindingen, batch_id=versie.batch_id, documentversie_id=versie.id)
    if koppeling.zaak is not None and koppeling.zaak != was:
        bron = next(reden.bron for reden in koppeling.redenen if reden.zaakidentificatie == koppeling.zaak)
        append_gebeurtenis(
            session,
            "document.gekoppeld",
            actor=actor,
            onderwerp=load_batch(session, versie.batch_id).log_id,
            document=str(document.id),
            bron=bron,
        )


def was_archived(session: Session, document_id: UUID) -> bool:
    """Say whether any versie of a document has its archive file."""
    vraag = select(DocumentversieRow.id).where(
        DocumentversieRow.document_id == document_id, col(DocumentversieRow.gearchiveerd_op).is_not(None)
    )
    return session.exec(vraag.limit(1)).first() is not None


def is_archived(session: Session, versie_id: UUID) -> bool:
    """Say whether this versie has its archive file."""
    return session.get_one(DocumentversieRow, versie_id).gearchiveerd_op is not None


def versie_log_id(session: Session, versie_id: UUID) -> UUID:
    """Return the id that only the log uses for this versie."""
    return session.get_one(DocumentversieRow, versie_id).log_id


def find_blank_beelden(session: Session, batch_id: UUID) -> frozenset[UUID | None]:
    """Return the beelden of a batch that are blank, or perhaps blank, by the measurement."""
    blanco = select(BevindingRow.beeld_id).where(BevindingRow.batch_id == batch_id, BevindingRow.code == "blanco")
    return frozenset(session.exec(blanco))


def find_seen_pages(session: Session, versie: Versie) -> frozenset[int]:
    """Return the numbers of the pages of which people saw how they lie: they stood in an archive file, or were turned.

    Other pages are new, or were moved before any archive file was made.
    """
    hier, elders = aliased(PaginaRow), aliased(PaginaRow)
    return frozenset(
        session.exec(
            select(hier.nummer)
            .join(elders, col(elders.beeld_id) == col(hier.beeld_id))
            .join(DocumentversieRow, col(DocumentversieRow.id) == elders.documentversie_id)
            .where(
                hier.documentversie_id == versie.id,
                elders.documentversie_id != versie.id,
                sa.or_(
                    col(DocumentversieRow.gearchiveerd_op).is_not(None),
                    col(elders.draai_graden) != col(hier.draai_graden),
                ),
            )
        )
    )


def find_blank_pages(session: Session, versie: Versie) -> frozenset[int]:
    """Return the numbers of the pages that are surely blank: no text is looked for there. A doubtful one is read."""
    blanco = set(
        session.exec(
            select(BevindingRow.beeld_id).where(
                BevindingRow.batch_id == versie.batch_id,
                BevindingRow.code == "blanco",
                BevindingRow.ernst == Ernst.LICHT.value,
            )
        )
    )
    return frozenset(pagina.nummer for pagina in versie.paginas if pagina.beeld_id in blanco)


def is_scan(session: Session, versie: Versie) -> bool:
    """Say whether every page of the versie is one scanned image, so that it can go into the archive file as it is."""
    bronnen = {pagina.bron_sha256 for pagina in versie.paginas}
    rijen = session.exec(
        select(BronRow.is_scan).where(BronRow.batch_id == versie.batch_id, col(BronRow.sha256).in_(bronnen))
    )
    return all(rijen)


def save_turns(session: Session, versie: Versie, draaien: Mapping[int, int], *, actor: ActorRow) -> BewerkingRow:
    """Record turns that the line itself found, on the pages of a versie that has no archive file yet.

    Args:
        draaien: page number -> clockwise turn of the master in degrees, in place of what was recorded.
    """
    vooraf = []
    for pagina in versie.paginas:
        if pagina.nummer in draaien:
            beeld = session.get_one(BeeldRow, pagina.beeld_id)
            vooraf.append({"beeld": str(beeld.id), "draai": beeld.draai_graden})
            beeld.draai_graden = draaien[pagina.nummer]
            rij = session.get_one(PaginaRow, (versie.id, pagina.nummer))
            rij.draai_graden = beeld.draai_graden
            session.add_all([beeld, rij])
    batch = load_batch(session, versie.batch_id)
    bewerking = add_bewerking(
        session,
        batch,
        actor,
        Bewerkingsoort.DRAAI,
        {"paginas": {str(n): g for n, g in draaien.items()}},
        {"draaien": vooraf},
    )
    session.flush()
    return bewerking


def add_bewerking(
    session: Session,
    batch: BatchRow,
    actor: ActorRow,
    soort: Bewerkingsoort,
    parameters: dict[str, Any],
    vooraf: dict[str, Any],
) -> BewerkingRow:
    """Record one operation with what it takes to undo it, and its event; what was sealed before no longer holds."""
    hoogste = session.exec(select(sa.func.max(BewerkingRow.nummer)).where(BewerkingRow.batch_id == batch.id)).one()
    bewerking = BewerkingRow(
        batch_id=batch.id,
        nummer=(hoogste or 0) + 1,
        soort=soort.value,
        parameters=parameters,
        actor_id=actor.id,
        op=now_text(),
        vooraf=vooraf,
    )
    session.add(bewerking)
    session.flush()
    append_gebeurtenis(
        session, "bewerking", actor=actor, onderwerp=batch.log_id, soort=soort.value, nummer=bewerking.nummer
    )
    if soort is not Bewerkingsoort.SCANOPERATOR:
        void_verzegeling(session, batch, "gewijzigd", actor=actor)
    return bewerking


def save_archief_facts(
    session: Session,
    versie_id: UUID,
    *,
    tekstlaag: str,
    pdf: Vingerafdruk,
    manifest: str,
    profiel: str,
    conform: bool,
    rapport: str,
    getrouw: bool,
    getrouwheid: str,
    tekst: Mapping[int, tuple[float | None, int | None]],
) -> None:
    """Write what was made and proved of a versie; page number -> (word confidence, number of words)."""
    for nummer, (zekerheid, woorden) in tekst.items():
        pagina = session.get_one(PaginaRow, (versie_id, nummer))
        pagina.woordzekerheid, pagina.woorden = zekerheid, woorden
        session.add(pagina)
    session.flush()  # pages may change only as long as their versie is not archived
    versie = session.get_one(DocumentversieRow, versie_id)
    versie.tekstlaag_sha256 = tekstlaag
    versie.pdf_sha256, versie.pdf_bytes = pdf.sha256, pdf.omvang_bytes
    versie.manifest_sha256 = manifest
    versie.pdfa_profiel, versie.pdfa_conform, versie.pdfa_rapport_sha256 = profiel, conform, rapport
    versie.getrouw, versie.getrouwheid_rapport_sha256 = getrouw, getrouwheid
    versie.gearchiveerd_op = now_text()
    session.add(versie)
    session.flush()


def load_aflevering(session: Session, documentversie_id: UUID) -> AfleveringRow | None:
    """Return the delivery of a versie that still stands, if any."""
    return session.exec(
        select(AfleveringRow).where(
            AfleveringRow.documentversie_id == documentversie_id, col(AfleveringRow.ontkoppeld_op).is_(None)
        )
    ).first()


def load_newest_aflevering(session: Session, document_id: UUID) -> AfleveringRow | None:
    """Return the newest delivery of a document that still stands, of whichever versie."""
    return session.exec(
        select(AfleveringRow)
        .join(DocumentversieRow, col(DocumentversieRow.id) == AfleveringRow.documentversie_id)
        .where(DocumentversieRow.document_id == document_id, col(AfleveringRow.ontkoppeld_op).is_(None))
        .order_by(col(DocumentversieRow.n).desc())
        .limit(1)
    ).first()


def has_emptied_delivery(session: Session, batch_id: UUID) -> bool:
    """Say whether a document of the batch lost all its pages while its file still hangs on a zaak."""
    gevonden = session.exec(
        select(AfleveringRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == AfleveringRow.documentversie_id)
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .where(
            DocumentRow.batch_id == batch_id,
            col(DocumentRow.vervallen_op).is_not(None),
            col(AfleveringRow.ontkoppeld_op).is_(None),
        )
        .limit(1)
    ).first()
    return gevonden is not None


def find_open_afleverstappen(session: Session, document_id: UUID) -> list[StapRow]:
    """Return the deliveries of a document, of whichever versie, that wait or run."""
    return list(
        session.exec(
            select(StapRow)
            .join(DocumentversieRow, col(DocumentversieRow.id) == StapRow.item_id)
            .where(
                DocumentversieRow.document_id == document_id,
                StapRow.fase == Fase.LEVER_AF.value,
                col(StapRow.status).in_([Stapstatus.WACHT.value, Stapstatus.BEZIG.value]),
            )
        )
    )


def end_afleveringen(session: Session, document_id: UUID, *, wees: bool) -> None:
    """Note that every delivery of a document that still stood has ended."""
    rijen = session.exec(
        select(AfleveringRow)
        .join(DocumentversieRow, col(DocumentversieRow.id) == AfleveringRow.documentversie_id)
        .where(DocumentversieRow.document_id == document_id, col(AfleveringRow.ontkoppeld_op).is_(None))
    ).all()
    for rij in rijen:
        rij.ontkoppeld_op, rij.wees = now_text(), wees
        session.add(rij)
    session.flush()


# --- derived state ------------------------------------------------------------------------------------------------


def is_geleverd(session: Session, batch: BatchRow) -> bool:
    """Say whether every document of a batch is in its zaak or is an uitzondering, and nothing runs or waits."""
    return find_lijnstatus(session, batch) is Batchstatus.GELEVERD


def find_lijnstatus(session: Session, batch: BatchRow) -> Batchstatus:
    """Derive how far a batch is on the line, up to delivered; what comes after is for `batchstatus`."""
    stappen = session.exec(
        select(StapRow.status, sa.func.count()).where(StapRow.batch_id == batch.id).group_by(col(StapRow.status))
    ).all()
    aantal: Mapping[str, int] = {status: telling for status, telling in stappen}  # noqa: C416  dict() loses the types
    if aantal.get(Stapstatus.MISLUKT, 0) or session.exec(select_stilgezet(batch.id).limit(1)).first() is not None:
        return Batchstatus.STILGEZET
    if batch.ontleed_op is None:
        return Batchstatus.WORDT_VERWERKT if aantal.get(Stapstatus.BEZIG, 0) else Batchstatus.ONTVANGEN
    if aantal.get(Stapstatus.BEZIG, 0) or aantal.get(Stapstatus.WACHT, 0):
        return Batchstatus.WORDT_VERWERKT
    documenten = load_documenten(session, batch.id)
    if has_emptied_delivery(session, batch.id):
        return Batchstatus.KOPPELEN
    if not is_vrij(session, batch):
        return Batchstatus.NAKIJKEN
    behalve = find_uitzonderingen(session, batch.id)
    if any(document.koppelstatus == "te_koppelen" for document in documenten if document.id not in behalve):
        return Batchstatus.KOPPELEN
    if not documenten:  # scheidingsbladen alone, or every page left out: a person must see that
        return Batchstatus.NAKIJKEN if batch.klaargemeld_op is None else Batchstatus.STILGEZET
    return Batchstatus.GELEVERD if _is_geleverd(session, batch.id) else Batchstatus.NAKIJKEN


def _is_geleverd(session: Session, batch_id: UUID) -> bool:
    """Say whether the newest versie of every document came back equal from its zaak, or is an uitzondering."""
    open_ = select_newest_versies(batch_id).where(~has_confirmed_delivery(), ~is_uitzondering())
    return session.exec(open_.limit(1)).first() is None


def find_uitzonderingen(session: Session, batch_id: UUID) -> frozenset[UUID]:
    """Return the documents of a batch whose paper stays the original."""
    return frozenset(session.exec(select(DocumentRow.id).where(DocumentRow.batch_id == batch_id, is_uitzondering())))


def is_uitzondering() -> Any:
    """Select what is a recorded uitzondering, in a question about documents."""
    return sa.exists().where(
        col(UitzonderingRow.document_id) == DocumentRow.id, col(UitzonderingRow.ingetrokken_op).is_(None)
    )


def void_verzegeling(session: Session, batch: BatchRow, reden: str, *, actor: ActorRow) -> bool:
    """Note that a batch is no longer what was sealed: draw, approval and release of it no longer hold.

    Args:
        reden: one word: "gewijzigd", "ontkoppeld", "uitzondering", "besluit", "hersteld".
    """
    rij = session.exec(
        select(VerzegelingRow).where(VerzegelingRow.batch_id == batch.id, col(VerzegelingRow.vervallen_op).is_(None))
    ).first()
    if rij is None:
        return False
    rij.vervallen_op = now_text()
    session.add(rij)
    append_gebeurtenis(session, "goedkeuring.vervallen", actor=actor, onderwerp=batch.log_id, reden=reden)
    return True


def was_edited_since(session: Session, batch: BatchRow) -> bool:
    """Say whether a person changed the batch after it was last reported ready; what the line turned does not count.

    By the order of the events, which no clock can change.
    """
    klaargemeld = select(sa.func.max(GebeurtenisRow.volgnummer)).where(
        GebeurtenisRow.onderwerp_log_id == batch.log_id, GebeurtenisRow.soort == "batch.klaargemeld"
    )
    gevonden = session.exec(
        select(GebeurtenisRow.gegevens)
        .join(ActorRow, col(ActorRow.log_id) == GebeurtenisRow.actor_log_id)
        .where(
            GebeurtenisRow.onderwerp_log_id == batch.log_id,
            GebeurtenisRow.soort == "bewerking",
            ActorRow.soort == "persoon",
            col(GebeurtenisRow.volgnummer) > klaargemeld.scalar_subquery(),
        )
    )
    return any(gegevens["soort"] != Bewerkingsoort.SCANOPERATOR.value for gegevens in gevonden)


def is_vrij(session: Session, batch: BatchRow) -> bool:
    """Say whether documents of this batch may go to their zaak without a person saying so first.

    A batch with bytes that came before is always held; otherwise the profile decides (`nakijken`). A serious finding
    after klaarmelden holds it again, and under `altijd` every bewerking of a person does.
    """
    if batch.nakijken == "altijd" and was_edited_since(session, batch):
        return False
    if batch.klaargemeld_op is not None:  # what was found since then, nobody has seen
        return batch.nakijken == "nooit" or not has_open_serious(session, batch.id)
    if batch.dubbel_van is not None or batch.nakijken == "altijd":
        return False
    return batch.nakijken == "nooit" or not has_open_serious(session, batch.id)


def count_unfinished_archives(session: Session, batch_id: UUID) -> int:
    """Count the documents of a batch whose newest versie has no archive file yet and is still being worked on.

    A versie whose step failed for good does not count: it is shown as stilgezet and must not hold the others for ever.
    """
    laatste = (
        select(StapRow.status)
        .where(StapRow.item_id == DocumentversieRow.id)
        .order_by(col(StapRow.generatie).desc())
        .limit(1)
        .scalar_subquery()
    )
    onaf = select_newest_versies(batch_id).where(
        col(DocumentversieRow.gearchiveerd_op).is_(None),
        sa.func.coalesce(laatste, "").not_in([Stapstatus.MISLUKT.value, Stapstatus.GEANNULEERD.value]),
    )
    return session.exec(select(sa.func.count()).select_from(onaf.subquery())).one()


def select_stilgezet(batch_id: UUID | None = None) -> Any:
    """Select the id of every stap that was cancelled while its work is still needed, of one batch or of all.

    Without it nothing goes on: a batch that is not cut into documents, or a document without its archive file.
    """
    later = aliased(StapRow)
    vraag = select(StapRow.id).where(
        StapRow.status == Stapstatus.GEANNULEERD.value,
        ~sa.exists().where(
            col(later.item_id) == StapRow.item_id,
            col(later.fase) == StapRow.fase,
            col(later.generatie) > StapRow.generatie,
        ),
        sa.or_(
            sa.and_(
                col(StapRow.fase) == Fase.ONTLEED.value,
                sa.exists().where(col(BatchRow.id) == StapRow.item_id, col(BatchRow.ontleed_op).is_(None)),
            ),
            sa.and_(
                col(StapRow.fase) == Fase.ARCHIVEER.value,
                col(StapRow.item_id).in_(
                    select_newest_versies(batch_id).where(col(DocumentversieRow.gearchiveerd_op).is_(None))
                ),
            ),
        ),
    )
    return vraag if batch_id is None else vraag.where(StapRow.batch_id == batch_id)


def find_deliverable(session: Session, batch_id: UUID) -> list[tuple[UUID, int]]:
    """Return the versies of a batch that can go to their zaak and are not on their way, each with its next generatie.

    That is: the newest of a document with a zaak, both proofs hold, not delivered, and no delivery waits or runs. One
    question for the whole batch: it is asked after every document of a batch that may have thousands.
    """
    lever_af = (col(StapRow.item_id) == DocumentversieRow.id, col(StapRow.fase) == Fase.LEVER_AF.value)
    onderweg = col(StapRow.status).in_([Stapstatus.WACHT.value, Stapstatus.BEZIG.value])
    vorige = select(sa.func.max(StapRow.generatie)).where(*lever_af).scalar_subquery()
    rijen = session.exec(
        select_newest_versies(batch_id)
        .add_columns(sa.func.coalesce(vorige, 0) + 1)
        .where(
            DocumentRow.koppelstatus == Koppelstatus.GEKOPPELD.value,
            col(DocumentversieRow.pdfa_conform),
            col(DocumentversieRow.getrouw),
            ~has_confirmed_delivery(),
            ~sa.exists().where(*lever_af, onderweg),
        )
        .order_by(col(DocumentRow.volgorde))
    )
    return [(versie_id, generatie) for versie_id, generatie in rijen]


def select_newest_versies(batch_id: UUID | None) -> Any:
    """Select the id of the newest versie of every document that has pages, of one batch or of all."""
    ander = aliased(DocumentversieRow)
    nieuwste = select(sa.func.max(ander.n)).where(ander.document_id == DocumentversieRow.document_id).scalar_subquery()
    vraag = (
        sa.select(col(DocumentversieRow.id))
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .where(col(DocumentRow.vervallen_op).is_(None), col(DocumentversieRow.n) == nieuwste)
    )
    return vraag if batch_id is None else vraag.where(col(DocumentRow.batch_id) == batch_id)


def has_confirmed_delivery() -> Any:
    return sa.exists().where(
        col(AfleveringRow.documentversie_id) == DocumentversieRow.id,
        col(AfleveringRow.ontkoppeld_op).is_(None),
        col(AfleveringRow.bevestigd_op).is_not(None),
    )
