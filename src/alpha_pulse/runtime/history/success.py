"""The success metrics of a run that is still going: the final report's own code, over what history holds of the labels."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import YEAR_NS
from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.engine.system import System
from alpha_pulse.reporting.run_summary import RunSummary
from alpha_pulse.reporting.success import success_metrics
from alpha_pulse.reporting.success_types import SuccessMetrics
from alpha_pulse.runtime.history.history import History

MS = 1_000_000
REST = 50
"""After it took t to work them out, the same figures are given for at least 50 t, however many rows come."""


class LiveSuccess:
    """Success metrics of a running system, remembered until rows came and some time has passed.

    Equal to those of the final report as long as history holds all labels.
    """

    def __init__(self, system: System, history: History) -> None:
        self._system = system
        self._history = history
        self._seq = -2
        self._good_until = 0
        self._found: SuccessMetrics | None = None

    def metrics(self, *, exact: bool = False) -> SuccessMetrics:
        """As of the newest row, or, unless ``exact``, a moment before."""
        now = elapsed_ns()
        if self._found is None or (self._seq != self._history.seq and (exact or now >= self._good_until)):
            self._found, self._seq = self._work_out(), self._history.seq
            self._good_until = now + REST * (elapsed_ns() - now)
        return self._found

    def _work_out(self) -> SuccessMetrics:
        system, history = self._system, self._history
        symbols = tuple(system.feed.symbols)
        found = _gathered(history, symbols)
        return success_metrics(system, found, [(symbol, target) for symbol in symbols for target in TARGETS])


def marks_per_year(history: History) -> float:
    """Slices per year as they came, as the final report counts them."""
    elapsed = history.last_ts - history.first_ts
    return (history.slices - 1) * YEAR_NS / elapsed if elapsed > 0 else 0.0


def _gathered(history: History, symbols: tuple[str, ...]) -> RunSummary:
    """The labels that history holds, as the pass through a journal would have gathered them."""
    found = RunSummary(symbols, TARGETS)
    for target in TARGETS:
        tables = [history.symbols[symbol].scores[target] for symbol in symbols]
        seqs = np.concatenate([table.table.column("seq") for table in tables])
        order = np.argsort(seqs, kind="stable")
        table = found.tables[target]
        table.scores = np.concatenate([part.scores for part in tables])[order]
        table.ts = np.concatenate([part.table.column("ts_ms") for part in tables]).astype(np.int64)[order] * MS
        table.symbol = np.repeat(np.arange(len(symbols)), [part.table.held for part in tables])[order]
        for symbol in symbols:
            found.freshness[symbol, target] = history.symbols[symbol].predictions[target].freshness
    found.earnings = history.earned.rows[:, 1:]
    return found
