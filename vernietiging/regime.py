"""The words and articles of the law that a label, a verklaring or a letter uses, one table per regime. Pure.

The Archiefwet 1995 is in force; the Archiefwet 2026 (Stb. 2026, 149) waits for a royal decree, so the day of transition
is a setting of the installation. Identifiers in code keep the words of 1995. The words of 2026 come from the
Toetsingskader Archiefwet of the inspectorate; its articles are those of drafts, or could not be read at all, and stand
in `niet_nagegaan`. docs/regimes.md says so to readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from vernietiging.vervangingsbesluit import Regime


@dataclass(frozen=True)
class Regimetabel:
    """Words without an article before them, and articles as the rest of a sentence ("op grond van ...").

    niet_nagegaan: names of the fields whose text comes from drafts or from descriptions of the law.
    """

    wet: str
    archiefbescheid: str
    archiefbescheiden: str
    zorgdrager: str
    selectielijst: str
    kwaliteitssysteem: str
    artikel_vervanging: str
    artikel_weergave: str
    artikel_belangen: str
    artikel_bekendmaking: str
    artikel_aspecten: str
    artikel_kwaliteit: str
    artikel_vernietigingsproces: str
    artikel_verklaring: str
    niet_nagegaan: frozenset[str] = frozenset()


REGIMETABELLEN: Mapping[Regime, Regimetabel] = MappingProxyType(
    {
        Regime.ARCHIEFWET_1995: Regimetabel(
            wet="Archiefwet 1995",
            archiefbescheid="archiefbescheid",
            archiefbescheiden="archiefbescheiden",
            zorgdrager="zorgdrager",
            selectielijst="selectielijst",
            kwaliteitssysteem="kwaliteitssysteem",
            artikel_vervanging="artikel 7 van de Archiefwet 1995",
            artikel_weergave="artikel 6, eerste lid, van het Archiefbesluit 1995",
            artikel_belangen="artikel 2, eerste lid, onder c en d, van het Archiefbesluit 1995",
            artikel_bekendmaking="artikel 6, tweede lid, van het Archiefbesluit 1995",
            artikel_aspecten="artikel 26b van de Archiefregeling",
            artikel_kwaliteit="artikel 16 van de Archiefregeling",
            artikel_vernietigingsproces="artikel 26b, onder g, van de Archiefregeling",
            artikel_verklaring="artikel 8 van het Archiefbesluit 1995",
        ),
        Regime.ARCHIEFWET_2026: Regimetabel(
            wet="Archiefwet 2026",
            archiefbescheid="document",
            archiefbescheiden="documenten",
            zorgdrager="verantwoordelijk overheidsorgaan",
            selectielijst="selectiebesluit",
            kwaliteitssysteem="periodieke evaluatie",
            # The new Archiefbesluit and Archiefregeling were read as drafts only. Where they were silent or could not
            # be read the law itself is named, without a number.
            artikel_vervanging="artikel 4.2 van de Archiefwet 2026 en de artikelen 2.2 tot en met 2.4 van het "
            "Archiefbesluit daarbij",
            artikel_weergave="de Archiefwet 2026",
            artikel_belangen="de Archiefwet 2026",
            artikel_bekendmaking="artikel 4.2 van de Archiefwet 2026",
            artikel_aspecten="de artikelen 2.2 tot en met 2.4 van het Archiefbesluit bij de Archiefwet 2026",
            artikel_kwaliteit="artikel 4.2, tweede lid, onder c, van de Archiefwet 2026",
            artikel_vernietigingsproces="artikel 4.1 van de Archiefregeling bij de Archiefwet 2026",
            artikel_verklaring="artikel 4.2 van de Archiefregeling bij de Archiefwet 2026",
            niet_nagegaan=frozenset(
                {
                    "artikel_vervanging",
                    "artikel_weergave",
                    "artikel_belangen",
                    "artikel_bekendmaking",
                    "artikel_aspecten",
                    "artikel_kwaliteit",
                    "artikel_vernietigingsproces",
                    "artikel_verklaring",
                }
            ),
        ),
    }
)


def find_regime(dag: date, overgang: date) -> Regime:
    """Return the law on this day; `overgang` is the first day of the Archiefwet 2026."""
    return Regime.ARCHIEFWET_1995 if dag < overgang else Regime.ARCHIEFWET_2026
