"""What a model is given: kernels take shapes and labels on trust, wherever an index leads, so they are checked here.

Of a single row only what could reach other memory, or stay for good, is checked; whether its values are finite is what a
session looks at before it stores them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, NonFiniteError

Row = NDArray[np.float64]


def refuse_row(features: Row, n_features: int) -> None:
    """Raise DataError for a row of another length."""
    if len(features) != n_features:
        raise DataError(f"a row has {len(features)} features, but this model takes {n_features}; see the schema")


def refuse_example(features: Row, n_features: int, label: int, n_classes: int, weight: float) -> None:
    """Raise DataError for a row of another length or a label that is no class, NonFiniteError for what is no weight."""
    refuse_row(features, n_features)
    if not 0 <= label < n_classes or label != int(label):
        raise DataError(f"the label is {label!r}, but this model learns whole numbers from 0 to {n_classes - 1}")
    refuse_weight(weight)


def refuse_weight(weight: float) -> None:
    """Raise NonFiniteError for a weight that is below 0 or not finite."""
    if not 0.0 <= weight < math.inf:
        raise NonFiniteError(f"the weight of an example is {weight!r}, but a finite number from 0 on is needed")


def refuse_target(target: float, weight: float) -> None:
    """Raise NonFiniteError for a target or weight that is not finite."""
    if not math.isfinite(target):
        raise NonFiniteError(f"the target is {target!r}, but a finite number is needed; leave the example out")
    refuse_weight(weight)


def refuse_rows(features: Row, n_features: int) -> None:
    """Raise DataError for rows of another length, NonFiniteError naming the first row that holds a NaN or an infinity."""
    if features.ndim != 2 or features.shape[1] != n_features:
        raise DataError(f"rows of shape {features.shape} were given, but this model takes (n, {n_features}); see the schema")
    if not np.isfinite(features).all():
        row = int(np.argwhere(~np.isfinite(features).all(axis=1))[0, 0])
        raise NonFiniteError(
            f"features of row {row} hold a value that is not finite; mark it as missing (0 with a mask) instead"
        )


def refuse_examples(features: Row, n_features: int, labels: NDArray[np.int64], n_classes: int, weights: Row) -> None:
    """As `refuse_rows`, and for labels that are no classes of integers, and weights that are none."""
    refuse_rows(features, n_features)
    _refuse_lengths(features, labels, weights, "labels")
    if labels.dtype != np.int64 or (labels.size and not (labels.min() >= 0 and labels.max() < n_classes)):
        raise DataError(f"labels are to be int64 from 0 to {n_classes - 1}, but {labels.dtype} was given: {_shown(labels)}")


def refuse_targets(features: Row, n_features: int, targets: Row, weights: Row) -> None:
    """As `refuse_rows`, and for targets and weights that are not finite."""
    refuse_rows(features, n_features)
    _refuse_lengths(features, targets, weights, "targets")
    if not np.isfinite(targets).all():
        raise NonFiniteError("targets hold a value that is not finite; leave its example out")


def _refuse_lengths(features: Row, wanted: NDArray[np.int64] | Row, weights: Row, what: str) -> None:
    if wanted.shape != (len(features),) or weights.shape != (len(features),):
        raise DataError(
            f"{len(features)} rows were given with {what} of shape {wanted.shape} and weights of shape {weights.shape}; "
            "give one of each per row"
        )
    if not ((weights >= 0.0) & (weights < math.inf)).all():
        raise NonFiniteError("weights hold a value that is below 0 or not finite")


def _shown(labels: NDArray[np.int64]) -> str:
    return ", ".join(str(value) for value in np.unique(labels)[:5])
