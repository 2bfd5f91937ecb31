"""Who is who, how they prove it, and what they may decide from when to when.

One human is one persoon, whatever names they go by; only so can four eyes be counted. A persoon proves who they are
with a password (argon2) and a code of the moment (TOTP, RFC 6238) at every decision that matters; a code counts once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from scanstraat import db, ogen, scanoperator, storage
from scanstraat.domain import ONBEKEND
from scanstraat.errors import AanmeldingError, GeenMandaatError, InstellingError, NietGevondenError, NietMogelijkError
from scanstraat.merk import SLEUTEL, read_sleutel
from scanstraat.rijen import shorten
from scanstraat.tables import ActorRow, BatchRow, BewerkingRow, GebeurtenisRow
from scanstraat.tables_bewijs import AanmeldingRow, MandaatRow, OordeelRow, PersoonRow, PersoonsnaamRow

HERBEVESTIGD = "wachtwoord-totp"  # how somebody proved who they are, in the log
GELDIG = timedelta(minutes=5)  # a proof is for the decision at hand
STAP_S = 30  # TOTP
_WERK = "werk:"  # before what a werkbewijs says, so that nothing else that is encrypted passes for one
KORTSTE_WACHTWOORD = 12
MEESTE_POGINGEN = 5
WACHT_DAGEN = 7
BLOKKADE = timedelta(minutes=15)
_NAAM = re.compile(r"\S(?:.{0,98}\S)?")
_hasher = PasswordHasher()


class Rol(StrEnum):
    """What a mandaat lets somebody do."""

    SCANOPERATOR = "scanoperator"
    DIV_MEDEWERKER = "div_medewerker"
    CONTROLEUR = "controleur"
    GEMANDATEERDE = "gemandateerde"
    ARCHIVARIS = "archivaris"
    AUDITOR = "auditor"
    FUNCTIONEEL_BEHEERDER = "functioneel_beheerder"

    @property
    def woorden(self) -> str:
        """What people call this role."""
        return "DIV-medewerker" if self is Rol.DIV_MEDEWERKER else self.value.replace("_", " ")


@dataclass(frozen=True)
class Aangemeld:
    """Somebody who has just proved who they are. Only `sign_in` makes one."""

    persoon_id: UUID
    naam: str
    op: datetime


@dataclass(frozen=True)
class Betrokkenen:
    """Who scanned or edited a batch, or stated who scanned it: as persons, and the names that no persoon goes by."""

    personen: frozenset[UUID]
    onbekend: tuple[str, ...]


# --- persons and their names --------------------------------------------------------------------------------------


def has_personen(session: Session) -> bool:
    """Whether anybody is known at all; the first one needs nobody's leave."""
    return session.exec(select(PersoonRow.id).limit(1)).first() is not None


def find_persoon(session: Session, naam: str) -> PersoonRow | None:
    """Return who goes by this name, without regard to capitals, spaces or the way an accent is stored.

    Compared here: `lower` of SQLite knows no É, and two persons of one name would be two pairs of eyes.
    """
    gezocht = _fold(naam)
    for bekend, persoon_id in session.exec(select(PersoonsnaamRow.naam, PersoonsnaamRow.persoon_id)):
        if _fold(bekend) == gezocht:
            return session.get_one(PersoonRow, persoon_id)
    return None


def _fold(naam: str) -> str:
    return " ".join(unicodedata.normalize("NFC", naam).casefold().split())


def find_lijkende(session: Session, naam: str) -> list[str]:
    """Return the names of others that differ from this one by accents and signs alone: it may be the same human."""
    gezocht = _strip(naam)
    bekend = session.exec(select(PersoonsnaamRow.naam).order_by(PersoonsnaamRow.naam)).all()
    return [ander for ander in bekend if _strip(ander) == gezocht and _fold(ander) != _fold(naam)]


def _strip(naam: str) -> str:
    return "".join(teken for teken in unicodedata.normalize("NFKD", naam).casefold() if teken.isalnum())


def load_persoon(session: Session, naam: str) -> PersoonRow:
    """Return who goes by this name.

    Raises:
        NietGevondenError: nobody does.
    """
    persoon = find_persoon(session, naam)
    if persoon is None:
        raise NietGevondenError(
            f"Niemand heet hier {naam}. `scanstraat persoon lijst` toont wie er zijn; voeg iemand toe met "
            "scanstraat persoon voegtoe."
        )
    return persoon


def actor_of(session: Session, persoon_id: UUID) -> ActorRow:
    """Return the actor that the record and the log know this persoon as."""
    return session.get_one(ActorRow, session.get_one(PersoonRow, persoon_id).actor_id)


def load_mens(session: Session, naam: str) -> ActorRow:
    """Return the actor of a human by name: the one of their persoon, or one of that name alone while nobody has it."""
    persoon = find_persoon(session, naam)
    return storage.load_actor(session, naam, "persoon") if persoon is None else actor_of(session, persoon.id)


def name_of(session: Session, persoon_id: UUID) -> str:
    """Return what a persoon is called."""
    return session.get_one(PersoonRow, persoon_id).naam


