"""Does every row that names its event say what it says? Part of `rijcontrole`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from scanstraat import papier, storage
from scanstraat.rijen import (
    Vastgelegd,
    Verschil,
    Wat,
    digest_json,
    group_per,
    is_gedaan,
    is_zelfde_tijd,
    load_vastgelegd,
    load_wie,
    say_anders,
    say_batch,
    say_nooit,
    say_wat,
    say_weg,
    shorten,
)
from scanstraat.tables import (
    ActorRow,
    BatchRow,
    GebeurtenisRow,
)
from scanstraat.tables_bewijs import (
    DoosRow,
    LaatsteblikRow,
    LijstdoosRow,
    MandaatRow,
    OndertekeningRow,
    OordeelRow,
    OpdrachtRow,
    PersoonRow,
    TrekkingRow,
    UitvoeringRow,
    VerklaringRow,
    VerklaringscanRow,
    VernietigingslijstRow,
    VervoerRow,
    VerzegelingRow,
    VrijgaveRow,
)


def find_verschillen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Yield in what rows that name their event differ from it; `ids` as in `rijcontrole.find_verschillen`."""
    batch, doos, lijst = col(BatchRow.log_id), col(DoosRow.log_id), col(VernietigingslijstRow.log_id)
    yield from _compare_rijen(
        session, ids, Wat.VERZEGELING, "De verzegeling van een batch", ("batch.verzegeld",),
        sa.select(VerzegelingRow, batch).join(BatchRow, col(BatchRow.id) == VerzegelingRow.batch_id), batch,
        lambda rij: {"manifest": rij.manifest_sha256, "documenten": rij.documenten, "paginas": rij.paginas},
    )  # fmt: skip
    yield from _compare_vervallen(session, ids)
    yield from _compare_rijen(
        session, ids, Wat.OORDEEL, "Een steekproef", ("steekproef.getrokken",),
        sa.select(TrekkingRow, batch).join(VerzegelingRow, col(VerzegelingRow.id) == TrekkingRow.verzegeling_id)
        .join(BatchRow, col(BatchRow.id) == VerzegelingRow.batch_id), batch, lambda rij: _read_trekking(session, rij),
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.OORDEEL, "Een oordeel over een batch", ("batch.goedgekeurd", "batch.afgekeurd"),
        sa.select(OordeelRow, batch).join(BatchRow, col(BatchRow.id) == OordeelRow.batch_id), batch,
        lambda rij: _read_oordeel(session, rij),
        soort=lambda rij: f"batch.{rij.uitslag}", door=OordeelRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LIJST, "Een vernietigingslijst", ("lijst.voorgesteld",),
        sa.select(VernietigingslijstRow, lijst), lijst,
        lambda rij: {
            "inhoud": rij.inhoud_sha256 if digest_json(rij.inhoud) == rij.inhoud_sha256 else "",
            "naam": {"naam": rij.naam},
        },
        door=VernietigingslijstRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LAATSTE_BLIK, "Wat voor een laatste blik is getrokken", ("laatste_blik.getrokken",),
        sa.select(TrekkingRow, doos).join(DoosRow, col(DoosRow.id) == TrekkingRow.doos_id), doos,
        lambda rij: _read_trekking(session, rij),
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.LAATSTE_BLIK, "Een laatste blik", ("laatste_blik.gedaan",),
        sa.select(LaatsteblikRow, doos).join(DoosRow, col(DoosRow.id) == LaatsteblikRow.doos_id), doos,
        lambda rij: _read_blik(session, rij), door=LaatsteblikRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.VRIJGAVE, "Een vrijgave", ("vrijgave",),
        sa.select(VrijgaveRow, lijst)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == VrijgaveRow.lijst_id), lijst,
        lambda rij: {
            "inhoud": rij.inhoud_sha256 if _is_mandaat_van(session, rij) else "",
            "volgnummer": rij.volgnummer,
            "feiten": rij.feiten_sha256,
        },
        door=VrijgaveRow.persoon_id,
    )  # fmt: skip
    yield from _compare_ingetrokken(session, ids)
    yield from _compare_rijen(
        session, ids, Wat.OPDRACHT, "Een opdracht", ("vernietiging.opgedragen",),
        sa.select(OpdrachtRow, lijst)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == OpdrachtRow.lijst_id), lijst,
        lambda rij: _read_opdracht(session, rij),
        door=OpdrachtRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.OPDRACHT, "Het ophalen van een container", ("container.opgehaald",),
        sa.select(VervoerRow, lijst).join(OpdrachtRow, col(OpdrachtRow.id) == VervoerRow.opdracht_id)
        .join(VernietigingslijstRow, col(VernietigingslijstRow.id) == OpdrachtRow.lijst_id), lijst,
        lambda rij: {"opgehaald_op": rij.opgehaald_op, "vervoer": {
            "container": rij.container, "zegel": rij.zegel, "vervoerder": rij.vervoerder}},
        door=VervoerRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.UITVOERING, "De uitvoering voor een doos",
        ("vernietiging.uitgevoerd", "vernietiging.zonder_grond", "vernietiging.mislukt"),
        sa.select(UitvoeringRow, doos).join(DoosRow, col(DoosRow.id) == UitvoeringRow.doos_id), doos,
        lambda rij: _read_uitvoering(session, rij),
        soort=_read_uitvoeringsoort,
        door=UitvoeringRow.persoon_id,
    )  # fmt: skip
    if ids is not None:
        return
    verklaring = col(VerklaringRow.log_id)
    yield from _compare_rijen(
        session, ids, Wat.VERKLARING, "Een verklaring", ("verklaring.opgemaakt",),
        sa.select(VerklaringRow, verklaring), verklaring,
        lambda rij: {"soort": rij.soort, "nummer": rij.nummer.lower(), "pdf": rij.pdf_sha256,
                     "gegevens": rij.gegevens_sha256},
        door=VerklaringRow.persoon_id,
    )  # fmt: skip
    yield from _compare_rijen(
        session, ids, Wat.VERKLARING, "Een akkoord op een verklaring", ("verklaring.ondertekend",),
        sa.select(OndertekeningRow, verklaring)
        .join(VerklaringRow, col(VerklaringRow.id) == OndertekeningRow.verklaring_id), verklaring,
        lambda rij: {"pdf": rij.pdf_sha256 if _is_mandaat_van(session, rij) else ""}, door=OndertekeningRow.persoon_id,
    )  # fmt: skip
    yield from _compare_verklaringscans(session)


