"""What travels along the line, as frozen values, and the words its state can have. Pure.

The rules behind the words stand in docs/begrippen.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

ONBEKEND = "onbekend"  # the scanoperator of a batch when nobody has said who scanned it; never NULL


class Bestandstatus(StrEnum):
    """Where a file is that ever appeared in a scanmap: always exactly one of these."""

    WACHT = "wacht"
    INGENOMEN = "ingenomen"
    QUARANTAINE = "quarantaine"
    GEWEIGERD = "geweigerd"


class Bestemming(StrEnum):
    """Where a beeld went; the bladtelling counts these."""

    DOCUMENT = "document"
    SCHEIDINGSBLAD = "scheidingsblad"
    WEGGELATEN = "weggelaten"


class Weglaatreden(StrEnum):
    """Why a beeld was left out; ANDERS needs words."""

    BLANCO = "blanco"
    VERVANGEN = "vervangen"
    DUBBEL = "dubbel"
    ANDERS = "anders"


class Koppelstatus(StrEnum):
    """Does this document have its zaak?"""

    GEKOPPELD = "gekoppeld"
    TE_KOPPELEN = "te_koppelen"


class Bewerkingsoort(StrEnum):
    """What a person or the line may do to the order of beelden. The masters never change."""

    DRAAI = "draai"
    WEGLATEN = "weglaten"
    SPLITS = "splits"
    VOEGSAMEN = "voegsamen"
    VERPLAATS = "verplaats"
    INVOEGEN = "invoegen"
    VERVANG = "vervang"
    SCANOPERATOR = "scanoperator"  # who scanned it was not known, and is stated afterwards
    ONGEDAAN = "ongedaan"


class Stapstatus(StrEnum):
    """State of one phase of one item."""

    WACHT = "wacht"
    BEZIG = "bezig"
    KLAAR = "klaar"
    MISLUKT = "mislukt"
    GEANNULEERD = "geannuleerd"


class Fase(StrEnum):
    """The phases that run by themselves, in the order of the journey."""

    ONTLEED = "ontleed"  # per batch: decode, measure, read codes, split into documents
    ARCHIVEER = "archiveer"  # per documentversie: text layer, archive file, the two proofs
    LEVER_AF = "lever_af"  # per documentversie: to the zaak, and read back


class Batchstatus(StrEnum):
    """What a person sees; derived from facts, never stored (docs/begrippen.md)."""

    ONTVANGEN = "Ontvangen"
    WORDT_VERWERKT = "Wordt verwerkt"
    NAKIJKEN = "Nakijken"
    KOPPELEN = "Koppelen"
    GELEVERD = "Geleverd"
    WACHT_OP_CONTROLE = "Wacht op controle"
    IN_CONTROLE = "In controle"
    AFGEKEURD = "Afgekeurd - herstel"
    GOEDGEKEURD = "Goedgekeurd"
    PAPIER_MAG_WEG = "Papier mag weg"
    VERNIETIGD = "Vernietigd"
    ZONDER_GROND = "Vernietigd zonder grond"  # of a sheet or more something stood in the way
    STILGEZET = "Stilgezet"


@dataclass(frozen=True)
class Vingerafdruk:
    """What bytes are: two digests in lower-case hex, and their number."""

    sha256: str
    sha512: str
    omvang_bytes: int


@dataclass(frozen=True)
class Stuk:
    """A paper that somebody handed over as a file, in the store, and opened: only `stukken.take_stuk` makes one."""

    vingerafdruk: Vingerafdruk
    naam: str


@dataclass(frozen=True)
class Pagina:
    """The n-th page of a documentversie: it shows one beeld, turned clockwise by 0, 90, 180 or 270 degrees."""

    nummer: int
    beeld_id: UUID
    bron_sha256: str
    soort: str  # of the bron: jpeg, tiff, png or pdf
    n: int  # which page of that bron, from 1
    dpi: float
    draai_graden: int = 0


@dataclass(frozen=True)
class Bladtelling:
    """Counts beelden (sides). The batch balances when everything received has exactly one place."""

    ontvangen: int
    in_documenten: int
    scheidingsbladen: int
    weggelaten: int

    @property
    def sluitend(self) -> bool:
        """True when nothing is missing and nothing is counted twice."""
        return self.ontvangen == self.in_documenten + self.scheidingsbladen + self.weggelaten


PERSOON = "persoon"  # the source of what a person decided about a zaak: no part of the line changes it
LOSGEMAAKT = "losgemaakt door een medewerker"


@dataclass(frozen=True)
class Koppelreden:
    """Why a document belongs, may belong or no longer belongs to a zaak. `bron` is a Koppelbron or PERSOON."""

    bron: str
    zaakidentificatie: str
    tekst: str  # Dutch, for people: "zaaknummer in QR-code op het scheidingsblad"


def to_local(tijd: str, tijdzone: str) -> datetime:
    """Return a stored time (UTC, "2026-03-02T14:05:11.123Z") as it is in a time zone ("Europe/Amsterdam")."""
    return datetime.fromisoformat(tijd).astimezone(ZoneInfo(tijdzone))


def parse_tijd(tekst: str, tijdzone: str) -> datetime:
    """Read a moment as people write it where they are ("2026-03-02 14:05", seconds allowed), or RFC 3339.

    Raises:
        ValueError: it is neither.
    """
    moment = datetime.fromisoformat(tekst.strip())
    if len(tekst.strip()) < len("2026-03-02 14:05"):
        raise ValueError("a day alone is no moment")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(tijdzone))


def format_batchnummer(jaar: int, volgnummer: int) -> str:
    """Return the number people say: B-2026-0142."""
    return f"B-{jaar}-{volgnummer:04d}"


GEEN_RSIN = "0" * 9  # a setting left open


def passes_elfproef(tekst: str) -> bool:
    """True for nine digits that are together a possible RSIN."""
    if len(tekst) != 9 or not (tekst.isascii() and tekst.isdigit()):
        return False
    *eerste, laatste = (int(cijfer) for cijfer in tekst)
    return (sum(cijfer * (9 - plek) for plek, cijfer in enumerate(eerste)) - laatste) % 11 == 0
