"""Numbers a person can read, from the packed scores of a session."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels import scores as kernels
from alpha_pulse.kernels.hedge import PROBABILITY_FLOOR
from alpha_pulse.models.base import Row


class MemberMetrics(msgspec.Struct, frozen=True):
    """Prequential scores of one member over the labels it was scored on; log losses in nats, gain in millinats.

    What is undefined on these labels is None: the area under the curve with one class, the kappas where nothing can be better.

    ``kappa_temporal`` compares with repeating the last label known at prediction time. ``gain_millinats`` is the running base
    rate's mean log loss minus the member's, times 1,000, over the same labels.
    """

    samples: int
    accuracy: float
    log_loss: float
    brier: float
    auc: float | None
    kappa: float | None
    kappa_temporal: float | None
    gain_millinats: float


def whole_run(state: Row) -> dict[str, MemberMetrics]:
    """Metrics of each member over everything scored so far; members that were never scored are left out."""
    found = {}
    for member, name in enumerate(kernels.MEMBERS):
        at = kernels.HEAD + member * kernels.STRIDE
        sums = state[at : at + kernels.BLOCK]
        if sums[kernels.COUNT] > 0:
            histograms = state[at + kernels.BLOCK : at + kernels.STRIDE]
            auc = kernels.auc_from_histograms(histograms[: kernels.BINS], histograms[kernels.BINS :])
            found[name] = _from_sums(sums, auc)
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
    return _from_sums(state[at : at + kernels.BLOCK], exact_auc(records[:, member], labels))


def exact_auc(probabilities: Row, labels: NDArray[np.bool_]) -> float:
    """Area under the ROC curve by ranks; ties count half (Mann & Whitney 1947); 0.5 when only one class is there.

    >>> exact_auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        return 0.5
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


def kappa(hits: float, predicted: float, positives: float, count: float) -> float | None:
    """Cohen's kappa: accuracy above that of guessing with the same frequencies, as a share of what is possible."""
    return class_kappa(hits, np.array([count - predicted, predicted]), np.array([count - positives, positives]))


def class_kappa(hits: float, said: Row, true: Row) -> float | None:
    """`kappa` for any number of classes, of how often each was ``said`` and ``true``; None where nothing beats chance.

    >>> class_kappa(35.0, np.array([25.0, 25.0]), np.array([20.0, 30.0]))
    0.3999999999999999
    """
    count = float(true.sum())
    return above(hits / count, float(said @ true) / (count * count))


def above(accuracy: float, reference: float) -> float | None:
    """How much of what ``reference`` misses is got right; None where it misses nothing. All kappas are this.

    >>> above(0.75, 0.5), above(1.0, 1.0)
    (0.5, None)
    """
    return (accuracy - reference) / (1.0 - reference) if reference < 1.0 else None


def _from_sums(sums: Row, auc: float) -> MemberMetrics:
    values = [float(value) for value in sums]
    count, hits = values[kernels.COUNT], values[kernels.HITS]
    true_positives = values[kernels.TRUE_POSITIVE]
    predicted = true_positives + values[kernels.FALSE_POSITIVE]
    positives = true_positives + values[kernels.FALSE_NEGATIVE]
    accuracy, no_change = hits / count, values[kernels.NO_CHANGE_HITS] / count
    return MemberMetrics(
        samples=int(count),
        accuracy=accuracy,
        log_loss=values[kernels.LOSS] / count,
        brier=values[kernels.BRIER] / count,
        auc=auc if 0.0 < positives < count else None,
        kappa=kappa(hits, predicted, positives, count),
        kappa_temporal=above(accuracy, no_change),
        gain_millinats=1_000.0 * (values[kernels.BASE_LOSS] - values[kernels.LOSS]) / count,
    )
