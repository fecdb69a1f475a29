"""Yfinance's Ticker.history, whose prices are adjusted."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

YFINANCE_HISTORY = Source(
    id="yfinance_history",
    title="yfinance's Ticker.history, whose prices are adjusted",
    header=("open", "high", "low", "close", "volume", "dividends", "stock_splits"),
    stamp="open",
    examples=(
        LayoutExample(
            "MSFT.csv",
            "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
            "2011-03-24 00:00:00-04:00,56.13,56.82,55.82,56.73,62779061,0.0,0.0\n"
            "2011-03-25 00:00:00-04:00,56.88,57.22,56.76,56.84,66809144,0.0,0.0\n",
            "MSFT",
        ),
    ),
)
