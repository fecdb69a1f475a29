"""The bars of ``--data``: find the files and read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from alpha_pulse.cli.reading_options import DataOptions
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.data import DEFAULT, bundled
from alpha_pulse.feeds.files.paths import expand
from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.replay import ReplayFeed


def files_of(options: DataOptions) -> list[Path]:
    """The files that ``--data`` names, or the bundled file without it. Raises DataError when a name matches no file."""
    return expand(options.data) if options.data else [bundled()[DEFAULT]]


def reader_options(options: DataOptions) -> ReadOptions:
    """The options of the reader.

    Raises
    ------
    ConfigError
        An option has a value that is not allowed.
    """
    if options.stamp not in (None, "open", "close"):
        raise ConfigError(f"--stamp is {options.stamp!r}; expected open or close, the instant that a bar's time states")
    if options.duplicates not in ("refuse", "first", "last"):
        raise ConfigError(f"--duplicates is {options.duplicates!r}; expected refuse, first or last")
    if options.dates not in (None, "dmy", "mdy", "ymd"):
        raise ConfigError(f"--dates is {options.dates!r}; expected dmy, mdy or ymd: the order of day, month and year")
    fields = {name: getattr(options, name) for name in ("interval", "tz", "stamp", "duplicates", "dates", "adjusted")}
    return msgspec.convert({**fields, "symbols": options.symbol or ()}, ReadOptions)


def read_feed(options: DataOptions, files: Sequence[Path]) -> ReplayFeed:
    """Read the bars of the files. Raises DataError and ConfigError, see `alpha_pulse.feeds.reading.read`."""
    return ReplayFeed.from_data(read(files, reader_options(options)))


def name_of(files: Sequence[Path]) -> str:
    """A short name of the data.

    >>> name_of([Path("a/btc.csv"), Path("eth.csv")])
    'btc and 1 more'
    """
    return files[0].stem if len(files) == 1 else f"{files[0].stem} and {len(files) - 1} more"


def with_files(result: bytes, feed: ReplayFeed) -> bytes:
    """A result as JSON, with the reports about the files and the notes added."""
    content = msgspec.json.decode(result)
    by_symbol = content.pop("by_symbol")
    content |= {"files": feed.files, "notes": feed.notes, "by_symbol": by_symbol}
    return msgspec.json.encode(content)
