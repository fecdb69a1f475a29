"""Finds prices that are far from their neighbours: spikes, probable splits, and other jumps."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.feeds.arrays import Floats, Integers, Mask
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.notes import PLACES, Note

JUMP = 1.5
"""The largest factor between two closes that is not a jump; downwards its inverse, two thirds."""
SPIKE = 1.05
"""A spike is a high or low that is beyond the closes before and after by this factor,"""
SPIKE_REACHES = 20
"""and by this many times the usual range of the bars around it."""
AROUND = 50
"""Number of bars on either side; their median range is the usual range."""
SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
"""Factors of usual splits; those of reverse splits are their inverses."""
SPLIT_ERROR = 0.03
"""How far the step from a close to the next open may be from such a factor."""
VOLUME_BARS = 10
"""Bars before and after a split; their median volumes must differ by the root of its factor or more."""
_CHUNK = 10_000
_FACTORS = np.array([*(1.0 / factor for factor in SPLITS), *SPLITS])


class _Steps(msgspec.Struct, frozen=True):
    """Bars sorted by symbol, with the closes before and after each; at the ends of a symbol its first and last price."""

    bars: BarColumns
    fresh: Mask
    """Whether a bar is its symbol's first."""
    before: Floats
    after: Floats


def price_steps(bars: BarColumns) -> list[Note]:
    """Notes on spikes, splits and jumps. A bar is in at most one of them.

    Parameters
    ----------
    bars
        Sorted by symbol, then time; at least one bar.
    """
    fresh = bars.first_of_symbol()
    last = np.append(fresh[1:], True)
    before = np.where(fresh, bars.open, np.roll(bars.close, 1))
    steps = _Steps(bars, fresh, before, np.where(last, bars.close, np.roll(bars.close, -1)))
    notes, explained = _find_spikes(steps)
    splits, explained = _find_splits(steps, explained)
    return notes + splits + _find_jumps(steps, explained)


def _find_spikes(steps: _Steps) -> tuple[list[Note], Mask]:
    """A note on spikes, and the bars that are spikes or follow one."""
    bars, before, after = steps.bars, steps.before, steps.after
    above = bars.high / np.maximum(before, after)
    below = np.minimum(before, after) / bars.low
    index = np.flatnonzero((above > SPIKE) | (below > SPIKE))
    height = np.maximum(above[index], below[index])
    far_enough = height - 1.0 > SPIKE_REACHES * _usual_reach(steps, index)
    index, height = index[far_enough], height[far_enough]
    explained = np.zeros(before.size + 1, dtype=np.bool_)
    explained[index] = explained[index + 1] = True
    if not index.size:
        return [], explained[:-1]
    far = int(index[np.argmax(height)])
    name, price = ("high", bars.high[far]) if above[far] >= below[far] else ("low", bars.low[far])
    count_text = "1 bar reaches" if index.size == 1 else f"{index.size:,} bars reach"
    text = (
        f"{count_text} far beyond the closes before and after; the farthest is {bars.describe(far)}, whose {name} is "
        f"{price:.12g} between closes of {before[far]:.12g} and {after[far]:.12g}: likely a wrong price; check these rows"
    )
    return [_note("spike", text, bars, index)], explained[:-1]


def _usual_reach(steps: _Steps, index: Integers) -> Floats:
    """The median range of the bars around each index: high over low, the previous close included, minus 1."""
    bars, bounds = steps.bars, np.append(np.flatnonzero(steps.fresh), steps.fresh.size)
    symbol = np.searchsorted(bounds, index, side="right")
    first, size = bounds[symbol - 1], bounds[symbol] - bounds[symbol - 1]
    start = np.clip(index - first - AROUND, 0, np.maximum(size - 2 * AROUND - 1, 0))
    reach = np.empty(index.size)
    for begin in range(0, index.size, _CHUNK):
        part = (slice(begin, begin + _CHUNK), None)
        window = first[part] + (start[part] + np.arange(2 * AROUND + 1)) % size[part]
        high = np.maximum(bars.high[window], steps.before[window])
        low = np.minimum(bars.low[window], steps.before[window])
        reach[part[0]] = np.median(high / low, axis=1) - 1.0
    return reach


