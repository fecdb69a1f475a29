"""The chain itself: what a reader believes, and what it refuses."""

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.base import Block, Rows, RunIdentity, Value
from alpha_pulse.stores.chain import genesis, link, result_link, rows_content, verified
from alpha_pulse.stores.tables import TABLES
from store_strategies import INT64, blocks, values

START = bytes(32)


def chain(steps: list[int]) -> list[Block]:
    """Blocks of so many steps each."""
    found: list[Block] = []
    prev_hash, seq = START, -1
    for count in steps:
        seq += count
        block = Block(seq, count, seq, seq, "{}", b"", {})
        prev_hash = link(prev_hash, block)
        found.append(msgspec.structs.replace(block, hash=prev_hash))
    return found


def test_a_whole_chain_is_believed() -> None:
    found = chain([1, 3, 2])
    assert list(verified(found, 0, 5, START, "here")) == found
    assert list(verified(found[1:], 1, 5, found[0].hash, "here")) == found[1:]


@pytest.mark.parametrize(
    ("kept", "missing"), [([1, 2, 3], 0), ([0, 2, 3], 2), ([0, 1, 2], 6), ([], 0), ([0, 1, 3, 2], 4), ([0, 2], 2)]
)
def test_a_step_that_is_lost_is_named(kept: list[int], missing: int) -> None:
    found = chain([2, 2, 2, 2])
    with pytest.raises(StateError, match=f"journal step {missing} of here is missing"):
        list(verified([found[number] for number in kept], 0, 7, START, "here"))


@pytest.mark.parametrize(("kept", "damaged"), [([0, 0, 1], 2), ([1, 0], 0), ([0, 2, 1], 2)])
def test_blocks_that_are_doubled_or_moved_are_noticed(kept: list[int], damaged: int) -> None:
    found = chain([2, 2, 2])
    with pytest.raises(StateError, match=f"journal step {damaged} of here is"):
        list(verified([found[number] for number in kept], 0, 5, START, "here"))


def test_all_steps_that_a_damage_may_concern_are_named() -> None:
    for found, sentence in (
        (chain([3, 4]), "step 3 of here is damaged: the hash of steps 3 to 6 does not match their content"),
        (chain([3, 1]), "step 3 of here is damaged: its hash does not match its content"),
    ):
        found[1] = msgspec.structs.replace(found[1], columns=b"x")
        with pytest.raises(StateError, match=sentence):
            list(verified(found, 0, found[1].seq, START, "here"))


@pytest.mark.parametrize("value", [None, 2.0, "2", b"2", 0, -7, 2**70])
@pytest.mark.parametrize("field", ["steps", "first_ts", "columns", "hash"])
def test_a_damaged_file_may_contain_anything(field: str, value: object) -> None:
    found = chain([2, 2])
    found[1] = msgspec.structs.replace(found[1], **{field: value})
    with pytest.raises(StateError, match="journal step 2 of here is"):
        list(verified(found, 0, 3, START, "here"))


@pytest.mark.parametrize("field", ["seq", "steps", "first_ts", "last_ts", "layout", "columns", "rows"])
@given(block=blocks(first=7), other=blocks(first=7), data=st.data())
def test_whatever_changes_in_a_block_changes_its_hash(field: str, block: Block, other: Block, data: st.DataObject) -> None:
    value = data.draw(INT64) if isinstance(getattr(block, field), int) else getattr(other, field)
    assume(value != getattr(block, field))
    assert link(START, msgspec.structs.replace(block, **{field: value})) != link(START, block)
    assert link(b"\1" * 32, block) != link(START, block)
    assert link(START, msgspec.structs.replace(block, hash=b"x")) == link(START, block)


@given(block=blocks(), data=st.data())
def test_whatever_changes_in_a_row_changes_the_hash(block: Block, data: st.DataObject) -> None:
    assume(block.rows)
    table = data.draw(st.sampled_from(sorted(block.rows)))
    rows = block.rows[table]
    number = data.draw(st.integers(0, len(rows) - 1))
    place = data.draw(st.integers(0, len(TABLES[table]) - 1))
    value = data.draw(values(TABLES[table][place]))
    place += 2
    assume(value != rows[number][place])
    changed = (*rows[number][:place], value, *rows[number][place + 1 :])
    without = rows[:number] + rows[number + 1 :]
    others: list[list[tuple[Value, ...]]] = [
        [*rows[:number], changed, *rows[number + 1 :]],
        [*rows[:number], rows[number], *rows[number:]],
        without,
        [*without, (rows[number][0], 99, *rows[number][2:])],
    ]
    hashes = {link(START, msgspec.structs.replace(block, rows={**block.rows, table: other})) for other in others}
    assert len(hashes | {link(START, block)}) == 5


def test_content_cannot_move_between_columns_and_rows() -> None:
    # Its last letter ends with the byte of an empty list, which is what no rows are.
    rows: Rows = {"requests": [(0, 0, "EURUSD/direction", "\u0410")]}
    packed = rows_content(rows)
    assert packed.endswith(rows_content({}))
    with_rows = Block(0, 1, 0, 0, "{}", b"columns", rows)
    without = Block(0, 1, 0, 0, "{}", b"columns" + packed[:-1], {})
    assert link(START, with_rows) != link(START, without)


def test_equal_numbers_of_another_type_have_another_hash() -> None:
    hashes = {
        link(START, Block(0, 1, 0, 0, "{}", b"", {"units": [(0, 0, "A", 2, 0, 1, 0, tick)]}))
        for tick in (1, 1.0, True, "1", None)
    }
    assert len(hashes) == 5


def test_the_order_of_tables_does_not_matter_but_that_of_rows_does() -> None:
    rows: Rows = {"alarms": [(0, 0, "a")], "requests": [(0, 0, "b"), (0, 1, "c")]}
    block = Block(0, 1, 0, 0, "{}", b"", rows)
    assert link(START, msgspec.structs.replace(block, rows=dict(reversed(rows.items())))) == link(START, block)
    turned = {**rows, "requests": rows["requests"][::-1]}
    assert link(START, msgspec.structs.replace(block, rows=turned)) != link(START, block)


@pytest.mark.parametrize("field", ["config_hash", "feed_identity", "program_version"])
def test_a_chain_begins_with_what_the_run_was_made_of_and_not_with_its_name(field: str) -> None:
    identity = RunIdentity("run", "c", "f", "1")
    assert genesis(msgspec.structs.replace(identity, **{field: "other"})) != genesis(identity)
    assert genesis(msgspec.structs.replace(identity, run_id="other")) == genesis(identity)


def test_a_result_is_linked_to_the_end_of_its_journal() -> None:
    links = {result_link(head, result) for head in ((4, START), (5, START), (4, b"\1" * 32)) for result in (b"{}", b'{"a":1}')}
    assert len(links) == 6
