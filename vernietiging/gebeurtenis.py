"""The legally relevant events of the line: closed schemas and their canonical bytes. Pure.

An event holds no names, case numbers, file names or text: only ids that the log alone uses, digests, counts and words
of the product itself (the log may be published; see docs/begrippen.md, "gebeurtenis"). An unknown kind, an unknown or
missing field, or a value of another type is an error: a field that nobody defined must never become evidence.
"""

from __future__ import annotations

import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from vernietiging.errors import GebeurtenisError, OnbekendeGebeurtenisError

MAXIMUM_BYTES = 4096
_TIJD = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z"
)
_HEX64 = re.compile(r"[0-9a-f]{64}")
_WOORD = re.compile(r"[a-z0-9_.:-]{1,80}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DAG = re.compile(r"(?:[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])|onbepaald)")
_GROOTSTE = 2**53 - 1  # RFC 8785 numbers are IEEE doubles: larger integers would not survive


class Veld(StrEnum):
    """What a field of an event may hold."""

    HASH = "sha-256, hex"
    OBJECT = "sha-256 van een bewaard bestand, hex"
    VERPAKT = "hmac-sha-256 van wat niet in het logboek mag, hex"
    GETAL = "geheel getal van 0 tot 2^53"
    REGEL = "nummer van een eerdere regel van het logboek"
    WOORD = "woord van de scanstraat"
    DAG = "datum, of onbepaald"
    TIJD = "UTC-tijd volgens RFC 3339"
    ID = "uuid"
    JANEE = "ja of nee"


# What a value of each kind looks like in the bytes of a leaf.
_GETALLEN = frozenset({Veld.GETAL, Veld.REGEL})
_IN_BLAD = {
    Veld.HASH: f'"{_HEX64.pattern}"',
    Veld.OBJECT: f'"{_HEX64.pattern}"',
    Veld.VERPAKT: f'"{_HEX64.pattern}"',
    Veld.GETAL: r"(?:0|[1-9][0-9]{0,15})",
    Veld.REGEL: r"(?:0|[1-9][0-9]{0,15})",
    Veld.WOORD: f'"{_WOORD.pattern}"',
    Veld.DAG: f'"{_DAG.pattern}"',
    Veld.TIJD: f'"{_TIJD.pattern}"',
    Veld.ID: f'"{_UUID.pattern}"',
    Veld.JANEE: "(?:true|false)",
}


_TEKSTEN = {
    Veld.HASH: _HEX64,
    Veld.OBJECT: _HEX64,
    Veld.VERPAKT: _HEX64,
    Veld.WOORD: _WOORD,
    Veld.DAG: _DAG,
    Veld.TIJD: _TIJD,
}

