"""Logistic regression by stochastic gradient descent, with its scaler inside."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.linear import linear as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.packed import PackedModel
from alpha_pulse.models.validation import check_example, check_examples, check_out, check_row, check_rows


class Logistic(PackedModel):
    """Standardisation and logistic regression, one example at a time.

    Parameters
    ----------
    n_features
        Length of a row.
    horizon
        Not used by a single model; every online model takes it.
    seed
        Not used: nothing here is random.
    rate
        Learning rate of SGD.
    l2
        L2 penalty per example.
    span
        Examples after which the scaler forgets exponentially; 0: never.

    Examples
    --------
    >>> model = Logistic(n_features=1, horizon=1, seed=1)
    >>> rows = np.array([[-1.0], [1.0]] * 500)
    >>> _ = model.learn_many(rows, np.array([0, 1] * 500), np.ones(1_000))
    >>> model.predict(np.array([1.0]), np.zeros(1)) > 0.8
    True

    References
    ----------
    Bottou (2010), "Large-scale machine learning with stochastic gradient descent".
    """

    n_parts = 1
    takes_missing = True

    def __init__(
        self, n_features: int, horizon: int = 1, seed: int = 1, *, rate: float = 0.01, l2: float = 0.0, span: int = 0
    ) -> None:
        if not (0.0 <= rate < math.inf and 0.0 <= l2 < math.inf and span >= 0):
            raise ConfigError(
                f"rate of logistic is {rate}, l2 {l2} and span {span}; expected finite numbers from 0 on, and for span "
                "the examples until the scaler forgets, or 0 for never"
            )
        self._state: Row = np.zeros(kernels.size(n_features))
        layout = {"kind": "logistic", "version": 2, "n_features": n_features}
        super().__init__(n_features, layout, {"state": self._state})
        self._state[kernels.RATE] = rate
        self._state[kernels.L2] = l2
        self._state[kernels.STEP] = 1.0 / span if span else 0.0
        self._state[kernels.BOOST] = 1.0

    def predict(self, features: Row, parts: Row) -> float:
        """P(label = 1); fills ``parts`` (shape (1,)) with it."""
        check_row(features, self.n_features)
        check_out(parts, self.n_parts, "parts")
        parts[0] = probability = kernels.predict(self._state, features)
        return probability

    def learn(self, features: Row, label: int, weight: float, parts: Row) -> None:
        """Learn one labelled example."""
        label, weight = check_example(features, self.n_features, label, 2, weight)
        kernels.learn(self._state, features, label, weight)

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row."""
        check_rows(features, self.n_features)
        out = np.empty(len(features))
        kernels.predict_rows(self._state, features, out)
        return out

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn; returns the predictions."""
        check_examples(features, self.n_features, labels, 2, weights)
        out = np.empty(len(features))
        kernels.learn_rows(self._state, features, labels, weights, out)
        return out

    def set_boost(self, factor: float) -> None:
        """Multiply the learning rate by ``factor`` from now on."""
        self._state[kernels.BOOST] = factor

    def reset(self) -> None:
        """Forget the weights; the scaler stays."""
        self._state[kernels.HEAD + 2 * self.n_features : kernels.HEAD + 3 * self.n_features + 1] = 0.0
