"""Random and hand-made runs of the real pipeline for the checker of money, each from a seed."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.agents import AGENTS
from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.core.config import Config
from alpha_pulse.core.config_loading import load_config
from alpha_pulse.core.types import MarketView
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores import open_store
from journal_rows import stored_rows
from money_checker import Checker, check

MINUTE = 60_000_000_000
START = 1_599_955_200_000_000_000
"""Midnight (UTC)."""
HOUR = 60 * MINUTE
SCALES = (1e-8, 1e-3, 1.0, 1.0, 1.0, 1e6)
Settings = dict[str, Any]
Plan = dict[str, dict[int, float]]
Floats = NDArray[np.float64]


class Dice(BaseAgent):
    """Wants what the dice of this bar tell: mostly what it wanted before, else long, short, flat or something between."""

    name = "dice"
    seed: ClassVar[int] = 0

    def rule_based_analysis(self, market_data: MarketView) -> float:
        bar = market_data.bar
        dice = np.random.default_rng([self.seed, zlib.crc32(bar.symbol.encode()), bar.ts_event])
        if dice.random() < 0.3:
            self.held[bar.symbol] = float(dice.choice([-1.0, -0.4, 0.0, 0.4, 1.0, dice.uniform(-1.0, 1.0)]))
        return self.held.get(bar.symbol, 0.0)


class Scripted(BaseAgent):
    """Wants, from each bar on, what the plan of its symbol says: a direction by the number of the bar's slot."""

    name = "scripted"
    plan: ClassVar[Plan] = {}

    def rule_based_analysis(self, market_data: MarketView) -> float:
        bar = market_data.bar
        slot = (bar.ts_event - bar.interval_ns - START) // bar.interval_ns
        wanted = [direction for at, direction in self.plan.get(bar.symbol, {}).items() if at <= slot]
        return wanted[-1] if wanted else 0.0


OURS = {"dice": "money_runs:Dice", "scripted": "money_runs:Scripted"}
"""Agents by name; in the program's table only while a run of ours lasts."""


class Market(NamedTuple):
    """One symbol's bars: starts in intervals since the beginning, and prices."""

    slots: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    bid: Floats
    ask: Floats


def random_market(rng: np.random.Generator, slots: NDArray[np.int64], scale: float) -> Market:
    """A walk with gaps at the open, dead stretches, jumps by ten, and spreads from none to wide."""
    n = slots.size
    size = 10.0 ** rng.uniform(-3.5, -1.3)
    moves, gaps = (
        size * rng.standard_normal(n),
        np.where(rng.random(n) < 0.05, 10.0 * size, 0.2 * size) * rng.standard_normal(n),
    )
    if rng.random() < 0.4:
        at = rng.integers(50, n)
        (gaps if rng.random() < 0.7 else moves)[at] += rng.choice([np.log(2.0), -np.log(2.0), np.log(10.0), -np.log(10.0), 1.0])
    if rng.random() < 0.15:
        moves += rng.choice([-1.0, 1.0]) * 1.5 / n
    dead = np.zeros(n, dtype=np.bool_)
    if rng.random() < 0.4:
        at = rng.integers(20, n)
        dead[at : at + rng.integers(1, 25)] = True
    moves[dead] = gaps[dead] = 0.0
    close = 100.0 * np.exp(np.cumsum(moves + gaps))
    opened = np.concatenate([[100.0], close[:-1]]) * np.exp(gaps)
    reach = np.where(dead, 0.0, size * np.abs(rng.standard_normal((2, n))))
    half = close * rng.choice([0.0, 1e-5, 1e-3, 2e-2, 6e-2], n, p=[0.1, 0.4, 0.3, 0.15, 0.05])
    lean = rng.uniform(-2.0, 2.0, n)
    prices = np.stack([
        opened, np.maximum(opened, close) * np.exp(reach[0]), np.minimum(opened, close) * np.exp(-reach[1]), close,
        close + half * (lean - 1.0) / 2.0, close + half * (lean + 1.0) / 2.0,
    ])  # fmt: skip
    written = np.array([float(f"{price:.7g}") for price in prices.ravel()]).reshape(prices.shape)
    opened, high, low, close, bid, ask = scaled(written, scale)
    volume = np.where(dead | (rng.random(n) < 0.05), 0.0, np.round(rng.lognormal(5.0, 1.0, n)))
    return Market(slots, opened, high, low, close, volume, bid, ask)


