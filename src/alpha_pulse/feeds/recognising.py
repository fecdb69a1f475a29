"""How a file is understood before its rows are read: what can be said of one that is refused."""

from __future__ import annotations

from pathlib import Path

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.choosing import Choice, choose, column_name
from alpha_pulse.feeds.market_data import FileReport, ReadOptions
from alpha_pulse.feeds.reading import stamp_of, tables_in
from alpha_pulse.feeds.symbols import symbol_from_name
from alpha_pulse.feeds.tables import Table


def recognised(path: Path, options: ReadOptions) -> FileReport | None:
    """The report on a file whose rows are not read; of an archive, on its first table. None where nothing is known of it."""
    try:
        table = next(tables_in(path), None)
        return None if table is None else _report(table, choose(table), options)
    except DataError:
        return None


def _report(table: Table, choice: Choice, options: ReadOptions) -> FileReport:
    source = choice.source
    in_column = "symbol" in choice.places
    symbol = table.told.get("symbol") or symbol_from_name(table.name, source)
    stamp, stamp_from = stamp_of(table, choice, options)
    return FileReport(
        path=table.path,
        source=source.id,
        title=source.title,
        format=table.format,
        symbols=() if in_column else (symbol,),
        symbol_from=f"column {choice.name(table, 'symbol')}" if in_column else "the file's name",
        rows=0,
        header=", ".join(table.header),
        stamp=stamp,
        stamp_from=stamp_from,
        tz=options.tz or source.tz or "",
        time_unit="",
        used={ours: choice.name(table, ours) for ours in choice.places},
        ignored=tuple(column_name(table, place) for place in range(table.width) if place not in choice.places.values()),
        sorted=False,
    )
