"""Freqtrade's download-data."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

FREQTRADE = Source(
    id="freqtrade",
    title="freqtrade's download-data",
    header=("date", "open", "high", "low", "close", "volume"),
    shape=("epoch", "open", "high", "low", "close", "volume"),
    file_name=r"(?P<symbol>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+)(?:_(?P<settle>[A-Z0-9]+))?-[0-9]+(?:s|m|h|d|w|mo)(?:-(?:futures|mark|spot))?",
    file_name_needed=True,
    stamp="open",
    examples=(
        LayoutExample(
            "BTC_USDT-1h.json",
            "[[1575288000000, 7297.91, 7330.0, 7236.56, 7309.54, 2207.804367], "
            "[1575291600000, 7308.88, 7327.09, 7283.0, 7307.13, 1459.186658]]",
            "BTC/USDT",
        ),
    ),
)
