"""Stooq's bulk files."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

STOOQ = Source(
    id="stooq",
    title="Stooq's bulk files",
    header=("ticker", "per", "date", "time", "open", "high", "low", "close", "vol", "openint"),
    examples=(
        LayoutExample(
            "aapl.us.txt",
            "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
            "AAPL.US,D,20240102,000000,187.15,188.44,183.885,185.64,82488674,0\n"
            "AAPL.US,D,20240103,000000,184.22,185.88,183.43,184.25,58414460,0\n",
            "AAPL.US",
        ),
    ),
)
