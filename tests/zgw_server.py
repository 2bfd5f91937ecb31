"""A stand-in for Open Zaak 1.30: the calls the line makes, with the answers and oddities seen on the real server.

It speaks real HTTP on a loopback port and has a small world (zaken, types, documents) per client_id, so that many tests
can use one server at once. `Wereld.storing` decides per request whether something goes wrong, and how. What a client
may never do (POST an objectinformatieobject, follow a download that is not there) is noted in `Wereld.overtredingen`.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import random
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import jwt

from scanstraat.config import ZgwConfig

GEHEIM = "een-geheim-van-ruim-tweeendertig-tekens"
RSIN = "123456782"
BEPERKT = frozenset(
    {
        "catalogi.lezen",
        "zaken.lezen",
        "zaken.bijwerken",
        "zaken.statussen.toevoegen",
        "documenten.lezen",
        "documenten.aanmaken",
        "documenten.bijwerken",
        "documenten.lock",
    }
)
VERWIJDEREN, FORCEREN = "documenten.verwijderen", "documenten.geforceerd-unlock"
_NIVEAUS = (
    "openbaar",
    "beperkt_openbaar",
    "intern",
    "zaakvertrouwelijk",
    "vertrouwelijk",
    "confidentieel",
    "geheim",
    "zeer_geheim",
)
_ALGORITMEN = {
    "crc_16",
    "crc_32",
    "crc_64",
    "fletcher_4",
    "fletcher_8",
    "fletcher_16",
    "fletcher_32",
    "hmac",
    "md5",
} | {
    "sha_1",
    "sha_256",
    "sha_512",
    "sha_3",
}


class Storing(Enum):
    """What may go wrong with one request; VOOR is before it is carried out, NA is after."""

    TIJD_VOOR = "no answer, not carried out"
    TIJD_NA = "carried out, no answer"
    LAAT = "no answer in time, carried out later"
    RESET_VOOR = "connection reset, not carried out"
    RESET_NA = "carried out, connection reset"
    FOUT_VOOR = "HTML 500, not carried out"
    FOUT_NA = "carried out, HTML 500"
    TE_GROOT = "HTML 413 of a reverse proxy"
    HALF = "carried out, half the answer"
    HASH = "a download with one byte changed"
    TRAAG = "a slow answer, but in time"
    DICHT = "a good answer, and then the kept-alive connection is dead"
    SPOOR = "bytes of a body after a 204, on a connection that stays open"
    HTML = "200 with a sign-in page, not carried out"


@dataclass
class Verzoek:
    """A request as it came in."""

    nummer: int
    methode: str
    pad: str
    vraag: dict[str, str]
    koppen: dict[str, str]
    inhoud: bytes


@dataclass
class Uitwisseling:
    """A request and its answer, to hold against the OpenAPI files."""

    methode: str
    pad: str
    vraag: dict[str, str]
    koppen: dict[str, str]
    verzoek: Any
    status: int
    soort: str
    antwoord: Any


@dataclass
class Deel:
    uuid: str
    volgnummer: int
    omvang: int
    inhoud: bytes | None = None


@dataclass
class Stuk:
    """A document with all its versions (an EnkelvoudigInformatieObjectCanonical)."""

    uuid: str
    versies: list[dict[str, Any]] = field(default_factory=list)
    bytes_: list[bytes | None] = field(default_factory=list)
    lock: str = ""
    delen: list[Deel] = field(default_factory=list)


class GeweigerdError(Exception):
    def __init__(self, status: int, code: str, *, veld: str = "", soort: str = "", reden: str = "Nee.") -> None:
        super().__init__(code)
        self.status, self.code, self.veld, self.soort, self.reden = status, code, veld, soort, reden
        self.moment: datetime | None = None  # for the Date header, where it matters


class KapotError(Exception):
    """The server itself fails: HTML 500."""


class Wereld:
    """What one client sees: its rights, the zaken, the catalogus and the documents."""

    def __init__(self, basis: str, client_id: str, *, rechten: frozenset[str] = BEPERKT) -> None:
        self.basis = basis
        self.client_id = client_id
        self.rechten = rechten
        self.maximaal = "zaakvertrouwelijk"
        self.storing: Callable[[Verzoek], Storing | None] = lambda _: None
        self.klok_verschil_s = 0.0  # the clock of the server against that of this machine
        self.stilte_s = 1.0  # how long a silent answer takes: longer than the time-out of the client
        self.deel_bytes = 1 << 20
        self.body_grens = 100 << 20
        self.venster_s = 0.0  # between the check that an identificatie is free and taking it
        self.houdt_integriteit = True
        self.bladzij = 2
        self.slot = threading.RLock()
        self.zaken: dict[str, dict[str, Any]] = {}
        self.zaaktypen: dict[str, dict[str, Any]] = {}
        self.typen: dict[str, dict[str, Any]] = {}
        self.statustypen: dict[str, dict[str, Any]] = {}
        self.relaties: list[dict[str, Any]] = []  # zaaktype-informatieobjecttypen
        self.stukken: dict[str, Stuk] = {}
        self.koppelingen: dict[str, dict[str, Any]] = {}
        self.statussen: dict[str, dict[str, Any]] = {}
        self.audit: list[tuple[str, str, str, str]] = []  # methode, gebruikersId, gebruikersWeergave, toelichting
        self.overtredingen: list[str] = []
        self.uitwisselingen: list[Uitwisseling] = []
        self.aantal = 0  # of requests
        self.gemaakt = 0  # documents ever made, also those removed again

    # -- building the world -------------------------------------------------------------------------------------

    def voeg_zaaktype_toe(self, omschrijving: str = "Bezwaar") -> str:
        url = f"{self.basis}/catalogi/api/v1/zaaktypen/{uuid4()}"
        self.zaaktypen[url] = build_zaaktype(self.basis, url, omschrijving)
        return url

    def voeg_type_toe(
        self,
        zaaktype: str | None,
        omschrijving: str = "Ingekomen stuk",
        *,
        begin: str = "2020-01-01",
        einde: str | None = None,
        concept: bool = False,
    ) -> str:
        url = f"{self.basis}/catalogi/api/v1/informatieobjecttypen/{uuid4()}"
        self.typen[url] = build_type(self.basis, url, omschrijving, begin, einde, concept=concept)
        if zaaktype is not None:
            self.laat_toe(zaaktype, url)
        return url

    def laat_toe(self, zaaktype: str, type_url: str) -> None:
        self.relaties.append(
            {
                "url": f"{self.basis}/catalogi/api/v1/zaaktype-informatieobjecttypen/{uuid4()}",
                "zaaktype": zaaktype,
                "zaaktypeIdentificatie": "ZT",
                "informatieobjecttype": type_url,
                "volgnummer": len(self.relaties) + 1,
                "richting": "inkomend",
                "statustype": None,
                "catalogus": f"{self.basis}/catalogi/api/v1/catalogussen/{uuid4()}",
            }
        )

    def voeg_statustype_toe(self, zaaktype: str, omschrijving: str, volgnummer: int) -> str:
        url = f"{self.basis}/catalogi/api/v1/statustypen/{uuid4()}"
        self.statustypen[url] = build_statustype(self.basis, url, zaaktype, omschrijving, volgnummer)
        return url

    def voeg_zaak_toe(self, identificatie: str, zaaktype: str, *, startdatum: str = "2026-01-05") -> str:
        uuid = str(uuid4())
        url = f"{self.basis}/zaken/api/v1/zaken/{uuid}"
        self.zaken[url] = build_zaak(url, uuid, identificatie, zaaktype, startdatum)
        return url

    def sluit(self, zaak: str, einddatum: str = "2026-02-01") -> None:
        self.zaken[zaak]["einddatum"] = einddatum

    # -- looking at the world -----------------------------------------------------------------------------------

    def vind(self, identificatie: str) -> list[Stuk]:
        return [s for s in self.stukken.values() if s.versies[-1]["identificatie"] == identificatie]

    def gekoppeld(self, zaak: str) -> list[str]:
        return [k["informatieobject"] for k in self.koppelingen.values() if k["zaak"] == zaak]

    def nu(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.klok_verschil_s, UTC)


class ZgwServer:
    """Serves worlds on a free loopback port until the `with` ends."""

    def __init__(self) -> None:
        self.werelden: dict[str, Wereld] = {}
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.server = self
        self.basis = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._draad = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> ZgwServer:
        self._draad.start()
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, spoor: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._draad.join()
        self._http.close_connections()
        self._http.server_close()

    def wereld(self, *, rechten: frozenset[str] = BEPERKT) -> Wereld:
        wereld = Wereld(self.basis, f"scanstraat-{uuid4().hex[:8]}", rechten=rechten)
        self.werelden[wereld.client_id] = wereld
        return wereld

    def config(self, wereld: Wereld, **anders: Any) -> ZgwConfig:
        waarden: dict[str, Any] = {
            "zaken_url": f"{self.basis}/zaken/api/v1",
            "documenten_url": f"{self.basis}/documenten/api/v1",
            "catalogi_url": f"{self.basis}/catalogi/api/v1/",
            "client_id": wereld.client_id,
            "bronorganisatie": RSIN,
            "inline_grens_bytes": 1000,
            "tijdslimiet_s": 10.0,
        }
        return ZgwConfig(**{**waarden, **anders})


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    server: ZgwServer

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()
        self._slot = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._slot:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._slot:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End the threads that wait for a next request on a kept-alive connection."""
        einde = time.monotonic() + 5
        while time.monotonic() < einde:
            with self._slot:
                over = list(self._open)
            if not over:
                return
            for verbinding in over:
                with contextlib.suppress(OSError):
                    verbinding.shutdown(socket.SHUT_RDWR)
            time.sleep(0.02)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about; anything else is a bug in the stand-in."""
        if not isinstance(sys.exception(), OSError | ValueError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        delen = urlsplit(self.path)
        koppen = {naam.lower(): waarde for naam, waarde in self.headers.items()}
        try:
            wereld, claims = self._authenticate(koppen)
        except GeweigerdError as exc:
            self.rfile.read(int(koppen.get("content-length", 0)))
            self._answer(exc.status, build_fout(exc), datum=exc.moment)
            return
        with wereld.slot:
            wereld.aantal += 1
            verzoek = Verzoek(wereld.aantal, self.command, delen.path, dict(parse_qsl(delen.query, True)), koppen, b"")
        if "transfer-encoding" in koppen:
            wereld.overtredingen.append(f"{self.command} {delen.path}: chunked body")
        omvang = int(koppen.get("content-length", 0))
        storing = wereld.storing(verzoek)
        if storing is Storing.TE_GROOT and not omvang:
            storing = None
        if storing is Storing.TE_GROOT or omvang > wereld.body_grens:
            self.rfile.read(omvang // 2)  # nginx answers before it has read everything
            self._answer(413, "<html><head><title>413 Request Entity Too Large</title></head></html>", sluit=True)
            return
        verzoek.inhoud = self.rfile.read(omvang)
        if len(verzoek.inhoud) < omvang:
            self.close_connection = True
            return
        self._with_fault(wereld, claims, verzoek, storing)

    def _with_fault(self, wereld: Wereld, claims: dict[str, Any], verzoek: Verzoek, storing: Storing | None) -> None:
        if storing in (Storing.TIJD_VOOR, Storing.LAAT):
            time.sleep(wereld.stilte_s)
        if storing is Storing.TIJD_VOOR:
            return self._hang_up(reset=False)
        if storing is Storing.RESET_VOOR:
            return self._hang_up(reset=True)
        if storing is Storing.FOUT_VOOR:
            return self._answer(500, "<h1>Server Error (500)</h1>", datum=wereld.nu())
        if storing is Storing.HTML:
            return self._answer(200, "<html><form>Aanmelden</form></html>", datum=wereld.nu())
        status, antwoord, soort = self._carry_out(wereld, claims, verzoek)
        if storing is Storing.TIJD_NA:
            time.sleep(wereld.stilte_s)
        if storing in (Storing.TIJD_NA, Storing.LAAT):
            return self._hang_up(reset=False)
        if storing is Storing.RESET_NA:
            return self._hang_up(reset=True)
        if storing is Storing.FOUT_NA:
            return self._answer(500, "<h1>Server Error (500)</h1>", datum=wereld.nu())
        if storing is Storing.TRAAG:
            time.sleep(wereld.stilte_s / 4)
        if storing is Storing.SPOOR and status == 204:
            antwoord = b'{"detail":"No content."}'
        if storing is Storing.HASH and isinstance(antwoord, bytes) and antwoord:
            antwoord = antwoord[:-1] + bytes([antwoord[-1] ^ 0xFF])
        self._answer(status, antwoord, soort=soort, half=storing is Storing.HALF, datum=wereld.nu())
        if storing is Storing.DICHT:
            self._hang_up(reset=False)
        return None

    def _carry_out(
        self, wereld: Wereld, claims: dict[str, Any], verzoek: Verzoek
    ) -> tuple[int, bytes | str | list[Any] | dict[str, Any] | None, str]:
        soort = "application/json"
        gegevens: Any = None
        antwoord: Any
        try:
            if verzoek.koppen.get("accept") == "application/problem+json":
                raise GeweigerdError(406, "not_acceptable")  # noqa: TRY301  (one place makes answers of refusals)
            gegevens = _read_body(verzoek)
            status, antwoord = _Afhandeling(wereld, verzoek, gegevens).run()
            if isinstance(antwoord, bytes):
                soort = "application/octet-stream"
        except GeweigerdError as exc:
            status, antwoord = exc.status, build_fout(exc)
        except KapotError:
            return 500, "<h1>Server Error (500)</h1>", "text/html"
        with wereld.slot:
            if verzoek.methode in ("POST", "PUT", "PATCH", "DELETE") and status < 300:
                wereld.audit.append(
                    (
                        verzoek.methode,
                        claims.get("user_id", ""),
                        claims.get("user_representation", ""),
                        verzoek.koppen.get("x-audit-toelichting", ""),
                    )
                )
            wereld.uitwisselingen.append(
                Uitwisseling(
                    verzoek.methode,
                    verzoek.pad,
                    verzoek.vraag,
                    verzoek.koppen,
                    gegevens if not isinstance(gegevens, _Formulier) else None,
                    status,
                    soort,
                    None if isinstance(antwoord, bytes) else antwoord,
                )
            )
        return status, antwoord, soort

    def _authenticate(self, koppen: dict[str, str]) -> tuple[Wereld, dict[str, Any]]:
        if not koppen.get("authorization", "").startswith("Bearer "):
            raise GeweigerdError(403, "permission_denied")
        token = koppen["authorization"][7:]
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            if jwt.get_unverified_header(token)["alg"] != "HS256":
                raise GeweigerdError(403, "jwt-invalidalgorithmerror")
        except jwt.PyJWTError as exc:
            raise GeweigerdError(403, "jwt-decode-error") from exc
        if "client_id" not in claims:
            raise GeweigerdError(403, "missing-client-identifier")
        wereld = self.server.server.werelden.get(claims["client_id"])
        if wereld is None:
            raise GeweigerdError(403, "invalid-client-identifier")
        try:
            jwt.decode(token, GEHEIM, algorithms=["HS256"], options={"verify_iat": False, "verify_exp": False})
        except jwt.PyJWTError as exc:
            raise GeweigerdError(403, "invalid-jwt-signature") from exc
        if "iat" not in claims:
            raise GeweigerdError(403, "jwt-missing-iat-claim")
        if wereld.nu().timestamp() - claims["iat"] > 3600:
            verlopen = GeweigerdError(403, "jwt-expired")
            verlopen.moment = wereld.nu()  # what a client with a wrong clock has to go by
            raise verlopen
        return wereld, claims

    def _answer(
        self,
        status: int,
        antwoord: Any,
        *,
        soort: str = "",
        half: bool = False,
        sluit: bool = False,
        datum: datetime | None = None,
    ) -> None:
        if isinstance(antwoord, bytes):
            inhoud = antwoord
        elif isinstance(antwoord, str):
            inhoud, soort = antwoord.encode(), "text/html"
        elif antwoord is None:
            inhoud = b""
        else:
            inhoud, soort = json.dumps(antwoord).encode(), "application/json"
        moment = datum or datetime.now(UTC)
        regels = [
            f"HTTP/1.1 {status} X",
            f"Date: {moment.strftime('%a, %d %b %Y %H:%M:%S GMT')}",
            "API-version: 1.4.2",
        ]
        if status == 204:
            spoor = inhoud  # the oddity of uWSGI: bytes of a body after an answer that has none
        else:
            spoor = inhoud[: len(inhoud) // 2] if half else inhoud
            regels += [f"Content-Type: {soort}", f"Content-Length: {len(inhoud)}"]
        if sluit:
            regels.append("Connection: close")
        self.wfile.write("\r\n".join(regels).encode() + b"\r\n\r\n" + (b"" if self.command == "HEAD" else spoor))
        self.wfile.flush()
        if half:
            self._hang_up(reset=False)
        self.close_connection = self.close_connection or sluit or half

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@dataclass
class _Formulier:
    lock: str
    inhoud: bytes


def _read_body(verzoek: Verzoek) -> Any:
    soort = verzoek.koppen.get("content-type", "")
    if verzoek.methode in ("GET", "HEAD", "DELETE"):
        return None
    if soort.startswith("multipart/form-data"):
        velden = {}
        grens = re.search(r"boundary=\"?([^\";]+)", soort)
        assert grens is not None
        for stuk in verzoek.inhoud.split(b"--" + grens[1].encode())[1:-1]:
            kop, _, inhoud = stuk.partition(b"\r\n\r\n")
            naam = re.search(rb'name="([^"]+)"', kop)
            assert naam is not None
            velden[naam[1].decode()] = inhoud[:-2]
        return _Formulier(velden.get("lock", b"").decode(), velden.get("inhoud", b""))
    try:
        return json.loads(verzoek.inhoud or b"{}")
    except ValueError as exc:
        raise GeweigerdError(400, "parse_error") from exc


def build_fout(exc: GeweigerdError) -> dict[str, Any]:
    soort = exc.soort or {400: "ValidationError", 403: "PermissionDenied", 404: "NotFound"}.get(
        exc.status, "APIException"
    )
    fout: dict[str, Any] = {
        "type": f"http://testserver/ref/fouten/{soort}/",
        "code": "invalid" if exc.veld else exc.code,
        "title": "Fout.",
        "status": exc.status,
        "detail": exc.reden,
        "instance": f"urn:uuid:{uuid4()}",
    }
    if exc.status == 400:
        naam = exc.veld or "nonFieldErrors"
        fout["code"] = "invalid"
        fout["invalidParams"] = [{"name": naam, "code": exc.code, "reason": exc.reden}]
        if exc.code in ("parse_error",):
            fout["code"] = exc.code
    return fout


class _Afhandeling:
    """Carries out one request in one world."""

    def __init__(self, wereld: Wereld, verzoek: Verzoek, gegevens: Any) -> None:
        self.w = wereld
        self.v = verzoek
        self.gegevens = gegevens
        self.url = f"{wereld.basis}{verzoek.pad}"

    def run(self) -> tuple[int, Any]:
        api, _, rest = self.v.pad.lstrip("/").partition("/api/v1/")
        delen = rest.split("/")
        naam = (
            f"{self.v.methode} {api}/{delen[0]}"
            + ("/*" if len(delen) > 1 else "")
            + (f"/{delen[2]}" if len(delen) > 2 else "")
        )
        doe = {
            "GET zaken/zaken": self.zaken,
            "GET catalogi/zaaktypen/*": lambda: self.van_catalogus(self.w.zaaktypen),
            "GET catalogi/informatieobjecttypen/*": lambda: self.van_catalogus(self.w.typen),
            "GET catalogi/informatieobjecttypen": lambda: self.lijst_catalogus(list(self.w.typen.values()), "zaaktype"),
            "GET catalogi/zaaktype-informatieobjecttypen": lambda: self.lijst_catalogus(self.w.relaties, "zaaktype"),
            "GET catalogi/statustypen": lambda: self.lijst_catalogus(list(self.w.statustypen.values()), "zaaktype"),
            "GET documenten/enkelvoudiginformatieobjecten": self.documenten,
            "POST documenten/enkelvoudiginformatieobjecten": self.maak_document,
            "GET documenten/enkelvoudiginformatieobjecten/*": self.document,
            "PATCH documenten/enkelvoudiginformatieobjecten/*": self.wijzig_document,
            "DELETE documenten/enkelvoudiginformatieobjecten/*": self.verwijder_document,
            "POST documenten/enkelvoudiginformatieobjecten/*/lock": self.vergrendel,
            "POST documenten/enkelvoudiginformatieobjecten/*/unlock": self.ontgrendel,
            "GET documenten/enkelvoudiginformatieobjecten/*/download": self.download,
            "PUT documenten/bestandsdelen/*": self.ontvang_deel,
            "GET documenten/objectinformatieobjecten": self.relaties,
            "POST documenten/objectinformatieobjecten": self.verboden,
            "GET zaken/zaakinformatieobjecten": self.koppelingen,
            "POST zaken/zaakinformatieobjecten": self.koppel,
            "DELETE zaken/zaakinformatieobjecten/*": self.ontkoppel,
            "GET zaken/statussen": self.statussen,
            "POST zaken/statussen": self.zet_status,
        }.get(naam)
        if doe is None or self.v.pad.endswith("/"):
            self.w.overtredingen.append(naam)
            raise GeweigerdError(404, "not_found")
        uitkomst: tuple[int, Any] = doe()
        return uitkomst

    def recht(self, *scopes: str) -> None:
        if not set(scopes) & self.w.rechten:
            raise GeweigerdError(403, "permission_denied")

    def parameters(self, *bekend: str) -> None:
        if set(self.v.vraag) - {*bekend, "page", "pageSize"}:
            raise GeweigerdError(400, "unknown-parameters")

    def bladzij(self, rijen: list[Any]) -> tuple[int, Any]:
        nummer = int(self.v.vraag.get("page", 1))
        deel = rijen[(nummer - 1) * self.w.bladzij : nummer * self.w.bladzij]
        if nummer > 1 and not deel:
            raise GeweigerdError(404, "not_found")
        vraag = "&".join(f"{k}={v}" for k, v in self.v.vraag.items() if k != "page")
        volgende = f"{self.url}?{vraag}&page={nummer + 1}" if len(rijen) > nummer * self.w.bladzij else None
        return 200, {"count": len(rijen), "next": volgende, "previous": None, "results": deel}

    def mag_zien(self, niveau: str) -> bool:
        return _NIVEAUS.index(niveau) <= _NIVEAUS.index(self.w.maximaal)

    # -- zaken --------------------------------------------------------------------------------------------------

    def zaken(self) -> tuple[int, Any]:
        if self.v.koppen.get("accept-crs") != "EPSG:4326":
            raise GeweigerdError(412, "precondition_failed")
        self.recht("zaken.lezen")
        self.parameters("identificatie", "bronorganisatie")
        vraag = self.v.vraag
        return self.bladzij(
            [
                z
                for z in self.w.zaken.values()
                if vraag.get("identificatie", z["identificatie"]) == z["identificatie"]
                and vraag.get("bronorganisatie", z["bronorganisatie"]) == z["bronorganisatie"]
                and self.mag_zien(z["vertrouwelijkheidaanduiding"])
            ]
        )

    def koppelingen(self) -> tuple[int, Any]:
        self.recht("zaken.lezen")
        self.parameters("zaak", "informatieobject")
        return 200, self.gefilterd(self.w.koppelingen.values(), "zaak", "informatieobject")

    def gefilterd(self, rijen: Any, *velden: str) -> list[Any]:
        return [r for r in rijen if all(self.v.vraag.get(veld, r[veld]) == r[veld] for veld in velden)]

    def koppel(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("zaken.bijwerken")
            zaak = self.w.zaken.get(self.gegevens.get("zaak"))
            if zaak is None:
                raise GeweigerdError(400, "object-does-not-exist", veld="zaak")
            stuk = self.w.stukken.get(self.gegevens.get("informatieobject"))
            if stuk is None:
                raise GeweigerdError(400, "does_not_exist", veld="informatieobject")
            toegestaan = {r["informatieobjecttype"] for r in self.w.relaties if r["zaaktype"] == zaak["zaaktype"]}
            if stuk.versies[-1]["informatieobjecttype"] not in toegestaan:
                raise GeweigerdError(400, "missing-zaaktype-informatieobjecttype-relation", veld="nonFieldErrors")
            if zaak["einddatum"] is not None:
                raise GeweigerdError(403, "permission_denied", soort="ZaakClosed")
            if self.gegevens["informatieobject"] in self.w.gekoppeld(zaak["url"]):
                raise GeweigerdError(400, "unique", veld="nonFieldErrors")
            uuid = str(uuid4())
            url = f"{self.url}/{uuid}"
            self.w.koppelingen[url] = {
                "url": url,
                "uuid": uuid,
                "informatieobject": self.gegevens["informatieobject"],
                "zaak": zaak["url"],
                "aardRelatieWeergave": "Hoort bij, omgekeerd: kent",
                "titel": self.gegevens.get("titel", ""),
                "beschrijving": self.gegevens.get("beschrijving", ""),
                "registratiedatum": self.w.nu().isoformat(),
                "vernietigingsdatum": None,
                "status": None,
            }
            return 201, self.w.koppelingen[url]

    def ontkoppel(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("zaken.bijwerken")
            koppeling = self.w.koppelingen.get(self.url)
            if koppeling is None:
                raise GeweigerdError(404, "not_found")
            if self.w.zaken[koppeling["zaak"]]["einddatum"] is not None:
                raise GeweigerdError(403, "permission_denied", soort="ZaakClosed")
            del self.w.koppelingen[self.url]
            return 204, None

    def statussen(self) -> tuple[int, Any]:
        self.recht("zaken.lezen")
        self.parameters("zaak", "statustype")
        return self.bladzij(self.gefilterd(self.w.statussen.values(), "zaak", "statustype"))

    def zet_status(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("zaken.statussen.toevoegen")
            moment = datetime.fromisoformat(self.gegevens["datumStatusGezet"])
            statustype = self.w.statustypen.get(self.gegevens["statustype"])
            zaak = self.w.zaken[self.gegevens["zaak"]]
            if moment > self.w.nu():
                raise GeweigerdError(400, "date-in-future", veld="datumStatusGezet")
            if statustype is None or statustype["zaaktype"] != zaak["zaaktype"]:
                raise GeweigerdError(400, "zaaktype-mismatch", veld="nonFieldErrors")
            if any(
                s["zaak"] == zaak["url"] and s["datumStatusGezet"] == moment.isoformat()
                for s in self.w.statussen.values()
            ):
                raise GeweigerdError(400, "unique", veld="nonFieldErrors")
            uuid = str(uuid4())
            self.w.statussen[uuid] = {
                "url": f"{self.url}/{uuid}",
                "uuid": uuid,
                "zaak": zaak["url"],
                "statustype": statustype["url"],
                "datumStatusGezet": moment.isoformat(),
                "statustoelichting": "",
                "indicatieLaatstGezetteStatus": True,
                "gezetdoor": None,
                "zaakinformatieobjecten": [],
            }
            return 201, self.w.statussen[uuid]

    # -- catalogus ----------------------------------------------------------------------------------------------

    def van_catalogus(self, waarin: dict[str, dict[str, Any]]) -> tuple[int, Any]:
        self.recht("catalogi.lezen")
        self.parameters()
        if self.url not in waarin:
            raise GeweigerdError(404, "not_found")
        return 200, waarin[self.url]

    def lijst_catalogus(self, rijen: list[dict[str, Any]], *velden: str) -> tuple[int, Any]:
        self.recht("catalogi.lezen")
        self.parameters(*velden)
        return self.bladzij([r for r in rijen if all(r.get(v) == self.v.vraag[v] for v in velden if v in self.v.vraag)])

    # -- documenten ---------------------------------------------------------------------------------------------

    def stuk(self) -> Stuk:
        pad = self.v.pad.split("/")[5]
        stuk = self.w.stukken.get(f"{self.w.basis}/documenten/api/v1/enkelvoudiginformatieobjecten/{pad}")
        if stuk is None:
            raise GeweigerdError(404, "not_found")
        if not self.mag_zien(stuk.versies[-1]["vertrouwelijkheidaanduiding"]):
            raise GeweigerdError(403, "permission_denied")
        return stuk

    def documenten(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("documenten.lezen")
            self.parameters("identificatie", "bronorganisatie")
            laatsten = [
                s for s in self.w.stukken.values() if self.mag_zien(s.versies[-1]["vertrouwelijkheidaanduiding"])
            ]
            rijen = [self.toon(s, len(s.versies)) for s in laatsten]
            return self.bladzij(self.gefilterd(rijen, "identificatie", "bronorganisatie"))

    def document(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("documenten.lezen")
            self.parameters("versie")
            stuk = self.stuk()
            versie = int(self.v.vraag.get("versie", len(stuk.versies)))
            if not 1 <= versie <= len(stuk.versies):
                raise GeweigerdError(404, "not_found")
            return 200, self.toon(stuk, versie)

    def toon(self, stuk: Stuk, versie: int) -> dict[str, Any]:
        url = f"{self.w.basis}/documenten/api/v1/enkelvoudiginformatieobjecten/{stuk.uuid}"
        delen = [
            {
                "url": f"{self.w.basis}/documenten/api/v1/bestandsdelen/{d.uuid}",
                "volgnummer": d.volgnummer,
                "omvang": d.omvang,
                "voltooid": d.inhoud is not None,
                "lock": stuk.lock,
            }
            for d in stuk.delen
        ]
        random.shuffle(delen)  # Open Zaak does not sort them
        return {
            **stuk.versies[versie - 1],
            "url": url,
            "versie": versie,
            "inhoud": f"{url}/download?versie={versie}" if stuk.bytes_[versie - 1] is not None else None,
            "locked": bool(stuk.lock),
            "bestandsdelen": delen,
        }

    def maak_document(self) -> tuple[int, Any]:
        self.recht("documenten.aanmaken")
        gegevens, bytes_ = self.gecontroleerd(self.gegevens, {})
        if not self.mag_zien(gegevens["vertrouwelijkheidaanduiding"]):
            raise GeweigerdError(403, "permission_denied")
        if any(s.versies[-1]["identificatie"] == gegevens["identificatie"] for s in list(self.w.stukken.values())):
            raise GeweigerdError(400, "identificatie-niet-uniek", veld="identificatie")
        time.sleep(self.w.venster_s)  # like the real one, not safe under concurrency
        with self.w.slot:
            stuk = Stuk(str(uuid4()))
            self.w.gemaakt += 1
            self.w.stukken[f"{self.url}/{stuk.uuid}"] = stuk
            self.nieuwe_versie(stuk, gegevens, bytes_)
            if stuk.delen:
                stuk.lock = uuid4().hex
            antwoord = self.toon(stuk, 1)
            return 201, {**antwoord, "lock": stuk.lock}

    def nieuwe_versie(self, stuk: Stuk, gegevens: dict[str, Any], bytes_: bytes | None) -> None:
        omvang = gegevens["bestandsomvang"]
        stuk.versies.append({**gegevens, "beginRegistratie": self.w.nu().isoformat()})
        stuk.bytes_.append(b"" if omvang == 0 and bytes_ is None else bytes_)
        stuk.delen = []
        if stuk.bytes_[-1] is None and omvang:
            heel, rest = divmod(omvang, self.w.deel_bytes)
            stuk.delen = [
                Deel(str(uuid4()), n + 1, o) for n, o in enumerate([self.w.deel_bytes] * heel + [rest] * (rest > 0))
            ]

    def gecontroleerd(self, nieuw: dict[str, Any], oud: dict[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        """Validate as Open Zaak does; return the fields to store and the bytes, if sent."""
        standaard: dict[str, Any] = {
            "identificatie": uuid4().hex,
            "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
            "status": "",
            "formaat": "",
            "bestandsnaam": "",
            "bestandsomvang": None,
            "link": "",
            "beschrijving": "",
            "ontvangstdatum": None,
            "verzenddatum": None,
            "indicatieGebruiksrecht": None,
            "verschijningsvorm": "",
            "ondertekening": None,
            "integriteit": None,
            "trefwoorden": [],
        }
        verplicht = ("bronorganisatie", "creatiedatum", "titel", "auteur", "taal", "informatieobjecttype")
        g = {**standaard, **oud, **{k: v for k, v in nieuw.items() if k in standaard or k in verplicht}}
        for veld in verplicht:
            if not g.get(veld):
                raise GeweigerdError(400, "required", veld=veld)
        if g["vertrouwelijkheidaanduiding"] == "":
            raise KapotError
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", g["creatiedatum"]):
            raise GeweigerdError(400, "invalid", veld="creatiedatum")
        for veld, lengte in (("titel", 200), ("auteur", 200), ("bestandsnaam", 255), ("identificatie", 40)):
            if len(g[veld]) > lengte:
                raise GeweigerdError(400, "max_length", veld=veld)
        if len(g["taal"]) != 3:
            raise GeweigerdError(400, "min_length", veld="taal")
        type_ = self.w.typen.get(g["informatieobjecttype"])
        if type_ is None:
            raise GeweigerdError(400, "does_not_exist", veld="informatieobjecttype")
        if type_["concept"]:
            raise GeweigerdError(400, "not-published", veld="informatieobjecttype")
        if g["ontvangstdatum"] and g["status"] in ("in_bewerking", "ter_vaststelling"):
            raise GeweigerdError(400, "invalid_for_received", veld="status")
        if g["indicatieGebruiksrecht"] is True:
            raise GeweigerdError(400, "missing-gebruiksrechten", veld="indicatieGebruiksrecht")
        g["integriteit"] = g["integriteit"] or oud.get("integriteit")  # null does not wipe what stands there
        if g["integriteit"]:
            if set(g["integriteit"]) != {"algoritme", "waarde", "datum"}:
                raise GeweigerdError(400, "required", veld="integriteit")
            if g["integriteit"]["algoritme"] not in _ALGORITMEN:
                raise GeweigerdError(400, "invalid_choice", veld="integriteit.algoritme")
        if not self.w.houdt_integriteit:
            g["integriteit"] = None
        return g, self.ontcijferd(nieuw, g)

    def ontcijferd(self, nieuw: dict[str, Any], g: dict[str, Any]) -> bytes | None:
        if nieuw.get("inhoud") is None:
            return None
        try:
            bytes_ = base64.b64decode(nieuw["inhoud"], validate=True)
        except binascii.Error as exc:
            raise GeweigerdError(400, "invalid-base64", veld="inhoud") from exc
        if g["bestandsomvang"] is None:
            g["bestandsomvang"] = len(bytes_)
        if g["bestandsomvang"] != len(bytes_):
            raise GeweigerdError(400, "file-size")
        return bytes_

    def wijzig_document(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("documenten.bijwerken")
            stuk = self.stuk()
            gegevens, bytes_ = self.gecontroleerd(self.gegevens, stuk.versies[-1])
            if not stuk.lock:
                raise GeweigerdError(400, "unlocked")
            if "lock" not in self.gegevens:
                raise GeweigerdError(400, "missing-lock-id")
            if self.gegevens["lock"] != stuk.lock:
                raise GeweigerdError(400, "incorrect-lock-id")
            if "inhoud" not in self.gegevens:
                bytes_ = stuk.bytes_[-1]
                if bytes_ is not None and len(bytes_) != gegevens["bestandsomvang"]:
                    raise GeweigerdError(400, "file-size")
            self.nieuwe_versie(stuk, gegevens, bytes_)
            return 200, self.toon(stuk, len(stuk.versies))

    def verwijder_document(self) -> tuple[int, Any]:
        with self.w.slot:
            stuk = self.stuk()
            self.recht("documenten.verwijderen")
            if any(k["informatieobject"] == self.url for k in self.w.koppelingen.values()):
                raise GeweigerdError(400, "pending-relations")
            if stuk.lock:
                raise GeweigerdError(400, "destroy-locked")
            del self.w.stukken[self.url]
            return 204, None

    def vergrendel(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("documenten.lock")
            stuk = self.stuk()
            if stuk.lock:
                raise GeweigerdError(400, "existing-lock")
            stuk.lock = uuid4().hex
            return 200, {"lock": stuk.lock}

    def ontgrendel(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("documenten.lock", FORCEREN)
            stuk = self.stuk()
            geforceerd = FORCEREN in self.w.rechten
            compleet = all(d.inhoud is not None for d in stuk.delen)
            leeg = not any(d.inhoud is not None for d in stuk.delen)
            if not geforceerd:
                if self.gegevens.get("lock", "") != stuk.lock:
                    raise GeweigerdError(400, "incorrect-lock-id")
                if not compleet and not leeg:
                    raise GeweigerdError(400, "incomplete-upload")
                if stuk.delen and leeg and stuk.bytes_[-1] is None:
                    raise GeweigerdError(400, "file-size")
            stuk.lock = ""
            if stuk.delen and compleet:
                stuk.bytes_[-1] = b"".join(d.inhoud or b"" for d in sorted(stuk.delen, key=lambda d: d.volgnummer))
            elif stuk.delen and not leeg:
                stuk.versies[-1]["bestandsomvang"] = None  # a forced unlock throws half an upload away
            if not (stuk.delen and leeg):
                stuk.delen = []
            return 204, None

    def ontvang_deel(self) -> tuple[int, Any]:
        if not isinstance(self.gegevens, _Formulier):
            raise GeweigerdError(415, "unsupported_media_type")
        with self.w.slot:
            self.recht("documenten.bijwerken", "documenten.aanmaken")
            uuid = self.v.pad.rsplit("/", 1)[1]
            for stuk in self.w.stukken.values():
                for deel in stuk.delen:
                    if deel.uuid == uuid:
                        return self.bewaar_deel(stuk, deel, self.gegevens)
            raise GeweigerdError(404, "not_found")

    def bewaar_deel(self, stuk: Stuk, deel: Deel, formulier: _Formulier) -> tuple[int, Any]:
        if not stuk.lock:
            raise GeweigerdError(400, "unlocked")
        if formulier.lock != stuk.lock:
            raise GeweigerdError(400, "incorrect-lock-id")
        if len(formulier.inhoud) != deel.omvang:
            raise GeweigerdError(400, "file-size")
        deel.inhoud = formulier.inhoud
        return 200, {
            "url": self.url,
            "volgnummer": deel.volgnummer,
            "omvang": deel.omvang,
            "voltooid": True,
            "lock": stuk.lock,
        }

    def download(self) -> tuple[int, Any]:
        with self.w.slot:
            self.recht("documenten.lezen")
            stuk = self.stuk()
            bytes_ = stuk.bytes_[int(self.v.vraag.get("versie", len(stuk.versies))) - 1]
            if bytes_ is None:
                self.w.overtredingen.append("download of a document without bytes")
                return 204, b'{"detail":"No content."}'  # 24 bytes on the wire after a 204
            return 200, bytes_

    def relaties(self) -> tuple[int, Any]:
        self.recht("documenten.lezen")
        self.parameters("informatieobject", "object")
        spiegel = [
            {
                "url": f"{self.w.basis}/documenten/api/v1/objectinformatieobjecten/{k['uuid']}",
                "informatieobject": k["informatieobject"],
                "object": k["zaak"],
                "objectType": "zaak",
            }
            for k in list(self.w.koppelingen.values())
        ]
        return 200, self.gefilterd(spiegel, "informatieobject", "object")

    def verboden(self) -> tuple[int, Any]:
        self.w.overtredingen.append("POST objectinformatieobjecten")
        raise GeweigerdError(403, "permission_denied")


# -- resources with every field that the OpenAPI files require ------------------------------------------------------


def build_zaak(url: str, uuid: str, identificatie: str, zaaktype: str, startdatum: str) -> dict[str, Any]:
    return {
        "url": url,
        "uuid": uuid,
        "identificatie": identificatie,
        "bronorganisatie": RSIN,
        "omschrijving": "Bezwaar tegen beschikking",
        "toelichting": "",
        "zaaktype": zaaktype,
        "registratiedatum": startdatum,
        "verantwoordelijkeOrganisatie": RSIN,
        "startdatum": startdatum,
        "einddatum": None,
        "laatstGemuteerd": f"{startdatum}T10:00:00Z",
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        "betalingsindicatie": "",
        "betalingsindicatieWeergave": "",
        "deelzaken": [],
        "eigenschappen": [],
        "rollen": [],
        "status": None,
        "resultaat": None,
        "zaakinformatieobjecten": [],
        "zaakobjecten": [],
    }


def build_zaaktype(basis: str, url: str, omschrijving: str) -> dict[str, Any]:
    lege_lijsten = (
        "productenOfDiensten",
        "statustypen",
        "resultaattypen",
        "eigenschappen",
        "informatieobjecttypen",
        "roltypen",
        "besluittypen",
        "gerelateerdeZaaktypen",
        "zaakobjecttypen",
    )
    return {
        "url": url,
        "identificatie": "ZT",
        "omschrijving": omschrijving,
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        "doel": "Behandelen",
        "aanleiding": "Bezwaar",
        "indicatieInternOfExtern": "extern",
        "handelingInitiator": "indienen",
        "onderwerp": "Bezwaar",
        "handelingBehandelaar": "behandelen",
        "doorlooptijd": "P30D",
        "opschortingEnAanhoudingMogelijk": False,
        "verlengingMogelijk": False,
        "publicatieIndicatie": False,
        "referentieproces": {"naam": "Bezwaar", "link": ""},
        "concept": False,
        "verantwoordelijke": "Juridische zaken",
        "beginGeldigheid": "2020-01-01",
        "versiedatum": "2020-01-01",
        "beginObject": "2020-01-01",
        "eindeObject": "2999-12-31",
        "catalogus": f"{basis}/catalogi/api/v1/catalogussen/1",
        **{naam: [] for naam in lege_lijsten},
    }


def build_type(
    basis: str, url: str, omschrijving: str, begin: str, einde: str | None, *, concept: bool
) -> dict[str, Any]:
    return {
        "url": url,
        "catalogus": f"{basis}/catalogi/api/v1/catalogussen/1",
        "omschrijving": omschrijving,
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        "beginGeldigheid": begin,
        "eindeGeldigheid": einde,
        "concept": concept,
        "besluittypen": [],
        "informatieobjectcategorie": "brief",
        "trefwoord": [],
        "omschrijvingGeneriek": {
            "informatieobjecttypeOmschrijvingGeneriek": "",
            "definitieInformatieobjecttypeOmschrijvingGeneriek": "",
            "herkomstInformatieobjecttypeOmschrijvingGeneriek": "",
            "hierarchieInformatieobjecttypeOmschrijvingGeneriek": "",
            "opmerkingInformatieobjecttypeOmschrijvingGeneriek": "",
        },
        "zaaktypen": [],
        "beginObject": begin,
        "eindeObject": einde or "2999-12-31",
    }


def build_statustype(basis: str, url: str, zaaktype: str, omschrijving: str, volgnummer: int) -> dict[str, Any]:
    return {
        "url": url,
        "omschrijving": omschrijving,
        "omschrijvingGeneriek": "",
        "statustekst": "",
        "zaaktype": zaaktype,
        "zaaktypeIdentificatie": "ZT",
        "volgnummer": volgnummer,
        "isEindstatus": False,
        "informeren": False,
        "toelichting": "",
        "checklistitemStatustype": [],
        "catalogus": f"{basis}/catalogi/api/v1/catalogussen/1",
        "eigenschappen": [],
        "zaakobjecttypen": [],
        "beginGeldigheid": None,
        "eindeGeldigheid": None,
        "beginObject": "2020-01-01",
        "eindeObject": "2999-12-31",
    }
