"""Which lines of a log are about one document: the one rule for who writes a proof of it and who checks it. Pure.

A line belongs to the document when everything it names does: its subject, and every other id in it. What belongs grows
from a few ids (the document, its batch, its dozen) along lines that tie one thing to another, and to the people who
decided, with their mandaten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from vernietiging.gebeurtenis import SCHEMAS, Gebeurtenis, Veld, parse_blad

# Whoever wrote one of these decided something: who they are and what they may belongs to it.
BESLISSINGEN = frozenset(
    {
        *("bewerking", "batch.goedgekeurd", "batch.afgekeurd", "laatste_blik.gedaan", "vrijgave"),
        *("vernietiging.opgedragen", "vernietiging.uitgevoerd", "vernietiging.mislukt", "verklaring.ondertekend"),
        *("vernietiging.zonder_grond", "container.opgehaald"),
        *("uitzondering.vastgelegd", "uitzondering.ingetrokken", "stop.geplaatst", "stop.opgeheven"),
    }
)
# Kind of line: a field of which the value belongs, and the fields that then belong too. The empty name is the subject.
_VERBANDEN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "documentversie.gemaakt": ("document", ("",)),
    "document.gekoppeld": ("document", ("",)),
    "documentversie.verzegeld": ("", ("batch",)),
    "batch.gebonden": ("", ("besluit", "handboek")),
    "batch.scanoperator": ("", ("wie",)),
    "persoon.naam": ("wie", ("",)),
    "laatste_blik.getrokken": ("", ("lijst",)),
    "stop.geplaatst": ("betreft", ("",)),
}
_STAND = "batch.bevindingen"  # says how all of it stands; of a large batch there may be hundreds, and the newest counts
_GEEN_ONDERWERP = frozenset({"mandaat"})  # ids that nothing else is known by
_ID = re.compile(rb'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')

Regels = Callable[[], Iterable[tuple[int, bytes]]]


@dataclass(frozen=True)
class Uittreksel:
    """The lines about a document: number -> event.

    Of the other dozen of its batch nothing is in it but how many, and so of the stops that held its doos for the paper
    of others, or of a zaak that the log has no number of.
    """

    regels: Mapping[int, Gebeurtenis]
    genoemd: frozenset[str]  # every id that these lines name
    andere_dozen: int
    andere_stops: int


def find_uittreksel(begin: Iterable[str], lees: Regels) -> Uittreksel:
    """Return every line that belongs to what these ids name.

    Args:
        begin: ids of the document and of what the log alone does not tie to it.
        lees: gives the lines with their numbers, and again when asked again: a stop may stand before what it is on.
    Raises:
        GebeurtenisError: a line is no event.
    """
    bekend = {id_.encode() for id_ in begin}
    while True:
        regels, dozen, stops, eerder = {}, set(), set(), len(bekend)
        for nummer, blad in lees():
            if bekend.isdisjoint(_ID.findall(blad)):
                continue
            gebeurtenis = parse_blad(blad)
            bekend |= _find_erbij(gebeurtenis, bekend)
            if all(id_ in bekend for id_ in _find_ids(gebeurtenis)):
                regels[nummer] = gebeurtenis
            elif gebeurtenis.soort == "doos.gevuld" and gebeurtenis.gegevens["batch"].encode() in bekend:
                dozen.add(gebeurtenis.onderwerp)
            elif gebeurtenis.soort == "stop.houdt" and gebeurtenis.gegevens["doos"].encode() in bekend:
                stops.add(gebeurtenis.onderwerp)
        if len(bekend) == eerder:
            standen = {g.onderwerp: nummer for nummer, g in regels.items() if g.soort == _STAND}
            regels = {n: g for n, g in regels.items() if g.soort != _STAND or standen[g.onderwerp] == n}
            genoemd = frozenset(id_.decode() for g in regels.values() for id_ in _find_ids(g))
            return Uittreksel(regels, genoemd, len(dozen), len(stops))


def _find_ids(gebeurtenis: Gebeurtenis) -> tuple[bytes, ...]:
    """Return the subject of an event and everything else that it names by an id."""
    schema = SCHEMAS[gebeurtenis.soort, gebeurtenis.versie]
    namen = [naam for naam, veld in schema.items() if veld is Veld.ID and naam not in _GEEN_ONDERWERP]
    return (_read_id(gebeurtenis, ""), *(_read_id(gebeurtenis, naam) for naam in namen))


def _read_id(gebeurtenis: Gebeurtenis, naam: str) -> bytes:
    """Return what a field names; an older version of a kind may have less to say, and then it is the subject."""
    return str(gebeurtenis.gegevens.get(naam, gebeurtenis.onderwerp)).encode()


def _find_erbij(gebeurtenis: Gebeurtenis, bekend: set[bytes]) -> set[bytes]:
    als, dan = _VERBANDEN.get(gebeurtenis.soort, ("", ()))
    erbij = {_read_id(gebeurtenis, naam) for naam in dan if _read_id(gebeurtenis, als) in bekend}
    if gebeurtenis.soort in BESLISSINGEN and bekend.issuperset(_find_ids(gebeurtenis)):
        erbij.add(str(gebeurtenis.actor).encode())
    return erbij
