"""The Merkle tree against published vectors, against its definition, and against every small change."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernietiging.boom import (
    LEGE_WORTEL,
    Rand,
    build_consistentiebewijs,
    build_inclusiebewijs,
    build_rand,
    compute_wortel,
    hash_blad,
    hash_knoop,
    verify_consistentie,
    verify_deelconsistentie,
    verify_deelinclusie,
    verify_inclusie,
)
from vernietiging.errors import LogboekGewijzigdError

VECTOREN = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "merkle"


def define_wortel(bladhashes: Sequence[bytes]) -> bytes:
    """The root as RFC 6962 defines it, by recursion over the list."""
    if not bladhashes:
        return hashlib.sha256(b"").digest()
    if len(bladhashes) == 1:
        return bladhashes[0]
    k = 1
    while k * 2 < len(bladhashes):
        k *= 2
    return hashlib.sha256(b"\x01" + define_wortel(bladhashes[:k]) + define_wortel(bladhashes[k:])).digest()


def build_bladen(aantal: int) -> list[bytes]:
    return [hash_blad(str(i).encode()) for i in range(aantal)]


def knopen_van(bladen: Sequence[bytes]) -> Callable[[int, int], bytes]:
    return lambda hoogte, plek: define_wortel(bladen[plek << hoogte : (plek + 1) << hoogte])


def decode(tekst: str | None) -> bytes:
    return base64.b64decode(tekst or "")


def give_verdict(vector: dict[str, Any]) -> None:
    bewijs = [decode(deel) for deel in vector["proof"] or []]
    if "leafIdx" in vector:
        blad, wortel = decode(vector["leafHash"]), decode(vector["root"])
        if "start" in vector:
            return verify_deelinclusie(vector["leafIdx"], vector["start"], vector["end"], blad, bewijs, wortel)
        return verify_inclusie(vector["leafIdx"], vector["treeSize"], blad, bewijs, wortel)
    wortels = decode(vector["root1"]), decode(vector["root2"])
    if "start" in vector:
        return verify_deelconsistentie(vector["start"], vector["end"], vector["size"], *wortels, bewijs)
    return verify_consistentie(vector["size1"], vector["size2"], *wortels, bewijs)


@pytest.mark.skipif(not VECTOREN.is_dir(), reason="the published Merkle vectors are not beside this checkout")
@pytest.mark.parametrize(
    ("map_", "aantal"),
    [("inclusion", 98), ("consistency", 98), ("subtreeinclusion", 204), ("subtreeconsistency", 118)],
)
def test_every_published_vector_gets_its_verdict(map_: str, aantal: int) -> None:
    paden = sorted((VECTOREN / map_).rglob("*.json"))
    assert len(paden) == aantal
    anders = []
    for pad in paden:
        vector = json.loads(pad.read_text(encoding="utf-8"))
        try:
            give_verdict(vector)
            geldig = True
        except LogboekGewijzigdError:
            geldig = False
        if geldig == vector["wantErr"]:
            anders.append((str(pad.relative_to(VECTOREN)), vector["desc"]))
    assert anders == []


@given(st.integers(0, 300))
def test_the_root_is_that_of_the_definition(aantal: int) -> None:
    bladen = build_bladen(aantal)
    assert compute_wortel(bladen) == define_wortel(bladen)
    assert build_rand(knopen_van(bladen), aantal).wortel == define_wortel(bladen)


def test_known_hashes() -> None:
    assert LEGE_WORTEL.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert hash_blad(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert hash_knoop(hash_blad(b""), hash_blad(b"\x00")) == compute_wortel([hash_blad(b""), hash_blad(b"\x00")])


@given(st.data())
def test_an_edge_goes_on_where_it_was_kept(gegevens: st.DataObject) -> None:
    bladen = build_bladen(gegevens.draw(st.integers(0, 70)))
    tot = gegevens.draw(st.integers(0, len(bladen)))
    rand = Rand()
    for blad in bladen[:tot]:
        rand.append(blad)
    verder = Rand(rand.omvang, tuple(rand.knopen))
    for blad in bladen[tot:]:
        verder.append(blad)
    assert (verder.omvang, verder.wortel) == (len(bladen), define_wortel(bladen))


@given(st.integers(0, 40), st.integers(0, 4))
def test_a_full_subtree_counts_as_its_leaves(voor: int, hoogte: int) -> None:
    voor -= voor % (1 << hoogte)
    bladen = build_bladen(voor + (1 << hoogte))
    rand = Rand()
    for blad in bladen[:voor]:
        rand.append(blad)
    rand.extend_vol(define_wortel(bladen[voor:]), hoogte)
    assert (rand.omvang, rand.wortel) == (len(bladen), define_wortel(bladen))


def test_an_edge_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Rand(3, [hash_blad(b"")])
    with pytest.raises(ValueError, match="does not fit"):
        Rand(1, [b"kort"])
    rand = Rand()
    rand.append(hash_blad(b""))
    with pytest.raises(ValueError, match="does not begin here"):
        rand.extend_vol(hash_blad(b""), 1)


@given(st.data())
def test_a_proof_holds_for_its_own_leaf_and_for_no_other(gegevens: st.DataObject) -> None:
    omvang = gegevens.draw(st.integers(1, 70))
    index = gegevens.draw(st.integers(0, omvang - 1))
    bladen = build_bladen(omvang)
    knopen, wortel = knopen_van(bladen), define_wortel(bladen)
    bewijs = build_inclusiebewijs(knopen, index, omvang)
    verify_inclusie(index, omvang, bladen[index], bewijs, wortel)
    ander = gegevens.draw(st.integers(0, omvang).filter(lambda i: i != index))
    with pytest.raises(LogboekGewijzigdError):
        verify_inclusie(ander, omvang, bladen[index], bewijs, wortel)
    for vals in (bewijs[:-1], (*bewijs, wortel)):
        if vals != bewijs:
            with pytest.raises(LogboekGewijzigdError):
                verify_inclusie(index, omvang, bladen[index], vals, wortel)


@given(st.data())
def test_a_newer_log_holds_the_older_one_or_the_proof_fails(gegevens: st.DataObject) -> None:
    nieuw = gegevens.draw(st.integers(1, 70))
    oud = gegevens.draw(st.integers(0, nieuw))
    bladen = build_bladen(nieuw)
    bewijs = build_consistentiebewijs(knopen_van(bladen), oud, nieuw)
    wortel_oud, wortel_nieuw = define_wortel(bladen[:oud]), define_wortel(bladen)
    if not oud:
        with pytest.raises(LogboekGewijzigdError, match="zegt niets"):
            verify_consistentie(oud, nieuw, wortel_oud, wortel_nieuw, bewijs)
    else:
        verify_consistentie(oud, nieuw, wortel_oud, wortel_nieuw, bewijs)
        gewijzigd = [*bladen]
        gewijzigd[gegevens.draw(st.integers(0, oud - 1))] = hash_blad(b"anders")
        with pytest.raises(LogboekGewijzigdError):
            verify_consistentie(
                oud,
                nieuw,
                wortel_oud,
                define_wortel(gewijzigd),
                build_consistentiebewijs(knopen_van(gewijzigd), oud, nieuw),
            )


def test_there_is_no_proof_of_what_is_not_there() -> None:
    knopen = knopen_van(build_bladen(3))
    with pytest.raises(ValueError, match="not in a tree"):
        build_inclusiebewijs(knopen, 3, 3)
    with pytest.raises(ValueError, match="does not begin"):
        build_consistentiebewijs(knopen, 4, 3)


def test_a_part_that_is_one_subtree_of_the_whole_needs_no_more_of_itself() -> None:
    bladen = build_bladen(4)
    wortel = define_wortel(bladen)
    verify_deelconsistentie(1, 2, 4, bladen[1], wortel, [bladen[0], define_wortel(bladen[2:])])
    with pytest.raises(LogboekGewijzigdError):
        verify_deelconsistentie(1, 2, 4, bladen[2], wortel, [bladen[0], define_wortel(bladen[2:])])


def test_an_edge_is_no_key_because_it_grows() -> None:
    with pytest.raises(TypeError, match="grows"):
        hash(Rand())
