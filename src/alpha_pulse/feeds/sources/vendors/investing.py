"""Investing.com's historical data."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

INVESTING = Source(
    id="investing",
    title="Investing.com's historical data",
    header=("date", "price", "open", "high", "low", "change_%"),
    file_name=r"(?P<symbol>.+?) Historical Data.*",
    columns={"close": "price"},
    stamp="open",
    examples=(
        LayoutExample(
            "AAPL Historical Data.csv",
            '"Date","Price","Open","High","Low","Vol.","Change %"\n'
            '"01/31/2024","184.40","187.04","187.10","184.35","55.47M","-1.94%"\n'
            '"01/30/2024","188.04","190.94","191.80","187.47","55.86M","-1.92%"\n',
            "AAPL",
        ),
    ),
)
