"""HistData's files for MetaTrader, in EST without daylight saving."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

HISTDATA_METATRADER = Source(
    id="histdata_metatrader",
    title="HistData's files for MetaTrader, in EST without daylight saving",
    shape=("date", "clock", "open", "high", "low", "close", "zero"),
    file_name=r"DAT_MT_(?P<symbol>[A-Z0-9]+)_M1(?:_.*)?",
    file_name_needed=True,
    stamp="open",
    tz="Etc/GMT+5",
    examples=(
        LayoutExample(
            "DAT_MT_EURUSD_M1_2019.csv",
            "2019.01.01,17:00,1.146680,1.146750,1.146660,1.146730,0\n2019.01.01,17:01,1.146730,1.146740,1.146700,1.146710,0\n",
            "EURUSD",
        ),
    ),
)
