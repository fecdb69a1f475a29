from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.types import Bar
from alpha_pulse.feeds.bar_block import ASK, BID, PRICES, VOLUME, BarBlock, Slice
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed

SYMBOLS = ("AAA", "BBB", "CCC")
a_market = st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=30, unique=True).map(sorted), min_size=1, max_size=3)
divisions = st.lists(st.integers(1, 25), min_size=1, max_size=5)


def feed(hours: list[list[int]], *, volume: bool, quotes: bool, lengths: bool) -> ReplayFeed:
    """Bars of each symbol that begin at its hours; where ``lengths``, every third of them is half as long."""
    code = np.array([place for place, own in enumerate(hours) for _ in own], dtype=np.int64)
    close: NDArray[np.float64] = 100.0 + np.arange(code.size, dtype=np.float64)
    starts = np.array([hour for own in hours for hour in own], dtype=np.int64) * HOUR_NS
    ends = starts + np.where(np.arange(code.size) % 3 == 0, HOUR_NS // 2, HOUR_NS)
    return ReplayFeed(
        BarColumns(
            symbols=SYMBOLS[: len(hours)],
            interval_ns=HOUR_NS,
            code=code,
            ts_start=starts,
            open=close + 0.1,
            high=close + 0.2,
            low=close - 0.2,
            close=close,
            volume=close * 7 if volume else None,
            bid=close - 0.01 if quotes else None,
            ask=close + 0.01 if quotes else None,
            ts_end=ends if lengths else None,
        )
    )


def drained(source: ReplayFeed) -> list[Slice]:
    slices = []
    while (one := source.next_slice()) is not None:
        slices.append(one)
    return slices


def blocks_of(source: ReplayFeed, sizes: list[int]) -> list[BarBlock]:
    blocks: list[BarBlock] = []
    while (block := source.next_block(sizes[len(blocks) % len(sizes)])) is not None:
        blocks.append(block)
    return blocks


@given(a_market, divisions, st.booleans(), st.booleans(), st.booleans())
def test_blocks_of_any_sizes_have_the_slices_that_come_one_by_one(
    hours: list[list[int]], sizes: list[int], volume: bool, quotes: bool, lengths: bool
) -> None:
    source, twin = (feed(hours, volume=volume, quotes=quotes, lengths=lengths) for _ in range(2))
    expected = drained(twin)
    blocks = blocks_of(source, sizes)
    assert [block.slice(index) for block in blocks for index in range(len(block))] == expected
    for block, first in zip(blocks, np.cumsum([0, *map(len, blocks)]).tolist(), strict=False):
        assert block.seq == first
        assert block.symbols == source.symbols
        assert block.times.tolist() == [one[0].ts_event for one in expected[first : first + len(block)]]
        assert np.isnan(block.prices[:, VOLUME]).all() == (not volume)
        assert np.isnan(block.prices[:, [BID, ASK]]).all() == (not quotes)
    assert [len(block) for block in blocks[:-1]] == [sizes[n % len(sizes)] for n in range(len(blocks) - 1)]
    assert source.next_block(1) is None
    assert source.snapshot() == twin.snapshot()


@given(a_market, divisions, st.data())
def test_slices_and_blocks_may_alternate(hours: list[list[int]], sizes: list[int], data: st.DataObject) -> None:
    source, found = feed(hours, volume=True, quotes=True, lengths=False), list[Slice]()
    expected = drained(feed(hours, volume=True, quotes=True, lengths=False))
    while source.position < source.total_slices:
        block = source.next_block(sizes[len(found) % len(sizes)]) if data.draw(st.booleans()) else None
        if block is None:
            one = source.next_slice()
            assert one is not None
            found.append(one)
        else:
            found += [block.slice(index) for index in range(len(block))]
        assert source.position == len(found)
    assert found == expected
    assert source.next_slice() is None


def without(bar: Bar, gone: set[str]) -> Bar:
    return msgspec.structs.replace(bar, **dict.fromkeys(gone))


@given(a_market, st.lists(st.sets(st.sampled_from(["volume", "bid", "ask"])), min_size=90, max_size=90))
def test_a_block_of_bars_that_exist_has_the_arrays_of_a_block_of_columns(hours: list[list[int]], gone: list[set[str]]) -> None:
    """Single bars may lack a volume or a quote: it is NaN."""
    slices = drained(feed(hours, volume=True, quotes=True, lengths=True))
    block = feed(hours, volume=True, quotes=True, lengths=True).next_block(len(slices))
    assert block is not None
    made = BarBlock.of(slices, SYMBOLS[: len(hours)])
    for name in ("starts", "code", "ts_event", "interval_ns", "prices"):
        assert getattr(made, name).tolist() == getattr(block, name).tolist()
        assert getattr(made, name).dtype == getattr(block, name).dtype
    holes = iter(gone)
    holed = [tuple(without(bar, next(holes)) for bar in one) for one in slices]
    made = BarBlock.of(holed, SYMBOLS[: len(hours)])
    again = BarBlock(made.symbols, made.seq, made.starts, made.code, made.ts_event, made.interval_ns, made.prices)
    assert [again.slice(index) for index in range(len(again))] == holed
    bars = [bar for one in holed for bar in one]
    lacking = [[value is None for value in (bar.volume, bar.bid, bar.ask)] for bar in bars]
    assert np.isnan(made.prices[:, [VOLUME, BID, ASK]]).tolist() == lacking


def test_rows_are_the_bars_slice_by_slice() -> None:
    block = BarBlock.of(drained(feed([[1, 2], [2, 5]], volume=False, quotes=False, lengths=False)), SYMBOLS)
    assert (len(block), block.starts.tolist(), block.slice_of_row.tolist()) == (3, [0, 1, 3, 4], [0, 1, 1, 2])
    assert block.code.tolist() == [0, 0, 1, 1]
    assert block.prices.shape == (4, PRICES)
    assert [bar.symbol for bar in block.slice(1)] == ["AAA", "BBB"]
    assert block.slice(1) is block.slice(1)
    assert all(type(value) is float for value in block.slice(0)[0].__reduce__()[1][3:7])
    assert math.isnan(block.prices[0, VOLUME])


@pytest.mark.parametrize("position", [0, 2, 3])
def test_a_block_begins_at_the_position(position: int) -> None:
    source = feed([[1, 2, 5]], volume=False, quotes=False, lengths=False)
    source.seek(position)
    block = source.next_block(9)
    assert (None if block is None else (block.seq, len(block))) == (None if position == 3 else (position, 3 - position))
    assert source.position == 3
