"""Barchart's download."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BARCHART = Source(
    id="barchart",
    title="Barchart's download",
    header=("time", "open", "high", "low", "change", "volume"),
    file_name=r"(?P<symbol>[A-Z0-9.$^-]+?)_.*historical-data.*",
    stamp="open",
    day_first=False,
    examples=(
        LayoutExample(
            "aapl_daily_historical-data-01-31-2024.csv",
            "Time,Open,High,Low,Last,Change,%Chg,Volume\n"
            '2024-01-03,184.22,185.88,183.43,184.25,-1.39,"-0.75%",58414460\n'
            '2024-01-02,187.15,188.44,183.885,185.64,-6.89,"-3.58%",82488674\n'
            '"Downloaded from Barchart.com as of 01-31-2024 05:00pm CST"\n',
            "aapl",
        ),
    ),
)
