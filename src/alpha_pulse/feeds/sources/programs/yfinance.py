"""Yfinance's download, with two header lines."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

YFINANCE = Source(
    id="yfinance",
    title="yfinance's download, with two header lines",
    header=("open", "high", "low", "close"),
    levels=True,
    stamp="open",
    examples=(
        LayoutExample(
            "download.csv",
            "Price,Close,High,Low,Open,Volume\n"
            "Ticker,QQQ,QQQ,QQQ,QQQ,QQQ\n"
            "Date,,,,,\n"
            "2011-03-24,56.73,56.82,55.82,56.13,62779061\n"
            "2011-03-25,56.84,57.22,56.76,56.88,66809144\n",
            "QQQ",
        ),
    ),
)
