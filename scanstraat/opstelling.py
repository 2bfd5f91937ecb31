"""The order of beelden in a batch and what people do to it: recorded operations over masters that never change. Pure.

An `Opstelling` gives every beeld of the batch exactly one place, so the bladtelling holds after every operation by
construction (model of the field: a beeld is in a document, on a scheidingsblad, or left out with a reason).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from scanstraat.domain import Bestemming, Bladtelling, Weglaatreden
from scanstraat.errors import NietGevondenError, NietMogelijkError


@dataclass(frozen=True)
class Plaatsing:
    """Where one beeld is now, and how far it is turned clockwise (0, 90, 180, 270)."""

    beeld_id: UUID
    bestemming: Bestemming
    document_id: UUID | None = None
    draai_graden: int = 0
    weglaatreden: Weglaatreden | None = None
    weglaattekst: str = ""


Opstelling = tuple[Plaatsing, ...]


def count_bladtelling(opstelling: Opstelling) -> Bladtelling:
    """Count every beeld once, by where it is."""
    soorten = [plaatsing.bestemming for plaatsing in opstelling]
    return Bladtelling(
        ontvangen=len(opstelling),
        in_documenten=soorten.count(Bestemming.DOCUMENT),
        scheidingsbladen=soorten.count(Bestemming.SCHEIDINGSBLAD),
        weggelaten=soorten.count(Bestemming.WEGGELATEN),
    )


def pages_of(opstelling: Opstelling, document_id: UUID) -> tuple[Plaatsing, ...]:
    """Return the pages of a document in order."""
    return tuple(plaatsing for plaatsing in opstelling if plaatsing.document_id == document_id)


def documents_of(opstelling: Opstelling) -> tuple[UUID, ...]:
    """Return the documents in the order of their first page."""
    return tuple(dict.fromkeys(p.document_id for p in opstelling if p.document_id is not None))


def find_changed_documents(oud: Opstelling, nieuw: Opstelling) -> tuple[UUID, ...]:
    """Return the documents whose pages, their order or their turn differ; also those that lost all pages."""
    alle = dict.fromkeys((*documents_of(oud), *documents_of(nieuw)))
    return tuple(document for document in alle if _looks(oud, document) != _looks(nieuw, document))


def turn(opstelling: Opstelling, beelden: Iterable[UUID], graden: int) -> Opstelling:
    """Turn beelden clockwise by a multiple of 90 degrees, on top of what they had."""
    if graden % 360 not in {90, 180, 270}:
        raise NietMogelijkError("Een beeld draait met 90, 180 of 270 graden.")

    def draai(plaatsing: Plaatsing) -> Plaatsing:
        if plaatsing.bestemming is not Bestemming.DOCUMENT:
            raise NietMogelijkError("Alleen een pagina van een document kan worden gedraaid.")
        return replace(plaatsing, draai_graden=(plaatsing.draai_graden + graden) % 360)

    return _change(opstelling, beelden, draai)


def leave_out(opstelling: Opstelling, beelden: Iterable[UUID], reden: Weglaatreden, tekst: str = "") -> Opstelling:
    """Take beelden out of their document; they stay counted and kept, with the reason."""
    if reden is Weglaatreden.ANDERS and not tekst.strip():
        raise NietMogelijkError("Bij reden 'anders' hoort een toelichting. Geef die met --toelichting.")

    def weg(plaatsing: Plaatsing) -> Plaatsing:
        if plaatsing.bestemming is not Bestemming.DOCUMENT:
            raise NietMogelijkError("Alleen een pagina van een document kan worden weggelaten.")
        return replace(
            plaatsing,
            bestemming=Bestemming.WEGGELATEN,
            document_id=None,
            weglaatreden=reden,
            weglaattekst=tekst.strip(),
        )

    return _change(opstelling, beelden, weg)


def split_document(opstelling: Opstelling, eerste: UUID, nieuw_document: UUID) -> Opstelling:
    """Let a new document begin at beeld `eerste`; the pages before it keep their document.

    A beeld that is in no document (the back of a scheidingsblad, or left out) becomes a document of its own.
    """
    document = _find(opstelling, eerste).document_id
    if document is None:
        return _change(opstelling, (eerste,), lambda plaatsing: _into(plaatsing, nieuw_document))
    volgorde = [p.beeld_id for p in pages_of(opstelling, document)]
    if volgorde[0] == eerste:
        raise NietMogelijkError("Dit is al de eerste pagina van een document; kies een latere pagina om te splitsen.")
    nieuw = set(volgorde[volgorde.index(eerste) :])
    return tuple(replace(p, document_id=nieuw_document) if p.beeld_id in nieuw else p for p in opstelling)


def join_documents(opstelling: Opstelling, eerste: UUID, tweede: UUID) -> Opstelling:
    """Put all pages of `tweede` behind the last page of `eerste`, which keeps its id."""
    if eerste == tweede:
        raise NietMogelijkError("Kies twee verschillende documenten om samen te voegen.")
    aan, achter = pages_of(opstelling, eerste), pages_of(opstelling, tweede)
    if not aan or not achter:
        raise NietGevondenError("Een van deze documenten heeft geen pagina's in deze batch.")
    rest = [p for p in opstelling if p.document_id != tweede]
    plek = rest.index(aan[-1]) + 1
    return (*rest[:plek], *(replace(p, document_id=eerste) for p in achter), *rest[plek:])


def move(opstelling: Opstelling, beeld: UUID, na: UUID) -> Opstelling:
    """Put a beeld behind page `na`, in the document of `na`; also one that was on a scheidingsblad or left out."""
    if beeld == na:
        raise NietMogelijkError("Een pagina kan niet achter zichzelf worden gezet.")
    document = _document_at(opstelling, na)
    verplaatst = _into(_find(opstelling, beeld), document)
    rest = [p for p in opstelling if p.beeld_id != beeld]
    plek = next(i for i, p in enumerate(rest) if p.beeld_id == na) + 1
    return (*rest[:plek], verplaatst, *rest[plek:])


def insert(opstelling: Opstelling, nieuwe: Iterable[UUID], na: UUID) -> Opstelling:
    """Give beelden that wait in the batch, left out, their place behind page `na`; turned as their file says."""
    document = _document_at(opstelling, na)
    gekozen = tuple(nieuwe)
    erbij = tuple(_into(_find(opstelling, beeld), document) for beeld in gekozen)
    rest = [p for p in opstelling if p.beeld_id not in gekozen]
    plek = next(i for i, p in enumerate(rest) if p.beeld_id == na) + 1
    return (*rest[:plek], *erbij, *rest[plek:])


def replace_page(opstelling: Opstelling, oud: UUID, nieuw: UUID) -> Opstelling:
    """Let a herscan take the place of a page; the old one is left out as `vervangen` and stays."""
    return leave_out(insert(opstelling, (nieuw,), oud), (oud,), Weglaatreden.VERVANGEN)


def _looks(opstelling: Opstelling, document: UUID) -> tuple[tuple[UUID, int], ...]:
    return tuple((p.beeld_id, p.draai_graden) for p in pages_of(opstelling, document))


def _into(plaatsing: Plaatsing, document: UUID) -> Plaatsing:
    return Plaatsing(plaatsing.beeld_id, Bestemming.DOCUMENT, document, plaatsing.draai_graden)


def _find(opstelling: Opstelling, beeld: UUID) -> Plaatsing:
    for plaatsing in opstelling:
        if plaatsing.beeld_id == beeld:
            return plaatsing
    raise NietGevondenError("Dit beeld hoort niet bij deze batch.")


def _document_at(opstelling: Opstelling, beeld: UUID) -> UUID:
    document = _find(opstelling, beeld).document_id
    if document is None:
        raise NietMogelijkError("Dit beeld is geen pagina van een document (het is een scheidingsblad of weggelaten).")
    return document


def _change(opstelling: Opstelling, beelden: Iterable[UUID], anders: Callable[[Plaatsing], Plaatsing]) -> Opstelling:
    gekozen = set(beelden)
    if gekozen - {p.beeld_id for p in opstelling}:
        raise NietGevondenError("Dit beeld hoort niet bij deze batch.")
    return tuple(anders(p) if p.beeld_id in gekozen else p for p in opstelling)