def add_persoon(session: Session, naam: str, *, ook: tuple[str, ...] = (), door: Aangemeld | None) -> PersoonRow:
    """Add a human, with the other names they go by.

    Raises:
        NietMogelijkError: a name is taken, or is no name.
        GeenMandaatError: `door` may not, or is None while there are people already.
    """
    _verify_beheerder(session, door)
    naam = _clean_naam(naam)
    _verify_vrij(session, naam)
    actor = storage.load_actor(session, naam, "persoon")
    persoon = PersoonRow(naam=naam, actor_id=actor.id, aangemaakt_op=db.now_text())
    session.add(persoon)
    session.flush()
    session.add(PersoonsnaamRow(naam=naam, persoon_id=persoon.id))
    wie = actor if door is None else actor_of(session, door.persoon_id)
    storage.append_gebeurtenis(
        session, "persoon.vastgelegd", actor=wie, onderwerp=actor.log_id, verpakt={"naam": {"naam": naam}}
    )
    _join_actors(session, actor, naam, wie)
    for ander in ook:
        _add_naam(session, persoon, ander, wie)
    if door is None:
        grant_mandaat(
            session,
            persoon,
            Rol.FUNCTIONEEL_BEHEERDER,
            van=datetime.now(UTC).date(),
            tot=None,
            grondslag="eerste functioneel beheerder van deze installatie",
            door=None,
        )
    return persoon


def add_naam(session: Session, persoon: PersoonRow, naam: str, *, door: Aangemeld) -> None:
    """Note another name that a persoon goes by."""
    _verify_beheerder(session, door)
    _add_naam(session, persoon, naam, actor_of(session, door.persoon_id))


def _add_naam(session: Session, persoon: PersoonRow, naam: str, wie: ActorRow) -> None:
    naam = _clean_naam(naam)
    _verify_vrij(session, naam)
    session.add(PersoonsnaamRow(naam=naam, persoon_id=persoon.id))
    storage.load_actor(session, naam, "persoon")
    _join_actors(session, session.get_one(ActorRow, persoon.actor_id), naam, wie)


def _join_actors(session: Session, mens: ActorRow, naam: str, wie: ActorRow) -> None:
    """Say in the log that whatever was done under this name, however it was written, was done by this human."""
    gezocht = _fold(naam)
    for actor in session.exec(select(ActorRow).where(ActorRow.soort == "persoon", ActorRow.id != mens.id)).all():
        if _fold(actor.naam) == gezocht:
            storage.append_gebeurtenis(
                session,
                "persoon.naam",
                actor=wie,
                onderwerp=mens.log_id,
                wie=str(actor.log_id),
                verpakt={"naam": {"naam": actor.naam}},
            )


def _clean_naam(naam: str) -> str:
    naam = " ".join(unicodedata.normalize("NFC", naam).split())
    if not _NAAM.fullmatch(naam) or not naam.isprintable() or naam.casefold() == ONBEKEND:
        raise NietMogelijkError("Een naam heeft 1 tot 100 gewone tekens, en is niet 'onbekend'.")
    return naam


def _verify_vrij(session: Session, naam: str) -> None:
    al = find_persoon(session, naam)
    if al is not None:
        raise NietMogelijkError(f"De naam {naam} is al van {al.naam}. Een mens is één persoon: kies een andere naam.")


def find_betrokkenen(session: Session, batch: BatchRow) -> Betrokkenen:
    """Return who scanned or edited a batch, or stated who scanned it: they may not judge or release it.

    What was done with an account that another set again, counts as done by both.
    """
    namen = set(
        session.exec(
            select(ActorRow.naam)
            .join(BewerkingRow, col(BewerkingRow.actor_id) == ActorRow.id)
            .where(BewerkingRow.batch_id == batch.id, ActorRow.soort == "persoon", BewerkingRow.soort != "scanoperator")
        )
    )
    namen.add(batch.scanoperator)
    genoemd = scanoperator.find_genoemden(session, batch)
    bekend = session.exec(select(PersoonRow.id).where(col(PersoonRow.actor_id).in_([actor.id for actor in genoemd])))
    wie = {naam: find_persoon(session, naam) for naam in sorted(namen | {actor.naam for actor in genoemd})}
    gedaan = select(GebeurtenisRow.actor_log_id, GebeurtenisRow.volgnummer).where(
        GebeurtenisRow.onderwerp_log_id == batch.log_id,
        col(GebeurtenisRow.soort).in_(("bewerking", scanoperator.SOORT)),
    )
    mensen = {*bekend, *(persoon.id for persoon in wie.values() if persoon is not None)}
    return Betrokkenen(
        _add_ogen(session, mensen, session.exec(gedaan).all()),
        tuple(naam for naam, persoon in wie.items() if persoon is None),
    )


def find_keurders(session: Session, batch_id: UUID) -> frozenset[UUID]:
    """Return whose eyes judged a batch, now or before."""
    oordelen = session.exec(select(OordeelRow).where(OordeelRow.batch_id == batch_id)).all()
    return frozenset(id_ for o in oordelen for id_ in find_ogen(session, o.persoon_id, o.gebeurtenis_id))


