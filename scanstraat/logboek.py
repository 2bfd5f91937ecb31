"""Between the record and the sealed log: which events wait, where each stands in the log, and whether the two agree.

The record is where an event is written, in the transaction of its change. The sealer decides its place. `logregel`
keeps that place, so that later events can refer to it; it can be made anew from the log.
"""

from __future__ import annotations

import os
import pwd
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlmodel import Session, col, select

from scanstraat import db, logstand, personen, processen, rijcontrole, stops, storage, verankering, verzegelen
from scanstraat.bootstrap import Basis
from scanstraat.config import Config
from scanstraat.errors import NietMogelijkError, ScanstraatError
from scanstraat.rijen import Verschil, Wat
from scanstraat.tables import GebeurtenisRow, LogregelRow
from scanstraat.technisch_log import describe_fout
from vernietiging.beleid import GEEN, Beleid, render_beleid
from vernietiging.checkpoint import parse_checkpoint
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.notitie import Sleutel, parse_notitie
from vernietiging.tegels import Tegelmap, write_over
from vernietiging.verificatie import hash_bewijs, verify_checkpoint, verify_logboek
from vernietiging.verzegelaar import Verzegelaar, read_sleutels
from vernietiging.verzegeldienst import Verzegeld, Verzegeldienst, Verzegelklant

SAMEN = 200  # events in one request to the sealer, which reads the files that they speak of
VREEMD = (
    "Zij is niet door deze scanstraat vastgelegd: iemand schreef in de database, of aanmelding.sleutel is een ander "
    "bestand. Er wordt niets verzegeld, dus er gaat geen papier weg. Wat u doet staat in de handleiding van de "
    'beheerder bij "Een gebeurtenis van een ander".'
)
GEDULD_S = 60.0  # for somebody else who is sealing just now

_log = structlog.get_logger("logboek")


@dataclass(frozen=True)
class Stand:
    """What there is to say of the log now."""

    gebeurtenissen: int  # in the record
    verzegeld: int
    wortel: str
    oudste_wachtende_op: str | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "gebeurtenissen": self.gebeurtenissen,
            "verzegeld": self.verzegeld,
            "wortel": self.wortel,
            "oudste_wachtende_op": self.oudste_wachtende_op,
        }


def open_klant(config: Config) -> Verzegelklant:
    """Return who asks the sealer of this installation."""
    return Verzegelklant(logstand.find_adres(config))


def serve(config: Config, stop: threading.Event) -> None:
    """Be the sealer, until told to stop.

    Raises:
        NietMogelijkError: the settings name another user for it.
    """
    logboek = config.logboek
    if logboek.gebruiker and logboek.gebruiker != _find_gebruiker():
        raise NietMogelijkError(
            f"De verzegelaar draait als gebruiker {logboek.gebruiker}, en dit is gebruiker {_find_gebruiker()}. Start "
            f"hem met zijn eigen dienst, of zo: sudo -u {logboek.gebruiker} scanstraat verzegelaar"
        )

    def open_verzegelaar() -> Verzegelaar:
        return Verzegelaar(logboek.verzegelaar, logboek.map, logboek.oorsprong, objecten=config.opslag.map)

    Verzegeldienst(logstand.find_adres(config), open_verzegelaar).serve(stop)


