from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.feeds.cells.local_times import TimeContext
from alpha_pulse.feeds.cells.times import TimeOptions, read_times

NOON = 1_704_196_800


def to_utc_ns(column: pl.Series, tz: str | None, where: str) -> NDArray[np.int64]:
    return read_times(column, None, TimeOptions(tz), TimeContext(where, column.name, np.arange(len(column)) + 1)).ns


def one(text: str, tz: str | None = None) -> int:
    return int(to_utc_ns(pl.Series("ts", [text]), tz, "x.csv")[0])


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-02T12:00:00Z",
        "2024-01-02 12:00Z",
        "2024-01-02T13:00+01:00",
        "2024-01-02T06:30:00.000-0530",
        "2024-01-02 12:00:00 UTC",
    ],
)
def test_texts_with_an_offset(text: str) -> None:
    assert one(text) == NOON * 10**9


def test_fractions_are_kept_to_the_nanosecond() -> None:
    assert one("2024-01-02T12:00:00.123456789Z") == NOON * 10**9 + 123_456_789
    assert one("2024-01-02T12:00:00,5Z") == NOON * 10**9 + 500_000_000


def test_naive_texts_need_a_zone() -> None:
    assert one("2024-01-02 07:00", "America/New_York") == NOON * 10**9
    assert one("2024-01-02", "UTC") == (NOON - 43_200) * 10**9
    with pytest.raises(DataError, match=r"row 2: .*has no time zone"):
        to_utc_ns(pl.Series("ts", ["2024-01-02T12:00Z", "2024-01-02T13:00"]), None, "x.csv")


def test_a_zone_is_used_for_naive_rows_only() -> None:
    mixed = to_utc_ns(pl.Series("ts", ["2024-01-02T12:00Z", "2024-01-02T07:00"]), "America/New_York", "x.csv")
    assert mixed.tolist() == [NOON * 10**9] * 2


@pytest.mark.parametrize(("text", "why"), [("2024-03-10 02:30", "does not exist"), ("2024-11-03 01:30", "occurs twice")])
def test_doubtful_local_times_are_refused(text: str, why: str) -> None:
    with pytest.raises(DataError, match=f"row 3: .*{why} in America/New_York"):
        to_utc_ns(pl.Series("ts", ["2024-01-02", "2024-01-03T00:00Z", text]), "America/New_York", "x.csv")


@pytest.mark.parametrize("text", ["2024-01-02", "2024-01-02T00:00Z", "1704196800"])
@pytest.mark.parametrize("zone", ["Mars/Base", "", " "])
def test_an_unknown_zone_is_refused_whether_it_is_needed_or_not(text: str, zone: str) -> None:
    with pytest.raises(ConfigError, match=f"'{zone}' is not known"):
        one(text, zone)


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_whole_numbers_since_the_epoch(factor: int) -> None:
    assert to_utc_ns(pl.Series("ts", [NOON * factor]), None, "x.csv").tolist() == [NOON * 10**9]
    assert one(str(NOON * factor)) == NOON * 10**9


@pytest.mark.parametrize("number", [0, -5, 20_241_302, 2_024_010_212, 202_401_022_500, 20_240_102_126_000, 2**63 - 1])
def test_numbers_that_may_mean_something_else_are_refused(number: int) -> None:
    with pytest.raises(DataError, match="row 1: "):
        to_utc_ns(pl.Series("ts", [number]), None, "x.csv")


def test_numbers_of_mixed_units_are_refused() -> None:
    with pytest.raises(DataError, match=r"row 2: .*a number of s since 1970"):
        to_utc_ns(pl.Series("ts", [NOON, NOON * 1000]), None, "x.csv")


@pytest.mark.parametrize(
    "day", [date(2024, 1, 2), "2024-01-02", "2024.01.02", "20240102", "2024-01-02 00:00:00", "Jan 2, 2024"]
)
def test_dates_are_days_of_trading_without_a_zone(day: object) -> None:
    days = pl.Series("ts", [day])
    assert to_utc_ns(days, None, "x.csv").tolist() == [(NOON - 43_200) * 10**9]
    assert to_utc_ns(days, "America/New_York", "x.csv").tolist() == [(NOON - 43_200 + 5 * 3_600) * 10**9]


@pytest.mark.parametrize(
    "text",
    [
        "02.01.2024 13:00:00.000 GMT+0100",
        "2024.01.02 12:00",
        "20240102 120000",
        "20240102120000",
        "202401021200",
        "2024/1/2 12:00:00",
        "13/01/2024 12:00:00",
        "01/13/2024 12:00 PM",
        "2024-01-02 12-PM",
        "02-Jan-2024 12:00",
        "January 2, 2024 12:00",
        "Tue, 02 Jan 2024 12:00:00 GMT",
        "20240102  07:00:00 America/New_York",
        "1704196800.0",
    ],
)
def test_times_as_tools_write_them(text: str) -> None:
    day = 11 if text.startswith(("13/01", "01/13")) else 0
    assert one(text, None if text.endswith(("GMT+0100", "GMT", "York", ".0")) else "UTC") == (NOON + day * 86_400) * 10**9


@pytest.mark.parametrize("text", ["2024-03-01T09:00:00+99:99", "2024-03-01T09:00:00+25:00", "2024-03-01T09:00:00+05:75"])
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"row 1: .*a real offset, from -12:00 to \+14:00, is expected"):
        one(text)


def test_a_rounded_number_is_refused() -> None:
    with pytest.raises(DataError, match="whose last digits are missing"):
        one("1.57529E+12")


def test_the_order_of_day_and_month_is_found_from_all_rows_or_refused() -> None:
    march = [(NOON + day * 86_400) * 10**9 for day in (60, 71)]
    assert to_utc_ns(pl.Series("ts", ["02/03/2024 12:00", "13/03/2024 12:00"]), "UTC", "x.csv").tolist() == march
    assert to_utc_ns(pl.Series("ts", ["03/02/2024 12:00", "03/13/2024 12:00"]), "UTC", "x.csv").tolist() == march
    with pytest.raises(DataError, match=r"row 1: .*no row shows whether the day or the month comes first"):
        to_utc_ns(pl.Series("ts", ["02/03/2024 12:00", "03/03/2024 12:00"]), "UTC", "x.csv")
    with pytest.raises(DataError, match=r"row 2: .*one order of day and month"):
        to_utc_ns(pl.Series("ts", ["13/03/2024", "03/14/2024"]), None, "x.csv")


def test_layouts_may_differ_from_row_to_row() -> None:
    times = pl.Series("ts", ["9/30/2024 9:30 AM", "10/1/2024 12:05 AM", "2024-10-01T00:06:00Z"])
    hours = [int(ns) // 10**9 % 86_400 / 3_600 for ns in to_utc_ns(times, "UTC", "x.csv")]
    assert hours == [9.5, 5 / 60, 0.1]


@given(st.integers(0, 7_000_000_000), st.integers(-12 * 4, 14 * 4))
def test_an_offset_never_changes_the_instant(second: int, quarters: int) -> None:
    minutes = 15 * quarters
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second, minutes=minutes)
    sign = "-" if minutes < 0 else "+"
    text = f"{local:%Y-%m-%dT%H:%M:%S}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    assert one(text) == second * 10**9
