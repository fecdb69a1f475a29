"""Returns by calendar month (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import SECOND_NS

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class MonthReturn(msgspec.Struct, frozen=True):
    """The return of one month, as a fraction of the equity at its start; None where that is not positive."""

    year: int
    month: int
    value: float | None


def monthly_returns(equity: Floats, known_at: Times, initial: float) -> list[MonthReturn]:
    """Of each month with steps, in order; a step that ends at midnight belongs to the month that it ends.

    The first and the last month may be covered in part.

    Parameters
    ----------
    equity
        float64 of shape (n,): after each step, in cash.
    known_at
        int64 of shape (n,): the end of each step, ns.
    initial
        The cash before the first step.

    >>> day = 86_400 * SECOND_NS
    >>> monthly_returns(np.array([100.0, 125.0, 100.0]), np.array([30, 31, 32]) * day, 100.0)
    [MonthReturn(year=1970, month=1, value=0.25), MonthReturn(year=1970, month=2, value=-0.2)]
    """
    return [MonthReturn(*key, value) for key, value in _by_period(equity, known_at, initial, "M")]


def yearly_returns(equity: Floats, known_at: Times, initial: float) -> dict[int, float | None]:
    """As `monthly_returns`, of each calendar year."""
    return {year: value for (year, _), value in _by_period(equity, known_at, initial, "Y")}


def _by_period(equity: Floats, known_at: Times, initial: float, unit: str) -> list[tuple[tuple[int, int], float | None]]:
    periods = (known_at - 1).astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    last = np.flatnonzero(np.append(periods[1:] != periods[:-1], True)) if len(periods) else np.zeros(0, dtype=np.int64)
    found, before = [], initial
    for row in last.tolist():
        start = datetime.fromtimestamp((int(known_at[row]) - 1) // SECOND_NS, tz=UTC)
        after = float(equity[row])
        found.append(((start.year, start.month), (after - before) / before if before > 0.0 else None))
        before = after
    return found
