"""Seeded examples for the checks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.models.base import Row

Labels = NDArray[np.int64]


def separable(n: int, n_features: int, seed: int) -> tuple[Row, Labels, Row]:
    """(features, labels, weights): standard normal rows; the first feature alone determines the label, and 1 in 10 labels is
    flipped.

    >>> rows, labels, weights = separable(4, 2, seed=1)
    >>> rows.shape, labels.shape, weights.tolist()
    ((4, 2), (4,), [1.0, 1.0, 1.0, 1.0])
    """
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, n_features))
    flipped = generator.random(n) < 0.1
    return rows, ((rows[:, 0] > 0.0) != flipped).astype(np.int64), np.ones(n)


def log_loss(probabilities: Row, labels: Labels) -> float:
    """Mean negative log-likelihood in nats."""
    right = np.where(labels == 1, probabilities, 1.0 - probabilities)
    return float(-np.log(np.maximum(right, 1e-15)).mean())


def base_rate_loss(labels: Labels) -> float:
    """`log_loss` of a constant prediction, the fraction of 1 in ``labels``, known in advance.

    >>> round(base_rate_loss(np.array([0, 1])), 3)
    0.693
    """
    fraction = float(labels.mean())
    return -(fraction * math.log(fraction) + (1.0 - fraction) * math.log(1.0 - fraction))
