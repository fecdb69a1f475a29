"""Whole runs for the flow tests: systems by configuration, their journals, leaks and faults to plant, a child to kill."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

import cli_runs
from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.agents.trend import TrendFollowing
from alpha_pulse.core.config import Config
from alpha_pulse.core.config_loading import load_config
from alpha_pulse.core.types import (
    AdaptationAction,
    Bar,
    DriftAlarm,
    Fill,
    Lot,
    MarketView,
    Order,
    Prediction,
    Signal,
)
from alpha_pulse.data import bundled
from alpha_pulse.engine.system import System
from alpha_pulse.features.extractor import FeatureExtractor, Rows, Times
from alpha_pulse.feedback.labels import Label
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import planted_signal, random_walk
from alpha_pulse.journal.block import JournalBlock, decoded_blocks
from alpha_pulse.journal.digest import DecisionDigest
from alpha_pulse.journal.records import DecisionRecord, StepRecord
from alpha_pulse.kernels.agents.trend import trend_rule
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.models.base import Row
from alpha_pulse.models.experts import MarketDefault
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from journal_rows import rows

LEAN = {"batch.enabled": False, "execution.shadow_books": False}
"""What a test turns off that is about neither the batch member nor the shadow books."""
RESTLESS = {
    "batch.train_bars": 1_500,
    "adaptation.drift_threshold": 0.3,
    "adaptation.boost_labels": 150,
    "adaptation.cooldown_labels": 50,
}
"""Everything happens within a few thousand bars: training, alarms, trials, their ends."""
INDICES = "sp500_nasdaq_1d_1999_2018"
EURUSD = "eurusd_1h_2017"


class CountingJournal:
    """A journal of which nobody reads more than how many steps it would contain."""

    def __init__(self) -> None:
        self.next_seq = 0

    def append(self, block: JournalBlock) -> None:
        self.next_seq += block.steps


class Done:
    """A run that came to its end, and what it left."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.steps = [(row.payload, row.decision) for row in rows(system.store)]
        self.state = system.state_sha256()
        digest = DecisionDigest()
        for block in decoded_blocks(system.store):
            digest.add(block)
        self.decisions_sha256 = digest.hexdigest()

    @property
    def hashes(self) -> tuple[str, str]:
        """What two equal runs have in common at their ends."""
        return self.decisions_sha256, self.state

    @cached_property
    def records(self) -> list[StepRecord]:
        """The journal's payloads."""
        decode = msgspec.json.Decoder(StepRecord).decode
        return [decode(payload) for payload, _ in self.steps]

    @cached_property
    def decisions(self) -> list[DecisionRecord | None]:
        """The journal's decision lines; None for a step without one."""
        decode = msgspec.json.Decoder(DecisionRecord).decode
        return [None if decision is None else decode(decision) for _, decision in self.steps]

    @property
    def bars(self) -> list[Bar]:
        """Every bar, in order."""
        return [bar for record in self.records for bar in record.bars]

    @property
    def labels(self) -> list[Label]:
        """Every settled label, in order."""
        return [label for record in self.records for label in record.labels]

    @property
    def predictions(self) -> list[Prediction]:
        """Every served prediction, in order."""
        return [prediction for record in self.records for prediction in record.predictions]

    @property
    def fills(self) -> list[Fill]:
        """Every fill of every book, in order."""
        return [fill for record in self.records for fill in record.fills]

    @property
    def lots(self) -> list[Lot]:
        """Every closed lot of every book, in order."""
        return [lot for record in self.records for lot in record.lots]

    @property
    def alarms(self) -> list[DriftAlarm]:
        """Every drift alarm, in order."""
        return [alarm for record in self.records for alarm in record.alarms]

    @property
    def adaptations(self) -> list[AdaptationAction]:
        """Every action as it was opened and again as it was closed, in order."""
        return [action for record in self.records for action in record.adaptations]

    @property
    def signals(self) -> list[Signal]:
        """Every combined signal, in order."""
        return [signal for line in self.decisions if line is not None for signal in line.signals]

    @property
    def orders(self) -> list[Order]:
        """Every order of every book, in order."""
        return [order for line in self.decisions if line is not None for order in line.orders]


