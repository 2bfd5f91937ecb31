"""The rows of what came back from the log: as far as the log, and the files that it names, say what they were.

Only what forbids, and where paper is, gets a row again. What was allowed after the back-up does not hold any more:
people decide that anew. The words of people are lost with their keys; a row then says so. What cannot be made again
from the log stays a known difference (`rijcontrole`), and the paper that it is about stays.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from scanstraat import backup, papier, stops, storage
from scanstraat.bootstrap import Basis
from scanstraat.rijen import UIT_LOGBOEK
from scanstraat.stops import Over
from scanstraat.tables import ActorRow, BatchRow, BladRow, DocumentRow, GebeurtenisRow, LogregelRow, ObjectRow
from scanstraat.tables_bewijs import (
    BesluitRow,
    BindingRow,
    DoosbladRow,
    DoosRow,
    LijstdoosRow,
    MandaatRow,
    OpdrachtRow,
    PersoonRow,
    StopRow,
    TermijnverlengingRow,
    UitzonderingRow,
    VernietigingslijstRow,
    VrijgaveRow,
)
from vernietiging.gebeurtenis import Gebeurtenis, find_objecten

_BEWEGINGEN = {"doos.gevuld": 1, "doos.geleegd": -1}


@dataclass(frozen=True)
class Onbekend:
    """Sheets that left a doos, by the log, and of which nothing says which ones: the rows still have them."""

    doos: UUID
    batch: UUID
    bladen: int


def restore(basis: Basis, session: Session, gebeurtenissen: Sequence[Gebeurtenis]) -> list[Onbekend]:
    """Make the rows again of events that are back in the record, in the order of the log.

    Returns what must be recorded as being in a doos still: whoever takes it out, takes it out once more by the log.
    """
    for gebeurtenis in gebeurtenissen:
        _restore_objecten(basis, session, gebeurtenis)
        maak = _RIJEN.get(gebeurtenis.soort)
        if maak is not None:
            maak(session, gebeurtenis)
            session.flush()
    onbekend = _restore_inhoud(session, gebeurtenissen, _read_lijsten(basis, gebeurtenissen))
    for gebeurtenis in gebeurtenissen:  # after its sheets: nothing goes into a doos that is closed
        if gebeurtenis.soort in ("doos.gesloten", "doos.geopend"):
            doos = _find(session, DoosRow, DoosRow.log_id, gebeurtenis.onderwerp)
            if doos is not None:
                doos.gesloten_op = gebeurtenis.op if gebeurtenis.soort == "doos.gesloten" else None
                session.add(doos)
    session.flush()
    return onbekend


def _find(session: Session, tabel: type[Any], kolom: Any, waarde: Any) -> Any:
    return session.exec(select(tabel).where(kolom == waarde)).first()


def _find_actor(session: Session, gebeurtenis: Gebeurtenis) -> ActorRow:
    """Return who did it; somebody who came after the back-up is not known any more."""
    actor = _find(session, ActorRow, ActorRow.log_id, gebeurtenis.actor)
    return storage.load_actor(session, "herstel") if actor is None else actor


def _find_persoon(session: Session, gebeurtenis: Gebeurtenis) -> UUID | None:
    persoon = _find(session, PersoonRow, PersoonRow.actor_id, _find_actor(session, gebeurtenis).id)
    return None if persoon is None else persoon.id


def _restore_objecten(basis: Basis, session: Session, gebeurtenis: Gebeurtenis) -> None:
    """Note again which files an event speaks of, as far as they lie whole in the store: back-ups then have them too."""
    for sha256 in find_objecten(gebeurtenis):
        if session.get(ObjectRow, sha256) is None and basis.opslag.heeft(sha256):
            vingerafdruk = backup.fingerprint(basis.opslag.pad(sha256))
            if vingerafdruk.sha256 == sha256:
                storage.save_object(session, vingerafdruk, "hersteld")


# --- what forbids -------------------------------------------------------------------------------------------------


def _place_stop(session: Session, gebeurtenis: Gebeurtenis) -> None:
    """Put a stop back that was lost: with a row it can be lifted.

    Of a zaak the log has no number. It then holds all paper, until people placed the right stop and lifted this one.
    """
    gegevens = gebeurtenis.gegevens
    session.add(
        StopRow(
            log_id=gebeurtenis.onderwerp,
            soort=gegevens["soort"],
            over=gegevens["over"],
            onderwerp=stops.find_onderwerp(session, Over(gegevens["over"]), UUID(gegevens["betreft"])),
            reden=UIT_LOGBOEK,
            geplaatst_op=gebeurtenis.op,
            geplaatst_door=_find_actor(session, gebeurtenis).id,
        )
    )


def _lift_stop(session: Session, gebeurtenis: Gebeurtenis) -> None:
    stop = session.exec(select(StopRow).where(StopRow.log_id == gebeurtenis.onderwerp)).one()
    stop.opgeheven_op, stop.opgeheven_door = gebeurtenis.op, _find_actor(session, gebeurtenis).id
    stop.opheffingsreden = UIT_LOGBOEK
    session.add(stop)


def _revoke_mandaat(session: Session, gebeurtenis: Gebeurtenis) -> None:
    mandaat = _find(session, MandaatRow, MandaatRow.log_id, UUID(gebeurtenis.gegevens["mandaat"]))
    if mandaat is not None:  # else it was given after the back-up, and is lost itself
        mandaat.ingetrokken_op, mandaat.ingetrokken_door = gebeurtenis.op, _find_persoon(session, gebeurtenis)
        session.add(mandaat)


def _extend_termijn(session: Session, gebeurtenis: Gebeurtenis) -> None:
    batch = _find(session, BatchRow, BatchRow.log_id, gebeurtenis.onderwerp)
    persoon_id = _find_persoon(session, gebeurtenis)
    if batch is not None and persoon_id is not None:
        session.add(
            TermijnverlengingRow(
                batch_id=batch.id,
                tot=gebeurtenis.gegevens["tot"],
                reden=UIT_LOGBOEK,
                op=gebeurtenis.op,
                persoon_id=persoon_id,
            )
        )


def _add_uitzondering(session: Session, gebeurtenis: Gebeurtenis) -> None:
    document = session.get(DocumentRow, UUID(gebeurtenis.gegevens["document"]))
    if document is not None:
        session.add(
            UitzonderingRow(
                document_id=document.id,
                reden=gebeurtenis.gegevens["reden"],
                toelichting=UIT_LOGBOEK,
                vindplaats=UIT_LOGBOEK,
                op=gebeurtenis.op,
                actor_id=_find_actor(session, gebeurtenis).id,
            )
        )


def _end_uitzondering(session: Session, gebeurtenis: Gebeurtenis) -> None:
    staand = session.exec(
        select(UitzonderingRow).where(
            UitzonderingRow.document_id == UUID(gebeurtenis.gegevens["document"]),
            col(UitzonderingRow.ingetrokken_op).is_(None),
        )
    ).first()
    if staand is not None:
        staand.ingetrokken_op, staand.ingetrokken_door = gebeurtenis.op, _find_actor(session, gebeurtenis).id
        session.add(staand)


def _bind(session: Session, gebeurtenis: Gebeurtenis) -> None:
    batch = _find(session, BatchRow, BatchRow.log_id, gebeurtenis.onderwerp)
    besluit = _find(session, BesluitRow, BesluitRow.log_id, UUID(gebeurtenis.gegevens["besluit"]))
    if batch is None or besluit is None:
        return
    oud = session.exec(
        select(BindingRow).where(BindingRow.batch_id == batch.id, col(BindingRow.vervallen_op).is_(None))
    ).first()
    if oud is not None:
        oud.vervallen_op = gebeurtenis.op
        session.add(oud)
        session.flush()
    actor = _find_actor(session, gebeurtenis)
    session.add(BindingRow(batch_id=batch.id, besluit_id=besluit.id, op=gebeurtenis.op, actor_id=actor.id))


def _withdraw_lijst(session: Session, gebeurtenis: Gebeurtenis) -> None:
    lijst = _find(session, VernietigingslijstRow, VernietigingslijstRow.log_id, gebeurtenis.onderwerp)
    if lijst is None:
        return
    lijst.ingetrokken_op, lijst.ingetrokken_door = gebeurtenis.op, _find_persoon(session, gebeurtenis)
    session.add(lijst)
    for rij in session.exec(
        select(LijstdoosRow).where(LijstdoosRow.lijst_id == lijst.id, col(LijstdoosRow.eraf_op).is_(None))
    ):
        rij.eraf_op = gebeurtenis.op
        session.add(rij)


def _withdraw_vrijgave(session: Session, gebeurtenis: Gebeurtenis) -> None:
    vrijgave = session.exec(
        select(VrijgaveRow)
        .join(GebeurtenisRow, col(GebeurtenisRow.id) == VrijgaveRow.gebeurtenis_id)
        .join(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
        .where(LogregelRow.nummer == gebeurtenis.gegevens["vrijgave"])
    ).first()
    if vrijgave is not None:
        vrijgave.ingetrokken_op, vrijgave.ingetrokken_door = gebeurtenis.op, _find_persoon(session, gebeurtenis)
        session.add(vrijgave)


def find_halve_lijsten(session: Session, gebeurtenissen: Iterable[Gebeurtenis]) -> list[VernietigingslijstRow]:
    """Return the lists that stand, without an order, and of which the log knows a step that the rows do not.

    Going on with one would take that step twice, which the log does not allow.
    """
    over = {
        UUID(g.gegevens.get("lijst", str(g.onderwerp)))
        for g in gebeurtenissen
        if g.soort in ("laatste_blik.getrokken", "laatste_blik.gedaan", "vrijgave", "vrijgave.ingetrokken")
    }
    besteld = select(OpdrachtRow.lijst_id)
    return list(
        session.exec(
            select(VernietigingslijstRow)
            .where(
                col(VernietigingslijstRow.log_id).in_(over),
                col(VernietigingslijstRow.ingetrokken_op).is_(None),
                col(VernietigingslijstRow.id).not_in(besteld),
            )
            .order_by(col(VernietigingslijstRow.op))
        )
    )


# --- where the paper is -------------------------------------------------------------------------------------------


def _make_doos(session: Session, gebeurtenis: Gebeurtenis) -> None:
    """Make a doos again under the number that it had: numbers are given out in order."""
    session.add(
        DoosRow(
            log_id=gebeurtenis.onderwerp,
            nummer=papier.next_doosnummer(session, int(gebeurtenis.op[:4])),
            gemaakt_op=gebeurtenis.op,
        )
    )


def _move_doos(session: Session, gebeurtenis: Gebeurtenis) -> None:
    doos = _find(session, DoosRow, DoosRow.log_id, gebeurtenis.onderwerp)
    if doos is not None:
        papier.add_plaats(session, doos, UIT_LOGBOEK, gebeurtenis.op, door=_find_actor(session, gebeurtenis))


@dataclass
class _Inhoud:
    """What of one batch lies in one doos: by the rows as they were, what moved since, and what a list says at last."""

    doos: DoosRow
    batch: BatchRow
    toen: int
    bewegingen: list[Gebeurtenis]
    lijst: frozenset[UUID] | None  # the sheets

    @property
    def aantal(self) -> int:
        """How many sheets it is by the log."""
        erbij: int = sum(_BEWEGINGEN[g.soort] * g.gegevens["bladen"] for g in self.bewegingen)
        return self.toen + erbij

    def find(self, soort: str) -> Gebeurtenis | None:
        """Return the last move of a kind."""
        return next((g for g in reversed(self.bewegingen) if g.soort == soort), None)


def _restore_inhoud(
    session: Session, gebeurtenissen: Iterable[Gebeurtenis], lijsten: Mapping[tuple[UUID, UUID], str]
) -> list[Onbekend]:
    """Put the sheets of each batch back where the log says they lie, as far as it is sure which ones.

    A list that was made of a doos says it; else it is sure when all sheets that are left lie there, or none. Where it
    is not, the doos keeps what it has, and `rijcontrole` says so. First everything is taken out that left: then it does
    not matter in which order people moved it.
    """
    inhouden = _load_inhouden(session, gebeurtenissen, lijsten)
    for inhoud in inhouden:
        if not inhoud.aantal or inhoud.lijst is not None:
            _take_out(session, inhoud)
    for inhoud in sorted(inhouden, key=lambda inhoud: inhoud.lijst is None):
        _fill(session, inhoud)
    return [
        Onbekend(inhoud.doos.log_id, inhoud.batch.log_id, over)
        for inhoud in inhouden
        if (over := len(_load_hier(session, inhoud)) - inhoud.aantal) > 0
        and not papier.is_aangebroken(session, inhoud.doos)
    ]


def _load_inhouden(
    session: Session, gebeurtenissen: Iterable[Gebeurtenis], lijsten: Mapping[tuple[UUID, UUID], str]
) -> list[_Inhoud]:
    per: dict[tuple[UUID, UUID], list[Gebeurtenis]] = defaultdict(list)
    for gebeurtenis in gebeurtenissen:
        if gebeurtenis.soort in _BEWEGINGEN:
            per[gebeurtenis.onderwerp, UUID(gebeurtenis.gegevens["batch"])].append(gebeurtenis)
    gevonden = []
    for plek, bewegingen in per.items():
        doos = _find(session, DoosRow, DoosRow.log_id, plek[0])
        batch = _find(session, BatchRow, BatchRow.log_id, plek[1])
        if doos is not None and batch is not None:
            lijst = None
            if plek in lijsten:
                genoemd = {nummer for reeks in papier.parse_bladen(lijsten[plek]) for nummer in reeks}
                bladen = select(BladRow.id).where(BladRow.batch_id == batch.id, col(BladRow.nummer).in_(genoemd))
                lijst = frozenset(session.exec(bladen))
            inhoud = _Inhoud(doos, batch, 0, bewegingen, None)
            inhoud.toen = len(_load_hier(session, inhoud))
            # One that is not what the log counts says nothing.
            inhoud.lijst = lijst if lijst is not None and len(lijst) == inhoud.aantal else None
            gevonden.append(inhoud)
    return gevonden


def _load_hier(session: Session, inhoud: _Inhoud) -> list[DoosbladRow]:
    return list(
        session.exec(
            select(DoosbladRow)
            .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
            .where(
                BladRow.batch_id == inhoud.batch.id,
                DoosbladRow.doos_id == inhoud.doos.id,
                col(DoosbladRow.uit_op).is_(None),
            )
        )
    )


def _take_out(session: Session, inhoud: _Inhoud) -> None:
    weg = inhoud.find("doos.geleegd")
    if weg is not None:
        for rij in _load_hier(session, inhoud):
            rij.uit_op, rij.uit_door = weg.op, _find_actor(session, weg).id
            session.add(rij)
        session.flush()


def _fill(session: Session, inhoud: _Inhoud) -> None:
    """Put in what a list says, or all that is left when that is as many; nothing when it is not sure."""
    erin = inhoud.find("doos.gevuld")
    if erin is None:
        return
    in_doos = set(
        session.exec(
            select(DoosbladRow.blad_id)
            .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
            .where(BladRow.batch_id == inhoud.batch.id, col(DoosbladRow.uit_op).is_(None))
        )
    )
    hier = {rij.blad_id for rij in _load_hier(session, inhoud)}
    alle = set(session.exec(select(BladRow.id).where(BladRow.batch_id == inhoud.batch.id)))
    los = alle - in_doos - storage.find_herscanbladen(session, inhoud.batch.id)
    nieuw = los if inhoud.lijst is None else set(inhoud.lijst) - hier
    if len(hier) + len(nieuw) != inhoud.aantal or not nieuw <= los:
        return
    actor = _find_actor(session, erin)
    session.add_all(
        DoosbladRow(doos_id=inhoud.doos.id, blad_id=blad_id, op=erin.op, actor_id=actor.id) for blad_id in sorted(nieuw)
    )
    session.flush()


def _read_lijsten(basis: Basis, gebeurtenissen: Iterable[Gebeurtenis]) -> Mapping[tuple[UUID, UUID], str]:
    """Return which sheets of a batch lie in a doos, "1-40,43", where a list says so and nothing moved since."""
    gevonden: dict[tuple[UUID, UUID], str] = {}
    for gebeurtenis in gebeurtenissen:
        if gebeurtenis.soort in _BEWEGINGEN:
            gevonden.pop((gebeurtenis.onderwerp, UUID(gebeurtenis.gegevens["batch"])), None)
        elif gebeurtenis.soort == "lijst.voorgesteld":
            sha256 = gebeurtenis.gegevens["inhoud"]
            if basis.opslag.heeft(sha256) and backup.fingerprint(basis.opslag.pad(sha256)).sha256 == sha256:
                for doos in json.loads(basis.opslag.pad(sha256).read_bytes())["dozen"]:
                    for batch in doos["batches"]:
                        gevonden[UUID(doos["doos"]), UUID(batch["batch"])] = batch["bladen"]
    return gevonden


_RIJEN = {
    "stop.geplaatst": _place_stop,
    "stop.opgeheven": _lift_stop,
    "mandaat.ingetrokken": _revoke_mandaat,
    "termijn.verlengd": _extend_termijn,
    "uitzondering.vastgelegd": _add_uitzondering,
    "uitzondering.ingetrokken": _end_uitzondering,
    "batch.gebonden": _bind,
    "lijst.ingetrokken": _withdraw_lijst,
    "vrijgave.ingetrokken": _withdraw_vrijgave,
    "doos.gemaakt": _make_doos,
    "doos.verplaatst": _move_doos,
}
