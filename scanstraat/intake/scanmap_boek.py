"""The rows of the scanmap: every file that ever appeared, and where it is. Works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_bestanden
from scanstraat.config import Scanmap
from scanstraat.db import format_time
from scanstraat.domain import Bestandstatus
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.intake.scanmap_regels import (
    DOOR_PERSOON,
    EIGEN_MAPPEN,
    IN_EIGEN_MAP,
    NIET_VERPLAATST,
    UIT_EIGEN_MAP,
    VERDWENEN,
    Kenmerk,
    Naamsoort,
    Reden,
    index_sleutel,
    is_in_eigen_map,
    may_be_about,
)
from scanstraat.tables import BatchRow, BronRow, ScanmapBestandRow

NIET_TERUGGEVONDEN = "niet_teruggevonden"  # decided on, but its source is neither here nor in our own folders
_ALTIJD_ONRUSTIG = 6  # times the patience: so long may a file keep changing before it is said
_INDEX_TE_LAAT_S = 86_400.0  # so long after a scan an index file for it may still come
_PER_VRAAG = 500  # values in one query
_INTAKE_SLOT = 7_220_144  # PostgreSQL advisory lock: "these bytes were here before" is decided one at a time
_QUARANTAINE = f"{EIGEN_MAPPEN[1]}/"

_Waarde = TypeVar("_Waarde")


@dataclass(frozen=True)
class Rij:
    """A row as the watcher needs it. Times are seconds since the epoch."""

    id: UUID
    pad: str
    kenmerk: Kenmerk
    status: Bestandstatus
    reden: Reden
    gezien: float
    veranderd: float
    verplaatst_naar: str | None


@dataclass(frozen=True)
class Plaats:
    """Where a file lies, as far as the rows know."""

    id: UUID
    ligt_in: str
    kenmerk: Kenmerk
    status: Bestandstatus
    reden_code: str

    @property
    def is_vreemd(self) -> bool:
        """Was it refused in one of our own folders, because we did not put it there?"""
        return self.status is Bestandstatus.GEWEIGERD and not self.is_behandeld and is_in_eigen_map(self.ligt_in)

    @property
    def is_behandeld(self) -> bool:
        """Was it taken in, put in quarantine, or refused by a person?"""
        besloten = (Bestandstatus.INGENOMEN, Bestandstatus.QUARANTAINE)
        return self.status in besloten or self.reden_code == DOOR_PERSOON


def time_text(moment: float) -> str:
    """Return seconds since the epoch as tables hold it."""
    return format_time(datetime.fromtimestamp(moment, UTC))


def _to_rij(rij: ScanmapBestandRow) -> Rij:
    return Rij(
        rij.id,
        rij.pad,
        Kenmerk(rij.inode, rij.omvang_bytes, rij.mtime_ns),
        Bestandstatus(rij.status),
        Reden(rij.reden_code, rij.reden),
        datetime.fromisoformat(rij.gezien_op).timestamp(),
        datetime.fromisoformat(rij.veranderd_op).timestamp(),
        rij.verplaatst_naar,
    )


def _chunks(waarden: Sequence[_Waarde]) -> Iterator[Sequence[_Waarde]]:
    for begin in range(0, len(waarden), _PER_VRAAG):
        yield waarden[begin : begin + _PER_VRAAG]


# --- reading ------------------------------------------------------------------------------------------------------


def load_wachtend(session: Session, scanmap: str, bekend: Set[UUID]) -> tuple[dict[str, UUID], list[Rij]]:
    """Return what waits in a scanmap: the id per path, and the rows of which the id is not among `bekend`."""
    rijen = session.exec(
        select(ScanmapBestandRow.pad, ScanmapBestandRow.id).where(
            ScanmapBestandRow.scanmap == scanmap, ScanmapBestandRow.status == Bestandstatus.WACHT.value
        )
    )
    wachtend = dict(rijen.all())
    onbekend = [id for id in wachtend.values() if id not in bekend]
    return wachtend, [_to_rij(rij) for rij in _load_all(session, onbekend).values()]


def load_beslist(session: Session, scanmap: str, paden: Sequence[str]) -> list[Rij]:
    """Return what was decided on at these paths, oldest first."""
    rijen: list[ScanmapBestandRow] = []
    for deel in _chunks(paden):
        rijen += session.exec(
            select(ScanmapBestandRow).where(
                ScanmapBestandRow.scanmap == scanmap,
                col(ScanmapBestandRow.pad).in_(deel),
                ScanmapBestandRow.status != Bestandstatus.WACHT.value,
            )
        )
    return [_to_rij(rij) for rij in sorted(rijen, key=lambda rij: rij.besloten_op or "")]


def load_niet_verplaatst(session: Session, scanmap: str) -> list[Rij]:
    """Return what was decided on but, as far as the rows know, not put away in the folder for it."""
    rij = ScanmapBestandRow
    rijen = session.exec(
        select(rij).where(
            rij.scanmap == scanmap,
            rij.reden_code != NIET_TERUGGEVONDEN,
            sa.or_(
                sa.and_(
                    col(rij.status).in_([Bestandstatus.INGENOMEN.value, Bestandstatus.QUARANTAINE.value]),
                    col(rij.verplaatst_naar).is_(None),
                ),
                sa.and_(
                    col(rij.status) == Bestandstatus.INGENOMEN.value, col(rij.verplaatst_naar).startswith(_QUARANTAINE)
                ),
            ),
        )
    )
    return [_to_rij(gevonden) for gevonden in rijen]


def load_plaatsen(session: Session, scanmap: str) -> Iterator[Plaats]:
    """Yield where every file of a scanmap lies, without keeping them in memory: in ten years there are very many."""
    rij = ScanmapBestandRow.__table__.c  # type: ignore[attr-defined]
    plek = sa.func.coalesce(rij.verplaatst_naar, rij.pad)
    vraag = sa.select(rij.id, plek, rij.inode, rij.omvang_bytes, rij.mtime_ns, rij.status, rij.reden_code)
    rijen = session.execute(vraag.where(rij.scanmap == scanmap).execution_options(yield_per=_PER_VRAAG))
    for id, ligt_in, inode, omvang, mtime, status, reden_code in rijen:
        yield Plaats(id, ligt_in, Kenmerk(inode, omvang, mtime), Bestandstatus(status), reden_code)


def load_uit_eigen_map(session: Session, scanmap: str) -> list[Rij]:
    """Return what was refused in one of our own folders with the advice to put it in the scanmap."""
    rij = ScanmapBestandRow
    rijen = session.exec(
        select(rij).where(
            rij.scanmap == scanmap,
            rij.status == Bestandstatus.GEWEIGERD.value,
            col(rij.reden_code).in_([IN_EIGEN_MAP.code, UIT_EIGEN_MAP.code]),
        )
    )
    return [_to_rij(gevonden) for gevonden in rijen]


def load_status(session: Session, ids: Sequence[UUID]) -> dict[UUID, Bestandstatus]:
    """Return where these files are now."""
    status: dict[UUID, Bestandstatus] = {}
    for deel in _chunks(ids):
        rijen = session.exec(
            select(ScanmapBestandRow.id, ScanmapBestandRow.status).where(col(ScanmapBestandRow.id).in_(deel))
        )
        status.update((id, Bestandstatus(waarde)) for id, waarde in rijen)
    return status


def has_rows(session: Session, scanmap: str) -> bool:
    """Was ever a file seen in this scanmap?"""
    return (
        session.exec(select(ScanmapBestandRow.id).where(ScanmapBestandRow.scanmap == scanmap).limit(1)).first()
        is not None
    )


def has_wachtend(session: Session, scanmap: str, pad: str) -> bool:
    """Does a file wait at this path?"""
    rij = ScanmapBestandRow
    vraag = select(rij.id).where(rij.scanmap == scanmap, rij.pad == pad, rij.status == Bestandstatus.WACHT.value)
    return session.exec(vraag.limit(1)).first() is not None


def has_ander_liggend(session: Session, bestand: ScanmapBestandRow) -> bool:
    """Lies another file at the path of this one that was taken in, but could not be put away?"""
    rij = ScanmapBestandRow
    vraag = select(rij.id).where(
        rij.scanmap == bestand.scanmap,
        rij.pad == bestand.pad,
        rij.id != bestand.id,
        rij.status == Bestandstatus.INGENOMEN.value,
        col(rij.verplaatst_naar).is_(None),
        rij.reden_code != NIET_TERUGGEVONDEN,
    )
    return session.exec(vraag.limit(1)).first() is not None


def load_bestand(session: Session, bestand_id: UUID) -> ScanmapBestandRow:
    """Return a row, held until the end of the transaction."""
    rij = session.exec(select(ScanmapBestandRow).where(ScanmapBestandRow.id == bestand_id).with_for_update()).first()
    if rij is None:
        raise NietGevondenError("Dit bestand is nooit in een scanmap gezien. `scanstraat scanmap` toont welke wel.")
    return rij


def lock_wachtend(session: Session, ids: Iterable[UUID]) -> dict[UUID, ScanmapBestandRow]:
    """Return those of these rows that still wait, held until the end of the transaction."""
    gevonden: dict[UUID, ScanmapBestandRow] = {}
    for deel in _chunks(sorted(ids)):  # always in the same order: two that lock never wait for each other
        rijen = session.exec(
            select(ScanmapBestandRow)
            .where(col(ScanmapBestandRow.id).in_(deel), ScanmapBestandRow.status == Bestandstatus.WACHT.value)
            .order_by(col(ScanmapBestandRow.id))
            .with_for_update()
        )
        gevonden.update((rij.id, rij) for rij in rijen)
    return gevonden


def find_eerste_bronnen(session: Session, sha256s: Sequence[str]) -> dict[str, UUID]:
    """Return per hash the first bron that ever had these bytes; holds off others that would ask the same."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.text("select pg_advisory_xact_lock(:slot)"), {"slot": _INTAKE_SLOT})
    eerste: dict[str, UUID] = {}
    for deel in _chunks(sorted(set(sha256s))):
        rijen = session.exec(
            select(BronRow.sha256, BronRow.id)
            .where(col(BronRow.sha256).in_(deel))
            .order_by(col(BronRow.ontvangen_op).desc(), col(BronRow.volgnummer).desc())
        )
        eerste.update((sha256, bron_id) for sha256, bron_id in rijen)  # the last one written is the oldest
    return eerste


