"""The rules of a scanmap: what a name means, when a file has come to rest, what makes a batch. Pure.

Times are seconds of the watcher's clock. A `pad` is relative to the scanmap, with "/" between its parts, and readable:
see `encode_pad`. A batch (`config.Batchvorm`) is one of:
- "map": the files that lie directly in one sub-folder; a file in the scanmap itself is a batch of its own;
- "bestand": every file;
- "los": the files in one folder, until a done-file or until none came for `los_rusttijd_s`.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol
from uuid import UUID

from hardware.naamvolgorde import natural_key
from kwaliteitscontrole.bevinding import Bevinding
from scanstraat.config import Scanmap
from scanstraat.domain import Vingerafdruk

MINIMAAL_PEILINGEN = 3  # a file has come to rest only after it was seen the same this often
EIGEN_MAPPEN = ("verwerkt", "quarantaine")  # in the scanmap itself; what we put there was decided on before
DOOR_PERSOON = "door_persoon"  # reason code of what a person refused

_TIJDELIJK = (".tmp", ".part", ".filepart", ".partial", ".crdownload", "~")
_LANGSTE_NAAM_BYTES = 255
# Control, direction and invisible characters, and bytes that are no UTF-8. Fixed: it must not change with Python.
_ONZICHTBAAR = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\xad\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ud800-\\udfff\\ufeff\\ufff9-\\ufffb"
    "\\U000e0000-\\U000e007f\\\\]"
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(\\))")


# --- values -------------------------------------------------------------------------------------------------------


class Naamsoort(StrEnum):
    """What the name of a file says it is."""

    SCAN = "scan"
    INDEX = "index"
    KLAAR = "klaar"
    TIJDELIJK = "tijdelijk"  # still being written under this name
    ANDERS = "anders"

    @property
    def rol(self) -> str:
        """How a row calls it."""
        return self.value if self in (Naamsoort.INDEX, Naamsoort.KLAAR) else Naamsoort.SCAN.value


@dataclass(frozen=True)
class Kenmerk:
    """By what a file is recognised between two looks: another value is another file, or one that still changes."""

    inode: int
    omvang_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Waarneming:
    """A file that waits, as seen until now."""

    pad: str
    soort: Naamsoort
    kenmerk: Kenmerk
    gezien: float  # when it was first seen
    sinds: float  # since when `kenmerk` is the same
    peilingen: int  # how many looks in a row `kenmerk` was the same, this one included


@dataclass(frozen=True)
class Groep:
    """Files that may be taken in now, together. Paths; scans in natural order."""

    map: str
    scans: tuple[str, ...]
    indexen: tuple[str, ...] = ()
    klaren: tuple[str, ...] = ()
    gedeeld: tuple[str, ...] = ()  # index files and done-files that go along, but stay for other files of the folder


class Onderzocht(Protocol):
    """What the sandbox found in delivered bytes that may pass (`volledigheid.Onderzoek`)."""

    @property
    def soort(self) -> str:
        """jpeg, tiff, png or pdf."""

    @property
    def aantal_beelden(self) -> int:
        """Number of page images, at least 1."""

    @property
    def is_scan(self) -> bool:
        """False for a born-digital document."""

    @property
    def bevindingen(self) -> tuple[Bevinding, ...]:
        """What may pass, but must be said."""


@dataclass(frozen=True)
class AangeleverdBestand:
    """One scan file of a delivery; its bytes are in the store. The bron made of it gets `bron_id` as its id."""

    bestand_id: UUID  # ScanmapBestandRow
    bron_id: UUID
    naam: str  # relative to the scanmap, readable; for people
    vingerafdruk: Vingerafdruk
    soort: str
    aantal_beelden: int
    is_scan: bool
    bevindingen: tuple[Bevinding, ...] = ()
    dubbel_van: UUID | None = None  # the first bron with the same bytes; may be an earlier one of this delivery


@dataclass(frozen=True)
class Indexbestand:
    """An index file that lay beside the scans; its bytes are in the store as well.

    gedeeld: it is also about scans of the folder that are in other batches.
    """

    bestand_id: UUID
    naam: str
    vingerafdruk: Vingerafdruk
    inhoud: bytes
    gedeeld: bool = False


@dataclass(frozen=True)
class Aanlevering:
    """What becomes one batch. `bevindingen` are about the whole: a file beside these that was not taken in."""

    scanmap: str
    map: str  # relative to the scanmap, "" is the scanmap itself
    bestanden: tuple[AangeleverdBestand, ...]  # at least one, in order
    indexbestanden: tuple[Indexbestand, ...] = ()
    bevindingen: tuple[Bevinding, ...] = ()


@dataclass(frozen=True)
class Reden:
    """Why a file is not taken in (yet): `code` is for programs, `tekst` is a Dutch sentence that says what to do."""

    code: str
    tekst: str


RUST = Reden("rust", "Het bestand wordt ingenomen zodra het een tijdje niet meer verandert.")
VERDWENEN = Reden(
    "verdwenen",
    "Het bestand is uit de scanmap verdwenen voordat het was ingenomen. Leverde u het niet ergens anders aan, "
    "zet het dan terug.",
)
WACHTREDENEN: Mapping[Naamsoort, Reden] = {
    Naamsoort.SCAN: RUST,
    Naamsoort.ANDERS: RUST,
    Naamsoort.TIJDELIJK: Reden(
        "tijdelijke_naam",
        "De naam zegt dat het bestand nog wordt geschreven. Is het klaar, geef het dan zijn gewone naam.",
    ),
    Naamsoort.INDEX: Reden("index", "Dit indexbestand wacht op de scans waar het bij hoort. Lever die ook aan."),
    Naamsoort.KLAAR: Reden("klaar", "Dit klaarbestand wacht op de scans waar het bij hoort. Lever die ook aan."),
}
ANDER_SOORT = Reden(
    "ander_soort",
    "Dit is een ander soort bestand dan hier wordt ingenomen. Het blijft liggen; haal het weg of lever een scan aan.",
)
SYMLINK = Reden("verwijzing", "Dit is een verwijzing (symlink) en geen bestand. Zet het bestand zelf in de scanmap.")
GEEN_BESTAND = Reden("geen_bestand", "Dit is geen gewoon bestand. Haal het weg uit de scanmap.")
HARDE_KOPPELING = Reden(
    "harde_koppeling",
    "Dit bestand heeft nog een andere naam (harde koppeling) en kan daar worden veranderd. Zet een kopie in de "
    "scanmap.",
)
IN_EIGEN_MAP = Reden(
    "in_eigen_map",
    "Dit bestand ligt in de map verwerkt of quarantaine, maar de scanstraat heeft het daar niet neergezet. Het is niet "
    "ingenomen. Zet het in de scanmap zelf, of haal het weg als het er niet hoort.",
)
UIT_EIGEN_MAP = Reden(
    "uit_eigen_map",
    "Dit bestand lag in de map verwerkt of quarantaine, waar de scanstraat het niet had neergezet. Het is daar "
    "weggehaald.",
)
NIET_VERPLAATST = Reden(
    "niet_verplaatst",
    "Het bestand is verwerkt maar kon niet worden verplaatst: de scanmap is alleen te lezen of vol. Het wordt niet nog "
    "eens ingenomen. Geef schrijfrechten, of haal het zelf weg.",
)
SCANS_IN_QUARANTAINE = Reden(
    "scans_in_quarantaine",
    "Geen van de scans bij dit indexbestand is ingenomen. Los eerst op wat daar mis is en lever dan alles opnieuw aan.",
)
WACHT_OP_ANDERE = Reden(
    "wacht_op_andere",
    "Dit bestand is in orde. Het wacht op de andere bestanden van dezelfde aanlevering.",
)
IN_GEBRUIK = Reden(
    "in_gebruik", "Dit bestand hoort bij scans die zijn ingenomen. Het blijft liggen tot er geen scans meer bij komen."
)
INDEX_OVER = Reden(
    "index_over",
    "Bij dit indexbestand kwam geen scan. Kwam het te laat, koppel de documenten dan met de hand. Komen de scans nog, "
    "zet het dan met de scans opnieuw in de scanmap.",
)
INDEX_TE_GROOT = Reden("index_te_groot", "Dit indexbestand is te groot. Lever het in kleinere delen aan.")
NOG_ONBEKEND = Reden(
    "onverwacht",
    "Het innemen mislukte door een fout in het programma. Het wordt vanzelf opnieuw geprobeerd; blijft het zo, "
    "waarschuw dan de beheerder.",
)


NIET_LEESBAAR = ("geen_rechten", "leesfout")  # codes of the reasons below that a person must do something about


def reden_of_oserror(exc: OSError) -> Reden:
    """Say in Dutch why a file cannot be read now. Every one of these is tried again for ever."""
    if exc.errno in (errno.EBUSY, errno.EAGAIN, errno.ETXTBSY):
        return Reden("bezet", "Een ander programma houdt het bestand bezet. Het wordt vanzelf opnieuw geprobeerd.")
    if exc.errno in (errno.EACCES, errno.EPERM):
        return Reden(
            "geen_rechten",
            "De scanstraat mag dit bestand niet lezen. Geef leesrechten; het wordt vanzelf opnieuw geprobeerd.",
        )
    if exc.errno in (errno.ENOENT, errno.ESTALE, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.ENOTCONN):
        return Reden("weg", "Het bestand of de map was even niet bereikbaar. Het wordt vanzelf opnieuw geprobeerd.")
    naam = errno.errorcode.get(exc.errno or 0, "onbekend")
    return Reden(
        "leesfout",
        f"Het bestand is niet te lezen ({naam}). Het wordt vanzelf opnieuw geprobeerd; blijft het zo, laat dan de "
        "schijf of de verbinding nakijken.",
    )


# --- names --------------------------------------------------------------------------------------------------------


def encode_pad(ruw: str) -> str:
    """Write a path as os.fsdecode gives it so that it can be stored, shown and read back by `decode_pad`.

    Bytes that are no UTF-8 become \\xNN, invisible and control characters \\uNNNN, a backslash becomes two.
    """
    return _ONZICHTBAAR.sub(_escape, ruw)


def _escape(treffer: re.Match[str]) -> str:
    code = ord(treffer.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if treffer.group() == "\\":
        return "\\\\"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def decode_pad(pad: str) -> str:
    """Undo `encode_pad`."""
    return _ESCAPE.sub(_unescape, pad)


def _unescape(treffer: re.Match[str]) -> str:
    byte, kort, lang, backslash = treffer.groups()
    if backslash:
        return "\\"
    return chr(0xDC00 + int(byte, 16)) if byte else chr(int(kort or lang, 16))


def split_pad(pad: str) -> tuple[str, str]:
    """Return (folder, name); the folder of a file in the scanmap itself is ""."""
    map, _, naam = pad.rpartition("/")
    return map, naam


def is_in_eigen_map(pad: str) -> bool:
    """Does it lie in one of our own folders?"""
    return pad.startswith(tuple(f"{map}/" for map in EIGEN_MAPPEN))


def build_doelnaam(naam: str, volgnummer: int) -> str:
    """Return the name under which a file is put away: itself, then with ~2, ~3 and so on before its suffix.

    Never longer than a file system takes; `naam` as os.fsdecode gives it.
    """
    if volgnummer == 1:
        return naam
    stam, punt, suffix = naam.rpartition(".")
    if not stam:
        stam, punt, suffix = naam, "", ""
    staart = os.fsencode(f"~{volgnummer}{punt}{suffix}")[-_LANGSTE_NAAM_BYTES + 1 :]
    return os.fsdecode(os.fsencode(stam)[: _LANGSTE_NAAM_BYTES - len(staart)] + staart)


def find_naamsoort(naam: str, scanmap: Scanmap) -> Naamsoort:
    """Say what a name (without its folder) means in this scanmap. Upper and lower case are the same."""
    laag = naam.casefold()
    if _is_index(laag, scanmap):
        return Naamsoort.INDEX
    if _klaar_naam(naam, scanmap) is not None:
        return Naamsoort.KLAAR
    if laag.startswith((".", "~$")) or laag.endswith(_TIJDELIJK):
        return Naamsoort.TIJDELIJK
    return Naamsoort.SCAN if _is_scan(laag, scanmap) else Naamsoort.ANDERS


def _is_scan(laag: str, scanmap: Scanmap) -> bool:
    return any(fnmatchcase(laag, patroon.casefold()) for patroon in scanmap.bestanden)


def _is_index(laag: str, scanmap: Scanmap) -> bool:
    """Is it a CSV, a TSV, or a JSON file named after a scan (brief.pdf.json)?"""
    if laag.startswith("."):
        return False
    return laag.endswith((".csv", ".tsv")) or (laag.endswith(".json") and _is_scan(laag.removesuffix(".json"), scanmap))


def _klaar_naam(naam: str, scanmap: Scanmap) -> str | None:
    """Return the part of a done-file's name that stands for what is done, or None when it is no done-file.

    `klaarbestand` has one {naam} or one *, in "*.done" or "{naam}.klaar"; or it is a fixed name, like "klaar.txt".
    """
    if not scanmap.klaarbestand:
        return None
    voor, _, na = scanmap.klaarbestand.replace("{naam}", "*").partition("*")
    patroon = re.escape(voor) + ("(.+)" if "*" in scanmap.klaarbestand.replace("{naam}", "*") else "()") + re.escape(na)
    treffer = re.fullmatch(patroon, naam, re.IGNORECASE | re.DOTALL)
    return None if treffer is None else treffer.group(1)


# --- rest ---------------------------------------------------------------------------------------------------------


def is_gerust(waarneming: Waarneming, nu: float, rusttijd_s: float) -> bool:
    """Was the file the same for `rusttijd_s`, and in at least three looks?"""
    return waarneming.peilingen >= MINIMAAL_PEILINGEN and nu - waarneming.sinds >= rusttijd_s


# --- batches ------------------------------------------------------------------------------------------------------


def find_groepen(waarnemingen: Iterable[Waarneming], scanmap: Scanmap, nu: float) -> tuple[Groep, ...]:
    """Return what may be taken in now; what is not in it waits for rest, a done-file, or the rest of its batch."""
    per_map: dict[str, list[Waarneming]] = {}
    for waarneming in waarnemingen:
        per_map.setdefault(split_pad(waarneming.pad)[0], []).append(waarneming)
    groepen: list[Groep] = []
    for map in sorted(per_map, key=natural_key):
        los = map == "" and not _find_algemeen(per_map[map], scanmap)
        if scanmap.batch == "bestand" or (scanmap.batch == "map" and los):
            groepen += _groepen_per_bestand(map, per_map[map], scanmap, nu)
        else:
            groepen += _groep_per_map(map, per_map[map], scanmap, nu)
    return tuple(groepen)


def _find_algemeen(alle: Sequence[Waarneming], scanmap: Scanmap) -> list[Waarneming]:
    """Return the index files about the scans together: not named after one of them, also not one that is still to come.

    In a scanmap of folders whoever wrote one put the loose scans together.
    """
    scans = [ding for ding in alle if ding.soort is Naamsoort.SCAN]
    return [
        ding
        for ding in alle
        if ding.soort is Naamsoort.INDEX
        and not _is_scan(split_pad(ding.pad)[1].casefold().rpartition(".")[0], scanmap)
        and not any(_is_sidecar(ding, scan) for scan in scans)
    ]


def _groep_per_map(map: str, alle: Sequence[Waarneming], scanmap: Scanmap, nu: float) -> tuple[Groep, ...]:
    scans = [ding for ding in alle if ding.soort is Naamsoort.SCAN]
    if not scans:
        return ()
    klaren = [ding for ding in alle if _klaar_naam(split_pad(ding.pad)[1], scanmap) is not None]
    gedekt = _scans_with_klaarbestand(scans, klaren, scanmap)
    if gedekt:
        # Index files that came with it are read as they are: the done-file says that all of it is there.
        return (_build_groep(map, gedekt, alle, scanmap),)
    rust = scanmap.los_rusttijd_s if scanmap.batch == "los" else scanmap.rusttijd_s
    tellen_mee = [ding for ding in alle if _counts_for_rest(ding, scanmap, nu)]
    laatste = max(ding.sinds for ding in tellen_mee)
    if nu - laatste < rust or not all(is_gerust(ding, nu, scanmap.rusttijd_s) for ding in tellen_mee):
        return ()
    if any(_is_still_written(ding, scanmap, nu) for ding in alle):
        return ()
    return (_build_groep(map, scans, alle, scanmap),)


def _build_groep(map: str, scans: Sequence[Waarneming], alle: Sequence[Waarneming], scanmap: Scanmap) -> Groep:
    return Groep(
        map,
        _paden(scans),
        _paden(ding for ding in alle if ding.soort is Naamsoort.INDEX),
        _paden(ding for ding in alle if ding.soort is Naamsoort.KLAAR),
    )


def _scans_with_klaarbestand(
    scans: Sequence[Waarneming], klaren: Sequence[Waarneming], scanmap: Scanmap
) -> list[Waarneming]:
    """Return the scans of a folder that a done-file closes; empty when it is not (yet) closed.

    A done-file is written after its scans. So it covers what was there when it was first seen, and one look later: a
    listing may miss a file that is made while it runs. What comes after that belongs to the next batch, and a done-file
    that was left behind closes nothing.
    """
    if "{naam}" in scanmap.klaarbestand:
        met = [scan for scan in scans if any(_names_scan(klaar, scan, scanmap) for klaar in klaren)]
        return met if len(met) == len(scans) else []
    rijp = [klaar.gezien for klaar in klaren if klaar.peilingen >= MINIMAAL_PEILINGEN]
    if not rijp:
        return []
    grens = max(rijp) + 1.5 * scanmap.peiling_s
    return [scan for scan in scans if scan.gezien <= grens]


def _counts_for_rest(ding: Waarneming, scanmap: Scanmap, nu: float) -> bool:
    """Must this file have come to rest before its folder has? A scanner's log that always grows must not, for ever."""
    if ding.soort is Naamsoort.ANDERS:
        return nu - ding.gezien < scanmap.geduld_s
    return ding.soort is not Naamsoort.TIJDELIJK


