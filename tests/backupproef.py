"""A small installation with real bytes in both stores, for the tests of upkeep and back-up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlmodel import Session, select

from scanstraat import db, storage
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.config import build_config
from scanstraat.domain import Vingerafdruk
from scanstraat.onderhoud import open_register
from scanstraat.tables import DocumentversieRow, ObjectRow
from scanstraat.zaaksysteem.tables import RegisterInformatieobjectRow, RegisterInformatieobjectversieRow
from tests import builders

LANG_GELEDEN = "2026-01-02T03:04:05.678Z"


@dataclass(frozen=True)
class Proefinstallatie:
    """A batch with one archived document in the register."""

    basis: Basis
    map: Path
    batchnummer: str
    versie: UUID
    bron: Vingerafdruk
    tekstlaag: Vingerafdruk
    pdf: Vingerafdruk

    def niets(self, gedaan: int, totaal: int) -> None:
        """Be told of progress, and do nothing with it."""


def write_config(map_: Path, *, url: str = "", kopie: bool = False, dagelijks_deel: int = 30) -> Path:
    """Write a config.toml with everything under `map_`."""
    pad = map_ / "config.toml"
    tekst = (
        f'[algemeen]\ngegevensmap = "data"\n[database]\nurl = "{url}"\n[opslag]\ndagelijks_deel = {dagelijks_deel}\n'
    )
    pad.write_text(tekst + ('kopie = "kopie"\n' if kopie else ""))
    return pad


@contextmanager
def open_installatie(
    map_: Path, *, url: str = "", kopie: bool = False, dagelijks_deel: int = 30
) -> Iterator[Proefinstallatie]:
    """Open an installation in `map_` and put one archived, delivered document in it."""
    opslag = {"dagelijks_deel": dagelijks_deel, **({"kopie": "kopie"} if kopie else {})}
    inhoud = {"algemeen": {"gegevensmap": "data"}, "database": {"url": url}, "opslag": opslag}
    with open_basis(build_config(inhoud, basis=map_)) as basis:
        with db.begin(basis.engine) as session:
            batch = builders.build_batch(session, paginas=(2,))
            nummer = storage.load_batch(session, batch.batch).nummer
            # The rows of the builders speak of bytes that are nowhere: here the store has them.
            bron = keep(basis, session, "bron")
            for rij in session.exec(select(ObjectRow)).all():
                if not basis.opslag.heeft(rij.sha256):
                    rij.opgeruimd_op = LANG_GELEDEN
            tekstlaag, pdf, *bewijzen = (
                keep(basis, session, soort) for soort in ("tekstlaag", "pdfa", "manifest", "rapport", "rapport")
            )
            archive(session, batch.versies[0], tekstlaag, pdf, *bewijzen)
            with basis.opslag.pad(pdf.sha256).open("rb") as stroom:
                open_register(basis.config).bewaar(stroom)
            register(session, pdf)
        yield Proefinstallatie(basis, map_, nummer, batch.versies[0], bron, tekstlaag, pdf)


def keep(basis: Basis, session: Session, soort: str, inhoud: bytes | None = None) -> Vingerafdruk:
    """Put bytes in the store and in the record."""
    vingerafdruk = basis.opslag.bewaar_bytes(uuid4().bytes * 500 if inhoud is None else inhoud)
    storage.save_object(session, vingerafdruk, soort)
    return vingerafdruk


def archive(
    session: Session,
    versie_id: UUID,
    tekstlaag: Vingerafdruk,
    pdf: Vingerafdruk,
    manifest: Vingerafdruk,
    rapport: Vingerafdruk,
    getrouwheid: Vingerafdruk,
    *,
    op: str = LANG_GELEDEN,
) -> None:
    """Give a versie an archive file of these objects, made at `op`."""
    versie = session.get_one(DocumentversieRow, versie_id)
    versie.tekstlaag_sha256, versie.manifest_sha256 = tekstlaag.sha256, manifest.sha256
    versie.pdf_sha256, versie.pdf_bytes = pdf.sha256, pdf.omvang_bytes
    versie.pdfa_profiel, versie.pdfa_conform, versie.getrouw = "2b", True, True
    versie.pdfa_rapport_sha256, versie.getrouwheid_rapport_sha256 = rapport.sha256, getrouwheid.sha256
    versie.gearchiveerd_op = op
    session.add(versie)
    session.flush()


def register(session: Session, pdf: Vingerafdruk) -> None:
    """Put a document in the built-in register."""
    document = RegisterInformatieobjectRow(
        identificatie=uuid4().hex, nieuwste_documentversie=1, aangemaakt_op=LANG_GELEDEN
    )
    session.add(document)
    session.flush()
    session.add(
        RegisterInformatieobjectversieRow(
            informatieobject_id=document.id,
            versie=1,
            documentversie=1,
            titel="",
            informatieobjecttype="Ingekomen stuk",
            vertrouwelijkheidaanduiding="zaakvertrouwelijk",
            taal="dut",
            creatiedatum="2026-01-02",
            auteur="Gemeente Voorbeeld",
            bestandsnaam="document.pdf",
            formaat="application/pdf",
            sha256=pdf.sha256,
            omvang_bytes=pdf.omvang_bytes,
            begin_registratie=LANG_GELEDEN,
        )
    )
    session.flush()


def flip(pad: Path, plaats: int = -1) -> None:
    """Change one byte of a file, as a failing disk would."""
    modus = pad.stat().st_mode
    pad.chmod(0o600)
    inhoud = bytearray(pad.read_bytes())
    inhoud[plaats if plaats >= 0 else len(inhoud) // 2] ^= 0xFF
    pad.write_bytes(inhoud)
    pad.chmod(modus)
