"""Which days are werkdagen: Monday to Friday without the days of the Algemene termijnenwet art. 3, by `holidays`.

These are the public holidays with Goede Vrijdag (art. 3(2)) and 5 May of every year. Days that a royal decree puts
beside them (art. 3(3)) and the closing days of an organisation are no part of it: a controletermijn is no statutory
term, and the besluit can be given a day more.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from holidays import OPTIONAL, PUBLIC, country_holidays


def is_werkdag(dag: date) -> bool:
    """Whether the offices of the government are open on this day, as far as the law tells."""
    return dag.weekday() < 5 and dag not in _find_feestdagen(dag.year)


@lru_cache(maxsize=64)
def _find_feestdagen(jaar: int) -> frozenset[date]:
    # 5 May is a day off for everybody once in five years, and "optional" in the other four.
    return frozenset(country_holidays("NL", years=jaar, expand=False, categories=(PUBLIC, OPTIONAL)))