def _is_still_written(ding: Waarneming, scanmap: Scanmap, nu: float) -> bool:
    """Does a temporary name say that more of this folder is to come?

    A name like scan3.pdf.part does until patience ends; one that starts with a dot only while it changes: many
    programs leave such files lying about.
    """
    if ding.soort is not Naamsoort.TIJDELIJK:
        return False
    grens = scanmap.rusttijd_s if split_pad(ding.pad)[1].startswith(".") else scanmap.geduld_s
    return nu - ding.sinds < grens


def _groepen_per_bestand(map: str, alle: Sequence[Waarneming], scanmap: Scanmap, nu: float) -> list[Groep]:
    scans = [ding for ding in alle if ding.soort is Naamsoort.SCAN]
    indexen = [ding for ding in alle if ding.soort is Naamsoort.INDEX]
    klaren = [ding for ding in alle if _klaar_naam(split_pad(ding.pad)[1], scanmap) is not None]
    algemeen = _find_algemeen(alle, scanmap)
    algemene_klaren = [
        klaar
        for klaar in klaren
        if "{naam}" not in scanmap.klaarbestand and not any(_names_scan(klaar, scan, scanmap) for scan in scans)
    ]
    gedekt = _scans_with_klaarbestand(scans, algemene_klaren, scanmap) if algemene_klaren else []
    if any(_holds_back(index, scanmap, nu) for index in algemeen):
        return []
    groepen = []
    for scan in sorted(scans, key=lambda ding: natural_key(ding.pad)):
        eigen = [index for index in indexen if _is_sidecar(index, scan)]
        eigen_klaren = [klaar for klaar in klaren if _names_scan(klaar, scan, scanmap)]
        klaar = bool(eigen_klaren) or scan in gedekt
        if not klaar and not is_gerust(scan, nu, scanmap.rusttijd_s):
            continue
        if any(_holds_back(index, scanmap, nu) for index in eigen):
            continue
        groepen.append(
            Groep(
                map,
                (scan.pad,),
                _paden(eigen),
                _paden(ding for ding in eigen_klaren if ding.soort is Naamsoort.KLAAR),
                _paden([*algemeen, *(ding for ding in algemene_klaren if scan in gedekt)]),
            )
        )
    return groepen


