"""Where does one document end and the next begin? Pure: codes and names in, documents with reasons out.

A batch is read as streams. Every multi-page file is a stream; all files of one page together are one. In a stream a
scheidingsblad decides; without any, a multi-page file is one document, and so are the loose pages of a batch, unless an
index file or the zaaknummers in their names tell them apart. Nothing a scheidingsblad says goes on into another stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from hardware.scanmap import Indexregel
from kwaliteitscontrole.bevinding import Bevinding, Ernst, Plaats
from scanstraat.domain import Koppelreden
from scanstraat.errors import ScheidingsbladError
from scanstraat.intake.codes import Code, find_codes
from scanstraat.intake.splitsbevindingen import build_bevinding
from scanstraat.scheidingscode import Scheidingsblad, is_scheidingscode, parse_code

__all__ = [
    "Beeldfeit",
    "Bronfeit",
    "Code",
    "Documentdeel",
    "Scheiding",
    "Scheidingsoort",
    "Splitsbevinding",
    "Splitsing",
    "Splitsregels",
    "find_codes",
    "find_zaaknummers",
    "match_index",
    "number_bladen",
    "splits_batch",
]

PATCHT = "PATCHT"
MAXIMALE_LENGTE_TEKST = 20_000  # characters of a page that are searched for a zaaknummer


@dataclass(frozen=True)
class Bronfeit:
    """One delivered file: `naam` as delivered, with its folder before it; what an index file said of it."""

    id: UUID
    naam: str
    aantal_beelden: int
    index: Indexregel | None = None


@dataclass(frozen=True)
class Beeldfeit:
    """One page image: page `n` of its bron, on sheet `blad` of the batch. `blanco` None is "not measured"."""

    id: UUID
    bron: Bronfeit
    n: int
    blad: int
    codes: tuple[Code, ...] = ()
    blanco: bool | None = None


@dataclass(frozen=True)
class Splitsregels:
    """What the profile says about separation.

    Args:
        patroon: finds a zaaknummer in a name or a barcode.
        profiel: name of the profile the batch was taken in under; "" does not compare it with the Batchblad.
    """

    duplex: bool = False
    patcht: bool = True
    patroon: str = r"ZAAK-\d{4}-\d{4,10}"
    profiel: str = ""


class Scheidingsoort(StrEnum):
    """What a separator sheet turned out to be."""

    BATCHBLAD = "batchblad"
    DOCUMENTBLAD = "documentblad"
    BIJLAGEBLAD = "bijlageblad"
    EINDBLAD = "eindblad"
    PATCHT = "patcht"  # a plain separator: a new document, nothing more
    ONLEESBAAR = "onleesbaar"  # meant as a scheidingsblad, but what it says cannot be believed


@dataclass(frozen=True)
class Scheiding:
    """One side of a separator sheet. `blad` is what the code says; None where there is none to believe."""

    beeld: UUID
    soort: Scheidingsoort
    blad: Scheidingsblad | None = None
    code_op_deze_kant: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return what is stored with the beeld."""
        blad = self.blad
        inhoud = {} if blad is None else {"zaak": blad.zaak, "batch": blad.batch, "bladen": blad.bladen}
        return {"soort": self.soort.value, "code_op_deze_kant": self.code_op_deze_kant, **inhoud}


@dataclass(frozen=True)
class Documentdeel:
    """A document as cut out of the batch, with every reason found for its zaak.

    `wacht_omdat` "" means the reasons decide; otherwise a person must say the zaak, for this reason (Dutch).
    `bijlage_bij` is the place in `Splitsing.documenten` of the document that a Bijlageblad refers to.
    """

    beelden: tuple[UUID, ...]
    kandidaten: tuple[Koppelreden, ...] = ()
    titel: str = ""
    bladen_verwacht: int | None = None
    wacht_omdat: str = ""
    bijlage_bij: int | None = None


@dataclass(frozen=True)
class Splitsbevinding:
    """A finding and what it is about: a beeld, or the whole batch when that is None."""

    bevinding: Bevinding
    beeld: UUID | None = None


@dataclass(frozen=True)
class Splitsing:
    """A batch, cut: every beeld is in exactly one document or on exactly one scheidingsblad."""

    documenten: tuple[Documentdeel, ...]
    scheidingsbladen: tuple[Scheiding, ...]
    bevindingen: tuple[Splitsbevinding, ...]
    scanoperator: str = ""  # "" is not said
    profiel: str = ""  # as the Batchblad says; "" is not said
    bladen_opgegeven: int | None = None
    bladen_per_bron: Mapping[UUID, int] = field(default_factory=dict)  # what lines of an index declare


