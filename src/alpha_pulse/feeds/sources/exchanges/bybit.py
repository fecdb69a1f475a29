"""Bybit's candles."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BYBIT = Source(
    id="bybit",
    title="Bybit's candles",
    shape=("epoch", "open", "high", "low", "close", "volume", "number"),
    stamp="open",
    examples=(
        LayoutExample(
            "bybit.json",
            '{"retCode":0,"result":{"symbol":"BTCUSDT","category":"spot","list":[["1575291600000","7308.88","7327.09","7283.0","7307.13","1459.18","10662466.6"],["1575288000000","7297.91","7330.0","7236.56","7309.54","2207.80","16138034.3"]]}}',
            "BTCUSDT",
        ),
    ),
)
