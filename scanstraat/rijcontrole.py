"""Do the rows say what the events say? The events are sealed; the rows are what every decision is taken on.

Who owns the database can change a row and leave the log as it is. So each row that paper goes on is held against its
event: what the event says openly field by field, and what it holds a commitment to (names, numbers of zaken, words) by
making that commitment again from the row. A row without an event, an event without a row and a commitment that can no
longer be made are differences too.

What the events do not hold is not compared: to which zaak a document was linked before its batch was sealed, who
scanned a batch, the grondslag of a mandaat, and which sheet of a batch lies in which of its dozen (their number is).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from scanstraat import logstand, storage
from scanstraat.domain import ONBEKEND
from scanstraat.tables import (
    ActorRow,
    AfleveringRow,
    BatchRow,
    BladRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    LogregelRow,
)
from scanstraat.tables_bewijs import (
    BesluitRow,
    BindingRow,
    DoosbladRow,
    DoosplaatsRow,
    DoosRow,
    HandboekRow,
    LaatsteblikRow,
    MandaatRow,
    OndertekeningRow,
    OordeelRow,
    OpdrachtRow,
    PersoonRow,
    PersoonsnaamRow,
    StopRow,
    TermijnverlengingRow,
    TrekkingRow,
    UitvoeringRow,
    UitzonderingRow,
    VerklaringRow,
    VernietigingslijstRow,
    VerpaktRow,
    VervoerRow,
    VerzegelingRow,
    VrijgaveRow,
)
from vernietiging.boom import hash_blad
from vernietiging.errors import GebeurtenisError, VernietigingError
from vernietiging.gebeurtenis import canonical_json, verpak
from vernietiging.tegels import BREEDTE, Tegelmap

# What of the events that came back from the log without their rows (`herstel`) holds all the same: what forbids, and
# what was done to paper. What they allowed is simply not there any more.
BLIJFT = (
    *(
        "stop.geplaatst",
        "stop.opgeheven",
        "mandaat.ingetrokken",
        "termijn.verlengd",
        "batch.gebonden",
        "documentversie.gearchiveerd",
    ),
    *("doos.gevuld", "doos.geleegd", "vernietiging.uitgevoerd", "vernietiging.zonder_grond", "vernietiging.mislukt"),
)


SPELING = timedelta(hours=1)  # between the time in a row and that of its event
UIT_LOGBOEK = "teruggehaald uit het logboek; de woorden zijn verloren"


class Wat(StrEnum):
    """What a difference is about."""

    GEBEURTENIS = "gebeurtenis"
    PERSOON = "persoon"
    MANDAAT = "mandaat"
    STOP = "stop"
    BESLUIT = "besluit"
    BINDING = "binding"
    TERMIJN = "termijn"
    UITZONDERING = "uitzondering"
    DOOS = "doos"
    DOCUMENT = "document"
    ZAAK = "zaak"
    BEVINDING = "bevinding"
    VERZEGELING = "verzegeling"
    OORDEEL = "oordeel"
    LIJST = "lijst"
    LAATSTE_BLIK = "laatste blik"
    VRIJGAVE = "vrijgave"
    OPDRACHT = "opdracht"
    UITVOERING = "uitvoering"
    VERKLARING = "verklaring"


@dataclass(frozen=True)
class Verschil:
    """One thing of which the database says something else than the events."""

    wat: Wat
    tekst: str  # a Dutch sentence, without names or numbers of zaken


@dataclass(frozen=True)
class _Gebeurtenis:
    """An event as it is needed here, with the keys of what it holds a commitment to."""

    id: UUID
    soort: str
    actor: UUID
    onderwerp: UUID
    gegevens: Mapping[str, Any]
    sleutels: Mapping[str, str | None]
    op: str
    is_terug: bool = False  # came back from the log after a rollback: nobody has its keys any more

    def holds(self, veld: str, inhoud: Any) -> bool:
        """Whether the commitment in this field is one to `inhoud`; no when its key is gone."""
        sleutel = self.sleutels.get(veld)
        try:
            return sleutel is not None and verpak(bytes.fromhex(sleutel), inhoud) == self.gegevens[veld]
        except (GebeurtenisError, ValueError):
            return False


def find_verschillen(session: Session, ids: Collection[UUID] | None = None) -> Iterator[Verschil]:
    """Yield everything in which rows and events differ.

    Args:
        ids: keep to the batches, dozen and lijsten with these ids of the log; people, mandaten, stops and besluiten are
            always all compared, because anything may rest on them.
    """
    yield from _compare_personen(session)
    yield from _compare_mandaten(session)
    yield from _compare_stops(session)
    yield from _compare_besluiten(session)
    yield from _compare_bindingen(session, ids)
    yield from _compare_termijnen(session, ids)
    yield from _compare_uitzonderingen(session, ids)
    yield from _compare_dozen(session, ids)
    yield from _compare_versies(session, ids)
    yield from _compare_bevindingen(session, ids)
    yield from _compare_tijden(session, ids)
    yield from _compare_beslissingen(session, ids)


def find_andere_regels(session: Session, tegels: Tegelmap, ids: Collection[UUID]) -> Iterator[Verschil]:
    """Yield the sealed events about these ids, and about people, mandaten and stops, that are not what was sealed."""
    mensen = ("persoon.", "mandaat.", "stop.", "besluit.", "handboek.", "herstel.")
    rijen = session.exec(
        select(LogregelRow.nummer, GebeurtenisRow)
        .join(GebeurtenisRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
        .where(
            sa.or_(
                col(GebeurtenisRow.onderwerp_log_id).in_(ids),
                *(col(GebeurtenisRow.soort).startswith(begin, autoescape=True) for begin in mensen),
            )
        )
        .order_by(col(LogregelRow.nummer))
    ).all()
    breedten = {nummer // BREEDTE: nummer % BREEDTE + 1 for nummer, _ in rijen}  # of each tile up to its last line here
    hashes = {n: _read_hashes(tegels, n, breedte) for n, breedte in breedten.items()}
    for nummer, rij in rijen:
        try:
            gelijk = hash_blad(logstand.build_blad(rij)) == hashes[nummer // BREEDTE][nummer % BREEDTE]
        except (GebeurtenisError, ValueError, IndexError):
            gelijk = False
        if not gelijk:
            yield Verschil(Wat.GEBEURTENIS, f"Gebeurtenis {nummer} staat anders in de database dan in het logboek.")


def _read_hashes(tegels: Tegelmap, n: int, breedte: int) -> Sequence[bytes]:
    try:
        return tegels.read_hashes(0, n, breedte)
    except VernietigingError:
        return ()


# --- loading ------------------------------------------------------------------------------------------------------


def _load(session: Session, *soorten: str, ids: Collection[UUID] | Any | None = None) -> list[_Gebeurtenis]:
    """Return the events of these kinds in the order in which they were written, of these subjects only if given."""
    kolommen = (
        GebeurtenisRow.id, GebeurtenisRow.soort, GebeurtenisRow.actor_log_id, GebeurtenisRow.onderwerp_log_id,
        GebeurtenisRow.gegevens, GebeurtenisRow.volgnummer, GebeurtenisRow.op, VerpaktRow.veld, VerpaktRow.sleutel,
    )  # fmt: skip
    vraag = (
        sa.select(*(col(kolom) for kolom in kolommen))
        .outerjoin(VerpaktRow, col(VerpaktRow.gebeurtenis_id) == GebeurtenisRow.id)
        .where(col(GebeurtenisRow.soort).in_(soorten))
        .order_by(col(GebeurtenisRow.volgnummer))
    )
    if ids is not None:
        vraag = vraag.where(col(GebeurtenisRow.onderwerp_log_id).in_(ids))
    terug = _find_teruggebracht(session)
    for van, tot in terug:
        uit_het_logboek = col(GebeurtenisRow.volgnummer).between(van, tot - 1)
        vraag = vraag.where(sa.or_(~uit_het_logboek, col(GebeurtenisRow.soort).in_(BLIJFT)))
    sleutels: dict[UUID, dict[str, str | None]] = defaultdict(dict)
    gevonden: dict[UUID, _Gebeurtenis] = {}
    for id_, soort, actor, onderwerp, gegevens, nummer, op, veld, sleutel in session.execute(vraag):
        if veld is not None:
            sleutels[id_][veld] = sleutel
        is_terug = any(van <= nummer < tot for van, tot in terug)
        gevonden[id_] = _Gebeurtenis(id_, soort, actor, onderwerp, gegevens, sleutels[id_], op, is_terug)
    return list(gevonden.values())


def _find_teruggebracht(session: Session) -> list[tuple[int, int]]:
    """Return the numbers (from, up to) of events that came back from the log after a rollback, without their rows."""
    rijen = session.exec(
        select(GebeurtenisRow.volgnummer, GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == logstand.HERSTEL)
    )
    return [
        (volgnummer - gegevens["ingevoegd"], volgnummer)
        for volgnummer, gegevens in rijen
        if volgnummer is not None and gegevens["volgnummer"] == 1
    ]


def _per(gebeurtenissen: Iterable[_Gebeurtenis], veld: str = "") -> dict[UUID, list[_Gebeurtenis]]:
    """Return the events by their subject, or by the id in one of their fields."""
    per: dict[UUID, list[_Gebeurtenis]] = defaultdict(list)
    for gebeurtenis in gebeurtenissen:
        per[UUID(gebeurtenis.gegevens[veld]) if veld else gebeurtenis.onderwerp].append(gebeurtenis)
    return per


def _anders(wat: Wat, wie: str) -> Verschil:
    return Verschil(wat, f"{wie} staat anders in de database dan is vastgelegd.")


def _weg(wat: Wat, wie: str) -> Verschil:
    return Verschil(wat, f"{wie} is vastgelegd, maar staat niet meer in de database.")


def _nooit(wat: Wat, wie: str) -> Verschil:
    return Verschil(wat, f"{wie} staat in de database, maar is nooit vastgelegd.")


def _kort(id_: UUID) -> str:
    return str(id_)[:8]


def _digest(inhoud: Any) -> str:
    try:
        return hashlib.sha256(canonical_json(inhoud)).hexdigest()
    except GebeurtenisError:
        return ""


# --- people -------------------------------------------------------------------------------------------------------


def _compare_personen(session: Session) -> Iterator[Verschil]:
    vastgelegd = _per(_load(session, "persoon.vastgelegd"))
    namen = _per(_load(session, "persoon.vastgelegd", "persoon.naam"))
    rijen: dict[UUID, list[str]] = defaultdict(list)
    for persoon_id, naam in session.exec(select(PersoonsnaamRow.persoon_id, PersoonsnaamRow.naam)):
        rijen[persoon_id].append(naam)
    gezien = set()
    for persoon, actor in session.exec(
        select(PersoonRow, ActorRow).join(ActorRow, col(ActorRow.id) == PersoonRow.actor_id)
    ):
        wie = f"Persoon {_kort(actor.log_id)}"
        gezien.add(actor.log_id)
        begin = vastgelegd.get(actor.log_id, [])
        if not begin:
            yield _nooit(Wat.PERSOON, wie)
        elif not all(g.holds("naam", {"naam": naam}) for g in begin for naam in (persoon.naam, actor.naam)):
            yield _anders(Wat.PERSOON, f"De naam van {wie.lower()}")
        over = list(rijen[persoon.id])
        for gebeurtenis in namen.get(actor.log_id, []):
            passend = [naam for naam in over if gebeurtenis.holds("naam", {"naam": naam})]
            if passend:
                over.remove(passend[0])
            else:
                yield _weg(Wat.PERSOON, f"Een naam van {wie.lower()}")
        if over:
            yield _nooit(Wat.PERSOON, f"Een naam van {wie.lower()}")
    for log_id in vastgelegd.keys() - gezien:
        yield _weg(Wat.PERSOON, f"Persoon {_kort(log_id)}")


def _compare_mandaten(session: Session) -> Iterator[Verschil]:
    verleend = _per(_load(session, "mandaat.verleend"), "mandaat")
    ingetrokken = _per(_load(session, "mandaat.ingetrokken"), "mandaat")
    actoren = dict(
        session.execute(
            sa.select(col(PersoonRow.id), col(ActorRow.log_id)).join(ActorRow, col(ActorRow.id) == PersoonRow.actor_id)
        ).all()
    )
    gezien = set()
    for rij in session.exec(select(MandaatRow)):
        wie = f"Mandaat {_kort(rij.log_id)} ({rij.rol})"
        gezien.add(rij.log_id)
        begin = verleend.get(rij.log_id, [])
        if len(begin) != 1:
            yield _nooit(Wat.MANDAAT, wie)
            continue
        gegeven = begin[0]
        wie_gaf = actoren.get(rij.persoon_id if rij.verleend_door is None else rij.verleend_door)
        if (
            (gegeven.onderwerp, gegeven.actor) != (actoren.get(rij.persoon_id), wie_gaf)
            or (gegeven.gegevens["rol"], gegeven.gegevens["van"]) != (rij.rol, rij.van)
            or gegeven.gegevens["tot"] != (rij.tot or "onbepaald")
        ):
            yield _anders(Wat.MANDAAT, wie)
        if (rij.ingetrokken_op is not None) != (rij.log_id in ingetrokken):
            yield _anders(Wat.MANDAAT, f"Of {wie.lower()} is ingetrokken")
    for log_id in verleend.keys() - gezien:
        yield _weg(Wat.MANDAAT, f"Mandaat {_kort(log_id)}")


# --- what holds paper ---------------------------------------------------------------------------------------------


def _compare_stops(session: Session) -> Iterator[Verschil]:
    geplaatst = _per(_load(session, "stop.geplaatst"))
    opgeheven = _per(_load(session, "stop.opgeheven"))
    gezien = set()
    for stop in session.exec(select(StopRow)):
        wie = f"Stop {_kort(stop.id)}"
        gezien.add(stop.log_id)
        begin = geplaatst.get(stop.log_id, [])
        if not begin:
            yield _nooit(Wat.STOP, wie)
        elif not all(_is_geplaatst(stop, g) for g in begin):
            yield _anders(Wat.STOP, wie)
        elif begin[0].is_terug and stop.over == "zaak" and stop.opgeheven_op is None:
            yield Verschil(
                Wat.STOP,
                f"{wie} kwam terug uit het logboek: op welke zaak is niet meer bekend. Plaats hem opnieuw op de goede "
                "zaak, en hef deze daarna op.",
            )
        einde = opgeheven.get(stop.log_id, [])
        if (stop.opgeheven_op is not None) != bool(einde):
            yield _anders(Wat.STOP, f"Of {wie.lower()} is opgeheven")
        elif not all(g.is_terug or g.holds("toelichting", {"reden": stop.opheffingsreden}) for g in einde):
            yield _anders(Wat.STOP, f"Waarom {wie.lower()} is opgeheven")
    for log_id in geplaatst.keys() - gezien:
        yield _weg(Wat.STOP, f"Een stop (nummer {_kort(log_id)} in het logboek)")


def _is_geplaatst(stop: StopRow, gebeurtenis: _Gebeurtenis) -> bool:
    """Whether a stop is as it was placed; what it is on other than a zaak, the log says openly (`stops`)."""
    if (gebeurtenis.gegevens["soort"], gebeurtenis.gegevens["over"]) != (stop.soort, stop.over):
        return False
    if gebeurtenis.is_terug:
        return stop.reden == UIT_LOGBOEK and (stop.over != "zaak" or stop.onderwerp == ONBEKEND)
    return gebeurtenis.holds("kenmerk", {"onderwerp": stop.onderwerp, "reden": stop.reden})


def _compare_uitzonderingen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    vraag = (
        select(UitzonderingRow)
        .join(DocumentRow, col(DocumentRow.id) == UitzonderingRow.document_id)
        .join(BatchRow, col(BatchRow.id) == DocumentRow.batch_id)
    )
    per_document: dict[UUID, list[UitzonderingRow]] = defaultdict(list)
    for rij in session.exec(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))):
        per_document[rij.document_id].append(rij)
    vastgelegd = _per(_load(session, "uitzondering.vastgelegd", ids=ids), "document")
    ingetrokken = _per(_load(session, "uitzondering.ingetrokken", ids=ids), "document")
    for document_id in per_document.keys() | vastgelegd.keys():
        wie = f"Een uitzondering van document {_kort(document_id)}"
        over = list(per_document[document_id])
        for gebeurtenis in vastgelegd.get(document_id, []):
            passend = [
                rij
                for rij in over
                if rij.reden == gebeurtenis.gegevens["reden"]
                and gebeurtenis.holds("toelichting", {"toelichting": rij.toelichting, "vindplaats": rij.vindplaats})
            ]
            if passend:
                over.remove(passend[0])
            else:
                yield _weg(Wat.UITZONDERING, f"{wie}, zoals vastgelegd,")
        if over:
            yield _nooit(Wat.UITZONDERING, f"{wie}, zoals zij er nu staat,")
        beeindigd = sum(rij.ingetrokken_op is not None for rij in per_document[document_id])
        if beeindigd != len(ingetrokken.get(document_id, [])):
            yield _anders(Wat.UITZONDERING, f"Of document {_kort(document_id)} een uitzondering is,")


def _compare_termijnen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    vraag = select(TermijnverlengingRow, BatchRow).join(BatchRow, col(BatchRow.id) == TermijnverlengingRow.batch_id)
    rijen: dict[UUID, list[TermijnverlengingRow]] = defaultdict(list)
    for rij, batch in session.exec(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))):
        rijen[batch.log_id].append(rij)
    verlengd = _per(_load(session, "termijn.verlengd", ids=ids))
    for log_id in rijen.keys() | verlengd.keys():
        wie = f"Een verlenging van de termijn van batch {_say_batch(session, log_id)}"
        over = list(rijen[log_id])
        for gebeurtenis in verlengd.get(log_id, []):
            passend = [
                rij
                for rij in over
                if rij.tot == gebeurtenis.gegevens["tot"] and gebeurtenis.holds("toelichting", {"reden": rij.reden})
            ]
            if passend:
                over.remove(passend[0])
            elif not gebeurtenis.is_terug or all(rij.tot < gebeurtenis.gegevens["tot"] for rij in rijen[log_id]):
                yield _weg(Wat.TERMIJN, f"{wie}, zoals vastgelegd,")
        if over:
            yield _nooit(Wat.TERMIJN, f"{wie}, zoals zij er nu staat,")


def _say_batch(session: Session, log_id: UUID) -> str:
    return session.exec(select(BatchRow.nummer).where(BatchRow.log_id == log_id)).first() or _kort(log_id)


# --- under which decision -----------------------------------------------------------------------------------------


def _compare_besluiten(session: Session) -> Iterator[Verschil]:
    vastgelegd = _per(_load(session, "besluit.vastgelegd"))
    handboeken = _per(_load(session, "handboek.vastgelegd"))
    gezien: set[UUID] = set()
    for rij in session.exec(select(BesluitRow)):
        wie = f"Besluit {_kort(rij.log_id)} versie {rij.versie}"
        gezien.add(rij.log_id)
        begin = vastgelegd.get(rij.log_id, [])
        if not begin:
            yield _nooit(Wat.BESLUIT, wie)
        elif not all(
            (g.gegevens["inhoud"], g.gegevens["versie"]) == (rij.inhoud_sha256, rij.versie)
            and _digest(rij.inhoud) == rij.inhoud_sha256
            and rij.inhoud.get("nummer") == rij.nummer
            and g.gegevens.get("bedenktijd_dagen", rij.inhoud.get("bedenktijd_dagen")) == rij.inhoud["bedenktijd_dagen"]
            for g in begin
        ):
            yield _anders(Wat.BESLUIT, wie)
    for handboek in session.exec(select(HandboekRow)):
        gezien.add(handboek.log_id)
        if [g.gegevens["bestand"] for g in handboeken.get(handboek.log_id, [])] != [handboek.bestand_sha256]:
            yield _anders(Wat.BESLUIT, f"Handboek {_kort(handboek.log_id)}")
    for log_id in (vastgelegd.keys() | handboeken.keys()) - gezien:
        yield _weg(Wat.BESLUIT, f"Besluit of handboek {_kort(log_id)}")


def _compare_bindingen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    vraag = (
        select(BatchRow.log_id, BindingRow.vervallen_op, BesluitRow.log_id, HandboekRow.log_id)
        .join(BindingRow, col(BindingRow.batch_id) == BatchRow.id)
        .join(BesluitRow, col(BesluitRow.id) == BindingRow.besluit_id)
        .join(HandboekRow, col(HandboekRow.id) == BesluitRow.handboek_id)
    )
    alle: dict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
    staand: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for batch, vervallen_op, besluit, handboek in session.execute(
        vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))
    ):
        alle[batch][str(besluit), str(handboek)] += 1
        if vervallen_op is None:
            staand[batch].append((str(besluit), str(handboek)))
    gebonden = _per(_load(session, "batch.gebonden", ids=ids))
    for log_id in alle.keys() | gebonden.keys():
        volgens_log = [(g.gegevens["besluit"], g.gegevens["handboek"]) for g in gebonden.get(log_id, [])]
        if Counter(volgens_log) != alle[log_id] or volgens_log[-1:] != staand[log_id]:
            yield _anders(Wat.BINDING, f"Onder welk besluit batch {_say_batch(session, log_id)} valt,")


# --- the paper ----------------------------------------------------------------------------------------------------


def _compare_dozen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    per: dict[str, dict[UUID, list[_Gebeurtenis]]] = {
        soort: _per(_load(session, f"doos.{soort}", ids=ids)) for soort in ("gemaakt", "verplaatst")
    }
    open_of_dicht = _per(_load(session, "doos.gesloten", "doos.geopend", ids=ids))
    bladen: Counter[tuple[UUID, str]] = Counter()
    for gebeurtenis in _load(session, "doos.gevuld", "doos.geleegd", ids=ids):
        aantal = gebeurtenis.gegevens["bladen"]
        plek = (gebeurtenis.onderwerp, gebeurtenis.gegevens["batch"])
        bladen[plek] += aantal if gebeurtenis.soort == "doos.gevuld" else -aantal
    plaatsen: dict[UUID, list[str]] = defaultdict(list)
    for doos_id, plaats in session.exec(
        select(DoosplaatsRow.doos_id, DoosplaatsRow.plaats).order_by(col(DoosplaatsRow.nummer))
    ):
        plaatsen[doos_id].append(plaats)
    vraag = select(DoosRow)
    gezien = set()
    for doos in session.exec(vraag if ids is None else vraag.where(col(DoosRow.log_id).in_(ids))):
        gezien.add(doos.log_id)
        gemaakt, verplaatst = per["gemaakt"].get(doos.log_id, []), per["verplaatst"].get(doos.log_id, [])
        if not gemaakt:
            yield _nooit(Wat.DOOS, f"Doos {doos.nummer}")
        elif not all(g.holds("nummer", {"nummer": doos.nummer}) for g in gemaakt):
            yield _anders(Wat.DOOS, f"Het nummer van doos {doos.nummer} ({_kort(doos.log_id)})")
        staat = plaatsen[doos.id]
        if len(staat) != len(verplaatst) or not all(
            g.holds("plaats", {"plaats": plaats}) for g, plaats in zip(verplaatst, staat, strict=True)
        ):
            yield _anders(Wat.DOOS, f"Waar doos {doos.nummer} staat,")
        laatste = open_of_dicht.get(doos.log_id, [])[-1:]
        if (doos.gesloten_op is not None) != any(g.soort == "doos.gesloten" for g in laatste):
            yield _anders(Wat.DOOS, f"Of doos {doos.nummer} dicht is,")
    for log_id in per["gemaakt"].keys() - gezien:
        yield _weg(Wat.DOOS, f"Doos {_kort(log_id)}")
    yield from _compare_bladen(session, ids, bladen)


def _compare_bladen(
    session: Session, ids: Collection[UUID] | None, volgens_log: Counter[tuple[UUID, str]]
) -> Iterator[Verschil]:
    vraag = (
        select(DoosRow.log_id, BatchRow.log_id, sa.func.count())
        .join(DoosbladRow, col(DoosbladRow.doos_id) == DoosRow.id)
        .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
        .join(BatchRow, col(BatchRow.id) == BladRow.batch_id)
        .where(col(DoosbladRow.uit_op).is_(None))
        .group_by(col(DoosRow.log_id), col(BatchRow.log_id))
    )
    if ids is not None:
        vraag = vraag.where(col(DoosRow.log_id).in_(ids))
    nu = Counter({(doos, str(batch)): aantal for doos, batch, aantal in session.execute(vraag)})
    for plek in volgens_log.keys() | nu.keys():
        if volgens_log[plek] != nu[plek]:
            nummer = session.exec(select(DoosRow.nummer).where(DoosRow.log_id == plek[0])).first() or _kort(plek[0])
            batch = _say_batch(session, UUID(plek[1]))
            yield _anders(Wat.DOOS, f"Hoeveel bladen van batch {batch} in doos {nummer} liggen,")


# --- the documents ------------------------------------------------------------------------------------------------


def _compare_versies(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare the proofs of every versie, and of those that stand sealed the zaak and the numbers."""
    vraag = (
        select(BatchRow, DocumentRow, DocumentversieRow)
        .join(DocumentRow, col(DocumentRow.batch_id) == BatchRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.document_id) == DocumentRow.id)
        .order_by(col(BatchRow.id))
    )
    if ids is not None:
        vraag = vraag.where(col(BatchRow.log_id).in_(ids))
    soorten = ("documentversie.gearchiveerd", "documentversie.verzegeld")
    batch_id: UUID | None = None
    samen: list[tuple[BatchRow, DocumentRow, DocumentversieRow]] = []
    for batch, document, versie in session.exec(vraag):
        if batch.id != batch_id and samen:
            yield from _compare_batch(session, samen, soorten)
            samen = []
        batch_id = batch.id
        samen.append((batch, document, versie))
    if samen:
        yield from _compare_batch(session, samen, soorten)


