"""May this paper go? Fourteen facts, asked of every box; all must hold, and nothing else opens. Pure.

The poort is asked twice: before a release the first eleven facts must hold (*vrijgeefbaar*); at the order and again at
the execution all fourteen (*vernietigbaar*). A fact that was not established, failed, gave an error or came too late
is not true. Source: Archiefbesluit 1995 art. 6 and 8, Archiefregeling art. 26b g; BSI TR-03138 A.SC.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from vernietiging.errors import NietVrijgegevenError

GELDIG = timedelta(hours=1)  # an answer older than this says nothing about now


class Feit(StrEnum):
    """The fourteen facts, in the order in which they come about."""

    ORIGINEEL_GELIJK = "origineel_gelijk"
    KOPIE_GELIJK = "kopie_gelijk"
    ZAAKSYSTEEM_GELIJK = "zaaksysteem_gelijk"
    IN_BACKUP = "in_backup"
    PDFA_CONFORM = "pdfa_conform"
    GETROUW = "getrouw"
    BEELD_IN_ORDE = "beeld_in_orde"
    GOEDGEKEURD = "goedgekeurd"
    BINNEN_BESLUIT = "binnen_besluit"
    GEEN_STOP = "geen_stop"
    GEEN_UITZONDERING = "geen_uitzondering"
    LAATSTE_BLIK = "laatste_blik"
    VRIJGEGEVEN = "vrijgegeven"
    VERANKERD = "verankerd"


ALLE = tuple(Feit)
VOOR_VRIJGAVE = ALLE[:11]

OMSCHRIJVING: Mapping[Feit, str] = {
    Feit.ORIGINEEL_GELIJK: "de bewaarde scans zijn opnieuw gelezen en gelijk",
    Feit.KOPIE_GELIJK: "de tweede kopie is opnieuw gelezen en gelijk",
    Feit.ZAAKSYSTEEM_GELIJK: "het zaaksysteem geeft dezelfde bestanden terug",
    Feit.IN_BACKUP: "een gecontroleerde back-up bevat alle bestanden",
    Feit.PDFA_CONFORM: "elk archiefbestand is geldig PDF/A",
    Feit.GETROUW: "elk archiefbestand toont precies de scans, en alle pagina's zijn er",
    Feit.BEELD_IN_ORDE: "geen bevinding staat vervanging in de weg en alles is bekeken",
    Feit.GOEDGEKEURD: "de batch is goedgekeurd zoals zij nu is",
    Feit.BINNEN_BESLUIT: "alles valt onder het besluit en de controletermijn is voorbij",
    Feit.GEEN_STOP: "er loopt geen stop",
    Feit.GEEN_UITZONDERING: "er ligt geen papier in de doos dat bewaard blijft of is afgekeurd",
    Feit.LAATSTE_BLIK: "de laatste blik op het papier is geslaagd",
    Feit.VRIJGEGEVEN: "twee gemandateerden gaven vrij en de bedenktijd is voorbij",
    Feit.VERANKERD: "dit alles staat in een checkpoint dat buitenshuis is verankerd",
}


@dataclass(frozen=True)
class Antwoord:
    """What was found about one fact.

    waar: only True counts; None is "not established".
    bewijs: what it rests on, as plain values without names: hashes, ids, numbers of lines of the log.
    redenen: Dutch sentences that say why not, for people.
    op: when it was established; before that moment it said nothing.
    """

    waar: bool | None
    op: datetime
    bewijs: Mapping[str, Any] = field(default_factory=dict)
    redenen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Aanvraag:
    """The facts about the paper that somebody asks to release or destroy, and the list it is about.

    inhoud: SHA-256 of what is on the vernietigingslijst.
    """

    inhoud: str
    antwoorden: Mapping[Feit, Antwoord]


@dataclass(frozen=True)
class Belemmering:
    """One reason why paper may not go: the fact that does not hold, and a Dutch sentence."""

    feit: Feit
    tekst: str


@dataclass(frozen=True)
class Vrijgave:
    """Proof that no belemmering was left at a moment. Only `grant_vrijgave` makes one; nothing is destroyed without."""

    aanvraag: Aanvraag
    op: datetime
    _sleutel: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse one that somebody made by hand."""
        if self._sleutel is not _ALLEEN_HIER:
            raise NietVrijgegevenError("Een vrijgave ontstaat alleen uit de poort.")


_ALLEEN_HIER = object()


def find_belemmeringen(
    aanvraag: Aanvraag, *, feiten: tuple[Feit, ...] = ALLE, peilmoment: datetime
) -> tuple[Belemmering, ...]:
    """Return every reason why this paper may not go (or, over the first eleven facts, not be released); empty: it may.

    Args:
        feiten: VOOR_VRIJGAVE or ALLE.
        peilmoment: now, in UTC. An answer of more than GELDIG ago, or of later than now, does not count.
    """
    return tuple(
        Belemmering(feit, tekst)
        for feit in feiten
        for tekst in _find_redenen(aanvraag.antwoorden.get(feit), peilmoment)
    )


def _find_redenen(antwoord: Antwoord | None, peilmoment: datetime) -> tuple[str, ...]:
    if antwoord is None:
        return ("Dit is niet onderzocht.",)
    if antwoord.waar is not True:
        return antwoord.redenen or ("Dit is niet vast te stellen.",)
    if antwoord.redenen:  # an answer that contradicts itself is none
        return antwoord.redenen
    if not timedelta(0) <= peilmoment - antwoord.op <= GELDIG:
        return ("Het antwoord is te oud om nog op te vertrouwen. Vraag het opnieuw.",)
    return ()


def grant_vrijgave(aanvraag: Aanvraag, *, peilmoment: datetime) -> Vrijgave:
    """Return the proof that all fourteen facts hold now.

    Raises:
        NietVrijgegevenError: something stands in the way; the message names it.
    """
    belemmeringen = find_belemmeringen(aanvraag, peilmoment=peilmoment)
    if belemmeringen:
        raise NietVrijgegevenError(say_belemmeringen(belemmeringen))
    return Vrijgave(aanvraag, peilmoment, _ALLEEN_HIER)


def say_belemmeringen(belemmeringen: tuple[Belemmering, ...]) -> str:
    """Return in Dutch why this paper stays."""
    return "\n- ".join(("Dit papier mag nog niet weg:", *(b.tekst for b in belemmeringen)))
