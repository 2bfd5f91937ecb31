"""The paper: in which doos each sheet lies, where that doos is, and how to get one document out again.

A sheet is in one doos at a time. What was ever true stays known: sheets leave a doos, they are not erased from it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_words
from scanstraat import db, storage
from scanstraat.domain import Weglaatreden
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.logstand import has_herstel
from scanstraat.rijen import UIT_LOGBOEK, shorten
from scanstraat.tables import (
    ActorRow,
    BatchRow,
    BeeldRow,
    BladRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    PaginaRow,
)
from scanstraat.tables_bewijs import (
    DoosbladRow,
    DoosplaatsRow,
    DoosRow,
    LijstdoosRow,
    OpdrachtRow,
    UitvoeringRow,
    VernietigingslijstRow,
)
from vernietiging.gebeurtenis import MISLUKT, VERNIETIGD, ZONDER_GROND

_DOOSNUMMER_SLOT = 7_220_145  # PostgreSQL advisory lock: one doos at a time takes a number
VERLOREN = "verloren"  # instead of the number of an order that went with the database
_REEKS = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


@dataclass(frozen=True)
class Vindplaats:
    """Where a sheet of a document is: its doos and the place of that, or neither."""

    blad: int
    doos: str | None
    plaats: str | None
    vernietigd_op: str | None = None
    deels: str | None = None  # order under which part of the doos is destroyed: nobody knows which sheets


# --- boxes --------------------------------------------------------------------------------------------------------


def make_doos(session: Session, plaats: str, *, door: ActorRow) -> DoosRow:
    """Make a new, empty doos with the next number of the year, at a place."""
    doos = DoosRow(nummer=next_doosnummer(session, datetime.now(UTC).year), gemaakt_op=db.now_text())
    session.add(doos)
    storage.append_gebeurtenis(
        session, "doos.gemaakt", actor=door, onderwerp=doos.log_id, verpakt={"nummer": {"nummer": doos.nummer}}
    )
    move_doos(session, doos, plaats, door=door)
    return doos


def next_doosnummer(session: Session, jaar: int) -> str:
    """Return the next number of the year, and hold it until the end of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.text("select pg_advisory_xact_lock(:slot)"), {"slot": _DOOSNUMMER_SLOT})
    hoogste = session.exec(
        select(sa.func.max(DoosRow.nummer)).where(col(DoosRow.nummer).startswith(f"D-{jaar}-"))
    ).one()
    volgnummer = 1 if hoogste is None else int(str(hoogste).rpartition("-")[2]) + 1
    return f"D-{jaar}-{volgnummer:05d}"


def find_doos(session: Session, nummer: str) -> DoosRow:
    """Return a doos by the number people say; 12 means the newest one that ends in -00012.

    Raises:
        NietGevondenError: there is none.
    """
    kort = nummer.strip().upper()
    doos = session.exec(select(DoosRow).where(DoosRow.nummer == kort)).first()
    if doos is None and storage.is_nummer(kort):
        doos = session.exec(
            select(DoosRow)
            .where(col(DoosRow.nummer).endswith(f"-{int(kort):05d}"))
            .order_by(col(DoosRow.nummer).desc())
        ).first()
    if doos is None:
        raise NietGevondenError(f"Doos {nummer} bestaat niet. `scanstraat doos lijst` toont welke er zijn.")
    return doos


def move_doos(session: Session, doos: DoosRow, plaats: str, *, door: ActorRow) -> None:
    """Note where a doos stands from now on."""
    verify_niet_vernietigd(session, doos)
    if not plaats.strip():
        raise NietMogelijkError("Zeg waar de doos staat, bijvoorbeeld: archief, stelling 4, plank 2.")
    add_plaats(session, doos, plaats.strip(), db.now_text(), door=door)
    storage.append_gebeurtenis(
        session, "doos.verplaatst", actor=door, onderwerp=doos.log_id, verpakt={"plaats": {"plaats": plaats.strip()}}
    )


