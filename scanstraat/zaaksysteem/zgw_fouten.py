"""What a ZGW server says when it refuses, and what that means for people. Pure.

Texts of servers are Dutch or English and change; the `code` does not, so that decides. A server that fails may answer
in HTML or not at all: then there is no code, and the status decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scanstraat.errors import ZaaksysteemError, ZaaksysteemNietBereikbaarError


@dataclass(frozen=True)
class Reden:
    """One entry of invalidParams: which field, which code, and the server's own words."""

    veld: str
    code: str
    tekst: str


@dataclass(frozen=True)
class Fout:
    """An answer that is not a success. `kenmerk` is the server's own number of the error, for its beheerder."""

    status: int
    code: str = ""
    soort: str = ""  # last part of `type`: "ZaakClosed" is told from no rights by nothing else
    detail: str = ""
    redenen: tuple[Reden, ...] = ()
    kenmerk: str = ""

    @property
    def codes(self) -> frozenset[str]:
        """Every code in the answer."""
        return frozenset({self.code, *(reden.code for reden in self.redenen)} - {""})

    @property
    def tijdelijk(self) -> bool:
        """True when the same request may succeed later: the server fails, is busy, or does not know us (yet)."""
        return self.status >= 500 or self.status in (408, 425, 429) or bool(self.codes & _AANMELDING)


class GeweigerdError(ZaaksysteemError):
    """The server refused; `fout` says why, for the step that knows what to do about it."""

    def __init__(self, fout: Fout, bezig: str) -> None:
        super().__init__(build_melding(fout, bezig))
        self.fout = fout


class StoringError(ZaaksysteemNietBereikbaarError):
    """The server failed; what it did with the request is not known."""

    def __init__(self, fout: Fout, bezig: str) -> None:
        super().__init__(build_melding(fout, bezig))
        self.fout = fout


# Refusals at the door: every request of every document gets them until the settings are right, so documents wait.
_AANMELDING = frozenset(
    {
        "missing-client-identifier",
        "invalid-client-identifier",
        "invalid-jwt-signature",
        "jwt-decode-error",
        "jwt-invalidalgorithmerror",
        "jwt-invalid-algorithm",
        "jwt-missing-iat-claim",
        "jwt-expired",
        "jwt-expiredsignatureerror",
        "jwt-immaturesignatureerror",
        "not_authenticated",
    }
)
KLOKFOUTEN = frozenset({"jwt-expired", "jwt-expiredsignatureerror", "jwt-immaturesignatureerror"})

_ZEGGEN = {
    "missing-zaaktype-informatieobjecttype-relation": (
        "Het informatieobjecttype hoort niet bij het zaaktype van deze zaak. "
        "Kies in het profiel een ander informatieobjecttype, of laat de functioneel beheerder het toevoegen."
    ),
    "object-does-not-exist": "De zaak bestaat niet meer. Kijk het zaaknummer na en koppel het document opnieuw.",
    "unknown-service": (
        "Het zaaksysteem kent dit adres niet. Stel in [zaaksysteem.zgw] precies de adressen in die het zaaksysteem "
        "zelf gebruikt, met dezelfde servernaam en poort."
    ),
    "bad-url": "Het zaaksysteem aanvaardt dit adres niet. Controleer de adressen in [zaaksysteem.zgw].",
    "not-published": (
        "Het informatieobjecttype is nog een concept. Laat de functioneel beheerder het publiceren in de catalogus."
    ),
    "identificatie-niet-uniek": (
        "Het zaaksysteem heeft al een document met dit nummer dat de scanstraat niet mag zien. "
        "Laat de beheerder van het zaaksysteem het document of de rechten nakijken."
    ),
    "existing-lock": "Iemand bewerkt dit document nu in het zaaksysteem.",
    "incorrect-lock-id": "Iemand anders heeft dit document vergrendeld in het zaaksysteem.",
    "zaaktype-mismatch": "Deze status hoort niet bij het zaaktype van de zaak. Kies in het profiel een andere status.",
    "date-in-future": (
        "De klok van deze machine loopt voor op die van het zaaksysteem. Zet de klok gelijk (NTP) en probeer opnieuw."
    ),
    "pending-relations": "Het document hangt nog aan iets anders en kan niet weg.",
    "destroy-locked": "Het document is vergrendeld en kan niet weg.",
}


