"""The watcher of one scanmap: sees every file, decides when it is whole, and has it taken in exactly once.

A poller over the folder, with its state in the database; watchdog only wakes it. The rules stand in `scanmap_regels`,
the rows in `scanmap_boek`, taking in in `scanmap_inname`, the handling of names in `scanmap_bestanden`. The watcher
never parses a file: `onderzoek` does that in the sandbox.

Order of things, so that a crash between any two of them is repaired by the next look: the bytes go into the store;
one transaction makes the batch and says that the files are taken in; only then do the sources move to `verwerkt/`.
A source that still lies there while its row says it was taken in is recognised by inode, size and time, and moved.
Nothing is ever deleted, and what is absent from one look may be there in the next.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from watchdog.events import FileClosedEvent, FileSystemEvent, FileSystemEventHandler, FileSystemMovedEvent
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from kwaliteitscontrole.woorden import count_bestanden
from scanstraat.config import Scanmap, Scanprofiel
from scanstraat.db import begin, read, verify_schrijfbaar
from scanstraat.domain import Bestandstatus
from scanstraat.errors import AlleenLezenError, OpslagError, ScanstraatError, ZandbakError
from scanstraat.intake.opslag import Opslag
from scanstraat.intake.scanmap_bestanden import (
    Ingang,
    Lijst,
    find_doel,
    find_verplaatst,
    is_daar,
    list_bestanden,
    make_eigen_mappen,
    move_bestand,
)
from scanstraat.intake.scanmap_boek import (
    NIET_TERUGGEVONDEN,
    Rij,
    has_rows,
    load_beslist,
    load_bestand,
    load_niet_verplaatst,
    load_status,
    load_uit_eigen_map,
    load_wachtend,
    lock_wachtend,
    save_nieuw,
    save_waarden,
    time_text,
)
from scanstraat.intake.scanmap_eigen import EigenMappen
from scanstraat.intake.scanmap_inname import (
    AndersBeslistError,
    Besluit,
    Inname,
    NeemIn,
    Onderzoek,
    OnleesbaarError,
    VeranderdError,
    Wachtend,
    decided_values,
)
from scanstraat.intake.scanmap_regels import (
    ANDER_SOORT,
    EIGEN_MAPPEN,
    HARDE_KOPPELING,
    IN_GEBRUIK,
    INDEX_OVER,
    MINIMAAL_PEILINGEN,
    NIET_LEESBAAR,
    NIET_VERPLAATST,
    NOG_ONBEKEND,
    VERDWENEN,
    WACHTREDENEN,
    Groep,
    Kenmerk,
    Naamsoort,
    Reden,
    find_gebruikte,
    find_groepen,
    find_naamsoort,
    find_overgebleven,
    is_gerust,
    reden_of_oserror,
    split_pad,
)
from scanstraat.technisch_log import describe_fout

_LANGSTE_UITSTEL_S = 60.0
_PAUZE_S = 5.0  # after trouble that is not the file's: no sandbox, a full disk
_KORTSTE_RUST_S = 0.25  # between two looks, however often we are woken
_SAMEN_VERPLAATST = 100  # sources are put away, and that is noted, so many at a time
_VERWERKT, _QUARANTAINE = EIGEN_MAPPEN
MEESTE_MAPPEN = 10  # folders that cannot be read, named at once
_KIJK_VERBINDING_NA = "Controleer of de map er is, of de netwerkmap is verbonden en of de scanstraat er mag lezen."

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Peilverslag:
    """What one look at a scanmap saw and did. `problemen` are Dutch sentences for the health page."""

    bereikbaar: bool
    wachtend: int = 0
    batches: tuple[UUID, ...] = ()
    quarantaine: int = 0
    geweigerd: int = 0
    problemen: tuple[str, ...] = ()


@dataclass
class _Liggend:
    """A file that was decided on and still lies where it came."""

    id: UUID
    pad: str
    kenmerk: Kenmerk
    status: Bestandstatus
    reden_code: str
    poging: int = 0
    niet_voor: float = 0.0


class Scanmapwachter:
    """Watches one scanmap. One thread calls `peil` or `loop`; `opnieuw` may run elsewhere at the same time."""

    def __init__(
        self,
        scanmap: Scanmap,
        profiel: Scanprofiel,
        engine: Engine,
        *,
        onderzoek: Onderzoek,
        opslag: Opslag,
        neem_in: NeemIn,
        klok: Callable[[], float] = time.time,
    ) -> None:
        self._scanmap = scanmap
        self._engine = engine
        self._inname = Inname(scanmap, profiel, engine, onderzoek=onderzoek, opslag=opslag, neem_in=neem_in)
        self._eigen = EigenMappen(scanmap, engine)
        self._klok = klok
        self._stop = threading.Event()
        self._wek = threading.Event()
        self._wachtend: dict[str, Wachtend] = {}
        self._liggend: dict[str, _Liggend] = {}
        self._liggend_geladen = False
        self._te_melden: dict[UUID, Reden] = {}
        self._te_verplaatsen: list[_Liggend] = []
        self._telling: Counter[Bestandstatus] = Counter()
        self._pauze_tot = 0.0
        self._pauze_reden = ""
        self.laatste: Peilverslag | None = None  # another one after each look; the health page shows it

    @property
    def naam(self) -> str:
        """The name of its scanmap."""
        return self._scanmap.naam

    def peil(self) -> Peilverslag:
        """Look once, and take in what is ready.

        Errors of the database come out; all other trouble is in the verslag and in the reasons of the rows. The clock
        is read once, so under a clock of your own a look is deterministic. While the service only reads, a look does
        nothing: every file stays as it is and where it is.
        """
        try:
            verify_schrijfbaar(self._engine)
            self.laatste = self._peil(self._klok())
        except AlleenLezenError as exc:
            self._forget()
            self.laatste = Peilverslag(
                True, problemen=(f"In scanmap {self._scanmap.naam} wordt niets ingenomen. {exc}",)
            )
        except BaseException:
            self._forget()
            raise
        return self.laatste

    def _forget(self) -> None:
        """Drop what we remember, for it may not be what was committed: the next look learns it from the rows."""
        self._wachtend.clear()
        self._liggend.clear()
        self._liggend_geladen = False
        self._te_melden.clear()
        self._te_verplaatsen.clear()

    def loop(self, stop: threading.Event) -> None:
        """Look until `stop`, every `peiling_s` and when watchdog says that something came. Nothing else ends it."""
        self._stop = stop
        wekker = _Wekker(self._scanmap.map, self._wek)
        try:
            while not stop.is_set():
                self._wek.clear()
                try:
                    self.peil()
                except Exception as exc:  # whatever it is, the next look is due
                    _log.error("peiling mislukt", scanmap=self._scanmap.naam, **describe_fout(exc))
                    tekst = str(exc) if isinstance(exc, ScanstraatError) else NOG_ONBEKEND.tekst
                    self.laatste = Peilverslag(
                        False, problemen=(f"Scanmap {self._scanmap.naam} kon niet worden bekeken. {tekst}",)
                    )
                wekker.renew()
                self._rest(stop)
        finally:
            wekker.stop()

    def opnieuw(self, bestand_id: UUID, door: str) -> UUID | None:
        """Offer a file once more: one in quarantine is judged again from the store, and taken in when it may pass.

        `door` is the person who asks for it; that is an event, also when the file may still not pass.
        Returns the batch, or None for a refused file that waits again where it lies.

        Raises:
            InvoerError: it may still not pass; the new reason is stored with it.
            NietGevondenError, NietMogelijkError: no such file, or it is in another place.
        """
        batch = self._inname.retry(bestand_id, self._klok(), door)
        if batch is not None:
            with read(self._engine) as session:
                onaf = [rij for rij in load_niet_verplaatst(session, self._scanmap.naam) if rij.id == bestand_id]
            for rij in onaf:
                self._put_away_after_all(rij)
        return batch

    def _rest(self, stop: threading.Event) -> None:
        kortste = min(_KORTSTE_RUST_S, self._scanmap.peiling_s)
        stop.wait(kortste)
        einde = time.monotonic() + self._scanmap.peiling_s - kortste
        while not stop.is_set() and not self._wek.is_set() and (rest := einde - time.monotonic()) > 0:
            stop.wait(min(0.1, rest))

    def _peil(self, nu: float) -> Peilverslag:
        try:
            lijst = list_bestanden(self._scanmap.map)
        except OSError as exc:
            return self._unreachable(f"{reden_of_oserror(exc).tekst} {_KIJK_VERBINDING_NA}")
        leeg = not lijst.eigen_mappen and not lijst.ingangen and not lijst.onleesbaar
        if leeg and self._was_used():
            return self._unreachable("De mappen verwerkt en quarantaine zijn er niet meer. Is de schijf gekoppeld?")
        self._telling.clear()
        schrijfbaar = lijst.eigen_mappen or self._make_eigen_mappen()
        self._sync(lijst, nu)
        self._put_away_liggend(lijst, nu)
        batches = self._take_groups(nu)
        self._refuse_others(nu)
        self._finish_shared(nu)
        self._put_aside_late_indexes(nu)
        self._put_away_decided(nu)
        self._report_reasons()
        self._look_in_eigen_mappen(nu)
        return Peilverslag(
            True,
            len(self._wachtend),
            tuple(batches),
            self._telling[Bestandstatus.QUARANTAINE],
            self._telling[Bestandstatus.GEWEIGERD],
            self._find_problemen(lijst, nu, schrijfbaar=schrijfbaar),
        )

    def _unreachable(self, tekst: str) -> Peilverslag:
        """The absence of a whole folder says nothing about its files: every row stays as it is."""
        for ding in self._wachtend.values():
            ding.peilingen = 0
        return Peilverslag(
            False,
            len(self._wachtend),
            problemen=(f"Scanmap {self._scanmap.naam} ({self._scanmap.map}) is niet bereikbaar. {tekst}",),
        )

    def _was_used(self) -> bool:
        with read(self._engine) as session:
            return has_rows(session, self._scanmap.naam)

    def _make_eigen_mappen(self) -> bool:
        try:
            make_eigen_mappen(self._scanmap.map)
        except OSError:
            return False
        return True

    def _look_in_eigen_mappen(self, nu: float) -> None:
        """Last of all: what we put there in this look is in the rows by now."""
        try:
            geweigerd = self._eigen.look(nu)
        except OSError:
            return  # the scanmap went away in this very look; the next one says so
        if geweigerd:
            self._telling[Bestandstatus.GEWEIGERD] += len(geweigerd)
            self._wachtend = {pad: ding for pad, ding in self._wachtend.items() if ding.id not in geweigerd}
            _log.info("bestanden in eigen mappen", scanmap=self._scanmap.naam, aantal=len(geweigerd))

    def _find_problemen(self, lijst: Lijst, nu: float, *, schrijfbaar: bool) -> tuple[str, ...]:
        naam = self._scanmap.naam
        problemen = [
            f"Scanmap {naam}: de map {map_} is niet te lezen ({errno.errorcode.get(fout, fout)}). Daarin wordt niet "
            "gekeken. Geef de scanstraat leesrechten of haal de map weg; zij kijkt vanzelf opnieuw."
            for map_, fout in sorted({**lijst.onleesbaar, **self._eigen.onleesbaar}.items())[:MEESTE_MAPPEN]
        ]
        niet_leesbaar = Counter(ding.reden for ding in self._wachtend.values() if ding.reden.code in NIET_LEESBAAR)
        problemen += [
            f"Scanmap {naam}, {count_bestanden(aantal)}: {reden.tekst}" for reden, aantal in niet_leesbaar.items()
        ]
        if not schrijfbaar:
            problemen.append(
                f"In scanmap {naam} ({self._scanmap.map}) mag de scanstraat niet schrijven. Bestanden worden ingenomen "
                "maar blijven liggen. Geef schrijfrechten."
            )
        if vast := sum(1 for ligt in self._liggend.values() if ligt.poging):
            problemen.append(f"Scanmap {naam}, {count_bestanden(vast)}: {NIET_VERPLAATST.tekst}")
        if nu < self._pauze_tot:
            problemen.append(f"Scanmap {naam} wacht: {self._pauze_reden}")
        return tuple(problemen)

    # --- what is there --------------------------------------------------------------------------------------------

    def _sync(self, lijst: Lijst, nu: float) -> None:
        """Bring memory and rows up to what this look saw."""
        with read(self._engine) as session:
            bekend = {ding.id for ding in self._wachtend.values()}
            wachtend, nieuw_voor_ons = load_wachtend(session, self._scanmap.naam, bekend)
        self._recall(wachtend, nieuw_voor_ons, nu)
        waarden: dict[UUID, dict[str, Any]] = {}
        herleefd: dict[UUID, dict[str, Any]] = {}
        for ding in self._wachtend.values():
            if ding.pad in lijst.ingangen:
                self._see_again(ding, lijst.ingangen[ding.pad], nu, waarden)
        nieuw = self._follow_renames(self._find_nieuw(lijst, herleefd, nu), lijst, waarden, nu)
        for ding in self._wachtend.values():
            if ding.pad not in lijst.ingangen:
                self._miss(ding, lijst, nu)
        dingen = [self._build_wachtend(uuid4(), pad, ingang, nu) for pad, ingang in nieuw.items()]
        if waarden or herleefd or dingen:
            with begin(self._engine) as session:
                save_waarden(session, waarden)
                save_waarden(session, herleefd, alleen_wachtend=False)
                toevoegen = [(ding.id, ding.pad, ding.soort, ding.ingang.kenmerk, ding.reden) for ding in dingen]
                save_nieuw(session, self._scanmap.naam, toevoegen, nu)
        self._wachtend.update((ding.pad, ding) for ding in dingen)

    def _recall(self, wachtend: Mapping[str, UUID], nieuw_voor_ons: Iterable[Rij], nu: float) -> None:
        """Forget what no longer waits (a person decided, or another process did) and learn what we did not know."""
        self._wachtend = {pad: ding for pad, ding in self._wachtend.items() if wachtend.get(pad) == ding.id}
        for rij in nieuw_voor_ons:
            ding = self._build_wachtend(rij.id, rij.pad, Ingang(rij.kenmerk), rij.gezien)
            ding.sinds, ding.peilingen, ding.reden, ding.gebruikt = rij.veranderd, 0, rij.reden, nu
            self._wachtend[rij.pad] = ding

    def _build_wachtend(self, id: UUID, pad: str, ingang: Ingang, gezien: float) -> Wachtend:
        soort = find_naamsoort(split_pad(pad)[1], self._scanmap)
        peilingen = 0 if ingang.fout is not None else 1
        return Wachtend(id, pad, soort, ingang, gezien, gezien, WACHTREDENEN[soort], peilingen)

    def _see_again(self, ding: Wachtend, ingang: Ingang, nu: float, waarden: dict[UUID, dict[str, Any]]) -> None:
        ding.afwezig = 0
        if ingang.fout is not None:  # its name is there, but nothing is known of it now
            ding.ingang, ding.peilingen = replace(ding.ingang, fout=ingang.fout), 0
            self._tell(ding, reden_of_oserror(OSError(ingang.fout, "")))
            return
        if ingang.kenmerk != ding.ingang.kenmerk:
            ding.start_over(ingang, nu)
            waarden[ding.id] = _seen_values(ding, nu)
            return
        ding.ingang = ingang
        ding.peilingen += 1
        ding.sinds = min(ding.sinds, nu)  # the clock may have been set back: rest then starts anew
        ding.niet_voor = min(ding.niet_voor, nu + _LANGSTE_UITSTEL_S)
        if ding.reden == VERDWENEN:
            self._tell(ding, WACHTREDENEN[ding.soort])

    def _find_nieuw(self, lijst: Lijst, herleefd: dict[UUID, dict[str, Any]], nu: float) -> dict[str, Ingang]:
        """Return what was never seen. What was decided on and still lies there, or was refused and changed, is not."""
        onbekend = {
            pad: ingang
            for pad, ingang in lijst.ingangen.items()
            if pad not in self._wachtend and not self._is_liggend(pad, ingang)
        }
        beslist: dict[str, list[Rij]] = {}
        if onbekend:
            with read(self._engine) as session:
                for rij in load_beslist(session, self._scanmap.naam, list(onbekend)):
                    if rij.verplaatst_naar is None:
                        beslist.setdefault(rij.pad, []).append(rij)
        nieuw = {}
        verhuisd = self._find_verhuisd(lijst) if onbekend else {}
        teruggezet = self._find_teruggezet() if onbekend else {}
        for pad, ingang in onbekend.items():
            rijen = beslist.get(pad, [])
            zelfde = next((rij for rij in reversed(rijen) if rij.kenmerk == ingang.kenmerk), None)
            if zelfde is not None and not _is_freed(zelfde.reden.code, ingang):
                self._liggend[pad] = _to_liggend(zelfde)
            elif rijen and ingang.fout is not None:
                continue  # it may be what was decided on; that shows when it can be looked at again
            elif rijen and _is_same_file_changed(rijen[-1], ingang):
                self._revive(rijen[-1], ingang, nu, herleefd)
            elif ingang.fout is None and (ligt := verhuisd.get(ingang.kenmerk)) and self._is_same_soort(ligt.pad, pad):
                self._rename_liggend(ligt, pad, herleefd)
            elif ingang.fout is None and ingang.kenmerk in teruggezet:
                self._revive(replace(teruggezet.pop(ingang.kenmerk), pad=pad), ingang, nu, herleefd)
            else:
                nieuw[pad] = ingang
        return {pad: ingang for pad, ingang in nieuw.items() if self._lies_still(pad, ingang)}

    def _lies_still(self, pad: str, ingang: Ingang) -> bool:
        """Look again at what the rows do not know: another watcher may have put it away since this look began.

        It stored its decision before it moved the file, and we read the rows before this. So a file that still lies
        there has either no row or one that we saw.
        """
        return ingang.fout is not None or is_daar(self._scanmap.map, pad, ingang.kenmerk)

    def _find_teruggezet(self) -> dict[Kenmerk, Rij]:
        """Return what was refused in one of our own folders and lies there no more: the advice may be followed."""
        with read(self._engine) as session:
            rijen = load_uit_eigen_map(session, self._scanmap.naam)
        return {rij.kenmerk: rij for rij in rijen if not is_daar(self._scanmap.map, rij.pad, rij.kenmerk)}

    def _find_verhuisd(self, lijst: Lijst) -> dict[Kenmerk, _Liggend]:
        """Return what was taken in, could not be put away, and lies no longer under the name it had."""
        liggend = list(self._liggend.values())
        if not self._liggend_geladen:
            with read(self._engine) as session:
                onaf = load_niet_verplaatst(session, self._scanmap.naam)
            liggend += [_to_liggend(rij) for rij in onaf if rij.verplaatst_naar is None]
        verhuisd = {}
        for ligt in liggend:
            ingang = lijst.ingangen.get(ligt.pad)
            if ligt.status is not Bestandstatus.INGENOMEN or (ingang is None and not lijst.is_known(ligt.pad)):
                continue
            if ingang is None or (ingang.fout is None and ingang.kenmerk != ligt.kenmerk):
                verhuisd[ligt.kenmerk] = ligt
        return verhuisd

    def _is_same_soort(self, oud: str, nieuw: str) -> bool:
        """Does the new name ask for the same? An index file that is called a scan from now on is a new delivery."""
        return find_naamsoort(split_pad(oud)[1], self._scanmap) is find_naamsoort(split_pad(nieuw)[1], self._scanmap)

    def _rename_liggend(self, ligt: _Liggend, pad: str, waarden: dict[UUID, dict[str, Any]]) -> None:
        """Somebody gave another name to a file that was taken in: the same file, not to be taken in again."""
        if (ander := self._liggend.get(pad)) is not None:
            self._lose(ander)  # it lay under this name until now
        if self._liggend.get(ligt.pad) is ligt:
            del self._liggend[ligt.pad]
        ligt.pad, ligt.niet_voor = pad, 0.0
        self._liggend[pad] = ligt
        waarden[ligt.id] = {"pad": pad}

    def _is_liggend(self, pad: str, ingang: Ingang) -> bool:
        ligt = self._liggend.get(pad)
        if ligt is None or ingang.fout is not None:
            return ligt is not None
        return ligt.kenmerk == ingang.kenmerk and not _is_freed(ligt.reden_code, ingang)

    def _revive(self, rij: Rij, ingang: Ingang, nu: float, herleefd: dict[UUID, dict[str, Any]]) -> None:
        """A refused file was changed where it lies, or put where it should be: another chance, under the same row."""
        self._liggend.pop(rij.pad, None)
        ding = self._build_wachtend(rij.id, rij.pad, ingang, rij.gezien)
        ding.sinds = nu
        self._wachtend[rij.pad] = ding
        herleefd[rij.id] = _seen_values(ding, nu) | {
            "pad": ding.pad,
            "rol": ding.soort.rol,
            "status": Bestandstatus.WACHT.value,
            "besloten_op": None,
        }

    def _follow_renames(
        self, nieuw: dict[str, Ingang], lijst: Lijst, waarden: dict[UUID, dict[str, Any]], nu: float
    ) -> dict[str, Ingang]:
        """Take a new name of a known file as just that: a writer that is done often renames. Returns what is left."""
        weg = {
            ding.ingang.kenmerk.inode: ding
            for ding in self._wachtend.values()
            if ding.pad not in lijst.ingangen and lijst.is_known(ding.pad)
        }
        over = {}
        for pad, ingang in nieuw.items():
            ding = weg.get(ingang.kenmerk.inode)
            if ding is None or not (ding.ingang.kenmerk == ingang.kenmerk or ding.soort is Naamsoort.TIJDELIJK):
                over[pad] = ingang
                continue
            del weg[ingang.kenmerk.inode]
            del self._wachtend[ding.pad]
            ding.pad, ding.soort, ding.afwezig = pad, find_naamsoort(split_pad(pad)[1], self._scanmap), 0
            ding.start_over(ingang, nu)
            self._wachtend[pad] = ding
            waarden[ding.id] = _seen_values(ding, nu) | {"pad": pad, "rol": ding.soort.rol}
        return over

    def _miss(self, ding: Wachtend, lijst: Lijst, nu: float) -> None:
        ding.peilingen = 0
        if not lijst.is_known(ding.pad):
            ding.afwezig = 0
            self._tell(ding, reden_of_oserror(OSError(errno.ENOENT, "")))
            return
        if not ding.afwezig:
            ding.afwezig_sinds = nu
        ding.afwezig += 1
        if ding.afwezig >= MINIMAAL_PEILINGEN and nu - ding.afwezig_sinds >= self._scanmap.rusttijd_s:
            self._tell(ding, VERDWENEN)

    def _tell(self, ding: Wachtend, reden: Reden) -> None:
        """Let the row of a waiting file say why it waits."""
        if ding.reden != reden:
            ding.reden = reden
            self._te_melden[ding.id] = reden

    def _report_reasons(self) -> None:
        if self._te_melden:
            with begin(self._engine) as session:
                save_waarden(
                    session,
                    {id: {"reden_code": reden.code, "reden": reden.tekst} for id, reden in self._te_melden.items()},
                )
        self._te_melden.clear()

    # --- taking in ------------------------------------------------------------------------------------------------

    def _take_groups(self, nu: float) -> list[UUID]:
        batches: list[UUID] = []
        if nu < self._pauze_tot <= nu + _PAUZE_S:
            return batches
        waarnemingen = [ding.waarneming for ding in self._wachtend.values() if ding.reden != VERDWENEN]
        for groep in find_groepen(waarnemingen, self._scanmap, nu):
            if self._stop.is_set() or nu < self._pauze_tot:
                break
            besluit = self._try_take(groep, nu)
            self._apply(besluit, nu)
            if besluit.batch is not None:
                batches.append(besluit.batch)
        return batches

    def _try_take(self, groep: Groep, nu: float) -> Besluit:
        """Take in a group; what is wrong with it never reaches another group."""
        try:
            return self._inname.take(groep, self._wachtend, nu)
        except VeranderdError as veranderd:
            veranderd.ding.sinds, veranderd.ding.peilingen, veranderd.ding.oordeel = nu, 0, None
        except OnleesbaarError as onleesbaar:
            self._postpone(onleesbaar.ding, reden_of_oserror(onleesbaar.oorzaak), nu)
        except AndersBeslistError:
            pass  # the next look reads the rows again
        except (OpslagError, ZandbakError) as exc:
            self._pauze_tot, self._pauze_reden = nu + _PAUZE_S, str(exc)
            for pad in groep.scans:
                self._tell(self._wachtend[pad], Reden("storing", str(exc)))
        except (OperationalError, InterfaceError, AlleenLezenError):  # the database itself: nothing can go on
            raise
        except Exception as exc:  # a bug that one file meets must not stop the others
            _log.error("innemen mislukt", scanmap=self._scanmap.naam, **describe_fout(exc))
            for pad in groep.scans:
                self._postpone(self._wachtend[pad], NOG_ONBEKEND, nu)
        return Besluit()

    def _postpone(self, ding: Wachtend, reden: Reden, nu: float) -> None:
        ding.poging += 1
        ding.niet_voor = nu + min(self._scanmap.peiling_s * 2**ding.poging, _LANGSTE_UITSTEL_S)
        self._tell(ding, reden)

    def _apply(self, besluit: Besluit, nu: float) -> None:
        """Bring memory up to what was committed, and put the sources away."""
        for ding, reden in besluit.wacht:
            self._tell(ding, reden)
        for ding in besluit.in_gebruik:
            ding.reden, ding.gebruikt = IN_GEBRUIK, nu
            self._te_melden.pop(ding.id, None)
        for ding, status, waarom in besluit.beslist:
            del self._wachtend[ding.pad]
            self._te_melden.pop(ding.id, None)
            self._telling[status] += 1
            code = "" if waarom is None else waarom.code
            self._liggend[ding.pad] = _Liggend(ding.id, ding.pad, ding.ingang.kenmerk, status, code)
        if besluit.beslist:
            _log.info(
                "bestanden beslist",
                scanmap=self._scanmap.naam,
                batch=None if besluit.batch is None else str(besluit.batch),
                aantal=len(besluit.beslist),
            )
            self._te_verplaatsen += [self._liggend[ding.pad] for ding, _, _ in besluit.beslist]
            if len(self._te_verplaatsen) >= _SAMEN_VERPLAATST:
                self._put_away_decided(nu)

    def _refuse_others(self, nu: float) -> None:
        """Refuse what has come to rest and is nothing for this line. Scans are judged with their group."""
        redenen = {
            ding.pad: ding.weigering or ANDER_SOORT
            for ding in self._wachtend.values()
            if ding.soort is not Naamsoort.SCAN
            and (ding.soort is Naamsoort.ANDERS or ding.weigering is not None)
            and ding.reden != VERDWENEN
            and is_gerust(ding.waarneming, nu, self._scanmap.rusttijd_s)
        }
        self._settle(redenen, Bestandstatus.GEWEIGERD, nu)

    def _finish_shared(self, nu: float) -> None:
        """Put away index files and done-files that went along with single files and have nothing left to wait for."""
        gebruikt = {ding.pad: ding.gebruikt for ding in self._wachtend.values() if ding.reden == IN_GEBRUIK}
        if gebruikt:
            waarnemingen = [ding.waarneming for ding in self._wachtend.values() if ding.reden != VERDWENEN]
            klaar = find_gebruikte(waarnemingen, gebruikt, self._scanmap, nu)
            self._settle(dict.fromkeys(klaar), Bestandstatus.INGENOMEN, nu)

    def _put_aside_late_indexes(self, nu: float) -> None:
        wachtend = [d.waarneming for d in self._wachtend.values() if d.reden not in (VERDWENEN, IN_GEBRUIK)]
        over = find_overgebleven(wachtend, self._scanmap, nu)
        self._settle(dict.fromkeys(over, INDEX_OVER), Bestandstatus.QUARANTAINE, nu)

    def _settle(self, paden: Mapping[str, Reden | None], status: Bestandstatus, nu: float) -> None:
        if not paden:
            return
        dingen = {self._wachtend[pad].id: self._wachtend[pad] for pad in paden}
        with begin(self._engine) as session:
            nog_wachtend = lock_wachtend(session, dingen)
            save_waarden(session, {id: decided_values(status, paden[dingen[id].pad], nu) for id in nog_wachtend})
        beslist = tuple((dingen[id], status, paden[dingen[id].pad]) for id in sorted(nog_wachtend))
        self._apply(Besluit(beslist=beslist), nu)

    # --- putting away ---------------------------------------------------------------------------------------------

    def _put_away_liggend(self, lijst: Lijst, nu: float) -> None:
        """Move what was decided on and still lies there: after a crash, or when the folder could not be written."""
        if not self._liggend_geladen:
            self._load_liggend()
        verplaatsen = []
        for ligt in list(self._liggend.values()):
            ingang = lijst.ingangen.get(ligt.pad)
            if ingang is None and not lijst.is_known(ligt.pad):
                continue
            if ingang is None or ingang.kenmerk != ligt.kenmerk:
                if ingang is None or ingang.fout is None:
                    self._lose(ligt)
            elif ligt.status is not Bestandstatus.GEWEIGERD and nu >= ligt.niet_voor:
                verplaatsen.append(ligt)
        if verplaatsen:
            with read(self._engine) as session:  # a person may have decided otherwise since
                status = load_status(session, [ligt.id for ligt in verplaatsen])
            for ligt in verplaatsen:
                ligt.status = status[ligt.id]
            self._put_away(verplaatsen, nu)

    def _load_liggend(self) -> None:
        """Learn at the start what a crash, or a folder that could not be written, left where it came."""
        with read(self._engine) as session:
            onaf = load_niet_verplaatst(session, self._scanmap.naam)
        for rij in onaf:
            ligt = self._liggend.get(rij.pad)
            if rij.verplaatst_naar is not None:
                self._put_away_after_all(rij)
            elif ligt is None and rij.pad not in self._wachtend:
                self._liggend[rij.pad] = _to_liggend(rij)
            elif ligt is None or ligt.id != rij.id:
                self._find_back(_to_liggend(rij))  # another file has its name now
        self._liggend_geladen = True

    def _lose(self, ligt: _Liggend) -> None:
        """A file that was decided on lies there no more: it was moved just before a crash, or a person took it."""
        if self._liggend.get(ligt.pad) is ligt:
            del self._liggend[ligt.pad]
        if ligt.status is not Bestandstatus.GEWEIGERD:
            self._find_back(ligt)

    def _find_back(self, ligt: _Liggend) -> None:
        try:
            naar = find_verplaatst(self._scanmap.map, _VERWERKT, ligt.pad, ligt.kenmerk) or find_verplaatst(
                self._scanmap.map, _QUARANTAINE, ligt.pad, ligt.kenmerk
            )
        except OSError:
            return  # nothing is known now; the next start asks again
        with begin(self._engine) as session:
            rij = load_bestand(session, ligt.id)
            rij.verplaatst_naar = naar
            if rij.status == Bestandstatus.INGENOMEN.value:
                rij.reden_code, rij.reden = ("", "") if naar is not None else (NIET_TERUGGEVONDEN, _NIET_TERUGGEVONDEN)
            session.add(rij)

    def _put_away_decided(self, nu: float) -> None:
        dingen, self._te_verplaatsen = self._te_verplaatsen, []
        self._put_away(dingen, nu)

    def _put_away(self, dingen: Iterable[_Liggend], nu: float) -> None:
        """Move decided files out of the way. What cannot be moved is remembered, said, and tried again."""
        waarden: dict[UUID, dict[str, Any]] = {}
        for ligt in dingen:
            if ligt.status is Bestandstatus.GEWEIGERD:
                continue
            eigen = _VERWERKT if ligt.status is Bestandstatus.INGENOMEN else _QUARANTAINE
            try:
                naar = self._move(ligt.pad, eigen, ligt.kenmerk)
            except OSError as exc:
                _log.warning("niet verplaatst", scanmap=self._scanmap.naam, bestand=str(ligt.id), fout=exc.errno)
                if not ligt.poging and ligt.status is Bestandstatus.INGENOMEN:
                    waarden[ligt.id] = {"reden_code": NIET_VERPLAATST.code, "reden": NIET_VERPLAATST.tekst}
                ligt.poging += 1
                ligt.niet_voor = nu + min(self._scanmap.peiling_s * 2**ligt.poging, _LANGSTE_UITSTEL_S)
                continue
            if naar is not None:
                self._liggend.pop(ligt.pad, None)
                waarden[ligt.id] = {"verplaatst_naar": naar}
                if ligt.status is Bestandstatus.INGENOMEN:
                    waarden[ligt.id] |= {"reden_code": "", "reden": ""}
        if waarden:
            with begin(self._engine) as session:
                save_waarden(session, waarden, alleen_wachtend=False)

    def _move(self, pad: str, eigen: str, kenmerk: Kenmerk) -> str | None:
        """Move a file into one of our own folders; None when it is no longer at `pad`, or no longer the same."""
        bezet: set[str] = set()
        while True:
            naar = find_doel(self._scanmap.map, eigen, pad, frozenset(bezet))
            try:
                return naar if move_bestand(self._scanmap.map, pad, naar, kenmerk) else None
            except FileExistsError:
                bezet.add(naar)  # somebody took the name in between

    def _put_away_after_all(self, rij: Rij) -> None:
        """Move a file that was taken in after all to where it belongs now; if it cannot be moved, it stays there."""
        try:
            naar = self._move(rij.verplaatst_naar or rij.pad, _VERWERKT, rij.kenmerk)
        except OSError as exc:
            _log.warning("niet verplaatst", scanmap=self._scanmap.naam, bestand=str(rij.id), fout=exc.errno)
            return
        if naar is not None:
            with begin(self._engine) as session:
                save_waarden(session, {rij.id: {"verplaatst_naar": naar}}, alleen_wachtend=False)


_NIET_TERUGGEVONDEN = (
    "Het bestand is ingenomen, maar lag daarna niet meer in de scanmap en niet in verwerkt. Dat kan geen kwaad: de "
    "opslag heeft het."
)


def _seen_values(ding: Wachtend, nu: float) -> dict[str, Any]:
    return {
        "inode": ding.ingang.kenmerk.inode,
        "omvang_bytes": ding.ingang.kenmerk.omvang_bytes,
        "mtime_ns": ding.ingang.kenmerk.mtime_ns,
        "veranderd_op": time_text(nu),
        "reden_code": ding.reden.code,
        "reden": ding.reden.tekst,
    }


def _to_liggend(rij: Rij) -> _Liggend:
    return _Liggend(rij.id, rij.pad, rij.kenmerk, rij.status, rij.reden.code)


def _is_freed(reden_code: str, ingang: Ingang) -> bool:
    """Was it refused for having a second name, and has it only one now? That does not show in its kenmerk."""
    return reden_code == HARDE_KOPPELING.code and ingang.namen == 1


def _is_same_file_changed(rij: Rij, ingang: Ingang) -> bool:
    return rij.status is Bestandstatus.GEWEIGERD and rij.kenmerk.inode == ingang.kenmerk.inode


class _Wekker(FileSystemEventHandler):
    """Lets watchdog wake the poller when something comes into the scanmap itself. The poller works without it too.

    Sub-folders are left to the poller: there may be more of them than the kernel gives watches.
    """

    def __init__(self, map: Path, wek: threading.Event) -> None:
        self._map = map
        self._wek = wek
        self._waarnemer: BaseObserver | None = None
        self._bekeken: tuple[int, int] | None = None
        self.renew()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Wake when a writer closed or renamed a file: sooner is of no use."""
        if isinstance(event, FileClosedEvent | FileSystemMovedEvent):
            self._wek.set()

    def renew(self) -> None:
        """Start watching, also anew after the folder was away: a watch stays with the folder it was set on."""
        try:
            staat = self._map.stat()
        except OSError:
            return
        nu = (staat.st_dev, staat.st_ino)
        if nu == self._bekeken:
            return
        self.stop()
        waarnemer = Observer()
        try:
            waarnemer.schedule(self, os.fspath(self._map), recursive=False)
            waarnemer.start()
        except OSError as exc:  # no watches left, or a file system without them
            _log.info("geen seintjes van het systeem", fout=exc.errno)
        else:
            self._waarnemer = waarnemer
        self._bekeken = nu

    def stop(self) -> None:
        """Stop watching."""
        waarnemer, self._waarnemer, self._bekeken = self._waarnemer, None, None
        if waarnemer is not None:
            waarnemer.stop()
            waarnemer.join()
