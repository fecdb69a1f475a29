"""Our online models as River estimators: dicts in, labels of any kind, for use inside River's pipelines and evaluations.

Our models keep their state in arrays of fixed sizes, so an estimator has a ``capacity`` of features (and of classes) that is
set when it is created. A feature gets its column when the first example with it is learned. A feature that is absent, None or
NaN counts as missing where the model supports missing values (``takes_missing``, as all of our models do): no parameter of the
feature changes, and a linear model uses the feature's mean, a scaled 0, as River's models do. Elsewhere an absent feature
counts as 0. A prediction ignores features that no example had. An example with a feature or a class beyond the capacity is
refused. A refused example and an example of weight 0 change nothing.

Copies, clones and pickles contain the whole state, because River's own tools need them. This program itself never pickles.
"""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import ConfigError, DataError, NonFiniteError, did_you_mean
from alpha_pulse.core.numbers import a_class, a_number, a_weight, shown
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.models import MULTICLASS, ONLINE, REGRESSION
from alpha_pulse.models.base import Row
from alpha_pulse.models.validation import a_target

try:
    from river import base
except ModuleNotFoundError:
    raise ConfigError("River is not installed; install it with: pip install 'alpha-pulse[river]'") from None

CAPACITY = 64
CLASSES = 16

Features = dict[Any, Any]


class _Adapter(base.Estimator):
    """Base of the three kinds of estimator: maps names of features to columns, and has a state that can be copied."""

    model: str | type
    capacity: int
    seed: int

    def _begin(self, table: dict[str, str], parameters: dict[str, Any], **sizes: int) -> None:
        if self.capacity < 1:
            raise ConfigError(f"an estimator has a capacity of {self.capacity} features; expected at least 1")
        kind: Any = plugins.load("models", table, self.model) if isinstance(self.model, str) else self.model
        self.parameters = parameters
        try:
            self._model: Any = kind(n_features=self.capacity, seed=self.seed, **sizes, **parameters)
        except (TypeError, ValueError, MemoryError) as error:
            raise ConfigError(
                f"{self.model} cannot be created with {parameters} and the seed {self.seed!r}: "
                f"{str(error) or type(error).__name__}"
            ) from None
        self._absent = MISSING if getattr(self._model, "takes_missing", False) else 0.0
        self._row: Row = np.full(self.capacity, self._absent)
        self._places: dict[Hashable, int] = {}
        self._labels: list[Hashable] = []

    def _known(self, x: Features) -> Row:
        """The row of ``x`` for a prediction, without the features that no example had."""
        row, places = self._row, self._places
        row[:] = self._absent
        for name, value in x.items():
            place = places.get(name)
            if place is not None:
                row[place] = self._number(name, value)
        return row

    def _row_to_learn(self, x: Features) -> Row:
        """The row of ``x`` for learning; new names get the next columns, in an order that does not depend on the dict's."""
        numbers = {name: self._number(name, value) for name, value in x.items()}
        if not x.keys() <= self._places.keys():
            new = sorted((name for name in x if name not in self._places), key=lambda name: (str(name), repr(type(name))))
            if len(self._places) + len(new) > self.capacity:
                raise DataError(
                    f"feature {new[-1]!r} exceeds the capacity of {self.capacity} features; create the estimator with a larger "
                    "capacity"
                )
            for name in new:
                self._places[name] = len(self._places)
        self._row[:] = self._absent
        for name, number in numbers.items():
            self._row[self._places[name]] = number
        return self._row

    def _number(self, name: Hashable, value: Any) -> float:
        if self._absent == MISSING and (value is None or value != value):
            return MISSING
        try:
            return a_number(f"feature {name!r}", value)
        except NonFiniteError:
            raise NonFiniteError(
                f"feature {name!r} is {shown(value)}, but a finite number is expected; omit the feature, or impute it first"
            ) from None
        except DataError:
            raise DataError(
                f"feature {name!r} is {shown(value)}, which is not a number; encode it first, as with OneHotEncoder"
            ) from None

    def __getstate__(self) -> dict[str, Any]:
        attributes = {name: value for name, value in self.__dict__.items() if name not in ("_model", "_row", "_outputs")}
        return {**attributes, "_saved": pack({"model": self._model.snapshot()})}

    def __setstate__(self, state: dict[str, Any]) -> None:
        blob, places, labels = state.pop("_saved"), state["_places"], state["_labels"]
        parameters = state.pop("parameters")
        sizes = {name: value for name, value in state.items() if not name.startswith("_")}
        self.__init__(**sizes, **parameters)  # type: ignore[misc]  # the same constructor with the same parameters
        self._places, self._labels = dict(places), list(labels)
        self._model.restore(unpack(blob)[0]["model"])


