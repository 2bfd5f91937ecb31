"""Do the record and the sealed log go on from each other? Cheap enough to ask before everything that writes.

Three places know how far the log is, and each can be put back from a copy: the record (`logregel`), the folder of the
log (its newest checkpoint) and the sealer (its stand). A fourth knows how far it once was: others, outside. When they
cannot all be true something was put back or changed, and the service only reads until that is mended (model: a rollback
that was found makes the service read-only).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.config import Config
from scanstraat.errors import AlleenLezenError
from scanstraat.tables import GebeurtenisRow, LogregelRow
from vernietiging.checkpoint import parse_checkpoint
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.gebeurtenis import Gebeurtenis, parse_blad
from vernietiging.notitie import parse_notitie
from vernietiging.tegels import BREEDTE, Tegelmap, write_over
from vernietiging.verzegeldienst import Verzegelklant

ADRES = "verzegelaar.sock"
HERSTEL = "herstel.verklaard"
# Written out, and not as a parameter: only then is the index on it used (migration 0013).
IS_HERSTEL = col(GebeurtenisRow.soort) == sa.literal_column(f"'{HERSTEL}'")
TERUGGEZET = "backup.teruggezet"
KIJK_S = 10.0  # how long an answer holds for everything that this process writes
GEDULD_S = 0.5  # for a sealer that is busy: writing hardly waits for it
_ELDERS = ".elders"  # beside the log: the largest size that somebody outside said to have seen

WAT_NU = (
    "Tot dat is hersteld wordt er niets ingenomen, verwerkt of vastgelegd; scans blijven in de scanmap liggen. Kijken, "
    "controleren en een back-up maken kan wel. Waarschuw de functioneel beheerder en de archivaris, en vernietig geen "
    'papier. Wat u doet staat in de handleiding van de beheerder bij "De scanstraat leest alleen nog".'
)

_log = structlog.get_logger("logboek")


def find_adres(config: Config) -> Path:
    """Return the socket of the sealer."""
    return config.logboek.verzegelaar / ADRES


def verify_stand(engine: Engine, config: Config, klant: Verzegelklant) -> None:
    """Return when the record and the log go on from each other. Nothing is written, and sealing may go on meanwhile.

    When the sealer does not answer, the newest checkpoint on the disk stands for what it would say.

    Raises:
        LogboekGewijzigdError: one of them was changed or put back.
        NietVastTeStellenError: there is nothing to compare with: no sealer that answers and no log.
    """
    bekend = count_places(engine)  # in this order: who is asked later is never behind who was asked before
    elders = find_elders(config)
    try:
        verzegeld = klant.stand().omvang
    except NietVastTeStellenError:
        verzegeld = None
    except LogboekGewijzigdError as exc:
        raise LogboekGewijzigdError(
            f"{exc} Logboek en verzegelaar horen niet bij elkaar. Zet de mappen {config.logboek.map} en "
            f"{config.logboek.verzegelaar} terug zoals zij samen het laatst waren."
        ) from exc
    op_schijf = read_omvang(config)
    if verzegeld is None and op_schijf is None:
        raise NietVastTeStellenError("De verzegelaar antwoordt niet, en er is geen logboek om mee te vergelijken.")
    if verzegeld is not None and (op_schijf or 0) < verzegeld:
        raise LogboekGewijzigdError(
            f"De verzegelaar kent {verzegeld} regels van het logboek, in de map van het logboek staan er "
            f"{op_schijf or 0}: die map is teruggezet of weg. Zet de map {config.logboek.map} terug zoals zij was."
        )
    omvang = op_schijf or 0 if verzegeld is None else verzegeld
    verify_elders(engine, elders, omvang)
    for _, bladen in read_onbekend(config, bekend, omvang):
        with db.read(engine) as session:
            for blad in bladen:
                find_event(session, blad)


def count_places(engine: Engine) -> int:
    """Return how many lines of the log the record knows.

    Raises:
        LogboekGewijzigdError: one in between is missing.
    """
    with db.read(engine) as session:
        bekend = session.exec(select(sa.func.count()).select_from(LogregelRow)).one()
        hoogste = session.exec(select(sa.func.max(LogregelRow.nummer))).one()
    if bekend != (0 if hoogste is None else hoogste + 1):
        raise LogboekGewijzigdError(
            "In de database ontbreken regels van het logboek: er is iets veranderd. Er wordt niets verzegeld. "
            "Waarschuw de functioneel beheerder."
        )
    return int(bekend)


def read_omvang(config: Config) -> int | None:
    """Return how many lines the newest checkpoint on the disk covers; None: there is no log, or it cannot be read.

    Raises:
        LogboekGewijzigdError: what stands there is no checkpoint.
    """
    try:
        inhoud = (config.logboek.map / "checkpoint").read_bytes()
    except OSError:
        return None
    return parse_checkpoint(parse_notitie(inhoud).tekst).omvang


def find_elders(config: Config) -> int:
    """Return how far the log was at least, by what others outside signed, stamped or said; 0 when there is nothing."""
    map = config.logboek.map
    gezien = [
        int(pad.name)
        for soort in ("getuigen", "tijdstempels")
        if (map / soort).is_dir()
        for pad in (map / soort).iterdir()
        if pad.name.isdecimal()
    ]
    with suppress(OSError, ValueError):
        gezien.append(int((map / _ELDERS).read_bytes()))
    return max(gezien, default=0)


def save_elders(map: Path, omvang: int) -> None:
    """Keep that somebody outside saw so many lines, until the log has them again."""
    pad = map / _ELDERS
    if not pad.exists() or int(pad.read_bytes()) < omvang:
        write_over(pad, str(omvang).encode())


@dataclass(frozen=True)
class Verklaard:
    """How it stood when two people declared that something was put back and that they go on."""

    bekend: int
    omvang: int
    elders: int


def load_verklaard(engine: Engine) -> Verklaard | None:
    """Return the newest declaration that two people made; None when there is none."""
    with db.read(engine) as session:
        rijen: Iterable[tuple[GebeurtenisRow, int | None]] = session.exec(
            select(GebeurtenisRow, LogregelRow.nummer)
            .outerjoin(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
            .where(IS_HERSTEL)
            .order_by(col(GebeurtenisRow.volgnummer).desc())
            .limit(2)
        )
        gegevens = [rij.gegevens for rij, nummer in rijen if nummer is not None or is_eigen(session, rij)]
    if [g["volgnummer"] for g in gegevens] != [2, 1]:
        return None
    return Verklaard(gegevens[0]["bekend"], gegevens[0]["omvang"], gegevens[0]["elders"])


def has_herstel(session: Session) -> bool:
    """Whether two people ever went on after something was put back: rows may be lost of which the log still knows."""
    return session.exec(select(GebeurtenisRow.volgnummer).where(IS_HERSTEL).limit(1)).first() is not None


def verify_elders(engine: Engine, elders: int, omvang: int) -> None:
    """Return when nobody outside saw more of the log than there is, or two people declared that they know so.

    Raises:
        LogboekGewijzigdError: somebody did.
    """
    if elders > omvang:
        verklaard = load_verklaard(engine)
        if verklaard is not None and elders <= verklaard.elders:
            return
        raise LogboekGewijzigdError(
            f"Buiten de scanstraat is gezien dat het logboek {elders} regels had, nu zijn het er {omvang}: database, "
            "logboek en verzegelaar zijn samen teruggezet. Er wordt niets verzegeld. Zet alle drie terug zoals zij het "
            "laatst waren."
        )


def read_onbekend(config: Config, bekend: int, omvang: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the leaves of which the record does not know the place yet, with the number of the first.

    Raises:
        LogboekGewijzigdError: the record knows more lines than there are.
    """
    if bekend > omvang:
        raise LogboekGewijzigdError(
            f"De database kent {bekend} regels van het logboek, de verzegelaar {omvang}. Is de verzegelaar "
            f"teruggezet? Zet de mappen {config.logboek.verzegelaar} en {config.logboek.map} terug zoals zij waren; "
            "tot dan wordt er niets verzegeld."
        )
    yield from read_leaves(Tegelmap(config.logboek.map), bekend, omvang)


