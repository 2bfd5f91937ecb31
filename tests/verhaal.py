"""The whole story of one destruction as lines of a log, in memory; a test changes one thing in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid5

from vernietiging.betekenis import BEKEKEN, ZAADLABEL, Ankerfeit, Betekenis
from vernietiging.boom import Rand, hash_blad
from vernietiging.errors import VernietigingError
from vernietiging.gebeurtenis import SCHEMAS, Gebeurtenis, Veld, verify_gebeurtenis

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
STAP = timedelta(minutes=10)  # between two lines
_NAMEN = UUID("0b5a6a1e-7f5e-4c7e-9d0a-5d3f0f3f1c11")
_VULLING: Mapping[Veld, Any] = {
    Veld.HASH: "ab" * 32,
    Veld.OBJECT: "ab" * 32,
    Veld.VERPAKT: "ef" * 32,
    Veld.GETAL: 1,
    Veld.WOORD: "woord",
    Veld.DAG: "onbepaald",
    Veld.TIJD: "2026-03-02T08:00:00Z",
    Veld.JANEE: True,
}


def id_of(naam: str) -> UUID:
    """Return the id that the log has for a person, a batch, a doos or a list."""
    return uuid5(_NAMEN, naam)


@dataclass(frozen=True)
class Regel:
    """The number of the line with this name, so many further."""

    naam: str
    verder: int = 0


@dataclass(frozen=True)
class Punt:
    """The size of the checkpoint that was signed after the line with this name."""

    naam: str


@dataclass(frozen=True)
class Wortel:
    """The root of the checkpoint after the line with this name."""

    naam: str


@dataclass(frozen=True)
class Zaad:
    """The seed from the checkpoint after a line, for this subject."""

    naam: str
    onderwerp: str


@dataclass(frozen=True)
class Tijd:
    """The time of the line with this name, so much later."""

    naam: str
    later: timedelta = timedelta(0)


@dataclass(frozen=True)
class Stap:
    """One line, with names where the log has ids and numbers. `op`: so much later than its turn."""

    naam: str
    soort: str
    actor: str
    onderwerp: str
    gegevens: Mapping[str, Any] = field(default_factory=dict)
    op: timedelta = timedelta(0)
    versie: int = 1


@dataclass
class Verhaal:
    """Lines in order, and after which of them a checkpoint was signed.

    punten: name of the line before it -> is it anchored, and how long after that turn it was stamped (None: not).
    begin, stap: when the first line was written, and how long after it the next.
    """

    stappen: list[Stap]
    punten: dict[str, tuple[bool, timedelta | None]]
    begin: datetime = BEGIN
    stap: timedelta = STAP

    def anders(self, naam: str, /, *, gegevens: Mapping[str, Any] | None = None, **waarden: Any) -> Self:
        """Change one line: its actor, subject, time, or some of its fields."""
        plek = self.nummer(naam)
        stap = self.stappen[plek]
        self.stappen[plek] = replace(stap, **waarden, gegevens={**stap.gegevens, **(gegevens or {})})
        return self

    def zonder(self, *namen: str) -> Self:
        """Leave lines out; a checkpoint after one comes after the line before it."""
        for naam in namen:
            plek = self.nummer(naam)
            if naam in self.punten:
                self.punten[self.stappen[plek - 1].naam] = self.punten.pop(naam)
            del self.stappen[plek]
        return self

    def erbij(self, na: str, *stappen: Stap) -> Self:
        """Put lines in behind the line with this name."""
        plek = self.nummer(na) + 1
        self.stappen[plek:plek] = stappen
        return self

    def verplaats(self, naam: str, na: str) -> Self:
        """Put a line behind another."""
        stap = self.stappen.pop(self.nummer(naam))
        return self.erbij(na, stap)

    def nummer(self, naam: str) -> int:
        """Return the number of a line."""
        return next(plek for plek, stap in enumerate(self.stappen) if stap.naam == naam)

    def tijd(self, naam: str) -> datetime:
        """Return when a line was written."""
        plek = self.nummer(naam)
        return self.begin + plek * self.stap + self.stappen[plek].op

    def build(self) -> tuple[list[bytes], dict[int, Ankerfeit]]:
        """Return the leaves and the checkpoints."""
        bladen: list[bytes] = []
        punten: dict[int, Ankerfeit] = {}
        rand = Rand()
        for stap in self.stappen:
            blad = self._build_blad(stap, punten)
            bladen.append(blad)
            rand.append(hash_blad(blad))
            if stap.naam in self.punten:
                verankerd, na = self.punten[stap.naam]
                op = None if na is None else self.begin + self.nummer(stap.naam) * self.stap + na
                punten[len(bladen)] = Ankerfeit(rand.wortel, verankerd, op, frozenset({_VULLING[Veld.HASH]}))
        return bladen, punten

    def _build_blad(self, stap: Stap, punten: Mapping[int, Ankerfeit]) -> bytes:
        vulling = {naam: _VULLING.get(veld) for naam, veld in SCHEMAS[stap.soort, stap.versie].items()}
        gegevens = {naam: self._fill(waarde, punten) for naam, waarde in {**vulling, **stap.gegevens}.items()}
        return verify_gebeurtenis(
            Gebeurtenis(
                id_of(f"gebeurtenis {stap.naam}"),
                stap.soort,
                stap.versie,
                id_of(stap.actor),
                id_of(stap.onderwerp),
                format_tijd(self.tijd(stap.naam)),
                gegevens,
            )
        ).to_bytes()

    def _fill(self, waarde: Any, punten: Mapping[int, Ankerfeit]) -> Any:
        match waarde:
            case Regel(naam, verder):
                return self.nummer(naam) + verder
            case Punt(naam):
                return self.nummer(naam) + 1
            case Wortel(naam):
                return punten[self.nummer(naam) + 1].wortel.hex()
            case Zaad(naam, onderwerp):
                return build_zaad(punten[self.nummer(naam) + 1].wortel, id_of(onderwerp))
            case Tijd(naam, later):
                return format_tijd(self.tijd(naam) + later)
        return waarde

    def look(self, verander: Callable[[dict[int, Ankerfeit]], object] = lambda _punten: None) -> Betekenis:
        """Let the verifier look at it; `verander` changes the checkpoints as an insider may."""
        bladen, punten = self.build()
        verander(punten)
        betekenis = Betekenis(bladen.__getitem__, punten)
        for nummer, (stap, blad) in enumerate(zip(self.stappen, bladen, strict=True)):
            if stap.soort in BEKEKEN:
                betekenis.look(nummer, blad)
        return betekenis

    def find_fout(
        self, verander: Callable[[dict[int, Ankerfeit]], object] = lambda _punten: None
    ) -> VernietigingError | None:
        """Return what the verifier has against it."""
        return self.look(verander).fout


def build_zaad(wortel: bytes, onderwerp: UUID) -> str:
    """Return a seed as docs/logboekformaat.md says."""
    return hashlib.sha256(ZAADLABEL + wortel + onderwerp.bytes).hexdigest()


def format_tijd(moment: datetime) -> str:
    """Return a time as it stands in the log."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def mandaat(wie: str, rol: str, *, naam: str = "", door: str = "beheerder", **gegevens: Any) -> Stap:
    """Return the line that gives somebody a mandaat."""
    naam = naam or f"mandaat {wie}"
    velden = {"mandaat": str(id_of(naam)), "rol": rol, "van": "2026-01-01", "tot": "onbepaald", **gegevens}
    return Stap(naam, "mandaat.verleend", door, wie, velden)


