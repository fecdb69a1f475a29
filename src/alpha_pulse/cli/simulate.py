"""The command ``alpha-pulse simulate-detectors``: simulate, show each table when it is ready, write all of them as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console

from alpha_pulse.cli.render.simulation import sections
from alpha_pulse.cli.terminal.streams import STANDARD_OUTPUT, file_of, result_file
from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.detectors.calibrated import TUNED
from alpha_pulse.library.progress import progress
from alpha_pulse.simulation.tables import SIMULATIONS, Simulated, about, check_known, how_many, simulate


def run(tables: Sequence[str], detectors: Sequence[str], runs: int | None, seed: int, json: str | None) -> None:
    """Simulate ``tables`` (by default all but the thresholds) and show them; ``json`` names a file, or - for standard output.

    Raises
    ------
    AlphaPulseError
        The message is one sentence for the user.
    """
    check_known(tables, detectors)
    chosen = tuple(detectors) or tuple(TUNED)
    results = Simulated(seed)
    console = Console(highlight=False, markup=False, emoji=False)
    with result_file(file_of(json)) as file:
        for name in tables or SIMULATIONS:
            with progress(about(name), how_many(name, runs, seed, chosen), "cells") as report:
                simulate(results, name, runs, chosen, report)
            if json != STANDARD_OUTPUT:
                _show(console, results, name)
        pretty = msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"
        if file is not None:
            file.write(pretty)
    if json == STANDARD_OUTPUT:
        sys.stdout.buffer.write(pretty)


def _show(console: Console, results: Simulated, name: str) -> None:
    for section in sections(results, name):
        console.print(section.title, style="bold")
        rows = [TableRow(label, cells, "bold" if not cells else None) for label, cells in section.rows]
        print_table(console, section.first, section.titles, rows, ())
        for note in section.notes:
            console.print(note, style="dim")
        console.print()
