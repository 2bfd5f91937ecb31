"""What refusals of a ZGW server mean, on answers as the real server gives them."""

from __future__ import annotations

import json

import pytest

from scanstraat.errors import ZaaksysteemError, ZaaksysteemNietBereikbaarError
from scanstraat.zaaksysteem.zgw_fouten import GeweigerdError, StoringError, build_error, read_fout

VALIDATIE = {
    "type": "https://oz/ref/fouten/ValidationError/",
    "code": "invalid",
    "title": "Ongeldige invoer.",
    "status": 400,
    "detail": "Ongeldige invoer.",
    "instance": "urn:uuid:e0520919",
    "invalidParams": [
        {
            "name": "nonFieldErrors",
            "code": "missing-zaaktype-informatieobjecttype-relation",
            "reason": "Het informatieobjecttype hoort niet bij het zaaktype van de zaak.",
        }
    ],
}


def build(status: int, **velden: object) -> bytes:
    return json.dumps({"title": "Fout", "status": status, "detail": "x", "instance": "urn:uuid:1", **velden}).encode()


def test_a_validation_error_is_read_whole() -> None:
    fout = read_fout(400, json.dumps(VALIDATIE).encode())
    assert fout.codes == {"invalid", "missing-zaaktype-informatieobjecttype-relation"}
    assert fout.redenen[0].veld == "nonFieldErrors"
    melding = str(build_error(fout, "het koppelen aan de zaak"))
    assert "hoort niet bij het zaaktype" in melding
    assert "urn:uuid:e0520919" in melding  # what the other side's beheerder can search for


@pytest.mark.parametrize(
    "inhoud",
    [
        b"",
        b"<html><h1>Server Error (500)</h1></html>",
        b"[]",
        b"null",
        b'{"code": 7, "invalidParams": "nee", "type": null}',
        b'{"invalidParams": [1, null, {"code": []}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_nonsense_instead_of_an_error_leaves_the_status(inhoud: bytes) -> None:
    fout = read_fout(500, inhoud)
    assert (fout.status, fout.codes) == (500, frozenset())
    assert isinstance(build_error(fout, "iets"), ZaaksysteemNietBereikbaarError)


@pytest.mark.parametrize(
    ("status", "velden", "woord", "tijdelijk"),
    [
        (403, {"code": "permission_denied", "type": "https://oz/ref/fouten/ZaakClosed/"}, "De zaak is gesloten", False),
        (403, {"code": "permission_denied", "type": "https://oz/ref/fouten/PermissionDenied/"}, "geen recht", False),
        (403, {"code": "invalid-jwt-signature"}, "client_id en het geheim", True),
        (403, {"code": "invalid-client-identifier"}, "client_id en het geheim", True),
        (403, {"code": "jwt-expired"}, "klok", True),
        (
            400,
            {"invalidParams": [{"name": "zaak", "code": "object-does-not-exist", "reason": ""}]},
            "zaaknummer",
            False,
        ),
        (
            400,
            {"invalidParams": [{"name": "x", "code": "unknown-service", "reason": ""}]},
            "precies de adressen",
            False,
        ),
        (400, {"invalidParams": [{"name": "y", "code": "not-published", "reason": ""}]}, "concept", False),
        (
            400,
            {"invalidParams": [{"name": "taal", "code": "min_length", "reason": ""}]},
            "taal \\(min_length\\)",
            False,
        ),
        (404, {"code": "not_found"}, "staat niet", False),
        (413, {}, "client_max_body_size", False),
        (409, {"code": "conflict"}, "HTTP 409 conflict", False),
        (429, {}, "te druk", True),
        (502, {}, "storing", True),
    ],
)
def test_each_refusal_says_what_to_do_and_whether_waiting_helps(
    status: int, velden: dict[str, object], woord: str, tijdelijk: bool
) -> None:
    fout = build_error(read_fout(status, build(status, **velden)), "het aanmaken van het document")
    assert isinstance(fout, StoringError if tijdelijk else GeweigerdError)
    assert isinstance(fout, ZaaksysteemError)
    with pytest.raises(ZaaksysteemError, match=woord):
        raise fout
