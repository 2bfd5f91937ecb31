"""Anchors of the log outside the building: witnesses sign the newest checkpoint, authorities stamp it.

What comes back is checked before it is kept, beside the log, under the size of the checkpoint it is about.
"""

from __future__ import annotations

import ssl
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from kwaliteitscontrole.woorden import count_words
from scanstraat import logstand
from scanstraat.config import Config, GetuigeConfig, TijdstempelConfig
from scanstraat.errors import InstellingError, NietGevondenError, NietMogelijkError
from vernietiging.beleid import GEEN, Beleid, Groep
from vernietiging.betekenis import Klok
from vernietiging.boom import build_consistentiebewijs
from vernietiging.checkpoint import parse_checkpoint, read_bericht
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError, VernietigingError
from vernietiging.getuige import Verzoek
from vernietiging.notitie import (
    Handtekening,
    Sleutel,
    parse_handtekening,
    parse_notitie,
    parse_vkey,
    verify_handtekening,
)
from vernietiging.tegels import Tegelmap, write_once, write_over
from vernietiging.tijdstempel import build_vraag, fingerprint, read_wortel, verify_tijdstempel
from vernietiging.verificatie import Verankering, find_verankering, verify_checkpoint

_D = TypeVar("_D", GetuigeConfig, TijdstempelConfig)

TIJDSLIMIET_S = 60.0
KORT_S = 10.0  # at the start, which waits for it
GETUIGEN = "getuigen"  # the group of all witnesses in the policy


@dataclass(frozen=True)
class Ankerverslag:
    """What an attempt to anchor brought: names of who answered well, and what went wrong with the others, in Dutch.

    genoeg: whether these are as many as the settings ask.
    """

    omvang: int
    getuigen: tuple[str, ...]
    tijdstempels: tuple[str, ...]
    fouten: tuple[str, ...]
    genoeg: bool

    @property
    def in_orde(self) -> bool:
        """True when everybody who was asked answered well."""
        return not self.fouten

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "in_orde": self.in_orde}

    def say(self) -> str:
        """Return the outcome in Dutch."""
        wie = [*self.getuigen, *self.tijdstempels]
        begin = f"Het checkpoint over {_count(self.omvang)} is verankerd bij: {', '.join(wie) or 'niemand'}."
        einde = ["Dat zijn er genoeg volgens de instellingen."] if self.fouten and self.genoeg else []
        return "\n".join((begin, *self.fouten, *einde))


def _count(omvang: int) -> str:
    return count_words(omvang, "gebeurtenis", "gebeurtenissen")


def build_beleid(config: Config, sleutels: tuple[Sleutel, ...]) -> Beleid:
    """Return what an auditor may believe: the keys of the log, all witnesses and all authorities of the settings."""
    logboek = config.logboek
    nodig_getuigen, nodig_stempels = logboek.aantallen
    getuigen = {getuige.naam: parse_vkey(getuige.sleutel) for getuige in logboek.getuige}
    groepen = {GETUIGEN: Groep(nodig_getuigen, tuple(getuigen))} if getuigen else {}
    stempels = {deel.naam: fingerprint(read_wortel(deel.wortel)) for deel in logboek.tijdstempel}
    return Beleid(sleutels, getuigen, groepen, GETUIGEN if groepen else GEEN, stempels, nodig_stempels)