def _compare_batch(
    session: Session, samen: Sequence[tuple[BatchRow, DocumentRow, DocumentversieRow]], soorten: tuple[str, ...]
) -> Iterator[Verschil]:
    gebeurtenissen = _per(_load(session, *soorten, ids=[versie.log_id for _, _, versie in samen]))
    batch = samen[0][0]
    staand = session.exec(
        select(VerzegelingRow.id).where(VerzegelingRow.batch_id == batch.id, col(VerzegelingRow.vervallen_op).is_(None))
    ).first()
    nieuwste = {document.id: max(v.n for _, d, v in samen if d.id == document.id) for _, document, _ in samen}
    for _, document, versie in samen:
        eigen = gebeurtenissen.get(versie.log_id, [])
        gearchiveerd = [g.gegevens for g in eigen if g.soort == "documentversie.gearchiveerd"]
        wie = f"document {_kort(document.id)} versie {versie.n}"
        if gearchiveerd:
            g = gearchiveerd[-1]
            if (g["pdf"], g["manifest"], g["conform"], g["getrouw"]) != (
                versie.pdf_sha256,
                versie.manifest_sha256,
                versie.pdfa_conform is True,
                versie.getrouw is True,
            ):
                yield _anders(Wat.DOCUMENT, f"Het archiefbestand van {wie}")
        elif versie.pdf_sha256 is not None:
            yield _nooit(Wat.DOCUMENT, f"Het archiefbestand van {wie}")
        verzegeld = [g for g in eigen if g.soort == "documentversie.verzegeld"]
        if staand is not None and verzegeld and versie.n == nieuwste[document.id]:
            kenmerk = {"batch": batch.nummer, "document": str(document.id), "zaak": document.zaakidentificatie or ""}
            if not verzegeld[-1].holds("kenmerk", kenmerk):
                yield _anders(Wat.ZAAK, f"De zaak of de batch van {wie}")


