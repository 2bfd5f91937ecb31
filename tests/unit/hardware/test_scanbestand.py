"""Files as scanners make them hold every page, and the JPEGs in a PDF are the scanner's own bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageDraw

from hardware.papier import Vel
from hardware.scanbestand import Tiffcompressie, render_pdf, render_tiff, write_atomic, write_slowly
from hardware.scanner import Kleurmodus, Scanbeeld, Scanprofiel
from hardware.simulator import Simulator


def teken(n: int) -> Image.Image:
    beeld = Image.new("RGB", (248, 351), "white")
    ImageDraw.Draw(beeld).rectangle((40, 40, 40 + 20 * n, 120), fill="black")
    return beeld


def scan(profiel: Scanprofiel, aantal: int = 3) -> list[Scanbeeld]:
    return list(Simulator([Vel(partial(teken, n)) for n in range(1, aantal + 1)]).scan(profiel))


@pytest.mark.parametrize("kleurmodus", [Kleurmodus.KLEUR, Kleurmodus.GRIJS])
def test_a_pdf_holds_the_jpegs_byte_for_byte_on_pages_of_their_size(kleurmodus: Kleurmodus) -> None:
    beelden = scan(Scanprofiel(kleurmodus=kleurmodus))
    with pikepdf.open(io.BytesIO(render_pdf(beelden))) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert [pagina.Resources.XObject["/Im0"].read_raw_bytes() for pagina in pdf.pages] == [
            b.inhoud for b in beelden
        ]
        breedte = float(pdf.pages[0].mediabox[2])
    assert breedte == pytest.approx(248 / 300 * 72, abs=0.01)


def test_a_black_and_white_pdf_shows_the_same_pixels() -> None:
    beelden = scan(Scanprofiel(kleurmodus=Kleurmodus.ZWARTWIT))
    with pikepdf.open(io.BytesIO(render_pdf(beelden))) as pdf:
        stroom = pdf.pages[1].Resources.XObject["/Im0"]
        assert isinstance(stroom, pikepdf.Stream)
        uit = pikepdf.PdfImage(stroom).as_pil_image()
    with Image.open(io.BytesIO(beelden[1].inhoud)) as bron:
        assert uit.convert("1").tobytes() == bron.convert("1").tobytes()


@pytest.mark.parametrize(
    ("compressie", "modus", "tag"),
    [(Tiffcompressie.JPEG, "RGB", 7), (Tiffcompressie.G4, "1", 4), (Tiffcompressie.LZW, "RGB", 5)],
)
def test_a_tiff_holds_every_page_in_one_strip(compressie: Tiffcompressie, modus: str, tag: int) -> None:
    with Image.open(io.BytesIO(render_tiff(scan(Scanprofiel()), compressie=compressie))) as tiff:
        assert getattr(tiff, "n_frames", 1) == 3
        for n in range(3):
            tiff.seek(n)
            tiff.load()
            assert tiff.mode == modus
            assert tiff.tag_v2[259] == tag  # type: ignore[attr-defined]
            assert len(tiff.tag_v2[273]) == 1  # type: ignore[attr-defined]
            assert round(float(tiff.info["dpi"][0])) == 300


def test_what_is_dark_is_black_under_g4() -> None:
    grijs = np.repeat(np.array([[0, 159, 160, 255]], np.uint8), 4, axis=0)
    uit = io.BytesIO()
    Image.fromarray(grijs).save(uit, format="PNG")
    beeld = replace(scan(Scanprofiel(), 1)[0], inhoud=uit.getvalue())
    with Image.open(io.BytesIO(render_tiff([beeld], compressie=Tiffcompressie.G4, drempel=160))) as tiff:
        assert np.asarray(tiff.convert("L"))[0].tolist() == [0, 0, 255, 255]


def test_a_file_that_appears_at_once_has_its_name_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gezien: list[list[str]] = []
    echt = Path.write_bytes

    def write(pad: Path, inhoud: bytes) -> int:
        aantal = echt(pad, inhoud[: len(inhoud) // 2])
        gezien.append([deel.name for deel in tmp_path.iterdir()])
        return aantal + echt(pad, inhoud)

    monkeypatch.setattr(Path, "write_bytes", write)
    write_atomic(tmp_path / "a.pdf", b"1234")
    assert gezien and all(naam.startswith(".") for namen in gezien for naam in namen)
    assert (tmp_path / "a.pdf").read_bytes() == b"1234"


def test_a_file_grows_or_appears_at_once_as_asked(tmp_path: Path) -> None:
    inhoud = bytes(range(256)) * 10
    write_atomic(tmp_path / "a.pdf", inhoud)
    write_slowly(tmp_path / "b.pdf", inhoud, duur_s=0.02, stukken=4)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes() == inhoud
    assert sorted(pad.name for pad in tmp_path.iterdir()) == ["a.pdf", "b.pdf"]
