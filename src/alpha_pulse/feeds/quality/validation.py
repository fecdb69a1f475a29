"""Validation of bars: a bar that could not have happened is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from alpha_pulse.core.bar_times import LONGEST_NS, leeway_ns, months_of
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.core.types import ABSURD, LARGEST_VOLUME
from alpha_pulse.feeds.arrays import Floats, Integers, Mask
from alpha_pulse.feeds.bar_times import month_numbers
from alpha_pulse.feeds.columns import PRICES, BarColumns
from alpha_pulse.feeds.interval import short_first_bars, show_interval
from alpha_pulse.feeds.notes import show_time
from alpha_pulse.feeds.refusals import NAMED, also_refused, row_beside

_LARGEST = ABSURD / 10  # the six prices of a bar, added up, stay below ABSURD
_LATEST_NS = 7_258_118_400 * SECOND_NS  # 2200-01-01
FARTHEST_QUOTE = 0.1
"""The largest distance of a quote from its close, as a fraction of the close. A quote further away belongs to another price."""

Origin = Callable[[int], tuple[str, Mapping[str, str]]]
"""The file and row of a bar, and the file's names of our columns."""
Describe = Callable[[int, Mapping[str, str]], str]
"""Describes what is wrong with a bar; takes its index and the file's names of our columns."""


class _Problem(msgspec.Struct):
    """The bars that fail one check, at least one, and what is wrong with one of them."""

    wrong: Mask
    describe: Describe

    @property
    def index(self) -> int:
        """The first of them."""
        return int(np.argmax(self.wrong))


def check_bars(columns: BarColumns, where: str, origin: Origin | None = None) -> None:
    """Refuse bars that could not have happened; the error describes the first wrong row and counts the others.

    Parameters
    ----------
    columns
        In the order of the file: within a symbol, time must increase.
    where
        The file, for the error.
    origin
        Where each bar comes from; by default row 1, 2, 3, ... of ``where``.

    Raises
    ------
    DataError
        A price is not finite and positive; a high or low lies inside the body; quotes are crossed or far from the close; a
        volume is negative; a time is repeated or out of order; bars are closer together than the interval.
    """
    if columns.code.size == 0:
        raise DataError(f"{where}: there are no bars; at least one row is needed")
    if not 0 < columns.interval_ns <= LONGEST_NS:
        raise DataError(f"{where}: the length of a bar is {columns.interval_ns} ns; expected more than 0 and at most a year")
    problems = [*_value_ranges(columns), *_price_relations(columns), *_times(columns)]
    if problems:
        first = min(problems, key=lambda problem: problem.index)
        place, names = _place(first.index, where, origin)
        others = np.flatnonzero(np.any([problem.wrong for problem in problems], axis=0))[1:]
        named = [row_beside(_place(int(index), where, origin)[0], place) for index in others[:NAMED]]
        also = also_refused(len(others), named)
        raise DataError(f"{place}: {first.describe(first.index, names)}; correct or drop the row{also}")


def _place(index: int, where: str, origin: Origin | None) -> tuple[str, Mapping[str, str]]:
    return (f"{where}, row {index + 1}", {}) if origin is None else origin(index)


def digits(*values: float) -> list[str]:
    """Numbers to twelve digits, or to all digits where different numbers would look equal.

    >>> digits(1.0, 2.5), digits(50.707327, 50.70732700000001)
    (['1', '2.5'], ['50.707327', '50.70732700000001'])
    """
    short = [f"{value:.12g}" for value in values]
    return short if len(set(short)) == len(set(values)) else [repr(float(value)) for value in values]


def _first_wrong(wrong: Mask, describe: Describe) -> list[_Problem]:
    return [_Problem(wrong, describe)] if wrong.any() else []


def _value_ranges(columns: BarColumns) -> list[_Problem]:
    """Checks of each number alone."""
    problems = []
    for field, name in (*((price, price) for price in PRICES), ("bid", "bid_close"), ("ask", "ask_close")):
        values = getattr(columns, field)
        if values is not None:
            problems += _first_wrong(
                ~((values > 0) & (values < _LARGEST)),
                _wrong_number(name, values, f"a finite price above 0 (and below {_LARGEST:g})"),
            )
    if columns.volume is not None:
        wrong = ~((columns.volume >= 0) & (columns.volume <= LARGEST_VOLUME))
        expected = f"a finite number not below 0 (and not above {LARGEST_VOLUME:g})"
        problems += _first_wrong(wrong, _wrong_number("volume", columns.volume, expected))
    return problems


def _wrong_number(ours: str, values: Floats, expected: str) -> Describe:
    return lambda index, names: f"column '{names.get(ours, ours)}' is {values[index]:.12g}, but {expected} is expected"