def read_fout(status: int, inhoud: bytes) -> Fout:
    """Read the body of an error answer; HTML, nothing or nonsense gives a Fout with the status alone."""
    try:
        gegevens = json.loads(inhoud)
    except (ValueError, RecursionError):
        return Fout(status)
    if not isinstance(gegevens, dict):
        return Fout(status)
    redenen = gegevens.get("invalidParams")
    return Fout(
        status=status,
        code=_text(gegevens, "code"),
        soort=_text(gegevens, "type").rstrip("/").rpartition("/")[2],
        detail=_text(gegevens, "detail"),
        redenen=tuple(
            Reden(_text(reden, "name"), _text(reden, "code"), _text(reden, "reason"))
            for reden in (redenen if isinstance(redenen, list) else [])
            if isinstance(reden, dict)
        ),
        kenmerk=_text(gegevens, "instance"),
    )


def build_error(fout: Fout, bezig: str) -> GeweigerdError | StoringError:
    """Return the error to raise; `bezig` says in Dutch what we were doing ("het document aanmaken")."""
    return StoringError(fout, bezig) if fout.tijdelijk else GeweigerdError(fout, bezig)


def build_melding(fout: Fout, bezig: str) -> str:
    """Return the sentence for people: what happened, what to do, and the number for the other side's beheerder."""
    kenmerk = f" (kenmerk bij het zaaksysteem: {fout.kenmerk})" if fout.kenmerk else ""
    return f"Het zaaksysteem kon {bezig} niet uitvoeren. {_explain(fout)}{kenmerk}"


def _explain(fout: Fout) -> str:
    for code in (*(reden.code for reden in fout.redenen), fout.code):
        if code in _ZEGGEN:
            return _ZEGGEN[code]
    if fout.codes & KLOKFOUTEN:
        return "De klok van deze machine en die van het zaaksysteem verschillen te veel. Zet de klok gelijk (NTP)."
    if fout.codes & _AANMELDING:
        return (
            "Het herkent de scanstraat niet. Controleer client_id en het geheim in [zaaksysteem.zgw] "
            "met de beheerder van het zaaksysteem; daarna gaat de levering vanzelf verder."
        )
    if fout.soort == "ZaakClosed":
        return "De zaak is gesloten. Laat de zaak heropenen, of koppel het document aan een andere zaak."
    per_status = {
        401: "De scanstraat is niet aangemeld. Controleer client_id en het geheim in [zaaksysteem.zgw].",
        403: (
            "De scanstraat heeft hier geen recht op. Laat de beheerder van het zaaksysteem de rechten nakijken "
            "(zaaktype, informatieobjecttype en vertrouwelijkheid)."
        ),
        404: "Dit staat niet (meer) in het zaaksysteem. Kijk daar na wat ermee gebeurd is en lever opnieuw.",
        413: (
            "Het bestand is te groot voor het zaaksysteem. Laat de beheerder de grens van de webserver verhogen "
            "(client_max_body_size)."
        ),
        429: "Het is te druk. Er wordt later opnieuw geprobeerd.",
    }
    if fout.status in per_status:
        return per_status[fout.status]
    if fout.status >= 500:
        return f"Er is daar een storing (HTTP {fout.status}). Er wordt later opnieuw geprobeerd."
    velden = ", ".join(sorted({f"{reden.veld} ({reden.code})" for reden in fout.redenen}))
    waarom = f"Niet aanvaard: {velden}" if velden else f"HTTP {fout.status} {fout.code}".rstrip()
    return f"{waarom}. Laat de functioneel beheerder dit bekijken en lever daarna opnieuw."


def _text(gegevens: dict[str, Any], sleutel: str) -> str:
    waarde = gegevens.get(sleutel)
    return waarde if isinstance(waarde, str) else ""
