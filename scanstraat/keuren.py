"""A sealed batch is judged: a sample that nobody chose, everything that was flagged, by somebody who had no part in it.

The seed of the draw comes from a checkpoint of the log that covers the sealing, so that it was fixed before and anybody
can draw the same pages again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.oordeel import Item, Oordeel, Paginaoordeel, check_batch
from kwaliteitscontrole.steekproef import (
    Grens,
    Lotuitslag,
    Strengheid,
    Trekkingsplan,
    Uitslag,
    build_trekkingsplan,
    build_zaad,
    draw_steekproef,
    find_strengheid,
    is_gestaakt,
)
from kwaliteitscontrole.tables import BevindingRow
from kwaliteitscontrole.woorden import join_words
from scanstraat import besluiten, db, logboek, personen, storage, verzegelen
from scanstraat.bootstrap import Basis
from scanstraat.errors import GeenMandaatError, NietMogelijkError
from scanstraat.personen import Aangemeld, Rol
from scanstraat.tables import BatchRow, BeeldRow, DocumentRow, DocumentversieRow, PaginaRow
from scanstraat.tables_bewijs import BekekenRow, OordeelRow, TrekkingRow, VerzegelingRow
from vernietiging.gebeurtenis import canonical_json


@dataclass(frozen=True)
class Keurpagina:
    """One page to judge, and why."""

    document_id: UUID
    versie_id: UUID
    log_id: UUID
    pagina: int
    getrokken: bool
    gemarkeerd: tuple[str, ...]  # Dutch: what was found on it

    @property
    def item(self) -> Item:
        """The page as the log knows it."""
        return Item(self.log_id, self.pagina)


@dataclass(frozen=True)
class Keuring:
    """What must be judged of a batch: the plan, and every drawn or flagged page."""

    trekking: TrekkingRow
    plan: Trekkingsplan
    paginas: tuple[Keurpagina, ...]


def draw(basis: Basis, session: Session, batch: BatchRow) -> TrekkingRow:
    """Draw the sample of a sealed batch; what was drawn for this sealing is returned.

    The seed comes from the first checkpoint that covers the sealing, so nobody can wait for a draw that suits them.

    Raises:
        NietMogelijkError: the batch falls under no besluit, the sealing is not in a checkpoint yet, or inspection of
            this scanner and profile has stopped.
    """
    verzegeling = verzegelen.seal(basis, session, batch)
    bestaand = _find_trekking(session, verzegeling.id)
    if bestaand is not None:
        return bestaand
    binding = besluiten.find_binding(session, batch.id)
    if binding is None:
        raise NietMogelijkError(
            f"Batch {batch.nummer} valt nog onder geen besluit, dus er is geen steekproefplan. Bind haar eerst: "
            "scanstraat besluit bind"
        )
    verzegeld = storage.load_logregel(session, verzegeling.gebeurtenis_id)
    checkpoint, wortel = logboek.find_eerste_checkpoint(basis.config, verzegeld)
    historie = load_historie(session, batch)
    voorschrift = besluiten.build_steekproefplan(binding.besluit)
    verlicht = voorschrift.verlicht_toegestaan
    if is_gestaakt(historie, verlicht_toegestaan=verlicht):
        raise NietMogelijkError(
            "Van deze scanner en dit profiel zijn te veel batches afgekeurd: de controle is gestaakt. Zoek de oorzaak, "
            "laat de scanner nakijken, en leg een nieuwe versie van het profiel vast."
        )
    paginas = load_paginas(session, batch)
    plan = build_trekkingsplan(voorschrift, len(paginas), find_strengheid(historie, verlicht_toegestaan=verlicht))
    zaad = build_zaad(wortel, batch.log_id)
    getrokken = draw_steekproef(len(paginas), plan.n, zaad)
    gemarkeerd = sorted(nummer for nummer, pagina in enumerate(paginas) if pagina.gemarkeerd)
    trekking = {
        "schema": "scanstraat.steekproef/1",
        "batch": str(batch.log_id),
        "manifest": verzegeling.manifest_sha256,
        "plan": _plan_to_json(plan),
        "getrokken": [[str(paginas[plek].log_id), paginas[plek].pagina] for plek in getrokken],
        "gemarkeerd": [[str(paginas[plek].log_id), paginas[plek].pagina] for plek in gemarkeerd],
    }
    return storage.save_trekking(
        session,
        basis.opslag,
        "steekproef.getrokken",
        batch.log_id,
        trekking,
        checkpoint=checkpoint,
        zaad=zaad,
        van={"verzegeling_id": verzegeling.id},
        verzegeld=verzegeld,
    )


def _find_trekking(session: Session, verzegeling_id: UUID) -> TrekkingRow | None:
    return session.exec(select(TrekkingRow).where(TrekkingRow.verzegeling_id == verzegeling_id)).first()


def load_historie(session: Session, batch: BatchRow) -> list[Lotuitslag]:
    """Return how earlier batches of the same scanner and profile ended, oldest first. A re-check says nothing new."""
    rijen = session.exec(
        select(OordeelRow, TrekkingRow, BatchRow)
        .join(TrekkingRow, col(TrekkingRow.id) == OordeelRow.trekking_id)
        .join(BatchRow, col(BatchRow.id) == OordeelRow.batch_id)
        .where(BatchRow.profiel == batch.profiel, BatchRow.momentopname_sha256 == batch.momentopname_sha256)
        .order_by(col(OordeelRow.op))
    )
    gezien: set[UUID] = set()
    historie = []
    for oordeel, trekking, van in rijen:
        historie.append(
            Lotuitslag(
                Uitslag(oordeel.uitslag),
                Strengheid(trekking.trekking["plan"]["strengheid"]),
                gat=oordeel.gat,
                herkeuring=van.id in gezien,
            )
        )
        gezien.add(van.id)
    return historie


def load_paginas(session: Session, batch: BatchRow) -> list[Keurpagina]:
    """Return every page of the documents that a batch was sealed with, in order, with what was found on it."""
    uitzonderingen = storage.find_uitzonderingen(session, batch.id)
    rijen = session.exec(
        select(DocumentversieRow, PaginaRow.nummer, PaginaRow.beeld_id)
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .join(PaginaRow, col(PaginaRow.documentversie_id) == DocumentversieRow.id)
        .where(
            col(DocumentversieRow.id).in_(storage.select_newest_versies(batch.id)),
            col(DocumentRow.id).not_in(uitzonderingen),
        )
        .order_by(col(DocumentRow.volgorde), col(PaginaRow.nummer))
    ).all()
    gevonden = _load_gemarkeerd(session, batch)
    return [
        Keurpagina(
            versie.document_id,
            versie.id,
            versie.log_id,
            nummer,
            getrokken=False,
            gemarkeerd=(*gevonden.get(beeld_id, ()), *(gevonden.get(versie.id, ()) if nummer == 1 else ())),
        )
        for versie, nummer, beeld_id in rijen
    ]


def _load_gemarkeerd(session: Session, batch: BatchRow) -> dict[UUID, tuple[str, ...]]:
    """Return beeld or versie -> what was found that a person must see; what no longer holds is left out."""
    per_plek: dict[UUID, tuple[str, ...]] = {}
    for bevinding in session.exec(
        select(BevindingRow).where(
            BevindingRow.batch_id == batch.id,
            col(BevindingRow.ernst).in_([Ernst.ERNSTIG.value, Ernst.KRITIEK.value]),
            col(BevindingRow.vervallen_op).is_(None),
        )
    ):
        plek = bevinding.beeld_id or bevinding.documentversie_id
        if plek is not None:
            per_plek[plek] = (*per_plek.get(plek, ()), bevinding.tekst)
    return per_plek


def load_keuring(session: Session, batch: BatchRow) -> Keuring | None:
    """Return what must be judged of a batch as it is sealed now; None when nothing was drawn for that."""
    verzegeling = verzegelen.find_verzegeling(session, batch.id)
    trekking = None if verzegeling is None else _find_trekking(session, verzegeling.id)
    if trekking is None:
        return None
    inhoud = trekking.trekking
    getrokken = {Item(UUID(versie), pagina) for versie, pagina in inhoud["getrokken"]}
    gemarkeerd = {Item(UUID(versie), pagina) for versie, pagina in inhoud["gemarkeerd"]}
    paginas = tuple(
        Keurpagina(
            pagina.document_id,
            pagina.versie_id,
            pagina.log_id,
            pagina.pagina,
            getrokken=pagina.item in getrokken,
            gemarkeerd=pagina.gemarkeerd or (("gemarkeerd",) if pagina.item in gemarkeerd else ()),
        )
        for pagina in load_paginas(session, batch)
        if pagina.item in getrokken or pagina.item in gemarkeerd
    )
    return Keuring(trekking, _plan_from_json(inhoud["plan"]), paginas)


def verify_controleur(session: Session, batch: BatchRow, wie: Aangemeld) -> None:
    """Return when somebody may judge a batch.

    Raises:
        GeenMandaatError: no mandaat, or they scanned or edited it, or it is not known who did.
    """
    personen.verify_mandaat(session, wie, Rol.CONTROLEUR)
    if not personen.is_zoals_vastgelegd(session, batch):
        raise GeenMandaatError(
            f"Wie batch {batch.nummer} scande, staat anders in de database dan is vastgelegd, of is nooit vastgelegd. "
            "Dus staat ook niet vast of u haar mag keuren. Een functioneel beheerder zoekt dit uit en legt vast wie "
            "scande met: scanstraat scanoperator"
        )
    betrokkenen = personen.find_betrokkenen(session, batch)
    if personen.find_ogen(session, wie.persoon_id) & betrokkenen.personen:
        raise GeenMandaatError(
            f"{wie.naam} scande of bewerkte batch {batch.nummer}, of iemand die daarna de aanmelding van een van hen "
            "opnieuw instelde. Laat iemand anders keuren."
        )
    if betrokkenen.onbekend:
        raise GeenMandaatError(
            f"Van batch {batch.nummer} staat niet vast wie haar scande of bewerkte ({join_words(betrokkenen.onbekend)} "
            "is hier geen persoon), dus ook niet of u haar mag keuren. Een functioneel beheerder legt dat vast met "
            "scanstraat scanoperator, scanstraat persoon voegtoe of scanstraat persoon naam."
        )


def mark_seen(session: Session, trekking: TrekkingRow, wie: Aangemeld) -> None:
    """Note that somebody was shown what was drawn: pages to judge, or documents for the last look."""
    if not has_seen(session, trekking, wie):
        session.add(BekekenRow(trekking_id=trekking.id, persoon_id=wie.persoon_id, op=db.now_text()))
        session.flush()


def has_seen(session: Session, trekking: TrekkingRow, wie: Aangemeld) -> bool:
    """Whether somebody was shown what was drawn."""
    return session.get(BekekenRow, (trekking.id, wie.persoon_id)) is not None


def judge(
    basis: Basis, session: Session, batch: BatchRow, oordelen: Sequence[Paginaoordeel], wie: Aangemeld
) -> tuple[Oordeel, OordeelRow]:
    """Record the verdict on a batch, bound to what was sealed.

    Args:
        oordelen: what was found on pages; every other page that was drawn or flagged is good. A page with a fault
            that was neither drawn nor flagged counts as flagged: by the controleur, who happened to see it.
    Raises:
        GeenMandaatError: see `verify_controleur`.
        NietMogelijkError: nothing was drawn, it changed since, or somebody judges what they were not shown.
        OordeelError: an unknown fault, a page that was judged twice, or one that the batch does not have.
    """
    verify_controleur(session, batch, wie)
    keuring = load_keuring(session, batch)
    verzegeling = verzegelen.find_verzegeling(session, batch.id)
    if keuring is None or verzegeling is None:
        raise NietMogelijkError(
            f"Van batch {batch.nummer} zoals zij nu is, is nog geen steekproef getrokken. Bekijk haar eerst: "
            f"scanstraat keur {batch.nummer} --toon MAP"
        )
    if verzegelen.build_zegel(session, batch).vingerafdruk != verzegeling.manifest_sha256:
        raise NietMogelijkError(f"Batch {batch.nummer} is veranderd sinds de steekproef. Begin opnieuw met keuren.")
    if session.exec(select(OordeelRow.id).where(OordeelRow.verzegeling_id == verzegeling.id)).first() is not None:
        raise NietMogelijkError(f"Batch {batch.nummer} is al gekeurd zoals zij nu is.")
    if not has_seen(session, keuring.trekking, wie):
        raise NietMogelijkError(
            f"{wie.naam} heeft de pagina's nog niet bekeken. Vraag ze op met: scanstraat keur {batch.nummer} --toon MAP"
        )
    gezegd = {oordeel.item for oordeel in oordelen}
    te_keuren = {pagina.item for pagina in keuring.paginas}
    zelf_gezien = {p.item for p in load_paginas(session, batch)} & {o.item for o in oordelen if o.fouten} - te_keuren
    alle = [*oordelen, *(Paginaoordeel(p.log_id, p.pagina) for p in keuring.paginas if p.item not in gezegd)]
    oordeel = check_batch(
        keuring.plan,
        [p.item for p in keuring.paginas if p.getrokken],
        [*(p.item for p in keuring.paginas if p.gemarkeerd), *zelf_gezien],
        alle,
    )
    return oordeel, _save_oordeel(basis, session, batch, keuring, verzegeling, alle, oordeel, wie)


def _save_oordeel(
    basis: Basis,
    session: Session,
    batch: BatchRow,
    keuring: Keuring,
    verzegeling: VerzegelingRow,
    alle: Sequence[Paginaoordeel],
    oordeel: Oordeel,
    wie: Aangemeld,
) -> OordeelRow:
    inhoud = {
        "schema": "scanstraat.oordeel/1",
        "batch": str(batch.log_id),
        "manifest": verzegeling.manifest_sha256,
        "trekking": keuring.trekking.trekking_sha256,
        "uitslag": oordeel.uitslag.value,
        "fouten_per_ernst": {ernst.value: aantal for ernst, aantal in oordeel.aantallen.items()},
        "paginas": [[str(p.documentversie), p.pagina, list(p.fouten)] for p in alle],
    }
    vingerafdruk = basis.opslag.bewaar_bytes(canonical_json(inhoud))
    storage.save_object(session, vingerafdruk, "oordeel")
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "batch.goedgekeurd" if oordeel.uitslag is Uitslag.GOEDGEKEURD else "batch.afgekeurd",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=batch.log_id,
        getrokken=storage.load_logregel(session, keuring.trekking.gebeurtenis_id),
        manifest=verzegeling.manifest_sha256,
        oordeel=vingerafdruk.sha256,
        herbevestigd=personen.HERBEVESTIGD,
    )
    toelichtingen = {f"{p.documentversie}/{p.pagina}": p.toelichting for p in alle if p.toelichting}
    rij = OordeelRow(
        trekking_id=keuring.trekking.id,
        verzegeling_id=verzegeling.id,
        batch_id=batch.id,
        persoon_id=wie.persoon_id,
        uitslag=oordeel.uitslag.value,
        gat=oordeel.gat,
        oordeel={**inhoud, "redenen": list(oordeel.redenen), "toelichtingen": toelichtingen},
        oordeel_sha256=vingerafdruk.sha256,
        op=db.now_text(),
        gebeurtenis_id=gebeurtenis,
    )
    session.add(rij)
    session.flush()
    return rij


def build_keuring(session: Session, batch: BatchRow, keuring: Keuring) -> dict[str, Any]:
    """Return what must be judged of a batch, and its verdict if there is one, as plain values."""
    documenten = {document.id: document for document in storage.load_documenten(session, batch.id)}
    oordeel = session.exec(select(OordeelRow).where(OordeelRow.trekking_id == keuring.trekking.id)).first()
    return {
        "batch": batch.nummer,
        "lot": keuring.plan.aantal_items,
        "n": keuring.plan.n,
        "strengheid": keuring.plan.strengheid.value,
        "grenzen": {ernst.value: asdict(keuring.plan.grenzen[ernst]) for ernst in reversed(Ernst)},
        "checkpoint": keuring.trekking.checkpoint,
        "zaad": keuring.trekking.zaad,
        "paginas": [
            {
                "document": str(pagina.document_id),
                "pagina": pagina.pagina,
                "zaak": documenten[pagina.document_id].zaakidentificatie,
                "getrokken": pagina.getrokken,
                "gemarkeerd": list(pagina.gemarkeerd),
            }
            for pagina in keuring.paginas
        ],
        "oordeel": None
        if oordeel is None
        else {
            "uitslag": oordeel.uitslag,
            "op": oordeel.op,
            "door": personen.name_of(session, oordeel.persoon_id),
            "redenen": oordeel.oordeel["redenen"],
        },
    }


def redraw(session: Session, trekking: TrekkingRow) -> tuple[int, ...]:
    """Draw again from the seed that was recorded; an auditor compares this with what was drawn then."""
    plan = trekking.trekking["plan"]
    return draw_steekproef(int(plan["aantal_items"]), int(plan["n"]), bytes.fromhex(trekking.zaad))


def redraw_items(basis: Basis, session: Session, trekking: TrekkingRow) -> list[list[Any]]:
    """Return [versie, page] of what the seed and the sealed manifest give now, as `trekking` recorded it then."""
    verzegeling = session.get_one(VerzegelingRow, trekking.verzegeling_id)
    with os.fdopen(basis.opslag.open_fd(verzegeling.manifest_sha256), "rb") as bestand:
        documenten = json.load(bestand)["documenten"]
    items = [[d["documentversie"], pagina] for d in documenten for pagina in range(1, int(d["paginas"]) + 1)]
    plan = trekking.trekking["plan"]
    plekken = draw_steekproef(len(items), int(plan["n"]), bytes.fromhex(trekking.zaad))
    return [items[plek] for plek in plekken]


def _plan_to_json(plan: Trekkingsplan) -> dict[str, Any]:
    return {
        "aantal_items": plan.aantal_items,
        "n": plan.n,
        "strengheid": plan.strengheid.value,
        "tabel": plan.tabel,
        "grenzen": {ernst.value: asdict(grens) for ernst, grens in plan.grenzen.items()},
    }


def _plan_from_json(waarde: dict[str, Any]) -> Trekkingsplan:
    return Trekkingsplan(
        int(waarde["aantal_items"]),
        int(waarde["n"]),
        Strengheid(waarde["strengheid"]),
        {Ernst(ernst): Grens(**grens) for ernst, grens in waarde["grenzen"].items()},
        tabel=str(waarde["tabel"]),
    )


def find_versie(session: Session, document_id: UUID, pagina: int) -> tuple[UUID, BeeldRow]:
    """Return the newest versie of a document as the log knows it, and the beeld on a page of it.

    Raises:
        NietMogelijkError: it has no such page.
    """
    versie = storage.latest_versie(session, document_id)
    beeld = session.exec(
        select(BeeldRow)
        .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
        .where(PaginaRow.documentversie_id == versie.id, PaginaRow.nummer == pagina)
    ).first()
    if beeld is None:
        raise NietMogelijkError(f"Document {str(document_id)[:8]} heeft geen pagina {pagina}.")
    return versie.log_id, beeld
