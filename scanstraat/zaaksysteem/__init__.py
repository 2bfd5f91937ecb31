"""What the line asks of a zaaksysteem, and the values that go back and forth. Pure: no database, no network.

Two real implementations stand beside this page: `ingebouwd.py` (the register in our own database) and `zgw.py`
(the ZGW APIs, for example Open Zaak). Both keep one promise: **a `Geleverd` exists only when the bytes were read
back from the zaaksysteem and have the SHA-256 of what was sent.** Silence, a half answer or other bytes is an error.

Everything may be asked twice. `lever` looks at what is already there before it repeats anything, so that a time-out,
a crash or a kill at any moment loses nothing and doubles nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from scanstraat.errors import ZaaksysteemError

VERTROUWELIJKHEIDAANDUIDINGEN = (
    "openbaar",
    "beperkt_openbaar",
    "intern",
    "zaakvertrouwelijk",
    "vertrouwelijk",
    "confidentieel",
    "geheim",
    "zeer_geheim",
)
MAXIMALE_LENGTE_TITEL = 200  # characters; ZGW Documenten 1.4
MAXIMALE_LENGTE_BESTANDSNAAM = 255
MAXIMALE_LENGTE_IDENTIFICATIE = 40
MAXIMALE_LENGTE_AUTEUR = 200


@dataclass(frozen=True)
class Zaak:
    """A zaak as the zaaksysteem knows it now."""

    identificatie: str  # the number people say
    zaaktype: str  # its omschrijving
    omschrijving: str
    gesloten: bool  # nothing can be attached any more
    verwijzing: str  # URL or id, exactly as the zaaksysteem gave it


@dataclass(frozen=True)
class Inhoud:
    """The bytes to deliver. `open` may be called more than once; each stream starts at its beginning and can seek."""

    open: Callable[[], BinaryIO]
    omvang_bytes: int
    sha256: str  # lower-case hex


@dataclass(frozen=True)
class Aflevering:
    """One documentversie on its way to one zaak.

    `identificatie` is ours (`build_identificatie`) and the same for every versie of a document: it is how a document
    is found again after a lost answer. `versie` is the n of the documentversie; the zaaksysteem counts its own.
    """

    identificatie: str
    zaakidentificatie: str
    versie: int
    titel: str
    informatieobjecttype: str  # its omschrijving
    vertrouwelijkheidaanduiding: str
    taal: str  # ISO 639-2/B: "dut"
    creatiedatum: date
    auteur: str
    bestandsnaam: str
    gebruiker: str  # who does this, for the audit trail: a persoon, or a named part of the line
    ontvangstdatum: date | None = None
    formaat: str = "application/pdf"
    toelichting: str = "Aangeleverd door de scanstraat"  # for the audit trail; no personal data
    zaakstatus: str = ""  # omschrijving of a statustype to set afterwards; "" sets none

    @property
    def sleutel(self) -> str:
        """Key of this versie in this zaak under which the answers of the zaaksysteem are kept."""
        zaak = hashlib.sha256(self.zaakidentificatie.encode()).hexdigest()[:16]
        return f"{self.identificatie}/{self.versie}/{zaak}"


@dataclass(frozen=True)
class Teruggelezen:
    """What came back when a document was fetched from the zaaksysteem."""

    sha256: str
    omvang_bytes: int


@dataclass(frozen=True)
class Geleverd:
    """Proof of delivery: the bytes read back are the bytes sent. Only made after that comparison."""

    informatieobject: str  # URL or id, exactly as the zaaksysteem gave it
    zaakidentificatie: str
    versie: int  # the number the zaaksysteem gave this version
    teruggelezen: Teruggelezen
    wezen: tuple[str, ...] = ()  # doubles left by a lost answer that we have no right to remove: a person must


@dataclass(frozen=True)
class Ontkoppeld:
    """A document that left a zaak.

    `verwijderd`: the document itself is gone too. `wees`: it hangs on no zaak any more but could not be removed, so
    that a person must look at it. Neither: it still hangs on another zaak, or was gone already.
    """

    informatieobject: str
    verwijderd: bool
    wees: bool


@dataclass(frozen=True)
class Begonnen:
    """What `Effecten.begin` knows: the answer of an earlier try, or that an earlier try got none."""

    antwoord: dict[str, Any] | None
    eerder: bool  # this step was begun before: look what is there before repeating it
    begonnen_op: str  # RFC 3339, UTC: when the latest try before this one began, or now


class Effecten(Protocol):
    """The memory of what a zaaksysteem answered. Each call is a short transaction of its own, durable on return."""

    def begin(self, sleutel: str, doel: str, verzoek_sha256: str) -> Begonnen:
        """Record that a request goes out. An answer kept for another request under this key no longer counts."""

    def kijk(self, sleutel: str) -> Begonnen | None:
        """Say what is known under this key without recording anything; None when nothing was ever begun."""

    def bewaar(self, sleutel: str, antwoord: dict[str, Any]) -> None:
        """Keep the answer of a request that was begun; a later answer replaces an earlier one."""

    def vergeet(self, sleutel: str) -> None:
        """Let go of an answer that the zaaksysteem no longer stands by (the thing was deleted there)."""


class Zaaksysteem(Protocol):
    """Where documents go.

    Every method raises:
        ZaaksysteemError: refused, and asking again will not help; the message says what a person must do first.
        ZaaksysteemNietBereikbaarError: no answer, or an error of the other side; asking again may help.
    """

    @property
    def naam(self) -> str:
        """What people call it, for screens and the audit trail."""

    def find_zaak(self, zaakidentificatie: str) -> Zaak | None:
        """Return the zaak, or None when the zaaksysteem does not know it or may not show it to us."""

    def lever(self, aflevering: Aflevering, inhoud: Inhoud, effecten: Effecten) -> Geleverd:
        """Make the zaak hold this document with exactly these bytes, read them back, and say so.

        A document that is not there is made; one that is there with other bytes gets a new version (the old one stays
        readable); one that is there already is only linked. A versie older than the newest one ever sent is refused.

        Raises:
            ZaakNietBruikbaarError: no such zaak, or closed before the document hung on it; nothing was left behind
                that we may remove.
        """

    def lees_terug(self, informatieobject: str, versie: int) -> Teruggelezen:
        """Fetch the bytes of that version again and hash them; nothing is taken from an earlier answer."""

    def ontkoppel(
        self, informatieobject: str, zaakidentificatie: str, *, gebruiker: str, toelichting: str, effecten: Effecten
    ) -> Ontkoppeld:
        """Take the document out of the zaak; remove it too when no other zaak has it and we have that right."""

    def ruim_resten_op(
        self, identificatie: str, zaakidentificatie: str, *, gebruiker: str, toelichting: str, effecten: Effecten
    ) -> tuple[Ontkoppeld, ...]:
        """Undo a delivery of which nobody knows how far it came.

        Documents of ours with this identificatie leave the zaak, and go when they then hang on no zaak at all and we
        have that right. A delivery that is tried again finds its own way. Empty: nothing was left.
        """

    def check_bereikbaar(self) -> None:
        """Return when the zaaksysteem answers and accepts us; raise as above otherwise."""

    def close(self) -> None:
        """Give back connections."""


def build_identificatie(document_id: UUID) -> str:
    """Return the identificatie of a document in every zaaksysteem: "SCAN-" and 32 hex digits, 37 characters."""
    return f"SCAN-{document_id.hex}"


def shorten(tekst: str, maximaal: int) -> str:
    """Cut `tekst` to at most `maximaal` characters, with an ellipsis where something is left out."""
    return tekst if len(tekst) <= maximaal else tekst[: maximaal - 1].rstrip() + "…"


def find_gebreken(aflevering: Aflevering, inhoud: Inhoud) -> tuple[str, ...]:
    """Return, in Dutch, everything that a zaaksysteem would refuse; empty is good. Limits: ZGW Documenten 1.4."""
    a = aflevering
    toetsen = (
        (f"de identificatie moet 1 tot {MAXIMALE_LENGTE_IDENTIFICATIE} tekens hebben",
         not 0 < len(a.identificatie) <= MAXIMALE_LENGTE_IDENTIFICATIE),
        ("het zaaknummer ontbreekt", not a.zaakidentificatie.strip()),
        ("het versienummer moet minstens 1 zijn", a.versie < 1),
        (f"de titel moet 1 tot {MAXIMALE_LENGTE_TITEL} tekens hebben", not 0 < len(a.titel) <= MAXIMALE_LENGTE_TITEL),
        ("het informatieobjecttype ontbreekt", not a.informatieobjecttype.strip()),
        ("de vertrouwelijkheidaanduiding bestaat niet",
         a.vertrouwelijkheidaanduiding not in VERTROUWELIJKHEIDAANDUIDINGEN),
        ("de taal moet een code van drie letters zijn, zoals dut",
         len(a.taal) != 3 or not a.taal.isascii() or not a.taal.isalpha()),
        (f"de auteur moet 1 tot {MAXIMALE_LENGTE_AUTEUR} tekens hebben",
         not 0 < len(a.auteur) <= MAXIMALE_LENGTE_AUTEUR),
        (f"de bestandsnaam moet 1 tot {MAXIMALE_LENGTE_BESTANDSNAAM} tekens hebben, zonder / of nultekens",
         not 0 < len(a.bestandsnaam) <= MAXIMALE_LENGTE_BESTANDSNAAM or bool(set("/\\\0") & set(a.bestandsnaam))),
        ("de naam van de gebruiker ontbreekt", not a.gebruiker.strip()),
        ("het bestand is leeg", inhoud.omvang_bytes < 1),
        ("de SHA-256 moet 64 hexadecimale tekens hebben", not is_sha256(inhoud.sha256)),
    )  # fmt: skip
    return tuple(gebrek for gebrek, geldt in toetsen if geldt)


def is_sha256(tekst: str) -> bool:
    """True for 64 lower-case hex digits."""
    return len(tekst) == 64 and set(tekst) <= set("0123456789abcdef")


def verify_aflevering(aflevering: Aflevering, inhoud: Inhoud) -> None:
    """Return, or raise ZaaksysteemError that names every gebrek."""
    gebreken = find_gebreken(aflevering, inhoud)
    if gebreken:
        raise ZaaksysteemError(
            "Dit document kan niet naar het zaaksysteem: " + "; ".join(gebreken) + ". "
            "Pas de gegevens van het document of het profiel aan en lever opnieuw."
        )
