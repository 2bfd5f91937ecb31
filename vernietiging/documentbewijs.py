"""A folder that proves one document: its files, the lines of the log about it, and why each line stands in the log.

Everything is believed because a line of the log commits to it, and the log because the auditor's policy names its keys
and who anchors it. What no line commits to is named, and proves nothing.
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
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.gebeurtenis import SCHEMAS, Gebeurtenis, Veld, parse_blad, verpak
from vernietiging.logbewijs import parse_logbewijs, verify_logbewijs
from vernietiging.notitie import parse_notitie
from vernietiging.verificatie import Verankering, find_verankering, verify_checkpoint

INHOUD = "bewijs.json"
SCHEMA = "scanstraat.bewijs/1"
_PAD = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_ANKERS = ("checkpoint", "getuigen/", "tijdstempels/", "wortels/")  # verified as anchors, not as files


@dataclass(frozen=True)
class Documentverslag:
    """A document that is proven."""

    regels: tuple[tuple[int, Gebeurtenis], ...]
    bestanden: tuple[str, ...]  # that a line of the log commits to
    onbewezen: tuple[str, ...]  # that no line commits to: they explain, and prove nothing
    verpakt: Mapping[tuple[int, str], Any]  # (line, field) -> what it packed away
    omvang: int
    verankering: Verankering


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
    regels = tuple(_verify_regel(map, int(nummer), notitie) for nummer in inhoud["regels"])
    if not regels:
        raise NietVastTeStellenError("In dit bewijs staat geen enkele regel van het logboek.")
    verpakt = _verify_verpakt(inhoud["verpakt"], dict(regels))
    bekend = _find_hashes(map, regels, inhoud["bestanden"])
    for pad, sha256 in inhoud["bestanden"].items():
        if _hash(map / pad) != sha256:
            raise LogboekGewijzigdError(f"Het bestand {pad} is veranderd.")
    _verify_archiefbestand(regels, set(inhoud["bestanden"].values()))
    _verify_niets_anders(map, inhoud)
    bewezen = tuple(sorted(pad for pad, sha256 in inhoud["bestanden"].items() if sha256 in bekend))
    onbewezen = tuple(sorted(set(inhoud["bestanden"]) - set(bewezen)))
    return Documentverslag(regels, bewezen, onbewezen, verpakt, checkpoint.omvang, anker)


def _verify_archiefbestand(regels: tuple[tuple[int, Gebeurtenis], ...], hashes: set[str]) -> None:
    """The archive file is there, proven when it was made and delivered to its zaak."""
    gemaakt = [g for _, g in regels if g.soort == "documentversie.gearchiveerd"]
    bevestigd = {(g.onderwerp, g.gegevens["pdf"]) for _, g in regels if g.soort == "aflevering.bevestigd"}
    if not any((g.onderwerp, g.gegevens["pdf"]) in bevestigd and g.gegevens["pdf"] in hashes for g in gemaakt):
        raise NietVastTeStellenError("Het archiefbestand ontbreekt, of de regels die zeggen dat het is afgeleverd.")


def _read_inhoud(map: Path) -> dict[str, Any]:
    try:
        inhoud = json.loads((map / INHOUD).read_bytes())
        goed = (
            inhoud["schema"] == SCHEMA
            and all(isinstance(nummer, int) and nummer >= 0 for nummer in inhoud["regels"])
            and all(isinstance(pad, str) and _PAD.fullmatch(pad) for pad in inhoud["bestanden"])
            and isinstance(inhoud["verpakt"], list)
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


def _verify_niets_anders(map: Path, inhoud: Mapping[str, Any]) -> None:
    """Return when the folder holds what its list names, and nothing else that somebody could take for proven."""
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
