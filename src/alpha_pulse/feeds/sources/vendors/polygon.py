"""Polygon's flat files."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

POLYGON = Source(
    id="polygon",
    title="Polygon's flat files",
    header=("ticker", "volume", "open", "close", "high", "low", "window_start", "transactions"),
    stamp="open",
    examples=(
        LayoutExample(
            "2024-01-02.csv",
            "ticker,volume,open,close,high,low,window_start,transactions\n"
            "AAPL,1500,187.15,187.2,187.3,187.1,1704205800000000000,20\n"
            "AAPL,1700,187.2,187.4,187.5,187.2,1704205860000000000,25\n",
            "AAPL",
        ),
    ),
)