def _compare_verklaringscans(session: Session) -> Iterator[Verschil]:
    over, actoren = group_per(load_vastgelegd(session, "verklaring.scan")), load_wie(session)
    rijen = session.execute(
        sa.select(VerklaringscanRow, col(VerklaringRow.log_id))
        .join(VerklaringRow, col(VerklaringRow.id) == VerklaringscanRow.verklaring_id)
    )  # fmt: skip
    for rij, log_id in rijen:
        wie = f"Een scan van een verklaring ({shorten(log_id)})"
        passend = [
            g
            for g in over.get(log_id, [])
            if g.gegevens["bestand"] == rij.bestand_sha256 and is_gedaan(g, actoren.get(rij.persoon_id), rij.op)
        ]
        if passend:
            over[log_id].remove(passend[0])
        else:
            yield say_nooit(Wat.VERKLARING, f"{wie}, zoals die er nu staat,")
    for log_id, gebeurtenissen in over.items():
        if gebeurtenissen:
            yield say_weg(Wat.VERKLARING, f"Een scan van een verklaring ({shorten(log_id)}), zoals vastgelegd,")


def _compare_rijen(
    session: Session,
    ids: Collection[UUID] | None,
    wat: Wat,
    wie: str,
    soorten: tuple[str, ...],
    vraag: Any,
    onderwerp: Any,
    lees: Any,
    *,
    soort: Any = None,
    door: Any = None,
) -> Iterator[Verschil]:
    """Compare rows that name their event with it, both ways.

    Args:
        vraag: gives each row with the id in the log of what it is about, which is `onderwerp`.
        lees: from a row to the fields of the event as they must be.
        soort: from a row to the kind of event that it must name; with one kind it is that one.
        door: the column with the persoon who decided.
    """
    if door is not None:
        wie_deed = aliased(ActorRow)
        persoon = aliased(PersoonRow)
        vraag = vraag.add_columns(wie_deed.log_id).join(persoon, persoon.id == col(door)).join(
            wie_deed, wie_deed.id == persoon.actor_id
        )  # fmt: skip
    if ids is not None:
        vraag = vraag.where(onderwerp.in_(ids))
    gebeurtenissen = {g.id: g for g in load_vastgelegd(session, *soorten, ids=ids)}
    for rij, log_id, *actor in session.execute(vraag):
        gebeurtenis = gebeurtenissen.pop(rij.gebeurtenis_id, None)
        naam = f"{wie} ({say_wat(session, log_id)})"
        if gebeurtenis is None:
            yield say_nooit(wat, naam)
        elif (
            gebeurtenis.onderwerp != log_id
            or (actor and gebeurtenis.actor != actor[0])
            or gebeurtenis.soort != (soorten[0] if soort is None else soort(rij))
            or not _is_gelijk(gebeurtenis, lees(rij))
            or not is_zelfde_tijd(rij.op, gebeurtenis.op)
        ):
            yield say_anders(wat, naam)
    for gebeurtenis in gebeurtenissen.values():
        yield say_weg(wat, f"{wie} ({say_wat(session, gebeurtenis.onderwerp)})", bekend=gebeurtenis.is_terug)