def stop(op: str) -> Stap:
    """Return the line that puts a stop on something."""
    return Stap(f"stop {op}", "stop.geplaatst", "beheerder", f"stop {op}", {"betreft": str(id_of(op))})


def houdt(op: str, doos: str = "doos", *, naam: str = "", los: bool = False) -> Stap:
    """Return the line that says that paper of what a stop is on lies in a doos, or no more."""
    velden = {"doos": str(id_of(doos)), "houdt": not los}
    return Stap(naam or f"{'los' if los else 'houdt'} {op}", "stop.houdt", "lijn", f"stop {op}", velden)


def scan(batch: str, wie: str, *, naam: str = "", door: str = "lijn") -> Stap:
    """Return the line that says who scanned a batch; nobody known is the batch itself."""
    velden = {"bekend": wie != batch, "wie": str(id_of(wie))}
    return Stap(naam or f"gescand {batch}", "batch.scanoperator", door, batch, velden, versie=2)


def bevind(batch: str, *, naam: str = "", houdt: int = 0, ernstig: int = 0) -> Stap:
    """Return the line that says how the findings of a batch stand."""
    velden = {"aantal": 2, "houdt_papier": houdt, "open_ernstig": ernstig}
    return Stap(naam or f"bevonden {batch}", "batch.bevindingen", "lijn", batch, velden)


