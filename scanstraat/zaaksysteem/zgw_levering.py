"""Adapter: one delivery to a ZGW zaaksysteem, step by step, and what it remembers between tries.

There is no idempotency key in ZGW, so a delivery is not a list of requests but a comparison: look at what is there, do
what is missing, look again. Our own identificatie finds a document back after a lost answer, `integriteit` tells whose
bytes a version claims to hold, and the bytes that are read back decide. Every answer that cannot be asked for twice
(URLs, locks, version numbers) is kept in `Effecten` before the next request goes out.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from scanstraat.config import ZgwConfig
from scanstraat.errors import ZaakNietBruikbaarError, ZaaksysteemError, ZaaksysteemNietBereikbaarError
from scanstraat.zaaksysteem import (
    Aflevering,
    Begonnen,
    Effecten,
    Geleverd,
    Inhoud,
    Ontkoppeld,
    Teruggelezen,
)
from scanstraat.zaaksysteem.zgw_api import (
    Deel,
    Document,
    Inhoudstaat,
    Type,
    ZaakInZgw,
    ZgwApi,
    choose_type,
    decide_inhoudstaat,
)
from scanstraat.zaaksysteem.zgw_fouten import GeweigerdError, StoringError
from scanstraat.zaaksysteem.zgw_verbinding import NietVerzondenError

_BLOK_BYTES = 1 << 20
_VERSIES_TERUG = 20  # how far back to look for a version of ours whose answer was lost


class Geheugen:
    """What we know of one document from earlier tries, by name of step."""

    def __init__(self, effecten: Effecten, server: str, aflevering: Aflevering, inhoud: Inhoud) -> None:
        self._effecten = effecten
        self._document = f"zgw/{server}/{aflevering.identificatie}"
        self._versie = f"{self._document}/{aflevering.versie}"
        self._sha256 = inhoud.sha256

    def _sleutel(self, stap: str) -> str:
        """Key of a step: of the document for "stand" and "aanmaken", of this versie for the rest."""
        return f"{self._document if stap in ('stand', 'aanmaken') else self._versie}/{stap}"

    def kijk(self, stap: str) -> Begonnen | None:
        """Return what is known of a step, without recording anything."""
        return self._effecten.kijk(self._sleutel(stap))

    def antwoord(self, stap: str) -> dict[str, Any]:
        """Return the kept answer of a step, or {}."""
        begonnen = self.kijk(stap)
        return {} if begonnen is None or begonnen.antwoord is None else begonnen.antwoord

    def begin(self, stap: str) -> Begonnen:
        """Record that the request of this step goes out now."""
        verzoek = self._sha256 if stap not in ("stand", "aanmaken") else short_hash(self._document)
        return self._effecten.begin(self._sleutel(stap), f"zgw {stap}", verzoek)

    def bewaar(self, stap: str, antwoord: dict[str, Any]) -> None:
        """Keep an answer."""
        self._effecten.bewaar(self._sleutel(stap), antwoord)

    def onthoud(self, stap: str, antwoord: dict[str, Any]) -> None:
        """Keep a fact that is no answer."""
        self.begin(stap)
        self.bewaar(stap, antwoord)

    def vergeet(self, *stappen: str) -> None:
        """Let go of answers that no longer hold."""
        for stap in stappen:
            self._effecten.vergeet(self._sleutel(stap))


class Levering:
    """One try to deliver one documentversie to one zaak. Reads from top to bottom in `run`."""

    def __init__(
        self, api: ZgwApi, config: ZgwConfig, geheugen: Geheugen, aflevering: Aflevering, inhoud: Inhoud
    ) -> None:
        self._api = api
        self._config = config
        self._geheugen = geheugen
        self._aflevering = aflevering
        self._inhoud = inhoud
        self._gebruiker = aflevering.gebruiker
        self._wezen: list[str] = []
        self._begonnen_gezien: str | None = None  # when "aanmaken" was last begun, as of our look

    def run(self) -> Geleverd:
        """Look, do what is missing, read back."""
        zaak = self._find_zaak()
        document = self._finish_clean_up(self._find_document(zaak))
        gekoppeld = document is not None and self._is_linked(zaak, document)
        if self._is_overtaken():
            return self._confirm_old(document if gekoppeld else None)
        type_url = "" if gekoppeld else self._verify_linkable(zaak, document)
        if document is None:
            document = self._create(type_url)
        try:
            document = self._bring_bytes(document)
            if not gekoppeld:
                document = self._bring_type(document, type_url)
                self._link(zaak, document)
        except ZaaksysteemNietBereikbaarError:
            raise
        except ZaaksysteemError as exc:
            if not gekoppeld:
                self._clean_up_after(document, exc)
            raise
        if self._geheugen.antwoord("aanmaken").get("herhaald"):
            self._find_only_one(zaak)  # the lost request may have been carried out after we looked
        geleverd = self._read_back(document)
        self._set_status(zaak)
        return geleverd

    # -- what is there ------------------------------------------------------------------------------------------

    def _find_zaak(self) -> ZaakInZgw:
        zaak = self._api.find_zaak(self._aflevering.zaakidentificatie, self._gebruiker)
        if zaak is None:
            raise ZaakNietBruikbaarError(build_onbekende_zaak(self._aflevering.zaakidentificatie), code="zaak_onbekend")
        return zaak

    def _is_linked(self, zaak: ZaakInZgw, document: Document) -> bool:
        return self._api.find_koppeling(zaak.url, document.url, self._gebruiker) is not None

    def _find_document(self, zaak: ZaakInZgw) -> Document | None:
        """Find our document by the URL we were given, or by identificatie when an answer was lost."""
        begonnen = self._geheugen.kijk("aanmaken")
        self._begonnen_gezien = None if begonnen is None else begonnen.begonnen_op
        if begonnen is None:
            return None  # never asked for: nothing to look up
        if begonnen.antwoord is None:
            self._wait_for_lost_request(begonnen, keer=1)  # it may be at work in another process: do not interfere
        elif begonnen.antwoord["url"]:
            try:
                return self._api.get_document(begonnen.antwoord["url"], self._gebruiker)
            except GeweigerdError as exc:
                if exc.fout.status != 404:
                    raise
            self._forget_document()  # removed there, by us or by somebody else
        document = self._find_only_one(zaak)
        if document is None and begonnen.antwoord is None:
            self._wait_for_lost_request(begonnen, keer=2)  # the server may still be busy with it: do not double
        return document

    def _wait_for_lost_request(self, begonnen: Begonnen, *, keer: int) -> None:
        """Let a request without an answer end, for `keer` times the time-out after it began."""
        oud = datetime.now(UTC) - datetime.fromisoformat(begonnen.begonnen_op)
        if oud < timedelta(seconds=self._config.tijdslimiet_s * keer):
            raise _nog_onderweg()

    def _find_only_one(self, zaak: ZaakInZgw) -> Document | None:
        """Find by identificatie; of doubles, which a server makes when requests overlap, keep one."""
        documenten = list(self._api.find_documenten(self._aflevering.identificatie, self._gebruiker))
        if len(documenten) > 1:
            documenten = self._remove_doubles(zaak, documenten)
        if not documenten:
            return None
        eerder = self._geheugen.antwoord("aanmaken")
        if eerder.get("url") != documenten[0].url:
            self._geheugen.onthoud("aanmaken", {"url": documenten[0].url, "herhaald": True})
        return documenten[0]

    def _remove_doubles(self, zaak: ZaakInZgw, documenten: list[Document]) -> list[Document]:
        relaties = {d.url: self._api.find_relaties(d.url, self._gebruiker) for d in documenten}
        volgorde = sorted(
            documenten,
            key=lambda d: (
                zaak.url not in relaties[d.url],
                not relaties[d.url],
                decide_inhoudstaat(d, self._inhoud) is not Inhoudstaat.GELIJK,
                d.begin_registratie,
                d.url,
            ),
        )
        for dubbel in volgorde[1:]:
            if relaties[dubbel.url]:
                self._wezen.append(dubbel.url)  # it hangs on something: that is for a person
                continue
            uitkomst = remove_document(self._api, dubbel, self._gebruiker, "Dubbel na een verloren antwoord")
            if uitkomst.wees:
                self._wezen.append(dubbel.url)
        return volgorde[:1]

    def _is_overtaken(self) -> bool:
        """Is a newer documentversie under way or delivered? Then this one may change nothing any more."""
        stand = int(self._geheugen.antwoord("stand").get("versie", 0))
        if self._aflevering.versie > stand:
            self._geheugen.onthoud("stand", {"versie": self._aflevering.versie})
        return self._aflevering.versie < stand

    def _confirm_old(self, document: Document | None) -> Geleverd:
        versie = self._geheugen.antwoord("inhoud").get("versie")
        if document is None or versie is None:
            raise ZaaksysteemError(
                "Er is al een nieuwere versie van dit document geleverd; deze oudere wordt niet meer geleverd."
            )
        return self._read_back(self._api.get_document(document.url, self._gebruiker, int(versie)))

    def _verify_linkable(self, zaak: ZaakInZgw, document: Document | None) -> str:
        """Check all that the server would refuse only after the upload; return the URL of the type."""
        if zaak.einddatum is not None:
            raise ZaakNietBruikbaarError(
                f"Zaak {zaak.identificatie} is gesloten. Laat de zaak heropenen, "
                "of koppel het document aan een andere zaak.",
                code="zaak_gesloten",
            )
        typen = self._api.find_typen(zaak.zaaktype, self._gebruiker)
        if document is not None and document.informatieobjecttype in {type_.url for type_ in typen}:
            return document.informatieobjecttype
        gekozen = self._choose_type(zaak, typen)
        if document is not None and self._api.find_relaties(document.url, self._gebruiker):
            raise ZaaksysteemError(
                "Het document hangt nog aan een andere zaak, en zijn informatieobjecttype hoort niet bij het zaaktype "
                f"van zaak {zaak.identificatie}. Maak het eerst los van de andere zaak."
            )
        return gekozen.url

    def _choose_type(self, zaak: ZaakInZgw, typen: tuple[Type, ...]) -> Type:
        gekozen = choose_type(
            typen,
            self._aflevering.informatieobjecttype,
            vandaag=self._api.server_today(),
            startdatum=zaak.startdatum,
        )
        if gekozen is None:
            namen = sorted({type_.omschrijving for type_ in typen})
            keuze = f"Kies in het profiel een van: {', '.join(namen[:10])}" if namen else "Dit zaaktype heeft er geen"
            raise ZaaksysteemError(
                f"Het informatieobjecttype {self._aflevering.informatieobjecttype} hoort niet bij het zaaktype van "
                f"zaak {zaak.identificatie}, of is niet (meer) geldig. {keuze}; "
                "of laat de functioneel beheerder het toevoegen."
            )
        return gekozen

    # -- what is missing ----------------------------------------------------------------------------------------

    def _create(self, type_url: str) -> Document:
        if self._geheugen.antwoord("aanmaken").get("url") == "":
            self._geheugen.vergeet("aanmaken")
        begonnen = self._geheugen.begin("aanmaken")
        herhaald = begonnen.eerder
        if (begonnen.begonnen_op if herhaald else None) != self._begonnen_gezien or begonnen.antwoord is not None:
            raise _nog_onderweg()  # another process began between our look and this moment
        self._geheugen.begin("inhoud")
        try:
            document = self._send(
                lambda bytes_: self._api.create_document(
                    self._api.build_nieuw(self._aflevering, self._inhoud, type_url, bytes_), self._aflevering
                )
            )
        except ZaaksysteemError as exc:
            if _is_over(exc):
                self._geheugen.bewaar("aanmaken", {"url": ""})
            if not isinstance(exc, GeweigerdError) or "identificatie-niet-uniek" not in exc.fout.codes:
                raise
            documenten = self._api.find_documenten(self._aflevering.identificatie, self._gebruiker)
            if not documenten:
                raise  # it is there, but above our rights
            document, herhaald = documenten[0], True
            self._geheugen.onthoud("aanmaken", {"url": document.url, "herhaald": True})
            return document
        self._geheugen.bewaar("aanmaken", {"url": document.url, "herhaald": herhaald})
        self._geheugen.bewaar("inhoud", {"versie": document.versie})
        if document.lock:
            self._geheugen.onthoud("slot", {"lock": document.lock})
        return document

    def _send(self, verstuur: Callable[[bytes | None], Document]) -> Document:
        """Send in-line when small; in parts when large, or when a proxy finds in-line too large."""
        if self._inhoud.omvang_bytes <= self._config.inline_grens_bytes:
            try:
                return verstuur(_read_all(self._inhoud))
            except GeweigerdError as exc:
                if exc.fout.status != 413:
                    raise
        verify_bytes(self._inhoud)
        return verstuur(None)

    def _bring_bytes(self, document: Document) -> Document:
        """Make a version of the document hold our bytes, unlocked, and return it."""
        document = self._choose_version(document)
        staat = self._decide(document)
        if staat is Inhoudstaat.ANDERS:
            document = self._change(document)
            staat = self._decide(document)
        if staat is Inhoudstaat.ONAF:
            document = self._upload_parts(document)
        document = self._unlock(document)
        if self._geheugen.antwoord("inhoud").get("versie") != document.versie:
            self._geheugen.onthoud("inhoud", {"versie": document.versie})
        return document

    def _decide(self, document: Document) -> Inhoudstaat:
        if document.sha256 == "" and document.inhoud_url and document.omvang_bytes == self._inhoud.omvang_bytes:
            # A register that does not keep `integriteit`: the bytes themselves must say it.
            gelezen = self._api.download(document, self._gebruiker, maximum_bytes=self._inhoud.omvang_bytes)
            return Inhoudstaat.GELIJK if gelezen.sha256 == self._inhoud.sha256 else Inhoudstaat.ANDERS
        return decide_inhoudstaat(document, self._inhoud)

    def _choose_version(self, nieuwste: Document) -> Document:
        """Take the newest version, or the one that is ours when somebody has changed the document since."""
        if self._decide(nieuwste) is not Inhoudstaat.ANDERS:
            return nieuwste
        eigen = self._geheugen.antwoord("inhoud").get("versie")
        basis = self._geheugen.antwoord("basis").get("versie")
        if eigen is not None and eigen < nieuwste.versie:
            kandidaten = [int(eigen)]
        elif eigen is None and self._geheugen.kijk("inhoud") is not None:
            # We asked for a version after `basis` (0: for the document itself), and the answer was lost.
            kandidaten = list(range(nieuwste.versie - 1, int(basis or 0), -1))[:_VERSIES_TERUG]
        else:
            kandidaten = []
        for versie in kandidaten:
            document = self._api.get_document(nieuwste.url, self._gebruiker, versie)
            if decide_inhoudstaat(document, self._inhoud) is Inhoudstaat.GELIJK:
                return document
        return nieuwste

    def _change(self, document: Document) -> Document:
        """Add a version with our bytes. What people wrote about the document (title, dates) is left as they left it."""
        if not self._geheugen.antwoord("basis"):
            self._geheugen.onthoud("basis", {"versie": document.versie})
        verloren = self._geheugen.kijk("inhoud")
        if verloren is not None and verloren.antwoord is None and self._geheugen.antwoord("slot").get("lock"):
            # An earlier request may still arrive. Under another lock it will be refused, so it cannot double ours.
            try:
                self._unlock(document)
            except GeweigerdError as exc:
                # An upload that was begun cannot be unlocked before it is whole: it is replaced under its lock
                if not exc.fout.codes & {"incomplete-upload", "file-size"}:
                    raise
            document = self._api.get_document(document.url, self._gebruiker)
            if self._decide(document) is not Inhoudstaat.ANDERS:
                return document
        lock = self._lock(document)
        self._geheugen.begin("inhoud")
        try:
            nieuw = self._send(
                lambda bytes_: self._api.change_document(
                    document.url,
                    {"lock": lock, **self._api.build_inhoud(self._aflevering, self._inhoud, bytes_)},
                    self._aflevering,
                )
            )
        except GeweigerdError as exc:
            self._forget_wrong_lock(exc)
            raise
        self._geheugen.bewaar("inhoud", {"versie": nieuw.versie})
        return nieuw

    def _bring_type(self, document: Document, type_url: str) -> Document:
        """Give a document that came loose from another zaak the type that the new zaak wants."""
        if document.informatieobjecttype == type_url:
            return document
        lock = self._lock(self._api.get_document(document.url, self._gebruiker))
        gegevens = {"lock": lock, "informatieobjecttype": type_url}
        try:
            document = self._api.change_document(document.url, gegevens, self._aflevering)
        except GeweigerdError as exc:
            self._forget_wrong_lock(exc)
            raise
        return self._unlock(document)

    def _lock(self, document: Document) -> str:
        """Return the lock under which this document can be changed, and keep it."""
        if not document.vergrendeld:
            return self._ask_lock(document)
        bekend = self._known_lock(document)
        if bekend:
            return bekend
        gevraagd = self._geheugen.kijk("slot")
        if gevraagd is None or gevraagd.antwoord is not None:
            raise _wordt_bewerkt()
        # We asked for a lock and never heard: it is ours, but only a forced unlock gets it off.
        try:
            self._api.unlock(document.url, "", self._gebruiker)
        except GeweigerdError as exc:
            raise ZaaksysteemNietBereikbaarError(
                "Het document bleef vergrendeld in het zaaksysteem na een storing. Laat de beheerder van het "
                "zaaksysteem de vergrendeling opheffen; daarna gaat de levering vanzelf verder."
            ) from exc
        return self._lock(self._api.get_document(document.url, self._gebruiker))

    def _ask_lock(self, document: Document) -> str:
        eerder = self._geheugen.kijk("slot")
        verloren = eerder is not None and eerder.antwoord is None
        if eerder is not None and verloren:
            # Carried out after ours is taken off again, the lost request would leave a lock that nobody knows.
            self._wait_for_lost_request(eerder, keer=2)
        elif eerder is not None:
            self._geheugen.vergeet("slot")  # an old lock that is off by now
        self._geheugen.begin("slot")
        try:
            lock = self._api.lock(document.url, self._gebruiker)
        except GeweigerdError as exc:
            if not verloren:
                self._forget_lock()  # no earlier request of ours is unaccounted for: this lock is not ours
            if "existing-lock" in exc.fout.codes:
                raise _wordt_bewerkt() from exc
            raise
        self._geheugen.bewaar("slot", {"lock": lock})
        return lock

    def _known_lock(self, document: Document) -> str:
        """The lock as the answer of the server gave it, as its parts show it, or as we kept it."""
        delen = document.delen[0].lock if document.delen else ""
        return document.lock or delen or str(self._geheugen.antwoord("slot").get("lock", ""))

    def _forget_wrong_lock(self, exc: GeweigerdError) -> None:
        if exc.fout.codes & {"incorrect-lock-id", "unlocked"}:
            self._forget_lock()
            raise ZaaksysteemNietBereikbaarError(
                "De vergrendeling van het document is intussen veranderd in het zaaksysteem. Er wordt opnieuw gekeken."
            ) from exc

    def _forget_lock(self) -> None:
        """Keep that we hold no lock: unlike a lock that was asked for and never heard of, which may be ours."""
        if self._geheugen.kijk("slot") is not None:
            self._geheugen.bewaar("slot", {"lock": ""})

    def _upload_parts(self, document: Document) -> Document:
        """Send the parts that are not there yet. The server decides how it cuts; a part may be sent again."""
        verify_bytes(self._inhoud)
        begin = 0
        for deel in document.delen:
            if not deel.voltooid:
                stap = f"deel {document.versie}.{deel.volgnummer}"
                self._geheugen.begin(stap)
                with self._inhoud.open() as stroom:
                    # A buffer, because the multipart encoder reads in small pieces.
                    stuk = io.BufferedReader(Stuk(stroom, begin, deel.omvang_bytes), _BLOK_BYTES)
                    self._put_part(deel, stuk)
                self._geheugen.bewaar(stap, {"voltooid": True})
            begin += deel.omvang_bytes
        document = self._api.get_document(document.url, self._gebruiker)
        if document.delen and not all(deel.voltooid for deel in document.delen):
            # Unlocking now would throw the parts away on a server that lets us force an unlock.
            raise ZaaksysteemNietBereikbaarError(
                "Het zaaksysteem heeft nog niet alle delen van het bestand. Ze worden opnieuw verstuurd."
            )
        return document

    def _put_part(self, deel: Deel, stroom: BinaryIO) -> None:
        try:
            self._api.put_deel(deel, stroom, self._gebruiker)
        except GeweigerdError as exc:
            self._forget_wrong_lock(exc)
            if exc.fout.status == 404:  # joined by an unlock, or replaced by a request that came late
                raise ZaaksysteemNietBereikbaarError(
                    "De delen van het bestand zijn intussen veranderd in het zaaksysteem. Er wordt opnieuw gekeken."
                ) from exc
            raise

    def _unlock(self, document: Document) -> Document:
        """Take off a lock of ours; that of somebody else stays. Returns the same version, with its bytes."""
        lock = self._known_lock(document) if document.vergrendeld else ""
        if lock:
            try:
                self._api.unlock(document.url, lock, self._gebruiker)
            except GeweigerdError as exc:
                if "incorrect-lock-id" not in exc.fout.codes:
                    raise
            document = self._api.get_document(document.url, self._gebruiker, document.versie)
        if lock or self._geheugen.antwoord("slot").get("lock"):
            self._forget_lock()
        return document

    def _link(self, zaak: ZaakInZgw, document: Document) -> None:
        stap = f"koppeling {short_hash(zaak.url)}"
        self._geheugen.begin(stap)
        try:
            url = self._api.create_koppeling(zaak.url, document.url, self._aflevering)
        except GeweigerdError as exc:
            gevonden = "unique" in exc.fout.codes and self._api.find_koppeling(zaak.url, document.url, self._gebruiker)
            if not gevonden:
                raise
            url = gevonden
        self._geheugen.bewaar(stap, {"url": url})

    def _set_status(self, zaak: ZaakInZgw) -> None:
        """Set the status that was asked for, unless the zaak has had it, or one further on."""
        if not self._aflevering.zaakstatus:
            return
        typen = self._api.find_statustypen(zaak.zaaktype, self._gebruiker)
        namen = {type_["omschrijving"]: url for url, type_ in typen.items()}
        gevraagd = namen.get(self._aflevering.zaakstatus)
        if gevraagd is None:
            raise ZaaksysteemError(
                f"De status {self._aflevering.zaakstatus} hoort niet bij het zaaktype van zaak {zaak.identificatie}. "
                f"Kies in het profiel een van: {', '.join(sorted(namen)) or 'geen'}."
            )
        gehad = [
            typen[url]["volgnummer"] for url in self._api.find_statussen(zaak.url, self._gebruiker) if url in typen
        ]
        if any(volgnummer >= typen[gevraagd]["volgnummer"] for volgnummer in gehad):
            return
        stap = f"status {short_hash(zaak.url)}"
        self._geheugen.begin(stap)
        # Two seconds back: the server allows no future at all, and its Date header is up to a second old.
        self._api.create_status(zaak.url, gevraagd, self._api.server_now() - timedelta(seconds=2), self._aflevering)
        self._geheugen.bewaar(stap, {"statustype": gevraagd})

    # -- the proof ----------------------------------------------------------------------------------------------

    def _read_back(self, document: Document) -> Geleverd:
        """Fetch the bytes and compare. Unequal twice is put right once with a new version, then it is for people."""
        gewenst = Teruggelezen(self._inhoud.sha256, self._inhoud.omvang_bytes)
        for _ in range(2):
            gelezen = self._api.download(document, self._gebruiker, maximum_bytes=self._inhoud.omvang_bytes)
            if gelezen == gewenst:
                if self._geheugen.antwoord("afwijking"):
                    self._geheugen.vergeet("afwijking")
                return Geleverd(
                    document.url, self._aflevering.zaakidentificatie, document.versie, gelezen, tuple(self._wezen)
                )
        herstel_na = self._geheugen.antwoord("herstel").get("na")
        if herstel_na is not None and document.versie > herstel_na:
            raise ZaaksysteemError(
                "Het zaaksysteem geeft andere bytes terug dan er heen gingen, ook na een nieuwe versie. Het document "
                "geldt niet als geleverd. Laat de beheerder van het zaaksysteem de opslag nakijken."
            )
        if self._geheugen.antwoord("afwijking") and not self._is_overtaken():
            return self._read_back(self._repair(document))
        self._geheugen.onthoud("afwijking", {"sha256": gelezen.sha256, "omvang_bytes": gelezen.omvang_bytes})
        raise ZaaksysteemNietBereikbaarError(
            "Het zaaksysteem gaf andere bytes terug dan er heen gingen. Het document geldt nog niet als geleverd; "
            "het wordt opnieuw opgehaald en zo nodig opnieuw verstuurd."
        )

    def _repair(self, document: Document) -> Document:
        """Add a version with the right bytes after the one that reads back wrong."""
        self._geheugen.onthoud("herstel", {"na": document.versie})
        self._geheugen.vergeet("inhoud")
        self._geheugen.onthoud("basis", {"versie": document.versie})
        document = self._change(self._api.get_document(document.url, self._gebruiker))
        if self._decide(document) is Inhoudstaat.ONAF:
            document = self._upload_parts(document)
        return self._unlock(document)

    def _clean_up_after(self, document: Document, oorzaak: ZaaksysteemError) -> None:
        """Do not leave an orphan behind when a delivery is refused for good; say so when it cannot be helped."""
        self._geheugen.onthoud("opruimen", {"url": document.url})
        with suppress(ZaaksysteemError):  # the refusal itself is what must be told
            if self._clean_up(document) or self._api.find_relaties(document.url, self._gebruiker):
                return
        raise ZaaksysteemError(
            f"{oorzaak} Het document zelf staat nog los in het zaaksysteem en kon niet weg; bij een nieuwe poging "
            "wordt het weer gebruikt."
        ) from oorzaak

    def _finish_clean_up(self, document: Document | None) -> Document | None:
        """Take up a removal that was cut off, before half of what it did is taken for a document to go on with."""
        if document is None or self._geheugen.antwoord("opruimen").get("url") != document.url:
            return document
        if self._clean_up(document):
            return None
        return self._api.get_document(document.url, self._gebruiker)

    def _clean_up(self, document: Document) -> bool:
        """Remove a document that hangs on nothing; return whether it is gone."""
        weg = False
        if not self._api.find_relaties(document.url, self._gebruiker):
            actueel = self._api.get_document(document.url, self._gebruiker)
            uitkomst = remove_document(self._api, actueel, self._gebruiker, "Koppelen aan de zaak is geweigerd")
            weg = uitkomst.verwijderd
            if weg:
                self._forget_document()
        self._geheugen.vergeet("opruimen")
        return weg

    def _forget_document(self) -> None:
        """Keep that there is no document now: unlike one that was asked for and never heard of."""
        self._geheugen.bewaar("aanmaken", {"url": ""})
        self._geheugen.vergeet("inhoud", "basis", "herstel")
        self._forget_lock()


class Stuk(io.RawIOBase):
    """The bytes `begin` to `begin + lengte` of a stream, as a stream of its own that can seek."""

    def __init__(self, stroom: BinaryIO, begin: int, lengte: int) -> None:
        self._stroom = stroom
        self._begin = begin
        self._lengte = lengte
        self._plek = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, plek: int, vanaf: int = io.SEEK_SET) -> int:
        basis = {io.SEEK_SET: 0, io.SEEK_CUR: self._plek, io.SEEK_END: self._lengte}[vanaf]
        self._plek = max(0, basis + plek)
        return self._plek

    def readinto(self, buffer: Any) -> int:
        ruimte = memoryview(buffer)[: max(0, min(len(buffer), self._lengte - self._plek))]
        self._stroom.seek(self._begin + self._plek)
        gelezen = self._stroom.read(len(ruimte))
        ruimte[: len(gelezen)] = gelezen
        self._plek += len(gelezen)
        return len(gelezen)


def verify_bytes(inhoud: Inhoud) -> None:
    """Read our own bytes once more before they go out: a bad disk must not be copied into an archive."""
    digest, omvang = hashlib.sha256(), 0
    with inhoud.open() as stroom:
        while blok := stroom.read(_BLOK_BYTES):
            digest.update(blok)
            omvang += len(blok)
    if (digest.hexdigest(), omvang) != (inhoud.sha256, inhoud.omvang_bytes):
        raise ZaaksysteemError(
            "De bytes van dit document kloppen niet met hun controlewaarde; er is niets geleverd. "
            "Voer `scanstraat opslag controleer` uit."
        )


def _read_all(inhoud: Inhoud) -> bytes:
    with inhoud.open() as stroom:
        bytes_ = stroom.read(inhoud.omvang_bytes + 1)
    verify_bytes(Inhoud(lambda: io.BytesIO(bytes_), inhoud.omvang_bytes, inhoud.sha256))
    return bytes_


def remove_document(api: ZgwApi, document: Document, gebruiker: str, toelichting: str) -> Ontkoppeld:
    """Delete a document that hangs on nothing; an unfinished upload is unlocked first. No right, no harm: wees."""
    try:
        try:
            with already_gone_is_fine():
                api.delete_document(document.url, gebruiker, toelichting)
        except GeweigerdError as exc:
            if "destroy-locked" not in exc.fout.codes:
                raise
            # Only now, knowing that we may delete: without that right half an upload is better left as it is.
            _unlock_unfinished(api, document, gebruiker, toelichting)
            with already_gone_is_fine():
                api.delete_document(document.url, gebruiker, toelichting)
    except GeweigerdError:
        heeft_relaties = bool(api.find_relaties(document.url, gebruiker))
        return Ontkoppeld(document.url, verwijderd=False, wees=not heeft_relaties)
    return Ontkoppeld(document.url, verwijderd=True, wees=False)


def _unlock_unfinished(api: ZgwApi, document: Document, gebruiker: str, toelichting: str) -> None:
    """Unlock with the lock that the parts show; without parts it is not our upload, and only force would do.

    A server does not unlock half an upload, except by force. Making it an empty file first needs no special right.
    """
    lock = document.delen[0].lock if document.delen else ""
    try:
        api.unlock(document.url, lock, gebruiker)
    except GeweigerdError as exc:
        if not lock or not exc.fout.codes & {"incomplete-upload", "file-size"}:
            raise
        api.empty_document(document.url, lock, gebruiker, toelichting)
        api.unlock(document.url, lock, gebruiker)


@contextmanager
def already_gone_is_fine() -> Iterator[None]:
    try:
        yield
    except GeweigerdError as exc:
        if exc.fout.status != 404:
            raise


def build_onbekende_zaak(zaakidentificatie: str) -> str:
    return (
        f"Het zaaksysteem kent zaak {zaakidentificatie} niet, of de scanstraat mag hem niet zien. "
        "Kijk het zaaknummer na, of laat de beheerder van het zaaksysteem de rechten nakijken."
    )


def _wordt_bewerkt() -> ZaaksysteemNietBereikbaarError:
    return ZaaksysteemNietBereikbaarError(
        "Iemand bewerkt dit document nu in het zaaksysteem. De nieuwe versie wordt later opnieuw aangeboden."
    )


def _is_over(exc: ZaaksysteemError) -> bool:
    """Is the server certainly done with the request that ended so? When a gateway gives up (502 to 504) it may not."""
    if isinstance(exc, StoringError):
        return exc.fout.status in (403, 429, 500)
    return isinstance(exc, NietVerzondenError) or not isinstance(exc, ZaaksysteemNietBereikbaarError)


def _nog_onderweg() -> ZaaksysteemNietBereikbaarError:
    return ZaaksysteemNietBereikbaarError(
        "Een eerdere poging om dit document te leveren kan nog onderweg zijn. Er wordt zo opnieuw gekeken."
    )


def short_hash(tekst: str) -> str:
    return hashlib.sha256(tekst.encode()).hexdigest()[:16]
