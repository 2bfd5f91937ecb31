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

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from kwaliteitscontrole.woorden import count_words
from scanstraat import logstand, rijcontrole_batch, rijcontrole_beslissing
from scanstraat.domain import ONBEKEND
from scanstraat.intake.opslag import Opslag
from scanstraat.rijen import (
    UIT_LOGBOEK,
    Vastgelegd,
    Verschil,
    Wat,
    digest_json,
    find_teruggebracht,
    group_per,
    is_gedaan,
    load_vastgelegd,
    load_wie,
    say_anders,
    say_batch,
    say_nooit,
    say_weg,
    shorten,
)
from scanstraat.tables import (
    ActorRow,
    BackupRow,
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
    MandaatRow,
    PersoonRow,
    PersoonsnaamRow,
    StopRow,
    TermijnverlengingRow,
    UitzonderingRow,
)
from vernietiging.boom import hash_blad
from vernietiging.errors import GebeurtenisError, VernietigingError
from vernietiging.tegels import BREEDTE, Tegelmap

SAMEN = 1000  # documents that are compared at a time: what is held in memory does not grow with the record


def find_verschillen(
    session: Session, ids: Collection[UUID] | None = None, opslag: Opslag | None = None
) -> Iterator[Verschil]:
    """Yield everything in which rows and events differ.

    Args:
        ids: keep to the batches, dozen and lijsten with these ids of the log; people, mandaten, stops and besluiten are
            always all compared, because anything may rest on them; and every document that is gone is missed, because
            nothing says any more to which batch it belonged.
        opslag: has the manifests that say which page images a document shows; without it these are not compared.
    """
    yield from _compare_personen(session)
    yield from _compare_mandaten(session)
    yield from _compare_stops(session)
    yield from _compare_besluiten(session)
    yield from _compare_dozen(session, ids)
    for samen in _list_batches(session) if ids is None else (ids,):
        yield from _compare_bindingen(session, samen)
        yield from _compare_termijnen(session, samen)
        yield from _compare_uitzonderingen(session, samen)
        yield from rijcontrole_batch.find_verschillen(session, samen, opslag)
    yield from rijcontrole_beslissing.find_verschillen(session, ids)
    yield from _find_verdwenen(session)
    if ids is None:
        yield from compare_backups(session)
        yield from _find_wezen(session)


def compare_backups(session: Session) -> Iterator[Verschil]:
    """Yield every back-up of which the last verdict, its moment or the list it is about is not what was recorded."""
    gecontroleerd = group_per(load_vastgelegd(session, "backup.gecontroleerd"))
    gezien = set()
    for rij in session.exec(select(BackupRow)):
        gezien.add(rij.id)
        wie, oordelen = f"Of back-up {rij.gemaakt_op} in orde is,", gecontroleerd.get(rij.id, [])
        if not oordelen:
            if (rij.in_orde, rij.gecontroleerd_op) != (None, None):
                yield say_nooit(Wat.BACKUP, wie)
            continue
        laatste = oordelen[-1]
        if (laatste.gegevens["in_orde"], laatste.gegevens["inhoud"]) != (rij.in_orde, rij.inhoud_sha256) or not (
            is_gedaan(laatste, laatste.actor, rij.gecontroleerd_op)
        ):
            yield say_anders(Wat.BACKUP, wie)
    for log_id in gecontroleerd.keys() - gezien:
        yield say_weg(Wat.BACKUP, f"Het oordeel over back-up {shorten(log_id)}")


def _find_wezen(session: Session) -> Iterator[Verschil]:
    """Yield every table with rows that point to one that is not there: whoever owns the database can take it away."""
    for tabel in SQLModel.metadata.sorted_tables:
        for kolom in tabel.columns:
            for sleutel in kolom.foreign_keys:
                ander = sleutel.column.table.alias()
                er_is = sa.exists().where(ander.c[sleutel.column.name] == kolom)
                vraag = sa.select(sa.func.count()).select_from(tabel).where(kolom.is_not(None), ~er_is)
                aantal = session.execute(vraag).scalar_one()
                if aantal:
                    yield Verschil(
                        Wat.RIJ,
                        f"{count_words(aantal, 'rij', 'rijen')} van de tabel {tabel.name} "
                        f"{'wijst' if aantal == 1 else 'wijzen'} naar iets in {sleutel.column.table.name} dat er niet "
                        "meer is.",
                    )


