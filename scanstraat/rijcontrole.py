"""Do the rows say what the events say? The events are sealed; the rows are what every decision is taken on.

Who owns the database can change a row and leave the log as it is. So each row that paper goes on is held against its
event: what the event says openly field by field, and what it holds a commitment to (names, numbers of zaken, words) by
making that commitment again from the row. A row without an event, an event without a row and a commitment that can no
longer be made are differences too.

What an event does not hold may follow from other rows (a count, an order, bytes that came before), or stand in the
manifest of a versie, to which the log holds it. What neither is, is not compared: to which zaak a document was linked
before its batch was sealed, the grondslag of a mandaat, the name of somebody who is no persoon, what was measured on a
page, and which sheet of a batch lies in which of its dozen as long as they are on no list (their number is). The whole
list, column by column, stands in tests/integration/scanstraat/test_elke_kolom.py.
"""

from __future__ import annotations

import hashlib
import json
import os
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

from scanstraat import logstand, personen, scanoperator, storage
from scanstraat.domain import ONBEKEND, Bestemming, Vingerafdruk, format_batchnummer
from scanstraat.errors import OpslagError
from scanstraat.intake.opslag import Opslag
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
)
from scanstraat.tables_bewijs import (
    BesluitRow,
    BindingRow,
    DoosbladRow,
    DoosplaatsRow,
    DoosRow,
    HandboekRow,
    LaatsteblikRow,
    LijstdoosRow,
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
    VerklaringscanRow,
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
    BATCH = "batch"
    SCANOPERATOR = "scanoperator"
    DUBBEL = "dubbel"
    BEWERKING = "bewerking"
    PAGINA = "pagina"
    AFLEVERING = "aflevering"
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


def find_verschillen(
    session: Session, ids: Collection[UUID] | None = None, opslag: Opslag | None = None
) -> Iterator[Verschil]:
    """Yield everything in which rows and events differ.

    Args:
        ids: keep to the batches, dozen and lijsten with these ids of the log; people, mandaten, stops and besluiten are
            always all compared, because anything may rest on them.
        opslag: has the manifests that say which page images a document shows; without it these are not compared.
    """
    yield from _compare_personen(session)
    yield from _compare_mandaten(session)
    yield from _compare_stops(session)
    yield from _compare_besluiten(session)
    yield from _compare_bindingen(session, ids)
    yield from _compare_termijnen(session, ids)
    yield from _compare_uitzonderingen(session, ids)
    yield from _compare_dozen(session, ids)
    yield from _compare_ontvangst(session, ids)
    yield from _compare_voortgang(session, ids)
    yield from _compare_dubbel(session, ids)
    yield from _compare_bewerkingen(session, ids)
    yield from _compare_telling(session, ids)
    yield from _compare_versies(session, ids, opslag)
    yield from _compare_bevindingen(session, ids)
    yield from _compare_tijden(session, ids)
    yield from _compare_beslissingen(session, ids)


def find_andere_regels(session: Session, tegels: Tegelmap, ids: Collection[UUID]) -> Iterator[Verschil]:
    """Yield the events about these ids, and about people, mandaten and stops, that are not what was sealed.

    One that is not sealed yet must have been written here.
    """
    mensen = ("persoon.", "mandaat.", "stop.", "besluit.", "handboek.", "herstel.")
    rijen: Sequence[tuple[int | None, GebeurtenisRow]] = session.exec(
        select(LogregelRow.nummer, GebeurtenisRow)
        .select_from(GebeurtenisRow)
        .outerjoin(LogregelRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
        .where(
            sa.or_(
                col(GebeurtenisRow.onderwerp_log_id).in_(ids),
                *(col(GebeurtenisRow.soort).startswith(begin, autoescape=True) for begin in mensen),
            )
        )
        .order_by(col(LogregelRow.nummer))
    ).all()
    breedten = {  # of each tile up to its last line here
        nummer // BREEDTE: nummer % BREEDTE + 1 for nummer, _ in rijen if nummer is not None
    }
    hashes = {n: _read_hashes(tegels, n, breedte) for n, breedte in breedten.items()}
    for nummer, rij in rijen:
        if nummer is None:
            if not logstand.is_eigen(session, rij):
                yield Verschil(Wat.GEBEURTENIS, "Een gebeurtenis is niet door deze scanstraat vastgelegd.")
            continue
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


def _load_wie(session: Session) -> dict[UUID | None, UUID]:
    """Return the id in the log of everybody, by the id that rows have of the actor or of the persoon."""
    personen_ = sa.select(col(PersoonRow.id), col(ActorRow.log_id)).join(
        ActorRow, col(ActorRow.id) == PersoonRow.actor_id
    )
    actoren = sa.select(col(ActorRow.id), col(ActorRow.log_id))
    return dict([*session.execute(actoren).all(), *session.execute(personen_).all()])


def _is_gedaan(gebeurtenis: _Gebeurtenis, wie: UUID | None, op: str | None) -> bool:
    """Whether a row says of who did it (by the log) and when what the event says; its row may have come back anew."""
    return gebeurtenis.is_terug or (gebeurtenis.actor == wie and _is_zelfde_tijd(op, gebeurtenis.op))


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
        elif actor.soort != "persoon" or not _is_gedaan(begin[0], begin[0].actor, persoon.aangemaakt_op):
            yield _anders(Wat.PERSOON, f"{wie}, of sinds wanneer die er is,")
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
    actoren = _load_wie(session)
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
            or not _is_gedaan(gegeven, wie_gaf, rij.verleend_op)
        ):
            yield _anders(Wat.MANDAAT, wie)
        einde = ingetrokken.get(rij.log_id, [])
        if (rij.ingetrokken_op is not None) != bool(einde):
            yield _anders(Wat.MANDAAT, f"Of {wie.lower()} is ingetrokken")
        elif einde and not _is_gedaan(einde[-1], actoren.get(rij.ingetrokken_door), rij.ingetrokken_op):
            yield _anders(Wat.MANDAAT, f"Wie {wie.lower()} introk, en wanneer,")
    for log_id in verleend.keys() - gezien:
        yield _weg(Wat.MANDAAT, f"Mandaat {_kort(log_id)}")


# --- what holds paper ---------------------------------------------------------------------------------------------


def _compare_stops(session: Session) -> Iterator[Verschil]:
    geplaatst = _per(_load(session, "stop.geplaatst"))
    opgeheven = _per(_load(session, "stop.opgeheven"))
    actoren = _load_wie(session)
    gezien = set()
    for stop in session.exec(select(StopRow)):
        wie = f"Stop {_kort(stop.id)}"
        gezien.add(stop.log_id)
        begin = geplaatst.get(stop.log_id, [])
        if not begin:
            yield _nooit(Wat.STOP, wie)
        elif not all(
            _is_geplaatst(stop, g) and _is_gedaan(g, actoren.get(stop.geplaatst_door), stop.geplaatst_op) for g in begin
        ):
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
        elif einde and not _is_gedaan(einde[-1], actoren.get(stop.opgeheven_door), stop.opgeheven_op):
            yield _anders(Wat.STOP, f"Wie {wie.lower()} ophief, en wanneer,")
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
    actoren = _load_wie(session)
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
                and _is_gedaan(gebeurtenis, actoren.get(rij.actor_id), rij.op)
            ]
            if passend:
                over.remove(passend[0])
            else:
                yield _weg(Wat.UITZONDERING, f"{wie}, zoals vastgelegd,")
        if over:
            yield _nooit(Wat.UITZONDERING, f"{wie}, zoals zij er nu staat,")
        beeindigd = [rij for rij in per_document[document_id] if rij.ingetrokken_op is not None]
        einden = ingetrokken.get(document_id, [])
        if len(beeindigd) != len(einden) or not all(
            any(_is_gedaan(g, actoren.get(rij.ingetrokken_door), rij.ingetrokken_op) for g in einden)
            for rij in beeindigd
        ):
            yield _anders(Wat.UITZONDERING, f"Of document {_kort(document_id)} een uitzondering is,")


