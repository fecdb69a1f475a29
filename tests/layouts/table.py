"""Tables of bars as decimal text, so that a file can hold each number exactly as a tool prints it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from alpha_pulse.data import bundled

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BARS = 130


class Row(msgspec.Struct, frozen=True):
    """A bar: its start in nanoseconds since 1970 (UTC), and its numbers as they are printed."""

    start: int
    open: str
    high: str
    low: str
    close: str
    volume: str

    @property
    def prices(self) -> tuple[str, str, str, str]:
        return self.open, self.high, self.low, self.close

    def at(self, zone: str = "UTC") -> datetime:
        """The start as a clock of ``zone`` shows it."""
        return (datetime.fromtimestamp(self.start // SECOND, UTC)).astimezone(ZoneInfo(zone))


class Table(msgspec.Struct, frozen=True):
    """The bars of one symbol, in order; ``interval`` in nanoseconds."""

    symbol: str
    interval: int
    rows: tuple[Row, ...]


def table(kind: str, symbol: str, zone: str = "UTC") -> Table:
    """Real prices: ``hours`` over a weekend and a change of clocks, ``minutes`` (with a gap), ``days`` of ``zone``, or
    ``closes``: days that end with a session at 16:00 there.
    """
    make = {"hours": _hours, "minutes": _minutes, "days": _days, "closes": _closes}[kind]
    return Table(symbol, {"hours": HOUR, "minutes": MINUTE, "days": DAY, "closes": DAY}[kind], make(zone))


@cache
def _hours(zone: str) -> tuple[Row, ...]:
    frame = pl.read_parquet(bundled()["eurusd_1h_2017"]).filter(pl.col("ts") >= datetime(2017, 3, 8, tzinfo=UTC)).head(BARS)
    starts = frame["ts"].dt.epoch("ns").to_list()
    return tuple(_row(start, *values) for start, values in zip(starts, _numbers(frame, 5), strict=True))


@cache
def _minutes(zone: str) -> tuple[Row, ...]:
    """The same prices, a minute apart from Monday morning on, without ten of the minutes."""
    first = int(datetime(2017, 3, 6, 14, tzinfo=UTC).timestamp()) * SECOND
    minutes = [count if count < 40 else count + 10 for count in range(BARS)]
    return tuple(
        msgspec.structs.replace(row, start=first + minute * MINUTE) for row, minute in zip(_hours("UTC"), minutes, strict=True)
    )


@cache
def _closes(zone: str) -> tuple[Row, ...]:
    days = [(row, row.at(zone).replace(hour=16)) for row in _days(zone)]
    return tuple(msgspec.structs.replace(row, start=int(close.timestamp()) * SECOND - DAY) for row, close in days)


@cache
def _days(zone: str) -> tuple[Row, ...]:
    """Trading days over a turn of the year and a change of clocks; a day starts at midnight in ``zone``."""
    frame = pl.read_parquet(bundled()["sp500_nasdaq_1d_1999_2018"])
    frame = frame.filter((pl.col("symbol") == "SP500") & (pl.col("ts") >= datetime(2017, 12, 1, tzinfo=UTC))).head(BARS)
    days: list[date] = frame["ts"].dt.date().to_list()
    starts = [midnight(day, zone) for day in days]
    return tuple(_row(start, *values) for start, values in zip(starts, _numbers(frame, 6), strict=True))


def midnight(day: date, zone: str) -> int:
    """Nanoseconds of the first instant of ``day`` in ``zone``."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def days_later(start: int, days: int) -> int:
    """Midnight UTC ``days`` after the one at ``start``."""
    return int((datetime.fromtimestamp(start // SECOND, UTC) + timedelta(days=days)).timestamp()) * SECOND


def _numbers(frame: pl.DataFrame, digits: int) -> list[tuple[str, ...]]:
    columns = [[f"{value:.{digits}f}" for value in frame[name]] for name in ("open", "high", "low", "close")]
    return list(zip(*columns, [f"{value:.0f}" for value in frame["volume"]], strict=True))


def _row(start: int, *values: str) -> Row:
    return Row(start, *values)
