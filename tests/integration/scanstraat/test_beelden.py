"""Every kind of delivered file: its exact pixels come out, its streams stay as they are, and nothing is guessed."""

from __future__ import annotations

import contextlib
import io
import os
import random
import zlib
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from scanstraat.errors import AnderSoortError, InvoerError, OnvolledigError
from scanstraat.intake.beelden import open_bron
from tests.masters import (
    ADOBE_ACHTIG,
    Master,
    build_masters,
    build_pdf,
    draw_pagina,
    encode_g4,
    kleur,
    opened,
    save,
    zwart_wit,
)

MASTERS = build_masters()
GRIJS = draw_pagina()


def same(een: Image.Image, ander: Image.Image) -> bool:
    return een.mode == ander.mode and een.size == ander.size and een.tobytes() == ander.tobytes()


@pytest.mark.parametrize("naam", MASTERS)
def test_the_pixels_that_come_out_are_those_that_went_in(naam: str) -> None:
    master = MASTERS[naam]
    with opened(master.soort, master.gegevens) as bron:
        beeld = bron.beeld(1)
        assert (bron.aantal, beeld.is_scan, beeld.compressie) == (1, True, master.compressie)
        assert (beeld.breedte_px, beeld.hoogte_px) == master.pixels.size
        assert beeld.modus == master.pixels.mode
        assert same(beeld.decode(), master.pixels)


@pytest.mark.parametrize("naam", MASTERS)
def test_grey_for_recognition_is_within_a_few_levels_of_the_pixels(naam: str) -> None:
    master = MASTERS[naam]
    with opened(master.soort, master.gegevens) as bron:
        grijs = bron.beeld(1).decode_grijs()
    assert grijs.mode == "L"
    verschil = np.abs(np.asarray(grijs, int) - np.asarray(master.pixels.convert("L"), int))
    assert verschil.mean() <= 3, "a JPEG's own luminance may differ where colours were clipped"


@pytest.mark.parametrize("naam", MASTERS)
def test_streams_are_given_unchanged_exactly_where_a_pdf_can_hold_them(naam: str) -> None:
    master = MASTERS[naam]
    with opened(master.soort, master.gegevens) as bron:
        beeld = bron.beeld(1)
        stromen, delen = beeld.stromen(), beeld.delen()
    assert bool(stromen) == master.onveranderd == all(deel.onveranderd for deel in delen)
    assert sum(deel.hoogte_px for deel in delen) == master.pixels.height
    if stromen:
        assert stromen == tuple(deel.gegevens for deel in delen)
        if "bits-omgekeerd" not in naam and "tiff-jpeg" not in naam and master.soort not in {"png", "pdf"}:
            assert all(stroom in master.gegevens for stroom in stromen)


def test_a_loose_jpeg_is_one_stream_the_whole_file() -> None:
    with opened("jpeg", MASTERS["jpeg"].gegevens) as bron:
        assert bron.beeld(1).stromen() == (MASTERS["jpeg"].gegevens,)


@pytest.mark.parametrize("naam", ["tiff-jpeg", "tiff-jpeg-strips"])
def test_jpeg_strips_with_their_tables_merged_decode_by_themselves_to_the_same_pixels(naam: str) -> None:
    with opened("tiff", MASTERS[naam].gegevens) as bron:
        delen = bron.beeld(1).delen()
    heel = Image.new("RGB", MASTERS[naam].pixels.size)
    boven = 0
    for deel in delen:
        heel.paste(Image.open(io.BytesIO(deel.gegevens)), (0, boven))
        boven += deel.hoogte_px
    assert same(heel, MASTERS[naam].pixels)


def test_the_colour_profile_comes_along_only_when_it_fits_the_colours() -> None:
    with opened("jpeg", MASTERS["jpeg"].gegevens) as bron:
        assert bron.beeld(1).icc == ADOBE_ACHTIG
    with opened("jpeg", save(GRIJS, "JPEG", icc_profile=ADOBE_ACHTIG)) as bron:
        assert bron.beeld(1).icc is None


