"""A run whose disk is full waits, and continues by itself as if there had been no interruption."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.errors import AgentError, NoSpaceError, StateError
from alpha_pulse.engine.system import System
from alpha_pulse.engine.verification import verify
from alpha_pulse.gateway.protocol import Page
from alpha_pulse.learning.commands import Command
from alpha_pulse.runtime.full_disk import until_written, write_held
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.reading import StoreReader
from flow.gateways import MINE, after_a_crash, examples, opened, quiet, running, stored, until
from flow.runs import LEAN, Done, Keeping, Restive, assert_equal, begun, configured, finished, restless, run
from store_runs import steps_in

DURABILITY: dict[str, dict[str, Any]] = {
    "group": {**LEAN, "store.checkpoint_steps": 130, "store.group_steps": 20, "store.group_ms": 1e6},
    "step": {**LEAN, "store.checkpoint_steps": 130, "store.durability": "step"},
}
each_durability = pytest.mark.parametrize("durability", DURABILITY)


class Disk:
    """A disk that is full once the -wal file of a store has grown by ``room`` bytes; ``told`` is what was said of it."""

    def __init__(self, store: Path, room: int) -> None:
        self._wal, self.room = store.with_name(f"{store.name}-wal"), room
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.told: list[str] = []

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._wal.stat().st_size + self.room, self._before[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)

    def note(self, reason: str | None) -> None:
        """Free the disk each time that the run waits, and fill it again once it continues."""
        if reason is None:
            self.fill()
        else:
            self.told.append(reason)
            self.free()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    disk = Disk(tmp_path / "run.db", 90_000)
    yield disk
    disk.free()
    signal.signal(signal.SIGXFSZ, handler)


@cache
def undisturbed(durability: str) -> Done:
    return run(quiet(), DURABILITY[durability], sizes=(7,))


def step_on(system: System) -> None:
    while system.step():
        pass


def waits(system: System) -> bool:
    """Whether a block has found no space."""
    return system.pipeline.held is not None


def check_store(path: Path, steps: int) -> None:
    with StoreReader(path) as reader:
        assert reader.step_count == steps
        assert reader.defects() == []
        assert [check.detail for check in verify(reader).checks if not check.ok] == []


@each_durability
def test_a_run_decides_as_if_the_disk_had_never_been_full(tmp_path: Path, disk: Disk, durability: str) -> None:
    store = stored(tmp_path / "run.db", DURABILITY[durability])
    system = begun(quiet(), DURABILITY[durability], store)
    disk.fill()
    while until_written(lambda: system.advance(7), disk.note, lambda: False) == 7:
        pass
    until_written(store.flush, disk.note, lambda: False)
    done = Done(system)
    disk.free()
    store.close()
    assert len(disk.told) >= 2
    assert all("steps after " in reason and reason.endswith("; the run waits, and continues by itself") for reason in disk.told)
    assert done.hashes == undisturbed(durability).hashes
    assert done.steps == undisturbed(durability).steps
    check_store(tmp_path / "run.db", 400)


@each_durability
def test_nothing_leaves_before_it_is_stored(tmp_path: Path, disk: Disk, durability: str) -> None:
    store = stored(tmp_path / "run.db", DURABILITY[durability])
    system = begun(quiet(), DURABILITY[durability], store)
    left: list[int] = []
    system.on_commit.append(lambda block: left.append(block.first_seq + block.steps))
    disk.fill()
    while not waits(system):  # before it, a checkpoint after a block that has left may be what finds no space
        with pytest.raises(NoSpaceError):
            step_on(system)
    steps, position = store.head[0] + 1, system.feed.position
    assert (position, left[-1]) == (steps, steps - 1)
    for refused in (system.step, lambda: system.command([Command("stop", "SYN/none")]), system.checkpoint):
        with pytest.raises(NoSpaceError):
            refused()
    assert (store.head[0] + 1, system.feed.position, left[-1]) == (steps, position, steps - 1)
    if durability == "step":
        assert steps_in(tmp_path / "run.db") == steps - 1
    disk.free()
    system.complete_block()
    assert (left[-1], steps_in(tmp_path / "run.db"), waits(system)) == (steps, steps, False)
    store.close()


REQUESTED = (*range(60, 390, 11), 129, 131)
"""Slices at which an agent requests an adaptation: in one another's trials, at a checkpoint, and beside it."""


