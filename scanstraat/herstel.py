"""Going on after a rollback that cannot be undone: two people say so, and what the log still knows comes back.

When the folder of the log is ahead of the record, the events that the record lost are read from the log, which the
sealer signed, and get their places again. Their rows are gone: whatever they allowed does not hold any more, and what
they forbade still does (`rijcontrole`). When the log itself, or the sealer, is what went back, nothing can be read from
it: the line takes in and delivers again, and nothing is sealed, so no paper goes, until the folders are put back.

It is also how two people take over events that wait with a mark of another key (`merk`), as when the key is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.woorden import count_words
from scanstraat import db, herstelrijen, logboek, logstand, personen, storage, vernietigen
from scanstraat.bootstrap import Basis
from scanstraat.errors import NietMogelijkError
from scanstraat.personen import HERBEVESTIGD, Aangemeld, Rol
from scanstraat.tables import ActorRow, BatchRow, GebeurtenisRow, LogregelRow
from vernietiging.beleid import GEEN, Beleid
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.gebeurtenis import Gebeurtenis, parse_blad
from vernietiging.tegels import Tegelmap
from vernietiging.verificatie import verify_logboek

HALF = "Na de back-up deed iemand hier nog iets mee; de database is teruggezet. Maak de lijst opnieuw."
ROLLEN = (Rol.FUNCTIONEEL_BEHEERDER, Rol.ARCHIVARIS, Rol.GEMANDATEERDE)


@dataclass(frozen=True)
class Herstel:
    """How it stood (lines known to the record, in the log, seen outside), and how many events came back.

    overgenomen: how many that waited with the mark of another key are now as if written here.
    """

    bekend: int
    omvang: int
    elders: int
    ingevoegd: int
    overgenomen: int

    def say(self) -> str:
        """Return the outcome in Dutch, with what to do next."""
        over = count_words(self.overgenomen, "wachtende gebeurtenis", "wachtende gebeurtenissen")
        if self.bekend == self.omvang >= self.elders:
            return f"{over} overgenomen. Er wordt weer verzegeld."
        if self.bekend <= self.omvang:
            tekst = (
                f"{count_words(self.ingevoegd, 'gebeurtenis', 'gebeurtenissen')} uit het logboek teruggezet in de "
                "database. De scanstraat schrijft weer."
            )
            if self.elders > self.omvang:
                tekst += " Een getuige tekent dit logboek niet meer: het papier blijft."
        else:
            tekst = (
                "De scanstraat schrijft weer, maar er wordt niets verzegeld: het papier blijft, tot de mappen van "
                "logboek en verzegelaar zijn teruggezet."
            )
        if self.overgenomen:
            tekst += f" {over} overgenomen."
        return f"{tekst}\nKijk daarna wat er nog verschilt: scanstraat logboek controleer"


@dataclass(frozen=True)
class Vreemd:
    """An event that waits and was not written by this installation, as people see it before they take it over."""

    id: UUID
    nummer: int
    op: str
    soort: str
    wie: str


def load_vreemde(basis: Basis) -> list[Vreemd]:
    """Return every such event, oldest first."""
    with db.read(basis.engine) as session:
        rijen = logboek.find_vreemde(session)
        namen = dict(
            session.execute(
                sa.select(col(ActorRow.log_id), col(ActorRow.naam)).where(
                    col(ActorRow.log_id).in_({rij.actor_log_id for rij in rijen})
                )
            ).all()
        )
    return [
        Vreemd(rij.id, int(rij.volgnummer or 0), rij.op, rij.soort, namen.get(rij.actor_log_id, "niet bekend"))
        for rij in rijen
    ]


def declare(
    basis: Basis, een: Aangemeld, twee: Aangemeld, reden: str, *, vreemd: Collection[UUID] = frozenset()
) -> Herstel:
    """Record that two people know what was put back, and go on from here.

    Args:
        vreemd: events that wait, were not written by this installation, and that these two were shown.
    Raises:
        NietMogelijkError: nothing was put back and nothing waits that is not of here, no reason, or one person twice.
        GeenMandaatError: one of them has no mandaat for it.
        LogboekGewijzigdError: something was changed, not put back; that is not to be declared away.
        NietVastTeStellenError: the sealer must answer for what comes back from the log, and does not.
    """
    if not reden.strip():
        raise NietMogelijkError("Zeg waarom: wat is er teruggezet, en waarom is er geen nieuwere? Noem geen namen.")
    if een.persoon_id == twee.persoon_id:
        raise NietMogelijkError("Hier zijn twee verschillende mensen voor nodig. Noem bij --tweede iemand anders.")
    alleen_lezen = bool(logstand.find_reden(basis.engine, basis.config, logboek.open_klant(basis.config)))
    if not alleen_lezen and not vreemd:
        raise NietMogelijkError("Er is niets te herstellen: database, logboek en verzegelaar passen bij elkaar.")
    with logboek.hold_slot(basis):
        bekend, elders = logstand.count_places(basis.engine), logstand.find_elders(basis.config)
        omvang = logstand.read_omvang(basis.config) or 0
        if bekend < omvang:
            omvang = _verify_log(basis)
        with db.begin(basis.engine, altijd=True) as session:
            for wie in (een, twee):
                personen.verify_mandaat(session, wie, *ROLLEN)
            terug, onbekend = _bring_back(basis, session, bekend, omvang)
            herstel = Herstel(bekend, omvang, elders, len(terug), _take_over(session, vreemd))
            _append(session, herstel, een, twee, reden.strip())
            _void_batches(session, {gebeurtenis.onderwerp for gebeurtenis in terug})
            for lijst in herstelrijen.find_halve_lijsten(session, terug):
                vernietigen.withdraw_lijst(session, lijst, HALF, een)
            _record_inhoud(session, onbekend)
            if terug:
                logboek.restore_verankering(basis, session)
    return herstel


def _record_inhoud(session: Session, onbekend: Iterable[herstelrijen.Onbekend]) -> None:
    actor = storage.load_actor(session, "herstel")
    for deel in onbekend:
        storage.append_gebeurtenis(
            session, "doos.gevuld", actor=actor, onderwerp=deel.doos, batch=str(deel.batch), bladen=deel.bladen
        )


def _void_batches(session: Session, onderwerpen: Collection[UUID]) -> None:
    """Let every batch of which the log knows more than the record be sealed, drawn and judged anew.

    The record has it as sealed and not judged, the log may have it judged or changed: going on from the record would
    write lines that the log does not allow any more.
    """
    rijen = session.exec(select(BatchRow.id).where(col(BatchRow.log_id).in_(set(onderwerpen))))
    for batch_id in sorted(rijen):
        batch = storage.lock_batch(session, batch_id)
        storage.void_verzegeling(session, batch, "hersteld", actor=storage.load_actor(session, "herstel"))


def _take_over(session: Session, vreemd: Collection[UUID]) -> int:
    """Give what was shown to the two people, and still waits, the mark of this installation; return how many."""
    merker = db.get_merker(session)
    rijen = [rij for rij in logboek.find_vreemde(session) if rij.id in vreemd]
    for rij in rijen:
        rij.merk = None if merker is None else merker.make(logstand.build_blad(rij))
        session.add(rij)
    session.flush()
    return len(rijen)


def _verify_log(basis: Basis) -> int:
    """Return how many lines the sealer signed, when the whole log on the disk is what it signed."""
    klant = logboek.open_klant(basis.config)
    omvang = klant.stand().omvang
    verslag = verify_logboek(basis.config.logboek.map, Beleid(klant.sleutels(), {}, {}, GEEN, {}, 0))
    if verslag.checkpoint.omvang < omvang:
        raise LogboekGewijzigdError("Het logboek is korter dan wat de verzegelaar heeft ondertekend.")
    return omvang


def _bring_back(
    basis: Basis, session: Session, bekend: int, omvang: int
) -> tuple[list[Gebeurtenis], list[herstelrijen.Onbekend]]:
    """Give every leaf from `bekend` on its event and its place.

    Returns those that were not there, and what of the paper must be recorded again.
    """
    if session.get_bind().dialect.name == "postgresql":  # what is brought back has consecutive numbers
        session.connection().execute(sa.text("lock table gebeurtenis in share row exclusive mode"))
    ingevoegd, plaatsen = [], []
    for nummer, blad in _read(basis, bekend, omvang):
        gebeurtenis = parse_blad(blad)
        rij = session.exec(select(GebeurtenisRow).where(GebeurtenisRow.id == gebeurtenis.id)).first()
        if rij is None:
            rij = GebeurtenisRow(
                id=gebeurtenis.id,
                soort=gebeurtenis.soort,
                schema_versie=gebeurtenis.versie,
                actor_log_id=gebeurtenis.actor,
                onderwerp_log_id=gebeurtenis.onderwerp,
                op=gebeurtenis.op,
                gegevens=dict(gebeurtenis.gegevens),
            )
            session.add(rij)
            session.flush()
            ingevoegd.append(rij)
        logstand.find_event(session, blad)
        plaatsen.append(LogregelRow(nummer=nummer, gebeurtenis=int(rij.volgnummer or 0)))
    session.add_all(plaatsen)
    session.flush()
    terug = [parse_blad(logstand.build_blad(rij)) for rij in ingevoegd]
    onbekend = herstelrijen.restore(basis, session, terug)
    _restore_bevindingen(session, ingevoegd)
    return terug, onbekend


def _restore_bevindingen(session: Session, rijen: Iterable[GebeurtenisRow]) -> None:
    """Keep the paper of a batch where the newest line that came back knows of more that keeps it than the rows do.

    The log says how many findings there were, not which: people must look at the batch anew.
    """
    nieuwste = {rij.onderwerp_log_id: rij.gegevens for rij in rijen if rij.soort == "batch.bevindingen"}
    for log_id, toen in nieuwste.items():
        batch_id = session.exec(select(BatchRow.id).where(BatchRow.log_id == log_id)).first()
        if batch_id is None:  # came in after the back-up
            continue
        nu = storage.count_bevindingen(session, batch_id)
        blijft = toen["houdt_papier"] > nu["houdt_papier"]
        if blijft or toen["open_ernstig"] > nu["open_ernstig"]:
            wat_nu = "Het papier blijft bewaard." if blijft else "Kijk de batch opnieuw na en meld haar klaar."
            tekst = f"De database is teruggezet. Een bevinding die het papier tegenhield, ging verloren. {wat_nu}"
            bevinding = Bevinding("teruggezet", Ernst.ERNSTIG, tekst, vervangbaar=not blijft)
            storage.save_bevindingen(session, [bevinding], batch_id=batch_id)


def _read(basis: Basis, bekend: int, omvang: int) -> Iterator[tuple[int, bytes]]:
    for begin, bladen in logstand.read_leaves(Tegelmap(basis.config.logboek.map), bekend, omvang):
        yield from enumerate(bladen, start=begin)


def _append(session: Session, herstel: Herstel, een: Aangemeld, twee: Aangemeld, reden: str) -> None:
    onderwerp = uuid4()
    for volgnummer, wie in enumerate((een, twee), start=1):
        storage.append_gebeurtenis(
            session,
            "herstel.verklaard",
            actor=personen.actor_of(session, wie.persoon_id),
            onderwerp=onderwerp,
            volgnummer=volgnummer,
            bekend=herstel.bekend,
            omvang=herstel.omvang,
            elders=herstel.elders,
            ingevoegd=herstel.ingevoegd,
            overgenomen=herstel.overgenomen,
            herbevestigd=HERBEVESTIGD,
            verpakt={"toelichting": {"reden": reden}},
        )