def save_scanoperator(session: Session, batch: BatchRow, naam: str, *, door: ActorRow) -> None:
    """Put down who scanned a batch, in its row and in the log: a name, or that it is not known."""
    wie = None if naam == ONBEKEND else load_mens(session, naam)
    scanoperator.save_scanoperator(session, batch, naam, wie, door=door)


def is_zoals_vastgelegd(session: Session, batch: BatchRow) -> bool:
    """Whether the row of a batch names the one whom the newest event names as who scanned it."""
    laatste = scanoperator.find_laatste(session, batch)
    return laatste is not None and is_zelfde(session, laatste, batch.scanoperator)


def is_zelfde(session: Session, naam: str, andere: str) -> bool:
    """Whether two names are of one human."""
    een, twee = find_persoon(session, naam), find_persoon(session, andere)
    if een is None or twee is None:
        return een is twee and _fold(naam) == _fold(andere)
    return een.id == twee.id


def find_deelnames(session: Session, batch: BatchRow) -> dict[UUID, str]:
    """Return who had a part in a batch, and which: who scanned, edited or judged it decides nothing about its paper.

    This is the rule for the last look and for both releases; the database keeps it in the view `lijstbetrokkene`.
    """
    keurders, betrokkenen = find_keurders(session, batch.id), find_betrokkenen(session, batch).personen
    return dict.fromkeys(keurders, "keurde") | dict.fromkeys(betrokkenen, "scande of bewerkte")


def say_deelname(session: Session, batch: BatchRow, ogen_: frozenset[UUID]) -> str | None:
    """Say in Dutch what part these eyes had in a batch; None: none."""
    deelnames = find_deelnames(session, batch)
    return max((deelnames[id_] for id_ in ogen_ & deelnames.keys()), default=None)


# --- what they may decide -----------------------------------------------------------------------------------------


def grant_mandaat(
    session: Session,
    persoon: PersoonRow,
    rol: Rol,
    *,
    van: date,
    tot: date | None,
    grondslag: str,
    door: Aangemeld | None,
) -> MandaatRow:
    """Give somebody a role from a day to a day (the last one included), on a ground.

    Raises:
        GeenMandaatError: `door` is no functioneel beheerder, or gives themselves a mandaat.
        NietMogelijkError: no ground, or it ends before it begins.
    """
    if door is not None:
        _verify_beheerder(session, door)
        if door.persoon_id == persoon.id:
            raise GeenMandaatError(
                "Niemand geeft zichzelf een mandaat. Laat een andere functioneel beheerder dit doen."
            )
    if not grondslag.strip():
        raise NietMogelijkError("Noem de grondslag: het mandaatbesluit, met nummer en datum.")
    if tot is not None and tot < van:
        raise NietMogelijkError("De laatste dag van een mandaat ligt niet voor de eerste.")
    actor = session.get_one(ActorRow, persoon.actor_id)
    mandaat = MandaatRow(
        persoon_id=persoon.id,
        rol=rol.value,
        van=van.isoformat(),
        tot=None if tot is None else tot.isoformat(),
        grondslag=grondslag.strip(),
        verleend_op=db.now_text(),
        verleend_door=None if door is None else door.persoon_id,
    )
    session.add(mandaat)
    storage.append_gebeurtenis(
        session,
        "mandaat.verleend",
        actor=actor if door is None else actor_of(session, door.persoon_id),
        onderwerp=actor.log_id,
        mandaat=str(mandaat.log_id),
        rol=rol.value,
        van=mandaat.van,
        tot=mandaat.tot or "onbepaald",
    )
    return mandaat


def revoke_mandaat(session: Session, persoon: PersoonRow, rol: Rol, *, door: Aangemeld) -> int:
    """End every mandaat of a role that somebody has; return how many.

    Raises:
        GeenMandaatError: `door` is no functioneel beheerder.
        NietGevondenError: they have no such mandaat.
        NietMogelijkError: nobody would be functioneel beheerder any more, and so nobody could appoint one.
    """
    storage.hold_beslissing(session)
    _verify_beheerder(session, door)
    actor = session.get_one(ActorRow, persoon.actor_id)
    rijen = session.exec(
        select(MandaatRow).where(
            MandaatRow.persoon_id == persoon.id, MandaatRow.rol == rol.value, col(MandaatRow.ingetrokken_op).is_(None)
        )
    ).all()
    if not rijen:
        raise NietGevondenError(f"{persoon.naam} heeft geen mandaat als {rol.woorden}.")
    if rol is Rol.FUNCTIONEEL_BEHEERDER and not _has_other_beheerder(session, persoon):
        raise NietMogelijkError(
            f"{persoon.naam} is de enige functioneel beheerder. Geef eerst iemand anders dit mandaat."
        )
    for rij in rijen:
        rij.ingetrokken_op, rij.ingetrokken_door = db.now_text(), door.persoon_id
        session.add(rij)
        storage.append_gebeurtenis(
            session,
            "mandaat.ingetrokken",
            actor=actor_of(session, door.persoon_id),
            onderwerp=actor.log_id,
            mandaat=str(rij.log_id),
        )
    return len(rijen)


