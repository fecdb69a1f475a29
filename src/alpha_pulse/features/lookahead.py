"""Finds a feature that knows later bars, or whose value depends on more than its bars.

A run calls a feature with the bars up to the newest one only, so no run can contain look-ahead by it. A function that returns a
value for each bar is also used on whole histories, in research; there it may peek. The check compares, bit by bit, what it says
of the same bars while their future is another one (truncated, or changed), and what it says when it is asked again.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.features.layout import CLIP
from alpha_pulse.features.own import Bars, Feature, Row
from alpha_pulse.features.own_columns import served

INSTANTS = 40
"""Random instants at which the future is truncated and changed."""
LEAST_BARS = 20
REPEATED = 200
"""Random instants at which the feature is asked twice, in different orders."""


class Peek(msgspec.Struct, frozen=True):
    """A difference between two values for one bar.

    ``bar`` counts from 1; ``ts`` is its end, ns. ``value`` and ``other`` differ; one that is NaN is None. Of the ``of``
    instants that were compared, ``differing`` differed; ``bar`` is the earliest of these.
    """

    reason: str
    bar: int
    ts: int
    value: float | None
    other: float | None
    differing: int
    of: int

    @property
    def difference(self) -> float | None:
        """``value`` minus ``other``; None where one is missing."""
        return None if self.value is None or self.other is None else self.value - self.other


class LookaheadReport(msgspec.Struct, frozen=True):
    """The result of a check on the bars of one symbol.

    Of the ``compared`` values that a run would serve, ``missing`` are NaN, and ``clipped`` are beyond +-10. For a function that
    returns one value for each bar, ``whole`` is the largest difference between these and its values for the whole history, both
    as they are served: above 0, it depends on more bars than its warm-up. Otherwise None.
    """

    bars: int
    warmup: int
    compared: int
    missing: int
    clipped: int
    whole: float | None
    peeks: list[Peek]

    @property
    def ok(self) -> bool:
        """Whether no difference was found."""
        return not self.peeks


def check_lookahead(feature: Feature, bars: Bars, seed: int = 1, pause: Callable[[], object] = lambda: None) -> LookaheadReport:
    """Check a feature on the bars of one symbol.

    Parameters
    ----------
    feature
        The feature.
    bars
        At least twice its warm-up, and at least `LEAST_BARS`.
    seed
        Of the random instants and futures.
    pause
        Called between the two times at which each value is asked for; one that sleeps for a second shows a dependence on the
        time.

    Raises
    ------
    DataError
        There are too few bars.
    FeatureError
        The function violates its contract.

    Examples
    --------
    >>> from alpha_pulse.features.own import feature
    >>> rng = np.random.default_rng(1)
    >>> prices = np.exp(0.01 * rng.normal(size=300).cumsum()) * np.ones((7, 1))
    >>> bars = Bars.of(np.arange(300) * 60_000_000_000, prices)
    >>> @feature(warmup=2)
    ... def next_return(bars: Bars) -> Row:
    ...     return np.append(np.diff(np.log(bars.close)), 0.0)
    >>> [peek.reason for peek in check_lookahead(next_return, bars).peeks]
    ['truncated', 'changed']
    """
    n, warmup = len(bars.ts), feature.warmup
    needed = max(2 * warmup, LEAST_BARS)
    if n < needed:
        raise DataError(f"there are {n:,} bars, but a warm-up of {warmup:,} bars is checked on {needed:,} or more")
    rng = np.random.default_rng(seed)
    ends = _instants(rng, warmup - 1, n, REPEATED)
    values = _newest(feature, bars, ends)
    pause()
    order = rng.permutation(len(ends))
    again = np.empty(len(ends))
    again[order] = _newest(feature, bars, ends[order])
    whole = _values(feature, bars)
    found = [_first("repeated", bars, ends, values, again)]
    if whole is not None:
        found += _other_futures(feature, bars, whole, rng)
    known = values[~np.isnan(values)]
    return LookaheadReport(
        bars=n,
        warmup=warmup,
        compared=len(values),
        missing=len(values) - len(known),
        clipped=int((np.abs(known) > CLIP).sum()),
        whole=None if whole is None else _largest_difference(values, whole[ends]),
        peeks=[peek for peek in found if peek is not None],
    )


def _newest(feature: Feature, bars: Bars, ends: NDArray[np.int64]) -> Row:
    """What a run would be told at the bars ``ends``, one after the other."""
    return np.array([feature.newest(bars.part(end + 1 - feature.warmup, end + 1)) for end in ends.tolist()])


def _other_futures(feature: Feature, bars: Bars, whole: Row, rng: np.random.Generator) -> list[Peek | None]:
    """The differences from the values ``whole`` where the bars after an instant are cut off, and where they are other ones."""
    ends = _instants(rng, feature.warmup - 1, len(whole) - 1, INSTANTS)
    without = np.array([_at(feature, bars.part(0, end + 1), end) for end in ends.tolist()])
    changed = np.array([_at(feature, _with_future(bars, end, rng), end) for end in ends.tolist()])
    return [_first("truncated", bars, ends, whole[ends], without), _first("changed", bars, ends, whole[ends], changed)]


def explain(peek: Peek) -> str:
    """A sentence about a difference.

    >>> explain(Peek("truncated", 57, 0, 0.5, 0.25, 39, 40)).partition(":")[0]
    'it uses later bars'
    """
    values = f"{_shown(peek.value)} %s {_shown(peek.other)} %s (at {peek.differing} of {peek.of} instants)"
    if peek.reason == "truncated":
        return "it uses later bars: " + values % ("with the bars after it,", "without them")
    if peek.reason == "changed":
        return "it uses later bars: " + values % ("with the bars after it,", "when these are changed")
    return (
        "it gives two values for the same bars: "
        + values % ("first,", "when asked again")
        + ("; it keeps something between calls, or uses a clock or a random generator")
    )


def _shown(value: float | None) -> str:
    return "no value" if value is None else repr(value)


def _instants(rng: np.random.Generator, first: int, last: int, count: int) -> NDArray[np.int64]:
    """At most ``count`` different places from ``first`` up to ``last``, in order."""
    return np.sort(rng.choice(np.arange(first, last), min(count, last - first), replace=False))


def _values(feature: Feature, bars: Bars) -> Row | None:
    """The function's value for each bar; None where it returns only the newest."""
    values = feature.values(bars)
    return None if values.ndim == 0 else values.astype(np.float64)


