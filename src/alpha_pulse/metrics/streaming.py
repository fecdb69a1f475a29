"""Numbers a person can read, from the packed scores of a session."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import scores as kernels
from alpha_pulse.kernels.mixing.hedge import PROBABILITY_FLOOR
from alpha_pulse.models.base import Row


class MemberMetrics(msgspec.Struct, frozen=True):
    """Prequential scores of one member over the labels it was scored on; log losses in nats, gain in millinats.

    What is undefined on these labels is None: with one class, the area under the curve and the kappas; with more, a kappa where
    nothing can be better.

    The area under the curve of the whole run is of a histogram of scores; the exact one lies at most ``auc_error`` from it.
    That of the window is exact. ``kappa_temporal`` compares with repeating the last label known at prediction time.
    ``gain_millinats`` is the running base rate's mean log loss minus the member's, times 1,000, over the same labels.
    """

    samples: int
    accuracy: float
    log_loss: float
    brier: float
    auc: float | None
    kappa: float | None
    kappa_temporal: float | None
    gain_millinats: float
    auc_error: float | None = None


def whole_run(state: Row) -> dict[str, MemberMetrics]:
    """Metrics of each member over everything scored so far; members that were never scored are left out."""
    found = {}
    for member, name in enumerate(kernels.MEMBERS):
        at = kernels.HEAD + member * kernels.STRIDE
        sums = state[at : at + kernels.BLOCK]
        if sums[kernels.COUNT] > 0:
            histograms = state[at + kernels.BLOCK : at + kernels.STRIDE]
            found[name] = _from_sums(sums, histogram_auc(histograms[: kernels.BINS], histograms[kernels.BINS :]))
    return found


def window(state: Row) -> dict[str, MemberMetrics]:
    """Metrics of each member over the sliding window, with the exact area under the curve."""
    records = window_records(state)
    found = {}
    for member, name in enumerate(kernels.MEMBERS):
        scored = records[~np.isnan(records[:, member])]
        if len(scored):
            found[name] = from_records(scored, member)
    return found


def window_records(state: Row) -> Row:
    """The window's records, oldest first: float64 of shape (n, RECORD)."""
    filled, size = int(state[kernels.FILLED]), int(state[kernels.WINDOW])
    ring = state[kernels.HEAD + kernels.N_MEMBERS * kernels.STRIDE :].reshape(size, kernels.RECORD)
    start = int(state[kernels.NEXT]) if filled == size else 0
    return np.roll(ring[:filled], -start, axis=0)


def from_records(records: Row, member: int) -> MemberMetrics:
    """Metrics of one member over records that all hold it; the area under the curve is exact."""
    state = np.zeros(kernels.size(1))
    state[kernels.WINDOW] = 1
    for record in records:
        kernels.step(state, record)
    at = kernels.HEAD + member * kernels.STRIDE
    labels = records[:, kernels.LABEL] == 1.0
    exact = exact_auc(records[:, member], labels)
    return _from_sums(state[at : at + kernels.BLOCK], None if exact is None else (exact, 0.0))


def histogram_auc(positives: Row, negatives: Row) -> tuple[float, float] | None:
    """Area under the ROC curve from counts of both classes in the same bins of scores, and how far off it may be.

    Two scores in a bin count as equal: the exact area differs by half of such pairs at most. None with one class.

    >>> histogram_auc(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    (0.875, 0.125)
    """
    pairs = float(positives.sum() * negatives.sum())
    if pairs == 0.0:
        return None
    below = np.cumsum(negatives) - negatives
    shared = float(positives @ negatives)
    return (float(positives @ below) + 0.5 * shared) / pairs, 0.5 * shared / pairs


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
    """The place of each value (n,) among all, from 1; equal ones share the mean of their places.

    >>> ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    places: Row = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return places


def log_losses(probabilities: Row, labels: NDArray[np.bool_]) -> Row:
    """-log of the probability given to what happened, in nats, floored as in `kernels.hedge.log_loss`.

    >>> log_losses(np.array([0.5, 0.0]), np.array([True, False])).round(4).tolist()
    [0.6931, 0.0]
    """
    p = np.clip(probabilities, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    losses: Row = -np.log(np.where(labels, p, 1.0 - p))
    return losses


def kappa(confusion: Row) -> float | None:
    """Cohen's kappa, from -1 to 1: how much of what guessing with the same frequencies misses is right; None with one class.

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
    # Both are multiplied by the total instead of dividing by it: what always predicts one of two classes then gets 0, exactly.
    found = skill(off_diagonal(confusion) * float(predicted.sum()), off_diagonal(np.outer(true, predicted)))
    return None if found is None else max(found, -1.0)


def skill(misses: float, reference_misses: float) -> float | None:
    """How much of what a reference misses is got right, 1 at most; None where it misses nothing. All kappas are this.

    It is of misses and not of accuracies: the difference of two that are nearly 1 would be mere rounding.

    >>> skill(1.0, 2.0), skill(0.0, 0.0)
    (0.5, None)
    """
    return 1.0 - misses / reference_misses if reference_misses > 0.0 else None


def off_diagonal(table: Row) -> float:
    """The sum of what is beside the diagonal of a square table."""
    return float(table[~np.eye(len(table), dtype=np.bool_)].sum())


def _from_sums(sums: Row, auc: tuple[float, float] | None) -> MemberMetrics:
    values = [float(value) for value in sums]
    count, hits = values[kernels.COUNT], values[kernels.HITS]
    confusion = sums[[kernels.TRUE_NEGATIVE, kernels.FALSE_POSITIVE, kernels.FALSE_NEGATIVE, kernels.TRUE_POSITIVE]].reshape(
        2, 2
    )
    several = bool(confusion.sum(axis=1).all())
    return MemberMetrics(
        samples=int(count),
        accuracy=hits / count,
        log_loss=values[kernels.LOSS] / count,
        brier=values[kernels.BRIER] / count,
        auc=None if auc is None else auc[0],
        kappa=kappa(confusion),
        kappa_temporal=skill(count - hits, count - values[kernels.NO_CHANGE_HITS]) if several else None,
        gain_millinats=1_000.0 * (values[kernels.BASE_LOSS] - values[kernels.LOSS]) / count,
        auc_error=None if auc is None else auc[1],
    )
