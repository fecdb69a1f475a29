"""Bars of a web API (Polygon, Alpaca, Finnhub)."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BARS_API = Source(
    id="bars_api",
    title="bars of a web API (Polygon, Alpaca, Finnhub)",
    header=("t", "o", "h", "l", "c", "v"),
    stamp="open",
    examples=(
        LayoutExample(
            "aggs.json",
            '{"ticker":"AAPL","resultsCount":2,"results":[{"v":1500,"vw":187.2,"o":187.15,"c":187.2,"h":187.3,"l":187.1,"t":1704205800000,"n":20},{"v":1700,"vw":187.3,"o":187.2,"c":187.4,"h":187.5,"l":187.2,"t":1704205860000,"n":25}]}',
            "AAPL",
        ),
    ),
)
