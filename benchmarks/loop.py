"""The whole loop in replay: both targets, the SQLite store, every stage; bars per second, latency, time per part."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from alpha_pulse.core.config import Config, ExecutionConfig
from alpha_pulse.core.errors import DataError
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, regimes
from alpha_pulse.stores import open_store
from benchmarks.measure import Options, Speed, interleave
from benchmarks.report import Cell, Column, Table, verdict
from benchmarks.stages import Latencies, StageTimes

MARKET = Market(interval_ns=300_000_000_000, volatility=0.0015, has_volume=True)
"""Five-minute bars with volume and clustered volatility."""
COMBINED, ALL = "combined book", "all books"
BARS = {COMBINED: 20_000.0, ALL: 5_000.0}
TIMED_TURNS = 3


class Size(msgspec.Struct, frozen=True):
    """Bars in all, before timing starts (compilation, the batch model's training), and in each turn of a contender."""

    total: int
    warm: int
    turn: int


FULL, QUICK = Size(100_000, 5_000, 5_000), Size(900, 300, 150)


def start(feed: ReplayFeed, config: Config, store: str) -> System:
    """A system before its first slice."""
    system = System(config, feed, open_store(store, config.store))
    system.begin("benchmark", resume=False)
    return system


def advance(system: System, bars: int) -> None:
    """Run ``bars`` bars in blocks, as a replay does, and wait until all of them are on the disk."""
    system.advance(bars)
    system.store.flush()


def advance_singly(system: System, bars: int) -> None:
    """Run ``bars`` bars in blocks of one, as they come live."""
    for _ in range(bars):
        system.step()
    system.store.flush()


def configuration(book: str) -> Config:
    """All defaults, with or without the shadow books."""
    return Config(execution=ExecutionConfig(shadow_books=book == ALL))


def make_feeds(options: Options, size: Size) -> Callable[[], ReplayFeed]:
    """The bars of the given file, or generated bars. Raises DataError when the file has several symbols or too few bars."""
    path = options.bars
    if path is None:
        changes = [size.total * k // 4 for k in (1, 2, 3)]
        return lambda: regimes(size.total, seed=8, change_points=changes, market=MARKET)
    whole = ReplayFeed.from_file(path)
    if len(whole.symbols) > 1 or whole.total_bars < size.warm + size.turn * (TIMED_TURNS + 1):
        raise DataError(
            f"{path} has {whole.total_bars} bars of {len(whole.symbols)} symbols; expected one symbol and at least "
            f"{size.warm + size.turn * (TIMED_TURNS + 1)} bars"
        )
    return lambda: whole.cut(min(whole.total_slices, size.total))


def run(options: Options) -> list[Table]:
    """Throughput of both configurations in turns, then one more run with timers."""
    size = QUICK if options.quick else FULL
    make_feed = make_feeds(options, size)
    name = "synthetic 5-minute bars" if options.bars is None else options.bars.name
    with tempfile.TemporaryDirectory(prefix="alpha-pulse-benchmark-") as folder:
        throughput = _throughput(make_feed, size, Path(folder), name)
    with tempfile.TemporaryDirectory(prefix="alpha-pulse-benchmark-") as folder:
        return [throughput, *_timed(make_feed(), size, Path(folder))]


def _throughput(make_feed: Callable[[], ReplayFeed], size: Size, folder: Path, name: str) -> Table:
    places = {book: folder / f"{book.split()[0]}.db" for book in BARS}
    systems = {book: start(make_feed(), configuration(book), str(place)) for book, place in places.items()}
    for system in systems.values():
        advance(system, size.warm)
    bars = systems[COMBINED].feed.total_bars
    works = {book: lambda system=system: advance(system, size.turn) for book, system in systems.items()}
    speeds = interleave(works, size.turn, (bars - size.warm) // size.turn, warm=False)
    counts = systems[COMBINED].feedback.counts().values()
    predictions, labelled = sum(count.predictions for count in counts), sum(count.labelled for count in counts)
    for system in systems.values():
        system.store.close()  # only then are all rows in the file
    rows = tuple(_row(book, speed, places[book].stat().st_size / bars) for book, speed in speeds.items())
    columns = (
        Column("what"), Column("bars/s, median turn"), Column("to reach"), Column("reached"), Column("whole run"),
        Column("slowest turn"), Column("per CPU second"), Column("µs a bar", "{:.1f}"), Column("store, bytes a bar"),
    )  # fmt: skip
    notes = (
        f"Turns of {size.turn:,} bars after a warm-up of {size.warm:,} bars. Each turn ends when everything is on the disk. "
        f"One checkpoint is written every {systems[COMBINED].config.store.checkpoint_steps:,} bars. "
        f"The first run made {predictions:,} predictions, of which {labelled:,} were labelled and learned.",
    )
    return Table(f"The whole loop in replay, {bars:,} {name}, SQLite", columns, rows, notes)


def _row(book: str, speed: Speed, bytes_a_bar: float) -> tuple[Cell, ...]:
    whole = speed.events / statistics.fmean(speed.seconds)
    slowest = speed.events / max(speed.seconds)
    reached = verdict(speed.per_second, BARS[book])
    return (book, speed.per_second, BARS[book], reached, whole, slowest, speed.per_cpu_second, speed.micros, bytes_a_bar)


def _timed(feed: ReplayFeed, size: Size, folder: Path) -> list[Table]:
    """Latency, then the time per part, one after the other in one run, so that the timers do not affect each other."""
    system = start(feed, configuration(COMBINED), str(folder / "timed.db"))
    advance(system, size.warm)
    latencies = Latencies(system)
    advance_singly(system, size.turn * TIMED_TURNS)
    taken = np.asarray(latencies.taken) / 1e3
    stages = StageTimes(system)
    bars = min(size.turn * TIMED_TURNS, feed.total_bars - feed.position)
    spent = interleave({"timed": lambda: advance(system, bars)}, bars, 1, warm=False)["timed"]
    system.store.close()
    latency = Table(
        f"Latency of Pipeline.on_block, blocks of one, {COMBINED}, {taken.size:,} bars",
        tuple(Column(f"{name}, µs", "{:,.1f}") for name in ("p50", "p90", "p99", "p99.9", "largest")),
        (tuple(float(np.quantile(taken, q)) for q in (0.5, 0.9, 0.99, 0.999, 1.0)),),
        ("Time until the block is in the open group of the journal, without the disk and the checkpoints.",),
    )
    parts = {name: ns / 1e3 / bars for name, ns in stages.spent.items()}
    parts["everything else"] = spent.micros - sum(parts.values())
    share = Table(
        f"Where the time goes, blocks of up to {system.block_slices:,} slices, {COMBINED}, {bars:,} bars",
        (Column("part"), Column("µs a bar", "{:.2f}"), Column("share", "{:.1%}")),
        tuple((name, micros, micros / spent.micros) for name, micros in parts.items()),
        ("A part does not include the others that it calls. A timer costs about 0.2 µs a call.",),
    )
    return [latency, share]
