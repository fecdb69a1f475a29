"""Bars symbol after symbol."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from alpha_pulse.feeds.columns import BarColumns


def by_symbol(columns: BarColumns) -> BarColumns:
    """The bars of one symbol after those of another, each in the order they had."""
    if len(columns.symbols) == 1 or np.all(np.diff(columns.code) >= 0):
        return columns
    return columns.pick(np.argsort(columns.code, kind="stable"))


def parts(bars: BarColumns) -> Iterator[tuple[str, slice]]:
    """Each symbol that has bars, with their places; ``bars`` as `by_symbol` gives them."""
    bounds = np.searchsorted(bars.code, np.arange(len(bars.symbols) + 1))
    for symbol, low, high in zip(bars.symbols, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if high > low:
            yield symbol, slice(low, high)
