"""Cboe's histories of its indices."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

CBOE = Source(
    id="cboe",
    title="Cboe's index history",
    header=("date", "open", "high", "low", "close"),
    lacks=("volume", "adj_close", "ticker", "symbol"),
    file_name=r"(?P<symbol>[A-Z0-9]+)_History",
    file_name_needed=True,
    stamp="open",
    examples=(
        LayoutExample(
            "VIX_History.csv",
            "DATE,OPEN,HIGH,LOW,CLOSE\n01/29/1990,17.24,17.24,17.24,17.24\n01/30/1990,18.19,18.19,18.19,18.19\n",
            "VIX",
        ),
    ),
)
