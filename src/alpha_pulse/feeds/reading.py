"""Reads bars from files and frames: recognises each table by its content and joins their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells import row_order
from alpha_pulse.feeds.cells.column_choice import Choice, choose_columns
from alpha_pulse.feeds.cells.joins import Joined, join, symbol_codes
from alpha_pulse.feeds.cells.local_times import check_zone
from alpha_pulse.feeds.cells.rows import TableRows, read_rows
from alpha_pulse.feeds.cells.symbols import check_symbols_exist, symbol_from_name
from alpha_pulse.feeds.cells.timestamp_convention import bar_starts, known_convention, reason_for_closes
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.files.containers import Content, read_contents
from alpha_pulse.feeds.files.frame_tables import binary_tables, frame_tables
from alpha_pulse.feeds.files.json_tables import json_tables
from alpha_pulse.feeds.files.text_table import text_tables
from alpha_pulse.feeds.interval import infer_interval, parse_interval
from alpha_pulse.feeds.market_data import FileReport, MarketData, ReadOptions
from alpha_pulse.feeds.notes import Note
from alpha_pulse.feeds.quality.bar_lengths import check_ends, check_longer_bars
from alpha_pulse.feeds.quality.validation import check_bars
from alpha_pulse.feeds.quality.warnings import find_warnings
from alpha_pulse.feeds.reports.file_reports import ReadTable, file_reports, merge_alike, table_notes
from alpha_pulse.feeds.tables import Table

__all__ = ["FileReport", "MarketData", "Note", "ReadOptions", "read", "read_frame"]


def read(
    paths: Sequence[Path], options: ReadOptions | None = None, on_table: Callable[[int, int], object] | None = None
) -> MarketData:
    """Read bars from files.

    Parameters
    ----------
    paths
        Files, as from `alpha_pulse.feeds.files.paths.expand`. A file may contain several symbols, and a symbol several files.
    on_table
        Called before each table, usually a file, with the number of tables read and the number of all.

    Raises
    ------
    DataError
        The bars are refused; the error names the file, the row (from 1, not counting header lines), the column, the value and
        what was expected.
    ConfigError
        An option cannot be read.
    """
    where = f"file {paths[0]}" if len(paths) == 1 else f"these {len(paths)} files"
    tables = tables_in(paths[0]) if len(paths) == 1 else (table for path in paths for table in _reopened_tables(path))
    return _read(tables, options or ReadOptions(), where, on_table)


def read_frame(frame: Any, options: ReadOptions | None = None, name: str = "the frame") -> MarketData:
    """Read bars from a frame: polars, pandas, or a dict of arrays by name of the column.

    Parameters
    ----------
    name
        The name of the frame in errors.

    Raises
    ------
    DataError, ConfigError
        As `read`.

    >>> read_frame({"time": [0, 3_600], "o": [1, 1], "h": [1, 1], "l": [1, 1], "c": [1, 1]}, name="x")
    Traceback (most recent call last):
    alpha_pulse.core.errors.DataError: x, row 1: column 'time' is 0, but a number of s, ms, us or ns since 1970, ...
    """
    return _read(frame_tables(frame, name), options or ReadOptions(), name)


def tables_in(path: Path) -> Iterator[Table]:
    """The tables of a file: one, or those of an archive's members. Raises DataError."""
    return (table for content in read_contents(path) for table in _tables(content))


def _reopened_tables(path: Path) -> Iterator[Table]:
    """The tables of one of many files; a single table is opened again for loading, so that not all are in memory at once."""
    tables = list(tables_in(path))
    if len(tables) > 1:
        yield from tables
        return
    for table in tables:
        yield msgspec.structs.replace(table, load=lambda kinds: next(iter(tables_in(path))).load(kinds))


def _tables(content: Content) -> Iterable[Table]:
    if content.format == "text":
        return text_tables(content)
    if content.format == "json":
        return json_tables(content)
    return binary_tables(content)


def _read(
    tables: Iterable[Table], options: ReadOptions, where: str, on_table: Callable[[int, int], object] | None = None
) -> MarketData:
    stated = None if options.interval is None else parse_interval(options.interval)
    if options.tz is not None:
        check_zone(options.tz)
    chosen = [(table, choose_columns(table)) for table in tables]
    stated = _stored_interval(table for table, _ in chosen) if stated is None else stated
    tables_read, notes = _read_tables(chosen, options, where, on_table)
    interval = _infer_interval(tables_read, options.tz, where) if stated is None else stated
    longer = check_longer_bars([read_table.rows for read_table in tables_read], interval, options.tz, stated=stated is not None)
    tables_read = [_infer_closes(read_table, interval) for read_table in tables_read]
    starts = [
        bar_starts(read_table.rows.times, read_table.rows.code, read_table.stamp, interval, options.tz)
        for read_table in tables_read
    ]
    joined, duplicate_notes = join([read_table.rows for read_table in tables_read], starts, options.duplicates)
    bars = _bars(joined, interval, opens=all(read_table.stamp == "open" for read_table in tables_read))
    check_bars(bars, where, joined.origin)
    check_ends(bars, joined)
    notes = (
        merge_alike([*notes, *(note for read_table in tables_read for note in table_notes(read_table, options))])
        + duplicate_notes
    )
    warnings = find_warnings(bars, interval_stated=options.interval is not None)
    notes += warnings + [note for note in longer if all(note.kind != other.kind for other in warnings)]
    files = file_reports(tables_read)
    return MarketData(bars=bars, files=files, notes=tuple(notes), interval_inferred=stated is None)


