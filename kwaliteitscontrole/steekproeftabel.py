"""The tables of MIL-STD-105E (10 May 1989, public domain) that sampling by attributes needs, as printed. Pure.

ISO 2859-1 has the same code letters, sample sizes, normal and tightened plans; its reduced plans (since 1999) have
other numbers, without a gap. Columns run to AQL 10: above it the standard counts faults per hundred items.

In the master tables a cell is goedkeurgetal/afkeurgetal (Ac/Re), or an arrow: "v" is the first plan below, "^" the
first plan above, with its own sample size. Letter S exists for one tightened plan that an arrow leads to; "." is empty.
A table is never changed in place: another table is another `TABEL`, which stands in every Trekkingsplan made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

TABEL = "MIL-STD-105E/1"

# Table I. Lots of at most this many items, and the code letter per level; the last row has no upper end.
_CODELETTERS = """
omvang  S-1  S-2  S-3  S-4    I   II  III
     8    A    A    A    A    A    A    B
    15    A    A    A    A    A    B    C
    25    A    A    B    B    B    C    D
    50    A    B    B    C    C    D    E
    90    B    B    C    C    C    E    F
   150    B    B    C    D    D    F    G
   280    B    C    D    E    E    G    H
   500    B    C    D    E    F    H    J
  1200    C    C    E    F    G    J    K
  3200    C    D    E    G    H    K    L
 10000    C    D    F    G    J    L    M
 35000    C    D    F    H    K    M    N
150000    D    E    G    J    L    N    P
500000    D    E    G    J    M    P    Q
   inf    D    E    H    K    N    Q    R
"""

# The columns of tables II-A, II-B and II-C, in percent faulty items.
_AQLS = "0.010 0.015 0.025 0.040 0.065 0.10 0.15 0.25 0.40 0.65 1.0 1.5 2.5 4.0 6.5 10"

# Table II-A. Letter, sample size, then one cell per AQL.
_NORMAAL = """
A    2     v     v     v     v     v     v     v     v     v     v     v     v     v     v   0/1     v
B    3     v     v     v     v     v     v     v     v     v     v     v     v     v   0/1     ^     v
C    5     v     v     v     v     v     v     v     v     v     v     v     v   0/1     ^     v   1/2
D    8     v     v     v     v     v     v     v     v     v     v     v   0/1     ^     v   1/2   2/3
E   13     v     v     v     v     v     v     v     v     v     v   0/1     ^     v   1/2   2/3   3/4
F   20     v     v     v     v     v     v     v     v     v   0/1     ^     v   1/2   2/3   3/4   5/6
G   32     v     v     v     v     v     v     v     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8
H   50     v     v     v     v     v     v     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11
J   80     v     v     v     v     v     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11 14/15
K  125     v     v     v     v     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11 14/15 21/22
L  200     v     v     v     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11 14/15 21/22     ^
M  315     v     v     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11 14/15 21/22     ^     ^
N  500     v     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11 14/15 21/22     ^     ^     ^
P  800     v   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11 14/15 21/22     ^     ^     ^     ^
Q 1250   0/1     ^     v   1/2   2/3   3/4   5/6   7/8 10/11 14/15 21/22     ^     ^     ^     ^     ^
R 2000     ^     ^   1/2   2/3   3/4   5/6   7/8 10/11 14/15 21/22     ^     ^     ^     ^     ^     ^
"""

# Table II-B.
_VERSCHERPT = """
A    2     v     v     v     v     v     v     v     v     v     v     v     v     v     v     v     v
B    3     v     v     v     v     v     v     v     v     v     v     v     v     v     v   0/1     v
C    5     v     v     v     v     v     v     v     v     v     v     v     v     v   0/1     v     v
D    8     v     v     v     v     v     v     v     v     v     v     v     v   0/1     v     v   1/2
E   13     v     v     v     v     v     v     v     v     v     v     v   0/1     v     v   1/2   2/3
F   20     v     v     v     v     v     v     v     v     v     v   0/1     v     v   1/2   2/3   3/4
G   32     v     v     v     v     v     v     v     v     v   0/1     v     v   1/2   2/3   3/4   5/6
H   50     v     v     v     v     v     v     v     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9
J   80     v     v     v     v     v     v     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9 12/13
K  125     v     v     v     v     v     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9 12/13 18/19
L  200     v     v     v     v     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9 12/13 18/19     ^
M  315     v     v     v     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9 12/13 18/19     ^     ^
N  500     v     v     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9 12/13 18/19     ^     ^     ^
P  800     v     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9 12/13 18/19     ^     ^     ^     ^
Q 1250     v   0/1     v     v   1/2   2/3   3/4   5/6   8/9 12/13 18/19     ^     ^     ^     ^     ^
R 2000   0/1     ^     v   1/2   2/3   3/4   5/6   8/9 12/13 18/19     ^     ^     ^     ^     ^     ^
S 3150     .     .   1/2     .     .     .     .     .     .     .     .     .     .     .     .     .
"""

# Table II-C.
_VERLICHT = """
A    2     v     v     v     v     v     v     v     v     v     v     v     v     v     v   0/1     v
B    2     v     v     v     v     v     v     v     v     v     v     v     v     v   0/1     ^     v
C    2     v     v     v     v     v     v     v     v     v     v     v     v   0/1     ^     v   0/2
D    3     v     v     v     v     v     v     v     v     v     v     v   0/1     ^     v   0/2   1/3
E    5     v     v     v     v     v     v     v     v     v     v   0/1     ^     v   0/2   1/3   1/4
F    8     v     v     v     v     v     v     v     v     v   0/1     ^     v   0/2   1/3   1/4   2/5
G   13     v     v     v     v     v     v     v     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6
H   20     v     v     v     v     v     v     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8
J   32     v     v     v     v     v     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8  7/10
K   50     v     v     v     v     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8  7/10 10/13
L   80     v     v     v     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8  7/10 10/13     ^
M  125     v     v     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8  7/10 10/13     ^     ^
N  200     v     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8  7/10 10/13     ^     ^     ^
P  315     v   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8  7/10 10/13     ^     ^     ^     ^
Q  500   0/1     ^     v   0/2   1/3   1/4   2/5   3/6   5/8  7/10 10/13     ^     ^     ^     ^     ^
R  800     ^     ^   0/2   1/3   1/4   2/5   3/6   5/8  7/10 10/13     ^     ^     ^     ^     ^     ^
"""


@dataclass(frozen=True)
class Rij:
    """One row of a master table: `cellen` stands in the order of `AQLS`."""

    letter: str
    n: int
    cellen: tuple[str, ...]


def _read_codeletters(tekst: str) -> tuple[tuple[float, dict[str, str]], ...]:
    kop, *regels = (regel.split() for regel in tekst.strip().splitlines())
    return tuple((float(tot), dict(zip(kop[1:], letters, strict=True))) for tot, *letters in regels)


def _read_rijen(tekst: str) -> tuple[Rij, ...]:
    regels = (regel.split() for regel in tekst.strip().splitlines())
    return tuple(Rij(letter, int(n), tuple(cellen)) for letter, n, *cellen in regels)


AQLS = tuple(map(Decimal, _AQLS.split()))
CODELETTERS = _read_codeletters(_CODELETTERS)
HOOFDTABELLEN = {
    "normaal": _read_rijen(_NORMAAL),
    "verscherpt": _read_rijen(_VERSCHERPT),
    "verlicht": _read_rijen(_VERLICHT),
}
