"""Is this export whole and unchanged? Answered from the folder alone: no database, no installation, no network.

Five questions, each on its own evidence: does every file have the digest of the list and is nothing added; is the
sealed log proven by the policy; are the events in the tables the lines of that log, and the private parts what it
committed to; do the rows say what these events say; is of every document each file there, and is its archive file the
one that the log says was archived. So whoever changes a file and the list with it, still has the log against them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from kwaliteitscontrole.woorden import count_bestanden, count_words
from scanstraat.errors import NietGevondenError, ScanstraatError
from scanstraat.export import BELEID, INDEX, INHOUD, KOP, LOGBOEK, OBJECTEN, SCHEMA, build_objectpad
from scanstraat.exportrijen import find_rijverschillen
from scanstraat.exporttabellen import APART, place_of
from scanstraat.rijen import BEKEND
from scanstraat.uitvoermap import hash_file, walk_files
from vernietiging.beleid import Beleid, parse_beleid
from vernietiging.checkpoint import parse_checkpoint
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.gebeurtenis import NIEUWSTE, Gebeurtenis, find_objecten, parse_blad, verpak
from vernietiging.notitie import parse_notitie
from vernietiging.tegels import BREEDTE, Tegelmap
from vernietiging.verificatie import verify_logboek

_REGEL = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")
_MEESTE_PROBLEMEN = 50  # more are counted, not shown
_EIGEN_BELEID = (
    "Het logboek is gecontroleerd met het beleid uit de export zelf. Dat bewijst minder dan het beleid dat de auditor "
    "zelf bewaart: wie de hele export zou namaken, maakt ook een beleid dat erbij past. Geef dat beleid met --beleid."
)

_ZONDER_ANKERS = (
    "Het beleid vraagt geen getuige en geen tijdstempel: wie de sleutels van het logboek heeft, kan het geheel opnieuw "
    "hebben geschreven. Stel een tijdstempel of getuige in en maak daarna een nieuwe export."
)
# What comes of values that no row of the record has.
_BESCHADIGD = (
    *(ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, SQLAlchemyError),
    *(ScanstraatError, VernietigingError),
)
_GEEN_RUIMTE = (
    "De rijen van de tabellen zijn niet met de gebeurtenissen vergeleken, want dat lukte op deze machine niet. Maak "
    "ruimte in de map voor tijdelijke bestanden, of noem een andere map in TMPDIR, en controleer opnieuw."
)
_ZONDER_VERPAKT = (
    "Wat achter de verpakte velden staat, is bij de export weggelaten. Namen, zaaknummers, nummers en plaatsen van "
    "dozen, kenmerken en redenen in de tabellen zijn daarom niet vergeleken met het logboek."
)
Meld = Callable[[int, int], None]  # (done, total) in files, events and documents


@dataclass(frozen=True)
class Exportcontrole:
    """The verdict; `problemen` is what is wrong, `onzeker` what cannot be told here, both in Dutch."""

    map: str
    bestanden: int
    gebeurtenissen: int
    documenten: int
    som: str  # SHA-256 of the list, to hold against what was noted
    aantal_problemen: int
    problemen: tuple[str, ...]
    onzeker: tuple[str, ...]
    opmerkingen: tuple[str, ...]

    @property
    def in_orde(self) -> bool:
        """True when all five questions were answered, and well."""
        return self.aantal_problemen == 0 and not self.onzeker

    @property
    def exitcode(self) -> int:
        """Return 0 in order, 1 changed or incomplete, 2 cannot tell: as the verifier of the log."""
        return 1 if self.aantal_problemen else 2 if self.onzeker else 0

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "in_orde": self.in_orde}

    def say(self) -> str:
        """Return the outcome in Dutch."""
        if self.aantal_problemen:
            kop = (
                f"De export {self.map} is NIET in orde ({count_words(self.aantal_problemen, 'probleem', 'problemen')}):"
            )
        elif self.onzeker:
            kop = f"Of de export {self.map} in orde is, is hier niet vast te stellen:"
        else:
            gelijk = count_words(self.gebeurtenissen, "gebeurtenis", "gebeurtenissen")
            kop = (
                f"De export {self.map} is in orde: {count_bestanden(self.bestanden)} heel, {gelijk} gelijk aan het "
                f"verzegelde logboek, van {count_words(self.documenten, 'document', 'documenten')} is alles er."
            )
        regels = [kop, *(f"  {probleem}" for probleem in (*self.problemen, *self.onzeker))]
        if self.aantal_problemen > len(self.problemen):
            regels.append(f"  en nog {self.aantal_problemen - len(self.problemen)} andere")
        return "\n".join(
            (*regels, f"SHA-256 van {INHOUD}: {self.som}", *(f"Let op: {opmerking}" for opmerking in self.opmerkingen))
        )


def check_export(map_: Path, *, beleid: Path | None = None, meld: Meld) -> Exportcontrole:
    """Look at every byte of an export.

    Args:
        beleid: the policy that the auditor keeps; without it the one in the export is believed.
    Raises:
        NietGevondenError: this is no export.
        OSError: a file cannot be read.
    """
    if not (map_ / INHOUD).is_file() or not (map_ / KOP).is_file():
        raise NietGevondenError(f"{map_} is geen export: {INHOUD} of {KOP} ontbreekt.")
    controle = _Controle(map_, meld)
    controle.check_bestanden()
    controle.check_logboek(beleid)
    controle.check_gebeurtenissen()
    controle.check_rijen()
    controle.check_documenten()
    controle.check_tellingen()
    return controle.build()


class _Controle:
    def __init__(self, map_: Path, meld: Meld) -> None:
        self._map, self._meld = map_, meld
        self._aantal, self._problemen, self._onzeker, self._opmerkingen = 0, list[str](), list[str](), list[str]()
        self._bestanden = self._gebeurtenissen = self._documenten = self._gedaan = 0
        self._gewist = 0
        self._gemaakt, self._hersteld = 0, False  # versies of documents by the log; was the record ever put back
        self._kop = self._read_kop()
        self._totaal = self._count_regels(map_ / INHOUD) + self._regels + int(self._kop.get("documenten", 0))
        self._omvang: int | None = 0 if self._regels == 0 and not (map_ / LOGBOEK).exists() else None
        self._read_bundel = lru_cache(maxsize=8)(self._load_bundel)

    @property
    def _regels(self) -> int:
        logboek = self._kop.get("logboek")
        return int(logboek.get("regels", 0)) if isinstance(logboek, dict) else 0

    def build(self) -> Exportcontrole:
        return Exportcontrole(
            map=str(self._map),
            bestanden=self._bestanden,
            gebeurtenissen=self._gebeurtenissen,
            documenten=self._documenten,
            som=hash_file(self._map / INHOUD),
            aantal_problemen=self._aantal,
            problemen=tuple(self._problemen),
            onzeker=tuple(self._onzeker),
            opmerkingen=tuple(self._opmerkingen),
        )

    def _fout(self, tekst: str) -> None:
        self._aantal += 1
        if len(self._problemen) < _MEESTE_PROBLEMEN:
            self._problemen.append(tekst)

    def _step(self) -> None:
        self._gedaan += 1
        self._meld(self._gedaan, max(self._totaal, self._gedaan))

    def _read_kop(self) -> dict[str, Any]:
        try:
            kop = json.loads((self._map / KOP).read_bytes())
            if isinstance(kop, dict) and kop["schema"] == SCHEMA and isinstance(kop["tabellen"], dict):
                int(kop["documenten"]), int(kop["logboek"]["regels"])
                return kop
        except (ValueError, LookupError, TypeError):
            pass
        self._fout(f"{KOP} is beschadigd, of van een andere versie van de scanstraat.")
        return {}

    def _count_regels(self, pad: Path) -> int:
        with pad.open("rb") as bestand:
            return sum(1 for _ in bestand)

    # --- every file

    def check_bestanden(self) -> None:
        """Hold the folder against the list: both are in the order of their paths."""
        lijst, map_ = self._read_lijst(), walk_files(self._map)
        regel, bestand = next(lijst, None), self._next_bestand(map_)
        while regel is not None or bestand is not None:
            if bestand is None or (regel is not None and regel[1] < bestand[0]):
                assert regel is not None
                self._fout(f"{regel[1]} ontbreekt.")
                regel = next(lijst, None)
            elif regel is None or bestand[0] < regel[1]:
                self._fout(f"{bestand[0]} hoort niet in deze export: het staat niet in {INHOUD}.")
                bestand = self._next_bestand(map_)
            else:
                self._check_bestand(regel[0], *bestand)
                regel, bestand = next(lijst, None), self._next_bestand(map_)

    def _next_bestand(self, map_: Iterator[tuple[str, Path]]) -> tuple[str, Path] | None:
        return next((deel for deel in map_ if deel[0] != INHOUD), None)

    def _read_lijst(self) -> Iterator[tuple[str, str]]:
        with (self._map / INHOUD).open(encoding="utf-8", errors="replace", newline="") as regels:
            for nummer, regel in enumerate(regels, start=1):
                gevonden = _REGEL.fullmatch(regel)
                if gevonden is None:
                    self._fout(f"Regel {nummer} van {INHOUD} is beschadigd.")
                    continue
                yield gevonden[1], gevonden[2]

    def _check_bestand(self, sha256: str, pad: str, bestand: Path) -> None:
        try:
            gelijk = bestand.is_file() and not bestand.is_symlink() and hash_file(bestand) == sha256
        except OSError:
            self._fout(f"{pad} is niet te lezen.")
            return
        if not gelijk:
            self._fout(f"{pad} is veranderd of beschadigd.")
        elif pad.startswith(f"{OBJECTEN}/") and pad != build_objectpad(sha256):
            self._fout(f"{pad} is niet het bestand waar het naar heet.")
        self._bestanden += 1
        self._step()

    # --- the sealed log

    def check_logboek(self, beleid: Path | None) -> None:
        """Verify the log with the policy of the auditor, or else with the one inside."""
        if self._kop.get("teruggezet"):
            self._onzeker.append(f"Toen deze export werd gemaakt, was er iets teruggezet. {self._kop['teruggezet']}")
        if self._omvang == 0:
            self._opmerkingen.append("Deze export heeft geen logboek: er was nog niets gebeurd.")
            return
        if beleid is None:
            self._opmerkingen.append(_EIGEN_BELEID)
        try:
            gelezen = self._read_beleid(beleid)
            verslag = verify_logboek(self._map / LOGBOEK, gelezen)
            self._omvang = verslag.checkpoint.omvang
            self._check_kop(verslag.checkpoint.omvang, verslag.checkpoint.wortel.hex())
            if not gelezen.is_verankerend:
                self._onzeker.append(_ZONDER_ANKERS)
            if verslag.zonder_grond:
                regels = ", ".join(map(str, verslag.zonder_grond))
                self._fout(f"Papier is vernietigd terwijl er iets in de weg stond: regel {regels} van het logboek.")
        except LogboekGewijzigdError as exc:
            self._fout(f"Het logboek is gewijzigd. {exc}")
        except NietVastTeStellenError as exc:
            self._onzeker.append(f"Het logboek is niet te bewijzen. {exc}")
            with suppress(OSError, VernietigingError):
                inhoud = (self._map / LOGBOEK / "checkpoint").read_bytes()
                self._omvang = parse_checkpoint(parse_notitie(inhoud).tekst).omvang

    def _read_beleid(self, beleid: Path | None) -> Beleid:
        try:
            return parse_beleid((beleid or self._map / BELEID).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            raise NietVastTeStellenError("Het beleid is niet te lezen.") from exc

    def _check_kop(self, omvang: int, wortel: str) -> None:
        logboek = self._kop.get("logboek")
        if isinstance(logboek, dict) and (logboek.get("regels"), logboek.get("wortel")) != (omvang, wortel):
            self._fout(f"{KOP} noemt een ander logboek dan er in de export staat.")

    def _load_bundel(self, n: int) -> list[bytes]:
        assert self._omvang is not None
        return Tegelmap(self._map / LOGBOEK).read_bladen(n, min(BREEDTE, self._omvang - n * BREEDTE))

    def _read_blad(self, nummer: object) -> Gebeurtenis | None:
        """Return a line of the log; None when there is no such line."""
        if not isinstance(nummer, int) or self._omvang is None or not 0 <= nummer < self._omvang:
            return None
        try:
            return parse_blad(self._read_bundel(nummer // BREEDTE)[nummer % BREEDTE])
        except VernietigingError:
            return None

    # --- the record against the log

    def check_gebeurtenissen(self) -> None:
        """Hold every event of the tables against its line of the log, and its private parts against what is in it."""
        if self._omvang is None:
            self._onzeker.append("De gebeurtenissen zijn niet met het logboek te vergelijken.")
            return
        verpakt = _Kijker(self._read_jsonl(place_of(APART))) if self._kop.get("persoonsgegevens") is True else None
        logregels = _Kijker(self._read_jsonl(place_of("logregel")))
        onverzegeld: Counter[str] = Counter()
        for plek, rij in enumerate(self._read_jsonl(place_of("gebeurtenis"))):
            if plek < self._omvang:
                self._check_gebeurtenis(plek, rij, logregels.take())
                self._gemaakt += rij.get("soort") == "documentversie.gemaakt"
                self._hersteld |= rij.get("soort") == "herstel.verklaard"
                self._gebeurtenissen += 1
                self._step()
            else:
                onverzegeld[str(rij.get("soort"))] += 1
            while verpakt is not None and verpakt.nu is not None and verpakt.nu.get("gebeurtenis_id") == rij.get("id"):
                self._check_verpakt(plek, rij, verpakt.take() or {})
        if self._gebeurtenissen < self._omvang:
            regels = count_words(self._omvang, "regel", "regels")
            self._fout(f"Het logboek heeft {regels}, de tabellen {self._gebeurtenissen} daarvan.")
        if logregels.nu is not None:
            self._fout("De tabel logregel heeft meer regels dan het logboek.")
        if verpakt is not None and verpakt.nu is not None:
            self._fout(f"{place_of(APART)} staat niet in de volgorde van het logboek, of hoort er niet bij.")
        if onverzegeld.keys() - {"verankering"}:  # the export makes that one itself, over all lines that it has
            soorten = ", ".join(sorted(soort if soort in NIEUWSTE else "onbekend" for soort in onverzegeld))
            self._opmerkingen.append(
                f"{count_words(onverzegeld.total(), 'gebeurtenis was', 'gebeurtenissen waren')} bij de export nog niet "
                f"verzegeld ({soorten}). Wat daarop rust, bewijst het logboek niet."
            )

    def _check_gebeurtenis(self, nummer: int, rij: dict[str, Any], logregel: dict[str, Any] | None) -> None:
        try:
            gebeurtenis = Gebeurtenis(
                UUID(rij["id"]), rij["soort"], rij["schema_versie"], UUID(rij["actor_log_id"]),
                UUID(rij["onderwerp_log_id"]), rij["op"], rij["gegevens"],
            )  # fmt: skip
            gelijk = gebeurtenis.to_bytes() == self._read_bundel(nummer // BREEDTE)[nummer % BREEDTE]
        except (ValueError, LookupError, TypeError, AttributeError, VernietigingError):
            gelijk = False
        if not gelijk:
            self._fout(f"Gebeurtenis {nummer} staat anders in de tabel dan in het verzegelde logboek.")
            return
        if logregel is None or (logregel.get("nummer"), logregel.get("gebeurtenis")) != (nummer, rij.get("volgnummer")):
            self._fout(f"De tabel logregel zegt van regel {nummer} iets anders dan het logboek.")
        for sha256 in find_objecten(gebeurtenis):
            if not (self._map / build_objectpad(sha256)).is_file():
                self._fout(f"Regel {nummer} van het logboek noemt bestand {sha256}, en dat ontbreekt.")

    def _check_verpakt(self, nummer: int, rij: dict[str, Any], verpakt: dict[str, Any]) -> None:
        if verpakt.get("gewist_op") is not None:
            self._gewist += 1
            return
        try:
            nu = verpak(bytes.fromhex(verpakt["sleutel"]), json.loads(verpakt["inhoud"]))
            gelijk = nu == rij["gegevens"][verpakt["veld"]]
        except (ValueError, LookupError, TypeError, VernietigingError):
            gelijk = False
        if not gelijk:
            self._fout(f"Wat er verpakt is bij gebeurtenis {nummer}, is niet wat in het logboek staat.")

    # --- the other tables

    def check_rijen(self) -> None:
        """Hold the rows of all tables against the events, by the rules that the poort has for the database."""
        verpakt = self._kop.get("persoonsgegevens") is True
        try:
            for verschil in find_rijverschillen(self._map, self._map / OBJECTEN, verpakt=verpakt):
                if verschil.bekend:
                    self._opmerkingen.append(f"In de tabellen: {verschil.tekst} {BEKEND}")
                else:
                    self._fout(f"In de tabellen: {verschil.tekst}")
        except NietVastTeStellenError as exc:
            self._onzeker.append(str(exc))
            return
        except OperationalError:  # nothing in the tables makes this: the disk does
            self._onzeker.append(_GEEN_RUIMTE)
            return
        except (FileNotFoundError, *_BESCHADIGD):
            self._fout(
                "De tabellen en de gebeurtenissen zijn niet te vergelijken: een tabel is beschadigd of ontbreekt."
            )
            return
        except OSError:
            self._onzeker.append(_GEEN_RUIMTE)
            return
        if not verpakt:
            self._opmerkingen.append(_ZONDER_VERPAKT)
        elif self._gewist:
            self._opmerkingen.append(
                f"Van {count_words(self._gewist, 'verpakt veld', 'verpakte velden')} is gewist wat erachter staat. De "
                "tabellen zijn daar niet mee vergeleken."
            )

    # --- documents

    def check_documenten(self) -> None:
        """Look for every file of every document, and hold its archive files and destructions against the log."""
        versies = 0
        for regel in self._read_jsonl(INDEX):
            try:
                self._check_document(regel)
                versies += len(regel["versies"])
            except (LookupError, TypeError, AttributeError, ValueError):
                self._fout(f"Een regel van {INDEX} is beschadigd.")
            self._documenten += 1
            self._step()
        if self._kop and self._documenten != self._kop.get("documenten"):
            gevonden = count_words(self._documenten, "document", "documenten")
            self._fout(f"{INDEX} heeft {gevonden}, {KOP} noemt er {self._kop.get('documenten')}.")
        self._check_volledig(versies)

    def _check_volledig(self, versies: int) -> None:
        """Every versie of a document that the log knows is in the export; each that is was held against the log."""
        if self._gemaakt <= versies:
            return
        gemaakt = count_words(self._gemaakt, "versie van een document", "versies van documenten")
        tekst = f"Het logboek kent {gemaakt}, deze export heeft er {versies}."
        if self._hersteld:
            self._opmerkingen.append(f"{tekst} De database is ooit teruggezet: wat daarna was gemaakt, is kwijt.")
        else:
            self._fout(f"{tekst} Er is een document verdwenen.")

    def _check_document(self, regel: dict[str, Any]) -> None:
        naam = f"document {str(regel['document'])[:8]}"
        for bestand in regel["bestanden"]:
            if bestand["pad"] != build_objectpad(bestand["sha256"]) or not (self._map / bestand["pad"]).is_file():
                self._fout(f"Van {naam} ontbreekt: {bestand['wat']} ({bestand['sha256']}).")
        for pad in regel["metagegevens"]:
            if not (self._map / pad).is_file():
                self._fout(f"Van {naam} ontbreekt: {pad}.")
        if not regel["metagegevens"] and not regel["geen_mdto"]:
            self._fout(f"Van {naam} ontbreken de metagegevens.")
        if self._omvang is None:
            return
        for versie in regel["versies"]:
            if versie["gearchiveerd_regel"] is not None:
                blad = self._read_blad(versie["gearchiveerd_regel"])
                if (
                    blad is None
                    or blad.soort != "documentversie.gearchiveerd"
                    or str(blad.onderwerp) != versie["log_id"]
                    or (blad.gegevens["pdf"], blad.gegevens["manifest"]) != (versie["pdf"], versie["manifest"])
                ):
                    self._fout(
                        f"Van {naam} is versie {versie['n']} niet het bestand dat volgens het logboek is gemaakt."
                    )
        for vorming in (regel.get("papier") or {}).get("besluitvorming", ()):
            for _, op, wat, _, certificaat, nummer in vorming["uitvoeringen"]:
                self._check_vernietigd(naam, op, wat, certificaat, nummer)

    def _check_vernietigd(self, naam: str, op: str, wat: str, certificaat: str, nummer: object) -> None:
        if nummer is None or not wat.startswith("vernietigd"):
            return
        blad = self._read_blad(nummer)
        soort = "zonder_grond" if wat.startswith("vernietigd zonder grond") else "uitgevoerd"
        if (
            blad is None
            or blad.soort != f"vernietiging.{soort}"
            or (blad.gegevens["certificaat"], blad.gegevens["uitgevoerd_op"]) != (certificaat, op)
        ):
            self._fout(f"Dat het papier van {naam} is vernietigd, staat anders in het logboek.")

    # --- tables

    def check_tellingen(self) -> None:
        """Hold the number of rows of each table against what was written down."""
        for tabel, aantal in self._kop.get("tabellen", {}).items():
            pad = self._map / place_of(tabel)
            nu = self._count_regels(pad) if pad.is_file() else None
            if nu != aantal:
                regels = count_words(0 if nu is None else nu, "regel", "regels")
                self._fout(f"{place_of(tabel)} heeft {regels}; dat waren er {aantal}.")

    def _read_jsonl(self, pad: str) -> Iterator[dict[str, Any]]:
        try:
            with (self._map / pad).open("rb") as regels:
                for nummer, regel in enumerate(regels, start=1):
                    try:
                        waarde = json.loads(regel)
                    except (ValueError, RecursionError):
                        waarde = None
                    if isinstance(waarde, dict):
                        yield waarde
                    else:
                        self._fout(f"Regel {nummer} van {pad} is beschadigd.")
                        yield {}
        except OSError:
            self._fout(f"{pad} ontbreekt of is niet te lezen.")


class _Kijker:
    """Lines of a file, with the next one in sight."""

    def __init__(self, regels: Iterator[dict[str, Any]]) -> None:
        self._regels = regels
        self.nu = next(regels, None)

    def take(self) -> dict[str, Any] | None:
        nu, self.nu = self.nu, next(self._regels, None)
        return nu