def _compare_termijnen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    vraag = select(TermijnverlengingRow, BatchRow).join(BatchRow, col(BatchRow.id) == TermijnverlengingRow.batch_id)
    rijen: dict[UUID, list[TermijnverlengingRow]] = defaultdict(list)
    for rij, batch in session.exec(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))):
        rijen[batch.log_id].append(rij)
    verlengd = _per(_load(session, "termijn.verlengd", ids=ids))
    actoren = _load_wie(session)
    for log_id in rijen.keys() | verlengd.keys():
        wie = f"Een verlenging van de termijn van batch {_say_batch(session, log_id)}"
        over = list(rijen[log_id])
        for gebeurtenis in verlengd.get(log_id, []):
            passend = [
                rij
                for rij in over
                if rij.tot == gebeurtenis.gegevens["tot"]
                and gebeurtenis.holds("toelichting", {"reden": rij.reden})
                and _is_gedaan(gebeurtenis, actoren.get(rij.persoon_id), rij.op)
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
    actoren = _load_wie(session)
    versies = dict(session.execute(sa.select(col(HandboekRow.id), col(HandboekRow.versie))).all())
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
            and rij.inhoud.get("handboekversie") == versies.get(rij.handboek_id)
            and _is_gedaan(g, actoren.get(rij.vastgelegd_door), rij.vastgelegd_op)
            and g.gegevens.get("bedenktijd_dagen", rij.inhoud.get("bedenktijd_dagen")) == rij.inhoud["bedenktijd_dagen"]
            for g in begin
        ):
            yield _anders(Wat.BESLUIT, wie)
    for handboek in session.exec(select(HandboekRow)):
        gezien.add(handboek.log_id)
        begin = handboeken.get(handboek.log_id, [])
        if [g.gegevens["bestand"] for g in begin] != [handboek.bestand_sha256] or not _is_gedaan(
            begin[0], actoren.get(handboek.vastgelegd_door), handboek.vastgelegd_op
        ):
            yield _anders(Wat.BESLUIT, f"Handboek {_kort(handboek.log_id)}")
    for log_id in (vastgelegd.keys() | handboeken.keys()) - gezien:
        yield _weg(Wat.BESLUIT, f"Besluit of handboek {_kort(log_id)}")


