"""Adapter: a zaaksysteem behind the ZGW APIs, for example Open Zaak.

How one document gets there stands in `zgw_levering.py`; the calls and their values in `zgw_api.py`; HTTP and tokens in
`zgw_verbinding.py`; what refusals mean in `zgw_fouten.py`.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from scanstraat.config import ZgwConfig
from scanstraat.domain import GEEN_RSIN, passes_elfproef
from scanstraat.errors import InstellingError, ZaaksysteemError
from scanstraat.zaaksysteem import (
    Aflevering,
    Effecten,
    Geleverd,
    Inhoud,
    Ontkoppeld,
    Teruggelezen,
    Zaak,
    verify_aflevering,
)
from scanstraat.zaaksysteem.zgw_api import (
    ZgwApi,
)
from scanstraat.zaaksysteem.zgw_fouten import GeweigerdError
from scanstraat.zaaksysteem.zgw_levering import (
    Geheugen,
    Levering,
    already_gone_is_fine,
    build_onbekende_zaak,
    remove_document,
    short_hash,
)
from scanstraat.zaaksysteem.zgw_verbinding import Verbinding, VerbrokenError

_GEBRUIKER = "scanstraat"  # for look-ups that no person asked for


class Zgw:
    """The `Zaaksysteem` behind three ZGW APIs. Safe for threads: one document is handled by one thread at a time."""

    naam = "het zaaksysteem"

    def __init__(self, config: ZgwConfig, geheim: str, *, klok: Callable[[], float] = time.time) -> None:
        if not passes_elfproef(config.bronorganisatie) or config.bronorganisatie == GEEN_RSIN:
            raise InstellingError(
                "Vul bij bronorganisatie onder [zaaksysteem.zgw] het RSIN van de organisatie in: negen cijfers die "
                "samen aan de elfproef voldoen."
            )
        self._verbinding = Verbinding(config, geheim, klok=klok)
        self._api = ZgwApi(self._verbinding, config.bronorganisatie)
        self._config = config
        self._slot = threading.Lock()
        self._bezig: WeakValueDictionary[str, _Slot] = WeakValueDictionary()
        # Answers belong to the server that gave them: with another address in the settings they do not count.
        self._server = hashlib.sha256(self._verbinding.documenten.encode()).hexdigest()[:8]

    def close(self) -> None:
        """Give back the connections."""
        self._verbinding.close()

    def check_bereikbaar(self) -> None:
        """Return when all three APIs answer and accept us."""
        self._api.ping(_GEBRUIKER)

    def find_zaak(self, zaakidentificatie: str) -> Zaak | None:
        """Return the zaak; None when it is not there, or above our rights."""
        zaak = self._api.find_zaak(zaakidentificatie, _GEBRUIKER)
        if zaak is None:
            return None
        return Zaak(
            identificatie=zaak.identificatie,
            zaaktype=self._api.zaaktype_omschrijving(zaak.zaaktype, _GEBRUIKER),
            omschrijving=zaak.omschrijving,
            gesloten=zaak.einddatum is not None,
            verwijzing=zaak.url,
        )

    def lever(self, aflevering: Aflevering, inhoud: Inhoud, effecten: Effecten) -> Geleverd:
        """Make the zaak hold this document with exactly these bytes, and read them back."""
        verify_aflevering(aflevering, inhoud)
        with self._alone(aflevering.identificatie):
            geheugen = Geheugen(effecten, self._server, aflevering, inhoud)
            for poging in (1, 2):
                try:
                    return Levering(self._api, self._config, geheugen, aflevering, inhoud).run()
                except VerbrokenError:  # often only a kept-alive connection that was dead: look again at once
                    if poging == 2:
                        raise
        raise AssertionError("unreachable")

    def lees_terug(self, informatieobject: str, versie: int) -> Teruggelezen:
        """Fetch that version again and hash it."""
        document = self._api.get_document(informatieobject, _GEBRUIKER, versie)
        if document.inhoud_url is None or document.omvang_bytes is None:
            raise ZaaksysteemError(
                "Dit document heeft in het zaaksysteem geen bestand. Lever het opnieuw, "
                "of laat de beheerder van het zaaksysteem het nakijken."
            )
        return self._api.download(document, _GEBRUIKER, maximum_bytes=document.omvang_bytes)

    def ontkoppel(
        self, informatieobject: str, zaakidentificatie: str, *, gebruiker: str, toelichting: str, effecten: Effecten
    ) -> Ontkoppeld:
        """Remove the zaakinformatieobject, and the document too when nothing else holds it and we have that right."""
        with self._alone(informatieobject):
            for poging in (1, 2):
                try:
                    return self._unlink(informatieobject, zaakidentificatie, gebruiker, toelichting, effecten)
                except VerbrokenError:
                    if poging == 2:
                        raise
        raise AssertionError("unreachable")

    def ruim_resten_op(
        self, identificatie: str, zaakidentificatie: str, *, gebruiker: str, toelichting: str, effecten: Effecten
    ) -> tuple[Ontkoppeld, ...]:
        """Take every document with our identificatie off the zaak, and remove what then hangs on nothing.

        That includes orphans and unfinished uploads.
        """
        resten = []
        with self._alone(identificatie):
            zaak = self._api.find_zaak(zaakidentificatie, gebruiker)
            for document in self._api.find_documenten(identificatie, gebruiker):
                koppeling = None if zaak is None else self._api.find_koppeling(zaak.url, document.url, gebruiker)
                if koppeling is not None:
                    with already_gone_is_fine():
                        self._api.delete_koppeling(koppeling, gebruiker, toelichting)
                if not self._api.find_relaties(document.url, gebruiker):
                    resten.append(remove_document(self._api, document, gebruiker, toelichting))
        return tuple(resten)

    def _unlink(
        self, informatieobject: str, zaakidentificatie: str, gebruiker: str, toelichting: str, effecten: Effecten
    ) -> Ontkoppeld:
        zaak = self._api.find_zaak(zaakidentificatie, gebruiker)
        if zaak is None:
            raise ZaaksysteemError(build_onbekende_zaak(zaakidentificatie))
        sleutel = f"zgw/{self._server}/los/{short_hash(informatieobject)}/{short_hash(zaak.url)}"
        verzoek = short_hash(informatieobject + zaak.url)
        try:
            document = self._api.get_document(informatieobject, gebruiker)
        except GeweigerdError as exc:
            if exc.fout.status != 404:
                raise
            # Gone. By us, when an earlier try of this got as far as asking for it and the answer was lost.
            return Ontkoppeld(informatieobject, verwijderd=effecten.kijk(sleutel) is not None, wees=False)
        koppeling = self._api.find_koppeling(zaak.url, informatieobject, gebruiker)
        if koppeling is not None:
            with already_gone_is_fine():
                self._api.delete_koppeling(koppeling, gebruiker, toelichting)
        if self._api.find_relaties(informatieobject, gebruiker):
            return Ontkoppeld(informatieobject, verwijderd=False, wees=False)
        effecten.begin(sleutel, "document verwijderen", verzoek)
        uitkomst = remove_document(self._api, document, gebruiker, toelichting)
        effecten.bewaar(sleutel, {"verwijderd": uitkomst.verwijderd, "wees": uitkomst.wees})
        return uitkomst

    @contextmanager
    def _alone(self, wat: str) -> Iterator[None]:
        """Never have two requests about one document in flight: the server does not keep identificaties unique then."""
        with self._slot:
            eigen = self._bezig.setdefault(wat, _Slot())
        with eigen.slot:
            yield


class _Slot:
    """A lock that can be referred to weakly, so that the table of locks stays as small as the work in hand."""

    def __init__(self) -> None:
        self.slot = threading.Lock()
