"""MetaTrader 5's Python package."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

METATRADER_PYTHON = Source(
    id="metatrader_python",
    title="MetaTrader 5's Python package",
    header=("time", "open", "high", "low", "close", "tick_volume", "real_volume"),
    columns={"volume": "tick_volume"},
    stamp="open",
    examples=(
        LayoutExample(
            "EURUSD.csv",
            "time,open,high,low,close,tick_volume,spread,real_volume\n"
            "1575288000,1.10212,1.10350,1.10200,1.10310,2207,2,0\n"
            "1575291600,1.10310,1.10330,1.10270,1.10290,1459,2,0\n",
            "EURUSD",
        ),
    ),
)