def configured(settings: dict[str, Any] | None = None) -> Config:
    """The defaults and ``settings`` (``section.key``), whatever the environment says."""
    return load_config(environ={}, overrides=settings)


def begun(
    feed: ReplayFeed, settings: dict[str, Any] | None = None, store: Store | None = None, *, resume: bool = False
) -> System:
    """A system that is ready to step."""
    config = configured(settings)
    system = System(config, feed, store if store is not None else MemoryStore(config.store))
    system.begin("flow", resume=resume)
    return system


def finished(system: System, sizes: Iterable[int] = (1,)) -> Done:
    """Go on until the feed ends, in blocks of these sizes, over and over."""
    for size in itertools.cycle(sizes):
        if system.advance(size) < size:
            break
    return Done(system)


def run(
    feed: ReplayFeed, settings: dict[str, Any] | None = None, store: Store | None = None, sizes: Iterable[int] = (1,)
) -> Done:
    """From the first bar to the last, in blocks of these sizes."""
    return finished(begun(feed, settings, store), sizes)


def divided(
    begin: Callable[[Store], System],
    commands: Mapping[int, Callable[[System], object]],
    sizes: Iterable[int],
    stops: frozenset[int] = frozenset(),
) -> Done:
    """A run in blocks of these sizes, over and over; at the slices ``stops`` another system goes on with it.

    ``commands`` are called by the number of slices before them.
    """
    store, each = MemoryStore(), itertools.cycle(sizes)
    system = begin(store)
    while True:
        at = system.feed.position
        if at in stops:
            state = system.state_sha256()
            system = begin(store)
            assert system.state_sha256() == state, f"resumed in another state at slice {at}"
        if at in commands:
            commands[at](system)
        room = min([next(each), *(place - at for place in (*commands, *stops) if place > at)])
        if system.advance(room) < room:
            return Done(system)


def assert_equal(done: Done, whole: Done) -> None:
    """Two runs have the same steps, bit for bit, and end in the same state."""
    first = next((i for i, (one, other) in enumerate(zip(done.steps, whole.steps, strict=False)) if one != other), None)
    assert first is None, f"row {first} is another one: {done.steps[first]!r}, but {whole.steps[first]!r} was expected"
    assert len(done.steps) == len(whole.steps)
    assert done.hashes == whole.hashes


@cache
def bundled_feed(name: str) -> ReplayFeed:
    """A bundled file, to be read only through `again`."""
    return ReplayFeed.from_file(bundled()[name])


def again(feed: ReplayFeed) -> ReplayFeed:
    """The same bars from the beginning."""
    return ReplayFeed(feed.columns)


@cache
def bundled_run(name: str) -> Done:
    """One default run over a bundled file, shared by all tests that only read it."""
    return run(again(bundled_feed(name)))


def restless(bars: int = 4_200, seed: int = 11) -> ReplayFeed:
    """A market whose planted signal flips every 700 bars; with `RESTLESS` all stages have something to do."""
    return planted_signal(bars, seed, list(range(700, bars, 700)), strength=0.8)


@cache
def restless_run() -> Done:
    """The uninterrupted run that resumed ones are compared with."""
    return run(restless(), RESTLESS)


def with_future(feed: ReplayFeed, after: int, seed: int) -> ReplayFeed:
    """The same first ``after`` bars of a one-symbol feed, then other ones."""
    columns, rng = feed.columns, np.random.default_rng(seed)
    count = columns.ts_start.size
    factor = np.where(np.arange(count) < after, 1.0, np.exp(0.05 * rng.standard_normal(count)))
    closes = columns.close * factor
    opens = np.where(np.arange(count) < after, columns.open, columns.open * np.exp(0.01 * rng.standard_normal(count)))
    highs = np.where(np.arange(count) < after, columns.high, np.maximum(opens, closes) * 1.01)
    lows = np.where(np.arange(count) < after, columns.low, np.minimum(opens, closes) * 0.99)
    changed = msgspec.structs.replace(columns, open=opens, high=highs, low=lows, close=closes)
    return ReplayFeed(changed)