def _compare_bindingen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    vraag = (
        sa.select(col(BatchRow.log_id), BindingRow, col(BesluitRow.log_id), col(HandboekRow.log_id))
        .join(BindingRow, col(BindingRow.batch_id) == BatchRow.id)
        .join(BesluitRow, col(BesluitRow.id) == BindingRow.besluit_id)
        .join(HandboekRow, col(HandboekRow.id) == BesluitRow.handboek_id)
    )
    alle: dict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
    staand: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    gebonden = _per(_load(session, "batch.gebonden", ids=ids))
    actoren, anders = _load_wie(session), set()
    for batch, rij, besluit, handboek in session.execute(
        vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))
    ):
        alle[batch][str(besluit), str(handboek)] += 1
        if rij.vervallen_op is None:
            staand[batch].append((str(besluit), str(handboek)))
        if not any(
            g.gegevens["besluit"] == str(besluit) and _is_gedaan(g, actoren.get(rij.actor_id), rij.op)
            for g in gebonden.get(batch, [])
        ):
            anders.add(batch)
    for log_id in alle.keys() | gebonden.keys():
        volgens_log = [(g.gegevens["besluit"], g.gegevens["handboek"]) for g in gebonden.get(log_id, [])]
        if log_id in anders or Counter(volgens_log) != alle[log_id] or volgens_log[-1:] != staand[log_id]:
            yield _anders(Wat.BINDING, f"Onder welk besluit batch {_say_batch(session, log_id)} valt,")


# --- the paper ----------------------------------------------------------------------------------------------------


def _compare_dozen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    per: dict[str, dict[UUID, list[_Gebeurtenis]]] = {
        soort: _per(_load(session, f"doos.{soort}", ids=ids)) for soort in ("gemaakt", "verplaatst")
    }
    open_of_dicht = _per(_load(session, "doos.gesloten", "doos.geopend", ids=ids))
    bladen: Counter[tuple[UUID, str]] = Counter()
    bewegingen = _load(session, "doos.gevuld", "doos.geleegd", ids=ids)
    for gebeurtenis in bewegingen:
        aantal = gebeurtenis.gegevens["bladen"]
        plek = (gebeurtenis.onderwerp, gebeurtenis.gegevens["batch"])
        bladen[plek] += aantal if gebeurtenis.soort == "doos.gevuld" else -aantal
    plaatsen: dict[UUID, list[DoosplaatsRow]] = defaultdict(list)
    for rij in session.exec(select(DoosplaatsRow).order_by(col(DoosplaatsRow.nummer))):
        plaatsen[rij.doos_id].append(rij)
    actoren = _load_wie(session)
    vraag = select(DoosRow)
    gezien = set()
    for doos in session.exec(vraag if ids is None else vraag.where(col(DoosRow.log_id).in_(ids))):
        gezien.add(doos.log_id)
        gemaakt, verplaatst = per["gemaakt"].get(doos.log_id, []), per["verplaatst"].get(doos.log_id, [])
        if not gemaakt:
            yield _nooit(Wat.DOOS, f"Doos {doos.nummer}")
        elif not all(
            g.holds("nummer", {"nummer": doos.nummer}) and _is_gedaan(g, g.actor, doos.gemaakt_op) for g in gemaakt
        ):
            yield _anders(Wat.DOOS, f"Het nummer van doos {doos.nummer} ({_kort(doos.log_id)})")
        staat = plaatsen[doos.id]
        if len(staat) != len(verplaatst) or not all(
            g.holds("plaats", {"plaats": plek.plaats}) and _is_gedaan(g, actoren.get(plek.actor_id), plek.op)
            for g, plek in zip(verplaatst, staat, strict=True)
        ):
            yield _anders(Wat.DOOS, f"Waar doos {doos.nummer} staat,")
        laatste = open_of_dicht.get(doos.log_id, [])[-1:]
        dicht = [g for g in laatste if g.soort == "doos.gesloten"]
        if (doos.gesloten_op is not None) != bool(dicht) or not all(
            _is_gedaan(g, g.actor, doos.gesloten_op) for g in dicht
        ):
            yield _anders(Wat.DOOS, f"Of doos {doos.nummer} dicht is,")
    for log_id in per["gemaakt"].keys() - gezien:
        yield _weg(Wat.DOOS, f"Doos {_kort(log_id)}")
    yield from _compare_bladen(session, ids, bladen)
    yield from _compare_bewegingen(session, ids, bewegingen)


def _compare_bewegingen(
    session: Session, ids: Collection[UUID] | None, bewegingen: Iterable[_Gebeurtenis]
) -> Iterator[Verschil]:
    """Compare who put sheets into a doos or took them out, and when."""
    van_doos, actoren = _per(bewegingen), _load_wie(session)
    erin, eruit = (col(DoosbladRow.actor_id), col(DoosbladRow.op)), (col(DoosbladRow.uit_door), col(DoosbladRow.uit_op))
    for soort, (door, op) in (("doos.gevuld", erin), ("doos.geleegd", eruit)):
        vraag = (
            sa.select(col(DoosRow.log_id), col(DoosRow.nummer), col(BatchRow.log_id), door, op)
            .join(DoosbladRow, col(DoosbladRow.doos_id) == DoosRow.id)
            .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
            .join(BatchRow, col(BatchRow.id) == BladRow.batch_id)
            .where(op.is_not(None))
            .distinct()
        )
        for log_id, nummer, batch, wie, wanneer in session.execute(
            vraag if ids is None else vraag.where(col(DoosRow.log_id).in_(ids))
        ):
            if not any(
                (g.soort, g.gegevens["batch"]) == (soort, str(batch)) and _is_gedaan(g, actoren.get(wie), wanneer)
                for g in van_doos.get(log_id, [])
            ):
                yield _anders(Wat.DOOS, f"Wie papier in of uit doos {nummer} deed, en wanneer,")


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


