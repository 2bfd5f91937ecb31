"""The fourteen facts about a vernietigingslijst, each looked up anew and each with its evidence.

What takes long (re-reading every byte, asking the zaaksysteem) is asked before the transaction of a release, an order
or an execution; what may change at any moment (stops, approvals, releases) is asked inside it. Nothing is remembered of
an earlier answer. An error is an answer as well: not established.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.tables import BevindingRow
from kwaliteitscontrole.woorden import count_words, join_words, name_lijst
from scanstraat import (
    backup,
    batchstatus,
    besluiten,
    db,
    logboek,
    papier,
    personen,
    rijcontrole,
    rijen,
    stops,
    storage,
    verankering,
    verzegelen,
)
from scanstraat.bootstrap import Basis
from scanstraat.domain import ONBEKEND, Vingerafdruk, to_local
from scanstraat.errors import NietGevondenError, NietMogelijkError, ScanstraatError
from scanstraat.intake.opslag import Objectstaat
from scanstraat.rijen import Wat
from scanstraat.tables import (
    AfleveringRow,
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
    ScanmapBestandRow,
)
from scanstraat.tables_bewijs import (
    DoosbladRow,
    DoosRow,
    LaatsteblikRow,
    LijstdoosRow,
    OordeelRow,
    OpdrachtRow,
    UitzonderingRow,
    VernietigingslijstRow,
    VrijgaveRow,
)
from scanstraat.technisch_log import describe_fout
from vernietiging.beleid import GEEN, Beleid
from vernietiging.errors import VernietigingError
from vernietiging.gebeurtenis import canonical_json
from vernietiging.grondslag import Aanvraag, Antwoord, Feit
from vernietiging.tegels import Tegelmap

Meld = Callable[[int, int], None]
MEESTE_REDENEN = 8  # of one fact; more are counted
_INGESTELD = "een ander had die aanmelding opnieuw ingesteld, en niemand had dat bevestigd. Meld dit bij de archivaris."
_BUITENOM = "Iemand heeft de database buiten de scanstraat om gewijzigd. Meld dit bij de archivaris."
_MAAK_NIEUW = (  # in this order: after a check that found damage, the next back-up replaces what is damaged
    "Voer achter elkaar uit: scanstraat back-up controleer, scanstraat back-up maak, scanstraat back-up controleer"
)
NIEUWSTE = 2**53  # behind every line of the log: what is written now

_log = structlog.get_logger("poort")


@dataclass(frozen=True)
class Documentdossier:
    """A document that a list would destroy the paper of, as it is now."""

    document: DocumentRow
    versie: DocumentversieRow
    aflevering: AfleveringRow | None
    paginas: int


@dataclass(frozen=True)
class Batchdossier:
    """What of one batch lies in the dozen of a list."""

    batch: BatchRow
    documenten: tuple[Documentdossier, ...]
    bronnen: frozenset[str]  # hashes of the masters: of every side that lies there, and of every page of a document
    beelden: frozenset[UUID]


@dataclass(frozen=True)
class Dossier:
    """Everything that the facts look at."""

    lijst: VernietigingslijstRow
    dozen: tuple[DoosRow, ...]
    batches: tuple[Batchdossier, ...]

    @property
    def documenten(self) -> list[Documentdossier]:
        """Every document of every batch."""
        return [document for batch in self.batches for document in batch.documenten]

    @property
    def objecten(self) -> frozenset[str]:
        """Hashes of every stored file that must outlive the paper."""
        gevonden = {sha256 for batch in self.batches for sha256 in batch.bronnen}
        for document in self.documenten:
            versie = document.versie
            gevonden |= {
                sha256
                for sha256 in (
                    versie.pdf_sha256,
                    versie.manifest_sha256,
                    versie.pdfa_rapport_sha256,
                    versie.getrouwheid_rapport_sha256,
                )
                if sha256 is not None
            }
        return frozenset(gevonden)


# --- what the list is about ---------------------------------------------------------------------------------------


def load_dossier(session: Session, lijst_id: UUID, *, zonder_vernietigd: bool = False) -> Dossier:
    """Return what lies in the dozen of a list now.

    Args:
        zonder_vernietigd: leave out dozen whose paper is gone: what happens to them now holds the others no more.
    """
    lijst = session.get_one(VernietigingslijstRow, lijst_id)
    dozen = load_dozen(session, lijst_id)
    if zonder_vernietigd:
        dozen = tuple(doos for doos in dozen if papier.find_vernietigd_op(session, doos.id) is None)
    ids = [doos.id for doos in dozen]
    batches = session.exec(
        select(BatchRow)
        .where(
            col(BatchRow.id).in_(
                select(BladRow.batch_id)
                .join(DoosbladRow, col(DoosbladRow.blad_id) == BladRow.id)
                .where(col(DoosbladRow.doos_id).in_(ids), col(DoosbladRow.uit_op).is_(None))
            )
        )
        .order_by(col(BatchRow.nummer))
    ).all()
    return Dossier(lijst, dozen, tuple(_load_batch(session, batch, ids) for batch in batches))


def load_dozen(session: Session, lijst_id: UUID) -> tuple[DoosRow, ...]:
    """Return the dozen that stand on a list, by number."""
    return tuple(
        session.exec(
            select(DoosRow)
            .join(LijstdoosRow, col(LijstdoosRow.doos_id) == DoosRow.id)
            .where(LijstdoosRow.lijst_id == lijst_id, col(LijstdoosRow.eraf_op).is_(None))
            .order_by(col(DoosRow.nummer))
        )
    )


def _load_batch(session: Session, batch: BatchRow, dozen: list[UUID]) -> Batchdossier:
    bladen = (
        select(DoosbladRow.blad_id)
        .join(BladRow, col(BladRow.id) == DoosbladRow.blad_id)
        .where(BladRow.batch_id == batch.id, col(DoosbladRow.doos_id).in_(dozen), col(DoosbladRow.uit_op).is_(None))
    )
    in_dozen = session.exec(
        select(BeeldRow.id, BronRow.sha256)
        .join(BronRow, col(BronRow.id) == BeeldRow.bron_id)
        .where(col(BeeldRow.blad_id).in_(bladen))
    ).all()
    ids = list(session.exec(papier.select_documenten(bladen)).scalars())
    van_paginas = session.exec(  # a herscan has no sheet in the doos, its paper has
        select(BronRow.sha256)
        .join(BeeldRow, col(BeeldRow.bron_id) == BronRow.id)
        .where(col(BeeldRow.document_id).in_(ids))
    )
    paginas = sa.func.count(sa.distinct(col(PaginaRow.nummer)))
    rijen = session.exec(
        select(DocumentRow, DocumentversieRow, AfleveringRow, paginas)
        .join(DocumentversieRow, col(DocumentversieRow.document_id) == DocumentRow.id)
        .outerjoin(
            AfleveringRow,
            sa.and_(
                col(AfleveringRow.documentversie_id) == DocumentversieRow.id, col(AfleveringRow.ontkoppeld_op).is_(None)
            ),
        )
        .outerjoin(PaginaRow, col(PaginaRow.documentversie_id) == DocumentversieRow.id)
        .where(col(DocumentversieRow.id).in_(storage.select_newest_versies(batch.id)), col(DocumentRow.id).in_(ids))
        .group_by(col(DocumentRow.id), col(DocumentversieRow.id), col(AfleveringRow.id))
        .order_by(col(DocumentRow.volgorde))
    )
    return Batchdossier(
        batch,
        tuple(Documentdossier(*rij) for rij in rijen),
        frozenset([*(sha256 for _, sha256 in in_dozen), *van_paginas]),
        frozenset(beeld_id for beeld_id, _ in in_dozen),
    )


def build_inhoud(session: Session, lijst_log_id: UUID, dozen: Iterable[DoosRow]) -> dict[str, Any]:
    """Return what a list is about, as plain values: each doos with its sheets, and each batch as it is sealed.

    Raises:
        NietMogelijkError: a doos is open or empty, a batch in it is not sealed, or there are several besluiten.
    """
    rijen = []
    besluit_ids: set[UUID] = set()
    for doos in dozen:
        if doos.gesloten_op is None:
            raise NietMogelijkError(f"Doos {doos.nummer} staat nog open. Sluit haar eerst: scanstraat doos sluit")
        inhoud = papier.load_inhoud(session, doos.id)
        besluit_ids |= {_load_binding(session, batch).rij.id for batch, _ in inhoud}
        if not inhoud:
            raise NietMogelijkError(f"Doos {doos.nummer} is leeg.")
        rijen.append(
            {
                "doos": str(doos.log_id),
                "batches": [
                    {
                        "batch": str(batch.log_id),
                        "bladen": papier.format_bladen(blad.nummer for blad in bladen),
                        "manifest": _load_manifest(session, batch),
                        "besluit": _load_binding(session, batch).rij.inhoud_sha256,
                    }
                    for batch, bladen in inhoud
                ],
            }
        )
    if len(besluit_ids) > 1:
        raise NietMogelijkError("In deze dozen liggen batches van verschillende besluiten. Maak per besluit een lijst.")
    return {"schema": "scanstraat.vernietigingslijst/1", "lijst": str(lijst_log_id), "dozen": rijen}


def _load_binding(session: Session, batch: BatchRow) -> besluiten.Binding:
    binding = besluiten.find_binding(session, batch.id)
    if binding is None:
        raise NietMogelijkError(f"Batch {batch.nummer} valt nog onder geen besluit. Bind haar: scanstraat besluit bind")
    return binding


def _load_manifest(session: Session, batch: BatchRow) -> str:
    verzegeling = verzegelen.find_verzegeling(session, batch.id)
    if verzegeling is None:
        wacht = verzegelen.say_wat_wacht(session, batch)
        raise NietMogelijkError(
            f"{wacht} Laat haar daarna keuren, en maak dan de lijst."
            if wacht
            else f"Batch {batch.nummer} is geleverd, maar nog niet gekeurd zoals zij nu is. Laat haar eerst keuren: "
            f"scanstraat keur {batch.nummer}"
        )
    return verzegeling.manifest_sha256


# --- asking -------------------------------------------------------------------------------------------------------


def ask_bytes(basis: Basis, dossier: Dossier, *, meld: Meld) -> dict[Feit, Antwoord]:
    """Ask what takes long: both copies, the zaaksysteem and the back-up. Outside any transaction."""
    gelezen = len(dossier.objecten)
    teruggelezen = gelezen + len(dossier.documenten)
    totaal = teruggelezen + gelezen
    staten = _ask_all(lambda: _read_objecten(basis, dossier, lambda gedaan: meld(gedaan, totaal)))
    return {
        Feit.ORIGINEEL_GELIJK: _ask(lambda: _check_origineel(staten)),
        Feit.KOPIE_GELIJK: _ask(lambda: _check_kopie(basis, staten)),
        Feit.ZAAKSYSTEEM_GELIJK: _ask(
            lambda: _check_zaaksysteem(basis, dossier, lambda gedaan: meld(gelezen + gedaan, totaal))
        ),
        Feit.IN_BACKUP: _ask(lambda: _check_backup(basis, dossier, lambda gedaan: meld(teruggelezen + gedaan, totaal))),
    }


def ask_record(
    basis: Basis, session: Session, dossier: Dossier, zaaktypen: Callable[[], Mapping[str, str]]
) -> dict[Feit, Antwoord]:
    """Ask what the record says, in the transaction of the decision.

    Args:
        zaaktypen: gives, or raises, what `ask_zaaktypen` found before.
    """
    vragen: dict[Feit, Callable[[], Antwoord]] = {
        Feit.PDFA_CONFORM: lambda: _check_pdfa(dossier),
        Feit.GETROUW: lambda: _check_getrouw(basis, dossier),
        Feit.BEELD_IN_ORDE: lambda: _check_beeld(session, dossier),
        Feit.GOEDGEKEURD: lambda: _check_goedgekeurd(session, dossier),
        Feit.BINNEN_BESLUIT: lambda: _check_besluit(basis, session, dossier, zaaktypen()),
        Feit.GEEN_STOP: lambda: _check_stops(session, dossier),
        Feit.GEEN_UITZONDERING: lambda: _check_uitzonderingen(session, dossier),
        Feit.LAATSTE_BLIK: lambda: _check_laatste_blik(session, dossier),
        Feit.VRIJGEGEVEN: lambda: _check_vrijgaven(basis, session, dossier),
        Feit.VERANKERD: lambda: _check_verankerd(basis, session, dossier),
    }
    antwoorden = {feit: _ask(vraag) for feit, vraag in vragen.items()}
    try:
        verschillen = _find_verschillen(basis, session, dossier)
    except Exception as exc:  # as in `_ask`: what cannot be compared is not established
        _log.error("rijen_niet_te_vergelijken", **describe_fout(exc))
        verschillen = {feit: ["Of de database is zoals is vastgelegd, kon niet worden onderzocht."] for feit in vragen}
    for feit, redenen in verschillen.items():
        oud = antwoorden[feit]
        antwoorden[feit] = _answer([*oud.redenen, *redenen], oud.bewijs, oud.op)
    return antwoorden


# Which fact closes when rows of a kind were changed outside the product; what is not here closes the approval.
_RUST_OP: Mapping[Wat, Feit] = {
    Wat.DOCUMENT: Feit.PDFA_CONFORM,
    Wat.BATCH: Feit.BINNEN_BESLUIT,
    Wat.SCANOPERATOR: Feit.BEELD_IN_ORDE,
    Wat.PAGINA: Feit.GETROUW,
    Wat.DUBBEL: Feit.BEELD_IN_ORDE,
    Wat.BEVINDING: Feit.BEELD_IN_ORDE,
    Wat.BESLUIT: Feit.BINNEN_BESLUIT,
    Wat.BINDING: Feit.BINNEN_BESLUIT,
    Wat.TERMIJN: Feit.BINNEN_BESLUIT,
    Wat.ZAAK: Feit.BINNEN_BESLUIT,
    Wat.STOP: Feit.GEEN_STOP,
    Wat.UITZONDERING: Feit.GEEN_UITZONDERING,
    Wat.LAATSTE_BLIK: Feit.LAATSTE_BLIK,
    Wat.VRIJGAVE: Feit.VRIJGEGEVEN,
    Wat.OPDRACHT: Feit.VRIJGEGEVEN,
    Wat.UITVOERING: Feit.VRIJGEGEVEN,
}


def _find_verschillen(basis: Basis, session: Session, dossier: Dossier) -> dict[Feit, list[str]]:
    """Return, by fact, where the rows it rests on are not what the events say, or these not what was sealed."""
    ids = {dossier.lijst.log_id, *(doos.log_id for doos in dossier.dozen), *(b.batch.log_id for b in dossier.batches)}
    gevonden: dict[Feit, list[str]] = {}
    for verschil in (
        *rijcontrole.find_verschillen(session, ids, basis.opslag),
        *rijcontrole.find_andere_regels(session, Tegelmap(basis.config.logboek.map), ids),
    ):
        waarom = rijen.BEKEND if verschil.bekend else _BUITENOM
        gevonden.setdefault(_RUST_OP.get(verschil.wat, Feit.GOEDGEKEURD), []).append(f"{verschil.tekst} {waarom}")
    return gevonden


def ask_zaaktypen(basis: Basis, dossier: Dossier) -> Callable[[], Mapping[str, str]]:
    """Ask the zaaksysteem outside any transaction; a question that failed is answered where its fact is asked."""
    try:
        gevonden = besluiten.ask_zaaktypen(basis, (d.document.zaakidentificatie for d in dossier.documenten))
    except Exception as exc:  # as in `_ask`: the fact is then not established
        fout = exc

        def fail() -> Mapping[str, str]:
            raise fout

        return fail
    return lambda: gevonden


def lock_batches(session: Session, dossier: Dossier) -> None:
    """Hold every batch of a list until the end of the transaction."""
    for batch_id in sorted(b.batch.id for b in dossier.batches):
        storage.lock_batch(session, batch_id)


def forget_changed(gelezen: Dossier, nu: Dossier, antwoorden: Mapping[Feit, Antwoord]) -> dict[Feit, Antwoord]:
    """Return the answers about the bytes, or "not established" when the list holds other files than were read."""
    if gelezen.objecten == nu.objecten and _list_leveringen(gelezen) == _list_leveringen(nu):
        return dict(antwoorden)
    reden = "De inhoud van de dozen veranderde tijdens het onderzoek. Probeer het opnieuw."
    return {feit: Antwoord(None, _now(), redenen=(reden,)) for feit in antwoorden}


def _list_leveringen(dossier: Dossier) -> list[tuple[UUID, UUID | None]]:
    return [(d.versie.id, None if d.aflevering is None else d.aflevering.id) for d in dossier.documenten]


def build_feiten(aanvraag: Aanvraag, lijst: VernietigingslijstRow) -> bytes:
    """Return every fact with its evidence, as the bytes that are kept and that the log commits to."""
    return canonical_json(
        {
            "schema": "scanstraat.feiten/1",
            "lijst": str(lijst.log_id),
            "inhoud": aanvraag.inhoud,
            "feiten": [
                {
                    "feit": feit.value,
                    "waar": antwoord.waar is True,
                    "op": db.format_time(antwoord.op),
                    "bewijs": dict(antwoord.bewijs),
                }
                for feit, antwoord in aanvraag.antwoorden.items()
            ],
        }
    )


def _ask(vraag: Callable[[], Antwoord]) -> Antwoord:
    """Return what a question answers; an error of whatever kind is an answer too: not established."""
    try:
        return vraag()
    except (ScanstraatError, VernietigingError) as exc:
        return Antwoord(None, _now(), {"fout": type(exc).__name__}, (str(exc),))
    except Exception as exc:  # a fact that cannot be looked up is not true, whatever went wrong
        _log.error("feit_niet_vast_te_stellen", **describe_fout(exc))
        return Antwoord(
            None, _now(), {"fout": type(exc).__name__}, ("Dit kon niet worden onderzocht: er ging iets mis.",)
        )


def _ask_all(vraag: Callable[[], Mapping[str, Any]]) -> Callable[[], Mapping[str, Any]]:
    """Ask once for two facts; when it fails both fail, each by itself."""
    uitkomst: list[Mapping[str, Any]] = []

    def answer() -> Mapping[str, Any]:
        if not uitkomst:
            uitkomst.append(vraag())
        return uitkomst[0]

    return answer


def _now() -> datetime:
    return datetime.now(UTC)


def _answer(redenen: Iterable[str], bewijs: Mapping[str, Any], op: datetime | None = None) -> Antwoord:
    """Return yes without reasons, and no with them; very many are counted."""
    uniek = list(dict.fromkeys(redenen))
    if len(uniek) > MEESTE_REDENEN:
        rest = len(uniek) - MEESTE_REDENEN
        uniek = [*uniek[:MEESTE_REDENEN], f"En nog {count_words(rest, 'reden', 'redenen')} van dit soort."]
    return Antwoord(not uniek, op or _now(), bewijs, tuple(uniek))


# --- 1 to 4: the bytes --------------------------------------------------------------------------------------------


def _read_objecten(basis: Basis, dossier: Dossier, meld: Callable[[int], None]) -> dict[str, Any]:
    """Re-read both copies of every object; the time is that of the first one read."""
    begonnen = _now()
    with db.read(basis.engine) as session:
        verwacht = {
            sha256: Vingerafdruk(rij.sha256, rij.sha512, rij.omvang_bytes)
            for sha256 in dossier.objecten
            if (rij := session.get(ObjectRow, sha256)) is not None
        }
    staten = {}
    for nummer, sha256 in enumerate(sorted(dossier.objecten), start=1):
        if sha256 in verwacht:
            staten[sha256] = basis.opslag.controleer(sha256, verwacht[sha256])
        meld(nummer)
    onbekend = sorted(dossier.objecten - set(verwacht))
    return {"op": begonnen, "staten": staten, "onbekend": onbekend}


def _check_origineel(lees: Callable[[], Mapping[str, Any]]) -> Antwoord:
    gelezen = lees()
    slecht = [s for s, staat in gelezen["staten"].items() if staat.origineel is not Objectstaat.IN_ORDE]
    slecht += gelezen["onbekend"]
    redenen = []
    if slecht:
        redenen.append(
            f"{count_words(len(slecht), 'bewaard bestand is', 'bewaarde bestanden zijn')} beschadigd of weg. Herstel "
            "dat eerst: scanstraat opslag controleer"
        )
    if not gelezen["staten"]:
        redenen.append("Er is geen enkel bestand om te lezen.")
    return _answer(redenen, {"objecten": sorted(gelezen["staten"])}, gelezen["op"])


def _check_kopie(basis: Basis, lees: Callable[[], Mapping[str, Any]]) -> Antwoord:
    gelezen = lees()
    if basis.config.opslag.kopie is None:
        return _answer(["Er is geen tweede kopie ingesteld. Noem bij [opslag] een kopie op een ander apparaat."], {})
    slecht = [s for s, staat in gelezen["staten"].items() if staat.kopie is not Objectstaat.IN_ORDE]
    redenen = []
    if slecht or gelezen["onbekend"]:
        redenen.append(
            f"Van {count_words(len(slecht) + len(gelezen['onbekend']), 'bestand', 'bestanden')} is de tweede kopie "
            "beschadigd of weg. Herstel dat eerst: scanstraat opslag controleer"
        )
    return _answer(redenen, {"objecten": len(gelezen["staten"])}, gelezen["op"])


def _check_zaaksysteem(basis: Basis, dossier: Dossier, meld: Callable[[int], None]) -> Antwoord:
    begonnen, redenen, gelijk = _now(), [], 0
    for nummer, d in enumerate(dossier.documenten, start=1):
        wie = f"Document {str(d.document.id)[:8]}"
        aflevering = d.aflevering
        if aflevering is None or aflevering.bevestigd_op is None or aflevering.informatieobject is None:
            redenen.append(f"{wie} staat niet bevestigd in zijn zaak.")
        elif aflevering.versie_in_zaaksysteem is None:
            redenen.append(f"Van {wie.lower()} is niet bekend welke versie het zaaksysteem heeft.")
        else:
            terug = basis.zaaksysteem.lees_terug(aflevering.informatieobject, aflevering.versie_in_zaaksysteem)
            if terug.sha256 == d.versie.pdf_sha256:
                gelijk += 1
            else:
                redenen.append(f"{wie}: het zaaksysteem geeft andere bytes terug. Waarschuw de functioneel beheerder.")
        meld(nummer)
    return _answer(redenen, {"gelijk": gelijk, "zaaksysteem": basis.zaaksysteem.naam}, begonnen)


def _check_backup(basis: Basis, dossier: Dossier, meld: Callable[[int], None]) -> Antwoord:
    begonnen = _now()
    with db.read(basis.engine) as session:
        redenen = [f"{v.tekst} {_BUITENOM}" for v in rijcontrole.compare_backups(session)]
    gelezen = backup.read_back(basis, dossier.objecten, meld=meld)
    if gelezen.ontbreekt:
        redenen.append(
            f"{count_words(gelezen.ontbreekt, 'bestand staat', 'bestanden staan')} nog niet in een gecontroleerde "
            "back-up. Maak en controleer een nieuwe: scanstraat back-up maak"
        )
    if gelezen.beschadigd:
        redenen.append(
            f"{count_words(gelezen.beschadigd, 'bestand is', 'bestanden zijn')} in de back-up beschadigd of weg. "
            f"{_MAAK_NIEUW}"
        )
    redenen += [f"In de back-up: {probleem} {_MAAK_NIEUW}" for probleem in gelezen.problemen]
    return _answer(redenen, {"back-up": gelezen.inhoud, "objecten": len(dossier.objecten)}, begonnen)


# --- 5 to 7: the proofs -------------------------------------------------------------------------------------------


def _check_pdfa(dossier: Dossier) -> Antwoord:
    slecht = [d for d in dossier.documenten if d.versie.pdfa_conform is not True or not d.versie.pdfa_rapport_sha256]
    return _answer(
        (f"Document {str(d.document.id)[:8]} heeft geen geldig PDF/A-bestand." for d in slecht),
        {"rapporten": sorted(str(d.versie.pdfa_rapport_sha256) for d in dossier.documenten)},
    )


def _check_getrouw(basis: Basis, dossier: Dossier) -> Antwoord:
    redenen = []
    for d in dossier.documenten:
        wie = f"Document {str(d.document.id)[:8]}"
        if d.versie.getrouw is not True or not d.versie.getrouwheid_rapport_sha256:
            redenen.append(f"{wie}: het bewijs dat het archiefbestand de scans toont ontbreekt.")
        elif d.versie.manifest_sha256 is None or _count_manifest(basis, d.versie.manifest_sha256) != d.paginas:
            redenen.append(f"{wie}: het aantal pagina's klopt niet met het manifest.")
    return _answer(redenen, {"paginas": sum(d.paginas for d in dossier.documenten)})


def _count_manifest(basis: Basis, sha256: str) -> int:
    with os.fdopen(basis.opslag.open_fd(sha256), "rb") as bestand:
        return len(json.load(bestand)["paginas"])


def _check_beeld(session: Session, dossier: Dossier) -> Antwoord:
    redenen = [reden for b in dossier.batches for reden in _find_beeldredenen(session, b.batch)]
    return _answer(redenen, {"batches": len(dossier.batches)})


def _find_beeldredenen(session: Session, batch: BatchRow) -> list[str]:
    redenen: list[str] = []
    for bevinding in session.exec(
        select(BevindingRow).where(BevindingRow.batch_id == batch.id, col(BevindingRow.vervallen_op).is_(None))
    ):
        if not bevinding.vervangbaar:
            redenen.append(f"Batch {batch.nummer} is gescand, nog niet vervangbaar: {bevinding.tekst}")
        elif bevinding.afgehandeld_op is None and bevinding.ernst in (Ernst.ERNSTIG, Ernst.KRITIEK):
            redenen.append(f"In batch {batch.nummer} is nog iets niet afgehandeld: {bevinding.tekst}")
    redenen += _find_mensen(session, batch)
    if batch.dubbel_van is not None:
        redenen.append(f"Batch {batch.nummer} heeft dezelfde bestanden als een eerdere batch.")
    if _has_quarantaine(session, batch):
        redenen.append(f"Van batch {batch.nummer} ligt een bestand in quarantaine.")
    return redenen


def find_niet_vervangbaar(basis: Basis, session: Session, batch: BatchRow) -> list[str]:
    """Return, in Dutch, why the paper of a batch could not be replaced as it was scanned; its mail flows on anyway.

    Of what the record knows by itself: settings, findings, who scanned it, which besluit. The poort asks much more.
    """
    binding = besluiten.find_binding(session, batch.id)
    anders = (
        [f"Batch {batch.nummer} valt nog onder geen besluit."]
        if binding is None
        else besluiten.find_afwijkingen(session, batch, binding.besluit, basis.config.algemeen.tijdzone)
    )
    return list(dict.fromkeys([*_find_beeldredenen(session, batch), *anders]))


def _find_mensen(session: Session, batch: BatchRow) -> list[str]:
    if batch.scanoperator == ONBEKEND:
        return [
            f"Van batch {batch.nummer} is niet bekend wie haar scande. Een functioneel beheerder zegt dat met: "
            "scanstraat scanoperator"
        ]
    if not personen.is_zoals_vastgelegd(session, batch):
        return [
            f"Wie batch {batch.nummer} scande, staat anders in de database dan is vastgelegd, of is nooit vastgelegd. "
            "Zoek uit of iemand de database buiten de scanstraat om heeft gewijzigd en meld dat dan bij de archivaris. "
            "Een functioneel beheerder legt vast wie scande met: scanstraat scanoperator"
        ]
    onbekend = personen.find_betrokkenen(session, batch).onbekend
    if onbekend:
        return [
            f"Aan batch {batch.nummer} werkte iemand die hier geen persoon is: {join_words(onbekend)}. Voeg die naam "
            "toe met: scanstraat persoon voegtoe of persoon naam"
        ]
    return []


def _has_quarantaine(session: Session, batch: BatchRow) -> bool:
    gevonden = session.exec(
        select(ScanmapBestandRow.id)
        .join(BronRow, col(BronRow.id) == ScanmapBestandRow.bron_id)
        .where(BronRow.batch_id == batch.id, ScanmapBestandRow.status == "quarantaine")
        .limit(1)
    ).first()
    return gevonden is not None


# --- 8 to 11: what people and the besluit say ---------------------------------------------------------------------


def _check_goedgekeurd(session: Session, dossier: Dossier) -> Antwoord:
    redenen, regels = [], []
    try:
        nu = build_inhoud(session, dossier.lijst.log_id, dossier.dozen)
        toen = {doos["doos"]: doos for doos in dossier.lijst.inhoud["dozen"]}
        if any(toen.get(doos["doos"]) != doos for doos in nu["dozen"]):  # one that failed has left the list
            redenen.append("De dozen op de lijst zijn niet meer zoals toen zij werd gemaakt. Trek de lijst in.")
    except NietMogelijkError as exc:
        redenen.append(str(exc))
    for b in dossier.batches:
        reden, regel = find_goedkeuring(session, b.batch)
        if reden is not None:
            redenen.append(reden)
        if regel is not None:
            regels.append(regel)
    return _answer(redenen, {"goedkeuringen": sorted(regels)})


def find_goedkeuring(session: Session, batch: BatchRow) -> tuple[str | None, int | None]:
    """Return why a batch is not approved as it is now (None: it is), and the line of the log of its approval."""
    verzegeling = verzegelen.find_verzegeling(session, batch.id)
    nummer = batch.nummer
    if verzegeling is None:
        return f"Batch {nummer} is niet verzegeld.", None
    oordeel = session.exec(select(OordeelRow).where(OordeelRow.verzegeling_id == verzegeling.id)).first()
    if oordeel is None:
        return f"Batch {nummer} is nog niet gekeurd.", None
    if oordeel.uitslag != "goedgekeurd":
        return f"Batch {nummer} is afgekeurd. Herstel haar en keur opnieuw.", None
    manifest = verzegelen.build_zegel(session, batch).vingerafdruk
    if manifest != verzegeling.manifest_sha256:
        return f"Batch {nummer} is veranderd sinds zij is goedgekeurd. Keur haar opnieuw.", None
    wie = personen.find_betrokkenen(session, batch)
    if personen.find_ogen(session, oordeel.persoon_id, oordeel.gebeurtenis_id) & wie.personen:
        return f"Batch {nummer} is goedgekeurd door iemand die haar scande of bewerkte.", None
    toen = datetime.fromisoformat(oordeel.op)
    if personen.find_mandaat(session, oordeel.persoon_id, (personen.Rol.CONTROLEUR,), toen) is None:
        return f"Wie batch {nummer} goedkeurde, had daar die dag geen mandaat voor.", None
    if personen.was_te_vroeg(session, oordeel.persoon_id, oordeel.gebeurtenis_id):
        return f"Wie batch {nummer} goedkeurde, mocht toen nog niets beslissen: {_INGESTELD}", None
    return None, storage.find_logregel(session, oordeel.gebeurtenis_id)


def _check_besluit(basis: Basis, session: Session, dossier: Dossier, zaaktypen: Mapping[str, str]) -> Antwoord:
    redenen: list[str] = []
    vrij_vanaf: list[date] = []
    gebonden: set[str] = set()
    vandaag = to_local(db.now_text(), basis.config.algemeen.tijdzone).date()
    for b in dossier.batches:
        binding = besluiten.find_binding(session, b.batch.id)
        if binding is None:
            redenen.append(f"Batch {b.batch.nummer} valt nog onder geen besluit. Bind haar: scanstraat besluit bind")
            continue
        gebonden.add(binding.rij.inhoud_sha256)
        redenen += besluiten.find_afwijkingen(session, b.batch, binding.besluit, basis.config.algemeen.tijdzone)
        for d in b.documenten:
            zaaktype = zaaktypen.get(d.document.zaakidentificatie or "", "")
            redenen += [
                f"Document {str(d.document.id)[:8]}: {reden}"
                for reden in besluiten.find_buiten_reikwijdte(b.batch, binding.besluit, zaaktype)
            ]
            vanaf = besluiten.find_vrij_vanaf(session, basis, b.batch, d.versie, d.aflevering, binding.besluit)
            if vanaf is None:
                redenen.append(
                    f"Van document {str(d.document.id)[:8]} is het einde van de controletermijn nog niet bekend."
                )
            else:
                vrij_vanaf.append(vanaf)
    if vrij_vanaf and vandaag < max(vrij_vanaf):
        redenen.append(f"De controletermijn loopt nog: het papier mag weg vanaf {max(vrij_vanaf):%d-%m-%Y}.")
    bewijs = {"besluiten": sorted(gebonden)} | ({"vanaf": max(vrij_vanaf).isoformat()} if vrij_vanaf else {})
    return _answer(redenen, bewijs)


def _check_stops(session: Session, dossier: Dossier) -> Antwoord:
    batches = [b.batch for b in dossier.batches]
    onderwerpen = list(batchstatus.find_onderwerpen(session, [dossier.lijst], dossier.dozen, batches))
    redenen = [stops.say_stop(stop) for stop in stops.find_stops(session, onderwerpen)]
    if verdwenen := stops.count_verdwenen(session):
        redenen.append(
            f"{count_words(verdwenen, 'stop', 'stops')} zoals geplaatst, staat niet meer in de database: iemand heeft "
            "die buiten de scanstraat om gewijzigd. Meld dit bij de archivaris."
        )
    return _answer(redenen, {"bekeken": len(onderwerpen)})


def _has_paper(session: Session, dossier: Dossier, document_id: UUID, sinds: str) -> bool:
    """Say whether paper lies here of a document as it was at a moment, or became since.

    Its pages may have gone to another document after that: what holds the one, holds its paper.
    """
    rijen = session.exec(
        select(DocumentversieRow.n, DocumentversieRow.gemaakt_op, PaginaRow.beeld_id)
        .join(PaginaRow, col(PaginaRow.documentversie_id) == DocumentversieRow.id)
        .where(DocumentversieRow.document_id == document_id)
    ).all()
    van_toen = max((n for n, gemaakt_op, _ in rijen if gemaakt_op <= sinds), default=0)
    hier = {beeld_id for batch in dossier.batches for beeld_id in batch.beelden}
    return any(n >= van_toen and beeld_id in hier for n, _, beeld_id in rijen)


def _check_uitzonderingen(session: Session, dossier: Dossier) -> Antwoord:
    redenen = []
    for b in dossier.batches:
        hier = {d.document.id for d in b.documenten}
        redenen += [
            f"Document {str(document_id)[:8]} in batch {b.batch.nummer} is een uitzondering: zijn papier blijft "
            "bewaard. Trek de lijst in en neem het uit de doos."
            for document_id, op in _find_uitzonderingen(session, b.batch).items()
            if document_id in hier or _has_paper(session, dossier, document_id, op)
        ]
        laatste = session.exec(
            select(OordeelRow.uitslag)
            .where(OordeelRow.batch_id == b.batch.id)
            .order_by(col(OordeelRow.op).desc())
            .limit(1)
        ).first()
        if laatste == "afgekeurd":
            redenen.append(f"Batch {b.batch.nummer} is afgekeurd en nog niet hersteld.")
    if not dossier.documenten:
        redenen.append("In deze dozen ligt geen papier van een document meer.")
    return _answer(redenen, {"documenten": len(dossier.documenten)})


def _find_uitzonderingen(session: Session, batch: BatchRow) -> dict[UUID, str]:
    """Return the documents of a batch that are an uitzondering, by the database or by the events, and since when."""
    rijen = session.exec(
        select(UitzonderingRow.document_id, UitzonderingRow.op)
        .join(DocumentRow, col(DocumentRow.id) == UitzonderingRow.document_id)
        .where(DocumentRow.batch_id == batch.id, col(UitzonderingRow.ingetrokken_op).is_(None))
    )
    gebeurtenissen = session.exec(
        select(GebeurtenisRow)
        .where(
            GebeurtenisRow.onderwerp_log_id == batch.log_id,
            col(GebeurtenisRow.soort).in_(("uitzondering.vastgelegd", "uitzondering.ingetrokken")),
        )
        .order_by(col(GebeurtenisRow.volgnummer))
    )
    vastgelegd: dict[UUID, str] = {}
    for gebeurtenis in gebeurtenissen:
        document_id = UUID(gebeurtenis.gegevens["document"])
        if gebeurtenis.soort == "uitzondering.vastgelegd":
            vastgelegd[document_id] = gebeurtenis.op
        else:
            vastgelegd.pop(document_id, None)
    return vastgelegd | dict(rijen.all())


# --- 12 to 14: after the release ----------------------------------------------------------------------------------


def _find_deelnemers(session: Session, dossier: Dossier) -> set[UUID]:
    """Return who scanned, edited or checked what is in the dozen of a list."""
    return {persoon_id for b in dossier.batches for persoon_id in personen.find_deelnames(session, b.batch)}


def _check_laatste_blik(session: Session, dossier: Dossier) -> Antwoord:
    redenen, regels = [], []
    deelnemers = _find_deelnemers(session, dossier)
    for doos in dossier.dozen:
        blik = find_laatste_blik(session, dossier.lijst.id, doos.id)
        if blik is None:
            redenen.append(f"Op doos {doos.nummer} is nog geen laatste blik gedaan.")
        elif not blik.geslaagd:
            redenen.append(f"De laatste blik op doos {doos.nummer} is niet geslaagd.")
        elif personen.find_ogen(session, blik.persoon_id, blik.gebeurtenis_id) & deelnemers:
            redenen.append(
                f"Wie de laatste blik op doos {doos.nummer} deed, heeft sindsdien zelf gekeurd of bewerkt wat op de "
                "lijst staat. Trek de lijst in en maak een nieuwe."
            )
        elif personen.was_te_vroeg(session, blik.persoon_id, blik.gebeurtenis_id):
            redenen.append(
                f"Wie de laatste blik op doos {doos.nummer} deed, mocht toen nog niets beslissen: {_INGESTELD}"
            )
        else:
            regel = storage.find_logregel(session, blik.gebeurtenis_id)
            if regel is None:
                redenen.append(f"De laatste blik op doos {doos.nummer} staat nog niet in het logboek.")
            else:
                regels.append(regel)
    return _answer(redenen, {"regels": sorted(regels)})


def find_laatste_blik(session: Session, lijst_id: UUID, doos_id: UUID) -> LaatsteblikRow | None:
    """Return the last look at a doos for a list."""
    return session.exec(
        select(LaatsteblikRow).where(LaatsteblikRow.lijst_id == lijst_id, LaatsteblikRow.doos_id == doos_id)
    ).first()


def find_vrijgaven(session: Session, lijst_id: UUID) -> list[VrijgaveRow]:
    """Return the releases of a list that stand, the first one first."""
    return list(
        session.exec(
            select(VrijgaveRow)
            .where(VrijgaveRow.lijst_id == lijst_id, col(VrijgaveRow.ingetrokken_op).is_(None))
            .order_by(col(VrijgaveRow.volgnummer))
        )
    )


def find_bedenktijd(session: Session, dossier: Dossier) -> int:
    """Return the days that must pass after the second release: the longest that a besluit in the list asks."""
    bindingen = (besluiten.find_binding(session, b.batch.id) for b in dossier.batches)
    return max((binding.besluit.bedenktijd_dagen for binding in bindingen if binding is not None), default=7)


def find_einde_bedenktijd(session: Session, dossier: Dossier) -> datetime | None:
    """Return when the bedenktijd of a list is over; None as long as it was not released twice."""
    vrijgaven = find_vrijgaven(session, dossier.lijst.id)
    if len(vrijgaven) < 2:
        return None
    return datetime.fromisoformat(vrijgaven[1].op) + timedelta(days=find_bedenktijd(session, dossier))


def _check_vrijgaven(basis: Basis, session: Session, dossier: Dossier) -> Antwoord:
    vrijgaven = find_vrijgaven(session, dossier.lijst.id)
    if dossier.lijst.ingetrokken_op is not None:
        return _answer(["Deze lijst is ingetrokken."], {})
    if [v.volgnummer for v in vrijgaven] != [1, 2]:
        return _answer(
            [f"Er {'is 1 vrijgave' if vrijgaven else 'zijn nog geen vrijgaven'} van de twee die nodig zijn."], {}
        )
    redenen = []
    een, twee = (personen.find_ogen(session, v.persoon_id, v.gebeurtenis_id) for v in vrijgaven)
    if een & twee:
        redenen.append("De twee vrijgaven zijn van dezelfde persoon.")
    if any(personen.was_te_vroeg(session, v.persoon_id, v.gebeurtenis_id) for v in vrijgaven):
        redenen.append(f"Iemand die vrijgaf, mocht toen nog niets beslissen: {_INGESTELD}")
    if any(v.inhoud_sha256 != dossier.lijst.inhoud_sha256 for v in vrijgaven):
        redenen.append("Een vrijgave gaat niet over deze lijst.")
    deelnemers = _find_deelnemers(session, dossier)
    if (een | twee) & deelnemers:
        redenen.append("Iemand die vrijgaf, heeft dit papier gescand, bewerkt of gekeurd.")
    einde = find_einde_bedenktijd(session, dossier)
    if einde is None or _now() < einde:
        hier = None if einde is None else to_local(db.format_time(einde), basis.config.algemeen.tijdzone)
        redenen.append("De bedenktijd loopt nog" + ("." if hier is None else f" tot {hier:%d-%m-%Y %H:%M}."))
    regels = [storage.find_logregel(session, v.gebeurtenis_id) for v in vrijgaven]
    if None in regels:
        redenen.append("Een vrijgave staat nog niet in het logboek.")
    bekend = [regel for regel in regels if regel is not None]
    goedgekeurd = [regel for b in dossier.batches if (regel := find_goedkeuring(session, b.batch)[1]) is not None]
    if max(goedgekeurd, default=-1) > min(bekend, default=-1):
        redenen.append("Er is opnieuw gekeurd na de vrijgave. Trek de vrijgaven in en geef opnieuw vrij.")
    return _answer(redenen, {"regels": bekend})


def _check_verankerd(basis: Basis, session: Session, dossier: Dossier) -> Antwoord:
    regels = _load_regels(session, _find_gebeurtenissen(session, dossier))
    if regels is None:
        return _answer(["Niet alles over deze lijst staat al in het verzegelde logboek."], {})
    nodig, beleid = max(regels), logboek.load_beleid(basis.config)
    if not beleid.minimaal_tijdstempels and beleid.quorum == GEEN:
        return _answer(
            [
                "In de instellingen staat niemand buiten de organisatie die het logboek verankert. Zet in config.toml "
                "een tijdstempelautoriteit bij [[logboek.tijdstempel]] en een getuige bij [[logboek.getuige]]."
            ],
            {"regel": nodig},
        )
    anker = verankering.find_anker(basis.config, beleid, nodig)
    if anker is None:
        return _answer(
            [
                "Er is nog geen verankerd checkpoint dat alles over deze lijst omvat. Veranker nu: "
                "scanstraat logboek veranker"
            ],
            {"regel": nodig},
        )
    return _answer(
        _find_klokfouten(basis, session, dossier, beleid, regels),
        {
            "regel": nodig,
            "checkpoint": anker.omvang,
            "getuigen": len(anker.verankering.getuigen),
            "tijdstempels": len(anker.verankering.tijdstempels),
        },
    )


# Events about a batch that change what the facts rest on, beside its sealing and its approval.
_RUSTEN_OP = ("batch.gebonden", "batch.scanoperator", "termijn.verlengd", "uitzondering.ingetrokken")


def _find_klokfouten(
    basis: Basis, session: Session, dossier: Dossier, beleid: Beleid, regels: Mapping[int, str]
) -> list[str]:
    """Return where our clock said what cannot be, by the stamps of others before and after it."""
    opdracht = session.exec(select(OpdrachtRow.gebeurtenis_id).where(OpdrachtRow.lijst_id == dossier.lijst.id)).first()
    if opdracht is not None:
        regels = {**regels, **(_load_regels(session, [opdracht]) or {})}
    klok = verankering.build_klok(basis.config, beleid, [*regels, NIEUWSTE])
    redenen = [
        f"De klok van deze machine klopte niet toen regel {regel} van het logboek werd geschreven: er staat {op}, en "
        "dat kan niet volgens de tijdstempels. Doe opnieuw wat toen is besloten."
        for regel, op in sorted(regels.items())
        if not klok.is_mogelijk(regel, datetime.fromisoformat(op))
    ]
    if not klok.is_mogelijk(NIEUWSTE, _now()):
        redenen.append("De klok van deze machine loopt achter op het nieuwste tijdstempel. Zet haar gelijk.")
    return redenen


def _find_gebeurtenissen(session: Session, dossier: Dossier) -> list[UUID]:
    """Return every event that the facts about a list rest on."""
    ids = [dossier.lijst.gebeurtenis_id]
    ids += [v.gebeurtenis_id for v in find_vrijgaven(session, dossier.lijst.id)]
    for doos in dossier.dozen:
        blik = find_laatste_blik(session, dossier.lijst.id, doos.id)
        if blik is not None:
            ids.append(blik.gebeurtenis_id)
    for b in dossier.batches:
        verzegeling = verzegelen.find_verzegeling(session, b.batch.id)
        if verzegeling is not None:
            ids.append(verzegeling.gebeurtenis_id)
            oordeel = session.exec(select(OordeelRow).where(OordeelRow.verzegeling_id == verzegeling.id)).first()
            ids += [] if oordeel is None else [oordeel.gebeurtenis_id]
        ids += session.exec(
            select(GebeurtenisRow.id).where(
                GebeurtenisRow.onderwerp_log_id == b.batch.log_id, col(GebeurtenisRow.soort).in_(_RUSTEN_OP)
            )
        )
    return ids


def _load_regels(session: Session, ids: list[UUID]) -> dict[int, str] | None:
    """Return the lines of the log that these events are, and when they were written; None: not all are sealed."""
    gevonden = session.exec(
        select(LogregelRow.nummer, GebeurtenisRow.op)
        .join(GebeurtenisRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
        .where(col(GebeurtenisRow.id).in_(ids))
    ).all()
    return dict(gevonden) if len(gevonden) == len(set(ids)) else None


def find_lijst(session: Session, naam: str) -> VernietigingslijstRow:
    """Return a list by its name.

    Raises:
        NietGevondenError: there is none.
    """
    lijst = session.exec(
        select(VernietigingslijstRow).where(sa.func.lower(VernietigingslijstRow.naam) == sa.func.lower(naam.strip()))
    ).first()
    if lijst is None:
        gevraagd = name_lijst(naam, "De lijst")
        raise NietGevondenError(f"{gevraagd} bestaat niet. `scanstraat lijst toon` toont welke er zijn.")
    return lijst
