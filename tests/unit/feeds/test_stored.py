"""The bars of a store as a feed: the same slices, positions and opens as those of the feed that the run had."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.core.errors import DataError, StateError
from alpha_pulse.core.stateful import digest
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.feeds.base import Feed, FeedInfo
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.stored import StoredFeed
from data.stores.make import feed


def stored(original: ReplayFeed, *sizes: int) -> StoredFeed:
    """The slices of a feed, delivered in blocks of some sizes, as a stored feed."""
    original.seek(0)
    blocks = [block for size in sizes if (block := original.next_block(size)) is not None]
    original.seek(0)
    info = FeedInfo(original.interval_ns, original.has_volume, original.has_quotes)
    return StoredFeed(BarBlock.joined(blocks), info, original.identity)


@pytest.mark.parametrize("sizes", [(400,), (1, 7, 1, 300, 1)])
def test_it_delivers_what_the_feed_of_the_run_did(sizes: tuple[int, ...]) -> None:
    original = feed()
    again: Feed = stored(original, *sizes)
    for name in ("symbols", "interval_ns", "has_volume", "has_quotes", "total_bars", "identity"):
        assert getattr(again, name) == getattr(original, name), name
    for _ in range(original.total_slices):
        slice_ = original.next_slice()
        assert slice_ is not None
        assert again.next_slice() == slice_
        assert (again.position, digest({"feed": again.snapshot()})) == (
            original.position,
            digest({"feed": original.snapshot()}),
        )
    assert again.next_slice() is None
    again.seek(100)
    original.seek(100)
    block, expected = again.next_block(50), original.next_block(50)
    assert block is not None
    assert expected is not None
    assert block.seq == expected.seq == 100
    assert [block.slice(index) for index in range(50)] == [expected.slice(index) for index in range(50)]


def test_opens_are_those_of_the_bars_where_they_differ_in_length() -> None:
    columns = feed().columns
    ends = columns.ts_start + columns.interval_ns
    ends[columns.code == 0] -= np.arange(int((columns.code == 0).sum())) % 3
    original = ReplayFeed(msgspec.structs.replace(columns, ts_end=ends))
    again = stored(original, original.total_slices)
    for row in range(0, original.total_bars, 7):
        symbol, end = original.symbols[int(again.bars.code[row])], int(again.bars.ts_event[row])
        assert again.bar_open(symbol, end) == original.bar_open(symbol, end)
    for symbol in ("LEFT", "NONE"):
        assert again.bar_open(symbol, 5 * DAY_NS) == original.bar_open(symbol, 5 * DAY_NS) == 5 * DAY_NS - columns.interval_ns


def test_a_position_outside_and_a_state_of_other_bars_are_refused() -> None:
    original = feed()
    again = stored(original, 100)
    with pytest.raises(DataError, match=r"position 101 is outside this feed; expected 0 to 100"):
        again.seek(101)
    original.seek(101)
    with pytest.raises(StateError, match=r"the saved position is 101, but this feed has 100 slices"):
        again.restore(original.snapshot())
    original.seek(40)
    again.restore(original.snapshot())
    assert again.position == 40
