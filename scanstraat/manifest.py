"""The manifest of a documentversie: which masters, which archive file, which proofs. Stored as bytes, named by hash.

It holds no names, case numbers or text: a log leaf commits to its hash, and it may be shown to an auditor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlmodel import Session

from scanstraat import db, storage
from scanstraat.domain import Vingerafdruk
from vernietiging.gebeurtenis import canonical_json

if TYPE_CHECKING:
    from scanstraat.archiveren import Archiefbestand, Archiefopdracht, Bewijs
    from scanstraat.bootstrap import Lijn
    from scanstraat.storage import Versie


def save_manifest(lijn: Lijn, opdracht: Archiefopdracht, archief: Archiefbestand, bewijs: Bewijs) -> Vingerafdruk:
    """Write the manifest of a documentversie into the store and return its fingerprint."""
    pdfa, beeld = (bewijs.profiel, bewijs.conform, bewijs.rapport.sha256), (bewijs.gelijk, bewijs.getrouwheid.sha256)
    with db.read(lijn.engine) as session:
        inhoud = build_manifest(session, opdracht.versie, archief.object, pdfa, beeld, lijn.versies)
    return lijn.opslag.bewaar_bytes(inhoud)


def build_manifest(
    session: Session,
    versie: Versie,
    pdf: Vingerafdruk,
    pdfa: tuple[str, bool, str],
    getrouwheid: tuple[bool, str],
    programmas: Mapping[str, str],
) -> bytes:
    """Return the bytes of the manifest of a versie; `rijcontrole` holds the rows against them.

    Args:
        pdfa: profile, verdict, and SHA-256 of the report of it.
        getrouwheid: verdict, and SHA-256 of the report of it.
        programmas: name -> version, of everything that made the archive file.
    """
    masters = {sha256: storage.load_object(session, sha256) for sha256 in {p.bron_sha256 for p in versie.paginas}}
    (profiel, conform, rapport), (gelijk, vergelijking) = pdfa, getrouwheid
    return canonical_json(
        {
            "schema": "scanstraat.manifest/1",
            "documentversie": str(storage.versie_log_id(session, versie.id)),
            "n": versie.n,
            "masters": {sha256: {"sha512": m.sha512, "bytes": m.omvang_bytes} for sha256, m in masters.items()},
            "paginas": [
                {"master": p.bron_sha256, "n": p.n, "draai_graden": p.draai_graden, "beeld": str(p.beeld_id)}
                for p in versie.paginas
            ],
            "pdf": {"sha256": pdf.sha256, "sha512": pdf.sha512, "bytes": pdf.omvang_bytes},
            "pdfa": {"profiel": profiel, "conform": conform, "rapport": rapport},
            "getrouwheid": {"gelijk": gelijk, "rapport": vergelijking},
            "programmas": dict(programmas),
        }
    )
