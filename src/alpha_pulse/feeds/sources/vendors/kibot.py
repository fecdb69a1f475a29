"""Kibot's files, without a header, with the month first."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

KIBOT = Source(
    id="kibot",
    title="Kibot's files, without a header, with the month first",
    shape=("slashed", "clock", "open", "high", "low", "close", "volume"),
    day_first=False,
    stamp="open",
    examples=(
        LayoutExample(
            "IBM.txt",
            "01/02/2024,09:30,161.83,163.29,161.0,162.07,382504\n01/02/2024,09:31,162.07,162.73,160.9,161.83,408606\n",
            "IBM",
            "America/New_York",
        ),
    ),
)
