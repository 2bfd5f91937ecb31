"""The manifest of a documentversie: which masters, which archive file, which proofs. Stored as bytes, named by hash.

It holds no names, case numbers or text: a log leaf commits to its hash, and it may be shown to an auditor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanstraat import db, storage
from scanstraat.domain import Vingerafdruk
from vernietiging.gebeurtenis import canonical_json

if TYPE_CHECKING:
    from scanstraat.archiveren import Archiefbestand, Archiefopdracht, Bewijs
    from scanstraat.bootstrap import Lijn


def save_manifest(lijn: Lijn, opdracht: Archiefopdracht, archief: Archiefbestand, bewijs: Bewijs) -> Vingerafdruk:
    """Write the manifest of a documentversie into the store and return its fingerprint."""
    versie = opdracht.versie
    with db.read(lijn.engine) as session:
        masters = {sha256: storage.load_object(session, sha256) for sha256 in {p.bron_sha256 for p in versie.paginas}}
        log_id = storage.versie_log_id(session, versie.id)
    inhoud = {
        "schema": "scanstraat.manifest/1",
        "documentversie": str(log_id),
        "n": versie.n,
        "masters": {sha256: {"sha512": m.sha512, "bytes": m.omvang_bytes} for sha256, m in masters.items()},
        "paginas": [
            {"master": p.bron_sha256, "n": p.n, "draai_graden": p.draai_graden, "beeld": str(p.beeld_id)}
            for p in versie.paginas
        ],
        "pdf": {
            "sha256": archief.object.sha256,
            "sha512": archief.object.sha512,
            "bytes": archief.object.omvang_bytes,
        },
        "pdfa": {"profiel": bewijs.profiel, "conform": bewijs.conform, "rapport": bewijs.rapport.sha256},
        "getrouwheid": {"gelijk": bewijs.gelijk, "rapport": bewijs.getrouwheid.sha256},
        "programmas": dict(lijn.versies),
    }
    return lijn.opslag.bewaar_bytes(canonical_json(inhoud))