def add_plaats(session: Session, doos: DoosRow, plaats: str, op: str, *, door: ActorRow) -> None:
    """Write where a doos stands from a moment on."""
    nummer = session.exec(select(sa.func.max(DoosplaatsRow.nummer)).where(DoosplaatsRow.doos_id == doos.id)).one() or 0
    session.add(DoosplaatsRow(doos_id=doos.id, nummer=nummer + 1, plaats=plaats, op=op, actor_id=door.id))


def find_plaats(session: Session, doos_id: UUID) -> DoosplaatsRow | None:
    """Return where a doos is now."""
    return session.exec(
        select(DoosplaatsRow)
        .where(DoosplaatsRow.doos_id == doos_id)
        .order_by(col(DoosplaatsRow.nummer).desc())
        .limit(1)
    ).first()


def close_doos(session: Session, doos: DoosRow, *, door: ActorRow) -> None:
    """Close a doos: only a closed one is proposed for destruction."""
    _lock(session, doos)
    verify_heel(session, doos)
    if doos.gesloten_op is not None:
        raise NietMogelijkError(f"Doos {doos.nummer} is al dicht.")
    aantal = count_bladen(session, doos.id)
    if not aantal:
        raise NietMogelijkError(f"Doos {doos.nummer} is leeg.")
    doos.gesloten_op = db.now_text()
    session.add(doos)
    storage.append_gebeurtenis(session, "doos.gesloten", actor=door, onderwerp=doos.log_id, bladen=aantal)


def open_doos(session: Session, doos: DoosRow, *, door: ActorRow) -> None:
    """Open a doos again, as long as it is on no list."""
    _lock(session, doos)
    verify_heel(session, doos)
    if doos.gesloten_op is None:
        raise NietMogelijkError(f"Doos {doos.nummer} is al open.")
    verify_vrij(session, doos)
    doos.gesloten_op = None
    session.add(doos)
    storage.append_gebeurtenis(
        session, "doos.geopend", actor=door, onderwerp=doos.log_id, bladen=count_bladen(session, doos.id)
    )


def _lock(session: Session, doos: DoosRow) -> None:
    """Read a doos as it is now, and hold it until the end of the transaction."""
    session.refresh(doos, with_for_update=True)


def verify_niet_vernietigd(session: Session, doos: DoosRow) -> None:
    """Return, or raise NietMogelijkError when the paper of this doos is gone."""
    if find_vernietigd_op(session, doos.id) is not None:
        raise NietMogelijkError(f"Doos {doos.nummer} is vernietigd.")


def verify_heel(session: Session, doos: DoosRow) -> None:
    """Return, or raise NietMogelijkError when the paper of this doos is gone, or part of it."""
    verify_niet_vernietigd(session, doos)
    opdracht = find_deels(session, doos.id)
    if opdracht is not None:
        raise NietMogelijkError(say_deels(doos.nummer, opdracht))


def count_onbekend_weg(session: Session, batch: BatchRow) -> int:
    """Return how many sheets of a batch are gone, by the log, of which no row says any more which ones (`herstel`)."""
    verloren = find_verloren(session, None, *VERNIETIGD, MISLUKT)
    weg = 0
    for log_id in {v.log_id for v in verloren if v.vernietigd_op is not None or v.gegevens["deels"]}:
        bewegingen = session.exec(
            select(GebeurtenisRow.soort, GebeurtenisRow.gegevens).where(
                GebeurtenisRow.onderwerp_log_id == log_id,
                col(GebeurtenisRow.soort).in_(("doos.gevuld", "doos.geleegd")),
            )
        )
        volgens_log: int = sum(
            gegevens["bladen"] * (1 if soort == "doos.gevuld" else -1)
            for soort, gegevens in bewegingen
            if gegevens["batch"] == str(batch.log_id)
        )
        bekend = session.exec(
            select(sa.func.count())
            .select_from(DoosbladRow)
            .join(DoosRow, col(DoosRow.id) == DoosbladRow.doos_id)
            .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
            .where(DoosRow.log_id == log_id, BladRow.batch_id == batch.id, col(DoosbladRow.uit_op).is_(None))
        ).one()
        weg += volgens_log - bekend
    return weg


