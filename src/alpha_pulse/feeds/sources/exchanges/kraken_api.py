"""Kraken's web API."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

KRAKEN_API = Source(
    id="kraken_api",
    title="Kraken's web API",
    shape=("epoch", "open", "high", "low", "close", "vwap", "volume", "count"),
    stamp="open",
    examples=(
        LayoutExample(
            "ohlc.json",
            '{"error":[],"result":{"XXBTZUSD":[[1575288000,"7297.9","7330.0","7236.5","7309.5","7300.1","207.80",321],[1575291600,"7308.8","7327.0","7283.0","7307.1","7301.0","145.18",300]],"last":1575291600}}',
            "XXBTZUSD",
        ),
    ),
)
