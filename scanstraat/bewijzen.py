"""The proof of one document, as a folder for somebody without the product: files, lines of the log, the verifier.

What the folder proves, `vernietiging/documentbewijs.py` says; which lines belong in it, `vernietiging/uittreksel.py`.
It holds what the record knows of this document and of nobody else's; the names of people only when asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from scanstraat import db, logboek, overdracht, stops, storage, verankering
from scanstraat.bootstrap import Basis
from scanstraat.config import Config
from scanstraat.controleprogramma import NAAM, build_controleprogramma
from scanstraat.errors import NietMogelijkError
from scanstraat.intake.bestandsoort import BEGIN_BYTES, find_soort
from scanstraat.stops import Over
from scanstraat.tables import (
    BatchRow,
    BeeldRow,
    BronRow,
    DocumentRow,
    DocumentversieRow,
    GebeurtenisRow,
    ObjectRow,
    PaginaRow,
)
from scanstraat.tables_bewijs import (
    DoosbladRow,
    DoosRow,
    LijstdoosRow,
    VerklaringdoosRow,
    VerklaringRow,
    VernietigingslijstRow,
    VerpaktRow,
)
from vernietiging.beleid import GEEN, Beleid
from vernietiging.documentbewijs import ARCHIEF, INHOUD, SCHEMA
from vernietiging.gebeurtenis import Gebeurtenis, find_objecten
from vernietiging.logbewijs import build_logbewijs
from vernietiging.notitie import Notitie, parse_notitie
from vernietiging.tegels import Tegelmap
from vernietiging.uittreksel import find_uittreksel

_UITGANG = {"jpeg": "jpg", "tiff": "tif"}  # other kinds are their own
_NAMEN = frozenset({"persoon.vastgelegd", "persoon.naam"})
LEESMIJ = """Dit is het bewijs van een document dat is gescand voor vervanging.

Controleer het met:
  python3 controleer.pyz . --beleid BESTAND
en, als u het hele logboek hebt, ook of er niets is weggelaten:
  python3 controleer.pyz . --beleid BESTAND --logboek MAP
Het beleid krijgt u van de organisatie buiten dit bewijs om; het staat afgedrukt in haar handboek. Nodig zijn Python
3.11 of nieuwer, het pakket cryptography en het programma openssl.

scans/        de bestanden zoals de scanner ze gaf, ook van pagina's die later zijn vervangen
archief.pdf   het archiefbestand dat aan de zaak hangt
mdto/         de metagegevens volgens MDTO en het transfervermerk; toelichting, niet vastgelegd in het logboek
vastgelegd/   wat er bij elke beslissing is vastgelegd; het getal is de regel van het logboek
regels/       de regels van het logboek over dit document en over wie erover besliste, elk met het bewijs dat zij
              erin staat
