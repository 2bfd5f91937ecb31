"""To which zaak does a document belong? Pure: reasons in, a decision with all its reasons out. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kwaliteitscontrole.bevinding import Bevinding
from scanstraat.domain import Koppelreden, Koppelstatus
from scanstraat.intake.splitsbevindingen import build_bevinding

TEKST = "tekst"  # a number read on the page: never enough alone, whatever the profile says


class Zaakstand(StrEnum):
    """What the zaaksysteem says of a number."""

    OPEN = "open"
    GESLOTEN = "gesloten"
    ONBEKEND = "onbekend"
    NIET_BEREIKBAAR = "niet_bereikbaar"  # it did not answer; the delivery asks again


@dataclass(frozen=True)
class Koppeling:
    """Where a document goes. `redenen` are all that were found, also those that did not decide."""

    zaak: str | None
    status: Koppelstatus
    redenen: tuple[Koppelreden, ...]
    bevindingen: tuple[Bevinding, ...] = ()


def bepaal_koppeling(
    kandidaten: Sequence[Koppelreden],
    vertrouwd: Collection[str],
    zaak_bestaat: Callable[[str], Zaakstand],
    *,
    wacht_omdat: str = "",
) -> Koppeling:
    """Decide on the zaak of a document.

    A trusted scheidingsblad, index file or name is enough alone. A number read on the page needs a second source that
    says the same, and counts only when the zaaksysteem knows it. Sources that disagree leave the choice to a person.

    Args:
        kandidaten: reasons, with `bron` "scheidingsblad", "index", "naam", "tekst", or another fact that supports a
            number that was read ("afzender", "zaaktype").
        vertrouwd: the sources that the profile trusts.
        zaak_bestaat: asks the zaaksysteem; called at most once per zaak.
        wacht_omdat: why a person must decide in any case; "" when nothing stands in the way.
    """
    zaken = list(dict.fromkeys(reden.zaakidentificatie for reden in kandidaten))
    standen = {zaak: zaak_bestaat(zaak) for zaak in zaken}
    redenen = tuple(r for r in kandidaten if r.bron != TEKST or standen[r.zaakidentificatie] is not Zaakstand.ONBEKEND)
    wacht = Koppeling(None, Koppelstatus.TE_KOPPELEN, redenen)
    if wacht_omdat or not redenen:
        return wacht
    bronnen: dict[str, set[str]] = {}  # source -> the zaken it names
    for reden in redenen:
        bronnen.setdefault(reden.bron, set()).add(reden.zaakidentificatie)
    gemeen = set.intersection(*bronnen.values())
    alleen_tekst = set(bronnen) == {TEKST}
    noemt_een = any(len(genoemd) == 1 for genoemd in bronnen.values())
    if len(gemeen) != 1 or not noemt_een:
        return wacht if alleen_tekst else _wait(redenen, _tegenspraak(bronnen))
    zaak = next(iter(gemeen))
    if not _is_enough(set(bronnen), vertrouwd):
        return wacht
    stand = standen[zaak]
    if stand is Zaakstand.ONBEKEND:
        return _wait(redenen, build_bevinding("zaak_onbekend", waarden={"zaak": zaak}))
    if stand is Zaakstand.GESLOTEN:
        return _wait(redenen, build_bevinding("zaak_gesloten", waarden={"zaak": zaak}))
    if stand is Zaakstand.NIET_BEREIKBAAR and not _is_enough(set(bronnen) - {TEKST}, vertrouwd):
        return wacht  # a number that was read counts only when the zaaksysteem knows it
    return Koppeling(zaak, Koppelstatus.GEKOPPELD, redenen)


def _is_enough(bronnen: set[str], vertrouwd: Collection[str]) -> bool:
    if any(bron != TEKST and bron in vertrouwd for bron in bronnen):
        return True
    return TEKST in bronnen and len(bronnen) > 1


def _wait(redenen: tuple[Koppelreden, ...], bevinding: Bevinding) -> Koppeling:
    return Koppeling(None, Koppelstatus.TE_KOPPELEN, redenen, (bevinding,))


def _tegenspraak(bronnen: dict[str, set[str]]) -> Bevinding:
    zaken = sorted(set.union(*bronnen.values()))
    return build_bevinding("bronnen_spreken_tegen", waarden={"zaken": ", ".join(zaken)})