def _has_other_beheerder(session: Session, persoon: PersoonRow) -> bool:
    """Whether somebody else who can sign in is functioneel beheerder now."""
    anderen = session.exec(
        select(AanmeldingRow.persoon_id).where(
            AanmeldingRow.persoon_id != persoon.id, col(AanmeldingRow.ingetrokken_op).is_(None)
        )
    )
    nu = datetime.now(UTC)
    return any(find_mandaat(session, ander, (Rol.FUNCTIONEEL_BEHEERDER,), nu) is not None for ander in anderen)


def find_mandaat(session: Session, persoon_id: UUID, rollen: tuple[Rol, ...], moment: datetime) -> MandaatRow | None:
    """Return a mandaat that somebody had at a moment for one of these roles."""
    dag, toen = moment.date().isoformat(), db.format_time(moment)
    return session.exec(
        select(MandaatRow).where(
            MandaatRow.persoon_id == persoon_id,
            col(MandaatRow.rol).in_([rol.value for rol in rollen]),
            MandaatRow.van <= dag,
            MandaatRow.verleend_op <= toen,
            sa.or_(col(MandaatRow.tot).is_(None), col(MandaatRow.tot) >= dag),
            sa.or_(col(MandaatRow.ingetrokken_op).is_(None), col(MandaatRow.ingetrokken_op) > toen),
        )
    ).first()


def verify_vers(wie: Aangemeld) -> None:
    """Return when somebody proved a moment ago who they are.

    Raises:
        AanmeldingError: it is too long ago.
    """
    if not timedelta(0) <= datetime.now(UTC) - wie.op <= GELDIG:
        raise AanmeldingError("Meld u opnieuw aan: uw aanmelding is verlopen.")


def add_wachttijd(wie: Aangemeld, sinds: datetime) -> Aangemeld:
    """Return the same proof for a decision that was asked for at `sinds`, and had to wait until now for the poort.

    Reading every file anew may take longer than a proof lasts, and nobody could sign in meanwhile.
    """
    return Aangemeld(wie.persoon_id, wie.naam, wie.op + (datetime.now(UTC) - sinds))


def verify_mandaat(session: Session, wie: Aangemeld, *rollen: Rol) -> MandaatRow:
    """Return the mandaat on which somebody decides now.

    Raises:
        AanmeldingError: it is too long ago that they proved who they are.
        GeenMandaatError: they have none of these roles today, or another set their account and nobody confirmed it.
    """
    verify_vers(wie)
    _verify_eigen_aanmelding(session, wie)
    mandaat = find_mandaat(session, wie.persoon_id, rollen, datetime.now(UTC))
    if mandaat is None:
        namen = " of ".join(rol.woorden for rol in rollen)
        raise GeenMandaatError(f"{wie.naam} heeft vandaag geen mandaat als {namen}.")
    return mandaat


def _verify_eigen_aanmelding(session: Session, wie: Aangemeld) -> None:
    ingesteld = find_ingesteld(session, wie.persoon_id)
    if ingesteld is not None and datetime.now(UTC) < ingesteld.beslist_vanaf:
        raise GeenMandaatError(
            f"Een ander heeft de aanmelding van {wie.naam} opnieuw ingesteld. Daarom beslist {wie.naam} nog niets. "
            f"Vraag een functioneel beheerder die dat niet deed om het te bevestigen: scanstraat persoon bevestig. Of "
            f"wacht tot {ingesteld.beslist_vanaf:%d-%m-%Y %H:%M} (UTC)."
        )


def find_ingesteld(session: Session, persoon_id: UUID) -> ogen.Ingesteld | None:
    """Return how the account of somebody was set again by another, when nobody has confirmed that."""
    return ogen.find_ingesteld(session, actor_of(session, persoon_id).log_id)


def was_te_vroeg(session: Session, persoon_id: UUID, gebeurtenis_id: UUID) -> bool:
    """Whether somebody took a decision while their account still waited, because another had set it."""
    rij = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.id == gebeurtenis_id)).one()
    ingesteld = ogen.find_ingesteld(session, actor_of(session, persoon_id).log_id, rij.volgnummer)
    return ingesteld is not None and datetime.fromisoformat(rij.op) < ingesteld.beslist_vanaf


def find_ogen(session: Session, persoon_id: UUID, gebeurtenis_id: UUID | None = None) -> frozenset[UUID]:
    """Return the persons whose eyes a decision counts as: who took it, and who may have had that account.

    Args:
        gebeurtenis_id: the event of the decision; None: one that is about to be taken.
    """
    nummer = None
    if gebeurtenis_id is not None:
        nummer = session.exec(select(GebeurtenisRow.volgnummer).where(GebeurtenisRow.id == gebeurtenis_id)).one()
    return _add_ogen(session, {persoon_id}, [(actor_of(session, persoon_id).log_id, nummer)])


