"""The decision that scans may replace paper: what it covers, when it holds, how long the paper stays. Pure.

Everything that may differ between organisations stands in the besluit and nowhere else: no term, sample or destruction
class is a constant of the product. A besluit that contradicts itself cannot be made: the rules stand in one table,
which the reader of besluit.toml uses as well. It is stored as the canonical bytes of `to_json`.

Sources: Archiefwet 1995 art. 7, Archiefbesluit 1995 art. 2, 6 and 8, Archiefregeling art. 26b; see docs/begrippen.md.
"""

from __future__ import annotations

import calendar
import re
import types
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vernietiging.errors import VervangingsbesluitError

VORM = 1  # of the stored JSON
LANGSTE_TERMIJN = 3660  # ten years of days; of a longer one somebody mistyped the number

Eenheid = Literal["dagen", "werkdagen", "maanden", "scanmaand"]
Start = Literal["scan", "goedkeuring", "publicatie"]
Uitsluitingsoort = Literal["onderdeel", "zaaktype", "informatieobjecttype", "anders"]
DinNiveau = Literal["P-1", "P-2", "P-3", "P-4", "P-5", "P-6", "P-7"]
Keuringsniveau = Literal["I", "II", "III", "S-1", "S-2", "S-3", "S-4"]
# The preferred values of ISO 2859-1 up to 10, in percent; "0" is: not one fault in the sample.
Aql = Literal[
    "0",
    "0.010",
    "0.015",
    "0.025",
    "0.040",
    "0.065",
    "0.10",
    "0.15",
    "0.25",
    "0.40",
    "0.65",
    "1.0",
    "1.5",
    "2.5",
    "4.0",
    "6.5",
    "10",
]


class Regime(StrEnum):
    """The law a besluit was taken under; its words and articles stand in `regime.py`."""

    ARCHIEFWET_1995 = "1995"
    ARCHIEFWET_2026 = "2026"


def is_weekdag(dag: date) -> bool:
    """Monday to Friday; who knows the public holidays passes a function that knows them too."""
    return dag.weekday() < 5


@dataclass(frozen=True)
class Uitsluiting:
    """What the besluit leaves out, and why.

    soort: "anders" is for what no field of a document tells (a wax seal, larger than A2): people apply it, and record
        an uitzondering.
    """

    soort: Uitsluitingsoort
    waarde: str
    reden: str

    def __post_init__(self) -> None:
        _verify(self)


@dataclass(frozen=True)
class Reikwijdte:
    """Which documents the besluit covers (Archiefregeling art. 26b a); an empty list covers everything of its kind."""

    onderdelen: tuple[str, ...] = ()
    zaaktypen: tuple[str, ...] = ()
    informatieobjecttypen: tuple[str, ...] = ()
    uitsluitingen: tuple[Uitsluiting, ...] = ()

    def __post_init__(self) -> None:
        _verify(self)

    def find_buiten_reikwijdte(self, onderdeel: str, zaaktype: str, informatieobjecttype: str) -> tuple[str, ...]:
        """Return, in Dutch, every reason why the besluit does not cover a document; empty means that it does.

        A value that is not known ("") is a reason wherever the besluit makes a difference on it. Capitals and spaces
        make no difference.
        """
        soorten: tuple[tuple[Uitsluitingsoort, str, tuple[str, ...]], ...] = (
            ("onderdeel", onderdeel, self.onderdelen),
            ("zaaktype", zaaktype, self.zaaktypen),
            ("informatieobjecttype", informatieobjecttype, self.informatieobjecttypen),
        )
        return tuple(
            reden for soort, waarde, genoemd in soorten for reden in self._find_redenen(soort, waarde, genoemd)
        )

    def _find_redenen(self, soort: Uitsluitingsoort, waarde: str, genoemd: tuple[str, ...]) -> Iterator[str]:
        uitsluitingen = [uitsluiting for uitsluiting in self.uitsluitingen if uitsluiting.soort == soort]
        if not _fold(waarde):
            if genoemd or uitsluitingen:
                yield f"Het {soort} is niet bekend, en het besluit maakt daarin onderscheid."
            return
        if genoemd and _fold(waarde) not in {_fold(naam) for naam in genoemd}:
            yield f"Het {soort} {waarde} staat niet in het besluit."
        for uitsluiting in uitsluitingen:
            if _fold(uitsluiting.waarde) == _fold(waarde):
                yield f"Het {soort} {waarde} is uitgesloten: {uitsluiting.reden}"


