"""Skill on real bars: `python -m benchmarks.markets FOLDER [--quick] [--json FILE]`, or `make markets DATA=FOLDER`.

Log loss of the running base rate minus that of the model, in millinats, over the last 70 % of each file; intervals by the
circular block bootstrap. Here direction is trained without weights, and is compared with frozen, hedged and growing LightGBM
models.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import track

from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.metrics.definitions import exact_auc, log_losses
from alpha_pulse.metrics.intervals import mean_interval
from benchmarks.market_members import MEMBERS, NONE, Bars, Floats, Task, read, served, task
from benchmarks.report import Cell, Column, Table, text

VOLATILITY_HORIZON = 12
TARGETS = (("volatility", VOLATILITY_HORIZON), ("direction", 1), ("direction", 3), ("direction", 12))
WITH_INTERVAL = ("online", "with batch")


class Gains(msgspec.Struct, frozen=True):
    """The skill of each model on one file for one target, in millinats, and the AUC of the mixture with the batch model."""

    file: str
    target: str
    horizon: int
    labels: int
    skills: dict[str, float]
    intervals: dict[str, tuple[float, float] | None]
    auc: float | None


def measure(bars: Bars, target: str, horizon: int) -> Gains:
    """All models on one target of one file."""
    wanted = task(bars, target, horizon)
    by_member, base = served(wanted)
    late = _scored(wanted)
    labels = wanted.labels[late] == 1
    losses = log_losses(base[late], labels)
    better = {name: 1_000.0 * (losses - log_losses(probabilities[late], labels)) for name, probabilities in by_member.items()}
    return Gains(
        bars.name,
        target,
        horizon,
        len(labels),
        {name: float(values.mean()) for name, values in better.items()},
        {name: _interval(better[name]) for name in WITH_INTERVAL},
        exact_auc(by_member["with batch"][late], labels),
    )


def _scored(wanted: Task) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(wanted.labels[wanted.cut :] != NONE) + wanted.cut


def _interval(values: Floats) -> tuple[float, float] | None:
    interval = mean_interval(values)
    return None if interval is None else (interval.low, interval.high)


def table(target: str, horizon: int, rows: Sequence[Gains]) -> Table:
    """One row per file, then the median over files."""
    columns = [Column("file"), Column("labels")]
    for name in MEMBERS:
        columns.append(Column(name, "{:+.2f}"))
        if name in WITH_INTERVAL:
            columns.append(Column("95 %"))
    cells: list[tuple[Cell, ...]] = []
    for row in rows:
        line: list[Cell] = [row.file, row.labels]
        for name in MEMBERS:
            line.append(row.skills[name])
            if name in WITH_INTERVAL:
                line.append(_shown(row.intervals[name]))
        cells.append((*line, row.auc))
    last: list[Cell] = ["median", None]
    for name in MEMBERS:
        last += [median(row.skills[name] for row in rows), *([None] if name in WITH_INTERVAL else [])]
    cells.append((*last, median(row.auc for row in rows if row.auc is not None)))
    title = f"{target}, {horizon} bars ahead: skill over the base rate, millinats"
    return Table(title, (*columns, Column("AUC", "{:.3f}")), tuple(cells))


def _shown(interval: tuple[float, float] | None) -> str:
    return "." if interval is None else f"[{interval[0]:+.2f}, {interval[1]:+.2f}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read every file of intraday bars in the folder, measure, print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.markets", description="Measure the skill on real bars, compared with batch models."
    )
    parser.add_argument("folder", type=Path, help="a folder of Parquet or CSV files of bars, one symbol each")
    parser.add_argument("--quick", action="store_true", help="only the first file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    options = parser.parse_args(arguments)
    paths = sorted(
        path for path in options.folder.glob("bars_*") if path.suffix in (".parquet", ".csv") and "_1d_" not in path.name
    )
    if not paths:
        print(
            f"{options.folder} contains no file bars_*.parquet or bars_*.csv of intraday bars; name another folder",
            file=sys.stderr,
        )
        return 2
    gains: list[Gains] = []
    try:
        for path in track(paths[:1] if options.quick else paths, "files", console=Console(stderr=True), transient=True):
            bars = read(path, VOLATILITY_HORIZON)
            gains += [measure(bars, target, horizon) for target, horizon in TARGETS]
    except AlphaPulseError as error:
        print(error, file=sys.stderr)
        return 2
    for target, horizon in TARGETS:
        print(text(table(target, horizon, [row for row in gains if (row.target, row.horizon) == (target, horizon)])) + "\n")
    if options.json is not None:
        options.json.write_bytes(msgspec.json.encode(gains))
    return 0


if __name__ == "__main__":
    sys.exit(main())
