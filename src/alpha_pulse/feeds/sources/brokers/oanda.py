"""OANDA's candles."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

OANDA = Source(
    id="oanda",
    title="OANDA's candles",
    header=("time", "mid_o", "mid_h", "mid_l", "mid_c"),
    stamp="open",
    examples=(
        LayoutExample(
            "candles.json",
            '{"instrument":"EUR_USD","granularity":"H1","candles":[{"complete":true,"volume":2207,"time":"2024-01-02T12:00:00.000000000Z","mid":{"o":"1.10212","h":"1.10350","l":"1.10200","c":"1.10310"}},{"complete":true,"volume":1459,"time":"2024-01-02T13:00:00.000000000Z","mid":{"o":"1.10310","h":"1.10330","l":"1.10270","c":"1.10290"}}]}',
            "EUR_USD",
        ),
    ),
)
