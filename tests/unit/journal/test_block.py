"""Blocks of real runs: whatever their sizes, they contain the same steps, and any part of one is the block of that part."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.journal.block import (
    JournalBlock,
    Tables,
    decode_block,
    decoded_blocks,
    encode_block,
    first_difference,
    part,
    pieces,
)
from alpha_pulse.journal.digest import DecisionDigest
from alpha_pulse.journal.labels import N_SCORES, scored_labels
from alpha_pulse.journal.reader import BlockReader
from alpha_pulse.stores.base import Store
from flow.runs import begun, finished
from golden.runs import RUNS

NAMES = ("several", "quotes", "jumps")
SLICES = 1_700
SIZES = ((1,), (7,), (512,), (3, 40, 1))
PAIRS = [(small, large) for small in SIZES for large in SIZES if max(small) < max(large)]


@cache
def recorded(name: str, sizes: tuple[int, ...]) -> tuple[Store, list[JournalBlock]]:
    """The store of a run in blocks of these sizes, and its blocks as they were before they were encoded."""
    blocks: list[JournalBlock] = []
    system = begun(RUNS[name].feed().cut(SLICES), RUNS[name].settings)
    system.pipeline.committed = blocks.append
    finished(system, sizes)
    return system.store, blocks


def within(small: list[JournalBlock], large: list[JournalBlock]) -> list[tuple[JournalBlock, JournalBlock]]:
    """Each small block that is inside of a large one, with that one."""
    ends = iter(large)
    around, found = next(ends), []
    for block in small:
        while block.first_seq >= around.first_seq + around.steps:
            around = next(ends)
        if block.first_seq + block.steps <= around.first_seq + around.steps:
            found.append((block, around))
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_block_is_read_back_as_it_was(name: str, sizes: tuple[int, ...]) -> None:
    store, blocks = recorded(name, sizes)
    for made, read in zip(blocks, decoded_blocks(store), strict=True):
        assert (read.first_seq, read.steps, read.layout) == (made.first_seq, made.steps, made.layout)
        assert first_difference(made, read) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("small", "large"), PAIRS, ids=str)
def test_a_part_of_a_block_is_the_block_of_its_slices(name: str, small: tuple[int, ...], large: tuple[int, ...]) -> None:
    pairs = within(recorded(name, small)[1], recorded(name, large)[1])
    assert len(pairs) > 50
    for block, around in pairs[:: max(1, len(pairs) // 400)]:
        first = block.first_seq - around.first_seq
        of_slices = part(around, first, first + block.steps)
        assert (of_slices.first_seq, of_slices.steps) == (block.first_seq, block.steps)
        assert first_difference(block, of_slices) is None


@pytest.mark.parametrize("name", NAMES)
def test_parts_of_a_part_are_parts(name: str) -> None:
    whole = recorded(name, (512,))[1][2]
    middle = part(whole, 100, 500)
    for first, last in ((0, 1), (0, 5), (1, 90), (22, 91), (75, 300), (90, 400)):
        assert first_difference(part(whole, 100 + first, 100 + last), part(middle, first, last)) is None


def test_pieces_are_the_whole_in_order_and_end_at_stops() -> None:
    whole = recorded("quotes", (512,))[1][1]
    found = list(pieces(whole, whole.first_seq + 10, 100, [whole.first_seq + 150, whole.first_seq + 400]))
    assert [piece.first_seq - whole.first_seq for piece in found] == [10, 110, 151, 251, 351, 401, 501]
    assert sum(piece.steps for piece in found) == whole.steps - 10
    assert [piece.steps for piece in pieces(whole, 0, 1_000)] == [512]
    for piece in found:
        first = piece.first_seq - whole.first_seq
        assert first_difference(piece, part(whole, first, first + piece.steps)) is None


# Differences.

PLACING = ("slice", "symbol")
"""Columns of ``codes`` that say which step a row belongs to."""


def changed(block: JournalBlock, table: str, row: int, place: int) -> JournalBlock:
    """The block with another value in one cell."""
    cells: NDArray[np.float64] = block.tables[table].copy()
    value = cells[row, place]
    cells[row, place] = 1 if np.isnan(value) else value + 1
    tables: Tables = {**block.tables, table: cells}
    return msgspec.structs.replace(block, tables=tables)


def step_of(block: JournalBlock, table: str, row: int) -> int:
    """The step of a row of a table."""
    if table == "slices":
        return block.first_seq + row
    row = int(block.tables["earlier"][row, 0]) if table == "earlier" else row
    return block.first_seq + int(block.column("codes", "slice")[row])


@settings(max_examples=60)
@given(data=st.data())
def test_the_first_step_that_differs_is_found(data: st.DataObject) -> None:
    block = recorded("several", (3, 40, 1))[1][data.draw(st.sampled_from([70, 100]))]
    assert block.steps == 40
    tables = [name for name, cells in block.tables.items() if len(cells)]
    table = data.draw(st.sampled_from(tables))
    row = data.draw(st.integers(0, len(block.tables[table]) - 1))
    columns = block.layout.places[table]
    free = [name for name in columns if table not in ("codes", "earlier") or name not in (*PLACING, "row", "target")]
    other = changed(block, table, row, columns[data.draw(st.sampled_from(free))])
    found = first_difference(block, other)
    assert found is not None
    assert (found.first_seq, found.steps) == (step_of(block, table, row), 1)


@pytest.mark.parametrize("change", [lambda rows: rows[:-1], lambda rows: [*rows[:-1], (*rows[-1][:-1], "x")]])
def test_a_row_that_differs_is_found(change: Callable[[list[object]], list[object]]) -> None:
    block = next(block for block in recorded("jumps", (512,))[1] if block.rows.get("orders"))
    rows = block.rows["orders"]
    other = msgspec.structs.replace(block, rows={**block.rows, "orders": change(list(rows))})
    found = first_difference(block, other)
    assert found is not None
    assert found.first_seq == rows[-1][0]


def test_damaged_columns_are_an_error_that_names_the_step() -> None:
    stored = encode_block(recorded("jumps", (512,))[1][1])
    with pytest.raises(StateError, match=r"^journal step 512 cannot be read: [^;]*; restore the store[^;]*$"):
        decode_block(msgspec.structs.replace(stored, columns=stored.columns[:-1]))
    with pytest.raises(StateError, match="journal step 512 cannot be read"):
        decode_block(msgspec.structs.replace(stored, layout="{}"))


# What is computed from blocks.


@pytest.mark.parametrize("name", NAMES)
def test_the_hash_of_decisions_does_not_depend_on_the_blocks(name: str) -> None:
    found = set()
    for sizes in SIZES:
        digest = DecisionDigest()
        for block in recorded(name, sizes)[1]:
            digest.add(block)
        found.add((digest.hexdigest(), digest.steps))
    assert len(found) == 1
    ((_, steps),) = found
    decided = [step for block in recorded(name, (512,))[1] for step in BlockReader(block) if step.decision is not None]
    assert steps == len(decided) > 1_000


def test_any_change_of_a_decision_changes_the_hash() -> None:
    block = recorded("quotes", (512,))[1][1]
    places, row = block.layout.places, 100
    assert block.column("codes", "has_features")[row]
    others = [changed(block, table, row, place) for table, place in block.layout.signal_places]
    others += [changed(block, "slices", row, places["slices"]["ts_event_ns"]), changed(block, "codes", row, 1)]
    others.append(msgspec.structs.replace(block, rows={**block.rows, "orders": block.rows["orders"][:-1]}))
    hashes = set()
    for each in (block, *others):
        digest = DecisionDigest()
        digest.add(each)
        hashes.add(digest.hexdigest())
    assert len(hashes) == 1 + len(others)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_scored_labels_are_those_of_the_records(name: str, sizes: tuple[int, ...]) -> None:
    count = 0
    for block in recorded(name, sizes)[1]:
        labels = [label for step in BlockReader(block) for label in step.record.labels if label.scores]
        count += len(labels)
        for number, target in enumerate(block.layout.targets):
            of_target = [label for label in labels if label.target == target.name]
            expected = np.array([label.scores for label in of_target], dtype=np.float64).reshape(-1, N_SCORES)
            rows, scores, _ = scored_labels(block, number)
            assert np.array_equal(scores, expected, equal_nan=True)
            ages = block.column("codes", f"{target.name}.label_age_slices")[rows]
            bars = block.column("slices", "number")[block.column("codes", "slice")[rows]] - ages
            assert [label.prediction_id.rpartition("/")[2] for label in of_target] == [str(bar) for bar in bars.tolist()]
    assert count > 1_000
