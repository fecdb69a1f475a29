"""Kraken's archive, without a header."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

KRAKEN = Source(
    id="kraken",
    title="Kraken's archive, without a header",
    shape=("epoch", "open", "high", "low", "close", "volume", "count"),
    file_name=r"(?P<symbol>[A-Z0-9.]+)_[0-9]+",
    stamp="open",
    examples=(
        LayoutExample(
            "XBTUSD_60.csv",
            "1575288000,7297.91,7330.0,7236.56,7309.54,2207.804367,321\n"
            "1575291600,7308.88,7327.09,7283.0,7307.13,1459.186658,321\n",
            "XBTUSD",
        ),
    ),
)
