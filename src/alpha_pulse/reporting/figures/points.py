"""The points of curves: times without a zone, and fewer points for the same picture."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

MOST_POINTS = 1_500
Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]


def instants(times: pl.Series) -> Times:
    """Times in UTC as matplotlib takes them."""
    without_zone: Times = times.dt.replace_time_zone(None).to_numpy()
    return without_zone


def thinned(times: Times, values: Floats, most: int = MOST_POINTS) -> tuple[Times, Floats]:
    """At most about ``most`` points of a curve, with the lowest and the highest value of each stretch, and both ends.

    Parameters
    ----------
    times
        (n,), increasing.
    values
        (n,); NaN where there is none.

    >>> times = np.arange("2020-01-01", "2020-01-09", dtype="datetime64[D]")
    >>> thinned(times, np.array([0.0, 1.0, 9.0, 1.0, 1.0, -5.0, 1.0, 2.0]), most=4)[1].tolist()
    [0.0, 9.0, -5.0, 2.0]
    """
    n = len(values)
    if n <= most:
        return times, values
    stretches = max(most // 2, 1)
    bounds = np.linspace(0, n, stretches + 1).astype(np.int64)
    kept = [0, n - 1]
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        part = values[low:high]
        if not np.isnan(part).all():
            kept += [low + int(np.nanargmin(part)), low + int(np.nanargmax(part))]
        else:
            kept.append(low)
    places = np.unique(kept)
    return times[places], values[places]