# ----------------------------------------------------------------------------------------------- numbers and names


def find_zaaknummers(tekst: str, patroon: str) -> tuple[str, ...]:
    """Return the different zaaknummers in a text, in order. A number inside a longer word or number does not count."""
    vondsten = re.finditer(rf"(?<![0-9A-Za-z])(?:{patroon})(?![0-9A-Za-z])", tekst[:MAXIMALE_LENGTE_TEKST])
    return tuple(dict.fromkeys(vondst.group() for vondst in vondsten if vondst.group()))


def number_bladen(bronnen: Sequence[Bronfeit], *, duplex: bool) -> tuple[tuple[tuple[int, str], ...], ...]:
    """Number the sheets of a batch from 1: per bron, per page the sheet and its side ("voor" or "achter").

    In duplex two pages share a sheet, front first. A multi-page file begins a new sheet; loose pages that follow each
    other pair up as they come.
    """
    bladen: list[tuple[tuple[int, str], ...]] = []
    blad, kant_vrij = 0, False  # is the back of the last sheet still free, for a loose page?
    for bron in bronnen:
        los = bron.aantal_beelden == 1
        kant_vrij = kant_vrij and los and duplex
        van_bron = []
        for _ in range(bron.aantal_beelden):
            kant = "achter" if kant_vrij else "voor"
            blad += 0 if kant_vrij else 1
            van_bron.append((blad, kant))
            kant_vrij = duplex and not kant_vrij
        kant_vrij = kant_vrij and los
        bladen.append(tuple(van_bron))
    return tuple(bladen)


def match_index(
    regels: Sequence[Indexregel], namen: Sequence[str], *, gedeeld: Sequence[Indexregel] = ()
) -> tuple[dict[str, Indexregel], tuple[Bevinding, ...]]:
    """Say which line of the index files belongs to which delivered file, and what does not fit.

    A line names a file by the end of its path, with or without extension; capitals and the kind of slash do not count.

    Args:
        gedeeld: lines of an index that is about other batches too: it is no news when they name none of these files.
    """
    gevonden: dict[str, Indexregel] = {}
    bestanden = _Namen(namen)
    over: list[Indexregel] = []
    dubbel: set[str] = set()
    for plek, regel in enumerate((*regels, *gedeeld)):
        passend = bestanden.find(regel.bestand)
        if len(passend) > 1 and not regel.bestand.endswith("*"):
            passend, is_over = [], True
        else:
            is_over = not passend and plek < len(regels)
        if is_over:
            over.append(regel)
        for naam in passend:
            if gevonden.setdefault(naam, regel) != regel:
                dubbel.add(naam)
    for naam in dubbel:
        del gevonden[naam]
    zonder = [naam for naam in namen if (regels or gedeeld) and naam not in gevonden and naam not in dubbel]
    tellingen = (
        ("index_zonder_bestand", len(over)),
        ("index_dubbel", len(dubbel)),
        ("bestand_niet_in_index", len(zonder)),
    )
    return gevonden, tuple(build_bevinding(code, waarden={"aantal": aantal}) for code, aantal in tellingen if aantal)


class _Namen:
    """Delivered files, found by the end of their path without looking at every one of them."""

    def __init__(self, namen: Sequence[str]) -> None:
        self._alle = list(namen)
        self._delen = {naam: _path_parts(naam) for naam in namen}
        self._bij_naam: dict[str, list[str]] = {}  # last part of the path, with and without extension
        self._bij_map: dict[str, list[str]] = {}
        for naam, delen in self._delen.items():
            for einde in {delen[-1], _strip_extension(delen[-1])} if delen else ():
                self._bij_naam.setdefault(einde, []).append(naam)
            if len(delen) > 1:
                self._bij_map.setdefault(delen[-2], []).append(naam)

    def find(self, bestand: str) -> list[str]:
        """Return the files that a line of an index can mean; the longest end of a path that fits decides."""
        *mappen, gezocht = _path_parts(bestand) or ("",)
        if gezocht == "*":
            namen = self._bij_map.get(mappen[-1], []) if mappen else self._alle
            return [naam for naam in namen if self._ends_in(naam, mappen)]
        namen = self._bij_naam.get(gezocht, [])
        for begin in range(len(mappen) + 1):
            passend = [naam for naam in namen if self._ends_in(naam, mappen[begin:])]
            if passend:
                return passend
        return []

    def _ends_in(self, naam: str, mappen: Sequence[str]) -> bool:
        return not mappen or self._delen[naam][:-1][-len(mappen) :] == tuple(mappen)


