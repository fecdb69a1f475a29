"""What is odd about bars that could have happened: told, never refused."""

from __future__ import annotations

import numpy as np

from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.interval import infer_interval, show_interval

JUMP = 1.5
"""Factor by which a close may differ from the close before, upwards or (two thirds) downwards, before it is remarked."""
SHORT = 2
"""A stated interval is remarked when the most frequent step is this many times as long, or longer."""


def jumps(columns: BarColumns) -> list[str]:
    """A sentence on closes that are far from the close before; an empty list when there are none.

    Parameters
    ----------
    columns
        In any order in which each symbol's time increases.
    """
    order = np.argsort(columns.code, kind="stable")
    close = columns.close[order]
    size = np.where(np.diff(columns.code[order]) == 0, np.abs(np.diff(np.log(close))), 0.0)
    count = int((size > np.log(JUMP)).sum())
    if not count:
        return []
    at = int(np.argmax(size))
    bar = int(order[at + 1])
    told = "close is" if count == 1 else "closes are"
    return [
        f"{count:,} {told} more than {JUMP:g} times the close before, or less than two thirds of it; the farthest is that of "
        f"{columns.symbols[int(columns.code[bar])]} at {show_time(int(columns.ts_start[bar]))}, {close[at + 1]:.12g} after "
        f"{close[at]:.12g}: likely a unit or split error, so look at these rows"
    ]


def short_interval(columns: BarColumns) -> list[str]:
    """A sentence on an interval that is much shorter than the steps between bars; an empty list when it is not."""
    for place, symbol in enumerate(columns.symbols):
        own = columns.pick(np.flatnonzero(columns.code == place))
        if own.code.size < 2:
            continue
        step = infer_interval(np.zeros_like(own.code), own.ts_start, (symbol,), "")
        if step >= SHORT * columns.interval_ns:
            return [
                f"the bars are said to last {show_interval(columns.interval_ns)}, but the most frequent step between those of "
                f"{symbol} is {show_interval(step)}; if they last as long as that, leave --interval out"
            ]
    return []


def show_time(ts: int) -> str:
    """An instant (ns since the epoch) to the second, or finer where it is.

    >>> show_time(1_500_000_000_000_000_000)
    '2017-07-14 02:40:00 UTC'
    """
    return f"{np.datetime_as_string(np.datetime64(ts, 'ns'), unit='s' if ts % 10**9 == 0 else 'ns').replace('T', ' ')} UTC"
