"""The interfaces of models. Online models learn one example at a time; batch models are trained once and then only predict.

There are three kinds of online model: binary (`OnlineModel`, which the pipeline uses), multi-class (`MultiClassModel`) and
regression (`RegressionModel`). The state of each is a set of arrays of fixed sizes, so `memory_bytes` never changes.

A binary model is created with ``n_features`` (the length of a row), ``horizon`` (the bars over which labels overlap; only
mixtures use it) and ``seed`` (of its random numbers), and its own parameters by name. The other two kinds have no horizon; a
multi-class model has ``n_classes`` in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import Stateful

Row = NDArray[np.float64]


@runtime_checkable
class OnlineLearner(Stateful, Protocol):
    """The common interface of the three kinds of online model. The state is bounded, finite, and bit-equal after it is saved
    and restored."""

    n_features: int

    @property
    def memory_bytes(self) -> int:
        """Size of its state in bytes, which never changes."""
        ...

    def set_boost(self, factor: float) -> None:
        """Learn ``factor`` times faster from now on (1: as configured): rates, fixed share, or the weight of new examples."""
        ...

    def reset(self) -> None:
        """Forget everything except the scales of the features."""
        ...

    def healthy(self) -> bool:
        """Whether the model may be served: False when a weight is not finite, or at a bound where predictions are not valid."""
        ...


@runtime_checkable
class OnlineModel(OnlineLearner, Protocol):
    """A binary probability model that learns one example at a time.

    A prediction writes its members' probabilities into ``outputs`` (float64, shape (n_outputs,)). The caller stores that row
    and passes it to ``learn`` with the label, perhaps many events later, so that members are scored by the probabilities that
    were served. ``predict`` changes no state and is valid before any learning.
    """

    n_outputs: int

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1) for ``features`` (float64, shape (n_features,), finite). Fills ``outputs``."""
        ...

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        """Learn one labelled example: the stored features and the stored ``outputs`` of its prediction."""
        ...

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row of ``features`` (shape (n, n_features)), equal to calling `predict` on each."""
        ...

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """Predict and then learn each row in turn; returns the predictions. Bit-equal to the same calls one by one."""
        ...


@runtime_checkable
class CompiledModel(OnlineModel, Protocol):
    """An online model that ships kernels, so that the loop runs it over blocks of rows without Python.

    Its whole state is one float64 array that the kernels change in place; `OnlineModel.predict` and `OnlineModel.learn` give
    the same results as the kernels. The loop also runs models without kernels, by calling them for each row.
    """

    predict_kernel: Callable[[Row, Row, Row], float]
    """``predict_kernel(state, features, outputs)``: P(label = 1); fills ``outputs`` and changes nothing else."""
    learn_kernel: Callable[[Row, Row, int, float, Row, Row], None]
    """``learn_kernel(state, features, label, weight, outputs, scratch)``: learn one example."""

    @property
    def kernel_state(self) -> Row:
        """The state; the same array as long as the model exists."""
        ...

    @property
    def kernel_scratch(self) -> Row:
        """Memory for ``learn_kernel``, whose content does not matter between two calls."""
        ...


def ships_kernels(model: OnlineModel) -> TypeGuard[CompiledModel]:
    """Whether the loop may run a model by its kernels.

    A subclass that inherits the kernels but overrides ``predict`` or ``learn`` in Python is called in Python.
    """
    return isinstance(model, CompiledModel) and all(
        _owner(model, f"{method}_kernel") <= _owner(model, method) for method in ("predict", "learn")
    )


def _owner(model: object, name: str) -> int:
    """The place of the first class that defines ``name``, in the order in which Python looks it up; -1 is the object itself."""
    if name in getattr(model, "__dict__", {}):
        return -1
    return next(place for place, each in enumerate(type(model).__mro__) if name in vars(each))


@runtime_checkable
class MultiClassModel(OnlineLearner, Protocol):
    """A probability model of ``n_classes`` classes (labels 0 .. n_classes - 1) that learns one example at a time."""

    n_classes: int

    def predict(self, features: Row, probabilities: Row) -> int:
        """The most probable class; the first one if several are equal. Fills ``probabilities`` (float64, shape (n_classes,),
        sum 1)."""
        ...

    def learn(self, features: Row, label: int, weight: float) -> None:
        """Learn one labelled example."""
        ...

    def predict_many(self, features: Row) -> Row:
        """Class probabilities (n, n_classes) for each row of ``features``, equal to calling `predict` on each."""
        ...

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """Predict and then learn each row in turn; returns (n, n_classes). Bit-equal to the same calls one by one."""
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
        """Predict and then learn each row in turn; returns (n,). Bit-equal to the same calls one by one."""
        ...


@runtime_checkable
class BatchModel(Stateful, Protocol):
    """A model that is trained once on a block of examples, then only predicts. ``version`` is the SHA-256 of the artefact."""

    version: str

    @property
    def packed(self) -> Row:
        """The trained trees, in the layout of `alpha_pulse.kernels.trees.gbm`; empty before `fit`."""
        ...

    def fit(self, features: Row, labels: NDArray[np.int64], weights: Row) -> None:
        """Train on ``features`` (n, n_features), ``labels`` (n,) of 0/1 and ``weights`` (n,), deterministically."""
        ...

    def predict(self, features: Row) -> float:
        """P(label = 1) for one row. Raises SessionError before `fit`."""
        ...
