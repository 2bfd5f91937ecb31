"""What is known of one document when it is handed over: one value for its metadata, note and line of an index. Pure.

Times are UTC text as stored. A person is a function and the id that only the log uses; the name is apart, so that it
can be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanstraat.domain import Vingerafdruk


@dataclass(frozen=True)
class Wie:
    """Somebody who had a part in it. `log_id` is "" when nobody knows which persoon it was."""

    functie: str
    log_id: str = ""
    naam: str = ""


@dataclass(frozen=True)
class Bewaardbestand:
    """A stored file, and when its digests were taken."""

    sha256: str
    sha512: str
    omvang_bytes: int
    bewaard_op: str

    @property
    def vingerafdruk(self) -> Vingerafdruk:
        """What its bytes must be."""
        return Vingerafdruk(self.sha256, self.sha512, self.omvang_bytes)


@dataclass(frozen=True)
class Scan:
    """How the pages of a versie came about."""

    is_scan: bool
    gescand_op: str  # when the newest of its files came in
    door: Wie
    scanner: str
    profiel: str
    instellingen_sha256: str
    onderdeel: str
    scanmap: str
    programmas: Mapping[str, str]
    paginas: int
    dpi: tuple[int, ...]
    kleuren: tuple[str, ...]
    bronnen: tuple[str, ...]  # SHA-256


@dataclass(frozen=True)
class Opmerking:
    """A finding on the document or on one of its pages."""

    ernst: str
    code: str
    tekst: str
    pagina: int | None
    afgehandeld: bool
    vervallen: bool


@dataclass(frozen=True)
class Bewerkt:
    """What somebody did to the pages of the batch, and when."""

    soort: str
    op: str
    door: Wie


@dataclass(frozen=True)
class Aangekomen:
    """Where the document hangs in the zaaksysteem, and when the same bytes came back from it."""

    informatieobject: str
    zaaksysteem: str
    bevestigd_op: str


@dataclass(frozen=True)
class Gekeurd:
    """The verdict on the batch as it was sealed with this versie. Pages are those of this document."""

    uitslag: str
    op: str
    door: Wie
    plan: str
    getrokken: tuple[int, ...]
    fouten: tuple[tuple[int, str], ...]  # page, code
    oordeel_sha256: str
    regel: int | None  # of the log


@dataclass(frozen=True)
class Grondslag:
    """The besluit and handboek that the batch falls under."""

    nummer: str
    versie: int
    datum: str
    handboekversie: str
    besluit_sha256: str
    handboek_sha256: str
    functie: str  # who decides on destruction by it


@dataclass(frozen=True)
class Ligplaats:
    """Where sheets of the document lie, or lay: ranges of sheets, the doos, its place, and when that was destroyed.

    tegen: what stood in the way when it was destroyed; "" when it went on good grounds, or lies there.
    """

    bladen: str
    doos: str
    plaats: str
    vernietigd_op: str
    tegen: str = ""


@dataclass(frozen=True)
class Besluitvorming:
    """Who looked for the last time and who released, of one list; times as in the record."""

    lijst: str
    laatste_blik: tuple[tuple[str, Wie, str, bool], ...]  # doos, who, when, passed
    vrijgaven: tuple[tuple[Wie, str], ...]
    opdracht: str
    bedrijf: str
    uitvoeringen: tuple[tuple[str, str, str, str, str, int | None], ...]
    """Of each: doos, when, wijze and niveau, certificaatnummer, SHA-256 of the certificate, line of the log."""


@dataclass(frozen=True)
class Papier:
    """The paper of a document. It is replaced when all of its sheets are destroyed, and not before."""

    batch: str
    ligplaatsen: tuple[Ligplaats, ...]
    besluitvorming: tuple[Besluitvorming, ...]
    verklaringen: tuple[str, ...]  # of vervanging, that stand
    uitzondering: str  # why the paper stays the original, or ""

    @property
    def vernietigd_op(self) -> str:
        """Return when the last of its sheets was destroyed, or "" while there is one left."""
        dagen = [plek.vernietigd_op for plek in self.ligplaatsen]
        return max(dagen) if dagen and all(dagen) else ""

    @property
    def zonder_grond(self) -> str:
        """Return what stood in the way when sheets of it were destroyed, or "" when nothing did."""
        return " ".join(dict.fromkeys(plek.tegen for plek in self.ligplaatsen if plek.tegen))

    @property
    def kenmerk(self) -> str:
        """Return what the paper is known by: its batch and sheets."""
        return f"{self.batch}/{','.join(plek.bladen for plek in self.ligplaatsen)}"


@dataclass(frozen=True)
class Documentfeiten:
    """One document: its newest versie that has an archive file, and what happened to it and to its paper."""

    id: str
    titel: str
    soort: str  # informatieobjecttype
    vertrouwelijkheidaanduiding: str
    batch: str
    volgorde: int
    vervallen: bool
    zaak: str  # number, or "" as long as it hangs on none
    versie: int
    versie_log_id: str
    is_nieuwste: bool
    gearchiveerd_op: str
    gearchiveerd_regel: int | None
    pdf: Bewaardbestand
    pdfa_profiel: str
    conform: bool
    getrouw: bool
    manifest_sha256: str
    pdfa_rapport_sha256: str
    getrouwheid_rapport_sha256: str
    tekstlaag_sha256: str  # "" when it was cleared away: the words are in the PDF/A
    scan: Scan
    opmerkingen: tuple[Opmerking, ...]
    bewerkingen: tuple[Bewerkt, ...]
    aangekomen: Aangekomen | None
    gekeurd: Gekeurd | None
    grondslag: Grondslag | None
    papier: Papier

    @property
    def is_vervangen(self) -> bool:
        """True when the paper is gone, so that this is the original."""
        return self.papier.vernietigd_op != ""

    @property
    def naam(self) -> str:
        """Return what its files are called: no words from the document, and no character that a transfer forbids."""
        return f"{self.batch}-{self.id.replace('-', '')[:12]}"


def find_gebreken(feiten: Documentfeiten) -> tuple[str, ...]:
    """Return, in Dutch, why a document cannot be described as an archive file; empty means it can."""
    toetsen = (
        ("het heeft geen pagina's meer", feiten.vervallen),
        ("veraPDF vond het bestand geen geldige PDF/A", not feiten.conform),
        ("het bestand toont niet precies de scan", not feiten.getrouw),
    )
    return tuple(gebrek for gebrek, geldt in toetsen if geldt)


def say_scan(scan: Scan) -> str:
    """Return what was scanned and how, in Dutch: "8 pagina's, 300 dpi, kleur"."""
    delen = [f"{scan.paginas} pagina{'' if scan.paginas == 1 else chr(39) + 's'}"]
    if scan.is_scan:
        delen += [f"{' en '.join(map(str, scan.dpi))} dpi", " en ".join(scan.kleuren)]
    return ", ".join(delen)


def say_controle(gekeurd: Gekeurd | None) -> str:
    """Return how the check by people ended, in Dutch."""
    if gekeurd is None:
        return "nog niet door een mens gecontroleerd"
    return f"controle {gekeurd.uitslag} ({gekeurd.plan})"