def find_eerder_genoemd(
    session: Session, scanmap: str, paden: Sequence[str], *, index: str, index_gezien: float, nu: float
) -> str | None:
    """Return the path of an earlier scan that an index file may be about, instead of the one of that name that is here.

    That is: one that was taken in while the index file lay there already, or the last one of the day without any index
    file that could be about it. None when it can only be about these scans. Names are the same as an index file means
    them: capitals and extension do not count.

    Args:
        paden: of the scans that are to be taken in now.
        index: path of the index file.
        index_gezien: when it was first seen.
    """
    sleutels = {index_sleutel(pad) for pad in paden if may_be_about(index, pad)}
    rij = ScanmapBestandRow
    rijen = session.exec(
        select(rij.pad, rij.besloten_op, BronRow.batch_id)
        .join(BronRow, col(BronRow.id) == rij.bron_id, isouter=True)
        .where(
            rij.scanmap == scanmap,
            rij.rol == Naamsoort.SCAN.value,
            col(rij.status).in_([Bestandstatus.INGENOMEN.value, Bestandstatus.QUARANTAINE.value]),
            col(rij.besloten_op) >= time_text(min(index_gezien, nu - _INDEX_TE_LAAT_S)),
        )
        .order_by(col(rij.besloten_op))
    )
    laatste = {index_sleutel(pad): (pad, op, batch) for pad, op, batch in rijen if index_sleutel(pad) in sleutels}
    for pad, besloten_op, batch_id in laatste.values():
        if besloten_op is not None and besloten_op >= time_text(index_gezien):
            return pad
        if not any(may_be_about(naam, pad) for naam in _find_indexnamen(session, scanmap, besloten_op, batch_id)):
            return pad
    return None


