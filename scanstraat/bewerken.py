"""What people do to a batch: turn, leave out, split, join, move, insert, replace, undo; link and report ready;
try a stap again or cancel it.

Every operation is one transaction: the new order, the recorded bewerking with what it takes to undo it, its event, a
new documentversie for every document that changed, and the work that follows from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.woorden import count_words
from scanstraat import bladtelling, personen, storage
from scanstraat import opstelling as o
from scanstraat.aflevering import LEEG_IN_ZAAK, plan_afleveringen
from scanstraat.db import now_text
from scanstraat.domain import Bestemming, Bewerkingsoort, Fase, Koppelstatus, Weglaatreden
from scanstraat.errors import GeenMandaatError, NietGevondenError, NietMogelijkError
from scanstraat.personen import Aangemeld, Rol
from scanstraat.tables import ActorRow, BatchRow, BewerkingRow, DocumentRow, StapRow
from scanstraat.werk import Werkbank


@dataclass(frozen=True)
class Bewerkt:
    """What an operation did, for the message to the person who asked for it."""

    nummer: int
    soort: Bewerkingsoort
    documenten: tuple[UUID, ...]  # that got a new versie
    leeg_in_zaak: tuple[UUID, ...] = ()  # that have no pages any more, and still hang on their zaak
    andere_zaak: tuple[tuple[str | None, str | None], ...] = ()  # from which zaak to which pages went; None is no zaak


def bewerk(
    session: Session,
    werkbank: Werkbank,
    batch: BatchRow,
    actor: ActorRow,
    soort: Bewerkingsoort,
    parameters: dict[str, Any],
    anders: Callable[[o.Opstelling], o.Opstelling],
) -> Bewerkt:
    """Apply one operation to the order of a batch and record it.

    Args:
        parameters: what was asked, as stored for later readers: ids and numbers, no names.
        anders: the pure operation of `opstelling.py`.
    Raises:
        NietMogelijkError: the batch has not been split into documents yet, or the operation does not fit.
    """
    if batch.ontleed_op is None:
        raise NietMogelijkError(f"Batch {batch.nummer} wordt nog ontleed. Probeer het zo weer.")
    oud = storage.load_opstelling(session, batch.id)
    nieuw = anders(oud)
    bewerking = storage.add_bewerking(session, batch, actor, soort, parameters, _vooraf(oud))
    return _apply(session, werkbank, batch, actor, bewerking, oud, nieuw)


def undo(session: Session, werkbank: Werkbank, batch: BatchRow, actor: ActorRow) -> Bewerkt:
    """Take back the newest bewerking that still stands; the history keeps both.

    Raises:
        NietMogelijkError: nothing is left to undo.
    """
    laatste = session.exec(
        select(BewerkingRow)
        .where(BewerkingRow.batch_id == batch.id)
        .where(
            col(BewerkingRow.ongedaan_door).is_(None),
            col(BewerkingRow.soort).not_in([Bewerkingsoort.ONGEDAAN.value, Bewerkingsoort.SCANOPERATOR.value]),
        )
        .order_by(col(BewerkingRow.nummer).desc())
        .limit(1)
    ).first()
    if laatste is None:
        raise NietMogelijkError(f"In batch {batch.nummer} is niets meer om ongedaan te maken.")
    oud = storage.load_opstelling(session, batch.id)
    nieuw = restore(oud, laatste.vooraf)
    bewerking = storage.add_bewerking(
        session, batch, actor, Bewerkingsoort.ONGEDAAN, {"bewerking": laatste.nummer}, _vooraf(oud)
    )
    laatste.ongedaan_door = bewerking.id
    session.add(laatste)
    return _apply(session, werkbank, batch, actor, bewerking, oud, nieuw)


def _vooraf(oud: o.Opstelling) -> dict[str, Any]:
    return {"plaatsingen": [_plaatsing_to(p) for p in oud]}


def restore(nu: o.Opstelling, vooraf: dict[str, Any]) -> o.Opstelling:
    """Return the order as it was before; a beeld that came in since stays, left out with the reason. Pure."""
    if "draaien" in vooraf:  # the line turned pages by itself
        graden = {UUID(rij["beeld"]): int(rij["draai"]) for rij in vooraf["draaien"]}
        return tuple(replace(p, draai_graden=graden.get(p.beeld_id, p.draai_graden)) for p in nu)
    toen = {UUID(rij["beeld"]): _plaatsing_from(rij) for rij in vooraf["plaatsingen"]}
    sindsdien = tuple(
        o.Plaatsing(
            p.beeld_id,
            Bestemming.WEGGELATEN,
            draai_graden=p.draai_graden,
            weglaatreden=Weglaatreden.ANDERS,
            weglaattekst="Invoegen is ongedaan gemaakt.",
        )
        for p in nu
        if p.beeld_id not in toen
    )
    return (*toen.values(), *sindsdien)


def report_ready(session: Session, werkbank: Werkbank, batch: BatchRow, actor: ActorRow) -> tuple[str, ...]:
    """Report a batch ready (klaarmelden), so that its documents go to their zaak; return in Dutch what is good to know.

    Documents without a zaak do not stop the others: they stay under "te koppelen" and are named in the answer.
    """
    weetjes = []
    if batch.ontleed_op is None:
        raise NietMogelijkError(f"Batch {batch.nummer} wordt nog ontleed. Meld hem klaar als hij op Nakijken staat.")
    if o.count_bladtelling(storage.load_opstelling(session, batch.id)) != storage.bladtelling_of(batch):
        raise NietMogelijkError(f"De bladtelling van batch {batch.nummer} klopt niet. Waarschuw de beheerder.")
    te_zien = [b for b in storage.load_bevindingen(session, batch.id) if b.afgehandeld_op is None]
    if batch.klaargemeld_op is not None and not te_zien and not storage.was_edited_since(session, batch):
        weetjes.append("De batch was al klaargemeld en er is sindsdien niets bijgekomen")
    else:
        nu = now_text()
        batch.klaargemeld_op, batch.klaargemeld_door = nu, actor.id
        session.add(batch)
        for bevinding in te_zien:
            storage.settle_bevinding(session, bevinding, nu, actor)
        storage.append_gebeurtenis(
            session, "batch.klaargemeld", actor=actor, onderwerp=batch.log_id, ontvangen=batch.ontvangen
        )
        session.flush()
    plan_afleveringen(session, werkbank, batch)
    documenten = storage.load_documenten(session, batch.id)
    zonder = [document for document in documenten if document.koppelstatus == Koppelstatus.TE_KOPPELEN]
    if not documenten:
        weetjes.append("Er is geen enkel document in deze batch, dus er gaat niets naar een zaak")
    if stil := session.exec(storage.select_stilgezet(batch.id)).all():
        weetjes.append(
            f"{count_words(len(stil), 'stap is', 'stappen zijn')} geannuleerd, dus niet alles gaat naar een zaak. "
            "Bekijk ze met: scanstraat stappen"
        )
    if zonder:
        weetjes.append(f"{count_words(len(zonder), 'document heeft', 'documenten hebben')} nog geen zaak")
    return tuple(weetjes)


def set_scanoperator(session: Session, batch_id: UUID, *, naam: str, reden: str, door: Aangemeld) -> BatchRow:
    """State afterwards who scanned a batch, with the reason: it was not known, wrong, or not in the log.

    It decides who may judge. So it takes a third: neither who was named, nor who is named now, nor who judged.

    Raises:
        NietGevondenError: nobody goes by this name.
        NietMogelijkError: no reason, the batch is not split yet, or it is known already.
        GeenMandaatError: `door` is no functioneel beheerder, or has a part in it.
    """
    storage.hold_beslissing(session)
    batch = storage.lock_batch(session, batch_id)
    personen.verify_mandaat(session, door, Rol.FUNCTIONEEL_BEHEERDER)
    persoon = personen.load_persoon(session, naam)
    if batch.ontleed_op is None:
        raise NietMogelijkError(f"Batch {batch.nummer} wordt nog ontleed. Probeer het zo weer.")
    if not reden.strip():
        raise NietMogelijkError("Geef met --reden aan waarom u dit nu vastlegt.")
    zelfde = personen.is_zelfde(session, persoon.naam, batch.scanoperator)
    if zelfde and personen.is_zoals_vastgelegd(session, batch):
        raise NietMogelijkError(f"Van batch {batch.nummer} staat al vast dat {persoon.naam} haar scande.")
    ogen = personen.find_ogen(session, door.persoon_id)
    if ogen & {persoon.id, *personen.find_betrokkenen(session, batch).personen}:
        raise GeenMandaatError(
            f"{door.naam} scande of bewerkte batch {batch.nummer}, of is genoemd als wie haar scande. Laat een andere "
            "functioneel beheerder dit doen."
        )
    if ogen & personen.find_keurders(session, batch.id):
        raise GeenMandaatError(
            f"{door.naam} keurde batch {batch.nummer} en zegt dus niet wie haar scande. Laat een andere functioneel "
            "beheerder dit doen."
        )
    actor, vooraf = personen.actor_of(session, door.persoon_id), {"scanoperator": batch.scanoperator}
    storage.add_bewerking(session, batch, actor, Bewerkingsoort.SCANOPERATOR, {"reden": reden.strip()}, vooraf)
    personen.save_scanoperator(session, batch, persoon.naam, door=actor)
    return batch


def retry_stap(session: Session, werkbank: Werkbank, stap_id: UUID, actor: ActorRow) -> None:
    """Give a stap that ended without success a new generation, and record who asked for it.

    Raises:
        NietGevondenError, NietMogelijkError: see `Werkbank.opnieuw`.
    """
    nieuw = session.get_one(StapRow, werkbank.opnieuw(session, stap_id))
    _append_stap(session, "stap.opnieuw", nieuw, actor)


def cancel_stap(werkbank: Werkbank, stap_id: UUID, actor_naam: str) -> None:
    """Cancel a stap, in a transaction of its own, and record who asked for it.

    Raises:
        NietGevondenError, NietMogelijkError: see `Werkbank.annuleer`.
    """

    def note(session: Session, stap: StapRow) -> None:
        _append_stap(session, "stap.geannuleerd", stap, storage.load_actor(session, actor_naam, "persoon"))

    werkbank.annuleer(stap_id, noteer=note)


def _append_stap(session: Session, soort: str, stap: StapRow, actor: ActorRow) -> None:
    batch = storage.load_batch(session, stap.batch_id)
    storage.append_gebeurtenis(
        session, soort, actor=actor, onderwerp=batch.log_id, fase=stap.fase, generatie=stap.generatie
    )


def find_beeld(session: Session, batch: BatchRow, aanduiding: str) -> UUID:
    """Return the beeld that people call "3", "3v" (front of sheet 3) or "3a" (its back).

    Raises:
        NietGevondenError: no such sheet or side.
    """
    tekst = aanduiding.strip().lower()
    kant = {"v": "voor", "a": "achter"}.get(tekst[-1:], "voor")
    nummer = tekst.rstrip("va")
    for beeld, blad in storage.load_bladen(session, batch.id):
        if storage.is_nummer(nummer) and blad.nummer == int(nummer) and beeld.kant == kant:
            return beeld.id
    raise NietGevondenError(
        f"Blad {aanduiding} is er niet in batch {batch.nummer}. Geef het bladnummer, met v voor de voorkant of a "
        "voor de achterkant (bijvoorbeeld 3a)."
    )


def _apply(
    session: Session,
    werkbank: Werkbank,
    batch: BatchRow,
    actor: ActorRow,
    bewerking: BewerkingRow,
    oud: o.Opstelling,
    nieuw: o.Opstelling,
) -> Bewerkt:
    _make_documents(session, batch, oud, nieuw)
    storage.save_opstelling(session, batch.id, nieuw)
    nieuwe_versies: list[UUID] = []
    leeg_in_zaak: list[UUID] = []
    for document_id in o.find_changed_documents(oud, nieuw):
        document = storage.load_document(session, document_id)
        if o.pages_of(nieuw, document_id):
            document.vervallen_op = None
            storage.settle_bevindingen(session, document_id, LEEG_IN_ZAAK, door=actor)
            versie = storage.add_versie(session, document, reden=bewerking.soort, actor=actor)
            werkbank.enqueue(session, Fase.ARCHIVEER, item_id=versie.id, batch_id=batch.id)
            nieuwe_versies.append(document_id)
        else:
            document.vervallen_op = now_text()
            if storage.load_newest_aflevering(session, document_id) is not None:
                leeg_in_zaak.append(document_id)
                _tell_leeg_in_zaak(session, document)
        session.add(document)
    volgorde = {document: plek for plek, document in enumerate(o.documents_of(nieuw), start=1)}
    for document in storage.load_documenten(session, batch.id):
        document.volgorde = volgorde.get(document.id, document.volgorde)
        session.add(document)
    session.flush()
    session.refresh(batch)  # the counts are kept by the database
    bladtelling.update_bevindingen(session, batch, door=actor)
    return Bewerkt(
        bewerking.nummer,
        Bewerkingsoort(bewerking.soort),
        tuple(nieuwe_versies),
        tuple(leeg_in_zaak),
        _find_andere_zaak(session, oud, nieuw),
    )


def _find_andere_zaak(
    session: Session, oud: o.Opstelling, nieuw: o.Opstelling
) -> tuple[tuple[str | None, str | None], ...]:
    was = {p.beeld_id: p.document_id for p in oud}
    wegen = dict.fromkeys((was.get(p.beeld_id), p.document_id) for p in nieuw if p.document_id is not None)

    def zaak_of(document_id: UUID) -> str | None:
        document = storage.load_document(session, document_id)
        return document.zaakidentificatie if document.koppelstatus == Koppelstatus.GEKOPPELD else None

    zaken = [
        (zaak_of(van), zaak_of(naar)) for van, naar in wegen if van is not None and naar is not None and van != naar
    ]
    return tuple(dict.fromkeys((van, naar) for van, naar in zaken if van != naar))


def _tell_leeg_in_zaak(session: Session, document: DocumentRow) -> None:
    """Taking a file out of a zaak is for a person to decide: others may have seen it there."""
    tekst = (
        "Dit document heeft geen pagina's meer, maar het bestand staat nog in de zaak. Haal het daar weg: "
        f"scanstraat ontkoppel {str(document.id)[:8]}"
    )
    storage.save_bevindingen(
        session,
        [Bevinding(LEEG_IN_ZAAK, Ernst.ERNSTIG, tekst)],
        batch_id=document.batch_id,
        documentversie_id=storage.latest_versie(session, document.id).id,
    )


def _make_documents(session: Session, batch: BatchRow, oud: o.Opstelling, nieuw: o.Opstelling) -> None:
    """Give a document that a split made its row: it inherits the zaak of the document it came from."""
    voorheen = {p.beeld_id: p.document_id for p in oud}
    for document_id in o.documents_of(nieuw):
        if session.get(DocumentRow, document_id) is None:
            eerste = o.pages_of(nieuw, document_id)[0]
            ouder_id = voorheen[eerste.beeld_id]
            ouder = None if ouder_id is None else storage.load_document(session, ouder_id)
            session.add(
                DocumentRow(
                    id=document_id,
                    batch_id=batch.id,
                    volgorde=0,
                    titel="" if ouder is None else ouder.titel,
                    zaakidentificatie=None if ouder is None else ouder.zaakidentificatie,
                    koppelstatus=Koppelstatus.TE_KOPPELEN.value if ouder is None else ouder.koppelstatus,
                    koppelredenen=[] if ouder is None else list(ouder.koppelredenen),
                )
            )
            session.flush()


def _plaatsing_to(p: o.Plaatsing) -> dict[str, Any]:
    return {
        "beeld": str(p.beeld_id),
        "bestemming": p.bestemming.value,
        "document": None if p.document_id is None else str(p.document_id),
        "draai": p.draai_graden,
        "reden": None if p.weglaatreden is None else p.weglaatreden.value,
        "tekst": p.weglaattekst,
    }


def _plaatsing_from(rij: dict[str, Any]) -> o.Plaatsing:
    return o.Plaatsing(
        UUID(rij["beeld"]),
        Bestemming(rij["bestemming"]),
        None if rij["document"] is None else UUID(rij["document"]),
        int(rij["draai"]),
        None if rij["reden"] is None else Weglaatreden(rij["reden"]),
        str(rij["tekst"]),
    )