@dataclass(frozen=True)
class Termijnfeiten:
    """What the term of one documentversie depends on; a herscan is a new versie with facts of its own.

    geleverd_op: the day the bytes read back from the zaaksysteem were equal; None is not yet.
    goedgekeurd_op: the day its batch was approved; None is not yet.
    verlengd_tot: the last day of an extension that people decided on.
    """

    gescand_op: date
    geleverd_op: date | None = None
    goedgekeurd_op: date | None = None
    verlengd_tot: date | None = None


@dataclass(frozen=True)
class Controletermijn:
    """How long the paper stays: so many days, werkdagen or months after the start; 0 ends it on the day of the start.

    eenheid: "scanmaand" lasts until the end of the n-th month after the month of scanning.
    extra_dagen: only with start "publicatie": the term starts so many days after it (6 weeks is 42).
    """

    aantal: int
    eenheid: Eenheid
    start: Start = "scan"
    extra_dagen: int = 0

    def __post_init__(self) -> None:
        _verify(self)

    def find_einde(self, begin: date, is_werkdag: Callable[[date], bool] = is_weekdag) -> date:
        """Return the last day of the term; the day after `begin` is its first."""
        if self.eenheid == "dagen":
            return begin + timedelta(days=self.aantal)
        if self.eenheid == "werkdagen":
            return _add_werkdagen(begin, self.aantal, is_werkdag)
        return _add_months(begin, self.aantal, last_day=self.eenheid == "scanmaand")


def _add_werkdagen(dag: date, aantal: int, is_werkdag: Callable[[date], bool]) -> date:
    while aantal > 0:
        dag += timedelta(days=1)
        if is_werkdag(dag):
            aantal -= 1
    return dag


def _add_months(dag: date, aantal: int, *, last_day: bool) -> date:
    """Return the same day of a later month, or its last day where that month is shorter or `last_day` asks for it."""
    jaar, maand = divmod(dag.year * 12 + dag.month - 1 + aantal, 12)
    laatste = calendar.monthrange(jaar, maand + 1)[1]
    return date(jaar, maand + 1, laatste if last_day else min(dag.day, laatste))


@dataclass(frozen=True)
class Steekproefvoorschrift:
    """How large the sample of a batch is (Archiefregeling art. 26b f, h; ISO 2859-1).

    alles: every page is judged; niveau and AQL's do not count then.
    aql_*: most faults per class that may stay, in percent of the pages. Of kritieke faults none may be found.
    verlicht_toegestaan: after a run of good batches a smaller sample is allowed.
    """

    alles: bool
    niveau: Keuringsniveau = "II"
    aql_kritiek: Aql = "0"
    aql_ernstig: Aql = "0.65"
    aql_licht: Aql = "4.0"
    verlicht_toegestaan: bool = False

    def __post_init__(self) -> None:
        _verify(self)


@dataclass(frozen=True)
class Aspecten:
    """What the besluit must give insight into and no setting can say: Archiefregeling art. 26b, letters b to h.

    Letter a is the `Reikwijdte`. A text may point to a chapter of the handboek.
    """

    apparatuur: str  # b: scanners, chosen settings, peripherals
    programmatuur: str  # c: software and its settings
    kleurcriterium: str  # d: when colour, grey or black and white
    totstandkoming: str  # e: formats, bewerkingen, metadata, per batch or per piece
    controle_en_herstel: str  # f: checks of correct and complete rendering, and repair
    vernietigingsproces: str  # g: how the replaced paper is destroyed
    kwaliteitsprocedures: str  # h

    def __post_init__(self) -> None:
        _verify(self)


