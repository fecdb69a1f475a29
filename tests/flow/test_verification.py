"""``journal verify`` on real runs: all fits, and each kind of thing that does not fit is named, though every hash is right."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cli_runs
from alpha_pulse.engine.verification import Verification, verify
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.base import RunIdentity
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from flow.runs import RESTLESS, begun, configured, restless

SETTINGS = {**RESTLESS, "batch.enabled": False, "store.checkpoint_steps": 400}
IDENTITY = RunIdentity("by hand", "c", "f", "1")
Row = dict[str, Any]
Change = Callable[[Row, Row], bool]


class Step(NamedTuple):
    ts: int
    payload: bytes
    decision: bytes | None

    def parsed(self) -> tuple[Row, Row]:
        return json.loads(self.payload), json.loads(self.decision or b"{}")


@cache
def rows() -> list[Step]:
    """The steps of a run in which something of every kind happens: trades, stops, alarms, trials, a session that is fed."""
    store = MemoryStore()
    system = begun(restless(2_200), SETTINGS, store)
    system.command([Command("start", "SYN/fed", model_type="logistic", horizon=1, n_features=1)])
    for number in range(3):
        system.command([Command("update", "SYN/fed", examples=[LabelledExample(str(number), [0.5], 1)])])
    while system.step():
        pass
    return [Step(row.ts_event, row.payload, row.decision) for row in store.rows()]


def verified(path: Path, change: Change) -> Verification:
    """What is found where ``change`` was made once, in a journal whose every hash fits."""
    changed = False
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        for step in rows():
            payload, line = step.payload, step.decision
            if not changed:
                one, other = step.parsed()
                changed = change(one, other)
                payload, line = json.dumps(one).encode(), line and json.dumps(other).encode()
            store.append(step.ts, payload, line)
    assert changed
    with StoreReader(path) as reader:
        return verify(reader)


def first(rows: Row, name: str, **fields: Any) -> bool:
    """Change fields of the first element of a list, in the first row that has one."""
    if not rows.get(name):
        return False
    rows[name][0].update(fields)
    return True


def drop(rows: Row, name: str) -> bool:
    return bool(rows.get(name)) and rows[name].pop(0) is not None


def doubled(rows: Row, name: str) -> bool:
    if not rows.get(name):
        return False
    rows[name].append(rows[name][0])
    return True


def times(rows: Row, name: str, factor: int) -> bool:
    return bool(rows.get(name)) and first(rows, name, quantity=rows[name][0]["quantity"] * factor)


def closed(rows: Row, **fields: Any) -> bool:
    if not any(action.get("status") in ("accepted", "rolled_back") for action in rows.get("adaptations", ())):
        return False
    rows["adaptations"] = [{**action, **fields} for action in rows["adaptations"]]
    return True


def given_twice(rows: Row) -> bool:
    """An outcome from outside, of one lot, in two commands."""
    if not rows.get("commands"):
        return False
    numbers = dict.fromkeys(("quantity", "gross_pnl", "costs", "net_pnl", "opened_ts", "closed_ts"), 1)
    names = dict.fromkeys(("lot_id", "book", "symbol", "open_fill_id", "close_fill_id", "signal_id"), "x")
    lot = {**numbers, **names, "open_reference": 1.0, "close_reference": 1.0}
    outcome = {"lot": lot, "signal_id": "x", "prediction_id": None, "pnl": 1, "return_": 0.1, "closed_ts": 1, "held_ns": 1}
    rows["commands"] += [{"kind": "outcome", "session_id": "SYN/trade_quality", "outcome": outcome}] * 2
    return True


CHANGES: list[tuple[str, str, Change]] = [
    ("counts", "is not a step of this program", lambda row, _: first(row, "predictions", probability="high")),
    ("counts", "is not the next one", lambda row, _: first(row, "bars", seq=-1)),
    ("references", "is not pending", lambda row, _: drop(row, "predictions")),
    ("references", "is not pending", lambda row, _: doubled(row, "labels")),
    ("references", "as one of SYN/volatility", lambda row, _: first(row, "labels", target="volatility")),
    ("references", "which was not placed or is filled already", lambda row, _: first(row, "fills", order_id="combined/SYN/0")),
    ("references", "or is filled already", lambda row, _: doubled(row, "fills")),
    ("references", "differs from its order", lambda row, _: first(row, "fills", signal_id="combined/SYN/0")),
    ("references", "which was not placed or is filled already", lambda _, line: drop(line, "orders")),
    ("references", "is not open", lambda row, _: first(row, "lots", open_fill_id="combined/SYN/0/f")),
    ("references", "which is not in that row", lambda row, _: first(row, "lots", close_fill_id="combined/SYN/0/f")),
    ("references", "differs from the fills", lambda row, _: first(row, "lots", opened_ts=1)),
    ("references", "are open", lambda row, _: times(row, "lots", -1)),
    ("references", "are open", lambda row, _: times(row, "lots", 10)),
    ("references", "its order", lambda row, _: times(row, "fills", 10)),
    ("references", "which is not in that row", lambda _, line: first(line, "orders", signal_id="combined/SYN/0")),
    ("references", "of another row", lambda _, line: first(line, "signals", prediction_id="SYN/direction/0")),
    ("references", "which is not in the journal", lambda row, _: drop(row, "alarms") and bool(row.get("adaptations"))),
    ("learning", "net P&L other than", lambda row, _: first(row, "lots", net_pnl=1, gross_pnl=9, costs=9)),
    ("references", "responds to alarm x, which", lambda row, _: first(row, "alarm_responses", alarm_id="x")),
    (
        "references",
        "by action x, which did not begin",
        lambda row, _: first(row, "alarm_responses", status="acted", action_id="x"),
    ),
    ("learning", "learns from lot x, which was not closed", lambda row, _: first(row, "scored_trades", lot_id="x")),
    ("learning", "which was not closed in that row or was learned before", lambda row, _: doubled(row, "scored_trades")),
    ("learning", "applies the outcome of lot x/x again", lambda row, _: given_twice(row)),
    ("learning", "which is not open", lambda row, _: closed(row, action_id="SYN/direction/action/99")),
    ("learning", "learns example '0' of SYN/fed again", lambda row, _: bool(row.get("commands")) and first(
        row["commands"][0], "examples", id="0", features=[0.5]) and row["commands"][0]["examples"].append(
        row["commands"][0]["examples"][0]) is None),
]  # fmt: skip


def test_a_run_in_which_everything_happens_fits(tmp_path: Path) -> None:
    found = verified(tmp_path / "run.db", lambda *_: True)
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
    assert check.detail.startswith("row ")
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
    assert found.rows == 320
    for sql, name, sentence in (
        ("UPDATE checkpoint SET blob = zeroblob(100) WHERE seq = 199", "checkpoints", "at row 199"),
        ("UPDATE checkpoint SET seq = 298 WHERE seq = 299", "checkpoints", "at row 298 does not belong to this journal"),
        ("UPDATE run SET result = replace(result, '\"bars\":320', '\"bars\":321')", "result", "its hash does not match"),
        ("DROP TRIGGER journal_refuses_update", "file", "journal_refuses_update was changed"),
        ("UPDATE journal SET payload = replace(payload, '1', '2') WHERE seq = 7", "chain", "journal row 7 of"),
    ):
        check = {check.name: check for check in changed(finished, sql).checks}[name]
        assert not check.ok
        assert sentence in check.detail


def test_a_run_that_is_under_way_is_checked_as_of_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        for number, step in enumerate(rows()[:400], start=1):
            store.append(*step)
            if number == 200:
                store.flush()
                reader = StoreReader(path)
        store.flush()
        with reader:
            found = verify(reader)
        assert (found.ok, found.rows, found.finished) == (True, 200, False)
        with StoreReader(path) as later:
            assert verify(later).rows == 400


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
        for step in rows():
            store.append(*step)
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
    assert all(one["ok"] and one["rows"] == 160 and one["run_id"] == store.parent.name for one in told)
    content = bytearray(store.read_bytes())
    content[content.index(b'"trades":')] ^= 1
    store.write_bytes(content)
    refused = cli_runs.run_each(
        tmp_path,
        [
            ["journal", "verify", str(store)],
            ["journal", "verify", store.parent.name[:-1]],
            ["journal", "verify", "memory://"],
            ["journal", "verify", "bars.parquet"],
            ["journal", "verify", "no/run.db"],
            ["replay", "--data", "bars.parquet", "--config", "small.toml", "--store", str(store), "--resume"],
        ],
    )
    assert [one.returncode for one in refused] == [1, 2, 2, 2, 2, 2]
    assert "NOT OK  result        its hash does not match its content" in refused[0].stdout
    assert f"did you mean '{store.parent.name}'?" in refused[1].stderr
    assert "names no stored run" in refused[2].stderr
    assert "is not an SQLite database" in refused[3].stderr
    assert "does not exist" in refused[4].stderr
    assert "the result in store" in refused[5].stderr
