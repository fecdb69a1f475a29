"""The command as a user runs it: a process of its own, with folders of its own, and short made-up bars."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars as pl

from alpha_pulse.feeds.synthetic import Market, random_walk

TESTS = Path(__file__).resolve().parent
SOURCES = TESTS.parent / "src"
SMALL = "[batch]\nenabled = false\n[store]\ncheckpoint_steps = 100\n"


def environment(place: Path, **extra: str) -> dict[str, str]:
    """Of a user with a fresh data folder; compiled kernels are shared with the tests."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ALPHA_PULSE__", "NUMBA_"))}
    return {**kept, "PYTHONPATH": str(SOURCES), "XDG_DATA_HOME": str(place / "data"), "COLUMNS": "100", **extra}


def command(*arguments: str | Path) -> list[str]:
    """A process of its own from its first instruction on."""
    return [sys.executable, "-m", "alpha_pulse", *map(str, arguments)]


def forked(*arguments: str | Path, module: str = "alpha_pulse") -> list[str]:
    """The same by a copy of a process that has imported the program, which starts much sooner (see `fork_server`)."""
    return [sys.executable, "-S", "-E", str(TESTS / "fork_client.py"), _fork_server(), module, *map(str, arguments)]


@cache
def _fork_server() -> str:
    """The socket of this process's server."""
    place = str(Path(tempfile.mkdtemp(prefix="fork-")) / "socket")
    server = subprocess.Popen(
        [sys.executable, "-m", "fork_server", place],
        env=environment(Path(place).parent, PYTHONPATH=os.pathsep.join(map(str, (SOURCES, TESTS, TESTS.parent)))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline(), "the fork server did not start"

    def end() -> None:
        assert server.stdin is not None
        server.stdin.close()
        server.wait()
        shutil.rmtree(Path(place).parent)

    atexit.register(end)
    return place


BEFORE_IMPORT = ("PYTHON", "NUMBA_", "LC_")
"""How variables begin that act on a process before it has imported the program, so that a copy would not heed them."""


def run(place: Path, *arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """The finished process: a copy, unless ``extra`` variables must be there when it starts."""
    make = command if any(name.startswith(BEFORE_IMPORT) for name in extra) else forked
    return subprocess.run(
        make(*arguments),
        cwd=place,
        env=environment(place, **extra),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def run_each(place: Path, all_arguments: Sequence[Sequence[str]]) -> list[subprocess.CompletedProcess[str]]:
    """The finished processes of several commands."""
    return [run(place, *arguments) for arguments in all_arguments]


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
