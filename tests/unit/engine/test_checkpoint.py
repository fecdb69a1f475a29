"""The newest good checkpoint is found, whatever happened to the ones after it."""

import contextlib
import sqlite3
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, Stateful, take
from alpha_pulse.engine.checkpoint import load_newest, state_sha256, write_checkpoint
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.sql import SqliteStore
from store_runs import IDENTITY, append, block


class Counter:
    """Adds one to the slot of each step, so that a step lost or taken twice shows."""

    def __init__(self) -> None:
        self.slots = np.zeros(64, dtype=np.int64)
        self.steps = 0

    def step(self) -> None:
        self.slots[self.steps] += 1
        self.steps += 1

    def snapshot(self) -> State:
        return State(scalars={"steps": self.steps}, arrays={"slots": self.slots.copy()})

    def restore(self, state: State) -> None:
        take(self.slots, state, "slots")
        self.steps = state.scalars["steps"]


def run(store: Store, counter: Counter, steps: int) -> None:
    """Steps, with a checkpoint after every tenth."""
    for _ in range(steps):
        append(store, 1)
        counter.step()
        if counter.steps % 10 == 0:
            write_checkpoint(store, store.head[0], {"counter": counter}, {"position": counter.steps})


@pytest.fixture
def memory() -> MemoryStore:
    store = MemoryStore()
    store.begin(IDENTITY, resume=False)
    return store


def test_no_checkpoint_is_none(memory: MemoryStore) -> None:
    assert load_newest(memory) is None


def test_restart_is_the_checkpoint_and_the_tail(memory: MemoryStore) -> None:
    counter = Counter()
    run(memory, counter, 37)
    loaded = load_newest(memory)
    assert loaded is not None
    assert (loaded.seq, loaded.meta["position"], loaded.skipped) == (29, 30, ())
    again = Counter()
    again.restore(loaded.states["counter"])
    for stored in memory.blocks(loaded.seq + 1):
        for _ in range(stored.steps):
            again.step()
    assert np.array_equal(again.slots, counter.slots)
    assert state_sha256({"counter": again}) == state_sha256({"counter": counter})


def test_one_bit_of_state_changes_the_hash() -> None:
    one, other = Counter(), Counter()
    assert state_sha256({"a": one, "b": other}) == state_sha256({"b": other, "a": one})
    before = state_sha256({"a": one})
    one.slots[63] ^= 1
    assert state_sha256({"a": one}) != before


def test_a_checkpoint_before_the_last_row_is_refused(memory: MemoryStore) -> None:
    append(memory, 5)
    with pytest.raises(StateError, match="journal ends at step 4"):
        write_checkpoint(memory, 3, {})


@given(data=st.data())
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bits_lead_to_the_older_one(data: st.DataObject) -> None:
    store = MemoryStore()
    store.begin(IDENTITY, resume=False)
    run(store, Counter(), 45)
    blobs = list(store.checkpoints())
    damaged = data.draw(st.integers(1, len(blobs)))
    for seq, blob in blobs[:damaged]:
        content = bytearray(blob)
        content[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        store.save_checkpoint(seq, bytes(content))
    refused: list[str] = []
    loaded = load_newest(store, refused)
    assert len(refused) == damaged
    assert refused[0].startswith("checkpoint at step 39: ")
    if damaged == len(blobs):
        assert loaded is None
    else:
        assert loaded is not None
        assert loaded.seq == 39 - 10 * damaged
        assert loaded.skipped == tuple(refused)


def test_a_flipped_bit_in_the_file_leads_to_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        run(store, Counter(), 25)
        (_, newest), _ = store.checkpoints()
    content = bytearray(path.read_bytes())
    content[content.index(newest) + len(newest) // 2] ^= 16
    path.write_bytes(content)
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=True)
        loaded = load_newest(store)
    assert loaded is not None
    assert loaded.seq == 9
    assert "checkpoint at step 19" in loaded.skipped[0]


def test_a_good_checkpoint_of_another_journal_or_step_is_not_taken(memory: MemoryStore, tmp_path: Path) -> None:
    counters: dict[str, Stateful] = {"counter": Counter()}
    other = MemoryStore()
    other.begin(IDENTITY, resume=False)
    other.append(msgspec.structs.replace(block(0), columns=b"other"))
    write_checkpoint(other, 0, counters)
    ((_, stolen),) = other.checkpoints()
    append(memory, 2)
    memory.save_checkpoint(0, stolen)
    memory.save_checkpoint(1, stolen)
    refused: list[str] = []
    assert load_newest(memory, refused) is None
    assert "it states step 0" in refused[0]
    assert "does not belong to the journal" in refused[1]


def test_checkpoint_before_the_first_row(memory: MemoryStore) -> None:
    write_checkpoint(memory, -1, {"counter": Counter()})
    append(memory, 3)
    loaded = load_newest(memory)
    assert loaded is not None
    assert loaded.seq == -1


def test_a_checkpoint_is_readable_by_plain_sql(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        run(store, Counter(), 25)
    with contextlib.closing(sqlite3.connect(path)) as reader:
        found = reader.execute("SELECT seq, blob FROM checkpoint ORDER BY seq").fetchall()
        assert [(seq, zstandard.decompress(blob)[:4]) for seq, blob in found] == [(9, b"APS1"), (19, b"APS1")]
