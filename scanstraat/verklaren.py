"""What was replaced and destroyed, stated: collected from the record, printed, numbered, signed and never changed.

Only executed destructions are stated. What a verklaring says of a document is what was approved, not what it became.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from rfc3161_client import decode_timestamp_response
from sqlmodel import Session, col, select

from kwaliteitscontrole.oordeel import FOUTEN
from kwaliteitscontrole.woorden import join_words
from scanstraat import besluiten, db, logboek, papier, personen, poort, storage, verankering
from scanstraat.bootstrap import Basis
from scanstraat.domain import Stuk, Weglaatreden, to_local
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.logstand import has_herstel
from scanstraat.mdto import Kenmerk, Verwijzing, build_verklaring_mdto
from scanstraat.personen import HERBEVESTIGD, Aangemeld, Rol
from scanstraat.tables import (
    BatchRow,
    BeeldRow,
    BladRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    PaginaRow,
)
from scanstraat.tables_bewijs import (
    DoosbladRow,
    DoosRow,
    MandaatRow,
    OndertekeningRow,
    OordeelRow,
    OpdrachtRow,
    TrekkingRow,
    UitvoeringRow,
    VerklaringdoosRow,
    VerklaringRow,
    VerklaringscanRow,
    VernietigingslijstRow,
    VerzegelingRow,
)
from scanstraat.verklaringblad import render_verklaring
from scanstraat.verklaringscan import Gelezen
from vernietiging.notitie import parse_notitie
from vernietiging.regime import REGIMETABELLEN
from vernietiging.verificatie import find_verankering, verify_checkpoint
from vernietiging.verklaring import (
    Besluitverwijzing,
    Controleregel,
    Documentregel,
    Doosregel,
    Logverwijzing,
    Ondertekenaar,
    Periode,
    Stempelregel,
    Uitvoering,
    Verklaring,
    Verklaringsoort,
    Vrijgaveregel,
    build_bladreeksen,
    build_tellingen,
    find_gebreken,
    format_nummer,
)

NADER_TE_BEPALEN = "Nader te bepalen"


@dataclass(frozen=True)
class Selectie:
    """Which executed destructions a verklaring is about: a list, or a period (both days included)."""

    lijst: UUID | None = None
    van: date | None = None
    tot: date | None = None


def make_verklaring(
    basis: Basis,
    session: Session,
    soort: Verklaringsoort,
    selectie: Selectie,
    wie: Aangemeld,
    *,
    demonstratie: bool = False,
    vervangt: str = "",
    reden: str = "",
) -> VerklaringRow:
    """Make the next verklaring of a kind: its data, PDF/A-3 and metadata are stored, and the log commits to them.

    Args:
        vervangt: number of the verklaring that this one corrects, for a `reden`.
    Raises:
        NietMogelijkError: nothing was destroyed, it is not anchored yet, something that must be stated is missing, or
            another verklaring states it already.
    """
    personen.verify_mandaat(
        session, wie, Rol.DIV_MEDEWERKER, Rol.FUNCTIONEEL_BEHEERDER, Rol.GEMANDATEERDE, Rol.ARCHIVARIS
    )
    uitvoeringen = _load_uitvoeringen(basis, session, selectie)
    oud = find_verklaring(session, vervangt) if vervangt else None
    if oud is not None and oud.soort != soort.value:
        raise NietMogelijkError(f"{oud.nummer} is een andere soort verklaring.")
    dozen = dict.fromkeys(uitvoering.doos_id for uitvoering in uitvoeringen)
    _verify_eenmalig(session, soort, dozen, oud)
    verklaring = _build_verklaring(
        basis, session, soort, selectie, uitvoeringen, _next_nummer(session, soort), vervangt, reden,
        demonstratie=demonstratie,
    )  # fmt: skip
    gebreken = find_gebreken(verklaring)
    if gebreken:
        raise NietMogelijkError("Deze verklaring kan niet worden gemaakt. " + " ".join(gebreken))
    organisatie = Verwijzing(basis.config.algemeen.organisatie, Kenmerk(basis.config.algemeen.rsin, "RSIN"))
    mdto = build_verklaring_mdto(verklaring, bron=basis.config.algemeen.organisatie, archiefvormer=organisatie)
    pdf = render_verklaring(verklaring, mdto=mdto, woorden=build_woorden(verklaring.regime),
                            tijdzone=basis.config.algemeen.tijdzone)  # fmt: skip
    bewaard = {naam: basis.opslag.bewaar_bytes(inhoud) for naam, inhoud in
               (("gegevens", verklaring.to_bytes()), ("pdf", pdf), ("mdto", mdto))}  # fmt: skip
    for vingerafdruk in bewaard.values():
        storage.save_object(session, vingerafdruk, "verklaring")
    rij = VerklaringRow(
        soort=soort.value,
        nummer=verklaring.nummer,
        lijst_id=selectie.lijst,
        vervangt_id=None if oud is None else oud.id,
        reden=reden.strip(),
        gegevens_sha256=bewaard["gegevens"].sha256,
        pdf_sha256=bewaard["pdf"].sha256,
        mdto_sha256=bewaard["mdto"].sha256,
        op=db.now_text(),
        persoon_id=wie.persoon_id,
        gebeurtenis_id=UUID(int=0),
    )
    rij.gebeurtenis_id = storage.append_gebeurtenis(
        session,
        "verklaring.opgemaakt",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=rij.log_id,
        soort=soort.value,
        nummer=verklaring.nummer.lower(),
        pdf=rij.pdf_sha256,
        gegevens=rij.gegevens_sha256,
    )
    session.add(rij)
    session.flush()
    session.add_all(VerklaringdoosRow(verklaring_id=rij.id, doos_id=doos_id) for doos_id in dozen)
    session.flush()
    return rij


def find_verklaring(session: Session, nummer: str) -> VerklaringRow:
    """Return a verklaring by its number.

    Raises:
        NietGevondenError: there is none.
    """
    rij = session.exec(select(VerklaringRow).where(VerklaringRow.nummer == nummer.strip().upper())).first()
    if rij is None:
        raise NietGevondenError(f"Verklaring {nummer} bestaat niet. `scanstraat verklaring lijst` toont welke er zijn.")
    return rij


def _verify_eenmalig(
    session: Session, soort: Verklaringsoort, dozen: Iterable[UUID], oud: VerklaringRow | None
) -> None:
    """Return when no verklaring of this kind that stands states one of these dozen: what went, is stated once.

    What `oud` states may be stated again by the one that takes its place.

    Raises:
        NietMogelijkError: another one states it; or `oud` was corrected before.
    """
    al_gezegd: set[UUID] = set()
    if oud is not None:
        nieuwer = session.exec(select(VerklaringRow.nummer).where(VerklaringRow.vervangt_id == oud.id)).first()
        if nieuwer is not None:
            raise NietMogelijkError(
                f"{oud.nummer} is al vervangen door {nieuwer}. Is die ook fout, noem dan die: --vervangt {nieuwer}"
            )
        al_gezegd.update(
            session.exec(select(VerklaringdoosRow.doos_id).where(VerklaringdoosRow.verklaring_id == oud.id))
        )
    vervangen = select(VerklaringRow.vervangt_id).where(col(VerklaringRow.vervangt_id).is_not(None))
    elders = session.exec(
        select(VerklaringRow.nummer)
        .join(VerklaringdoosRow, col(VerklaringdoosRow.verklaring_id) == VerklaringRow.id)
        .where(
            VerklaringRow.soort == soort.value,
            col(VerklaringdoosRow.doos_id).in_(set(dozen) - al_gezegd),
            col(VerklaringRow.id).not_in(vervangen),
        )
        .distinct()
        .order_by(VerklaringRow.nummer)
    ).all()
    if len(elders) == 1:
        raise NietMogelijkError(
            f"Dit papier, of een deel ervan, staat al in {elders[0]}. Papier staat in één verklaring van "
            f"{soort.value}. Is die fout, maak dan een nieuwe in haar plaats: --vervangt {elders[0]} --reden REDEN"
        )
    if elders:
        raise NietMogelijkError(
            f"Dit papier, of een deel ervan, staat al in {join_words(elders)}. Papier staat in één verklaring van "
            f"{soort.value}. Noem een lijst of periode die nog niet is verklaard. Is een verklaring fout, maak dan "
            "voor haar eigen lijst of periode een nieuwe met --vervangt NUMMER --reden REDEN"
        )


def sign(session: Session, rij: VerklaringRow, wie: Aangemeld) -> OndertekeningRow:
    """Record that a gemandateerde agrees to a verklaring as it is printed.

    Raises:
        NietMogelijkError: they did so already, or it was corrected by a newer one.
    """
    mandaat = personen.verify_mandaat(session, wie, Rol.GEMANDATEERDE)
    if session.exec(select(VerklaringRow.id).where(VerklaringRow.vervangt_id == rij.id)).first() is not None:
        raise NietMogelijkError(f"{rij.nummer} is vervangen door een nieuwere verklaring. Onderteken die.")
    al = select(OndertekeningRow.id).where(
        OndertekeningRow.verklaring_id == rij.id, OndertekeningRow.persoon_id == wie.persoon_id
    )
    if session.exec(al).first() is not None:
        raise NietMogelijkError(f"{wie.naam} ondertekende {rij.nummer} al.")
    gebeurtenis = storage.append_gebeurtenis(
        session,
        "verklaring.ondertekend",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=rij.log_id,
        pdf=rij.pdf_sha256,
        herbevestigd=HERBEVESTIGD,
    )
    ondertekening = OndertekeningRow(
        verklaring_id=rij.id,
        persoon_id=wie.persoon_id,
        mandaat_id=mandaat.id,
        pdf_sha256=rij.pdf_sha256,
        op=db.now_text(),
        gebeurtenis_id=gebeurtenis,
    )
    session.add(ondertekening)
    session.flush()
    return ondertekening


def verify_scan(rij: VerklaringRow, stuk: Stuk, gelezen: Gelezen, toch: str) -> None:
    """Return when a scan is of this verklaring, or somebody says why it is although nobody can read that on it.

    A code that is read leaves no doubt, so what it says of another verklaring cannot be talked away. Text can: OCR
    errs, and a correction names the verklaring that it replaces.

    Raises:
        NietMogelijkError: it is of another verklaring, its number was not found, or it is no scan but the print itself.
    """
    if stuk.vingerafdruk.sha256 == rij.pdf_sha256:
        raise NietMogelijkError(
            f"Dit is {rij.nummer} zoals zij is gemaakt, zonder handtekening. Druk haar af, laat haar ondertekenen, en "
            "bewaar de scan daarvan."
        )
    anders = join_words(sorted(gelezen.nummers - {rij.nummer}))
    if gelezen.hoe == "code" and anders:
        raise NietMogelijkError(
            f"Op deze scan staat {anders}, en u bewaart hem bij {rij.nummer}. Geef de scan van {rij.nummer} alleen, of "
            "bewaar deze bij het nummer dat erop staat."
        )
    if rij.nummer in gelezen.nummers or toch.strip():
        return
    gevonden = f"Er staat wel {anders}." if anders else "Er staat geen nummer op dat te lezen is."
    raise NietMogelijkError(
        f"Op deze scan is {rij.nummer} niet gevonden. {gevonden} Scan alle bladzijden recht en scherp, met minstens "
        f'200 dpi. Is dit toch de ondertekende {rij.nummer}, geef dan --toch "waarom", zonder namen.'
    )


def add_scan(
    session: Session, rij: VerklaringRow, stuk: Stuk, wie: Aangemeld, gelezen: Gelezen, *, toch: str = ""
) -> str:
    """Keep a scan of the verklaring with ink on it; return its SHA-256.

    Args:
        gelezen: which numbers are on it.
        toch: why it is of this verklaring although its number cannot be read.
    Raises:
        NietMogelijkError: see `verify_scan`.
    """
    verify_scan(rij, stuk, gelezen, toch)
    personen.verify_mandaat(session, wie, Rol.DIV_MEDEWERKER, Rol.FUNCTIONEEL_BEHEERDER, Rol.GEMANDATEERDE)
    sha256 = stuk.vingerafdruk.sha256
    storage.save_object(session, stuk.vingerafdruk, "verklaring")
    session.add(
        VerklaringscanRow(verklaring_id=rij.id, bestand_sha256=sha256, op=db.now_text(), persoon_id=wie.persoon_id)
    )
    storage.append_gebeurtenis(
        session,
        "verklaring.scan",
        actor=personen.actor_of(session, wie.persoon_id),
        onderwerp=rij.log_id,
        verpakt={"toelichting": {"reden": "" if rij.nummer in gelezen.nummers else toch.strip()}},
        bestand=sha256,
        gelezen=gelezen.hoe if rij.nummer in gelezen.nummers else "niet",
    )
    return sha256


def build_woorden(regime: str) -> dict[str, str]:
    """Return the words of a regime as the print needs them."""
    from scanstraat.verklaringblad import WOORDEN_1995  # noqa: PLC0415
    from vernietiging.vervangingsbesluit import Regime  # noqa: PLC0415

    tabel = REGIMETABELLEN[Regime(regime)]
    return {sleutel: str(getattr(tabel, sleutel, standaard)) for sleutel, standaard in WOORDEN_1995.items()}


# --- what it says -------------------------------------------------------------------------------------------------


def _load_uitvoeringen(basis: Basis, session: Session, selectie: Selectie) -> list[UitvoeringRow]:
    vraag = (
        select(UitvoeringRow)
        .where(UitvoeringRow.uitslag == "vernietigd", UitvoeringRow.belemmeringen == "")
        .order_by(col(UitvoeringRow.uitgevoerd_op))
    )
    if selectie.lijst is not None:
        vraag = vraag.join(OpdrachtRow, col(OpdrachtRow.id) == UitvoeringRow.opdracht_id).where(
            OpdrachtRow.lijst_id == selectie.lijst
        )
    gevonden = []
    for rij in session.exec(vraag):
        dag = to_local(str(rij.uitgevoerd_op), basis.config.algemeen.tijdzone).date()
        if (selectie.van is None or selectie.van <= dag) and (selectie.tot is None or dag <= selectie.tot):
            gevonden.append(rij)
    if not gevonden:
        raise NietMogelijkError(
            "Er is in deze lijst of periode niets vernietigd op goede gronden. Er valt nog niets te verklaren."
        )
    return gevonden


def _load_eerder(session: Session, rijen: Sequence[UitvoeringRow]) -> dict[UUID, str]:
    """Return the dozen of which part went before, by the same order, with when: at the earliest when it was ordered."""
    eerder = session.exec(
        select(UitvoeringRow, OpdrachtRow)
        .join(OpdrachtRow, col(OpdrachtRow.id) == UitvoeringRow.opdracht_id)
        .where(
            UitvoeringRow.uitslag == "deels",
            col(UitvoeringRow.opdracht_id).in_({rij.opdracht_id for rij in rijen}),
            col(UitvoeringRow.doos_id).in_({rij.doos_id for rij in rijen}),
        )
    )
    return {rij.doos_id: rij.uitgevoerd_op or opdracht.op for rij, opdracht in eerder}


def _build_periode(selectie: Selectie, tijdzone: str, tijden: Iterable[str], eerder: Iterable[str]) -> Periode:
    """Return the period that was asked, up to today; what was not asked is the first or last day that paper went.

    Args:
        tijden: when the last of each doos went.
        eerder: when part of a doos went before: it begins no later than that, whatever was asked.
    """
    dagen = [to_local(tijd, tijdzone).date() for tijd in tijden]
    vandaag = to_local(db.now_text(), tijdzone).date()
    van = min([selectie.van or min(dagen), *(to_local(tijd, tijdzone).date() for tijd in eerder)])
    return Periode(van.isoformat(), min(selectie.tot or max(dagen), vandaag).isoformat())


def _next_nummer(session: Session, soort: Verklaringsoort) -> str:
    jaar = datetime.now(UTC).year
    begin = format_nummer(soort, jaar, 0)[:-4]
    hoogste = session.exec(
        select(sa.func.max(VerklaringRow.nummer)).where(col(VerklaringRow.nummer).startswith(begin))
    ).one()
    nummers = [str(hoogste or "")]
    if has_herstel(session):  # the log knows which numbers stand on paper of which the rows are lost
        vastgelegd = session.exec(
            select(GebeurtenisRow.gegevens).where(
                GebeurtenisRow.soort == "verklaring.opgemaakt", col(GebeurtenisRow.op).startswith(f"{jaar}-")
            )
        )
        nummers += [str(gegevens["nummer"]).upper() for gegevens in vastgelegd]
    gebruikt = (int(nummer.rpartition("-")[2]) for nummer in nummers if nummer.startswith(begin))
    return format_nummer(soort, jaar, max(gebruikt, default=0) + 1)


def _name_zorgdrager(organisatie: str) -> str:
    if not organisatie.startswith("Gemeente "):
        return organisatie
    return f"het college van burgemeester en wethouders van de gemeente {organisatie.removeprefix('Gemeente ')}"


def _build_verklaring(
    basis: Basis,
    session: Session,
    soort: Verklaringsoort,
    selectie: Selectie,
    uitvoeringen: Sequence[UitvoeringRow],
    nummer: str,
    vervangt: str,
    reden: str,
    *,
    demonstratie: bool,
) -> Verklaring:
    specificatie = tuple(_build_doos(basis, session, rij) for rij in uitvoeringen)
    batches = _load_batches(session, uitvoeringen)
    binding = _find_binding(session, batches)
    besluit = binding.besluit
    tabel = REGIMETABELLEN[besluit.regime]
    lijsten = _load_lijsten(session, uitvoeringen)
    vrijgaven = _build_vrijgaven(session, lijsten)
    return Verklaring(
        soort=soort,
        nummer=nummer,
        vervangt=vervangt,
        reden=reden.strip(),
        opgemaakt_op=db.now_text(),
        regime=besluit.regime.value,
        organisatie=besluit.organisatie,
        zorgdrager=_name_zorgdrager(besluit.organisatie),
        besluit=Besluitverwijzing(
            besluit.nummer,
            besluit.datum.isoformat(),
            besluit.publicatie,
            besluit.handboekversie,
            binding.rij.inhoud_sha256,
            besluit.versie,
            besluit.ondertekenaar,
        ),
        grondslag=_build_grondslag(besluit.grondslag, tabel.artikel_vervanging, tabel.artikel_verklaring),
        periode=_build_periode(
            selectie,
            basis.config.algemeen.tijdzone,
            [str(rij.uitgevoerd_op) for rij in uitvoeringen],
            _load_eerder(session, uitvoeringen).values(),
        ),
        wijze_van_vervanging=besluit.aspecten.totstandkoming,
        uitvoeringen=_build_uitvoeringen(session, uitvoeringen),
        systemen=besluit.systemen or (basis.zaaksysteem.naam,),
        artikelen=besluit.artikelen_selectiebesluit,
        tellingen=build_tellingen(specificatie),
        specificatie=specificatie,
        controle=tuple(_build_controle(session, batch) for batch in batches),
        vrijgaven=vrijgaven,
        ondertekenaars=tuple(dict.fromkeys(Ondertekenaar(v.naam, v.functie, v.mandaat, "") for v in vrijgaven)),
        logboek=build_logverwijzing(basis, _find_omvang(basis, session, uitvoeringen)),
        demonstratie=demonstratie,
    )


def _build_grondslag(*artikelen: str) -> tuple[str, ...]:
    """Return the articles, each once: "Archiefwet 1995, artikel 7" and "artikel 7 van de Archiefwet 1995" are one."""
    per_woorden: dict[frozenset[str], str] = {}
    for artikel in artikelen:
        woorden = frozenset(re.findall(r"\w+", artikel.lower())) - {"van", "de", "het"}
        per_woorden.setdefault(woorden, artikel)
    return tuple(per_woorden.values())


def _load_batches(session: Session, uitvoeringen: Sequence[UitvoeringRow]) -> list[BatchRow]:
    gevonden = {batch.id: batch for rij in uitvoeringen for batch, _ in papier.load_inhoud(session, rij.doos_id)}
    return sorted(gevonden.values(), key=lambda batch: batch.nummer)


def _find_binding(session: Session, batches: Sequence[BatchRow]) -> besluiten.Binding:
    bindingen = [binding for batch in batches if (binding := besluiten.find_binding(session, batch.id)) is not None]
    if len({binding.rij.id for binding in bindingen}) != 1:
        raise NietMogelijkError(
            "Wat hier is vernietigd, valt onder verschillende besluiten. Maak per lijst een verklaring."
        )
    return bindingen[0]


def _load_lijsten(session: Session, uitvoeringen: Iterable[UitvoeringRow]) -> list[VernietigingslijstRow]:
    ids = dict.fromkeys(session.get_one(OpdrachtRow, rij.opdracht_id).lijst_id for rij in uitvoeringen)
    return [session.get_one(VernietigingslijstRow, lijst_id) for lijst_id in ids]


def _build_doos(basis: Basis, session: Session, uitvoering: UitvoeringRow) -> Doosregel:
    doos = session.get_one(DoosRow, uitvoering.doos_id)
    regels = [
        regel
        for batch, _ in papier.load_inhoud(session, doos.id)
        for regel in _build_documenten(basis, session, batch, doos)
    ]
    return Doosregel(doos.nummer, tuple(regels))


def _build_documenten(basis: Basis, session: Session, batch: BatchRow, doos: DoosRow) -> list[Documentregel]:
    """Return the documents of a batch in a doos as they were approved, with the sheets and pages that lay there.

    A page that a herscan replaced has its paper in the doos: its sheet is named, and the herscan is the page of it.
    """
    goedgekeurd = _load_goedgekeurd(basis, session, batch)
    rijen = session.exec(
        select(DocumentversieRow, DocumentRow, BladRow, DoosbladRow.doos_id)
        .join(DocumentRow, col(DocumentRow.id) == DocumentversieRow.document_id)
        .join(PaginaRow, col(PaginaRow.documentversie_id) == DocumentversieRow.id)
        .join(BeeldRow, col(BeeldRow.id) == PaginaRow.beeld_id)
        .join(BladRow, col(BladRow.id) == BeeldRow.blad_id)
        .outerjoin(DoosbladRow, sa.and_(col(DoosbladRow.blad_id) == BladRow.id, col(DoosbladRow.uit_op).is_(None)))
        .where(DocumentRow.batch_id == batch.id, col(DocumentversieRow.log_id).in_(goedgekeurd))
        .order_by(col(DocumentRow.volgorde), col(PaginaRow.nummer))
    )
    vervangen = _find_vervangen(session, batch, doos)
    herscanbladen = storage.find_herscanbladen(session, batch.id)
    per_versie: dict[UUID, tuple[DocumentversieRow, DocumentRow, list[int]]] = {}
    herscans: Counter[UUID] = Counter()
    for versie, document, blad, doos_id in rijen:
        bladen = per_versie.setdefault(versie.id, (versie, document, []))[2]
        if doos_id == doos.id:
            bladen.append(blad.nummer)
        herscans[document.id] += blad.id in herscanbladen
    return [
        Documentregel(
            id=str(document.id),
            batch=batch.nummer,
            zaak=str(document.zaakidentificatie or ""),
            paginas=len(bladen) + min(herscans[document.id], len(vervangen[document.id])),
            bladen=build_bladreeksen([*bladen, *vervangen[document.id]]),
            pdf_sha256=str(versie.pdf_sha256),
            versie=versie.n,
            formaat=f"PDF/A-{versie.pdfa_profiel}",
            bewaartermijn=NADER_TE_BEPALEN,
        )
        for versie, document, bladen in per_versie.values()
        if bladen or vervangen[document.id]
    ]


def _find_vervangen(session: Session, batch: BatchRow, doos: DoosRow) -> defaultdict[UUID, list[int]]:
    """Return, by the document that they stood in last, the sheets in a doos of pages that a herscan replaced."""
    rijen = session.exec(
        select(BeeldRow.id, BladRow.nummer, DocumentversieRow.document_id)
        .join(BladRow, col(BladRow.id) == BeeldRow.blad_id)
        .join(DoosbladRow, col(DoosbladRow.blad_id) == BladRow.id)
        .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
        .where(
            BeeldRow.batch_id == batch.id,
            BeeldRow.weglaatreden == Weglaatreden.VERVANGEN.value,
            DoosbladRow.doos_id == doos.id,
            col(DoosbladRow.uit_op).is_(None),
        )
        .order_by(col(DocumentversieRow.gemaakt_op), col(DocumentversieRow.n))
    )
    laatste = {beeld_id: (blad, document_id) for beeld_id, blad, document_id in rijen}
    gevonden: defaultdict[UUID, list[int]] = defaultdict(list)
    for blad, document_id in laatste.values():
        gevonden[document_id].append(blad)
    return gevonden


def _load_goedgekeurd(basis: Basis, session: Session, batch: BatchRow) -> list[UUID]:
    """Return the versies, as the log knows them, of the newest approval of a batch."""
    manifest = session.exec(
        select(VerzegelingRow.manifest_sha256)
        .join(OordeelRow, col(OordeelRow.verzegeling_id) == VerzegelingRow.id)
        .where(OordeelRow.batch_id == batch.id, OordeelRow.uitslag == "goedgekeurd")
        .order_by(col(OordeelRow.op).desc())
        .limit(1)
    ).one()
    with os.fdopen(basis.opslag.open_fd(manifest), "rb") as bestand:
        return [UUID(document["documentversie"]) for document in json.load(bestand)["documenten"]]


def _build_uitvoeringen(session: Session, rijen: Sequence[UitvoeringRow]) -> tuple[Uitvoering, ...]:
    """Return one line per container, time and certificate, with the dozen that went in it."""
    per_keer: dict[tuple[Any, ...], list[str]] = {}
    eerder = {session.get_one(DoosRow, doos_id).nummer for doos_id in _load_eerder(session, rijen)}
    for rij in rijen:
        opdracht = session.get_one(OpdrachtRow, rij.opdracht_id)
        lijst = session.get_one(VernietigingslijstRow, opdracht.lijst_id)
        keer = (
            lijst.naam, rij.wijze, rij.niveau, opdracht.bedrijf, rij.container, rij.zegel, rij.certificaatnummer,
            str(rij.certificaat_sha256), str(rij.uitgevoerd_op),
        )  # fmt: skip
        per_keer.setdefault(keer, []).append(session.get_one(DoosRow, rij.doos_id).nummer)
    return tuple(
        replace(
            Uitvoering(keer[0], tuple(dozen), *keer[1:]), eerder_deels=tuple(doos for doos in dozen if doos in eerder)
        )
        for keer, dozen in per_keer.items()
    )


def _build_controle(session: Session, batch: BatchRow) -> Controleregel:
    oordeel, trekking = session.exec(
        select(OordeelRow, TrekkingRow)
        .join(TrekkingRow, col(TrekkingRow.id) == OordeelRow.trekking_id)
        .where(OordeelRow.batch_id == batch.id, OordeelRow.uitslag == "goedgekeurd")
        .order_by(col(OordeelRow.op).desc())
        .limit(1)
    ).one()
    plan = trekking.trekking["plan"]
    getrokken = {tuple(item) for item in trekking.trekking["getrokken"]}
    fout = [p for p in oordeel.oordeel["paginas"] if (p[0], p[1]) in getrokken and any(code in FOUTEN for code in p[2])]
    return Controleregel(
        batch=batch.nummer,
        plan=say_plan(plan),
        getrokken=int(plan["n"]),
        fouten=len(fout),
        uitslag=oordeel.uitslag,
        naam=personen.name_of(session, oordeel.persoon_id),
        functie="controleur",
        afgekeurd=session.exec(
            select(sa.func.count())
            .select_from(OordeelRow)
            .where(OordeelRow.batch_id == batch.id, OordeelRow.uitslag == "afgekeurd", OordeelRow.op < oordeel.op)
        ).one(),
        paginas=int(plan["aantal_items"]),
    )


def say_plan(plan: dict[str, Any]) -> str:
    """Return in Dutch how a sample was drawn."""
    n, lot = int(plan["n"]), int(plan["aantal_items"])
    grenzen = ", ".join(f"{ernst} {grens['goedkeurgetal']}" for ernst, grens in sorted(plan["grenzen"].items()))
    hoe = "alle pagina's" if n == lot else f"enkelvoudige steekproef ({plan['tabel']}, {plan['strengheid']})"
    return f"{hoe}; {n} van {lot}; goedkeurgetal {grenzen}"


def _build_vrijgaven(session: Session, lijsten: Sequence[VernietigingslijstRow]) -> tuple[Vrijgaveregel, ...]:
    return tuple(
        Vrijgaveregel(
            lijst.naam,
            personen.name_of(session, vrijgave.persoon_id),
            Rol.GEMANDATEERDE.woorden,  # by their mandaat; what else they are, the record does not know
            session.get_one(MandaatRow, vrijgave.mandaat_id).grondslag,
            vrijgave.op,
        )
        for lijst in lijsten
        for vrijgave in poort.find_vrijgaven(session, lijst.id)
    )


def _find_omvang(basis: Basis, session: Session, uitvoeringen: Iterable[UitvoeringRow]) -> int:
    """Return the size of an anchored checkpoint that covers these executions."""
    regels = [storage.load_logregel(session, rij.gebeurtenis_id) for rij in uitvoeringen]
    anker = verankering.find_anker(basis.config, logboek.load_beleid(basis.config), max(regels))
    if anker is None:
        raise NietMogelijkError(
            "De vernietiging staat nog niet in een verankerd checkpoint. Veranker eerst: scanstraat logboek veranker"
        )
    return anker.omvang


def build_logverwijzing(basis: Basis, omvang: int) -> Logverwijzing:
    """Return where the log stood at a checkpoint, with everything that anchors it, verified again."""
    beleid = logboek.load_beleid(basis.config)
    map = basis.config.logboek.map
    notitie = (map / "checkpoints" / str(omvang)).read_bytes()
    checkpoint = verify_checkpoint(parse_notitie(notitie), beleid)
    anker = find_verankering(map, beleid, checkpoint, notitie)
    stempels = tuple(
        Stempelregel(naam, db.format_time(tijd), _read_stempelnummer(map / "tijdstempels" / str(omvang), naam))
        for naam, tijd in sorted(anker.tijdstempels.items())
    )
    return Logverwijzing(
        oorsprong=beleid.oorsprong,
        omvang=omvang,
        wortel=checkpoint.wortel.hex(),
        checkpoint=notitie.decode("utf-8"),
        sleutels=tuple(hashlib.sha256(sleutel.to_vkey().encode()).hexdigest() for sleutel in beleid.logsleutels),
        tijdstempels=stempels,
        getuigen=tuple(sorted(anker.getuigen)),
    )


def _read_stempelnummer(map: Path, naam: str) -> str:
    return str(decode_timestamp_response((map / f"{naam}.tsr").read_bytes()).tst_info.serial_number)
