"""Is this log what was signed, whole, and anchored as the auditor's policy asks? Looks at every byte of it.

It believes the policy and nothing else. Everything the log commits to is read and computed again: every leaf, every
tile, every checkpoint that was ever stored, every line of a witness and every time stamp. Memory does not grow with the
log.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import combinations
from pathlib import Path

from vernietiging.beleid import Beleid
from vernietiging.betekenis import BEKEKEN, Ankerfeit, Betekenis
from vernietiging.boom import Rand, hash_blad
from vernietiging.checkpoint import Checkpoint, parse_checkpoint, read_bericht
from vernietiging.errors import (
    GebeurtenisError,
    LogboekGewijzigdError,
    NietVastTeStellenError,
    OnbekendeGebeurtenisError,
    OngegrondError,
)
from vernietiging.gebeurtenis import verify_blad
from vernietiging.notitie import Notitie, Soort, parse_handtekening, parse_notitie, verify_handtekening
from vernietiging.tegels import BREEDTE, REGELS, Tegelmap, build_pad, encode_bundel
from vernietiging.tijdstempel import find_wortel, verify_tijdstempel

_TEGEL = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")

NIEUWER = (
    "Wat er daarna staat, is niet bekeken: dit is geen bewijs. Vraag de leverancier, en niet alleen de organisatie, om "
    "het controleprogramma dat bij dit logboek hoort."
)
VERANKERING = "verankering"  # the kind of line that says of an anchor that it is there
_MEESTE_STEMPELS = 6  # of one checkpoint; of more, only all together are looked at
Meld = Callable[[int, int], None]


@dataclass(frozen=True)
class Verankering:
    """What stands outside the building about one checkpoint: witnesses and times, by their names in the policy."""

    getuigen: frozenset[str]
    tijdstempels: Mapping[str, datetime]

    def is_genoeg(self, beleid: Beleid) -> bool:
        """Whether it is as many as the policy asks."""
        return beleid.is_quorum(self.getuigen) and len(self.tijdstempels) >= beleid.minimaal_tijdstempels

    def find_tijd(self, beleid: Beleid) -> datetime | None:
        """Return when as many authorities as the policy asks had stamped it; None when it asks none or has too few."""
        tijden = sorted(self.tijdstempels.values())
        nodig = beleid.minimaal_tijdstempels
        return tijden[nodig - 1] if 0 < nodig <= len(tijden) else None


@dataclass(frozen=True)
class Verslag:
    """A log that is proven, up to its newest checkpoint."""

    checkpoint: Checkpoint
    checkpoints: int  # how many were stored and hold
    verankerd: Mapping[int, Verankering]  # size -> what anchors it, enough by the policy
    vernietigd: int  # dozen that the log says are destroyed, each with its grounds
    zonder_grond: tuple[int, ...] = ()  # lines that say that paper went while that was not allowed
    deels: int = 0  # dozen of which part went, and nothing says what became of the rest


def verify_logboek(map: Path, beleid: Beleid, *, meld: Meld = lambda _gedaan, _totaal: None) -> Verslag:
    """Return when everything in this folder holds.

    Args:
        map: a log as it is exported.
        meld: is told how many events are done, of how many.

    Raises:
        LogboekGewijzigdError: something was changed, left out or put in.
        NietVastTeStellenError: evidence that the policy asks for is missing, or cannot be checked here.
    """
    kop = verify_checkpoint(_read_notitie(map / "checkpoint"), beleid)
    bewaard = dict(_read_checkpoints(map, beleid))
    if bewaard.get(kop.omvang, (None, b""))[0] != kop:
        raise LogboekGewijzigdError("Het checkpoint is niet bewaard zoals het is ondertekend.")
    # A log that is being sealed may already have a newer one stored than the one it shows.
    checkpoint, _ = bewaard[max(bewaard)]
    verankeringen = {omvang: find_verankering(map, beleid, punt, inhoud) for omvang, (punt, inhoud) in bewaard.items()}
    genoeg = {omvang: anker for omvang, anker in verankeringen.items() if anker.is_genoeg(beleid)}
    punten = {omvang: punt for omvang, (punt, _) in bewaard.items()}
    betekenis = Betekenis(
        _Naslag(map, checkpoint.omvang).read,
        {
            omvang: Ankerfeit(
                punt.wortel, omvang in genoeg, verankeringen[omvang].find_tijd(beleid), find_bewijzen(map, omvang)
            )
            for omvang, punt in punten.items()
        },
    )
    nodig, onbekend = _verify_bladen(map, punten, checkpoint, betekenis, meld)
    if betekenis.fout is not None:  # only now is it sure that these are the lines that were signed
        raise betekenis.fout
    if onbekend is not None:
        if betekenis.zonder_grond:  # that was read before it, and stays so whatever follows
            regels = ", ".join(str(nummer) for nummer in betekenis.zonder_grond)
            raise OngegrondError(
                f"Regel {regels}: papier is vernietigd terwijl er iets in de weg stond, en dat is zo vastgelegd. "
                f"{onbekend} {NIEUWER}"
            )
        raise NietVastTeStellenError(f"{onbekend} {NIEUWER}")
    laatste = max(genoeg, default=0)
    if laatste < nodig or not genoeg:
        raise NietVastTeStellenError(
            f"De gebeurtenissen na nummer {laatste} zijn nog niet verankerd zoals het beleid vraagt. Vraag een nieuwer "
            "uittreksel."
        )
    return Verslag(
        checkpoint, len(bewaard), genoeg, betekenis.vernietigd, tuple(betekenis.zonder_grond), betekenis.deels
    )


def verify_checkpoint(notitie: Notitie, beleid: Beleid) -> Checkpoint:
    """Return a checkpoint that the log of this policy signed with a key of each kind that the policy has.

    Raises:
        LogboekGewijzigdError: it is of another log, or a signature of a known key does not hold or is missing.
    """
    checkpoint = parse_checkpoint(notitie.tekst)
    if checkpoint.oorsprong != beleid.oorsprong:
        raise LogboekGewijzigdError(f"Dit is logboek {checkpoint.oorsprong}, niet {beleid.oorsprong}.")
    getekend: set[Soort] = set()
    for sleutel in beleid.logsleutels:
        for handtekening in notitie.find(sleutel):
            verify_handtekening(sleutel, handtekening, read_bericht(checkpoint, sleutel, handtekening))
            getekend.add(sleutel.soort)
    if getekend != {sleutel.soort for sleutel in beleid.logsleutels}:
        raise LogboekGewijzigdError("Een checkpoint is niet ondertekend met de sleutels van dit logboek.")
    return checkpoint


def find_getuigen(notitie: Notitie, beleid: Beleid) -> frozenset[str]:
    """Return the witnesses (by their name in the policy) whose line under a checkpoint holds.

    Raises:
        LogboekGewijzigdError: the line of a known witness does not hold.
    """
    checkpoint = parse_checkpoint(notitie.tekst)
    gevonden = set()
    for naam, sleutel in beleid.getuigen.items():
        for handtekening in notitie.find(sleutel):
            verify_handtekening(sleutel, handtekening, read_bericht(checkpoint, sleutel, handtekening))
            gevonden.add(naam)
    return frozenset(gevonden)


def _is_half(pad: Path) -> bool:
    """Whether a file is one that is being written; it gets its name when it is whole (`tegels.write_once`)."""
    return pad.name.startswith(".") and pad.name.endswith(".nieuw")


def _read_notitie(pad: Path) -> Notitie:
    return parse_notitie(_read(pad))


def _read(pad: Path) -> bytes:
    try:
        return pad.read_bytes()
    except FileNotFoundError as exc:
        raise NietVastTeStellenError(f"{pad.name} ontbreekt in het logboek.") from exc
    except OSError as exc:
        raise NietVastTeStellenError(f"{pad} is niet te lezen.") from exc


def _read_checkpoints(map: Path, beleid: Beleid) -> Iterator[tuple[int, tuple[Checkpoint, bytes]]]:
    for pad in sorted((map / "checkpoints").iterdir()) if (map / "checkpoints").is_dir() else ():
        if _is_half(pad):
            continue
        inhoud = _read(pad)
        checkpoint = verify_checkpoint(parse_notitie(inhoud), beleid)
        if pad.name != str(checkpoint.omvang):
            raise LogboekGewijzigdError(f"Checkpoint {pad.name} gaat over een logboek van {checkpoint.omvang}.")
        yield checkpoint.omvang, (checkpoint, inhoud)


def find_verankering(map: Path, beleid: Beleid, checkpoint: Checkpoint, inhoud: bytes) -> Verankering:
    """Return what anchors a stored checkpoint; every line and stamp of it is verified.

    Raises:
        LogboekGewijzigdError: a line or stamp does not hold.
        NietVastTeStellenError: a root or the openssl command is missing.
    """
    notitie = parse_notitie(inhoud)
    extra = map / "getuigen" / str(checkpoint.omvang)
    if extra.exists():
        regels = _read(extra).decode(errors="replace").removesuffix("\n").split("\n")
        notitie = notitie.add(parse_handtekening(regel) for regel in regels)
    stempels: dict[str, datetime] = {}
    for naam, sha256 in beleid.tijdstempels.items():
        antwoord = map / "tijdstempels" / str(checkpoint.omvang) / f"{naam}.tsr"
        if antwoord.exists():
            wortel = find_wortel(map / "wortels", sha256)
            if wortel is None:
                raise NietVastTeStellenError(f"Het certificaat van tijdstempelautoriteit {naam} ontbreekt.")
            stempels[naam] = verify_tijdstempel(antwoord, inhoud, wortel)
    return Verankering(find_getuigen(notitie, beleid), stempels)


def hash_bewijs(map: Path, omvang: int) -> str:
    """Return the SHA-256, hex, over every stamp and every line of a witness about a checkpoint.

    Of each file: its path in the log, a newline, its SHA-256 in hex, a newline; in the order of the paths.
    """
    return _hash_bestanden(_read_bewijzen(map, omvang))


def find_bewijzen(map: Path, omvang: int) -> frozenset[str]:
    """Return what `hash_bewijs` may have been before: files are never changed, stamps and lines only come in."""
    bestanden = _read_bewijzen(map, omvang)
    stempels = {naam: inhoud for naam, inhoud in bestanden.items() if naam.startswith("tijdstempels/")}
    regels = bestanden.get(f"getuigen/{omvang}", b"").splitlines(keepends=True)
    hoeveel = range(len(stempels) + 1) if len(stempels) <= _MEESTE_STEMPELS else (len(stempels),)
    return frozenset(
        _hash_bestanden(dict(deel) | ({f"getuigen/{omvang}": b"".join(regels[:tot])} if tot else {}))
        for aantal in hoeveel
        for deel in combinations(stempels.items(), aantal)
        for tot in range(len(regels) + 1)
    )


def _read_bewijzen(map: Path, omvang: int) -> dict[str, bytes]:
    paden = [map / "getuigen" / str(omvang), *(map / "tijdstempels" / str(omvang)).glob("*.tsr")]
    return {pad.relative_to(map).as_posix(): _read(pad) for pad in paden if pad.is_file()}


def _hash_bestanden(bestanden: Mapping[str, bytes]) -> str:
    regels = (f"{naam}\n{hashlib.sha256(inhoud).hexdigest()}\n" for naam, inhoud in sorted(bestanden.items()))
    return hashlib.sha256("".join(regels).encode()).hexdigest()


# --- leaves and tiles ---------------------------------------------------------------------------------------------


def _verify_bladen(
    map: Path, bewaard: Mapping[int, Checkpoint], checkpoint: Checkpoint, betekenis: Betekenis, meld: Meld
) -> tuple[int, str | None]:
    """Return how many lines an anchor must cover: all but those at the end that say of an anchor that it is there.

    Anchoring writes such a line, so a log that lives always has one behind its newest anchor. Also return, in Dutch,
    the first line of which this program cannot tell what it means: after it, nothing of the meaning is looked at.
    """
    nodig, onbekend = 0, None
    nalezer = _Nalezer(map)
    rand = Rand()
    for n in range(-(-checkpoint.omvang // BREEDTE)):
        breedte = min(BREEDTE, checkpoint.omvang - n * BREEDTE)
        for blad in nalezer.read_bundel(n, breedte):
            try:
                soort = verify_blad(blad)
            except OnbekendeGebeurtenisError as exc:
                soort, onbekend = "", onbekend or f"Regel {rand.omvang}: {exc}"
            except GebeurtenisError as exc:
                raise LogboekGewijzigdError(f"Regel {rand.omvang}: {exc}") from exc
            if soort in BEKEKEN and onbekend is None:
                betekenis.look(rand.omvang, blad)
            if soort != VERANKERING:
                nodig = rand.omvang + 1
            rand.append(nalezer.append(hash_blad(blad)))
            punt = bewaard.get(rand.omvang)
            if punt is not None and punt.wortel != rand.wortel:
                raise LogboekGewijzigdError(
                    f"Het logboek is niet dat van het checkpoint over {rand.omvang} gebeurtenissen."
                )
        meld(rand.omvang, checkpoint.omvang)
    if rand.wortel != checkpoint.wortel:
        raise LogboekGewijzigdError("Het logboek is niet dat van het nieuwste checkpoint.")
    nalezer.finish()
    return nodig, onbekend


class _Naslag:
    """Looks up single lines of the log, a bundle at a time; the last ones stay at hand."""

    def __init__(self, map: Path, omvang: int) -> None:
        self._tegels, self._omvang = Tegelmap(map), omvang
        self._read_bundel = lru_cache(maxsize=8)(self._read)

    def read(self, nummer: int) -> bytes:
        """Return the leaf with this number, which must be one of the log."""
        n, plek = divmod(nummer, BREEDTE)
        return self._read_bundel(n)[plek]

    def _read(self, n: int) -> list[bytes]:
        return self._tegels.read_bladen(n, min(BREEDTE, self._omvang - n * BREEDTE))


class _Nalezer:
    """Compares every file of the log with what it must hold, while the leaves go by; keeps one tile of each level."""

    def __init__(self, map: Path) -> None:
        self._map = map
        self._tegels = Tegelmap(map)
        self._rijen: list[list[bytes]] = []  # per level: the hashes of the tile that is being filled
        self._nummers: list[int] = []

    def read_bundel(self, n: int, breedte: int) -> list[bytes]:
        """Return the leaves of a bundle; every file that holds (a part of) it must hold the same."""
        bladen = self._tegels.read_bladen(n, breedte)
        self._compare(REGELS, n, lambda aantal: encode_bundel(bladen[:aantal]), breedte)
        return bladen

    def append(self, bladhash: bytes) -> bytes:
        """Add a leaf hash to its tile, and go on with the levels above when one is full."""
        waarde, niveau = bladhash, 0
        while True:
            if niveau == len(self._rijen):
                self._rijen.append([])
                self._nummers.append(0)
            rij = self._rijen[niveau]
            rij.append(waarde)
            if len(rij) < BREEDTE:
                return bladhash
            waarde = self._check_tegel(niveau)
            niveau += 1

    def finish(self) -> None:
        """Compare what is not full, and refuse files that the log does not have."""
        for niveau, rij in enumerate(self._rijen):
            if rij:
                self._check_tegel(niveau)
        for map, _, namen in os.walk(self._map / "tile"):
            for pad in (Path(map, naam) for naam in namen):
                if not _is_half(pad) and not _is_tegel(pad.relative_to(self._map).as_posix()):
                    raise LogboekGewijzigdError(f"{pad.relative_to(self._map)} hoort niet bij het logboek.")

    def _check_tegel(self, niveau: int) -> bytes:
        rij, n = self._rijen[niveau], self._nummers[niveau]
        self._compare(niveau, n, lambda aantal: b"".join(rij[:aantal]), len(rij))
        self._rijen[niveau], self._nummers[niveau] = [], n + 1
        rand = Rand()
        for waarde in rij:
            rand.append(waarde)
        return rand.wortel

    def _compare(self, soort: int | str, n: int, build: Callable[[int], bytes], breedte: int) -> None:
        """Compare the full file and every partial one; one that is as wide as the log is, or wider, must be there.

        What a wider one holds beyond the newest checkpoint is not sealed yet, and is not looked at.
        """
        gevonden = False
        for pad, aantal in self._files(soort, n):
            inhoud, verwacht = _read(pad), build(min(aantal, breedte))
            if inhoud[: len(verwacht)] != verwacht or (aantal <= breedte and len(inhoud) != len(verwacht)):
                raise LogboekGewijzigdError(f"{pad.relative_to(self._map)} is niet wat er is verzegeld.")
            gevonden = gevonden or aantal >= breedte
        if not gevonden:
            raise LogboekGewijzigdError(f"Er ontbreekt een deel van het logboek: {build_pad(soort, n, breedte)}.")

    def _files(self, soort: int | str, n: int) -> Iterator[tuple[Path, int]]:
        heel = self._map / build_pad(soort, n)
        if heel.exists():
            yield heel, BREEDTE
        deels = (self._map / build_pad(soort, n, 1)).parent
        if deels.is_dir():
            for pad in sorted(deels.iterdir()):
                if _is_half(pad):
                    continue
                if not pad.name.isdecimal() or str(int(pad.name)) != pad.name or not 0 < int(pad.name) < BREEDTE:
                    raise LogboekGewijzigdError(f"{pad.relative_to(self._map)} hoort niet bij het logboek.")
                yield pad, int(pad.name)


def _is_tegel(pad: str) -> bool:
    """Whether this is the one spelling of the path of a tile or a bundle."""
    gevonden = _TEGEL.fullmatch(pad)
    if gevonden is None:
        return False
    n, breedte = int("".join(deel.removeprefix("x") for deel in gevonden[2].split("/"))), int(gevonden[3] or BREEDTE)
    return breedte <= BREEDTE and build_pad(gevonden[1], n, breedte) == pad
