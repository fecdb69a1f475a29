"""Labelled streams from arrays and frames of a Python program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.missing import Missing
from alpha_pulse.evaluation.streams.table import from_table, target_of
from alpha_pulse.feeds.files.frame_tables import array_series, pandas_series, to_frame

_TARGET = "y"


def from_arrays(X: Any, y: Any, missing: Missing = "refuse", name: str = "X") -> Stream:
    """A stream from features and labels, one row per example in order of time.

    Parameters
    ----------
    X
        Features: an array of shape (n, d), a polars or pandas frame, or a dict of arrays by name of the feature. The index of a
        pandas frame is not a feature.
    y
        The class of each example, (n,): numbers, booleans or text; or the name of a column of ``X``.
    missing
        As `alpha_pulse.evaluation.streams.table.from_table`.
    name
        Name of the stream, and of the examples in errors.

    Raises
    ------
    DataError, NonFiniteError
        The examples cannot be used; the message names the row (from 1) and the column.

    >>> stream = from_arrays(np.array([[0.1, 2.0], [0.3, 1.0]]), ["down", "up"])
    >>> stream.features.shape, stream.labels.tolist(), stream.classes
    ((2, 2), [0, 1], ('down', 'up'))
    """
    features = _frame(X, name)
    if isinstance(y, str):
        return from_table(features, target_of(features.columns, y, name), missing, name, name)
    labels = _column(y, name)
    if len(labels) != features.height:
        raise DataError(f"{name} has {features.height:,} rows, but y has {len(labels):,} labels; give one label for each row")
    target = _TARGET
    while target in features.columns:
        target += "_"
    return from_table(features.with_columns(labels.alias(target)), target, missing, name, name)


def _frame(X: Any, name: str) -> pl.DataFrame:
    if isinstance(X, pl.LazyFrame):
        X = X.collect()
    if isinstance(X, pl.DataFrame):
        return X
    if isinstance(X, Mapping):
        return to_frame([array_series(values, name, str(key)) for key, values in X.items()], map(str, X), name)
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        labels = [str(label) for label in X.columns]
        return to_frame([pandas_series(X.iloc[:, place], name, label) for place, label in enumerate(labels)], labels, name)
    array = np.asarray(X)
    if array.ndim != 2:
        raise DataError(f"{name} has the shape {array.shape}, but a row of features for each example is expected: (n, d)")
    return pl.DataFrame({f"x{place}": array_series(array[:, place], name, f"x{place}") for place in range(array.shape[1])})


def _column(y: Any, name: str) -> pl.Series:
    if hasattr(y, "iloc") and hasattr(y, "to_numpy"):
        return pandas_series(y, name, "y")
    return array_series(y, name, "y")