def anchor(config: Config, omvang: int) -> Ankerverslag:
    """Ask every witness and authority about the checkpoint of this size; who answered before is not asked again.

    Raises:
        InstellingError: the settings name nobody to ask.
        LogboekGewijzigdError: there is no such checkpoint.
    """
    map = config.logboek.map
    if not _still(config.logboek.getuige) and not _still(config.logboek.tijdstempel):
        raise InstellingError(
            "Er is niemand om het logboek bij te verankeren. Zet in config.toml een getuige bij [[logboek.getuige]] of "
            "een tijdstempelautoriteit bij [[logboek.tijdstempel]]."
        )
    try:
        inhoud = (map / "checkpoints" / str(omvang)).read_bytes()
    except FileNotFoundError as exc:
        raise LogboekGewijzigdError(f"Er is geen checkpoint over {_count(omvang)} om te verankeren.") from exc
    fouten: list[str] = []

    def collect(namen: Iterator[tuple[str, Callable[[], None]]]) -> tuple[str, ...]:
        gelukt = []
        for naam, vraag in namen:
            try:
                vraag()
                gelukt.append(naam)
            except VernietigingError as exc:
                fouten.append(f"{naam}: {exc}")
            except (httpx.HTTPError, OSError, ValueError):
                fouten.append(f"{naam} antwoordt niet of niet goed. Het wordt later opnieuw gevraagd.")
        return tuple(gelukt)

    with httpx.Client(timeout=TIJDSLIMIET_S) as http:
        vast = (http, map, omvang, inhoud)
        stempels = collect((deel.naam, partial(_stamp, *vast, deel)) for deel in _still(config.logboek.tijdstempel))
        getuigen = collect((deel.naam, partial(_cosign, *vast, deel)) for deel in _still(config.logboek.getuige))
    nodig_getuigen, nodig_stempels = config.logboek.aantallen
    genoeg = len(getuigen) >= nodig_getuigen and len(stempels) >= nodig_stempels
    return Ankerverslag(omvang, getuigen, stempels, tuple(fouten), genoeg)


def _still(delen: Iterable[_D]) -> list[_D]:
    """Return who is still asked; the others count for what they saw before."""
    return [deel for deel in delen if not deel.gestopt]


def ask_getuigen(config: Config) -> None:
    """Ask every witness whether it saw more of the log than there is, and keep what it says (`logstand.find_elders`).

    The question is about the newest checkpoint as it is: no witness signs anything newer because of it. One that does
    not answer proves nothing, and is asked again at the next start.
    """
    omvang = logstand.read_omvang(config)
    if not omvang or not config.logboek.getuige:
        return
    inhoud = (config.logboek.map / "checkpoint").read_bytes()
    with httpx.Client(timeout=KORT_S) as http:
        for deel in (deel for deel in _still(config.logboek.getuige) if deel.url):
            with suppress(httpx.HTTPError, OSError, ValueError, VernietigingError):
                antwoord = _post(http, deel, Verzoek(omvang, (), parse_notitie(inhoud)).to_bytes())
                if antwoord.status_code == httpx.codes.CONFLICT and int(antwoord.text) > omvang:
                    logstand.save_elders(config.logboek.map, int(antwoord.text))


def is_anchored(config: Config, omvang: int) -> bool:
    """Whether everybody in the settings has answered about the checkpoint of this size."""
    map = config.logboek.map
    stempels = (map / "tijdstempels" / str(omvang) / f"{deel.naam}.tsr" for deel in _still(config.logboek.tijdstempel))
    getuigen = (_find_regel(map, omvang, parse_vkey(deel.sleutel)) for deel in _still(config.logboek.getuige))
    return all(pad.exists() for pad in stempels) and all(regel is not None for regel in getuigen)


@dataclass(frozen=True)
class Anker:
    """A checkpoint that is anchored as the policy asks."""

    omvang: int
    verankering: Verankering


def find_anker(config: Config, beleid: Beleid, regel: int) -> Anker | None:
    """Return the newest anchored checkpoint that covers this line of the log; everything about it is verified again.

    A policy that asks for nobody outside is never enough: the paper would go on our word alone.
    """
    if not beleid.minimaal_tijdstempels and beleid.quorum == GEEN:
        return None
    map = config.logboek.map
    for omvang in sorted((o for o in _sizes(map / "checkpoints") if o > regel), reverse=True):
        inhoud = (map / "checkpoints" / str(omvang)).read_bytes()
        checkpoint = verify_checkpoint(parse_notitie(inhoud), beleid)
        anker = find_verankering(map, beleid, checkpoint, inhoud)
        if checkpoint.omvang == omvang and anker.is_genoeg(beleid):
            return Anker(omvang, anker)
    return None