def is_aangebroken(session: Session, doos: DoosRow) -> bool:
    """Whether paper of this doos is gone, all of it or part."""
    return find_vernietigd_op(session, doos.id) is not None or find_deels(session, doos.id) is not None


def say_deels(doos: str, opdracht: str) -> str:
    """Say in Dutch that part of a doos is destroyed, and what to do now."""
    if opdracht == VERLOREN:
        return (
            f"Van doos {doos} is volgens het logboek een deel vernietigd; de opdracht daarvoor ging met de database "
            "verloren. Er gaat niets meer in of uit, en zij komt niet op een nieuwe lijst. Bewaar wat er nog is bij "
            f"elkaar en leg vast waar: scanstraat doos verplaats {doos}"
        )
    return (
        f"Van doos {doos} is een deel vernietigd onder opdracht {opdracht}. Er gaat niets meer in of uit, en zij komt "
        "niet op een nieuwe lijst. Is de rest ook vernietigd? Leg dat vast met het bewijs van het bedrijf: scanstraat "
        f"uitvoering {opdracht} {doos}. Kwam de rest terug? Bewaar die bij elkaar en leg vast waar: scanstraat doos "
        f"verplaats {doos}"
    )


def find_deels(session: Session, doos_id: UUID) -> str | None:
    """Return the number of the order under which part of a doos is destroyed, while the rest is not.

    Of an order that was lost with the database only the log knows; its number is then VERLOREN. Before migration 0012
    such a doos could go on a new list; one that did is not held here any more.
    """
    if find_vernietigd_op(session, doos_id) is not None:
        return None
    later = (
        select(LijstdoosRow.doos_id)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == LijstdoosRow.lijst_id)
        .where(col(LijstdoosRow.doos_id) == doos_id, col(VernietigingslijstRow.op) > col(UitvoeringRow.op))
    )
    opdracht = session.exec(
        select(OpdrachtRow.nummer)
        .join(UitvoeringRow, col(UitvoeringRow.opdracht_id) == OpdrachtRow.id)
        .where(UitvoeringRow.doos_id == doos_id, UitvoeringRow.uitslag == "deels", ~sa.exists(later))
    ).first()
    if opdracht is None and any(verloren.gegevens["deels"] for verloren in find_verloren(session, doos_id, MISLUKT)):
        return VERLOREN
    return opdracht


def find_vernietigd_op(session: Session, doos_id: UUID) -> str | None:
    """Return when the paper of a doos was destroyed, by its row or, when that was lost, by the log."""
    op = session.exec(
        select(UitvoeringRow.uitgevoerd_op).where(
            UitvoeringRow.doos_id == doos_id, UitvoeringRow.uitslag == "vernietigd"
        )
    ).first()
    return op or next((str(v.gegevens["uitgevoerd_op"]) for v in find_verloren(session, doos_id, *VERNIETIGD)), None)


@dataclass(frozen=True)
class Verloren:
    """What the log knows became of a doos and of which the row was lost with the database (`herstel`)."""

    log_id: UUID
    doos: str
    soort: str
    op: str
    gegevens: Mapping[str, Any]

    @property
    def vernietigd_op(self) -> str | None:
        """When the paper was destroyed; None when only part of it was, or nothing."""
        return self.gegevens.get("uitgevoerd_op")

    def say(self) -> str:
        """Say it in Dutch."""
        deels = "een deel is vernietigd" if self.gegevens.get("deels") else "het vernietigen is mislukt"
        wat = deels if self.vernietigd_op is None else f"vernietigd op {self.vernietigd_op}"
        zonder = ", zonder grond" if self.soort == ZONDER_GROND else ""
        return f"Doos {self.doos}: {wat}{zonder}, volgens het logboek. De database is teruggezet en weet dit niet meer."


