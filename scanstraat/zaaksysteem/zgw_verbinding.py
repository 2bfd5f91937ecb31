"""Adapter: HTTP to a ZGW server. One request in, one checked answer out; what it means is up to `zgw.py`.

- Each answer is an error unless it is the success that was asked for: redirects are not followed (the token would go
  to another address), HTML is not JSON, half a body is no body.
- GET, PUT and DELETE may be repeated, so a kept-alive connection that turns out dead costs one repeat. POST and PATCH
  may not: each gets a connection of its own, and when that breaks `VerbrokenError` goes up, so that the step looks at
  what is there before it asks again.
- Tokens are minted here, per gebruiker and for a few minutes, on the clock of the server: an `iat` of more than an
  hour ago is refused, and our clock may be wrong.
"""

from __future__ import annotations

import email.utils
import hashlib
import json
import ssl
import threading
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx
import jwt

from scanstraat.config import ZgwConfig
from scanstraat.errors import InstellingError, ZaaksysteemError, ZaaksysteemNietBereikbaarError
from scanstraat.zaaksysteem import Teruggelezen
from scanstraat.zaaksysteem.zgw_fouten import KLOKFOUTEN, StoringError, build_error, read_fout

TOKEN_GELDIG_S = 240  # a new token this often; servers accept one for an hour
_JSON_MAXIMUM_BYTES = 32 << 20  # a list page is some 200 kB; more is not an answer
_FOUT_MAXIMUM_BYTES = 1 << 20
_TRAAGSTE_BYTES_PER_S = 50_000  # a download slower than this is given up
_HERHAALBAAR = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_CRS = "EPSG:4326"


class VerbrokenError(ZaaksysteemNietBereikbaarError):
    """The connection was lost with the request out: it may have been carried out or not."""


class NietVerzondenError(ZaaksysteemNietBereikbaarError):
    """No connection was made: the request certainly was not carried out."""


