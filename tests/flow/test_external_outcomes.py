"""Outcomes of trades made elsewhere are commands: journaled, durable when acknowledged, learned once, resumed exactly."""

from __future__ import annotations

import asyncio
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.errors import AlphaPulseError, ConflictError, DataError, NotFoundError, SessionError
from alpha_pulse.core.types import Signal, TradeOutcome
from alpha_pulse.engine.system import System
from alpha_pulse.engine.verification import verify
from alpha_pulse.gateway.protocol import OutcomeIn, OutcomesResult
from alpha_pulse.stores import open_store
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader
from flow import gateways
from flow.outside import BARS, GIVEN_AT, SETTINGS, elsewhere, give, give_two, go_on, killed_after_giving, newest_signal, opened
from flow.runs import LEAN, Done, begun, configured, finished, restless
from journal_rows import decode_step, rows


@cache
def whole() -> Done:
    """The run that nobody killed."""
    system = opened(MemoryStore())
    go_on(system, BARS)
    return finished(system)


def test_each_is_learned_once_with_the_next_slice() -> None:
    system = begun(restless(BARS), LEAN)
    while system.feed.position < 400:
        system.step()
    quality, session = system.feedback.quality("SYN"), system.learning.session("SYN", "trade_quality")
    trade, lots, learned = newest_signal(system), quality.lots, session.labels_used
    weights = system.agents.weights
    outcome = elsewhere(trade, 900)
    assert give(system, trade, outcome) is True
    head = system.store.head[0]
    assert give(system, trade, outcome) is False
    assert system.store.head[0] == head
    assert (quality.lots, session.labels_used) == (lots, learned)
    (command,) = decode_step(next(rows(system.store, head)).payload).commands
    assert (command.kind, command.session_id, command.outcome) == ("outcome", "SYN/trade_quality", outcome)
    system.step()
    own = len([lot for lot in decode_step(next(rows(system.store, head + 1)).payload).lots if lot.book == "combined"])
    assert (quality.lots, session.labels_used) == (lots + 1 + own, learned + 1 + own)
    assert system.agents.weights != weights
    assert give(system, trade, outcome) is False
    with pytest.raises(ConflictError, match="'7' of book 'broker' was reported before with other content"):
        give(system, trade, elsewhere(trade, 901))
    # The loop's own lots of the same signal are learned as ever.
    done = finished(system)
    assert quality.lots == 1 + sum(lot.book == "combined" for lot in done.lots)


@pytest.mark.parametrize("slices", [GIVEN_AT[0], GIVEN_AT[2]])
def test_what_was_acknowledged_survives_kill_9_and_the_run_resumes_alike(slices: int, tmp_path: Path) -> None:
    killed_after_giving(tmp_path / "run.db", slices)
    store = open_store(str(tmp_path / "run.db"), configured(SETTINGS).store)
    system = opened(store)
    assert system.feed.position == slices
    assert give_two(system) == [False, False]
    go_on(system, BARS)
    done = finished(system)
    store.close()
    with StoreReader(tmp_path / "run.db") as reader:
        assert [check.detail for check in verify(reader).checks if not check.ok] == []
    assert done.hashes == whole().hashes
    assert done.steps == whole().steps
    given = [command.outcome for record in done.records for command in record.commands]
    assert len(given) == 2 * len(GIVEN_AT)


