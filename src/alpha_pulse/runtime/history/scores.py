"""Scored labels of one (symbol, target): the probability of each member, and running sums for windowed scores."""

from __future__ import annotations

from collections.abc import Sequence

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
SCORED = HEAD + RECORD
KINDS = ("count", "skill", "hits")


class ScoreHistory:
    """One row per scored label. Columns: seq, ts_ms, the scores (see `alpha_pulse.kernels.base.scores`), the probabilities of
    challengers, and for each shown member the running count, sum of skills (nats) and hits.

    Parameters
    ----------
    window
        Labels of the sliding window, at most `alpha_pulse.runtime.history.table.BOUND`.
    challengers
        Their names.
    """

    def __init__(self, window: int, challengers: Sequence[str] = ()) -> None:
        self.window = window
        self.names = (*(MEMBERS[member] for member in SHOWN), *challengers)
        """The members whose skill is shown."""
        recorded = [*MEMBERS, "label", "last_known", *(f"probability_{name}" for name in challengers)]
        self._sums = HEAD + len(recorded)
        sums = [f"{kind}_{name}" for name in self.names for kind in KINDS]
        self.table = HistoryTable(["seq", "ts_ms", *recorded, *sums])
        self._summed = 0

    def add(self, seq: Indices, ts_ms: Indices, scores: Floats, challengers: Floats | None = None) -> None:
        """Add scored labels; the next reader updates the sums.

        Parameters
        ----------
        seq, ts_ms
            The steps of the labels and their market time (ms), (n,).
        scores
            See `scores`, (n, RECORD).
        challengers
            Their probabilities, (n, challengers); None where there are none.
        """
        rows = np.zeros((len(seq), len(self.table.columns)))
        rows[:, 0], rows[:, 1], rows[:, HEAD:SCORED] = seq, ts_ms, scores
        if challengers is not None:
            rows[:, SCORED : self._sums] = challengers
        self.table.extend(rows)

    def _rows(self) -> Floats:
        """All rows, with their sums."""
        rows, dropped = self.table.rows, self.table.dropped
        first = max(self._summed - dropped, 0)
        if first == len(rows):
            return rows
        fresh, others = rows[first:, HEAD:SCORED], rows[first:, SCORED : self._sums]
        labels = fresh[:, LABEL] == 1.0
        base = log_losses(fresh[:, BASE], labels)
        columns = []
        shown = [(fresh[:, member], classes(fresh, member)) for member in SHOWN] + [(each, each >= 0.5) for each in others.T]
        for probabilities, predicted in shown:
            scored = ~np.isnan(probabilities)
            skills = np.where(scored, base - log_losses(probabilities, labels), 0.0)
            columns += [scored, skills, scored & (predicted == labels)]
        # From the last sum on, so that they do not depend on when they are updated.
        before = rows[max(first - 1, 0) : first, self._sums :]
        sums = np.cumsum(np.concatenate([before, np.column_stack(columns).astype(np.float64)]), axis=0)
        rows[first:, self._sums :] = sums[len(before) :]
        self._summed = dropped + len(rows)
        return rows

    @property
    def scores(self) -> Floats:
        """The recorded scores: float64 of shape (n, RECORD)."""
        return self.table.rows[:, HEAD:SCORED]

    def windowed(self, indices: Indices, window: int | None = None) -> Floats:
        """Counts, skills and hits over the window that ends at each of ``indices``: shape (n, members, 3)."""
        sums = self._rows()[:, self._sums :]
        before = indices - (window or self.window)
        # After older labels were dropped, the first windows are shorter; sums count from the run's first label.
        unknown = sums[:1] if self.table.dropped else 0.0
        inside = sums[indices] - np.where(before[:, None] >= 0, sums[np.maximum(before, 0)], unknown)
        return inside.reshape(len(indices), len(self.names), len(KINDS))

    def skills_at(self, seq: int) -> dict[str, float | None]:
        """Windowed skills in millinats, by member, at the newest label at or before a row."""
        index = self.table.newest_at(seq)
        if index < 0:
            return dict.fromkeys(self.names)
        inside = self.windowed(np.array([index]))[0].tolist()
        return {
            name: 1_000.0 * skill / count if count else None for name, (count, skill, _) in zip(self.names, inside, strict=True)
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
            columns.update({f"{name}_{member}": values[:, index] for index, member in enumerate(self.names)})
        series = page_slice.series(symbol, columns, target=target, window=window)
        series.columns["samples"] = [int(samples) for samples in columns["samples"]]
        return series

    def reliability(self, horizon: int) -> ReliabilityTable:
        """Served probabilities against their labels over the window; labels overlap over ``horizon`` bars."""
        rows = self.scores[-self.window :]
        return reliability_table(rows[:, SERVED], rows[:, LABEL] == 1.0, horizon=horizon)
