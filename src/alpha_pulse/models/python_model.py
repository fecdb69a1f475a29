"""An online model in a few lines of Python: arrays, a probability and an update."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.core.user_code.calls import number_of, raised, shown
from alpha_pulse.kernels.base import scaler
from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import BinaryEstimator

LEAST_PROBABILITY = 1e-9
"""Probabilities are from this to 1 minus this."""
BOUND = 8.0
"""A feature is at most this many standard deviations from its mean."""
MAX_WEIGHT = 10.0
"""Largest weight of one example, times the boost."""
_STATE_TYPES = (np.dtype(np.float64), np.dtype(np.int64))


def sigmoid(score: float) -> float:
    """The logistic function, which overflows for no score.

    >>> sigmoid(0.0), sigmoid(-1e6)
    (0.5, 0.0)
    """
    return 0.0 if score < -700.0 else 1.0 / (1.0 + math.exp(-score))


class PythonModel(BinaryEstimator):
    """The base of an online model of P(label = 1) in Python, which a subclass completes by three methods.

    It is an `alpha_pulse.models.base.OnlineModel`. A subclass implements `begin`, `probability` and `update`. It receives each
    row standardised by running mean and variance, within `BOUND` standard deviations, and 0 for a missing feature. Its whole
    state is in the arrays that `begin` creates, of float64 or int64, which never change their shape. Anything else that it
    changes is lost at a restart.

    Weights of examples are multiplied by the boost, and are at most `MAX_WEIGHT`. An example of weight 0 changes nothing.

    Parameters
    ----------
    n_features
        Length of a row.
    horizon
        Bars over which labels overlap.
    seed
        For random numbers.
    parameters
        Passed to `begin`.

    Raises
    ------
    ConfigError
        `begin` raises an error, or creates no array, or one of another type. Later, DataError when `probability` or `update`
        raises an error, or when the probability is no number from 0 to 1 although all arrays are finite. With an array that is
        not finite the model has diverged: its probability is NaN, and its session restores its last good state.

    Examples
    --------
    >>> class Perceptron(PythonModel):
    ...     def begin(self, rate=0.02):
    ...         self.rate, self.weights = rate, np.zeros(self.n_features)
    ...
    ...     def probability(self, x):
    ...         return sigmoid(x @ self.weights)
    ...
    ...     def update(self, x, label, weight):
    ...         self.weights += self.rate * weight * (label - self.probability(x)) * x
    >>> model = Perceptron(n_features=1)
    >>> _ = model.learn_many(np.array([[-1.0], [1.0]] * 100), np.array([0, 1] * 100), np.ones(200))
    >>> model.predict(np.array([1.0]), np.zeros(1)) > 0.7
    True
    """

    takes_missing = True

    def __init__(self, n_features: int, horizon: int = 1, seed: int = 1, **parameters: Any) -> None:
        self._means, self._variances, self._seen = 0, n_features, 2 * n_features
        scales, boost = np.zeros(3 * max(n_features, 0)), np.ones(1)
        layout = {"kind": type(self).__qualname__, "version": 1, "n_features": n_features, "parameters": parameters}
        super().__init__(n_features, layout, {"scales": scales, "boost": boost})
        self.horizon, self.seed = horizon, seed
        self._parameters = parameters
        self._scales, self._boost, self._x = scales, boost, np.zeros(n_features)
        others = set(vars(self))
        self._begin()
        self._own = [name for name, value in vars(self).items() if isinstance(value, np.ndarray) and name not in others]
        wrong = [name for name in self._own if getattr(self, name).dtype not in _STATE_TYPES]
        if wrong or not self._own:
            found = f"creates {wrong[0]!r} as {getattr(self, wrong[0]).dtype}" if wrong else "creates no array"
            raise ConfigError(f"begin of {type(self).__name__} {found}; expected the state as arrays of float64 or int64")
        self._arrays |= {f"own/{name}": getattr(self, name) for name in self._own}

    @abstractmethod
    def begin(self, *args: Any, **kwargs: Any) -> None:
        """Create the arrays of the state; also called by `reset`. Its keyword arguments are the parameters of the model."""

    @abstractmethod
    def probability(self, x: Row) -> float:
        """P(label = 1) for a standardised row (n_features,). Changes nothing."""

    @abstractmethod
    def update(self, x: Row, label: int, weight: float) -> None:
        """Learn one example: a standardised row, its label (0 or 1), its weight (above 0, at most `MAX_WEIGHT`)."""

    def _standardised(self, features: Row) -> Row:
        d = self.n_features
        scaler.standardise(features, self._scales[:d], self._scales[d : 2 * d], BOUND, self._x)
        return self._x

    def _probability(self, features: Row) -> float:
        try:
            returned = self.probability(self._standardised(features))
        except Exception as error:  # what a user's code raises is not known
            raise self._failed("probability", error) from error
        probability = number_of(returned)
        if probability is None or not 0.0 <= probability <= 1.0:
            if not self.healthy():
                return math.nan  # it has diverged: the session restores its last good state
            raise DataError(
                f"model {type(self).__name__}: its probability returned {shown(returned)}; expected a number from 0 to 1"
            )
        return max(LEAST_PROBABILITY, min(1.0 - LEAST_PROBABILITY, probability))

    def _learn(self, features: Row, label: int, weight: float) -> None:
        if weight == 0.0:
            return
        scaler.learn_scales(self._scales, features, self._means, self._variances, self._seen, share_of(weight), 0.0)
        try:
            self.update(self._standardised(features), label, min(weight * self._boost.item(), MAX_WEIGHT))
        except Exception as error:  # what a user's code raises is not known
            raise self._failed("update", error) from error
        self._keep_arrays()

    def _failed(self, method: str, error: Exception) -> DataError:
        return DataError(f"model {type(self).__name__}: its {method} {raised(error)}")

    def _keep_arrays(self) -> None:
        """Keep each array in its place, also where `update` or `begin` has assigned a new one."""
        for name in self._own:
            kept, value = self._arrays[f"own/{name}"], getattr(self, name)
            if value is not kept:
                if not isinstance(value, np.ndarray) or (value.shape, value.dtype) != (kept.shape, kept.dtype):
                    raise DataError(
                        f"{type(self).__name__} changed {name!r} to {np.shape(value)} of {np.asarray(value).dtype}; expected "
                        f"{kept.shape} of {kept.dtype}, as begin created it"
                    )
                kept[...] = value
                setattr(self, name, kept)

    def _probability_rows(self, features: Row, out: Row) -> None:
        for i, row in enumerate(features):
            out[i] = self._probability(row)

    def _probability_learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        for i, (row, label, weight) in enumerate(zip(features, labels.tolist(), weights.tolist(), strict=True)):
            out[i] = self._probability(row)
            self._learn(row, label, weight)

    def set_boost(self, factor: float) -> None:
        """Multiply the weights of future examples by ``factor``."""
        self._boost[0] = factor

    def reset(self) -> None:
        """Begin again; the scales of the features are kept."""
        self._begin()
        self._keep_arrays()

    def _begin(self) -> None:
        try:
            self.begin(**self._parameters)
        except Exception as error:  # what a user's code raises is not known
            raise ConfigError(f"model {type(self).__name__}: its begin {raised(error)}") from error
