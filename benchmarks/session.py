"""One run of the command: the reports, their conditions, and their output."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import msgspec

from benchmarks.machine import Conditions, conditions, load_average
from benchmarks.measure import Options
from benchmarks.report import Table, fill, text


class Report(msgspec.Struct, frozen=True):
    """The tables of one benchmark, and the conditions of the measurement."""

    tables: tuple[Table, ...]
    conditions: Conditions


class Session:
    """Collects reports, and prints each when it is done.

    Parameters
    ----------
    core
        The core that the process is bound to, or None.
    out
        The stream on which tables are printed.
    """

    def __init__(self, core: int | None, out: TextIO) -> None:
        self._core = core
        self._out = out
        self.reports: dict[str, Report] = {}

    def add(self, name: str, options: Options) -> None:
        """Run a benchmark and print its tables."""
        run: Callable[[Options], list[Table]] = importlib.import_module(f"benchmarks.{name}").run
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        before = load_average()
        report = Report(tuple(run(options)), conditions(self._core, before))
        self.reports[name] = report
        print(f"\n{self._shown(report)}\n", file=self._out, flush=True)

    def _shown(self, report: Report) -> str:
        return "\n\n".join([*(text(table) for table in report.tables), str(report.conditions)])

    def write_json(self, path: Path) -> None:
        """Write the raw figures to a file, or with ``-`` to standard output."""
        content = msgspec.json.format(msgspec.json.encode(self.reports)).decode()
        if str(path) == "-":
            print(content)
        else:
            path.write_text(content + "\n", encoding="utf-8")

    def write_page(self, path: Path) -> None:
        """Write each report between its markers in a page; other figures stay unchanged."""
        page = path.read_text(encoding="utf-8")
        for name, report in self.reports.items():
            page = fill(page, name, f"\n{self._shown(report)}\n")
        path.write_text(page, encoding="utf-8")
        print(f"wrote {len(self.reports)} tables to {path.name}", file=sys.stderr)
