"""A labelled stream: examples in order, names of the classes, and, for a generated stream, where the concept changes."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, NonFiniteError

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Stream(msgspec.Struct, frozen=True):
    """Examples in order.

    Parameters
    ----------
    name
        Name in tables.
    features
        float64 of shape (n, d), finite.
    labels
        int64 of shape (n,), from 0 to the number of classes - 1.
    classes
        Names of the classes, by label; two at least.
    change_points
        Examples, from 0, at which another concept begins; empty if unknown, or if the concept changes continuously.
    drifting
        Whether the concept changes with every example.
    dropped
        Number of rows of the file that were dropped because of a missing value.
    generated
        Whether examples are independent of each other, given the concept; true for all generators.

    Raises
    ------
    DataError
        Shapes, labels or classes do not fit.
    NonFiniteError
        A feature is not finite.

    Examples
    --------
    >>> stream = Stream("two", np.zeros((2, 3)), np.array([0, 1]))
    >>> stream.title, stream.n_classes
    ('two, 2 x 3', 2)
    """

    name: str
    features: Floats
    labels: Labels
    classes: tuple[str, ...] = ("0", "1")
    change_points: tuple[int, ...] = ()
    drifting: bool = False
    generated: bool = False
    dropped: int = 0

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.features.shape[1] < 1 or self.labels.shape != (len(self.features),):
            raise DataError(
                f"stream {self.name} has features of shape {self.features.shape} and labels of shape {self.labels.shape}; "
                "expected a row of one or more features and a label per example"
            )
        if len(self.classes) < 2 or len(self.labels) < 1:
            raise DataError(
                f"stream {self.name} has {len(self.labels)} examples of {len(self.classes)} classes; expected one example and "
                "two classes at least"
            )
        if self.labels.dtype != np.int64 or self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise DataError(
                f"stream {self.name} has labels that are not int64 from 0 to {len(self.classes) - 1}; number its classes from 0"
            )
        if not np.isfinite(self.features).all():
            row, column = np.argwhere(~np.isfinite(self.features))[0].tolist()
            raise NonFiniteError(
                f"stream {self.name}, example {row}: feature {column} is not finite; correct it, or leave the example out"
            )

    @property
    def n_classes(self) -> int:
        """The number of classes; some may have no example."""
        return len(self.classes)

    @property
    def title(self) -> str:
        """Name and shape."""
        n, d = self.features.shape
        return f"{self.name}, {n:,} x {d}"
