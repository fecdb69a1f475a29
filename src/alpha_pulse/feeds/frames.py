"""Bars as polars frames, with the columns of docs/how-to/read-your-data.md."""

from __future__ import annotations

import polars as pl

from alpha_pulse.feeds.columns import PRICES, BarColumns


def symbol_frame(own: BarColumns, symbol: str) -> pl.DataFrame:
    """The bars of one symbol: ``ts`` and ``ts_end`` are the start and the end of a bar (UTC)."""
    own = own.with_ends()
    times = {"ts": own.ts_start, "ts_end": own.ends()}
    values = {**{name: getattr(own, name) for name in PRICES}, "volume": own.volume, "bid_close": own.bid, "ask_close": own.ask}
    return pl.DataFrame(
        [
            *(pl.Series(name, array).cast(pl.Datetime("ns", "UTC")) for name, array in times.items()),
            pl.Series("symbol", [symbol]).new_from_index(0, own.code.size),
            *(pl.Series(name, array) for name, array in values.items() if array is not None),
        ]
    )


def bars_frame(columns: BarColumns) -> pl.DataFrame:
    """The bars of all symbols, one symbol after the other."""
    bars = columns.sorted_by_symbol()
    return pl.concat([symbol_frame(bars.pick(part), symbol) for symbol, part in bars.symbol_slices()])
