"""A paper that is kept as proof opens to its last page; what does not is refused, and nothing of it becomes proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.stukken import take_stuk
from tests.afrondproef import Afrondproef, open_afrondproef
from tests.vijandig import build_pdf


@pytest.fixture(scope="module")
def proef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    with open_afrondproef(tmp_path_factory.mktemp("stukken")) as gemaakt:
        yield gemaakt


def add_link(pdf: pikepdf.Pdf) -> None:
    actie = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://gemeente.example")
    link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=actie)
    pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.Array([link]))
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=[]))


def write_tiff(pad: Path) -> None:
    beelden = [Image.new("L", (80, 60), grijs) for grijs in (0, 255)]
    beelden[0].save(pad, format="TIFF", save_all=True, append_images=beelden[1:])


GOED: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("handboek.pdf", lambda pad: pad.write_bytes(build_pdf(3))),
    ("met-link.pdf", lambda pad: pad.write_bytes(build_pdf(1, bewerk=add_link))),  # no scan would pass with that
    ("scan.tif", write_tiff),
    ("scan.png", lambda pad: Image.new("RGB", (80, 60)).save(pad)),
    ("scan.jpg", lambda pad: Image.new("RGB", (80, 60)).save(pad)),
)


@pytest.mark.parametrize(("naam", "schrijf"), GOED, ids=[naam for naam, _ in GOED])
def test_what_opens_is_kept_as_it_is(
    proef: Afrondproef, tmp_path: Path, naam: str, schrijf: Callable[[Path], object]
) -> None:
    schrijf(tmp_path / naam)
    stuk = take_stuk(proef.basis, tmp_path / naam)
    assert stuk.naam == naam
    assert proef.basis.opslag.pad(stuk.vingerafdruk.sha256).read_bytes() == (tmp_path / naam).read_bytes()


def cut(bestand: bytes) -> bytes:
    return bestand[: len(bestand) // 2]


def encrypt(pdf: bytes, pad: Path) -> bytes:
    pad.write_bytes(pdf)
    with pikepdf.open(pad) as open_pdf:
        open_pdf.save(pad.with_suffix(".dicht"), encryption=pikepdf.Encryption(user="geheim", owner="geheim"))
    return pad.with_suffix(".dicht").read_bytes()


def build_png(pad: Path) -> bytes:
    Image.effect_noise((80, 60), 50).save(pad, format="PNG")
    return pad.read_bytes()


FOUT: tuple[tuple[str, Callable[[Path], bytes], str], ...] = (
    ("only the first bytes", lambda _: b"%PDF-1.7 vernietigingsbewijs", "beschadigd of niet compleet"),
    ("a PDF that was cut in half", lambda _: cut(build_pdf(3)), "beschadigd of niet compleet"),
    ("a PDF without its last bytes", lambda _: build_pdf(1)[:-200], "beschadigd of niet compleet"),
    ("a PDF without pages", lambda _: build_pdf(0), "beschadigd of niet compleet"),
    ("a PDF behind a password", lambda pad: encrypt(build_pdf(1), pad), "wachtwoord"),
    ("a scan that was cut in half", lambda pad: cut(build_png(pad)), "Open het zelf"),
    ("another kind", lambda _: b"een woord", "geen PDF, TIFF, JPEG of PNG"),
)


@pytest.mark.parametrize(("bouw", "zin"), [(bouw, zin) for _, bouw, zin in FOUT], ids=[wat for wat, _, _ in FOUT])
def test_what_does_not_open_is_refused(
    proef: Afrondproef, tmp_path: Path, bouw: Callable[[Path], bytes], zin: str
) -> None:
    inhoud = bouw(tmp_path / "bouw")
    (tmp_path / "stuk").write_bytes(inhoud)
    with pytest.raises(NietMogelijkError, match=zin):
        take_stuk(proef.basis, tmp_path / "stuk")


def test_nothing_is_no_paper(proef: Afrondproef, tmp_path: Path) -> None:
    (tmp_path / "leeg.pdf").touch()
    for naam in ("leeg.pdf", "weg.pdf", "."):
        with pytest.raises(NietGevondenError, match="bestaat niet, is leeg of is geen bestand"):
            take_stuk(proef.basis, tmp_path / naam)
