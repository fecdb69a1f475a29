"""The output of ``alpha-pulse data inspect`` and ``data import`` on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from alpha_pulse.cli.terminal.streams import escape
from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.feeds.files.conversion import ImportResult
from alpha_pulse.feeds.market_data import FileReport
from alpha_pulse.feeds.notes import PLACES, Note, show_time, some
from alpha_pulse.feeds.reports.inspection import DataInspection, FileInspection, SymbolSummary
from alpha_pulse.reporting.words import counted

WIDEST = 120
NARROWEST = 40
MOST_ROWS = 50
"""Rows of a table; further symbols or files are only counted."""
SYMBOL_COLUMNS = ["bars", "first bar", "last bar", "last closes", "first price", "last price"]
SYMBOL_LEAVE_OUT = ["first price", "last price", "last closes"]
IMPORTED_COLUMNS = ["bars", "first bar", "last bar", "bytes"]
COLUMNS = ("ts", "ts_end", "clock", "symbol", "open", "high", "low", "close", "adj_close", "volume")
"""The order of columns in the output."""
ZONES = {"": "", "stated": "zone stated in the file", "dates": "days without a zone"}
STAMPS = {"open": "its open", "close": "its close"}


def show_inspection(
    inspection: DataInspection, command: str | None, too_few_bars: Sequence[str], console: Console | None = None
) -> None:
    """Print how files were read on ``console``, by default standard output."""
    console = _console(console)
    for files in _alike(inspection.files):
        _files(console, files, several=len(inspection.files) > 1)
    if inspection.interval is not None:
        how = "inferred from the bars" if inspection.interval_inferred else "stated"
        more = [name for name, present in (("volume", inspection.has_volume), ("quotes", inspection.has_quotes)) if present]
        without = "without volume and quotes" if not more else f"with {' and '.join(more)}"
        console.print(f"Bars of {inspection.interval} ({how}), {without}; the time of a bar is its open (UTC).\n")
        _symbols(console, inspection)
    for note in inspection.notes:
        _note(console, note)
    for warning in too_few_bars:
        console.print(f"Warning: {warning}.\n", style="bold yellow")
    if inspection.would_load:
        console.print("would load: yes", style="bold")
        console.print(f"  {command}", soft_wrap=True)
    else:
        console.print("would load: no", style="bold")
        console.print(f"  {escape(str(inspection.refusal))}", soft_wrap=True)


def show_imported(result: ImportResult, console: Console | None = None) -> None:
    """Print the files that were written."""
    console = _console(console)
    rows = [
        TableRow(
            escape(each.path),
            [
                f"{each.bars:,}",
                bar_label(each.first_open_ts, each.first_close_ts),
                bar_label(each.last_open_ts, each.last_close_ts),
                f"{each.bytes:,}",
            ],
        )
        for each in result.files[:MOST_ROWS]
    ]
    print_table(console, "file", IMPORTED_COLUMNS, rows, ["bytes", "first bar"])
    if len(result.files) > MOST_ROWS:
        console.print(f"and {len(result.files) - MOST_ROWS:,} more", style="dim")
    console.print()
    for note in result.notes:
        _note(console, note)
    how = " (inferred)" if result.interval_inferred else ""
    console.print(f"bars of {result.interval}{how} from {counted(len(result.sources), 'file')}; replay them with:")
    console.print(f"  {result.command}", soft_wrap=True)


def _console(console: Console | None) -> Console:
    # Names come from the data, so no markup in them is interpreted.
    console = console or Console(highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, NARROWEST), WIDEST)
    return console


def _alike(files: Iterable[FileInspection]) -> list[list[FileInspection]]:
    """Groups of files that were read in the same way; a refused file is a group of its own."""
    groups: dict[object, list[FileInspection]] = {}
    for file in files:
        key: object = file.path
        if file.report is not None:
            common = msgspec.structs.replace(file.report, path="", rows=0, symbols=(), sorted=False)
            key = (msgspec.json.encode(common), file.refusal is None)
        groups.setdefault(key, []).append(file)
    return list(groups.values())


def _files(console: Console, files: list[FileInspection], *, several: bool) -> None:
    """Print a group of files; the refusal of a single file is printed at the end."""
    first, report = files[0], files[0].report
    if len(files) == 1:
        console.print(escape(first.path), style="bold", soft_wrap=True)
    else:
        console.print(f"{len(files):,} files, {escape(first.path)} to {escape(files[-1].path)}", style="bold", soft_wrap=True)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    if report is not None:
        symbols = sorted({symbol for file in files if file.report is not None for symbol in file.report.symbols})
        rows = sum(file.report.rows for file in files if file.report is not None)
        for name, text in _facts(report, symbols, rows):
            facts.add_row(f"  {name}", escape(text))
    if first.refusal is not None and several:
        facts.add_row("  refused", escape(first.refusal) + ("" if len(files) == 1 else "; the same applies to the others"))
    console.print(facts)
    console.print()


def _facts(report: FileReport, symbols: Sequence[str], rows: int) -> list[tuple[str, str]]:
    stamp = f"a bar's time is {STAMPS[report.stamp]} ({report.stamp_from})" if report.stamp else ""
    times = [stamp, report.time_unit, ZONES.get(report.tz, f"zone {report.tz}")]
    order = {name: index for index, name in enumerate(COLUMNS)}
    used = sorted(report.used.items(), key=lambda pair: order.get(pair[0], len(order)))
    facts = [
        ("recognised as", f"{report.title} ({report.source}), {report.format}"),
        ("symbols", f"{some(symbols)}, from {report.symbol_from}" if symbols else ""),
        ("columns", ", ".join(ours if ours == theirs else f"{ours} = {theirs}" for ours, theirs in used)),
        ("not used", ", ".join(report.ignored)),
        ("times", ", ".join(filter(None, times))),
        ("rows", f"{rows:,}{', not in time order: sorted' if report.sorted else ''}" if rows else ""),
    ]
    return [(name, text) for name, text in facts if text]


def _symbols(console: Console, inspection: DataInspection) -> None:
    rows = [TableRow(escape(each.symbol), _cells(each)) for each in inspection.symbols[:MOST_ROWS]]
    print_table(console, "symbol", SYMBOL_COLUMNS, rows, SYMBOL_LEAVE_OUT)
    if len(inspection.symbols) > MOST_ROWS:
        console.print(f"and {len(inspection.symbols) - MOST_ROWS:,} more", style="dim")
    console.print()
    hours: dict[tuple[str, ...], list[str]] = {}
    for each in inspection.symbols:
        hours.setdefault(each.sessions, []).append(escape(each.symbol))
    for sessions, symbols in hours.items():
        text = f"{'; '.join(sessions)} ({inspection.zone})" if sessions else "too few bars"
        console.print(f"usual hours of {some(symbols)}: {text}")
    console.print()


def _cells(symbol: SymbolSummary) -> list[str]:
    first, last = bar_label(symbol.first_open_ts, symbol.first_close_ts), bar_label(symbol.last_open_ts, symbol.last_close_ts)
    closes = show_time(symbol.last_close_ts).removesuffix(" UTC").removesuffix(":00")
    return [f"{symbol.bars:,}", first, last, closes, f"{symbol.first_price:.8g}", f"{symbol.last_price:.8g}"]


def _note(console: Console, note: Note) -> None:
    console.print(f"{note.kind.replace('_', ' ')}: {escape(note.text)}.")
    if len(note.places) > 1:
        more = ", ..." if PLACES <= len(note.places) < note.count else ""
        console.print(f"  {escape('; '.join(note.places))}{more}", style="dim")
    console.print()
