"""Checks of a model's input, because kernels do not check shapes and labels.

For a row to predict, only the shape is checked. A row to learn must also be finite, because it changes the state permanently.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import described
from alpha_pulse.core.errors import DataError, NonFiniteError, SessionError
from alpha_pulse.core.numbers import a_class, a_number, a_weight
from alpha_pulse.kernels.base.finite import all_finite

Row = NDArray[np.float64]

FLOAT64 = np.dtype(np.float64)
LARGEST_TARGET = 1e50
"""Largest absolute value of a target: the square of a larger one would dominate all other examples."""


def check_row(features: Row, n_features: int) -> None:
    """Raise DataError unless it is a row of ``n_features`` floats."""
    if not isinstance(features, np.ndarray) or features.shape != (n_features,) or not _is_float64(features):
        raise DataError(
            f"the row is {described(features)}; expected float64 of shape ({n_features},): {n_features} features, in the "
            "order of the schema"
        )


def _is_float64(array: NDArray[Any]) -> bool:
    return array.dtype is FLOAT64 or array.dtype == FLOAT64  # usually the same object, which is faster to test


def check_out(out: Row, n: int, what: str) -> None:
    """Raise DataError for an array that cannot contain ``n`` predicted numbers; ``what`` is its name."""
    if not isinstance(out, np.ndarray) or out.shape != (n,) or not _is_float64(out):
        raise DataError(f"{what} is {described(out)}; expected float64 of shape ({n},)")


def check_example(features: Row, n_features: int, label: int, n_classes: int, weight: float) -> tuple[int, float]:
    """The label as an int and the weight as a float.

    Raises DataError for a row of another shape or a label that is not a class; NonFiniteError for a row that is not finite or a
    weight that is not valid.
    """
    _check_finite_row(features, n_features)
    return a_class("the label", label, n_classes), a_weight("the weight of an example", weight)


def check_target(features: Row, n_features: int, target: float, weight: float) -> tuple[float, float]:
    """Target and weight as floats; raises as `check_example`, and NonFiniteError for a target beyond `LARGEST_TARGET`."""
    _check_finite_row(features, n_features)
    return a_target(target), a_weight("the weight of an example", weight)


def a_target(target: Any) -> float:
    """``target`` as a float. Raises DataError if it is not a number, NonFiniteError if it is beyond `LARGEST_TARGET`."""
    number = a_number("the target", target)
    if abs(number) > LARGEST_TARGET:
        raise NonFiniteError(f"the target is {number!r}; expected at most {LARGEST_TARGET:g} in size; leave the example out")
    return number


def _check_finite_row(features: Row, n_features: int) -> None:
    check_row(features, n_features)
    if not all_finite(features):
        index = int(np.argmin(np.isfinite(features)))
        raise NonFiniteError(f"feature {index} is {float(features[index])!r}; mark it as missing (0 with a mask) instead")


def check_rows(features: Row, n_features: int) -> None:
    """Raise DataError for rows of another shape, NonFiniteError for the first row with a NaN or an infinity."""
    if (
        not isinstance(features, np.ndarray)
        or features.ndim != 2
        or features.shape[1] != n_features
        or features.dtype != np.float64
    ):
        raise DataError(
            f"the rows are {described(features)}; expected float64 of shape (n, {n_features}) in the order of the schema"
        )
    if not np.isfinite(features).all():
        row = int(np.argwhere(~np.isfinite(features).all(axis=1))[0, 0])
        raise NonFiniteError(f"row {row} contains a value that is not finite; mark it as missing (0 with a mask) instead")


def check_examples(features: Row, n_features: int, labels: NDArray[np.int64], n_classes: int, weights: Row) -> None:
    """Check as `check_rows`; DataError too for labels that are not classes, NonFiniteError for invalid weights."""
    check_rows(features, n_features)
    _check_lengths(features, labels, weights, "labels")
    if labels.dtype != np.int64 or (labels.size and not (labels.min() >= 0 and labels.max() < n_classes)):
        raise DataError(f"the labels are {labels.dtype}: {_shown(labels)}; expected int64 from 0 to {n_classes - 1}")


def check_targets(features: Row, n_features: int, targets: Row, weights: Row) -> None:
    """Check as `check_rows`; NonFiniteError too for targets and weights that are not finite, or beyond `LARGEST_TARGET`."""
    check_rows(features, n_features)
    _check_lengths(features, targets, weights, "targets")
    if targets.dtype != np.float64:
        raise DataError(f"the targets are {targets.dtype}; expected float64")
    if not (np.abs(targets) <= LARGEST_TARGET).all():
        index = int(np.argmin(np.abs(targets) <= LARGEST_TARGET))
        raise NonFiniteError(
            f"target {index} is {float(targets[index])!r}; expected a finite number of at most {LARGEST_TARGET:g} in size; "
            "leave the example out"
        )


def _check_lengths(features: Row, labels: NDArray[np.int64] | Row, weights: Row, targets_name: str) -> None:
    n = len(features)
    for name, column in ((targets_name, labels), ("weights", weights)):
        if not isinstance(column, np.ndarray) or column.shape != (n,):
            raise DataError(f"for {n} rows the {name} are {described(column)}; expected one per row")
    if weights.dtype != np.float64:
        raise DataError(f"the weights are {weights.dtype}; expected float64")
    if not ((weights >= 0.0) & (weights < math.inf)).all():
        raise NonFiniteError("the weights contain a value below 0 or not finite")


def _shown(labels: NDArray[np.int64]) -> str:
    return ", ".join(str(value) for value in np.unique(labels)[:5])


def check_training_set(features: Row, labels: NDArray[np.int64], weights: Row, n_features: int) -> None:
    """Check the training set of a batch model: (n, n_features), (n,) and (n,).

    Raises
    ------
    NonFiniteError
        A feature or weight is not finite.
    DataError
        Shapes do not fit, a label is neither 0 nor 1, or a weight is negative.
    SessionError
        The examples of positive weight are all of one class.
    """
    n = len(labels)
    if features.shape != (n, n_features) or weights.shape != (n,):
        raise DataError(
            f"training examples have features {list(features.shape)}, labels [{n}] and weights {list(weights.shape)}; "
            f"expected [n, {n_features}], [n] and [n]"
        )
    check_rows(features, n_features)
    if not np.isfinite(weights).all():
        raise NonFiniteError(
            f"weight {int(np.argmin(np.isfinite(weights)))} of the training examples is not finite; correct the source"
        )
    if (weights < 0.0).any():
        raise DataError(f"weight {int(np.argmin(weights))} of the training examples is negative; weights are 0 or more")
    if not np.isin(labels, (0, 1)).all():
        raise DataError(f"label {int(np.argmin(np.isin(labels, (0, 1))))} of the training examples is neither 0 nor 1")
    used = labels[weights > 0.0]
    if not (used == 0).any() or not (used == 1).any():
        classes = f"label {int(used[0])} alone" if used.size else "none"
        raise SessionError(
            f"{used.size} training examples carry weight, with {classes}; both classes are needed, so wait for more"
        )
