"""Bars as arrays, and the refusal of every bar that could not have happened."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.types import ABSURD
from alpha_pulse.feeds.interval import DAY_NS, HOUR_NS, show_interval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LARGEST = ABSURD / 10  # the seven numbers of a bar, added up, stay below ABSURD
FARTHEST_QUOTE = 0.1
"""How far a quote may lie from its close, as a part of the close: beyond it is another price's quote, not a wide spread."""
PRICES = ("open", "high", "low", "close")


class BarColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one interval as arrays of shape (n,).

    Parameters
    ----------
    symbols
        Sorted; ``code`` holds each bar's place in it.
    ts_start
        The bar's start, nanoseconds since the Unix epoch (UTC).
    volume, bid, ask
        None where there is no such column. ``bid`` and ``ask`` are the quotes at the close.
    """

    symbols: tuple[str, ...]
    interval_ns: int
    code: Integers
    ts_start: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None = None
    bid: Floats | None = None
    ask: Floats | None = None

    def pick(self, index: Integers | slice) -> BarColumns:
        """The bars at ``index``, in its order."""
        arrays = {name: array[index] for name, array in self.arrays().items()}
        return msgspec.structs.replace(self, **arrays)

    def arrays(self) -> dict[str, NDArray[np.int64] | NDArray[np.float64]]:
        """The arrays that are there, by name, in the order of the fields."""
        names = ("code", "ts_start", *PRICES, "volume", "bid", "ask")
        return {name: array for name in names if (array := getattr(self, name)) is not None}


class _Finding(msgspec.Struct):
    """The first offending bar of one check, and the rest of its sentence."""

    index: int
    say: Callable[[int], str]


def check(columns: BarColumns, where: str, rows: Integers | None = None) -> None:
    """Refuse bars that could not have happened, naming the first row that is wrong.

    Parameters
    ----------
    columns
        In the order of the file: within a symbol, time must increase.
    where
        The file, for the error.
    rows
        The 1-based row number of each bar, shape (n,); by default 1, 2, 3, ...

    Raises
    ------
    DataError
        A price that is not finite and positive, a high or low inside the body, quotes that are crossed or far from the close,
        a negative volume, a duplicate, disorder, or bars closer together than the interval.
    """
    if columns.code.size == 0:
        raise DataError(f"{where}: there is no bar in it; at least one row is needed")
    findings = [*_values(columns), *_shapes(columns), *_times(columns)]
    if findings:
        first = min(findings, key=lambda finding: finding.index)
        row = first.index + 1 if rows is None else int(rows[first.index])
        raise DataError(f"{where}, row {row}: {first.say(first.index)}; mend or drop the row")


def _first(wrong: NDArray[np.bool_], say: Callable[[int], str]) -> list[_Finding]:
    return [_Finding(int(np.argmax(wrong)), say)] if wrong.any() else []


def _values(columns: BarColumns) -> list[_Finding]:
    """Each number by itself."""
    findings = []
    for field, name in (*((price, price) for price in PRICES), ("bid", "bid_close"), ("ask", "ask_close")):
        values = getattr(columns, field)
        if values is not None:
            findings += _first(~((values > 0) & (values < _LARGEST)), _number(name, values, "a finite price above 0"))
    if columns.volume is not None:
        wrong = ~((columns.volume >= 0) & (columns.volume < _LARGEST))
        findings += _first(wrong, _number("volume", columns.volume, "a finite number not below 0"))
    return findings


def _number(name: str, values: Floats, expected: str) -> Callable[[int], str]:
    return lambda at: f"column '{name}' is {values[at]:.12g}, but {expected} (and below {_LARGEST:g}) is expected"


def _shapes(columns: BarColumns) -> list[_Finding]:
    """The numbers of one bar against each other."""
    high, low, first, last = columns.high, columns.low, columns.open, columns.close

    def too_low(at: int) -> str:
        return f"column 'high' is {high[at]:.12g}, below open {first[at]:.12g} or close {last[at]:.12g}"

    def too_high(at: int) -> str:
        return f"column 'low' is {low[at]:.12g}, above open {first[at]:.12g} or close {last[at]:.12g}"

    findings = _first((high < first) | (high < last), too_low) + _first((low > first) | (low > last), too_high)
    if columns.bid is not None and columns.ask is not None:
        bid, ask = columns.bid, columns.ask

        def crossed(at: int) -> str:
            return f"column 'bid_close' is {bid[at]:.12g}, above ask_close {ask[at]:.12g}; uncrossed quotes are expected"

        findings += _first(bid > ask, crossed)
        for name, quote in (("bid_close", bid), ("ask_close", ask)):
            with np.errstate(all="ignore"):  # what is not finite has been found before
                far = np.abs(quote - last) > FARTHEST_QUOTE * last
            findings += _first(far, _far(name, quote, last))
    return findings


def _far(name: str, quote: Floats, close: Floats) -> Callable[[int], str]:
    return lambda at: (
        f"column '{name}' is {quote[at]:.12g}, more than {FARTHEST_QUOTE:.0%} away from close {close[at]:.12g}; a quote of the "
        "same moment and unit is expected"
    )


def _times(columns: BarColumns) -> list[_Finding]:
    """Each bar against the bar of its symbol before it."""
    order = np.argsort(columns.code, kind="stable")
    step = np.diff(columns.ts_start[order])
    same = np.diff(columns.code[order]) == 0
    interval = columns.interval_ns
    # where clocks change, a bar of whole days that starts at a local time can be an hour shorter
    least = interval - HOUR_NS if interval % DAY_NS == 0 else interval
    wrong = np.zeros(columns.code.size, dtype=np.bool_)
    before = np.zeros(columns.code.size, dtype=np.int64)
    wrong[order[1:]] = same & (step < least)
    before[order[1:]] = step

    def say(at: int) -> str:
        symbol = columns.symbols[int(columns.code[at])]
        start = np.datetime64(int(columns.ts_start[at]), "ns").astype("datetime64[us]")
        step_ns = int(before[at])
        if step_ns == 0:
            return (
                f"column 'ts' is {start} UTC, which {symbol} has in a row before; one bar for each symbol and time is expected"
            )
        if step_ns < 0:
            return f"column 'ts' is {start} UTC, earlier than {symbol} in a row before; increasing times are expected"
        return (
            f"column 'ts' is {start} UTC, {show_interval(step_ns)} after {symbol}'s bar before, but bars last "
            f"{show_interval(interval)}; bars that do not overlap are expected (the length of a bar is set with --interval)"
        )

    return _first(wrong, say)
