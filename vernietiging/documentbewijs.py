"""A folder that proves one document: its files, the lines of the log about it, and why each line stands in the log.

Everything is believed because a line of the log commits to it, and the log because the auditor's policy names its keys
and who anchors it. What no line commits to is named, and proves nothing. Which lines are about the document says
`uittreksel`; that none was left out shows only in the whole log.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernietiging.beleid import Beleid
from vernietiging.boom import build_rand
from vernietiging.checkpoint import Checkpoint
from vernietiging.errors import (
    GebeurtenisError,
    LogboekGewijzigdError,
    NietVastTeStellenError,
    OnbekendeGebeurtenisError,
)
from vernietiging.gebeurtenis import SCHEMAS, ZONDER_GROND, Gebeurtenis, Veld, parse_blad, verpak
from vernietiging.logbewijs import parse_logbewijs, verify_logbewijs
from vernietiging.notitie import parse_notitie
from vernietiging.tegels import Tegelmap
from vernietiging.uittreksel import find_uittreksel
from vernietiging.verificatie import NIEUWER, Verankering, Verslag, find_verankering, verify_checkpoint

INHOUD = "bewijs.json"
ARCHIEF = "archief.pdf"  # the newest versie
SCHEMA = "scanstraat.bewijs/2"
_PAD = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANKERS = ("checkpoint", "getuigen/", "tijdstempels/", "wortels/")  # verified as anchors, not as files


@dataclass(frozen=True)
class Documentverslag:
    """A document that is proven."""

    document: str
    onderwerpen: frozenset[str]  # the ids from which `uittreksel` finds the lines
    regels: tuple[tuple[int, Gebeurtenis], ...]
    bestanden: tuple[str, ...]  # that a line of the log commits to
    onbewezen: tuple[str, ...]  # that no line commits to: they explain, and prove nothing
    verpakt: Mapping[tuple[int, str], Any]  # (line, field) -> what it packed away
    besluiten: Mapping[str, Any]  # subject of a besluit -> what was recorded of it
    checkpoint: Checkpoint
    verankering: Verankering

    @property
    def is_zonder_grond(self) -> bool:
        """Whether its lines say that its paper went while something stood in the way."""
        return any(gebeurtenis.soort == ZONDER_GROND for _, gebeurtenis in self.regels)


@dataclass(frozen=True)
class Volledigheid:
    """What the whole log says about a document besides its proof."""

    sindsdien: tuple[tuple[int, Gebeurtenis], ...]  # lines that came after the checkpoint of the proof
    andere_dozen: int  # dozen of its batch that are no part of the proof
    andere_stops: int  # stops that held its doos and are no part of the proof


def is_documentbewijs(map: Path) -> bool:
    """Whether this folder is such a proof, and not a log."""
    return (map / INHOUD).is_file()


def verify_documentbewijs(map: Path, beleid: Beleid) -> Documentverslag:
    """Return when everything in this folder that a line of the log commits to is what that line says.

    Raises:
        LogboekGewijzigdError: a file, a line, a proof or a key is not what it was.
        NietVastTeStellenError: something is missing, or it is not anchored as the policy asks.
    """
    inhoud = _read_inhoud(map)
    notitie = (map / "checkpoint").read_bytes()
    checkpoint = verify_checkpoint(parse_notitie(notitie), beleid)
    anker = find_verankering(map, beleid, checkpoint, notitie)
    if not anker.is_genoeg(beleid):
        raise NietVastTeStellenError("Het checkpoint van dit bewijs is niet verankerd zoals het beleid vraagt.")
    try:
        regels = tuple(_verify_regel(map, int(nummer), notitie) for nummer in inhoud["regels"])
    except OnbekendeGebeurtenisError as exc:
        _verify_bestanden(map, inhoud)  # what was changed is a change, whatever the lines say
        raise NietVastTeStellenError(f"{exc} {NIEUWER}") from exc
    if not regels:
        raise NietVastTeStellenError("In dit bewijs staat geen enkele regel van het logboek.")
    onderwerpen = _verify_onderwerpen(inhoud["document"], frozenset(inhoud["onderwerpen"]), dict(regels), map)
    verpakt = _verify_verpakt(inhoud["verpakt"], dict(regels))
    bekend = _find_hashes(map, regels, inhoud["bestanden"])
    _verify_bestanden(map, inhoud)
    _verify_archiefbestand(regels, inhoud["bestanden"].get(ARCHIEF))
    bewezen = tuple(sorted(pad for pad, sha256 in inhoud["bestanden"].items() if sha256 in bekend))
    onbewezen = tuple(sorted(set(inhoud["bestanden"]) - set(bewezen)))
    besluiten = _read_besluiten(map, regels, inhoud["bestanden"])
    return Documentverslag(
        inhoud["document"], onderwerpen, regels, bewezen, onbewezen, verpakt, besluiten, checkpoint, anker
    )


def verify_volledig(bewijs: Documentverslag, map: Path, verslag: Verslag) -> Volledigheid:
    """Return when no line about the document was left out of its proof.

    Args:
        bewijs: a proof that was verified.
        map: a log that was verified, and what was found.
    Raises:
        LogboekGewijzigdError: the proof is of another log, or a line was left out.
        NietVastTeStellenError: the log is older than the proof.
    """
    omvang, tegels = bewijs.checkpoint.omvang, Tegelmap(map)
    if verslag.checkpoint.omvang < omvang:
        raise NietVastTeStellenError(
            f"Het logboek is ouder dan dit bewijs: het heeft {verslag.checkpoint.omvang} regels, en het bewijs rust op "
            f"{omvang}. Vraag de organisatie het logboek te verankeren, en daarna een nieuw uittreksel."
        )
    if build_rand(tegels.knoop, omvang).wortel != bewijs.checkpoint.wortel:
        raise LogboekGewijzigdError("Dit bewijs komt niet uit dit logboek.")
    toen = find_uittreksel(bewijs.onderwerpen, lambda: tegels.read_alle(omvang))
    genoemd = dict(bewijs.regels)
    if weg := [f"{n} ({g.soort})" for n, g in sorted(toen.regels.items()) if n not in genoemd]:
        raise LogboekGewijzigdError(f"Uit dit bewijs is weggelaten: regel {', '.join(weg)}.")
    nu = find_uittreksel(bewijs.onderwerpen, lambda: tegels.read_alle(verslag.checkpoint.omvang))
    sindsdien = tuple((n, g) for n, g in sorted(nu.regels.items()) if n >= omvang)
    return Volledigheid(sindsdien, nu.andere_dozen, nu.andere_stops)


def _verify_onderwerpen(
    document: str, onderwerpen: frozenset[str], regels: Mapping[int, Gebeurtenis], map: Path
) -> frozenset[str]:
    """Return what the proof says it is about, when its lines are about that and each of it has a line."""
    bladen = [(nummer, (map / "regels" / f"{nummer}.json").read_bytes()) for nummer in sorted(regels)]
    hoort = find_uittreksel(onderwerpen, lambda: bladen)
    if vreemd := sorted(set(regels) - set(hoort.regels)):
        raise LogboekGewijzigdError(f"Regel {vreemd[0]} gaat niet over dit document.")
    versies = {g.gegevens["document"] for g in regels.values() if g.soort == "documentversie.gemaakt"}
    if versies != {document} or document not in onderwerpen:
        raise LogboekGewijzigdError(f"{INHOUD} noemt een ander document dan de regels.")
    if not onderwerpen <= hoort.genoemd:
        raise LogboekGewijzigdError(f"{INHOUD} noemt iets waarover geen regel gaat.")
    return onderwerpen


def _read_besluiten(
    map: Path, regels: tuple[tuple[int, Gebeurtenis], ...], bestanden: Mapping[str, str]
) -> dict[str, Any]:
    """Return what was recorded of each besluit, from files that were verified."""
    plekken = {sha256: pad for pad, sha256 in bestanden.items()}
    return {
        str(g.onderwerp): json.loads((map / plekken[g.gegevens["inhoud"]]).read_bytes())
        for _, g in regels
        if g.soort == "besluit.vastgelegd" and g.gegevens["inhoud"] in plekken
    }


def _verify_archiefbestand(regels: tuple[tuple[int, Gebeurtenis], ...], sha256: str | None) -> None:
    """The archive file is there: of the newest versie, as it was made and as it was delivered to its zaak."""
    versies = [g.onderwerp for _, g in regels if g.soort == "documentversie.gemaakt"]
    gezegd = {
        (g.soort, g.gegevens["pdf"])
        for _, g in regels
        if g.soort in ("documentversie.gearchiveerd", "aflevering.bevestigd") and g.onderwerp == versies[-1]
    }
    if not {("documentversie.gearchiveerd", sha256), ("aflevering.bevestigd", sha256)} <= gezegd:
        raise NietVastTeStellenError("Het archiefbestand ontbreekt, of de regels die zeggen dat het is afgeleverd.")


def _read_inhoud(map: Path) -> dict[str, Any]:
    try:
        inhoud = json.loads((map / INHOUD).read_bytes())
        goed = (
            inhoud["schema"] == SCHEMA
            and all(isinstance(nummer, int) and nummer >= 0 for nummer in inhoud["regels"])
            and all(isinstance(pad, str) and _PAD.fullmatch(pad) for pad in inhoud["bestanden"])
            and isinstance(inhoud["verpakt"], list)
            and all(isinstance(id_, str) and _ID.fullmatch(id_) for id_ in inhoud["onderwerpen"])
        )
    except (ValueError, LookupError, TypeError, RecursionError) as exc:
        raise LogboekGewijzigdError(f"{INHOUD} is onleesbaar.") from exc
    if not goed:
        raise LogboekGewijzigdError(f"{INHOUD} is geen inhoud van een bewijs.")
    return dict(inhoud)


def _verify_regel(map: Path, nummer: int, notitie: bytes) -> tuple[int, Gebeurtenis]:
    blad = (map / "regels" / f"{nummer}.json").read_bytes()
    inhoud = (map / "regels" / f"{nummer}.tlog-proof").read_bytes()
    bewijs = parse_logbewijs(inhoud)
    if bewijs.nummer != nummer or not inhoud.endswith(b"\n\n" + notitie):
        raise LogboekGewijzigdError(f"Het bewijs van regel {nummer} gaat over iets anders.")
    verify_logbewijs(bewijs, blad)
    try:
        return nummer, parse_blad(blad)
    except OnbekendeGebeurtenisError as exc:
        raise OnbekendeGebeurtenisError(f"Regel {nummer}: {exc}") from exc
    except GebeurtenisError as exc:
        raise LogboekGewijzigdError(f"Regel {nummer}: {exc}") from exc


def _verify_verpakt(verpakt: list[Any], regels: Mapping[int, Gebeurtenis]) -> dict[tuple[int, str], Any]:
    """Return what was packed away, of each field whose key and content give the commitment in the line."""
    gevonden = {}
    for deel in verpakt:
        try:
            nummer, veld = int(deel["regel"]), str(deel["veld"])
            gebeurtenis = regels[nummer]
            waarde, sleutel, inhoud = gebeurtenis.gegevens[veld], bytes.fromhex(deel["sleutel"]), deel["inhoud"]
            soort = SCHEMAS[gebeurtenis.soort, gebeurtenis.versie][veld]
            gelijk = soort is Veld.VERPAKT and verpak(sleutel, inhoud) == waarde
        except (ValueError, LookupError, TypeError, GebeurtenisError) as exc:
            raise LogboekGewijzigdError("Een sleutel van wat verpakt is, is onleesbaar.") from exc
        if not gelijk:
            raise LogboekGewijzigdError(f"Wat bij regel {nummer} verpakt zou zijn, is het niet.")
        gevonden[nummer, veld] = inhoud
    return gevonden


def _find_hashes(map: Path, regels: tuple[tuple[int, Gebeurtenis], ...], bestanden: Mapping[str, str]) -> set[str]:
    """Return every hash that a line commits to, and every hash in a manifest that such a line commits to."""
    bekend = {
        waarde
        for _, gebeurtenis in regels
        for veld, waarde in gebeurtenis.gegevens.items()
        if SCHEMAS[gebeurtenis.soort, gebeurtenis.versie][veld] in (Veld.HASH, Veld.OBJECT)
    }
    te_lezen = {pad: sha256 for pad, sha256 in bestanden.items() if pad.endswith(".json")}
    while nu := [pad for pad, sha256 in te_lezen.items() if sha256 in bekend]:  # a manifest may name another manifest
        for pad in nu:
            if _hash(map / pad) == te_lezen.pop(pad):
                bekend |= set(re.findall(r"[0-9a-f]{64}", (map / pad).read_text(encoding="utf-8")))
    return bekend


def _verify_bestanden(map: Path, inhoud: Mapping[str, Any]) -> None:
    """Return when the folder holds what its list names, and nothing else that somebody could take for proven."""
    for pad, sha256 in inhoud["bestanden"].items():
        if _hash(map / pad) != sha256:
            raise LogboekGewijzigdError(f"Het bestand {pad} is veranderd.")
    genoemd = {INHOUD, *inhoud["bestanden"]}
    genoemd |= {f"regels/{nummer}.{soort}" for nummer in inhoud["regels"] for soort in ("json", "tlog-proof")}
    for pad in sorted(p.relative_to(map).as_posix() for p in map.rglob("*") if not p.is_dir()):
        if pad not in genoemd and not pad.startswith(_ANKERS):
            raise LogboekGewijzigdError(f"Het bestand {pad} hoort niet bij dit bewijs.")


def _hash(pad: Path) -> str:
    try:
        with pad.open("rb") as bestand:
            return hashlib.file_digest(bestand, "sha256").hexdigest()
    except FileNotFoundError as exc:
        raise NietVastTeStellenError(f"Het bestand {pad.name} ontbreekt.") from exc