def scaled(prices: Floats, scale: float) -> Floats:
    """Each price as a file would state it in another unit: its decimal digits, with the point elsewhere."""
    power = round(np.log10(scale))
    return np.array([float(f"{price!r}e{power}") for price in prices.ravel().tolist()]).reshape(prices.shape)


def random_slots(rng: np.random.Generator, n: int, begin: int) -> NDArray[np.int64]:
    """Times without a hole, with holes, or in sessions."""
    steps = np.ones(n, dtype=np.int64)
    kind = rng.random()
    if kind < 0.3:
        steps[rng.random(n) < 0.05] = rng.integers(2, 30)
    elif kind < 0.6:
        steps[:: int(rng.integers(5, 30))] = 18
    return begin + np.cumsum(steps)


def hand_made(
    closes: Sequence[float], *, opens: dict[int, float] | None = None, first: int = 0, **quotes: Sequence[float]
) -> Market:
    """One bar an hour from slot ``first`` on; each opens at the close before it, or as ``opens`` says by its number."""
    close = np.array(closes)
    opened = np.concatenate([close[:1], close[:-1]])
    for at, price in (opens or {}).items():
        opened[at] = price
    slots = np.arange(first, first + close.size)
    bid, ask = (np.array(quotes.get(name, closes)) for name in ("bid", "ask"))
    return Market(slots, opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(close.size), bid, ask)


def calm(bars: int, price: float = 100.0) -> list[float]:
    """Closes that move up and down by a tenth of a percent."""
    return [price * (1.001 if at % 2 else 1.0) for at in range(bars)]


def feed_of(markets: dict[str, Market], interval: int, *, quotes: bool = False, start: int = START) -> ReplayFeed:
    """The bars of several symbols as one feed."""
    symbols = tuple(sorted(markets))
    parts = [markets[symbol] for symbol in symbols]
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Market._fields}
    code = np.repeat(np.arange(len(parts)), [part.slots.size for part in parts])
    starts = start + joined.pop("slots") * interval
    if not quotes:
        joined["bid"] = joined["ask"] = None
    return ReplayFeed(BarColumns(symbols=symbols, interval_ns=interval, code=code, ts_start=starts, **joined))


def random_settings(rng: np.random.Generator, interval: int, scale: float = 1.0) -> Settings:
    """Costs from none to dear, latencies, cash from 1 to 1e8, limits that bind, and units that are coarse."""
    cash = float(rng.choice([1.0, 100.0, 1e5, 1e5, 1e8]))
    units: Settings = {}
    if rng.random() < 0.3:
        units["venue.lot_size"] = float(f"{10.0 ** rng.uniform(-5.0, -2.0) * cash / (100.0 * scale):.1g}")
    if rng.random() < 0.3:
        units["venue.tick_size"] = float(f"{10.0 ** rng.uniform(-3.0, 0.0) * scale:.1g}")
    if rng.random() < 0.2:
        units["venue.min_order_value"] = 0.02 * cash
    return {
        **units,
        "agents.members": ["dice"],
        "batch.enabled": False,
        "learning.model": "logistic",
        "execution.initial_cash": cash,
        "execution.min_order_fraction": float(rng.choice([0.0, 0.001, 0.01])),
        "execution.target_volatility": float(10.0 ** rng.uniform(-1.0, 1.0)),
        "execution.rebalance_band": float(rng.choice([0.0, 0.1, 0.4])),
        "execution.entry_rule": str(rng.choice(["signal", "cost_aware"], p=[0.8, 0.2])),
        "execution.stop_volatilities": float(rng.choice([0.0, 0.5, 2.0, 8.0])),
        "risk.max_position_fraction": float(rng.choice([0.3, 1.0, 1.0, 2.5])),
        "risk.max_order_fraction": float(rng.choice([0.5, 2.0, 2.0])),
        "risk.max_daily_loss_fraction": float(rng.choice([0.03, 0.5, 1.0])),
        "risk.frozen_after_bars": int(rng.choice([3, 12])),
        "venue.fee_bps": float(rng.choice([0.0, 1.0, 7.5, 100.0])),
        "venue.half_spread_bps": float(rng.choice([0.0, 0.5, 20.0])),
        "venue.slippage_bps": float(rng.choice([0.0, 0.5, 10.0])),
        "venue.latency_ms": float(rng.choice([0.0, 0.0, 0.0, 1.0, interval * 0.9e-6, interval * 2.2e-6])),
        "store.checkpoint_steps": 50,
    }