def find_event(session: Session, blad: bytes) -> int:
    """Return the number in the record of the event that a leaf of the log is.

    Raises:
        LogboekGewijzigdError: the record does not have it, or has another: it was put back or changed.
    """
    gebeurtenis = parse_blad(blad)
    rij = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.id == gebeurtenis.id)).first()
    if rij is None or build_blad(rij) != blad or rij.volgnummer is None:
        raise LogboekGewijzigdError(
            "Het logboek heeft gebeurtenissen die niet in de database staan: de database is teruggezet of veranderd. "
            "Er wordt niets verzegeld. Zet de nieuwste database terug die er is."
        )
    return rij.volgnummer


def read_leaves(tegels: Tegelmap, begin: int, einde: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the leaves from `begin` up to `einde`, a bundle at a time, with the number of the first."""
    while begin < einde:
        n, over = divmod(begin, BREEDTE)
        tot = min(einde, (n + 1) * BREEDTE)
        yield begin, tegels.read_bladen(n, tot - n * BREEDTE)[over:]
        begin = tot


def build_blad(rij: GebeurtenisRow) -> bytes:
    """Return the leaf of an event of the record.

    Raises:
        GebeurtenisError: the row holds what no event has: somebody changed it.
    """
    if not isinstance(rij.gegevens, dict):
        raise GebeurtenisError(f"Gebeurtenis {rij.volgnummer} in de database heeft geen gegevens.")
    return Gebeurtenis(
        rij.id, rij.soort, rij.schema_versie, rij.actor_log_id, rij.onderwerp_log_id, rij.op, rij.gegevens
    ).to_bytes()


def is_eigen(session: Session, rij: GebeurtenisRow) -> bool:
    """Whether this installation wrote an event, as far as that must be known: also what says that it was put back.

    That one is written into a back-up that is put back, before the key is there. It allows nothing.
    """
    if rij.soort == TERUGGEZET:
        return True
    merker = db.get_merker(session)
    return merker is not None and merker.is_eigen(build_blad(rij), rij.merk)


class Wacht:
    """Lets nothing be written once something was put back or changed; `db.begin` asks it before it opens.

    An answer holds for KIJK_S, so that this costs a busy line nothing; afterwards it is looked up anew, and what was
    put right is seen without anybody doing anything more.
    """

    def __init__(self, engine: Engine, config: Config) -> None:
        self._engine, self._config = engine, config
        self._klant = Verzegelklant(find_adres(config), tijdslimiet_s=GEDULD_S)
        self._slot = threading.Lock()
        self._gekeken = float("-inf")
        self._reden = ""

    def __call__(self) -> None:
        """Return when there may be written.

        Raises:
            AlleenLezenError: something was put back or changed; it says what, and what to do.
        """
        with self._slot:
            if time.monotonic() - self._gekeken >= KIJK_S:
                reden = find_reden(self._engine, self._config, self._klant)
                if reden and not self._reden:
                    _log.error("alleen_lezen")
                self._reden, self._gekeken = reden, time.monotonic()
            reden = self._reden
        if reden:
            raise AlleenLezenError(reden)


def find_reden(engine: Engine, config: Config, klant: Verzegelklant) -> str:
    """Return, in Dutch, why nothing may be written and what to do; "" when it may.

    What cannot be established is no reason: the scans of today do not wait for a sealer that is being started.
    """
    try:
        verify_stand(engine, config, klant)
    except (NietVastTeStellenError, OSError):
        return ""
    except VernietigingError as exc:
        return "" if _is_verklaard(engine, config) else f"{exc} {WAT_NU}"
    return ""


def _is_verklaard(engine: Engine, config: Config) -> bool:
    """Whether two people declared the log to be lost as it is lost now: the line goes on, and nothing is sealed."""
    try:
        nu = (count_places(engine), read_omvang(config) or 0)
    except VernietigingError:
        return False
    verklaard = load_verklaard(engine)
    return verklaard is not None and nu == (verklaard.bekend, verklaard.omvang)