def _holds_back(index: Waarneming, scanmap: Scanmap, nu: float) -> bool:
    """Is an index file still being written, so that the scans it may speak of must wait? Not longer than patience."""
    return not is_gerust(index, nu, scanmap.rusttijd_s) and nu - index.gezien < scanmap.geduld_s


def _is_sidecar(index: Waarneming, scan: Waarneming) -> bool:
    """Is the index file named after this one scan: brief.pdf.json, brief.pdf.csv or brief.csv?"""
    return is_named_after(index.pad, scan.pad)


def is_named_after(index: str, scan: str) -> bool:
    """Whether the index file at one path is named after the scan at the other."""
    stam = split_pad(index)[1].rpartition(".")[0].casefold()
    naam = split_pad(scan)[1].casefold()
    return stam in (naam, naam.rpartition(".")[0])


def may_be_about(index: str, scan: str) -> bool:
    """Whether an index file may be about this scan: a JSON is about the scan that it is named after alone."""
    return not index.casefold().endswith(".json") or is_named_after(index, scan)


def index_sleutel(scan: str) -> tuple[str, str]:
    """Return what an index file knows a scan by: its folder, and its name without capitals and extension."""
    map, naam = split_pad(scan)
    return map, naam.casefold().rpartition(".")[0] or naam.casefold()


