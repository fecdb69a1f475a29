"""Checks whether the data of a symbol are current: bars that repeat one price, missing bars, and a market's usual breaks.

A break is usual when at least two, and a third, of the last 24 began at the same time of day (UTC), and it is at most 1.5 times
as long as the second longest of those, so that every usual break was seen twice. The first two closing hours and the first two
weekends of a symbol are therefore treated as missing data, as is a session that ends early.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import (
    BAR_INTERVAL,
    BAR_SYMBOL,
    BAR_TS,
    BREAK_RING,
    BREAKS,
    CLOSE,
    FROZEN_BARS,
    GAP_NS,
    HIGH,
    KEPT_BREAKS,
    LOW,
    NEWEST_TS,
    NEXT_BREAK,
    OPEN,
    STALE_AFTER,
)
from alpha_pulse.kernels.execution.whole_numbers import exceeds

NEAR_NS = HOUR_NS
"""Two breaks begin at the same time of day when they begin within an hour of each other: clocks are put forward and back."""
NEEDED = 2
SHARE = 3
"""At least one break in this many began at that time of day, so that outages at random times are not taken for the end of a
session."""
LONGER = 1.5
"""A usual break is at most this many times as long as the second longest break at that time of day."""


@kernel
def usual(freshness: NDArray[np.int64], symbol: int, start_ns: int, length_ns: int) -> bool:
    """Add a break; whether it is a usual one.

    Parameters
    ----------
    freshness
        Of all symbols, see `alpha_pulse.kernels.execution.layout`.
    symbol
        Its number.
    start_ns
        When the break began (ns since the epoch, UTC).
    length_ns
        Until the next bar began.
    """
    time, known = start_ns % DAY_NS, freshness[symbol, BREAKS]
    alike = longest = second = 0
    for i in range(known):
        apart = abs(time - freshness[symbol, BREAK_RING + 2 * i])
        if min(apart, DAY_NS - apart) <= NEAR_NS:
            length = freshness[symbol, BREAK_RING + 2 * i + 1]
            alike += 1
            if length > longest:
                longest, second = length, longest
            elif length > second:
                second = length
    needed = max(NEEDED, -(-known // SHARE))
    place = freshness[symbol, NEXT_BREAK]
    freshness[symbol, BREAK_RING + 2 * place] = time
    freshness[symbol, BREAK_RING + 2 * place + 1] = length_ns
    freshness[symbol, NEXT_BREAK] = (place + 1) % KEPT_BREAKS
    freshness[symbol, BREAKS] = min(known + 1, KEPT_BREAKS)
    return alike >= needed and not exceeds(length_ns, LONGER * second)


@kernel
def process_bar(
    freshness: NDArray[np.int64], closes: NDArray[np.float64], bars: NDArray[np.int64], prices: NDArray[np.float64], row: int,
    settings: NDArray[np.float64],
) -> None:  # fmt: skip
    """Process the next bar of a symbol; a gap of more than ``STALE_AFTER`` intervals before it counts, unless it is usual.

    Parameters
    ----------
    freshness, closes
        Of all symbols.
    bars, prices
        Rows of bars, and the index of this one, ``row``.
    settings
        Of execution.
    """
    symbol, ts, interval = bars[row, BAR_SYMBOL], bars[row, BAR_TS], bars[row, BAR_INTERVAL]
    close, newest = prices[row, CLOSE], freshness[symbol, NEWEST_TS]
    freshness[symbol, GAP_NS] = 0
    if newest != 0:
        gap = ts - interval - newest
        if exceeds(gap, settings[STALE_AFTER] * interval) and not usual(freshness, symbol, newest, gap):
            freshness[symbol, GAP_NS] = gap
    freshness[symbol, NEWEST_TS] = ts
    still = close == prices[row, HIGH] and close == prices[row, LOW] and close == prices[row, OPEN]
    if close == closes[symbol] and still:
        freshness[symbol, FROZEN_BARS] += 1
    else:
        freshness[symbol, FROZEN_BARS] = 0
        closes[symbol] = close
