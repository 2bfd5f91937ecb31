"""A document as it is handed over: what the record knows of it, as MDTO and as a transfervermerk.

Paper is replaced when it is destroyed and not before: only a document whose every sheet lay in a destroyed doos gets
the event Vervanging and the relation Vervangt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.tables import BevindingRow
from scanstraat import besluiten, papier, personen, poort, storage
from scanstraat.bootstrap import Basis
from scanstraat.config import Config, Scanprofiel
from scanstraat.documentfeiten import (
    Aangekomen,
    Besluitvorming,
    Bewaardbestand,
    Bewerkt,
    Documentfeiten,
    Gekeurd,
    Grondslag,
    Ligplaats,
    Opmerking,
    Papier,
    Scan,
    Wie,
    find_gebreken,
    say_controle,
    say_scan,
)
from scanstraat.domain import GEEN_RSIN, Koppelstatus
from scanstraat.errors import NietMogelijkError
from scanstraat.mdto import (
    JSON,
    TEKST,
    Begrip,
    Bestandgegevens,
    Checksum,
    Documentgegevens,
    Kenmerk,
    Vervanging,
    Verwijzing,
    build_bestand_mdto,
    build_document_mdto,
    verify_mdto,
)
from scanstraat.tables import (
    ActorRow,
    BatchRow,
    BeeldRow,
    BewerkingRow,
    BladRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    LogregelRow,
    ObjectRow,
    PaginaRow,
)
from scanstraat.tables_bewijs import (
    DoosbladRow,
    DoosRow,
    HandboekRow,
    LijstdoosRow,
    OordeelRow,
    OpdrachtRow,
    TrekkingRow,
    UitvoeringRow,
    UitzonderingRow,
    VerklaringdoosRow,
    VerklaringRow,
    VernietigingslijstRow,
    VerzegelingRow,
)
from scanstraat.transfervermerk import build_transfervermerk, render_json, render_tekst
from scanstraat.uitvoermap import hash_bytes, verify_buiten, verify_object, write_new
from scanstraat.verklaren import say_plan

NIET_GECONTROLEERD = "De MDTO-bestanden zijn niet tegen het schema gecontroleerd: noem het bij [mdto] xsd"


# --- from the record ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Keuring:
    """A verdict on a batch, and between which events what it was about was fixed."""

    oordeel: OordeelRow
    trekking: TrekkingRow
    staat: bool  # its sealing stands
    na: int
    tot: int


@dataclass(frozen=True)
class _Batchfeiten:
    batch: BatchRow
    profiel: Scanprofiel
    scanoperator: Wie
    bewerkingen: tuple[Bewerkt, ...]
    grondslag: Grondslag | None
    keuringen: tuple[_Keuring, ...]  # newest first


class Naslag:
    """Reads documents from the record. What documents of one batch or doos share is looked up once."""

    def __init__(self, basis: Basis, session: Session) -> None:
        self._basis, self._session = basis, session
        self._batch = lru_cache(maxsize=2)(self._load_batch)
        self._doos = lru_cache(maxsize=64)(self._load_doos)
        self._wie = lru_cache(maxsize=256)(self._load_wie)
        self._verklaringen = lru_cache(maxsize=64)(self._load_verklaringen)

    def load_feiten(self, document: DocumentRow) -> Documentfeiten | None:
        """Return what is known of a document; None as long as no versie of it has an archive file."""
        session = self._session
        versie = session.exec(
            select(DocumentversieRow)
            .where(DocumentversieRow.document_id == document.id, col(DocumentversieRow.gearchiveerd_op).is_not(None))
            .order_by(col(DocumentversieRow.n).desc())
            .limit(1)
        ).first()
        if versie is None:
            return None
        bij = self._batch(document.batch_id)
        pdf = session.get_one(ObjectRow, versie.pdf_sha256)
        regels = self._load_regels(versie.log_id)
        papier_ = self._load_papier(document, bij.batch)
        tekstlaag = session.get(ObjectRow, versie.tekstlaag_sha256)
        return Documentfeiten(
            id=str(document.id),
            titel=document.titel,
            soort=bij.profiel.informatieobjecttype,
            vertrouwelijkheidaanduiding=bij.profiel.vertrouwelijkheidaanduiding,
            batch=bij.batch.nummer,
            volgorde=document.volgorde,
            vervallen=document.vervallen_op is not None,
            zaak=str(document.zaakidentificatie) if document.koppelstatus == Koppelstatus.GEKOPPELD else "",
            versie=versie.n,
            versie_log_id=str(versie.log_id),
            is_nieuwste=storage.latest_versie(session, document.id).id == versie.id,
            gearchiveerd_op=str(versie.gearchiveerd_op),
            gearchiveerd_regel=max((r for soort, _, r in regels if soort == "documentversie.gearchiveerd"
                                    and r is not None), default=None),
            pdf=Bewaardbestand(pdf.sha256, pdf.sha512, pdf.omvang_bytes, pdf.bewaard_op),
            pdfa_profiel=str(versie.pdfa_profiel),
            conform=versie.pdfa_conform is True,
            getrouw=versie.getrouw is True,
            manifest_sha256=str(versie.manifest_sha256),
            pdfa_rapport_sha256=str(versie.pdfa_rapport_sha256),
            getrouwheid_rapport_sha256=str(versie.getrouwheid_rapport_sha256),
            tekstlaag_sha256="" if tekstlaag is None or tekstlaag.opgeruimd_op else tekstlaag.sha256,
            scan=self._load_scan(versie, bij),
            opmerkingen=self._load_opmerkingen(versie),
            bewerkingen=bij.bewerkingen,
            aangekomen=self._load_aangekomen(versie),
            gekeurd=self._find_gekeurd(
                versie, bij, regels, is_weg=papier_.vernietigd_op != "" and not papier_.zonder_grond
            ),
            grondslag=bij.grondslag,
            papier=papier_,
        )  # fmt: skip

    # --- of a versie

    def _load_regels(self, log_id: UUID) -> list[tuple[str, int, int | None]]:
        """Return the events about a versie: kind, number in the record, and line of the log (None: not sealed yet)."""
        return [
            (soort, volgnummer, regel)
            for soort, volgnummer, regel in self._session.exec(
                select(GebeurtenisRow.soort, GebeurtenisRow.volgnummer, LogregelRow.nummer)
                .outerjoin(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
                .where(
                    GebeurtenisRow.onderwerp_log_id == log_id,
                    col(GebeurtenisRow.soort).in_(["documentversie.gearchiveerd", "documentversie.verzegeld"]),
                )
            )
            if volgnummer is not None
        ]

    def _load_scan(self, versie: DocumentversieRow, bij: _Batchfeiten) -> Scan:
        rijen = self._session.execute(
            sa.select(
                col(BeeldRow.dpi), col(BeeldRow.kleurmodus), col(BronRow.sha256), col(BronRow.is_scan),
                sa.func.max(col(BronRow.ontvangen_op)), sa.func.count(),
            )
            .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
            .join(BronRow, col(BronRow.id) == BeeldRow.bron_id)
            .where(col(PaginaRow.documentversie_id) == versie.id)
            .group_by(col(BeeldRow.dpi), col(BeeldRow.kleurmodus), col(BronRow.sha256), col(BronRow.is_scan))
        ).all()  # fmt: skip
        batch = bij.batch
        return Scan(
            is_scan=any(is_scan for _, _, _, is_scan, _, _ in rijen),
            gescand_op=max((op for *_, op, _ in rijen), default=batch.ontvangen_op),
            door=bij.scanoperator,
            scanner=bij.profiel.scanner,
            profiel=batch.profiel,
            instellingen_sha256=batch.momentopname_sha256,
            onderdeel=bij.profiel.onderdeel,
            scanmap=batch.scanmap,
            programmas=dict(batch.gereedschap),
            paginas=sum(aantal for *_, aantal in rijen),
            dpi=tuple(sorted({round(dpi) for dpi, *_ in rijen})),
            kleuren=tuple(sorted({kleur for _, kleur, *_ in rijen})),
            bronnen=tuple(sorted({sha256 for _, _, sha256, *_ in rijen})),
        )

    def _load_opmerkingen(self, versie: DocumentversieRow) -> tuple[Opmerking, ...]:
        rijen = self._session.exec(
            select(BevindingRow, PaginaRow.nummer)
            .outerjoin(
                PaginaRow,
                sa.and_(
                    col(PaginaRow.beeld_id) == BevindingRow.beeld_id, col(PaginaRow.documentversie_id) == versie.id
                ),
            )
            .where(sa.or_(col(PaginaRow.nummer).is_not(None), col(BevindingRow.documentversie_id) == versie.id))
            .order_by(col(BevindingRow.gevonden_op), col(BevindingRow.id))
        )
        return tuple(
            Opmerking(b.ernst, b.code, b.tekst, pagina, b.afgehandeld_op is not None, b.vervallen_op is not None)
            for b, pagina in rijen
        )

    def _load_aangekomen(self, versie: DocumentversieRow) -> Aangekomen | None:
        aflevering = storage.load_aflevering(self._session, versie.id)
        if aflevering is None or aflevering.bevestigd_op is None or not aflevering.informatieobject:
            return None
        return Aangekomen(aflevering.informatieobject, self._basis.zaaksysteem.naam, aflevering.bevestigd_op)

    def _find_gekeurd(
        self,
        versie: DocumentversieRow,
        bij: _Batchfeiten,
        regels: Iterable[tuple[str, int, int | None]],
        *,
        is_weg: bool,
    ) -> Gekeurd | None:
        """Return the newest verdict that was about this versie, and that stands or on which the paper went."""
        verzegeld = [volgnummer for soort, volgnummer, _ in regels if soort == "documentversie.verzegeld"]
        keuring = next(
            (k for k in bij.keuringen if (k.staat or is_weg) and any(k.na < v < k.tot for v in verzegeld)), None
        )
        if keuring is None:
            return None
        eigen, oordeel = str(versie.log_id), keuring.oordeel
        return Gekeurd(
            uitslag=oordeel.uitslag,
            op=oordeel.op,
            door=self._wie(oordeel.persoon_id, "controleur"),
            plan=say_plan(keuring.trekking.trekking["plan"]),
            getrokken=tuple(pagina for log_id, pagina in keuring.trekking.trekking["getrokken"] if log_id == eigen),
            fouten=tuple(
                (pagina, code)
                for log_id, pagina, codes in oordeel.oordeel["paginas"]
                if log_id == eigen
                for code in codes
            ),
            oordeel_sha256=oordeel.oordeel_sha256,
            regel=storage.find_logregel(self._session, oordeel.gebeurtenis_id),
        )

    # --- of a batch

    def _load_batch(self, batch_id: UUID) -> _Batchfeiten:
        session = self._session
        batch = storage.load_batch(session, batch_id)
        wie = personen.find_persoon(session, batch.scanoperator)
        bewerkingen = session.exec(
            select(BewerkingRow.soort, BewerkingRow.op, ActorRow)
            .join(ActorRow, col(ActorRow.id) == BewerkingRow.actor_id)
            .where(BewerkingRow.batch_id == batch.id, col(BewerkingRow.ongedaan_door).is_(None))
            .order_by(col(BewerkingRow.nummer))
        )
        return _Batchfeiten(
            batch=batch,
            profiel=storage.profiel_of(batch),
            scanoperator=Wie("scanoperator", "", batch.scanoperator)
            if wie is None
            else self._wie(wie.id, "scanoperator"),
            bewerkingen=tuple(
                Bewerkt(soort, op, Wie("medewerker" if actor.soort == "persoon" else "scanstraat",
                                       str(actor.log_id), actor.naam))
                for soort, op, actor in bewerkingen
            ),
            grondslag=self._load_grondslag(batch.id),
            keuringen=tuple(self._load_keuringen(batch)),
        )  # fmt: skip

    def _load_grondslag(self, batch_id: UUID) -> Grondslag | None:
        binding = besluiten.find_binding(self._session, batch_id)
        if binding is None:
            return None
        besluit, rij = binding.besluit, binding.rij
        return Grondslag(
            nummer=besluit.nummer,
            versie=besluit.versie,
            datum=besluit.datum.isoformat(),
            handboekversie=besluit.handboekversie,
            besluit_sha256=rij.inhoud_sha256,
            handboek_sha256=self._session.get_one(HandboekRow, rij.handboek_id).bestand_sha256,
            functie=besluit.ondertekenaar,
        )

    def _load_keuringen(self, batch: BatchRow) -> Iterable[_Keuring]:
        """Yield the verdicts on a batch, newest first: each covers what was fixed since the sealing before it."""
        session = self._session
        verzegelingen = sorted(
            session.exec(
                select(GebeurtenisRow.volgnummer).where(
                    GebeurtenisRow.onderwerp_log_id == batch.log_id, GebeurtenisRow.soort == "batch.verzegeld"
                )
            ),
            key=lambda volgnummer: volgnummer or 0,
        )
        for oordeel, trekking, verzegeling, tot in session.exec(
            select(OordeelRow, TrekkingRow, VerzegelingRow, GebeurtenisRow.volgnummer)
            .join(TrekkingRow, col(TrekkingRow.id) == OordeelRow.trekking_id)
            .join(VerzegelingRow, col(VerzegelingRow.id) == OordeelRow.verzegeling_id)
            .join(GebeurtenisRow, col(GebeurtenisRow.id) == VerzegelingRow.gebeurtenis_id)
            .where(OordeelRow.batch_id == batch.id)
            .order_by(col(OordeelRow.op).desc())
        ):
            assert tot is not None
            na = max((v for v in verzegelingen if v is not None and v < tot), default=0)
            yield _Keuring(oordeel, trekking, verzegeling.vervallen_op is None, na, tot)

    def _load_wie(self, persoon_id: UUID, functie: str) -> Wie:
        actor = personen.actor_of(self._session, persoon_id)
        return Wie(functie, str(actor.log_id), personen.name_of(self._session, persoon_id))

    # --- of the paper

    def _load_papier(self, document: DocumentRow, batch: BatchRow) -> Papier:
        session = self._session
        per_doos: dict[UUID | None, list[int]] = {}
        for blad, doos_id in session.exec(
            select(BladRow.nummer, DoosbladRow.doos_id)
            .select_from(BeeldRow)
            .join(BladRow, col(BladRow.id) == BeeldRow.blad_id)
            .outerjoin(DoosbladRow, sa.and_(col(DoosbladRow.blad_id) == BladRow.id, col(DoosbladRow.uit_op).is_(None)))
            .where(BeeldRow.document_id == document.id)
            .order_by(col(BladRow.nummer))
        ):
            per_doos.setdefault(doos_id, []).append(blad)
        dozen = {doos_id: self._doos(doos_id) for doos_id in per_doos if doos_id is not None}
        uitzondering = session.exec(
            select(UitzonderingRow).where(
                UitzonderingRow.document_id == document.id, col(UitzonderingRow.ingetrokken_op).is_(None)
            )
        ).first()
        plaatsen = []
        for waar, bladen in per_doos.items():
            nummer, plaats, vernietigd_op, tegen = ("", "", "", "") if waar is None else dozen[waar][:4]
            plaatsen.append(Ligplaats(papier.format_bladen(bladen), nummer, plaats, vernietigd_op, tegen))
        weg = bool(plaatsen) and all(plek.vernietigd_op for plek in plaatsen)
        return Papier(
            batch=batch.nummer,
            ligplaatsen=tuple(plaatsen),
            besluitvorming=tuple(b for *_, vorming in dozen.values() for b in vorming),
            verklaringen=tuple(sorted({nummer for doos_id in dozen for nummer in self._verklaringen(doos_id)}))
            if weg
            else (),
            uitzondering="" if uitzondering is None else f"{uitzondering.reden}: {uitzondering.toelichting}",
        )

    def _load_doos(self, doos_id: UUID) -> tuple[str, str, str, str, tuple[Besluitvorming, ...]]:
        """Return number, place, when destroyed ("": not), what stood in the way, and what was decided about a doos."""
        session = self._session
        doos = session.get_one(DoosRow, doos_id)
        plaats = papier.find_plaats(session, doos_id)
        lijsten = session.exec(
            select(VernietigingslijstRow)
            .join(LijstdoosRow, col(LijstdoosRow.lijst_id) == VernietigingslijstRow.id)
            .where(LijstdoosRow.doos_id == doos_id, col(LijstdoosRow.eraf_op).is_(None))
        )
        return (
            doos.nummer,
            "" if plaats is None else plaats.plaats,
            papier.find_vernietigd_op(session, doos_id) or "",
            papier.find_belemmeringen(session, doos_id),
            tuple(self._load_besluitvorming(lijst, doos) for lijst in lijsten),
        )

    def _load_besluitvorming(self, lijst: VernietigingslijstRow, doos: DoosRow) -> Besluitvorming:
        session = self._session
        blik = poort.find_laatste_blik(session, lijst.id, doos.id)
        opdracht = session.exec(select(OpdrachtRow).where(OpdrachtRow.lijst_id == lijst.id)).first()
        uitvoeringen = session.exec(
            select(UitvoeringRow)
            .join(OpdrachtRow, col(OpdrachtRow.id) == UitvoeringRow.opdracht_id)
            .where(OpdrachtRow.lijst_id == lijst.id, UitvoeringRow.doos_id == doos.id)
            .order_by(col(UitvoeringRow.op))
        )
        return Besluitvorming(
            lijst=lijst.naam,
            laatste_blik=()
            if blik is None
            else ((doos.nummer, self._wie(blik.persoon_id, "laatste blik"), blik.op, blik.geslaagd),),
            vrijgaven=tuple(
                (self._wie(vrijgave.persoon_id, "gemandateerde"), vrijgave.op)
                for vrijgave in poort.find_vrijgaven(session, lijst.id)
            ),
            opdracht="" if opdracht is None else opdracht.nummer,
            bedrijf="" if opdracht is None else opdracht.bedrijf,
            uitvoeringen=tuple(
                (
                    doos.nummer, rij.uitgevoerd_op or "", f"{rij.uitkomst} {rij.wijze} {rij.niveau}".strip(),
                    rij.certificaatnummer, rij.certificaat_sha256 or "",
                    storage.find_logregel(session, rij.gebeurtenis_id),
                )
                for rij in uitvoeringen
            ),
        )  # fmt: skip

    def _load_verklaringen(self, doos_id: UUID) -> tuple[str, ...]:
        """Return the numbers of the standing verklaringen van vervanging over a doos."""
        vervangen = select(VerklaringRow.vervangt_id).where(col(VerklaringRow.vervangt_id).is_not(None))
        return tuple(
            self._session.exec(
                select(VerklaringRow.nummer)
                .join(VerklaringdoosRow, col(VerklaringdoosRow.verklaring_id) == VerklaringRow.id)
                .where(
                    VerklaringdoosRow.doos_id == doos_id,
                    VerklaringRow.soort == "vervanging",
                    col(VerklaringRow.id).not_in(vervangen),
                )
                .order_by(VerklaringRow.nummer)
            )
        )


# --- as MDTO ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overdrachtbestand:
    """A small file that goes with a document."""

    naam: str
    inhoud: bytes


def build_archiefvormer(config: Config) -> Verwijzing:
    """Return whose records these are."""
    algemeen = config.algemeen
    kenmerk = None if algemeen.rsin == GEEN_RSIN else Kenmerk(algemeen.rsin, "RSIN")
    return Verwijzing(algemeen.organisatie, kenmerk)


def name_document(feiten: Documentfeiten) -> str:
    """Return what people call a document: its title, or else its kind and place in the batch."""
    titel = "".join(teken if teken.isprintable() else " " for teken in feiten.titel).strip()
    return titel or f"{feiten.soort} {feiten.volgorde} van batch {feiten.batch}"


def build_document(
    feiten: Documentfeiten, config: Config, *, zaak: Verwijzing | None = None, aanvullend: tuple[str, ...] = ()
) -> Documentgegevens:
    """Return a document as MDTO wants to know it.

    Args:
        zaak: how the zaak is referred to; without it by its number alone.
        aanvullend: names of files with more metadata.
    """
    bron = config.algemeen.organisatie
    aangekomen, scan, weg = feiten.aangekomen, feiten.scan, feiten.papier
    kenmerken = [Kenmerk(feiten.id, bron)]
    if aangekomen is not None:
        kenmerken.append(Kenmerk(aangekomen.informatieobject, aangekomen.zaaksysteem))
    if zaak is None and feiten.zaak:
        zaak = Verwijzing(
            feiten.zaak, Kenmerk(feiten.zaak, "zaaksysteem" if aangekomen is None else aangekomen.zaaksysteem)
        )
    functie = "gemandateerde" if feiten.grondslag is None else feiten.grondslag.functie
    dozen = ", ".join(f"doos {plek.doos} (blad {plek.bladen})" for plek in weg.ligplaatsen)
    return Documentgegevens(
        kenmerken=tuple(kenmerken),
        naam=name_document(feiten),
        gescand_op=scan.gescand_op,
        scanactor=Verwijzing(scan.door.functie if scan.is_scan else "scanstraat"),
        scanresultaat=_say_resultaat(feiten),
        archiefvormer=build_archiefvormer(config),
        bestanden=(_refer(f"{feiten.naam}.pdf", bron),),
        zaak=zaak,
        beperking_toelichting=(
            f"Vertrouwelijkheidaanduiding in het zaaksysteem: {feiten.vertrouwelijkheidaanduiding}."
        ),
        vervanging=Vervanging(
            papier=Verwijzing(f"Papieren origineel, batch {weg.batch}, {dozen}", Kenmerk(weg.kenmerk, bron)),
            vernietigd_op=weg.vernietigd_op,
            actor=Verwijzing(functie),
            verklaring=", ".join(weg.verklaringen),
            zonder_grond=bool(weg.zonder_grond),
        )
        if feiten.is_vervangen
        else None,
        is_scan=scan.is_scan,
        aanvullend=tuple(_refer(naam, bron) for naam in aanvullend),
    )


def _say_resultaat(feiten: Documentfeiten) -> str:
    scan = feiten.scan
    programmas = ", ".join(f"{naam} {versie}" for naam, versie in scan.programmas.items())
    hoe = f"scanner {scan.scanner}, profiel {scan.profiel}" if scan.is_scan else "aangeleverd als bestand, niet gescand"
    return (
        f"{say_scan(scan)}, PDF/A-{feiten.pdfa_profiel}; {hoe}"
        f"{f'; programma{chr(39)}s: {programmas}' if programmas else ''}; {say_controle(feiten.gekeurd)}"
    )


def _refer(naam: str, bron: str) -> Verwijzing:
    return Verwijzing(naam, Kenmerk(naam, bron))


def build_pdf_bestand(feiten: Documentfeiten, config: Config) -> Bestandgegevens:
    """Return the archive file of a document as MDTO wants to know it."""
    pdf, naam = feiten.pdf, f"{feiten.naam}.pdf"
    return Bestandgegevens(
        kenmerken=(Kenmerk(naam, config.algemeen.organisatie),),
        naam=naam,
        omvang_bytes=pdf.omvang_bytes,
        profiel=feiten.pdfa_profiel,
        checksums=(
            Checksum("SHA-256", pdf.sha256, pdf.bewaard_op),
            Checksum("SHA-512", pdf.sha512, pdf.bewaard_op),
        ),
        informatieobject=Verwijzing(name_document(feiten), Kenmerk(feiten.id, config.algemeen.organisatie)),
    )


def verify_if_known(xml: bytes, config: Config) -> bytes:
    """Return `xml` after it was held against the schema that the settings name, if any.

    Raises:
        MdtoError: it is not MDTO as that schema wants it.
    """
    if config.mdto.xsd is not None:
        verify_mdto(xml, config.mdto.xsd)
    return xml


def render_metagegevens(
    feiten: Documentfeiten, config: Config, *, zaak: Verwijzing | None = None, met_naam: bool = False
) -> tuple[Overdrachtbestand, ...]:
    """Return everything that goes beside the archive file of a document: MDTO of both, and the transfervermerk.

    Raises:
        NietMogelijkError: this document has no archive file that may be handed over; the message says why.
        MdtoError: what is known of it is no MDTO.
    """
    gebreken = find_gebreken(feiten)
    if gebreken:
        raise NietMogelijkError(f"Document {feiten.id[:8]} kan niet worden overgedragen: {'; '.join(gebreken)}.")
    vermerk = build_transfervermerk(feiten, organisatie=config.algemeen.organisatie, met_naam=met_naam)
    noten = (
        Overdrachtbestand(f"{feiten.naam}-transfervermerk.json", render_json(vermerk)),
        Overdrachtbestand(f"{feiten.naam}-transfervermerk.txt", render_tekst(vermerk, feiten)),
    )
    document = build_document(feiten, config, zaak=zaak, aanvullend=tuple(noot.naam for noot in noten))
    sidecar = config.mdto.sidecar
    return (
        Overdrachtbestand(f"{feiten.naam}.{sidecar}.xml", verify_if_known(build_document_mdto(document), config)),
        Overdrachtbestand(
            f"{feiten.naam}.pdf.bestand.{sidecar}.xml",
            verify_if_known(build_bestand_mdto(build_pdf_bestand(feiten, config)), config),
        ),
        *noten,
    )


def build_noot_bestand(noot: Overdrachtbestand, feiten: Documentfeiten, config: Config, *, op: str) -> bytes:
    """Return the MDTO of a file of the transfervermerk itself; `op` is when its checksum was taken."""
    vingerafdruk = hash_bytes(noot.inhoud)
    formaat: Begrip = JSON if noot.naam.endswith(".json") else TEKST
    bestand = Bestandgegevens(
        kenmerken=(Kenmerk(noot.naam, config.algemeen.organisatie),),
        naam=noot.naam,
        omvang_bytes=vingerafdruk.omvang_bytes,
        profiel="",
        checksums=(
            Checksum("SHA-256", vingerafdruk.sha256, op),
            Checksum("SHA-512", vingerafdruk.sha512, op),
        ),
        informatieobject=Verwijzing(name_document(feiten), Kenmerk(feiten.id, config.algemeen.organisatie)),
        formaat=formaat,
    )
    return verify_if_known(build_bestand_mdto(bestand), config)


def write_mdto(basis: Basis, session: Session, document: DocumentRow, map_: Path, *, met_naam: bool) -> list[Path]:
    """Write the MDTO and the transfervermerk of a document into a folder; nothing is overwritten.

    The archive file is read first: what the checksums say is true at this moment.

    Raises:
        NietMogelijkError: it has no archive file, or one of these files is there already.
        OpslagBeschadigdError: its archive file is damaged.
    """
    verify_buiten(basis.config, map_)
    feiten = Naslag(basis, session).load_feiten(document)
    if feiten is None:
        raise NietMogelijkError("Dit document heeft nog geen PDF/A-bestand. Wacht tot het is verwerkt.")
    bestanden = render_metagegevens(feiten, basis.config, met_naam=met_naam)
    verify_object(basis.opslag, feiten.pdf.vingerafdruk)
    map_.mkdir(parents=True, exist_ok=True)
    paden = [map_ / bestand.naam for bestand in bestanden]
    if any(pad.exists() for pad in paden):
        raise NietMogelijkError(f"In {map_} staan deze bestanden al. Kies een andere map.")
    for pad, bestand in zip(paden, bestanden, strict=True):
        write_new(pad, bestand.inhoud)
    return paden
