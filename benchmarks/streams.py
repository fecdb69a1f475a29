"""Labelled streams whose concept drifts, from a seed or a file, and the scores of predictions on them."""

from __future__ import annotations

from collections.abc import Sequence
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


def agrawal(n: int, functions: Sequence[int], seed: int) -> Stream:
    """Loans by nine attributes; each part of the stream is decided by another of functions 1 to 10; values perturbed by 5 %.

    Source: Agrawal, Imielinski and Swami, "Database mining: a performance perspective", IEEE TKDE 5 (1993).
    """
    rng = np.random.default_rng(seed)
    salary = 20_000.0 + 130_000.0 * rng.random(n)
    commission = np.where(salary >= 75_000.0, 0.0, 10_000.0 + 75_000.0 * rng.random(n))
    age, education = rng.integers(20, 81, n).astype(float), rng.integers(0, 5, n).astype(float)
    car, zipcode = rng.integers(1, 21, n).astype(float), rng.integers(0, 9, n).astype(float)
    value = (8.0 - zipcode) * 100_000.0 * (0.5 + rng.random(n))
    years, loan = rng.integers(1, 31, n).astype(float), 500_000.0 * rng.random(n)
    part = np.arange(n) * len(functions) // n
    chosen = np.asarray(functions)[part]
    decided = _loans(salary, commission, age, education, value, years, loan)
    labels = np.array(decided)[chosen - 1, np.arange(n)].astype(np.int64)

    def shaken(values: Floats, low: Floats | float, high: Floats | float, width: float) -> Floats:
        moved = values + width * 0.05 * rng.uniform(-1.0, 1.0, n)
        return np.clip(moved, np.minimum(low, high), np.maximum(low, high))

    features = np.column_stack(
        [
            shaken(salary, 20_000.0, 150_000.0, 130_000.0),
            np.where(commission > 0.0, shaken(commission, 10_000.0, 75_000.0, 65_000.0), 0.0),
            np.rint(shaken(age, 20.0, 80.0, 60.0)),
            education,
            car,
            zipcode,
            shaken(value, 0.0, (9.0 - zipcode) * 150_000.0, 135_000.0),
            np.rint(shaken(years, 1.0, 30.0, 29.0)),
            shaken(loan, 0.0, 500_000.0, 500_000.0),
        ]
    )
    return Stream("Agrawal " + ", ".join(str(f) for f in functions), features, labels)


def _loans(
    salary: Floats, commission: Floats, age: Floats, education: Floats, value: Floats, years: Floats, loan: Floats
) -> list[NDArray[np.bool_]]:
    """Who is in group A by each of the ten functions."""
    young, middle = age < 40.0, age < 60.0

    def by_age(one: NDArray[np.bool_], two: NDArray[np.bool_], three: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.where(young, one, np.where(middle, two, three))

    def within(values: Floats, low: float, high: float) -> NDArray[np.bool_]:
        return (values >= low) & (values <= high)

    low, mid, high = education <= 1.0, within(education, 1.0, 3.0), education >= 2.0
    earned = salary + commission
    rest = 2.0 * earned / 3.0
    poor, fair, rich = within(salary, 25e3, 75e3), within(salary, 50e3, 100e3), within(salary, 75e3, 125e3)
    equity = np.where(years >= 20.0, value * (years - 20.0) / 10.0, 0.0)
    return [
        ~(within(age, 40.0, 60.0) & (age < 60.0)),
        by_age(fair, rich, poor),
        by_age(low, mid, high),
        by_age(np.where(low, poor, fair), np.where(mid, fair, rich), np.where(high, fair, poor)),
        by_age(
            np.where(fair, within(loan, 100e3, 300e3), within(loan, 200e3, 400e3)),
            np.where(rich, within(loan, 200e3, 400e3), within(loan, 300e3, 500e3)),
            np.where(poor, within(loan, 300e3, 500e3), within(loan, 100e3, 300e3)),
        ),
        by_age(within(earned, 50e3, 100e3), within(earned, 75e3, 125e3), within(earned, 25e3, 75e3)),
        rest - loan / 5.0 - 20e3 <= 1.0,
        rest - 5e3 * education - 20e3 <= 1.0,
        rest - 5e3 * education - loan / 5.0 - 10e3 <= 1.0,
        rest - 5e3 * education + equity / 5.0 - 10e3 <= 1.0,
    ]


def rbf(n: int, d: int, centres: int, speed: float, seed: int) -> Stream:
    """Balls around ``centres`` points of two classes, all of which wander by ``speed`` per example in directions of their own.

    Source: the random radial basis function generator of Bifet et al., "MOA: massive online analysis", JMLR 11 (2010).
    """
    rng = np.random.default_rng(seed)
    places, ways = rng.random((centres, d)), rng.normal(size=(centres, d))
    ways *= speed / np.linalg.norm(ways, axis=1, keepdims=True)
    classes, widths, weights = rng.integers(0, 2, centres), rng.random(centres), rng.random(centres)
    which = rng.choice(centres, n, p=weights / weights.sum())
    around = rng.uniform(-1.0, 1.0, (n, d))
    around *= (rng.normal(size=n) * widths[which] / np.linalg.norm(around, axis=1))[:, None]
    walked = places[which] + np.arange(n)[:, None] * ways[which]
    # A centre that meets a wall of the unit cube turns round.
    folded = 1.0 - np.abs(np.mod(walked, 2.0) - 1.0)
    return Stream(f"RBF, {centres} centres moving", folded + around, classes[which].astype(np.int64))


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


def kappa(labels: Labels, probabilities: Floats) -> float:
    """Cohen's kappa of the predicted sides of 1/2: accuracy over what the shares of the classes alone would give."""
    said, true = float((probabilities > 0.5).mean()), float(labels.mean())
    by_chance = said * true + (1.0 - said) * (1.0 - true)
    return (accuracy(labels, probabilities) - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else 0.0
