"""From scan to zaak: every step of the line in order, on one screen.

    neem_in     a complete delivery becomes a batch: bytes stored, settings fixed, work waiting
    ontleed     every page is decoded, measured and searched for codes; the batch is cut into documents with a zaak
    archiveer   a documentversie gets its text layer and its PDF/A; veraPDF and the pixels prove it
    lever_af    the archive file goes to its zaak, is fetched back, and only equal bytes count as delivered

A phase loads facts, works outside any transaction, and ends with one transaction that saves the result, its event and
the work that follows. Every phase may run twice: what is done already is left alone.
"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from scanstraat import aflevering, archiveren, db, manifest, storage
from scanstraat.bootstrap import Basis, Lijn
from scanstraat.domain import Fase
from scanstraat.errors import ZaakNietBruikbaarError
from scanstraat.intake import ontleden
from scanstraat.intake.scanmap_regels import Aanlevering
from scanstraat.werk import Voortgang


def neem_in(basis: Basis, session: Session, aanlevering: Aanlevering) -> UUID:
    """Make a batch of a complete delivery whose bytes are in the store, in the transaction of the scanmap."""
    batch = ontleden.save_batch(basis, session, aanlevering)
    basis.werkbank.enqueue(session, Fase.ONTLEED, item_id=batch.id, batch_id=batch.id)
    return batch.id


def ontleed(lijn: Lijn, batch_id: UUID, voortgang: Voortgang) -> None:
    """Decode, measure and cut a batch into documents, each with the reasons for its zaak."""
    with db.read(lijn.engine) as session:
        opdracht = ontleden.load_opdracht(session, batch_id)
    if opdracht.klaar:
        return
    beelden = ontleden.measure_beelden(lijn, opdracht, voortgang)
    index = ontleden.read_index(lijn, opdracht)
    ontleding = ontleden.split(opdracht, beelden, index)
    koppelingen = ontleden.find_koppelingen(lijn, opdracht, ontleding)
    with db.begin(lijn.engine) as session:
        versies = ontleden.save_ontleding(session, lijn, opdracht, ontleding, koppelingen)
        for versie in versies:
            lijn.werkbank.enqueue(session, Fase.ARCHIVEER, item_id=versie, batch_id=batch_id)


def archiveer(lijn: Lijn, versie_id: UUID, voortgang: Voortgang) -> None:
    """Give a documentversie its text layer and archive file, and prove both on the stored bytes."""
    with db.read(lijn.engine) as session:
        opdracht = archiveren.load_opdracht(session, versie_id)
    if opdracht.klaar:
        return
    tekst = archiveren.read_text(lijn, opdracht, voortgang)
    opdracht = archiveren.turn_upright(lijn, opdracht, tekst)
    koppeling = archiveren.find_koppeling(lijn, opdracht, tekst)
    archief = archiveren.build_archive(lijn, opdracht, tekst)
    bewijs = archiveren.prove_archive(lijn, opdracht, archief)
    bewijsstuk = manifest.save_manifest(lijn, opdracht, archief, bewijs)
    with db.begin(lijn.engine) as session:
        batch = storage.lock_batch(session, opdracht.versie.batch_id)
        archiveren.save_archive(session, lijn, opdracht, tekst, archief, bewijs, bewijsstuk, koppeling)
        aflevering.plan_afleveringen(session, lijn.werkbank, batch)


def lever_af(lijn: Lijn, versie_id: UUID, voortgang: Voortgang) -> None:
    """Attach a proven archive file to its zaak and believe only the bytes that come back."""
    with db.begin(lijn.engine) as session:
        opdracht = aflevering.begin_aflevering(session, lijn, versie_id)
    if opdracht is None:
        return
    try:
        geleverd = lijn.zaaksysteem.lever(opdracht.aflevering, opdracht.inhoud, lijn.effecten)
    except ZaakNietBruikbaarError as exc:
        aflevering.put_back(lijn, opdracht, exc)
        return
    with db.begin(lijn.engine) as session:
        gewenst = aflevering.save_geleverd(session, opdracht, geleverd)
    if not gewenst:  # a person took it out of this zaak meanwhile
        aflevering.take_back(lijn, opdracht)
