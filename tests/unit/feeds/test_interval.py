from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.bar_times import MONTH_NS, months_of
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, MINUTE_NS
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.feeds.interval import infer_interval, interval_of_steps, parse_interval, show_interval


@pytest.mark.parametrize(
    "text", ["", "h", "1", "0h", "-1h", "1.5h", "1x", "mo", "d", "h s", "one hour", "0month", "1mos", "١h"]
)
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        parse_interval(text)


@pytest.mark.parametrize("text", ["1M", "15 M"])
def test_what_may_be_a_month_is_no_minute(text: str) -> None:
    with pytest.raises(ConfigError, match=r"may mean minutes or months; write 15?m for minutes, 15?mo for months"):
        parse_interval(text)
    assert parse_interval("1H") == parse_interval("1h")


@pytest.mark.parametrize("text", ["367d", "53w", "15000w", "999999999w", "13mo", "5q", "2y", "999999999 years"])
def test_no_bar_is_longer_than_a_year(text: str) -> None:
    with pytest.raises(ConfigError, match="is longer than a year"):
        parse_interval(text)


@pytest.mark.parametrize(
    ("text", "months"), [("1mo", 1), ("month", 1), ("Monthly", 1), ("3 months", 3), ("1q", 3), ("quarterly", 3), ("1y", 12)]
)
def test_months_are_intervals_of_their_own(text: str, months: int) -> None:
    assert parse_interval(text) == months * MONTH_NS
    assert months_of(parse_interval(text)) == months
    assert parse_interval("30d") != parse_interval("1mo")


def test_words_stand_for_one() -> None:
    assert [parse_interval(word) for word in ("hour", "daily", "week", "2 days")] == [
        parse_interval(text) for text in ("1h", "1d", "1w", "2d")
    ]


@given(st.integers(1, 52), st.sampled_from(["ms", "s", "m", "min", "h", "d", "w"]) | st.just("mo"))
def test_an_interval_shown_is_read_back(count: int, unit: str) -> None:
    count = count if unit != "mo" else 1 + count % 12
    length = parse_interval(f"{count}{unit}")
    assert parse_interval(show_interval(length)) == length


def test_the_most_frequent_step_wins_over_gaps() -> None:
    starts = np.array([0, 1, 2, 10, 11, 50]) * parse_interval("1h")
    assert infer_interval(np.zeros(6, dtype=np.int64), starts, ("A",), "x") == parse_interval("1h")


def test_a_symbol_with_one_bar_says_nothing() -> None:
    code = np.array([0, 1, 0])
    assert infer_interval(code, np.array([0, 7, 60]), ("A", "B"), "x") == 60
    with pytest.raises(DataError, match="no symbol has two bars"):
        infer_interval(np.array([0, 1]), np.array([0, 7]), ("A", "B"), "x")


NEW_YORK, BERLIN, SYDNEY = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")
HOLIDAYS = {date(2024, 1, 1), date(2024, 1, 15), date(2024, 2, 19), date(2024, 3, 29), date(2024, 5, 27), date(2024, 7, 4)}


def workdays(first: date = date(2024, 1, 1), days: int = 200) -> list[date]:
    found = (first + timedelta(number) for number in range(days))
    return [day for day in found if day.weekday() < 5 and day not in HOLIDAYS]


def local(days: list[date], clocks: list[tuple[int, int]], zone: ZoneInfo) -> np.ndarray:
    at = [datetime.combine(day, time(*clock), zone) for day in days for clock in clocks]
    return np.array([int(one.timestamp()) for one in at], dtype=np.int64) * 1_000_000_000


def shown(starts: np.ndarray, tz: str | None = None) -> str | None:
    length = interval_of_steps(starts, tz)
    return None if length is None else show_interval(length)


