from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.feeds.times import to_utc_ns

NOON = 1_704_196_800


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
    with pytest.raises(DataError, match=r"row 2: .*states no zone"):
        to_utc_ns(pl.Series("ts", ["2024-01-02T12:00Z", "2024-01-02T13:00"]), None, "x.csv")


def test_a_zone_is_used_for_naive_rows_only() -> None:
    mixed = to_utc_ns(pl.Series("ts", ["2024-01-02T12:00Z", "2024-01-02T07:00"]), "America/New_York", "x.csv")
    assert mixed.tolist() == [NOON * 10**9] * 2


@pytest.mark.parametrize(("text", "why"), [("2024-03-10 02:30", "does not exist"), ("2024-11-03 01:30", "happens twice")])
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


@pytest.mark.parametrize("number", [0, -5, 20_240_102, 2_024_010_212, 202_401_021_200, 20_240_102_120_000, 2**63 - 1])
def test_numbers_that_may_mean_something_else_are_refused(number: int) -> None:
    with pytest.raises(DataError, match="row 1: "):
        to_utc_ns(pl.Series("ts", [number]), None, "x.csv")


def test_numbers_of_mixed_units_are_refused() -> None:
    with pytest.raises(DataError, match=r"row 2: .*a number of s since 1970"):
        to_utc_ns(pl.Series("ts", [NOON, NOON * 1000]), None, "x.csv")


def test_dates_are_naive() -> None:
    days = pl.Series("ts", [date(2024, 1, 2)])
    assert to_utc_ns(days, "UTC", "x.csv").tolist() == [(NOON - 43_200) * 10**9]
    with pytest.raises(DataError, match="states no zone"):
        to_utc_ns(days, None, "x.csv")


@given(st.integers(0, 7_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_an_offset_never_changes_the_instant(second: int, minutes: int) -> None:
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second, minutes=minutes)
    sign = "-" if minutes < 0 else "+"
    text = f"{local:%Y-%m-%dT%H:%M:%S}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    if local.year < 1970:
        with pytest.raises(DataError):
            one(text)
    else:
        assert one(text) == second * 10**9