def build_klok(config: Config, beleid: Beleid, regels: Iterable[int]) -> Klok:
    """Return what the last stamp before each of these lines, and the first one over it, say about our clock."""
    map = config.logboek.map
    omvangen = sorted(_sizes(map / "tijdstempels"))
    plekken = [bisect_right(omvangen, regel) for regel in regels]
    nodig = {omvang for plek in plekken for omvang in omvangen[max(0, plek - 1) : plek + 1]}
    tijden = {}
    for omvang in sorted(nodig):
        inhoud = (map / "checkpoints" / str(omvang)).read_bytes()
        checkpoint = verify_checkpoint(parse_notitie(inhoud), beleid)
        tijden[omvang] = find_verankering(map, beleid, checkpoint, inhoud).find_tijd(beleid)
    return Klok((omvang, tijd) for omvang, tijd in tijden.items() if tijd is not None)


def _stamp(http: httpx.Client, map: Path, omvang: int, inhoud: bytes, deel: TijdstempelConfig) -> None:
    plaats = map / "tijdstempels" / str(omvang) / f"{deel.naam}.tsr"
    wortel = read_wortel(deel.wortel)
    # First, so that whoever verifies at this moment has what the stamp is believed on.
    write_over(map / "wortels" / f"{deel.naam}.pem", ssl.DER_cert_to_PEM_cert(wortel).encode())
    if not plaats.exists():
        antwoord = http.post(
            deel.url, content=build_vraag(inhoud), headers={"Content-Type": "application/timestamp-query"}
        ).raise_for_status()
        proef = plaats.with_name(f".{deel.naam}.ongezien")
        write_over(proef, antwoord.content)
        try:
            verify_tijdstempel(proef, inhoud, wortel)
            write_once(plaats, antwoord.content)
        finally:
            proef.unlink()


def build_getuigeverzoek(config: Config, naam: str, *, oud: int | None = None) -> bytes:
    """Return the request to a witness about the newest checkpoint, to travel as a file.

    Args:
        oud: how many events it saw before, by its own word; None is by the lines that it gave.
    Raises:
        NietGevondenError: the settings name no such witness, or nothing was sealed yet.
        LogboekGewijzigdError: it saw more than there is.
    """
    deel, map = _find_getuige(config, naam), config.logboek.map
    omvang = max(_sizes(map / "checkpoints"), default=0)
    if not omvang:
        raise NietGevondenError("Er is nog niets verzegeld. Doe dat eerst: scanstraat logboek verzegel")
    inhoud = (map / "checkpoints" / str(omvang)).read_bytes()
    return _build_verzoek(map, _find_oud(map, parse_vkey(deel.sleutel)) if oud is None else oud, omvang, inhoud)


def take_getuigeantwoord(config: Config, naam: str, antwoord: str) -> int:
    """Keep what a witness answered in a file; return the size of the checkpoint that it signed.

    Raises:
        NietGevondenError: the settings name no such witness.
        NietMogelijkError: it signed none of our checkpoints, or with another key.
    """
    deel, map = _find_getuige(config, naam), config.logboek.map
    for omvang in sorted(_sizes(map / "checkpoints"), reverse=True):
        with suppress(VernietigingError, ValueError):
            _keep_antwoord(map, omvang, (map / "checkpoints" / str(omvang)).read_bytes(), deel, antwoord)
            return omvang
    raise NietMogelijkError(
        f"Dit is geen antwoord van getuige {naam} op een checkpoint van dit logboek. Geef wat `teken` schreef."
    )


def _find_getuige(config: Config, naam: str) -> GetuigeConfig:
    for deel in config.logboek.getuige:
        if deel.naam == naam:
            return deel
    raise NietGevondenError(f"In config.toml staat bij [[logboek.getuige]] geen getuige {naam}.")


def _find_oud(map: Path, sleutel: Sleutel) -> int:
    """Return the size of the newest checkpoint of which this witness gave a line."""
    gezien = (grootte for grootte in _sizes(map / "getuigen") if _find_regel(map, grootte, sleutel) is not None)
    return max(gezien, default=0)