def _add_ogen(session: Session, mensen: set[UUID], regels: Iterable[tuple[UUID, int | None]]) -> frozenset[UUID]:
    lenenden = ogen.find_lenenden(session, regels)
    vraag = select(PersoonRow.id).join(ActorRow, col(ActorRow.id) == PersoonRow.actor_id)
    return frozenset([*mensen, *session.exec(vraag.where(col(ActorRow.log_id).in_(lenenden)))])


def _verify_beheerder(session: Session, door: Aangemeld | None) -> None:
    if door is not None:
        verify_mandaat(session, door, Rol.FUNCTIONEEL_BEHEERDER)
    elif has_personen(session):
        raise GeenMandaatError("Alleen een functioneel beheerder doet dit. Geef --als met uw naam.")


# --- as plain values ----------------------------------------------------------------------------------------------


def load_personen(session: Session) -> list[PersoonRow]:
    """Return everybody, by name."""
    return sorted(session.exec(select(PersoonRow)), key=lambda persoon: _fold(persoon.naam))


def build_persoon(session: Session, persoon: PersoonRow) -> dict[str, Any]:
    """Return somebody as plain values: every name, whether they can sign in, and every mandaat."""
    namen = session.exec(select(PersoonsnaamRow.naam).where(PersoonsnaamRow.persoon_id == persoon.id))
    aanmelding = _load_lokaal(session, persoon.id)
    geblokkeerd = None if aanmelding is None else aanmelding.geblokkeerd_tot
    ingesteld = find_ingesteld(session, persoon.id)
    return {
        "naam": persoon.naam,
        "ook": sorted(naam for naam in namen if naam != persoon.naam),
        "sinds": persoon.aangemaakt_op,
        "aanmelding_sinds": None if aanmelding is None else aanmelding.aangemaakt_op,
        "aanmelding_door": _name_insteller(session, persoon),
        "beslist_vanaf": None if ingesteld is None else db.format_time(ingesteld.beslist_vanaf),
        "geblokkeerd_tot": geblokkeerd if geblokkeerd is not None and geblokkeerd > db.now_text() else None,
        "mandaten": build_mandaten(session, persoon, alles=True),
    }


def _name_insteller(session: Session, persoon: PersoonRow) -> str | None:
    """Return who set the account that somebody has now."""
    log_id = session.get_one(ActorRow, persoon.actor_id).log_id
    return session.exec(
        select(ActorRow.naam)
        .join(GebeurtenisRow, col(GebeurtenisRow.actor_log_id) == ActorRow.log_id)
        .where(GebeurtenisRow.onderwerp_log_id == log_id, GebeurtenisRow.soort == ogen.INGESTELD)
        .order_by(col(GebeurtenisRow.volgnummer).desc())
        .limit(1)
    ).first()


def build_mandaten(session: Session, persoon: PersoonRow | None = None, *, alles: bool = False) -> list[dict[str, Any]]:
    """Return the mandaten of somebody, or of all, as plain values; `alles`: also those that have ended."""
    vraag = select(MandaatRow).order_by(col(MandaatRow.verleend_op))
    if persoon is not None:
        vraag = vraag.where(MandaatRow.persoon_id == persoon.id)
    namen = {rij.id: rij.naam for rij in load_personen(session)}
    vandaag = datetime.now(UTC).date().isoformat()
    rijen = [
        {
            "nummer": shorten(rij.log_id),  # as a difference with the log names it
            "naam": namen[rij.persoon_id],
            "rol": rij.rol,
            "van": rij.van,
            "tot": rij.tot,
            "stand": _find_stand(rij, vandaag),
            "grondslag": rij.grondslag,
            "verleend_op": rij.verleend_op,
            "verleend_door": None if rij.verleend_door is None else namen[rij.verleend_door],
            "ingetrokken_op": rij.ingetrokken_op,
            "ingetrokken_door": None if rij.ingetrokken_door is None else namen[rij.ingetrokken_door],
        }
        for rij in session.exec(vraag)
    ]
    return [rij for rij in rijen if alles or rij["stand"] in ("geldt", "later")]


def _find_stand(rij: MandaatRow, vandaag: str) -> str:
    if rij.ingetrokken_op is not None:
        return "ingetrokken"
    if rij.van > vandaag:
        return "later"
    return "geldt" if rij.tot is None or rij.tot >= vandaag else "verlopen"


# --- how they prove it --------------------------------------------------------------------------------------------


def open_kluis(gegevensmap: Path) -> Fernet:
    """Return what encrypts the secrets of codes; its key is a file beside the database, never in a back-up."""
    try:
        return Fernet(read_sleutel(gegevensmap))
    except ValueError as exc:
        raise InstellingError(
            f"Het sleutelbestand {gegevensmap / SLEUTEL} is beschadigd. Zet het terug uit uw eigen bewaring."
        ) from exc