# --- the batch ----------------------------------------------------------------------------------------------------


def _compare_ontvangst(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare with which settings each batch came in, which files it had and who scanned it."""
    ontvangen = _per(_load(session, "batch.ontvangen", ids=ids))
    vraag = select(BatchRow)
    for batch in session.exec(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))).all():
        if laatste := ontvangen.get(batch.log_id):
            vastgelegd, momentopname = laatste[-1].gegevens, storage.hash_momentopname(batch.momentopname)
            if (
                not vastgelegd["momentopname"] == batch.momentopname_sha256 == momentopname
                or batch.momentopname["nakijken"] != batch.nakijken
            ):
                yield _anders(Wat.BATCH, f"Met welke instellingen batch {batch.nummer} is gescand,")
            if vastgelegd["manifest"] != _hash_ontvangst(session, batch):
                yield _anders(Wat.PAGINA, f"Welke bestanden bij batch {batch.nummer} horen,")
        if scanoperator.find_laatste(session, batch) is not None and not personen.is_zoals_vastgelegd(session, batch):
            yield _anders(Wat.SCANOPERATOR, f"Wie batch {batch.nummer} scande,")


def _compare_voortgang(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare when each batch was cut into documents, and who reported it ready."""
    ontleed = _per(_load(session, "batch.ontleed", ids=ids))
    klaar, actoren = _per(_load(session, "batch.klaargemeld", ids=ids)), _load_wie(session)
    vraag = select(BatchRow)
    for batch in session.exec(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))).all():
        if batch.nummer != format_batchnummer(batch.jaar, batch.volgnummer):
            yield _anders(Wat.BATCH, f"Het nummer van batch {batch.nummer}")
        laatste, eerste = klaar.get(batch.log_id, [])[-1:], ontleed.get(batch.log_id, [])
        if eerste and not _is_zelfde_tijd(batch.ontleed_op, eerste[0].op):
            yield _anders(Wat.BATCH, f"Wanneer batch {batch.nummer} is ontleed,")
        if (batch.klaargemeld_op is not None) != bool(laatste) or not all(
            _is_gedaan(g, actoren.get(batch.klaargemeld_door), batch.klaargemeld_op) for g in laatste
        ):
            yield _anders(Wat.BATCH, f"Of batch {batch.nummer} is klaargemeld, en door wie,")


def _compare_dubbel(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Look whether bytes that came before are known to have, of a file and of the batch that it came with."""
    ander, eerder = aliased(BronRow), aliased(BatchRow)
    ook = sa.exists().where(  # of the same bytes one alone is the first, whatever the clocks said
        col(ander.sha256) == BronRow.sha256, col(ander.dubbel_van).is_(None), col(ander.id) != BronRow.id
    )
    vorige = sa.exists().where(
        col(ander.id) == BronRow.dubbel_van, col(ander.sha256) == BronRow.sha256, col(ander.id) != BronRow.id
    )
    van_eerder = (
        sa.select(col(eerder.id))
        .join(ander, col(ander.batch_id) == eerder.id)
        .join(BronRow, col(BronRow.dubbel_van) == ander.id)
        .where(col(BronRow.batch_id) == BatchRow.id, col(BronRow.ontvangen_op) == BatchRow.ontvangen_op)
        .where(col(eerder.id) != BatchRow.id)
        .correlate(BatchRow)
    )
    bron = sa.exists().where(
        col(BronRow.batch_id) == BatchRow.id,
        sa.or_(sa.and_(col(BronRow.dubbel_van).is_(None), ook), sa.and_(col(BronRow.dubbel_van).is_not(None), ~vorige)),
    )
    batch = sa.or_(
        sa.and_(col(BatchRow.dubbel_van).is_(None), van_eerder.exists()),
        sa.and_(col(BatchRow.dubbel_van).is_not(None), col(BatchRow.dubbel_van).not_in(van_eerder)),
    )
    vraag = sa.select(col(BatchRow.nummer)).where(sa.or_(bron, batch))
    for nummer in session.execute(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))).scalars():
        yield _anders(Wat.DUBBEL, f"Of de bestanden van batch {nummer} eerder zijn ontvangen,")


def _compare_bewerkingen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare what was done to each batch, and by whom: who worked on it decides nothing about its paper."""
    vraag = (
        sa.select(BewerkingRow, BatchRow, col(ActorRow.log_id))
        .join(BatchRow, col(BatchRow.id) == BewerkingRow.batch_id)
        .join(ActorRow, col(ActorRow.id) == BewerkingRow.actor_id)
    )
    gebeurtenissen = {
        (g.onderwerp, g.gegevens["nummer"]): g for g in _load(session, "bewerking", ids=ids) if not g.is_terug
    }
    for rij, batch, actor in session.execute(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))):
        gebeurtenis = gebeurtenissen.pop((batch.log_id, rij.nummer), None)
        wie = f"Bewerking {rij.nummer} van batch {batch.nummer}"
        if gebeurtenis is None:
            yield _nooit(Wat.BEWERKING, wie)
        elif gebeurtenis.gegevens["soort"] != rij.soort or not _is_gedaan(gebeurtenis, actor, rij.op):
            yield _anders(Wat.BEWERKING, wie)
    for log_id, nummer in gebeurtenissen:
        yield _weg(Wat.BEWERKING, f"Bewerking {nummer} van batch {_say_batch(session, log_id)}")


