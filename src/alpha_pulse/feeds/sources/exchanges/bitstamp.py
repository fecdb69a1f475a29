"""Bitstamp's bars, with NaN in minutes without trades."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BITSTAMP = Source(
    id="bitstamp",
    title="Bitstamp's bars with NaN where nothing traded",
    header=("timestamp", "open", "high", "low", "close", "volume_btc", "volume_currency", "weighted_price"),
    columns={"volume": "volume_btc"},
    stamp="open",
    examples=(
        LayoutExample(
            "bitstampUSD.csv",
            "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price\n"
            "1575288000,7297.91,7330.0,7236.56,7309.54,2207.80,16138034.33,7305.1\n"
            "1575288060,NaN,NaN,NaN,NaN,NaN,NaN,NaN\n"
            "1575288120,7308.88,7327.09,7283.0,7307.13,1459.18,10662466.60,7306.2\n",
            "bitstampUSD",
        ),
    ),
)
