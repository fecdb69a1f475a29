"""An adaptation that is asked for: accepted means that it begins with the next slice; what prevents it is told instead."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.core.errors import ConflictError
from alpha_pulse.engine.system import System
from alpha_pulse.journal.records import StepRecord
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from flow.gateways import after_a_crash, opened, stored
from flow.runs import LEAN, begun, finished, restless, run
from journal_rows import decode_step, rows

QUICK = {**LEAN, "adaptation.drift_threshold": 0.3, "adaptation.boost_labels": 20, "adaptation.cooldown_labels": 15}
SESSIONS = ("SYN/volatility", "SYN/direction", "SYN/trade_quality")


def newest_row(gateway: LocalGateway) -> StepRecord:
    store = gateway._system.store
    return decode_step(next(rows(store, store.head[0])).payload)


async def check_asked(gateway: LocalGateway, asks: int, seed: int) -> tuple[int, int]:
    """Ask at random times; (accepted, refused). Accepted ones begin with the very next slice, refused ones leave no row."""
    chance = np.random.default_rng(seed)
    accepted = refused = 0
    for _ in range(asks):
        await gateway.step(int(chance.integers(1, 25)))
        session_id = SESSIONS[chance.integers(3)]
        before = gateway.control().seq
        if gateway._system.why_not_adapt(session_id):
            refused += 1
            with pytest.raises(ConflictError, match=r"the trial of|in the cool-down"):
                await gateway.adapt(session_id, "performance")
            assert gateway.control().seq == before
            continue
        accepted += 1
        await gateway.adapt(session_id, "performance")
        await gateway.step(1)
        begun_now = [
            f"{action.symbol}/{action.target}"
            for action in newest_row(gateway).adaptations
            if (action.cause, action.status) == ("request", "open")
        ]
        assert begun_now == [session_id]
    return accepted, refused


def test_accepted_means_that_it_begins_with_the_next_slice() -> None:
    accepted, refused = asyncio.run(check_asked(opened(restless(2_600), QUICK, paused=True), asks=130, seed=5))
    assert min(accepted, refused) > 30


def test_an_alarm_of_the_same_slice_does_not_prevent_it() -> None:
    row, alarm = next(
        (number, alarm)
        for number, record in enumerate(run(restless(900), QUICK).records)
        for alarm in record.alarms
        if any(action.cause == f"drift:{alarm.alarm_id}" for action in record.adaptations)
    )
    session_id = f"{alarm.symbol}/{alarm.target}"

    async def ask() -> LocalGateway:
        gateway = opened(restless(900), QUICK, paused=True)
        await gateway.step(row)
        await gateway.adapt(session_id, "performance")
        await gateway.step(1)
        return gateway

    record = newest_row(asyncio.run(ask()))
    assert [found.alarm_id for found in record.alarms] == [alarm.alarm_id]
    assert [(action.cause, action.target) for action in record.adaptations if action.status == "open"] == [
        ("request", alarm.target)
    ]
    (response,) = record.alarm_responses
    assert (response.alarm_id, response.status) == (alarm.alarm_id, "deferred")


def test_what_can_never_happen_is_refused() -> None:
    async def ask() -> None:
        idle = opened(restless(300), {**LEAN, "adaptation.enabled": False}, paused=True)
        await idle.step(100)
        with pytest.raises(ConflictError, match=r"adaptation\.enabled is false"):
            await idle.adapt("SYN/direction", "performance")
        with pytest.raises(ConflictError, match=r"adaptation\.enabled is false, so the timer does nothing"):
            await idle._system.adaptation.monitor_and_adapt()
        over = opened(restless(120), LEAN, paused=True)
        await over.step(120)
        with pytest.raises(ConflictError, match="the data have ended, so no slice follows"):
            await over.adapt("SYN/direction", "performance")
        assert {answer.status for answer in await over._system.learning.trigger_adaptation("SYN")} == {"refused"}

    asyncio.run(ask())


def asked_from_python(store: Store) -> System:
    """A run of which two services are asked for adaptations, stopped before the slice with which the last begins."""
    system = begun(restless(700), QUICK, store)
    while system.feed.position < 300:
        system.step()
    first = asyncio.run(system.learning.trigger_adaptation("SYN", "regime"))
    assert [(answer.session_id, answer.status) for answer in first] == [(session_id, "requested") for session_id in SESSIONS]
    again = system.adaptation.adapt_model("SYN")
    assert {answer.status for answer in again} == {"refused"}
    assert "was requested already and begins with the next slice" in again[0].reason
    rows = system.store.head[0]
    system.step()
    trial = system.adaptation.retrain_with_new_regime("SYN")
    assert {answer.status for answer in trial} == {"refused"}
    assert "the trial of SYN/volatility/action/1 runs: 0 of 120 labels, then 15 labels of cool-down" in trial[0].reason
    assert system.store.head[0] == rows + 1
    while system.feed.position < 480:
        system.step()
    asyncio.run(system.adaptation.monitor_and_adapt())
    free = [session_id for session_id in SESSIONS if not system.why_not_adapt(session_id)]
    assert "SYN/direction" in free
    assert [found.session_id for found in system.adaptation.adapt_model("SYN") if found.status == "requested"] == free
    return system


def test_python_is_answered_per_session_and_what_it_was_told_survives_a_crash(tmp_path: Path) -> None:
    whole = finished(asked_from_python(MemoryStore()))
    store = stored(tmp_path / "run.db", QUICK)
    system = asked_from_python(store)
    state = system.state_sha256()
    again = after_a_crash(tmp_path / "run.db", QUICK)
    resumed = begun(restless(700), QUICK, again, resume=True)
    assert resumed.state_sha256() == state
    done = finished(resumed)
    assert done.hashes == whole.hashes
    begun_at = [action.ts for action in done.adaptations if (action.status, action.cause) == ("open", "request")]
    asked = [command.session_id for record in done.records for command in record.commands]
    assert len(begun_at) == sum(session_id in SESSIONS for session_id in asked) > 3
    assert set(begun_at) == {done.bars[300].ts_event, done.bars[480].ts_event}
    again.close()