@each_durability
def test_a_block_that_a_request_has_cut_waits_too(
    tmp_path: Path, disk: Disk, durability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Restive, "wanted", {("SYN", slice_): {"direction": "performance"} for slice_ in REQUESTED})
    monkeypatch.setitem(AGENTS, "restive", "flow.runs:Restive")
    # Each block is a group, so that the next one, whose length requests decide, is the one that finds no space.
    settings = {**DURABILITY[durability], "store.group_steps": 1}
    settings |= {"agents.members": ["restive", "reversion"], "adaptation.boost_labels": 20}
    whole = run(restless(400), settings, sizes=(1,))
    requested = {record.bars[0].seq - 1 for record in whole.records if record.requests}
    assert requested <= set(REQUESTED)
    store = stored(tmp_path / "run.db", settings)
    system, held, crashed, disk.room = begun(restless(400), settings, store), list[int](), None, 0
    while system.feed.position < 400:
        disk.fill()
        try:
            system.advance(400)
        except NoSpaceError:
            disk.free()
            if waits(system):  # otherwise it was a checkpoint after a block that is published
                held.append(store.head[0])
            if crashed is None and held and held[-1] in requested:
                crashed = after_a_crash(tmp_path / "run.db", settings)
            write_held(system)
    with contextlib.suppress(NoSpaceError):
        store.flush()
    disk.free()
    store.flush()
    assert_equal(Done(system), whole)
    store.close()
    check_store(tmp_path / "run.db", 400)
    assert len(set(held) & requested) >= {"group": 1, "step": 20}[durability]
    assert crashed is not None
    assert_equal(finished(begun(restless(400), settings, crashed, resume=True), (400,)), whole)
    crashed.close()


@each_durability
def test_a_checkpoint_that_found_no_space_is_written_later(tmp_path: Path, disk: Disk, durability: str) -> None:
    settings = {**DURABILITY[durability], "store.checkpoint_steps": 2_000}
    store = stored(tmp_path / "run.db", settings)
    system = begun(quiet(), settings, store)
    system.advance(250)
    store.flush()
    disk.room = 0
    disk.fill()
    system.checkpoint()
    store.flush()
    disk.free()
    assert store.checkpointed == -1
    system.checkpoint_if_useful()
    store.flush()
    assert store.checkpointed == store.head[0] == 249
    store.close()


def test_a_replay_waits_for_space_for_its_result_too(tmp_path: Path, disk: Disk) -> None:
    store = stored(tmp_path / "run.db")
    disk.room = 0
    result = replay(configured(LEAN), quiet(), store, "full", on_progress=lambda _: disk.fill(), on_waiting=disk.note)
    disk.free()
    assert store.result() == result
    store.close()
    assert len(disk.told) == 2
    check_store(tmp_path / "run.db", 400)


def test_a_replay_says_each_time_that_it_waits(tmp_path: Path, disk: Disk) -> None:
    """Also where there is space for some steps only."""
    settings, told = {**DURABILITY["group"], "store.checkpoint_steps": 40}, list[str | None]()
    store = stored(tmp_path / "run.db", settings)

    def free_some(reason: str | None) -> None:
        told.append(reason)
        if reason is not None:
            disk.fill()

    asked = count()
    disk.fill()
    result = replay(configured(settings), quiet(), store, "full", on_waiting=free_some, stopped=lambda: next(asked) > 100)
    disk.free()
    store.close()
    assert result is not None
    waits = told[::2]
    assert len(waits) >= 3
    assert told[1::2] == [None] * len(waits)
    steps = [int(reason.partition("steps after ")[2].split()[0]) for reason in waits if reason is not None]
    assert len(steps) == len(waits)
    assert steps == sorted(set(steps))
    check_store(tmp_path / "run.db", 400)


def test_a_replay_that_is_stopped_while_it_waits_can_be_resumed(tmp_path: Path, disk: Disk) -> None:
    settings = DURABILITY["group"]
    store = stored(tmp_path / "run.db", settings)
    disk.room = 0

    def stop(reason: str | None) -> None:
        disk.told.append(str(reason))

    assert replay(configured(settings), quiet(), store, "full", stopped=lambda: True) is None
    disk.fill()
    again = replay(configured(settings), quiet(), store, "full", resume=True, on_waiting=stop, stopped=lambda: bool(disk.told))
    assert again is None
    store.close()
    disk.free()
    assert len(disk.told) == 1
    store = stored(tmp_path / "run.db", settings)
    assert replay(configured(settings), quiet(), store, "again", resume=True) is not None
    store.close()
    check_store(tmp_path / "run.db", 400)


