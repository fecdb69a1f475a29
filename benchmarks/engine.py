"""The engine compared with the reference and with a plain script: bars per CPU second, in alternating processes.

Each run is a separate process (`benchmarks/engine_run.py`), with a journal that only counts, or a store. The figure is the CPU
time between two late bars of the run, so it excludes the start, compilation and the first training.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.frames import symbol_frame
from alpha_pulse.feeds.synthetic import Market, regimes
from benchmarks.measure import Options
from benchmarks.report import Cell, Column, Table, verdict
from benchmarks.source import ROOT

RUN = Path(__file__).with_name("engine_run.py")
REFERENCE = "98d6541"
"""The commit of the decisions, predictions and books in the golden tables (docs/log.md)."""
CONFIGURATIONS = ("defaults", "lean")
JOURNALS = ("counted", "stored")
AGAINST_REFERENCE = {
    ("defaults", "counted"): 7.0, ("lean", "counted"): 18.0, ("defaults", "stored"): 8.0, ("lean", "stored"): 20.0,
}  # fmt: skip
AGAINST_PEER = {
    ("defaults", "counted"): 1.5, ("lean", "counted"): 6.0, ("defaults", "stored"): 1.5, ("lean", "stored"): 5.0,
}  # fmt: skip
PEER_BARS = 30_000
FULL, QUICK = (20_000, 100_000, 3), (60, 90, 1)
"""The bars between which time is measured, and the number of rounds."""


def run(options: Options) -> list[Table]:
    """Both configurations, of this tree and of the reference, and the peer if one is given."""
    first, last, rounds = QUICK if options.quick else FULL
    with reference_tree(quick=options.quick) as reference, tempfile.TemporaryDirectory() as folder:
        seconds: dict[tuple[str, str, str], list[float]] = {}
        for _ in range(rounds):
            for books, journal in itertools.product(CONFIGURATIONS, JOURNALS):
                for name, tree in (("reference", reference), ("this tree", ROOT)):
                    one = _seconds_a_bar(tree / "src", books, journal, first, last)
                    seconds.setdefault((books, journal, name), []).append(one)
            if options.peer is not None:
                seconds.setdefault(("", "", "peer"), []).append(_peer(options.peer, Path(folder), options.quick))
    return [_table({key: statistics.median(values) for key, values in seconds.items()}, first, last, rounds)]


@contextmanager
def reference_tree(*, quick: bool) -> Iterator[Path]:
    """A checkout of the reference; this tree itself for a quick run, whose figures are not measurements."""
    if quick:
        yield ROOT
        return
    with tempfile.TemporaryDirectory(prefix="alpha-pulse-reference-") as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), REFERENCE)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(f"the reference {REFERENCE} cannot be checked out: {done.stderr.strip()}; run this in a full git clone")


def _line(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise DataError(f"{' '.join(command[1:])} failed with exit code {done.returncode}; its message is above")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _seconds_a_bar(source: Path, books: str, journal: str, first: int, last: int) -> float:
    result = _line([sys.executable, str(RUN), str(source), books, journal, str(first), str(last)])
    return result["cpu_s"] / result["bars"]


def _peer(script: Path, folder: Path, quick: bool) -> float:
    """Seconds per bar of a script that reads a Parquet file and prints ``bars_per_cpu_s``."""
    bars = folder / "bars.parquet"
    if not bars.exists():
        market = Market(interval_ns=300_000_000_000, volatility=0.0015, has_volume=True)
        count = 300 if quick else PEER_BARS
        feed = regimes(count, seed=8, change_points=[], market=market)
        symbol_frame(feed.columns, feed.symbols[0]).write_parquet(bars)
    return 1.0 / _line([sys.executable, str(script), str(bars), "--repeat", "1"])["bars_per_cpu_s"]


def _table(seconds: dict[tuple[str, str, str], float], first: int, last: int, rounds: int) -> Table:
    peer = seconds.get(("", "", "peer"))
    rows: list[tuple[Cell, ...]] = []
    for books, journal in itertools.product(CONFIGURATIONS, JOURNALS):
        here, before = seconds[books, journal, "this tree"], seconds[books, journal, "reference"]
        kind = books, journal
        ratio, beside = before / here, None if peer is None else peer / here
        rows.append((
            books, journal, 1e6 * before, 1e6 * here, ratio, AGAINST_REFERENCE[kind], verdict(ratio, AGAINST_REFERENCE[kind]),
            None if peer is None else 1e6 * peer, beside, AGAINST_PEER[kind], verdict(beside, AGAINST_PEER[kind]),
        ))  # fmt: skip
    columns = (
        Column("configuration"), Column("journal"), Column(f"{REFERENCE}, µs a bar", "{:.1f}"),
        Column("this tree, µs a bar", "{:.1f}"),
        Column("ratio", "{:.2f}"), Column("to reach", "{:.1f}"), Column("reached"),
        Column("plain script, µs a bar", "{:.1f}"), Column("ratio to it", "{:.2f}"), Column("at least", "{:.1f}"),
        Column("met"),
    )  # fmt: skip
    notes = (
        f"CPU time from bar {first:,} to bar {last:,} of synthetic 5-minute bars; medians of {rounds} alternating rounds "
        "on one core. lean: logistic, no batch model, one book; detectors and regimes on. counted: a journal that only counts, "
        "to which the reference passes the encoded record of each bar, and this tree blocks of columns and rows. stored: an "
        "SQLite store, with checkpoints.",
    )
    return Table("The engine, compared with the reference and a plain script", columns, tuple(rows), notes)