def noem_ook(wie: str, ander: str, *, naam: str = "", door: str = "beheerder") -> Stap:
    """Return the line that says that who goes by another name is this persoon."""
    return Stap(naam or f"naam {ander}", "persoon.naam", door, wie, {"wie": str(id_of(ander))}, versie=2)


def stel_in(wie: str, door: str, *, dagen: int = 0, naam: str = "", op: timedelta = timedelta(0)) -> Stap:
    """Return the line that somebody got a new password from another (or from themselves), and how long they wait."""
    velden = {"wacht_dagen": dagen}
    return Stap(naam or f"ingesteld {wie}", "aanmelding.gewijzigd", door, wie, velden, op=op, versie=2)


def bevestig(wie: str, door: str) -> Stap:
    """Return the line that confirms that."""
    return Stap(f"bevestigd {wie}", "aanmelding.bevestigd", door, wie)


def _versie(batch: str, naam: str) -> list[Stap]:
    pdf = hashlib.sha256(naam.encode()).hexdigest()
    return [
        Stap(f"gearchiveerd {naam}", "documentversie.gearchiveerd", "lijn", naam, {"pdf": pdf}),
        Stap(f"bevestigd {naam}", "aflevering.bevestigd", "lijn", naam, {"pdf": pdf}),
        Stap(
            f"verzegeld {naam}",
            "documentversie.verzegeld",
            "lijn",
            naam,
            {
                "batch": str(id_of(batch)),
                "pdf": pdf,
                "gearchiveerd": Regel(f"gearchiveerd {naam}"),
                "bevestigd": Regel(f"bevestigd {naam}"),
            },
        ),
    ]


def _batch(batch: str, *versies: str) -> list[Stap]:
    return [
        scan(batch, "scanner"),
        bevind(batch),
        Stap(f"gebonden {batch}", "batch.gebonden", "beheerder", batch, {
            "besluit": str(id_of("besluit")), "handboek": str(id_of("handboek")),
        }),
        *(stap for versie in versies for stap in _versie(batch, versie)),
        Stap(f"verzegeld {batch}", "batch.verzegeld", "lijn", batch, {
            "documenten": len(versies), "uitzonderingen": 0,
        }),
    ]  # fmt: skip


def trek(batch: str, *, punt: str, naam: str = "", zegel: str = "") -> Stap:
    """Return the line that draws a sample."""
    return Stap(naam or f"getrokken {batch}", "steekproef.getrokken", "lijn", batch, {
        "verzegeld": Regel(zegel or f"verzegeld {batch}"), "checkpoint": Punt(punt), "zaad": Zaad(punt, batch),
    })  # fmt: skip


def keur(batch: str, wie: str, *, soort: str = "batch.goedgekeurd", naam: str = "", getrokken: str = "") -> Stap:
    """Return the line that judges a batch."""
    return Stap(naam or f"gekeurd {batch}", soort, wie, batch, {"getrokken": Regel(getrokken or f"getrokken {batch}")})


