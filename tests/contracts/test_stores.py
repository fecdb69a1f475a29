"""The promises of a store, kept by every one in the table; and a random walk on which all of them stay equal."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import DataError, StateError, StoreError
from alpha_pulse.stores import STORES, open_store
from alpha_pulse.stores.base import Block, Rows, Store
from alpha_pulse.stores.chain import genesis
from alpha_pulse.stores.tables import TABLES
from store_runs import IDENTITY, append, block, check_is_prefix
from store_strategies import blocks

URLS = {"memory": "memory://", "sqlite": "sqlite:///{folder}/run.db"}
SETTINGS = {"group": StoreConfig(group_steps=4, keep_checkpoints=3), "step": StoreConfig(durability="step", keep_checkpoints=3)}


def test_every_store_is_checked() -> None:
    assert set(URLS) == set(STORES)


@pytest.fixture(params=[(scheme, durability) for scheme in sorted(STORES) for durability in SETTINGS], ids="-".join)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    scheme, durability = request.param
    store = open_store(URLS[scheme].format(folder=tmp_path), SETTINGS[durability])
    yield store
    store.close()


@pytest.fixture
def store(empty: Store) -> Store:
    empty.begin(IDENTITY, resume=False)
    return empty


class TestBegin:
    def test_nothing_can_be_appended_before(self, empty: Store) -> None:
        with pytest.raises(StoreError, match="call begin first"):
            empty.append(block(0))

    def test_resume_of_an_empty_store_starts(self, empty: Store) -> None:
        empty.begin(IDENTITY, resume=True)
        assert empty.identity == IDENTITY
        assert empty.head == (-1, genesis(IDENTITY))
        append(empty, 1)

    def test_a_second_run_is_refused_with_the_way_out(self, store: Store) -> None:
        with pytest.raises(StoreError, match="already contains run 'run-1'; use --resume to continue it, or another store"):
            store.begin(IDENTITY, resume=False)

    @pytest.mark.parametrize("field", ["config_hash", "feed_identity"])
    def test_resume_of_another_run_names_what_differs(self, store: Store, field: str) -> None:
        other = msgspec.structs.replace(IDENTITY, **{field: "other"})
        with pytest.raises(StoreError, match=f"differs? \\({field} .* in the store, other now\\)") as caught:
            store.begin(other, resume=True)
        assert ({"config_hash", "feed_identity"} - {field}).pop() not in str(caught.value)

    def test_another_version_is_told_where_something_else_differs(self, store: Store) -> None:
        other = msgspec.structs.replace(IDENTITY, feed_identity="other", program_version="9.9")
        with pytest.raises(StoreError, match=r"the data differ .* version 0\.1\.0 of this program wrote it, and this is 9\.9"):
            store.begin(other, resume=True)

    def test_resume_by_another_name_or_version_keeps_the_first_identity(self, store: Store) -> None:
        append(store, 2)
        head = store.head
        store.begin(msgspec.structs.replace(IDENTITY, run_id="run-2", program_version="9.9"), resume=True)
        assert store.identity == IDENTITY
        assert store.head == head


class TestJournal:
    @pytest.mark.parametrize("steps", [1, 4, 100])
    def test_blocks_come_back_as_they_went_in(self, store: Store, steps: int) -> None:
        append(store, 123, steps)
        assert check_is_prefix(store) == 123
        found = list(store.blocks())
        assert store.head == (122, found[-1].hash)
        assert all(len(block.hash) == 32 for block in found)

    def test_reading_starts_with_the_block_that_contains_the_step(self, store: Store) -> None:
        append(store, 23, steps=4)
        found = list(store.blocks())
        assert [block.first for block in found] == [0, 4, 8, 12, 16, 20]
        for seq in range(-1, 23):
            assert list(store.blocks(seq)) == found[max(seq, 0) // 4 :]
        assert list(store.blocks(23)) == []

    def test_a_store_without_steps_has_no_blocks(self, store: Store) -> None:
        assert store.head == (-1, genesis(IDENTITY))
        assert list(store.blocks()) == []

    def test_equal_steps_have_equal_hashes_whatever_the_run_is_called(self, store: Store) -> None:
        append(store, 3)
        other = open_store("memory://", StoreConfig())
        other.begin(msgspec.structs.replace(IDENTITY, run_id="named otherwise"), resume=False)
        append(other, 3)
        assert other.head == store.head

    @pytest.mark.parametrize("bad", [block(0), block(2), block(0, 2), block(3), block(5, 3)], ids=lambda bad: str(bad.seq))
    def test_steps_that_do_not_follow_are_refused_and_leave_no_trace(self, store: Store, bad: Block) -> None:
        append(store, 1)
        head = store.head
        with pytest.raises(StateError, match=f"up to step {bad.seq} was given, but the journal of .* ends at step 0"):
            store.append(bad)
        assert store.head == head
        append(store, 1)
        assert check_is_prefix(store) == 2

    @pytest.mark.parametrize("steps", [0, -1])
    def test_a_block_has_a_step(self, store: Store, steps: int) -> None:
        append(store, 1)
        with pytest.raises(StateError, match=f"a block of {steps} steps"):
            store.append(msgspec.structs.replace(block(0), seq=steps, steps=steps))

    @pytest.mark.parametrize(
        ("bad", "sentence"),
        [
            ({"fees": [(1, 0, "x")]}, "1 rows of table 'fees'; expected at least one row of a table"),
            ({"requests": []}, "0 rows of table 'requests'"),
            ({"requests": [(1, 0, "EURUSD/direction")]}, "has 3 values; expected 4"),
            ({"requests": [(1, 0, "EURUSD/direction", None)]}, "has None in column drift_type; expected a str$"),
            ({"requests": [(1, 0, "EURUSD/direction", b"x")]}, "has b'x' in column drift_type"),
            ({"requests": [(True, 0, "a", "b")]}, "has True in column seq; expected an int64"),
            ({"requests": [(0, 0, "a", "b")]}, "has seq 0 and position 0; expected rows of steps 1 to 2"),
            ({"requests": [(3, 0, "a", "b")]}, "has seq 3 and position 0"),
            ({"requests": [(1, 0, "a", "b"), (1, 0, "c", "d")]}, "each seq and position once, in order"),
            ({"requests": [(2, 0, "a", "b"), (1, 0, "c", "d")]}, "each seq and position once, in order"),
            ({"units": [(1, 0, "EURUSD", 2, 0, 1, 2**63, None)]}, "in column min_order; expected an int64"),
            (
                {"units": [(1, 0, "EURUSD", 2, 0, 1, 0, 1)]},
                "has 1 in column tick; expected a finite float that is not -0.0 or No",
            ),
            ({"units": [(1, 0, "EURUSD", 2, 0, 1, 0, -0.0)]}, r"has -0\.0 in column tick"),
            ({"units": [(1, 0, "EURUSD", 2, 0, 1, 0, float("nan"))]}, "has nan in column tick"),
            ({"units": [(1, 0, "EURUSD", 2, 0, 1.5, 0, None)]}, r"has 1\.5 in column lot"),
        ],
        ids=str,
    )
    def test_rows_that_no_table_can_contain_are_refused_and_leave_no_trace(
        self, store: Store, bad: Rows, sentence: str
    ) -> None:
        append(store, 1)
        head = store.head
        with pytest.raises(DataError, match=sentence):
            store.append(msgspec.structs.replace(block(1, 2), rows=bad))
        assert store.head == head
        append(store, 2)
        assert check_is_prefix(store) == 3

    @pytest.mark.parametrize("times", [(5, 4), (-(2**63) - 1, 0), (0, 2**63)])
    def test_times_are_in_order_and_fit(self, store: Store, times: tuple[int, int]) -> None:
        with pytest.raises(DataError, match="expected int64 times in order"):
            store.append(msgspec.structs.replace(block(0), first_ts=times[0], last_ts=times[1]))

    @pytest.mark.parametrize("ts", [-(2**63), -1, 0, 2**63 - 1])
    def test_every_instant_fits(self, store: Store, ts: int) -> None:
        store.append(msgspec.structs.replace(block(0), first_ts=ts, last_ts=ts))
        assert [(block.first_ts, block.last_ts) for block in store.blocks()] == [(ts, ts)]

    def test_every_table_is_kept(self, store: Store) -> None:
        append(store, 60, steps=20)
        assert {table for found in store.blocks() for table in found.rows} == set(TABLES)

    def test_appending_while_reading_shows_the_blocks_of_the_start(self, store: Store) -> None:
        append(store, 5)
        seen = 0
        for _ in store.blocks():
            append(store, 2)
            seen += 1
        assert seen == 5
        assert check_is_prefix(store) == 15

    def test_flushing_twice_is_harmless_and_nothing_is_due_after(self, store: Store) -> None:
        append(store, 3)
        store.flush()
        store.flush()
        assert not store.due()

    def test_a_step_is_brought_to_the_disk_without_waiting(self, store: Store) -> None:
        append(store, 3)
        asked = 0
        while (commit := store.ensure_durable(2)) is not None:
            commit.result(10)
            asked += 1
        assert asked <= 2
        assert not store.due()
        assert store.ensure_durable(0) is None
        append(store, 1)
        assert check_is_prefix(store) == 4


class TestCheckpoints:
    def test_the_newest_stay_newest_first(self, store: Store) -> None:
        for number in range(5):
            append(store, 2)
            store.save_checkpoint(store.head[0], b"state %d" % number)
        assert list(store.checkpoints()) == [(9, b"state 4"), (7, b"state 3"), (5, b"state 2")]
        assert store.checkpointed == 9

    def test_one_step_has_one_checkpoint(self, store: Store) -> None:
        store.save_checkpoint(-1, b"first")
        store.save_checkpoint(-1, b"second")
        assert list(store.checkpoints()) == [(-1, b"second")]

    @pytest.mark.parametrize("seq", [-2, 2, 100])
    def test_a_step_that_is_not_there_has_none(self, store: Store, seq: int) -> None:
        append(store, 2)
        with pytest.raises(StateError, match="ends at 1"):
            store.save_checkpoint(seq, b"state")


class TestFinish:
    def test_the_result_is_kept_and_no_block_can_follow(self, store: Store) -> None:
        append(store, 3)
        assert store.result() is None
        store.finish(b'{"bars":3}')
        assert store.result() == b'{"bars":3}'
        with pytest.raises(StoreError, match="finished"):
            store.append(block(3))
        with pytest.raises(StoreError):
            store.finish(b"{}")
        store.begin(IDENTITY, resume=True)
        assert store.result() == b'{"bars":3}'
        with pytest.raises(StoreError, match="finished"):
            store.append(block(3))
        assert check_is_prefix(store) == 3

    def test_a_closed_store_refuses_everything_but_closing(self, store: Store) -> None:
        append(store, 1)
        store.close()
        store.close()
        calls = (
            store.flush,
            store.blocks,
            store.checkpoints,
            lambda: store.append(block(1)),
            lambda: store.begin(IDENTITY, True),
        )
        for call in calls:
            with pytest.raises(StoreError, match="closed"):
                call()


class TwinStores(RuleBasedStateMachine):
    """SQLite, closed and opened again at will, beside the memory store."""

    @initialize(durability=st.sampled_from(sorted(SETTINGS)))
    def start(self, durability: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.settings = SETTINGS[durability]
        self.memory = open_store("memory://", self.settings)
        self.sqlite = self.open()
        for store in (self.memory, self.sqlite):
            store.begin(IDENTITY, resume=False)

    def open(self) -> Store:
        return open_store(f"sqlite:///{self.folder.name}/run.db", self.settings)

    @rule(data=st.data(), times=st.integers(1, 6))
    def append(self, data: st.DataObject, times: int) -> None:
        for _ in range(times):
            block = data.draw(blocks(self.memory.head[0] + 1))
            self.memory.append(block)
            self.sqlite.append(block)

    @rule()
    def flush(self) -> None:
        self.sqlite.flush()
        assert not self.sqlite.due()

    @rule(blob=st.binary(max_size=50), back=st.integers(0, 3))
    def save_checkpoint(self, blob: bytes, back: int) -> None:
        seq = max(self.memory.head[0] - back, -1)
        self.memory.save_checkpoint(seq, blob)
        self.sqlite.save_checkpoint(seq, blob)

    @rule()
    def reopen(self) -> None:
        self.sqlite.close()
        self.sqlite = self.open()
        self.sqlite.begin(IDENTITY, resume=True)

    @precondition(lambda self: self.memory.head[0] >= 0)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, self.memory.head[0]))
        assert list(self.memory.blocks(start)) == list(self.sqlite.blocks(start))
        assert list(self.memory.checkpoints()) == list(self.sqlite.checkpoints())
        assert self.memory.checkpointed == self.sqlite.checkpointed

    @invariant()
    def heads_are_equal(self) -> None:
        assert self.memory.head == self.sqlite.head

    def teardown(self) -> None:
        if hasattr(self, "sqlite"):
            self.sqlite.close()
            self.folder.cleanup()


TestTwinStores = TwinStores.TestCase
TestTwinStores.settings = hypothesis_settings(max_examples=25, stateful_step_count=20, deadline=None)
