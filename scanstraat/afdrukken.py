"""From the record to what is printed about paper: labels of dozen, container sheets, lists of what to fetch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from scanstraat import besluiten, db, papier, storage, verklaren
from scanstraat.bootstrap import Basis
from scanstraat.domain import to_local
from scanstraat.doosblad import Containerblad, Containerdoos, Doosetiket, Haallijst, Haalregel
from scanstraat.errors import NietMogelijkError
from scanstraat.tables import BatchRow, DocumentRow
from scanstraat.tables_bewijs import DoosRow, OpdrachtRow, VernietigingslijstRow
from vernietiging.verklaring import build_bladreeksen


def build_etiket(basis: Basis, session: Session, doos: DoosRow) -> Doosetiket:
    """Return what stands on the label of a closed doos.

    Raises:
        NietMogelijkError: it is open: what is on the label would not stay true.
    """
    if doos.gesloten_op is None:
        raise NietMogelijkError(f"Doos {doos.nummer} staat nog open. Sluit haar eerst: scanstraat doos sluit")
    inhoud = papier.load_inhoud(session, doos.id)
    bindingen = [b for b in (besluiten.find_binding(session, batch.id) for batch, _ in inhoud) if b is not None]
    vrij = [_find_vrij_vanaf(basis, session, batch) for batch, _ in inhoud]
    vanaf = max((dag for dag in vrij if dag is not None), default=None)
    return Doosetiket(
        doosnummer=doos.nummer,
        organisatie=basis.config.algemeen.organisatie,
        inhoud=tuple(
            f"{batch.nummer}, blad {papier.format_bladen(b.nummer for b in bladen)}" for batch, bladen in inhoud
        ),
        documenten=len(papier.find_documenten(session, doos.id)),
        bladen=sum(len(bladen) for _, bladen in inhoud),
        gesloten_op=to_local(doos.gesloten_op, basis.config.algemeen.tijdzone).date().isoformat(),
        besluit=", ".join(sorted({b.besluit.nummer for b in bindingen})) or "nog geen",
        vrij_vanaf="" if None in vrij or vanaf is None else vanaf.isoformat(),
    )


def _find_vrij_vanaf(basis: Basis, session: Session, batch: BatchRow) -> date | None:
    """Return the first day on which paper of a batch may go; None as long as it is not known."""
    binding = besluiten.find_binding(session, batch.id)
    if binding is None:
        return None
    dagen = []
    for document in storage.load_documenten(session, batch.id):
        versie = storage.latest_versie(session, document.id)
        aflevering = storage.load_aflevering(session, versie.id)
        dag = besluiten.find_vrij_vanaf(session, basis, batch, versie, aflevering, binding.besluit)
        if dag is None:
            return None
        dagen.append(dag)
    return max(dagen, default=None)


def build_containerbladen(basis: Basis, session: Session, opdracht: OpdrachtRow) -> list[Containerblad]:
    """Return a sheet for every container of an order, with the root of the log that the order rests on."""
    lijst = session.get_one(VernietigingslijstRow, opdracht.lijst_id)
    logverwijzing = verklaren.build_logverwijzing(basis, opdracht.checkpoint)
    return [
        Containerblad(
            lijst=lijst.naam,
            organisatie=basis.config.algemeen.organisatie,
            gemaakt_op=db.now_text(),
            bedrijf=opdracht.bedrijf,
            methode=opdracht.wijze,
            niveau=opdracht.niveau,
            container=container["nummer"],
            zegel=container["zegel"],
            contact=f"{basis.config.algemeen.organisatie}, opdracht {opdracht.nummer}",
            dozen=tuple(_build_doos(session, nummer) for nummer in container["dozen"]),
            logboek=logverwijzing,
            opdracht=opdracht.nummer,
        )
        for container in opdracht.containers
    ]


def _build_doos(session: Session, nummer: str) -> Containerdoos:
    doos = papier.find_doos(session, nummer)
    documenten = len(papier.find_documenten(session, doos.id))
    return Containerdoos(doos.nummer, documenten, papier.count_bladen(session, doos.id))


def build_haallijst(
    basis: Basis, session: Session, documenten: Iterable[UUID], *, reden: str, gevraagd_door: str
) -> Haallijst:
    """Return where to fetch the paper of documents; what lies in no doos, or is gone, is left out."""
    regels = []
    for document_id in documenten:
        document = session.get_one(DocumentRow, document_id)
        batch = storage.load_batch(session, document.batch_id)
        per_doos: dict[tuple[str, str], list[int]] = {}
        for plek in papier.find_vindplaatsen(session, document_id):
            if plek.doos is not None and plek.vernietigd_op is None:
                plaats = f"{plek.plaats or ''}{' (deels vernietigd: misschien ontbreekt het)' if plek.deels else ''}"
                per_doos.setdefault((plek.doos, plaats), []).append(plek.blad)
        regels += [
            Haalregel(
                str(document_id),
                document.zaakidentificatie or "",
                batch.nummer,
                doos,
                plaats,
                build_bladreeksen(bladen),
            )
            for (doos, plaats), bladen in per_doos.items()
        ]
    nu = db.now_text()
    return Haallijst(
        nummer=f"H-{to_local(nu, basis.config.algemeen.tijdzone):%Y%m%d-%H%M%S}",
        organisatie=basis.config.algemeen.organisatie,
        gemaakt_op=nu,
        reden=reden,
        gevraagd_door=gevraagd_door,
        regels=tuple(regels),
    )


def find_dozen(session: Session, nummers: Iterable[str]) -> list[DoosRow]:
    """Return dozen by number; without numbers, every closed one."""
    gevraagd = list(nummers)
    if gevraagd:
        return [papier.find_doos(session, nummer) for nummer in gevraagd]
    return list(
        session.exec(select(DoosRow).where(col(DoosRow.gesloten_op).is_not(None)).order_by(col(DoosRow.nummer)))
    )
