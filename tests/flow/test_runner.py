"""The runner keeps its speed, yields to other tasks, stops when requested, and survives errors."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alpha_pulse import __version__
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.errors import ConfigError, ConflictError, NotReadyError, StoreError
from alpha_pulse.engine.system import MIN_VERIFIED_STEPS
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.gateway.protocol import Page
from alpha_pulse.runtime import live
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores.base import Block, RunIdentity
from alpha_pulse.stores.memory import MemoryStore
from flow.gateways import MINE, examples, opened, quiet, ran, running, stored, until
from flow.runs import LEAN, Done, configured, run


def walk(bars: int) -> ReplayFeed:
    return random_walk(bars, seed=3)


async def _bars_after(gateway: LocalGateway, seconds: float) -> int:
    async with running(gateway):
        await asyncio.sleep(seconds)
        return gateway.status().feed.bars_done


def test_the_pace_is_kept() -> None:
    async def measure() -> tuple[float, float | None]:
        gateway = opened(walk(5_000), LEAN, speed=200.0)
        async with running(gateway):
            await asyncio.sleep(0.3)
            before, began = gateway.status().feed.bars_done, elapsed_ns()
            await asyncio.sleep(1.0)
            after, ended = gateway.status().feed.bars_done, elapsed_ns()
            return (after - before) * 1e9 / (ended - began), gateway.status().measured_bars_per_second

    speed, measured = asyncio.run(measure())
    # A run that was held up catches up by at most a second of its speed, so no closer bound holds on a busy machine.
    assert 20.0 < speed < 450.0
    assert measured is not None


def test_others_get_their_turn_while_it_goes_as_fast_as_it_can() -> None:
    async def count() -> tuple[int, float]:
        turns, longest = 0, 0
        gateway = opened(walk(8_000), LEAN)
        async with running(gateway):
            while gateway.control().state == "running" and gateway.control().seq < 7_990:
                before = elapsed_ns()
                await asyncio.sleep(0)
                turns, longest = turns + 1, max(longest, elapsed_ns() - before)
        return turns, longest / 1e6

    turns, _ = asyncio.run(count())
    # 8,000 bars take at least a tenth of a second, which is a hundred stretches of a millisecond.
    assert turns > 50


def test_pause_step_resume_and_speed() -> None:
    async def steer() -> None:
        gateway = opened(quiet(), LEAN, speed=0.0, paused=True)
        async with running(gateway):
            await asyncio.sleep(0.05)
            assert gateway.control().seq == -1
            control = await gateway.step(7)
            assert (control.state, control.seq) == ("paused", 6)
            assert gateway.set_speed(50.0).bars_per_second == 50.0
            assert gateway.resume().state == "running"
            with pytest.raises(ConflictError, match="not paused"):
                await gateway.step(1)
            await asyncio.sleep(0.3)
            at = gateway.pause().seq
            assert 10 < at < 60
            await asyncio.sleep(0.1)
            assert gateway.control().seq == at
            with pytest.raises(ConfigError, match="steps is 1001"):
                await gateway.step(1_001)
            gateway.set_speed(0.0)
            gateway.resume()
            await until(gateway, "finished")

    asyncio.run(steer())


def test_steps_of_a_paused_run_lead_to_its_end() -> None:
    async def steps() -> LocalGateway:
        gateway = opened(quiet(), LEAN, paused=True)
        async with running(gateway):
            assert (await gateway.step(399)).state == "paused"
            assert (await gateway.step(2)).state == "finished"
        return gateway

    gateway = asyncio.run(steps())
    assert gateway.status().decisions_sha256 == run(quiet(), LEAN).decisions_sha256


def test_at_the_end_the_result_is_there_and_everything_is_still_served(tmp_path: Path) -> None:
    store = stored(tmp_path / "run.db")
    status = asyncio.run(ran(opened(quiet(), LEAN, store))).status()
    store.close()
    assert (status.state, status.detail) == ("finished", None)
    assert status.decisions_sha256 == run(quiet(), LEAN).decisions_sha256
    store = stored(tmp_path / "run.db")
    again = opened(quiet(), LEAN, store)
    found = again.status()
    assert (found.state, found.seq, found.result, found.success_metrics) == (
        "finished",
        399,
        status.result,
        status.success_metrics,
    )
    assert len(again.bars("SYN", Page()).columns["seq"]) == 400
    store.close()


@pytest.mark.parametrize("stops", [(120,), (60, 61, 250)])
def test_a_stop_and_a_new_start_lead_to_the_same_end(stops: tuple[int, ...], tmp_path: Path) -> None:
    async def some(store: Any, to: int) -> None:
        gateway = opened(quiet(), LEAN, store, paused=True)
        async with running(gateway):
            await gateway.step(to - gateway.control().seq - 1)

    for to in stops:
        store = stored(tmp_path / "run.db")
        asyncio.run(some(store, to))
        store.close()
    store = stored(tmp_path / "run.db")
    gateway = opened(quiet(), LEAN, store)
    assert gateway.control().seq == stops[-1] - 1
    asyncio.run(ran(gateway))
    assert Done(gateway._system).hashes == run(quiet(), LEAN).hashes
    store.close()


def test_rows_reach_the_disk_while_nothing_comes(tmp_path: Path) -> None:
    async def rest() -> Future[None] | None:
        store = stored(tmp_path / "run.db", {"store.group_steps": 500, "store.group_ms": 1_000_000.0})
        gateway = opened(quiet(), LEAN, store, paused=True)
        async with running(gateway):
            await gateway.step(3)
            async with asyncio.timeout(10):
                while store._durable < 2:  # type: ignore[attr-defined]
                    await asyncio.sleep(0.005)
            return store.ensure_durable(2)

    assert asyncio.run(rest()) is None


class Full(MemoryStore):
    """A store whose disk is full after some steps."""

    left = 150

    def append(self, block: Block) -> None:
        self.left -= block.steps
        if self.left < 0:
            raise StoreError("store full:// could not be written (no space left on device); free space, then go on")
        super().append(block)


def test_a_store_that_fails_ends_the_run_but_not_the_reading() -> None:
    async def fail() -> LocalGateway:
        gateway = await ran(opened(quiet(), LEAN, Full()))
        with pytest.raises(NotReadyError, match="no space left"):
            await gateway.start_session("ELSE", "logistic", MINE)
        with pytest.raises(NotReadyError, match="no space left"):
            await gateway.update("SYN/direction", examples(1))
        with pytest.raises(ConflictError, match="no space left"):
            gateway.resume()
        return gateway

    gateway = asyncio.run(fail())
    status = gateway.status()
    assert (status.state, status.seq) == ("failed", gateway._system.store.head[0])
    # The last block would have gone beyond the 150 steps that there is room for.
    assert 120 < status.seq < 150
    assert status.detail is not None
    assert "no space left on device" in status.detail
    assert len(gateway.bars("SYN", Page()).columns["seq"]) == status.seq + 1
    assert gateway.inspect("SYN/direction/120").status == "labelled"
    msgspec.json.encode(status)


def test_a_fault_of_our_own_is_told_as_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> LocalGateway:
        gateway = opened(quiet(), LEAN, paused=True)
        async with running(gateway):
            await gateway.step(60)
            gateway._system.pipeline.quality = None  # type: ignore[assignment]
            await gateway.step(1)
        return gateway

    gateway = asyncio.run(fail())
    assert gateway.control().state == "failed"
    detail = gateway.status().detail
    assert detail is not None
    assert "step 60 failed because of an error in AlphaPulse (AttributeError" in detail
    assert "\n" not in detail
    assert caplog.records[-1].exc_info is not None


def test_a_listener_that_fails_does_not_end_the_run(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("not my day")

    gateway = opened(quiet(), LEAN)
    gateway.listen(fail)
    assert asyncio.run(ran(gateway)).control().state == "finished"
    assert [record.message for record in caplog.records] == ["a listener failed and was removed"]


def test_ending_a_subscription_twice_is_no_harm() -> None:
    async def listen() -> int:
        gateway = opened(quiet(), LEAN, paused=True)
        told = 0

        def hear() -> None:
            nonlocal told
            told += 1

        end = gateway.listen(hear)
        await gateway.step(1)
        end()
        end()
        with contextlib.suppress(ConflictError):
            gateway.resume()
        return told

    assert asyncio.run(listen()) == 1


def test_short_runs_do_not_drive_out_the_checkpoint_that_a_start_needs(tmp_path: Path) -> None:
    def some(steps: int) -> None:
        store = stored(tmp_path / "run.db")
        gateway = opened(walk(1_000), LEAN, store, paused=True)

        async def go_on() -> None:
            async with running(gateway):
                await gateway.step(steps)

        asyncio.run(go_on())
        store.close()

    for steps in (250, 250, *(10,) * 8):
        some(steps)
    store = stored(tmp_path / "run.db")
    store.begin(RunIdentity("flow", configured(LEAN).config_hash, walk(1_000).identity, __version__), resume=True)
    taken, (last, _) = [seq for seq, _ in store.checkpoints()], store.head
    store.close()
    assert last == 579
    assert max(seq for seq in taken if seq <= last - MIN_VERIFIED_STEPS) == 249


def test_a_checkpoint_is_taken_once_a_minute_when_it_can_be_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECKPOINT_NS", 0)
    gateway = asyncio.run(ran(opened(walk(1_600), LEAN)))
    taken = [seq for seq, _ in gateway._system.store.checkpoints()]
    assert len(taken) == 5
    assert all(later - earlier >= MIN_VERIFIED_STEPS for later, earlier in itertools.pairwise(taken))
