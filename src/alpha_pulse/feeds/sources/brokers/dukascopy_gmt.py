"""Dukascopy's export in GMT."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

DUKASCOPY_GMT = Source(
    id="dukascopy_gmt",
    title="Dukascopy's export in GMT",
    header=("gmt_time", "open", "high", "low", "close", "volume"),
    file_name=r"(?P<symbol>[A-Z0-9.&-]+)_Candlestick_.*",
    stamp="open",
    tz="UTC",
    examples=(
        LayoutExample(
            "EURUSD_Candlestick_1_Hour_BID_01.01.2024-02.01.2024.csv",
            "Gmt time,Open,High,Low,Close,Volume\n"
            "02.01.2024 13:00:00.000,1.10212,1.10350,1.10200,1.10310,2207.5\n"
            "02.01.2024 14:00:00.000,1.10310,1.10330,1.10270,1.10290,1459.25\n",
            "EURUSD",
        ),
    ),
)