def _at(feature: Feature, bars: Bars, place: int) -> float:
    values = _values(feature, bars)
    assert values is not None
    return float(values[place])


def _with_future(bars: Bars, end: int, rng: np.random.Generator) -> Bars:
    """The same bars up to ``end``, then others at the same times: a random walk of about ten times the size."""
    prices = np.array(bars[1:])
    later = prices.shape[1] - end - 1
    moves = np.abs(np.diff(np.log(bars.close[: end + 1]))).mean() if end else 0.0
    walk = np.exp(10.0 * max(float(moves), 1e-4) * rng.normal(size=later).cumsum())
    prices[:4, end + 1 :] = bars.close[end] * walk * np.array([[1.0], [1.01], [0.99], [1.0]])
    prices[4, end + 1 :] *= rng.uniform(0.1, 10.0, later)
    prices[5:, end + 1 :] = np.where(np.isnan(prices[5:, end + 1 :]), np.nan, prices[3, end + 1 :])
    return Bars.of(bars.ts.copy(), prices)


def _first(reason: str, bars: Bars, ends: NDArray[np.int64], values: Row, others: Row) -> Peek | None:
    """The earliest bar at which two values differ in a bit; NaN equals NaN."""
    same = (values.view(np.int64) == others.view(np.int64)) | (np.isnan(values) & np.isnan(others))
    places = np.flatnonzero(~same)
    if not len(places):
        return None
    at = int(places[0])
    end = int(ends[at])
    return Peek(reason, end + 1, int(bars.ts[end]), _number(values[at]), _number(others[at]), len(places), len(values))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _largest_difference(values: Row, others: Row) -> float:
    both = ~(np.isnan(values) | np.isnan(others))
    pairs = zip(values[both].tolist(), others[both].tolist(), strict=True)
    return max((abs(served(one) - served(other)) for one, other in pairs), default=0.0)
