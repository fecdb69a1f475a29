"""What is odd about bars that could have happened: reported by stated rules, never refused and never repaired."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.bar_times import DATE_SHIFT_NS, months_of
from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.feeds.arrays import Mask
from alpha_pulse.feeds.bar_times import stamped_at_end
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.interval import interval_of_steps, show_interval
from alpha_pulse.feeds.notes import PLACES, Note, show_time, some
from alpha_pulse.feeds.quality.gaps import find_gaps
from alpha_pulse.feeds.quality.price_steps import price_steps
from alpha_pulse.feeds.quality.sessions import SATURDAY
from alpha_pulse.feeds.runs import runs

SHORT = 2
"""A stated interval is reported when the most frequent step is this many times as long, or longer."""
STILL = 10
"""Bars in a row without volume, or without any move, that are reported."""
APART = 0.05
"""Part of the whole span by which a symbol may begin later or end earlier than another."""
MANY_GAPS = 100
"""More than one gap in so many bars is what a market without trades in many bars looks like."""
LATE = 3
"""Bars from which on it is reported that most of them are stamped where a week or a month ends."""
MANY = 20
"""Bars from which on it is reported that most of them have one price only."""


def find_warnings(columns: BarColumns, *, interval_stated: bool = False) -> list[Note]:
    """Everything odd about bars, each kind once.

    Parameters
    ----------
    columns
        In any order in which each symbol's time increases.
    interval_stated
        Whether the length of a bar was stated, rather than taken from the bars.

    >>> from alpha_pulse.feeds.synthetic import random_walk
    >>> find_warnings(random_walk(1_000, seed=1).columns)
    []
    """
    bars = columns.sorted_by_symbol()
    return [
        *price_steps(bars),
        *_missing_bars(bars),
        *_without_moves(bars),
        *_without_volume(bars),
        *_one_price(bars),
        *_different_ranges(bars),
        *(_short_interval(bars) if interval_stated else ()),
        *_stamped_at_end(bars),
    ]


def _missing_bars(bars: BarColumns) -> list[Note]:
    """Bars that are missing inside usual sessions."""
    found = [
        (int(count), symbol, int(start), int(end))
        for symbol, part in bars.symbol_slices()
        for each in (find_gaps(bars.ts_start[part], bars.interval_ns),)
        for count, start, end in zip(each.bars, each.start, each.end, strict=True)
    ]
    if not found:
        return []

    def place(gap: tuple[int, str, int, int]) -> str:
        return f"{gap[1]} from {show_time(gap[2])} to {show_time(gap[3])}"

    missing = sum(gap[0] for gap in found)
    longest = max(found, key=lambda gap: gap[0])
    told = "1 bar is" if missing == 1 else f"{missing:,} bars are"
    where = "" if len(found) == 1 else f", in {len(found):,} gaps; the longest, {longest[0]:,} bars, is that of"
    thin = ". A source that leaves out bars without trades writes such files" if MANY_GAPS * len(found) > bars.code.size else ""
    text = f"{told} missing inside usual sessions{where or ':'} {place(longest)}{thin}"
    return [Note(kind="gap", text=text, count=missing, places=tuple(map(place, found[:PLACES])))]


def _without_moves(bars: BarColumns) -> list[Note]:
    """Symbols whose price never changes, and runs of bars that do not move."""
    flat = (bars.high == bars.low) & (bars.close == np.where(bars.first_of_symbol(), bars.open, np.roll(bars.close, 1)))
    constant = []
    for symbol, part in bars.symbol_slices():
        close = bars.close[part]
        if close.size >= STILL and close.min() == close.max():
            constant.append(symbol)
            flat[part] = False
    tail = "is the same in all bars: there is nothing to predict or to trade"
    return _note_on_symbols("constant", "the close of", constant, tail) + _long_runs(
        bars, flat, "stale", "stand still, as prices do that are not updated"
    )


def _without_volume(bars: BarColumns) -> list[Note]:
    """Symbols without any volume, and runs of bars without one."""
    if bars.volume is None:
        return []
    none = bars.volume == 0.0
    empty = []
    for symbol, part in bars.symbol_slices():
        if none[part].all():
            empty.append(symbol)
            none[part] = False
    tail = "is 0 in all bars; leave the column out where there is no volume"
    return _note_on_symbols("no_volume", "the volume of", empty, tail) + _long_runs(bars, none, "zero_volume", "have no volume")


def _one_price(bars: BarColumns) -> list[Note]:
    """Symbols most of whose bars have one price only, though it moves from bar to bar."""
    one = (bars.high == bars.low) & (bars.close != np.where(bars.first_of_symbol(), np.nan, np.roll(bars.close, 1)))
    found = [
        symbol for symbol, part in bars.symbol_slices() if one[part].size >= MANY and 2 * int(one[part].sum()) > one[part].size
    ]
    tail = "have one price only (high and low are equal): ranges and stops mean little there"
    return _note_on_symbols("flat_bars", "most bars of", found, tail)


def _different_ranges(bars: BarColumns) -> list[Note]:
    """Symbols that begin later or end earlier than others."""
    spans = {symbol: (int(bars.ts_start[part][0]), int(bars.ts_start[part][-1])) for symbol, part in bars.symbol_slices()}
    begin, end = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
    most = APART * (end - begin)
    apart = {symbol: span for symbol, span in spans.items() if span[0] - begin > most or end - span[1] > most}
    if not apart:
        return []
    symbol, span = max(apart.items(), key=lambda item: end - begin - (item[1][1] - item[1][0]))
    head = f"the bars span {show_time(begin)} to {show_time(end)}, but those of"
    tail = f"only a part of it; the shortest is {symbol}, {show_time(span[0])} to {show_time(span[1])}"
    return _note_on_symbols("unequal_spans", head, list(apart), tail)


def _stamped_at_end(bars: BarColumns) -> list[Note]:
    """Weeks and months that are stamped where they end, as if they began there."""
    if bars.interval_ns == DAY_NS:
        return _stamped_at_end_of_day(bars)
    late = stamped_at_end(bars.ts_start, bars.interval_ns)
    if late.size < LATE or 2 * late.sum() <= late.size:
        return []
    where = "the last days of months" if months_of(bars.interval_ns) else "Fridays"
    text = (
        f"{late.sum():,} of {late.size:,} bars of {show_interval(bars.interval_ns)} are stamped with {where}, as by a source "
        "that stamps a bar by its close; --stamp close states it"
    )
    return [Note(kind="late_stamps", text=text, count=int(late.sum()))]


def _stamped_at_end_of_day(bars: BarColumns) -> list[Note]:
    """Days that come out as Tuesdays to Saturdays, as if the evening on which a session ended were when it began."""
    weekday = ((bars.ts_start + DATE_SHIFT_NS) // DAY_NS + 3) % 7
    count = int((weekday == SATURDAY).sum())
    if count < LATE or (weekday == (SATURDAY + 2) % 7).any():
        return []
    text = (
        f"{count:,} of {weekday.size:,} bars of 1d come out as Saturdays, and none as Monday, as those of a source that stamps "
        "a bar by its close; --stamp close states it"
    )
    return [Note(kind="late_stamps", text=text, count=count)]


def _short_interval(bars: BarColumns) -> list[Note]:
    """A stated interval that is much shorter than the steps between bars."""
    for symbol, part in bars.symbol_slices():
        step = interval_of_steps(bars.ts_start[part])
        if step is not None and step >= SHORT * bars.interval_ns:
            stated = show_interval(bars.interval_ns)
            head = f"the bars are stated to last {stated}, but the most frequent step between those of"
            tail = f"is {show_interval(step)}; if they last as long as that, give --interval {show_interval(step)}"
            return _note_on_symbols("short_interval", head, [symbol], tail)
    return []


def _note_on_symbols(kind: str, head: str, symbols: list[str], tail: str) -> list[Note]:
    """A note on symbols; none where there are none."""
    if not symbols:
        return []
    text = f"{head} {some(symbols)} {tail}"
    return [Note(kind=kind, text=text, count=len(symbols), places=tuple(symbols[:PLACES]))]


def _long_runs(bars: BarColumns, mask: Mask, kind: str, told: str) -> list[Note]:
    """A note on runs of at least `STILL` bars."""
    first, length = runs(mask, bars.first_of_symbol())
    first, length = first[length >= STILL], length[length >= STILL]
    if not first.size:
        return []

    longest = int(np.argmax(length))
    many = f"in {first.size:,} runs of {STILL} or more, the longest of {int(length[longest]):,},"
    where = "in a row" if first.size == 1 else many
    text = f"{int(length.sum()):,} bars {where} {told}: {bars.describe(int(first[longest]))}"
    return [Note(kind=kind, text=text, count=int(length.sum()), places=tuple(map(bars.describe, first[:PLACES].tolist())))]
