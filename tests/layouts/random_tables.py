"""Random bars as decimal text: any interval, any number of digits, gaps, one symbol or two."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from layouts.table import DAY, HOUR, MINUTE, SECOND, Row, Table

INTERVALS = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY}
FIRST = int(datetime(1995, 1, 2, tzinfo=UTC).timestamp()) * SECOND
LAST_DAY = 13_000
"""Days after the first: in 2030."""


@st.composite
def tables(draw: st.DrawFn, symbols: tuple[str, ...] = ("ABC",)) -> list[Table]:
    """A table for each symbol, of the same interval and number of digits."""
    interval = INTERVALS[draw(st.sampled_from(sorted(INTERVALS)))]
    digits = draw(st.integers(0, 8))
    count = draw(st.integers(3, 12))
    first = FIRST + draw(st.integers(0, LAST_DAY)) * DAY
    return [Table(symbol, interval, draw(_rows(interval, digits, count, first))) for symbol in symbols]


@st.composite
def _rows(draw: st.DrawFn, interval: int, digits: int, count: int, first: int) -> tuple[Row, ...]:
    scale = draw(st.sampled_from((30, 2_000, 10**6, 3 * 10**8)))
    whole_volumes = draw(st.booleans())
    largest = draw(st.sampled_from((9, 10**4, 10**18)))
    gap = draw(st.integers(2, count)), draw(st.integers(0, 3))  # after which bar, how many are missing
    rows = []
    for at in range(count):
        start = first + (at + (gap[1] if at >= gap[0] else 0)) * interval
        low, *inside, high = sorted(draw(st.lists(st.integers(scale, 2 * scale), min_size=4, max_size=4)))
        opened, closed = inside if draw(st.booleans()) else reversed(inside)
        volume = draw(st.integers(0, largest))
        prices = [_decimal(price, digits) for price in (opened, high, low, closed)]
        numbers = [*prices, str(volume) if whole_volumes else _decimal(volume, 2)]
        rows.append(Row(start, *numbers))
    return tuple(rows)


def _decimal(number: int, digits: int) -> str:
    """``number`` divided by a power of ten."""
    if digits == 0:
        return str(number)
    text = str(number).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"
