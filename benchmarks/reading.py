"""Reading bars from CSV: 1,000,000 rows, compared with polars alone on the same file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.reading import read
from benchmarks.measure import Options, Speed, interleave
from benchmarks.report import Table, rate_table

ROUNDS = 7
REACH = 1 / 3
"""The target speed, as a fraction of that of polars alone."""


def run(options: Options) -> list[Table]:
    """One row for each format of the time, compared with polars on the same file."""
    rows = 20_000 if options.quick else 1_000_000
    speeds: dict[str, Speed] = {}
    ratios: dict[str, float | None] = {}
    with tempfile.TemporaryDirectory(prefix="alpha-pulse-benchmark-") as folder:
        for name, frame in _frames(rows).items():
            round_speeds = _in_turns(frame, Path(folder, "bars.csv"))
            speeds |= {f"polars, {name}": round_speeds["polars"], f"bars, {name}": round_speeds["bars"]}
            ratios[f"bars, {name}"] = round_speeds["bars"].median / round_speeds["polars"].median
    title = f"Reading {rows:,} rows of CSV: checked bars, compared with the rows alone"
    note = f"Target: at most {1 / REACH:g} times the time of polars."
    return [rate_table(title, speeds, unit="rows", extra={"times polars": ratios}, extra_form="{:.2f}", notes=[note])]


def _in_turns(frame: pl.DataFrame, path: Path) -> dict[str, Speed]:
    frame.write_csv(path)
    read_options = ReadOptions(tz="UTC")
    return interleave({"polars": lambda: pl.read_csv(path), "bars": lambda: read([path], read_options)}, frame.height, ROUNDS)


def _frames(rows: int) -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(1)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-3, rows))), 2)
    start = pl.Series(1_514_764_800 + 60 * np.arange(rows)).cast(pl.Int64)
    prices = {"open": close, "high": close + 0.05, "low": close - 0.05, "close": close}
    volume = {"volume": np.round(100 * rng.random(rows), 6)}
    text = pl.from_epoch(start).dt.to_string("%Y-%m-%d %H:%M:%S")
    return {
        "epoch": pl.DataFrame({"time": start * 1_000, **prices, **volume}),
        "text": pl.DataFrame({"time": text, **prices, **volume}),
        "offset and symbol": pl.DataFrame(
            {"symbol": ["BTCUSDT"] * rows, "time": text.str.replace(" ", "T") + "+00:00", **prices, **volume}
        ),
    }
