"""Every request we send, and every answer of the stand-in, is held against the OpenAPI files of Open Zaak 1.30."""

from __future__ import annotations

import hashlib
import io
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scanstraat import db
from scanstraat.errors import ZaaksysteemError
from scanstraat.tables import EffectRow
from scanstraat.zaaksysteem import Aflevering, Inhoud
from scanstraat.zaaksysteem.effecten import EffectenDb
from scanstraat.zaaksysteem.zgw import Zgw
from tests.zgw_server import BEPERKT, GEHEIM, VERWIJDEREN, Uitwisseling, ZgwServer

yaml = pytest.importorskip("yaml", reason="PyYAML reads the OpenAPI files")
jsonschema = pytest.importorskip("jsonschema", reason="jsonschema holds answers against the OpenAPI files")
_APIS = ("zaken", "documenten", "catalogi")


@pytest.fixture(scope="module")
def openapi(gedeeld: Path) -> dict[str, dict[str, Any]]:
    map_ = gedeeld / "zgw" / "openzaak-1.30.0"
    if not map_.is_dir():
        pytest.skip("the OpenAPI files are not in ../shared/zgw/openzaak-1.30.0")
    lader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {api: yaml.load((map_ / f"{api}.yaml").read_text(), Loader=lader) for api in _APIS}


@pytest.fixture(scope="module")
def verkeer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Uitwisseling]]:
    """All traffic of a day on which everything happens once."""
    engine = db.create_engine(f"sqlite:///{tmp_path_factory.mktemp('zgw') / 'effecten.db'}")
    EffectRow.metadata.create_all(engine, tables=[EffectRow.metadata.tables["effect"]])
    effecten = EffectenDb(engine)
    with ZgwServer() as server:
        wereld = server.wereld(rechten=BEPERKT | {VERWIJDEREN})
        wereld.deel_bytes = 2000
        zaaktype = wereld.voeg_zaaktype_toe()
        for naam in ("Besluit", "Notitie", "Ingekomen stuk"):
            wereld.voeg_type_toe(zaaktype, naam)
        wereld.voeg_statustype_toe(zaaktype, "Post ontvangen", 1)
        zaken = [wereld.voeg_zaak_toe(f"ZAAK-2026-000{n}", zaaktype) for n in (1, 2, 3)]
        wereld.sluit(zaken[2])
        zgw = Zgw(server.config(wereld), GEHEIM)
        aflevering = Aflevering(
            identificatie="SCAN-1",
            zaakidentificatie="ZAAK-2026-0001",
            versie=1,
            titel="Bezwaarschrift",
            informatieobjecttype="Ingekomen stuk",
            vertrouwelijkheidaanduiding="zaakvertrouwelijk",
            taal="dut",
            creatiedatum=date(2026, 3, 2),
            ontvangstdatum=date(2026, 3, 1),
            auteur="Gemeente Voorbeeld",
            bestandsnaam="bezwaar.pdf",
            gebruiker="scanoperator",
            zaakstatus="Post ontvangen",
        )
        zgw.check_bereikbaar()
        zgw.find_zaak("ZAAK-2026-0001")
        zgw.lever(aflevering, _build_inhoud(10), effecten)
        zgw.lever(replace(aflevering, versie=2), _build_inhoud(5000), effecten)
        geleverd = zgw.lever(replace(aflevering, versie=3), _build_inhoud(20), effecten)
        zgw.lever(replace(aflevering, versie=3, zaakidentificatie="ZAAK-2026-0002"), _build_inhoud(20), effecten)
        zgw.lever(replace(aflevering, identificatie="SCAN-2"), _build_inhoud(4001), effecten)
        derde = replace(aflevering, identificatie="SCAN-3")
        for geweigerd in (
            replace(derde, zaakidentificatie="ZAAK-2026-0003"),
            replace(derde, informatieobjecttype="Factuur"),
        ):
            with pytest.raises(ZaaksysteemError):
                zgw.lever(geweigerd, _build_inhoud(10), effecten)
        for zaak in ("ZAAK-2026-0001", "ZAAK-2026-0002"):
            zgw.ontkoppel(geleverd.informatieobject, zaak, gebruiker="div", toelichting="Fout", effecten=effecten)
        wereld.rechten = BEPERKT - {"zaken.bijwerken"}
        with pytest.raises(ZaaksysteemError):
            zgw.lever(replace(aflevering, identificatie="SCAN-4"), _build_inhoud(10), effecten)
        zgw.close()
        assert wereld.overtredingen == []
        yield wereld.uitwisselingen
    engine.dispose()


def _build_inhoud(omvang: int) -> Inhoud:
    bytes_ = random.Random(omvang).randbytes(omvang)
    return Inhoud(lambda: io.BytesIO(bytes_), omvang, hashlib.sha256(bytes_).hexdigest())