def _compare_bevindingen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare the findings of each batch with the newest event; a batch from before there was one has none."""
    for log_id, gebeurtenissen in _per(_load(session, "batch.bevindingen", ids=ids)).items():
        batch_id = session.exec(select(BatchRow.id).where(BatchRow.log_id == log_id)).first()
        try:
            nu = None if batch_id is None else storage.count_bevindingen(session, batch_id)
        except GebeurtenisError:
            nu = None
        if nu != gebeurtenissen[-1].gegevens:
            yield _anders(Wat.BEVINDING, f"Een bevinding van batch {_say_batch(session, log_id)}")


# --- since when ---------------------------------------------------------------------------------------------------


def _compare_tijden(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare the days that a controletermijn counts from; row and event are written in one transaction."""
    batch, versie = col(BatchRow.log_id), col(DocumentversieRow.log_id)
    van_versie = (
        sa.select(versie, versie, col(DocumentversieRow.gemaakt_op), col(GebeurtenisRow.op))
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .join(BatchRow, col(BatchRow.id) == DocumentRow.batch_id)
    )
    geleverd = (
        sa.select(col(AfleveringRow.id), versie, col(AfleveringRow.bevestigd_op), col(GebeurtenisRow.op))
        .join(DocumentversieRow, col(DocumentversieRow.id) == AfleveringRow.documentversie_id)
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .join(BatchRow, col(BatchRow.id) == DocumentRow.batch_id)
        .where(col(AfleveringRow.bevestigd_op).is_not(None))
    )
    for vraag, soort, wat, onderwerp in (
        (sa.select(batch, batch, col(BatchRow.ontvangen_op), col(GebeurtenisRow.op)), "batch.ontvangen",
         "Wanneer een batch is gescand", batch),
        (van_versie, "documentversie.gemaakt", "Wanneer een versie van een document is gemaakt", versie),
        (geleverd, "aflevering.bevestigd", "Wanneer een document is afgeleverd", versie),
    ):  # fmt: skip
        gezegd = vraag.join(
            GebeurtenisRow,
            sa.and_(col(GebeurtenisRow.onderwerp_log_id) == onderwerp, col(GebeurtenisRow.soort) == soort),
        ).order_by(vraag.selected_columns[0])
        if ids is not None:
            gezegd = gezegd.where(batch.in_(ids))
        rijen = session.execute(gezegd, execution_options={"yield_per": 1000})
        for _, samen in groupby(rijen, key=lambda rij: rij[0]):
            paren = [(log_id, in_rij, in_log) for _, log_id, in_rij, in_log in samen]
            if not any(_is_zelfde_tijd(in_rij, in_log) for _, in_rij, in_log in paren):
                yield _anders(Wat.TERMIJN, f"{wat} ({_kort(paren[0][0])})")


