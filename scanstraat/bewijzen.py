"""The proof of one document, as a folder for somebody without the product: files, lines of the log, the verifier.

What the folder proves, `vernietiging/documentbewijs.py` says. It holds what the record knows of this document and of
nobody else's.
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

from sqlmodel import Session, col, select

from scanstraat import db, logboek, logstand, overdracht, storage, verankering
from scanstraat.bootstrap import Basis
from scanstraat.config import Config
from scanstraat.controleprogramma import NAAM, build_controleprogramma
from scanstraat.errors import NietMogelijkError
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
from scanstraat.tables_bewijs import (
    BesluitRow,
    BindingRow,
    DoosbladRow,
    DoosRow,
    HandboekRow,
    LijstdoosRow,
    VerklaringdoosRow,
    VerklaringRow,
    VernietigingslijstRow,
    VerpaktRow,
)
from vernietiging.beleid import GEEN, Beleid
from vernietiging.documentbewijs import INHOUD, SCHEMA
from vernietiging.gebeurtenis import find_objecten, parse_blad
from vernietiging.logbewijs import build_logbewijs
from vernietiging.notitie import Notitie, parse_notitie
from vernietiging.tegels import Tegelmap

_UITGANG = {"jpeg": "jpg", "tiff": "tif"}  # other kinds are their own
_JSON = frozenset(
    {"manifest", "verzegeling", "trekking", "oordeel", "feiten", "vernietigingslijst", "opdracht", "besluit"}
)
LEESMIJ = """Dit is het bewijs van een document dat is gescand voor vervanging.

Controleer het met:
  python3 controleer.pyz . --beleid BESTAND
Het beleid krijgt u van de organisatie buiten dit bewijs om; het staat afgedrukt in haar handboek. Nodig zijn Python
3.11 of nieuwer, het pakket cryptography en het programma openssl.