def find_verloren(session: Session, doos_id: UUID | None, *soorten: str) -> list[Verloren]:
    """Return what was lost of one doos, or of all of them; a doos that was lost itself has its number in the log."""
    if not has_herstel(session):
        return []
    er_is = sa.select(col(UitvoeringRow.gebeurtenis_id))
    vraag = (
        sa.select(GebeurtenisRow, col(DoosRow.nummer))
        .outerjoin(DoosRow, col(DoosRow.log_id) == GebeurtenisRow.onderwerp_log_id)
        .where(col(GebeurtenisRow.soort).in_(soorten), col(GebeurtenisRow.id).not_in(er_is))
        .order_by(col(GebeurtenisRow.volgnummer))
    )
    if doos_id is not None:
        log_id = select(DoosRow.log_id).where(DoosRow.id == doos_id).scalar_subquery()
        vraag = vraag.where(col(GebeurtenisRow.onderwerp_log_id) == log_id)
    return [
        Verloren(rij.onderwerp_log_id, nummer or shorten(rij.onderwerp_log_id), rij.soort, rij.op, rij.gegevens)
        for rij, nummer in session.execute(vraag)
    ]


def build_toelichting(reden: str, op: str | None, belemmeringen: str) -> dict[str, str]:
    """Return what the log holds a commitment to of an order that came to nothing, or in part: only what there is."""
    delen = {"reden": reden, "op": op or "", "belemmeringen": belemmeringen}
    return {naam: deel for naam, deel in delen.items() if deel}


def find_belemmeringen(session: Session, doos_id: UUID) -> str:
    """Return what stood in the way when paper of a doos was destroyed, in Dutch; "" when nothing did."""
    gevonden = session.exec(
        select(UitvoeringRow.belemmeringen)
        .where(UitvoeringRow.doos_id == doos_id, UitvoeringRow.belemmeringen != "")
        .order_by(col(UitvoeringRow.op))
    )
    verloren = find_verloren(session, doos_id, ZONDER_GROND)
    return " ".join([*gevonden, *(UIT_LOGBOEK.capitalize() + "." for _ in verloren)])


def has_vernietigd(session: Session, batch_id: UUID) -> bool:
    """Whether a sheet of a batch lay in a doos that was destroyed, wholly or in part."""
    dozen = session.exec(
        select(DoosbladRow.doos_id)
        .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
        .where(BladRow.batch_id == batch_id, col(DoosbladRow.uit_op).is_(None))
        .distinct()
    ).all()
    return any(
        session.exec(
            select(UitvoeringRow.id).where(UitvoeringRow.doos_id == doos_id, UitvoeringRow.uitslag != "mislukt")
        ).first()
        is not None
        or is_aangebroken(session, session.get_one(DoosRow, doos_id))
        for doos_id in dozen
    )


def find_opgedragen(session: Session, batch_id: UUID) -> list[tuple[str, str, str]]:
    """Return the dozen with sheets of a batch that were ordered and are not gone: number, order and company of each."""
    rijen = session.execute(
        sa.select(col(DoosRow.id), col(DoosRow.nummer), col(OpdrachtRow.nummer), col(OpdrachtRow.bedrijf))
        .join(LijstdoosRow, col(LijstdoosRow.doos_id) == DoosRow.id)
        .join(OpdrachtRow, col(OpdrachtRow.lijst_id) == LijstdoosRow.lijst_id)
        .join(DoosbladRow, col(DoosbladRow.doos_id) == DoosRow.id)
        .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
        .where(
            col(BladRow.batch_id) == batch_id, col(DoosbladRow.uit_op).is_(None), col(LijstdoosRow.eraf_op).is_(None)
        )
        .order_by(col(DoosRow.nummer))
        .distinct()
    ).all()
    return [tuple(namen) for doos_id, *namen in rijen if find_vernietigd_op(session, doos_id) is None]