def verify_wachtwoord(naam: str, wachtwoord: str) -> None:
    """Return, or raise NietMogelijkError when this is no password for whoever has this name."""
    if len(wachtwoord) < KORTSTE_WACHTWOORD or _fold(naam) in _fold(wachtwoord):
        raise NietMogelijkError(
            f"Kies een wachtwoord van minstens {KORTSTE_WACHTWOORD} tekens waar de naam niet in zit, bijvoorbeeld vier "
            "woorden achter elkaar."
        )


def set_aanmelding(
    session: Session,
    kluis: Fernet,
    persoon: PersoonRow,
    wachtwoord: str,
    *,
    door: Aangemeld | None,
    wacht_dagen: int = WACHT_DAGEN,
) -> str:
    """Give somebody a local account, in place of the one they had; return the secret for their app (base32).

    Args:
        wacht_dagen: so long it decides nothing when `door` is another, unless it is confirmed. Not for a first account.
    Raises:
        NietMogelijkError: the password is too short or is their name.
        GeenMandaatError: `door` is neither themselves nor a functioneel beheerder.
    """
    if door is None or door.persoon_id != persoon.id:
        al = session.exec(select(AanmeldingRow.id).limit(1)).first()
        if door is not None or al is not None:
            _verify_beheerder(session, door)
    verify_wachtwoord(persoon.naam, wachtwoord)
    geheim = _replace_aanmelding(session, kluis, persoon, _hasher.hash(_encode(wachtwoord)))
    actor = session.get_one(ActorRow, persoon.actor_id)
    storage.append_gebeurtenis(
        session,
        "aanmelding.gewijzigd",
        actor=actor if door is None else actor_of(session, door.persoon_id),
        onderwerp=actor.log_id,
        wat="lokaal",
        wacht_dagen=wacht_dagen,
    )
    return geheim


def _replace_aanmelding(session: Session, kluis: Fernet, persoon: PersoonRow, hash_: str) -> str:
    """End the account that somebody had, give them one with this hash of a password, and return its new secret."""
    nu = db.now_text()
    for oud in session.exec(
        select(AanmeldingRow).where(
            AanmeldingRow.persoon_id == persoon.id, AanmeldingRow.soort == "lokaal",
            col(AanmeldingRow.ingetrokken_op).is_(None),
        )
    ):  # fmt: skip
        oud.ingetrokken_op = nu
        session.add(oud)
    session.flush()
    geheim = pyotp.random_base32()
    session.add(
        AanmeldingRow(
            persoon_id=persoon.id,
            soort="lokaal",
            sub=str(persoon.id),
            wachtwoord=hash_,
            totp_geheim=_seal_geheim(kluis, persoon.id, hash_, geheim),
            aangemaakt_op=nu,
        )
    )
    return geheim


def is_sleutel_kwijt(session: Session, kluis: Fernet) -> bool:
    """Whether the secret of no account that stands can be read with this key, while there are some."""
    geheimen = session.exec(select(AanmeldingRow.totp_geheim).where(col(AanmeldingRow.ingetrokken_op).is_(None))).all()
    return bool(geheimen) and not any(_is_leesbaar(kluis, geheim) for geheim in geheimen)


