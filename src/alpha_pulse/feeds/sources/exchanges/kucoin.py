"""KuCoin's candles: time, open, close, high, low."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

KUCOIN = Source(
    id="kucoin",
    title="KuCoin's candles: time, open, close, high, low",
    shape=("epoch", "open", "close", "high", "low", "volume", "number"),
    stamp="open",
    examples=(
        LayoutExample(
            "kucoin.json",
            '{"code":"200000","data":[["1575291600","7308.88","7307.13","7327.09","7283.0","1459.18","10662466.6"],["1575288000","7297.91","7309.54","7330.0","7236.56","2207.80","16138034.3"]]}',
            "kucoin",
        ),
    ),
)
