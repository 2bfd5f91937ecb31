"""What people put in, or move within, our own folders of a scanmap (`verwerkt`, `quarantaine`): seen, and told about.

A file there that the rows do not know was never taken in. It is refused where it lies, with the advice to put it in the
scanmap itself: taking it in from here would be a guess, for after a back-up was put back, or by a person's mistake,
`verwerkt` holds both what was taken in and what was not.

These folders only grow, so they are looked at seldom. The times of folders would tell sooner that something came, but
our own moves change them all day, network drives do not keep them well, and a file that is overwritten leaves them as
they are. So every name is compared with the rows, once a minute, and never for more than a fiftieth of the time: with
100,000 files a look takes 2 to 3 seconds, so then it is done every 2 to 3 minutes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.engine import Engine

from scanstraat.config import Scanmap
from scanstraat.db import begin, read
from scanstraat.domain import Bestandstatus
from scanstraat.intake.scanmap_bestanden import Ingang, Lijst, is_daar, list_eigen_mappen
from scanstraat.intake.scanmap_boek import Plaats, load_plaatsen, save_nieuw, save_waarden, time_text
from scanstraat.intake.scanmap_regels import (
    ANDER_SOORT,
    IN_EIGEN_MAP,
    UIT_EIGEN_MAP,
    Kenmerk,
    Naamsoort,
    Reden,
    find_naamsoort,
    split_pad,
)

_ELKE_S = 60.0
_DEEL_VAN_DE_TIJD = 50  # looking takes at most one part in so many
_SPELING_NS = 2_000_000_000  # a copy of the disk, or another protocol, may round times to two seconds


@dataclass
class _Vondst:
    """What one look wants to change in the rows."""

    waarden: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    nieuw: list[tuple[UUID, str, Naamsoort, Kenmerk, Reden]] = field(default_factory=list)
    geweigerd: set[UUID] = field(default_factory=set)


class EigenMappen:
    """Looks now and then into our own folders of one scanmap."""

    def __init__(self, scanmap: Scanmap, engine: Engine) -> None:
        self._scanmap = scanmap
        self._engine = engine
        self._bekeken: float | None = None
        self._rust_s = _ELKE_S
        self.onleesbaar: Mapping[str, int] = {}  # folder -> errno, at the last look

    def look(self, nu: float) -> frozenset[UUID]:
        """Look, when it is time; return the ids of the files that are refused from now on."""
        if self._bekeken is not None and 0 <= nu - self._bekeken < self._rust_s:
            return frozenset()
        start = time.monotonic()
        lijst = list_eigen_mappen(self._scanmap.map)
        self.onleesbaar = lijst.onleesbaar
        vondst = _Vondst()
        with read(self._engine) as session:
            onbekend = _find_onbekend(lijst, load_plaatsen(session, self._scanmap.naam), vondst, nu)
            if onbekend:
                gezocht = {ingang.kenmerk for ingang in onbekend.values()}
                plaatsen = load_plaatsen(session, self._scanmap.naam)
                self._account(onbekend, [plaats for plaats in plaatsen if plaats.kenmerk in gezocht], vondst, nu)
        if vondst.waarden or vondst.nieuw:
            with begin(self._engine) as session:
                save_waarden(session, vondst.waarden, alleen_wachtend=False)
                save_nieuw(session, self._scanmap.naam, vondst.nieuw, nu, status=Bestandstatus.GEWEIGERD)
        self._bekeken, self._rust_s = nu, max(_ELKE_S, _DEEL_VAN_DE_TIJD * (time.monotonic() - start))
        return frozenset(vondst.geweigerd)

    def _account(self, onbekend: Mapping[str, Ingang], plaatsen: Iterable[Plaats], vondst: _Vondst, nu: float) -> None:
        """Follow what a person moved to here, and refuse what was never seen."""
        bekend = {
            plaats.kenmerk: plaats
            for plaats in plaatsen
            if plaats.ligt_in in onbekend or not is_daar(self._scanmap.map, plaats.ligt_in, plaats.kenmerk)
        }
        for pad, ingang in onbekend.items():
            soort = find_naamsoort(split_pad(pad)[1], self._scanmap)
            reden = ingang.weigering or (ANDER_SOORT if soort in _NIETS else IN_EIGEN_MAP)
            plaats = bekend.pop(ingang.kenmerk, None)
            if plaats is None:
                vondst.nieuw.append((id := uuid4(), pad, soort, ingang.kenmerk, reden))
                vondst.geweigerd.add(id)
            elif plaats.is_behandeld:
                vondst.waarden[plaats.id] = {"verplaatst_naar": pad}
                if plaats.status is Bestandstatus.INGENOMEN:
                    vondst.waarden[plaats.id] |= {"reden_code": "", "reden": ""}
            else:
                vondst.waarden[plaats.id] = _refused_values(pad, soort, reden, nu)
                vondst.geweigerd.add(plaats.id)


_NIETS = (Naamsoort.ANDERS, Naamsoort.TIJDELIJK)  # the desktop's own files, or a copy that has not got its name yet


def _find_onbekend(lijst: Lijst, plaatsen: Iterable[Plaats], vondst: _Vondst, nu: float) -> dict[str, Ingang]:
    """Return what lies there and no row knows; note what was refused before and changed, or is gone."""
    onbekend = {pad: ingang for pad, ingang in lijst.ingangen.items() if ingang.fout is None}
    niet_zo = []
    for plaats in plaatsen:
        if plaats.reden_code == UIT_EIGEN_MAP.code:
            continue  # if a file lies there again, it is to be said again
        ingang = lijst.ingangen.get(plaats.ligt_in)
        if ingang is not None and _is_same(plaats.kenmerk, ingang.kenmerk):
            onbekend.pop(plaats.ligt_in, None)
        elif plaats.is_vreemd:
            niet_zo.append(plaats)
    for plaats in niet_zo:
        ingang = lijst.ingangen.get(plaats.ligt_in)
        weg = lijst.is_known(plaats.ligt_in) if ingang is None else ingang.fout is None
        if plaats.ligt_in in onbekend and onbekend[plaats.ligt_in].kenmerk.inode == plaats.kenmerk.inode:
            vondst.waarden[plaats.id] = _seen_values(onbekend.pop(plaats.ligt_in).kenmerk, nu)
        elif weg and plaats.reden_code == IN_EIGEN_MAP.code:
            vondst.waarden[plaats.id] = {"reden_code": UIT_EIGEN_MAP.code, "reden": UIT_EIGEN_MAP.tekst}
    return onbekend


def _is_same(oud: Kenmerk, nu: Kenmerk) -> bool:
    """Is it, at this path, still the same file? Not by its inode: some network drives give a new one at every look."""
    return oud.omvang_bytes == nu.omvang_bytes and abs(oud.mtime_ns - nu.mtime_ns) < _SPELING_NS


def _seen_values(kenmerk: Kenmerk, nu: float) -> dict[str, Any]:
    return {
        "inode": kenmerk.inode,
        "omvang_bytes": kenmerk.omvang_bytes,
        "mtime_ns": kenmerk.mtime_ns,
        "veranderd_op": time_text(nu),
    }


def _refused_values(pad: str, soort: Naamsoort, reden: Reden, nu: float) -> dict[str, Any]:
    return {
        "pad": pad,
        "rol": soort.rol,
        "status": Bestandstatus.GEWEIGERD.value,
        "reden_code": reden.code,
        "reden": reden.tekst,
        "besloten_op": time_text(nu),
    }
