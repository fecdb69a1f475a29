"""Metrics of stored predictions, computed from the predictions, their labels, and the hits of two simple rules.

All three kappas are one formula (`alpha_pulse.metrics.definitions.error_reduction`) against three references: chance (kappa),
the majority class (kappa-M) and the last label known (kappa-temporal).
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.metrics.definitions import error_reduction, exact_auc, kappa, log_losses, off_diagonal, ranks
from alpha_pulse.metrics.reliability import reliability_table

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]

FADED = 1e-150
"""A label whose weight is below this does not count: products of two such weights would be 0."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Scores over ``labels`` labels; a score that is not defined on them is None.

    ``log_loss`` in nats. ``balanced_accuracy``: mean recall of the classes that occurred. For two classes, ``brier`` is the
    mean squared error of P(label 1), ``auc`` the area under its ROC curve, ``ece`` its expected calibration error over ten bins
    of equal counts, ``information_coefficient`` the rank correlation between P(label 1) and the label. For more classes,
    ``brier`` sums the squared errors of all classes, ``auc`` is the mean over classes of one against the rest, ``ece`` concerns
    the probability of the predicted class, and there is no information coefficient.
    """

    labels: int
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    kappa: float | None = None
    kappa_m: float | None = None
    kappa_temporal: float | None = None
    auc: float | None = None
    log_loss: float | None = None
    brier: float | None = None
    ece: float | None = None
    information_coefficient: float | None = None


class Evaluated(msgspec.Struct, frozen=True):
    """Predictions with their labels, in the order of the predictions.

    Parameters
    ----------
    probabilities
        float64 of shape (n, classes).
    guesses, labels
        int64 of shape (n,): the predicted class, and the true one.
    no_change, majority
        bool of shape (n,): which labels were predicted correctly by the last known label, and by the most frequent known label;
        None omits the kappa that compares with it.
    """

    probabilities: Floats
    guesses: Labels
    labels: Labels
    no_change: Flags | None = None
    majority: Flags | None = None

    @property
    def hits(self) -> Flags:
        """Which were right, (n,)."""
        hits: Flags = self.guesses == self.labels
        return hits

    def newest(self, count: int) -> Evaluated:
        """The last ``count`` of them."""
        start = max(len(self.labels) - count, 0)
        return Evaluated(
            self.probabilities[start:],
            self.guesses[start:],
            self.labels[start:],
            None if self.no_change is None else self.no_change[start:],
            None if self.majority is None else self.majority[start:],
        )


def of_two(probabilities: Floats) -> Floats:
    """Class probabilities (n, 2) from P(label 1), (n,)."""
    return np.column_stack([1.0 - probabilities, probabilities])


def guesses(probabilities: Floats) -> Labels:
    """The predicted class, (n,). For two classes, it is 1 from a probability of 1/2 on, as in
    `alpha_pulse.kernels.base.scores`; for more, the first of the most probable ones.

    >>> guesses(np.array([[0.5, 0.5], [0.6, 0.4]])).tolist(), guesses(np.array([[0.2, 0.4, 0.4]])).tolist()
    ([1, 0], [1])
    """
    if probabilities.shape[1] == 2:
        return np.asarray(probabilities[:, 1] >= 0.5, dtype=np.int64)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def binary_metrics(probabilities: Floats, labels: Labels) -> Metrics:
    """`metrics` of P(label 1) and labels of 0 or 1, (n,), without the kappas that need the labels known at each prediction.

    >>> scores = binary_metrics(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0, 0, 1, 1]))
    >>> scores.accuracy, scores.auc, scores.kappa_temporal
    (0.75, 0.875, None)
    """
    both = of_two(probabilities)
    return metrics(Evaluated(both, guesses(both), labels))


def metrics(scored: Evaluated) -> Metrics:
    """Every metric, each label counting once."""
    n, classes = scored.probabilities.shape
    if n == 0:
        return Metrics(labels=0)
    p, labels = scored.probabilities, scored.labels
    additive = _additive(scored, np.ones(n))
    if classes == 2:
        auc = exact_auc(p[:, 1], labels == 1)
        return msgspec.structs.replace(
            additive,
            auc=auc,
            ece=reliability_table(p[:, 1], labels == 1).ece,
            information_coefficient=None if auc is None else _rank_correlation(p[:, 1], labels.astype(np.float64)),
        )
    areas = [area for c in range(classes) if (area := exact_auc(p[:, c], labels == c)) is not None]
    confidence = p[np.arange(n), scored.guesses]
    return msgspec.structs.replace(
        additive,
        auc=float(np.mean(areas)) if areas else None,
        ece=reliability_table(confidence, scored.hits).ece,
    )


def fading_metrics(scored: Evaluated, factor: float) -> Metrics:
    """Metrics that are means of single scores, in which each label counts ``factor`` times as much as the next one.

    References
    ----------
    Gama, Sebastião and Rodrigues (2013), "On evaluating stream learning algorithms", Machine Learning 90,
    doi 10.1007/s10994-012-5320-9.
    """
    n = len(scored.labels)
    weights = factor ** np.arange(n - 1, -1, -1.0)
    weights[weights < FADED] = 0.0
    return _additive(scored, weights) if n else Metrics(labels=0)


def losses(scored: Evaluated) -> Floats:
    """-log of the probability of the true class, (n,), in nats."""
    if scored.probabilities.shape[1] == 2:
        return log_losses(scored.probabilities[:, 1], scored.labels == 1)
    of_labels = scored.probabilities[np.arange(len(scored.labels)), scored.labels]
    return log_losses(of_labels, np.ones(len(of_labels), dtype=np.bool_))


def squared_errors(scored: Evaluated) -> Floats:
    """Squared errors (n,) of P(label 1); for more classes, the sum over all of them."""
    if scored.probabilities.shape[1] == 2:
        errors: Floats = (scored.probabilities[:, 1] - scored.labels) ** 2
        return errors
    came = np.zeros(scored.probabilities.shape)
    came[np.arange(len(came)), scored.labels] = 1.0
    summed: Floats = ((scored.probabilities - came) ** 2).sum(axis=1)
    return summed


def _additive(scored: Evaluated, weights: Floats) -> Metrics:
    """The metrics that are sums over labels, weighted by ``weights`` (n,)."""
    classes = scored.probabilities.shape[1]
    counts = np.bincount(scored.labels * classes + scored.guesses, weights, classes**2)
    confusion: Floats = counts.reshape(classes, classes).astype(np.float64)
    true, hits, misses = confusion.sum(axis=1), float(np.trace(confusion)), off_diagonal(confusion)
    came = true > 0.0
    several = int(came.sum()) > 1
    missed = float(weights @ ~scored.hits)  # summed as the references are, so that a rule compared with itself has a kappa of 0
    return Metrics(
        labels=len(weights),
        accuracy=hits / (hits + misses),
        balanced_accuracy=float(np.mean(np.diag(confusion)[came] / true[came])) if several else None,
        kappa=kappa(confusion),
        kappa_m=_against(missed, scored.majority, weights) if several else None,
        kappa_temporal=_against(missed, scored.no_change, weights) if several else None,
        log_loss=_mean(losses(scored), weights),
        brier=_mean(squared_errors(scored), weights),
    )


def _against(missed: float, reference: Flags | None, weights: Floats) -> float | None:
    """The kappa against a reference, from what it predicted correctly."""
    return None if reference is None else error_reduction(missed, float(weights @ ~reference))


def _mean(values: Floats, weights: Floats) -> float:
    """The weighted mean, limited to the range of the values against rounding."""
    mean = float(weights @ values) / float(weights.sum())
    return min(max(mean, float(values.min())), float(values.max()))


def _rank_correlation(first: Floats, second: Floats) -> float | None:
    """Spearman's rank correlation, with mean ranks of equal values; None where one of the two is constant."""
    first_ranks, second_ranks = (ranks(values) - 0.5 * (len(values) + 1) for values in (first, second))
    spread = float(np.sqrt((first_ranks @ first_ranks) * (second_ranks @ second_ranks)))
    return min(max(float(first_ranks @ second_ranks) / spread, -1.0), 1.0) if spread > 0.0 else None
