"""Own targets: what a user's function receives and returns, the decorator that states its horizon, and three ready-made ones.

The loop calls the function when the last bar of its horizon is known, once for each prediction. It receives the bars that were
known at the prediction, and those after it, apart from each other.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from alpha_pulse.core.errors import FeatureError
from alpha_pulse.core.user_code.calls import number_of, raised, shown
from alpha_pulse.features.own import MAX_WARMUP, Bars, above, whole_bars

MAX_HORIZON = 1_000
"""Bars: the largest horizon of an own target."""

Function = Callable[[Bars, Bars], Any]
"""1 or 0 from the bars known at a prediction and the bars after it; NaN where there is no label, as for a tie."""


class OwnTarget:
    """A function over the bars before and after a prediction; see `target`, which makes it.

    Attributes
    ----------
    function
        As the user wrote it. Calling the target calls it.
    horizon
        Bars from a prediction to its label.
    warmup
        Bars known at the prediction that the function needs.
    """

    __name__: str

    def __init__(self, function: Function, horizon: int, warmup: int) -> None:
        self.function = function
        self.horizon, self.warmup = horizon, warmup
        functools.update_wrapper(self, function)

    def __call__(self, known: Bars, later: Bars) -> Any:
        """The function's result."""
        return self.function(known, later)

    def label(self, known: Bars, later: Bars) -> int | None:
        """The label of the prediction at the last bar of ``known``; None for a tie.

        Raises
        ------
        FeatureError
            The function raises an error, or returns neither 1 nor 0 nor NaN.
        """
        try:
            with np.errstate(all="ignore"):
                returned = self.function(known, later)
        except Exception as error:
            raise FeatureError(f"it {raised(error)}") from error
        value = number_of(returned)
        if value is None:
            raise FeatureError(f"it returned {shown(returned)}; expected 1, 0, or NaN where there is no label")
        if math.isnan(value):
            return None
        if value not in (0.0, 1.0):
            raise FeatureError(f"it returned {value!r}; expected 1, 0, or NaN where there is no label")
        return int(value)


def target(misplaced: object = None, /, *, horizon: int | None = None, warmup: int = 1) -> Callable[[Function], OwnTarget]:
    """Make a function a target that a configuration can name, as ``module:name`` in ``targets.own``.

    Parameters
    ----------
    horizon
        Bars after a prediction that its label needs, 1 to `MAX_HORIZON`.
    warmup
        Bars known at the prediction, its own included, that the label needs, 1 to `MAX_WARMUP` of own features. Where a symbol
        has fewer, the prediction gets no label (a tie).

    Raises
    ------
    FeatureError
        The horizon is missing, as where ``@target`` has no parentheses, or a number is out of range, or no whole number.

    >>> @target(horizon=2)
    ... def higher(known: Bars, later: Bars) -> bool:
    ...     return later.close[-1] > known.close[-1]
    >>> bars = Bars.of(np.array([1, 2, 3]), np.array([[2.0, 2.0, 3.0]] * 7))
    >>> higher.label(bars.part(0, 1), bars.part(1, 3))
    1
    """
    if misplaced is not None or horizon is None:
        raise FeatureError(
            f"@target{above(misplaced)} states no horizon; write @target(horizon=...), such as @target(horizon=12)"
        )
    later = whole_bars("the horizon of a target", horizon, MAX_HORIZON)
    known = whole_bars("the warm-up of a target", warmup, MAX_WARMUP)
    return lambda function: OwnTarget(function, later, known)


def triple_barrier(*, upper: float, lower: float, horizon: int, span: int = 100) -> OwnTarget:
    """1 if the price rises by ``upper`` volatilities before it falls by ``lower``, within ``horizon`` bars; else 0.

    A bar that reaches both counts as a fall. Where neither is reached, the label is 1 if the last close is above the first.

    Parameters
    ----------
    upper, lower
        Distances of the barriers from the close of the prediction, above 0, in volatilities: the standard deviation of the log
        returns of ``span`` bars up to the prediction. Infinite: no such barrier.
    horizon
        Bars until the vertical barrier.
    span
        Returns of the volatility, at least 2.

    Raises
    ------
    FeatureError
        A parameter is out of range.

    References
    ----------
    López de Prado (2018), Advances in Financial Machine Learning, chapter 3.
    """
    if not (upper > 0.0 and lower > 0.0 and span >= 2):
        raise FeatureError(
            f"barriers at {upper!r} and {lower!r} over {span!r} returns; expected distances above 0 and 2 or more"
        )

    def barriers(known: Bars, later: Bars) -> float:
        volatility = float(np.diff(np.log(known.close)).std())
        start = known.close.item(-1)
        if volatility == 0.0:
            return math.nan
        falls = np.flatnonzero(later.low <= start * math.exp(-lower * volatility))
        rises = np.flatnonzero(later.high >= start * math.exp(upper * volatility))
        first_fall = falls[0] if len(falls) else horizon
        first_rise = rises[0] if len(rises) else horizon
        if first_fall == first_rise == horizon:
            return float(later.close[-1] > start)
        return float(first_rise < first_fall)

    return _made(barriers, horizon, span + 1)


def return_over_cost(*, cost_bps: float, horizon: int, threshold_bps: float = 0.0) -> OwnTarget:
    """1 if a long trade over ``horizon`` bars returns more than ``threshold_bps`` after costs; else 0.

    It begins at the open of the next bar, the first price at which it can be traded, and ends at the last close.

    Parameters
    ----------
    cost_bps
        Of the round trip, in basis points of the traded value, at least 0: twice fee, half-spread and slippage.
    horizon
        Bars.
    threshold_bps
        The least profit, in basis points.

    Raises
    ------
    FeatureError
        The cost is below 0.
    """
    if not cost_bps >= 0.0:
        raise FeatureError(f"the cost of a target is {cost_bps!r} basis points; expected 0 or more")

    def pays(known: Bars, later: Bars) -> bool:
        change = later.close.item(-1) / later.open.item(0) - 1.0
        return 10_000.0 * change - cost_bps > threshold_bps

    return _made(pays, horizon, 1)


def labelled(labels: Mapping[int, float], *, horizon: int) -> OwnTarget:
    """Labels that were made elsewhere, such as a column of a file; a bar without one gets none.

    Parameters
    ----------
    labels
        1, 0 or NaN by the end of the bar of the prediction, ns since the epoch, UTC.
    horizon
        Bars after which the label is known. A model learns it then, and never before.
    """

    def stated(known: Bars, later: Bars) -> float:
        return labels.get(known.ts.item(-1), math.nan)

    return _made(stated, horizon, 1)


def _made(function: Function, horizon: int, warmup: int) -> OwnTarget:
    """The target that one of the functions above makes for the module that called it, as `collections.namedtuple` does."""
    made = target(horizon=horizon, warmup=warmup)(function)
    made.__module__ = sys._getframe(2).f_globals.get("__name__", made.__module__)
    return made
