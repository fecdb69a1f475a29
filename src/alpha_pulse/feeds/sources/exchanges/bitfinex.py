"""Bitfinex's candles: time, open, close, high, low."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BITFINEX = Source(
    id="bitfinex",
    title="Bitfinex's candles: time, open, close, high, low",
    shape=("epoch", "open", "close", "high", "low", "volume"),
    stamp="open",
    examples=(
        LayoutExample(
            "bitfinex.json",
            "[[1575288000000, 7297.91, 7309.54, 7330.0, 7236.56, 2207.804367], "
            "[1575291600000, 7308.88, 7307.13, 7327.09, 7283.0, 1459.186658]]",
            "bitfinex",
        ),
    ),
)
