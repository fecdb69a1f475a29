"""Data quality warnings: bars that are possible but suspicious are reported by fixed rules, not refused and not changed."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.bar_times import DATE_SHIFT_NS, months_of
from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.feeds.arrays import Mask
from alpha_pulse.feeds.bar_times import stamped_at_end
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.interval import interval_of_steps, show_interval
from alpha_pulse.feeds.notes import PLACES, Note, show_time, some
from alpha_pulse.feeds.option_names import option
from alpha_pulse.feeds.quality.gaps import find_gaps
from alpha_pulse.feeds.quality.price_steps import price_steps
from alpha_pulse.feeds.quality.sessions import SATURDAY
from alpha_pulse.feeds.runs import runs

SHORT = 2
"""A stated interval is reported when the most frequent step is this many times as long, or longer."""
STILL = 10
"""The least number of consecutive bars without volume, or without a move, that are reported."""
APART = 0.05
"""Fraction of the whole time range by which a symbol may start later or end earlier than another."""
MANY_GAPS = 100
"""More than one gap in this many bars is typical of a source that omits bars without trades."""
LATE = 3
"""The least number of bars for the warning that most times are ends of weeks or months."""
MANY = 20
"""The least number of bars for the warning that most of them have one price only."""


def find_warnings(columns: BarColumns, *, interval_stated: bool = False) -> list[Note]:
    """All warnings about bars, at most one of each kind.

    Parameters
    ----------
    columns
        In any order in which each symbol's time increases.
    interval_stated
        Whether the length of a bar was stated, not inferred.

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
    found_gaps = [
        (int(count), symbol, int(start), int(end))
        for symbol, part in bars.symbol_slices()
        for gaps_of_symbol in (find_gaps(bars.ts_start[part], bars.interval_ns),)
        for count, start, end in zip(gaps_of_symbol.bars, gaps_of_symbol.start, gaps_of_symbol.end, strict=True)
    ]
    if not found_gaps:
        return []

    def place(gap: tuple[int, str, int, int]) -> str:
        return f"{gap[1]} from {show_time(gap[2])} to {show_time(gap[3])}"

    missing = sum(gap[0] for gap in found_gaps)
    longest = max(found_gaps, key=lambda gap: gap[0])
    description = "1 bar is" if missing == 1 else f"{missing:,} bars are"
    where = "" if len(found_gaps) == 1 else f", in {len(found_gaps):,} gaps; the longest, {longest[0]:,} bars, is that of"
    thin = ". Sources that omit bars without trades write such files" if MANY_GAPS * len(found_gaps) > bars.code.size else ""
    text = f"{description} missing inside usual sessions{where or ':'} {place(longest)}{thin}"
    return [Note(kind="gap", text=text, count=missing, places=tuple(map(place, found_gaps[:PLACES])))]


