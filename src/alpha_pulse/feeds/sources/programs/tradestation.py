"""TradeStation's export, stamped with the close."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

TRADESTATION = Source(
    id="tradestation",
    title="TradeStation's export, stamped by the close",
    header=("date", "time", "open", "high", "low", "close", "up", "down"),
    stamp="close",
    volumes=("up", "down"),
    day_first=False,
    examples=(
        LayoutExample(
            "ES.txt",
            '"Date","Time","Open","High","Low","Close","Up","Down"\n'
            "01/02/2024,13:00,4820.25,4822.5,4819,4821.75,1234,1100\n"
            "01/02/2024,14:00,4821.75,4823,4820,4820.5,1500,1200\n",
            "ES",
            "America/Chicago",
        ),
    ),
)