def test_a_resolution_is_never_made_up() -> None:
    with opened("jpeg", save(GRIJS, "JPEG")) as bron:
        assert bron.beeld(1).dpi is None
    with opened("jpeg", save(GRIJS, "JPEG", dpi=(300, 300))) as bron:
        assert bron.beeld(1).dpi == (300, 300)
    with opened("tiff", save(GRIJS, "TIFF")) as bron:
        assert bron.beeld(1).dpi is None
    with opened("tiff", save(GRIJS, "TIFF", tiffinfo={282: 118.11, 283: 118.11, 296: 3})) as bron:
        assert bron.beeld(1).dpi == pytest.approx((300, 300), rel=1e-4)


def test_the_resolution_of_a_scan_in_a_pdf_is_its_size_on_the_page() -> None:
    gegevens = save(GRIJS, "JPEG")
    pdf = build_pdf(
        gegevens, GRIJS.size, dpi=200, Filter=Name.DCTDecode, ColorSpace=Name.DeviceGray, BitsPerComponent=8
    )
    with opened("pdf", pdf) as bron:
        assert bron.beeld(1).dpi == pytest.approx((200, 200), rel=1e-3)


def test_an_exif_or_tiff_turn_is_told_and_not_applied() -> None:
    exif = Image.Exif()
    exif[274] = 6
    with opened("jpeg", save(GRIJS, "JPEG", exif=exif)) as bron:
        assert bron.beeld(1).draai_pdf == 90
    with opened("tiff", MASTERS["tiff-gedraaid"].gegevens) as bron:
        assert bron.beeld(1).draai_pdf == 90
        bron.beeld(1).decode()
        assert bron.beeld(1).draai_pdf == 90, "decoding must not make the turn disappear"


def test_frames_of_a_tiff_come_in_order_and_again_in_any_order() -> None:
    bladen = [zwart_wit(draw_pagina((f"blad {i}",))) for i in range(4)]
    gegevens = save(bladen[0], "TIFF", compression="group4", save_all=True, append_images=bladen[1:])
    with opened("tiff", gegevens) as bron:
        assert bron.aantal == 4
        assert all(same(beeld.decode(), bladen[beeld.n - 1]) for beeld in bron.beelden())
        assert same(bron.beeld(2).decode(), bladen[1])
        assert [beeld.n for beeld in bron.beelden(vanaf=3)] == [3, 4]


