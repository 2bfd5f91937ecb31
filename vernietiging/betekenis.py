"""What the log says must also be allowed: no destruction without a sealed and approved batch, delivered documents, two
different people, a last look, and an anchored checkpoint before it. Pure.

It follows the log line by line and looks up the earlier lines that an event refers to. It needs numbers and ids alone,
so it still works after every key of a commitment was erased. What it keeps grows with the batches, dozen, lists and
people in the log, not with its lines.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError, OngegrondError, VernietigingError
from vernietiging.gebeurtenis import Gebeurtenis, find_regels, parse_blad

ZAADLABEL = b"scanstraat/steekproef/v1\n"  # as kwaliteitscontrole/steekproef.py draws; docs/logboekformaat.md
MEESTE_DAGEN = 36_500  # of bedenktijd: more is as good as never
SPELING = timedelta(hours=1)  # so much may our clock differ from that of the time-stamp authorities
BEHEERDER, CONTROLEUR, GEMANDATEERDE = "functioneel_beheerder", "controleur", "gemandateerde"
KIJKERS = ("div_medewerker", CONTROLEUR, GEMANDATEERDE, "archivaris")  # who may do the last look
OPHEFFERS = ("archivaris", BEHEERDER, GEMANDATEERDE)  # who may lift a stop
UITVOERDERS = ("div_medewerker", BEHEERDER, GEMANDATEERDE)  # who may order, and record what became of it
HOUDT_DOCUMENTEN = ("draai", "vervang", "invoegen", "splits", "scanoperator")  # after these no document is less
Lees = Callable[[int], bytes]
_LANG_GELEDEN = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Ankerfeit:
    """What the verifier knows of a stored checkpoint.

    verankerd: whether as many outsiders as the policy asks had seen it.
    op: the time that as many authorities as the policy asks put on it; None: the policy asks none.
    bewijzen: fingerprints of the stamps and lines of witnesses that lie beside it, and of each part that came first.
    """

    wortel: bytes
    verankerd: bool
    op: datetime | None
    bewijzen: frozenset[str] = frozenset()


class Klok:
    """What the times of others say about the clock of the log.

    Args:
        stempels: size of a checkpoint, and when it was stamped.
    """

    def __init__(self, stempels: Iterable[tuple[int, datetime]]) -> None:
        op_omvang = sorted(stempels)
        self._omvangen = [omvang for omvang, _ in op_omvang]
        tijden = [op for _, op in op_omvang]
        self._laatste = list(accumulate(tijden, max))
        self._eerste = list(accumulate(reversed(tijden), min))[::-1]

    def is_mogelijk(self, regel: int, op: datetime) -> bool:
        """Whether a line can have been written then: after what was stamped without it, before what was with it."""
        plek = bisect_right(self._omvangen, regel)
        na_vorige = plek == 0 or op >= self._laatste[plek - 1] - SPELING
        voor_volgende = plek == len(self._omvangen) or op <= self._eerste[plek] + SPELING
        return na_vorige and voor_volgende


@dataclass(frozen=True)
class _Mandaat:
    rol: str
    van: str
    tot: str


@dataclass
class _Doos:
    bladen: dict[str, int] = field(default_factory=dict)  # batch -> sheets of it that lie in the doos
    veranderd: int = -1  # newest line that says so
    weg: list[Gebeurtenis] = field(default_factory=list)  # batches of the execution that follows
    vernietigd: bool = False
    rest_bij: str = ""  # the list under whose order part of the paper went; the rest goes with that one or stays


class Betekenis:
    """Looks at every line of a log, in order. The first thing that is not allowed is kept in `fout`."""

    def __init__(self, lees: Lees, checkpoints: Mapping[int, Ankerfeit]) -> None:
        self._lees, self._checkpoints = lees, checkpoints
        self._klok = Klok((omvang, punt.op) for omvang, punt in checkpoints.items() if punt.op is not None)
        self.fout: VernietigingError | None = None
        self.vernietigd = 0  # dozen
        self.zonder_grond: list[int] = []  # lines that say themselves that paper went while it was not allowed
        self._nu = 0
        self._mandaten: dict[str, dict[str, _Mandaat]] = defaultdict(dict)  # persoon -> mandaat -> what it is
        self._lopend: set[str] = set()  # stops that stand
        self._stops: dict[str, set[str]] = defaultdict(set)  # what it is on -> stops that stand
        self._gehouden: dict[tuple[str, str], int] = {}  # stop and doos with paper of it -> the line that says so
        self._opgeheven: dict[str, datetime] = {}  # what a stop was on -> when the last one was lifted
        self._geroerd: dict[str, int] = {}  # batch -> newest line by which a document can have got another zaak
        self._besluiten: dict[str, timedelta] = {}  # besluit -> bedenktijd
        self._gebonden: dict[str, str] = {}  # batch -> besluit
        self._bewerkers: dict[str, set[str]] = defaultdict(set)  # batch -> who scanned or changed it, or said who did
        self._bevonden: dict[str, int] = {}  # batch -> findings that keep its paper, by the newest line
        self._gescand: dict[str, bool] = {}  # batch -> is it known who scanned it, by the newest line
        self._namen: dict[str, str] = {}  # actor -> the persoon that it turned out to be
        self._aangemeld: set[str] = set()  # people who had an account before
        self._geleend: dict[str, set[str]] = {}  # persoon -> who set their account again, until that is confirmed
        self._wachten: dict[str, list[tuple[datetime, int]]] = {}  # persoon -> since when and how many days they wait
        self._ogen_toen: dict[int, set[str]] = {}  # decision -> whose eyes it counts as, where that is more than one
        self._hoogste: dict[str, int] = {}  # kind -> newest version that was seen of it
        self._versies: dict[str, set[str]] = defaultdict(set)  # batch -> versies sealed since its last sealing
        self._documenten: dict[str, int] = {}  # batch -> documents it had, until it is edited
        self._vervallen: dict[str, int] = {}  # batch -> newest line after which an older approval does not hold
        self._gekeurd_op: dict[str, int] = {}  # batch -> newest sealing that was judged
        self._dozen: dict[str, _Doos] = defaultdict(_Doos)
        self._lijsten_weg: set[str] = set()  # that were taken back
        self._vrijgaven_weg: set[int] = set()  # and so releases
        self._bekeken: set[tuple[str, str]] = set()  # list and doos that had their last look
        self._mislukt_: set[tuple[int, str]] = set()  # order and doos of which nothing went
        self._verklaringen: dict[str, str] = {}  # verklaring -> digest of its PDF
        self._herstel: Gebeurtenis | None = None  # of which the second person must still say so
        self._hersteld = False  # whether the record was ever put back, and two people went on

    def look(self, nummer: int, blad: bytes) -> None:
        """Look at a line whose form was verified."""
        self._nu = nummer
        if self.fout is not None:
            return
        try:
            gebeurtenis = parse_blad(blad)
            _verify_regels(gebeurtenis, nummer)
            self._verify_versie(gebeurtenis)
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

    def _verify_mandaat(self, wie: Gebeurtenis, *rollen: str) -> None:
        """Whoever wrote this line has a mandaat for one of these roles, and an account of their own."""
        if any((_parse_tijd(wie.op) - sinds).days < dagen for sinds, dagen in self._wachten.get(str(wie.actor), ())):
            raise OngegrondError("een ander stelde de aanmelding van wie dit schreef opnieuw in, en het was te vroeg.")
        dag = wie.op[:10]
        if not any(
            mandaat.rol in rollen and mandaat.van <= dag and (mandaat.tot == "onbepaald" or dag <= mandaat.tot)
            for mandaat in self._mandaten[str(wie.actor)].values()
        ):
            raise OngegrondError(f"wie dit schreef, had toen geen mandaat als {' of '.join(rollen)}.")

    def _verify_versie(self, g: Gebeurtenis) -> None:
        """An older form of a line may say less: no new line takes that form again."""
        if g.versie < self._hoogste.setdefault(g.soort, g.versie):
            raise OngegrondError("staat in een oudere vorm dan een eerdere regel van dit soort.")
        self._hoogste[g.soort] = g.versie

    def _mensen(self, *actoren: Any) -> set[str]:
        """Return which humans these are, as far as the log says by now."""
        return {self._namen.get(str(actor), str(actor)) for actor in actoren}

    def _ogen(self, actor: Any) -> set[str]:
        """Return whose eyes what an actor writes now counts as: who set their account may have it."""
        (mens,) = self._mensen(actor)
        return {str(actor), *self._geleend.get(mens, ())}

    def _keep_ogen(self, g: Gebeurtenis) -> None:
        if len(ogen := self._ogen(g.actor)) > 1:
            self._ogen_toen[self._nu] = ogen

    def _ogen_van(self, regel: int, g: Gebeurtenis) -> set[str]:
        """Return whose eyes an earlier decision counts as."""
        return self._mensen(*self._ogen_toen.get(regel, {str(g.actor)}))

    # --- people, besluit, stops, dozen ----------------------------------------------------------------------------

    def _mandaat_verleend(self, g: Gebeurtenis) -> None:
        if any(self._mandaten.values()):  # the first one of all nobody could give
            self._verify_mandaat(g, BEHEERDER)
            if g.actor == g.onderwerp:
                raise OngegrondError("iemand gaf zichzelf een mandaat.")
        self._mandaten[str(g.onderwerp)][g.gegevens["mandaat"]] = _Mandaat(
            g.gegevens["rol"], g.gegevens["van"], g.gegevens["tot"]
        )

    def _mandaat_ingetrokken(self, g: Gebeurtenis) -> None:
        weg = self._mandaten[str(g.onderwerp)].pop(g.gegevens["mandaat"], None)
        if weg is None and not self._hersteld:  # what was lost with the record is done once more
            raise OngegrondError("trekt een mandaat in dat er niet is.")

    def _naam(self, g: Gebeurtenis) -> None:
        if g.versie == 1:  # says not which actor that was
            return
        if any(self._mandaten.values()):  # with the first persoon of all come their other names
            self._verify_mandaat(g, BEHEERDER)
        (mens,) = self._mensen(g.onderwerp)
        if self._namen.setdefault(g.gegevens["wie"], mens) != mens or g.gegevens["wie"] == mens:
            raise OngegrondError("een naam is van twee mensen.")

    def _hersteld_(self, g: Gebeurtenis) -> None:
        """Two people who may decide, and who say the same, are needed to go on after something was put back."""
        self._verify_mandaat(g, BEHEERDER, "archivaris", GEMANDATEERDE)
        if g.gegevens["volgnummer"] == 1:
            self._herstel = g
            return
        eerste, self._herstel = self._herstel, None
        if eerste is None or g.gegevens["volgnummer"] != 2 or eerste.onderwerp != g.onderwerp:
            raise OngegrondError("een tweede verklaring van een herstel zonder de eerste.")
        if self._ogen(eerste.actor) & self._ogen(g.actor):
            raise OngegrondError("de twee verklaringen van een herstel zijn van dezelfde persoon.")
        for veld in ("bekend", "omvang", "elders", "ingevoegd", "overgenomen"):
            self._verify_gelijk(veld, g.gegevens.get(veld), eerste.gegevens.get(veld))
        self._hersteld = True
        for batch, regel in self._geroerd.items():
            if regel >= g.gegevens["bekend"]:  # the record lost that edit: the batch is divided as it was before
                self._documenten.pop(batch, None)

    def _aanmelding(self, g: Gebeurtenis) -> None:
        """The first account of somebody is no reset; nor is what they set themselves."""
        wie = str(g.onderwerp)
        if g.versie > 1 and wie in self._aangemeld and g.actor != g.onderwerp:
            self._verify_mandaat(g, BEHEERDER)
            self._geleend[wie] = self._geleend.get(wie, set()) | self._ogen(g.actor)
            self._wachten.setdefault(wie, []).append((_parse_tijd(g.op), g.gegevens["wacht_dagen"]))
        self._aangemeld.add(wie)

    def _aanmelding_bevestigd(self, g: Gebeurtenis) -> None:
        self._verify_mandaat(g, BEHEERDER)
        if str(g.onderwerp) not in self._geleend:
            raise OngegrondError("bevestigt een aanmelding die niemand opnieuw instelde.")
        if self._ogen(g.actor) & self._ogen(g.onderwerp):
            raise OngegrondError("wie een aanmelding instelde of zelf gebruikt, bevestigt haar niet.")
        del self._geleend[str(g.onderwerp)], self._wachten[str(g.onderwerp)]

    def _besluit(self, g: Gebeurtenis) -> None:
        dagen = 0 if g.versie == 1 else min(int(g.gegevens["bedenktijd_dagen"]), MEESTE_DAGEN)
        self._besluiten[str(g.onderwerp)] = timedelta(days=dagen)

    def _gebonden_(self, g: Gebeurtenis) -> None:
        if g.gegevens["besluit"] not in self._besluiten:
            raise OngegrondError("bindt een batch aan een besluit dat niet is vastgelegd.")
        self._gebonden[str(g.onderwerp)] = g.gegevens["besluit"]

    def _stop(self, g: Gebeurtenis) -> None:
        self._lopend.add(str(g.onderwerp))
        self._stops[g.gegevens["betreft"]].add(str(g.onderwerp))

    def _stop_houdt(self, g: Gebeurtenis) -> None:
        """Paper of the document or the zaak lies in this doos, or no more: that takes a reason in the log itself."""
        stop, doos = str(g.onderwerp), g.gegevens["doos"]
        if g.gegevens["houdt"]:
            if stop in self._lopend:
                self._stops[doos].add(stop)
                self._gehouden[stop, doos] = self._nu
        elif stop in self._stops[doos]:
            sinds = self._gehouden.get((stop, doos), self._nu)
            wanneer = [self._dozen[doos].veranderd, *(self._geroerd.get(b, -1) for b in self._dozen[doos].bladen)]
            if max(wanneer) <= sinds:
                raise OngegrondError("een stop laat een doos los waarvan niets is veranderd.")
            self._stops[doos].discard(stop)

    def _stop_weg(self, g: Gebeurtenis) -> None:
        self._verify_mandaat(g, *OPHEFFERS)
        self._lopend.discard(str(g.onderwerp))
        op = _parse_tijd(g.op)
        for wat, stops in self._stops.items():
            if str(g.onderwerp) in stops:
                stops.discard(str(g.onderwerp))
                self._opgeheven[wat] = max(op, self._opgeheven.get(wat, op))

    def _gekoppeld(self, g: Gebeurtenis) -> None:
        self._geroerd[str(g.onderwerp)] = self._nu

    def _ontkoppeld(self, g: Gebeurtenis) -> None:
        self._geroerd[str(g.onderwerp)] = self._nu
        self._batch_vervallen(g)

    def _doos_gevuld(self, g: Gebeurtenis) -> None:
        self._change_doos(g, g.gegevens["bladen"])

    def _doos_geleegd(self, g: Gebeurtenis) -> None:
        self._change_doos(g, -g.gegevens["bladen"])

    def _change_doos(self, g: Gebeurtenis, bladen: int) -> None:
        doos, batch = self._dozen[str(g.onderwerp)], g.gegevens["batch"]
        over = doos.bladen.pop(batch, 0) + bladen
        if over < 0 or doos.vernietigd or doos.rest_bij:
            raise OngegrondError("er gaat papier uit of in een doos dat daar niet kan zijn.")
        if over:
            doos.bladen[batch] = over
        doos.veranderd = self._nu

    # --- sealed, drawn, judged ------------------------------------------------------------------------------------

    def _versie_verzegeld(self, g: Gebeurtenis) -> None:
        gearchiveerd = self._find(g, "gearchiveerd", "documentversie.gearchiveerd")
        bevestigd = self._find(g, "bevestigd", "aflevering.bevestigd")
        for eerder in (gearchiveerd, bevestigd):
            self._verify_gelijk("het archiefbestand", g.gegevens["pdf"], eerder.gegevens["pdf"])
        if gearchiveerd.gegevens["conform"] is not True or gearchiveerd.gegevens["getrouw"] is not True:
            raise OngegrondError("het archiefbestand is niet bewezen.")
        self._versies[g.gegevens["batch"]].add(str(g.onderwerp))

    def _batch_verzegeld(self, g: Gebeurtenis) -> None:
        if len(self._versies.pop(str(g.onderwerp), ())) != g.gegevens["documenten"]:
            raise OngegrondError("niet elk document van deze batch is verzegeld met zijn aflevering.")
        aantal = int(g.gegevens["documenten"]) + int(g.gegevens["uitzonderingen"])
        if aantal < self._documenten.get(str(g.onderwerp), 0):
            raise OngegrondError("er is een document van deze batch verdwenen zonder dat iemand haar bewerkte.")
        self._documenten[str(g.onderwerp)] = aantal
        self._vervallen[str(g.onderwerp)] = self._nu

    def _batch_vervallen(self, g: Gebeurtenis) -> None:
        self._vervallen[str(g.onderwerp)] = self._nu

    def _ontleed(self, g: Gebeurtenis) -> None:
        self._documenten[str(g.onderwerp)] = int(g.gegevens["documenten"])

    def _bewerking(self, g: Gebeurtenis) -> None:
        if g.gegevens["soort"] not in HOUDT_DOCUMENTEN:
            self._documenten.pop(str(g.onderwerp), None)
        if g.gegevens["soort"] != "scanoperator":  # saying who scanned it changes nothing
            self._bewerkers[str(g.onderwerp)] |= self._ogen(g.actor)
            self._geroerd[str(g.onderwerp)] = self._nu
            self._batch_vervallen(g)

    def _scanoperator(self, g: Gebeurtenis) -> None:
        """Everybody who was ever named keeps their part, and so does whoever says who it was."""
        if g.versie == 1:  # says not who
            return
        self._gescand[str(g.onderwerp)] = g.gegevens["bekend"]
        self._bewerkers[str(g.onderwerp)] |= {*self._ogen(g.actor), g.gegevens["wie"]}

    def _bevindingen(self, g: Gebeurtenis) -> None:
        self._bevonden[str(g.onderwerp)] = g.gegevens["houdt_papier"] + g.gegevens["open_ernstig"]

    def _getrokken(self, g: Gebeurtenis) -> None:
        self._find(g, "verzegeld", "batch.verzegeld")
        self._verify_zaad(g, int(g.gegevens["verzegeld"]))

    def _gekeurd(self, g: Gebeurtenis) -> None:
        getrokken = self._find(g, "getrokken", "steekproef.getrokken")
        batch, regel = str(g.onderwerp), int(getrokken.gegevens["verzegeld"])
        verzegeld = self._find(getrokken, "verzegeld", "batch.verzegeld")
        self._verify_gelijk("het manifest", g.gegevens["manifest"], verzegeld.gegevens["manifest"])
        if self._vervallen.get(batch) != regel:
            raise OngegrondError("de batch is veranderd sinds de steekproef is getrokken.")
        if self._gekeurd_op.get(batch) == regel:
            raise OngegrondError("de batch is al gekeurd zoals zij nu is.")
        if self._mensen(*self._ogen(g.actor)) & self._mensen(*self._bewerkers[batch]):
            raise OngegrondError("de controleur scande of bewerkte deze batch zelf.")
        self._verify_mandaat(g, CONTROLEUR)
        self._gekeurd_op[batch] = regel
        self._keep_ogen(g)

    # --- destruction ----------------------------------------------------------------------------------------------

    def _lijst_weg(self, g: Gebeurtenis) -> None:
        self._lijsten_weg.add(str(g.onderwerp))

    def _blik_getrokken(self, g: Gebeurtenis) -> None:
        self._find(g, "voorgesteld", "lijst.voorgesteld", g.gegevens["lijst"])
        self._verify_rest(g, g.gegevens["lijst"])
        self._verify_zaad(g, int(g.gegevens["voorgesteld"]))

    def _blik_gedaan(self, g: Gebeurtenis) -> None:
        getrokken = self._find(g, "getrokken", "laatste_blik.getrokken")
        self._verify_gelijk("de lijst", g.gegevens["lijst"], getrokken.gegevens["lijst"])
        self._verify_mandaat(g, *KIJKERS)
        if (g.gegevens["lijst"], str(g.onderwerp)) in self._bekeken:
            raise OngegrondError("de laatste blik op deze doos was al gedaan.")
        self._bekeken.add((g.gegevens["lijst"], str(g.onderwerp)))
        self._keep_ogen(g)

    def _vrijgegeven(self, g: Gebeurtenis) -> None:
        voorgesteld = self._find(g, "voorgesteld", "lijst.voorgesteld")
        self._verify_gelijk("de inhoud van de lijst", g.gegevens["inhoud"], voorgesteld.gegevens["inhoud"])
        self._verify_mandaat(g, GEMANDATEERDE)
        self._keep_ogen(g)

    def _vrijgave_weg(self, g: Gebeurtenis) -> None:
        self._find(g, "vrijgave", "vrijgave")
        self._vrijgaven_weg.add(int(g.gegevens["vrijgave"]))

    def _opgedragen(self, g: Gebeurtenis) -> None:
        een, twee = self._find_vrijgaven(g)
        regels = _vrijgaven_van(g)
        if self._ogen_van(regels[0], een) & self._ogen_van(regels[1], twee):
            raise OngegrondError("de twee vrijgaven zijn van dezelfde persoon.")
        if (een.gegevens["volgnummer"], twee.gegevens["volgnummer"]) != (1, 2):
            raise OngegrondError("de twee vrijgaven zijn niet een eerste en een tweede.")
        self._verify_gelijk("de vrijgegeven lijst", een.gegevens["voorgesteld"], twee.gegevens["voorgesteld"])
        self._verify_anker(g, *regels)
        self._verify_mandaat(g, *UITVOERDERS)

    def _find_vrijgaven(self, opgedragen: Gebeurtenis) -> tuple[Gebeurtenis, Gebeurtenis]:
        if str(opgedragen.onderwerp) in self._lijsten_weg:
            raise OngegrondError("de lijst is ingetrokken.")
        if {opgedragen.gegevens["vrijgave_1"], opgedragen.gegevens["vrijgave_2"]} & self._vrijgaven_weg:
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
        self._dozen[g.gegevens["doos"]].weg.append(g)

    def _uitgevoerd(self, g: Gebeurtenis) -> None:
        doos = self._dozen[str(g.onderwerp)]
        if doos.vernietigd:
            raise OngegrondError("deze doos is al eerder vernietigd.")
        blik = self._find(g, "laatste_blik", "laatste_blik.gedaan")
        opgedragen = self._find(g, "opgedragen", "vernietiging.opgedragen", blik.gegevens["lijst"])
        if (g.gegevens["opgedragen"], str(g.onderwerp)) in self._mislukt_:
            raise OngegrondError("deze opdracht is voor deze doos al mislukt.")
        self._verify_rest(g, str(opgedragen.onderwerp))
        if blik.gegevens["geslaagd"] is not True:
            raise OngegrondError("de laatste blik op het papier is niet geslaagd.")
        een, twee = self._find_vrijgaven(opgedragen)
        self._verify_lijst(doos, een, blik)
        anderen = [str(wie.actor) for wie in (een, twee, blik)]
        regels = (*_vrijgaven_van(opgedragen), int(g.gegevens["laatste_blik"]))
        ogen = {oog for regel, wie in zip(regels, (een, twee, blik), strict=True) for oog in self._ogen_van(regel, wie)}
        goedgekeurd = self._verify_batches(g, doos, ogen, voor=int(opgedragen.gegevens["vrijgave_1"]))
        punt = self._verify_anker(opgedragen, int(g.gegevens["laatste_blik"]), *goedgekeurd)
        self._verify_tijd(g, opgedragen, punt)
        for regel in (*_vrijgaven_van(opgedragen), g.gegevens["laatste_blik"], g.gegevens["opgedragen"], *goedgekeurd):
            self._verify_klok(regel, parse_blad(self._lees(regel)))
        self._verify_klok(self._nu, g)
        self._verify_bedenktijd(opgedragen, twee, doos)
        self._verify_geen_stop(g, [str(g.onderwerp), *anderen])
        self._verify_mandaat(g, *UITVOERDERS)
        doos.vernietigd = True
        self.vernietigd += 1

    def _verify_bedenktijd(self, opgedragen: Gebeurtenis, tweede: Gebeurtenis, doos: _Doos) -> None:
        bedenktijd = max(self._besluiten[self._gebonden[batch]] for batch in doos.bladen)
        if _parse_tijd(opgedragen.op) - _parse_tijd(tweede.op) < bedenktijd:
            raise OngegrondError("de opdracht is gegeven voor de bedenktijd van het besluit voorbij was.")

    def _verify_lijst(self, doos: _Doos, vrijgave: Gebeurtenis, blik: Gebeurtenis) -> None:
        """What was released is what was looked at, and what lies in the doos has not changed since it was proposed."""
        getrokken = self._find(blik, "getrokken", "laatste_blik.getrokken")
        voorgesteld = int(vrijgave.gegevens["voorgesteld"])
        self._verify_gelijk("de bekeken lijst", getrokken.gegevens["voorgesteld"], voorgesteld)
        if doos.veranderd >= voorgesteld:
            raise OngegrondError("de doos is veranderd sinds zij op de lijst kwam.")

    def _verify_batches(self, g: Gebeurtenis, doos: _Doos, ogen: set[str], *, voor: int) -> list[int]:
        """Every batch in the doos is approved as it is, by somebody else, under a besluit, before the first release.

        Returns the lines of the approvals.
        """
        weg, doos.weg = doos.weg, []
        if len(weg) != g.gegevens["batches"] or not weg:
            raise OngegrondError("niet elke batch in de doos is genoemd.")
        genoemd = {str(batch.onderwerp): int(batch.gegevens["bladen"]) for batch in weg}
        if genoemd != doos.bladen or len(genoemd) != len(weg) or sum(genoemd.values()) != g.gegevens["bladen"]:
            raise OngegrondError("de bladen kloppen niet met wat er in de doos ligt.")
        for batch in weg:
            self._verify_batch(g, batch, ogen, voor)
        return [int(batch.gegevens["goedgekeurd"]) for batch in weg]

    def _verify_batch(self, g: Gebeurtenis, weg: Gebeurtenis, ogen: set[str], voor: int) -> None:
        batch = str(weg.onderwerp)
        goedgekeurd = self._find(weg, "goedgekeurd", "batch.goedgekeurd")
        getrokken = self._find(goedgekeurd, "getrokken", "steekproef.getrokken")
        if self._vervallen.get(batch) != int(getrokken.gegevens["verzegeld"]):
            raise OngegrondError("een batch in de doos is veranderd sinds zij is goedgekeurd.")
        if int(weg.gegevens["goedgekeurd"]) >= voor:
            raise OngegrondError("een batch in de doos is pas na de vrijgave goedgekeurd.")
        besluit = self._gebonden.get(batch)
        if besluit is None:
            raise OngegrondError("een batch in de doos valt onder geen besluit.")
        if self._gescand and not self._gescand.get(batch):
            raise OngegrondError("van een batch in de doos is niet bekend wie haar scande.")
        if self._bevonden.get(batch):
            raise OngegrondError("op een batch in de doos stond een bevinding die haar papier houdt.")
        keurde = self._ogen_van(int(weg.gegevens["goedgekeurd"]), goedgekeurd)
        bewerkten = self._mensen(*self._bewerkers[batch])
        if keurde & bewerkten:
            raise OngegrondError("wie een batch in de doos keurde, scande of bewerkte haar zelf.")
        if (keurde | bewerkten) & ogen:
            raise OngegrondError("iemand die vrijgaf of de laatste blik deed, scande, keurde of bewerkte zelf.")
        self._verify_geen_stop(g, [besluit, *bewerkten, str(goedgekeurd.actor), *self._bewerkers[batch]])

    def _zonder_grond(self, g: Gebeurtenis) -> None:
        """Paper went while it was not allowed, and people say so: no proof of grounds, and no lie either."""
        self._verify_opdracht(g)
        self._verify_mandaat(g, *UITVOERDERS)
        doos = self._dozen[str(g.onderwerp)]
        doos.vernietigd, doos.veranderd = True, self._nu  # a stop on its paper holds it no more
        self.zonder_grond.append(self._nu)

    def _mislukt(self, g: Gebeurtenis) -> None:
        """Nothing went, and the doos is free; or part of it went, and the rest goes under the same order or stays.

        The first version let the doos go on another list after that too; what was written so then stays as it was.
        """
        lijst = self._verify_opdracht(g)
        if self._dozen[str(g.onderwerp)].rest_bij:
            raise OngegrondError("van deze doos is al een deel vernietigd.")
        if g.gegevens["deels"] is not True:
            self._mislukt_.add((int(g.gegevens["opgedragen"]), str(g.onderwerp)))
        elif g.versie > 1:
            doos = self._dozen[str(g.onderwerp)]
            doos.rest_bij = lijst
            if g.gegevens["in_orde"] is not True:
                self.zonder_grond.append(self._nu)
            elif any(self._stops.get(id_) for id_ in (str(g.onderwerp), *map(self._gebonden.get, doos.bladen)) if id_):
                raise OngegrondError("er liep een stop toen een deel van het papier werd vernietigd.")

    @property
    def deels(self) -> int:
        """How many dozen went in part, and of which nothing says yet what became of the rest."""
        return sum(bool(doos.rest_bij) and not doos.vernietigd for doos in self._dozen.values())

    def _verify_rest(self, g: Gebeurtenis, lijst: str) -> None:
        """A list does not say what is on it; the draw of a last look and an order do."""
        if self._dozen[str(g.onderwerp)].rest_bij not in ("", lijst):
            raise OngegrondError("van deze doos is al een deel vernietigd: zij gaat niet met een andere lijst.")

    def _verify_opdracht(self, g: Gebeurtenis) -> str:
        """Return the list that was ordered."""
        eerder = parse_blad(self._lees(int(g.gegevens["opgedragen"])))
        if eerder.soort != "vernietiging.opgedragen":
            raise OngegrondError(f"opgedragen verwijst naar een regel {eerder.soort}.")
        if self._dozen[str(g.onderwerp)].vernietigd:
            raise OngegrondError("deze doos is al eerder vernietigd.")
        self._verify_rest(g, str(eerder.onderwerp))
        return str(eerder.onderwerp)

    def _verklaring(self, g: Gebeurtenis) -> None:
        self._verklaringen[str(g.onderwerp)] = str(g.gegevens["pdf"])

    def _ondertekend(self, g: Gebeurtenis) -> None:
        """Whoever agrees to a verklaring may do so, and it is the one that was made."""
        self._verify_mandaat(g, GEMANDATEERDE)
        self._verify_gelijk("de verklaring", g.gegevens["pdf"], self._verklaringen.get(str(g.onderwerp)))

    # --- time and anchors -----------------------------------------------------------------------------------------

    def _verankering(self, g: Gebeurtenis) -> None:
        """A checkpoint that was anchored is still there, with everything that anchored it then."""
        omvang = int(g.gegevens["checkpoint"])
        punt = self._checkpoints.get(omvang)
        if punt is None:
            raise NietVastTeStellenError(f"Checkpoint {omvang} ontbreekt, dat is verankerd.")
        self._verify_gelijk(f"de wortel van checkpoint {omvang}", g.gegevens["wortel"], punt.wortel.hex())
        if g.gegevens["bewijs"] not in punt.bewijzen:
            raise OngegrondError(f"een tijdstempel of een regel van een getuige bij checkpoint {omvang} is veranderd.")

    def _verify_klok(self, regel: int, g: Gebeurtenis) -> None:
        if not self._klok.is_mogelijk(regel, _parse_tijd(g.op)):
            raise OngegrondError(f"de tijd van regel {regel} kan niet, volgens de tijdstempels ervoor of erna.")

    def _verify_tijd(self, g: Gebeurtenis, opgedragen: Gebeurtenis, punt: Ankerfeit) -> None:
        """What was destroyed was ordered and anchored before: by the clock of others where the policy asks for it."""
        uitgevoerd = _parse_tijd(g.gegevens["uitgevoerd_op"])
        if not _parse_tijd(opgedragen.op) <= uitgevoerd <= _parse_tijd(g.op):
            raise OngegrondError("de vernietiging ligt niet tussen opdracht en vastlegging.")
        if punt.op is not None and uitgevoerd < punt.op:
            raise OngegrondError("er was nog geen tijdstempel toen het papier werd vernietigd.")

    def _verify_geen_stop(self, g: Gebeurtenis, ids: list[str]) -> None:
        """No stop stands now, nor was one lifted only after the paper was destroyed."""
        uitgevoerd = _parse_tijd(g.gegevens["uitgevoerd_op"])
        if any(self._stops.get(id_) or uitgevoerd <= self._opgeheven.get(id_, _LANG_GELEDEN) for id_ in ids):
            raise OngegrondError("er liep een stop toen het papier werd vernietigd.")


def _parse_tijd(tekst: str) -> datetime:
    try:
        return datetime.fromisoformat(tekst)
    except ValueError as exc:  # the form of a leaf allows 30 February
        raise OngegrondError(f"{tekst} bestaat niet.") from exc


def _vrijgaven_van(opgedragen: Gebeurtenis) -> tuple[int, int]:
    return int(opgedragen.gegevens["vrijgave_1"]), int(opgedragen.gegevens["vrijgave_2"])


def _verify_regels(gebeurtenis: Gebeurtenis, nummer: int) -> None:
    for regel in find_regels(gebeurtenis):
        if regel >= nummer:
            raise OngegrondError(f"verwijst naar regel {regel}, die later komt.")


_REGELS: Mapping[str, Callable[[Betekenis, Gebeurtenis], None]] = {
    "mandaat.verleend": Betekenis._mandaat_verleend,
    "mandaat.ingetrokken": Betekenis._mandaat_ingetrokken,
    "persoon.naam": Betekenis._naam,
    "aanmelding.gewijzigd": Betekenis._aanmelding,
    "aanmelding.bevestigd": Betekenis._aanmelding_bevestigd,
    "besluit.vastgelegd": Betekenis._besluit,
    "batch.gebonden": Betekenis._gebonden_,
    "stop.geplaatst": Betekenis._stop,
    "stop.houdt": Betekenis._stop_houdt,
    "stop.opgeheven": Betekenis._stop_weg,
    "doos.gevuld": Betekenis._doos_gevuld,
    "doos.geleegd": Betekenis._doos_geleegd,
    "batch.ontleed": Betekenis._ontleed,
    "bewerking": Betekenis._bewerking,
    "batch.scanoperator": Betekenis._scanoperator,
    "batch.bevindingen": Betekenis._bevindingen,
    "uitzondering.vastgelegd": Betekenis._batch_vervallen,
    "uitzondering.ingetrokken": Betekenis._batch_vervallen,
    "document.gekoppeld": Betekenis._gekoppeld,
    "document.ontkoppeld": Betekenis._ontkoppeld,
    "documentversie.verzegeld": Betekenis._versie_verzegeld,
    "batch.verzegeld": Betekenis._batch_verzegeld,
    "goedkeuring.vervallen": Betekenis._batch_vervallen,
    "steekproef.getrokken": Betekenis._getrokken,
    "batch.goedgekeurd": Betekenis._gekeurd,
    "batch.afgekeurd": Betekenis._gekeurd,
    "lijst.ingetrokken": Betekenis._lijst_weg,
    "laatste_blik.getrokken": Betekenis._blik_getrokken,
    "laatste_blik.gedaan": Betekenis._blik_gedaan,
    "vrijgave": Betekenis._vrijgegeven,
    "vrijgave.ingetrokken": Betekenis._vrijgave_weg,
    "vernietiging.opgedragen": Betekenis._opgedragen,
    "vernietiging.batch": Betekenis._batch_weg,
    "vernietiging.uitgevoerd": Betekenis._uitgevoerd,
    "verklaring.opgemaakt": Betekenis._verklaring,
    "verklaring.ondertekend": Betekenis._ondertekend,
    "vernietiging.zonder_grond": Betekenis._zonder_grond,
    "vernietiging.mislukt": Betekenis._mislukt,
    "verankering": Betekenis._verankering,
    "herstel.verklaard": Betekenis._hersteld_,
}
BEKEKEN = frozenset(_REGELS)  # kinds of which the meaning is looked at
