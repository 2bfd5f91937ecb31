"""From delivered to destroyed: every step after the line in order, on one screen.

    verzegel      a delivered batch is fixed as it is, in one manifest
    trek          pages to judge are drawn from a seed that the log fixed before
    keur          a controleur who had no part in the batch judges what was drawn and what was flagged
    stel_voor     closed dozen come on a vernietigingslijst, with everything in them as it is
    trek_blik     documents to lay beside the screen are drawn, the same way
    doe_blik      somebody who had no part compares them with the paper
    geef_vrij     two gemandateerden release, when the first eleven facts hold; the second types the name of the list
    draag_op      after bedenktijd, when all fourteen hold, the company gets its order
    geef_mee      the containers leave with whom the company sent
    voer_uit      when all fourteen still hold, what the company destroyed is recorded with its certificate
    verklaar      what was replaced and destroyed is stated

A step seals the log first, so that it can refer to the lines it rests on; asks what takes long outside any transaction;
and ends with one transaction that asks again what may have changed, saves the decision and writes its event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session

from kwaliteitscontrole.oordeel import Oordeel, Paginaoordeel
from scanstraat import (
    besluiten,
    db,
    keuren,
    logboek,
    personen,
    poort,
    stops,
    storage,
    verklaren,
    vernietigen,
    verzegelen,
)
from scanstraat.bootstrap import Basis
from scanstraat.personen import Aangemeld, Rol
from scanstraat.poort import Dossier, Meld
from scanstraat.tables_bewijs import (
    DoosRow,
    OndertekeningRow,
    OpdrachtRow,
    StopRow,
    TrekkingRow,
    UitvoeringRow,
    VerklaringRow,
    VernietigingslijstRow,
    VervoerRow,
    VrijgaveRow,
)
from scanstraat.verklaren import Selectie
from vernietiging.grondslag import Aanvraag, grant_vrijgave
from vernietiging.verklaring import Verklaringsoort


def verzegel(basis: Basis, batch_id: UUID) -> None:
    """Fix a delivered batch as it is; first bind it, as what falls outside its besluit becomes an uitzondering."""
    with db.read(basis.engine) as session:
        gebonden = besluiten.find_binding(session, batch_id) is not None
    zaaktypen = {} if gebonden else besluiten.ask_zaaktypen_van(basis, batch_id)
    with db.begin(basis.engine) as session:
        batch = storage.lock_batch(session, batch_id)
        if storage.is_geleverd(session, batch):
            besluiten.bind_passend(basis, session, batch, zaaktypen)
    with _step(basis) as session:
        verzegelen.seal(basis, session, storage.lock_batch(session, batch_id))


def trek(basis: Basis, batch_id: UUID) -> TrekkingRow:
    """Draw the sample of a batch, and fix the batch first when it is not."""
    verzegel(basis, batch_id)
    with _step(basis) as session:
        return keuren.draw(basis, session, storage.lock_batch(session, batch_id))


def keur(basis: Basis, batch_id: UUID, oordelen: Sequence[Paginaoordeel], wie: Aangemeld) -> Oordeel:
    """Judge a batch: approved, or rejected with its faults."""
    with _step(basis) as session:
        oordeel, _rij = keuren.judge(basis, session, storage.lock_batch(session, batch_id), oordelen, wie)
        return oordeel


def stel_voor(basis: Basis, naam: str, dozen: Sequence[DoosRow], wie: Aangemeld) -> VernietigingslijstRow:
    """Propose dozen for destruction."""
    with _step(basis) as session:
        return vernietigen.propose(basis, session, naam, [session.get_one(DoosRow, doos.id) for doos in dozen], wie)


def trek_blik(basis: Basis, lijst_id: UUID, doos_id: UUID) -> TrekkingRow:
    """Draw what to look at before a doos goes."""
    with _step(basis) as session:
        lijst = vernietigen.lock_lijst(session, lijst_id)
        return vernietigen.draw_blik(basis, session, lijst, session.get_one(DoosRow, doos_id))


def doe_blik(basis: Basis, lijst_id: UUID, doos_id: UUID, wie: Aangemeld, *, geslaagd: bool, toelichting: str) -> None:
    """Record whether the drawn paper is what the screen shows."""
    with _step(basis) as session:
        lijst = vernietigen.lock_lijst(session, lijst_id)
        doos = session.get_one(DoosRow, doos_id)
        vernietigen.record_blik(session, lijst, doos, wie, geslaagd=geslaagd, toelichting=toelichting)


def geef_vrij(basis: Basis, lijst_id: UUID, wie: Aangemeld, overgetypt: str, *, meld: Meld) -> VrijgaveRow:
    """Release a list, the first or the second time, when the first eleven facts hold."""
    begonnen = datetime.now(UTC)
    with db.read(basis.engine) as session:
        vernietigen.verify_vrijgever(session, session.get_one(VernietigingslijstRow, lijst_id), wie)
    with _ask(basis, lijst_id, meld) as (session, dossier, aanvraag):
        wie = personen.add_wachttijd(wie, begonnen)
        return vernietigen.release(basis, session, dossier, aanvraag, wie, overgetypt)


def trek_vrijgave_in(basis: Basis, lijst_id: UUID, reden: str, wie: Aangemeld) -> int:
    """Take back the releases of a list; return how many."""
    with _step(basis) as session:
        return vernietigen.withdraw_release(session, vernietigen.lock_lijst(session, lijst_id), reden, wie)


def trek_lijst_in(basis: Basis, lijst_id: UUID, reden: str, wie: Aangemeld) -> None:
    """Take a list back, with its releases; its dozen are free again."""
    with _step(basis) as session:
        vernietigen.withdraw_lijst(session, vernietigen.lock_lijst(session, lijst_id), reden, wie)


def hef_stop_op(basis: Basis, stop_id: UUID, reden: str, wie: Aangemeld) -> StopRow:
    """Lift a stop. Anybody may place one; letting paper go again takes somebody who may decide."""
    with db.begin(basis.engine) as session:
        personen.verify_mandaat(session, wie, Rol.ARCHIVARIS, Rol.FUNCTIONEEL_BEHEERDER, Rol.GEMANDATEERDE)
        return stops.lift_stop(session, stop_id, reden, door=personen.actor_of(session, wie.persoon_id))


def draag_op(
    basis: Basis,
    lijst_id: UUID,
    wie: Aangemeld,
    bedrijf: str,
    containers: Sequence[vernietigen.Container],
    *,
    meld: Meld,
) -> OpdrachtRow:
    """Order the destruction of a list, when all fourteen facts hold."""
    begonnen = datetime.now(UTC)
    with db.read(basis.engine) as session:
        lijst = session.get_one(VernietigingslijstRow, lijst_id)
        vernietigen.verify_opdrachtgever(session, lijst, wie, bedrijf, containers)
    with _ask(basis, lijst_id, meld) as (session, dossier, aanvraag):
        vrijgave = grant_vrijgave(aanvraag, peilmoment=datetime.now(UTC))
        return vernietigen.order(
            basis,
            session,
            dossier,
            vrijgave,
            personen.add_wachttijd(wie, begonnen),
            bedrijf=bedrijf,
            containers=containers,
            wortel=logboek.read_wortel(basis.config, vernietigen.read_anker(vrijgave)),
        )


def geef_mee(
    basis: Basis,
    opdracht_id: UUID,
    containers: Sequence[tuple[str, str]],
    vervoerder: str,
    opgehaald_op: datetime,
    wie: Aangemeld,
) -> list[VervoerRow]:
    """Record that containers (number and seal of each) left the building."""
    with _step(basis) as session:
        opdracht = session.get_one(OpdrachtRow, opdracht_id)
        return [
            vernietigen.record_pickup(basis, session, opdracht, nummer, zegel, vervoerder, opgehaald_op, wie)
            for nummer, zegel in containers
        ]


def voer_uit(
    basis: Basis,
    opdracht_id: UUID,
    uitgevoerd: Sequence[tuple[DoosRow, vernietigen.Uitvoeringsfeiten]],
    wie: Aangemeld,
    *,
    meld: Meld,
) -> list[UitvoeringRow]:
    """Record dozen of an order as destroyed, when all fourteen facts still hold."""
    begonnen = datetime.now(UTC)
    with db.read(basis.engine) as session:
        opdracht = session.get_one(OpdrachtRow, opdracht_id)
        for doos, feiten in uitgevoerd:
            vernietigen.verify_uitvoering(basis, session, opdracht, doos, feiten, wie)
    with _ask(basis, opdracht.lijst_id, meld) as (session, dossier, aanvraag):
        wie = personen.add_wachttijd(wie, begonnen)
        opdracht = session.get_one(OpdrachtRow, opdracht_id)
        for doos, feiten in uitgevoerd:  # somebody else may have recorded it in the meantime
            vernietigen.verify_uitvoering(basis, session, opdracht, doos, feiten, wie)
        vrijgave = grant_vrijgave(aanvraag, peilmoment=datetime.now(UTC))
        return [
            vernietigen.execute(
                basis, session, dossier, opdracht, session.get_one(DoosRow, doos.id), vrijgave, feiten, wie
            )
            for doos, feiten in uitgevoerd
        ]


def meld_zonder_grond(
    basis: Basis,
    opdracht_id: UUID,
    uitgevoerd: Sequence[tuple[DoosRow, vernietigen.Uitvoeringsfeiten]],
    wie: Aangemeld,
    *,
    meld: Meld,
) -> list[UitvoeringRow]:
    """Record dozen of which the paper is gone while something stood in the way: as that, with what it was."""
    begonnen = datetime.now(UTC)
    with db.read(basis.engine) as session:
        opdracht = session.get_one(OpdrachtRow, opdracht_id)
        for doos, feiten in uitgevoerd:
            vernietigen.verify_bewijs(session, opdracht, doos, feiten, wie)
    with _ask(basis, opdracht.lijst_id, meld) as (session, _dossier, aanvraag):
        wie = personen.add_wachttijd(wie, begonnen)
        opdracht = session.get_one(OpdrachtRow, opdracht_id)
        return [
            vernietigen.record_ungrounded(
                basis, session, opdracht, session.get_one(DoosRow, doos.id), aanvraag, feiten, wie
            )
            for doos, feiten in uitgevoerd
        ]


def meld_mislukt(
    basis: Basis,
    opdracht_id: UUID,
    dozen: Sequence[DoosRow],
    toelichting: str,
    wie: Aangemeld,
    *,
    deels: bool,
    op: datetime | None = None,
) -> list[UitvoeringRow]:
    """Record that dozen of an order were not destroyed; or in part, after which the rest goes under the same order.

    A stop on paper that went in part is recorded with it. The other facts held when it was ordered, and are asked again
    for the rest.
    """
    with _step(basis) as session:
        opdracht = session.get_one(OpdrachtRow, opdracht_id)
        vernietigen.lock_lijst(session, opdracht.lijst_id)
        return [
            vernietigen.record_failure(
                basis, session, opdracht, session.get_one(DoosRow, doos.id), toelichting, wie, deels=deels, op=op
            )
            for doos in dozen
        ]


def verklaar(
    basis: Basis,
    soort: Verklaringsoort,
    selectie: Selectie,
    wie: Aangemeld,
    *,
    demonstratie: bool = False,
    vervangt: str = "",
    reden: str = "",
) -> VerklaringRow:
    """State what was replaced, or destroyed, in a list or a period."""
    with _step(basis) as session:
        return verklaren.make_verklaring(
            basis, session, soort, selectie, wie, demonstratie=demonstratie, vervangt=vervangt, reden=reden
        )


def onderteken(basis: Basis, nummer: str, wie: Aangemeld) -> OndertekeningRow:
    """Agree to a verklaring as it is printed."""
    with _step(basis) as session:
        return verklaren.sign(session, verklaren.find_verklaring(session, nummer), wie)


def onderzoek(basis: Basis, lijst_id: UUID, *, meld: Meld) -> tuple[Dossier, Aanvraag]:
    """Ask the poort about a list without deciding anything."""
    with _ask(basis, lijst_id, meld) as (_, dossier, aanvraag):
        return dossier, aanvraag


@contextmanager
def _step(basis: Basis) -> Iterator[Session]:
    """Seal what waits, and yield the transaction of a step."""
    with db.begin(basis.engine) as session:
        stops.follow_stops(session)
    logboek.seal_waiting(basis, logboek.open_klant(basis.config))
    with db.begin(basis.engine) as session:
        storage.hold_beslissing(session)
        yield session


@contextmanager
def _ask(basis: Basis, lijst_id: UUID, meld: Meld) -> Iterator[tuple[Session, Dossier, Aanvraag]]:
    """Ask all facts about a list, and yield the transaction in which the answers still hold.

    What lies in the dozen is loaded again inside it: a file that came in between was not re-read, so its fact is false.
    """
    with db.read(basis.engine) as session:
        gelezen = poort.load_dossier(session, lijst_id, zonder_vernietigd=True)
    bytes_ = poort.ask_bytes(basis, gelezen, meld=meld)
    zaaktypen = poort.ask_zaaktypen(basis, gelezen)
    with _step(basis) as session:
        vernietigen.lock_lijst(session, lijst_id)
        poort.lock_batches(session, gelezen)
        dossier = poort.load_dossier(session, lijst_id, zonder_vernietigd=True)
        antwoorden = {
            **poort.forget_changed(gelezen, dossier, bytes_),
            **poort.ask_record(basis, session, dossier, zaaktypen),
        }
        yield session, dossier, Aanvraag(dossier.lijst.inhoud_sha256, antwoorden)
