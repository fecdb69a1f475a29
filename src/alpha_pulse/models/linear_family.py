"""The common base of linear learners: the packed array of `alpha_pulse.kernels.linear.linear_family` and three interfaces."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.linear import linear_family as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import BinaryClassifier, MultiClassClassifier, Regressor
from alpha_pulse.models.packed import PackedModel


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """The step of the kernel, and its parameters."""

    code: int
    rate: float
    decay: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    beta: float = 1.0
    forgetting: float = 1.0


class Linear(PackedModel):
    """The state of one linear learner; its subclasses choose the method and the interface."""

    takes_missing = True
    kind: ClassVar[str]
    method_of: ClassVar[Callable[..., Method]]

    def __init__(
        self, n_features: int, classes: int, outputs: int, weights: Sequence[float], span: int, parameters: dict[str, float]
    ) -> None:
        method = self._read(parameters)
        if len(weights) != classes or not all(0.0 < weight < math.inf for weight in weights):
            raise ConfigError(
                f"class_weights of {self.kind} are {list(weights)}; expected {classes} numbers above 0, one per class"
            )
        if span < 0:
            raise ConfigError(f"span of {self.kind} is {span}; expected examples until the scaler forgets, or 0 for never")
        self._state: Row = np.zeros(kernels.size(n_features, classes, outputs, kernels.KEPT[method.code]))
        self._scratch: Row = np.zeros(kernels.scratch_size(n_features, outputs))
        layout = {"kind": self.kind, "version": 3, "n_features": n_features, "classes": classes, "outputs": outputs}
        super().__init__(n_features, {**layout, "method": method.code}, {"state": self._state})
        head = self._state
        head[kernels.D], head[kernels.CLASSES], head[kernels.OUTPUTS] = n_features, classes, outputs
        head[kernels.METHOD], head[kernels.STEP], head[kernels.BOOST] = method.code, 1.0 / span if span else 0.0, 1.0
        head[kernels.RATE], head[kernels.DECAY], head[kernels.BETA] = method.rate, method.decay, method.beta
        head[kernels.L1], head[kernels.L2], head[kernels.FORGETTING] = method.l1, method.l2, method.forgetting
        head[kernels.HEAD + 3 * n_features : kernels.HEAD + 3 * n_features + classes] = weights
        kernels.reset(head)

    def _read(self, parameters: dict[str, float]) -> Method:
        known = tuple(inspect.signature(self.method_of).parameters)
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            raise ConfigError(f"{self.kind} has no parameter {unknown[0]!r}; expected some of {', '.join(known)}")
        return type(self).method_of(**parameters)

    def set_boost(self, factor: float) -> None:
        """Learn ``factor`` times faster from now on; each method documents how."""
        kernels.rebase(self._state, factor)

    def reset(self) -> None:
        """Reset the weights and the state of the method; the scales of the features are kept."""
        kernels.reset(self._state)

    def _predict_proba(self, features: Row, out: Row) -> None:
        kernels.predict_proba(self._state, features, self._scratch, out)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        kernels.learn(self._state, features, label, weight, self._scratch)

    def _predict_proba_rows(self, features: Row, out: Row) -> None:
        kernels.predict_proba_rows(self._state, features, self._scratch, out)

    def _learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        kernels.learn_rows(self._state, features, labels, weights, self._scratch, out)


class LinearBinary(Linear, BinaryClassifier):
    """A linear learner of two classes.

    Parameters
    ----------
    n_features, horizon, seed
        See `alpha_pulse.models.base`. Horizon and seed are not used.
    class_weights
        Factors of the weight of an example of label 0 and of label 1.
    span
        Examples after which the scaler forgets exponentially; 0: never.
    parameters
        Those of the method.
    """

    n_classes = 2

    def __init__(
        self,
        n_features: int,
        horizon: int = 1,
        seed: int = 1,
        *,
        class_weights: Sequence[float] = (1.0, 1.0),
        span: int = 0,
        **parameters: float,
    ) -> None:
        super().__init__(n_features, 2, 1, class_weights, span, parameters)


class LinearClassifier(Linear, MultiClassClassifier):
    """A linear learner of ``n_classes`` classes; the other parameters as for two."""

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        seed: int = 1,
        *,
        class_weights: Sequence[float] = (),
        span: int = 0,
        **parameters: float,
    ) -> None:
        if n_classes < 2:
            raise ConfigError(f"n_classes of {self.kind} is {n_classes}; expected 2 or more")
        self.n_classes = n_classes
        super().__init__(n_features, n_classes, n_classes, class_weights or (1.0,) * n_classes, span, parameters)


class LinearRegressor(Linear, Regressor):
    """A linear learner of a number. The target is standardised like a feature, so rates have no unit."""

    def __init__(self, n_features: int, seed: int = 1, *, span: int = 0, **parameters: float) -> None:
        super().__init__(n_features, 0, 1, (), span, parameters)

    def _estimate(self, features: Row) -> float:
        return kernels.estimate(self._state, features, self._scratch)

    def _fit(self, features: Row, target: float, weight: float) -> None:
        kernels.fit_step(self._state, features, target, weight, self._scratch)

    def _estimate_rows(self, features: Row, out: Row) -> None:
        kernels.estimate_rows(self._state, features, self._scratch, out)

    def _fit_rows(self, features: Row, targets: Row, weights: Row, out: Row) -> None:
        kernels.fit_rows(self._state, features, targets, weights, self._scratch, out)
