"""The command ``alpha-pulse runs``: list the stored runs of the user."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.library.listing import runs
from alpha_pulse.library.places import data_folder
from alpha_pulse.venues.money import cash_text

_TITLES = ["symbols", "interval", "steps", "state", "net P&L"]
_LEAVE_OUT = ["interval", "steps", "symbols", "state"]
_SYMBOLS = 24
"""Characters of the column of symbols."""
_NOTHING = "·"


def list_runs(*, json: bool) -> None:
    """Print the runs in the user's data folder, the newest first.

    Parameters
    ----------
    json
        Print JSON instead of a table.
    """
    found = runs()
    if json:
        print(found.write_json())
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if found.is_empty():
        print(f"no runs in {data_folder()}; start one with: alpha-pulse run, or alpha-pulse replay")
        return
    rows = [TableRow(str(row["run_id"]), _cells(row)) for row in found.iter_rows(named=True)]
    print_table(console, "run", _TITLES, rows, _LEAVE_OUT)
    console.print(f"net P&L: of the combined book, in units of cash; stores: {data_folder()}", style="dim", soft_wrap=True)
    for row in found.filter(state="unreadable").iter_rows(named=True):
        console.print(f"{row['run_id']}: {row['problem']}", style="dim", soft_wrap=True)


def _cells(row: dict[str, Any]) -> list[str | Text]:
    symbols, net = row["symbols"] or _NOTHING, row["net_pnl_cash"]
    return [
        symbols if len(symbols) <= _SYMBOLS else f"{symbols[: _SYMBOLS - 1]}…",
        row["interval"] or _NOTHING,
        _NOTHING if row["steps"] is None else f"{row['steps']:,}",
        row["state"],
        _NOTHING if net is None else cash_text(net, signed=True),
    ]
