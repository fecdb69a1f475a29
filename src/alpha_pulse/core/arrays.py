"""Arrays that a caller gives: kernels take shapes and types on trust, so they are checked before.

One sentence for every array that does not fit: what it is called, what it is, what is expected.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alpha_pulse.core.errors import DataError


def check_array(what: str, value: Any, shape: tuple[int | None, ...], dtype: type[np.generic] = np.float64) -> None:
    """Raise DataError for what is no array of this ``shape``, where None is any length, and of this ``dtype``.

    >>> check_array("the losses", np.zeros(3), (None,))
    >>> check_array("the losses", np.zeros((3, 1)), (None,))
    Traceback (most recent call last):
    alpha_pulse.core.errors.DataError: the losses are float64 of shape (3, 1), but float64 of shape (n,) is expected
    """
    if isinstance(value, np.ndarray) and value.dtype == dtype and len(value.shape) == len(shape):
        for found, wanted in zip(value.shape, shape, strict=True):
            if wanted is not None and found != wanted:
                break
        else:
            return
    lengths = ", ".join("n" if length is None else str(length) for length in shape)
    wanted_shape = f"({lengths},)" if len(shape) == 1 else f"({lengths})"
    raise DataError(
        f"{what} are {described(value)}, but {np.dtype(dtype).name} of shape {wanted_shape} is expected",
    )


def described(value: Any) -> str:
    """What an error says of a value that is no array that fits.

    >>> described(np.zeros(2)), described([1.0])
    ('float64 of shape (2,)', 'a list')
    """
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return f"a {type(value).__name__}"
