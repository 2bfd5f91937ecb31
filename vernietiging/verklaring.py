"""The verklaring van vervanging and van vernietiging: what they state, and why one may not be made. Pure.

One value for both, as a superset of what the regimes ask: Archiefbesluit 1995 art. 8 (specification, ground, manner)
and the Archiefregeling under the Archiefwet 2026 art. 4.2 (description, systems, articles of the selectiebesluit,
manner). The words of a regime are no part of it: they are chosen when it is printed. A verklaring is never changed; a
mistake is corrected by a new one that says which one it stands for, and why.

Paper is replaced when it is destroyed and not before, so both kinds speak of executed destructions only.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Self, get_args, get_origin, get_type_hints

from vernietiging.errors import VerklaringError
from vernietiging.gebeurtenis import canonical_json

SCHEMA = "scanstraat.verklaring/1"
# A field that came later: left out at its default, so that what was stored before keeps its bytes.
_LATER = {"later": True}
REGIMES = ("1995", "2026")
GOEDGEKEURD = "goedgekeurd"
MINSTE_VRIJGAVEN = 2  # two people release a list, never one

_TIJD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)
_DATUM = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_HEX64 = re.compile(r"[0-9a-f]{64}")
_NIVEAU = re.compile(r"P-[1-7]")  # DIN 66399, information on paper


class Verklaringsoort(StrEnum):
    """Which of the two statements; the law knows them apart."""

    VERVANGING = "vervanging"
    VERNIETIGING = "vernietiging"


VOORVOEGSELS = {Verklaringsoort.VERVANGING: "VV", Verklaringsoort.VERNIETIGING: "VN"}


@dataclass(frozen=True)
class Besluitverwijzing:
    """The decision that this rests on. `sha256` is of the besluit with its handboek, as it is stored."""

    nummer: str
    datum: str
    publicatie: str  # where it was made public: "Gemeenteblad 2026, 12345"
    handboekversie: str
    sha256: str
    versie: int = field(default=0, metadata=_LATER)
    ondertekenaar: str = field(default="", metadata=_LATER)  # the function that signs by this besluit


@dataclass(frozen=True)
class Periode:
    """First and last day, both included, on which the paper was destroyed; or those that were asked."""

    van: str
    tot: str


@dataclass(frozen=True)
class Uitvoering:
    """One executed destruction: which boxes, how, by whom and when."""

    lijst: str  # number of the vernietigingslijst
    dozen: tuple[str, ...]
    methode: str
    niveau: str  # DIN 66399: "P-4"
    bedrijf: str
    container: str  # container and seal: both, or neither when the organisation shreds itself
    zegel: str
    certificaat: str  # number or name of the vernietigingsbewijs
    certificaat_sha256: str
    uitgevoerd_op: str
    eerder_deels: tuple[str, ...] = field(default=(), metadata=_LATER)  # of which part went before, by the same order


@dataclass(frozen=True)
class Tellingen:
    """What the specification holds, counted."""

    dozen: int
    batches: int
    documenten: int
    paginas: int
    bladen: int


@dataclass(frozen=True)
class Bladreeks:
    """Consecutive sheets of one batch, both ends included."""

    van: int
    tot: int


@dataclass(frozen=True)
class Documentregel:
    """One document in the specification. It has no title: that may hold names of people."""

    id: str
    batch: str
    zaak: str
    paginas: int
    bladen: tuple[Bladreeks, ...]
    pdf_sha256: str
    versie: int
    formaat: str  # "PDF/A-2b"
    bewaartermijn: str  # term and waardering in words: "B, blijvend te bewaren", "Nader te bepalen"


@dataclass(frozen=True)
class Doosregel:
    """One box and the documents whose paper was in it."""

    doosnummer: str
    documenten: tuple[Documentregel, ...]


@dataclass(frozen=True)
class Controleregel:
    """What was looked at of one batch, a sample or all of it, and who judged it."""

    batch: str
    plan: str  # "ISO 2859-1, niveau II, n=32, Ac 0"
    getrokken: int
    fouten: int
    uitslag: str
    naam: str
    functie: str
    afgekeurd: int = field(default=0, metadata=_LATER)  # how often the batch was rejected before
    paginas: int = field(default=0, metadata=_LATER)  # of the batch, of which `getrokken` were looked at

    @property
    def is_alles(self) -> bool:
        """Whether every page was looked at."""
        return self.getrokken == self.paginas


@dataclass(frozen=True)
class Vrijgaveregel:
    """One person's release of one vernietigingslijst."""

    lijst: str
    naam: str
    functie: str
    mandaat: str
    op: str