class Verbinding:
    """Requests to the three ZGW APIs of one installation. Safe for threads; not for use after a fork."""

    def __init__(
        self,
        config: ZgwConfig,
        geheim: str,
        *,
        klok: Callable[[], float] = time.time,
    ) -> None:
        self.zaken, self.documenten, self.catalogi = (
            _check_url(naam, url)
            for naam, url in (
                ("zaken_url", config.zaken_url),
                ("documenten_url", config.documenten_url),
                ("catalogi_url", config.catalogi_url),
            )
        )
        if not config.client_id or not geheim:
            raise InstellingError("Vul client_id en geheim_bestand in onder [zaaksysteem.zgw].")
        self._client_id = config.client_id
        self._geheim = geheim
        self._tijdslimiet_s = config.tijdslimiet_s
        self._klok = klok
        self._verschil_s = 0.0  # clock of the server minus ours, learnt from its Date header
        self._tokens: dict[str, tuple[float, str]] = {}
        self._slot = threading.Lock()
        self._blijvend, self._vers = (
            httpx.Client(
                timeout=httpx.Timeout(config.tijdslimiet_s, connect=min(10.0, config.tijdslimiet_s)),
                limits=httpx.Limits(max_keepalive_connections=bewaard),
                follow_redirects=False,
                verify=_trusted_authorities(),
                headers={"Accept-Encoding": "identity", "User-Agent": "scanstraat"},
            )
            for bewaard in (20, 0)
        )

    def close(self) -> None:
        """Give back the connections."""
        self._blijvend.close()
        self._vers.close()

    def server_now(self) -> float:
        """Return the time of the server, as far as known: seconds since the epoch."""
        return self._klok() + self._verschil_s

    def get(self, url: str, bezig: str, gebruiker: str, **parameters: str) -> Any:
        """GET JSON."""
        return self._json("GET", url, bezig, gebruiker, parameters=parameters)

    def get_all(self, url: str, bezig: str, gebruiker: str, **parameters: str) -> list[dict[str, Any]]:
        """GET a whole list, whether the server pages it or gives a bare array."""
        rijen: list[Any] = []
        antwoord = self.get(url, bezig, gebruiker, **parameters)
        while isinstance(antwoord, dict):
            bladzij = antwoord.get("results")
            if not isinstance(bladzij, list):
                raise _onbruikbaar(bezig)
            rijen += bladzij
            volgende = antwoord.get("next")
            if volgende is None:
                return _as_objects(rijen, bezig)
            if not isinstance(volgende, str) or not bladzij:
                raise _onbruikbaar(bezig)
            antwoord = self.get(volgende, bezig, gebruiker)
        return _as_objects(antwoord, bezig)

    def post(
        self, url: str, bezig: str, gebruiker: str, gegevens: Mapping[str, Any], *, toelichting: str = ""
    ) -> dict[str, Any]:
        """POST JSON; return the object in the answer ({} for 204)."""
        return _as_object(self._json("POST", url, bezig, gebruiker, toelichting=toelichting, json=gegevens), bezig)

    def patch(
        self, url: str, bezig: str, gebruiker: str, gegevens: Mapping[str, Any], *, toelichting: str = ""
    ) -> dict[str, Any]:
        """PATCH JSON; return the object in the answer."""
        return _as_object(self._json("PATCH", url, bezig, gebruiker, toelichting=toelichting, json=gegevens), bezig)

    def put_deel(self, url: str, bezig: str, gebruiker: str, *, lock: str, deel: BinaryIO) -> dict[str, Any]:
        """PUT one bestandsdeel as multipart/form-data, streamed; `deel` must be able to seek."""
        bestand = {"inhoud": ("deel.bin", deel, "application/octet-stream")}
        return _as_object(self._json("PUT", url, bezig, gebruiker, data={"lock": lock}, files=bestand), bezig)

    def delete(self, url: str, bezig: str, gebruiker: str, *, toelichting: str) -> None:
        """DELETE; raises GeweigerdError with status 404 when it is gone already."""
        self._json("DELETE", url, bezig, gebruiker, toelichting=toelichting)

    def download(self, url: str, bezig: str, gebruiker: str, *, maximum_bytes: int) -> Teruggelezen:
        """GET bytes and hash them as they come, exactly as they are on the wire.

        More than `maximum_bytes` is not read: the answer then says one byte more than that.
        """
        for poging in (1, 2):
            try:
                with self._answer("GET", url, bezig, gebruiker, accept="*/*") as antwoord:
                    if (
                        antwoord.status_code != 200
                        or antwoord.headers.get("Content-Encoding", "identity") != "identity"
                    ):
                        raise _onbruikbaar(bezig)
                    tijd_s = self._tijdslimiet_s + maximum_bytes / _TRAAGSTE_BYTES_PER_S
                    digest, omvang = hashlib.sha256(), 0
                    for blok in _within(antwoord, tijd_s, bezig):
                        digest.update(blok)
                        omvang += len(blok)
                        if omvang > maximum_bytes:
                            return Teruggelezen(digest.hexdigest(), maximum_bytes + 1)
                    return Teruggelezen(digest.hexdigest(), omvang)
            except VerbrokenError:
                if poging == 2:
                    raise
        raise AssertionError("unreachable")

    def _json(
        self,
        methode: str,
        url: str,
        bezig: str,
        gebruiker: str,
        **verzoek: Any,
    ) -> Any:
        """Return the parsed answer of a request; {} when a success has no body."""
        for poging in (1, 2):
            try:
                with self._answer(methode, url, bezig, gebruiker, **verzoek) as antwoord:
                    blokken = _within(antwoord, self._tijdslimiet_s, bezig)
                    inhoud = b"".join(_bounded(blokken, _JSON_MAXIMUM_BYTES, bezig))
                    if antwoord.status_code == 204:
                        return {}
                return _parse_json(inhoud, bezig)
            except VerbrokenError:
                if poging == 2 or methode not in _HERHAALBAAR:
                    raise
            except StoringError as exc:
                # Our clock was off; the Date header of that answer has put it right, so a new token may pass.
                if poging == 2 or not exc.fout.codes & KLOKFOUTEN:
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def _answer(
        self,
        methode: str,
        url: str,
        bezig: str,
        gebruiker: str,
        *,
        parameters: Mapping[str, str] | None = None,
        toelichting: str = "",
        accept: str = "application/json",
        **inhoud: Any,
    ) -> Iterator[httpx.Response]:
        """Send, and yield an answer that is a success; the body is still to be read."""
        self._verify_own(url)
        koppen = {"Accept": accept, "Authorization": f"Bearer {self._token(gebruiker)}"}
        if url.startswith(f"{self.zaken}/zaken"):
            koppen["Accept-Crs"] = _CRS
        if toelichting:
            koppen["X-Audit-Toelichting"] = _header_text(toelichting)
        if methode == "POST" and "json" not in inhoud:
            inhoud["json"] = {}
        try:
            client = self._blijvend if methode in _HERHAALBAAR else self._vers
            # `params={}` would strip the query of a URL that must be used exactly as it was given.
            with client.stream(methode, url, params=parameters or None, headers=koppen, **inhoud) as antwoord:
                self._learn_clock(antwoord)
                if antwoord.is_redirect:
                    raise ZaaksysteemError(
                        f"Het zaaksysteem stuurde bij {bezig} door naar een ander adres. "
                        "Stel in [zaaksysteem.zgw] de adressen in zoals het zaaksysteem ze zelf noemt."
                    )
                if not antwoord.is_success:
                    raise build_error(read_fout(antwoord.status_code, _read_error(antwoord)), bezig)
                yield antwoord
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise NietVerzondenError(
                "Het zaaksysteem is niet te bereiken. Controleer het netwerk en de adressen in [zaaksysteem.zgw]; "
                "er wordt later opnieuw geprobeerd."
            ) from exc
        except httpx.TimeoutException as exc:
            raise _te_laat(bezig) from exc
        except httpx.TransportError as exc:  # reset, closed halfway, nonsense instead of HTTP
            raise VerbrokenError(
                f"De verbinding met het zaaksysteem brak af bij {bezig}. Er wordt opnieuw geprobeerd."
            ) from exc
        except (httpx.InvalidURL, httpx.StreamError, httpx.DecodingError) as exc:
            raise _onbruikbaar(bezig) from exc

    def _verify_own(self, url: str) -> None:
        """Never send a token to an address that is not one of ours."""
        if not any(url.startswith(f"{basis}/") for basis in (self.zaken, self.documenten, self.catalogi)):
            raise ZaaksysteemError(
                f"Het zaaksysteem noemt een adres ({_without_query(url)}) dat niet bij de ingestelde adressen hoort. "
                "Stel in [zaaksysteem.zgw] de adressen in zoals het zaaksysteem ze zelf noemt: zelfde https, "
                "servernaam en poort."
            )

    def _token(self, gebruiker: str) -> str:
        nu = self.server_now()
        with self._slot:
            gemaakt, token = self._tokens.get(gebruiker, (0.0, ""))
            if not token or not 0 <= nu - gemaakt < TOKEN_GELDIG_S:
                gemaakt, token = nu, build_token(self._client_id, self._geheim, gebruiker, iat=int(nu))
                if len(self._tokens) > 1000:  # one entry per gebruiker; a bound, not a policy
                    self._tokens.clear()
                self._tokens[gebruiker] = (gemaakt, token)
        return token

    def _learn_clock(self, antwoord: httpx.Response) -> None:
        """Follow the server's clock when ours differs by more than its Date header can be wrong."""
        try:
            moment = email.utils.parsedate_to_datetime(antwoord.headers.get("Date", "")).timestamp()
        except (TypeError, ValueError):
            return
        with self._slot:
            verschil = moment - self._klok()
            if abs(verschil - self._verschil_s) > 2.0:
                self._verschil_s = verschil
                self._tokens.clear()


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """The CAs of this machine, not those that come with Python: an intranet has its own. Read once: it takes 0.1 s."""
    return ssl.create_default_context()


