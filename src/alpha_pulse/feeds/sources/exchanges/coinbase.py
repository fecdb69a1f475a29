"""Coinbase's candles: time, low, high, open, close."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

COINBASE = Source(
    id="coinbase",
    title="Coinbase's candles: time, low, high, open, close",
    shape=("epoch", "low", "high", "open", "close", "volume"),
    stamp="open",
    examples=(
        LayoutExample(
            "coinbase.json",
            "[[1575291600, 7283.0, 7327.09, 7308.88, 7307.13, 1459.186658], "
            "[1575288000, 7236.56, 7330.0, 7297.91, 7309.54, 2207.804367]]",
            "coinbase",
        ),
    ),
)
