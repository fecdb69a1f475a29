"""Stores whose blocks an earlier version of the program wrote, without some of the columns of today."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.journal import codec
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.journal.layout import JournalLayout, read_layout
from alpha_pulse.journal.reader import read_steps
from alpha_pulse.stores.base import Block
from alpha_pulse.stores.memory import MemoryStore
from flow.runs import LEAN, begun, restless

SETTINGS = {**LEAN, "store.checkpoint_steps": 300}
BARS, STOP = 700, 620
NEW = {"numbers": ("plain_volatility", "quality"), "codes": ("volatility.labels_used",)}
"""Columns that the earlier version did not write."""


def earlier(layout: JournalLayout) -> JournalLayout:
    """The layout of the earlier version."""
    tables = tuple(
        msgspec.structs.replace(table, columns=tuple(name for name in table.columns if name not in NEW.get(table.name, ())))
        for table in layout.tables
    )
    return msgspec.structs.replace(layout, tables=tables)


def as_written_earlier(block: Block) -> Block:
    """A block without the columns that are new."""
    layout = read_layout(block.layout)
    before = earlier(layout)
    decoded = codec.decode(layout.tables, block.columns)
    tables = {
        table.name: np.ascontiguousarray(decoded[table.name][:, [layout.places[table.name][name] for name in table.columns]])
        for table in before.tables
    }
    return msgspec.structs.replace(block, layout=before.text, columns=codec.encode(before.tables, tables))


def stopped_run() -> MemoryStore:
    """A run that was stopped, in blocks of 40 slices."""
    store = MemoryStore()
    system = begun(restless(BARS), SETTINGS, store)
    while system.feed.position < STOP:
        system.advance(40)
    return store


def copied(store: MemoryStore) -> MemoryStore:
    """The blocks of a run as the earlier version would have written them; its checkpoints do not belong to them."""
    copy = MemoryStore()
    assert store.identity is not None
    copy.begin(store.identity, resume=False)
    for block in store.blocks():
        copy.append(as_written_earlier(block))
    return copy


def test_columns_that_were_added_later_have_defaults() -> None:
    store = stopped_run()
    for block, before in zip(decoded_blocks(store), decoded_blocks(copied(store)), strict=True):
        assert before.layout == block.layout
        for table in block.layout.tables:
            for name in table.columns:
                column = before.column(table.name, name)
                if name in NEW.get(table.name, ()):
                    assert (column == 0).all() if table.encoding == "integers" else np.isnan(column).all()
                else:
                    assert column.tobytes() == block.column(table.name, name).tobytes()


def test_such_a_run_is_resumed_and_reads_as_one() -> None:
    store = copied(stopped_run())
    system = begun(restless(BARS), SETTINGS, store, resume=True)
    while system.step():
        pass
    layouts = [block.layout for block in store.blocks()]
    assert sum(first != second for first, second in pairwise(layouts)) == 1
    whole = MemoryStore()
    reference = begun(restless(BARS), SETTINGS, whole)
    reference.advance(BARS)
    assert system.state_sha256() == reference.state_sha256()
    for step, expected in zip(read_steps(store), read_steps(whole), strict=True):
        assert step.decision == expected.decision
        assert step.record.fills == expected.record.fills
        probabilities = [each.probability for each in step.record.predictions]
        assert probabilities == [each.probability for each in expected.record.predictions]


def test_a_changed_column_is_noticed_in_spite_of_missing_ones() -> None:
    store = copied(stopped_run())
    blocks = list(store.blocks())
    changed = MemoryStore()
    assert store.identity is not None
    changed.begin(store.identity, resume=False)
    layout = read_layout(blocks[-1].layout)
    tables = codec.decode(layout.tables, blocks[-1].columns)
    tables["numbers"][-1, layout.places["numbers"]["signal.combined"]] += 0.25
    for block in [*blocks[:-1], msgspec.structs.replace(blocks[-1], columns=codec.encode(layout.tables, tables))]:
        changed.append(block)
    with pytest.raises(StateError, match=f"journal step {blocks[-1].seq} .* differs when it is replayed"):
        begun(restless(BARS), SETTINGS, changed, resume=True)


def test_a_layout_of_a_later_version_is_refused() -> None:
    store = stopped_run()
    (block, *_) = store.blocks()
    later = msgspec.structs.replace(read_layout(block.layout), version=2)
    newer = MemoryStore()
    assert store.identity is not None
    newer.begin(store.identity, resume=False)
    newer.append(msgspec.structs.replace(block, layout=later.text))
    with pytest.raises(StateError, match=r"^journal step 0 .*: its columns have layout 2, .* up to 1; .* that wrote it$"):
        list(decoded_blocks(newer))


def renamed(layout: JournalLayout, table: str, first: str, second: str) -> JournalLayout:
    """A layout with two columns of a table under each other's names."""
    names = {first: second, second: first}
    tables = tuple(
        msgspec.structs.replace(each, columns=tuple(names.get(name, name) for name in each.columns))
        if each.name == table
        else each
        for each in layout.tables
    )
    features = tuple(names.get(name, name) for name in layout.feature_names)
    return msgspec.structs.replace(layout, tables=tables, feature_names=features)


@pytest.mark.parametrize("change", ["features", "a column that is gone"])
def test_columns_of_other_names_are_noticed(change: str) -> None:
    store = stopped_run()
    assert store.identity is not None
    other = MemoryStore()
    other.begin(store.identity, resume=False)
    for block in store.blocks():
        layout = read_layout(block.layout)
        tables = codec.decode(layout.tables, block.columns)
        if change == "features":
            layout = renamed(layout, "features", "ret_1", "ret_3")
        else:
            layout = renamed(layout, "numbers", "quality", "gone")
        other.append(msgspec.structs.replace(block, layout=layout.text, columns=codec.encode(layout.tables, tables)))
    with pytest.raises(StateError, match="differs when it is replayed"):
        begun(restless(BARS), SETTINGS, other, resume=True)
