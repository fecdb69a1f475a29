"""Alpaca's bars."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

ALPACA = Source(
    id="alpaca",
    title="Alpaca's bars",
    header=("symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "vwap"),
    stamp="open",
    examples=(
        LayoutExample(
            "alpaca.csv",
            "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
            "BTC/USD,2019-12-02T12:00:00Z,7297.91,7330.0,7236.56,7309.54,2207.804367,12,7309.54\n"
            "BTC/USD,2019-12-02T13:00:00Z,7308.88,7327.09,7283.0,7307.13,1459.186658,12,7307.13\n",
            "BTC/USD",
        ),
    ),
)
