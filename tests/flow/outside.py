"""Outcomes of trades made elsewhere, for the flow tests, and a child process that gives some until it is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import cli_runs
from alpha_pulse.core.types import Lot, Signal, TradeOutcome
from alpha_pulse.engine.system import System
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from flow.runs import LEAN, begun, configured, restless
from journal_rows import decode_decision, rows

BARS = 900
GIVEN_AT = (300, 420, 421, 560)
"""Slices after which the runs here give two outcomes each, one to gain and one to lose."""
SETTINGS = {**LEAN, "store.checkpoint_steps": 150}


def newest_signal(system: System, symbol: str = "SYN") -> Signal:
    """The newest combined signal of which an outcome can be learned."""
    quality = system.feedback.quality(symbol)
    lines = [row.decision for row in rows(system.store, max(0, system.store.head[0] - 200)) if row.decision is not None]
    signals = [found for line in reversed(lines) for found in decode_decision(line).signals]
    return next(found for found in signals if quality.knows(found.signal_id))


def elsewhere(trade: Signal, pnl: int, lot_id: str = "7", book: str = "broker") -> TradeOutcome:
    """A lot that somebody opened and closed by a signal at a venue of their own."""
    lot = Lot(lot_id, book, trade.symbol, 1_000_000, trade.ts, trade.ts, 100.0, 101.0, pnl, 0, pnl, "a", "b", trade.signal_id)
    return TradeOutcome(lot, trade.signal_id, trade.prediction_id, pnl, pnl / 1e6, trade.ts, 0)


def give(system: System, trade: Signal, outcome: TradeOutcome) -> bool:
    """Have the feedback service process an outcome."""
    return asyncio.run(system.feedback.process_trade_outcome(trade, outcome))


def go_on(system: System, slices: int) -> None:
    """Step until that many slices lie behind, giving the outcomes of `GIVEN_AT`; those given before are known."""
    while system.feed.position < slices and system.step():
        if system.feed.position in GIVEN_AT:
            give_two(system)


def give_two(system: System) -> list[bool]:
    """The two outcomes that belong to where the run stands."""
    trade, at = newest_signal(system), system.feed.position
    return [give(system, trade, elsewhere(trade, pnl, f"{at}/{pnl}")) for pnl in (900, -700)]


def opened(store: Store) -> System:
    """The run of these tests, begun or resumed."""
    return begun(restless(BARS), SETTINGS, store, resume=True)


def killed_after_giving(path: Path, slices: int) -> None:
    """Have a child run so far and give what belongs there, and kill -9 it as soon as the last is acknowledged."""
    process = subprocess.Popen(cli_runs.forked(path, str(slices), module="flow.outside"), stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as stream:
        assert stream.readline() == b"acknowledged\n"
        process.send_signal(signal.SIGKILL)
        # The output ends when whoever writes it is dead, which the copy is a moment after its client.
        assert stream.read() == b""
    assert process.wait() == -signal.SIGKILL


if __name__ == "__main__":
    child = opened(open_store(sys.argv[1], configured(SETTINGS).store))
    go_on(child, int(sys.argv[2]))
    os.write(1, b"acknowledged\n")
    signal.pause()