SCHEMAS: Mapping[tuple[str, int], Mapping[str, Veld]] = MappingProxyType(
    {
        ("batch.ontvangen", 1): {"bronnen": Veld.GETAL, "momentopname": Veld.HASH, "manifest": Veld.OBJECT},
        ("batch.ontleed", 1): {
            "ontvangen": Veld.GETAL,
            "in_documenten": Veld.GETAL,
            "scheidingsbladen": Veld.GETAL,
            "weggelaten": Veld.GETAL,
            "documenten": Veld.GETAL,
        },
        ("batch.klaargemeld", 1): {"ontvangen": Veld.GETAL},
        # how the findings stand: how many, that keep the paper for good, that are serious and open; and all of them
        ("batch.bevindingen", 1): {
            "aantal": Veld.GETAL,
            "houdt_papier": Veld.GETAL,
            "open_ernstig": Veld.GETAL,
            "inhoud": Veld.HASH,
        },
        ("batch.scanoperator", 1): {"bekend": Veld.JANEE},
        # `wie` is the actor of who scanned; when that is not known: the batch itself
        ("batch.scanoperator", 2): {"bekend": Veld.JANEE, "wie": Veld.ID},
        ("bewerking", 1): {"soort": Veld.WOORD, "nummer": Veld.GETAL},
        ("document.gekoppeld", 1): {"document": Veld.ID, "bron": Veld.WOORD},
        ("document.ontkoppeld", 1): {"document": Veld.ID, "wees": Veld.JANEE},
        ("documentversie.gemaakt", 1): {
            "document": Veld.ID,
            "n": Veld.GETAL,
            "paginas": Veld.GETAL,
            "reden": Veld.WOORD,
        },
        ("documentversie.gearchiveerd", 1): {
            "pdf": Veld.OBJECT,
            "manifest": Veld.OBJECT,
            "bytes": Veld.GETAL,
            "conform": Veld.JANEE,
            "getrouw": Veld.JANEE,
        },
        ("aflevering.bevestigd", 1): {"pdf": Veld.OBJECT},
        ("bestand.quarantaine", 1): {"bron": Veld.OBJECT, "reden": Veld.WOORD},
        ("bestand.geweigerd", 1): {"reden": Veld.WOORD},
        ("bestand.opnieuw", 1): {"ingenomen": Veld.JANEE},
        ("stap.opnieuw", 1): {"fase": Veld.WOORD, "generatie": Veld.GETAL},
        ("stap.geannuleerd", 1): {"fase": Veld.WOORD, "generatie": Veld.GETAL},
        ("object.hersteld", 1): {"object": Veld.HASH},
        ("backup.gecontroleerd", 1): {"inhoud": Veld.HASH, "in_orde": Veld.JANEE},
        ("backup.teruggezet", 1): {"inhoud": Veld.HASH},
        # people and what they may decide; `onderwerp` is the persoon
        ("persoon.vastgelegd", 1): {"naam": Veld.VERPAKT},
        ("persoon.naam", 1): {"naam": Veld.VERPAKT},
        # `wie` is the actor that somebody was before it was known that they are this persoon
        ("persoon.naam", 2): {"naam": Veld.VERPAKT, "wie": Veld.ID},
        ("aanmelding.gewijzigd", 1): {"wat": Veld.WOORD},
        # `wacht_dagen`: so long an account decides nothing that somebody set again for another
        ("aanmelding.gewijzigd", 2): {"wat": Veld.WOORD, "wacht_dagen": Veld.GETAL},
        ("aanmelding.bevestigd", 1): {"herbevestigd": Veld.WOORD},
        ("mandaat.verleend", 1): {"mandaat": Veld.ID, "rol": Veld.WOORD, "van": Veld.DAG, "tot": Veld.DAG},
        ("mandaat.ingetrokken", 1): {"mandaat": Veld.ID},
        # under which decision; `onderwerp` is the besluit, the handboek or the batch
        ("besluit.vastgelegd", 1): {"inhoud": Veld.OBJECT, "versie": Veld.GETAL},
        ("besluit.vastgelegd", 2): {"inhoud": Veld.OBJECT, "versie": Veld.GETAL, "bedenktijd_dagen": Veld.GETAL},
        ("handboek.vastgelegd", 1): {"bestand": Veld.OBJECT},
        ("batch.gebonden", 1): {"besluit": Veld.ID, "handboek": Veld.ID},
        ("uitzondering.vastgelegd", 1): {"document": Veld.ID, "reden": Veld.WOORD, "toelichting": Veld.VERPAKT},
        ("uitzondering.ingetrokken", 1): {"document": Veld.ID, "toelichting": Veld.VERPAKT},
        ("termijn.verlengd", 1): {"tot": Veld.DAG, "toelichting": Veld.VERPAKT},
        # the paper; `onderwerp` is the doos
        ("doos.gemaakt", 1): {"nummer": Veld.VERPAKT},
        ("doos.gevuld", 1): {"batch": Veld.ID, "bladen": Veld.GETAL},
        ("doos.geleegd", 1): {"batch": Veld.ID, "bladen": Veld.GETAL},
        ("doos.verplaatst", 1): {"plaats": Veld.VERPAKT},
        ("doos.gesloten", 1): {"bladen": Veld.GETAL},
        ("doos.geopend", 1): {"bladen": Veld.GETAL},
        # stops; `onderwerp` is the stop, `betreft` what it holds (for a zaak: the stop itself). Of a document or a zaak
        # follows in which dozen its paper lies, at once and whenever that changes
        ("stop.geplaatst", 1): {
            "soort": Veld.WOORD,
            "over": Veld.WOORD,
            "betreft": Veld.ID,
            "kenmerk": Veld.VERPAKT,
        },
        ("stop.houdt", 1): {"doos": Veld.ID, "houdt": Veld.JANEE},
        ("stop.opgeheven", 1): {"toelichting": Veld.VERPAKT},
        # sealed, drawn, judged; `onderwerp` is the versie, and then the batch
        ("documentversie.verzegeld", 1): {
            "batch": Veld.ID,
            "pdf": Veld.HASH,
            "paginas": Veld.GETAL,
            "gearchiveerd": Veld.REGEL,
            "bevestigd": Veld.REGEL,
            "kenmerk": Veld.VERPAKT,
        },
        ("batch.verzegeld", 1): {
            "manifest": Veld.OBJECT,
            "documenten": Veld.GETAL,
            "paginas": Veld.GETAL,
            "uitzonderingen": Veld.GETAL,
        },
        ("steekproef.getrokken", 1): {
            "verzegeld": Veld.REGEL,
            "checkpoint": Veld.GETAL,
            "zaad": Veld.HASH,
            "trekking": Veld.OBJECT,
        },
        ("batch.goedgekeurd", 1): {
            "getrokken": Veld.REGEL,
            "manifest": Veld.HASH,
            "oordeel": Veld.OBJECT,
            "herbevestigd": Veld.WOORD,
        },
        ("batch.afgekeurd", 1): {
            "getrokken": Veld.REGEL,
            "manifest": Veld.HASH,
            "oordeel": Veld.OBJECT,
            "herbevestigd": Veld.WOORD,
        },
        ("goedkeuring.vervallen", 1): {"reden": Veld.WOORD},
        # destruction; `onderwerp` is the vernietigingslijst, or the doos
        ("lijst.voorgesteld", 1): {"inhoud": Veld.OBJECT, "dozen": Veld.GETAL},
        # beside that the name, which the second person to release it types over
        ("lijst.voorgesteld", 2): {"inhoud": Veld.OBJECT, "dozen": Veld.GETAL, "naam": Veld.VERPAKT},
        ("lijst.ingetrokken", 1): {"toelichting": Veld.VERPAKT},
        ("laatste_blik.getrokken", 1): {
            "lijst": Veld.ID,
            "voorgesteld": Veld.REGEL,
            "checkpoint": Veld.GETAL,
            "zaad": Veld.HASH,
            "trekking": Veld.OBJECT,
        },
        ("laatste_blik.gedaan", 1): {
            "lijst": Veld.ID,
            "getrokken": Veld.REGEL,
            "geslaagd": Veld.JANEE,
            "herbevestigd": Veld.WOORD,
        },
        ("vrijgave", 1): {
            "voorgesteld": Veld.REGEL,
            "inhoud": Veld.HASH,
            "volgnummer": Veld.GETAL,
            "feiten": Veld.OBJECT,
            "herbevestigd": Veld.WOORD,
        },
        ("vrijgave.ingetrokken", 1): {"vrijgave": Veld.REGEL, "toelichting": Veld.VERPAKT},
        ("vernietiging.opgedragen", 1): {
            "vrijgave_1": Veld.REGEL,
            "vrijgave_2": Veld.REGEL,
            "checkpoint": Veld.GETAL,
            "feiten": Veld.OBJECT,
            "opdracht": Veld.OBJECT,
        },
        # on the list of the order; who took it along is not for the log
        ("container.opgehaald", 1): {"opgedragen": Veld.REGEL, "opgehaald_op": Veld.TIJD, "vervoer": Veld.VERPAKT},
        ("vernietiging.batch", 1): {
            "doos": Veld.ID,
            "goedgekeurd": Veld.REGEL,
            "bladen": Veld.GETAL,
            "documenten": Veld.GETAL,
        },
        ("vernietiging.uitgevoerd", 1): {
            "opgedragen": Veld.REGEL,
            "laatste_blik": Veld.REGEL,
            "batches": Veld.GETAL,
            "bladen": Veld.GETAL,
            "uitgevoerd_op": Veld.TIJD,
            "niveau": Veld.WOORD,
            "certificaat": Veld.OBJECT,
            "feiten": Veld.OBJECT,
        },
        # beside that how the certificate names it: container, seal, manner and number
        ("vernietiging.uitgevoerd", 2): {
            "opgedragen": Veld.REGEL,
            "laatste_blik": Veld.REGEL,
            "batches": Veld.GETAL,
            "bladen": Veld.GETAL,
            "uitgevoerd_op": Veld.TIJD,
            "niveau": Veld.WOORD,
            "certificaat": Veld.OBJECT,
            "feiten": Veld.OBJECT,
            "kenmerk": Veld.VERPAKT,
        },
        # paper that was gone while something stood in the way; the words of that are not for the log
        ("vernietiging.zonder_grond", 1): {
            "opgedragen": Veld.REGEL,
            "bladen": Veld.GETAL,
            "uitgevoerd_op": Veld.TIJD,
            "niveau": Veld.WOORD,
            "certificaat": Veld.OBJECT,
            "feiten": Veld.OBJECT,
            "belemmeringen": Veld.VERPAKT,
            "kenmerk": Veld.VERPAKT,
        },
        ("vernietiging.mislukt", 1): {"opgedragen": Veld.REGEL, "deels": Veld.JANEE, "toelichting": Veld.VERPAKT},
        # more follows from `deels` here: the doos stays with its order, and goes with no other
        ("vernietiging.mislukt", 2): {
            "opgedragen": Veld.REGEL,
            "deels": Veld.JANEE,
            "in_orde": Veld.JANEE,  # nothing stood in the way when part of it went
            "toelichting": Veld.VERPAKT,
        },
        ("verklaring.opgemaakt", 1): {
            "soort": Veld.WOORD,
            "nummer": Veld.WOORD,
            "pdf": Veld.OBJECT,
            "gegevens": Veld.OBJECT,
        },
        ("verklaring.ondertekend", 1): {"pdf": Veld.HASH, "herbevestigd": Veld.WOORD},
        ("verklaring.scan", 1): {"bestand": Veld.OBJECT},
        # `gelezen`: how its number was found on it (code, tekst, niet); `toelichting`: why it is it when it was not
        ("verklaring.scan", 2): {"bestand": Veld.OBJECT, "gelezen": Veld.WOORD, "toelichting": Veld.VERPAKT},
        # the log about itself
        ("verankering", 1): {
            "checkpoint": Veld.GETAL,
            "wortel": Veld.HASH,
            "getuigen": Veld.GETAL,
            "tijdstempels": Veld.GETAL,
            "bewijs": Veld.HASH,
        },
        ("logboek.gecontroleerd", 1): {"omvang": Veld.GETAL, "in_orde": Veld.JANEE},
        # two people go on after something was put back: one event of each, about one and the same herstel
        ("herstel.verklaard", 1): {
            "volgnummer": Veld.GETAL,
            "bekend": Veld.GETAL,
            "omvang": Veld.GETAL,
            "elders": Veld.GETAL,
            "ingevoegd": Veld.GETAL,
            "toelichting": Veld.VERPAKT,
            "herbevestigd": Veld.WOORD,
        },
        ("herstel.verklaard", 2): {
            "volgnummer": Veld.GETAL,
            "bekend": Veld.GETAL,
            "omvang": Veld.GETAL,
            "elders": Veld.GETAL,
            "ingevoegd": Veld.GETAL,
            "overgenomen": Veld.GETAL,  # events that waited and were not written by this installation
            "toelichting": Veld.VERPAKT,
            "herbevestigd": Veld.WOORD,
        },
    }
)