def renew_codes(engine: Engine, kluis: Fernet, mensen: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Give two people a new secret for their apps when the key of all secrets is lost; return them by name (base32).

    Their passwords do not rest on that key, so each shows theirs. It is the way back in: without it nobody could sign
    in any more, nor take over what waits (`herstel`). The log says that it was done.

    Args:
        mensen: the name and the password of each.
    Raises:
        NietMogelijkError: the key is not lost, or this is one person.
        AanmeldingError: a name or password is not right, or an account is blocked for a while.
        GeenMandaatError: neither of them is a functioneel beheerder.
    """
    with db.read(engine) as session:
        if not is_sleutel_kwijt(session, kluis):
            raise NietMogelijkError(
                "Het bestand aanmelding.sleutel past bij de aanmeldingen. Is iemand de codes kwijt? Dan geeft een "
                "functioneel beheerder een nieuw wachtwoord en een nieuwe code: scanstraat persoon wachtwoord"
            )
    personen_ids = [_verify_wachtwoord_van(engine, naam, wachtwoord) for naam, wachtwoord in mensen]
    with db.begin(engine, altijd=True) as session:
        storage.hold_beslissing(session)
        ogen_ = [find_ogen(session, id_) for id_ in personen_ids]
        if len(frozenset().union(*ogen_)) < sum(map(len, ogen_)) or len(ogen_) < 2:
            raise NietMogelijkError("Hier zijn twee verschillende mensen voor nodig. Noem bij --tweede iemand anders.")
        nu = datetime.now(UTC)
        if not any(find_mandaat(session, id_, (Rol.FUNCTIONEEL_BEHEERDER,), nu) for id_ in personen_ids):
            raise GeenMandaatError("Een van de twee moet functioneel beheerder zijn.")
        return dict(_renew_code(session, kluis, id_) for id_ in personen_ids)


def _renew_code(session: Session, kluis: Fernet, persoon_id: UUID) -> tuple[str, str]:
    persoon, oud = session.get_one(PersoonRow, persoon_id), _load_lokaal(session, persoon_id)
    if oud is None:
        raise AanmeldingError(f"{persoon.naam} heeft geen aanmelding.")
    geheim = _replace_aanmelding(session, kluis, persoon, oud.wachtwoord)
    actor = session.get_one(ActorRow, persoon.actor_id)
    storage.append_gebeurtenis(
        session, "aanmelding.gewijzigd", actor=actor, onderwerp=actor.log_id, wat="sleutel_kwijt", wacht_dagen=0
    )
    return persoon.naam, geheim


def _verify_wachtwoord_van(engine: Engine, naam: str, wachtwoord: str) -> UUID:
    """Return who this is, by the password alone; a failed try counts."""
    nu = datetime.now(UTC)
    with db.begin(engine, altijd=True) as session:
        persoon = find_persoon(session, naam)
        rij = None if persoon is None else _load_lokaal(session, persoon.id)
        _verify_niet_geblokkeerd(rij, nu)
        if _is_wachtwoord(rij, wachtwoord) and persoon is not None:
            return persoon.id
        if rij is not None:
            _count_mislukt(session, rij, nu)
    raise AanmeldingError(f"De naam {naam} of het wachtwoord klopt niet.")


def confirm_aanmelding(session: Session, persoon: PersoonRow, *, door: Aangemeld) -> None:
    """Confirm that an account that another set again is in the hands of whose it is.

    Raises:
        NietMogelijkError: there is nothing to confirm.
        GeenMandaatError: `door` is no functioneel beheerder, or is the persoon or who set it.
    """
    storage.hold_beslissing(session)
    _verify_beheerder(session, door)
    if find_ingesteld(session, persoon.id) is None:
        raise NietMogelijkError(
            f"Er is niets te bevestigen: de aanmelding van {persoon.naam} is niet door een ander opnieuw ingesteld, of "
            "dat is al bevestigd."
        )
    if find_ogen(session, door.persoon_id) & find_ogen(session, persoon.id):
        raise GeenMandaatError(
            f"Een ander bevestigt dit: niet {persoon.naam}, en niet wie de aanmelding instelde. Vraag een andere "
            "functioneel beheerder."
        )
    storage.append_gebeurtenis(
        session,
        ogen.BEVESTIGD,
        actor=actor_of(session, door.persoon_id),
        onderwerp=actor_of(session, persoon.id).log_id,
        herbevestigd=HERBEVESTIGD,
    )


def build_totp_uri(geheim: str, naam: str, organisatie: str) -> str:
    """Return what the app of a persoon reads from a QR code."""
    return pyotp.TOTP(geheim).provisioning_uri(name=naam, issuer_name=organisatie)


def sign_in(engine: Engine, kluis: Fernet, naam: str, wachtwoord: str, code: str) -> Aangemeld:
    """Return who this is, when password and code are both right. A failed try counts, also when nothing else is saved.

    Raises:
        AanmeldingError: they are not, or this account is blocked for a while. It never says which of the two was wrong.
            Or both are right, and the clock stood ahead when the last code was used.
    """
    nu = datetime.now(UTC)
    with db.begin(engine, altijd=True) as session:
        persoon = find_persoon(session, naam)
        rij = None if persoon is None else _load_lokaal(session, persoon.id)
        _verify_niet_geblokkeerd(rij, nu)
        goed_wachtwoord = _is_wachtwoord(rij, wachtwoord)
        stap = None if rij is None else _find_stap(kluis, rij, code, nu)
        vooruit = None if rij is None else _find_vooruit(rij, nu)
        if persoon is not None and rij is not None and goed_wachtwoord and stap is not None and stap > rij.totp_stap:
            rij.totp_stap, rij.mislukt, rij.geblokkeerd_tot = stap, 0, None
            session.add(rij)
            return Aangemeld(persoon.id, persoon.naam, nu)
        if rij is not None:
            _count_mislukt(session, rij, nu)
    if goed_wachtwoord and stap is not None and vooruit is not None:
        raise AanmeldingError(
            f"De klok van deze machine loopt nu achter, of liep voor toen {naam} zich het laatst aanmeldde "
            f"({vooruit:%d-%m-%Y %H:%M} UTC). Zet de klok goed en probeer het opnieuw. Helpt dat niet, vraag dan een "
            "functioneel beheerder die zich nog kan aanmelden om een nieuw wachtwoord: scanstraat persoon wachtwoord"
        )
    raise AanmeldingError(
        "Naam, wachtwoord of code klopt niet. Een code geldt een keer: wacht op de volgende en probeer het opnieuw."
    )


def _find_vooruit(rij: AanmeldingRow, nu: datetime) -> datetime | None:
    """Return when the last code was used, if that is still to come: no code of before it counts."""
    laatst = datetime.fromtimestamp(rij.totp_stap * STAP_S, UTC)
    return laatst if laatst > nu + timedelta(seconds=2 * STAP_S) else None


def _verify_niet_geblokkeerd(rij: AanmeldingRow | None, nu: datetime) -> None:
    if rij is not None and rij.geblokkeerd_tot is not None and rij.geblokkeerd_tot > db.format_time(nu):
        raise AanmeldingError("Deze aanmelding is na te veel fouten even geblokkeerd. Probeer het over een kwartier.")


def _count_mislukt(session: Session, rij: AanmeldingRow, nu: datetime) -> None:
    rij.mislukt += 1
    if rij.mislukt >= MEESTE_POGINGEN:
        rij.mislukt, rij.geblokkeerd_tot = 0, db.format_time(nu + BLOKKADE)
    session.add(rij)


def build_werkbewijs(session: Session, kluis: Fernet, wie: Aangemeld) -> str:
    """Return what shows for some hours that somebody proved who they are: to do work, never to decide.

    It is good as long as the account is: a new password ends it.
    """
    verify_vers(wie)
    aanmelding = _load_lokaal(session, wie.persoon_id)
    if aanmelding is None:
        raise AanmeldingError(f"{wie.naam} kan zich niet meer aanmelden. Vraag een functioneel beheerder.")
    inhoud = f"{_WERK}{aanmelding.id}".encode()
    return kluis.encrypt_at_time(inhoud, int(wie.op.timestamp())).decode()


def is_werkbewijs(session: Session, kluis: Fernet, werkbewijs: str, persoon_id: UUID, *, uren: int) -> bool:
    """Whether this shows that somebody proved who they are, no longer ago than so many hours."""
    nu, aanmelding = int(datetime.now(UTC).timestamp()), _load_lokaal(session, persoon_id)
    try:
        inhoud = kluis.decrypt_at_time(werkbewijs.encode(errors="replace"), uren * 3600, nu)
    except InvalidToken:
        return False
    return aanmelding is not None and inhoud == f"{_WERK}{aanmelding.id}".encode()


def _load_lokaal(session: Session, persoon_id: UUID) -> AanmeldingRow | None:
    return session.exec(
        select(AanmeldingRow)
        .where(
            AanmeldingRow.persoon_id == persoon_id,
            AanmeldingRow.soort == "lokaal",
            col(AanmeldingRow.ingetrokken_op).is_(None),
        )
        .with_for_update()
    ).first()


def _is_wachtwoord(rij: AanmeldingRow | None, wachtwoord: str) -> bool:
    """Compare, and take as long when there is nobody to compare with."""
    try:
        bekend = _hash_niemand() if rij is None else rij.wachtwoord
        return _hasher.verify(bekend, _encode(wachtwoord)) and rij is not None
    except (Argon2Error, InvalidHashError):
        return False


def _encode(wachtwoord: str) -> bytes:
    """Return a password as bytes, the same on every keyboard: an accent may be typed apart from its letter."""
    return unicodedata.normalize("NFC", wachtwoord).encode(errors="replace")


@cache
def _hash_niemand() -> str:
    return _hasher.hash(os.urandom(16).hex())


def _bind_aanmelding(persoon_id: UUID, hash_: str) -> str:
    """Return what ties a secret to its person and password: it stands inside what only this installation encrypts.

    So whoever owns the database cannot give somebody the account, or the password, of another.
    """
    return hashlib.sha256(f"{persoon_id} {hash_}".encode()).hexdigest()


def _seal_geheim(kluis: Fernet, persoon_id: UUID, hash_: str, geheim: str) -> str:
    return kluis.encrypt(f"{geheim} {_bind_aanmelding(persoon_id, hash_)}".encode()).decode()


def _is_leesbaar(kluis: Fernet, geheim: str) -> bool:
    try:
        kluis.decrypt(geheim.encode())
    except InvalidToken:
        return False
    return True


def _find_stap(kluis: Fernet, rij: AanmeldingRow, code: str, nu: datetime) -> int | None:
    """Return the time step that a code belongs to, used before or not: one before, now, or one ahead."""
    try:
        geheim, _, gebonden = kluis.decrypt(rij.totp_geheim.encode()).decode().partition(" ")
    except InvalidToken as exc:
        raise InstellingError(
            "De geheimen van de aanmeldingen horen niet bij het bestand aanmelding.sleutel. Zet het goede terug. Is "
            "dat voorgoed weg, dan komen twee mensen met hun wachtwoord weer binnen: scanstraat persoon nieuwe-code"
        ) from exc
    if not hmac.compare_digest(gebonden, _bind_aanmelding(rij.persoon_id, rij.wachtwoord)):
        raise AanmeldingError(
            "Deze aanmelding is in de database veranderd, of komt van een oudere versie. Meld het bij de archivaris, "
            "en laat een functioneel beheerder een nieuw wachtwoord geven: scanstraat persoon wachtwoord"
        )
    totp = pyotp.TOTP(geheim)
    gegeven = "".join(code.split()).encode(errors="replace")  # apps show it in two groups of three
    nu_stap = int(nu.timestamp()) // STAP_S
    for stap in (nu_stap + 1, nu_stap, nu_stap - 1):
        if hmac.compare_digest(totp.at(stap * STAP_S).encode(), gegeven):
            return stap
    return None
