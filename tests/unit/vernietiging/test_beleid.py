"""The policy of an auditor: what it lets count, and every mistake in it."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vernietiging.beleid import parse_beleid, render_beleid
from vernietiging.errors import NietVastTeStellenError
from vernietiging.notitie import Sleutel, Soort


def build_vkey(nummer: int, soort: Soort, naam: str = "") -> str:
    sleutel = Ed25519PrivateKey.from_private_bytes(bytes([nummer]) * 32).public_key().public_bytes_raw()
    return Sleutel(naam or f"w{nummer}.example", soort, sleutel).to_vkey()


LOG = f"log {build_vkey(1, Soort.ED25519, 'log.example')}"
GETUIGEN = [f"witness g{i} {build_vkey(i, Soort.MEDEONDERTEKENING)} https://w{i}.example/" for i in (2, 3, 4, 5)]
GROEPEN = ["group paar 2 g2 g3", "group een any g4 g5", "group alle all paar een", "quorum alle"]
TSA = ["#% tijdstempel tsa1 " + "ab" * 32, "#% tijdstempel tsa2 " + "cd" * 32, "#% tijdstempels 1"]


def build(*regels: str) -> str:
    return "\n".join(regels) + "\n"


HEEL = build("# gedrukt in het handboek", "", f"\t{LOG}  ", *GETUIGEN, *GROEPEN, *TSA)


def test_groups_count_as_they_say() -> None:
    beleid = parse_beleid(HEEL)
    assert beleid.oorsprong == "log.example"
    namen = ["g2", "g3", "g4", "g5"]
    for getuigd in chain.from_iterable(combinations(namen, aantal) for aantal in range(5)):
        verwacht = {"g2", "g3"} <= set(getuigd) and bool({"g4", "g5"} & set(getuigd))
        assert beleid.is_quorum(frozenset(getuigd)) is verwacht, getuigd
    assert (dict(beleid.tijdstempels), beleid.minimaal_tijdstempels) == ({"tsa1": "ab" * 32, "tsa2": "cd" * 32}, 1)


def test_what_is_written_is_read_back() -> None:
    beleid = parse_beleid(HEEL)
    assert parse_beleid(render_beleid(beleid)) == beleid
    zonder = parse_beleid(build(LOG, "quorum none"))
    assert zonder.is_quorum(frozenset()) and parse_beleid(render_beleid(zonder)) == zonder


def test_all_authorities_must_stamp_unless_the_policy_says_fewer() -> None:
    assert parse_beleid(build(LOG, "quorum none", *TSA[:2])).minimaal_tijdstempels == 2


@pytest.mark.parametrize("regels", [
    [],
    [LOG],
    ["quorum none"],
    [LOG, "quorum none", "quorum none"],
    [LOG, "quorum g2"],
    [LOG, "quorum"],
    [LOG, LOG, "quorum none"],
    [LOG, f"log {build_vkey(2, Soort.ED25519, 'ander.example')}", "quorum none"],
    [f"log {build_vkey(1, Soort.MEDEONDERTEKENING)}", "quorum none"],
    [LOG, f"witness g2 {build_vkey(2, Soort.ED25519)}", "quorum g2"],
    [LOG, f"witness g2 {build_vkey(1, Soort.MEDEONDERTEKENING)}", "quorum g2"],
    [LOG, GETUIGEN[0], GETUIGEN[0], "quorum g2"],
    [LOG, f"witness none {build_vkey(2, Soort.MEDEONDERTEKENING)}", "quorum none"],
    [LOG, GETUIGEN[0], "group a 2 g2", "quorum a"],
    [LOG, GETUIGEN[0], "group a 0 g2", "quorum a"],
    [LOG, GETUIGEN[0], "group a x g2", "quorum a"],
    [LOG, GETUIGEN[0], "group a any g9", "quorum a"],
    [LOG, GETUIGEN[0], "group a any", "quorum a"],
    [LOG, GETUIGEN[0], "group a any g2 g2", "quorum a"],
    [LOG, GETUIGEN[0], "group a any g2", "group b any g2", "quorum a"],
    [LOG, GETUIGEN[0], "group g2 any g2", "quorum g2"],
    [LOG, "witness g2", "quorum none"],
    [LOG, "witness", "quorum none"],
    [f"{LOG} https://x.example nog-iets", "quorum none"],
    [LOG, "quorum none", "onbekend iets"],
    [LOG, "quorum none", "#% tijdstempel tsa1 kort"],
    [LOG, "quorum none", "#% tijdstempel tsa1"],
    [LOG, "quorum none", TSA[0], TSA[0]],
    [LOG, "quorum none", TSA[0], TSA[0].replace("tsa1", "tsa9")],
    [LOG, "quorum none", "#% tijdstempels 1"],
    [LOG, "quorum none", *TSA, "#% tijdstempels 1"],
    [LOG, "quorum none", "#% tijdstempels veel"],
    [LOG, "quorum none", "#% anders"],
    [LOG, "quorum none", "#%"],
])  # fmt: skip
def test_a_policy_with_a_mistake_believes_nobody(regels: list[str]) -> None:
    with pytest.raises(NietVastTeStellenError):
        parse_beleid(build(*regels))
