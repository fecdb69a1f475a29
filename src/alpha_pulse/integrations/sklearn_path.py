"""Paths of scikit-learn's estimators: see `alpha_pulse.integrations.estimator_path`. A pipeline learns example by example.

scikit-learn's own pipelines cannot: they have no ``partial_fit``.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.integrations.estimator_path import Library, Recipe, parse_path
from alpha_pulse.models.base import Row

FIT_BY_WIDTH = frozenset({"PolynomialCountSketch", "PolynomialFeatures", "RBFSampler"})
"""Transformers without ``partial_fit`` whose ``fit`` uses the number of features alone, so that one row suffices."""
CLASSES = np.array([0, 1])


def _base() -> type:
    base: type = SKLEARN.module("base").BaseEstimator
    return base


class Chain:
    """One estimator, or several in a row: each step but the last transforms the row for the next.

    Parameters
    ----------
    steps
        Transformers, then a classifier.

    Raises
    ------
    ConfigError
        A step cannot learn example by example.
    """

    def __init__(self, steps: Sequence[Any]) -> None:
        *self._transformers, self._last = steps
        for step in self._transformers:
            if not hasattr(step, "transform"):
                raise ConfigError(
                    f"scikit-learn's {_name(step)} is before the last step, but every step before the last must be a "
                    "transformer"
                )
            if not (hasattr(step, "partial_fit") or _fits_by_width(step)):
                raise ConfigError(
                    f"scikit-learn's {_name(step)} has no partial_fit, so it cannot learn example by example; choose a "
                    "transformer that has it, such as preprocessing.StandardScaler"
                )
        self._fitted = [False] * len(self._transformers)
        self._takes_classes = "classes" in _parameters(self._last)

    @property
    def last(self) -> Any:
        """The classifier."""
        return self._last

    @property
    def takes_weights(self) -> bool:
        """Whether the classifier takes the weight of an example."""
        return "sample_weight" in _parameters(self._last)

    def partial_fit(self, rows: Row, label: int, weight: float | None) -> None:
        """Learn one example: ``rows`` has shape (1, n_features)."""
        for place, step in enumerate(self._transformers):
            if hasattr(step, "partial_fit"):
                step.partial_fit(rows)
            elif not self._fitted[place]:
                step.fit(rows)
                self._fitted[place] = True
            rows = step.transform(rows)
        options: dict[str, Any] = {"classes": CLASSES} if self._takes_classes else {}
        if weight is not None:
            options["sample_weight"] = np.array([weight])
        self._last.partial_fit(rows, np.array([label]), **options)

    def predict_proba(self, rows: Row) -> Row:
        """The probabilities of the two classes for rows (n, n_features): (n, 2)."""
        for step in self._transformers:
            rows = step.transform(rows)
        probabilities: Row = self._last.predict_proba(rows)
        return probabilities


def _name(step: Any) -> str:
    return type(step).__name__


def _fits_by_width(step: Any) -> bool:
    return _name(step) in FIT_BY_WIDTH or not step.__sklearn_tags__().requires_fit


def _parameters(estimator: Any) -> Sequence[str]:
    partial_fit = getattr(estimator, "partial_fit", None)
    return () if partial_fit is None else tuple(inspect.signature(partial_fit).parameters)


SKLEARN = Library(
    package="sklearn",
    title="scikit-learn",
    distribution="scikit-learn",
    extra="sklearn",
    closed=frozenset(
        {
            *("base", "callback", "compose", "conftest", "datasets", "exceptions", "experimental", "externals", "frozen"),
            *("inspection", "metrics", "model_selection", "pipeline", "tests", "utils"),
        }
    ),
    seed="random_state",
    base=_base,
    pipeline=Chain,
    example="preprocessing.StandardScaler | linear_model.SGDClassifier(loss='log_loss')",
)


def parse(path: str) -> Recipe:
    """Parse a path into scikit-learn. Raises as `alpha_pulse.integrations.estimator_path.parse_path`.

    >>> recipe = parse("preprocessing.StandardScaler | linear_model.SGDClassifier(loss='log_loss')")
    >>> [kind.__name__ for kind in recipe.classes()]
    ['StandardScaler', 'SGDClassifier']
    """
    return parse_path(path, SKLEARN)
