"""The age of the members of served predictions, weighted as in the prediction."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.journal.block import JournalBlock


class Freshness:
    """Collects the ages of the members of served predictions, in nanoseconds of market time.

    The age of a prediction is the mean age of its members, weighted as in the served prediction. A prediction whose members
    have no label has no age, and is not counted.

    >>> from alpha_pulse.feeds.base import FeedInfo
    >>> from alpha_pulse.journal.layout import TargetInfo, make_layout
    >>> targets = (TargetInfo("direction", 3, 1, "logistic", "lightgbm"),)
    >>> layout = make_layout(("X",), FeedInfo(60, False, False), ("ret_1",), "s", targets, (), ())
    >>> codes = {"direction.label_age_ns": 0, "direction.batch_trained_ns": 92}
    >>> weights = {"direction.weight_online": 0.75, "direction.weight_batch": 0.25, "direction.weight_base": 0.0}
    >>> tables = {
    ...     "codes": np.array([[codes.get(name, 0) for name in layout.places["codes"]]]),
    ...     "probabilities": np.array([[weights.get(name, 0.5) for name in layout.places["probabilities"]]]),
    ... }
    >>> freshness = Freshness()
    >>> freshness.add_block(JournalBlock(layout, 0, 1, 100, 100, tables, {}), "direction", np.array([0]), np.array([100]))
    >>> freshness.predictions, freshness.total, freshness.longest
    (1, 2.0, 2.0)
    """

    def __init__(self) -> None:
        self.predictions = 0
        self.total = 0.0
        self.longest = 0.0

    def add_block(self, block: JournalBlock, target: str, rows: NDArray[np.int64], ts: NDArray[np.int64]) -> None:
        """Add the predictions of one target at some rows of a block, with their market times in ns."""
        since_label = block.column("codes", f"{target}.label_age_ns")[rows].astype(np.float64)
        since_label[since_label < 0] = np.nan
        ages = {"online": since_label, "batch": self._since_training(block, target, rows, ts), "base": since_label}
        weights, total = np.zeros(len(rows)), np.zeros(len(rows))
        for member, age in ages.items():
            weight = block.column("probabilities", f"{target}.weight_{member}")[rows]
            probability = block.column("probabilities", f"{target}.{member}")[rows]
            known = np.isfinite(probability) & np.isfinite(age)
            weights += np.where(known, weight, 0.0)
            total += np.where(known, weight * age, 0.0)
        known = weights > 0.0
        means = total[known] / weights[known]
        self.predictions += len(means)
        self.total = float(np.cumsum([self.total, *means])[-1])
        self.longest = max(self.longest, float(means.max(initial=0.0)))

    @staticmethod
    def _since_training(
        block: JournalBlock, target: str, rows: NDArray[np.int64], ts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        if not block.layout.has_batch:
            return np.full(len(rows), np.nan)
        trained = block.column("codes", f"{target}.batch_trained_ns")[rows]
        return np.where(trained > 0, ts - trained, np.nan)


def mean_and_longest_s(parts: Iterable[Freshness]) -> tuple[float | None, float | None]:
    """Mean and largest age of predictions in seconds, over several sessions; None when no prediction has an age.

    >>> mean_and_longest_s([Freshness()])
    (None, None)
    """
    with_predictions = [part for part in parts if part.predictions]
    if not with_predictions:
        return None, None
    mean_ns = sum(part.total for part in with_predictions) / sum(part.predictions for part in with_predictions)
    return mean_ns / SECOND_NS, max(part.longest for part in with_predictions) / SECOND_NS
