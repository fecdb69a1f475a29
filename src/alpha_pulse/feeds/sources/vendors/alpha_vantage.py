"""Alpha Vantage's CSV."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

ALPHA_VANTAGE = Source(
    id="alpha_vantage",
    title="Alpha Vantage's CSV",
    header=("timestamp", "open", "high", "low", "close", "volume"),
    file_name=r"(?:daily|weekly|monthly|intraday_[0-9]+min)(?:_adjusted)?_(?P<symbol>[A-Z0-9.\-]+)",
    file_name_needed=True,
    stamp="open",
    tz="America/New_York",
    examples=(
        LayoutExample(
            "intraday_60min_IBM.csv",
            "timestamp,open,high,low,close,volume\n"
            "2024-01-02 10:00:00,161.83,163.29,161.0,162.07,3825044\n"
            "2024-01-02 09:00:00,161.0,162.73,160.9,161.83,4086065\n",
            "IBM",
        ),
    ),
)
