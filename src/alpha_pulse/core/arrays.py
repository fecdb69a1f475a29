"""Checks arrays of callers before they reach a kernel, because kernels do not check shapes and types.

The error is one sentence: the array's name, its type and shape, and the expected ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alpha_pulse.core.errors import DataError


def check_array(what: str, value: Any, shape: tuple[int | None, ...], dtype: type[np.generic] = np.float64) -> None:
    """Raise DataError unless ``value`` is an array of this ``shape`` and ``dtype``; a length of None matches any length.

    >>> check_array("the losses", np.zeros(3), (None,))
    >>> check_array("the losses", np.zeros((3, 1)), (None,))
    Traceback (most recent call last):
    alpha_pulse.core.errors.DataError: the losses are float64 of shape (3, 1), but float64 of shape (n,) is expected
    """
    if isinstance(value, np.ndarray) and value.dtype == dtype and len(value.shape) == len(shape):
        for length, expected in zip(value.shape, shape, strict=True):
            if expected is not None and length != expected:
                break
        else:
            return
    lengths = ", ".join("n" if length is None else str(length) for length in shape)
    expected_shape = f"({lengths},)" if len(shape) == 1 else f"({lengths})"
    raise DataError(
        f"{what} are {described(value)}, but {np.dtype(dtype).name} of shape {expected_shape} is expected",
    )


def described(value: Any) -> str:
    """The description of a value in an error: dtype and shape of an array, else the type.

    >>> described(np.zeros(2)), described([1.0])
    ('float64 of shape (2,)', 'a list')
    """
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return f"a {type(value).__name__}"
