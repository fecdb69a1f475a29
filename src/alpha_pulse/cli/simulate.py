"""What ``alpha-pulse simulate-detectors`` does: simulate, show each table as soon as it is there, write them all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from alpha_pulse.cli.render.simulation import sections
from alpha_pulse.cli.terminal.progress import progress
from alpha_pulse.cli.terminal.streams import STANDARD_OUTPUT, result_file
from alpha_pulse.cli.terminal.table import Row, print_table
from alpha_pulse.detectors.calibrated import TUNED
from alpha_pulse.simulation.tables import SIMULATIONS, Simulated, about, how_many, refuse_unknown, simulate


def run(tables: Sequence[str], detectors: Sequence[str], runs: int | None, seed: int, json: str | None) -> None:
    """Make ``tables`` (all but the thresholds unless named) and show them; ``json`` names a file, or - for standard output.

    Raises
    ------
    AlphaPulseError
        With one sentence for the user.
    """
    refuse_unknown(tables, detectors)
    chosen = tuple(detectors) or tuple(TUNED)
    found = Simulated(seed)
    console = Console(highlight=False, markup=False, emoji=False)
    with result_file(None if json in (None, STANDARD_OUTPUT) else Path(str(json))) as file:
        for name in tables or SIMULATIONS:
            with progress(about(name), how_many(name, runs, seed, chosen), "cells") as report:
                simulate(found, name, runs, chosen, report)
            if json != STANDARD_OUTPUT:
                _show(console, found, name)
        pretty = msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
        if file is not None:
            file.write(pretty)
    if json == STANDARD_OUTPUT:
        sys.stdout.buffer.write(pretty)


def _show(console: Console, found: Simulated, name: str) -> None:
    for section in sections(found, name):
        console.print(section.title, style="bold")
        rows = [Row(label, cells, "bold" if not cells else None) for label, cells in section.rows]
        print_table(console, section.first, section.titles, rows, ())
        for note in section.notes:
            console.print(note, style="dim")
        console.print()
