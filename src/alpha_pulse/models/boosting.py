"""Streaming gradient boosted trees: for two classes, for more, and for numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.trees import boosting as kernels
from alpha_pulse.kernels.trees import regression_tree as tree
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import BinaryEstimator, MultiClassClassifier, Regressor
from alpha_pulse.models.packed import PackedModel
from alpha_pulse.models.regression_tree import observed_of, regression_arrays

DELTA, TAU = 0.05, 0.05
LEAST_F = 4.0
MAX_HESSIAN = 0.25
"""Weight of an example of probability 1/2 in a classification tree."""


class _Boosted(PackedModel):
    """The arrays of ``rows`` trees and their common head."""

    takes_missing = True

    def __init__(
        self,
        layout: dict[str, Any],
        n_features: int,
        seed: int,
        rows: int,
        unit: float,
        rate: float,
        memory: float,
        window: int,
        life: int,
        observed: float,
        grace: int,
        leaves: int,
        bins: int,
    ) -> None:
        if not (rows >= 1 and 0.0 < rate <= 1.0 and 0.0 < memory < math.inf and window >= 1 and life >= 1):
            raise ConfigError(
                f"the number of trees is {rows}, rate {rate}, memory {memory}, window {window} and life {life}; expected 1 "
                "tree or more, a rate above 0 and at most 1, a memory above 0, a window and a life of 1 or more"
            )
        a_tree = observed_of(observed, n_features)
        real, whole = regression_arrays(n_features, a_tree, leaves, bins, DELTA, TAU, grace, LEAST_F)
        # All trees learn the same error, trees * rate times in total; this weight at 0 makes it once.
        real[tree.PRIOR] = unit * rate
        real[tree.SPAN], real[tree.WINDOW] = max(memory, unit * rate), window
        self._head: Row = np.zeros(kernels.HEAD)
        self._head[kernels.RATE], self._head[kernels.BOOST], self._head[kernels.SPAN] = rate, 1.0, max(memory, unit * rate)
        self._head[kernels.PERIOD] = max(life / rows, 1.0)
        self._real: Row = np.tile(real, (rows, 1))
        self._whole: NDArray[np.int64] = np.tile(whole, (rows, 1))
        self._whole[:, tree.SEED] = np.random.default_rng(seed).integers(1, 2**62, rows)
        layout |= {
            "version": 2,
            "n_features": n_features,
            "rows": rows,
            "rate": rate,
            "observed": a_tree,
            "leaves": leaves,
            "bins": bins,
        }
        super().__init__(n_features, layout, {"head": self._head, "real": self._real, "whole": self._whole})
        self.reset()

    def reset(self) -> None:
        """Reset every tree to a single empty leaf."""
        for place in (kernels.MEAN, kernels.MEAN_WEIGHT, kernels.CLOCK, kernels.NEXT):
            self._head[place] = 0.0
        for real, whole in zip(self._real, self._whole, strict=True):
            tree.clear(real, whole)

    def set_boost(self, factor: float) -> None:
        """Count each new example ``factor`` times from now on, so that leaves follow changes faster; predictions do not
        jump."""
        self._head[kernels.BOOST] = factor


class SGBT(_Boosted, BinaryEstimator):
    """Boosted trees for two classes: with each example every tree learns the error of the trees before it.

    Parameters
    ----------
    n_features, horizon, seed
        See `alpha_pulse.models.base`. The horizon is not used; the seed selects the features that trees observe.
    trees
        Boosting iterations; cost and memory are proportional to them.
    rate
        Shrinkage: the fraction of a tree's output that counts.
    memory
        Weight after which the value of a leaf forgets exponentially, in units of p (1 - p): an example counts at most 1/4. A
        small memory follows drift and serial dependence; a large one averages noise.
    window
        Examples after which a leaf halves its split statistics.
    life
        Examples after which a tree with all its leaves in use starts again; the trees take turns.
    observed
        Fraction of the features that a tree observes.
    grace
        Examples between two attempts of a leaf to split.
    leaves, bins
        Maximum leaves of each tree, bins of each histogram; they set the memory.

    Examples
    --------
    >>> model, generator = SGBT(n_features=2, trees=20), np.random.default_rng(1)
    >>> rows = generator.normal(size=(2_000, 2))
    >>> _ = model.learn_many(rows, (rows[:, 0] * rows[:, 1] > 0).astype(np.int64), np.ones(2_000))
    >>> model.predict(np.array([1.0, 1.0]), np.zeros(1)) > 0.5 > model.predict(np.array([1.0, -1.0]), np.zeros(1))
    True

    References
    ----------
    Gunasekara, Pfahringer, Gomes & Bifet (2024), "Gradient boosted trees for evolving data streams", doi
    10.1007/s10994-024-06517-y; Gouk, Pfahringer & Frank (2019), "Stochastic gradient trees".
    """

    def __init__(
        self,
        n_features: int,
        horizon: int = 1,
        seed: int = 1,
        *,
        trees: int = 100,
        rate: float = 0.07,
        memory: float = 6.0,
        window: int = 25,
        life: int = 10_000,
        observed: float = 0.75,
        grace: int = 25,
        leaves: int = 32,
        bins: int = 16,
    ) -> None:
        unit = trees * MAX_HESSIAN
        super().__init__(
            {"kind": "sgbt"}, n_features, seed, trees, unit, rate, memory, window, life, observed, grace, leaves, bins
        )

    def _probability(self, features: Row) -> float:
        return kernels.predict(self._head, self._real, self._whole, features)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        kernels.learn(self._head, self._real, self._whole, features, label, weight)

    def _probability_rows(self, features: Row, out: Row) -> None:
        kernels.predict_rows(self._head, self._real, self._whole, features, out)

    def _probability_learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        kernels.learn_rows(self._head, self._real, self._whole, features, labels, weights, out)


class SGBTClassifier(_Boosted, MultiClassClassifier):
    """`SGBT` for ``n_classes`` classes: each iteration has one tree per class, combined by a softmax.

    Examples
    --------
    >>> model, rows = SGBTClassifier(1, n_classes=3, trees=10), np.random.default_rng(1).uniform(0.0, 3.0, (2_000, 1))
    >>> _ = model.learn_many(rows, rows[:, 0].astype(np.int64), np.ones(2_000))
    >>> [model.predict(np.array([x]), np.zeros(3)) for x in (0.5, 1.5, 2.5)]
    [0, 1, 2]
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        seed: int = 1,
        *,
        trees: int = 100,
        rate: float = 0.07,
        memory: float = 6.0,
        window: int = 25,
        life: int = 10_000,
        observed: float = 0.75,
        grace: int = 25,
        leaves: int = 32,
        bins: int = 16,
    ) -> None:
        if n_classes < 2:
            raise ConfigError(f"n_classes is {n_classes}, but a model of classes needs 2 or more")
        layout = {"kind": "sgbt_classifier", "n_classes": n_classes}
        rows, unit = trees * n_classes, trees * MAX_HESSIAN
        super().__init__(layout, n_features, seed, rows, unit, rate, memory, window, life, observed, grace, leaves, bins)
        self.n_classes = n_classes
        self._scores: Row = np.zeros(n_classes)
        self._out: Row = np.zeros(n_classes)

    def _predict_proba(self, features: Row, out: Row) -> None:
        kernels.predict_classes(self._head, self._real, self._whole, features, self._scores, out)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        kernels.learn_classes(self._head, self._real, self._whole, features, label, weight, self._scores, self._out)

    def _predict_proba_rows(self, features: Row, out: Row) -> None:
        kernels.predict_class_rows(self._head, self._real, self._whole, features, self._scores, out)

    def _learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        kernels.learn_class_rows(self._head, self._real, self._whole, features, labels, weights, self._scores, out)