@dataclass(frozen=True, kw_only=True)
class Vervangingsbesluit:
    """One version of one besluit.

    gepubliceerd_op: None is not yet; until then nothing can be replaced under it.
    geldig_van: may lie before `datum`: a besluit may work back.
    geldig_tot: the first day on which it does not hold any more; None is without end.
    erfgoedwaarde, belangen: how Archiefbesluit 1995 art. 2(1) c and d were weighed; must be published (art. 6(2)).
    ondertekenaar: the function that signs the verklaringen, never a name.
    systemen, artikelen_selectiebesluit, beheerregels: what the Archiefwet 2026 asks of a statement, from its drafts.
    profielen: released scanprofiel -> SHA-256 of its settings, hex.
    """

    nummer: str
    versie: int
    datum: date
    gepubliceerd_op: date | None = None
    publicatie: str = ""
    organisatie: str
    regime: Regime
    geldig_van: date
    geldig_tot: date | None = None
    handboekversie: str
    grondslag: str
    erfgoedwaarde: str
    belangen: str
    advies_archivaris: str = ""
    ondertekenaar: str
    vernietigingswijze: str
    din_niveau: DinNiveau
    bedenktijd_dagen: int = 7
    laatste_blik_documenten: int = 5
    systemen: tuple[str, ...] = ()
    artikelen_selectiebesluit: tuple[str, ...] = ()
    beheerregels: str = ""
    reikwijdte: Reikwijdte
    controletermijn: Controletermijn
    steekproef: Steekproefvoorschrift
    aspecten: Aspecten
    profielen: Mapping[str, str]

    def __post_init__(self) -> None:
        _verify(self)

    def is_geldig_op(self, dag: date) -> bool:
        """Whether the besluit holds on this day; one that was not published holds on none."""
        return (
            self.gepubliceerd_op is not None
            and self.geldig_van <= dag
            and (self.geldig_tot is None or dag < self.geldig_tot)
        )

    def find_buiten_reikwijdte(self, onderdeel: str, zaaktype: str, informatieobjecttype: str) -> tuple[str, ...]:
        """See `Reikwijdte.find_buiten_reikwijdte`."""
        return self.reikwijdte.find_buiten_reikwijdte(onderdeel, zaaktype, informatieobjecttype)

    def find_afwijkingen_profiel(self, naam: str, vingerafdruk: str) -> tuple[str, ...]:
        """Return, in Dutch, why a batch scanned under these settings was not scanned as the besluit says."""
        vrijgegeven = self.profielen.get(naam)
        if vrijgegeven is None:
            return (f"Het scanprofiel {naam} is niet vrijgegeven in besluit {self.nummer}, versie {self.versie}.",)
        if vrijgegeven != vingerafdruk:
            return (
                f"Het scanprofiel {naam} is anders ingesteld dan in besluit {self.nummer}, versie {self.versie}. "
                "Zet de instellingen terug, of vraag of er een nieuw besluit nodig is.",
            )
        return ()

    def einde_controletermijn(
        self, feiten: Termijnfeiten, *, is_werkdag: Callable[[date], bool] = is_weekdag
    ) -> date | None:
        """Return the last day on which the paper must stay, or None while that cannot be known.

        Never before the day of delivery, of publication or of an extension. The term never starts before the scan: an
        approval or a publication that is older says nothing about this versie.
        """
        if self.gepubliceerd_op is None or feiten.geleverd_op is None:
            return None
        start = {
            "scan": feiten.gescand_op,
            "goedkeuring": feiten.goedgekeurd_op,
            "publicatie": self.gepubliceerd_op + timedelta(days=self.controletermijn.extra_dagen),
        }[self.controletermijn.start]
        if start is None:
            return None
        einde = self.controletermijn.find_einde(max(start, feiten.gescand_op), is_werkdag)
        return max(einde, feiten.geleverd_op, self.gepubliceerd_op, feiten.verlengd_tot or einde)

    def to_json(self) -> dict[str, Any]:
        """Return strings, booleans, integers, lists and dicts that `canonical_json` takes; what is None is left out."""
        return {"vorm": VORM, **_to_json(self)}

    @classmethod
    def from_json(cls, waarde: Any) -> Vervangingsbesluit:
        """Read what `to_json` gave, in that form alone.

        Raises:
            VervangingsbesluitError: it is anything else, or it breaks a rule.
        """
        if not isinstance(waarde, dict) or type(waarde.get("vorm")) is not int or waarde["vorm"] != VORM:
            raise VervangingsbesluitError((("vorm", f"dit is geen vervangingsbesluit in vorm {VORM}"),))
        besluit = _read(cls, {naam: deel for naam, deel in waarde.items() if naam != "vorm"}, "besluit")
        if not isinstance(besluit, cls) or besluit.to_json() != waarde:
            raise VervangingsbesluitError((("vorm", "dit staat niet in de vaste vorm"),))
        return besluit


# --- rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Regel:
    """A rule about the first of these keys; `zeg` gets the values of all and gives in Dutch what is wrong, or ""."""

    sleutels: tuple[str, ...]
    zeg: Callable[..., str]


