"""Definitions of the metrics, from arrays of predictions and labels or from sums over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.mixing.hedge import PROBABILITY_FLOOR
from alpha_pulse.models.base import Row


def exact_auc(probabilities: Row, labels: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve by ranks; ties count half (Mann & Whitney 1947); None with one class.

    >>> exact_auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        return None
    return float((ranks(probabilities)[labels].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def ranks(values: Row) -> Row:
    """The rank of each value (n,), from 1; equal values share the mean of their ranks.

    >>> ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    places: Row = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return places


def log_losses(probabilities: Row, labels: NDArray[np.bool_]) -> Row:
    """-log of the probability of the label, in nats, bounded as in `alpha_pulse.kernels.mixing.hedge.log_loss`.

    >>> log_losses(np.array([0.5, 0.0]), np.array([True, False])).round(4).tolist()
    [0.6931, 0.0]
    """
    p = np.clip(probabilities, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    losses: Row = -np.log(np.where(labels, p, 1.0 - p))
    return losses


def kappa(confusion: Row) -> float | None:
    """Cohen's kappa, from -1 to 1: the reduction of the errors of random guesses of equal frequencies; None with one class.

    Parameters
    ----------
    confusion
        float64 of shape (classes, classes): how often each class (row) was predicted to be each (column); or sums of weights.

    References
    ----------
    Cohen (1960), "A coefficient of agreement for nominal scales".

    >>> kappa(np.array([[20.0, 5.0], [10.0, 15.0]]))
    0.4
    """
    true, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    if np.count_nonzero(true) < 2:
        return None
    # Both are multiplied by the total instead of divided by it, so that a constant prediction has a kappa of exactly 0.
    value = error_reduction(off_diagonal(confusion) * float(predicted.sum()), off_diagonal(np.outer(true, predicted)))
    return None if value is None else max(value, -1.0)


def error_reduction(misses: float, reference_misses: float) -> float | None:
    """The proportional reduction of a reference's errors, at most 1; None if the reference has no errors. All kappas have this
    form.

    It is computed from misses: the difference of two accuracies near 1 would be a rounding error.

    >>> error_reduction(1.0, 2.0), error_reduction(0.0, 0.0)
    (0.5, None)
    """
    return 1.0 - misses / reference_misses if reference_misses > 0.0 else None


def off_diagonal(table: Row) -> float:
    """The sum of the off-diagonal elements of a square table."""
    return float(table[~np.eye(len(table), dtype=np.bool_)].sum())
