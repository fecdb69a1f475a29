"""Trainings in another process: the same models as in the loop, postponed when late, given up when the process dies twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import pytest

from alpha_pulse.engine.system import System
from alpha_pulse.engine.training.trainers import InlineTrainer
from alpha_pulse.runtime.live import Runner
from alpha_pulse.runtime.training.beside import TrainingBeside
from alpha_pulse.runtime.training.process import ProcessTrainer
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.sql import SqliteStore
from flow.runs import Done, begun, restless

BARS = 1_800
SETTINGS = {
    "batch.train_bars": 1_500, "batch.retrain_bars": 150, "batch.ready_delay_bars": 40, "batch.volatility_trees": 5,
    "batch.direction_trees": 5, "execution.shadow_books": False,
}  # fmt: skip


@cache
def in_the_loop() -> Done:
    system = begun(restless(BARS), SETTINGS, MemoryStore())
    while system.advance(64) == 64:
        pass
    return Done(system)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that stops in the first round."""
    path = tmp_path_factory.mktemp("beside") / "run.db"
    with closing(SqliteStore(path)) as store:
        system = begun(restless(BARS), {**SETTINGS, "store.checkpoint_steps": 1_250}, store)
        for _ in range(6):
            system.advance(250)
        system.advance(1)
    return path


@pytest.fixture
def path(prefix: Path, tmp_path: Path) -> Path:
    for each in prefix.parent.iterdir():
        shutil.copy(each, tmp_path)
    return tmp_path / prefix.name


@contextmanager
def beside(path: Path) -> Iterator[tuple[System, TrainingBeside, ProcessTrainer]]:
    with closing(SqliteStore(path)) as store:
        system = begun(restless(BARS), SETTINGS, store, resume=True)
        training = TrainingBeside(system)
        assert training.trainer is not None
        try:
            yield system, training, training.trainer
        finally:
            training.close()


def advance(system: System, training: TrainingBeside, to: int, size: int = 30) -> None:
    while system.feed.position < to:
        slices = min(size, to - system.feed.position)
        training.before(slices)
        system.advance(slices)


def wait(system: System, trainer: ProcessTrainer) -> None:
    """Until the round in progress is trained, or has failed."""
    due = system.training.round
    assert due is not None
    system.store.flush()
    until = time.monotonic() + 60
    while not trainer.done(due.end):
        assert time.monotonic() < until
        time.sleep(0.01)


def kill(system: System, trainer: ProcessTrainer, times: int) -> None:
    """End the process as the system would, as often as it comes."""
    killed: set[int] = set()
    due = system.training.round
    assert due is not None
    while len(killed) < times:
        pid = trainer.pid
        if pid is not None and pid not in killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        time.sleep(0.001)


def test_a_run_whose_process_keeps_up_or_is_killed_once_has_the_journal_of_a_replay(path: Path) -> None:
    with beside(path) as (system, training, trainer):
        wait(system, trainer)
        advance(system, training, 1_651)
        kill(system, trainer, 1)
        wait(system, trainer)
        advance(system, training, BARS)
        done, whole = Done(system), in_the_loop()
        assert done.steps == whole.steps
        assert done.hashes == whole.hashes
        assert sum(len(record.models) for record in done.records) == 4


def test_a_late_training_is_postponed_and_the_run_can_be_built_again(path: Path) -> None:
    with beside(path) as (system, training, trainer):
        pid = trainer.pid
        while pid is None:
            pid = trainer.pid
        os.kill(pid, signal.SIGSTOP)
        advance(system, training, 1_600)
        os.kill(pid, signal.SIGCONT)
        wait(system, trainer)
        advance(system, training, 1_700)
        done = Done(system)
    (postponed, *_), seen = [[c for r in done.records for c in r.commands], [s for s, r in enumerate(done.records) if r.models]]
    assert (postponed.setting, postponed.value) == ("training.postpone", 1_611.0)
    assert seen[0] >= 1_611
    with closing(SqliteStore(path)) as store:
        again = begun(restless(BARS), SETTINGS, store, resume=True)
        assert again.state_sha256() == done.state


def test_after_a_second_kill_the_training_is_given_up_and_the_next_one_succeeds(path: Path) -> None:
    with beside(path) as (system, training, trainer):
        kill(system, trainer, 2)
        wait(system, trainer)
        advance(system, training, 1_640)
        (refused,) = [command for record in Done(system).records for command in record.commands]
        assert refused.setting == "training.refuse"
        assert "the process that trains ended with code -9" in str(refused.value)
        newest = Done(system).predictions[-1]
        assert [member.source for member in newest.members] == ["online", "base"]
        assert [each.reason for each in newest.missing] == [refused.value]
        advance(system, training, 1_651)
        wait(system, trainer)
        advance(system, training, BARS)
        assert [member.source for member in Done(system).predictions[-1].members] == ["online", "batch", "base"]
        state = system.state_sha256()
    with closing(SqliteStore(path)) as store:
        assert begun(restless(BARS), SETTINGS, store, resume=True).state_sha256() == state


def test_a_store_in_memory_trains_in_the_loop() -> None:
    system = begun(restless(50), SETTINGS, MemoryStore())
    training = TrainingBeside(system)
    training.before(10)
    training.close()
    assert isinstance(system.training.trainer, InlineTrainer)


@pytest.fixture(autouse=True)
def _no_process_stays() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_run_at_full_speed_waits_for_its_trainings_and_decides_as_a_replay(path: Path) -> None:
    async def finish(runner: Runner) -> None:
        task = asyncio.create_task(runner.run())
        while runner.result is None:
            assert runner.state != "failed", runner.detail
            await asyncio.sleep(0.01)
        task.cancel()

    with closing(SqliteStore(path)) as store:
        system = begun(restless(BARS), SETTINGS, store, resume=True)
        runner = Runner(system, lambda: system.feed.position)
        try:
            asyncio.run(finish(runner))
        finally:
            runner.stop()
        assert Done(system).hashes == in_the_loop().hashes
        assert not any(record.commands for record in Done(system).records)