class RiverBinaryClassifier(_Adapter, base.Classifier):
    """A model of `alpha_pulse.models.ONLINE` as a classifier of False and True.

    Parameters
    ----------
    model
        Its name, or a class.
    capacity
        The maximum number of features.
    seed
        The model's seed.
    parameters
        The model's own parameters, by name.

    Examples
    --------
    >>> from river import preprocessing
    >>> chain = preprocessing.StandardScaler() | RiverBinaryClassifier("logistic", capacity=4, rate=0.1)
    >>> for _ in range(100):
    ...     chain.learn_one({"x": -1.0}, False)
    ...     chain.learn_one({"x": 1.0}, True)
    >>> chain.predict_one({"x": 1.0}), chain.predict_one({"x": -1.0})
    (True, False)
    """

    def __init__(self, model: str | type = "logistic", capacity: int = CAPACITY, seed: int = 1, **parameters: Any) -> None:
        self.model, self.capacity, self.seed = model, capacity, seed
        self._begin(ONLINE, parameters)
        self._outputs: Row = np.zeros(self._model.n_outputs)

    def learn_one(self, x: Features, y: base.typing.ClfTarget, w: float = 1.0) -> None:
        """Learn one example with the label False or True (0 or 1) and weight ``w``."""
        label, weight = self._label(y), a_weight("the weight", w)
        if weight == 0.0:
            return
        row = self._row_to_learn(x)
        self._model.predict(row, self._outputs)
        self._model.learn(row, label, weight, self._outputs)

    def _label(self, y: Any) -> int:
        try:
            return a_class("the label", y, 2)
        except DataError:
            raise DataError(
                f"the label is {shown(y)}, but this classifier expects False or True; create a multi-class one for other labels"
            ) from None

    def predict_proba_one(self, x: Features, **kwargs: Any) -> dict[base.typing.ClfTarget, float]:
        """The probabilities of False and True."""
        probability = self._model.predict(self._known(x), self._outputs)
        return {False: 1.0 - probability, True: probability}


class RiverMultiClassifier(_Adapter, base.Classifier):
    """A model of `alpha_pulse.models.MULTICLASS` as a classifier of up to ``n_classes`` labels, of any hashable type.

    A label gets its class when it is first seen. A prediction contains the labels seen so far, and their probabilities sum
    to 1. Labels that Python compares as equal are one class: 1, 1.0 and True are one, 2**53 and 2**53 + 1 are two.

    Parameters as for `RiverBinaryClassifier`, and ``n_classes``, the maximum number of labels.
    """

    def __init__(
        self, model: str | type, n_classes: int = CLASSES, capacity: int = CAPACITY, seed: int = 1, **parameters: Any
    ) -> None:
        self.model, self.n_classes, self.capacity, self.seed = model, n_classes, capacity, seed
        self._begin(MULTICLASS, parameters, n_classes=n_classes)
        self._outputs: Row = np.zeros(n_classes)

    @classmethod
    def _unit_test_params(cls) -> Iterator[dict[str, Any]]:
        yield from ({"model": name} for name in plugins.names("models", MULTICLASS)[:1])

    @property
    def _multiclass(self) -> bool:
        return True

    def learn_one(self, x: Features, y: base.typing.ClfTarget, w: float = 1.0) -> None:
        """Learn one example with the label ``y`` and weight ``w``."""
        weight, known = a_weight("the weight", w), self._is_known(y)
        if weight == 0.0:
            return
        if not known and len(self._labels) == self.n_classes:
            raise DataError(
                f"the label {shown(y)} exceeds the {self.n_classes} classes of this classifier; create it with more"
            )
        row = self._row_to_learn(x)
        if not known:
            self._labels.append(y)
        self._model.learn(row, self._labels.index(y), weight)

    def _is_known(self, y: Any) -> bool:
        """Whether a label was seen before. Raises DataError for None, NaN and values that are not hashable."""
        if y is None or not isinstance(y, Hashable) or y != y:
            raise DataError(f"the label is {shown(y)}, but a number or text is expected; omit examples without a label")
        return y in self._labels

    def predict_proba_one(self, x: Features, **kwargs: Any) -> dict[base.typing.ClfTarget, float]:
        """The probability of each label seen so far; empty before the first."""
        self._model.predict(self._known(x), self._outputs)
        seen = self._outputs[: len(self._labels)]
        total = float(seen.sum())
        probabilities = seen / total if total > 0.0 else np.full(len(seen), 1.0 / max(len(seen), 1))
        return dict(zip(self._labels, probabilities.tolist(), strict=True))  # type: ignore[arg-type]  # River: bool, str or int