ZONDER_GROND, MISLUKT = "vernietiging.zonder_grond", "vernietiging.mislukt"
VERNIETIGD = ("vernietiging.uitgevoerd", ZONDER_GROND)  # by which paper is gone

NIEUWSTE: Mapping[str, int] = MappingProxyType(dict(sorted(SCHEMAS)))  # as written now


@dataclass(frozen=True)
class Gebeurtenis:
    """One legally relevant change. `actor` and `onderwerp` are ids that only the log uses."""

    id: UUID
    soort: str
    versie: int
    actor: UUID
    onderwerp: UUID
    op: str
    gegevens: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Return the canonical JSON (RFC 8785) of this event: the leaf that a sealed log will hold."""
        return canonical_json(
            {
                "id": str(self.id),
                "soort": self.soort,
                "versie": self.versie,
                "actor": str(self.actor),
                "onderwerp": str(self.onderwerp),
                "op": self.op,
                "gegevens": dict(self.gegevens),
            }
        )


def verify_gebeurtenis(gebeurtenis: Gebeurtenis) -> Gebeurtenis:
    """Return the event when its closed schema allows it.

    Raises:
        GebeurtenisError: unknown kind or version, unknown or missing field, value of another type, more than 4 KB.
    """
    if not isinstance(gebeurtenis.soort, str) or type(gebeurtenis.versie) is not int:
        raise GebeurtenisError("Een gebeurtenis heeft geen soort of geen versie.")
    schema = SCHEMAS.get((gebeurtenis.soort, gebeurtenis.versie))
    if schema is None:
        raise GebeurtenisError(f"Gebeurtenis {gebeurtenis.soort} versie {gebeurtenis.versie} bestaat niet.")
    if not isinstance(gebeurtenis.gegevens, Mapping) or not isinstance(gebeurtenis.op, str):
        raise GebeurtenisError(f"Gebeurtenis {gebeurtenis.soort} heeft geen gegevens of geen tijd.")
    if set(gebeurtenis.gegevens) != set(schema):
        anders = ", ".join(sorted(set(gebeurtenis.gegevens) ^ set(schema)))
        raise GebeurtenisError(f"Gebeurtenis {gebeurtenis.soort} heeft niet precies de afgesproken velden: {anders}.")
    for naam, veld in schema.items():
        if not _fits(gebeurtenis.gegevens[naam], veld):
            raise GebeurtenisError(f"Veld {naam} van gebeurtenis {gebeurtenis.soort} is geen {veld}.")
    if not _TIJD.fullmatch(gebeurtenis.op):
        raise GebeurtenisError(f"De tijd van gebeurtenis {gebeurtenis.soort} is geen UTC-tijd volgens RFC 3339.")
    if len(gebeurtenis.to_bytes()) > MAXIMUM_BYTES:
        raise GebeurtenisError(f"Gebeurtenis {gebeurtenis.soort} is groter dan {MAXIMUM_BYTES} bytes.")
    return gebeurtenis


def verify_blad(blad: bytes) -> str:
    """Return the kind of an event when these are the bytes that `Gebeurtenis.to_bytes` gives of an allowed one.

    The one form is a pattern per kind and version: a log of a million lines is read in seconds.

    Raises:
        OnbekendeGebeurtenisError: it has the form of an event, of a kind or a version that is not known here.
        GebeurtenisError: it is anything else.
    """
    einde = _EINDE.search(blad)
    soort = "" if einde is None else einde[1].decode()
    patroon = None if einde is None else _PATRONEN.get((soort, int(einde[2])))
    if patroon is None:
        if einde is not None and _has_form(blad):
            raise OnbekendeGebeurtenisError(f"Gebeurtenis {soort} versie {einde[2].decode()} is hier niet bekend.")
        raise GebeurtenisError("Een regel van het logboek is geen gebeurtenis.")
    gevonden = patroon.fullmatch(blad)
    if gevonden is None or len(blad) > MAXIMUM_BYTES:
        raise GebeurtenisError(f"Een gebeurtenis {soort} staat niet in de vaste vorm.")
    if any(int(getal) > _GROOTSTE for getal in gevonden.groups()):
        raise GebeurtenisError("Een getal in een gebeurtenis is te groot.")
    return soort


def _has_form(blad: bytes) -> bool:
    """Whether these are the canonical bytes of an event, whatever it says."""
    try:
        inhoud = json.loads(blad)
        return (
            set(inhoud) == _SLEUTELS
            and canonical_json(inhoud) == blad
            and len(blad) <= MAXIMUM_BYTES
            and isinstance(inhoud["gegevens"], dict)
            and all(_UUID.fullmatch(inhoud[naam]) for naam in ("id", "actor", "onderwerp"))
            and _TIJD.fullmatch(inhoud["op"]) is not None
        )
    except (ValueError, TypeError, RecursionError, GebeurtenisError):
        return False


def parse_blad(blad: bytes) -> Gebeurtenis:
    """Read a leaf of the log.

    Raises:
        GebeurtenisError: see `verify_blad`.
    """
    verify_blad(blad)
    inhoud = json.loads(blad)
    return Gebeurtenis(
        UUID(inhoud["id"]),
        inhoud["soort"],
        inhoud["versie"],
        UUID(inhoud["actor"]),
        UUID(inhoud["onderwerp"]),
        inhoud["op"],
        inhoud["gegevens"],
    )


def _build_patroon(soort: str, versie: int, schema: Mapping[str, Veld]) -> re.Pattern[bytes]:
    """Return the canonical bytes of an event of this kind as a pattern; its groups are the numbers in it."""
    gegevens = ",".join(
        f'"{naam}":({_IN_BLAD[veld]})' if veld in _GETALLEN else f'"{naam}":{_IN_BLAD[veld]}'
        for naam, veld in sorted(schema.items())
    )
    id_, tijd = f'"{_UUID.pattern}"', f'"{_TIJD.pattern}"'
    patroon = (
        rf'\{{"actor":{id_},"gegevens":\{{{gegevens}\}},"id":{id_},"onderwerp":{id_},"op":{tijd},'
        rf'"soort":"{re.escape(soort)}","versie":{versie}\}}'
    )
    return re.compile(patroon.encode())


_SLEUTELS = {"id", "soort", "versie", "actor", "onderwerp", "op", "gegevens"}
_EINDE = re.compile(rb'"soort":"([a-z_.]{1,80})","versie":([1-9][0-9]{0,3})\}\Z')
_PATRONEN = {(soort, versie): _build_patroon(soort, versie, schema) for (soort, versie), schema in SCHEMAS.items()}


def find_objecten(gebeurtenis: Gebeurtenis) -> tuple[str, ...]:
    """Return the SHA-256 of every stored file that an event speaks of."""
    schema = SCHEMAS[gebeurtenis.soort, gebeurtenis.versie]
    return tuple(gebeurtenis.gegevens[naam] for naam, veld in schema.items() if veld is Veld.OBJECT)


def find_regels(gebeurtenis: Gebeurtenis) -> tuple[int, ...]:
    """Return the numbers of the earlier lines of the log that an event refers to."""
    schema = SCHEMAS[gebeurtenis.soort, gebeurtenis.versie]
    return tuple(gebeurtenis.gegevens[naam] for naam, veld in schema.items() if veld is Veld.REGEL)


def verpak(sleutel: bytes, inhoud: Any) -> str:
    """Return the commitment to something that must not stand in the log itself: names, case numbers, words of people.

    HMAC-SHA-256 over its canonical JSON. Without the key (32 random bytes, kept beside the record) nobody can guess
    what it was; once the key is erased nobody can know it, and the log stays as it is.
    """
    return hmac.digest(sleutel, canonical_json(inhoud), "sha256").hex()


def canonical_json(waarde: Any) -> bytes:
    """Return RFC 8785 bytes of a value made of dicts, lists, strings, booleans and integers (no floats, no nulls).

    Raises:
        GebeurtenisError: another type, an integer out of range, text that is not NFC, or a key that is not ASCII.
    """
    _check_canonical(waarde)
    # With ASCII keys, sort_keys equals RFC 8785's order by UTF-16 code units; without floats the number form is equal.
    return json.dumps(waarde, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _check_canonical(waarde: Any) -> None:
    if isinstance(waarde, dict):
        for sleutel, deel in waarde.items():
            if not (isinstance(sleutel, str) and sleutel.isascii()):
                raise GebeurtenisError("Een sleutel in een gebeurtenis is geen gewone tekst.")
            _check_canonical(deel)
    elif isinstance(waarde, list):
        for deel in waarde:
            _check_canonical(deel)
    elif isinstance(waarde, str):
        if unicodedata.normalize("NFC", waarde) != waarde:
            raise GebeurtenisError("Tekst in een gebeurtenis staat niet in NFC.")
    elif isinstance(waarde, bool):
        return
    elif not isinstance(waarde, int) or abs(waarde) > _GROOTSTE:
        raise GebeurtenisError(f"Een waarde van het soort {type(waarde).__name__} mag niet in een gebeurtenis.")


def _fits(waarde: Any, veld: Veld) -> bool:
    if veld is Veld.JANEE:
        return isinstance(waarde, bool)
    if veld in _GETALLEN:
        return isinstance(waarde, int) and not isinstance(waarde, bool) and 0 <= waarde <= _GROOTSTE
    if not isinstance(waarde, str):
        return False
    if veld is Veld.ID:
        try:
            return str(UUID(waarde)) == waarde
        except ValueError:
            return False
    return _TEKSTEN[veld].fullmatch(waarde) is not None
