"""Stores of this schema version that an earlier program wrote: intact, rebuilt to what is stored, resumed to the same end."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.engine.system import System
from alpha_pulse.engine.verification import verify
from alpha_pulse.runtime.rebuild import rebuild
from alpha_pulse.stores.base import SCHEMA_VERSION
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from data.stores.make import SLICES, advance, config, feed
from journal_rows import rows
from stored_runs import unpacked


@pytest.mark.parametrize("name", ["finished", "stopped"])
def test_it_is_intact_and_comes_out_as_it_was_stored(tmp_path: Path, name: str) -> None:
    with StoreReader(unpacked(f"version{SCHEMA_VERSION}_{name}", tmp_path)) as reader:
        verified, rebuilt = verify(reader), rebuild(reader)
    assert [check.detail for check in verified.checks if not check.ok] == []
    assert verified.finished == (name == "finished")
    # What the state consists of may change between programs, so that its hash in the result is another one.
    assert rebuilt.first_difference is None
    assert rebuilt.steps == rebuilt.stored_steps


def test_it_goes_on_to_the_same_end(tmp_path: Path) -> None:
    def ended(store: SqliteStore | MemoryStore, *, resume: bool) -> str:
        system = System(config(), feed(), store)
        system.begin("fixture", resume=resume)
        advance(system, SLICES)
        return system.state_sha256()

    whole = MemoryStore()
    state = ended(whole, resume=False)
    with closing(SqliteStore(unpacked(f"version{SCHEMA_VERSION}_stopped", tmp_path))) as store:
        assert ended(store, resume=True) == state
        assert list(rows(store)) == list(rows(whole))
