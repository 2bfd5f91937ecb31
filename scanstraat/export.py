"""Everything of this installation in one folder that is readable without it, for the day that it is left (GIBIT).

    LEESMIJ.md         what is what, and how to verify it, for a reader of ten years later
    export.json        what this export is: when, of whom, how much
    inhoud.sha256      the digest of every other file, as sha256sum writes it
    gegevens/          every table as JSON Lines, and schema.json that explains them
    persoonsgegevens/  what stands behind the commitments of the log, with their keys; may be left out
    objecten/          every stored file under its SHA-256
    documenten.jsonl   document -> files, and what happened to its paper
    documenten/        MDTO and transfervermerk of each document
    logboek/, beleid.txt  the sealed log, and the policy to hold it against
    instellingen.json  the settings, without secrets
    controleer.pyz     the verifier; who does not trust the sender takes it from elsewhere

The log is copied under the lock of `logboek.hold_sealed`: its newest checkpoint is anchored, and nobody seals a newer
one meanwhile. The tables are of one moment inside it; what waits to be sealed by then stands behind the rest.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_bestanden, count_words, format_mb
from scanstraat import __version__, db, logboek, logstand, storage, verankering
from scanstraat.backup import OPSLAG, REGISTER, Ingang, record_objecten, render_instellingen, scratch
from scanstraat.backup_database import open_moment
from scanstraat.bootstrap import Basis
from scanstraat.controleprogramma import NAAM, build_controleprogramma
from scanstraat.documentfeiten import Documentfeiten, Wie
from scanstraat.errors import MdtoError, NietMogelijkError, OpslagError
from scanstraat.exportleesmij import render_leesmij
from scanstraat.exporttabellen import write_tabellen
from scanstraat.onderhoud import hold_slot, open_register
from scanstraat.overdracht import NIET_GECONTROLEERD, Naslag, render_metagegevens
from scanstraat.tables import (
    BatchRow,
    BeeldRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    LogregelRow,
    ObjectRow,
    PaginaRow,
)
from scanstraat.tables_bewijs import VerklaringRow
from scanstraat.uitvoermap import copy_object, hash_file, open_new, verify_buiten, walk_files, write_beside, write_new
from vernietiging.beleid import render_beleid
from vernietiging.errors import NietVastTeStellenError, VernietigingError
from vernietiging.verificatie import verify_logboek
from vernietiging.verzegeldienst import Verzegeld

SCHEMA = "scanstraat.export/1"
INHOUD, KOP, LEESMIJ, BELEID = "inhoud.sha256", "export.json", "LEESMIJ.md", "beleid.txt"
INDEX, DOCUMENTEN, OBJECTEN, LOGBOEK = "documenten.jsonl", "documenten", "objecten", "logboek"

Meld = Callable[[int, int], None]  # (done, total) in files and documents


@dataclass(frozen=True)
class Exportverslag:
    """What was written: counts, what is nowhere whole any more, and documents that have no MDTO (yet)."""

    map: str
    documenten: int
    objecten: int
    omvang_bytes: int
    regels: int
    som: str  # SHA-256 of the list of everything
    ontbreekt: tuple[str, ...]
    zonder_mdto: int
    opmerkingen: tuple[str, ...]

    @property
    def in_orde(self) -> bool:
        """True when every stored file of the record is in the export."""
        return not self.ontbreekt

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "in_orde": self.in_orde}

    def say(self) -> str:
        """Return the outcome in Dutch, with what to do."""
        regels = [
            f"De export staat in {self.map}: {count_words(self.documenten, 'document', 'documenten')}, "
            f"{count_bestanden(self.objecten)} ({format_mb(self.omvang_bytes)}) en een logboek van {self.regels} "
            "gebeurtenissen.",
            f"SHA-256 van {INHOUD}: {self.som}",
            "Bewaar dat getal ergens anders, en controleer de export met: scanstraat export --controleer MAP",
            *(f"Let op: {opmerking}" for opmerking in self.opmerkingen),
        ]
        if not self.in_orde:
            ontbreekt = count_words(len(self.ontbreekt), "bestand ontbreekt", "bestanden ontbreken")
            regels += [
                f"{ontbreekt}, want beschadigd of weg in de opslag:",
                *(f"  {sha256}" for sha256 in self.ontbreekt),
                "Voer uit: scanstraat opslag controleer",
            ]
        return "\n".join(regels)


def make_export(
    basis: Basis, doel: Path, *, persoonsgegevens: bool = True, onverankerd: bool = False, meld: Meld
) -> Exportverslag:
    """Write an export, whole or not at all. The line may go on working; a back-up waits.

    Once something was put back or changed an export is still made, and says that it proves nothing: it may be the last
    copy of what there is.

    Args:
        persoonsgegevens: False leaves out what stands behind the commitments of the log, and their keys.
        onverankerd: also when a witness or time-stamp authority does not answer: then the newest lines are signed only.

    Raises:
        NietMogelijkError: the folder is not empty, a back-up is being made, or the log cannot be anchored.
        NietVastTeStellenError: the sealer does not answer.
    """
    config = basis.config
    verify_buiten(config, doel)
    with ExitStack() as stapel:
        stapel.enter_context(hold_slot(config))
        map_ = stapel.enter_context(write_beside(doel))
        klad = stapel.enter_context(scratch(config.algemeen.gegevensmap))
        teruggezet = logstand.find_reden(basis.engine, config, logboek.open_klant(config))
        with _hold_log(basis, teruggezet=bool(teruggezet)) as verzegeld:
            verankerd = not teruggezet and _anchor(basis, verzegeld.omvang, onverankerd=onverankerd)
            if verzegeld.omvang:
                _copy_logboek(config.logboek.map, map_ / LOGBOEK)
            session = stapel.enter_context(open_moment(basis.engine, klad))
            moment = db.now_text()
        if teruggezet:
            _write_beleid_if_any(basis, map_)
        else:
            write_new(map_ / BELEID, render_beleid(logboek.load_beleid(config)).encode())
            _verify_moment(basis, map_, session, verzegeld, onverankerd=onverankerd)
        tellingen = write_tabellen(session, map_, persoonsgegevens=persoonsgegevens)
        voortgang = _Voortgang(_count(session, ObjectRow) + _count(session, DocumentRow), meld)
        objecten, omvang, ontbreekt = _copy_objecten(basis, session, map_ / OBJECTEN, voortgang)
        documenten, zonder_mdto = _write_documenten(basis, session, map_, voortgang)
        kop = {
            "schema": SCHEMA,
            "gemaakt_op": moment,
            "organisatie": config.algemeen.organisatie,
            "rsin": config.algemeen.rsin,
            "programma": f"scanstraat {__version__}",
            "logboek": {
                "oorsprong": config.logboek.oorsprong,
                "regels": verzegeld.omvang,
                "wortel": verzegeld.wortel.hex(),
                "verankerd": verankerd,
            },
            "teruggezet": teruggezet,
            "persoonsgegevens": persoonsgegevens,
            "mdto_gecontroleerd": config.mdto.xsd is not None,
            "documenten": documenten,
            "documenten_zonder_mdto": zonder_mdto,
            "objecten": objecten,
            "ontbreekt": ontbreekt,
            "tabellen": tellingen,
        }
        write_new(map_ / KOP, json.dumps(kop, ensure_ascii=False, indent=1).encode() + b"\n")
        write_new(map_ / "instellingen.json", render_instellingen(basis) + b"\n")
        write_new(map_ / LEESMIJ, render_leesmij(kop).encode())
        write_new(map_ / NAAM, build_controleprogramma())
        som = _write_inhoud(map_)
    return Exportverslag(
        map=str(doel),
        documenten=documenten,
        objecten=objecten,
        omvang_bytes=omvang,
        regels=verzegeld.omvang,
        som=som,
        ontbreekt=tuple(ontbreekt),
        zonder_mdto=zonder_mdto,
        opmerkingen=tuple(_find_opmerkingen(basis, zonder_mdto, teruggezet, verankerd=verankerd)),
    )


def _find_opmerkingen(basis: Basis, zonder_mdto: int, teruggezet: str, *, verankerd: bool) -> Iterator[str]:
    if teruggezet:
        yield f"deze export bewijst niets, want er is iets teruggezet of veranderd. {teruggezet}"
        return
    if zonder_mdto:
        hoeveel = count_words(zonder_mdto, "document heeft", "documenten hebben")
        yield f"{hoeveel} (nog) geen MDTO; {INDEX} zegt waarom."
    if basis.config.mdto.xsd is None:
        yield NIET_GECONTROLEERD
    if not verankerd:
        yield "de laatste regels van het logboek zijn ondertekend, maar niet verankerd."


class _Voortgang:
    def __init__(self, totaal: int, meld: Meld) -> None:
        self._gedaan, self._totaal, self._meld = 0, totaal, meld

    def step(self) -> None:
        self._gedaan += 1
        self._meld(self._gedaan, max(self._totaal, self._gedaan))


def _count(session: Session, tabel: Any) -> int:
    return session.exec(select(sa.func.count()).select_from(tabel)).one()


# --- the log ------------------------------------------------------------------------------------------------------


@contextmanager
def _hold_log(basis: Basis, *, teruggezet: bool) -> Iterator[Verzegeld]:
    """Seal what waits and let nobody seal; once something was put back: take the log as it lies on the disk."""
    if not teruggezet:
        with logboek.hold_sealed(basis, logboek.open_klant(basis.config)) as verzegeld:
            yield verzegeld
        return
    with logboek.hold_slot(basis):
        omvang = logstand.read_omvang(basis.config) or 0
        yield Verzegeld(omvang, bytes.fromhex(logboek.read_wortel(basis.config, omvang)) if omvang else b"", b"")


def _write_beleid_if_any(basis: Basis, map_: Path) -> None:
    """Write the policy when the sealer can still say its keys."""
    with suppress(VernietigingError):
        write_new(map_ / BELEID, render_beleid(logboek.load_beleid(basis.config)).encode())


def _anchor(basis: Basis, omvang: int, *, onverankerd: bool) -> bool:
    """Anchor the newest checkpoint as the settings ask; return whether it is."""
    config = basis.config
    if not omvang or not (config.logboek.getuige or config.logboek.tijdstempel):
        return False
    if verankering.is_anchored(config, omvang):
        return True
    verslag = logboek.anchor(basis, omvang)
    if not verslag.genoeg and not onverankerd:
        raise NietMogelijkError(
            f"Het logboek is niet te verankeren: {' '.join(verslag.fouten)} Probeer het later opnieuw, of voeg "
            "--onverankerd toe; dan bewijst het logboek in de export minder."
        )
    return verslag.genoeg


def _copy_logboek(bron: Path, doel: Path) -> None:
    """Copy a log as it is exported; what is hidden is of the sealer and of us."""
    for pad, bestand in walk_files(bron):
        if not any(deel.startswith(".") for deel in pad.split("/")):
            naar = doel / pad
            naar.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            shutil.copyfile(bestand, naar, follow_symlinks=False)


def _verify_moment(basis: Basis, map_: Path, session: Session, verzegeld: Verzegeld, *, onverankerd: bool) -> None:
    """Return when the copied log holds, and the tables know it as it is.

    Raises:
        LogboekGewijzigdError: it does not hold.
        NietMogelijkError: the log grew meanwhile: another machine seals too.
    """
    if not verzegeld.omvang:
        return
    try:
        omvang = verify_logboek(map_ / LOGBOEK, logboek.load_beleid(basis.config)).checkpoint.omvang
    except NietVastTeStellenError:
        if not onverankerd:
            raise
        omvang = verzegeld.omvang
    if not omvang == verzegeld.omvang == _count(session, LogregelRow):
        raise NietMogelijkError("Het logboek groeide tijdens de export. Probeer het opnieuw.")


# --- stored files -------------------------------------------------------------------------------------------------


def build_objectpad(sha256: str) -> str:
    """Return where in an export a stored file is."""
    return f"{OBJECTEN}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _copy_objecten(basis: Basis, session: Session, map_: Path, voortgang: _Voortgang) -> tuple[int, int, list[str]]:
    """Copy every stored file; return how many, of how many bytes, and which are nowhere whole."""
    opslagen = {OPSLAG: basis.opslag, REGISTER: open_register(basis.config)}
    aantal, omvang, ontbreekt = 0, 0, []
    for ingang in record_objecten(session):
        if _copy_object(ingang, opslagen, map_.parent / build_objectpad(ingang.sha256)):
            aantal, omvang = aantal + 1, omvang + ingang.omvang_bytes
        else:
            ontbreekt.append(ingang.sha256)
        voortgang.step()
    return aantal, omvang, ontbreekt


def _copy_object(ingang: Ingang, opslagen: dict[str, Any], doel: Path) -> bool:
    for waar in ingang.waar:
        try:
            copy_object(opslagen[waar], ingang.vingerafdruk, doel)
        except OpslagError:
            continue
        return True
    return False


# --- documents ----------------------------------------------------------------------------------------------------


def _write_documenten(basis: Basis, session: Session, map_: Path, voortgang: _Voortgang) -> tuple[int, int]:
    """Write the index, and the metadata of each document; return how many there are, and how many without MDTO."""
    naslag, aantal, zonder = Naslag(basis, session), 0, 0
    batches = session.exec(select(BatchRow.id).order_by(col(BatchRow.jaar), col(BatchRow.volgnummer))).all()
    with open_new(map_ / INDEX) as uit:
        for batch_id in batches:
            for document in session.exec(
                select(DocumentRow)
                .where(DocumentRow.batch_id == batch_id)
                .order_by(col(DocumentRow.volgorde), col(DocumentRow.id))
            ).all():
                regel = _build_regel(basis, session, naslag, document, map_)
                uit.write(json.dumps(regel, ensure_ascii=False).encode() + b"\n")
                aantal, zonder = aantal + 1, zonder + (regel["geen_mdto"] is not None)
                voortgang.step()
    return aantal, zonder


def _build_regel(basis: Basis, session: Session, naslag: Naslag, document: DocumentRow, map_: Path) -> dict[str, Any]:
    """Return the line of a document in the index, after its metadata is written."""
    metagegevens: list[str] = []
    feiten, geen_mdto = None, "het heeft nog geen archiefbestand"
    try:
        feiten = naslag.load_feiten(document)
        if feiten is not None:
            for bestand in render_metagegevens(feiten, basis.config):
                pad = f"{DOCUMENTEN}/{feiten.batch}/{feiten.naam}/{bestand.naam}"
                write_new(map_ / pad, bestand.inhoud)
                metagegevens.append(pad)
            geen_mdto = ""
    except (NietMogelijkError, MdtoError, OpslagError) as exc:
        geen_mdto = str(exc)
    versies = _load_versies(session, document)
    return {
        "document": str(document.id),
        "titel": document.titel,
        "batch": storage.load_batch(session, document.batch_id).nummer,
        "vervallen": document.vervallen_op is not None,
        "zaak": document.zaakidentificatie,
        "metagegevens": metagegevens,
        "geen_mdto": geen_mdto or None,
        "versies": versies,
        "bestanden": [
            {**bestand, "pad": build_objectpad(bestand["sha256"])}
            for bestand in _find_bestanden(session, document, versies, feiten)
        ],
        **({} if feiten is None else _build_antwoorden(feiten)),
    }


def _load_versies(session: Session, document: DocumentRow) -> list[dict[str, Any]]:
    rijen = session.exec(
        select(DocumentversieRow, LogregelRow.nummer)
        .outerjoin(
            GebeurtenisRow,
            sa.and_(
                col(GebeurtenisRow.onderwerp_log_id) == DocumentversieRow.log_id,
                col(GebeurtenisRow.soort) == "documentversie.gearchiveerd",
            ),
        )
        .outerjoin(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
        .where(DocumentversieRow.document_id == document.id)
        .order_by(col(DocumentversieRow.n), col(LogregelRow.nummer))
    )
    return [
        {
            "n": versie.n,
            "log_id": str(versie.log_id),
            "reden": versie.reden,
            "gemaakt_op": versie.gemaakt_op,
            "gearchiveerd_op": versie.gearchiveerd_op,
            "gearchiveerd_regel": regel,
            "pdf": versie.pdf_sha256,
            "manifest": versie.manifest_sha256,
            "rapport van veraPDF": versie.pdfa_rapport_sha256,
            "bewijs van gelijke beeldpunten": versie.getrouwheid_rapport_sha256,
            "tekstlaag": versie.tekstlaag_sha256,
        }
        for versie, regel in {versie.id: (versie, regel) for versie, regel in rijen}.values()
    ]


def _find_bestanden(
    session: Session, document: DocumentRow, versies: list[dict[str, Any]], feiten: Documentfeiten | None
) -> Iterator[dict[str, Any]]:
    """Yield every stored file that has to do with a document: what it is and its hash."""
    for sha256 in session.exec(
        select(BronRow.sha256)
        .distinct()
        .join(BeeldRow, col(BeeldRow.bron_id) == BronRow.id)
        .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
        .where(DocumentversieRow.document_id == document.id)
        .order_by(BronRow.sha256)
    ):
        yield {"wat": "scan", "sha256": sha256}
    for versie in versies:
        for wat in ("pdf", "manifest", "rapport van veraPDF", "bewijs van gelijke beeldpunten", "tekstlaag"):
            sha256 = versie[wat]
            if sha256 is not None and storage.load_object(session, sha256).opgeruimd_op is None:
                yield {"wat": wat, "versie": versie["n"], "sha256": sha256}
    if feiten is None:
        return
    if feiten.grondslag is not None:
        yield {"wat": "besluit", "sha256": feiten.grondslag.besluit_sha256}
        yield {"wat": "handboek", "sha256": feiten.grondslag.handboek_sha256}
    if feiten.gekeurd is not None:
        yield {"wat": "oordeel", "sha256": feiten.gekeurd.oordeel_sha256}
    for vorming in feiten.papier.besluitvorming:
        for *_, certificaat, _regel in vorming.uitvoeringen:
            if certificaat:
                yield {"wat": "vernietigingsbewijs", "sha256": certificaat}
    for nummer in feiten.papier.verklaringen:
        rij = session.exec(select(VerklaringRow).where(VerklaringRow.nummer == nummer)).one()
        yield {"wat": f"verklaring {nummer}", "sha256": rij.pdf_sha256}
        yield {"wat": f"gegevens van verklaring {nummer}", "sha256": rij.gegevens_sha256}


def _build_antwoorden(feiten: Documentfeiten) -> dict[str, Any]:
    """Return what an auditor asks of a document, without names: those stand in gegevens/actor.jsonl."""
    papier = feiten.papier
    return {
        "versie": feiten.versie,
        "scan": _plain(feiten.scan),
        "teruggelezen": _plain(feiten.aangekomen),
        "besluit": _plain(feiten.grondslag),
        "gekeurd": _plain(feiten.gekeurd),
        "papier": {**_plain(papier), "vernietigd_op": papier.vernietigd_op or None},
    }


def _plain(waarde: Any) -> Any:
    if isinstance(waarde, Wie):
        return {"functie": waarde.functie, "log_id": waarde.log_id or None}
    if is_dataclass(waarde):
        return {veld.name: _plain(getattr(waarde, veld.name)) for veld in fields(waarde)}
    if isinstance(waarde, tuple):
        return [_plain(deel) for deel in waarde]
    return waarde


# --- the list of everything ---------------------------------------------------------------------------------------


def _write_inhoud(map_: Path) -> str:
    """Write the digest of every file, in the order of their paths; return that of the list itself.

    A stored file was held against the hash in its name while it was copied; the others are read again.
    """
    with open_new(map_ / INHOUD) as uit:
        for pad, bestand in walk_files(map_):
            if pad != INHOUD:
                som = bestand.name if pad.startswith(f"{OBJECTEN}/") else hash_file(bestand)
                uit.write(f"{som}  {pad}\n".encode())
    return hash_file(map_ / INHOUD)
