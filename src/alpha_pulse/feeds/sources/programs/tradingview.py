"""TradingView's chart export."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

TRADINGVIEW = Source(
    id="tradingview",
    title="TradingView's chart export",
    header=("time", "open", "high", "low", "close"),
    file_name=r"(?:[A-Z0-9]+_)?(?P<symbol>[A-Z0-9.!_&-]+), ?[0-9]*[A-Z0-9]+(?:[_ ].*)?",
    file_name_needed=True,
    stamp="open",
    examples=(
        LayoutExample(
            "BINANCE_BTCUSDT, 60.csv",
            "time,open,high,low,close,Volume,RSI\n"
            "1575288000,7297.91,7330.0,7236.56,7309.54,2207.804367,50.1\n"
            "1575291600,7308.88,7327.09,7283.0,7307.13,1459.186658,50.1\n",
            "BTCUSDT",
        ),
    ),
)
