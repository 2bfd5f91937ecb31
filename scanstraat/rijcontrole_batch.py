"""Do the rows of a batch and its documents say what the events say? Part of `rijcontrole`, a few batches at a time."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from scanstraat import personen, scanoperator, storage
from scanstraat.domain import Bestemming, Vingerafdruk, format_batchnummer
from scanstraat.errors import OpslagError
from scanstraat.intake.opslag import Opslag
from scanstraat.rijen import (
    Vastgelegd,
    Verschil,
    Wat,
    group_per,
    is_gedaan,
    is_zelfde_tijd,
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
    AfleveringRow,
    BatchRow,
    BeeldRow,
    BewerkingRow,
    BladRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    ObjectRow,
    PaginaRow,
)
from scanstraat.tables_bewijs import (
    VerzegelingRow,
)
from vernietiging.errors import GebeurtenisError


def find_verschillen(session: Session, ids: Collection[UUID], opslag: Opslag | None) -> Iterator[Verschil]:
    """Yield in what the rows of these batches differ; without `opslag` the manifests of documents are not compared."""
    yield from _compare_ontvangst(session, ids)
    yield from _compare_voortgang(session, ids)
    yield from _compare_dubbel(session, ids)
    yield from _compare_bewerkingen(session, ids)
    yield from _compare_telling(session, ids)
    yield from _compare_versies(session, ids, opslag)
    yield from _compare_bevindingen(session, ids)
    yield from _compare_tijden(session, ids)


# --- the batch ----------------------------------------------------------------------------------------------------


def _compare_ontvangst(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
    """Compare with which settings each batch came in, which files it had and who scanned it."""
    ontvangen = group_per(load_vastgelegd(session, "batch.ontvangen", ids=ids))
    vraag = select(BatchRow)
    for batch in session.exec(vraag.where(col(BatchRow.log_id).in_(ids))).all():
        if laatste := ontvangen.get(batch.log_id):
            vastgelegd, momentopname = laatste[-1].gegevens, storage.hash_momentopname(batch.momentopname)
            if (
                not vastgelegd["momentopname"] == batch.momentopname_sha256 == momentopname
                or batch.momentopname["nakijken"] != batch.nakijken
            ):
                yield say_anders(Wat.BATCH, f"Met welke instellingen batch {batch.nummer} is gescand,")
            if vastgelegd["manifest"] != _hash_ontvangst(session, batch):
                yield say_anders(Wat.PAGINA, f"Welke bestanden bij batch {batch.nummer} horen,")
        if scanoperator.find_laatste(session, batch) is not None and not personen.is_zoals_vastgelegd(session, batch):
            yield say_anders(Wat.SCANOPERATOR, f"Wie batch {batch.nummer} scande,")


def _compare_voortgang(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
    """Compare when each batch was cut into documents, and who reported it ready."""
    ontleed = group_per(load_vastgelegd(session, "batch.ontleed", ids=ids))
    klaar, actoren = group_per(load_vastgelegd(session, "batch.klaargemeld", ids=ids)), load_wie(session)
    vraag = select(BatchRow)
    for batch in session.exec(vraag.where(col(BatchRow.log_id).in_(ids))).all():
        if batch.nummer != format_batchnummer(batch.jaar, batch.volgnummer):
            yield say_anders(Wat.BATCH, f"Het nummer van batch {batch.nummer}")
        laatste, eerste = klaar.get(batch.log_id, [])[-1:], ontleed.get(batch.log_id, [])
        if eerste and not is_zelfde_tijd(batch.ontleed_op, eerste[0].op):
            yield say_anders(Wat.BATCH, f"Wanneer batch {batch.nummer} is ontleed,")
        if (batch.klaargemeld_op is not None) != bool(laatste) or not all(
            is_gedaan(g, actoren.get(batch.klaargemeld_door), batch.klaargemeld_op) for g in laatste
        ):
            yield say_anders(Wat.BATCH, f"Of batch {batch.nummer} is klaargemeld, en door wie,")


def _compare_dubbel(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
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
    for nummer in session.execute(vraag.where(col(BatchRow.log_id).in_(ids))).scalars():
        yield say_anders(Wat.DUBBEL, f"Of de bestanden van batch {nummer} eerder zijn ontvangen,")


def _compare_bewerkingen(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
    """Compare what was done to each batch, and by whom: who worked on it decides nothing about its paper."""
    vraag = (
        sa.select(BewerkingRow, BatchRow, col(ActorRow.log_id))
        .join(BatchRow, col(BatchRow.id) == BewerkingRow.batch_id)
        .join(ActorRow, col(ActorRow.id) == BewerkingRow.actor_id)
    )
    gebeurtenissen = {
        (g.onderwerp, g.gegevens["nummer"]): g for g in load_vastgelegd(session, "bewerking", ids=ids) if not g.is_terug
    }
    for rij, batch, actor in session.execute(vraag.where(col(BatchRow.log_id).in_(ids))):
        gebeurtenis = gebeurtenissen.pop((batch.log_id, rij.nummer), None)
        wie = f"Bewerking {rij.nummer} van batch {batch.nummer}"
        if gebeurtenis is None:
            yield say_nooit(Wat.BEWERKING, wie)
        elif gebeurtenis.gegevens["soort"] != rij.soort or not is_gedaan(gebeurtenis, actor, rij.op):
            yield say_anders(Wat.BEWERKING, wie)
    for log_id, nummer in gebeurtenissen:
        yield say_weg(Wat.BEWERKING, f"Bewerking {nummer} van batch {say_batch(session, log_id)}")


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


def _compare_telling(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
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
    vraag = vraag.where(col(BatchRow.log_id).in_(ids))
    for batch, vreemd_, *aantallen in session.execute(vraag):
        telling = storage.bladtelling_of(batch)
        staat = [telling.in_documenten, telling.scheidingsbladen, telling.weggelaten]
        if vreemd_ or staat != aantallen or telling.ontvangen != sum(aantallen):
            yield say_anders(Wat.PAGINA, f"De bladtelling van batch {batch.nummer}")


# --- the documents ------------------------------------------------------------------------------------------------


def _compare_versies(session: Session, ids: Collection[UUID], opslag: Opslag | None) -> Iterator[Verschil]:
    """Compare pages, proofs and deliveries of every versie, and of those that stand sealed the zaak and the numbers."""
    vraag = (
        select(BatchRow, DocumentRow, DocumentversieRow)
        .join(DocumentRow, col(DocumentRow.batch_id) == BatchRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.document_id) == DocumentRow.id)
        .order_by(col(BatchRow.id))
    )
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
    gebeurtenissen = group_per(load_vastgelegd(session, *soorten, ids=[versie.log_id for _, _, versie in samen]))
    batch = samen[0][0]
    staand = session.exec(
        select(VerzegelingRow.id).where(VerzegelingRow.batch_id == batch.id, col(VerzegelingRow.vervallen_op).is_(None))
    ).first()
    nieuwste = {document.id: versie.n for _, document, versie in sorted(samen, key=lambda rij: rij[2].n)}
    for _, document, versie in samen:
        eigen = gebeurtenissen.get(versie.log_id, [])
        gearchiveerd = [g for g in eigen if g.soort == "documentversie.gearchiveerd"]
        wie = f"document {shorten(document.id)} versie {versie.n}"
        gemaakt = [g.gegevens for g in eigen if g.soort == "documentversie.gemaakt"]
        if gemaakt and [gemaakt[-1][naam] for naam in ("document", "n", "reden")] != [
            str(document.id),
            versie.n,
            versie.reden,
        ]:
            yield say_anders(Wat.PAGINA, f"Wat {wie} is,")
        if gearchiveerd:
            g = gearchiveerd[-1].gegevens
            if (g["pdf"], g["manifest"], g["bytes"], g["conform"], g["getrouw"]) != (
                versie.pdf_sha256,
                versie.manifest_sha256,
                versie.pdf_bytes,
                versie.pdfa_conform is True,
                versie.getrouw is True,
            ) or not is_zelfde_tijd(versie.gearchiveerd_op, gearchiveerd[-1].op):
                weg = gearchiveerd[-1].is_terug and versie.pdf_sha256 is None  # the line makes it again
                yield say_anders(Wat.DOCUMENT, f"Het archiefbestand van {wie}", bekend=weg)
        elif versie.pdf_sha256 is not None:
            yield say_nooit(Wat.DOCUMENT, f"Het archiefbestand van {wie}")
        verzegeld = [g for g in eigen if g.soort == "documentversie.verzegeld"]
        if staand is not None and verzegeld and versie.n == nieuwste[document.id]:
            kenmerk = {"batch": batch.nummer, "document": str(document.id), "zaak": document.zaakidentificatie or ""}
            if not verzegeld[-1].holds("kenmerk", kenmerk):
                yield say_anders(Wat.ZAAK, f"De zaak of de batch van {wie}")


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
        wie = f"document {shorten(document.id)} versie {versie.n}"
        paginas, nu = van_versie[versie.id], in_batch[document.id]
        if (document.vervallen_op is None) != bool(nu):
            yield say_anders(Wat.PAGINA, f"Of document {shorten(document.id)} nog pagina's heeft,")
        elif nu and [(nummer, beeld, draai) for nummer, beeld, draai, *_ in paginas] != [
            (nummer, *beeld) for nummer, beeld in enumerate(nu, start=1)
        ]:
            yield say_anders(Wat.PAGINA, f"De volgorde of de ligging van de pagina's van {wie}")
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
    bevestigd: dict[UUID, list[Vastgelegd]] = defaultdict(list)
    losgemaakt: dict[UUID, list[Vastgelegd]] = defaultdict(list)
    staand: set[UUID] = set()
    soorten, ids = ("aflevering.bevestigd", "document.ontkoppeld"), [versie.log_id for _, _, versie in samen]
    for g in load_vastgelegd(session, *soorten, ids=[*ids, batch.log_id]):
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
                rij in nog or any(is_zelfde_tijd(rij.ontkoppeld_op, g.op) for g in losgemaakt[log_id]) for rij in eigen
            )
        ):
            yield say_anders(
                Wat.AFLEVERING, f"Of document {shorten(document.id)} versie {versie.n} in zijn zaak staat,"
            )


def _compare_bevindingen(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
    """Compare the findings of each batch with the newest event; a batch from before there was one has none."""
    for log_id, gebeurtenissen in group_per(load_vastgelegd(session, "batch.bevindingen", ids=ids)).items():
        batch_id = session.exec(select(BatchRow.id).where(BatchRow.log_id == log_id)).first()
        try:
            nu = None if batch_id is None else storage.count_bevindingen(session, batch_id)
        except GebeurtenisError:
            nu = None
        if nu != gebeurtenissen[-1].gegevens:
            yield say_anders(Wat.BEVINDING, f"Een bevinding van batch {say_batch(session, log_id)}")


# --- since when ---------------------------------------------------------------------------------------------------


def _compare_tijden(session: Session, ids: Collection[UUID]) -> Iterator[Verschil]:
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
        gezegd = gezegd.where(batch.in_(ids))
        rijen = session.execute(gezegd, execution_options={"yield_per": 1000})
        for _, samen in groupby(rijen, key=lambda rij: rij[0]):
            paren = [(log_id, in_rij, in_log) for _, log_id, in_rij, in_log in samen]
            if not any(is_zelfde_tijd(in_rij, in_log) for _, in_rij, in_log in paren):
                yield say_anders(Wat.TERMIJN, f"{wat} ({shorten(paren[0][0])})")