def vul(batch: str, bladen: int, *, soort: str = "doos.gevuld", naam: str = "", doos: str = "doos") -> Stap:
    """Return the line that puts sheets into a doos, or takes them out."""
    return Stap(naam or f"gevuld {batch}", soort, "div", doos, {"batch": str(id_of(batch)), "bladen": bladen})


def geef_vrij(nummer: int, wie: str, *, naam: str = "", lijst: str = "lijst") -> Stap:
    """Return the line of a release."""
    velden = {"voorgesteld": Regel(f"voorgesteld {lijst}"), "volgnummer": nummer}
    return Stap(naam or f"vrijgave {nummer}", "vrijgave", wie, lijst, velden)


def noem(batch: str, bladen: int, *, naam: str = "", doos: str = "doos") -> Stap:
    """Return the line that names a batch of an execution."""
    return Stap(naam or f"weg {batch}", "vernietiging.batch", "div", batch, {
        "doos": str(id_of(doos)), "goedgekeurd": Regel(f"gekeurd {batch}"), "bladen": bladen,
    })  # fmt: skip


def blik(lijst: str, doos: str, *, punt: str, wie: str = "div") -> list[Stap]:
    """Return the lines of a last look."""
    van = str(id_of(lijst))
    return [
        Stap(f"blik getrokken {lijst}", "laatste_blik.getrokken", "lijn", doos, {
            "lijst": van, "voorgesteld": Regel(f"voorgesteld {lijst}"), "checkpoint": Punt(punt),
            "zaad": Zaad(punt, doos),
        }),
        Stap(f"blik {lijst}", "laatste_blik.gedaan", wie, doos, {
            "lijst": van, "getrokken": Regel(f"blik getrokken {lijst}"),
        }),
    ]  # fmt: skip


def build_verhaal() -> Verhaal:
    """Return the story: two batches of two and one document, one doos of 3 + 2 sheets, gone with all its grounds."""
    stappen = [
        mandaat("beheerder", "functioneel_beheerder"),
        mandaat("div", "div_medewerker"),
        mandaat("controleur", "controleur"),
        mandaat("een", "gemandateerde"),
        mandaat("twee", "gemandateerde"),
        Stap("besluit", "besluit.vastgelegd", "beheerder", "besluit", {"bedenktijd_dagen": 0}, versie=2),
        Stap("bewerking a", "bewerking", "redacteur", "batch a", {"soort": "draai"}),
        *_batch("batch a", "versie a1", "versie a2"),
        *_batch("batch b", "versie b1"),
        trek("batch a", punt="verzegeld batch b"),
        trek("batch b", punt="verzegeld batch b"),
        keur("batch a", "controleur"),
        keur("batch b", "controleur"),
        vul("batch a", 3),
        vul("batch b", 2),
        Stap("voorgesteld lijst", "lijst.voorgesteld", "div", "lijst", versie=2),
        *blik("lijst", "doos", punt="voorgesteld lijst"),
        geef_vrij(1, "een"),
        geef_vrij(2, "twee"),
        Stap("verankering", "verankering", "lijn", "lijn", {
            "checkpoint": Punt("vrijgave 2"), "wortel": Wortel("vrijgave 2"),
        }),
        Stap("opgedragen", "vernietiging.opgedragen", "div", "lijst", {
            "vrijgave_1": Regel("vrijgave 1"), "vrijgave_2": Regel("vrijgave 2"), "checkpoint": Punt("vrijgave 2"),
        }),
        noem("batch a", 3),
        noem("batch b", 2),
        Stap("uitgevoerd", "vernietiging.uitgevoerd", "div", "doos", {
            "opgedragen": Regel("opgedragen"), "laatste_blik": Regel("blik lijst"), "batches": 2, "bladen": 5,
            "uitgevoerd_op": Tijd("opgedragen", STAP),
        }),
    ]  # fmt: skip
    gestempeld = (True, timedelta(seconds=30))
    punten = ("verzegeld batch b", "voorgesteld lijst", "vrijgave 2", "uitgevoerd")
    return Verhaal(stappen, dict.fromkeys(punten, gestempeld))