def find_fouten(soort: type, waarden: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return (key, what is wrong with it) by the rules of `soort`.

    A rule that needs a key that is not in `waarden` is not asked. Values have the types of the dataclass.
    """
    gevonden = []
    for regel in REGELS[soort]:
        if all(sleutel in waarden for sleutel in regel.sleutels):
            zin = regel.zeg(*(waarden[sleutel] for sleutel in regel.sleutels))
            if zin:
                gevonden.append((regel.sleutels[0], zin))
    return tuple(gevonden)


def _verify(deel: Any) -> None:
    fouten = find_fouten(type(deel), {veld.name: getattr(deel, veld.name) for veld in fields(deel)})
    if fouten:
        raise VervangingsbesluitError(fouten)


def _say_tekst(tekst: str) -> str:
    if any(unicodedata.category(teken) in {"Cc", "Cs"} and teken not in "\n\t" for teken in tekst):
        return "mag geen onzichtbare stuurtekens hebben"
    if not unicodedata.is_normalized("NFC", tekst):  # canonical JSON has one way to store an accent
        return "heeft een letter waarvan het accent los is opgeslagen; typ die letter opnieuw"
    return ""


def _say_gevuld(tekst: str) -> str:
    return _say_tekst(tekst) if tekst.strip() else "mag niet leeg zijn"


def _say_lijst(teksten: tuple[str, ...]) -> str:
    return next((f"{_say_gevuld(tekst)} (nummer {n})" for n, tekst in enumerate(teksten, 1) if _say_gevuld(tekst)), "")


def _say_bereik(laagste: int, hoogste: int) -> Callable[[int], str]:
    return lambda getal: "" if laagste <= getal <= hoogste else f"moet van {laagste} tot en met {hoogste} zijn"


def _say_start(start: str, eenheid: str) -> str:
    return 'moet "scan" zijn als de eenheid scanmaand is' if eenheid == "scanmaand" and start != "scan" else ""


def _say_extra_dagen(extra_dagen: int, start: str) -> str:
    return 'mag alleen als de start "publicatie" is' if extra_dagen and start != "publicatie" else ""


def _say_gepubliceerd_op(gepubliceerd_op: date | None, datum: date) -> str:
    return "ligt voor de datum van het besluit" if gepubliceerd_op is not None and gepubliceerd_op < datum else ""


def _say_publicatie(publicatie: str, gepubliceerd_op: date | None) -> str:
    if gepubliceerd_op is None:
        return "hoort leeg te zijn zolang gepubliceerd_op ontbreekt" if publicatie.strip() else ""
    return "" if publicatie.strip() else "mag niet leeg zijn als gepubliceerd_op is ingevuld"


def _say_geldig_tot(geldig_tot: date | None, geldig_van: date) -> str:
    return "moet na geldig_van liggen" if geldig_tot is not None and geldig_tot <= geldig_van else ""


def _say_beheerregels(beheerregels: str, regime: Regime) -> str:
    leeg = regime is Regime.ARCHIEFWET_2026 and not beheerregels.strip()
    return "mag niet leeg zijn onder de Archiefwet 2026" if leeg else ""


def _say_aql_kritiek(aql: str) -> str:
    return "" if aql == "0" else 'moet "0" zijn: een kritieke fout in de steekproef keurt de batch altijd af'


def _say_profielen(profielen: Mapping[str, str]) -> str:
    if not profielen:
        return "noem minstens een vrijgegeven scanprofiel"
    for naam, vingerafdruk in profielen.items():
        if _say_gevuld(naam):
            return f"de naam van een profiel {_say_gevuld(naam)}"
        if not re.fullmatch(r"[0-9a-f]{64}", vingerafdruk):
            return f"de vingerafdruk van {naam} is geen SHA-256: dat zijn 64 tekens 0-9 en a-f"
    return ""


def _rules(zeg: Callable[..., str], *sleutels: str) -> tuple[Regel, ...]:
    """Return the same rule for each of these keys."""
    return tuple(Regel((sleutel,), zeg) for sleutel in sleutels)


REGELS: Mapping[type, tuple[Regel, ...]] = types.MappingProxyType(
    {
        Uitsluiting: _rules(_say_gevuld, "waarde", "reden"),
        Reikwijdte: _rules(_say_lijst, "onderdelen", "zaaktypen", "informatieobjecttypen"),
        Controletermijn: (
            *_rules(_say_bereik(0, LANGSTE_TERMIJN), "aantal", "extra_dagen"),
            Regel(("start", "eenheid"), _say_start),
            Regel(("extra_dagen", "start"), _say_extra_dagen),
        ),
        Steekproefvoorschrift: _rules(_say_aql_kritiek, "aql_kritiek"),
        Aspecten: _rules(_say_gevuld, *(veld.name for veld in fields(Aspecten))),
        Vervangingsbesluit: (
            *_rules(_say_gevuld, "nummer", "organisatie", "handboekversie", "grondslag", "erfgoedwaarde", "belangen"),
            *_rules(_say_gevuld, "ondertekenaar", "vernietigingswijze"),
            *_rules(_say_tekst, "publicatie", "advies_archivaris", "beheerregels"),
            *_rules(_say_lijst, "systemen", "artikelen_selectiebesluit"),
            *_rules(_say_bereik(1, 9999), "versie"),
            *_rules(_say_bereik(0, 365), "bedenktijd_dagen"),
            *_rules(_say_bereik(1, 1000), "laatste_blik_documenten"),
            Regel(("gepubliceerd_op", "datum"), _say_gepubliceerd_op),
            Regel(("publicatie", "gepubliceerd_op"), _say_publicatie),
            Regel(("geldig_tot", "geldig_van"), _say_geldig_tot),
            Regel(("beheerregels", "regime"), _say_beheerregels),
            Regel(("profielen",), _say_profielen),
        ),
    }
)


def _fold(tekst: str) -> str:
    """Return text as it is compared: without difference in capitals, spaces or the way an accent is stored."""
    return " ".join(unicodedata.normalize("NFC", tekst).casefold().split())


# --- stored form -----------------------------------------------------------------------------------------------------


def _to_json(waarde: Any) -> Any:
    if is_dataclass(waarde):
        delen = {veld.name: getattr(waarde, veld.name) for veld in fields(waarde)}
        return {naam: _to_json(deel) for naam, deel in delen.items() if deel is not None}
    if isinstance(waarde, date):
        return waarde.isoformat()
    if isinstance(waarde, StrEnum):
        return waarde.value
    if isinstance(waarde, tuple):
        return [_to_json(deel) for deel in waarde]
    if isinstance(waarde, Mapping):  # as a list: a name may hold what a key of canonical JSON may not
        return [{"naam": naam, "vingerafdruk": waarde[naam]} for naam in sorted(waarde)]
    return waarde


def _read(soort: Any, waarde: Any, plaats: str) -> Any:
    """Return `waarde` as a value of type `soort`; what has another type is an error that names its place."""
    try:
        return _read_deel(soort, waarde, plaats) if is_dataclass(soort) else _read_waarde(soort, waarde, plaats)
    except (ValueError, TypeError, KeyError) as exc:
        raise VervangingsbesluitError(((plaats, "heeft een waarde die daar niet hoort"),)) from exc


def _read_deel(soort: Any, waarde: Any, plaats: str) -> Any:
    velden = get_type_hints(soort)
    verplicht = {naam for naam, veldsoort in velden.items() if get_origin(veldsoort) is not types.UnionType}
    if not isinstance(waarde, dict) or not verplicht <= set(waarde) <= set(velden):
        raise ValueError(plaats)
    return soort(**{naam: _read(velden[naam], deel, f"{plaats}.{naam}") for naam, deel in waarde.items()})


def _read_waarde(soort: Any, waarde: Any, plaats: str) -> Any:
    vorm = get_origin(soort)
    if vorm is types.UnionType:  # `date | None`: None is left out
        return _read(get_args(soort)[0], waarde, plaats)
    if vorm is tuple and isinstance(waarde, list):
        return tuple(_read(get_args(soort)[0], deel, f"{plaats} nummer {n}") for n, deel in enumerate(waarde, 1))
    if vorm is Mapping and isinstance(waarde, list):
        return {_read(str, deel["naam"], plaats): _read(str, deel["vingerafdruk"], plaats) for deel in waarde}
    if vorm is Literal and isinstance(waarde, str) and waarde in get_args(soort):
        return waarde
    if soort is date and isinstance(waarde, str):
        return date.fromisoformat(waarde)
    if vorm is None and isinstance(waarde, str) and issubclass(soort, StrEnum):
        return soort(waarde)
    if type(waarde) is soort:
        return waarde
    raise ValueError(plaats)
