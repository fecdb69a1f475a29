"""Converts the end of a bar, at which it became known, to its open, the time that is shown."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from alpha_pulse.runtime.history.table import Floats, HistoryTable


def bar_opens(bars: HistoryTable, ts_ms: Floats) -> Floats:
    """The open of the bar that ends at each instant, or contains it; shape (n,), milliseconds since the epoch (UTC).

    Parameters
    ----------
    bars
        Its columns ``ts_ms`` and ``bar_open_ms`` increase. For an instant outside of the stored bars, the length of the newest
        bar is subtracted.
    ts_ms
        The instants, in milliseconds since the epoch (UTC).

    >>> bars = HistoryTable(("seq", "ts_ms", "bar_open_ms"))
    >>> bars.extend([[0, 1_000.0, 500.0], [1, 2_000.0, 1_000.0]])
    >>> bar_opens(bars, np.array([500.0, 1_000.0, 1_700.0, 4_000.0])).tolist()
    [-500.0, 500.0, 1000.0, 3000.0]
    """
    if not bars.held:
        return ts_ms
    ends, opens = bars.column("ts_ms"), bars.column("bar_open_ms")
    candidates = opens[np.minimum(ends.searchsorted(ts_ms), len(ends) - 1)]
    covered = (candidates < ts_ms) & (ts_ms <= ends[-1])
    return np.where(covered, candidates, ts_ms - (ends[-1] - opens[-1]))


def bar_open(bars: HistoryTable, ts_ms: int) -> int:
    """`bar_opens` of one instant, without a copy of the columns.

    >>> bars = HistoryTable(("seq", "ts_ms", "bar_open_ms"))
    >>> bars.extend([[0, 1_000.0, 500.0]])
    >>> bar_open(bars, 1_000), bar_open(bars, 2_000)
    (500, 1500)
    """
    if not bars.held:
        return ts_ms
    ends, opens = bars.column("ts_ms"), bars.column("bar_open_ms")
    index = bisect_left(ends, ts_ms)
    if index < len(ends) and opens[index] < ts_ms:
        return int(opens[index])
    return ts_ms - int(ends[-1] - opens[-1])
