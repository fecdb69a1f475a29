from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import DataError, StateError
from alpha_pulse.core.stateful import Stateful, pack, unpack
from alpha_pulse.core.types import Bar
from alpha_pulse.feeds import FEEDS, replay
from alpha_pulse.feeds.base import Feed, Slice
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed

NAMES = ("AAA", "BBB", "CCC")


def columns(hours: list[list[int]], *, full: bool = False) -> BarColumns:
    """For each symbol the hours at which it has a bar; every number in a bar is its own."""
    code = np.array([place for place, own in enumerate(hours) for _ in own], dtype=np.int64)
    close = 100.0 + np.arange(code.size, dtype=np.float64)
    return BarColumns(
        symbols=NAMES[: len(hours)],
        interval_ns=HOUR_NS,
        code=code,
        ts_start=np.array([hour for own in hours for hour in own], dtype=np.int64) * HOUR_NS,
        open=close + 0.1,
        high=close + 0.2,
        low=close - 0.2,
        close=close,
        volume=close * 7 if full else None,
        bid=close - 0.01 if full else None,
        ask=close + 0.01 if full else None,
    )


def drain(feed: Feed) -> list[Slice]:
    slices = []
    while (here := feed.next_slice()) is not None:
        slices.append(here)
    return slices


a_market = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=40, unique=True).map(sorted), min_size=1, max_size=3)


@given(a_market, st.booleans())
def test_slices_partition_all_bars_in_order(hours: list[list[int]], full: bool) -> None:
    source = columns(hours, full=full)
    feed = ReplayFeed(source)
    slices = drain(feed)
    bars = [bar for here in slices for bar in here]
    expected = sorted(
        (int(source.ts_start[i]) + HOUR_NS, NAMES[source.code[i]], source.open[i], source.close[i])
        for i in range(source.code.size)
    )
    assert [(bar.ts_event, bar.symbol, bar.open, bar.close) for bar in bars] == expected
    assert [[bar.seq for bar in here] for here in slices] == [[number] * len(here) for number, here in enumerate(slices)]
    assert all(len({bar.ts_event for bar in here}) == 1 for here in slices)
    times = [here[0].ts_event for here in slices]
    assert times == sorted(set(times))
    assert (feed.total_slices, feed.position, feed.first_ts, feed.last_ts) == (len(slices), len(slices), times[0], times[-1])
    assert all(((bar.volume, bar.bid, bar.ask) != (None, None, None)) == full for bar in bars)
    assert all(type(value) is float for bar in bars for value in (bar.open, bar.high, bar.low, bar.close))


@settings(max_examples=50)
@given(a_market, st.data())
def test_seeking_delivers_the_rest(hours: list[list[int]], data: st.DataObject) -> None:
    feed = ReplayFeed(columns(hours))
    slices = drain(feed)
    position = data.draw(st.integers(0, len(slices)))
    feed.seek(position)
    assert feed.position == position
    assert drain(feed) == slices[position:]


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    source = columns([list(range(50)), list(range(0, 50, 3))])
    whole = drain(ReplayFeed(source))
    for size in (1, 2, 7):
        monkeypatch.setattr(replay, "GATHERED_BARS", size)
        feed = ReplayFeed(source)
        feed.seek(5)
        assert drain(feed) == whole[5:]
        assert feed.next_slice() is None


def test_the_end_is_the_end_until_a_seek() -> None:
    feed = ReplayFeed(columns([[1, 2]]))
    drain(feed)
    assert feed.next_slice() is None
    assert feed.position == 2
    feed.seek(1)
    assert len(drain(feed)) == 1


@pytest.mark.parametrize("position", [-1, 3])
def test_a_position_outside_is_refused(position: int) -> None:
    with pytest.raises(DataError, match="expected 0 to 2; seek to one of these"):
        ReplayFeed(columns([[1, 2]])).seek(position)


def test_a_cut_is_the_beginning_and_its_state_is_the_same() -> None:
    feed = ReplayFeed(columns([list(range(30)), list(range(0, 30, 4))]))
    short = feed.cut(11)
    assert drain(short) == drain(feed)[:11]
    feed.seek(11)
    assert pack({"feed": feed.snapshot()}) == pack({"feed": short.snapshot()})
    assert short.identity != feed.identity
    with pytest.raises(DataError, match="1 to 30"):
        feed.cut(31)


def test_the_state_round_trip_continues() -> None:
    feed = ReplayFeed(columns([list(range(30))]))
    assert isinstance(feed, Feed)
    assert isinstance(feed, Stateful)
    for _ in range(9):
        feed.next_slice()
    blob = pack({"feed": feed.snapshot()})
    twin = ReplayFeed(columns([list(range(30))]))
    twin.restore(unpack(blob)[0]["feed"])
    assert pack({"feed": twin.snapshot()}) == blob
    assert drain(twin) == drain(feed)


def test_the_state_of_other_data_is_refused() -> None:
    feed = ReplayFeed(columns([list(range(30))]))
    drain(feed)
    with pytest.raises(StateError, match="this feed has 5 slices"):
        ReplayFeed(columns([list(range(5))])).restore(feed.snapshot())
    with pytest.raises(StateError, match="another bar at position 30"):
        ReplayFeed(columns([list(range(1, 31))])).restore(feed.snapshot())


def test_identity_names_the_content() -> None:
    def identity(source: BarColumns) -> str:
        return ReplayFeed(source).identity

    source = columns([[1, 2, 3]], full=True)
    assert identity(source) == identity(columns([[1, 2, 3]], full=True))
    others = [columns([[1, 2, 3]]), columns([[1, 2, 4]], full=True), columns([[1, 2], [3]], full=True)]
    moved = columns([[1, 2, 3]], full=True)
    moved.close[1] = np.nextafter(moved.close[1], 0)
    assert len({identity(source), *map(identity, [*others, moved])}) == 5


def test_arrays_are_checked_like_files() -> None:
    source = columns([[1, 2, 3]])
    source.high[1] = 1.0
    with pytest.raises(DataError, match="the arrays, row 2: column 'high'"):
        ReplayFeed(source)


def test_the_bar_is_stamped_by_its_end() -> None:
    first = ReplayFeed(columns([[4]])).next_slice()
    assert first == (Bar("AAA", 5 * HOUR_NS, HOUR_NS, 100.1, 100.2, 99.8, 100.0),)


def test_the_table_names_classes_that_exist() -> None:
    for target in FEEDS.values():
        module, _, name = target.partition(":")
        assert hasattr(__import__(module, fromlist=[name]), name)
