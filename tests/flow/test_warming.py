"""A run is served at once: while its engine is compiled requests are refused, while its history is read they wait."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.app import create_app
from alpha_pulse.core.errors import ConflictError, NotReadyError, StartingError, StateError
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.gateway.protocol import Compiling, Control, Gateway, Page, SessionConfig
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.runtime.starting_gateway import StartingGateway
from flow.gateways import opened, running, stored, until
from flow.runs import LEAN, configured

BARS, DONE = 1_500, 1_000
TOKEN = "Kx7-quiet-otter-31"
PAGE = Page(0, 10_000, None)


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A store that holds the first 1,000 steps, and a checkpoint to start from."""
    path = tmp_path / "run.db"

    async def some(steps: int) -> None:
        store = stored(path)
        gateway = opened(random_walk(BARS, seed=3), LEAN, store, paused=True)
        async with running(gateway):
            await gateway.step(steps)
        store.close()

    for steps in (600, DONE - 600):
        asyncio.run(some(steps))
    return path


def resumed(path: Path, *, paused: bool = True) -> LocalGateway:
    """As `alpha-pulse run` makes it."""
    config = configured(LEAN)
    system = System(config, random_walk(BARS, seed=3), stored(path))
    system.begin("flow", resume=True)
    gateway = LocalGateway(system, "made up", paused=paused)
    gateway.read_back_first()
    return gateway


def everything(gateway: LocalGateway) -> Any:
    return msgspec.to_builtins(
        [
            gateway.bars("SYN", PAGE),
            gateway.equity(PAGE),
            gateway.predictions("SYN", "direction", PAGE),
            gateway.metrics_history("SYN", "volatility", PAGE),
            gateway.fills(None, "all", PAGE),
            gateway.positions(),
            gateway.sessions(),
            gateway.status().success_metrics,
        ]
    )


def test_who_asks_meanwhile_is_answered_and_nothing_is_missing_after_it(begun: Path) -> None:
    async def story() -> tuple[Any, list[int]]:
        gateway, seen = resumed(begun), []
        async with running(gateway):
            while gateway.control().state == "warming":
                status = gateway.status()
                assert (status.detail, status.seq) == ("reading the history", DONE - 1)
                seen.append(status.feed.bars_done)
                with pytest.raises(NotReadyError, match="the run is starting"):
                    gateway.bars("SYN", PAGE)
                with pytest.raises(NotReadyError, match="try again in a moment"):
                    gateway.sessions()
                with pytest.raises(ConflictError, match="is starting and cannot be stepped yet"):
                    await gateway.step(1)
                with pytest.raises(ConflictError, match="is starting"):
                    await gateway.start_session("ELSE", "logistic", SessionConfig(target="mine", source="api"))
                await asyncio.sleep(0)
            assert gateway.status().detail is None
            await gateway.step(50)
            found = everything(gateway)
        gateway._system.store.close()
        return found, seen

    found, seen = asyncio.run(story())
    assert len(seen) > 2
    assert seen == sorted(seen)
    store = stored(begun)
    assert found == everything(opened(random_walk(BARS, seed=3), LEAN, store, paused=True))
    store.close()


def test_requests_wait_for_it_but_for_how_the_run_stands(begun: Path) -> None:
    async def story() -> None:
        gateway = resumed(begun)
        transport = httpx.ASGITransport(create_app(gateway, Auth(TOKEN, "a test")))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            asked = {
                path: asyncio.create_task(client.request(method, path, json=body))
                for method, path, body in (
                    ("GET", "/api/v1/market/SYN/bars", None),
                    ("GET", "/metrics", None),
                    ("POST", "/api/v1/system/step", {"steps": 3}),
                )
            }
            for path in ("/api/v1/system", "/health", "/api/v1/openapi.json"):
                assert (await client.get(path)).status_code == 200
            standing = (await client.get("/api/v1/system")).json()
            assert standing["state"] == "warming"
            assert standing["counts"]["predictions"] > 0
            assert standing["counts"]["alarms"] is None
            assert standing["counts"]["adaptations"] is None
            assert not any(task.done() for task in asked.values())
            async with running(gateway):
                answers = {path: await task for path, task in asked.items()}
        assert [answer.status_code for answer in answers.values()] == [200, 200, 200]
        assert answers["/api/v1/market/SYN/bars"].json()["total"] == DONE
        assert answers["/api/v1/system/step"].json()["seq"] == DONE + 2
        gateway._system.store.close()

    asyncio.run(story())


