"""A scan that comes later into a batch: a forgotten page, or a herscan of one. The sandbox looks at it as always."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlmodel import Session

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import storage
from scanstraat.bootstrap import Basis, open_zandbak
from scanstraat.config import Scanprofiel
from scanstraat.db import now_text
from scanstraat.domain import Bestemming, Vingerafdruk, Weglaatreden
from scanstraat.errors import NietMogelijkError
from scanstraat.intake.dienst import build_onderzoek
from scanstraat.intake.ontleden import Beeldfeiten, Bron, measure_bron
from scanstraat.intake.scanmap_boek import find_eerste_bronnen
from scanstraat.tables import BatchRow, BeeldRow, BronRow


@dataclass(frozen=True)
class Gemeten:
    """A file with a later scan, stored, looked at and measured."""

    bron: Bron
    vingerafdruk: Vingerafdruk
    beelden: tuple[Beeldfeiten, ...]


@dataclass(frozen=True)
class Bijscan:
    """What a later scan added to its batch."""

    beelden: tuple[UUID, ...]
    dubbel: Bevinding | None  # the same bytes came before; it is also stored with the first beeld


def measure_bijscan(
    basis: Basis, profiel: Scanprofiel, pad: Path, *, maximaal: int | None, meld: Callable[[int, int], None]
) -> Gemeten:
    """Store a file and measure its pages in the sandbox; outside any transaction, as others must go on meanwhile.

    Args:
        profiel: the settings of the batch it is for.
        maximaal: most page images the file may hold; None is no limit.
        meld: is told how many pages are done, of how many.
    Raises:
        InvoerError: the file may not pass, with the reason in Dutch.
        NietMogelijkError: it holds more pages than asked for.
    """
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
        beelden: list[Beeldfeiten] = []
        for feiten in measure_bron(basis.opslag, zandbak, bron, profiel):
            beelden.append(Beeldfeiten.pack(bron, feiten))
            meld(len(beelden), bron.aantal_beelden)
    return Gemeten(bron, vingerafdruk, tuple(beelden))


def add_bijscan(session: Session, batch: BatchRow, gemeten: Gemeten) -> Bijscan:
    """Add the page images of a file to a batch, each counted as left out until an operation gives it its place.

    Bytes that were received before are not refused, for the same page may belong in two documents. But it is more often
    the wrong file, so it is a finding that holds the batch until a person says that it is right.
    """
    bron, vingerafdruk = gemeten.bron, gemeten.vingerafdruk
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
            aantal_beelden=len(gemeten.beelden),
            is_scan=bron.is_scan,
            aanlevering={"map": "", "bijgescand": True},
            dubbel_van=eerste,
            ontvangen_op=now_text(),
        ),
    )
    nieuwe = tuple(_save_beeld(session, batch, beeld) for beeld in gemeten.beelden)
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
