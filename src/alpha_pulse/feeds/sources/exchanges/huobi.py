"""Huobi's (HTX's) candles, whose column of times is id."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

HUOBI = Source(
    id="huobi",
    title="Huobi's candles",
    header=("id", "open", "close", "low", "high", "amount", "vol", "count"),
    columns={"ts": "id", "volume": "amount"},
    stamp="open",
    examples=(
        LayoutExample(
            "kline.json",
            '{"ch":"market.btcusdt.kline.60min","status":"ok","ts":1629769247172,"data":['
            '{"id":1575291600,"open":7308.88,"close":7307.13,"low":7283.0,"high":7327.09,"amount":14.5,"vol":106062.1,"count":9},'
            '{"id":1575288000,"open":7297.91,"close":7309.54,"low":7236.56,"high":7330.0,"amount":22.0,"vol":160034.1,"count":9}]}',
            "btcusdt",
        ),
    ),
)
