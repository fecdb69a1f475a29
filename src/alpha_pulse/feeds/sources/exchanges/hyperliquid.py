"""Hyperliquid's and Binance's streamed candles: t opens, T closes."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

HYPERLIQUID = Source(
    id="hyperliquid",
    title="Candles of Hyperliquid, and of Binance's streams",
    header=("t", "s", "i", "o", "c", "h", "l", "v", "n"),
    columns={"symbol": "s"},
    stamp="open",
    examples=(
        LayoutExample(
            "candles.json",
            '[{"t":1575288000000,"T":1575291599999,"s":"BTC","i":"1h","o":"7297.9","c":"7309.5","h":"7330.0","l":"7236.5",'
            '"v":"2207.8","n":12},{"t":1575291600000,"T":1575295199999,"s":"BTC","i":"1h","o":"7308.8","c":"7307.1",'
            '"h":"7327.0","l":"7283.0","v":"1459.1","n":9}]',
            "BTC",
        ),
    ),
)
