"""Whether bars are those of tables, to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from alpha_pulse.feeds.columns import BarColumns
from layouts.table import Table

PRICES = ("open", "high", "low", "close")


def assert_same_bars(
    bars: BarColumns, tables: Sequence[Table], symbols: Sequence[str], volume: Callable[[str], float] | None = float
) -> None:
    """``symbols`` are the names that the bars have, in the order of ``tables``; ``volume`` is None where there is none."""
    assert bars.symbols == tuple(sorted(symbols)), bars.symbols
    assert bars.interval_ns == tables[0].interval, bars.interval_ns
    for symbol, table in zip(symbols, tables, strict=True):
        own = bars.pick(np.flatnonzero(bars.code == bars.symbols.index(symbol)))
        starts = own.ts_start.tolist()
        assert starts == sorted(starts), "not in the order of time"
        assert starts == [row.start for row in table.rows], "times"
        for name in PRICES:
            assert getattr(own, name).tolist() == [float(getattr(row, name)) for row in table.rows], name
        found = None if own.volume is None else own.volume.tolist()
        assert found == (None if volume is None else [volume(row.volume) for row in table.rows]), "volume"
