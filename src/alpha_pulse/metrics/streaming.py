"""Scores of a session's members, from its packed state: the whole run from sums, the window from stored records."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.kernels.base import scores as kernels
from alpha_pulse.metrics.batch import losses, metrics, squared_errors
from alpha_pulse.metrics.definitions import error_reduction, kappa
from alpha_pulse.metrics.members import evaluated, skills
from alpha_pulse.models.base import Row


class MemberMetrics(msgspec.Struct, frozen=True):
    """Prequential scores of one member over the labels it was scored on; log losses in nats, skill in millinats.

    Scores that are undefined on these labels are None: with one class, the area under the curve and the kappas; with more, a
    kappa whose reference has no errors.

    The area under the curve of the whole run is computed from a histogram of scores, and differs by at most ``auc_error`` from
    the exact one. That of the window is exact. ``kappa_temporal`` compares with repeating the last label known at prediction
    time. ``skill_millinats`` is the running base rate's mean log loss minus the member's, times 1,000, over the same labels.
    """

    samples: int
    accuracy: float
    log_loss: float
    brier: float
    auc: float | None
    kappa: float | None
    kappa_temporal: float | None
    skill_millinats: float
    auc_error: float | None = None


def whole_run(state: Row) -> dict[str, MemberMetrics]:
    """Metrics of each member over all labels scored so far; members that were never scored are left out."""
    by_member = {}
    for member, name in enumerate(kernels.MEMBERS):
        offset = kernels.HEAD + member * kernels.STRIDE
        sums = state[offset : offset + kernels.BLOCK]
        if sums[kernels.COUNT] > 0:
            negatives, positives = np.divmod(state[offset + kernels.BLOCK : offset + kernels.STRIDE], kernels.NEGATIVE)
            by_member[name] = _from_sums(sums, histogram_auc(positives, negatives))
    return by_member


def window(state: Row) -> dict[str, MemberMetrics]:
    """Metrics of each member over the sliding window, with the exact area under the curve."""
    records = window_records(state)
    return {
        name: _from_records(records, member)
        for member, name in enumerate(kernels.MEMBERS)
        if not np.isnan(records[:, member]).all()
    }


def window_records(state: Row) -> Row:
    """The window's records, oldest first: float64 of shape (n, RECORD)."""
    filled, size = int(state[kernels.FILLED]), int(state[kernels.WINDOW])
    ring = state[kernels.HEAD + kernels.N_MEMBERS * kernels.STRIDE :].reshape(size, kernels.RECORD)
    start = int(state[kernels.NEXT]) if filled == size else 0
    return np.roll(ring[:filled], -start, axis=0)


def histogram_auc(positives: Row, negatives: Row) -> tuple[float, float] | None:
    """Area under the ROC curve from counts of both classes in the same bins of scores, and its largest error.

    Two scores in a bin count as equal, so the exact area differs by at most half of such pairs. None with one class.

    >>> histogram_auc(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    (0.875, 0.125)
    """
    pairs = float(positives.sum() * negatives.sum())
    if pairs == 0.0:
        return None
    below = np.cumsum(negatives) - negatives
    shared = float(positives @ negatives)
    return (float(positives @ below) + 0.5 * shared) / pairs, 0.5 * shared / pairs


def _from_records(records: Row, member: int) -> MemberMetrics:
    scored = records[~np.isnan(records[:, member])]
    evaluation = evaluated(scored, member)
    scores = metrics(evaluation)
    return MemberMetrics(
        samples=scores.labels,
        accuracy=float(evaluation.hits.mean()),
        log_loss=float(losses(evaluation).mean()),
        brier=float(squared_errors(evaluation).mean()),
        auc=scores.auc,
        kappa=scores.kappa,
        kappa_temporal=scores.kappa_temporal,
        skill_millinats=float(skills(scored, member).mean()),
        auc_error=None if scores.auc is None else 0.0,
    )


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
        kappa_temporal=error_reduction(count - hits, count - values[kernels.NO_CHANGE_HITS]) if several else None,
        skill_millinats=1_000.0 * (values[kernels.BASE_LOSS] - values[kernels.LOSS]) / count,
        auc_error=None if auc is None else auc[1],
    )
