"""Our online models as scikit-learn estimators: ``partial_fit`` learns block by block, ``fit`` from scratch in one pass.

An estimator predicts and learns row by row, in the order of the rows: shuffle them first if their order has no meaning. Where
the model supports missing values (``takes_missing``, as all of our models do), NaN marks a missing feature. Text, sparse
matrices and several targets are refused.

Copies and pickles contain the whole state, because scikit-learn's own tools need them. This program itself never pickles.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import ConfigError, DataError, did_you_mean
from alpha_pulse.core.numbers import shown
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.models import MULTICLASS, ONLINE, REGRESSION
from alpha_pulse.models.base import Row
from alpha_pulse.models.validation import LARGEST_TARGET

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets, unique_labels
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ModuleNotFoundError:
    raise ConfigError("scikit-learn is not installed; install it with: pip install 'alpha-pulse[sklearn]'") from None

SEED = 1
"""Of a model when ``random_state`` is None: equal data give equal estimators."""


class InvalidDataError(DataError, ValueError):
    """Data that cannot be learned; a ValueError too, which scikit-learn's tools expect."""


class _Adapter(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of both kinds of estimator: checks the data, and has a state that can be copied."""

    def __init__(
        self,
        model: str | type = "adaptive_random_forest",
        *,
        random_state: int | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.model, self.random_state, self.parameters = model, random_state, parameters

    def _kind(self, table: dict[str, str]) -> Any:
        return plugins.load("models", table, self.model) if isinstance(self.model, str) else self.model

    def _new_model(self, table: dict[str, str], **sizes: int) -> Any:
        """A new model; its parameters are checked by its class."""
        parameters = dict(self.parameters or {})
        seed = SEED if self.random_state is None else self.random_state
        try:
            return self._kind(table)(n_features=self.n_features_in_, seed=seed, **sizes, **parameters)
        except (TypeError, ValueError, MemoryError) as error:
            raise ConfigError(
                f"{self.model} cannot be created with {parameters} and the random_state {self.random_state!r}: "
                f"{str(error) or type(error).__name__}"
            ) from None

    def _takes_missing(self) -> bool:
        raise NotImplementedError

    def _rows(self, X: Any, *, reset: bool, **options: Any) -> Any:
        """Checked float64 rows, with NaN as a missing value; with ``y`` among the options, the rows and ``y``."""
        missing = self._takes_missing()
        finite = "allow-nan" if missing else True
        checked = validate_data(self, X, reset=reset, dtype=np.float64, order="C", ensure_all_finite=finite, **options)
        rows = checked[0] if isinstance(checked, tuple) else checked
        if missing and np.isnan(rows).any():
            rows = np.where(np.isnan(rows), MISSING, rows)
        return (rows, checked[1]) if isinstance(checked, tuple) else rows

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._takes_missing()
        return tags

    def __getstate__(self) -> dict[str, Any]:
        attributes = dict(super().__getstate__())
        model = attributes.pop("_model", None)
        return attributes if model is None else {**attributes, "_saved": pack({"model": model.snapshot()})}

    def __setstate__(self, state: dict[str, Any]) -> None:
        saved = state.pop("_saved", None)
        super().__setstate__(state)
        if saved is not None:
            self._begin()
            self._model.restore(unpack(saved)[0]["model"])

    def _begin(self) -> None:
        """Make the model, for the features and classes that are known by now."""
        raise NotImplementedError


class SklearnClassifier(ClassifierMixin, _Adapter):  # type: ignore[misc]  # scikit-learn has no types
    """A model of `alpha_pulse.models.ONLINE` (two classes) or `alpha_pulse.models.MULTICLASS` (more) as a classifier.

    Parameters
    ----------
    model
        Its name, or a class.
    random_state
        The model's seed; None: 1.
    parameters
        The model's own parameters, by name.

    Attributes
    ----------
    classes_
        The labels, sorted.
    n_features_in_
        Number of features.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [1.0]] * 100), np.array(["down", "up"] * 100)
    >>> classifier = SklearnClassifier("logistic", parameters={"rate": 0.1}).fit(X, y)
    >>> classifier.predict([[1.0], [-1.0]]).tolist()
    ['up', 'down']
    >>> classifier.partial_fit([[2.0]], ["up"]).predict_proba([[1.0]]).shape
    (1, 2)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SklearnClassifier:
        """Begin from scratch and learn ``X`` (n, n_features) with the labels ``y`` (n,), in one pass over the rows."""
        rows, y = self._rows(X, reset=True, y=y)
        check_classification_targets(y)
        self.classes_ = unique_labels(y)
        self._begin()
        return self._learn(rows, y, sample_weight)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> SklearnClassifier:
        """Learn more rows; the first call must state all ``classes``, unless ``fit`` was called before."""
        first = not self.__sklearn_is_fitted__()
        rows, y = self._rows(X, reset=first, y=y)
        check_classification_targets(y)
        if first:
            if classes is None:
                raise InvalidDataError(
                    "classes must be passed on the first call to partial_fit: the labels that will be learned"
                )
            self.classes_ = unique_labels(classes)
            self._begin()
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise InvalidDataError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, {self.classes_.tolist()!r}"
            )
        return self._learn(rows, y, sample_weight)

    def _learn(self, rows: Row, y: NDArray[Any], sample_weight: Any) -> SklearnClassifier:
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise InvalidDataError(
                f"y contains the label {shown(unknown[0])}, which is not one of the classes {self.classes_.tolist()}"
            )
        labels = np.searchsorted(self.classes_, y).astype(np.int64)
        weights = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)
        self._model.learn_many(rows, labels, weights)
        return self

    def _begin(self) -> None:
        n = len(self.classes_)
        if self._for_more_classes() and n > 2:
            self._model = self._new_model(MULTICLASS, n_classes=n)
        elif n > 2:
            raise InvalidDataError(
                f"there are {n} classes, and {self.model!r} is a model of two; choose one of {', '.join(sorted(MULTICLASS))}"
            )
        elif isinstance(self.model, str) or not self._for_more_classes():
            self._model = self._new_model(ONLINE)
        else:
            self._model = self._new_model(MULTICLASS, n_classes=2)

    def _for_more_classes(self) -> bool:
        if isinstance(self.model, str):
            return self.model in MULTICLASS
        return "n_classes" in inspect.signature(self.model).parameters

    def _takes_missing(self) -> bool:
        return bool(getattr(self._kind(ONLINE), "takes_missing", False))

    def predict_proba(self, X: Any) -> Row:
        """The probability of each class of ``classes_``: (n, n_classes)."""
        check_is_fitted(self)
        predicted: Row = self._model.predict_many(self._rows(X, reset=False))
        both = np.column_stack([1.0 - predicted, predicted]) if predicted.ndim == 1 else predicted
        return both if len(self.classes_) > 1 else np.ones((len(both), 1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row: (n,)."""
        places = self.predict_proba(X).argmax(axis=1)
        chosen: NDArray[Any] = self.classes_[places]
        return chosen

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self._for_more_classes()
        return tags


class SklearnRegressor(RegressorMixin, _Adapter):  # type: ignore[misc]  # scikit-learn has no types
    """A model of `alpha_pulse.models.REGRESSION` as a regressor. Parameters as for `SklearnClassifier`.

    Examples
    --------
    >>> X = np.linspace(-1.0, 1.0, 500)[:, None]
    >>> regressor = SklearnRegressor("sgd").fit(X, 3.0 * X[:, 0])
    >>> bool(regressor.predict([[1.0]])[0] > regressor.predict([[-1.0]])[0])
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SklearnRegressor:
        """Begin from scratch and learn ``X`` (n, n_features) with the targets ``y`` (n,), in one pass over the rows."""
        return self._learn(X, y, sample_weight, reset=True)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> SklearnRegressor:
        """Learn more rows."""
        return self._learn(X, y, sample_weight, reset=not self.__sklearn_is_fitted__())

    def _learn(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> SklearnRegressor:
        rows, y = self._rows(X, reset=reset, y=y, y_numeric=True)
        targets = np.asarray(y, dtype=np.float64)
        if (np.abs(targets) > LARGEST_TARGET).any():
            raise InvalidDataError(
                f"y contains {targets[np.abs(targets).argmax()]:g}; expected at most {LARGEST_TARGET:g} in size"
            )
        if reset:
            self._begin()
        weights = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)
        self._model.learn_many(rows, targets, weights)
        return self

    def _begin(self) -> None:
        self._model = self._new_model(REGRESSION)

    def _takes_missing(self) -> bool:
        return bool(getattr(self._kind(REGRESSION), "takes_missing", False))

    def predict(self, X: Any) -> Row:
        """The expected target of each row: (n,)."""
        check_is_fitted(self)
        predicted: Row = self._model.predict_many(self._rows(X, reset=False))
        return predicted


def as_sklearn(model: str | type, task: str | None = None, **options: Any) -> Any:
    """One of our online models as a scikit-learn estimator: a SklearnClassifier or a SklearnRegressor.

    Parameters
    ----------
    model
        A name of `alpha_pulse.models`, or a class that satisfies one of the protocols of `alpha_pulse.models.base`.
    task
        ``classification`` or ``regression``; by default the first of these for which the name is registered.
    options
        ``random_state``, and the model's own parameters.

    Raises
    ------
    ConfigError
        The task is unknown.

    >>> as_sklearn("logistic", rate=0.05).fit([[0.0], [1.0]], [0, 1]).classes_.tolist()
    [0, 1]
    """
    kinds: dict[str, Any] = {"classification": SklearnClassifier, "regression": SklearnRegressor}
    if task is None:
        by_class = not isinstance(model, str) and "target" in inspect.signature(getattr(model, "learn", model)).parameters
        task = "regression" if by_class else "classification"
    if task not in kinds:
        raise ConfigError(f"{task!r} is not a task of a model{did_you_mean(task, kinds)}")
    random_state = options.pop("random_state", None)
    return kinds[task](model, random_state=random_state, parameters=options or None)
