"""OKX's candles."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

OKX = Source(
    id="okx",
    title="OKX's candles",
    shape=("epoch", "open", "high", "low", "close", "volume", "number", "number", "any"),
    stamp="open",
    examples=(
        LayoutExample(
            "okx.json",
            '{"code":"0","msg":"","data":[["1575291600000","7308.88","7327.09","7283.0","7307.13","1459.18","10662466.6","10662466.6","1"],["1575288000000","7297.91","7330.0","7236.56","7309.54","2207.80","16138034.3","16138034.3","1"]]}',
            "okx",
        ),
    ),
)
