"""What happens to a step after an error: wait and go on by itself, try a few times, or park for a person. Pure."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from hardware.errors import HardwareError
from kwaliteitscontrole.errors import GereedschapError, KwaliteitscontroleError
from scanstraat.errors import (
    AlleenLezenError,
    OpslagBeschadigdError,
    OpslagError,
    OpslagVolError,
    ScanstraatError,
    ZaaksysteemNietBereikbaarError,
    ZandbakError,
)

_VERWACHT = (ScanstraatError, KwaliteitscontroleError, HardwareError)
_KOMT_VANZELF_GOED = (AlleenLezenError, OpslagVolError, ZaaksysteemNietBereikbaarError)
_KAN_TOEVAL_ZIJN = (GereedschapError, ZandbakError, OpslagError)
_SCHIJF_VOL = {errno.ENOSPC, errno.EDQUOT}

ONVERWACHT = "onverwacht"
ONVERWACHT_TEKST = (
    "Onverwachte fout bij deze stap: zie het technische logboek. Probeer de stap opnieuw; blijft dit, waarschuw de "
    "functioneel beheerder."
)
DATABASE_TEKST = "De database is niet bereikbaar of heeft geen ruimte. De stap gaat vanzelf verder als dat is opgelost."
SCHIJF_TEKST = "De schijf is vol. Maak ruimte; de stap gaat daarna vanzelf verder."


@dataclass(frozen=True)
class Wachttijden:
    """How long between attempts: `eerst_s`, doubled each time up to `meest_s`; `pogingen` for what may be chance."""

    eerst_s: float = 5.0
    meest_s: float = 300.0
    pogingen: int = 3

    def after(self, poging: int) -> float:
        """Return the seconds to wait after attempt `poging`, counted from 1."""
        return float(min(self.eerst_s * 2.0 ** min(poging - 1, 30), self.meest_s))


@dataclass(frozen=True)
class Vervolg:
    """What to store with the step. `wacht_s` None means: parked, only a person starts it again."""

    code: str
    tekst: str
    wacht_s: float | None

    @property
    def onverwacht(self) -> bool:
        """True for an error that nobody foresaw, which belongs in the technical log with its place."""
        return self.code == ONVERWACHT


def decide_vervolg(fout: BaseException, poging: int, wachttijden: Wachttijden) -> Vervolg:
    """Decide what follows on `fout` in attempt `poging` (from 1).

    A full disk and a service that is down are waited for without end: the line goes on when they are back. A program
    that gave no answer may have been bad luck. Everything else would fail the same way again, so it is parked at once
    and the other work goes on.
    """
    if isinstance(fout, OperationalError):
        return Vervolg("database", DATABASE_TEKST, wachttijden.after(poging))
    if isinstance(fout, OSError) and fout.errno in _SCHIJF_VOL:
        return Vervolg("opslag_vol", SCHIJF_TEKST, wachttijden.after(poging))
    if not isinstance(fout, _VERWACHT):
        return Vervolg(ONVERWACHT, ONVERWACHT_TEKST, None)
    wacht_s = None
    if isinstance(fout, _KOMT_VANZELF_GOED) or (
        isinstance(fout, _KAN_TOEVAL_ZIJN)
        and not isinstance(fout, OpslagBeschadigdError)
        and poging < wachttijden.pogingen
    ):
        wacht_s = wachttijden.after(poging)
    return Vervolg(find_code(fout), str(fout), wacht_s)


def find_code(fout: BaseException) -> str:
    """Return the code for programs: the error's own, or its class name as in `opslag_vol` for OpslagVolError."""
    code = getattr(fout, "code", None)
    if isinstance(code, str):
        return code
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(fout).__name__.removesuffix("Error")).lower()
