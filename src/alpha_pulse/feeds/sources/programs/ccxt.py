"""Ccxt's fetch_ohlcv."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

CCXT = Source(
    id="ccxt",
    title="ccxt, and others that write timestamp, open, high, low, close, volume",
    header=("timestamp", "open", "high", "low", "close", "volume"),
    lacks=("symbol", "trade_count", "vwap", "weighted_price"),
    shape=("epoch", "open", "high", "low", "close", "volume"),
    examples=(
        LayoutExample(
            "btc.csv",
            "timestamp,open,high,low,close,volume\n"
            "1575288000000,7297.91,7330.0,7236.56,7309.54,2207.804367\n"
            "1575291600000,7308.88,7327.09,7283.0,7307.13,1459.186658\n",
            "btc",
        ),
    ),
)