def _strip_extension(naam: str) -> str:
    return naam.rpartition(".")[0] or naam


def _path_parts(pad: str) -> tuple[str, ...]:
    return tuple(deel for deel in pad.replace("\\", "/").casefold().split("/") if deel not in ("", "."))


# ----------------------------------------------------------------------------------------------- what a sheet says


@dataclass(frozen=True)
class _Vel:
    """All sides of one sheet within one stream, and what it is when it separates."""

    beelden: tuple[Beeldfeit, ...]
    soort: Scheidingsoort | None = None
    blad: Scheidingsblad | None = None
    uitleg: str = ""  # Dutch: why it is unreadable


def _read_vel(beelden: tuple[Beeldfeit, ...], regels: Splitsregels) -> _Vel:
    teksten = {code.tekst for beeld in beelden for code in beeld.codes if code.leesbaar}
    eigen = {tekst for tekst in teksten if is_scheidingscode(tekst)}
    gelezen: set[Scheidingsblad] = set()
    uitleg = ""
    for tekst in sorted(eigen):
        try:
            gelezen.add(parse_code(tekst))
        except ScheidingsbladError as exc:
            uitleg = str(exc)
    if len(gelezen) == 1:  # one good code is enough: its twin on the same sheet may be damaged
        blad = gelezen.pop()
        return _Vel(beelden, Scheidingsoort(blad.soort.value), blad)
    if len(gelezen) > 1:
        uitleg = "Op dit blad staan twee verschillende scheidingscodes."
    if uitleg:
        return _Vel(beelden, Scheidingsoort.ONLEESBAAR, uitleg=uitleg)
    if regels.patcht and PATCHT in {tekst.strip().upper() for tekst in teksten}:
        return _Vel(beelden, Scheidingsoort.PATCHT)
    return _Vel(beelden)


# ----------------------------------------------------------------------------------------------- cutting


def splits_batch(beelden: Sequence[Beeldfeit], regels: Splitsregels) -> Splitsing:
    """Cut a batch into documents. `beelden` are all page images, in the order of delivery."""
    losse = [beeld for beeld in beelden if beeld.bron.aantal_beelden == 1]
    werk = _Snijwerk(regels)
    los_gedaan = False
    for _, groep in groupby(beelden, key=lambda beeld: beeld.bron.id):
        stroom = list(groep)
        if stroom[0].bron.aantal_beelden != 1:
            werk.snij_stroom(stroom)
        elif not los_gedaan:
            los_gedaan = True
            werk.snij_losse(losse)
    return werk.sluit_af(beelden)


@dataclass(frozen=True)
class _Begin:
    """What opened the document that is being collected: a sheet, or (None) the beginning of its stream."""

    vel: _Vel | None = None
    kandidaten: tuple[Koppelreden, ...] = ()
    bladen: int | None = None
    wacht_omdat: str = ""
    bijlage_bij: int | None = None


# Sheets after which a document must come
_OPENERS = frozenset(
    {Scheidingsoort.DOCUMENTBLAD, Scheidingsoort.BIJLAGEBLAD, Scheidingsoort.PATCHT, Scheidingsoort.ONLEESBAAR}
)
_NA_EINDBLAD = "Deze bladen liggen tussen een Eindblad en het volgende scheidingsblad."
_NA_ONLEESBAAR = "Het scheidingsblad voor dit document is onleesbaar."
_NA_BATCHBLAD = "Deze bladen liggen achter een Batchblad midden in de batch."
_ZONDER_HOOFD = "Het is een bijlage, maar het document ervoor ontbreekt."
_HOOFD_WACHT = "Het is een bijlage, en het document ervoor wacht ook."
_NA_LEEG = "Er lagen twee scheidingsbladen achter elkaar; het laatste noemt geen zaak."


