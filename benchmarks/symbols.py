"""Several symbols: what two cores give, and what each symbol costs in time and memory, in alternating processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from alpha_pulse.core.errors import DataError
from benchmarks.measure import Options
from benchmarks.report import Cell, Column, Table, verdict
from benchmarks.source import ROOT

CORES = (1, 2)
PARALLEL, PARALLEL_BARS, PARALLEL_ROUNDS = 8, (3_000, 15_000), 5
"""Symbols; the bars of each between which is measured: after the batch models were trained; rounds."""
SPEED_UP = {"learning pass": 1.7, "whole loop": 1.4}
COUNTS, COUNT_BARS, COUNT_ROUNDS = (1, 10, 100, 1_000), 1_000, 3
DEARER, MEGABYTES = 1.3, 1.0
"""The limits: cost per bar against that of one symbol alone, and memory per symbol."""

Result = dict[str, float]


def run(options: Options) -> list[Table]:
    """Both tables."""
    if options.quick:
        return [_speed_up(3, (40, 60), 1), _counts((1, 3), 60, 1)]
    return [_speed_up(PARALLEL, PARALLEL_BARS, PARALLEL_ROUNDS), _counts(COUNTS, COUNT_BARS, COUNT_ROUNDS)]


def _run(symbols: int, first: int, last: int, cores: int) -> Result:
    command = [sys.executable, "-m", "benchmarks.symbols_run", *map(str, (symbols, first, last, cores))]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise DataError(f"{' '.join(command[1:])} failed with exit code {done.returncode}; its message is above")
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def _speed_up(symbols: int, bars: tuple[int, int], rounds: int) -> Table:
    taken: dict[int, list[Result]] = {cores: [] for cores in CORES}
    for _ in range(rounds):
        for cores in CORES:
            taken[cores].append(_run(symbols, *bars, cores))
    rows: list[tuple[Cell, ...]] = []
    for (name, wanted), key in zip(SPEED_UP.items(), ("learn_s", "wall_s"), strict=True):
        one, two = (statistics.median(1e6 * each[key] / each["bars"] for each in taken[cores]) for cores in CORES)
        rows.append((name, one, two, one / two, wanted, verdict(one / two, wanted)))
    columns = (
        Column("part"), Column("one core, µs a bar", "{:.1f}"), Column("two cores, µs a bar", "{:.1f}"),
        Column("times as fast", "{:.2f}"), Column("to reach", "{:.1f}"), Column("reached"),
    )  # fmt: skip
    notes = (
        f"Wall time from bar {bars[0]:,} to bar {bars[1]:,} of each of {symbols} symbols, synthetic 5-minute bars, all "
        f"defaults, medians of {rounds} rounds in turns, without a journal.",
    )
    return Table(f"{symbols} symbols on two cores", columns, tuple(rows), notes)


def _counts(counts: tuple[int, ...], bars: int, rounds: int) -> Table:
    taken: dict[int, list[Result]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            taken[count].append(_run(count, 0, bars, 1))
    cost = {count: statistics.median(1e6 * each["cpu_s"] / each["bars"] for each in taken[count]) for count in counts}
    grown = {count: statistics.median(each["grown_bytes"] / 1e6 for each in taken[count]) for count in counts}
    base = counts[0]
    rows: list[tuple[Cell, ...]] = []
    for count in counts:
        ratio, memory = cost[count] / cost[base], None if count == base else (grown[count] - grown[base]) / (count - base)
        held = memory is None or memory <= MEGABYTES
        rows.append((count, cost[count], ratio, memory, "yes" if ratio <= DEARER and held else "no"))
    columns = (
        Column("symbols"), Column("CPU, µs a bar", "{:.1f}"), Column("ratio to one symbol", "{:.2f}"),
        Column("MB for each more", "{:.2f}"), Column("within limits"),
    )  # fmt: skip
    notes = (
        f"{bars:,} bars of each symbol, one core, medians of {rounds} rounds in turns. Memory is the growth of the process "
        "beyond that with one symbol, the bars themselves apart. The limits are "
        f"{DEARER:g} times the cost of one symbol, and {MEGABYTES:g} MB a symbol.",
    )
    return Table("Many symbols: cost per bar, and memory", columns, tuple(rows), notes)
