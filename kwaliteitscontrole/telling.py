"""Is every sheet there? The checks of the bladtelling, on plain values. Pure.

It counts beelden (sides): received = in documents + on scheidingsbladen + left out. The database holds that rule; this
finds what a person must look at, at intake and again after every bewerking, by the same rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.woorden import count_words

CODES = frozenset(
    {"telling_sluit_niet", "oneven_beelden", "blad_in_twee_documenten", "aantal_wijkt_af", "batchaantal_wijkt_af"}
)


@dataclass(frozen=True)
class Geteldbeeld:
    """One beeld, where it is now: in a document, on a scheidingsblad, or left out.

    blanco_uit: the document it was left out of for being blank: its sheet came, so that document still counts it.
    vervangen: left out because another beeld took its place.
    later: it was scanned into the batch after the batch came in.
    """

    id: UUID
    bron: UUID
    blad: int
    document: UUID | None = None
    scheidingsblad: bool = False
    blanco_uit: UUID | None = None
    vervangen: bool = False
    later: bool = False

    @property
    def telt_voor(self) -> UUID | None:
        """The document whose declared sheets this beeld counts for."""
        return self.document or self.blanco_uit


@dataclass(frozen=True)
class Telling:
    """One batch, counted.

    beelden: all of them, in the order of the batch.
    geteld: what the database keeps: received, in documents, on scheidingsbladen, left out.
    zijden_per_blad: 1 for simplex, 2 for duplex.
    bladen_van_document, bladen_van_bron, bladen_van_batch: numbers of sheets as declared for a document (on its
    scheidingsblad or in an index), for one file (in an index) and on the Batchblad; all without scheidingsbladen.
    """

    beelden: Sequence[Geteldbeeld]
    geteld: tuple[int, int, int, int]
    zijden_per_blad: int
    bladen_van_document: Mapping[UUID, int] = field(default_factory=dict)
    bladen_van_bron: Mapping[UUID, int] = field(default_factory=dict)
    bladen_van_batch: int | None = None


@dataclass(frozen=True)
class Tellingbevinding:
    """A finding, and the document or the beeld it is about; neither is the whole batch."""

    bevinding: Bevinding
    document: UUID | None = None
    beeld: UUID | None = None


def find_tellingbevindingen(telling: Telling) -> tuple[Tellingbevinding, ...]:
    """Return everything about the numbers that does not agree; empty is good."""
    return (
        *_find_niet_sluitend(telling),
        *_find_oneven(telling),
        *_find_verdeeld(telling),
        *_find_afwijkend(telling),
    )


def _find_niet_sluitend(telling: Telling) -> Iterator[Tellingbevinding]:
    in_documenten = sum(beeld.document is not None for beeld in telling.beelden)
    scheidingsbladen = sum(beeld.scheidingsblad for beeld in telling.beelden)
    ontvangen = len(telling.beelden)
    weggelaten = ontvangen - in_documenten - scheidingsbladen
    if telling.geteld != (ontvangen, in_documenten, scheidingsbladen, weggelaten):
        tekst = (
            f"De bladtelling sluit niet: {telling.geteld[0]} ontvangen volgens de telling, {ontvangen} aanwezig. "
            "Lever deze batch niet af en waarschuw de functioneel beheerder."
        )
        yield Tellingbevinding(Bevinding("telling_sluit_niet", Ernst.KRITIEK, tekst, vervangbaar=False))


def _find_oneven(telling: Telling) -> Iterator[Tellingbevinding]:
    """Per stream out of the scanner: a file of more pages, or all loose pages together.

    A beeld that took the place of another counts in its stead; one that was scanned later and is not used, not at all.
    """
    if telling.zijden_per_blad != 2:
        return
    per_bron = _count_per_bron(telling.beelden)
    stromen: dict[UUID | None, list[Geteldbeeld]] = defaultdict(list)
    for beeld, bron in _with_bron(telling.beelden):
        if beeld.document or not (beeld.vervangen or beeld.later):
            stromen[bron if per_bron[bron] > 1 else None].append(beeld)
    for stroom in stromen.values():
        if len(stroom) % 2:
            tekst = (
                "Er is aan twee kanten gescand, maar het aantal bladzijden is oneven. "
                "Kijk of er een bladzijde ontbreekt."
            )
            yield Tellingbevinding(Bevinding("oneven_beelden", Ernst.ERNSTIG, tekst), beeld=stroom[-1].id)


def _find_verdeeld(telling: Telling) -> Iterator[Tellingbevinding]:
    """The two sides of one sheet in two documents. A side left out or on a scheidingsblad is in no document."""
    eerste_van: dict[int, UUID] = {}
    gemeld: set[int] = set()
    for beeld in telling.beelden:
        if beeld.document is None or beeld.blad in gemeld:
            continue
        if eerste_van.setdefault(beeld.blad, beeld.document) != beeld.document:
            gemeld.add(beeld.blad)
            tekst = "De voorkant en de achterkant van dit blad zitten in twee documenten. Kijk na of dat klopt."
            yield Tellingbevinding(Bevinding("blad_in_twee_documenten", Ernst.ERNSTIG, tekst), beeld=beeld.id)


def _find_afwijkend(telling: Telling) -> Iterator[Tellingbevinding]:
    """Declared sheets beside beelden. A blank side that was left out came in, so it counts; a replaced one does not."""
    geteld: dict[UUID, int] = defaultdict(int)
    for beeld in telling.beelden:
        if beeld.telt_voor is not None:
            geteld[beeld.telt_voor] += 1
    aanwezig = {beeld.document for beeld in telling.beelden}
    for document, bladen in telling.bladen_van_document.items():
        if document in aanwezig:
            zijn = "is" if bladen == 1 else "zijn"
            opgave = f"Voor dit document {zijn} {count_words(bladen, 'blad', 'bladen')} opgegeven"
            yield from _compare(telling, opgave, bladen, geteld[document], document=document)

    van_bron: dict[UUID, int] = defaultdict(int)
    eerste: dict[UUID, UUID] = {}
    for beeld in telling.beelden:
        if not beeld.later:
            eerste.setdefault(beeld.bron, beeld.id)
    for beeld, bron in _with_bron(telling.beelden):
        van_bron[bron] += beeld.telt_voor is not None
    for bron, bladen in telling.bladen_van_bron.items():
        if bron in eerste:
            opgave = f"Het indexbestand noemt {count_words(bladen, 'blad', 'bladen')}"
            yield from _compare(telling, opgave, bladen, van_bron[bron], beeld=eerste[bron])

    if telling.bladen_van_batch is not None:
        bladen = telling.bladen_van_batch
        opgave = f"Het Batchblad noemt {count_words(bladen, 'blad', 'bladen')}, scheidingsbladen niet meegeteld"
        yield from _compare(telling, opgave, bladen, sum(geteld.values()))


def _compare(
    telling: Telling, opgave: str, bladen: int, gescand: int, *, document: UUID | None = None, beeld: UUID | None = None
) -> Iterator[Tellingbevinding]:
    verwacht = bladen * telling.zijden_per_blad
    if verwacht == gescand:
        return
    dat = "Dat is 1 bladzijde" if verwacht == 1 else f"Dat zijn {verwacht} bladzijden"
    doe = "Tel het papier na en scan wat ontbreekt" if gescand < verwacht else "Tel het papier na"
    code = "batchaantal_wijkt_af" if document is None and beeld is None else "aantal_wijkt_af"
    tekst = f"{opgave}. {dat}, gescand: {gescand}. {doe}."
    yield Tellingbevinding(Bevinding(code, Ernst.ERNSTIG, tekst), document, beeld)


def _count_per_bron(beelden: Sequence[Geteldbeeld]) -> dict[UUID, int]:
    aantal: dict[UUID, int] = defaultdict(int)
    for beeld in beelden:
        aantal[beeld.bron] += 1
    return aantal


def _with_bron(beelden: Sequence[Geteldbeeld]) -> Iterator[tuple[Geteldbeeld, UUID]]:
    """Give each beeld with the bron it counts for.

    A later scan counts with the page whose place it took, which stands right before it, or else with the page it was
    put behind.
    """
    vorige: dict[UUID | None, UUID] = {}
    van_vervangen: UUID | None = None  # what the replaced beeld right before this one counts for
    for beeld in beelden:
        if not beeld.later:
            vorige.setdefault(beeld.document, beeld.bron)  # for a later scan that was put first in its document
    for beeld in beelden:
        bron = beeld.bron
        if beeld.later:
            bron = van_vervangen or vorige.get(beeld.document, bron)
        else:
            vorige[beeld.document] = bron
        van_vervangen = bron if beeld.vervangen else None
        yield beeld, bron
