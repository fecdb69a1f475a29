"""Own features in a run: served, learned, journaled, resumed, and the same for every size of blocks."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.errors import AlphaPulseError, ConfigError, FeatureError, StoreError, UnknownNameError
from alpha_pulse.engine.own_sources import pinned
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.journal.export import frames
from alpha_pulse.runtime.rebuild import rebuild
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from flow.runs import LEAN, Done, begun, configured, finished, late_and_with_holes, run
from own_features import WARMUPS, naive_values

BARS = 420
OWN = {**LEAN, "features.own": [f"own_features:{name}" for name in WARMUPS], "store.checkpoint_steps": 50}


def market() -> ReplayFeed:
    """Two symbols; one begins late, the other has holes."""
    both = Market(symbols=("EARLY", "LATE"), volatility=0.02, has_volume=True)
    return late_and_with_holes(random_walk(BARS, 5, both), late=60)


@cache
def whole() -> Done:
    return run(market(), OWN)


def test_each_value_is_that_of_the_function_on_the_newest_bars() -> None:
    done, schema = whole(), whole().system.symbols["LATE"].extractor.schema
    place = {name: schema.names.index(name) for name in WARMUPS}
    bars: dict[str, list[tuple[float, ...]]] = {"EARLY": [], "LATE": []}
    seen = dict.fromkeys(WARMUPS, 0)
    for record in done.records:
        for bar in record.bars:
            optional = [math.nan if value is None else value for value in (bar.volume, bar.bid, bar.ask)]
            bars[bar.symbol].append((bar.ts_event, bar.open, bar.high, bar.low, bar.close, *optional))
            if bar.symbol not in record.features:
                continue
            wanted = naive_values(bars[bar.symbol], len(bars[bar.symbol]))
            missing = [schema.names[at] for at in record.masked.get(bar.symbol, [])]
            for name, value in wanted.items():
                assert record.features[bar.symbol][place[name]] == (0.0 if value is None else value), (name, bar)
                assert (name in missing) == (value is None), (name, bar)
                seen[name] += value is not None
    assert seen.pop("quoted") == 0
    assert min(seen.values()) > 400


def test_a_replay_can_be_stopped_between_any_two_slices_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpha_pulse.runtime.replay.PYTHON_CHUNK_NS", 0)
    store, asked = MemoryStore(), itertools.count(1)
    assert replay(configured(OWN), market(), store, "own", stopped=lambda: next(asked) > 9) is None
    assert store.head[0] + 1 == 9
    feed, replayed = market(), list[tuple[int, int]]()
    again = replay(
        configured(OWN), feed, store, "own", resume=True, stopped=lambda: True, on_replay=lambda *done: replayed.append(done)
    )
    assert (again, replayed, feed.position, store.head[0]) == (None, [(1, 9)], 9, 8)
    asked = itertools.count(1)
    assert replay(configured(LEAN), market(), MemoryStore(), "compiled", stopped=lambda: next(asked) > 9) is not None


def divided(sizes: Iterable[int], stop: int) -> Done:
    """The run in blocks of these sizes, over and over; at slice ``stop`` another system goes on with it."""
    store, each = MemoryStore(), itertools.cycle(sizes)
    system = begun(market(), OWN, store)
    while system.feed.position < stop:
        system.advance(min(next(each), stop - system.feed.position))
    return finished(begun(market(), OWN, store, resume=True), sizes)


@settings(max_examples=6)
@given(st.lists(st.one_of(st.integers(1, 12), st.integers(1, BARS)), min_size=1, max_size=6), st.integers(1, BARS - 1))
def test_any_division_leads_to_the_same(sizes: list[int], stop: int) -> None:
    done = divided(sizes, stop)
    assert done.steps == whole().steps
    assert done.state == whole().state


def test_they_are_learned_by_both_targets_and_known_to_agents() -> None:
    state = whole().system.symbols["EARLY"]
    names = state.extractor.schema.names
    assert names[-3 - len(WARMUPS) :] == (*WARMUPS, "vol_level_half", "vol_level_1", "vol_level_4")
    assert state.n_features("direction") == len(names) - 3
    plain = run(market(), LEAN)
    assert state.n_features("direction") == plain.system.symbols["EARLY"].n_features("direction") + len(WARMUPS)
    assert [p.probability for p in plain.predictions] != [p.probability for p in whole().predictions]
    assert not state.compiled


def test_they_are_exported_and_null_where_they_are_missing() -> None:
    table = frames.tables(whole().system.store)["features"]
    assert set(WARMUPS) <= set(table.columns)
    assert table["quoted"].null_count() == table.height
    assert 0 < table["share_of_rises"].null_count() < table.height


def test_a_change_of_one_is_an_alarm() -> None:
    """Prices move as before, but from the bar 2,900 on each hour is the one in which the feature is another one."""
    done = run(random_walk(3_600, 5), {**LEAN, "features.own": ["own_features:shifting"]}, sizes=(600,))
    (alarm,) = [alarm for alarm in done.alarms if alarm.monitored == "features"]
    assert alarm.features == ("shifting",)


# A module of a user, which changes.

MOMENTUM = """
from alpha_pulse.features.own import feature

