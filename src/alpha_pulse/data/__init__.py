"""Bars: the bundled files (see docs/how-to/read-your-data.md and NOTICE), and those in your own files and frames."""

from __future__ import annotations

from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.feeds.files.paths import expand
from alpha_pulse.feeds.market_data import MarketData, ReadOptions
from alpha_pulse.feeds.reading import read as read_files
from alpha_pulse.feeds.reading import read_frame

DEFAULT = "eurusd_1h_2017"
"""The bundled file that is replayed when no file is named."""


def bundled() -> dict[str, Path]:
    """Every bundled file by its name (the file's name without ``.parquet``), sorted.

    >>> sorted(bundled())
    ['eurusd_1h_2017', 'sp500_nasdaq_1d_1999_2018']
    """
    folder = Path(str(files(__name__)))
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}


def read(source: Any, **options: Any) -> MarketData:
    """Read bars from a file, a folder, a pattern, several of them, or a frame.

    Parameters
    ----------
    source
        A path or a list of paths; or a polars frame, a pandas frame, or a dict of arrays by name of the column.
    options
        The fields of `alpha_pulse.feeds.market_data.ReadOptions`: ``interval``, ``tz``, ``symbols``, ``stamp``, ``duplicates``,
        ``dates``, ``adjusted``.

    Raises
    ------
    DataError, ConfigError
        As `alpha_pulse.feeds.reading.read`.

    >>> read(bundled()[DEFAULT]).bars.symbols
    ('EURUSD',)
    """
    read_options = _read_options(options)
    if isinstance(source, str | PathLike):
        return read_files(expand([Path(source)]), read_options)
    if isinstance(source, list | tuple) and source and all(isinstance(each, str | PathLike) for each in source):
        return read_files(expand([Path(each) for each in source]), read_options)
    return read_frame(source, read_options)


def _read_options(options: dict[str, Any]) -> ReadOptions:
    """The options of `read`. Raises ConfigError for an unknown option or value."""
    for name in options:
        if name not in ReadOptions.__struct_fields__:
            raise ConfigError(f"read has no option {name!r}{did_you_mean(name, ReadOptions.__struct_fields__)}")
    symbols = options.get("symbols", ())
    names = (symbols,) if isinstance(symbols, str) else tuple(symbols)
    try:
        return msgspec.convert({**options, "symbols": names}, ReadOptions)
    except msgspec.ValidationError as error:
        raise ConfigError(f"an option of read cannot be used: {error}") from None
