"""Yahoo Finance's historical prices."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

YAHOO = Source(
    id="yahoo",
    title="Yahoo Finance's historical prices",
    header=("date", "open", "high", "low", "close", "adj_close", "volume"),
    stamp="open",
    examples=(
        LayoutExample(
            "QQQ.csv",
            "Date,Open,High,Low,Close,Adj Close,Volume\n"
            "2011-03-24,56.13,56.82,55.82,56.73,51.057,62779061\n"
            "2011-03-25,56.88,57.22,56.76,56.84,51.156,66809144\n",
            "QQQ",
        ),
    ),
)
