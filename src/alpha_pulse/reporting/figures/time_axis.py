"""The axis of time of figures: few marks at even times, with short dates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import Formatter, Locator
from numpy.typing import NDArray

Ticks = NDArray[np.datetime64]
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_SECONDS = (
    *(1, 5, 15, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY),
)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200)
_MONDAY = 4 * _DAY
"""The first Monday after the epoch, in seconds: weeks begin there."""
_SHORTEST_MONTH = np.timedelta64(28 * _DAY, "s")
_MOST = 8
_POINTS = 50.0
"""The width of a date with the room beside it, in points."""


def over_time(axes: Axes) -> None:
    """Short dates on the axis of time, as many as there is room for, and no room beside the curves."""
    axes.xaxis.set_major_locator(TimeLocator())
    axes.xaxis.set_major_formatter(TimeFormatter())
    axes.margins(x=0.0)


class TimeLocator(Locator):
    """Marks at times that `ticks_between` chooses."""

    def __call__(self) -> Sequence[float]:
        """The marks within the view, in days since 1970."""
        low, high = self.axis.get_view_interval()  # type: ignore[union-attr]
        return self.tick_values(float(low), float(high))

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """The marks from ``vmin`` to ``vmax``, in days since 1970."""
        low, high = sorted((vmin, vmax))
        axes = self.axis.axes  # type: ignore[union-attr]
        points = axes.bbox.width / axes.figure.dpi * 72.0
        ticks = ticks_between(_times([low])[0], _times([high])[0], max(2, min(_MOST, int(points / _POINTS))))
        days: list[float] = (ticks.astype(np.int64) / _DAY).tolist()
        return days

    def nonsingular(self, v0: float, v1: float) -> tuple[float, float]:
        """A day around a single instant."""
        if not (np.isfinite(v0) and np.isfinite(v1)):
            return 0.0, 1.0
        return (v0, v1) if v0 != v1 else (v0 - 0.5, v1 + 0.5)


class TimeFormatter(Formatter):
    """The labels of `labels_of`."""

    _offset = ""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One time by itself."""
        return labels_of(_times([x]))[0][0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels of all marks."""
        labels, self._offset = labels_of(_times(values))
        return labels

    def get_offset(self) -> str:
        """What stands once beside the axis."""
        return self._offset


def ticks_between(first: np.datetime64, last: np.datetime64, most: int) -> Ticks:
    """At most ``most`` even times between two times: of the clock, or days, Mondays, or beginnings of months or years.

    >>> ticks_between(np.datetime64("2020-01-03T05:00"), np.datetime64("2020-01-05T02:00"), 4).astype(str).tolist()
    ['2020-01-03T12:00:00', '2020-01-04T00:00:00', '2020-01-04T12:00:00', '2020-01-05T00:00:00']
    >>> ticks_between(np.datetime64("2020-01-15"), np.datetime64("2020-06-20"), 8).astype("datetime64[D]").astype(str).tolist()
    ['2020-02-01', '2020-03-01', '2020-04-01', '2020-05-01', '2020-06-01']
    """
    low, high = (int(time.astype("datetime64[s]").astype(np.int64)) for time in (first, last))
    for seconds in _SECONDS:
        start = _MONDAY if seconds % (7 * _DAY) == 0 else 0
        found = _multiples(low - start, high - start, seconds)
        if len(found) <= most:
            return (np.array(found, dtype=np.int64) + start).astype("datetime64[s]")
    low_month, high_month = (int(time.astype("datetime64[M]").astype(np.int64)) for time in (first, last))
    if np.datetime64(low_month, "M") < first:
        low_month += 1
    for months in _MONTHS:
        found = _multiples(low_month, high_month, months)
        if len(found) <= most:
            break
    return np.array(found, dtype=np.int64).astype("datetime64[M]").astype("datetime64[s]")


def labels_of(ticks: Ticks) -> tuple[list[str], str]:
    """A label for each time, and what is common to all: the year, or the day, where no label says it.

    >>> labels_of(np.array(["2020-01-31", "2020-02-02"], dtype="datetime64[s]"))
    (['31 Jan', '2 Feb'], '2020')
    >>> labels_of(np.array(["2019-12-01", "2020-01-01", "2020-02-01"], dtype="datetime64[s]"))
    (['Dec', '2020', 'Feb'], '')
    >>> labels_of(np.array(["2020-01-31T22:00", "2020-01-31T23:00"], dtype="datetime64[s]"))
    (['22:00', '23:00'], '31 Jan 2020')
    """
    times = [time.item() for time in ticks.astype("datetime64[s]")]
    if not times:
        return [], ""
    midnights = [not (time.hour or time.minute or time.second) for time in times]
    dates = [f"{time.day} {time:%b}" for time in times]
    clock = "%H:%M:%S" if any(time.second for time in times) else "%H:%M"
    if len(times) == 1:
        return [f"{dates[0]} {times[0].year}" + ("" if midnights[0] else f"{times[0]: {clock}}")], ""
    years = f"{times[0].year}" + ("" if times[0].year == times[-1].year else f"–{times[-1].year}")
    if np.diff(ticks).min() >= _SHORTEST_MONTH:
        labels = [f"{time.year}" if time.month == 1 else f"{time:%b}" for time in times]
        return labels, "" if any(time.month == 1 for time in times) else years
    labels = [date if midnight else f"{time:{clock}}" for time, date, midnight in zip(times, dates, midnights, strict=True)]
    return labels, years if any(midnights) else f"{dates[0]} {times[0].year}"


def _multiples(low: int, high: int, step: int) -> range:
    """The multiples of ``step`` from ``low`` to ``high``."""
    return range(-(-low // step) * step, high + 1, step)


def _times(days: Sequence[float]) -> Ticks:
    return np.round(np.asarray(days, dtype=np.float64) * _DAY).astype(np.int64).astype("datetime64[s]")
