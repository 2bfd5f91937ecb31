"""A folder with what somebody must look at: numbered archive files, and an overview that says what to look for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanstraat.cli.batches import write_pdf
from scanstraat.errors import NietMogelijkError
from scanstraat.intake.opslag import Opslag

OVERZICHT = "overzicht.txt"


@dataclass(frozen=True)
class Kijkstuk:
    """One file to look at, an archive file or a scan as it came, with what the overview says of it."""

    sha256: str | None
    titel: str
    regels: tuple[str, ...]
    soort: str = "pdf"


def write_kijkmap(opslag: Opslag, map_: Path, kop: Sequence[str], stukken: Sequence[Kijkstuk]) -> None:
    """Write the files, checked on the way, and the overview; the folder is for its owner alone.

    Names of files are numbers: a name or a title of a document would stay behind in the list of recent files.

    Raises:
        NietMogelijkError: the folder cannot be made, or something lies in it.
        OpslagError: a file is not what it was.
    """
    try:
        map_.mkdir(mode=0o700, parents=True, exist_ok=True)
        leeg = not any(map_.iterdir())
    except OSError as exc:
        raise NietMogelijkError(f"{map_} is geen map waar u in mag schrijven. Kies een andere map.") from exc
    if not leeg:
        raise NietMogelijkError(f"In {map_} liggen al bestanden. Kies een nieuwe of lege map.")
    breedte = max(2, len(str(len(stukken))))
    regels = [*kop, ""]
    for nummer, stuk in enumerate(stukken, start=1):
        naam = f"{nummer:0{breedte}d}.{stuk.soort}"
        write_pdf(opslag, stuk.sha256, map_ / naam)
        regels += [f"{naam}  {stuk.titel}", *(f"    {regel}" for regel in stuk.regels)]
    (map_ / OVERZICHT).write_text("\n".join(regels) + "\n", encoding="utf-8")
