"""NinjaTrader's export, stamped by the close."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

NINJATRADER = Source(
    id="ninjatrader",
    title="NinjaTrader's export, stamped by the close",
    shape=("ts", "open", "high", "low", "close", "volume"),
    file_name=r"(?P<symbol>.+)\.(?:Last|Bid|Ask)",
    file_name_needed=True,
    stamp="close",
    tz="UTC",
    examples=(
        LayoutExample(
            "ES 03-24.Last.txt",
            "20240102 130000;4820.25;4822.5;4819;4821.75;1234\n20240102 140000;4821.75;4823;4820;4820.5;1500\n",
            "ES 03-24",
            None,
        ),
    ),
)
