"""The Merkle tree of the log: hashes, roots, proofs, and the checks of proofs. Pure.

Hashing as in RFC 6962 section 2.1 (SHA-256; a byte 0 before a leaf, a byte 1 before a node). Inclusion and consistency
as in RFC 9162 section 2.1, for subtrees as in draft-ietf-plants-merkle-tree-certs section 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from vernietiging.errors import LogboekGewijzigdError

HASH_BYTES = 32
LEGE_WORTEL = hashlib.sha256(b"").digest()

# Gives the root of the full subtree of 2**hoogte leaves that begins at leaf plek * 2**hoogte.
Knopen = Callable[[int, int], bytes]


def hash_blad(gegevens: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + gegevens).digest()


def hash_knoop(links: bytes, rechts: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + links + rechts).digest()


class Rand:
    """The right edge of a growing tree: the roots of its full subtrees, largest first.

    It holds at most 64 hashes, however large the tree, and is all that is needed to append and to give the root.
    """

    def __init__(self, omvang: int = 0, knopen: Sequence[bytes] = ()) -> None:
        if len(knopen) != omvang.bit_count() or any(len(knoop) != HASH_BYTES for knoop in knopen):
            raise ValueError("the edge does not fit the size")
        self.omvang = omvang
        self.knopen = list(knopen)

    def __eq__(self, ander: object) -> bool:
        return isinstance(ander, Rand) and (self.omvang, self.knopen) == (ander.omvang, ander.knopen)

    def __hash__(self) -> int:
        raise TypeError("an edge grows")

    def append(self, bladhash: bytes) -> None:
        """Add the hash of the next leaf."""
        plek = self.omvang
        while plek & 1:
            bladhash = hash_knoop(self.knopen.pop(), bladhash)
            plek >>= 1
        self.knopen.append(bladhash)
        self.omvang += 1

    def extend_vol(self, knoop: bytes, hoogte: int) -> None:
        """Add the root of a full subtree of 2**hoogte leaves; the size must be a multiple of that."""
        if self.omvang & ((1 << hoogte) - 1):
            raise ValueError("a full subtree does not begin here")
        plek = self.omvang >> hoogte
        while plek & 1:
            knoop = hash_knoop(self.knopen.pop(), knoop)
            plek >>= 1
        self.knopen.append(knoop)
        self.omvang += 1 << hoogte

    @property
    def wortel(self) -> bytes:
        """The root of the tree as it is now."""
        if not self.knopen:
            return LEGE_WORTEL
        wortel = self.knopen[-1]
        for knoop in reversed(self.knopen[:-1]):
            wortel = hash_knoop(knoop, wortel)
        return wortel


def compute_wortel(bladhashes: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    rand = Rand()
    for bladhash in bladhashes:
        rand.append(bladhash)
    return rand.wortel


# --- making proofs ------------------------------------------------------------------------------------------------


def build_rand(knopen: Knopen, omvang: int) -> Rand:
    """Return the right edge of a tree of which every full subtree is known."""
    delen, begin = [], 0
    for hoogte in reversed(range(omvang.bit_length())):
        if omvang >> hoogte & 1:
            delen.append(knopen(hoogte, begin >> hoogte))
            begin += 1 << hoogte
    return Rand(omvang, delen)


def build_inclusiebewijs(knopen: Knopen, index: int, omvang: int) -> tuple[bytes, ...]:
    """Return the proof that leaf `index` is in the tree of `omvang` leaves, from its sibling upwards.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < omvang:
        raise ValueError(f"leaf {index} is not in a tree of {omvang}")
    return tuple(_path(knopen, index, 0, omvang))


