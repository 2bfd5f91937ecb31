"""Is every sheet there? The checks of the bladtelling, on plain values. Pure.

It counts beelden (sides): received = in documents + on scheidingsbladen + left out. The database holds that rule; this
finds what a person must look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwaliteitscontrole.bevinding import Bevinding, Ernst


@dataclass(frozen=True)
class Getelddocument:
    """One document: how many beelden it has, and how many bladen were declared for it (None: nobody said)."""

    beelden: int
    bladen_opgegeven: int | None = None
    wie: str = "De opgave"  # who declared it, as a sentence begins: "Het scheidingsblad", "Het indexbestand"


@dataclass(frozen=True)
class Telling:
    """One batch, counted.

    ontvangen: beelden received, scheidingsbladen and left-out ones included.
    zijden_per_blad: 1 for simplex, 2 for duplex.
    bladen: per sheet, in order, the documents its sides are in; None for a side on a scheidingsblad or left out.
    """

    ontvangen: int
    scheidingsbladen: int
    weggelaten: int
    documenten: tuple[Getelddocument, ...]
    zijden_per_blad: int
    bladen: Sequence[tuple[str | None, ...]] = ()
    bladen_opgegeven: int | None = None  # of the whole batch, scheidingsbladen included

    @property
    def in_documenten(self) -> int:
        """Beelden in documents."""
        return sum(document.beelden for document in self.documenten)


def find_tellingbevindingen(telling: Telling) -> tuple[Bevinding, ...]:
    """Return everything about the numbers that does not agree; empty is good."""
    return (
        *_find_niet_sluitend(telling),
        *_find_oneven(telling),
        *_find_verdeeld(telling),
        *_find_afwijkend(telling),
    )


def _find_niet_sluitend(telling: Telling) -> list[Bevinding]:
    geplaatst = telling.in_documenten + telling.scheidingsbladen + telling.weggelaten
    if geplaatst == telling.ontvangen:
        return []
    tekst = (
        f"De bladtelling sluit niet: {_beelden(telling.ontvangen)} ontvangen en {geplaatst} geplaatst. "
        "Lever deze batch niet af en waarschuw de functioneel beheerder."
    )
    return [Bevinding("telling_sluit_niet", Ernst.KRITIEK, tekst, vervangbaar=False)]


def _find_oneven(telling: Telling) -> list[Bevinding]:
    if telling.zijden_per_blad != 2 or telling.ontvangen % 2 == 0:
        return []
    tekst = (
        f"Er is aan twee kanten gescand, maar het aantal beelden is oneven: {telling.ontvangen}. "
        "Kijk of er een kant ontbreekt of twee bladen tegelijk door de scanner gingen."
    )
    return [Bevinding("oneven_duplex", Ernst.ERNSTIG, tekst)]


def _find_verdeeld(telling: Telling) -> list[Bevinding]:
    """The two sides of one sheet in two documents. A side left out or on a scheidingsblad is in no document."""
    bevindingen = []
    for nummer, blad in enumerate(telling.bladen, start=1):
        if len({zijde for zijde in blad if zijde is not None}) > 1:
            tekst = (
                f"De voorkant en de achterkant van blad {nummer} zitten in verschillende documenten. Kijk of dat klopt."
            )
            bevindingen.append(Bevinding("blad_verdeeld", Ernst.ERNSTIG, tekst))
    return bevindingen


def _find_afwijkend(telling: Telling) -> list[Bevinding]:
    bevindingen = []
    for nummer, document in enumerate(telling.documenten, start=1):
        if document.bladen_opgegeven is not None:
            verwacht = document.bladen_opgegeven * telling.zijden_per_blad
            if verwacht != document.beelden:
                tekst = _afwijking(
                    f"document {nummer}", document.wie, document.bladen_opgegeven, verwacht, document.beelden
                )
                bevindingen.append(Bevinding("bladen_wijken_af", Ernst.ERNSTIG, tekst))
    if telling.bladen_opgegeven is not None:
        verwacht = telling.bladen_opgegeven * telling.zijden_per_blad
        if verwacht != telling.ontvangen:
            tekst = _afwijking("de batch", "De opgave", telling.bladen_opgegeven, verwacht, telling.ontvangen)
            bevindingen.append(Bevinding("bladen_wijken_af", Ernst.ERNSTIG, tekst))
    return bevindingen


def _afwijking(waarvan: str, wie: str, bladen: int, verwacht: int, gescand: int) -> str:
    return (
        f"{wie} noemt voor {waarvan} {_bladen(bladen)}. Dat {_zijn(verwacht)} {_beelden(verwacht)}, "
        f"maar er {_zijn(gescand)} er {gescand}. Tel het papier na en scan wat ontbreekt."
    )


def _bladen(aantal: int) -> str:
    return f"{aantal} blad" if aantal == 1 else f"{aantal} bladen"


def _beelden(aantal: int) -> str:
    return f"{aantal} beeld" if aantal == 1 else f"{aantal} beelden"


def _zijn(aantal: int) -> str:
    return "is" if aantal == 1 else "zijn"
