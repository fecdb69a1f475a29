"""Checks numbers of callers, and raises one clear error for everything else.

Python and numpy numbers are accepted, also booleans (1 or 0) and all values that Python converts to a float, such as a Decimal.
Text, None and lists are refused, whatever their content: the text "1" in place of a number is a column that was not converted.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, NonFiniteError

MOST_SHOWN = 60
"""Characters of a value that an error shows."""
NO_NUMBERS = (str, bytes, bytearray, list, tuple, dict, set)


def a_number(what: str, value: Any) -> float:
    """``value`` as a finite float; ``what`` names it in errors.

    Raises
    ------
    DataError
        It is not a number.
    NonFiniteError
        It is NaN or infinite, or too large for a float.

    >>> a_number("the target", np.float32(0.5)), a_number("the target", True)
    (0.5, 1.0)
    >>> a_number("the target", "abc")
    Traceback (most recent call last):
    alpha_pulse.core.errors.DataError: the target is 'abc', but a number is expected
    """
    if type(value) is float and math.isfinite(value):
        return value
    number = _converted(what, value)
    if not math.isfinite(number):
        raise NonFiniteError(f"{what} is {shown(value)}, but a finite number is expected; leave the example out")
    return number


def a_weight(what: str, value: Any) -> float:
    """``value`` as the weight of an example: a finite float, 0 or more.

    Raises as `a_number`, and NonFiniteError for a negative number.

    >>> a_weight("the weight", -1)
    Traceback (most recent call last):
    alpha_pulse.core.errors.NonFiniteError: the weight is -1, but a finite number, 0 or more, is expected
    """
    number = value if type(value) is float else _converted(what, value)
    if not 0.0 <= number < math.inf:
        raise NonFiniteError(f"{what} is {shown(value)}, but a finite number, 0 or more, is expected")
    return float(number)


def a_row(what: str, values: Any, length: int) -> NDArray[np.float64]:
    """``values`` as float64 of shape (length,), each checked as in `a_number`; a numpy array is copied.

    Raises
    ------
    DataError
        It is not a list of ``length`` numbers.
    NonFiniteError
        One of them is not finite.

    >>> a_row("the features", [1, True, np.float32(0.5)], 3).tolist()
    [1.0, 1.0, 0.5]
    >>> a_row("the features", [[1.0]], 1)
    Traceback (most recent call last):
    alpha_pulse.core.errors.DataError: the features contain [1.0] at index 0, but a number is expected
    """
    if isinstance(values, str | bytes | dict | set) or not hasattr(values, "__len__") or getattr(values, "ndim", 1) != 1:
        raise DataError(f"{what} are {shown(values)}, but a list of {length} numbers is expected")
    if len(values) != length:
        raise DataError(f"{what} are {len(values)} numbers, but it takes {length}; send them in the order of its schema")
    row = _at_once(values)
    if row is not None:
        return row
    row = np.empty(length)
    for index, value in enumerate(values):
        try:
            row[index] = a_number("", value)
        except DataError as error:
            sentence = str(error).removeprefix(" is ")
            raise type(error)(f"{what} contain {shown(value)} at index {index}, {sentence.partition(', ')[2]}") from None
    return row


def _at_once(values: Any) -> NDArray[np.float64] | None:
    """A copy of a row of finite numbers of plain types; None for rows whose values must be checked one by one."""
    if isinstance(values, np.ndarray):
        plain = values.dtype == np.float64
    else:
        plain = isinstance(values, list | tuple) and set(map(type, values)) <= {float, int}
    try:
        row = np.array(values, dtype=np.float64) if plain else None
    except OverflowError:
        return None
    return row if row is not None and np.isfinite(row).all() else None


def a_class(what: str, value: Any, n_classes: int) -> int:
    """``value`` as a class, a whole number from 0 to ``n_classes`` - 1; 1.0 and True are 1.

    Raises
    ------
    DataError
        It is not a class.

    >>> a_class("the label", np.int64(1), 2), a_class("the label", 1.0, 2)
    (1, 1)
    >>> a_class("the label", 0.5, 2)
    Traceback (most recent call last):
    alpha_pulse.core.errors.DataError: the label is 0.5, but a class, a whole number from 0 to 1, is expected
    """
    if type(value) is int and 0 <= value < n_classes:
        return value
    if not _is_text_or_list(value):
        try:
            number = int(value) if isinstance(value, Integral) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if 0 <= number < n_classes and number == int(number):
            return int(number)
    raise DataError(f"{what} is {shown(value)}, but a class, a whole number from 0 to {n_classes - 1}, is expected")


def shown(value: Any) -> str:
    """A value as shown in an error, cut when it is long; also for values that Python refuses to print.

    >>> shown(10**5000)
    'a whole number of more than 60 digits'
    """
    if isinstance(value, int) and abs(value) >= 10**MOST_SHOWN:
        return f"a whole number of more than {MOST_SHOWN} digits"
    try:
        text = str(value) if isinstance(value, np.generic) and not isinstance(value, np.character) else repr(value)
    except Exception:  # what a caller's own class raises is not known
        return f"a {type(value).__name__}"
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 3] + "..."


def _is_text_or_list(value: Any) -> bool:
    return value is None or isinstance(value, NO_NUMBERS) or bool(getattr(value, "ndim", 0))


def _converted(what: str, value: Any) -> float:
    if not _is_text_or_list(value):
        try:
            return float(value)
        except OverflowError:
            raise NonFiniteError(f"{what} is {shown(value)}, which is too large for a float; leave the example out") from None
        except (TypeError, ValueError):
            pass
    raise DataError(f"{what} is {shown(value)}, but a number is expected")