def build_token(client_id: str, geheim: str, gebruiker: str, *, iat: int) -> str:
    """Mint a ZGW token. `gebruiker` lands in the audit trail as gebruikersId and gebruikersWeergave.

    No `exp`: the server counts an hour from `iat`, and an `exp` would add a second way for clocks to disagree.
    """
    claims = {
        "iss": client_id,
        "iat": iat,
        "client_id": client_id,
        "user_id": gebruiker,
        "user_representation": gebruiker,
    }
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", jwt.warnings.InsecureKeyLengthWarning
        )  # the beheerder of the other side chose it
        return jwt.encode(claims, geheim, algorithm="HS256")


def _check_url(naam: str, url: str) -> str:
    delen = urlsplit(url)
    if delen.scheme not in ("http", "https") or not delen.hostname or delen.query or delen.fragment or delen.username:
        raise InstellingError(
            f"{naam} onder [zaaksysteem.zgw] moet een adres zijn, zoals https://openzaak.example.nl/zaken/api/v1."
        )
    return url.rstrip("/")


def _read_error(antwoord: httpx.Response) -> bytes:
    """Read as much of an error body as is useful; a body that breaks off does not hide the status."""
    delen, omvang = [], 0
    try:
        for blok in antwoord.iter_raw():
            delen.append(blok)
            omvang += len(blok)
            if omvang > _FOUT_MAXIMUM_BYTES:
                break
    except httpx.TransportError:
        pass
    return b"".join(delen)


