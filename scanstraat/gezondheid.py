"""Is everything in order? Every check answers in Dutch what is wrong and what to do. Reads only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from kwaliteitscontrole.verapdf import build_afscherming
from scanstraat import db
from scanstraat.bootstrap import Basis
from scanstraat.domain import Stapstatus
from scanstraat.errors import ScanstraatError
from scanstraat.intake import scanmap_boek
from scanstraat.onderhoud import count_achterstallig
from scanstraat.tables import BackupRow, BatchRow, ObjectRow, StapRow, UitvoerderRow
from scanstraat.zandbak import find_zandbak

MINIMAAL_VRIJ_BYTES = 2_000_000_000
MAXIMALE_BACKUP_DAGEN = 7
MAXIMALE_WACHTTIJD_UREN = 24  # scans must be available within a day (handboeken: continuïteit)


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


def build_gezondheid(basis: Basis) -> Gezondheid:
    """Ask every part how it is."""
    with db.read(basis.engine) as session:
        meldingen = (
            *_check_zandbak(),
            *_check_scanmappen(basis, session),
            *_check_opslag(basis, session),
            *_check_stappen(basis, session),
            *_check_backup(basis, session),
            *_check_zaaksysteem(basis),
        )
        cijfers = _count(session)
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


def _check_scanmappen(basis: Basis, session: Session) -> Iterator[Melding]:
    if not scanmap_boek.is_sluitend(scanmap_boek.tel_bestanden(session)):
        yield Melding("scanmap", "fout", "De telling van de scanmap sluit niet. Waarschuw de leverancier.")
    for scanmap in basis.config.scanmap:
        if not scanmap.map.is_dir():
            yield Melding(
                "scanmap", "fout", f"De scanmap {scanmap.naam} is er niet. Controleer of de netwerkmap is verbonden."
            )
        for probleem in scanmap_boek.find_wachtproblemen(session, scanmap, datetime.now(UTC).timestamp()):
            yield Melding("scanmap", "let op", f"Scanmap {scanmap.naam}: {probleem}")


def _check_opslag(basis: Basis, session: Session) -> Iterator[Melding]:
    for probleem in basis.opslag.find_opslag_problemen():
        yield Melding("opslag", "let op", probleem)
    beschadigd = session.exec(select(sa.func.count()).where(col(ObjectRow.in_orde).is_(False))).one()
    if beschadigd:
        yield Melding(
            "opslag",
            "fout",
            f"{beschadigd} bestanden in de opslag zijn beschadigd of weg. Voer uit: scanstraat opslag controleer",
        )
    achter = count_achterstallig(session, basis.config.opslag.dagelijks_deel, datetime.now(UTC))
    if achter:
        yield Melding(
            "opslag",
            "let op",
            f"{achter} bestanden zijn te lang niet nagelezen. Laat de scanstraat doorlopen, of voer uit: "
            "scanstraat opslag controleer",
        )
    vrij = shutil.disk_usage(basis.config.algemeen.gegevensmap).free
    if vrij < MINIMAAL_VRIJ_BYTES:
        yield Melding("opslag", "fout", f"Er is nog maar {vrij // 1_000_000} MB vrij. Maak ruimte op de schijf.")


def _check_stappen(basis: Basis, session: Session) -> Iterator[Melding]:
    mislukt = session.exec(select(sa.func.count()).where(StapRow.status == Stapstatus.MISLUKT.value)).one()
    if mislukt:
        yield Melding("stappen", "fout", f"{mislukt} stappen zijn mislukt. Bekijk ze met: scanstraat stappen")
    oudste = session.exec(
        select(sa.func.min(StapRow.aangemaakt_op)).where(
            col(StapRow.status).in_([Stapstatus.WACHT.value, Stapstatus.BEZIG.value])
        )
    ).one()
    if oudste is not None:
        uren = _hours_since(oudste)
        if uren >= MAXIMALE_WACHTTIJD_UREN:
            yield Melding("stappen", "fout", f"Er wacht werk al {uren:.0f} uur. Bekijk het met: scanstraat stappen")
        elif not _worker_alive(basis, session):
            yield Melding(
                "werkers", "fout", "Er wacht werk maar er is geen werker. Start de scanstraat met ./run start."
            )


def _worker_alive(basis: Basis, session: Session) -> bool:
    laatste = session.exec(
        select(sa.func.max(UitvoerderRow.hartslag_op)).where(col(UitvoerderRow.gestopt_op).is_(None))
    ).one()
    return laatste is not None and _hours_since(laatste) * 3600 < basis.config.werk.dood_na_s


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
