"""What an auditor asks, answered from the record: of a document, a doos, a period, or a line of the log. Reads only.

Each answer says whether it is in order, with the facts it rests on; what was measured anew is measured now. The
questions follow the list that inspectors ask of vervanging: see docs/handleiding/auditor.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_words, join_words, name_lijst
from scanstraat import (
    batchstatus,
    besluiten,
    keuren,
    ogen,
    papier,
    personen,
    poort,
    scanoperator,
    stops,
    storage,
    vernietigen,
)
from scanstraat.bootstrap import Basis
from scanstraat.domain import Vingerafdruk, to_local
from scanstraat.errors import NietGevondenError, ScanstraatError
from scanstraat.intake.opslag import Objectstaat
from scanstraat.personen import Rol
from scanstraat.tables import (
    ActorRow,
    BatchRow,
    BeeldRow,
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
    BesluitRow,
    BindingRow,
    DoosplaatsRow,
    DoosRow,
    LaatsteblikRow,
    LijstdoosRow,
    MandaatRow,
    OndertekeningRow,
    OordeelRow,
    OpdrachtRow,
    PersoonRow,
    StopRow,
    TrekkingRow,
    UitvoeringRow,
    UitzonderingRow,
    VerklaringdoosRow,
    VerklaringRow,
    VernietigingslijstRow,
    VerpaktRow,
    VerzegelingRow,
    VrijgaveRow,
)
from vernietiging.gebeurtenis import MISLUKT, VERNIETIGD, ZONDER_GROND

MEER_PAGINAS = "pagina's"

MEESTE_DOCUMENTEN = 25  # of one batch, doos or list; more are counted


@dataclass(frozen=True)
class Antwoord:
    """One question and what the record answers. `in_orde` None: nothing to be right or wrong."""

    vraag: str
    regels: tuple[str, ...]
    in_orde: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"vraag": self.vraag, "antwoord": list(self.regels), "in_orde": self.in_orde}


# --- a document ---------------------------------------------------------------------------------------------------


def answer_document(basis: Basis, session: Session, document: DocumentRow) -> list[Antwoord]:
    """Answer everything about one document."""
    batch = storage.load_batch(session, document.batch_id)
    dozen = _find_dozen(session, document)
    return [
        _answer_besluit(basis, session, batch, document),
        _answer_termijn(basis, session, batch, document),
        _answer_instellingen(basis, session, batch),
        _answer_volledig(session, batch, document),
        _answer_controle(session, batch),
        _answer_steekproef(basis, session, batch),
        _answer_afgekeurd(session, batch, document),
        _answer_bestand(basis, session, document),
        _answer_uitzonderingen(session, [document]),
        _answer_papier(session, document),
        *_answer_vernietiging(session, dozen),
        _answer_stops(session, _onderwerpen_of(session, batch, [document], dozen)),
        _answer_regels(session, [storage.latest_versie(session, document.id).log_id, batch.log_id]),
    ]


def _answer_besluit(basis: Basis, session: Session, batch: BatchRow, document: DocumentRow) -> Antwoord:
    vraag = "Onder welk besluit valt dit papier, en viel het er die dag onder?"
    tegen = _find_tegen(session, document)
    niet_vervangen = (f"Het is niet vervangen: het papier is vernietigd zonder grond. {tegen}",) if tegen else ()
    binding = besluiten.find_binding(session, batch.id)
    if binding is None:
        return Antwoord(vraag, (*niet_vervangen, "De batch valt onder geen besluit."), in_orde=False)
    b = binding.besluit
    gescand = to_local(batch.ontvangen_op, basis.config.algemeen.tijdzone).date()
    zaak = None if document.zaakidentificatie is None else basis.zaaksysteem.find_zaak(document.zaakidentificatie)
    redenen = besluiten.find_buiten_reikwijdte(batch, b, "" if zaak is None else zaak.zaaktype)
    eerder = session.exec(
        select(BesluitRow.nummer, BesluitRow.versie, BindingRow.op, BindingRow.vervallen_op)
        .join(BindingRow, col(BindingRow.besluit_id) == BesluitRow.id)
        .where(BindingRow.batch_id == batch.id)
        .order_by(col(BindingRow.op))
    ).all()
    return Antwoord(
        vraag,
        (
            *niet_vervangen,
            f"Besluit {b.nummer} versie {b.versie} van {b.datum:%d-%m-%Y}, bekendgemaakt in {b.publicatie or 'niets'}.",
            f"Handboek versie {b.handboekversie}. SHA-256 van het besluit: {binding.rij.inhoud_sha256}.",
            f"Gescand op {gescand:%d-%m-%Y}; het besluit gold toen {'wel' if b.is_geldig_op(gescand) else 'niet'}.",
            *(f"Buiten de reikwijdte: {reden}" for reden in redenen),
            *(
                f"Gebonden aan {nummer} versie {versie} van {op} tot {tot or 'nu'}."
                for nummer, versie, op, tot in eerder
                if len(eerder) > 1
            ),
        ),
        in_orde=b.is_geldig_op(gescand) and not redenen and not tegen,
    )


def _find_tegen(session: Session, document: DocumentRow) -> str:
    """Return what stood in the way when paper of a document was destroyed: then it is gone, and not replaced."""
    gevonden = (papier.find_belemmeringen(session, doos.id) for doos in _find_dozen(session, document))
    return " ".join(dict.fromkeys(tegen for tegen in gevonden if tegen))


def _answer_termijn(basis: Basis, session: Session, batch: BatchRow, document: DocumentRow) -> Antwoord:
    vraag = "Tot wanneer moest het papier blijven (controletermijn)?"
    binding, versie = besluiten.find_binding(session, batch.id), storage.latest_versie(session, document.id)
    if binding is None:
        return Antwoord(vraag, ("De batch valt onder geen besluit.",), in_orde=False)
    aflevering = storage.load_aflevering(session, versie.id)
    vanaf = besluiten.find_vrij_vanaf(session, basis, batch, versie, aflevering, binding.besluit)
    if vanaf is None:
        return Antwoord(vraag, ("Dat is nog niet bekend.",))
    zone = basis.config.algemeen.tijdzone
    plekken = papier.find_vindplaatsen(session, document.id)
    weg = [to_local(plek.vernietigd_op, zone).date() for plek in plekken if plek.vernietigd_op]
    regels = [f"Het papier mocht weg vanaf {vanaf:%d-%m-%Y}."]
    if weg:
        regels.append(f"Het eerste blad is vernietigd op {min(weg):%d-%m-%Y}.")
    return Antwoord(vraag, tuple(regels), in_orde=min(weg) >= vanaf if weg else None)


def _answer_instellingen(basis: Basis, session: Session, batch: BatchRow) -> Antwoord:
    vraag = "Waren de instellingen die van het handboek?"
    binding = besluiten.find_binding(session, batch.id)
    regels = [
        f"Scanprofiel {batch.profiel}, vingerafdruk {batch.momentopname_sha256}.",
        "Programma's: " + ", ".join(f"{naam} {versie}" for naam, versie in sorted(batch.gereedschap.items())) + ".",
    ]
    if binding is None:
        return Antwoord(vraag, (*regels, "Er is geen besluit om mee te vergelijken."), in_orde=False)
    anders = besluiten.find_afwijkingen(session, batch, binding.besluit, basis.config.algemeen.tijdzone)
    return Antwoord(vraag, (*regels, *(anders or ["Gelijk aan het vrijgegeven profiel."])), in_orde=not anders)


def _answer_volledig(session: Session, batch: BatchRow, document: DocumentRow) -> Antwoord:
    telling = storage.bladtelling_of(batch)
    weggelaten = session.exec(
        select(BladRow.nummer, BeeldRow.kant, BeeldRow.weglaatreden, BeeldRow.weglaattekst)
        .join(BladRow, col(BladRow.id) == BeeldRow.blad_id)
        .where(BeeldRow.batch_id == batch.id, BeeldRow.bestemming == "weggelaten")
        .order_by(col(BladRow.nummer))
    ).all()
    paginas = session.exec(
        select(sa.func.count())
        .select_from(PaginaRow)
        .where(PaginaRow.documentversie_id == storage.latest_versie(session, document.id).id)
    ).one()
    return Antwoord(
        "Hoe weet u dat er niets ontbreekt?",
        (
            f"Batch {batch.nummer}: {count_words(telling.ontvangen, 'beeld', 'beelden')} ontvangen = "
            f"{telling.in_documenten} in documenten + {telling.scheidingsbladen} op scheidingsbladen + "
            f"{telling.weggelaten} weggelaten.",
            f"Dit document: {count_words(paginas, 'pagina', MEER_PAGINAS)}"
            + (
                f", opgegeven: {count_words(document.bladen_verwacht, 'blad', 'bladen')}."
                if document.bladen_verwacht
                else "."
            ),
            *(f"Weggelaten: blad {blad} {kant}: {reden} {tekst}".strip() for blad, kant, reden, tekst in weggelaten),
        ),
        in_orde=telling.sluitend,
    )


@dataclass(frozen=True)
class _Keuring:
    """A verdict on a batch. It holds for what was sealed, and lapsed when the batch changed after that."""

    oordeel: OordeelRow
    vervallen_op: str | None

    def say(self, door: str = "") -> str:
        """Return when it was given, what it was, and whether it lapsed."""
        vervallen = "" if self.vervallen_op is None else f", maar vervallen op {self.vervallen_op}"
        return f"{self.oordeel.op}: {self.oordeel.uitslag}{f' door {door}' if door else ''}{vervallen}."


def _load_keuringen(session: Session, batch_id: UUID) -> list[_Keuring]:
    rijen = session.exec(
        select(OordeelRow, VerzegelingRow.vervallen_op)
        .join(VerzegelingRow, col(VerzegelingRow.id) == OordeelRow.verzegeling_id)
        .where(OordeelRow.batch_id == batch_id)
        .order_by(col(OordeelRow.op))
    )
    return [_Keuring(oordeel, vervallen_op) for oordeel, vervallen_op in rijen]


def _answer_controle(session: Session, batch: BatchRow) -> Antwoord:
    keuringen = _load_keuringen(session, batch.id)
    fouten = list(find_schendingen(session, [batch.id]))
    staat = any(keuring.vervallen_op is None for keuring in keuringen)
    return Antwoord(
        "Wie controleerde, en was dat een ander dan wie scande of bewerkte?",
        (
            f"Gescand door: {batch.scanoperator}.",
            *(keuring.say(personen.name_of(session, keuring.oordeel.persoon_id)) for keuring in keuringen),
            *([] if staat else ["Er staat nu geen keuring: wat was gekeurd, is vervallen."] if keuringen else []),
            *(fouten or ["Geen schendingen van vier ogen."]),
        ),
        in_orde=staat and not fouten,
    )


def _answer_steekproef(basis: Basis, session: Session, batch: BatchRow) -> Antwoord:
    vraag = "Waarom deze steekproef, en kunt u haar opnieuw trekken?"
    trekkingen = session.exec(
        select(TrekkingRow)
        .join(VerzegelingRow, col(VerzegelingRow.id) == TrekkingRow.verzegeling_id)
        .where(VerzegelingRow.batch_id == batch.id)
        .order_by(col(TrekkingRow.op))
    ).all()
    regels, gelijk = [], bool(trekkingen)
    for trekking in trekkingen:
        plan = trekking.trekking["plan"]
        goed = keuren.redraw_items(basis, session, trekking) == trekking.trekking["getrokken"]
        gelijk = gelijk and goed
        regels += [
            f"{trekking.op}: {plan['n']} van {count_words(plan['aantal_items'], 'pagina', MEER_PAGINAS)}, "
            f"{plan['strengheid']}, {plan['tabel']}.",
            f"  Zaad {trekking.zaad} uit checkpoint {trekking.checkpoint}. Opnieuw getrokken: "
            f"{'dezelfde' if goed else 'ANDERE'} pagina's.",
        ]
    return Antwoord(vraag, tuple(regels) or ("Er is nog geen steekproef getrokken.",), in_orde=gelijk)


def _answer_afgekeurd(session: Session, batch: BatchRow, document: DocumentRow) -> Antwoord:
    keuringen = _load_keuringen(session, batch.id)
    versies = session.exec(
        select(DocumentversieRow).where(DocumentversieRow.document_id == document.id).order_by(col(DocumentversieRow.n))
    ).all()
    open_ = bool(keuringen) and keuringen[-1].oordeel.uitslag == "afgekeurd"
    return Antwoord(
        "Wat is er met afgekeurde scans gebeurd?",
        (
            *(
                f"{keuring.say()} {' '.join(keuring.oordeel.oordeel.get('redenen', []))}".strip()
                for keuring in keuringen
            ),
            *(
                f"Versie {v.n} ({v.reden}) van {v.gemaakt_op}: SHA-256 {v.pdf_sha256 or 'nog niet gemaakt'}."
                for v in versies
            ),
        ),
        in_orde=not open_,
    )


def _answer_bestand(basis: Basis, session: Session, document: DocumentRow) -> Antwoord:
    """Read every file of the document again, also from the zaaksysteem."""
    versie = storage.latest_versie(session, document.id)
    bronnen = session.exec(
        select(BronRow.sha256)
        .join(BeeldRow, col(BeeldRow.bron_id) == BronRow.id)
        .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
        .where(PaginaRow.documentversie_id == versie.id)
        .distinct()
    )
    regels, goed = [], True
    for wat, sha256 in [*(("scan", bron) for bron in bronnen), ("archiefbestand", versie.pdf_sha256)]:
        if sha256 is None:
            continue
        rij = session.get_one(ObjectRow, sha256)
        staat = basis.opslag.controleer(sha256, Vingerafdruk(rij.sha256, rij.sha512, rij.omvang_bytes))
        goed = goed and staat.origineel is Objectstaat.IN_ORDE
        regels.append(f"{wat} {sha256}: nu gelezen en {staat.origineel.value.replace('_', ' ')}.")
    regels.append(f"PDF/A-{versie.pdfa_profiel}: {'geldig' if versie.pdfa_conform else 'niet geldig'} volgens veraPDF.")
    zegt, gelijk = _read_back(basis, session, versie)
    return Antwoord(
        "Is het bestand nog het bestand dat is gescand?",
        (*regels, zegt),
        in_orde=goed and gelijk and versie.pdfa_conform is True and versie.getrouw is True,
    )


def _read_back(basis: Basis, session: Session, versie: DocumentversieRow) -> tuple[str, bool]:
    aflevering = storage.load_aflevering(session, versie.id)
    if aflevering is None or aflevering.informatieobject is None or aflevering.versie_in_zaaksysteem is None:
        return "Het document staat niet in een zaak.", False
    try:
        terug = basis.zaaksysteem.lees_terug(aflevering.informatieobject, aflevering.versie_in_zaaksysteem)
    except ScanstraatError as exc:
        return f"Het zaaksysteem kon niet worden gevraagd: {exc}", False
    gelijk = terug.sha256 == versie.pdf_sha256
    return f"Het zaaksysteem geeft nu {'hetzelfde' if gelijk else 'een ANDER'} bestand terug ({terug.sha256}).", gelijk


def _answer_uitzonderingen(session: Session, documenten: Iterable[DocumentRow]) -> Antwoord:
    ids = [document.id for document in documenten]
    rijen = session.exec(
        select(UitzonderingRow, ActorRow.naam)
        .join(ActorRow, col(ActorRow.id) == UitzonderingRow.actor_id)
        .where(col(UitzonderingRow.document_id).in_(ids))
        .order_by(col(UitzonderingRow.op))
    ).all()
    return Antwoord(
        "Welk papier is bewaard, waarom en waar?",
        tuple(
            f"Document {str(rij.document_id)[:8]}: {besluiten.UITZONDERINGEN[rij.reden]}. {rij.toelichting} "
            f"Besloten door {naam} op {rij.op}. "
            + (
                f"Ingetrokken op {rij.ingetrokken_op}: het papier wordt niet meer apart bewaard."
                if rij.ingetrokken_op
                else f"Ligt: {rij.vindplaats or _say_vindplaats(session, rij.document_id)}."
            )
            for rij, naam in rijen
        )
        or ("Geen uitzonderingen.",),
    )


def _say_vindplaats(session: Session, document_id: UUID) -> str:
    return papier.say_vindplaats(papier.find_vindplaatsen(session, document_id)) or "niet in een doos"


def _answer_papier(session: Session, document: DocumentRow) -> Antwoord:
    plekken = papier.find_vindplaatsen(session, document.id)
    weg = papier.count_onbekend_weg(session, storage.load_batch(session, document.batch_id))
    onbekend = (
        f"Van de batch zijn {count_words(weg, 'blad', 'bladen')} vernietigd volgens het logboek. De database is "
        "teruggezet en weet niet meer welke: misschien is dit papier er niet meer.",
    )
    return Antwoord(
        "Waar is het papier?",
        tuple(
            f"Blad {plek.blad}: "
            + (
                f"vernietigd op {plek.vernietigd_op}, uit doos {plek.doos}."
                if plek.vernietigd_op
                else f"doos {plek.doos}, {plek.plaats}. Van deze doos is een deel vernietigd (opdracht {plek.deels}): "
                "misschien is dit blad er niet meer."
                if plek.deels
                else f"doos {plek.doos}, {plek.plaats}."
                if plek.doos
                else "niet in een doos."
            )
            for plek in plekken
        )
        + (onbekend if weg else ()),
        in_orde=False if weg or any(plek.deels for plek in plekken) else None,
    )


# --- a doos -------------------------------------------------------------------------------------------------------


def answer_doos(session: Session, doos: DoosRow) -> list[Antwoord]:
    """Answer everything about one doos."""
    inhoud = papier.load_inhoud(session, doos.id)
    documenten = papier.find_documenten(session, doos.id)
    plaatsen = session.exec(
        select(DoosplaatsRow, ActorRow.naam)
        .join(ActorRow, col(ActorRow.id) == DoosplaatsRow.actor_id)
        .where(DoosplaatsRow.doos_id == doos.id)
        .order_by(col(DoosplaatsRow.nummer))
    )
    fouten = list(find_schendingen(session, [batch.id for batch, _ in inhoud]))
    onderwerpen = [o for batch, _ in inhoud for o in _onderwerpen_of(session, batch, documenten, [doos])]
    return [
        Antwoord(
            "Wat lag erin, en waar stond de doos?",
            (
                *(
                    f"Batch {b.nummer}: blad {papier.format_bladen(blad.nummer for blad in bladen)}."
                    for b, bladen in inhoud
                ),
                f"{count_words(len(documenten), 'document', 'documenten')}.",
                *(f"{plaats.op}: {plaats.plaats} (door {naam})." for plaats, naam in plaatsen),
            ),
        ),
        Antwoord("Zijn er schendingen van vier ogen?", tuple(fouten) or ("Nee.",), in_orde=not fouten),
        _answer_blik(session, doos),
        *_answer_vernietiging(session, [doos]),
        _answer_uitzonderingen(session, documenten),
        _answer_stops(session, onderwerpen),
        _answer_regels(session, [doos.log_id]),
    ]


def _answer_blik(session: Session, doos: DoosRow) -> Antwoord:
    """Draw again what the last look was to see."""
    trekkingen = session.exec(
        select(TrekkingRow).where(TrekkingRow.doos_id == doos.id).order_by(col(TrekkingRow.op))
    ).all()
    goed = [vernietigen.is_hertrokken(trekking) for trekking in trekkingen]
    return Antwoord(
        "Waarom dit papier bij de laatste blik, en kunt u het opnieuw trekken?",
        tuple(
            f"{t.op}: {_say_getrokken(t.trekking)}. Zaad {t.zaad} uit checkpoint {t.checkpoint}. Opnieuw getrokken: "
            f"{'hetzelfde' if gelijk else 'ANDER'} papier."
            for t, gelijk in zip(trekkingen, goed, strict=True)
        )
        or (
            _VERLOREN if papier.find_verloren(session, doos.id, *VERNIETIGD, MISLUKT) else "Er is nog niets getrokken.",
        ),
        in_orde=all(goed) if goed else None,
    )


def _say_getrokken(trekking: dict[str, Any]) -> str:
    documenten = (
        f"{len(trekking['getrokken'])} van {count_words(len(trekking['documenten']), 'document', 'documenten')}"
    )
    if "bladen" not in trekking:
        return f"{documenten}; bladen zonder document werden toen niet getrokken"
    los = count_words(len(trekking["bladen"]), "blad", "bladen")
    return f"{documenten}, en {len(trekking['getrokken_bladen'])} van {los} zonder document"


def _find_dozen(session: Session, document: DocumentRow) -> list[DoosRow]:
    nummers = {plek.doos for plek in papier.find_vindplaatsen(session, document.id) if plek.doos is not None}
    return list(session.exec(select(DoosRow).where(col(DoosRow.nummer).in_(nummers)).order_by(col(DoosRow.nummer))))


_VERLOREN = "Dat ging verloren toen de database werd teruggezet. De regels van het logboek zeggen wat er is gedaan."


def _answer_vernietiging(session: Session, dozen: Iterable[DoosRow]) -> list[Antwoord]:
    ids = {doos.id: doos.nummer for doos in dozen}
    rest = [(ids[id_], opdracht) for id_ in ids if (opdracht := papier.find_deels(session, id_)) is not None]
    verloren = [v for id_ in ids for v in papier.find_verloren(session, id_, *VERNIETIGD, MISLUKT)]
    uitvoeringen = session.exec(
        select(UitvoeringRow, OpdrachtRow, DoosRow)
        .join(OpdrachtRow, col(OpdrachtRow.id) == UitvoeringRow.opdracht_id)
        .join(DoosRow, col(DoosRow.id) == UitvoeringRow.doos_id)
        .where(col(UitvoeringRow.doos_id).in_(ids))
        .order_by(col(UitvoeringRow.op))
    ).all()
    lijsten = session.exec(
        select(VernietigingslijstRow)
        .where(
            col(VernietigingslijstRow.id).in_(select(LijstdoosRow.lijst_id).where(col(LijstdoosRow.doos_id).in_(ids)))
        )
        .order_by(col(VernietigingslijstRow.op))
    ).all()
    return [
        Antwoord(
            "Wanneer is het papier vernietigd, en hoe?",
            (
                *(_say_uitvoering(u, opdracht, doos) for u, opdracht, doos in uitvoeringen),
                *(v.say() for v in verloren),
                *(papier.say_deels(doos, opdracht) for doos, opdracht in rest),
            )
            or ("Nog niet vernietigd.",),
            in_orde=not rest
            and not any(u.belemmeringen for u, _, _ in uitvoeringen)
            and all(v.soort != ZONDER_GROND for v in verloren),
        ),
        _answer_vervoer(
            session,
            lijsten,
            [(opdracht, doos) for u, opdracht, doos in uitvoeringen if u.uitslag == "vernietigd"],
            verloren=bool(verloren),
        ),
        Antwoord(
            "Wie besliste over de vernietiging, en met welk mandaat?",
            tuple(regel for lijst in lijsten for regel in _say_lijst(session, lijst))
            or ((_VERLOREN,) if verloren else ("Nog niemand.",)),
        ),
        Antwoord(
            "Welke verklaringen zijn er?",
            tuple(_say_verklaringen(session, ids)) or (_VERLOREN if verloren else "Nog geen.",),
        ),
    ]


def _say_uitvoering(u: UitvoeringRow, opdracht: OpdrachtRow, doos: DoosRow) -> str:
    wat = f"Doos {doos.nummer}: {u.uitkomst}{f' op {u.uitgevoerd_op}' if u.uitgevoerd_op else ''}"
    if u.uitslag != "vernietigd":
        return f"{wat} (opdracht {opdracht.nummer}, vastgelegd op {u.op}): {u.toelichting}"
    return (
        f"{wat}, {u.wijze}, {u.niveau}, container {u.container}, zegel {u.zegel}, door {opdracht.bedrijf} (opdracht "
        f"{opdracht.nummer}), bewijs {u.certificaatnummer}, SHA-256 {u.certificaat_sha256}."
        + (f" Er stond iets in de weg: {u.belemmeringen}" if u.belemmeringen else "")
    )


def _say_lijst(session: Session, lijst: VernietigingslijstRow) -> Iterator[str]:
    yield (
        f"{name_lijst(lijst.naam, 'De lijst')}, voorgesteld op {lijst.op} door "
        f"{personen.name_of(session, lijst.persoon_id)}."
        + (f" Ingetrokken op {lijst.ingetrokken_op}." if lijst.ingetrokken_op else "")
    )
    for blik in session.exec(select(LaatsteblikRow).where(LaatsteblikRow.lijst_id == lijst.id)):
        yield (
            f"  Laatste blik door {personen.name_of(session, blik.persoon_id)} op {blik.op}: "
            f"{'geslaagd' if blik.geslaagd else 'niet geslaagd'}."
        )
    for vrijgave in session.exec(
        select(VrijgaveRow).where(VrijgaveRow.lijst_id == lijst.id).order_by(col(VrijgaveRow.op))
    ):
        mandaat = session.get_one(MandaatRow, vrijgave.mandaat_id)
        yield (
            f"  Vrijgave {vrijgave.volgnummer} door {personen.name_of(session, vrijgave.persoon_id)} op {vrijgave.op}, "
            f"mandaat van {mandaat.van} tot {mandaat.tot or 'onbepaald'}: {mandaat.grondslag}."
            + (f" Ingetrokken op {vrijgave.ingetrokken_op}." if vrijgave.ingetrokken_op else "")
        )


def _answer_vervoer(
    session: Session,
    lijsten: Iterable[VernietigingslijstRow],
    weg: Iterable[tuple[OpdrachtRow, DoosRow]],
    *,
    verloren: bool,
) -> Antwoord:
    """Answer who took the containers away; paper that is gone while nobody is known to have taken it is not in order.

    Args:
        weg: each doos of which the paper is destroyed, with its order.
        verloren: of a doos the log knows more than the record does.
    """
    onbekend: dict[tuple[str, str, str], None] = {}
    aantal = 0
    for opdracht, doos in weg:
        aantal += 1
        container = next(c for c in opdracht.containers if doos.nummer in c["dozen"])
        if container["nummer"] not in {rij.container for rij in vernietigen.load_vervoer(session, opdracht)}:
            onbekend[opdracht.nummer, container["nummer"], container["zegel"]] = None
    regels = [
        *_say_vervoer(session, lijsten),
        *(
            f"Van container {nummer} (opdracht {opdracht}) is niet vastgelegd wie haar meenam, en het papier is weg. "
            f"Dat kan alsnog, van de vrachtbrief: scanstraat ophalen {opdracht} --container {nummer}:{zegel} "
            "--vervoerder WIE --op TIJD --als NAAM"
            for opdracht, nummer, zegel in onbekend
        ),
    ]
    return Antwoord(
        "Wie haalde het papier op, en wanneer?",
        tuple(regels) or (_VERLOREN if verloren else "Nog niemand.",),
        in_orde=not onbekend if aantal else None,
    )


def _say_vervoer(session: Session, lijsten: Iterable[VernietigingslijstRow]) -> Iterator[str]:
    for lijst in lijsten:
        opdracht = vernietigen.find_opdracht(session, lijst.id)
        if opdracht is None:
            continue
        for rij in vernietigen.load_vervoer(session, opdracht):
            yield (
                f"Container {rij.container} met zegel {rij.zegel} (opdracht {opdracht.nummer}) op {rij.opgehaald_op} "
                f"door {rij.vervoerder}; vastgelegd door {personen.name_of(session, rij.persoon_id)}."
            )


def _say_verklaringen(session: Session, dozen: Iterable[UUID]) -> Iterator[str]:
    for rij in session.exec(
        select(VerklaringRow)
        .join(VerklaringdoosRow, col(VerklaringdoosRow.verklaring_id) == VerklaringRow.id)
        .where(col(VerklaringdoosRow.doos_id).in_(list(dozen)))
        .order_by(col(VerklaringRow.nummer))
        .distinct()
    ):
        akkoord = session.exec(
            select(PersoonRow.naam)
            .join(OndertekeningRow, col(OndertekeningRow.persoon_id) == PersoonRow.id)
            .where(OndertekeningRow.verklaring_id == rij.id)
        ).all()
        nieuwer = session.exec(select(VerklaringRow.nummer).where(VerklaringRow.vervangt_id == rij.id)).first()
        yield (
            f"{rij.nummer} van {rij.op}, SHA-256 {rij.pdf_sha256}, akkoord: {', '.join(akkoord) or 'nog niemand'}."
            + (f" Vervangen door {nieuwer}." if nieuwer else "")
        )


def _onderwerpen_of(
    session: Session, batch: BatchRow, documenten: Iterable[DocumentRow], dozen: Iterable[DoosRow]
) -> list[tuple[stops.Over, str]]:
    gevonden = [(stops.Over.DOOS, str(doos.id)) for doos in dozen]
    for document in documenten:
        gevonden.append((stops.Over.DOCUMENT, str(document.id)))
        if document.zaakidentificatie is not None:
            gevonden.append((stops.Over.ZAAK, document.zaakidentificatie))
    binding = besluiten.find_binding(session, batch.id)
    if binding is not None:
        gevonden.append((stops.Over.BESLUIT, str(binding.rij.id)))
    return gevonden


def _answer_stops(session: Session, onderwerpen: Iterable[tuple[stops.Over, str]]) -> Antwoord:
    gevonden = stops.find_stops(session, list(onderwerpen), alles=True)
    return Antwoord(
        "Liep er bezwaar, een rechtszaak, een Woo-verzoek of onderzoek?",
        tuple(
            f"{stops.SOORTEN[stops.Stopsoort(s.soort)]} op {s.over}, van {s.geplaatst_op} tot {s.opgeheven_op or 'nu'}."
            for s in gevonden
        )
        or ("Nee.",),
    )


# --- four eyes, a period, a line ----------------------------------------------------------------------------------


def find_schendingen(session: Session, batches: Iterable[UUID] | None = None) -> Iterator[str]:
    """Yield every violation of four eyes that the record shows, in Dutch; there must be none.

    What was taken back, or voided by a change, is not looked at: nothing rests on it.

    Args:
        batches: look at these alone; None is everything.
    """
    alleen = None if batches is None else set(batches)
    oordelen = session.exec(
        select(OordeelRow)
        .join(VerzegelingRow, col(VerzegelingRow.id) == OordeelRow.verzegeling_id)
        .where(col(VerzegelingRow.vervallen_op).is_(None))
        .order_by(col(OordeelRow.op))
    )
    for oordeel in oordelen:
        if alleen is None or oordeel.batch_id in alleen:
            yield from _find_keurschendingen(session, oordeel)
    lijsten = session.exec(
        select(VernietigingslijstRow)
        .where(col(VernietigingslijstRow.ingetrokken_op).is_(None))
        .order_by(col(VernietigingslijstRow.op))
    )
    for lijst in lijsten:
        dozen = {UUID(d["doos"]): [UUID(b["batch"]) for b in d["batches"]] for d in lijst.inhoud["dozen"]}
        ids = {id_ for batch_ids in dozen.values() for id_ in batch_ids}
        rijen = {rij.log_id: rij for rij in session.exec(select(BatchRow).where(col(BatchRow.log_id).in_(ids)))}
        if alleen is None or any(rij.id in alleen for rij in rijen.values()):
            per_doos = {doos: [rijen[id_] for id_ in batch_ids] for doos, batch_ids in dozen.items()}
            yield from _find_lijstschendingen(session, lijst, per_doos)


def _find_keurschendingen(session: Session, oordeel: OordeelRow) -> Iterator[str]:
    batch = storage.load_batch(session, oordeel.batch_id)
    betrokkenen = personen.find_betrokkenen(session, batch)
    if personen.find_ogen(session, oordeel.persoon_id, oordeel.gebeurtenis_id) & betrokkenen.personen:
        yield f"Batch {batch.nummer} is gekeurd door iemand die haar scande of bewerkte."
    if betrokkenen.onbekend:
        namen = join_words(betrokkenen.onbekend)
        yield f"Batch {batch.nummer} is gekeurd, terwijl niet vaststaat wie haar scande of bewerkte: {namen}."
    if not _had_mandaat(session, oordeel.persoon_id, (Rol.CONTROLEUR,), oordeel.op):
        yield f"Batch {batch.nummer} is gekeurd door iemand die toen geen controleur was."


def _find_lijstschendingen(
    session: Session, lijst: VernietigingslijstRow, dozen: Mapping[UUID, list[BatchRow]]
) -> Iterator[str]:
    """Yield what is wrong with who looked, released, ordered and recorded.

    Args:
        dozen: what lay in each doos, by its id in the log, when the list was made.
    """
    alle = {batch.id: batch for batches in dozen.values() for batch in batches}
    vrijgaven = poort.find_vrijgaven(session, lijst.id)
    ogen_ = [personen.find_ogen(session, v.persoon_id, v.gebeurtenis_id) for v in vrijgaven]
    for vrijgave, wie in zip(vrijgaven, ogen_, strict=True):
        yield from _find_deelname(session, wie, alle.values(), "is vrijgegeven")
        if not _had_mandaat(session, vrijgave.persoon_id, (Rol.GEMANDATEERDE,), vrijgave.op):
            yield f"{name_lijst(lijst.naam, 'De lijst')} is vrijgegeven door iemand die toen geen gemandateerde was."
    if len(frozenset().union(*ogen_)) < sum(map(len, ogen_)):
        yield f"{name_lijst(lijst.naam, 'De lijst')} is twee keer vrijgegeven door dezelfde persoon."
    for blik, doos in session.exec(
        select(LaatsteblikRow, DoosRow)
        .join(DoosRow, col(DoosRow.id) == LaatsteblikRow.doos_id)
        .where(LaatsteblikRow.lijst_id == lijst.id)
    ):
        wie = personen.find_ogen(session, blik.persoon_id, blik.gebeurtenis_id)
        yield from _find_deelname(session, wie, dozen.get(doos.log_id, ()), "is voor het laatst bekeken")
        if not _had_mandaat(session, blik.persoon_id, vernietigen.KIJKERS, blik.op):
            yield f"De laatste blik op doos {doos.nummer} is gedaan door iemand die dat toen niet mocht."
    opdracht = vernietigen.find_opdracht(session, lijst.id)
    if opdracht is None:
        return
    uitvoeringen = session.exec(select(UitvoeringRow).where(UitvoeringRow.opdracht_id == opdracht.id)).all()
    for persoon_id, op in [(opdracht.persoon_id, opdracht.op), *((rij.persoon_id, rij.op) for rij in uitvoeringen)]:
        if not _had_mandaat(session, persoon_id, vernietigen.UITVOERDERS, op):
            yield f"Opdracht {opdracht.nummer} is gegeven of afgerond door iemand die dat toen niet mocht."


def _find_deelname(session: Session, wie: frozenset[UUID], batches: Iterable[BatchRow], wat: str) -> Iterator[str]:
    for batch in batches:
        deel = personen.say_deelname(session, batch, wie)
        if deel is not None:
            yield f"Batch {batch.nummer} {wat} door iemand die haar {deel}."


def _had_mandaat(session: Session, persoon_id: UUID, rollen: tuple[Rol, ...], op: str) -> bool:
    return personen.find_mandaat(session, persoon_id, rollen, datetime.fromisoformat(op)) is not None


def answer_periode(basis: Basis, session: Session, van: date, tot: date) -> list[Antwoord]:
    """Answer everything about what happened from day to day, both included."""
    zone = basis.config.algemeen.tijdzone

    def is_in(tijd: str | None) -> bool:
        return tijd is not None and van <= to_local(tijd, zone).date() <= tot

    batches = [b for b in session.exec(select(BatchRow).order_by(col(BatchRow.nummer))) if is_in(b.ontvangen_op)]
    uitvoeringen = [u for u in session.exec(select(UitvoeringRow)) if is_in(u.uitgevoerd_op or u.op)]
    alle_verloren = papier.find_verloren(session, None, *VERNIETIGD, MISLUKT)
    verloren = [v for v in alle_verloren if is_in(v.vernietigd_op or v.op)]
    oordelen = [o for o in session.exec(select(OordeelRow).order_by(col(OordeelRow.op))) if is_in(o.op)]
    controles = [g for g in session.exec(
        select(GebeurtenisRow).where(GebeurtenisRow.soort == "logboek.gecontroleerd")
    ) if is_in(g.op)]  # fmt: skip
    fouten = list(find_schendingen(session))
    afgekeurd = [o for o in oordelen if o.uitslag == "afgekeurd"]
    return [
        Antwoord(
            "Welke batches zijn gescand, onder welk besluit?", tuple(_say_batches(session, batches)) or ("Geen.",)
        ),
        Antwoord(
            "Wat is gekeurd?",
            (
                f"{count_words(len(oordelen), 'oordeel', 'oordelen')}, waarvan {len(afgekeurd)} afgekeurd.",
                *(f"{o.op}: batch {storage.load_batch(session, o.batch_id).nummer} {o.uitslag}." for o in oordelen),
            ),
        ),
        Antwoord(
            "Wat is vernietigd?",
            (
                *(
                    f"Doos {session.get_one(DoosRow, u.doos_id).nummer}: {u.uitkomst} ({u.uitgevoerd_op or u.op})."
                    for u in uitvoeringen
                ),
                *(v.say() for v in verloren),
            )
            or ("Niets.",),
            in_orde=not any(u.belemmeringen or papier.find_deels(session, u.doos_id) for u in uitvoeringen)
            and all(v.soort == "vernietiging.uitgevoerd" for v in verloren),
        ),
        Antwoord("Zijn er schendingen van vier ogen?", tuple(fouten) or ("Nee.",), in_orde=not fouten),
        *_answer_mensen(session, is_in),
        _answer_stops_in(session, is_in),
        _answer_uitzonderingen_in(session, is_in),
        Antwoord(
            "Keek een auditor het logboek na, en wat vond die?",
            tuple(
                f"{g.op}: {count_words(g.gegevens['omvang'], 'gebeurtenis', 'gebeurtenissen')}, "
                f"{'' if g.gegevens['in_orde'] else 'NIET '}in orde."
                for g in controles
            )
            or ("Niet in deze periode. Een auditor doet dat met: scanstraat logboek controleer --als NAAM",),
            in_orde=bool(controles) and all(g.gegevens["in_orde"] for g in controles),
        ),
    ]


def _answer_mensen(session: Session, is_in: Callable[[str | None], bool]) -> Iterator[Antwoord]:
    """Answer who got or lost what, by the events: whoever may decide can make others who may."""
    namen = {actor.log_id: actor.naam for actor in session.exec(select(ActorRow))}
    mandaten = {mandaat.log_id: mandaat for mandaat in session.exec(select(MandaatRow))}

    def tell(soorten: Mapping[str, Callable[[GebeurtenisRow], str]]) -> tuple[str, ...]:
        rijen = session.exec(
            select(GebeurtenisRow)
            .where(col(GebeurtenisRow.soort).in_(soorten))
            .order_by(col(GebeurtenisRow.volgnummer))
        )
        return tuple(
            f"{rij.op}: {soorten[rij.soort](rij)} Door {namen.get(rij.actor_log_id, 'onbekend')}."
            for rij in rijen
            if is_in(rij.op)
        )

    def name(rij: GebeurtenisRow) -> str:
        return namen.get(rij.onderwerp_log_id, "onbekend")

    def say_mandaat(rij: GebeurtenisRow, wat: str) -> str:
        mandaat = mandaten.get(UUID(rij.gegevens["mandaat"]))
        if mandaat is None:
            return f"mandaat van {name(rij)} {wat}; het staat niet meer in de database."
        return (
            f"mandaat van {name(rij)} als {personen.Rol(mandaat.rol).woorden} {wat}, van {mandaat.van} tot "
            f"{mandaat.tot or 'onbepaald'}: {mandaat.grondslag}."
        )

    def say_naam(rij: GebeurtenisRow) -> str:
        ander = rij.gegevens.get("wie")  # the first version of this event does not say
        return f"{name(rij)} is ook {'iemand anders' if ander is None else namen.get(UUID(ander), 'onbekend')}."

    def say_scanoperator(rij: GebeurtenisRow) -> str:
        batch = session.exec(select(BatchRow.nummer).where(BatchRow.log_id == rij.onderwerp_log_id)).first()
        wie = rij.gegevens.get("wie")
        return f"batch {batch} is gescand door {namen.get(UUID(wie), 'onbekend') if wie else 'iemand'}."

    niets = ("Geen.",)
    yield Antwoord(
        "Wie kwam erbij, en onder welke namen?",
        tell({"persoon.vastgelegd": lambda rij: f"{name(rij)} toegevoegd.", "persoon.naam": say_naam}) or niets,
    )
    yield Antwoord(
        "Welke mandaten zijn gegeven of ingetrokken?",
        tell(
            {
                "mandaat.verleend": lambda rij: say_mandaat(rij, "gegeven"),
                "mandaat.ingetrokken": lambda rij: say_mandaat(rij, "ingetrokken"),
            }
        )
        or niets,
    )
    wachten = [p.naam for p in personen.load_personen(session) if personen.find_ingesteld(session, p.id) is not None]
    yield Antwoord(
        "Welke aanmeldingen zijn ingesteld of bevestigd?",
        (
            *tell(
                {
                    ogen.INGESTELD: lambda rij: f"aanmelding van {name(rij)} ingesteld.",
                    ogen.BEVESTIGD: lambda rij: f"aanmelding van {name(rij)} bevestigd.",
                }
            ),
            *(f"Nu door een ander ingesteld en niet bevestigd: {naam}." for naam in wachten),
        )
        or niets,
        in_orde=not wachten,
    )
    yield Antwoord("Van welke batches is vastgelegd wie scande?", tell({scanoperator.SOORT: say_scanoperator}) or niets)


def _answer_stops_in(session: Session, is_in: Callable[[str | None], bool]) -> Antwoord:
    gevonden = [stops.build_stop(session, stop) for stop in stops.find_stops(session, alles=True)]
    return Antwoord(
        "Welke stops zijn geplaatst of opgeheven, door wie en waarom?",
        tuple(
            f"{stops.SOORTEN[stops.Stopsoort(s['soort'])]} op {s['over']} {s['wat']}: geplaatst op {s['geplaatst_op']} "
            f"door {s['geplaatst_door']}: {s['reden']}."
            + (
                f" Opgeheven op {s['opgeheven_op']} door {s['opgeheven_door']}: {s['opheffingsreden']}."
                if s["opgeheven_op"]
                else " Hij loopt nog."
            )
            for s in gevonden
            if is_in(s["geplaatst_op"]) or is_in(s["opgeheven_op"])
        )
        or ("Geen.",),
    )


def _answer_uitzonderingen_in(session: Session, is_in: Callable[[str | None], bool]) -> Antwoord:
    rijen = [u for u in session.exec(select(UitzonderingRow)) if is_in(u.op) or is_in(u.ingetrokken_op)]
    ids = list(dict.fromkeys(u.document_id for u in rijen))
    antwoord = _answer_uitzonderingen(session, [storage.load_document(session, id_) for id_ in ids])
    return replace(antwoord, vraag="Welk papier werd een uitzondering, of is dat niet meer?")


def _say_batches(session: Session, batches: Iterable[BatchRow]) -> Iterator[str]:
    for batch in batches:
        binding = besluiten.find_binding(session, batch.id)
        besluit = "geen besluit" if binding is None else f"{binding.besluit.nummer} versie {binding.besluit.versie}"
        yield f"{batch.nummer}: {batchstatus.find_batchstatus(session, batch).value}, {besluit}."


def answer_regel(session: Session, nummer: int) -> list[Antwoord]:
    """Answer what a line of the log is about, back to the scan.

    Raises:
        NietGevondenError: the log has no such line.
    """
    rij = session.exec(
        select(GebeurtenisRow)
        .join(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
        .where(LogregelRow.nummer == nummer)
    ).first()
    if rij is None:
        raise NietGevondenError(
            f"Regel {nummer} staat niet in het logboek. `scanstraat logboek` toont hoeveel er zijn."
        )
    actor = session.exec(select(ActorRow).where(ActorRow.log_id == rij.actor_log_id)).first()
    verpakt = session.exec(select(VerpaktRow).where(VerpaktRow.gebeurtenis_id == rij.id)).all()
    return [
        Antwoord(
            f"Wat staat er op regel {nummer}?",
            (
                f"{rij.soort}, {rij.op}, door {'onbekend' if actor is None else actor.naam}.",
                *(f"{naam}: {_say_waarde(naam, waarde)}" for naam, waarde in sorted(rij.gegevens.items())),
                *(f"{v.veld} is: {v.inhoud or 'gewist'}" for v in verpakt),
            ),
        ),
        Antwoord("Waar gaat die regel over?", tuple(_say_onderwerp(session, rij.onderwerp_log_id))),
    ]


def _say_waarde(naam: str, waarde: Any) -> Any:
    """Return a value of the log as people write it; the log has no capitals."""
    if isinstance(waarde, bool):
        return "ja" if waarde else "nee"
    return str(waarde).upper() if naam == "niveau" else waarde


def _say_onderwerp(session: Session, log_id: UUID) -> Iterator[str]:
    versie = session.exec(select(DocumentversieRow).where(DocumentversieRow.log_id == log_id)).first()
    if versie is not None:
        batch = storage.load_batch(session, storage.load_document(session, versie.document_id).batch_id)
        yield f"Versie {versie.n} van document {versie.document_id}, batch {batch.nummer}."
        yield f"Bekijk de scan met: scanstraat document {str(versie.document_id)[:8]} --naar brief.pdf"
        return
    tabellen: tuple[tuple[Any, str], ...] = (
        (BatchRow, "Batch"), (DoosRow, "Doos"), (VerklaringRow, "Verklaring"), (BesluitRow, "Besluit"),
    )  # fmt: skip
    for tabel, wat in tabellen:
        rij = session.exec(select(tabel).where(tabel.log_id == log_id)).first()
        if rij is not None:
            yield f"{wat} {rij.nummer}."
            yield from _say_documenten(_find_documenten(session, rij))
            return
    stop = session.exec(select(StopRow).where(StopRow.log_id == log_id)).first()
    if stop is not None:
        yield f"Stop {str(stop.id)[:8]} op {stop.over} {stops.build_stop(session, stop)['wat']}."
        return
    lijst = session.exec(select(VernietigingslijstRow).where(VernietigingslijstRow.log_id == log_id)).first()
    actor = session.exec(select(ActorRow).where(ActorRow.log_id == log_id)).first()
    yield (
        f"{name_lijst(lijst.naam, 'De vernietigingslijst')}."
        if lijst is not None
        else f"{actor.naam}."
        if actor is not None
        else "Iets dat alleen in het logboek een nummer heeft."
    )
    if lijst is not None:
        dozen = poort.load_dozen(session, lijst.id)
        yield from _say_documenten([d for doos in dozen for d in papier.find_documenten(session, doos.id)])


def _find_documenten(session: Session, rij: Any) -> list[DocumentRow]:
    """Return the documents of a batch, or those with paper in a doos."""
    if isinstance(rij, DoosRow):
        return papier.find_documenten(session, rij.id)
    if not isinstance(rij, BatchRow):
        return []
    return list(
        session.exec(
            select(DocumentRow)
            .where(DocumentRow.batch_id == rij.id, col(DocumentRow.vervallen_op).is_(None))
            .order_by(col(DocumentRow.volgorde))
        )
    )


def _say_documenten(documenten: Sequence[DocumentRow]) -> Iterator[str]:
    """Say in which scans this is to be seen; of very many the first ones."""
    for document in documenten[:MEESTE_DOCUMENTEN]:
        yield f"Document {str(document.id)[:8]}: scanstraat document {str(document.id)[:8]} --naar brief.pdf"
    if len(documenten) > MEESTE_DOCUMENTEN:
        yield f"En nog {count_words(len(documenten) - MEESTE_DOCUMENTEN, 'document', 'documenten')}."


def _answer_regels(session: Session, onderwerpen: Iterable[UUID]) -> Antwoord:
    rijen = session.exec(
        select(LogregelRow.nummer, GebeurtenisRow.op, GebeurtenisRow.soort)
        .join(GebeurtenisRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
        .where(col(GebeurtenisRow.onderwerp_log_id).in_(list(onderwerpen)))
        .order_by(col(LogregelRow.nummer))
    )
    return Antwoord(
        "Op welke regels van het logboek staat dit?",
        tuple(f"regel {nummer}: {op} {soort}" for nummer, op, soort in rijen) or ("Nog op geen enkele.",),
    )