scans/        de bestanden zoals de scanner ze gaf
archief.pdf   het archiefbestand dat aan de zaak hangt
mdto/         de metagegevens volgens MDTO en het transfervermerk; toelichting, niet vastgelegd in het logboek
vastgelegd/   wat er bij elke beslissing is vastgelegd; het getal is de regel van het logboek
regels/       de regels van het logboek over dit document, elk met het bewijs dat zij erin staat
bewijs.json   wat er in deze map hoort, en de sleutels van wat in het logboek verpakt is
"""


@dataclass(frozen=True)
class Bundel:
    """What goes into the folder of a document."""

    regels: Mapping[int, bytes]  # number -> leaf
    bestanden: Mapping[str, str]  # path in the folder -> SHA-256 in the store
    verpakt: tuple[dict[str, Any], ...]


def load_bundel(basis: Basis, session: Session, document_id: UUID) -> Bundel:
    """Collect what the record knows of a document.

    Raises:
        NietMogelijkError: it was not archived and delivered yet, or the log does not have that yet.
    """
    document = storage.load_document(session, document_id)
    versie = storage.latest_versie(session, document_id)
    if versie.pdf_sha256 is None or storage.load_aflevering(session, versie.id) is None:
        raise NietMogelijkError("Dit document is nog niet afgeleverd: er valt nog niets te bewijzen.")
    onderwerpen = list(dict.fromkeys(_find_onderwerpen(session, document, versie)))
    rijen = session.exec(
        select(GebeurtenisRow, LogregelRow.nummer)
        .join(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
        .where(col(GebeurtenisRow.onderwerp_log_id).in_(onderwerpen))
        .order_by(col(LogregelRow.nummer))
    ).all()
    regels = {nummer: logstand.build_blad(rij) for rij, nummer in rijen}
    bestanden = {**_find_scans(session, versie), "archief.pdf": versie.pdf_sha256}
    for nummer, blad in regels.items():
        for sha256 in find_objecten(parse_blad(blad)):
            if sha256 not in bestanden.values():
                bestanden[f"vastgelegd/{nummer}-{_name_object(session, sha256)}"] = sha256
    ids = {rij.id: nummer for rij, nummer in rijen}
    verpakt = session.exec(
        select(VerpaktRow).where(col(VerpaktRow.gebeurtenis_id).in_(list(ids)), col(VerpaktRow.sleutel).is_not(None))
    )
    return Bundel(
        regels,
        bestanden,
        tuple(
            {
                "regel": ids[rij.gebeurtenis_id],
                "veld": rij.veld,
                "sleutel": rij.sleutel,
                "inhoud": json.loads(str(rij.inhoud)),
            }
            for rij in verpakt
        ),
    )


def _find_onderwerpen(session: Session, document: DocumentRow, versie: DocumentversieRow) -> Iterator[UUID]:
    """Yield the ids in the log of everything that is about this document, and not about one document alone."""
    yield versie.log_id
    yield session.get_one(BatchRow, document.batch_id).log_id
    for besluit, handboek in session.exec(
        select(BesluitRow.log_id, HandboekRow.log_id)
        .join(BindingRow, col(BindingRow.besluit_id) == BesluitRow.id)
        .join(HandboekRow, col(HandboekRow.id) == BesluitRow.handboek_id)
        .where(BindingRow.batch_id == document.batch_id)
    ):
        yield from (besluit, handboek)
    dozen = list(
        session.exec(
            select(DoosRow)
            .join(DoosbladRow, col(DoosbladRow.doos_id) == DoosRow.id)
            .join(BeeldRow, col(BeeldRow.blad_id) == DoosbladRow.blad_id)
            .where(BeeldRow.document_id == document.id, col(DoosbladRow.uit_op).is_(None))
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


def _find_scans(session: Session, versie: DocumentversieRow) -> dict[str, str]:
    """Return the masters of a versie, by the numbers that they have in their batch: file names may hold names."""
    bronnen = session.exec(
        select(BronRow)
        .join(BeeldRow, col(BeeldRow.bron_id) == BronRow.id)
        .join(PaginaRow, col(PaginaRow.beeld_id) == BeeldRow.id)
        .where(PaginaRow.documentversie_id == versie.id)
    )
    return {f"scans/{bron.volgnummer}.{_UITGANG.get(bron.soort, bron.soort)}": bron.sha256 for bron in bronnen}


def _name_object(session: Session, sha256: str) -> str:
    rij = session.get_one(ObjectRow, sha256)
    if rij.soort in _JSON:
        return f"{rij.soort}.json"
    return {"pdfa": "archief.pdf", "bron": "scan.bin", "verklaring": "verklaring.bin"}.get(
        rij.soort, f"{rij.soort}.bin"
    )


def write_bewijs(basis: Basis, document_id: UUID, naar: Path) -> Bundel:
    """Write the proof of a document into a new folder, which gets its name when it is whole.

    Raises:
        NietMogelijkError: the folder is there already, or nothing is anchored that covers every line.
    """
    if naar.exists():
        raise NietMogelijkError(f"{naar} bestaat al. Kies een nieuwe map voor het bewijs.")
    with db.read(basis.engine) as session:
        bundel = load_bundel(basis, session, document_id)
    omvang = _find_checkpoint(basis.config, logboek.load_beleid(basis.config), max(bundel.regels))
    naar.parent.mkdir(parents=True, exist_ok=True)
    half = naar.with_name(f".{naar.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
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
        "regels": sorted(bundel.regels),
        "bestanden": {**bundel.bestanden, **erbij},
        "verpakt": list(bundel.verpakt),
    }
    (half / INHOUD).write_text(json.dumps(inhoud, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
    half.rename(naar)
    return bundel


def _find_checkpoint(config: Config, beleid: Beleid, regel: int) -> int:
    if not beleid.minimaal_tijdstempels and beleid.quorum == GEEN:  # nobody outside: the newest checkpoint must do
        namen = [int(pad.name) for pad in (config.logboek.map / "checkpoints").iterdir() if pad.name.isdecimal()]
        return max(namen)
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
