"""Scored labels of one (symbol, target): the probability of each member, and running sums for windowed scores."""

from __future__ import annotations

import numpy as np

from alpha_pulse.gateway.messages import Page, Series
from alpha_pulse.kernels.base.scores import BASE, BATCH, LABEL, MEMBERS, NO_CHANGE, ONLINE, RECORD, SERVED
from alpha_pulse.metrics.definitions import log_losses
from alpha_pulse.metrics.members import classes
from alpha_pulse.metrics.reliability import ReliabilityTable, reliability_table
from alpha_pulse.runtime.history.opens import bar_opens
from alpha_pulse.runtime.history.table import Floats, HistoryTable, Indices, PageSlice

SHOWN = (ONLINE, BATCH, SERVED, NO_CHANGE)
"""Members whose log-loss skill is shown."""
HEAD = 2
SUMS = HEAD + RECORD
KINDS = ("count", "skill", "hits")


class ScoreHistory:
    """One row per scored label. Columns: seq, ts_ms, the scores (see `alpha_pulse.kernels.base.scores`), and for each shown
    member the running count, sum of skills (nats) and hits.

    Parameters
    ----------
    window
        Labels of the sliding window, at most `alpha_pulse.runtime.history.table.BOUND`.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        recorded = [*MEMBERS, "label", "last_known"]
        sums = [f"{kind}_{MEMBERS[member]}" for member in SHOWN for kind in KINDS]
        self.table = HistoryTable(["seq", "ts_ms", *recorded, *sums])
        self._summed = 0

    def add(self, seq: Indices, ts_ms: Indices, scores: Floats) -> None:
        """Add scored labels; the next reader updates the sums.

        Parameters
        ----------
        seq, ts_ms
            The steps of the labels and their market time (ms), (n,).
        scores
            See `scores`, (n, RECORD).
        """
        rows = np.zeros((len(seq), len(self.table.columns)))
        rows[:, 0], rows[:, 1], rows[:, HEAD:SUMS] = seq, ts_ms, scores
        self.table.extend(rows)

    def _rows(self) -> Floats:
        """All rows, with their sums."""
        rows, dropped = self.table.rows, self.table.dropped
        first = max(self._summed - dropped, 0)
        if first == len(rows):
            return rows
        fresh = rows[first:, HEAD:SUMS]
        labels = fresh[:, LABEL] == 1.0
        base = log_losses(fresh[:, BASE], labels)
        columns = []
        for member in SHOWN:
            scored = ~np.isnan(fresh[:, member])
            skills = np.where(scored, base - log_losses(fresh[:, member], labels), 0.0)
            columns += [scored, skills, scored & (classes(fresh, member) == labels)]
        # From the last sum on, so that they do not depend on when they are updated.
        before = rows[max(first - 1, 0) : first, SUMS:]
        sums = np.cumsum(np.concatenate([before, np.column_stack(columns).astype(np.float64)]), axis=0)
        rows[first:, SUMS:] = sums[len(before) :]
        self._summed = dropped + len(rows)
        return rows

    @property
    def scores(self) -> Floats:
        """The recorded scores: float64 of shape (n, RECORD)."""
        return self.table.rows[:, HEAD:SUMS]

    def windowed(self, indices: Indices, window: int | None = None) -> Floats:
        """Counts, skills and hits over the window that ends at each of ``indices``: shape (n, members, 3)."""
        sums = self._rows()[:, SUMS:]
        before = indices - (window or self.window)
        # After older labels were dropped, the first windows are shorter; sums count from the run's first label.
        unknown = sums[:1] if self.table.dropped else 0.0
        inside = sums[indices] - np.where(before[:, None] >= 0, sums[np.maximum(before, 0)], unknown)
        return inside.reshape(len(indices), len(SHOWN), len(KINDS))

    def skills_at(self, seq: int) -> dict[str, float | None]:
        """Windowed skills in millinats, by member, at the newest label at or before a row."""
        index = self.table.newest_at(seq)
        if index < 0:
            return {MEMBERS[member]: None for member in SHOWN}
        inside = self.windowed(np.array([index]))[0].tolist()
        return {
            MEMBERS[member]: 1_000.0 * skill / count if count else None
            for member, (count, skill, _) in zip(SHOWN, inside, strict=True)
        }

    def series(self, symbol: str, target: str, page: Page, bars: HistoryTable, window: int | None = None) -> Series:
        """Windowed skills and accuracies, one row per label; ``bars`` are the symbol's, ``window`` None is that of the run."""
        window = window or self.window
        page_slice = PageSlice(self.table, page)
        indices = page_slice.downsample()
        inside = self.windowed(indices, window)
        counts = np.where(inside[:, :, 0] > 0.0, inside[:, :, 0], np.nan)
        skills, accuracies = 1_000.0 * inside[:, :, 1] / counts, inside[:, :, 2] / counts
        first = np.maximum(indices - window + 1, 0)
        columns = {
            "seq": self.table.column("seq")[indices],
            "ts_ms": self.table.column("ts_ms")[indices],
            "bar_open_ms": bar_opens(bars, self.table.column("ts_ms")[indices]),
            "samples": (indices - first + 1).astype(np.float64),
        }
        for name, values in (("skill", skills), ("accuracy", accuracies)):
            columns.update({f"{name}_{MEMBERS[member]}": values[:, index] for index, member in enumerate(SHOWN)})
        series = page_slice.series(symbol, columns, target=target, window=window)
        series.columns["samples"] = [int(samples) for samples in columns["samples"]]
        return series

    def reliability(self, horizon: int) -> ReliabilityTable:
        """Served probabilities against their labels over the window; labels overlap over ``horizon`` bars."""
        rows = self.scores[-self.window :]
        return reliability_table(rows[:, SERVED], rows[:, LABEL] == 1.0, horizon=horizon)
