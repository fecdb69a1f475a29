"""The planted changes of a synthetic market, as the page shows them."""

from __future__ import annotations

from alpha_pulse.feeds.base import Feed
from alpha_pulse.feeds.synthetic import SyntheticFeed
from alpha_pulse.gateway.messages import PlantedChange, SyntheticStatus
from alpha_pulse.runtime.history.events import MS
from alpha_pulse.runtime.history.table import HistoryTable


def synthetic_status(feed: Feed, equity: HistoryTable) -> SyntheticStatus | None:
    """The description of a synthetic feed and its changes; None for real bars, and for a synthetic feed without a description.

    Parameters
    ----------
    equity
        The table with a row per slice, from which the step of a change that has been reached is known.
    """
    if not isinstance(feed, SyntheticFeed) or feed.about is None:
        return None
    changes = []
    for bar, effect in zip(feed.change_points, feed.effects, strict=True):
        end = feed.slice_end(bar)
        row = equity.find("ts_ms", end // MS)
        seq = None if row is None else int(row["seq"])
        changes.append(PlantedChange(bar, (end - feed.interval_ns) // MS, seq, effect))
    return SyntheticStatus(feed.about, changes)