def build_consistentiebewijs(knopen: Knopen, oud: int, nieuw: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of `nieuw` leaves begins with the tree of `oud` leaves.

    Raises:
        ValueError: `oud` is larger than `nieuw`.
    """
    if not 0 <= oud <= nieuw:
        raise ValueError(f"a tree of {nieuw} does not begin with one of {oud}")
    return () if oud in {0, nieuw} else tuple(_consistency(knopen, oud, 0, nieuw, heel=True))


def _split(aantal: int) -> int:
    """Return the largest power of two below `aantal`."""
    return 1 << (aantal - 1).bit_length() - 1


def _subtree(knopen: Knopen, begin: int, einde: int) -> bytes:
    """Return the root over leaves begin..einde."""
    aantal = einde - begin
    if aantal & (aantal - 1) == 0:
        hoogte = aantal.bit_length() - 1
        return knopen(hoogte, begin >> hoogte)
    midden = begin + _split(aantal)
    return hash_knoop(_subtree(knopen, begin, midden), _subtree(knopen, midden, einde))


def _path(knopen: Knopen, index: int, begin: int, einde: int) -> list[bytes]:
    if einde - begin == 1:
        return []
    midden = begin + _split(einde - begin)
    if index < midden:
        return [*_path(knopen, index, begin, midden), _subtree(knopen, midden, einde)]
    return [*_path(knopen, index, midden, einde), _subtree(knopen, begin, midden)]


def _consistency(knopen: Knopen, oud: int, begin: int, einde: int, *, heel: bool) -> list[bytes]:
    """As SUBPROOF of RFC 9162: `heel` while this subtree is what the old tree as a whole was."""
    if oud == einde:
        return [] if heel else [_subtree(knopen, begin, einde)]
    midden = begin + _split(einde - begin)
    if oud <= midden:
        return [*_consistency(knopen, oud, begin, midden, heel=heel), _subtree(knopen, midden, einde)]
    return [*_consistency(knopen, oud, midden, einde, heel=False), _subtree(knopen, begin, midden)]


# --- checking proofs ------------------------------------------------------------------------------------------------


def verify_inclusie(index: int, omvang: int, bladhash: bytes, bewijs: Sequence[bytes], wortel: bytes) -> None:
    """Return when the proof shows that a leaf with this hash is at `index` of the tree with this size and root.

    Raises:
        LogboekGewijzigdError: it does not.
    """
    if not 0 <= index < omvang:
        raise LogboekGewijzigdError(f"Regel {index} bestaat niet in een logboek van {omvang} regels.")
    _verify_hashes(bladhash, *bewijs)
    plek, laatste, gevonden = index, omvang - 1, bladhash
    for deel in bewijs:
        if laatste == 0:
            raise LogboekGewijzigdError("Het bewijs is te lang.")
        if plek & 1 or plek == laatste:
            gevonden = hash_knoop(deel, gevonden)
            while not plek & 1:
                plek, laatste = plek >> 1, laatste >> 1
        else:
            gevonden = hash_knoop(gevonden, deel)
        plek, laatste = plek >> 1, laatste >> 1
    if laatste != 0 or gevonden != wortel:
        raise LogboekGewijzigdError(f"Regel {index} staat niet in dit logboek.")


def verify_consistentie(oud: int, nieuw: int, wortel_oud: bytes, wortel_nieuw: bytes, bewijs: Sequence[bytes]) -> None:
    """Return when the proof shows that the newer tree only adds to the older one.

    Raises:
        LogboekGewijzigdError: it does not.
    """
    if oud == 0 and (nieuw != 0 or wortel_nieuw != LEGE_WORTEL):
        raise LogboekGewijzigdError("Een leeg logboek zegt niets over wat erna komt.")
    verify_deelconsistentie(0, oud, nieuw, wortel_oud, wortel_nieuw, bewijs)


def verify_deelinclusie(
    index: int, begin: int, einde: int, bladhash: bytes, bewijs: Sequence[bytes], wortel: bytes
) -> None:
    """Return when the proof shows that a leaf is in the subtree of leaves begin..einde with this root.

    Raises:
        LogboekGewijzigdError: it does not, or begin..einde is no subtree.
    """
    _verify_deelboom(begin, einde)
    if not begin <= index < einde:
        raise LogboekGewijzigdError(f"Regel {index} ligt niet in dit deel van het logboek.")
    verify_inclusie(index - begin, einde - begin, bladhash, bewijs, wortel)


def verify_deelconsistentie(
    begin: int, einde: int, omvang: int, wortel_deel: bytes, wortel: bytes, bewijs: Sequence[bytes]
) -> None:
    """Return when the proof shows that the subtree of leaves begin..einde is part of the tree with this size and root.

    Raises:
        LogboekGewijzigdError: it is not, or begin..einde is no subtree.
    """
    if einde > omvang:
        raise LogboekGewijzigdError("Een ouder logboek kan niet groter zijn dan een nieuwer.")
    if begin == einde:
        if bewijs or wortel_deel != LEGE_WORTEL:
            raise LogboekGewijzigdError("Een leeg deel heeft een vaste wortel, en geen bewijs.")
        return
    _verify_deelboom(begin, einde)
    if bewijs:  # parts of another length could be cut in another place
        _verify_hashes(wortel_deel, *bewijs)
    eerste, deel, geheel = begin, einde - 1, omvang - 1
    while eerste != deel and (deel & 1 or deel == geheel):
        eerste, deel, geheel = eerste >> 1, deel >> 1, geheel >> 1
    zaad, rest = ((wortel_deel,), bewijs) if eerste == deel else (bewijs[:1], bewijs[1:])
    if not zaad:
        raise LogboekGewijzigdError("Het bewijs is te kort.")
    oud, nieuw = _fold(zaad[0], rest, eerste, deel, geheel)
    if oud != wortel_deel or nieuw != wortel:
        raise LogboekGewijzigdError("Het nieuwere logboek is geen voortzetting van het oudere.")


def _fold(zaad: bytes, bewijs: Sequence[bytes], eerste: int, deel: int, geheel: int) -> tuple[bytes, bytes]:
    """Return the roots of the part and of the whole that a proof leads to."""
    oud = nieuw = zaad
    for knoop in bewijs:
        if geheel == 0:
            raise LogboekGewijzigdError("Het bewijs is te lang.")
        if deel & 1 or deel == geheel:
            if eerste < deel:
                oud = hash_knoop(knoop, oud)
            nieuw = hash_knoop(knoop, nieuw)
            while not deel & 1:
                eerste, deel, geheel = eerste >> 1, deel >> 1, geheel >> 1
        else:
            nieuw = hash_knoop(nieuw, knoop)
        eerste, deel, geheel = eerste >> 1, deel >> 1, geheel >> 1
    if geheel != 0:
        raise LogboekGewijzigdError("Het bewijs is te kort.")
    return oud, nieuw


def _verify_deelboom(begin: int, einde: int) -> None:
    if not 0 <= begin < einde or begin & ((1 << (einde - begin - 1).bit_length()) - 1):
        raise LogboekGewijzigdError("Dit is geen deel van een boom.")


def _verify_hashes(*hashes: bytes) -> None:
    if any(len(waarde) != HASH_BYTES for waarde in hashes):
        raise LogboekGewijzigdError("Een hash in het bewijs heeft niet 32 bytes.")