def _find_indexnamen(session: Session, scanmap: str, besloten_op: str | None, batch_id: UUID | None) -> list[str]:
    """Return the index files that went along with a scan: into its batch, or into quarantine."""
    if batch_id is not None:
        batch = session.get(BatchRow, batch_id)
        return [] if batch is None else [deel["naam"] for deel in batch.indexbestanden]
    rij = ScanmapBestandRow
    samen = select(rij.pad).where(
        rij.scanmap == scanmap, rij.rol == Naamsoort.INDEX.value, col(rij.besloten_op) == besloten_op
    )
    return list(session.exec(samen))


def tel_bestanden(session: Session, scanmap: str | None = None) -> dict[str, int]:
    """Count every file ever seen, in total (`gezien`) and per place.

    The invariant: `gezien` = wacht + ingenomen + quarantaine + geweigerd. `verdwenen` is a part of wacht.
    """
    rij = ScanmapBestandRow
    vraag = select(
        rij.status, sa.func.count(), sa.func.sum(sa.case((col(rij.reden_code) == VERDWENEN.code, 1), else_=0))
    )
    if scanmap is not None:
        vraag = vraag.where(rij.scanmap == scanmap)
    totaal = select(sa.func.count()).select_from(rij)
    if scanmap is not None:
        totaal = totaal.where(rij.scanmap == scanmap)
    telling = {status.value: 0 for status in Bestandstatus} | {"verdwenen": 0}
    for status, aantal, verdwenen in session.exec(vraag.group_by(rij.status)):
        telling[status] = aantal
        if status == Bestandstatus.WACHT.value:
            telling["verdwenen"] = verdwenen
    telling["gezien"] = session.exec(totaal).one()
    return telling


def is_sluitend(telling: Mapping[str, int]) -> bool:
    """Is every file that was seen in exactly one place?"""
    return telling["gezien"] == sum(telling[status.value] for status in Bestandstatus)


