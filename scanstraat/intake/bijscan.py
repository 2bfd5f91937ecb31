"""A scan that comes later into a batch: a forgotten page, or a herscan of one. The sandbox looks at it as always."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlmodel import Session

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import storage
from scanstraat.bootstrap import Basis, open_zandbak
from scanstraat.db import now_text
from scanstraat.domain import Bestemming, Weglaatreden
from scanstraat.errors import NietMogelijkError
from scanstraat.intake.dienst import build_onderzoek
from scanstraat.intake.ontleden import Beeldfeiten, Bron, measure_bron
from scanstraat.intake.scanmap_boek import find_eerste_bronnen
from scanstraat.tables import BatchRow, BeeldRow, BronRow


@dataclass(frozen=True)
class Bijscan:
    """What a later scan added to its batch."""

    beelden: tuple[UUID, ...]
    dubbel: Bevinding | None  # the same bytes came before; it is also stored with the first beeld


def add_bijscan(basis: Basis, session: Session, batch: BatchRow, pad: Path, *, maximaal: int | None) -> Bijscan:
    """Add the page images of a file to a batch, each counted as left out until an operation gives it its place.

    Bytes that were received before are not refused, for the same page may belong in two documents. But it is more often
    the wrong file, so it is a finding that holds the batch until a person says that it is right.

    Args:
        maximaal: most page images the file may hold; None is no limit.
    Raises:
        InvoerError: the file may not pass, with the reason in Dutch.
        NietMogelijkError: it holds more pages than asked for.
    """
    profiel = storage.profiel_of(batch)
    with open_zandbak(basis.config) as zandbak:
        vingerafdruk = basis.opslag.bewaar(pad, maximum_bytes=profiel.maximaal_mb * 1_000_000)
        fd = basis.opslag.open_fd(vingerafdruk.sha256)
        try:
            onderzocht = build_onderzoek(zandbak, profiel)(fd, pad.suffix)
        finally:
            os.close(fd)
        if maximaal is not None and onderzocht.aantal_beelden > maximaal:
            raise NietMogelijkError(
                f"Dit bestand heeft {onderzocht.aantal_beelden} pagina's. Geef een bestand met hoogstens {maximaal}."
            )
        bron = Bron(
            uuid4(), vingerafdruk.sha256, pad.name, onderzocht.soort, onderzocht.is_scan, onderzocht.aantal_beelden
        )
        beelden = [Beeldfeiten.pack(bron, feiten) for feiten in measure_bron(basis.opslag, zandbak, bron, profiel)]
    eerste = find_eerste_bronnen(session, [vingerafdruk.sha256]).get(vingerafdruk.sha256)
    storage.save_object(session, vingerafdruk, "bron")
    storage.save_bron(
        session,
        BronRow(
            id=bron.id,
            batch_id=batch.id,
            volgnummer=len(storage.load_bronnen(session, batch.id)) + 1,
            sha256=bron.sha256,
            naam=bron.naam,
            soort=bron.soort,
            aantal_beelden=len(beelden),
            is_scan=bron.is_scan,
            aanlevering={"map": "", "bijgescand": True},
            dubbel_van=eerste,
            ontvangen_op=now_text(),
        ),
    )
    nieuwe = tuple(_save_beeld(session, batch, beeld) for beeld in beelden)
    dubbel = None if eerste is None else _dubbel(session, session.get_one(BronRow, eerste))
    if dubbel is not None:
        storage.save_bevindingen(session, [dubbel], batch_id=batch.id, beeld_id=nieuwe[0])
    return Bijscan(nieuwe, dubbel)


def _dubbel(session: Session, eerste: BronRow) -> Bevinding:
    waar = "" if eerste.batch_id is None else f" in batch {storage.load_batch(session, eerste.batch_id).nummer}"
    return Bevinding(
        "dubbel",
        Ernst.ERNSTIG,
        f"Deze scan is bijgevoegd, maar precies hetzelfde bestand is al ontvangen{waar}. Kijk of dit een vergissing is "
        "en meld de batch anders klaar.",
    )


def _save_beeld(session: Session, batch: BatchRow, beeld: Beeldfeiten) -> UUID:
    feiten = beeld.feiten
    rij = BeeldRow(
        batch_id=batch.id,
        bron_id=beeld.bron.id,
        n=beeld.n,
        blad_id=storage.add_blad(session, batch.id).id,
        kant="voor",
        breedte_px=feiten["breedte_px"],
        hoogte_px=feiten["hoogte_px"],
        dpi=feiten["dpi"],
        dpi_bron=feiten["dpi_bron"],
        kleurmodus=feiten["kleurmodus"],
        compressie=feiten["compressie"],
        metingen=feiten["metingen"],
        codes=feiten["codes"],
        volgorde=storage.last_volgorde(session, batch.id) + storage.VOLGORDE_STAP,
        bestemming=Bestemming.WEGGELATEN.value,
        draai_graden=feiten["draai_pdf"],
        weglaatreden=Weglaatreden.ANDERS.value,
        weglaattekst="Bijgescand, nog niet geplaatst.",
    )
    session.add(rij)
    session.flush()
    storage.save_bevindingen(session, beeld.bevindingen, batch_id=batch.id, beeld_id=rij.id)
    return rij.id
