"""Files that want to do harm end in quarantine, with a reason in Dutch and within the limits, and the line goes on."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanstraat.errors import InvoerError, OnvolledigError
from scanstraat.zandbak import Grenzen, Zandbak, find_zandbak
from tests import vijandig
from tests.vijandig import HEEL, KAPOT, VIJANDIG

TAKEN = Path(__file__).parents[1] / "integration/scanstraat/proeftaken"
GRENZEN = Grenzen(geheugen_mb=1024, cpu_s=15, klok_s=60, bestand_mb=64)  # the clock is wide: the machine may be busy
ENGELS = re.compile(r"\b(the|error|invalid|failed|cannot|traceback|exception|object|stream)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def zandbak() -> Iterator[Zandbak]:
    keuze = find_zandbak()
    if keuze.soort is None:
        pytest.fail(keuze.reden)
    with Zandbak(["proef_volledigheid"], GRENZEN, zoekpad=[TAKEN]) as zandbak:
        yield zandbak


def bekijk(zandbak: Zandbak, gegevens: bytes, suffix: str, *, digitaal_geboren: bool = False) -> dict[str, Any]:
    """Let the sandbox look at these bytes and return what it found."""
    eisen = {
        "naam_suffix": suffix,
        "maximaal_paginas": 2000,
        "maximaal_pixels": 150_000_000,
        "maximaal_bytes": 10**9,
        "digitaal_geboren": digitaal_geboren,
    }
    fd = os.memfd_create("bron")
    try:
        os.write(fd, gegevens)
        with zandbak.vraag("proef_volledigheid:bekijk", eisen, [fd]) as bericht:
            return bericht.gegevens
    finally:
        os.close(fd)


def check_melding(fout: InvoerError) -> None:
    """A reason is a Dutch sentence: no English, no traceback, and it ends in a full stop."""
    assert fout.melding[0].isupper()
    assert fout.melding.endswith(".")
    assert not ENGELS.search(fout.melding), fout.melding
    assert len(fout.melding) > 40


@pytest.mark.parametrize("naam", VIJANDIG.keys())
def test_a_hostile_file_is_stopped_with_its_reason_and_the_line_goes_on(zandbak: Zandbak, naam: str) -> None:
    vijand = VIJANDIG[naam]
    gegevens = vijand.maak()
    begin = time.monotonic()
    with pytest.raises(InvoerError) as fout:
        bekijk(zandbak, gegevens, vijand.suffix)
    assert time.monotonic() - begin < GRENZEN.klok_s
    assert fout.value.code in vijand.codes, f"{fout.value.code}: {fout.value}"
    check_melding(fout.value)
    assert bekijk(zandbak, vijandig.build_tiff(1), ".tif")["is_scan"]


def test_the_bombs_are_small_on_disk() -> None:
    assert max(len(vijandig.build_pdf_bom(plaats)) for plaats in ("inhoud", "beeld", "objecten")) < 1600
    assert len(vijandig.build_tiff_groot()) < 200


@pytest.mark.parametrize("naam", ["pdf die 10 GB wordt, inhoud", "pdf met 2^30 tekeningen", "pdf met javascript"])
def test_it_is_stopped_by_landlock_alone_as_well(monkeypatch: pytest.MonkeyPatch, naam: str) -> None:
    monkeypatch.setenv("SCANSTRAAT_ZANDBAK", "landlock")
    keuze = find_zandbak()
    if keuze.soort is None:
        pytest.skip(keuze.reden)
    with Zandbak(["proef_volledigheid"], GRENZEN, zoekpad=[TAKEN]) as zandbak:
        with pytest.raises(InvoerError) as fout:
            bekijk(zandbak, VIJANDIG[naam].maak(), ".pdf")
        assert fout.value.code in VIJANDIG[naam].codes
        assert bekijk(zandbak, vijandig.build_jpeg(), ".jpg")["is_scan"]


def test_a_born_digital_profile_opens_no_door_to_programs(zandbak: Zandbak) -> None:
    for naam in ("javascript", "bijlage", "handtekening", "xfa", "wachtwoord", "een programma start", "film"):
        (gekozen,) = [sleutel for sleutel in VIJANDIG if sleutel in (f"pdf met {naam}", f"pdf die {naam}")]
        with pytest.raises(InvoerError) as fout:
            bekijk(zandbak, VIJANDIG[gekozen].maak(), ".pdf", digitaal_geboren=True)
        assert fout.value.code in VIJANDIG[gekozen].codes


@pytest.mark.parametrize("soort", KAPOT.keys())
def test_half_files_in_the_sandbox_wait(zandbak: Zandbak, soort: str, groot: bool) -> None:
    suffix, maak = KAPOT[soort]
    for half in vijandig.iterate_cuts(maak(), 95 if groot else 4):
        with pytest.raises(OnvolledigError) as fout:
            bekijk(zandbak, half, suffix)
        check_melding(fout.value)


def test_damaged_files_of_every_kind_give_an_answer_and_never_an_accident(zandbak: Zandbak, groot: bool) -> None:
    """Random damage: whatever it is, the answer is "passes" or a reason, and never that the sandbox failed."""
    kans = random.Random(20260302)
    heel = [(naam, maak()) for naam, maak in HEEL.items() if "ongecomprimeerd" not in naam]
    gepasseerd = 0
    for _ in range(3000 if groot else 60):
        naam, gegevens = kans.choice(heel)
        stuk = bytearray(gegevens)
        for _ in range(kans.choice((1, 1, 3, 20))):
            stuk[kans.randrange(len(stuk))] = kans.randrange(256)
        try:
            bekijk(zandbak, bytes(stuk), "." + naam.split()[0])
            gepasseerd += 1
        except InvoerError as exc:
            check_melding(exc)
            assert exc.code != "gecrasht", f"{naam}: {exc.__cause__}"
    assert gepasseerd > 0  # a changed pixel is not damage


# What the odd files and the separator sheets of ../shared do as they are; "" passes.
AFWIJKEND = {
    "balloon_a1b_jp2k.pdf": "",
    "calistoMTNoFontsEmbedded.pdf": "geen_scan",
    "corruptionOneByteMissing.pdf": "beschadigd",
    "encryption_nocopy.pdf": "versleuteld",
    "encryption_noprinting.pdf": "versleuteld",
    "encryption_notextaccess.pdf": "versleuteld",
    "encryption_openpassword.pdf": "versleuteld",
    "externalLink.pdf": "actie",
    "fileAttachment.pdf": "javascript",
    "fileAttachment_fileAttachmentAnnotation.pdf": "bijlage",
    "javascript.pdf": "javascript",
    "old-style-jpeg-compression.tif": "oude_jpeg",
    "pdf-17-header18.pdf": "geen_scan",
    "test_fontArialNotEmbedded.pdf": "geen_scan",
    "text_only_fontsEmbeddedAll.pdf": "geen_scan",
    "text_only_fontsEmbeddedSubset.pdf": "geen_scan",
    "text_only_fontsNotEmbedded.pdf": "geen_scan",
    "text_only_pdfa1b.pdf": "geen_scan",
    "veraPDFHiRes.pdf": "",
    "veraPDFHiResChangedHeight.pdf": "onleesbaar",
    "veraPDFHiResWrongObjectID.pdf": "beschadigd",
    "webCapture.pdf": "actie",
    "barcode-128-asn-too-large.pdf": "geen_scan",
    "barcode-39-asn-123.pdf": "geen_scan",
    "barcode-39-asn-invalid.pdf": "geen_scan",
    "barcode-fax-image.pdf": "",
    "barcode-qr-custom.pdf": "geen_scan",
    "patch-code-t-middle-alpha.tiff": "doorzichtig",
    "patch-code-t-middle-fuzzy.pdf": "geen_scan",
    "patch-code-t-middle-unreadable.pdf": "geen_scan",
    "patch-code-t-qr.pdf": "geen_scan",
    "several-patcht-codes.pdf": "geen_scan",
    "split-by-asn-2.pdf": "geen_scan",
    "split-by-tag-mixed-asn.pdf": "geen_scan",
}


def test_every_odd_file_of_the_shared_material_has_its_outcome(zandbak: Zandbak, gedeeld: Path) -> None:
    uitkomsten = {}
    for pad in sorted([*(gedeeld / "corpus/afwijkend").iterdir(), *(gedeeld / "corpus/scheidingsbladen").iterdir()]):
        if pad.suffix.lower() not in (".pdf", ".tif", ".tiff"):
            continue
        try:
            bekijk(zandbak, pad.read_bytes(), pad.suffix)
            uitkomsten[pad.name] = ""
        except InvoerError as exc:
            check_melding(exc)
            uitkomsten[pad.name] = exc.code
    assert uitkomsten == AFWIJKEND