EVERY_DAY = [date(2024, 1, 1) + timedelta(number) for number in range(120)]
MONTHS = [date(2023 + number // 12, 1 + number % 12, 1) for number in range(15)]
MONDAYS = [date(2024, 1, 1) + timedelta(7 * number) for number in range(30)]
FIRST_OF_WEEKS = [min(day for day in workdays() if day.isocalendar()[1] == week) for week in range(1, 28)]
FIRST_OF_MONTHS = [min(day for day in workdays() if day.month == month) for month in range(1, 7)]
CASES = {
    "hourly, from 9:30, the last bar half an hour": (workdays(), [(9 + k, 30) for k in range(7)], NEW_YORK, "1h"),
    "hourly, 9:30, 10:00, 11:00": (workdays(), [(9, 30), *((10 + k, 0) for k in range(6))], NEW_YORK, "1h"),
    "closes, hourly, the last bar half an hour": (workdays(), [*((10 + k, 30) for k in range(6)), (16, 0)], NEW_YORK, "1h"),
    "every two hours, 9:30, 10:00, 12:00, 14:00": (workdays(), [(9, 30), (10, 0), (12, 0), (14, 0)], NEW_YORK, "2h"),
    "every four hours in a session": (workdays(), [(9, 30), (13, 30)], NEW_YORK, "4h"),
    "half-hourly with a break at noon": (workdays(), [(9, 0), (9, 30), (10, 0), (11, 30), (12, 0), (12, 30)], BERLIN, "30m"),
    "every four hours of local days": (EVERY_DAY, [(4 * k, 0) for k in range(6)], NEW_YORK, "4h"),
    "daily": (workdays(), [(0, 0)], ZoneInfo("UTC"), "1d"),
    "daily at local midnight": (EVERY_DAY, [(0, 0)], BERLIN, "1d"),
    "daily of a stock, at the open": (workdays(), [(9, 30)], NEW_YORK, "1d"),
    "weekly": (MONDAYS, [(0, 0)], NEW_YORK, "1w"),
    "weekly, by the first day of trading": (FIRST_OF_WEEKS, [(0, 0)], NEW_YORK, "1w"),
    "weekly, few and all after holidays": ([date(2024, 1, 2), date(2024, 1, 8), date(2024, 1, 16)], [(0, 0)], NEW_YORK, "1w"),
    "monthly": (MONTHS, [(0, 0)], ZoneInfo("UTC"), "1mo"),
    "two months": (MONTHS[:2], [(0, 0)], ZoneInfo("UTC"), "1mo"),
    "monthly at local midnight": (MONTHS, [(0, 0)], SYDNEY, "1mo"),
    "monthly, by the first day of trading": (FIRST_OF_MONTHS, [(9, 30)], NEW_YORK, "1mo"),
    "monthly, by the last day": ([first - timedelta(1) for first in MONTHS], [(0, 0)], ZoneInfo("UTC"), "1mo"),
    "monthly with a gap": ([*MONTHS[:5], *MONTHS[8:]], [(0, 0)], BERLIN, "1mo"),
    "quarterly": (MONTHS[::3], [(0, 0)], BERLIN, "1q"),
    "yearly": ([date(year, 1, 1) for year in range(2010, 2024)], [(0, 0)], BERLIN, "1y"),
    "every thirty days": ([date(2024, 1, 1) + timedelta(30 * k) for k in range(9)], [(0, 0)], ZoneInfo("UTC"), "30d"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_sessions_holidays_and_clocks_make_no_false_interval(case: str) -> None:
    days, clocks, zone, expected = CASES[case]
    assert shown(local(days, clocks, zone)) == expected
    assert shown(local(days, clocks, zone), zone.key) == expected


@given(st.integers(0, 2**32 - 1), st.floats(0.15, 1.0), st.sampled_from([MINUTE_NS, 5 * MINUTE_NS, HOUR_NS, DAY_NS]))
def test_missing_bars_make_no_false_interval(seed: int, kept: float, interval: int) -> None:
    rng = np.random.default_rng(seed)
    starts = np.flatnonzero(rng.random(400) < kept) * np.int64(interval)
    assert interval_of_steps(starts) in (interval, None)


def test_steps_that_show_no_length_are_refused_with_what_they_are() -> None:
    starts = np.cumsum([0, 3, 5, 7, 3, 5, 7, 4, 11]) * MINUTE_NS
    with pytest.raises(
        DataError, match=r"x: the length of a bar cannot be inferred from the steps between bars \(A: 25 % are 3m, 25 % are 5m"
    ):
        infer_interval(np.zeros(9, dtype=np.int64), starts, ("A",), "x")


@pytest.mark.parametrize(
    ("hours", "expected"), [([0, 2, 5], None), ([0, 1, 4], "1h"), ([0, 72], "3d"), ([0, 2, 4, 5, 7], "2h")]
)
def test_few_steps_are_no_more_than_they_show(hours: list[int], expected: str | None) -> None:
    assert shown(np.array(hours) * HOUR_NS) == expected


def test_a_symbol_that_trades_rarely_takes_the_length_of_the_others() -> None:
    often, rarely = np.arange(50) * MINUTE_NS, np.array([0, 7, 12, 31, 36, 49]) * MINUTE_NS
    code = np.repeat([0, 1], [often.size, rarely.size])
    assert infer_interval(code, np.concatenate([often, rarely]), ("A", "B"), "x") == MINUTE_NS
    hourly = np.arange(6) * HOUR_NS
    with pytest.raises(DataError, match=r"the most frequent steps of the symbols differ \(A 1m, B 1h\)"):
        infer_interval(code, np.concatenate([often, hourly]), ("A", "B"), "x")