def verify_vrij(session: Session, doos: DoosRow) -> None:
    """Return, or raise NietMogelijkError when a doos stands on a vernietigingslijst: what is in it may not change."""
    op_lijst = session.exec(
        select(LijstdoosRow.lijst_id).where(LijstdoosRow.doos_id == doos.id, col(LijstdoosRow.eraf_op).is_(None))
    ).first()
    if op_lijst is not None:
        raise NietMogelijkError(f"Doos {doos.nummer} staat op een vernietigingslijst. Trek die eerst in.")


# --- sheets -------------------------------------------------------------------------------------------------------


def parse_bladen(tekst: str) -> tuple[range, ...]:
    """Read ranges of sheets as people write them: "1-40,43".

    Raises:
        NietMogelijkError: it is anything else.
    """
    reeksen = []
    for deel in tekst.replace(" ", "").split(","):
        gevonden = _REEKS.fullmatch(deel)
        van, tot = (0, 0) if gevonden is None else (int(gevonden[1]), int(gevonden[2] or gevonden[1]))
        if not 0 < van <= tot:
            raise NietMogelijkError(f"{deel or 'Niets'} is geen reeks bladen. Schrijf bijvoorbeeld: 1-40,43")
        reeksen.append(range(van, tot + 1))
    return tuple(reeksen)


def format_bladen(nummers: Iterable[int]) -> str:
    """Return numbers of sheets as people write them: "1-40,43"."""
    delen: list[list[int]] = []
    for nummer in sorted(set(nummers)):
        if delen and nummer == delen[-1][1] + 1:
            delen[-1][1] = nummer
        else:
            delen.append([nummer, nummer])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in delen)


def fill_doos(
    session: Session, doos: DoosRow, batch: BatchRow, reeksen: Sequence[range] | None, *, door: ActorRow
) -> int:
    """Note that sheets of a batch lie in a doos; return how many came in.

    No sheet of a herscan: its paper is the sheet of the page that it replaced, and is counted there.

    Raises:
        NietMogelijkError: the doos is closed or gone (wholly or in part), or a sheet lies in another doos, or is that
            of a herscan.
        NietGevondenError: the batch has no such sheet.
    """
    _lock(session, doos)
    verify_heel(session, doos)
    if weg := count_onbekend_weg(session, batch):
        raise NietMogelijkError(
            f"Volgens het logboek is papier van batch {batch.nummer} vernietigd "
            f"({count_words(weg, 'blad', 'bladen')}), en na het terugzetten van de database is niet meer bekend welk "
            "papier dat was. Wat er nog is, gaat niet meer weg: bewaar het apart, buiten de dozen."
        )
    if doos.gesloten_op is not None:
        raise NietMogelijkError(f"Doos {doos.nummer} is dicht. Open haar eerst: scanstraat doos open {doos.nummer}")
    storage.lock_batch(session, batch.id)
    bladen = _find_bladen(session, batch, reeksen)
    herscans = storage.find_herscanbladen(session, batch.id)
    genoemd = [blad.nummer for blad in bladen if blad.id in herscans]
    if reeksen is not None and genoemd:
        raise NietMogelijkError(
            f"Blad {format_bladen(genoemd)} van batch {batch.nummer} is een herscan. Het papier daarvan is het blad "
            "dat is vervangen. Noem alleen dat blad."
        )
    bladen = [blad for blad in bladen if blad.id not in herscans]
    waar = {
        rij.blad_id: rij.doos_id
        for rij in session.exec(
            select(DoosbladRow)
            .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
            .where(BladRow.batch_id == batch.id, col(DoosbladRow.uit_op).is_(None))
        )
    }
    elders = [blad.nummer for blad in bladen if waar.get(blad.id, doos.id) != doos.id]
    if elders:
        raise NietMogelijkError(
            f"Blad {format_bladen(elders)} van batch {batch.nummer} ligt al in een andere doos. Neem het daar uit."
        )
    nieuw = [blad for blad in bladen if blad.id not in waar]
    nu = db.now_text()
    session.add_all(DoosbladRow(doos_id=doos.id, blad_id=blad.id, op=nu, actor_id=door.id) for blad in nieuw)
    session.flush()
    if nieuw:
        storage.append_gebeurtenis(
            session, "doos.gevuld", actor=door, onderwerp=doos.log_id, batch=str(batch.log_id), bladen=len(nieuw)
        )
    return len(nieuw)


