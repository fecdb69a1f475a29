"""Bars: the bundled files (see docs/how-to/read-your-data.md and NOTICE), and those in your own files and frames."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any, overload

import msgspec

from alpha_pulse.core.errors import ConfigError, UnknownNameError, did_you_mean
from alpha_pulse.feeds.files.paths import expand
from alpha_pulse.feeds.market_data import Dates, Duplicates, MarketData, ReadOptions, Stamp
from alpha_pulse.feeds.reading import read as read_files
from alpha_pulse.feeds.reading import read_frame

__all__ = ["DEFAULT", "MarketData", "bundled", "read"]

DEFAULT = "eurusd_1h_2017"
"""The bundled file that is replayed when no file is named."""


@overload
def bundled() -> dict[str, Path]: ...


@overload
def bundled(name: str) -> Path: ...


def bundled(name: str | None = None) -> dict[str, Path] | Path:
    """The bundled file of a name, or every one by its name (the file's name without ``.parquet``), sorted.

    Raises
    ------
    UnknownNameError
        There is no bundled file of that name.

    >>> sorted(bundled())
    ['eurusd_1h_2017', 'sp500_nasdaq_1d_1999_2018']
    >>> bundled("eurusd_1h_2017").name
    'eurusd_1h_2017.parquet'
    """
    folder = Path(str(files(__name__)))
    known = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
    if name is None:
        return known
    if name not in known:
        raise UnknownNameError(f"there is no bundled file {name!r}{did_you_mean(name, known)}")
    return known[name]


def read(
    source: Any,
    *,
    interval: str | None = None,
    tz: str | None = None,
    symbol: str | Sequence[str] | None = None,
    stamp: Stamp | None = None,
    duplicates: Duplicates = "refuse",
    dates: Dates | None = None,
    adjusted: bool = False,
) -> MarketData:
    """Read bars from a file, a folder, a pattern, several of them, or a frame.

    Parameters
    ----------
    source
        A path or a list of paths; or a polars frame, a pandas frame, or a dict of arrays by name of the column.
    interval
        The length of a bar, such as ``1h``; None: inferred.
    tz
        The time zone of times without one, such as ``UTC``; None: the zone of the source, if known, else they are refused.
    symbol
        Only these symbols; a single one names the bars of data without symbols.
    stamp
        Whether a bar's time is its ``open`` or its ``close``; None: as known for the source, else the open, with a note.
    duplicates
        What to do with two rows of one symbol and time: ``refuse`` the data, or use the ``first`` or the ``last``.
    dates
        The order of day, month and year in dates such as 01/02/2024: ``dmy``, ``mdy`` or ``ymd``; None: inferred.
    adjusted
        Use adjusted closes, and scale the other prices by the same factor.

    Raises
    ------
    DataError
        The bars are refused; the message names the file, the row, the column, the value and what was expected.
    ConfigError
        An option cannot be used.

    >>> read(bundled(DEFAULT))  # doctest: +ELLIPSIS
    EURUSD: 6,225 bars of 1h, 2017-01-01 22:00:00 UTC to 2017-12-29 21:00:00 UTC
    ...
    >>> read(bundled(DEFAULT)).frame.columns
    ['ts', 'ts_end', 'symbol', 'open', 'high', 'low', 'close', 'volume']
    """
    options = _options(
        {
            "interval": interval,
            "tz": tz,
            "symbols": (symbol,) if isinstance(symbol, str) else tuple(symbol or ()),
            "stamp": stamp,
            "duplicates": duplicates,
            "dates": dates,
            "adjusted": adjusted,
        }
    )
    if isinstance(source, str | PathLike):
        return read_files(expand([Path(source)]), options)
    if isinstance(source, list | tuple) and source and all(isinstance(each, str | PathLike) for each in source):
        return read_files(expand([Path(each) for each in source]), options)
    return read_frame(source, options)


def _options(options: dict[str, Any]) -> ReadOptions:
    """The options of `read`. Raises ConfigError for a value that is not allowed."""
    try:
        return msgspec.convert(options, ReadOptions)
    except msgspec.ValidationError as error:
        raise ConfigError(f"an option of read cannot be used: {error}") from None