def _find_gebruiker() -> str:
    """Return the name of the user that this process runs as, or the number of one without a name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def loop(basis: Basis, stop: threading.Event) -> None:
    """Seal what waits, again and again; what goes wrong is logged and tried again."""
    klant, gevolgd = open_klant(basis.config), -1
    gevraagd = False
    while not stop.is_set():
        try:
            if not gevraagd:  # before anything is sealed on a log that others saw more of
                verankering.ask_getuigen(basis.config)
                gevraagd = True
            verzegeld = seal_waiting(basis, klant)
            if verzegeld.omvang != gevolgd:  # nothing moves without an event
                with db.begin(basis.engine) as session:
                    stops.follow_stops(session)
                gevolgd = verzegeld.omvang
            seal_delivered(basis)
            _anchor_when_due(basis, verzegeld.omvang)
        except NietMogelijkError:  # a person asked for it at this moment
            pass
        except (ScanstraatError, VernietigingError, SQLAlchemyError, OSError) as exc:
            _log.error("verzegelen_mislukt", **describe_fout(exc))
        stop.wait(basis.config.logboek.interval_s)


def seal_delivered(basis: Basis) -> int:
    """Fix every batch that has been delivered since; return how many. One that is not ready yet waits for the next."""
    with db.read(basis.engine) as session:
        klaar = verzegelen.find_te_verzegelen(session)
    verzegeld = 0
    for batch_id in klaar:
        with suppress(NietMogelijkError), db.begin(basis.engine) as session:
            verzegelen.seal(basis, session, storage.lock_batch(session, batch_id))
            verzegeld += 1
    return verzegeld


def _anchor_when_due(basis: Basis, omvang: int) -> None:
    """Anchor the newest checkpoint once in so many hours; who did not answer is asked again after as many minutes."""
    logboek = basis.config.logboek
    if not omvang or not (logboek.getuige or logboek.tijdstempel) or verankering.is_anchored(basis.config, omvang):
        return
    merk = logboek.map / ".verankerd"
    uren = logboek.veranker_uren if not merk.exists() or merk.read_bytes() == b"goed" else logboek.veranker_uren / 60
    if merk.exists() and time.time() - merk.stat().st_mtime < uren * 3600:
        return
    verslag = anchor(basis, omvang)
    write_over(merk, b"goed" if verslag.in_orde else b"later")
    if not verslag.in_orde:
        _log.error("verankeren_onvolledig", omvang=omvang, fouten=len(verslag.fouten))


def anchor_newest(basis: Basis) -> verankering.Ankerverslag:
    """Seal what waits, and anchor the checkpoint over it."""
    return anchor(basis, seal_waiting(basis, open_klant(basis.config)).omvang)


def anchor(basis: Basis, omvang: int) -> verankering.Ankerverslag:
    """Anchor a checkpoint, and record what everybody said as an event: a later line of the log commits to it."""
    verslag = verankering.anchor(basis.config, omvang)
    if verslag.genoeg:
        with db.begin(basis.engine) as session:
            _append_verankering(basis, session, omvang, len(verslag.getuigen), len(verslag.tijdstempels))
    return verslag


def _append_verankering(basis: Basis, session: Session, omvang: int, getuigen: int, tijdstempels: int) -> None:
    actor = storage.load_actor(session, "verankering")
    storage.append_gebeurtenis(
        session,
        "verankering",
        actor=actor,
        onderwerp=actor.log_id,
        checkpoint=omvang,
        wortel=read_wortel(basis.config, omvang),
        getuigen=getuigen,
        tijdstempels=tijdstempels,
        bewijs=hash_bewijs(basis.config.logboek.map, omvang),
    )


def restore_verankering(basis: Basis, session: Session) -> None:
    """Record the newest anchor again when its event was lost: it waited when the database was put back.

    An order rests on it, and is held against that event later.
    """
    anker = verankering.find_anker(basis.config, load_beleid(basis.config), 0)
    if anker is None:
        return
    bekend = session.exec(select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "verankering"))
    if all(gegevens["checkpoint"] != anker.omvang for gegevens in bekend):
        gezien = anker.verankering
        _append_verankering(basis, session, anker.omvang, len(gezien.getuigen), len(gezien.tijdstempels))


def seal_waiting(basis: Basis, klant: Verzegelklant) -> Verzegeld:
    """Seal every event that waits, in the order in which they were written, and note where each stands.

    Raises:
        LogboekGewijzigdError: record and log do not agree: one of them was changed or put back.
        NietVastTeStellenError: the sealer does not answer.
    """
    with hold_sealed(basis, klant) as verzegeld:
        return verzegeld


@contextmanager
def hold_sealed(basis: Basis, klant: Verzegelklant) -> Iterator[Verzegeld]:
    """Seal every event that waits, as `seal_waiting`, and let nobody of this machine seal until the end.

    The line seals every few seconds; who comes in between waits for that, so that no step of a person is refused.
    """
    with hold_slot(basis):
        yield _seal(basis, klant)


def hold_slot(basis: Basis) -> AbstractContextManager[None]:
    """Let nobody of this machine seal.

    Raises:
        BezetError: somebody is sealing, and goes on for too long.
    """
    slot = basis.config.algemeen.gegevensmap / "logboek.slot"
    return processen.hold_slot(slot, "Er wordt al verzegeld. Probeer het zo opnieuw.", geduld_s=GEDULD_S)


def _seal(basis: Basis, klant: Verzegelklant) -> Verzegeld:
    elders = logstand.find_elders(basis.config)  # before the sealer is asked: it is never behind what was known then
    verzegeld = klant.stand()
    logstand.verify_elders(basis.engine, elders, verzegeld.omvang)
    _catch_up(basis, verzegeld)
    while True:
        with db.read(basis.engine) as session:
            wachtend = _load_waiting(session)
        if not wachtend:
            return verzegeld
        vanaf = verzegeld.omvang
        verzegeld = klant.append(vanaf, [blad for _, blad in wachtend])
        with db.begin(basis.engine, altijd=True) as session:
            _save_places(session, vanaf, [volgnummer for volgnummer, _ in wachtend])


def _catch_up(basis: Basis, verzegeld: Verzegeld) -> None:
    """Note the places that were not noted when something stopped between the sealer's answer and our commit.

    Every leaf beyond what we know must be an event of the record: if not, the record was put back to an older state.
    """
    bekend = logstand.count_places(basis.engine)
    for begin, bladen in logstand.read_onbekend(basis.config, bekend, verzegeld.omvang):
        with db.begin(basis.engine, altijd=True) as session:  # this is what finds out
            _save_places(session, begin, [logstand.find_event(session, blad) for blad in bladen])


def _has_waiting(session: Session) -> bool:
    """Whether some event has no place yet; counting is cheap also when there are a million."""
    aantallen = [session.exec(select(sa.func.count()).select_from(rij)).one() for rij in (LogregelRow, GebeurtenisRow)]
    return aantallen[0] != aantallen[1]


def _select_waiting() -> Any:
    return (
        select(GebeurtenisRow)
        .join(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer, isouter=True)
        .where(col(LogregelRow.nummer).is_(None))
    )


def _load_waiting(session: Session) -> list[tuple[int, bytes]]:
    if not _has_waiting(session):
        return []
    rijen = session.exec(_select_waiting().order_by(col(GebeurtenisRow.volgnummer)).limit(SAMEN)).all()
    for rij in rijen:
        if not logstand.is_eigen(session, rij):
            raise LogboekGewijzigdError(f"Gebeurtenis {rij.volgnummer} wacht op de verzegelaar. {VREEMD}")
    vaker = session.exec(
        select(GebeurtenisRow.id)
        .where(col(GebeurtenisRow.id).in_([rij.id for rij in rijen]))
        .group_by(col(GebeurtenisRow.id))
        .having(sa.func.count() > 1)
    ).first()
    if vaker is not None:  # the database does not allow it, and whoever owns it can take that away
        raise LogboekGewijzigdError(f"Gebeurtenis {str(vaker)[:8]} staat twee keer in de database. {VREEMD}")
    return [(rij.volgnummer, logstand.build_blad(rij)) for rij in rijen]


def find_vreemde(session: Session) -> list[GebeurtenisRow]:
    """Return the events that wait and were not written by this installation, oldest first."""
    if not _has_waiting(session):
        return []
    rijen = session.exec(_select_waiting().order_by(col(GebeurtenisRow.volgnummer)))
    return [rij for rij in rijen if not logstand.is_eigen(session, rij)]


def _save_places(session: Session, vanaf: int, volgnummers: Sequence[int]) -> None:
    session.execute(
        sa.insert(LogregelRow),
        [{"nummer": vanaf + plek, "gebeurtenis": volgnummer} for plek, volgnummer in enumerate(volgnummers)],
    )


def build_stand(session: Session, verzegeld: Verzegeld) -> Stand:
    """Return how the record and the log stand."""
    aantal = session.exec(select(sa.func.count()).select_from(GebeurtenisRow)).one()
    return Stand(aantal, verzegeld.omvang, verzegeld.wortel.hex(), find_oudste_wachtende(session))


def find_oudste_wachtende(session: Session) -> str | None:
    """Return when the first event that is not sealed was written; None when all are sealed."""
    if not _has_waiting(session):
        return None
    oudste = session.exec(_select_waiting().order_by(col(GebeurtenisRow.volgnummer)).limit(1)).first()
    return None if oudste is None else str(oudste.op)


def check_record(basis: Basis, klant: Verzegelklant, *, meld: Callable[[int, int], None]) -> int:
    """Verify the log with the keys of the sealer, and compare every event of the record with its line in it.

    Returns how many there are: as many as the sealer knows of.

    Raises:
        LogboekGewijzigdError: something does not agree.
        NietVastTeStellenError: the sealer does not answer.
    """
    verzegeld = klant.stand()
    map = basis.config.logboek.map
    if verzegeld.omvang:
        verslag = verify_logboek(map, Beleid(klant.sleutels(), {}, {}, GEEN, {}, 0))
        if verslag.checkpoint.omvang < verzegeld.omvang:
            raise LogboekGewijzigdError("Het logboek is korter dan wat de verzegelaar heeft ondertekend.")
    with db.read(basis.engine) as session:
        bekend = session.exec(select(sa.func.count()).select_from(LogregelRow)).one()
    if bekend != verzegeld.omvang:
        raise LogboekGewijzigdError(
            f"De database kent {bekend} regels van het logboek, de verzegelaar {verzegeld.omvang}. Voer eerst uit: "
            "scanstraat logboek verzegel. Zegt dat hetzelfde, dan is een van de twee teruggezet of veranderd."
        )
    for begin, bladen in logstand.read_leaves(Tegelmap(map), 0, bekend):
        with db.read(basis.engine) as session:
            in_record = _load_bladen(session, begin, begin + len(bladen))
        for nummer, blad in enumerate(bladen, start=begin):
            if in_record.get(nummer) != blad:
                raise LogboekGewijzigdError(
                    f"Gebeurtenis {nummer} staat anders in de database dan in het verzegelde logboek. Er is iets "
                    "veranderd. Waarschuw de functioneel beheerder en de archivaris."
                )
        meld(begin + len(bladen), bekend)
    return bekend


def find_verschillen(basis: Basis) -> list[Verschil]:
    """Return everything of which a row says something else than its event; with none but known ones all is well."""
    gevonden = []
    with db.read(basis.engine) as session:
        try:
            for verschil in rijcontrole.find_verschillen(session, None, basis.opslag):
                gevonden.append(verschil)
        except (ValueError, LookupError, TypeError, AttributeError, NoResultFound) as exc:
            _log.error("rijen_niet_te_vergelijken", **describe_fout(exc))
            tekst = "Een deel van de database is niet te lezen: daar staat wat de scanstraat nooit schrijft."
            gevonden.append(Verschil(Wat.RIJ, tekst))
    return gevonden


def _load_bladen(session: Session, begin: int, einde: int) -> dict[int, bytes]:
    """Return the leaves of the record by their place in the log, as far as they can be read."""
    try:
        rijen = session.exec(
            select(LogregelRow.nummer, GebeurtenisRow)
            .join(GebeurtenisRow, col(GebeurtenisRow.volgnummer) == LogregelRow.gebeurtenis)
            .where(col(LogregelRow.nummer) >= begin, col(LogregelRow.nummer) < einde)
        ).all()
        return {nummer: logstand.build_blad(rij) for nummer, rij in rijen}
    except (ValueError, GebeurtenisError) as exc:  # text that is none, or values that no event has
        raise LogboekGewijzigdError(
            f"Tussen gebeurtenis {begin} en {einde} staat in de database iets onleesbaars. Er is iets veranderd of "
            "beschadigd. Waarschuw de functioneel beheerder en de archivaris."
        ) from exc


def read_wortel(config: Config, omvang: int) -> str:
    """Return the root of a stored checkpoint, hex."""
    notitie = parse_notitie((config.logboek.map / "checkpoints" / str(omvang)).read_bytes())
    return parse_checkpoint(notitie.tekst).wortel.hex()


def find_eerste_checkpoint(config: Config, regel: int) -> tuple[int, bytes]:
    """Return the size and root of the first checkpoint that covers a line of the log, as the sealer signed it.

    Raises:
        NietMogelijkError: there is none yet.
        LogboekGewijzigdError: it is not what the sealer signed.
    """
    map = config.logboek.map / "checkpoints"
    groottes = [int(pad.name) for pad in map.iterdir() if pad.name.isdecimal()] if map.is_dir() else []
    eerste = min((grootte for grootte in groottes if grootte > regel), default=None)
    if eerste is None:
        raise NietMogelijkError("Dit staat nog niet in een checkpoint van het logboek. Probeer het zo opnieuw.")
    beleid = Beleid(open_klant(config).sleutels(), {}, {}, GEEN, {}, 0)
    checkpoint = verify_checkpoint(parse_notitie((map / str(eerste)).read_bytes()), beleid)
    if checkpoint.omvang != eerste:
        raise LogboekGewijzigdError(f"Het checkpoint over {eerste} gebeurtenissen is een ander. Er is iets veranderd.")
    return eerste, checkpoint.wortel


def record_controle(basis: Basis, wie: personen.Aangemeld, omvang: int, *, in_orde: bool) -> None:
    """Record that somebody independent checked the log, and what they found (BIO2 8.15.06)."""
    with db.begin(basis.engine, altijd=True) as session:
        personen.verify_mandaat(session, wie, personen.Rol.AUDITOR, personen.Rol.ARCHIVARIS)
        actor = personen.actor_of(session, wie.persoon_id)
        storage.append_gebeurtenis(
            session, "logboek.gecontroleerd", actor=actor, onderwerp=actor.log_id, omvang=omvang, in_orde=in_orde
        )


def write_beleid(config: Config, uit: Path) -> None:
    """Write what an auditor may believe of this log: its origin, its keys, its witnesses and its authorities.

    Raises:
        NietVastTeStellenError: the sealer does not answer, and the keys it left are not those of the log or unreadable.
    """
    try:
        sleutels = open_klant(config).sleutels()
    except NietVastTeStellenError as exc:
        sleutels = _read_sleutels_stil(config, exc)
    uit.write_text(render_beleid(verankering.build_beleid(config, sleutels)), encoding="utf-8")


def _read_sleutels_stil(config: Config, stil: NietVastTeStellenError) -> tuple[Sleutel, ...]:
    """Return the keys that the sealer left, when they signed the newest checkpoint."""
    try:
        sleutels = read_sleutels(config.logboek.verzegelaar)
        notitie = parse_notitie((config.logboek.map / "checkpoint").read_bytes())
        verify_checkpoint(notitie, Beleid(sleutels, {}, {}, GEEN, {}, 0))
    except (OSError, VernietigingError) as exc:
        raise NietVastTeStellenError(
            f"{stil} Het kan ook met de openbare sleutels die hij in {config.logboek.verzegelaar} zette. Die zijn niet "
            "te lezen, of zij ondertekenden het logboek niet."
        ) from exc
    return sleutels


def load_beleid(config: Config) -> Beleid:
    """Return what may be believed of this log, by the settings and the sealer."""
    return verankering.build_beleid(config, open_klant(config).sleutels())
