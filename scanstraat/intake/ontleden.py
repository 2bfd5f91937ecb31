"""From a complete delivery to pages that are measured and cut into documents. Decoding happens in the sandbox."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from sqlmodel import Session

from hardware.scanmap import Indexregel
from kwaliteitscontrole.bevinding import Bevinding, Ernst, Plaats
from scanstraat import bladtelling, personen, storage
from scanstraat.config import Scanprofiel
from scanstraat.db import now_text
from scanstraat.domain import ONBEKEND, Bestemming, Koppelstatus, to_local
from scanstraat.errors import BladtellingError, InvoerError, ZaaksysteemNietBereikbaarError
from scanstraat.intake.codes import Code
from scanstraat.intake.koppelen import Koppeling, Zaakstand, bepaal_koppeling
from scanstraat.intake.splitsen import (
    Beeldfeit,
    Bronfeit,
    Documentdeel,
    Splitsbevinding,
    Splitsing,
    Splitsregels,
    match_index,
    number_bladen,
    splits_batch,
)
from scanstraat.tables import BatchRow, BeeldRow, BladRow, BronRow, DocumentRow

if TYPE_CHECKING:
    from scanstraat.bootstrap import Basis, Lijn
    from scanstraat.intake.opslag import Opslag
    from scanstraat.intake.scanmap_regels import AangeleverdBestand, Aanlevering
    from scanstraat.werk import Voortgang
    from scanstraat.zandbak import Zandbak

TAKEN = "scanstraat.zandbaktaken"
LIJN = "intake"  # the name of this part of the line, as an actor
MAXIMAAL_INDEX_BYTES = 4_000_000
_RIJEN_TEGELIJK = 50  # rows of a batch of thousands that wait in memory for the database


@dataclass(frozen=True)
class Bron:
    """A delivered file of the batch, as the ontleding needs it."""

    id: UUID
    sha256: str
    naam: str
    soort: str
    is_scan: bool
    aantal_beelden: int


@dataclass(frozen=True)
class Ontleedopdracht:
    """What the ontleding of one batch needs to know."""

    klaar: bool
    batch_id: UUID
    nummer: str
    profiel: Scanprofiel
    profielnaam: str
    bronnen: tuple[Bron, ...]
    indexbestanden: tuple[tuple[str, str, bool], ...]  # naam, sha256, and whether other batches have it too
    aantal_beelden: int


@dataclass(frozen=True, slots=True)
class Beeldfeiten:
    """What the sandbox found on one page image; packed, as those of 2,000 pages wait for one transaction."""

    bron: Bron
    n: int
    verpakt: bytes

    @classmethod
    def pack(cls, bron: Bron, feiten: dict[str, Any]) -> Beeldfeiten:
        """Keep facts with the keys of `zandbaktaken.ontleed_bron`."""
        return cls(bron, feiten["n"], json.dumps(feiten, separators=(",", ":")).encode())

    @property
    def feiten(self) -> dict[str, Any]:
        """The facts, with the keys of `zandbaktaken.ontleed_bron`."""
        return cast("dict[str, Any]", json.loads(self.verpakt))

    @property
    def bevindingen(self) -> tuple[Bevinding, ...]:
        """The findings on this image."""
        return tuple(bevinding_from_json(b) for b in self.feiten["bevindingen"])


@dataclass(frozen=True)
class Index:
    """What the index files beside the scans said; `gedeeld` are the lines that may be about scans of other batches."""

    regels: tuple[Indexregel, ...]
    bevindingen: tuple[Bevinding, ...]
    gedeeld: tuple[Indexregel, ...] = ()


@dataclass(frozen=True)
class Geplaatst:
    """A page image with its id and its sheet."""

    id: UUID
    beeld: Beeldfeiten
    blad: int
    kant: str


@dataclass(frozen=True)
class Ontleding:
    """A batch as measured and cut, not yet saved."""

    beelden: tuple[Geplaatst, ...]
    splitsing: Splitsing
    bevindingen: tuple[Splitsbevinding, ...]
    scanoperator: str  # "" is not said


def bevinding_from_json(gegevens: dict[str, Any]) -> Bevinding:
    """Read a finding that came out of the sandbox."""
    plaats = gegevens["plaats"]
    return Bevinding(
        str(gegevens["code"]),
        Ernst(gegevens["ernst"]),
        str(gegevens["tekst"]),
        None if plaats is None else Plaats(**plaats),
        bool(gegevens["vervangbaar"]),
    )


def save_batch(basis: Basis, session: Session, aanlevering: Aanlevering) -> BatchRow:
    """Make the batch and its bronnen of a complete delivery whose bytes are in the store."""
    scanmap = next(deel for deel in basis.config.scanmap if deel.naam == aanlevering.scanmap)
    profiel = basis.config.profiel[scanmap.profiel]
    momentopname, vingerafdruk = storage.build_momentopname(profiel)
    nu = now_text()
    jaar = to_local(nu, basis.config.algemeen.tijdzone).year
    volgnummer, nummer = storage.next_batchnummer(session, jaar)
    eerder = [session.get(BronRow, b.dubbel_van) for b in aanlevering.bestanden if b.dubbel_van is not None]
    batch = BatchRow(
        nummer=nummer,
        jaar=jaar,
        volgnummer=volgnummer,
        scanmap=scanmap.naam,
        profiel=scanmap.profiel,
        momentopname=momentopname,
        momentopname_sha256=vingerafdruk,
        gereedschap={},
        bladen_per_bron={},
        scanoperator=profiel.scanoperator or ONBEKEND,
        nakijken=profiel.nakijken,
        indexbestanden=[
            {"naam": i.naam, "sha256": i.vingerafdruk.sha256, "gedeeld": i.gedeeld} for i in aanlevering.indexbestanden
        ],
        # the bytes of a file may also have come twice in this delivery; that one has no row yet
        dubbel_van=next((bron.batch_id for bron in eerder if bron is not None), None),
        ontvangen_op=nu,
    )
    session.add(batch)
    session.flush()
    for volgorde, bestand in enumerate(aanlevering.bestanden, start=1):
        storage.save_object(session, bestand.vingerafdruk, "bron")
        session.add(
            BronRow(
                id=bestand.bron_id,
                batch_id=batch.id,
                volgnummer=volgorde,
                sha256=bestand.vingerafdruk.sha256,
                naam=bestand.naam,
                soort=bestand.soort,
                aantal_beelden=bestand.aantal_beelden,
                is_scan=bestand.is_scan,
                aanlevering={"map": aanlevering.map},
                dubbel_van=bestand.dubbel_van,
                ontvangen_op=nu,
            )
        )
        session.flush()
        storage.save_bevindingen(session, bestand.bevindingen, batch_id=batch.id)
    for index in aanlevering.indexbestanden:
        storage.save_object(session, index.vingerafdruk, "index")
    storage.save_bevindingen(session, aanlevering.bevindingen, batch_id=batch.id)
    dubbel = [
        _dubbel(session, plek, bestand)
        for plek, bestand in enumerate(aanlevering.bestanden, start=1)
        if bestand.dubbel_van is not None
    ]
    storage.save_bevindingen(session, dubbel, batch_id=batch.id)
    ontvangst = storage.build_ontvangst(batch, (bestand.vingerafdruk for bestand in aanlevering.bestanden))
    manifest, actor = basis.opslag.bewaar_bytes(ontvangst), storage.load_actor(session, LIJN)
    storage.append_ontvangst(session, batch, manifest, len(aanlevering.bestanden), actor)
    return batch


def _dubbel(session: Session, plek: int, bestand: AangeleverdBestand) -> Bevinding:
    eerder = session.get_one(BronRow, bestand.dubbel_van)
    if eerder.batch_id is None:
        waar = "ligt ook in quarantaine"
    else:
        nummer = storage.load_batch(session, eerder.batch_id).nummer
        waar = f"is al ontvangen als bestand {eerder.volgnummer} van batch {nummer}"
    return Bevinding(
        "dubbel",
        Ernst.ERNSTIG,
        f"Bestand {plek} ({bestand.naam}) {waar}. Kijk of dit een vergissing is en meld de batch anders klaar.",
    )


def load_opdracht(session: Session, batch_id: UUID) -> Ontleedopdracht:
    """Read what is known of a batch before its ontleding."""
    batch = storage.load_batch(session, batch_id)
    bronnen = storage.load_bronnen(session, batch_id)
    return Ontleedopdracht(
        klaar=batch.ontleed_op is not None,
        batch_id=batch.id,
        nummer=batch.nummer,
        profiel=storage.profiel_of(batch),
        profielnaam=batch.profiel,
        bronnen=tuple(Bron(b.id, b.sha256, b.naam, b.soort, b.is_scan, b.aantal_beelden) for b in bronnen),
        indexbestanden=tuple((d["naam"], d["sha256"], d.get("gedeeld", False)) for d in batch.indexbestanden),
        aantal_beelden=sum(bron.aantal_beelden for bron in bronnen),
    )


def measure_beelden(lijn: Lijn, opdracht: Ontleedopdracht, voortgang: Voortgang) -> tuple[Beeldfeiten, ...]:
    """Decode every page of the batch once: facts, measurements, findings and codes."""
    beelden: list[Beeldfeiten] = []
    for bron in opdracht.bronnen:
        for feiten in measure_bron(lijn.opslag, lijn.zandbak, bron, opdracht.profiel):
            beelden.append(Beeldfeiten.pack(bron, feiten))
            voortgang.meld(len(beelden), opdracht.aantal_beelden)
    return tuple(beelden)


def measure_bron(opslag: Opslag, zandbak: Zandbak, bron: Bron, profiel: Scanprofiel) -> Iterator[dict[str, Any]]:
    """Yield the facts of each page of one bron, with the keys of `zandbaktaken.ontleed_bron`.

    Raises:
        BladtellingError: it has more or fewer pages than were counted when it came in.
    """
    gegevens = {
        "soort": bron.soort,
        "maximaal_pixels": profiel.maximaal_pixels,
        "dpi_zonder_opgave": profiel.dpi_zonder_opgave,
        "grenzen": {
            "minimale_dpi": profiel.minimale_dpi,
            "maximale_scheefstand_graden": profiel.maximale_scheefstand_graden,
            "minimale_scherpte": profiel.minimale_scherpte,
            "minimaal_contrast": profiel.minimaal_contrast,
            "maximale_uitbijting": profiel.maximale_uitbijting,
            "blanco_inktdekking": profiel.blanco_inktdekking,
        },
    }
    grenzen = zandbak.grenzen.for_paginas(bron.aantal_beelden)
    fd = opslag.open_fd(bron.sha256)
    try:
        aantal = 0
        for bericht in zandbak.stroom(f"{TAKEN}:ontleed_bron", gegevens, [fd], grenzen):
            with bericht:
                aantal += 1
                yield bericht.gegevens
    finally:
        os.close(fd)
    if aantal != bron.aantal_beelden:  # a page that the second reader does not give would be lost unseen
        raise BladtellingError(bron.aantal_beelden, aantal)


def read_index(lijn: Lijn, opdracht: Ontleedopdracht) -> Index:
    """Read the index files that came with the batch, in the sandbox; one that cannot be read is a finding."""
    regels: dict[bool, list[Indexregel]] = {False: [], True: []}
    bevindingen: list[Bevinding] = []
    for naam, sha256, gedeeld in opdracht.indexbestanden:
        fd = lijn.opslag.open_fd(sha256)
        gegevens = {
            "naam": naam,
            "kolommen": opdracht.profiel.index.model_dump(),
            "maximaal_bytes": MAXIMAAL_INDEX_BYTES,
        }
        try:
            with lijn.zandbak.vraag(f"{TAKEN}:lees_index", gegevens, [fd]) as antwoord:
                regels[gedeeld].extend(Indexregel(**regel) for regel in antwoord.gegevens["regels"])
        except InvoerError as exc:
            bevindingen.append(
                Bevinding("index_onleesbaar", Ernst.ERNSTIG, f"{exc.melding} Koppel de documenten met de hand.")
            )
        finally:
            os.close(fd)
    return Index(tuple(regels[False]), tuple(bevindingen), tuple(regels[True]))


def split(opdracht: Ontleedopdracht, beelden: Sequence[Beeldfeiten], index: Index) -> Ontleding:
    """Number the sheets and cut the batch into documents; pure."""
    profiel = opdracht.profiel
    duplex = profiel.bladzijden == "duplex"
    namen = [bron.naam for bron in opdracht.bronnen]
    per_naam, indexbevindingen = match_index(index.regels, namen, gedeeld=index.gedeeld)
    aantallen = Counter(beeld.bron.id for beeld in beelden)
    feiten = tuple(
        Bronfeit(bron.id, bron.naam, aantallen[bron.id], per_naam.get(bron.naam)) for bron in opdracht.bronnen
    )
    bron_van = {feit.id: feit for feit in feiten}
    bladen = [blad for van_bron in number_bladen(feiten, duplex=duplex) for blad in van_bron]
    genummerd = tuple(
        Beeldfeit(
            id=uuid4(),
            bron=bron_van[beeld.bron.id],
            n=beeld.n,
            blad=blad,
            codes=tuple(Code.from_json(code) for code in beeld.feiten["codes"]),
            blanco=any(bevinding.code == "blanco" for bevinding in beeld.bevindingen),
        )
        for beeld, (blad, _kant) in zip(beelden, bladen, strict=True)
    )
    regels = Splitsregels(
        duplex=duplex, patcht=profiel.scheiding_patcht, patroon=profiel.zaakpatroon_naam, profiel=opdracht.profielnaam
    )
    splitsing = splits_batch(genummerd, regels)
    return Ontleding(
        beelden=tuple(
            Geplaatst(feit.id, beeld, blad, kant)
            for feit, beeld, (blad, kant) in zip(genummerd, beelden, bladen, strict=True)
        ),
        splitsing=splitsing,
        bevindingen=(*(Splitsbevinding(b) for b in (*index.bevindingen, *indexbevindingen)), *splitsing.bevindingen),
        scanoperator=splitsing.scanoperator,  # "" also where sources name different people
    )


def find_koppelingen(lijn: Lijn, opdracht: Ontleedopdracht, ontleding: Ontleding) -> tuple[Koppeling, ...]:
    """Decide per document which zaak it goes to; ask the zaaksysteem, but do not wait for it when it is away."""
    ask = cache(partial(ask_zaak, lijn))
    return tuple(
        bepaal_koppeling(deel.kandidaten, opdracht.profiel.vertrouwde_bronnen, ask, wacht_omdat=deel.wacht_omdat)
        for deel in ontleding.splitsing.documenten
    )


def ask_zaak(lijn: Lijn, zaakidentificatie: str) -> Zaakstand:
    """Return what the zaaksysteem says of a number; that it is away is an answer too."""
    try:
        zaak = lijn.zaaksysteem.find_zaak(zaakidentificatie)
    except ZaaksysteemNietBereikbaarError:
        return Zaakstand.NIET_BEREIKBAAR
    if zaak is None:
        return Zaakstand.ONBEKEND
    return Zaakstand.GESLOTEN if zaak.gesloten else Zaakstand.OPEN


def save_ontleding(
    session: Session, lijn: Lijn, opdracht: Ontleedopdracht, ontleding: Ontleding, koppelingen: Sequence[Koppeling]
) -> tuple[UUID, ...]:
    """Save sheets, beelden, documents and findings of a batch in one transaction; return the new documentversies."""
    batch = storage.lock_batch(session, opdracht.batch_id)
    if batch.ontleed_op is not None:
        return ()
    actor = storage.load_actor(session, LIJN)
    documenten = [
        _save_document(session, batch, plek, deel, koppeling)
        for plek, (deel, koppeling) in enumerate(zip(ontleding.splitsing.documenten, koppelingen, strict=True), start=1)
    ]
    _save_beelden(session, batch, ontleding, documenten)
    for gevonden in ontleding.bevindingen:
        storage.save_bevindingen(session, [gevonden.bevinding], batch_id=batch.id, beeld_id=gevonden.beeld)
    batch.ontleed_op = now_text()
    batch.gereedschap = dict(lijn.versies)
    batch.bladen_opgegeven = ontleding.splitsing.bladen_opgegeven
    batch.bladen_per_bron = {str(bron): bladen for bron, bladen in ontleding.splitsing.bladen_per_bron.items()}
    # From the settings that the log has a fingerprint of, not from the row: that could have been changed since.
    naam = ontleding.scanoperator or opdracht.profiel.scanoperator or ONBEKEND
    personen.save_scanoperator(session, batch, naam, door=actor)
    session.flush()
    session.refresh(batch)  # the counts are kept by the database
    storage.append_ontleed(session, batch, len(documenten), actor)
    versies = []
    for document, koppeling in zip(documenten, koppelingen, strict=True):
        versie = storage.add_versie(session, document, reden="ontleed", actor=actor)
        storage.save_bevindingen(session, koppeling.bevindingen, batch_id=batch.id, documentversie_id=versie.id)
        if koppeling.zaak is not None:
            storage.append_gebeurtenis(
                session,
                "document.gekoppeld",
                actor=actor,
                onderwerp=batch.log_id,
                document=str(document.id),
                bron=next(r.bron for r in koppeling.redenen if r.zaakidentificatie == koppeling.zaak),
            )
        versies.append(versie.id)
    bladtelling.update_bevindingen(session, batch, door=actor)
    return tuple(versies)


def _save_document(
    session: Session, batch: BatchRow, plek: int, deel: Documentdeel, koppeling: Koppeling
) -> DocumentRow:
    document = DocumentRow(
        batch_id=batch.id,
        volgorde=plek,
        titel=deel.titel,
        zaakidentificatie=koppeling.zaak,
        koppelstatus=(Koppelstatus.TE_KOPPELEN if koppeling.zaak is None else Koppelstatus.GEKOPPELD).value,
        koppelredenen=[asdict(reden) for reden in koppeling.redenen],
        bladen_verwacht=deel.bladen_verwacht,
        wacht_omdat=deel.wacht_omdat,
    )
    session.add(document)
    session.flush()
    return document


def _save_beelden(session: Session, batch: BatchRow, ontleding: Ontleding, documenten: Sequence[DocumentRow]) -> None:
    document_van = {
        beeld: document.id
        for document, deel in zip(documenten, ontleding.splitsing.documenten, strict=True)
        for beeld in deel.beelden
    }
    scheiding_van = {scheiding.beeld: scheiding for scheiding in ontleding.splitsing.scheidingsbladen}
    bladen = {nummer: uuid4() for nummer in dict.fromkeys(geplaatst.blad for geplaatst in ontleding.beelden)}
    for nummer, blad_id in bladen.items():
        session.add(BladRow(id=blad_id, batch_id=batch.id, nummer=nummer))
        if nummer % _RIJEN_TEGELIJK == 0:
            session.flush()
    session.flush()
    for positie, geplaatst in enumerate(ontleding.beelden, start=1):
        feiten, scheiding = geplaatst.beeld.feiten, scheiding_van.get(geplaatst.id)
        session.add(
            BeeldRow(
                id=geplaatst.id,
                batch_id=batch.id,
                bron_id=geplaatst.beeld.bron.id,
                n=geplaatst.beeld.n,
                blad_id=bladen[geplaatst.blad],
                kant=geplaatst.kant,
                breedte_px=feiten["breedte_px"],
                hoogte_px=feiten["hoogte_px"],
                dpi=feiten["dpi"],
                dpi_bron=feiten["dpi_bron"],
                kleurmodus=feiten["kleurmodus"],
                compressie=feiten["compressie"],
                metingen=feiten["metingen"],
                codes=feiten["codes"],
                volgorde=positie * storage.VOLGORDE_STAP,
                bestemming=(Bestemming.DOCUMENT if scheiding is None else Bestemming.SCHEIDINGSBLAD).value,
                document_id=document_van.get(geplaatst.id),
                draai_graden=feiten["draai_pdf"],
                scheidingsblad=None if scheiding is None else scheiding.to_json(),
            )
        )
        if positie % _RIJEN_TEGELIJK == 0:
            session.flush()
    session.flush()
    for geplaatst in ontleding.beelden:
        if geplaatst.id not in scheiding_van:
            storage.save_bevindingen(session, geplaatst.beeld.bevindingen, batch_id=batch.id, beeld_id=geplaatst.id)