@pytest.mark.parametrize(
    "naam", ["jpeg", "jpeg-progressief", "tiff-g4", "tiff-lzw", "tiff-jpeg", "png", "png-zwartwit"]
)
@pytest.mark.parametrize("deel", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_is_cut_off_never_gives_pixels(naam: str, deel: float) -> None:
    master = MASTERS[naam]
    half = master.gegevens[: int(len(master.gegevens) * deel)]
    with pytest.raises(OnvolledigError), opened(master.soort, half) as bron:
        bron.beeld(1).decode()


def mutate(gegevens: bytes, toeval: random.Random) -> bytes:
    """Change, drop or add a few bytes, most of them where the structure is: at the beginning and the end."""
    kapot = bytearray(gegevens)
    for _ in range(toeval.choice((1, 1, 2, 5, 20))):
        plek = toeval.randrange(min(len(kapot), 600))
        plek = toeval.choice((plek, len(kapot) - 1 - plek, toeval.randrange(len(kapot))))
        wat = toeval.randrange(4)
        if wat < 2:
            kapot[plek] = toeval.randrange(256)
        elif wat == 2:
            del kapot[plek : plek + toeval.randrange(1, 9)]
        else:
            kapot[plek:plek] = toeval.randbytes(toeval.randrange(1, 9))
    return bytes(kapot)


@pytest.mark.parametrize("naam", MASTERS)
def test_damaged_files_give_an_error_of_ours_or_pixels_and_nothing_else(naam: str, groot: bool) -> None:
    toeval = random.Random(naam)
    for _ in range(500 if groot else 12):
        with contextlib.suppress(InvoerError), opened(MASTERS[naam].soort, mutate(MASTERS[naam].gegevens, toeval)) as b:
            beeld = b.beeld(1)
            beeld.decode()
            beeld.decode_grijs()
            assert sum(deel.hoogte_px for deel in beeld.delen()) == beeld.hoogte_px


def test_a_damaged_g4_strip_is_found_although_libtiff_reads_on() -> None:
    gegevens = bytearray(MASTERS["tiff-g4-wit-is-nul"].gegevens)
    for plaats in range(len(gegevens) // 2, len(gegevens) // 2 + 40):
        gegevens[plaats] ^= 0x5A
    with pytest.raises(InvoerError, match="foutloos"), opened("tiff", bytes(gegevens)) as bron:
        bron.beeld(1).decode()


def test_a_deflate_stream_that_is_too_short_is_incomplete() -> None:
    monsters = zlib.compress(GRIJS.tobytes()[:-5000])
    pdf = build_pdf(monsters, GRIJS.size, Filter=Name.FlateDecode, ColorSpace=Name.DeviceGray, BitsPerComponent=8)
    with pytest.raises(OnvolledigError), opened("pdf", pdf) as bron:
        bron.beeld(1).decode()


@pytest.mark.parametrize(
    ("soort", "gegevens", "code"),
    [
        ("jpeg", save(kleur(GRIJS).convert("CMYK"), "JPEG"), "cmyk"),
        ("tiff", save(kleur(GRIJS).convert("CMYK"), "TIFF"), "cmyk"),
        ("tiff", save(kleur(GRIJS).convert("RGBA"), "TIFF"), "doorzichtig"),
        ("tiff", save(Image.fromarray(np.asarray(GRIJS).astype(np.uint16)), "TIFF"), "te_veel_bits"),
        ("tiff", save(GRIJS, "TIFF", tiffinfo={274: 2}), "gespiegeld"),
        ("tiff", save(GRIJS, "TIFF", tiffinfo={254: 1}), "voorbeeldplaatje"),
        ("png", save(kleur(GRIJS).convert("RGBA"), "PNG"), "doorzichtig"),
        ("png", save(Image.fromarray(np.asarray(GRIJS).astype(np.uint16)), "PNG"), "te_veel_bits"),
        ("png", save(kleur(GRIJS), "PNG", transparency=(0, 0, 0)), "doorzichtig"),
        ("jpeg", b"GIF89a", "onleesbaar"),
        ("png", save(GRIJS, "JPEG"), "onleesbaar"),
        ("tiff", save(GRIJS, "PNG"), "onleesbaar"),
        ("pdf", b"%PDF-1.4\nonzin", "onleesbaar"),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused_with_what_to_do(soort: str, gegevens: bytes, code: str) -> None:
    with pytest.raises(InvoerError) as fout, opened(soort, gegevens) as bron:
        bron.beeld(1).decode()
    assert fout.value.code == code
    assert fout.value.melding.endswith(".")


def test_a_page_that_is_too_large_is_refused_before_it_is_decoded() -> None:
    for naam in ("jpeg", "png", "tiff-g4", "pdf-g4"):
        master = MASTERS[naam]
        with pytest.raises(InvoerError) as fout, opened(master.soort, master.gegevens, maximaal_pixels=1000) as bron:
            bron.beeld(1)
        assert fout.value.code == "te_groot"


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    fd = os.open(tmp_path / "x", os.O_RDONLY)
    with pytest.raises(AnderSoortError):
        open_bron(fd, "docx", maximaal_pixels=10)
    os.close(fd)


# --- pages of a PDF --------------------------------------------------------------------------------------------------

JPEG = save(GRIJS, "JPEG")
JPEG_SLEUTELS = {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceGray, "BitsPerComponent": 8}


def as_pdf(inhoud: str, **opties: object) -> bytes:
    return build_pdf(JPEG, GRIJS.size, inhoud=inhoud, **JPEG_SLEUTELS, **opties)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("inhoud", "draai"),
    [
        ("q {b} 0 0 {h} 0 0 cm /I Do Q", 0),
        ("{b} 0 0 {h} 0 0 cm /I Do", 0),
        ("q -{b} 0 0 -{h} {b} {h} cm /I Do Q", 180),
        ("0 0 {b} {h} re W n q {b} 0 0 {h} 0 0 cm /I Do Q", 0),
        ("q {b} 0 0 {h} 0 0 cm /I Do Q BT 3 Tr /F 12 Tf (onzichtbaar) Tj ET", 0),
        ("BT /F 12 Tf (onder het beeld) Tj ET q {b} 0 0 {h} 0 0 cm /I Do Q", 0),
        ("/Span <</MCID 0>> BDC q {b} 0 0 {h} 0 0 cm /I Do Q EMC", 0),
    ],
)
def test_a_page_that_shows_nothing_but_one_image_is_a_scan(inhoud: str, draai: int) -> None:
    with opened("pdf", as_pdf(inhoud)) as bron:
        beeld = bron.beeld(1)
        assert (beeld.is_scan, beeld.draai_pdf, beeld.stromen()) == (True, draai, (JPEG,))


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_the_turn_of_a_pdf_page_is_told_and_not_applied(rotate: int) -> None:
    with opened("pdf", as_pdf("q {b} 0 0 {h} 0 0 cm /I Do Q", pagina={"Rotate": rotate})) as bron:
        beeld = bron.beeld(1)
        assert (beeld.draai_pdf, beeld.decode().size) == (rotate, GRIJS.size)


@pytest.mark.parametrize(
    ("inhoud", "woord"),
    [
        ("", "geen beeld"),
        ("q {b} 0 0 {h} 0 0 cm /I Do Q BT /F 12 Tf (zichtbaar) Tj ET", "tekst"),
        ("q {b} 0 0 {h} 0 0 cm /I Do Q 0 0 100 100 re f", "tekening"),
        ("q 100 0 0 100 0 0 cm /I Do Q", "vult de pagina niet"),
        ("q {b} 20 -20 {h} 0 0 cm /I Do Q", "schuin"),
        ("q -{b} 0 0 {h} {b} 0 cm /I Do Q", "gespiegeld"),
        ("0 0 100 100 re W n q {b} 0 0 {h} 0 0 cm /I Do Q", "buiten de pagina"),
        ("q {b} 0 0 {h} 0 0 cm /I Do Q q 100 0 0 100 50 50 cm /I Do Q", "lagen"),
        ("/OC /Laag BDC q {b} 0 0 {h} 0 0 cm /I Do Q EMC", "aan- of uitgezet"),
    ],
)
def test_a_page_with_anything_else_on_it_is_no_scan_and_says_why(inhoud: str, woord: str) -> None:
    with opened("pdf", as_pdf(inhoud)) as bron:
        beeld = bron.beeld(1)
        assert not beeld.is_scan
        assert beeld.reden is not None
        assert woord in beeld.reden
        assert beeld.stromen() == ()
        assert beeld.decode().size == (beeld.breedte_px, beeld.hoogte_px)


def test_an_annotation_makes_a_page_no_scan() -> None:
    stempel = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=[0, 0, 50, 50])
    with opened("pdf", as_pdf("q {b} 0 0 {h} 0 0 cm /I Do Q", pagina={"Annots": [stempel]})) as bron:
        assert not bron.beeld(1).is_scan


def test_layers_over_each_other_are_called_so() -> None:
    inhoud = "q {b} 0 0 {h} 0 0 cm /I Do Q q {b} 0 0 {h} 0 0 cm /M Do Q"
    wit = zwart_wit(GRIJS)
    with pikepdf.open(io.BytesIO(as_pdf(inhoud))) as pdf:
        masker = pdf.make_stream(encode_g4(wit))
        for naam, waarde in {
            "Type": Name.XObject, "Subtype": Name.Image, "Width": wit.width, "Height": wit.height, "ImageMask": True,
            "BitsPerComponent": 1, "Filter": Name.CCITTFaxDecode,
            "DecodeParms": Dictionary(K=-1, Columns=wit.width, Rows=wit.height, BlackIs1=True),
        }.items():  # fmt: skip
            masker["/" + naam] = waarde
        pdf.pages[0].obj.Resources.XObject.M = masker
        uit = io.BytesIO()
        pdf.save(uit)
    with opened("pdf", uit.getvalue()) as bron:
        beeld = bron.beeld(1)
        assert (beeld.is_scan, beeld.gelaagd) == (False, True)


def test_strips_that_a_scanner_stacked_on_the_page_are_one_image() -> None:
    wit = zwart_wit(GRIJS)
    helften = [wit.crop((0, 0, wit.width, 400)), wit.crop((0, 400, wit.width, wit.height))]
    breedte, hoogte = (maat * 72 / 300 for maat in wit.size)
    with pikepdf.Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(breedte, hoogte))
        beelden, inhoud, boven = Dictionary(), "", hoogte
        for i, helft in enumerate(helften):
            stroom = pdf.make_stream(encode_g4(helft))
            for naam, waarde in {
                "Type": Name.XObject, "Subtype": Name.Image, "Width": helft.width, "Height": helft.height,
                "BitsPerComponent": 1, "ColorSpace": Name.DeviceGray, "Filter": Name.CCITTFaxDecode,
                "DecodeParms": Dictionary(K=-1, Columns=helft.width, Rows=helft.height, BlackIs1=True),
            }.items():  # fmt: skip
                stroom["/" + naam] = waarde
            beelden[f"/S{i}"] = stroom
            boven -= helft.height * 72 / 300
            inhoud += f"q {breedte} 0 0 {helft.height * 72 / 300} 0 {boven} cm /S{i} Do Q\n"
        pdf.pages[0].obj.Resources = Dictionary(XObject=beelden)
        pdf.pages[0].obj.Contents = pdf.make_stream(inhoud.encode())
        uit = io.BytesIO()
        pdf.save(uit)
    with opened("pdf", uit.getvalue()) as bron:
        beeld = bron.beeld(1)
        assert beeld.is_scan
        assert beeld.stromen() == tuple(encode_g4(helft) for helft in helften)
        assert same(beeld.decode(), wit)


def test_an_inline_image_that_fills_the_page_is_a_scan() -> None:
    klein = GRIJS.resize((124, 90))
    breedte, hoogte = 100, 72.58
    with pikepdf.Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(breedte, hoogte))
        kop = f"q {breedte} 0 0 {hoogte} 0 0 cm BI /W 124 /H 90 /CS /G /BPC 8 ID ".encode()
        pdf.pages[0].obj.Contents = pdf.make_stream(kop + klein.tobytes() + b" EI Q")
        uit = io.BytesIO()
        pdf.save(uit)
    with opened("pdf", uit.getvalue()) as bron:
        beeld = bron.beeld(1)
        assert beeld.is_scan
        assert same(beeld.decode(), klein)


