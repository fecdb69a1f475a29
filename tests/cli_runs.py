"""The command as a user runs it: a process of its own, with folders of its own, and short made-up bars."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from alpha_pulse.feeds.synthetic import Market, random_walk

SOURCES = Path(__file__).resolve().parents[1] / "src"
SMALL = "[batch]\nenabled = false\n[store]\ncheckpoint_steps = 100\n"


def environment(place: Path, **extra: str) -> dict[str, str]:
    """Of a user with a fresh data folder; compiled kernels are shared with the tests."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ALPHA_PULSE__", "NUMBA_"))}
    return {**kept, "PYTHONPATH": str(SOURCES), "XDG_DATA_HOME": str(place / "data"), "COLUMNS": "100", **extra}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "alpha_pulse", *map(str, arguments)]


def run(place: Path, *arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """The finished process."""
    return subprocess.run(
        command(*arguments),
        cwd=place,
        env=environment(place, **extra),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def run_each(place: Path, all_arguments: Sequence[Sequence[str]]) -> list[subprocess.CompletedProcess[str]]:
    """The finished processes of commands that are refused before they do much: they share one import of the program."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "forked_commands", folder],
            cwd=place,
            env=environment(place, PYTHONPATH=f"{SOURCES}{os.pathsep}{Path(__file__).parent}"),
            input=json.dumps(all_arguments),
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
        told = [
            [(Path(folder) / f"{at}.{end}").read_text("utf-8") for end in ("out", "err")] for at in range(len(all_arguments))
        ]
    codes = json.loads(done.stdout)
    return [
        subprocess.CompletedProcess(list(arguments), code, out, err)
        for arguments, code, (out, err) in zip(all_arguments, codes, told, strict=True)
    ]


def write_bars(path: Path, bars: int, symbols: tuple[str, ...] = ("SYN",)) -> Path:
    """A Parquet file of hourly bars in UTC, and beside it ``small.toml``, a configuration without batch models."""
    feed = random_walk(bars, seed=3, market=Market(symbols=symbols, volatility=0.004))
    rows = []
    while (slice_ := feed.next_slice()) is not None:
        rows += [
            {
                "ts": bar.ts_event - bar.interval_ns,
                "symbol": bar.symbol,
                "open": bar.open,
                "high": bar.high,
                "low": bar.low,
                "close": bar.close,
            }
            for bar in slice_
        ]
    pl.DataFrame(rows).with_columns(pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC")).write_parquet(path)
    path.with_name("small.toml").write_text(SMALL, encoding="utf-8")
    return path
