"""What `alpha-pulse data import` writes."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

IMPORTED = Source(
    id="alpha_pulse",
    title="alpha-pulse data import",
    header=("ts", "ts_end", "symbol", "open", "high", "low", "close"),
    columns={"ts": "ts", "ts_end": "ts_end"},
    stamp="open",
    tz="UTC",
    examples=(
        LayoutExample(
            "ABC_1h.csv",
            "ts,ts_end,symbol,open,high,low,close\n"
            "2024-03-01T09:00:00Z,2024-03-01T10:00:00Z,ABC,100.0,101.0,99.5,100.5\n"
            "2024-03-01T10:00:00Z,2024-03-01T11:00:00Z,ABC,100.5,100.9,100.1,100.2\n",
            "ABC",
        ),
    ),
)