@dataclass(frozen=True)
class Ondertekenaar:
    """Who signs; `akkoord_op` is empty as long as this person did not agree in the system."""

    naam: str
    functie: str
    mandaat: str
    akkoord_op: str


@dataclass(frozen=True)
class Stempelregel:
    """A time stamp over the checkpoint: by whom, when, and the number it has there."""

    naam: str
    tijd: str
    nummer: str


@dataclass(frozen=True)
class Logverwijzing:
    """Where the log stood: what a reader needs to hold it to that later."""

    oorsprong: str
    omvang: int
    wortel: str  # hex
    checkpoint: str  # the signed note, whole
    sleutels: tuple[str, ...]  # fingerprints of the public keys: short enough to read from paper
    tijdstempels: tuple[Stempelregel, ...]
    getuigen: tuple[str, ...]


@dataclass(frozen=True)
class Verklaring:
    """A VerklaringVanVervanging or a VerklaringVanVernietiging. Dates are "2026-03-02", times UTC as in the log."""

    soort: Verklaringsoort
    nummer: str
    vervangt: str  # number of the verklaring that this one corrects, or ""
    reden: str  # why, when it corrects one
    opgemaakt_op: str
    regime: str
    organisatie: str
    zorgdrager: str
    besluit: Besluitverwijzing
    grondslag: tuple[str, ...]  # articles, each as it follows on "gelet op"
    periode: Periode
    wijze_van_vervanging: str
    uitvoeringen: tuple[Uitvoering, ...]
    systemen: tuple[str, ...]
    artikelen: tuple[str, ...]  # of the selectielijst or selectiebesluit
    tellingen: Tellingen
    specificatie: tuple[Doosregel, ...]
    controle: tuple[Controleregel, ...]
    vrijgaven: tuple[Vrijgaveregel, ...]
    ondertekenaars: tuple[Ondertekenaar, ...]
    logboek: Logverwijzing
    demonstratie: bool
    schema: str = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the verklaring as dicts, lists, text, numbers and booleans: no floats, no nulls."""
        inhoud: dict[str, Any] = _to_json(self)
        return inhoud

    @classmethod
    def from_json(cls, inhoud: Any) -> Self:
        """Read what `to_json` gave, and nothing else.

        Raises:
            VerklaringError: a field is missing, unknown or of another type, or it is of another schema.
        """
        verklaring: Self = _read(cls, inhoud, "de verklaring")
        if verklaring.schema != SCHEMA:
            raise VerklaringError("Deze verklaring is met een andere versie gemaakt.")
        return verklaring

    def to_bytes(self) -> bytes:
        """Return the one form in which a verklaring is hashed and stored: canonical JSON (RFC 8785).

        Raises:
            GebeurtenisError: text that is not NFC or a number that is too large; `find_gebreken` says so first.
        """
        return canonical_json(self.to_json())

    @classmethod
    def from_bytes(cls, inhoud: bytes) -> Self:
        """Read what `to_bytes` gave, to the byte.

        Raises:
            VerklaringError: it is not that.
        """
        try:
            verklaring = cls.from_json(json.loads(inhoud))
        except (ValueError, RecursionError) as exc:
            raise VerklaringError("Deze verklaring is onleesbaar.") from exc
        if verklaring.to_bytes() != inhoud:
            raise VerklaringError("Deze verklaring staat niet in haar vaste vorm; er kan iets aan veranderd zijn.")
        return verklaring


# --- values from values ----------------------------------------------------------------------------------------------


def format_nummer(soort: Verklaringsoort, jaar: int, volgnummer: int) -> str:
    """Return the number people say: VV-2026-0001, or VN-2026-0001 for a vernietiging."""
    return f"{VOORVOEGSELS[soort]}-{jaar}-{volgnummer:04d}"


def build_bladreeksen(bladen: Iterable[int]) -> tuple[Bladreeks, ...]:
    """Return sheet numbers as the fewest ranges, in order."""
    reeksen: list[Bladreeks] = []
    for blad in sorted(set(bladen)):
        if reeksen and reeksen[-1].tot == blad - 1:
            reeksen[-1] = Bladreeks(reeksen[-1].van, blad)
        else:
            reeksen.append(Bladreeks(blad, blad))
    return tuple(reeksen)


def build_tellingen(specificatie: Sequence[Doosregel]) -> Tellingen:
    """Return what a specification holds. A sheet whose sides went to two documents is still one sheet."""
    documenten = _documenten(specificatie)
    return Tellingen(
        dozen=len({doos.doosnummer for doos in specificatie}),
        batches=len({document.batch for document in documenten}),
        documenten=len({document.id for document in documenten}),
        paginas=sum(document.paginas for document in documenten),
        bladen=len({blad for document in documenten for blad in _bladen(document)}),
    )


def _documenten(specificatie: Sequence[Doosregel]) -> list[Documentregel]:
    return [document for doos in specificatie for document in doos.documenten]


def _bladen(document: Documentregel) -> Iterator[tuple[str, int]]:
    # a range that is upside down or absurdly long is reported by find_gebreken; here it must not take all memory
    for reeks in document.bladen:
        yield from ((document.batch, blad) for blad in range(reeks.van, min(reeks.tot, reeks.van + 100_000) + 1))


# --- why it may not be made ------------------------------------------------------------------------------------------


def find_gebreken(verklaring: Verklaring) -> tuple[str, ...]:
    """Return every reason, in Dutch, why this verklaring may not be made; empty means it may.

    Source: Archiefbesluit 1995 art. 8; for systems and articles the Archiefregeling under the Archiefwet 2026 art. 4.2.
    """
    delen = (
        _find_in_kop,
        _find_in_grond,
        _find_in_wijze,
        _find_in_specificatie,
        _find_in_tellingen,
        _find_in_controle,
        _find_in_vrijgaven,
        _find_in_ondertekening,
        _find_in_logboek,
        _find_in_tekst,
    )
    return tuple(gebrek for deel in delen for gebrek in deel(verklaring))


def _find_in_kop(verklaring: Verklaring) -> tuple[str, ...]:
    periode = verklaring.periode
    nummer = re.compile(rf"{VOORVOEGSELS[verklaring.soort]}-[0-9]{{4}}-[0-9]{{4,}}")
    data_goed = _is_datum(periode.van) and _is_datum(periode.tot)
    opgemaakt = _parse_tijd(verklaring.opgemaakt_op)
    return _keep(
        (f"Het nummer {verklaring.nummer!r} past niet bij deze verklaring.", not nummer.fullmatch(verklaring.nummer)),
        (
            f"Het nummer {verklaring.vervangt!r} van de verklaring die hiermee vervalt, past niet.",
            verklaring.vervangt != "" and not nummer.fullmatch(verklaring.vervangt),
        ),
        ("Een verklaring kan zichzelf niet vervangen.", verklaring.vervangt == verklaring.nummer),
        ("Zeg waarom deze verklaring een andere vervangt.", verklaring.vervangt != "" and not verklaring.reden.strip()),
        (
            "Er staat een reden, maar niet welke verklaring vervalt.",
            verklaring.vervangt == "" and verklaring.reden != "",
        ),
        ("Het tijdstip van opmaken is geen tijd in UTC.", opgemaakt is None),
        (f"Het regime {verklaring.regime!r} is onbekend.", verklaring.regime not in REGIMES),
        ("De organisatie ontbreekt.", not verklaring.organisatie.strip()),
        ("De zorgdrager ontbreekt.", not verklaring.zorgdrager.strip()),
        ("De periode heeft geen begin of einde.", not data_goed),
        ("De periode eindigt voor zij begint.", data_goed and periode.van > periode.tot),
        # a day of play: the period is in local dates, the moment of drawing up in UTC
        (
            "De periode loopt door tot na het opmaken van de verklaring.",
            data_goed
            and opgemaakt is not None
            and date.fromisoformat(periode.tot) > opgemaakt.date() + timedelta(days=1),
        ),
    )


def _find_in_grond(verklaring: Verklaring) -> tuple[str, ...]:
    besluit = verklaring.besluit
    nieuw_en_vernietiging = verklaring.regime == "2026" and verklaring.soort is Verklaringsoort.VERNIETIGING
    return _keep(
        ("De grond ontbreekt: noem de artikelen waarop deze verklaring rust.", not _has_tekst(verklaring.grondslag)),
        ("Het nummer van het besluit ontbreekt.", not besluit.nummer.strip()),
        ("De datum van het besluit ontbreekt of is geen datum.", not _is_datum(besluit.datum)),
        ("Waar het besluit is bekendgemaakt, ontbreekt.", not besluit.publicatie.strip()),
        ("De versie van het handboek ontbreekt.", not besluit.handboekversie.strip()),
        ("De hash van het besluit ontbreekt of is geen SHA-256.", not _HEX64.fullmatch(besluit.sha256)),
        ("Het besluit is van na het opmaken van de verklaring.", besluit.datum > verklaring.opgemaakt_op),
        (
            "De systemen ontbreken; onder de Archiefwet 2026 moeten ze genoemd worden.",
            nieuw_en_vernietiging and not _has_tekst(verklaring.systemen),
        ),
        (
            "De artikelen van het selectiebesluit ontbreken; onder de Archiefwet 2026 moeten ze genoemd worden.",
            nieuw_en_vernietiging and not _has_tekst(verklaring.artikelen),
        ),
    )


def _find_in_wijze(verklaring: Verklaring) -> tuple[str, ...]:
    dozen = [doos for uitvoering in verklaring.uitvoeringen for doos in uitvoering.dozen]
    gemeld, vaker = set(dozen), [doos for doos, keren in Counter(dozen).items() if keren > 1]
    in_specificatie = {doos.doosnummer for doos in verklaring.specificatie}
    vervanging = verklaring.soort is Verklaringsoort.VERVANGING
    return (
        *_keep(
            ("De wijze van vervanging ontbreekt.", vervanging and not verklaring.wijze_van_vervanging.strip()),
            ("De vernietiging ontbreekt: er is niets uitgevoerd.", not verklaring.uitvoeringen),
        ),
        *(gebrek for uitvoering in verklaring.uitvoeringen for gebrek in _find_in_uitvoering(uitvoering, verklaring)),
        *_tel("Niet vernietigd volgens de uitvoering", "doos", sorted(in_specificatie - gemeld)),
        *_tel("Vernietigd maar niet in de specificatie", "doos", sorted(gemeld - in_specificatie)),
        *_tel("Meer dan eens vernietigd", "doos", vaker),
    )


def _find_in_uitvoering(uitvoering: Uitvoering, verklaring: Verklaring) -> tuple[str, ...]:
    wat = f"Vernietiging van lijst {uitvoering.lijst!r}"
    uitgevoerd, opgemaakt = _parse_tijd(uitvoering.uitgevoerd_op), _parse_tijd(verklaring.opgemaakt_op)
    return _keep(
        ("Een vernietiging heeft geen nummer van de lijst.", not uitvoering.lijst.strip()),
        (f"{wat}: de dozen ontbreken.", not uitvoering.dozen),
        (
            f"{wat}: een doos die eerder voor een deel is vernietigd, hoort er niet bij.",
            not set(uitvoering.eerder_deels) <= set(uitvoering.dozen),
        ),
        (f"{wat}: de methode ontbreekt.", not uitvoering.methode.strip()),
        (f"{wat}: het niveau volgens DIN 66399 is niet P-1 tot P-7.", not _NIVEAU.fullmatch(uitvoering.niveau)),
        (f"{wat}: wie haar uitvoerde, ontbreekt.", not uitvoering.bedrijf.strip()),
        (
            f"{wat}: noem container en zegel allebei, of geen van beide.",
            bool(uitvoering.container.strip()) != bool(uitvoering.zegel.strip()),
        ),
        (f"{wat}: het vernietigingsbewijs ontbreekt.", not uitvoering.certificaat.strip()),
        (
            f"{wat}: de hash van het vernietigingsbewijs ontbreekt of is geen SHA-256.",
            not _HEX64.fullmatch(uitvoering.certificaat_sha256),
        ),
        (f"{wat}: wanneer zij is uitgevoerd, ontbreekt of is geen tijd in UTC.", uitgevoerd is None),
        (
            f"{wat}: zij is uitgevoerd na het opmaken van de verklaring.",
            uitgevoerd is not None and opgemaakt is not None and uitgevoerd > opgemaakt,
        ),
        (
            f"{wat}: zij is niet uitgevoerd in de periode van de verklaring.",
            uitgevoerd is not None and not _lies_in(verklaring.periode, uitgevoerd),
        ),
    )


def _lies_in(periode: Periode, moment: datetime) -> bool:
    """Whether a moment (UTC) is in a period of local dates, give or take a day; what is no period is said elsewhere."""
    if not _is_datum(periode.van) or not _is_datum(periode.tot) or periode.van > periode.tot:
        return True
    een_dag, dag = timedelta(days=1), moment.date()
    return date.fromisoformat(periode.van) <= dag + een_dag and dag - een_dag <= date.fromisoformat(periode.tot)


def _find_in_specificatie(verklaring: Verklaring) -> tuple[str, ...]:
    specificatie = verklaring.specificatie
    if not specificatie:
        return ("De specificatie ontbreekt.",)
    documenten = _documenten(specificatie)
    toetsen = (
        ("Zonder batch", [d.id for d in documenten if not d.batch.strip()]),
        ("Zonder zaak", [d.id for d in documenten if not d.zaak.strip()]),
        ("Zonder pagina's", [d.id for d in documenten if d.paginas < 1]),
        ("Met bladen die ontbreken of door elkaar lopen", [d.id for d in documenten if not _has_goede_bladen(d)]),
        ("Zonder geldige hash", [d.id for d in documenten if not _HEX64.fullmatch(d.pdf_sha256)]),
        ("Zonder versie", [d.id for d in documenten if d.versie < 1]),
        ("Zonder formaat", [d.id for d in documenten if not d.formaat.strip()]),
        ("Zonder bewaartermijn", [d.id for d in documenten if not d.bewaartermijn.strip()]),
        ("Meer dan eens in de specificatie", _find_dubbel(d.id for d in documenten)),
    )
    dozen = [doos.doosnummer for doos in specificatie]
    plekken: dict[tuple[str, int], set[str]] = {}
    for doos in specificatie:
        for document in doos.documenten:
            for blad in _bladen(document):
                plekken.setdefault(blad, set()).add(doos.doosnummer)
    in_meer_dozen = [f"{batch}, blad {n}" for (batch, n), dozen_ in plekken.items() if len(dozen_) > 1]
    return (
        *_keep(
            ("Een doos heeft geen nummer.", any(not doos.strip() for doos in dozen)),
            ("Een document heeft geen kenmerk.", any(not document.id.strip() for document in documenten)),
        ),
        *_tel("Zonder documenten", "doos", [doos.doosnummer for doos in specificatie if not doos.documenten]),
        *_tel("Meer dan eens in de specificatie", "doos", _find_dubbel(dozen)),
        *(gebrek for wat, ids in toetsen for gebrek in _tel(wat, "document", ids)),
        *_tel("In meer dan een doos", "blad", in_meer_dozen),
    )


def _find_in_tellingen(verklaring: Verklaring) -> tuple[str, ...]:
    geteld = build_tellingen(verklaring.specificatie)
    return tuple(
        f"Het aantal {veld.name} is {_getal(verklaring, veld.name)}, in de specificatie staan er "
        f"{getattr(geteld, veld.name)}."
        for veld in fields(Tellingen)
        if _getal(verklaring, veld.name) != getattr(geteld, veld.name)
    )


def _getal(verklaring: Verklaring, naam: str) -> int:
    getal: int = getattr(verklaring.tellingen, naam)
    return getal


def _find_in_controle(verklaring: Verklaring) -> tuple[str, ...]:
    batches = {document.batch for document in _documenten(verklaring.specificatie)}
    controles = verklaring.controle
    toetsen = (
        ("Zonder controle", sorted(batches - {c.batch for c in controles})),
        ("Gecontroleerd maar niet in de specificatie", sorted({c.batch for c in controles} - batches)),
        ("Meer dan eens bij de controle", _find_dubbel(c.batch for c in controles)),
        ("Niet goedgekeurd", [c.batch for c in controles if c.uitslag != GOEDGEKEURD]),
        ("Zonder steekproefplan", [c.batch for c in controles if not c.plan.strip()]),
        (
            "Met een steekproef die niet kan kloppen",
            [
                c.batch
                for c in controles
                if c.getrokken < 1 or not 0 <= c.fouten <= c.getrokken or (c.paginas != 0 and c.getrokken > c.paginas)
            ],
        ),
        ("Zonder controleur", [c.batch for c in controles if not (c.naam.strip() and c.functie.strip())]),
    )
    return tuple(gebrek for wat, nummers in toetsen for gebrek in _tel(wat, "batch", nummers))


def _find_in_vrijgaven(verklaring: Verklaring) -> tuple[str, ...]:
    lijsten = {uitvoering.lijst: _parse_tijd(uitvoering.uitgevoerd_op) for uitvoering in verklaring.uitvoeringen}
    mensen = {lijst: {_vouw(v.naam) for v in verklaring.vrijgaven if v.lijst == lijst} for lijst in lijsten}
    te_laat = [
        vrijgave.naam
        for vrijgave in verklaring.vrijgaven
        if (op := _parse_tijd(vrijgave.op)) is not None
        and (uitgevoerd := lijsten.get(vrijgave.lijst)) is not None
        and op > uitgevoerd
    ]
    toetsen = (
        (
            "Niet door twee verschillende mensen vrijgegeven",
            "lijst",
            [lijst for lijst, namen in mensen.items() if len(namen) < MINSTE_VRIJGAVEN],
        ),
        (
            "Wel vrijgegeven, niet uitgevoerd",
            "lijst",
            sorted({v.lijst for v in verklaring.vrijgaven} - set(lijsten)),
        ),
        (
            "Vrijgegeven zonder naam, functie of mandaat",
            "lijst",
            [v.lijst for v in verklaring.vrijgaven if not _has_alles(v.naam, v.functie, v.mandaat)],
        ),
        (
            "Vrijgegeven op een tijdstip dat ontbreekt of geen UTC is",
            "lijst",
            [v.lijst for v in verklaring.vrijgaven if _parse_tijd(v.op) is None],
        ),
        ("Pas vrijgegeven na de vernietiging, door", "mens", te_laat),
    )
    return tuple(gebrek for wat, soort, namen in toetsen for gebrek in _tel(wat, soort, namen))


def _find_in_ondertekening(verklaring: Verklaring) -> tuple[str, ...]:
    tekenaars = verklaring.ondertekenaars
    return _keep(
        ("Niemand ondertekent deze verklaring.", not tekenaars),
        (
            "Van wie ondertekent ontbreekt naam, functie of mandaat.",
            any(not _has_alles(t.naam, t.functie, t.mandaat) for t in tekenaars),
        ),
        ("Iemand ondertekent twee keer.", len({_vouw(t.naam) for t in tekenaars}) < len(tekenaars)),
        (
            "Een akkoord is geen tijd in UTC.",
            any(t.akkoord_op != "" and _parse_tijd(t.akkoord_op) is None for t in tekenaars),
        ),
    )


def _find_in_logboek(verklaring: Verklaring) -> tuple[str, ...]:
    logboek = verklaring.logboek
    wortel_goed = _HEX64.fullmatch(logboek.wortel) is not None
    wortel = base64.b64encode(bytes.fromhex(logboek.wortel)).decode() if wortel_goed else ""
    begin = f"{logboek.oorsprong}\n{logboek.omvang}\n{wortel}\n\n"
    return _keep(
        ("De oorsprong van het logboek ontbreekt.", not logboek.oorsprong.strip()),
        ("Het logboek is leeg.", logboek.omvang < 1),
        ("De wortel van het logboek ontbreekt of is geen SHA-256.", not wortel_goed),
        (
            "Het checkpoint is niet dat van deze oorsprong, omvang en wortel.",
            not (logboek.checkpoint.startswith(begin) and logboek.checkpoint.endswith("\n")),
        ),
        ("De sleutels van het logboek ontbreken.", not _has_tekst(logboek.sleutels)),
        (
            "Een tijdstempel heeft geen naam of geen tijd in UTC.",
            any(not s.naam.strip() or _parse_tijd(s.tijd) is None for s in logboek.tijdstempels),
        ),
    )


def _find_in_tekst(verklaring: Verklaring) -> tuple[str, ...]:
    """Find text that cannot be printed or would not survive canonical JSON."""
    gebreken = []
    for plek, tekst in _teksten(verklaring.to_json(), ""):
        zichtbaar = tekst.replace("\n", "") if plek == "logboek.checkpoint" else tekst
        if any(unicodedata.category(teken)[0] == "C" or teken in "\u2028\u2029" for teken in zichtbaar):
            gebreken.append(f"In {plek} staat een teken dat niet te drukken is.")
        elif not unicodedata.is_normalized("NFC", tekst):
            gebreken.append(f"De tekst in {plek} staat niet in de vorm NFC.")
    return tuple(gebreken)


def _teksten(waarde: Any, plek: str) -> Iterator[tuple[str, str]]:
    if isinstance(waarde, dict):
        for naam, deel in waarde.items():
            yield from _teksten(deel, f"{plek}.{naam}" if plek else naam)
    elif isinstance(waarde, list):
        for nummer, deel in enumerate(waarde, start=1):
            yield from _teksten(deel, f"{plek} {nummer}")
    elif isinstance(waarde, str):
        yield plek, waarde


def _keep(*toetsen: tuple[str, bool]) -> tuple[str, ...]:
    return tuple(melding for melding, fout in toetsen if fout)


_MEERVOUD = {
    "doos": "dozen",
    "document": "documenten",
    "batch": "batches",
    "blad": "bladen",
    "lijst": "lijsten",
    "mens": "mensen",
}


def _tel(wat: str, soort: str, namen: Sequence[str]) -> tuple[str, ...]:
    """Return one sentence for all that share a fault: a list of two thousand would hide the other faults."""
    if not namen:
        return ()
    if len(namen) == 1:
        return (f"{wat}: {soort} {namen[0]!r}.",)
    return (f"{wat}: {len(namen)} {_MEERVOUD[soort]}, de eerste is {namen[0]!r}.",)


def _find_dubbel(namen: Iterable[str]) -> list[str]:
    return [naam for naam, keren in Counter(namen).items() if keren > 1]


def _has_goede_bladen(document: Documentregel) -> bool:
    """Whether there are sheets, every range runs upward and each begins after the one before."""
    vorige = 0
    for reeks in document.bladen:
        if not vorige < reeks.van <= reeks.tot:
            return False
        vorige = reeks.tot
    return vorige > 0


def _has_tekst(teksten: Sequence[str]) -> bool:
    return bool(teksten) and all(tekst.strip() for tekst in teksten)


def _has_alles(*teksten: str) -> bool:
    return all(tekst.strip() for tekst in teksten)


def _vouw(naam: str) -> str:
    return " ".join(naam.casefold().split())


def _is_datum(tekst: str) -> bool:
    try:
        return _DATUM.fullmatch(tekst) is not None and bool(date.fromisoformat(tekst))
    except ValueError:
        return False


def _parse_tijd(tekst: str) -> datetime | None:
    try:
        return datetime.fromisoformat(tekst) if _TIJD.fullmatch(tekst) else None
    except ValueError:
        return None


# --- to and from JSON ------------------------------------------------------------------------------------------------


def _to_json(waarde: Any) -> Any:
    if is_dataclass(waarde):
        velden = ((veld, getattr(waarde, veld.name)) for veld in fields(waarde))
        return {
            veld.name: _to_json(deel) for veld, deel in velden if "later" not in veld.metadata or deel != veld.default
        }
    if isinstance(waarde, tuple):
        return [_to_json(deel) for deel in waarde]
    return waarde.value if isinstance(waarde, StrEnum) else waarde


@cache
def _soorten(klasse: type) -> dict[str, Any]:
    return get_type_hints(klasse)


def _read(soort: Any, waarde: Any, plek: str) -> Any:
    """Return the value of a type that this JSON stands for."""
    if is_dataclass(soort):
        assert isinstance(soort, type)
        soorten = _soorten(soort)
        mag_weg = {veld.name for veld in fields(soort) if "later" in veld.metadata}
        if not isinstance(waarde, dict) or not set(soorten) - mag_weg <= set(waarde) <= set(soorten):
            raise VerklaringError(f"In {plek} staan niet precies de afgesproken velden.")
        return soort(**{naam: _read(soorten[naam], deel, naam) for naam, deel in waarde.items()})
    if get_origin(soort) is tuple:
        if not isinstance(waarde, list):
            raise VerklaringError(f"{plek} is geen lijst.")
        return tuple(_read(get_args(soort)[0], deel, plek) for deel in waarde)
    if isinstance(soort, type) and issubclass(soort, StrEnum):
        try:
            return soort(waarde)
        except ValueError as exc:
            raise VerklaringError(f"{plek} heeft een onbekende waarde.") from exc
    if type(waarde) is not soort:
        raise VerklaringError(f"{plek} is geen {_WOORD_VOOR[soort]}.")
    return waarde


_WOORD_VOOR = {str: "tekst", int: "geheel getal", bool: "ja of nee"}