def _find_verdwenen(session: Session) -> Iterator[Verschil]:
    """Yield every versie of a document that was made, by the log, and that hangs on no batch any more."""
    er_is = (
        sa.select(col(DocumentversieRow.log_id))
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .join(BatchRow, col(BatchRow.id) == DocumentRow.batch_id)
    )
    vraag = (
        sa.select(col(GebeurtenisRow.onderwerp_log_id))
        .where(
            col(GebeurtenisRow.soort) == "documentversie.gemaakt",
            col(GebeurtenisRow.onderwerp_log_id).not_in(er_is),
        )
        .order_by(col(GebeurtenisRow.volgnummer))
    )
    for van, tot in find_teruggebracht(session):
        vraag = vraag.where(~col(GebeurtenisRow.volgnummer).between(van, tot - 1))
    for log_id in session.execute(vraag).scalars():
        yield say_weg(Wat.DOCUMENT, f"Documentversie {shorten(log_id)}")


def _list_batches(session: Session) -> Iterator[Collection[UUID]]:
    """Yield the ids of all batches, a few at a time: those that have a row, and those of which the log speaks."""
    vastgelegd = sa.select(col(GebeurtenisRow.onderwerp_log_id)).where(
        col(GebeurtenisRow.soort) == "batch.ontvangen",
        col(GebeurtenisRow.onderwerp_log_id).not_in(sa.select(col(BatchRow.log_id))),
    )
    per_batch = (
        sa.select(col(BatchRow.log_id), sa.func.count(col(DocumentRow.id)))
        .outerjoin(DocumentRow, col(DocumentRow.batch_id) == BatchRow.id)
        .group_by(col(BatchRow.log_id))
    )
    samen: list[UUID] = list(session.execute(vastgelegd).scalars())
    documenten = 0
    for log_id, aantal in session.execute(per_batch).all():
        samen.append(log_id)
        documenten += aantal + 1
        if documenten >= SAMEN:
            yield samen
            samen, documenten = [], 0
    yield samen


def find_andere_regels(session: Session, tegels: Tegelmap, ids: Collection[UUID]) -> Iterator[Verschil]:
    """Yield the events about these ids, and about people, mandaten, stops and back-ups, that are not what was sealed.

    One that is not sealed yet must have been written here.
    """
    mensen = ("persoon.", "mandaat.", "stop.", "besluit.", "handboek.", "backup.", "herstel.")
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


# --- people -------------------------------------------------------------------------------------------------------


def _compare_personen(session: Session) -> Iterator[Verschil]:
    vastgelegd = group_per(load_vastgelegd(session, "persoon.vastgelegd"))
    namen = group_per(load_vastgelegd(session, "persoon.vastgelegd", "persoon.naam"))
    rijen: dict[UUID, list[str]] = defaultdict(list)
    for persoon_id, naam in session.exec(select(PersoonsnaamRow.persoon_id, PersoonsnaamRow.naam)):
        rijen[persoon_id].append(naam)
    gezien = set()
    for persoon, actor in session.exec(
        select(PersoonRow, ActorRow).join(ActorRow, col(ActorRow.id) == PersoonRow.actor_id)
    ):
        wie = f"Persoon {shorten(actor.log_id)}"
        gezien.add(actor.log_id)
        begin = vastgelegd.get(actor.log_id, [])
        if not begin:
            yield say_nooit(Wat.PERSOON, wie)
        elif not all(g.holds("naam", {"naam": naam}) for g in begin for naam in (persoon.naam, actor.naam)):
            yield say_anders(Wat.PERSOON, f"De naam van {wie.lower()}")
        elif actor.soort != "persoon" or not is_gedaan(begin[0], begin[0].actor, persoon.aangemaakt_op):
            yield say_anders(Wat.PERSOON, f"{wie}, of sinds wanneer die er is,")
        over = list(rijen[persoon.id])
        for gebeurtenis in namen.get(actor.log_id, []):
            passend = [naam for naam in over if gebeurtenis.holds("naam", {"naam": naam})]
            if passend:
                over.remove(passend[0])
            else:
                yield say_weg(Wat.PERSOON, f"Een naam van {wie.lower()}")
        if over:
            yield say_nooit(Wat.PERSOON, f"Een naam van {wie.lower()}")
    for log_id in vastgelegd.keys() - gezien:
        yield say_weg(Wat.PERSOON, f"Persoon {shorten(log_id)}")


