"""What the regime detectors of a run are shown of each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.stateful import digest
from alpha_pulse.core.types import Bar
from alpha_pulse.engine.regime_monitor import RegimeMonitor

HOUR_NS = 3_600_000_000_000
SYMBOLS = ("A", "B", "C", "D", "E")


def slices(n: int, seed: int, still: tuple[str, ...] = ()) -> list[list[Bar]]:
    """Bars of all symbols at n instants; those ``still`` never move."""
    rng = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal((n, len(SYMBOLS))), axis=0))
    closes[:, [symbol in still for symbol in SYMBOLS]] = 100.0
    return [
        [
            Bar(symbol, at * HOUR_NS, HOUR_NS, close, close, close, close, seq=at)
            for symbol, close in zip(SYMBOLS, row, strict=True)
        ]
        for at, row in enumerate(closes.tolist(), 1)
    ]


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(SYMBOLS))), st.integers(0, 1_000))
def test_the_order_of_the_bars_of_a_slice_changes_nothing(order: list[int], seed: int) -> None:
    one, other = RegimeMonitor(SYMBOLS, HOUR_NS), RegimeMonitor(SYMBOLS, HOUR_NS)
    for bars in slices(30, seed):
        one.observe(bars)
        other.observe([bars[at] for at in order])
    states = [{name: part.snapshot() for name, part in watch.components().items()} for watch in (one, other)]
    assert digest(states[0]) == digest(states[1])


def test_each_symbol_is_shown_the_mean_return_of_the_others() -> None:
    watch, shown = RegimeMonitor(SYMBOLS, HOUR_NS), slices(40, 1)
    assert watch._others(shown[0]) == {}
    for before, bars in pairwise(shown):
        returns = np.log([new.close / old.close for old, new in zip(before, bars, strict=True)])
        found = watch._others(bars)
        for at, symbol in enumerate(SYMBOLS):
            assert found[symbol] == pytest.approx(np.delete(returns, at).mean(), abs=1e-15)


def test_others_that_stand_still_returned_exactly_nothing() -> None:
    watch = RegimeMonitor(SYMBOLS, HOUR_NS)
    found = [watch._others(bars) for bars in slices(40, 2, still=("A", "B", "D", "E"))]
    assert all(others["C"] == 0.0 for others in found[1:])
    assert all(others["A"] != 0.0 for others in found[1:])