def _find_splits(steps: _Steps, explained: Mask) -> tuple[list[Note], Mask]:
    """A note on steps that look like splits, and the bars explained so far."""
    bars, before = steps.bars, steps.before
    least = SPLITS[0] * (1.0 - SPLIT_ERROR)
    index = np.flatnonzero(((bars.open > least * before) | (before > least * bars.open)) & ~explained)
    step = bars.open[index] / before[index]
    factor = _FACTORS[np.argmin(np.abs(np.log(_FACTORS[:, None]) - np.log(step)), axis=0)]
    near = np.abs(step / factor - 1.0) <= SPLIT_ERROR
    near[near] = [_volume_agrees(bars, int(place), float(by)) for place, by in zip(index[near], factor[near], strict=True)]
    index, factor = index[near], factor[near]
    if not index.size:
        return [], explained
    explained = explained.copy()
    explained[index] = True
    first = int(index[0])
    count_text = "1 step looks like a split" if index.size == 1 else f"{index.size:,} steps look like splits; the first"
    text = (
        f"{count_text}, {_split_ratio(float(factor[0]))}, at {bars.describe(first)}: the open is {bars.open[first]:.12g} after "
        f"a close of {before[first]:.12g}; use prices that are adjusted for splits"
    )
    return [_note("split", text, bars, index)], explained


def _volume_agrees(bars: BarColumns, index: int, factor: float) -> bool:
    """Whether the usual volume changes at a bar as in a split; True where there is no volume."""
    if bars.volume is None:
        return True
    low = max(index - VOLUME_BARS, int(np.searchsorted(bars.code, bars.code[index])))
    high = min(index + VOLUME_BARS, int(np.searchsorted(bars.code, bars.code[index], side="right")))
    earlier, later = float(np.median(bars.volume[low:index])), float(np.median(bars.volume[index:high]))
    if earlier == 0.0 or later == 0.0:
        return earlier == later
    return bool(-np.log(later / earlier) / np.log(factor) >= 0.5)


def _split_ratio(factor: float) -> str:
    """The split that multiplies a price by ``factor``.

    >>> _split_ratio(0.5), _split_ratio(1.5), _split_ratio(1 / 1.5)
    ('2 for 1', '2 for 3', '3 for 2')
    """
    shares = 1.0 / factor if factor < 1.0 else factor
    new_shares, old_shares = (f"{2 * shares:.0f}", "2") if shares % 1.0 > 0.25 and shares < 2 else (f"{shares:.0f}", "1")
    return f"{new_shares} for {old_shares}" if factor < 1.0 else f"{old_shares} for {new_shares}"


def _find_jumps(steps: _Steps, explained: Mask) -> list[Note]:
    bars, before = steps.bars, steps.before
    index = np.flatnonzero(((bars.close > JUMP * before) | (before > JUMP * bars.close)) & ~explained & ~steps.fresh)
    if not index.size:
        return []
    far = int(index[np.argmax(np.abs(np.log(bars.close[index] / before[index])))])
    count_text = "1 close is" if index.size == 1 else f"{index.size:,} closes are"
    text = (
        f"{count_text} more than {JUMP:g} times the close before, or less than two thirds of it; the farthest is that of "
        f"{bars.describe(far)}, {bars.close[far]:.12g} after {before[far]:.12g}: likely a unit or split error; check "
        "these rows"
    )
    return [_note("jump", text, bars, index)]


def _note(kind: str, text: str, bars: BarColumns, index: Integers) -> Note:
    return Note(kind=kind, text=text, count=index.size, places=tuple(map(bars.describe, index[:PLACES].tolist())))