def _price_relations(columns: BarColumns) -> list[_Problem]:
    """Checks of the numbers of a bar against each other."""
    high, low, first, last = columns.high, columns.low, columns.open, columns.close

    def too_low(index: int, names: Mapping[str, str]) -> str:
        shown = digits(high[index], first[index], last[index])
        return f"column '{names.get('high', 'high')}' is {shown[0]}, below open {shown[1]} or close {shown[2]}"

    def too_high(index: int, names: Mapping[str, str]) -> str:
        shown = digits(low[index], first[index], last[index])
        return f"column '{names.get('low', 'low')}' is {shown[0]}, above open {shown[1]} or close {shown[2]}"

    problems = _first_wrong((high < first) | (high < last), too_low) + _first_wrong((low > first) | (low > last), too_high)
    if columns.bid is not None and columns.ask is not None:
        bid, ask = columns.bid, columns.ask

        def crossed(index: int, names: Mapping[str, str]) -> str:
            name, shown = names.get("bid_close", "bid_close"), digits(bid[index], ask[index])
            return f"column '{name}' is {shown[0]}, above ask_close {shown[1]}; a bid at or below the ask is expected"

        problems += _first_wrong(bid > ask, crossed)
        for name, quote in (("bid_close", bid), ("ask_close", ask)):
            with np.errstate(all="ignore"):  # values that are not finite are reported by another check
                far = np.abs(quote - last) > FARTHEST_QUOTE * last
            problems += _first_wrong(far, _far_quote(name, quote, last))
    return problems


def _far_quote(ours: str, quote: Floats, close: Floats) -> Describe:
    return lambda index, names: (
        f"column '{names.get(ours, ours)}' is {quote[index]:.12g}, more than {FARTHEST_QUOTE:.0%} away from close "
        f"{close[index]:.12g}; a quote of the same time and unit is expected"
    )


def _times(columns: BarColumns) -> list[_Problem]:
    """Checks of the times of a bar against the previous bar of its symbol, and against its own end."""
    order = np.argsort(columns.code, kind="stable")
    start, same = columns.ts_start[order], np.diff(columns.code[order]) == 0
    step = np.diff(start)
    wrong = np.zeros(columns.code.size, dtype=np.bool_)
    before = np.zeros(columns.code.size, dtype=np.int64)
    wrong[order[1:]] = same & ((step <= 0) | _too_short(columns, start, step, same))
    before[order[1:]] = step

    def describe(index: int, names: Mapping[str, str]) -> str:
        name, symbol = names.get("ts", "ts"), columns.symbols[int(columns.code[index])]
        when = _show_time(columns.ts_start[index])
        step_ns = int(before[index])
        if step_ns == 0:
            repeated = f"column '{name}' is {when}, which {symbol} has in an earlier row"
            return f"{repeated}; one bar for each symbol and time is expected"
        if step_ns < 0:
            return f"column '{name}' is {when}, earlier than the previous row of {symbol}; increasing times are expected"
        return (
            f"column '{name}' is {when}, {show_interval(step_ns)} after the previous bar of {symbol}, but bars last "
            f"{show_interval(columns.interval_ns)}; bars that do not overlap are expected (the option interval "
            "sets the length of a bar)"
        )

    return [
        *_first_wrong((columns.ts_start < 0) | (columns.ts_start >= _LATEST_NS), _no_time(columns)),
        *_first_wrong(wrong, describe),
        *_bar_ends(columns, order, same),
    ]


def _too_short(columns: BarColumns, start: Integers, step: Integers, same: Mask) -> Mask:
    """Which steps are shorter than a bar, except where the calendar or the start of a session explains it."""
    interval = columns.interval_ns
    if columns.ts_end is not None:
        return np.zeros(step.size, dtype=np.bool_)
    if months := months_of(interval):
        return np.diff(month_numbers(start)) < months
    short: Mask = step < interval - leeway_ns(interval)
    if short.any():
        short &= ~short_first_bars(np.where(same, step, LONGEST_NS), interval)
    return short


def _bar_ends(columns: BarColumns, order: Integers, same: Mask) -> list[_Problem]:
    """Checks that stated ends lie after the start of the bar and not after the start of the next one."""
    start, end = columns.ts_start, columns.ts_end
    if end is None:
        return []
    wrong = (end <= start) | (end > start + LONGEST_NS)
    early, late = order[:-1][same], order[1:][same]
    wrong[early] |= end[early] > start[late]
    return _first_wrong(
        wrong,
        lambda index, _: (
            f"the bar starts at {_show_time(start[index])} and ends at {_show_time(end[index])}; expected an end after the "
            "start, and not after the start of the next bar"
        ),
    )


def _no_time(columns: BarColumns) -> Describe:
    return lambda index, names: (
        f"column '{names.get('ts', 'ts')}' is {_show_time(columns.ts_start[index])}; a time from 1970 to 2199 is expected"
    )


def _show_time(ts: np.int64) -> str:
    return show_time(int(ts))
