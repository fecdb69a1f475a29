from __future__ import annotations

import numpy as np

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.kernels.execution.session_breaks import NEAR_NS
from execution_parts import SessionBreaks

HOUR = NEAR_NS


def stock_days(days: int, close_hour: int = 20) -> list[tuple[int, int]]:
    """Breaks of a stock that trades from Monday to Friday, with Monday as day 0."""
    return [(day * DAY_NS + close_hour * HOUR, (65 if day % 7 == 4 else 17) * HOUR) for day in range(days) if day % 7 < 5]


def test_nights_and_weekends_are_usual_once_they_were_seen() -> None:
    breaks = SessionBreaks()
    found = [breaks.usual(*each) for each in stock_days(28)]
    assert found == [False, False, True, True, False, *[True] * 4, False, *[True] * 10]


def test_clocks_that_change_change_nothing() -> None:
    breaks = SessionBreaks()
    for each in stock_days(14):
        breaks.usual(*each)
    assert all(breaks.usual(14 * DAY_NS + start, length) for start, length in stock_days(14, close_hour=21))


def test_a_lunch_break_and_a_night_are_both_usual() -> None:
    breaks, found = SessionBreaks(), []
    for day in range(10):
        found.append((breaks.usual(day * DAY_NS + 4 * HOUR, HOUR), breaks.usual(day * DAY_NS + 8 * HOUR, 17 * HOUR)))
    assert found[3:] == [(True, True)] * 7


def test_a_session_that_ends_early_and_a_long_outage_are_not_usual() -> None:
    breaks = SessionBreaks()
    for each in stock_days(14):
        breaks.usual(*each)
    assert not breaks.usual(14 * DAY_NS + 17 * HOUR, 20 * HOUR)
    assert not breaks.usual(15 * DAY_NS + 20 * HOUR, 14 * 24 * HOUR)


def test_outages_that_grow_do_not_become_usual() -> None:
    breaks = SessionBreaks()
    days = [5, 5, 7, 10, 15, 22, 33, 49, 73]
    found = [breaks.usual(100 * place * DAY_NS, length * DAY_NS) for place, length in enumerate(days)]
    assert found == [False, False, True, False, False, False, False, False, False]


def test_outages_at_random_times_are_seldom_taken_for_a_session() -> None:
    generator = np.random.default_rng(1)
    breaks = SessionBreaks()
    found = [breaks.usual(int(start), HOUR) for start in generator.integers(0, 1000 * DAY_NS, 2_000)]
    assert sum(found) < 0.05 * len(found)


def test_what_is_remembered_is_taken_over() -> None:
    breaks, other = SessionBreaks(), SessionBreaks()
    days = stock_days(28)
    for each in days[:9]:
        breaks.usual(*each)
    other.freshness[:] = breaks.freshness
    assert [breaks.usual(*each) for each in days[9:]] == [other.usual(*each) for each in days[9:]]
