"""Dukascopy-node."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

DUKASCOPY_NODE = Source(
    id="dukascopy_node",
    title="dukascopy-node",
    header=("timestamp", "open", "high", "low", "close"),
    file_name=r"(?P<symbol>[a-z0-9]+)-(?:s1|m1|m5|m15|m30|h1|h4|d1|mn1)-(?:bid|ask)-.*",
    file_name_needed=True,
    stamp="open",
    examples=(
        LayoutExample(
            "eurusd-h1-bid-2024-01-01-2024-01-02.csv",
            "timestamp,open,high,low,close,volume\n"
            "1704196800000,1.10212,1.1035,1.102,1.1031,2207.5\n"
            "1704200400000,1.1031,1.1033,1.1027,1.1029,1459.25\n",
            "eurusd",
        ),
    ),
)