@dataclass
class _Snijwerk:
    """Collects documents stream by stream."""

    regels: Splitsregels
    documenten: list[Documentdeel] = field(default_factory=list)
    scheidingen: list[Scheiding] = field(default_factory=list)
    bevindingen: list[Splitsbevinding] = field(default_factory=list)
    batchbladen: list[Scheidingsblad] = field(default_factory=list)
    hoofd: int | None = None  # the document that a Bijlageblad would refer to

    def snij_losse(self, losse: Sequence[Beeldfeit]) -> None:
        """Cut all files of one page: by scheidingsbladen, or else by what index file and names tell apart."""
        if any(vel.soort for vel in self._vellen(losse)):
            self.snij_stroom(losse)
            return
        groepen: dict[object, list[Beeldfeit]] = {}
        for beeld in losse:
            groepen.setdefault(_loose_key(beeld.bron, self.regels.patroon), []).append(beeld)
        for groep in groepen.values():
            self._maak_document(_Begin(), groep)

    def snij_stroom(self, stroom: Sequence[Beeldfeit]) -> None:
        """Cut one stream at its scheidingsbladen."""
        self.hoofd = None
        begin, paginas = _Begin(), list[Beeldfeit]()
        vellen = list(self._vellen(stroom))
        soorten = {vel.soort for vel in vellen if vel.soort is not None}
        for vel in vellen:
            if vel.soort is None:
                paginas.extend(vel.beelden)
                continue
            self._note_scheiding(vel)
            if paginas and begin.vel is None and soorten != {Scheidingsoort.PATCHT}:
                self._meld("bladen_voor_scheidingsblad", paginas[0])
            self._sluit_document(begin, paginas, volgende=vel)
            begin, paginas = self._open(vel, begin, leeg=not paginas), []
        self._sluit_document(begin, paginas, volgende=None)

    def sluit_af(self, beelden: Sequence[Beeldfeit]) -> Splitsing:
        """Check what can only be seen over the whole batch and give the result."""
        in_documenten = {beeld for deel in self.documenten for beeld in deel.beelden}
        for beeld in beelden:
            onleesbaar = next((code for code in beeld.codes if not code.leesbaar), None)
            if onleesbaar is not None and beeld.id in in_documenten:
                self._meld("code_onleesbaar", beeld, plaats=onleesbaar.plaats)
        scanoperator = self._find_scanoperator(beelden)
        self._check_profiel()
        batchblad = self.batchbladen[0] if len(self.batchbladen) == 1 else None
        return Splitsing(
            tuple(self.documenten),
            tuple(self.scheidingen),
            tuple(self.bevindingen),
            scanoperator=scanoperator,
            profiel="" if batchblad is None else batchblad.profiel,
            bladen_opgegeven=None if batchblad is None else batchblad.bladen,
            bladen_per_bron=self._bladen_per_bron(beelden),
        )

    def _vellen(self, stroom: Iterable[Beeldfeit]) -> Iterator[_Vel]:
        for _, zijden in groupby(stroom, key=lambda beeld: beeld.blad):
            yield _read_vel(tuple(zijden), self.regels)

    def _meld(
        self,
        code: str,
        beeld: Beeldfeit | None = None,
        *,
        plaats: Plaats | None = None,
        ernst: Ernst | None = None,
        waarden: Mapping[str, object] | None = None,
    ) -> None:
        bevinding = build_bevinding(code, plaats=plaats, ernst=ernst, waarden=waarden)
        self.bevindingen.append(Splitsbevinding(bevinding, None if beeld is None else beeld.id))

    def _note_scheiding(self, vel: _Vel) -> None:
        assert vel.soort is not None
        for beeld in vel.beelden:
            met_code = any(_separates(code, self.regels) for code in beeld.codes)
            self.scheidingen.append(Scheiding(beeld.id, vel.soort, vel.blad, met_code))
            if not met_code and beeld.blanco is False:
                self._meld("scheidingsblad_beschreven", beeld)
        if vel.soort is Scheidingsoort.ONLEESBAAR:
            self._meld("scheidingsblad_onleesbaar", vel.beelden[0], waarden={"uitleg": vel.uitleg})

    def _open(self, vel: _Vel, vorige: _Begin, *, leeg: bool) -> _Begin:
        """Begin what a sheet opens. `leeg`: nothing lay between this sheet and `vorige`."""
        overgeslagen = leeg and vorige.vel is not None and vorige.vel.soort in _OPENERS
        if overgeslagen:
            self.hoofd = None  # the document that should lie here is missing; nothing may be attached to an earlier one
        match vel.soort:
            case Scheidingsoort.DOCUMENTBLAD:
                assert vel.blad is not None
                reden = Koppelreden("scheidingsblad", vel.blad.zaak, "zaaknummer in de code op het scheidingsblad")
                return _Begin(vel, (reden,), vel.blad.bladen)
            case Scheidingsoort.BIJLAGEBLAD:
                return self._open_bijlage(vel, vorige if overgeslagen else None)
            case Scheidingsoort.PATCHT if overgeslagen and vorige.kandidaten:
                return _Begin(vel, vorige.kandidaten, wacht_omdat=_NA_LEEG)
            case Scheidingsoort.BATCHBLAD:
                return self._open_batch(vel)
            case Scheidingsoort.EINDBLAD:
                self.hoofd = None
                return _Begin(vel, wacht_omdat=_NA_EINDBLAD)
            case Scheidingsoort.ONLEESBAAR:
                return _Begin(vel, wacht_omdat=_NA_ONLEESBAAR)
            case _:
                return _Begin(vel)

    def _open_bijlage(self, vel: _Vel, overgeslagen: _Begin | None) -> _Begin:
        bladen = None if vel.blad is None else vel.blad.bladen
        if self.hoofd is None:
            self._meld("bijlage_zonder_document", vel.beelden[0])
            kandidaten = () if overgeslagen is None else overgeslagen.kandidaten
            return _Begin(vel, kandidaten, bladen, _ZONDER_HOOFD)
        hoofd = self.documenten[self.hoofd]
        kandidaten = tuple(
            replace(reden, tekst=f"bijlage bij het document ervoor ({reden.tekst})") for reden in hoofd.kandidaten
        )
        return _Begin(vel, kandidaten, bladen, _HOOFD_WACHT if hoofd.wacht_omdat else "", self.hoofd)

    def _open_batch(self, vel: _Vel) -> _Begin:
        assert vel.blad is not None
        self.hoofd = None
        bekend = vel.blad in self.batchbladen
        if not bekend:
            self.batchbladen.append(vel.blad)
        eigen = {beeld.id for beeld in vel.beelden}
        eerder = self.documenten or any(scheiding.beeld not in eigen for scheiding in self.scheidingen)
        if bekend or not eerder:
            return _Begin(vel)
        self._meld("batchblad_midden", vel.beelden[0])
        return _Begin(vel, wacht_omdat=_NA_BATCHBLAD)

    def _sluit_document(self, begin: _Begin, paginas: Sequence[Beeldfeit], *, volgende: _Vel | None) -> None:
        if paginas:
            self._maak_document(begin, paginas)
            return
        vel = begin.vel
        if vel is None or vel.soort not in _OPENERS:
            return
        if volgende is None or volgende.soort not in _OPENERS:
            ernst = Ernst.LICHT if vel.soort is Scheidingsoort.PATCHT else None
            self._meld("scheidingsblad_zonder_document", vel.beelden[0], ernst=ernst)
            return
        onschuldig = vel.soort is Scheidingsoort.PATCHT or (vel.soort, vel.blad) == (volgende.soort, volgende.blad)
        ernst = Ernst.LICHT if onschuldig else None
        self._meld("scheidingsbladen_achter_elkaar", vel.beelden[0], ernst=ernst)

    def _maak_document(self, begin: _Begin, paginas: Sequence[Beeldfeit]) -> None:
        bronnen = list({beeld.bron.id: beeld.bron for beeld in paginas}.values())
        titels = {bron.index.titel for bron in bronnen if bron.index is not None}
        deel = Documentdeel(
            beelden=tuple(beeld.id for beeld in paginas),
            kandidaten=_unique((*begin.kandidaten, *_reasons_of(bronnen, paginas[0], self.regels.patroon))),
            titel=titels.pop() if len(titels) == 1 else "",
            bladen_verwacht=_declared_for_all(paginas) if begin.bladen is None else begin.bladen,
            wacht_omdat=begin.wacht_omdat,
            bijlage_bij=begin.bijlage_bij,
        )
        self.documenten.append(deel)
        soort = None if begin.vel is None else begin.vel.soort
        if soort is Scheidingsoort.EINDBLAD:
            self._meld("bladen_na_eindblad", paginas[0])
        elif begin.bijlage_bij is None:
            self.hoofd = len(self.documenten) - 1

    def _bladen_per_bron(self, beelden: Sequence[Beeldfeit]) -> dict[UUID, int]:
        """What lines of an index declare for their own file; not what one line says of a whole document."""
        beeld_van = {beeld.id: beeld for beeld in beelden}
        van_document = {
            beeld_van[beeld].bron.id
            for deel in self.documenten
            if _declared_for_all([beeld_van[beeld] for beeld in deel.beelden]) is not None
            for beeld in deel.beelden
        }
        regels = {beeld.bron.id: beeld.bron.index for beeld in beelden if beeld.bron.id not in van_document}
        return {bron: regel.bladen for bron, regel in regels.items() if regel is not None and regel.bladen is not None}

    def _check_profiel(self) -> None:
        """Paper prepared for other settings than it was scanned with must be noticed."""
        gezegd = {blad.profiel for blad in self.batchbladen} - {"", self.regels.profiel}
        if gezegd and self.regels.profiel:
            waarden = {"gezegd": ", ".join(sorted(gezegd)), "profiel": self.regels.profiel}
            self._meld("profiel_wijkt_af", waarden=waarden)

    def _find_scanoperator(self, beelden: Sequence[Beeldfeit]) -> str:
        """Batchblad first, then the index; sources of one kind that disagree say nothing."""
        if len(self.batchbladen) > 1:
            self._meld("batchbladen_tegenstrijdig")
            return ""
        namen = {blad.scanoperator for blad in self.batchbladen} - {""}
        if not namen:
            namen = {beeld.bron.index.scanoperator for beeld in beelden if beeld.bron.index is not None} - {""}
        if len(namen) > 1:
            self._meld("scanoperator_tegenstrijdig")
            return ""
        return namen.pop() if namen else ""


