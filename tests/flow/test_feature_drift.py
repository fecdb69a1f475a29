"""A change of the market shows in its features, once, in the journal, and the same after a restart."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.types import DriftAlarm
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.kernels.detection.detection import SEEN
from alpha_pulse.learning.feature_monitor import FeatureMonitor
from alpha_pulse.stores import open_store
from flow.runs import LEAN, Done, configured, finished, run

BARS, CHANGE = 3_600, 2_900


def wilder(seed: int = 5) -> ReplayFeed:
    """A random walk that from the bar `CHANGE` on closes at the edge of its range, as it did not before."""
    columns = random_walk(BARS, seed).columns
    late = np.arange(BARS) >= CHANGE
    high = np.where(late, np.maximum(columns.open, columns.close), columns.high)
    low = np.where(late, np.minimum(columns.open, columns.close), columns.low)
    return ReplayFeed(msgspec.structs.replace(columns, high=high, low=low))


@cache
def whole() -> Done:
    return run(wilder(), LEAN)


def of_features(done: Done) -> list[DriftAlarm]:
    return [alarm for alarm in done.alarms if alarm.monitored == "features"]


def test_a_change_is_in_the_journal_with_its_date_and_starts_nothing() -> None:
    done = whole()
    (alarm,) = of_features(done)
    assert (alarm.alarm_id, alarm.target, alarm.detector) == ("SYN/features/alarm/1", "features", "psi")
    assert set(alarm.features) <= set(done.system.symbols["SYN"].extractor.schema.names)
    assert alarm.features
    row = next(number for number, record in enumerate(done.records) if alarm in record.alarms)
    bars = [record.bars[0].ts_event for record in done.records]
    assert CHANGE < row < CHANGE + 500
    assert alarm.ts == bars[row]
    assert abs(bars.index(alarm.change_ts) - CHANGE) < 100
    assert not any(action.cause == f"drift:{alarm.alarm_id}" for action in done.adaptations)


def test_each_vector_is_looked_at_once() -> None:
    done = whole()
    extracted = sum("SYN" in record.features for record in done.records)
    taken = int(done.system.symbols["SYN"].feature_monitor.snapshot().arrays["state"][SEEN])
    assert taken == extracted > 3_000


def test_without_the_call_in_the_pipeline_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FeatureMonitor, "observe_block", lambda *_: [])
    assert not of_features(run(wilder().cut(CHANGE + 500), LEAN))


def test_a_run_that_stopped_finds_the_same(tmp_path: Path) -> None:
    config = configured({**LEAN, "store.checkpoint_steps": 250})
    for stop in (2_400, 3_050):
        store = open_store(str(tmp_path / "run.db"), config.store)
        system = System(config, wilder(), store)
        system.begin("flow", resume=True)
        while system.feed.position < stop:
            system.step()
        store.flush()
        store.close()
    store = open_store(str(tmp_path / "run.db"), config.store)
    system = System(config, wilder(), store)
    system.begin("flow", resume=True)
    done = finished(system)
    store.close()
    assert done.hashes == whole().hashes
    assert of_features(done) == of_features(whole())
