"""A document on its way to its zaak: when it may go, what is sent, and what counts as arrived."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

from sqlmodel import Session

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import db, stops, storage
from scanstraat.domain import LOSGEMAAKT, PERSOON, Fase, Koppelreden, Koppelstatus, Stapstatus, to_local
from scanstraat.errors import NietMogelijkError, ZaakNietBruikbaarError
from scanstraat.stops import Over, Stopsoort
from scanstraat.tables import ActorRow, AfleveringRow, BatchRow
from scanstraat.tables_bewijs import StopRow
from scanstraat.werk import Werkbank
from scanstraat.zaaksysteem import Aflevering, Geleverd, Inhoud, Zaak, build_identificatie, shorten

if TYPE_CHECKING:
    from scanstraat.bootstrap import Basis, Lijn

LIJN = "aflevering"  # the name of this part of the line, as an actor
LEEG_IN_ZAAK = "leeg_in_zaak"  # finding: a document without pages whose file still hangs on its zaak
KOPPELBEVINDINGEN = ("zaak_onbekend", "zaak_gesloten", "bronnen_spreken_tegen")  # answered by choosing a zaak


@dataclass(frozen=True)
class Afleveropdracht:
    """What the delivery of one documentversie needs to know."""

    versie_id: UUID
    batch_id: UUID
    document_id: UUID
    aflevering: Aflevering
    inhoud: Inhoud


def plan_afleveringen(session: Session, werkbank: Werkbank, batch: BatchRow) -> int:
    """Enqueue the delivery of every document of the batch that may go now; return how many.

    A document goes when its newest versie is archived and both proofs hold, it has a zaak, and the batch is free
    (`storage.is_vrij`). Unless the profile says `nooit`, the batch waits until every document is archived, because a
    finding on the last one must be able to hold the first.
    """
    if not storage.is_vrij(session, batch):
        return 0
    if batch.nakijken != "nooit" and storage.count_unfinished_archives(session, batch.id):
        return 0
    gepland = storage.find_deliverable(session, batch.id)
    for versie_id, generatie in gepland:
        werkbank.enqueue(session, Fase.LEVER_AF, item_id=versie_id, batch_id=batch.id, generatie=generatie)
    return len(gepland)


def begin_aflevering(session: Session, basis: Basis, versie_id: UUID) -> Afleveropdracht | None:
    """Note that a delivery begins; None when there is nothing to do (overtaken, delivered, no zaak or no pages)."""
    versie = storage.load_versie(session, versie_id)
    rij = storage.latest_versie(session, versie.document_id)
    document = storage.load_document(session, versie.document_id)
    if rij.id != versie_id or document.vervallen_op is not None:
        return None
    if document.koppelstatus != Koppelstatus.GEKOPPELD or document.zaakidentificatie is None:
        return None
    bestaand = storage.load_aflevering(session, versie_id)
    if bestaand is not None and bestaand.bevestigd_op is not None:
        return None
    if bestaand is None:
        session.add(
            AfleveringRow(
                documentversie_id=versie_id,
                zaakidentificatie=document.zaakidentificatie,
                begonnen_op=db.now_text(),
            )
        )
    batch = storage.load_batch(session, versie.batch_id)
    profiel = storage.profiel_of(batch)
    if rij.pdf_sha256 is None or rij.pdf_bytes is None:
        return None
    ontvangen = to_local(batch.ontvangen_op, basis.config.algemeen.tijdzone).date()
    titel = versie.titel or f"{profiel.informatieobjecttype} {batch.nummer}"
    return Afleveropdracht(
        versie_id=versie_id,
        batch_id=batch.id,
        document_id=document.id,
        aflevering=Aflevering(
            identificatie=build_identificatie(document.id),
            zaakidentificatie=document.zaakidentificatie,
            versie=versie.n,
            titel=shorten(titel, 200),
            informatieobjecttype=profiel.informatieobjecttype,
            vertrouwelijkheidaanduiding=profiel.vertrouwelijkheidaanduiding,
            taal=profiel.taal,
            creatiedatum=ontvangen,
            ontvangstdatum=ontvangen,
            auteur=basis.config.algemeen.organisatie,
            bestandsnaam=f"{build_identificatie(document.id)}.pdf",
            gebruiker="Scanstraat",
            zaakstatus=profiel.zaakstatus,
        ),
        inhoud=_open_inhoud(basis, rij.pdf_sha256, rij.pdf_bytes),
    )


def _open_inhoud(basis: Basis, sha256: str, omvang_bytes: int) -> Inhoud:
    def open_stream() -> BinaryIO:
        return os.fdopen(basis.opslag.open_fd(sha256), "rb")

    return Inhoud(open_stream, omvang_bytes, sha256)


def put_back(lijn: Lijn, opdracht: Afleveropdracht, waarom: ZaakNietBruikbaarError) -> None:
    """Put a document whose zaak does not exist or is closed back under "te koppelen", and say why."""
    take_back(lijn, opdracht)  # half an upload of an earlier try
    wat = "bestaat niet" if waarom.code == "zaak_onbekend" else "is gesloten"
    tekst = f"De zaak van dit document {wat} in het zaaksysteem. Koppel het document aan een andere zaak."
    with db.begin(lijn.engine) as session:
        _batch, document = storage.lock_document(session, opdracht.document_id)
        if document.zaakidentificatie == opdracht.aflevering.zaakidentificatie:  # else a person chose another meanwhile
            document.koppelstatus = Koppelstatus.TE_KOPPELEN.value
            session.add(document)
        aflevering = storage.load_aflevering(session, opdracht.versie_id)
        if aflevering is not None:
            aflevering.ontkoppeld_op = db.now_text()
            session.add(aflevering)
        storage.save_bevindingen(
            session,
            [Bevinding(waarom.code, Ernst.ERNSTIG, tekst)],
            batch_id=opdracht.batch_id,
            documentversie_id=opdracht.versie_id,
        )


def take_back(lijn: Lijn, opdracht: Afleveropdracht) -> None:
    """Undo in the zaaksysteem what this delivery did there."""
    lijn.zaaksysteem.ruim_resten_op(
        opdracht.aflevering.identificatie,
        opdracht.aflevering.zaakidentificatie,
        gebruiker=opdracht.aflevering.gebruiker,
        toelichting="Niet meer voor deze zaak",
        effecten=lijn.effecten,
    )


def save_geleverd(session: Session, opdracht: Afleveropdracht, geleverd: Geleverd) -> bool:
    """Confirm a delivery: the zaaksysteem gave back the bytes of this versie. The database refuses anything else.

    Returns False, and confirms nothing, when a person unlinked the document while it was on its way.
    """
    aflevering = storage.load_aflevering(session, opdracht.versie_id)
    if aflevering is None:
        return False
    aflevering.informatieobject = geleverd.informatieobject
    aflevering.versie_in_zaaksysteem = geleverd.versie
    aflevering.teruggelezen_sha256 = geleverd.teruggelezen.sha256
    aflevering.gelijk = geleverd.teruggelezen.sha256 == opdracht.inhoud.sha256
    aflevering.bevestigd_op = db.now_text() if aflevering.gelijk else None
    session.add(aflevering)
    if geleverd.wezen:
        storage.save_bevindingen(
            session,
            [
                Bevinding(
                    "dubbel_in_zaaksysteem",
                    Ernst.LICHT,
                    f"Door een storing staat dit document {len(geleverd.wezen) + 1} keer in het zaaksysteem. Laat de "
                    f"functioneel beheerder de extra documenten met identificatie "
                    f"{opdracht.aflevering.identificatie} verwijderen.",
                )
            ],
            batch_id=opdracht.batch_id,
            documentversie_id=opdracht.versie_id,
        )
    if aflevering.gelijk:
        storage.append_gebeurtenis(
            session,
            "aflevering.bevestigd",
            actor=storage.load_actor(session, LIJN),
            onderwerp=storage.versie_log_id(session, opdracht.versie_id),
            pdf=opdracht.inhoud.sha256,
        )
    return True


def link(session: Session, basis: Basis, document_id: UUID, zaak: Zaak, actor_naam: str) -> None:
    """Link a document to a zaak by hand; what it was linked to before must be unlinked first."""
    batch, document = storage.lock_document(session, document_id)
    if document.vervallen_op is not None:
        raise NietMogelijkError("Dit document heeft geen pagina's meer: ze zijn weggelaten of horen nu bij een ander.")
    if document.koppelstatus == Koppelstatus.GEKOPPELD:
        if document.zaakidentificatie == zaak.identificatie:
            return
        raise NietMogelijkError(
            f"Dit document hoort al bij zaak {document.zaakidentificatie}. Ontkoppel het eerst: scanstraat ontkoppel"
        )
    if zaak.gesloten:
        raise NietMogelijkError(f"Zaak {zaak.identificatie} is gesloten. Kies een andere zaak of heropen deze eerst.")
    actor = storage.load_actor(session, actor_naam, "persoon")
    document.zaakidentificatie = zaak.identificatie
    document.koppelstatus = Koppelstatus.GEKOPPELD.value
    document.koppelredenen = [
        *document.koppelredenen,
        asdict(Koppelreden(PERSOON, zaak.identificatie, "gekoppeld door een medewerker")),
    ]
    session.add(document)
    storage.settle_bevindingen(session, document_id, *KOPPELBEVINDINGEN, door=actor)
    storage.append_gebeurtenis(
        session,
        "document.gekoppeld",
        actor=actor,
        onderwerp=batch.log_id,
        document=str(document.id),
        bron="persoon",
    )
    session.flush()
    plan_afleveringen(session, basis.werkbank, batch)


@dataclass(frozen=True)
class Losgemaakt:
    """A document that was taken out of its zaak.

    wees: whether it stays in the zaaksysteem, without a zaak.
    stops: those on the zaak that went along, as stops on the document itself.
    """

    wees: bool
    stops: tuple[StopRow, ...] = ()


def _carry_stops(session: Session, document_id: UUID, zaak: str, door: ActorRow) -> tuple[StopRow, ...]:
    """Put every stop that stands on a zaak on a document that leaves it: it was on this paper."""
    op_document = stops.find_stops(session, [(Over.DOCUMENT, str(document_id))])
    al = {(stop.soort, stop.reden) for stop in op_document if stop.over == Over.DOCUMENT}
    op_zaak = [stop for stop in stops.find_stops(session, [(Over.ZAAK, zaak)]) if stop.over == Over.ZAAK]
    return tuple(
        stops.place_stop(session, Stopsoort(soort), Over.DOCUMENT, str(document_id), reden, door=door)
        for soort, reden in dict.fromkeys((stop.soort, stop.reden) for stop in op_zaak)
        if (soort, reden) not in al
    )


def unlink(basis: Basis, document_id: UUID, zaakidentificatie: str | None, actor_naam: str) -> Losgemaakt:
    """Take a document out of its zaak, also in the zaaksysteem. A stop on the zaak goes along with it.

    Raises:
        NietMogelijkError: the document has no zaak, or another one than named, or is being delivered right now.
    """
    with db.read(basis.engine) as session:
        document = storage.load_document(session, document_id)
        if document.koppelstatus != Koppelstatus.GEKOPPELD or document.zaakidentificatie is None:
            raise NietMogelijkError("Dit document is niet aan een zaak gekoppeld.")
        if zaakidentificatie not in (None, document.zaakidentificatie):
            raise NietMogelijkError(f"Dit document hoort bij zaak {document.zaakidentificatie}, niet bij de genoemde.")
        zaak = document.zaakidentificatie
        aflevering = storage.load_newest_aflevering(session, document_id)
        stappen = storage.find_open_afleverstappen(session, document_id)
    if any(stap.status == Stapstatus.BEZIG for stap in stappen):
        raise NietMogelijkError(
            "Dit document gaat op dit moment naar het zaaksysteem. Wacht tot dat klaar is en ontkoppel het dan, "
            "of annuleer eerst de stap: scanstraat stappen"
        )
    for stap in stappen:
        basis.werkbank.annuleer(stap.id)  # it waits; what is cancelled never begins
    wees = False
    wie: dict[str, Any] = {
        "gebruiker": actor_naam,
        "toelichting": "Ontkoppeld in de scanstraat",
        "effecten": basis.effecten,
    }
    if aflevering is not None and aflevering.informatieobject is not None:
        wees = basis.zaaksysteem.ontkoppel(aflevering.informatieobject, zaak, **wie).wees
    elif aflevering is not None:  # a delivery was begun, and nobody knows how far it came
        resten = basis.zaaksysteem.ruim_resten_op(build_identificatie(document_id), zaak, **wie)
        wees = any(rest.wees for rest in resten)
    with db.begin(basis.engine) as session:
        storage.hold_beslissing(session)  # a stop that is placed meanwhile is seen here, or sees the document here
        batch, document = storage.lock_document(session, document_id)
        if document.koppelstatus != Koppelstatus.GEKOPPELD or document.zaakidentificatie != zaak:
            return Losgemaakt(wees)  # somebody else did so at the same time, and may have chosen another zaak since
        actor = storage.load_actor(session, actor_naam, "persoon")
        meegegaan = _carry_stops(session, document_id, zaak, actor)
        document.koppelstatus = Koppelstatus.TE_KOPPELEN.value
        document.koppelredenen = [
            *document.koppelredenen,
            asdict(Koppelreden(PERSOON, zaak, LOSGEMAAKT)),
        ]
        session.add(document)
        storage.end_afleveringen(session, document_id, wees=wees)
        storage.settle_bevindingen(session, document_id, LEEG_IN_ZAAK, door=actor)
        storage.void_verzegeling(session, batch, "ontkoppeld", actor=actor)
        storage.append_gebeurtenis(
            session,
            "document.ontkoppeld",
            actor=actor,
            onderwerp=batch.log_id,
            document=str(document_id),
            wees=wees,
        )
    return Losgemaakt(wees, meegegaan)
