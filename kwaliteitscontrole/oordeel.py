"""From pages that people judged to a verdict on the batch. Pure.

Every drawn page and every flagged page must have been judged: nothing is approved unseen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.errors import OordeelError
from kwaliteitscontrole.steekproef import Trekkingsplan, Uitslag
from kwaliteitscontrole.woorden import count_words


@dataclass(frozen=True)
class Fout:
    """A fault that a controleur can find on a page; `label` is what the screen calls it."""

    code: str
    ernst: Ernst
    label: str


# Classes as in the handboeken vervanging (domein, point 42).
FOUTEN: Mapping[str, Fout] = MappingProxyType(
    {
        fout.code: fout
        for fout in (
            Fout("ontbrekende_pagina", Ernst.KRITIEK, "Er ontbreekt een pagina"),
            Fout("verkeerde_volgorde", Ernst.KRITIEK, "De pagina's staan in de verkeerde volgorde"),
            Fout("onleesbaar", Ernst.KRITIEK, "De tekst is niet te lezen"),
            Fout("verkeerd_gesplitst", Ernst.KRITIEK, "Het document begint of eindigt op de verkeerde plaats"),
            Fout("verkeerde_zaak", Ernst.KRITIEK, "Het document zit in de verkeerde zaak"),
            Fout("bestand_ongeldig", Ernst.KRITIEK, "Het bestand gaat niet open of is geen goed archiefbestand"),
            Fout("afgesneden", Ernst.ERNSTIG, "Er is een stuk van de pagina afgesneden"),
            Fout("verkeerde_kleurmodus", Ernst.ERNSTIG, "De kleuren kloppen niet met het papier"),
            Fout("streep_over_tekst", Ernst.ERNSTIG, "Er loopt een streep over de tekst"),
            Fout("verkeerde_metagegevens", Ernst.ERNSTIG, "De gegevens bij het document kloppen niet"),
            Fout("scheef", Ernst.LICHT, "De pagina staat een beetje scheef"),
            Fout("randschaduw", Ernst.LICHT, "Er zit een schaduw langs de rand"),
            Fout("blanco_bewaard", Ernst.LICHT, "Er is een lege pagina bewaard die weg mag"),
        )
    }
)


class Item(NamedTuple):
    """One page of a documentversie; pagina counts from 1."""

    documentversie: UUID
    pagina: int


@dataclass(frozen=True)
class Paginaoordeel:
    """What a controleur found on one page: codes of `FOUTEN`; none means the page is good.

    Raises:
        OordeelError: an unknown code, or a page below 1.
    """

    documentversie: UUID
    pagina: int
    fouten: tuple[str, ...] = ()
    toelichting: str = ""

    def __post_init__(self) -> None:
        if self.pagina < 1:
            raise OordeelError(f"Pagina {self.pagina} bestaat niet: pagina's tellen vanaf 1.")
        for code in self.fouten:
            if code not in FOUTEN:
                raise OordeelError(f"De fout {code!r} bestaat niet. Kies uit {', '.join(FOUTEN)}.")

    @property
    def item(self) -> Item:
        """The page that was judged."""
        return Item(self.documentversie, self.pagina)

    @property
    def ernsten(self) -> frozenset[Ernst]:
        """The classes of its faults, so that a page counts once per class."""
        return frozenset(FOUTEN[code].ernst for code in self.fouten)


@dataclass(frozen=True)
class Oordeel:
    """The verdict on a batch.

    aantallen: per class, how many drawn pages have such a fault. redenen: Dutch sentences, every reason for a
    rejection; empty when approved. gat: approved, but in the gap of reduced inspection: the next batch is normal.
    """

    uitslag: Uitslag
    aantallen: Mapping[Ernst, int]
    redenen: tuple[str, ...]
    gat: bool


def check_batch(
    plan: Trekkingsplan,
    getrokken: Collection[Item],
    gemarkeerd: Collection[Item],
    oordelen: Sequence[Paginaoordeel],
) -> Oordeel:
    """Return the verdict on a batch of which every drawn and every flagged page was judged.

    The limits of the plan hold for the random draw alone. A flagged page was not drawn by chance, so it is not counted
    in them; but with a kritieke or ernstige fout it must be scanned again, so the batch cannot be approved. A page that
    is both drawn and flagged is judged in both ways.

    Args:
        getrokken: as many different pages as `plan.n`.
        gemarkeerd: pages that a check or a person flagged; they may be among the drawn ones.
        oordelen: one for each of these pages, and for no other.
    Raises:
        OordeelError: the draw is not the plan's; a page was not judged, judged twice, or judged without being asked.
    """
    per_item = _read_oordelen(plan, getrokken, gemarkeerd, oordelen)
    geteld = Counter(ernst for item in getrokken for ernst in per_item[item].ernsten)
    te_herstellen = Counter(ernst for item in set(gemarkeerd) for ernst in per_item[item].ernsten)
    redenen = (*_find_te_veel(plan, geteld), *_find_gemarkeerd(te_herstellen))
    return Oordeel(
        uitslag=Uitslag.AFGEKEURD if redenen else Uitslag.GOEDGEKEURD,
        aantallen=MappingProxyType({ernst: geteld[ernst] for ernst in Ernst}),
        redenen=redenen,
        gat=not redenen and any(geteld[ernst] > grens.goedkeurgetal for ernst, grens in plan.grenzen.items()),
    )


def _read_oordelen(
    plan: Trekkingsplan,
    getrokken: Collection[Item],
    gemarkeerd: Collection[Item],
    oordelen: Sequence[Paginaoordeel],
) -> dict[Item, Paginaoordeel]:
    if not len(getrokken) == len(set(getrokken)) == plan.n:
        raise OordeelError(
            f"Het plan vraagt {plan.n} verschillende pagina's, getrokken zijn er {len(set(getrokken))}. Trek opnieuw."
        )
    per_item = {oordeel.item: oordeel for oordeel in oordelen}
    if len(per_item) < len(oordelen):
        raise OordeelError("Een pagina heeft twee oordelen. Geef per pagina alleen het laatste oordeel.")
    gevraagd = {*getrokken, *gemarkeerd}
    if ontbreekt := len(gevraagd - per_item.keys()):
        paginas = count_words(ontbreekt, "pagina is", "pagina's zijn")
        raise OordeelError(f"{paginas} nog niet beoordeeld (van de {len(gevraagd)}). Beoordeel eerst alle pagina's.")
    if vreemd := len(per_item.keys() - gevraagd):
        paginas = count_words(vreemd, "beoordeelde pagina hoort", "beoordeelde pagina's horen")
        raise OordeelError(
            f"{paginas} niet bij de steekproef en niet bij de gemarkeerde pagina's. Markeer zo'n pagina eerst."
        )
    return per_item


def _find_te_veel(plan: Trekkingsplan, geteld: Mapping[Ernst, int]) -> Iterator[str]:
    for ernst in reversed(Ernst):
        grens = plan.grenzen[ernst]
        if geteld[ernst] >= grens.afkeurgetal:
            paginas = count_words(geteld[ernst], "pagina", "pagina's")
            yield (
                f"In de steekproef van {plan.n} is op {paginas} een {ernst}e fout gevonden; "
                f"vanaf {grens.afkeurgetal} wordt de batch afgekeurd."
            )


def _find_gemarkeerd(te_herstellen: Mapping[Ernst, int]) -> Iterator[str]:
    for ernst in (Ernst.KRITIEK, Ernst.ERNSTIG):
        if aantal := te_herstellen[ernst]:
            paginas = count_words(aantal, "gemarkeerde pagina", "gemarkeerde pagina's")
            yield f"Op {paginas} is een {ernst}e fout gevonden. Die moet eerst worden hersteld."
