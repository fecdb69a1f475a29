"""Binance's klines, with a header."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BINANCE_HEADED = Source(
    id="binance_headed",
    title="Binance's klines, with a header",
    header=("open_time", "open", "high", "low", "close", "volume", "close_time"),
    file_name=r"(?P<symbol>[A-Z0-9_]+)-(?:[0-9]+(?:s|m|h|d|w|mo))-[0-9]{4}(?:-[0-9]{2}){0,2}",
    stamp="open",
    examples=(
        LayoutExample(
            "ETHUSDT-1h-2019-12.csv",
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
            "1575288000000,7297.91,7330.0,7236.56,7309.54,2207.804367,1575291599999,16138034.33,1234,1103.90,8069017.16,0\n"
            "1575291600000,7308.88,7327.09,7283.0,7307.13,1459.186658,1575295199999,10662466.60,1234,729.59,5331233.30,0\n",
            "ETHUSDT",
        ),
    ),
)
