"""Gate.io's candles: time, money, close, high, low, open, volume."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

GATEIO = Source(
    id="gateio",
    title="Gate.io's candles: time, money, close, high, low, open, volume",
    shape=("epoch", "number", "close", "high", "low", "open", "volume", "any"),
    stamp="open",
    examples=(
        LayoutExample(
            "BTC_USDT.csv",
            "1575288000,16138034.3,7309.54,7330.0,7236.56,7297.91,2207.80,true\n"
            "1575291600,10662466.6,7307.13,7327.09,7283.0,7308.88,1459.18,true\n",
            "BTC_USDT",
        ),
    ),
)