class SGBTRegressor(_Boosted, Regressor):
    """`SGBT` for a number, with squared loss; ``memory`` counts examples of weight 1.

    Examples
    --------
    >>> model, rows = SGBTRegressor(2, trees=20), np.random.default_rng(1).uniform(-1.0, 1.0, (2_000, 2))
    >>> _ = model.learn_many(rows, np.where(rows[:, 0] > 0.0, 5.0, 1.0), np.ones(2_000))
    >>> model.predict(np.array([0.5, 0.0])) - model.predict(np.array([-0.5, 0.0])) > 3.0
    True
    """

    def __init__(
        self,
        n_features: int,
        seed: int = 1,
        *,
        trees: int = 50,
        rate: float = 0.1,
        memory: float = 50.0,
        window: int = 200,
        life: int = 10_000,
        observed: float = 0.75,
        grace: int = 25,
        leaves: int = 64,
        bins: int = 16,
    ) -> None:
        layout = {"kind": "sgbt_regressor"}
        super().__init__(layout, n_features, seed, trees, trees, rate, memory, window, life, observed, grace, leaves, bins)

    def _estimate(self, features: Row) -> float:
        return kernels.predict_number(self._head, self._real, self._whole, features)

    def _fit(self, features: Row, target: float, weight: float) -> None:
        kernels.learn_number(self._head, self._real, self._whole, features, target, weight)

    def _estimate_rows(self, features: Row, out: Row) -> None:
        kernels.predict_number_rows(self._head, self._real, self._whole, features, out)

    def _fit_rows(self, features: Row, targets: Row, weights: Row, out: Row) -> None:
        kernels.learn_number_rows(self._head, self._real, self._whole, features, targets, weights, out)
