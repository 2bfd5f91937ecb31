"""Back-ups: the database, every object of both stores, and the settings; checked by restoring them.

In the back-up folder each back-up is a folder named after its moment, with the database, the settings and
`inhoud.json`, which lists every file with two digests and its size. The objects stand beside them in `objecten`, shared
by all back-ups, so the next one only copies what is new. A back-up gets its name when it is whole and on the disk.

`inhoud.json` is ordinary JSON with one file per line, so that it is written and read in little memory.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_bestanden, count_words, format_mb
from scanstraat import backup_database as database
from scanstraat import db, storage
from scanstraat.bootstrap import Basis
from scanstraat.domain import Vingerafdruk
from scanstraat.errors import (
    BackupError,
    NietGevondenError,
    NietMogelijkError,
    OpslagError,
    OpslagVolError,
    ScanstraatError,
)
from scanstraat.intake.opslag import Objectstaat, Opslag
from scanstraat.logstand import TERUGGEZET
from scanstraat.onderhoud import BACKUP_OBJECTEN, LIJN, hold_slot, open_register
from scanstraat.tables import BackupRow, ObjectRow
from scanstraat.zaaksysteem.tables import RegisterInformatieobjectversieRow

INHOUD, SOM = "inhoud.json", "inhoud.json.sha256"
INSTELLINGEN = "instellingen.json"
OPSLAG, REGISTER = "opslag", "zaaksysteem"  # the two stores, as their folders are called in a gegevensmap
KENMERK = "opslag.json"  # whose store it is; without it a restored store would not know its second copy

_NAAM = re.compile(r"\d{8}T\d{9}Z")
_HALF = ".bezig-"
_BLOK_BYTES = 1 << 20
_MEESTE_PROBLEMEN = 50  # more are counted, not shown
_VORM = 1

Meld = Callable[[int, int], None]  # (done, total) in objects


@dataclass(frozen=True)
class Ingang:
    """One file of a back-up. `waar` says in which stores an object is; its `pad` counts from the back-up folder.

    The `pad` of any other file counts from the folder of the back-up itself.
    """

    pad: str
    sha256: str
    sha512: str
    omvang_bytes: int
    waar: tuple[str, ...] = ()

    @property
    def vingerafdruk(self) -> Vingerafdruk:
        """What the bytes must be."""
        return Vingerafdruk(self.sha256, self.sha512, self.omvang_bytes)

    @property
    def is_object(self) -> bool:
        """Is it in the shared folder?"""
        return bool(self.waar)


@dataclass(frozen=True)
class Backupverslag:
    """What was written: numbers of objects and bytes, and the objects that are nowhere whole any more."""

    map: str
    objecten: int
    nieuw: int
    omvang_bytes: int
    ontbreekt: tuple[str, ...]

    @property
    def in_orde(self) -> bool:
        """True when every object of the record is in the back-up."""
        return not self.ontbreekt

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "in_orde": self.in_orde}

    def say(self) -> str:
        """Return the outcome in Dutch, with what to do."""
        tekst = (
            f"De back-up staat in {self.map}: {count_bestanden(self.objecten)}, waarvan {self.nieuw} "
            f"nieuw, samen {format_mb(self.omvang_bytes)}."
        )
        if self.in_orde:
            return f"{tekst}\nControleer hem nu met: scanstraat back-up controleer"
        lijst = "\n".join(f"  {sha256}" for sha256 in self.ontbreekt)
        ontbreekt = count_words(len(self.ontbreekt), "bestand ontbreekt", "bestanden ontbreken")
        return (
            f"{tekst}\n{ontbreekt}, want beschadigd of weg in de opslag:\n{lijst}\n"
            "Voer uit: scanstraat opslag controleer"
        )


@dataclass(frozen=True)
class Controleverslag:
    """The verdict on a back-up; `problemen` is why it is not in order, `opmerkingen` is what else is good to know."""

    map: str
    gecontroleerd_op: str
    objecten: int
    aantal_problemen: int
    problemen: tuple[str, ...]
    opmerkingen: tuple[str, ...]

    @property
    def in_orde(self) -> bool:
        """True when it was restored and every byte of it is right."""
        return self.aantal_problemen == 0

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "in_orde": self.in_orde}

    def say(self) -> str:
        """Return the outcome in Dutch, with what to do."""
        regels = [f"Let op: {opmerking}" for opmerking in self.opmerkingen]
        if self.in_orde:
            regels.insert(
                0,
                f"De back-up {self.map} is in orde: de database is op proef teruggezet en "
                f"{count_words(self.objecten, 'bestand is', 'bestanden zijn')} heel.",
            )
            return "\n".join(regels)
        regels += [f"  {probleem}" for probleem in self.problemen]
        if self.aantal_problemen > len(self.problemen):
            regels.append(f"  en nog {self.aantal_problemen - len(self.problemen)} andere")
        begin = (
            f"De back-up {self.map} is NIET in orde ({count_words(self.aantal_problemen, 'probleem', 'problemen')}):"
        )
        einde = (
            "Vernietig geen papier. Maak een nieuwe back-up (scanstraat back-up maak), die vervangt wat beschadigd is, "
            "en controleer die."
        )
        return "\n".join([begin, *regels, einde])


@dataclass(frozen=True)
class Nagelezen:
    """What was found in a back-up that had been in order: how many objects are not on its list, or not whole there."""

    inhoud: str  # SHA-256 of the list
    ontbreekt: int
    beschadigd: int
    problemen: tuple[str, ...]  # with the files of the back-up itself, in Dutch


@dataclass(frozen=True)
class Herstelverslag:
    """What was put back, and where; `dump` is the file that PostgreSQL must still load, if any."""

    map: str
    objecten: int
    omvang_bytes: int
    dump: str | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def say(self) -> str:
        """Return the outcome in Dutch, with what to do next."""
        tekst = (
            f"Teruggezet in {self.map} en nagelezen: {count_bestanden(self.objecten)}, {format_mb(self.omvang_bytes)}."
        )
        if self.dump is None:
            return f'{tekst}\nZet in config.toml onder [algemeen]: gegevensmap = "{self.map}"'
        return (
            f"{tekst}\nDe database van PostgreSQL staat in {self.dump}. Maak een lege database en laad hem met:\n"
            f"  pg_restore --exit-on-error --no-owner --dbname NAAM {self.dump}\n"
            f'Zet daarna in config.toml: gegevensmap = "{self.map}" en bij [database] het adres van die database.'
        )


# --- which there are ------------------------------------------------------------------------------------------------


def find_backups(map_: Path) -> list[Path]:
    """Return the back-ups in the back-up folder, oldest first. One that was not finished is not among them."""
    try:
        with os.scandir(map_) as ingangen:
            namen = sorted(i.name for i in ingangen if _NAAM.fullmatch(i.name) and i.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    return [map_ / naam for naam in namen]


def find_backup(map_: Path, keuze: Path | None) -> Path:
    """Return the back-up that was asked for, by name or path, or the newest.

    Raises:
        NietGevondenError: there is none.
    """
    if keuze is None:
        gevonden = find_backups(map_)
        if not gevonden:
            raise NietGevondenError(f"In {map_} staat geen back-up. Maak er een met: scanstraat back-up maak")
        return gevonden[-1]
    for pad in (keuze, map_ / keuze):
        if pad.is_dir() and _NAAM.fullmatch(pad.resolve().name):
            return pad.resolve()
    raise NietGevondenError(f"{keuze} is geen back-up. `scanstraat back-up` toont welke er zijn.")


@dataclass(frozen=True)
class Backupregel:
    """One back-up that is there, and the last verdict on it; None: never checked, or not known to this database."""

    map: str
    gemaakt_op: str
    objecten: int | None
    gecontroleerd_op: str | None
    in_orde: bool | None


def list_backups(basis: Basis) -> list[Backupregel]:
    """Return the back-ups in the back-up folder, oldest first, with what the record says of each."""
    regels = []
    with db.read(basis.engine) as session:
        for map_ in find_backups(basis.config.backup.map):
            rij = _load_row(session, map_)
            regels.append(
                Backupregel(str(map_), _moment_of(map_.name), None, None, None)
                if rij is None
                else Backupregel(str(map_), rij.gemaakt_op, rij.objecten, rij.gecontroleerd_op, rij.in_orde)
            )
    return regels


# --- making ---------------------------------------------------------------------------------------------------------


def make_backup(basis: Basis, *, meld: Meld) -> Backupverslag:
    """Write a back-up of now, durable and under its name only when it is whole.

    Objects that an earlier back-up has are not copied again; after a check that was not in order they are all compared
    and replaced where they are damaged.

    Raises:
        BackupError: the folder, the disk or pg_dump does not do it; nothing half is left under a name.
        NietMogelijkError: another back-up is being made.
    """
    doel = basis.config.backup.map
    with hold_slot(basis.config), _disk_errors(doel):
        doel.mkdir(parents=True, exist_ok=True, mode=0o750)
        _clear_halves(basis, doel)
        gemaakt_op = db.now_text()
        naam = re.sub(r"[-:.]", "", gemaakt_op)
        half = doel / f"{_HALF}{naam}"
        half.mkdir(mode=0o750)
        try:
            verslag, som = _write_backup(basis, half, gemaakt_op, meld)
            _fsync_map(half)
            half.rename(doel / naam)
            _fsync_map(doel)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
    with db.begin(basis.engine, altijd=True) as session:
        session.add(
            BackupRow(
                gemaakt_op=gemaakt_op,
                map=str(doel / naam),
                objecten=verslag.objecten,
                omvang_bytes=verslag.omvang_bytes,
                inhoud_sha256=som,
            )
        )
    return replace(verslag, map=str(doel / naam))


def _write_backup(basis: Basis, half: Path, gemaakt_op: str, meld: Meld) -> tuple[Backupverslag, str]:
    """Return what was written, and the SHA-256 of its list."""
    soort = basis.engine.dialect.name
    objecten = Opslag(half.parent / BACKUP_OBJECTEN, naam="back-up")
    with scratch(basis.config.algemeen.gegevensmap) as kladmap, (kladmap / "lijst").open("w+") as lijst:
        aantal = database.dump_database(
            basis.engine, kladmap / database.BESTAND[soort], lambda session: _write_lijst(session, lijst)
        )
        _copy_durable(kladmap / database.BESTAND[soort], half / database.BESTAND[soort])
        _write_durable(half / INSTELLINGEN, render_instellingen(basis))
        for naam, opslagmap in _kenmerken(basis).items():
            if (opslagmap / KENMERK).is_file():
                _copy_durable(opslagmap / KENMERK, half / naam)
        with _Inhoudschrijver(half / INHOUD, {"gemaakt_op": gemaakt_op, "database": soort, "objecten": aantal}) as uit:
            for bestand in sorted(half.iterdir()):
                if bestand.name != INHOUD:
                    uit.schrijf(Ingang(bestand.name, **asdict(fingerprint(bestand))))
            nieuw, ontbreekt = _copy_objecten(basis, objecten, lijst, uit, aantal, meld)
        _write_durable(half / SOM, f"{uit.som}  {INHOUD}\n".encode())
    return Backupverslag(str(half), aantal, nieuw, uit.omvang_bytes, tuple(ontbreekt)), uit.som


def _write_lijst(session: Session, lijst: Any) -> int:
    aantal = 0
    for ingang in record_objecten(session):
        lijst.write(json.dumps(asdict(ingang)) + "\n")
        aantal += 1
    return aantal


def record_objecten(session: Session) -> Iterator[Ingang]:
    """Yield every object the record speaks of, in order of SHA-256, with the stores it is in.

    The SHA-512 is "" for what only the register knows: it keeps one digest.
    """
    versie = RegisterInformatieobjectversieRow

    def in_order(kolom: Any) -> Any:  # a merge needs one order, whatever the language of the database
        return sa.collate(kolom, "C") if session.get_bind().dialect.name == "postgresql" else kolom

    lijn = session.execute(
        select(ObjectRow.sha256, ObjectRow.sha512, ObjectRow.omvang_bytes)
        .where(col(ObjectRow.opgeruimd_op).is_(None))
        .order_by(in_order(ObjectRow.sha256)),
        execution_options={"yield_per": 500},
    )
    register = session.execute(
        select(versie.sha256, sa.func.max(versie.omvang_bytes))
        .group_by(col(versie.sha256))
        .order_by(in_order(versie.sha256)),
        execution_options={"yield_per": 500},
    )
    alles = heapq.merge(
        (Ingang(_object_pad(sha256), sha256, sha512, omvang, (OPSLAG,)) for sha256, sha512, omvang in lijn),
        (Ingang(_object_pad(sha256), sha256, "", omvang, (REGISTER,)) for sha256, omvang in register),
        key=attrgetter("sha256"),
    )
    for _, groep in itertools.groupby(alles, key=attrgetter("sha256")):
        delen = list(groep)  # one or two; the line's own comes first
        yield replace(delen[0], waar=tuple(waar for deel in delen for waar in deel.waar))


def _object_pad(sha256: str) -> str:
    return f"{BACKUP_OBJECTEN}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _copy_objecten(
    basis: Basis, objecten: Opslag, lijst: Any, uit: _Inhoudschrijver, aantal: int, meld: Meld
) -> tuple[int, list[str]]:
    """Copy what is not there yet and list all; return how many were new, and what is nowhere whole."""
    bronnen = {OPSLAG: basis.opslag, REGISTER: open_register(basis.config)}
    nalezen = _was_damaged(basis)
    nieuw, ontbreekt = 0, []
    lijst.seek(0)
    for gedaan, regel in enumerate(lijst, start=1):
        ingang = _parse_ingang(json.loads(regel))
        er_was = objecten.heeft(ingang.sha256)
        if not er_was or nalezen or not ingang.sha512:
            kopie = _copy_object(ingang, bronnen, objecten)
            if kopie is None:
                ontbreekt.append(ingang.sha256)
            else:
                ingang = replace(ingang, sha512=ingang.sha512 or kopie.sha512)
            nieuw += kopie is not None and not er_was
        uit.schrijf(ingang)
        meld(gedaan, aantal)
    return nieuw, ontbreekt


def _copy_object(ingang: Ingang, bronnen: Mapping[str, Opslag], objecten: Opslag) -> Vingerafdruk | None:
    """Copy an object from a store where it is whole, and make it durable; None when it is whole nowhere."""
    for waar in ingang.waar:
        opslag = bronnen[waar]
        if opslag.controleer(ingang.sha256).origineel is not Objectstaat.IN_ORDE:
            try:
                opslag.herstel(ingang.sha256)
            except OpslagError:
                continue
        with os.fdopen(opslag.open_fd(ingang.sha256), "rb", buffering=0) as stroom:
            kopie = objecten.bewaar(stroom)
        if kopie.sha256 == ingang.sha256 and ingang.sha512 in ("", kopie.sha512):
            return kopie
    return None


def _was_damaged(basis: Basis) -> bool:
    """Was the last check not in order? Then what is in the shared folder is not believed."""
    with db.read(basis.engine) as session:
        laatste = session.exec(
            select(BackupRow.in_orde)
            .where(col(BackupRow.gecontroleerd_op).is_not(None))
            .order_by(col(BackupRow.gecontroleerd_op).desc())
            .limit(1)
        ).first()
    return laatste is False


def render_instellingen(basis: Basis) -> bytes:
    """Return the settings in force, without the password of the database."""
    waarden = basis.config.model_dump(mode="json")
    if waarden["database"]["url"]:
        waarden["database"]["url"] = basis.config.shown_database_url
    return json.dumps(waarden, ensure_ascii=False, indent=1).encode()


def _kenmerken(basis: Basis) -> dict[str, Path]:
    """Return which file of a back-up is whose mark."""
    return {
        f"{OPSLAG}-kenmerk.json": basis.config.opslag.map,
        f"{REGISTER}-kenmerk.json": basis.config.algemeen.gegevensmap / REGISTER,
    }


def _clear_halves(basis: Basis, doel: Path) -> None:
    """Remove what a crash or power cut left: we hold the lock, so nobody is writing there."""
    for half in doel.glob(f"{_HALF}*"):
        shutil.rmtree(half)
    for klad in basis.config.algemeen.gegevensmap.glob(f"{_KLAD}*"):
        with suppress(FileNotFoundError):
            if time.time() - klad.stat().st_mtime > 86_400:  # a check may be running
                shutil.rmtree(klad, ignore_errors=True)


# --- checking -------------------------------------------------------------------------------------------------------


class _Problemen:
    """Collects what is wrong; the first ones in words, all of them as a number."""

    def __init__(self) -> None:
        self.aantal = 0
        self.teksten: list[str] = []

    def voeg_toe(self, tekst: str) -> None:
        self.aantal += 1
        if len(self.teksten) < _MEESTE_PROBLEMEN:
            self.teksten.append(tekst)


def check_backup(basis: Basis, keuze: Path | None = None, *, meld: Meld) -> Controleverslag:
    """Restore a back-up to a scratch place, compare every byte, and store the verdict with its event.

    Only a back-up whose database was really put back, and whose every object is right, is in order.

    Raises:
        NietGevondenError: there is no such back-up.
    """
    map_ = find_backup(basis.config.backup.map, keuze)
    with db.read(basis.engine) as session:
        rij = _load_row(session, map_)
    problemen, opmerkingen = _Problemen(), list[str]()
    objecten = 0
    try:
        som = _check_som(map_, None if rij is None else rij.inhoud_sha256)
        with ExitStack() as stapel:
            inhoud = stapel.enter_context(_Inhoudlezer(map_ / INHOUD))
            kladmap = stapel.enter_context(scratch(basis.config.algemeen.gegevensmap))
            objecten = _check_inhoud(basis, stapel, map_, inhoud, kladmap, problemen, opmerkingen, meld)
    except BackupError as exc:
        problemen.voeg_toe(str(exc))
        som = rij.inhoud_sha256 if rij is not None else _sum_of(map_ / INHOUD)
    verslag = Controleverslag(
        str(map_), db.now_text(), objecten, problemen.aantal, tuple(problemen.teksten), tuple(opmerkingen)
    )
    _save_verdict(basis, map_, verslag, som)
    return verslag


def _check_inhoud(
    basis: Basis,
    stapel: ExitStack,
    map_: Path,
    inhoud: _Inhoudlezer,
    kladmap: Path,
    problemen: _Problemen,
    opmerkingen: list[str],
    meld: Meld,
) -> int:
    """Check the files of the back-up, the database by restoring it, and the objects; return how many objects."""
    losse = {ingang.pad: ingang for ingang in inhoud.losse()}
    heel = {naam for naam, ingang in losse.items() if _check_bestand(map_ / naam, ingang, problemen)}
    for ander in sorted({pad.name for pad in map_.iterdir()} - set(losse) - {INHOUD, SOM}):
        problemen.voeg_toe(f"Het bestand {ander} hoort niet in deze back-up.")
    dump = database.BESTAND.get(str(inhoud.kop.get("database")), "")
    session = None
    if dump not in heel:
        problemen.voeg_toe("De database is niet op proef teruggezet, want het bestand is er niet heel.")
    else:
        try:
            engine = stapel.enter_context(
                database.restore_on_trial(basis.engine, map_ / dump, kladmap, zeg=opmerkingen.append)
            )
            session = stapel.enter_context(db.read(engine))
        except ScanstraatError as exc:
            problemen.voeg_toe(f"De database is niet terug te zetten: {exc}")
    return _check_objecten(Opslag(map_.parent / BACKUP_OBJECTEN, naam="back-up"), inhoud, session, problemen, meld)


def _check_objecten(
    objecten: Opslag, inhoud: _Inhoudlezer, session: Session | None, problemen: _Problemen, meld: Meld
) -> int:
    """Hold list, restored record and bytes against each other, object by object in order of their hash."""
    totaal, gedaan = int(inhoud.kop.get("objecten", 0)), 0
    record = iter(()) if session is None else record_objecten(session)
    samen = heapq.merge(
        ((ingang.sha256, 0, ingang) for ingang in inhoud.objecten()),
        ((ingang.sha256, 1, ingang) for ingang in record),
        key=itemgetter(0, 1),
    )
    for sha256, groep in itertools.groupby(samen, key=itemgetter(0)):
        kanten = {kant: ingang for _, kant, ingang in groep}
        if session is not None and not _is_same(kanten.get(0), kanten.get(1)):
            problemen.voeg_toe(f"Object {sha256}: de inhoudsopgave en de database zeggen niet hetzelfde.")
        ingang = kanten.get(0, kanten.get(1))
        assert ingang is not None
        verwacht = ingang.vingerafdruk if ingang.sha512 else None
        staat = objecten.controleer(sha256, verwacht).origineel
        if staat is not Objectstaat.IN_ORDE:
            problemen.voeg_toe(f"Object {sha256} {'ontbreekt' if staat is Objectstaat.ONTBREEKT else 'is beschadigd'}.")
        gedaan += 1
        meld(gedaan, max(totaal, gedaan))
    if gedaan != totaal:
        genoemd = count_words(totaal, "object", "objecten")
        problemen.voeg_toe(f"De inhoudsopgave noemt {genoemd}, maar er zijn er {gedaan}.")
    return gedaan


def _is_same(lijst: Ingang | None, record: Ingang | None) -> bool:
    if lijst is None or record is None:
        return False
    return (lijst.omvang_bytes, lijst.waar) == (record.omvang_bytes, record.waar) and record.sha512 in (
        "",
        lijst.sha512,
    )


def _check_bestand(pad: Path, ingang: Ingang, problemen: _Problemen) -> bool:
    try:
        gelijk = fingerprint(pad) == ingang.vingerafdruk
    except FileNotFoundError:
        problemen.voeg_toe(f"Het bestand {pad.name} ontbreekt.")
        return False
    except OSError:
        problemen.voeg_toe(f"Het bestand {pad.name} is niet te lezen.")
        return False
    if not gelijk:
        problemen.voeg_toe(f"Het bestand {pad.name} is veranderd of beschadigd.")
    return gelijk


def _check_som(map_: Path, verwacht: str | None) -> str:
    """Return the SHA-256 of the list when it is the one that was written down twice.

    Raises:
        BackupError: it is another one, or cannot be read.
    """
    som = _sum_of(map_ / INHOUD)
    try:
        ernaast = (map_ / SOM).read_text()
    except (OSError, UnicodeDecodeError) as exc:
        raise BackupError(f"Het bestand {SOM} is niet te lezen: de inhoudsopgave is niet te vertrouwen.") from exc
    if ernaast != f"{som}  {INHOUD}\n" or verwacht not in (None, som):
        raise BackupError(
            f"De inhoudsopgave ({INHOUD}) is veranderd of beschadigd: deze back-up is niet te vertrouwen."
        )
    return som


def _sum_of(pad: Path) -> str:
    try:
        return fingerprint(pad).sha256
    except OSError as exc:
        raise BackupError(f"De inhoudsopgave {pad} is niet te lezen.") from exc


def _load_row(session: Session, map_: Path) -> BackupRow | None:
    """Return the row of a back-up by its name: the disk may be mounted elsewhere now."""
    return session.exec(select(BackupRow).where(col(BackupRow.map).endswith(f"/{map_.name}", autoescape=True))).first()


def _save_verdict(basis: Basis, map_: Path, verslag: Controleverslag, som: str) -> None:
    with db.begin(basis.engine, altijd=True) as session:
        rij = _load_row(session, map_)
        if rij is None:  # made just before a crash, or before this database was put back
            rij = BackupRow(
                gemaakt_op=_moment_of(map_.name),
                map=str(map_),
                objecten=verslag.objecten,
                omvang_bytes=0,
                inhoud_sha256=som,
            )
        rij.gecontroleerd_op, rij.in_orde = verslag.gecontroleerd_op, verslag.in_orde
        rij.uitslag = verslag.say()
        session.add(rij)
        session.flush()
        storage.append_gebeurtenis(
            session,
            "backup.gecontroleerd",
            actor=storage.load_actor(session, LIJN),
            onderwerp=rij.id,
            inhoud=rij.inhoud_sha256,
            in_orde=verslag.in_orde,
        )


def _moment_of(naam: str) -> str:
    """Return the time in the name of a back-up, as stored: "20261125T101112123Z" is "2026-11-25T10:11:12.123Z"."""
    return db.format_time(datetime.strptime(f"{naam[:-1]}000", "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC))


# --- putting back ---------------------------------------------------------------------------------------------------


def restore_backup(map_: Path, naar: Path, *, meld: Meld) -> Herstelverslag:
    """Put a back-up into an empty folder that can then be the gegevensmap, and verify it. Needs no database.

    Every object is compared with its hash while it is written and again from the disk. The database comes last: a
    folder where this was cut off has none.

    Raises:
        NietMogelijkError: the folder is not empty.
        BackupError: the back-up is damaged, or the disk refused.
    """
    if not _NAAM.fullmatch(map_.name) or not (map_ / INHOUD).is_file():
        raise NietGevondenError(f"{map_} is geen back-up. Noem de map met het tijdstip, met {INHOUD} erin.")
    with _disk_errors(naar):
        naar.mkdir(parents=True, exist_ok=True, mode=0o750)
        if any(naar.iterdir()):
            raise NietMogelijkError(f"De map {naar} is niet leeg. Kies een lege map: er wordt nooit iets overschreven.")
        _check_som(map_, None)
        with _Inhoudlezer(map_ / INHOUD) as inhoud:
            losse = {ingang.pad: ingang for ingang in inhoud.losse()}
            bron = Opslag(map_.parent / BACKUP_OBJECTEN, naam="back-up")
            doelen = {
                naam: _prepare_opslag(map_, naar / naam, losse.get(f"{naam}-kenmerk.json"))
                for naam in (OPSLAG, REGISTER)
            }
            omvang, gedaan = sum(ingang.omvang_bytes for ingang in losse.values()), 0
            for ingang in inhoud.objecten():
                _restore_object(ingang, bron, doelen)
                gedaan, omvang = gedaan + 1, omvang + ingang.omvang_bytes
                meld(gedaan, int(inhoud.kop["objecten"]))
            soort = str(inhoud.kop["database"])
        _restore_bestand(map_, naar / INSTELLINGEN, losse.get(INSTELLINGEN))
        dump = naar / database.BESTAND[soort]
        _restore_bestand(map_, dump, losse.get(dump.name))
        _fsync_map(naar)
    if soort == "sqlite":
        _verify_restored(naar, dump, _sum_of(map_ / INHOUD))
    return Herstelverslag(str(naar), gedaan, omvang, None if soort == "sqlite" else str(dump))


def _prepare_opslag(map_: Path, doel: Path, kenmerk: Ingang | None) -> Opslag:
    if kenmerk is not None:
        doel.mkdir(mode=0o750)
        _restore_bestand(map_, doel / KENMERK, kenmerk)
    return Opslag(doel)


def _restore_object(ingang: Ingang, bron: Opslag, doelen: Mapping[str, Opslag]) -> None:
    for waar in ingang.waar:
        with os.fdopen(bron.open_fd(ingang.sha256), "rb", buffering=0) as stroom:
            if doelen[waar].bewaar(stroom) != ingang.vingerafdruk:
                raise BackupError(f"Object {ingang.sha256} is in de back-up beschadigd. Neem een andere back-up.")


def _restore_bestand(map_: Path, doel: Path, ingang: Ingang | None) -> None:
    if ingang is None:
        raise BackupError(f"{doel.name} ontbreekt in de back-up. Neem een andere back-up.")
    naast = doel.with_name(f".{doel.name}.bezig")
    if _copy_durable(map_ / ingang.pad, naast) != ingang.vingerafdruk:
        naast.unlink()
        raise BackupError(f"{ingang.pad} is in de back-up beschadigd. Neem een andere back-up.")
    naast.rename(doel)


def _verify_restored(naar: Path, bestand: Path, som: str) -> None:
    """Raise when the database that was put back is damaged, or speaks of an object that is not there.

    That it was put back becomes an event of that database, which waits there to be sealed. A dump of PostgreSQL is
    loaded by hand, outside of our sight; what it lost shows by comparing with the log.
    """
    engine = db.create_engine(f"sqlite:///{bestand}")
    try:
        db.check_database(engine, grondig=True)
        db.migrate(engine)
        doelen = {OPSLAG: Opslag(naar / OPSLAG), REGISTER: Opslag(naar / REGISTER)}
        with db.read(engine) as session:
            for ingang in record_objecten(session):
                if not all(doelen[waar].heeft(ingang.sha256) for waar in ingang.waar):
                    raise BackupError(f"Object {ingang.sha256} ontbreekt in de back-up. Neem een andere back-up.")
        with db.begin(engine) as session:
            actor = storage.load_actor(session, LIJN)
            storage.append_gebeurtenis(session, TERUGGEZET, actor=actor, onderwerp=actor.log_id, inhoud=som)
    finally:
        engine.dispose()


# --- the list -------------------------------------------------------------------------------------------------------


class _Inhoudschrijver:
    """Writes the list: a head, then one file per line. `som` is its SHA-256 once closed."""

    def __init__(self, pad: Path, kop: Mapping[str, Any]) -> None:
        self._uit: BinaryIO = pad.open("xb")
        self._digest = hashlib.sha256()
        self._eerste = True
        self.omvang_bytes = 0
        self.som = ""
        self._schrijf(json.dumps({"vorm": _VORM, **kop, "bestanden": []})[:-2].encode())

    def schrijf(self, ingang: Ingang) -> None:
        """Add a file."""
        regel = json.dumps({naam: waarde for naam, waarde in asdict(ingang).items() if waarde != ()})
        self._schrijf(f"{'' if self._eerste else ','}\n{regel}".encode())
        self._eerste = False
        self.omvang_bytes += ingang.omvang_bytes

    def _schrijf(self, blok: bytes) -> None:
        self._digest.update(blok)
        self._uit.write(blok)

    def __enter__(self) -> _Inhoudschrijver:
        return self

    def __exit__(self, soort: object, *_: object) -> None:
        try:
            if soort is None:
                self._schrijf(b"\n]}\n")
                self._uit.flush()
                os.fsync(self._uit.fileno())
                self.som = self._digest.hexdigest()
        finally:
            self._uit.close()


class _Inhoudlezer:
    """Reads the list line by line: first `losse`, to their end, then `objecten`."""

    def __init__(self, pad: Path) -> None:
        try:
            self._bestand = pad.open(encoding="utf-8")
        except OSError as exc:
            raise BackupError(f"De inhoudsopgave {pad} is niet te lezen.") from exc
        self._volgende: Ingang | None = None
        self.kop: dict[str, Any] = {}

    def __enter__(self) -> _Inhoudlezer:
        try:
            with _list_errors():
                self.kop = json.loads(self._bestand.readline() + "]}")
                _check_vorm(self.kop["vorm"])
        except BaseException:
            self._bestand.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._bestand.close()

    def losse(self) -> Iterator[Ingang]:
        """Yield the files in the folder of the back-up itself."""
        for ingang in self._lees():
            if ingang.is_object:
                self._volgende = ingang
                return
            yield ingang

    def objecten(self) -> Iterator[Ingang]:
        """Yield the objects, in order of their hash."""
        if self._volgende is not None:
            yield self._volgende
        yield from self._lees()

    def _lees(self) -> Iterator[Ingang]:
        with _list_errors():
            for regel in self._bestand:
                if regel == "]}\n":
                    return
                yield _parse_ingang(json.loads(regel.rstrip("\n").rstrip(",")))


def _check_vorm(vorm: object) -> None:
    if vorm != _VORM:
        raise BackupError("Deze back-up is gemaakt door een nieuwere versie. Gebruik die versie.")


def _parse_ingang(waarden: Mapping[str, Any]) -> Ingang:
    return Ingang(
        str(waarden["pad"]),
        str(waarden["sha256"]),
        str(waarden["sha512"]),
        int(waarden["omvang_bytes"]),
        tuple(str(waar) for waar in waarden.get("waar", ())),
    )


@contextmanager
def _list_errors() -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, OSError) as exc:
        raise BackupError(f"De inhoudsopgave ({INHOUD}) is niet te begrijpen: neem een andere back-up.") from exc


# --- files ----------------------------------------------------------------------------------------------------------

_KLAD = "back-up-klad-"


@contextmanager
def scratch(gegevensmap: Path) -> Iterator[Path]:
    """Make a folder on the disk of the gegevensmap, which is never a network drive, and remove it at the end."""
    map_ = Path(tempfile.mkdtemp(prefix=_KLAD, dir=gegevensmap))
    try:
        yield map_
    finally:
        shutil.rmtree(map_, ignore_errors=True)


def fingerprint(pad: Path) -> Vingerafdruk:
    """Hash a file, read from the disk past the page cache."""
    fd = os.open(pad, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(fd, "rb", buffering=0) as bestand:
        with suppress(OSError):  # advice only
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        return _hash(bestand, None)


def _hash(bron: Any, uit: BinaryIO | None) -> Vingerafdruk:
    sha256, sha512, omvang = hashlib.sha256(), hashlib.sha512(), 0
    while blok := bron.read(_BLOK_BYTES):
        sha256.update(blok)
        sha512.update(blok)
        omvang += len(blok)
        if uit is not None:
            uit.write(blok)
    return Vingerafdruk(sha256.hexdigest(), sha512.hexdigest(), omvang)


def _copy_durable(bron: Path, doel: Path) -> Vingerafdruk:
    """Copy a file to a new one and bring it to the disk; return what was copied."""
    with bron.open("rb", buffering=0) as invoer, _create(doel) as uit:
        vingerafdruk = _hash(invoer, uit)
        uit.flush()
        os.fsync(uit.fileno())
    return vingerafdruk


def _write_durable(pad: Path, inhoud: bytes) -> None:
    with _create(pad) as uit:
        uit.write(inhoud)
        uit.flush()
        os.fsync(uit.fileno())


def _create(pad: Path) -> BinaryIO:
    """Open a new file for writing that others cannot read: names and case numbers are in it."""
    return os.fdopen(os.open(pad, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640), "wb")


def _fsync_map(map_: Path) -> None:
    fd = os.open(map_, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _disk_errors(map_: Path) -> Iterator[None]:
    try:
        yield
    except OpslagVolError as exc:
        raise BackupError(f"De schijf van {map_} is vol. Maak ruimte en probeer het opnieuw.") from exc
    except OSError as exc:
        raise BackupError(
            f"Schrijven naar {map_} lukt niet ({os.strerror(exc.errno or 0)}). Kijk of de schijf is gekoppeld, of er "
            "ruimte is en of de rechten kloppen."
        ) from exc


def read_back(basis: Basis, hashes: frozenset[str], *, meld: Callable[[int], None]) -> Nagelezen:
    """Read these objects, and the files of the back-up itself, from the newest one that was checked and found right.

    What was right on the day of the check may be overwritten or gone today.

    Raises:
        NietGevondenError: no back-up was checked and found right, or it is not there any more.
        BackupError: its list cannot be read or is not the one that was checked.
    """
    with db.read(basis.engine) as session:
        rij = session.exec(
            select(BackupRow)
            .where(col(BackupRow.in_orde).is_(True), col(BackupRow.gecontroleerd_op).is_not(None))
            .order_by(col(BackupRow.gemaakt_op).desc())
            .limit(1)
        ).first()
    if rij is None:
        raise NietGevondenError(
            "Er is geen back-up die is gecontroleerd en goed bevonden. Maak en controleer er een: "
            "scanstraat back-up maak"
        )
    map_ = Path(rij.map)
    if not map_.is_dir():
        raise NietGevondenError(
            f"De gecontroleerde back-up {map_} is er niet. Sluit die schijf aan of maak een nieuwe."
        )
    _check_som(map_, rij.inhoud_sha256)
    objecten, problemen = Opslag(map_.parent / BACKUP_OBJECTEN, naam="back-up"), _Problemen()
    erin, beschadigd = set[str](), 0
    with _Inhoudlezer(map_ / INHOUD) as inhoud:
        for ingang in inhoud.losse():
            _check_bestand(map_ / ingang.pad, ingang, problemen)
        for ingang in inhoud.objecten():
            if ingang.sha256 in hashes and OPSLAG in ingang.waar:
                erin.add(ingang.sha256)
                staat = objecten.controleer(ingang.sha256, ingang.vingerafdruk).origineel
                beschadigd += staat is not Objectstaat.IN_ORDE
                meld(len(erin))
    return Nagelezen(rij.inhoud_sha256, len(hashes - erin), beschadigd, tuple(problemen.teksten))
