"""Gaussian naive Bayes with forgetting, for two classes and for more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.linear import bayes as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import BinaryClassifier, Classifier, MultiClassClassifier

SPAN = 1_000


class _Bayes(Classifier):
    takes_missing = True

    def __init__(self, n_features: int, classes: int, span: int) -> None:
        if span < 0:
            raise ConfigError(f"span of naive_bayes is {span}; expected examples until it forgets, or 0 for never")
        self.n_classes = classes
        self._state: Row = np.zeros(kernels.size(n_features, classes))
        layout = {"kind": "naive_bayes", "version": 1, "n_features": n_features, "classes": classes}
        super().__init__(n_features, layout, {"state": self._state})
        self._state[kernels.D], self._state[kernels.CLASSES] = n_features, classes
        self._state[kernels.FADE], self._state[kernels.BOOST] = 1.0 / span if span else 0.0, 1.0

    def set_boost(self, factor: float) -> None:
        """Count each new example ``factor`` times, and forget ``factor`` times faster, from now on."""
        self._state[kernels.BOOST] = factor

    def reset(self) -> None:
        """Forget all examples."""
        self._state[kernels.HEAD :] = 0.0

    def _predict_proba(self, features: Row, out: Row) -> None:
        kernels.predict_proba(self._state, features, out)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        kernels.learn(self._state, features, label, weight)

    def _predict_proba_rows(self, features: Row, out: Row) -> None:
        kernels.predict_proba_rows(self._state, features, out)

    def _learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        kernels.learn_rows(self._state, features, labels, weights, out)


class NaiveBayes(_Bayes, BinaryClassifier):
    """Gaussian naive Bayes: a normal distribution per class and feature, with independent features. Old examples fade.

    Parameters
    ----------
    n_features, horizon, seed
        See `alpha_pulse.models.base`. Horizon and seed are not used; missing values of a row are left out.
    span
        Examples over which it forgets exponentially; 0: never.

    Examples
    --------
    >>> model = NaiveBayes(n_features=1)
    >>> rows = np.random.default_rng(1).normal(size=(600, 1))
    >>> _ = model.learn_many(rows, (rows[:, 0] > 0.0).astype(np.int64), np.ones(600))
    >>> model.predict(np.array([1.0]), np.zeros(1)) > 0.9
    True

    References
    ----------
    Hand & Yu (2001), "Idiot's Bayes: not so stupid after all?", doi 10.2307/1403452.
    """

    def __init__(self, n_features: int, horizon: int = 1, seed: int = 1, *, span: int = SPAN) -> None:
        super().__init__(n_features, 2, span)


class NaiveBayesClassifier(_Bayes, MultiClassClassifier):
    """`NaiveBayes` for ``n_classes`` classes."""

    def __init__(self, n_features: int, n_classes: int, seed: int = 1, *, span: int = SPAN) -> None:
        if n_classes < 2:
            raise ConfigError(f"n_classes of naive_bayes is {n_classes}; expected 2 or more")
        super().__init__(n_features, n_classes, span)
