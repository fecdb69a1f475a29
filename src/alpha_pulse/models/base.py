"""What a model promises. Online models learn one example at a time; batch models are trained once and then only serve.

Three kinds of online model share one shape: binary (`OnlineModel`, what the pipeline trades on), multi-class
(`MultiClassModel`) and regression (`RegressionModel`). Of each, state lies in arrays whose sizes are fixed when it is made:
`memory_bytes` is at once its cost and its budget.

A binary model is created with ``n_features`` (the length of a row), ``horizon`` (the bars over which labels overlap; of the
built-in models only mixtures use it) and ``seed`` (of what is random in it), and its own parameters by name. The other two
kinds have no horizon, and a multi-class model has ``n_classes`` in its place.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import Stateful

Row = NDArray[np.float64]


@runtime_checkable
class OnlineLearner(Stateful, Protocol):
    """What the three kinds of online model share. State is bounded, finite, and bit-equal after a snapshot round trip."""

    n_features: int

    @property
    def memory_bytes(self) -> int:
        """Bytes of state that it may hold, ever."""
        ...

    def set_boost(self, factor: float) -> None:
        """Learn ``factor`` times faster from now on (1 = as configured): rates, mixing share, or the weight of new examples."""
        ...

    def reset(self) -> None:
        """Forget what was learned; scales of the features stay."""
        ...

    def healthy(self) -> bool:
        """False when any weight is non-finite or at its bound in a way that serving should not trust."""
        ...


@runtime_checkable
class OnlineModel(OnlineLearner, Protocol):
    """A binary probability model that learns one example at a time.

    A prediction writes its members' probabilities into ``parts`` (float64, shape (n_parts,)); the same row comes back with the
    label, perhaps many events later, so that members are scored by what was served and never by hindsight.
    ``predict`` is pure and valid before any learning.
    """

    n_parts: int

    def predict(self, features: Row, parts: Row) -> float:
        """P(label = 1) for ``features`` (float64, shape (n_features,), finite); fills ``parts``."""
        ...

    def learn(self, features: Row, label: int, weight: float, parts: Row) -> None:
        """Learn one labelled example: the stored features and the stored ``parts`` of its prediction."""
        ...

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row of ``features`` (shape (n, n_features)), equal to calling `predict` on each."""
        ...

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn at once; returns the predictions. Bit-equal to the same calls one by one."""
        ...


@runtime_checkable
class MultiClassModel(OnlineLearner, Protocol):
    """A probability model of ``n_classes`` classes (labels 0 .. n_classes - 1) that learns one example at a time."""

    n_classes: int

    def predict(self, features: Row, probabilities: Row) -> int:
        """Fill ``probabilities`` (float64, shape (n_classes,), summing to 1); the most probable class, of equals the first."""
        ...

    def learn(self, features: Row, label: int, weight: float) -> None:
        """Learn one labelled example."""
        ...

    def predict_many(self, features: Row) -> Row:
        """Class probabilities (n, n_classes) for each row of ``features``, equal to calling `predict` on each."""
        ...

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn at once; the predictions (n, n_classes). Bit-equal to the same calls one by one."""
        ...


@runtime_checkable
class RegressionModel(OnlineLearner, Protocol):
    """A model of a number that learns one example at a time."""

    def predict(self, features: Row) -> float:
        """The expected target for ``features`` (float64, shape (n_features,), finite)."""
        ...

    def learn(self, features: Row, target: float, weight: float) -> None:
        """Learn one labelled example; ``target`` is finite."""
        ...

    def predict_many(self, features: Row) -> Row:
        """The expected target (n,) for each row of ``features`` (n, n_features), equal to calling `predict` on each."""
        ...

    def learn_many(self, features: Row, targets: Row, weights: Row) -> Row:
        """For each row predict, then learn at once; the predictions (n,). Bit-equal to the same calls one by one."""
        ...


@runtime_checkable
class BatchModel(Stateful, Protocol):
    """A model that is trained on a block of examples, frozen, and then serves. ``version`` is the artefact's SHA-256."""

    version: str

    def fit(self, features: Row, labels: NDArray[np.int64], weights: Row) -> None:
        """Train on ``features`` (n, n_features), ``labels`` (n,) of 0/1 and ``weights`` (n,), deterministically."""
        ...

    def predict(self, features: Row) -> float:
        """P(label = 1) for one row. Raises SessionError before `fit`."""
        ...
