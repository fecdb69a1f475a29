"""Stooq's daily download."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

STOOQ_DAILY = Source(
    id="stooq_daily",
    title="Stooq's daily download",
    header=("date", "open", "high", "low", "close"),
    lacks=("time",),
    file_name=r"(?P<symbol>\^?[A-Z0-9._-]+)_[dwm]",
    file_name_needed=True,
    stamp="open",
    examples=(
        LayoutExample(
            "aapl_us_d.csv",
            "Date,Open,High,Low,Close,Volume\n"
            "2024-01-02,187.15,188.44,183.885,185.64,82488674\n"
            "2024-01-03,184.22,185.88,183.43,184.25,58414460\n",
            "aapl_us",
        ),
    ),
)
