"""The calendar of a symbol: local time, slots, and which bars come next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alpha_pulse.core.durations import DAY_NS, HOUR_NS, MINUTE_NS
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.features.market_calendar import calendar_for, changes, describe
from alpha_pulse.kernels.volatility import calendar as kernels
from volatility_bars import every, exchange_hours

MONDAY = datetime(2024, 2, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)


def feed(calendar: np.ndarray, starts: list[datetime]) -> list[int]:
    return [kernels.note(calendar, round(s.timestamp()) * 1_000_000_000) for s in starts]


def next_bins(calendar: np.ndarray, place: int, count: int) -> list[int]:
    week, found = kernels.week_of(calendar, place), []
    for _ in range(count):
        place = kernels.next_open(calendar, place, week)
        found.append(place)
    return found


def test_bars_on_saturday_make_it_utc_from_the_second_week_on() -> None:
    calendar = calendar_for(HOUR_NS)
    places = feed(calendar, every(HOUR, 168, MONDAY))
    assert places == list(range(168))
    assert describe(calendar).startswith("time zone not known yet")
    assert kernels.slot_of(calendar, 5) == kernels.NO_SLOT
    feed(calendar, every(HOUR, 1, MONDAY + timedelta(days=7)))
    assert describe(calendar) == "UTC, 24 bars a day, 7 days a week"
    assert kernels.slot_of(calendar, 5) == 5


def test_a_market_that_closes_is_read_in_new_york_with_daylight_saving() -> None:
    calendar = calendar_for(HOUR_NS)
    starts = exchange_hours(140, MONDAY)  # over 10 March, when clocks are put forward
    places = feed(calendar, starts)
    assert describe(calendar) == "America/New_York, 7 bars a day, 5 days a week"
    known = places[35:]
    assert known == [s.astimezone(ZoneInfo("America/New_York")).weekday() * 24 + 9 + k % 7 for k, s in enumerate(starts)][35:]
    friday = next(p for p in reversed(places) if p == 4 * 24 + 15)
    assert next_bins(calendar, friday, 9) == [9, 10, 11, 12, 13, 14, 15, 24 + 9, 24 + 10]


def test_a_bin_without_bars_for_more_than_four_weeks_is_closed() -> None:
    calendar = calendar_for(HOUR_NS, "UTC")
    hours = every(HOUR, 168, MONDAY)
    feed(calendar, hours)
    later = [s + timedelta(days=7 * k) for k in range(1, 7) for s in hours if s.hour != 5]
    feed(calendar, later)
    assert next_bins(calendar, 4, 1) == [6]


@pytest.mark.parametrize(
    ("interval_ns", "at", "slot"),
    [
        (HOUR_NS, MONDAY + timedelta(days=2, hours=3), 51),
        (5 * MINUTE_NS, MONDAY + timedelta(days=4, hours=3, minutes=50), 15),
        (MINUTE_NS, MONDAY + timedelta(days=6, minutes=14), 96),
        (DAY_NS, MONDAY + timedelta(days=3), 3),
    ],
    ids=["hour of the week", "quarter on a weekday", "quarter at the weekend", "day of the week"],
)
def test_slots_of_bars_of_different_lengths(interval_ns: int, at: datetime, slot: int) -> None:
    calendar = calendar_for(interval_ns, "UTC")
    assert kernels.slot_of(calendar, feed(calendar, [at])[0]) == slot


def test_daily_bars_count_by_their_utc_date_whatever_the_zone() -> None:
    calendar = calendar_for(DAY_NS, "America/New_York")
    starts = [s for s in every(timedelta(days=1), 14, MONDAY) if s.weekday() < 5]
    assert feed(calendar, starts) == [0, 1, 2, 3, 4] * 2
    assert describe(calendar) == "UTC, 1 bar a day, 5 days a week"
    assert next_bins(calendar, 4, 2) == [0, 1]


def test_later_bars_do_not_change_what_the_first_week_decided() -> None:
    calendar = calendar_for(HOUR_NS)
    feed(calendar, exchange_hours(40, MONDAY))
    before = describe(calendar)
    feed(calendar, every(HOUR, 500, MONDAY + timedelta(days=30)))
    assert describe(calendar) == before


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Tokyo", "America/New_York"])
def test_offsets_are_those_of_the_database(zone: str) -> None:
    calendar = calendar_for(HOUR_NS, zone)
    assert calendar[kernels.ZONE] == kernels.EXCHANGE
    for days in range(0, 20_000, 37):
        at = datetime(1971, 1, 1, 5, tzinfo=UTC) + timedelta(days=days)
        expected = at.astimezone(ZoneInfo(zone)).utcoffset()
        assert expected is not None
        found = kernels.offset_ns(calendar, round(at.timestamp()) * 1_000_000_000)
        assert found == round(expected.total_seconds()) * 1_000_000_000


def test_utc_has_no_changes_and_errors_are_one_sentence() -> None:
    assert len(changes("UTC")[0]) == 0
    with pytest.raises(ConfigError, match="there is no time zone 'Nowhere/City'; expected a name of the IANA database"):
        calendar_for(HOUR_NS, "Nowhere/City")
    with pytest.raises(ConfigError, match="expected bars of at least a second"):
        calendar_for(10)
