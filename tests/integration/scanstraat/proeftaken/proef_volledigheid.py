"""The look at a delivered file, as a task of the sandbox, for tests."""

from __future__ import annotations

import os
from typing import Any

from scanstraat.intake.volledigheid import Eisen, onderzoek


def bekijk(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    gevonden = onderzoek(bestanden[0], Eisen(**gegevens))
    return {
        "soort": gevonden.soort,
        "aantal": gevonden.aantal_beelden,
        "is_scan": gevonden.is_scan,
        "codes": [bevinding.code for bevinding in gevonden.bevindingen],
        "vervangbaar": all(bevinding.vervangbaar for bevinding in gevonden.bevindingen),
        "plaats": os.lseek(bestanden[0], 0, os.SEEK_CUR),
    }