class RiverRegressor(_Adapter, base.Regressor):
    """A model of `alpha_pulse.models.REGRESSION` as a regressor. Parameters as for `RiverBinaryClassifier`."""

    def __init__(self, model: str | type, capacity: int = CAPACITY, seed: int = 1, **parameters: Any) -> None:
        self.model, self.capacity, self.seed = model, capacity, seed
        self._begin(REGRESSION, parameters)

    @classmethod
    def _unit_test_params(cls) -> Iterator[dict[str, Any]]:
        yield from ({"model": name} for name in plugins.names("models", REGRESSION)[:1])

    def learn_one(self, x: Features, y: base.typing.RegTarget, w: float = 1.0) -> None:
        """Learn one example with the target ``y`` and weight ``w``."""
        target, weight = a_target(y), a_weight("the weight", w)
        if weight > 0.0:
            self._model.learn(self._row_to_learn(x), target, weight)

    def predict_one(self, x: Features, **kwargs: Any) -> base.typing.RegTarget:
        """The expected target."""
        return float(self._model.predict(self._known(x)))


TASKS: dict[str, Any] = {"binary": RiverBinaryClassifier, "multiclass": RiverMultiClassifier, "regression": RiverRegressor}


def as_river(model: str | type, task: str | None = None, **parameters: Any) -> Any:
    """One of our online models as a River estimator: a RiverBinaryClassifier, a RiverMultiClassifier or a RiverRegressor.

    Parameters
    ----------
    model
        A name of `alpha_pulse.models`, or a class that satisfies one of the protocols of `alpha_pulse.models.base`.
    task
        ``binary``, ``multiclass`` or ``regression``; by default the first of these for which the name is registered.
    parameters
        ``capacity``, ``seed``, ``n_classes`` for a multi-class model, and the model's own parameters.

    Raises
    ------
    ConfigError
        The task is unknown.
    UnknownNameError
        The model is unknown.

    >>> estimator = as_river("logistic", capacity=8, rate=0.05)
    >>> estimator.predict_proba_one({"x": 1.0})
    {False: 0.5, True: 0.5}
    """
    if task is None:
        task = _task_of(model)
    if task not in TASKS:
        raise ConfigError(f"{task!r} is not a task of a model{did_you_mean(task, TASKS)}")
    return TASKS[task](model, **parameters)


def _task_of(model: str | type) -> str:
    if isinstance(model, str):
        tables = (ONLINE, MULTICLASS, REGRESSION)
        return next((task for task, table in zip(TASKS, tables, strict=True) if model in table), "binary")
    if "n_classes" in inspect.signature(model).parameters:
        return "multiclass"
    learn: Any = getattr(model, "learn", model)
    return "regression" if "target" in inspect.signature(learn).parameters else "binary"
