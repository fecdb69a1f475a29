"""Reads bars from files and frames: recognises each file by its content, and joins what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alpha_pulse.feeds import market_file
from alpha_pulse.feeds.market_data import FileReport, MarketData, Note, ReadOptions

__all__ = ["FileReport", "MarketData", "Note", "ReadOptions", "read", "read_frame"]


def read(paths: Sequence[Path], options: ReadOptions | None = None) -> MarketData:
    """Read bars from files.

    Parameters
    ----------
    paths
        Files, as `alpha_pulse.feeds.paths.expand` gives them.

    Raises
    ------
    DataError
        Naming the file, the row (from 1, not counting header lines), the column, what was found and what was expected.
    ConfigError
        An option cannot be read.
    """
    options = options or ReadOptions()
    [path] = paths
    held = market_file.read(path, options.interval, options.tz, options.symbols)
    report = FileReport(
        path=str(path),
        source="generic",
        title="a table of bars",
        format="",
        symbols=held.bars.symbols,
        symbol_from="column symbol",
        rows=len(held.bars.code),
        header="",
        stamp="open",
        stamp_from="assumed",
        tz=options.tz or "",
        time_unit="",
        used={},
        ignored=held.ignored_columns,
        sorted=False,
    )
    return MarketData(bars=held.bars, files=(report,), notes=(), interval_inferred=held.interval_inferred)


def read_frame(frame: Any, options: ReadOptions | None = None, name: str = "the frame") -> MarketData:
    """Read bars from a frame: polars, pandas, or a dict of arrays by name of the column.

    Parameters
    ----------
    name
        What errors call the frame.

    Raises
    ------
    DataError, ConfigError
        As `read`.
    """
    raise NotImplementedError
