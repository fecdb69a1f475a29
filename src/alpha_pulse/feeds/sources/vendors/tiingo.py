"""Tiingo's end-of-day prices."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

TIINGO = Source(
    id="tiingo",
    title="Tiingo's end-of-day prices",
    header=("date", "close", "high", "low", "open", "volume", "adj_close", "adj_high", "adj_low", "adj_open", "adj_volume"),
    stamp="open",
    examples=(
        LayoutExample(
            "tiingo_aapl.csv",
            "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n"
            "2024-01-02T00:00:00.000Z,185.64,188.44,183.885,187.15,82488674,184.5,187.3,182.8,186.0,82488674,0.0,1.0\n"
            "2024-01-03T00:00:00.000Z,184.25,185.88,183.43,184.22,58414460,183.1,184.7,182.3,183.1,58414460,0.0,1.0\n",
            "tiingo_aapl",
        ),
    ),
)
