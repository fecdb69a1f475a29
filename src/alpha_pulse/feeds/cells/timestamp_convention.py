"""The timestamp convention of a table: whether times are opens or closes of bars, how that is known, and when bars start."""

from __future__ import annotations

import polars as pl

from alpha_pulse.core.bar_times import DATE_SHIFT_NS
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from alpha_pulse.feeds.arrays import Integers
from alpha_pulse.feeds.bar_times import open_times
from alpha_pulse.feeds.cells.column_choice import Choice
from alpha_pulse.feeds.cells.column_names import OPEN_TIME_NAMES, plain
from alpha_pulse.feeds.cells.times import Times
from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.tables import Table

_AFTERNOON, _EVENING = 13, 19
"""Hours from which on a session may be over: on its own clock, and in UTC, where American sessions open in the afternoon."""
_MIN_FRACTION = 0.9
"""Fraction of the bars that a rule must fit; the rest may be holidays and half days."""
_FRIDAY = 4


def known_convention(table: Table, choice: Choice, options: ReadOptions, *, dates: bool = False) -> tuple[str, str]:
    """Whether times are the ``open`` or the ``close`` of bars, and how that is known; ``dates``: whether all times are days."""
    if options.stamp is not None:
        return options.stamp, "the option stamp"
    if "ts_end" in choice.indices and "ts" not in choice.indices:
        return "close", "close-time column"
    if choice.name(table, "ts") == "ts":
        return "open", "column ts"
    if choice.source.stamp is not None:
        return choice.source.stamp, "source"
    if plain(choice.name(table, "ts")) in OPEN_TIME_NAMES:
        return "open", f"column {choice.name(table, 'ts')}"
    return "open", "dates" if dates else "assumed"


def reason_for_closes(times: Times, interval: int) -> str:
    """Why times must be closes although nothing states it; empty where they may be opens.

    They must be closes where each is the last instant of a minute, and for daily bars where they lie in the afternoon of
    Mondays to Fridays: a bar that started on a Friday afternoon would last until Saturday.
    """
    if times.dates:
        return ""
    if interval >= MINUTE_NS and (round_up_last_instants(times.ns, times.unit) != times.ns).any():
        return "it is the last instant of a minute in all rows"
    wall = _wall_clock(times)
    local = times.zone not in ("UTC", "stated")
    late = wall % DAY_NS >= (_AFTERNOON if local else _EVENING) * HOUR_NS
    if interval == DAY_NS and late.mean() >= _MIN_FRACTION and _on_weekdays(wall):
        return "it lies in the afternoon of Mondays to Fridays, when sessions close"
    return ""


def bar_starts(times: Times, code: Integers, stamp: str, interval: int, tz: str | None) -> Integers:
    """When each bar starts.

    Parameters
    ----------
    code
        Each bar's symbol; within a symbol, time increases.
    """
    if stamp == "open":
        return times.ns
    closes = round_up_last_instants(times.ns, times.unit)
    opens = open_times(closes, code, interval, tz, dates=times.dates)
    if interval == DAY_NS and not times.dates:
        wall = _wall_clock(times)
        if _on_weekdays(wall) and ((opens + DATE_SHIFT_NS) // DAY_NS != wall // DAY_NS).any():
            return _midnights(times, wall)  # so that the bar has the date of its session
    return opens


def round_up_last_instants(ts: Integers, unit: str) -> Integers:
    """Round up times that are all the last instant of a bar, as Binance writes close times; other times are unchanged.

    >>> import numpy as np
    >>> round_up_last_instants(np.array([59_999_000_000, 119_999_000_000]), "ms").tolist()
    [60000000000, 120000000000]
    """
    finest = {"ms": 1_000_000, "us": 1_000, "ns": 1}.get(unit, 1_000_000)
    for last, whole in ((finest, SECOND_NS), (SECOND_NS, MINUTE_NS)):
        if not ((ts + last) % whole).any():
            return ts + last
    return ts


def _wall_clock(times: Times) -> Integers:
    """The local times in their zone, in ns."""
    if times.zone in ("UTC", "stated", "dates"):
        return times.ns
    wall = pl.Series(times.ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(times.zone).dt.replace_time_zone(None)
    return wall.to_physical().to_numpy()


def _on_weekdays(wall: Integers) -> bool:
    """Whether no time is midnight, some are on Fridays, and hardly any on a weekend."""
    weekday = (wall // DAY_NS + 3) % 7
    weekend = float((weekday > _FRIDAY).mean())
    return bool((weekday == _FRIDAY).any() and weekend <= 1 - _MIN_FRACTION and (wall % DAY_NS).all())


def _midnights(times: Times, wall: Integers) -> Integers:
    """The beginning of each day in the zone of the times."""
    days = wall // DAY_NS * DAY_NS
    if times.zone in ("UTC", "stated", "dates"):
        return days
    local = pl.Series(days).cast(pl.Datetime("ns"))
    begins = local.dt.replace_time_zone(times.zone, ambiguous="earliest", non_existent="null").to_physical()
    return begins.fill_null(pl.Series(times.ns - (wall - days))).to_numpy()
