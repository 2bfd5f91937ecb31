"""What the log says must also be allowed: no destruction without a sealed and approved batch, delivered documents, two
different people, a last look, and an anchored checkpoint before it. Pure.

It follows the log line by line and looks up the earlier lines that an event refers to. It needs numbers and ids alone,
so it still works after every key of a commitment was erased. What it keeps grows with the batches, dozen and people in
the log, not with its lines.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError, OngegrondError, VernietigingError
from vernietiging.gebeurtenis import Gebeurtenis, find_regels, parse_blad

ZAADLABEL = b"scanstraat/steekproef/v1\n"  # as kwaliteitscontrole/steekproef.py draws; docs/logboekformaat.md
Lees = Callable[[int], bytes]


@dataclass(frozen=True)
class Ankerfeit:
    """What the verifier knows of a stored checkpoint: its root, and when enough outsiders had seen it (None: not)."""

    wortel: bytes
    verankerd: bool
    op: datetime | None  # the time that as many authorities as the policy asks put on it; None: the policy asks none


@dataclass
class _Mandaat:
    rol: str
    van: str
    tot: str
    tot_regel: int | None = None  # where it was taken back


class Betekenis:
    """Looks at every line of a log, in order. The first thing that is not allowed is kept in `fout`."""

    def __init__(self, lees: Lees, checkpoints: Mapping[int, Ankerfeit]) -> None:
        self._lees, self._checkpoints = lees, checkpoints
        self.fout: VernietigingError | None = None
        self.vernietigd = 0  # dozen
        self._nu = 0
        self._geteld: dict[str, int] = defaultdict(int)  # batch -> versies sealed since its last sealing
        self._vervallen: dict[str, int] = {}  # batch -> newest line after which an older approval does not hold
        self._bewerkers: dict[str, set[str]] = defaultdict(set)  # batch -> who changed it
        self._gebonden: dict[str, str] = {}  # batch -> besluit
        self._mandaten: dict[str, dict[str, _Mandaat]] = defaultdict(dict)  # persoon -> mandaat -> what it is
        self._stops: dict[str, set[str]] = defaultdict(set)  # what it is on -> stops that stand
        self._ingetrokken: set[int] = set()  # releases that were taken back
        self._weg: dict[str, list[Gebeurtenis]] = defaultdict(list)  # doos -> batches of the execution that follows
        self._vernietigd: set[str] = set()

    def look(self, nummer: int, blad: bytes) -> None:
        """Look at a line whose form was verified."""
        self._nu = nummer
        if self.fout is not None:
            return
        try:
            gebeurtenis = parse_blad(blad)
            _verify_regels(gebeurtenis, nummer)
            _REGELS[gebeurtenis.soort](self, gebeurtenis)
        except OngegrondError as exc:
            self.fout = OngegrondError(f"Regel {nummer}: {exc}")
        except (LogboekGewijzigdError, NietVastTeStellenError) as exc:
            self.fout = exc

    # --- what is looked up ----------------------------------------------------------------------------------------

    def _find(self, gebeurtenis: Gebeurtenis, veld: str, soort: str, onderwerp: Any = None) -> Gebeurtenis:
        """Return the earlier line that a field refers to; it must be of this kind, about this subject."""
        eerder = parse_blad(self._lees(int(gebeurtenis.gegevens[veld])))
        if eerder.soort != soort:
            raise OngegrondError(f"{veld} verwijst naar een regel {eerder.soort}, niet {soort}.")
        if str(eerder.onderwerp) != str(gebeurtenis.onderwerp if onderwerp is None else onderwerp):
            raise OngegrondError(f"{veld} verwijst naar een regel over iets anders.")
        return eerder

    def _verify_gelijk(self, wat: str, een: Any, ander: Any) -> None:
        if een != ander:
            raise OngegrondError(f"{wat} is niet gelijk aan die van de regel waarop dit berust.")

    def _verify_zaad(self, gebeurtenis: Gebeurtenis, na: int) -> None:
        """The seed comes from the first checkpoint after a line: it was fixed before anybody could want a draw."""
        omvang = int(gebeurtenis.gegevens["checkpoint"])
        if not na < omvang <= self._nu or any(na < ander < omvang for ander in self._checkpoints):
            raise OngegrondError("het zaad van de trekking komt niet uit het eerste checkpoint dat daarna kwam.")
        punt = self._checkpoints.get(omvang)
        if punt is None:
            raise NietVastTeStellenError(f"Checkpoint {omvang} ontbreekt, waaruit een steekproef is getrokken.")
        zaad = hashlib.sha256(ZAADLABEL + punt.wortel + gebeurtenis.onderwerp.bytes).hexdigest()
        if gebeurtenis.gegevens["zaad"] != zaad:
            raise OngegrondError("het zaad van de trekking komt niet uit dat checkpoint.")

    def _verify_mandaat(self, wie: Gebeurtenis, regel: int, rol: str) -> None:
        """Whoever wrote that line had a mandaat at that moment."""
        dag = wie.op[:10]
        for mandaat in self._mandaten.get(str(wie.actor), {}).values():
            if (
                mandaat.rol == rol
                and mandaat.van <= dag
                and (mandaat.tot == "onbepaald" or dag <= mandaat.tot)
                and (mandaat.tot_regel is None or regel < mandaat.tot_regel)
            ):
                return
        raise OngegrondError(f"wie regel {regel} schreef, had toen geen mandaat als {rol}.")

    def _mislukt(self, g: Gebeurtenis) -> None:
        eerder = parse_blad(self._lees(int(g.gegevens["opgedragen"])))
        if eerder.soort != "vernietiging.opgedragen":
            raise OngegrondError(f"opgedragen verwijst naar een regel {eerder.soort}.")

    # --- people, besluit, stops -----------------------------------------------------------------------------------

    def _mandaat_verleend(self, g: Gebeurtenis) -> None:
        self._mandaten[str(g.onderwerp)][g.gegevens["mandaat"]] = _Mandaat(
            g.gegevens["rol"], g.gegevens["van"], g.gegevens["tot"]
        )

    def _mandaat_ingetrokken(self, g: Gebeurtenis) -> None:
        mandaat = self._mandaten[str(g.onderwerp)].get(g.gegevens["mandaat"])
        if mandaat is None:
            raise OngegrondError("trekt een mandaat in dat niet is verleend.")
        mandaat.tot_regel = self._nu

    def _bewerking(self, g: Gebeurtenis) -> None:
        if g.gegevens["soort"] != "scanoperator":  # saying who scanned it changes nothing
            self._bewerkers[str(g.onderwerp)].add(str(g.actor))

    def _gebonden_(self, g: Gebeurtenis) -> None:
        self._gebonden[str(g.onderwerp)] = g.gegevens["besluit"]

    def _stop(self, g: Gebeurtenis) -> None:
        self._stops[g.gegevens["betreft"]].add(str(g.onderwerp))

    def _stop_weg(self, g: Gebeurtenis) -> None:
        for stops in self._stops.values():
            stops.discard(str(g.onderwerp))

    # --- sealed, drawn, judged ------------------------------------------------------------------------------------

    def _versie_verzegeld(self, g: Gebeurtenis) -> None:
        gearchiveerd = self._find(g, "gearchiveerd", "documentversie.gearchiveerd")
        bevestigd = self._find(g, "bevestigd", "aflevering.bevestigd")
        for eerder in (gearchiveerd, bevestigd):
            self._verify_gelijk("het archiefbestand", g.gegevens["pdf"], eerder.gegevens["pdf"])
        if gearchiveerd.gegevens["conform"] is not True or gearchiveerd.gegevens["getrouw"] is not True:
            raise OngegrondError("het archiefbestand is niet bewezen.")
        self._geteld[g.gegevens["batch"]] += 1

    def _batch_verzegeld(self, g: Gebeurtenis) -> None:
        if self._geteld.pop(str(g.onderwerp), 0) != g.gegevens["documenten"]:
            raise OngegrondError("niet elk document van deze batch is verzegeld met zijn aflevering.")
        self._vervallen[str(g.onderwerp)] = self._nu

    def _batch_vervallen(self, g: Gebeurtenis) -> None:
        self._vervallen[str(g.onderwerp)] = self._nu

    def _getrokken(self, g: Gebeurtenis) -> None:
        self._find(g, "verzegeld", "batch.verzegeld")
        self._verify_zaad(g, int(g.gegevens["verzegeld"]))

    def _gekeurd(self, g: Gebeurtenis) -> None:
        getrokken = self._find(g, "getrokken", "steekproef.getrokken")
        regel = int(getrokken.gegevens["verzegeld"])
        verzegeld = self._find(getrokken, "verzegeld", "batch.verzegeld")
        self._verify_gelijk("het manifest", g.gegevens["manifest"], verzegeld.gegevens["manifest"])
        if self._vervallen.get(str(g.onderwerp)) != regel:
            raise OngegrondError("de batch is veranderd sinds de steekproef is getrokken.")
        if str(g.actor) in self._bewerkers.get(str(g.onderwerp), ()):
            raise OngegrondError("de controleur bewerkte deze batch zelf.")
        self._verify_mandaat(g, self._nu, "controleur")

    # --- destruction ----------------------------------------------------------------------------------------------

    def _blik_getrokken(self, g: Gebeurtenis) -> None:
        self._find(g, "voorgesteld", "lijst.voorgesteld", g.gegevens["lijst"])
        self._verify_zaad(g, int(g.gegevens["voorgesteld"]))

    def _blik_gedaan(self, g: Gebeurtenis) -> None:
        getrokken = self._find(g, "getrokken", "laatste_blik.getrokken")
        self._verify_gelijk("de lijst", g.gegevens["lijst"], getrokken.gegevens["lijst"])

    def _vrijgegeven(self, g: Gebeurtenis) -> None:
        voorgesteld = self._find(g, "voorgesteld", "lijst.voorgesteld")
        self._verify_gelijk("de inhoud van de lijst", g.gegevens["inhoud"], voorgesteld.gegevens["inhoud"])
        self._verify_mandaat(g, self._nu, "gemandateerde")

    def _vrijgave_weg(self, g: Gebeurtenis) -> None:
        self._find(g, "vrijgave", "vrijgave")
        self._ingetrokken.add(int(g.gegevens["vrijgave"]))

    def _opgedragen(self, g: Gebeurtenis) -> None:
        een, twee = self._find_vrijgaven(g)
        if een.actor == twee.actor:
            raise OngegrondError("de twee vrijgaven zijn van dezelfde persoon.")
        if (een.gegevens["volgnummer"], twee.gegevens["volgnummer"]) != (1, 2):
            raise OngegrondError("de twee vrijgaven zijn niet een eerste en een tweede.")
        self._verify_gelijk("de vrijgegeven inhoud", een.gegevens["inhoud"], twee.gegevens["inhoud"])
        self._verify_anker(g, int(g.gegevens["vrijgave_1"]), int(g.gegevens["vrijgave_2"]))

    def _find_vrijgaven(self, opgedragen: Gebeurtenis) -> tuple[Gebeurtenis, Gebeurtenis]:
        for veld in ("vrijgave_1", "vrijgave_2"):
            if int(opgedragen.gegevens[veld]) in self._ingetrokken:
                raise OngegrondError("een van de vrijgaven is ingetrokken.")
        return self._find(opgedragen, "vrijgave_1", "vrijgave"), self._find(opgedragen, "vrijgave_2", "vrijgave")

    def _verify_anker(self, opgedragen: Gebeurtenis, *regels: int) -> Ankerfeit:
        """The order rests on a checkpoint that was anchored and that covers these lines."""
        omvang = int(opgedragen.gegevens["checkpoint"])
        punt = self._checkpoints.get(omvang)
        if punt is None or not punt.verankerd:
            raise OngegrondError(f"checkpoint {omvang} van de opdracht is niet verankerd zoals het beleid vraagt.")
        if omvang > self._nu or any(regel >= omvang for regel in regels):
            raise OngegrondError(f"checkpoint {omvang} van de opdracht omvat niet alles waarop zij berust.")
        return punt

    def _batch_weg(self, g: Gebeurtenis) -> None:
        self._weg[g.gegevens["doos"]].append(g)

    def _uitgevoerd(self, g: Gebeurtenis) -> None:
        doos = str(g.onderwerp)
        if doos in self._vernietigd:
            raise OngegrondError("deze doos is al eerder vernietigd.")
        blik = self._find(g, "laatste_blik", "laatste_blik.gedaan")
        lijst = blik.gegevens["lijst"]
        opgedragen = self._find(g, "opgedragen", "vernietiging.opgedragen", lijst)
        if blik.gegevens["geslaagd"] is not True:
            raise OngegrondError("de laatste blik op het papier is niet geslaagd.")
        een, twee = self._find_vrijgaven(opgedragen)
        beslissers = [str(een.actor), str(twee.actor)]
        goedgekeurd = self._verify_batches(g, doos, [*beslissers, str(blik.actor)])
        punt = self._verify_anker(opgedragen, int(g.gegevens["laatste_blik"]), *goedgekeurd)
        self._verify_tijd(g, opgedragen, punt)
        self._verify_geen_stop([doos, *beslissers, str(blik.actor)])
        self._vernietigd.add(doos)
        self.vernietigd += 1

    def _verify_batches(self, g: Gebeurtenis, doos: str, anderen: list[str]) -> list[int]:
        """Every batch in the doos is approved as it is, by somebody else, under a besluit; return where that stands."""
        weg = self._weg.pop(doos, [])
        if not weg or len(weg) != g.gegevens["batches"]:
            raise OngegrondError("niet elke batch in de doos is genoemd.")
        if sum(int(batch.gegevens["bladen"]) for batch in weg) != g.gegevens["bladen"]:
            raise OngegrondError("het aantal bladen klopt niet met de batches in de doos.")
        regels = []
        for batch in weg:
            onderwerp = str(batch.onderwerp)
            goedgekeurd = self._find(batch, "goedgekeurd", "batch.goedgekeurd")
            getrokken = self._find(goedgekeurd, "getrokken", "steekproef.getrokken")
            if self._vervallen.get(onderwerp) != int(getrokken.gegevens["verzegeld"]):
                raise OngegrondError("een batch in de doos is veranderd sinds zij is goedgekeurd.")
            besluit = self._gebonden.get(onderwerp)
            if besluit is None:
                raise OngegrondError("een batch in de doos valt onder geen besluit.")
            if str(goedgekeurd.actor) in anderen or self._bewerkers.get(onderwerp, set()) & set(anderen):
                raise OngegrondError("iemand die vrijgaf of de laatste blik deed, keurde of bewerkte zelf.")
            self._verify_geen_stop([besluit, str(goedgekeurd.actor)])
            regels.append(int(batch.gegevens["goedgekeurd"]))
        return regels

    def _verify_tijd(self, g: Gebeurtenis, opgedragen: Gebeurtenis, punt: Ankerfeit) -> None:
        """What was destroyed was ordered and anchored before: by the clock of others where the policy asks for it."""
        uitgevoerd = datetime.fromisoformat(g.gegevens["uitgevoerd_op"])
        if not datetime.fromisoformat(opgedragen.op) <= uitgevoerd <= datetime.fromisoformat(g.op):
            raise OngegrondError("de vernietiging ligt niet tussen opdracht en vastlegging.")
        if punt.op is not None and uitgevoerd < punt.op:
            raise OngegrondError("er was nog geen tijdstempel toen het papier werd vernietigd.")

    def _verify_geen_stop(self, ids: list[str]) -> None:
        if any(self._stops.get(id_) for id_ in ids):
            raise OngegrondError("er liep een stop toen het papier werd vernietigd.")


def _verify_regels(gebeurtenis: Gebeurtenis, nummer: int) -> None:
    for regel in find_regels(gebeurtenis):
        if regel >= nummer:
            raise OngegrondError(f"verwijst naar regel {regel}, die later komt.")


_REGELS: Mapping[str, Callable[[Betekenis, Gebeurtenis], None]] = {
    "mandaat.verleend": Betekenis._mandaat_verleend,
    "mandaat.ingetrokken": Betekenis._mandaat_ingetrokken,
    "bewerking": Betekenis._bewerking,
    "batch.gebonden": Betekenis._gebonden_,
    "stop.geplaatst": Betekenis._stop,
    "stop.opgeheven": Betekenis._stop_weg,
    "documentversie.verzegeld": Betekenis._versie_verzegeld,
    "batch.verzegeld": Betekenis._batch_verzegeld,
    "goedkeuring.vervallen": Betekenis._batch_vervallen,
    "steekproef.getrokken": Betekenis._getrokken,
    "batch.goedgekeurd": Betekenis._gekeurd,
    "batch.afgekeurd": Betekenis._gekeurd,
    "laatste_blik.getrokken": Betekenis._blik_getrokken,
    "laatste_blik.gedaan": Betekenis._blik_gedaan,
    "vrijgave": Betekenis._vrijgegeven,
    "vrijgave.ingetrokken": Betekenis._vrijgave_weg,
    "vernietiging.opgedragen": Betekenis._opgedragen,
    "vernietiging.batch": Betekenis._batch_weg,
    "vernietiging.uitgevoerd": Betekenis._uitgevoerd,
    "vernietiging.mislukt": Betekenis._mislukt,
}
BEKEKEN = frozenset(_REGELS)  # kinds of which the meaning is looked at