def _hash_ontvangst(session: Session, batch: BatchRow) -> str:
    rijen = session.execute(
        sa.select(BronRow, ObjectRow)
        .join(ObjectRow, col(ObjectRow.sha256) == BronRow.sha256)
        .where(col(BronRow.batch_id) == batch.id)
        .order_by(col(BronRow.volgnummer))
    )
    geleverd = [(bron, object_) for bron, object_ in rijen if not bron.aanlevering.get("bijgescand")]
    if any(bron.ontvangen_op != batch.ontvangen_op for bron, _ in geleverd):
        return ""
    bestanden = [Vingerafdruk(object_.sha256, object_.sha512, object_.omvang_bytes) for _, object_ in geleverd]
    return hashlib.sha256(storage.build_ontvangst(batch, bestanden)).hexdigest()


def _compare_telling(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare the bladtelling, which the database keeps, with the page images; each of these is of one batch."""
    geteld = [
        sa.func.coalesce(sa.func.sum(sa.case((col(BeeldRow.bestemming) == bestemming, 1), else_=0)), 0)
        for bestemming in Bestemming
    ]
    vreemd = sa.or_(
        col(BronRow.batch_id).is_distinct_from(col(BeeldRow.batch_id)), col(BladRow.batch_id) != BeeldRow.batch_id
    )
    vraag = (
        sa.select(BatchRow, sa.func.coalesce(sa.func.sum(sa.case((vreemd, 1), else_=0)), 0), *geteld)
        .outerjoin(BeeldRow, col(BeeldRow.batch_id) == BatchRow.id)
        .outerjoin(BronRow, col(BronRow.id) == BeeldRow.bron_id)
        .outerjoin(BladRow, col(BladRow.id) == BeeldRow.blad_id)
        .group_by(col(BatchRow.id))
    )
    if ids is not None:
        vraag = vraag.where(col(BatchRow.log_id).in_(ids))
    for batch, vreemd_, *aantallen in session.execute(vraag):
        telling = storage.bladtelling_of(batch)
        staat = [telling.in_documenten, telling.scheidingsbladen, telling.weggelaten]
        if vreemd_ or staat != aantallen or telling.ontvangen != sum(aantallen):
            yield _anders(Wat.PAGINA, f"De bladtelling van batch {batch.nummer}")


# --- the documents ------------------------------------------------------------------------------------------------


def _compare_versies(session: Session, ids: Collection[UUID] | None, opslag: Opslag | None) -> Iterator[Verschil]:
    """Compare pages, proofs and deliveries of every versie, and of those that stand sealed the zaak and the numbers."""
    vraag = (
        select(BatchRow, DocumentRow, DocumentversieRow)
        .join(DocumentRow, col(DocumentRow.batch_id) == BatchRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.document_id) == DocumentRow.id)
        .order_by(col(BatchRow.id))
    )
    if ids is not None:
        vraag = vraag.where(col(BatchRow.log_id).in_(ids))
    batch_id: UUID | None = None
    samen: list[tuple[BatchRow, DocumentRow, DocumentversieRow]] = []
    for batch, document, versie in session.exec(vraag):
        if batch.id != batch_id and samen:
            yield from _compare_batch(session, samen, opslag)
            samen = []
        batch_id = batch.id
        samen.append((batch, document, versie))
    if samen:
        yield from _compare_batch(session, samen, opslag)


_Samen = Sequence[tuple[BatchRow, DocumentRow, DocumentversieRow]]


def _compare_batch(session: Session, samen: _Samen, opslag: Opslag | None) -> Iterator[Verschil]:
    yield from _compare_archief(session, samen)
    yield from _compare_paginas(session, samen, opslag)
    yield from _compare_afleveringen(session, samen)


def _compare_archief(session: Session, samen: _Samen) -> Iterator[Verschil]:
    soorten = ("documentversie.gemaakt", "documentversie.gearchiveerd", "documentversie.verzegeld")
    gebeurtenissen = _per(_load(session, *soorten, ids=[versie.log_id for _, _, versie in samen]))
    batch = samen[0][0]
    staand = session.exec(
        select(VerzegelingRow.id).where(VerzegelingRow.batch_id == batch.id, col(VerzegelingRow.vervallen_op).is_(None))
    ).first()
    nieuwste = {document.id: versie.n for _, document, versie in sorted(samen, key=lambda rij: rij[2].n)}
    for _, document, versie in samen:
        eigen = gebeurtenissen.get(versie.log_id, [])
        gearchiveerd = [g for g in eigen if g.soort == "documentversie.gearchiveerd"]
        wie = f"document {_kort(document.id)} versie {versie.n}"
        gemaakt = [g.gegevens for g in eigen if g.soort == "documentversie.gemaakt"]
        if gemaakt and [gemaakt[-1][naam] for naam in ("document", "n", "reden")] != [
            str(document.id),
            versie.n,
            versie.reden,
        ]:
            yield _anders(Wat.PAGINA, f"Wat {wie} is,")
        if gearchiveerd:
            g = gearchiveerd[-1].gegevens
            if (g["pdf"], g["manifest"], g["bytes"], g["conform"], g["getrouw"]) != (
                versie.pdf_sha256,
                versie.manifest_sha256,
                versie.pdf_bytes,
                versie.pdfa_conform is True,
                versie.getrouw is True,
            ) or not _is_zelfde_tijd(versie.gearchiveerd_op, gearchiveerd[-1].op):
                yield _anders(Wat.DOCUMENT, f"Het archiefbestand van {wie}")
        elif versie.pdf_sha256 is not None:
            yield _nooit(Wat.DOCUMENT, f"Het archiefbestand van {wie}")
        verzegeld = [g for g in eigen if g.soort == "documentversie.verzegeld"]
        if staand is not None and verzegeld and versie.n == nieuwste[document.id]:
            kenmerk = {"batch": batch.nummer, "document": str(document.id), "zaak": document.zaakidentificatie or ""}
            if not verzegeld[-1].holds("kenmerk", kenmerk):
                yield _anders(Wat.ZAAK, f"De zaak of de batch van {wie}")


def _compare_paginas(session: Session, samen: _Samen, opslag: Opslag | None) -> Iterator[Verschil]:
    """Compare the newest pages of each document with where its beelden are now, and with the manifest in the log."""
    batch = samen[0][0]
    nieuwste = {document.id: (document, versie) for _, document, versie in sorted(samen, key=lambda rij: rij[2].n)}
    in_batch: dict[UUID | None, list[tuple[UUID, int]]] = defaultdict(list)
    beelden = sa.select(col(BeeldRow.document_id), col(BeeldRow.id), col(BeeldRow.draai_graden))
    for document_id, *beeld in session.execute(
        beelden.where(col(BeeldRow.batch_id) == batch.id).order_by(col(BeeldRow.volgorde))
    ):
        in_batch[document_id].append(tuple(beeld))
    van_versie: dict[UUID, list[tuple[int, UUID, int, int, str, str, int]]] = defaultdict(list)
    kolommen = (
        PaginaRow.documentversie_id, PaginaRow.nummer, BeeldRow.id, PaginaRow.draai_graden, BeeldRow.n,
        BronRow.sha256, ObjectRow.sha512, ObjectRow.omvang_bytes,
    )  # fmt: skip
    for versie_id, *pagina in session.execute(
        sa.select(*(col(kolom) for kolom in kolommen))
        .join(BeeldRow, col(BeeldRow.id) == PaginaRow.beeld_id)
        .join(BronRow, col(BronRow.id) == BeeldRow.bron_id)
        .join(ObjectRow, col(ObjectRow.sha256) == BronRow.sha256)
        .where(col(PaginaRow.documentversie_id).in_([versie.id for _, versie in nieuwste.values()]))
        .order_by(col(PaginaRow.nummer))
    ):
        van_versie[versie_id].append(tuple(pagina))
    for document, versie in nieuwste.values():
        wie = f"document {_kort(document.id)} versie {versie.n}"
        paginas, nu = van_versie[versie.id], in_batch[document.id]
        if (document.vervallen_op is None) != bool(nu):
            yield _anders(Wat.PAGINA, f"Of document {_kort(document.id)} nog pagina's heeft,")
        elif nu and [(nummer, beeld, draai) for nummer, beeld, draai, *_ in paginas] != [
            (nummer, *beeld) for nummer, beeld in enumerate(nu, start=1)
        ]:
            yield _anders(Wat.PAGINA, f"De volgorde of de ligging van de pagina's van {wie}")
        if opslag is not None and versie.manifest_sha256 is not None:
            yield from _compare_manifest(session, opslag, versie, paginas, wie)


def _compare_manifest(
    session: Session, opslag: Opslag, versie: DocumentversieRow, paginas: Sequence[Any], wie: str
) -> Iterator[Verschil]:
    """Compare what the manifest of a versie says, to which the log holds it, with the rows."""
    pdf = session.get(ObjectRow, versie.pdf_sha256)
    verwacht = {
        "documentversie": str(versie.log_id),
        "n": versie.n,
        "masters": {sha256: {"sha512": sha512, "bytes": omvang} for *_, sha256, sha512, omvang in paginas},
        "paginas": [
            {"master": sha256, "n": n, "draai_graden": draai, "beeld": str(beeld)}
            for _, beeld, draai, n, sha256, *_ in paginas
        ],
        "pdf": None if pdf is None else {"sha256": pdf.sha256, "sha512": pdf.sha512, "bytes": pdf.omvang_bytes},
        "pdfa": {
            "profiel": versie.pdfa_profiel, "conform": versie.pdfa_conform, "rapport": versie.pdfa_rapport_sha256
        },
        "getrouwheid": {"gelijk": versie.getrouw, "rapport": versie.getrouwheid_rapport_sha256},
    }  # fmt: skip
    try:
        with os.fdopen(opslag.open_fd(str(versie.manifest_sha256)), "rb") as bestand:
            manifest = json.load(bestand)
        gelijk = all(manifest[naam] == waarde for naam, waarde in verwacht.items())
    except (OpslagError, OSError):  # that it is gone or damaged, the check of the store says, and the poort
        return
    except (ValueError, LookupError, TypeError):
        gelijk = False
    if not gelijk:
        yield Verschil(Wat.PAGINA, f"De pagina's van {wie} staan anders in de database dan is vastgelegd.")


def _compare_afleveringen(session: Session, samen: _Samen) -> Iterator[Verschil]:
    """Compare which versies came back equal from the zaaksysteem and still hang on their zaak."""
    batch, van_document = samen[0][0], defaultdict(list)
    for _, document, versie in samen:
        van_document[str(document.id)].append(versie.log_id)
    bevestigd: dict[UUID, list[_Gebeurtenis]] = defaultdict(list)
    losgemaakt: dict[UUID, list[_Gebeurtenis]] = defaultdict(list)
    staand: set[UUID] = set()
    soorten, ids = ("aflevering.bevestigd", "document.ontkoppeld"), [versie.log_id for _, _, versie in samen]
    for g in _load(session, *soorten, ids=[*ids, batch.log_id]):
        if g.soort == "aflevering.bevestigd":
            bevestigd[g.onderwerp].append(g)
            staand.add(g.onderwerp)
            continue
        for log_id in van_document[g.gegevens["document"]]:
            losgemaakt[log_id].append(g)
            staand.discard(log_id)
    rijen: dict[UUID, list[AfleveringRow]] = defaultdict(list)
    for rij in session.exec(
        select(AfleveringRow).where(
            col(AfleveringRow.documentversie_id).in_([versie.id for _, _, versie in samen]),
            col(AfleveringRow.bevestigd_op).is_not(None),
        )
    ):
        rijen[rij.documentversie_id].append(rij)
    nieuwste = {document.id: versie.n for _, document, versie in sorted(samen, key=lambda rij: rij[2].n)}
    for _, document, versie in samen:
        log_id, eigen = versie.log_id, rijen[versie.id]
        nog = [rij for rij in eigen if rij.ontkoppeld_op is None]
        if (
            len(eigen) != len(bevestigd[log_id])
            or len(nog) != (log_id in staand)
            or any(
                (rij.zaakidentificatie, "gekoppeld") != (document.zaakidentificatie, document.koppelstatus)
                for rij in nog
                if versie.n == nieuwste[document.id]
            )
            or not all(
                rij.gelijk and any(rij.teruggelezen_sha256 == g.gegevens["pdf"] for g in bevestigd[log_id])
                for rij in eigen
            )
            or not all(
                rij in nog or any(_is_zelfde_tijd(rij.ontkoppeld_op, g.op) for g in losgemaakt[log_id]) for rij in eigen
            )
        ):
            yield _anders(Wat.AFLEVERING, f"Of document {_kort(document.id)} versie {versie.n} in zijn zaak staat,")


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


def _is_zelfde_tijd(een: str | None, ander: str) -> bool:
    try:
        return abs(datetime.fromisoformat(str(een)) - datetime.fromisoformat(ander)) <= SPELING
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
        .join(BatchRow, col(BatchRow.id) == VerzegelingRow.batch_id), batch, lambda rij: _read_trekking(session, rij),
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.OORDEEL, "Een oordeel over een batch", ("batch.goedgekeurd", "batch.afgekeurd"),
        sa.select(OordeelRow, batch).join(BatchRow, col(BatchRow.id) == OordeelRow.batch_id), batch,
        lambda rij: _read_oordeel(session, rij),
        soort=lambda rij: f"batch.{rij.uitslag}", door=OordeelRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LIJST, "Een vernietigingslijst", ("lijst.voorgesteld",),
        sa.select(VernietigingslijstRow, lijst), lijst,
        lambda rij: {
            "inhoud": rij.inhoud_sha256 if _digest(rij.inhoud) == rij.inhoud_sha256 else "",
            "naam": {"naam": rij.naam},
        },
        door=VernietigingslijstRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LAATSTE_BLIK, "Wat voor een laatste blik is getrokken", ("laatste_blik.getrokken",),
        sa.select(TrekkingRow, doos).join(DoosRow, col(DoosRow.id) == TrekkingRow.doos_id), doos,
        lambda rij: _read_trekking(session, rij),
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LAATSTE_BLIK, "Een laatste blik", ("laatste_blik.gedaan",),
        sa.select(LaatsteblikRow, doos).join(DoosRow, col(DoosRow.id) == LaatsteblikRow.doos_id), doos,
        lambda rij: _read_blik(session, rij), door=LaatsteblikRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.VRIJGAVE, "Een vrijgave", ("vrijgave",),
        sa.select(VrijgaveRow, lijst)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == VrijgaveRow.lijst_id), lijst,
        lambda rij: {
            "inhoud": rij.inhoud_sha256 if _is_mandaat_van(session, rij) else "",
            "volgnummer": rij.volgnummer,
            "feiten": rij.feiten_sha256,
        },
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
        sa.select(UitvoeringRow, doos).join(DoosRow, col(DoosRow.id) == UitvoeringRow.doos_id), doos,
        lambda rij: _read_uitvoering(session, rij),
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
        lambda rij: {"pdf": rij.pdf_sha256 if _is_mandaat_van(session, rij) else ""}, door=OndertekeningRow.persoon_id,
    )  # fmt: skip
    yield from _compare_verklaringscans(session)


def _compare_verklaringscans(session: Session) -> Iterator[Verschil]:
    over, actoren = _per(_load(session, "verklaring.scan")), _load_wie(session)
    rijen = session.execute(
        sa.select(VerklaringscanRow, col(VerklaringRow.log_id))
        .join(VerklaringRow, col(VerklaringRow.id) == VerklaringscanRow.verklaring_id)
    )  # fmt: skip
    for rij, log_id in rijen:
        wie = f"Een scan van een verklaring ({_kort(log_id)})"
        passend = [
            g
            for g in over.get(log_id, [])
            if g.gegevens["bestand"] == rij.bestand_sha256 and _is_gedaan(g, actoren.get(rij.persoon_id), rij.op)
        ]
        if passend:
            over[log_id].remove(passend[0])
        else:
            yield _nooit(Wat.VERKLARING, f"{wie}, zoals die er nu staat,")
    for log_id, gebeurtenissen in over.items():
        if gebeurtenissen:
            yield _weg(Wat.VERKLARING, f"Een scan van een verklaring ({_kort(log_id)}), zoals vastgelegd,")


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


def _is_mandaat_van(session: Session, rij: VrijgaveRow | OndertekeningRow) -> bool:
    mandaat = session.get(MandaatRow, rij.mandaat_id)
    return mandaat is not None and (mandaat.persoon_id, mandaat.rol) == (rij.persoon_id, "gemandateerde")


def _read_trekking(session: Session, rij: TrekkingRow) -> dict[str, Any]:
    gelijk = _digest(rij.trekking) == rij.trekking_sha256
    lijst = None if rij.lijst_id is None else session.get_one(VernietigingslijstRow, rij.lijst_id)
    return {"zaad": rij.zaad, "checkpoint": rij.checkpoint, "trekking": rij.trekking_sha256 if gelijk else ""} | (
        {} if lijst is None else {"lijst": str(lijst.log_id)}
    )


def _read_blik(session: Session, rij: LaatsteblikRow) -> dict[str, Any]:
    trekking, lijst = (
        session.get_one(TrekkingRow, rij.trekking_id),
        session.get_one(VernietigingslijstRow, rij.lijst_id),
    )
    gelijk = (trekking.lijst_id, trekking.doos_id) == (rij.lijst_id, rij.doos_id)
    return {"geslaagd": rij.geslaagd, "lijst": str(lijst.log_id) if gelijk else ""}


def _read_oordeel(session: Session, rij: OordeelRow) -> dict[str, Any]:
    inhoud = {naam: waarde for naam, waarde in rij.oordeel.items() if naam not in ("redenen", "toelichtingen")}
    trekking = session.get_one(TrekkingRow, rij.trekking_id)
    verzegeling = session.get_one(VerzegelingRow, rij.verzegeling_id)
    gelijk = (
        _digest(inhoud) == rij.oordeel_sha256
        and inhoud.get("uitslag") == rij.uitslag
        and inhoud.get("trekking") == trekking.trekking_sha256
        and (trekking.verzegeling_id, verzegeling.batch_id) == (rij.verzegeling_id, rij.batch_id)
    )
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


def _read_uitvoering(session: Session, rij: UitvoeringRow) -> dict[str, Any]:
    opdracht = session.get_one(OpdrachtRow, rij.opdracht_id)
    opgedragen = {"opgedragen": storage.find_logregel(session, opdracht.gebeurtenis_id)}
    if rij.uitslag == "vernietigd":
        tegen = {"belemmeringen": {"reden": rij.belemmeringen}} if rij.belemmeringen else {}
        return (
            tegen
            | opgedragen
            | {
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
        )
    return opgedragen | {"deels": rij.uitslag == "deels", "toelichting": {"reden": rij.toelichting}}


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
    actoren = _load_wie(session)
    vraag = select(VernietigingslijstRow)
    if ids is not None:
        vraag = vraag.where(col(VernietigingslijstRow.log_id).in_(ids))
    for lijst in session.exec(vraag):
        wie = f"vernietigingslijst {_kort(lijst.log_id)}"
        einde = lijsten.get(lijst.log_id, [])
        if (lijst.ingetrokken_op is not None) != bool(einde) or not all(
            _is_gedaan(g, actoren.get(lijst.ingetrokken_door), lijst.ingetrokken_op) for g in einde
        ):
            yield _anders(Wat.LIJST, f"Of {wie} is ingetrokken,")
        op_lijst = session.exec(
            select(DoosRow.log_id)
            .join(LijstdoosRow, col(LijstdoosRow.doos_id) == DoosRow.id)
            .where(LijstdoosRow.lijst_id == lijst.id)
        ).all()
        if sorted(map(str, op_lijst)) != sorted(str(doos["doos"]) for doos in lijst.inhoud.get("dozen", ())):
            yield _anders(Wat.LIJST, f"Welke dozen op {wie} staan,")
        terug = session.exec(
            select(VrijgaveRow).where(VrijgaveRow.lijst_id == lijst.id, col(VrijgaveRow.ingetrokken_op).is_not(None))
        ).all()
        einde = vrijgaven.get(lijst.log_id, [])
        if len(terug) != len(einde) or not all(
            any(_is_gedaan(g, actoren.get(rij.ingetrokken_door), rij.ingetrokken_op) for g in einde) for rij in terug
        ):
            yield _anders(Wat.VRIJGAVE, f"Of een vrijgave van {wie} is ingetrokken,")