def _names_scan(klaar: Waarneming, scan: Waarneming, scanmap: Scanmap) -> bool:
    """Does the done-file name this scan, with or without its suffix?"""
    bedoeld = _klaar_naam(split_pad(klaar.pad)[1], scanmap)
    naam = split_pad(scan.pad)[1].casefold()
    return bedoeld is not None and bedoeld.casefold() in (naam, naam.rpartition(".")[0])


def find_gebruikte(
    waarnemingen: Iterable[Waarneming], gebruikt: Mapping[str, float], scanmap: Scanmap, nu: float
) -> tuple[str, ...]:
    """Return index files and done-files that went along with single files and have nothing left to wait for.

    Args:
        waarnemingen: all that waits.
        gebruikt: paths of those that went along with a batch, with the time of the last one.
        scanmap: its settings.
        nu: the time.
    """
    alle = tuple(waarnemingen)
    druk = {split_pad(ding.pad)[0] for ding in alle if ding.soort is Naamsoort.SCAN}
    druk |= {split_pad(ding.pad)[0] for ding in alle if nu - ding.sinds < scanmap.los_rusttijd_s}
    return tuple(
        sorted(
            pad
            for pad, laatst in gebruikt.items()
            if split_pad(pad)[0] not in druk and nu - laatst >= scanmap.los_rusttijd_s
        )
    )


def find_overgebleven(waarnemingen: Iterable[Waarneming], scanmap: Scanmap, nu: float) -> tuple[str, ...]:
    """Return index files that lie at rest without a scan in their folder for longer than patience.

    One that came too late must not wait there: the next scan of the same name would go to the zaak of another.
    """
    alle = tuple(waarnemingen)
    met_scans = {split_pad(ding.pad)[0] for ding in alle if ding.soort is Naamsoort.SCAN}
    return tuple(
        sorted(
            ding.pad
            for ding in alle
            if ding.soort is Naamsoort.INDEX
            and split_pad(ding.pad)[0] not in met_scans
            and nu - ding.sinds >= scanmap.geduld_s
        )
    )


def _paden(dingen: Iterable[Waarneming]) -> tuple[str, ...]:
    return tuple(sorted((ding.pad for ding in dingen), key=natural_key))
