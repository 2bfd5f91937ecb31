"""The values that go to a zaaksysteem: what would be refused there is refused here, by name."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from scanstraat.errors import InstellingError, ZaaksysteemError
from scanstraat.zaaksysteem import (
    Aflevering,
    Inhoud,
    build_identificatie,
    find_gebreken,
    shorten,
    verify_aflevering,
)
from scanstraat.zaaksysteem.register import NieuweZaak, find_gebreken_zaak, parse_zaken_csv

GOED = Aflevering(
    identificatie=build_identificatie(UUID(int=1)),
    zaakidentificatie="ZAAK-2026-0001",
    versie=1,
    titel="Brief",
    informatieobjecttype="Ingekomen stuk",
    vertrouwelijkheidaanduiding="zaakvertrouwelijk",
    taal="dut",
    creatiedatum=date(2026, 3, 2),
    auteur="Gemeente Voorbeeld",
    bestandsnaam="brief.pdf",
    gebruiker="scanoperator",
)
INHOUD = Inhoud(open=lambda: io.BytesIO(b"x"), omvang_bytes=1, sha256="0" * 64)


def test_a_good_delivery_has_no_gebreken() -> None:
    assert find_gebreken(GOED, INHOUD) == ()
    verify_aflevering(GOED, INHOUD)


def test_an_identificatie_fits_in_forty_characters() -> None:
    assert build_identificatie(UUID(int=1)) == "SCAN-00000000000000000000000000000001"
    assert len(build_identificatie(UUID(int=2**128 - 1))) <= 40


@pytest.mark.parametrize(
    ("anders", "woord"),
    [
        ({"identificatie": "x" * 41}, "identificatie"),
        ({"identificatie": ""}, "identificatie"),
        ({"zaakidentificatie": "  "}, "zaaknummer"),
        ({"versie": 0}, "versienummer"),
        ({"titel": ""}, "titel"),
        ({"titel": "x" * 201}, "titel"),
        ({"informatieobjecttype": " "}, "informatieobjecttype"),
        ({"vertrouwelijkheidaanduiding": ""}, "vertrouwelijkheidaanduiding"),
        ({"vertrouwelijkheidaanduiding": "top secret"}, "vertrouwelijkheidaanduiding"),
        ({"taal": "nl"}, "taal"),
        ({"taal": "d1t"}, "taal"),
        ({"auteur": ""}, "auteur"),
        ({"bestandsnaam": "../geheim.pdf"}, "bestandsnaam"),
        ({"bestandsnaam": "a\0.pdf"}, "bestandsnaam"),
        ({"bestandsnaam": "x" * 256}, "bestandsnaam"),
        ({"gebruiker": ""}, "gebruiker"),
    ],
)
def test_what_the_zaaksysteem_would_refuse_is_named_here(anders: dict[str, object], woord: str) -> None:
    (gebrek,) = find_gebreken(replace(GOED, **anders), INHOUD)  # type: ignore[arg-type]
    assert woord in gebrek


@pytest.mark.parametrize("sha256", ["", "0" * 63, "F" * 64, "g" * 64])
def test_a_wrong_hash_is_refused(sha256: str) -> None:
    assert find_gebreken(GOED, replace(INHOUD, sha256=sha256)) != ()


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(ZaaksysteemError, match="leeg"):
        verify_aflevering(GOED, replace(INHOUD, omvang_bytes=0))


def test_the_key_tells_zaken_and_versions_apart() -> None:
    sleutels = {GOED.sleutel, replace(GOED, versie=2).sleutel, replace(GOED, zaakidentificatie="ZAAK-2").sleutel}
    assert len(sleutels) == 3


def test_a_long_title_is_cut_with_an_ellipsis() -> None:
    assert shorten("x" * 300, 200) == "x" * 199 + "…"
    assert shorten("kort", 200) == "kort"


def test_a_csv_with_zaken_is_read() -> None:
    tekst = (
        "identificatie;zaaktype;omschrijving;einddatum;informatieobjecttypen\n"
        "ZAAK-2026-0001;Bezwaar;Bezwaar tegen beschikking;;Ingekomen stuk|Brief\n"
        '"ZAAK-2026-0002";Melding;"Met ; erin";2026-03-31;\n'
    )
    assert parse_zaken_csv(tekst) == (
        NieuweZaak("ZAAK-2026-0001", "Bezwaar", "Bezwaar tegen beschikking", None, ("Ingekomen stuk", "Brief")),
        NieuweZaak("ZAAK-2026-0002", "Melding", "Met ; erin", date(2026, 3, 31), ()),
    )


@pytest.mark.parametrize(
    ("tekst", "woord"),
    [
        ("nummer;zaaktype\n1;Bezwaar\n", "mist de kolom identificatie en omschrijving"),
        ("", "mist de kolom"),
        ("identificatie;zaaktype;omschrijving\nZ-1;Bezwaar\n", "regel 2: het aantal kolommen"),
        ("identificatie;zaaktype;omschrijving\nZ-1;Bezwaar;x;y\n", "regel 2: het aantal kolommen"),
        ("identificatie;zaaktype;omschrijving\n;Bezwaar;x\n", "regel 2: het zaaknummer"),
        ("identificatie;zaaktype;omschrijving\nZ-1;;x\n", "regel 2: het zaaktype"),
        ("identificatie;zaaktype;omschrijving\nZ-1;B;x\nZ-1;B;x\n", "regel 3: dit zaaknummer staat er twee keer in"),
        ("identificatie;zaaktype;omschrijving;einddatum\nZ-1;B;x;31-3-2026\n", "regel 2: de einddatum"),
    ],
)
def test_a_csv_that_is_not_right_names_the_line(tekst: str, woord: str) -> None:
    with pytest.raises(InstellingError, match=woord):
        parse_zaken_csv(tekst)


@pytest.mark.parametrize("nummer", ["", "x" * 41, " Z-1", "Z-1\n", "Z\0"])
def test_a_zaaknummer_that_nobody_can_type_is_refused(nummer: str) -> None:
    assert find_gebreken_zaak(NieuweZaak(nummer, "Bezwaar")) != ()
