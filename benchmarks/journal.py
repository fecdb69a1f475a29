"""The store: append the blocks of the loop, with and without waiting for the disk at each block."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from alpha_pulse.core.config import Config, StoreConfig
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Block, RunIdentity
from benchmarks.loop import MARKET, start
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

IDENTITY = RunIdentity("benchmark", "c", "f", "1")
ROUNDS = 5
LARGE = 500
"""Steps of a block, as in a replay."""


def run(options: Options) -> list[Table]:
    """Blocks are appended, and at the end all of them are on the disk; with durability ``step``, each at once."""
    n = 100 if options.quick else 5_000
    single, large = _blocks(n, 1), _blocks(n, LARGE)
    grouped = interleave(
        {
            "group, SQLite": _writer(single, "group"), f"group, SQLite, blocks of {LARGE}": _writer(large, "group"),
            "memory": _writer(single, None),
        },
        n,
        ROUNDS,
    )  # fmt: skip
    each = max(n // 20, 20)
    synced = interleave({"step, SQLite": _writer(single[:each], "step")}, each, ROUNDS)
    return [
        rate_table(
            f"Journal: append and flush, {_bytes_per_step(single, n):,} bytes of columns per step in blocks of one, "
            f"{_bytes_per_step(large, n):,} in blocks of {LARGE}",
            {**grouped, **synced},
            unit="steps",
            notes=[
                "group: committed after 20 ms or 500 steps, once the previous commit has finished; "
                "step: each block is on the disk before the call returns."
            ],
        )
    ]


def _blocks(n: int, steps: int) -> list[Block]:
    """The blocks of a run of ``n`` steps."""
    system = start(random_walk(n, seed=7, market=MARKET), Config(), "memory://")
    while system.advance(steps):
        pass
    return list(system.store.blocks())


def _bytes_per_step(blocks: list[Block], n: int) -> int:
    return sum(len(block.columns) for block in blocks) // n


def _writer(blocks: list[Block], durability: str | None) -> Callable[[], None]:
    settings = StoreConfig(durability="step" if durability == "step" else "group")

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="alpha-pulse-benchmark-") as folder:
            store = open_store("memory://" if durability is None else str(Path(folder, "run.db")), settings)
            store.begin(IDENTITY, resume=False)
            for block in blocks:
                store.append(block)
            store.flush()
            store.close()

    return work
