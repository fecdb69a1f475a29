from __future__ import annotations

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.bar_times import MONTH_NS
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, SECOND_NS, WEEK_NS
from alpha_pulse.data import bundled
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.notes import Note
from alpha_pulse.feeds.quality.warnings import find_warnings
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk

PRICES = ("open", "high", "low", "close")
MINUTE_NS = 60 * SECOND_NS


def walk(bars: int = 400, market: Market | None = None) -> BarColumns:
    return random_walk(bars, seed=1, market=market or Market(has_volume=True)).columns


def scaled(factors: dict[int, float], columns: BarColumns) -> BarColumns:
    """Bars whose prices are multiplied by each factor from its row on."""
    by = np.ones(columns.code.size)
    for row, factor in factors.items():
        by[row:] *= factor
    return msgspec.structs.replace(columns, **{name: getattr(columns, name) * by for name in PRICES})


def changed(columns: BarColumns, rows: int | slice, **values: float) -> BarColumns:
    """Bars with other numbers in some rows."""
    arrays = {name: getattr(columns, name).copy() for name in values}
    for name, value in values.items():
        arrays[name][rows] = value
    return msgspec.structs.replace(columns, **arrays)


def only(columns: BarColumns, *, interval_stated: bool = False) -> Note:
    (note,) = find_warnings(columns, interval_stated=interval_stated)
    return note


@pytest.mark.parametrize("name", sorted(bundled()))
def test_the_bundled_bars_have_nothing_odd(name: str) -> None:
    assert find_warnings(ReplayFeed.from_file(bundled()[name]).columns) == []


@pytest.mark.parametrize("volatility", [1e-4, 0.002, 0.03])
@pytest.mark.parametrize("interval_ns", [MINUTE_NS, HOUR_NS, DAY_NS, 7 * DAY_NS])
def test_a_walk_has_nothing_odd(volatility: float, interval_ns: int) -> None:
    for seed in range(3):
        market = Market(symbols=("A", "B"), interval_ns=interval_ns, volatility=volatility, has_volume=True)
        assert find_warnings(random_walk(3_000, seed=seed, market=market).columns) == []


def test_one_bar_has_nothing_odd() -> None:
    assert find_warnings(walk(400).pick(slice(0, 1))) == []
    assert find_warnings(scaled({10: 1.3, 20: 1 / 1.3}, walk())) == []


@pytest.mark.parametrize("factor", [1_000.0, 1.8, 1 / 1.8, 0.001])
def test_a_jump_is_reported_with_its_place(factor: float) -> None:
    columns = scaled({20: factor}, walk())
    note = only(columns)
    assert (note.kind, note.count, note.places) == ("jump", 1, ("SYN at 2020-01-01 20:00:00 UTC",))
    assert note.text.startswith("1 close is more than 1.5 times")
    assert f"that of SYN at 2020-01-01 20:00:00 UTC, {columns.close[20]:.12g} after {columns.close[19]:.12g}" in note.text


def test_a_jump_near_no_split_is_none_without_volume_too() -> None:
    assert only(scaled({20: 1.8}, walk(market=Market()))).kind == "jump"


def test_a_symbol_begins_with_no_jump() -> None:
    assert find_warnings(changed(walk(), 0, open=50.0, low=50.0)) == []


def test_bars_that_a_source_leaves_out_are_explained() -> None:
    columns = random_walk(5_000, seed=1).columns
    note = only(columns.pick(np.flatnonzero(np.random.default_rng(1).random(5_000) < 0.9)))
    assert note.kind == "gap"
    assert note.text.endswith("Sources that omit bars without trades write such files")


def test_all_jumps_are_counted_and_the_farthest_is_named() -> None:
    note = only(scaled({10: 1.8, 20: 100.0, 30: 1 / 1.8}, walk()))
    assert (note.kind, note.count) == ("jump", 3)
    assert note.text.startswith("3 closes are")
    assert "farthest is that of SYN at 2020-01-01 20:00:00" in note.text


def test_symbols_are_not_compared_with_each_other() -> None:
    columns = walk(market=Market(symbols=("A", "B")))
    apart = np.where(columns.code == 1, 1_000.0, 1.0)
    assert find_warnings(msgspec.structs.replace(columns, **{name: getattr(columns, name) * apart for name in PRICES})) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"high": 300.0}, "whose high is 300 between closes"),
        ({"low": 3.0}, "whose low is 3 between closes"),
        ({"high": 300.0, "close": 300.0}, "whose high is 300 between closes"),
    ],
)
@pytest.mark.parametrize("row", [0, 100, 399])
def test_a_price_that_is_far_away_and_back_is_a_spike_and_no_jump(values: dict[str, float], said: str, row: int) -> None:
    note = only(changed(walk(), row, **values))
    at_the_end = "close" in values and row == 399  # nobody knows yet whether it comes back
    assert (note.kind, note.count) == ("jump" if at_the_end else "spike", 1)
    assert at_the_end or said in note.text


def test_a_wild_market_has_no_spikes_but_a_calm_one_of_the_same_move_has() -> None:
    for volatility, count in ((0.02, 0), (0.0005, 1)):
        columns = walk(market=Market(volatility=volatility))
        close = max(columns.close[99], columns.close[100], columns.close[101])
        assert sum(note.count for note in find_warnings(changed(columns, 100, high=1.12 * close))) == count


