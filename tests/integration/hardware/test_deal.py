"""The post of one morning, dealt by the simulator, is what it says it is: whole files, and the cuts that belong."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pikepdf
import pytest
from PIL import Image

from hardware.post import ZAKEN, draw_post
from hardware.scanmap import Indexregel, parse_index
from hardware.simulator import Levering, Scheidingsverzoek, deal_post, load_vellen
from scanstraat.intake.splitsen import (
    Beeldfeit,
    Bronfeit,
    Splitsing,
    Splitsregels,
    find_codes,
    match_index,
    number_bladen,
    splits_batch,
)
from scanstraat.scheidingsblad import render_scheidingsblad_beelden
from scanstraat.scheidingscode import Bladsoort, Scheidingsblad

# WeasyPrint leaves the file of its colour profile to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def render(verzoeken: Sequence[Scheidingsverzoek]) -> Sequence[Image.Image]:
    return render_scheidingsblad_beelden(
        [
            Scheidingsblad(
                Bladsoort(verzoek.soort),
                zaak=verzoek.zaak,
                batch=verzoek.batch,
                bladen=verzoek.bladen,
                scanoperator=verzoek.scanoperator,
            )
            for verzoek in verzoeken
        ]
    )


@pytest.fixture(scope="module")
def leveringen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Levering]:
    mappen = [tmp_path_factory.mktemp(naam) for naam in ("enkel", "dubbel", "mappen")]
    return {levering.pad.name: levering for levering in deal_post(mappen[0], mappen[1], render, mappen=mappen[2])}


def paginas(pad: Path) -> list[Image.Image]:
    if pad.suffix == ".pdf":
        with pikepdf.open(pad) as pdf:
            assert pdf.check_pdf_syntax() == []
            ruw = [pagina.Resources.XObject["/Im0"].read_raw_bytes() for pagina in pdf.pages]
        return [Image.open(io.BytesIO(inhoud)).convert("L") for inhoud in ruw]
    with Image.open(pad) as beeld:
        alle = []
        for n in range(getattr(beeld, "n_frames", 1)):
            beeld.seek(n)
            alle.append(beeld.convert("L"))
    return alle


def splits(levering: Levering) -> Splitsing:
    regels = Splitsregels(duplex=levering.duplex)
    paden = sorted(levering.pad.glob("*.jpg")) if levering.pad.is_dir() else [levering.pad]
    namen = [f"{levering.pad.name}/{pad.name}" if levering.pad.is_dir() else pad.name for pad in paden]
    index: dict[str, Indexregel] = {}
    if levering.pad.is_dir():
        lijst = parse_index((levering.pad / "index.csv").read_bytes(), "index.csv", {})
        index, bevindingen = match_index(lijst, namen)
        assert bevindingen == ()
    beelden = [paginas(pad) for pad in paden]
    bronnen = [
        Bronfeit(UUID(int=nummer), naam, len(plaatjes), index.get(naam))
        for nummer, (naam, plaatjes) in enumerate(zip(namen, beelden, strict=True))
    ]
    bladen = number_bladen(bronnen, duplex=levering.duplex)
    return splits_batch(
        [
            Beeldfeit(UUID(int=1000 * nummer + n), bron, n + 1, bladen[nummer][n][0], find_codes(plaatje))
            for nummer, bron in enumerate(bronnen)
            for n, plaatje in enumerate(beelden[nummer])
        ],
        regels,
    )


@pytest.mark.parametrize(
    "naam", ["balie-ochtendpost.pdf", "ZAAK-2026-000124 Aanvulling bouwaanvraag.jpg", "scan0042.tif", "wijkpost"]
)
def test_every_delivery_is_cut_as_it_was_laid(leveringen: dict[str, Levering], naam: str) -> None:
    levering = leveringen[naam]
    splitsing = splits(levering)
    assert splitsing.bevindingen == ()
    assert len(splitsing.documenten) == levering.documenten
    assert len(splitsing.scheidingsbladen) == levering.scheidingsbladen
    assert sum(len(deel.beelden) for deel in splitsing.documenten) == levering.beelden - levering.scheidingsbladen
    assert (
        tuple(deel.kandidaten[0].zaakidentificatie if deel.kandidaten else "" for deel in splitsing.documenten)
        == levering.zaken
    )


def test_the_batchblad_of_the_morning_says_who_scanned(leveringen: dict[str, Levering]) -> None:
    assert splits(leveringen["balie-ochtendpost.pdf"]).scanoperator == "balie"


def test_the_damaged_file_does_not_end_as_a_pdf(leveringen: dict[str, Levering]) -> None:
    levering = leveringen["scan0043.pdf"]
    assert levering.beschadigd
    assert b"%%EOF" not in levering.pad.read_bytes()


def test_the_black_and_white_scan_is_g4_and_names_its_zaak_in_the_letter_only(leveringen: dict[str, Levering]) -> None:
    with Image.open(leveringen["scan0042.tif"].pad) as tiff:
        assert (tiff.mode, tiff.info["compression"]) == ("1", "group4")


def test_the_same_seed_draws_the_same_post() -> None:
    een, twee, anders = draw_post(1), draw_post(1), draw_post(2)
    assert een[5].vellen[0].voor().tobytes() == twee[5].vellen[0].voor().tobytes()
    assert een[5].vellen[0].voor().tobytes() != anders[5].vellen[0].voor().tobytes()
    assert {stuk.zaak for stuk in een} <= {zaak.identificatie for zaak in ZAKEN}


def test_real_scans_can_be_dealt_from_a_folder(gedeeld: Path) -> None:
    vellen = load_vellen(gedeeld / "corpus" / "scans", duplex=True)
    assert len(vellen) == 17
    assert vellen[0].voor().mode == "RGB"
