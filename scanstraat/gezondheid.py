"""Is everything in order? Every check answers in Dutch what is wrong and what to do. Reads only.

Which watcher and which workers run stands in the database, so that any process of any machine gives the same answer.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.verapdf import build_afscherming
from kwaliteitscontrole.woorden import count_words, join_words
from scanstraat import db, logboek, logstand, personen, storage
from scanstraat.bootstrap import Basis
from scanstraat.config import Scanmap
from scanstraat.domain import Stapstatus
from scanstraat.errors import InstellingError, ScanstraatError
from scanstraat.intake import scanmap_boek
from scanstraat.intake.scanmap_bestanden import list_bestanden
from scanstraat.intake.scanmap_regels import Naamsoort, find_naamsoort, reden_of_oserror, split_pad
from scanstraat.onderhoud import count_achterstallig, find_nagekeken, find_rijencontrole
from scanstraat.tables import BackupRow, BatchRow, ObjectRow, StapRow, UitvoerderRow, WachterRow
from scanstraat.tables_bewijs import BesluitRow
from scanstraat.werk import count_open
from scanstraat.zandbak import find_zandbak

MINIMAAL_VRIJ_BYTES = 2_000_000_000
MAXIMALE_BACKUP_DAGEN = 7
MAXIMALE_CONTROLE_DAGEN = 3  # the service checks the database every day
MAXIMALE_RONDE_MINUTEN = 10  # a look at a scanmap may take in a large batch
MAXIMALE_WACHTTIJD_UREN = 24  # scans must be available within a day (handboeken: continuïteit)
MAXIMALE_VERZEGELTIJD_S = 300.0  # an event that waits longer for the sealer is said


@dataclass(frozen=True)
class Melding:
    """One thing that needs attention. `ernst` is "fout" (work stands still or evidence is at risk) or "let op"."""

    wat: str
    ernst: str
    tekst: str


@dataclass(frozen=True)
class Gezondheid:
    """The state of the line; in order when no melding is a fout."""

    in_orde: bool
    meldingen: tuple[Melding, ...]
    cijfers: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"in_orde": self.in_orde, "meldingen": [asdict(m) for m in self.meldingen], "cijfers": self.cijfers}


@dataclass(frozen=True)
class _Lopend:
    """What runs now, on any machine. `gestart`: the line should run, because this is asked by its own page."""

    gestart: bool
    werkers: int
    sinds: datetime | None  # when the first of those workers started
    wachters: dict[str, WachterRow]  # by scanmap
    nu: datetime  # of the database

    def say_ernst(self, *, wacht_werk: bool) -> str:
        """Say how bad it is that a part does not run: work waits, or the line runs with a part missing."""
        return "fout" if wacht_werk or self.gestart or self.werkers or self.wachters else "let op"

    @property
    def wat_te_doen(self) -> str:
        """What a person does about a part that does not run."""
        if self.gestart:
            return "Bekijk in het technische log waarom, en start de scanstraat opnieuw met: scanstraat start"
        return "Start de scanstraat met: scanstraat start"


def build_gezondheid(basis: Basis, *, gestart: bool = False) -> Gezondheid:
    """Ask every part how it is.

    Args:
        gestart: the line runs, as far as the caller knows: a part that does not is then a fout, also without work.
    """
    with db.read(basis.engine) as session:
        lopend = _find_lopend(basis, session, gestart=gestart)
        meldingen = (
            *_check_zandbak(),
            *_check_talen(basis),
            *_check_wachters(basis, session, lopend),
            *_check_scanmappen(basis, session, lopend),
            *_check_opslag(basis, session),
            *_check_database(session, lopend),
            *_check_rijen(session, lopend),
            *_check_werkers(session, lopend),
            *_check_stappen(session),
            *_check_sleutel(basis, session),
            *_check_logboek(basis, session, lopend),
            *_check_backup(basis, session),
            *_check_zaaksysteem(basis),
        )
        cijfers = {**_count(session), "werkers": lopend.werkers, "wachters": len(lopend.wachters)}
    return Gezondheid(not any(melding.ernst == "fout" for melding in meldingen), meldingen, cijfers)


def _check_zandbak() -> Iterator[Melding]:
    keuze = find_zandbak()
    if keuze.soort is None:
        yield Melding("zandbak", "fout", f"Er wordt niets ingenomen: {keuze.reden}")
    elif keuze.soort == "landlock":
        yield Melding(
            "zandbak",
            "let op",
            f"De bescherming bij het openen van bestanden is minder dan die kan zijn. {keuze.reden} "
            "Installeer bubblewrap en zet gebruikersnaamruimten aan.",
        )
    if keuze.soort != "bubblewrap" and not _can_shield_verapdf():
        yield Melding(
            "verapdf",
            "let op",
            "veraPDF draait zonder afscherming, want bubblewrap start hier niet. Installeer bubblewrap en zet "
            "gebruikersnaamruimten aan.",
        )


def _check_talen(basis: Basis) -> Iterator[Melding]:
    from scanstraat.ocr import check_talen  # noqa: PLC0415  takes libraries that a command for people seldom needs

    for naam, profiel in basis.config.profiel.items():
        try:
            check_talen(profiel.talen)
        except InstellingError as exc:
            yield Melding("talen", "fout", f"Profiel {naam}: {exc}")


def _can_shield_verapdf() -> bool:
    """Try the shield of veraPDF once, without veraPDF."""
    if shutil.which("bwrap") is None:
        return False
    with tempfile.TemporaryDirectory() as tijdelijk:
        proef = build_afscherming(Path("/usr/bin/java"), Path("/dev/null"), Path(tijdelijk), [])
        try:
            return subprocess.run([*proef, "true"], capture_output=True, timeout=20, check=False).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


def _find_lopend(basis: Basis, session: Session, *, gestart: bool) -> _Lopend:
    nu = datetime.fromisoformat(db.database_now(session))
    grens = db.format_time(nu - timedelta(seconds=basis.config.werk.dood_na_s))
    werkers, sinds = session.exec(
        select(sa.func.count(), sa.func.min(UitvoerderRow.gestart_op)).where(
            UitvoerderRow.hartslag_op >= grens, col(UitvoerderRow.gestopt_op).is_(None)
        )
    ).one()
    wachters = session.exec(
        select(WachterRow).where(WachterRow.hartslag_op >= grens, col(WachterRow.gestopt_op).is_(None))
    ).all()
    begonnen = None if sinds is None else datetime.fromisoformat(sinds)
    return _Lopend(gestart, werkers, begonnen, {wachter.scanmap: wachter for wachter in wachters}, nu)


def _check_wachters(basis: Basis, session: Session, lopend: _Lopend) -> Iterator[Melding]:
    """Say which scanmappen nobody watches. Only then we look there ourselves: a network drive may not answer."""
    stil = [scanmap for scanmap in basis.config.scanmap if scanmap.naam not in lopend.wachters]
    if not stil:
        return
    wacht_werk = False
    for scanmap in stil:
        try:
            wacht_werk = _has_nieuw(session, scanmap) or wacht_werk
        except OSError as exc:
            yield Melding(
                "scanmap",
                "fout",
                f"Scanmap {scanmap.naam} ({scanmap.map}) is niet bereikbaar. {reden_of_oserror(exc).tekst} Controleer "
                "of de map er is, of de netwerkmap is verbonden en of de scanstraat er mag lezen.",
            )
    namen = join_words([scanmap.naam for scanmap in stil])
    yield Melding(
        "wachter",
        lopend.say_ernst(wacht_werk=wacht_werk),
        f"De wachter loopt niet: in scanmap {namen} wordt niet gekeken"
        f"{', en daar liggen scans' if wacht_werk else ''}. {lopend.wat_te_doen}",
    )


def _has_nieuw(session: Session, scanmap: Scanmap) -> bool:
    """Do scans lie in a scanmap on which nothing was decided yet?"""
    ingangen = {
        pad: ingang
        for pad, ingang in list_bestanden(scanmap.map).ingangen.items()
        if find_naamsoort(split_pad(pad)[1], scanmap) is Naamsoort.SCAN
    }
    beslist = {(rij.pad, rij.kenmerk) for rij in scanmap_boek.load_beslist(session, scanmap.naam, list(ingangen))}
    return any((pad, ingang.kenmerk) not in beslist for pad, ingang in ingangen.items())


def _check_scanmappen(basis: Basis, session: Session, lopend: _Lopend) -> Iterator[Melding]:
    if not scanmap_boek.is_sluitend(scanmap_boek.tel_bestanden(session)):
        yield Melding("scanmap", "fout", "De telling van de scanmap sluit niet. Waarschuw de leverancier.")
    for scanmap in basis.config.scanmap:
        gezien: list[str] = []
        wachter = lopend.wachters.get(scanmap.naam)
        if wachter is not None:
            gezien = wachter.problemen
            for probleem in gezien:
                yield Melding("scanmap", "let op" if wachter.bereikbaar else "fout", probleem)
            minuten = (lopend.nu - datetime.fromisoformat(wachter.bekeken_op)).total_seconds() / 60
            if minuten >= MAXIMALE_RONDE_MINUTEN:
                yield Melding(
                    "wachter",
                    "let op",
                    f"De wachter is al {minuten:.0f} minuten bezig in scanmap {scanmap.naam}. Neemt hij geen grote "
                    "stapel in, controleer dan of de netwerkmap antwoordt en start de scanstraat opnieuw.",
                )
        for probleem in scanmap_boek.find_wachtproblemen(session, scanmap, datetime.now(UTC).timestamp()):
            if probleem not in gezien:
                yield Melding("scanmap", "let op", probleem)


def _check_opslag(basis: Basis, session: Session) -> Iterator[Melding]:
    for probleem in basis.opslag.find_opslag_problemen():
        yield Melding("opslag", "let op", probleem)
    beschadigd = session.exec(select(sa.func.count()).where(col(ObjectRow.in_orde).is_(False))).one()
    if beschadigd:
        yield Melding(
            "opslag",
            "fout",
            f"{count_words(beschadigd, 'bestand in de opslag is', 'bestanden in de opslag zijn')} beschadigd of weg. "
            "Welke dat zijn en wat u doet, zegt: scanstraat opslag controleer",
        )
    achter = count_achterstallig(session, basis.config.opslag.dagelijks_deel, datetime.now(UTC))
    if achter:
        yield Melding(
            "opslag",
            "let op",
            f"{count_words(achter, 'bestand is', 'bestanden zijn')} te lang niet nagelezen. Laat de scanstraat "
            "doorlopen, of voer uit: scanstraat opslag controleer",
        )
    vrij = shutil.disk_usage(basis.config.algemeen.gegevensmap).free
    if vrij < MINIMAAL_VRIJ_BYTES:
        yield Melding("opslag", "fout", f"Er is nog maar {vrij // 1_000_000} MB vrij. Maak ruimte op de schijf.")


def _check_database(session: Session, lopend: _Lopend) -> Iterator[Melding]:
    nagekeken = find_nagekeken(session)
    if nagekeken is None or not lopend.werkers:  # what does not run checks nothing; that is said already
        return
    dagen = (lopend.nu - nagekeken).days
    if dagen >= MAXIMALE_CONTROLE_DAGEN:
        yield Melding(
            "database",
            "fout",
            f"De database is al {dagen} dagen niet nagekeken, of de controle vond een fout. Kijk in het technische log "
            "bij onderhoud_mislukt. Is de database beschadigd, zet dan een back-up terug (zie de handleiding).",
        )


def _check_rijen(session: Session, lopend: _Lopend) -> Iterator[Melding]:
    """Say what came of holding the rows against the log; before the first time, that counts from the start."""
    gevonden = find_rijencontrole(session)
    if gevonden is not None and gevonden[1]:
        yield Melding(
            "database",
            "fout",
            f"{count_words(gevonden[1], 'gegeven', 'gegevens')} in de database "
            f"{'is' if gevonden[1] == 1 else 'zijn'} anders dan in het logboek is vastgelegd. Vernietig geen papier. "
            "Wat er anders is, zegt: scanstraat logboek controleer",
        )
    sinds = lopend.sinds if gevonden is None else gevonden[0]
    if sinds is None or not lopend.werkers:  # what does not run checks nothing; that is said already
        return
    dagen = (lopend.nu - sinds).days
    if dagen >= MAXIMALE_CONTROLE_DAGEN:
        yield Melding(
            "database",
            "fout",
            f"De database is al {dagen} dagen niet met het logboek vergeleken. Vergelijk nu met: scanstraat logboek "
            "controleer. Kijk daarna in het technische log bij onderhoud_mislukt waarom het niet vanzelf gaat.",
        )


def _check_werkers(session: Session, lopend: _Lopend) -> Iterator[Melding]:
    if lopend.werkers:
        return
    wacht_werk = count_open(session) > 0
    yield Melding(
        "werkers",
        lopend.say_ernst(wacht_werk=wacht_werk),
        f"{'Er wacht werk, maar er loopt geen werker' if wacht_werk else 'Er loopt geen werker'}. {lopend.wat_te_doen}",
    )


def _check_stappen(session: Session) -> Iterator[Melding]:
    mislukt = session.exec(select(sa.func.count()).where(StapRow.status == Stapstatus.MISLUKT.value)).one()
    if mislukt:
        yield Melding(
            "stappen",
            "fout",
            f"{count_words(mislukt, 'stap is', 'stappen zijn')} mislukt. Bekijk met: scanstraat stappen",
        )
    stil = len(session.exec(storage.select_stilgezet()).all())
    if stil:
        yield Melding(
            "stappen",
            "let op",
            f"{count_words(stil, 'stap is', 'stappen zijn')} geannuleerd en daardoor ligt werk stil. Bekijk met: "
            "scanstraat stappen. Verder laten gaan: scanstraat stappen opnieuw ID",
        )
    oudste = session.exec(
        select(sa.func.min(StapRow.aangemaakt_op)).where(
            col(StapRow.status).in_([Stapstatus.WACHT.value, Stapstatus.BEZIG.value])
        )
    ).one()
    if oudste is not None:
        uren = _hours_since(oudste)
        if uren >= MAXIMALE_WACHTTIJD_UREN:
            yield Melding("stappen", "fout", f"Er wacht werk al {uren:.0f} uur. Bekijk het met: scanstraat stappen")


def _check_sleutel(basis: Basis, session: Session) -> Iterator[Melding]:
    if personen.is_sleutel_kwijt(session, personen.open_kluis(basis.config.algemeen.gegevensmap)):
        yield Melding(
            "aanmelding",
            "fout",
            "Het bestand aanmelding.sleutel past bij geen enkele aanmelding: niemand kan zich aanmelden, en wat wordt "
            "vastgelegd wordt niet verzegeld. Zet het goede bestand terug. Is het voorgoed weg, dan komen twee mensen "
            "weer binnen met: scanstraat persoon nieuwe-code",
        )


def _check_logboek(basis: Basis, session: Session, lopend: _Lopend) -> Iterator[Melding]:
    # A sealer that does not answer is no reason; it is said when it takes too long.
    if reden := logstand.find_reden(basis.engine, basis.config, logboek.open_klant(basis.config)):
        yield Melding("logboek", "fout", reden)
        return
    if vreemde := logboek.find_vreemde(session):
        yield Melding("logboek", "fout", f"Gebeurtenis {vreemde[0].volgnummer} wacht al. {logboek.VREEMD}")
        return
    instelling = basis.config.logboek
    if not (instelling.getuige or instelling.tijdstempel) and session.exec(select(BesluitRow.id).limit(1)).first():
        yield Melding(
            "logboek",
            "let op",
            "Er is geen getuige en geen tijdstempel ingesteld: wie de sleutels heeft, kan het logboek opnieuw "
            "schrijven, en een auditor kan niets bewijzen. Stel er een in; de handleiding van de beheerder zegt hoe.",
        )
    oudste = logboek.find_oudste_wachtende(session)
    geduld_s = max(MAXIMALE_VERZEGELTIJD_S, 10 * basis.config.logboek.interval_s)
    if oudste is None or not lopend.werkers:  # that nothing runs is said already
        return
    wacht_s = (lopend.nu - datetime.fromisoformat(oudste)).total_seconds()
    if wacht_s > geduld_s:
        yield Melding(
            "logboek",
            "fout",
            f"Al {wacht_s / 60:.0f} minuten worden gebeurtenissen niet verzegeld. Wat er is zegt: scanstraat logboek "
            "verzegel. Vernietig tot dan geen papier.",
        )


def _check_backup(basis: Basis, session: Session) -> Iterator[Melding]:
    gecontroleerd = select(BackupRow).where(col(BackupRow.in_orde).is_not(None))
    goed = session.exec(
        gecontroleerd.where(col(BackupRow.in_orde).is_(True)).order_by(col(BackupRow.gemaakt_op).desc()).limit(1)
    ).first()
    laatste = session.exec(gecontroleerd.order_by(col(BackupRow.gecontroleerd_op).desc()).limit(1)).first()
    if laatste is not None and not laatste.in_orde:
        yield Melding(
            "back-up",
            "let op",
            "De back-up die het laatst is gecontroleerd, is niet in orde. Maak een nieuwe en controleer die: "
            "scanstraat back-up maak, en daarna scanstraat back-up controleer",
        )
    if goed is None:
        if session.exec(select(BatchRow.id).limit(1)).first() is not None:
            yield Melding(
                "back-up",
                "let op",
                "Er is nog geen gecontroleerde back-up. Maak er een met scanstraat back-up maak en controleer hem met "
                "scanstraat back-up controleer",
            )
        return
    dagen = _hours_since(goed.gemaakt_op) / 24
    if dagen > MAXIMALE_BACKUP_DAGEN:
        yield Melding(
            "back-up",
            "let op",
            f"De laatste goede back-up is {dagen:.0f} dagen oud. Maak een nieuwe en controleer die: scanstraat back-up "
            "maak, en daarna scanstraat back-up controleer",
        )
    map_ = basis.config.backup.map
    if not (map_ / Path(goed.map).name).is_dir():
        yield Melding(
            "back-up", "let op", f"De laatste goede back-up staat niet meer in {map_}. Koppel de schijf ervan."
        )
    elif map_.stat().st_dev == basis.config.opslag.map.stat().st_dev:
        yield Melding(
            "back-up",
            "let op",
            "De back-ups staan op dezelfde schijf als de opslag: gaat die stuk, dan is alles weg. Zet [backup] map op "
            "een ander apparaat.",
        )


def _check_zaaksysteem(basis: Basis) -> Iterator[Melding]:
    try:
        basis.zaaksysteem.check_bereikbaar()
    except ScanstraatError as exc:
        yield Melding("zaaksysteem", "fout", str(exc))


def _count(session: Session) -> dict[str, Any]:
    stappen = session.exec(select(StapRow.status, sa.func.count()).group_by(col(StapRow.status))).all()
    oudste = session.exec(
        select(sa.func.min(StapRow.aangemaakt_op)).where(
            StapRow.fase == "lever_af", col(StapRow.status).in_([Stapstatus.WACHT.value, Stapstatus.BEZIG.value])
        )
    ).one()
    return {
        "scanmap": scanmap_boek.tel_bestanden(session),
        "stappen": dict(stappen),
        "batches": session.exec(select(sa.func.count()).select_from(BatchRow)).one(),
        "oudste_wachtende_aflevering": oudste,
    }


def _hours_since(tekst: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(tekst)).total_seconds() / 3600