def _is_gelijk(gebeurtenis: Vastgelegd, verwacht: Mapping[str, Any]) -> bool:
    """Compare field by field; what is no word, number or yes is the content of a commitment.

    An older version of a kind may hold fewer commitments.
    """
    return all(
        (veld not in gebeurtenis.gegevens or gebeurtenis.holds(veld, waarde))
        if isinstance(waarde, dict)
        else gebeurtenis.gegevens.get(veld) == waarde
        for veld, waarde in verwacht.items()
    )


def _is_mandaat_van(session: Session, rij: VrijgaveRow | OndertekeningRow) -> bool:
    mandaat = session.get(MandaatRow, rij.mandaat_id)
    return mandaat is not None and (mandaat.persoon_id, mandaat.rol) == (rij.persoon_id, "gemandateerde")


def _read_trekking(session: Session, rij: TrekkingRow) -> dict[str, Any]:
    gelijk = digest_json(rij.trekking) == rij.trekking_sha256
    lijst = None if rij.lijst_id is None else session.get_one(VernietigingslijstRow, rij.lijst_id)
    return {"zaad": rij.zaad, "checkpoint": rij.checkpoint, "trekking": rij.trekking_sha256 if gelijk else ""} | (
        {} if lijst is None else {"lijst": str(lijst.log_id)}
    )


def _read_blik(session: Session, rij: LaatsteblikRow) -> dict[str, Any]:
    trekking, lijst = (
        session.get_one(TrekkingRow, rij.trekking_id),
        session.get_one(VernietigingslijstRow, rij.lijst_id),
    )
    gelijk = (trekking.lijst_id, trekking.doos_id) == (rij.lijst_id, rij.doos_id)
    return {"geslaagd": rij.geslaagd, "lijst": str(lijst.log_id) if gelijk else ""}


def _read_oordeel(session: Session, rij: OordeelRow) -> dict[str, Any]:
    inhoud = {naam: waarde for naam, waarde in rij.oordeel.items() if naam not in ("redenen", "toelichtingen")}
    trekking = session.get_one(TrekkingRow, rij.trekking_id)
    verzegeling = session.get_one(VerzegelingRow, rij.verzegeling_id)
    gelijk = (
        digest_json(inhoud) == rij.oordeel_sha256
        and inhoud.get("uitslag") == rij.uitslag
        and inhoud.get("trekking") == trekking.trekking_sha256
        and (trekking.verzegeling_id, verzegeling.batch_id) == (rij.verzegeling_id, rij.batch_id)
    )
    return {"oordeel": rij.oordeel_sha256 if gelijk else "", "manifest": inhoud.get("manifest")}


def _read_opdracht(session: Session, rij: OpdrachtRow) -> dict[str, Any]:
    """Return the fields of the event; the order itself is made again from the row, with the root that was anchored."""
    ankers = session.exec(select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "verankering"))
    wortel = next((anker["wortel"] for anker in ankers if anker["checkpoint"] == rij.checkpoint), None)
    lijst = session.get_one(VernietigingslijstRow, rij.lijst_id)
    inhoud = {
        "schema": "scanstraat.opdracht/1",
        "nummer": rij.nummer,
        "lijst": str(lijst.log_id),
        "inhoud": lijst.inhoud_sha256,
        "bedrijf": rij.bedrijf,
        "wijze": rij.wijze,
        "niveau": rij.niveau,
        "containers": rij.containers,
        "checkpoint": rij.checkpoint,
        "wortel": wortel,
    }
    gelijk = wortel is not None and digest_json(inhoud) == rij.opdracht_sha256
    return {
        "opdracht": rij.opdracht_sha256 if gelijk else "",
        "checkpoint": rij.checkpoint,
        "feiten": rij.feiten_sha256,
    }


