"""FirstRate Data's files, without a header."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

FIRSTRATE = Source(
    id="firstrate",
    title="FirstRate Data's files, without a header",
    shape=("ts", "open", "high", "low", "close", "volume"),
    file_name=r"(?P<symbol>.+?)_(?:full_|sample_)?(?:1min|5min|30min|1hour|1day)(?:_.*)?",
    file_name_needed=True,
    stamp="open",
    examples=(
        LayoutExample(
            "AAPL_full_1hour_adjsplitdiv.txt",
            "2024-01-02 09:00:00,187.15,188.44,183.885,185.64,824886\n2024-01-02 10:00:00,185.64,185.88,183.43,184.25,584144\n",
            "AAPL",
            "America/New_York",
        ),
    ),
)
