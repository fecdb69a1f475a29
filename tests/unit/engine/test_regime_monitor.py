"""What the regime detectors of a run are shown of each other."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import digest
from alpha_pulse.core.types import Bar, RegimeChange
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from naive_regime_detector import NaiveOthers, NaiveRegimeDetector

HOUR_NS = 3_600_000_000_000
Floats = NDArray[np.float64]
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


def closes_of(bars: list[Bar]) -> Floats:
    return np.array([[bar.close for bar in bars]])


def test_each_symbol_is_shown_the_mean_return_of_the_others() -> None:
    watch, shown = RegimeMonitor(SYMBOLS, HOUR_NS), slices(40, 1)
    assert np.isnan(watch.others(closes_of(shown[0]))).all()
    for before, bars in pairwise(shown):
        returns = np.log([new.close / old.close for old, new in zip(before, bars, strict=True)])
        found = watch.others(closes_of(bars))[0]
        for at in range(len(SYMBOLS)):
            assert found[at] == pytest.approx(np.delete(returns, at).mean(), abs=1e-15)


def test_others_that_stand_still_returned_exactly_nothing() -> None:
    watch = RegimeMonitor(SYMBOLS, HOUR_NS)
    found = [watch.others(closes_of(bars))[0] for bars in slices(40, 2, still=("A", "B", "D", "E"))]
    assert all(others[2] == 0.0 for others in found[1:])
    assert all(others[0] != 0.0 for others in found[1:])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), present=st.sampled_from([0.1, 0.5, 1.0]), size=st.sampled_from([1, 7, 512, None]))
def test_blocks_of_slices_with_gaps_are_shown_what_single_slices_are(seed: int, present: float, size: int | None) -> None:
    rng, n = np.random.default_rng(seed), 300
    closes = np.exp(np.cumsum(rng.standard_normal((n, len(SYMBOLS))) * 10.0 ** rng.integers(-9, 1, len(SYMBOLS)), axis=0))
    closes[rng.random(closes.shape) >= present] = math.nan
    watch, twin, found, first = RegimeMonitor(SYMBOLS, HOUR_NS), NaiveOthers(), [], 0
    while first < n:
        last = first + (size or int(rng.integers(1, 200)))
        found += watch.others(closes[first:last]).tolist()
        first = last
    for row, others in zip(closes.tolist(), found, strict=True):
        expected = twin.of({symbol: close for symbol, close in zip(SYMBOLS, row, strict=True) if not math.isnan(close)})
        assert {symbol: other for symbol, other in zip(SYMBOLS, others, strict=True) if not math.isnan(other)} == expected


def test_slices_of_bars_are_passed_on_with_what_the_others_did() -> None:
    """Some slices lack symbols, and some closes lie outside of their bar."""
    rng = np.random.default_rng(3)
    watch, company, twins = RegimeMonitor(SYMBOLS, HOUR_NS), NaiveOthers(), {}
    for symbol in SYMBOLS:
        twins[symbol] = NaiveRegimeDetector(symbol, 24, together=True)
    found, expected, shown = list[RegimeChange](), list[RegimeChange](), list[list[Bar]]()
    for bars in slices(1_500, 4):
        bars = [structs.replace(bar, high=bar.close * 0.99) if rng.random() < 0.1 else bar for bar in bars]
        bars = [bar for bar in bars if rng.random() < 0.8] or bars
        shown.append(bars)
        others = company.of({bar.symbol: bar.close for bar in bars})
        found += watch.observe(bars)
        for bar in bars:
            other, high = others.get(bar.symbol, math.nan), max(bar.high, bar.close)
            expected += twins[bar.symbol].update(bar.ts_event, high, bar.low, bar.close, other)
    assert found == expected != []
    for index, symbol in enumerate(SYMBOLS):
        for name, array in twins[symbol].arrays.items():
            assert watch.arrays[name][index].tobytes() == array.tobytes()
    blocks = RegimeMonitor(SYMBOLS, HOUR_NS)
    closes = np.array([[{bar.symbol: bar.close for bar in bars}.get(symbol, math.nan) for symbol in SYMBOLS] for bars in shown])
    returns, rows = blocks.others(closes), dict[str, list[RegimeChange]]()
    for index, symbol in enumerate(SYMBOLS):
        own = [bar for bars in shown for bar in bars if bar.symbol == symbol]
        times, prices = [bar.ts_event for bar in own], [[bar.high, bar.low, bar.close] for bar in own]
        changes = blocks.observe_block(symbol, np.array(times), np.array(prices), returns[~np.isnan(closes[:, index]), index])
        rows[symbol] = [change for _, change in changes]
        assert all(change.ts == times[row] for row, change in changes)
    assert rows == {symbol: [change for change in expected if change.symbol == symbol] for symbol in SYMBOLS}
    assert all(blocks.arrays[name].tobytes() == array.tobytes() for name, array in watch.arrays.items())


def test_a_state_of_other_symbols_is_refused() -> None:
    with pytest.raises(StateError, match="closes"):
        RegimeMonitor(SYMBOLS, HOUR_NS).restore(RegimeMonitor(SYMBOLS[:2], HOUR_NS).snapshot())