def test_a_failed_decision_is_reported_also_where_the_slices_before_it_find_no_space(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Keeping, "fails", 305)
    monkeypatch.setitem(AGENTS, "keeping", "flow.runs:Keeping")
    settings = {**DURABILITY["step"], "agents.members": ["keeping", "reversion"]}
    store = stored(tmp_path / "run.db", settings)
    system = begun(quiet(), settings, store)
    system.advance(300)
    disk.room = 0
    disk.fill()
    with pytest.raises(AgentError, match="RuntimeError: no"):
        system.advance(10)
    assert waits(system)
    disk.free()
    store.flush()
    with pytest.raises(StateError, match="a step has failed"):
        system.complete_block()
    store.close()
    check_store(tmp_path / "run.db", 305)


# The run that is served.


async def served(gateway: LocalGateway, disk: Disk) -> list[str]:
    """Run to the end; the disk is filled each time that the run goes on, and freed once it waits. What it refused meanwhile."""
    refused: list[str] = []
    disk.fill()
    gateway.resume()
    while True:
        await until(gateway, "waiting", "finished", "failed")
        if gateway.control().state != "waiting":
            return refused
        before = gateway.status()
        with pytest.raises(NoSpaceError) as error:
            await gateway.update("ELSE/mine", examples(1, first=1_000 + len(refused)))
        refused.append(str(error.value))
        assert len(gateway.bars("SYN", Page()).columns["seq"]) == before.feed.bars_done
        ages = [session.age_s for session in gateway.sessions() if session.age_s is not None]
        assert min(ages, default=0.0) >= 0.0
        if before.feed.bars_done > 100:
            assert gateway.inspect("SYN/direction/100").status == "labelled"
        if before.feed.bars_done < before.feed.bars_total:
            assert gateway.pause().state == gateway.resume().state == "waiting"
        disk.free()
        await until(gateway, "running", "finished", "failed")
        disk.fill()


@each_durability
def test_a_served_run_waits_reads_and_continues(tmp_path: Path, disk: Disk, durability: str) -> None:
    store = stored(tmp_path / "run.db", DURABILITY[durability])
    gateway = opened(quiet(), DURABILITY[durability], store, paused=True)
    disk.room = {"group": 60_000, "step": 500_000}[durability]

    async def go_on() -> tuple[list[str], int]:
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            applied = (await gateway.update("ELSE/mine", examples(9))).applied
            return await served(gateway, disk), applied

    refused, applied = asyncio.run(go_on())
    disk.free()
    assert gateway.control().state == "finished", gateway.status().detail
    assert refused
    assert all(text.endswith("continues by itself; the request had no effect: send it again then") for text in refused)
    assert gateway.session_scores("ELSE/mine").labels_used == applied == 9
    done = Done(gateway._system)
    store.close()
    assert done.decisions_sha256 == undisturbed(durability).decisions_sha256
    check_store(tmp_path / "run.db", done.system.store.head[0] + 1)


@each_durability
def test_what_finds_the_disk_full_is_not_acknowledged_and_counts_once(tmp_path: Path, disk: Disk, durability: str) -> None:
    store = stored(tmp_path / "run.db", DURABILITY[durability])
    gateway = opened(quiet(), DURABILITY[durability], store, paused=True)
    disk.room = 0

    async def send() -> None:
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            await gateway.step(3)
            disk.fill()
            with pytest.raises(NoSpaceError, match="the request takes effect once there is space: send it again then"):
                await gateway.update("ELSE/mine", examples(9))
            assert gateway.control().state == "waiting"
            assert gateway.pause().state == "waiting"
            disk.free()
            await until(gateway, "paused")
            result = await gateway.update("ELSE/mine", examples(9))
            assert (result.applied, result.duplicates, result.labels_used) == (0, 9, 9)

    asyncio.run(send())
    store.close()
    check_store(tmp_path / "run.db", 5)


def test_a_served_run_that_is_stopped_while_it_waits_goes_on_where_it_was_stored(tmp_path: Path, disk: Disk) -> None:
    settings = DURABILITY["step"]
    store = stored(tmp_path / "run.db", settings)
    gateway = opened(quiet(), settings, store, paused=True)
    disk.room = 0

    async def stop() -> None:
        async with running(gateway):
            await gateway.step(30)
            disk.fill()
            assert (await gateway.step(1)).state == "waiting"

    asyncio.run(stop())
    assert gateway.control().state == "waiting"
    store.close()
    disk.free()
    assert steps_in(tmp_path / "run.db") == 30
    store = stored(tmp_path / "run.db", settings)
    system = System(configured(settings), quiet(), store)
    system.begin("again", resume=True)
    while system.advance(7) == 7:
        pass
    assert Done(system).hashes == undisturbed("step").hashes
    store.close()
