"""Binance's klines, without a header."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BINANCE_KLINE = Source(
    id="binance_kline",
    title="Binance's klines, without a header",
    shape=("epoch", "open", "high", "low", "close", "volume", "later", "number", "count", "number", "number", "any"),
    file_name=r"(?P<symbol>[A-Z0-9_]+)-(?:[0-9]+(?:s|m|h|d|w|mo))-[0-9]{4}(?:-[0-9]{2}){0,2}",
    stamp="open",
    examples=(
        LayoutExample(
            "BTCUSDT-1h-2019-12.csv",
            "1575288000000,7297.91,7330.0,7236.56,7309.54,2207.804367,1575291599999,16138034.33,1234,1103.90,8069017.16,0\n"
            "1575291600000,7308.88,7327.09,7283.0,7307.13,1459.186658,1575295199999,10662466.60,1234,729.59,5331233.30,0\n",
            "BTCUSDT",
        ),
    ),
)
