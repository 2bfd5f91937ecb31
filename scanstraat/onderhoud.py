"""Care for what is kept: re-read every byte, repair from the copy or a back-up, clear working copies and say so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_bestanden, count_words
from scanstraat import db, logboek, processen, rapport, storage
from scanstraat.bootstrap import Basis
from scanstraat.config import Config
from scanstraat.domain import Vingerafdruk
from scanstraat.errors import AlleenLezenError, OpslagError, ScanstraatError
from scanstraat.intake.opslag import Opruimbewijs, Opslag
from scanstraat.tables import BronRow, DocumentversieRow, ObjectRow, OpruimingRow, ScanmapBestandRow

BACKUP_OBJECTEN = "objecten"  # folder of the objects in the back-up folder
LIJN = "onderhoud"  # the name of this part of the line, as an actor
KIJK_S = 3600.0  # how often the service looks what is due
WERKBESTAND, TEKSTLAAG, WERKSTAAT = "werkbestand", "tekstlaag", "werkstaat"  # what an opruiming can be about
RIJEN = "rijen"  # of the record, held against the log: `aantal` is how many differ
WERKSTAAT_DAGEN = 30  # the engine's own record of work that ended; the stappen stay
GEDULD_DAGEN = 7  # a scrub that is this much later than planned is worth a word

_PAGINA = 500  # rows of the record in memory at once
_OPRUIMSTAP = 50  # text layers per transaction: the database waits for their fsyncs
_DAG = timedelta(days=1)

_log = structlog.get_logger("onderhoud")


# --- re-reading -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BeschadigdObject:
    """An object that is nowhere whole any more; `wat` says in Dutch which scan or file that is."""

    sha256: str
    wat: tuple[str, ...]


@dataclass(frozen=True)
class Opslaguitslag:
    """What re-reading the store found, in numbers of files; `beschadigd` is what could not be repaired."""

    gelezen: int
    hersteld: int
    beschadigd: tuple[BeschadigdObject, ...]

    @property
    def in_orde(self) -> bool:
        """True when every file is whole now."""
        return not self.beschadigd

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "in_orde": self.in_orde}

    def say(self) -> str:
        """Return the outcome in Dutch, with what to do."""
        begin = f"{count_bestanden(self.gelezen)} gelezen, {self.hersteld} hersteld."
        if self.in_orde:
            return f"{begin} Alle bestanden zijn gelijk aan hun vingerafdruk."
        lijst = "\n".join(
            f"  {regel}\n    {een.sha256}"
            for een in self.beschadigd
            for regel in (een.wat or ("hoort bij geen batch",))
        )
        aantal = count_words(len(self.beschadigd), "bestand is", "bestanden zijn")
        return (
            f"{begin}\n{aantal} beschadigd of weg, en ook niet heel in de kopie of de back-up:\n{lijst}\n"
            "Vernietig hiervan geen papier. Sluit een oudere back-up aan als [backup] map en voer dit opnieuw uit, of "
            "scan het papier opnieuw."
        )


class _Telling:
    """Counts while objects are read again, one at a time. `op` is what the record says of when; None is the clock."""

    def __init__(self, basis: Basis, op: str | None = None) -> None:
        self._basis, self._op = basis, op
        self._gelezen, self._hersteld = 0, 0
        self._backup = open_backup(basis.config)
        self._beschadigd: list[BeschadigdObject] = []

    def lees(self, rij: ObjectRow) -> int:
        """Read one object again, store the verdict, and return how many objects were read so far."""
        verwacht = Vingerafdruk(rij.sha256, rij.sha512, rij.omvang_bytes)
        heel, is_hersteld = _check_object(self._basis.opslag, self._backup, verwacht)
        if _save_verdict(self._basis, rij.sha256, heel=heel, hersteld=is_hersteld, op=self._op) and not heel:
            with db.read(self._basis.engine) as session:
                self._beschadigd.append(BeschadigdObject(rij.sha256, rapport.say_object(session, rij)))
        self._hersteld += is_hersteld
        self._gelezen += 1
        return self._gelezen

    def uitslag(self) -> Opslaguitslag:
        return Opslaguitslag(self._gelezen, self._hersteld, tuple(self._beschadigd))


def check_objecten(
    basis: Basis, *, meld: Callable[[int, int], None], alleen: Sequence[str] | None = None
) -> Opslaguitslag:
    """Read every object of the record again (or only `alleen`), compare, and repair from the copy or the back-up.

    Text layers that were cleared away on schedule are not looked for.

    Args:
        meld: is told how many of how many are done.
    """
    vraag = select(ObjectRow).where(col(ObjectRow.opgeruimd_op).is_(None))
    if alleen is not None:
        vraag = vraag.where(col(ObjectRow.sha256).in_(alleen))
    with db.read(basis.engine) as session:
        totaal = session.exec(select(sa.func.count()).select_from(vraag.subquery())).one()
    telling, laatste = _Telling(basis), ""
    while True:
        with db.read(basis.engine) as session:
            pagina = vraag.where(ObjectRow.sha256 > laatste).order_by(col(ObjectRow.sha256)).limit(_PAGINA)
            rijen = session.exec(pagina).all()
        if not rijen:
            return telling.uitslag()
        for rij in rijen:
            meld(telling.lees(rij), totaal)
        laatste = rijen[-1].sha256


def scrub(basis: Basis, *, stop: Callable[[], bool] = lambda: False, nu: datetime | None = None) -> Opslaguitslag:
    """Read today's share of all bytes again: 1 of every `opslag.dagelijks_deel`, and twice that when we are behind.

    What was read stands in the record per object, so this goes on where it was cut off, and does nothing when the share
    of today is done. First goes what has not been read for `dagelijks_deel` days, so that the promise "every byte in
    that many days" holds while much is coming in; then what was never read since its intake; then the oldest.

    Args:
        stop: asked before each object; True ends it, to go on later.
        nu: now, in UTC; days are days in UTC.
    """
    moment = datetime.now(UTC) if nu is None else nu
    vandaag = db.format_time(moment.replace(hour=0, minute=0, second=0, microsecond=0))
    telling = _Telling(basis, db.format_time(moment))  # not the clock: set back, it would make us read for ever
    while not stop():
        with db.read(basis.engine) as session:
            te_lezen = _find_te_lezen(session, basis.config, moment, vandaag)
        if not te_lezen:
            break
        for rij in te_lezen:
            if stop():
                break
            telling.lees(rij)
    return telling.uitslag()


def _find_te_lezen(session: Session, config: Config, nu: datetime, vandaag: str) -> list[ObjectRow]:
    """Return the next objects to read, so many that they make up what is left of today's share of bytes."""
    deel = config.opslag.dagelijks_deel
    aanwezig = col(ObjectRow.opgeruimd_op).is_(None)
    omvang = sa.func.coalesce(sa.func.sum(ObjectRow.omvang_bytes), 0)
    totaal = session.exec(select(omvang).where(aanwezig)).one()
    gelezen = session.exec(select(omvang).where(aanwezig, col(ObjectRow.gecontroleerd_op) >= vandaag)).one()
    grens = db.format_time(nu - deel * _DAG)
    is_achter = session.exec(select(ObjectRow.sha256).where(aanwezig, _last_read() < grens).limit(1)).first()
    rest = share_of(int(totaal), deel, achter=is_achter is not None) - int(gelezen)
    volgorde = sa.case((_last_read() < grens, 0), (col(ObjectRow.gecontroleerd_op).is_(None), 1), else_=2)
    rijen = session.exec(
        select(ObjectRow)
        .where(aanwezig, sa.or_(col(ObjectRow.gecontroleerd_op).is_(None), col(ObjectRow.gecontroleerd_op) < vandaag))
        .order_by(volgorde, _last_read(), col(ObjectRow.sha256))
        .limit(_PAGINA)
    ).all()
    keuze = []
    for rij in rijen:
        if rest <= 0:
            break
        keuze.append(rij)
        rest -= rij.omvang_bytes
    return keuze