def test_a_jpeg_wrapped_in_flate_is_unwrapped_to_itself() -> None:
    pdf = build_pdf(
        zlib.compress(JPEG),
        GRIJS.size,
        Filter=pikepdf.Array([Name.FlateDecode, Name.DCTDecode]),
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=8,
    )
    with opened("pdf", pdf) as bron:
        assert bron.beeld(1).stromen() == (JPEG,)


def test_lzw_in_a_pdf_is_encoded_again_since_pdfa_bans_it() -> None:
    kaal = build_pdf(GRIJS.tobytes(), GRIJS.size, ColorSpace=Name.DeviceGray, BitsPerComponent=8)
    with opened("pdf", kaal) as bron:
        assert bron.beeld(1).delen()[0].filter == "FlateDecode"
        assert same(bron.beeld(1).decode(), GRIJS)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_per_sample_and_palettes_decode_exactly(bits: int) -> None:
    waarden = (np.arange(64 * 48) % 2**bits).astype(np.uint8).reshape(48, 64)
    bitjes = np.unpackbits(waarden[:, :, None], axis=2)[:, :, 8 - bits :].reshape(48, -1)
    monsters = zlib.compress(np.packbits(bitjes, axis=1).tobytes())
    palet = bytes(range(2**bits * 3))
    for ruimte, verwacht in (
        (Name.DeviceGray, np.repeat((waarden * (255 // (2**bits - 1)))[:, :, None], 3, axis=2)),
        (
            pikepdf.Array([Name.Indexed, Name.DeviceRGB, 2**bits - 1, pikepdf.String(palet)]),
            np.frombuffer(palet, np.uint8).reshape(-1, 3)[waarden],
        ),
    ):
        pdf = build_pdf(monsters, (64, 48), dpi=72, Filter=Name.FlateDecode, ColorSpace=ruimte, BitsPerComponent=bits)
        with opened("pdf", pdf) as bron:
            punten = np.asarray(bron.beeld(1).decode().convert("RGB"))
        assert (punten == verwacht).all()


def test_all_scans_of_the_corpus_go_through_unchanged(gedeeld: Path) -> None:
    for pad in sorted((gedeeld / "corpus" / "scans").glob("*.jpg")):
        with opened("jpeg", pad.read_bytes()) as bron:
            beeld = bron.beeld(1)
            assert beeld.stromen() == (pad.read_bytes(),)
            assert (beeld.icc is not None) == pad.name.startswith("gallica")


def test_a_master_names_itself_readably() -> None:
    assert "Master(" in repr(Master("jpeg", b"x", GRIJS, "jpeg"))
