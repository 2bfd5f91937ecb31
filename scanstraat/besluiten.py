"""Under which besluit and handboek a batch falls: recorded, bound, rebound; what falls outside; how long paper stays.

A besluit may come later than the batch and work back. A batch then joins it; what was bound before stays known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.steekproef import Niveau, Steekproefplan
from scanstraat import db, papier, personen, storage
from scanstraat.bootstrap import Basis
from scanstraat.domain import Stuk, to_local
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.personen import Aangemeld, Rol
from scanstraat.tables import ActorRow, AfleveringRow, BatchRow, DocumentRow, DocumentversieRow
from scanstraat.tables_bewijs import (
    BesluitRow,
    BindingRow,
    HandboekRow,
    OordeelRow,
    TermijnverlengingRow,
    UitzonderingRow,
    VerzegelingRow,
)
from scanstraat.werkdagen import is_werkdag
from vernietiging.gebeurtenis import canonical_json
from vernietiging.vervangingsbesluit import Termijnfeiten, Vervangingsbesluit

UITZONDERINGEN: dict[str, str] = {
    "buiten_reikwijdte": "valt buiten het besluit",
    "erfgoed": "heeft waarde door zijn uiterlijk of ouderdom",
    "symbolisch": "heeft symbolische waarde of belevingswaarde",
    "echtheid_onzeker": "de echtheid of gaafheid staat niet vast",
    "vorm_voorgeschreven": "een verdrag of wet vraagt de oorspronkelijke vorm",
    "zegel_of_handtekening": "zegel, watermerk, natte handtekening of bijzonder materiaal",
    "niet_te_scannen": "te groot of niet goed te scannen",
    "gerubriceerd": "gerubriceerd",
    "groot_belang": "groot juridisch of financieel belang",
    "anders": "anders",
}


class Binding(NamedTuple):
    """The besluit that a batch falls under, as it was recorded."""

    rij: BesluitRow
    besluit: Vervangingsbesluit


@dataclass(frozen=True)
class Gebonden:
    """What binding brought: the besluit, and the documents that became an uitzondering."""

    besluit: str
    uitzonderingen: tuple[UUID, ...]


# --- records ------------------------------------------------------------------------------------------------------


def save_handboek(session: Session, versie: str, stuk: Stuk, wie: Aangemeld) -> HandboekRow:
    """Record one version of the handboek: its bytes are kept.

    Raises:
        NietMogelijkError: that version is there with other bytes or is no version.
    """
    personen.verify_mandaat(session, wie, Rol.FUNCTIONEEL_BEHEERDER, Rol.ARCHIVARIS)
    versie = unicodedata.normalize("NFC", versie.strip())
    if not versie:
        raise NietMogelijkError("Noem de versie van het handboek, zoals zij in het besluit staat.")
    storage.save_object(session, stuk.vingerafdruk, "handboek")
    bestaand = session.exec(select(HandboekRow).where(HandboekRow.versie == versie)).first()
    if bestaand is not None:
        if bestaand.bestand_sha256 == stuk.vingerafdruk.sha256:
            return bestaand
        raise NietMogelijkError(f"Handboek {versie} is er al, met een ander bestand. Geef dit een nieuw versienummer.")
    rij = HandboekRow(
        versie=versie,
        bestand_sha256=stuk.vingerafdruk.sha256,
        bestandsnaam=stuk.naam,
        vastgelegd_op=db.now_text(),
        vastgelegd_door=wie.persoon_id,
    )
    session.add(rij)
    storage.append_gebeurtenis(
        session,
        "handboek.vastgelegd",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=rij.log_id,
        bestand=stuk.vingerafdruk.sha256,
    )
    return rij


def save_besluit(basis: Basis, session: Session, besluit: Vervangingsbesluit, wie: Aangemeld) -> BesluitRow:
    """Record one version of a besluit; the same again is no news.

    Raises:
        NietMogelijkError: that version is there and says something else, or its handboek is not recorded.
    """
    personen.verify_mandaat(session, wie, Rol.FUNCTIONEEL_BEHEERDER, Rol.ARCHIVARIS)
    inhoud = besluit.to_json()
    vingerafdruk = basis.opslag.bewaar_bytes(canonical_json(inhoud))
    bestaand = session.exec(
        select(BesluitRow).where(BesluitRow.nummer == besluit.nummer, BesluitRow.versie == besluit.versie)
    ).first()
    if bestaand is not None:
        if bestaand.inhoud_sha256 == vingerafdruk.sha256:
            return bestaand
        raise NietMogelijkError(
            f"Besluit {besluit.nummer} versie {besluit.versie} is al vastgelegd en zegt iets anders. Wat is vastgelegd "
            "verandert niet: verhoog het versienummer."
        )
    handboek = session.exec(select(HandboekRow).where(HandboekRow.versie == besluit.handboekversie)).first()
    if handboek is None:
        raise NietMogelijkError(
            f"Handboek {besluit.handboekversie} is nog niet vastgelegd. Doe dat eerst: scanstraat handboek voegtoe"
        )
    storage.save_object(session, vingerafdruk, "besluit")
    rij = BesluitRow(
        nummer=besluit.nummer,
        versie=besluit.versie,
        inhoud=inhoud,
        inhoud_sha256=vingerafdruk.sha256,
        handboek_id=handboek.id,
        vastgelegd_op=db.now_text(),
        vastgelegd_door=wie.persoon_id,
    )
    session.add(rij)
    storage.append_gebeurtenis(
        session,
        "besluit.vastgelegd",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=rij.log_id,
        inhoud=vingerafdruk.sha256,
        versie=besluit.versie,
        bedenktijd_dagen=besluit.bedenktijd_dagen,
    )
    session.flush()
    return rij


def load_besluiten(session: Session) -> list[Binding]:
    """Return every version of every besluit, newest first."""
    rijen = session.exec(select(BesluitRow).order_by(col(BesluitRow.vastgelegd_op).desc()))
    return [Binding(rij, Vervangingsbesluit.from_json(rij.inhoud)) for rij in rijen]


def find_besluit(session: Session, nummer: str, versie: int | None = None) -> Binding:
    """Return a version of a besluit, the highest one when none is named.

    Raises:
        NietGevondenError: there is none.
    """
    vraag = select(BesluitRow).where(BesluitRow.nummer == nummer)
    if versie is not None:
        vraag = vraag.where(BesluitRow.versie == versie)
    rij = session.exec(vraag.order_by(col(BesluitRow.versie).desc()).limit(1)).first()
    if rij is None:
        welk = nummer if versie is None else f"{nummer} versie {versie}"
        raise NietGevondenError(f"Besluit {welk} bestaat niet. `scanstraat besluit lijst` toont welke er zijn.")
    return Binding(rij, Vervangingsbesluit.from_json(rij.inhoud))


# --- which batch under which besluit ------------------------------------------------------------------------------


def find_binding(session: Session, batch_id: UUID) -> Binding | None:
    """Return the besluit that a batch falls under now."""
    rij = session.exec(
        select(BesluitRow)
        .join(BindingRow, col(BindingRow.besluit_id) == BesluitRow.id)
        .where(BindingRow.batch_id == batch_id, col(BindingRow.vervallen_op).is_(None))
    ).first()
    return None if rij is None else Binding(rij, Vervangingsbesluit.from_json(rij.inhoud))


def ask_zaaktypen(basis: Basis, zaken: Iterable[str | None]) -> dict[str, str]:
    """Ask the zaaksysteem for the zaaktype of each of these zaken; "" of one that it does not know.

    Outside any transaction: it may take long to answer, and everybody would wait.
    """
    gevonden = {zaak: basis.zaaksysteem.find_zaak(zaak) for zaak in sorted({zaak for zaak in zaken if zaak})}
    return {nummer: "" if zaak is None else zaak.zaaktype for nummer, zaak in gevonden.items()}


def ask_zaaktypen_van(basis: Basis, batch_id: UUID) -> dict[str, str]:
    """Ask what `bind` needs to know of the zaken of a batch."""
    with db.read(basis.engine) as session:
        zaken = [document.zaakidentificatie for document in storage.load_documenten(session, batch_id)]
    return ask_zaaktypen(basis, zaken)


def bind(
    basis: Basis,
    session: Session,
    batch: BatchRow,
    keuze: Binding,
    actor: ActorRow,
    zaaktypen: Mapping[str, str],
) -> Gebonden:
    """Let a batch fall under a besluit; documents outside its scope become an uitzondering.

    What was drawn and judged under a besluit that asks another sample no longer holds.

    Args:
        zaaktypen: what `ask_zaaktypen_van` found just before.
    Raises:
        NietMogelijkError: the besluit was not published or does not hold for the day of scanning, paper of the batch
            is gone already, or a document got another zaak meanwhile.
    """
    gescand = to_local(batch.ontvangen_op, basis.config.algemeen.tijdzone).date()
    if keuze.besluit.gepubliceerd_op is None:
        raise NietMogelijkError(
            f"Besluit {keuze.besluit.nummer} versie {keuze.besluit.versie} is nog niet gepubliceerd. Leg na de "
            "publicatie een nieuwe versie vast, met de dag van publicatie."
        )
    if not keuze.besluit.is_geldig_op(gescand):
        raise NietMogelijkError(
            f"Besluit {keuze.besluit.nummer} geldt niet voor {gescand:%d-%m-%Y}, de dag waarop batch {batch.nummer} is "
            "gescand."
        )
    if papier.has_vernietigd(session, batch.id):
        raise NietMogelijkError(
            f"Papier van batch {batch.nummer} is al vernietigd, of een deel ervan: haar besluit staat vast."
        )
    oud = session.exec(
        select(BindingRow).where(BindingRow.batch_id == batch.id, col(BindingRow.vervallen_op).is_(None))
    ).first()
    if oud is not None and oud.besluit_id == keuze.rij.id:
        return Gebonden(keuze.besluit.nummer, ())
    if oud is not None:
        oud.vervallen_op = db.now_text()
        session.add(oud)
        session.flush()
        vorige = Vervangingsbesluit.from_json(session.get_one(BesluitRow, oud.besluit_id).inhoud)
        if build_steekproefplan(vorige) != build_steekproefplan(keuze.besluit):
            storage.void_verzegeling(session, batch, "besluit", actor=actor)
    session.add(BindingRow(batch_id=batch.id, besluit_id=keuze.rij.id, op=db.now_text(), actor_id=actor.id))
    handboek = session.get_one(HandboekRow, keuze.rij.handboek_id)
    storage.append_gebeurtenis(
        session,
        "batch.gebonden",
        actor=actor,
        onderwerp=batch.log_id,
        besluit=str(keuze.rij.log_id),
        handboek=str(handboek.log_id),
    )
    return Gebonden(keuze.besluit.nummer, _save_buiten_reikwijdte(session, batch, keuze, actor, zaaktypen))


def _save_buiten_reikwijdte(
    session: Session, batch: BatchRow, keuze: Binding, actor: ActorRow, zaaktypen: Mapping[str, str]
) -> tuple[UUID, ...]:
    al = storage.find_uitzonderingen(session, batch.id)
    nieuw = []
    for document in storage.load_documenten(session, batch.id):
        zaak = document.zaakidentificatie
        if zaak and zaak not in zaaktypen:
            raise NietMogelijkError(
                f"Een document van batch {batch.nummer} kreeg net een andere zaak. Probeer het opnieuw."
            )
        redenen = find_buiten_reikwijdte(batch, keuze.besluit, zaaktypen[zaak] if zaak else "")
        if redenen and document.id not in al:
            add_uitzondering(session, document, "buiten_reikwijdte", " ".join(redenen), "", actor=actor)
            nieuw.append(document.id)
    return tuple(nieuw)


def bind_passend(basis: Basis, session: Session, batch: BatchRow, zaaktypen: Mapping[str, str]) -> Gebonden | None:
    """Let a batch that falls under nothing join the one besluit that holds for it; None: there is none, or several."""
    if find_binding(session, batch.id) is not None:
        return None
    passend = find_passend(session, batch, basis.config.algemeen.tijdzone)
    return (
        None
        if passend is None
        else bind(basis, session, batch, passend, storage.load_actor(session, "binding"), zaaktypen)
    )


def find_passend(session: Session, batch: BatchRow, tijdzone: str) -> Binding | None:
    """Return the one besluit that holds for the day a batch was scanned; None: there is none, or several."""
    gescand = to_local(batch.ontvangen_op, tijdzone).date()
    nieuwste: dict[str, Binding] = {}
    for keuze in load_besluiten(session):
        staand = nieuwste.get(keuze.besluit.nummer)
        if staand is None or keuze.besluit.versie > staand.besluit.versie:
            nieuwste[keuze.besluit.nummer] = keuze
    passend = [keuze for keuze in nieuwste.values() if keuze.besluit.is_geldig_op(gescand)]
    return passend[0] if len(passend) == 1 else None


def verify_beslisser(session: Session, wie: Aangemeld) -> ActorRow:
    """Return the actor of somebody who may say under which besluit a batch falls.

    Raises:
        GeenMandaatError: they may not.
    """
    personen.verify_mandaat(session, wie, Rol.FUNCTIONEEL_BEHEERDER, Rol.ARCHIVARIS)
    return personen.actor_of(session, wie.persoon_id)


def find_bindbaar(session: Session, keuze: Binding | None) -> list[UUID]:
    """Return the batches that may be bound, oldest first: those under nothing, or all that are not under `keuze`."""
    gebonden = sa.exists().where(col(BindingRow.batch_id) == BatchRow.id, col(BindingRow.vervallen_op).is_(None))
    if keuze is not None:
        gebonden = gebonden.where(col(BindingRow.besluit_id) == keuze.rij.id)
    return list(
        session.exec(select(BatchRow.id).where(~gebonden).order_by(col(BatchRow.jaar), col(BatchRow.volgnummer)))
    )


def find_afwijkingen(session: Session, batch: BatchRow, besluit: Vervangingsbesluit, tijdzone: str) -> list[str]:
    """Return, in Dutch, why a batch was not scanned as the besluit says: its day, or the settings of its profile."""
    gescand = to_local(batch.ontvangen_op, tijdzone).date()
    redenen = []
    if not besluit.is_geldig_op(gescand):
        redenen.append(
            f"Besluit {besluit.nummer} gold niet op {gescand:%d-%m-%Y}, toen batch {batch.nummer} is gescand."
        )
    redenen += [
        f"Batch {batch.nummer} is gescand, nog niet vervangbaar. {reden}"
        for reden in besluit.find_afwijkingen_profiel(batch.profiel, batch.momentopname_sha256)
    ]
    return redenen


def find_buiten_reikwijdte(batch: BatchRow, besluit: Vervangingsbesluit, zaaktype: str) -> tuple[str, ...]:
    """Return, in Dutch, why a document of a batch is outside the scope of the besluit."""
    profiel = storage.profiel_of(batch)
    return besluit.find_buiten_reikwijdte(profiel.onderdeel, zaaktype, profiel.informatieobjecttype)


def build_steekproefplan(besluit: Vervangingsbesluit) -> Steekproefplan:
    """Return the sample that a besluit asks, in the words of the tables.

    Where it names no AQL for critical faults, their sample is as large as that for serious ones; none may be found.
    """
    voorschrift = besluit.steekproef
    if voorschrift.alles:
        return Steekproefplan()
    kritiek = voorschrift.aql_kritiek if voorschrift.aql_kritiek != "0" else voorschrift.aql_ernstig
    return Steekproefplan(
        niveau=Niveau(voorschrift.niveau),
        aql_kritiek=Decimal(kritiek),
        aql_ernstig=Decimal(voorschrift.aql_ernstig),
        aql_licht=Decimal(voorschrift.aql_licht),
        verlicht_toegestaan=voorschrift.verlicht_toegestaan,
    )


# --- uitzonderingen -----------------------------------------------------------------------------------------------


def add_uitzondering(
    session: Session, document: DocumentRow, reden: str, toelichting: str, vindplaats: str, *, actor: ActorRow
) -> UitzonderingRow:
    """Record that the paper of a document stays the original: why, who decided, and where it is kept.

    Raises:
        NietMogelijkError: no such reason, no words, it is one already, or its paper is gone.
    """
    if reden not in UITZONDERINGEN:
        raise NietMogelijkError(f"De reden {reden} bestaat niet. Kies uit: {', '.join(UITZONDERINGEN)}.")
    if not toelichting.strip():
        raise NietMogelijkError("Leg uit waarom het papier blijft, zonder namen.")
    batch = storage.lock_batch(session, document.batch_id)
    if document.id in storage.find_uitzonderingen(session, batch.id):
        raise NietMogelijkError("Dit document is al een uitzondering.")
    _verify_papier_er_nog(session, document)
    rij = UitzonderingRow(
        document_id=document.id,
        reden=reden,
        toelichting=toelichting.strip(),
        vindplaats=vindplaats.strip(),
        op=db.now_text(),
        actor_id=actor.id,
    )
    session.add(rij)
    session.flush()
    storage.append_gebeurtenis(
        session,
        "uitzondering.vastgelegd",
        actor=actor,
        onderwerp=batch.log_id,
        document=str(document.id),
        reden=reden,
        verpakt={"toelichting": {"toelichting": rij.toelichting, "vindplaats": rij.vindplaats}},
    )
    storage.void_verzegeling(session, batch, "uitzondering", actor=actor)
    return rij


def build_uitzonderingen(session: Session, *, alles: bool = False) -> list[dict[str, Any]]:
    """Return the register of uitzonderingen as plain values, newest first; `alles`: also those that were taken back."""
    vraag = (
        select(UitzonderingRow, DocumentRow, BatchRow.nummer)
        .join(DocumentRow, col(DocumentRow.id) == UitzonderingRow.document_id)
        .join(BatchRow, col(BatchRow.id) == DocumentRow.batch_id)
        .order_by(col(UitzonderingRow.op).desc())
    )
    if not alles:
        vraag = vraag.where(col(UitzonderingRow.ingetrokken_op).is_(None))

    def name(actor_id: UUID | None) -> str | None:
        return None if actor_id is None else session.get_one(ActorRow, actor_id).naam

    return [
        {
            "document": str(document.id),
            "batch": nummer,
            "zaak": document.zaakidentificatie,
            "reden": rij.reden,
            "betekenis": UITZONDERINGEN[rij.reden],
            "toelichting": rij.toelichting,
            "vindplaats": rij.vindplaats or papier.say_vindplaats(papier.find_vindplaatsen(session, document.id)),
            "op": rij.op,
            "door": name(rij.actor_id),
            "ingetrokken_op": rij.ingetrokken_op,
            "ingetrokken_door": name(rij.ingetrokken_door),
        }
        for rij, document, nummer in session.exec(vraag)
    ]


def _verify_papier_er_nog(session: Session, document: DocumentRow) -> None:
    if any(plek.vernietigd_op is not None for plek in papier.find_vindplaatsen(session, document.id)):
        raise NietMogelijkError("Het papier van dit document is al vernietigd.")


def end_uitzondering(session: Session, document: DocumentRow, toelichting: str, wie: Aangemeld) -> None:
    """Take an uitzondering back: the paper of the document may be replaced after all."""
    personen.verify_mandaat(session, wie, Rol.ARCHIVARIS, Rol.FUNCTIONEEL_BEHEERDER)
    batch = storage.lock_batch(session, document.batch_id)
    rij = session.exec(
        select(UitzonderingRow).where(
            UitzonderingRow.document_id == document.id, col(UitzonderingRow.ingetrokken_op).is_(None)
        )
    ).first()
    if rij is None:
        raise NietGevondenError("Dit document is geen uitzondering.")
    if not toelichting.strip():
        raise NietMogelijkError("Leg uit waarom het papier niet meer hoeft te blijven.")
    actor = personen.actor_of(session, wie.persoon_id)
    rij.ingetrokken_op, rij.ingetrokken_door = db.now_text(), actor.id
    session.add(rij)
    storage.append_gebeurtenis(
        session,
        "uitzondering.ingetrokken",
        actor=actor,
        onderwerp=batch.log_id,
        document=str(document.id),
        verpakt={"toelichting": {"toelichting": toelichting.strip()}},
    )
    storage.void_verzegeling(session, batch, "uitzondering", actor=actor)


# --- how long the paper stays -------------------------------------------------------------------------------------


def extend_termijn(session: Session, batch: BatchRow, tot: date, reden: str, wie: Aangemeld) -> None:
    """Keep the paper of a batch until a later day.

    Raises:
        NietMogelijkError: no reason, a day that has passed, or not later than an extension that was given before.
    """
    personen.verify_mandaat(session, wie, Rol.ARCHIVARIS, Rol.FUNCTIONEEL_BEHEERDER, Rol.GEMANDATEERDE)
    if not reden.strip():
        raise NietMogelijkError("Zeg waarom het papier langer blijft.")
    if tot < datetime.now(UTC).date():
        raise NietMogelijkError(f"{tot:%d-%m-%Y} is al voorbij. Noem een dag die nog komt.")
    storage.lock_batch(session, batch.id)
    al = find_verlengd_tot(session, batch.id)
    if al is not None and tot <= al:
        raise NietMogelijkError(f"Het papier blijft al tot en met {al:%d-%m-%Y}. Verkorten kan niet.")
    session.add(
        TermijnverlengingRow(
            batch_id=batch.id, tot=tot.isoformat(), reden=reden.strip(), op=db.now_text(), persoon_id=wie.persoon_id
        )
    )
    storage.append_gebeurtenis(
        session,
        "termijn.verlengd",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=batch.log_id,
        tot=tot.isoformat(),
        verpakt={"toelichting": {"reden": reden.strip()}},
    )


def find_verlengd_tot(session: Session, batch_id: UUID) -> date | None:
    """Return the last day of the longest extension of a batch."""
    dagen = session.exec(select(TermijnverlengingRow.tot).where(TermijnverlengingRow.batch_id == batch_id)).all()
    return max((date.fromisoformat(dag) for dag in dagen), default=None)


def find_vrij_vanaf(
    session: Session,
    basis: Basis,
    batch: BatchRow,
    versie: DocumentversieRow,
    aflevering: AfleveringRow | None,
    besluit: Vervangingsbesluit,
) -> date | None:
    """Return the first day on which the controletermijn of a documentversie is over; None as long as it is not known.

    A herscan is a new versie, so its own day of making starts the term anew. A besluit of zero days lets paper go on
    the day itself.
    """
    zone = basis.config.algemeen.tijdzone

    def day_of(tijd: str) -> date:
        return to_local(tijd, zone).date()

    goedgekeurd = session.exec(
        select(OordeelRow.op)
        .join(VerzegelingRow, col(VerzegelingRow.id) == OordeelRow.verzegeling_id)
        .where(
            OordeelRow.batch_id == batch.id,
            OordeelRow.uitslag == "goedgekeurd",
            col(VerzegelingRow.vervallen_op).is_(None),
        )
    ).first()
    verlengd = find_verlengd_tot(session, batch.id)
    feiten = Termijnfeiten(
        gescand_op=day_of(batch.ontvangen_op if versie.n == 1 else versie.gemaakt_op),
        geleverd_op=None if aflevering is None or aflevering.bevestigd_op is None else day_of(aflevering.bevestigd_op),
        goedgekeurd_op=None if goedgekeurd is None else day_of(goedgekeurd),
        verlengd_tot=verlengd,
    )
    einde = besluit.einde_controletermijn(feiten, is_werkdag=is_werkdag)
    if einde is None:
        return None
    meteen = besluit.controletermijn.aantal == 0 and (verlengd is None or verlengd < einde)
    return einde if meteen else einde + timedelta(days=1)


def build_handboeken(session: Session) -> list[dict[str, Any]]:
    """Return every version of the handboek as plain values, newest first."""
    return [
        {
            "versie": rij.versie,
            "bestand": rij.bestandsnaam,
            "sha256": rij.bestand_sha256,
            "vastgelegd_op": rij.vastgelegd_op,
            "vastgelegd_door": personen.name_of(session, rij.vastgelegd_door),
        }
        for rij in session.exec(select(HandboekRow).order_by(col(HandboekRow.vastgelegd_op).desc()))
    ]


def count_gebonden(session: Session, keuze: Binding) -> int:
    """Return how many batches fall under a version of a besluit now."""
    return session.exec(
        select(sa.func.count())
        .select_from(BindingRow)
        .where(BindingRow.besluit_id == keuze.rij.id, col(BindingRow.vervallen_op).is_(None))
    ).one()


def build_besluit(keuze: Binding) -> dict[str, Any]:
    """Return a besluit as plain values for a list."""
    b = keuze.besluit
    return {
        "nummer": b.nummer,
        "versie": b.versie,
        "datum": b.datum.isoformat(),
        "geldig_van": b.geldig_van.isoformat(),
        "geldig_tot": None if b.geldig_tot is None else b.geldig_tot.isoformat(),
        "gepubliceerd_op": None if b.gepubliceerd_op is None else b.gepubliceerd_op.isoformat(),
        "handboek": b.handboekversie,
        "regime": b.regime.value,
        "sha256": keuze.rij.inhoud_sha256,
    }