def _compare_mandaten(session: Session) -> Iterator[Verschil]:
    verleend = group_per(load_vastgelegd(session, "mandaat.verleend"), "mandaat")
    ingetrokken = group_per(load_vastgelegd(session, "mandaat.ingetrokken"), "mandaat")
    actoren = load_wie(session)
    gezien = set()
    for rij in session.exec(select(MandaatRow)):
        wie = f"Mandaat {shorten(rij.log_id)} ({rij.rol})"
        gezien.add(rij.log_id)
        begin = verleend.get(rij.log_id, [])
        if len(begin) != 1:
            yield say_nooit(Wat.MANDAAT, wie)
            continue
        gegeven = begin[0]
        wie_gaf = actoren.get(rij.persoon_id if rij.verleend_door is None else rij.verleend_door)
        if (
            (gegeven.onderwerp, gegeven.actor) != (actoren.get(rij.persoon_id), wie_gaf)
            or (gegeven.gegevens["rol"], gegeven.gegevens["van"]) != (rij.rol, rij.van)
            or gegeven.gegevens["tot"] != (rij.tot or "onbepaald")
            or not is_gedaan(gegeven, wie_gaf, rij.verleend_op)
        ):
            yield say_anders(Wat.MANDAAT, wie)
        einde = ingetrokken.get(rij.log_id, [])
        if (rij.ingetrokken_op is not None) != bool(einde):
            yield say_anders(Wat.MANDAAT, f"Of {wie.lower()} is ingetrokken,")
        elif einde and not is_gedaan(einde[-1], actoren.get(rij.ingetrokken_door), rij.ingetrokken_op):
            yield say_anders(Wat.MANDAAT, f"Wie {wie.lower()} introk, en wanneer,")
    for log_id in verleend.keys() - gezien:
        yield say_weg(Wat.MANDAAT, f"Mandaat {shorten(log_id)}")


# --- what holds paper ---------------------------------------------------------------------------------------------


def _compare_stops(session: Session) -> Iterator[Verschil]:
    geplaatst = group_per(load_vastgelegd(session, "stop.geplaatst"))
    opgeheven = group_per(load_vastgelegd(session, "stop.opgeheven"))
    actoren = load_wie(session)
    gezien = set()
    for stop in session.exec(select(StopRow)):
        wie = f"Stop {shorten(stop.id)}"
        gezien.add(stop.log_id)
        begin = geplaatst.get(stop.log_id, [])
        if not begin:
            yield say_nooit(Wat.STOP, wie)
        elif not all(
            _is_geplaatst(stop, g) and is_gedaan(g, actoren.get(stop.geplaatst_door), stop.geplaatst_op) for g in begin
        ):
            yield say_anders(Wat.STOP, wie)
        elif begin[0].is_terug and stop.over == "zaak" and stop.opgeheven_op is None:
            yield Verschil(
                Wat.STOP,
                f"{wie} kwam terug uit het logboek: op welke zaak is niet meer bekend. Plaats hem opnieuw op de goede "
                "zaak, en hef deze daarna op.",
                bekend=True,
            )
        einde = opgeheven.get(stop.log_id, [])
        if (stop.opgeheven_op is not None) != bool(einde):
            yield say_anders(Wat.STOP, f"Of {wie.lower()} is opgeheven")
        elif not all(g.is_terug or g.holds("toelichting", {"reden": stop.opheffingsreden}) for g in einde):
            yield say_anders(Wat.STOP, f"Waarom {wie.lower()} is opgeheven")
        elif einde and not is_gedaan(einde[-1], actoren.get(stop.opgeheven_door), stop.opgeheven_op):
            yield say_anders(Wat.STOP, f"Wie {wie.lower()} ophief, en wanneer,")
    for log_id in geplaatst.keys() - gezien:
        yield say_weg(Wat.STOP, f"Een stop (nummer {shorten(log_id)} in het logboek)")


