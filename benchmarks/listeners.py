"""WebSocket clients, half of which never read: their effect on the delay of decisions and on memory."""

from __future__ import annotations

import asyncio
import os
import statistics
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.feeds.synthetic import regimes
from benchmarks.loop import MARKET
from benchmarks.measure import Options
from benchmarks.report import Cell, Column, Table
from benchmarks.serving import Client, Served, on_a_loop, served
from benchmarks.stages import replace

SYMBOL = "SYN"
SHIFT = 0.05
WINDOW_S = 2.0
NOBODY, CROWD = "no clients", "clients listen"


class Size(msgspec.Struct, frozen=True):
    """Bars per second, bars before timing, seconds of each turn, turns of each kind, clients that read, and that never read."""

    pace: float
    warm: int
    seconds: float
    turns: int
    readers: int
    deaf: int


FULL, QUICK = Size(500.0, 5_000, 12.0, 5, 100, 100), Size(500.0, 300, 0.5, 1, 4, 4)


class Delays:
    """Measures the delay of each decision after the due time of its bar, and its duration; it wraps `Pipeline.on_block`.

    The slices of a block begin and end together.
    """

    def __init__(self, served_system: Served, pace: float) -> None:
        self._gap_ns = 1e9 / pace
        self._begun: list[int] = []
        self._ended: list[int] = []
        on_block = served_system.system.pipeline.on_block

        def timed(block: BarBlock) -> None:
            self._begun += [elapsed_ns()] * len(block)
            on_block(block)
            self._ended += [elapsed_ns()] * len(block)

        replace(served_system.system.pipeline, "on_block", timed)

    def take(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(ms from due times to decisions, ms of decisions) since the last call.

        The rate is constant on average, so the due times follow from the least delayed bar.
        """
        begun, ended = np.asarray(self._begun, dtype=np.float64), np.asarray(self._ended, dtype=np.float64)
        self._begun.clear()
        self._ended.clear()
        due = np.arange(begun.size) * self._gap_ns
        due += (begun - due).min()
        return (ended - due) / 1e6, (ended - begun) / 1e6


def run(options: Options) -> list[Table]:
    """Turns without and with clients, of one run."""
    size = QUICK if options.quick else FULL
    return on_a_loop(lambda: _measured(size))


async def _measured(size: Size) -> list[Table]:
    bars = size.warm + round(size.pace * (size.seconds + 5.0) * 2 * size.turns) + 1_000
    feed = regimes(bars, seed=8, change_points=[bars // 2], market=MARKET)
    delays: dict[str, list[NDArray[np.float64]]] = {NOBODY: [], CROWD: []}
    works: dict[str, list[NDArray[np.float64]]] = {NOBODY: [], CROWD: []}
    memory: dict[str, list[float]] = {NOBODY: [], CROWD: []}
    frames: list[float] = []
    async with served(feed) as served_system:
        served_system.gateway.resume()
        while served_system.bars < size.warm:
            await asyncio.sleep(0.05)
        watch = Delays(served_system, size.pace)
        served_system.gateway.set_speed(size.pace)
        for _ in range(size.turns):
            for who in (NOBODY, CROWD):
                client = await _client(served_system, size) if who == CROWD else None
                await asyncio.sleep(0.2)
                watch.take()
                result = await asyncio.sleep(size.seconds, {}) if client is None else await client.measure()
                delay, work = watch.take()
                delays[who].append(delay)
                works[who].append(work)
                memory[who].append(_resident_mb())
                frames += [result["frames"]] if result else []
        dropped = await _dropped(served_system)
    rows = tuple(_row(who, size, delays[who], works[who], memory[who]) for who in (NOBODY, CROWD))
    shift = rows[1][3] / rows[0][3] - 1.0  # type: ignore[operator]
    columns = (
        Column("what"), Column("bars"), Column("due to decided, ms: p50", "{:.3f}"), Column("p99", "{:.3f}"),
        Column("p99.9 of all", "{:.3f}"), Column("deciding alone, ms: p50", "{:.3f}"), Column("p99", "{:.3f}"),
        Column("memory, MB, after each turn"),
    )  # fmt: skip
    notes = (
        f"The p99 of due to decided changes by {shift:+.1%}; the target is less than {SHIFT:.0%}: "
        f"{'reached' if shift < SHIFT else 'not reached'}.",
        f"Alternating turns (A B A B) of {size.seconds:g} s at {size.pace:,.0f} bars/s; figures of the median {WINDOW_S:g} s. "
        f"Each reading client received {np.mean(frames):,.0f} frames a turn, each encoded once; {dropped:,.0f} of the clients "
        "that never read were disconnected.",
    )
    return [Table(f"{size.readers} clients that read and {size.deaf} that never do", columns, rows, notes)]


async def _client(served_system: Served, size: Size) -> Client:
    return await Client.start(
        "listeners_client", port=served_system.port, symbol=SYMBOL, readers=size.readers, deaf=size.deaf, seconds=size.seconds
    )


async def _dropped(served_system: Served) -> float:
    """Clients that were too slow, as counted by the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served_system.port)
    writer.write(served_system.request("GET", "/metrics"))
    content = await reader.read()
    writer.close()
    name = b"\nalpha_pulse_stream_clients_dropped_total "
    return float(content.partition(name)[2].split(b"\n", 1)[0])


def _row(
    who: str, size: Size, delay: list[NDArray[np.float64]], work: list[NDArray[np.float64]], memory: list[float]
) -> tuple[Cell, ...]:
    name = NOBODY if who == NOBODY else f"{size.readers + size.deaf} {CROWD}"
    memory_text = ", ".join(f"{value:,.0f}" for value in memory)
    spread = [_typical(delay, size, 0.5), _typical(delay, size, 0.99), float(np.quantile(np.concatenate(delay), 0.999))]
    spread += [_typical(work, size, 0.5), _typical(work, size, 0.99)]
    return (name, sum(turn.size for turn in delay), *spread, memory_text)


def _typical(turns: list[NDArray[np.float64]], size: Size, q: float) -> float:
    """A quantile in the median window, because a single pause of the machine affects only one window."""
    bars = round(size.pace * WINDOW_S)
    parts = [part for turn in turns for part in np.array_split(turn, max(1, turn.size // bars))]
    return statistics.median(float(np.quantile(part, q)) for part in parts)


def _resident_mb() -> float:
    """Memory of this process; 0 where the system does not report it."""
    listing = Path("/proc/self/statm")
    if not listing.exists():
        return 0.0
    return int(listing.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