def test_what_cannot_be_learned_is_refused_with_the_reason_and_leaves_no_row() -> None:
    system = System(configured(LEAN), restless(300), MemoryStore())
    with pytest.raises(ConflictError, match="the run has not begun"):
        system.carry_out()
    system.begin("test", resume=False)
    while system.feed.position < 250:
        system.step()
    trade, head = newest_signal(system), system.store.head[0]
    good = elsewhere(trade, 5)
    unknown = msgspec.structs.replace(trade, signal_id="combined/SYN/999999")
    later = system.clock.now_ns() + 1
    wrong: list[tuple[type[AlphaPulseError], str, Signal, TradeOutcome]] = [
        (NotFoundError, "is not known: it never became an order", unknown, elsewhere(unknown, 5)),
        (SessionError, "they must be the same", unknown, good),
        (ConflictError, "of the run's own book 'combined'", trade, elsewhere(trade, 5, book="combined")),
        (DataError, f"closed_ts {later}", trade, msgspec.structs.replace(good, closed_ts=later)),
    ]
    for kind, said, asked, outcome in wrong:
        with pytest.raises(kind, match=said):
            give(system, asked, outcome)
    assert system.store.head[0] == head
    done = finished(system)
    last = newest_signal(done.system)
    with pytest.raises(ConflictError, match="the data have ended"):
        give(system, last, elsewhere(last, 5))


def test_a_command_inside_of_a_step_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    system = begun(restless(120), LEAN)
    begin = system.pipeline.quality.begin
    said: list[str] = []

    def meddling(*of_a_block: Any) -> object:
        try:
            system.serving.serving_strategy = "champion_challenger"
        except ConflictError as error:
            said.append(str(error))
        return begin(*of_a_block)

    monkeypatch.setattr(system.pipeline.quality, "begin", meddling)
    done = finished(system)
    assert said
    assert "between two steps" in said[0]
    assert done.steps == finished(begun(restless(120), LEAN)).steps


def test_outcomes_come_through_a_running_gateway_too() -> None:
    async def ask() -> None:
        gateway = gateways.opened(restless(BARS), LEAN, paused=True)
        async with gateways.running(gateway):
            await gateway.step(400)
            system = gateway._system
            trade, lots = newest_signal(system), system.feedback.quality("SYN").lots
            assert await system.feedback.process_trade_outcome(trade, elsewhere(trade, 5))
            await gateway.step(1)
            assert system.feedback.quality("SYN").lots > lots
            assert gateway.control().seq == 401

    asyncio.run(ask())


def reported(trade: Signal, **changes: Any) -> OutcomeIn:
    """A long of 10 units that gained, as a caller tells of it."""
    at = trade.ts // 1_000_000
    return msgspec.structs.replace(OutcomeIn("a", trade.signal_id, 10.0, at, at, 100.0, 102.0, 19.5), **changes)


def test_a_gateway_takes_them_in_units_and_cash_once_and_all_or_none() -> None:
    async def ask() -> None:
        gateway = gateways.opened(restless(BARS), LEAN, paused=True)
        await gateway.step(400)
        system, head = gateway._system, gateway.control().seq
        trade, quality = newest_signal(system), system.feedback.quality("SYN")
        wrong: list[tuple[type[AlphaPulseError], str, dict[str, Any]]] = [
            (NotFoundError, "did you mean 'combined/SYN/...'", {"signal_id": "combined/SYM/7"}),
            (NotFoundError, "signal 'combined/SYN/99999' is not stored", {"signal_id": "combined/SYN/99999"}),
            (NotFoundError, "is not known: it never became an order", {"signal_id": "combined/SYN/1"}),
            (ConflictError, "the run's own book 'combined'", {"book": "combined"}),
            (DataError, "has quantity 0.0", {"quantity": 0.0}),
            (DataError, "open_price 1e-300", {"open_price": 1e-300}),
            (DataError, "and closed_ms 4000000000000, but the newest bar ended at", {"closed_ms": 4 * 10**12}),
            (DataError, "and closed_ms 1000000000000000, but the newest", {"closed_ms": 10**15}),
            (DataError, "expected a size below", {"quantity": 9e14, "net_pnl": -1.0}),
            (DataError, "a return below 1e.15", {"quantity": 2e-15, "open_price": 2e-15, "net_pnl": -20.5}),
            (DataError, "Expected `float`, got `null`", {"net_pnl": None}),
            (DataError, "Expected `int`, got `float`", {"closed_ms": 1.5}),
            (DataError, "net_pnl of the outcome 'b' is inf", {"net_pnl": math.inf}),
            (DataError, "an id of 0 characters", {"id": ""}),
            (DataError, "above the .* that its quantity and prices give before costs", {"net_pnl": 20.5}),
            (DataError, "has opened_ms 0, before its signal was made", {"opened_ms": 0}),
        ]
        for kind, said, changes in wrong:
            with pytest.raises(kind, match=said):
                await gateway.report_outcomes([reported(trade), reported(trade, **{"id": "b", **changes})])
        assert gateway.control().seq == head
        lots = quality.lots
        told = [reported(trade), reported(trade), reported(trade, id="b", quantity=-10.0, net_pnl=-20.5)]
        assert await gateway.report_outcomes(told) == OutcomesResult(2, 1)
        assert await gateway.report_outcomes(told) == OutcomesResult(0, 3)
        for other in ({"net_pnl": 18.0}, {"quantity": 10.5}, {"close_price": 102.5}):
            with pytest.raises(ConflictError, match="'a' of book 'external' was reported before with other content"):
                await gateway.report_outcomes([reported(trade, id="c"), reported(trade, **other)])
        assert gateway.control().seq == head + 2
        (command,) = decode_step(next(rows(system.store, head + 1)).payload).commands
        assert command.outcome is not None
        units = gateway._history.units["SYN"]
        lot = command.outcome.lot
        assert (units.quantity(lot.quantity), units.cash(lot.net_pnl), units.cash(lot.costs)) == (10.0, 19.5, 0.5)
        assert command.outcome.return_ == pytest.approx(0.0195)
        await gateway.step(1)
        assert quality.lots >= lots + 2
        await gateway.step(BARS - 401)
        with pytest.raises(ConflictError, match="the data have ended"):
            await gateway.report_outcomes(told)

    asyncio.run(ask())


