"""The page that goes with an export, for a reader who has nothing else: what is what, and how to verify it.

The text is `sjablonen/export.md`; what differs per export is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from scanstraat import sjablonen


def render_leesmij(kop: Mapping[str, Any]) -> str:
    """Return the page; `kop` is what stands in export.json."""
    logboek = kop["logboek"]
    tekst = resources.files(sjablonen).joinpath("export.md").read_text(encoding="utf-8")
    return tekst.format(
        organisatie=kop["organisatie"],
        gemaakt_op=kop["gemaakt_op"],
        programma=kop["programma"],
        documenten=kop["documenten"],
        objecten=kop["objecten"],
        regels=logboek["regels"],
        oorsprong=logboek["oorsprong"],
        wortel=logboek["wortel"],
        verankerd=_VERANKERD if logboek["verankerd"] else _NIET_VERANKERD,
        persoonsgegevens=_MET if kop["persoonsgegevens"] else _ZONDER,
        ontbreekt=_say_ontbreekt(kop["ontbreekt"]),
        mdto="zijn bij de export" if kop["mdto_gecontroleerd"] else "zijn bij de export NIET",
    )


def _say_ontbreekt(ontbreekt: list[str]) -> str:
    if not ontbreekt:
        return "Bij de export ontbrak er geen enkel bestand."
    lijst = "\n".join(f"- {sha256}" for sha256 in ontbreekt)
    return f"LET OP: deze bestanden waren bij de export al beschadigd of weg en staan er dus niet bij:\n{lijst}"


_VERANKERD = "Het nieuwste checkpoint is vastgelegd bij de getuigen en tijdstempelautoriteiten van `beleid.txt`."
_NIET_VERANKERD = (
    "LET OP: het nieuwste checkpoint is niet bij iemand buiten de organisatie vastgelegd. De handtekeningen kloppen, "
    "maar wie de sleutels van het logboek heeft, kan de laatste regels opnieuw hebben geschreven."
)
_MET = (
    "Hier staat wat achter de verpakte velden van het logboek staat (namen, zaaknummers, woorden van mensen), met per "
    "veld de sleutel waarmee dat is na te rekenen. Bewaar deze map apart en dicht. Wat gewist is, is ook hier weg."
)
_ZONDER = (
    "Deze map is bij de export weggelaten (`--zonder-persoonsgegevens`). De scans en de tabellen bevatten nog wel "
    "namen en zaaknummers."
)