def _loose_key(bron: Bronfeit, patroon: str) -> object:
    """What tells loose pages apart: the document number or the line of an index, or the zaaknummers in the name."""
    if bron.index is not None:
        return ("index", bron.index.document or bron.id)
    return ("naam", frozenset(reden.zaakidentificatie for reden in _name_reasons(bron, patroon)))


def _declared_for_all(paginas: Sequence[Beeldfeit]) -> int | None:
    """Return the sheets that one line of an index declares for a document of more loose files; None when none does.

    When more lines of the document give a number, each speaks of its own file.
    """
    regels = {beeld.bron.id: beeld.bron.index for beeld in paginas}.values()
    van_document = [regel for regel in regels if regel is not None and regel.document]
    opgaven = [regel.bladen for regel in van_document if regel.bladen is not None]
    een_document = len(van_document) > 1 and len({regel.document for regel in van_document}) == 1
    return opgaven[0] if een_document and len(opgaven) == 1 else None


def _separates(code: Code, regels: Splitsregels) -> bool:
    return is_scheidingscode(code.tekst) or (regels.patcht and code.tekst.strip().upper() == PATCHT)


def _reasons_of(bronnen: Sequence[Bronfeit], eerste: Beeldfeit, patroon: str) -> Iterator[Koppelreden]:
    for bron in bronnen:
        if bron.index is not None and bron.index.zaak:
            yield Koppelreden("index", bron.index.zaak, "zaaknummer in het indexbestand")
    for bron in bronnen:
        yield from _name_reasons(bron, patroon)
    for code in eerste.codes:
        if code.leesbaar and not is_scheidingscode(code.tekst):
            # a sticker on the letter says no more than print on it, and could be anybody's
            for zaak in find_zaaknummers(code.tekst, patroon):
                yield Koppelreden("tekst", zaak, "zaaknummer in een streepjescode of QR-code op de eerste bladzijde")


def _name_reasons(bron: Bronfeit, patroon: str) -> Iterator[Koppelreden]:
    pad = PurePosixPath(bron.naam)
    for zaak in find_zaaknummers(pad.name, patroon):
        yield Koppelreden("naam", zaak, "zaaknummer in de bestandsnaam")
    for zaak in find_zaaknummers(str(pad.parent), patroon):
        yield Koppelreden("naam", zaak, "zaaknummer in de mapnaam")


def _unique(redenen: Iterable[Koppelreden]) -> tuple[Koppelreden, ...]:
    """Keep one reason per source and zaak, the first."""
    per_bron: dict[tuple[str, str], Koppelreden] = {}
    for reden in redenen:
        per_bron.setdefault((reden.bron, reden.zaakidentificatie), reden)
    return tuple(per_bron.values())
