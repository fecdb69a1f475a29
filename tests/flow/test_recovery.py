"""Invariant 4: whatever the instant of the crash, the run goes on exactly where it was; nothing with memory is forgotten."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.engine import system as construction
from alpha_pulse.engine.checkpoint import read_checkpoint
from alpha_pulse.engine.system import System
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Block, Store
from alpha_pulse.stores.memory import MemoryStore
from flow.runs import (
    INDICES,
    LEAN,
    RESTLESS,
    Done,
    again,
    begun,
    bundled_feed,
    configured,
    drowsy_market,
    finished,
    killed_after,
    restless,
    restless_run,
    run,
)


def resumed(path: Path) -> Done:
    """The restless run, gone on with to its end from whatever the store at ``path`` holds."""
    store = open_store(str(path), StoreConfig())
    try:
        return finished(begun(restless(), RESTLESS, store, resume=True))
    finally:
        store.close()


def check_kills(path: Path, kills: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    total = restless().total_slices
    told = 0
    for left in range(kills, 0, -1):
        # Random steps ahead, so that even the last child dies before the end.
        lines = int(rng.integers(1, max(2, 2 * (total - 200 - told) // (left + 1))))
        told = killed_after(path, lines)
    assert 0 < told < total
    done = resumed(path)
    assert done.hashes == restless_run().hashes
    assert done.steps == restless_run().steps


def test_five_kills(tmp_path: Path) -> None:
    check_kills(tmp_path / "run.db", kills=5, seed=4)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
def test_fifty_kills(tmp_path: Path) -> None:
    for round_ in range(10):
        check_kills(tmp_path / f"{round_}.db", kills=5, seed=100 + round_)


def stopped(path: Path, steps: int) -> None:
    """A store that holds the first ``steps`` steps of the restless run, with checkpoints every 400."""
    store = open_store(str(path), StoreConfig())
    system = begun(restless(), {**RESTLESS, "store.checkpoint_steps": 400}, store)
    for _ in range(steps):
        system.step()
    store.close()


def test_an_older_checkpoint_takes_over_when_the_newest_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    stopped(path, 2_500)
    with sqlite3.connect(path) as db:
        ((seq, blob),) = db.execute("SELECT seq, blob FROM checkpoint ORDER BY seq DESC LIMIT 1").fetchall()
        damaged = bytearray(blob)
        damaged[len(damaged) // 2] ^= 1
        db.execute("UPDATE checkpoint SET blob = ? WHERE seq = ?", (bytes(damaged), seq))
    db.close()
    store = open_store(str(path), StoreConfig())
    system = begun(restless(), RESTLESS, store, resume=True)
    assert len(system.skipped_checkpoints) == 1
    assert str(seq) in system.skipped_checkpoints[0]
    assert finished(system).hashes == restless_run().hashes
    store.close()


def test_without_any_good_checkpoint_the_whole_journal_is_folded(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    stopped(path, 900)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM checkpoint")
    db.close()
    assert resumed(path).hashes == restless_run().hashes


@pytest.mark.parametrize("steps", [1_150, 1_200], ids=["between two checkpoints", "right after one"])
def test_a_program_that_decides_otherwise_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    path = tmp_path / "run.db"
    stopped(path, steps)
    monkeypatch.setitem(AGENTS, "trend", "flow.runs:Hesitant")
    store = open_store(str(path), StoreConfig())
    with pytest.raises(StateError, match="decides differently"):
        begun(restless(), RESTLESS, store, resume=True)
    store.close()


def test_from_any_checkpoint_the_run_ends_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(construction, "MIN_VERIFIED_STEPS", 0)
    settings = {**RESTLESS, "store.checkpoint_steps": 230, "store.keep_checkpoints": 100}
    whole = run(restless(), settings)
    assert whole.state == restless_run().state
    taken = list(whole.system.store.checkpoints())
    in_trial = [seq for seq, blob in taken if "trial" in read_checkpoint(blob)[0]["session/SYN/direction"].scalars["nested"]]
    assert in_trial, "no checkpoint was taken during a trial: the test must cover one"
    for seq, blob in [taken[i] for i in (0, 4, 9, 13, 17)] + [pair for pair in taken if pair[0] == in_trial[0]]:
        check_from(seq, blob, whole)


def check_from(seq: int, blob: bytes, whole: Done) -> None:
    known, store = whole.system.store, MemoryStore()
    assert known.identity is not None
    store.begin(known.identity, resume=False)
    for block in known.blocks():
        if block.seq <= seq:
            store.append(block)
    store.save_checkpoint(seq, blob)
    system = begun(restless(), RESTLESS, store, resume=True)
    assert system.feed.position == seq + 1
    done = finished(system)
    assert done.steps == whole.steps
    assert done.state == whole.state


@pytest.mark.parametrize("at", [1_150, 2_200, 2_251])
def test_a_market_that_hardly_moves_is_gone_on_with_too(at: int) -> None:
    # Past bar 2,150 the trailing median is 0 and no volatility is predicted any more: nothing may lean on the last one.
    settings = {**LEAN, "learning.volatility_horizon_bars": 2, "execution.rebalance_band": 0.0}

    def begin() -> System:
        return begun(drowsy_market(2_300, awake=800, seed=2), settings)

    whole, first, second = finished(begin()), begin(), begin()
    assert len(whole.records[-1].predictions) == 1
    for _ in range(at):
        first.step()
    states = {name: component.snapshot() for name, component in first.components().items()}
    for name, component in second.components().items():
        component.restore(states[name])
    done = finished(second)
    assert done.steps == whole.steps[at:]
    assert done.state == whole.state


class Refusing(MemoryStore):
    """A store whose disk is full from step ``at`` on."""

    at = 1_000_000

    def append(self, block: Block) -> None:
        if block.seq >= self.at:
            raise StoreError("the disk is full")
        super().append(block)


def resting(system: System) -> set[str]:
    """The orders that wait at the venue."""
    venue = system.venue
    return {venue._order("SYN", 0, place).order_id for place in range(int(venue.counts[0].sum()))}


def test_nothing_leaves_before_the_journal_holds_it() -> None:
    whole = run(restless(700), LEAN)
    ordering = [number for number, line in enumerate(whole.decisions) if line is not None and line.orders][5]
    store = Refusing()
    store.at = ordering
    system = begun(restless(700), LEAN, store)
    released: set[str] = set()
    for _ in range(ordering):
        system.step()
        released |= resting(system)
    with pytest.raises(StoreError, match="disk is full"):
        system.step()
    held_back = whole.decisions[ordering]
    assert held_back is not None
    assert released > {order.order_id for order in whole.orders if order.ts < held_back.ts and order.kind == "market"}
    assert not {order.order_id for order in held_back.orders} & resting(system)


def test_requests_from_outside_are_in_the_journal_and_come_again(tmp_path: Path) -> None:
    def half(store: Store) -> System:
        system = begun(restless(900), LEAN, store)
        for number in range(600):
            if number == 400:
                asyncio.run(system.learning.trigger_adaptation("SYN", "regime"))
            system.step()
        return system

    whole = finished(half(MemoryStore()))
    requests = [(request.session_id, request.drift_type) for record in whole.records for request in record.requests]
    assert requests == [(f"SYN/{target}", "regime") for target in ("volatility", "direction", "trade_quality")]
    assert any(action.cause == "request" for action in whole.adaptations)
    store = open_store(str(tmp_path / "run.db"), StoreConfig())
    half(store)
    store.close()
    store = open_store(str(tmp_path / "run.db"), StoreConfig())
    done = finished(begun(restless(900), LEAN, store, resume=True))
    store.close()
    assert done.hashes == whole.hashes


# Nothing with memory may be missing from a checkpoint.


def reachable(root: object) -> Iterator[tuple[str, Stateful]]:
    """Everything with `snapshot` and `restore` that can be reached from ``root``, once each, with a path to it."""
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [(type(root).__name__, root)]
    while waiting:
        path, found = waiting.pop()
        if id(found) in seen or isinstance(found, (type, str, bytes, int, float, np.ndarray, State, Block)):
            continue
        seen.add(id(found))
        if isinstance(found, Stateful):
            yield path, found
        waiting.extend((f"{path}{way}", inner) for way, inner in parts_of(found))


def parts_of(found: object) -> Iterator[tuple[str, object]]:
    if isinstance(found, dict):
        yield from ((f"[{key!r}]", value) for key, value in found.items())
    elif isinstance(found, (list, tuple, set, frozenset, deque)):
        members: Iterable[object] = found
        yield from ((f"[{number}]", value) for number, value in enumerate(members))
    elif hasattr(found, "__closure__"):
        cells = getattr(found, "__closure__", None) or ()
        yield from ((f"<cell {number}>", cell.cell_contents) for number, cell in enumerate(cells))
        yield ".__self__", getattr(found, "__self__", None)
    else:
        names = [name for kind in type(found).__mro__ for name in getattr(kind, "__slots__", ())]
        names += list(getattr(found, "__dict__", ()))
        yield from ((f".{name}", getattr(found, name)) for name in names if hasattr(found, name))


def forgotten(system: System, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of all that has memory, but whose snapshot nobody asks for when a checkpoint is taken."""
    found = dict(reachable(system))
    asked: set[int] = set()
    for kind in {type(part) for part in found.values()}:
        original = kind.snapshot

        def noted(self: Stateful, original: Callable[[Stateful], State] = original) -> State:
            asked.add(id(self))
            return original(self)

        monkeypatch.setattr(kind, "snapshot", noted)
    for component in system.components().values():
        component.snapshot()
    for agent, kernel_agent in system.agents.forms:
        if kernel_agent is not None:
            assert not kernel_agent.held, "an agent that is run by its kernel remembers in the arrays of the manager"
            asked |= {id(agent), id(kernel_agent)}
    return sorted(path for path, part in found.items() if id(part) not in asked)


def test_everything_with_memory_is_in_the_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    system = begun(again(bundled_feed(INDICES)).cut(1_700), {"batch.train_bars": 1_500})
    while system.step():
        pass
    assert len(system.components()) > 40
    assert sum(1 for _ in reachable(system)) > len(system.components())
    assert forgotten(system, monkeypatch) == []


def test_a_forgotten_component_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    system = begun(restless(100), LEAN)
    left_out = {name: part for name, part in system.components().items() if not name.startswith("level")}
    monkeypatch.setattr(system, "components", lambda: left_out)
    assert any("calibrator" in path for path in forgotten(system, monkeypatch))


def test_components_are_one_object_each() -> None:
    parts = list(begun(again(bundled_feed(INDICES)).cut(10)).components().values())
    assert len({id(part) for part in parts}) == len(parts)


def test_a_resumed_run_with_another_configuration_is_refused(tmp_path: Path) -> None:
    stopped(tmp_path / "run.db", 20)
    store = open_store(str(tmp_path / "run.db"), StoreConfig())
    with pytest.raises(StoreError):
        begun(restless(), {**RESTLESS, "venue.fee_bps": 9.0}, store, resume=True)
    store.close()
    assert configured({"store.group_steps": 3}).config_hash == configured().config_hash
