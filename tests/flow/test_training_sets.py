"""Training sets are the features that were served, with their labels, whatever the blocks of the journal."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.feeds.synthetic import Market, planted_signal
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.journal.examples import ExampleCollector, read_dataset, read_examples
from alpha_pulse.journal.joining import joined
from alpha_pulse.learning.training import Examples
from flow.runs import LEAN, Done, late_and_with_holes, run

BARS, LATE, ALL = 700, 60, 10**6
SETTINGS = {**LEAN, "learning.min_move_bps": 2.0, "learning.label_tolerance_bars": 3, "targets.own": ["own_targets:calmer"]}


@cache
def done(size: int) -> Done:
    feed = planted_signal(BARS, 5, [300], Market(symbols=("EARLY", "SYN")), strength=0.8)
    return run(late_and_with_holes(feed, LATE), SETTINGS, sizes=[size])


def twin(end: int) -> dict[str, Examples]:
    """The same sets, record by record."""
    served: dict[str, list[float]] = {}
    found: dict[str, list[tuple[list[float], int, float]]] = {}
    targets = {target.name: target.n_features for target in done(1).system.layout.targets}
    for record in done(1).records[:end]:
        for bar in record.bars:
            if bar.symbol in record.features:
                served[f"{bar.symbol}/{bar.seq}"] = record.features[bar.symbol]
        for label in record.labels:
            if label.scores:
                symbol, target, number = label.prediction_id.split("/")
                row = served[f"{symbol}/{number}"][: targets[target]]
                assert label.label is not None
                found.setdefault(f"{symbol}/{target}", []).append((row, label.label, label.weight))
    return {
        session_id: Examples(*(np.array(column) for column in zip(*examples, strict=True)))
        for session_id, examples in found.items()
    }


@pytest.mark.parametrize("size", [1, 7, 140])
@pytest.mark.parametrize("end", [280, BARS])
def test_they_are_the_served_features_with_their_labels(size: int, end: int) -> None:
    found, expected = read_examples(done(size).system.store.blocks(), end, ALL), twin(end)
    assert set(found) == set(expected)
    for session_id, examples in found.items():
        assert examples.features.tolist() == expected[session_id].features.tolist()
        assert examples.labels.tolist() == expected[session_id].labels.tolist()
        assert examples.weights.tolist() == expected[session_id].weights.tolist()
    assert len(set(found["SYN/direction"].weights.tolist())) > 100
    assert set(found["SYN/volatility"].weights.tolist()) == {1.0}


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 20))
def test_a_sliding_collector_keeps_the_newest_examples(sizes: list[int], most: int) -> None:
    n = sum(sizes)
    rows, collector = np.arange(n, dtype=np.float64).reshape(-1, 1), ExampleCollector(most, "slide")
    for size, last in zip(sizes, np.cumsum(sizes), strict=True):
        part = slice(last - size, last)
        collector.add(rows[part], np.zeros(size, dtype=np.int64), np.ones(size))
    if sizes:
        assert collector.examples().features[:, 0].tolist() == list(range(max(0, n - most), n))


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 20))
def test_a_collector_keeps_evenly_spread_examples_however_they_come(sizes: list[int], most: int) -> None:
    n = sum(sizes)
    rows = np.arange(n, dtype=np.float64).reshape(-1, 1)
    one, other = ExampleCollector(most), ExampleCollector(most)
    for size, last in zip(sizes, np.cumsum(sizes), strict=True):
        part = slice(last - size, last)
        one.add(rows[part], np.arange(n)[part] % 2, rows[part, 0])
    other.add(rows, np.arange(n) % 2, rows[:, 0])
    if not sizes:
        return
    found, kept = one.examples(), other.examples().features[:, 0]
    assert found.features[:, 0].tolist() == found.weights.tolist() == kept.tolist()
    assert (found.labels == kept % 2).all()
    assert len(kept) == min(n, most) or (n > 2 * most and most // 2 <= len(kept) <= most)
    if n <= 2 * most and n:
        assert kept[-1] == n - 1
    gaps = np.diff(kept)
    assert n <= most or gaps.max(initial=1) <= 2 * gaps.min(initial=n)


def test_a_data_set_has_the_examples_of_the_training_set_and_their_bars() -> None:
    store = done(140).system.store
    block = joined([block for block in decoded_blocks(store) if block.tables])
    bars = {symbol: [bar for bar in done(1).bars if bar.symbol == symbol] for symbol in ("EARLY", "SYN")}
    for session_id, examples in read_examples(store.blocks(), BARS, ALL).items():
        symbol, target = session_id.split("/")
        data = read_dataset(block, symbol, target)
        assert data.examples.features.tolist() == examples.features.tolist()
        assert data.examples.labels.tolist() == examples.labels.tolist()
        assert data.times.tolist() == [bars[symbol][at].ts_event for at in data.served]
        assert set(data.known - data.served) == {data.horizon}
