"""Reports on refused files: what can be recognised without reading the rows."""

from __future__ import annotations

from pathlib import Path

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells.column_choice import choose_columns, column_name
from alpha_pulse.feeds.cells.symbols import symbol_from_name
from alpha_pulse.feeds.cells.timestamp_convention import known_convention
from alpha_pulse.feeds.market_data import FileReport, ReadOptions
from alpha_pulse.feeds.reading import tables_in
from alpha_pulse.feeds.sources import recognise
from alpha_pulse.feeds.tables import Table


def refused_file_report(path: Path, options: ReadOptions) -> FileReport | None:
    """An incomplete report on a file whose rows are not read; for an archive, on its first table.

    None where the file cannot be read or is not a table.
    """
    try:
        table = next(tables_in(path), None)
    except DataError:
        return None
    return None if table is None else _report(table, options)


def _report(table: Table, options: ReadOptions) -> FileReport:
    source = recognise(table)
    try:
        choice = choose_columns(table)
    except DataError:
        choice = None
    in_column = choice is not None and "symbol" in choice.places
    symbol_from = "the file's name" if choice is None or not in_column else f"column {choice.name(table, 'symbol')}"
    stamp, stamp_from = ("", "") if choice is None else known_convention(table, choice, options)
    places = {} if choice is None else choice.places
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
        used={ours: column_name(table, place) for ours, place in places.items()},
        ignored=tuple(column_name(table, place) for place in range(table.width) if place not in places.values()),
        sorted=False,
    )
