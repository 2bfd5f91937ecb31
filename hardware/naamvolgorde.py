"""The order in which people see the files of a folder, which is that of the pages. Pure."""

from __future__ import annotations

import re
import unicodedata

_CIJFERS = re.compile(r"(\d+)")


def natural_key(pad: str) -> tuple[object, ...]:
    """Sort key by which scan2 comes before scan10 and "brief één" before "brief twee".

    Neither capitals nor accents count, until nothing else differs; nothing is equal but the same path.
    """
    delen = _CIJFERS.split(_fold(pad))
    # At every place of the split text and number alternate, so that only like is compared with like.
    return (tuple((int(deel), deel) if plaats % 2 else deel for plaats, deel in enumerate(delen)), pad)


def _fold(tekst: str) -> str:
    """Return text without capitals and accents; taken apart again, for folding puts some together."""
    uiteen = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", tekst).casefold())
    return "".join(teken for teken in uiteen if not unicodedata.combining(teken))
