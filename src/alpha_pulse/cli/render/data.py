"""What ``alpha-pulse data`` shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from alpha_pulse.cli.render.words import counted
from alpha_pulse.cli.terminal.streams import escape
from alpha_pulse.cli.terminal.table import Row, print_table
from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.feeds.files.conversion import ImportResult
from alpha_pulse.feeds.market_data import FileReport
from alpha_pulse.feeds.notes import PLACES, Note, show_time, some
from alpha_pulse.feeds.reports.inspection import FileInspection, Inspection, SymbolReport

WIDEST = 120
NARROWEST = 40
MOST_ROWS = 50
"""More symbols, and more files that are refused, are only counted."""
SYMBOL_COLUMNS = ["bars", "first bar", "last bar", "last closes", "first price", "last price"]
SYMBOL_LEAVE_OUT = ["first price", "last price", "last closes"]
IMPORTED_COLUMNS = ["bars", "first bar", "last bar", "bytes"]
COLUMNS = ("ts", "ts_end", "clock", "symbol", "open", "high", "low", "close", "adj_close", "volume")
"""The order in which columns are shown."""
ZONES = {"": "", "stated": "zone stated in the file", "dates": "days without a zone"}
STAMPS = {"open": "its open", "close": "its close"}


def show_inspection(
    found: Inspection, command: str | None, too_few_bars: Sequence[str], console: Console | None = None
) -> None:
    """Print how files were understood; on standard output unless another ``console`` is given."""
    console = _console(console)
    for files in _alike(found.files):
        _files(console, files, several=len(found.files) > 1)
    if found.interval is not None:
        how = "inferred from the bars" if found.interval_inferred else "stated"
        more = [name for name, there in (("volume", found.has_volume), ("quotes", found.has_quotes)) if there]
        without = "without volume and quotes" if not more else f"with {' and '.join(more)}"
        console.print(f"Bars of {found.interval} ({how}), {without}; a bar is named by its open (UTC).\n")
        _symbols(console, found)
    for note in found.notes:
        _note(console, note)
    for warning in too_few_bars:
        console.print(f"Warning: {warning}.\n", style="bold yellow")
    if found.would_load:
        console.print("would load: yes", style="bold")
        console.print(f"  {command}", soft_wrap=True)
    else:
        console.print("would load: no", style="bold")
        console.print(f"  {escape(str(found.refusal))}", soft_wrap=True)


def show_imported(found: ImportResult, console: Console | None = None) -> None:
    """Print what was imported."""
    console = _console(console)
    rows = [
        Row(
            escape(each.path),
            [
                f"{each.bars:,}",
                bar_label(each.first_open_ts, each.first_close_ts),
                bar_label(each.last_open_ts, each.last_close_ts),
                f"{each.bytes:,}",
            ],
        )
        for each in found.files[:MOST_ROWS]
    ]
    print_table(console, "file", IMPORTED_COLUMNS, rows, ["bytes", "first bar"])
    if len(found.files) > MOST_ROWS:
        console.print(f"and {len(found.files) - MOST_ROWS:,} more", style="dim")
    console.print()
    for note in found.notes:
        _note(console, note)
    how = " (inferred)" if found.interval_inferred else ""
    console.print(f"bars of {found.interval}{how} from {counted(len(found.sources), 'file')}; replay them with")
    console.print(f"  {found.command}", soft_wrap=True)


def _console(console: Console | None) -> Console:
    # Names come from the data: what looks like markup in them is none.
    console = console or Console(highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, NARROWEST), WIDEST)
    return console


def _alike(files: Iterable[FileInspection]) -> list[list[FileInspection]]:
    """Files that were understood alike, together; each that was refused by itself."""
    groups: dict[object, list[FileInspection]] = {}
    for file in files:
        key: object = file.path
        if file.report is not None:
            alike = msgspec.structs.replace(file.report, path="", rows=0, symbols=(), sorted=False)
            key = (msgspec.json.encode(alike), file.refusal is None)
        groups.setdefault(key, []).append(file)
    return list(groups.values())


def _files(console: Console, files: list[FileInspection], *, several: bool) -> None:
    """Files that were understood alike; the refusal of a single file is shown at the end."""
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
        facts.add_row("  refused", escape(first.refusal) + ("" if len(files) == 1 else ", and likewise the others"))
    console.print(facts)
    console.print()


def _facts(report: FileReport, symbols: Sequence[str], rows: int) -> list[tuple[str, str]]:
    stamp = f"a bar's time is {STAMPS[report.stamp]} ({report.stamp_from})" if report.stamp else ""
    times = [stamp, report.time_unit, ZONES.get(report.tz, f"zone {report.tz}")]
    order = {name: at for at, name in enumerate(COLUMNS)}
    used = sorted(report.used.items(), key=lambda pair: order.get(pair[0], len(order)))
    found = [
        ("recognised as", f"{report.title} ({report.source}), {report.format}"),
        ("symbols", f"{some(symbols)}, from {report.symbol_from}" if symbols else ""),
        ("columns", ", ".join(ours if ours == theirs else f"{ours} = {theirs}" for ours, theirs in used)),
        ("not used", ", ".join(report.ignored)),
        ("times", ", ".join(filter(None, times))),
        ("rows", f"{rows:,}{', not in the order of time: sorted' if report.sorted else ''}" if rows else ""),
    ]
    return [(name, text) for name, text in found if text]


def _symbols(console: Console, found: Inspection) -> None:
    rows = [Row(escape(each.symbol), _cells(each)) for each in found.symbols[:MOST_ROWS]]
    print_table(console, "symbol", SYMBOL_COLUMNS, rows, SYMBOL_LEAVE_OUT)
    if len(found.symbols) > MOST_ROWS:
        console.print(f"and {len(found.symbols) - MOST_ROWS:,} more", style="dim")
    console.print()
    hours: dict[tuple[str, ...], list[str]] = {}
    for each in found.symbols:
        hours.setdefault(each.sessions, []).append(escape(each.symbol))
    for sessions, symbols in hours.items():
        text = f"{'; '.join(sessions)} ({found.zone})" if sessions else "too few bars to tell"
        console.print(f"usual hours of {some(symbols)}: {text}")
    console.print()


def _cells(of: SymbolReport) -> list[str]:
    first, last = bar_label(of.first_open_ts, of.first_close_ts), bar_label(of.last_open_ts, of.last_close_ts)
    closes = show_time(of.last_close_ts).removesuffix(" UTC").removesuffix(":00")
    return [f"{of.bars:,}", first, last, closes, f"{of.first_price:.8g}", f"{of.last_price:.8g}"]


def _note(console: Console, note: Note) -> None:
    console.print(f"{note.kind.replace('_', ' ')}: {escape(note.text)}.")
    if len(note.places) > 1:
        more = ", ..." if PLACES <= len(note.places) < note.count else ""
        console.print(f"  {escape('; '.join(note.places))}{more}", style="dim")
    console.print()
