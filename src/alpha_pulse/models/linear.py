"""Logistic regression by stochastic gradient descent, with its scaler inside."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.linear import linear as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import BinaryEstimator


class Logistic(BinaryEstimator):
    """Standardisation and logistic regression, one example at a time.

    Parameters
    ----------
    n_features, horizon, seed
        See `alpha_pulse.models.base`. Horizon and seed are not used.
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

    takes_missing = True
    predict_kernel = staticmethod(kernels.predict_outputs)
    learn_kernel = staticmethod(kernels.learn_outputs)

    def __init__(
        self, n_features: int, horizon: int = 1, seed: int = 1, *, rate: float = 0.01, l2: float = 0.0, span: int = 0
    ) -> None:
        if not (0.0 <= rate < math.inf and 0.0 <= l2 < math.inf and span >= 0):
            raise ConfigError(
                f"rate of logistic is {rate}, l2 {l2} and span {span}; expected finite numbers from 0 on, and for span "
                "the examples until the scaler forgets, or 0 for never"
            )
        self._state: Row = np.zeros(kernels.size(n_features))
        self._scratch: Row = np.zeros(n_features)
        layout = {"kind": "logistic", "version": 2, "n_features": n_features}
        super().__init__(n_features, layout, {"state": self._state})
        self._state[kernels.RATE] = rate
        self._state[kernels.L2] = l2
        self._state[kernels.STEP] = 1.0 / span if span else 0.0
        self._state[kernels.BOOST] = 1.0

    @property
    def kernel_state(self) -> Row:
        """See `alpha_pulse.models.base.CompiledModel`."""
        return self._state

    @property
    def kernel_scratch(self) -> Row:
        """See `alpha_pulse.models.base.CompiledModel`."""
        return self._scratch

    def _probability(self, features: Row) -> float:
        return kernels.predict(self._state, features)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        kernels.learn(self._state, features, label, weight, self._scratch)

    def _probability_rows(self, features: Row, out: Row) -> None:
        kernels.predict_rows(self._state, features, out)

    def _probability_learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        kernels.learn_rows(self._state, features, labels, weights, self._scratch, out)

    def set_boost(self, factor: float) -> None:
        """Multiply the learning rate by ``factor`` from now on."""
        self._state[kernels.BOOST] = factor

    def reset(self) -> None:
        """Reset the weights; the scaler is kept."""
        self._state[kernels.HEAD + 2 * self.n_features : kernels.HEAD + 3 * self.n_features + 1] = 0.0
