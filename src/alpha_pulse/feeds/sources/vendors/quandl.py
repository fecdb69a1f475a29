"""Quandl's WIKI prices: unadjusted and adjusted."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

QUANDL = Source(
    id="quandl",
    title="Quandl's WIKI prices",
    header=(
        "date",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "ex_dividend",
        "split_ratio",
        "adj_open",
        "adj_high",
        "adj_low",
        "adj_close",
        "adj_volume",
    ),
    file_name=r"(?:WIKI[-_])?(?P<symbol>[A-Za-z0-9._]+)",
    stamp="open",
    examples=(
        LayoutExample(
            "WIKI-AAPL.csv",
            "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume\n"
            "2017-12-04,170.0,172.0,169.0,171.5,100.0,0.0,1.0,85.0,86.0,84.5,85.75,200.0\n"
            "2017-12-01,169.0,171.0,168.0,170.5,100.0,0.0,1.0,84.5,85.5,84.0,85.25,200.0\n",
            "AAPL",
        ),
    ),
)