def test_a_run_that_was_to_run_runs_after_it(begun: Path) -> None:
    async def story() -> None:
        gateway = resumed(begun)
        assert gateway.resume().state == "warming"
        async with running(gateway):
            await until(gateway, "finished")
        assert gateway.status().feed.bars_done == BARS
        gateway._system.store.close()

    asyncio.run(story())


def test_a_history_that_cannot_be_read_ends_the_start(tmp_path: Path, begun: Path) -> None:
    with sqlite3.connect(begun) as db:
        db.execute("DROP TRIGGER block_refuses_update")
        db.execute("UPDATE block SET columns = substr(columns, 2) WHERE seq = (SELECT min(seq) FROM block WHERE seq >= 7)")
    gateway = resumed(begun)
    with pytest.raises(StateError, match=r"step \d of .* is damaged"):
        asyncio.run(gateway.runner.run())
    gateway._system.store.close()


WITHOUT_ENGINE = {"version", "symbols", "compiling", "ready", "control", "listen"}
MEMBERS = sorted(name for name in vars(Gateway) if not name.startswith("_"))


def test_what_needs_an_engine_is_refused_until_there_is_one() -> None:
    async def story() -> None:
        gateway, calls = StartingGateway(("SYN",), 20.0, -1, 350), []
        end = gateway.listen(lambda: calls.append(gateway.control().state))
        gateway.count(7)
        assert gateway.compiling == Compiling(7, 350)
        assert gateway.control() == Control("warming", 20.0, -1)
        for name in MEMBERS:
            if name in WITHOUT_ENGINE:
                getattr(gateway, name)
                continue
            with pytest.raises(StartingError, match=r"is being compiled.* \(7 of about 350 kernels\); try again"):
                getattr(gateway, name)
        waiting = asyncio.create_task(gateway.ready())
        await asyncio.sleep(0)
        assert not waiting.done()
        engine = opened(random_walk(BARS, seed=3), LEAN, paused=True)
        gateway.begin(engine)
        await waiting
        assert gateway.compiling is None
        assert calls == ["paused"]
        assert {name: getattr(gateway, name) for name in MEMBERS if name not in WITHOUT_ENGINE} == {
            name: getattr(engine, name) for name in MEMBERS if name not in WITHOUT_ENGINE
        }
        engine.set_speed(7.0)
        assert gateway.control() == engine.control()
        assert calls == ["paused", "paused"]
        end()
        engine.set_speed(8.0)
        assert len(calls) == 2

    asyncio.run(story())


def test_more_kernels_than_expected_are_no_more_than_all() -> None:
    gateway = StartingGateway(("SYN",), 20.0, -1, 350)
    gateway.count(351)
    assert gateway.compiling == Compiling(351, 351)


def test_an_engine_that_cannot_be_compiled_is_a_failed_run() -> None:
    async def story() -> None:
        gateway = StartingGateway(("SYN",), 20.0, 41, 350)
        gateway.fail("the disk is full")
        await gateway.ready()
        assert gateway.control() == Control("failed", 20.0, 41)
        assert gateway.compiling is None
        with pytest.raises(NotReadyError, match="the engine has not started: the disk is full") as refused:
            gateway.status()
        assert not isinstance(refused.value, StartingError)

    asyncio.run(story())
