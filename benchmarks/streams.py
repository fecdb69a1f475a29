"""Labelled streams whose concept drifts, from a seed or a file, and the scores of predictions on them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

SEA_THRESHOLDS = (8.0, 9.0, 7.0, 9.5)
SEA_NOISE = 0.1
HYPERPLANE_NOISE = 0.05


class Stream(msgspec.Struct, frozen=True):
    """Examples in order: ``features`` (n, d), ``labels`` (n,) of 0 or 1."""

    name: str
    features: Floats
    labels: Labels

    @property
    def title(self) -> str:
        """Name and shape."""
        n, d = self.features.shape
        return f"{self.name}, {n:,} x {d}"


def sea(n: int, d: int, seed: int) -> Stream:
    """SEA concepts: of ``d`` uniform features two decide, against a threshold that changes with each quarter; 10 % noise.

    Source: Street and Kim, "A streaming ensemble algorithm (SEA) for large-scale classification", KDD (2001), with more
    features that decide nothing.
    """
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.0, 10.0, (n, d))
    threshold = np.asarray(SEA_THRESHOLDS)[np.arange(n) * len(SEA_THRESHOLDS) // n]
    above = features[:, 0] + features[:, 1] > threshold
    return Stream("SEA concepts", features, (above ^ (rng.random(n) < SEA_NOISE)).astype(np.int64))


def hyperplane(n: int, d: int, seed: int) -> Stream:
    """A hyperplane that turns: its weights move in a straight line from one draw to another; 5 % noise.

    Source: Hulten, Spencer and Domingos, "Mining time-changing data streams", KDD (2001).
    """
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.0, 1.0, (n, d))
    first, last = rng.standard_normal((2, d))
    way = np.linspace(0.0, 1.0, n)[:, None]
    weights = (1.0 - way) * first + way * last
    above = ((features - 0.5) * weights).sum(axis=1) > 0.0
    return Stream("rotating hyperplane", features, (above ^ (rng.random(n) < HYPERPLANE_NOISE)).astype(np.int64))


def arff(path: Path) -> Stream:
    """A file of numbers with a class of two values in the last column, the first one listed counting as 1.

    Raises
    ------
    DataError
        There is no such file, the class is no list of two values, or another column holds what is not a number.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist or is not a file; give --data an ARFF file")
    head, separator, body = path.read_text(encoding="utf-8").partition("@data")
    attributes = [line for line in head.splitlines() if line.lower().startswith("@attribute")]
    classes = attributes[-1].partition("{")[2].rstrip(" }").split(",") if attributes else []
    if not separator or len(classes) != 2:
        raise DataError(f"{path} has no @data, or its last attribute is not a class of two values; give another ARFF file")
    rows = [line.split(",") for line in body.splitlines() if line.strip() and not line.startswith("%")]
    try:
        features = np.array([row[:-1] for row in rows], dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{path} holds what is not a row of numbers ({error}); give another ARFF file") from None
    labels = np.array([row[-1].strip() == classes[0].strip() for row in rows], dtype=np.int64)
    return Stream(path.name, features, labels)


def accuracy(labels: Labels, probabilities: Floats) -> float:
    """The share of labels on the side of 1/2 that was predicted."""
    return float(((probabilities > 0.5) == (labels == 1)).mean())


def auc(labels: Labels, probabilities: Floats) -> float:
    """The chance that a positive example is ranked above a negative one, ties counting half (Mann and Whitney, 1947)."""
    _, place, count = np.unique(probabilities, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - 0.5 * (count - 1))[place]
    positives = int(labels.sum())
    negatives = labels.size - positives
    return float((rank[labels == 1].sum() - 0.5 * positives * (positives + 1)) / (positives * negatives))
