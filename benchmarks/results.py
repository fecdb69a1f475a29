"""Measure and write docs/results.md: `python -m benchmarks.results [--data FOLDER]`, or `make results [DATA=FOLDER]`. A part
that was measured with the current code is not measured again, so the command can be stopped and resumed at any time; each part
is written when it is done. Without a folder only the bundled files are measured; figures of missing files stay unchanged, with
the commit of their measurement.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from alpha_pulse.core.clock import wall_ns
from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.data import bundled
from alpha_pulse.reporting.report import Report, decode_report
from benchmarks import results_page
from benchmarks.report import fill
from benchmarks.results_store import Part, load, save
from benchmarks.source import ROOT, current

TARGETS = ("volatility", "direction")
MEMBERS = ("served", "online", "batch", "no_change")
REPLAYED = (
    "bars_1h_BTCUSDT_2017_2022",
    "bars_1h_SPY_1998_2016",
    "bars_1h_EURUSD_2007_2014",
    "bars_5m_BTCUSDT_2023",
)
"""Files that are not bundled, in the order of the tables; the bundled ones follow."""
LEARNED = (
    *("bars_1h_BTCUSDT_2017_2022", "bars_1h_EURUSD_2007_2014", "bars_1h_IBM_1998_2016", "bars_1h_SPY_1998_2016"),
    *("bars_1m_BTCUSDT-PERP_2025-05", "bars_1m_ETHUSDT-PERP_2025-05", "bars_5m_BTCUSDT_2023", "bars_5m_ETHUSDT_2023"),
)
Figures = dict[str, Any]


def replayed(path: Path) -> Figures:
    """A replay with default settings and one without adaptation, run through the command line."""
    return figures(_report(path, {}), _report(path, {"ALPHA_PULSE__ADAPTATION__ENABLED": "false"}))


def figures(report: Report, calm: Report) -> Figures:
    """The figures of the page, from a result and the result without adaptation."""
    statuses = [action.status for action in report.adaptation_list]
    success = report.success_metrics
    return {
        "bars": report.bars,
        "members": {target: {name: _member(report, target, name) for name in MEMBERS} for target in TARGETS},
        "base_accuracy": {target: report.metrics[target]["base"].accuracy for target in TARGETS},
        "any_time": msgspec.to_builtins(report.against_base),
        "books": {name: {"net": book.net_pnl, "gross": book.gross_pnl} for name, book in report.books.items()},
        "ml_fraction": report.ml_fraction,
        "ml_pnl": msgspec.to_builtins(success.ml_pnl),
        "trials": {status: statuses.count(status) for status in ("accepted", "rolled_back", "open")},
        "adaptation_speed": msgspec.to_builtins(success.adaptation_speed),
        "freshness_s": [success.model_freshness_mean_s, success.model_freshness_max_s],
        "calm_volatility": calm.metrics["volatility"]["served"].skill_millinats_last70,
    }


def _member(report: Report, target: str, name: str) -> Figures:
    score = report.metrics[target][name]
    interval = score.skill_millinats_last70_interval
    return {
        "skill": score.skill_millinats_last70,
        "interval": None if interval is None else [interval.low, interval.high],
        "auc": score.auc,
        "accuracy": score.accuracy,
    }


def _report(path: Path, settings: dict[str, str]) -> Report:
    """The result of `alpha-pulse replay` in a separate process and folder, without the settings of this environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALPHA_PULSE__")}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-m", "alpha_pulse", "replay", "--data", str(path.absolute())]
        done = subprocess.run(
            [*command, "--store", str(Path(folder, "run.db")), "--json", str(result)],
            cwd=folder,
            env={**kept, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the replay of {path} failed: {done.stderr.strip()}")
        return decode_report(result.read_bytes())


def learned(path: Path) -> Figures:
    """The learners alone, compared with batch models: see `benchmarks.markets`."""
    from benchmarks.market_members import read
    from benchmarks.markets import TARGETS as TASKS
    from benchmarks.markets import VOLATILITY_HORIZON, measure

    bars = read(path, VOLATILITY_HORIZON)
    return {f"{target} {horizon}": msgspec.to_builtins(measure(bars, target, horizon)) for target, horizon in TASKS}


def reversed_(horizon: int) -> Figures:
    """The synthetic market with a planted reversal."""
    from benchmarks.reversal import figures

    return {"flips": figures(horizon)}


def demo_drift() -> Figures:
    """The market of ``--demo drift`` from many seeds."""
    from benchmarks.demo_drift import figures

    return figures()


def tasks(folder: Path | None) -> dict[str, Callable[[], Figures]]:
    """Each measurement that is possible here, by the name of its part."""
    tasks_by_name: dict[str, Callable[[], Figures]] = {f"reversal {horizon}": partial(reversed_, horizon) for horizon in (1, 3)}
    tasks_by_name["demo drift"] = demo_drift
    for name, path in bundled().items():
        tasks_by_name[f"replay {name}"] = partial(replayed, path)
    if folder is not None:
        for kind, names, measure in (("replay", REPLAYED, replayed), ("learners", LEARNED, learned)):
            for name in names:
                for path in (folder / f"{name}.parquet", folder / f"{name}.csv"):
                    if path.exists():
                        tasks_by_name[f"{kind} {name}"] = partial(measure, path)
                        break
    return tasks_by_name


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Measure the parts that are missing for this code, and write the page below ``root``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description="Measure, and write docs/results.md.")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="a folder with the files of docs/results.md that are not bundled"
    )
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="only parts whose name contains this text; may be repeated"
    )
    parser.add_argument("--again", action="store_true", help="also measure parts that were measured with this code")
    parser.add_argument("--list", action="store_true", help="print the parts that would be measured, and stop")
    options = parser.parse_args(arguments)
    if options.data is not None and not options.data.is_dir():
        print(f"{options.data} is not a folder; name a folder with files of bars", file=sys.stderr)
        return 2
    kept, source = root / "docs" / "results.json", current()
    parts = load(kept)
    wanted = {
        name: task
        for name, task in tasks(options.data).items()
        if (options.again or name not in parts or parts[name].source.sha256 != source.sha256)
        and (options.only is None or any(text in name for text in options.only))
    }
    if options.list:
        print("\n".join(wanted) or "nothing is left to measure")
        return 0
    for number, (name, task) in enumerate(wanted.items(), 1):
        print(f"measuring {name} ({number} of {len(wanted)}) ...", file=sys.stderr, flush=True)
        try:
            parts[name] = Part(source, datetime.fromtimestamp(wall_ns() / 1e9, UTC).date().isoformat(), task())
        except (AlphaPulseError, RuntimeError) as error:
            print(error, file=sys.stderr)
            return 2
        save(kept, parts)
    page = root / "docs" / "results.md"
    page.write_text(written(page.read_text(encoding="utf-8"), load(kept)), encoding="utf-8")
    print(f"measured {len(wanted)} parts, wrote {page.relative_to(root)}", file=sys.stderr)
    return 0


def written(page: str, parts: dict[str, Part]) -> str:
    """The page, with the figures of ``parts`` between its markers."""
    for name, content in results_page.sections(parts).items():
        page = fill(page, name, f"\n{content}\n")
    return page


if __name__ == "__main__":
    sys.exit(main())
