"""Taking in: what the sandbox says of waiting files, their bytes into the store, and one transaction that decides.

Nothing here moves a file; that follows after the commit. See `watcher` for the order of things.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import storage
from scanstraat.config import Scanmap, Scanprofiel
from scanstraat.db import begin, read
from scanstraat.domain import Bestandstatus, Vingerafdruk
from scanstraat.errors import (
    AnderSoortError,
    InvoerError,
    NietGevondenError,
    NietMogelijkError,
    OnvolledigError,
    ZandbakGrensError,
)
from scanstraat.intake.opslag import Opslag
from scanstraat.intake.scanmap_bestanden import Ingang, Lezer, build_ingang, open_bestand
from scanstraat.intake.scanmap_boek import (
    find_eerder_genoemd,
    find_eerste_bronnen,
    has_ander_liggend,
    has_wachtend,
    load_bestand,
    lock_wachtend,
    save_waarden,
    time_text,
)
from scanstraat.intake.scanmap_regels import (
    HARDE_KOPPELING,
    IN_GEBRUIK,
    INDEX_TE_GROOT,
    SCANS_IN_QUARANTAINE,
    VERDWENEN,
    WACHT_OP_ANDERE,
    WACHTREDENEN,
    AangeleverdBestand,
    Aanlevering,
    Groep,
    Indexbestand,
    Naamsoort,
    Onderzocht,
    Reden,
    Waarneming,
    is_in_eigen_map,
    reden_of_oserror,
    split_pad,
)
from scanstraat.storage import save_object
from scanstraat.tables import ObjectRow, ScanmapBestandRow

Onderzoek = Callable[[int, str], Onderzocht]  # (descriptor, suffix of the name: ".pdf"), in the sandbox
NeemIn = Callable[[Session, Aanlevering], UUID]  # makes batch, bronnen and work in the session; returns the batch

MAXIMALE_INDEX_BYTES = 10_000_000
_KINDPOGINGEN = 2  # a child that died or ran out of time gets one more chance before quarantine
_MB = 1_000_000


@dataclass
class Wachtend:
    """What is remembered of a file that waits. The row is the truth; this adds how often it was seen the same."""

    id: UUID
    pad: str
    soort: Naamsoort
    ingang: Ingang
    gezien: float
    sinds: float
    reden: Reden
    peilingen: int = 0
    afwezig: int = 0  # looks in a row without it
    afwezig_sinds: float = 0.0
    poging: int = 0  # how often it could not be read
    niet_voor: float = 0.0
    kindpogingen: int = 0
    oordeel: Vast | None = None
    gebruikt: float = 0.0  # when it last went along with a batch

    @property
    def waarneming(self) -> Waarneming:
        """This file as the rules see it."""
        return Waarneming(self.pad, self.soort, self.ingang.kenmerk, self.gezien, self.sinds, self.peilingen)

    @property
    def weigering(self) -> Reden | None:
        """Why it can never be taken in, by what it is."""
        if self.ingang.weigering is None and self.ingang.namen > 1:
            return HARDE_KOPPELING
        return self.ingang.weigering

    def start_over(self, ingang: Ingang, nu: float) -> None:
        """It is another file, or one that changed."""
        self.ingang, self.sinds, self.peilingen = ingang, nu, 1
        self.poging, self.niet_voor, self.kindpogingen, self.oordeel = 0, 0.0, 0, None
        self.reden = WACHTREDENEN[self.soort]


@dataclass(frozen=True)
class Goed:
    """It may be taken in."""

    ingang: Ingang
    onderzocht: Onderzocht


@dataclass(frozen=True)
class Half:
    """It ends too early; it may still grow."""

    ingang: Ingang
    reden: Reden


@dataclass(frozen=True)
class Quarantaine:
    """It may not pass."""

    ingang: Ingang
    reden: Reden
    bewaar: bool = True  # False: larger than the limit, so it is put away without a copy in the store


@dataclass(frozen=True)
class Geweigerd:
    """It is nothing for this line, and stays where it lies."""

    ingang: Ingang
    reden: Reden


@dataclass(frozen=True)
class Wacht:
    """Nothing can be said now."""

    reden: Reden


Vast = Goed | Half | Quarantaine | Geweigerd  # holds as long as the file stays the same
Oordeel = Vast | Wacht


@dataclass(frozen=True)
class Besluit:
    """What one transaction decided, or (without `beslist`) that all of the group waits, each for its own reason."""

    batch: UUID | None = None
    beslist: tuple[tuple[Wachtend, Bestandstatus, Reden | None], ...] = ()
    wacht: tuple[tuple[Wachtend, Reden], ...] = ()
    in_gebruik: tuple[Wachtend, ...] = ()


class VeranderdError(Exception):
    """A file is no longer what it was when it was looked at: start over. Never leaves the watcher."""

    def __init__(self, ding: Wachtend) -> None:
        super().__init__()
        self.ding = ding


class OnleesbaarError(Exception):
    """A source cannot be read now: try again later. Never leaves the watcher."""

    def __init__(self, ding: Wachtend, oorzaak: OSError) -> None:
        super().__init__()
        self.ding, self.oorzaak = ding, oorzaak


class AndersBeslistError(Exception):
    """Another process decided on one of these files first. Never leaves the watcher."""


class Inname:
    """Judges the files of one scanmap and takes them in. Holds no state of its own."""

    def __init__(
        self,
        scanmap: Scanmap,
        profiel: Scanprofiel,
        engine: Engine,
        *,
        onderzoek: Onderzoek,
        opslag: Opslag,
        neem_in: NeemIn,
    ) -> None:
        self._scanmap = scanmap
        self._maximaal_bytes = profiel.maximaal_mb * _MB
        self._engine = engine
        self._onderzoek = onderzoek
        self._opslag = opslag
        self._neem_in = neem_in

    def take(self, groep: Groep, wachtend: Mapping[str, Wachtend], nu: float) -> Besluit:
        """Judge a group, keep its bytes and decide on it in one transaction.

        Args:
            groep: which files; all of them are in `wachtend`.
            wachtend: every file that waits in the scanmap, by path.
            nu: the time.
        Raises:
            VeranderdError, OnleesbaarError, AndersBeslistError: nothing was decided.
            OpslagError, ZandbakError: not the fault of these files; nothing was decided.
        """
        dingen = [wachtend[pad] for pad in groep.scans]
        if any(nu < ding.niet_voor for ding in dingen):
            return Besluit()
        oordelen = [(ding, self._judge(ding, nu)) for ding in dingen]
        if any(isinstance(oordeel, Wacht | Half) for _, oordeel in oordelen):
            return Besluit(
                wacht=tuple(
                    (ding, self._say_wacht(oordeel) if isinstance(oordeel, Wacht | Half) else WACHT_OP_ANDERE)
                    for ding, oordeel in oordelen
                )
            )
        vast = [(ding, oordeel) for ding, oordeel in oordelen if not isinstance(oordeel, Wacht | Half)]
        afdrukken = {
            ding.id: self._keep(ding, oordeel.ingang)
            for ding, oordeel in vast
            if isinstance(oordeel, Goed) or (isinstance(oordeel, Quarantaine) and oordeel.bewaar)
        }
        indexen = self._keep_indexes(groep, wachtend)
        weg = [
            ding
            for ding in wachtend.values()
            if ding.reden.code == VERDWENEN.code
            and ding.soort is Naamsoort.SCAN
            and self._scanmap.batch != "bestand"
            and split_pad(ding.pad)[0] == groep.map
            and ding.gezien >= min(deel.gezien for deel in dingen)
        ]
        klaren = [wachtend[pad] for pad in groep.klaren]
        gedeeld = [wachtend[pad] for pad in groep.gedeeld]
        return self._decide(groep, vast, afdrukken, indexen, klaren, gedeeld, weg, nu)

    # --- judging ------------------------------------------------------------------------------------------------

    def _judge(self, ding: Wachtend, nu: float) -> Oordeel:
        """Say what must happen to a file; once the same is known of the same file it is not asked again."""
        if ding.oordeel is None or ding.oordeel.ingang != ding.ingang:
            oordeel = self._look(ding, nu)
            if isinstance(oordeel, Wacht):
                return oordeel
            ding.oordeel = oordeel
        if isinstance(ding.oordeel, Half) and nu - ding.sinds >= self._scanmap.geduld_s:
            return Quarantaine(ding.oordeel.ingang, ding.oordeel.reden)
        return ding.oordeel

    def _say_wacht(self, oordeel: Wacht | Half) -> Reden:
        if isinstance(oordeel, Wacht):
            return oordeel.reden
        geduld_s = self._scanmap.geduld_s
        duur = f"{geduld_s / 60:.0f} minuten" if geduld_s >= 120 else f"{geduld_s:.0f} seconden"
        return Reden(
            oordeel.reden.code,
            f"{oordeel.reden.tekst} De scanstraat wacht {duur} op de rest; daarna gaat het bestand naar quarantaine.",
        )

    def _look(self, ding: Wachtend, nu: float) -> Oordeel:
        weigering = ding.weigering
        if weigering is not None:
            return Geweigerd(ding.ingang, weigering)
        if ding.ingang.fout is not None:
            return Wacht(reden_of_oserror(OSError(ding.ingang.fout, "")))
        fd = self._open(ding)
        try:
            ingang = build_ingang(os.fstat(fd))
            if ingang.kenmerk != ding.ingang.kenmerk or ingang.weigering is not None:
                raise VeranderdError(ding)
            if ingang.namen > 1:
                return Geweigerd(ingang, HARDE_KOPPELING)
            if ingang.kenmerk.omvang_bytes > self._maximaal_bytes:
                return Quarantaine(ingang, self._te_groot(), bewaar=False)
            return self._investigate(ding, fd, ingang, nu)
        except OSError as exc:
            raise OnleesbaarError(ding, exc) from exc
        finally:
            os.close(fd)

    def _open(self, ding: Wachtend) -> int:
        try:
            return open_bestand(self._scanmap.map, ding.pad)
        except OSError as exc:
            if exc.errno == errno.ELOOP:  # a link came in its place
                raise VeranderdError(ding) from exc
            raise OnleesbaarError(ding, exc) from exc

    def _te_groot(self) -> Reden:
        return Reden(
            "te_groot",
            f"Het bestand is groter dan {self._maximaal_bytes // _MB} MB. Lever het in kleinere delen aan, of verhoog "
            "maximaal_mb in het profiel.",
        )

    def _investigate(self, ding: Wachtend, fd: int, ingang: Ingang, nu: float) -> Oordeel:
        try:
            return Goed(ingang, self._onderzoek(fd, _suffix(ding.pad)))
        except OnvolledigError as exc:
            return Half(ingang, Reden(exc.code, exc.melding))
        except AnderSoortError as exc:
            return Geweigerd(ingang, Reden(exc.code, exc.melding))
        except ZandbakGrensError as exc:
            ding.kindpogingen += 1
            reden = Reden(exc.code, exc.melding)
            if ding.kindpogingen >= _KINDPOGINGEN:
                return Quarantaine(ingang, reden)
            ding.niet_voor = nu + self._scanmap.peiling_s
            return Wacht(reden)
        except InvoerError as exc:
            return Quarantaine(ingang, Reden(exc.code, exc.melding))

    # --- keeping ------------------------------------------------------------------------------------------------

    def _keep(self, ding: Wachtend, verwacht: Ingang) -> Vingerafdruk:
        """Put the bytes of a file into the store; VeranderdError when it is not, from begin to end, what was judged."""
        fd = self._open(ding)
        try:
            if build_ingang(os.fstat(fd)) != verwacht:
                raise VeranderdError(ding)
            vingerafdruk = self._opslag.bewaar(Lezer(fd))
            if build_ingang(os.fstat(fd)) != verwacht or vingerafdruk.omvang_bytes != verwacht.kenmerk.omvang_bytes:
                raise VeranderdError(ding)
            return vingerafdruk
        except OSError as exc:
            raise OnleesbaarError(ding, exc) from exc
        finally:
            os.close(fd)

    def _keep_indexes(
        self, groep: Groep, wachtend: Mapping[str, Wachtend]
    ) -> list[tuple[Wachtend, Indexbestand | None]]:
        """Keep the index files of a group; None for one that is too large to be one."""
        gelezen: list[tuple[Wachtend, Indexbestand | None]] = []
        for pad in (*groep.indexen, *groep.gedeeld):
            ding = wachtend[pad]
            if ding.soort is Naamsoort.INDEX and ding.weigering is None:
                gelezen.append((ding, self._keep_index(ding, gedeeld=pad in groep.gedeeld)))
        return gelezen

    def _keep_index(self, ding: Wachtend, *, gedeeld: bool) -> Indexbestand | None:
        fd = self._open(ding)
        try:
            ingang = build_ingang(os.fstat(fd))
            if ingang.kenmerk != ding.ingang.kenmerk or ingang.weigering is not None or ingang.namen > 1:
                raise VeranderdError(ding)
            if ingang.kenmerk.omvang_bytes > MAXIMALE_INDEX_BYTES:
                return None
            inhoud = Lezer(fd).readall() or b""
            if build_ingang(os.fstat(fd)) != ingang or len(inhoud) != ingang.kenmerk.omvang_bytes:
                raise VeranderdError(ding)
        except OSError as exc:
            raise OnleesbaarError(ding, exc) from exc
        finally:
            os.close(fd)
        return Indexbestand(ding.id, ding.pad, self._opslag.bewaar_bytes(inhoud), inhoud, gedeeld)

    # --- deciding -----------------------------------------------------------------------------------------------

    def _decide(
        self,
        groep: Groep,
        oordelen: Sequence[tuple[Wachtend, Goed | Quarantaine | Geweigerd]],
        afdrukken: Mapping[UUID, Vingerafdruk],
        indexen: Sequence[tuple[Wachtend, Indexbestand | None]],
        klaren: Sequence[Wachtend],
        gedeeld: Sequence[Wachtend],
        weg: Sequence[Wachtend],
        nu: float,
    ) -> Besluit:
        goed = [(ding, oordeel) for ding, oordeel in oordelen if isinstance(oordeel, Goed)]
        slecht = [(ding, oordeel) for ding, oordeel in oordelen if not isinstance(oordeel, Goed)]
        betrokken = {ding.id for ding in [*(ding for ding, _ in [*oordelen, *indexen]), *klaren, *gedeeld]}
        boek = _Boek(nu)
        with begin(self._engine) as session:
            if set(lock_wachtend(session, betrokken)) != betrokken:
                raise AndersBeslistError
            for afdruk in [*afdrukken.values(), *(index.vingerafdruk for _, index in indexen if index is not None)]:
                save_object(session, afdruk, "bron")
            batch = None
            if goed:
                aanlevering = self._build_aanlevering(session, groep, goed, slecht, weg, afdrukken, indexen, nu)
                batch = self._neem_in(session, aanlevering)
                for (ding, _), bestand in zip(goed, aanlevering.bestanden, strict=True):
                    boek.settle(ding, Bestandstatus.INGENOMEN, None, bestand.vingerafdruk.sha256)
                    boek.waarden[ding.id] |= {"bron_id": bestand.bron_id, "dubbel_van": bestand.dubbel_van}
            for ding, oordeel in slecht:
                afgekeurd = isinstance(oordeel, Quarantaine)
                sha256 = afdrukken[ding.id].sha256 if ding.id in afdrukken else None
                boek.settle(
                    ding, Bestandstatus.QUARANTAINE if afgekeurd else Bestandstatus.GEWEIGERD, oordeel.reden, sha256
                )
            if batch is not None or any(isinstance(oordeel, Quarantaine) for _, oordeel in slecht):
                boek.settle_indexes([deel for deel in indexen if deel[0] not in gedeeld], scans_in=batch is not None)
                for ding in klaren:
                    boek.settle(ding, Bestandstatus.INGENOMEN, None, None)
            if batch is not None:
                boek.note_shared(gedeeld, indexen)
            save_waarden(session, boek.waarden)
            boek.append_gebeurtenissen(session)
        return Besluit(batch, tuple(boek.beslist), in_gebruik=tuple(gedeeld) if batch is not None else ())

    def _build_aanlevering(
        self,
        session: Session,
        groep: Groep,
        goed: Sequence[tuple[Wachtend, Goed]],
        slecht: Sequence[tuple[Wachtend, Quarantaine | Geweigerd]],
        weg: Sequence[Wachtend],
        afdrukken: Mapping[UUID, Vingerafdruk],
        indexen: Sequence[tuple[Wachtend, Indexbestand | None]],
        nu: float,
    ) -> Aanlevering:
        eerste = find_eerste_bronnen(session, [afdrukken[ding.id].sha256 for ding, _ in goed])
        bestanden = []
        for ding, oordeel in goed:
            afdruk, bron_id = afdrukken[ding.id], uuid4()
            bestanden.append(
                AangeleverdBestand(
                    ding.id,
                    bron_id,
                    ding.pad,
                    afdruk,
                    oordeel.onderzocht.soort,
                    oordeel.onderzocht.aantal_beelden,
                    oordeel.onderzocht.is_scan,
                    tuple(oordeel.onderzocht.bevindingen),
                    eerste.get(afdruk.sha256),
                )
            )
            eerste.setdefault(afdruk.sha256, bron_id)
        ontbreekt = [(ding.pad, oordeel.reden) for ding, oordeel in slecht] + [(ding.pad, VERDWENEN) for ding in weg]
        bevindingen = [
            Bevinding(
                "bestand_ontbreekt",
                Ernst.ERNSTIG,
                f"{pad} hoorde bij deze aanlevering maar is niet ingenomen. {reden.tekst}",
            )
            for pad, reden in ontbreekt
        ]
        bruikbaar = []
        for ding, index in indexen:
            eerder = self._find_eerder_genoemd(session, ding, bestanden, nu)
            if index is not None and eerder is None:
                bruikbaar.append(index)
            elif eerder is not None:
                bevindingen.append(_build_index_onzeker(ding.pad, eerder))
        return Aanlevering(self._scanmap.naam, groep.map, tuple(bestanden), tuple(bruikbaar), tuple(bevindingen))

    def _find_eerder_genoemd(
        self, session: Session, index: Wachtend, bestanden: Sequence[AangeleverdBestand], nu: float
    ) -> str | None:
        paden = [bestand.naam for bestand in bestanden]
        return find_eerder_genoemd(
            session, self._scanmap.naam, paden, index=index.pad, index_gezien=index.gezien, nu=nu
        )

    # --- once more ----------------------------------------------------------------------------------------------

    def retry(self, bestand_id: UUID, nu: float, door: str) -> UUID | None:
        """Judge a file in quarantine again, under the settings of now, and take it in when it may pass.

        That `door` (a person) asked for it is recorded with what changes.
        A refused file that still lies in the scanmap waits again instead; then None is returned, else the batch.

        Raises:
            InvoerError: it may still not pass; the new reason is stored.
            NietGevondenError, NietMogelijkError: no such file, or not in one of these places.
        """
        with read(self._engine) as session:
            rij = session.get(ScanmapBestandRow, bestand_id)
        if rij is None or rij.scanmap != self._scanmap.naam:
            raise NietGevondenError(
                "Dit bestand is nooit in deze scanmap gezien. `scanstraat scanmap` toont welke wel."
            )
        if rij.status == Bestandstatus.GEWEIGERD.value and rij.verplaatst_naar is None:
            with begin(self._engine) as session:
                rij = load_bestand(session, bestand_id)
                if is_in_eigen_map(rij.pad):
                    raise NietMogelijkError(rij.reden)
                if has_wachtend(session, rij.scanmap, rij.pad):
                    raise NietMogelijkError("Op die plek wacht al een ander bestand. Dat wordt vanzelf ingenomen.")
                if has_ander_liggend(session, rij):
                    raise NietMogelijkError("Op die plek ligt nu een ander bestand, dat al is ingenomen.")
                reden = WACHTREDENEN[Naamsoort.SCAN]
                rij.status, rij.reden_code, rij.reden = Bestandstatus.WACHT.value, reden.code, reden.tekst
                rij.besloten_op = None
                session.add(rij)
                _append_opnieuw(session, rij.id, door, ingenomen=False)
            return None
        if rij.status == Bestandstatus.GEWEIGERD.value:
            raise NietMogelijkError(
                "Dit bestand is door een medewerker geweigerd. Klopt dat niet, zet de scan dan opnieuw in de scanmap."
            )
        if rij.status != Bestandstatus.QUARANTAINE.value or rij.rol != Naamsoort.SCAN.value:
            raise NietMogelijkError(
                "Alleen een scan in quarantaine, of een geweigerd bestand, kan opnieuw worden aangeboden. "
                "`scanstraat quarantaine` toont welke dat zijn."
            )
        afdruk, onderzocht = self._judge_again(rij, door)
        return self._take_again(rij, afdruk, onderzocht, nu, door)

    def _judge_again(self, rij: ScanmapBestandRow, door: str) -> tuple[Vingerafdruk, Onderzocht]:
        try:
            fd, afdruk = self._open_again(rij)
            try:
                return afdruk, self._onderzoek(fd, _suffix(rij.pad))
            finally:
                os.close(fd)
        except InvoerError as exc:
            with begin(self._engine) as session:
                opnieuw = load_bestand(session, rij.id)
                if opnieuw.status == Bestandstatus.QUARANTAINE.value:
                    opnieuw.reden_code, opnieuw.reden = exc.code, exc.melding
                    session.add(opnieuw)
                    _append_opnieuw(session, rij.id, door, ingenomen=False)
            raise

    def _open_again(self, rij: ScanmapBestandRow) -> tuple[int, Vingerafdruk]:
        if rij.sha256 is not None:
            with read(self._engine) as session:
                ding = session.get(ObjectRow, rij.sha256)
            assert ding is not None  # a foreign key
            return self._opslag.open_fd(rij.sha256), Vingerafdruk(ding.sha256, ding.sha512, ding.omvang_bytes)
        try:
            fd = open_bestand(self._scanmap.map, rij.verplaatst_naar or rij.pad)
        except OSError as exc:
            raise NietGevondenError(
                "Het bestand is niet meer te lezen waar het in quarantaine is gezet. Lever het opnieuw aan."
            ) from exc
        try:
            if os.fstat(fd).st_size > self._maximaal_bytes:
                reden = self._te_groot()
                raise InvoerError(reden.code, reden.tekst)
            afdruk = self._opslag.bewaar(Lezer(fd))
        finally:
            os.close(fd)
        return self._opslag.open_fd(afdruk.sha256), afdruk

    def _take_again(
        self, rij: ScanmapBestandRow, afdruk: Vingerafdruk, onderzocht: Onderzocht, nu: float, door: str
    ) -> UUID:
        indexen = self._indexes_of(rij)
        with begin(self._engine) as session:
            nu_rij = load_bestand(session, rij.id)
            if nu_rij.status != Bestandstatus.QUARANTAINE.value:
                raise NietMogelijkError("Over dit bestand is intussen al beslist. `scanstraat scanmap` toont wat.")
            save_object(session, afdruk, "bron")
            bestand = AangeleverdBestand(
                rij.id,
                uuid4(),
                rij.pad,
                afdruk,
                onderzocht.soort,
                onderzocht.aantal_beelden,
                onderzocht.is_scan,
                tuple(onderzocht.bevindingen),
                find_eerste_bronnen(session, [afdruk.sha256]).get(afdruk.sha256),
            )
            batch = self._neem_in(
                session, Aanlevering(self._scanmap.naam, split_pad(rij.pad)[0], (bestand,), tuple(indexen))
            )
            waarden = decided_values(Bestandstatus.INGENOMEN, None, nu) | {
                "sha256": afdruk.sha256,
                "bron_id": bestand.bron_id,
                "dubbel_van": bestand.dubbel_van,
            }
            save_waarden(session, {rij.id: waarden}, alleen_wachtend=False)
            _append_opnieuw(session, rij.id, door, ingenomen=True)
        return batch

    def _indexes_of(self, rij: ScanmapBestandRow) -> list[Indexbestand]:
        """Return the index files that were decided on in the same moment: they came with this file."""
        with read(self._engine) as session:
            rijen = session.exec(
                select(ScanmapBestandRow, ObjectRow)
                .where(ScanmapBestandRow.scanmap == rij.scanmap, ScanmapBestandRow.besloten_op == rij.besloten_op)
                .where(ScanmapBestandRow.rol == Naamsoort.INDEX.value)
                .where(ScanmapBestandRow.sha256 == ObjectRow.sha256)
                .order_by(col(ScanmapBestandRow.pad))
            ).all()
        indexen = []
        for index, ding in rijen:
            if split_pad(index.pad)[0] == split_pad(rij.pad)[0]:
                fd = self._opslag.open_fd(ding.sha256)
                try:
                    inhoud = Lezer(fd).readall() or b""
                finally:
                    os.close(fd)
                afdruk = Vingerafdruk(ding.sha256, ding.sha512, ding.omvang_bytes)
                indexen.append(Indexbestand(index.id, index.pad, afdruk, inhoud, gedeeld=True))  # its batch came in
        return indexen


class _Boek:
    """Collects what one transaction decides: columns per row, and the same for our memory."""

    def __init__(self, nu: float) -> None:
        self._nu = nu
        self.waarden: dict[UUID, dict[str, Any]] = {}
        self.beslist: list[tuple[Wachtend, Bestandstatus, Reden | None]] = []

    def settle(self, ding: Wachtend, status: Bestandstatus, reden: Reden | None, sha256: str | None) -> None:
        self.beslist.append((ding, status, reden))
        self.waarden[ding.id] = decided_values(status, reden, self._nu) | {"sha256": sha256}

    def settle_indexes(self, indexen: Sequence[tuple[Wachtend, Indexbestand | None]], *, scans_in: bool) -> None:
        """Index files go where their scans go: with other scans of the same names they would do harm."""
        for ding, index in indexen:
            if index is None:
                self.settle(ding, Bestandstatus.QUARANTAINE, INDEX_TE_GROOT, None)
            elif scans_in:
                self.settle(ding, Bestandstatus.INGENOMEN, None, index.vingerafdruk.sha256)
            else:
                self.settle(ding, Bestandstatus.QUARANTAINE, SCANS_IN_QUARANTAINE, index.vingerafdruk.sha256)

    def append_gebeurtenissen(self, session: Session) -> None:
        """Record which scans were kept but not let in. One that is too large was never read, so it has no hash."""
        for ding, status, reden in self.beslist:
            sha256 = self.waarden[ding.id]["sha256"]
            if status is Bestandstatus.QUARANTAINE and reden is not None and sha256 is not None:
                storage.append_gebeurtenis(
                    session,
                    "bestand.quarantaine",
                    actor=storage.load_actor(session, "intake"),
                    onderwerp=ding.id,
                    bron=sha256,
                    reden=reden.code,
                )

    def note_shared(self, gedeeld: Sequence[Wachtend], indexen: Sequence[tuple[Wachtend, Indexbestand | None]]) -> None:
        gelezen = {ding.id: index.vingerafdruk.sha256 for ding, index in indexen if index is not None}
        for ding in gedeeld:
            self.waarden[ding.id] = {
                "reden_code": IN_GEBRUIK.code,
                "reden": IN_GEBRUIK.tekst,
                "sha256": gelezen.get(ding.id),
            }


def decided_values(status: Bestandstatus, reden: Reden | None, nu: float) -> dict[str, Any]:
    """Return the columns of a row that is decided on."""
    return {
        "status": status.value,
        "reden_code": "" if reden is None else reden.code,
        "reden": "" if reden is None else reden.tekst,
        "besloten_op": time_text(nu),
    }


def _build_index_onzeker(index: str, scan: str) -> Bevinding:
    return Bevinding(
        "index_onzeker",
        Ernst.ERNSTIG,
        f"{index} is niet gebruikt: er was al eerder een scan met de naam {scan}. Het is niet zeker over "
        "welke van de twee het gaat. Koppel beide met de hand, en geef scans verschillende namen.",
    )


def _suffix(pad: str) -> str:
    return PurePosixPath(split_pad(pad)[1]).suffix.lower()


def _append_opnieuw(session: Session, bestand_id: UUID, door: str, *, ingenomen: bool) -> None:
    storage.append_gebeurtenis(
        session,
        "bestand.opnieuw",
        actor=storage.load_actor(session, door, "persoon"),
        onderwerp=bestand_id,
        ingenomen=ingenomen,
    )
