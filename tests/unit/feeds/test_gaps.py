"""Missing bars, beside nights, weekends, holidays, half days and changes of clocks, none of which is a gap."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from alpha_pulse.core.durations import DAY_NS, HOUR_NS, SECOND_NS
from alpha_pulse.feeds.arrays import Integers
from alpha_pulse.feeds.quality.gaps import find_gaps
from alpha_pulse.feeds.quality.sessions import sessions

HALF_HOUR_NS = HOUR_NS // 2
MINUTE_NS = 60 * SECOND_NS
YEAR_2019 = 17_897 * DAY_NS
HOLIDAYS = ("2019-01-21", "2019-02-18", "2019-04-19", "2019-05-27", "2019-07-04", "2019-09-02", "2019-11-28", "2019-12-25")
HALF_DAYS = ("2019-07-03", "2019-11-29", "2019-12-24")


def utc(local: Integers, zone: str) -> Integers:
    return pl.Series(local).cast(pl.Datetime("ns")).dt.replace_time_zone(zone).dt.epoch("ns").to_numpy()


def local(ts: Integers, zone: str) -> Integers:
    series = pl.Series(ts).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    there: Integers = series.dt.replace_time_zone(None).dt.epoch("ns").to_numpy()
    return there


def stocks(zone: str = "America/New_York", closed: tuple[str, ...] = HOLIDAYS) -> Integers:
    """Half-hourly bars of a year from 09:30 to 16:00 local time, with holidays, and half days that end at 13:00; in UTC."""
    days = np.arange("2019-01-02", "2020-01-01", dtype="datetime64[D]")
    days = days[np.is_busday(days) & ~np.isin(days, np.array(closed, dtype="datetime64[D]"))]
    slots = 9 * HOUR_NS + HALF_HOUR_NS + np.arange(13) * HALF_HOUR_NS
    half = np.isin(days, np.array(HALF_DAYS, dtype="datetime64[D]"))
    local = days.astype("datetime64[ns]").astype(np.int64)[:, None] + slots
    return utc(local[~(half[:, None] & (slots >= 13 * HOUR_NS))], zone)


def currencies() -> Integers:
    """Hourly bars of a year from Sunday 17:00 to Friday 17:00 in New York; in UTC."""
    local = YEAR_2019 + np.arange(365 * 24) * HOUR_NS
    week = (local - 4 * DAY_NS) % (7 * DAY_NS)
    local = local[(week < 4 * DAY_NS + 17 * HOUR_NS) | (week >= 6 * DAY_NS + 17 * HOUR_NS)]
    return utc(local, "America/New_York")


def at(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def without(ts: Integers, start: str, end: str) -> Integers:
    return ts[(ts < at(start)) | (ts >= at(end))]


def found(ts: Integers, interval_ns: int) -> list[tuple[str, str, int]]:
    """Gaps as (start, end, bars)."""
    each = find_gaps(ts, interval_ns)
    text = [np.datetime_as_string(values.astype("datetime64[ns]"), unit="m") for values in (each.start, each.end)]
    return [(str(a), str(b), int(n)) for a, b, n in zip(*text, each.bars, strict=True)]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Australia/Sydney"])
def test_nights_weekends_holidays_half_days_and_clocks_are_no_gaps(zone: str) -> None:
    assert found(stocks(zone), HALF_HOUR_NS) == []
    assert found(currencies(), HOUR_NS) == []


def futures() -> Integers:
    """Hourly bars of a year from Sunday 18:00 to Friday 17:00 in New York, with a break at 17:00; in UTC."""
    hours = local(currencies(), "America/New_York")
    traded: Integers = hours[hours // HOUR_NS % 24 != 17]
    return utc(traded, "America/New_York")


def with_lunch() -> Integers:
    """Half-hourly bars of a year in Tokyo, with a break from 11:30 to 12:30; in UTC."""
    clock = local(stocks("Asia/Tokyo"), "Asia/Tokyo") % DAY_NS // HALF_HOUR_NS
    traded: Integers = stocks("Asia/Tokyo")[(clock != 23) & (clock != 24)]
    return traded


MARKETS = {
    "stocks": (stocks(), HALF_HOUR_NS),
    "Sydney": (stocks("Australia/Sydney"), HALF_HOUR_NS),
    "currencies": (currencies(), HOUR_NS),
    "futures": (futures(), HOUR_NS),
    "lunch": (with_lunch(), HALF_HOUR_NS),
    "always": (YEAR_2019 + np.arange(365 * 24) * HOUR_NS, HOUR_NS),
    "days": (np.unique(stocks() // DAY_NS) * DAY_NS, DAY_NS),
}


@pytest.mark.parametrize("market", MARKETS)
def test_no_part_of_a_year_without_gaps_has_one(market: str) -> None:
    rng = np.random.default_rng(1)
    ts, interval_ns = MARKETS[market]
    for _ in range(100):
        count = int(np.exp(rng.uniform(np.log(5), np.log(ts.size))))
        first = int(rng.integers(0, ts.size - count + 1))
        assert found(ts[first : first + count], interval_ns) == []


@pytest.mark.parametrize("market", ["stocks", "currencies", "futures", "always"])
def test_most_gaps_in_the_midst_of_sessions_are_found(market: str) -> None:
    rng = np.random.default_rng(2)
    ts, interval_ns = MARKETS[market]
    hits = tries = 0
    while tries < 100:
        hole = int(rng.integers(ts.size // 20, ts.size - ts.size // 20))
        if ts[hole + 2] - ts[hole - 2] == 4 * interval_ns:
            tries += 1
            hits += [bars for _, _, bars in found(np.delete(ts, hole), interval_ns)] == [1]
    assert hits >= 90


def test_an_hour_missing_at_noon_is_a_gap_of_a_stock() -> None:
    ts = without(stocks(), "2019-06-12T16:00", "2019-06-12T17:00")
    assert found(ts, HALF_HOUR_NS) == [("2019-06-12T16:00", "2019-06-12T17:00", 2)]


def test_more_than_five_sessions_in_a_row_are_no_holidays() -> None:
    ts = stocks(closed=HOLIDAYS)
    assert found(without(ts, "2019-06-10", "2019-06-15"), HALF_HOUR_NS) == []
    assert found(without(ts, "2019-06-10", "2019-06-18"), HALF_HOUR_NS) == [("2019-06-10T13:30", "2019-06-17T20:00", 78)]


def test_most_of_a_session_missing_is_a_gap() -> None:
    assert found(without(stocks(), "2019-06-12T13:00", "2019-06-12T16:00"), HALF_HOUR_NS) == []
    assert found(without(stocks(), "2019-06-12T13:00", "2019-06-12T18:00"), HALF_HOUR_NS) == [
        ("2019-06-12T13:30", "2019-06-12T18:00", 9)
    ]


def test_christmas_is_no_gap_of_currencies_but_another_day_is() -> None:
    assert found(without(currencies(), "2019-12-24T18:00", "2019-12-25T23:00"), HOUR_NS) == []
    assert found(without(currencies(), "2019-12-11T18:00", "2019-12-12T23:00"), HOUR_NS) == [
        ("2019-12-11T18:00", "2019-12-12T23:00", 29)
    ]


@pytest.mark.parametrize(
    ("interval_ns", "bars", "start", "missing"),
    [
        (MINUTE_NS, 20_000, 7_000, 1),
        (MINUTE_NS, 20_000, 7_000, 3_000),
        (MINUTE_NS, 60_000, 30_000, 12_000),
        (HOUR_NS, 900, 500, 30),
    ],
)
def test_every_missing_bar_is_a_gap_where_trade_never_stops(interval_ns: int, bars: int, start: int, missing: int) -> None:
    ts = YEAR_2019 + np.arange(bars) * interval_ns
    assert found(ts, interval_ns) == []
    holed = find_gaps(np.delete(ts, slice(start, start + missing)), interval_ns)
    assert (holed.start.tolist(), holed.end.tolist()) == ([ts[start]], [ts[start + missing]])
    assert holed.bars.tolist() == [missing]


def test_days() -> None:
    every = YEAR_2019 + np.arange(300) * DAY_NS
    assert found(np.delete(every, 100), DAY_NS) == [("2019-04-11T00:00", "2019-04-12T00:00", 1)]
    weekdays = every[np.is_busday(every.astype("datetime64[ns]").astype("datetime64[D]"))]
    assert found(weekdays, DAY_NS) == []
    assert found(np.delete(weekdays, slice(100, 104)), DAY_NS) == []
    assert [bars for _, _, bars in found(np.delete(weekdays, slice(100, 107)), DAY_NS)] == [7]


def test_weeks_and_months() -> None:
    weeks = YEAR_2019 + np.arange(60) * 7 * DAY_NS
    assert found(weeks, 7 * DAY_NS) == []
    assert [bars for _, _, bars in found(np.delete(weeks, [20, 21]), 7 * DAY_NS)] == [2]
    months = np.arange("2015-01", "2020-01", dtype="datetime64[M]").astype("datetime64[ns]").astype(np.int64)
    for days in (28, 30, 31):
        assert found(months, days * DAY_NS) == []
        assert [bars for _, _, bars in found(np.delete(months, 30), days * DAY_NS)] == [1]


@pytest.mark.parametrize("density", [0.1, 0.3, 0.6])
def test_a_thin_market_has_no_hours_and_so_no_gaps(density: float) -> None:
    ts = YEAR_2019 + np.flatnonzero(np.random.default_rng(1).random(100_000) < density) * MINUTE_NS
    assert found(ts, MINUTE_NS) == []


def test_a_bar_that_is_there_on_half_of_the_days_is_not_usual() -> None:
    ts = stocks()
    noon = (local(ts, "America/New_York") % DAY_NS == 12 * HOUR_NS) & (np.random.default_rng(1).random(ts.size) < 0.5)
    assert len(found(ts[~noon], HALF_HOUR_NS)) < 8 < noon.sum()


def test_a_gap_in_the_second_week_of_a_file_that_begins_on_a_friday() -> None:
    ts = stocks()
    ts = ts[ts >= at("2019-01-04")]
    gap = ("2019-01-08T17:00", "2019-01-08T18:00")
    assert found(without(ts, *gap), HALF_HOUR_NS) == [(*gap, 2)]


def test_days_that_begin_at_a_local_midnight_have_no_gaps_where_clocks_change() -> None:
    days = np.arange("2018-10-01", "2019-04-20", dtype="datetime64[D]").astype("datetime64[ns]").astype(np.int64)
    assert found(utc(days, "Europe/Berlin"), DAY_NS) == []


@pytest.mark.parametrize("weeks", [2, 20])
def test_weekends_of_currencies_are_no_gaps_and_a_week_is(weeks: int) -> None:
    ts = currencies()[: weeks * 120]
    assert found(ts, HOUR_NS) == []
    noon = ("2019-01-09T12:00", "2019-01-09T13:00")
    assert found(without(ts, *noon), HOUR_NS) == [(*noon, 1)]
    if weeks > 2:
        assert [bars for _, _, bars in found(without(ts, "2019-01-20T12:00", "2019-01-26"), HOUR_NS)] == [120]


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_a_few_bars_show_no_sessions_and_no_gaps(count: int) -> None:
    ts = np.cumsum(np.random.default_rng(count).integers(1, 9, count)) * MINUTE_NS
    assert found(ts, MINUTE_NS) == []
    assert sessions(ts, MINUTE_NS) == []


def test_a_few_bars_far_apart_cost_no_memory() -> None:
    ts = YEAR_2019 + np.arange(1_000) * 600_000_001_000_000
    assert found(ts, SECOND_NS // 1_000) == []
    assert sessions(ts, SECOND_NS // 1_000) == []


def test_sessions_are_named_in_local_time() -> None:
    assert sessions(local(stocks(), "America/New_York"), HALF_HOUR_NS) == ["Mon-Fri 09:30-16:00"]
    assert sessions(local(currencies(), "America/New_York"), HOUR_NS) == ["Sun 17:00 - Fri 17:00"]
    assert sessions(YEAR_2019 + np.arange(2_000) * HOUR_NS, HOUR_NS) == ["24/7"]
    days = YEAR_2019 + np.arange(300) * DAY_NS
    assert sessions(days, DAY_NS) == ["every day"]
    assert sessions(days[np.is_busday(days.astype("datetime64[ns]").astype("datetime64[D]"))], DAY_NS) == ["Mon-Fri"]


def test_a_break_at_noon_is_named() -> None:
    ts = local(stocks("Asia/Tokyo"), "Asia/Tokyo")
    clock = ts % DAY_NS
    noon = (clock >= 11 * HOUR_NS + HALF_HOUR_NS) & (clock < 12 * HOUR_NS + HALF_HOUR_NS)
    assert sessions(ts[~noon], HALF_HOUR_NS) == ["Mon-Fri 09:30-11:30", "Mon-Fri 12:30-16:00"]
    assert found(ts[~noon], HALF_HOUR_NS) == []


@pytest.mark.parametrize("hours", [0, 5, -9, 14.5, -2])
def test_days_are_named_by_the_date_they_are_shown_under(hours: float) -> None:
    weekdays = np.array([day for day in range(200) if day % 7 < 5]) * DAY_NS + 4 * DAY_NS  # from Monday, 1970-01-05
    assert sessions(weekdays + int(hours * HOUR_NS), DAY_NS) == ["Mon-Fri"]
