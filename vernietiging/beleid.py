"""What an auditor trusts: origin and keys of the log, its witnesses, and the roots of time-stamp authorities. Pure.

The file is a C2SP tlog-policy, so other tools read it too. What that format leaves out stands in lines that these take
for comments: `#% tijdstempel NAAM SHA256` (a root certificate, by its fingerprint) and `#% tijdstempels N` (how many
different authorities must have stamped a checkpoint). Nothing of it ever comes from the data that is checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vernietiging.errors import NietVastTeStellenError
from vernietiging.notitie import Sleutel, Soort, parse_vkey

_SHA256 = re.compile(r"[0-9a-f]{64}")
GEEN = "none"


@dataclass(frozen=True)
class Groep:
    """So many of these witnesses or groups count as one witness."""

    minimaal: int
    leden: tuple[str, ...]


@dataclass(frozen=True)
class Beleid:
    """Whom to believe, and how many of them.

    logsleutels: of one log; their name is its origin.
    quorum: the witness or group that must have cosigned a checkpoint, or "none".
    tijdstempels: name of an authority -> SHA-256 of its root certificate (DER), hex.
    """

    logsleutels: tuple[Sleutel, ...]
    getuigen: Mapping[str, Sleutel]
    groepen: Mapping[str, Groep]
    quorum: str
    tijdstempels: Mapping[str, str]
    minimaal_tijdstempels: int

    @property
    def oorsprong(self) -> str:
        """The origin of the log."""
        return self.logsleutels[0].naam

    @property
    def is_verankerend(self) -> bool:
        """Whether it asks anybody outside to vouch for a checkpoint."""
        return self.quorum != GEEN or self.minimaal_tijdstempels > 0

    def is_quorum(self, getuigd: frozenset[str]) -> bool:
        """Whether cosignatures of these witnesses (by their name in this policy) are enough."""
        return self.quorum == GEEN or self._telt(self.quorum, getuigd)

    def _telt(self, naam: str, getuigd: frozenset[str]) -> bool:
        if naam in self.getuigen:
            return naam in getuigd
        groep = self.groepen[naam]
        return sum(self._telt(lid, getuigd) for lid in groep.leden) >= groep.minimaal


def parse_beleid(tekst: str) -> Beleid:
    """Read a policy file.

    Raises:
        NietVastTeStellenError: a line is wrong or missing; nothing may be believed then.
    """
    lezer = _Lezer()
    for nummer, regel in enumerate(tekst.split("\n"), start=1):
        try:
            lezer.read(regel.split())
        except (ValueError, IndexError, NietVastTeStellenError) as exc:
            raise NietVastTeStellenError(f"Regel {nummer} van het beleid klopt niet: {exc}") from exc
    return lezer.build()


class _Lezer:
    def __init__(self) -> None:
        self.logsleutels: list[Sleutel] = []
        self.getuigen: dict[str, Sleutel] = {}
        self.groepen: dict[str, Groep] = {}
        self.quorum: str | None = None
        self.tijdstempels: dict[str, str] = {}
        self.minimaal: int | None = None

    def read(self, woorden: Sequence[str]) -> None:
        if not woorden:
            return
        if woorden[0] == "#%":
            self._read_eigen(woorden[1:])
        elif not woorden[0].startswith("#"):
            regels = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
            if woorden[0] not in regels:
                raise ValueError(f"{woorden[0]} is onbekend")
            regels[woorden[0]](woorden[1:])

    def build(self) -> Beleid:
        if not self.logsleutels:
            raise NietVastTeStellenError("In het beleid staat geen enkele sleutel van een logboek.")
        if self.quorum is None:
            raise NietVastTeStellenError(
                "In het beleid ontbreekt de regel quorum; zonder getuigen is dat: quorum none."
            )
        minimaal = len(self.tijdstempels) if self.minimaal is None else self.minimaal
        if minimaal > len(self.tijdstempels):
            raise NietVastTeStellenError("Het beleid vraagt meer tijdstempels dan het autoriteiten noemt.")
        return Beleid(tuple(self.logsleutels), self.getuigen, self.groepen, self.quorum, self.tijdstempels, minimaal)

    def _log(self, woorden: Sequence[str]) -> None:
        sleutel = parse_vkey(_first(woorden, 2))
        if sleutel.soort is Soort.MEDEONDERTEKENING:
            raise ValueError("een logboek ondertekent niet als getuige")
        if self.logsleutels and sleutel.naam != self.logsleutels[0].naam:
            raise ValueError("alle sleutels horen bij een en hetzelfde logboek")
        self._check_new(sleutel)
        self.logsleutels.append(sleutel)

    def _witness(self, woorden: Sequence[str]) -> None:
        naam = self._new_name(woorden[0])
        sleutel = parse_vkey(_first(woorden[1:], 2))
        if sleutel.soort is Soort.ED25519:
            raise ValueError("een getuige zet een tijd bij zijn handtekening")
        self._check_new(sleutel)
        self.getuigen[naam] = sleutel

    def _group(self, woorden: Sequence[str]) -> None:
        naam, hoeveel, *leden = woorden
        al_lid = {lid for groep in self.groepen.values() for lid in groep.leden}
        for lid in leden:
            if (lid not in self.getuigen and lid not in self.groepen) or lid in al_lid or leden.count(lid) > 1:
                raise ValueError(f"{lid} is onbekend, of hoort al bij een groep")
        minimaal = {"all": len(leden), "any": 1}.get(hoeveel) or int(hoeveel)
        if not 1 <= minimaal <= len(leden):
            raise ValueError("een groep heeft minder leden dan er nodig zijn")
        self.groepen[self._new_name(naam)] = Groep(minimaal, tuple(leden))

    def _quorum(self, woorden: Sequence[str]) -> None:
        (naam,) = woorden
        if self.quorum is not None:
            raise ValueError("quorum staat er twee keer")
        if naam != GEEN and naam not in self.getuigen and naam not in self.groepen:
            raise ValueError(f"{naam} is onbekend")
        self.quorum = naam

    def _read_eigen(self, woorden: Sequence[str]) -> None:
        soort, *rest = woorden
        if soort == "tijdstempel":
            naam, vingerafdruk = rest
            if not _SHA256.fullmatch(vingerafdruk) or naam in self.tijdstempels:
                raise ValueError("dat is geen SHA-256, of de naam staat er al")
            if vingerafdruk in self.tijdstempels.values():
                raise ValueError("dit certificaat staat er al onder een andere naam")
            self.tijdstempels[naam] = vingerafdruk
        elif soort == "tijdstempels":
            (aantal,) = rest
            if self.minimaal is not None or not aantal.isdecimal():
                raise ValueError("dat is geen aantal, of het staat er al")
            self.minimaal = int(aantal)
        else:
            raise ValueError(f"{soort} is onbekend")

    def _check_new(self, sleutel: Sleutel) -> None:
        if any(sleutel.publiek == ander.publiek for ander in (*self.logsleutels, *self.getuigen.values())):
            raise ValueError("deze sleutel staat er al")

    def _new_name(self, naam: str) -> str:
        if naam in self.getuigen or naam in self.groepen or naam == GEEN:
            raise ValueError(f"de naam {naam} bestaat al")
        return naam


def _first(woorden: Sequence[str], hoogstens: int) -> str:
    """Return the first of at most so many words: behind a key may stand an address."""
    if not 1 <= len(woorden) <= hoogstens:
        raise ValueError("er staat te weinig of te veel")
    return woorden[0]


def render_beleid(beleid: Beleid) -> str:
    """Return the policy as a file; `parse_beleid` reads the same from it."""
    regels = [f"# Beleid van het logboek {beleid.oorsprong}"]
    regels += [f"log {sleutel.to_vkey()}" for sleutel in beleid.logsleutels]
    regels += [f"witness {naam} {sleutel.to_vkey()}" for naam, sleutel in beleid.getuigen.items()]
    regels += [f"group {naam} {groep.minimaal} {' '.join(groep.leden)}" for naam, groep in beleid.groepen.items()]
    regels.append(f"quorum {beleid.quorum}")
    regels += [f"#% tijdstempel {naam} {vingerafdruk}" for naam, vingerafdruk in beleid.tijdstempels.items()]
    regels.append(f"#% tijdstempels {beleid.minimaal_tijdstempels}")
    return "\n".join(regels) + "\n"