def find_operation(openapi: dict[str, dict[str, Any]], u: Uitwisseling) -> tuple[str, str, dict[str, Any]]:
    """Return API, path template and operation of a request."""
    api, _, rest = u.pad.lstrip("/").partition("/api/v1")
    for sjabloon, pad in openapi[api]["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", sjabloon), rest) and u.methode.lower() in pad:
            return api, sjabloon, pad[u.methode.lower()]
    raise AssertionError(f"{u.methode} {u.pad} does not exist")


def as_json_schema(deel: Any) -> Any:
    """Turn an OpenAPI 3.0 schema into JSON Schema: `nullable` is a type there."""
    if isinstance(deel, list):
        return [as_json_schema(d) for d in deel]
    if not isinstance(deel, dict):
        return deel
    nieuw = {k: as_json_schema(v) for k, v in deel.items() if k not in ("nullable", "discriminator", "example")}
    return {"anyOf": [nieuw, {"type": "null"}]} if deel.get("nullable") is True else nieuw


def check(openapi: dict[str, dict[str, Any]], api: str, schema: dict[str, Any], gegevens: Any) -> None:
    """Validate against a schema of one API; references to the web (expand) are no part of what we use."""
    bladzij = {"components": as_json_schema(openapi[api]["components"])}
    schema = as_json_schema(schema)
    jsonschema.Draft202012Validator({**schema, **bladzij}).validate(gegevens)


def test_the_day_used_every_call_that_we_know(openapi: dict[str, dict[str, Any]], verkeer: list[Uitwisseling]) -> None:
    gebruikt = {f"{u.methode} {find_operation(openapi, u)[1]}" for u in verkeer}
    assert gebruikt == {
        "GET /zaken",
        "GET /zaaktypen/{uuid}",
        "GET /zaaktype-informatieobjecttypen",
        "GET /informatieobjecttypen",
        "GET /informatieobjecttypen/{uuid}",
        "GET /statustypen",
        "GET /statussen",
        "POST /statussen",
        "GET /enkelvoudiginformatieobjecten",
        "POST /enkelvoudiginformatieobjecten",
        "GET /enkelvoudiginformatieobjecten/{uuid}",
        "PATCH /enkelvoudiginformatieobjecten/{uuid}",
        "DELETE /enkelvoudiginformatieobjecten/{uuid}",
        "POST /enkelvoudiginformatieobjecten/{uuid}/lock",
        "POST /enkelvoudiginformatieobjecten/{uuid}/unlock",
        "GET /enkelvoudiginformatieobjecten/{uuid}/download",
        "PUT /bestandsdelen/{uuid}",
        "GET /objectinformatieobjecten",
        "GET /zaakinformatieobjecten",
        "POST /zaakinformatieobjecten",
        "DELETE /zaakinformatieobjecten/{uuid}",
    }


def test_every_request_is_one_that_the_api_describes(
    openapi: dict[str, dict[str, Any]], verkeer: list[Uitwisseling]
) -> None:
    for u in verkeer:
        api, sjabloon, operatie = find_operation(openapi, u)
        parameters = [_resolved(openapi[api], p) for p in operatie.get("parameters", [])]
        bekend = {p["name"] for p in parameters if p["in"] == "query"}
        assert set(u.vraag) <= bekend, f"{u.methode} {sjabloon}: {u.vraag}"
        for parameter in parameters:
            if parameter["in"] == "header" and parameter.get("required"):
                assert parameter["name"].lower() in u.koppen, f"{u.methode} {sjabloon}: {parameter['name']}"
        if "requestBody" not in operatie:
            continue
        soorten = operatie["requestBody"]["content"]
        soort = u.koppen["content-type"].partition(";")[0]
        assert soort in soorten, f"{u.methode} {sjabloon}: {soort}"
        if soort == "application/json":
            check(openapi, api, soorten[soort]["schema"], u.verzoek)


def test_every_answer_of_the_stand_in_is_one_that_the_api_describes(
    openapi: dict[str, dict[str, Any]], verkeer: list[Uitwisseling]
) -> None:
    for u in verkeer:
        api, sjabloon, operatie = find_operation(openapi, u)
        antwoorden = operatie["responses"]
        # 400 is not in every list of the files, and is given all the same (a lock that is wrong at PATCH).
        antwoord = antwoorden.get(str(u.status)) or {"content": {"": {"schema": _FOUT}}}
        if u.status == 204 or u.antwoord is None:
            assert str(u.status) in antwoorden, f"{u.methode} {sjabloon}: {u.status}"
            continue
        (inhoud,) = list(antwoord["content"].values())[:1]
        check(openapi, api, inhoud["schema"], u.antwoord)


_FOUT = {"$ref": "#/components/schemas/ValidatieFout"}


def _resolved(bladzij: dict[str, Any], deel: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in deel:
        return deel
    for naam in urlsplit(deel["$ref"]).fragment.lstrip("/").split("/"):
        bladzij = bladzij[naam]
    return bladzij