def _find_bladen(session: Session, batch: BatchRow, reeksen: Sequence[range] | None) -> list[BladRow]:
    bladen = {
        blad.nummer: blad
        for blad in session.exec(select(BladRow).where(BladRow.batch_id == batch.id).order_by(col(BladRow.nummer)))
    }
    if not bladen:
        raise NietMogelijkError(f"Batch {batch.nummer} heeft nog geen bladen: wacht tot zij verwerkt is.")
    nummers = list(bladen) if reeksen is None else sorted({nummer for reeks in reeksen for nummer in reeks})
    ontbreekt = [nummer for nummer in nummers if nummer not in bladen]
    if ontbreekt:
        raise NietGevondenError(
            f"Batch {batch.nummer} heeft {count_words(len(bladen), 'blad', 'bladen')}. Daar is "
            f"{format_bladen(ontbreekt)} niet bij."
        )
    return [bladen[nummer] for nummer in nummers]


def empty_doos(
    session: Session, doos: DoosRow, batch: BatchRow, reeksen: Sequence[range] | None, *, door: ActorRow
) -> int:
    """Note that sheets of a batch were taken out of a doos; return how many.

    Raises:
        NietMogelijkError: the doos is gone, wholly or in part, or on a list.
    """
    _lock(session, doos)
    verify_heel(session, doos)
    verify_vrij(session, doos)
    ids = {blad.id for blad in _find_bladen(session, batch, reeksen)}
    rijen = [
        rij
        for rij in session.exec(
            select(DoosbladRow).where(DoosbladRow.doos_id == doos.id, col(DoosbladRow.uit_op).is_(None))
        )
        if rij.blad_id in ids
    ]
    if not rijen:
        raise NietGevondenError(f"Die bladen van batch {batch.nummer} liggen niet in doos {doos.nummer}.")
    nu = db.now_text()
    for rij in rijen:
        rij.uit_op, rij.uit_door = nu, door.id
    session.add_all(rijen)
    storage.append_gebeurtenis(
        session, "doos.geleegd", actor=door, onderwerp=doos.log_id, batch=str(batch.log_id), bladen=len(rijen)
    )
    return len(rijen)


def count_bladen(session: Session, doos_id: UUID) -> int:
    """Return how many sheets lie in a doos."""
    return session.exec(
        select(sa.func.count())
        .select_from(DoosbladRow)
        .where(DoosbladRow.doos_id == doos_id, col(DoosbladRow.uit_op).is_(None))
    ).one()


def load_inhoud(session: Session, doos_id: UUID) -> list[tuple[BatchRow, list[BladRow]]]:
    """Return what lies in a doos: each batch with its sheets that are in it, in order."""
    rijen = session.exec(
        select(BatchRow, BladRow)
        .join(BladRow, col(BladRow.batch_id) == BatchRow.id)
        .join(DoosbladRow, col(DoosbladRow.blad_id) == BladRow.id)
        .where(DoosbladRow.doos_id == doos_id, col(DoosbladRow.uit_op).is_(None))
        .order_by(col(BatchRow.nummer), col(BladRow.nummer))
    )
    per_batch: dict[UUID, tuple[BatchRow, list[BladRow]]] = {}
    for batch, blad in rijen:
        per_batch.setdefault(batch.id, (batch, []))[1].append(blad)
    return list(per_batch.values())


