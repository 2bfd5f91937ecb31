"""How far a batch is, as people see it, and which stops hold its paper. Reads only; nothing of this is stored."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session, col, select

from scanstraat import besluiten, papier, personen, stops, storage
from scanstraat.domain import ONBEKEND, Batchstatus
from scanstraat.tables import BatchRow, BladRow, GebeurtenisRow
from scanstraat.tables_bewijs import (
    DoosbladRow,
    DoosRow,
    LaatsteblikRow,
    LijstdoosRow,
    OordeelRow,
    StopRow,
    TrekkingRow,
    UitvoeringRow,
    VernietigingslijstRow,
    VerzegelingRow,
    VrijgaveRow,
)
from vernietiging.gebeurtenis import VERNIETIGD, ZONDER_GROND


def find_batchstatus(session: Session, batch: BatchRow) -> Batchstatus:
    """Derive what a person sees of a batch from what is there."""
    op_de_lijn = storage.find_lijnstatus(session, batch)
    return _find_afrondstatus(session, batch) if op_de_lijn is Batchstatus.GELEVERD else op_de_lijn


def _find_afrondstatus(session: Session, batch: BatchRow) -> Batchstatus:
    """Derive how far a delivered batch is on its way to destruction."""
    bladen, vernietigd, vrijgegeven, zonder_grond = _count_bladen(session, batch)
    if bladen and bladen == vernietigd:
        return Batchstatus.ZONDER_GROND if zonder_grond else Batchstatus.VERNIETIGD
    verzegeling = session.exec(
        select(VerzegelingRow).where(VerzegelingRow.batch_id == batch.id, col(VerzegelingRow.vervallen_op).is_(None))
    ).first()
    if verzegeling is None:
        return Batchstatus.GELEVERD
    oordeel = session.exec(select(OordeelRow.uitslag).where(OordeelRow.verzegeling_id == verzegeling.id)).first()
    if oordeel == "goedgekeurd":
        mag_weg = bladen and bladen == vernietigd + vrijgegeven
        if mag_weg and not find_stops(session, batch):
            return Batchstatus.PAPIER_MAG_WEG
        return Batchstatus.GOEDGEKEURD
    if oordeel is not None:
        return Batchstatus.AFGEKEURD
    getrokken = session.exec(select(TrekkingRow.id).where(TrekkingRow.verzegeling_id == verzegeling.id)).first()
    return Batchstatus.WACHT_OP_CONTROLE if getrokken is None else Batchstatus.IN_CONTROLE


def _count_bladen(session: Session, batch: BatchRow) -> tuple[int, int, int, int]:
    """Return the number of sheets of a batch: all, destroyed, released by two, gone without grounds."""
    alle = select(sa.func.count()).select_from(BladRow).where(BladRow.batch_id == batch.id)
    alle = alle.where(col(BladRow.id).not_in(storage.find_herscanbladen(session, batch.id)))
    in_doos = alle.join(DoosbladRow, sa.and_(col(DoosbladRow.blad_id) == BladRow.id, col(DoosbladRow.uit_op).is_(None)))
    weg = sa.exists().where(
        col(UitvoeringRow.doos_id) == DoosbladRow.doos_id, col(UitvoeringRow.uitslag) == "vernietigd"
    )
    # by the log as well: after a rollback it may be all that knows
    doos = sa.exists().where(
        col(DoosRow.id) == DoosbladRow.doos_id, col(GebeurtenisRow.onderwerp_log_id) == DoosRow.log_id
    )
    is_weg = sa.or_(weg, doos.where(col(GebeurtenisRow.soort).in_(VERNIETIGD)))
    tegen = weg.where(col(UitvoeringRow.belemmeringen) != "")
    zonder_grond = sa.or_(tegen, doos.where(col(GebeurtenisRow.soort) == ZONDER_GROND))
    twee = sa.exists().where(
        col(LijstdoosRow.doos_id) == DoosbladRow.doos_id,
        col(LijstdoosRow.eraf_op).is_(None),
        col(VrijgaveRow.lijst_id) == LijstdoosRow.lijst_id,
        col(VrijgaveRow.volgnummer) == 2,
        col(VrijgaveRow.ingetrokken_op).is_(None),
    )
    vragen = (alle, in_doos.where(is_weg), in_doos.where(~is_weg, twee), in_doos.where(zonder_grond))
    bladen, weg_, vrijgegeven, tegen_ = (session.exec(vraag).one() for vraag in vragen)
    return bladen, weg_, vrijgegeven, tegen_


def _is_weg(session: Session, batch: BatchRow) -> bool:
    bladen, vernietigd, *_ = _count_bladen(session, batch)
    return 0 < bladen == vernietigd


def find_stops(session: Session, batch: BatchRow) -> list[StopRow]:
    """Return the stops that hold paper of a batch that is still there: in whichever doos, on whichever list.

    One that came back from the log without its zaak holds everything, as in the poort.
    """
    staand = stops.find_stops(session)
    if not staand or _is_weg(session, batch):
        return []  # as nearly always: then nothing is looked up for it
    in_doos = (
        select(DoosRow)
        .join(DoosbladRow, col(DoosbladRow.doos_id) == DoosRow.id)
        .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
        .where(BladRow.batch_id == batch.id, col(DoosbladRow.uit_op).is_(None))
    )
    dozen = [
        doos for doos in session.exec(in_doos.distinct()).all() if papier.find_vernietigd_op(session, doos.id) is None
    ]
    lijsten = session.exec(
        select(VernietigingslijstRow)
        .join(LijstdoosRow, col(LijstdoosRow.lijst_id) == VernietigingslijstRow.id)
        .where(col(LijstdoosRow.doos_id).in_({doos.id for doos in dozen}), col(LijstdoosRow.eraf_op).is_(None))
        .distinct()
    ).all()
    onderwerpen = set(find_onderwerpen(session, lijsten, dozen, [batch]))
    for document in storage.load_documenten(session, batch.id):
        onderwerpen |= {(stops.Over.DOCUMENT, str(document.id)), (stops.Over.ZAAK, str(document.zaakidentificatie))}
    geraakt = {stop.id for stop in stops.find_stops(session, onderwerpen)}
    zonder_zaak = (stops.Over.ZAAK.value, ONBEKEND)
    return [stop for stop in staand if stop.id in geraakt or (stop.over, stop.onderwerp) == zonder_zaak]


def find_onderwerpen(
    session: Session,
    lijsten: Iterable[VernietigingslijstRow],
    dozen: Iterable[DoosRow],
    batches: Iterable[BatchRow],
) -> Iterable[tuple[stops.Over, str]]:
    """Yield everything that a stop may be on that would hold these dozen of these lists, with the batches in them.

    A stop on a document or a zaak is found by the dozen in which the paper of that lies.
    """
    for doos in dozen:
        yield stops.Over.DOOS, str(doos.id)
    for batch in batches:
        binding = besluiten.find_binding(session, batch.id)
        if binding is not None:
            yield stops.Over.BESLUIT, str(binding.rij.id)
        for persoon_id in personen.find_betrokkenen(session, batch).personen:
            yield stops.Over.PERSOON, str(persoon_id)
        for persoon_id in session.exec(select(OordeelRow.persoon_id).where(OordeelRow.batch_id == batch.id)):
            yield stops.Over.PERSOON, str(persoon_id)
    for lijst in lijsten:
        for rij in (VrijgaveRow, LaatsteblikRow):
            for persoon_id in session.exec(select(rij.persoon_id).where(rij.lijst_id == lijst.id)):
                yield stops.Over.PERSOON, str(persoon_id)
        yield stops.Over.PERSOON, str(lijst.persoon_id)