def late_and_with_holes(feed: ReplayFeed, late: int) -> ReplayFeed:
    """The same market of two symbols, of which one lacks bars here and there, and the other its first ``late`` ones."""
    columns = feed.columns
    number = np.tile(np.arange(columns.code.size // 2), 2)
    hole = (columns.code == 0) & (np.random.default_rng(3).random(number.size) < 0.03)
    return ReplayFeed(columns.pick(np.flatnonzero(~hole & ~((columns.code == 1) & (number < late)))))


def with_gaps(feed: ReplayFeed, seed: int, holes: int = 40, longest: int = 30) -> ReplayFeed:
    """The same market with stretches of bars missing."""
    rng = np.random.default_rng(seed)
    keep = np.ones(feed.columns.ts_start.size, dtype=np.bool_)
    for start in rng.integers(60, keep.size - longest, holes):
        keep[start : start + rng.integers(1, longest)] = False
    return ReplayFeed(feed.columns.pick(np.flatnonzero(keep)))


def drowsy_market(bars: int, awake: int, seed: int) -> ReplayFeed:
    """A market that moves at each of its first ``awake`` bars, then at every eighth only, as one does that few people trade."""
    columns = random_walk(bars, seed).columns
    at = np.arange(bars)
    taken = np.where((at < awake) | (at % 8 == 0), at, -1)
    close = columns.close[np.maximum.accumulate(taken)]
    opened = np.concatenate([columns.open[:1], close[:-1]])
    return ReplayFeed(
        msgspec.structs.replace(
            columns, open=opened, high=np.maximum(opened, close), low=np.minimum(opened, close), close=close
        )
    )


# Leaks and faults to plant. Classes, because the configuration names agents and models by class.


class Peeking(BaseAgent):
    """Follows the trend, except at the bars of ``peeks``: there it knows which way the next close will lie."""

    name = "peeking"
    closes: ClassVar[NDArray[np.float64]] = np.zeros(0)
    peeks: ClassVar[NDArray[np.bool_]] = np.zeros(0, dtype=np.bool_)

    def __init__(self, schema_names: tuple[str, ...]) -> None:
        super().__init__(schema_names)
        self._trend = TrendFollowing(schema_names)
        self.held = self._trend.held

    def rule_based_analysis(self, market_data: MarketView) -> float:
        ruled = self._trend.rule_based_analysis(market_data)
        at = market_data.bar.seq
        if at + 1 < self.closes.size and self.peeks[at]:
            return float(np.sign(self.closes[at + 1] - self.closes[at]))
        return ruled

    def snapshot(self) -> Any:
        return self._trend.snapshot()

    def restore(self, state: Any) -> None:
        self._trend.restore(state)


def let_peek(feed: ReplayFeed, seed: int, share: float) -> None:
    """Hand the closes to come to `Peeking`, for a random ``share`` of the bars."""
    Peeking.closes = feed.columns.close
    Peeking.peeks = np.random.default_rng(seed).random(feed.total_bars) < share


class Keeping(BaseAgent):
    """Follows the change of a feature since the bar before, whose features it keeps; refuses to decide at bar ``fails``."""

    name = "keeping"
    fails: ClassVar[int] = -1

    def __init__(self, schema_names: tuple[str, ...]) -> None:
        super().__init__(schema_names)
        self._before: Row | None = None

    def rule_based_analysis(self, market_data: MarketView) -> float:
        """1, 0 or -1."""
        if market_data.bar.seq == self.fails:
            raise RuntimeError("no")
        now, before = market_data.features.values, self._before
        self._before = now
        return 0.0 if before is None else float(np.sign(now[0] - before[0]))


Requests = Mapping[tuple[str, int], Mapping[str, str]]
"""By symbol and slice, the adaptations to request: by target, their types."""


class Restive(TrendFollowing):
    """Follows the trend, and requests the adaptations of ``wanted``."""

    name = "restive"
    wanted: ClassVar[Requests] = {}

    def requested_adaptations(self, market_data: MarketView) -> Mapping[str, str]:
        """What is wanted at the bar."""
        return self.wanted.get((market_data.bar.symbol, market_data.bar.seq), {})


class LeakyExtractor(FeatureExtractor):
    """Serves the next bar's return under the name of this one's."""

    closes: ClassVar[NDArray[np.float64]] = np.zeros(0)

    def update_rows(self, ts: Times, bars: Rows, levels: Rows, features: Rows) -> int:
        first = self.bars
        last = super().update_rows(ts, bars, levels, features)
        closes = self.closes[first : first + last + 1]
        features[: closes.size - 1, 0] = 100.0 * (closes[1:] / closes[:-1] - 1.0)
        return last


@kernel
def hesitant_rule(features: Row, places: NDArray[np.int64], held: float) -> float:
    """A thousandth less than the rule of `TrendFollowing`."""
    return 0.999 * trend_rule(features, places, held)


class Hesitant(TrendFollowing):
    """Follows the trend a thousandth less."""

    rule = staticmethod(hesitant_rule)


class Witness(MarketDefault):
    """Writes down, bit for bit, what it is given to learn."""

    learned: ClassVar[list[tuple[bytes, int, float]]] = []

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        self.learned.append((features.tobytes(), label, weight))
        super().learn(features, label, weight, outputs)


class Diverging(MarketDefault):
    """Loses its mind once, after ``at`` labels."""

    at: ClassVar[int] = 1_200
    left: ClassVar[int] = 0

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        super().learn(features, label, weight, outputs)
        if self.n_features == Diverging.width:
            Diverging.left -= 1
            if Diverging.left == 0:
                self._state[self._state.size // 2 :] = np.nan

    width: ClassVar[int] = 0


# A child process that is killed while it works.

FEEDS: dict[str, Callable[[], tuple[ReplayFeed, dict[str, Any]]]] = {
    "restless": lambda: (restless(), RESTLESS),
    "indices": lambda: (again(bundled_feed(INDICES)).cut(1_900), {}),
}


def child(*arguments: str, hash_seed: str) -> subprocess.Popen[bytes]:
    """This file, run by itself."""
    source = str(Path(__file__).parent.parent)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join([source, *sys.path])}
    return subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, env=environment)


def killed_after(store: Path, lines: int) -> int:
    """Let a child go on with the restless run until it has told of ``lines`` steps, kill -9 it; the last step it told of."""
    process = subprocess.Popen(cli_runs.forked("restless", store, "tell", module="flow.runs"), stdout=subprocess.PIPE)
    told = 0
    # The output ends when whoever writes it is dead, which the copy is a moment after its client.
    for line in _lines(process):
        if line.endswith(b"\n"):
            told = int(line)
        lines -= 1
        if lines == 0:
            process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the child ended by itself"
    return told


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert process.stdout is not None
    with process.stdout as stream:
        yield from stream


def _work(feed_name: str, store_url: str, *flags: str) -> None:
    feed, settings = FEEDS[feed_name]()
    config = configured({**settings, "store.checkpoint_steps": 300, "store.group_steps": 40})
    store = open_store(store_url, config.store)
    system = System(config, feed, store)
    system.begin("flow", resume=True)
    tell = "tell" in flags
    number = feed.position
    while system.step():
        number += 1
        if tell:
            os.write(1, b"%d\n" % number)
    store.flush()
    done = Done(system)
    os.write(1, (" ".join(done.hashes) + "\n").encode())
    store.close()


if __name__ == "__main__":
    _work(*sys.argv[1:])
