"""CoinGecko's OHLC, rows of a time in ms and four prices, stamped by the close."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

COINGECKO = Source(
    id="coingecko",
    title="CoinGecko's OHLC, stamped by the close",
    shape=("milliseconds", "open", "high", "low", "close"),
    format="JSON",
    stamp="close",
    examples=(
        LayoutExample(
            "bitcoin.json",
            "[[1575302400000,7297.91,7358.0,7236.56,7308.76],[1575316800000,7309.32,7330.03,7257.22,7273.98]]",
            "bitcoin",
        ),
    ),
)
