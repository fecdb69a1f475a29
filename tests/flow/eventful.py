"""A run in which everything happens that a journal can contain, in blocks of one step and of many."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np

from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.stores.base import Store
from flow.outside import elsewhere, give, newest_signal
from flow.runs import RESTLESS, begun, restless

EVENTFUL = {
    **RESTLESS,
    "learning.label_tolerance_bars": 5,
    "risk.max_order_fraction": 0.7,
    "execution.stop_volatilities": 3.0,
    "execution.entry_rule": "cost_aware",
    "venue.tick_size": 0.001,
    "execution.min_order_fraction": 0.3,
}
SIZES = (1, 1, 1, 40, 7, 200)
COMMANDS_AT, OUTCOME_AT = 600, 700


def eventful() -> ReplayFeed:
    """The restless market with volumes, quotes, a hole, and a fall that leaves an order of bar 1,875 too small to trade."""
    columns = restless().columns
    size = columns.close.size
    level = np.where(np.arange(size) < 1_876, 1.0, 0.5)
    prices = {name: getattr(columns, name) * level for name in ("open", "high", "low", "close")}
    close = prices["close"]
    columns = msgspec.structs.replace(columns, **prices, volume=np.full(size, 100.0), bid=close * 0.9999, ask=close * 1.0001)
    return ReplayFeed(columns.pick(np.delete(np.arange(size), slice(2_000, 2_040))))


def run_eventful(store: Store) -> System:
    """The run, to its end."""
    system = begun(eventful(), EVENTFUL, store)
    for size in itertools.cycle(SIZES):
        due = [at for at in (COMMANDS_AT, OUTCOME_AT) if system.feed.position < at]
        wanted = min(size, due[0] - system.feed.position) if due else size
        if system.advance(wanted) < wanted:
            return system
        if system.feed.position == COMMANDS_AT:
            system.command([Command("start", "MINE/direction", "logistic", 1, 2)])
            system.command([Command("update", "MINE/direction", examples=[LabelledExample("a", [0.5, 1.0], 1)])])
            system.command([Command("adapt", "SYN/direction", drift_type="performance")])
            system.command([Command("adapt", "SYN/trade_quality", drift_type="performance")])
            system.serving.serving_strategy = "champion_challenger"
        if system.feed.position == OUTCOME_AT and wanted:
            trade = newest_signal(system)
            assert give(system, trade, elsewhere(trade, 25))
    raise AssertionError
