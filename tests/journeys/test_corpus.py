"""Odd files and sheets of other products through the whole line, twice: as they are, and scanned at 300 dpi.

Most of them are not scans, so as they are they stop at the door; scanned, they are paper like any other.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import img2pdf
import pypdfium2
import pytest
from PIL import Image
from sqlmodel import col, select

from scanstraat import db
from scanstraat.tables import AfleveringRow, BatchRow, BevindingRow, BronRow, DocumentRow, ScanmapBestandRow
from tests.journeys.test_demo import run_demo
from tests.torture.test_vijandig import AFWIJKEND

pytestmark = pytest.mark.usefixtures("verapdf_jar")
DPI = 300


@dataclass(frozen=True)
class Uitkomst:
    """Where a file ended. `stop`: the code of its reason, when it did not get in."""

    stop: str = ""
    beelden: int = 0
    scheidingsbladen: int = 0
    documenten: int = 0
    bevindingen: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def uitkomsten(gedeeld: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Uitkomst]:
    map_ = tmp_path_factory.mktemp("corpus")
    for pad in sorted([*(gedeeld / "corpus/afwijkend").iterdir(), *(gedeeld / "corpus/scheidingsbladen").iterdir()]):
        (map_ / pad.name).write_bytes(pad.read_bytes())
        if paginas := _scan(pad):
            (map_ / f"gescand {pad.name}.pdf").write_bytes(paginas)
    gegevens = map_.parent / f"{map_.name}-gegevens"
    uitslag = run_demo(str(map_), "--in", str(gegevens))
    for batch in uitslag["batches"]:
        assert batch["bladtelling"]["sluitend"]
        for document in batch["documenten"]:
            assert document["pdfa"]["conform"]
            assert document["getrouwheid"]["gelijk"]
    return _read_uitkomsten(gegevens / "data")


def _scan(pad: Path) -> bytes:
    """Return a PDF of grey JPEGs of the pages, as a scanner makes of their paper; empty when no page can be drawn."""
    try:
        if pad.suffix == ".pdf":
            with pypdfium2.PdfDocument(pad) as document:
                paginas = [pagina.render(scale=DPI / 72).to_pil() for pagina in document]
        else:
            with Image.open(pad) as tiff:
                paginas = [_flatten(tiff, n) for n in range(getattr(tiff, "n_frames", 1))]
    except (pypdfium2.PdfiumError, OSError):
        return b""
    jpegs = []
    for pagina in paginas:
        uit = io.BytesIO()
        pagina.convert("L").save(uit, "JPEG", quality=85, dpi=(DPI, DPI))
        jpegs.append(uit.getvalue())
    # without a time, and with the writer that makes no id of one: equal pages are then equal bytes
    return bytes(img2pdf.convert(jpegs, nodate=True, engine=img2pdf.Engine.internal))


def _flatten(tiff: Image.Image, n: int) -> Image.Image:
    tiff.seek(n)
    vel = tiff.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", vel.size, "white"), vel)


def _read_uitkomsten(map_: Path) -> dict[str, Uitkomst]:
    engine = db.create_engine(f"sqlite:///{map_ / 'scanstraat.db'}")
    uitkomsten = {}
    with db.read(engine) as session:
        assert not session.exec(select(AfleveringRow)).all()  # nothing here names a zaak that exists
        for bestand in session.exec(select(ScanmapBestandRow).order_by(col(ScanmapBestandRow.pad))):
            if bestand.status != "ingenomen":
                uitkomsten[bestand.pad] = Uitkomst(stop=bestand.reden_code)
                continue
            batch = session.get_one(BatchRow, session.get_one(BronRow, bestand.bron_id).batch_id)
            codes = Counter(session.exec(select(BevindingRow.code).where(BevindingRow.batch_id == batch.id)))
            uitkomsten[bestand.pad] = Uitkomst(
                beelden=batch.ontvangen,
                scheidingsbladen=batch.scheidingsbladen,
                documenten=len(session.exec(select(DocumentRow).where(DocumentRow.batch_id == batch.id)).all()),
                bevindingen=tuple(sorted(codes)),
            )
    engine.dispose()
    return uitkomsten


# As they are: the code of the reason stands in test_vijandig.AFWIJKEND. Of what gets in: beelden, scheidingsbladen and
# documenten.
ZOALS_HET_IS = {
    "balloon_a1b_jp2k.pdf": Uitkomst("", 1, 0, 1, ("lage_resolutie", "onscherp", "tekst_onzeker", "vreemde_maat")),
    "barcode-fax-image.pdf": Uitkomst("", 3, 1, 2),
    "veraPDFHiRes.pdf": Uitkomst("", 1, 0, 1, ("tekst_onzeker",)),
}
# Scanned: one page in one document, but for these.
GESCAND = {
    "balloon_a1b_jp2k.pdf": Uitkomst("te_groot"),  # a balloon of 3 x 2 m is no sheet of paper
    "barcode-fax-image.pdf": Uitkomst("", 3, 1, 2),
    "patch-code-t-middle-alpha.tiff": Uitkomst("", 3, 1, 2),
    "patch-code-t-middle-fuzzy.pdf": Uitkomst("", 3, 1, 2),
    "patch-code-t-middle-unreadable.pdf": Uitkomst("", 3, 0, 1, ("tekst_onzeker",)),
    "patch-code-t-qr.pdf": Uitkomst("", 1, 1, 0, ("scheidingsblad_zonder_document",)),
    "several-patcht-codes.pdf": Uitkomst("", 7, 2, 3),
    "split-by-asn-2.pdf": Uitkomst("", 12, 1, 2, ("blanco",)),  # ASN and TAG are codes of another product
    "split-by-tag-mixed-asn.pdf": Uitkomst("", 8, 0, 1),
    "test_fontArialNotEmbedded.pdf": Uitkomst("", 56, 0, 1, ("blanco",)),
    "veraPDFHiRes.pdf": Uitkomst("", 1, 0, 1, ("tekst_onzeker",)),
    "veraPDFHiResChangedHeight.pdf": Uitkomst("", 1, 0, 1, ("tekst_onzeker",)),
    "veraPDFHiResWrongObjectID.pdf": Uitkomst("", 1, 0, 1, ("blanco",)),  # its image cannot be found: an empty sheet
    "webCapture.pdf": Uitkomst("", 3, 0, 1),
}
NIET_TE_TEKENEN = {"encryption_openpassword.pdf"}
DUBBEL = 7  # files that print as the very same page as another; which of them comes second is chance


def test_each_file_as_it_is_ends_where_it_must(uitkomsten: dict[str, Uitkomst]) -> None:
    verwacht = {naam: ZOALS_HET_IS.get(naam, Uitkomst(code)) for naam, code in AFWIJKEND.items()}
    assert {naam: uit for naam, uit in uitkomsten.items() if not naam.startswith("gescand ")} == verwacht


def test_each_file_scanned_ends_where_it_must(uitkomsten: dict[str, Uitkomst]) -> None:
    verwacht = {
        f"gescand {naam}.pdf": GESCAND.get(naam, Uitkomst("", 1, 0, 1)) for naam in AFWIJKEND.keys() - NIET_TE_TEKENEN
    }
    gescand = {naam: uit for naam, uit in uitkomsten.items() if naam.startswith("gescand ")}
    assert sum("dubbel" in uit.bevindingen for uit in gescand.values()) == DUBBEL
    assert {naam: _without_dubbel(uit) for naam, uit in gescand.items()} == verwacht


def _without_dubbel(uitkomst: Uitkomst) -> Uitkomst:
    return replace(uitkomst, bevindingen=tuple(code for code in uitkomst.bevindingen if code != "dubbel"))
