"""The bars of a call: a bundled name, files, a frame, or data that were read before."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alpha_pulse.core.errors import DataError
from alpha_pulse.data import DEFAULT, bundled, read
from alpha_pulse.data.demos import DEMOS, DRIFT, EURUSD, drift
from alpha_pulse.feeds.market_data import MarketData
from alpha_pulse.feeds.replay import ReplayFeed


def feed_of(data: Any, options: Mapping[str, Any]) -> ReplayFeed:
    """The bars of ``data`` as a feed.

    Parameters
    ----------
    data
        The name of a bundled file, or of a demo (``drift``, ``eurusd``); whatever `alpha_pulse.data.read` reads; or its result,
        or a feed, to both of which ``options`` do not apply.
    options
        The options of `alpha_pulse.data.read`.

    Raises
    ------
    DataError, ConfigError
        As `alpha_pulse.data.read`.

    >>> feed_of("eurusd_1h_2017", {}).total_bars
    6225
    """
    if isinstance(data, ReplayFeed):
        return data
    if isinstance(data, MarketData):
        return ReplayFeed.from_data(data)
    if isinstance(data, str) and not Path(data).exists():
        if data == DRIFT:
            return drift()
        data = bundled().get(DEFAULT if data == EURUSD else data) or _not_misspelt(data)
    return ReplayFeed.from_data(read(data, **options))


def _not_misspelt(name: str) -> str:
    """A name that is no bundled file. Raises DataError where it is nearly one."""
    near = difflib.get_close_matches(name, [*bundled(), *DEMOS], n=1, cutoff=0.8)
    if near:
        raise DataError(f"{name!r} is neither a file nor the name of bundled bars; did you mean {near[0]!r}?")
    return name