def _is_zelfde_tijd(een: str, ander: str) -> bool:
    try:
        return abs(datetime.fromisoformat(een) - datetime.fromisoformat(ander)) <= SPELING
    except (TypeError, ValueError):  # no time at all, or one without a zone
        return False


# --- decisions: rows that name their event ------------------------------------------------------------------------


def _compare_beslissingen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    batch, doos, lijst = col(BatchRow.log_id), col(DoosRow.log_id), col(VernietigingslijstRow.log_id)
    yield from _compare_rijen(
        session, ids, Wat.VERZEGELING, "De verzegeling van een batch", ("batch.verzegeld",),
        sa.select(VerzegelingRow, batch).join(BatchRow, col(BatchRow.id) == VerzegelingRow.batch_id), batch,
        lambda rij: {"manifest": rij.manifest_sha256, "documenten": rij.documenten, "paginas": rij.paginas},
    )  # fmt: skip
    yield from _compare_vervallen(session, ids)
    yield from _compare_rijen(
        session, ids, Wat.OORDEEL, "Een steekproef", ("steekproef.getrokken",),
        sa.select(TrekkingRow, batch).join(VerzegelingRow, col(VerzegelingRow.id) == TrekkingRow.verzegeling_id)
        .join(BatchRow, col(BatchRow.id) == VerzegelingRow.batch_id), batch, _read_trekking,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.OORDEEL, "Een oordeel over een batch", ("batch.goedgekeurd", "batch.afgekeurd"),
        sa.select(OordeelRow, batch).join(BatchRow, col(BatchRow.id) == OordeelRow.batch_id), batch, _read_oordeel,
        soort=lambda rij: f"batch.{rij.uitslag}", door=OordeelRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LIJST, "Een vernietigingslijst", ("lijst.voorgesteld",),
        sa.select(VernietigingslijstRow, lijst), lijst,
        lambda rij: {"inhoud": rij.inhoud_sha256 if _digest(rij.inhoud) == rij.inhoud_sha256 else ""},
        door=VernietigingslijstRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LAATSTE_BLIK, "Wat voor een laatste blik is getrokken", ("laatste_blik.getrokken",),
        sa.select(TrekkingRow, doos).join(DoosRow, col(DoosRow.id) == TrekkingRow.doos_id), doos, _read_trekking,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LAATSTE_BLIK, "Een laatste blik", ("laatste_blik.gedaan",),
        sa.select(LaatsteblikRow, doos).join(DoosRow, col(DoosRow.id) == LaatsteblikRow.doos_id), doos,
        lambda rij: {"geslaagd": rij.geslaagd}, door=LaatsteblikRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.VRIJGAVE, "Een vrijgave", ("vrijgave",),
        sa.select(VrijgaveRow, lijst)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == VrijgaveRow.lijst_id), lijst,
        lambda rij: {"inhoud": rij.inhoud_sha256, "volgnummer": rij.volgnummer, "feiten": rij.feiten_sha256},
        door=VrijgaveRow.persoon_id,
    )  # fmt: skip
    yield from _compare_ingetrokken(session, ids)
    yield from _compare_rijen(
        session, ids, Wat.OPDRACHT, "Een opdracht", ("vernietiging.opgedragen",),
        sa.select(OpdrachtRow, lijst)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == OpdrachtRow.lijst_id), lijst,
        lambda rij: _read_opdracht(session, rij),
        door=OpdrachtRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.OPDRACHT, "Het ophalen van een container", ("container.opgehaald",),
        sa.select(VervoerRow, lijst).join(OpdrachtRow, col(OpdrachtRow.id) == VervoerRow.opdracht_id)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == OpdrachtRow.lijst_id), lijst,
        lambda rij: {"opgehaald_op": rij.opgehaald_op, "vervoer": {
            "container": rij.container, "zegel": rij.zegel, "vervoerder": rij.vervoerder}},
        door=VervoerRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.UITVOERING, "De uitvoering voor een doos",
        ("vernietiging.uitgevoerd", "vernietiging.zonder_grond", "vernietiging.mislukt"),
        sa.select(UitvoeringRow, doos).join(DoosRow, col(DoosRow.id) == UitvoeringRow.doos_id), doos, _read_uitvoering,
        soort=_read_uitvoeringsoort,
        door=UitvoeringRow.persoon_id,
    )  # fmt: skip
    if ids is not None:
        return
    verklaring = col(VerklaringRow.log_id)
    yield from _compare_rijen(
        session, ids, Wat.VERKLARING, "Een verklaring", ("verklaring.opgemaakt",),
        sa.select(VerklaringRow, verklaring), verklaring,
        lambda rij: {"soort": rij.soort, "nummer": rij.nummer.lower(), "pdf": rij.pdf_sha256,
                     "gegevens": rij.gegevens_sha256},
        door=VerklaringRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.VERKLARING, "Een akkoord op een verklaring", ("verklaring.ondertekend",),
        sa.select(OndertekeningRow, verklaring)
        .join(VerklaringRow, col(VerklaringRow.id) == OndertekeningRow.verklaring_id), verklaring,
        lambda rij: {"pdf": rij.pdf_sha256}, door=OndertekeningRow.persoon_id,
    )  # fmt: skip