@pytest.mark.parametrize(("factor", "name"), [(0.5, "2 for 1"), (1 / 3, "3 for 1"), (2 / 3, "3 for 2"), (10.0, "1 for 10")])
@pytest.mark.parametrize("has_volume", [True, False])
def test_a_split_is_told_from_a_jump(factor: float, name: str, has_volume: bool) -> None:
    columns = scaled({200: factor}, walk(market=Market(has_volume=has_volume)))
    if columns.volume is None:
        assert only(columns).kind == "split"
        return
    scale = np.where(np.arange(400) >= 200, 1 / factor, 1.0)
    note = only(msgspec.structs.replace(columns, volume=np.full(400, 50.0) * scale))
    assert (note.kind, note.count) == ("split", 1)
    assert (
        f"looks like a split, {name}, at SYN at 2020-01-09 08:00:00 UTC: the open is {columns.open[200]:.12g} after"
        in note.text
    )
    other = msgspec.structs.replace(columns, volume=np.full(400, 50.0) / scale)
    assert [each.kind for each in find_warnings(other)] == ["jump"]


def test_runs_without_volume_are_reported_and_single_bars_are_not() -> None:
    columns = changed(walk(), slice(50, 62), volume=0.0)
    note = only(changed(changed(columns, slice(200, 209), volume=0.0), slice(300, 315), volume=0.0))
    assert (note.kind, note.count) == ("zero_volume", 27)
    assert "27 bars in 2 runs of 10 or more, the longest of 15, have no volume: SYN at 2020-01-13 12:00:00 UTC" in note.text
    note = only(changed(walk(), slice(None), volume=0.0))
    assert (note.kind, note.places) == ("no_volume", ("SYN",))


def test_bars_that_stand_still_are_reported() -> None:
    columns = walk(market=Market())
    price = float(columns.close[99])
    still = dict.fromkeys(PRICES, price)
    assert find_warnings(changed(columns, slice(100, 109), **still)) == []
    note = only(changed(columns, slice(100, 110), **still))
    assert (note.kind, note.count, note.places) == ("stale", 10, ("SYN at 2020-01-05 04:00:00 UTC",))
    note = only(changed(columns, slice(None), **still))
    assert (note.kind, note.count, note.places) == ("constant", 1, ("SYN",))


def test_bars_of_one_price_each_are_reported() -> None:
    columns = walk(market=Market())
    note = only(msgspec.structs.replace(columns, open=columns.close, high=columns.close, low=columns.close))
    assert (note.kind, note.places) == ("flat_bars", ("SYN",))
    some_of_them = np.arange(400) % 3 == 0
    arrays = {name: np.where(some_of_them, columns.close, getattr(columns, name)) for name in ("open", "high", "low")}
    assert find_warnings(msgspec.structs.replace(columns, **arrays)) == []


def test_a_symbol_that_ends_early_is_reported() -> None:
    columns = walk(market=Market(symbols=("A", "B")))
    hours = (columns.ts_start - columns.ts_start[0]) // HOUR_NS
    assert find_warnings(columns.pick(np.flatnonzero((columns.code == 0) | (hours < 390)))) == []
    note = only(columns.pick(np.flatnonzero((columns.code == 0) | (hours < 200))))
    assert (note.kind, note.places) == ("unequal_spans", ("B",))
    assert "those of B only a part of that; the shortest is B, 2020-01-01 00:00:00 UTC to 2020-01-09 07:00:00 UTC" in note.text


def test_an_interval_far_below_the_steps_is_reported() -> None:
    columns = walk()
    assert find_warnings(columns, interval_stated=True) == []
    short = msgspec.structs.replace(columns, interval_ns=MINUTE_NS)
    found = [note for note in find_warnings(short, interval_stated=True) if note.kind == "short_interval"]
    assert found[0].text.startswith("the option interval states bars of 1m, but the most frequent step between those of SYN")
    assert find_warnings(msgspec.structs.replace(columns, interval_ns=HOUR_NS - SECOND_NS), interval_stated=True) == []
    assert find_warnings(msgspec.structs.replace(columns.pick(slice(0, 1)), interval_ns=DAY_NS), interval_stated=True) == []


def test_the_order_of_delivery_changes_nothing() -> None:
    columns = scaled({100: 3.3}, changed(walk(market=Market(symbols=("A", "B"))), 300, high=500.0))
    by_symbol = columns.pick(np.argsort(columns.code, kind="stable"))
    assert find_warnings(by_symbol) == find_warnings(columns) != []


def test_prices_of_any_size_are_looked_at() -> None:
    columns = walk()
    for factor in (1e-12, 1e10):
        whole = msgspec.structs.replace(columns, **{name: getattr(columns, name) * factor for name in PRICES})
        assert find_warnings(whole) == []
        assert only(scaled({20: 1e9}, whole)).kind == "jump"


@pytest.mark.parametrize(
    ("interval", "shift", "where"), [(WEEK_NS, 2, "Fridays"), (MONTH_NS, 30, "the last days of months"), (DAY_NS, 0, "")]
)
def test_weeks_and_months_that_are_stamped_at_their_end_are_reported(interval: int, shift: int, where: str) -> None:
    bars = random_walk(24, seed=1, market=Market(interval_ns=interval)).columns  # from a Wednesday, the first of a month
    assert [note.kind for note in find_warnings(bars) if note.kind == "late_stamps"] == []
    late = msgspec.structs.replace(
        bars, ts_start=bars.ts_start + shift * DAY_NS if shift < 30 else bars.ends() - DAY_NS, ts_end=None
    )
    notes = [note for note in find_warnings(late) if note.kind == "late_stamps"]
    assert [note.text.partition(" have times on ")[2].partition(",")[0] for note in notes] == ([where] if where else [])