def test_a_refusal_speaks_of_the_fields_that_the_caller_gave() -> None:
    """The lot that is made of an outcome has other fields, in nanoseconds and minor units."""
    wild: list[Any] = [0, -1, 1, 0.5, -1e-300, 1e14, -9e14, 1e300, math.nan, math.inf, None, "a", 10**18, -(10**18), 10**400]
    inner = re.compile(r"_ts\b|nanosecond|return_|held_ns|gross_pnl|open_reference|64 bits")

    async def ask() -> None:
        gateway = gateways.opened(restless(BARS), LEAN, paused=True)
        await gateway.step(400)
        head, good, rng = gateway.control().seq, reported(newest_signal(gateway._system)), np.random.default_rng(1)
        names = [name for name in OutcomeIn.__struct_fields__ if name not in ("id", "book", "signal_id")]
        told: list[str] = []
        for number in range(600):
            changes = {str(name): wild[rng.integers(len(wild))] for name in rng.choice(names, int(rng.integers(1, 4)))}
            try:
                await gateway.report_outcomes([msgspec.structs.replace(good, id=f"w{number}", **changes)])
            except DataError as error:
                told.append(str(error))
        assert [sentence for sentence in told if inner.search(sentence)] == []
        assert len(told) > 400
        assert gateway.control().seq == head + 600 - len(told)

    asyncio.run(ask())


def test_what_a_gateway_acknowledged_is_on_the_disk(tmp_path: Path) -> None:
    async def ask() -> None:
        store = gateways.stored(tmp_path / "run.db", LEAN)
        gateway = gateways.opened(restless(BARS), LEAN, store, paused=True)
        async with gateways.running(gateway):
            await gateway.step(400)
            told = [reported(newest_signal(gateway._system))]
            await gateway.report_outcomes(told)
            again = gateways.opened(restless(BARS), LEAN, gateways.after_a_crash(tmp_path / "run.db", LEAN), paused=True)
            assert again._system.state_sha256() == gateway._system.state_sha256()
            assert await again.report_outcomes(told) == OutcomesResult(0, 1)
            with pytest.raises(ConflictError, match="was reported before with other content"):
                await again.report_outcomes([msgspec.structs.replace(told[0], net_pnl=18.0)])
            again._system.store.close()
        store.close()

    asyncio.run(ask())
