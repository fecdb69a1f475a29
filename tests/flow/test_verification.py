"""``journal verify`` on real runs: all fits, and each kind of thing that does not fit is named, though every hash is right."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

import cli_runs
from alpha_pulse.core.types import Lot, Signal, TradeOutcome
from alpha_pulse.engine.verification import Verification, verify
from alpha_pulse.journal.block import decode_block, encode_block
from alpha_pulse.journal.rows import to_row
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.base import Block, RunIdentity
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from flow.runs import RESTLESS, begun, configured, restless

SETTINGS = {**RESTLESS, "batch.enabled": False, "store.checkpoint_steps": 400}
IDENTITY = RunIdentity("by hand", "c", "f", "1")


class Content:
    """The columns and rows of a block of one step, to be changed."""

    def __init__(self, stored: Block) -> None:
        self._block = decode_block(stored)
        self.tables = {name: table.copy() for name, table in self._block.tables.items()}
        self.structs = {table: [struct for _, struct in self._block.structs(table)] for table in self._block.rows}

    def encoded(self) -> Block:
        seq = self._block.first_seq
        rows = {
            table: [to_row(seq, position, table, struct) for position, struct in enumerate(structs)]
            for table, structs in self.structs.items()
            if structs
        }
        return encode_block(msgspec.structs.replace(self._block, tables=self.tables, rows=rows))

    def change(self, table: str, column: str, found: Callable[[float], bool], put: Callable[[float], float]) -> bool:
        """Change the first value of a column that is so."""
        if table not in self.tables:
            return False
        values = self.tables[table][:, self._block.layout.places[table][column]]
        at = [row for row, value in enumerate(values.tolist()) if found(value)]
        if at:
            values[at[0]] = put(values[at[0]])
        return bool(at)

    def first(self, table: str, **fields: Any) -> bool:
        """Change fields of the first row of a table."""
        if not self.structs.get(table):
            return False
        self.structs[table][0] = msgspec.structs.replace(self.structs[table][0], **fields)
        return True

    def drop(self, table: str) -> bool:
        return bool(self.structs.get(table)) and self.structs[table].pop(0) is not None

    def double(self, table: str) -> bool:
        if not self.structs.get(table):
            return False
        self.structs[table].append(self.structs[table][0])
        return True

    def times(self, table: str, factor: int) -> bool:
        """Multiply the quantity of the first row."""
        return bool(self.structs.get(table)) and self.first(table, quantity=self.structs[table][0].quantity * factor)


Change = Callable[[Content], bool]


@cache
def blocks() -> list[Block]:
    """The steps of a run in which something of every kind happens: trades, stops, alarms, trials, a session that is fed."""
    store = MemoryStore()
    system = begun(restless(2_200), SETTINGS, store)
    system.command([Command("start", "SYN/fed", model_type="logistic", horizon=1, n_features=1)])
    for number in range(3):
        system.command([Command("update", "SYN/fed", examples=[LabelledExample(str(number), [0.5], 1)])])
    while system.step():
        pass
    return list(store.blocks())


def verified(path: Path, change: Change) -> Verification:
    """What is found where ``change`` was made once, in a journal whose every hash fits."""
    changed = False
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        for block in blocks():
            appended = block
            if not changed:
                content = Content(block)
                changed = change(content)
                appended = content.encoded()
            store.append(appended)
    assert changed
    with StoreReader(path) as reader:
        return verify(reader)


def unreadable(step: Content) -> bool:
    """A list within a row is no list."""
    return step.first("alarms", features="all")


def closed(step: Content, **fields: Any) -> bool:
    actions = step.structs.get("adaptations", [])
    if not any(action.status in ("accepted", "rolled_back") for action in actions):
        return False
    step.structs["adaptations"] = [msgspec.structs.replace(action, **fields) for action in actions]
    return True


def given_twice(step: Content) -> bool:
    """An outcome from outside, of one lot, in two commands."""
    if not step.structs.get("commands"):
        return False
    lot = Lot("x", "x", "x", 1, 1, 1, 1.0, 1.0, 1, 0, 1, "x", "x", "x")
    outcome = TradeOutcome(lot, "x", None, 1, 0.1, 1, 1)
    step.structs["commands"] += [Command("outcome", "SYN/trade_quality", outcome=outcome)] * 2
    return True


def learned_twice(step: Content) -> bool:
    """One example twice in a command."""
    example = LabelledExample("0", [0.5], 1)
    return step.first("commands", kind="update", examples=[example, example])


def followed_an_old_prediction(step: Content) -> bool:
    """An agent states that it used the prediction of another step."""
    if not step.structs.get("orders"):
        return False
    order = step.structs["orders"][0]
    signal = Signal("trend/SYN/1", "trend", "SYN", order.ts, 0.5, None, 0.5, 0.5, "SYN/direction/0")
    step.structs["signals"] = [signal]
    return True


def alarms_of_no_step(step: Content) -> bool:
    return bool(step.structs.get("adaptations")) and step.drop("alarms")


def cut(step: Content, table: str) -> bool:
    """The last row of a table is gone."""
    if not len(step.tables.get(table, ())):
        return False
    step.tables[table] = step.tables[table][:-1].copy()
    return True


def bar_twice(step: Content) -> bool:
    """All that a bar has is there twice."""
    if not step.tables:
        return False
    for name in step.tables.keys() - {"slices", "earlier"}:
        step.tables[name] = step.tables[name].repeat(2, axis=0)
    return True


def of_bars(step: Content, column: str, value: int) -> bool:
    return step.change("codes", column, lambda _: True, lambda _: value)


CHANGES: list[tuple[str, str, Change]] = [
    ("counts", "does not fit its layout: table prices has 0 rows, 1 are expected", lambda step: cut(step, "prices")),
    ("counts", "does not fit its layout: table slices has 0 rows, 1 are expected", lambda step: cut(step, "slices")),
    ("counts", "a bar has a slice that is not one of 1", lambda step: of_bars(step, "slice", 1)),
    ("counts", "a bar has a symbol that is not one of 1", lambda step: of_bars(step, "symbol", -1)),
    ("counts", "its bars are not ordered by symbol and time", bar_twice),
    (
        "counts",
        "the times of its slices are not those of the block",
        lambda step: step.change("slices", "ts_event_ns", lambda _: True, lambda ts: ts + 1),
    ),
    ("counts", "it has neither bars nor commands", lambda step: step.drop("commands")),
    ("counts", "do not match the repeated probabilities", lambda step: cut(step, "earlier")),
    ("counts", "is not a step of this program", unreadable),
    ("counts", "is not the next one", lambda step: step.change("slices", "number", lambda _: True, lambda _: -1)),
    ("references", "is not pending", lambda step: step.change("codes", "direction.served", bool, lambda _: 0)),
    (
        "references",
        "is not pending",
        lambda step: step.change("codes", "direction.label_age_slices", bool, lambda age: age + 1),
    ),
    (
        "references",
        "which was not placed or is filled already",
        lambda step: step.first("fills", order_id="combined/SYN/0", fill_id="combined/SYN/0/f"),
    ),
    ("references", "or is filled already", lambda step: step.double("fills")),
    ("references", "differs from its order", lambda step: step.first("fills", signal_id="combined/SYN/0")),
    ("references", "which was not placed or is filled already", lambda step: step.drop("orders")),
    ("references", "is not open", lambda step: step.first("lots", open_fill_id="combined/SYN/0/f")),
    (
        "references",
        "which is not in that step",
        lambda step: step.first("lots", close_fill_id="combined/SYN/0/f", lot_id="combined/SYN/0/f/0"),
    ),
    ("references", "differs from the fills", lambda step: step.first("lots", opened_ts=1)),
    ("references", "are open", lambda step: step.times("lots", -1)),
    ("references", "are open", lambda step: step.times("lots", 10)),
    ("references", "its order", lambda step: step.times("fills", 10)),
    ("references", "which is not in that step", lambda step: step.first("orders", signal_id="combined/SYN/0")),
    ("references", "of another step", followed_an_old_prediction),
    ("references", "which is not in the journal", alarms_of_no_step),
    ("references", "responds to alarm x, which", lambda step: step.first("alarm_responses", alarm_id="x")),
    (
        "references",
        "by action x, which did not begin",
        lambda step: step.first("alarm_responses", status="acted", action_id="x"),
    ),
    ("learning", "learns from lot x, which was not closed", lambda step: step.first("scored_trades", lot_id="x")),
    ("learning", "which was not closed in that step or was learned before", lambda step: step.double("scored_trades")),
    ("learning", "applies the outcome of lot x/x again", given_twice),
    ("learning", "which is not open", lambda step: closed(step, action_id="SYN/direction/action/99")),
    ("learning", "learns example '0' of SYN/fed again", learned_twice),
]


def test_a_run_in_which_everything_happens_fits(tmp_path: Path) -> None:
    found = verified(tmp_path / "run.db", lambda _: True)
    assert found.ok, found.checks
    told = {check.name: check.detail for check in found.checks}
    assert set(told) == {"file", "chain", "counts", "references", "learning", "checkpoints", "result"}
    assert not any(f" 0 {name}" in f" {told['references']}" for name in ("fills", "lots", "orders"))
    assert "3 examples" in told["learning"]
    assert " 0 adaptations" not in told["learning"]


@pytest.mark.parametrize(("name", "sentence", "change"), CHANGES, ids=lambda value: value if isinstance(value, str) else "")
def test_what_does_not_fit_is_named(tmp_path: Path, name: str, sentence: str, change: Change) -> None:
    found = verified(tmp_path / "run.db", change)
    assert not found.ok
    check = {check.name: check for check in found.checks}[name]
    assert not check.ok
    assert sentence in check.detail
    assert check.detail.startswith("step ")
    assert check.errors >= 1


def changed(path: Path, sql: str) -> Verification:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(sql)
    with StoreReader(path) as reader:
        return verify(reader)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    path = tmp_path / "run.db"
    config = configured({**SETTINGS, "store.checkpoint_steps": 100})
    with contextlib.closing(SqliteStore(path, config.store)) as store:
        replay(config, restless(320), store, "finished")
    return path


def test_a_finished_run_fits_and_a_changed_one_does_not(finished: Path) -> None:
    with StoreReader(finished) as reader:
        found = verify(reader)
    assert found.ok, found.checks
    assert found.finished
    assert found.steps == 320
    for sql, name, sentence in (
        ("UPDATE checkpoint SET blob = zeroblob(100) WHERE seq = 199", "checkpoints", "at step 199"),
        ("UPDATE checkpoint SET seq = 298 WHERE seq = 299", "checkpoints", "at step 298 does not belong to this journal"),
        ("UPDATE run SET result = replace(result, '\"bars\":320', '\"bars\":321')", "result", "its hash does not match"),
        ("INSERT INTO layout VALUES (7, '{}')", "file", "layout 7 belongs to no block of the journal"),
        ("DROP TRIGGER fills_refuses_update", "file", "fills_refuses_update was changed"),
        ("UPDATE fills SET cost = cost + 1 WHERE seq = (SELECT min(seq) FROM fills)", "chain", "journal step 0 of"),
    ):
        check = {check.name: check for check in changed(finished, sql).checks}[name]
        assert not check.ok
        assert sentence in check.detail


def test_a_run_that_is_under_way_is_checked_as_of_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        for number, block in enumerate(blocks()[:400], start=1):
            store.append(block)
            if number == 200:
                store.flush()
                reader = StoreReader(path)
        store.flush()
        with reader:
            found = verify(reader)
        assert (found.ok, found.steps, found.finished) == (True, 200, False)
        with StoreReader(path) as later:
            assert verify(later).steps == 400


def test_a_damaged_mark_is_found_though_the_other_still_holds(finished: Path) -> None:
    head = finished.with_name("run.db.head")
    whole = head.read_bytes()
    for at in (20, 530):
        head.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with StoreReader(finished) as reader:
            found = verify(reader)
        assert [check.name for check in found.checks if not check.ok] == ["file"]
        assert found.checks[0].detail == "a mark in run.db.head is damaged; the other one is intact"


def test_a_result_that_other_steps_led_to_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        for block in blocks():
            store.append(block)
        store.finish(b'{"bars":2199,"books":{"combined":{"fills":1}}}')
    with StoreReader(path) as reader:
        check = verify(reader).checks[-1]
    assert check.errors == 2
    assert "bars is 2199 in the result, but 2200 in the journal" in check.detail


def test_the_command_finds_runs_by_path_url_and_id(tmp_path: Path) -> None:
    cli_runs.write_bars(tmp_path / "bars.parquet", 160)
    made = cli_runs.run(tmp_path, "replay", "--data", "bars.parquet", "--config", "small.toml")
    assert made.returncode == 0, made.stderr
    (store,) = (tmp_path / "data" / "alpha-pulse" / "runs").glob("*/store.db")
    names = (str(store), f"sqlite:///{store}", store.parent.name)
    done = cli_runs.run_each(tmp_path, [["journal", "verify", name, "--json"] for name in names])
    told = [json.loads(one.stdout) for one in done]
    assert all(one["ok"] and one["steps"] == 160 and one["run_id"] == store.parent.name for one in told)
    content = bytearray(store.read_bytes())
    content[content.index(b'"trades":')] ^= 1
    store.write_bytes(content)
    refused = cli_runs.run_each(
        tmp_path,
        [
            ["journal", "verify", str(store)],
            ["journal", "verify", store.parent.name + "0"],
            ["journal", "verify", "memory://"],
            ["journal", "verify", "bars.parquet"],
            ["journal", "verify", "no/run.db"],
            ["replay", "--data", "bars.parquet", "--config", "small.toml", "--store", str(store), "--resume"],
        ],
    )
    assert [one.returncode for one in refused] == [1, 2, 2, 2, 2, 2]
    assert f"NOT OK  result        the result in store {store} is damaged: its hash does not" in refused[0].stdout
    assert f"did you mean '{store.parent.name}'?" in refused[1].stderr
    assert "names no stored run" in refused[2].stderr
    assert "is not an SQLite database" in refused[3].stderr
    assert "does not exist" in refused[4].stderr
    assert "the result in store" in refused[5].stderr