def find_documenten(session: Session, doos_id: UUID) -> list[DocumentRow]:
    """Return the documents of which a page is on a sheet in a doos, in order."""
    return list(
        session.exec(
            select(DocumentRow)
            .where(
                col(DocumentRow.vervallen_op).is_(None),
                col(DocumentRow.id).in_(
                    select_documenten(
                        select(DoosbladRow.blad_id).where(
                            DoosbladRow.doos_id == doos_id, col(DoosbladRow.uit_op).is_(None)
                        )
                    )
                ),
            )
            .join(BatchRow, col(BatchRow.id) == DocumentRow.batch_id)
            .order_by(col(BatchRow.nummer), col(DocumentRow.volgorde))
        )
    )


def select_documenten(bladen: Any) -> Any:
    """Select the ids of the documents of which a page is on one of these sheets.

    Also of a page that a herscan replaced: the herscan has a sheet of its own in the record, but this one is its paper.
    """
    hier = select(BeeldRow.id).where(col(BeeldRow.blad_id).in_(bladen))
    nu = select(BeeldRow.document_id).where(col(BeeldRow.id).in_(hier), col(BeeldRow.document_id).is_not(None))
    return sa.union(nu, _select_vervangen(DocumentversieRow.document_id).where(col(BeeldRow.id).in_(hier)))


def find_losse_bladen(session: Session, doos_id: UUID) -> list[tuple[BatchRow, BladRow]]:
    """Return the sheets in a doos that belong to no document now and are no scheidingsblad, in order.

    They were left out, or what they belonged to is gone; a scheidingsblad with something on its back counts too. Of
    these nobody sees the paper when a document is looked at.
    """
    hier = select(DoosbladRow.blad_id).where(DoosbladRow.doos_id == doos_id, col(DoosbladRow.uit_op).is_(None))
    beelden = select(BeeldRow.blad_id).where(col(BeeldRow.blad_id).in_(hier))
    bestaat = col(DocumentRow.vervallen_op).is_(None)
    nu = beelden.join(DocumentRow, col(DocumentRow.id) == BeeldRow.document_id).where(bestaat)
    vervangen = (
        _select_vervangen(BeeldRow.blad_id)
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .where(col(BeeldRow.blad_id).in_(hier), bestaat)
    )
    beschreven = beelden.where(BeeldRow.bestemming == "weggelaten", BeeldRow.weglaatreden != Weglaatreden.BLANCO.value)
    scheiding = beelden.where(BeeldRow.bestemming == "scheidingsblad", col(BeeldRow.blad_id).not_in(beschreven))
    bekend = {*session.exec(nu), *session.scalars(vervangen), *session.exec(scheiding)}
    return [
        (batch, blad) for batch, bladen in load_inhoud(session, doos_id) for blad in bladen if blad.id not in bekend
    ]


def _select_vervangen(kolom: Any) -> Any:
    """Select something of every page that a herscan replaced, with the versies that it stood in."""
    return (
        sa.select(kolom)
        .select_from(BeeldRow)
        .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
        .where(col(BeeldRow.weglaatreden) == Weglaatreden.VERVANGEN.value)
    )


def find_dozen_van(session: Session, document_ids: Collection[UUID]) -> list[UUID]:
    """Return the dozen in which paper of these documents lies, also that of a page which a herscan replaced."""
    vervangen = _select_vervangen(BeeldRow.id).where(col(DocumentversieRow.document_id).in_(document_ids))
    return list(
        session.exec(
            select(DoosbladRow.doos_id)
            .join(BeeldRow, col(BeeldRow.blad_id) == DoosbladRow.blad_id)
            .where(
                sa.or_(col(BeeldRow.document_id).in_(document_ids), col(BeeldRow.id).in_(vervangen)),
                col(DoosbladRow.uit_op).is_(None),
            )
            .distinct()
        )
    )