def _compare_rijen(
    session: Session,
    ids: Collection[UUID] | None,
    wat: Wat,
    wie: str,
    soorten: tuple[str, ...],
    vraag: Any,
    onderwerp: Any,
    lees: Any,
    *,
    soort: Any = None,
    door: Any = None,
) -> Iterator[Verschil]:
    """Compare rows that name their event with it, both ways.

    Args:
        vraag: gives each row with the id in the log of what it is about, which is `onderwerp`.
        lees: from a row to the fields of the event as they must be.
        soort: from a row to the kind of event that it must name; with one kind it is that one.
        door: the column with the persoon who decided.
    """
    if door is not None:
        wie_deed = aliased(ActorRow)
        persoon = aliased(PersoonRow)
        vraag = vraag.add_columns(wie_deed.log_id).join(persoon, persoon.id == col(door)).join(
            wie_deed, wie_deed.id == persoon.actor_id
        )  # fmt: skip
    if ids is not None:
        vraag = vraag.where(onderwerp.in_(ids))
    gebeurtenissen = {g.id: g for g in _load(session, *soorten, ids=ids)}
    for rij, log_id, *actor in session.execute(vraag):
        gebeurtenis = gebeurtenissen.pop(rij.gebeurtenis_id, None)
        naam = f"{wie} ({_kort(log_id)})"
        if gebeurtenis is None:
            yield _nooit(wat, naam)
        elif (
            gebeurtenis.onderwerp != log_id
            or (actor and gebeurtenis.actor != actor[0])
            or gebeurtenis.soort != (soorten[0] if soort is None else soort(rij))
            or not _is_gelijk(gebeurtenis, lees(rij))
            or not _is_zelfde_tijd(rij.op, gebeurtenis.op)
        ):
            yield _anders(wat, naam)
    for gebeurtenis in gebeurtenissen.values():
        yield _weg(wat, f"{wie} ({_kort(gebeurtenis.onderwerp)})")