@feature(warmup=20)
def momentum(bars):
    return {scale} * (bars.close[-1] / bars.close[0] - 1.0)
"""


def forget() -> None:
    """Begin like a new process."""
    sys.modules.pop("changing", None)


def written(folder: Path, source: str) -> None:
    forget()
    (folder / "changing.py").write_text(source, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    written(tmp_path, MOMENTUM.format(scale=10.0))
    return tmp_path


CHANGING = {**LEAN, "features.own": ["changing:momentum"], "store.checkpoint_steps": 50}


def walk(bars: int = 300) -> ReplayFeed:
    return random_walk(bars, 3)


def half(store: Store) -> None:
    begun(walk(), CHANGING, store).advance(250)


def test_a_changed_module_is_another_configuration_and_another_schema(folder: Path) -> None:
    first, schema = pinned(configured(CHANGING)), begun(walk(), CHANGING).symbols["SYN"].extractor.schema
    written(folder, MOMENTUM.format(scale=9.0))
    second, changed = pinned(configured(CHANGING)), begun(walk(), CHANGING).symbols["SYN"].extractor.schema
    assert first.config_hash != second.config_hash
    assert schema.names == changed.names
    assert schema.schema_id != changed.schema_id


def test_a_run_is_not_resumed_with_a_changed_module(folder: Path) -> None:
    store = MemoryStore()
    half(store)
    begun(walk(), CHANGING, store, resume=True)
    written(folder, MOMENTUM.format(scale=9.0))
    with pytest.raises(StoreError, match="the configuration differs"):
        begun(walk(), CHANGING, store, resume=True)


def test_a_stored_run_is_rebuilt_only_with_the_module_that_made_it(folder: Path) -> None:
    path = folder / "run.db"
    store = SqliteStore(path)
    assert replay(configured(CHANGING), walk(), store, "own") is not None
    store.close()
    forget()
    with StoreReader(path) as reader:
        assert rebuild(reader).ok
    written(folder, MOMENTUM.format(scale=9.0))
    with StoreReader(path) as reader, pytest.raises(ConfigError, match="its module has changed"):
        rebuild(reader)


FAILING = """
from alpha_pulse.features.own import feature

@feature(warmup=20)
def momentum(bars):
    return {result}
"""


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ("1.0 / (bars.ts[-1] // 3_600_000_000_000 % 1_000 != 7)", "it returned inf"),
        ("{}[bars.close[0]]", "(changing.py, line 6)"),
        ("'up'", "it returned 'up' for 20 bars; expected a number"),
        ("bars.close[:3]", "it returned an array of shape (3,)"),
    ],
)
def test_a_violated_contract_stops_the_run_and_names_function_symbol_and_bar(folder: Path, result: str, sentence: str) -> None:
    written(folder, FAILING.format(result=result))
    store = MemoryStore()
    system = begun(walk(1_200), CHANGING, store)
    with pytest.raises(FeatureError) as caught:
        finished(system)
    message = str(caught.value)
    bar = system.symbols["SYN"].bars
    assert f"own feature 'changing:momentum' failed at bar {bar:,} of SYN, which ends at 20" in message
    assert sentence in message
    assert store.head[0] == bar - 2, "the bars before it are in the journal"


@pytest.mark.parametrize(
    ("source", "own", "sentence"),
    [
        ("def momentum(bars): return 1.0", ["changing:momentum"], "states no warm-up"),
        (MOMENTUM.format(scale=1), ["changing:momentun"], "has no 'momentun'"),
        (MOMENTUM.format(scale=1), ["changed:momentum"], "there is no module 'changed'"),
        (MOMENTUM.format(scale=1), ["momentum"], "is not a module and a name"),
        (MOMENTUM.format(scale=1), ["changing:momentum", "changing:momentum"], "two features with the name 'momentum'"),
        (MOMENTUM.format(scale=1).replace("momentum", "rsi_14"), ["changing:rsi_14"], "the name of another column"),
        ("import nothing_of_this_name", ["changing:momentum"], "needs 'nothing_of_this_name', which is not installed"),
        ("\n1 / 0", ["changing:momentum"], "cannot be imported: ZeroDivisionError: division by zero (changing.py, line 2)"),
        (
            MOMENTUM.format(scale=1).replace("(warmup=20)", ""),
            ["changing:momentum"],
            "FeatureError: @feature above 'momentum' states no warm-up; write @feature(warmup=...)",
        ),
        (MOMENTUM.format(scale=1).replace("20", "0"), ["changing:momentum"], "expected 1 to 10,000 bars"),
    ],
)
def test_what_cannot_be_a_feature_is_refused(folder: Path, source: str, own: list[str], sentence: str) -> None:
    written(folder, source)
    with pytest.raises((ConfigError, UnknownNameError)) as caught:
        begun(walk(), {"features.own": own})
    assert isinstance(caught.value, AlphaPulseError)
    assert sentence in str(caught.value)


def test_sources_without_features_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"which features\.own does not have"):
        System(configured({"features.sources": {"a:b": "0"}}), walk(), MemoryStore())
