"""Predictions over HTTP during a replay at full speed on the same core: their latency, and the slowdown of the replay."""

from __future__ import annotations

import asyncio
import statistics

import msgspec
import numpy as np

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.feeds.synthetic import regimes
from benchmarks.loop import MARKET
from benchmarks.measure import Options
from benchmarks.report import Column, Table, verdict
from benchmarks.serving import Client, Served, on_a_loop, served

RATE = 500.0
CONNECTIONS = 16
SESSION = "SYN/direction"
P99_MS = 10.0
LOSS = 0.30


class Size(msgspec.Struct, frozen=True):
    """Bars of the feed, bars before timing starts, seconds of each turn, and turns of each kind."""

    bars: int
    warm: int
    seconds: float
    turns: int


FULL, QUICK = Size(1_500_000, 5_000, 4.0, 5), Size(20_000, 300, 0.3, 1)


def run(options: Options) -> list[Table]:
    """Turns without and with requests, of one run."""
    size = QUICK if options.quick else FULL
    return on_a_loop(lambda: _measured(size))


async def _measured(size: Size) -> list[Table]:
    feed = regimes(size.bars, seed=8, change_points=[size.bars // 2], market=MARKET)
    quiet_rates: list[float] = []
    busy_rates: list[float] = []
    taken: list[int] = []
    sent = 0
    async with served(feed) as system:
        features = next(session.n_features for session in system.gateway.sessions() if session.session_id == SESSION)
        system.gateway.resume()
        while system.bars < size.warm:
            await asyncio.sleep(0.05)
        requests = round(RATE * size.seconds)
        for _ in range(size.turns):
            quiet_rates.append(await _rate(system, asyncio.sleep(size.seconds)))
            client = await Client.start(
                "http_client",
                port=system.port, session=SESSION, features=features, rate=RATE, requests=requests, connections=CONNECTIONS,
            )  # fmt: skip
            result: dict[str, list[int]] = {}

            async def attack(client: Client = client, result: dict[str, list[int]] = result) -> None:
                result.update(await client.measure())

            busy_rates.append(await _rate(system, attack()))
            taken += result["latency_us"]
            sent += requests
        if system.gateway.control().state != "running":
            raise RuntimeError("the replay ended before its measurement; give the benchmark more bars")
    return [_latencies(np.asarray(taken) / 1e3, sent), _loss(quiet_rates, busy_rates)]


async def _rate(system: Served, work: object) -> float:
    """Bars per second while ``work`` runs."""
    bars, start = system.bars, elapsed_ns()
    await work  # type: ignore[misc]
    return (system.bars - bars) * 1e9 / (elapsed_ns() - start)


def _latencies(taken: np.ndarray[tuple[int], np.dtype[np.float64]], sent: int) -> Table:
    p50, p99, p999, largest = (float(np.quantile(taken, q)) for q in (0.5, 0.99, 0.999, 1.0))
    return Table(
        f"Predictions over HTTP at {RATE:,.0f} requests/s, during a replay at full speed",
        (
            Column("requests"), Column("answered", "{:.2%}"), Column("p50, ms", "{:.2f}"), Column("p99, ms", "{:.2f}"),
            Column("to stay below"), Column("reached"), Column("p99.9, ms", "{:.2f}"), Column("largest, ms", "{:.2f}"),
        ),
        ((sent, taken.size / sent, p50, p99, P99_MS, verdict(-p99, -P99_MS), p999, largest),),
        (
            f"From the scheduled time of a request to its complete response, over {CONNECTIONS} persistent connections. A "
            "client that waits for each response before its next request would measure less.",
        ),
    )  # fmt: skip


def _loss(quiet_rates: list[float], busy_rates: list[float]) -> Table:
    quiet, busy = statistics.median(quiet_rates), statistics.median(busy_rates)
    lost = 1.0 - busy / quiet
    return Table(
        "The replay, without and with the requests",
        (Column("turns"), Column("bars/s alone"), Column("bars/s with requests"), Column("lost", "{:.1%}"),
         Column("to stay below", "{:.0%}"), Column("reached")),
        ((len(quiet_rates), quiet, busy, max(lost, 0.0), LOSS, verdict(-lost, -LOSS)),),
        ("All books, the server and the store's commit thread share one core. Medians of alternating turns (A B A B).",),
    )  # fmt: skip
