"""Werkdagen are Monday to Friday without the days of the Algemene termijnenwet, and a controletermijn skips those."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from scanstraat.werkdagen import is_werkdag
from vernietiging.vervangingsbesluit import Controletermijn

FEESTDAGEN_2026 = [
    *(date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 4, 27), date(2026, 5, 5), date(2026, 5, 14)),
    *(date(2026, 5, 25), date(2026, 12, 25)),
]


def test_the_days_off_of_2026_are_exactly_these() -> None:
    dagen = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [dag for dag in dagen if dag.weekday() < 5 and not is_werkdag(dag)] == FEESTDAGEN_2026
    assert not any(is_werkdag(dag) for dag in dagen if dag.weekday() >= 5)


@pytest.mark.parametrize(
    ("dag", "werkdag"),
    [
        (date(2025, 4, 26), False),  # Koningsdag on Saturday, because the 27th is a Sunday
        (date(2025, 4, 28), True),  # and so not on Monday
        (date(2027, 4, 27), False),
        (date(2024, 3, 29), False),  # Goede Vrijdag
        (date(2024, 4, 1), False),  # tweede Paasdag
        (date(2038, 4, 26), False),  # the latest Easter there is: 25 April; Monday is tweede Paasdag
        (date(2028, 5, 5), False),  # 5 May counts every year, not once in five
        (date(2029, 5, 4), True),
        (date(2026, 5, 15), True),  # the Friday after Hemelvaart is one when a royal decree says so: not in the law
        (date(2024, 12, 31), True),
        (date(2028, 2, 29), True),
    ],
)
def test_a_day_is_a_werkdag_or_not(dag: date, werkdag: bool) -> None:
    assert is_werkdag(dag) is werkdag


@pytest.mark.parametrize(
    ("aantal", "begin", "einde"),
    [
        (1, date(2026, 4, 2), date(2026, 4, 7)),  # over Easter: Thursday, then Tuesday
        (1, date(2026, 4, 24), date(2026, 4, 28)),  # over Koningsdag
        (5, date(2026, 12, 24), date(2027, 1, 4)),  # over Christmas and New Year: 28, 29, 30, 31 December, 4 January
        (2, date(2028, 2, 28), date(2028, 3, 1)),  # a leap day is a day
        (20, date(2026, 4, 1), date(2026, 5, 4)),
        (21, date(2026, 4, 1), date(2026, 5, 6)),
    ],
)
def test_a_term_in_werkdagen_skips_the_days_off(aantal: int, begin: date, einde: date) -> None:
    assert Controletermijn(aantal, "werkdagen").find_einde(begin, is_werkdag) == einde
