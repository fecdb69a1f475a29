"""Own features: what a user's function over bars receives and returns, and the decorator that states its warm-up.

The loop calls the function once for each bar, with exactly the newest ``warmup`` bars of the symbol. So a value depends neither
on the size of a block nor on what came before these bars, and no later bar can be known to it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import FeatureError
from alpha_pulse.core.user_code.calls import raised

Times = NDArray[np.int64]
Row = NDArray[np.float64]

MAX_WARMUP = 10_000
"""Bars: the largest warm-up, which bounds the memory and the checkpoints of a run."""


class Bars(NamedTuple):
    """Bars of one symbol, the oldest first; one-dimensional arrays of the same length, which cannot be written to.

    ``ts`` is the end of each bar, int64, ns since the epoch, UTC. The others are float64: prices, volume, and the quotes at the
    end of the bar. ``volume``, ``bid`` and ``ask`` are NaN where the data have none. Compiled functions can take it, too.
    """

    ts: Times
    open: Row
    high: Row
    low: Row
    close: Row
    volume: Row
    bid: Row
    ask: Row

    def part(self, first: int, last: int) -> Bars:
        """The bars ``first`` up to ``last``, as views."""
        ts, *prices = self
        return Bars(ts[first:last], *(column[first:last] for column in prices))

    @classmethod
    def of(cls, ts: Times, prices: Row) -> Bars:
        """Bars with prices of shape (7, n), in the order of the fields; the arrays can no longer be written to.

        >>> Bars.of(np.array([60, 120]), np.ones((7, 2))).close
        array([1., 1.])
        """
        ts.setflags(write=False)
        prices.setflags(write=False)
        return cls(ts, *prices)


Function = Callable[[Bars], Any]
"""A number for the newest bar, or an array with one value for each bar, of which the last one is used."""


class Feature:
    """A function over bars with its warm-up; see `feature`, which makes it.

    Attributes
    ----------
    function
        As the user wrote it. Calling the feature calls it.
    warmup
        Bars that the function needs.
    """

    __name__: str

    def __init__(self, function: Function, warmup: int) -> None:
        self.function = function
        self.warmup = warmup
        functools.update_wrapper(self, function)

    def __call__(self, bars: Bars) -> Any:
        """The function's result for ``bars``."""
        return self.function(bars)

    def newest(self, bars: Bars) -> float:
        """The value for the newest bar; NaN where the function does not know one.

        Raises
        ------
        FeatureError
            The function raises an error, or returns neither a number nor one for each bar, or an infinite one.
        """
        values = self.values(bars)
        value = float(values if values.ndim == 0 else values[-1])
        if math.isinf(value):
            raise FeatureError(f"it returned {value!r}; expected a finite number, or NaN where there is none")
        return value

    def values(self, bars: Bars) -> NDArray[Any]:
        """What the function returns, as an array: of shape (n,) with one value for each bar, or () for the newest bar alone.

        Raises FeatureError like `newest`, but for infinite values.
        """
        try:
            with np.errstate(all="ignore"):  # NaN has a meaning here, and infinity is refused
                values = np.asarray(self.function(bars))
        except Exception as error:
            raise FeatureError(f"it {raised(error)}") from error
        if values.shape not in ((), bars.ts.shape) or values.dtype.kind not in "fiub":
            raise FeatureError(
                f"it returned {_described(values)} for {len(bars.ts)} bars; expected a number, or an array of one for each bar"
            )
        return values


def feature(misplaced: object = None, /, *, warmup: int | None = None) -> Callable[[Function], Feature]:
    """Make a function over bars a feature that a configuration can name, as ``module:name`` in ``features.own``.

    Parameters
    ----------
    warmup
        The bars that the function needs, the newest included: it always receives exactly as many. Before a symbol has them,
        its value is missing. At least 1, at most `MAX_WARMUP`.

    Raises
    ------
    FeatureError
        The warm-up is missing, as where ``@feature`` has no parentheses, or out of range, or no whole number.

    >>> @feature(warmup=3)
    ... def two_bar_return(bars: Bars) -> float:
    ...     return bars.close[-1] / bars.close[0] - 1.0
    >>> two_bar_return.newest(Bars.of(np.array([1, 2, 3]), np.array([[2.0, 2.0, 3.0]] * 7)))
    0.5
    """
    if misplaced is not None or warmup is None:
        raise FeatureError(
            f"@feature{above(misplaced)} states no warm-up; write @feature(warmup=...), such as @feature(warmup=20)"
        )
    bars = whole_bars("the warm-up of a feature", warmup, MAX_WARMUP)
    return lambda function: Feature(function, bars)


def whole_bars(what: str, value: Any, largest: int) -> int:
    """``value`` as a number of bars; ``what`` names it in the FeatureError for all but whole numbers from 1 to ``largest``.

    >>> whole_bars("the horizon", np.int64(3), 10)
    3
    """
    if not (isinstance(value, int | np.integer) and 1 <= value <= largest):
        raise FeatureError(f"{what} is {value!r}; expected 1 to {largest:,} bars, a whole number")
    return int(value)


def above(misplaced: object) -> str:
    """`` above `` and the name of the function that a decorator without parentheses received; empty for anything else."""
    name = getattr(misplaced, "__name__", None)
    return "" if name is None else f" above {name!r}"


def _described(values: NDArray[Any]) -> str:
    if values.ndim == 0:
        return f"{values.item()!r}"
    return f"an array of shape {values.shape} and type {values.dtype}"
