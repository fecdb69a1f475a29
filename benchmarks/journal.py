"""The store: append the rows of the loop, with and without waiting for the disk at each row."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from alpha_pulse.core.config import Config, StoreConfig
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import JournalRow, RunIdentity
from benchmarks.loop import MARKET, start
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

WARM_BARS = 400
IDENTITY = RunIdentity("benchmark", "c", "f", "1")
ROUNDS = 5


def run(options: Options) -> list[Table]:
    """One table per durability: each row is appended, and at the end all rows are on the disk."""
    n = 100 if options.quick else 5_000
    rows = _real_rows(300)
    grouped = interleave(
        {"group, SQLite": _writer(rows, n, "group"), "memory": _writer(rows, n, None)},
        n,
        ROUNDS,
    )
    each = max(n // 20, 20)
    synced = interleave({"step, SQLite": _writer(rows, each, "step")}, each, ROUNDS)
    size = sum(len(row.payload) + len(row.decision or b"") for row in rows) // len(rows)
    return [
        rate_table(
            f"Journal: append and flush, rows of {size:,} bytes on average",
            {**grouped, **synced},
            unit="rows",
            notes=[
                "group: committed after 20 ms or 500 rows, once the previous commit has finished; "
                "step: each row is on the disk before the call returns."
            ],
        )
    ]


def _real_rows(n: int) -> list[JournalRow]:
    feed = random_walk(WARM_BARS + n, seed=7, market=MARKET)
    system = start(feed, Config(), "memory://")
    while system.step():
        pass
    return list(system.store.rows(WARM_BARS))


def _writer(rows: list[JournalRow], n: int, durability: str | None) -> Callable[[], None]:
    settings = StoreConfig(durability="step" if durability == "step" else "group")

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="alpha-pulse-benchmark-") as folder:
            store = open_store("memory://" if durability is None else str(Path(folder, "run.db")), settings)
            store.begin(IDENTITY, resume=False)
            append = store.append
            for i in range(n):
                row = rows[i % len(rows)]
                append(row.ts_event, row.payload, row.decision)
            store.flush()
            store.close()

    return work
