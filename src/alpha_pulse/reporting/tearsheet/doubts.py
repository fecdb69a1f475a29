"""Reasons to doubt the figures of a run that is not finished; a finished one has them in its result."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from alpha_pulse.feeds.arrays import Floats
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.reporting.data_checks import check_first_bars
from alpha_pulse.reporting.tearsheet.content import RunContent


def doubts_so_far(run: RunContent, bankrupt: Iterable[str]) -> list[str]:
    """One sentence for each, from the bars so far; ``bankrupt`` are the names of books that lost everything."""
    return [
        *check_first_bars(run.config, _columns(run), run.identity.feed_identity),
        *(
            f"book {name.replace('_', ' ')} lost everything: its equity was 0 or below, so later results of it mean nothing"
            for name in bankrupt
        ),
    ]


def _columns(run: RunContent) -> BarColumns:
    bars = run.tables["bars"].sort("known_at", "symbol")
    symbols = tuple(sorted(bars["symbol"].unique()))
    start, end = (bars[name].cast(pl.Int64).to_numpy() for name in ("open_time", "known_at"))

    def optional(name: str) -> Floats | None:
        return None if bars[name].null_count() else bars[name].to_numpy()

    return BarColumns(
        symbols=symbols,
        interval_ns=int(np.median(end - start)),
        code=np.searchsorted(np.array(symbols), bars["symbol"].to_numpy().astype(str)).astype(np.int64),
        ts_start=start,
        ts_end=end,
        volume=optional("volume"),
        bid=optional("bid"),
        ask=optional("ask"),
        **{name: bars[name].to_numpy() for name in ("open", "high", "low", "close")},
    )
