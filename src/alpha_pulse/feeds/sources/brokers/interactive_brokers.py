"""Interactive Brokers' bars by ib_insync."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

INTERACTIVE_BROKERS = Source(
    id="interactive_brokers",
    title="Interactive Brokers' bars by ib_insync",
    header=("date", "open", "high", "low", "close", "volume", "average", "bar_count"),
    stamp="open",
    examples=(
        LayoutExample(
            "AAPL.csv",
            ",date,open,high,low,close,volume,average,barCount\n"
            "0,2024-01-02 09:30:00-05:00,187.15,188.44,183.885,185.64,824886,186.2,1200\n"
            "1,2024-01-02 10:30:00-05:00,185.64,185.88,183.43,184.25,584144,184.9,900\n",
            "AAPL",
        ),
    ),
)
