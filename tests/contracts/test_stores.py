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
from alpha_pulse.stores.base import Store, genesis
from store_runs import IDENTITY, append, check_is_prefix, decision

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
            empty.append(0, b"{}", None)

    def test_resume_of_an_empty_store_starts(self, empty: Store) -> None:
        empty.begin(IDENTITY, resume=True)
        assert empty.identity == IDENTITY
        assert empty.head == (-1, genesis(IDENTITY))
        append(empty, 1)

    def test_a_second_run_is_refused_with_the_way_out(self, store: Store) -> None:
        with pytest.raises(StoreError, match="already contains run 'run-1'; use --resume to continue it, or another --store"):
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
    def test_rows_come_back_as_they_went_in(self, store: Store) -> None:
        append(store, 23)
        assert check_is_prefix(store) == 23
        assert list(store.decisions()) == [line for number in range(23) if (line := decision(number)) is not None]
        rows = list(store.rows())
        assert store.head == (22, rows[-1].hash)
        assert list(store.rows(9)) == rows[9:]
        assert list(store.rows(23)) == []

    def test_equal_steps_have_equal_hashes_whatever_the_run_is_called(self, store: Store) -> None:
        append(store, 3)
        other = open_store("memory://", StoreConfig())
        other.begin(msgspec.structs.replace(IDENTITY, run_id="named otherwise"), resume=False)
        append(other, 3)
        assert other.head == store.head

    @pytest.mark.parametrize(
        "bad",
        [b"", b"[1]", b"null", b'{"x":1', b"{}\n{}"],
        ids=repr,
    )
    def test_what_is_not_a_json_object_is_refused_and_leaves_no_trace(self, store: Store, bad: bytes) -> None:
        append(store, 1)
        head = store.head
        with pytest.raises(DataError, match="row 1"):
            store.append(1, bad, None)
        with pytest.raises(DataError, match="row 1"):
            store.append(1, b"{}", bad)
        assert store.head == head
        append(store, 1)
        assert check_is_prefix(store) == 2

    def test_a_decision_stays_on_one_line(self, store: Store) -> None:
        with pytest.raises(DataError, match="one line"):
            store.append(0, b"{}", b'{"ts":\n1}')

    @pytest.mark.parametrize("ts_event", [-(2**63), -1, 0, 2**63 - 1])
    def test_every_instant_fits(self, store: Store, ts_event: int) -> None:
        store.append(ts_event, b"{}", None)
        assert [row.ts_event for row in store.rows()] == [ts_event]

    def test_appending_while_reading_shows_the_rows_of_the_start(self, store: Store) -> None:
        append(store, 5)
        seen = 0
        for _ in store.rows():
            append(store, 2)
            seen += 1
        assert seen == 5
        assert check_is_prefix(store) == 15

    def test_flushing_twice_is_harmless_and_nothing_is_due_after(self, store: Store) -> None:
        append(store, 3)
        store.flush()
        store.flush()
        assert not store.due()

    def test_a_row_is_brought_to_the_disk_without_waiting(self, store: Store) -> None:
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

    def test_one_row_has_one_checkpoint(self, store: Store) -> None:
        store.save_checkpoint(-1, b"first")
        store.save_checkpoint(-1, b"second")
        assert list(store.checkpoints()) == [(-1, b"second")]

    @pytest.mark.parametrize("seq", [-2, 2, 100])
    def test_a_row_that_is_not_there_has_none(self, store: Store, seq: int) -> None:
        append(store, 2)
        with pytest.raises(StateError, match="ends at 1"):
            store.save_checkpoint(seq, b"state")


class TestFinish:
    def test_the_result_is_kept_and_no_row_can_follow(self, store: Store) -> None:
        append(store, 3)
        assert store.result() is None
        store.finish(b'{"bars":3}')
        assert store.result() == b'{"bars":3}'
        with pytest.raises(StoreError, match="finished"):
            store.append(3, b"{}", None)
        with pytest.raises(StoreError):
            store.finish(b"{}")
        store.begin(IDENTITY, resume=True)
        assert store.result() == b'{"bars":3}'
        with pytest.raises(StoreError, match="finished"):
            store.append(3, b"{}", None)
        assert check_is_prefix(store) == 3

    def test_a_closed_store_refuses_everything_but_closing(self, store: Store) -> None:
        append(store, 1)
        store.close()
        store.close()
        calls = (
            store.flush,
            store.rows,
            store.checkpoints,
            lambda: store.append(1, b"{}", None),
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

    @rule(
        ts_event=st.integers(-(2**63), 2**63 - 1),
        text=st.text(max_size=40),
        with_decision=st.booleans(),
        times=st.integers(1, 6),
    )
    def append(self, ts_event: int, text: str, with_decision: bool, times: int) -> None:
        body = msgspec.json.encode({"text": text})
        for _ in range(times):
            line = body if with_decision else None
            assert self.memory.append(ts_event, body, line) == self.sqlite.append(ts_event, body, line)

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
        assert list(self.memory.rows(start)) == list(self.sqlite.rows(start))
        assert list(self.memory.decisions()) == list(self.sqlite.decisions())
        assert list(self.memory.checkpoints()) == list(self.sqlite.checkpoints())

    @invariant()
    def heads_are_equal(self) -> None:
        assert self.memory.head == self.sqlite.head

    def teardown(self) -> None:
        if hasattr(self, "sqlite"):
            self.sqlite.close()
            self.folder.cleanup()


TestTwinStores = TwinStores.TestCase
TestTwinStores.settings = hypothesis_settings(max_examples=25, stateful_step_count=20, deadline=None)
