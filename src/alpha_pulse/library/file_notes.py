"""Print how files of bars were read."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.market_data import FileReport
from alpha_pulse.feeds.replay import ReplayFeed

_MOST_FILES = 5


def show_files(feed: ReplayFeed, warnings: Sequence[str]) -> None:
    """Print on standard error: how files of other layouts were read, notes, and warnings."""
    foreign = [file for file in feed.files if not _is_ours(file)]
    for file in foreign[:_MOST_FILES]:
        print(file.line(feed.interval_ns), file=sys.stderr)
    if len(foreign) > _MOST_FILES:
        print(f"... and {len(foreign) - _MOST_FILES} more files", file=sys.stderr)
    for note in feed.notes:
        if note.text not in warnings:
            print(f"note: {note.text}", file=sys.stderr)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _is_ours(file: FileReport) -> bool:
    """Whether a file has the column names of this program, and needs no line that describes how it was read."""
    return file.source in ("generic", "alpha_pulse") and all(file.used.get(name) == name for name in ("ts", "symbol", *PRICES))
