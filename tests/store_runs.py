"""Small runs for the tests of stores: an identity, steps by number, and a child process that can be killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

import cli_runs
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.stores.base import RunIdentity, Store
from alpha_pulse.stores.sql import SqliteStore

IDENTITY = RunIdentity(run_id="run-1", config_hash="c0ffee", feed_identity="feed", program_version="0.1.0")


def payload(number: int) -> bytes:
    """The journal of step ``number``; never the same twice."""
    prediction = {"prediction_id": f"p-{number}", "symbol": "EURUSD", "target": "direction", "probability": 0.5 + number / 1e9}
    return msgspec.json.encode({"bars": [{"symbol": "EURUSD", "close": 1.25}], "predictions": [prediction], "pad": "x" * 300})


def decision(number: int) -> bytes | None:
    """A decision at every third step."""
    if number % 3:
        return None
    return msgspec.json.encode({"ts": number, "signals": [{"signal_id": f"s-{number}", "symbol": "EURUSD"}], "orders": []})


def append(store: Store, count: int) -> None:
    """The next ``count`` steps."""
    start = store.head[0] + 1
    for number in range(start, start + count):
        assert store.append(1_000 * number, payload(number), decision(number)) == number


def make(path: Path, count: int, settings: StoreConfig | None = None) -> None:
    """A closed store of ``count`` steps."""
    store = SqliteStore(path, settings)
    store.begin(IDENTITY, resume=False)
    append(store, count)
    store.close()


def check_is_prefix(store: Store) -> int:
    """Every row verifies and is the step of its number; returns how many there are."""
    count = 0
    for row in store.rows():
        assert (row.seq, row.ts_event, row.payload, row.decision) == (count, 1_000 * count, payload(count), decision(count))
        count += 1
    return count


def run_until_killed(path: Path, durability: str, kill_after_lines: int) -> int:
    """Let a child append until it has told of ``kill_after_lines`` flushes, kill it; returns how many rows it told of."""
    child = subprocess.Popen(cli_runs.forked(path, durability, module="store_runs"), stdout=subprocess.PIPE)
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if len(lines) >= kill_after_lines:
            break
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    # The kill can cut the last line short; a number that was not told whole was not told.
    return max(int(line) for line in lines if line.endswith(b"\n"))


def _append_for_ever(path: Path, durability: str) -> None:
    settings = StoreConfig(durability="step") if durability == "step" else StoreConfig(group_steps=40)
    store = SqliteStore(path, settings)
    store.begin(IDENTITY, resume=True)
    while True:
        append(store, 7)
        store.flush()
        os.write(1, b"%d\n" % (store.head[0] + 1))
        append(store, 50)
        store.save_checkpoint(store.head[0], b"state")


if __name__ == "__main__":
    _append_for_ever(Path(sys.argv[1]), sys.argv[2])
