"""Training sets from the journal: the features that were served, with the labels that came later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.journal.block import JournalBlock, decode_blocks
from alpha_pulse.journal.joining import joined
from alpha_pulse.journal.layout import JournalLayout, TargetInfo
from alpha_pulse.kernels.session.layout import SCORED_LABEL
from alpha_pulse.learning.training import Examples
from alpha_pulse.learning.walk_forward import Dataset, Window
from alpha_pulse.models.base import Row
from alpha_pulse.stores.base import Block

SLICES_AT_ONCE = 4_096
"""Blocks of few slices are joined to about as many as this."""


class ExampleCollector:
    """The examples of one session, in order of time, at most ``most`` of them.

    Labels of market data overlap, so every second example has nearly the information of all. Where there are more than
    ``2 * most``, every second one is kept, again and again; `examples` spreads ``most`` evenly over those that are left, and
    the newest is one of them. Memory stays within about twice the result.

    With the window ``slide`` the newest ``most`` are kept instead.

    >>> collector = ExampleCollector(most=4)
    >>> collector.add(np.arange(20.0).reshape(-1, 1), np.zeros(20, dtype=np.int64), np.ones(20))
    >>> collector.examples().features[:, 0].tolist()
    [4.0, 8.0, 12.0, 16.0]
    """

    def __init__(self, most: int, window: Window = "grow") -> None:
        self._most = most
        self._slides = window == "slide"
        self._every, self._seen, self._held = 1, 0, 0
        self._parts: list[Examples] = []

    def add(self, features: Row, labels: NDArray[np.int64], weights: Row) -> None:
        """Add the next examples: (n, width), (n,) and (n,)."""
        kept = slice(-self._seen % self._every, None, self._every)
        self._seen += len(labels)
        self._parts.append(Examples(features, labels, weights)[kept])
        self._held += len(self._parts[-1])
        while self._held > 2 * self._most:
            whole = Examples.joined(self._parts)
            self._every *= 1 if self._slides else 2
            self._parts = [whole[-self._most :] if self._slides else whole[::2]]
            self._held = len(self._parts[0])

    def examples(self) -> Examples:
        """At most ``most`` of the examples."""
        whole, n = Examples.joined(self._parts), self._held
        if n <= self._most:
            return whole
        return whole[-self._most :] if self._slides else whole[n - 1 - (np.arange(self._most) * n // self._most)[::-1]]


def read_examples(stored: Iterable[Block], end: int, most: int, window: Window = "grow") -> dict[str, Examples]:
    """The training sets of all sessions, by session id, from the blocks before step ``end``.

    An example is a prediction whose label was scored: its features as they were served, its label, and the label's weight (1
    where the target has none). Sessions without examples are left out.

    Parameters
    ----------
    stored
        The blocks of a run from the first on; one of them begins with step ``end``, or the last one ends before it.
    end
        The first step that is not used.
    most, window
        Examples of a session, at most, and which; see `ExampleCollector`.

    Raises
    ------
    StateError
        A block is damaged.
    """
    collectors: defaultdict[str, ExampleCollector] = defaultdict(partial(ExampleCollector, most, window))
    earlier: dict[int, Row] = {}
    for block in _chunks(stored, end):
        symbols = block.column("codes", "symbol")
        for symbol in np.unique(symbols).tolist():
            first, last = symbols.searchsorted([symbol, symbol + 1]).tolist()
            _add_symbol(block, symbol, slice(first, last), collectors, earlier)
    return {session_id: collector.examples() for session_id, collector in collectors.items()}


def read_dataset(block: JournalBlock, symbol: str, target: str) -> Dataset:
    """All examples of a session, with their places in time.

    Parameters
    ----------
    block
        All slices of a run.
    symbol, target
        Of the session.
    """
    layout = block.layout
    number, info = layout.symbols.index(symbol), next(each for each in layout.targets if each.name == target)
    first, last = block.column("codes", "symbol").searchsorted([number, number + 1]).tolist()
    rows = slice(first, last)
    found, labels, weights = _labels(block, rows, info)
    served = found - info.horizon
    features = block.tables["features"][rows][served, : info.n_features]
    ends = block.column("slices", "ts_event_ns")[block.column("codes", "slice")[rows]]
    examples = Examples(np.ascontiguousarray(features), labels, weights)
    return Dataset(f"{symbol}/{target}", info.horizon, examples, served, found, ends[served])


def _chunks(stored: Iterable[Block], end: int) -> Iterator[JournalBlock]:
    """The blocks of slices before step ``end``, those of few slices joined."""
    waiting: list[JournalBlock] = []
    slices = 0
    for block in decode_blocks(stored):
        if block.first_seq >= end:
            break
        if not block.tables:
            continue
        waiting.append(block)
        slices += block.steps
        if slices >= SLICES_AT_ONCE:
            yield joined(waiting)
            waiting, slices = [], 0
    if waiting:
        yield joined(waiting)


def _add_symbol(
    block: JournalBlock, symbol: int, rows: slice, collectors: defaultdict[str, ExampleCollector], earlier: dict[int, Row]
) -> None:
    """Add the labels of one symbol's rows; ``earlier`` has its features of the rows before them."""
    layout = block.layout
    before = earlier.get(symbol, np.empty((0, len(layout.feature_names))))
    features = np.concatenate([before, block.tables["features"][rows]])
    for target in layout.targets:
        found, labels, weights = _labels(block, rows, target)
        if len(found):
            session_id = f"{layout.symbols[symbol]}/{target.name}"
            # A label is that of the prediction made so many bars of the symbol before.
            served = features[found + len(before) - target.horizon, : target.n_features]
            collectors[session_id].add(served, labels, weights)
    earlier[symbol] = features[-_longest(layout) :]


def _labels(
    block: JournalBlock, rows: slice, target: TargetInfo
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The scored labels of one target among some rows: their places in them, their values and weights."""
    found = np.flatnonzero(block.column("codes", f"{target.name}.status")[rows] == SCORED_LABEL)
    weights = block.column("numbers", f"{target.name}.label_weight")[rows][found]
    labels = block.column("codes", f"{target.name}.label")[rows][found]
    return found, labels, np.where(np.isnan(weights), 1.0, weights)


def _longest(layout: JournalLayout) -> int:
    """The longest horizon of a target."""
    return max(target.horizon for target in layout.targets)