def _stored_interval(tables: Iterable[Table]) -> int | None:
    """The length of a bar in the metadata, where all tables state the same one, as imported files do."""
    stated = {table.metadata.get("interval_ns", "") for table in tables}
    return int(stated.pop() or 0) or None if len(stated) == 1 else None


def _read_tables(
    chosen: Sequence[tuple[Table, Choice]], options: ReadOptions, where: str, on_table: Callable[[int, int], object] | None
) -> tuple[list[ReadTable], list[Note]]:
    names = [_symbol_of(table, choice) for table, choice in chosen]
    single = _single_symbol(chosen, names, options)
    tables_read: list[ReadTable] = []
    notes: list[Note] = []
    symbols_seen: set[str] = set()
    for done, ((table, choice), name) in enumerate(zip(chosen, names, strict=True)):
        if on_table is not None:
            on_table(done, len(chosen))
        in_column = "symbol" in choice.indices
        table_options = options
        if not in_column:
            name = single or name
            symbols_seen.add(name)
            if options.symbols and name not in options.symbols:
                continue
        elif single:
            table_options = msgspec.structs.replace(options, symbols=())
        rows = read_rows(table, choice, table_options, name)
        if rows is None:
            symbols_seen.update(_symbols_in_column(table, choice))
            continue
        symbols_seen.update(rows.names)
        notes += rows.notes
        read_table, order_notes = _order_rows(rows, options, _symbol_from(table, choice, single))
        tables_read.append(read_table)
        notes += order_notes
    check_symbols_exist(options.symbols, tuple(symbols_seen), where)
    if not tables_read:
        raise DataError(f"{where}: there are no bars; at least one row is needed")
    return tables_read, notes


def _symbol_of(table: Table, choice: Choice) -> str:
    return table.metadata.get("symbol") or symbol_from_name(table.name, choice.source)


def _symbol_from(table: Table, choice: Choice, single: str | None) -> str:
    if "symbol" in choice.indices:
        return "column"
    if single:
        return "the option symbol"
    return "beside the table" if "symbol" in table.metadata else "the file's name" if table.name else "the default name"


def _single_symbol(chosen: Sequence[tuple[Table, Choice]], names: Sequence[str], options: ReadOptions) -> str | None:
    """The only symbol of the options, as that of all rows, where symbols are known only from the names of files; else None."""
    unnamed = all("symbol" not in choice.indices and "symbol" not in table.metadata for table, choice in chosen)
    if len(options.symbols) == 1 and unnamed and len(set(names)) == 1:
        return options.symbols[0]
    return None


def _symbols_in_column(table: Table, choice: Choice) -> list[str]:
    index = choice.indices["symbol"]
    column = table.load({index: "text"}).frame.to_series()
    return [str(name).strip() for name in column.unique().to_list() if name is not None]


def _order_rows(rows: TableRows, options: ReadOptions, symbol_from: str) -> tuple[ReadTable, list[Note]]:
    rows, was_descending = row_order.sort_rows(rows)
    if options.adjusted:
        rows = row_order.adjusted(rows)
    rows, notes = row_order.fix_rounding(rows)
    if symbol_from == "column":
        symbol_from = f"column {rows.choice.name(rows.table, 'symbol')}"
    stamp, stamp_from = known_convention(rows.table, rows.choice, options, dates=rows.times.dates)
    return ReadTable(rows, was_descending, stamp, stamp_from, symbol_from), notes


def _infer_interval(tables_read: Sequence[ReadTable], tz: str | None, where: str) -> int:
    names, codes = symbol_codes([read_table.rows for read_table in tables_read])
    code, ts = np.concatenate(codes), np.concatenate([read_table.rows.times.ns for read_table in tables_read])
    if len(tables_read) > 1:
        order = np.lexsort((ts, code))
        code, ts = code[order], ts[order]
    return infer_interval(code, ts, names, where, tz)


def _infer_closes(read_table: ReadTable, interval: int) -> ReadTable:
    """Read times as closes where the convention is only assumed and they cannot be opens."""
    why = reason_for_closes(read_table.rows.times, interval) if read_table.stamp_from == "assumed" else ""
    return msgspec.structs.replace(read_table, stamp="close", stamp_from="hours", why=why) if why else read_table


def _bars(joined: Joined, interval: int, *, opens: bool) -> BarColumns:
    """The bars; ``opens``: whether all times are opens, so that stated ends may be used."""
    numbers = joined.numbers
    quotes = "bid_close" in numbers and "ask_close" in numbers
    return BarColumns(
        symbols=joined.names,
        interval_ns=interval,
        code=joined.code,
        ts_start=joined.ts,
        open=numbers["open"],
        high=numbers["high"],
        low=numbers["low"],
        close=numbers["close"],
        ts_end=joined.ends if opens else None,
        volume=numbers.get("volume"),
        bid=numbers["bid_close"] if quotes else None,
        ask=numbers["ask_close"] if quotes else None,
    )