def _is_gelijk(gebeurtenis: _Gebeurtenis, verwacht: Mapping[str, Any]) -> bool:
    """Compare field by field; what is no word, number or yes is the content of a commitment.

    An older version of a kind may hold fewer commitments.
    """
    return all(
        (veld not in gebeurtenis.gegevens or gebeurtenis.holds(veld, waarde))
        if isinstance(waarde, dict)
        else gebeurtenis.gegevens.get(veld) == waarde
        for veld, waarde in verwacht.items()
    )


def _read_trekking(rij: TrekkingRow) -> dict[str, Any]:
    gelijk = _digest(rij.trekking) == rij.trekking_sha256
    return {"zaad": rij.zaad, "checkpoint": rij.checkpoint, "trekking": rij.trekking_sha256 if gelijk else ""}


def _read_oordeel(rij: OordeelRow) -> dict[str, Any]:
    inhoud = {naam: waarde for naam, waarde in rij.oordeel.items() if naam not in ("redenen", "toelichtingen")}
    gelijk = _digest(inhoud) == rij.oordeel_sha256 and inhoud.get("uitslag") == rij.uitslag
    return {"oordeel": rij.oordeel_sha256 if gelijk else "", "manifest": inhoud.get("manifest")}


def _read_opdracht(session: Session, rij: OpdrachtRow) -> dict[str, Any]:
    """Return the fields of the event; the order itself is made again from the row, with the root that was anchored."""
    ankers = session.exec(select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "verankering"))
    wortel = next((anker["wortel"] for anker in ankers if anker["checkpoint"] == rij.checkpoint), None)
    lijst = session.get_one(VernietigingslijstRow, rij.lijst_id)
    inhoud = {
        "schema": "scanstraat.opdracht/1",
        "nummer": rij.nummer,
        "lijst": str(lijst.log_id),
        "inhoud": lijst.inhoud_sha256,
        "bedrijf": rij.bedrijf,
        "wijze": rij.wijze,
        "niveau": rij.niveau,
        "containers": rij.containers,
        "checkpoint": rij.checkpoint,
        "wortel": wortel,
    }
    gelijk = wortel is not None and _digest(inhoud) == rij.opdracht_sha256
    return {
        "opdracht": rij.opdracht_sha256 if gelijk else "",
        "checkpoint": rij.checkpoint,
        "feiten": rij.feiten_sha256,
    }


