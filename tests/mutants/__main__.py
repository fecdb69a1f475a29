"""The command: `python -m mutants [--only NAME ...] [--stage STAGE ...] [--json FILE] [--write-docs]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import report
from .catalogue import MUTANTS
from .runner import Result, run
from .table import STAGES, Mutant

WORKERS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the selected mutants; returns 1 if one survived or could not be evaluated."""
    asked = _parser().parse_args(arguments)
    chosen = _chosen(asked.only, asked.stage)
    if asked.write_docs and len(chosen) < len(MUTANTS):
        print("--write-docs needs all mutants; leave --only and --stage out", file=sys.stderr)
        return 2
    errors = Console(stderr=True)
    try:
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            results = _run(chosen, Path(folder), errors)
    except RuntimeError as error:
        errors.print(str(error), markup=False)
        return 1
    if asked.json is None or str(asked.json) != "-":
        report.show(results, Console(width=None if sys.stdout.isatty() else 180))
    if asked.json is not None:
        _write_json(report.as_json(results), asked.json)
    if asked.write_docs:
        report.write_page(results)
    return 0 if all(result.good for result in results) else 1


def _chosen(names: Sequence[str], stages: Sequence[str]) -> list[Mutant]:
    return [mutant for mutant in MUTANTS if (not names or mutant.name in names) and (not stages or mutant.stage in stages)]


def _run(chosen: Sequence[Mutant], folder: Path, console: Console) -> list[Result]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("the tests without a fault", total=len(chosen))

        def told(result: Result) -> None:
            progress.update(task, advance=1, description=f"{result.name}: {result.outcome}")
            if not result.good:
                console.print(f"{result.name}: {result.outcome}", style="red")

        return run(chosen, folder, WORKERS, told)


def _write_json(content: bytes, place: Path) -> None:
    if str(place) == "-":
        sys.stdout.buffer.write(content + b"\n")
    else:
        place.write_bytes(content + b"\n")


def _parser() -> argparse.ArgumentParser:
    names = [mutant.name for mutant in MUTANTS]
    parser = argparse.ArgumentParser(prog="python -m mutants", description="Plants faults and runs the tests that must notice.")
    parser.add_argument("--only", nargs="+", default=[], choices=names, metavar="NAME", help="these mutants alone")
    parser.add_argument("--stage", nargs="+", default=[], choices=STAGES, help="those of these stages alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there ('-': standard output)")
    parser.add_argument("--write-docs", action="store_true", help="write the list and the score to docs/mutants.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