def _without_moves(bars: BarColumns) -> list[Note]:
    """Symbols whose price never changes, and runs of bars without a move."""
    flat = (bars.high == bars.low) & (bars.close == np.where(bars.first_of_symbol(), bars.open, np.roll(bars.close, 1)))
    constant = []
    for symbol, part in bars.symbol_slices():
        close = bars.close[part]
        if close.size >= STILL and close.min() == close.max():
            constant.append(symbol)
            flat[part] = False
    tail = "is the same in all bars: there is nothing to predict or to trade"
    return _note_on_symbols("constant", "the close of", constant, tail) + _long_runs(
        bars, flat, "stale", "do not move, as if prices were not updated"
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
    tail = "is 0 in all bars; remove the column where there is no volume"
    return _note_on_symbols("no_volume", "the volume of", empty, tail) + _long_runs(bars, none, "zero_volume", "have no volume")


def _one_price(bars: BarColumns) -> list[Note]:
    """Symbols most of whose bars have equal high and low, although the price moves from bar to bar."""
    one = (bars.high == bars.low) & (bars.close != np.where(bars.first_of_symbol(), np.nan, np.roll(bars.close, 1)))
    symbols = [
        symbol for symbol, part in bars.symbol_slices() if one[part].size >= MANY and 2 * int(one[part].sum()) > one[part].size
    ]
    tail = "have equal high and low: features from ranges and stop orders mean little"
    return _note_on_symbols("flat_bars", "most bars of", symbols, tail)


def _different_ranges(bars: BarColumns) -> list[Note]:
    """Symbols that start later or end earlier than others."""
    spans = {symbol: (int(bars.ts_start[part][0]), int(bars.ts_start[part][-1])) for symbol, part in bars.symbol_slices()}
    begin, end = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
    most = APART * (end - begin)
    different = {symbol: span for symbol, span in spans.items() if span[0] - begin > most or end - span[1] > most}
    if not different:
        return []
    symbol, span = max(different.items(), key=lambda item: end - begin - (item[1][1] - item[1][0]))
    head = f"the bars cover {show_time(begin)} to {show_time(end)}, but those of"
    tail = f"only a part of that; the shortest is {symbol}, {show_time(span[0])} to {show_time(span[1])}"
    return _note_on_symbols("unequal_spans", head, list(different), tail)


def _stamped_at_end(bars: BarColumns) -> list[Note]:
    """Weeks and months whose times are their ends, although times are read as opens."""
    if bars.interval_ns == DAY_NS:
        return _stamped_at_end_of_day(bars)
    late = stamped_at_end(bars.ts_start, bars.interval_ns)
    if late.size < LATE or 2 * late.sum() <= late.size:
        return []
    where = "the last days of months" if months_of(bars.interval_ns) else "Fridays"
    text = (
        f"{late.sum():,} of {late.size:,} bars of {show_interval(bars.interval_ns)} have times on {where}, as from a source "
        f"that stamps bars by their close; if so, add {option('stamp', 'close')}"
    )
    return [Note(kind="late_stamps", text=text, count=int(late.sum()))]


def _stamped_at_end_of_day(bars: BarColumns) -> list[Note]:
    """Daily bars from Tuesday to Saturday, as where the end of a session was read as its start."""
    weekday = ((bars.ts_start + DATE_SHIFT_NS) // DAY_NS + 3) % 7
    count = int((weekday == SATURDAY).sum())
    if count < LATE or (weekday == (SATURDAY + 2) % 7).any():
        return []
    text = (
        f"{count:,} of {weekday.size:,} bars of 1d are on Saturdays, and none on a Monday, as from a source that stamps "
        f"bars by their close; if so, add {option('stamp', 'close')}"
    )
    return [Note(kind="late_stamps", text=text, count=count)]


def _short_interval(bars: BarColumns) -> list[Note]:
    """A stated interval that is much shorter than the steps between bars."""
    for symbol, part in bars.symbol_slices():
        step = interval_of_steps(bars.ts_start[part])
        if step is not None and step >= SHORT * bars.interval_ns:
            stated = show_interval(bars.interval_ns)
            head = f"the option interval states bars of {stated}, but the most frequent step between those of"
            tail = f"is {show_interval(step)}; if bars have that length, use {option('interval', show_interval(step))}"
            return _note_on_symbols("short_interval", head, [symbol], tail)
    return []


def _note_on_symbols(kind: str, head: str, symbols: list[str], tail: str) -> list[Note]:
    """A note on symbols; none where the list is empty."""
    if not symbols:
        return []
    text = f"{head} {some(symbols)} {tail}"
    return [Note(kind=kind, text=text, count=len(symbols), places=tuple(symbols[:PLACES]))]


def _long_runs(bars: BarColumns, mask: Mask, kind: str, description: str) -> list[Note]:
    """A note on runs of at least `STILL` bars."""
    first, length = runs(mask, bars.first_of_symbol())
    first, length = first[length >= STILL], length[length >= STILL]
    if not first.size:
        return []

    longest = int(np.argmax(length))
    many = f"in {first.size:,} runs of {STILL} or more, the longest of {int(length[longest]):,},"
    where = "in a row" if first.size == 1 else many
    text = f"{int(length.sum()):,} bars {where} {description}: {bars.describe(int(first[longest]))}"
    return [Note(kind=kind, text=text, count=int(length.sum()), places=tuple(map(bars.describe, first[:PLACES].tolist())))]
