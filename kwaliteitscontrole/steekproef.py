"""How many pages of a batch must people look at, which ones, and how many may be faulty? Pure.

Single sampling by attributes with the tables of MIL-STD-105E (`steekproeftabel.py`) and the switching rules of
ISO 2859-1. A lot is all pages of one sealed batch, an item is one page of a documentversie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import exp, fsum, lgamma, log, log1p
from types import MappingProxyType
from uuid import UUID

from kwaliteitscontrole.bevinding import Ernst
from kwaliteitscontrole.errors import SteekproefError
from kwaliteitscontrole.steekproeftabel import AQLS, CODELETTERS, HOOFDTABELLEN, TABEL, Rij

ZAADLABEL = b"scanstraat/steekproef/v1\n"
ZAAD_BYTES = 32
_WOORDEN = 2**64  # how many values a word of the counter stream can have
_PIJLEN = {"v": 1, "^": -1}


class Niveau(StrEnum):
    """Inspection level (MIL-STD-105E table I): how large the sample is for a lot; II is the usual one."""

    S1 = "S-1"
    S2 = "S-2"
    S3 = "S-3"
    S4 = "S-4"
    I = "I"  # noqa: E741 - the standard's own name
    II = "II"
    III = "III"


class Strengheid(StrEnum):
    """Which master table holds: normal, tightened or reduced inspection."""

    NORMAAL = "normaal"
    VERSCHERPT = "verscherpt"
    VERLICHT = "verlicht"


class Uitslag(StrEnum):
    """What was decided on a batch."""

    GOEDGEKEURD = "goedgekeurd"
    AFGEKEURD = "afgekeurd"


@dataclass(frozen=True)
class Grens:
    """Ac and Re for one class. Up to `goedkeurgetal` faulty items is good, from `afkeurgetal` on the lot is rejected.

    Only in reduced inspection there is a gap between the two: the lot is accepted, the next one is normal again.
    """

    goedkeurgetal: int
    afkeurgetal: int

    def __post_init__(self) -> None:
        if not 0 <= self.goedkeurgetal < self.afkeurgetal:
            raise SteekproefError(
                f"Goedkeurgetal {self.goedkeurgetal} en afkeurgetal {self.afkeurgetal} horen niet bij elkaar."
            )


GEEN_FOUT = Grens(0, 1)


@dataclass(frozen=True)
class Steekproefplan:
    """What a vervangingsbesluit asks. Without a niveau every page is looked at; with one there is an AQL per class.

    aql_kritiek, aql_ernstig, aql_licht: acceptable quality limit in percent of the pages, one of `AQLS`. A kritieke
    fout is never accepted: its AQL only says how large the sample must be, so it goes with a niveau alone. Without a
    niveau the other two may be given, as the share of pages that may have such a fault; None means not one.
    verlicht_toegestaan: the besluit permits reduced inspection.
    Raises:
        SteekproefError: the parts do not go together.
    """

    niveau: Niveau | None = None
    aql_kritiek: Decimal | None = None
    aql_ernstig: Decimal | None = None
    aql_licht: Decimal | None = None
    verlicht_toegestaan: bool = False

    def __post_init__(self) -> None:
        aqls = (self.aql_kritiek, self.aql_ernstig, self.aql_licht)
        gegeven = [aql for aql in aqls if aql is not None]
        for aql in gegeven:
            if aql not in AQLS:
                raise SteekproefError(f"AQL {aql} staat niet in de tabel. Kies uit {', '.join(map(str, AQLS))}.")
        if gegeven != sorted(gegeven):
            raise SteekproefError("De AQL mag niet ruimer zijn voor een zwaardere fout. Verlaag die AQL.")
        if self.niveau is not None and None in aqls:
            raise SteekproefError("Geef bij een steekproef een AQL voor kritieke, ernstige en lichte fouten.")
        if self.niveau is None and self.aql_kritiek is not None:
            raise SteekproefError(
                "Wie alles bekijkt, keurt geen enkele kritieke fout goed. Laat de AQL voor kritieke fouten weg."
            )
        if self.niveau is None and self.verlicht_toegestaan:
            raise SteekproefError("Een controle van alle pagina's kan niet verlicht worden. Zet verlicht uit.")

    def aql(self, ernst: Ernst) -> Decimal | None:
        """Return the AQL of this class, in percent."""
        return {
            Ernst.KRITIEK: self.aql_kritiek,
            Ernst.ERNSTIG: self.aql_ernstig,
            Ernst.LICHT: self.aql_licht,
        }[ernst]


@dataclass(frozen=True)
class Trekkingsplan:
    """What holds for one lot: draw `n` of `aantal_items`, and judge each class by its Grens.

    strengheid and tabel say which table it was made from.
    Raises:
        SteekproefError: a class is missing, a kritieke fout would be accepted, or n is no part of the lot.
    """

    aantal_items: int
    n: int
    strengheid: Strengheid
    grenzen: Mapping[Ernst, Grens]
    tabel: str = TABEL

    def __post_init__(self) -> None:
        if not 1 <= self.n <= self.aantal_items:
            raise SteekproefError(f"Een steekproef van {self.n} uit {self.aantal_items} pagina's kan niet.")
        if set(self.grenzen) != set(Ernst):
            raise SteekproefError("Een trekkingsplan heeft een grens voor kritieke, ernstige en lichte fouten nodig.")
        if self.grenzen[Ernst.KRITIEK] != GEEN_FOUT:
            raise SteekproefError("Een kritieke fout mag nooit worden goedgekeurd: het goedkeurgetal moet 0 zijn.")

    @property
    def alles(self) -> bool:
        """Every page is looked at."""
        return self.n == self.aantal_items


@dataclass(frozen=True)
class Lotuitslag:
    """How an earlier lot of the same scanner and profile ended.

    strengheid: under which it was inspected. gat: accepted in the gap of reduced inspection. herkeuring: the lot came
    back after herscan, so it says nothing new about the scanner and does not count.
    Raises:
        SteekproefError: a gap without an accepted lot under reduced inspection.
    """

    uitslag: Uitslag
    strengheid: Strengheid
    gat: bool = False
    herkeuring: bool = False

    def __post_init__(self) -> None:
        if self.gat and (self.uitslag, self.strengheid) != (Uitslag.GOEDGEKEURD, Strengheid.VERLICHT):
            raise SteekproefError("Alleen een goedgekeurde batch onder verlichte controle kan in het gat vallen.")


def build_trekkingsplan(plan: Steekproefplan, aantal_items: int, strengheid: Strengheid) -> Trekkingsplan:
    """Return the sample size and the Grens per class for a lot of `aantal_items` pages.

    Every class has a plan of its own: code letter, AQL, arrows followed. One person looks at one page once, so there is
    one n: the largest of the three, and all of the lot when that is no larger (MIL-STD-105E: the largest sample may
    serve for all classes). A class is then judged by the row of that n. Where that row holds an arrow, the last plan
    above it in the column holds: its goedkeurgetal on a larger sample is stricter, never milder. Under the end of a
    column, where the standard has no larger goedkeurgetal, the AQL itself is the limit: n x AQL, rounded down.
    When the whole lot is looked at nothing is estimated, so there too the limit is n x AQL, rounded down, without a
    gap. For kritieke fouten the limit is 0 always.

    Raises:
        SteekproefError: an empty lot, or reduced inspection that the plan does not permit.
    """
    if aantal_items < 1:
        raise SteekproefError("Deze batch heeft geen pagina's: er is niets om een steekproef uit te trekken.")
    if strengheid is Strengheid.VERLICHT and not plan.verlicht_toegestaan:
        raise SteekproefError("Het vervangingsbesluit staat verlichte controle niet toe. Controleer normaal.")
    rijen = HOOFDTABELLEN[strengheid]
    n = aantal_items
    if plan.niveau is not None:
        begin = _read_plek(rijen, read_codeletter(plan.niveau, aantal_items))
        eigen = [_follow_pijlen(rijen, begin, aql).n for aql in map(plan.aql, Ernst) if aql is not None]
        n = min(aantal_items, max(eigen))
    grenzen = {
        ernst: _build_grens(rijen, plan.aql(ernst), n, alles=n == aantal_items)
        for ernst in (Ernst.LICHT, Ernst.ERNSTIG)
    }
    return Trekkingsplan(aantal_items, n, strengheid, MappingProxyType({**grenzen, Ernst.KRITIEK: GEEN_FOUT}))


def read_codeletter(niveau: Niveau, aantal_items: int) -> str:
    """Return the code letter of table I; a lot of one item has that of two."""
    return next(letters[niveau] for tot, letters in CODELETTERS if aantal_items <= tot)


def read_enkelvoudig(letter: str, aql: Decimal, strengheid: Strengheid) -> tuple[int, Grens]:
    """Return sample size and Grens of one single sampling plan, with the arrows of the master table followed.

    Raises:
        SteekproefError: the table has no such letter or no such AQL.
    """
    rijen = HOOFDTABELLEN[strengheid]
    if aql not in AQLS or letter not in {rij.letter for rij in rijen}:
        raise SteekproefError(f"De tabel kent geen plan met letter {letter} en AQL {aql}.")
    rij = _follow_pijlen(rijen, _read_plek(rijen, letter), aql)
    return rij.n, _read_grens(rij, aql)


def _read_plek(rijen: Sequence[Rij], letter: str) -> int:
    return next(plek for plek, rij in enumerate(rijen) if rij.letter == letter)


def _follow_pijlen(rijen: Sequence[Rij], plek: int, aql: Decimal) -> Rij:
    kolom = AQLS.index(aql)
    while pijl := _PIJLEN.get(rijen[plek].cellen[kolom]):
        plek += pijl
    return rijen[plek]


def _read_grens(rij: Rij, aql: Decimal) -> Grens:
    goedkeurgetal, afkeurgetal = rij.cellen[AQLS.index(aql)].split("/")
    return Grens(int(goedkeurgetal), int(afkeurgetal))


def _build_grens(rijen: Sequence[Rij], aql: Decimal | None, n: int, *, alles: bool) -> Grens:
    if aql is None:
        return GEEN_FOUT
    aandeel = int(n * aql / 100)
    if alles:
        return Grens(aandeel, aandeel + 1)
    passend = [_read_grens(rij, aql) for rij in rijen if rij.n <= n and "/" in rij.cellen[AQLS.index(aql)]]
    grens = passend[-1] if passend else GEEN_FOUT
    return grens if aandeel <= grens.goedkeurgetal else Grens(aandeel, aandeel + 1)


def measure_keurkromme(n: int, ac: int, p: float) -> float:
    """Return the probability that a sample of n with goedkeurgetal ac accepts a lot of which a share p is faulty.

    The binomial operating characteristic, as in the curves of MIL-STD-105E: for a lot much larger than its sample.

    Raises:
        SteekproefError: n below 1, ac below 0, or p not in 0.0 to 1.0.
    """
    if n < 1 or ac < 0 or not 0.0 <= p <= 1.0:
        raise SteekproefError(f"Voor n={n}, goedkeurgetal {ac} en foutaandeel {p} bestaat geen keurkromme.")
    if ac >= n or p == 0.0:
        return 1.0
    if p == 1.0:
        return 0.0
    vast = lgamma(n + 1)
    kansen = (exp(vast - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p)) for k in range(ac + 1))
    return min(1.0, fsum(kansen))


def build_zaad(wortel: bytes, batch: UUID) -> bytes:
    """Return the seed of the draw: SHA-256 over `ZAADLABEL`, the 32 bytes of the root and the 16 bytes of the id.

    wortel: root of the logboek in the first checkpoint that covers the sealing of this batch; nobody knows it before.
    batch: its 16 bytes are those of RFC 9562, most significant first.
    Raises:
        SteekproefError: the root is not 32 bytes.
    """
    if len(wortel) != ZAAD_BYTES:
        raise SteekproefError(f"De wortel van een checkpoint is 32 bytes, niet {len(wortel)}.")
    return hashlib.sha256(ZAADLABEL + wortel + batch.bytes).digest()


def draw_steekproef(aantal_items: int, n: int, zaad: bytes) -> tuple[int, ...]:
    """Return the places (from 0, ascending) of n different items; all of them when n is not smaller than the lot.

    Every set of n is equally likely. To do it again in any language:
    1. Words: block k (k = 0, 1, 2, ...) is SHA-256 over the 32 bytes of the seed and k as 8 bytes big-endian. Each
       block gives four words, in order: 8 bytes each, read as an unsigned big-endian number.
    2. A number below m: let r be 2^64 mod m. Take the next word w; if w >= 2^64 - r throw it away and take the next one
       (once or more). The number is w mod m.
    3. Write 0, 1, ..., aantal_items - 1 in a row. For i = 0 to n - 1: take a number j below aantal_items - i, and swap
       what stands at place i with what stands at place i + j (partial Fisher-Yates).
    4. The first n of the row, sorted, are the steekproef. When n >= aantal_items no word is taken: it is all items.

    Raises:
        SteekproefError: the seed is not 32 bytes, n is below 1, or aantal_items is not in 1 to 2^64.
    """
    if len(zaad) != ZAAD_BYTES:
        raise SteekproefError(f"Het zaad van een steekproef is 32 bytes, niet {len(zaad)}.")
    if n < 1 or not 1 <= aantal_items <= _WOORDEN:
        raise SteekproefError(f"Een steekproef van {n} uit {aantal_items} pagina's kan niet.")
    if n >= aantal_items:
        return tuple(range(aantal_items))
    woorden = _build_woorden(zaad)
    verplaatst: dict[int, int] = {}  # only the places of the row that no longer hold their own number
    getrokken = []
    for plek in range(n):
        keuze = plek + _draw_below(aantal_items - plek, woorden)
        getrokken.append(verplaatst.get(keuze, keuze))
        verplaatst[keuze] = verplaatst.get(plek, plek)
    return tuple(sorted(getrokken))


def _build_woorden(zaad: bytes) -> Iterator[int]:
    teller = 0
    while True:
        blok = hashlib.sha256(zaad + teller.to_bytes(8, "big")).digest()
        for begin in range(0, len(blok), 8):
            yield int.from_bytes(blok[begin : begin + 8], "big")
        teller += 1


def _draw_below(grens: int, woorden: Iterator[int]) -> int:
    eerlijk = _WOORDEN - _WOORDEN % grens
    return next(woord for woord in woorden if woord < eerlijk) % grens


def find_strengheid(
    historie: Sequence[Lotuitslag], *, verlicht_toegestaan: bool = False, begin: Strengheid = Strengheid.NORMAAL
) -> Strengheid:
    """Return how strictly the next lot of this scanner and profile is inspected (ISO 2859-1, 9.3).

    - normal to tightened: 2 of 5 or fewer consecutive lots rejected;
    - tightened to normal: 5 consecutive lots accepted;
    - normal to reduced, when permitted: 10 consecutive lots accepted. The besluit takes the place of the standard's
      other conditions (steady production, limit numbers);
    - reduced to normal: a lot rejected, or accepted in the gap. Without permission there is no reduced at all.
    Every switch starts counting afresh. A herkeuring never counts. A lot that was drawn under another strengheid than
    held when its turn came (lots overlap) counts only when it was rejected: never in favour.

    historie: earlier lots, oldest first. begin: what held before the first of them; after a standstill that was lifted,
    give the lots since then and begin tightened.
    """
    return _follow_historie(historie, verlicht_toegestaan, begin)[0]


def is_gestaakt(
    historie: Sequence[Lotuitslag], *, verlicht_toegestaan: bool = False, begin: Strengheid = Strengheid.NORMAAL
) -> bool:
    """Whether inspection stops until the cause is found: 5 lots rejected in one stretch of tightened inspection.

    This is the rule of ISO 2859-1 (9.4). MIL-STD-105E stops when 10 lots in a row stay tightened; the other counts
    faults, not patience. Arguments as in `find_strengheid`.
    """
    return _follow_historie(historie, verlicht_toegestaan, begin)[1]


def _follow_historie(
    historie: Sequence[Lotuitslag], verlicht_toegestaan: bool, begin: Strengheid
) -> tuple[Strengheid, bool]:
    nu = Strengheid.NORMAAL if begin is Strengheid.VERLICHT and not verlicht_toegestaan else begin
    reeks: list[bool] = []  # accepted or not, since the last switch
    for lot in historie:
        goed = lot.uitslag is Uitslag.GOEDGEKEURD
        if lot.herkeuring or (goed and lot.strengheid is not nu):
            continue
        reeks.append(goed)
        if nu is Strengheid.VERSCHERPT and reeks.count(False) >= 5:
            return nu, True
        volgende = _switch(nu, reeks, verlicht_toegestaan, terug=lot.gat or not goed)
        if volgende is not nu:
            nu, reeks = volgende, []
    return nu, False


def _switch(nu: Strengheid, reeks: Sequence[bool], verlicht_toegestaan: bool, *, terug: bool) -> Strengheid:
    if nu is Strengheid.VERLICHT:
        return Strengheid.NORMAAL if terug else nu
    if nu is Strengheid.VERSCHERPT:
        return Strengheid.NORMAAL if len(reeks) >= 5 and all(reeks[-5:]) else nu
    if reeks[-5:].count(False) >= 2:
        return Strengheid.VERSCHERPT
    if verlicht_toegestaan and len(reeks) >= 10 and all(reeks[-10:]):
        return Strengheid.VERLICHT
    return nu
