"""A scanmap to try things in: a clock that is turned by hand, a sandbox and an intake of our own behind the protocols.

What a delivered file holds, in these tests: `SCAN` ... `EINDE` is whole; without `EINDE` it may still grow; `KAPOT` may
not pass; `ANDERS` is another kind of file; `CRASH` kills the child; `BUG` meets a bug in our own code.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel, col, select

from kwaliteitscontrole.bevinding import Bevinding
from scanstraat import db
from scanstraat.config import Scanmap, Scanprofiel
from scanstraat.errors import AnderSoortError, InvoerError, OnvolledigError, ZandbakError, ZandbakGrensError
from scanstraat.intake.opslag import Opslag
from scanstraat.intake.scanmap_boek import is_sluitend, tel_bestanden
from scanstraat.intake.scanmap_regels import Aanlevering
from scanstraat.intake.watcher import Peilverslag, Scanmapwachter
from scanstraat.migrations.metadata import load_metadata
from scanstraat.tables import BronRow, ScanmapBestandRow
from tests.builders import save_batch

START = 1_772_460_311.0  # 2026-03-02T14:05:11Z


@dataclass(frozen=True)
class Gevonden:
    """What our sandbox says of a file that may pass."""

    soort: str
    aantal_beelden: int = 1
    is_scan: bool = True
    bevindingen: tuple[Bevinding, ...] = ()


def build_scan(inhoud: str = "") -> bytes:
    return b"SCAN" + inhoud.encode() + b"EINDE"


def investigate(fd: int, suffix: str) -> Gevonden:
    """Judge the bytes from their begin to their end, wherever the descriptor stands."""
    inhoud = os.pread(fd, 1 << 20, 0)
    os.lseek(fd, 0, os.SEEK_END)  # a child that reads leaves the shared place of the descriptor somewhere else
    if inhoud.startswith(b"ANDERS"):
        raise AnderSoortError("ander_soort", "Dit is geen scan. Lever een scan aan.")
    if inhoud.startswith(b"KAPOT"):
        raise InvoerError("kapot", "Dit bestand is beschadigd. Scan het opnieuw.")
    if inhoud.startswith(b"CRASH"):
        raise ZandbakGrensError("gecrasht", "Het lezen van dit bestand mislukte. Scan het opnieuw.")
    if inhoud.startswith(b"BUG"):
        raise RuntimeError("a bug")
    if not inhoud.startswith(b"SCAN") or not inhoud.endswith(b"EINDE"):
        raise OnvolledigError("onvolledig", "Dit bestand is niet compleet. Lever het opnieuw aan.")
    return Gevonden(suffix.removeprefix("."))


@dataclass
class Proef:
    """One scanmap with its database and store under `map`."""

    map: Path
    scanmap: Scanmap
    profiel: Scanprofiel = field(default_factory=Scanprofiel)
    nu: float = START
    onderzoek: Callable[[int, str], Gevonden] = investigate
    aanleveringen: list[Aanlevering] = field(default_factory=list)
    url: str = ""  # of the database; "" is an SQLite file under `map`
    engine: Engine = field(init=False)
    opslag: Opslag = field(init=False)
    wachter: Scanmapwachter = field(init=False)

    def __post_init__(self) -> None:
        load_metadata()
        self.engine = db.create_engine(self.url or f"sqlite:///{self.map / 'proef.db'}")
        SQLModel.metadata.create_all(self.engine)
        self.opslag = Opslag(self.map / "opslag")
        self.restart()

    @property
    def inbak(self) -> Path:
        """The scanmap itself."""
        return self.scanmap.map

    def restart(self) -> None:
        """Start a watcher that knows nothing but what is in the database."""
        self.wachter = self.build_wachter()

    def build_wachter(self) -> Scanmapwachter:
        return Scanmapwachter(
            self.scanmap,
            self.profiel,
            self.engine,
            onderzoek=self._judge,
            opslag=self.opslag,
            neem_in=self.neem_in,
            klok=lambda: self.nu,
        )

    def _judge(self, fd: int, suffix: str) -> Gevonden:
        return self.onderzoek(fd, suffix)  # looked up at every call: a test may change it

    def neem_in(self, session: Session, aanlevering: Aanlevering) -> UUID:
        """Make bronnen in the session, as the line does."""
        self.aanleveringen.append(aanlevering)
        batch = save_batch(session)
        batch.indexbestanden = [{"naam": index.naam} for index in aanlevering.indexbestanden]
        for nummer, bestand in enumerate(aanlevering.bestanden, start=1):
            session.add(
                BronRow(
                    id=bestand.bron_id,
                    batch_id=batch.id,
                    volgnummer=nummer,
                    sha256=bestand.vingerafdruk.sha256,
                    naam=bestand.naam,
                    soort=bestand.soort,
                    aantal_beelden=bestand.aantal_beelden,
                    aanlevering={},
                    dubbel_van=bestand.dubbel_van,
                    ontvangen_op=db.now_text(),
                )
            )
            session.flush()
        return batch.id

    def put(self, naam: str, inhoud: bytes | str = "") -> Path:
        """Write a file in one go; text is wrapped into a scan."""
        pad = self.inbak / naam
        pad.parent.mkdir(parents=True, exist_ok=True)
        pad.write_bytes(build_scan(inhoud or naam) if isinstance(inhoud, str) else inhoud)
        return pad

    def peil(self, keer: int = 1, *, na_s: float = 4.0) -> Peilverslag:
        """Look so many times, `na_s` seconds apart."""
        for _ in range(keer):
            self.nu += na_s
            verslag = self.wachter.peil()
        return verslag

    def settle(self) -> Peilverslag:
        """Look until what rests is decided on."""
        return self.peil(5)

    def rijen(self) -> list[ScanmapBestandRow]:
        with db.read(self.engine) as session:
            return list(session.exec(select(ScanmapBestandRow).order_by(col(ScanmapBestandRow.pad))))

    def rij(self, naam: str) -> ScanmapBestandRow:
        (rij,) = [rij for rij in self.rijen() if rij.pad == naam]
        return rij

    def status(self) -> dict[str, str]:
        return {rij.pad: rij.status for rij in self.rijen()}

    def bronnen(self) -> list[BronRow]:
        with db.read(self.engine) as session:
            return list(session.exec(select(BronRow)))

    def ingenomen(self) -> list[str]:
        """Names as they were taken in, a batch at a time."""
        return [bestand.naam for aanlevering in self.aanleveringen for bestand in aanlevering.bestanden]

    def tel(self) -> dict[str, int]:
        """Count, and hold the invariant."""
        with db.read(self.engine) as session:
            telling = tel_bestanden(session, self.scanmap.naam)
        assert is_sluitend(telling)
        return telling

    def close(self) -> None:
        self.engine.dispose()


def build_proef(map: Path, *, url: str = "", **anders: object) -> Proef:
    """A scanmap with short times: 10 s of rest, 30 s for loose files, 100 s of patience."""
    inbak = map / "scanmap"
    inbak.mkdir(exist_ok=True)
    waarden = {"naam": "post", "map": inbak, "rusttijd_s": 10.0, "los_rusttijd_s": 30.0, "geduld_s": 100.0}
    return Proef(map, Scanmap(**(waarden | anders)), url=url)  # type: ignore[arg-type]


class NoSandbox:
    """A sandbox that does not start."""

    def __call__(self, fd: int, suffix: str) -> Gevonden:
        raise ZandbakError("Er is geen afgeschermde omgeving. Installeer bubblewrap.")