def _read_uitvoeringsoort(rij: UitvoeringRow) -> str:
    if rij.uitslag != "vernietigd":
        return "vernietiging.mislukt"
    return "vernietiging.zonder_grond" if rij.belemmeringen else "vernietiging.uitgevoerd"


def _read_uitvoering(session: Session, rij: UitvoeringRow) -> dict[str, Any]:
    opdracht = session.get_one(OpdrachtRow, rij.opdracht_id)
    opgedragen = {"opgedragen": storage.find_logregel(session, opdracht.gebeurtenis_id)}
    if rij.uitslag == "vernietigd":
        tegen = {"belemmeringen": {"reden": rij.belemmeringen}} if rij.belemmeringen else {}
        return (
            tegen
            | opgedragen
            | {
                "kenmerk": {
                    "container": rij.container,
                    "zegel": rij.zegel,
                    "wijze": rij.wijze,
                    "certificaatnummer": rij.certificaatnummer,
                },
                "uitgevoerd_op": rij.uitgevoerd_op,
                "niveau": rij.niveau.lower(),
                "certificaat": rij.certificaat_sha256,
                "feiten": rij.feiten_sha256,
            }
        )
    return opgedragen | {
        "deels": rij.uitslag == "deels",
        "in_orde": not rij.belemmeringen,
        "toelichting": papier.build_toelichting(rij.toelichting, rij.uitgevoerd_op, rij.belemmeringen),
    }


def _compare_vervallen(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    vraag = (
        select(BatchRow.log_id, sa.func.count(col(VerzegelingRow.vervallen_op)))
        .join(VerzegelingRow, col(VerzegelingRow.batch_id) == BatchRow.id)
        .group_by(col(BatchRow.log_id))
    )
    rijen = dict(session.execute(vraag if ids is None else vraag.where(col(BatchRow.log_id).in_(ids))).all())
    vervallen = group_per(load_vastgelegd(session, "goedkeuring.vervallen", ids=ids))
    for log_id in rijen.keys() | vervallen.keys():
        if rijen.get(log_id, 0) != len(vervallen.get(log_id, [])):
            yield say_anders(Wat.VERZEGELING, f"Of de verzegeling van batch {say_batch(session, log_id)} geldt,")


def _compare_ingetrokken(session: Session, ids: Collection[UUID] | None) -> Iterator[Verschil]:
    """Compare which lijsten and vrijgaven were taken back."""
    lijsten = group_per(load_vastgelegd(session, "lijst.ingetrokken", ids=ids))
    vrijgaven = group_per(load_vastgelegd(session, "vrijgave.ingetrokken", ids=ids))
    actoren = load_wie(session)
    vraag = select(VernietigingslijstRow)
    if ids is not None:
        vraag = vraag.where(col(VernietigingslijstRow.log_id).in_(ids))
    for lijst in session.exec(vraag):
        wie = f"vernietigingslijst {shorten(lijst.log_id)}"
        einde = lijsten.get(lijst.log_id, [])
        if (lijst.ingetrokken_op is not None) != bool(einde) or not all(
            is_gedaan(g, actoren.get(lijst.ingetrokken_door), lijst.ingetrokken_op) for g in einde
        ):
            yield say_anders(Wat.LIJST, f"Of {wie} is ingetrokken,")
        op_lijst = session.exec(
            select(DoosRow.log_id)
            .join(LijstdoosRow, col(LijstdoosRow.doos_id) == DoosRow.id)
            .where(LijstdoosRow.lijst_id == lijst.id)
        ).all()
        if sorted(map(str, op_lijst)) != sorted(str(doos["doos"]) for doos in lijst.inhoud.get("dozen", ())):
            yield say_anders(Wat.LIJST, f"Welke dozen op {wie} staan,")
        gegeven = session.exec(select(VrijgaveRow).where(VrijgaveRow.lijst_id == lijst.id)).all()
        terug = [rij for rij in gegeven if rij.ingetrokken_op is not None]
        regels = {storage.find_logregel(session, rij.gebeurtenis_id) for rij in gegeven}
        # What was both given and withdrawn after a back-up has no row.
        einde = [g for g in vrijgaven.get(lijst.log_id, []) if not g.is_terug or g.gegevens["vrijgave"] in regels]
        if len(terug) != len(einde) or not all(
            any(is_gedaan(g, actoren.get(rij.ingetrokken_door), rij.ingetrokken_op) for g in einde) for rij in terug
        ):
            yield say_anders(Wat.VRIJGAVE, f"Of een vrijgave van {wie} is ingetrokken,")
