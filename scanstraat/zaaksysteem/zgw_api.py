"""Adapter: the calls of Zaken 1.5, Documenten 1.4 and Catalogi 1.3 that we use, with their answers as frozen values.

Only fields that stand in both the ZGW standard and Open Zaak 1.30 are used, so that newer releases fit as well. An
answer without a field that it must have is no answer. URLs are identifiers: they are used exactly as they were given.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, BinaryIO

from scanstraat.errors import ZaaksysteemNietBereikbaarError
from scanstraat.zaaksysteem import Aflevering, Inhoud, Teruggelezen
from scanstraat.zaaksysteem.zgw_verbinding import Verbinding

CACHE_S = 600  # how long the catalogus is remembered; a new version of a type is seen after this


class Inhoudstaat(Enum):
    """How the bytes of a document in the zaaksysteem relate to ours, as far as its own data say."""

    GELIJK = "gelijk"
    ONAF = "onaf"  # our upload in parts, not finished
    ANDERS = "anders"


@dataclass(frozen=True)
class Deel:
    """One bestandsdeel of an unfinished upload."""

    url: str
    volgnummer: int
    omvang_bytes: int
    voltooid: bool
    lock: str


@dataclass(frozen=True)
class Document:
    """An enkelvoudiginformatieobject, in one version. `inhoud_url` is None while the bytes are not there."""

    url: str
    versie: int
    informatieobjecttype: str
    begin_registratie: str
    omvang_bytes: int | None
    sha256: str  # what `integriteit` claims, "" when it claims nothing; never checked by the server
    inhoud_url: str | None
    vergrendeld: bool
    lock: str  # only known from the answer that made it, or from its parts
    delen: tuple[Deel, ...]  # in order of volgnummer


@dataclass(frozen=True)
class ZaakInZgw:
    """A zaak as far as we need it."""

    url: str
    identificatie: str
    omschrijving: str
    zaaktype: str
    startdatum: date
    einddatum: date | None


@dataclass(frozen=True)
class Type:
    """A version of an informatieobjecttype."""

    url: str
    omschrijving: str
    begin: date
    einde: date | None

    def geldt_op(self, dag: date) -> bool:
        """Is this version in force on `dag`? The end date counts as in force (Catalogi: tot en met)."""
        return self.begin <= dag and (self.einde is None or dag <= self.einde)


def decide_inhoudstaat(document: Document, inhoud: Inhoud) -> Inhoudstaat:
    """Compare what the server says of a document with what we deliver. Reading back is the proof; this is the plan."""
    if document.omvang_bytes != inhoud.omvang_bytes or document.sha256 != inhoud.sha256:
        return Inhoudstaat.ANDERS
    if document.inhoud_url is not None:
        return Inhoudstaat.GELIJK
    if (
        document.vergrendeld
        and document.delen
        and sum(deel.omvang_bytes for deel in document.delen) == inhoud.omvang_bytes
    ):
        return Inhoudstaat.ONAF
    return Inhoudstaat.ANDERS


def choose_type(typen: tuple[Type, ...], omschrijving: str, *, vandaag: date, startdatum: date) -> Type | None:
    """Choose the version of a type by its omschrijving among those the zaaktype allows.

    The one in force today goes first; else the one that was in force when the zaak began, since a running zaak keeps
    the zaaktype version it started with. The newest wins when there are more.
    """
    namen = sorted((t for t in typen if t.omschrijving == omschrijving), key=lambda t: t.begin, reverse=True)
    for dag in (vandaag, startdatum):
        for type_ in namen:
            if type_.geldt_op(dag):
                return type_
    return None


class ZgwApi:
    """The calls, each with the Dutch words that an error message uses for it. `gebruiker` goes in the audit trail."""

    def __init__(self, verbinding: Verbinding, bronorganisatie: str) -> None:
        self._verbinding = verbinding
        self._bronorganisatie = bronorganisatie
        self._onthouden: dict[str, tuple[float, Any]] = {}
        self._slot = threading.Lock()

    def server_today(self) -> date:
        """Return the date on the server's clock, in UTC."""
        return self.server_now().date()

    def server_now(self) -> datetime:
        """Return the time on the server's clock."""
        return datetime.fromtimestamp(self._verbinding.server_now(), UTC)

    def find_zaak(self, identificatie: str, gebruiker: str) -> ZaakInZgw | None:
        """Find a zaak by its number; None when it is not there or above our rights (the API does not tell which)."""
        bezig = "het opzoeken van de zaak"
        rijen = self._verbinding.get_all(
            f"{self._verbinding.zaken}/zaken",
            bezig,
            gebruiker,
            identificatie=identificatie,
            bronorganisatie=self._bronorganisatie,
        )
        zaken = [parse_zaak(rij) for rij in rijen if rij.get("identificatie") == identificatie]
        if len(zaken) > 1:
            raise build_onbruikbaar(bezig)
        return zaken[0] if zaken else None

    def zaaktype_omschrijving(self, url: str, gebruiker: str) -> str:
        """Return what people call a zaaktype."""
        return _text(self._remembered(url, "het opvragen van het zaaktype", gebruiker), "omschrijving")

    def find_typen(self, zaaktype: str, gebruiker: str) -> tuple[Type, ...]:
        """Return every informatieobjecttype that the zaaktype allows, in all its published versions."""
        bezig = "het opvragen van de informatieobjecttypen"
        sleutel = f"zaaktype-informatieobjecttypen {zaaktype}"
        rijen = self._recall(sleutel)
        if rijen is None:
            rijen = self._verbinding.get_all(
                f"{self._verbinding.catalogi}/zaaktype-informatieobjecttypen", bezig, gebruiker, zaaktype=zaaktype
            )
            self._remember(sleutel, rijen)
        urls = dict.fromkeys(_text(rij, "informatieobjecttype") for rij in rijen)
        typen = [self._remembered(url, bezig, gebruiker) for url in urls]
        return tuple(parse_type(type_) for type_ in typen if type_.get("concept") is not True)

    def find_documenten(self, identificatie: str, gebruiker: str) -> tuple[Document, ...]:
        """Find documents by our own identificatie: none, one, or (after a lost answer) more."""
        rijen = self._verbinding.get_all(
            f"{self._verbinding.documenten}/enkelvoudiginformatieobjecten",
            "het opzoeken van het document",
            gebruiker,
            identificatie=identificatie,
            bronorganisatie=self._bronorganisatie,
        )
        return tuple(parse_document(rij) for rij in rijen if rij.get("identificatie") == identificatie)

    def get_document(self, url: str, gebruiker: str, versie: int | None = None) -> Document:
        """GET one document, the newest version or the one asked for."""
        parameters = {} if versie is None else {"versie": str(versie)}
        document = parse_document(
            _object(self._verbinding.get(url, "het opvragen van het document", gebruiker, **parameters))
        )
        if document.url.partition("?")[0] != url or versie not in (None, document.versie):
            raise build_onbruikbaar("het opvragen van het document")
        return document

    def create_document(self, gegevens: Mapping[str, Any], aflevering: Aflevering) -> Document:
        """POST a document."""
        return parse_document(
            self._verbinding.post(
                f"{self._verbinding.documenten}/enkelvoudiginformatieobjecten",
                "het aanmaken van het document",
                aflevering.gebruiker,
                gegevens,
                toelichting=aflevering.toelichting,
            )
        )

    def change_document(self, url: str, gegevens: Mapping[str, Any], aflevering: Aflevering) -> Document:
        """PATCH a document under its lock: this makes a new version."""
        return parse_document(
            self._verbinding.patch(
                url,
                "het maken van een nieuwe versie",
                aflevering.gebruiker,
                gegevens,
                toelichting=aflevering.toelichting,
            )
        )

    def empty_document(self, url: str, lock: str, gebruiker: str, toelichting: str) -> None:
        """PATCH an unfinished upload into an empty file, so that it can be unlocked and deleted."""
        gegevens = {"lock": lock, "inhoud": None, "bestandsomvang": 0, "integriteit": None}
        self._verbinding.patch(url, "het leegmaken van een half document", gebruiker, gegevens, toelichting=toelichting)

    def put_deel(self, deel: Deel, stroom: BinaryIO, gebruiker: str) -> None:
        """PUT one bestandsdeel, under the lock of that part (registers differ; this one fits all we know of)."""
        self._verbinding.put_deel(
            deel.url, "het versturen van een deel van het bestand", gebruiker, lock=deel.lock, deel=stroom
        )

    def lock(self, url: str, gebruiker: str) -> str:
        """Lock a document and return the lock."""
        bezig = "het vergrendelen van het document"
        return _text(self._verbinding.post(f"{url}/lock", bezig, gebruiker, {}), "lock")

    def unlock(self, url: str, lock: str, gebruiker: str) -> None:
        """Unlock a document; parts are joined by it. An empty lock asks for a forced unlock, which is a right apart."""
        self._verbinding.post(
            f"{url}/unlock", "het ontgrendelen van het document", gebruiker, {"lock": lock} if lock else {}
        )

    def delete_document(self, url: str, gebruiker: str, toelichting: str) -> None:
        """DELETE a document with all its versions."""
        self._verbinding.delete(url, "het verwijderen van het document", gebruiker, toelichting=toelichting)

    def find_relaties(self, document: str, gebruiker: str) -> tuple[str, ...]:
        """Return the URLs of everything (zaken, besluiten) that holds this document, also what we may not see."""
        rijen = self._verbinding.get_all(
            f"{self._verbinding.documenten}/objectinformatieobjecten",
            "het opvragen van de koppelingen",
            gebruiker,
            informatieobject=document,
        )
        return tuple(_text(rij, "object") for rij in rijen)

    def find_koppeling(self, zaak: str, document: str, gebruiker: str) -> str | None:
        """Return the URL of the zaakinformatieobject, or None."""
        rijen = self._verbinding.get_all(
            f"{self._verbinding.zaken}/zaakinformatieobjecten",
            "het opvragen van de koppeling",
            gebruiker,
            zaak=zaak,
            informatieobject=document,
        )
        eigen = [rij for rij in rijen if rij.get("zaak") == zaak and rij.get("informatieobject") == document]
        return _text(eigen[0], "url") if eigen else None

    def create_koppeling(self, zaak: str, document: str, aflevering: Aflevering) -> str:
        """POST a zaakinformatieobject and return its URL. Its mirror in Documenten is made by the server."""
        gegevens = {"zaak": zaak, "informatieobject": document, "titel": aflevering.titel}
        antwoord = self._verbinding.post(
            f"{self._verbinding.zaken}/zaakinformatieobjecten",
            "het koppelen aan de zaak",
            aflevering.gebruiker,
            gegevens,
            toelichting=aflevering.toelichting,
        )
        return _text(antwoord, "url")

    def delete_koppeling(self, url: str, gebruiker: str, toelichting: str) -> None:
        """DELETE a zaakinformatieobject."""
        self._verbinding.delete(url, "het losmaken van de zaak", gebruiker, toelichting=toelichting)

    def find_statustypen(self, zaaktype: str, gebruiker: str) -> dict[str, dict[str, Any]]:
        """Return URL -> statustype of a zaaktype."""
        sleutel = f"statustypen {zaaktype}"
        rijen = self._recall(sleutel)
        if rijen is None:
            rijen = self._verbinding.get_all(
                f"{self._verbinding.catalogi}/statustypen",
                "het opvragen van de statustypen",
                gebruiker,
                zaaktype=zaaktype,
            )
            self._remember(sleutel, rijen)
        return {_text(rij, "url"): rij for rij in rijen}

    def find_statussen(self, zaak: str, gebruiker: str) -> tuple[str, ...]:
        """Return the statustype URLs that the zaak has had."""
        rijen = self._verbinding.get_all(
            f"{self._verbinding.zaken}/statussen", "het opvragen van de statussen", gebruiker, zaak=zaak
        )
        return tuple(_text(rij, "statustype") for rij in rijen)

    def create_status(self, zaak: str, statustype: str, moment: datetime, aflevering: Aflevering) -> None:
        """POST a status; `moment` may not lie in the server's future, not even by a second."""
        gegevens = {
            "zaak": zaak,
            "statustype": statustype,
            "datumStatusGezet": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        self._verbinding.post(
            f"{self._verbinding.zaken}/statussen",
            "het zetten van de status",
            aflevering.gebruiker,
            gegevens,
            toelichting=aflevering.toelichting,
        )

    def download(self, document: Document, gebruiker: str, *, maximum_bytes: int) -> Teruggelezen:
        """GET the bytes of this version and hash them.

        Only a URL is followed: asking for the bytes of a document without any gets an answer from some servers that
        spoils the connection for the next request.
        """
        bezig = "het teruglezen van het document"
        if document.inhoud_url is None:
            raise build_onbruikbaar(bezig)
        return self._verbinding.download(document.inhoud_url, bezig, gebruiker, maximum_bytes=maximum_bytes)

    def ping(self, gebruiker: str) -> None:
        """Ask each of the three APIs something that needs our rights and returns next to nothing."""
        self.find_zaak("-", gebruiker)
        self.find_documenten("-", gebruiker)
        self._verbinding.get(
            f"{self._verbinding.catalogi}/informatieobjecttypen", "het opvragen van de catalogus", gebruiker
        )

    def build_nieuw(
        self, aflevering: Aflevering, inhoud: Inhoud, type_url: str, bytes_: bytes | None
    ) -> dict[str, Any]:
        """Make the body that creates a document; without `bytes_` the server asks for them in parts."""
        gegevens: dict[str, Any] = {
            "identificatie": aflevering.identificatie,
            "bronorganisatie": self._bronorganisatie,
            "creatiedatum": aflevering.creatiedatum.isoformat(),
            "titel": aflevering.titel,
            "vertrouwelijkheidaanduiding": aflevering.vertrouwelijkheidaanduiding,
            "auteur": aflevering.auteur,
            "status": "definitief",  # the only one that received post may have
            "taal": aflevering.taal,
            "informatieobjecttype": type_url,
            "indicatieGebruiksrecht": False,  # null would block closing the zaak
            **self.build_inhoud(aflevering, inhoud, bytes_),
        }
        if aflevering.ontvangstdatum is not None:
            gegevens["ontvangstdatum"] = aflevering.ontvangstdatum.isoformat()
        return gegevens

    def build_inhoud(self, aflevering: Aflevering, inhoud: Inhoud, bytes_: bytes | None) -> dict[str, Any]:
        """Make the part of a body that is about the bytes. `integriteit` goes along every time: it is never renewed."""
        return {
            "inhoud": None if bytes_ is None else base64.b64encode(bytes_).decode("ascii"),
            "bestandsomvang": inhoud.omvang_bytes,
            "bestandsnaam": aflevering.bestandsnaam,
            "formaat": aflevering.formaat,
            "integriteit": {
                "algoritme": "sha_256",
                "waarde": inhoud.sha256,
                "datum": self.server_today().isoformat(),
            },
        }

    def _remembered(self, url: str, bezig: str, gebruiker: str) -> dict[str, Any]:
        gegevens = self._recall(url)
        if gegevens is None:
            gegevens = _object(self._verbinding.get(url, bezig, gebruiker))
            self._remember(url, gegevens)
        return _object(gegevens)

    def _recall(self, sleutel: str) -> Any:
        with self._slot:
            tot, gegevens = self._onthouden.get(sleutel, (0.0, None))
            return gegevens if time.monotonic() < tot else None

    def _remember(self, sleutel: str, gegevens: Any) -> None:
        with self._slot:
            self._onthouden[sleutel] = (time.monotonic() + CACHE_S, gegevens)


def parse_document(gegevens: dict[str, Any]) -> Document:
    """Read an enkelvoudiginformatieobject. ZaaksysteemNietBereikbaarError when it is none."""
    integriteit = gegevens.get("integriteit") or {}
    waarde = integriteit.get("waarde") if integriteit.get("algoritme") == "sha_256" else ""
    inhoud, omvang = gegevens.get("inhoud"), gegevens.get("bestandsomvang")
    delen = gegevens.get("bestandsdelen") or []
    return Document(
        url=_text(gegevens, "url").partition("?")[0],
        versie=_number(gegevens, "versie"),
        informatieobjecttype=_text(gegevens, "informatieobjecttype"),
        begin_registratie=_text(gegevens, "beginRegistratie"),
        omvang_bytes=omvang if isinstance(omvang, int) else None,
        sha256=waarde.lower() if isinstance(waarde, str) else "",
        inhoud_url=inhoud if isinstance(inhoud, str) and inhoud.startswith(("http://", "https://")) else None,
        vergrendeld=gegevens.get("locked") is True,
        lock=gegevens["lock"] if isinstance(gegevens.get("lock"), str) else "",
        delen=tuple(sorted((_parse_deel(_object(deel)) for deel in delen), key=lambda deel: deel.volgnummer)),
    )


def _parse_deel(gegevens: dict[str, Any]) -> Deel:
    return Deel(
        url=_text(gegevens, "url"),
        volgnummer=_number(gegevens, "volgnummer"),
        omvang_bytes=_number(gegevens, "omvang"),
        voltooid=gegevens.get("voltooid") is True,
        lock=_text(gegevens, "lock"),
    )


def parse_zaak(gegevens: dict[str, Any]) -> ZaakInZgw:
    """Read a zaak. ZaaksysteemNietBereikbaarError when it is none."""
    omschrijving = gegevens.get("omschrijving")
    return ZaakInZgw(
        url=_text(gegevens, "url"),
        identificatie=_text(gegevens, "identificatie"),
        omschrijving=omschrijving if isinstance(omschrijving, str) else "",
        zaaktype=_text(gegevens, "zaaktype"),
        startdatum=_date(gegevens, "startdatum"),
        einddatum=None if gegevens.get("einddatum") is None else _date(gegevens, "einddatum"),
    )


def parse_type(gegevens: dict[str, Any]) -> Type:
    """Read an informatieobjecttype. ZaaksysteemNietBereikbaarError when it is none."""
    return Type(
        url=_text(gegevens, "url"),
        omschrijving=_text(gegevens, "omschrijving"),
        begin=_date(gegevens, "beginGeldigheid"),
        einde=None if gegevens.get("eindeGeldigheid") is None else _date(gegevens, "eindeGeldigheid"),
    )


def build_onbruikbaar(bezig: str) -> ZaaksysteemNietBereikbaarError:
    """Return the error for an answer that is not what it must be."""
    return ZaaksysteemNietBereikbaarError(
        f"Het zaaksysteem gaf bij {bezig} een antwoord dat niet klopt. Er wordt later opnieuw geprobeerd; "
        "blijft dit zo, meld het dan bij de beheerder van het zaaksysteem."
    )


def _object(gegevens: Any) -> dict[str, Any]:
    if not isinstance(gegevens, dict):
        raise build_onbruikbaar("het lezen van een antwoord")
    return gegevens


def _text(gegevens: dict[str, Any], veld: str) -> str:
    waarde = gegevens.get(veld)
    if not isinstance(waarde, str) or not waarde:
        raise build_onbruikbaar(f"het lezen van het veld {veld}")
    return waarde


def _number(gegevens: dict[str, Any], veld: str) -> int:
    waarde = gegevens.get(veld)
    if not isinstance(waarde, int) or isinstance(waarde, bool) or waarde < 0:
        raise build_onbruikbaar(f"het lezen van het veld {veld}")
    return waarde


def _date(gegevens: dict[str, Any], veld: str) -> date:
    try:
        return date.fromisoformat(_text(gegevens, veld))
    except ValueError as exc:
        raise build_onbruikbaar(f"het lezen van het veld {veld}") from exc