def share_of(totaal_bytes: int, dagelijks_deel: int, *, achter: bool) -> int:
    """Return how many bytes to read today, rounded up; twice as much when reading is behind."""
    deel = -(-totaal_bytes // dagelijks_deel)
    return 2 * deel if achter else deel


def _last_read() -> Any:
    """When an object was last known to be whole on the disk: at intake it is read back too."""
    return sa.func.coalesce(ObjectRow.gecontroleerd_op, ObjectRow.bewaard_op)


def count_achterstallig(session: Session, dagelijks_deel: int, nu: datetime) -> int:
    """Count the objects that should have been read again more than a week ago."""
    grens = db.format_time(nu - (dagelijks_deel + GEDULD_DAGEN) * _DAG)
    vraag = select(sa.func.count()).where(col(ObjectRow.opgeruimd_op).is_(None), _last_read() < grens)
    return session.exec(vraag).one()


def _check_object(opslag: Opslag, backup: Opslag, verwacht: Vingerafdruk) -> tuple[bool, bool]:
    """Return (whole now, repaired)."""
    controle = opslag.controleer(verwacht.sha256, verwacht)
    if controle.in_orde:
        return True, False
    try:
        opslag.herstel(verwacht.sha256, uit=backup)
    except OpslagError:
        return False, False
    heel = opslag.controleer(verwacht.sha256, verwacht).in_orde
    return heel, heel


def open_backup(config: Config) -> Opslag:
    """Return the objects that all back-ups share; an empty place when there is no back-up."""
    return Opslag(config.backup.map / BACKUP_OBJECTEN, naam="back-up")


def _save_verdict(basis: Basis, sha256: str, *, heel: bool, hersteld: bool, op: str | None) -> bool:
    """Store the verdict on an object; False when it was cleared away meanwhile, so that there is none."""
    with db.begin(basis.engine, altijd=True) as session:  # who looks what is left after a restore
        rij = session.get_one(ObjectRow, sha256)
        if rij.opgeruimd_op is not None:
            return False
        rij.gecontroleerd_op, rij.in_orde = op or db.now_text(), heel
        session.add(rij)
        if hersteld:
            actor = storage.load_actor(session, LIJN)
            storage.append_gebeurtenis(session, "object.hersteld", actor=actor, onderwerp=actor.log_id, object=sha256)
        return True


# --- clearing -------------------------------------------------------------------------------------------------------


def clear_werkbestanden(basis: Basis) -> OpruimingRow:
    """Delete working files of the stores that are older than the setting, and record that they went."""
    ouder_dan_s = basis.config.opruimen.werkbestanden_uren * 3600
    delen = [opslag.ruim_tijdelijk(ouder_dan_s) for opslag in (basis.opslag, open_register(basis.config))]
    oudste = min((deel.oudste for deel in delen if deel.oudste is not None), default=None)
    rij = OpruimingRow(
        op=db.now_text(),
        soort=WERKBESTAND,
        aantal=sum(deel.aantal for deel in delen),
        omvang_bytes=sum(deel.omvang_bytes for deel in delen),
        oudste_op=None if oudste is None else db.format_time(datetime.fromtimestamp(oudste, UTC)),
    )
    with db.begin(basis.engine) as session:
        session.add(rij)
    return rij


def open_register(config: Config) -> Opslag:
    """Return the built-in register's own store; without that register it is an empty place."""
    return Opslag(config.algemeen.gegevensmap / "zaaksysteem")


def clear_tekstlagen(basis: Basis, *, nu: datetime | None = None) -> int:
    """Delete the text layers whose versie was archived long enough ago, record it, and return how many went.

    Their words are in the PDF/A. The record says of each that it was cleared away before the file goes, so a crash
    never makes it look lost; what a crash left is removed at the next turn. While a back-up is being made nothing goes.
    """
    moment = datetime.now(UTC) if nu is None else nu
    grens = db.format_time(moment - basis.config.opruimen.tekstlagen_dagen * _DAG)
    with hold_slot(basis.config):
        aantal = _remove_tekstlagen(basis, _find_blijvers(basis, moment), grens, moment)
        laatste: str | None = ""
        while laatste is not None:
            laatste, gemerkt = _mark_tekstlagen(basis, grens, na=laatste)
            aantal += _remove_tekstlagen(basis, gemerkt, grens, moment)
    if not aantal:
        with db.begin(basis.engine) as session:
            session.add(OpruimingRow(op=db.now_text(), soort=TEKSTLAAG, aantal=0, omvang_bytes=0))
    return aantal


def _mark_tekstlagen(basis: Basis, grens: str, *, na: str) -> tuple[str | None, list[str]]:
    """Say of the next text layers that may go that they are cleared away.

    Returns the hash to go on after (None: these were the last) and the hashes that were marked.
    """
    versie = DocumentversieRow
    with db.begin(basis.engine) as session:
        rijen = session.exec(
            select(ObjectRow)
            .where(ObjectRow.soort == TEKSTLAAG, col(ObjectRow.opgeruimd_op).is_(None), ObjectRow.sha256 > na)
            .where(sa.exists().where(col(versie.tekstlaag_sha256) == ObjectRow.sha256))
            .where(~sa.exists().where(col(versie.tekstlaag_sha256) == ObjectRow.sha256, _is_needed(grens)))
            .order_by(col(ObjectRow.sha256))
            .limit(_OPRUIMSTAP)
        ).all()
        weg = [rij for rij in rijen if build_opruimbewijs(session, rij, grens).in_gebruik == 0]
        for rij in weg:
            rij.opgeruimd_op = db.now_text()
            session.add(rij)
        return (rijen[-1].sha256 if rijen else None), [rij.sha256 for rij in weg]


def _is_needed(grens: str) -> Any:
    archief = col(DocumentversieRow.gearchiveerd_op)
    return sa.or_(archief.is_(None), archief >= grens)


def _find_blijvers(basis: Basis, nu: datetime) -> list[str]:
    """Return text layers that were marked lately and are still there: a crash came between."""
    with db.read(basis.engine) as session:
        gemerkt = session.exec(
            select(ObjectRow.sha256)
            .where(ObjectRow.soort == TEKSTLAAG, col(ObjectRow.opgeruimd_op) >= db.format_time(nu - 30 * _DAG))
            .order_by(col(ObjectRow.sha256))
        )
        return [sha256 for sha256 in gemerkt if basis.opslag.heeft(sha256)]


def _remove_tekstlagen(basis: Basis, hashes: Sequence[str], grens: str, nu: datetime) -> int:
    """Remove marked text layers and record it; one that was kept again meanwhile, or is needed, stays."""
    aantal = 0
    for plek in range(0, len(hashes), _OPRUIMSTAP):
        with db.begin(basis.engine) as session:
            stap = hashes[plek : plek + _OPRUIMSTAP]
            weg = [_remove_tekstlaag(basis, session, sha256, grens, nu) for sha256 in stap]
            gegaan = [deel for deel in weg if deel is not None]
            if gegaan:
                session.add(
                    OpruimingRow(
                        op=db.now_text(),
                        soort=TEKSTLAAG,
                        aantal=len(gegaan),
                        omvang_bytes=sum(omvang for omvang, _ in gegaan),
                        oudste_op=min(bewaard for _, bewaard in gegaan),
                    )
                )
        aantal += len(gegaan)
    return aantal


def _remove_tekstlaag(basis: Basis, session: Session, sha256: str, grens: str, nu: datetime) -> tuple[int, str] | None:
    """Remove one; return its size in bytes and when it was kept, or None when it stays."""
    rij = session.get_one(ObjectRow, sha256, with_for_update=True)
    if rij.opgeruimd_op is None:
        return None
    try:
        omvang = basis.opslag.verwijder_werkobject(build_opruimbewijs(session, rij, grens), nu=nu.timestamp())
    except OpslagError as exc:
        _log.info("tekstlaag_blijft", object=sha256, fout=type(exc).__name__)
        if basis.opslag.heeft(sha256):
            rij.opgeruimd_op = None
            session.add(rij)
        return None
    return omvang, rij.bewaard_op


def build_opruimbewijs(session: Session, rij: ObjectRow, grens: str) -> Opruimbewijs:
    """Count the places of the record that need these bytes: all but the text of versies archived before `grens`."""
    versie = DocumentversieRow
    gebruik = (
        (BronRow, col(BronRow.sha256) == rij.sha256),
        (ScanmapBestandRow, col(ScanmapBestandRow.sha256) == rij.sha256),
        (versie, col(versie.pdf_sha256) == rij.sha256),
        (versie, col(versie.manifest_sha256) == rij.sha256),
        (versie, col(versie.pdfa_rapport_sha256) == rij.sha256),
        (versie, col(versie.getrouwheid_rapport_sha256) == rij.sha256),
        (versie, sa.and_(col(versie.tekstlaag_sha256) == rij.sha256, _is_needed(grens))),
    )
    aantal = sum(session.exec(select(sa.func.count()).select_from(tabel).where(waar)).one() for tabel, waar in gebruik)
    return Opruimbewijs(rij.sha256, rij.soort, aantal)


def hold_slot(config: Config) -> AbstractContextManager[None]:
    """Hold the lock between back-up, export and clearing, so that none misses what its record speaks of.

    Raises:
        NietMogelijkError: another process of this machine has it.
    """
    return processen.hold_slot(
        config.algemeen.gegevensmap / "onderhoud.slot",
        "Er wordt al een back-up of export gemaakt, of er wordt net opgeruimd. Probeer het over een paar minuten "
        "opnieuw.",
    )


def keep_database(basis: Basis) -> int:
    """Check the whole database, and only then let the engine forget work that ended long ago; return how much.

    Raises:
        DatabaseError: SQLite finds damage. Then nothing is deleted, and `gezondheid` says that the check is not done.
    """
    db.check_database(basis.engine, grondig=True)
    aantal = basis.werkbank.forget_ended(WERKSTAAT_DAGEN * _DAG)
    with db.begin(basis.engine) as session:
        session.add(OpruimingRow(op=db.now_text(), soort=WERKSTAAT, aantal=aantal, omvang_bytes=0))
    return aantal


def find_nagekeken(session: Session) -> datetime | None:
    """Return when the whole database was last found to be in order; None when never."""
    op = session.exec(select(sa.func.max(OpruimingRow.op)).where(OpruimingRow.soort == WERKSTAAT)).one()
    return None if op is None else datetime.fromisoformat(op)


def check_rijen(basis: Basis) -> int:
    """Hold what decisions on paper rest on against the log, record how much of it differs, and return that."""
    aantal = sum(not verschil.bekend for verschil in logboek.find_verschillen(basis))
    with db.begin(basis.engine) as session:
        session.add(OpruimingRow(op=db.now_text(), soort=RIJEN, aantal=aantal, omvang_bytes=0))
    if aantal:
        _log.error("rijen_anders", aantal=aantal)
    return aantal


def find_rijencontrole(session: Session) -> tuple[datetime, int] | None:
    """Return when the rows were last held against the log, and how many differed; None when never."""
    rij = session.exec(
        select(OpruimingRow).where(OpruimingRow.soort == RIJEN).order_by(col(OpruimingRow.op).desc()).limit(1)
    ).first()
    return None if rij is None else (datetime.fromisoformat(rij.op), rij.aantal)


# --- the service ----------------------------------------------------------------------------------------------------


def loop(basis: Basis, stop: threading.Event, *, kijk_s: float = KIJK_S) -> None:
    """Look every hour what is due, until `stop`."""
    while not stop.is_set():
        do_due(basis, stop=stop.is_set)
        stop.wait(kijk_s)


def do_due(basis: Basis, *, stop: Callable[[], bool] = lambda: False, nu: datetime | None = None) -> None:
    """Do what is due now. What fails is in the log and is tried again the next time; it does not keep back the rest."""
    moment = datetime.now(UTC) if nu is None else nu
    try:
        db.verify_schrijfbaar(basis.engine)  # some tasks delete before they record it
    except AlleenLezenError:
        _log.warning("onderhoud_wacht")
        return
    for naam, taak in (
        (WERKBESTAND, lambda: _is_due(basis, WERKBESTAND, moment) and clear_werkbestanden(basis)),
        (TEKSTLAAG, lambda: _is_due(basis, TEKSTLAAG, moment) and clear_tekstlagen(basis, nu=moment)),
        (WERKSTAAT, lambda: _is_due(basis, WERKSTAAT, moment) and keep_database(basis)),
        (RIJEN, lambda: _is_rijen_due(basis, moment) and check_rijen(basis)),
        ("scrub", lambda: _scrub_and_log(basis, stop, moment)),
    ):
        if stop():
            return
        try:
            taak()
        except (ScanstraatError, SQLAlchemyError) as exc:
            _log.warning("onderhoud_mislukt", taak=naam, fout=type(exc).__name__)


def _is_due(basis: Basis, soort: str, nu: datetime) -> bool:
    with db.read(basis.engine) as session:
        laatste = session.exec(select(sa.func.max(OpruimingRow.op)).where(OpruimingRow.soort == soort)).one()
    return laatste is None or laatste <= db.format_time(nu - _DAG)


def _is_rijen_due(basis: Basis, nu: datetime) -> bool:
    """Every day, and every time as long as something differs: whoever put it right sees so within the hour."""
    with db.read(basis.engine) as session:
        laatste = find_rijencontrole(session)
    return laatste is None or laatste[1] > 0 or laatste[0] <= nu - _DAG


def _scrub_and_log(basis: Basis, stop: Callable[[], bool], nu: datetime) -> None:
    uitslag = scrub(basis, stop=stop, nu=nu)
    if uitslag.gelezen:
        _log.info("scrub", gelezen=uitslag.gelezen, hersteld=uitslag.hersteld, beschadigd=len(uitslag.beschadigd))
