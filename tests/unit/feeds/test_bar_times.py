from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.bar_times import LONGEST_NS, MONTH_NS, bar_label
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, WEEK_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.bar_times import end_times, open_times
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk

ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney", "Pacific/Auckland"]


def ns(*texts: str, tz: str = "UTC") -> np.ndarray:
    at = [datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)) for text in texts]
    return np.array([int(one.timestamp()) for one in at], dtype=np.int64) * 1_000_000_000


def one(count: int) -> np.ndarray:
    return np.zeros(count, dtype=np.int64)


def feed(starts: np.ndarray, interval: int, **more: np.ndarray) -> ReplayFeed:
    price = np.full(starts.size, 10.0)
    prices = dict.fromkeys(("open", "high", "low", "close"), price)
    return ReplayFeed(
        BarColumns(symbols=("A",), interval_ns=interval, code=one(starts.size), ts_start=starts, **prices, **more)
    )


def first_of(year: int, month: int, tz: str) -> np.ndarray:
    return ns(f"{year + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}-01", tz=tz)


@pytest.mark.parametrize("tz", ZONES)
@pytest.mark.parametrize("months", [1, 3, 12])
def test_a_month_ends_where_the_next_begins_whatever_its_length(tz: str, months: int) -> None:
    firsts = np.concatenate([first_of(2019, 1 + months * number, tz) for number in range(1 + 60 // months)])
    for told in (None, tz):
        assert (end_times(firsts[:-1], one(firsts.size - 1), months * MONTH_NS, told)[:-1] == firsts[1:-1]).all()
        assert (open_times(firsts[1:], one(firsts.size - 1), months * MONTH_NS, told)[1:] == firsts[1:-1]).all()
    # the first and the last one have no neighbour to go by, so that a change of clocks may cost an hour where no zone is named
    assert abs(end_times(firsts[-2:-1], one(1), months * MONTH_NS) - firsts[-1:]) <= HOUR_NS
    assert abs(open_times(firsts[1:2], one(1), months * MONTH_NS) - firsts[:1]) <= HOUR_NS


def test_months_are_known_by_any_of_their_days() -> None:
    first_of_trading = ns("2024-01-02 14:30", "2024-02-01 14:30", "2024-03-01 14:30", "2024-04-01 13:30")
    assert end_times(first_of_trading, one(4), MONTH_NS)[:3].tolist() == first_of_trading[1:].tolist()
    last_days = ns("2024-01-31", "2024-02-29", "2024-03-28")
    assert open_times(last_days, one(3), MONTH_NS, dates=True).tolist() == ns("2024-01-01", "2024-02-01", "2024-03-01").tolist()
    closes_in_new_york = ns("2024-01-31 21:00", "2024-02-29 21:00", "2024-03-28 20:00")
    opens = open_times(closes_in_new_york, one(3), MONTH_NS)
    assert [bar_label(int(a), int(b)) for a, b in zip(opens, closes_in_new_york, strict=True)] == [
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
    ]


@pytest.mark.parametrize("tz", ZONES)
def test_days_are_as_long_as_clocks_make_them(tz: str) -> None:
    days = [date(2024, 1, 1) + timedelta(number) for number in range(366)]
    starts = ns(*(day.isoformat() for day in days), tz=tz)
    assert (end_times(starts, one(366), DAY_NS)[:-1] == starts[1:]).all()
    assert (open_times(starts, one(366), DAY_NS)[1:] == starts[:-1]).all()
    bars = [here[0] for here in iter(feed(starts, DAY_NS).next_slice, None)]
    assert [bar.ts_open for bar in bars] == starts.tolist()
    assert [bar_label(bar.ts_open, bar.ts_event) for bar in bars][:1] == [
        "2024-01-01" if tz not in ZONES[-2:] else "2023-12-31"
    ]


def test_a_friday_is_no_saturday_and_a_weekend_is_not_part_of_it() -> None:
    starts = ns("2024-01-05", "2024-01-08")
    assert (end_times(starts, one(2), DAY_NS) - starts).tolist() == [DAY_NS, DAY_NS]
    closes = ns("2024-01-05 21:00", "2024-01-08 21:00")
    opens = open_times(closes, one(2), DAY_NS)
    assert [bar_label(int(start), int(end)) for start, end in zip(opens, closes, strict=True)] == ["2024-01-05", "2024-01-08"]
    assert (open_times(ns("2024-01-05"), one(1), DAY_NS, dates=True) == ns("2024-01-05")).all()


def test_a_session_may_begin_or_end_with_a_short_bar() -> None:
    starts = ns("2024-01-05 09:30", "2024-01-05 10:00", "2024-01-05 11:00")
    bars = [here[0] for here in iter(feed(starts, HOUR_NS).next_slice, None)]
    assert [bar.interval_ns for bar in bars] == [HOUR_NS // 2, HOUR_NS, HOUR_NS]
    assert [bar.ts_open for bar in bars] == starts.tolist()
    closes = ns("2024-01-05 15:30", "2024-01-05 16:00", "2024-01-08 10:30")
    assert (closes - open_times(closes, one(3), HOUR_NS)).tolist() == [HOUR_NS, HOUR_NS // 2, HOUR_NS]


def test_a_week_may_begin_on_a_tuesday() -> None:
    starts = ns("2024-01-08", "2024-01-16", "2024-01-22")
    bars = [here[0] for here in iter(feed(starts, WEEK_NS).next_slice, None)]
    assert [bar.interval_ns // DAY_NS for bar in bars] == [7, 6, 7]


@given(st.data())
def test_what_end_times_says_open_times_takes_back(data: st.DataObject) -> None:
    interval = data.draw(st.sampled_from([60 * 10**9, HOUR_NS, 4 * HOUR_NS, DAY_NS, WEEK_NS]))
    slots = np.array(sorted(data.draw(st.sets(st.integers(0, 500), min_size=1, max_size=60))), dtype=np.int64)
    starts = ns("2024-01-01") + slots * interval
    ends = end_times(starts, one(starts.size), interval)
    assert (ends == starts + interval).all()
    assert (open_times(ends, one(starts.size), interval) == starts).all()


def test_two_bars_in_one_month_are_refused() -> None:
    with pytest.raises(DataError, match=r"row 3: column 'ts' is 2024-02-29.*4w after the previous bar of A, but bars last 1mo"):
        feed(ns("2024-01-01", "2024-02-01", "2024-02-29"), MONTH_NS)


@pytest.mark.parametrize("interval", [0, -1, LONGEST_NS + 1, 15_000 * WEEK_NS])
def test_no_length_beyond_a_year_by_any_way(interval: int) -> None:
    with pytest.raises(DataError, match="expected more than 0 and at most a year"):
        feed(ns("2024-01-01"), interval)


def test_times_outside_of_what_bars_can_have_are_refused() -> None:
    with pytest.raises(DataError, match="a time from 1970 to 2199 is expected"):
        feed(ns("2024-01-01", "2250-01-01"), DAY_NS)
    with pytest.raises(DataError, match="a time from 1970 to 2199 is expected"):
        feed(np.array([-1]), DAY_NS)


def test_ends_that_are_stated_rule() -> None:
    starts = ns("2024-01-05 14:30", "2024-01-08 14:30")
    ends = ns("2024-01-05 21:00", "2024-01-08 21:00")
    bars = [here[0] for here in iter(feed(starts, DAY_NS, ts_end=ends).next_slice, None)]
    assert [(bar.ts_open, bar.ts_event) for bar in bars] == list(zip(starts.tolist(), ends.tolist(), strict=True))
    assert feed(starts, DAY_NS, ts_end=ends).identity != feed(starts, DAY_NS).identity
    assert feed(starts, DAY_NS, ts_end=starts + DAY_NS).identity == feed(starts, DAY_NS).identity
    for wrong in (starts, ends[::-1].copy()):
        with pytest.raises(DataError, match="expected an end after the start, and not after the start of the next bar"):
            feed(starts, DAY_NS, ts_end=wrong)


def test_bars_of_several_symbols_come_in_the_order_of_their_ends() -> None:
    starts = ns("2024-02-01", "2024-02-01 05:00", "2024-03-01", "2024-03-01 05:00")
    price = np.full(4, 10.0)
    columns = BarColumns(
        symbols=("A", "B"),
        interval_ns=MONTH_NS,
        code=np.array([0, 1, 0, 1]),
        ts_start=starts,
        **dict.fromkeys(("open", "high", "low", "close"), price),
    )
    bars = [bar for here in iter(ReplayFeed(columns).next_slice, None) for bar in here]
    assert [bar.symbol for bar in bars] == ["A", "B", "A", "B"]
    assert [bar.ts_open for bar in bars] == starts.tolist()
    assert [bar.interval_ns // DAY_NS for bar in bars] == [29, 29, 31, 31]


def test_synthetic_months_are_months() -> None:
    walk = random_walk(30, seed=1, market=Market(interval_ns=MONTH_NS))
    bars = [here[0] for here in iter(walk.next_slice, None)]
    assert {bar.interval_ns // DAY_NS for bar in bars} == {28, 29, 30, 31}
    assert bar_label(bars[-1].ts_open, bars[-1].ts_event) == "2022-06-01"
