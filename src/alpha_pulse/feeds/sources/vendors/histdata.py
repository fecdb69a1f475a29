"""HistData's generic ASCII, in EST without daylight saving."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

HISTDATA = Source(
    id="histdata",
    title="HistData's generic ASCII, in EST without daylight saving",
    shape=("compact", "open", "high", "low", "close", "zero"),
    file_name=r"DAT_(?:ASCII|NT|XLSX)_(?P<symbol>[A-Z0-9]+)_M1(?:_.*)?",
    stamp="open",
    tz="Etc/GMT+5",
    examples=(
        LayoutExample(
            "DAT_ASCII_EURUSD_M1_2019.csv",
            "20190101 170000;1.146680;1.146750;1.146660;1.146730;0\n20190101 170100;1.146730;1.146740;1.146700;1.146710;0\n",
            "EURUSD",
        ),
    ),
)