def _read_uitvoeringsoort(rij: UitvoeringRow) -> str:
    if rij.uitslag != "vernietigd":
        return "vernietiging.mislukt"
    return "vernietiging.zonder_grond" if rij.belemmeringen else "vernietiging.uitgevoerd"


def _read_uitvoering(rij: UitvoeringRow) -> dict[str, Any]:
    if rij.uitslag == "vernietigd":
        tegen = {"belemmeringen": {"reden": rij.belemmeringen}} if rij.belemmeringen else {}
        return tegen | {
            "kenmerk": {
                "container": rij.container,
                "zegel": rij.zegel,
                "wijze": rij.wijze,
                "certificaatnummer": rij.certificaatnummer,
            },
            "uitgevoerd_op": rij.uitgevoerd_op,
            "niveau": rij.niveau.lower(),
            "certificaat": rij.certificaat_sha256,
            "feiten": rij.feiten_sha256,
        }
    return {"deels": rij.uitslag == "deels", "toelichting": {"reden": rij.toelichting}}


def _compare_vervallen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    vraag = (
        select(BatchRow.log_id, sa.func.count(col(VerzegelingRow.vervallen_op)))
        .join(VerzegelingRow, col(VerzegelingRow.batch_id) == BatchRow.id)
        .group_by(col(BatchRow.log_id))
    )
    rijen = dict(session.execute(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))).all())
    vervallen = _per(_load(session, "goedkeuring.vervallen", ids=ids))
    for log_id in rijen.keys() | vervallen.keys():
        if rijen.get(log_id, 0) != len(vervallen.get(log_id, [])):
            yield _anders(Wat.VERZEGELING, f"Of de verzegeling van batch {_say_batch(session, log_id)} geldt,")


def _compare_ingetrokken(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare which lijsten and vrijgaven were taken back."""
    lijsten = _per(_load(session, "lijst.ingetrokken", ids=ids))
    vrijgaven = _per(_load(session, "vrijgave.ingetrokken", ids=ids))
    vraag = (
        select(VernietigingslijstRow, sa.func.count(col(VrijgaveRow.ingetrokken_op)))
        .outerjoin(VrijgaveRow, col(VrijgaveRow.lijst_id) == VernietigingslijstRow.id)
        .group_by(col(VernietigingslijstRow.id))
    )
    if ids is not None:
        vraag = vraag.where(col(VernietigingslijstRow.log_id).in_(ids))
    for lijst, aantal in session.exec(vraag):
        wie = f"vernietigingslijst {_kort(lijst.log_id)}"
        if (lijst.ingetrokken_op is not None) != (lijst.log_id in lijsten):
            yield _anders(Wat.LIJST, f"Of {wie} is ingetrokken,")
        if aantal != len(vrijgaven.get(lijst.log_id, [])):
            yield _anders(Wat.VRIJGAVE, f"Of een vrijgave van {wie} is ingetrokken,")
