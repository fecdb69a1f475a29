"""The success metrics of a running run, computed by the code of the final report over the labels in the history."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.engine.system import System
from alpha_pulse.reporting.performance.returns import rate_per_year
from alpha_pulse.reporting.run_summary import RunSummary
from alpha_pulse.reporting.success import success_metrics
from alpha_pulse.reporting.success_types import SuccessMetrics
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.history.run_history import RunHistory

MS = 1_000_000
REST = 50
"""Metrics that took t to compute are reused for at least 50 t, whatever the number of new rows."""


class LiveSuccess:
    """Success metrics of a running system, cached until there are new rows and some time has passed.

    They equal those of the final report while the history contains all labels.
    """

    def __init__(self, system: System, history: History) -> None:
        self._system = system
        self._history = history
        self._seq = -2
        self._good_until = 0
        self._metrics: SuccessMetrics | None = None

    def metrics(self, *, exact: bool = False) -> SuccessMetrics:
        """The metrics at the newest step; unless ``exact``, possibly of an earlier one."""
        now = elapsed_ns()
        if self._metrics is None or (self._seq != self._history.seq and (exact or now >= self._good_until)):
            self._metrics, self._seq = self._compute(), self._history.seq
            self._good_until = now + REST * (elapsed_ns() - now)
        return self._metrics

    def _compute(self) -> SuccessMetrics:
        system, history = self._system, self._history
        symbols = tuple(system.feed.symbols)
        summary = _summary(history.content, symbols, system.targets)
        return success_metrics(system, summary, [(symbol, target) for symbol in symbols for target in system.targets])


def marks_per_year(history: History) -> float:
    """The average number of slices per year of market time, as in the final report; 0 before the second slice."""
    return rate_per_year(history.slices, history.last_ts - history.first_ts)


def _summary(history: RunHistory, symbols: tuple[str, ...], targets: tuple[str, ...]) -> RunSummary:
    """A summary of the labels in the history, as a pass through the journal would give."""
    summary = RunSummary(symbols, targets)
    for target in targets:
        tables = [history.symbols[symbol].scores[target] for symbol in symbols]
        seqs = np.concatenate([table.table.column("seq") for table in tables])
        order = np.argsort(seqs, kind="stable")
        table = summary.tables[target]
        table.scores = np.concatenate([part.scores for part in tables])[order]
        table.ts = np.concatenate([part.table.column("ts_ms") for part in tables]).astype(np.int64)[order] * MS
        table.symbol = np.repeat(np.arange(len(symbols)), [part.table.held for part in tables])[order]
        for symbol in symbols:
            summary.freshness[symbol, target] = history.symbols[symbol].predictions[target].freshness
    summary.earnings = history.earned.rows[:, 1:]
    return summary
