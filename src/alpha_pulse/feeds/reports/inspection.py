"""Inspects files of bars: how they are read, and whether a replay would accept them; reports also on refused files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.market_data import FileReport, MarketData, ReadOptions
from alpha_pulse.feeds.notes import Note
from alpha_pulse.feeds.quality.sessions import sessions
from alpha_pulse.feeds.reading import read, tables_in
from alpha_pulse.feeds.reports.file_reports import incomplete_report


class SymbolSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The bars of one symbol.

    Parameters
    ----------
    first_open_ts, first_close_ts, last_open_ts, last_close_ts
        When its first and last bar begin and end, nanoseconds since the Unix epoch (UTC).
    first_price, last_price
        The first and the last close.
    sessions
        The usual hours, in the zone of the inspection; empty where there are too few bars.
    """

    symbol: str
    bars: int
    first_open_ts: int
    first_close_ts: int
    last_open_ts: int
    last_close_ts: int
    first_price: float
    last_price: float
    sessions: tuple[str, ...]


class FileInspection(msgspec.Struct, frozen=True, kw_only=True):
    """One file: how it was read, or why it was refused."""

    path: str
    report: FileReport | None
    refusal: str | None


class DataInspection(msgspec.Struct, frozen=True, kw_only=True):
    """Files of bars, read together in the same way as by a replay.

    Parameters
    ----------
    would_load
        Whether a replay accepts them with these options.
    refusal
        The reason if it does not; else None.
    interval, interval_inferred
        The length of a bar, and whether it follows from the bars; None where the files are refused, as is ``zone``.
    zone
        The time zone of ``sessions``.
    """

    would_load: bool
    refusal: str | None
    files: tuple[FileInspection, ...]
    interval: str | None = None
    interval_inferred: bool | None = None
    zone: str | None = None
    symbols: tuple[SymbolSummary, ...] = ()
    has_volume: bool | None = None
    has_quotes: bool | None = None
    notes: tuple[Note, ...] = ()


def inspect(
    paths: Sequence[Path], options: ReadOptions | None = None, on_table: Callable[[int, int], object] | None = None
) -> DataInspection:
    """Read files together and report on them; where they are refused, report on each alone. ``on_table`` as for `read`.

    Raises
    ------
    ConfigError
        An option cannot be read.
    """
    options = options or ReadOptions()
    try:
        data = read(paths, options, on_table)
    except DataError as error:
        if len(paths) > 1:
            files = tuple(_inspect_alone(path, options) for path in paths)
        else:
            files = (FileInspection(path=str(paths[0]), report=_refused_file_report(paths[0], options), refusal=str(error)),)
        return DataInspection(would_load=False, refusal=str(error), files=files)
    zone, bars = _zone(data, options), data.bars.sorted_by_symbol()
    return DataInspection(
        would_load=True,
        refusal=None,
        files=tuple(FileInspection(path=report.path, report=report, refusal=None) for report in data.files),
        interval=show_interval(data.bars.interval_ns),
        interval_inferred=data.interval_inferred,
        zone=zone,
        symbols=tuple(_symbol_report(bars.pick(part), symbol, zone) for symbol, part in bars.symbol_slices()),
        has_volume=data.bars.volume is not None,
        has_quotes=data.bars.has_quotes,
        notes=data.notes,
    )


def _inspect_alone(path: Path, options: ReadOptions) -> FileInspection:
    """Inspect one of several refused files alone; selected symbols are ignored, since they may be in another file."""
    refusal = None
    try:
        read([path], msgspec.structs.replace(options, symbols=()))
    except DataError as error:
        refusal = str(error)
    return FileInspection(path=str(path), report=_refused_file_report(path, options), refusal=refusal)


def _refused_file_report(path: Path, options: ReadOptions) -> FileReport | None:
    """An incomplete report on a refused file; for an archive, on its first table. None where the file contains no table."""
    try:
        table = next(tables_in(path), None)
    except DataError:
        return None
    return None if table is None else incomplete_report(table, options)


def _zone(data: MarketData, options: ReadOptions) -> str:
    """The zone of the market: that of ``--tz``, or the one zone of the files, else UTC."""
    if options.tz is not None:
        return options.tz
    zones = {report.tz for report in data.files}
    return zones.pop() if len(zones) == 1 and "/" in min(zones) else "UTC"


def _symbol_report(own: BarColumns, symbol: str, zone: str) -> SymbolSummary:
    own = own.with_ends()
    starts, ends = own.ts_start, own.ends()
    series = pl.Series(starts).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    local = series.dt.replace_time_zone(None).dt.epoch("ns").to_numpy()
    return SymbolSummary(
        symbol=symbol,
        bars=starts.size,
        first_open_ts=int(starts[0]),
        first_close_ts=int(ends[0]),
        last_open_ts=int(starts[-1]),
        last_close_ts=int(ends[-1]),
        first_price=float(own.close[0]),
        last_price=float(own.close[-1]),
        sessions=tuple(sessions(local, own.interval_ns)),
    )
