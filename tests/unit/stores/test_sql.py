"""What only a file can suffer: kills, flipped bits, cut files, other processes, full disks."""

import contextlib
import errno
import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from threading import Event, Timer

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import AlphaPulseError, StateError, StoreError
from alpha_pulse.stores.base import PAGE_BYTES, SCHEMA_VERSION
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from alpha_pulse.stores.tables import TABLES
from store_runs import BY_HAND, IDENTITY, LAYOUTS, append, check_is_prefix, columns, failing, make, run_until_killed, steps_in


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def resumed(path: Path) -> contextlib.closing[SqliteStore]:
    store = SqliteStore(path)
    store.begin(IDENTITY, resume=True)
    return contextlib.closing(store)


def flip(path: Path, offset: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1 << bit
    path.write_bytes(content)


class TestKill:
    @pytest.mark.parametrize("durability", ["group", "step"])
    def test_nothing_told_of_is_lost_and_nothing_is_torn(self, path: Path, durability: str) -> None:
        held = 0
        for lines in (1, 4, 9):
            told = run_until_killed(path, durability, lines)
            with resumed(path) as store:
                count = check_is_prefix(store)
                assert count >= told > held
                assert all(seq < count for seq, _ in store.checkpoints())
            held = count

    @pytest.mark.parametrize("keep", [0.0, 0.4, 0.8])
    def test_a_cut_wal_is_noticed_and_left_as_it_is(self, path: Path, keep: float) -> None:
        run_until_killed(path, "group", 5)
        wal = path.with_name("run.db-wal")
        cut = wal.read_bytes()[: int(wal.stat().st_size * keep)]
        wal.write_bytes(cut)
        for _ in range(2):
            with pytest.raises(StateError, match=r"lost committed steps: run\.db\.head counts \d+ steps.*restore the store"):
                SqliteStore(path)
            assert wal.read_bytes() == cut

    def test_any_flipped_bit_of_the_wal_is_noticed_or_harmless(self, path: Path, tmp_path: Path) -> None:
        told = run_until_killed(path, "group", 4)
        names = ("run.db", "run.db-wal", "run.db.head")
        intact = {name: (tmp_path / name).read_bytes() for name in names}
        noticed = 0
        for part in range(12):
            for name in names:
                (tmp_path / name).write_bytes(intact[name])
            path.with_name("run.db-shm").unlink(missing_ok=True)
            flip(path.with_name("run.db-wal"), len(intact["run.db-wal"]) * part // 12 + 13, part % 8)
            try:
                with resumed(path) as store:
                    assert check_is_prefix(store) >= told
            except AlphaPulseError:
                noticed += 1
        assert noticed > 0


class TestDamage:
    @given(data=st.data())
    @hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_flipped_bit_of_the_columns_names_the_block(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        path = tmp_path_factory.mktemp("flip") / "run.db"
        steps = data.draw(st.integers(1, 7))
        make(path, 30, steps=steps)
        seq = data.draw(st.integers(0, 29))
        body = columns(seq)
        place = path.read_bytes().index(body) + data.draw(st.integers(0, len(body) - 1))
        flip(path, place, data.draw(st.integers(0, 7)))
        first = seq // steps * steps
        with resumed(path) as store:
            blocks = store.blocks()
            assert [next(blocks).first for _ in range(0, first, steps)] == list(range(0, first, steps))
            with pytest.raises(StateError, match=f"journal step {first} of .* is damaged"):
                next(blocks)

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ("DELETE FROM block WHERE seq = 11", "journal step 8 of .* is missing"),
            ("UPDATE block SET first_ts = 1 WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE block SET last_ts = 1 WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE block SET steps = 3 WHERE seq = 11", "journal step 8 of .* is missing"),
            ("UPDATE block SET steps = 5 WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE block SET seq = 10 WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE block SET hash = zeroblob(32) WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE block SET columns = zeroblob(9) WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE block SET layout = 2 WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE block SET layout = 3 WHERE seq = 11", "journal step 8 of .* is damaged"),
            ("UPDATE layout SET content = content || ' ' WHERE id = 2", "journal step 40 of .* is damaged"),
            ("DELETE FROM layout WHERE id = 2", "journal step 40 of .* is damaged"),
            ("UPDATE layout SET id = 9 - id", "journal step 0 of .* is damaged"),
            (
                "UPDATE block SET (columns, hash) = (SELECT columns, hash FROM block AS b WHERE b.seq = 26 - block.seq) "
                "WHERE seq IN (11, 15)",
                "journal step 8 of .* is damaged",
            ),
            (
                "UPDATE block SET seq = seq + 1000 WHERE seq IN (11, 15); UPDATE block SET seq = 1026 - seq WHERE seq > 1000",
                "journal step 8 of .* is damaged",
            ),
        ],
    )
    def test_a_changed_block_is_named(self, path: Path, change: str, sentence: str) -> None:
        make(path, 60, steps=4)
        self.change(path, change)
        with resumed(path) as store:
            with pytest.raises(StateError, match=sentence):
                list(store.blocks())
            if "step 8" in sentence:
                with pytest.raises(StateError, match=sentence):
                    next(store.blocks(9))
        with StoreReader(path) as reader, pytest.raises(StateError, match=sentence):
            list(reader.blocks())

    @pytest.mark.parametrize("table", sorted(TABLES))
    def test_a_lost_row_is_named(self, path: Path, table: str) -> None:
        make(path, 60, steps=4)
        self.change(path, f"DELETE FROM {table} WHERE seq = 49")
        sentence = r"journal step 48 of .* is damaged: the hash of steps 48 to 51 does not match their content; restore"
        with resumed(path) as store:
            with pytest.raises(StateError, match=sentence):
                list(store.blocks())
            with pytest.raises(StateError, match=sentence):
                next(store.blocks(50))
        with StoreReader(path) as reader, pytest.raises(StateError, match=sentence):
            list(reader.blocks())

    def test_rows_that_move_between_blocks_are_noticed_in_the_first(self, path: Path) -> None:
        make(path, 60, steps=4)
        self.change(path, "UPDATE fills SET seq = 13 WHERE seq = 9")
        with resumed(path) as store, pytest.raises(StateError, match=r"journal step 8 of .* is damaged"):
            list(store.blocks())

    @given(data=st.data())
    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_flipped_byte_anywhere_is_noticed_or_harmless(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        path = tmp_path_factory.mktemp("flip") / "run.db"
        make(path, 60, steps=4)
        flip(path, data.draw(st.integers(0, path.stat().st_size - 1)), data.draw(st.integers(0, 7)))
        with contextlib.suppress(AlphaPulseError), StoreReader(path) as reader:
            assert reader.identity == IDENTITY
            assert check_is_prefix(reader) == 60

    def test_a_page_that_cannot_be_read_is_named_after_the_blocks_before_it(self, path: Path) -> None:
        make(path, 400, steps=4)
        content = bytearray(path.read_bytes())
        page = content.index(columns(200)) // PAGE_BYTES * PAGE_BYTES
        content[page] = 0xFF
        path.write_bytes(content)
        seen: list[int] = []
        with resumed(path) as store, pytest.raises(StateError, match="database is damaged; restore") as caught:
            seen.extend(block.seq for block in store.blocks())
        assert 40 < seen[-1] < 200
        assert f"journal step {seen[-1] + 1} of {path} cannot be read" in str(caught.value)

    def test_a_name_that_is_no_text_is_noticed(self, path: Path) -> None:
        make(path, 10)
        content = path.read_bytes().replace(b"fills_refuses_update", b"\xd3ills_refuses_update")
        path.write_bytes(content.replace(b"BEFORE update ON fills", b"BEFARE update ON fills"))
        for opened in (SqliteStore, StoreReader):
            with pytest.raises(StoreError, match="cannot be read as an SQLite database: the database is damaged; restore"):
                opened(path)

    @pytest.mark.parametrize(
        ("row", "sentence"),
        [
            ("60, 0", "1 rows of table requests belong to no step of the journal, the first to step 60"),
            ("2000, 5", "the first to step 2000"),
        ],
    )
    def test_rows_behind_the_end_are_noticed_at_once(self, path: Path, row: str, sentence: str) -> None:
        make(path, 60, steps=4)
        self.change(path, f"INSERT INTO requests VALUES ({row}, 'a', 'b')")
        with pytest.raises(StateError, match=f"cannot be used: .*{sentence}; restore"):
            SqliteStore(path)
        with StoreReader(path) as reader:
            assert [defect for defect in reader.defects() if sentence in defect]

    def test_rows_of_steps_that_are_not_there_are_a_defect(self, path: Path) -> None:
        make(path, 60, steps=4)
        self.change(path, "DELETE FROM block WHERE seq = 51")
        with StoreReader(path) as reader:
            defects = reader.defects()
        assert "1 rows of table alarms belong to no step of the journal, the first to step 49" in defects
        assert "5 rows of table fills belong to no step of the journal, the first to step 48" in defects

    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM block WHERE seq >= 8",
            "DELETE FROM block",
            "UPDATE block SET hash = zeroblob(32)",
            "UPDATE run SET run_id = 'another name'",
            "UPDATE run SET config_hash = 'decaf', program_version = '2'",
            "UPDATE run SET config = '{}'",
        ],
    )
    def test_a_changed_end_is_noticed_at_once(self, path: Path, change: str) -> None:
        make(path, 10)
        self.change(path, change)
        with pytest.raises(StateError, match=r"restore the store and its \.head file"):
            SqliteStore(path)

    def test_a_missing_database_beside_its_head_is_noticed(self, path: Path) -> None:
        make(path, 10)
        path.unlink()
        with pytest.raises(StateError, match="lost committed steps"):
            SqliteStore(path)

    def test_a_missing_head_is_noticed(self, path: Path) -> None:
        make(path, 10)
        path.with_name("run.db.head").unlink()
        for _ in range(2):
            with pytest.raises(StateError, match="missing or damaged"):
                SqliteStore(path)

    def test_a_damaged_slot_leaves_the_other(self, path: Path) -> None:
        make(path, 10)
        for offset in (3, 515):
            flip(path.with_name("run.db.head"), offset)
            with resumed(path) as store:
                assert check_is_prefix(store) == 10
            if offset == 3:
                flip(path.with_name("run.db.head"), offset)

    @pytest.mark.parametrize("table", ["block", "layout", *sorted(TABLES)])
    def test_plain_sql_cannot_rewrite_the_journal(self, path: Path, table: str) -> None:
        make(path, 50)
        with contextlib.closing(sqlite3.connect(path)) as other:
            ((column,),) = other.execute("SELECT name FROM pragma_table_info(?) LIMIT 1", (table,)).fetchall()
            for change in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = 0"):
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    other.execute(change)

    def change(self, path: Path, sql: str) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            for (trigger,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                other.execute(f"DROP TRIGGER {trigger}")
            other.executescript(sql)


class TestDurability:
    def test_a_group_reaches_the_file_when_asked(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path, BY_HAND)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 100)
            assert steps_in(path) == 0
            store.flush()
            assert steps_in(path) == 100

    def test_a_full_group_goes_by_itself(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path, StoreConfig(group_steps=10, group_ms=1e9))) as store:
            store.begin(IDENTITY, resume=False)
            for expected in (10, 20):
                append(store, 12 if expected == 10 else 10)
                store.result()
                assert steps_in(path) == expected
            assert not store.due()

    def test_a_group_waits_for_the_one_before_it_but_not_for_ever(self, path: Path) -> None:
        slow = Event()
        with contextlib.closing(SqliteStore(path, StoreConfig(group_steps=10, group_ms=1e9))) as store:
            store.begin(IDENTITY, resume=False)
            store._worker.submit(slow.wait)
            store._committing = store._worker.submit(lambda: None)
            append(store, 39)
            assert steps_in(path) == 0
            Timer(0.1, slow.set).start()
            append(store, 1)
            store.result()
            assert steps_in(path) == 40

    def test_an_old_group_goes_by_itself(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path, StoreConfig(group_steps=1_000, group_ms=1e-6))) as store:
            store.begin(IDENTITY, resume=False)
            assert not store.due()
            append(store, 1)
            store.result()
            assert steps_in(path) == 1

    def test_a_group_is_counted_in_steps(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path, StoreConfig(group_steps=10, group_ms=1e9))) as store:
            store.begin(IDENTITY, resume=False)
            for steps, expected in ((9, 0), (1, 10), (4, 10), (300, 314)):
                append(store, steps, steps)
                store.result()
                assert steps_in(path) == expected

    def test_the_age_of_a_group_counts_from_its_first_block(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        now_ns = 10_000_000_000
        monkeypatch.setattr("alpha_pulse.stores.sql.elapsed_ns", lambda: now_ns)
        with contextlib.closing(SqliteStore(path, StoreConfig(group_steps=1_000, group_ms=20.0))) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 20)
            now_ns += 19_999_999
            assert not store.due()
            now_ns += 1
            assert store.due()
            append(store, 1)
            store.result()
            assert steps_in(path) == 21
            append(store, 1)
            assert not store.due()

    def test_each_step_is_in_the_file_when_append_returns(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path, StoreConfig(durability="step"))) as store:
            store.begin(IDENTITY, resume=False)
            for count in range(1, 6):
                append(store, 1)
                assert steps_in(path) == count

    def test_a_checkpoint_takes_the_open_group_with_it(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path, BY_HAND)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 7)
            store.save_checkpoint(6, b"state")
            store.result()
            assert steps_in(path) == 7

    def test_what_was_reached_is_in_the_file_and_the_rest_may_wait(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path, BY_HAND)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 7)
            while (commit := store.ensure_durable(6)) is not None:
                commit.result(10)
            assert steps_in(path) == 7
            append(store, 5)
            assert store.ensure_durable(6) is None
            assert steps_in(path) == 7

    def test_a_step_whose_commit_fails_is_never_reached(self, path: Path) -> None:
        store = SqliteStore(path, BY_HAND)
        store.begin(IDENTITY, resume=False)
        append(store, 7)
        path.unlink()
        commit = store.ensure_durable(6)
        assert commit is not None
        assert "was deleted" in str(commit.exception(10))
        with pytest.raises(StoreError, match="was deleted"):
            store.ensure_durable(6)
        store.close()

    def test_a_failed_write_stops_the_store_and_keeps_what_was_flushed(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = SqliteStore(path, BY_HAND)
        store.begin(IDENTITY, resume=False)
        append(store, 20)
        store.flush()
        append(store, 2_000)
        with monkeypatch.context() as disk:
            disk.setattr(os, "pwrite", failing(errno.EIO))
            with pytest.raises(StoreError, match=r"input/output error; steps after 19 may be lost; .*replay: with --resume"):
                store.flush()
        for refused in (store.flush, lambda: append(store, 1), lambda: store.save_checkpoint(3, b"state")):
            with pytest.raises(StoreError, match="could not be written"):
                refused()
        assert [block.seq for block in store.blocks(17)] == [17, 18, 19]
        store.close()
        with pytest.raises(StoreError, match="closed"):
            next(iter(store.blocks()))
        with resumed(path) as again:
            # The transaction was committed; only the mark after it was not written.
            assert check_is_prefix(again) == 2_020
            append(again, 5)
            assert check_is_prefix(again) == 2_025


class TestOpening:
    def test_only_the_owner_may_read(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "folder" / "run.db"
        with contextlib.closing(SqliteStore(path)) as store:
            store.begin(IDENTITY, resume=False)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert set(modes) >= {"run.db", "run.db-wal", "run.db.head"}
        assert set(modes.values()) == {0o600}

    def test_a_second_store_is_refused_here_and_in_another_process(self, path: Path) -> None:
        make(path, 3)
        attempt = f"from pathlib import Path\nfrom alpha_pulse.stores.sql import SqliteStore\nSqliteStore(Path({str(path)!r}))"
        with resumed(path) as store:
            with pytest.raises(StoreError, match=r"in use by process \d+; stop it first, or use another store"):
                SqliteStore(path)
            other = subprocess.run(
                [sys.executable, "-c", attempt],
                capture_output=True,
                text=True,
                check=False,
                env={"PYTHONPATH": ":".join(sys.path)},
            )
            assert other.returncode == 1
            assert "in use by process" in other.stderr
            append(store, 2)
        with resumed(path) as store:
            assert check_is_prefix(store) == 5

    def test_a_file_that_is_no_database_is_refused_and_left_alone(self, path: Path) -> None:
        path.write_bytes(b"ts,symbol,open,high,low,close\n" * 100)
        with pytest.raises(StoreError, match="cannot be read as an SQLite database"):
            SqliteStore(path)
        assert [file.name for file in path.parent.iterdir()] == ["run.db"]

    def test_the_database_of_another_program_is_refused(self, path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE notes (line TEXT)")
        with pytest.raises(StoreError, match="of another program"):
            SqliteStore(path)

    def test_another_schema_version_is_refused(self, path: Path) -> None:
        make(path, 1)
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA user_version = 99")
        sentence = f"a later version (schema version 99; this version reads {SCHEMA_VERSION}); open it with that version"
        with pytest.raises(StoreError, match=re.escape(sentence) + ", or use another store$"):
            SqliteStore(path)
        with pytest.raises(StoreError, match=re.escape(sentence) + "$"):
            StoreReader(path)

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="is a folder"):
            SqliteStore(tmp_path)

    def test_a_place_that_cannot_be_made_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(StoreError, match="cannot be created"):
            SqliteStore(tmp_path / "file" / "run.db")


def test_plain_sql_reads_the_tables_while_they_are_written(path: Path) -> None:
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        append(store, 50, steps=7)
        store.flush()
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
            found = reader.execute("SELECT seq, position, quantity, price FROM fills WHERE seq < 6").fetchall()
            assert found == [(seq, place, seq, seq / 8) for seq in (0, 3) for place in (0, 1)]
            for table in TABLES:
                assert reader.execute(f"SELECT count(*) FROM {table} WHERE seq = 49").fetchone() == (1,)
            ((schema,),) = reader.execute("SELECT sql FROM sqlite_master WHERE name = 'fills'").fetchall()
            assert "cost INTEGER NOT NULL, -- half-spread and slippage, minor units" in schema


def test_a_layout_is_stored_once(path: Path) -> None:
    make(path, 100)
    with resumed(path) as store:
        append(store, 100)
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT id, content FROM layout").fetchall() == list(enumerate(LAYOUTS, start=1))