def find_vindplaatsen(session: Session, document_id: UUID) -> list[Vindplaats]:
    """Return where the sheets of a document are now, by number; of a herscan: the sheet of the page it replaced."""
    rijen = session.exec(
        select(BladRow.id, BladRow.nummer, DoosRow.id, DoosRow.nummer)
        .select_from(BeeldRow)
        .join(BladRow, col(BladRow.id) == BeeldRow.blad_id)
        .outerjoin(DoosbladRow, sa.and_(col(DoosbladRow.blad_id) == BladRow.id, col(DoosbladRow.uit_op).is_(None)))
        .outerjoin(DoosRow, col(DoosRow.id) == DoosbladRow.doos_id)
        .where(
            sa.or_(
                col(BeeldRow.document_id) == document_id,
                col(BeeldRow.id).in_(
                    _select_vervangen(BeeldRow.id).where(DocumentversieRow.document_id == document_id)
                ),
            )
        )
        .order_by(col(BladRow.nummer))
    )
    gevonden: dict[int, Vindplaats] = {}
    herscans = storage.find_herscanbladen(session, storage.load_document(session, document_id).batch_id)
    for blad_id, blad, doos_id, doos in rijen:
        if blad_id in herscans:
            continue
        plaats = None if doos_id is None else find_plaats(session, doos_id)
        weg = None if doos_id is None else find_vernietigd_op(session, doos_id)
        deels = None if doos_id is None else find_deels(session, doos_id)
        gevonden[blad] = Vindplaats(blad, doos, None if plaats is None else plaats.plaats, weg, deels)
    return list(gevonden.values())


def say_vindplaats(plekken: Iterable[Vindplaats]) -> str:
    """Say in one line where the sheets of a document are: "doos D-2026-00001 (archief), blad 2-3; niet in een doos"."""
    groepen: dict[str, list[int]] = {}
    for plek in plekken:
        if plek.doos is None:
            waar = "niet in een doos"
        elif plek.vernietigd_op is not None:
            waar = f"vernietigd, uit doos {plek.doos}"
        else:
            waar = f"doos {plek.doos} ({plek.plaats}{', deels vernietigd' if plek.deels else ''})"
        groepen.setdefault(waar, []).append(plek.blad)
    return "; ".join(f"{waar}, blad {format_bladen(bladen)}" for waar, bladen in groepen.items())


def build_doos(session: Session, doos: DoosRow) -> dict[str, Any]:
    """Return a doos as plain values: what lies in it, where it is and was."""
    plaatsen = session.exec(
        select(DoosplaatsRow, ActorRow.naam)
        .join(ActorRow, col(ActorRow.id) == DoosplaatsRow.actor_id)
        .where(DoosplaatsRow.doos_id == doos.id)
        .order_by(col(DoosplaatsRow.nummer))
    )
    inhoud = load_inhoud(session, doos.id)
    return {
        "nummer": doos.nummer,
        "gemaakt_op": doos.gemaakt_op,
        "gesloten_op": doos.gesloten_op,
        "vernietigd_op": find_vernietigd_op(session, doos.id),
        "deels_vernietigd_onder": find_deels(session, doos.id),
        "bladen": sum(len(bladen) for _, bladen in inhoud),
        "inhoud": [
            {"batch": batch.nummer, "bladen": format_bladen(blad.nummer for blad in bladen)} for batch, bladen in inhoud
        ],
        "documenten": [str(document.id) for document in find_documenten(session, doos.id)],
        "plaatsen": [{"plaats": plaats.plaats, "op": plaats.op, "door": naam} for plaats, naam in plaatsen],
    }


def load_dozen(session: Session) -> Sequence[DoosRow]:
    """Return every doos, newest first."""
    return session.exec(select(DoosRow).order_by(col(DoosRow.nummer).desc())).all()
