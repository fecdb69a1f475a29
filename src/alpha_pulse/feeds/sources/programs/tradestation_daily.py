"""TradeStation's export of daily bars, stamped by the session's close."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

TRADESTATION_DAILY = Source(
    id="tradestation_daily",
    title="TradeStation's export with open interest, stamped by the close",
    header=("date", "time", "open", "high", "low", "close", "vol", "oi"),
    file_name=r"(?P<symbol>.+?)(?:_[dwm])?",
    stamp="close",
    day_first=False,
    examples=(
        LayoutExample(
            "QQQ.txt",
            '"Date","Time","Open","High","Low","Close","Vol","OI"\n'
            "03/17/2015,16:00,106.41,107.04,106.16,106.87,18705018,0\n"
            "03/18/2015,16:00,106.57,108.41,106.03,107.92,37558204,0\n",
            "QQQ",
            "America/New_York",
        ),
    ),
)