def _is_geplaatst(stop: StopRow, gebeurtenis: Vastgelegd) -> bool:
    """Whether a stop is as it was placed; what it is on other than a zaak, the log says openly (`stops`)."""
    if (gebeurtenis.gegevens["soort"], gebeurtenis.gegevens["over"]) != (stop.soort, stop.over):
        return False
    if gebeurtenis.is_terug:
        return stop.reden == UIT_LOGBOEK and (stop.over != "zaak" or stop.onderwerp == ONBEKEND)
    return gebeurtenis.holds("kenmerk", {"onderwerp": stop.onderwerp, "reden": stop.reden})


def _compare_uitzonderingen(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
    vraag = (
        select(UitzonderingRow)
        .join(DocumentRow, col(DocumentRow.id) == UitzonderingRow.document_id)
        .join(BatchRow, col(BatchRow.id) == DocumentRow.batch_id)
    )
    actoren = load_wie(session)
    per_document: dict[UUID, list[UitzonderingRow]] = defaultdict(list)
    for rij in session.exec(vraag.where(col(BatchRow.log_id).in_(ids))):
        per_document[rij.document_id].append(rij)
    vastgelegd = group_per(load_vastgelegd(session, "uitzondering.vastgelegd", ids=ids), "document")
    ingetrokken = group_per(load_vastgelegd(session, "uitzondering.ingetrokken", ids=ids), "document")
    for document_id in per_document.keys() | vastgelegd.keys():
        wie = f"Een uitzondering van document {shorten(document_id)}"
        over = list(per_document[document_id])
        for gebeurtenis in vastgelegd.get(document_id, []):
            passend = [
                rij
                for rij in over
                if rij.reden == gebeurtenis.gegevens["reden"]
                and gebeurtenis.holds("toelichting", {"toelichting": rij.toelichting, "vindplaats": rij.vindplaats})
                and is_gedaan(gebeurtenis, actoren.get(rij.actor_id), rij.op)
            ]
            if passend:
                over.remove(passend[0])
            else:
                yield say_weg(Wat.UITZONDERING, f"{wie}, zoals vastgelegd,", bekend=gebeurtenis.is_terug)
        if over:
            yield say_nooit(Wat.UITZONDERING, f"{wie}, zoals zij er nu staat,")
        beeindigd = [rij for rij in per_document[document_id] if rij.ingetrokken_op is not None]
        einden = ingetrokken.get(document_id, [])
        if len(beeindigd) != len(einden) or not all(
            any(is_gedaan(g, actoren.get(rij.ingetrokken_door), rij.ingetrokken_op) for g in einden)
            for rij in beeindigd
        ):
            bekend = len(beeindigd) == sum(not g.is_terug for g in einden)
            yield say_anders(
                Wat.UITZONDERING, f"Of document {shorten(document_id)} een uitzondering is,", bekend=bekend
            )


def _compare_termijnen(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
    vraag = select(TermijnverlengingRow, BatchRow).join(BatchRow, col(BatchRow.id) == TermijnverlengingRow.batch_id)
    rijen: dict[UUID, list[TermijnverlengingRow]] = defaultdict(list)
    for rij, batch in session.exec(vraag.where(col(BatchRow.log_id).in_(ids))):
        rijen[batch.log_id].append(rij)
    verlengd = group_per(load_vastgelegd(session, "termijn.verlengd", ids=ids))
    actoren = load_wie(session)
    for log_id in rijen.keys() | verlengd.keys():
        wie = f"Een verlenging van de termijn van batch {say_batch(session, log_id)}"
        over = list(rijen[log_id])
        for gebeurtenis in verlengd.get(log_id, []):
            passend = [
                rij
                for rij in over
                if rij.tot == gebeurtenis.gegevens["tot"]
                and gebeurtenis.holds("toelichting", {"reden": rij.reden})
                and is_gedaan(gebeurtenis, actoren.get(rij.persoon_id), rij.op)
            ]
            if passend:
                over.remove(passend[0])
            elif not gebeurtenis.is_terug or all(rij.tot < gebeurtenis.gegevens["tot"] for rij in rijen[log_id]):
                yield say_weg(Wat.TERMIJN, f"{wie}, zoals vastgelegd,", bekend=gebeurtenis.is_terug)
        if over:
            yield say_nooit(Wat.TERMIJN, f"{wie}, zoals zij er nu staat,")


# --- under which decision -----------------------------------------------------------------------------------------


def _compare_besluiten(session: Session) -> Iterator[Verschil]:
    vastgelegd = group_per(load_vastgelegd(session, "besluit.vastgelegd"))
    handboeken = group_per(load_vastgelegd(session, "handboek.vastgelegd"))
    actoren = load_wie(session)
    versies = dict(session.execute(sa.select(col(HandboekRow.id), col(HandboekRow.versie))).all())
    gezien: set[UUID] = set()
    for rij in session.exec(select(BesluitRow)):
        wie = f"Besluit {shorten(rij.log_id)} versie {rij.versie}"
        gezien.add(rij.log_id)
        begin = vastgelegd.get(rij.log_id, [])
        if not begin:
            yield say_nooit(Wat.BESLUIT, wie)
        elif not all(
            (g.gegevens["inhoud"], g.gegevens["versie"]) == (rij.inhoud_sha256, rij.versie)
            and digest_json(rij.inhoud) == rij.inhoud_sha256
            and rij.inhoud.get("nummer") == rij.nummer
            and rij.inhoud.get("handboekversie") == versies.get(rij.handboek_id)
            and is_gedaan(g, actoren.get(rij.vastgelegd_door), rij.vastgelegd_op)
            and g.gegevens.get("bedenktijd_dagen", rij.inhoud.get("bedenktijd_dagen")) == rij.inhoud["bedenktijd_dagen"]
            for g in begin
        ):
            yield say_anders(Wat.BESLUIT, wie)
    for handboek in session.exec(select(HandboekRow)):
        gezien.add(handboek.log_id)
        begin = handboeken.get(handboek.log_id, [])
        if [g.gegevens["bestand"] for g in begin] != [handboek.bestand_sha256] or not is_gedaan(
            begin[0], actoren.get(handboek.vastgelegd_door), handboek.vastgelegd_op
        ):
            yield say_anders(Wat.BESLUIT, f"Handboek {shorten(handboek.log_id)}")
    for log_id in (vastgelegd.keys() | handboeken.keys()) - gezien:
        yield say_weg(Wat.BESLUIT, f"Besluit of handboek {shorten(log_id)}")


def _compare_bindingen(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
    vraag = (
        sa.select(col(BatchRow.log_id), BindingRow, col(BesluitRow.log_id), col(HandboekRow.log_id))
        .join(BindingRow, col(BindingRow.batch_id) == BatchRow.id)
        .join(BesluitRow, col(BesluitRow.id) == BindingRow.besluit_id)
        .join(HandboekRow, col(HandboekRow.id) == BesluitRow.handboek_id)
    )
    alle: dict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
    staand: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    gebonden = group_per(load_vastgelegd(session, "batch.gebonden", ids=ids))
    actoren, anders = load_wie(session), set()
    for batch, rij, besluit, handboek in session.execute(vraag.where(col(BatchRow.log_id).in_(ids))):
        alle[batch][str(besluit), str(handboek)] += 1
        if rij.vervallen_op is None:
            staand[batch].append((str(besluit), str(handboek)))
        if not any(
            g.gegevens["besluit"] == str(besluit) and is_gedaan(g, actoren.get(rij.actor_id), rij.op)
            for g in gebonden.get(batch, [])
        ):
            anders.add(batch)
    for log_id in alle.keys() | gebonden.keys():
        regels = gebonden.get(log_id, [])
        eigen = _read_bindingen(g for g in regels if not g.is_terug)

        def is_gelijk(volgens_log: list[tuple[str, str]], batch: UUID = log_id) -> bool:
            return Counter(volgens_log) == alle[batch] and volgens_log[-1:] == staand[batch]

        # What came back without its row, as of a besluit that was lost, forbids until people bound the batch again.
        opnieuw = bool(regels) and not regels[-1].is_terug
        goed = is_gelijk(_read_bindingen(regels)) or (opnieuw and is_gelijk(eigen))
        if log_id in anders or not goed:
            bekend = log_id not in anders and is_gelijk(eigen)
            yield say_anders(Wat.BINDING, f"Onder welk besluit batch {say_batch(session, log_id)} valt,", bekend=bekend)


def _read_bindingen(regels: Iterable[Vastgelegd]) -> list[tuple[str, str]]:
    return [(g.gegevens["besluit"], g.gegevens["handboek"]) for g in regels]


# --- the paper ----------------------------------------------------------------------------------------------------


def _compare_dozen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    per: dict[str, dict[UUID, list[Vastgelegd]]] = {
        soort: group_per(load_vastgelegd(session, f"doos.{soort}", ids=ids)) for soort in ("gemaakt", "verplaatst")
    }
    open_of_dicht = group_per(load_vastgelegd(session, "doos.gesloten", "doos.geopend", ids=ids))
    bewegingen = load_vastgelegd(session, "doos.gevuld", "doos.geleegd", ids=ids)
    plaatsen: dict[UUID, list[DoosplaatsRow]] = defaultdict(list)
    for rij in session.exec(select(DoosplaatsRow).order_by(col(DoosplaatsRow.nummer))):
        plaatsen[rij.doos_id].append(rij)
    actoren = load_wie(session)
    vraag = select(DoosRow)
    gezien = set()
    for doos in session.exec(vraag if ids is None else vraag.where(col(DoosRow.log_id).in_(ids))):
        gezien.add(doos.log_id)
        gemaakt, verplaatst = per["gemaakt"].get(doos.log_id, []), per["verplaatst"].get(doos.log_id, [])
        if not gemaakt:
            yield say_nooit(Wat.DOOS, f"Doos {doos.nummer}")
        elif not all(
            g.holds("nummer", {"nummer": doos.nummer}) and is_gedaan(g, g.actor, doos.gemaakt_op) for g in gemaakt
        ):
            yield say_anders(Wat.DOOS, f"Het nummer van doos {doos.nummer} ({shorten(doos.log_id)})")
        staat = plaatsen[doos.id]
        if len(staat) != len(verplaatst) or not all(
            g.holds("plaats", {"plaats": plek.plaats}) and is_gedaan(g, actoren.get(plek.actor_id), plek.op)
            for g, plek in zip(verplaatst, staat, strict=True)
        ):
            yield say_anders(Wat.DOOS, f"Waar doos {doos.nummer} staat,")
        laatste = open_of_dicht.get(doos.log_id, [])[-1:]
        dicht = [g for g in laatste if g.soort == "doos.gesloten"]
        if (doos.gesloten_op is not None) != bool(dicht) or not all(
            is_gedaan(g, g.actor, doos.gesloten_op) for g in dicht
        ):
            yield say_anders(Wat.DOOS, f"Of doos {doos.nummer} dicht is,")
    for log_id in per["gemaakt"].keys() - gezien:
        yield say_weg(Wat.DOOS, f"Doos {shorten(log_id)}")
    yield from _compare_bladen(session, ids, bewegingen)
    yield from _compare_bewegingen(session, ids, bewegingen)


def _compare_bewegingen(
    session: Session, ids: Collection[UUID] | None, bewegingen: Iterable[Vastgelegd]
) -> Iterator[Verschil]:
    """Compare who put sheets into a doos or took them out, and when."""
    van_doos, actoren = group_per(bewegingen), load_wie(session)
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
                (g.soort, g.gegevens["batch"]) == (soort, str(batch)) and is_gedaan(g, actoren.get(wie), wanneer)
                for g in van_doos.get(log_id, [])
            ):
                yield say_anders(Wat.DOOS, f"Wie papier in of uit doos {nummer} deed, en wanneer,")


def _compare_bladen(
    session: Session, ids: Collection[UUID] | None, bewegingen: Iterable[Vastgelegd]
) -> Iterator[Verschil]:
    """Compare how many sheets of each batch lie in each doos. Which ones went in after a back-up may be lost."""
    volgens_log: Counter[tuple[UUID, str]] = Counter()
    zonder_terug: Counter[tuple[UUID, str]] = Counter()
    geleegd: dict[tuple[UUID, str], str] = {}  # since when nobody knows which sheets were taken out
    for gebeurtenis in bewegingen:
        plek = (gebeurtenis.onderwerp, gebeurtenis.gegevens["batch"])
        aantal = gebeurtenis.gegevens["bladen"] * (1 if gebeurtenis.soort == "doos.gevuld" else -1)
        volgens_log[plek] += aantal
        zonder_terug[plek] += 0 if gebeurtenis.is_terug else aantal
        if gebeurtenis.is_terug and aantal < 0:
            geleegd.setdefault(plek, gebeurtenis.op)
    vraag = (
        select(DoosRow.log_id, BatchRow.log_id, sa.func.count(), sa.func.min(DoosbladRow.op))
        .join(DoosbladRow, col(DoosbladRow.doos_id) == DoosRow.id)
        .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
        .join(BatchRow, col(BatchRow.id) == BladRow.batch_id)
        .where(col(DoosbladRow.uit_op).is_(None))
        .group_by(col(DoosRow.log_id), col(BatchRow.log_id))
    )
    if ids is not None:
        vraag = vraag.where(col(DoosRow.log_id).in_(ids))
    rijen = session.execute(vraag).all()
    nu = Counter({(doos, str(batch)): aantal for doos, batch, aantal, _ in rijen})
    oudste = {(doos, str(batch)): op for doos, batch, _, op in rijen}
    for plek in volgens_log.keys() | nu.keys():
        onzeker = plek in geleegd and nu[plek] > 0 and oudste[plek] < geleegd[plek]
        if volgens_log[plek] == nu[plek] and not onzeker:
            continue
        nummer = session.exec(select(DoosRow.nummer).where(DoosRow.log_id == plek[0])).first() or shorten(plek[0])
        batch = say_batch(session, UUID(plek[1]))
        if volgens_log[plek] == nu[plek]:
            yield Verschil(
                Wat.DOOS,
                f"Welke bladen van batch {batch} in doos {nummer} liggen, is niet zeker. Neem ze er alle uit "
                "(`scanstraat doos neem-uit`), en leg dan vast welke erin gaan (`scanstraat doos vul`).",
                bekend=True,
            )
        else:
            bekend = zonder_terug[plek] == nu[plek]
            yield say_anders(Wat.DOOS, f"Hoeveel bladen van batch {batch} in doos {nummer} liggen,", bekend=bekend)
