"""Running gateways for the flow tests, and a child process that learns what it is sent until it is killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import cli_runs
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.gateway.protocol import Gateway, SessionConfig
from alpha_pulse.learning.commands import LabelledExample
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from flow.runs import LEAN, configured

PATIENCE_S = 60.0


def opened(
    feed: ReplayFeed,
    settings: dict[str, Any] | None = None,
    store: Store | None = None,
    *,
    speed: float = 0.0,
    paused: bool = False,
) -> LocalGateway:
    """A gateway to a system that has begun, or gone on with what ``store`` holds."""
    config = configured(settings)
    system = System(config, feed, store if store is not None else MemoryStore(config.store))
    system.begin("flow", resume=True)
    gateway = LocalGateway(system, "made up", bars_per_second=speed, paused=paused)
    for _ in gateway.read_back():
        pass
    check: Gateway = gateway
    assert check is gateway
    return gateway


@contextlib.asynccontextmanager
async def running(gateway: LocalGateway) -> AsyncIterator[LocalGateway]:
    """The gateway with its runner at work; stopped cleanly at the end."""
    task = asyncio.create_task(gateway.runner.run())
    try:
        yield gateway
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        gateway.runner.stop()


async def until(gateway: LocalGateway, *states: str) -> None:
    """Wait until the run is in one of these states."""
    changed = asyncio.Event()
    end = gateway.listen(changed.set)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while gateway.control().state not in states:
                changed.clear()
                await changed.wait()
    finally:
        end()


async def ran(gateway: LocalGateway) -> LocalGateway:
    """Run to the end."""
    async with running(gateway):
        await until(gateway, "finished", "failed")
    return gateway


def examples(count: int, first: int = 0, width: int = 3) -> list[LabelledExample]:
    """Labelled rows in which the first feature says the label."""
    rows = np.random.default_rng(7).standard_normal((first + count, width))[first:]
    return [LabelledExample(f"e{first + i}", row.tolist(), int(row[0] > 0.0)) for i, row in enumerate(rows)]


MINE = SessionConfig(target="mine", source="api", n_features=3)


def quiet() -> ReplayFeed:
    """A short random walk."""
    return random_walk(400, seed=3)


def stored(path: Path, settings: dict[str, Any] | None = None) -> Store:
    """The store at ``path``, with settings of its own."""
    return open_store(str(path), configured(settings).store)


def after_a_crash(store: Path, settings: dict[str, Any] | None = None) -> Store:
    """What the disk holds of a store that is in use, as a store of its own: nothing more is written to it."""
    copy = store.parent / "after a crash"
    copy.mkdir()
    for file in store.parent.glob(f"{store.name}*"):
        shutil.copy(file, copy / file.name)
    return stored(copy / store.name, settings)


# A child process that is killed once it has told that everything was learned.


async def _learn(path: Path, batches: Sequence[int]) -> None:
    gateway = opened(quiet(), LEAN, stored(path), speed=200.0)
    async with running(gateway):
        await gateway.start_session("ELSE", "logistic", MINE)
        for first in batches:
            updated = await gateway.update("ELSE/mine", examples(50, first))
            os.write(1, b"%d\n" % updated.labels_used)
        await asyncio.sleep(PATIENCE_S)


def killed_after_learning(path: Path, batches: Sequence[int]) -> list[int]:
    """Have a child learn batches of 50 examples, kill -9 it as soon as the last is acknowledged; what it told after each."""
    process = subprocess.Popen(cli_runs.forked(path, *map(str, batches), module="flow.gateways"), stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as stream:
        told = [int(stream.readline()) for _ in batches]
        process.send_signal(signal.SIGKILL)
        stream.read()  # which ends when the copy is dead
    assert process.wait() == -signal.SIGKILL
    return told


if __name__ == "__main__":
    asyncio.run(_learn(Path(sys.argv[1]), [int(first) for first in sys.argv[2:]]))
