"""Prices that are far from those around them: spikes, what looks like a split, and other jumps."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.feeds.arrays import Floats, Integers, Mask
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.notes import PLACES, Note

JUMP = 1.5
"""Factor by which a close may differ from the close before, upwards or (two thirds) downwards."""
SPIKE = 1.05
"""A spike is a high or low that is beyond the closes before and after by this factor,"""
SPIKE_REACHES = 20
"""and by so many times the usual reach of the bars around it."""
AROUND = 50
"""Bars on either side whose median reach is the usual one."""
SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
"""Factors of usual splits; those of reverse splits are their inverses."""
SPLIT_ERROR = 0.03
"""How far the step from a close to the next open may be from such a factor."""
VOLUME_BARS = 10
"""Bars before and after a split whose median volumes differ by the root of its factor, or more."""
_CHUNK = 10_000
_FACTORS = np.array([*(1.0 / factor for factor in SPLITS), *SPLITS])


class _Steps(msgspec.Struct, frozen=True):
    """Bars, symbol after symbol, with the closes before and after each; at a symbol's ends its own first and last price."""

    bars: BarColumns
    fresh: Mask
    """Whether a bar is its symbol's first."""
    before: Floats
    after: Floats


def price_steps(bars: BarColumns) -> list[Note]:
    """Notes on spikes, splits and jumps; no bar is in two of them.

    Parameters
    ----------
    bars
        Symbol after symbol, each in order of time; at least one.
    """
    fresh = bars.first_of_symbol()
    last = np.append(fresh[1:], True)
    before = np.where(fresh, bars.open, np.roll(bars.close, 1))
    steps = _Steps(bars, fresh, before, np.where(last, bars.close, np.roll(bars.close, -1)))
    notes, explained = _find_spikes(steps)
    splits, explained = _find_splits(steps, explained)
    return notes + splits + _find_jumps(steps, explained)


def _find_spikes(steps: _Steps) -> tuple[list[Note], Mask]:
    """A note on spikes, and the bars of which each is one or follows one."""
    bars, before, after = steps.bars, steps.before, steps.after
    above = bars.high / np.maximum(before, after)
    below = np.minimum(before, after) / bars.low
    at = np.flatnonzero((above > SPIKE) | (below > SPIKE))
    height = np.maximum(above[at], below[at])
    kept = height - 1.0 > SPIKE_REACHES * _usual_reach(steps, at)
    at, height = at[kept], height[kept]
    explained = np.zeros(before.size + 1, dtype=np.bool_)
    explained[at] = explained[at + 1] = True
    if not at.size:
        return [], explained[:-1]
    far = int(at[np.argmax(height)])
    name, price = ("high", bars.high[far]) if above[far] >= below[far] else ("low", bars.low[far])
    told = "1 bar reaches" if at.size == 1 else f"{at.size:,} bars reach"
    text = (
        f"{told} far beyond the closes before and after; the farthest is {bars.describe(far)}, whose {name} is {price:.12g} "
        f"between closes of {before[far]:.12g} and {after[far]:.12g}: likely a wrong price; check these rows"
    )
    return [_note("spike", text, bars, at)], explained[:-1]


def _usual_reach(steps: _Steps, at: Integers) -> Floats:
    """The median, around each place, of how far its symbol's bars reach: high over low, the close before included."""
    bars, bounds = steps.bars, np.append(np.flatnonzero(steps.fresh), steps.fresh.size)
    symbol = np.searchsorted(bounds, at, side="right")
    first, size = bounds[symbol - 1], bounds[symbol] - bounds[symbol - 1]
    start = np.clip(at - first - AROUND, 0, np.maximum(size - 2 * AROUND - 1, 0))
    found = np.empty(at.size)
    for begin in range(0, at.size, _CHUNK):
        part = (slice(begin, begin + _CHUNK), None)
        window = first[part] + (start[part] + np.arange(2 * AROUND + 1)) % size[part]
        high = np.maximum(bars.high[window], steps.before[window])
        low = np.minimum(bars.low[window], steps.before[window])
        found[part[0]] = np.median(high / low, axis=1) - 1.0
    return found


def _find_splits(steps: _Steps, explained: Mask) -> tuple[list[Note], Mask]:
    """A note on steps that look like splits, and the bars that are explained with them."""
    bars, before = steps.bars, steps.before
    least = SPLITS[0] * (1.0 - SPLIT_ERROR)
    at = np.flatnonzero(((bars.open > least * before) | (before > least * bars.open)) & ~explained)
    step = bars.open[at] / before[at]
    factor = _FACTORS[np.argmin(np.abs(np.log(_FACTORS[:, None]) - np.log(step)), axis=0)]
    near = np.abs(step / factor - 1.0) <= SPLIT_ERROR
    near[near] = [_volume_agrees(bars, int(place), float(by)) for place, by in zip(at[near], factor[near], strict=True)]
    at, factor = at[near], factor[near]
    if not at.size:
        return [], explained
    explained = explained.copy()
    explained[at] = True
    first = int(at[0])
    told = "1 step looks like a split" if at.size == 1 else f"{at.size:,} steps look like splits; the first"
    text = (
        f"{told}, {_split_ratio(float(factor[0]))}, at {bars.describe(first)}: the open is {bars.open[first]:.12g} after "
        f"a close of {before[first]:.12g}; use prices that are adjusted for splits"
    )
    return [_note("split", text, bars, at)], explained


def _volume_agrees(bars: BarColumns, at: int, factor: float) -> bool:
    """Whether the usual volume changes at a bar as it does by a split; True where there is no volume to tell."""
    if bars.volume is None:
        return True
    low = max(at - VOLUME_BARS, int(np.searchsorted(bars.code, bars.code[at])))
    high = min(at + VOLUME_BARS, int(np.searchsorted(bars.code, bars.code[at], side="right")))
    earlier, later = float(np.median(bars.volume[low:at])), float(np.median(bars.volume[at:high]))
    if earlier == 0.0 or later == 0.0:
        return earlier == later
    return bool(-np.log(later / earlier) / np.log(factor) >= 0.5)


def _split_ratio(factor: float) -> str:
    """The split that multiplies a price by ``factor``.

    >>> _split_ratio(0.5), _split_ratio(1.5), _split_ratio(1 / 1.5)
    ('2 for 1', '2 for 3', '3 for 2')
    """
    shares = 1.0 / factor if factor < 1.0 else factor
    many, few = (f"{2 * shares:.0f}", "2") if shares % 1.0 > 0.25 and shares < 2 else (f"{shares:.0f}", "1")
    return f"{many} for {few}" if factor < 1.0 else f"{few} for {many}"


def _find_jumps(steps: _Steps, explained: Mask) -> list[Note]:
    bars, before = steps.bars, steps.before
    at = np.flatnonzero(((bars.close > JUMP * before) | (before > JUMP * bars.close)) & ~explained & ~steps.fresh)
    if not at.size:
        return []
    far = int(at[np.argmax(np.abs(np.log(bars.close[at] / before[at])))])
    told = "1 close is" if at.size == 1 else f"{at.size:,} closes are"
    text = (
        f"{told} more than {JUMP:g} times the close before, or less than two thirds of it; the farthest is that of "
        f"{bars.describe(far)}, {bars.close[far]:.12g} after {before[far]:.12g}: likely a unit or split error; check "
        "these rows"
    )
    return [_note("jump", text, bars, at)]


def _note(kind: str, text: str, bars: BarColumns, at: Integers) -> Note:
    return Note(kind=kind, text=text, count=at.size, places=tuple(bars.describe(index) for index in at[:PLACES].tolist()))
