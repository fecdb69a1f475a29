"""Settings of a running service act and are journaled, so that a run is resumed exactly, or say that they cannot be set."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from alpha_pulse.core.errors import ConfigError, ConflictError
from alpha_pulse.engine.system import System
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from flow.gateways import after_a_crash, opened, stored
from flow.runs import LEAN, Done, begun, finished, restless
from journal_rows import decode_step, rows

BARS, CHAMPION_AT, THRESHOLD_AT, ENSEMBLE_AT = 900, 150, 500, 620
SETTINGS = {
    **LEAN,
    "store.checkpoint_steps": 130,
    "learning.window": 200,
    "adaptation.drift_threshold": 1e-12,
    "adaptation.loss_threshold": 100.0,
    "adaptation.accuracy_threshold": 0.9,
}
"""Neither an alarm nor decay can come of these."""


def go_on(system: System, slices: int) -> System:
    """Step until that many slices lie behind, and set what is due on the way."""
    while system.feed.position < slices and system.step():
        if system.feed.position == CHAMPION_AT:
            system.serving.serving_strategy = "champion_challenger"
        if system.feed.position == THRESHOLD_AT:
            system.adaptation.accuracy_threshold = 0.0
        if system.feed.position == ENSEMBLE_AT:
            system.serving.serving_strategy = "ensemble"
    return system


def begin(store: Store) -> System:
    return begun(restless(BARS), SETTINGS, store, resume=True)


@cache
def whole() -> Done:
    return finished(go_on(begin(MemoryStore()), BARS))


def test_a_strategy_that_is_set_acts_from_the_next_prediction_on() -> None:
    done = whole()
    for record in done.records:
        for bar in record.bars:
            for prediction in record.predictions:
                alone = max(part.weight for part in prediction.members) == 1.0
                assert alone == (CHAMPION_AT <= bar.seq < ENSEMBLE_AT), bar.seq
    assert sum(len(record.predictions) for record in done.records) > 1_000
    commands = [(command.setting, command.value) for record in done.records for command in record.commands]
    assert commands == [
        ("serving.strategy", "champion_challenger"), ("adaptation.accuracy_threshold", 0.0), ("serving.strategy", "ensemble"),
    ]  # fmt: skip
    # Any accuracy below the whole run's is decay now, so the timer acts at once where it did not before.
    decays = [action.ts for action in done.adaptations if (action.cause, action.status) == ("decay", "open")]
    assert decays
    assert min(decays) > done.bars[THRESHOLD_AT - 1].ts_event


@pytest.mark.parametrize("slices", [CHAMPION_AT, THRESHOLD_AT, ENSEMBLE_AT - 1, 880])
def test_the_run_is_resumed_exactly(slices: int, tmp_path: Path) -> None:
    store = stored(tmp_path / "run.db", SETTINGS)
    state = go_on(begin(store), slices).state_sha256()
    if slices in (CHAMPION_AT, THRESHOLD_AT):
        # What was set is durable at once.
        store = after_a_crash(tmp_path / "run.db", SETTINGS)
    else:
        store.close()
        store = stored(tmp_path / "run.db", SETTINGS)
    system = begin(store)
    assert system.feed.position == slices
    assert system.state_sha256() == state
    assert system.serving.serving_strategy == ("champion_challenger" if slices < ENSEMBLE_AT else "ensemble")
    done = finished(go_on(system, BARS))
    assert done.hashes == whole().hashes
    store.close()


def test_what_cannot_be_set_says_so_and_leaves_no_row() -> None:
    system = begun(restless(60), LEAN)
    system.step()
    with pytest.raises(
        ConfigError, match=r"serving\.strategy is 'champion'; known: best_recent, champion_challenger, ensemble, "
    ):
        system.serving.serving_strategy = "champion"
    with pytest.raises(ConfigError, match="expected a number from 0 to 1"):
        system.adaptation.accuracy_threshold = 7.0
    with pytest.raises(ConflictError, match=r"adaptation\.drift_threshold cannot be set to 0.5 in a running system"):
        system.adaptation.drift_threshold = 0.5
    with pytest.raises(ConflictError, match=r"adaptation\.interval_s cannot be set"):
        system.adaptation.interval_s = 5.0
    assert system.store.head[0] == 0
    unborn = System(system.config, restless(60), MemoryStore())
    with pytest.raises(ConflictError, match="the run has not begun"):
        unborn.serving.serving_strategy = "champion_challenger"
    finished(system)
    with pytest.raises(ConflictError, match="the data have ended, so no slice follows on which a command could act"):
        system.serving.serving_strategy = "champion_challenger"


def test_the_configuration_that_is_shown_is_the_one_in_effect() -> None:
    gateway = opened(restless(60), LEAN, paused=True)
    system = gateway._system
    identity = gateway.status().config_hash
    system.serving.serving_strategy = "champion_challenger"
    system.adaptation.accuracy_threshold = 0.25
    assert gateway.config()["serving"]["strategy"] == "champion_challenger"
    assert gateway.config()["adaptation"]["accuracy_threshold"] == 0.25
    assert gateway.status().config_hash == identity
    assert decode_step(next(rows(system.store, 1)).payload).commands[0].kind == "set"