def _cosign(http: httpx.Client, map: Path, omvang: int, inhoud: bytes, deel: GetuigeConfig) -> None:
    sleutel = parse_vkey(deel.sleutel)
    if _find_regel(map, omvang, sleutel) is not None:
        return
    if not deel.url:
        raise NietVastTeStellenError(
            f"deze getuige krijgt een bestand. Maak het met: scanstraat logboek getuige {deel.naam} -o BESTAND"
        )
    oud = _find_oud(map, sleutel)
    antwoord = _ask(http, map, deel, oud, omvang, inhoud)
    if antwoord.status_code == httpx.codes.CONFLICT:  # it knows of another size: its last answer was lost
        antwoord = _ask(http, map, deel, int(antwoord.text), omvang, inhoud)
    if antwoord.status_code in {httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.CONFLICT}:
        raise LogboekGewijzigdError(
            "De getuige zag een ander logboek dan dit. Er is iets teruggezet of veranderd. Vernietig geen papier."
        )
    _keep_antwoord(map, omvang, inhoud, deel, antwoord.raise_for_status().text)


def _keep_antwoord(map: Path, omvang: int, inhoud: bytes, deel: GetuigeConfig, antwoord: str) -> None:
    sleutel = parse_vkey(deel.sleutel)
    regels = [parse_handtekening(regel) for regel in antwoord.splitlines()]
    checkpoint = parse_checkpoint(parse_notitie(inhoud).tekst)
    eigen = [regel for regel in regels if (regel.naam, regel.sleutel_id) == (sleutel.naam, sleutel.id)]
    if not eigen:
        raise NietVastTeStellenError("De getuige ondertekende met een andere sleutel dan in de instellingen staat.")
    for regel in eigen:
        verify_handtekening(sleutel, regel, read_bericht(checkpoint, sleutel, regel))
    _save_regels(map, omvang, eigen)


def _ask(http: httpx.Client, map: Path, deel: GetuigeConfig, oud: int, omvang: int, inhoud: bytes) -> httpx.Response:
    return _post(http, deel, _build_verzoek(map, oud, omvang, inhoud))


def _build_verzoek(map: Path, oud: int, omvang: int, inhoud: bytes) -> bytes:
    if oud > omvang:
        logstand.save_elders(map, oud)  # unless the log grew meanwhile this says that everything was put back
        raise LogboekGewijzigdError(
            f"De getuige zag al {_count(oud)}, het logboek heeft er {omvang}. Er is iets teruggezet."
        )
    bewijs = build_consistentiebewijs(Tegelmap(map).knoop, oud, omvang)
    return Verzoek(oud, bewijs, parse_notitie(inhoud)).to_bytes()


def _post(http: httpx.Client, deel: GetuigeConfig, verzoek: bytes) -> httpx.Response:
    return http.post(f"{deel.url.rstrip('/')}/add-checkpoint", content=verzoek)


def _save_regels(map: Path, omvang: int, regels: list[Handtekening]) -> None:
    """Keep the lines beside the log. Its newest checkpoint is the sealer's alone: it may be writing a newer one."""
    alle = dict.fromkeys((*_read_regels(map, omvang), *regels))
    write_over(map / "getuigen" / str(omvang), "".join(f"{regel.to_regel()}\n" for regel in alle).encode())


def _read_regels(map: Path, omvang: int) -> Iterator[Handtekening]:
    with suppress(FileNotFoundError):
        for regel in (map / "getuigen" / str(omvang)).read_text(encoding="utf-8").splitlines():
            yield parse_handtekening(regel)


def _find_regel(map: Path, omvang: int, sleutel: Sleutel) -> Handtekening | None:
    namen = (sleutel.naam, sleutel.id)
    return next((regel for regel in _read_regels(map, omvang) if (regel.naam, regel.sleutel_id) == namen), None)


def _sizes(map: Path) -> list[int]:
    return [int(pad.name) for pad in map.iterdir() if pad.name.isdecimal()] if map.is_dir() else []
