"""WebSocket clients, half of which never read: whether they delay a decision, and whether memory stays bounded."""

from __future__ import annotations

import asyncio
import os
import statistics
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.engine.journal import StepRecord
from alpha_pulse.feeds.base import Slice
from alpha_pulse.feeds.synthetic import regimes
from benchmarks.loop import MARKET
from benchmarks.measure import Options
from benchmarks.report import Cell, Column, Table
from benchmarks.serving import Client, Served, on_a_loop, served
from benchmarks.stages import replace

SYMBOL = "SYN"
SHIFT = 0.05
WINDOW_S = 2.0
NOBODY, CROWD = "nobody listens", "clients listen"


class Size(msgspec.Struct, frozen=True):
    """Pace, bars before timing starts, seconds of each turn, turns of each kind, clients that read, and that never do."""

    pace: float
    warm: int
    seconds: float
    turns: int
    readers: int
    deaf: int


FULL, QUICK = Size(500.0, 5_000, 12.0, 5, 100, 100), Size(500.0, 300, 0.5, 1, 4, 4)


class Delays:
    """How long after it was due each bar was decided, and how long the deciding took; put there from outside."""

    def __init__(self, at: Served, pace: float) -> None:
        self._gap_ns = 1e9 / pace
        self._begun: list[int] = []
        self._ended: list[int] = []
        on_slice = at.system.pipeline.on_slice

        def timed(slice_: Slice) -> StepRecord:
            self._begun.append(elapsed_ns())
            record = on_slice(slice_)
            self._ended.append(elapsed_ns())
            return record

        replace(at.system.pipeline, "on_slice", timed)

    def take(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(ms from when bars were due to their decisions, ms that deciding took) since the last call.

        The pace is kept to on average, so the least delayed bar tells when all of them were due.
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
    async with served(feed) as at:
        at.gateway.resume()
        while at.bars < size.warm:
            await asyncio.sleep(0.05)
        watch = Delays(at, size.pace)
        at.gateway.set_speed(size.pace)
        for _ in range(size.turns):
            for who in (NOBODY, CROWD):
                client = await _client(at, size) if who == CROWD else None
                await asyncio.sleep(0.2)
                watch.take()
                found = await asyncio.sleep(size.seconds, {}) if client is None else await client.measure()
                delay, work = watch.take()
                delays[who].append(delay)
                works[who].append(work)
                memory[who].append(_resident_mb())
                frames += [found["frames"]] if found else []
        dropped = await _dropped(at)
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
        f"Turns of {size.seconds:g} s at {size.pace:,.0f} bars/s, A B A B; figures of the median {WINDOW_S:g} s. "
        f"Each reading client received {np.mean(frames):,.0f} frames a turn, each encoded once; {dropped:,.0f} of the clients "
        "that never read were disconnected.",
    )
    return [Table(f"{size.readers} clients that read and {size.deaf} that never do", columns, rows, notes)]


async def _client(at: Served, size: Size) -> Client:
    return await Client.start(
        "listeners_client", port=at.port, symbol=SYMBOL, readers=size.readers, deaf=size.deaf, seconds=size.seconds
    )


async def _dropped(at: Served) -> float:
    """Clients that were too slow, as the server itself counts them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    writer.write(at.request("GET", "/metrics"))
    content = await reader.read()
    writer.close()
    name = b"\nalpha_pulse_stream_clients_dropped_total "
    return float(content.partition(name)[2].split(b"\n", 1)[0])


def _row(
    who: str, size: Size, delay: list[NDArray[np.float64]], work: list[NDArray[np.float64]], memory: list[float]
) -> tuple[Cell, ...]:
    name = NOBODY if who == NOBODY else f"{size.readers + size.deaf} {CROWD}"
    told = ", ".join(f"{value:,.0f}" for value in memory)
    spread = [_typical(delay, size, 0.5), _typical(delay, size, 0.99), float(np.quantile(np.concatenate(delay), 0.999))]
    spread += [_typical(work, size, 0.5), _typical(work, size, 0.99)]
    return (name, sum(turn.size for turn in delay), *spread, told)


def _typical(turns: list[NDArray[np.float64]], size: Size, q: float) -> float:
    """A quantile in the median window: a single pause of the machine is in one window, and in one only."""
    bars = round(size.pace * WINDOW_S)
    parts = [part for turn in turns for part in np.array_split(turn, max(1, turn.size // bars))]
    return statistics.median(float(np.quantile(part, q)) for part in parts)


def _resident_mb() -> float:
    """Memory of this process; 0 where the system does not say."""
    listing = Path("/proc/self/statm")
    if not listing.exists():
        return 0.0
    return int(listing.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
