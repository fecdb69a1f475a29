"""Reports on how files were read, and notes on what was assumed or dropped, merged where they are alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells.column_choice import choose_columns, column_name
from alpha_pulse.feeds.cells.rows import TableRows
from alpha_pulse.feeds.cells.symbols import symbol_from_name
from alpha_pulse.feeds.cells.timestamp_convention import known_convention
from alpha_pulse.feeds.market_data import FileReport, ReadOptions
from alpha_pulse.feeds.notes import PLACES, Note, some
from alpha_pulse.feeds.option_names import option
from alpha_pulse.feeds.sources import recognise
from alpha_pulse.feeds.tables import Table

_NAMES_AND_NUMBERS = re.compile(r"'.*'|\".*\"|[0-9][0-9,]*|\b(?:has|have|was|were|rows?|bars?|lines?)\b")


class ReadTable(msgspec.Struct, frozen=True):
    """The rows of one table, whether they were in descending order, and whether their times are opens or closes.

    ``why`` is the reason for reading times as closes, where only the times themselves show it.
    """

    rows: TableRows
    was_descending: bool
    stamp: str
    stamp_from: str
    symbol_from: str
    why: str = ""


def table_notes(read: ReadTable, options: ReadOptions) -> list[Note]:
    """Notes on what was assumed about a table, or dropped from it."""
    where, table, choice = read.rows.table.where, read.rows.table, read.rows.choice
    notes = []
    if read.was_descending:
        notes.append(
            Note(
                kind="sorted",
                text=f"{where}: rows were in descending order of time; they were sorted",
                count=len(read.rows.row_numbers),
            )
        )
    name = choice.time_name(table)
    if read.why:
        reading = f"is read as the close of a bar, since {read.why}"
        text = f"{where}: column '{name}' {reading}; state it with {option('stamp', 'open', 'close')}"
        notes.append(Note(kind="assumed_stamp", text=text))
    if read.stamp_from == "assumed":
        text = f"{where}: column '{name}' is assumed to be the open of a bar; state it with {option('stamp', 'open', 'close')}"
        notes.append(Note(kind="assumed_stamp", text=text))
    if "adj_close" in choice.indices and not options.adjusted:
        name = choice.name(table, "adj_close")
        text = f"{where}: prices are not adjusted; {option('adjusted')} scales all prices by column '{name}'"
        notes.append(Note(kind="unadjusted", text=text))
    if table.preamble:
        lines = "1 line" if len(table.preamble) == 1 else f"{len(table.preamble)} lines"
        text = f"{where}: {lines} above the header ignored ({table.preamble[0][:60]!r})"
        notes.append(Note(kind="preamble", text=text, count=len(table.preamble)))
    return notes


def merge_alike(notes: Sequence[Note]) -> list[Note]:
    """Merge notes that differ only in files, names and numbers: the note names the first file and the number of others.

    >>> [note.text for note in merge_alike([Note(kind="sorted", text=f"file {name}: rows descend") for name in "ABC"])]
    ['file A: rows descend; likewise in 2 more: file B and file C']
    """
    alike: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        sentence = _NAMES_AND_NUMBERS.sub("", note.text.partition(": ")[2])
        alike.setdefault((note.kind, sentence), []).append(note)
    return [_merge(each) for each in alike.values()]


def _merge(notes: Sequence[Note]) -> Note:
    first = notes[0]
    if len(notes) == 1:
        return first
    tables = [note.text.partition(": ")[0] for note in notes[1:]]
    return Note(
        kind=first.kind,
        text=f"{first.text}; likewise in {len(tables):,} more: {some(tables)}",
        count=sum(note.count for note in notes),
        places=tuple(index for note in notes for index in note.places or (note.text.partition(": ")[0],))[:PLACES],
    )


def file_reports(tables_read: Sequence[ReadTable]) -> tuple[FileReport, ...]:
    """One report for each file, also where a file contains several tables."""
    files: dict[str, list[ReadTable]] = {}
    for read in tables_read:
        files.setdefault(read.rows.table.path, []).append(read)
    return tuple(_report(each) for each in files.values())


def _used_indices(read: ReadTable) -> dict[str, int]:
    """The indices of the columns that were read."""
    indices = read.rows.choice.indices
    return {ours: index for ours, index in indices.items() if ours != "adj_close" or "adj_close" in read.rows.numbers}


def _report(tables_read: Sequence[ReadTable]) -> FileReport:
    first = tables_read[0]
    table, choice = first.rows.table, first.rows.choice
    names: dict[str, list[str]] = {}
    ignored: list[str] = []
    members: dict[str, list[ReadTable]] = {}
    for read in tables_read:
        members.setdefault(read.rows.table.where, []).append(read)
        for ours, index in _used_indices(read).items():
            names.setdefault(ours, []).append(column_name(read.rows.table, index))
    for tables_of_member in members.values():
        used = {index for read in tables_of_member for index in _used_indices(read).values()}
        unused = [index for index in range(tables_of_member[0].rows.table.width) if index not in used]
        unused_names = [_column_name_in(tables_of_member, index) or str(index + 1) for index in unused]
        before = set(ignored)
        ignored += [name for name in unused_names if name not in before]
    return FileReport(
        path=table.path,
        source=choice.source.id,
        title=choice.source.title,
        format=table.format,
        symbols=tuple(sorted({name for read in tables_read for name in read.rows.names})),
        symbol_from=first.symbol_from,
        rows=sum(len(read.rows.row_numbers) for read in tables_read),
        header=", ".join(_column_name_in(members[table.where], index) for index in range(len(table.header))),
        stamp=first.stamp,
        stamp_from=first.stamp_from,
        tz=first.rows.times.zone,
        time_unit=first.rows.times.unit,
        used={ours: some(list(dict.fromkeys(each))) for ours, each in names.items()},
        ignored=tuple(ignored),
        sorted=any(read.was_descending for read in tables_read),
    )


def _column_name_in(tables_read: Sequence[ReadTable], index: int) -> str:
    """The name of a column in the first of the tables (one for each symbol) of a file member that names it."""
    headers = [read.rows.table.header for read in tables_read if index < len(read.rows.table.header)]
    return next((name.strip() for header in headers if (name := header[index]).strip()), "")


def incomplete_report(table: Table, options: ReadOptions) -> FileReport:
    """A report on a table of a refused file, whose rows are not read."""
    source = recognise(table)
    try:
        choice = choose_columns(table)
    except DataError:
        choice = None
    in_column = choice is not None and "symbol" in choice.indices
    symbol_from = "the file's name" if choice is None or not in_column else f"column {choice.name(table, 'symbol')}"
    stamp, stamp_from = ("", "") if choice is None else known_convention(table, choice, options)
    indices = {} if choice is None else choice.indices
    return FileReport(
        path=table.path,
        source=source.id,
        title=source.title,
        format=table.format,
        symbols=() if in_column else (table.metadata.get("symbol") or symbol_from_name(table.name, source),),
        symbol_from=symbol_from,
        rows=0,
        header=", ".join(table.header),
        stamp=stamp,
        stamp_from=stamp_from,
        tz=options.tz or source.tz or "",
        time_unit="",
        used={ours: column_name(table, index) for ours, index in indices.items()},
        ignored=tuple(column_name(table, index) for index in range(table.width) if index not in indices.values()),
        sorted=False,
    )
