"""Nasdaq.com's historical data."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

NASDAQ = Source(
    id="nasdaq",
    title="Nasdaq.com's historical data",
    header=("date", "close_last", "volume", "open", "high", "low"),
    file_name=r"(?:HistoricalData|HistoricalQuotes).*",
    stamp="open",
    day_first=False,
    examples=(
        LayoutExample(
            "HistoricalData_1700000000000.csv",
            "Date,Close/Last,Volume,Open,High,Low\n"
            "01/03/2024,$184.25,58414460,$184.22,$185.88,$183.43\n"
            "01/02/2024,$185.64,82488674,$187.15,$188.44,$183.885\n",
            "HistoricalData_1700000000000",
        ),
    ),
)
