"""Checks of parameters against their ranges; the error is one sentence with the parameter, its value and its range."""

from __future__ import annotations

import math

from alpha_pulse.core.errors import ConfigError


def check_range(
    what: str, value: float, low: float, high: float = math.inf, *, inclusive: bool = False, usual: str = ""
) -> None:
    """Raise ConfigError for a number that is not finite or not between ``low`` and ``high``.

    Parameters
    ----------
    what
        The parameter, as the error names it.
    value
        Its value.
    low, high
        The ends of the range; ``inclusive`` allows them too.
    usual
        A usual value, which the error shows.

    >>> check_range("DDM's threshold", 0.0, 0.0, usual="3")
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: DDM's threshold is 0.0; expected a number above 0 (usual: 3)
    >>> check_range("noise of sea", 2.0, 0.0, 1.0, inclusive=True)
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: noise of sea is 2.0; expected 0 to 1
    """
    inside = low <= value <= high if inclusive else low < value < high
    if not (inside and -math.inf < value < math.inf):
        raise ConfigError(f"{what} is {value!r}; expected {_described(low, high, inclusive)}{_usual(usual)}")


def check_minimum(what: str, value: float, least: int, *, usual: str = "") -> None:
    """Raise ConfigError for a number that is not whole or is below ``least``; ``usual`` as in `check_range`.

    >>> check_minimum("DDM's warm_start", 0, 1, usual="30")
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: DDM's warm_start is 0; expected a whole number, 1 or more (usual: 30)
    """
    if value != int(value) or value < least:
        raise ConfigError(f"{what} is {value!r}; expected a whole number, {least} or more{_usual(usual)}")


def _described(low: float, high: float, inclusive: bool) -> str:
    if inclusive:
        return f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}"
    if low == -math.inf and high == math.inf:
        return "a finite number"
    return f"a number above {low:g}" if high == math.inf else f"a number above {low:g} and below {high:g}"


def _usual(usual: str) -> str:
    return f" (usual: {usual})" if usual else ""