def _within(antwoord: httpx.Response, tijd_s: float, bezig: str) -> Iterator[bytes]:
    """Yield the body, and give up when all of it takes longer than `tijd_s`: a server may drip for ever."""
    einde = time.monotonic() + tijd_s
    for blok in antwoord.iter_raw():
        yield blok
        if time.monotonic() > einde:
            raise _te_laat(bezig)


def _bounded(blokken: Iterator[bytes], maximum_bytes: int, bezig: str) -> Iterator[bytes]:
    omvang = 0
    for blok in blokken:
        omvang += len(blok)
        if omvang > maximum_bytes:
            raise _onbruikbaar(bezig)
        yield blok


def _parse_json(inhoud: bytes, bezig: str) -> Any:
    try:
        return json.loads(inhoud)
    except (ValueError, RecursionError) as exc:
        raise _onbruikbaar(bezig) from exc


def _as_object(gegevens: Any, bezig: str) -> dict[str, Any]:
    if not isinstance(gegevens, dict):
        raise _onbruikbaar(bezig)
    return gegevens


def _as_objects(gegevens: Any, bezig: str) -> list[dict[str, Any]]:
    if not isinstance(gegevens, list):
        raise _onbruikbaar(bezig)
    return [_as_object(rij, bezig) for rij in gegevens]


def _header_text(tekst: str) -> str:
    """Make `tekst` fit for a header: one line of ASCII, at most 250 characters."""
    plat = unicodedata.normalize("NFKD", tekst).encode("ascii", "ignore").decode()
    return " ".join("".join(teken if teken.isprintable() else " " for teken in plat).split())[:250]


def _without_query(url: str) -> str:
    delen = urlsplit(url)
    return f"{delen.scheme}://{delen.netloc}{delen.path}"[:200]


def _te_laat(bezig: str) -> ZaaksysteemNietBereikbaarError:
    return ZaaksysteemNietBereikbaarError(
        f"Het zaaksysteem antwoordde niet op tijd bij {bezig}. Er wordt later opnieuw geprobeerd."
    )


def _onbruikbaar(bezig: str) -> ZaaksysteemNietBereikbaarError:
    return ZaaksysteemNietBereikbaarError(
        f"Het zaaksysteem gaf bij {bezig} geen bruikbaar antwoord. Controleer of er een ander programma (proxy, "
        "aanmeldscherm) tussen zit; er wordt later opnieuw geprobeerd."
    )