def random_run(seed: int) -> tuple[ReplayFeed, Settings]:
    """One run of 1 to 4 symbols that may come late and end early."""
    rng = np.random.default_rng(seed)
    interval = MINUTE * int(rng.choice([1, 5, 60, 1_440]))
    scale = float(rng.choice(SCALES))
    length = int(rng.integers(60, 400))
    markets: dict[str, Market] = {}
    for name in "ABCD"[: rng.integers(1, 5, endpoint=False) if rng.random() < 0.6 else 1]:
        late = 0 if not markets or rng.random() < 0.6 else int(rng.integers(1, length // 2 + 1))
        count = length - late if rng.random() < 0.6 else max(55, int((length - late) * rng.uniform(0.4, 1.0)))
        markets[name] = random_market(rng, random_slots(rng, max(55, count), late), scale)
    Dice.seed = seed
    return feed_of(markets, interval, quotes=bool(rng.random() < 0.5)), random_settings(rng, interval, scale)


FULL: Settings = {
    "agents.members": ["scripted"],
    "batch.enabled": False,
    "learning.model": "logistic",
    "execution.target_volatility": 100.0,
    "execution.stop_volatilities": 0.0,
    "risk.max_daily_loss_fraction": 1.0,
    "store.checkpoint_steps": 50,
}
"""Positions as large as the limits let them be, without stops."""
FREE: Settings = {"venue.fee_bps": 0.0, "venue.half_spread_bps": 0.0, "venue.slippage_bps": 0.0}


def scripted_run(store: Path, markets: dict[str, Market], plan: Plan, settings: Settings | None = None, **more: Any) -> Checker:
    """A hand-made run: full positions in the directions of the plan."""
    Scripted.plan = plan
    stops = more.pop("stops", 0)
    return run(store, feed_of(markets, HOUR, **more), {**FULL, **(settings or {})}, stops=stops)


def run(store: Path, feed: ReplayFeed, settings: Settings, *, stops: int = 0) -> Checker:
    """Replay to the end, stopped and resumed ``stops`` times on the way; the checker's recount of what the store holds."""
    config = load_config(environ={}, overrides=settings)
    AGENTS.update(OURS)
    try:
        for interrupted in (*[True] * stops, False):
            _replay(store, config, feed, interrupted)
    finally:
        for name in OURS:
            del AGENTS[name]
    return recount(store, rows_of(store))


def _replay(store: Path, config: Config, feed: ReplayFeed, interrupted: bool) -> None:
    """Go on to the end, or for 64 slices."""
    looks = iter((False,))
    place = open_store(str(store), config.store)
    try:
        stopped = partial(next, looks, interrupted)
        replay(config, ReplayFeed(feed.columns), place, "money", resume=True, stopped=stopped)
    finally:
        place.close()


Steps = list[tuple[int, dict[str, Any], dict[str, Any]]]


def rows_of(store: Path) -> Steps:
    """Each step's time, record and decision."""
    return [(row.ts_event, json.loads(row.payload), json.loads(row.decision or "{}")) for row in stored_rows(store)]


def recount(store: Path, steps: Steps) -> Checker:
    """The checker's recount of these steps, by the configuration and the result in a store."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        config, result = connection.execute("SELECT config, result FROM run").fetchone()
    return check(json.loads(config), steps, None if result is None else json.loads(result))