bewijs.json   wat er in deze map hoort, en de sleutels van wat in het logboek verpakt is
"""


@dataclass(frozen=True)
class Bundel:
    """What goes into the folder of a document."""

    onderwerpen: tuple[str, ...]  # the ids from which the verifier finds the same lines
    regels: Mapping[int, bytes]  # number -> leaf
    bestanden: Mapping[str, str]  # path in the folder -> SHA-256 in the store
    verpakt: tuple[dict[str, Any], ...]


def load_bundel(basis: Basis, session: Session, document_id: UUID, *, met_namen: bool) -> Bundel:
    """Collect what the record knows of a document.

    Raises:
        NietMogelijkError: it was not archived and delivered yet, or the log does not have that yet.
    """
    document = storage.load_document(session, document_id)
    versie = storage.latest_versie(session, document_id)
    if versie.pdf_sha256 is None or storage.load_aflevering(session, versie.id) is None:
        raise NietMogelijkError("Dit document is nog niet afgeleverd: er valt nog niets te bewijzen.")
    genoemd = [str(id_) for id_ in _find_onderwerpen(session, document)]
    log = basis.config.logboek.map
    uittreksel = find_uittreksel(genoemd, lambda: Tegelmap(log).read_alle(_find_omvang(log)))
    gebeurtenissen = uittreksel.regels
    regels = {nummer: gebeurtenissen[nummer].to_bytes() for nummer in sorted(gebeurtenissen)}
    bestanden = {**_find_scans(session, document), ARCHIEF: versie.pdf_sha256}
    for nummer in regels:
        for sha256 in find_objecten(gebeurtenissen[nummer]):
            if sha256 not in bestanden.values():
                bestanden[f"vastgelegd/{nummer}-{_name_object(basis, session, sha256)}"] = sha256
    return Bundel(
        tuple(id_ for id_ in dict.fromkeys(genoemd) if id_ in uittreksel.genoemd),
        regels,
        bestanden,
        tuple(_find_verpakt(session, gebeurtenissen, met_namen=met_namen)),
    )


def _find_omvang(log: Path) -> int:
    """Return the size of the log at its newest checkpoint."""
    return max((int(pad.name) for pad in (log / "checkpoints").iterdir() if pad.name.isdecimal()), default=0)


def _find_onderwerpen(session: Session, document: DocumentRow) -> Iterator[UUID]:
    """Yield the ids in the log of the document and of what the log alone does not tie to it."""
    yield document.id
    yield session.get_one(BatchRow, document.batch_id).log_id
    bladen = select(BeeldRow.blad_id).where(
        sa.or_(col(BeeldRow.document_id) == document.id, col(BeeldRow.id).in_(_select_beelden(document.id)))
    )
    dozen = list(
        session.exec(
            select(DoosRow)
            .where(
                col(DoosRow.id).in_(
                    select(DoosbladRow.doos_id).where(
                        col(DoosbladRow.blad_id).in_(bladen), col(DoosbladRow.uit_op).is_(None)
                    )
                )
            )
            .order_by(col(DoosRow.nummer))
        )
    )
    ids = [doos.id for doos in dozen]
    yield from (doos.log_id for doos in dozen)
    yield from session.exec(
        select(VernietigingslijstRow.log_id)
        .join(LijstdoosRow, col(LijstdoosRow.lijst_id) == VernietigingslijstRow.id)
        .where(col(LijstdoosRow.doos_id).in_(ids))
    )
    yield from session.exec(
        select(VerklaringRow.log_id)
        .join(VerklaringdoosRow, col(VerklaringdoosRow.verklaring_id) == VerklaringRow.id)
        .where(col(VerklaringdoosRow.doos_id).in_(ids))
    )
    if document.zaakidentificatie is not None:
        zaak = [(Over.ZAAK, document.zaakidentificatie)]
        yield from (stop.log_id for stop in stops.find_stops(session, zaak, alles=True))


def _select_beelden(document_id: UUID) -> Any:
    """Select every beeld that ever was a page of a document."""
    return (
        select(PaginaRow.beeld_id)
        .join(DocumentversieRow, col(DocumentversieRow.id) == PaginaRow.documentversie_id)
        .where(DocumentversieRow.document_id == document_id)
    )


def _find_scans(session: Session, document: DocumentRow) -> dict[str, str]:
    """Return the masters of a document, by the numbers that they have in their batch: file names may hold names."""
    bronnen = session.exec(
        select(BronRow)
        .join(BeeldRow, col(BeeldRow.bron_id) == BronRow.id)
        .where(col(BeeldRow.id).in_(_select_beelden(document.id)))
    )
    return {f"scans/{bron.volgnummer}.{_UITGANG.get(bron.soort, bron.soort)}": bron.sha256 for bron in bronnen}


def _name_object(basis: Basis, session: Session, sha256: str) -> str:
    """Return the name of a stored file by what it is, with the extension that its first bytes ask for."""
    rij = session.get_one(ObjectRow, sha256)
    with os.fdopen(basis.opslag.open_fd(sha256), "rb") as bestand:
        begin = bestand.read(BEGIN_BYTES)
    soort = find_soort(begin) or ("json" if begin.lstrip()[:1] == b"{" else "bin")
    return f"{'archief' if rij.soort == 'pdfa' else rij.soort}.{_UITGANG.get(soort, soort)}"


def _find_verpakt(session: Session, regels: Mapping[int, Gebeurtenis], *, met_namen: bool) -> Iterator[dict[str, Any]]:
    """Yield the keys of what the lines packed away, without those of people unless asked."""
    nummers = {g.id: nummer for nummer, g in regels.items() if met_namen or not _is_van_persoon(g)}
    rijen = session.exec(
        select(VerpaktRow, GebeurtenisRow.id)
        .join(GebeurtenisRow, col(GebeurtenisRow.id) == VerpaktRow.gebeurtenis_id)
        .where(col(VerpaktRow.gebeurtenis_id).in_(list(nummers)), col(VerpaktRow.sleutel).is_not(None))
    )
    for rij, id_ in rijen:
        yield {
            "regel": nummers[id_],
            "veld": rij.veld,
            "sleutel": rij.sleutel,
            "inhoud": json.loads(str(rij.inhoud)),
        }


def _is_van_persoon(gebeurtenis: Gebeurtenis) -> bool:
    return gebeurtenis.soort in _NAMEN or gebeurtenis.gegevens.get("over") == Over.PERSOON


def write_bewijs(basis: Basis, document_id: UUID, naar: Path, *, met_namen: bool = False) -> Bundel:
    """Write the proof of a document into a new folder, which gets its name when it is whole.

    Args:
        met_namen: with the names of whoever decided; else the log's numbers for them alone.

    Raises:
        NietMogelijkError: the folder is there already, or nothing is anchored that covers every line.
    """
    if naar.exists():
        raise NietMogelijkError(f"{naar} bestaat al. Kies een nieuwe map voor het bewijs.")
    with db.read(basis.engine) as session:
        bundel = load_bundel(basis, session, document_id, met_namen=met_namen)
    omvang = _find_checkpoint(basis.config, logboek.load_beleid(basis.config), max(bundel.regels))
    naar.parent.mkdir(parents=True, exist_ok=True)
    half = naar.with_name(f".{naar.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    try:
        _write_bundel(basis, document_id, bundel, half, omvang)
        half.rename(naar)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return bundel


def _write_bundel(basis: Basis, document_id: UUID, bundel: Bundel, half: Path, omvang: int) -> None:
    notitie = _copy_ankers(basis.config.logboek.map, half, omvang)
    _write_regels(basis.config.logboek.map, half, bundel, notitie)
    for pad, sha256 in bundel.bestanden.items():
        _copy_object(basis, sha256, half / pad)
    (half / NAAM).write_bytes(build_controleprogramma())
    (half / "LEESMIJ.txt").write_text(LEESMIJ, encoding="utf-8")
    with db.read(basis.engine) as session:
        document = storage.load_document(session, document_id)
        mdto = overdracht.write_mdto(basis, session, document, half / "mdto", met_naam=False)
    toelichting = [half / NAAM, half / "LEESMIJ.txt", *mdto]
    erbij = {pad.relative_to(half).as_posix(): _hash(pad) for pad in toelichting}
    inhoud = {
        "schema": SCHEMA,
        "document": str(document_id),
        "onderwerpen": list(bundel.onderwerpen),
        "regels": sorted(bundel.regels),
        "bestanden": {**bundel.bestanden, **erbij},
        "verpakt": list(bundel.verpakt),
    }
    (half / INHOUD).write_text(json.dumps(inhoud, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")


def _find_checkpoint(config: Config, beleid: Beleid, regel: int) -> int:
    if not beleid.minimaal_tijdstempels and beleid.quorum == GEEN:  # nobody outside: the newest checkpoint must do
        return _find_omvang(config.logboek.map)
    anker = verankering.find_anker(config, beleid, regel)
    if anker is None:
        raise NietMogelijkError(
            "Niet alles over dit document staat al in een verankerd checkpoint. Veranker eerst: "
            "scanstraat logboek veranker"
        )
    return anker.omvang


def _copy_ankers(log: Path, half: Path, omvang: int) -> Notitie:
    shutil.copyfile(log / "checkpoints" / str(omvang), half / "checkpoint")
    for deel in (Path("getuigen") / str(omvang), Path("tijdstempels") / str(omvang), Path("wortels")):
        if (log / deel).is_dir():
            shutil.copytree(log / deel, half / deel)
        elif (log / deel).exists():
            (half / deel).parent.mkdir(parents=True)
            shutil.copyfile(log / deel, half / deel)
    return parse_notitie((half / "checkpoint").read_bytes())


def _write_regels(log: Path, half: Path, bundel: Bundel, notitie: Notitie) -> None:
    knopen = Tegelmap(log).knoop
    (half / "regels").mkdir()
    for nummer, blad in bundel.regels.items():
        (half / "regels" / f"{nummer}.json").write_bytes(blad)
        bewijs = build_logbewijs(knopen, nummer, notitie)
        (half / "regels" / f"{nummer}.tlog-proof").write_bytes(bewijs.to_bytes())


def _copy_object(basis: Basis, sha256: str, naar: Path) -> None:
    naar.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(basis.opslag.open_fd(sha256), "rb") as van, naar.open("wb") as uit:
        shutil.copyfileobj(van, uit, 1 << 20)
    if _hash(naar) != sha256:
        raise NietMogelijkError("Een bewaard bestand is beschadigd. Herstel het eerst: scanstraat opslag controleer")


def _hash(pad: Path) -> str:
    with pad.open("rb") as bestand:
        return hashlib.file_digest(bestand, "sha256").hexdigest()