def find_wachtproblemen(session: Session, scanmap: Scanmap, nu: float) -> tuple[str, ...]:
    """Say in Dutch what waits too long in a scanmap, what is gone, what could not be put away or lies where we put."""
    rij = ScanmapBestandRow
    grens = time_text(nu - scanmap.geduld_s)
    rijen = session.exec(
        select(rij.reden_code, sa.func.max(rij.reden), sa.func.count())
        .where(
            rij.scanmap == scanmap.naam,
            sa.or_(
                sa.and_(
                    col(rij.status) == Bestandstatus.WACHT.value,
                    sa.or_(
                        col(rij.reden_code) == VERDWENEN.code,
                        col(rij.veranderd_op) < grens,
                        # It never comes to rest: it grows for hours, or its disk gives it a new inode at every look.
                        col(rij.gezien_op) < time_text(nu - _ALTIJD_ONRUSTIG * scanmap.geduld_s),
                    ),
                ),
                sa.and_(
                    col(rij.status) != Bestandstatus.WACHT.value,
                    col(rij.reden_code).in_([NIET_VERPLAATST.code, IN_EIGEN_MAP.code]),
                ),
            ),
        )
        .group_by(rij.reden_code)
        .order_by(rij.reden_code)
    )
    return tuple(f"Scanmap {scanmap.naam}, {count_bestanden(aantal)}: {reden}" for _, reden, aantal in rijen)


# --- writing ------------------------------------------------------------------------------------------------------


def save_nieuw(
    session: Session,
    scanmap: str,
    nieuw: Iterable[tuple[UUID, str, Naamsoort, Kenmerk, Reden]],
    nu: float,
    *,
    status: Bestandstatus = Bestandstatus.WACHT,
) -> None:
    """Add files that were seen for the first time: (id, pad, soort, kenmerk, reden)."""
    waarden: list[dict[str, Any]] = [
        {
            "id": id,
            "scanmap": scanmap,
            "pad": pad,
            "rol": soort.rol,
            "inode": kenmerk.inode,
            "omvang_bytes": kenmerk.omvang_bytes,
            "mtime_ns": kenmerk.mtime_ns,
            "status": status.value,
            "reden_code": reden.code,
            "reden": reden.tekst,
            "gezien_op": time_text(nu),
            "veranderd_op": time_text(nu),
            "besloten_op": None if status is Bestandstatus.WACHT else time_text(nu),
        }
        for id, pad, soort, kenmerk, reden in nieuw
    ]
    if waarden:
        session.execute(sa.insert(ScanmapBestandRow), waarden)


def save_waarden(session: Session, waarden: Mapping[UUID, Mapping[str, Any]], *, alleen_wachtend: bool = True) -> None:
    """Change columns of rows; those that no longer wait are left alone unless told otherwise."""
    if not waarden:
        return
    rijen = lock_wachtend(session, waarden) if alleen_wachtend else _load_all(session, waarden, hou_vast=True)
    for id, rij in rijen.items():
        for naam, waarde in waarden[id].items():
            setattr(rij, naam, waarde)
        session.add(rij)
    session.flush()


def _load_all(session: Session, ids: Iterable[UUID], *, hou_vast: bool = False) -> dict[UUID, ScanmapBestandRow]:
    gevonden: dict[UUID, ScanmapBestandRow] = {}
    for deel in _chunks(sorted(ids)):
        vraag = select(ScanmapBestandRow).where(col(ScanmapBestandRow.id).in_(deel)).order_by(col(ScanmapBestandRow.id))
        gevonden.update((rij.id, rij) for rij in session.exec(vraag.with_for_update() if hou_vast else vraag))
    return gevonden


def weigeren(session: Session, bestand_id: UUID, reden: str, *, nu: float) -> ScanmapBestandRow:
    """A person decides that a file in quarantine, or one that disappeared, will not be taken in. It stays where it is.

    Raises:
        NietGevondenError: no such file.
        NietMogelijkError: it is in another place, or no reason was given.
    """
    if not reden.strip():
        raise NietMogelijkError("Geef een reden waarom dit bestand niet wordt ingenomen.")
    rij = load_bestand(session, bestand_id)
    verdwenen = rij.status == Bestandstatus.WACHT.value and rij.reden_code == VERDWENEN.code
    if rij.status != Bestandstatus.QUARANTAINE.value and not verdwenen:
        raise NietMogelijkError(
            "Alleen een bestand in quarantaine, of een dat is verdwenen, kunt u weigeren. "
            "`scanstraat quarantaine` toont welke dat zijn."
        )
    rij.status = Bestandstatus.GEWEIGERD.value
    rij.reden_code, rij.reden, rij.besloten_op = DOOR_PERSOON, reden.strip(), time_text(nu)
    session.add(rij)
    session.flush()
    return rij
